/*
 * The terminal: the only code that includes curses. Shows cells, gives events. Opened once; the
 * terminal is given back at close, at suspend, and when the program dies (term_restore, which is
 * safe in a signal handler).
 */
#ifndef KATA_UI_TERM_H
#define KATA_UI_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include "kata/error.h"
#include "ui/cells.h"
#include "ui/theme.h"

struct term;

struct term_options {
	int colors; /* most to use: -1 what the terminal has, 0 mono, 8, 16, 256, 1 << 24 */
	bool ascii, mouse;
};

struct event {
	enum event_kind { EVENT_NONE, EVENT_KEY, EVENT_MOUSE, EVENT_RESIZE, EVENT_PASTE } kind;
	uint32_t key; /* keys.h */
	int y, x;
	enum mouse_button {
		MOUSE_LEFT,
		MOUSE_MIDDLE,
		MOUSE_RIGHT,
		MOUSE_WHEEL_UP,
		MOUSE_WHEEL_DOWN
	} button;
	bool double_click;
	char *text; /* of a paste; the taker frees it */
};

/* False: this is no terminal, or an unknown one that cannot move its cursor (e says so). */
bool term_open(struct term **out, const struct term_options *options, struct kata_error *e);
void term_close(struct term *term);
/* Size as the kernel says now. */
void term_size(const struct term *term, int *h, int *w);
bool term_is_ascii(const struct term *term);
int term_colors(const struct term *term);
/* Shows the picture; writes only what changed, nothing when nothing did. */
void term_draw(struct term *term, const struct cells *cells, const struct theme *theme);
/* Everything anew at the next draw (Ctrl-L, or after another program had the screen). */
void term_forget(struct term *term);
/* The descriptor to watch; then take events until EVENT_NONE. */
int term_fd(const struct term *term);
struct event term_event(struct term *term);
/* After SIGWINCH: an EVENT_RESIZE comes next. */
void term_resized(struct term *term);
void term_mouse(struct term *term, bool on);
/* Gives the terminal to somebody else (an editor, a shell), and takes it back. */
void term_suspend(struct term *term);
void term_resume(struct term *term);
/* To the terminal's clipboard (OSC 52); false when text is longer than 100 kB, or the terminal has
 * none for sure (the Linux console). */
bool term_copy(struct term *term, const char *text, size_t len);
/* Only async-signal-safe calls: modes and screen as they were before term_open(). */
void term_restore(void);

#endif
