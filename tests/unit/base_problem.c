/* The list of problems: order, bound, counting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kata/problem.h"

static void sorts_by_place_and_stays_stable(void **state)
{
	static const struct place places[] = {{"b", 1, 1},  {"a", 2, 5}, {"a", 2, 3},
					      {NULL, 9, 9}, {"a", 1, 7}, {"a", 2, 3}};
	static const char *const sorted[] = {"3", "4", "2", "5", "1", "0"};
	struct arena *a = arena_new();
	struct problems list;

	(void)state;
	problems_init(&list, a);
	for (int i = 0; i < 6; i++)
		problems_add(&list, SEVERITY_WARNING, places[i], "%d", i)->hint = "h";
	problems_sort(&list);
	for (int i = 0; i < 6; i++)
		assert_string_equal(list.items[i].msg, sorted[i]);
	assert_string_equal(list.items[0].hint, "h");
	assert_int_equal(list.errors, 0);
	arena_free(a);
}

static void is_bounded_and_keeps_errors(void **state)
{
	struct arena *a = arena_new();
	struct problems list;
	size_t errors = 0;

	(void)state;
	problems_init(&list, a);
	for (unsigned i = 0; i < 2 * PROBLEMS_MAX; i++) {
		struct problem *p =
			problems_add(&list, SEVERITY_NOTE, (struct place){"f", i, 1}, "note");

		p->hint = "may be written to";
	}
	assert_int_equal(list.count, PROBLEMS_MAX);
	assert_int_equal(list.more, PROBLEMS_MAX);
	for (unsigned i = 0; i < PROBLEMS_MAX + 5; i++)
		problems_add(&list, SEVERITY_ERROR, (struct place){"f", i, 2}, "error %u", i)
			->rule = "r";
	for (size_t i = 0; i < list.count; i++)
		errors += list.items[i].severity == SEVERITY_ERROR;
	assert_int_equal(list.count, PROBLEMS_MAX);
	assert_int_equal(errors, PROBLEMS_MAX);
	assert_int_equal(list.errors, PROBLEMS_MAX + 5);
	assert_int_equal(list.more, 2 * PROBLEMS_MAX + 5);
	arena_free(a);
}

static void severities_have_names(void **state)
{
	(void)state;
	assert_string_equal(severity_name(SEVERITY_NOTE), "note");
	assert_string_equal(severity_name(SEVERITY_WARNING), "warning");
	assert_string_equal(severity_name(SEVERITY_ERROR), "error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_by_place_and_stays_stable),
		cmocka_unit_test(is_bounded_and_keeps_errors),
		cmocka_unit_test(severities_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
