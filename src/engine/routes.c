/*
 * Addresses for upstream dials that name a service of the same file, put into the blocks before
 * they are compared with Caddy.
 */
#include "models.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/rollout.h"
#include "kata/container.h"

struct resolving {
	struct world *world;
	struct app_model *model;
};

/* Containers that this deploy takes out as soon as the routes have left them. */
static bool is_leaving(const struct app_model *model, const char *id)
{
	const struct deploy *d = &model->deploy;

	if (!deploy_awaits_routes(d))
		return false;
	for (size_t i = 0; i < d->count; i++) {
		const struct step *s = &d->steps[i];

		if ((s->op == STEP_STOP || s->op == STEP_REMOVE) && s->state == STEP_WAITING &&
		    s->rescues == STEP_NONE && s->id && !strcmp(s->id, id))
			return true;
	}
	return false;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In one order, whatever order the engine lists them in; each once. */
static json_t *sorted_new(const char **found, size_t count)
{
	json_t *out = json_array();

	qsort(found, count, sizeof *found, by_text);
	for (size_t i = 0; i < count; i++)
		if (!i || strcmp(found[i - 1], found[i]) != 0)
			json_array_append_new(out, json_string_nocheck(found[i]));
	return out;
}

static json_t *container_addresses_new(struct resolving *r, const char *service, unsigned port)
{
	const struct docker_live *live = &r->world->live;
	size_t size = json_array_size(live->containers) + 1, count = 0, i;
	const char **found = arena_alloc(r->world->arena, size * sizeof *found);
	json_t *item;

	json_array_foreach(live->containers, i, item) {
		const char *project =
			json_member_text(json_object_get(item, "Labels"), LABEL_PROJECT);
		const char *address;
		struct live_container c;

		live_container_read(item, &c);
		if (!project || strcmp(project, r->model->app->name) != 0 || c.oneoff ||
		    strcmp(c.state, "running") != 0 || strcmp(c.service, service) != 0 ||
		    strcmp(c.folder, r->model->folder) != 0 || is_leaving(r->model, c.id))
			continue;
		address = upstream_container_address(r->world->arena, item, port);
		if (address)
			found[count++] = address;
	}
	return sorted_new(found, count);
}

/* The service's own port on every node, or those of its tasks here. */
static json_t *service_addresses_new(struct resolving *r, const char *service, unsigned port)
{
	const struct docker_live *live = &r->world->live;
	struct arena *a = r->world->arena;
	const char *name = arena_printf(a, "%s_%s", r->model->app->name, service);
	size_t size = json_array_size(live->services) + json_array_size(live->task_containers);
	const char **found = arena_alloc(a, (size + 1) * sizeof *found), *address;
	size_t count = 0, i;
	json_t *item;

	json_array_foreach(live->services, i, item) {
		const char *own = json_member_text(json_object_get(item, "Spec"), "Name");

		address =
			own && !strcmp(own, name) ? upstream_service_address(a, item, port) : NULL;
		if (address)
			found[count++] = address;
	}
	json_array_foreach(live->task_containers, i, item) {
		const char *own = json_member_text(json_object_get(item, "Labels"),
						   "com.docker.swarm.service.name");

		address = own && !strcmp(own, name) ? upstream_published_address(a, item, port)
						    : NULL;
		if (address)
			found[count++] = address;
	}
	return sorted_new(found, count);
}

static json_t *addresses_new(void *arg, const char *service, unsigned port)
{
	struct resolving *r = arg;

	if (!r->world->live.good)
		return json_array();
	return r->model->swarm ? service_addresses_new(r, service, port)
			       : container_addresses_new(r, service, port);
}

json_t *model_addresses_new(struct world *world, struct app_model *model, const json_t *block)
{
	struct resolving r = {.world = world, .model = model};
	json_t *copy = json_deep_copy(block);

	upstream_resolve(copy, &model->compose, addresses_new, &r);
	return copy;
}

/* Where no address is known, what is live stands for it: then it is no difference. */
static bool fill_from_live(struct resolving *r, struct member *member, json_t *block)
{
	json_t *live =
		plan_decompile_new(member->live.servers, r->world->owner, r->model->app->name);
	struct upstream *left;
	size_t count;
	bool known = live != NULL;

	left = upstream_list(r->world->arena, block, &r->model->compose, &count);
	for (size_t i = 0; known && i < count; i++) {
		json_t *ours = json_at(block, left[i].path), *theirs = json_at(live, left[i].path);

		known = json_is_array(ours) && json_is_array(theirs);
		if (!known)
			break;
		json_array_clear(ours);
		json_array_extend(ours, theirs);
	}
	json_decref(live);
	return known;
}

/* With Docker unreadable, an app of services only gets back what is missing altogether. */
static bool is_blocked(const struct world *world, const struct member *member,
		       const struct app_model *model)
{
	json_t *live;

	if (!world->live.read || world->live.good || !model->compose.service_count)
		return false;
	live = plan_decompile_new(member->live.servers, world->owner, model->app->name);
	json_decref(live);
	return live != NULL;
}

void routes_resolve(struct world *world, struct member *member)
{
	for (size_t i = 0; world->models && i < world->app_count; i++) {
		struct resolving r = {.world = world, .model = &world->models[i]};
		struct app *app = r.model->app;
		json_t *block;

		app->hold = r.model->held || is_blocked(world, member, r.model);
		if (!r.model->block || world->keep_upstreams || app->state != APP_VALID)
			continue;
		block = json_deep_copy(r.model->block);
		/* No address, and nothing live: its routes wait until there is one. */
		r.model->waits = upstream_resolve(block, &r.model->compose, addresses_new, &r) &&
				 !fill_from_live(&r, member, block);
		app->hold = app->hold || r.model->waits;
		json_decref(app->caddy);
		app->caddy = block;
	}
}

void app_forget_routes(struct world *world, struct app *app)
{
	struct app_model *model = world_model(world, app->name);

	app->state = APP_VALID;
	json_decref(app->caddy);
	app->caddy = NULL;
	if (model) {
		json_decref(model->block);
		model->block = NULL;
		model->waits = false;
	}
}
