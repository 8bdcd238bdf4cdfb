/* Rows of containers and of the tree, lines of the Diff tab, columns. */
#include "ui_rows.h"

/* --- containers --- */

static const json_t *container(struct fixture *f, const char *name)
{
	json_t *stats = parse("{'i1':{'cpu':0.5,'memory':1024}}");

	json_decref(f->rows);
	f->rows = rows_containers_new(&f->facts, stats, NOW);
	json_decref(stats);
	return row(f, "name", name);
}

static void test_containers(void **state)
{
	struct fixture *f = *state;
	const json_t *web = container(f, "blog-web-1");

	assert_member(web, "key", "i1");
	assert_member(web, "state", "good");
	assert_member(web, "word", "running");
	assert_member(web, "uptime", "1m");
	assert_member(web, "cpu", "0.5");
	assert_member(web, "memory", "1024");
	assert_member(web, "ports", "80->8000, 127.0.0.1:53->53/udp, 9");
	assert_member(container(f, "blog-db-1"), "cpu", "null");
	assert_member(container(f, "blog-db-1"), "uptime", "3h");
	assert_member(container(f, "shop-web-1"), "uptime", "exited 137");
	assert_member(container(f, "shop-web-1"), "state", "off");
	set_app(f, "shop", "stopped", json_false());
	assert_member(container(f, "shop-web-1"), "state", "bad");
	json_object_set_new(ps_row(f, 1), "since", json_integer(NOW - 7300));
	assert_member(container(f, "blog-web-1"), "uptime", "2h");
	fail_fact(f, FACT_PS);
	assert_member(container(f, "blog-web-1"), "state", "unknown");
	assert_member(container(f, "shop-web-1"), "state", "bad");
}

static void test_container_states(void **state)
{
	static const struct {
		const char *word, *status, *state, *uptime;
	} cases[] = {
		{"running", "Up 3 hours", "good", "3h"},
		{"paused", "Up 2 minutes (Paused)", "drift", "paused"},
		{"created", "Created", "off", "created"},
		{"restarting", "Restarting (1) 5 seconds ago", "bad", "restarting 1"},
		{"restarting", "Restarting (0) 5 seconds ago", "busy", "restarting 0"},
		{"dead", "Dead", "bad", "dead"},
		{"starting", "Starting 2 seconds ago", "busy", "starting"},
		{"complete", "Complete 2 seconds ago", "off", "complete"},
		{"rejected", "Rejected 2 seconds ago: no such image", "bad", "rejected"},
		{"orphaned", "Orphaned 2 days ago", "unknown", "orphaned"},
		{"", "", "unknown", ""},
		{"something new", "", "unknown", "something new"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_object_set_new(ps_row(f, 0), "state", json_string(cases[i].word));
		json_object_set_new(ps_row(f, 0), "status", json_string(cases[i].status));
		assert_member(container(f, "blog-db-1"), "state", cases[i].state);
		assert_member(container(f, "blog-db-1"), "uptime", cases[i].uptime);
	}
}

static void test_uptime(void **state)
{
	static const struct {
		int64_t seconds;
		const char *uptime;
	} cases[] = {{0, "0s"},	   {45, "45s"},		{60, "1m"}, {3599, "59m"},
		     {7300, "2h"}, {35 * 86400, "35d"}, {-5, "up"}};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_object_set_new(ps_row(f, 0), "since", json_integer(NOW - cases[i].seconds));
		assert_member(container(f, "blog-db-1"), "uptime", cases[i].uptime);
	}
	json_object_set_new(ps_row(f, 0), "health", json_string("starting"));
	json_object_set_new(ps_row(f, 0), "since", json_integer(NOW - 61));
	assert_member(container(f, "blog-db-1"), "uptime", "1m starting");
	json_object_set_new(ps_row(f, 0), "since", json_null());
	assert_member(container(f, "blog-db-1"), "uptime", "starting");
}

/* --- the tree --- */

static void assert_tree(struct fixture *f, const char *shut_text, const char *expected)
{
	json_t *apps = rows_apps_new(&f->facts, &some_jobs), *shut = parse(shut_text), *item;
	json_t *containers = rows_containers_new(&f->facts, NULL, 0);
	struct str text = STR_INIT;
	size_t i;

	json_decref(f->rows);
	f->rows = rows_tree_new(apps, containers, shut);
	json_array_foreach(f->rows, i, item)
		str_addf(&text, "%*s%s\n",
			 2 * (int)json_integer_value(json_object_get(item, "depth")), "",
			 json_member_text(item, "key"));
	assert_string_equal(text.p, expected);
	str_release(&text);
	json_decref(apps);
	json_decref(containers);
	json_decref(shut);
}

static void test_tree(void **state)
{
	struct fixture *f = *state;

	json_object_set_new(ps_row(f, 0), "health", json_string("starting"));
	assert_tree(f, "{'shop/web':true}",
		    "alpha\nbeta\nblog\n  blog/db\n    i2\n  blog/web\n    i1\nshop\n  "
		    "shop/web\nwiki\n");
	assert_member(row(f, "key", "blog"), "kind", "app");
	assert_member(row(f, "key", "blog"), "app", "blog");
	assert_member(row(f, "key", "blog/db"), "kind", "service");
	assert_member(row(f, "key", "blog/db"), "state", "busy");
	assert_member(row(f, "key", "blog/db"), "app", "blog");
	assert_member(row(f, "key", "blog/db"), "service", "db");
	assert_member(row(f, "key", "blog/web"), "running", "1");
	assert_member(row(f, "key", "i1"), "kind", "container");
	assert_member(row(f, "key", "shop/web"), "open", "false");
	assert_tree(f, "{'blog':true,'shop':true}", "alpha\nbeta\nblog\nshop\nwiki\n");
	/* What runs of an app that ls does not name is not lost. */
	set_fact(f, FACT_APPS, NULL);
	assert_tree(f, "{'shop':true}", "blog\n  blog/db\n    i2\n  blog/web\n    i1\nshop\n");
	assert_member(row(f, "key", "shop"), "state", "unknown");
}

/* --- the Diff tab --- */

static void assert_diff(struct fixture *f, const char *app, const char *expected)
{
	struct str text = STR_INIT;

	if (f->pane_used)
		pane_release(&f->pane);
	pane_init(&f->pane, 1 << 20);
	f->pane_used = true;
	facts_diff(&f->facts, app, &f->pane);
	for (size_t i = 0; i < pane_count(&f->pane); i++)
		str_addf(&text, "%s\n", pane_line(&f->pane, i)->text);
	assert_string_equal(text.p, expected);
	str_release(&text);
}

static void test_diff(void **state)
{
	struct fixture *f = *state;

	assert_diff(f, "beta",
		    "~ kata_8083/routes/1/body  \"old\"  ->  \"new\"\n"
		    "  PATCH /config/x  at e1\n");
	assert_int_equal(pane_line(&f->pane, 0)->spans[0].role, ROLE_change);
	assert_int_equal(pane_line(&f->pane, 1)->spans[0].role, ROLE_dim);
	assert_diff(f, "blog", "Nothing to do for blog.\n");
	assert_diff(f, "wiki",
		    "app/wiki/kata-compose.yaml:3:5: no such key\n"
		    "  hint: drop it\n\n"
		    "Nothing to do for wiki until that is mended.\n");
	assert_int_equal(pane_line(&f->pane, 0)->spans[0].role, ROLE_bad);
	assert_diff(f, NULL,
		    "app/wiki/kata-compose.yaml:3:5: no such key\n"
		    "  hint: drop it\n\n"
		    "~ beta  kata_8083/routes/1/body  \"old\"  ->  \"new\"\n"
		    "  PATCH /config/x  at e1\n");
}

/* A place in the app's own block is said as the file has it. */
static void test_diff_by_places_in_the_block(void **state)
{
	struct fixture *f = *state;
	json_t *change = plan_part(f, "caddy/0/changes/0");

	json_object_set_new(change, "block_path", json_string("routes/0/body"));
	assert_diff(f, "beta",
		    "~ routes/0/body  \"old\"  ->  \"new\"\n"
		    "  PATCH /config/x  at e1\n");
	json_object_set_new(change, "block_path", json_string(""));
	assert_diff(f, "beta",
		    "~ kata_8083/routes/1/body  \"old\"  ->  \"new\"\n"
		    "  PATCH /config/x  at e1\n");
}

static void test_diff_of_large_values(void **state)
{
	struct fixture *f = *state;
	json_t *changes = plan_part(f, "caddy/0/changes"), *routes = json_array();

	json_array_append_new(
		changes, parse("{'app':'blog','op':'add','path':'/config/apps/http/servers/blog',"
			       "'before':null,'after':{'listen':[':443'],'routes':["
			       "'........................................................']}}"));
	assert_diff(f, "blog",
		    "+ blog  server on :443\n"
		    "  + {\n"
		    "  +   \"listen\": [\n"
		    "  +     \":443\"\n"
		    "  +   ],\n"
		    "  +   \"routes\": [\n"
		    "  +     \"........................................................\"\n"
		    "  +   ]\n"
		    "  + }\n"
		    "  PATCH /config/x  at e1, with 1 change of other apps\n");
	assert_false(pane_line(&f->pane, 0)->folded);
	assert_int_equal(pane_line(&f->pane, 1)->depth, 1);
	for (int i = 0; i < 40; i++)
		json_array_append_new(routes, json_integer(i));
	json_object_set_new(plan_part(f, "caddy/0/changes/1/after"), "routes", routes);
	facts_diff(&f->facts, "blog", &f->pane);
	assert_true(pane_line(&f->pane, 10)->folded);
}

static void test_diff_of_containers(void **state)
{
	struct fixture *f = *state;

	json_object_set_new(
		plan_part(f, "containers/0"), "steps",
		parse("[{'op':'create','sign':'~','name':'blog-web-1',"
		      "'target':'0123456789ab_blog-web-1','why':'command'},"
		      "{'op':'start','sign':'','name':'blog-web-1',"
		      "'target':'0123456789ab_blog-web-1'},"
		      "{'op':'remove','sign':'','name':'blog-web-1','target':'blog-web-1'},"
		      "{'op':'rename','sign':'','name':'blog-web-1',"
		      "'target':'0123456789ab_blog-web-1'},"
		      "{'op':'pull','sign':'+','name':null,'target':'x','why':null}]"));
	assert_diff(f, "blog",
		    "~ recreate container blog-web-1  (command)\n"
		    "  start container blog-web-1\n"
		    "  remove container blog-web-1\n"
		    "  rename container 0123456789ab_blog-web-1\n"
		    "+ pull image x\n");
	assert_true(pane_line(&f->pane, 0)->folded);
	assert_int_equal(pane_line(&f->pane, 1)->depth, 1);
	assert_int_equal(pane_line(&f->pane, 4)->depth, 0);
	assert_int_equal(pane_line(&f->pane, 0)->spans[0].role, ROLE_change);
	assert_int_equal(pane_line(&f->pane, 4)->spans[0].role, ROLE_add);
}

static void test_diff_that_is_not_known(void **state)
{
	struct fixture *f = *state;

	json_object_set_new(
		plan_part(f, "caddy/0"), "error",
		parse("{'code':'unavailable','message':'no socket','hint':'start it'}"));
	assert_diff(f, "blog",
		    "e1: no socket\n"
		    "  hint: start it\n"
		    "What differs is not known.\n");
	fail_fact(f, FACT_PLAN);
	f->facts.fact[FACT_PLAN].good_ms -= 200 * 1000;
	json_object_set_new(plan_part(f, "caddy/0"), "error", json_null());
	assert_diff(f, "blog",
		    "No plan could be made: no answer\n"
		    "  hint: wait\n"
		    "This is the last one, 3 minutes old:\n"
		    "Nothing to do for blog.\n");
	set_fact(f, FACT_PLAN, NULL);
	assert_diff(f, "blog", "No plan could be made: no answer\n  hint: wait\n");
	f->facts.fact[FACT_PLAN].failed = false;
	assert_diff(f, "blog", "Reading what differs ...\n");
}

/* --- columns --- */

static void assert_list(json_t *rows_take, const struct column_table *table, int h, int w,
			const char *expected)
{
	struct cells cells;
	struct column_arg arg = {&cells};
	struct str text = STR_INIT;
	struct list list;

	cells_init(&cells);
	cells.ascii = true;
	cells_resize(&cells, h, w);
	list_init(&list, table->columns, table->count, table->key, &arg);
	list_set_take(&list, rows_take);
	list_draw(&list, cells_area(&cells), true, NULL);
	cells_dump(&cells, &text);
	assert_string_equal(text.p, expected);
	str_release(&text);
	list_release(&list);
	cells_release(&cells);
}

static void test_columns(void **state)
{
	struct fixture *f = *state;

	assert_list(rows_apps_new(&f->facts, &some_jobs), &columns_apps, 6, 24,
		    "  APP   DIFF  RUN\n"
		    "+ alpha\n"
		    "! beta  ~1\n"
		    "+ blog        2/2\n"
		    "- shop        0/1\n"
		    "x wiki  error\n");
	assert_list(rows_apps_new(&f->facts, &some_jobs), &columns_apps, 6, 80,
		    "  APP   MODE    DIFF  RUN HOSTS\n"
		    "+ alpha                   alpha.example, www.alpha.example\n"
		    "! beta          ~1        beta.example\n"
		    "+ blog  compose       2/2\n"
		    "- shop  compose       0/1\n"
		    "x wiki          error\n");
	assert_list(rows_servers_new(&f->facts), &columns_servers, 6, 24,
		    "  SERVER    LISTEN CADDY\n"
		    "+ blog      :443   e1\n"
		    "! kata_8083 :8083  e1\n"
		    "? srv0      ~, :81 e1\n"
		    "? theirs           e1\n"
		    "x down             e2\n");
	assert_list(rows_containers_new(&f->facts, NULL, NOW), &columns_containers, 4, 24,
		    "  CONTAINER  UP\n"
		    "+ blog-db-1  3h\n"
		    "+ blog-web-1 1m\n"
		    "- shop-web-1 exited 137\n");
}

/* Names say in settings what a list is sorted by. */
static void test_column_tables(void **state)
{
	const struct column_table *tables[] = {&columns_apps, &columns_servers, &columns_containers,
					       &columns_tree};

	(void)state;
	for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
		for (size_t i = 0; i < tables[t]->count; i++) {
			const struct column *column = &tables[t]->columns[i];

			assert_in_range(column->min, 1, column->max);
			for (size_t j = 0; j < i; j++)
				assert_string_not_equal(column->name, tables[t]->columns[j].name);
		}
		assert_int_equal(tables[t]->columns[0].rank, 0);
		assert_int_equal(tables[t]->columns[1].rank, 0);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_containers),
		T(test_container_states),
		T(test_uptime),
		T(test_tree),
		T(test_diff),
		T(test_diff_by_places_in_the_block),
		T(test_diff_of_large_values),
		T(test_diff_of_containers),
		T(test_diff_that_is_not_known),
		T(test_columns),
		T(test_column_tables),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
