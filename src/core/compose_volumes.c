/*
 * Mounts of a service: the short form [source:]target[:options], the long one, and Kata's own
 * folders (app, config, data, venv), which need no top-level volume.
 */
#include "compose_private.h"

#include <string.h>

#include "kata/json.h"

/* Whether a mount's source is a path, not the name of a volume. */
static bool is_path(const char *source)
{
	return *source == '/' || *source == '.' || *source == '~';
}

const char *compose_folder(const struct compose_input *input, struct arena *a, const char *what)
{
	static const char *const folders[] = {"app", "config", "data", "envs", "logs"};
	const char *app = input->app->name, *root = input->root;

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (!strcmp(what, folders[i]))
			return compose_path_clean(a, arena_printf(a, "%s/%s/%s", root, what, app));
	return compose_path_clean(a, arena_printf(a, "%s/envs/%s/%s", root, app, what));
}

bool compose_has_volume(const struct compose_input *input, const char *name)
{
	const struct yaml_node *volumes = yaml_get(input->app->root, "volumes");

	return volumes && yaml_get(volumes, name);
}

/* The four names stand for the app's folders, but for those that are volumes of the file's own. */
static const char *own_folder(struct compose_reader *r, const char *source)
{
	static const char *const names[] = {"app", "config", "data", "venv"};

	if (compose_has_volume(r->input, source))
		return NULL;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(source, names[i]))
			return compose_folder(r->input, r->arena, source);
	return NULL;
}

static json_t *bind_new(const char *source)
{
	return json_pack("{ss, ss, s{sb}}", "type", "bind", "source", source, "bind",
			 "create_host_path", 1);
}

/* A short form's mount without its options. */
static json_t *mount_new(struct compose_reader *r, const struct yaml_node *node, const char *source,
			 const char *target)
{
	const char *folder = source ? own_folder(r, source) : NULL;
	json_t *mount;

	if (folder) {
		mount = bind_new(folder);
	} else if (source && is_path(source)) {
		mount = bind_new(compose_path(r, source));
	} else if (source && strchr(source, '/')) {
		compose_say(r, SEVERITY_ERROR, node, "%.60s is neither a path nor a volume's name",
			    source)
			->hint = arena_printf(r->arena, "write ./%.60s for a folder", source);
		return NULL;
	} else {
		mount = json_pack("{ss, s{}}", "type", "volume", "volume");
		if (source)
			json_object_set_new_nocheck(mount, "source", json_string(source));
	}
	json_object_set_new_nocheck(mount, "target", json_string(target));
	return mount;
}

static json_t *member(json_t *mount, const char *key)
{
	json_t *object = json_object_get(mount, key);

	if (!object) {
		object = json_object();
		json_object_set_new_nocheck(mount, key, object);
	}
	return object;
}

static void add_option(json_t *mount, const char *option, size_t len)
{
	static const char *const propagations[] = {"rprivate", "private", "rshared",
						   "shared",   "rslave",  "slave"};
	bool bind = !strcmp(json_string_value(json_object_get(mount, "type")), "bind");

	for (size_t i = 0; bind && i < sizeof propagations / sizeof *propagations; i++)
		if (strlen(propagations[i]) == len && !memcmp(propagations[i], option, len))
			json_object_set_new_nocheck(member(mount, "bind"), "propagation",
						    json_string(propagations[i]));
	if (len == 2 && !memcmp(option, "ro", 2))
		json_object_set_new_nocheck(mount, "read_only", json_true());
	if (bind && len == 1 && (*option == 'z' || *option == 'Z'))
		json_object_set_new_nocheck(member(mount, "bind"), "selinux",
					    json_stringn(option, 1));
	if (!bind && len == 6 && !memcmp(option, "nocopy", 6))
		json_object_set_new_nocheck(member(mount, "volume"), "nocopy", json_true());
}

static json_t *short_new(struct compose_reader *r, const struct yaml_node *node)
{
	struct expand_result text;
	char *source = NULL, *target, *options;
	json_t *mount;

	if (!compose_text(r, node, "a mount", &text))
		return NULL;
	target = arena_strndup(r->arena, text.text, text.len);
	options = strchr(target, ':');
	if (options) {
		source = target;
		*options++ = '\0';
		target = options;
		options = strchr(target, ':');
	}
	if (options)
		*options++ = '\0';
	if (*target != '/' || (source && !*source) || (options && strchr(options, ':'))) {
		compose_say(r, SEVERITY_ERROR, node, "%.60s is no mount", compose_shown(&text))
			->hint =
			"write ./folder:/path, volume:/path or ./folder:/path:ro; the path in the "
			"container is absolute";
		return NULL;
	}
	mount = mount_new(r, node, source, compose_path_clean(r->arena, target));
	while (mount && options && *options) {
		size_t len = strcspn(options, ",");

		add_option(mount, options, len);
		options += len + (options[len] == ',');
	}
	return mount;
}

static void set_path(json_t *mount, const char *key, const char *path)
{
	json_object_set_new_nocheck(mount, key, json_string(path));
}

/* A bind's source becomes absolute, and the folder is made unless the file says otherwise. */
static void complete_bind(struct compose_reader *r, json_t *mount, const char *source)
{
	json_t *bind = member(mount, "bind");

	if (!json_object_get(bind, "create_host_path"))
		json_object_set_new_nocheck(bind, "create_host_path", json_true());
	set_path(mount, "source", compose_path(r, source));
}

/* What is missing or wrong in a long form, or NULL. */
static const char *long_problem(const char *type, const char *source, const char *target)
{
	if (!type)
		return "needs type: bind, volume or tmpfs";
	if (!target || *target != '/')
		return "needs target:, an absolute path";
	if (!source && (!strcmp(type, "bind") || !strcmp(type, "image")))
		return "needs source:";
	if (source && !strcmp(type, "tmpfs"))
		return "a tmpfs has no source:";
	return NULL;
}

static json_t *long_new(struct compose_reader *r, const struct yaml_node *node,
			const struct compose_entry *entry)
{
	json_t *mount = compose_level_new(r, node, entry->level);
	const char *type = json_member_text(mount, "type");
	const char *source = json_member_text(mount, "source");
	const char *target = json_member_text(mount, "target");
	const char *why = long_problem(type, source, target);
	const char *folder;

	if (why) {
		if (!yaml_get(node, "type") || type)
			compose_say(r, SEVERITY_ERROR, node, "%s", why);
		json_decref(mount);
		return NULL;
	}
	target = compose_path_clean(r->arena, target);
	set_path(mount, "target", target);
	folder = source && !strcmp(type, "volume") ? own_folder(r, source) : NULL;
	if (folder) {
		json_object_del(mount, "volume");
		set_path(mount, "type", "bind");
		complete_bind(r, mount, folder);
	} else if (!strcmp(type, "bind")) {
		complete_bind(r, mount, source);
	} else {
		member(mount, type);
	}
	return mount;
}

json_t *compose_read_volumes(struct compose_reader *r, const struct yaml_node *node,
			     const struct compose_entry *entry)
{
	json_t *out;

	if (node->kind != YAML_SEQUENCE)
		return compose_wrong(r, node, "a list");
	out = json_array();
	for (size_t i = 0; i < node->count; i++) {
		size_t mark = compose_enter_index(r, i);
		json_t *mount = node->items[i]->kind == YAML_MAPPING
					? long_new(r, node->items[i], entry)
					: short_new(r, node->items[i]);

		compose_leave(r, mark);
		if (mount)
			json_array_append_new(out, mount);
	}
	return out;
}
