/*
 * A Caddy and some apps, for tests of planning: the live servers as Caddy would print them, apps
 * from JSON, and case_apply(), which plans, makes the one request by Caddy's rules, and checks what
 * must hold for every plan. JSON in the tests is written with ' for ".
 */
#ifndef KATA_TEST_PLAN_CASE_H
#define KATA_TEST_PLAN_CASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kata/address.h"
#include "kata/diff.h"
#include "kata/plan.h"

#include "caddy_semantics.h"

#define CASE_OWNER   "me"
#define CASE_SERVERS "/config/apps/http/servers"

struct plan_case {
	struct arena *arena;
	struct app apps[1200];
	size_t app_count;
	json_t *config; /* what stands at /config/ */
	struct str raw; /* the servers, as Caddy prints them */
	struct plan_options options;
	struct plan_caddy plan; /* the last one made */
};

static inline json_t *quoted_new(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline json_t *quoted_new(const char *fmt, ...)
{
	struct str text = STR_INIT;
	struct kata_error e;
	json_t *value;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] == '\'')
			text.p[i] = '"';
	value = json_parse_new(text.p, text.len, &e);
	if (!value)
		fail_msg("%s: %s", text.p, e.msg);
	str_release(&text);
	return value;
}

/* --- the world --- */

static inline json_t *case_servers(const struct plan_case *c)
{
	return json_object_get(json_object_get(json_object_get(c->config, "apps"), "http"),
			       "servers");
}

static inline void case_init(struct plan_case *c)
{
	memset(c, 0, sizeof *c);
	c->arena = arena_new();
	c->config = quoted_new("{'admin':{},'apps':{'http':{'servers':{}},'tls':{'x':1e+21}}}");
	c->raw = (struct str)STR_INIT;
	c->options = (struct plan_options){.owner = CASE_OWNER, .complete = true};
	plan_caddy_init(&c->plan);
}

static inline void case_release(struct plan_case *c)
{
	plan_caddy_release(&c->plan);
	for (size_t i = 0; i < c->app_count; i++)
		json_decref(c->apps[i].caddy);
	json_decref(c->config);
	str_release(&c->raw);
	arena_free(c->arena);
}

static inline struct app *case_find(struct plan_case *c, const char *name)
{
	for (size_t i = 0; i < c->app_count; i++)
		if (!strcmp(c->apps[i].name, name))
			return &c->apps[i];
	return NULL;
}

/* The app's folder is there, with nothing valid in it; case_block() fills it. */
static inline struct app *case_folder(struct plan_case *c, const char *name)
{
	struct app *app = case_find(c, name);
	size_t i = c->app_count;

	if (!app) {
		for (; i > 0 && strcmp(c->apps[i - 1].name, name) > 0; i--)
			c->apps[i] = c->apps[i - 1];
		app = &c->apps[i];
		*app = (struct app){.name = arena_strdup(c->arena, name)};
		app->file = arena_printf(c->arena, "app/%s/kata-compose.yaml", name);
		c->app_count++;
	}
	json_decref(app->caddy);
	app->caddy = NULL;
	app->server = NULL;
	app->state = APP_INVALID;
	return app;
}

static inline struct app *case_block_take(struct plan_case *c, const char *name, json_t *block_take)
{
	struct app *app = case_folder(c, name);

	app->state = APP_VALID;
	app->wants_caddy = block_take != NULL;
	app->caddy = block_take;
	return app;
}

static inline struct app *case_app(struct plan_case *c, const char *name, const char *block)
{
	return case_block_take(c, name, quoted_new("%s", block));
}

/* One app on `listen` that answers for one host (NULL: any) with a body. */
static inline struct app *case_site(struct plan_case *c, const char *name, const char *listen,
				    const char *host, const char *body)
{
	const char *match = host ? arena_printf(c->arena, "'match':[{'host':['%s']}],", host) : "";

	return case_block_take(c, name,
			       quoted_new("{'listen':['%s'],'routes':[{%s'handle':[{'handler':"
					  "'static_response','body':'%s'}]}]}",
					  listen, match, body));
}

static inline void case_gone(struct plan_case *c, const char *name)
{
	struct app *app = case_find(c, name);

	assert_non_null(app);
	json_decref(app->caddy);
	memmove(app, app + 1, (size_t)(&c->apps[--c->app_count] - app) * sizeof *app);
}

static inline void case_server(struct plan_case *c, const char *key, const char *server)
{
	json_object_set_new(case_servers(c), key, quoted_new("%s", server));
}

/* What stands at a path below servers; NULL: nothing. */
static inline json_t *case_at(const struct plan_case *c, const char *path)
{
	return json_at(case_servers(c), path);
}

static inline void assert_json(const json_t *value, const char *expected)
{
	json_t *want = quoted_new("%s", expected);

	if (!json_same(value, want)) {
		struct str text = STR_INIT;

		json_pretty(&text, value);
		fail_msg("%s\nis not %s", text.p, expected);
	}
	json_decref(want);
}

/* --- planning --- */

static inline void case_plan(struct plan_case *c)
{
	struct plan_live live = {.servers = case_servers(c)};

	str_clear(&c->raw);
	caddy_print(&c->raw, live.servers);
	live.raw = c->raw.p;
	live.raw_len = c->raw.len;
	plan_caddy_release(&c->plan);
	plan_caddy_init(&c->plan);
	plan_caddy_make(&c->plan, &live, c->apps, c->app_count, &c->options);
}

static inline const struct app_view *case_view(const struct plan_case *c, const char *name)
{
	for (size_t i = 0; i < c->plan.app_count; i++)
		if (!strcmp(c->plan.apps[i].name, name))
			return &c->plan.apps[i];
	fail_msg("no view of %s", name);
	return NULL;
}

/* The only problem of an app (NULL: of nobody in particular); NULL when it has none. */
static inline const struct problem *case_problem(const struct plan_case *c, const char *app)
{
	const struct problem *found = NULL;

	for (size_t i = 0; i < c->plan.problem_count; i++) {
		const struct plan_problem *p = &c->plan.problems[i];

		if (!app != !p->app || (app && strcmp(app, p->app) != 0))
			continue;
		if (found)
			fail_msg("%s: %s, and %s", app ? app : "-", found->msg, p->problem.msg);
		found = &p->problem;
	}
	return found;
}

/* The app is refused, and message and hint have these words. */
static inline void assert_refused(const struct plan_case *c, const char *app, const char *path,
				  const char *words)
{
	const struct problem *p = case_problem(c, app);
	char *copy = xstrdup(words), *rest = NULL;

	if (!p)
		fail_msg("%s is not refused", app);
	assert_int_equal(case_view(c, app)->status, APP_STATUS_REFUSED);
	assert_int_equal(p->severity, SEVERITY_ERROR);
	assert_non_null(p->hint);
	if (!path != !p->path || (path && strcmp(path, p->path) != 0))
		fail_msg("%s: at %s: %s", app, p->path, p->msg);
	for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		if (!strstr(p->msg, w) && !strstr(p->hint, w))
			fail_msg("%s: no \"%s\" in: %s (%s)", app, w, p->msg, p->hint);
	free(copy);
}

/* --- what must hold for every plan --- */

static inline bool case_is_mark(const json_t *object)
{
	const char *id = json_member_text(object, "@id");

	return id && !strncmp(id, "kata:" CASE_OWNER ":", strlen("kata:" CASE_OWNER ":"));
}

static inline bool case_adopts(const struct plan_case *c, const json_t *before, const char *key)
{
	struct app *app = case_find((struct plan_case *)c, key);

	for (size_t i = 0; i < c->options.adopt_count; i++)
		if (!strcmp(c->options.adopt[i], key))
			return true;
	return app && app->caddy && json_same(app->caddy, json_object_get(before, key));
}

static inline void case_drop_marked(json_t *server, const char *list)
{
	json_t *routes = json_object_get(server, list);

	for (size_t i = json_array_size(routes); i-- > 0;)
		if (case_is_mark(json_array_get(routes, i)))
			json_array_remove(routes, i);
	if (!json_array_size(routes))
		json_object_del(server, list);
}

/* A server that is not ours is as it was, but for marked routes in it. */
static inline void check_foreign(const struct plan_case *c, const json_t *before,
				 const json_t *after)
{
	const char *key;
	json_t *server;

	json_object_foreach((json_t *)before, key, server) {
		json_t *a, *b;

		if (case_is_mark(server) || case_adopts(c, before, key))
			continue;
		a = json_deep_copy(server);
		b = json_deep_copy(json_object_get(after, key));
		case_drop_marked(a, "routes");
		case_drop_marked(b, "routes");
		if (!json_same(a, b))
			fail_msg("the foreign server %s changed", key);
		json_decref(a);
		json_decref(b);
	}
}

/* In what is sent, whatever is not ours has the bytes that Caddy gave. */
static inline void check_bytes(const struct plan_case *c, const json_t *before)
{
	const struct plan_request *request = &c->plan.request;
	struct json_span raw = {c->raw.p, c->raw.len}, body = {request->body.p, request->body.len};
	const char *key;
	json_t *server, *route;
	size_t i;

	if (!body.len || strcmp(request->path, CASE_SERVERS) != 0)
		return;
	json_object_foreach((json_t *)before, key, server) {
		struct json_span old, sent, list, one;

		if (!json_object_get(c->plan.target, key))
			continue;
		assert_true(json_span_member(raw, key, &old));
		assert_true(json_span_member(body, key, &sent));
		if (json_object_get(c->plan.target, key) == server &&
		    (old.len != sent.len || memcmp(old.p, sent.p, old.len) != 0))
			fail_msg("%s is not sent as it came", key);
		if (!json_span_member(old, "routes", &list))
			continue;
		json_array_foreach(json_object_get(server, "routes"), i, route)
			if (!case_is_mark(route) && !case_is_mark(server) &&
			    json_span_element(list, i, &one) &&
			    !memmem(sent.p, sent.len, one.p, one.len) &&
			    !case_adopts(c, before, key))
				fail_msg("route %zu of %s is not sent as it came", i, key);
	}
}

/* Makes the planned request by the rules of both versions; the new config. */
static inline json_t *case_send_new(const struct plan_case *c)
{
	static const enum caddy_version versions[] = {CADDY_OLD, CADDY_NEW};
	const struct plan_request *request = &c->plan.request;
	json_t *result[2], *body = NULL, *servers;
	struct kata_error e;

	if (request->body.len)
		body = json_parse_new(request->body.p, request->body.len, &e);
	assert_int_equal(!body, !strcmp(request->method, "DELETE"));
	for (size_t v = 0; v < 2; v++) {
		int code;

		result[v] = json_incref(c->config);
		code = caddy_request(versions[v], &result[v], request->method, request->path, body);
		if (code != 200)
			fail_msg("%s %s: %d", request->method, request->path, code);
	}
	assert_true(json_same(result[0], result[1]));
	servers = json_object_get(json_object_get(json_object_get(result[0], "apps"), "http"),
				  "servers");
	if (!json_same(servers, c->plan.target))
		fail_msg("%s %s does not give what was planned", request->method, request->path);
	if (request->guard && strncmp(request->path, CASE_SERVERS "/", sizeof CASE_SERVERS) != 0)
		fail_msg("guard %s for %s", request->guard, request->path);
	json_decref(body);
	json_decref(result[1]);
	return result[0];
}

/* The whole case, for who has to find out why. */
static inline void case_describe(const struct plan_case *c)
{
	struct str text = STR_INIT;

	for (size_t i = 0; i < c->app_count; i++) {
		str_addf(&text, "app %s (%s): ", c->apps[i].name,
			 c->apps[i].server ? c->apps[i].server : "-");
		json_canonical(&text, c->apps[i].caddy);
		str_addc(&text, '\n');
	}
	for (size_t i = 0; i < c->options.selected_count && c->options.selected; i++)
		str_addf(&text, "only %s\n", c->options.selected[i]);
	for (size_t i = 0; i < c->plan.problem_count; i++)
		str_addf(&text, "%s: %s\n", c->plan.problems[i].app,
			 c->plan.problems[i].problem.msg);
	str_addf(&text, "live %s", c->raw.p);
	fputs(text.p, stderr);
	str_release(&text);
}

static inline void check_settled(const struct plan_case *c)
{
	bool settled = !c->plan.request.method && !c->plan.change_count && !c->plan.touched_count;

	if (!settled)
		case_describe(c);
	if (!settled)
		fail_msg("planned again: %s %s %s (%zu changes, %zu touched: %s)",
			 c->plan.request.method, c->plan.request.path, c->plan.request.body.p,
			 c->plan.change_count, c->plan.touched_count,
			 c->plan.touched_count ? c->plan.touched[0] : "-");
	for (size_t i = 0; i < c->plan.app_count; i++) {
		enum app_status status = c->plan.apps[i].status;

		if (status == APP_STATUS_MISSING || status == APP_STATUS_DRIFT ||
		    status == APP_STATUS_LEFTOVER)
			fail_msg("%s: status %d after all was applied", c->plan.apps[i].name,
				 (int)status);
	}
}

/* Plans, sends, checks, and plans again: nothing may be left to do. The first plan's problems are
 * those of the second. True: something was sent. */
static inline bool case_apply(struct plan_case *c)
{
	json_t *before = json_deep_copy(case_servers(c)), *config;
	size_t problems;
	bool sent;

	case_plan(c);
	problems = c->plan.problem_count;
	sent = c->plan.request.method != NULL;
	assert_int_equal(sent, c->plan.change_count > 0);
	if (sent) {
		check_bytes(c, case_servers(c));
		config = case_send_new(c);
		json_decref(c->config);
		c->config = config;
	}
	check_foreign(c, before, case_servers(c));
	json_decref(before);
	case_plan(c);
	check_settled(c);
	assert_int_equal(c->plan.problem_count, problems);
	return sent;
}

/* The next request, whole. */
static inline void assert_request(struct plan_case *c, const char *method, const char *path)
{
	case_plan(c);
	if (!c->plan.request.method || strcmp(c->plan.request.method, method) != 0 ||
	    strcmp(c->plan.request.path + strlen(CASE_SERVERS), path) != 0)
		fail_msg("%s %s %s, not %s %s", c->plan.request.method, c->plan.request.path,
			 c->plan.request.body.p, method, path);
	case_apply(c);
}

/* The app's part of what is live, as its block. */
static inline void assert_block(const struct plan_case *c, const char *app)
{
	json_t *block = plan_decompile_new(case_servers(c), CASE_OWNER, app);
	struct app *wanted = case_find((struct plan_case *)c, app);

	if (!json_same(block, wanted->caddy)) {
		struct str text = STR_INIT;

		json_pretty(&text, block);
		str_add(&text, "\nis not ");
		json_pretty(&text, wanted->caddy);
		fail_msg("%s: %s", app, text.p);
	}
	json_decref(block);
}

#endif
