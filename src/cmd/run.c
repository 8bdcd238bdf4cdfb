/*
 * One run: world, command, exit status; and what several commands share.
 */
#include "cmd.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kata/cmd.h"
#include "kata/json.h"
#include "kata/text.h"

const char *cmd_root(struct cmd *cmd)
{
	const char *root = cmd->options.root;
	char *cwd;

	if (!root)
		root = getenv("KATA_ROOT");
	if (!root || !*root)
		root = getenv("HOME");
	if (!root || !*root)
		root = "/";
	if (*root == '/')
		return root;
	cwd = getcwd(NULL, 0);
	root = arena_printf(cmd->arena, "%s/%s", cwd ? cwd : "", root);
	free(cwd);
	return root;
}

/* Adds the members of a comma-separated list. */
static bool add_members(struct cmd *cmd, const char *list, struct kata_error *e)
{
	while (*list) {
		size_t len = strcspn(list, ",");
		const char *one;

		while (len && *list == ' ')
			list++, len--;
		one = arena_strndup(cmd->arena, list, len);
		if (len && !world_add_member(cmd->world, one, e))
			return false;
		list += len + (list[len] == ',');
	}
	return true;
}

static bool add_fleet(struct cmd *cmd, struct kata_error *e)
{
	const struct texts *given = &cmd->options.caddy;
	const char *env = getenv("CADDY_ADMIN");

	for (size_t i = 0; i < given->count; i++)
		if (!add_members(cmd, given->items[i], e))
			return false;
	if (!given->count && env && !add_members(cmd, env, e))
		return false;
	cmd->caddy_default = !cmd->world->member_count;
	return !cmd->caddy_default || world_add_member(cmd->world, "localhost:2019", e);
}

/* As the docker CLI finds it. */
const char *docker_certificates(struct cmd *cmd)
{
	const char *path = getenv("DOCKER_CERT_PATH"), *verify = getenv("DOCKER_TLS_VERIFY");
	const char *home = getenv("HOME");

	if (path && *path)
		return path;
	return verify && *verify && home ? arena_printf(cmd->arena, "%s/.docker", home) : NULL;
}

static bool set_patience(struct cmd *cmd, struct kata_error *e)
{
	uint64_t seconds;

	if (!cmd->options.timeout)
		return true;
	if (!text_u64(cmd->options.timeout, 1, 3600, &seconds)) {
		error_set(e, ERROR_INVALID, "--timeout takes seconds, 1 to 3600, not %s",
			  cmd->options.timeout);
		return false;
	}
	http_set_patience(cmd->world->http, (int)seconds * 1000);
	return true;
}

static bool open_world(struct cmd *cmd)
{
	struct kata_error e;
	const char *owner = getenv("KATA_OWNER");

	if (world_new(&cmd->world, cmd_root(cmd), owner && *owner ? owner : NULL, &e) &&
	    add_fleet(cmd, &e) &&
	    world_set_docker(cmd->world, cmd->options.docker, getenv("DOCKER_HOST"),
			     docker_certificates(cmd), &e) &&
	    set_patience(cmd, &e)) {
		loop_catch_signals(cmd->world->loop);
		return true;
	}
	say_error(cmd, &e);
	cmd_fail(cmd, EXIT_USAGE);
	return false;
}

/* Output that could not be written is a failure; so is a signal that ended the work early. */
static int finish(struct cmd *cmd)
{
	int signal_number = cmd->world ? loop_stopped(cmd->world->loop) : 0, status;

	if (fflush(stdout) || ferror(stdout)) {
		fputs("kata-tui: standard output could not be written\n", stderr);
		cmd_fail(cmd, EXIT_TROUBLE);
	}
	status = signal_number ? 128 + signal_number : cmd->exit;
	if (!cmd->brief) {
		world_free(cmd->world);
		arena_free(cmd->arena);
	}
	return status;
}

int cmd_main(int argc, char **argv, screen_fn *screen)
{
	struct cmd cmd = {.arena = arena_new(), .screen = screen};
	const char *no_color = getenv("NO_COLOR");

	signal(SIGPIPE, SIG_IGN);
	cmd.color = isatty(STDOUT_FILENO) && isatty(STDERR_FILENO) && !(no_color && *no_color);
	if (cmd_parse(&cmd, argc, argv)) {
		cmd.color = cmd.color && !cmd.options.no_color;
		/* Logs may be followed for ever. */
		cmd.brief =
			!(cmd.command->takes & (TAKES_LOGS | TAKES_SCREEN)) && json_never_free();
		if (!cmd.command->world || open_world(&cmd))
			cmd.command->run(&cmd);
	}
	return finish(&cmd);
}

/* --- shared --- */

const char *app_state_name(const struct app *app)
{
	if (app_name_problem(app->name))
		return "bad-name";
	switch (app->state) {
	case APP_VALID:
		return "valid";
	case APP_NO_FILE:
		return "no-file";
	case APP_INVALID:
		break;
	}
	return "invalid";
}

const char *app_status_name(enum app_status status)
{
	static const char *const names[] = {
		[APP_STATUS_NONE] = "none",	    [APP_STATUS_IN_SYNC] = "in-sync",
		[APP_STATUS_DRIFT] = "drift",	    [APP_STATUS_MISSING] = "missing",
		[APP_STATUS_LEFTOVER] = "leftover", [APP_STATUS_KEPT] = "kept",
		[APP_STATUS_REFUSED] = "refused",
	};

	return names[status];
}

void engine_options_from(const struct cmd *cmd, struct engine_options *out)
{
	*out = (struct engine_options){
		.selected = cmd->apps	     ? cmd->apps
			    : cmd->arg_count ? cmd->args
					     : NULL,
		.selected_count = cmd->apps ? cmd->app_count : cmd->arg_count,
		.adopt = cmd->options.adopt.items,
		.adopt_count = cmd->options.adopt.count,
		.allow_empty = cmd->options.allow_empty,
		.if_plan = cmd->options.if_plan,
	};
}

static bool is_live(const struct world *world, const char *name)
{
	for (size_t i = 0; i < world->member_count; i++) {
		const struct plan_caddy *plan = world->members[i].plan;

		for (size_t j = 0; plan && j < plan->app_count; j++)
			if (plan->apps[j].live && !strcmp(plan->apps[j].name, name))
				return true;
	}
	return false;
}

void no_such_app(struct cmd *cmd, const char *name)
{
	struct text_nearest near = {.word = name};
	struct kata_error e;

	for (size_t i = 0; i < cmd->world->app_count; i++)
		text_nearest_offer(&near, cmd->world->apps[i].name);
	error_set(&e, ERROR_NOT_FOUND, "no such app");
	error_where(&e, "%s", name);
	if (near.name)
		error_hint(&e, "did you mean %s?", near.name);
	else
		error_hint(&e, "an app is a folder in %s/app; `kata-tui ls` lists them",
			   cmd->world->root);
	say_error(cmd, &e);
	cmd_fail(cmd, EXIT_USAGE);
}

bool check_apps(struct cmd *cmd)
{
	bool all = true;

	for (size_t i = 0; i < cmd->arg_count; i++) {
		if (world_app(cmd->world, cmd->args[i]) || is_live(cmd->world, cmd->args[i]))
			continue;
		no_such_app(cmd, cmd->args[i]);
		all = false;
	}
	return all;
}

struct app *one_app(struct cmd *cmd)
{
	struct app *app = world_app(cmd->world, cmd->args[0]);

	if (!app)
		no_such_app(cmd, cmd->args[0]);
	return app;
}

static bool in_run(const struct cmd *cmd, const char *name)
{
	for (size_t i = 0; i < cmd->app_count; i++)
		if (!strcmp(cmd->apps[i], name))
			return true;
	if (cmd->apps)
		return false;
	for (size_t i = 0; i < cmd->arg_count; i++)
		if (!strcmp(cmd->args[i], name))
			return true;
	return !cmd->arg_count;
}

bool caddy_not_needed(const struct cmd *cmd, const struct member *member)
{
	const struct world *world = cmd->world;

	if (!cmd->caddy_default || member->live.good ||
	    member->live.error.code != ERROR_UNAVAILABLE || !world->listed)
		return false;
	for (size_t i = 0; i < world->app_count; i++)
		if (in_run(cmd, world->apps[i].name) && world->apps[i].wants_caddy)
			return false;
	return true;
}

static void report_app(struct cmd *cmd, const struct app *app, enum severity least)
{
	for (size_t i = 0; i < app->problems.count; i++)
		if (app->problems.items[i].severity >= least)
			say_problem(cmd, app->name, &app->problems.items[i]);
	if (app->problems.more)
		say_line(cmd, STYLE_DIM, "%s: %zu more", app->name, app->problems.more);
	if (app->problems.errors)
		cmd_fail(cmd, EXIT_TROUBLE);
}

void report_app_problems(struct cmd *cmd, const struct app *app)
{
	report_app(cmd, app, SEVERITY_ERROR);
}

void report_files(struct cmd *cmd, enum severity least)
{
	struct world *world = cmd->world;

	if (!world->listed) {
		say_error(cmd, &world->list_error);
		cmd_fail(cmd, EXIT_USAGE);
	}
	for (size_t i = 0; i < world->app_count; i++)
		if (in_run(cmd, world->apps[i].name))
			report_app(cmd, &world->apps[i], least);
}
