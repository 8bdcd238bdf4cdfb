/*
 * Top-level networks, volumes, secrets and configs: what the file says of each, its name at the
 * engine, and which of them the app's services use.
 */
#include "compose_private.h"

#include <string.h>

#include "kata/json.h"

const char *const compose_kind_names[COMPOSE_KINDS] = {
	[KIND_NETWORK] = "networks",
	[KIND_VOLUME] = "volumes",
	[KIND_SECRET] = "secrets",
	[KIND_CONFIG] = "configs",
};

static const struct compose_level *const levels[COMPOSE_KINDS] = {
	[KIND_NETWORK] = &compose_level_network,
	[KIND_VOLUME] = &compose_level_volume,
	[KIND_SECRET] = &compose_level_secret,
	[KIND_CONFIG] = &compose_level_config,
};

/* --- Reading --- */

/* An object that is somebody else's is its name, nothing more. */
static void make_external(struct compose_work *w, const struct yaml_node *node, json_t *object,
			  const char *key, enum severity severity)
{
	json_t *external = json_object_get(object, "external");
	json_t *name = json_object_get(external, "name");

	if (!name)
		name = json_object_get(object, "name");
	json_incref(name);
	if (json_object_size(object) > (json_object_get(object, "name") ? 2 : 1))
		compose_say(&w->r, severity, node, "is external and has other keys")->hint =
			"only name: stands beside external:";
	json_object_clear(object);
	json_object_set_new(object, "name", name ? name : json_string(key));
	json_object_set_new(object, "external", json_true());
}

/* Where the bytes of a secret or config come from: exactly one key says it. */
static void check_source(struct compose_work *w, const struct yaml_node *node, const json_t *object,
			 bool config)
{
	static const char *const sources[] = {"file", "environment", "content", "driver"};
	size_t count = 0;

	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
		count += json_object_get(object, sources[i]) != NULL;
	if (count == 1)
		return;
	compose_say(&w->r, SEVERITY_ERROR, node, count ? "has more than one source" : "is empty")
		->hint = config ? "give it one of file:, environment:, content: and external:"
				: "give it one of file:, environment: and external:";
}

/* The device of a local volume that is a folder is relative to the file. */
static void complete_volume(struct compose_work *w, json_t *volume)
{
	json_t *options = json_object_get(volume, "driver_opts");
	const char *driver = json_member_text(volume, "driver");
	const char *o = json_member_text(options, "o"),
		   *device = json_member_text(options, "device");

	if (o && device && !strcmp(o, "bind") && (!driver || !strcmp(driver, "local")))
		json_object_set_new(options, "device", json_string(compose_path(&w->r, device)));
}

static json_t *object_new(struct compose_work *w, enum compose_kind kind,
			  const struct yaml_pair *pair)
{
	const struct yaml_node *node = pair->value;
	json_t *object = compose_is_null(node) ? json_object()
					       : compose_level_new(&w->r, node, levels[kind]);
	const json_t *external = json_object_get(object, "external");

	if (!object)
		return NULL;
	if (external && !json_is_false(external)) {
		make_external(w, node, object, pair->key->text,
			      kind == KIND_NETWORK ? SEVERITY_WARNING : SEVERITY_ERROR);
		return object;
	}
	json_object_del(object, "external");
	if (kind == KIND_SECRET || kind == KIND_CONFIG)
		check_source(w, pair->key, object, kind == KIND_CONFIG);
	if (kind == KIND_VOLUME)
		complete_volume(w, object);
	if (!json_object_get(object, "name"))
		json_object_set_new(object, "name",
				    json_sprintf("%s_%s", w->out->project, pair->key->text));
	return object;
}

static void read_object(struct compose_work *w, const struct compose_loaded *part,
			enum compose_kind kind, const struct yaml_pair *pair)
{
	const char *key = pair->key->text;
	json_t *object, *known = json_object_get(w->objects[kind], key);

	compose_go(w, &part->file, compose_kind_names[kind], key);
	object = object_new(w, kind, pair);
	if (!object)
		return;
	if (!known)
		json_object_set(w->objects[kind], key, object);
	else if (!json_equal(known, object))
		compose_say(&w->r, SEVERITY_ERROR, pair->key, "two files define it differently");
	json_decref(object);
}

void compose_resources_read(struct compose_work *w)
{
	for (int kind = 0; kind < COMPOSE_KINDS; kind++) {
		w->objects[kind] = json_object();
		w->used[kind] = json_object();
		for (size_t i = 0; i < w->part_count; i++) {
			const struct compose_loaded *part = w->parts[i];
			const struct yaml_node *all =
				yaml_get(part->file.root, compose_kind_names[kind]);

			if (!all || compose_is_null(all))
				continue;
			compose_go(w, &part->file, compose_kind_names[kind], NULL);
			if (all->kind != YAML_MAPPING)
				compose_wrong(&w->r, all, "a mapping");
			for (size_t k = 0; all->kind == YAML_MAPPING && k < all->count; k++)
				read_object(w, part, (enum compose_kind)kind, &all->pairs[k]);
		}
	}
	if (!json_object_get(w->objects[KIND_NETWORK], "default"))
		json_object_set_new(
			w->objects[KIND_NETWORK], "default",
			json_pack("{so}", "name", json_sprintf("%s_default", w->out->project)));
}

/* --- Keeping what is used --- */

/* environment: NAME becomes the variable's value. */
static void fill_content(struct compose_work *w, enum compose_kind kind, const char *key,
			 json_t *object)
{
	const char *name = json_member_text(object, "environment");
	const struct env_value *value = name ? env_get(&w->r.input->app->env, name) : NULL;
	json_t *content = value && value->value ? json_string(value->value) : NULL;

	if (!name)
		return;
	if (!content) {
		for (size_t i = 0; i < w->part_count; i++) {
			const struct yaml_node *all =
				yaml_get(w->parts[i]->file.root, compose_kind_names[kind]);

			if (!yaml_get(all, key))
				continue;
			compose_go(w, &w->parts[i]->file, compose_kind_names[kind], key);
			compose_say(&w->r, SEVERITY_ERROR,
				    yaml_get(yaml_get(all, key), "environment"), "%.60s is not set",
				    name)
				->hint = "set it in environment: or in the app's ENV file";
			break;
		}
		return;
	}
	json_object_del(object, "environment");
	json_object_set_new(object, "content", content);
}

void compose_resources_keep(struct compose_work *w)
{
	for (int kind = 0; kind < COMPOSE_KINDS; kind++) {
		json_t *kept = json_object(), *object;
		const char *key;

		json_object_foreach(w->objects[kind], key, object) {
			if (!json_object_get(w->used[kind], key))
				continue;
			fill_content(w, (enum compose_kind)kind, key, object);
			json_object_set(kept, key, object);
		}
		json_object_set_new(w->out->root, compose_kind_names[kind], kept);
	}
}
