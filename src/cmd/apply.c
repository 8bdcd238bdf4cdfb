/*
 * --diff and --apply: the same plan, shown or executed.
 */
#include "cmd.h"

#include <string.h>

#include "kata/json.h"

enum { BRIEF = 72 };

static const struct {
	const char *name, *sign;
	enum style style;
} change_words[] = {
	[CHANGE_ADD] = {"add", "+", STYLE_ADD},
	[CHANGE_CHANGE] = {"change", "~", STYLE_CHANGE},
	[CHANGE_REMOVE] = {"remove", "-", STYLE_REMOVE},
};

static const char *const result_names[] = {
	[MEMBER_UNCHANGED] = "unchanged",
	[MEMBER_PLANNED] = "planned",
	[MEMBER_APPLIED] = "applied",
	[MEMBER_FAILED] = "failed",
};

/* A whole server in few words: where it listens and, when it is shared, for whom. */
static const char *brief_server(struct cmd *cmd, const char *key, const json_t *server)
{
	struct str out = STR_INIT;
	const char *text, *separator = " for ", *app, *last = "";
	json_t *item;
	size_t i;

	str_add(&out, strncmp(key, "kata_", 5) ? "server on" : "shared server on");
	json_array_foreach(json_object_get(server, "listen"), i, item)
		str_addf(&out, "%s %s", i ? "," : "",
			 json_is_string(item) ? json_string_value(item) : "?");
	if (!i)
		str_add(&out, " no address");
	json_array_foreach(json_object_get(server, "routes"), i, item) {
		const char *id = json_member_text(item, "@id");
		const char *at = id ? strchr(id, '@') : NULL;

		if (!at || strncmp(key, "kata_", 5) != 0)
			continue;
		app = arena_strndup(cmd->arena, id, (size_t)(at - id));
		app = strrchr(app, ':') ? strrchr(app, ':') + 1 : app;
		if (!strcmp(app, last))
			continue;
		str_addf(&out, "%s%s", separator, app);
		separator = ", ";
		last = app;
	}
	text = arena_strndup(cmd->arena, out.p, out.len < 200 ? out.len : 200);
	str_release(&out);
	return text;
}

/* One app's marked route in a shared or foreign server, as one line. */
static const char *brief_route(struct cmd *cmd, const char *path, const json_t *route)
{
	const json_t *hosts =
		json_object_get(json_array_get(json_object_get(route, "match"), 0), "host");
	const char *server = arena_strndup(cmd->arena, path, strcspn(path, "/"));
	struct str out = STR_INIT;
	const char *text;
	json_t *host;
	size_t i;

	json_array_foreach((json_t *)hosts, i, host)
		str_addf(&out, "%s%s", i ? ", " : " for ",
			 json_is_string(host) ? json_string_value(host) : "?");
	text = arena_printf(cmd->arena, "route in server %s%.160s", server, out.p);
	str_release(&out);
	return text;
}

/* The values of a change, masked already, behind its path. */
static const char *values_text(struct cmd *cmd, enum change_op op, const char *path,
			       const json_t *before, const json_t *after)
{
	size_t max = cmd->options.verbose ? 1 << 20 : BRIEF;
	const char *text = brief_json(cmd, op == CHANGE_REMOVE ? before : after, max);

	if (op == CHANGE_CHANGE)
		text = arena_printf(cmd->arena, "%s -> %s", brief_json(cmd, before, max), text);
	return arena_printf(cmd->arena, "%s%s%s", path, *path ? "  " : "", text);
}

void say_change(struct cmd *cmd, enum change_op op, const char *app, const char *path,
		const json_t *before, const json_t *after)
{
	say_line(cmd, change_words[op].style, "%s %s  %s", change_words[op].sign, app,
		 values_text(cmd, op, path, before, after));
}

const char *change_op_name(enum change_op op)
{
	return change_words[op].name;
}

/* The path and the values of a change, masked, as one line. */
static const char *brief_values(struct cmd *cmd, const struct change *change, const char *path)
{
	const struct app *app = world_app(cmd->world, change->app);
	json_t *before = mask_json_new(cmd, change->before, app, change->block_path);
	json_t *after = mask_json_new(cmd, change->after, app, change->block_path);
	const char *text = values_text(cmd, change->op, path, before, after);

	json_decref(before);
	json_decref(after);
	return text;
}

/* An app's own server that goes while the app stays: it moves into a shared one. */
static bool moves_on(const struct member *member, const struct change *change)
{
	const struct plan_caddy *plan = &member->report;

	if (change->op != CHANGE_REMOVE || strchr(change->path, '/'))
		return false;
	for (size_t i = 0; i < plan->app_count; i++)
		if (!strcmp(plan->apps[i].name, change->app))
			return plan->apps[i].status != APP_STATUS_LEFTOVER;
	return false;
}

static void print_change(struct cmd *cmd, const struct member *member, const struct change *change)
{
	const char *path = change->block_path ? change->block_path : change->path;
	const json_t *either = change->after ? change->after : change->before;
	bool whole = !strchr(change->path, '/') && json_is_object(either);
	bool tagged = !change->block_path && strstr(change->path, "/routes/") &&
		      json_member_text(either, "@id");
	const char *text;

	if (cmd->options.verbose || (!whole && !tagged))
		text = brief_values(cmd, change, path);
	else if (whole)
		text = brief_server(cmd, change->path, either);
	else
		text = brief_route(cmd, change->path, either);
	say_line(cmd, change_words[change->op].style, "%s %s  %s%s", change_words[change->op].sign,
		 change->app, text,
		 moves_on(member, change) ? " (moves into a shared server)" : "");
}

static void print_member(struct cmd *cmd, const struct member *member, bool diff)
{
	const struct plan_caddy *report = &member->report;
	size_t shown = 0;

	if (member->plan && report->change_count && cmd->world->member_count > 1)
		say_line(cmd, STYLE_DIM, "caddy %s", member->endpoint.text);
	for (size_t i = 0; member->plan && i < report->change_count; i++) {
		if ((diff || member->result == MEMBER_APPLIED) &&
		    !member_has_aside(member, report->changes[i].app)) {
			print_change(cmd, member, &report->changes[i]);
			shown++;
		}
	}
	if (!shown)
		return;
	if (diff)
		say_line(cmd, STYLE_DIM, "  %s %s", report->request.method, report->request.path);
	else
		say_line(cmd, STYLE_GOOD, "applied: %zu change%s in %u request%s", shown,
			 shown == 1 ? "" : "s", member->writes, member->writes == 1 ? "" : "s");
}

static void report_member(struct cmd *cmd, const struct member *member)
{
	const struct plan_caddy *plan = member->plan;

	if (caddy_not_needed(cmd, member))
		return;
	for (size_t i = 0; plan && i < plan->problem_count; i++)
		say_problem(cmd, plan->problems[i].app, &plan->problems[i].problem);
	if (member->result == MEMBER_FAILED)
		say_error(cmd, &member->error);
	if (member->result == MEMBER_FAILED || (plan && plan->errors))
		cmd_fail(cmd, EXIT_TROUBLE);
}

/* --- JSON --- */

static json_t *change_json_new(struct cmd *cmd, const struct change *change)
{
	const struct app *app = world_app(cmd->world, change->app);
	json_t *out = json_object();

	json_object_set_new(out, "app", json_string_nocheck(change->app));
	json_object_set_new(out, "op", json_string(change_op_name(change->op)));
	json_object_set_new(out, "path",
			    json_string_nocheck(arena_printf(cmd->arena, "%s/%s",
							     CADDY_SERVERS_PATH, change->path)));
	json_object_set_new(out, "block_path",
			    change->block_path ? json_string_nocheck(change->block_path)
					       : json_null());
	json_object_set_new(out, "before",
			    mask_json_new(cmd, change->before, app, change->block_path));
	json_object_set_new(out, "after",
			    mask_json_new(cmd, change->after, app, change->block_path));
	return out;
}

static json_t *request_json_new(const struct plan_request *request)
{
	if (!request->method)
		return json_null();
	return json_pack("{s:s,s:s,s:s?}", "method", request->method, "path", request->path,
			 "guard", request->guard);
}

static json_t *member_json_new(struct cmd *cmd, const struct member *member)
{
	json_t *changes = json_array(), *problems = json_array(), *out = json_object();
	const struct plan_caddy *report = &member->report, *plan = member->plan;

	for (size_t i = 0; plan && i < report->change_count; i++)
		if (!member_has_aside(member, report->changes[i].app))
			json_array_append_new(changes, change_json_new(cmd, &report->changes[i]));
	for (size_t i = 0; plan && i < plan->problem_count; i++)
		json_array_append_new(problems, problem_json_new(cmd, plan->problems[i].app,
								 &plan->problems[i].problem));
	json_object_set_new(out, "endpoint", json_string_nocheck(member->endpoint.text));
	json_object_set_new(out, "result", json_string(result_names[member->result]));
	json_object_set_new(out, "error",
			    member->result == MEMBER_FAILED ? error_json_new(cmd, &member->error)
							    : json_null());
	json_object_set_new(out, "changes", changes);
	json_object_set_new(out, "request",
			    plan ? request_json_new(&report->request) : json_null());
	json_object_set_new(out, "writes", json_integer(member->writes));
	json_object_set_new(out, "retries", json_integer(member->retries));
	json_object_set_new(out, "problems", problems);
	return out;
}

static void print_report_json(struct cmd *cmd, const char *name)
{
	json_t *members = json_array(), *problems = json_array(), *out = json_object();
	const struct world *world = cmd->world;

	for (size_t i = 0; i < world->member_count; i++)
		json_array_append_new(members, member_json_new(cmd, &world->members[i]));
	for (size_t i = 0; i < world->app_count; i++)
		for (size_t j = 0; j < world->apps[i].problems.count; j++)
			json_array_append_new(problems,
					      problem_json_new(cmd, world->apps[i].name,
							       &world->apps[i].problems.items[j]));
	json_object_set_new(out, "command", json_string(name));
	json_object_set_new(out, "root", json_string_nocheck(world->root));
	json_object_set_new(out, "owner", json_string(world->owner));
	json_object_set_new(out, "plan", json_string(world_digest(world)));
	json_object_set_new(out, "caddy", members);
	json_object_set_new(out, "containers", models_json_new(cmd));
	json_object_set_new(out, "problems", problems);
	say_json_take(cmd, out);
}

/* --- the commands --- */

/* A folder without a file keeps what is live: worth a word each time, as nothing else tells. */
static void report_kept(struct cmd *cmd)
{
	for (size_t i = 0; i < cmd->world->member_count; i++) {
		const struct plan_caddy *plan = cmd->world->members[i].plan;

		for (size_t j = 0; plan && j < plan->app_count; j++) {
			const struct app_view *view = &plan->apps[j];
			struct kata_error e;

			if (!view->app || view->app->state != APP_NO_FILE || !view->live)
				continue;
			error_set(&e, ERROR_INVALID,
				  "the folder has no kata-compose.yaml; what is live stays");
			error_where(&e, "%s", view->name);
			error_hint(&e, "put the file back, or `kata-tui rm %s`", view->name);
			say_error(cmd, &e);
			cmd_fail(cmd, EXIT_TROUBLE);
		}
	}
}

static void finish_report(struct cmd *cmd, enum severity least)
{
	report_files(cmd, least);
	report_kept(cmd);
	report_models(cmd, least);
	for (size_t i = 0; i < cmd->world->member_count; i++)
		report_member(cmd, &cmd->world->members[i]);
}

static bool differs(const struct world *world)
{
	for (size_t i = 0; i < world->member_count; i++)
		if (world->members[i].result == MEMBER_PLANNED)
			return true;
	for (size_t i = 0; world->models && i < world->app_count; i++) {
		const struct app_model *model = &world->models[i];

		if (model->result == MODEL_PLANNED &&
		    (deploy_changes(&model->down) || deploy_changes(&model->images) ||
		     deploy_changes(&model->deploy)))
			return true;
	}
	return false;
}

static void print_models(struct cmd *cmd)
{
	for (size_t i = 0; cmd->world->models && i < cmd->world->app_count; i++) {
		const struct app_model *model = &cmd->world->models[i];

		print_plan(cmd, &model->down);
		print_plan(cmd, &model->images);
		print_plan(cmd, &model->deploy);
	}
}

static void show(struct cmd *cmd)
{
	bool any = differs(cmd->world);

	if (!cmd->options.json)
		print_models(cmd);
	for (size_t i = 0; i < cmd->world->member_count && !cmd->options.json; i++)
		print_member(cmd, &cmd->world->members[i], true);
	if (cmd->options.json)
		print_report_json(cmd, "diff");
	else if (any)
		say_line(cmd, STYLE_DIM, "plan %s", world_digest(cmd->world));
	finish_report(cmd, cmd->options.verbose ? SEVERITY_NOTE : SEVERITY_WARNING);
	if (cmd->exit)
		cmd->exit = EXIT_USAGE;
	else if (any)
		cmd->exit = EXIT_TROUBLE;
}

void show_work(struct cmd *cmd, const char **apps, size_t count, const struct work *work)
{
	struct engine_options options;

	cmd->apps = apps;
	cmd->app_count = count;
	engine_options_from(cmd, &options);
	world_plan_work(cmd->world, &options, work);
	world_plan(cmd->world, &options);
	show(cmd);
}

void finish_work(struct cmd *cmd, const char **apps, size_t count)
{
	cmd->apps = apps;
	cmd->app_count = count;
	for (size_t i = 0; i < cmd->world->member_count && !cmd->options.json; i++)
		print_member(cmd, &cmd->world->members[i], false);
	if (cmd->options.json)
		print_report_json(cmd, "apply");
	/* Who deploys looks; cron does not. */
	if (cmd->options.verbose)
		finish_report(cmd, SEVERITY_NOTE);
	else
		finish_report(cmd,
			      cmd->command->run == run_deploy ? SEVERITY_WARNING : SEVERITY_ERROR);
}

/* The apps on disk are known, and with them whether Docker is needed. */
static bool prepare(struct cmd *cmd, struct engine_options *options, const struct work *work)
{
	const char *keep = cmd->options.upstreams;

	cmd->world->keep_upstreams = keep && !strcmp(keep, "keep");
	if (cmd->arg_count == 1)
		cmd->world->focus = cmd->args[0];
	engine_options_from(cmd, options);
	world_observe(cmd->world, OBSERVE_APPS | OBSERVE_CADDY | OBSERVE_DOCKER);
	world_plan_work(cmd->world, options, work);
	world_plan(cmd->world, options);
	return check_apps(cmd);
}

void run_diff(struct cmd *cmd)
{
	struct engine_options options;
	struct work work;

	work_from(cmd, DEPLOY_REPAIR, &work);
	if (prepare(cmd, &options, &work))
		show(cmd);
}

void run_apply(struct cmd *cmd)
{
	struct engine_options options;
	struct work work;
	struct kata_error e;

	if (cmd->options.dry_run) {
		run_diff(cmd);
		return;
	}
	work_from(cmd, DEPLOY_REPAIR, &work);
	work.skip_locked = true;
	if (!prepare(cmd, &options, &work))
		return;
	if (!world_work(cmd->world, &options, &work, &e)) {
		say_error(cmd, &e);
		cmd_fail(cmd, EXIT_TROUBLE);
		return;
	}
	progress_end(cmd);
	finish_work(cmd, cmd->arg_count ? cmd->args : NULL, cmd->arg_count);
}
