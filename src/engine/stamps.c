/*
 * What went well before need not be done again: stamps of builds and preparations, below
 * .kata/cache/<app>; safe to lose. And the folders that a runtime's services mount.
 */
#include "models.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kata/container.h"
#include "kata/file.h"
#include "kata/hash.h"
#include "kata/json.h"

enum { CHANGED_MAX = 1 << 20, STAMP_MAX = 4096, LABEL_HASH_LEN = 12 };

/* On the containers of a runtime: new ones take the place of those that run with what was installed
 * before. */
#define LABEL_PREPARED "kata.prepared"

/* --- folders --- */

static const char *stamp_path(struct world *world, const char *app, const char *what,
			      const char *service)
{
	return arena_printf(world->arena, "%s/.kata/cache/%s/%s-%s", world->root, app, what,
			    service);
}

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && path[len] == '/' && path[len + 1];
}

/* Something a runtime's service mounts, from a folder of ours. */
static const char *own_source(const struct world *world, const json_t *mount)
{
	const char *type = json_member_text(mount, "type");
	const char *source = json_member_text(mount, "source");

	return type && !strcmp(type, "bind") && source && is_below(source, world->root) ? source
											: NULL;
}

/* Whether a folder that the service mounts is not there: then nothing is installed in it. */
static bool lacks_mount(const struct world *world, const struct compose_service *service)
{
	size_t i;
	json_t *mount;

	json_array_foreach(json_object_get(service->spec, "volumes"), i, mount) {
		const char *source = own_source(world, mount);

		if (source && access(source, F_OK))
			return true;
	}
	return false;
}

/* A folder below the root, with those that lead to it; it itself is given to the app's owner. */
static bool make_mount(struct world *world, const struct app_model *model, const char *path,
		       struct kata_error *e)
{
	const char *config = arena_printf(world->arena, "%s/config", world->root);
	const char *end = path + strlen(world->root);
	bool created = false;

	do {
		const char *folder;

		end = strchrnul(end + 1, '/');
		folder = arena_strndup(world->arena, path, (size_t)(end - path));
		if (!file_mkdir(folder,
				!strcmp(folder, config) || is_below(folder, config) ? 0700 : 0755,
				&created, e))
			return false;
	} while (*end && end[1]);
	if (created && geteuid() == 0 && chown(path, model->uid, model->gid))
		return error_sys(e, "%s cannot be given to the app's owner", path);
	return true;
}

/* Folders that a runtime's service mounts: the engine would make them as root's. */
static bool make_mounts(struct world *world, struct app_model *model,
			const struct compose_service *service, struct kata_error *e)
{
	size_t i;
	json_t *mount;

	json_array_foreach(json_object_get(service->spec, "volumes"), i, mount) {
		const char *source = own_source(world, mount);

		if (source && access(source, F_OK) && !make_mount(world, model, source, e))
			return false;
	}
	return true;
}

bool model_make_mounts(struct world *world, struct app_model *model, struct kata_error *e)
{
	const struct compose *compose = &model->compose;
	bool lost = false;

	for (size_t i = 0; i < compose->service_count; i++)
		lost = lost ||
		       (compose->services[i].runtime && lacks_mount(world, &compose->services[i]));
	for (size_t i = 0; i < compose->service_count; i++) {
		const struct compose_service *service = &compose->services[i];

		if (!service->runtime)
			continue;
		if (lost)
			unlink(stamp_path(world, model->app->name, "prepare", service->name));
		if (!make_mounts(world, model, service, e))
			return false;
	}
	return true;
}

/* --- stamps --- */

static bool stamp_is(const char *path, const char *text)
{
	struct str found = STR_INIT;
	struct kata_error e;
	bool same = file_read(AT_FDCWD, path, STAMP_MAX, &found, &e) && !strcmp(found.p, text);

	str_release(&found);
	return same;
}

/* A stamp that cannot be written costs a repetition, no more. */
static void stamp_write(struct world *world, const char *app, const char *path, const char *text)
{
	struct kata_error e;

	if (model_make_folder(world, "cache", app, &e))
		file_write(path, text, strlen(text), 0600, NULL, &e);
}

static const char *image_id(struct world *world, const struct app_model *model,
			    const struct compose_service *service)
{
	const char *image = container_image(world->arena, &model->compose, service);
	const char *id = json_member_text(json_object_get(world->live.images, image), "Id");

	return id ? id : "";
}

/* --- builds --- */

json_t *model_build_new(struct world *world, const struct compose_service *service)
{
	const struct runtime *runtime =
		service->runtime ? model_runtime(world, service->runtime) : NULL;
	json_t *build = json_object_get(service->spec, "build");

	if (runtime)
		return json_pack("{s:s,s:s}", "context", runtime->folder, "dockerfile",
				 "Dockerfile");
	return build ? json_deep_copy(build) : json_object();
}

/* What an image is built from, as one line; NULL when it cannot be told. */
static const char *build_stamp(struct world *world, const struct compose_service *service,
			       const char *id)
{
	json_t *build = model_build_new(world, service);
	char content[SHA256_HEX + 1], options[SHA256_HEX + 1];
	struct str text = STR_INIT;
	struct kata_error e;
	const char *stamp = NULL;

	json_canonical(&text, build);
	sha256_hex(text.p, text.len, options);
	if (docker_context_hash(build, content, &e))
		stamp = arena_printf(world->arena, "%s %s %s\n", content, options, id);
	str_release(&text);
	json_decref(build);
	return stamp;
}

/* A runtime's image is built when it is missing, and reused (row K13). */
bool model_build_needed(struct world *world, const struct app_model *model,
			const struct compose_service *service)
{
	const char *path = stamp_path(world, model->app->name, "build", service->name), *stamp;

	if (service->runtime)
		return false;
	stamp = build_stamp(world, service, image_id(world, model, service));
	return !stamp || !stamp_is(path, stamp);
}

void model_built(struct world *world, const struct app_model *model,
		 const struct compose_service *service, const char *id)
{
	const char *stamp = service->runtime ? NULL : build_stamp(world, service, id);

	if (stamp)
		stamp_write(world, model->app->name,
			    stamp_path(world, model->app->name, "build", service->name), stamp);
}

/* --- preparations --- */

static bool prepare_applies(struct world *world, const struct app_model *model,
			    const struct runtime_prepare *prepare)
{
	return !prepare->when ||
	       !access(arena_printf(world->arena, "%s/%s", model->folder, prepare->when), F_OK);
}

json_t *model_prepare_new(struct world *world, const struct app_model *model,
			  const struct compose_service *service)
{
	const struct runtime *runtime = model_runtime(world, service->runtime);
	json_t *commands = json_array();

	for (size_t i = 0; runtime && i < runtime->prepare_count; i++)
		if (prepare_applies(world, model, &runtime->prepare[i]))
			json_array_append(commands, runtime->prepare[i].command);
	return commands;
}

/* Of the commands and the files they depend on; false: there is nothing to prepare. */
static bool prepare_hash(struct world *world, const struct app_model *model,
			 const struct compose_service *service, char hash[SHA256_HEX + 1])
{
	const struct runtime *runtime = model_runtime(world, service->runtime);
	struct str all = STR_INIT;
	struct kata_error e;
	json_t *commands = model_prepare_new(world, model, service);
	bool any = json_array_size(commands) > 0;

	json_canonical(&all, commands);
	json_decref(commands);
	for (size_t i = 0; runtime && i < runtime->prepare_count; i++) {
		const struct runtime_prepare *prepare = &runtime->prepare[i];

		for (size_t j = 0; j < prepare->changed_count; j++) {
			str_addf(&all, "\n%s\n", prepare->changed[j]);
			file_read(AT_FDCWD,
				  arena_printf(world->arena, "%s/%s", model->folder,
					       prepare->changed[j]),
				  CHANGED_MAX, &all, &e);
		}
	}
	sha256_hex(all.p, all.len, hash);
	str_release(&all);
	return any;
}

void model_label_prepared(struct world *world, struct app_model *model)
{
	for (size_t i = 0; i < model->compose.service_count; i++) {
		const struct compose_service *service = &model->compose.services[i];
		char hash[SHA256_HEX + 1];

		if (!service->runtime || !prepare_hash(world, model, service, hash))
			continue;
		if (!json_object_get(service->spec, "labels"))
			json_object_set_new(service->spec, "labels", json_object());
		json_object_set_new(json_object_get(service->spec, "labels"), LABEL_PREPARED,
				    json_stringn(hash, LABEL_HASH_LEN));
	}
}

/* With the image; empty when there is nothing to prepare. */
static const char *prepare_stamp(struct world *world, const struct app_model *model,
				 const struct compose_service *service)
{
	char hash[SHA256_HEX + 1];

	return prepare_hash(world, model, service, hash)
		       ? arena_printf(world->arena, "%s %s\n", hash,
				      image_id(world, model, service))
		       : "";
}

bool model_prepare_needed(struct world *world, const struct app_model *model,
			  const struct compose_service *service)
{
	const char *stamp = prepare_stamp(world, model, service);

	return *stamp &&
	       (lacks_mount(world, service) ||
		!stamp_is(stamp_path(world, model->app->name, "prepare", service->name), stamp));
}

void model_prepared(struct world *world, const struct app_model *model,
		    const struct compose_service *service)
{
	stamp_write(world, model->app->name,
		    stamp_path(world, model->app->name, "prepare", service->name),
		    prepare_stamp(world, model, service));
}
