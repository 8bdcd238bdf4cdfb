/*
 * A pane's lines on the screen: made safe, wrapped, with roles, matches, numbers and the cursor.
 * Costs what is visible.
 */
#include "ui/pane.h"

#include <string.h>

#include "kata/text.h"
#include "ui/pane_parts.h"

enum { TAB = 8 };

/* --- pictures of lines --- */

void picture_release(struct picture *picture)
{
	str_release(&picture->text);
	str_release(&picture->roles);
}

void picture_clear(struct picture *picture)
{
	str_clear(&picture->text);
	str_clear(&picture->roles);
}

/* All of the text that has no role yet gets this one. */
static void picture_role(struct picture *picture, enum role role)
{
	while (picture->roles.len < picture->text.len)
		str_addc(&picture->roles, (char)role);
}

void picture_add(struct picture *picture, enum role role, const char *text, size_t len)
{
	str_addn(&picture->text, text, len);
	picture_role(picture, role);
}

/* Adds text of one role, safe, with blanks for tabs; counts columns from the line's begin. */
static void add_safe(struct picture *out, int *column, enum role role, const char *text, size_t len)
{
	while (len) {
		const char *tab = memchr(text, '\t', len);
		size_t run = tab ? (size_t)(tab - text) : len, before = out->text.len;

		text_safe(&out->text, text, run);
		*column += text_columns(out->text.p + before, out->text.len - before);
		if (tab) {
			str_addn(&out->text, "        ", (size_t)(TAB - *column % TAB));
			*column += TAB - *column % TAB;
		}
		text += run + (tab != NULL);
		len -= run + (tab != NULL);
	}
	picture_role(out, role);
}

static void mark_matches(struct picture *out, const char *search)
{
	struct words words = words_make(search, strlen(search));
	size_t at = words_find(&words, out->text.p, out->text.len, 0);

	while (at < out->text.len) {
		memset(out->roles.p + at, ROLE_match, words.len);
		at = words_find(&words, out->text.p, out->text.len, at + words.len);
	}
}

static void add_shut(struct picture *out, const struct line *line, bool ascii)
{
	const struct cells cells = {.ascii = ascii};
	struct str text = STR_INIT;

	if (!line->members)
		str_addc(&text, ' ');
	str_addf(&text, "%s ", glyph(&cells, GLYPH_SHUT));
	pane_add_summary(&text, line, glyph(&cells, GLYPH_ELLIPSIS));
	picture_add(out, ROLE_dim, text.p, text.len);
	str_release(&text);
}

void pane_picture(struct picture *out, const struct pane *pane, const struct line *line,
		  size_t columns)
{
	bool shut = pane_is_shut(pane, line);
	size_t end = line->len - (shut && line->members), most = columns * CELL_BYTES;
	int column = 0;

	picture_clear(out);
	if (columns && end > most)
		end = most;
	for (size_t i = 0; i < line->span_count; i++) {
		size_t from = line->spans[i].at;
		size_t to = i + 1 < line->span_count ? line->spans[i + 1].at : line->len;

		if (to > end)
			to = end;
		if (from < to)
			add_safe(out, &column, line->spans[i].role, line->text + from, to - from);
	}
	if (shut)
		add_shut(out, line, pane->ascii);
	if (pane->search)
		mark_matches(out, pane->search);
}

/* --- rows --- */

static size_t character(const struct str *text, size_t at, int *columns)
{
	size_t size;

	*columns = 1;
	if (text->p[at] >= ' ' && text->p[at] < 0x7f)
		return 1;
	size = utf8_decode(text->p + at, text->len - at, NULL);
	size = size ? size : 1;
	*columns = text_columns(text->p + at, size);
	return size;
}

/* Rows end after a word where that leaves half a row or more, else where they are full. */
size_t pane_row(const struct str *text, size_t from, int width, size_t *next)
{
	size_t at = from, blank = 0;
	int column = 0, columns;

	while (at < text->len) {
		size_t size = character(text, at, &columns);

		if (column + columns > width && at > from)
			break;
		column += columns;
		if (text->p[at] == ' ' && column >= width / 2)
			blank = at;
		at += size;
	}
	*next = at;
	if (at == text->len)
		return at;
	if (text->p[at] == ' ')
		*next = at + 1;
	else if (blank)
		*next = at = blank + 1;
	return at;
}

static size_t count_rows(const struct str *text, int width)
{
	size_t rows = 0, next = 0;

	do {
		pane_row(text, next, width, &next);
		rows++;
	} while (next < text->len);
	return rows;
}

size_t pane_rows(const struct pane *pane, const struct line *line)
{
	struct picture picture = PICTURE_INIT;
	size_t rows;

	/* No byte takes more columns than a tab. */
	if (!pane->wrap || pane->width < 1 ||
	    (!line->folded && line->len * TAB <= (size_t)pane->width))
		return 1;
	pane_picture(&picture, pane, line, 0);
	rows = count_rows(&picture.text, pane->width);
	picture_release(&picture);
	return rows;
}

/* --- drawing --- */

static void draw_row(struct area area, int y, int x, const struct picture *picture, size_t from,
		     size_t to)
{
	while (from < to && x < area.w) {
		const char *text = picture->text.p + from;
		size_t len = 1;

		while (from + len < to && picture->roles.p[from + len] == picture->roles.p[from])
			len++;
		area_textn(area, y, x, (enum role)picture->roles.p[from], text, len);
		x += text_columns(text, len);
		from += len;
	}
}

/* Draws the rows of a picture from row y (which may lie above the area); returns the next one. */
static int draw_picture(const struct pane *pane, struct area area, int y,
			const struct picture *picture)
{
	size_t next = 0;

	if (!pane->wrap) {
		draw_row(area, y, -pane->left, picture, 0, picture->text.len);
		return y + 1;
	}
	do {
		size_t from = next, to = pane_row(&picture->text, from, pane->width, &next);

		if (y >= 0)
			draw_row(area, y, 0, picture, from, to);
		y++;
	} while (next < picture->text.len && y < area.h);
	return y;
}

static int gutter_width(const struct pane *pane, int w)
{
	int width = 2;

	if (!pane->numbers || pane->number_most < 1)
		return 0;
	for (int most = pane->number_most; most >= 10; most /= 10)
		width++;
	return width < w / 2 ? width : 0;
}

static void draw_number(struct area area, int y, int gutter, const struct line *line)
{
	if (gutter && line->number > 0 && y >= 0)
		area_printf(area, y, 0, ROLE_dim, "%*d", gutter - 1, line->number);
}

static void draw_empty(const struct pane *pane, struct area area)
{
	if (pane->count)
		area_printf(area, 0, 0, ROLE_dim, "no line fits the filter, %zu hidden",
			    pane->count);
	else if (pane->empty)
		area_text(area, 0, 0, ROLE_dim, pane->empty);
}

static void draw_lines(const struct pane *pane, struct area area, int gutter, bool focus)
{
	struct area body = area_part(area, 0, gutter, area.h, area.w - gutter);
	/* Rows scrolled off at the top are a matter of the wrapped text alone. */
	size_t rows = pane->wrap ? (size_t)area.h + pane->skip : 1;
	size_t columns = rows * (size_t)pane->width + (size_t)pane->left;
	struct picture picture = PICTURE_INIT;
	int y = pane->skip < INT32_MAX ? -(int)pane->skip : 0;

	for (size_t at = pane->top; at < pane->shown_count && y < area.h; at++) {
		const struct line *line = pane_shown(pane, at);
		int begin = y;

		pane_picture(&picture, pane, line, columns);
		draw_number(area, y, gutter, line);
		y = draw_picture(pane, body, y, &picture);
		for (int row = begin < 0 ? 0 : begin; focus && at == pane->cursor && row < y; row++)
			area_over(area, row, 0, area.w, ROLE_selected);
	}
	picture_release(&picture);
}

void pane_draw(struct pane *pane, struct area area, bool focus)
{
	int gutter;

	if (area.h < 1 || area.w < 1)
		return;
	pane_sync(pane);
	gutter = gutter_width(pane, area.w);
	pane->ascii = area.cells->ascii;
	pane->height = area.h;
	pane->width = area.w - gutter;
	if (!pane->shown_count) {
		draw_empty(pane, area);
		return;
	}
	pane_settle(pane);
	draw_lines(pane, area, gutter, focus);
}

void pane_measure(struct pane *pane, const struct cells *cells, int most_w, int *h, int *w)
{
	struct picture picture = PICTURE_INIT;
	size_t rows = 0;

	pane->ascii = cells->ascii;
	pane_sync(pane);
	*w = 0;
	for (size_t i = 0; i < pane->shown_count; i++) {
		pane_picture(&picture, pane, pane_shown(pane, i), 0);
		int columns = text_columns(picture.text.p, picture.text.len);

		*w = columns > *w ? columns : *w;
		rows += pane->wrap ? count_rows(&picture.text, most_w) : 1;
	}
	*w += gutter_width(pane, most_w);
	*w = *w > most_w ? most_w : *w;
	*h = rows < INT32_MAX ? (int)rows : INT32_MAX;
	picture_release(&picture);
}
