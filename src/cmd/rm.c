/*
 * rm and setup: the folders of an app, and of KATA_ROOT.
 */
#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kata/file.h"

/* Folders below KATA_ROOT. */
static const struct {
	const char *name;
	mode_t mode;
	bool per_app; /* holds a folder for each app, which rm takes */
	bool wiped;   /* ... only with --wipe */
} folders[] = {
	{"app", 0755, true, false},    {"data", 0755, true, true},
	{"config", 0700, true, true},  {"envs", 0755, true, false},
	{"logs", 0755, true, false},   {"repos", 0755, true, false},
	{".kata", 0700, false, false}, {".kata/trash", 0700, false, false},
};
enum { FOLDERS = sizeof folders / sizeof *folders };

/* A folder of this app that is there and that rm takes. */
static const char *doomed(struct cmd *cmd, size_t i, const char *app)
{
	const char *path =
		arena_printf(cmd->arena, "%s/%s/%s", cmd->world->root, folders[i].name, app);
	struct stat st;

	if (!folders[i].per_app || (folders[i].wiped && !cmd->options.wipe) || lstat(path, &st))
		return NULL;
	return path;
}

/* Says what will go, and asks. */
static bool confirm(struct cmd *cmd)
{
	for (size_t i = 0; i < cmd->arg_count; i++) {
		const struct app_model *model = world_model(cmd->world, cmd->args[i]);

		say_line(cmd, STYLE_REMOVE, "- %s  its routes in Caddy", cmd->args[i]);
		if (model && (model->live_compose || model->live_swarm))
			say_line(cmd, STYLE_REMOVE, "- %s  its containers and networks%s",
				 cmd->args[i],
				 cmd->options.wipe ? ", and its volumes with their data" : "");
		for (size_t f = 0; f < FOLDERS; f++)
			if (doomed(cmd, f, cmd->args[i]))
				say_line(cmd, STYLE_REMOVE, "- %s  %s", cmd->args[i],
					 doomed(cmd, f, cmd->args[i]));
	}
	return !cmd->options.dry_run &&
	       ask_yes(cmd, "Remove this for good? [y/N] ", "nothing was removed");
}

/* Routes first: apps of the run count as gone. False when Caddy still has them. */
static bool remove_routes(struct cmd *cmd)
{
	struct engine_options options;
	struct kata_error e;
	bool ok = true;

	for (size_t i = 0; i < cmd->arg_count; i++) {
		struct app *app = world_app(cmd->world, cmd->args[i]);

		if (app)
			app_forget_routes(cmd->world, app);
	}
	engine_options_from(cmd, &options);
	options.allow_empty = true; /* the apps are named, and asked about */
	world_plan(cmd->world, &options);
	if (!world_apply(cmd->world, &options, &e)) {
		say_error(cmd, &e);
		return false;
	}
	for (size_t i = 0; i < cmd->world->member_count; i++) {
		const struct member *member = &cmd->world->members[i];

		if (member->result != MEMBER_FAILED || caddy_not_needed(cmd, member))
			continue;
		say_error(cmd, &member->error);
		ok = false;
	}
	return ok;
}

/* Containers, services, networks and, with --wipe, volumes of each app. False: some are left. */
static bool remove_containers(struct cmd *cmd)
{
	struct engine_options options;
	struct kata_error e;
	struct work work;

	work_from(cmd, DEPLOY_REPAIR, &work);
	work.down = true;
	work.wipe = cmd->options.wipe;
	work.routes = false;
	engine_options_from(cmd, &options);
	world_plan_work(cmd->world, &options, &work);
	if (!world_work(cmd->world, &options, &work, &e)) {
		say_error(cmd, &e);
		cmd_fail(cmd, EXIT_TROUBLE);
	}
	progress_end(cmd);
	report_models(cmd, SEVERITY_ERROR);
	return !cmd->exit;
}

static void refuse(struct cmd *cmd, const char *what, const char *hint)
{
	struct kata_error e;

	error_set(&e, ERROR_REFUSED, "%s", what);
	error_hint(&e, "%s", hint);
	say_error(cmd, &e);
	cmd_fail(cmd, EXIT_TROUBLE);
}

static void remove_folders(struct cmd *cmd, const char *name)
{
	const char *trash = arena_printf(cmd->arena, "%s/.kata/trash", cmd->world->root);
	struct kata_error e;

	for (size_t i = 0; i < FOLDERS; i++) {
		const char *path = doomed(cmd, i, name);

		if (!path || file_remove_tree(path, trash, &e))
			continue;
		say_error(cmd, &e);
		cmd_fail(cmd, EXIT_TROUBLE);
	}
	say_line(cmd, STYLE_GOOD, "removed %s", name);
}

/* What an earlier run could not finish removing, or was killed over. */
static void empty_trash(struct cmd *cmd)
{
	const char *trash = arena_printf(cmd->arena, "%s/.kata/trash", cmd->world->root), **names;
	struct kata_error e;
	size_t count;

	if (!file_list(trash, cmd->arena, &names, &count, &e))
		return;
	for (size_t i = 0; i < count; i++)
		if (!file_remove_tree(arena_printf(cmd->arena, "%s/%s", trash, names[i]), trash,
				      &e))
			say_error(cmd, &e);
}

static bool make_folders(struct cmd *cmd, const char *root, size_t from, bool say)
{
	struct kata_error e;

	for (size_t i = from; i < FOLDERS; i++) {
		const char *path = arena_printf(cmd->arena, "%s/%s", root, folders[i].name);
		bool created;

		if (!file_mkdir(path, folders[i].mode, &created, &e)) {
			say_error(cmd, &e);
			cmd_fail(cmd, EXIT_TROUBLE);
			return false;
		}
		if (created && say)
			say_line(cmd, STYLE_ADD, "+ %s", path);
	}
	return true;
}

void run_rm(struct cmd *cmd)
{
	struct engine_options options;
	struct kata_error e;

	for (size_t i = 0; i < cmd->arg_count; i++) {
		if (!app_name_problem(cmd->args[i]))
			continue;
		error_set(&e, ERROR_INVALID, "this is no app's name: %s",
			  app_name_problem(cmd->args[i]));
		error_where(&e, "%s", cmd->args[i]);
		error_hint(&e, "remove such a folder by hand");
		say_error(cmd, &e);
		cmd_fail(cmd, EXIT_USAGE);
		return;
	}
	engine_options_from(cmd, &options);
	options.allow_empty = true; /* the apps are named, and asked about */
	cmd->world->wipe = cmd->options.wipe;
	world_observe(cmd->world, OBSERVE_APPS | OBSERVE_CADDY | OBSERVE_DOCKER);
	world_plan(cmd->world, &options);
	if (!check_apps(cmd) || !confirm(cmd))
		return;
	for (size_t i = 0; i < cmd->world->member_count; i++)
		if (cmd->world->members[i].plan)
			plan_caddy_release(&cmd->world->members[i].report);
	for (size_t i = 0; i < cmd->world->member_count; i++)
		cmd->world->members[i].plan = NULL;
	if (!remove_routes(cmd)) {
		refuse(cmd, "the routes could not be removed, so all the rest stays",
		       "run it again when Caddy answers");
		return;
	}
	if (!remove_containers(cmd)) {
		refuse(cmd, "not all containers could be removed, so the folders stay",
		       "run it again when what is said above is mended");
		return;
	}
	if (!make_folders(cmd, cmd->world->root, FOLDERS - 2, false))
		return;
	empty_trash(cmd);
	for (size_t i = 0; i < cmd->arg_count; i++)
		remove_folders(cmd, cmd->args[i]);
}

void run_setup(struct cmd *cmd)
{
	const char *root = cmd_root(cmd);
	struct kata_error e;
	bool created;

	if (!file_mkdir(root, 0755, &created, &e)) {
		say_error(cmd, &e);
		cmd_fail(cmd, EXIT_TROUBLE);
		return;
	}
	if (!make_folders(cmd, root, 0, true))
		return;
	if (!world_new(&cmd->world, root, NULL, &e) || !world_keep_owner(cmd->world, &e)) {
		say_error(cmd, &e);
		cmd_fail(cmd, EXIT_TROUBLE);
		return;
	}
	say_line(cmd, STYLE_GOOD, "KATA_ROOT is %s, owner %s", root, cmd->world->owner);
}
