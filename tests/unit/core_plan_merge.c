/*
 * What apps on one address have together: error routes, TLS policies, automatic HTTPS, logs; merged
 * so that each app has its own and no other's, and read back as each wrote it.
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

/* An app on :443 for one host (NULL: any) with more fields. */
static void app(struct plan_case *c, const char *name, const char *host, const char *more)
{
	const char *match = host ? arena_printf(c->arena, "{'match':[{'host':['%s']}]}", host)
				 : "{'handle':[]}";

	case_app(c, name,
		 arena_printf(c->arena, "{'listen':[':443'],'routes':[%s]%s%s}", match,
			      *more ? "," : "", more));
}

/* That field of the shared server, and of each app's block read back. */
static void assert_field(const struct plan_case *c, const char *field, const char *expected)
{
	json_t *value = case_at(c, arena_printf(c->arena, "kata_443/%s", field));

	if (expected)
		assert_json(value, expected);
	else
		assert_null(value);
}

static void assert_own(const struct plan_case *c, const char *name, const char *field,
		       const char *expected)
{
	json_t *block = plan_decompile_new(case_servers(c), CASE_OWNER, name);
	json_t *value = json_object_get(block, field);

	if (expected)
		assert_json(value, expected);
	else if (value)
		fail_msg("%s has %s", name, field);
	json_decref(block);
}

/* What apps wrote stays what they have when all of them move, unasked: nothing changes then. */
static void assert_moves_keep(struct plan_case *c)
{
	json_t *before = json_deep_copy(case_servers(c));
	const char *names[] = {"nobody"};

	c->options.selected = names;
	c->options.selected_count = 1;
	assert_false(case_apply(c));
	for (size_t i = 0; i < c->app_count; i++)
		case_folder(c, c->apps[i].name);
	c->options.selected = NULL;
	assert_false(case_apply(c));
	assert_true(json_same(before, case_servers(c)));
	json_decref(before);
}

/* --- error routes --- */

static void error_routes(void **state)
{
	struct plan_case *c = *state;

	app(c, "a", "a.test", "'errors':{'routes':[{'group':'1'}]}");
	app(c, "w", "*.w.test", "'errors':{'routes':[{'group':'w'}]}");
	app(c, "plain", "p.test", "");
	app(c, "any", NULL, "'errors':{'routes':[{'group':'2'},{'group':'3'}]}");
	case_apply(c);
	assert_field(
		c, "errors",
		"{'routes':[{'@id':'kata:me:a@443:err','match':[{'host':['a.test']}],'terminal':"
		"true,"
		"'handle':[{'handler':'subroute','routes':[{'group':'1'}]}]},"
		"{'@id':'kata:me:w@443:err-w2','match':[{'host':['*.w.test']}],'terminal':true,"
		"'handle':[{'handler':'subroute','routes':[{'group':'w'}]}]}]}");
	/* Those of the app that takes any host would take everybody's errors: they are inside. */
	assert_field(c, "routes/3/handle/0/errors",
		     "{'routes':[{'group':'2'},{'group':'3'},{'handle':[{'handler':'error',"
		     "'status_code':'{http.error.status_code}'}]}]}");
	assert_block(c, "a");
	assert_block(c, "w");
	assert_block(c, "plain");
	assert_block(c, "any");
	assert_moves_keep(c);
}

static void empty_error_routes(void **state)
{
	struct plan_case *c = *state;

	app(c, "a", "a.test", "'errors':{'routes':[]}");
	app(c, "any", NULL, "'errors':{'routes':[]}");
	case_apply(c);
	assert_field(c, "routes/1/handle/0/errors", NULL);
	assert_block(c, "a");
}

/* --- TLS policies --- */

static void policies(void **state)
{
	struct plan_case *c = *state;

	app(c, "a", "a.test", "'tls_connection_policies':[{'protocol_min':'tls1.3'}]");
	app(c, "b", "b.test",
	    "'tls_connection_policies':[{'match':{'sni':['x.b.test']},'n':1},{'match':{'remote_ip':"
	    "{}}}]");
	app(c, "plain", "p.test", "");
	case_apply(c);
	assert_field(
		c, "tls_connection_policies",
		"[{'@id':'kata:me:a@443:tls','match':{'sni':['a.test']},'protocol_min':'tls1.3'},"
		"{'@id':'kata:me:b@443:tls-sni','match':{'sni':['x.b.test']},'n':1},"
		"{'@id':'kata:me:b@443:tls1','match':{'sni':['b.test'],'remote_ip':{}}},"
		"{'@id':'kata:me:kata_443:tls'}]");
	assert_block(c, "a");
	assert_block(c, "b");
	assert_block(c, "plain");
	app(c, "a", "a.test", "'tls_connection_policies':[{'protocol_min':'tls1.2'}]");
	case_plan(c);
	assert_string_equal(c->plan.changes[0].app, "a");
	assert_string_equal(c->plan.changes[0].block_path,
			    "tls_connection_policies/0/protocol_min");
	assert_request(c, "PATCH", "/kata_443/tls_connection_policies/0/protocol_min");
	/* With the last app's policies the default goes, too. */
	app(c, "a", "a.test", "");
	app(c, "b", "b.test", "");
	case_apply(c);
	assert_field(c, "tls_connection_policies", NULL);
	assert_moves_keep(c);
}

/* A policy for a pattern, or for anything, would reach into hosts of apps that have none. */
static void policies_for_many_names(void **state)
{
	struct plan_case *c = *state;

	app(c, "any", NULL, "'tls_connection_policies':[{'client_authentication':{}}]");
	app(c, "wild", "*.w.test", "'tls_connection_policies':[{'n':1}]");
	app(c, "exact", "a.w.test", "");
	app(c, "deep", "*.deep.w.test", "");
	case_app(c, "mixed",
		 "{'listen':[':443'],'routes':[{'match':[{'host':['m.test','*.m.test']}]}],"
		 "'tls_connection_policies':[{'n':2}]}");
	case_apply(c);
	assert_field(c, "tls_connection_policies",
		     "[{'@id':'kata:me:kata_443:tls-plain','match':{'sni':['a.w.test']}},"
		     "{'@id':'kata:me:mixed@443:tls','match':{'sni':['m.test']},'n':2},"
		     "{'@id':'kata:me:kata_443:tls-plain-w3','match':{'sni':['*.deep.w.test']}},"
		     "{'@id':'kata:me:mixed@443:tls-w2','match':{'sni':['*.m.test']},'n':2},"
		     "{'@id':'kata:me:wild@443:tls-w2','match':{'sni':['*.w.test']},'n':1},"
		     "{'@id':'kata:me:any@443:tls','client_authentication':{}}]");
	for (size_t i = 0; i < c->app_count; i++)
		assert_block(c, c->apps[i].name);
	assert_moves_keep(c);
}

/* The order of an app's policies is its own business, wherever ours puts them. */
static void policies_come_back_in_order(void **state)
{
	struct plan_case *c = *state;

	app(c, "a", "*.a.test",
	    "'tls_connection_policies':[{'n':0},{'match':{'sni':['x.a.test']},'n':1},{'match':{},'"
	    "n':2}]");
	app(c, "b", "b.test", "");
	case_apply(c);
	assert_own(c, "a", "tls_connection_policies",
		   "[{'n':0},{'match':{'sni':['x.a.test']},'n':1},{'n':2}]");
}

static void no_policies_is_no_tls(void **state)
{
	struct plan_case *c = *state;

	app(c, "a", "a.test", "'tls_connection_policies':[]");
	app(c, "b", "b.test", "'automatic_https':{'disable':true}");
	case_apply(c);
	assert_field(c, "tls_connection_policies", "[]");
	assert_own(c, "a", "tls_connection_policies", "[]");
	case_gone(c, "b");
	case_apply(c);
	assert_json(case_at(c, "a/tls_connection_policies"), "[]");
}

/* --- automatic HTTPS --- */

static void https(void **state)
{
	struct plan_case *c = *state;

	app(c, "a", "A.test",
	    "'automatic_https':{'skip':['a.TEST','other.test'],'skip_certificates':[]}");
	app(c, "b", "b.test", "'automatic_https':{'disable_certificates':true}");
	app(c, "d", "d.test", "'automatic_https':{'ignore_loaded_certificates':true}");
	app(c, "e", "e.test", "");
	case_apply(c);
	assert_field(
		c, "automatic_https",
		"{'disable_certificates':false,'ignore_loaded_certificates':true,'skip':['a.test'],"
		"'skip_certificates':['b.test']}");
	assert_own(c, "a", "automatic_https",
		   "{'disable_certificates':false,'ignore_loaded_certificates':true,'skip':['a."
		   "test']}");
	assert_own(c, "b", "automatic_https",
		   "{'disable_certificates':false,'ignore_loaded_certificates':true,"
		   "'skip_certificates':['b.test']}");
	assert_moves_keep(c);
}

static void https_for_all(void **state)
{
	struct plan_case *c = *state;

	app(c, "a", "a.test",
	    "'automatic_https':{'disable_redirects':true,'disable_certificates':true}");
	app(c, "b", "b.test",
	    "'automatic_https':{'disable_redirects':true,'disable_certificates':true}");
	case_apply(c);
	assert_field(c, "automatic_https",
		     "{'disable_redirects':true,'disable_certificates':true}");
	assert_block(c, "a");
	app(c, "a", "a.test", "'automatic_https':{'disable':true}");
	app(c, "b", "b.test", "'automatic_https':{'disable':true}");
	case_apply(c);
	assert_field(c, "automatic_https", "{'disable':true}");
	assert_block(c, "b");
}

/* Without automatic HTTPS but with policies of its own: the others still have theirs. */
static void https_by_hand(void **state)
{
	struct plan_case *c = *state;

	app(c, "a", "a.test", "'automatic_https':{'disable':true},'tls_connection_policies':[{}]");
	app(c, "b", "b.test", "");
	case_apply(c);
	assert_field(c, "automatic_https", "{'disable':false,'skip':['a.test']}");
	assert_own(c, "b", "automatic_https", "{'disable':false}");
	assert_moves_keep(c);
}

/* --- logs --- */

static void equal_logs(void **state)
{
	struct plan_case *c = *state;

	app(c, "a", "a.test", "'logs':{'default_logger_name':'x'}");
	app(c, "b", "b.test", "'logs':{'default_logger_name':'x'}");
	case_apply(c);
	assert_field(c, "logs", "{'default_logger_name':'x'}");
	assert_block(c, "a");
	assert_block(c, "b");
	assert_moves_keep(c);
}

static void different_logs(void **state)
{
	struct plan_case *c = *state;

	app(c, "a", "a.test", "'logs':{'default_logger_name':'x'}");
	app(c, "b", "b.test",
	    "'logs':{'logger_names':{'B.test':['y','z'],'b.test:8443':'p','a.test':'stolen'}}");
	app(c, "d", "d.test", "'logs':{}");
	app(c, "e", "e.test", "'logs':{'skip_unmapped_hosts':true}");
	app(c, "plain", "p.test", "");
	case_apply(c);
	assert_field(
		c, "logs",
		"{'logger_names':{'a.test':'x','b.test':['y','z'],'b.test:8443':'p','d.test':''},"
		"'skip_unmapped_hosts':true}");
	assert_own(c, "a", "logs", "{'logger_names':{'a.test':'x'},'skip_unmapped_hosts':true}");
	assert_own(c, "b", "logs",
		   "{'logger_names':{'b.test':['y','z'],'b.test:8443':'p'},'skip_unmapped_hosts':"
		   "true}");
	assert_own(c, "plain", "logs", NULL);
	assert_moves_keep(c);
}

/* The app that takes any host is logged for hosts nobody can name; the others are left out. */
static void logs_of_any_host(void **state)
{
	struct plan_case *c = *state;

	app(c, "any", NULL, "'logs':{'default_logger_name':'x'}");
	app(c, "b", "b.test", "'logs':{'default_logger_name':'y'}");
	app(c, "plain", "p.test", "");
	case_apply(c);
	assert_field(c, "logs",
		     "{'default_logger_name':'x','logger_names':{'b.test':'y'},'skip_hosts':['p."
		     "test']}");
	assert_own(c, "any", "logs", "{'default_logger_name':'x','logger_names':{}}");
	assert_own(c, "b", "logs", "{'default_logger_name':'x','logger_names':{'b.test':'y'}}");
	assert_own(c, "plain", "logs", NULL);
	assert_moves_keep(c);
	/* Nobody logs what the unlogged app for any host gets. */
	json_object_clear(case_servers(c));
	app(c, "any", NULL, "");
	app(c, "b", "b.test", "'logs':{}");
	app(c, "plain", "p.test", "");
	case_apply(c);
	assert_field(c, "logs", "{'logger_names':{'b.test':''},'skip_unmapped_hosts':true}");
	assert_own(c, "any", "logs", NULL);
}

/* --- everything else --- */

static void agreed_fields(void **state)
{
	struct plan_case *c = *state;

	app(c, "a", "a.test", "'read_timeout':'5s','metrics':{}");
	app(c, "b", "b.test", "'protocols':['h1']");
	case_apply(c);
	assert_field(c, "read_timeout", "'5s'");
	assert_field(c, "metrics", "{}");
	assert_field(c, "protocols", "['h1']");
	assert_own(c, "b", "read_timeout", "'5s'");
	/* An app that is left alone keeps the fields that are live, though another wrote them. */
	case_folder(c, "b");
	app(c, "a", "a.test", "'metrics':{}");
	assert_false(case_apply(c));
	assert_field(c, "read_timeout", "'5s'");
	app(c, "b", "b.test", "'protocols':['h1']");
	case_apply(c);
	assert_field(c, "read_timeout", NULL);
}

/* An app in two shared servers that is left alone carries nothing from one into the other. */
static void fields_of_two_servers(void **state)
{
	struct plan_case *c = *state;

	case_app(c, "a",
		 "{'listen':[':80','tcp4/:80'],'routes':[{'match':[{'host':['a.test']}]}]}");
	case_app(c, "b",
		 "{'listen':[':80'],'read_timeout':'5s','routes':[{'match':[{'host':['b.test']}]}]"
		 "}");
	case_app(c, "d",
		 "{'listen':['tcp4/"
		 ":80'],'idle_timeout':'5s','routes':[{'match':[{'host':['d.test']}]}]}");
	case_apply(c);
	assert_moves_keep(c);
	assert_null(case_at(c, "kata_80/idle_timeout"));
	assert_null(case_at(c, "kata_tcp4__80/read_timeout"));
	/* Nor does it hold one server's value against the other's. */
	case_app(c, "d",
		 "{'listen':['tcp4/"
		 ":80'],'read_timeout':'9s','routes':[{'match':[{'host':['d.test']}]}]}");
	case_apply(c);
	assert_json(case_at(c, "kata_tcp4__80/read_timeout"), "'9s'");
	assert_json(case_at(c, "kata_80/read_timeout"), "'5s'");
}

static void named_routes(void **state)
{
	struct plan_case *c = *state;

	app(c, "a", "a.test", "'named_routes':{'x':{'handle':[]}}");
	app(c, "b", "b.test", "'named_routes':{'y':{}}");
	case_apply(c);
	assert_field(c, "named_routes", "{'x':{'handle':[]},'y':{}}");
	assert_moves_keep(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(error_routes),
		TEST(empty_error_routes),
		TEST(policies),
		TEST(policies_for_many_names),
		TEST(policies_come_back_in_order),
		TEST(no_policies_is_no_tls),
		TEST(https),
		TEST(https_for_all),
		TEST(https_by_hand),
		TEST(equal_logs),
		TEST(different_logs),
		TEST(logs_of_any_host),
		TEST(agreed_fields),
		TEST(fields_of_two_servers),
		TEST(named_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
