/*
 * For tests of what is made from the Compose model: JSON with single quotes, a model made of it,
 * and YAML read back as JSON.
 */
#ifndef KATA_TEST_COMPOSE_CASE_H
#define KATA_TEST_COMPOSE_CASE_H

#include <stdlib.h>
#include <string.h>

#include "kata/compose.h"
#include "kata/json.h"
#include "kata/yaml.h"

/* JSON text with ' for ", so that it needs no backslashes in C. */
static inline json_t *json_case_new(const char *text)
{
	char *copy = xstrdup(text);
	struct kata_error e;
	json_t *value;

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	value = json_parse_new(copy, strlen(copy), &e);
	if (!value)
		BUG("%s: %s", text, e.msg);
	free(copy);
	return value;
}

static inline int json_case_count(const json_t *value, int absent)
{
	return json_is_integer(value) ? (int)json_integer_value(value) : absent;
}

/* A model "app" that takes `root`; services in the order of their names in the file. */
static inline void compose_case(struct compose *out, json_t *root)
{
	json_t *services = json_object_get(root, "services"), *spec;
	const char *name;
	size_t i = 0;

	*out = (struct compose){.project = "app",
				.folder = "/srv/app/app",
				.root = root,
				.service_count = json_object_size(services)};
	out->services = xcalloc(out->service_count + 1, sizeof(*out->services));
	json_object_foreach(services, name, spec) {
		const json_t *deploy = json_object_get(spec, "deploy");
		int replicas = json_case_count(json_object_get(deploy, "replicas"), 1);

		out->services[i++] = (struct compose_service){
			.name = name,
			.spec = spec,
			.replicas = json_case_count(json_object_get(spec, "scale"), replicas)};
	}
}

static inline void compose_case_release(struct compose *compose)
{
	free(compose->services);
	json_decref(compose->root);
}

static inline json_t *yaml_case_new(const struct yaml_node *node)
{
	json_t *out;

	if (node->kind == YAML_SCALAR)
		return yaml_scalar_type(node) == YAML_TEXT
			       ? json_stringn(node->text, node->len)
			       : yaml_scalar_json_new(node->text, node->len);
	out = node->kind == YAML_SEQUENCE ? json_array() : json_object();
	for (size_t i = 0; i < node->count; i++)
		if (node->kind == YAML_SEQUENCE)
			json_array_append_new(out, yaml_case_new(node->items[i]));
		else
			json_object_set_new(out, node->pairs[i].key->text,
					    yaml_case_new(node->pairs[i].value));
	return out;
}

#endif
