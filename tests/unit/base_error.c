/* Errors: filling, wrapping, bounds and names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kata/error.h"
#include "kata/text.h"

static void set_starts_afresh(void **state)
{
	struct kata_error e;

	(void)state;
	memset(&e, 0x5a, sizeof e);
	assert_false(error_set(&e, ERROR_CONFLICT, "%s is %d", "answer", 42));
	assert_int_equal(e.code, ERROR_CONFLICT);
	assert_int_equal(e.sys, 0);
	assert_int_equal(e.http, 0);
	assert_string_equal(e.msg, "answer is 42");
	assert_string_equal(e.where, "");
	assert_string_equal(e.hint, "");
}

static void set_may_quote_itself(void **state)
{
	struct kata_error e;

	(void)state;
	error_set(&e, ERROR_INVALID, "inner");
	error_set(&e, ERROR_LOST, "outer (%s)", e.msg);
	assert_string_equal(e.msg, "outer (inner)");
}

static void sys_takes_errno(void **state)
{
	struct kata_error e;

	(void)state;
	errno = ENOENT;
	assert_false(error_sys(&e, "opening %s", "x"));
	assert_string_equal(e.msg, "opening x: No such file or directory");
	assert_int_equal(e.sys, ENOENT);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	assert_int_equal(errno, ENOENT);
	errno = EACCES;
	error_sys(&e, "x");
	assert_int_equal(e.code, ERROR_DENIED);
	errno = ECONNREFUSED;
	error_sys(&e, "x");
	assert_int_equal(e.code, ERROR_UNAVAILABLE);
	errno = EDOM;
	error_sys(&e, "x");
	assert_int_equal(e.code, ERROR_INTERNAL);
}

static void wrap_puts_context_first(void **state)
{
	struct kata_error e;

	(void)state;
	error_set(&e, ERROR_TIMEOUT, "no answer");
	error_where(&e, "GET %s", "/config/");
	error_hint(&e, "is it up?");
	assert_false(error_wrap(&e, "reading %s", "the config"));
	assert_string_equal(e.msg, "reading the config: no answer");
	assert_int_equal(e.code, ERROR_TIMEOUT);
	assert_string_equal(e.where, "GET /config/");
	assert_string_equal(e.hint, "is it up?");
}

/* A text of two-byte characters, cut at an odd place, must not end in half a character. */
static void long_texts_are_cut_between_characters(void **state)
{
	struct kata_error e;
	char text[3000];

	(void)state;
	for (size_t i = 0; i + 2 < sizeof text; i += 2)
		memcpy(text + i, "\xc3\xa9", 3);
	for (unsigned pad = 0; pad < 4; pad++) {
		error_set(&e, ERROR_INVALID, "%.*s%s", (int)pad, "aaa", text);
		assert_true(strlen(e.msg) >= sizeof e.msg - 3);
		assert_int_equal(utf8_check(e.msg, strlen(e.msg)), strlen(e.msg));
		error_wrap(&e, "%.*s", (int)pad, "bbb");
		assert_true(strlen(e.msg) >= sizeof e.msg - 3);
		assert_int_equal(utf8_check(e.msg, strlen(e.msg)), strlen(e.msg));
		error_where(&e, "%.*s%s", (int)pad, "aaa", text);
		assert_int_equal(utf8_check(e.where, strlen(e.where)), strlen(e.where));
		error_hint(&e, "%.*s%s", (int)pad, "aaa", text);
		assert_int_equal(utf8_check(e.hint, strlen(e.hint)), strlen(e.hint));
		errno = EPERM;
		error_sys(&e, "%.*s%s", (int)pad, "aaa", text);
		assert_int_equal(utf8_check(e.msg, strlen(e.msg)), strlen(e.msg));
	}
	error_set(&e, ERROR_INVALID, "%s", text);
	error_wrap(&e, "%s", text);
	assert_true(strlen(e.msg) < sizeof e.msg);
}

static void names_are_unique(void **state)
{
	(void)state;
	assert_string_equal(error_name(ERROR_NONE), "none");
	assert_string_equal(error_name(ERROR_NOT_FOUND), "not-found");
	assert_string_equal(error_name((enum error_code)9999), "internal");
	for (int a = ERROR_NONE; a <= ERROR_INTERNAL; a++)
		for (int b = a + 1; b <= ERROR_INTERNAL; b++)
			assert_string_not_equal(error_name((enum error_code)a),
						error_name((enum error_code)b));
}

static void bug_aborts_with_its_place(void **state)
{
	int out[2], status;
	char text[200];

	(void)state;
	assert_int_equal(pipe(out), 0);
	pid_t child = fork();
	if (!child) {
		signal(SIGABRT, SIG_DFL);
		dup2(out[1], STDERR_FILENO);
		bug_at("some.c", 12, "count is %d", -1);
	}
	close(out[1]);
	ssize_t len = read(out[0], text, sizeof text - 1);
	close(out[0]);
	assert_true(len > 0);
	text[len] = '\0';
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(strstr(text, "some.c:12"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_starts_afresh),
		cmocka_unit_test(set_may_quote_itself),
		cmocka_unit_test(sys_takes_errno),
		cmocka_unit_test(wrap_puts_context_first),
		cmocka_unit_test(long_texts_are_cut_between_characters),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(bug_aborts_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
