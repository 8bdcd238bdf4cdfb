/*
 * deploy, restart, stop, start, scale, mode: an apply of one app's containers and routes, each with
 * a wish of its own.
 */
#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kata/text.h"

const char *docker_config_home(struct cmd *cmd)
{
	const char *folder = getenv("DOCKER_CONFIG"), *home = getenv("HOME");

	if (folder && *folder)
		return folder;
	return home && *home ? arena_printf(cmd->arena, "%s/.docker", home) : NULL;
}

void work_from(struct cmd *cmd, enum deploy_verb verb, struct work *out)
{
	*out = (struct work){
		.verb = verb,
		.routes = true,
		.detach = cmd->options.detach,
		.pull = cmd->options.pull,
		.fresh = cmd->options.force_recreate,
		.wait = cmd->options.wait,
		.report = report_step,
		.progress = report_progress,
		.report_arg = cmd,
		.config_home = docker_config_home(cmd),
	};
	cmd->live_line = isatty(STDOUT_FILENO) && !cmd->options.quiet && !cmd->options.json;
}

static bool usage(struct cmd *cmd, const char *hint, const char *what)
{
	struct kata_error e;

	error_set(&e, ERROR_INVALID, "%s", what);
	error_where(&e, "%s", cmd->command->name);
	error_hint(&e, "%s", hint);
	say_error(cmd, &e);
	cmd_fail(cmd, EXIT_USAGE);
	return false;
}

static void observe(struct cmd *cmd)
{
	/* All these commands but deploy are about their first argument. */
	if (cmd->arg_count == 1 || cmd->command->run != run_deploy)
		cmd->world->focus = cmd->args[0];
	world_observe(cmd->world, OBSERVE_APPS | OBSERVE_CADDY | OBSERVE_DOCKER_ALWAYS);
}

/* The named app with a file that can be used; NULL: said. */
static struct app_model *usable(struct cmd *cmd, const char *name)
{
	struct app_model *model;
	struct app *app = world_app(cmd->world, name);
	struct kata_error e;

	if (!app) {
		no_such_app(cmd, name);
		return NULL;
	}
	model = world_model(cmd->world, name);
	if (app->state == APP_VALID)
		return model;
	report_app_problems(cmd, app);
	if (app->state == APP_NO_FILE) {
		error_set(&e, ERROR_INVALID, "the folder has no kata-compose.yaml");
		error_where(&e, "%s", name);
		error_hint(&e, "write one: services: and caddy: (see `kata-tui help compose`)");
		say_error(cmd, &e);
	}
	cmd_fail(cmd, EXIT_TROUBLE);
	return NULL;
}

/* Every service named behind the app must be one of its file. */
static bool check_services(struct cmd *cmd, const struct app_model *model, const char **names,
			   size_t count)
{
	bool all = true;

	for (size_t i = 0; i < count; i++) {
		struct text_nearest near = {.word = names[i]};

		if (compose_service_find(&model->compose, names[i]))
			continue;
		for (size_t j = 0; j < model->compose.service_count; j++)
			text_nearest_offer(&near, model->compose.services[j].name);
		all = usage(cmd,
			    near.name ? arena_printf(cmd->arena, "did you mean %s?", near.name)
				      : "`kata-tui ps APP` lists them",
			    arena_printf(cmd->arena, "the app has no service \"%s\"", names[i]));
	}
	return all;
}

/* Plans and does the work on the apps of the options, and reports. */
static void do_work(struct cmd *cmd, const char **apps, size_t count, const struct work *work)
{
	struct engine_options options;
	struct kata_error e;

	cmd->apps = apps;
	cmd->app_count = count;
	engine_options_from(cmd, &options);
	world_plan_work(cmd->world, &options, work);
	world_plan(cmd->world, &options);
	if (!world_work(cmd->world, &options, work, &e)) {
		say_error(cmd, &e);
		cmd_fail(cmd, EXIT_TROUBLE);
	}
	progress_end(cmd);
	finish_work(cmd, apps, count);
}

/* --- deploy --- */

void run_deploy(struct cmd *cmd)
{
	struct work work;
	size_t usable_count = 0;
	const char **names = arena_alloc(cmd->arena, (cmd->arg_count + 1) * sizeof *names);

	observe(cmd);
	for (size_t i = 0; i < cmd->arg_count; i++) {
		struct app_model *model = usable(cmd, cmd->args[i]);
		struct kata_error e;

		if (!model)
			continue;
		names[usable_count++] = model->app->name;
		/* Who deploys an app wants it to run. */
		if (!model->wishes.stopped && !model->wishes.stopped_count)
			continue;
		model->wishes.stopped = false;
		model->wishes.stopped_count = 0;
		if (cmd->options.dry_run || model_wish(cmd->world, model, &e))
			continue;
		say_error(cmd, &e);
		cmd_fail(cmd, EXIT_TROUBLE);
	}
	if (!usable_count)
		return;
	work_from(cmd, DEPLOY_UP, &work);
	if (cmd->options.dry_run)
		show_work(cmd, names, usable_count, &work);
	else
		do_work(cmd, names, usable_count, &work);
}

/* --- restart, stop, start --- */

static struct app_model *app_and_services(struct cmd *cmd, struct work *work)
{
	struct app_model *model;

	observe(cmd);
	model = usable(cmd, cmd->args[0]);
	if (!model || !check_services(cmd, model, cmd->args + 1, cmd->arg_count - 1))
		return NULL;
	if (!model->compose.service_count) {
		usage(cmd, "only its routes are kata-tui's",
		      arena_printf(cmd->arena, "%s has no services", cmd->args[0]));
		return NULL;
	}
	if (cmd->arg_count > 1) {
		work->services = cmd->args + 1;
		work->service_count = cmd->arg_count - 1;
	}
	return model;
}

void run_restart(struct cmd *cmd)
{
	struct work work;
	struct app_model *model;

	work_from(cmd, DEPLOY_RESTART, &work);
	model = app_and_services(cmd, &work);
	if (!model)
		return;
	if (model->wishes.stopped) {
		usage(cmd, "`kata-tui start` starts it",
		      arena_printf(cmd->arena, "%s is stopped", cmd->args[0]));
		return;
	}
	do_work(cmd, cmd->args, 1, &work);
}

/* Takes the services out of the list of stopped ones. */
static void unstop(struct wishes *wishes, const char **names, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < wishes->stopped_count; i++) {
		bool named = false;

		for (size_t j = 0; j < count; j++)
			named = named || !strcmp(wishes->stopped_services[i], names[j]);
		if (!named)
			wishes->stopped_services[kept++] = wishes->stopped_services[i];
	}
	wishes->stopped_count = kept;
}

static bool keep_wish(struct cmd *cmd, const struct app_model *model)
{
	struct kata_error e;

	if (model_wish(cmd->world, model, &e))
		return true;
	say_error(cmd, &e);
	cmd_fail(cmd, EXIT_TROUBLE);
	return false;
}

void run_stop(struct cmd *cmd)
{
	struct work work;
	struct app_model *model;

	work_from(cmd, DEPLOY_REPAIR, &work);
	work.stop = true;
	work.routes = false;
	model = app_and_services(cmd, &work);
	if (!model)
		return;
	if (!work.services) {
		model->wishes.stopped = true;
	} else {
		for (size_t i = 1; i < cmd->arg_count; i++)
			wishes_add_stop(&model->wishes, cmd->world->arena, cmd->args[i]);
	}
	if (keep_wish(cmd, model))
		do_work(cmd, cmd->args, 1, &work);
}

void run_start(struct cmd *cmd)
{
	struct work work;
	struct app_model *model;

	work_from(cmd, DEPLOY_REPAIR, &work);
	model = app_and_services(cmd, &work);
	if (!model)
		return;
	work.start = true;
	model->wishes.stopped = false;
	if (work.services)
		unstop(&model->wishes, cmd->args + 1, cmd->arg_count - 1);
	else
		model->wishes.stopped_count = 0;
	if (keep_wish(cmd, model))
		do_work(cmd, cmd->args, 1, &work);
}

/* --- scale --- */

static bool take_scale(struct cmd *cmd, struct app_model *model, const char *word)
{
	const char *equals = strchr(word, '='), *name;
	uint64_t replicas;

	if (!equals || !text_u64(equals + 1, 0, 10000, &replicas))
		return usage(cmd, "for example: kata-tui scale blog web=3",
			     arena_printf(cmd->arena, "\"%s\" is not SERVICE=NUMBER", word));
	name = arena_strndup(cmd->arena, word, (size_t)(equals - word));
	if (!check_services(cmd, model, &name, 1))
		return false;
	wishes_set_scale(&model->wishes, cmd->world->arena, name, (int)replicas);
	for (size_t i = 0; i < model->compose.service_count; i++)
		if (!strcmp(model->compose.services[i].name, name))
			model->compose.services[i].replicas = (int)replicas;
	return true;
}

void run_scale(struct cmd *cmd)
{
	struct work work;
	struct app_model *model;

	observe(cmd);
	model = usable(cmd, cmd->args[0]);
	if (!model)
		return;
	for (size_t i = 1; i < cmd->arg_count; i++)
		if (!take_scale(cmd, model, cmd->args[i]))
			return;
	work_from(cmd, DEPLOY_REPAIR, &work);
	if (keep_wish(cmd, model))
		do_work(cmd, cmd->args, 1, &work);
}

/* --- mode --- */

static void show_mode(struct cmd *cmd, const struct app_model *model)
{
	const char *mode = model->swarm ? "swarm" : "compose";

	if (cmd->options.json)
		say_json_take(cmd, json_pack("{s:s,s:s,s:s?,s:b}", "app", model->app->name, "mode",
					     mode, "rule", model->mode_rule, "swarm_active",
					     cmd->world->live.swarm));
	else
		say_line(cmd, STYLE_PLAIN, "%s  %s (%s)", model->app->name, mode,
			 model->mode_rule ? model->mode_rule : "default");
}

static bool swarm_is_there(struct cmd *cmd)
{
	const struct docker_live *live = &cmd->world->live;
	struct kata_error e = live->good ? live->swarm_error : live->error;

	if (live->good && live->swarm)
		return true;
	if (e.code == ERROR_NONE) {
		error_set(&e, ERROR_REFUSED,
			  "this engine is no Swarm manager; nothing was changed");
		error_hint(&e, "`docker swarm init` makes it one");
	}
	say_error(cmd, &e);
	cmd_fail(cmd, EXIT_TROUBLE);
	return false;
}

void run_mode(struct cmd *cmd)
{
	const char *wanted = cmd->arg_count > 1 ? cmd->args[1] : NULL;
	struct app_model *model;
	struct work work;
	const char *before;
	bool swarm;

	observe(cmd);
	model = usable(cmd, cmd->args[0]);
	if (!model)
		return;
	if (!wanted) {
		show_mode(cmd, model);
		return;
	}
	if (strcmp(wanted, "compose") != 0 && strcmp(wanted, "swarm") != 0 &&
	    strcmp(wanted, "auto") != 0) {
		usage(cmd, "a mode is compose, swarm or auto",
		      arena_printf(cmd->arena, "\"%s\" is no mode", wanted));
		return;
	}
	if (!strcmp(wanted, "swarm") && !swarm_is_there(cmd))
		return;
	before = model->wishes.mode;
	swarm = model->swarm;
	model->wishes.mode = strcmp(wanted, "auto") != 0 ? wanted : NULL;
	model_choose_mode(cmd->world, model);
	if (!keep_wish(cmd, model))
		return;
	if (swarm == model->swarm && model->live_compose != model->live_swarm &&
	    model->live_swarm == model->swarm) {
		say_line(cmd, STYLE_PLAIN, "%s  unchanged: %s", model->app->name,
			 swarm ? "swarm" : "compose");
		return;
	}
	work_from(cmd, DEPLOY_REPAIR, &work);
	do_work(cmd, cmd->args, 1, &work);
	if (model->result == MODEL_FAILED) {
		/* It went back by itself: so does the wish. */
		model->wishes.mode = before;
		keep_wish(cmd, model);
	}
}
