/*
 * What a server of the live config, or an app's block, is about.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
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

static void assert_server_apps(struct plan_case *c, const char *server, bool ours,
			       const char *expected)
{
	bool is_ours = !ours;
	json_t *apps = plan_server_apps_new(case_at(c, server), CASE_OWNER, &is_ours);
	char *text = json_dumps(apps, JSON_COMPACT);

	assert_string_equal(text, expected);
	assert_int_equal(is_ours, ours);
	free(text);
	json_decref(apps);
}

static void apps_of_servers(void **state)
{
	struct plan_case *c = *state;

	case_server(c, "theirs", "{'@id':'kata:you:a','listen':[':70'],'routes':[{},null]}");
	case_server(c, "part", "{'@id':'kata:me:a@theirs','listen':[':71']}");
	case_site(c, "a", ":90", NULL, "x");
	case_site(c, "b", ":80", "b.test", "x");
	case_site(c, "d", ":80", "d.test", "x");
	case_apply(c);
	assert_server_apps(c, "a", true, "[\"a\"]");
	assert_server_apps(c, "kata_80", true, "[\"b\",\"d\"]");
	assert_server_apps(c, "theirs", false, "[]");
	assert_server_apps(c, "part", false, "[]");
	assert_server_apps(c, "not there", false, "[]");
}

/* What a block says of itself, whoever's it is. */
static void views_of_blocks(void **state)
{
	struct plan_case *c = *state;
	struct app_view view;

	case_server(c, "s",
		    "{'listen':['0.0.0.0:80',7,'localhost:81'],'routes':[{'match':[{'host':["
		    "'B.test','a.test',1]}]},{'match':[{'host':['a.test']}]}]}");
	plan_block_view(c->arena, case_at(c, "s"), &view);
	assert_int_equal(view.listen_count, 2);
	assert_string_equal(view.listen[0], ":80");
	assert_string_equal(view.listen[1], "127.0.0.1:81");
	assert_int_equal(view.host_count, 2);
	assert_string_equal(view.hosts[0], "a.test");
	assert_string_equal(view.hosts[1], "b.test");
	assert_false(view.catch_all);
	plan_block_view(c->arena, NULL, &view);
	assert_int_equal(view.listen_count + view.host_count, 0);
	assert_false(view.catch_all);
}

static void dials_of_servers(void **state)
{
	struct plan_case *c = *state;
	json_t *dials;
	char *text;

	case_server(c, "s",
		    "{'routes':[{'handle':[{'handler':'reverse_proxy','upstreams':["
		    "{'dial':'a:1'},{},null,{'dial':7},{'dial':'a:1'}],'handle_response':[{"
		    "'routes':[{'handle':[{'handler':'reverse_proxy','upstreams':[{'dial':"
		    "'b:2'}]}]}]}]},{'handler':'other','upstreams':[{'dial':'no:1'}]}]}],"
		    "'named_routes':{'n':{'handle':[{'handler':'reverse_proxy','upstreams':"
		    "[{'dial':'unix//c'}]},{'handler':'reverse_proxy','upstreams':{}}]}}}");
	dials = plan_dials_new(case_at(c, "s"));
	text = json_dumps(dials, JSON_COMPACT);
	assert_string_equal(text, "[\"a:1\",\"b:2\",\"unix//c\"]");
	free(text);
	json_decref(dials);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(apps_of_servers),
		TEST(views_of_blocks),
		TEST(dials_of_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
