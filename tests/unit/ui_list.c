/* Lists: selection and marks over new rows, filter, sort, columns that fit, what is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "ui/list.h"

static size_t texts_made;

static enum role text_of(const json_t *row, struct str *out, const char *member)
{
	const char *text = json_member_text(row, member);

	texts_made++;
	str_add(out, text ? text : "");
	return ROLE_text;
}

static enum role name_text(const json_t *row, struct str *out, const void *arg)
{
	(void)arg;
	return text_of(row, out, "name");
}

static enum role note_text(const json_t *row, struct str *out, const void *arg)
{
	(void)arg;
	text_of(row, out, "note");
	return ROLE_bad;
}

static enum role path_text(const json_t *row, struct str *out, const void *arg)
{
	(void)arg;
	return text_of(row, out, "path");
}

static enum role size_text(const json_t *row, struct str *out, const void *arg)
{
	const json_t *size = json_object_get(row, "size");

	(void)arg;
	texts_made++;
	if (json_is_integer(size))
		str_addf(out, "%lld MB", (long long)json_integer_value(size));
	return ROLE_text;
}

static const struct column columns[] = {
	{.name = "name", .head = "NAME", .min = 6, .max = 20, .text = name_text},
	{.name = "size",
	 .head = "SIZE",
	 .min = 6,
	 .max = 8,
	 .rank = 1,
	 .right = true,
	 .number = true,
	 .sort_key = "size",
	 .text = size_text},
	{.name = "note", .head = "NOTE", .min = 5, .max = 10, .rank = 3, .text = note_text},
	{.name = "path",
	 .head = "PATH",
	 .min = 5,
	 .max = 10,
	 .rank = 2,
	 .tail = true,
	 .sort_key = "hidden",
	 .text = path_text},
};
enum { NAME, SIZE, NOTE, PATH, COLUMNS };

struct fixture {
	struct list list;
	struct cells cells;
};

static int setup(void **state)
{
	static struct fixture f;

	cells_init(&f.cells);
	list_init(&f.list, columns, COLUMNS, "name", NULL);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	list_release(&f->list);
	cells_release(&f->cells);
	return 0;
}

/* Rows with these names, separated by blanks. */
static json_t *rows_new(const char *names)
{
	json_t *rows = json_array();

	while (*names) {
		size_t len = strcspn(names, " ");

		json_array_append_new(rows, json_pack("{s:s%}", "name", names, len));
		names += len + (names[len] == ' ');
	}
	return rows;
}

static void assert_shown(const struct list *list, const char *names)
{
	struct str text = STR_INIT;

	for (size_t i = 0; i < list->shown_count; i++)
		str_addf(&text, "%s%s", i ? " " : "",
			 json_member_text(json_array_get(list->rows, list->shown[i]), "name"));
	assert_string_equal(text.p, names);
	str_release(&text);
}

static void assert_picture(struct fixture *f, int h, int w, bool focus, const char *expected)
{
	struct str text = STR_INIT;

	cells_resize(&f->cells, h, w);
	list_draw(&f->list, cells_area(&f->cells), focus, "no rows");
	cells_dump(&f->cells, &text);
	assert_string_equal(text.p, expected);
	str_release(&text);
}

static int over_at(const struct fixture *f, int y)
{
	return f->cells.at[y * f->cells.w].over;
}

/* --- selection --- */

static void test_selection_stays_with_its_key(void **state)
{
	struct list *list = &((struct fixture *)*state)->list;

	assert_null(list_selected(list));
	assert_null(list_selected_key(list));
	list_set_take(list, rows_new("a b c d"));
	assert_string_equal(list_selected_key(list), "a");
	assert_true(list_select(list, "c"));
	assert_false(list_select(list, "x"));
	assert_string_equal(list_selected_key(list), "c");
	list_set_take(list, rows_new("d new c a b"));
	assert_string_equal(list_selected_key(list), "c");
	assert_int_equal(list->at, 2);
	assert_string_equal(json_member_text(list_selected(list), "name"), "c");
}

static void test_selection_of_a_row_that_went(void **state)
{
	struct list *list = &((struct fixture *)*state)->list;

	list_set_take(list, rows_new("a b c d e"));
	list_select(list, "c");
	list_set_take(list, rows_new("d e")); /* those before it went, too */
	assert_string_equal(list_selected_key(list), "d");
	list_select(list, "e");
	list_set_take(list, rows_new("x d"));
	assert_string_equal(list_selected_key(list), "d");
	list_set_take(list, json_array());
	assert_null(list_selected_key(list));
	assert_null(list_selected(list));
	list_set_take(list, rows_new("b d"));
	assert_string_equal(list_selected_key(list), "d");
}

static void test_moves_end_at_the_ends(void **state)
{
	struct list *list = &((struct fixture *)*state)->list;

	list_move(list, 1);
	list_set_take(list, rows_new("a b c d e"));
	list_move(list, 2);
	assert_string_equal(list_selected_key(list), "c");
	list_move(list, 1000000000);
	assert_string_equal(list_selected_key(list), "e");
	list_move(list, -1);
	assert_string_equal(list_selected_key(list), "d");
	list_move(list, INT32_MIN);
	assert_string_equal(list_selected_key(list), "a");
}

/* --- filter, sort, search --- */

static void test_filter_wants_all_words(void **state)
{
	struct list *list = &((struct fixture *)*state)->list;

	list_set_take(list, json_pack("[{s:s,s:s},{s:s,s:s},{s:s,s:s,s:s}]", "name", "blog-web",
				      "note", "Healthy", "name", "blog-db", "note", "exited",
				      "name", "shop-web", "note", "exited", "hidden", "drift"));
	list_select(list, "blog-db");
	list_filter(list, "  WEB  exit ");
	assert_shown(list, "shop-web");
	assert_string_equal(list_selected_key(list), "shop-web");
	list_filter(list, "blog");
	assert_shown(list, "blog-web blog-db");
	/* A word lies in one column. */
	list_filter(list, "webHealthy");
	assert_shown(list, "");
	assert_null(list_selected_key(list));
	/* What a column is sorted by counts as its text. */
	list_filter(list, "drift");
	assert_shown(list, "shop-web");
	list_filter(list, "");
	assert_shown(list, "blog-web blog-db shop-web");
	assert_null(list->filter);
	assert_string_equal(list_selected_key(list), "shop-web");
}

static void test_filter_holds_for_new_rows(void **state)
{
	struct list *list = &((struct fixture *)*state)->list;

	list_filter(list, "a");
	list_set_take(list, rows_new("ab cd ef"));
	assert_shown(list, "ab");
	list_set_take(list, rows_new("cd ef ga"));
	assert_shown(list, "ga");
}

static void test_sort(void **state)
{
	struct list *list = &((struct fixture *)*state)->list;

	list_set_take(list, json_pack("[{s:s,s:i},{s:s,s:i},{s:s,s:n},{s:s,s:i}]", "name", "b",
				      "size", 9, "name", "A", "size", 100, "name", "c", "size",
				      "name", "d", "size", 9));
	list_select(list, "d");
	list_sort(list, SIZE, false);
	assert_shown(list, "c b d A"); /* 9 before 100; equals as given */
	assert_string_equal(list_selected_key(list), "d");
	list_sort(list, SIZE, true);
	assert_shown(list, "A b d c");
	list_sort(list, NAME, false);
	assert_shown(list, "A b c d");
	list_sort(list, -1, false);
	assert_shown(list, "b A c d");
	list_sort(list, 99, false);
	assert_shown(list, "b A c d");
}

static void test_search_goes_round(void **state)
{
	struct list *list = &((struct fixture *)*state)->list;

	assert_false(list_search(list, "a", false));
	list_set_take(list, rows_new("web1 db web2 cache"));
	assert_true(list_search(list, "WEB", false));
	assert_string_equal(list_selected_key(list), "web2");
	assert_true(list_search(list, "web", false));
	assert_string_equal(list_selected_key(list), "web1");
	assert_true(list_search(list, "web", true));
	assert_string_equal(list_selected_key(list), "web2");
	assert_false(list_search(list, "nothing", false));
	assert_false(list_search(list, "", false));
	assert_string_equal(list_selected_key(list), "web2");
}

/* --- marks --- */

static void assert_targets(const struct list *list, const char *expected)
{
	json_t *targets = list_targets_new(list), *item;
	struct str text = STR_INIT;
	size_t i;

	json_array_foreach(targets, i, item)
		str_addf(&text, "%s%s", i ? " " : "", json_string_value(item));
	assert_string_equal(text.p, expected);
	str_release(&text);
	json_decref(targets);
}

static void test_marks(void **state)
{
	struct list *list = &((struct fixture *)*state)->list;

	assert_targets(list, "");
	list_mark(list);
	list_set_take(list, rows_new("a b c d"));
	assert_targets(list, "a");
	list_mark(list);
	list_mark(list);
	assert_string_equal(list_selected_key(list), "c");
	assert_targets(list, "a b");
	assert_true(list_is_marked(list, json_array_get(list->rows, 1)));
	list_set_take(list, rows_new("c b x"));
	assert_targets(list, "b");
	/* One that comes back is not marked any more. */
	list_set_take(list, rows_new("a b"));
	assert_targets(list, "b");
	list_select(list, "b");
	list_mark(list);
	assert_targets(list, "b");
	assert_int_equal(json_object_size(list->marks), 0);
}

static void test_mark_all_are_those_shown(void **state)
{
	struct list *list = &((struct fixture *)*state)->list;

	list_set_take(list, rows_new("a1 b1 a2"));
	list_filter(list, "a");
	list_mark_all(list);
	list_filter(list, NULL);
	assert_targets(list, "a1 a2");
	list_mark_all(list);
	assert_targets(list, "a1 b1 a2");
	list_mark_all(list);
	assert_int_equal(json_object_size(list->marks), 0);
}

/* --- drawing --- */

static json_t *wide_rows_new(void)
{
	return json_pack("[{s:s,s:i,s:s,s:s},{s:s,s:i,s:s,s:s}]", "name", "blog", "size", 5, "note",
			 "good", "path", "/a", "name", "a-longer-name", "size", 1234, "note",
			 "exited 137", "path", "/srv/some/where");
}

static void test_columns_that_fit(void **state)
{
	struct fixture *f = *state;

	list_set_take(&f->list, wide_rows_new());
	assert_picture(f, 3, 45, true,
		       "NAME             SIZE NOTE       PATH\n"
		       "blog             5 MB good       /a\n"
		       "a-longer-name 1234 MB exited 137 …ome/where\n");
	assert_picture(f, 3, 30, true,
		       "NAME        SIZE NOTE   PATH\n"
		       "blog        5 MB good   /a\n"
		       "a-longe… 1234 MB exite… …where\n");
	assert_picture(f, 3, 24, true,
		       "NAME        SIZE PATH\n"
		       "blog        5 MB /a\n"
		       "a-longe… 1234 MB …/where\n");
	assert_int_equal(f->list.lost[NOTE], 1);
	assert_int_equal(f->list.lost[PATH], 0);
	assert_picture(f, 3, 6, true, "NAME\nblog\na-lon…\n");
	assert_picture(f, 3, 3, true, "NAM\nblo\na-l\n");
}

static void test_empty_columns_take_no_room(void **state)
{
	struct fixture *f = *state;

	list_set_take(&f->list, json_pack("[{s:s,s:s}]", "name", "blog", "path", "/a"));
	assert_picture(f, 3, 30, true, "NAME PATH\nblog /a\n\n");
	assert_int_equal(f->list.lost[SIZE], 0);
}

static void test_scrolling(void **state)
{
	struct fixture *f = *state;

	list_set_take(&f->list, rows_new("a b c d e f"));
	assert_picture(f, 4, 6, true, "NAME\na\nb\nc\n");
	assert_int_equal(f->list.height, 3);
	list_select(&f->list, "e");
	assert_picture(f, 4, 6, true, "NAME\nc\nd\ne\n");
	/* What is on the screen stays there when rows come before it. */
	list_set_take(&f->list, rows_new("a a1 a2 b c d e f"));
	assert_picture(f, 4, 6, true, "NAME\nc\nd\ne\n");
	list_select(&f->list, "a2");
	assert_picture(f, 4, 6, true, "NAME\na2\nb\nc\n");
	/* No empty rows while there are others. */
	list_set_take(&f->list, rows_new("a b c"));
	assert_picture(f, 4, 6, true, "NAME\na\nb\nc\n");
	/* At the top the first row is seen, even a new one. */
	list_set_take(&f->list, rows_new("0 a b c"));
	assert_picture(f, 4, 6, true, "NAME\n0\na\nb\n");
}

static void test_mouse_selects_what_was_drawn(void **state)
{
	struct fixture *f = *state;

	list_set_take(&f->list, rows_new("a b c d e f"));
	list_select(&f->list, "f");
	assert_picture(f, 4, 6, true, "NAME\nd\ne\nf\n");
	assert_false(list_select_row(&f->list, 0));
	assert_true(list_select_row(&f->list, 2));
	assert_string_equal(list_selected_key(&f->list), "e");
	assert_false(list_select_row(&f->list, 4));
	assert_false(list_select_row(&f->list, -1));
	list_set_take(&f->list, rows_new("a"));
	assert_picture(f, 4, 6, true, "NAME\na\n\n\n");
	assert_false(list_select_row(&f->list, 2));
	/* Without room for it there is no head. */
	assert_picture(f, 2, 6, true, "a\n\n");
	assert_true(list_select_row(&f->list, 0));
}

static void test_selected_and_related_rows(void **state)
{
	struct fixture *f = *state;

	list_set_take(&f->list,
		      json_pack("[{s:s,s:s},{s:s,s:[s,s]},{s:s,s:s}]", "name", "a", "of", "x",
				"name", "b", "of", "y", "x", "name", "c", "of", "z"));
	list_select(&f->list, "c");
	f->list.related_key = "of";
	f->list.related = "x";
	assert_picture(f, 4, 6, true, "NAME\na\nb\nc\n");
	assert_int_equal(over_at(f, 1), ROLE_related);
	assert_int_equal(over_at(f, 2), ROLE_related);
	assert_int_equal(over_at(f, 3), ROLE_selected);
	assert_int_equal(f->cells.at[3 * 6 + 5].over, ROLE_selected);
	f->list.related = NULL;
	assert_picture(f, 4, 6, false, "NAME\na\nb\nc\n");
	assert_int_equal(over_at(f, 1), ROLE_text);
	assert_int_equal(over_at(f, 3), ROLE_selected_other);
}

static void test_marked_rows_are_seen_without_colour(void **state)
{
	struct fixture *f = *state;
	char expected[64];

	list_set_take(&f->list, rows_new("a b"));
	list_mark(&f->list);
	snprintf(expected, sizeof expected, " NAME\n%sa\n b\n", glyph(&f->cells, GLYPH_MARK));
	assert_picture(f, 3, 6, true, expected);
	assert_int_equal(f->cells.at[6].role, ROLE_marked);
}

static void test_sorted_column_says_so(void **state)
{
	struct fixture *f = *state;
	char expected[64];

	list_set_take(&f->list, rows_new("a b"));
	list_sort(&f->list, NAME, true);
	snprintf(expected, sizeof expected, "NAME%s\nb\na\n", glyph(&f->cells, GLYPH_DOWN));
	assert_picture(f, 3, 8, true, expected);
}

static void test_nothing_to_show(void **state)
{
	struct fixture *f = *state;

	assert_picture(f, 3, 12, true, "no rows\n\n\n");
	list_set_take(&f->list, rows_new("a"));
	list_filter(&f->list, "x");
	assert_picture(f, 3, 12, true, "no rows\n\n\n");
	list_draw(&f->list, cells_area(&f->cells), true, NULL);
}

static void test_any_size(void **state)
{
	struct fixture *f = *state;

	list_set_take(&f->list, wide_rows_new());
	list_mark(&f->list);
	for (int h = 1; h < 6; h++) {
		for (int w = 1; w < 60; w++) {
			cells_resize(&f->cells, h, w);
			list_draw(&f->list, cells_area(&f->cells), true, NULL);
		}
	}
	list_draw(&f->list, area_part(cells_area(&f->cells), 9, 9, 5, 5), true, NULL);
	list_draw(&f->list, area_part(cells_area(&f->cells), 0, 0, 0, 0), true, NULL);
}

/* A draw looks at the rows in sight only; a move at none. */
static void test_a_draw_is_as_large_as_the_screen(void **state)
{
	struct fixture *f = *state;
	json_t *rows = json_array();
	char name[16];

	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof name, "row%d", i);
		json_array_append_new(rows, json_pack("{s:s,s:i}", "name", name, "size", i));
	}
	list_set_take(&f->list, rows);
	cells_resize(&f->cells, 21, 60);
	texts_made = 0;
	for (int i = 0; i < 10; i++) {
		list_move(&f->list, 100);
		list_draw(&f->list, cells_area(&f->cells), true, NULL);
	}
	assert_int_equal(texts_made, 10 * 20 * COLUMNS);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_selection_stays_with_its_key),
		T(test_selection_of_a_row_that_went),
		T(test_moves_end_at_the_ends),
		T(test_filter_wants_all_words),
		T(test_filter_holds_for_new_rows),
		T(test_sort),
		T(test_search_goes_round),
		T(test_marks),
		T(test_mark_all_are_those_shown),
		T(test_columns_that_fit),
		T(test_empty_columns_take_no_room),
		T(test_scrolling),
		T(test_mouse_selects_what_was_drawn),
		T(test_selected_and_related_rows),
		T(test_marked_rows_are_seen_without_colour),
		T(test_sorted_column_says_so),
		T(test_nothing_to_show),
		T(test_any_size),
		T(test_a_draw_is_as_large_as_the_screen),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
