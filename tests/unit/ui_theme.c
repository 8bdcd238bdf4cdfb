/* Themes: the parser and its complaints, fallbacks, colours brought down, and that every role of
 * every theme that comes with the program can be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/theme.h"

#define SIZE(array) (sizeof(array) / sizeof(array)[0])
#define FORMS	    "colours are #rrggbb, 0 to 255, or names like bright-blue"

static const char *const shipped[] = {
	"default", "light", "high-contrast", "mono", "solarized", "gruvbox", "nord", "dracula",
};
static const int depths[] = {1 << 24, 256, 16, 8};
static const int overs[] = {ROLE_text, ROLE_selected, ROLE_selected_other, ROLE_related};

struct fixture {
	struct arena *arena;
	struct problems problems;
	struct theme theme;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->arena = arena_new();
	problems_init(&f->problems, f->arena);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(f->arena);
	free(f);
	return 0;
}

static bool parse(struct fixture *f, const char *text)
{
	problems_init(&f->problems, f->arena);
	return theme_parse(&f->theme, "mine", text, &f->problems, f->arena);
}

static void read_shipped(struct fixture *f, const char *name)
{
	char path[64], text[8192];

	snprintf(path, sizeof path, "themes/%s", name);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t len = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	text[len] = '\0';
	problems_init(&f->problems, f->arena);
	assert_true(theme_parse(&f->theme, name, text, &f->problems, f->arena));
	for (size_t i = 0; i < f->problems.count; i++)
		print_error("%s:%u: %s\n", name, f->problems.items[i].place.line,
			    f->problems.items[i].msg);
	assert_int_equal(f->problems.count, 0);
}

static void assert_look(struct look look, int fg, int bg, unsigned attrs)
{
	assert_int_equal(look.fg, fg);
	assert_int_equal(look.bg, bg);
	assert_int_equal(look.attrs, attrs);
}

static void rgb_of(int color, double *out)
{
	static const int basic[16] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
				      0x00cdcd, 0xe5e5e5, 0x555555, 0xff0000, 0x00ff00, 0xffff00,
				      0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};
	int level[3] = {(color - 16) / 36, (color - 16) / 6 % 6, (color - 16) % 6};
	int rgb = color < 16 ? basic[color] : color & 0xffffff;

	if (color >= 232 && color < 256)
		rgb = (8 + 10 * (color - 232)) * 0x010101;
	for (int i = 0; i < 3; i++) {
		out[i] = (rgb >> (16 - 8 * i) & 0xff) / 255.0;
		if (color >= 16 && color < 232)
			out[i] = (level[i] ? 55 + 40 * level[i] : 0) / 255.0;
	}
}

static double light(int color)
{
	double c[3];

	rgb_of(color, c);
	return 0.2126 * c[0] * c[0] + 0.7152 * c[1] * c[1] + 0.0722 * c[2] * c[2];
}

static double contrast_of(int fg, int bg)
{
	double a = light(fg) + 0.05, b = light(bg) + 0.05;

	return a > b ? a / b : b / a;
}

static bool is_readable(struct look look, bool on_white, double least)
{
	int fg = look.fg == COLOR_DEFAULT ? (on_white ? 0 : 7) : look.fg;
	int bg = look.bg == COLOR_DEFAULT ? (on_white ? 15 : 0) : look.bg;

	if (look.bg != COLOR_DEFAULT && look.fg == COLOR_DEFAULT)
		return false;
	return contrast_of(fg, bg) >= least;
}

/* --- the parser --- */

static void a_theme_is_read(void **state)
{
	struct fixture *f = *state;

	assert_true(parse(f, "# a theme\n\n"
			     "text white on #102030\r\n"
			     "\ttitle   bold underline  214 on bright-blue\n"
			     "dim default on default italic dim\n"
			     "good reverse\n"
			     "bad #FF0080"));
	assert_int_equal(f->problems.count, 0);
	assert_string_equal(f->theme.name, "mine");
	int ground = COLOR_RGB | 0x102030;
	assert_int_equal(f->theme.background, ground);
	assert_look(f->theme.looks[ROLE_text], 7, ground, 0);
	assert_look(f->theme.looks[ROLE_title], 214, 12, LOOK_BOLD | LOOK_UNDERLINE);
	assert_look(f->theme.looks[ROLE_dim], COLOR_DEFAULT, COLOR_DEFAULT, LOOK_DIM | LOOK_ITALIC);
	assert_look(f->theme.looks[ROLE_good], 7, ground, LOOK_REVERSE);
	assert_look(f->theme.looks[ROLE_bad], COLOR_RGB | 0xff0080, ground, 0);
	assert_true(f->theme.own[ROLE_bad]);
	/* Fallbacks, over several steps. */
	assert_look(f->theme.looks[ROLE_tab_open], 214, 12, LOOK_BOLD | LOOK_UNDERLINE);
	assert_look(f->theme.looks[ROLE_border_focus], COLOR_DEFAULT, COLOR_DEFAULT,
		    LOOK_DIM | LOOK_ITALIC);
	assert_look(f->theme.looks[ROLE_danger], COLOR_RGB | 0xff0080, ground, 0);
	assert_look(f->theme.looks[ROLE_prompt], 7, ground, 0);
}

static void the_screen_has_a_background(void **state)
{
	struct fixture *f = *state;

	assert_true(parse(f, "background #000010\ntext white\ngood green on default"));
	assert_int_equal(f->theme.looks[ROLE_text].bg, COLOR_RGB | 0x10);
	assert_int_equal(f->theme.looks[ROLE_bad].bg, COLOR_RGB | 0x10);
	assert_int_equal(f->theme.looks[ROLE_good].bg, COLOR_DEFAULT);
	assert_true(parse(f, "background default"));
	assert_look(f->theme.looks[ROLE_text], COLOR_DEFAULT, COLOR_DEFAULT, 0);
	assert_int_equal(f->problems.count, 0);
}

static void mistakes_have_places_and_hints(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *msg, *hint;
	} rows[] = {
		{"text\ntitel bold", 2, 1, "titel is no role", "did you mean title?"},
		{"text\nbackgruond red", 2, 1, "backgruond is no role", "did you mean background?"},
		{"text\nzzzzzzzzz red", 2, 1, "zzzzzzzzz is no role", NULL},
		{"text  bleu", 1, 7, "bleu is neither a colour nor a style", "did you mean blue?"},
		{"text blod", 1, 6, "blod is neither a colour nor a style", "did you mean bold?"},
		{"text red on bold", 1, 13, "bold is neither a colour nor a style", NULL},
		{"text 256", 1, 6, "256 is no colour", FORMS},
		{"text #12345", 1, 6, "#12345 is no colour", FORMS},
		{"text #12345g", 1, 6, "#12345g is no colour", FORMS},
		{"text -1", 1, 6, "-1 is neither a colour nor a style", NULL},
		{"text red on", 1, 10, "on: which background?", NULL},
		{"text red blue", 1, 10, "a second colour for the same: blue counts", NULL},
		{"text\ntext red", 2, 1, "text a second time: this line counts", NULL},
		{"text\nbackground", 2, 1, "background: which colour?", NULL},
		{"text\nbackground puce", 2, 12, "puce is neither a colour nor a style", NULL},
		{"background red bold", 1, 16, "bold: one word too many", NULL},
		{"text\nparent", 2, 1, "parent: which theme?", NULL},
		{"text\nparent ../x", 2, 8, "../x is no name of a theme", NULL},
		{"parent nowhere", 0, 0, "there is no theme nowhere to build on", NULL},
		{"text\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\u00e9x", 2, 1,
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa... is no role", NULL},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SIZE(rows); i++) {
		assert_true(parse(f, rows[i].text));
		assert_int_equal(f->problems.count, 1);
		const struct problem *p = &f->problems.items[0];
		assert_string_equal(p->msg, rows[i].msg);
		assert_string_equal(p->place.file, "mine");
		assert_int_equal(p->place.line, rows[i].line);
		assert_int_equal(p->place.column, rows[i].column);
		assert_int_equal(p->severity, SEVERITY_WARNING);
		assert_true(rows[i].hint ? p->hint && !strcmp(p->hint, rows[i].hint) : !p->hint);
	}
}

static void the_rest_of_a_bad_line_counts(void **state)
{
	struct fixture *f = *state;

	assert_true(parse(f, "title blod red underline\nnonsense 1 2 3\nbad red blue"));
	assert_int_equal(f->problems.count, 3);
	assert_look(f->theme.looks[ROLE_title], 1, COLOR_DEFAULT, LOOK_UNDERLINE);
	assert_look(f->theme.looks[ROLE_bad], 4, COLOR_DEFAULT, 0);
}

static void what_is_no_theme_leaves_the_default(void **state)
{
	static const char *const texts[] = {"", "\n\n", "# only this",
					    "\x7f"
					    "ELF\nxyz abc",
					    "parent"};
	struct fixture *f = *state;
	struct theme known;

	theme_default(&known);
	for (size_t i = 0; i < SIZE(texts); i++) {
		assert_false(parse(f, texts[i]));
		assert_int_equal(f->problems.errors, 1);
		assert_memory_equal(f->theme.looks, known.looks, sizeof known.looks);
	}
}

static void a_long_name_is_cut(void **state)
{
	struct fixture *f = *state;
	char name[200];

	memset(name, 'n', sizeof name);
	name[sizeof name - 1] = '\0';
	assert_true(theme_parse(&f->theme, name, "text", &f->problems, f->arena));
	assert_int_equal(strlen(f->theme.name), sizeof f->theme.name - 1);
}

static void a_theme_builds_on_its_parent(void **state)
{
	struct fixture *f = *state;
	struct theme parent;
	char name[THEME_NAME];

	assert_true(parse(f, "background #000020\ntext yellow\ntitle red bold\nkey on blue\n"
			     "good default on default"));
	parent = f->theme;
	assert_true(theme_parse_on(&f->theme, &parent, "child",
				   "parent mine\ntext white\nbackground #002000\nbad blue",
				   &f->problems, f->arena));
	assert_int_equal(f->problems.count, 0);
	assert_look(f->theme.looks[ROLE_text], 7, COLOR_RGB | 0x2000, 0);
	assert_look(f->theme.looks[ROLE_title], 1, COLOR_RGB | 0x2000, LOOK_BOLD);
	assert_look(f->theme.looks[ROLE_key], 7, 4, 0);
	assert_look(f->theme.looks[ROLE_good], COLOR_DEFAULT, COLOR_DEFAULT, 0);
	assert_look(f->theme.looks[ROLE_danger], 4, COLOR_RGB | 0x2000, 0);
	assert_look(f->theme.looks[ROLE_json_key], 1, COLOR_RGB | 0x2000, LOOK_BOLD);
	assert_true(parse(f, "parent default\nbad blue"));
	assert_int_equal(f->problems.count, 0);
	theme_default(&parent);
	assert_int_equal(f->theme.looks[ROLE_good].fg, parent.looks[ROLE_good].fg);
	assert_int_equal(f->theme.looks[ROLE_bad].fg, 4);
	assert_true(theme_parent("# x\n parent  nord-2 \n", name));
	assert_string_equal(name, "nord-2");
	assert_false(theme_parent("#parent nord\ntext parent\nparent\nnord", name));
	assert_false(theme_parent("parent ../nord", name));
}

/* --- colours --- */

static void colours_are_brought_down(void **state)
{
	static const struct {
		int color, colors, nearest;
	} rows[] = {
		{COLOR_DEFAULT, 256, COLOR_DEFAULT},
		{COLOR_DEFAULT, 8, COLOR_DEFAULT},
		{COLOR_RGB | 0x123456, 1 << 24, COLOR_RGB | 0x123456},
		{9, 256, 9},
		{9, 16, 9},
		{200, 256, 200},
		{7, 8, 7},
		/* The cube and the greys; never the first 16, which are the user's. */
		{COLOR_RGB | 0x000000, 256, 16},
		{COLOR_RGB | 0xffffff, 256, 231},
		{COLOR_RGB | 0xff0000, 256, 196},
		{COLOR_RGB | 0x5f87af, 256, 67},
		{COLOR_RGB | 0x303030, 256, 236},
		{COLOR_RGB | 0x2f3132, 256, 236},
		{COLOR_RGB | 0xfefefe, 256, 231},
		{COLOR_RGB | 0x020202, 256, 16},
		{COLOR_RGB | 0xdc322f, 256, 167}, /* stays red, not orange */
		/* The hue counts, pale and dark as it may be. */
		{COLOR_RGB | 0xbf616a, 16, 9},
		{COLOR_RGB | 0xbf616a, 8, 1},
		{COLOR_RGB | 0x97be8a, 8, 2},
		{COLOR_RGB | 0xebcb8b, 8, 3},
		{COLOR_RGB | 0x1c4a80, 8, 4},
		{COLOR_RGB | 0xff79c6, 8, 5},
		{COLOR_RGB | 0x88c0d0, 8, 6},
		{COLOR_RGB | 0xcd0000, 16, 1},
		{COLOR_RGB | 0xff0000, 16, 9},
		{160, 16, 1},
		{34, 8, 2},
		{9, 8, 1},
		{12, 8, 4},
		/* Greys, among them the pale and the dark that have a tint. */
		{COLOR_RGB | 0xd8dee9, 16, 7},
		{COLOR_RGB | 0xebdbb2, 16, 7},
		{COLOR_RGB | 0xf8f8f2, 16, 15},
		{COLOR_RGB | 0x586e75, 16, 8},
		{COLOR_RGB | 0x002b36, 16, 0},
		{COLOR_RGB | 0x6e7781, 8, 7},
		{244, 16, 8},
		{233, 8, 0},
		{COLOR_RGB | 0xff0000, 0, COLOR_DEFAULT},
		{1, 0, COLOR_DEFAULT},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(rows); i++)
		if (theme_reduce(rows[i].color, rows[i].colors) != rows[i].nearest)
			fail_msg("%x at %d: %d instead of %d", (unsigned)rows[i].color,
				 rows[i].colors, theme_reduce(rows[i].color, rows[i].colors),
				 rows[i].nearest);
}

static void equal_colours_are_never_shown(void **state)
{
	struct fixture *f = *state;

	assert_true(parse(f, "good green on green\nbad black on black\nbusy #00d000 on #00cc00\n"
			     "drift #101010 on #303030\noff black\nkey on blue\nmatch on white\n"
			     "prompt bright-white on #1a1a1a"));
	assert_look(theme_look(&f->theme, ROLE_good, ROLE_text, 16), 2, COLOR_DEFAULT, 0);
	assert_look(theme_look(&f->theme, ROLE_busy, ROLE_text, 256), 40, COLOR_DEFAULT, 0);
	/* Black on black: nothing of it can stay. */
	assert_look(theme_look(&f->theme, ROLE_bad, ROLE_text, 16), COLOR_DEFAULT, COLOR_DEFAULT,
		    LOOK_REVERSE);
	assert_look(theme_look(&f->theme, ROLE_drift, ROLE_text, 8), COLOR_DEFAULT, COLOR_DEFAULT,
		    LOOK_REVERSE);
	assert_look(theme_look(&f->theme, ROLE_off, ROLE_text, 8), COLOR_DEFAULT, COLOR_DEFAULT,
		    LOOK_DIM);
	/* The terminal's own text colour is unknown: on a background of ours it is black or white.
	 */
	assert_look(theme_look(&f->theme, ROLE_key, ROLE_text, 16), 15, 4, 0);
	assert_look(theme_look(&f->theme, ROLE_key, ROLE_text, 8), 7, 4, 0);
	assert_look(theme_look(&f->theme, ROLE_match, ROLE_text, 8), 0, 7, 0);
	assert_look(theme_look(&f->theme, ROLE_prompt, ROLE_text, 8), 7, 0, 0);
	/* A theme that nobody can read as a whole. */
	assert_true(parse(f, "background #000000\ntext #050505"));
	assert_look(theme_look(&f->theme, ROLE_text, ROLE_text, 256), COLOR_DEFAULT, COLOR_DEFAULT,
		    0);
}

static void grey_stays_behind_the_text(void **state)
{
	struct fixture *f = *state;

	assert_true(parse(f, "dim bright-black\ngood bright-green"));
	assert_look(theme_look(&f->theme, ROLE_dim, ROLE_text, 16), 8, COLOR_DEFAULT, 0);
	assert_look(theme_look(&f->theme, ROLE_dim, ROLE_text, 8), COLOR_DEFAULT, COLOR_DEFAULT,
		    LOOK_DIM);
	assert_int_equal(theme_look(&f->theme, ROLE_good, ROLE_text, 8).attrs, 0);
	assert_true(parse(f, "text white\ndim #808080\nbad #ff0000"));
	assert_look(theme_look(&f->theme, ROLE_dim, ROLE_text, 8), 7, COLOR_DEFAULT, LOOK_DIM);
	assert_int_equal(theme_look(&f->theme, ROLE_dim, ROLE_text, 256).attrs, 0);
	/* A colour that cannot be read is bold text. */
	assert_true(parse(f, "text #202020\ndrift yellow\ndim #cccccc"));
	assert_look(theme_look(&f->theme, ROLE_drift, ROLE_text, 16), 0, COLOR_DEFAULT, LOOK_BOLD);
	assert_look(theme_look(&f->theme, ROLE_dim, ROLE_text, 16), 0, COLOR_DEFAULT, LOOK_DIM);
}

static void the_selection_is_seen(void **state)
{
	struct fixture *f = *state;

	/* What lies over gives its background, and its foreground to plain or unreadable text. */
	assert_true(parse(f,
			  "text white\ngood bright-green\nbad red\nselected bright-white on blue\n"
			  "selected_other on #202020\nrelated on #181818"));
	assert_look(theme_look(&f->theme, ROLE_text, ROLE_selected, 16), 15, 4, 0);
	assert_look(theme_look(&f->theme, ROLE_good, ROLE_selected, 16), 10, 4, 0);
	assert_look(theme_look(&f->theme, ROLE_bad, ROLE_selected, 16), 15, 4, 0);
	assert_look(theme_look(&f->theme, ROLE_good, ROLE_selected_other, 8), 2, COLOR_DEFAULT,
		    LOOK_UNDERLINE);
	assert_look(theme_look(&f->theme, ROLE_good, ROLE_related, 8), 2, COLOR_DEFAULT, LOOK_BOLD);
	/* Two that become the same: the lesser one gives way. */
	assert_true(parse(f, "selected on #585858\nselected_other on #484848\nrelated on #383838"));
	assert_int_equal(theme_look(&f->theme, ROLE_text, ROLE_selected, 16).bg, 8);
	assert_look(theme_look(&f->theme, ROLE_text, ROLE_selected_other, 16), COLOR_DEFAULT,
		    COLOR_DEFAULT, LOOK_UNDERLINE);
	assert_int_equal(theme_look(&f->theme, ROLE_text, ROLE_related, 256).bg, 237);
	/* Not named at all, or lost: a row in reverse, of one colour. */
	assert_true(parse(f, "text\ngood green\ndim bright-black dim"));
	assert_look(theme_look(&f->theme, ROLE_good, ROLE_selected, 256), COLOR_DEFAULT,
		    COLOR_DEFAULT, LOOK_REVERSE);
	assert_look(theme_look(&f->theme, ROLE_dim, ROLE_selected, 8), COLOR_DEFAULT, COLOR_DEFAULT,
		    LOOK_REVERSE);
	assert_look(theme_look(&f->theme, ROLE_good, ROLE_related, 256), 2, COLOR_DEFAULT, 0);
	/* The order of drawing is not asked for what is no role. */
	assert_look(theme_look(&f->theme, ROLE_good, -1, 256), 2, COLOR_DEFAULT, 0);
	assert_look(theme_look(&f->theme, ROLE_good, ROLE_ANSI + 3, 256), 2, COLOR_DEFAULT, 0);
	assert_look(theme_look(&f->theme, 99, ROLE_text, 256), COLOR_DEFAULT, COLOR_DEFAULT, 0);
}

static void mono_has_attributes_only(void **state)
{
	struct fixture *f = *state;

	assert_true(parse(f, "text white\ngood green bold\nkey black on cyan\ndim dim\n"
			     "selected on blue\nrelated on 236\nmatch underline"));
	assert_look(theme_look(&f->theme, ROLE_good, ROLE_text, 0), COLOR_DEFAULT, COLOR_DEFAULT,
		    LOOK_BOLD);
	assert_look(theme_look(&f->theme, ROLE_key, ROLE_text, 0), COLOR_DEFAULT, COLOR_DEFAULT,
		    LOOK_REVERSE);
	assert_look(theme_look(&f->theme, ROLE_good, ROLE_selected, 0), COLOR_DEFAULT,
		    COLOR_DEFAULT, LOOK_BOLD | LOOK_REVERSE);
	assert_look(theme_look(&f->theme, ROLE_dim, ROLE_selected, 2), COLOR_DEFAULT, COLOR_DEFAULT,
		    LOOK_REVERSE);
	assert_look(theme_look(&f->theme, ROLE_match, ROLE_selected_other, 0), COLOR_DEFAULT,
		    COLOR_DEFAULT, LOOK_UNDERLINE);
	assert_look(theme_look(&f->theme, ROLE_text, ROLE_related, 0), COLOR_DEFAULT, COLOR_DEFAULT,
		    LOOK_BOLD);
	assert_look(theme_look(&f->theme, ROLE_ANSI + 1, ROLE_text, 0), COLOR_DEFAULT,
		    COLOR_DEFAULT, 0);
}

static void colours_of_programs_are_their_own(void **state)
{
	struct fixture *f = *state;

	read_shipped(f, "default");
	assert_look(theme_look(&f->theme, ROLE_ANSI + 2, ROLE_text, 256), 2, COLOR_DEFAULT, 0);
	/* Unless nobody could read them. */
	assert_look(theme_look(&f->theme, ROLE_ANSI + 0, ROLE_text, 256), COLOR_DEFAULT,
		    COLOR_DEFAULT, LOOK_DIM);
}

static void themes_are_checked(void **state)
{
	struct fixture *f = *state;
	int fallen = 0, unreadable = 0;

	assert_true(parse(f, "text\ngood #002000\nbad #300000 on #002000\nselected on blue"));
	theme_check(&f->theme, &f->problems, f->arena);
	for (size_t i = 0; i < f->problems.count; i++) {
		const struct problem *p = &f->problems.items[i];

		assert_int_equal(p->severity, SEVERITY_NOTE);
		assert_string_equal(p->place.file, "mine");
		fallen += strstr(p->msg, "is not named") != NULL;
		unreadable += strstr(p->msg, "told apart with 256, 16, 8 colours") != NULL;
	}
	assert_int_equal(fallen, ROLE_COUNT - 4);
	assert_int_equal(unreadable, 2);
	assert_string_equal(f->problems.items[0].msg, "dim is not named: like text");
}

/* --- the themes that come with the program --- */

static void the_built_in_theme_is_the_file(void **state)
{
	struct fixture *f = *state;
	struct theme known;

	theme_default(&known);
	read_shipped(f, "default");
	assert_string_equal(known.name, "default");
	assert_int_equal(known.background, f->theme.background);
	assert_memory_equal(known.looks, f->theme.looks, sizeof known.looks);
	assert_memory_equal(known.own, f->theme.own, sizeof known.own);
}

static void assert_readable(const struct theme *theme, int role, int over, int colors)
{
	struct look look = theme_look(theme, role, over, colors);
	double least = colors >= 256 && role < ROLE_ANSI ? 2.4 : 1.9;

	if (!is_readable(look, !strcmp(theme->name, "light"), least))
		fail_msg("%s: %d over %d at %d: %d on %d", theme->name, role, over, colors, look.fg,
			 look.bg);
}

static void every_role_can_be_read(void **state)
{
	struct fixture *f = *state;

	for (size_t t = 0; t < SIZE(shipped); t++) {
		read_shipped(f, shipped[t]);
		for (int role = 0; role < ROLE_END; role++) {
			assert_true(role >= ROLE_COUNT || f->theme.own[role]);
			for (size_t d = 0; d < SIZE(depths); d++)
				for (size_t o = 0; o < SIZE(overs); o++)
					assert_readable(&f->theme, role, overs[o], depths[d]);
		}
	}
}

static void assert_differ(const struct theme *theme, const int *a, const int *b, int colors)
{
	struct look x = theme_look(theme, a[0], a[1], colors);
	struct look y = theme_look(theme, b[0], b[1], colors);

	if (x.fg == y.fg && x.bg == y.bg && x.attrs == y.attrs)
		fail_msg("%s: %d over %d looks like %d over %d at %d", theme->name, a[0], a[1],
			 b[0], b[1], colors);
}

/* Be it by an attribute. */
static void what_matters_is_told_apart(void **state)
{
	static const int pairs[][2][2] = {
		{{ROLE_good}, {ROLE_bad}},     {{ROLE_good}, {ROLE_drift}},
		{{ROLE_drift}, {ROLE_bad}},    {{ROLE_text}, {ROLE_bad}},
		{{ROLE_tab}, {ROLE_tab_open}}, {{ROLE_title}, {ROLE_title_focus}},
		{{ROLE_add}, {ROLE_change}},   {{ROLE_text}, {ROLE_match}},
	};
	struct fixture *f = *state;

	for (size_t t = 0; t < SIZE(shipped); t++) {
		read_shipped(f, shipped[t]);
		for (size_t d = 0; d < SIZE(depths); d++) {
			for (size_t i = 0; i < SIZE(pairs); i++)
				assert_differ(&f->theme, pairs[i][0], pairs[i][1], depths[d]);
			for (size_t a = 0; a < SIZE(overs); a++)
				for (size_t b = 0; b < a; b++)
					assert_differ(&f->theme, (int[]){ROLE_text, overs[a]},
						      (int[]){ROLE_text, overs[b]}, depths[d]);
		}
	}
}

static void errors_are_red(void **state)
{
	struct fixture *f = *state;

	for (size_t t = 0; t < SIZE(shipped); t++) {
		if (!strcmp(shipped[t], "mono"))
			continue;
		read_shipped(f, shipped[t]);
		for (size_t d = 0; d < SIZE(depths); d++) {
			int fg = theme_look(&f->theme, ROLE_bad, ROLE_text, depths[d]).fg;
			double c[3];

			assert_true(fg != COLOR_DEFAULT);
			rgb_of(fg, c);
			assert_true(c[0] > c[1] * 1.5 && c[0] > c[2] * 1.5);
		}
	}
}

static void mono_uses_no_colour(void **state)
{
	struct fixture *f = *state;

	read_shipped(f, "mono");
	for (int role = 0; role < ROLE_COUNT; role++)
		assert_look(f->theme.looks[role], COLOR_DEFAULT, COLOR_DEFAULT,
			    f->theme.looks[role].attrs &
				    (LOOK_BOLD | LOOK_UNDERLINE | LOOK_REVERSE));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_theme_is_read),
		TEST(the_screen_has_a_background),
		TEST(mistakes_have_places_and_hints),
		TEST(the_rest_of_a_bad_line_counts),
		TEST(what_is_no_theme_leaves_the_default),
		TEST(a_long_name_is_cut),
		TEST(a_theme_builds_on_its_parent),
		TEST(colours_are_brought_down),
		TEST(equal_colours_are_never_shown),
		TEST(grey_stays_behind_the_text),
		TEST(the_selection_is_seen),
		TEST(mono_has_attributes_only),
		TEST(colours_of_programs_are_their_own),
		TEST(themes_are_checked),
		TEST(the_built_in_theme_is_the_file),
		TEST(every_role_can_be_read),
		TEST(what_matters_is_told_apart),
		TEST(errors_are_red),
		TEST(mono_uses_no_colour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
