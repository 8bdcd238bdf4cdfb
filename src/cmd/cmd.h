/*
 * Private to cmd/: one run of one command, its options, and how it prints. This room is the
 * only one that prints or decides the exit status.
 */
#ifndef KATA_CMD_CMD_H
#define KATA_CMD_CMD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "kata/engine.h"
#include "kata/memory.h"
#include "kata/problem.h"
#include "kata/screen.h"

enum { EXIT_DONE = 0, EXIT_TROUBLE = 1, EXIT_USAGE = 2 };

/* Repeatable text option. */
struct texts {
	const char **items;
	size_t count, cap;
};

struct options {
	const char *root, *if_plan, *service, *server;
	const char *docker, *since, *tail, *timeout;
	struct texts caddy, adopt;
	bool json, quiet, verbose, no_color, dry_run, reveal, allow_empty, raw, force, wipe;
	bool follow, timestamps, previous;
	const char *upstreams;
	bool detach, pull, force_recreate, wait;
	const char *theme, *color_mode, *script, *fake;
	bool mouse, ascii, read_only;
};

struct cmd {
	const struct command *command;
	screen_fn *screen; /* or NULL */
	struct options options;
	const char **args; /* without options */
	size_t arg_count;
	bool *given; /* options that were given, by row of option_table */
	struct arena *arena;
	struct world *world; /* NULL for commands that need none */
	bool color;
	bool brief;	    /* the process ends with the command: nothing is freed */
	bool caddy_default; /* nobody said where Caddy is */
	int exit;	    /* the worst so far */
	const char **apps;  /* those of the run, when the arguments are not just apps */
	size_t app_count;
	bool live_line;		  /* progress may write over a line of the terminal */
	bool line_shown;	  /* ... and has */
	const struct step *doing; /* that the line is about */
	struct texts secrets;	  /* values to mask, longest first; made at first use */
	bool secrets_known;
};

typedef void command_fn(struct cmd *cmd);

/* --- table.c --- */

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_LIST };

/* Groups of options a command takes, beside the global ones. */
enum {
	TAKES_PLAN = 1 << 0,  /* --adopt --allow-empty */
	TAKES_APPLY = 1 << 1, /* --if-plan --dry-run */
	TAKES_RAW = 1 << 2,
	TAKES_FORCE = 1 << 3,
	TAKES_SERVICE = 1 << 4,
	TAKES_REVEAL = 1 << 5,
	TAKES_DEPLOY = 1 << 6, /* --detach --pull --force-recreate */
	TAKES_WAIT = 1 << 7,   /* --wait */
	TAKES_SCREEN = 1 << 8, /* --theme --color --mouse --ascii --read-only */
	TAKES_WIPE = 1 << 9,
	TAKES_SERVER = 1 << 10,
	TAKES_LOGS = 1 << 16, /* --follow --tail --since --timestamps */
	/* The last argument begins a command line of its own: from there on nothing is an option.
	 */
	TAKES_WORDS = 1 << 17,
};

struct option_row {
	const char *name; /* "--root" */
	char letter;	  /* 'f' for -f, or 0 */
	enum option_kind kind;
	size_t offset;	   /* in struct options */
	unsigned takes;	   /* 0: every command */
	const char *value; /* "DIR" */
	const char *summary;
};

struct command {
	const char *name;
	const char *args; /* "[APP...]" */
	size_t min, max;  /* number of arguments */
	unsigned takes;
	bool world; /* needs KATA_ROOT */
	const char *summary;
	const char *detail; /* paragraphs for help and man page, or NULL */
	command_fn *run;
};

extern const struct option_row option_table[];
extern const size_t option_count;
extern const struct command command_table[];
extern const size_t command_count;

const struct command *command_find(const char *name);

/* --- parse.c --- */

void texts_add(struct arena *a, struct texts *texts, const char *text);
/* Fills cmd from argv; false (and the reason on stderr) for a usage error. */
bool cmd_parse(struct cmd *cmd, int argc, char **argv);

/* --- print.c: text to people; everything goes through these --- */

/* Style of a line's first column; colour only when cmd->color. */
enum style {
	STYLE_PLAIN,
	STYLE_ADD,
	STYLE_CHANGE,
	STYLE_REMOVE,
	STYLE_ERROR,
	STYLE_DIM,
	STYLE_GOOD
};

/* To stdout unless --quiet. %s arguments may hold outside text: the result is made safe, but keeps
 * the newlines of fmt's own making. */
void say_line(struct cmd *cmd, enum style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A JSON document to stdout. Takes the reference. */
void say_json_take(struct cmd *cmd, json_t *value_take);
/* kata-tui: <where>: <what>, hint: <what to do>, to stderr. Does not set the exit status. */
void say_error(struct cmd *cmd, const struct kata_error *e);
/* One line of what somebody else said (a log), to stderr. */
void say_error_line(struct cmd *cmd, const char *text);
void say_problem(struct cmd *cmd, const char *app, const struct problem *p);
/* One dim line to stderr, unless --quiet: what is going on, or missing, and is no error. */
void say_note(struct cmd *cmd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Asks "... [y/N] " unless --force. False, with the exit status set: no (says `otherwise`), or
 * there is nobody to ask. */
bool ask_yes(struct cmd *cmd, const char *question, const char *otherwise);
/* Raises cmd->exit to at least status. */
void cmd_fail(struct cmd *cmd, int status);
/* Masks known secrets in text; returns text itself when there is nothing to mask. */
const char *mask_text(struct cmd *cmd, const char *text);
/* A copy of a JSON value with secrets masked: those known by value, and the app's secret places.
 * path: where the value stands in the app's block, or NULL. New reference. */
json_t *mask_json_new(struct cmd *cmd, const json_t *value, const struct app *app,
		      const char *path);
/* The same for what stands at a path below the live servers, with the secret places of each app
 * that has a part in it. */
json_t *mask_live_new(struct cmd *cmd, const json_t *servers, const char *path,
		      const json_t *value);
/* Compact JSON, at most `max` bytes, for a line. */
const char *brief_json(struct cmd *cmd, const json_t *value, size_t max);

/* --- shared by commands --- */

/* KATA_ROOT as an absolute path, from --root, the environment, or $HOME. */
const char *cmd_root(struct cmd *cmd);

/* Problems of all apps in the run: errors always, warnings and notes as asked. Sets the exit
 * status. */
void report_files(struct cmd *cmd, enum severity least);
json_t *problem_json_new(struct cmd *cmd, const char *app, const struct problem *p);
json_t *error_json_new(struct cmd *cmd, const struct kata_error *e);
/* Checks that every named app exists on disk or live; says so otherwise. */
bool check_apps(struct cmd *cmd);
void engine_options_from(const struct cmd *cmd, struct engine_options *out);
/* Whether a Caddy that cannot be reached is nobody's business: none was named, and no app of the
 * run has a caddy: block (it is optional). */
bool caddy_not_needed(const struct cmd *cmd, const struct member *member);
/* Says that there is no app of this name, with the nearest one. */
void no_such_app(struct cmd *cmd, const char *name);
/* The app named by the first argument; NULL (said) when there is none. */
struct app *one_app(struct cmd *cmd);
const char *app_state_name(const struct app *app);
const char *app_status_name(enum app_status status);
/* "yes", "ignored", "refused". */
const char *compose_support_name(enum compose_support support);

/* Problems of one app's file: errors only. Sets the exit status. */
void report_app_problems(struct cmd *cmd, const struct app *app);

/* Where Docker's certificates are (DOCKER_CERT_PATH), or NULL: no TLS. */
const char *docker_certificates(struct cmd *cmd);

/* status_docker.c: the engine's part of status. */
void print_docker_status(struct cmd *cmd);
json_t *docker_status_new(struct cmd *cmd);

/* --- deploy.c, apply.c, steps.c: runs over containers and routes --- */

/* Folder of docker's config.json, or NULL. */
const char *docker_config_home(struct cmd *cmd);
/* What the options ask for, with its progress reported here. */
void work_from(struct cmd *cmd, enum deploy_verb verb, struct work *out);
/* Plans and shows what the work would do. */
void show_work(struct cmd *cmd, const char **apps, size_t count, const struct work *work);
/* After the work: what Caddy got, what went wrong. */
void finish_work(struct cmd *cmd, const char **apps, size_t count);
void print_plan(struct cmd *cmd, const struct deploy *deploy);
void report_step(void *arg, const struct step *step, const char *text);
void report_progress(void *arg, const struct step *step, const char *layer, json_int_t now,
		     json_int_t total);
/* Takes the line away that progress wrote over. */
void progress_end(struct cmd *cmd);
/* Failed steps, with their last log lines, and what keeps apps from being deployed. */
void report_models(struct cmd *cmd, enum severity least);
json_t *models_json_new(struct cmd *cmd);

/* A line of --diff: "~ blog  routes/0/handle  1 -> 2". The values are masked already. */
void say_change(struct cmd *cmd, enum change_op op, const char *app, const char *path,
		const json_t *before, const json_t *after);
const char *change_op_name(enum change_op op); /* "add", "change", "remove" */

command_fn run_adopt, run_deploy, run_restart, run_stop, run_start, run_scale, run_mode, run_screen,
	run_theme;
command_fn run_diff, run_apply, run_ls, run_status, run_validate, run_config_stack,
	run_config_caddy, run_config_env, run_rm, run_setup, run_help, run_version, run_ps,
	run_logs, run_run, run_docker, run_docker_services, run_config_docker;

#endif
