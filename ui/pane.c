/*
 * The lines of a pane: a ring bounded in bytes, and beside it a ring of those that are visible.
 * Adding costs the line alone: what is visible is worked out later, for the new lines only, and for
 * all of them when folds or the filter change.
 */
#include "ui/pane.h"

#include <stdlib.h>
#include <string.h>

#include "ui/pane_parts.h"

enum { RING_LEAST = 64 };

/* --- lines --- */

void pane_init(struct pane *pane, size_t max_bytes)
{
	*pane = (struct pane){.max_bytes = max_bytes, .shut = -1};
}

static void line_release(struct line *line)
{
	free(line->text);
	free(line->spans);
	free((char *)line->path);
}

void pane_clear(struct pane *pane)
{
	for (size_t i = 0; i < pane->count; i++)
		line_release(pane_line(pane, i));
	pane->first = pane->count = pane->bytes = 0;
	pane->lost = pane->hidden = pane->indexed = 0;
	pane->shown_first = pane->shown_count = 0;
	pane->top = pane->cursor = pane->skip = 0;
	pane->held = 0;
	pane->left = pane->number_most = 0;
	pane->shut = -1;
	pane->stale = false;
}

void pane_release(struct pane *pane)
{
	pane_clear(pane);
	free(pane->lines);
	free(pane->shown);
	free(pane->search);
	free(pane->filter);
	pane_init(pane, pane->max_bytes);
}

size_t pane_count(const struct pane *pane)
{
	return pane->count;
}

struct line *pane_line(struct pane *pane, size_t index)
{
	if (index >= pane->count)
		return NULL;
	return &pane->lines[(pane->first + index) & (pane->cap - 1)];
}

/* A ring of twice the room, its items in order from 0. Sizes are powers of two. */
static void *ring_grow(void *items, size_t *first, size_t *cap, size_t size)
{
	size_t room = *cap ? *cap * 2 : RING_LEAST, tail = *cap - *first;
	char *grown = xcalloc(room, size);

	if (*cap) {
		memcpy(grown, (char *)items + *first * size, tail * size);
		memcpy(grown + tail * size, items, *first * size);
	}
	free(items);
	*first = 0;
	*cap = room;
	return grown;
}

/* The oldest line goes. What is on the screen keeps its place. */
static void drop_first(struct pane *pane)
{
	struct line *line = pane_line(pane, 0);

	if (pane->shown_count && pane->shown[pane->shown_first] == pane->lost) {
		pane->shown_first = (pane->shown_first + 1) & (pane->shown_cap - 1);
		pane->shown_count--;
		pane->skip = pane->top ? pane->skip : 0;
		pane->top -= pane->top > 0;
		pane->cursor -= pane->cursor > 0;
	}
	if (line->out)
		pane->hidden--;
	if (line->folded)
		pane->stale = true; /* what it held is seen from now on */
	pane->bytes -= line->cost;
	line_release(line);
	pane->first = (pane->first + 1) & (pane->cap - 1);
	pane->count--;
	pane->lost++;
}

void pane_charge(struct pane *pane, struct line *line, size_t bytes)
{
	line->cost += bytes;
	pane->bytes += bytes;
	while (pane->max_bytes && pane->bytes > pane->max_bytes && pane->count > 1 &&
	       pane_line(pane, 0) != line)
		drop_first(pane);
}

struct line *pane_add(struct pane *pane, enum role role, const char *text, size_t len)
{
	struct line *line;

	if (pane->count == pane->cap)
		pane->lines = ring_grow(pane->lines, &pane->first, &pane->cap, sizeof *pane->lines);
	pane->count++;
	line = pane_line(pane, pane->count - 1);
	*line = (struct line){0};
	pane_charge(pane, line, sizeof *line);
	pane_append(pane, line, role, text, len);
	return line;
}

/* A line that was indexed is to be looked at again: it has changed. */
static void line_changed(struct pane *pane, const struct line *line)
{
	size_t index = ((size_t)(line - pane->lines) - pane->first) & (pane->cap - 1);
	uint64_t serial = pane->lost + index;
	size_t last = (pane->shown_first + pane->shown_count - 1) & (pane->shown_cap - 1);

	if (serial >= pane->indexed)
		return;
	if (serial + 1 < pane->indexed) {
		pane->stale = true;
		return;
	}
	pane->indexed = serial;
	if (line->out) {
		pane->hidden--;
	} else if (pane->shown_count && pane->shown[last] == serial) {
		pane->shown_count--;
		pane->shut = -1;
	}
}

/* From `at` on, where the text ends or a span does, the line has this role. Room is made in powers
 * of two. */
static void add_span(struct pane *pane, struct line *line, size_t at, enum role role)
{
	size_t count = line->span_count;

	if (count && line->spans[count - 1].at == at)
		line->spans[count - 1].role = role;
	if (count && line->spans[count - 1].role == role)
		return;
	if (!(count & (count - 1)))
		line->spans = xrealloc(line->spans, (count ? count * 2 : 1) * sizeof *line->spans);
	line->spans[line->span_count++] = (struct span){at, role};
	pane_charge(pane, line, sizeof *line->spans);
}

static void add_bytes(struct pane *pane, struct line *line, const char *text, size_t len)
{
	size_t room = pane->max_bytes > line->len ? pane->max_bytes - line->len : 0;

	line_changed(pane, line);
	line->out = false;
	if (pane->max_bytes && len > room)
		len = room;
	line->text = xrealloc(line->text, line->len + len + 1);
	if (len)
		memcpy(line->text + line->len, text, len);
	line->len += len;
	line->text[line->len] = 0;
	pane_charge(pane, line, len);
}

void pane_append(struct pane *pane, struct line *line, enum role role, const char *text, size_t len)
{
	if (len || !line->span_count)
		add_span(pane, line, line->len, role);
	add_bytes(pane, line, text, len);
}

void pane_append_picture(struct pane *pane, struct line *line, const struct picture *picture)
{
	size_t begin = line->len;

	add_bytes(pane, line, picture->text.p, picture->text.len);
	for (size_t at = 0; at < line->len - begin; at++)
		if (!at || picture->roles.p[at] != picture->roles.p[at - 1])
			add_span(pane, line, begin + at, (enum role)picture->roles.p[at]);
}

void pane_add_text(struct pane *pane, enum role role, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n"), cut = len;

		while (cut && text[cut - 1] == '\r')
			cut--;
		pane_add(pane, role, text, cut);
		text += len + (text[len] == '\n');
	}
}

/* --- words --- */

struct words words_make(const char *text, size_t len)
{
	struct words words = {text, len, false};

	for (size_t i = 0; i < len; i++)
		words.exact = words.exact || (text[i] >= 'A' && text[i] <= 'Z');
	return words;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}

static bool words_are_at(const struct words *words, const char *text)
{
	for (size_t i = 0; i < words->len; i++)
		if (words->text[i] != (words->exact ? text[i] : lower(text[i])))
			return false;
	return true;
}

size_t words_find(const struct words *words, const char *text, size_t len, size_t from)
{
	char low, high;

	if (!words->len || words->len > len)
		return len;
	low = words->text[0];
	high = words->exact ? low : upper(low);
	for (size_t i = from; i <= len - words->len; i++)
		if ((text[i] == low || text[i] == high) && words_are_at(words, text + i))
			return i;
	return len;
}

static bool filter_keeps(const char *filter, const struct line *line)
{
	bool without = *filter == '!';

	filter += without;
	while (*filter) {
		size_t len = strcspn(filter, " ");
		struct words words = words_make(filter, len);

		if (len && (words_find(&words, line->text, line->len, 0) < line->len) == without)
			return false;
		filter += len + (filter[len] == ' ');
	}
	return true;
}

/* --- what is visible --- */

bool pane_is_shut(const struct pane *pane, const struct line *line)
{
	return line->folded && !pane->filter;
}

/* Whether the next line in order is visible; learns whether those after it are held shut. */
static bool line_is_visible(struct pane *pane, struct line *line)
{
	line->out = pane->filter && !filter_keeps(pane->filter, line);
	if (line->out)
		pane->hidden++;
	if (pane->filter)
		return !line->out;
	if (pane->shut >= 0 && line->depth > pane->shut)
		return false;
	pane->shut = line->folded ? line->depth : -1;
	return true;
}

static void index_next(struct pane *pane)
{
	struct line *line = pane_line(pane, (size_t)(pane->indexed - pane->lost));

	if (line->number > pane->number_most)
		pane->number_most = line->number;
	if (line_is_visible(pane, line)) {
		if (pane->shown_count == pane->shown_cap)
			pane->shown = ring_grow(pane->shown, &pane->shown_first, &pane->shown_cap,
						sizeof *pane->shown);
		pane->shown[(pane->shown_first + pane->shown_count++) & (pane->shown_cap - 1)] =
			pane->indexed;
	}
	pane->indexed++;
}

static void index_rest(struct pane *pane)
{
	if (pane->indexed < pane->lost)
		pane->indexed = pane->lost;
	while (pane->indexed < pane->lost + pane->count)
		index_next(pane);
}

static uint64_t shown_serial(const struct pane *pane, size_t at)
{
	return pane->shown[(pane->shown_first + at) & (pane->shown_cap - 1)];
}

struct line *pane_shown(const struct pane *pane, size_t at)
{
	size_t index = (size_t)(shown_serial(pane, at) - pane->lost);

	return &pane->lines[(pane->first + index) & (pane->cap - 1)];
}

size_t pane_shown_near(const struct pane *pane, uint64_t serial)
{
	size_t low = 0, high = pane->shown_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (shown_serial(pane, middle) <= serial)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : 0;
}

static void clamp(struct pane *pane)
{
	size_t last = pane->shown_count ? pane->shown_count - 1 : 0;

	if (pane->cursor > last || pane->follow)
		pane->cursor = last;
	if (pane->top > last) {
		pane->top = last;
		pane->skip = 0;
	}
}

/* All anew; the cursor stays on its line, at the same height. */
static void index_all(struct pane *pane)
{
	size_t above;

	clamp(pane);
	above = pane->cursor > pane->top ? pane->cursor - pane->top : 0;
	if (pane->shown_count)
		pane->held = shown_serial(pane, pane->cursor);
	pane->stale = false;
	pane->shown_first = pane->shown_count = 0;
	pane->hidden = 0;
	pane->indexed = pane->lost;
	pane->shut = -1;
	pane->skip = 0;
	index_rest(pane);
	pane->cursor = pane_shown_near(pane, pane->held);
	pane->top = pane->cursor > above ? pane->cursor - above : 0;
}

void pane_sync(struct pane *pane)
{
	if (pane->stale)
		index_all(pane);
	else
		index_rest(pane);
	clamp(pane);
}

size_t pane_visible(struct pane *pane)
{
	pane_sync(pane);
	return pane->shown_count;
}

struct line *pane_current(struct pane *pane)
{
	pane_sync(pane);
	return pane->shown_count ? pane_shown(pane, pane->cursor) : NULL;
}

void pane_filter(struct pane *pane, const char *words)
{
	free(pane->filter);
	pane->filter = words && *words && strcmp(words, "!") != 0 ? xstrdup(words) : NULL;
	pane_sync(pane);
	pane->stale = true;
	pane_sync(pane);
}

/* --- folds and copies --- */

static bool line_holds(struct pane *pane, size_t index)
{
	return index + 1 < pane->count &&
	       pane_line(pane, index + 1)->depth > pane_line(pane, index)->depth;
}

/* The line that holds this one; its own index when none does. */
static size_t line_holder(struct pane *pane, size_t index)
{
	int depth = pane_line(pane, index)->depth;

	for (size_t i = index; i-- > 0;)
		if (pane_line(pane, i)->depth < depth)
			return i;
	return index;
}

static size_t cursor_index(const struct pane *pane)
{
	return (size_t)(shown_serial(pane, pane->cursor) - pane->lost);
}

void pane_fold(struct pane *pane)
{
	size_t index;

	pane_sync(pane);
	if (!pane->shown_count || pane->filter)
		return;
	index = cursor_index(pane);
	if (!line_holds(pane, index))
		index = line_holder(pane, index);
	if (!line_holds(pane, index))
		return;
	pane_line(pane, index)->folded = !pane_line(pane, index)->folded;
	pane->stale = true;
	pane_sync(pane);
}

void pane_fold_all(struct pane *pane, bool shut)
{
	pane_sync(pane);
	for (size_t i = 0; i < pane->count; i++)
		pane_line(pane, i)->folded = shut && line_holds(pane, i);
	pane->stale = true;
	pane_sync(pane);
}

void pane_add_summary(struct str *out, const struct line *line, const char *ellipsis)
{
	bool object = line->len && line->text[line->len - 1] == '{';

	if (line->members)
		str_addf(out, "%s%s%s %zu %s%s", object ? "{" : "[", ellipsis, object ? "}" : "]",
			 line->members, object ? "key" : "item", line->members == 1 ? "" : "s");
	else
		str_add(out, ellipsis);
}

static void copy_line(const struct line *line, bool first, bool shut, struct str *out)
{
	if (!first)
		str_addc(out, '\n');
	str_addn(out, line->text, line->len - (shut && line->members));
	if (shut)
		pane_add_summary(out, line, line->members ? "\xe2\x80\xa6" : " \xe2\x80\xa6");
}

void pane_copy(struct pane *pane, bool all, struct str *out)
{
	size_t index;
	int depth;

	pane_sync(pane);
	if (!pane->shown_count)
		return;
	for (size_t i = 0; all && i < pane->shown_count; i++) {
		const struct line *line = pane_shown(pane, i);

		copy_line(line, i == 0, pane_is_shut(pane, line), out);
	}
	if (all)
		return;
	index = cursor_index(pane);
	depth = pane_line(pane, index)->depth;
	copy_line(pane_line(pane, index), true, false, out);
	while (++index < pane->count && pane_line(pane, index)->depth > depth)
		copy_line(pane_line(pane, index), false, false, out);
}
