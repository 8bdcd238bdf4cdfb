/*
 * Fuzz target: Swarm mode on any JSON, in four lines: the model, a live service, its tasks, a live
 * network. Whatever the types, nothing crashes; a spec is made the same twice, does not differ
 * from itself when it is what runs, and needs no new service.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/swarm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES = 4 };

static void check(bool ok)
{
	if (!ok)
		abort();
}

static const char *object_name(void *arg, const char *kind, const char *key)
{
	return *key == '?' ? NULL : arena_printf(arg, "st_%s_%s", kind, key);
}

static const char *object_id(void *arg, const char *kind, const char *key)
{
	return *key == '!' ? NULL : arena_printf(arg, "id-%s-%s", kind, key);
}

static const char *network_name(void *arg, const char *id)
{
	return *id == '?' ? NULL : arena_printf(arg, "net-%s", id);
}

static void check_service(struct arena *a, const struct compose *compose, const char *name,
			  json_t *spec, const json_t *live, int api)
{
	struct compose_service service = {
		.name = name, .spec = spec, .replicas = (int)strlen(name)};
	struct swarm_facts facts = {.live = live,
				    .image = json_member_text(spec, "image"),
				    .api = api,
				    .object_name = object_name,
				    .object_id = object_id,
				    .object_arg = a};
	json_t *made = swarm_spec_new(compose, &service, &facts);
	json_t *again, *stored = json_pack("{s:O}", "Spec", made);

	facts.live = stored;
	again = swarm_spec_new(compose, &service, &facts);
	check(json_equal(made, again));
	check(!swarm_differs(a, again, stored, NULL, NULL));
	check(!swarm_must_replace(again, stored));
	swarm_differs(a, made, live, network_name, a);
	swarm_must_replace(made, live);
	json_decref(again);
	json_decref(stored);
	json_decref(made);
}

static void check_kind(struct arena *a, const struct compose *compose, const char *kind)
{
	const char *key, *name;
	json_t *value;

	json_object_foreach(json_object_get(compose->root, kind), key, value) {
		name = swarm_object_name(a, compose, kind, key, key, strlen(key));
		json_decref(swarm_object_body_new(compose, kind, key, name, key, strlen(key)));
	}
}

static void check_networks(struct arena *a, const struct compose *compose, const json_t *live)
{
	const char *key;
	json_t *value, *body;

	json_object_foreach(json_object_get(compose->root, "networks"), key, value) {
		body = swarm_network_body_new(compose, key);
		swarm_network_differs(a, compose, key, live);
		check(!body || !swarm_network_differs(a, compose, key, body));
		json_decref(body);
	}
}

static void check_progress(struct arena *a, const json_t *service, const json_t *tasks)
{
	static const char *const started[] = {NULL, "", "2026-11-22T05:01:30Z",
					      "2026-11-22T05:01:30.123456789Z"};
	struct swarm_progress p;

	for (size_t i = 0; i < sizeof(started) / sizeof(*started); i++) {
		swarm_progress_read(a, service, tasks, i, started[i], &p);
		check(p.running >= 0 && p.wanted >= 0);
		check(p.state != SWARM_CONVERGED || (p.running == p.wanted && !p.message));
	}
}

static void run(struct arena *a, json_t *const lines[LINES])
{
	struct compose compose = {.project = "st", .folder = "/st", .root = lines[0]};
	static const int apis[] = {0, 41, 44, 46, 51};
	const char *name;
	json_t *spec;

	json_object_foreach(json_object_get(lines[0], "services"), name, spec)
		for (size_t i = 0; i < sizeof(apis) / sizeof(*apis); i++)
			check_service(a, &compose, name, spec, lines[1], apis[i]);
	check_kind(a, &compose, "secrets");
	check_kind(a, &compose, "configs");
	check_networks(a, &compose, lines[3]);
	check_progress(a, lines[1], lines[2]);
	swarm_differs(a, lines[0], lines[1], network_name, a);
	swarm_differs(a, json_object_get(lines[1], "Spec"), lines[1], network_name, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;
	struct arena *a = arena_new();
	json_t *lines[LINES] = {NULL};
	struct kata_error e;

	for (size_t i = 0; i < LINES && p < end; i++) {
		const char *line = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((line ? line : end) - p);

		lines[i] = json_parse_new(p, len, &e);
		p += len + (line != NULL);
	}
	run(a, lines);
	for (size_t i = 0; i < LINES; i++)
		json_decref(lines[i]);
	arena_free(a);
	return 0;
}
