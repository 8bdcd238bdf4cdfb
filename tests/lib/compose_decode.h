/*
 * For tests of the Compose model: an app from YAML, other files from a list, and what came of it.
 */
#ifndef KATA_TEST_COMPOSE_DECODE_H
#define KATA_TEST_COMPOSE_DECODE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compose_case.h"
#include "kata/app.h"

struct case_file {
	const char *path, *bytes; /* bytes NULL: cannot be read */
};

/* Set what is wanted before decoded(). */
struct decoded {
	struct arena *arena;
	const struct case_file *files; /* up to one without a path */
	const char *env;	       /* ENV */
	const char *name;	       /* of the app; blog */
	struct compose_input input;
	struct app app;
	struct compose compose;
	struct problems problems;
	bool ok;
};

static inline void case_read(void *arg, const char *path, struct app_file *out)
{
	const struct decoded *d = arg;

	for (const struct case_file *f = d->files; f && f->path; f++) {
		if (strcmp(f->path, path) != 0)
			continue;
		out->bytes = f->bytes;
		out->len = f->bytes ? strlen(f->bytes) : 0;
		out->error = f->bytes ? NULL : "Permission denied";
	}
}

static inline void decode(struct decoded *d, const char *yaml)
{
	struct app_source source = {
		.name = d->name ? d->name : "blog",
		.root = "/srv",
		.uid = 1000,
		.gid = 33,
		.stack = {.path = "kata-compose.yaml", .bytes = yaml, .len = strlen(yaml)},
		.env = {.path = "ENV", .bytes = d->env, .len = d->env ? strlen(d->env) : 0},
	};

	d->arena = arena_new();
	app_decode(&d->app, d->arena, &source);
	problems_init(&d->problems, d->arena);
	d->input.app = &d->app;
	d->input.root = "/srv";
	d->input.read = case_read;
	d->input.read_arg = d;
	d->ok = compose_decode(&d->compose, d->arena, &d->input, &d->problems);
	problems_sort(&d->problems);
}

static inline void decoded_release(struct decoded *d)
{
	compose_release(&d->compose);
	app_release(&d->app);
	arena_free(d->arena);
}

/* All problems, one a line: "line:column severity: message (hint)". */
static inline char *problems_text(const struct problems *list)
{
	struct str out = STR_INIT;

	for (size_t i = 0; i < list->count; i++) {
		const struct problem *p = &list->items[i];

		str_addf(&out, "%u:%u %s: %s%s%s%s\n", p->place.line, p->place.column,
			 severity_name(p->severity), p->msg, p->hint ? " (" : "",
			 p->hint ? p->hint : "", p->hint ? ")" : "");
	}
	return str_detach(&out);
}

static inline json_t *decoded_spec(const struct decoded *d, const char *service)
{
	return json_object_get(json_object_get(d->compose.root, "services"), service);
}

/* A member of the model is this JSON (with ' for "); "absent": there is none. */
static inline void assert_model(const struct decoded *d, const char *path, const char *expected)
{
	json_t *found = json_at(d->compose.root, path);
	bool absent = !strcmp(expected, "absent");
	json_t *wanted = absent ? NULL : json_case_new(expected);
	char *problems = problems_text(&d->problems);
	struct str text = STR_INIT;

	if (found)
		json_canonical(&text, found);
	if (absent ? found != NULL : !found || !json_same(found, wanted))
		fail_msg("%s\n   is %s\n  not %s\n%s", path, found ? text.p : "absent", expected,
			 problems);
	json_decref(wanted);
	str_release(&text);
	free(problems);
}

static inline void assert_problems(const struct decoded *d, const char *expected)
{
	char *text = problems_text(&d->problems);

	if (strcmp(text, expected) != 0)
		fail_msg("problems are\n%s---not\n%s", text, expected);
	free(text);
}

/* A variable of a service; "(null)" takes it away, "(absent)": there is none. */
static inline const char *variable(const struct decoded *d, const char *service, const char *name)
{
	json_t *env = json_object_get(decoded_spec(d, service), "environment");
	json_t *value = json_object_get(env, name);

	return !value ? "(absent)" : json_is_null(value) ? "(null)" : json_string_value(value);
}

static inline void assert_clean(const struct decoded *d)
{
	assert_problems(d, "");
	assert_true(d->ok);
}

#endif
