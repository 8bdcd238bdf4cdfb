/*
 * Random worlds: apps with random blocks come, change and go, some are left out or invalid, others
 * meddle; after each step the plan's request is made by Caddy's rules. case_apply() checks that it
 * gives what was planned and leaves nothing to do; here is checked that the outcome makes sense:
 * each request reaches the app whose host matches best, no listener is there twice, no id either,
 * and who was not part of the run serves what it served.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "mutate.h"
#include "plan_case.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))
#ifndef RUNS
#define RUNS 60 /* of 25 steps */
#endif

static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
static const char *const hosts[] = {"a.test",	"b.test", "A.TEST",    "*.test",   "x.a.test",
				    "*.a.test", "b.*",	  "{env.H}.t", "y.b.test", "*"};
static const char *const listens[] = {
	":80",	 "0.0.0.0:80", ":443",	     ":8080", "127.0.0.1:8080",
	":8080", ":80",	       ":9000-9005", ":9003", "unix//run/x"};

/* --- random blocks --- */

static json_t *random_match_new(struct mutate *m)
{
	json_t *list = json_array();

	for (size_t n = 1 + mutate_below(m, 2); n > 0; n--)
		json_array_append_new(list, json_string(hosts[mutate_below(m, COUNT(hosts))]));
	return json_pack("[{s:o}]", "host", list);
}

static json_t *random_routes_new(struct mutate *m)
{
	json_t *routes = json_array();

	for (size_t n = mutate_below(m, 4); n > 0; n--) {
		json_t *route = json_pack("{s:[o]}", "handle", mutate_any_new(m, 2));

		if (mutate_below(m, 5))
			json_object_set_new(route, "match", random_match_new(m));
		json_array_append_new(routes, route);
	}
	return routes;
}

static void random_fields(struct mutate *m, json_t *block)
{
	static const char *const fields[] = {
		"{'read_timeout':'5s'}",
		"{'read_timeout':'9s'}",
		"{'automatic_https':{'disable':true}}",
		"{'automatic_https':{'skip':['a.test'],'disable_certificates':true}}",
		"{'logs':{}}",
		"{'logs':{'default_logger_name':'x'}}",
		"{'logs':{'logger_names':{'a.test':'l','b.test:80':'l'}}}",
		"{'tls_connection_policies':[{'n':1},{'match':{'sni':['a.test']}}]}",
		"{'tls_connection_policies':[{}]}",
		"{'tls_connection_policies':[]}",
		"{'named_routes':{'n':{}}}",
		"{'errors':{'routes':[{'handle':[]}]}}",
		"{'metrics':{}}",
	};

	while (mutate_below(m, 3) == 0) {
		json_t *more = quoted_new("%s", fields[mutate_below(m, COUNT(fields))]);

		json_object_update(block, more);
		json_decref(more);
	}
}

static json_t *random_block_new(struct mutate *m)
{
	json_t *listen = json_array(), *block = json_object();

	for (size_t n = 1 + (mutate_below(m, 4) == 0); n > 0; n--)
		json_array_append_new(listen,
				      json_string(listens[mutate_below(m, COUNT(listens))]));
	json_object_set_new(block, "listen", listen);
	if (mutate_below(m, 9))
		json_object_set_new(block, "routes", random_routes_new(m));
	random_fields(m, block);
	return block;
}

/* --- random steps --- */

static void random_app(struct mutate *m, struct plan_case *c)
{
	const char *name = names[mutate_below(m, COUNT(names))];
	struct app *app = case_find(c, name);
	json_t *block;

	switch (mutate_below(m, 8)) {
	case 0:
		if (app)
			case_gone(c, name);
		break;
	case 1:
		case_folder(c, name);
		break;
	case 2:
		case_block_take(c, name, json_pack("{s:o}", "routes", random_routes_new(m)))
			->server = "srv0";
		break;
	case 3:
		if (!app || app->state != APP_VALID || app->server)
			break;
		block = json_deep_copy(app->caddy);
		json_object_set_new(block, "routes", random_routes_new(m));
		case_block_take(c, name, block);
		break;
	default:
		case_block_take(c, name, random_block_new(m));
	}
}

static void random_selection(struct mutate *m, struct plan_case *c)
{
	static const char *chosen[COUNT(names)];
	size_t count = 0;

	for (size_t i = 0; i < COUNT(names); i++)
		if (mutate_below(m, 2))
			chosen[count++] = names[i];
	c->options.selected = mutate_below(m, 3) ? NULL : chosen;
	c->options.selected_count = count;
	c->options.complete = mutate_below(m, 8) != 0;
}

static void add_foreign(struct plan_case *c)
{
	case_server(c, "srv0",
		    "{'listen':[':7000'],'routes':[{'match':[{'host':['old.test']}],'n':1e+21},{'"
		    "match':["
		    "{'host':['*.a.test']}],'lt':'<'},{'handle':[{'n':9007199254740992}]}]}");
	case_server(c, "kata_443", "{'listen':[':7001'],'routes':[{'lt':'<'}]}");
}

/* --- what must come out --- */

/* How well a host matches one of the routes' top-level matchers: HOST_EXACT as 1000, a wildcard
 * by its literal labels, 0 for any, -1 not at all. */
static int match_of(const char *pattern, const char *host)
{
	int literal = 1;

	if (!strcasecmp(pattern, host))
		return 1000;
	if (!strchr(pattern, '*'))
		return -1;
	while (*pattern && *host) {
		size_t p = strcspn(pattern, "."), h = strcspn(host, ".");

		if (*pattern != '*' && (p != h || strncasecmp(pattern, host, p) != 0))
			return -1;
		literal += *pattern != '*';
		if ((pattern[p] == '.') != (host[h] == '.'))
			return -1;
		pattern += p + (pattern[p] == '.');
		host += h + (host[h] == '.');
	}
	return *pattern || *host ? -1 : literal;
}

static int match_of_route(const json_t *route, const char *host)
{
	json_t *sets = json_object_get(route, "match"), *set, *pattern;
	int best = -1;
	size_t i, j;

	if (!json_array_size(sets))
		return 0;
	json_array_foreach(sets, i, set) {
		if (!json_object_get(set, "host"))
			best = best < 0 ? 0 : best;
		json_array_foreach(json_object_get(set, "host"), j, pattern) {
			int one = match_of(json_string_value(pattern), host);

			best = one > best ? one : best;
		}
	}
	return best;
}

static bool listens_on(struct plan_case *c, const json_t *server, const char *key)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(server, "listen"), i, item) {
		struct address address;

		address_parse(c->arena, json_string_value(item), &address);
		if (!strcmp(address.key, key))
			return true;
	}
	return false;
}

/* The app that a request gets to; "" for somebody else's route or server, NULL for nobody. */
static const char *served_by(struct plan_case *c, const char *key, const char *host)
{
	const char *name, *inside;
	json_t *server, *route;
	size_t i;

	json_object_foreach(case_servers(c), name, server) {
		if (!listens_on(c, server, key))
			continue;
		if (!case_is_mark(server))
			return "";
		if (plan_app_at(c->arena, case_servers(c), CASE_OWNER, name, &inside))
			return plan_app_at(c->arena, case_servers(c), CASE_OWNER, name, &inside);
		json_array_foreach(json_object_get(server, "routes"), i, route)
			if (match_of_route(route, host) >= 0)
				return plan_app_at(c->arena, case_servers(c), CASE_OWNER,
						   arena_printf(c->arena, "%s/routes/%zu", name, i),
						   &inside);
	}
	return NULL;
}

/* The app on an address whose routes match the host best; NULL: none does. */
static const char *best_app(struct plan_case *c, const char *key, const char *host)
{
	const char *best = NULL;
	int most = -1;

	for (size_t n = 0; n < COUNT(names); n++) {
		json_t *block = plan_decompile_new(case_servers(c), CASE_OWNER, names[n]), *route;
		json_t *routes = json_object_get(block, "routes");
		int match = block && !json_array_size(routes) ? 0 : -1;
		size_t i;

		json_array_foreach(routes, i, route) {
			int one = match_of_route(route, host);

			match = one > match ? one : match;
		}
		if (block && listens_on(c, block, key) && match > most) {
			most = match;
			best = names[n];
		}
		json_decref(block);
	}
	return best;
}

static void check_routing(struct plan_case *c)
{
	static const char *const asked[] = {"a.test",	"b.test", "y.test", "x.a.test",	 "z.a.test",
					    "y.b.test", "b.com",  "zzz",    "q.w.e.test"};
	static const char *const keys[] = {":80", ":443", ":8080", "127.0.0.1:8080", "unix//run/x"};

	for (size_t k = 0; k < COUNT(keys); k++) {
		for (size_t i = 0; i < COUNT(asked); i++) {
			const char *best = best_app(c, keys[k], asked[i]);
			const char *served = served_by(c, keys[k], asked[i]);

			if (best && (!served || strcmp(best, served) != 0))
				fail_msg("%s on %s is for %s, and gets to %s", asked[i], keys[k],
					 best, served);
		}
	}
}

static void check_listeners(struct plan_case *c)
{
	const char *key, *other;
	json_t *a, *b, *one, *two;
	size_t i, j;

	json_object_foreach(case_servers(c), key, a) {
		json_object_foreach(case_servers(c), other, b) {
			json_array_foreach(json_object_get(a, "listen"), i, one) {
				json_array_foreach(json_object_get(b, "listen"), j, two) {
					struct address x, y;

					address_parse(c->arena, json_string_value(one), &x);
					address_parse(c->arena, json_string_value(two), &y);
					if (a != b && address_relate(&x, &y) != ADDRESS_APART)
						fail_msg("%s of %s and %s of %s", x.text, key,
							 y.text, other);
				}
			}
		}
	}
}

static void check_ids(json_t *value, json_t *seen)
{
	const char *key, *id = json_member_text(value, "@id");
	json_t *item;
	size_t i;

	if (id && case_is_mark(value)) {
		if (json_object_get(seen, id))
			fail_msg("%s is there twice", id);
		json_object_set_new(seen, id, json_null());
	}
	json_object_foreach(value, key, item)
		check_ids(item, seen);
	json_array_foreach(value, i, item)
		check_ids(item, seen);
}

/* Whoever was not part of the run, or was refused, serves what it served. */
static void check_kept(struct plan_case *c, const json_t *before)
{
	for (size_t i = 0; i < c->plan.app_count; i++) {
		const struct app_view *view = &c->plan.apps[i];
		json_t *was, *is;

		if (view->status != APP_STATUS_KEPT && view->status != APP_STATUS_REFUSED)
			continue;
		was = plan_decompile_new(before, CASE_OWNER, view->name);
		is = plan_decompile_new(case_servers(c), CASE_OWNER, view->name);
		if (!was != !is || (was && !json_same(json_object_get(was, "routes"),
						      json_object_get(is, "routes"))))
			fail_msg("%s does not serve what it did", view->name);
		json_decref(was);
		json_decref(is);
	}
}

/* Who is in sync has its routes live, as its file has them. */
static void check_in_sync(struct plan_case *c)
{
	for (size_t i = 0; i < c->plan.app_count; i++) {
		const struct app_view *view = &c->plan.apps[i];
		json_t *is;

		if (view->status != APP_STATUS_IN_SYNC)
			continue;
		is = plan_decompile_new(case_servers(c), CASE_OWNER, view->name);
		assert_true(json_same(json_object_get(view->app->caddy, "routes"),
				      json_object_get(is, "routes")));
		json_decref(is);
	}
}

static void random_runs(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < RUNS; seed++) {
		static struct plan_case c;
		struct mutate m = {.seed = seed};

		case_init(&c);
		add_foreign(&c);
		for (size_t step = 0; step < 25; step++) {
			json_t *before = json_deep_copy(case_servers(&c)), *seen = json_object();

			for (size_t n = 1 + mutate_below(&m, 3); n > 0; n--)
				random_app(&m, &c);
			random_selection(&m, &c);
			case_apply(&c);
			check_kept(&c, before);
			check_in_sync(&c);
			check_listeners(&c);
			check_ids(case_servers(&c), seen);
			check_routing(&c);
			json_decref(seen);
			json_decref(before);
		}
		case_release(&c);
	}
}

/* --- others meddle --- */

static void meddle(struct mutate *m, struct plan_case *c)
{
	json_t *servers = case_servers(c);
	size_t n = mutate_below(m, json_object_size(servers) + 1);
	const char *key;
	json_t *server;

	json_object_foreach(servers, key, server) {
		if (n-- > 0)
			continue;
		if (mutate_below(m, 4))
			server = mutate_take(m, json_deep_copy(server));
		else
			server = json_pack("{s:[s],s:[o]}", "listen",
					   listens[mutate_below(m, COUNT(listens))], "routes",
					   mutate_any_new(m, 2));
		if (json_is_object(server))
			json_object_set(servers, arena_strdup(c->arena, key), server);
		json_decref(server);
		return;
	}
	if (mutate_below(m, 2))
		json_object_set_new(servers, names[mutate_below(m, COUNT(names))],
				    random_block_new(m));
}

/* Under any live config the plan is stable, makes one good request, and leaves others alone. */
static void random_runs_with_others(void **state)
{
	(void)state;
	for (uint64_t seed = 100000; seed < 100000 + RUNS; seed++) {
		static struct plan_case c;
		struct mutate m = {.seed = seed};

		case_init(&c);
		add_foreign(&c);
		for (size_t step = 0; step < 25; step++) {
			random_app(&m, &c);
			random_selection(&m, &c);
			for (size_t n = mutate_below(&m, 3); n > 0; n--)
				meddle(&m, &c);
			case_apply(&c);
		}
		case_release(&c);
	}
}

/* --- real servers --- */

/* Each as an app's block: it goes live, comes back as it was, and so do small changes of it. */
static void real_servers(void **state)
{
	static struct plan_case c;
	struct mutate m = {.seed = 3};
	json_t *corpus = mutate_corpus_new(), *server;
	const char *file;

	(void)state;
	json_object_foreach(corpus, file, server) {
		case_init(&c);
		add_foreign(&c);
		case_block_take(&c, "app", json_deep_copy(server));
		case_apply(&c);
		assert_block(&c, "app");
		for (size_t round = 0; round < 10; round++) {
			json_t *changed = mutate_take(&m, json_deep_copy(server));

			json_object_del(changed, "@id");
			if (json_is_object(changed))
				case_block_take(&c, "app", json_incref(changed));
			json_decref(changed);
			case_apply(&c);
			assert_block(&c, "app");
		}
		case_release(&c);
	}
	json_decref(corpus);
}

/* All of them at once, most on the same addresses, with an app of the same kind beside each. */
static void real_servers_together(void **state)
{
	static struct plan_case c;
	json_t *corpus = mutate_corpus_new(), *server;
	const char *file;
	size_t n = 0;

	(void)state;
	case_init(&c);
	json_object_foreach(corpus, file, server)
		case_block_take(&c, arena_printf(c.arena, "app%03zu", n++), json_deep_copy(server));
	case_apply(&c);
	check_listeners(&c);
	check_in_sync(&c);
	while (c.app_count > 1) {
		case_gone(&c, c.apps[c.app_count / 2].name);
		case_apply(&c);
		check_listeners(&c);
		check_in_sync(&c);
	}
	case_release(&c);
	json_decref(corpus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_runs),
		cmocka_unit_test(random_runs_with_others),
		cmocka_unit_test(real_servers),
		cmocka_unit_test(real_servers_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
