/*
 * Reading the Docker engine: all requests in flight at once, filtered by the labels of Compose
 * projects and stacks. A failed read stays a failure; Swarm not being active is none.
 */
#include "models.h"

#include <stddef.h>
#include <string.h>

#include "kata/container.h"
#include "kata/json.h"
#include "kata/swarm.h"

bool world_set_docker(struct world *world, const char *host, const char *env, const char *cert_path,
		      struct kata_error *e)
{
	world->docker_set = docker_init(&world->docker, world->http, host, env, cert_path, e);
	return world->docker_set;
}

/* One list being read into its place. */
struct want {
	struct reading *reading;
	json_t **into;
	const char *member; /* the list is this member of the answer, or NULL: the answer itself */
	const char *key;    /* the answer goes into *into under this key; 404 is null */
	bool swarm;	    /* 503 says that Swarm is not active */
};

struct reading {
	struct world *world;
	size_t waiting;
};

/* No manager, or no Swarm at all: that is known. A Swarm that is locked, or has lost its leader, is
 * not: then nobody can tell what runs there. */
static void swarm_unknown(struct docker_live *live, const struct kata_error *e)
{
	live->swarm = false;
	if (e->http != 503 || !strstr(e->msg, "not a swarm manager"))
		live->swarm_error = *e;
}

static void take(struct want *want, const json_t *value)
{
	json_t *list = want->member ? json_object_get(value, want->member) : (json_t *)value;

	if (want->key) {
		json_object_set(*want->into, want->key, (json_t *)value);
		return;
	}
	json_decref(*want->into);
	*want->into = json_is_array(list) ? json_incref(list) : json_array();
}

static void on_answer(void *arg, bool ok, const struct docker_answer *answer, struct kata_error *e)
{
	struct want *want = arg;
	struct docker_live *live = &want->reading->world->live;

	want->reading->waiting--;
	if (ok && answer->value)
		take(want, answer->value);
	else if (want->key && !ok && e->http == 404)
		json_object_set_new(*want->into, want->key, json_null());
	else if (want->swarm && !ok)
		swarm_unknown(live, e);
	else if (live->good) {
		live->good = false;
		if (!ok)
			live->error = *e;
		else
			error_set(&live->error, ERROR_PROTOCOL, "the engine's answer is no JSON");
	}
}

static void ask(struct reading *reading, const char *path, struct want want)
{
	struct world *world = reading->world;
	struct want *kept = arena_alloc(world->arena, sizeof *kept);
	struct docker_request request = {.method = "GET", .path = path};

	*kept = want;
	kept->reading = reading;
	reading->waiting++;
	docker_start(&world->docker, &request, on_answer, kept);
}

static void wait_all(struct reading *reading)
{
	while (reading->waiting && loop_turn(reading->world->loop, -1))
		;
}

static bool publishes_on_host(const struct compose_service *service)
{
	size_t i;
	json_t *port;

	json_array_foreach(json_object_get(service ? service->spec : NULL, "ports"), i, port) {
		const char *mode = json_member_text(port, "mode");

		if (mode && !strcmp(mode, "host"))
			return true;
	}
	return false;
}

/* Ports of tasks themselves (mode: host) are shown by their containers alone. */
static bool has_host_ports(const struct world *world, const char *app)
{
	for (size_t i = 0; i < world->app_count; i++) {
		const struct app_model *model = &world->models[i];

		if (app && strcmp(app, model->app->name) != 0)
			continue;
		for (size_t j = 0; j < model->upstream_count; j++)
			if (publishes_on_host(compose_service_find(&model->compose,
								   model->upstreams[j].service)))
				return true;
	}
	return false;
}

/* What the plans of containers want beside these. */
static void ask_resources(struct reading *reading, const char *by_project, const char *by_stack)
{
	struct docker_live *live = &reading->world->live;
	struct arena *a = reading->world->arena;

	ask(reading, arena_printf(a, "/networks?filters=%s", by_project),
	    (struct want){.into = &live->networks});
	ask(reading, arena_printf(a, "/volumes?filters=%s", by_project),
	    (struct want){.into = &live->volumes, .member = "Volumes"});
	ask(reading, arena_printf(a, "/secrets?filters=%s", by_stack),
	    (struct want){.into = &live->secrets, .swarm = true});
	ask(reading, arena_printf(a, "/configs?filters=%s", by_stack),
	    (struct want){.into = &live->configs, .swarm = true});
	ask(reading, arena_printf(a, "/networks?filters=%s", by_stack),
	    (struct want){.into = &live->stack_networks});
	if (reading->world->wipe)
		ask(reading, arena_printf(a, "/volumes?filters=%s", by_stack),
		    (struct want){.into = &live->stack_volumes, .member = "Volumes"});
}

static void ask_lists(struct reading *reading, const char *app)
{
	struct docker_live *live = &reading->world->live;
	struct arena *a = reading->world->arena;
	const char *project = app ? arena_printf(a, LABEL_PROJECT "=%s", app) : LABEL_PROJECT;
	const char *stack = app ? arena_printf(a, LABEL_STACK "=%s", app) : LABEL_STACK;
	const char *by_project = docker_filters(a, "label", project, NULL);
	const char *by_stack = docker_filters(a, "label", stack, NULL);

	ask(reading, arena_printf(a, "/containers/json?all=1&filters=%s", by_project),
	    (struct want){.into = &live->containers});
	ask(reading, arena_printf(a, "/services?status=true&filters=%s", by_stack),
	    (struct want){.into = &live->services, .swarm = true});
	if (has_host_ports(reading->world, app))
		ask(reading, arena_printf(a, "/containers/json?filters=%s", by_stack),
		    (struct want){.into = &live->task_containers});
	if (!reading->world->brief)
		ask_resources(reading, by_project, by_stack);
}

/* Networks that belong to nobody here: they must exist. */
static void ask_externals(struct reading *reading, const char *app)
{
	struct world *world = reading->world;

	for (size_t i = 0; i < world->app_count; i++) {
		const struct compose *compose = &world->models[i].compose;
		const char *key, *name;
		json_t *network;

		if (app && strcmp(app, compose->project) != 0)
			continue;
		json_object_foreach(json_object_get(compose->root, "networks"), key, network) {
			name = json_member_text(network, "name");
			if (!name || !json_is_true(json_object_get(network, "external")) ||
			    json_object_get(world->live.externals, name))
				continue;
			json_object_set_new(world->live.externals, name, json_null());
			ask(reading, docker_path(world->arena, "/networks/%s", name),
			    (struct want){.into = &world->live.externals, .key = name});
		}
	}
}

/* Every image that an app of the run names. */
static void ask_images(struct reading *reading, const char *app)
{
	struct world *world = reading->world;

	for (size_t i = 0; i < world->app_count; i++) {
		const struct compose *compose = &world->models[i].compose;

		if (app && strcmp(app, compose->project) != 0)
			continue;
		for (size_t j = 0; j < compose->service_count; j++) {
			const char *image =
				container_image(world->arena, compose, &compose->services[j]);

			if (json_object_get(world->live.images, image))
				continue;
			json_object_set_new(world->live.images, image, json_null());
			ask(reading, docker_path(world->arena, "/images/%s/json", image),
			    (struct want){.into = &world->live.images, .key = image});
		}
	}
}

/* Containers whose label does not say that they are as wanted: another tool's, or changed ones. */
static void ask_inspects(struct reading *reading)
{
	struct world *world = reading->world;
	json_t *ids = json_array(), *id;
	size_t i;

	for (i = 0; i < world->app_count; i++)
		if (world->models[i].compose.service_count)
			live_unknown(&world->live, &world->models[i].compose, ids);
	json_array_foreach(ids, i, id) {
		const char *text = arena_strdup(world->arena, json_string_value(id));

		ask(reading, docker_path(world->arena, "/containers/%s/json", text),
		    (struct want){.into = &world->live.inspects, .key = text});
	}
	json_decref(ids);
}

/* What is read, and where it goes in struct docker_live. */
static const struct {
	size_t offset;
	bool map; /* an object by name, else an array */
} parts[] = {
#define LIST(name)                                                                                 \
	{                                                                                          \
		offsetof(struct docker_live, name), false                                          \
	}
#define MAP(name)                                                                                  \
	{                                                                                          \
		offsetof(struct docker_live, name), true                                           \
	}
	LIST(containers),     LIST(networks), LIST(volumes), LIST(services),
	LIST(stack_networks), LIST(secrets),  LIST(configs), LIST(task_containers),
	LIST(stack_volumes),  MAP(externals), MAP(images),   MAP(inspects),
#undef LIST
#undef MAP
};
enum { PARTS = sizeof parts / sizeof *parts };

static json_t **live_part(struct docker_live *live, size_t i)
{
	return (json_t **)((char *)live + parts[i].offset);
}

/* Steps of a deploy under way point into what was read before: it is kept until the end. */
static void live_clear(struct world *world)
{
	if (!world->readings)
		world->readings = json_array();
	for (size_t i = 0; i < PARTS; i++)
		if (*live_part(&world->live, i))
			json_array_append_new(world->readings, *live_part(&world->live, i));
	world->live = (struct docker_live){0};
}

/* Starts every request; the answers come while others are waited for. */
static void begin(struct reading *reading, const char *app)
{
	struct docker_live *live = &reading->world->live;

	live_clear(reading->world);
	live->read = live->good = live->swarm = true;
	for (size_t i = 0; i < PARTS; i++)
		*live_part(live, i) = parts[i].map ? json_object() : json_array();
	ask_lists(reading, app);
	if (reading->world->brief)
		return;
	ask_externals(reading, app);
	ask_images(reading, app);
}

bool world_observe_docker(struct world *world)
{
	struct reading reading = {.world = world};

	begin(&reading, world->focus);
	wait_all(&reading);
	if (world->live.good && !world->brief)
		ask_inspects(&reading);
	wait_all(&reading);
	world->live.api = world->docker.api;
	if (!world->live.good)
		world->live.swarm = false;
	models_settle(world);
	return world->live.good;
}

void containers_release(struct world *world)
{
	live_clear(world);
	json_decref(world->readings);
	if (world->docker_set)
		docker_release(&world->docker);
}
