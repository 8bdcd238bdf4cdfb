/*
 * Fuzz target: a theme from the bytes of its file, and the same bytes as text from outside on the
 * screen. Whatever they are, problems have words and places, a theme's looks are colours that there
 * are, foreground is never background, and cells hold nothing but safe text and whole characters.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kata/text.h"
#include "ui/theme.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_problems(const struct problems *list)
{
	check(list->count <= PROBLEMS_MAX);
	for (size_t i = 0; i < list->count; i++)
		check(list->items[i].msg && *list->items[i].msg && list->items[i].place.file);
}

static void check_color(int color, int colors)
{
	if (color >= COLOR_RGB)
		check(colors >= COLOR_RGB && color < 2 * COLOR_RGB);
	else
		check(color >= COLOR_DEFAULT && color < (colors < 256 ? colors : 256));
	check(theme_reduce(color, colors) == color);
}

static void check_looks(const struct theme *theme)
{
	static const int depths[] = {0, 8, 16, 256, 1 << 24};
	static const int overs[] = {ROLE_text, ROLE_selected, ROLE_selected_other, ROLE_related};

	for (size_t d = 0; d < sizeof depths / sizeof depths[0]; d++)
		for (int role = 0; role < ROLE_END; role++)
			for (size_t o = 0; o < sizeof overs / sizeof overs[0]; o++) {
				struct look look = theme_look(theme, role, overs[o], depths[d]);

				check_color(look.fg, depths[d]);
				check_color(look.bg, depths[d]);
				check(look.fg == COLOR_DEFAULT || look.fg != look.bg);
				check(depths[d] || overs[o] != ROLE_selected ||
				      look.attrs & LOOK_REVERSE);
			}
}

static void check_theme(const char *text, struct arena *arena)
{
	struct theme theme, again;
	struct problems problems;
	char parent[THEME_NAME];

	problems_init(&problems, arena);
	bool ok = theme_parse(&theme, "fuzz", text, &problems, arena);
	check(ok || problems.errors == 1);
	check_problems(&problems);
	check_looks(&theme);
	theme_check(&theme, &problems, arena);
	check_problems(&problems);
	if (theme_parent(text, parent))
		check(*parent && !strchr(parent, '/'));
	/* On itself it stays what it is. */
	check(theme_parse_on(&again, &theme, "fuzz", text, &problems, arena) == ok);
	check(!memcmp(again.looks, theme.looks, sizeof theme.looks));
}

static void check_cells(const struct cells *cells)
{
	struct str safe = STR_INIT;

	for (int y = 0; y < cells->h; y++)
		for (int x = 0; x < cells->w; x++) {
			const struct cell *cell = &cells->at[y * cells->w + x];

			str_clear(&safe);
			text_safe(&safe, cell->text, cell->len);
			check(cell->len < CELL_BYTES && strlen(cell->text) == cell->len);
			check(!strcmp(safe.p, cell->text));
			check(cell->len ||
			      (x > 0 && text_columns(cell[-1].text, cell[-1].len) == 2));
			check(!cell->len || text_columns(cell->text, cell->len) <=
						    1 + (x + 1 < cells->w && !cell[1].len));
		}
	str_release(&safe);
}

/* The bytes, here and there, one over the other. */
static void check_drawing(const char *text, size_t size)
{
	struct cells cells;
	struct str picture = STR_INIT;

	cells_init(&cells);
	cells_resize(&cells, 4, 24);
	struct area all = cells_area(&cells), part = area_part(all, 1, 3, 2, 11);
	int columns = area_textn(all, 0, 0, ROLE_text, text, size);
	int whole = text_columns(text, size);
	check(columns == (whole < 24 ? whole : 24));
	for (int i = 0; i < 8; i++) {
		size_t from = size * (size_t)i / 8;

		area_textn(part, i % 2, i * 3 - 12, ROLE_good, text + from, size - from);
		area_field(part, 1, 12 - i * 3, i + 2, i % 2, ROLE_bad, text + from);
		check_cells(&cells);
	}
	area_box(part, ROLE_border, ROLE_title, text);
	check_cells(&cells);
	cells_dump(&cells, &picture);
	cells_dump_roles(&cells, &picture);
	check(utf8_check(picture.p, picture.len) == picture.len);
	str_release(&picture);
	cells_release(&cells);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const char *text = arena_strndup(arena, (const char *)data, size);

	check_theme(text, arena);
	check_drawing(text, size);
	arena_free(arena);
	return 0;
}
