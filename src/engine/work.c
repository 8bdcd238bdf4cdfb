/*
 * Doing it: one run over the containers of some apps and over Caddy. Images first, then what the
 * other mode left, then containers or services; routes when the new ones are up; what the routes
 * have left goes last. A failure holds its own app's routes, and no other's.
 */
#include "work.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kata/container.h"
#include "kata/file.h"
#include "kata/json.h"
#include "kata/lock.h"
#include "kata/rollout.h"

struct run {
	struct world *world;
	const struct engine_options *options;
	const struct work *work;
	struct rollout *rollout;
};

/* --- what the rollout asks --- */

static struct app_model *model_of(struct run *run, const struct compose *compose)
{
	return world_model(run->world, compose->project);
}

static void host_report(void *arg, const struct step *step, const char *text)
{
	struct run *run = arg;

	if (run->work->report)
		run->work->report(run->work->report_arg, step, text);
}

static void host_progress(void *arg, const struct step *step, const char *layer, json_int_t now,
			  json_int_t total)
{
	struct run *run = arg;

	if (run->work->progress)
		run->work->progress(run->work->report_arg, step, layer, now, total);
}

static json_t *host_build_new(void *arg, const struct step *step)
{
	struct run *run = arg;

	return model_build_new(run->world, step->model);
}

static void host_built(void *arg, const struct step *step, const char *image_id)
{
	struct run *run = arg;

	model_built(run->world, model_of(run, step->compose), step->model, image_id);
}

static json_t *host_prepare_new(void *arg, const struct step *step)
{
	struct run *run = arg;

	return model_prepare_new(run->world, model_of(run, step->compose), step->model);
}

static void host_prepared(void *arg, const struct step *step)
{
	struct run *run = arg;

	model_prepared(run->world, model_of(run, step->compose), step->model);
}

static bool host_content(void *arg, const struct step *step, struct str *out, struct kata_error *e)
{
	(void)arg;
	return model_content(step->compose, step->kind, step->key, out, e);
}

static const char *host_content_file(void *arg, const struct compose *compose, const char *kind,
				     const char *key)
{
	struct run *run = arg;

	return model_content_file(run->world, compose, kind, key);
}

static const char *host_object_name(void *arg, const struct compose *compose, const char *kind,
				    const char *key)
{
	struct run *run = arg;

	return model_object_name(run->world, compose, kind, key);
}

static struct rollout *rollout_begin(struct run *run)
{
	struct rollout_host host = {
		.arg = run,
		.report = host_report,
		.progress = host_progress,
		.build_new = host_build_new,
		.built = host_built,
		.prepare_new = host_prepare_new,
		.prepared = host_prepared,
		.content = host_content,
		.content_file = host_content_file,
		.object_name = host_object_name,
		.config_home = run->work->config_home,
	};

	return rollout_new(&run->world->docker, run->world->loop, &run->world->live, &host);
}

/* --- phases --- */

enum phase { PHASE_DOWN, PHASE_IMAGES, PHASE_DEPLOY };

static struct deploy *graph_of(struct app_model *model, enum phase phase)
{
	switch (phase) {
	case PHASE_DOWN:
		return &model->down;
	case PHASE_IMAGES:
		return &model->images;
	case PHASE_DEPLOY:
		break;
	}
	return &model->deploy;
}

static bool is_at_work(const struct app_model *model)
{
	return model->planned && model->result == MODEL_PLANNED;
}

/* Runs one graph of every model at work. True when there was anything to run. */
static bool run_phase(struct run *run, enum phase phase)
{
	struct rollout *rollout = rollout_begin(run);
	bool any = false;

	for (size_t i = 0; i < run->world->app_count; i++) {
		struct app_model *model = &run->world->models[i];

		if (!is_at_work(model) || !graph_of(model, phase)->count)
			continue;
		rollout_add(rollout, graph_of(model, phase));
		any = true;
	}
	rollout_run(rollout);
	for (size_t i = 0; i < run->world->app_count; i++) {
		struct app_model *model = &run->world->models[i];

		if (is_at_work(model) && deploy_failed(graph_of(model, phase))) {
			work_name_holders(run->world, graph_of(model, phase));
			model->result = MODEL_FAILED;
			/* Images that do not come have changed nothing. */
			model->held = phase != PHASE_IMAGES;
		}
	}
	if (phase == PHASE_DEPLOY)
		run->rollout = rollout; /* it goes on after the routes */
	else
		rollout_free(rollout);
	return any;
}

/* Plans the models at work again, on a fresh reading. */
static bool plan_again(struct run *run)
{
	if (!world_observe_docker(run->world)) {
		for (size_t i = 0; i < run->world->app_count; i++) {
			struct app_model *model = &run->world->models[i];

			if (!is_at_work(model))
				continue;
			model->result = MODEL_FAILED;
			model->error = run->world->live.error;
		}
		return false;
	}
	for (size_t i = 0; i < run->world->app_count; i++)
		if (is_at_work(&run->world->models[i]))
			work_plan_model(run->world, &run->world->models[i], run->work);
	return true;
}

/* --- locks --- */

static bool lock_model(struct run *run, struct app_model *model)
{
	struct world *world = run->world;
	const char *kata = arena_printf(world->arena, "%s/.kata", world->root);
	const char *locks = arena_printf(world->arena, "%s/locks", kata);
	const char *path = arena_printf(world->arena, "%s/%s", locks, model->app->name);

	if (file_mkdir(kata, 0700, NULL, &model->error) &&
	    file_mkdir(locks, 0700, NULL, &model->error) &&
	    lock_take(path, "kata-tui", world->loop, run->work->wait ? -1 : 0, &model->lock,
		      &model->error))
		return true;
	model->result = run->work->skip_locked && model->error.code == ERROR_EXISTS ? MODEL_LOCKED
										    : MODEL_FAILED;
	model->held = true; /* whoever has the lock sees to its routes as well */
	return false;
}

static bool lock_models(struct run *run)
{
	bool any = false;

	for (size_t i = 0; i < run->world->app_count; i++) {
		struct app_model *model = &run->world->models[i];

		if (is_at_work(model))
			any = lock_model(run, model) || any;
	}
	return any;
}

static void unlock_models(struct run *run)
{
	for (size_t i = 0; i < run->world->app_count; i++) {
		lock_release(run->world->models[i].lock);
		run->world->models[i].lock = -1;
	}
}

/* --- files --- */

typedef bool files_make(struct world *world, struct app_model *model, struct kata_error *e);

static void make_files(struct run *run, files_make *make)
{
	for (size_t i = 0; i < run->world->app_count; i++) {
		struct app_model *model = &run->world->models[i];

		if (!is_at_work(model) || run->work->stop || run->work->down)
			continue;
		if (!make(run->world, model, &model->error))
			model->result = MODEL_FAILED;
	}
}

/* --- routes --- */

static bool awaits_routes(const struct run *run)
{
	for (size_t i = 0; run->world->models && i < run->world->app_count; i++)
		if (deploy_awaits_routes(&run->world->models[i].deploy))
			return true;
	return false;
}

/* Whether Caddy has the app's routes as they shall be now. */
static bool routes_are_right(const struct run *run, const struct app_model *model,
			     struct kata_error *e)
{
	const struct world *world = run->world;

	if (!model->app->wants_caddy)
		return true;
	if (model->waits) {
		error_set(e, ERROR_UNAVAILABLE,
			  "no address of a service that its routes name is "
			  "known");
		error_where(e, "%s", model->app->name);
		return false;
	}
	for (size_t i = 0; i < world->member_count; i++) {
		if (world->members[i].result == MEMBER_FAILED) {
			*e = world->members[i].error;
			return false;
		}
		if (member_has_aside(&world->members[i], model->app->name)) {
			error_set(e, ERROR_REFUSED, "Caddy refused its routes");
			error_where(e, "%s", model->app->name);
			return false;
		}
	}
	return true;
}

static void finish_routes(struct run *run)
{
	for (size_t i = 0; i < run->world->app_count; i++) {
		struct app_model *model = &run->world->models[i];
		struct kata_error e = {0};

		if (deploy_awaits_routes(&model->deploy))
			rollout_routes(&model->deploy, routes_are_right(run, model, &e), &e);
	}
}

/* Another service of the app failed: the routes stay, and with them what they lead to. */
static void block_held(struct run *run)
{
	for (size_t i = 0; run->world->models && i < run->world->app_count; i++) {
		struct app_model *model = &run->world->models[i];

		if (model->held && deploy_awaits_routes(&model->deploy))
			rollout_routes(&model->deploy, false, NULL);
	}
}

/* Addresses of the containers that go now: Caddy may still have requests there. */
static json_t *leaving_new(struct run *run)
{
	struct world *world = run->world;
	json_t *out = json_array();

	for (size_t i = 0; i < world->app_count; i++) {
		const struct app_model *model = &world->models[i];

		if (!deploy_awaits_routes(&model->deploy))
			continue;
		for (size_t s = 0; s < model->deploy.count; s++) {
			const struct step *step = &model->deploy.steps[s];

			if (step->op == STEP_STOP && step->state == STEP_WAITING && step->id &&
			    model_is_upstream(model, step->service))
				json_array_append_new(out, json_string_nocheck(step->id));
		}
	}
	return out;
}

static bool do_routes(struct run *run, bool changed, struct kata_error *e)
{
	struct engine_options options = *run->options;
	bool waiting, ok = true;
	json_t *leaving;

	block_held(run);
	leaving = leaving_new(run);
	waiting = awaits_routes(run);
	if (!run->work->routes) {
		json_decref(leaving);
		finish_routes(run);
		return true;
	}
	if (changed) {
		options.if_plan = NULL; /* it was asked before anything began */
		if (run->world->live.read)
			world_observe_docker(run->world);
		world_plan_again(run->world, &options, true);
	}
	ok = world_apply(run->world, &options, e);
	if (waiting && ok) {
		if (json_array_size(leaving))
			work_drain(run->world, leaving);
		finish_routes(run);
	}
	json_decref(leaving);
	return ok;
}

/* --- the other mode --- */

static void run_alone(struct run *run, struct deploy *graph)
{
	struct rollout *rollout = rollout_begin(run);

	rollout_add(rollout, graph);
	rollout_run(rollout);
	rollout_free(rollout);
}

/*
 * What a failed switch of modes left goes, and the mode before comes back. From here on the model
 * is of that mode (as if the wish had never been): its routes follow what runs.
 */
static void go_back(struct run *run, struct app_model *model)
{
	struct deploy failed = model->deploy;
	struct kata_error why = model->error;
	struct world *world = run->world;

	deploy_init(&model->down, world->arena);
	if (world_observe_docker(world)) {
		deploy_plan_down(&model->down, model->app->name, model->folder, model->swarm, false,
				 &world->live);
		run_alone(run, &model->down);
	}
	model->wishes.mode = model->swarm ? "compose" : "swarm";
	if (world_observe_docker(world)) {
		work_plan_model(world, model, run->work);
		if (model_write_files(world, model, &model->error))
			run_alone(run, &model->deploy);
		model->back = model->deploy;
	}
	model->deploy = failed;
	model->error = why;
	model->result = MODEL_FAILED;
	model->held = deploy_failed(&model->back);
}

static void go_back_all(struct run *run, const bool *switched)
{
	for (size_t i = 0; i < run->world->app_count; i++)
		if (switched[i] && run->world->models[i].result == MODEL_FAILED &&
		    !loop_stopped(run->world->loop))
			go_back(run, &run->world->models[i]);
}

/* --- all together --- */

static void do_containers(struct run *run)
{
	struct world *world = run->world;
	bool *switched = arena_alloc(world->arena, (world->app_count + 1) * sizeof *switched);

	if (!lock_models(run) || !plan_again(run))
		return;
	make_files(run, model_make_mounts);
	if (run_phase(run, PHASE_IMAGES) && !plan_again(run))
		return;
	for (size_t i = 0; i < world->app_count; i++)
		if (is_at_work(&world->models[i]))
			deploy_init(&world->models[i].images, world->arena);
	make_files(run, model_write_files);
	for (size_t i = 0; i < world->app_count; i++)
		switched[i] = is_at_work(&world->models[i]) && world->models[i].down.count &&
			      !run->work->down;
	if (run_phase(run, PHASE_DOWN) && !run->work->down && !plan_again(run))
		return;
	run_phase(run, PHASE_DEPLOY);
	go_back_all(run, switched);
}

static void close_models(struct run *run)
{
	for (size_t i = 0; i < run->world->app_count; i++) {
		struct app_model *model = &run->world->models[i];

		if (!is_at_work(model))
			continue;
		model->result = deploy_failed(&model->deploy) || loop_stopped(run->world->loop)
					? MODEL_FAILED
					: MODEL_DONE;
		if (model->result == MODEL_DONE && !deploy_finished(&model->deploy))
			BUG("steps of app %s wait for each other", model->app->name);
		if (model->result == MODEL_DONE && !run->work->stop &&
		    (run->work->down || !model->compose.service_count))
			model_remove_files(run->world, model);
	}
}

/* The generated file follows kata-compose.yaml also where no container has to. */
static void refresh_files(struct run *run)
{
	for (size_t i = 0; run->world->models && i < run->world->app_count; i++) {
		struct app_model *model = &run->world->models[i];

		if (!model->planned || model->result != MODEL_NONE || run->work->stop ||
		    run->work->down || !model->compose.service_count)
			continue;
		if (!model_write_files(run->world, model, &model->error))
			model->result = MODEL_FAILED;
	}
}

bool world_work(struct world *world, const struct engine_options *options, const struct work *work,
		struct kata_error *e)
{
	struct run run = {.world = world, .options = options, .work = work};
	bool changed = false, ok;

	if (options->if_plan && strcmp(options->if_plan, world_digest(world)) != 0) {
		error_set(e, ERROR_CONFLICT, "the plan is %s now, not %s", world_digest(world),
			  options->if_plan);
		error_hint(e, "look at --diff again");
		return false;
	}
	for (size_t i = 0; world->models && i < world->app_count; i++)
		changed = changed || is_at_work(&world->models[i]);
	if (changed)
		do_containers(&run);
	refresh_files(&run);
	ok = loop_stopped(world->loop) || do_routes(&run, changed, e);
	if (run.rollout)
		rollout_run(run.rollout);
	close_models(&run);
	rollout_free(run.rollout);
	unlock_models(&run);
	return ok;
}

bool model_wish(struct world *world, const struct app_model *model, struct kata_error *e)
{
	const char *folder = arena_printf(world->arena, "%s/config", world->root);
	const char *config = arena_printf(world->arena, "%s/%s", folder, model->app->name);
	const char *state = arena_printf(world->arena, "%s/STATE", config);
	const char *mode = arena_printf(world->arena, "%s/.kata-mode", model->folder);
	struct str text = STR_INIT;
	bool ok;

	wishes_encode(&text, &model->wishes);
	ok = file_mkdir(folder, 0700, NULL, e) && file_mkdir(config, 0700, NULL, e) &&
	     ((!text.len && access(state, F_OK)) ||
	      file_write(state, text.p, text.len, 0600, NULL, e));
	str_clear(&text);
	if (model->wishes.mode)
		str_addf(&text, "%s\n", model->wishes.mode);
	if (ok && text.len)
		ok = file_write(mode, text.p, text.len, 0644, NULL, e);
	else if (ok)
		unlink(mode);
	str_release(&text);
	return ok;
}
