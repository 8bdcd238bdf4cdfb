/*
 * What the files of the dialogs share; nobody else includes it.
 */
#ifndef KATA_UI_DIALOG_PARTS_H
#define KATA_UI_DIALOG_PARTS_H

#include "ui/dialog.h"

struct dialog_kind {
	bool (*event)(struct dialog *dialog, const struct event *event); /* as dialog_event() */
	void (*draw)(struct dialog *dialog, struct area area);
};

struct menu; /* dialog_menu.c */

struct dialog {
	const struct dialog_kind *kind;
	char *title;
	dialog_done *done;
	void *arg;
	struct pane text, danger; /* what is said; what will be lost */
	struct prompt prompt;
	bool has_prompt, searching;
	char *hint; /* over the prompt */
	char *name; /* to be typed; NULL: anything */
	bool is_danger, yes;
	struct area yes_at, no_at; /* buttons, at the last draw */
	struct menu *menu;
};

struct dialog *dialog_new(const struct dialog_kind *kind, const char *title, dialog_done *done,
			  void *arg);
/* Frees the dialog and tells who asked. True. */
bool dialog_finish(struct dialog *dialog, bool ok, const char *text);
/* A frame in the middle, large enough for h by w inside or as the area allows, with its title;
 * gives what is inside it. */
struct area dialog_frame(const struct dialog *dialog, struct area area, int h, int w);
/* The most columns that the inside of a frame can have. */
int dialog_room(struct area area);
/* A key for the prompt; backspace never leaves it. */
enum prompt_result dialog_type(struct dialog *dialog, const struct event *event);
bool area_has(struct area area, int y, int x);

void menu_free(struct menu *menu);

#endif
