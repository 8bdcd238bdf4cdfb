/*
 * Themes from text: the parser, what falls back to what, and the theme that is built in. What a
 * theme makes of a cell is in theme_look.c.
 */
#include "ui/theme.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kata/error.h"
#include "kata/text.h"

#define SIZE(array) (sizeof(array) / sizeof(array)[0])

enum {
	COLOR_UNSET = -2, /* while parsing: the text's, or the background of the screen */
	WORD_SHOWN = 40,  /* bytes of a wrong word that a problem repeats */
};

/* The same as themes/default. */
static const char built_in[] = "text\n"
			       "dim             bright-black\n"
			       "title           bold\n"
			       "title_focus     cyan bold\n"
			       "border          bright-black\n"
			       "border_focus    cyan\n"
			       "header\n"
			       "header_name     bold\n"
			       "column          bright-black\n"
			       "key             cyan\n"
			       "key_text\n"
			       "good            green\n"
			       "busy            cyan\n"
			       "drift           yellow\n"
			       "bad             bright-red\n"
			       "off             bright-black\n"
			       "add             green\n"
			       "change          yellow\n"
			       "remove          bright-red\n"
			       "json_key        cyan\n"
			       "json_text       green\n"
			       "json_number     yellow\n"
			       "json_word       magenta\n"
			       "comment         bright-black\n"
			       "match           yellow bold underline\n"
			       "prompt\n"
			       "dialog\n"
			       "dialog_title    cyan bold\n"
			       "danger          bright-red bold\n"
			       "tab             bright-black\n"
			       "tab_open        cyan bold\n"
			       "selected        bright-white on #1c4a80\n"
			       "selected_other  bright-white on #4a4a4a\n"
			       "related         white on #363636\n"
			       "marked          yellow bold\n"
			       "service0        cyan\n"
			       "service1        green\n"
			       "service2        yellow\n"
			       "service3        magenta\n"
			       "service4        bright-blue\n"
			       "service5        bright-green\n";

static const char *const color_names[16] = {
	"black",	"red",		 "green",	"yellow",	  "blue",
	"magenta",	"cyan",		 "white",	"bright-black",	  "bright-red",
	"bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan",
	"bright-white",
};

static const struct {
	const char *name;
	unsigned attr;
} attr_names[] = {
	{"bold", LOOK_BOLD},	   {"dim", LOOK_DIM},	    {"underline", LOOK_UNDERLINE},
	{"reverse", LOOK_REVERSE}, {"italic", LOOK_ITALIC},
};

struct reader {
	struct theme *out;
	const char *file, *parent;
	struct problems *problems;
	struct arena *arena;
	const char *p; /* in the line */
	unsigned line, column;
	bool any;
};

struct word {
	const char *p;
	size_t len;
	unsigned column;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool word_next(struct reader *r, struct word *out)
{
	const char *p = r->p;

	while (is_blank(*p))
		p++;
	*out = (struct word){p, 0, r->column + (unsigned)(p - r->p)};
	while (p[0] && p[0] != '\n' && !is_blank(p[0]))
		p++;
	out->len = (size_t)(p - out->p);
	r->column += (unsigned)(p - r->p);
	r->p = p;
	return out->len > 0;
}

static bool word_is(const struct word *word, const char *text)
{
	return word->len == strlen(text) && !memcmp(word->p, text, word->len);
}

/* The word as a problem shows it: whole characters, not too many. */
static const char *word_shown(const struct reader *r, const struct word *word)
{
	size_t len = word->len < WORD_SHOWN ? word->len : WORD_SHOWN;

	while (len && len < word->len && ((unsigned char)word->p[len] & 0xc0) == 0x80)
		len--;
	return arena_printf(r->arena, "%.*s%s", (int)len, word->p, len < word->len ? "..." : "");
}

__attribute__((format(printf, 3, 4))) static struct problem *
complain(struct reader *r, const struct word *word, const char *fmt, ...)
{
	struct place place = {r->file, r->line, word->column};
	struct str msg = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&msg, fmt, ap);
	va_end(ap);
	struct problem *p = problems_add(r->problems, SEVERITY_WARNING, place, "%s", msg.p);
	str_release(&msg);
	return p;
}

static void hint_near(struct reader *r, struct problem *p, const struct text_nearest *near)
{
	if (near->name)
		p->hint = arena_printf(r->arena, "did you mean %s?", near->name);
}

/* `default`, a name, 0..255 or #rrggbb. */
static bool color_read(const struct word *word, int *out)
{
	char text[8];
	uint64_t number;

	if (word_is(word, "default")) {
		*out = COLOR_DEFAULT;
		return true;
	}
	for (int i = 0; i < (int)SIZE(color_names); i++)
		if (word_is(word, color_names[i])) {
			*out = i;
			return true;
		}
	if (word->len >= sizeof text)
		return false;
	memcpy(text, word->p, word->len);
	text[word->len] = '\0';
	if (text[0] == '#' && word->len == 7 && strspn(text + 1, "0123456789abcdefABCDEF") == 6) {
		*out = COLOR_RGB | (int)strtol(text + 1, NULL, 16);
		return true;
	}
	if (!text_u64(text, 0, 255, &number))
		return false;
	*out = (int)number;
	return true;
}

static bool attr_read(const struct word *word, unsigned *attrs)
{
	for (size_t i = 0; i < SIZE(attr_names); i++)
		if (word_is(word, attr_names[i].name)) {
			*attrs |= attr_names[i].attr;
			return true;
		}
	return false;
}

static void complain_word(struct reader *r, const struct word *word)
{
	const char *shown = word_shown(r, word);
	struct text_nearest near = {.word = shown};
	struct problem *p;

	if (word->p[0] == '#' || (word->p[0] >= '0' && word->p[0] <= '9')) {
		p = complain(r, word, "%s is no colour", shown);
		p->hint = "colours are #rrggbb, 0 to 255, or names like bright-blue";
		return;
	}
	for (size_t i = 0; i < SIZE(color_names); i++)
		text_nearest_offer(&near, color_names[i]);
	for (size_t i = 0; i < SIZE(attr_names); i++)
		text_nearest_offer(&near, attr_names[i].name);
	text_nearest_offer(&near, "default");
	hint_near(r, complain(r, word, "%s is neither a colour nor a style", shown), &near);
}

static void set_color(struct reader *r, const struct word *word, int color, int *slot)
{
	if (*slot != COLOR_UNSET)
		complain(r, word, "a second colour for the same: %s counts", word_shown(r, word));
	*slot = color;
}

/* The rest of a role's line. */
static struct look look_read(struct reader *r)
{
	struct look look = {COLOR_UNSET, COLOR_UNSET, 0};
	struct word word;
	int color;

	while (word_next(r, &word)) {
		struct word on = word;
		bool is_on = word_is(&word, "on");

		if (is_on && !word_next(r, &word))
			complain(r, &on, "on: which background?");
		else if (color_read(&word, &color))
			set_color(r, &word, color, is_on ? &look.bg : &look.fg);
		else if (is_on || !attr_read(&word, &look.attrs))
			complain_word(r, &word);
	}
	return look;
}

static void read_background(struct reader *r, const struct word *setting)
{
	struct word word;
	int color;

	if (!word_next(r, &word)) {
		complain(r, setting, "background: which colour?");
	} else if (color_read(&word, &color)) {
		r->out->background = color;
		r->any = true;
	} else {
		complain_word(r, &word);
	}
}

/* A theme's name is that of a file: it cannot lead elsewhere. */
static bool is_name(const struct word *word)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-";

	return word->len > 0 && word->len < THEME_NAME && strspn(word->p, allowed) >= word->len;
}

static void read_parent(struct reader *r, const struct word *setting)
{
	struct word word;

	if (!word_next(r, &word)) {
		complain(r, setting, "parent: which theme?");
	} else if (!is_name(&word)) {
		complain(r, &word, "%s is no name of a theme", word_shown(r, &word));
	} else {
		r->parent = arena_strndup(r->arena, word.p, word.len);
		r->any = true;
	}
}

static void read_role(struct reader *r, const struct word *word)
{
	struct text_nearest near = {.word = word_shown(r, word)};
	struct look look;

	for (int role = 0; role < ROLE_COUNT; role++) {
		if (!word_is(word, role_names[role])) {
			text_nearest_offer(&near, role_names[role]);
			continue;
		}
		if (r->out->own[role])
			complain(r, word, "%s a second time: this line counts", near.word);
		look = look_read(r);
		r->out->looks[role] = look;
		r->out->own[role] = r->any = true;
		return;
	}
	text_nearest_offer(&near, "background");
	text_nearest_offer(&near, "parent");
	hint_near(r, complain(r, word, "%s is no role", near.word), &near);
}

static void read_line(struct reader *r)
{
	struct word word, more;

	if (!word_next(r, &word) || word.p[0] == '#')
		return;
	if (word_is(&word, "background"))
		read_background(r, &word);
	else if (word_is(&word, "parent"))
		read_parent(r, &word);
	else
		read_role(r, &word);
	/* What is no role has been complained about as a whole. */
	if ((word_is(&word, "background") || word_is(&word, "parent")) && word_next(r, &more))
		complain(r, &more, "%s: one word too many", word_shown(r, &more));
}

/* What the text did not say: as the parent has it, else as the fallback, which in the table of
 * roles always comes before. */
static void fill_in(struct theme *out, const struct theme *parent)
{
	struct look *text = &out->looks[ROLE_text];

	for (int role = 0; parent && role < ROLE_COUNT; role++) {
		struct look look = parent->looks[role];

		if (out->own[role] || !parent->own[role])
			continue;
		if (look.bg == parent->background)
			look.bg = COLOR_UNSET;
		if (look.fg == parent->looks[ROLE_text].fg && role != ROLE_text)
			look.fg = COLOR_UNSET;
		out->looks[role] = look;
		out->own[role] = true;
	}
	if (out->background == COLOR_UNSET)
		out->background = parent ? parent->background : text->bg;
	if (out->background == COLOR_UNSET)
		out->background = COLOR_DEFAULT;
	if (text->fg == COLOR_UNSET)
		text->fg = COLOR_DEFAULT;
	for (int role = 0; role < ROLE_COUNT; role++) {
		struct look *look = &out->looks[role];

		if (!out->own[role] && role != ROLE_text)
			*look = out->looks[role_fallbacks[role]];
		if (look->fg == COLOR_UNSET)
			look->fg = text->fg;
		if (look->bg == COLOR_UNSET)
			look->bg = out->background;
	}
}

static void read_lines(struct reader *r, const char *text)
{
	for (r->p = text; *r->p; r->p += *r->p == '\n') {
		r->line++;
		r->column = 1;
		read_line(r);
		r->p += strcspn(r->p, "\n");
	}
}

bool theme_parse_on(struct theme *out, const struct theme *parent, const char *name,
		    const char *text, struct problems *problems, struct arena *arena)
{
	struct reader r = {.out = out, .problems = problems, .arena = arena};
	struct theme known;

	r.file = arena_strdup(arena, name);
	*out = (struct theme){.background = COLOR_UNSET};
	for (int role = 0; role < ROLE_COUNT; role++)
		out->looks[role] = (struct look){COLOR_UNSET, COLOR_UNSET, 0};
	snprintf(out->name, sizeof out->name, "%s", name);
	read_lines(&r, text);
	if (!r.any) {
		problems_add(problems, SEVERITY_ERROR, (struct place){r.file, 0, 0},
			     "%s is no theme: it names no role", r.file);
		theme_default(out);
		return false;
	}
	if (!parent && r.parent && !strcmp(r.parent, "default")) {
		theme_default(&known);
		parent = &known;
	} else if (!parent && r.parent) {
		problems_add(problems, SEVERITY_WARNING, (struct place){r.file, 0, 0},
			     "there is no theme %s to build on", r.parent);
	}
	fill_in(out, parent);
	return true;
}

bool theme_parse(struct theme *out, const char *name, const char *text, struct problems *problems,
		 struct arena *arena)
{
	return theme_parse_on(out, NULL, name, text, problems, arena);
}

bool theme_parent(const char *text, char name[THEME_NAME])
{
	struct reader r = {.p = text};
	struct word word;
	bool found = false;

	for (; *r.p; r.p += *r.p == '\n') {
		if (word_next(&r, &word) && word_is(&word, "parent") && word_next(&r, &word) &&
		    is_name(&word)) {
			snprintf(name, THEME_NAME, "%.*s", (int)word.len, word.p);
			found = true;
		}
		r.p += strcspn(r.p, "\n");
	}
	return found;
}

void theme_default(struct theme *out)
{
	struct arena *arena = arena_new();
	struct problems problems;

	problems_init(&problems, arena);
	if (!theme_parse(out, "default", built_in, &problems, arena) || problems.count)
		BUG("the built-in theme: %s", problems.items[0].msg);
	arena_free(arena);
}
