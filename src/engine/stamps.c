/*
 * What a deploy leaves beside the app: .docker-compose.yaml, the private files of secrets without a
 * file of their own, and stamps of builds and preparations that went well (.kata/cache/<app>: safe
 * to lose, then they run once more).
 */
#include "models.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kata/container.h"
#include "kata/file.h"
#include "kata/hash.h"
#include "kata/json.h"
#include "kata/swarm.h"

enum { CONTENT_MAX = 1 << 20, STAMP_MAX = 4096, LABEL_HASH_LEN = 12 };

/* On the containers of a runtime: new ones take the place of those that run with what was installed
 * before. */
#define LABEL_PREPARED "kata.prepared"

/* --- secrets and configs --- */

bool model_content(struct world *world, const struct compose *compose, const char *kind,
		   const char *key, struct str *out, struct kata_error *e)
{
	const json_t *object = json_object_get(json_object_get(compose->root, kind), key);
	const json_t *content = json_object_get(object, "content");
	const char *file = json_member_text(object, "file");

	(void)world;
	if (json_is_string(content)) {
		str_addn(out, json_string_value(content), json_string_length(content));
		return true;
	}
	if (!file) {
		error_set(e, ERROR_INVALID, "it has neither file: nor content:");
	} else if (file_read(AT_FDCWD, file, CONTENT_MAX, out, e)) {
		return true;
	} else {
		error_hint(e, "its file: is %s", file);
	}
	error_where(e, "%s.%s of app %s", kind, key, compose->project);
	return false;
}

const char *model_object_name(struct world *world, const struct compose *compose, const char *kind,
			      const char *key)
{
	const json_t *object = json_object_get(json_object_get(compose->root, kind), key);
	const char *plain = json_member_text(object, "name"), *name;
	struct str content = STR_INIT;
	struct kata_error e;

	if (json_is_true(json_object_get(object, "external")) ||
	    !model_content(world, compose, kind, key, &content, &e))
		name = plain;
	else
		name = swarm_object_name(world->arena, compose, kind, key, content.p, content.len);
	str_release(&content);
	return name;
}

const char *model_content_file(struct world *world, const struct compose *compose, const char *kind,
			       const char *key)
{
	return arena_printf(world->arena, "%s/.kata/files/%s/%s-%s", world->root, compose->project,
			    kind, key);
}

/* --- generated files --- */

struct naming {
	struct world *world;
	const struct app_model *model;
};

static const char *name_object(void *arg, const char *kind, const char *key)
{
	const struct naming *n = arg;

	return n->model->swarm ? model_object_name(n->world, &n->model->compose, kind, key) : NULL;
}

static const char *name_content(void *arg, const char *kind, const char *key)
{
	const struct naming *n = arg;

	return model_content_file(n->world, &n->model->compose, kind, key);
}

static bool make_folder(struct world *world, const char *below, const char *app,
			struct kata_error *e)
{
	const char *kata = arena_printf(world->arena, "%s/.kata", world->root);
	const char *middle = arena_printf(world->arena, "%s/%s", kata, below);

	return file_mkdir(kata, 0700, NULL, e) && file_mkdir(middle, 0700, NULL, e) &&
	       (!app ||
		file_mkdir(arena_printf(world->arena, "%s/%s", middle, app), 0700, NULL, e));
}

/*
 * One content, readable inside the container as the file says (0444 when it says nothing, as
 * Compose does): on the host only root and the owner get through the folder above, which is 0700.
 */
static bool write_content(struct world *world, struct app_model *model, const char *kind,
			  const char *key, struct kata_error *e)
{
	const char *path = model_content_file(world, &model->compose, kind, key);
	struct str content = STR_INIT;
	bool ok = make_folder(world, "files", model->app->name, e) &&
		  model_content(world, &model->compose, kind, key, &content, e) &&
		  file_write(path, content.p, content.len, 0444, NULL, e);

	str_release(&content);
	return ok;
}

static bool write_contents(struct world *world, struct app_model *model, struct kata_error *e)
{
	static const char *const kinds[] = {"secrets", "configs"};

	for (size_t k = 0; k < 2; k++) {
		const char *key;
		json_t *object;

		json_object_foreach(json_object_get(model->compose.root, kinds[k]), key, object)
			if (json_object_get(object, "content") &&
			    !write_content(world, model, kinds[k], key, e))
				return false;
	}
	return true;
}

static const char *generated_path(struct world *world, const struct app_model *model)
{
	return arena_printf(world->arena, "%s/.docker-compose.yaml", model->folder);
}

void model_yaml(struct world *world, const struct app_model *model, struct str *out)
{
	struct naming naming = {world, model};
	struct compose_names names = {
		.object = name_object, .content_file = name_content, .arg = &naming};

	compose_yaml(out, &model->compose, model->swarm, &names);
}

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

bool model_write_files(struct world *world, struct app_model *model, struct kata_error *e)
{
	struct str yaml = STR_INIT;
	const char *path = generated_path(world, model);
	bool ok;

	model_yaml(world, model, &yaml);
	ok = write_contents(world, model, e) && file_write(path, yaml.p, yaml.len, 0600, NULL, e);
	if (!ok && !*e->where)
		error_where(e, "%s", path);
	str_release(&yaml);
	return ok;
}

void model_remove_files(struct world *world, struct app_model *model)
{
	const char *trash = arena_printf(world->arena, "%s/.kata/trash", world->root);
	struct kata_error e;

	unlink(generated_path(world, model));
	file_remove_tree(
		arena_printf(world->arena, "%s/.kata/files/%s", world->root, model->app->name),
		trash, &e);
	file_remove_tree(
		arena_printf(world->arena, "%s/.kata/cache/%s", world->root, model->app->name),
		trash, &e);
}

/* --- stamps --- */

static bool stamp_is(struct world *world, const char *path, const char *text)
{
	struct str found = STR_INIT;
	struct kata_error e;
	bool same = file_read(AT_FDCWD, path, STAMP_MAX, &found, &e) && !strcmp(found.p, text);

	(void)world;
	str_release(&found);
	return same;
}

/* A stamp that cannot be written costs a repetition, no more. */
static void stamp_write(struct world *world, const char *app, const char *path, const char *text)
{
	struct kata_error e;

	if (make_folder(world, "cache", app, &e))
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
	return !stamp || !stamp_is(world, path, stamp);
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
				  CONTENT_MAX, &all, &e);
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
		!stamp_is(world, stamp_path(world, model->app->name, "prepare", service->name),
			  stamp));
}

void model_prepared(struct world *world, const struct app_model *model,
		    const struct compose_service *service)
{
	stamp_write(world, model->app->name,
		    stamp_path(world, model->app->name, "prepare", service->name),
		    prepare_stamp(world, model, service));
}
