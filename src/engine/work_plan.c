/*
 * What a run does with each app's containers: the checks that come before anything is touched, and
 * the plans.
 */
#include "work.h"

#include <string.h>
#include <unistd.h>

#include "kata/json.h"
#include "kata/swarm.h"

bool work_is_selected(const struct engine_options *options, const char *app)
{
	for (size_t i = 0; i < options->selected_count; i++)
		if (!strcmp(options->selected[i], app))
			return true;
	return !options->selected;
}

bool work_has_steps(const struct app_model *model)
{
	return model->down.count || model->images.count || model->deploy.count;
}

/* One model while it is planned. */
struct asking {
	struct world *world;
	const struct app_model *model;
};

static bool ask_upstream(void *arg, const char *service)
{
	const struct asking *q = arg;

	return model_is_upstream(q->model, service);
}

static bool ask_build(void *arg, const struct compose_service *service)
{
	const struct asking *q = arg;

	return model_build_needed(q->world, q->model, service);
}

static bool ask_prepare(void *arg, const struct compose_service *service)
{
	const struct asking *q = arg;

	return model_prepare_needed(q->world, q->model, service);
}

static const char *ask_object(void *arg, const char *kind, const char *key)
{
	const struct asking *q = arg;

	return model_object_name(q->world, &q->model->compose, kind, key);
}

/* --- checks --- */

static bool refuse(struct app_model *model, enum error_code code, const char *what,
		   const char *hint)
{
	model->result = MODEL_FAILED;
	error_set(&model->error, code, "%s", what);
	error_where(&model->error, "%s", model->app->name);
	if (hint)
		error_hint(&model->error, "%s", hint);
	return false;
}

static bool check_engine(struct world *world, struct app_model *model)
{
	const struct docker_live *live = &world->live;
	const char *other;

	if (!live->good) {
		model->result = MODEL_FAILED;
		model->error = live->error;
		return false;
	}
	/* Without knowing what a stack of this name runs, anything could double it. */
	if (live->swarm_error.code != ERROR_NONE) {
		model->result = MODEL_FAILED;
		model->error = live->swarm_error;
		return false;
	}
	if (model->swarm && !live->swarm)
		return refuse(model, ERROR_REFUSED,
			      "it is to run on a Swarm, and this engine is no "
			      "Swarm manager",
			      arena_printf(world->arena,
					   "`docker swarm init` makes it one; or `kata-tui mode %s "
					   "compose`",
					   model->app->name));
	other = model->swarm ? NULL : live_foreign_project(live, model->app->name, model->folder);
	if (other)
		return refuse(model, ERROR_EXISTS,
			      arena_printf(world->arena,
					   "there is a Compose project of this name from another "
					   "folder (%s)",
					   other),
			      "it is left alone: rename one of the two, or take that one down with "
			      "docker compose down");
	return true;
}

/* Secrets and configs from files must be readable before anything is touched. */
static bool check_files(struct app_model *model)
{
	static const char *const kinds[] = {"secrets", "configs"};

	for (size_t k = 0; k < 2; k++) {
		const char *key;
		json_t *object;

		json_object_foreach(json_object_get(model->compose.root, kinds[k]), key, object) {
			struct str content = STR_INIT;
			bool ok = json_is_true(json_object_get(object, "external")) ||
				  model_content(&model->compose, kinds[k], key, &content,
						&model->error);

			str_release(&content);
			if (ok)
				continue;
			model->result = MODEL_FAILED;
			return false;
		}
	}
	return true;
}

static bool publishes(const json_t *spec, unsigned port)
{
	size_t i;
	json_t *item;

	json_array_foreach(json_object_get(spec, "ports"), i, item)
		if (json_integer_value(json_object_get(item, "target")) == (json_int_t)port)
			return true;
	return false;
}

/* What this mode cannot do, with the places in the file. */
static bool check_mode(struct world *world, struct app_model *model)
{
	struct problems found;

	problems_init(&found, world->arena);
	compose_check_mode(&model->compose, model->app, model->swarm, &found);
	for (size_t i = 0; model->swarm && !world->keep_upstreams && i < model->upstream_count;
	     i++) {
		const struct upstream *u = &model->upstreams[i];
		const struct compose_service *s = compose_service_find(&model->compose, u->service);

		if (s && !publishes(s->spec, u->port))
			problems_add(
				&found, SEVERITY_ERROR, app_caddy_place(model->app, u->path),
				"%s:%u is not published; in Swarm mode a Caddy on the host cannot "
				"reach it",
				u->service, u->port)
				->hint = arena_printf(world->arena,
						      "give the service ports: [\"%u\"]", u->port);
	}
	for (size_t i = 0; !model->planned && i < found.count; i++) { /* said once */
		struct problem *p = problems_add(&model->app->problems, found.items[i].severity,
						 found.items[i].place, "%s", found.items[i].msg);

		p->hint = found.items[i].hint;
		p->rule = found.items[i].rule;
	}
	if (!found.errors)
		return true;
	model->result = MODEL_FAILED;
	return false;
}

/* --- plans --- */

static void plan_stop(struct world *world, struct app_model *model, const struct work *work)
{
	struct deploy_options options = {.services = work->services,
					 .service_count = work->service_count};

	if (model->live_swarm || (model->swarm && !model->live_compose))
		deploy_plan_stop(&model->deploy, &model->compose, model->folder, true, &world->live,
				 &options);
	else
		deploy_plan_stop(&model->deploy, &model->compose, model->folder, false,
				 &world->live, &options);
}

static void plan_down(struct world *world, struct app_model *model, const struct work *work)
{
	const char *name = model->app->name;

	deploy_plan_down(&model->deploy, name, model->folder, false, work->wipe, &world->live);
	if (world->live.swarm)
		deploy_plan_down(&model->down, name, model->folder, true, work->wipe, &world->live);
}

static void plan_up(struct world *world, struct app_model *model, const struct work *work)
{
	struct asking asking = {world, model};
	struct deploy_options options = {
		.verb = work->verb,
		.start = work->start,
		.detach = work->detach,
		.pull = work->pull,
		.fresh = work->fresh,
		.routed = model->app->wants_caddy,
		.services = work->services,
		.service_count = work->service_count,
		.wishes = &model->wishes,
		.is_upstream = ask_upstream,
		.upstream_arg = &asking,
		.build_needed = work->verb == DEPLOY_REPAIR ? NULL : ask_build,
		.prepare_needed = ask_prepare,
		.image_arg = &asking,
		.object_name = ask_object,
		.object_arg = &asking,
	};

	model_label_prepared(world, model); /* preparing may have written files it depends on */
	if (!check_mode(world, model) || !check_files(model))
		return;
	if (!model->wishes.stopped)
		deploy_plan_images(&model->images, &model->compose, &world->live, &options);
	if (model->swarm) {
		if (model->live_compose)
			deploy_plan_down(&model->down, model->app->name, model->folder, false,
					 false, &world->live);
		deploy_plan_swarm(&model->deploy, &model->compose, &world->live, &options);
	} else {
		if (model->live_swarm)
			deploy_plan_down(&model->down, model->app->name, model->folder, true, false,
					 &world->live);
		deploy_plan_compose(&model->deploy, &model->compose, &world->live, &options);
	}
}

void work_plan_model(struct world *world, struct app_model *model, const struct work *work)
{
	deploy_init(&model->images, world->arena);
	deploy_init(&model->deploy, world->arena);
	deploy_init(&model->down, world->arena);
	model->result = MODEL_NONE;
	if (!check_engine(world, model)) {
		model->planned = true;
		return;
	}
	if (work->down)
		plan_down(world, model, work);
	else if (work->stop)
		plan_stop(world, model, work);
	else
		plan_up(world, model, work);
	if (model->deploy.problems.errors)
		model->result = MODEL_FAILED; /* the report says them */
	if (model->result == MODEL_NONE && work_has_steps(model))
		model->result = MODEL_PLANNED;
	model->planned = true;
}

/* Nothing of it concerns Docker. */
static bool is_out(const struct world *world, const struct app_model *model,
		   const struct work *work)
{
	bool has = model->compose.service_count || model->deployed || model->live_compose ||
		   model->live_swarm;

	if (!model->folder || !world->live.read || !has)
		return true;
	return !work->down && model->app->state != APP_VALID;
}

void world_plan_work(struct world *world, const struct engine_options *options,
		     const struct work *work)
{
	for (size_t i = 0; world->models && i < world->app_count; i++) {
		struct app_model *model = &world->models[i];

		if (work_is_selected(options, model->app->name) && !is_out(world, model, work))
			work_plan_model(world, model, work);
	}
}
