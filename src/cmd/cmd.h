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

enum { EXIT_DONE = 0, EXIT_TROUBLE = 1, EXIT_USAGE = 2 };

/* Repeatable text option. */
struct texts {
	const char **items;
	size_t count, cap;
};

struct options {
	const char *root, *if_plan, *service;
	struct texts caddy, adopt;
	bool json, quiet, verbose, no_color, dry_run, reveal, allow_empty, raw, force, wipe;
};

struct cmd {
	const struct command *command;
	struct options options;
	const char **args; /* without options */
	size_t arg_count;
	struct arena *arena;
	struct world *world; /* NULL for commands that need none */
	bool color;
	bool brief;	      /* the process ends with the command: nothing is freed */
	bool caddy_default;   /* nobody said where Caddy is */
	int exit;	      /* the worst so far */
	struct texts secrets; /* values to mask, longest first; made at first use */
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
void say_problem(struct cmd *cmd, const char *app, const struct problem *p);
/* Raises cmd->exit to at least status. */
void cmd_fail(struct cmd *cmd, int status);
/* Masks known secrets in text; returns text itself when there is nothing to mask. */
const char *mask_text(struct cmd *cmd, const char *text);
/* A copy of a JSON value with secrets masked: those known by value, and the app's secret places.
 * path: where the value stands in the app's block, or NULL. New reference. */
json_t *mask_json_new(struct cmd *cmd, const json_t *value, const struct app *app,
		      const char *path);
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
/* The app named by the first argument; NULL (said) when there is none. */
struct app *one_app(struct cmd *cmd);
const char *app_state_name(const struct app *app);
const char *app_status_name(enum app_status status);

command_fn run_diff, run_apply, run_ls, run_status, run_validate, run_config_stack,
	run_config_caddy, run_config_env, run_rm, run_setup, run_help, run_version;

#endif
