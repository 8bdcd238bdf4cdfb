/*
 * A list of rows with columns: selection and marks by key (a new reading never loses them), filter,
 * sort, columns that fit the width, scrolling. Knows nothing of what the rows are: each row is a
 * JSON object, each column a function from a row to text and role.
 */
#ifndef KATA_UI_LIST_H
#define KATA_UI_LIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "kata/memory.h"
#include "ui/cells.h"

/* What a column shows of a row: text appended to *out; returns the role. */
typedef enum role column_fn(const json_t *row, struct str *out, const void *arg);

struct column {
	const char *name;     /* for settings and the sort menu: "state" */
	const char *head;     /* over the column */
	int min, max;	      /* width; it is given room by what its texts need, up to max */
	int rank;	      /* narrow screens lose columns of the highest rank first; 0 stays */
	bool right;	      /* aligned */
	bool tail;	      /* too long a text loses its beginning: its end says more */
	bool number;	      /* sorted by value (json number below `sort_key`, else by text) */
	const char *sort_key; /* member of the row to sort by; NULL: by the text shown */
	column_fn *text;
};

struct list {
	const struct column *columns;
	size_t column_count;
	const void *arg; /* for the columns: glyphs, clock */
	const char *key; /* the member that tells rows apart: "name", "id" */
	json_t *rows;	 /* array, owned */
	size_t *shown;	 /* indexes into rows, filtered and sorted */
	size_t shown_count;
	char *selected; /* key of the selected row, or NULL */
	size_t at;	/* its place in shown */
	size_t top;	/* first row on the screen */
	json_t *marks;	/* object: key -> true */
	char *filter;	/* words that must all be in a row's texts, any case; or NULL */
	int sort;	/* column, or -1: as given */
	bool reverse;
	const char *related_key, *related; /* rows whose member is, or has, this text are lit */
	int height;			   /* rows that fit, at the last draw */
	int head;			   /* lines above the first row, at the last draw */
	uint8_t *lost;			   /* columns without room at the last draw */
};

void list_init(struct list *list, const struct column *columns, size_t count, const char *key,
	       const void *arg);
void list_release(struct list *list);
/* New rows (array, stolen). Selection, marks, scroll position stay where their keys still are; a
 * selected row that went gives the selection to the one that took its place. */
void list_set_take(struct list *list, json_t *rows);
/* NULL or "": all. */
void list_filter(struct list *list, const char *words);
void list_sort(struct list *list, int column, bool reverse);
/* The selected row, or NULL. Borrowed. */
const json_t *list_selected(const struct list *list);
const char *list_selected_key(const struct list *list);
bool list_select(struct list *list, const char *key);
/* By rows; far beyond the ends is the end. */
void list_move(struct list *list, int by);
/* By a row of the last draw (mouse). */
bool list_select_row(struct list *list, int y);
/* To the next row (from here, down or up, round) that has the words in it. */
bool list_search(struct list *list, const char *words, bool up);
void list_mark(struct list *list);     /* the selected row on or off, and one down */
void list_mark_all(struct list *list); /* those shown, or none when all are */
bool list_is_marked(const struct list *list, const json_t *row);
/* Keys of the marked rows, else of the selected one; new array of texts. */
json_t *list_targets_new(const struct list *list);
/* Head line (when there is room for one) and rows. focus: has the keys. empty: what is said when
 * there is no row; or NULL. */
void list_draw(struct list *list, struct area area, bool focus, const char *empty);

#endif
