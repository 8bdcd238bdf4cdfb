/*
 * Files that a deploy writes beside an app: .docker-compose.yaml, and the content of secrets and
 * configs that have no file of their own.
 */
#include "models.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kata/file.h"
#include "kata/json.h"
#include "kata/swarm.h"

enum { CONTENT_MAX = 1 << 20 };

/* --- secrets and configs --- */

bool model_content(const struct compose *compose, const char *kind, const char *key,
		   struct str *out, struct kata_error *e)
{
	const json_t *object = json_object_get(json_object_get(compose->root, kind), key);
	const json_t *content = json_object_get(object, "content");
	const char *file = json_member_text(object, "file");

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

void model_secrets(const struct app_model *model, void (*take)(void *arg, const char *content),
		   void *arg)
{
	const json_t *secrets = json_object_get(model->compose.root, "secrets");
	const char *key;
	json_t *secret;

	json_object_foreach((json_t *)secrets, key, secret) {
		struct str content = STR_INIT;
		struct kata_error e;

		if (model_content(&model->compose, "secrets", key, &content, &e))
			take(arg, content.p);
		str_release(&content);
	}
}

const char *model_object_name(struct world *world, const struct compose *compose, const char *kind,
			      const char *key)
{
	const json_t *object = json_object_get(json_object_get(compose->root, kind), key);
	const char *plain = json_member_text(object, "name"), *name;
	struct str content = STR_INIT;
	struct kata_error e;

	if (json_is_true(json_object_get(object, "external")) ||
	    !model_content(compose, kind, key, &content, &e))
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

bool model_make_folder(struct world *world, const char *below, const char *app,
		       struct kata_error *e)
{
	const char *kata = arena_printf(world->arena, "%s/.kata", world->root);
	const char *middle = arena_printf(world->arena, "%s/%s", kata, below);

	return file_mkdir(kata, 0700, NULL, e) && file_mkdir(middle, 0700, NULL, e) &&
	       (!app ||
		file_mkdir(arena_printf(world->arena, "%s/%s", middle, app), 0700, NULL, e));
}

/*
 * One content. 0444, as Compose gives it to containers, whoever they run as; on the host only the
 * owner of KATA_ROOT gets through the folder above, which is 0700.
 */
static bool write_content(struct world *world, struct app_model *model, const char *kind,
			  const char *key, struct kata_error *e)
{
	const char *path = model_content_file(world, &model->compose, kind, key);
	struct str content = STR_INIT;
	bool ok = model_make_folder(world, "files", model->app->name, e) &&
		  model_content(&model->compose, kind, key, &content, e) &&
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
