/*
 * The terminal in raw mode, and back again whatever happens.
 */
#include "terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

static struct termios before, raw;
static int raw_fd;
static volatile sig_atomic_t is_raw;

void terminal_restore(void)
{
	if (is_raw)
		tcsetattr(raw_fd, TCSADRAIN, &before);
	is_raw = 0;
}

/* For signals that end us at once; the loop catches the polite ones. */
static void on_fatal(int number)
{
	if (is_raw)
		tcsetattr(raw_fd, TCSANOW, &before);
	raise(number); /* the default action again: SA_RESETHAND */
}

static void catch_fatal(void)
{
	static const int numbers[] = {SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
	struct sigaction action = {.sa_handler = on_fatal, .sa_flags = (int)SA_RESETHAND};

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaction(numbers[i], &action, NULL);
	atexit(terminal_restore);
}

bool terminal_raw(int fd, struct kata_error *e)
{
	if (tcgetattr(fd, &before))
		return error_sys(e, "the terminal");
	raw = before;
	cfmakeraw(&raw);
	raw_fd = fd;
	catch_fatal();
	is_raw = 1;
	if (!tcsetattr(fd, TCSADRAIN, &raw))
		return true;
	is_raw = 0;
	return error_sys(e, "the terminal");
}

void terminal_raw_again(void)
{
	if (is_raw)
		tcsetattr(raw_fd, TCSADRAIN, &raw);
}

bool terminal_size(int fd, unsigned *rows, unsigned *columns)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		return false;
	*rows = size.ws_row;
	*columns = size.ws_col;
	return true;
}

int terminal_events(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGCONT);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -1;
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

bool terminal_event(int fd)
{
	struct signalfd_siginfo info;
	bool went_on = false;

	while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
		went_on = went_on || info.ssi_signo == SIGCONT;
	return went_on;
}
