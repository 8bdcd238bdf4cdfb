/*
 * Fuzz target: the generated .docker-compose.yaml. Any value, and any text, that a service carries
 * along unchanged comes back from the YAML as it was, with every $ of a text doubled.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/compose_case.h"
#include "kata/text.h"

enum { BYTES_MAX = 16384, DEPTH_MAX = 60 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* Whether our reader has a right to refuse it: NUL in a text, too deep. */
static bool is_readable(const json_t *value, unsigned depth)
{
	const char *key;
	json_t *member;
	size_t i;

	if (depth > DEPTH_MAX)
		return false;
	if (json_is_string(value))
		return strlen(json_string_value(value)) == json_string_length(value);
	json_object_foreach((json_t *)value, key, member)
		if (!is_readable(member, depth + 1))
			return false;
	json_array_foreach(value, i, member)
		if (!is_readable(member, depth + 1))
			return false;
	return true;
}

static json_t *doubled_new(const json_t *value)
{
	json_t *out = json_is_string(value) ? NULL : json_copy((json_t *)value), *member;
	struct str text = STR_INIT;
	const char *key;
	size_t i;

	json_object_foreach(out, key, member)
		json_object_set_new(out, key, doubled_new(member));
	json_array_foreach(out, i, member)
		json_array_set_new(out, i, doubled_new(member));
	if (out)
		return out;
	for (const char *p = json_string_value(value); *p; p++)
		str_addn(&text, *p == '$' ? "$$" : p, *p == '$' ? 2 : 1);
	out = json_stringn(text.p, text.len);
	str_release(&text);
	return out;
}

/* Bytes that are no JSON are a text; one without a NUL can be a key, too. */
static json_t *value_new(const char *bytes, size_t len)
{
	struct kata_error e;
	json_t *value = json_parse_new(bytes, len, &e), *text;

	if (value || utf8_check(bytes, len) != len)
		return value;
	value = json_object();
	text = json_stringn(bytes, len);
	json_object_set_new(value, "text", text);
	json_object_setn(value, bytes, memchr(bytes, 0, len) ? 0 : len, text);
	return value;
}

static void check_file(const json_t *value, bool swarm)
{
	struct arena *arena = arena_new();
	struct str text = STR_INIT;
	struct compose compose;
	struct problems problems;
	const struct yaml_node *node;
	json_t *file, *wanted = doubled_new(value), *labels;

	compose_case(&compose,
		     json_pack("{s:{s:{s:O}}}", "services", "s", "labels", (json_t *)value));
	compose_yaml(&text, &compose, swarm, NULL);
	problems_init(&problems, arena);
	node = yaml_parse(arena, text.p, text.len, "file", &problems);
	check(node && !problems.errors);
	file = yaml_case_new(node);
	labels = json_object_get(json_object_get(json_object_get(file, "services"), "s"), "labels");
	check(json_same(labels, wanted));
	json_decref(file);
	json_decref(wanted);
	str_release(&text);
	compose_case_release(&compose);
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *value = size <= BYTES_MAX ? value_new((const char *)data, size) : NULL;

	if (value && is_readable(value, 0)) {
		check_file(value, false);
		check_file(value, true);
	}
	json_decref(value);
	return 0;
}
