/*
 * The picture: a grid of cells, each a text, a role and what lies over it; no colour, no terminal.
 * Everything draws into areas (clipped rectangles) of one grid; term.c shows it, tests read it.
 * All text goes through area_text(), which makes it safe (text_safe): nothing from outside reaches
 * a terminal unfiltered.
 */
#ifndef KATA_UI_CELLS_H
#define KATA_UI_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kata/memory.h"

/* Roles: what a cell means. Themes give each a look; one that a theme does not name looks like its
 * fallback (ROLE(name, fallback, what it is for)). TEXT is its own fallback. */
#define UI_ROLES(ROLE)                                                                             \
	ROLE(text, text, "plain text")                                                             \
	ROLE(dim, text, "foreign things, ages, what matters less")                                 \
	ROLE(title, text, "titles of panes")                                                       \
	ROLE(title_focus, title, "title of the pane that has the keys")                            \
	ROLE(border, dim, "lines around panes")                                                    \
	ROLE(border_focus, border, "lines around the pane that has the keys")                      \
	ROLE(header, text, "first line of the screen")                                             \
	ROLE(header_name, header, "name of the program and host")                                  \
	ROLE(column, dim, "heads of columns")                                                      \
	ROLE(key, title, "keys in the key bar")                                                    \
	ROLE(key_text, text, "what they do")                                                       \
	ROLE(good, text, "running, healthy, in sync")                                              \
	ROLE(busy, text, "starting, in progress")                                                  \
	ROLE(drift, text, "pending changes, drift")                                                \
	ROLE(bad, text, "failed, unhealthy, error")                                                \
	ROLE(off, dim, "stopped, not there")                                                       \
	ROLE(add, good, "added lines of a diff")                                                   \
	ROLE(change, drift, "changed lines of a diff")                                             \
	ROLE(remove, bad, "removed lines of a diff")                                               \
	ROLE(json_key, title, "keys of JSON and YAML")                                             \
	ROLE(json_text, good, "strings")                                                           \
	ROLE(json_number, change, "numbers")                                                       \
	ROLE(json_word, busy, "true, false, null; aliases")                                        \
	ROLE(comment, dim, "comments, time stamps")                                                \
	ROLE(match, title, "what a search found")                                                  \
	ROLE(prompt, text, "the prompt line")                                                      \
	ROLE(dialog, text, "dialogs")                                                              \
	ROLE(dialog_title, title, "titles of dialogs")                                             \
	ROLE(danger, bad, "what a dialog says will be lost")                                       \
	ROLE(tab, dim, "tabs")                                                                     \
	ROLE(tab_open, title_focus, "the open tab")                                                \
	ROLE(selected, text, "background of the selected row")                                     \
	ROLE(selected_other, selected, "of the selected row in panes without the keys")            \
	ROLE(related, text, "background of rows that belong to the selection")                     \
	ROLE(marked, drift, "marked rows")                                                         \
	ROLE(service0, good, "services in logs, in turn")                                          \
	ROLE(service1, busy, "services in logs, in turn")                                          \
	ROLE(service2, drift, "services in logs, in turn")                                         \
	ROLE(service3, title, "services in logs, in turn")                                         \
	ROLE(service4, change, "services in logs, in turn")                                        \
	ROLE(service5, json_key, "services in logs, in turn")

enum role {
#define ROLE(name, fallback, use) ROLE_##name,
	UI_ROLES(ROLE)
#undef ROLE
		ROLE_COUNT,
	/* Colours that a program chose for its own log lines: ROLE_ANSI + 0..15. No theme names
	 * them. */
	ROLE_ANSI = ROLE_COUNT,
	ROLE_END = ROLE_ANSI + 16,
};
extern const char *const role_names[ROLE_COUNT]; /* "title_focus" */
extern const enum role role_fallbacks[ROLE_COUNT];

enum { CELL_BYTES = 20 }; /* one character with what combines with it; more is cut */

struct cell {
	char text[CELL_BYTES]; /* UTF-8, ends with 0; empty: the second half of the one before */
	uint8_t len;
	uint8_t role; /* enum role */
	uint8_t over; /* ROLE_text: nothing; else the role whose background lies over it */
};

struct cells {
	int h, w;
	struct cell *at;	/* h * w, by rows */
	int cursor_y, cursor_x; /* -1: no cursor */
	bool ascii;		/* draw lines and glyphs with ASCII */
};

void cells_init(struct cells *cells);
void cells_release(struct cells *cells);
/* A new size, all blank; any size from 1x1. */
void cells_resize(struct cells *cells, int h, int w);
void cells_clear(struct cells *cells);

/* A rectangle of the grid. All drawing is relative to it and never leaves it; a part may be empty
 * or lie outside: then nothing is drawn. Passed by value. */
struct area {
	struct cells *cells;
	int y, x, h, w;
};
struct area cells_area(struct cells *cells);
struct area area_part(struct area area, int y, int x, int h, int w); /* cut to fit */

void area_fill(struct area area, enum role role);
/* Puts text at (y, x), made safe, in as many columns as there are; returns the columns it takes
 * (cut: what was drawn). x < 0 cuts at the left (scrolled sideways). A character of two columns
 * that does not fit becomes a blank. A tab goes to the next multiple of 8 from the text's start. */
int area_text(struct area area, int y, int x, enum role role, const char *text);
int area_textn(struct area area, int y, int x, enum role role, const char *text, size_t len);
__attribute__((format(printf, 5, 6))) int area_printf(struct area area, int y, int x,
						      enum role role, const char *fmt, ...);
/* Text in exactly `width` columns from x: longer is cut with an ellipsis. right: aligned there. */
void area_field(struct area area, int y, int x, int width, bool right, enum role role,
		const char *text);
/* The background of a role over a row's part. */
void area_over(struct area area, int y, int x, int w, enum role over);
/* Another role for cells that are there already (matches of a search). */
void area_role(struct area area, int y, int x, int w, enum role role);
/* A frame along the edge with a title in its upper line. title may be NULL. */
void area_box(struct area area, enum role border, enum role title_role, const char *title);
/* The inside of a box. */
struct area area_inside(struct area area);
/* Where the cursor is to be. */
void area_cursor(struct area area, int y, int x);

/* Columns that safe text takes. */
int text_columns(const char *text, size_t len);

/* Glyphs with an ASCII form. */
enum glyph {
	GLYPH_ON,
	GLYPH_HALF,
	GLYPH_WARN,
	GLYPH_BAD,
	GLYPH_OFF,
	GLYPH_FOREIGN,
	GLYPH_OPEN,
	GLYPH_SHUT,
	GLYPH_MARK,
	GLYPH_UP,
	GLYPH_DOWN,
	GLYPH_ELLIPSIS,
	GLYPH_COUNT
};
const char *glyph(const struct cells *cells, enum glyph which);

/* The picture as text: rows with trailing blanks cut, each ended by a newline. */
void cells_dump(const struct cells *cells, struct str *out);
/* The roles as a second picture: one letter per cell ('.' for text), then a legend of those that
 * occur; "over" roles as a third. For golden tests. */
void cells_dump_roles(const struct cells *cells, struct str *out);

#endif
