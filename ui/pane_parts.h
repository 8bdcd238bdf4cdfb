/*
 * What the files of the pane (pane.c, pane_move.c, pane_draw.c, ...) share; nobody else includes
 * it.
 */
#ifndef KATA_UI_PANE_PARTS_H
#define KATA_UI_PANE_PARTS_H

#include "ui/pane.h"

/* Text with a role for each byte. */
struct picture {
	struct str text, roles;
};
#define PICTURE_INIT                                                                               \
	{                                                                                          \
		STR_INIT, STR_INIT                                                                 \
	}
void picture_release(struct picture *picture);
void picture_add(struct picture *picture, enum role role, const char *text, size_t len);
void picture_clear(struct picture *picture);
void pane_append_picture(struct pane *pane, struct line *line, const struct picture *picture);

/* Brings the visible lines up to date, with cursor and top inside them. */
void pane_sync(struct pane *pane);
/* Visible line `at`; it must be there. */
struct line *pane_shown(const struct pane *pane, size_t at);
/* The last visible line that is no later than this one (or the first). */
size_t pane_shown_near(const struct pane *pane, uint64_t serial);
/* Whether it is drawn shut: a filter looks into folds. */
bool pane_is_shut(const struct pane *pane, const struct line *line);
/* Memory that the line has from now on. */
void pane_charge(struct pane *pane, struct line *line, size_t bytes);
/* What stands for the members of a shut line: "{…} 3 keys". */
void pane_add_summary(struct str *out, const struct line *line, const char *ellipsis);

/* A text that is looked for. */
struct words {
	const char *text;
	size_t len;
	bool exact; /* case counts */
};
struct words words_make(const char *text, size_t len);
/* Where it first is at or after `from`; `len` when nowhere. */
size_t words_find(const struct words *words, const char *text, size_t len, size_t from);

/* A line as it is shown: safe, tabs as blanks, shut folds summed up, matches marked. Only as much
 * of it as `columns` can need (0: all). */
void pane_picture(struct picture *out, const struct pane *pane, const struct line *line,
		  size_t columns);
/* Where the row that begins at `from` ends, and the next begins. */
size_t pane_row(const struct str *text, size_t from, int width, size_t *next);
/* Rows of a line in the width of the last draw. */
size_t pane_rows(const struct pane *pane, const struct line *line);
/* Puts the top so that the cursor is seen and nothing below the end is. */
void pane_settle(struct pane *pane);

#endif
