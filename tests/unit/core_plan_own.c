/*
 * Plans for apps with a server of their own: the request for each kind of change, what is removed
 * on which evidence, adoption, names that others hold, and where each app stands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

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

static enum app_status status(const struct plan_case *c, const char *app)
{
	return case_view(c, app)->status;
}

/* A foreign server with spellings that printing it anew would change. */
static void add_foreign(struct plan_case *c)
{
	case_server(c, "srv0",
		    "{'listen':[':7000'],'routes':[{'handle':[{'handler':'vars','n':1e+21,"
		    "'m':9007199254740992,'lt':'<&>'}]}]}");
}

/* --- requests --- */

static void first_app(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "blog", ":80", NULL, "hi");
	assert_request(c, "PUT", "/blog");
	assert_json(case_at(c, "blog"),
		    "{'@id':'kata:me:blog','listen':[':80'],'routes':[{'handle':[{'handler':"
		    "'static_response','body':'hi'}]}]}");
	assert_block(c, "blog");
	assert_int_equal(status(c, "blog"), APP_STATUS_IN_SYNC);
	assert_string_equal(case_view(c, "blog")->server, "blog");
	assert_string_equal(case_view(c, "blog")->listen[0], ":80");
	assert_true(case_view(c, "blog")->catch_all);
}

static void one_leaf(void **state)
{
	struct plan_case *c = *state;

	add_foreign(c);
	case_site(c, "blog", ":80", NULL, "hi");
	case_site(c, "shop", ":81", NULL, "hi");
	assert_request(c, "PATCH", "");
	case_site(c, "blog", ":80", NULL, "<new>");
	case_plan(c);
	assert_string_equal(c->plan.request.body.p, "\"<new>\"");
	assert_string_equal(c->plan.request.guard, "blog");
	assert_int_equal(c->plan.change_count, 1);
	assert_int_equal(c->plan.changes[0].op, CHANGE_CHANGE);
	assert_string_equal(c->plan.changes[0].app, "blog");
	assert_string_equal(c->plan.changes[0].path, "blog/routes/0/handle/0/body");
	assert_string_equal(c->plan.changes[0].block_path, "routes/0/handle/0/body");
	assert_int_equal(c->plan.touched_count, 1);
	assert_int_equal(status(c, "blog"), APP_STATUS_DRIFT);
	assert_int_equal(status(c, "shop"), APP_STATUS_IN_SYNC);
	assert_request(c, "PATCH", "/blog/routes/0/handle/0/body");
}

static void each_verb(void **state)
{
	struct plan_case *c = *state;

	case_app(c, "a", "{'listen':[':80'],'routes':[{'group':'1'},{'group':'2'}]}");
	case_apply(c);
	case_app(c, "a",
		 "{'listen':[':80'],'read_timeout':'5s','routes':[{'group':'1'},{'group':'2'}]}");
	assert_request(c, "PUT", "/a/read_timeout");
	case_app(c, "a", "{'listen':[':80'],'routes':[{'group':'1'},{'group':'2'}]}");
	assert_request(c, "DELETE", "/a/read_timeout");
	case_app(c, "a", "{'listen':[':80'],'routes':[{'group':'1'},{'group':'9'},{'group':'2'}]}");
	assert_request(c, "PUT", "/a/routes/1");
	case_app(c, "a",
		 "{'listen':[':80'],'routes':[{'group':'1'},{'group':'9'},{'group':'2'},{}]}");
	assert_request(c, "POST", "/a/routes");
	case_app(c, "a", "{'listen':[':80'],'routes':[{'group':'1'},{'group':'2'},{}]}");
	assert_request(c, "DELETE", "/a/routes/1");
	case_app(c, "a", "{'listen':[':80'],'routes':[]}");
	assert_request(c, "PATCH", "/a/routes");
	case_app(c, "a", "{'listen':[':80'],'routes':[{'group':'1'}]}");
	assert_request(c, "POST", "/a/routes");
	case_app(c, "a", "{'listen':[':81'],'routes':[{'group':'1'}]}");
	assert_request(c, "PATCH", "/a/listen/0");
	case_app(c, "a", "{'listen':[':81']}");
	assert_request(c, "DELETE", "/a/routes");
	case_app(c, "a", "{'listen':[':82'],'logs':{}}");
	assert_request(c, "PATCH", "/a");
}

/* What depends on nothing but the server is guarded by it; listeners depend on all. */
static void guards(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "a", ":80", NULL, "1");
	case_plan(c);
	assert_null(c->plan.request.guard);
	case_apply(c);
	case_site(c, "a", ":80", NULL, "2");
	case_plan(c);
	assert_string_equal(c->plan.request.guard, "a");
	case_site(c, "a", ":81", NULL, "1");
	case_plan(c);
	assert_null(c->plan.request.guard);
	case_gone(c, "a");
	case_site(c, "b", ":82", NULL, "1");
	case_plan(c);
	assert_null(c->plan.request.guard);
	/* A server may even be named "". */
	case_server(c, "", "{'listen':[':7070']}");
	case_plan(c);
	assert_string_equal(c->plan.request.path, CASE_SERVERS);
	assert_null(c->plan.request.guard);
}

static void keys_without_an_address(void **state)
{
	struct plan_case *c = *state;

	case_app(c, "a", "{'listen':[':80'],'logs':{'logger_names':{'x/y':'1','x y':'1'}}}");
	case_apply(c);
	case_app(c, "a", "{'listen':[':80'],'logs':{'logger_names':{'x/y':'2','x y':'1'}}}");
	assert_request(c, "PATCH", "/a/logs/logger_names");
	case_app(c, "a", "{'listen':[':80'],'logs':{'logger_names':{'x/y':'2','x y':'2'}}}");
	assert_request(c, "PATCH", "/a/logs/logger_names");
	case_app(c, "a", "{'listen':[':80'],'logs':{'logger_names':{'x/y':'2','x y':null}}}");
	assert_request(c, "PATCH", "/a/logs/logger_names");
	case_app(c, "a", "{'listen':[':80'],'logs':{'logger_names':null}}");
	assert_request(c, "PATCH", "/a/logs");
	case_app(c, "a", "{'listen':[':80'],'logs':{'logger_names':{}}}");
	assert_request(c, "PATCH", "/a/logs/logger_names");
}

static void nested_arrays(void **state)
{
	struct plan_case *c = *state;

	case_app(c, "a",
		 "{'listen':[':80'],'routes':[{'handle':[{'handler':'vars','x':[[1,2],[3]]}]}]}");
	case_apply(c);
	case_app(c, "a",
		 "{'listen':[':80'],'routes':[{'handle':[{'handler':'vars','x':[[1,9],[3]]}]}]}");
	assert_request(c, "PATCH", "/a/routes/0/handle/0/x/0");
	case_app(c, "a",
		 "{'listen':[':80'],'routes':[{'handle':[{'handler':'vars','x':[[1,9,4],[3]]}]}]}");
	assert_request(c, "PATCH", "/a/routes/0/handle/0/x/0");
}

/* Many apps, one request, in which the foreign parts are the very bytes. */
static void batch(void **state)
{
	struct plan_case *c = *state;

	add_foreign(c);
	case_server(c, "zzz", "{'listen':[':7001'],'routes':[{'match':[{'path':['/<>']}]}]}");
	for (int i = 0; i < 50; i++)
		case_site(c, arena_printf(c->arena, "app%02d", i),
			  arena_printf(c->arena, ":%d", 9000 + i), NULL, "x");
	case_plan(c);
	assert_int_equal(c->plan.touched_count, 50);
	assert_non_null(strstr(c->plan.request.body.p, "\"n\":1e+21"));
	assert_non_null(strstr(c->plan.request.body.p, "\"/\\u003c\\u003e\""));
	assert_request(c, "PATCH", "");
	for (int i = 0; i < 50; i++)
		case_site(c, arena_printf(c->arena, "app%02d", i),
			  arena_printf(c->arena, ":%d", 9000 + i), NULL, i % 7 ? "x" : "y");
	case_plan(c);
	assert_int_equal(c->plan.touched_count, 8);
	assert_request(c, "PATCH", "");
}

static void caddy_without_servers(void **state)
{
	struct plan_case *c = *state;
	struct plan_live live = {.servers = case_servers(c),
				 .raw = "null",
				 .raw_len = 4,
				 .missing = true,
				 .no_parent = true};

	case_site(c, "a", ":80", NULL, "x");
	plan_caddy_make(&c->plan, &live, c->apps, c->app_count, &c->options);
	assert_string_equal(c->plan.request.method, "PUT");
	assert_string_equal(c->plan.request.path, CASE_SERVERS);
	assert_non_null(strstr(c->plan.request.body.p, "{\"a\":{\"@id\":\"kata:me:a\""));
	plan_caddy_release(&c->plan);
	plan_caddy_init(&c->plan);
	live.no_parent = false;
	plan_caddy_make(&c->plan, &live, c->apps, c->app_count, &c->options);
	assert_string_equal(c->plan.request.method, "POST");
	case_gone(c, "a");
	plan_caddy_release(&c->plan);
	plan_caddy_init(&c->plan);
	plan_caddy_make(&c->plan, &live, c->apps, c->app_count, &c->options);
	assert_null(c->plan.request.method);
}

/* --- removal --- */

static void removal_and_its_evidence(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "a", ":80", NULL, "x");
	case_site(c, "b", ":81", NULL, "x");
	case_apply(c);
	case_folder(c, "a");
	assert_false(case_apply(c));
	assert_int_equal(status(c, "a"), APP_STATUS_KEPT);
	case_folder(c, "a")->state = APP_NO_FILE;
	assert_false(case_apply(c));
	assert_int_equal(status(c, "a"), APP_STATUS_KEPT);
	case_gone(c, "a");
	c->options.complete = false;
	assert_false(case_apply(c));
	assert_int_equal(status(c, "a"), APP_STATUS_KEPT);
	c->options.complete = true;
	case_plan(c);
	assert_int_equal(status(c, "a"), APP_STATUS_LEFTOVER);
	assert_int_equal(c->plan.changes[0].op, CHANGE_REMOVE);
	assert_request(c, "DELETE", "/a");
	/* A valid file without caddy: is as good as none. */
	case_block_take(c, "b", NULL);
	assert_request(c, "DELETE", "/b");
	assert_int_equal(status(c, "b"), APP_STATUS_NONE);
}

static void not_one_app(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "a", ":80", NULL, "x");
	case_site(c, "b", ":81", NULL, "x");
	case_apply(c);
	case_gone(c, "a");
	case_gone(c, "b");
	assert_false(case_apply(c));
	assert_non_null(strstr(case_problem(c, NULL)->msg, "2 of ours are live"));
	assert_non_null(strstr(case_problem(c, NULL)->hint, "--allow-empty"));
	assert_int_equal(c->plan.errors, 1);
	c->options.allow_empty = true;
	assert_request(c, "PATCH", "");
	assert_json(case_servers(c), "{}");
	assert_null(case_problem(c, NULL));
}

static void selected_apps(void **state)
{
	struct plan_case *c = *state;
	const char *names[] = {"b"};

	case_site(c, "a", ":80", NULL, "x");
	case_site(c, "b", ":81", NULL, "x");
	case_site(c, "c", ":82", NULL, "x");
	case_apply(c);
	case_site(c, "a", ":80", NULL, "y");
	case_site(c, "b", ":81", NULL, "y");
	case_gone(c, "c");
	c->options.selected = names;
	c->options.selected_count = 1;
	assert_request(c, "PATCH", "/b/routes/0/handle/0/body");
	assert_int_equal(status(c, "a"), APP_STATUS_KEPT);
	c->options.selected = NULL;
	assert_request(c, "PATCH", "");
	assert_null(case_at(c, "c"));
}

static void set_aside(void **state)
{
	struct plan_case *c = *state;
	struct plan_aside aside = {"a", {.severity = SEVERITY_ERROR, .msg = "no", .hint = "so"}};

	case_site(c, "a", ":80", NULL, "x");
	case_site(c, "b", ":81", NULL, "x");
	case_apply(c);
	case_site(c, "a", ":80", NULL, "y");
	case_site(c, "b", ":81", NULL, "y");
	c->options.aside = &aside;
	c->options.aside_count = 1;
	assert_request(c, "PATCH", "/b/routes/0/handle/0/body");
	assert_refused(c, "a", NULL, "no so");
	assert_json(case_at(c, "a/routes/0/handle/0/body"), "'x'");
}

/* --- names and owners --- */

static void unmarked_and_equal_is_adopted(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "a", "{'listen':[':80'],'routes':[{'n':1.0}]}");
	case_app(c, "a", "{'listen':[':80'],'routes':[{'n':1}]}");
	assert_request(c, "PATCH", "/a");
	assert_json(case_at(c, "a"), "{'@id':'kata:me:a','listen':[':80'],'routes':[{'n':1}]}");
}

static void unmarked_and_different_is_refused(void **state)
{
	struct plan_case *c = *state;
	const char *names[] = {"b", "a"};

	case_server(c, "a", "{'listen':[':80'],'routes':[{'n':2}]}");
	case_app(c, "a", "{'listen':[':80'],'routes':[{'n':1}]}");
	assert_false(case_apply(c));
	assert_refused(c, "a", NULL, "a differs --adopt");
	c->options.adopt = names;
	c->options.adopt_count = 2;
	assert_request(c, "PATCH", "/a");
	assert_json(case_at(c, "a/@id"), "'kata:me:a'");
}

/* Not even an equal one, when the app is not part of the run. */
static void unselected_is_not_adopted(void **state)
{
	struct plan_case *c = *state;
	const char *names[] = {"b"};

	case_server(c, "a", "{'listen':[':80']}");
	case_app(c, "a", "{'listen':[':80']}");
	c->options.selected = names;
	c->options.selected_count = 1;
	assert_false(case_apply(c));
	assert_int_equal(status(c, "a"), APP_STATUS_NONE);
}

static void server_of_another_owner(void **state)
{
	struct plan_case *c = *state;
	const char *names[] = {"a"};

	case_server(c, "a", "{'@id':'kata:you:a','listen':[':80']}");
	case_app(c, "a", "{'listen':[':80']}");
	c->options.adopt = names;
	c->options.adopt_count = 1;
	assert_false(case_apply(c));
	assert_refused(c, "a", NULL, "kata:you:a owner");
	case_gone(c, "a");
	c->options.allow_empty = true;
	assert_false(case_apply(c));
	/* Our name being the beginning of theirs makes nothing ours. */
	case_server(c, "b", "{'@id':'kata:me2:b','listen':[':81']}");
	case_server(c, "c", "{'@id':'kata:m:c','listen':[':82']}");
	case_server(c, "d", "{'@id':'kata:me','listen':[':83']}");
	case_server(c, "e", "{'@id':'kata:me:','listen':[':84']}");
	assert_false(case_apply(c));
}

/* Ours under another name, and one of ours twice: as the app wants it, or left alone. */
static void marked_servers_out_of_place(void **state)
{
	struct plan_case *c = *state;
	const char *names[] = {"b"};

	case_server(c, "moved", "{'@id':'kata:me:a','listen':[':80'],'x':1}");
	case_server(c, "other", "{'@id':'kata:me:a','listen':[':81'],'x':1}");
	case_site(c, "a", ":80", NULL, "x");
	case_site(c, "b", ":90", NULL, "x");
	c->options.selected = names;
	c->options.selected_count = 1;
	assert_request(c, "PUT", "/b");
	assert_non_null(case_at(c, "moved"));
	assert_non_null(case_at(c, "other"));
	case_server(c, "a", "{'@id':'kata:me:a','listen':[':82']}");
	case_server(c, "z", "{'@id':'kata:me:a','listen':[':83']}");
	case_plan(c);
	assert_string_equal(case_view(c, "a")->listen[0], ":82");
	assert_string_equal(case_view(c, "a")->server, "a");
	c->options.selected = NULL;
	assert_request(c, "PATCH", "");
	assert_int_equal(json_object_size(case_servers(c)), 2);
	assert_json(case_at(c, "a/listen"), "[':80']");
	case_server(c, "moved", "{'@id':'kata:me:a','listen':[':85']}");
	case_gone(c, "a");
	assert_request(c, "PATCH", "");
	assert_int_equal(json_object_size(case_servers(c)), 1);
}

/* One app's server under the name of another, or of a shared one: in the way until it goes. */
static void marked_servers_under_other_names(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "a", "{'@id':'kata:me:k','listen':[':40']}");
	case_server(c, "kata_80", "{'@id':'kata:me:q','listen':[':41']}");
	case_site(c, "a", ":90", NULL, "x");
	case_site(c, "b", ":80", "b.test", "x");
	case_site(c, "d", ":80", "d.test", "x");
	case_folder(c, "k");
	case_folder(c, "q");
	assert_false(case_apply(c));
	assert_refused(c, "a", NULL, "a another");
	assert_refused(c, "b", "listen", "kata_80");
	assert_refused(c, "d", "listen", "kata_80");
	case_site(c, "k", ":40", NULL, "x");
	case_gone(c, "q");
	case_apply(c);
	assert_int_equal(json_object_size(case_servers(c)), 3);
	assert_int_equal(c->plan.errors, 0);
}

/* --- reading --- */

static void tagged_objects(void **state)
{
	struct plan_case *c = *state;
	json_t *tagged;

	case_site(c, "a", ":80", NULL, "x");
	case_apply(c);
	tagged = plan_tagged_new(case_servers(c), CASE_OWNER, "a");
	assert_int_equal(json_object_size(tagged), 1);
	assert_true(json_object_get(tagged, "a") == case_at(c, "a"));
	json_decref(tagged);
	tagged = plan_tagged_new(case_servers(c), "you", "a");
	assert_int_equal(json_object_size(tagged), 0);
	json_decref(tagged);
	assert_null(plan_decompile_new(case_servers(c), CASE_OWNER, "b"));
	assert_null(plan_decompile_new(NULL, CASE_OWNER, "b"));
}

static void digests(void **state)
{
	struct plan_case *c = *state;
	uint64_t one, two;

	case_site(c, "a", ":80", NULL, "x");
	case_plan(c);
	one = plan_caddy_digest(&c->plan, 0);
	add_foreign(c); /* somebody else's part of the same request */
	case_plan(c);
	assert_true(plan_caddy_digest(&c->plan, 0) == one);
	assert_true(plan_caddy_digest(&c->plan, 1) != one);
	case_site(c, "a", ":80", NULL, "y");
	case_plan(c);
	two = plan_caddy_digest(&c->plan, 0);
	assert_true(two != one);
	case_apply(c);
	assert_true(plan_caddy_digest(&c->plan, 0) != two);
}

static void poison(void **state)
{
	static const struct {
		const char *servers, *said;
	} rows[] = {
		{"{}", NULL},
		{"{'a':{'@id':'x','routes':[null],'errors':null,'logs':null}}", NULL},
		{"{'a':{'@id':5,'listen':[null]}}", NULL},
		{"{'a':null}", "a is null"},
		{"{'a':[]}", "a is no object"},
		{"{'a':{'@id':null}}", "a/@id is neither text nor a number"},
		{"{'a':{'routes':[{'@id':['x']}]}}", "a/routes/0/@id is neither text nor a number"},
		{"{'a':{},'b':{'tls_connection_policies':[{},null]}}",
		 "b/tls_connection_policies/1 is null"},
		{"{'a':{'routes':[{'handle':[{'upstreams':[null]}]}]}}",
		 "a/routes/0/handle/0/upstreams/0 is null"},
	};
	struct plan_case *c = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *servers = quoted_new("%s", rows[i].servers);
		const char *said = plan_poison(c->arena, servers);

		if (!said != !rows[i].said || (said && strcmp(said, rows[i].said) != 0))
			fail_msg("%s: %s", rows[i].servers, said);
		json_decref(servers);
	}
	assert_null(plan_poison(c->arena, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(first_app),
		TEST(one_leaf),
		TEST(each_verb),
		TEST(guards),
		TEST(keys_without_an_address),
		TEST(nested_arrays),
		TEST(batch),
		TEST(caddy_without_servers),
		TEST(removal_and_its_evidence),
		TEST(not_one_app),
		TEST(selected_apps),
		TEST(set_aside),
		TEST(unmarked_and_equal_is_adopted),
		TEST(unmarked_and_different_is_refused),
		TEST(unselected_is_not_adopted),
		TEST(server_of_another_owner),
		TEST(marked_servers_out_of_place),
		TEST(marked_servers_under_other_names),
		TEST(tagged_objects),
		TEST(digests),
		TEST(poison),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
