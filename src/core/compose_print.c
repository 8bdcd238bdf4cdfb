/*
 * JSON as block YAML for other people's YAML readers: libyaml, go-yaml, PyYAML, YAML 1.1 or 1.2
 * all read the same values. A text is left without quotes only when no schema could take it for
 * anything else.
 */
#include "compose_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kata/error.h"
#include "kata/text.h"
#include "yaml_write.h"

/* Simple keys end at 1024 characters; what is longer is written as an explicit key. */
enum { KEY_MAX = 1000, INDENT = 2 };

/* Words that some YAML version reads as a boolean or as nothing. */
static const char *const WORDS[] = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Beginning with a letter or a slash it is no number, date, time or indicator. */
static bool text_is_plain(const char *s, size_t len)
{
	if (!len || len > 200 || !(is_letter(*s) || *s == '/'))
		return false;
	for (size_t i = 1; i < len; i++) {
		if (is_letter(s[i]) || (s[i] >= '0' && s[i] <= '9') || strchr("/.+-=@", s[i]))
			continue;
		if (s[i] != ':' || i + 1 == len)
			return false;
	}
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++)
		if (strlen(WORDS[i]) == len && !strncasecmp(s, WORDS[i], len))
			return false;
	return true;
}

static void print_char(struct str *out, const char *s, size_t n, uint32_t c, bool value)
{
	yaml_write_char(out, s, n, c);
	if (c == '$' && value)
		str_addc(out, '$');
}

/* value: both tools look for variables in it, unlike in a key. */
static void print_text(struct str *out, const char *s, size_t len, bool value)
{
	if (text_is_plain(s, len)) {
		str_addn(out, s, len);
		return;
	}
	str_addc(out, '"');
	for (size_t i = 0; i < len;) {
		uint32_t c = 0;
		size_t n = utf8_decode(s + i, len - i, &c);

		if (!n)
			BUG("JSON text that is no UTF-8");
		print_char(out, s + i, n, c, value);
		i += n;
	}
	str_addc(out, '"');
}

/* The shortest digits that give the same number, in a form that every reader takes for a float. */
static void print_real(struct str *out, double number)
{
	char digits[32];
	size_t mantissa;

	for (int precision = 15; precision <= 17; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, number);
		if (strtod(digits, NULL) == number)
			break;
	}
	mantissa = strcspn(digits, "e");
	str_addn(out, digits, mantissa);
	if (!memchr(digits, '.', mantissa))
		str_add(out, ".0");
	str_add(out, digits + mantissa);
}

static void print_scalar(struct str *out, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		print_text(out, json_string_value(value), json_string_length(value), true);
		break;
	case JSON_INTEGER:
		str_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		print_real(out, json_real_value(value));
		break;
	case JSON_TRUE:
		str_add(out, "true");
		break;
	case JSON_FALSE:
		str_add(out, "false");
		break;
	case JSON_OBJECT:
		str_add(out, "{}");
		break;
	case JSON_ARRAY:
		str_add(out, "[]");
		break;
	case JSON_NULL:
		str_add(out, "null");
		break;
	}
}

static bool has_lines(const json_t *value)
{
	return json_object_size(value) || json_array_size(value);
}

static void print_indent(struct str *out, unsigned depth)
{
	for (unsigned i = 0; i < depth * INDENT; i++)
		str_addc(out, ' ');
}

static void print_lines(struct str *out, const json_t *value, unsigned depth, bool begun);

/* What follows "key:". */
static void print_value(struct str *out, const json_t *value, unsigned depth)
{
	str_addc(out, has_lines(value) ? '\n' : ' ');
	if (has_lines(value)) {
		print_lines(out, value, depth + 1, false);
		return;
	}
	print_scalar(out, value);
	str_addc(out, '\n');
}

static void print_member(struct str *out, const char *key, const json_t *value, unsigned depth)
{
	size_t start = out->len;

	print_text(out, key, strlen(key), false);
	if (out->len - start > KEY_MAX) {
		out->len = start;
		str_add(out, "? ");
		print_text(out, key, strlen(key), false);
		str_addc(out, '\n');
		print_indent(out, depth);
	}
	str_addc(out, ':');
	print_value(out, value, depth);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **keys_sorted(const json_t *object)
{
	const char **keys = xcalloc(json_object_size(object), sizeof(*keys)), *key;
	size_t count = 0;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
		keys[count++] = key;
	qsort(keys, count, sizeof(*keys), by_text);
	return keys;
}

static void print_item(struct str *out, const json_t *item, unsigned depth)
{
	str_add(out, "- ");
	if (has_lines(item)) {
		print_lines(out, item, depth + 1, true);
		return;
	}
	print_scalar(out, item);
	str_addc(out, '\n');
}

/* A filled object or array; begun: its first line has its indentation already. */
static void print_lines(struct str *out, const json_t *value, unsigned depth, bool begun)
{
	const char **keys = json_is_object(value) ? keys_sorted(value) : NULL;
	size_t count = keys ? json_object_size(value) : json_array_size(value);

	for (size_t i = 0; i < count; i++) {
		if (i || !begun)
			print_indent(out, depth);
		if (keys)
			print_member(out, keys[i], json_object_get(value, keys[i]), depth);
		else
			print_item(out, json_array_get(value, i), depth);
	}
	free(keys);
}

void compose_print(struct str *out, const char *key, const json_t *value)
{
	print_member(out, key, value, 0);
}
