/*
 * Private to the terminal: what opening (term.c), drawing (term_draw.c) and reading (term_input.c)
 * share. No other code includes curses.
 */
#ifndef KATA_UI_TERM_PRIVATE_H
#define KATA_UI_TERM_PRIVATE_H

#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "kata/memory.h"
#include "ui/term.h"

/* Nobody has more; a terminal that says so would cost memory only. */
enum { TERM_MAX_H = 1000, TERM_MAX_W = 2000 };

/* A cell as it was drawn last. */
struct shown {
	struct look look;
	uint8_t len;
	char text[CELL_BYTES];
};

struct pair {
	int fg, bg;
};

/* What has been read of something longer than a byte. */
struct input {
	enum {
		INPUT_REST,
		INPUT_SEQUENCE,
		INPUT_MOUSE,
		INPUT_UTF8,
		INPUT_PASTE,
		INPUT_STATES
	} state;
	char bytes[32];	  /* of the sequence, the mouse report or the character */
	size_t len;	  /* may be more than there is room for: then it means nothing */
	bool ss3;	  /* the sequence began with ESC O, not ESC [ */
	uint32_t alt;	  /* UI_MOD_ALT, when ESC came before the character */
	uint32_t queued;  /* a key to be given next, or 0 */
	bool resized;	  /* an EVENT_RESIZE is to be given next */
	int64_t read_ms;  /* when there was nothing left to read */
	struct str paste; /* what came of it */
	size_t matched;	  /* bytes of the paste's end seen */
	size_t burst;	  /* bytes of pastes since the last term_event() began */
	struct {
		int64_t ms; /* 0: none to double */
		int y, x;
	} click;
};

struct term {
	SCREEN *screen;
	FILE *in, *out;
	FILE *own;	  /* /dev/tty, when standard input or output is something else */
	WINDOW *keys;	  /* never shown: reading from it knows the terminal's keys */
	WINDOW *bytes;	  /* the same, bytes as they come */
	bool ascii, ansi; /* ansi: takes the control sequences that terminfo does not tell */
	bool one_screen;  /* there is no second one: ours is erased at the end */
	bool suspended, mouse;
	int colors;
	bool direct;	     /* colour numbers are 0xrrggbb, but for the first 8 */
	bool own_default;    /* there is a default colour, -1 */
	bool can_hide;	     /* the cursor */
	int h, w;	     /* as curses has it */
	struct shown *shown; /* h * w */
	cchar_t *row;	     /* w + 1 */
	bool whole;	     /* nothing of what is on the screen is known */
	int cursor_y, cursor_x;
	struct pair *pairs; /* number of the pair: index + 1 */
	size_t pair_count, pair_cap;
	bool pairs_full; /* one was wanted that there is no room for */
	struct input input;
};

/* --- term.c --- */
void term_write(const struct term *term, const char *bytes, size_t len);

/* --- term_draw.c --- */
void draw_init(struct term *term, int colors);
void draw_resize(struct term *term, int h, int w);
void draw_release(struct term *term);

/* --- term_input.c --- */
void input_init(struct term *term);
void input_release(struct term *term);

#endif
