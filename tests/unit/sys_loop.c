/* The event loop: order, removal during dispatch, generations, timers, signals. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "kata/loop.h"

struct probe {
	struct loop *loop;
	int calls;
	short revents;
	int other;	 /* a descriptor to remove or re-add in the callback */
	uint64_t cancel; /* a timer to cancel in the callback */
	uint64_t made;
};

static void count_fd(void *arg, int fd, short revents)
{
	struct probe *probe = arg;

	(void)fd;
	probe->calls++;
	probe->revents = revents;
}

static void count_timer(void *arg)
{
	((struct probe *)arg)->calls++;
}

static void make_ready_pipe(int fds[2])
{
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
}

static void test_fd_ready_and_removed(void **state)
{
	struct loop *loop = loop_new();
	struct probe probe = {0};
	int fds[2];

	(void)state;
	assert_false(loop_turn(loop, 0));
	make_ready_pipe(fds);
	loop_fd(loop, fds[0], POLLIN, count_fd, &probe);
	assert_true(loop_turn(loop, -1));
	assert_int_equal(probe.calls, 1);
	assert_true(probe.revents & POLLIN);
	loop_fd(loop, fds[0], POLLOUT, count_fd, &probe);
	assert_true(loop_turn(loop, 0));
	assert_int_equal(probe.calls, 1);
	loop_fd(loop, fds[0], 0, NULL, NULL);
	assert_false(loop_turn(loop, 0));
	close(fds[0]);
	close(fds[1]);
	loop_free(loop);
}

static void remove_other(void *arg, int fd, short revents)
{
	struct probe *probe = arg;

	(void)revents;
	probe->calls++;
	loop_fd(probe->loop, probe->other, 0, NULL, NULL);
	loop_fd(probe->loop, fd, 0, NULL, NULL);
}

/* Of two ready descriptors the first removes the second: it is not called any more. */
static void test_removed_by_callback(void **state)
{
	struct loop *loop = loop_new();
	int a[2], b[2];

	(void)state;
	make_ready_pipe(a);
	make_ready_pipe(b);
	struct probe first = {.loop = loop, .other = b[0]}, second = {0};
	loop_fd(loop, a[0], POLLIN, remove_other, &first);
	loop_fd(loop, b[0], POLLIN, count_fd, &second);
	assert_true(loop_turn(loop, -1));
	assert_int_equal(first.calls, 1);
	assert_int_equal(second.calls, 0);
	assert_false(loop_turn(loop, 0));
	close(a[0]), close(a[1]), close(b[0]), close(b[1]);
	loop_free(loop);
}

static struct probe reborn;

/* Closes the other descriptor and watches a new, silent one that got the same number. */
static void replace_other(void *arg, int fd, short revents)
{
	struct probe *probe = arg;
	int fresh[2];

	(void)revents;
	loop_fd(probe->loop, fd, 0, NULL, NULL);
	loop_fd(probe->loop, probe->other, 0, NULL, NULL);
	assert_int_equal(pipe(fresh), 0);
	assert_int_equal(dup2(fresh[0], probe->other), probe->other);
	close(fresh[0]);
	loop_fd(probe->loop, probe->other, POLLIN, count_fd, &reborn);
	probe->made = (uint64_t)fresh[1];
}

/* What poll said of the old descriptor is not told to the new one. */
static void test_number_used_again(void **state)
{
	struct loop *loop = loop_new();
	int a[2], b[2];

	(void)state;
	make_ready_pipe(a);
	make_ready_pipe(b);
	struct probe first = {.loop = loop, .other = b[0]}, second = {0};
	reborn = (struct probe){0};
	loop_fd(loop, a[0], POLLIN, replace_other, &first);
	loop_fd(loop, b[0], POLLIN, count_fd, &second);
	assert_true(loop_turn(loop, -1));
	assert_int_equal(reborn.calls, 0);
	assert_int_equal(second.calls, 0);
	assert_int_equal(write((int)first.made, "y", 1), 1);
	assert_true(loop_turn(loop, 1000));
	assert_int_equal(reborn.calls, 1);
	close(a[0]), close(a[1]), close(b[0]), close(b[1]), close((int)first.made);
	loop_free(loop);
}

static void take_over(void *arg, int fd, short revents)
{
	struct probe *probe = arg;

	(void)revents;
	loop_fd(probe->loop, fd, 0, NULL, NULL);
	loop_fd(probe->loop, probe->other, POLLIN, count_fd, &reborn);
}

/* Another owner for a descriptor waits for the next turn too. */
static void test_owner_changes(void **state)
{
	struct loop *loop = loop_new();
	int a[2], b[2];

	(void)state;
	make_ready_pipe(a);
	make_ready_pipe(b);
	struct probe first = {.loop = loop, .other = b[0]}, second = {0};
	reborn = (struct probe){0};
	loop_fd(loop, a[0], POLLIN, take_over, &first);
	loop_fd(loop, b[0], POLLIN, count_fd, &second);
	assert_true(loop_turn(loop, -1));
	assert_int_equal(second.calls + reborn.calls, 0);
	assert_true(loop_turn(loop, -1));
	assert_int_equal(second.calls, 0);
	assert_int_equal(reborn.calls, 1);
	close(a[0]), close(a[1]), close(b[0]), close(b[1]);
	loop_free(loop);
}

/* A descriptor closed while watched is told once and dropped: no busy loop. */
static void test_closed_descriptor(void **state)
{
	struct loop *loop = loop_new();
	struct probe probe = {0};
	int fds[2];

	(void)state;
	make_ready_pipe(fds);
	loop_fd(loop, fds[0], POLLIN, count_fd, &probe);
	close(fds[0]);
	close(fds[1]);
	assert_true(loop_turn(loop, 0));
	assert_int_equal(probe.calls, 1);
	assert_true(probe.revents & POLLNVAL);
	assert_false(loop_turn(loop, 0));
	loop_free(loop);
}

static int order[8], order_len;

static void note(void *arg)
{
	order[order_len++] = *(const int *)arg;
}

static void test_timers_in_order(void **state)
{
	struct loop *loop = loop_new();
	int numbers[] = {0, 1, 2, 3};

	(void)state;
	order_len = 0;
	int64_t before = loop_now_ms();
	uint64_t late = loop_timer(loop, 30, note, &numbers[3]);
	loop_timer(loop, 20, note, &numbers[2]);
	uint64_t gone = loop_timer(loop, 5, note, &numbers[0]);
	loop_timer(loop, 10, note, &numbers[1]);
	assert_true(late != 0 && late != gone);
	loop_timer_cancel(loop, gone);
	loop_timer_cancel(loop, gone);
	loop_timer_cancel(loop, 0);
	while (loop_turn(loop, -1))
		continue;
	assert_int_equal(order_len, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(order[i], i + 1);
	assert_true(loop_now_ms() - before >= 30);
	loop_free(loop);
}

/* Due in the same turn: the one that was due first comes first. */
static void test_timers_late(void **state)
{
	struct loop *loop = loop_new();
	int numbers[] = {1, 2, 3};

	(void)state;
	order_len = 0;
	loop_timer(loop, 3, note, &numbers[2]);
	loop_timer(loop, 1, note, &numbers[0]);
	loop_timer(loop, 2, note, &numbers[1]);
	usleep(10000);
	assert_true(loop_turn(loop, 0));
	assert_int_equal(order_len, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(order[i], i + 1);
	loop_free(loop);
}

static void start_again(void *arg)
{
	struct probe *probe = arg;

	probe->calls++;
	loop_timer_cancel(probe->loop, probe->cancel);
	loop_timer(probe->loop, 0, start_again, probe);
}

/* A timer made by a timer waits for the next turn; one cancelled by it does not run. */
static void test_timer_in_timer(void **state)
{
	struct loop *loop = loop_new();
	struct probe probe = {.loop = loop}, other = {0};

	(void)state;
	loop_timer(loop, 0, start_again, &probe);
	probe.cancel = loop_timer(loop, 0, count_timer, &other);
	assert_true(loop_turn(loop, -1));
	assert_int_equal(probe.calls, 1);
	assert_int_equal(other.calls, 0);
	assert_true(loop_turn(loop, -1));
	assert_int_equal(probe.calls, 2);
	loop_free(loop);
}

static void test_turn_waits_no_longer(void **state)
{
	struct loop *loop = loop_new();
	struct probe probe = {0};

	(void)state;
	loop_timer(loop, 60000, count_timer, &probe);
	loop_timer(loop, INT64_MAX, count_timer, &probe);
	int64_t before = loop_now_ms();
	assert_true(loop_turn(loop, 20));
	int64_t took = loop_now_ms() - before;
	assert_true(took >= 19 && took < 5000);
	assert_int_equal(probe.calls, 0);
	before = loop_now_ms();
	loop_sleep(loop, 20);
	took = loop_now_ms() - before;
	assert_true(took >= 20 && took < 5000);
	loop_free(loop);
}

/* A signal ends a sleep at once, sets loop_stopped, and runs what waits for it. */
static void test_signals(void **state)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct loop *loop = loop_new();
		struct probe at_stop = {0}, gone = {0};

		signal(signals[i], SIG_DFL);
		loop_catch_signals(loop);
		loop_at_stop(loop, count_timer, &at_stop);
		loop_timer_cancel(loop, loop_at_stop(loop, count_timer, &gone));
		assert_false(loop_turn(loop, 0));
		pid_t child = fork();
		if (child == 0) {
			usleep(20000);
			_exit(kill(getppid(), signals[i]));
		}
		int64_t before = loop_now_ms();
		loop_sleep(loop, 60000);
		assert_true(loop_now_ms() - before < 30000);
		assert_int_equal(loop_stopped(loop), signals[i]);
		loop_turn(loop, 0);
		assert_int_equal(at_stop.calls, 1);
		assert_int_equal(gone.calls, 0);
		waitpid(child, NULL, 0);
		loop_free(loop);
	}
}

static void test_ignored_stays_ignored(void **state)
{
	struct loop *loop = loop_new();

	(void)state;
	signal(SIGHUP, SIG_IGN);
	loop_catch_signals(loop);
	raise(SIGHUP);
	assert_int_equal(loop_stopped(loop), 0);
	loop_free(loop);
	assert_true(signal(SIGHUP, SIG_DFL) == SIG_IGN);
	assert_true(signal(SIGPIPE, SIG_DFL) == SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fd_ready_and_removed),
		cmocka_unit_test(test_removed_by_callback),
		cmocka_unit_test(test_number_used_again),
		cmocka_unit_test(test_owner_changes),
		cmocka_unit_test(test_closed_descriptor),
		cmocka_unit_test(test_timers_in_order),
		cmocka_unit_test(test_timers_late),
		cmocka_unit_test(test_timer_in_timer),
		cmocka_unit_test(test_turn_waits_no_longer),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_ignored_stays_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
