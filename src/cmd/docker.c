/*
 * docker:services, and docker itself: the CLI, if it is there, on our engine.
 */
#include "instances.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kata/container.h"
#include "kata/json.h"
#include "kata/swarm.h"

/* --- docker --- */

/* The address as DOCKER_HOST wants it. */
static const char *docker_host(struct cmd *cmd)
{
	const struct http_endpoint *endpoint = &cmd->world->docker.endpoint;
	const char *address = strstr(endpoint->base, "://");

	if (endpoint->socket)
		return arena_printf(cmd->arena, "unix://%s", endpoint->socket);
	return arena_printf(cmd->arena, "tcp%s", address ? address : "://localhost");
}

void run_docker(struct cmd *cmd)
{
	const char **argv = arena_alloc(cmd->arena, (cmd->arg_count + 2) * sizeof *argv);
	struct kata_error e;

	argv[0] = "docker";
	for (size_t i = 0; i < cmd->arg_count; i++)
		argv[i + 1] = cmd->args[i];
	setenv("DOCKER_HOST", docker_host(cmd), 1);
	/* A context, or a config that names one, would win over the host. */
	unsetenv("DOCKER_CONTEXT");
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], (char *const *)argv);
	error_sys(&e, "docker");
	if (e.sys == ENOENT)
		error_hint(&e, "the docker CLI is not installed, and nothing else here needs it: "
			       "see `kata-tui help` for ps, logs, run, docker:services");
	say_error(cmd, &e);
	cmd_fail(cmd, e.sys == ENOENT ? 127 : 126);
}

/* --- docker:services --- */

struct service_row {
	const char *app, *service, *image;
	bool swarm;
	json_int_t running, wanted; /* wanted -1: unknown */
	struct port *ports;
	size_t port_count;
};

struct service_rows {
	struct service_row *items;
	size_t count, cap;
};

static struct service_row *row_add(struct cmd *cmd, struct service_rows *rows, const char *app,
				   const char *service, bool swarm)
{
	rows->items =
		arena_grow(cmd->arena, rows->items, rows->count, &rows->cap, sizeof *rows->items);
	rows->items[rows->count] = (struct service_row){
		.app = app, .service = service, .swarm = swarm, .image = "", .wanted = -1};
	return &rows->items[rows->count++];
}

static struct service_row *row_find(const struct service_rows *rows, const char *app,
				    const char *service)
{
	for (size_t i = 0; i < rows->count; i++)
		if (!strcmp(rows->items[i].app, app) && !strcmp(rows->items[i].service, service))
			return &rows->items[i];
	return NULL;
}

/* All ports of a service's containers: each of them may publish another one. */
static void add_ports(struct cmd *cmd, struct service_row *row, const struct instance *it)
{
	struct port *all =
		arena_alloc(cmd->arena, (row->port_count + it->port_count + 1) * sizeof *all);

	memcpy(all, row->ports ? row->ports : all, row->port_count * sizeof *all);
	memcpy(all + row->port_count, it->ports, it->port_count * sizeof *all);
	row->ports = all;
	row->port_count = ports_unite(all, row->port_count + it->port_count);
}

static void add_compose(struct cmd *cmd, struct service_rows *rows, const struct app *app)
{
	struct instances list = {.arena = cmd->arena};

	instances_add_containers(&list, cmd->world->live.containers, time(NULL));
	instances_sort(&list);
	for (size_t i = 0; i < list.count; i++) {
		const struct instance *it = &list.items[i];
		struct service_row *row;

		if (strcmp(it->app, app->name) != 0 || !instance_is_ours(cmd, it))
			continue;
		row = row_find(rows, app->name, it->service);
		if (!row)
			row = row_add(cmd, rows, app->name, it->service, false);
		row->running += it->running;
		row->image = *row->image ? row->image : it->image;
		add_ports(cmd, row, it);
	}
}

/* What the file wants: replicas of what runs here, and services of which nothing runs. */
static void add_wanted(struct cmd *cmd, struct service_rows *rows, const struct app_model *model)
{
	for (size_t i = 0; i < model->compose.service_count; i++) {
		const struct compose_service *service = &model->compose.services[i];
		struct service_row *row = row_find(rows, model->app->name, service->name);

		if (!row)
			row = row_add(cmd, rows, model->app->name, service->name, model->swarm);
		if (!*row->image)
			row->image = container_image(cmd->arena, &model->compose, service);
		if (row->wanted < 0)
			row->wanted =
				wishes_stop(&model->wishes, service->name) ? 0 : service->replicas;
	}
}

static void add_swarm(struct cmd *cmd, struct service_rows *rows, const char *app)
{
	size_t i, len = strlen(app);
	json_t *service;

	json_array_foreach(cmd->world->live.services, i, service) {
		const json_t *spec = json_object_member(service, "Spec", JSON_OBJECT);
		const json_t *labels = json_object_member(spec, "Labels", JSON_OBJECT);
		const json_t *status = json_object_member(service, "ServiceStatus", JSON_OBJECT);
		const json_t *container =
			json_object_member(json_object_member(spec, "TaskTemplate", JSON_OBJECT),
					   "ContainerSpec", JSON_OBJECT);
		const char *stack = json_member_text(labels, LABEL_STACK);
		const char *name = json_member_text(spec, "Name");
		const char *image = json_member_text(container, "Image");
		struct service_row *row;

		if (!stack || !name || strcmp(stack, app) != 0)
			continue;
		name = !strncmp(name, app, len) && name[len] == '_' ? name + len + 1 : name;
		row = row_add(cmd, rows, app, name, true);
		row->image = image ? image_text(cmd->arena, image) : "";
		row->running = json_integer_value(json_object_get(status, "RunningTasks"));
		row->wanted = json_integer_value(json_object_get(status, "DesiredTasks"));
		row->port_count = ports_read(
			cmd->arena, json_object_get(json_object_get(service, "Endpoint"), "Ports"),
			&row->ports);
	}
}

static int row_compare(const void *x, const void *y)
{
	const struct service_row *a = x, *b = y;
	int order = strcmp(a->app, b->app);

	order = order ? order : strcmp(a->service, b->service);
	return order ? order : (int)a->swarm - (int)b->swarm;
}

static void print_services(struct cmd *cmd, const struct service_rows *rows)
{
	enum { COLUMNS = 6 };
	static const char *const titles[COLUMNS] = {"APP",	"SERVICE", "MODE",
						    "REPLICAS", "IMAGE",   "PORTS"};
	const char **cells = arena_alloc(cmd->arena, (rows->count + 1) * sizeof titles);
	enum style *styles = arena_alloc(cmd->arena, (rows->count + 1) * sizeof *styles);

	memcpy(cells, titles, sizeof titles);
	for (size_t i = 0; i < rows->count; i++) {
		const struct service_row *row = &rows->items[i];
		const char **line = cells + (i + 1) * COLUMNS;

		line[0] = row->app;
		line[1] = row->service;
		line[2] = row->swarm ? "swarm" : "compose";
		line[3] = row->wanted < 0
				  ? arena_printf(cmd->arena, "%lld/?", (long long)row->running)
				  : arena_printf(cmd->arena, "%lld/%lld", (long long)row->running,
						 (long long)row->wanted);
		line[4] = row->image;
		line[5] = ports_text(cmd->arena, row->ports, row->port_count, 4);
		styles[i + 1] = row->running == row->wanted ? STYLE_PLAIN : STYLE_CHANGE;
	}
	say_table(cmd, cells, rows->count + 1, COLUMNS, styles);
}

static json_t *row_json_new(const struct service_row *row)
{
	json_t *out = json_object();

	json_object_set_new(out, "app", json_string_nocheck(row->app));
	json_object_set_new(out, "service", json_string_nocheck(row->service));
	json_object_set_new(out, "mode", json_string(row->swarm ? "swarm" : "compose"));
	json_object_set_new(out, "running", json_integer(row->running));
	json_object_set_new(out, "wanted",
			    row->wanted >= 0 ? json_integer(row->wanted) : json_null());
	json_object_set_new(out, "image",
			    *row->image ? json_string_nocheck(row->image) : json_null());
	json_object_set_new(out, "ports", ports_json_new(row->ports, row->port_count));
	return out;
}

static void add_app(struct cmd *cmd, struct service_rows *rows, const struct app *app)
{
	add_swarm(cmd, rows, app->name);
	add_compose(cmd, rows, app);
	add_wanted(cmd, rows, world_model(cmd->world, app->name));
}

void run_docker_services(struct cmd *cmd)
{
	const struct app *only;
	struct service_rows rows = {0};

	world_observe(cmd->world, OBSERVE_APPS | OBSERVE_DOCKER_ALWAYS | OBSERVE_BRIEF);
	only = cmd->arg_count ? one_app(cmd) : NULL;
	if (cmd->arg_count && !only)
		return;
	if (!cmd->world->live.good) {
		say_error(cmd, &cmd->world->live.error);
		cmd_fail(cmd, EXIT_TROUBLE);
		return;
	}
	for (size_t i = 0; i < cmd->world->app_count; i++)
		if (!only || only == &cmd->world->apps[i])
			add_app(cmd, &rows, &cmd->world->apps[i]);
	if (rows.count > 1)
		qsort(rows.items, rows.count, sizeof *rows.items, row_compare);
	if (cmd->options.json) {
		json_t *out = json_array();

		for (size_t i = 0; i < rows.count; i++)
			json_array_append_new(out, row_json_new(&rows.items[i]));
		say_json_take(cmd, out);
	} else if (rows.count) {
		print_services(cmd, &rows);
	} else {
		say_line(cmd, STYLE_DIM, "no services");
	}
	if (!cmd->world->listed) {
		say_error(cmd, &cmd->world->list_error);
		cmd_fail(cmd, EXIT_USAGE);
	}
}
