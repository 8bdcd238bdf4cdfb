/*
 * Scrolled text: what the detail tabs show. A text pane holds lines made of spans with roles; it
 * scrolls, wraps, folds, searches and copies. Bounded in bytes: the oldest lines go first, counted.
 */
#ifndef KATA_UI_PANE_H
#define KATA_UI_PANE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kata/memory.h"
#include "ui/cells.h"

struct span {
	size_t at;	/* in the line's text */
	enum role role; /* from there on */
};

struct line {
	char *text; /* not safe yet: cells makes it so */
	size_t len;
	struct span *spans;
	size_t span_count;
	int depth; /* of folding: a line holds those after it that are deeper */
	bool folded;
	int number;	  /* shown at the left; 0: none */
	const char *path; /* what it is about (JSON path), or NULL; owned by the line */
	size_t members;	  /* of the JSON object or array that begins here; 0: none does */
	size_t cost;	  /* bytes it counts for; kept by the pane, as is the next */
	bool out;	  /* the filter keeps it out */
};

struct pane {
	struct line *lines; /* ring: use pane_line() */
	size_t first, count, cap;
	size_t bytes, max_bytes;
	uint64_t lost;	   /* lines that had to go */
	uint64_t hidden;   /* lines that the filter keeps out */
	size_t top;	   /* first visible line, counted in visible ones */
	size_t cursor;	   /* the line the keys act on, the same */
	int left;	   /* columns scrolled sideways */
	bool wrap, follow; /* follow: stays at the end while lines come */
	bool numbers;
	char *search, *filter;
	int height;
	const char *empty; /* said when there is no line; borrowed */

	/* For the pane's own code. A line's serial number is `lost` + its index; `shown` is a ring
	 * of the serial numbers of visible lines. */
	uint64_t *shown;
	size_t shown_first, shown_count, shown_cap;
	uint64_t indexed; /* lines below this serial number are in `shown` or hidden */
	int shut;	  /* depth of the shut line that holds the last indexed one, or -1 */
	bool stale;	  /* `shown` has to be made anew */
	uint64_t held;	  /* the line of the cursor when it was last made anew */
	int number_most;
	int width;   /* of the text at the last draw */
	bool ascii;  /* glyphs */
	size_t skip; /* rows of the top line that are scrolled off (wrapped) */
};

/* max_bytes 0: no bound. The newest line always stays, cut when it is longer than that. */
void pane_init(struct pane *pane, size_t max_bytes);
void pane_release(struct pane *pane);
/* No lines, at the top; settings, search and filter stay. */
void pane_clear(struct pane *pane);
/* All lines, visible or not. A line's address holds until the next one is added. */
size_t pane_count(const struct pane *pane);
struct line *pane_line(struct pane *pane, size_t index);
/* How many are visible, and the one at the cursor (NULL: none). */
size_t pane_visible(struct pane *pane);
struct line *pane_current(struct pane *pane);
/* A line of one role; then more text in others at its end. */
struct line *pane_add(struct pane *pane, enum role role, const char *text, size_t len);
void pane_append(struct pane *pane, struct line *line, enum role role, const char *text,
		 size_t len);
/* A line with colour sequences of its own: SGR colours and bold become roles, all other control
 * sequences vanish (CSI, OSC, DCS whole), other control characters stay for text_safe. */
struct line *pane_add_ansi(struct pane *pane, enum role role, const char *text, size_t len);
/* The same at a line's end. */
void pane_append_ansi(struct pane *pane, struct line *line, enum role role, const char *text,
		      size_t len);
void pane_add_text(struct pane *pane, enum role role, const char *text); /* many lines */
/* JSON, pretty, coloured, foldable, with paths ("routes/0/handle"). Opened down to `depth`. */
void pane_add_json(struct pane *pane, const json_t *value, int depth);
/* YAML, coloured by line (comments, keys, values); numbers at the left. */
void pane_add_yaml(struct pane *pane, const char *text, size_t len);

/* Moves of cursor and scroll. Going up, or to a match, ends `follow`; going to the end begins it.
 */
void pane_move(struct pane *pane, long by);
void pane_page(struct pane *pane, int pages); /* in halves when odd: 2 is a page */
/* By rows of the screen; the cursor moves only when it would leave it. */
void pane_scroll(struct pane *pane, long rows);
void pane_to(struct pane *pane, bool end);
void pane_sideways(struct pane *pane, int by);
/* Opens or shuts the fold at the cursor (or the one that holds it); all: every one. */
void pane_fold(struct pane *pane);
void pane_fold_all(struct pane *pane, bool shut);
/* Case counts only when there are capitals in the words; shut folds are opened for a match.
 * NULL or "" ends it. Goes to the first match from here; false when there is none. */
bool pane_search(struct pane *pane, const char *words);
bool pane_search_next(struct pane *pane, bool up);
/* Keeps lines with all of the words ("!words": with none of them), in or out of shut folds; case as
 * in a search. NULL or "": all. */
void pane_filter(struct pane *pane, const char *words);
/* The text of the cursor's line and what it folds, or of all visible lines; appended. */
void pane_copy(struct pane *pane, bool all, struct str *out);
void pane_draw(struct pane *pane, struct area area, bool focus);
/* What showing all of it takes: columns of the widest line, and rows when wrapped (if it wraps) at
 * most_w columns. Counts all visible lines: for dialogs. */
void pane_measure(struct pane *pane, const struct cells *cells, int most_w, int *h, int *w);

#endif
