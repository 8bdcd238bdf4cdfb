/*
 * Lines with control sequences of their own, as programs write them to their logs: colours become
 * roles, every other sequence vanishes whole, a carriage return begins the line anew. (ECMA-48;
 * colours as xterm counts them.)
 */
#include "ui/pane.h"

#include "ui/pane_parts.h"
#include "ui/theme.h"

enum { ESC = 0x1b, BEL = 0x07, CAN = 0x18, SUB = 0x1a, PARAMS = 32, BRIGHT = 8 };
enum { NUMBER_MOST = 1 << 20 };

struct pen {
	int color; /* 0..15, -1: none */
	bool bold, dim, reverse;
};

struct param {
	int number;
	bool sub; /* belongs to the one before: it came behind a colon */
};

/* --- colours --- */

static enum role pen_role(const struct pen *pen, enum role plain)
{
	if (pen->color >= 0)
		return (enum role)(ROLE_ANSI + pen->color +
				   (pen->bold && pen->color < BRIGHT ? BRIGHT : 0));
	if (pen->dim)
		return ROLE_dim;
	return pen->bold || pen->reverse ? ROLE_title : plain;
}

static int byte_of(int number)
{
	return number < 0 ? 0 : number > 255 ? 255 : number;
}

/* 38;5;n, 38;2;r;g;b, and with colons, where a colour space may stand before r. Returns how many
 * parameters it takes; *color is left alone when they name none. */
static size_t take_color(const struct param *params, size_t count, int *color)
{
	size_t subs = 1, at, need;
	int kind = count > 1 ? params[1].number : 0;

	while (subs < count && params[subs].sub)
		subs++;
	need = kind == 5 ? 3 : kind == 2 ? 5 : 2;
	at = subs > need ? 3 : 2;
	if (subs > 1 && subs < need)
		return subs;
	if (count < need)
		return count;
	if (kind == 5 && params[2].number < 256)
		*color = theme_reduce(params[2].number, 16);
	if (kind == 2)
		*color = theme_reduce(COLOR_RGB | byte_of(params[at].number) << 16 |
					      byte_of(params[at + 1].number) << 8 |
					      byte_of(params[at + 2].number),
				      16);
	return subs > 1 ? subs : need;
}

static void pen_set(struct pen *pen, int number)
{
	if (number == 0)
		*pen = (struct pen){.color = -1};
	else if (number == 1)
		pen->bold = true;
	else if (number == 2)
		pen->dim = true;
	else if (number == 7 || number == 27)
		pen->reverse = number == 7;
	else if (number == 22)
		pen->bold = pen->dim = false;
	else if (number == 39)
		pen->color = -1;
	else if (number >= 30 && number <= 37)
		pen->color = number - 30;
	else if (number >= 90 && number <= 97)
		pen->color = number - 90 + BRIGHT;
}

static void pen_take(struct pen *pen, const struct param *params, size_t count)
{
	for (size_t i = 0; i < count;) {
		int number = params[i].number, ignored = -1;
		bool wide = number == 38 || number == 48 || number == 58;

		if (wide) {
			i += take_color(params + i, count - i,
					number == 38 ? &pen->color : &ignored);
			continue;
		}
		i++;
		if (i < count && params[i].sub)
			while (i < count && params[i].sub) /* 4:3, a wavy line */
				i++;
		else
			pen_set(pen, number);
	}
}

/* --- sequences --- */

/* "1;38:5:9" into at most PARAMS; an empty one is 0. What lies beyond is not looked at. */
static size_t read_params(const char *text, size_t len, struct param *params)
{
	size_t count = 1;

	params[0] = (struct param){0, false};
	for (size_t i = 0; i < len; i++) {
		struct param *last = &params[count - 1];

		if (text[i] == ';' || text[i] == ':') {
			if (count == PARAMS)
				break;
			params[count++] = (struct param){0, text[i] == ':'};
		} else if (last->number < NUMBER_MOST) {
			last->number = last->number * 10 + (text[i] - '0');
		}
	}
	return count;
}

static bool is_between(const char *text, size_t len, size_t at, char from, char to)
{
	return at < len && text[at] >= from && text[at] <= to;
}

/* Behind "ESC [": where the sequence ends. A byte that cannot be in it ends it and stays. */
static size_t take_csi(const char *text, size_t len, struct pen *pen)
{
	struct param params[PARAMS];
	size_t at = 0, numbers;
	bool plain = true;

	while (is_between(text, len, at, '0', '?'))
		plain = text[at++] < '<' && plain;
	numbers = at;
	while (is_between(text, len, at, ' ', '/'))
		at++;
	if (at == len || !is_between(text, len, at, '@', '~'))
		return at;
	if (text[at] == 'm' && plain && numbers == at)
		pen_take(pen, params, read_params(text, numbers, params));
	return at + 1;
}

/* Behind the begin of OSC, DCS and the like: where the string ends, with its terminator. */
static size_t take_string(const char *text, size_t len, bool bell_ends)
{
	for (size_t at = 0; at < len; at++) {
		if ((bell_ends && text[at] == BEL) || text[at] == CAN || text[at] == SUB)
			return at + 1;
		if (text[at] == ESC)
			return at + 1 < len && text[at + 1] == '\\' ? at + 2 : at;
		if (at + 1 < len && text[at] == '\xc2' && text[at + 1] == '\x9c')
			return at + 2;
	}
	return len;
}

/* What an introducer, in its 7-bit form, begins. */
static size_t take_introduced(char kind, const char *text, size_t len, struct pen *pen)
{
	if (kind == '[')
		return take_csi(text, len, pen);
	return take_string(text, len, kind == ']');
}

static bool is_introducer(char c)
{
	return c == '[' || c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_';
}

/* How long the sequence is that begins here; 0 when none does. */
static size_t take_sequence(const char *text, size_t len, struct pen *pen)
{
	size_t at = 1;

	if (text[0] == '\xc2' && len > 1 && is_between(text, len, 1, '\x80', '\x9f') &&
	    is_introducer((char)(text[1] - 0x40)))
		return 2 + take_introduced((char)(text[1] - 0x40), text + 2, len - 2, pen);
	if (text[0] != ESC)
		return 0;
	if (len > 1 && is_introducer(text[1]))
		return 2 + take_introduced(text[1], text + 2, len - 2, pen);
	while (is_between(text, len, at, ' ', '/'))
		at++;
	return at + is_between(text, len, at, '0', '~');
}

static void read_line(struct picture *out, enum role role, const char *text, size_t len)
{
	struct pen pen = {.color = -1};
	bool anew = false;

	for (size_t at = 0; at < len;) {
		size_t size = take_sequence(text + at, len - at, &pen), run = at;

		at += size;
		if (size)
			continue;
		if (text[at] == '\r') {
			anew = true;
			at++;
			continue;
		}
		if (anew)
			picture_clear(out);
		anew = false;
		do
			at++;
		while (at < len && text[at] != ESC && text[at] != '\r' && text[at] != '\xc2');
		picture_add(out, pen_role(&pen, role), text + run, at - run);
	}
}

void pane_append_ansi(struct pane *pane, struct line *line, enum role role, const char *text,
		      size_t len)
{
	struct picture picture = PICTURE_INIT;

	read_line(&picture, role, text, len);
	pane_append_picture(pane, line, &picture);
	picture_release(&picture);
}

struct line *pane_add_ansi(struct pane *pane, enum role role, const char *text, size_t len)
{
	struct line *line = pane_add(pane, role, "", 0);

	pane_append_ansi(pane, line, role, text, len);
	return line;
}
