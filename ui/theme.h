/*
 * Themes: files in themes/ (and ~/.config/kata-tui/themes/), one line per role:
 *
 *     role [foreground] [on background] [bold] [dim] [underline] [reverse] [italic]
 *
 * Colours are the 16 names (black, red, ... bright-white), 0..255, #rrggbb, or `default`. Lines
 * that begin with # are comments; `background default|#rrggbb` and `parent NAME` are settings.
 * A role without a foreground has that of `text`, without a background that of the screen. What
 * a row lies under (`selected` and the like) gives its background, and its foreground to text
 * that has no colour of its own or could not be read there.
 */
#ifndef KATA_UI_THEME_H
#define KATA_UI_THEME_H

#include <stdbool.h>

#include "kata/problem.h"
#include "ui/cells.h"

enum { LOOK_BOLD = 1, LOOK_DIM = 2, LOOK_UNDERLINE = 4, LOOK_REVERSE = 8, LOOK_ITALIC = 16 };
/* Colours: -1 the terminal's own, 0..255 of the palette, or COLOR_RGB | 0xrrggbb. */
enum { COLOR_DEFAULT = -1, COLOR_RGB = 1 << 24 };

struct look {
	int fg, bg;
	unsigned attrs;
};

enum { THEME_NAME = 64 };

struct theme {
	char name[THEME_NAME];
	int background; /* of the screen: what a role has that names none */
	struct look looks[ROLE_COUNT];
	bool own[ROLE_COUNT]; /* named by the file, not by a fallback */
};

/* How many colours there are to show: 0 mono, 8, 16, 256, or 1 << 24. */

/* Reads a theme from text. Problems (file:line, nearest role name) are added to `problems`; what
 * could be read is in *out, the rest falls back. False: nothing of it can be used. */
bool theme_parse(struct theme *out, const char *name, const char *text, struct problems *problems,
		 struct arena *arena);
/* The same on another theme, as `parent` says: roles that the text does not name are the parent's.
 * theme_parse() knows `parent default` alone. */
bool theme_parse_on(struct theme *out, const struct theme *parent, const char *name,
		    const char *text, struct problems *problems, struct arena *arena);
/* The theme that a text builds on: letters, digits, _ and - only. False: on none. Whoever reads
 * the files goes from parent to parent, and no more than a few steps. */
bool theme_parent(const char *text, char name[THEME_NAME]);
/* What a cell looks like: its role with, if any, the background of what lies over it; brought down
 * to `colors`. In mono `selected` is reverse, and foreground never equals background: where both
 * come out equal, the background goes. */
struct look theme_look(const struct theme *theme, int role, int over, int colors);
/* Nearest colour of the 256, 16 or 8. */
int theme_reduce(int color, int colors);
/* What a person should know: roles that fall back, looks whose foreground and background cannot be
 * told apart with 8, 16, 256 colours. One note each. */
void theme_check(const struct theme *theme, struct problems *problems, struct arena *arena);
/* The one that is built in, for when no file can be read. */
void theme_default(struct theme *out);

#endif
