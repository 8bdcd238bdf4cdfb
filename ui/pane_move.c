/*
 * Going about in a pane: cursor, scrolling, search. Only rows near the screen are ever counted.
 */
#include "ui/pane.h"

#include <stdlib.h>
#include <string.h>

#include "ui/pane_parts.h"

/* A place in the visible lines, by rows. */
struct place {
	size_t line, row;
};

static bool place_is_before(struct place a, struct place b)
{
	return a.line < b.line || (a.line == b.line && a.row < b.row);
}

static size_t rows_at(const struct pane *pane, size_t at)
{
	return pane_rows(pane, pane_shown(pane, at));
}

static size_t screen_rows(const struct pane *pane)
{
	return pane->height > 0 ? (size_t)pane->height : 1;
}

/* Where the screen begins when this line's last row is its last. */
static struct place top_above(const struct pane *pane, size_t at)
{
	size_t height = screen_rows(pane), rows = rows_at(pane, at);

	while (rows < height && at > 0)
		rows += rows_at(pane, --at);
	return (struct place){at, rows > height ? rows - height : 0};
}

static void set_top(struct pane *pane, struct place place)
{
	pane->top = place.line;
	pane->skip = place.row;
}

/* Nothing is shown below the end while there is something above. */
static void fill_screen(struct pane *pane)
{
	struct place end = top_above(pane, pane->shown_count - 1);

	if (place_is_before(end, (struct place){pane->top, pane->skip}))
		set_top(pane, end);
}

/* Rows from the begin of the top line to this one, which is not above it; no more than needed to
 * see that they fill the screen. */
static size_t rows_before(const struct pane *pane, size_t at)
{
	size_t rows = 0, enough = screen_rows(pane) + pane->skip;

	for (size_t i = pane->top; i < at && rows <= enough; i++)
		rows += rows_at(pane, i);
	return rows;
}

/* Whether the cursor's line ends below the screen. */
static bool cursor_goes_below(const struct pane *pane)
{
	return rows_before(pane, pane->cursor) + rows_at(pane, pane->cursor) >
	       screen_rows(pane) + pane->skip;
}

/* Scrolls until the cursor's line is seen whole; of one taller than the screen, the nearest end. */
static void reveal(struct pane *pane)
{
	size_t rows, height = screen_rows(pane);

	if (pane->height < 1 || !pane->shown_count)
		return;
	rows = rows_at(pane, pane->cursor);
	if (pane->cursor < pane->top && rows > height)
		set_top(pane, top_above(pane, pane->cursor));
	else if (pane->cursor < pane->top || (pane->cursor == pane->top && rows <= height))
		set_top(pane, (struct place){pane->cursor, 0});
	else if (pane->cursor > pane->top && cursor_goes_below(pane))
		set_top(pane, rows < height ? top_above(pane, pane->cursor)
					    : (struct place){pane->cursor, 0});
}

void pane_settle(struct pane *pane)
{
	if (!pane->shown_count)
		return;
	if (pane->skip >= rows_at(pane, pane->top))
		pane->skip = 0;
	if (pane->follow)
		set_top(pane, top_above(pane, pane->cursor));
	else if (pane->cursor < pane->top ||
		 rows_before(pane, pane->cursor) >= screen_rows(pane) + pane->skip)
		reveal(pane);
	fill_screen(pane);
}

/* The top by rows, no further than where the end is at the bottom. */
static void scroll_top(struct pane *pane, long rows)
{
	struct place end = top_above(pane, pane->shown_count - 1), top = {pane->top, pane->skip};

	for (; rows < 0 && (top.line || top.row); rows++) {
		if (!top.row)
			top.row = rows_at(pane, --top.line);
		top.row--;
	}
	for (; rows > 0 && place_is_before(top, end); rows--)
		if (++top.row >= rows_at(pane, top.line))
			top = (struct place){top.line + 1, 0};
	set_top(pane, top);
}

/* Scrolls inside a line that is taller than the screen. */
static bool move_inside(struct pane *pane, long by)
{
	bool down = by == 1 && rows_at(pane, pane->cursor) > screen_rows(pane) &&
		    cursor_goes_below(pane);
	bool up = by == -1 && pane->cursor == pane->top && pane->skip > 0;

	if (down || up)
		scroll_top(pane, by);
	return down || up;
}

void pane_move(struct pane *pane, long by)
{
	size_t steps = by < 0 ? (size_t)(-(by + 1)) + 1 : (size_t)by;

	pane_sync(pane);
	if (by < 0)
		pane->follow = false;
	if (!pane->shown_count || pane->follow || move_inside(pane, by))
		return;
	if (by < 0)
		pane->cursor -= steps < pane->cursor ? steps : pane->cursor;
	else if (steps < pane->shown_count - pane->cursor)
		pane->cursor += steps;
	else
		pane->cursor = pane->shown_count - 1;
	reveal(pane);
}

/* The cursor to the nearest line of which something is on the screen. */
static void drag_cursor(struct pane *pane)
{
	size_t last = pane->top, rows = rows_at(pane, last), most = screen_rows(pane) + pane->skip;

	while (rows < most && last + 1 < pane->shown_count)
		rows += rows_at(pane, ++last);
	if (pane->cursor < pane->top)
		pane->cursor = pane->top;
	if (pane->cursor > last)
		pane->cursor = last;
}

void pane_scroll(struct pane *pane, long rows)
{
	pane_sync(pane);
	if (rows < 0)
		pane->follow = false;
	if (!pane->shown_count || pane->follow)
		return;
	pane_settle(pane);
	scroll_top(pane, rows);
	drag_cursor(pane);
}

void pane_page(struct pane *pane, int pages)
{
	long rows = (long)pages * (long)screen_rows(pane) / 2;
	size_t top, skip, below;

	pane_sync(pane);
	if (rows == 0)
		rows = pages;
	if (rows < 0)
		pane->follow = false;
	if (!pane->shown_count || pane->follow)
		return;
	pane_settle(pane);
	top = pane->top;
	skip = pane->skip;
	below = pane->cursor - top;
	scroll_top(pane, rows);
	if (pane->top == top && pane->skip == skip) {
		pane->cursor = rows < 0 ? 0 : pane->shown_count - 1;
		return;
	}
	pane->cursor =
		pane->top + below < pane->shown_count ? pane->top + below : pane->shown_count - 1;
	drag_cursor(pane);
}

void pane_to(struct pane *pane, bool end)
{
	pane_sync(pane);
	pane->follow = end;
	pane->skip = 0;
	pane->cursor = end && pane->shown_count ? pane->shown_count - 1 : 0;
	if (!end)
		pane->top = 0;
}

void pane_sideways(struct pane *pane, int by)
{
	long left = (long)pane->left + by;

	pane->left = left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

/* --- search --- */

static bool line_has(struct pane *pane, const struct words *words, size_t index)
{
	const struct line *line = pane_line(pane, index);

	return !line->out && words_find(words, line->text, line->len, 0) < line->len;
}

/* Opens every fold that holds the line. */
static void open_to(struct pane *pane, size_t index)
{
	int depth = pane_line(pane, index)->depth;

	for (size_t i = index; i-- > 0 && depth > 0;) {
		struct line *line = pane_line(pane, i);

		if (line->depth >= depth)
			continue;
		depth = line->depth;
		pane->stale = pane->stale || line->folded;
		line->folded = false;
	}
}

/* Scrolls sideways when the match would not be seen. */
static void show_match(struct pane *pane, const struct words *words)
{
	const struct line *line = pane_shown(pane, pane->cursor);
	size_t at = words_find(words, line->text, line->len, 0);
	int from = text_columns(line->text, at), to = text_columns(line->text, at + words->len);

	if (pane->wrap || pane->width < 1)
		return;
	if (from < pane->left || to > pane->left + pane->width)
		pane->left = to <= pane->width ? 0 : from - pane->width / 4;
	if (pane->left < 0)
		pane->left = 0;
}

/* Looks at every line once, beginning `start` lines behind the cursor's, in steps of 1 or -1. */
static bool search_from(struct pane *pane, size_t start, bool up)
{
	struct words words;
	size_t index;

	pane_sync(pane);
	if (!pane->search || !pane->shown_count)
		return false;
	words = words_make(pane->search, strlen(pane->search));
	index = (size_t)(pane_shown(pane, pane->cursor) - pane->lines - pane->first) &
		(pane->cap - 1);
	index += start;
	for (size_t i = 0; i < pane->count; i++) {
		size_t at = up ? index + 2 * pane->count - 2 * start - i : index + i;

		at %= pane->count;
		if (!line_has(pane, &words, at))
			continue;
		pane->follow = false;
		open_to(pane, at);
		pane_sync(pane);
		pane->cursor = pane_shown_near(pane, pane->lost + at);
		reveal(pane);
		show_match(pane, &words);
		return true;
	}
	return false;
}

bool pane_search(struct pane *pane, const char *words)
{
	free(pane->search);
	pane->search = words && *words ? xstrdup(words) : NULL;
	return !pane->search || search_from(pane, 0, false);
}

bool pane_search_next(struct pane *pane, bool up)
{
	return search_from(pane, 1, up);
}
