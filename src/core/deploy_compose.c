/*
 * A deploy in Compose mode: which containers stay, which are made anew and in what order, and what
 * goes. The ways are those of `docker compose up -d` (docker/compose pkg/compose/convergence.go),
 * but that a new container passes its gate before the old one is removed, and that one that Caddy
 * proxies to starts beside the old one.
 */
#include "deploy_compose.h"

#include <stdlib.h>
#include <string.h>

#include "container_private.h"
#include "kata/json.h"

/* --- what is there --- */

static void collect(struct up *u)
{
	size_t i;
	json_t *item;

	u->all = arena_alloc(u->d->arena,
			     (json_array_size(u->live->containers) + 1) * sizeof *u->all);
	json_array_foreach(u->live->containers, i, item) {
		struct live_container *c = &u->all[u->count];
		const char *project = live_label(item, LABEL_PROJECT);

		live_container_read(item, c);
		if (project && !strcmp(project, u->compose->project) && !c->oneoff &&
		    !strcmp(c->folder, u->compose->folder))
			u->count++;
	}
}

static bool has_networks(const struct up *u, const struct part *part,
			 const struct live_container *c)
{
	const json_t *live =
		json_object_get(json_object_get(c->json, "NetworkSettings"), "Networks");
	const char *key;
	json_t *unused;

	json_object_foreach(json_object_get(part->model->spec, "networks"), key, unused) {
		const char *name = container_resource(u->compose, "networks", key);

		if (json_is_object(live) && !json_object_get(live, name))
			return false;
	}
	return true;
}

static struct container_facts facts_of(const struct up *u, const struct part *part,
				       const struct live_container *c)
{
	const char *image = container_image(u->d->arena, u->compose, part->model);

	return (struct container_facts){
		.api = u->live->api,
		.image_id = part->image_id ? part->image_id : "",
		.image = json_object_get(u->live->images, image),
		.name = container_name(u->d->arena, u->compose, part->model, c->number),
		.number = c->number,
	};
}

/* It stopped in a network that is gone, or made anew: the engine knows it by its id. */
static bool lost_network(const struct up *u, const struct part *part,
			 const struct live_container *c)
{
	const json_t *all =
		json_object_get(json_object_get(c->json, "NetworkSettings"), "Networks");
	const char *key;
	json_t *unused;

	json_object_foreach(json_object_get(part->model->spec, "networks"), key, unused) {
		const char *name = container_resource(u->compose, "networks", key);
		const json_t *live = live_named(u->live->networks, name);
		const char *own = json_member_text(json_object_get(all, name), "NetworkID");
		const char *id = json_member_text(
			live ? live : json_object_get(u->live->externals, name), "Id");

		if (own && *own && (!id || strcmp(own, id) != 0))
			return true;
	}
	return false;
}

/* --- what is right, and what is not --- */

/* A one-shot; what is proxied to, published or checked is meant to stay. */
static bool ended_well(const struct up *u, const struct part *part, const struct live_container *c)
{
	const char *policy = json_member_text(part->model->spec, "restart");
	const char *condition = json_member_text(
		json_object_get(json_object_get(part->model->spec, "deploy"), "restart_policy"),
		"condition");
	bool always = condition ? !strcmp(condition, "any")
				: policy && (!strcmp(policy, "always") ||
					     !strcmp(policy, "unless-stopped"));

	bool serves = options_upstream(u->options, part->model->name) ||
		      json_object_get(part->model->spec, "ports") ||
		      json_object_get(part->model->spec, "healthcheck");

	return !strcmp(c->state, "exited") && !c->exit_code && !always && !serves;
}

/* It has ended, and this run does not start it again. */
static bool rests(const struct up *u, const struct part *part, const struct live_container *c)
{
	return !c->running && u->options->verb == DEPLOY_REPAIR && !u->options->start &&
	       ended_well(u, part, c);
}

/* Why the container is not what the file wants, or NULL. */
static const char *why_not(const struct up *u, const struct part *part,
			   const struct live_container *c)
{
	struct container_facts facts = facts_of(u, part, c);

	if (u->options->fresh)
		return "asked for";
	if (!strcmp(c->state, "dead") || !strcmp(c->state, "removing"))
		return c->state;
	if (!strcmp(c->state, "created") && u->live->api < 44 &&
	    json_object_size(json_object_get(part->model->spec, "networks")) > 1)
		return "it was never started";
	if (part->image_id && *c->image && strcmp(part->image_id, c->image) != 0)
		return "image";
	if (c->running ? !has_networks(u, part, c) : !rests(u, part, c) && lost_network(u, part, c))
		return "networks";
	if (!rests(u, part, c) && up_left_alone(u, part, c))
		return "the container it shares is gone";
	if (!strcmp(part->hash, c->hash))
		return NULL;
	if (!up_inspect(u, c))
		return "configuration";
	return container_differs(u->d->arena, u->compose, part->model, &facts, up_inspect(u, c));
}

/* --- what to do with each container --- */

static void restart(struct up *u, struct part *part, const struct live_container *c)
{
	int step, gate;

	if (!part->stop_first) {
		up_replace(u, part, c, c->number, "restart");
		return;
	}
	step = up_step(u, STEP_RESTART, part, c->name);
	deploy_at(u->d, step)->id = c->id;
	up_wait(u, step, part);
	/* One after the other, so that the service goes on. */
	if (part->end_count)
		deploy_wait(u->d, step, part->ends[part->end_count - 1]);
	up_list(u, &part->starts, &part->start_count, &part->start_cap, step);
	gate = up_gate(u, part, c->name, c->id, step);
	if (options_upstream(u->options, part->model->name))
		deploy_wait(u->d, up_routes(u), gate);
}

static const char *why_start(const struct up *u, const struct live_container *c)
{
	if (c->exit_code >= 0 && strcmp(c->state, "created") != 0)
		return arena_printf(u->d->arena, "it had exited with %d", c->exit_code);
	return arena_printf(u->d->arena, "it was %s", c->state);
}

/* A container that is as the file wants it. It starts after `cleared` (others stop first, unless
 * they serve until the routes have moved), and takes its final name after `freed`. */
static void keep(struct up *u, struct part *part, const struct live_container *c, int cleared,
		 int freed)
{
	const char *final = container_name(u->d->arena, u->compose, part->model, c->number);
	int end = STEP_NONE;

	if (u->options->verb == DEPLOY_RESTART) {
		restart(u, part, c);
		return;
	}
	if (!strcmp(c->state, "restarting")) {
		end = up_gate(u, part, c->name, c->id, STEP_NONE);
	} else if (!c->running && !rests(u, part, c)) {
		end = up_start(u, part, c->name, c->id, cleared, why_start(u, c));
		deploy_at(u->d, part->starts[part->start_count - 1])->quiet = false;
	} else if (strcmp(c->name, final) != 0 && strcmp(c->state, "paused") != 0) {
		/* An earlier run was interrupted before the routes or the renaming. */
		end = up_gate(u, part, c->name, c->id, STEP_NONE);
	}
	if (end != STEP_NONE && options_upstream(u->options, part->model->name))
		deploy_wait(u->d, up_routes(u), end);
	if (strcmp(c->name, final) != 0)
		up_rename(u, part, c->name, c->id, final, freed);
}

/* Running before stopped, the final name before others, newest first. */
static int worth(const struct up *u, const struct part *part, const struct live_container *c)
{
	const char *final = container_name(u->d->arena, u->compose, part->model, c->number);

	return (c->running ? 2 : 0) + (strcmp(c->name, final) == 0 ? 1 : 0);
}

static json_int_t created(const struct live_container *c)
{
	return json_integer_value(json_object_get(c->json, "Created"));
}

/* The containers of one number: one stays or is replaced, the others go. */
static void plan_number(struct up *u, struct part *part, unsigned number)
{
	const struct live_container *best = NULL;
	const char *why = NULL;
	bool upstream = options_upstream(u->options, part->model->name);
	int freed = STEP_NONE, cleared = STEP_NONE;

	for (size_t i = 0; i < u->count; i++) {
		const struct live_container *c = &u->all[i];
		const char *differs;
		bool better;

		if (strcmp(c->service, part->model->name) != 0 || c->number != number)
			continue;
		differs = why_not(u, part, c);
		if (!best)
			better = true;
		else if (!differs != !why)
			better = !differs;
		else if (worth(u, part, c) != worth(u, part, best))
			better = worth(u, part, c) > worth(u, part, best);
		else
			better = created(c) > created(best);
		if (better) {
			best = c;
			why = differs;
		}
	}
	for (size_t i = 0; i < u->count; i++) {
		const struct live_container *c = &u->all[i];
		bool serves = c->running && upstream;
		int gone;

		if (c == best || strcmp(c->service, part->model->name) != 0 || c->number != number)
			continue;
		gone = up_remove(u, c, "left by an earlier deploy",
				 serves ? up_routes(u) : cleared);
		if (!serves)
			cleared = gone;
		if (!strcmp(c->name, container_name(u->d->arena, u->compose, part->model, number)))
			freed = gone;
	}
	if (!best)
		up_make(u, part, number, STEP_NONE);
	else if (!why)
		keep(u, part, best, cleared, freed);
	else
		up_replace(u, part, best, number, why);
}

/* Those beyond the wanted number, highest first. */
static void scale_down(struct up *u, struct part *part, unsigned wanted)
{
	bool upstream = options_upstream(u->options, part->model->name);

	for (size_t i = 0; i < u->count; i++) {
		const struct live_container *c = &u->all[i];

		if (strcmp(c->service, part->model->name) != 0 ||
		    (c->number && c->number <= wanted))
			continue;
		up_remove(u, c, "scaled down", upstream && c->running ? up_routes(u) : STEP_NONE);
	}
}

/* A service whose dependency was made anew, and that asked to be restarted with it. */
static const char *restarts_with(struct up *u, const struct part *part)
{
	const char *name;
	json_t *how;

	json_object_foreach(json_object_get(part->model->spec, "depends_on"), name, how) {
		const struct part *on = up_part(u, name);

		if (on && on->replaced && json_is_true(json_object_get(how, "restart")))
			return name;
	}
	return NULL;
}

static void follow_dependency(struct up *u, struct part *part, const char *name)
{
	const char *why = arena_printf(u->d->arena, "%s was made anew", name);
	bool anew = up_shares(part->model, name);

	for (size_t i = 0; i < u->count; i++) {
		const struct live_container *c = &u->all[i];

		if (strcmp(c->service, part->model->name) != 0 || !c->running)
			continue;
		if (anew)
			up_replace(u, part, c, c->number, why);
		else
			restart(u, part, c);
	}
}

static void plan_service(struct up *u, struct part *part)
{
	const struct compose_service *model = part->model;
	unsigned wanted = model->replicas > 0 ? (unsigned)model->replicas : 0;
	const char *with;

	if (!options_take(u->options, model->name) ||
	    (u->options->wishes && wishes_stop(u->options->wishes, model->name)))
		return;
	scale_down(u, part, wanted);
	for (unsigned n = 1; n <= wanted; n++)
		plan_number(u, part, n);
	with = part->start_count ? NULL : restarts_with(u, part);
	if (with)
		follow_dependency(u, part, with);
}

/* --- networks and volumes --- */

static void resource_add(struct up *u, int step, const char *key)
{
	deploy_at(u->d, step)->key = key;
	up_list(u, &u->resources, &u->resource_count, &u->resource_cap, step);
}

/* A network that must be made anew: whoever is in it goes first. */
static void replace_network(struct up *u, const char *key, const char *name, const char *why)
{
	int remove = up_step(u, STEP_NETWORK_REMOVE, NULL, name), create;

	deploy_at(u->d, remove)->why = why;
	for (size_t i = 0; i < u->count;) {
		const json_t *live = json_object_get(
			json_object_get(u->all[i].json, "NetworkSettings"), "Networks");

		if (!json_object_get(live, name)) {
			i++;
			continue;
		}
		deploy_wait(u->d, remove,
			    up_remove(u, &u->all[i],
				      arena_printf(u->d->arena, "network %s changes", key),
				      STEP_NONE));
		u->all[i] = u->all[--u->count];
	}
	create = up_step(u, STEP_NETWORK_CREATE, NULL, name);
	deploy_wait(u->d, create, remove);
	resource_add(u, create, key);
}

static void plan_networks(struct up *u)
{
	const char *key;
	json_t *network;

	json_object_foreach(json_object_get(u->compose->root, "networks"), key, network) {
		const char *name = json_member_text(network, "name");
		const json_t *live = name ? live_named(u->live->networks, name) : NULL;
		const char *project = live_label(live, LABEL_PROJECT);
		const char *differs;

		if (!name || deploy_external(u->d, u->live, network))
			continue;
		if (!live) {
			resource_add(u, up_step(u, STEP_NETWORK_CREATE, NULL, name), key);
			continue;
		}
		differs = network_differs(u->d->arena, u->compose, key, live);
		if (differs && project && !strcmp(project, u->compose->project))
			replace_network(u, key, name, differs);
	}
}

static void plan_volumes(struct up *u)
{
	const char *key;
	json_t *volume;

	json_object_foreach(json_object_get(u->compose->root, "volumes"), key, volume) {
		const char *name = json_member_text(volume, "name");
		const json_t *live = name ? live_named(u->live->volumes, name) : NULL;
		const char *differs;

		if (!name || json_is_true(json_object_get(volume, "external")))
			continue;
		if (!live) {
			resource_add(u, up_step(u, STEP_VOLUME_CREATE, NULL, name), key);
			continue;
		}
		differs = volume_differs(u->d->arena, u->compose, key, live);
		if (differs)
			problems_add(&u->d->problems, SEVERITY_WARNING, (struct place){0},
				     "volume %s is not as the file says (%s); it is used as it is",
				     name, differs)
				->hint =
				"a volume never changes: remove it by hand if its data may go";
	}
}

/* --- services that are not in the file any more --- */

static bool is_known(const struct up *u, const char *service)
{
	for (size_t i = 0; i < u->compose->disabled_count; i++)
		if (!strcmp(u->compose->disabled[i], service))
			return true;
	return compose_service_find(u->compose, service) != NULL;
}

static void plan_removed(struct up *u)
{
	for (size_t i = 0; !u->options->services && i < u->count; i++) {
		const struct live_container *c = &u->all[i];

		if (!is_known(u, c->service))
			up_remove(u, c, "its service is not in the file",
				  u->options->routed ? up_routes(u) : STEP_NONE);
	}
}

void deploy_plan_compose(struct deploy *deploy, const struct compose *compose,
			 const struct docker_live *live, const struct deploy_options *options)
{
	struct up u = {.d = deploy,
		       .compose = compose,
		       .live = live,
		       .options = options,
		       .routes = STEP_NONE};

	if (options->wishes && options->wishes->stopped)
		return;
	deploy_check_api(deploy, compose, live->api);
	collect(&u);
	u.parts = arena_alloc(deploy->arena, (compose->service_count + 1) * sizeof *u.parts);
	for (size_t i = 0; i < compose->service_count; i++) {
		struct part *part = &u.parts[i];
		const char *image;

		part->model = &compose->services[i];
		image = container_image(deploy->arena, compose, part->model);
		part->image_id = json_member_text(json_object_get(live->images, image), "Id");
		container_hash(compose, part->model, part->hash);
		part->stop_first = up_stop_first(&u, part->model);
	}
	plan_networks(&u);
	plan_volumes(&u);
	for (size_t i = 0; i < compose->service_count; i++)
		plan_service(&u, &u.parts[i]);
	plan_removed(&u);
}
