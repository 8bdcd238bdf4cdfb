/*
 * Standing wishes (config/<app>/STATE): lines that are read, kept and written again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kata/deploy.h"

static void wishes_are_read_and_written(void **state)
{
	static const char text[] = "# by hand\nstop db\r\n\nscale web 3\nscale web 4\nscale web x\n"
				   "dance\nstop  db\n";
	struct arena *arena = arena_new();
	struct problems problems;
	struct wishes wishes = {.mode = "swarm"};
	struct str out = STR_INIT;

	(void)state;
	problems_init(&problems, arena);
	wishes_decode(&wishes, arena, text, sizeof text - 1, "STATE", &problems);
	assert_int_equal(problems.count, 2);
	assert_int_equal(problems.items[0].place.line, 6);
	assert_false(wishes.stopped);
	assert_true(wishes_stop(&wishes, "db"));
	assert_false(wishes_stop(&wishes, "web"));
	assert_string_equal(wishes.mode, "swarm");
	wishes_encode(&out, &wishes);
	assert_string_equal(out.p, "stop db\nscale web 4\n");
	str_clear(&out);
	wishes.stopped = true;
	wishes_encode(&out, &wishes);
	assert_string_equal(out.p, "stop\nstop db\nscale web 4\n");
	str_release(&out);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(wishes_are_read_and_written)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
