/*
 * What a cell looks like: a theme's colours brought down to what a terminal has, so that what lies
 * over a row is seen and every text can be read. Pure.
 */
#include "ui/theme.h"

#include <stdint.h>

#define SIZE(array) (sizeof(array) / sizeof(array)[0])

enum {
	READABLE = 200,	 /* least contrast in percent, of luminances; */
	CLEAR = 250,	 /* for a colour to be kept on the selected row */
	GREY_RANGE = 32, /* a colour whose components are nearer together counts as a grey, */
	GREY_DARK = 96,	 /* and so does one that has none as bright as this, */
	GREY_PALE = 200, /* and a pale one brighter than this */
};

/* What a row has in its stead when the background over it cannot be shown; what matters more comes
 * first. */
static const struct {
	enum role over;
	unsigned attrs;
} lost_backgrounds[] = {
	{ROLE_selected, LOOK_REVERSE},
	{ROLE_selected_other, LOOK_UNDERLINE},
	{ROLE_related, LOOK_BOLD},
};

/* --- colours --- */

struct rgb {
	int r, g, b;
};

static const int cube_levels[6] = {0, 95, 135, 175, 215, 255};

/* What a colour most likely is: the first 16 as xterm has them (the grey as most others), the rest
 * is fixed. */
static struct rgb color_rgb(int color)
{
	static const uint32_t first[16] = {
		0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
		0x4d4d4d, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
	};

	if (color >= 232 && color < 256) {
		int grey = 8 + 10 * (color - 232);

		return (struct rgb){grey, grey, grey};
	}
	if (color >= 16 && color < 232) {
		color -= 16;
		return (struct rgb){cube_levels[color / 36], cube_levels[color / 6 % 6],
				    cube_levels[color % 6]};
	}
	uint32_t rgb = color >= 0 && color < 16 ? first[color] : (uint32_t)color;
	return (struct rgb){rgb >> 16 & 0xff, rgb >> 8 & 0xff, rgb & 0xff};
}

static long squared(long value)
{
	return value * value;
}

static int luma(struct rgb c)
{
	return (299 * c.r + 587 * c.g + 114 * c.b) / 1000;
}

/* How far apart two colours look: in brightness, in red and blue against it. */
static long color_distance(struct rgb a, struct rgb b)
{
	int light = luma(a) - luma(b);

	return 2 * squared(light) + squared(a.r - b.r - light) + squared(a.b - b.b - light);
}

static int least(struct rgb c)
{
	int low = c.r < c.g ? c.r : c.g;

	return low < c.b ? low : c.b;
}

static int most(struct rgb c)
{
	int high = c.r > c.g ? c.r : c.g;

	return high > c.b ? high : c.b;
}

static bool is_grey(struct rgb c)
{
	int range = most(c) - least(c);

	return range < GREY_RANGE || most(c) < GREY_DARK ||
	       (luma(c) > GREY_PALE && range * 4 < most(c));
}

/* The hue alone, as the full colour. */
static struct rgb hue(struct rgb c)
{
	int low = least(c), range = most(c) - low;

	return (struct rgb){(c.r - low) * 255 / range, (c.g - low) * 255 / range,
			    (c.b - low) * 255 / range};
}

/* Among so few, the hue counts, and then the brightness: a pale red is to be red, not grey. */
static long basic_distance(struct rgb a, struct rgb b)
{
	long light = squared(luma(a) - luma(b));

	if (is_grey(a) || is_grey(b))
		return is_grey(a) && is_grey(b) ? light : light + squared(1000);
	struct rgb x = hue(a), y = hue(b);
	return squared(x.r - y.r) + squared(x.g - y.g) + squared(x.b - y.b) + light;
}

/* A search for the nearest of some colours. */
struct nearest {
	int color;
	long distance;
};

static void nearest_offer(struct nearest *nearest, int color, long distance)
{
	if (nearest->color >= 0 && distance >= nearest->distance)
		return;
	nearest->color = color;
	nearest->distance = distance;
}

/* The level of the cube at or below a component, but the highest, which has none above. */
static int level_below(int value)
{
	int level = 0;

	while (level < 4 && cube_levels[level + 1] <= value)
		level++;
	return level;
}

/* Among the eight colours of the cube that are around it, and two greys. Of the 256 the first 16
 * are the user's own: nobody knows what they look like. */
static int reduce_to_256(struct rgb c)
{
	struct nearest nearest = {.color = -1};
	int base = 16 + 36 * level_below(c.r) + 6 * level_below(c.g) + level_below(c.b);
	int grey = luma(c) < 8 ? 0 : (luma(c) - 8) / 10;

	for (int i = 0; i < 8; i++) {
		int one = base + 36 * (i >> 2) + 6 * (i >> 1 & 1) + (i & 1);

		nearest_offer(&nearest, one, color_distance(c, color_rgb(one)));
	}
	for (int i = grey; i <= grey + 1 && i < 24; i++)
		nearest_offer(&nearest, 232 + i, color_distance(c, color_rgb(232 + i)));
	return nearest.color;
}

int theme_reduce(int color, int colors)
{
	int count = colors >= 256 ? 256 : colors >= 16 ? 16 : 8;
	struct nearest nearest = {.color = -1};

	if (colors < 8)
		return COLOR_DEFAULT;
	if (color < count || colors >= COLOR_RGB)
		return color;
	struct rgb rgb = color_rgb(color);
	if (count == 256)
		return reduce_to_256(rgb);
	for (int i = 0; i < count; i++)
		nearest_offer(&nearest, i, basic_distance(rgb, color_rgb(i)));
	return nearest.color;
}

/* --- what can be read --- */

/* 0..10000; the gamma of 2 is near enough. */
static long luminance(int color)
{
	struct rgb c = color_rgb(color);

	return (2126 * squared(c.r) + 7152 * squared(c.g) + 722 * squared(c.b)) / 65025;
}

/* As in WCAG 2: (lighter + 0.05) / (darker + 0.05), in percent. */
static long contrast(int a, int b)
{
	long x = luminance(a) + 500, y = luminance(b) + 500;

	return 100 * (x > y ? x : y) / (x > y ? y : x);
}

/* Whether the theme is made for a light screen: what it leaves to the terminal is guessed so. */
static bool is_light(const struct theme *theme)
{
	if (theme->background != COLOR_DEFAULT)
		return luma(color_rgb(theme->background)) > 127;
	int text = theme->looks[ROLE_text].fg;
	return text != COLOR_DEFAULT && luma(color_rgb(text)) < 100;
}

static int likely_fg(const struct theme *theme, int fg)
{
	if (fg != COLOR_DEFAULT)
		return fg;
	return is_light(theme) ? 0 : 7;
}

static int likely_bg(const struct theme *theme, int bg)
{
	if (bg != COLOR_DEFAULT)
		return bg;
	return is_light(theme) ? 15 : 0;
}

static bool told_apart(const struct theme *theme, int fg, int bg)
{
	if (fg == COLOR_DEFAULT && bg == COLOR_DEFAULT)
		return true;
	return contrast(likely_fg(theme, fg), likely_bg(theme, bg)) >= READABLE;
}

/* Black or white, whichever can be read there. */
static int fg_for(int bg, int colors)
{
	int white = colors >= 16 ? 15 : 7;

	return contrast(white, bg) >= contrast(0, bg) ? white : 0;
}

/* A grey that is less bright than the text, by a third at least. */
static bool is_dimmer(const struct theme *theme, int fg)
{
	int ground = likely_bg(theme, theme->background);
	int text = likely_fg(theme, theme->looks[ROLE_text].fg);

	return fg != COLOR_DEFAULT && is_grey(color_rgb(fg)) &&
	       contrast(fg, ground) * 3 < contrast(text, ground) * 2;
}

/* --- looks --- */

/* The background of the screen. Among few colours it is black or white: a grey one would leave no
 * room for what lies over it. */
static int ground_of(const struct theme *theme, int colors)
{
	if (theme->background == COLOR_DEFAULT || colors >= 256)
		return theme_reduce(theme->background, colors);
	return !is_light(theme) ? 0 : colors >= 16 ? 15 : 7;
}

static struct look reduced(const struct theme *theme, struct look look, int colors)
{
	look.bg = look.bg == theme->background ? ground_of(theme, colors)
					       : theme_reduce(look.bg, colors);
	look.fg = theme_reduce(look.fg, colors);
	return look;
}

/* As the role is written, in all its colours. */
static struct look look_of(const struct theme *theme, int role)
{
	if (role >= 0 && role < ROLE_COUNT)
		return theme->looks[role];
	struct look text = theme->looks[ROLE_text];
	if (role >= ROLE_ANSI && role < ROLE_END)
		text.fg = role - ROLE_ANSI;
	return text;
}

/* Text on the background of the screen; both default when the theme has them so that nobody can
 * read it. */
static struct look plain(const struct theme *theme, int colors)
{
	struct look look = reduced(
		theme, (struct look){theme->looks[ROLE_text].fg, theme->background, 0}, colors);

	if (told_apart(theme, look.fg, look.bg))
		return look;
	return (struct look){COLOR_DEFAULT, COLOR_DEFAULT, 0};
}

static unsigned lost_attrs(int over)
{
	for (size_t i = 0; i < SIZE(lost_backgrounds); i++)
		if ((int)lost_backgrounds[i].over == over)
			return lost_backgrounds[i].attrs;
	return LOOK_REVERSE;
}

static struct look look_mono(const struct theme *theme, int role, int over)
{
	struct look raw = look_of(theme, role);
	unsigned attrs = raw.attrs;

	if (raw.bg != theme->background)
		attrs |= LOOK_REVERSE;
	if (over != ROLE_text) {
		struct look lies = look_of(theme, over);
		bool bare = lies.bg != theme->background && !lies.attrs;

		attrs |= lies.attrs;
		if (bare || over == ROLE_selected)
			attrs |= lost_attrs(over);
	}
	/* Reverse and dim at once is mud. */
	if (attrs & LOOK_REVERSE)
		attrs &= ~(unsigned)LOOK_DIM;
	return (struct look){COLOR_DEFAULT, COLOR_DEFAULT, attrs};
}

/* A whole row in reverse is of one colour: roles of their own would make it a patchwork. */
static struct look row_reverse(const struct theme *theme, unsigned attrs, int colors)
{
	struct look look = plain(theme, colors);

	look.attrs = (attrs & ~(unsigned)LOOK_DIM) | LOOK_REVERSE;
	return look;
}

/* Whether the background of what lies over a row differs, in so few colours, from that of the
 * screen and of what matters more. */
static bool is_seen(const struct theme *theme, int over, int colors)
{
	int raw = look_of(theme, over).bg, bg = theme_reduce(raw, colors);

	if (bg == theme_reduce(likely_bg(theme, ground_of(theme, colors)), colors))
		return false;
	for (size_t i = 0; i < SIZE(lost_backgrounds); i++) {
		int other = theme->looks[lost_backgrounds[i].over].bg;

		if ((int)lost_backgrounds[i].over == over)
			break;
		if (other != raw && theme_reduce(other, colors) == bg)
			return false;
	}
	return true;
}

static struct look lay_over(const struct theme *theme, struct look look, int role, int over,
			    int colors)
{
	struct look raw = look_of(theme, over), lies = reduced(theme, raw, colors);
	bool has_bg = raw.bg != theme->background, seen = has_bg && is_seen(theme, over, colors);
	unsigned attrs = look.attrs | lies.attrs;

	if (has_bg && !seen)
		attrs |= lost_attrs(over);
	if (!seen && over == ROLE_selected)
		attrs |= LOOK_REVERSE;
	if (attrs & ~look.attrs & LOOK_REVERSE)
		return row_reverse(theme, attrs, colors);
	look.attrs = attrs;
	if (!seen)
		return look;
	look.bg = lies.bg;
	if (look_of(theme, role).fg == theme->looks[ROLE_text].fg ||
	    contrast(likely_fg(theme, look.fg), likely_bg(theme, look.bg)) < CLEAR) {
		look.fg = lies.fg;
		look.attrs &= ~(unsigned)LOOK_DIM;
	}
	if (look.bg != COLOR_DEFAULT &&
	    (look.fg == COLOR_DEFAULT || !told_apart(theme, look.fg, look.bg)))
		look.fg = fg_for(look.bg, colors);
	return look;
}

/* A look that can be read: its own, or without its background, or in reverse. A colour that had to
 * go is bold, a grey dim. */
static struct look make_readable(const struct theme *theme, struct look look, int role, int colors)
{
	struct look raw = look_of(theme, role), bare = plain(theme, colors);
	bool has_bg = raw.bg != theme->background;

	/* The terminal's own text colour may be any: not on a background that is known. */
	if (look.fg == COLOR_DEFAULT && look.bg != COLOR_DEFAULT)
		look.fg = fg_for(look.bg, colors);
	if (told_apart(theme, look.fg, look.bg))
		return look;
	if (has_bg && told_apart(theme, look.fg, bare.bg)) {
		look.bg = bare.bg;
		return look;
	}
	bare.attrs = look.attrs;
	if (has_bg)
		bare.attrs |= LOOK_REVERSE;
	else if (is_dimmer(theme, raw.fg))
		bare.attrs |= LOOK_DIM;
	else if (raw.fg != theme->looks[ROLE_text].fg)
		bare.attrs |= LOOK_BOLD;
	return bare;
}

struct look theme_look(const struct theme *theme, int role, int over, int colors)
{
	if (over < 0 || over >= ROLE_COUNT)
		over = ROLE_text;
	if (colors < 8)
		return look_mono(theme, role, over);
	struct look raw = look_of(theme, role), look = reduced(theme, raw, colors);
	int text = likely_fg(theme, theme->looks[ROLE_text].fg);

	/* What is less bright than the text stays so where there is no colour for it. */
	if (colors < 256 && look.fg == theme_reduce(text, colors) && is_dimmer(theme, raw.fg))
		look.attrs |= LOOK_DIM;
	look = make_readable(theme, look, role, colors);
	return over == ROLE_text ? look : lay_over(theme, look, role, over, colors);
}

static void check_role(const struct theme *theme, int role, struct place place,
		       struct problems *problems)
{
	static const int depths[] = {256, 16, 8};
	struct look raw = theme->looks[role];
	/* Among few colours such a grey is dim text: as good as it was. */
	bool is_dim = is_dimmer(theme, raw.fg) && told_apart(theme, raw.fg, raw.bg);
	struct str where = STR_INIT;

	for (size_t i = 0; i < SIZE(depths); i++) {
		struct look look = reduced(theme, raw, depths[i]);

		if (!told_apart(theme, look.fg, look.bg) && !is_dim)
			str_addf(&where, "%s%d", where.len ? ", " : "", depths[i]);
	}
	if (where.len)
		problems_add(problems, SEVERITY_NOTE, place,
			     "%s: text and background cannot be told apart with %s colours; "
			     "another look is shown there",
			     role_names[role], where.p);
	str_release(&where);
}

void theme_check(const struct theme *theme, struct problems *problems, struct arena *arena)
{
	struct place place = {.file = arena_strdup(arena, theme->name)};

	for (int role = 0; role < ROLE_COUNT; role++) {
		if (theme->own[role])
			check_role(theme, role, place, problems);
		else if (role != ROLE_text)
			problems_add(problems, SEVERITY_NOTE, place, "%s is not named: like %s",
				     role_names[role], role_names[role_fallbacks[role]]);
	}
}
