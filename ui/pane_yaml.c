/*
 * YAML, coloured line by line. Nothing is carried from one line to the next, so that a quote left
 * open colours its own line only; but for block scalars, whose lines are known by their indent.
 */
#include "ui/pane.h"

#include <string.h>
#include <strings.h>

#include "ui/pane_parts.h"

struct yaml {
	struct picture out;
	const char *text; /* of the line */
	size_t len, at;
	int flow;	/* how many brackets are open */
	bool block;	/* in a block scalar */
	bool opens;	/* this line ends by opening one */
	long parent;	/* its lines are indented more than this column */
	long key;	/* column of the innermost key or dash of the line */
	bool key_taken; /* a value comes next */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Whether a character that ends words only before a blank stands at `at`. */
static bool ends_word(const struct yaml *y, size_t at)
{
	return at >= y->len || is_blank(y->text[at]) ||
	       (y->flow && strchr(",[]{}", y->text[at]) != NULL);
}

static void take(struct yaml *y, size_t to, enum role role)
{
	picture_add(&y->out, role, y->text + y->at, to - y->at);
	y->at = to;
}

/* --- words --- */

static bool is_all(const char *text, size_t len, const char *of)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(of, text[i]) || !text[i])
			return false;
	return len > 0;
}

static bool is_number(const char *text, size_t len)
{
	size_t at = len && (text[0] == '-' || text[0] == '+'), digits = 0, dots = 0;

	if (len > at + 2 && text[at] == '0' && text[at + 1] == 'x')
		return is_all(text + at + 2, len - at - 2, "0123456789abcdefABCDEF");
	if (len > at + 2 && text[at] == '0' && text[at + 1] == 'o')
		return is_all(text + at + 2, len - at - 2, "01234567");
	for (; at < len && ((text[at] >= '0' && text[at] <= '9') || text[at] == '.'); at++) {
		dots += text[at] == '.';
		digits += text[at] != '.';
	}
	if (digits && at < len && (text[at] | 0x20) == 'e') {
		at += 1 + (at + 1 < len && (text[at + 1] == '-' || text[at + 1] == '+'));
		digits = at < len;
		while (at < len && text[at] >= '0' && text[at] <= '9')
			at++;
	}
	return digits && dots < 2 && at == len;
}

static bool is_word(const char *text, size_t len)
{
	static const char *const words[] = {"true", "false", "null", "~", "yes", "no", "on", "off"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strlen(words[i]) == len && !strncasecmp(words[i], text, len))
			return true;
	return false;
}

static enum role word_role(const char *text, size_t len)
{
	if (is_number(text, len))
		return ROLE_json_number;
	return is_word(text, len) ? ROLE_json_word : ROLE_json_text;
}

/* Behind a quoted text, or at the line's end when its quote is not shut here. */
static size_t quoted_end(const struct yaml *y)
{
	char quote = y->text[y->at];

	for (size_t at = y->at + 1; at < y->len; at++) {
		if (quote == '"' && y->text[at] == '\\')
			at++;
		else if (y->text[at] == quote && quote == '\'' && at + 1 < y->len &&
			 y->text[at + 1] == quote)
			at++;
		else if (y->text[at] == quote)
			return at + 1;
	}
	return y->len;
}

/* Behind a plain word: before a comment, a colon that makes it a key, or punctuation of a flow. */
static size_t plain_end(const struct yaml *y)
{
	size_t at = y->at;

	while (at < y->len) {
		char c = y->text[at];

		if (c == '#' && at > y->at && is_blank(y->text[at - 1]))
			break;
		if (c == ':' && ends_word(y, at + 1))
			break;
		if (y->flow && strchr(",[]{}", c))
			break;
		at++;
	}
	while (at > y->at && is_blank(y->text[at - 1]))
		at--;
	return at > y->at ? at : y->at + 1;
}

/* --- pieces of a line --- */

static void take_blanks(struct yaml *y)
{
	size_t to = y->at;

	while (to < y->len && is_blank(y->text[to]))
		to++;
	take(y, to, ROLE_text);
}

/* A word or quoted text: a key when a colon follows. */
static void take_scalar(struct yaml *y)
{
	char first = y->text[y->at];
	bool quoted = first == '"' || first == '\'', key;
	size_t to = quoted ? quoted_end(y) : plain_end(y), colon = to;
	const char *text = y->text + y->at;

	while (colon < y->len && is_blank(y->text[colon]))
		colon++;
	key = colon < y->len && y->text[colon] == ':' && (y->flow || !y->key_taken) &&
	      (ends_word(y, colon + 1) || (quoted && y->flow));
	if (!key) {
		take(y, to, quoted ? ROLE_json_text : word_role(text, to - y->at));
		return;
	}
	if (!y->flow) {
		y->key = (long)y->at;
		y->key_taken = true;
	}
	take(y, to, ROLE_json_key);
	take(y, colon + 1, ROLE_text);
}

/* "|", ">-2 # why": what follows on deeper lines is text. */
static bool is_block_head(const struct yaml *y)
{
	size_t at = y->at + 1;

	if (y->flow || (y->text[y->at] != '|' && y->text[y->at] != '>'))
		return false;
	while (at < y->len && strchr("+-0123456789", y->text[at]))
		at++;
	while (at < y->len && is_blank(y->text[at]))
		at++;
	return at == y->len || (y->text[at] == '#' && is_blank(y->text[at - 1]));
}

static size_t name_end(const struct yaml *y)
{
	size_t to = y->at + 1;

	while (!ends_word(y, to))
		to++;
	return to;
}

static void take_bracket(struct yaml *y)
{
	char c = y->text[y->at];

	if (c == '[' || c == '{')
		y->flow++;
	else if (c != ',' && y->flow)
		y->flow--;
	take(y, y->at + 1, ROLE_text);
}

static void take_piece(struct yaml *y)
{
	char c = y->text[y->at];
	bool begins = !y->at || is_blank(y->text[y->at - 1]);

	if (is_blank(c)) {
		take_blanks(y);
	} else if (c == '#' && begins) {
		take(y, y->len, ROLE_comment);
	} else if ((c == '-' || c == '?') && !y->flow && !y->key_taken && ends_word(y, y->at + 1)) {
		y->key = (long)y->at;
		take(y, y->at + 1, ROLE_text);
	} else if (strchr("&*!", c) && (begins || y->flow)) {
		take(y, name_end(y), ROLE_json_word);
	} else if (c == '[' || c == '{' || (y->flow && strchr(",]}", c))) {
		take_bracket(y);
	} else if (is_block_head(y)) {
		y->opens = true;
		take(y, y->at + 1, ROLE_json_word);
		while (y->at < y->len && strchr("+-0123456789", y->text[y->at]))
			take(y, y->at + 1, ROLE_json_word);
	} else {
		take_scalar(y);
	}
}

/* "---" and "...": they end whatever was open. */
static bool is_marker(const struct yaml *y)
{
	return y->len >= 3 && (!memcmp(y->text, "---", 3) || !memcmp(y->text, "...", 3)) &&
	       (y->len == 3 || is_blank(y->text[3]));
}

static long indent_of(const struct yaml *y)
{
	size_t at = 0;

	while (at < y->len && y->text[at] == ' ')
		at++;
	return at < y->len ? (long)at : -1;
}

static void color_line(struct yaml *y)
{
	long indent = indent_of(y);

	y->at = 0;
	y->flow = 0;
	y->opens = y->key_taken = false;
	y->key = -1;
	picture_clear(&y->out);
	if (y->block && (is_marker(y) || (indent >= 0 && indent <= y->parent)))
		y->block = false;
	if (y->block) {
		take(y, y->len, ROLE_json_text);
		return;
	}
	if (is_marker(y))
		take(y, 3, ROLE_json_word);
	else if (y->len && y->text[0] == '%')
		take(y, y->len, ROLE_comment);
	while (y->at < y->len)
		take_piece(y);
	y->block = y->opens;
	y->parent = y->key;
}

void pane_add_yaml(struct pane *pane, const char *text, size_t len)
{
	struct yaml y = {.out = PICTURE_INIT};
	const char *end = text + len;

	for (int number = 1; text < end; number++) {
		const char *feed = memchr(text, '\n', (size_t)(end - text));
		struct line *line;

		y.text = text;
		y.len = (size_t)((feed ? feed : end) - text);
		text += y.len + (feed != NULL);
		if (y.len && y.text[y.len - 1] == '\r')
			y.len--;
		color_line(&y);
		line = pane_add(pane, ROLE_text, "", 0);
		pane_append_picture(pane, line, &y.out);
		line->number = number;
	}
	picture_release(&y.out);
}
