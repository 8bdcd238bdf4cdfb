/*
 * Values of a service that have a shape of their own: networks, dependencies, health checks,
 * builds, references to secrets and configs, policies.
 */
#include "compose_private.h"

#include <string.h>

#include "kata/json.h"
#include "kata/text.h"

/* --- Networks and dependencies: lists of names, or names with details --- */

json_t *compose_read_networks(struct compose_reader *r, const struct yaml_node *node,
			      const struct compose_entry *entry)
{
	json_t *out, *details;

	if (node->kind == YAML_SCALAR)
		return compose_wrong(r, node, "a list or a mapping");
	out = json_object();
	for (size_t i = 0; i < node->count; i++) {
		if (node->kind == YAML_SEQUENCE) {
			struct expand_result name;

			if (compose_text(r, node->items[i], "a network's name", &name))
				json_object_set_new(out, name.text, json_object());
			continue;
		}
		const struct yaml_pair *pair = &node->pairs[i];
		size_t mark = compose_enter(r, pair->key->text);

		details = compose_is_null(pair->value)
				  ? json_object()
				  : compose_level_new(r, pair->value, entry->level);
		compose_leave(r, mark);
		if (details)
			json_object_set_new(out, pair->key->text, details);
	}
	return out;
}

static json_t *dependency_new(struct compose_reader *r, const struct yaml_node *node,
			      const struct compose_entry *entry)
{
	json_t *details = compose_level_new(r, node, entry->level);

	if (!details)
		return NULL;
	if (!yaml_get(node, "condition"))
		compose_say(r, SEVERITY_ERROR, node, "needs condition:")->hint =
			"it is service_started, service_healthy or service_completed_successfully";
	if (!json_object_get(details, "condition"))
		json_object_set_new(details, "condition", json_string("service_started"));
	if (!json_object_get(details, "required"))
		json_object_set_new(details, "required", json_true());
	return details;
}

json_t *compose_read_depends(struct compose_reader *r, const struct yaml_node *node,
			     const struct compose_entry *entry)
{
	json_t *out;

	if (node->kind == YAML_SCALAR)
		return compose_wrong(r, node, "a list or a mapping");
	out = json_object();
	for (size_t i = 0; i < node->count; i++) {
		struct expand_result name;

		if (node->kind == YAML_SEQUENCE) {
			if (compose_text(r, node->items[i], "a service's name", &name))
				json_object_set_new(out, name.text,
						    json_pack("{ss, sb}", "condition",
							      "service_started", "required", 1));
			continue;
		}
		const struct yaml_pair *pair = &node->pairs[i];
		size_t mark = compose_enter(r, pair->key->text);
		json_t *details = dependency_new(r, pair->value, entry);

		compose_leave(r, mark);
		if (details)
			json_object_set_new(out, pair->key->text, details);
	}
	return out;
}

/* Where a secret or config lies in the container when the file does not say. */
static void complete_ref(json_t *ref, const struct compose_entry *entry)
{
	bool secret = strstr(entry->row.path, "secrets") != NULL;
	const char *source = json_member_text(ref, "source");

	if (!json_object_get(ref, "target"))
		json_object_set_new(ref, "target",
				    json_sprintf("%s/%s", secret ? "/run/secrets" : "", source));
}

/* Secrets and configs of a service. */
json_t *compose_read_refs(struct compose_reader *r, const struct yaml_node *node,
			  const struct compose_entry *entry)
{
	json_t *out;

	if (node->kind != YAML_SEQUENCE)
		return compose_wrong(r, node, "a list");
	out = json_array();
	for (size_t i = 0; i < node->count; i++) {
		size_t mark = compose_enter_index(r, i);
		bool is_map = node->items[i]->kind == YAML_MAPPING;
		json_t *ref, *source;

		if (is_map) {
			ref = compose_level_new(r, node->items[i], entry->level);
		} else {
			source = compose_read_text(r, node->items[i], entry);
			ref = source ? json_pack("{so}", "source", source) : NULL;
		}
		if (ref && !json_object_get(ref, "source"))
			compose_say(r, SEVERITY_ERROR, node->items[i], "needs source:");
		if (json_object_get(ref, "source")) {
			complete_ref(ref, entry);
			json_array_append(out, ref);
		}
		json_decref(ref);
		compose_leave(r, mark);
	}
	return out;
}

/* --- Health --- */

json_t *compose_read_test(struct compose_reader *r, const struct yaml_node *node,
			  const struct compose_entry *entry)
{
	json_t *test;
	const char *first;

	if (node->kind == YAML_SCALAR) {
		test = compose_read_text(r, node, entry);
		return test ? json_pack("[so]", "CMD-SHELL", test) : NULL;
	}
	test = compose_read_texts(r, node, entry);
	first = json_string_value(json_array_get(test, 0));
	if (test && !json_array_size(test)) {
		json_decref(test);
		return NULL;
	}
	if (first && strcmp(first, "NONE") != 0 && strcmp(first, "CMD") != 0 &&
	    strcmp(first, "CMD-SHELL") != 0)
		compose_say(r, SEVERITY_ERROR, node, "begins with %.60s", first)->hint =
			"a test in list form begins with CMD, CMD-SHELL or NONE";
	return test;
}

json_t *compose_read_health(struct compose_reader *r, const struct yaml_node *node,
			    const struct compose_entry *entry)
{
	static const char *const times[] = {"interval", "timeout", "start_period",
					    "start_interval"};
	json_t *health = compose_level_new(r, node, entry->level);

	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		json_int_t ns = json_integer_value(json_object_get(health, times[i]));

		if (ns > 0 && ns < 1000000)
			compose_say(r, SEVERITY_ERROR, yaml_get(node, times[i]),
				    "%s: must be at least 1ms", times[i]);
	}
	if (json_is_true(json_object_get(health, "disable")))
		json_object_set_new(health, "test", json_pack("[s]", "NONE"));
	if (health)
		json_object_del(health, "disable");
	return health;
}

/* --- Build --- */

/* What the engine fetches itself stays as it is. */
static bool is_remote(const char *context)
{
	return strstr(context, "://") || !strncmp(context, "git@", 4) ||
	       !strncmp(context, "github.com/", strlen("github.com/"));
}

json_t *compose_read_context(struct compose_reader *r, const struct yaml_node *node,
			     const struct compose_entry *entry)
{
	struct expand_result text;

	(void)entry;
	if (!compose_text(r, node, "a path", &text) || !text.len)
		return NULL;
	return json_string(is_remote(text.text) ? text.text : compose_path(r, text.text));
}

json_t *compose_read_build(struct compose_reader *r, const struct yaml_node *node,
			   const struct compose_entry *entry)
{
	json_t *build;

	if (node->kind == YAML_SCALAR) {
		json_t *context = compose_read_context(r, node, entry);

		return context ? json_pack("{so}", "context", context) : NULL;
	}
	build = compose_level_new(r, node, entry->level);
	if (json_object_get(build, "dockerfile") && json_object_get(build, "dockerfile_inline"))
		compose_say(r, SEVERITY_ERROR, node, "has both dockerfile: and dockerfile_inline:");
	/* A relative context means the folder of the file that holds the build. */
	if (build && !json_object_get(build, "context") && !r->file->main)
		json_object_set_new(build, "context", json_string(r->file->folder));
	return build;
}

json_t *compose_read_platforms(struct compose_reader *r, const struct yaml_node *node,
			       const struct compose_entry *entry)
{
	json_t *list = compose_read_texts(r, node, entry);

	if (json_array_size(list) > 1)
		compose_say(r, SEVERITY_ERROR, node, "more than one needs BuildKit")->hint =
			"build for one platform: [linux/amd64]";
	return list;
}

/* --- Policies and names --- */

json_t *compose_read_restart(struct compose_reader *r, const struct yaml_node *node,
			     const struct compose_entry *entry)
{
	static const char *const words[] = {"no", "always", "unless-stopped", "on-failure"};
	static const char limited[] = "on-failure:";
	struct expand_result text;
	uint64_t count;

	(void)entry;
	if (!compose_text(r, node, "text", &text) || !text.len)
		return NULL;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(words[i], text.text))
			return json_string(words[i]);
	if (!strncmp(text.text, limited, sizeof limited - 1) &&
	    text_u64(text.text + sizeof limited - 1, 0, INT32_MAX, &count))
		return json_string(text.text);
	compose_say(r, SEVERITY_ERROR, node, "%.60s is no restart policy", compose_shown(&text))
		->hint = "it is no, always, unless-stopped, on-failure or on-failure:3";
	return NULL;
}

json_t *compose_read_pull(struct compose_reader *r, const struct yaml_node *node,
			  const struct compose_entry *entry)
{
	static const char *const words[] = {"always", "never", "missing", "if_not_present",
					    "build",  "daily", "weekly",  "refresh"};
	struct expand_result text;
	int64_t ns;

	(void)entry;
	if (!compose_text(r, node, "text", &text) || !text.len)
		return NULL;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(words[i], text.text))
			return json_string(words[i]);
	if (!strncmp(text.text, "every_", 6) && compose_duration(text.text + 6, &ns))
		return json_string(text.text);
	compose_say(r, SEVERITY_ERROR, node, "%.60s is no pull policy", compose_shown(&text))
		->hint = "it is always, missing, never, build, daily, weekly or every_12h";
	return NULL;
}

json_t *compose_read_container_name(struct compose_reader *r, const struct yaml_node *node,
				    const struct compose_entry *entry)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789";
	struct expand_result text;
	size_t len;

	(void)entry;
	if (!compose_text(r, node, "text", &text) || !text.len)
		return NULL;
	len = strspn(text.text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789_.-");
	if (len > 1 && len == text.len && strchr(letters, *text.text))
		return json_string(text.text);
	compose_say(r, SEVERITY_ERROR, node, "%.60s cannot be a container's name",
		    compose_shown(&text))
		->hint = "two or more letters, digits, _ . and -; it begins with a letter or digit";
	return NULL;
}

/* x-kata-ready: "5s", or {after: 5s, timeout: 1m}. */
json_t *compose_read_ready(struct compose_reader *r, const struct yaml_node *node,
			   const struct compose_entry *entry)
{
	json_t *after;

	if (node->kind != YAML_SCALAR)
		return compose_level_new(r, node, entry->level);
	after = compose_read_duration(r, node, entry);
	return after ? json_pack("{so}", "after", after) : NULL;
}

json_t *compose_read_hooks(struct compose_reader *r, const struct yaml_node *node,
			   const struct compose_entry *entry)
{
	json_t *list = compose_read_maps(r, node, entry), *hook;
	size_t i;

	json_array_foreach(list, i, hook)
		if (!json_is_array(json_object_get(hook, "command")))
			compose_say(r, SEVERITY_ERROR, node, "each needs command:");
	return list;
}

/* external: true, or the old {name: x}. */
json_t *compose_read_external(struct compose_reader *r, const struct yaml_node *node,
			      const struct compose_entry *entry)
{
	if (node->kind == YAML_SCALAR)
		return compose_read_bool(r, node, entry);
	compose_say(r, SEVERITY_NOTE, node, "is the old form")->hint =
		"write external: true and name: beside each other";
	return compose_level_new(r, node, entry->level);
}

/* --- What no mode minds --- */

bool compose_harmless_network_mode(const json_t *value)
{
	const char *mode = json_string_value(value);

	return mode && (!strcmp(mode, "host") || !strcmp(mode, "none") || !strcmp(mode, "bridge"));
}

bool compose_harmless_deploy_mode(const json_t *value)
{
	const char *mode = json_string_value(value);

	return mode && !strcmp(mode, "replicated");
}
