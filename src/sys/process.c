/*
 * Child processes on the loop: outputs over pipes that do not block, the end through a pidfd (or,
 * where the kernel has none, by looking now and then).
 *
 * A dead child stays a zombie until it is freed here: as long as it is one, nobody else gets its
 * number, so that a signal to its group never reaches strangers.
 */
#include "kata/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child_private.h"
#include "kata/loop.h"
#include "kata/memory.h"

enum { OUT, ERR, ENDS };
enum { CHUNK = 64 << 10, LOOK_MS = 20, GRACE_MS = 2000, KILLED_MS = 200 };

struct process {
	struct loop *loop;
	void (*says[ENDS])(void *arg, const char *bytes, size_t len);
	void (*done)(void *arg, int status);
	void *arg;
	pid_t pid;
	int pidfd; /* -1: the kernel has none, or it is dead */
	int ends[ENDS];
	uint64_t look;	/* timer, without a pidfd */
	uint64_t grace; /* timer, after its death */
	int status;
	bool dead;   /* ended, not reaped */
	bool paused; /* nothing is read */
	bool late;   /* the grace ended during a pause */
	bool calling, forgotten, leave;
	struct process *next; /* of those left alone */
};

/* Left alone and not ended: the loop reaps them while it turns. Processes are the program's, not a
 * loop's, and outlive it. */
static struct process *left_alone;

/* --- its end --- */

/* Whether it is dead; then with its status. It stays a zombie. */
static bool process_died(struct process *process)
{
	siginfo_t info;
	int result;

	do {
		memset(&info, 0, sizeof info);
		result = waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT);
	} while (result < 0 && errno == EINTR);
	if (result < 0)
		BUG("waitid: %s", strerror(errno));
	if (!info.si_pid)
		return false;
	process->dead = true;
	process->status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	return true;
}

static void end_close(struct process *process, int which)
{
	if (process->ends[which] < 0)
		return;
	loop_fd(process->loop, process->ends[which], 0, NULL, NULL);
	close(process->ends[which]);
	process->ends[which] = -1;
}

/* Ends all waiting for its end. */
static void unwatch(struct process *process)
{
	if (process->pidfd >= 0) {
		loop_fd(process->loop, process->pidfd, 0, NULL, NULL);
		close(process->pidfd);
		process->pidfd = -1;
	}
	loop_timer_cancel(process->loop, process->look);
	loop_timer_cancel(process->loop, process->grace);
	process->look = process->grace = 0;
}

/* Of a dead one. */
static void process_free(struct process *process)
{
	unwatch(process);
	while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	free(process);
}

/* Waits a moment for one that was killed; a kernel that is busy in its place may take longer. */
static bool dies_soon(struct process *process)
{
	int64_t end = loop_now_ms() + KILLED_MS;

	while (!process_died(process)) {
		struct pollfd poll_end = {.fd = process->pidfd, .events = POLLIN};
		int64_t left = end - loop_now_ms();

		if (left <= 0)
			return false;
		poll(&poll_end, 1, process->pidfd < 0 ? 1 : (int)left);
	}
	return true;
}

/* Nobody is called from here on. */
static void process_end(struct process *process)
{
	end_close(process, OUT);
	end_close(process, ERR);
	if (!process->leave)
		kill(-process->pid, SIGKILL);
	if (process->dead || (process->leave ? process_died(process) : dies_soon(process))) {
		process_free(process);
		return;
	}
	process->forgotten = true;
	process->next = left_alone;
	left_alone = process;
}

static void left_ended(struct process *process)
{
	struct process **link = &left_alone;

	while (*link != process)
		link = &(*link)->next;
	*link = process->next;
	process_free(process);
}

/* Tells its end once all is said. */
static void settle(struct process *process)
{
	if (!process->dead || process->ends[OUT] >= 0 || process->ends[ERR] >= 0)
		return;
	process->calling = true;
	process->done(process->arg, process->status);
	process->calling = false;
	if (process->forgotten && !process->leave)
		kill(-process->pid, SIGKILL);
	process_free(process);
}

static void on_grace(void *arg)
{
	struct process *process = arg;

	process->grace = 0;
	process->late = process->paused;
	if (process->late)
		return;
	end_close(process, OUT);
	end_close(process, ERR);
	settle(process);
}

static void ended(struct process *process)
{
	if (process->forgotten) {
		left_ended(process);
		return;
	}
	unwatch(process);
	process->grace = loop_timer(process->loop, GRACE_MS, on_grace, process);
	settle(process);
}

static void on_end(void *arg, int fd, short revents)
{
	(void)fd;
	(void)revents;
	if (process_died(arg))
		ended(arg);
}

static void on_look(void *arg)
{
	struct process *process = arg;

	process->look = 0;
	if (process_died(process))
		ended(process);
	else
		process->look = loop_timer(process->loop, LOOK_MS, on_look, process);
}

static void watch_end(struct process *process)
{
#ifdef SYS_pidfd_open
	process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0U);
#endif
	if (process->pidfd >= 0)
		loop_fd(process->loop, process->pidfd, POLLIN, on_end, process);
	else
		process->look = loop_timer(process->loop, LOOK_MS, on_look, process);
}

/* --- what it says --- */

static void on_output(void *arg, int fd, short revents)
{
	struct process *process = arg;
	int which = fd == process->ends[OUT] ? OUT : ERR;
	char bytes[CHUNK];
	ssize_t n = read(fd, bytes, sizeof bytes);

	(void)revents;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		end_close(process, which);
		settle(process);
		return;
	}
	process->calling = true;
	process->says[which](process->arg, bytes, (size_t)n);
	process->calling = false;
	if (process->forgotten)
		process_end(process);
}

static void watch_outputs(struct process *process)
{
	for (int i = 0; i < ENDS; i++)
		if (process->ends[i] >= 0)
			loop_fd(process->loop, process->ends[i], process->paused ? 0 : POLLIN,
				on_output, process);
}

void process_pause(struct process *process, bool paused)
{
	if (process->paused == paused)
		return;
	process->paused = paused;
	watch_outputs(process);
	if (!paused && process->late)
		process->grace = loop_timer(process->loop, GRACE_MS, on_grace, process);
	process->late = false;
}

/* --- its start --- */

static bool same_name(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return len == strcspn(b, "=") && !memcmp(a, b, len);
}

/* Our own environment with these over it. The texts are borrowed. */
static const char **environment_new(const char *const *variables)
{
	const char **all = NULL;
	size_t count = 0, cap = 0;

	for (char **own = environ; own && *own; own++) {
		const char *const *over = variables;

		while (over && *over && !same_name(*over, *own))
			over++;
		if (over && *over)
			continue;
		all = xgrow(all, count, &cap, sizeof *all);
		all[count++] = *own;
	}
	for (; variables && *variables; variables++) {
		all = xgrow(all, count, &cap, sizeof *all);
		all[count++] = *variables;
	}
	all = xgrow(all, count, &cap, sizeof *all);
	all[count] = NULL;
	return all;
}

/* Pipes for what is listened to, /dev/null for the rest. */
static bool outputs_open(struct process *process, int *theirs)
{
	theirs[0] = child_null();
	if (theirs[0] < 0)
		return false;
	for (int i = 0; i < ENDS; i++) {
		if (process->says[i] && !child_pipe(&process->ends[i], &theirs[1 + i], false))
			return false;
		if (!process->says[i])
			theirs[1 + i] = child_null();
		if (theirs[1 + i] < 0)
			return false;
	}
	return true;
}

static bool process_begin(struct process *process, const struct process_start *start,
			  struct kata_error *e)
{
	const char **environment = environment_new(start->variables);
	int theirs[1 + ENDS] = {-1, -1, -1};
	bool ok = outputs_open(process, theirs) || error_sys(e, "cannot start %s", start->argv[0]);

	ok = ok && child_spawn(start->argv, environment, theirs, &process->pid, e);
	for (int i = 0; i < 1 + ENDS; i++)
		if (theirs[i] >= 0)
			close(theirs[i]);
	free(environment);
	return ok;
}

struct process *process_start(struct loop *loop, const struct process_start *start,
			      struct kata_error *e)
{
	struct process *process = xcalloc(1, sizeof *process);

	*process = (struct process){
		.loop = loop,
		.says = {start->out, start->err},
		.done = start->done,
		.arg = start->arg,
		.pidfd = -1,
		.ends = {-1, -1},
	};
	if (!process_begin(process, start, e)) {
		end_close(process, OUT);
		end_close(process, ERR);
		free(process);
		return NULL;
	}
	watch_end(process);
	watch_outputs(process);
	return process;
}

void process_signal(struct process *process, int number)
{
	kill(-process->pid, number);
}

void process_forget(struct process *process, bool leave)
{
	if (!process)
		return;
	process->leave = leave;
	if (process->calling)
		process->forgotten = true;
	else
		process_end(process);
}
