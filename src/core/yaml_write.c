/*
 * Scalars as YAML text. Quotes are left out only where no schema of any version could see anything
 * but a text: "no", "1.10", ":443", "*" and "{...}" all get them.
 */
#include "yaml_write.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "kata/error.h"
#include "kata/text.h"

/* Simple keys end at 1024 characters. */
enum { PLAIN_MAX = 200, KEY_MAX = 1000 };

/* Words that some version of YAML reads as a boolean or as nothing. */
static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Whether a reader may refuse the character, or take it for the end of a line. */
static bool must_escape(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	       c == 0xfffe || c == 0xffff;
}

static bool has_escapes(const char *s, size_t len)
{
	uint32_t c = 0;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_decode(s + i, len - i, &c);

		if (!n)
			BUG("a text that is no UTF-8");
		if (must_escape(c))
			return true;
		i += n;
	}
	return false;
}

/* Beginning with a letter or a slash it is no number, date, time or indicator. */
static bool is_plain(const char *s, size_t len)
{
	if (!len || len > PLAIN_MAX || !(is_letter(*s) || *s == '/') || s[len - 1] == ' ' ||
	    s[len - 1] == ':')
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == len && !strncasecmp(s, words[i], len))
			return false;
	for (size_t i = 1; i < len; i++) {
		bool blank = s[i] == ' ';

		if (strchr("\"[]{}\\`", s[i]) || (blank && (s[i - 1] == ':' || s[i + 1] == '#')))
			return false;
	}
	return !has_escapes(s, len);
}

void yaml_write_char(struct str *out, const char *s, size_t n, uint32_t c)
{
	if (c == '"' || c == '\\')
		str_addf(out, "\\%c", (char)c);
	else if (c == '\n')
		str_add(out, "\\n");
	else if (c == '\t')
		str_add(out, "\\t");
	else if (must_escape(c))
		str_addf(out, c < 0x100 ? "\\x%02X" : "\\u%04X", (unsigned)c);
	else
		str_addn(out, s, n);
}

static void write_double(struct str *out, const char *s, size_t len)
{
	str_addc(out, '"');
	for (size_t i = 0; i < len;) {
		uint32_t c = 0;
		size_t n = utf8_decode(s + i, len - i, &c);

		if (!n)
			BUG("a text that is no UTF-8");
		yaml_write_char(out, s + i, n, c);
		i += n;
	}
	str_addc(out, '"');
}

/* For what is full of backslashes, as patterns are. */
static void write_single(struct str *out, const char *s, size_t len)
{
	str_addc(out, '\'');
	for (size_t i = 0; i < len; i++) {
		str_addc(out, s[i]);
		if (s[i] == '\'')
			str_addc(out, '\'');
	}
	str_addc(out, '\'');
}

void yaml_write_text(struct str *out, const char *text, size_t len)
{
	if (is_plain(text, len))
		str_addn(out, text, len);
	else if ((memchr(text, '"', len) || memchr(text, '\\', len)) && !has_escapes(text, len))
		write_single(out, text, len);
	else
		write_double(out, text, len);
}

void yaml_write_indent(struct str *out, size_t column)
{
	for (size_t i = 0; i < column; i++)
		str_addc(out, ' ');
}

void yaml_write_key(struct str *out, const char *key, size_t column)
{
	size_t start = out->len;

	yaml_write_text(out, key, strlen(key));
	if (out->len - start > KEY_MAX) {
		out->p[out->len = start] = '\0';
		str_add(out, "? ");
		yaml_write_text(out, key, strlen(key));
		str_addc(out, '\n');
		yaml_write_indent(out, column);
	}
	str_addc(out, ':');
}

/* The first line tells the indentation, and what follows the last one must not matter. */
bool yaml_is_literal(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	if (!end || end + 1 == text + len || strchr(" \t\n", *text) ||
	    (text[len - 1] == '\n' && strchr(" \t\n", text[len - 2])) ||
	    strchr(" \t", text[len - 1]))
		return false;
	while (len) {
		size_t part = 0;

		while (part < len && text[part] != '\n' && text[part] != '\t')
			part++;
		if (has_escapes(text, part))
			return false;
		part += part < len;
		text += part;
		len -= part;
	}
	return true;
}

void yaml_write_literal(struct str *out, const char *text, size_t len, size_t column)
{
	bool ended = text[len - 1] == '\n';
	const char *stop = text + len - ended;

	str_add(out, ended ? "|" : "|-");
	for (const char *line = text; line <= stop;) {
		const char *end = memchr(line, '\n', (size_t)(stop - line));

		end = end ? end : stop;
		str_addc(out, '\n');
		if (end > line)
			yaml_write_indent(out, column);
		str_addn(out, line, (size_t)(end - line));
		line = end + 1;
	}
}
