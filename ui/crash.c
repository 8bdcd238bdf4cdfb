/*
 * When all goes wrong: the terminal is put back, what was said on standard error is shown, and a
 * report is written.
 */
#include "ui/crash.h"

#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ui/term.h"

/* While curses has the screen, standard error is a file in memory; it is shown when that is over.
 */
static struct {
	int there, memory; /* -1: not open */
	char report[512];  /* path of the crash report */
} trouble = {-1, -1, ""};

void errors_aside(void)
{
	trouble.memory = memfd_create("kata-tui-stderr", MFD_CLOEXEC);
	trouble.there = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (trouble.memory >= 0 && trouble.there >= 0)
		dup2(trouble.memory, STDERR_FILENO);
}

/* Only what is safe in a signal handler. */
static void copy_errors(int to)
{
	char bytes[4096];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(trouble.memory, bytes, sizeof bytes, at)) > 0 &&
	       write(to, bytes, (size_t)n) == n)
		at += n;
}

void errors_back(void)
{
	if (trouble.memory < 0 || trouble.there < 0)
		return;
	dup2(trouble.there, STDERR_FILENO);
	copy_errors(STDERR_FILENO);
	close(trouble.memory);
	close(trouble.there);
	trouble.memory = trouble.there = -1;
}

static void say(int fd, const char *text)
{
	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		return;
}

static void on_crash(int number)
{
	void *frames[64];
	int report =
		open(trouble.report, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	term_restore();
	errors_back();
	say(STDERR_FILENO, "kata-tui: crashed; the terminal was put back\n");
	if (report >= 0) {
		say(report, "kata-tui " KATA_VERSION " crashed\n");
		backtrace_symbols_fd(frames, backtrace(frames, 64), report);
		say(STDERR_FILENO, "kata-tui: the report is ");
		say(STDERR_FILENO, trouble.report);
		say(STDERR_FILENO, "\n");
	}
	signal(number, SIG_DFL);
	raise(number);
}

void crash_prepare(const char *root)
{
	static const int numbers[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
	struct sigaction crash = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND};
	void *frame[1];

	/* The library that walks the stack is loaded now, not while we crash. */
	backtrace(frame, 1);
	snprintf(trouble.report, sizeof trouble.report, "%s/.kata/crash-report", root);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaction(numbers[i], &crash, NULL);
}
