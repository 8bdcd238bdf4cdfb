/*
 * Fuzz target: the YAML reader. Whatever the bytes are, the tree that comes back keeps its limits,
 * can be walked, searched and turned into JSON, and the JSON can be printed and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/text.h"
#include "kata/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static json_t *to_json(const struct yaml_node *node, unsigned depth, size_t *count)
{
	json_t *out;

	check(depth <= 101 && ++*count <= 100001);
	check(node->line > 0 && node->column > 0);
	if (node->kind == YAML_SCALAR) {
		check(strlen(node->text) == node->len &&
		      utf8_check(node->text, node->len) == node->len);
		if (yaml_scalar_type(node) == YAML_TEXT)
			return json_stringn(node->text, node->len);
		return yaml_scalar_json_new(node->text, node->len);
	}
	out = node->kind == YAML_SEQUENCE ? json_array() : json_object();
	for (size_t i = 0; i < node->count; i++) {
		if (node->kind == YAML_SEQUENCE) {
			json_array_append_new(out, to_json(node->items[i], depth + 1, count));
			continue;
		}
		const char *key = node->pairs[i].key->text;
		check(i > 100 || yaml_get(node, key) == node->pairs[i].value);
		json_object_set_new(out, key, to_json(node->pairs[i].value, depth + 1, count));
	}
	check(json_object_size(out) + json_array_size(out) == node->count);
	return out;
}

static void check_problems(const struct problems *list, bool tree)
{
	check(list->count <= PROBLEMS_MAX);
	for (size_t i = 0; i < list->count; i++)
		check(list->items[i].msg && list->items[i].msg[0]);
	check(tree || list->errors > 0 || list->count == 0);
}

static void check_json(const json_t *json)
{
	struct str text = STR_INIT;
	struct kata_error e;

	json_canonical(&text, json);
	json_t *back = json_parse_new(text.p, text.len, &e);
	check(back && json_same(back, json));
	json_decref(back);
	str_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct problems problems;
	size_t count = 0;

	problems_init(&problems, arena);
	const struct yaml_node *root =
		yaml_parse(arena, (const char *)data, size, "fuzz", &problems);
	check_problems(&problems, root != NULL);
	if (root) {
		json_t *json = to_json(root, 0, &count);

		check_json(json);
		check(yaml_find(root, "caddy/routes/0/handle") != NULL);
		json_decref(json);
	}
	arena_free(arena);
	return 0;
}
