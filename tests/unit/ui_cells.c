/* The grid of cells: widths, what gets into a cell, clipping, frames, and the picture as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <string.h>

#include "kata/text.h"
#include "ui/cells.h"

#define SIZE(array) (sizeof(array) / sizeof(array)[0])

static struct cells grid(int h, int w)
{
	struct cells cells;

	cells_init(&cells);
	cells_resize(&cells, h, w);
	return cells;
}

#define assert_picture(cells, expected)                                                            \
	do {                                                                                       \
		struct str picture = STR_INIT;                                                     \
		cells_dump(cells, &picture);                                                       \
		assert_string_equal(picture.p, expected);                                          \
		str_release(&picture);                                                             \
	} while (0)

/* Whatever happened: every cell has a safe text, halves come in pairs. */
static void assert_sound(const struct cells *cells)
{
	for (int y = 0; y < cells->h; y++)
		for (int x = 0; x < cells->w; x++) {
			const struct cell *cell = &cells->at[y * cells->w + x];
			struct str safe = STR_INIT;

			assert_int_equal(strlen(cell->text), cell->len);
			text_safe(&safe, cell->text, cell->len);
			assert_string_equal(safe.p, cell->text);
			str_release(&safe);
			if (cell->len)
				continue;
			assert_true(x > 0);
			assert_int_equal(text_columns(cell[-1].text, cell[-1].len), 2);
			assert_int_equal(cell->role, cell[-1].role);
		}
}

static void columns_are_unicode(void **state)
{
	static const struct {
		const char *text;
		int columns;
	} rows[] = {
		{"", 0},
		{"plain", 5},
		{"caf\u00e9", 4},
		{"cafe\u0301", 4},
		{"\u65e5\u672c\u8a9e", 6},
		{"\uff21\uff71", 3},
		{"\u30ab\u3099", 2}, /* a Mark that is wide in EastAsianWidth */
		{"\U0001f600", 2},
		{"\u2705\u2714", 3}, /* an emoji by default, and one that is text */
		{"\u25cf\u25d0\u25b2\u2716\u25cb\u25be\u25b8\u25b4\u2026", 9},
		{"\u2500\u2502\u250c\u2510\u2514\u2518", 6},
		{"a\u200bb\ufeffc", 3},
		{"\u00ad\u0600", 2}, /* format characters that are seen */
		{"\u1112\u1161\u11ab\ud55c", 4},
		{"\u3400\u4dbf\u9fff\uf900\ufaff", 10},
		{"\U00020000\U0002fffd\U00030000\U0003fffd", 8},
		{"\U00040000\u0378", 2},
		{"\U000e0100", 0},
		{"\u4dc0\u3248", 4},
		{"\u02ff\u0300\u036f\u0370", 2},
		{"\t", 8},
		{"1234567\t", 8},
		{"\u65e5\tx", 9},
		{"\t\ta\tb", 25},
		{"\x1b[1m", 7},
		{"\xff", 4},
		{"\u202e", 8},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(rows); i++)
		assert_int_equal(text_columns(rows[i].text, strlen(rows[i].text)), rows[i].columns);
	assert_int_equal(text_columns("a\0b", 3), 6);
}

static void text_is_made_safe(void **state)
{
	struct cells cells = grid(2, 40);
	struct area all = cells_area(&cells);

	(void)state;
	assert_int_equal(area_text(all, 0, 0, ROLE_text, "a\x1b]0;x\a\n\xc2\x9b\xe2\x80\xae\xff"),
			 35);
	assert_int_equal(area_textn(all, 1, 0, ROLE_text, "a\tb\0c\xe2\x82", 7), 22);
	assert_picture(&cells,
		       "a\\x1B]0;x\\x07\\n\\u{009B}\\u{202E}\\xFF\na       b\\x00c\\xE2\\x82\n");
	assert_sound(&cells);
	cells_release(&cells);
}

static void text_is_clipped(void **state)
{
	struct cells cells = grid(3, 10);
	struct area part = area_part(cells_area(&cells), 1, 2, 1, 5);

	(void)state;
	assert_int_equal(area_text(part, 0, 0, ROLE_good, "abcdefgh"), 5);
	assert_picture(&cells, "\n  abcde\n\n");
	assert_int_equal(area_text(part, 0, -3, ROLE_good, "123456"), 6);
	assert_picture(&cells, "\n  456de\n\n");
	assert_int_equal(area_text(part, 0, 4, ROLE_good, "xyz"), 1);
	assert_int_equal(area_text(part, 0, 5, ROLE_good, "xyz"), 0);
	assert_int_equal(area_text(part, 0, INT_MAX, ROLE_good, "xyz"), 0);
	assert_int_equal(area_text(part, 0, INT_MIN, ROLE_good, "xyz"), 3);
	area_text(part, 1, 0, ROLE_good, "no");
	area_text(part, -1, 0, ROLE_good, "no");
	area_fill(area_part(part, 0, 3, 9, 9), ROLE_bad);
	area_over(part, 0, -2, 4, ROLE_selected);
	area_role(part, 0, 2, INT_MAX, ROLE_drift);
	assert_picture(&cells, "\n  456\n\n");
	struct str roles = STR_INIT;
	cells_dump_roles(&cells, &roles);
	assert_string_equal(roles.p, "..........\n..kkmmm...\n..........\nk good\nm drift\n"
				     "..........\n..EE......\n..........\nE selected\n");
	str_release(&roles);
	cells_release(&cells);
}

static void areas_are_cut(void **state)
{
	struct cells cells = grid(5, 10);
	struct area all = cells_area(&cells);
	struct area a = area_part(all, 3, -2, 9, 5), b = area_part(a, 1, 1, INT_MAX, INT_MAX);
	struct area c = area_part(all, 5, 0, 1, 1), d = area_part(all, 0, 0, -1, 4);
	struct area e = area_part(all, INT_MAX, INT_MAX, INT_MAX, INT_MAX);
	struct area f = area_part(all, INT_MIN, INT_MIN, INT_MAX, INT_MAX);

	(void)state;
	assert_true(a.y == 3 && a.x == 0 && a.h == 2 && a.w == 3);
	assert_true(b.y == 4 && b.x == 1 && b.h == 1 && b.w == 2);
	assert_true(c.h == 0 && d.h == 0 && e.h == 0 && e.w == 0 && f.h == 0);
	struct area in = area_inside(b);
	assert_true(in.h == 0 && in.w == 0);
	area_fill(e, ROLE_bad);
	area_box(e, ROLE_bad, ROLE_bad, "t");
	area_text(c, 0, 0, ROLE_bad, "x");
	/* An area of a grid that has become smaller meanwhile. */
	cells_resize(&cells, 1, 2);
	area_fill(all, ROLE_text);
	area_box(all, ROLE_text, ROLE_text, NULL);
	area_text(all, 4, 8, ROLE_text, "x");
	area_cursor(all, 4, 8);
	assert_int_equal(cells.cursor_y, -1);
	cells_resize(&cells, -3, 0);
	assert_true(cells.h == 1 && cells.w == 1);
	assert_picture(&cells, "\n");
	cells_release(&cells);
}

static void wide_characters_stay_whole(void **state)
{
	struct cells cells = grid(1, 6);
	struct area all = cells_area(&cells);

	(void)state;
	assert_int_equal(area_text(all, 0, 0, ROLE_good, "\u65e5\u672c"), 4);
	assert_int_equal(cells.at[1].len, 0);
	assert_picture(&cells, "\u65e5\u672c\n");
	area_text(all, 0, 1, ROLE_text, "x"); /* over a second half */
	assert_picture(&cells, " x\u672c\n");
	area_text(all, 0, 2, ROLE_text, "y"); /* over a first half */
	assert_picture(&cells, " xy\n");
	area_text(all, 0, 0, ROLE_text, "\u65e5\u672c\u8a9e");
	area_text(all, 0, 1, ROLE_text, "\u65e5"); /* over two halves */
	assert_picture(&cells, " \u65e5 \u8a9e\n");
	assert_sound(&cells);
	/* What does not fit, at the right and at the left. */
	cells_clear(&cells);
	assert_int_equal(area_text(area_part(all, 0, 0, 1, 3), 0, 0, ROLE_good, "a\u65e5\u672c"),
			 3);
	assert_int_equal(area_text(area_part(all, 0, 3, 1, 3), 0, 2, ROLE_good, "\u65e5"), 1);
	assert_picture(&cells, "a\u65e5\n");
	assert_int_equal(cells.at[5].role, ROLE_good);
	cells_clear(&cells);
	assert_int_equal(area_text(all, 0, -1, ROLE_bad, "\u65e5\u672c"), 4);
	assert_picture(&cells, " \u672c\n");
	assert_int_equal(cells.at[0].role, ROLE_bad);
	/* The repair reaches beyond the area's edge: half a character cannot stay. */
	area_fill(area_part(all, 0, 2, 1, 1), ROLE_text);
	assert_picture(&cells, "\n");
	assert_sound(&cells);
	cells_release(&cells);
}

static void marks_go_to_the_cell_before(void **state)
{
	struct cells cells = grid(1, 6);
	struct area all = cells_area(&cells);

	(void)state;
	assert_int_equal(area_text(all, 0, 0, ROLE_text, "e\u0301\u65e5\u0301x"), 4);
	assert_string_equal(cells.at[0].text, "e\u0301");
	assert_string_equal(cells.at[1].text, "\u65e5\u0301");
	assert_int_equal(cells.at[2].len, 0);
	/* The next part of a text goes on with a mark; the first one has nothing before it. */
	assert_int_equal(area_text(all, 0, 4, ROLE_text, "\u0302"), 0);
	assert_string_equal(cells.at[3].text, "x\u0302");
	assert_int_equal(area_text(all, 0, 0, ROLE_text, "\u0301"), 0);
	assert_string_equal(cells.at[0].text, "e\u0301");
	area_text(area_part(all, 0, 1, 1, 2), 0, 0, ROLE_text, "\u0301");
	assert_string_equal(cells.at[0].text, "e\u0301");
	/* Behind the last column that fits, and too many of them. */
	area_text(area_part(all, 0, 4, 1, 1), 0, 0, ROLE_text, "ab\u0301");
	assert_string_equal(cells.at[4].text, "a");
	area_text(all, 0, 5, ROLE_text,
		  "z\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301");
	assert_string_equal(cells.at[5].text,
			    "z\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301");
	/* What makes of two one of unknown width. */
	area_text(all, 0, 0, ROLE_text, "\u2764\ufe0f\u200d\U0001f525");
	assert_string_equal(cells.at[0].text, "\u2764");
	assert_string_equal(cells.at[1].text, "\U0001f525");
	assert_sound(&cells);
	cells_release(&cells);
}

static void fields_are_cut_and_aligned(void **state)
{
	static const struct {
		int x, width;
		bool right;
		const char *text, *picture;
	} rows[] = {
		{1, 5, false, "abc", "#abc  ####\n"},
		{1, 5, true, "abc", "#  abc####\n"},
		{1, 5, false, "abcde", "#abcde####\n"},
		{1, 5, false, "abcdef", "#abcd\u2026####\n"},
		{1, 5, true, "abcdef", "#abcd\u2026####\n"},
		{1, 4, false, "\u65e5\u672c\u8a9e", "#\u65e5 \u2026#####\n"},
		{1, 4, true, "\u65e5", "#  \u65e5#####\n"},
		{1, 1, false, "ab", "#\u2026########\n"},
		{1, 0, false, "ab", "##########\n"},
		{1, -5, true, "ab", "##########\n"},
		{7, 6, false, "abcdefg", "#######abc\n"},
		{8, 6, true, "ab", "########\n"},
		{-2, 5, false, "abcdef", "cd\u2026#######\n"},
		{-2, 5, true, "ab", " ab#######\n"},
		{10, 5, false, "ab", "##########\n"},
		{1, 5, false, "\x1b", "#\\x1B ####\n"},
	};
	struct cells cells = grid(1, 10);
	struct area all = cells_area(&cells);

	(void)state;
	for (size_t i = 0; i < SIZE(rows); i++) {
		area_text(all, 0, 0, ROLE_text, "##########");
		area_field(all, 0, rows[i].x, rows[i].width, rows[i].right, ROLE_good,
			   rows[i].text);
		assert_picture(&cells, rows[i].picture);
		assert_sound(&cells);
	}
	area_field(all, 0, INT_MAX, INT_MAX, true, ROLE_good, "x");
	area_field(all, 0, INT_MIN, 3, true, ROLE_good, "x");
	cells.ascii = true;
	area_field(all, 0, 0, 3, false, ROLE_good, "abcdef");
	assert_string_equal(cells.at[2].text, "~");
	cells_release(&cells);
}

static void boxes_have_titles(void **state)
{
	struct cells cells = grid(3, 12);
	struct area all = cells_area(&cells);

	(void)state;
	area_box(all, ROLE_border, ROLE_title, "Apps");
	area_text(area_inside(all), 0, 0, ROLE_text, "inside that is cut");
	assert_picture(
		&cells,
		"\u250c Apps \u2500\u2500\u2500\u2500\u2510\n"
		"\u2502inside tha\u2502\n"
		"\u2514\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2518\n");
	assert_int_equal(cells.at[2].role, ROLE_title);
	assert_int_equal(cells.at[0].role, ROLE_border);
	cells.ascii = true;
	area_box(all, ROLE_border, ROLE_title, "A long title");
	assert_picture(&cells, "+ A long ~ +\n|inside tha|\n+----------+\n");
	area_box(area_part(all, 0, 0, 2, 4), ROLE_border, ROLE_title, "A");
	assert_picture(&cells, "+--+long ~ +\n+--+ide tha|\n+----------+\n");
	/* Too small for all of it. */
	cells_clear(&cells);
	area_box(area_part(all, 0, 0, 1, 5), ROLE_border, ROLE_title, "Apps");
	area_box(area_part(all, 1, 0, 2, 1), ROLE_border, ROLE_title, NULL);
	assert_picture(&cells, "+ ~ +\n+\n+\n");
	cells_release(&cells);
}

static void glyphs_take_a_column(void **state)
{
	struct cells cells = grid(1, 1);

	(void)state;
	for (int which = 0; which < GLYPH_COUNT; which++)
		for (int ascii = 0; ascii < 2; ascii++) {
			cells.ascii = ascii;
			const char *text = glyph(&cells, (enum glyph)which);

			assert_int_equal(text_columns(text, strlen(text)), 1);
			assert_true(!ascii || strlen(text) == 1);
		}
	assert_string_equal(glyph(&cells, GLYPH_BAD), "x");
	cells.ascii = false;
	assert_string_equal(glyph(&cells, GLYPH_BAD), "\u2716");
	cells_release(&cells);
}

static void the_cursor_stays_inside(void **state)
{
	struct cells cells = grid(4, 4);
	struct area part = area_part(cells_area(&cells), 1, 1, 2, 2);

	(void)state;
	assert_int_equal(cells.cursor_y, -1);
	area_cursor(part, 1, 1);
	assert_true(cells.cursor_y == 2 && cells.cursor_x == 2);
	area_cursor(part, 2, 0);
	area_cursor(part, 0, -1);
	assert_true(cells.cursor_y == 2 && cells.cursor_x == 2);
	cells_clear(&cells);
	assert_true(cells.cursor_y == -1 && cells.cursor_x == -1);
	cells_release(&cells);
}

static void what_lies_over_stays_under_text(void **state)
{
	struct cells cells = grid(1, 4);
	struct area all = cells_area(&cells);

	(void)state;
	area_over(all, 0, 0, 4, ROLE_selected);
	assert_int_equal(area_printf(all, 0, 0, ROLE_bad, "%d%s", 12, "\n"), 4);
	assert_int_equal(cells.at[0].over, ROLE_selected);
	assert_int_equal(cells.at[0].role, ROLE_bad);
	area_fill(all, ROLE_dialog);
	assert_int_equal(cells.at[0].over, ROLE_text);
	assert_int_equal(cells.at[0].role, ROLE_dialog);
	cells_release(&cells);
}

static void roles_have_letters(void **state)
{
	struct cells cells = grid(1, ROLE_END);
	struct str roles = STR_INIT;

	(void)state;
	for (int i = 0; i < ROLE_END; i++)
		area_role(cells_area(&cells), 0, i, 1, (enum role)i);
	cells_dump_roles(&cells, &roles);
	assert_int_equal(roles.p[0], '.');
	for (int i = 0; i < ROLE_END; i++)
		assert_ptr_equal(memchr(roles.p, roles.p[i], ROLE_END), roles.p + i);
	assert_non_null(strstr(roles.p, "\na dim\n"));
	assert_non_null(strstr(roles.p, "\n~ colour 15\n"));
	str_release(&roles);
	cells_release(&cells);
}

static void roles_fall_back_to_earlier_ones(void **state)
{
	(void)state;
	assert_int_equal(role_fallbacks[ROLE_text], ROLE_text);
	assert_string_equal(role_names[ROLE_title_focus], "title_focus");
	for (int role = 1; role < ROLE_COUNT; role++)
		assert_true((int)role_fallbacks[role] < role);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_unicode),
		cmocka_unit_test(text_is_made_safe),
		cmocka_unit_test(text_is_clipped),
		cmocka_unit_test(areas_are_cut),
		cmocka_unit_test(wide_characters_stay_whole),
		cmocka_unit_test(marks_go_to_the_cell_before),
		cmocka_unit_test(fields_are_cut_and_aligned),
		cmocka_unit_test(boxes_have_titles),
		cmocka_unit_test(glyphs_take_a_column),
		cmocka_unit_test(the_cursor_stays_inside),
		cmocka_unit_test(what_lies_over_stays_under_text),
		cmocka_unit_test(roles_have_letters),
		cmocka_unit_test(roles_fall_back_to_earlier_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
