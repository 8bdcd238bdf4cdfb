/*
 * The picture of a list: which columns have room, how wide they are, head line and rows in sight.
 */
#include "ui/list.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/text.h"

enum { GAP = 1, HEAD_MIN = 3 }; /* HEAD_MIN: less high areas have no head line */

/* A cell's text, made once per draw. */
struct piece {
	char *text;
	enum role role;
};

/* One draw. */
struct sheet {
	struct list *list;
	struct area area;
	size_t first, count;  /* rows in sight, by their places in list->shown */
	struct piece *pieces; /* count * column_count */
	int *want, *width;    /* by column; 0: not drawn */
	bool marks;	      /* a place for them is kept at the left */
};

static const json_t *row_at(const struct sheet *sheet, size_t i)
{
	const struct list *list = sheet->list;

	return json_array_get(list->rows, list->shown[sheet->first + i]);
}

static struct piece *piece_at(const struct sheet *sheet, size_t row, size_t column)
{
	return &sheet->pieces[row * sheet->list->column_count + column];
}

/* Scrolls so that the selected row is in sight, and no row of the area is left empty in vain. */
static void scroll(struct list *list)
{
	size_t height = list->height > 0 ? (size_t)list->height : 1;

	if (list->top + height > list->shown_count)
		list->top = list->shown_count > height ? list->shown_count - height : 0;
	if (list->at < list->top)
		list->top = list->at;
	if (list->at >= list->top + height)
		list->top = list->at - height + 1;
}

static void make_pieces(struct sheet *sheet)
{
	const struct list *list = sheet->list;

	sheet->pieces = xcalloc(sheet->count * list->column_count + 1, sizeof *sheet->pieces);
	for (size_t i = 0; i < sheet->count; i++) {
		for (size_t c = 0; c < list->column_count; c++) {
			struct piece *piece = piece_at(sheet, i, c);
			struct str text = STR_INIT;

			piece->role = list->columns[c].text(row_at(sheet, i), &text, list->arg);
			piece->text = str_detach(&text);
		}
	}
}

/* --- widths --- */

/* What a column would like: its widest text in sight, its head, at most its max. Nothing when all
 * is empty. */
static int wanted_width(const struct sheet *sheet, size_t c)
{
	const struct column *column = &sheet->list->columns[c];
	int most = 0, head = text_columns(column->head, strlen(column->head));

	for (size_t i = 0; i < sheet->count; i++) {
		const char *text = piece_at(sheet, i, c)->text;
		int width = text_columns(text, strlen(text));

		most = width > most ? width : most;
	}
	if (!most)
		return 0;
	if (sheet->list->sort == (int)c)
		head++;
	most = head > most ? head : most;
	return most < column->max ? most : column->max;
}

/* Columns that all widths and the gaps between them take. */
static int sum_widths(const struct sheet *sheet)
{
	int sum = 0;

	for (size_t c = 0; c < sheet->list->column_count; c++)
		if (sheet->width[c])
			sum += sheet->width[c] + (sum ? GAP : 0);
	return sum;
}

/* Takes the last column of the highest rank away; false when all are to stay. */
static bool lose_column(struct sheet *sheet)
{
	const struct list *list = sheet->list;
	size_t worst = list->column_count;

	for (size_t c = 0; c < list->column_count; c++)
		if (sheet->width[c] && list->columns[c].rank &&
		    (worst == list->column_count ||
		     list->columns[c].rank >= list->columns[worst].rank))
			worst = c;
	if (worst == list->column_count)
		return false;
	sheet->width[worst] = 0;
	list->lost[worst] = 1;
	return true;
}

/* Gives what room is left, column by column in turn, to those that want more. */
static void widen(struct sheet *sheet, int room)
{
	bool more = true;

	while (more && room > 0) {
		more = false;
		for (size_t c = 0; c < sheet->list->column_count && room > 0; c++) {
			if (!sheet->width[c] || sheet->width[c] >= sheet->want[c])
				continue;
			sheet->width[c]++;
			room--;
			more = true;
		}
	}
}

static void make_widths(struct sheet *sheet)
{
	const struct list *list = sheet->list;
	int room = sheet->area.w - (sheet->marks ? 1 : 0);

	sheet->want = xcalloc(2 * list->column_count + 1, sizeof *sheet->want);
	sheet->width = sheet->want + list->column_count;
	memset(list->lost, 0, list->column_count);
	for (size_t c = 0; c < list->column_count; c++) {
		int want = sheet->want[c] = wanted_width(sheet, c);

		sheet->width[c] = want < list->columns[c].min ? want : list->columns[c].min;
	}
	while (sum_widths(sheet) > room && lose_column(sheet))
		;
	widen(sheet, room - sum_widths(sheet));
}

/* --- drawing --- */

static void draw_head(const struct sheet *sheet)
{
	const struct list *list = sheet->list;
	int x = sheet->marks ? 1 : 0;

	for (size_t c = 0; c < list->column_count; c++) {
		const struct column *column = &list->columns[c];
		struct str text = STR_INIT;

		if (!sheet->width[c])
			continue;
		str_add(&text, column->head);
		if (list->sort == (int)c)
			str_add(&text,
				glyph(sheet->area.cells, list->reverse ? GLYPH_DOWN : GLYPH_UP));
		area_field(sheet->area, 0, x, sheet->width[c], column->right, ROLE_column, text.p);
		str_release(&text);
		x += sheet->width[c] + GAP;
	}
}

static bool has_text(const json_t *value, const char *text)
{
	const json_t *item;
	size_t i;

	if (json_is_string(value))
		return !strcmp(json_string_value(value), text);
	json_array_foreach((json_t *)value, i, item)
		if (json_is_string(item) && !strcmp(json_string_value(item), text))
			return true;
	return false;
}

/* The end of a text that is too long, with an ellipsis in front. */
static void draw_tail(const struct sheet *sheet, int y, int x, int width, enum role role,
		      const char *text)
{
	const char *ellipsis = glyph(sheet->area.cells, GLYPH_ELLIPSIS);
	int room = width - text_columns(ellipsis, strlen(ellipsis));
	size_t len = strlen(text);

	while (len && text_columns(text, len) > room) {
		size_t n = utf8_decode(text, len, NULL);

		text += n ? n : 1;
		len -= n ? n : 1;
	}
	x += area_text(area_part(sheet->area, y, x, 1, width), 0, 0, role, ellipsis);
	area_text(area_part(sheet->area, y, x, 1, room), 0, 0, role, text);
}

static void draw_piece(const struct sheet *sheet, int y, int x, size_t c, const struct piece *piece,
		       bool marked)
{
	const struct column *column = &sheet->list->columns[c];
	bool plain = piece->role == ROLE_text || piece->role == ROLE_dim;
	enum role role = marked && plain ? ROLE_marked : piece->role;
	int width = sheet->width[c];

	if (column->tail && text_columns(piece->text, strlen(piece->text)) > width)
		draw_tail(sheet, y, x, width, role, piece->text);
	else
		area_field(sheet->area, y, x, width, column->right, role, piece->text);
}

static enum role row_over(const struct sheet *sheet, size_t i, bool focus)
{
	const struct list *list = sheet->list;

	if (sheet->first + i == list->at)
		return focus ? ROLE_selected : ROLE_selected_other;
	if (list->related && list->related_key &&
	    has_text(json_object_get(row_at(sheet, i), list->related_key), list->related))
		return ROLE_related;
	return ROLE_text;
}

static void draw_row(const struct sheet *sheet, size_t i, bool focus)
{
	const struct list *list = sheet->list;
	int x = sheet->marks ? 1 : 0, y = list->head + (int)i;
	enum role over = row_over(sheet, i, focus);
	bool marked = sheet->marks && list_is_marked(list, row_at(sheet, i));

	if (marked)
		area_text(sheet->area, y, 0, ROLE_marked, glyph(sheet->area.cells, GLYPH_MARK));
	for (size_t c = 0; c < list->column_count; c++) {
		if (!sheet->width[c])
			continue;
		draw_piece(sheet, y, x, c, piece_at(sheet, i, c), marked);
		x += sheet->width[c] + GAP;
	}
	if (over != ROLE_text)
		area_over(sheet->area, y, 0, sheet->area.w, over);
}

static void sheet_release(struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->count * sheet->list->column_count; i++)
		free(sheet->pieces[i].text);
	free(sheet->pieces);
	free(sheet->want);
}

void list_draw(struct list *list, struct area area, bool focus, const char *empty)
{
	struct sheet sheet = {.list = list, .area = area};
	size_t left;

	list->head = area.h >= HEAD_MIN ? 1 : 0;
	list->height = area.h > list->head ? area.h - list->head : 0;
	area_fill(area, ROLE_text);
	if (!list->shown_count) {
		if (empty)
			area_field(area, 0, 0, area.w, false, ROLE_dim, empty);
		return;
	}
	scroll(list);
	left = list->shown_count - list->top;
	sheet.first = list->top;
	sheet.count = left < (size_t)list->height ? left : (size_t)list->height;
	sheet.marks = json_object_size(list->marks) > 0;
	make_pieces(&sheet);
	make_widths(&sheet);
	if (list->head)
		draw_head(&sheet);
	for (size_t i = 0; i < sheet.count; i++)
		draw_row(&sheet, i, focus);
	sheet_release(&sheet);
}
