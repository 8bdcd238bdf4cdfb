/*
 * What cannot be: hosts and addresses wanted twice, options that contradict, names and addresses of
 * others. The live one goes on, the newcomer is refused, and both are named.
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

static void assert_fine(const struct plan_case *c, const char *app)
{
	if (case_problem(c, app))
		fail_msg("%s: %s", app, case_problem(c, app)->msg);
	assert_int_equal(case_view(c, app)->status, APP_STATUS_IN_SYNC);
}

/* --- hosts --- */

static void same_host_and_one_is_live(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "a", ":80", "same.test", "x");
	case_apply(c);
	case_site(c, "b", "0.0.0.0:80", "SAME.test", "x");
	case_site(c, "good", ":80", "good.test", "x");
	case_site(c, "a", ":80", "same.test", "new");
	case_apply(c);
	assert_refused(c, "b", "routes", "same.test :80 a app/a/kata-compose.yaml live");
	assert_fine(c, "a");
	assert_fine(c, "good");
	assert_json(case_at(c, "kata_80/routes/0/handle/0/routes/0/handle/0/body"), "'new'");
	assert_null(plan_decompile_new(case_servers(c), CASE_OWNER, "b"));
	/* The holder lets go, and the next run gives it to the other. */
	case_site(c, "a", ":80", "other.test", "x");
	case_apply(c);
	assert_fine(c, "a");
	assert_fine(c, "b");
}

static void same_host_and_none_is_live(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "a", ":80", "same.test", "x");
	case_site(c, "b", ":80", "same.test", "x");
	case_site(c, "d", ":80", "same.test", "x");
	case_site(c, "good", ":80", "good.test", "x");
	case_apply(c);
	assert_refused(c, "a", "routes", "same.test b neither");
	assert_refused(c, "b", "routes", "same.test a neither");
	assert_refused(c, "d", "routes", "same.test a neither");
	assert_fine(c, "good");
	assert_int_equal(json_object_size(case_servers(c)), 1);
}

/* Two live apps exchange their hosts in one run. */
static void hosts_are_exchanged(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "a", ":80", "one.test", "a");
	case_site(c, "b", ":80", "two.test", "b");
	case_apply(c);
	case_site(c, "a", ":80", "two.test", "a");
	case_site(c, "b", ":80", "one.test", "b");
	case_apply(c);
	assert_fine(c, "a");
	assert_fine(c, "b");
	assert_json(case_at(c, "kata_80/routes/0/match/0/host"), "['two.test']");
}

static void kept_apps_hold_their_hosts(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "a", ":80", "one.test", "a");
	case_apply(c);
	case_folder(c, "a");
	case_site(c, "b", ":80", "one.test", "b");
	assert_false(case_apply(c));
	assert_refused(c, "b", "routes", "one.test a live");
	/* Refused with something live: that stays, and is in the way of others as well. */
	case_site(c, "a", ":80", "one.test", "a");
	case_site(c, "b", ":80", "two.test", "b");
	case_apply(c);
	case_site(c, "b", ":80", "one.test", "b");
	case_site(c, "d", ":80", "two.test", "d");
	assert_false(case_apply(c));
	assert_refused(c, "b", "routes", "one.test a live");
	assert_refused(c, "d", "routes", "two.test b live");
	assert_fine(c, "a");
}

/* Two that are live side by side, however that came about, are both in the newcomer's way. */
static void two_kept_holders(void **state)
{
	struct plan_case *c = *state;
	static const char routes[] = "'routes':[{'match':[{'host':['same.test']}]}]}";

	case_server(c, "a",
		    arena_printf(c->arena, "{'@id':'kata:me:a','listen':[':80'],%s", routes));
	case_server(
		c, "b",
		arena_printf(c->arena, "{'@id':'kata:me:b','listen':['0.0.0.0:80'],%s", routes));
	case_folder(c, "a");
	case_folder(c, "b");
	case_site(c, "d", ":80", "same.test", "x");
	assert_false(case_apply(c));
	assert_refused(c, "d", "routes", "same.test a which is live");
}

/* c is refused because of a; what it would have taken from nobody is free for b. */
static void refused_apps_stand_in_nobodys_way(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "a", ":80", "m.test", "a");
	case_site(c, "c", ":80", "old.test", "c");
	case_apply(c);
	case_app(c, "c", "{'listen':[':80'],'routes':[{'match':[{'host':['m.test','n.test']}]}]}");
	case_site(c, "b", ":80", "n.test", "b");
	case_apply(c);
	assert_refused(c, "c", "routes", "m.test a");
	assert_fine(c, "b");
	assert_fine(c, "a");
}

static void two_for_every_other_host(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "a", ":80", NULL, "a");
	case_apply(c);
	case_app(c, "b", "{'listen':[':80'],'routes':[{'match':[{'host':['b.test']}]},{}]}");
	case_site(c, "good", ":80", "good.test", "x");
	case_apply(c);
	assert_refused(c, "b", "routes", "every other host a match");
	assert_fine(c, "a");
	assert_fine(c, "good");
}

static void overlapping_wildcards(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "a", ":80", "*.one.test", "a");
	case_apply(c);
	case_site(c, "b", ":80", "b.*.test", "b");
	case_site(c, "close", ":80", "x.one.test", "x");
	case_site(c, "deep", ":80", "*.sub.one.test", "x");
	case_site(c, "wide", ":80", "*.*.test", "x");
	case_apply(c);
	assert_refused(c, "b", "routes", "*.one.test b.*.test a");
	assert_fine(c, "a");
	assert_fine(c, "close");
	assert_fine(c, "deep");
	assert_fine(c, "wide");
	case_gone(c, "a");
	case_apply(c);
	assert_fine(c, "b");
}

/* --- addresses --- */

static void ranges(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "a", ":8000-8010", "a.test", "x");
	case_site(c, "same", ":8000-8010", "same.test", "x");
	case_apply(c);
	assert_fine(c, "a");
	assert_fine(c, "same");
	assert_string_equal(case_view(c, "a")->server, "kata_8000-8010");
	case_site(c, "part", ":8005", "part.test", "x");
	case_site(c, "more", ":8010-8020", "more.test", "x");
	case_site(c, "inner", "127.0.0.1:8005", "inner.test", "x");
	case_site(c, "apart", ":8011-8012", "apart.test", "x");
	case_apply(c);
	assert_refused(c, "part", "listen", ":8000-8010 :8005 a");
	assert_refused(c, "more", "listen", ":8000-8010 :8010-8020 a");
	assert_fine(c, "inner");
	assert_fine(c, "apart");
}

/* An app's own ranges may meet (Caddy says so then), but not those of its neighbour there. */
static void range_of_a_neighbour(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "b", ":8000-8010", "b.test", "x");
	case_apply(c);
	case_app(c, "a",
		 "{'listen':[':8000-8010',':8005'],'routes':[{'match':[{'host':['a.test']}]}]}");
	case_apply(c);
	assert_refused(c, "a", "listen", ":8005 b");
	assert_fine(c, "b");
}

/* Each of a group's apps is looked at, not only the first. */
static void ranges_with_a_common_app(void **state)
{
	struct plan_case *c = *state;

	case_app(c, "a",
		 "{'listen':[':90',':8000-8010'],'routes':[{'match':[{'host':['a.test']}]}],"
		 "'automatic_https':{'disable':true}}");
	case_apply(c);
	case_app(c, "b",
		 "{'listen':[':90',':8005'],'routes':[{'match':[{'host':['b.test']}]}],"
		 "'automatic_https':{'disable':true}}");
	case_apply(c);
	assert_refused(c, "b", "listen", ":8005 a");
	assert_fine(c, "a");
}

static void foreign_server_on_the_address(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "srv0", "{'listen':['127.0.0.1:1','0.0.0.0:80',':8000-8010']}");
	case_server(c, "theirs", "{'@id':'kata:you:theirs','listen':[':90']}");
	case_site(c, "a", ":80", "a.test", "x");
	case_site(c, "b", ":8003", "b.test", "x");
	case_site(c, "d", ":90", "d.test", "x");
	case_site(c, "e", "127.0.0.1:80", "e.test", "x");
	case_apply(c);
	assert_refused(c, "a", "listen", ":80 srv0 x-kata-server");
	assert_refused(c, "b", "listen", ":8003 srv0");
	assert_refused(c, "d", "listen", ":90 theirs owner");
	assert_fine(c, "e");
}

static void foreign_server_has_the_shared_name(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "kata_80", "{'listen':[':9999'],'routes':[{'n':'<'}]}");
	case_app(c, "a", "{'listen':[':80',':81'],'routes':[{'match':[{'host':['a.test']}]}]}");
	case_apply(c);
	assert_fine(c, "a");
	case_site(c, "b", ":80", "b.test", "x");
	assert_false(case_apply(c));
	assert_refused(c, "b", "listen", "kata_80");
	assert_refused(c, "a", "listen", "kata_80");
	/* Who needs the name is refused; who would only have met that one is not. */
	json_object_del(case_servers(c), "a");
	case_site(c, "b", ":81", "b.test", "x");
	case_site(c, "d", ":80", "d.test", "x");
	case_apply(c);
	assert_refused(c, "a", "listen", "kata_80");
	assert_refused(c, "d", "listen", "kata_80");
	assert_fine(c, "b");
	case_gone(c, "d");
	case_gone(c, "b");
	case_apply(c);
	assert_fine(c, "a");
	/* The same when it is the other address of the live app that needs the name. */
	case_site(c, "b", ":81", "b.test", "x");
	case_apply(c);
	assert_refused(c, "b", "listen", "kata_80");
	assert_json(case_at(c, "kata_80"), "{'listen':[':9999'],'routes':[{'n':'<'}]}");
	case_folder(c, "a");
	case_apply(c);
	assert_refused(c, "b", "listen", "kata_80");
	assert_json(case_at(c, "kata_80"), "{'listen':[':9999'],'routes':[{'n':'<'}]}");
}

/* --- options --- */

#define ROUTES(host) "'routes':[{'match':[{'host':['" host "']}]}]"

static void fields_must_agree(void **state)
{
	struct plan_case *c = *state;

	case_app(c, "a", "{'listen':[':443'],'read_timeout':'5s'," ROUTES("a.test") "}");
	case_apply(c);
	case_app(c, "b", "{'listen':[':443'],'read_timeout':'9s'," ROUTES("b.test") "}");
	case_app(c, "e", "{'listen':[':443'],'idle_timeout':'1m'," ROUTES("e.test") "}");
	case_app(c, "f", "{'listen':[':443'],'read_timeout':'5s'," ROUTES("f.test") "}");
	case_apply(c);
	assert_refused(c, "b", "read_timeout", "read_timeout :443 a app/a/kata-compose.yaml");
	assert_fine(c, "a");
	assert_fine(c, "e");
	assert_fine(c, "f");
	assert_json(case_at(c, "kata_443/read_timeout"), "'5s'");
	assert_json(case_at(c, "kata_443/idle_timeout"), "'1m'");
	/* The one who was first with the other value may not change it alone, but all may. */
	case_app(c, "a", "{'listen':[':443'],'read_timeout':'7s'," ROUTES("a.test") "}");
	case_apply(c);
	assert_refused(c, "a", "read_timeout", "read_timeout f");
	case_app(c, "f", "{'listen':[':443'],'read_timeout':'7s'," ROUTES("f.test") "}");
	case_gone(c, "b");
	case_plan(c);
	assert_int_equal(case_view(c, "a")->status, APP_STATUS_DRIFT);
	assert_request(c, "PATCH", "/kata_443/read_timeout");
	assert_fine(c, "a");
}

static void fields_that_nobody_holds(void **state)
{
	struct plan_case *c = *state;

	case_app(c, "a", "{'listen':[':443'],'protocols':['h1']," ROUTES("a.test") "}");
	case_app(c, "b", "{'listen':[':443'],'protocols':['h1','h2']," ROUTES("b.test") "}");
	case_apply(c);
	assert_refused(c, "a", "protocols", "protocols b");
	assert_refused(c, "b", "protocols", "protocols a");
}

/* A field that one app adds or takes away is that app's change. */
static void fields_come_and_go(void **state)
{
	struct plan_case *c = *state;

	case_app(c, "a", "{'listen':[':443']," ROUTES("a.test") "}");
	case_app(c, "b", "{'listen':[':443']," ROUTES("b.test") "}");
	case_apply(c);
	case_app(c, "a", "{'listen':[':443'],'read_timeout':'5s'," ROUTES("a.test") "}");
	case_plan(c);
	assert_int_equal(c->plan.touched_count, 1);
	assert_string_equal(c->plan.touched[0], "a");
	assert_int_equal(case_view(c, "a")->status, APP_STATUS_DRIFT);
	assert_int_equal(case_view(c, "b")->status, APP_STATUS_IN_SYNC);
	assert_request(c, "PUT", "/kata_443/read_timeout");
	case_app(c, "a", "{'listen':[':443']," ROUTES("a.test") "}");
	case_plan(c);
	assert_int_equal(case_view(c, "a")->status, APP_STATUS_DRIFT);
	assert_request(c, "DELETE", "/kata_443/read_timeout");
}

static void schemes(void **state)
{
	static const struct {
		const char *a, *b, *field; /* blocks without listen; the field of b's problem */
	} rows[] = {
		/* A host makes it HTTPS, and so does :443 alone. */
		{ROUTES("a.test"), "'routes':[{}]", NULL},
		{ROUTES("a.test"), ROUTES("b.test") ",'automatic_https':{'disable':true}",
		 "automatic_https/disable"},
		{ROUTES("a.test"), ROUTES("b.test") ",'tls_connection_policies':[]",
		 "automatic_https/disable"},
		{ROUTES("a.test"), ROUTES("b.test") ",'automatic_https':{'skip':['b.test']}", NULL},
		{ROUTES("a.test"),
		 ROUTES("b.test") ",'automatic_https':{'disable':true},'tls_connection_policies':[{"
				  "}]",
		 NULL},
		{ROUTES("a.test"), ROUTES("b.test") ",'automatic_https':{'disable_redirects':true}",
		 "automatic_https/disable_redirects"},
		{ROUTES("a.test"),
		 ROUTES("b.test") ",'automatic_https':{'disable_certificates':true}", NULL},
		{"'automatic_https':{'disable':true}," ROUTES("a.test"),
		 "'automatic_https':{'disable':true},'routes':[{}]", NULL},
		{"'tls_connection_policies':[]," ROUTES("a.test"),
		 "'automatic_https':{'disable':true},'routes':[{}]", NULL},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct plan_case *c = *state;

		json_object_clear(case_servers(c));
		case_block_take(c, "b", NULL);
		case_app(c, "a", arena_printf(c->arena, "{'listen':[':443'],%s}", rows[i].a));
		case_apply(c);
		case_app(c, "b", arena_printf(c->arena, "{'listen':[':443'],%s}", rows[i].b));
		case_apply(c);
		if (rows[i].field)
			assert_refused(c, "b", rows[i].field, ":443 a");
		else
			assert_fine(c, "b");
		assert_fine(c, "a");
	}
}

/* Beside another port, an app without hosts speaks HTTP, and one with hosts HTTPS. */
static void schemes_on_other_ports(void **state)
{
	struct plan_case *c = *state;

	case_site(c, "a", ":8080", "a.test", "x");
	case_apply(c);
	case_site(c, "b", ":8080", NULL, "x");
	case_app(c, "s",
		 "{'listen':[':8080'],'automatic_https':{'skip':['S.test']}," ROUTES("s.test") "}");
	case_site(c, "on80", ":80", "c.test", "x");
	case_site(c, "any80", ":80", NULL, "x");
	case_apply(c);
	assert_refused(c, "b", "automatic_https/disable", ":8080 a");
	assert_refused(c, "s", "automatic_https/disable", ":8080 a");
	assert_fine(c, "on80");
	assert_fine(c, "any80");
}

static void client_certificates(void **state)
{
	struct plan_case *c = *state;

	case_app(c, "a",
		 "{'listen':[':443'],'tls_connection_policies':[{'client_authentication':{}}]"
		 "," ROUTES("a.test") "}");
	case_apply(c);
	case_app(c, "b", "{'listen':[':443'],'strict_sni_host':false," ROUTES("b.test") "}");
	case_app(c, "d", "{'listen':[':443'],'strict_sni_host':true," ROUTES("d.test") "}");
	case_apply(c);
	assert_refused(c, "b", "strict_sni_host", "a");
	assert_fine(c, "d");
}

static void what_is_logged(void **state)
{
	struct plan_case *c = *state;

	case_app(c, "a", "{'listen':[':443'],'logs':{}," ROUTES("a.test") "}");
	case_apply(c);
	case_app(c, "b",
		 "{'listen':[':443'],'logs':{'should_log_credentials':true}," ROUTES("b.test") "}");
	case_app(
		c, "d",
		"{'listen':[':443'],'logs':{'should_log_credentials':false}," ROUTES("d.test") "}");
	case_app(c, "e", "{'listen':[':443']," ROUTES("e.test") "}");
	case_apply(c);
	assert_refused(c, "b", "logs/should_log_credentials", "a");
	assert_fine(c, "d");
	assert_fine(c, "e");
}

static void named_routes(void **state)
{
	struct plan_case *c = *state;

	case_app(c, "a", "{'listen':[':443'],'named_routes':{'n':{},'a':{}}," ROUTES("a.test") "}");
	case_apply(c);
	case_app(c, "b", "{'listen':[':443'],'named_routes':{'n':{'x':1}}," ROUTES("b.test") "}");
	case_app(c, "d", "{'listen':[':443'],'named_routes':{'n':{},'d':{}}," ROUTES("d.test") "}");
	case_apply(c);
	assert_refused(c, "b", "named_routes/n", "a");
	assert_fine(c, "d");
	assert_json(case_at(c, "kata_443/named_routes"), "{'n':{},'a':{},'d':{}}");
}

/* A named route may be called like a field that is merged elsewhere. */
static void named_routes_like_fields(void **state)
{
	struct plan_case *c = *state;

	case_app(c, "a", "{'listen':[':443'],'named_routes':{'skip':{}}," ROUTES("a.test") "}");
	case_apply(c);
	case_app(c, "b",
		 "{'listen':[':443'],'named_routes':{'skip':{'x':1}}," ROUTES("b.test") "}");
	case_apply(c);
	assert_refused(c, "b", "named_routes/skip", "a");
}

/* Conflicts all over: told all at once, in reasonable time. */
static void many_conflicts(void **state)
{
	struct plan_case *c = *state;
	clock_t start;

	for (int n = 0; n < 1000; n++)
		case_site(c, arena_printf(c->arena, "app%04d", n),
			  arena_printf(c->arena, ":%d", 8000 + n / 10),
			  arena_printf(c->arena, "%s.h%d.test", n % 2 ? "*" : "a", n / 4), "x");
	for (int n = 0; n < 60; n++)
		case_site(c, arena_printf(c->arena, "range%02d", n),
			  arena_printf(c->arena, ":%d-%d", 9000 + n, 9001 + n), NULL, "x");
	start = clock();
	case_apply(c);
	assert_int_equal(c->plan.errors, 800 + 60);
	if ((double)(clock() - start) / CLOCKS_PER_SEC > 5)
		fail_msg("%.1f s", (double)(clock() - start) / CLOCKS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(same_host_and_one_is_live),
		TEST(same_host_and_none_is_live),
		TEST(hosts_are_exchanged),
		TEST(kept_apps_hold_their_hosts),
		TEST(two_kept_holders),
		TEST(refused_apps_stand_in_nobodys_way),
		TEST(two_for_every_other_host),
		TEST(overlapping_wildcards),
		TEST(ranges),
		TEST(range_of_a_neighbour),
		TEST(ranges_with_a_common_app),
		TEST(foreign_server_on_the_address),
		TEST(foreign_server_has_the_shared_name),
		TEST(fields_must_agree),
		TEST(fields_that_nobody_holds),
		TEST(fields_come_and_go),
		TEST(schemes),
		TEST(schemes_on_other_ports),
		TEST(client_certificates),
		TEST(what_is_logged),
		TEST(named_routes),
		TEST(named_routes_like_fields),
		TEST(many_conflicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
