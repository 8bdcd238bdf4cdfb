/*
 * Child processes without a shell: looked up in PATH here, started by fork and exec in a process
 * group of their own, fed and read over pipes until they end or their time is up.
 */
#include "kata/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kata/loop.h"

enum { PIPE_IN, PIPE_OUT, PIPE_ERR, PIPE_FAILED, PIPES };
enum { FIRST_OWN_FD = 3, NAP_MAX_MS = 50, CHUNK = 16 << 10, DRAIN_CHUNKS = 8 };

struct child {
	pid_t pid;
	int ours[PIPES];   /* our ends, -1 when closed */
	int theirs[PIPES]; /* the child's ends */
	const char *input;
	size_t input_left, max;
	struct str *out[PIPES];
};

/* --- looking up --- */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The program's path (free()), or NULL. Empty parts of PATH, which would mean the working folder,
 * are passed over. */
static char *program_find(const char *name)
{
	const char *path = getenv("PATH");
	struct str candidate = STR_INIT;

	if (strchr(name, '/'))
		return is_program(name) ? xstrdup(name) : NULL;
	if (!path)
		path = "/usr/local/bin:/usr/bin:/bin";
	while (*name && *path) {
		size_t len = strcspn(path, ":");

		str_clear(&candidate);
		str_addn(&candidate, path, len);
		str_addc(&candidate, '/');
		str_add(&candidate, name);
		if (len && is_program(candidate.p))
			return str_detach(&candidate);
		path += len + (path[len] == ':');
	}
	str_release(&candidate);
	return NULL;
}

/* --- in the child, between fork and exec: only what is safe there --- */

static void close_others(int from)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)from, ~0U, 0U) == 0)
		return;
#endif
	long end = sysconf(_SC_OPEN_MAX);

	for (int fd = from; fd < (end > 0 ? (int)end : 1024); fd++)
		close(fd);
}

/* Handlers are ours and must not run here; what was ignored at our start stays so, but for SIGPIPE,
 * which the loop ignores for itself. */
static void reset_signals(void)
{
	struct sigaction by_default = {.sa_handler = SIG_DFL}, before;
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		if (sigaction(number, NULL, &before) == 0 &&
		    (before.sa_handler != SIG_IGN || number == SIGPIPE))
			sigaction(number, &by_default, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static noreturn void child_become(const struct child *child, const char *program,
				  const char *const *argv)
{
	/* execv takes the same array without const; it changes nothing in it. */
	union {
		const char *const *given;
		char *const *wanted;
	} words = {.given = argv};
	bool ready = true;

	/* Stays open until exec succeeds. */
	if (dup3(child->theirs[PIPE_FAILED], FIRST_OWN_FD, O_CLOEXEC) < 0)
		_exit(127);
	setpgid(0, 0);
	for (int i = 0; ready && i <= PIPE_ERR; i++)
		ready = dup2(child->theirs[i], i) >= 0;
	if (ready) {
		close_others(FIRST_OWN_FD + 1);
		reset_signals();
		execv(program, words.wanted);
	}
	int number = errno;
	if (write(FIRST_OWN_FD, &number, sizeof number) < 0)
		_exit(126);
	_exit(127);
}

/* --- in the parent --- */

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void pipes_close(int *ends)
{
	for (int i = 0; i < PIPES; i++)
		close_end(&ends[i]);
}

/* A descriptor beyond those that the child puts in place. */
static int raised(int fd)
{
	if (fd < 0)
		return -1;
	int high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OWN_FD + 1);
	int number = errno;
	close(fd);
	errno = number;
	return high;
}

static bool pipe_open(struct child *child, int which)
{
	int fds[2];
	bool in = which == PIPE_IN;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return false;
	child->theirs[which] = raised(fds[in ? 0 : 1]);
	child->ours[which] = raised(fds[in ? 1 : 0]);
	if (child->theirs[which] < 0 || child->ours[which] < 0)
		return false;
	return which == PIPE_FAILED || fcntl(child->ours[which], F_SETFL, O_NONBLOCK) == 0;
}

/* Pipes for what is wanted, /dev/null for the rest. */
static bool pipes_open(struct child *child)
{
	for (int i = 0; i < PIPES; i++) {
		bool piped = i == PIPE_FAILED ||
			     (i == PIPE_IN ? child->input_left > 0 : child->out[i] != NULL);

		if (piped && !pipe_open(child, i))
			return false;
		if (!piped)
			child->theirs[i] = raised(open("/dev/null", O_RDWR | O_CLOEXEC));
		if (child->theirs[i] < 0)
			return false;
	}
	return true;
}

/* Forks with all signals held back, so that none of our handlers ever runs in the child. */
static bool child_fork(struct child *child, const char *program, const char *const *argv)
{
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	child->pid = fork();
	if (child->pid == 0)
		child_become(child, program, argv);
	int number = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = number;
	return child->pid > 0;
}

/* Waits for exec; false with errno when it failed. */
static bool child_started(struct child *child)
{
	int number = 0;
	ssize_t n;

	do
		n = read(child->ours[PIPE_FAILED], &number, sizeof number);
	while (n < 0 && errno == EINTR);
	close_end(&child->ours[PIPE_FAILED]);
	if (n != (ssize_t)sizeof number)
		return true;
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	errno = number;
	return false;
}

static bool child_start(struct child *child, const char *const *argv, struct kata_error *e)
{
	char *program = program_find(argv[0]);
	bool ok = false;

	if (!program)
		return error_set(e, ERROR_NOT_FOUND, "there is no program %s", argv[0]);
	if (!pipes_open(child) || !child_fork(child, program, argv)) {
		error_sys(e, "cannot start %s", argv[0]);
	} else {
		pipes_close(child->theirs);
		ok = child_started(child) || error_sys(e, "cannot start %s", argv[0]);
	}
	free(program);
	return ok;
}

static void feed(struct child *child)
{
	ssize_t n = write(child->ours[PIPE_IN], child->input, child->input_left);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* A child that does not want to hear more is no error. */
	if (n > 0) {
		child->input += n;
		child->input_left -= (size_t)n;
	}
	if (n < 0 || !child->input_left)
		close_end(&child->ours[PIPE_IN]);
}

/* Takes what is there; what is beyond max is read and dropped, so that the child can end. */
static void drain(struct child *child, int which)
{
	struct str *out = child->out[which];
	char bytes[CHUNK];

	/* More than a pipe holds; a child that never stops talking must not keep us here. */
	for (int i = 0; i < DRAIN_CHUNKS; i++) {
		ssize_t n = read(child->ours[which], bytes, sizeof bytes);
		size_t room = child->max > out->len ? child->max - out->len : 0;

		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			close_end(&child->ours[which]);
		if (n <= 0)
			return;
		str_addn(out, bytes, (size_t)n < room ? (size_t)n : room);
	}
}

/* Moves bytes for at most ms. Returns whether anything moved. */
static bool child_move(struct child *child, int ms)
{
	struct pollfd polls[PIPES];

	for (int i = 0; i < PIPES; i++)
		polls[i] = (struct pollfd){.fd = child->ours[i],
					   .events = i == PIPE_IN ? POLLOUT : POLLIN};
	if (poll(polls, PIPES, ms) <= 0)
		return false;
	if (polls[PIPE_IN].revents)
		feed(child);
	for (int i = PIPE_OUT; i <= PIPE_ERR; i++)
		if (polls[i].revents)
			drain(child, i);
	return true;
}

/* The child's end is what counts, not that of its output: something it left behind may hold that
 * open. False: the time is up. */
static bool child_wait(struct child *child, int timeout_ms, int *how)
{
	int64_t end = loop_now_ms() + timeout_ms;
	int nap = 1;

	for (;;) {
		pid_t gone = waitpid(child->pid, how, WNOHANG);

		if (gone == child->pid) {
			child_move(child, 0);
			return true;
		}
		if (gone < 0 && errno != EINTR)
			BUG("waitpid: %s", strerror(errno));
		if (loop_now_ms() >= end)
			return false;
		nap = child_move(child, nap) ? 1 : nap * 2;
		if (nap > NAP_MAX_MS)
			nap = NAP_MAX_MS;
	}
}

bool child_run(const char *const *argv, const char *input, size_t input_len, int timeout_ms,
	       size_t max, struct str *out, struct str *err, int *status, struct kata_error *e)
{
	struct child child = {.ours = {-1, -1, -1, -1},
			      .theirs = {-1, -1, -1, -1},
			      .input = input,
			      .input_left = input ? input_len : 0,
			      .max = max,
			      .out = {[PIPE_OUT] = out, [PIPE_ERR] = err}};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	int how = 0;

	sigaction(SIGPIPE, &ignore, &before);
	bool ok = child_start(&child, argv, e);
	if (ok && !child_wait(&child, timeout_ms, &how)) {
		kill(-child.pid, SIGKILL);
		while (waitpid(child.pid, NULL, 0) < 0 && errno == EINTR)
			continue;
		ok = error_set(e, ERROR_TIMEOUT, "%s did not end within %d ms", argv[0],
			       timeout_ms);
	}
	pipes_close(child.ours);
	pipes_close(child.theirs);
	sigaction(SIGPIPE, &before, NULL);
	if (ok)
		*status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
	return ok;
}
