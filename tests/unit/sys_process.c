/* Child processes on the loop: what they say, how they end, what holds their outputs open, pauses,
 * and that neither a descriptor nor a zombie is ever left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kata/loop.h"
#include "kata/memory.h"
#include "kata/process.h"

static struct test {
	struct loop *loop;
	struct process *process;
	struct str out, err;
	size_t max_chunk;
	int done, status; /* times; the last one */
	int descriptors;
	struct kata_error e;
	enum { NOTHING, FORGET, LEAVE, PAUSE } when_it_speaks, when_done;
	char fifo[64];
} test;

static int descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = -1; /* the folder's own */

	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder));)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

static bool has_children(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

static int setup(void **state)
{
	(void)state;
	memset(&test, 0, sizeof test);
	test.out = test.err = (struct str)STR_INIT;
	test.descriptors = descriptors();
	test.loop = loop_new();
	return 0;
}

/* Whatever a test did: nothing of ours is left. */
static int teardown(void **state)
{
	int64_t end = loop_now_ms() + 10000;

	(void)state;
	while (has_children() && loop_now_ms() < end)
		loop_turn(test.loop, 50);
	assert_false(has_children());
	assert_false(loop_turn(test.loop, 0));
	loop_free(test.loop);
	assert_int_equal(descriptors(), test.descriptors);
	str_release(&test.out);
	str_release(&test.err);
	return 0;
}

static void act(int what)
{
	if (what == FORGET || what == LEAVE)
		process_forget(test.process, what == LEAVE);
	if (what == PAUSE)
		process_pause(test.process, true);
}

static void out(void *arg, const char *bytes, size_t len)
{
	assert_ptr_equal(arg, &test);
	str_addn(&test.out, bytes, len);
	test.max_chunk = len > test.max_chunk ? len : test.max_chunk;
	act(test.when_it_speaks);
}

static void err(void *arg, const char *bytes, size_t len)
{
	assert_ptr_equal(arg, &test);
	str_addn(&test.err, bytes, len);
	act(test.when_it_speaks);
}

static void done(void *arg, int status)
{
	assert_ptr_equal(arg, &test);
	/* Its number is still its own: signals to the group reach no stranger. */
	assert_true(has_children());
	test.done++;
	test.status = status;
	act(test.when_done);
}

static void begin_with(const char *const *variables, const char *const *argv)
{
	struct process_start start = {argv, variables, out, err, done, &test};

	test.process = process_start(test.loop, &start, &test.e);
}

#define BEGIN(...)  begin_with(NULL, (const char *const[]){__VA_ARGS__, NULL})
#define SHELL(text) BEGIN("sh", "-c", text)

/* Turns until it is done, at most ms. */
static void turn(int64_t ms)
{
	int64_t end = loop_now_ms() + ms;

	while (!test.done && loop_now_ms() < end)
		loop_turn(test.loop, end - loop_now_ms());
}

static void turn_until_it_speaks(void)
{
	int64_t end = loop_now_ms() + 5000;

	while (!test.out.len && loop_now_ms() < end)
		loop_turn(test.loop, end - loop_now_ms());
	assert_true(test.out.len > 0);
}

static void finish(int status)
{
	turn(10000);
	assert_int_equal(test.done, 1);
	assert_int_equal(test.status, status);
}

/* --- what it says, how it ends --- */

static void both_outputs_come_apart(void **state)
{
	(void)state;
	BEGIN("sh", "-c", "printf '%s|' \"$@\"; echo error >&2; exit 7", "sh", "a b", "$HOME", "");
	assert_non_null(test.process);
	finish(7);
	assert_string_equal(test.out.p, "a b|$HOME||");
	assert_string_equal(test.err.p, "error\n");
}

static void it_comes_as_it_is_written(void **state)
{
	(void)state;
	SHELL("echo first; sleep 1; echo second");
	turn_until_it_speaks();
	assert_string_equal(test.out.p, "first\n");
	assert_int_equal(test.done, 0);
	finish(0);
	assert_string_equal(test.out.p, "first\nsecond\n");
}

static void much_comes_whole_and_in_pieces(void **state)
{
	(void)state;
	BEGIN("head", "-c", "3000000", "/dev/zero");
	finish(0);
	assert_int_equal(test.out.len, 3000000);
	assert_true(test.max_chunk <= 64 << 10);
}

static void an_output_that_nobody_hears_is_dropped(void **state)
{
	const char *const argv[] = {"sh", "-c", "head -c 300000 /dev/zero; echo e >&2", NULL};
	struct process_start start = {argv, NULL, NULL, err, done, &test};

	(void)state;
	test.process = process_start(test.loop, &start, &test.e);
	finish(0);
	assert_string_equal(test.err.p, "e\n");
}

static void a_signal_is_seen_in_the_status(void **state)
{
	(void)state;
	SHELL("kill -9 $$");
	finish(128 + SIGKILL);
}

static void one_without_outputs_that_ends_later_is_seen(void **state)
{
	(void)state;
	SHELL("exec >&- 2>&-; sleep 0.3; exit 5");
	finish(5);
}

static void what_is_not_there_is_said(void **state)
{
	(void)state;
	BEGIN("kata-no-such-program");
	assert_null(test.process);
	assert_int_equal(test.e.code, ERROR_NOT_FOUND);
	assert_non_null(strstr(test.e.msg, "kata-no-such-program"));
	assert_false(loop_turn(test.loop, 0));
	assert_int_equal(test.done, 0);
}

/* Executable, found, and no program: exec itself fails. */
static void what_cannot_be_executed_is_said(void **state)
{
	char path[] = "/tmp/kata-process-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "echo ran\n", 9), 9);
	fchmod(fd, 0700);
	close(fd);
	BEGIN(path);
	unlink(path);
	assert_null(test.process);
	assert_int_equal(test.e.sys, ENOEXEC);
	assert_false(has_children());
}

/* --- what it is given --- */

static void variables_lie_over_our_own(void **state)
{
	const char *const variables[] = {"KATA_TEST_A=new", "KATA_TEST_C=", NULL};
	const char *const argv[] = {"env", NULL};

	(void)state;
	setenv("KATA_TEST_A", "old", 1);
	setenv("KATA_TEST_AB", "stays", 1);
	begin_with(variables, argv);
	finish(0);
	unsetenv("KATA_TEST_A");
	unsetenv("KATA_TEST_AB");
	assert_null(strstr(test.out.p, "KATA_TEST_A=old"));
	assert_non_null(strstr(test.out.p, "KATA_TEST_A=new\n"));
	assert_non_null(strstr(test.out.p, "KATA_TEST_AB=stays\n"));
	assert_non_null(strstr(test.out.p, "KATA_TEST_C=\n"));
	assert_non_null(strstr(test.out.p, "PATH="));
}

static void it_has_no_other_descriptor_and_no_input(void **state)
{
	int leaked = open("/dev/null", O_RDONLY); /* without close-on-exec */

	(void)state;
	SHELL("ls /proc/self/fd; readlink /proc/self/fd/0; cat");
	finish(0);
	close(leaked);
	/* 3 is that of the folder being listed. */
	assert_string_equal(test.out.p, "0\n1\n2\n3\n/dev/null\n");
}

static void it_has_a_group_of_its_own(void **state)
{
	long long group = 0, pid = -1;

	(void)state;
	SHELL("read -r pid _ _ _ group _ </proc/self/stat; echo $pid $group");
	finish(0);
	assert_int_equal(sscanf(test.out.p, "%lld %lld", &pid, &group), 2);
	assert_int_equal(group, pid);
}

static void a_child_status_is_not_lost_to_an_ignored_signal(void **state)
{
	(void)state;
	signal(SIGCHLD, SIG_IGN);
	SHELL("exit 3");
	finish(3);
	signal(SIGCHLD, SIG_DFL);
}

/* --- groups, and what is left behind --- */

/* A FIFO that the command gets as $1; its other end is closed once nobody holds it. */
static int fifo_open(void)
{
	snprintf(test.fifo, sizeof test.fifo, "/tmp/kata-process-fifo-%d", (int)getpid());
	unlink(test.fifo);
	assert_int_equal(mkfifo(test.fifo, 0600), 0);
	int end = open(test.fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(end >= 0);
	return end;
}

static void assert_closed(int end, bool closed)
{
	struct pollfd poll_end = {.fd = end, .events = POLLIN};

	assert_int_equal(poll(&poll_end, 1, closed ? 5000 : 300), closed);
	if (closed)
		assert_true(poll_end.revents & POLLHUP);
	close(end);
	unlink(test.fifo);
}

static void a_signal_reaches_the_whole_group(void **state)
{
	int end = fifo_open();

	(void)state;
	BEGIN("sh", "-c", "exec 9>\"$1\"; sleep 30 & echo here; wait", "sh", test.fifo);
	turn_until_it_speaks();
	process_signal(test.process, SIGTERM);
	finish(128 + SIGTERM);
	assert_closed(end, true);
}

static void forgetting_kills_the_whole_group(void **state)
{
	int end = fifo_open();

	(void)state;
	BEGIN("sh", "-c", "trap '' TERM; exec 9>\"$1\"; sleep 30 & echo here; sleep 30", "sh",
	      test.fifo);
	turn_until_it_speaks();
	process_forget(test.process, false);
	/* At once, not when the loop turns next. */
	assert_false(has_children());
	assert_closed(end, true);
	assert_int_equal(test.done, 0);
}

static void one_that_is_left_goes_on_and_is_reaped(void **state)
{
	int64_t end = loop_now_ms() + 5000;
	char path[] = "/tmp/kata-process-XXXXXX";

	(void)state;
	close(mkstemp(path));
	BEGIN("sh", "-c", "trap '' PIPE; echo here; sleep 0.5; echo more; rm \"$1\"", "sh", path);
	turn_until_it_speaks();
	process_forget(test.process, true);
	assert_int_equal(access(path, F_OK), 0);
	while (access(path, F_OK) == 0 && loop_now_ms() < end)
		loop_turn(test.loop, 50);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(test.done, 0);
	assert_string_equal(test.out.p, "here\n");
}

/* The daemon holds the outputs: two seconds after the end of the child that is over, and the daemon
 * lives on. */
static void what_it_left_behind_is_not_waited_for(void **state)
{
	int64_t start = loop_now_ms();
	long daemon;

	(void)state;
	SHELL("sleep 20 & echo $!; exit 4");
	finish(4);
	assert_in_range(loop_now_ms() - start, 1900, 4000);
	daemon = strtol(test.out.p, NULL, 10);
	assert_true(daemon > 1);
	assert_int_equal(kill((pid_t)daemon, SIGKILL), 0);
}

static void a_daemon_that_never_stops_talking_is_cut_off(void **state)
{
	int64_t start = loop_now_ms();

	(void)state;
	SHELL("while :; do echo again; sleep 0.05; done & exit 0");
	finish(0);
	assert_in_range(loop_now_ms() - start, 1900, 4000);
}

/* --- pauses --- */

static void a_pause_makes_it_wait(void **state)
{
	size_t before;

	(void)state;
	BEGIN("head", "-c", "1000000", "/dev/zero");
	test.when_it_speaks = PAUSE;
	turn_until_it_speaks();
	before = test.out.len;
	turn(300);
	assert_int_equal(test.out.len, before);
	assert_int_equal(test.done, 0);
	test.when_it_speaks = NOTHING;
	process_pause(test.process, false);
	finish(0);
	assert_int_equal(test.out.len, 1000000);
}

/* It is dead for longer than the two seconds: what it said is still there. */
static void a_long_pause_loses_nothing(void **state)
{
	(void)state;
	SHELL("echo first; sleep 0.2; echo last");
	test.when_it_speaks = PAUSE;
	turn_until_it_speaks();
	turn(2600);
	assert_int_equal(test.done, 0);
	test.when_it_speaks = NOTHING;
	process_pause(test.process, false);
	finish(0);
	assert_string_equal(test.out.p, "first\nlast\n");
}

static void two_seconds_count_after_a_pause_too(void **state)
{
	(void)state;
	SHELL("echo first; sleep 20 & echo $!");
	turn_until_it_speaks();
	process_pause(test.process, true);
	turn(2600);
	assert_int_equal(test.done, 0);
	process_pause(test.process, false);
	finish(0);
	assert_int_equal(kill((pid_t)strtol(test.out.p + 6, NULL, 10), SIGKILL), 0);
}

/* --- from inside its own functions --- */

static void it_can_be_forgotten_while_it_speaks(void **state)
{
	(void)state;
	BEGIN("yes");
	test.when_it_speaks = FORGET;
	turn_until_it_speaks();
	assert_false(has_children());
	turn(100);
	assert_int_equal(test.done, 0);
	assert_true(test.out.len <= 64 << 10);
}

static void it_can_be_forgotten_when_it_is_done(void **state)
{
	int end = fifo_open();

	(void)state;
	test.when_done = FORGET;
	BEGIN("sh", "-c", "exec 9>\"$1\"; sleep 30 >&9 2>&1 &", "sh", test.fifo);
	finish(0);
	assert_closed(end, true);
}

static void it_can_be_left_when_it_is_done(void **state)
{
	int end = fifo_open();

	(void)state;
	test.when_done = LEAVE;
	BEGIN("sh", "-c", "exec 9>\"$1\"; sleep 2 >&9 2>&1 &", "sh", test.fifo);
	finish(0);
	assert_closed(end, false);
}

static void many_at_once_leave_nothing(void **state)
{
	struct process *many[20];
	const char *const argv[] = {"sh", "-c", "echo; sleep 30", NULL};
	struct process_start start = {argv, NULL, out, err, done, &test};

	(void)state;
	for (size_t i = 0; i < 20; i++)
		assert_non_null(many[i] = process_start(test.loop, &start, &test.e));
	turn_until_it_speaks();
	for (size_t i = 0; i < 20; i++)
		process_forget(many[i], false);
	assert_false(has_children());
	assert_int_equal(descriptors(), test.descriptors);
}

/* --- a kernel without pidfds --- */

static int refuse_pidfds(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof rules / sizeof *rules, rules};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void an_older_kernel_is_looked_at(void **state)
{
	(void)state;
	/* There is no way back from this: it is the last test. */
	if (refuse_pidfds() < 0)
		skip();
	SHELL("echo here; exec >&- 2>&-; sleep 0.2; exit 6");
	finish(6);
	assert_string_equal(test.out.p, "here\n");
	test.done = 0;
	SHELL("sleep 30");
	process_forget(test.process, false);
	assert_false(has_children());
	SHELL("sleep 0.2");
	process_forget(test.process, true);
	turn(1000);
	assert_int_equal(test.done, 0);
	assert_false(has_children());
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(both_outputs_come_apart),
		TEST(it_comes_as_it_is_written),
		TEST(much_comes_whole_and_in_pieces),
		TEST(an_output_that_nobody_hears_is_dropped),
		TEST(a_signal_is_seen_in_the_status),
		TEST(one_without_outputs_that_ends_later_is_seen),
		TEST(what_is_not_there_is_said),
		TEST(what_cannot_be_executed_is_said),
		TEST(variables_lie_over_our_own),
		TEST(it_has_no_other_descriptor_and_no_input),
		TEST(it_has_a_group_of_its_own),
		TEST(a_child_status_is_not_lost_to_an_ignored_signal),
		TEST(a_signal_reaches_the_whole_group),
		TEST(forgetting_kills_the_whole_group),
		TEST(one_that_is_left_goes_on_and_is_reaped),
		TEST(what_it_left_behind_is_not_waited_for),
		TEST(a_daemon_that_never_stops_talking_is_cut_off),
		TEST(a_pause_makes_it_wait),
		TEST(a_long_pause_loses_nothing),
		TEST(two_seconds_count_after_a_pause_too),
		TEST(it_can_be_forgotten_while_it_speaks),
		TEST(it_can_be_forgotten_when_it_is_done),
		TEST(it_can_be_left_when_it_is_done),
		TEST(many_at_once_leave_nothing),
		TEST(an_older_kernel_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
