/*
 * Showing a picture: cells are compared with what was drawn last, and curses gets those that
 * differ. Nothing differs: nothing is written. Colours become pairs as they are needed.
 */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "kata/text.h"
#include "ui/term_private.h"

/* --- colours --- */

static bool is_direct(void)
{
	const char *text = tigetstr("RGB");

	return tigetflag("RGB") > 0 || tigetnum("RGB") > 0 || (text && text != (char *)-1);
}

/* How many colours of those we tell apart. */
static int usable_colors(int have, int want, bool direct)
{
	static const int counts[] = {256, 16, 8};

	if (want >= 0 && want < have)
		have = want;
	if (direct && have >= 1 << 24)
		return 1 << 24;
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		if (have >= counts[i])
			return counts[i];
	return 0;
}

void draw_init(struct term *term, int colors)
{
	int have = has_colors() && start_color() != ERR ? COLORS : 0;

	term->own_default = have > 0 && use_default_colors() != ERR;
	term->direct = have >= 1 << 24 && is_direct();
	term->colors = usable_colors(have, colors, term->direct);
	term->cursor_y = term->cursor_x = -1;
}

/* Colour `index` of the 256 as 0xrrggbb, as xterm has it. */
static int palette_rgb(int index)
{
	static const int named[16] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
				      0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
				      0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};
	static const int steps[6] = {0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff};

	if (index < 16)
		return named[index];
	if (index >= 232)
		return (8 + 10 * (index - 232)) * 0x010101;
	index -= 16;
	return steps[index / 36] << 16 | steps[index / 6 % 6] << 8 | steps[index % 6];
}

/* The terminal's number of a colour. */
static int color_number(const struct term *term, int color, int otherwise)
{
	if (color < 0)
		return term->own_default ? -1 : otherwise;
	if (!term->direct || color < 8)
		return color;
	color = color & COLOR_RGB ? color & 0xffffff : palette_rgb(color);
	/* The first 8 numbers are those of the palette: the darkest blue instead. */
	return color > 0 && color < 8 ? 8 : color;
}

/* The number of a pair, which is made when there is none yet. */
static int pair_number(struct term *term, int fg, int bg)
{
	if (term->colors == 0 || (fg < 0 && bg < 0))
		return 0;
	for (size_t i = 0; i < term->pair_count; i++)
		if (term->pairs[i].fg == fg && term->pairs[i].bg == bg)
			return (int)i + 1;
	if ((int)term->pair_count + 1 >= COLOR_PAIRS) {
		term->pairs_full = true;
		return 0;
	}
	term->pairs = xgrow(term->pairs, term->pair_count, &term->pair_cap, sizeof *term->pairs);
	term->pairs[term->pair_count++] = (struct pair){fg, bg};
	init_extended_pair((int)term->pair_count, color_number(term, fg, COLOR_WHITE),
			   color_number(term, bg, COLOR_BLACK));
	return (int)term->pair_count;
}

/* --- cells for curses --- */

static attr_t attributes(unsigned attrs)
{
	static const struct {
		unsigned look;
		attr_t attr;
	} rows[] = {{LOOK_BOLD, A_BOLD},
		    {LOOK_DIM, A_DIM},
		    {LOOK_UNDERLINE, A_UNDERLINE},
		    {LOOK_REVERSE, A_REVERSE},
		    {LOOK_ITALIC, A_ITALIC}};
	attr_t out = A_NORMAL;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (attrs & rows[i].look)
			out |= rows[i].attr;
	return out;
}

/* The characters of a cell that the locale can show in `columns`; else a question mark. */
static void cell_characters(const struct shown *cell, int columns, wchar_t out[CCHARW_MAX + 1])
{
	size_t at = 0, count = 0;

	while (at < cell->len && count < CCHARW_MAX) {
		uint32_t cp = 0;
		size_t n = utf8_decode(cell->text + at, cell->len - at, &cp);

		if (n == 0 || (count > 0 && wcwidth((wchar_t)cp) != 0))
			break;
		out[count++] = (wchar_t)cp;
		at += n;
	}
	if (count == 0 || wcwidth(out[0]) < 1 || wcwidth(out[0]) > columns) {
		out[0] = cell->len ? L'?' : L' ';
		count = 1;
	}
	out[count] = 0;
}

/* Adds a cell of one or two columns to the row; returns how many of curses' it took. */
static int add_cell(struct term *term, const struct shown *cell, int columns, cchar_t *out)
{
	int pair = pair_number(term, cell->look.fg, cell->look.bg), used = 1;
	attr_t attrs = attributes(cell->look.attrs);
	wchar_t text[CCHARW_MAX + 1];

	cell_characters(cell, columns, text);
	setcchar(out, text, attrs, 0, &pair);
	for (int width = wcwidth(text[0]); width < columns; width++)
		setcchar(out + used++, L" ", attrs, 0, &pair);
	return used;
}

/* --- the picture --- */

void draw_resize(struct term *term, int h, int w)
{
	term->h = h;
	term->w = w;
	free(term->shown);
	free(term->row);
	term->shown = xcalloc((size_t)h * (size_t)w, sizeof *term->shown);
	term->row = xcalloc((size_t)w + 2, sizeof *term->row);
	term_forget(term);
}

void draw_release(struct term *term)
{
	free(term->shown);
	free(term->row);
	free(term->pairs);
}

void term_forget(struct term *term)
{
	term->whole = true;
	clearok(curscr, TRUE);
}

struct painter {
	struct term *term;
	const struct cells *cells;
	const struct theme *theme;
	int role, over; /* those that `look` is of; -1: none yet */
	struct look look;
};

/* What is to be shown at a place; blank where the picture has nothing. */
static struct shown wanted(struct painter *p, int y, int x)
{
	static const struct cell blank = {.text = " ", .len = 1};
	const struct cell *cell =
		y < p->cells->h && x < p->cells->w
			? &p->cells->at[(size_t)y * (size_t)p->cells->w + (size_t)x]
			: &blank;
	struct shown out = {.len = cell->len};

	if (cell->role != p->role || cell->over != p->over) {
		p->role = cell->role;
		p->over = cell->over;
		p->look = theme_look(p->theme, p->role, p->over, p->term->colors);
	}
	out.look = p->look;
	memcpy(out.text, cell->text, cell->len);
	return out;
}

static bool is_same(const struct shown *a, const struct shown *b)
{
	return a->len == b->len && a->look.fg == b->look.fg && a->look.bg == b->look.bg &&
	       a->look.attrs == b->look.attrs && !memcmp(a->text, b->text, a->len);
}

/* Notes what is to be shown in a row; the range that differs. False: nothing does. */
static bool note_row(struct painter *p, int y, bool *changed)
{
	struct shown *row = &p->term->shown[(size_t)y * (size_t)p->term->w];
	bool any = false;

	for (int x = 0; x < p->term->w; x++) {
		struct shown cell = wanted(p, y, x);

		changed[x] = p->term->whole || !is_same(&cell, &row[x]);
		any |= changed[x];
		row[x] = cell;
	}
	return any;
}

/* A run of changed cells from x, never with half a character; returns where it ends. */
static int put_run(struct term *term, int y, int x, const bool *changed)
{
	const struct shown *row = &term->shown[(size_t)y * (size_t)term->w];
	int from, used = 0;

	if (row[x].len == 0 && x > 0)
		x--;
	from = x;
	while (x < term->w && (x == from || changed[x] || row[x].len == 0)) {
		int columns = row[x].len && x + 1 < term->w && row[x + 1].len == 0 ? 2 : 1;

		used += add_cell(term, &row[x], columns, term->row + used);
		x += columns;
	}
	mvwadd_wchnstr(stdscr, y, from, term->row, used);
	return x;
}

static bool draw_rows(struct painter *p)
{
	bool *changed = xcalloc((size_t)p->term->w + 1, sizeof *changed), any = false;

	for (int y = 0; y < p->term->h; y++) {
		if (!note_row(p, y, changed))
			continue;
		any = true;
		for (int x = 0; x < p->term->w;)
			x = changed[x] ? put_run(p->term, y, x, changed) : x + 1;
	}
	free(changed);
	return any;
}

static void show(struct term *term, int y, int x)
{
	bool visible = y >= 0;

	if (term->can_hide && term->cursor_y >= 0)
		curs_set(0);
	/* Where a cursor cannot be hidden it waits in the corner. */
	leaveok(stdscr, term->can_hide && !visible);
	wmove(stdscr, visible ? y : term->h - 1, visible ? x : term->w - 1);
	wrefresh(stdscr);
	if (term->can_hide && visible)
		curs_set(1);
}

void term_draw(struct term *term, const struct cells *cells, const struct theme *theme)
{
	struct painter painter = {term, cells, theme, -1, -1, {0}};
	int y = cells->cursor_y, x = cells->cursor_x;
	bool changed;

	if (term->suspended)
		return;
	if (y < 0 || x < 0 || y >= term->h || x >= term->w)
		y = x = -1;
	changed = draw_rows(&painter);
	/* Themes that are gone have used them up: once more, with those of this picture. */
	if (term->pairs_full) {
		term->pair_count = 0;
		term->whole = true;
		draw_rows(&painter);
		term->pairs_full = false;
	}
	if (changed || term->whole || y != term->cursor_y || x != term->cursor_x)
		show(term, y, x);
	term->whole = false;
	term->cursor_y = y;
	term->cursor_x = x;
}
