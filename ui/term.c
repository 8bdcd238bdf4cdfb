/*
 * The terminal: opened, given to others for a while, given back. Its modes, its size, and what is
 * sent to it beside the picture: mouse, bracketed paste, clipboard.
 */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "kata/hash.h"
#include "ui/term_private.h"

/* For setupterm(). What it describes with has the name of ours. */
#define term curses_term
#include <term.h>
#undef term

#define PASTE_ON  "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
#define MOUSE_ON  "\033[?1000h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1000l"
#define ERASE	  "\033[H\033[2J"

enum { COPY_MAX = 100 * 1000, SCREEN_CHUNK = 240, WRITE_WAIT_MS = 2000 };

/* What term_restore() needs; prepared, since a signal handler may not ask curses. */
static struct {
	volatile sig_atomic_t on;
	int fd;
	struct termios modes;
	char bytes[512];
	size_t len;
} before;

void term_write(const struct term *term, const char *bytes, size_t len)
{
	int fd = fileno(term->out);
	struct pollfd ready = {.fd = fd, .events = POLLOUT};

	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
			return;
		} else if (errno == EAGAIN && poll(&ready, 1, WRITE_WAIT_MS) <= 0) {
			return;
		}
	}
}

static void term_say(const struct term *term, const char *bytes)
{
	if (term->ansi)
		term_write(term, bytes, strlen(bytes));
}

/* --- as it was before --- */

/* A capability without its padding ("$<5>"): the text that comes without curses. */
static void before_add(const char *text)
{
	if (!text || text == (char *)-1)
		return;
	for (; *text && before.len < sizeof before.bytes; text++) {
		const char *end = text[0] == '$' && text[1] == '<' ? strchr(text, '>') : NULL;

		if (end)
			text = end;
		else
			before.bytes[before.len++] = *text;
	}
}

static void before_prepare(const struct term *term)
{
	static const char *const capabilities[] = {"sgr0", "op", "rmkx", "cnorm", "rmcup"};
	before.fd = fileno(term->out);
	before.len = 0;
	if (term->ansi)
		before_add(MOUSE_OFF PASTE_OFF);
	for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
		before_add(tigetstr(capabilities[i]));
	if (term->one_screen)
		before_add(term->ansi ? ERASE : "\r\n");
	before.on = 1;
}

void term_restore(void)
{
	const char *p = before.bytes;
	size_t left = before.len;
	int saved = errno;

	if (!before.on)
		return;
	before.on = 0;
	while (left > 0) {
		ssize_t n = write(before.fd, p, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		p += n;
		left -= (size_t)n;
	}
	tcsetattr(before.fd, TCSANOW, &before.modes);
	errno = saved;
}

/* --- opening --- */

/* The locale of the environment; where it names one of UTF-8 that is not installed here (it came
 * along with ssh), the one that always is. */
static void set_locale(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	const char *value = NULL;

	if (setlocale(LC_CTYPE, ""))
		return;
	for (size_t i = 0; i < sizeof names / sizeof *names && (!value || !*value); i++)
		value = getenv(names[i]);
	if (value && (strcasestr(value, "utf-8") || strcasestr(value, "utf8")))
		setlocale(LC_CTYPE, "C.UTF-8");
}

static bool find_terminal(struct term *term, struct kata_error *e)
{
	term->in = stdin;
	term->out = stdout;
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return true;
	term->own = term->in = term->out = fopen("/dev/tty", "r+e");
	if (term->own)
		return true;
	error_set(e, ERROR_INVALID, "this is no terminal");
	error_hint(e, "run it in a terminal (with docker or ssh: -t), or use the commands");
	return false;
}

/* What the description of a terminal says; false: there is none. (Asked before newterm(), which
 * leaks when there is none.) */
static bool read_description(struct term *term, const char *name, bool *moves)
{
	const char *move_cursor, *first_screen;
	int status;

	if (setupterm(name, fileno(term->out), &status) != OK)
		return false;
	move_cursor = tigetstr("cup");
	first_screen = tigetstr("rmcup");
	*moves = move_cursor && move_cursor != (char *)-1;
	term->ansi = *moves && !strncmp(move_cursor, "\033[", 2);
	term->one_screen = !first_screen || first_screen == (char *)-1;
	del_curterm(cur_term);
	return true;
}

/* Some terminals have more colours than their plain name tells, and say so in COLORTERM. */
static void better_name(const char *name, struct str *out)
{
	const char *colors = getenv("COLORTERM");

	str_add(out, name);
	if (!strchr(name, '-') && colors &&
	    (!strcmp(colors, "truecolor") || !strcmp(colors, "24bit")))
		str_add(out, "-256color");
}

/* newterm() takes over signals that nobody else handles; they are the loop's. */
static SCREEN *new_screen(const struct term *term, const char *name)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
	enum { COUNT = sizeof signals / sizeof *signals };
	struct sigaction kept[COUNT], ignore = {.sa_handler = SIG_IGN};
	SCREEN *screen;

	for (int i = 0; i < COUNT; i++)
		sigaction(signals[i], &ignore, &kept[i]);
	screen = newterm(name, term->out, term->in);
	for (int i = 0; i < COUNT; i++)
		sigaction(signals[i], &kept[i], NULL);
	return screen;
}

static bool open_screen(struct term *term, struct kata_error *e)
{
	const char *name = getenv("TERM");
	struct str better = STR_INIT;
	bool known = false, moves = false;

	if (name && *name) {
		better_name(name, &better);
		known = read_description(term, better.p, &moves);
		if (!known) {
			str_clear(&better);
			str_add(&better, name);
			known = read_description(term, name, &moves);
		}
	}
	tcgetattr(fileno(term->out), &before.modes);
	if (moves)
		term->screen = new_screen(term, better.p);
	str_release(&better);
	if (term->screen)
		return true;
	if (!name || !*name)
		error_set(e, ERROR_INVALID, "TERM is not set");
	else if (!known)
		error_set(e, ERROR_INVALID, "the terminal \"%s\" is not known here", name);
	else
		error_set(e, ERROR_INVALID, "the terminal \"%s\" cannot move its cursor", name);
	error_hint(e, "set TERM to what it is like, for example: TERM=xterm-256color");
	return false;
}

static void set_modes(struct term *term)
{
	raw();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	/* A picture is never left half drawn because keys came. */
	typeahead(-1);
	/* Terminals do not agree on the width of every character: no shifting of what is there. */
	idcok(stdscr, FALSE);
	if (!getenv("ESCDELAY"))
		set_escdelay(25);
	term->can_hide = curs_set(0) != ERR;
	term_say(term, PASTE_ON);
}

bool term_open(struct term **out, const struct term_options *options, struct kata_error *e)
{
	struct term *term = xcalloc(1, sizeof *term);
	int h, w;

	set_locale();
	if (!find_terminal(term, e) || !open_screen(term, e)) {
		term_close(term);
		return false;
	}
	term->ascii = options->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	before_prepare(term);
	set_modes(term);
	input_init(term);
	draw_init(term, options->colors);
	term_size(term, &h, &w);
	resize_term(h, w);
	draw_resize(term, h, w);
	term_mouse(term, options->mouse);
	*out = term;
	return true;
}

void term_close(struct term *term)
{
	if (!term)
		return;
	if (term->screen) {
		term_suspend(term);
		input_release(term);
		delscreen(term->screen);
	}
	if (term->own)
		fclose(term->own);
	draw_release(term);
	free(term);
}

/* --- size and kind --- */

void term_size(const struct term *term, int *h, int *w)
{
	struct winsize size = {0};

	if (ioctl(fileno(term->out), TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col) {
		*h = LINES;
		*w = COLS;
		return;
	}
	*h = size.ws_row < TERM_MAX_H ? size.ws_row : TERM_MAX_H;
	*w = size.ws_col < TERM_MAX_W ? size.ws_col : TERM_MAX_W;
}

void term_resized(struct term *term)
{
	int h, w;

	term_size(term, &h, &w);
	resize_term(h, w);
	draw_resize(term, h, w);
	term->input.resized = true;
}

bool term_is_ascii(const struct term *term)
{
	return term->ascii;
}

int term_colors(const struct term *term)
{
	return term->colors;
}

int term_fd(const struct term *term)
{
	return fileno(term->in);
}

/* --- given to others --- */

void term_mouse(struct term *term, bool on)
{
	if (term->mouse != on && !term->suspended)
		term_say(term, on ? MOUSE_ON : MOUSE_OFF);
	term->mouse = on;
}

void term_suspend(struct term *term)
{
	if (term->suspended)
		return;
	term->suspended = true;
	term_say(term, MOUSE_OFF PASTE_OFF);
	endwin();
	if (term->one_screen)
		term_say(term, ERASE);
	before.on = 0;
}

void term_resume(struct term *term)
{
	int h, w;

	if (!term->suspended)
		return;
	term->suspended = false;
	before.on = 1;
	term_forget(term);
	doupdate();
	term_say(term, PASTE_ON);
	if (term->mouse)
		term_say(term, MOUSE_ON);
	term_size(term, &h, &w);
	if (h != term->h || w != term->w)
		term_resized(term);
}

/* --- clipboard --- */

/* What lies between us and the terminal that has the clipboard, as far as one can tell. tmux takes
 * the sequence (set-clipboard on) or passes it on in an envelope (allow-passthrough), screen passes
 * it on in pieces; each ignores what it does not take. */
static void add_for_tmux(struct str *out, const struct str *sequence)
{
	str_add(out, "\033Ptmux;\033");
	str_addn(out, sequence->p, sequence->len);
	str_add(out, "\033\\");
}

static void add_for_screen(struct str *out, const struct str *sequence)
{
	for (size_t at = 0; at < sequence->len; at += SCREEN_CHUNK) {
		size_t left = sequence->len - at;

		str_add(out, "\033P");
		str_addn(out, sequence->p + at, left < SCREEN_CHUNK ? left : SCREEN_CHUNK);
		str_add(out, "\033\\");
	}
}

bool term_copy(struct term *term, const char *text, size_t len)
{
	const char *name = getenv("TERM");
	struct str sequence = STR_INIT, out = STR_INIT;

	/* Linux' console would show it as text. */
	if (len > COPY_MAX || !term->ansi || !name || !strncmp(name, "linux", 5))
		return false;
	str_add(&sequence, "\033]52;c;");
	base64_add(&sequence, text, len);
	str_add(&sequence, "\a");
	str_addn(&out, sequence.p, sequence.len);
	if (getenv("TMUX") || !strncmp(name, "tmux", 4))
		add_for_tmux(&out, &sequence);
	else if (!strncmp(name, "screen", 6))
		add_for_screen(&out, &sequence);
	term_write(term, out.p, out.len);
	str_release(&sequence);
	str_release(&out);
	return true;
}
