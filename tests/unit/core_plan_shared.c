/*
 * Plans for apps that meet on one address: the shared server and its tagged parts, their order,
 * moving in and out in one request, and each app's block read back from it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "plan_case.h"

static int setup(void **state)
{
	static struct plan_case c;

	case_init(&c);
	*state = &c;
	return 0;
}

static int teardown(void **state)
{
	case_release(*state);
	return 0;
}

/* The ids in a list, without "kata:me:", one blank between. */
static void assert_ids(const struct plan_case *c, const char *path, const char *expected)
{
	struct str ids = STR_INIT;
	json_t *item;
	size_t i;

	json_array_foreach(case_at(c, path), i, item) {
		const char *id = json_member_text(item, "@id");

		str_addf(&ids, "%s%s", i ? " " : "", !id ? "-" : case_is_mark(item) ? id + 8 : id);
	}
	if (strcmp(ids.p, expected) != 0)
		fail_msg("%s: %s, not %s", path, ids.p, expected);
	str_release(&ids);
}

static void select_only(struct plan_case *c, const char *name)
{
	const char **names = arena_alloc(c->arena, sizeof *names);

	*names = name;
	c->options.selected = name ? names : NULL;
	c->options.selected_count = name ? 1 : 0;
}

/* --- the shared server --- */

static void two_apps(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "beta", ":443", "B.test", "b");
	case_site(c, "alpha", "0.0.0.0:443", "a.test", "a");
	assert_request(c, "PUT", "/kata_443");
	assert_json(case_servers(c),
		    "{'kata_443':{'@id':'kata:me:kata_443','listen':[':443'],'routes':["
		    "{'@id':'kata:me:alpha@443','match':[{'host':['a.test']}],'terminal':true,"
		    "'handle':[{'handler':'subroute','routes':[{'match':[{'host':['a.test']}],"
		    "'handle':[{'handler':'static_response','body':'a'}]}]}]},"
		    "{'@id':'kata:me:beta@443','match':[{'host':['b.test']}],'terminal':true,"
		    "'handle':[{'handler':'subroute','routes':[{'match':[{'host':['B.test']}],"
		    "'handle':[{'handler':'static_response','body':'b'}]}]}]}]}}");
	assert_block(c, "beta");
	assert_string_equal(case_view(c, "beta")->server, "kata_443");
	assert_string_equal(case_view(c, "beta")->hosts[0], "b.test");
	case_site(c, "alpha", "0.0.0.0:443", "a.test", "new");
	case_plan(c);
	assert_string_equal(c->plan.request.guard, "kata_443");
	assert_string_equal(c->plan.changes[0].app, "alpha");
	assert_string_equal(c->plan.changes[0].block_path, "routes/0/handle/0/body");
	assert_int_equal(case_view(c, "beta")->status, APP_STATUS_IN_SYNC);
	assert_request(c, "PATCH", "/kata_443/routes/0/handle/0/routes/0/handle/0/body");
}

static void fifty_apps(void **state)
{
	struct plan_case *c = *state;
	json_t *before, *route;
	size_t i;

	for (int n = 0; n < 50; n++)
		case_site(c, arena_printf(c->arena, "app%02d", n), ":80",
			  arena_printf(c->arena, "h%d.test", n), "x");
	assert_request(c, "PUT", "/kata_80");
	assert_int_equal(json_array_size(case_at(c, "kata_80/routes")), 50);
	before = json_deep_copy(case_at(c, "kata_80/routes"));
	case_gone(c, "app20");
	assert_request(c, "DELETE", "/kata_80/routes/20");
	case_site(c, "app205", ":80", "between.test", "x");
	assert_request(c, "PUT", "/kata_80/routes/20");
	case_site(c, "zz", ":80", "last.test", "x");
	assert_request(c, "POST", "/kata_80/routes");
	json_array_foreach(before, i, route)
		if (i != 20)
			assert_true(
				json_same(route, json_array_get(case_at(c, "kata_80/routes"), i)));
	json_decref(before);
}

static void order_of_routes(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "any", ":80", NULL, "x");
	case_site(c, "broad", ":80", "*.example.test", "x");
	case_site(c, "close", ":80", "*.dev.example.test", "x");
	case_site(c, "exact", ":80", "a.dev.example.test", "x");
	case_site(c, "holder", ":80", "{env.HOST}.q.example.test", "x");
	case_site(c, "one", ":80", "*", "x");
	case_app(c, "mixed",
		 "{'listen':[':80'],'routes':[{'match':[{'host':['x.test','*.x.test']},"
		 "{'host':['*.*.y.test','x.test']}]},{'match':[{'path':['/p']}]}]}");
	case_site(c, "any", ":80", "z.test", "x");
	case_apply(c);
	assert_ids(c, "kata_80/routes",
		   "any@80 exact@80 mixed@80 close@80:w3 holder@80:w3 broad@80:w2 mixed@80:w2 "
		   "one@80:w0 "
		   "mixed@80:any");
	assert_json(case_at(c, "kata_80/routes/2/match"), "[{'host':['x.test']}]");
	assert_json(case_at(c, "kata_80/routes/6/match"), "[{'host':['*.*.y.test','*.x.test']}]");
	assert_json(case_at(c, "kata_80/routes/4/match"),
		    "[{'host':['{env.HOST}.q.example.test']}]");
	assert_json(case_at(c, "kata_80/routes/8"),
		    "{'@id':'kata:me:mixed@80:any','terminal':true,'handle':[{'handler':'subroute',"
		    "'routes':[{'match':[{'path':['/p']}]}]}]}");
	assert_block(c, "mixed");
	assert_block(c, "holder");
	assert_true(case_view(c, "mixed")->catch_all);
}

/* Routes that name hosts, and none: nothing can tell such an app's requests but that nobody else
 * takes them. */
static void hosts_of_nobody(void **state)
{
	struct plan_case *c = *state;

	case_app(c, "a", "{'listen':[':80'],'routes':[{'match':[{'host':[]}]}]}");
	case_site(c, "b", ":80", "b.test", "x");
	case_apply(c);
	assert_ids(c, "kata_80/routes", "b@80 a@80:any");
	assert_int_equal(case_view(c, "a")->status, APP_STATUS_IN_SYNC);
}

static void blocks_without_routes(void **state)
{
	struct plan_case *c = *state;

	case_app(c, "a", "{'listen':[':80','tcp4/:80']}");
	case_site(c, "b", ":80", "b.test", "x");
	case_site(c, "c", "tcp4/:80", "c.test", "x");
	case_apply(c);
	assert_block(c, "a");
	case_app(c, "a", "{'listen':[':80','tcp4/:80'],'routes':[]}");
	case_apply(c);
	assert_block(c, "a");
}

static void several_addresses(void **state)
{
	struct plan_case *c = *state;

	case_app(c, "a",
		 "{'listen':[':80','127.0.0.1:8080','unix//run/a'],'routes':[{'match':[{'host':"
		 "['a.test']}]}]}");
	case_site(c, "b", "localhost:8080", "b.test", "x");
	assert_request(c, "PATCH", "");
	assert_int_equal(json_object_size(case_servers(c)), 3);
	assert_ids(c, "kata_80/routes", "a@80");
	assert_ids(c, "kata_127.0.0.1_8080/routes", "a@127.0.0.1_8080 b@127.0.0.1_8080");
	assert_ids(c, "kata_unix_+2Frun+2Fa_/routes", "a@unix_+2Frun+2Fa_");
	assert_int_equal(case_view(c, "a")->listen_count, 3);
	/* Who shares one address meets others on the next; and all leave together. */
	case_site(c, "c", ":80", "c.test", "x");
	case_apply(c);
	assert_ids(c, "kata_80/routes", "a@80 c@80");
	case_gone(c, "a");
	assert_request(c, "PATCH", "");
	assert_non_null(case_at(c, "b"));
	assert_non_null(case_at(c, "c"));
	assert_int_equal(json_object_size(case_servers(c)), 2);
}

/* --- moving --- */

static void second_app_comes_and_goes(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "srv0", "{'listen':[':9'],'routes':[{'handle':[{'n':1e+21,'s':'<'}]}]}");
	case_site(c, "a", ":80", "a.test", "x");
	case_apply(c);
	case_site(c, "b", ":80", "b.test", "x");
	assert_request(c, "PATCH", "");
	assert_int_equal(json_object_size(case_servers(c)), 2);
	case_gone(c, "b");
	case_plan(c);
	assert_int_equal(case_view(c, "b")->status, APP_STATUS_LEFTOVER);
	assert_request(c, "PATCH", "");
	assert_int_equal(json_object_size(case_servers(c)), 2);
	assert_json(case_at(c, "a/listen"), "[':80']");
	assert_string_equal(json_member_text(case_at(c, "a"), "@id"), "kata:me:a");
}

/* What is not part of the run moves as it is live, whatever its file says. */
static void the_other_moves_verbatim(void **state)
{
	static const char block[] =
		"{'listen':[':80'],'read_timeout':'5s','automatic_https':{'disable':true,'skip':"
		"['a.test']},'logs':{'logger_names':{'a.test':'x'}},'named_routes':{'n':{}},"
		"'errors':{'routes':[{'group':'e'}]},'routes':[{'match':[{'host':['a.test']}],"
		"'handle':[{'n':1e+21}]}]}";
	struct plan_case *c = *state;
	json_t *live;

	case_app(c, "a", block);
	case_apply(c);
	case_site(c, "a", ":80", "other.test", "not yet");
	case_site(c, "b", ":80", "b.test", "x");
	select_only(c, "b");
	assert_request(c, "PATCH", "");
	case_app(c, "a", block);
	live = plan_decompile_new(case_servers(c), CASE_OWNER, "a");
	assert_json(json_object_get(live, "routes"),
		    "[{'match':[{'host':['a.test']}],'handle':[{'n':1e+21}]}]");
	assert_json(json_object_get(live, "errors"), "{'routes':[{'group':'e'}]}");
	assert_json(json_object_get(live, "read_timeout"), "'5s'");
	assert_json(json_object_get(live, "automatic_https"), "{'disable':true,'skip':['a.test']}");
	json_decref(live);
	/* b goes, and the invalid a moves back. */
	case_folder(c, "a");
	case_gone(c, "b");
	select_only(c, NULL);
	assert_request(c, "PATCH", "");
	assert_json(case_at(c, "a/routes"),
		    "[{'match':[{'host':['a.test']}],'handle':[{'n':1e+21}]}]");
	assert_int_equal(json_object_size(case_servers(c)), 1);
	/* When it is valid again, nothing of the moves is left. */
	case_app(c, "a", block);
	case_apply(c);
	assert_block(c, "a");
}

/* Where nobody is part of the run, nobody moves. */
static void others_do_not_meet(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "a", "{'@id':'kata:me:a','listen':[':80']}");
	case_server(c, "b", "{'@id':'kata:me:b','listen':['0.0.0.0:80']}");
	case_folder(c, "a");
	case_folder(c, "b");
	case_site(c, "c", ":90", NULL, "x");
	assert_request(c, "PUT", "/c");
	assert_non_null(case_at(c, "a"));
}

/* A kept app whose name somebody else took meanwhile stays in the shared server. */
static void own_name_is_taken(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "a", ":80", "a.test", "x");
	case_site(c, "b", ":80", "b.test", "x");
	case_apply(c);
	case_server(c, "b", "{'listen':[':9000']}");
	case_gone(c, "a");
	case_apply(c);
	assert_json(case_at(c, "b"), "{'listen':[':9000']}");
	assert_ids(c, "kata_80/routes", "b@80");
	assert_refused(c, "b", NULL, "b --adopt");
}

/* --- what others put there --- */

static void foreign_routes_stay(void **state)
{
	struct plan_case *c = *state;
	json_t *routes;

	case_site(c, "a", ":80", "a.test", "x");
	case_site(c, "b", ":80", "b.test", "x");
	case_site(c, "c", ":80", "c.test", "x");
	case_apply(c);
	routes = case_at(c, "kata_80/routes");
	json_array_insert_new(routes, 1, quoted_new("{'@id':'f1','n':1e+21,'s':'<'}"));
	json_array_append_new(routes, quoted_new("{'match':[]}"));
	json_object_set_new(case_at(c, "kata_80"), "errors",
			    quoted_new("{'routes':[{'group':'f'}]}"));
	assert_false(case_apply(c));
	case_site(c, "bb", ":80", "bb.test", "x");
	assert_request(c, "PUT", "/kata_80/routes/3");
	assert_ids(c, "kata_80/routes", "a@80 f1 b@80 bb@80 c@80 -");
	case_gone(c, "a");
	case_gone(c, "bb");
	case_plan(c);
	assert_non_null(
		strstr(c->plan.request.body.p, "{\"@id\":\"f1\",\"n\":1e+21,\"s\":\"\\u003c\"}"));
	case_apply(c);
	assert_ids(c, "kata_80/routes", "f1 b@80 c@80 -");
	/* What stands in front of all stays there. */
	case_site(c, "0", ":80", "0.test", "x");
	case_apply(c);
	assert_ids(c, "kata_80/routes", "f1 0@80 b@80 c@80 -");
	case_gone(c, "0");
	case_apply(c);
	/* The last app cannot take the address along, and the last one leaves only the foreign. */
	case_gone(c, "b");
	case_apply(c);
	assert_ids(c, "kata_80/routes", "f1 c@80 -");
	case_gone(c, "c");
	case_site(c, "z", ":99", NULL, "x");
	case_apply(c);
	assert_json(case_at(c, "kata_80"), "{'@id':'kata:me:kata_80','listen':[':80'],'routes':[{'@"
					   "id':'f1','n':1e+21,'s':'<'},"
					   "{'match':[]}],'errors':{'routes':[{'group':'f'}]}}");
	case_site(c, "z", ":80", "z.test", "x");
	case_apply(c);
	assert_ids(c, "kata_80/routes", "z@80 f1 -");
}

static void leftovers_of_apps_go(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "kata_80",
		    "{'@id':'kata:me:kata_80','listen':[':80'],'routes':[{'@id':'f'}],'errors':{'"
		    "routes':["
		    "{'@id':'kata:me:a@80:err'}]},'tls_connection_policies':[{'@id':'kata:me:a@80:"
		    "tls'},"
		    "{'@id':'kata:me:kata_80:tls'}]}");
	case_site(c, "z", ":99", NULL, "x");
	case_apply(c);
	assert_json(case_at(c, "kata_80"),
		    "{'@id':'kata:me:kata_80','listen':[':80'],'routes':[{'@id':'f'}]}");
}

/* Somebody took our mark off a shared server: it is foreign then, and but for our routes nothing in
 * it is touched. */
static void mark_of_the_server_is_lost(void **state)
{
	struct plan_case *c = *state;

	case_app(c, "a",
		 "{'listen':[':80'],'routes':[{'match':[{'host':['a.test']}]}],'errors':{'routes':["
		 "{}]},'tls_connection_policies':[{}]}");
	case_site(c, "b", ":80", "b.test", "x");
	case_apply(c);
	json_object_del(case_at(c, "kata_80"), "@id");
	assert_false(case_apply(c));
	assert_refused(c, "a", "listen", ":80 kata_80");
	case_gone(c, "a");
	case_apply(c);
	assert_ids(c, "kata_80/routes", "b@80");
	assert_ids(c, "kata_80/tls_connection_policies", "a@80:tls kata_80:tls");
}

/* Somebody made a shared server listen elsewhere: its apps are set right, and who is left alone
 * stays where it serves now, once. */
static void listen_of_the_server_is_changed(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "a", ":80", "a.test", "x");
	case_site(c, "b", ":80", "b.test", "x");
	case_site(c, "d", ":80", "d.test", "x");
	case_apply(c);
	json_array_set_new(case_at(c, "kata_80/listen"), 0, json_string(":8180"));
	case_folder(c, "d");
	case_apply(c);
	assert_ids(c, "kata_80/routes", "a@80 b@80");
	assert_json(case_at(c, "d/listen"), "[':8180']");
	case_site(c, "d", ":80", "d.test", "x");
	case_apply(c);
	assert_ids(c, "kata_80/routes", "a@80 b@80 d@80");
	assert_int_equal(json_object_size(case_servers(c)), 1);
}

/* Live twice, in a server of its own and tagged in a shared one: left alone, or made one. */
static void app_in_two_places(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "a", ":80", "a.test", "x");
	case_site(c, "b", ":80", "b.test", "x");
	case_apply(c);
	case_server(c, "b", "{'@id':'kata:me:b','listen':[':81'],'x':1}");
	case_site(c, "a", ":80", "a.test", "new");
	select_only(c, "a");
	case_apply(c);
	assert_json(case_at(c, "b"), "{'@id':'kata:me:b','listen':[':81'],'x':1}");
	assert_ids(c, "kata_80/routes", "a@80 b@80");
	case_gone(c, "a");
	case_apply(c);
	assert_ids(c, "kata_80/routes", "b@80");
	select_only(c, NULL);
	case_apply(c);
	assert_int_equal(json_object_size(case_servers(c)), 1);
	assert_block(c, "b");
}

/* Hostile or damaged parts under our marks are set right, and break nothing. */
static void damaged_parts(void **state)
{
	static const char *const servers[] = {
		"{'@id':'kata:me:kata_80','listen':[':80'],'routes':[{'@id':'kata:me:a@80','match':"
		"[{'host':"
		"[null,5]}]},{'@id':'kata:me:b@80','match':5,'handle':5}]}",
		"{'@id':'kata:me:kata_80','listen':5,'routes':{'@id':'kata:me:a@80'},'errors':[]}",
		"{'@id':'kata:me:kata_80','listen':[5],'routes':[{'@id':'kata:me:a@80:any','handle'"
		":[{'errors':"
		"{'routes':[]}}]},{'@id':'kata:me:b@80:err'}],'tls_connection_policies':[{'@id':"
		"'kata:me:a@80:tls99999999999','match':{'sni':[4]}},{'@id':'kata:me:a@80:tls7'},{'@"
		"id':"
		"'kata:me:b@80:x'}],'logs':5,'automatic_https':{'skip':[4]}}",
	};
	struct plan_case *c = *state;

	for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
		json_object_clear(case_servers(c));
		case_server(c, "kata_80", servers[i]);
		case_folder(c, "a");
		case_site(c, "b", ":80", "b.test", "x");
		case_site(c, "c", ":80", "c.test", "x");
		case_apply(c);
		case_site(c, "a", ":80", "a.test", "x");
		case_apply(c);
		assert_block(c, "a");
		assert_ids(c, "kata_80/routes", "a@80 b@80 c@80");
	}
}

/* --- whose is a path --- */

static void assert_app_at(const struct plan_case *c, const char *path, const char *app,
			  const char *block_path)
{
	const char *inside = "?";
	const char *found = plan_app_at(c->arena, case_servers(c), CASE_OWNER, path, &inside);

	if (!found != !app || (app && strcmp(found, app) != 0) || !inside != !block_path ||
	    (inside && strcmp(inside, block_path) != 0))
		fail_msg("%s: %s, %s", path, found, inside);
	assert_true(plan_app_at(c->arena, case_servers(c), CASE_OWNER, path, NULL) == found ||
		    !strcmp(found, app));
}

static void app_at_a_path(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "own", ":90", NULL, "x");
	case_server(c, "srv0",
		    "{'routes':[{},{'@id':'kata:me:g@srv0','handle':[{'routes':[{}]}]}]}");
	case_app(c, "a",
		 "{'listen':[':80'],'routes':[{'match':[{'host':['a.test']}]},{'group':'any'}],"
		 "'errors':{'routes':[{}]},'tls_connection_policies':[{'x':1},{'match':{'sni':"
		 "['a.test']}}]}");
	case_site(c, "b", ":80", "b.test", "x");
	case_folder(c, "g");
	case_apply(c);
	assert_ids(c, "kata_80/routes", "a@80 b@80 a@80:any");
	assert_app_at(c, "own", "own", "");
	assert_app_at(c, "own/routes/0/handle", "own", "routes/0/handle");
	assert_app_at(c, "kata_80", NULL, NULL);
	assert_app_at(c, "kata_80/listen/0", NULL, NULL);
	assert_app_at(c, "kata_80/routes", NULL, NULL);
	assert_app_at(c, "kata_80/routes/0", "a", NULL);
	assert_app_at(c, "kata_80/routes/0/match/0", "a", NULL);
	assert_app_at(c, "kata_80/routes/0/handle/0/routes/1/group", "a", "routes/1/group");
	assert_app_at(c, "kata_80/routes/1/handle/0/routes/0", "b", "routes/0");
	assert_app_at(c, "kata_80/routes/2/handle/0/routes/0/group", "a", "routes/1/group");
	assert_app_at(c, "kata_80/routes/2/handle/0/routes", "a", "routes");
	assert_app_at(c, "kata_80/routes/2/handle/0/errors/routes/0", "a", "errors/routes/0");
	assert_app_at(c, "kata_80/routes/3", NULL, NULL);
	assert_app_at(c, "kata_80/routes/x", NULL, NULL);
	assert_app_at(c, "kata_80/routes/99999999999999999999", NULL, NULL);
	assert_app_at(c, "kata_80/errors/routes/0/handle/0/routes/0/x", "a", "errors/routes/0/x");
	assert_ids(c, "kata_80/tls_connection_policies",
		   "a@80:tls1-sni kata_80:tls-plain a@80:tls");
	assert_app_at(c, "kata_80/tls_connection_policies/0/match", "a",
		      "tls_connection_policies/1/match");
	assert_app_at(c, "kata_80/tls_connection_policies/2", "a", "tls_connection_policies/0");
	assert_app_at(c, "kata_80/tls_connection_policies/1", NULL, NULL);
	assert_app_at(c, "srv0/routes/1/handle/0/routes/0", "g", "routes/0");
	assert_app_at(c, "srv0/routes/0", NULL, NULL);
	assert_app_at(c, "none/routes/0", NULL, NULL);
	assert_app_at(c, "", NULL, NULL);
}

/* --- size --- */

static double seconds_to_plan(struct plan_case *c, const char *only)
{
	clock_t start;

	select_only(c, only);
	case_plan(c);
	start = clock();
	case_plan(c);
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* A thousand apps on one address: planning takes the same order of time whoever is part of it. */
static void thousand_apps(void **state)
{
	struct plan_case *c = *state;
	double all, one;

	for (int n = 0; n < 1000; n++)
		case_site(c, arena_printf(c->arena, "app%04d", n), ":80",
			  arena_printf(c->arena, "h%d.test", n), "x");
	assert_request(c, "PUT", "/kata_80");
	case_site(c, "app0500", ":80", "h500.test", "new");
	all = seconds_to_plan(c, NULL);
	one = seconds_to_plan(c, "app0500");
	if (all > 2 || one > 4 * all + 0.05)
		fail_msg("%.3f s for all, %.3f s for one", all, one);
	assert_request(c, "PATCH", "/kata_80/routes/500/handle/0/routes/0/handle/0/body");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(two_apps),
		TEST(fifty_apps),
		TEST(order_of_routes),
		TEST(hosts_of_nobody),
		TEST(blocks_without_routes),
		TEST(several_addresses),
		TEST(second_app_comes_and_goes),
		TEST(the_other_moves_verbatim),
		TEST(others_do_not_meet),
		TEST(own_name_is_taken),
		TEST(foreign_routes_stay),
		TEST(leftovers_of_apps_go),
		TEST(mark_of_the_server_is_lost),
		TEST(listen_of_the_server_is_changed),
		TEST(app_in_two_places),
		TEST(damaged_parts),
		TEST(app_at_a_path),
		TEST(thousand_apps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
