/*
 * The event loop: poll(2) over watched descriptors, one-shot timers on the monotonic clock, and the
 * stop signals through a self-pipe. Nothing here knows what the descriptors are for.
 *
 * A source or timer carries the number under which it was added. A turn handles only what was there
 * when it began; removal marks an entry dead and the sweep at the end of the turn drops it, so that
 * callbacks may add and remove anything, also themselves and a descriptor number used again.
 */
#include "kata/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kata/error.h"
#include "kata/memory.h"

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { STOP_SIGNALS = sizeof stop_signals / sizeof stop_signals[0] };

struct source {
	int fd; /* -1: dead */
	short events;
	loop_fd_fn *fn;
	void *arg;
	uint64_t born;
};

struct timer {
	uint64_t id; /* 0: dead */
	int64_t due;
	bool at_stop; /* runs when a signal asks to stop, not at a time */
	loop_timer_fn *fn;
	void *arg;
};

struct loop {
	struct source *sources;
	size_t source_count, source_cap;
	struct timer *timers;
	size_t timer_count, timer_cap;
	struct pollfd *polls; /* of the turn under way; the signal pipe first when there is one */
	uint64_t *polled;     /* polls[i] is the source born as polled[i] */
	size_t poll_cap;
	uint64_t last_number; /* of sources and timers alike */
	bool in_turn;
	bool catches;
	struct sigaction before[STOP_SIGNALS], before_pipe;
};

/* A handler can reach nothing else; loop_catch_signals lets one loop at a time own these. */
static volatile sig_atomic_t stop_signal;
static int signal_pipe[2] = {-1, -1};

int64_t loop_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct loop *loop_new(void)
{
	return xcalloc(1, sizeof(struct loop));
}

static void release_signals(struct loop *loop)
{
	for (size_t i = 0; i < STOP_SIGNALS; i++)
		sigaction(stop_signals[i], &loop->before[i], NULL);
	sigaction(SIGPIPE, &loop->before_pipe, NULL);
	close(signal_pipe[0]);
	close(signal_pipe[1]);
	signal_pipe[0] = signal_pipe[1] = -1;
	stop_signal = 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	if (loop->in_turn)
		BUG("loop_free inside a callback");
	if (loop->catches)
		release_signals(loop);
	free(loop->sources);
	free(loop->timers);
	free(loop->polls);
	free(loop->polled);
	free(loop);
}

static struct source *source_find(struct loop *loop, int fd)
{
	for (size_t i = 0; i < loop->source_count; i++)
		if (loop->sources[i].fd == fd)
			return &loop->sources[i];
	return NULL;
}

void loop_fd(struct loop *loop, int fd, short events, loop_fd_fn *fn, void *arg)
{
	if (fd < 0)
		BUG("watching descriptor %d", fd);
	struct source *source = source_find(loop, fd);
	if (source && (events == 0 || source->fn != fn || source->arg != arg)) {
		/* Another owner: what poll said of the old one is not for the new one. */
		source->fd = -1;
		source = NULL;
	}
	if (events == 0)
		return;
	if (!source) {
		loop->sources = xgrow(loop->sources, loop->source_count, &loop->source_cap,
				      sizeof *loop->sources);
		source = &loop->sources[loop->source_count++];
		*source = (struct source){
			.fd = fd, .fn = fn, .arg = arg, .born = ++loop->last_number};
	}
	source->events = events;
}

static uint64_t timer_add(struct loop *loop, struct timer timer)
{
	loop->timers =
		xgrow(loop->timers, loop->timer_count, &loop->timer_cap, sizeof *loop->timers);
	timer.id = ++loop->last_number;
	loop->timers[loop->timer_count++] = timer;
	return timer.id;
}

uint64_t loop_timer(struct loop *loop, int64_t ms, loop_timer_fn *fn, void *arg)
{
	int64_t now = loop_now_ms();

	if (ms < 0)
		ms = 0;
	int64_t due = ms > INT64_MAX - now ? INT64_MAX : now + ms;
	return timer_add(loop, (struct timer){.due = due, .fn = fn, .arg = arg});
}

uint64_t loop_at_stop(struct loop *loop, loop_timer_fn *fn, void *arg)
{
	return timer_add(loop, (struct timer){.at_stop = true, .fn = fn, .arg = arg});
}

void loop_timer_cancel(struct loop *loop, uint64_t id)
{
	for (size_t i = 0; id && i < loop->timer_count; i++)
		if (loop->timers[i].id == id)
			loop->timers[i].id = 0;
}

static void on_signal(int number)
{
	int saved = errno;

	stop_signal = number;
	/* A full pipe has already woken the loop. */
	if (write(signal_pipe[1], "", 1) < 0)
		errno = saved;
	errno = saved;
}

void loop_catch_signals(struct loop *loop)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	if (signal_pipe[0] >= 0)
		BUG("signals are caught already");
	if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		BUG("no pipe for signals: %s", strerror(errno));
	sigfillset(&action.sa_mask);
	stop_signal = 0;
	loop->catches = true;
	for (size_t i = 0; i < STOP_SIGNALS; i++) {
		sigaction(stop_signals[i], NULL, &loop->before[i]);
		/* Started under nohup, or in the background of a script: it stays ignored. */
		if (loop->before[i].sa_handler != SIG_IGN)
			sigaction(stop_signals[i], &action, NULL);
	}
	sigaction(SIGPIPE, &ignore, &loop->before_pipe);
}

int loop_stopped(const struct loop *loop)
{
	return loop->catches ? stop_signal : 0;
}

/* Fills polls[] from the live sources and returns how many there are, the signal pipe included. */
static size_t polls_fill(struct loop *loop)
{
	size_t count = 0;

	if (loop->source_count + 1 > loop->poll_cap) {
		loop->poll_cap = loop->source_count + 16;
		loop->polls = xrealloc(loop->polls, loop->poll_cap * sizeof *loop->polls);
		loop->polled = xrealloc(loop->polled, loop->poll_cap * sizeof *loop->polled);
	}
	if (loop->catches) {
		loop->polls[count] = (struct pollfd){.fd = signal_pipe[0], .events = POLLIN};
		loop->polled[count++] = 0;
	}
	for (size_t i = 0; i < loop->source_count; i++) {
		const struct source *source = &loop->sources[i];

		if (source->fd < 0)
			continue;
		loop->polls[count] = (struct pollfd){.fd = source->fd, .events = source->events};
		loop->polled[count++] = source->born;
	}
	return count;
}

/* Milliseconds that poll may wait: until the next timer, at most ms (-1: without end). */
static int poll_timeout(const struct loop *loop, int64_t ms)
{
	int64_t now = loop_now_ms();
	int64_t wait = ms < 0 ? INT64_MAX : ms;

	for (size_t i = 0; i < loop->timer_count; i++) {
		const struct timer *timer = &loop->timers[i];
		int64_t left = timer->due > now ? timer->due - now : 0;

		if (timer->id && timer->at_stop && loop_stopped(loop))
			left = 0;
		else if (!timer->id || timer->at_stop)
			continue;
		if (left < wait)
			wait = left;
	}
	if (wait == INT64_MAX)
		return -1;
	return wait > INT_MAX ? INT_MAX : (int)wait;
}

static void drain_signal_pipe(void)
{
	char bytes[64];

	while (read(signal_pipe[0], bytes, sizeof bytes) > 0)
		continue;
}

/* Calls the source that polls[i] was made from, if it is still the same one. */
static void source_dispatch(struct loop *loop, size_t i)
{
	const struct pollfd *ready = &loop->polls[i];
	struct source *source = source_find(loop, ready->fd);

	if (!source || source->born != loop->polled[i])
		return;
	short wanted = (short)(source->events | POLLERR | POLLHUP | POLLNVAL);
	short revents = (short)(ready->revents & wanted);
	if (!revents)
		return;
	loop_fd_fn *fn = source->fn;
	void *arg = source->arg;
	/* Closed while watched: poll would return at once for ever. */
	if (revents & POLLNVAL)
		source->fd = -1;
	fn(arg, ready->fd, revents);
}

/* The due timer that comes first, among those older than this turn; NULL when none is left. */
static struct timer *timer_next(struct loop *loop, int64_t now, uint64_t turn)
{
	struct timer *next = NULL;

	for (size_t i = 0; i < loop->timer_count; i++) {
		struct timer *timer = &loop->timers[i];
		bool due = timer->at_stop ? loop_stopped(loop) != 0 : timer->due <= now;

		if (timer->id && timer->id <= turn && due && (!next || timer->due < next->due))
			next = timer;
	}
	return next;
}

static void timers_run(struct loop *loop, uint64_t turn)
{
	int64_t now = loop_now_ms();
	struct timer *timer;

	while ((timer = timer_next(loop, now, turn))) {
		struct timer due = *timer;

		timer->id = 0;
		due.fn(due.arg);
	}
}

/* Drops the dead, keeping the order of the living. */
static void sweep(struct loop *loop)
{
	size_t kept = 0;

	for (size_t i = 0; i < loop->source_count; i++)
		if (loop->sources[i].fd >= 0)
			loop->sources[kept++] = loop->sources[i];
	loop->source_count = kept;
	kept = 0;
	for (size_t i = 0; i < loop->timer_count; i++)
		if (loop->timers[i].id)
			loop->timers[kept++] = loop->timers[i];
	loop->timer_count = kept;
}

/* True when there is a descriptor or a timer to wait for. */
static bool has_work(const struct loop *loop)
{
	for (size_t i = 0; i < loop->timer_count; i++)
		if (!loop->timers[i].at_stop || loop_stopped(loop))
			return true;
	return loop->source_count > 0;
}

bool loop_turn(struct loop *loop, int64_t ms)
{
	if (loop->in_turn)
		BUG("loop_turn inside a callback");
	sweep(loop);
	if (!has_work(loop))
		return false;
	loop->in_turn = true;
	uint64_t turn = loop->last_number;
	size_t count = polls_fill(loop);
	int ready = poll(loop->polls, count, poll_timeout(loop, ms));
	if (ready < 0 && errno != EINTR && errno != EAGAIN && errno != ENOMEM)
		BUG("poll: %s", strerror(errno));
	size_t first = loop->catches ? 1 : 0;
	if (ready > 0 && first && loop->polls[0].revents)
		drain_signal_pipe();
	for (size_t i = first; ready > 0 && i < count; i++)
		if (loop->polls[i].revents)
			source_dispatch(loop, i);
	timers_run(loop, turn);
	loop->in_turn = false;
	return true;
}

static void set_true(void *arg)
{
	*(bool *)arg = true;
}

void loop_sleep(struct loop *loop, int64_t ms)
{
	bool over = false;
	uint64_t timer = loop_timer(loop, ms, set_true, &over);

	while (!over && !loop_stopped(loop))
		loop_turn(loop, -1);
	loop_timer_cancel(loop, timer);
}
