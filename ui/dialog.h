/*
 * What lies over the screen and has the keys until it is answered: a question, a name to be typed,
 * a list to choose from, a text to read.
 */
#ifndef KATA_UI_DIALOG_H
#define KATA_UI_DIALOG_H

#include <jansson.h>
#include <stdbool.h>

#include "kata/memory.h"
#include "ui/cells.h"
#include "ui/pane.h"
#include "ui/prompt.h"
#include "ui/term.h"

struct dialog;

/* ok: answered yes, or chosen; text: what was typed or chosen (NULL for a question). The dialog is
 * gone when this is called. */
typedef void dialog_done(void *arg, bool ok, const char *text);

/* A question. y or enter on [Yes] is yes when it is not a danger; with a danger `enter` means no
 * unless [Yes] was chosen with the arrows, y is yes. n, esc, q: no. lines: what it will do, one
 * text each (array); `danger`: what will be lost, or NULL. */
struct dialog *dialog_confirm(const char *title, const json_t *lines, const char *danger,
			      dialog_done *done, void *arg);
/* The name has to be typed to go on. */
struct dialog *dialog_name(const char *title, const json_t *lines, const char *danger,
			   const char *name, dialog_done *done, void *arg);
/* A line of text; `text` stands in it at first. */
struct dialog *dialog_input(const char *title, const char *label, const char *text,
			    dialog_done *done, void *arg);
/* Items: array of {"text", "note"?, "key"?}; typing narrows it down. look(): called whenever
 * another item is the chosen one (live preview), may be NULL. done gets the item's text. */
struct dialog *dialog_menu(const char *title, const json_t *items, const char *chosen,
			   void (*look)(void *arg, const char *text), dialog_done *done, void *arg);
/* Something to read, scrollable, with search; the pane is taken over (moved). Any of esc q enter
 * ends it; ok when it was enter. */
struct dialog *dialog_text(const char *title, struct pane *pane_take, dialog_done *done, void *arg);

void dialog_free(struct dialog *dialog); /* calls nobody */
/* True: it is over, and done() was called; it is freed. The text of a paste stays the caller's. */
bool dialog_event(struct dialog *dialog, const struct event *event);
/* In the middle of the area, as large as needed. */
void dialog_draw(struct dialog *dialog, struct area area);

#endif
