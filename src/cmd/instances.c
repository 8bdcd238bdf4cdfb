/*
 * Containers and Swarm tasks as one list, made from what the engine lists. Pure.
 */
#include "instances.h"

#include <stdlib.h>
#include <string.h>

#include "kata/container.h"
#include "kata/deploy.h"
#include "kata/json.h"
#include "kata/swarm.h"
#include "kata/text.h"

#define LABEL_TASK_NAME	       "com.docker.swarm.task.name"
#define LABEL_SWARM_SERVICE    "com.docker.swarm.service.name"
#define LABEL_SWARM_SERVICE_ID "com.docker.swarm.service.id"
#define LABEL_NODE_ID	       "com.docker.swarm.node.id"

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_member_text(object, key);

	return text ? text : "";
}

static const json_t *object_at(const json_t *object, const char *key)
{
	return json_object_member(object, key, JSON_OBJECT);
}

static unsigned number_at(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 && n < 1000000000 ? (unsigned)n : 0;
}

static struct instance *instance_new(struct instances *list)
{
	list->items =
		arena_grow(list->arena, list->items, list->count, &list->cap, sizeof *list->items);
	list->items[list->count] = (struct instance){.container = "", .since = -1, .exit_code = -1};
	return &list->items[list->count++];
}

/* "blog_web" of the stack "blog" is "web". */
static const char *without_stack(const char *service, const char *stack)
{
	size_t len = strlen(stack);

	return !strncmp(service, stack, len) && service[len] == '_' ? service + len + 1 : service;
}

const char *image_text(struct arena *a, const char *image)
{
	const char *at = strchr(image, '@');

	if (!strncmp(image, "sha256:", 7))
		return arena_printf(a, "%.12s", image + 7);
	return at && at != image ? arena_strndup(a, image, (size_t)(at - image)) : image;
}

/* --- ports --- */

static bool is_any(const char *ip)
{
	return !*ip || !strcmp(ip, "0.0.0.0") || !strcmp(ip, "::");
}

static bool port_same(const struct port *a, const struct port *b)
{
	return a->published == b->published && a->target == b->target &&
	       !strcmp(a->protocol, b->protocol) && !strcmp(a->host_ip, b->host_ip);
}

static int port_compare(const void *x, const void *y)
{
	const struct port *a = x, *b = y;

	if (a->target != b->target)
		return a->target < b->target ? -1 : 1;
	if (a->published != b->published)
		return a->published < b->published ? -1 : 1;
	return strcmp(a->protocol, b->protocol) ? strcmp(a->protocol, b->protocol)
						: strcmp(a->host_ip, b->host_ip);
}

/* A container's ports have PrivatePort, PublicPort, Type, IP; a service's PublishedPort,
 * TargetPort, Protocol. */
static void port_read(const json_t *json, struct port *out)
{
	bool service = json_object_get(json, "TargetPort") != NULL;
	const char *protocol = text_at(json, service ? "Protocol" : "Type");

	*out = (struct port){
		.host_ip = is_any(text_at(json, "IP")) ? "" : text_at(json, "IP"),
		.protocol = *protocol ? protocol : "tcp",
		.published = number_at(json, service ? "PublishedPort" : "PublicPort"),
		.target = number_at(json, service ? "TargetPort" : "PrivatePort"),
	};
}

size_t ports_unite(struct port *ports, size_t count)
{
	size_t kept = 0;

	if (count > 1)
		qsort(ports, count, sizeof *ports, port_compare);
	for (size_t i = 0; i < count; i++)
		if (!kept || !port_same(&ports[kept - 1], &ports[i]))
			ports[kept++] = ports[i];
	return kept;
}

size_t ports_read(struct arena *a, const json_t *array, struct port **out)
{
	struct port *ports = arena_alloc(a, (json_array_size(array) + 1) * sizeof *ports);
	size_t count = 0, i;
	json_t *item;

	json_array_foreach((json_t *)array, i, item)
		port_read(item, &ports[count++]);
	*out = ports;
	return ports_unite(ports, count);
}

static void port_add(struct str *out, const struct port *port)
{
	if (port->published && *port->host_ip)
		str_addf(out, strchr(port->host_ip, ':') ? "[%s]:" : "%s:", port->host_ip);
	if (port->published)
		str_addf(out, "%u->", port->published);
	str_addf(out, "%u/%s", port->target, port->protocol);
}

const char *ports_text(struct arena *a, const struct port *ports, size_t count, size_t most)
{
	struct str out = STR_INIT;
	const char *text;

	for (size_t i = 0; i < count && i < most; i++) {
		str_add(&out, i ? ", " : "");
		port_add(&out, &ports[i]);
	}
	if (count > most)
		str_addf(&out, ", +%zu", count - most);
	text = arena_strndup(a, out.p, out.len);
	str_release(&out);
	return text;
}

json_t *ports_json_new(const struct port *ports, size_t count)
{
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *port = json_object();

		json_object_set_new(port, "host_ip",
				    *ports[i].host_ip ? json_string_nocheck(ports[i].host_ip)
						      : json_null());
		json_object_set_new(port, "published",
				    ports[i].published ? json_integer(ports[i].published)
						       : json_null());
		json_object_set_new(port, "target", json_integer(ports[i].target));
		json_object_set_new(port, "protocol", json_string_nocheck(ports[i].protocol));
		json_array_append_new(out, port);
	}
	return out;
}

/* --- containers --- */

/* From "Up 2 minutes (healthy)", "Up 1 second (health: starting)". */
static const char *health_of(const char *status)
{
	static const struct {
		const char *in, *health;
	} rows[] = {
		{"(healthy)", "healthy"},
		{"(unhealthy)", "unhealthy"},
		{"(health: starting)", "starting"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strstr(status, rows[i].in))
			return rows[i].health;
	return NULL;
}

/* The list does not tell when a container was started, but about how long ago. Mostly it was when
 * it was made, and that is known to the second. */
static int64_t since_of(const json_t *json, const char *status, int64_t now)
{
	int64_t created = json_integer_value(json_object_get(json, "Created")), span, unit, since;
	bool runs = !strncmp(status, "Up", 2);

	if (!time_span_read(status, &span, &unit))
		return -1;
	since = now - span;
	if (created <= now && created > (runs ? since - unit : since))
		return created;
	return since;
}

static void add_container(struct instances *list, const json_t *json, const char *project)
{
	struct instance *out;
	struct live_container c;

	live_container_read(json, &c);
	if (c.oneoff)
		return;
	out = instance_new(list);
	out->app = project;
	out->service = c.service;
	out->name = *c.name ? c.name : c.id;
	out->label = arena_printf(list->arena, "%s-%u", c.service, c.number);
	out->number = c.number;
	out->folder = c.folder;
}

int containers_running(const json_t *containers, const char *app)
{
	int running = 0;
	size_t i;
	json_t *json;

	json_array_foreach((json_t *)containers, i, json) {
		const char *project = text_at(object_at(json, "Labels"), LABEL_PROJECT);
		struct live_container c;

		live_container_read(json, &c);
		running += !strcmp(project, app) && !c.oneoff && !strcmp(c.state, "running");
	}
	return running;
}

/* Task "blog_web.1.<task id>": its label is "web.1". A global service's has a node's id there. */
static void add_task_container(struct instances *list, const json_t *labels, const char *stack)
{
	const char *service = without_stack(text_at(labels, LABEL_SWARM_SERVICE), stack);
	const char *task = without_stack(text_at(labels, LABEL_TASK_NAME), stack), *rest;
	struct instance *out = instance_new(list);
	uint64_t slot;

	out->app = stack;
	out->service = service;
	out->name = task;
	out->label = service;
	rest = task + strlen(service);
	if (!strncmp(task, service, strlen(service)) && *rest == '.') {
		const char *slot_text =
			arena_strndup(list->arena, rest + 1, strcspn(rest + 1, "."));

		out->label = arena_printf(list->arena, "%s.%.12s", service, slot_text);
		if (text_u64(slot_text, 0, 1000000, &slot))
			out->number = (unsigned)slot;
	}
	out->swarm = true;
	out->node_id = text_at(labels, LABEL_NODE_ID);
	out->service_id = text_at(labels, LABEL_SWARM_SERVICE_ID);
}

void instances_add_containers(struct instances *list, const json_t *containers, int64_t now)
{
	size_t i;
	json_t *json;

	json_array_foreach((json_t *)containers, i, json) {
		const json_t *labels = object_at(json, "Labels");
		const char *project = json_member_text(labels, LABEL_PROJECT);
		const char *stack = json_member_text(labels, LABEL_STACK);
		size_t before = list->count;
		struct live_container c;
		struct instance *out;

		if (project)
			add_container(list, json, project);
		else if (stack && json_member_text(labels, LABEL_SWARM_SERVICE))
			add_task_container(list, labels, stack);
		if (list->count == before)
			continue;
		live_container_read(json, &c);
		out = &list->items[before];
		out->id = c.id;
		out->container = c.id;
		out->state = c.state;
		out->status = text_at(json, "Status");
		out->health = health_of(out->status);
		out->since = since_of(json, out->status, now);
		out->running = c.running;
		out->exit_code = c.running ? -1 : c.exit_code;
		out->image = image_text(list->arena, text_at(json, "Image"));
		out->port_count =
			ports_read(list->arena, json_object_get(json, "Ports"), &out->ports);
	}
}

/* --- tasks --- */

static const json_t *by_id(const json_t *array, const char *id)
{
	size_t i;
	json_t *item;

	json_array_foreach((json_t *)array, i, item)
		if (!strcmp(text_at(item, "ID"), id))
			return item;
	return NULL;
}

static bool same_slot(const json_t *a, const json_t *b)
{
	json_int_t slot = json_integer_value(json_object_get(a, "Slot"));

	if (strcmp(text_at(a, "ServiceID"), text_at(b, "ServiceID")) != 0 ||
	    slot != json_integer_value(json_object_get(b, "Slot")))
		return false;
	return slot || !strcmp(text_at(a, "NodeID"), text_at(b, "NodeID"));
}

static const char *task_state(const json_t *task)
{
	return text_at(object_at(task, "Status"), "State");
}

/* Whether it is to be shown: the newest of its slot, unless it is about to go; or still running. */
static bool task_counts(const json_t *tasks, const json_t *task)
{
	size_t i;
	json_t *other;

	if (!strcmp(task_state(task), "running"))
		return true;
	if (!strcmp(text_at(task, "DesiredState"), "remove"))
		return false;
	json_array_foreach((json_t *)tasks, i, other)
		if (other != task && same_slot(task, other) &&
		    strcmp(text_at(other, "CreatedAt"), text_at(task, "CreatedAt")) > 0)
			return false;
	return true;
}

static const char *node_name(struct arena *a, const json_t *nodes, const char *id)
{
	const char *name;

	if (json_array_size(nodes) < 2 || !*id)
		return NULL;
	name = json_member_text(object_at(by_id(nodes, id), "Description"), "Hostname");
	return name ? name : arena_printf(a, "%.12s", id);
}

/* "Running 2 minutes ago", "Failed 3 seconds ago: task: non-zero exit (1)". */
static const char *task_status(struct arena *a, const json_t *task, int64_t now)
{
	const json_t *status = object_at(task, "Status");
	const char *state = task_state(task), *error = text_at(status, "Err");
	int64_t since = now;
	char first = *state >= 'a' && *state <= 'z' ? (char)(*state - 'a' + 'A') : *state;

	time_parse(text_at(status, "Timestamp"), &since, NULL);
	return arena_printf(a, "%c%s %s ago%s%s", first ? first : '?', *state ? state + 1 : "",
			    time_span(a, now - since), *error ? ": " : "", error);
}

static void task_ports(struct instances *list, struct instance *out, const json_t *task,
		       const json_t *service)
{
	const json_t *ports = json_object_get(object_at(service, "Endpoint"), "Ports");
	const json_t *own =
		json_object_get(object_at(object_at(task, "Status"), "PortStatus"), "Ports");

	out->port_count = ports_read(list->arena, json_array_size(own) ? own : ports, &out->ports);
}

static void add_task(struct instances *list, const json_t *task, const json_t *services,
		     const json_t *nodes, int64_t now)
{
	const json_t *container = object_at(object_at(task, "Spec"), "ContainerSpec");
	const json_t *service = by_id(services, text_at(task, "ServiceID"));
	const json_t *status = object_at(task, "Status"),
		     *ran = object_at(status, "ContainerStatus");
	const char *name = text_at(object_at(service, "Spec"), "Name"), *replica;
	struct instance *out = instance_new(list);

	out->swarm = true;
	out->app = text_at(object_at(container, "Labels"), LABEL_STACK);
	out->number = number_at(task, "Slot");
	out->service_id = text_at(task, "ServiceID");
	out->node_id = text_at(task, "NodeID");
	name = *name ? name : out->service_id;
	replica = out->number ? arena_printf(list->arena, "%u", out->number) : out->node_id;
	out->name = arena_printf(list->arena, "%s.%s", name, replica);
	out->service = without_stack(name, out->app);
	out->label = arena_printf(list->arena, "%s.%.12s", out->service, replica);
	out->id = text_at(task, "ID");
	out->state = task_state(task);
	out->container = text_at(ran, "ContainerID");
	out->running = !strcmp(out->state, "running");
	if (!time_parse(text_at(status, "Timestamp"), &out->since, NULL) || out->since < 0)
		out->since = -1;
	out->status = task_status(list->arena, task, now);
	out->image = image_text(list->arena, text_at(container, "Image"));
	out->node = node_name(list->arena, nodes, out->node_id);
	if (!out->running && ran && json_object_get(ran, "ExitCode"))
		out->exit_code = (int)json_integer_value(json_object_get(ran, "ExitCode"));
	task_ports(list, out, task, service);
}

void instances_add_tasks(struct instances *list, const json_t *tasks, const json_t *services,
			 const json_t *nodes, int64_t now)
{
	size_t i;
	json_t *task;

	json_array_foreach((json_t *)tasks, i, task)
		if (task_counts(tasks, task))
			add_task(list, task, services, nodes, now);
}

static int instance_compare(const void *x, const void *y)
{
	const struct instance *a = x, *b = y;
	int order = strcmp(a->app, b->app);

	if (!order)
		order = strcmp(a->service, b->service);
	if (order)
		return order;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	order = strcmp(a->name, b->name);
	return order ? order : strcmp(a->id, b->id);
}

void instances_sort(struct instances *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, sizeof *list->items, instance_compare);
}
