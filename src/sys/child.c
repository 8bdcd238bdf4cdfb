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

#include "child_private.h"
#include "kata/loop.h"

enum { PIPE_IN, PIPE_OUT, PIPE_ERR, PIPES };
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

/* What is needed there, made before. */
struct birth {
	const char *program;
	const char *const *argv, *const *environment;
	const int *theirs;
	int failed; /* where to say that it failed, and why */
};

static noreturn void child_become(const struct birth *birth)
{
	/* exec takes the same arrays without const; it changes nothing in them. */
	union {
		const char *const *given;
		char *const *wanted;
	} words = {.given = birth->argv}, environment = {.given = birth->environment};
	bool ready = true;

	/* Stays open until exec succeeds. */
	if (dup3(birth->failed, FIRST_OWN_FD, O_CLOEXEC) < 0)
		_exit(127);
	setpgid(0, 0);
	for (int i = 0; ready && i < PIPES; i++)
		ready = dup2(birth->theirs[i], i) >= 0;
	if (ready) {
		close_others(FIRST_OWN_FD + 1);
		reset_signals();
		execve(birth->program, words.wanted,
		       birth->environment ? environment.wanted : environ);
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

/* fds[0] is read from, fds[1] written to. */
static bool pipe_open(int *fds)
{
	if (pipe2(fds, O_CLOEXEC) < 0) {
		fds[0] = fds[1] = -1;
		return false;
	}
	fds[0] = raised(fds[0]);
	fds[1] = raised(fds[1]);
	return fds[0] >= 0 && fds[1] >= 0;
}

bool child_pipe(int *ours, int *theirs, bool in)
{
	int fds[2];
	bool ok = pipe_open(fds);

	*theirs = fds[in ? 0 : 1];
	*ours = fds[in ? 1 : 0];
	return ok && fcntl(*ours, F_SETFL, O_NONBLOCK) == 0;
}

int child_null(void)
{
	return raised(open("/dev/null", O_RDWR | O_CLOEXEC));
}

/* Forks with all signals held back, so that none of our handlers ever runs in the child. */
static pid_t child_fork(const struct birth *birth)
{
	sigset_t all, before;
	struct sigaction by_default = {.sa_handler = SIG_DFL}, now;

	/* Started with SIGCHLD ignored, the kernel would take a child's status away. */
	if (sigaction(SIGCHLD, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
		sigaction(SIGCHLD, &by_default, NULL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		child_become(birth);
	int number = errno;
	/* The child does the same: whoever comes first, the group is there when we go on. */
	if (pid > 0)
		setpgid(pid, pid);
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = number;
	return pid;
}

/* Waits for exec; false with errno when it failed. */
static bool child_started(pid_t pid, int failed)
{
	int number = 0;
	ssize_t n;

	do
		n = read(failed, &number, sizeof number);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof number)
		return true;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	errno = number;
	return false;
}

bool child_spawn(const char *const *argv, const char *const *environment, const int theirs[3],
		 pid_t *pid, struct kata_error *e)
{
	char *program = program_find(argv[0]);
	int failed[2] = {-1, -1};
	bool ok = false;

	if (!program)
		return error_set(e, ERROR_NOT_FOUND, "there is no program %s", argv[0]);
	if (pipe_open(failed)) {
		struct birth birth = {program, argv, environment, theirs, failed[1]};

		*pid = child_fork(&birth);
		if (*pid > 0) {
			close_end(&failed[1]);
			ok = child_started(*pid, failed[0]);
		}
	}
	if (!ok)
		error_sys(e, "cannot start %s", argv[0]);
	close_end(&failed[0]);
	close_end(&failed[1]);
	free(program);
	return ok;
}

/* --- one that is waited for --- */

/* Pipes for what is wanted, /dev/null for the rest. */
static bool pipes_open(struct child *child)
{
	for (int i = 0; i < PIPES; i++) {
		bool in = i == PIPE_IN;

		if (in ? child->input_left > 0 : child->out[i] != NULL) {
			if (!child_pipe(&child->ours[i], &child->theirs[i], in))
				return false;
		} else {
			child->theirs[i] = child_null();
			if (child->theirs[i] < 0)
				return false;
		}
	}
	return true;
}

static bool child_start(struct child *child, const char *const *argv, struct kata_error *e)
{
	bool ok = pipes_open(child) || error_sys(e, "cannot start %s", argv[0]);

	ok = ok && child_spawn(argv, NULL, child->theirs, &child->pid, e);
	pipes_close(child->theirs);
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
	struct child child = {.ours = {-1, -1, -1},
			      .theirs = {-1, -1, -1},
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
	sigaction(SIGPIPE, &before, NULL);
	if (ok)
		*status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
	return ok;
}
