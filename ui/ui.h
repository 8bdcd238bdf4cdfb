/*
 * Private to ui/: the screen as a whole. One loop (main.c), one place that draws (layout.c), one
 * table of actions (actions.c), one table of tabs (tabs.c). Everything hangs from struct ui.
 */
#ifndef KATA_UI_UI_H
#define KATA_UI_UI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kata/loop.h"
#include "kata/memory.h"
#include "kata/screen.h"
#include "kata/yaml.h"
#include "ui/cells.h"
#include "ui/columns.h"
#include "ui/dialog.h"
#include "ui/facts.h"
#include "ui/jobs.h"
#include "ui/keys.h"
#include "ui/list.h"
#include "ui/live.h"
#include "ui/pane.h"
#include "ui/prompt.h"
#include "ui/term.h"
#include "ui/theme.h"

enum ui_place { PLACE_APPS, PLACE_SERVERS, PLACE_CONTAINERS, PLACE_TREE, PLACE_DETAIL };
enum { LISTS = PLACE_DETAIL };
enum { MIN_WIDTH = 60, MIN_HEIGHT = 15 };
enum { NOTICE_MS = 6000, PATIENCE_S = 3, ERRORS_KEPT = 200, HISTORY_KEPT = 200 };

/* What the detail is about: made of the selection. Texts are in the ui's own memory. */
struct subject {
	char *app;     /* NULL: none (a foreign server) */
	char *service; /* of the selected container, or NULL */
	char *server;  /* "endpoint/name", or NULL */
};

struct ui;
struct tab;

/* A detail tab. One row of tab_table each. */
struct tab_kind {
	const char *title, *view; /* view: of the key table */
	unsigned facts;		  /* 1 << FACT_...: made anew when they change */
	bool per_app;		  /* about the subject: made anew when that changes */
	/* Fills tab->pane, or starts a reader that does. */
	void (*load)(struct ui *ui, struct tab *tab);
	/* Once a second while it is open and something may have changed; or NULL. */
	void (*tick)(struct ui *ui, struct tab *tab);
};

struct tab {
	const struct tab_kind *kind;
	struct pane pane;
	struct reader *reader;
	uint64_t timer;	     /* of a load that is due */
	bool loaded;	     /* shows what it is about */
	bool loading;	     /* its reader has not answered yet */
	const char *empty;   /* said when it shows no line, or NULL */
	bool previous;	     /* logs: of the instance before */
	bool times;	     /* logs: with time stamps */
	json_t *services;    /* logs: service -> number of its colour */
	struct burst *burst; /* logs: lines of this moment; or NULL */
	uint64_t left_out;   /* logs: lines of all moments that were too many */
};

enum tab_id {
	TAB_DIFF,
	TAB_CADDY,
	TAB_STACK,
	TAB_DOCKER,
	TAB_LOGS,
	TAB_ENV,
	TAB_ACTIVITY,
	TAB_EVENTS,
	TAB_SYSTEM,
	TAB_COUNT
};

/* What a line of input is for. */
enum input { INPUT_NONE, INPUT_FILTER, INPUT_SEARCH, INPUT_PALETTE, INPUT_LINES };

struct ui {
	const struct screen *screen;
	struct loop *loop;
	struct arena *arena, *frame; /* as long as the screen; as long as a picture */
	struct term *term;	     /* NULL: a script */
	struct cells cells;
	struct theme theme;
	struct keymap keys;
	struct problems problems; /* of settings, keys, theme: shown as errors */
	struct jobs *jobs;
	struct facts facts;
	struct live *live;
	struct list lists[LISTS];
	struct column_arg column_arg;
	json_t *wanted; /* ids of containers whose numbers are asked for, or NULL */
	json_t *shut;	/* branches of the tree that are closed */
	enum ui_place place, list_place; /* where the keys go; the list that chooses the subject */
	bool tree;
	bool zoomed; /* the detail has the whole screen */
	struct subject subject;
	struct tab tabs[TAB_COUNT];
	enum tab_id tab;
	struct dialog *dialog;
	json_t *asked;		/* commands that the dialog asks about: {"args", "apps"}; or NULL */
	unsigned asked_job;	/* the job */
	struct theme theme_was; /* before themes were looked at */
	json_t *foreground;	/* the command line of a program that is to have the terminal */
	void (*foreground_done)(struct ui *ui, int status);
	struct prompt prompt;
	enum input input;
	json_t *history[INPUT_LINES + 1];
	char *notice; /* the line above the key bar */
	enum role notice_role;
	uint64_t notice_timer, second_timer;
	json_t *errors; /* {"time", "text"}, oldest first */
	unsigned seen_errors;
	const struct yaml_node *config; /* of config.yaml, or NULL */
	int refresh_ms;			/* of Caddy; 0: as usual */
	bool read_only, mouse;
	int64_t clock; /* unix seconds that a script set, else 0: the real time */
	bool dirty, quit, rows_stale;
	int status;
	struct {
		struct area area;
		int top;
	} seen[PLACE_DETAIL + 1]; /* of the last picture, for the mouse */
	struct {
		int x, w;
	} tab_at[TAB_COUNT];
	int tab_row;
};

/* --- main.c --- */
void ui_dirty(struct ui *ui);
/* Says it in the line above the key bar; errors are also kept (errors list). */
__attribute__((format(printf, 3, 4))) void ui_say(struct ui *ui, enum role role, const char *fmt,
						  ...);
void ui_error(struct ui *ui, const struct kata_error *e);
void ui_event(struct ui *ui, const struct event *event);
/* Nothing is read, due or running: what is shown is all there is. For scripts. */
bool ui_is_idle(const struct ui *ui);

/* --- foreground.c --- */
/* Runs a program that needs the terminal, when this event is over; done() gets its exit status. */
void ui_foreground(struct ui *ui, json_t *argv_take, void (*done)(struct ui *ui, int status));
void ui_run_foreground(struct ui *ui, loop_fd_fn *on_input);

/* --- layout.c --- */
void ui_draw(struct ui *ui);
const char *ui_view(const struct ui *ui); /* of the key table: where the keys go */
bool ui_is_small(const struct ui *ui);	  /* too small to show what keys would do */

/* --- rows of the lists (select.c) --- */
void ui_lists_init(struct ui *ui);
/* Makes the rows that follow from changed facts. */
void ui_rows(struct ui *ui);
/* Brings numbers and ages of the containers in sight up to date, in their rows as they are: making
 * all rows anew takes long where there are many. */
void ui_numbers(struct ui *ui);
/* After another row was selected: subject, related rows, the open tab. */
void ui_selected(struct ui *ui);
/* After the shape of the lists changed: the app that was selected stays so. */
void ui_keep_app(struct ui *ui);
struct list *ui_list(struct ui *ui);
/* What an action is about: the marked rows, else the selected one. New object: app -> array of
 * services, or null: all of the app (always so without `services`). */
json_t *ui_targets_new(struct ui *ui, bool services);
const json_t *ui_app_row(const struct ui *ui, const char *app);

/* --- tabs.c --- */
extern const struct tab_kind tab_table[TAB_COUNT];
void ui_tabs_init(struct ui *ui);
void ui_tabs_release(struct ui *ui);
void ui_open_tab(struct ui *ui, enum tab_id tab);
/* Makes the open tab's content anew, now or a moment later (while somebody scrolls a list). */
void ui_load_tab(struct ui *ui, bool soon);
void ui_fact_changed(void *arg, enum fact_kind kind);
/* tab_logs.c, tab_system.c, tab_activity.c */
void logs_load(struct ui *ui, struct tab *tab);
void logs_end(struct ui *ui, struct tab *tab);
void system_load(struct ui *ui, struct tab *tab);
void activity_load(struct ui *ui, struct tab *tab);
void events_load(struct ui *ui, struct tab *tab);
void ui_job_changed(void *arg, struct job *job);
struct job *activity_selected(struct ui *ui);

/* --- actions.c --- */
struct action {
	const char *name;
	const char *help;
	enum {
		ACTION_CHANGES = 1, /* not with --read-only */
		ACTION_APPS = 2,    /* about apps: needs one */
		ACTION_DANGER = 4,
		ACTION_SERVICES = 8, /* takes one app, and services of it */
		ACTION_ONE = 16,     /* takes one app at a time: several are several commands */
	} flags;
	void (*run)(struct ui *ui, const struct action *action);
	/* For commands: words, with the apps added at the end; and what a question says. */
	const char *command, *question, *danger;
};
extern const struct action action_table[];
extern const size_t action_count;
const struct action *action_find(const char *name);
void ui_act(struct ui *ui, const char *name);
/* action_commands.c */
void act_command(struct ui *ui, const struct action *action);
void act_apply_all(struct ui *ui, const struct action *action);
void act_mode(struct ui *ui, const struct action *action);
void act_scale(struct ui *ui, const struct action *action);
void act_remove(struct ui *ui, const struct action *action);
void act_edit(struct ui *ui, const struct action *action);
void act_shell(struct ui *ui, const struct action *action);
void act_copy_command(struct ui *ui, const struct action *action);
void act_cancel(struct ui *ui, const struct action *action);
/* Starts a public command as a job; args and apps are stolen. */
void ui_start_job(struct ui *ui, json_t *args_take, json_t *apps_take);

/* --- palette.c --- */
json_t *palette_complete(void *arg, const char *line, size_t index, const char *word);
void palette_run(struct ui *ui, const char *line);

/* --- settings.c --- */
/* Keys, theme, history, config.yaml. Problems are kept in ui->problems. */
void ui_settings(struct ui *ui);
/* The columns of a list ("apps"), as config.yaml chooses them. */
const struct column *ui_columns(struct ui *ui, const char *list, const struct column_table *table,
				size_t *count);
bool ui_set_theme(struct ui *ui, const char *name);
json_t *ui_themes_new(const struct ui *ui); /* names */
/* `theme`: lists them, or checks screen->theme; the exit status. */
int themes_run(const struct screen *screen);

/* --- help.c --- */
void ui_help(struct ui *ui);
void ui_errors(struct ui *ui);

/* --- script.c --- */
int ui_script(struct ui *ui, const char *file);
/* In a fake run: what the folder of answers has for the watchers. */
void ui_pretend(struct ui *ui);

#endif
