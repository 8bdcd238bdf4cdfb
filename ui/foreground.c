/*
 * Programs that need the terminal: an editor, a shell. The screen steps aside for one, and the loop
 * goes on meanwhile: jobs must not wait for a person who writes.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ui/crash.h"
#include "ui/ui.h"

enum { TURN_MS = 50, QUICK_MS = 1500 };

void ui_foreground(struct ui *ui, json_t *argv_take, void (*done)(struct ui *ui, int status))
{
	json_decref(ui->foreground);
	ui->foreground = argv_take;
	ui->foreground_done = done;
}

static pid_t start(const json_t *argv)
{
	static const int ours[] = {SIGINT, SIGQUIT, SIGPIPE};
	size_t count = json_array_size(argv);
	char **words = xcalloc(count + 1, sizeof *words);
	pid_t pid;

	for (size_t i = 0; i < count; i++)
		words[i] = (char *)json_string_value(json_array_get(argv, i));
	pid = fork();
	if (pid == 0) {
		for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
			signal(ours[i], SIG_DFL);
		execvp(words[0], words);
		_exit(127);
	}
	free(words);
	return pid;
}

/* Its exit status; 128 + signal. */
static int wait_for(struct ui *ui, pid_t pid)
{
	int status = 0;
	pid_t ended = 0;

	if (pid < 0)
		return -1;
	/* A signal that ends us does so when it has given the terminal back. */
	while (!ended || (ended < 0 && errno == EINTR)) {
		ended = waitpid(pid, &status, loop_stopped(ui->loop) ? 0 : WNOHANG);
		if (!ended)
			loop_turn(ui->loop, TURN_MS);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What it said of its failure could not be read otherwise. */
static void wait_for_enter(struct ui *ui, int status)
{
	static const char text[] = "\nIt did not go well. Enter goes back to kata-tui. ";
	char byte = 0;

	if (!status || loop_stopped(ui->loop) || write(STDERR_FILENO, text, sizeof text - 1) < 0)
		return;
	while (byte != '\n' && read(term_fd(ui->term), &byte, 1) == 1)
		continue;
}

/* Its keys are its own: ^C must not end us, and ^Z stops us with it, as usual. */
static int run_there(struct ui *ui, const json_t *argv)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit;
	struct sigaction usual = {.sa_handler = SIG_DFL}, stop;
	int64_t began = loop_now_ms();
	int status;

	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	sigaction(SIGTSTP, &usual, &stop);
	status = wait_for(ui, start(argv));
	if (loop_now_ms() - began < QUICK_MS)
		wait_for_enter(ui, status);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	sigaction(SIGTSTP, &stop, NULL);
	return status;
}

void ui_run_foreground(struct ui *ui, loop_fd_fn *on_input)
{
	json_t *argv = ui->foreground;
	int status = -1;

	ui->foreground = NULL;
	if (ui->term) {
		loop_fd(ui->loop, term_fd(ui->term), 0, NULL, NULL);
		term_suspend(ui->term);
		errors_back();
		status = run_there(ui, argv);
		errors_aside();
		term_resume(ui->term);
		loop_fd(ui->loop, term_fd(ui->term), POLLIN, on_input, ui);
	}
	json_decref(argv);
	ui_dirty(ui);
	ui->foreground_done(ui, status);
}
