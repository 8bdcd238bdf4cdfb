/*
 * One line of input with history and completion: filter, search, palette, numbers, names.
 */
#ifndef KATA_UI_PROMPT_H
#define KATA_UI_PROMPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kata/memory.h"
#include "ui/cells.h"
#include "ui/term.h"

struct prompt {
	const char *label; /* ":" "/"; borrowed */
	struct str text;
	size_t cursor;	 /* in bytes, at the begin of a character */
	json_t *history; /* array of texts, oldest first; borrowed; or NULL */
	size_t recalled; /* 0: the own text; n: the nth from the end */
	char *own;	 /* kept while history is looked at */
	char *killed;	 /* taken out last, for ctrl-y */
	/* What may stand at the cursor: an array of texts that begin with `word` (new reference),
	 * for the word number `index` of the line. NULL: no completion. */
	json_t *(*complete)(void *arg, const char *line, size_t index, const char *word);
	void *complete_arg;
	json_t *offers;	   /* of the last Tab, shown above the line; NULL: none */
	size_t offered;	   /* which of them stands in the line; their count: none yet */
	size_t offer_from; /* where in text the word begins */
};

enum prompt_result { PROMPT_GOES_ON, PROMPT_CHANGED, PROMPT_DONE, PROMPT_LEFT };

void prompt_init(struct prompt *prompt, const char *label, const char *text);
void prompt_release(struct prompt *prompt);
/* Left, right, home, end, ctrl-a e b f d h k u w y, alt-b f d, up/down and ctrl-p n (history), tab
 * and shift-tab (complete, then the next offer), paste; enter is DONE, esc and ctrl-c LEFT, as is
 * backspace in an empty line. The text of a paste stays the caller's. */
enum prompt_result prompt_event(struct prompt *prompt, const struct event *event);
/* The last row of the area is the line, with the cursor; offers above it. */
void prompt_draw(const struct prompt *prompt, struct area area);
/* Adds to a history: no doubles in a row, at most `max`. */
void history_add(json_t *history, const char *text, size_t max);

#endif
