/*
 * For tests of containers: what docker compose made on real engines (tests/corpora/containers), and
 * models that are changed a little. After cmocka.h.
 */
#ifndef KATA_TEST_CONTAINER_CASE_H
#define KATA_TEST_CONTAINER_CASE_H

#include <stdlib.h>
#include <string.h>

#include "kata/container.h"

#include "compose_case.h"

static const char *const files[] = {"tests/corpora/containers/engine-20.10.json",
				    "tests/corpora/containers/engine-28.5.json"};
enum { ENGINES = sizeof files / sizeof *files };

struct fixture {
	struct arena *arena;
	json_t *projects[ENGINES];
};

static inline int setup(void **state)
{
	static struct fixture f;
	json_error_t e;

	f.arena = arena_new();
	for (size_t i = 0; i < ENGINES; i++) {
		f.projects[i] = json_load_file(files[i], 0, &e);
		if (!f.projects[i])
			fail_msg("%s: %s (the tests run at the top of the repository)", files[i],
				 e.text);
	}
	*state = &f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ENGINES; i++)
		json_decref(f->projects[i]);
	arena_free(f->arena);
	return 0;
}

/* A recorded project; `root` may be another than the recorded one. */
static inline void model(struct compose *out, const json_t *project, json_t *root)
{
	compose_case(out, root);
	out->project = json_member_text(project, "project");
	out->folder = json_member_text(project, "folder");
}

#define EACH_PROJECT(f, project)                                                                   \
	for (size_t e_ = 0, p_; e_ < ENGINES; e_++)                                                \
		json_array_foreach((f)->projects[e_], p_, project)

static inline const json_t *find_project(struct fixture *f, size_t engine, const char *name)
{
	json_t *project;
	size_t i;

	json_array_foreach(f->projects[engine], i, project) {
		if (!strcmp(json_member_text(project, "project"), name))
			return project;
	}
	return NULL;
}

/* Puts a value ('JSON'), or nothing ("-"), at "a/b/0"; the way there is made. */
static inline void change(json_t *at, const char *path, const char *value)
{
	size_t len = strcspn(path, "/");
	char *key = strndup(path, len);
	json_t *next = json_is_array(at) ? json_array_get(at, strtoul(key, NULL, 10))
					 : json_object_get(at, key);

	if (path[len]) {
		if (!next) {
			next = json_object();
			json_object_set_new(at, key, next);
		}
		change(next, path + len + 1, value);
	} else if (json_is_array(at)) {
		size_t i = strtoul(key, NULL, 10);

		if (!strcmp(value, "-"))
			json_array_remove(at, i);
		else if (i < json_array_size(at))
			json_array_set_new(at, i, json_case_new(value));
		else
			json_array_append_new(at, json_case_new(value));
	} else if (!strcmp(value, "-")) {
		assert_int_equal(0, json_object_del(at, key));
	} else {
		json_object_set_new(at, key, json_case_new(value));
	}
	free(key);
}

#endif
