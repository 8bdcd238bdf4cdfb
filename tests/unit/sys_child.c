/* Child processes: words stay words, what goes in and comes out, ends of all kinds, and nothing of
 * ours that leaks into them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kata/child.h"
#include "kata/file.h"
#include "kata/loop.h"

struct result {
	bool ok;
	struct str out, err;
	int status;
	struct kata_error e;
};

static struct result result;

static int setup(void **state)
{
	(void)state;
	memset(&result, 0, sizeof result);
	result.out = result.err = (struct str)STR_INIT;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	str_release(&result.out);
	str_release(&result.err);
	return 0;
}

static void run(const char *input, int timeout_ms, const char *const *argv)
{
	result.ok = child_run(argv, input, input ? strlen(input) : 0, timeout_ms, 1 << 20,
			      &result.out, &result.err, &result.status, &result.e);
}

#define RUN(input, ms, ...) run(input, ms, (const char *const[]){__VA_ARGS__, NULL})

static void words_are_not_for_a_shell(void **state)
{
	(void)state;
	RUN(NULL, 5000, "printf", "%s|", "a b", "$HOME", "`id`", "*", "");
	assert_true(result.ok);
	assert_int_equal(result.status, 0);
	assert_string_equal(result.out.p, "a b|$HOME|`id`|*||");
	assert_string_equal(result.err.p, "");
}

static void both_outputs_are_kept_apart(void **state)
{
	(void)state;
	RUN("question", 5000, "sh", "-c", "cat; echo error >&2; exit 7");
	assert_true(result.ok);
	assert_int_equal(result.status, 7);
	assert_string_equal(result.out.p, "question");
	assert_string_equal(result.err.p, "error\n");
}

static void a_signal_is_seen_in_the_status(void **state)
{
	(void)state;
	RUN(NULL, 5000, "sh", "-c", "kill -9 $$");
	assert_true(result.ok);
	assert_int_equal(result.status, 128 + SIGKILL);
}

static void what_is_not_there_is_said(void **state)
{
	(void)state;
	RUN("secret", 5000, "kata-no-such-program");
	assert_false(result.ok);
	assert_int_equal(result.e.code, ERROR_NOT_FOUND);
	assert_non_null(strstr(result.e.msg, "kata-no-such-program"));
	assert_null(strstr(result.e.msg, "secret"));
	RUN(NULL, 5000, "/");
	assert_false(result.ok);
	assert_int_equal(result.e.code, ERROR_NOT_FOUND);
	RUN(NULL, 5000, "");
	assert_false(result.ok);
}

/* A file that is executable but no program: a shell would run it. */
static void a_script_without_interpreter_is_not_run(void **state)
{
	char path[] = "/tmp/kata-child-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "echo ran\n", 9), 9);
	fchmod(fd, 0700);
	close(fd);
	RUN(NULL, 5000, path);
	unlink(path);
	assert_false(result.ok);
	assert_int_equal(result.e.sys, ENOEXEC);
	assert_int_equal(result.out.len, 0);
}

static void a_large_exchange_does_not_block(void **state)
{
	size_t len = 900 * 1024;
	char *input = xmalloc(len + 1);

	(void)state;
	memset(input, 'x', len);
	input[len] = '\0';
	RUN(input, 20000, "cat");
	free(input);
	assert_true(result.ok);
	assert_int_equal(result.out.len, len);
}

static void what_is_too_much_is_dropped(void **state)
{
	const char *const argv[] = {"head", "-c", "5000000", "/dev/zero", NULL};

	(void)state;
	assert_true(child_run(argv, NULL, 0, 20000, 1000, &result.out, NULL, &result.status,
			      &result.e));
	assert_int_equal(result.status, 0);
	assert_int_equal(result.out.len, 1000);
}

static void a_child_that_does_not_listen_is_no_error(void **state)
{
	size_t len = 500 * 1024;
	char *input = xcalloc(1, len + 1);

	(void)state;
	memset(input, 'x', len);
	RUN(input, 5000, "true");
	free(input);
	assert_true(result.ok);
	assert_int_equal(result.status, 0);
}

static void time_ends_the_whole_group(void **state)
{
	int64_t start = loop_now_ms();
	char folder[] = "/tmp/kata-child-XXXXXX", fifo[64];

	(void)state;
	/* The grandchild holds a pipe open that only its end closes. */
	assert_non_null(mkdtemp(folder));
	snprintf(fifo, sizeof fifo, "%s/fifo", folder);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	int end = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	RUN(NULL, 300, "sh", "-c", "sleep 30 >\"$1\" & sleep 30", "sh", fifo);
	unlink(fifo);
	rmdir(folder);
	assert_false(result.ok);
	assert_int_equal(result.e.code, ERROR_TIMEOUT);
	assert_true(loop_now_ms() - start < 5000);
	struct pollfd poll_end = {.fd = end, .events = POLLIN};
	assert_int_equal(poll(&poll_end, 1, 5000), 1);
	assert_true(poll_end.revents & POLLHUP);
	close(end);
}

static void a_talker_that_never_ends_is_ended(void **state)
{
	int64_t start = loop_now_ms();

	(void)state;
	RUN(NULL, 300, "yes");
	assert_false(result.ok);
	assert_int_equal(result.e.code, ERROR_TIMEOUT);
	assert_true(loop_now_ms() - start < 5000);
}

/* What it left behind may hold its output open. */
static void the_end_of_the_child_is_the_end(void **state)
{
	int64_t start = loop_now_ms();

	(void)state;
	RUN(NULL, 20000, "sh", "-c", "sleep 3 & echo here");
	assert_true(result.ok);
	assert_string_equal(result.out.p, "here\n");
	assert_true(loop_now_ms() - start < 2500);
}

static void no_other_descriptor_is_open(void **state)
{
	int leaked = open("/dev/null", O_RDONLY); /* without close-on-exec */

	(void)state;
	int high = fcntl(leaked, F_DUPFD, 700);
	assert_true(high >= 700);
	RUN(NULL, 5000, "ls", "/proc/self/fd");
	close(leaked);
	close(high);
	assert_true(result.ok);
	/* 3 is that of the folder being listed. */
	assert_string_equal(result.out.p, "0\n1\n2\n3\n");
}

/* A mask of signals as the kernel tells it: "SigIgn:\t0000000000000800". */
static uint64_t signal_mask(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	assert_non_null(line);
	return strtoull(line + strlen(name), NULL, 16);
}

static void signals_are_as_at_the_start(void **state)
{
	const uint64_t usr2 = 1ULL << (SIGUSR2 - 1), broken_pipe = 1ULL << (SIGPIPE - 1);
	struct loop *loop = loop_new();
	struct str own = STR_INIT;
	sigset_t set, before;
	struct kata_error e;

	(void)state;
	/* What was ignored when this began (in the background of a shell) stays so, but for
	 * SIGPIPE. */
	assert_true(file_read(AT_FDCWD, "/proc/self/status", 1 << 16, &own, &e));
	loop_catch_signals(loop);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &before);
	signal(SIGUSR2, SIG_IGN);
	RUN(NULL, 5000, "cat", "/proc/self/status");
	signal(SIGUSR2, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	loop_free(loop);
	assert_true(result.ok);
	assert_int_equal(signal_mask(result.out.p, "SigIgn:"),
			 (signal_mask(own.p, "SigIgn:") | usr2) & ~broken_pipe);
	assert_int_equal(signal_mask(result.out.p, "SigBlk:"), 0);
	assert_int_equal(signal_mask(result.out.p, "SigCgt:"), 0);
	str_release(&own);
}

static void our_own_handling_of_sigpipe_comes_back(void **state)
{
	struct sigaction now;

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	RUN(NULL, 5000, "true");
	sigaction(SIGPIPE, NULL, &now);
	assert_true(now.sa_handler == SIG_DFL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(words_are_not_for_a_shell),
		TEST(both_outputs_are_kept_apart),
		TEST(a_signal_is_seen_in_the_status),
		TEST(what_is_not_there_is_said),
		TEST(a_script_without_interpreter_is_not_run),
		TEST(a_large_exchange_does_not_block),
		TEST(what_is_too_much_is_dropped),
		TEST(a_child_that_does_not_listen_is_no_error),
		TEST(time_ends_the_whole_group),
		TEST(a_talker_that_never_ends_is_ended),
		TEST(the_end_of_the_child_is_the_end),
		TEST(no_other_descriptor_is_open),
		TEST(signals_are_as_at_the_start),
		TEST(our_own_handling_of_sigpipe_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
