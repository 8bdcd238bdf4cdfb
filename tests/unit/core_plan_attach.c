/*
 * Plans for apps whose routes go into a foreign server (x-kata-server): where they are put, what
 * is refused, and that nothing else in that server changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "plan_case.h"

#define SRV0                                                                                       \
	"{'listen':[':443',':80'],'routes':[{'match':[{'path':['/"                                 \
	"<odd>']}],'handle':[{'n':1e+21}],"                                                        \
	"'x':0},{'match':[{'host':['old.test']}],'terminal':true},{'match':[{'host':['*.wild."     \
	"test']}]},"                                                                               \
	"{'handle':[{'body':'any'}]}],'tls_connection_policies':[{'x':9007199254740992}]}"

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

static void attach(struct plan_case *c, const char *name, const char *server, const char *routes)
{
	case_app(c, name, arena_printf(c->arena, "{'routes':[%s]}", routes))->server =
		arena_strdup(c->arena, server);
}

static void attach_host(struct plan_case *c, const char *name, const char *server, const char *host)
{
	attach(c, name, server,
	       arena_printf(c->arena, "{'match':[{'host':['%s']}],'handle':[{'b':1}]}", host));
}

/* Positions of the routes in a server, by id, "-" for those of others. */
static void assert_ids(const struct plan_case *c, const char *server, const char *expected)
{
	struct str ids = STR_INIT;
	json_t *item;
	size_t i;

	json_array_foreach(case_at(c, arena_printf(c->arena, "%s/routes", server)), i, item)
		str_addf(&ids, "%s%s", i ? " " : "",
			 case_is_mark(item) ? json_member_text(item, "@id") + 8 : "-");
	if (strcmp(ids.p, expected) != 0)
		fail_msg("%s: %s, not %s", server, ids.p, expected);
	str_release(&ids);
}

static void one_guest(void **state)
{
	struct plan_case *c = *state;
	json_t *before = quoted_new("%s", SRV0);

	case_server(c, "srv0", SRV0);
	json_array_remove(case_at(c, "srv0/routes"), 0);
	json_array_remove(json_object_get(before, "routes"), 0);
	attach_host(c, "g", "srv0", "Guest.test");
	case_plan(c);
	assert_string_equal(c->plan.request.guard, "srv0");
	assert_string_equal(case_view(c, "g")->attached, "srv0");
	assert_string_equal(case_view(c, "g")->server, "srv0");
	assert_request(c, "PUT", "/srv0/routes/2");
	assert_json(case_at(c, "srv0/routes/2"), "{'@id':'kata:me:g@srv0','match':[{'host':['guest."
						 "test']}],'terminal':true,'handle':["
						 "{'handler':'subroute','routes':[{'match':[{'host'"
						 ":['Guest.test']}],'handle':[{'b':1}]}]}]}");
	assert_block(c, "g");
	attach(c, "g", "srv0", "{'match':[{'host':['Guest.test']}],'handle':[{'b':2}]}");
	case_plan(c);
	assert_string_equal(c->plan.changes[0].app, "g");
	assert_string_equal(c->plan.changes[0].block_path, "routes/0/handle/0/b");
	assert_request(c, "PATCH", "/srv0/routes/2/handle/0/routes/0/handle/0/b");
	case_gone(c, "g");
	c->options.allow_empty = true;
	assert_request(c, "DELETE", "/srv0/routes/2");
	assert_true(json_same(case_at(c, "srv0"), before));
	json_decref(before);
}

/* Before the first route that could take their requests and is no closer match. */
static void positions(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "srv0", SRV0);
	attach_host(c, "a", "srv0", "a.test");
	case_apply(c);
	assert_ids(c, "srv0", "a@srv0 - - - -"); /* the first one takes any host */
	case_server(c, "srv0", SRV0);
	json_array_remove(case_at(c, "srv0/routes"), 0);
	attach_host(c, "w", "srv0", "x.wild.test");
	attach_host(c, "broad", "srv0", "*.test");
	attach_host(c, "same", "srv0", "*.*.test");
	case_apply(c);
	assert_ids(c, "srv0", "- a@srv0 w@srv0 - broad@srv0:w1 same@srv0:w1 -");
	case_gone(c, "w");
	case_gone(c, "a");
	case_apply(c);
	assert_ids(c, "srv0", "- - broad@srv0:w1 same@srv0:w1 -");
}

/* An exact foreign host is a closer match than our wildcard, which must not take it away. */
static void closer_foreign_hosts_stay_in_front(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "srv0",
		    "{'listen':[':80'],'routes':[{'match':[{'host':['a.test',null]}]},{'match':[{'"
		    "host':"
		    "['*.test']}],'n':1},{'match':[{'host':['b.test']}]}]}");
	attach_host(c, "g", "srv0", "*.test");
	assert_false(case_apply(c));
	assert_refused(c, "g", "routes", "*.test srv0");
	attach_host(c, "g", "srv0", "{env.H}.test");
	case_apply(c);
	assert_ids(c, "srv0", "- g@srv0:w1 - -");
	case_server(c, "srv0",
		    "{'listen':[':80'],'routes':[{'match':[{'host':['a.test']}]},{'match':[{'host':"
		    "['b.test']}]}]}");
	attach_host(c, "g", "srv0", "*.test");
	case_apply(c);
	assert_ids(c, "srv0", "- - g@srv0:w1");
}

static void by_address(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "srv0", SRV0);
	attach_host(c, "a", "0.0.0.0:443", "a.test");
	attach_host(c, "b", ":80", "b.test");
	case_apply(c);
	assert_ids(c, "srv0", "a@srv0 b@srv0 - - - -");
}

/* A server without routes gets some, and has none again when the last guest is gone. */
static void server_without_routes(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "x/y z", "{'listen':[':80'],'n':'<'}");
	case_server(c, "empty", "{'listen':[':81'],'routes':[]}");
	attach_host(c, "a", "x/y z", "a.test");
	attach_host(c, "b", "empty", "b.test");
	assert_request(c, "PATCH", "");
	assert_ids(c, "empty", "b@empty");
	assert_string_equal(
		json_member_text(
			json_array_get(json_object_get(json_object_get(case_servers(c), "x/y z"),
						       "routes"),
				       0),
			"@id"),
		"kata:me:a@x+2Fy+20z");
	case_gone(c, "a");
	case_gone(c, "b");
	c->options.allow_empty = true;
	case_apply(c);
	assert_json(case_servers(c),
		    "{'x/y z':{'listen':[':80'],'n':'<'},'empty':{'listen':[':81']}}");
}

static void limited_by_paths(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "srv0", SRV0);
	attach(c, "p", "srv0", "{'match':[{'path':['/p/*'],'method':['GET']},{'path':['/q']}]}");
	attach(c, "all", "srv0", "{'match':[{'path':['/x']}]},{}");
	attach(c, "set", "srv0", "{'match':[{'path':['/x']},{'method':['GET']}]}");
	case_apply(c);
	assert_ids(c, "srv0", "p@srv0:any - - - -");
	assert_json(case_at(c, "srv0/routes/0/match"), "[{'path':['/p/*','/q']}]");
	assert_block(c, "p");
	assert_refused(c, "all", "routes", "srv0 host path");
	assert_refused(c, "set", "routes", "srv0 host path");
}

static void what_is_refused(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "srv0", SRV0);
	case_server(c, "theirs", "{'@id':'kata:you:theirs','listen':[':90']}");
	case_site(c, "own", ":91", "own.test", "x");
	case_site(c, "s1", ":92", "s1.test", "x");
	case_site(c, "s2", ":92", "s2.test", "x");
	case_apply(c);
	attach_host(c, "a", "nowhere", "a.test");
	attach_host(c, "b", ":9999", "b.test");
	attach_host(c, "c", "srv0", "OLD.test");
	attach_host(c, "d", "own", "d.test");
	attach_host(c, "e", ":92", "e.test");
	attach_host(c, "f", "theirs", "f.test");
	case_server(c, "null", "null");
	attach_host(c, "h", "null", "h.test");
	assert_false(case_apply(c));
	assert_refused(c, "a", NULL, "nowhere");
	assert_refused(c, "b", NULL, ":9999");
	assert_refused(c, "c", "routes", "old.test srv0");
	assert_refused(c, "d", NULL, "own kata-tui");
	assert_refused(c, "e", NULL, "kata_92 kata-tui");
	assert_refused(c, "f", NULL, "theirs owner");
	assert_refused(c, "h", NULL, "null");
}

static void guests_conflict(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "srv0", SRV0);
	attach_host(c, "a", "srv0", "a.test");
	case_apply(c);
	attach_host(c, "b", ":443", "A.test");
	attach(c, "p", "srv0", "{'match':[{'path':['/p']}]}");
	attach(c, "q", "srv0", "{'match':[{'path':['/q']}]}");
	/* The same host in another server is nobody's business. */
	case_site(c, "away", ":9000", "a.test", "x");
	case_apply(c);
	assert_refused(c, "b", "routes", "a.test srv0 a live");
	assert_refused(c, "p", "routes", "every q");
	assert_refused(c, "q", "routes", "every p");
	assert_ids(c, "srv0", "a@srv0 - - - -");
}

/* What is not part of the run stays as it is live, beside what changes. */
static void kept_guests(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "srv0", SRV0);
	attach_host(c, "a", "srv0", "a.test");
	attach_host(c, "b", "srv0", "b.test");
	case_apply(c);
	case_folder(c, "a");
	attach_host(c, "b", "srv0", "new.test");
	case_apply(c);
	assert_int_equal(case_view(c, "a")->status, APP_STATUS_KEPT);
	assert_json(case_at(c, "srv0/routes/0/match"), "[{'host':['a.test']}]");
	assert_json(case_at(c, "srv0/routes/1/match"), "[{'host':['new.test']}]");
	case_gone(c, "b");
	case_apply(c);
	assert_ids(c, "srv0", "a@srv0 - - - -");
	/* Its server goes away under it: the app is refused, and nothing of it is live. */
	attach_host(c, "a", "srv0", "a.test");
	json_object_del(case_servers(c), "srv0");
	assert_false(case_apply(c));
	assert_refused(c, "a", NULL, "srv0");
}

static void moving_between_servers(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "srv0", SRV0);
	case_server(c, "srv1", "{'listen':[':81'],'routes':[{'n':'<'}]}");
	case_site(c, "a", ":9000", "a.test", "x");
	case_apply(c);
	attach_host(c, "a", "srv0", "a.test");
	assert_request(c, "PATCH", "");
	assert_null(case_at(c, "a"));
	assert_ids(c, "srv0", "a@srv0 - - - -");
	attach_host(c, "a", "srv1", "a.test");
	assert_request(c, "PATCH", "");
	assert_ids(c, "srv1", "a@srv1 -");
	assert_ids(c, "srv0", "- - - -");
	case_site(c, "a", ":9000", "a.test", "x");
	assert_request(c, "PATCH", "");
	assert_ids(c, "srv1", "-");
}

/* Somebody else may move our routes about; the next run puts them where they belong. */
static void moved_by_others(void **state)
{
	struct plan_case *c = *state;
	json_t *routes;

	case_server(c, "srv0", SRV0);
	attach_host(c, "a", "srv0", "a.test");
	case_apply(c);
	routes = case_at(c, "srv0/routes");
	json_array_append(routes, json_array_get(routes, 0));
	json_array_remove(routes, 0);
	assert_ids(c, "srv0", "- - - - a@srv0");
	case_apply(c);
	assert_ids(c, "srv0", "a@srv0 - - - -");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(one_guest),
		TEST(positions),
		TEST(closer_foreign_hosts_stay_in_front),
		TEST(by_address),
		TEST(server_without_routes),
		TEST(limited_by_paths),
		TEST(what_is_refused),
		TEST(guests_conflict),
		TEST(kept_guests),
		TEST(moving_between_servers),
		TEST(moved_by_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
