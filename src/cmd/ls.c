/*
 * ls and validate: the apps, where they stand, and what their files have.
 */
#include "instances.h"

#include <string.h>

#include "kata/json.h"
#include "kata/swarm.h"

/* The view of an app that says most: the first member on which it is live, else the first. */
static const struct app_view *view_of(const struct world *world, const char *name)
{
	const struct app_view *best = NULL;

	for (size_t i = 0; i < world->member_count; i++) {
		const struct plan_caddy *plan = world->members[i].plan;

		for (size_t j = 0; plan && j < plan->app_count; j++) {
			if (strcmp(plan->apps[j].name, name) != 0)
				continue;
			if (!best || (!best->live && plan->apps[j].live))
				best = &plan->apps[j];
			break;
		}
	}
	return best;
}

static const char *join(struct cmd *cmd, const char **items, size_t count, size_t most)
{
	struct str out = STR_INIT;
	const char *text;

	for (size_t i = 0; i < count && i < most; i++)
		str_addf(&out, "%s%s", i ? "," : "", items[i]);
	if (count > most)
		str_addf(&out, ",+%zu", count - most);
	text = arena_strndup(cmd->arena, out.p, out.len);
	str_release(&out);
	return text;
}

static json_t *texts_json_new(const char **items, size_t count)
{
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(out, json_string_nocheck(items[i]));
	return out;
}

/* One line of the list. */
struct row {
	const char *name, *state, *caddy, *server;
	const struct app *app;
	const struct app_view *view;
	const struct app_view *shown;  /* where it listens, and its hosts; or NULL */
	const struct app_model *model; /* NULL: no services, nothing that runs */
	int running, wanted;	       /* containers or tasks; running -1: unknown */
	size_t problems;	       /* errors and warnings */
};

/* Of the app's services, by their label; name prefixes say nothing. */
static int tasks_running(const json_t *services, const char *app)
{
	int running = 0;
	size_t i;
	json_t *item;

	json_array_foreach((json_t *)services, i, item) {
		const json_t *labels = json_object_get(json_object_get(item, "Spec"), "Labels");
		const char *stack = json_member_text(labels, LABEL_STACK);

		if (stack && !strcmp(stack, app))
			running += (int)json_integer_value(json_object_get(
				json_object_get(item, "ServiceStatus"), "RunningTasks"));
	}
	return running;
}

/* What runs of the app, or -1: unknown. */
static int count_running(const struct world *world, const struct app_model *model)
{
	const struct docker_live *live = &world->live;

	if (!live->good)
		return -1;
	return model->swarm ? tasks_running(live->services, model->app->name)
			    : containers_running(live->containers, model->app->name);
}

static void row_count(struct cmd *cmd, struct row *row)
{
	const struct app_model *model = row->app ? world_model(cmd->world, row->name) : NULL;

	if (!model || (!model->compose.service_count && !model->live_compose && !model->live_swarm))
		return;
	row->model = model;
	row->running = count_running(cmd->world, model);
	for (size_t i = 0; i < model->compose.service_count; i++)
		if (!wishes_stop(&model->wishes, model->compose.services[i].name))
			row->wanted += model->compose.services[i].replicas;
}

static const char *row_containers(struct cmd *cmd, const struct row *row)
{
	if (!row->model)
		return "-";
	if (row->running < 0)
		return "?";
	return arena_printf(cmd->arena, "%d/%d%s", row->running, row->wanted,
			    row->model->wishes.stopped ? " stopped" : "");
}

static size_t count_problems(const struct world *world, const struct row *row)
{
	size_t count = row->app ? row->app->problems.more : 0;

	for (size_t i = 0; row->app && i < row->app->problems.count; i++)
		count += row->app->problems.items[i].severity > SEVERITY_NOTE;
	for (size_t i = 0; i < world->member_count; i++) {
		const struct plan_caddy *plan = world->members[i].plan;

		for (size_t j = 0; plan && j < plan->problem_count; j++)
			count += plan->problems[j].app &&
				 !strcmp(plan->problems[j].app, row->name) &&
				 plan->problems[j].problem.severity > SEVERITY_NOTE;
	}
	return count;
}

/* What is live says where it is; of an app that is not, or not known to be, its file. */
static const struct app_view *view_to_show(struct cmd *cmd, const struct row *row)
{
	struct app_view *file;

	if ((row->view && row->view->live) || !row->app || !row->app->caddy)
		return row->view;
	file = arena_alloc(cmd->arena, sizeof *file);
	plan_block_view(cmd->arena, row->app->caddy, file);
	return file;
}

static void row_make(struct cmd *cmd, const char *name, const struct app *app, struct row *row)
{
	*row = (struct row){.name = name, .app = app, .view = view_of(cmd->world, name)};
	row->state = app ? app_state_name(app) : "gone";
	row->caddy = row->view ? app_status_name(row->view->status) : "unknown";
	row->server = row->view && row->view->server ? row->view->server : "";
	row->shown = view_to_show(cmd, row);
	row->problems = count_problems(cmd->world, row);
	row_count(cmd, row);
}

/* "live", "file", or nothing: nobody knows where it listens. */
static const char *row_from(const struct row *row)
{
	if (row->view && row->view->live)
		return "live";
	return row->app && row->app->caddy ? "file" : NULL;
}

static json_t *row_json_new(const struct row *row)
{
	const struct app_view *view = row->shown;
	const char *from = row_from(row);
	json_t *out = json_object();

	json_object_set_new(out, "name", json_string_nocheck(row->name));
	json_object_set_new(out, "state", json_string(row->state));
	json_object_set_new(out, "caddy", json_string(row->caddy));
	json_object_set_new(
		out, "listen",
		texts_json_new(view ? view->listen : NULL, view ? view->listen_count : 0));
	json_object_set_new(out, "hosts",
			    texts_json_new(view ? view->hosts : NULL, view ? view->host_count : 0));
	json_object_set_new(out, "from", from ? json_string(from) : json_null());
	json_object_set_new(out, "wants_caddy", json_boolean(row->app && row->app->wants_caddy));
	json_object_set_new(out, "problems", json_integer((json_int_t)row->problems));
	json_object_set_new(out, "server",
			    *row->server ? json_string_nocheck(row->server) : json_null());
	if (row->model) {
		json_object_set_new(out, "mode",
				    json_string(row->model->swarm ? "swarm" : "compose"));
		json_object_set_new(out, "mode_rule",
				    row->model->mode_rule ? json_string(row->model->mode_rule)
							  : json_null());
		json_object_set_new(out, "stopped", json_boolean(row->model->wishes.stopped));
		json_object_set_new(out, "running",
				    row->running < 0 ? json_null() : json_integer(row->running));
		json_object_set_new(out, "wanted", json_integer(row->wanted));
	} else {
		json_object_set_new(out, "mode", json_null());
	}
	return out;
}

static enum style row_style(const struct row *row)
{
	if (!strcmp(row->state, "invalid") || !strcmp(row->caddy, "refused"))
		return STYLE_ERROR;
	if (row->model && row->running != row->wanted)
		return STYLE_CHANGE;
	if (!row->view && row->shown)
		return STYLE_DIM;
	if (!strcmp(row->caddy, "in-sync") || row->model)
		return STYLE_PLAIN;
	return !strcmp(row->caddy, "none") ? STYLE_DIM : STYLE_CHANGE;
}

enum { COLUMNS = 8, WIDTH_MAX = 40 };

static void row_cells(struct cmd *cmd, const struct row *row, const char **cells)
{
	const struct app_view *view = row->shown;

	cells[0] = row->name;
	cells[1] = row->state;
	cells[2] = row->caddy;
	cells[3] = !row->model ? "-" : row->model->swarm ? "swarm" : "compose";
	if (row->model && cmd->options.verbose && row->model->mode_rule)
		cells[3] = arena_printf(cmd->arena, "%s (%s)", cells[3], row->model->mode_rule);
	cells[4] = row_containers(cmd, row);
	cells[5] = *row->server ? row->server : "-";
	cells[6] =
		view && view->listen_count ? join(cmd, view->listen, view->listen_count, 3) : "-";
	cells[7] = view && view->host_count ? join(cmd, view->hosts, view->host_count, 3) : "-";
	if (view && view->catch_all && !view->host_count && view->listen_count)
		cells[7] = "(any host)";
}

/* Every app on disk, then what is only live. */
static size_t collect_rows(struct cmd *cmd, struct row **out)
{
	const struct world *world = cmd->world;
	size_t max = world->app_count, count = 0;

	for (size_t i = 0; i < world->member_count; i++)
		max += world->members[i].plan ? world->members[i].plan->app_count : 0;
	*out = arena_alloc(cmd->arena, (max + 1) * sizeof **out);
	for (size_t i = 0; i < world->app_count; i++)
		row_make(cmd, world->apps[i].name, &world->apps[i], &(*out)[count++]);
	for (size_t i = 0; i < world->member_count; i++) {
		const struct plan_caddy *plan = world->members[i].plan;

		for (size_t j = 0; plan && j < plan->app_count; j++) {
			bool known = plan->apps[j].app != NULL;

			for (size_t k = world->app_count; k < count && !known; k++)
				known = !strcmp((*out)[k].name, plan->apps[j].name);
			if (!known)
				row_make(cmd, plan->apps[j].name, NULL, &(*out)[count++]);
		}
	}
	return count;
}

static void print_cells(struct cmd *cmd, enum style style, const char **cells, const int *widths)
{
	struct str line = STR_INIT;

	for (size_t c = 0; c < COLUMNS; c++)
		str_addf(&line, "%-*s%s", c + 1 < COLUMNS ? widths[c] : 0, cells[c],
			 c + 1 < COLUMNS ? "  " : "");
	say_line(cmd, style, "%s", line.p);
	str_release(&line);
}

static void print_rows(struct cmd *cmd, const struct row *rows, size_t count)
{
	static const char *const titles[COLUMNS] = {"APP",     "FILE",	 "CADDY",  "MODE",
						    "RUNNING", "SERVER", "LISTEN", "HOSTS"};
	const char **cells = arena_alloc(cmd->arena, (count + 1) * COLUMNS * sizeof *cells);
	int widths[COLUMNS] = {0};

	if (!count) {
		say_line(cmd, STYLE_DIM,
			 "no app yet: make a folder %s/app/NAME with a "
			 "kata-compose.yaml",
			 cmd->world->root);
		return;
	}
	memcpy(cells, titles, sizeof titles);
	for (size_t i = 0; i < count; i++)
		row_cells(cmd, &rows[i], cells + (i + 1) * COLUMNS);
	for (size_t i = 0; i < (count + 1) * COLUMNS; i++) {
		int len = (int)strlen(cells[i]);

		if (len > widths[i % COLUMNS])
			widths[i % COLUMNS] = len < WIDTH_MAX ? len : WIDTH_MAX;
	}
	print_cells(cmd, STYLE_DIM, cells, widths);
	for (size_t i = 0; i < count; i++)
		print_cells(cmd, row_style(&rows[i]), cells + (i + 1) * COLUMNS, widths);
}

void run_ls(struct cmd *cmd)
{
	struct engine_options options;
	struct row *rows;
	size_t count;

	engine_options_from(cmd, &options);
	world_observe(cmd->world, OBSERVE_APPS | OBSERVE_CADDY | OBSERVE_DOCKER | OBSERVE_BRIEF);
	world_plan(cmd->world, &options);
	count = collect_rows(cmd, &rows);
	if (cmd->options.json) {
		json_t *apps = json_array();

		for (size_t i = 0; i < count; i++)
			json_array_append_new(apps, row_json_new(&rows[i]));
		say_json_take(cmd, json_pack("{s:o}", "apps", apps));
	} else {
		print_rows(cmd, rows, count);
	}
	if (!cmd->world->listed) {
		say_error(cmd, &cmd->world->list_error);
		cmd_fail(cmd, EXIT_USAGE);
	}
	if (cmd->world->live.read && !cmd->world->live.good) {
		say_error(cmd, &cmd->world->live.error);
		cmd_fail(cmd, EXIT_TROUBLE);
	}
	for (size_t i = 0; i < cmd->world->member_count; i++) {
		if (cmd->world->members[i].live.good ||
		    caddy_not_needed(cmd, &cmd->world->members[i]))
			continue;
		say_error(cmd, &cmd->world->members[i].live.error);
		cmd_fail(cmd, EXIT_TROUBLE);
	}
}

static void validate_json(struct cmd *cmd, size_t valid, size_t invalid)
{
	json_t *problems = json_array();

	for (size_t i = 0; i < cmd->world->app_count; i++) {
		const struct app *app = &cmd->world->apps[i];

		for (size_t j = 0; j < app->problems.count; j++)
			json_array_append_new(problems, problem_json_new(cmd, app->name,
									 &app->problems.items[j]));
	}
	say_json_take(cmd, json_pack("{s:I,s:I,s:o}", "valid", (json_int_t)valid, "invalid",
				     (json_int_t)invalid, "problems", problems));
}

void run_validate(struct cmd *cmd)
{
	size_t valid = 0, invalid = 0;

	world_observe(cmd->world, OBSERVE_APPS);
	if (!check_apps(cmd))
		return;
	for (size_t i = 0; i < cmd->world->app_count; i++) {
		const struct app *app = &cmd->world->apps[i];
		bool named = !cmd->arg_count;

		for (size_t j = 0; j < cmd->arg_count; j++)
			named = named || !strcmp(cmd->args[j], app->name);
		valid += named && app->state == APP_VALID;
		invalid += named && app->state == APP_INVALID;
	}
	if (cmd->options.json) {
		validate_json(cmd, valid, invalid);
		cmd_fail(cmd, invalid ? EXIT_TROUBLE : EXIT_DONE);
		cmd_fail(cmd, cmd->world->listed ? EXIT_DONE : EXIT_USAGE);
		return;
	}
	report_files(cmd, cmd->options.verbose ? SEVERITY_NOTE : SEVERITY_WARNING);
	say_line(cmd, invalid ? STYLE_ERROR : STYLE_GOOD, "%zu valid, %zu invalid", valid, invalid);
}
