/*
 * Fuzz target: planning over any live servers. A few apps meet whatever stands in Caddy, also under
 * our own marks; the request gives what was planned, and then nothing is left to do.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kata/plan.h"

#include "../lib/caddy_semantics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static struct app app(const char *name, const char *server, const char *block)
{
	struct app app = {.name = name, .state = APP_VALID, .server = server};

	app.caddy = block ? json_loads(block, 0, NULL) : NULL;
	if (!app.caddy)
		app.state = APP_INVALID;
	return app;
}

static void make(struct plan_caddy *plan, json_t *servers, const struct app *apps, size_t count)
{
	struct plan_options options = {.owner = "o", .complete = true};
	struct plan_live live = {.servers = servers};
	struct str raw = STR_INIT;

	caddy_print(&raw, servers);
	live.raw = raw.p;
	live.raw_len = raw.len;
	plan_caddy_init(plan);
	plan_caddy_make(plan, &live, apps, count, &options);
	str_release(&raw);
}

static json_t *apply_new(const struct plan_caddy *plan, json_t *servers)
{
	json_t *config = json_pack("{s:{s:{s:O}}}", "apps", "http", "servers", servers),
	       *body = NULL;
	struct kata_error e;
	json_t *now;

	if (plan->request.body.len)
		body = json_parse_new(plan->request.body.p, plan->request.body.len, &e);
	if (plan->request.method)
		check(caddy_request(CADDY_OLD, &config, plan->request.method, plan->request.path,
				    body) == 200);
	now = json_object_get(json_object_get(json_object_get(config, "apps"), "http"), "servers");
	check(json_same(now, plan->target));
	json_incref(now);
	json_decref(body);
	json_decref(config);
	return now;
}

static void read_parts(json_t *servers)
{
	static const char *const names[] = {"a", "b", "g", "k"};

	struct arena *a = arena_new();
	struct app_view view;
	const char *key;
	json_t *server;
	bool ours;

	json_object_foreach(servers, key, server) {
		json_decref(plan_server_apps_new(server, "o", &ours));
		json_decref(plan_dials_new(server));
		plan_block_view(a, server, &view);
	}
	arena_free(a);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		json_decref(plan_decompile_new(servers, "o", names[i]));
		json_decref(plan_tagged_new(servers, "o", names[i]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct app apps[] = {
		app("a", NULL,
		    "{\"listen\":[\":80\"],\"routes\":[{\"match\":[{\"host\":[\"a.x\"]}]}]}"),
		app("b", NULL,
		    "{\"listen\":[\":80\",\":81\"],\"routes\":[{\"match\":[{\"host\":[\"*.x\"]}]},{"
		    "}],"
		    "\"errors\":{\"routes\":[{}]},\"tls_connection_policies\":[{}],\"logs\":{}}"),
		app("g", "s", "{\"routes\":[{\"match\":[{\"host\":[\"g.x\"]}]}]}"),
		app("k", NULL, NULL),
	};
	struct plan_caddy plan, again;
	struct kata_error e;
	struct arena *arena;
	json_t *servers = json_parse_new((const char *)data, size, &e), *now;

	if (json_is_object(servers)) {
		arena = arena_new();
		plan_poison(arena, servers);
		read_parts(servers);
		make(&plan, servers, apps, 4);
		now = apply_new(&plan, servers);
		make(&again, now, apps, 4);
		check(!again.request.method && !again.change_count && !again.touched_count);
		read_parts(now);
		plan_caddy_release(&again);
		plan_caddy_release(&plan);
		json_decref(now);
		arena_free(arena);
	}
	json_decref(servers);
	for (size_t i = 0; i < 4; i++)
		json_decref(apps[i].caddy);
	return 0;
}
