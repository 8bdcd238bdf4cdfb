/* Rows of apps and servers: what their states are made of. */
#include "ui_rows.h"

/* The app's row: its state and why. */
static const json_t *assert_app(struct fixture *f, const char *name, const char *expected,
				const char *why)
{
	const json_t *app;

	json_decref(f->rows);
	f->rows = rows_apps_new(&f->facts, &some_jobs);
	app = row(f, "name", name);
	assert_member(app, "state", expected);
	assert_member(app, "why", why);
	return app;
}

/* --- apps --- */

static void test_apps(void **state)
{
	struct fixture *f = *state;
	const json_t *app = assert_app(f, "alpha", "good", "absent");

	assert_member(app, "hosts", "alpha.example, www.alpha.example");
	assert_member(app, "listen", ":8083");
	assert_member(app, "running", "null");
	assert_app(f, "blog", "good", "absent");
	app = assert_app(f, "beta", "drift", "1 change pending");
	assert_member(app, "change", "1");
	assert_member(app, "add", "0");
	/* Stopped by wish: what it ended with says nothing. */
	app = assert_app(f, "shop", "off", "stopped");
	assert_member(app, "running", "0");
	assert_member(app, "wanted", "1");
	app = assert_app(f, "wiki", "bad", "no such key");
	assert_member(app, "problems", "1");
}

static void test_nothing_unread_is_good(void **state)
{
	static const enum fact_kind kinds[] = {FACT_APPS, FACT_PLAN, FACT_PS};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		fail_fact(f, kinds[i]);
		assert_app(f, "blog", "unknown", "no answer");
		f->facts.fact[kinds[i]].failed = false;
		assert_app(f, "blog", "good", "absent");
	}
	/* What needs no containers does not need to know of any. */
	fail_fact(f, FACT_PS);
	assert_app(f, "alpha", "good", "absent");
	set_fact(f, FACT_PLAN, NULL);
	assert_app(f, "alpha", "unknown", "reading the plan");
}

static void test_what_the_engine_did_not_tell(void **state)
{
	struct fixture *f = *state;
	json_t *model = plan_part(f, "containers/0");

	set_app(f, "blog", "running", json_null());
	assert_app(f, "blog", "unknown", "what runs is not known");
	json_object_set_new(model, "result", json_string("failed"));
	json_object_set_new(model, "error", parse("{'code':'unavailable','message':'no engine'}"));
	assert_app(f, "blog", "unknown", "no engine");
	json_object_set_new(model, "error", parse("{'code':'refused','message':'no way'}"));
	assert_app(f, "blog", "bad", "no way");
	set_app(f, "alpha", "caddy", json_string("unknown"));
	assert_app(f, "alpha", "unknown", "Caddy's part is not known");
	set_app(f, "alpha", "wants_caddy", json_false());
	assert_app(f, "alpha", "good", "absent");
}

static void test_containers_make_the_state(void **state)
{
	struct fixture *f = *state;

	json_object_set_new(ps_row(f, 1), "health", json_string("starting"));
	assert_app(f, "blog", "busy", "containers are starting");
	json_object_set_new(ps_row(f, 0), "health", json_string("unhealthy"));
	assert_app(f, "blog", "bad", "blog-db-1: unhealthy");
	json_object_set_new(ps_row(f, 0), "health", json_null());
	json_object_set_new(ps_row(f, 1), "state", json_string("exited"));
	json_object_set_new(ps_row(f, 1), "exit_code", json_integer(0));
	set_app(f, "blog", "running", json_integer(1));
	assert_app(f, "blog", "good", "absent"); /* it ended as it should */
	set_app(f, "blog", "wanted", json_integer(3));
	assert_app(f, "blog", "drift", "1 of 3 running");
	json_object_set_new(ps_row(f, 1), "exit_code", json_integer(7));
	assert_app(f, "blog", "bad", "blog-web-1: exited 7");
}

static void test_files_that_are_not_there(void **state)
{
	struct fixture *f = *state;

	set_app(f, "alpha", "state", json_string("no-file"));
	set_app(f, "alpha", "caddy", json_string("none"));
	assert_app(f, "alpha", "off", "no kata-compose.yaml");
	set_app(f, "alpha", "caddy", json_string("kept"));
	assert_app(f, "alpha", "bad", "the folder has no kata-compose.yaml; what is live stays");
	set_app(f, "alpha", "state", json_string("gone"));
	set_app(f, "alpha", "caddy", json_string("leftover"));
	assert_app(f, "alpha", "drift", "its routes: leftover");
}

static void test_a_job_makes_its_apps_busy(void **state)
{
	struct fixture *f = *state;
	struct job job = {.args = parse("['deploy','wiki','blog']"),
			  .apps = parse("['wiki','blog','other']")};
	struct job older = {.args = parse("['apply']"), .apps = parse("['blog']")};

	running_jobs[0] = &job;
	running_jobs[1] = &older;
	job_count = 2;
	assert_member(assert_app(f, "wiki", "busy", "deploy"), "job", "deploy");
	assert_app(f, "blog", "busy", "deploy");
	assert_app(f, "alpha", "good", "absent");
	job.ended_ms = 1;
	assert_app(f, "wiki", "bad", "no such key");
	assert_app(f, "blog", "busy", "apply");
	json_decref(job.args);
	json_decref(job.apps);
	json_decref(older.args);
	json_decref(older.apps);
}

/* A recreated container is one change, however many steps it takes. */
static void test_steps_are_counted_as_people_would(void **state)
{
	struct fixture *f = *state;
	const json_t *app;

	json_object_set_new(
		plan_part(f, "containers/0"), "steps",
		parse("[{'op':'pull','sign':'+'},{'op':'network-create','sign':'+'},"
		      "{'op':'create','sign':'~'},{'op':'stop','sign':''},{'op':'start','sign':''},"
		      "{'op':'wait','sign':''},{'op':'remove','sign':''},{'op':'rename'},"
		      "{'op':'create','sign':'+'},{'op':'start','sign':'~'},"
		      "{'op':'remove','sign':'-'},{'op':'of the future','sign':'?'}]"));
	app = assert_app(f, "blog", "drift", "6 changes pending");
	assert_member(app, "add", "3");
	assert_member(app, "change", "2");
	assert_member(app, "remove", "1");
}

/* A shared server that comes, goes or changes concerns the apps in it. */
static void test_shared_servers_are_their_apps_affair(void **state)
{
	struct fixture *f = *state;
	json_t *change = plan_part(f, "caddy/0/changes/0");

	json_object_set_new(change, "app", json_string("kata_8083"));
	assert_member(assert_app(f, "alpha", "drift", "1 change pending"), "change", "1");
	assert_app(f, "blog", "good", "absent");
	json_object_set_new(change, "op", json_string("remove"));
	json_object_set_new(change, "before",
			    parse("{'@id':'kata:o:kata_8083','routes':[{'@id':'kata:o:blog@x'},"
				  "{'@id':'kata:other:alpha@x'},{}]}"));
	json_object_set_new(change, "after", json_null());
	assert_member(assert_app(f, "blog", "drift", "1 change pending"), "remove", "1");
	assert_app(f, "alpha", "good", "absent");
}

/* --- servers --- */

static const json_t *assert_server(struct fixture *f, const char *id, const char *expected)
{
	const json_t *server;

	json_decref(f->rows);
	f->rows = rows_servers_new(&f->facts);
	server = row(f, "id", id);
	assert_member(server, "state", expected);
	return server;
}

static void test_servers(void **state)
{
	struct fixture *f = *state;
	const json_t *server = assert_server(f, "e1/blog", "good");

	assert_int_equal(json_array_size(f->rows), 5);
	assert_member(server, "app", "blog");
	assert_member(server, "apps", "[\"blog\"]");
	assert_member(server, "listen", ":443");
	assert_member(server, "routes", "2");
	assert_member(server, "requests", "null");
	assert_member(server, "place", "e1");
	server = assert_server(f, "e1/kata_8083", "drift");
	assert_member(server, "app", "alpha");
	assert_member(server, "apps", "[\"alpha\",\"beta\"]");
	assert_member(server, "hosts", "alpha.example, beta.example");
	assert_member(server, "drift", "1");
	server = assert_server(f, "e1/srv0", "foreign");
	assert_member(server, "app", "null");
	assert_member(server, "apps", "[\"blog\"]");
	assert_member(server, "listen", ":80, :81");
	/* Another owner's, though the name is one of ours. */
	assert_member(assert_server(f, "e1/theirs", "foreign"), "app", "null");
	server = assert_server(f, "e2/", "bad");
	assert_member(server, "why", "no socket");
}

static void test_servers_unread(void **state)
{
	struct fixture *f = *state;

	fail_fact(f, FACT_PLAN);
	assert_server(f, "e1/blog", "unknown");
	f->facts.fact[FACT_PLAN].failed = false;
	fail_fact(f, FACT_STATUS);
	assert_server(f, "e1/blog", "unknown");
	f->facts.fact[FACT_STATUS].failed = false;
	set_fact(f, FACT_PLAN, NULL);
	assert_server(f, "e1/blog", "unknown");
	set_fact(f, FACT_STATUS, NULL);
	json_decref(f->rows);
	f->rows = rows_servers_new(&f->facts);
	assert_int_equal(json_array_size(f->rows), 0);
}

static void test_upstreams_of_a_server(void **state)
{
	struct fixture *f = *state;
	json_t *blog = json_at(f->facts.fact[FACT_STATUS].value, "caddy/0/servers/0");
	const json_t *server;

	json_object_set_new(blog, "upstreams", parse("['a:1','a:2']"));
	json_object_set_new(blog, "hosts", parse("['blog.example']"));
	json_object_set_new(blog, "apps", parse("['blog','wiki']"));
	server = assert_server(f, "e1/blog", "bad");
	assert_member(server, "requests", "7");
	assert_member(server, "health", "1/2");
	assert_member(server, "hosts", "blog.example");
	assert_member(server, "apps", "[\"blog\",\"wiki\"]");
	json_object_set_new(blog, "upstreams", parse("['a:1']"));
	assert_member(assert_server(f, "e1/blog", "good"), "health", "1/1");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_apps),
		T(test_nothing_unread_is_good),
		T(test_what_the_engine_did_not_tell),
		T(test_containers_make_the_state),
		T(test_files_that_are_not_there),
		T(test_a_job_makes_its_apps_busy),
		T(test_steps_are_counted_as_people_would),
		T(test_shared_servers_are_their_apps_affair),
		T(test_servers),
		T(test_servers_unread),
		T(test_upstreams_of_a_server),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
