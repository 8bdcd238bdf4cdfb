/* Panes: the ring, scrolling, wrapping, folds, search, filter, copies, and what is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ui/pane.h"

static void add(struct pane *pane, const char *text)
{
	pane_add(pane, ROLE_text, text, strlen(text));
}

static void add_numbered(struct pane *pane, int from, int to)
{
	for (int i = from; i <= to; i++) {
		char text[32];

		snprintf(text, sizeof text, "line %d", i);
		add(pane, text);
	}
}

/* What a pane looks like in a space of h by w. */
static void assert_shows(struct pane *pane, int h, int w, const char *picture)
{
	struct cells cells;
	struct str out = STR_INIT;

	cells_init(&cells);
	cells_resize(&cells, h, w);
	cells_clear(&cells);
	pane_draw(pane, cells_area(&cells), false);
	cells_dump(&cells, &out);
	assert_string_equal(out.p, picture);
	str_release(&out);
	cells_release(&cells);
}

static void assert_copy(struct pane *pane, bool all, const char *text)
{
	struct str out = STR_INIT;

	pane_copy(pane, all, &out);
	assert_string_equal(out.p, text);
	str_release(&out);
}

static const char *current(struct pane *pane)
{
	const struct line *line = pane_current(pane);

	return line ? line->text : "(none)";
}

static void the_oldest_go(void **state)
{
	struct pane pane;

	(void)state;
	pane_init(&pane, 4000);
	add_numbered(&pane, 0, 4);
	pane_draw(&pane, (struct area){0}, false);
	for (int i = 5; i < 5000; i++) {
		add_numbered(&pane, i, i);
		assert_true(pane.bytes <= 4000);
		assert_int_equal(pane.lost + pane_count(&pane), i + 1);
	}
	assert_in_range(pane_count(&pane), 10, 60);
	assert_string_equal(pane_line(&pane, pane_count(&pane) - 1)->text, "line 4999");
	pane_clear(&pane);
	assert_int_equal(pane.lost, 0);

	/* One that is longer than all there is room for is cut, not refused. */
	char big[5000];
	memset(big, 'x', sizeof big);
	struct line *line = pane_add(&pane, ROLE_text, big, sizeof big);
	assert_int_equal(line->len, 4000);
	pane_append(&pane, line, ROLE_dim, "more", 4);
	assert_int_equal(line->len, 4000);
	assert_int_equal(pane_count(&pane), 1);
	add(&pane, "next");
	assert_int_equal(pane_count(&pane), 1);
	assert_string_equal(current(&pane), "next");
	pane_release(&pane);
}

/* What is looked at stays where it is while older lines go. */
static void places_hold(void **state)
{
	struct pane pane;

	(void)state;
	pane_init(&pane, 0);
	add_numbered(&pane, 0, 99);
	assert_shows(&pane, 3, 20, "line 0\nline 1\nline 2\n");
	pane_move(&pane, 50);
	assert_shows(&pane, 3, 20, "line 48\nline 49\nline 50\n");
	pane.max_bytes = pane.bytes;
	add_numbered(&pane, 100, 110);
	assert_true(pane.lost > 8);
	assert_shows(&pane, 3, 20, "line 48\nline 49\nline 50\n");
	assert_string_equal(current(&pane), "line 50");
	add_numbered(&pane, 111, 300);
	assert_string_equal(current(&pane), pane_line(&pane, 0)->text);
	pane_release(&pane);
}

static void it_scrolls(void **state)
{
	struct pane pane;

	(void)state;
	pane_init(&pane, 0);
	pane_move(&pane, 1);
	pane_page(&pane, 2);
	pane_scroll(&pane, 1);
	pane_to(&pane, true);
	pane_to(&pane, false);
	add_numbered(&pane, 0, 20);
	assert_shows(&pane, 4, 20, "line 0\nline 1\nline 2\nline 3\n");
	pane_move(&pane, 3);
	pane_move(&pane, 1);
	assert_shows(&pane, 4, 20, "line 1\nline 2\nline 3\nline 4\n");
	pane_page(&pane, 2);
	assert_shows(&pane, 4, 20, "line 5\nline 6\nline 7\nline 8\n");
	assert_string_equal(current(&pane), "line 8");
	pane_page(&pane, -1);
	assert_shows(&pane, 4, 20, "line 3\nline 4\nline 5\nline 6\n");
	pane_scroll(&pane, 1);
	assert_string_equal(current(&pane), "line 6");
	pane_scroll(&pane, -3);
	assert_shows(&pane, 4, 20, "line 1\nline 2\nline 3\nline 4\n");
	assert_string_equal(current(&pane), "line 4");
	pane_page(&pane, 50);
	assert_shows(&pane, 4, 20, "line 17\nline 18\nline 19\nline 20\n");
	pane_move(&pane, -2);
	pane_page(&pane, 2);
	assert_string_equal(current(&pane), "line 20");
	pane_move(&pane, INT64_MIN);
	assert_string_equal(current(&pane), "line 0");
	pane_move(&pane, INT64_MAX);
	assert_string_equal(current(&pane), "line 20");
	pane_to(&pane, false);
	assert_shows(&pane, 2, 20, "line 0\nline 1\n");
	pane_move(&pane, 20);
	assert_shows(&pane, 3, 20, "line 18\nline 19\nline 20\n");
	assert_shows(&pane, 5, 20, "line 16\nline 17\nline 18\nline 19\nline 20\n");
	pane_sideways(&pane, 3);
	assert_shows(&pane, 5, 3, "e 1\ne 1\ne 1\ne 1\ne 2\n");
	pane_sideways(&pane, -10);
	assert_int_equal(pane.left, 0);
	pane_release(&pane);
}

static void it_follows(void **state)
{
	struct pane pane;

	(void)state;
	pane_init(&pane, 0);
	pane.follow = true;
	add_numbered(&pane, 0, 9);
	assert_shows(&pane, 2, 20, "line 8\nline 9\n");
	add_numbered(&pane, 10, 10);
	assert_shows(&pane, 2, 20, "line 9\nline 10\n");
	pane_move(&pane, 1);
	assert_true(pane.follow);
	pane_scroll(&pane, -1);
	assert_false(pane.follow);
	add_numbered(&pane, 11, 11);
	assert_shows(&pane, 2, 20, "line 8\nline 9\n");
	pane_to(&pane, true);
	add_numbered(&pane, 12, 12);
	assert_shows(&pane, 2, 20, "line 11\nline 12\n");
	pane_move(&pane, -1);
	assert_false(pane.follow);
	pane_release(&pane);
}

static void it_wraps_by_columns(void **state)
{
	struct pane pane;

	(void)state;
	pane_init(&pane, 0);
	pane.wrap = true;
	add(&pane, "abcdefghijkl");
	add(&pane, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e");
	add(&pane, "one three five");
	add(&pane, "\x1b]0;x");
	assert_shows(&pane, 10, 5,
		     "abcde\nfghij\nkl\n\xe6\x97\xa5\xe6\x9c\xac\n\xe8\xaa\x9e\none\nthree\nfive\n"
		     "\\x1B]\n0;x\n");
	/* A tab goes to a column of the line, whatever spans it has. */
	pane_clear(&pane);
	struct line *line = pane_add(&pane, ROLE_dim, "ab", 2);
	pane_append(&pane, line, ROLE_good, "c\td", 3);
	assert_shows(&pane, 1, 10, "abc     d\n");
	assert_shows(&pane, 3, 6, "abc\n d\n\n");
	pane_release(&pane);
}

/* A line taller than the screen can be read to its end, row by row. */
static void tall_lines_scroll(void **state)
{
	struct pane pane;

	(void)state;
	pane_init(&pane, 0);
	pane.wrap = true;
	add(&pane, "top");
	add(&pane, "aaaabbbbccccddddeeee");
	add(&pane, "end");
	assert_shows(&pane, 3, 4, "top\naaaa\nbbbb\n");
	pane_move(&pane, 1);
	assert_shows(&pane, 3, 4, "aaaa\nbbbb\ncccc\n");
	pane_move(&pane, 1);
	assert_shows(&pane, 3, 4, "bbbb\ncccc\ndddd\n");
	assert_string_equal(current(&pane), "aaaabbbbccccddddeeee");
	pane_move(&pane, 1);
	pane_move(&pane, 1);
	assert_shows(&pane, 3, 4, "dddd\neeee\nend\n");
	assert_string_equal(current(&pane), "end");
	pane_move(&pane, -1);
	pane_move(&pane, -1);
	assert_shows(&pane, 3, 4, "cccc\ndddd\neeee\n");
	pane_scroll(&pane, -1);
	assert_shows(&pane, 3, 4, "bbbb\ncccc\ndddd\n");
	pane_scroll(&pane, -9);
	assert_shows(&pane, 3, 4, "top\naaaa\nbbbb\n");
	pane_scroll(&pane, 4);
	assert_shows(&pane, 3, 4, "dddd\neeee\nend\n");
	pane.follow = true;
	add(&pane, "x");
	assert_shows(&pane, 3, 4, "eeee\nend\nx\n");
	assert_shows(&pane, 2, 40, "end\nx\n");
	pane_release(&pane);
}

static void filters_are_per_line(void **state)
{
	struct pane pane;
	struct line *line;

	(void)state;
	pane_init(&pane, 0);
	add(&pane, "GET /a error");
	add(&pane, "get /b fine");
	add(&pane, "put /a Error");
	pane_move(&pane, 2);
	pane_filter(&pane, "error");
	assert_int_equal(pane_visible(&pane), 2);
	assert_int_equal(pane.hidden, 1);
	assert_string_equal(current(&pane), "put /a Error");
	pane_filter(&pane, "/a  get");
	assert_shows(&pane, 2, 20, "GET /a error\n\n");
	pane_filter(&pane, "Error");
	assert_copy(&pane, true, "put /a Error");
	pane_filter(&pane, "!error fine");
	assert_int_equal(pane_visible(&pane), 0);
	assert_string_equal(current(&pane), "(none)");
	assert_shows(&pane, 1, 40, "no line fits the filter, 3 hidden\n");
	pane_filter(&pane, "!error");
	assert_copy(&pane, true, "get /b fine");
	/* New lines, and what is added to them after they were looked at. */
	line = pane_add(&pane, ROLE_text, "new ", 4);
	assert_int_equal(pane_visible(&pane), 2);
	pane_append(&pane, line, ROLE_bad, "error", 5);
	assert_int_equal(pane_visible(&pane), 1);
	assert_int_equal(pane.hidden, 3);
	line = pane_line(&pane, 1);
	pane_append(&pane, line, ROLE_bad, " error", 6);
	assert_int_equal(pane_visible(&pane), 0);
	assert_int_equal(pane.hidden, 4);
	pane_filter(&pane, "");
	assert_null(pane.filter);
	assert_int_equal(pane_visible(&pane), 4);
	assert_int_equal(pane.hidden, 0);
	/* Hidden lines that go are not counted any more. */
	pane_filter(&pane, "fine");
	pane.max_bytes = 200;
	add(&pane, "fine too");
	assert_int_equal(pane.hidden + pane_visible(&pane), pane_count(&pane));
	assert_string_equal(current(&pane), "fine too");
	pane_release(&pane);
}

static void searches_find(void **state)
{
	struct pane pane;

	(void)state;
	pane_init(&pane, 0);
	add(&pane, "alpha");
	add(&pane, "Beta");
	add(&pane, "a beta two");
	add(&pane, "gamma");
	assert_true(pane_search(&pane, "beta"));
	assert_string_equal(current(&pane), "Beta");
	assert_true(pane_search_next(&pane, false));
	assert_string_equal(current(&pane), "a beta two");
	assert_true(pane_search_next(&pane, false));
	assert_string_equal(current(&pane), "Beta");
	assert_true(pane_search_next(&pane, true));
	assert_string_equal(current(&pane), "a beta two");
	assert_true(pane_search(&pane, "Bet"));
	assert_string_equal(current(&pane), "Beta");
	assert_true(pane_search_next(&pane, true));
	assert_string_equal(current(&pane), "Beta");
	assert_false(pane_search(&pane, "beta x"));
	assert_string_equal(current(&pane), "Beta");
	pane_to(&pane, true);
	assert_true(pane_search(&pane, "a"));
	assert_string_equal(current(&pane), "gamma");
	assert_false(pane.follow);
	/* Lines that are filtered out are not found. */
	pane_filter(&pane, "!two");
	assert_true(pane_search(&pane, "beta"));
	assert_string_equal(current(&pane), "Beta");
	assert_true(pane_search(&pane, NULL));
	assert_false(pane_search_next(&pane, false));
	pane_release(&pane);
}

static void matches_are_marked(void **state)
{
	struct pane pane;
	struct cells cells;

	(void)state;
	pane_init(&pane, 0);
	cells_init(&cells);
	cells_resize(&cells, 2, 10);
	pane_add(&pane, ROLE_dim, "\xc3\xa9 ab abab", 11);
	add(&pane, "0123456789012345AB");
	pane_draw(&pane, cells_area(&cells), true);
	assert_true(pane_search(&pane, "ab"));
	cells_clear(&cells);
	pane_draw(&pane, cells_area(&cells), true);
	for (int x = 0; x < 9; x++) {
		bool match = x == 2 || x == 3 || x >= 5;

		assert_int_equal(cells.at[x].role, match ? ROLE_match : ROLE_dim);
		assert_int_equal(cells.at[x].over, ROLE_selected);
	}
	assert_int_equal(cells.at[10].over, ROLE_text);
	/* What is found is brought onto the screen from the side. */
	assert_true(pane_search_next(&pane, false));
	cells_clear(&cells);
	pane_draw(&pane, cells_area(&cells), true);
	assert_true(pane.left > 7);
	assert_int_equal(cells.at[10 + 16 - pane.left].role, ROLE_match);
	assert_string_equal(cells.at[10 + 16 - pane.left].text, "A");
	pane_release(&pane);
	cells_release(&cells);
}

static void wrapped_matches_are_marked(void **state)
{
	struct pane pane;
	struct cells cells;

	(void)state;
	pane_init(&pane, 0);
	pane.wrap = true;
	cells_init(&cells);
	cells_resize(&cells, 2, 4);
	add(&pane, "abcdefg");
	assert_true(pane_search(&pane, "de"));
	pane_draw(&pane, cells_area(&cells), false);
	for (int i = 0; i < 7; i++)
		assert_int_equal(cells.at[i].role, i == 3 || i == 4 ? ROLE_match : ROLE_text);
	pane_release(&pane);
	cells_release(&cells);
}

static void numbers_stand_left(void **state)
{
	struct pane pane;

	(void)state;
	pane_init(&pane, 0);
	pane.empty = "nothing yet";
	assert_shows(&pane, 1, 20, "nothing yet\n");
	pane_add_yaml(&pane, "a: 1\nb: long long\n", 18);
	pane_line(&pane, 1)->number = 10;
	assert_shows(&pane, 2, 20, "a: 1\nb: long long\n");
	pane.numbers = pane.wrap = true;
	assert_shows(&pane, 3, 10, " 1 a: 1\n10 b: long\n   long\n");
	pane_release(&pane);
}

static void any_size_will_do(void **state)
{
	struct pane pane;
	struct cells cells;

	(void)state;
	pane_init(&pane, 0);
	pane_add_yaml(&pane, "a: [1, \xe6\x97\xa5]\nb: |\n  c\td\n", 22);
	add(&pane, "\xe6\x97\xa5\xe6\x9c\xac");
	pane_search(&pane, "a");
	pane.numbers = true;
	cells_init(&cells);
	for (int i = 0; i < 2 * 7 * 7; i++) {
		cells_resize(&cells, 1 + i / 2 % 7, 1 + i / 14);
		pane.wrap = i % 2;
		pane_move(&pane, i % 3 - 1);
		pane_scroll(&pane, i % 5 - 2);
		pane_draw(&pane, cells_area(&cells), true);
		pane_draw(&pane, area_part(cells_area(&cells), 1, 1, i % 4 - 1, i % 3 - 1), true);
	}
	cells_release(&cells);
	pane_release(&pane);
}

/* --- JSON --- */

static const char sample[] =
	"{\"b\":[1,2.5,{\"x\":null}],\"a\":{},\"c\":\"q\\\"\\n\\u0001\\u202e\xc3\xa9\","
	"\"d\":[true,[]]}";

static void json_is_folded(void **state)
{
	struct pane pane;
	json_t *value = json_loads(sample, 0, NULL);

	(void)state;
	pane_init(&pane, 0);
	pane_add_json(&pane, value, 1);
	assert_shows(&pane, 7, 40,
		     "{\n  \"a\": {},\n  \"b\": \xe2\x96\xb8 [\xe2\x80\xa6] 3 items\n"
		     "  \"c\": \"q\\\"\\n\\u0001\\u202e\xc3\xa9\",\n"
		     "  \"d\": \xe2\x96\xb8 [\xe2\x80\xa6] 2 items\n}\n\n");
	pane_move(&pane, 2);
	assert_string_equal(pane_current(&pane)->path, "b");
	assert_copy(&pane, false,
		    "  \"b\": [\n    1,\n    2.5,\n    {\n      \"x\": null\n    }\n  ],");
	pane_fold(&pane);
	pane_move(&pane, 3);
	assert_string_equal(pane_current(&pane)->path, "b/2");
	pane_fold(&pane);
	pane_move(&pane, 1);
	assert_string_equal(current(&pane), "      \"x\": null");
	assert_string_equal(pane_current(&pane)->path, "b/2/x");
	/* A fold is shut from within, and the cursor goes where it was. */
	pane_fold(&pane);
	assert_string_equal(pane_current(&pane)->path, "b/2");
	assert_shows(&pane, 20, 40,
		     "{\n  \"a\": {},\n  \"b\": [\n    1,\n    2.5,\n"
		     "    \xe2\x96\xb8 {\xe2\x80\xa6} 1 key\n  ],\n"
		     "  \"c\": \"q\\\"\\n\\u0001\\u202e\xc3\xa9\",\n"
		     "  \"d\": \xe2\x96\xb8 [\xe2\x80\xa6] 2 items\n}\n\n\n\n\n\n\n\n\n\n\n");
	pane_fold_all(&pane, true);
	assert_copy(&pane, true, "{\xe2\x80\xa6} 4 keys");
	assert_int_equal(pane_visible(&pane), 1);
	pane_fold_all(&pane, false);
	assert_int_equal(pane_visible(&pane), pane_count(&pane));
	struct str out = STR_INIT;
	pane_copy(&pane, true, &out);
	json_t *back = json_loadb(out.p, out.len, 0, NULL);
	assert_true(json_equal(back, value));
	str_release(&out);
	json_decref(back);
	json_decref(value);
	pane_release(&pane);
}

static void searches_open_folds(void **state)
{
	struct pane pane;
	json_t *value = json_loads(sample, 0, NULL);

	(void)state;
	pane_init(&pane, 0);
	pane_add_json(&pane, value, 0);
	assert_int_equal(pane_visible(&pane), 1);
	assert_true(pane_search(&pane, "null"));
	assert_string_equal(pane_current(&pane)->path, "b/2/x");
	/* Only those that hold it. */
	assert_true(pane_line(&pane, pane_count(&pane) - 5)->folded);
	pane_fold_all(&pane, true);
	/* A filter looks into folds. */
	pane_filter(&pane, "null");
	assert_copy(&pane, true, "      \"x\": null");
	pane_filter(&pane, NULL);
	assert_int_equal(pane_visible(&pane), 1);
	json_decref(value);
	pane_release(&pane);
}

/* Lines that come behind a shut one are held by it, until it goes. */
static void new_lines_are_folded(void **state)
{
	struct pane pane;

	(void)state;
	pane_init(&pane, 0);
	add(&pane, "step");
	pane_line(&pane, 0)->folded = true;
	assert_int_equal(pane_visible(&pane), 1);
	pane_line(&pane, 0)->depth = 1;
	pane_append(&pane, pane_line(&pane, 0), ROLE_text, "", 0);
	assert_int_equal(pane_visible(&pane), 1);
	pane_line(&pane, 0)->depth = 0;
	pane_append(&pane, pane_line(&pane, 0), ROLE_text, "", 0);
	add(&pane, "detail");
	pane_line(&pane, 1)->depth = 1;
	add(&pane, "next");
	assert_int_equal(pane_visible(&pane), 2);
	assert_shows(&pane, 2, 20, "step \xe2\x96\xb8 \xe2\x80\xa6\nnext\n");
	pane_fold(&pane);
	assert_int_equal(pane_visible(&pane), 3);
	pane_fold(&pane);
	pane.max_bytes = pane.bytes + 10;
	add(&pane, "more");
	assert_int_equal(pane.lost, 1);
	assert_copy(&pane, true, "detail\nnext\nmore");
	pane_release(&pane);
}

/* --- many --- */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A hundred thousand lines, and a draw or a key after every few: seconds when one of them walks
 * them all, far less when none does. */
static void many_lines_are_cheap(void **state)
{
	struct pane pane;
	struct cells cells;
	double began;

	(void)state;
	pane_init(&pane, 20 << 20);
	cells_init(&cells);
	cells_resize(&cells, 24, 80);
	pane.wrap = true;
	pane_filter(&pane, "!nothing");
	add_numbered(&pane, 0, 100000);
	pane_draw(&pane, cells_area(&cells), true);
	pane.max_bytes = pane.bytes;
	began = seconds();
	for (int i = 0; i < 5000; i++) {
		add_numbered(&pane, i, i + 1);
		pane.follow = i % 2;
		pane_move(&pane, -(i % 7));
		pane_page(&pane, i % 5 - 2);
		pane_draw(&pane, cells_area(&cells), true);
		assert_non_null(pane_current(&pane));
	}
	assert_true(seconds() - began < 3);
	assert_true(pane.lost > 9000);
	cells_release(&cells);
	pane_release(&pane);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_go),
		cmocka_unit_test(places_hold),
		cmocka_unit_test(it_scrolls),
		cmocka_unit_test(it_follows),
		cmocka_unit_test(it_wraps_by_columns),
		cmocka_unit_test(tall_lines_scroll),
		cmocka_unit_test(filters_are_per_line),
		cmocka_unit_test(searches_find),
		cmocka_unit_test(matches_are_marked),
		cmocka_unit_test(wrapped_matches_are_marked),
		cmocka_unit_test(numbers_stand_left),
		cmocka_unit_test(any_size_will_do),
		cmocka_unit_test(json_is_folded),
		cmocka_unit_test(searches_open_folds),
		cmocka_unit_test(new_lines_are_folded),
		cmocka_unit_test(many_lines_are_cheap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
