/*
 * ps: containers of Compose mode and tasks of Swarm mode.
 */
#include "instances.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "kata/container.h"
#include "kata/swarm.h"
#include "kata/text.h"

enum { CONTAINERS, TASKS, SERVICES, NODES, STACK, READS };

bool instance_is_ours(const struct cmd *cmd, const struct instance *instance)
{
	const char *folder = arena_printf(cmd->arena, "%s/app/%s", cmd->world->root, instance->app);
	struct stat a, b;

	if (!instance->folder || !strcmp(folder, instance->folder))
		return true;
	/* The same folder by another path. */
	return !stat(folder, &a) && !stat(instance->folder, &b) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static bool is_named(const struct cmd *cmd, const char *app)
{
	for (size_t i = 0; i < cmd->arg_count; i++)
		if (!strcmp(cmd->args[i], app))
			return true;
	return !cmd->arg_count;
}

/* A stack says nothing of a folder: unless it was asked for, it has to be one of our apps'. */
static bool is_shown(const struct cmd *cmd, const struct instance *instance)
{
	const char *folder = arena_printf(cmd->arena, "%s/app/%s", cmd->world->root, instance->app);
	struct stat st;

	if (!is_named(cmd, instance->app) || !instance_is_ours(cmd, instance))
		return false;
	return !instance->swarm || cmd->arg_count ||
	       (!app_name_problem(instance->app) && !stat(folder, &st));
}

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_string_nocheck(text) : json_null();
}

static json_t *instance_json_new(struct cmd *cmd, const struct instance *it)
{
	json_t *out = json_object();

	json_object_set_new(out, "app", json_string_nocheck(it->app));
	json_object_set_new(out, "mode", json_string(it->swarm ? "swarm" : "compose"));
	json_object_set_new(out, "service", text_or_null(it->service));
	json_object_set_new(out, "name", json_string_nocheck(it->name));
	json_object_set_new(out, "number", it->number ? json_integer(it->number) : json_null());
	json_object_set_new(out, "id", text_or_null(it->id));
	json_object_set_new(out, "container", text_or_null(it->container));
	json_object_set_new(out, "state", text_or_null(it->state));
	json_object_set_new(out, "status",
			    text_or_null(text_safe_copy(cmd->arena, mask_text(cmd, it->status))));
	json_object_set_new(out, "since", it->since >= 0 ? json_integer(it->since) : json_null());
	json_object_set_new(out, "health", text_or_null(it->health));
	json_object_set_new(out, "exit_code",
			    it->exit_code >= 0 ? json_integer(it->exit_code) : json_null());
	json_object_set_new(out, "image", text_or_null(it->image));
	json_object_set_new(out, "node", text_or_null(it->node));
	json_object_set_new(out, "ports", ports_json_new(it->ports, it->port_count));
	return out;
}

static enum style instance_style(const struct instance *it)
{
	if (it->health && strcmp(it->health, "healthy") != 0)
		return strcmp(it->health, "unhealthy") ? STYLE_CHANGE : STYLE_ERROR;
	if (!strcmp(it->state, "running"))
		return STYLE_PLAIN;
	if (it->exit_code > 0 || !strcmp(it->state, "dead") || !strcmp(it->state, "failed") ||
	    !strcmp(it->state, "rejected"))
		return STYLE_ERROR;
	return it->running || it->swarm ? STYLE_CHANGE : STYLE_DIM;
}

static void print_instances(struct cmd *cmd, const struct instances *list)
{
	static const char *const titles[] = {"NAME", "SERVICE", "STATE", "IMAGE", "NODE", "PORTS"};
	const char **cells = arena_alloc(cmd->arena, (list->count + 1) * 6 * sizeof *cells);
	enum style *styles = arena_alloc(cmd->arena, (list->count + 1) * sizeof *styles);
	bool nodes = false;
	size_t n = 0;

	for (size_t i = 0; i < list->count; i++)
		nodes = nodes || list->items[i].node;
	for (size_t c = 0; c < 6; c++)
		if (nodes || c != 4)
			cells[n++] = titles[c];
	for (size_t i = 0; i < list->count; i++) {
		const struct instance *it = &list->items[i];

		styles[i + 1] = instance_style(it);
		cells[n++] = it->name;
		cells[n++] = it->service;
		cells[n++] = it->status;
		cells[n++] = it->image;
		if (nodes)
			cells[n++] = it->node ? it->node : "";
		cells[n++] = ports_text(cmd->arena, it->ports, it->port_count, 4);
	}
	say_table(cmd, cells, list->count + 1, nodes ? 6 : 5, styles);
}

/* Fills the list; false when the engine did not answer. */
static bool read_instances(struct cmd *cmd, struct instances *list, struct fetch *reads)
{
	const char *one = cmd->arg_count == 1 ? cmd->args[0] : NULL;
	struct instances all = {.arena = cmd->arena};
	int64_t now;

	reads[CONTAINERS].path = path_containers(cmd, LABEL_PROJECT, one);
	reads[TASKS].path = path_tasks(cmd, one);
	reads[SERVICES].path = path_services(cmd, one);
	reads[NODES].path = "/nodes";
	reads[STACK].path = path_containers(cmd, LABEL_STACK, one);
	fetch_all(cmd, reads, READS);
	now = time(NULL);
	if (!fetch_check(cmd, &reads[CONTAINERS]))
		return false;
	instances_add_containers(&all, reads[CONTAINERS].value, now);
	/* Only managers know tasks; a worker at least has those of its own. */
	if (fetch_no_swarm(&reads[TASKS]))
		instances_add_containers(&all, reads[STACK].value, now);
	else
		fetch_check(cmd, &reads[TASKS]);
	instances_add_tasks(&all, reads[TASKS].value, reads[SERVICES].value, reads[NODES].value,
			    now);
	*list = (struct instances){.arena = cmd->arena};
	list->items = arena_alloc(cmd->arena, (all.count + 1) * sizeof *list->items);
	for (size_t i = 0; i < all.count; i++)
		if (is_shown(cmd, &all.items[i]))
			list->items[list->count++] = all.items[i];
	instances_sort(list);
	return true;
}

/* Every app that was named and has nothing has to be there at least. */
static bool check_named(struct cmd *cmd, const struct instances *list)
{
	bool observed = false, all = true;

	for (size_t i = 0; i < cmd->arg_count; i++) {
		bool found = false;

		for (size_t j = 0; j < list->count && !found; j++)
			found = !strcmp(list->items[j].app, cmd->args[i]);
		if (!found && !observed)
			world_observe(cmd->world, OBSERVE_APPS);
		observed = observed || !found;
		if (found || world_app(cmd->world, cmd->args[i]))
			continue;
		no_such_app(cmd, cmd->args[i]);
		all = false;
	}
	return all;
}

void run_ps(struct cmd *cmd)
{
	struct fetch reads[READS] = {{0}};
	struct instances list;

	if (read_instances(cmd, &list, reads) && check_named(cmd, &list)) {
		if (cmd->options.json) {
			json_t *out = json_array();

			for (size_t i = 0; i < list.count; i++)
				json_array_append_new(out, instance_json_new(cmd, &list.items[i]));
			say_json_take(cmd, out);
		} else if (list.count) {
			print_instances(cmd, &list);
		} else {
			say_line(cmd, STYLE_DIM, "no containers");
		}
	}
	fetch_release(reads, READS);
}
