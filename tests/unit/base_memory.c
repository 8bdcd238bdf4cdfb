/* Allocation, arenas and growing strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kata/memory.h"

static void arena_memory_is_zeroed_and_aligned(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	for (size_t size = 0; size < 3000; size += 7) {
		unsigned char *p = arena_alloc(a, size);

		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
		arena_strndup(a, "odd", size % 4 > 3 ? 3 : size % 4);
	}
	arena_free(a);
	arena_free(NULL);
}

/* Small and very large pieces do not disturb each other. */
static void arena_pieces_do_not_overlap(void **state)
{
	enum { COUNT = 400 };
	struct arena *a = arena_new();
	unsigned char *pieces[COUNT];
	size_t sizes[COUNT];

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		sizes[i] = i % 50 == 49 ? 300000 + i : 1 + i * 13 % 900;
		pieces[i] = arena_alloc(a, sizes[i]);
		memset(pieces[i], (int)(i & 0xff), sizes[i]);
	}
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(pieces[i][0], i & 0xff);
		assert_int_equal(pieces[i][sizes[i] - 1], i & 0xff);
	}
	arena_free(a);
}

static void arena_copies_texts(void **state)
{
	struct arena *a = arena_new();
	char *copy;

	(void)state;
	assert_string_equal(arena_strdup(a, ""), "");
	assert_string_equal(arena_strdup(a, "text"), "text");
	copy = arena_strndup(a, "a\0b", 3);
	assert_memory_equal(copy, "a\0b", 4);
	assert_string_equal(arena_strndup(a, NULL, 0), "");
	assert_string_equal(arena_printf(a, "%d-%s", 7, "x"), "7-x");
	copy = arena_printf(a, "%5000d", 1);
	assert_int_equal(strlen(copy), 5000);
	arena_free(a);
}

static void arrays_grow(void **state)
{
	struct arena *a = arena_new();
	int *in_arena = NULL, *on_heap = NULL;
	size_t cap_a = 0, cap_h = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		in_arena = arena_grow(a, in_arena, (size_t)i, &cap_a, sizeof *in_arena);
		on_heap = xgrow(on_heap, (size_t)i, &cap_h, sizeof *on_heap);
		in_arena[i] = on_heap[i] = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_true(in_arena[i] == i && on_heap[i] == i);
	assert_true(cap_a >= 1000 && cap_h >= 1000);
	free(on_heap);
	arena_free(a);
}

static void strings_grow(void **state)
{
	struct str s = STR_INIT;
	char *text;

	(void)state;
	assert_string_equal(s.p, "");
	str_clear(&s);
	str_addn(&s, NULL, 0);
	str_add(&s, "");
	assert_ptr_equal(s.p, str_empty);
	str_add(&s, "ab");
	str_addc(&s, 'c');
	str_addn(&s, "\0d", 2);
	assert_int_equal(s.len, 5);
	assert_memory_equal(s.p, "abc\0d", 6);
	str_clear(&s);
	assert_string_equal(s.p, "");
	for (int i = 0; i < 300; i++)
		str_addf(&s, "%d,", i);
	assert_int_equal(s.len, 10 * 2 + 90 * 3 + 200 * 4);
	assert_int_equal(strlen(s.p), s.len);
	str_addf(&s, "%2000s|", "");
	assert_int_equal(s.p[s.len - 1], '|');
	text = str_detach(&s);
	assert_ptr_equal(s.p, str_empty);
	assert_int_equal(strncmp(text, "0,1,2,", 6), 0);
	free(text);
	text = str_detach(&s);
	assert_string_equal(text, "");
	free(text);
	str_release(&s);
	str_add(&s, "x");
	str_release(&s);
	assert_ptr_equal(s.p, str_empty);
}

static void plain_allocation(void **state)
{
	char *p;

	(void)state;
	p = xmalloc(0);
	p = xrealloc(p, 10);
	memset(p, 1, 10);
	free(p);
	p = xcalloc(3, 5);
	for (int i = 0; i < 15; i++)
		assert_int_equal(p[i], 0);
	free(p);
	p = xstrdup("copy");
	assert_string_equal(p, "copy");
	free(p);
}

static void too_much(int which)
{
	struct arena *a = arena_new();
	struct str s = STR_INIT;
	size_t cap = SIZE_MAX / 2 + 1;

	str_addc(&s, 'x');
	if (which == 0)
		arena_alloc(a, SIZE_MAX - 8);
	if (which == 1)
		str_addn(&s, "", SIZE_MAX - 1);
	if (which == 2)
		s.p = xgrow(s.p, cap, &cap, 16);
	if (which == 3)
		arena_grow(a, s.p, cap, &cap, 1);
}

/* Sizes that cannot be had end the program with one line, not with a wrapped-around size. */
static void out_of_memory_ends_cleanly(void **state)
{
	(void)state;
	for (int which = 0; which < 4; which++) {
		int out[2], status;
		char text[100] = "";

		assert_int_equal(pipe(out), 0);
		pid_t child = fork();
		if (!child) {
			dup2(out[1], STDERR_FILENO);
			too_much(which);
			_exit(1);
		}
		close(out[1]);
		assert_true(read(out[0], text, sizeof text - 1) > 0);
		close(out[0]);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 70);
		assert_string_equal(text, "kata-tui: out of memory\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_memory_is_zeroed_and_aligned),
		cmocka_unit_test(arena_pieces_do_not_overlap),
		cmocka_unit_test(arena_copies_texts),
		cmocka_unit_test(arrays_grow),
		cmocka_unit_test(strings_grow),
		cmocka_unit_test(plain_allocation),
		cmocka_unit_test(out_of_memory_ends_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
