/*
 * adopt: what is live in Caddy becomes the caddy: block of an app's kata-compose.yaml.
 */
#include "cmd.h"

#include <string.h>

#include "kata/adopt.h"
#include "kata/diff.h"
#include "kata/json.h"

/* One app being adopted. */
struct adopting {
	struct cmd *cmd;
	struct app *app;
	struct app_model *model;
	struct app_source source;
	json_t *live; /* owned */
	struct adopt adopt;
	json_t *changes; /* for --json, or NULL */
};

static void refuse(struct cmd *cmd, const char *app, enum error_code code, const char *what,
		   const char *hint)
{
	struct kata_error e;

	error_set(&e, code, "%s", what);
	error_where(&e, "%s", app);
	error_hint(&e, "%s", hint);
	say_error(cmd, &e);
	cmd_fail(cmd, EXIT_TROUBLE);
}

/* --- what is live --- */

/* The block that every Caddy of the fleet has; NULL (said): there is none, or not one. */
static json_t *live_block_new(struct cmd *cmd, const char *app)
{
	const struct world *world = cmd->world;
	json_t *live = NULL;
	bool one = true;

	for (size_t i = 0; i < world->member_count; i++) {
		const struct member *member = &world->members[i];
		json_t *here;

		if (!member->live.good) {
			say_error(cmd, &member->live.error);
			cmd_fail(cmd, EXIT_TROUBLE);
			json_decref(live);
			return NULL;
		}
		here = plan_decompile_new(member->live.servers, world->owner, app);
		one = one && (!i || (!here && !live) || json_same(here, live));
		json_decref(live);
		live = here;
	}
	if (live && one)
		return live;
	if (one)
		refuse(cmd, app, ERROR_NOT_FOUND, "nothing of it is live in Caddy",
		       arena_printf(cmd->arena, "`kata-tui --diff %s` says what --apply would do",
				    app));
	else
		refuse(cmd, app, ERROR_CONFLICT, "the Caddys of the fleet do not hold the same",
		       "name the one to take it from with --caddy");
	json_decref(live);
	return NULL;
}

/* What --apply would leave alone differs only in how it is written. */
static bool in_sync(const struct cmd *cmd, const char *app)
{
	size_t found = 0;

	for (size_t i = 0; i < cmd->world->member_count; i++) {
		const struct plan_caddy *plan = cmd->world->members[i].plan;

		for (size_t j = 0; plan && j < plan->app_count; j++)
			found += !strcmp(plan->apps[j].name, app) &&
				 plan->apps[j].status == APP_STATUS_IN_SYNC;
	}
	return found == cmd->world->member_count;
}

/* --- what the core asks --- */

static json_t *ask_addresses_new(void *arg, const json_t *block)
{
	struct adopting *a = arg;

	return model_addresses_new(a->cmd->world, a->model, block);
}

static bool ask_secret(void *arg, const char *text)
{
	struct adopting *a = arg;

	return mask_text(a->cmd, text) != text;
}

static bool make(struct adopting *a)
{
	struct adopt_input input = {
		.source = &a->source,
		.compose = &a->model->compose,
		.live = a->live,
		.addresses_new = a->model->compose.service_count ? ask_addresses_new : NULL,
		.is_secret = ask_secret,
		.arg = a,
	};
	struct kata_error e;

	if (world_read_source(a->cmd->world, a->app, &a->source, &e) &&
	    adopt_make(&a->adopt, a->cmd->arena, &input, &e))
		return true;
	say_error(a->cmd, &e);
	cmd_fail(a->cmd, EXIT_TROUBLE);
	return false;
}

/* --- what is shown --- */

static void show_change(void *arg, const char *path, const json_t *before, const json_t *after)
{
	struct adopting *a = arg;
	enum change_op op = !before ? CHANGE_ADD : after ? CHANGE_CHANGE : CHANGE_REMOVE;
	json_t *was = mask_json_new(a->cmd, before, &a->adopt.before, path);
	json_t *now = mask_json_new(a->cmd, after, &a->adopt.after, path);

	if (a->changes)
		json_array_append_new(a->changes,
				      json_pack("{s:s,s:s,s:O,s:O}", "op", change_op_name(op),
						"path", path, "before", was, "after", now));
	else
		say_change(a->cmd, op, a->app->name, path, was, now);
	json_decref(was);
	json_decref(now);
}

static const char *new_block(struct adopting *a)
{
	const struct adopt *adopt = &a->adopt;

	return mask_text(a->cmd,
			 arena_strndup(a->cmd->arena, adopt->text.p + adopt->start, adopt->len));
}

static void say_result(struct adopting *a, const char *result)
{
	bool changed = a->adopt.changed;

	if (!a->cmd->options.json)
		return;
	a->changes = json_array();
	if (changed)
		diff_walk(a->adopt.before.caddy, a->adopt.after.caddy, show_change, a);
	say_json_take(a->cmd, json_pack("{s:s,s:s,s:s,s:b,s:o,s:s?}", "app", a->app->name, "file",
					a->source.stack.path, "result", result, "names_kept",
					(int)a->adopt.names_kept, "changes", a->changes, "block",
					changed ? new_block(a) : NULL));
}

static void write_it(struct adopting *a)
{
	struct cmd *cmd = a->cmd;
	const char *path = a->source.stack.path;
	struct kata_error e;

	if (!cmd->options.json)
		diff_walk(a->adopt.before.caddy, a->adopt.after.caddy, show_change, a);
	if (!ask_yes(cmd, arena_printf(cmd->arena, "Write this to %s? [y/N] ", path),
		     "nothing was written"))
		return;
	if (!world_write_stack(cmd->world, &a->source, a->adopt.text.p, a->adopt.text.len, &e)) {
		say_error(cmd, &e);
		cmd_fail(cmd, EXIT_TROUBLE);
		return;
	}
	if (cmd->options.json)
		say_result(a, "adopted");
	else
		say_line(cmd, STYLE_GOOD, "wrote %s", path);
}

static void adopt(struct adopting *a)
{
	struct cmd *cmd = a->cmd;

	if (!make(a))
		return;
	a->adopt.changed = a->adopt.changed && !in_sync(cmd, a->app->name);
	if (a->adopt.names_kept)
		say_note(cmd,
			 "%s: its containers' addresses are not known now; dials that name a "
			 "service stay names",
			 a->app->name);
	if (!a->adopt.changed && cmd->options.json)
		say_result(a, "unchanged");
	else if (!a->adopt.changed)
		say_line(cmd, STYLE_PLAIN, "nothing to do: %s says already what is live",
			 a->source.stack.path);
	else if (cmd->options.dry_run && cmd->options.json)
		say_result(a, "planned");
	else if (cmd->options.dry_run)
		say_line(cmd, STYLE_PLAIN, "%s", new_block(a));
	else
		write_it(a);
}

void run_adopt(struct cmd *cmd)
{
	struct adopting a = {.cmd = cmd};
	struct engine_options options;

	cmd->world->focus = cmd->args[0];
	engine_options_from(cmd, &options);
	world_observe(cmd->world, OBSERVE_APPS | OBSERVE_CADDY | OBSERVE_DOCKER);
	a.app = one_app(cmd);
	if (!a.app)
		return;
	a.model = world_model(cmd->world, a.app->name);
	if (a.app->state == APP_NO_FILE) {
		refuse(cmd, a.app->name, ERROR_NOT_FOUND, "the folder has no kata-compose.yaml",
		       "put the file back; only its caddy: block is written anew");
		return;
	}
	if (a.app->state != APP_VALID) {
		report_app_problems(cmd, a.app);
		return;
	}
	a.live = live_block_new(cmd, a.app->name);
	if (!a.live)
		return;
	world_plan(cmd->world, &options);
	adopt(&a);
	adopt_release(&a.adopt);
	json_decref(a.live);
}
