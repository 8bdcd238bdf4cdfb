/*
 * A deploy in Swarm mode, as `docker stack deploy` does it (docker/cli cli/command/stack/swarm),
 * but that an unchanged service is not posted again, and that what is not in the file any more goes
 * last: services, then the secrets and configs that nothing refers to.
 */
#include "deploy_private.h"

#include <string.h>

#include "kata/json.h"

struct stack {
	struct deploy *d;
	const struct compose *compose;
	const struct docker_live *live;
	const struct deploy_options *options;
	int *resources; /* networks, secrets, configs to be made first */
	size_t resource_count, resource_cap;
	int *ends; /* per service of the model: its last step, or STEP_NONE */
	int routes;
};

static int step_add(struct stack *k, enum step_op op, const char *target)
{
	int step = deploy_step(k->d, op, k->compose->project, target);

	deploy_at(k->d, step)->compose = k->compose;
	return step;
}

static const char *stack_of(const json_t *item)
{
	const json_t *spec = json_object_member(item, "Spec", JSON_OBJECT);

	return live_label(spec ? spec : item, LABEL_STACK);
}

static bool is_ours(const struct stack *k, const json_t *item)
{
	const char *stack = stack_of(item);

	return stack && !strcmp(stack, k->compose->project);
}

/* --- networks, secrets, configs --- */

static void resource_add(struct stack *k, int step, const char *kind, const char *key)
{
	deploy_at(k->d, step)->kind = kind;
	deploy_at(k->d, step)->key = key;
	k->resources = arena_grow(k->d->arena, k->resources, k->resource_count, &k->resource_cap,
				  sizeof *k->resources);
	k->resources[k->resource_count++] = step;
}

static void plan_networks(struct stack *k)
{
	const char *key;
	json_t *network;

	json_object_foreach(json_object_get(k->compose->root, "networks"), key, network) {
		const char *name = json_member_text(network, "name"), *differs;
		const json_t *live = name ? live_named(k->live->stack_networks, name) : NULL;

		if (!name || deploy_external(k->d, k->live, network))
			continue;
		if (!live) {
			resource_add(k, step_add(k, STEP_NETWORK_CREATE, name), NULL, key);
			continue;
		}
		differs = swarm_network_differs(k->d->arena, k->compose, key, live);
		if (differs)
			problems_add(&k->d->problems, SEVERITY_WARNING, (struct place){0},
				     "network %s is not as the file says (%s); it is used as it is",
				     name, differs)
				->hint =
				"Swarm never changes a network: `mode APP compose` and back "
				"makes it anew";
	}
}

static const json_t *objects(const struct stack *k, const char *kind)
{
	return !strcmp(kind, "secrets") ? k->live->secrets : k->live->configs;
}

static const char *object_name(const struct stack *k, const char *kind, const char *key)
{
	const char *name = k->options->object_name
				   ? k->options->object_name(k->options->object_arg, kind, key)
				   : NULL;

	return name ? name
		    : json_member_text(
			      json_object_get(json_object_get(k->compose->root, kind), key),
			      "name");
}

static void plan_objects(struct stack *k, const char *kind)
{
	const char *key;
	json_t *object;

	json_object_foreach(json_object_get(k->compose->root, kind), key, object) {
		const char *name = object_name(k, kind, key);

		if (!name || json_is_true(json_object_get(object, "external")) ||
		    live_named(objects(k, kind), name))
			continue;
		resource_add(k, step_add(k, STEP_OBJECT_CREATE, name), kind, key);
	}
}

/* --- services --- */

static const char *lookup_name(void *arg, const char *kind, const char *key)
{
	return object_name(arg, kind, key);
}

static const char *lookup_id(void *arg, const char *kind, const char *key)
{
	const struct stack *k = arg;
	const char *name = object_name(k, kind, key);
	const json_t *live = name ? live_named(objects(k, kind), name) : NULL;

	return json_member_text(live, "ID");
}

static const char *network_name(void *arg, const char *id)
{
	const struct stack *k = arg;
	size_t i;
	json_t *network;

	const char *key;

	json_array_foreach(k->live->stack_networks, i, network) {
		const char *own = json_member_text(network, "Id");

		if (own && !strcmp(own, id))
			return json_member_text(network, "Name");
	}
	json_object_foreach(k->live->externals, key, network) {
		const char *own = json_member_text(network, "Id");

		if (own && !strcmp(own, id))
			return key;
	}
	return NULL;
}

bool deploy_start_first(const struct compose_service *service, bool upstream)
{
	size_t i;
	json_t *port;

	if (service->order != ORDER_AUTO)
		return service->order == ORDER_START_FIRST;
	json_array_foreach(json_object_get(service->spec, "ports"), i, port) {
		const char *mode = json_member_text(port, "mode");

		if (mode && !strcmp(mode, "host"))
			return false;
	}
	return upstream;
}

static const char *why_update(struct stack *k, const struct compose_service *service,
			      const json_t *live, bool *replace)
{
	struct swarm_facts facts = {
		.api = k->live->api,
		.live = live,
		.image = container_image(k->d->arena, k->compose, service),
		.object_name = lookup_name,
		.object_id = lookup_id,
		.object_arg = k,
	};
	json_t *wanted = swarm_spec_new(k->compose, service, &facts);
	const char *why = swarm_differs(k->d->arena, wanted, live, network_name, k);

	*replace = swarm_must_replace(wanted, live);
	json_decref(wanted);
	return why;
}

static void converge(struct stack *k, const struct compose_service *service, const char *name,
		     int after, bool rollback)
{
	int step = step_add(k, STEP_CONVERGE, name), back;

	deploy_at(k->d, step)->model = service;
	deploy_at(k->d, step)->service = service->name;
	deploy_at(k->d, step)->quiet = true;
	deploy_wait(k->d, step, after);
	k->ends[service - k->compose->services] = step;
	if (rollback) {
		back = step_add(k, STEP_ROLLBACK, name);
		deploy_at(k->d, back)->model = service;
		deploy_at(k->d, back)->service = service->name;
		deploy_at(k->d, back)->rescues = step;
		deploy_at(k->d, back)->why = "it did not become ready";
	}
	if (options_upstream(k->options, service->name)) {
		if (k->routes == STEP_NONE)
			k->routes = step_add(k, STEP_ROUTES, "routes");
		deploy_wait(k->d, k->routes, step);
	}
}

/* A new service waits for those it depends on; running ones find each other again. */
static void wait_for_dependencies(struct stack *k, int step, const struct compose_service *service)
{
	const char *name;
	json_t *how;

	json_object_foreach(json_object_get(service->spec, "depends_on"), name, how) {
		const struct compose_service *on = compose_service_find(k->compose, name);

		if (on)
			deploy_wait(k->d, step, k->ends[on - k->compose->services]);
	}
}

/* Swarm is still at it, or cannot do it: an earlier run did not see the end, or it broke since.
 * What may end by itself says nothing by not running. */
static bool is_unsettled(const json_t *live)
{
	const json_t *task = json_object_get(json_object_get(live, "Spec"), "TaskTemplate");
	const char *update = json_member_text(json_object_get(live, "UpdateStatus"), "State");
	const char *restart = json_member_text(json_object_get(task, "RestartPolicy"), "Condition");
	const json_t *status = json_object_get(live, "ServiceStatus");

	if (update && !strcmp(update, "updating"))
		return true;
	return (!restart || !strcmp(restart, "any")) &&
	       json_integer_value(json_object_get(status, "RunningTasks")) <
		       json_integer_value(json_object_get(status, "DesiredTasks"));
}

/* Swarm stopped in the middle, and goes on only when it is told to: some tasks are old ones. */
static bool is_paused(const json_t *live)
{
	const char *update = json_member_text(json_object_get(live, "UpdateStatus"), "State");

	return update && (!strcmp(update, "paused") || !strcmp(update, "rollback_paused"));
}

static void plan_service(struct stack *k, const struct compose_service *service)
{
	const char *name = swarm_service_name(k->d->arena, k->compose, service);
	const json_t *live = live_named(k->live->services, name);
	bool replace = false, force = false;
	const char *why = "new";
	enum step_op op = STEP_SERVICE_CREATE;
	int step;

	if (live) {
		op = STEP_SERVICE_UPDATE;
		why = why_update(k, service, live, &replace);
		force = k->options->verb == DEPLOY_RESTART || k->options->fresh;
		if (!why && force)
			why = k->options->fresh ? "asked for" : "restart";
		if (!why && is_paused(live))
			why = "its last update was paused";
	}
	if (!why) {
		if (!k->options->detach && is_unsettled(live))
			converge(k, service, name, STEP_NONE, false);
		return;
	}
	step = step_add(k, op, name);
	deploy_at(k->d, step)->model = service;
	deploy_at(k->d, step)->service = service->name;
	deploy_at(k->d, step)->live = live;
	deploy_at(k->d, step)->why = why;
	deploy_at(k->d, step)->force = force;
	if (replace) {
		deploy_at(k->d, step)->op = STEP_SERVICE_REMOVE;
		deploy_at(k->d, step)->quiet = true;
		int again = step_add(k, STEP_SERVICE_CREATE, name);

		deploy_at(k->d, again)->model = service;
		deploy_at(k->d, again)->service = service->name;
		deploy_at(k->d, again)->why = why;
		deploy_wait(k->d, again, step);
		step = again;
	}
	for (size_t i = 0; i < k->resource_count; i++)
		deploy_wait(k->d, step, k->resources[i]);
	if (!live)
		wait_for_dependencies(k, step, service);
	if (!k->options->detach)
		converge(k, service, name, step, live && !replace);
}

/* --- what is not in the file any more --- */

static bool is_known(const struct stack *k, const char *name)
{
	for (size_t i = 0; i < k->compose->service_count; i++)
		if (!strcmp(swarm_service_name(k->d->arena, k->compose, &k->compose->services[i]),
			    name))
			return true;
	for (size_t i = 0; i < k->compose->disabled_count; i++)
		if (!strcmp(arena_printf(k->d->arena, "%s_%s", k->compose->project,
					 k->compose->disabled[i]),
			    name))
			return true;
	return false;
}

static void wait_for_all(struct stack *k, int step)
{
	for (size_t i = 0; i < k->compose->service_count; i++)
		deploy_wait(k->d, step, k->ends[i]);
	deploy_wait(k->d, step, k->routes);
}

static void remove_step(struct stack *k, enum step_op op, const json_t *live, const char *kind,
			const char *why)
{
	int step = step_add(k, op, json_member_text(json_object_get(live, "Spec"), "Name"));

	deploy_at(k->d, step)->id = json_member_text(live, "ID");
	deploy_at(k->d, step)->kind = kind;
	deploy_at(k->d, step)->why = why;
	wait_for_all(k, step);
}

static void plan_removed(struct stack *k)
{
	size_t i;
	json_t *live;

	if (k->options->services)
		return;
	json_array_foreach(k->live->services, i, live) {
		const char *name = json_member_text(json_object_get(live, "Spec"), "Name");

		if (!is_ours(k, live) || !name || is_known(k, name))
			continue;
		if (k->options->routed && k->routes == STEP_NONE)
			k->routes = step_add(k, STEP_ROUTES, "routes");
		remove_step(k, STEP_SERVICE_REMOVE, live, NULL, "its service is not in the file");
	}
}

static bool is_wanted(const struct stack *k, const char *kind, const char *name)
{
	const char *key;
	json_t *unused;

	json_object_foreach(json_object_get(k->compose->root, kind), key, unused) {
		const char *own = object_name(k, kind, key);

		if (own && !strcmp(own, name))
			return true;
	}
	return false;
}

/* In-use objects cannot be removed: one that an old task still holds goes with the next deploy. */
static void plan_old_objects(struct stack *k, const char *kind)
{
	size_t i;
	json_t *live;

	json_array_foreach((json_t *)objects(k, kind), i, live) {
		const char *name = json_member_text(json_object_get(live, "Spec"), "Name");

		if (!is_ours(k, live) || !name || is_wanted(k, kind, name))
			continue;
		remove_step(k, STEP_OBJECT_REMOVE, live, kind, "nothing refers to it");
	}
}

void deploy_plan_swarm(struct deploy *deploy, const struct compose *compose,
		       const struct docker_live *live, const struct deploy_options *options)
{
	struct stack k = {.d = deploy,
			  .compose = compose,
			  .live = live,
			  .options = options,
			  .routes = STEP_NONE};

	if (options->wishes && options->wishes->stopped)
		return;
	deploy->swarm = true;
	deploy_check_api(deploy, compose, live->api);
	k.ends = arena_alloc(deploy->arena, (compose->service_count + 1) * sizeof *k.ends);
	for (size_t i = 0; i < compose->service_count; i++)
		k.ends[i] = STEP_NONE;
	plan_networks(&k);
	plan_objects(&k, "secrets");
	plan_objects(&k, "configs");
	for (size_t i = 0; i < compose->service_count; i++)
		if (options_take(options, compose->services[i].name) &&
		    !(options->wishes && wishes_stop(options->wishes, compose->services[i].name)))
			plan_service(&k, &compose->services[i]);
	plan_removed(&k);
	plan_old_objects(&k, "secrets");
	plan_old_objects(&k, "configs");
}
