/*
 * Kata runtimes: reading recipe.yaml, and putting a service into the runtime it names.
 */
#include "kata/runtime.h"

#include <stdlib.h>
#include <string.h>

#include "kata/compose.h"
#include "kata/json.h"
#include "kata/text.h"
#include "kata/yaml.h"

struct recipe {
	struct runtime *out;
	struct arena *arena;
	struct problems *problems;
	const char *file;
};

typedef void recipe_read(struct recipe *r, const struct yaml_node *node, void *into);

struct recipe_key {
	const char *name;
	recipe_read *read;
};

static struct problem *complain(struct recipe *r, const struct yaml_node *node, const char *name,
				const char *what)
{
	return problems_add(r->problems, SEVERITY_ERROR, yaml_place(node, r->file), "%s: %s", name,
			    what);
}

/* --- single values --- */

static bool is_null(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && yaml_scalar_type(node) == YAML_NULL;
}

/* NULL: a problem was added. */
static const char *text_of(struct recipe *r, const struct yaml_node *node, const char *name)
{
	if (node->kind == YAML_SCALAR && !is_null(node) && node->len)
		return node->text;
	complain(r, node, name, "must be a text");
	return NULL;
}

/* Absolute, and not the root itself. */
static const char *inside_path(struct recipe *r, const struct yaml_node *node, const char *name)
{
	const char *text = text_of(r, node, name);

	if (!text || (*text == '/' && text[1]))
		return text;
	complain(r, node, name, "must be an absolute path in the container")->hint =
		"for example /app";
	return NULL;
}

/* A file below the app folder. */
static const char *app_path(struct recipe *r, const struct yaml_node *node, const char *name)
{
	const char *text = text_of(r, node, name), *part = text;

	if (!text)
		return NULL;
	for (; part && *text != '/'; part = strchr(part, '/')) {
		part += *part == '/';
		if (!strncmp(part, "..", 2) && (!part[2] || part[2] == '/'))
			break;
	}
	if (!part)
		return text;
	complain(r, node, name, "must be a path inside the app folder");
	return NULL;
}

static json_t *words_new(struct recipe *r, const struct yaml_node *node, const char *name)
{
	json_t *words = json_array();

	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *item = node->items[i];

		if (item->kind == YAML_SCALAR)
			json_array_append_new(words, json_stringn(item->text, item->len));
		else
			complain(r, item, name, "every word must be a text");
	}
	return words;
}

/* A list of words, or a text that is split into them; NULL: a problem was added. */
static json_t *command_new(struct recipe *r, const struct yaml_node *node, const char *name)
{
	const char *why = NULL;
	json_t *words;

	if (node->kind == YAML_SEQUENCE)
		words = words_new(r, node, name);
	else if (node->kind == YAML_SCALAR && !is_null(node))
		words = compose_words_new(node->text, &why);
	else
		words = NULL;
	if (json_array_size(words))
		return words;
	json_decref(words);
	complain(r, node, name, why ? why : "must be a list of words or a text");
	return NULL;
}

/* --- mappings --- */

static const char *nearest_key(const struct recipe_key *keys, const char *name)
{
	struct text_nearest near = {.word = name};

	for (; keys->name; keys++)
		text_nearest_offer(&near, keys->name);
	return near.name;
}

static void read_keys(struct recipe *r, const struct yaml_node *map, const struct recipe_key *keys,
		      void *into)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_pair *pair = &map->pairs[i];
		const struct recipe_key *row = keys;
		const char *near;

		while (row->name && strcmp(row->name, pair->key->text) != 0)
			row++;
		if (row->name) {
			row->read(r, pair->value, into);
			continue;
		}
		near = nearest_key(keys, pair->key->text);
		complain(r, pair->key, arena_printf(r->arena, "%.60s", pair->key->text),
			 "is not a key of a recipe")
			->hint = near ? arena_printf(r->arena, "perhaps %s?", near) : NULL;
	}
}

static bool must_be_map(struct recipe *r, const struct yaml_node *node, const char *name)
{
	if (node->kind == YAML_MAPPING)
		return true;
	complain(r, node, name, "must be a mapping");
	return false;
}

/* --- one step of prepare --- */

static void read_when(struct recipe *r, const struct yaml_node *node, void *into)
{
	((struct runtime_prepare *)into)->when = app_path(r, node, "when");
}

static void read_changed(struct recipe *r, const struct yaml_node *node, void *into)
{
	struct runtime_prepare *step = into;
	bool list = node->kind == YAML_SEQUENCE;
	size_t count = list ? node->count : 1;

	step->changed = arena_alloc(r->arena, (count + 1) * sizeof(*step->changed));
	for (size_t i = 0; i < count; i++) {
		const char *path = app_path(r, list ? node->items[i] : node, "changed");

		if (path)
			step->changed[step->changed_count++] = path;
	}
}

static void read_step_command(struct recipe *r, const struct yaml_node *node, void *into)
{
	((struct runtime_prepare *)into)->command = command_new(r, node, "command");
}

static const struct recipe_key STEP_KEYS[] = {
	{"when", read_when},
	{"changed", read_changed},
	{"command", read_step_command},
	{0},
};

/* --- the recipe --- */

static void read_image(struct recipe *r, const struct yaml_node *node, void *into)
{
	(void)into;
	r->out->image = text_of(r, node, "image");
}

static void read_command(struct recipe *r, const struct yaml_node *node, void *into)
{
	(void)into;
	r->out->command = command_new(r, node, "default_command");
}

static void read_workdir(struct recipe *r, const struct yaml_node *node, void *into)
{
	(void)into;
	r->out->workdir = inside_path(r, node, "workdir");
}

/* It becomes the name of a folder. */
static bool is_mount_name(const char *name)
{
	static const char *const chars = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return *name && *name != '-' && strlen(name) < 64 && strspn(name, chars) == strlen(name);
}

static void read_mount(struct recipe *r, const struct yaml_pair *pair)
{
	struct runtime *out = r->out;
	const char *target = inside_path(r, pair->value, "mounts");

	if (!is_mount_name(pair->key->text)) {
		complain(r, pair->key, "mounts", "a mount is named with a-z 0-9 _ and -");
		return;
	}
	for (size_t i = 0; target && i < out->mount_count; i++)
		if (!strcmp(out->mounts[i].target, target)) {
			complain(r, pair->value, "mounts", "two mounts have the same target");
			return;
		}
	if (target)
		out->mounts[out->mount_count++] =
			(struct runtime_mount){.what = pair->key->text, .target = target};
}

static void read_mounts(struct recipe *r, const struct yaml_node *node, void *into)
{
	(void)into;
	if (!must_be_map(r, node, "mounts"))
		return;
	r->out->mounts = arena_alloc(r->arena, (node->count + 1) * sizeof(*r->out->mounts));
	for (size_t i = 0; i < node->count; i++)
		read_mount(r, &node->pairs[i]);
}

static void read_environment(struct recipe *r, const struct yaml_node *node, void *into)
{
	(void)into;
	if (!must_be_map(r, node, "environment"))
		return;
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_pair *pair = &node->pairs[i];

		if (!pair->key->len || strchr(pair->key->text, '='))
			complain(r, pair->key, "environment", "this is no name of a variable");
		else if (pair->value->kind != YAML_SCALAR)
			complain(r, pair->value, "environment", "every value must be a text");
		else
			json_object_set_new(
				r->out->environment, pair->key->text,
				json_string(is_null(pair->value) ? "" : pair->value->text));
	}
}

static void read_prepare(struct recipe *r, const struct yaml_node *node, void *into)
{
	struct runtime *out = r->out;

	(void)into;
	if (node->kind != YAML_SEQUENCE) {
		complain(r, node, "prepare", "must be a list of steps");
		return;
	}
	out->prepare = arena_alloc(r->arena, (node->count + 1) * sizeof(*out->prepare));
	for (size_t i = 0; i < node->count; i++) {
		struct runtime_prepare *step = &out->prepare[out->prepare_count];

		if (!must_be_map(r, node->items[i], "prepare"))
			continue;
		out->prepare_count++;
		read_keys(r, node->items[i], STEP_KEYS, step);
		if (!yaml_get(node->items[i], "command"))
			complain(r, node->items[i], "prepare", "a step needs a command");
	}
}

static void read_port(struct recipe *r, const struct yaml_node *node, void *into)
{
	const char *text = text_of(r, node, "port");
	uint64_t port;

	(void)into;
	if (text && !text_u64(text, 1, 65535, &port))
		complain(r, node, "port", "must be a number from 1 to 65535");
}

static const struct recipe_key RECIPE_KEYS[] = {
	{"image", read_image},	   {"default_command", read_command},
	{"workdir", read_workdir}, {"mounts", read_mounts},
	{"prepare", read_prepare}, {"environment", read_environment},
	{"port", read_port},	   {0},
};

bool runtime_decode(struct runtime *out, struct arena *arena, const char *name, const char *folder,
		    const char *bytes, size_t len, const char *file, struct problems *problems)
{
	struct recipe r = {out, arena, problems, file};
	size_t before = problems->errors;
	const struct yaml_node *root = yaml_parse(arena, bytes, len, file, problems);
	struct place start = {file, 1, 1};

	*out = (struct runtime){
		.name = arena_strdup(arena, name), /* it may come from a service's own spec */
		.folder = folder,
		.environment = json_object(),
	};
	if (problems->errors > before)
		return false;
	if (!root || root->kind != YAML_MAPPING) {
		problems_add(problems, SEVERITY_ERROR, start, "a recipe must be a mapping");
		return false;
	}
	read_keys(&r, root, RECIPE_KEYS, NULL);
	if (!yaml_get(root, "image"))
		problems_add(problems, SEVERITY_ERROR, start, "image: is missing")->hint =
			"the name that the image built from this folder's Dockerfile gets";
	return problems->errors == before;
}

void runtime_release(struct runtime *runtime)
{
	json_decref(runtime->command);
	json_decref(runtime->environment);
	for (size_t i = 0; i < runtime->prepare_count; i++)
		json_decref(runtime->prepare[i].command);
	*runtime = (struct runtime){0};
}

/* --- a service in its runtime --- */

/* Whether something is mounted there already. */
static bool is_taken(const json_t *spec, const char *target)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(spec, "volumes"), i, item) {
		const char *other = json_member_text(item, "target");

		if (other && !strcmp(other, target))
			return true;
	}
	json_array_foreach(json_object_get(spec, "tmpfs"), i, item) {
		const char *other = json_string_value(item);

		if (other && strcspn(other, ":") == strlen(target) &&
		    !strncmp(other, target, strlen(target)))
			return true;
	}
	return false;
}

static json_t *member_made(json_t *spec, const char *key, json_t *empty)
{
	if (!json_object_get(spec, key))
		json_object_set(spec, key, empty);
	json_decref(empty);
	return json_object_get(spec, key);
}

static void apply_mounts(const struct runtime *runtime, json_t *spec,
			 const char *(*folder)(void *arg, const char *what), void *arg)
{
	for (size_t i = 0; i < runtime->mount_count; i++) {
		const struct runtime_mount *mount = &runtime->mounts[i];
		const char *source = folder(arg, mount->what);
		json_t *made;

		if (is_taken(spec, mount->target))
			continue;
		if (source)
			made = json_pack("{s:s, s:s, s:s, s:{s:b}}", "type", "bind", "source",
					 source, "target", mount->target, "bind",
					 "create_host_path", 1);
		else
			made = json_pack("{s:s, s:s, s:s, s:{}}", "type", "volume", "source",
					 mount->what, "target", mount->target, "volume");
		json_array_append_new(member_made(spec, "volumes", json_array()), made);
	}
}

/* What is made in the app's folders belongs to their owner, as the environment names him. */
static void apply_user(json_t *spec)
{
	const json_t *environment = json_object_get(spec, "environment");
	const char *uid = json_member_text(environment, "PUID");
	const char *gid = json_member_text(environment, "PGID");
	uint64_t number;

	if (uid && gid && text_u64(uid, 0, UINT32_MAX - 1, &number) &&
	    text_u64(gid, 0, UINT32_MAX - 1, &number) && !json_object_get(spec, "user"))
		json_object_set_new(spec, "user", json_sprintf("%s:%s", uid, gid));
}

void runtime_apply(const struct runtime *runtime, json_t *spec,
		   const char *(*folder)(void *arg, const char *what), void *arg)
{
	json_object_del(spec, "runtime");
	if (json_object_get(spec, "image") || json_object_get(spec, "build"))
		return;
	json_object_set_new(spec, "image", json_string(runtime->image));
	apply_user(spec);
	/* An entrypoint of the service's own does not expect this command. */
	if (runtime->command && !json_object_get(spec, "command") &&
	    !json_object_get(spec, "entrypoint"))
		json_object_set_new(spec, "command", json_deep_copy(runtime->command));
	if (runtime->workdir && !json_object_get(spec, "working_dir"))
		json_object_set_new(spec, "working_dir", json_string(runtime->workdir));
	json_object_update_missing(member_made(spec, "environment", json_object()),
				   runtime->environment);
	apply_mounts(runtime, spec, folder, arg);
}
