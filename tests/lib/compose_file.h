/*
 * For tests of the generated .docker-compose.yaml: what a service or a top-level object becomes in
 * it, read back.
 */
#ifndef KATA_TEST_COMPOSE_FILE_H
#define KATA_TEST_COMPOSE_FILE_H

#include <stdio.h>

#include "compose_case.h"

static const char *object_name(void *arg, const char *kind, const char *key)
{
	static char name[100];

	(void)arg;
	if (strcmp(kind, "secrets") != 0 && strcmp(kind, "configs") != 0)
		return NULL;
	snprintf(name, sizeof(name), "app_%s_0123456789ab", key);
	return name;
}

static const char *content_file(void *arg, const char *kind, const char *key)
{
	static char path[100];

	(void)arg;
	snprintf(path, sizeof(path), "/srv/.kata/app/%s/%s", kind, key);
	return path;
}

static const struct compose_names names = {object_name, content_file, NULL};

static inline void print(struct str *out, json_t *root, bool swarm)
{
	struct compose compose;

	compose_case(&compose, root);
	compose_yaml(out, &compose, swarm, &names);
	compose_case_release(&compose);
}

/* The file, read back by our own reader; variables' dollars are still double. */
static inline json_t *read_back_new(const char *text, size_t len)
{
	struct arena *arena = arena_new();
	struct problems problems;
	const struct yaml_node *node;
	json_t *value;

	problems_init(&problems, arena);
	node = yaml_parse(arena, text, len, "file", &problems);
	if (!node || problems.count)
		fail_msg("%s\n%s", problems.count ? problems.items[0].msg : "nothing", text);
	value = yaml_case_new(node);
	arena_free(arena);
	return value;
}

static inline void assert_value(const json_t *value, const char *expected, const char *what)
{
	json_t *wanted = json_case_new(expected);
	struct str a = STR_INIT, b = STR_INIT;

	if (!value || !json_same(value, wanted)) {
		if (value)
			json_canonical(&a, value);
		json_canonical(&b, wanted);
		fail_msg("%s\n   is %s\n  not %s", what, a.p, b.p);
	}
	json_decref(wanted);
}

static inline json_t *file_new(json_t *root, bool swarm)
{
	struct str text = STR_INIT;
	json_t *value;

	print(&text, root, swarm);
	value = read_back_new(text.p, text.len);
	str_release(&text);
	return value;
}

/* What a service becomes. */
static inline void assert_service(bool swarm, const char *spec, const char *expected)
{
	json_t *root = json_pack("{s:{s:o}}", "services", "s", json_case_new(spec));
	json_t *file = file_new(root, swarm);

	assert_value(json_object_get(json_object_get(file, "services"), "s"), expected, spec);
	json_decref(file);
}

/* What a top-level object becomes. */
static inline void assert_object(bool swarm, const char *kind, const char *object,
				 const char *expected)
{
	json_t *root = json_pack("{s:{s:o}}", kind, "k", json_case_new(object));
	json_t *file = file_new(root, swarm);

	assert_value(json_object_get(json_object_get(file, kind), "k"), expected, object);
	json_decref(file);
}

#endif
