/*
 * Taking an app down, and stopping it: from what lives alone (labels), so that it works also when
 * the file is gone or does not load.
 */
#include "deploy_private.h"

#include <string.h>

#include "kata/json.h"

struct down {
	struct deploy *d;
	const char *app;
	const struct docker_live *live;
	struct live_container *all;
	int *stops; /* per container: its stop step, or STEP_NONE */
	size_t count;
	bool volumes;
};

static void collect(struct down *w, const char *folder)
{
	size_t size = json_array_size(w->live->containers) + 1, i;
	json_t *item;

	w->all = arena_alloc(w->d->arena, size * sizeof *w->all);
	w->stops = arena_alloc(w->d->arena, size * sizeof *w->stops);
	json_array_foreach(w->live->containers, i, item) {
		struct live_container *c = &w->all[w->count];
		const char *project = live_label(item, LABEL_PROJECT);

		live_container_read(item, c);
		if (!project || strcmp(project, w->app) != 0 || strcmp(c->folder, folder) != 0)
			continue;
		w->stops[w->count++] = STEP_NONE;
	}
}

/* Whether a container's label "db:service_healthy:false,..." names the service. */
static bool depends_on(const struct live_container *c, const char *service)
{
	const char *p = live_label(c->json, LABEL_DEPENDS);
	size_t len = strlen(service);

	for (; p && *p; p += strcspn(p, ","), p += *p == ',')
		if (!strncmp(p, service, len) && (p[len] == ':' || p[len] == ',' || !p[len]))
			return true;
	return false;
}

/* Stops of all that runs; dependants first. */
static void plan_stops(struct down *w)
{
	for (size_t i = 0; i < w->count; i++) {
		if (!w->all[i].running)
			continue;
		w->stops[i] = deploy_step(w->d, STEP_STOP, w->app, w->all[i].name);
		deploy_at(w->d, w->stops[i])->id = w->all[i].id;
		deploy_at(w->d, w->stops[i])->service = w->all[i].service;
	}
	for (size_t i = 0; i < w->count; i++)
		for (size_t j = 0; j < w->count; j++)
			if (w->stops[i] != STEP_NONE && w->stops[j] != STEP_NONE &&
			    depends_on(&w->all[j], w->all[i].service) &&
			    !depends_on(&w->all[i], w->all[j].service))
				deploy_wait(w->d, w->stops[i], w->stops[j]);
}

/* Removes every element of a list that carries the label; all after `after` steps so far. */
static void plan_named(struct down *w, const json_t *list, const char *label, enum step_op op,
		       const char *kind, size_t after)
{
	size_t i;
	json_t *item;

	json_array_foreach((json_t *)list, i, item) {
		const json_t *spec = json_object_member(item, "Spec", JSON_OBJECT);
		const json_t *named = spec ? spec : item;
		const char *owner = live_label(named, label), *name, *id;
		int step;

		name = json_member_text(named, "Name");
		if (!owner || strcmp(owner, w->app) != 0 || !name)
			continue;
		id = json_member_text(item, "ID");
		step = deploy_step(w->d, op, w->app, name);
		deploy_at(w->d, step)->id = id ? id : json_member_text(item, "Id");
		deploy_at(w->d, step)->kind = kind;
		for (size_t s = 0; s < after; s++)
			deploy_wait(w->d, step, (int)s);
	}
}

static void down_compose(struct down *w, const char *folder)
{
	size_t removed;

	collect(w, folder);
	plan_stops(w);
	for (size_t i = 0; i < w->count; i++) {
		int step = deploy_step(w->d, STEP_REMOVE, w->app, w->all[i].name);

		deploy_at(w->d, step)->id = w->all[i].id;
		deploy_at(w->d, step)->service = w->all[i].service;
		deploy_at(w->d, step)->volumes = w->volumes;
		deploy_wait(w->d, step, w->stops[i]);
	}
	/* Another folder's project of the same name keeps its networks and volumes. */
	if (live_foreign_project(w->live, w->app, folder))
		return;
	removed = w->d->count;
	plan_named(w, w->live->networks, LABEL_PROJECT, STEP_NETWORK_REMOVE, NULL, removed);
	if (w->volumes)
		plan_named(w, w->live->volumes, LABEL_PROJECT, STEP_VOLUME_REMOVE, NULL, removed);
}

static void down_swarm(struct down *w)
{
	size_t removed;
	int gone;

	plan_named(w, w->live->services, LABEL_STACK, STEP_SERVICE_REMOVE, NULL, 0);
	removed = w->d->count;
	plan_named(w, w->live->secrets, LABEL_STACK, STEP_OBJECT_REMOVE, "secrets", removed);
	plan_named(w, w->live->configs, LABEL_STACK, STEP_OBJECT_REMOVE, "configs", removed);
	plan_named(w, w->live->stack_networks, LABEL_STACK, STEP_NETWORK_REMOVE, NULL, removed);
	removed = w->d->count;
	if (!removed && !w->volumes)
		return;
	/* Networks stay visible until the last task is gone; a deploy before that would fail. */
	gone = deploy_step(w->d, STEP_STACK_GONE, w->app, w->app);
	for (size_t s = 0; s < removed; s++)
		deploy_wait(w->d, gone, (int)s);
	if (w->volumes)
		plan_named(w, w->live->stack_volumes, LABEL_STACK, STEP_VOLUME_REMOVE, NULL,
			   w->d->count);
}

void deploy_plan_down(struct deploy *deploy, const char *app, const char *folder, bool swarm,
		      bool volumes, const struct docker_live *live)
{
	struct down w = {.d = deploy, .app = app, .live = live, .volumes = volumes};

	deploy->swarm = swarm;
	if (swarm)
		down_swarm(&w);
	else
		down_compose(&w, folder);
}

/* Every task of a replicated service goes; a global one can only be removed. */
static void stop_service(struct deploy *d, const struct compose *compose,
			 const struct compose_service *service, const struct docker_live *live)
{
	const char *name = swarm_service_name(d->arena, compose, service);
	const json_t *item = live_named(live->services, name);
	const json_t *mode = json_object_get(json_object_get(item, "Spec"), "Mode");
	struct compose_service *none;
	int step;

	if (!item || (json_object_get(mode, "Replicated") &&
		      !json_integer_value(
			      json_object_get(json_object_get(mode, "Replicated"), "Replicas")) &&
		      json_object_get(json_object_get(mode, "Replicated"), "Replicas")))
		return;
	step = deploy_step(
		d, json_object_get(mode, "Replicated") ? STEP_SERVICE_UPDATE : STEP_SERVICE_REMOVE,
		compose->project, name);
	none = arena_alloc(d->arena, sizeof *none);
	*none = *service;
	none->replicas = 0;
	deploy_at(d, step)->compose = compose;
	deploy_at(d, step)->model = none;
	deploy_at(d, step)->service = service->name;
	deploy_at(d, step)->live = item;
	deploy_at(d, step)->why = "stop";
}

void deploy_plan_stop(struct deploy *deploy, const struct compose *compose, const char *folder,
		      bool swarm, const struct docker_live *live,
		      const struct deploy_options *options)
{
	struct down w = {.d = deploy, .app = compose->project, .live = live};
	size_t kept = 0;

	deploy->swarm = swarm;
	if (!swarm) {
		collect(&w, folder);
		for (size_t i = 0; i < w.count; i++)
			if (options_take(options, w.all[i].service))
				w.all[kept++] = w.all[i];
		w.count = kept;
		plan_stops(&w);
		return;
	}
	for (size_t i = 0; i < compose->service_count; i++)
		if (options_take(options, compose->services[i].name))
			stop_service(deploy, compose, &compose->services[i], live);
}
