/*
 * Values of a Compose file that are lists or maps of texts, in all the forms they may be written
 * in.
 */
#include "compose_private.h"

#include <string.h>

#include "env_internal.h"

/* --- Lists --- */

json_t *compose_read_texts(struct compose_reader *r, const struct yaml_node *node,
			   const struct compose_entry *entry)
{
	json_t *list;

	(void)entry;
	if (node->kind != YAML_SEQUENCE)
		return compose_wrong(r, node, "a list");
	list = json_array();
	for (size_t i = 0; i < node->count; i++) {
		size_t mark = compose_enter_index(r, i);
		json_t *text = compose_is_null(node->items[i])
				       ? compose_wrong(r, node->items[i], "text")
				       : compose_text_new(r, node->items[i], "text");

		compose_leave(r, mark);
		if (text)
			json_array_append_new(list, text);
	}
	return list;
}

json_t *compose_read_text_or_list(struct compose_reader *r, const struct yaml_node *node,
				  const struct compose_entry *entry)
{
	json_t *text;

	if (node->kind != YAML_SCALAR)
		return compose_read_texts(r, node, entry);
	text = compose_read_text(r, node, entry);
	return text ? json_pack("[o]", text) : NULL;
}

json_t *compose_read_map(struct compose_reader *r, const struct yaml_node *node,
			 const struct compose_entry *entry)
{
	return compose_level_new(r, node, entry->level);
}

json_t *compose_read_maps(struct compose_reader *r, const struct yaml_node *node,
			  const struct compose_entry *entry)
{
	json_t *list;

	if (node->kind != YAML_SEQUENCE)
		return compose_wrong(r, node, "a list");
	list = json_array();
	for (size_t i = 0; i < node->count; i++) {
		size_t mark = compose_enter_index(r, i);
		json_t *map = compose_level_new(r, node->items[i], entry->level);

		compose_leave(r, mark);
		if (map)
			json_array_append_new(list, map);
	}
	return list;
}

/* --- Maps of texts, also written as lists of NAME=value --- */

/* What a name without a value gets. */
enum bare { BARE_EMPTY, BARE_NULL, BARE_DROP };

/* Environment-like ones take the app's value first. */
static json_t *bare_new(struct compose_reader *r, const char *name, enum bare bare)
{
	const struct env_value *value =
		bare == BARE_EMPTY ? NULL : env_get(&r->input->app->env, name);

	if (value && value->value)
		return json_string(value->value);
	return bare == BARE_EMPTY ? json_string("") : bare == BARE_NULL ? json_null() : NULL;
}

static json_t *pair_value_new(struct compose_reader *r, const struct yaml_pair *pair,
			      enum bare bare)
{
	const struct yaml_node *value = pair->value;
	size_t mark;
	json_t *text;

	if (compose_is_null(value))
		return bare_new(r, pair->key->text, bare);
	mark = compose_enter(r, pair->key->text);
	text = compose_text_new(r, value, "text");
	if (text)
		env_note_kept_text(value, yaml_place(value, r->file->shown), r->problems);
	compose_leave(r, mark);
	return text;
}

static void add_item(struct compose_reader *r, json_t *out, const struct yaml_node *item,
		     enum bare bare)
{
	struct expand_result text;
	const char *equals, *name;
	json_t *value;

	if (!compose_text(r, item, "NAME=value", &text))
		return;
	equals = strchr(text.text, '=');
	if (equals == text.text || !text.len) {
		compose_say(r, SEVERITY_ERROR, item, "has no name")->hint = "write NAME=value";
		return;
	}
	name = equals ? arena_strndup(r->arena, text.text, (size_t)(equals - text.text))
		      : text.text;
	value = equals ? compose_json_text_new(r, item, equals + 1, strlen(equals + 1))
		       : bare_new(r, name, bare);
	if (value)
		json_object_set_new(out, name, value);
}

static json_t *pairs_new(struct compose_reader *r, const struct yaml_node *node, enum bare bare)
{
	json_t *out;

	if (node->kind == YAML_SCALAR)
		return compose_wrong(r, node, "a mapping or a list");
	out = json_object();
	for (size_t i = 0; i < node->count; i++) {
		if (node->kind == YAML_MAPPING) {
			json_t *value = pair_value_new(r, &node->pairs[i], bare);

			if (value)
				json_object_set_new(out, node->pairs[i].key->text, value);
		} else {
			size_t mark = compose_enter_index(r, i);

			add_item(r, out, node->items[i], bare);
			compose_leave(r, mark);
		}
	}
	return out;
}

json_t *compose_read_pairs(struct compose_reader *r, const struct yaml_node *node,
			   const struct compose_entry *entry)
{
	(void)entry;
	return pairs_new(r, node, BARE_EMPTY);
}

json_t *compose_read_args(struct compose_reader *r, const struct yaml_node *node,
			  const struct compose_entry *entry)
{
	(void)entry;
	return pairs_new(r, node, BARE_DROP);
}

json_t *compose_read_hook_env(struct compose_reader *r, const struct yaml_node *node,
			      const struct compose_entry *entry)
{
	(void)entry;
	return pairs_new(r, node, BARE_NULL);
}

json_t *compose_read_options(struct compose_reader *r, const struct yaml_node *node,
			     const struct compose_entry *entry)
{
	(void)entry;
	if (node->kind != YAML_MAPPING)
		return compose_wrong(r, node, "a mapping");
	return pairs_new(r, node, BARE_EMPTY);
}

/* --- extra_hosts --- */

static void add_host(struct compose_reader *r, json_t *out, const struct yaml_node *node,
		     const char *host, size_t host_len, const char *ip)
{
	size_t len = strlen(ip);

	if (len > 1 && ip[0] == '[' && ip[len - 1] == ']') {
		ip++;
		len -= 2;
	}
	if (!host_len || !len) {
		compose_say(r, SEVERITY_ERROR, node, "must be a host and its address")->hint =
			"write \"host=192.0.2.1\"";
		return;
	}
	json_array_append_new(out, json_sprintf("%.*s=%.*s", (int)host_len, host, (int)len, ip));
}

static void add_host_text(struct compose_reader *r, json_t *out, const struct yaml_node *node)
{
	struct expand_result text;
	size_t host;

	if (!compose_text(r, node, "\"host=address\"", &text))
		return;
	host = strcspn(text.text, "=");
	if (!text.text[host])
		host = strcspn(text.text, ":");
	add_host(r, out, node, text.text, host, text.text + host + (text.text[host] != '\0'));
}

static void add_host_addresses(struct compose_reader *r, json_t *out, const char *host,
			       const struct yaml_node *node)
{
	struct expand_result text;

	if (node->kind == YAML_SEQUENCE) {
		for (size_t i = 0; i < node->count; i++)
			if (compose_text(r, node->items[i], "an address", &text))
				add_host(r, out, node->items[i], host, strlen(host), text.text);
	} else if (compose_text(r, node, "an address or a list", &text)) {
		add_host(r, out, node, host, strlen(host), text.text);
	}
}

json_t *compose_read_hosts(struct compose_reader *r, const struct yaml_node *node,
			   const struct compose_entry *entry)
{
	json_t *out;

	(void)entry;
	if (node->kind == YAML_SCALAR)
		return compose_wrong(r, node, "a mapping or a list");
	out = json_array();
	for (size_t i = 0; i < node->count; i++) {
		if (node->kind == YAML_SEQUENCE)
			add_host_text(r, out, node->items[i]);
		else
			add_host_addresses(r, out, node->pairs[i].key->text, node->pairs[i].value);
	}
	return out;
}

/* --- Devices, limits --- */

static json_t *device_new(struct compose_reader *r, const struct yaml_node *node)
{
	struct expand_result text;
	const char *part[3] = {NULL, NULL, "rwm"};
	char *copy;
	size_t count = 0;

	if (!compose_text(r, node, "text", &text))
		return NULL;
	copy = arena_strndup(r->arena, text.text, text.len);
	while (count < 3) {
		part[count++] = copy;
		copy = strchr(copy, ':');
		if (!copy)
			break;
		*copy++ = '\0';
	}
	if (copy || !*part[0]) {
		compose_say(r, SEVERITY_ERROR, node, "%.60s is not a device", compose_shown(&text))
			->hint = "write /dev/host:/dev/container:rwm";
		return NULL;
	}
	return json_pack("{ss, ss, ss}", "source", part[0], "target", part[1] ? part[1] : part[0],
			 "permissions", part[2]);
}

json_t *compose_read_devices(struct compose_reader *r, const struct yaml_node *node,
			     const struct compose_entry *entry)
{
	json_t *out, *source;

	if (node->kind != YAML_SEQUENCE)
		return compose_wrong(r, node, "a list");
	out = json_array();
	for (size_t i = 0; i < node->count; i++) {
		bool is_map = node->items[i]->kind == YAML_MAPPING;
		size_t mark = compose_enter_index(r, i);
		json_t *device = is_map ? compose_level_new(r, node->items[i], entry->level)
					: device_new(r, node->items[i]);

		source = json_object_get(device, "source");
		if (device && !source)
			compose_say(r, SEVERITY_ERROR, node->items[i], "needs source:");
		if (source && !json_object_get(device, "target"))
			json_object_set(device, "target", source);
		if (source && !json_object_get(device, "permissions"))
			json_object_set_new(device, "permissions", json_string("rwm"));
		if (device)
			json_array_append_new(out, device);
		compose_leave(r, mark);
	}
	return out;
}

json_t *compose_read_gpus(struct compose_reader *r, const struct yaml_node *node,
			  const struct compose_entry *entry)
{
	struct expand_result text;

	if (node->kind == YAML_SEQUENCE)
		return compose_read_maps(r, node, entry);
	if (!compose_text(r, node, "all or a list", &text))
		return NULL;
	if (!strcmp(text.text, "all"))
		return json_pack("[{si}]", "count", -1);
	return compose_wrong(r, node, "all or a list");
}

json_t *compose_read_count(struct compose_reader *r, const struct yaml_node *node,
			   const struct compose_entry *entry)
{
	if (node->kind == YAML_SCALAR && !strcmp(node->text, "all"))
		return json_integer(-1);
	return compose_read_int(r, node, entry);
}

static json_t *ulimit_new(struct compose_reader *r, const struct yaml_node *node,
			  const struct compose_entry *entry)
{
	static const struct compose_range range = {-1, INT64_MAX};
	static const struct compose_entry number = {.with = &range};
	json_t *one, *both;

	if (node->kind == YAML_MAPPING) {
		both = compose_level_new(r, node, entry->level);
		if (json_object_get(both, "soft") && json_object_get(both, "hard"))
			return both;
		json_decref(both);
		compose_say(r, SEVERITY_ERROR, node, "needs soft: and hard:");
		return NULL;
	}
	one = compose_read_int(r, node, &number);
	return one ? json_pack("{sO, so}", "soft", one, "hard", one) : NULL;
}

json_t *compose_read_ulimits(struct compose_reader *r, const struct yaml_node *node,
			     const struct compose_entry *entry)
{
	json_t *out;

	if (node->kind != YAML_MAPPING)
		return compose_wrong(r, node, "a mapping");
	out = json_object();
	for (size_t i = 0; i < node->count; i++) {
		size_t mark = compose_enter(r, node->pairs[i].key->text);
		json_t *limit = ulimit_new(r, node->pairs[i].value, entry);

		compose_leave(r, mark);
		if (limit)
			json_object_set_new(out, node->pairs[i].key->text, limit);
	}
	return out;
}
