/*
 * The apps' Compose models, with all that is read beside them: env files, runtimes, standing wishes
 * (config/<app>/STATE, app/<app>/.kata-mode), and the mode each app runs in.
 */
#include "models.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kata/file.h"

enum { FILE_MAX = 4 << 20, STATE_MAX = 64 << 10, MODE_MAX = 64 };

/* --- files --- */

static void read_absolute(struct arena *a, const char *path, size_t max, struct app_file *out)
{
	struct str text = STR_INIT;
	struct kata_error e;

	*out = (struct app_file){.path = path};
	if (file_read(AT_FDCWD, path, max, &text, &e)) {
		out->bytes = arena_strndup(a, text.p, text.len);
		out->len = text.len;
	} else if (e.code != ERROR_NOT_FOUND) {
		out->error = arena_strdup(a, e.msg);
	}
	str_release(&text);
}

static void read_for_compose(void *arg, const char *path, struct app_file *out)
{
	struct world *world = arg;

	read_absolute(world->arena, path, FILE_MAX, out);
}

/* --- runtimes --- */

/* Where runtimes are looked for: the user's own first, then ours: beside the program as built, or
 * as installed. */
static const char *runtime_folder(struct world *world, int i, const char *name)
{
	char exe[4096];
	ssize_t n;
	char *slash;

	if (i == 0)
		return arena_printf(world->arena, "%s/.kata/runtimes/%s", world->root, name);
	n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	exe[n > 0 ? n : 0] = '\0';
	slash = strrchr(exe, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	switch (i) {
	case 1:
		return arena_printf(world->arena, "%s/share/runtimes/%s", exe, name);
	case 2:
		return arena_printf(world->arena, "%s/../share/kata-tui/runtimes/%s", exe, name);
	case 3: /* a build folder below the source */
		return arena_printf(world->arena, "%s/../../share/runtimes/%s", exe, name);
	default:
		return NULL;
	}
}

enum { RUNTIME_FOLDERS = 4 };

const struct runtime *model_runtime(const struct world *world, const char *name)
{
	for (size_t i = 0; i < world->runtime_count; i++)
		if (!strcmp(world->runtimes[i].name, name))
			return &world->runtimes[i];
	return NULL;
}

/* Text of the mistakes in a recipe, for whoever uses it. */
static bool runtime_read(struct world *world, const char *name, const char *folder,
			 struct problems *problems)
{
	struct app_file file;
	const char *path = arena_printf(world->arena, "%s/recipe.yaml", folder);
	struct runtime *runtime;

	read_absolute(world->arena, path, FILE_MAX, &file);
	if (!file.bytes)
		return false;
	world->runtimes = arena_grow(world->arena, world->runtimes, world->runtime_count,
				     &world->runtime_cap, sizeof *world->runtimes);
	runtime = &world->runtimes[world->runtime_count];
	if (runtime_decode(runtime, world->arena, name, folder, file.bytes, file.len, path,
			   problems))
		world->runtime_count++;
	else
		runtime_release(runtime);
	return true;
}

/* One app while its services are decoded. */
struct loading {
	struct world *world;
	struct app_model *model;
};

static const struct runtime *find_runtime(void *arg, const char *name)
{
	struct loading *l = arg;
	const struct runtime *known = model_runtime(l->world, name);

	if (known || app_name_problem(name))
		return known;
	for (int i = 0; i < RUNTIME_FOLDERS; i++) {
		const char *folder = runtime_folder(l->world, i, name);

		if (folder && runtime_read(l->world, name, folder, &l->model->app->problems))
			break;
	}
	return model_runtime(l->world, name);
}

/* --- standing wishes --- */

static int wished_replicas(void *arg, const char *service)
{
	const struct loading *l = arg;
	const struct wishes *wishes = &l->model->wishes;

	for (size_t i = 0; i < wishes->scale_count; i++)
		if (!strcmp(wishes->scales[i].service, service))
			return wishes->scales[i].replicas;
	return -1;
}

static void read_wishes(struct world *world, struct app_model *model)
{
	struct app *app = model->app;
	struct app_file file;
	const char *mode;

	read_absolute(world->arena, arena_printf(world->arena, "%s/.kata-mode", model->folder),
		      MODE_MAX, &file);
	mode = file.bytes ? arena_strndup(world->arena, file.bytes, strcspn(file.bytes, " \t\r\n"))
			  : "";
	if (!strcmp(mode, "compose") || !strcmp(mode, "swarm") || !strcmp(mode, "stack"))
		model->wishes.mode = *mode == 'c' ? "compose" : "swarm";
	else if (*mode)
		problems_add(&app->problems, SEVERITY_WARNING, (struct place){.file = file.path},
			     "this file says neither compose nor swarm; it has no effect")
			->hint =
			arena_printf(world->arena, "`kata-tui mode %s auto` removes it", app->name);
	read_absolute(world->arena,
		      arena_printf(world->arena, "%s/config/%s/STATE", world->root, app->name),
		      STATE_MAX, &file);
	if (file.bytes)
		wishes_decode(&model->wishes, world->arena, file.bytes, file.len,
			      arena_printf(world->arena, "config/%s/STATE", app->name),
			      &app->problems);
}

/* --- services --- */

bool model_is_upstream(const struct app_model *model, const char *service)
{
	for (size_t i = 0; i < model->upstream_count; i++)
		if (!strcmp(model->upstreams[i].service, service))
			return true;
	return false;
}

/* What Caddy proxies to takes over from a running predecessor, unless the file says otherwise. */
static void choose_order(struct app_model *model)
{
	for (size_t i = 0; i < model->compose.service_count; i++) {
		struct compose_service *service = &model->compose.services[i];

		if (deploy_start_first(service, model_is_upstream(model, service->name)))
			service->order = ORDER_START_FIRST;
	}
}

static void decode_services(struct world *world, struct app_model *model)
{
	struct loading loading = {.world = world, .model = model};
	struct compose_input input = {
		.app = model->app,
		.root = world->root,
		.read = read_for_compose,
		.read_arg = world,
		.runtime = find_runtime,
		.runtime_arg = &loading,
		.replicas = wished_replicas,
		.replicas_arg = &loading,
	};

	if (!compose_decode(&model->compose, world->arena, &input, &model->app->problems)) {
		app_settle(model->app);
		return;
	}
	model_label_prepared(world, model);
	if (model->app->caddy) {
		model->upstreams = upstream_list(world->arena, model->app->caddy, &model->compose,
						 &model->upstream_count);
		if (model->upstream_count)
			model->block = json_incref(model->app->caddy);
		choose_order(model);
	}
	app_settle(model->app);
}

static void read_owner(struct app_model *model)
{
	struct stat st;

	if (!stat(model->folder, &st)) {
		model->uid = st.st_uid;
		model->gid = st.st_gid;
	}
}

static bool has_services(const struct app *app)
{
	return yaml_get(app->root, "services") != NULL;
}

void models_load(struct world *world)
{
	world->models = arena_alloc(world->arena, (world->app_count + 1) * sizeof *world->models);
	for (size_t i = 0; i < world->app_count; i++) {
		struct app_model *model = &world->models[i];

		model->app = &world->apps[i];
		model->lock = -1;
		model->compose.project = model->app->name;
		deploy_init(&model->images, world->arena);
		deploy_init(&model->deploy, world->arena);
		if (app_name_problem(model->app->name))
			continue;
		model->folder =
			arena_printf(world->arena, "%s/app/%s", world->root, model->app->name);
		model->compose.folder = model->folder;
		/* Only an app that has, or had, containers has any of the other files. */
		model->deployed = !access(
			arena_printf(world->arena, "%s/.docker-compose.yaml", model->folder), F_OK);
		if (!has_services(model->app) && !model->deployed)
			continue;
		read_owner(model);
		read_wishes(world, model);
		if (model->app->root)
			decode_services(world, model);
	}
}

void models_release(struct world *world)
{
	for (size_t i = 0; world->models && i < world->app_count; i++) {
		compose_release(&world->models[i].compose);
		json_decref(world->models[i].block);
	}
	for (size_t i = 0; i < world->runtime_count; i++)
		runtime_release(&world->runtimes[i]);
}

struct app_model *world_model(const struct world *world, const char *name)
{
	struct app *app = world_app(world, name);

	return app && world->models ? &world->models[app - world->apps] : NULL;
}

/* --- mode --- */

/* DESIGN section 7: .kata-mode, x-kata-mode, the mode it runs in, Swarm if active, Compose. */
void model_choose_mode(const struct world *world, struct app_model *model)
{
	const struct docker_live *live = &world->live;

	model->live_compose = live->good && live_has_compose(live, model->app->name, model->folder);
	model->live_swarm = live->swarm && live_has_stack(live, model->app->name);
	if (model->wishes.mode) {
		model->swarm = !strcmp(model->wishes.mode, "swarm");
		model->mode_rule = ".kata-mode";
	} else if (model->app->mode) {
		model->swarm = !strcmp(model->app->mode, "swarm");
		model->mode_rule = "x-kata-mode";
	} else if (model->live_compose || model->live_swarm) {
		model->swarm = !model->live_compose;
		model->mode_rule = "running";
	} else {
		model->swarm = live->swarm;
		model->mode_rule = live->swarm ? "swarm is active" : "default";
	}
}

void models_settle(struct world *world)
{
	for (size_t i = 0; i < world->app_count; i++)
		if (world->models[i].folder)
			model_choose_mode(world, &world->models[i]);
}
