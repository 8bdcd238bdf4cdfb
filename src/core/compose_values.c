/*
 * Single values of a Compose file: numbers, truth values, durations, sizes, words of a command.
 * The parsers are pure; the readers (compose_read_*) report what is wrong with a node.
 */
#include "compose_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "kata/text.h"

/* --- Decimal numbers with a unit --- */

/* A decimal number as whole part and billionths. */
struct decimal {
	uint64_t whole, billionths;
};

/* The decimal that begins at *p, which moves behind it; false when there is none or too big. */
static bool decimal_parse(const char **p, struct decimal *out)
{
	const char *start = *p;
	uint64_t scale = 1000000000;

	*out = (struct decimal){0};
	for (; **p >= '0' && **p <= '9'; ++*p) {
		if (out->whole > UINT64_MAX / 10 - 1)
			return false;
		out->whole = out->whole * 10 + (uint64_t)(**p - '0');
	}
	bool digits = *p > start;
	if (**p == '.') {
		for (++*p; **p >= '0' && **p <= '9'; ++*p) {
			scale /= 10;
			out->billionths += (uint64_t)(**p - '0') * scale;
			digits = true;
		}
	}
	return digits;
}

/* d * unit in *sum, which it is added to; false on overflow. */
static bool decimal_add(const struct decimal *d, uint64_t unit, uint64_t *sum)
{
	uint64_t whole, part;

	if (__builtin_mul_overflow(d->whole, unit, &whole))
		return false;
	part = (uint64_t)((long double)d->billionths * (long double)unit / 1e9L);
	return !__builtin_add_overflow(*sum, whole, sum) &&
	       !__builtin_add_overflow(*sum, part, sum) && *sum <= INT64_MAX;
}

static const struct unit {
	const char *name;
	uint64_t nanoseconds;
} time_units[] = {
	/* The longer one of two that begin alike comes first. */
	{"ns", 1},
	{"us", 1000},
	{"\xc2\xb5s", 1000},
	{"\xce\xbcs", 1000},
	{"ms", 1000000},
	{"s", 1000000000},
	{"m", 60000000000},
	{"h", 3600000000000},
	{"d", 86400000000000},
	{"w", 604800000000000},
};

bool compose_duration(const char *text, int64_t *ns)
{
	enum { UNITS = sizeof time_units / sizeof *time_units };
	uint64_t sum = 0;

	if (!strcmp(text, "0")) {
		*ns = 0;
		return true;
	}
	if (!*text)
		return false;
	while (*text) {
		struct decimal d;
		size_t i = 0;

		if (!decimal_parse(&text, &d))
			return false;
		while (i < UNITS &&
		       strncmp(text, time_units[i].name, strlen(time_units[i].name)) != 0)
			i++;
		if (i == UNITS || !decimal_add(&d, time_units[i].nanoseconds, &sum))
			return false;
		text += strlen(time_units[i].name);
	}
	*ns = (int64_t)sum;
	return true;
}

/* whole.billionths without zeros at the end; returns the length. */
static size_t decimal_write(char *out, size_t size, uint64_t whole, uint64_t billionths)
{
	size_t len = (size_t)snprintf(out, size, "%" PRIu64 ".%09" PRIu64, whole, billionths);

	while (out[len - 1] == '0')
		len--;
	return len - (out[len - 1] == '.');
}

const char *compose_duration_text(struct arena *a, int64_t ns)
{
	uint64_t left = ns < 0 ? 0 : (uint64_t)ns, seconds = left / 1000000000;
	uint64_t hours = seconds / 3600, minutes = seconds / 60 % 60;
	char tail[48];
	int len;

	if (!left)
		return "0s";
	if (!seconds) { /* in the largest unit that gives a whole part */
		const char *unit = left < 1000 ? "ns" : left < 1000000 ? "\xc2\xb5s" : "ms";
		uint64_t scale = left < 1000 ? 1 : left < 1000000 ? 1000 : 1000000;
		uint64_t part = left % scale * (1000000000 / scale);

		len = (int)decimal_write(tail, sizeof tail, left / scale, part);
		return arena_printf(a, "%.*s%s", len, tail, unit);
	}
	len = (int)decimal_write(tail, sizeof tail, seconds % 60, left % 1000000000);
	if (hours)
		return arena_printf(a, "%" PRIu64 "h%" PRIu64 "m%.*ss", hours, minutes, len, tail);
	if (minutes)
		return arena_printf(a, "%" PRIu64 "m%.*ss", minutes, len, tail);
	return arena_printf(a, "%.*ss", len, tail);
}

bool compose_bytes(const char *text, int64_t *bytes)
{
	static const char letters[] = "kmgtp";
	uint64_t unit = 1, sum = 0;
	struct decimal d;
	const char *at;

	if (!decimal_parse(&text, &d))
		return false;
	text += *text == ' ';
	if (*text && (at = strchr(letters, *text | 0x20))) {
		unit <<= 10 * (at - letters + 1);
		text++;
		if ((*text | 0x20) == 'i' && (text[1] | 0x20) == 'b')
			text++;
	}
	text += (*text | 0x20) == 'b';
	if (*text || !decimal_add(&d, unit, &sum))
		return false;
	*bytes = (int64_t)sum;
	return true;
}

/* --- Words --- */

/* One command being split; quote is the open one, or 0. */
struct splitter {
	json_t *words;
	struct str word;
	bool in_word;
	char quote, shell;
};

static void splitter_end(struct splitter *s)
{
	if (s->in_word)
		json_array_append_new(s->words, json_stringn(s->word.p, s->word.len));
	s->in_word = false;
	str_clear(&s->word);
}

/* One character, which follows a backslash when `escaped`. */
static void splitter_char(struct splitter *s, char c, bool escaped)
{
	if (!escaped && s->quote) {
		if (c == s->quote)
			s->quote = '\0';
		else
			str_addc(&s->word, c);
		return;
	}
	if (!escaped && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
		splitter_end(s);
		return;
	}
	s->in_word = true;
	if (!escaped && (c == '\'' || c == '"')) {
		s->quote = c;
		return;
	}
	if (!escaped && !s->shell && strchr(";&|<>", c))
		s->shell = c;
	str_addc(&s->word, c);
}

json_t *compose_split_new(const char *text, const char **why, char *shell)
{
	struct splitter s = {.words = json_array(), .word = STR_INIT};
	bool escaped = false;

	*why = NULL;
	for (; *text; text++) {
		if (!escaped && *text == '\\' && s.quote != '\'') {
			escaped = true;
			continue;
		}
		splitter_char(&s, *text, escaped);
		escaped = false;
	}
	splitter_end(&s);
	str_release(&s.word);
	*shell = s.shell;
	if (s.quote)
		*why = s.quote == '"' ? "a \" that is never closed" : "a ' that is never closed";
	else if (escaped)
		*why = "a backslash at the end";
	if (!*why)
		return s.words;
	json_decref(s.words);
	return NULL;
}

json_t *compose_words_new(const char *text, const char **why)
{
	char shell;

	return compose_split_new(text, why, &shell);
}

json_t *compose_read_command(struct compose_reader *r, const struct yaml_node *node,
			     const struct compose_entry *entry)
{
	struct expand_result text;
	const char *why;
	json_t *words;
	char shell;

	if (node->kind == YAML_SEQUENCE)
		return compose_read_texts(r, node, entry);
	if (!compose_text(r, node, "text or a list of words", &text))
		return NULL;
	words = compose_split_new(text.text, &why, &shell);
	if (!words)
		compose_say(r, SEVERITY_ERROR, node, "holds %s", why)->hint =
			"write the command as a list of words";
	else if (shell)
		compose_say(r, SEVERITY_WARNING, node,
			    "no shell runs this command: '%c' is passed on as it stands", shell)
			->hint = "write [sh, -c, \"...\"] for a shell; docker compose would cut "
				 "the command off here. Quote it where it is meant as text";
	return words;
}

/* --- Readers --- */

json_t *compose_read_text(struct compose_reader *r, const struct yaml_node *node,
			  const struct compose_entry *entry)
{
	struct expand_result text;

	(void)entry;
	if (!compose_text(r, node, "text", &text) || !text.len)
		return NULL;
	return compose_json_text_new(r, node, text.text, text.len);
}

/* What a word of a list of words (`with`) may be, for people. */
static const char *word_list(struct arena *a, const char *const *words)
{
	struct str out = STR_INIT;

	for (size_t i = 0; words[i]; i++)
		str_addf(&out, "%s%s", !i ? "" : words[i + 1] ? ", " : " or ", words[i]);
	const char *text = arena_strndup(a, out.p, out.len);
	str_release(&out);
	return text;
}

json_t *compose_read_word(struct compose_reader *r, const struct yaml_node *node,
			  const struct compose_entry *entry)
{
	const char *const *words = entry->with;
	struct expand_result text;

	if (!compose_text(r, node, "text", &text) || !text.len)
		return NULL;
	for (size_t i = 0; words[i]; i++)
		if (!strcmp(words[i], text.text))
			return json_string(words[i]);
	compose_say(r, SEVERITY_ERROR, node, "%.60s is not known here", compose_shown(&text))
		->hint = arena_printf(r->arena, "it is %s", word_list(r->arena, words));
	return NULL;
}

bool compose_truth(const char *text, bool *out)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "n", "y"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcasecmp(words[i], text) != 0)
			continue;
		*out = i % 2;
		return true;
	}
	return false;
}

json_t *compose_read_bool(struct compose_reader *r, const struct yaml_node *node,
			  const struct compose_entry *entry)
{
	struct expand_result text;
	bool value;

	(void)entry;
	if (!compose_text(r, node, "true or false", &text))
		return NULL;
	if (compose_truth(text.text, &value))
		return json_boolean(value);
	compose_say(r, SEVERITY_ERROR, node, "must be true or false, not %.60s",
		    compose_shown(&text));
	return NULL;
}

bool compose_integer(const char *text, size_t len, int64_t *out)
{
	json_t *value = yaml_scalar_json_new(text, len);
	bool ok = json_is_integer(value);

	if (ok)
		*out = json_integer_value(value);
	json_decref(value);
	return ok;
}

json_t *compose_read_int(struct compose_reader *r, const struct yaml_node *node,
			 const struct compose_entry *entry)
{
	const struct compose_range *range = entry->with;
	struct expand_result text;
	int64_t value;

	if (!compose_text(r, node, "a whole number", &text))
		return NULL;
	if (!compose_integer(text.text, text.len, &value))
		compose_say(r, SEVERITY_ERROR, node, "must be a whole number, not %.60s",
			    compose_shown(&text));
	else if (value < range->min || value > range->max)
		compose_say(r, SEVERITY_ERROR, node, "%.60s is out of range: %lld to %lld",
			    compose_shown(&text), (long long)range->min, (long long)range->max);
	else
		return json_integer(value);
	return NULL;
}

json_t *compose_read_number(struct compose_reader *r, const struct yaml_node *node,
			    const struct compose_entry *entry)
{
	struct expand_result text;
	json_t *value;

	(void)entry;
	if (!compose_text(r, node, "a number", &text))
		return NULL;
	value = yaml_scalar_json_new(text.text, text.len);
	if (json_is_number(value) && json_number_value(value) >= 0)
		return value;
	json_decref(value);
	compose_say(r, SEVERITY_ERROR, node, "must be a number, not %.60s", compose_shown(&text));
	return NULL;
}

json_t *compose_read_duration(struct compose_reader *r, const struct yaml_node *node,
			      const struct compose_entry *entry)
{
	struct expand_result text;
	struct problem *p;
	int64_t ns;

	(void)entry;
	if (!compose_text(r, node, "a duration", &text))
		return NULL;
	if (compose_duration(text.text, &ns))
		return json_integer(ns);
	p = compose_say(r, SEVERITY_ERROR, node, "%.60s is not a duration", compose_shown(&text));
	p->hint = text.len && !text.secret && strspn(text.text, "0123456789.") == text.len
			  ? arena_printf(r->arena, "a unit is missing: %.20ss", text.text)
			  : "write 30s, 1m30s or 500ms";
	return NULL;
}

/* `with`: not NULL when -1 means no limit. */
json_t *compose_read_bytes(struct compose_reader *r, const struct yaml_node *node,
			   const struct compose_entry *entry)
{
	struct expand_result text;
	int64_t bytes;

	if (!compose_text(r, node, "a size", &text))
		return NULL;
	if (entry->with && !strcmp(text.text, "-1"))
		return json_integer(-1);
	if (compose_bytes(text.text, &bytes))
		return json_integer(bytes);
	compose_say(r, SEVERITY_ERROR, node, "%.60s is not a size", compose_shown(&text))->hint =
		"write 512m, 1.5g, or a number of bytes";
	return NULL;
}

/* A file mode: 0440 and "440" are octal, a plain 440 is decimal as in docker compose. */
json_t *compose_read_mode(struct compose_reader *r, const struct yaml_node *node,
			  const struct compose_entry *entry)
{
	enum { MODE_MAX = 07777 };
	struct expand_result text;
	const char *p;
	int64_t mode = 0;

	(void)entry;
	if (!compose_text(r, node, "a file mode", &text))
		return NULL;
	p = text.text;
	if (p[0] == '0' && p[1] == 'o')
		p += 2;
	bool octal = p != text.text || *p == '0' || !node->plain;
	for (size_t i = 0; p[i] >= '0' && p[i] <= (octal ? '7' : '9') && mode <= MODE_MAX; i++)
		mode = mode * (octal ? 8 : 10) + (p[i] - '0');
	if (!*p || p[strspn(p, octal ? "01234567" : "0123456789")] || mode > MODE_MAX) {
		compose_say(r, SEVERITY_ERROR, node, "%.60s is not a file mode",
			    compose_shown(&text))
			->hint = "write 0440";
		return NULL;
	}
	if (!octal)
		compose_say(r, SEVERITY_WARNING, node,
			    "%.60s is a decimal number: the mode is %04o", compose_shown(&text),
			    (unsigned)mode)
			->hint =
			text.secret ? NULL : arena_printf(r->arena, "write 0%.10s", text.text);
	return json_integer(mode);
}

json_t *compose_read_path(struct compose_reader *r, const struct yaml_node *node,
			  const struct compose_entry *entry)
{
	struct expand_result text;
	const char *path;

	(void)entry;
	if (!compose_text(r, node, "a path", &text) || !text.len)
		return NULL;
	path = compose_path(r, text.text);
	return compose_json_text_new(r, node, path, strlen(path));
}
