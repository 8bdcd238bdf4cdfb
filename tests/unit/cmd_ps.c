/*
 * Containers and tasks as the engine lists them become one list: who they are by their labels, what
 * their state is, which ports they have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/cmd/instances.h"
#include "kata/json.h"

enum { now_s = 100000000 };

/* JSON with ' for ". */
static json_t *json(const char *text)
{
	struct str s = STR_INIT;
	struct kata_error e;
	json_t *out;

	for (; *text; text++)
		str_addc(&s, *text == '\'' ? '"' : *text);
	out = json_parse_new(s.p, s.len, &e);
	if (!out)
		print_error("%s\n", e.msg);
	str_release(&s);
	assert_non_null(out);
	return out;
}

/* Labels of a container of Compose mode, but for its number. */
#define BLOG_WEB                                                                                   \
	"'com.docker.compose.project':'blog','com.docker.compose.service':'web',"                  \
	"'com.docker.compose.project.working_dir':'/r/app/blog'"
#define NUMBER "'com.docker.compose.container-number':"

static const char containers[] =
	"[{'Id':'c2','Names':['/x/alias','/blog-web-10'],'Image':'sha256:0123456789abcdef',"
	"'State':'exited','Status':'Exited (137) 3 minutes ago',"
	"'Labels':{" BLOG_WEB "," NUMBER "'10'}},"
	"{'Id':'c1','Names':['/blog-web-2'],'Image':'nginx:1','State':'running',"
	"'Status':'Up 2 minutes (unhealthy)','Ports':["
	"{'IP':'::','PrivatePort':80,'PublicPort':8080,'Type':'tcp'},"
	"{'IP':'0.0.0.0','PrivatePort':80,'PublicPort':8080,'Type':'tcp'},"
	"{'IP':'127.0.0.1','PrivatePort':53,'PublicPort':5353,'Type':'udp'},"
	"{'IP':'::1','PrivatePort':53,'PublicPort':5353,'Type':'udp'},"
	"{'PrivatePort':443,'Type':'tcp'}],'Labels':{" BLOG_WEB "," NUMBER "'2'}},"
	"{'Id':'c3','Names':['/blog-web-run'],'State':'running','Status':'Up',"
	"'Labels':{'com.docker.compose.oneoff':'True'," BLOG_WEB "," NUMBER "'1'}},"
	"{'Id':'c4','Names':['/blog-evil'],'State':'running','Status':'Up','Labels':{}},"
	"{'Id':'c5','Names':['/shop_api.3.abc'],'Image':'api:1@sha256:ff','State':'running',"
	"'Status':'Up 1 second (health: starting)','Labels':{"
	"'com.docker.stack.namespace':'shop','com.docker.swarm.service.name':'shop_api',"
	"'com.docker.swarm.task.name':'shop_api.3.abc','com.docker.swarm.node.id':'n1'}}]";

static void test_containers_are_known_by_their_labels(void **state)
{
	struct instances list = {.arena = arena_new()};
	json_t *all = json(containers);
	const struct instance *it;

	(void)state;
	instances_add_containers(&list, all, now_s);
	instances_sort(&list);
	assert_int_equal(list.count, 3);
	it = &list.items[0];
	assert_string_equal(it->name, "blog-web-2");
	assert_string_equal(it->label, "web-2");
	assert_string_equal(it->app, "blog");
	assert_string_equal(it->folder, "/r/app/blog");
	assert_string_equal(it->health, "unhealthy");
	assert_true(it->running && !it->swarm);
	assert_int_equal(it->exit_code, -1);
	it = &list.items[1];
	assert_string_equal(it->name, "blog-web-10");
	assert_string_equal(it->image, "0123456789ab");
	assert_int_equal(it->number, 10);
	assert_int_equal(it->exit_code, 137);
	assert_false(it->running);
	it = &list.items[2];
	assert_int_equal(containers_running(all, "blog"), 1);
	assert_int_equal(containers_running(all, "shop"), 0);
	assert_string_equal(it->app, "shop");
	assert_string_equal(it->service, "api");
	assert_string_equal(it->label, "api.3");
	assert_string_equal(it->image, "api:1");
	assert_string_equal(it->health, "starting");
	assert_int_equal(it->number, 3);
	assert_true(it->swarm);
	assert_null(it->folder);
	json_decref(all);
	arena_free(list.arena);
}

/* As it is in the engine's list, made at `created`. */
static int64_t since(const char *status, int64_t created)
{
	struct instances list = {.arena = arena_new()};
	json_t *all = json("[{'Id':'c','Names':['/x'],'State':'running','Labels':{" BLOG_WEB "}}]");
	json_t *it = json_array_get(all, 0);
	int64_t out;

	json_object_set_new(it, "Status", json_string(status));
	json_object_set_new(it, "Created", json_integer(created));
	instances_add_containers(&list, all, now_s);
	assert_string_equal(list.items[0].container, "c");
	out = list.items[0].since;
	json_decref(all);
	arena_free(list.arena);
	return out;
}

static void test_since_is_read_off_the_status(void **state)
{
	static const struct {
		const char *status;
		int64_t ago; /* -1: unknown */
	} rows[] = {
		{"Up 45 seconds", 45},
		{"Up Less than a second", 0},
		{"Up About a minute (healthy)", 60},
		{"Up About an hour", 3600},
		{"Up 5 weeks", 5 * 604800},
		{"Exited (137) 3 minutes ago", 180},
		{"Exited (0) Less than a second ago", 0},
		{"Restarting (1) 5 seconds ago", 5},
		{"Up 2 minutes (Paused)", 120},
		{"Created", -1},
		{"Dead", -1},
		{"Removal In Progress", -1},
		{"Up", -1},
		{"Up some time", -1},
		{"Up -1 seconds", -1},
		{"Exited (0", -1},
		{"", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(since(rows[i].status, 1),
				 rows[i].ago < 0 ? -1 : now_s - rows[i].ago);
}

static void test_since_is_when_it_was_made_if_that_fits(void **state)
{
	(void)state;
	/* The engine rounds. */
	assert_int_equal(since("Up 2 hours", now_s - 9000), now_s - 9000);
	assert_int_equal(since("Up 2 hours", now_s - 5500), now_s - 5500);
	/* Started again since; or the engine's clock is ahead of ours. */
	assert_int_equal(since("Up 2 hours", now_s - 11000), now_s - 7200);
	assert_int_equal(since("Up 5 seconds", now_s + 100), now_s - 5);
	/* It ended later than it was made, by an unknown time. */
	assert_int_equal(since("Exited (0) 2 hours ago", now_s - 9000), now_s - 7200);
	assert_int_equal(since("Exited (0) 2 hours ago", now_s - 5500), now_s - 5500);
}

static void test_ports_are_united_and_bounded(void **state)
{
	struct instances list = {.arena = arena_new()};
	json_t *all = json(containers), *ports;
	const struct instance *it;

	(void)state;
	instances_add_containers(&list, all, now_s);
	it = &list.items[1];
	assert_string_equal(ports_text(list.arena, it->ports, it->port_count, 9),
			    "127.0.0.1:5353->53/udp, [::1]:5353->53/udp, 8080->80/tcp, 443/tcp");
	assert_string_equal(ports_text(list.arena, it->ports, it->port_count, 1),
			    "127.0.0.1:5353->53/udp, +3");
	assert_string_equal(ports_text(list.arena, NULL, 0, 4), "");
	ports = ports_json_new(it->ports, it->port_count);
	assert_int_equal(json_array_size(ports), 4);
	assert_true(json_is_null(json_object_get(json_array_get(ports, 2), "host_ip")));
	assert_true(json_is_null(json_object_get(json_array_get(ports, 3), "published")));
	json_decref(ports);
	json_decref(all);
	arena_free(list.arena);
}

/* Of a stack "shop"; err NULL: none, and no exit code. */
static const struct task_row {
	const char *id, *service;
	int slot;
	const char *node, *created, *desired, *state, *err;
} task_rows[] = {
	{"t1", "s1", 1, "n1", "2026-01-01", "shutdown", "failed", "task: non-zero exit (4)"},
	{"t2", "s1", 1, "n2", "2026-01-02", "running", "starting", NULL},
	{"t3", "s1", 2, "n1", "2026-01-01", "shutdown", "running", NULL},
	{"t4", "s1", 2, "n1", "2026-01-02", "running", "running", NULL},
	{"t5", "s1", 3, "n1", "2026-01-01", "remove", "shutdown", NULL},
	{"t6", "s2", 0, "n1", "2026-01-01", "running", "running", NULL},
	{"t7", "s2", 0, "n2", "2025-12-31", "shutdown", "failed", "no"},
};

static json_t *tasks_new(void)
{
	json_t *out = json_array();

	for (size_t i = 0; i < sizeof task_rows / sizeof *task_rows; i++) {
		const struct task_row *row = &task_rows[i];
		json_t *status = json_pack("{s:s,s:s,s:s*}", "State", row->state, "Timestamp",
					   "2026-11-22T04:30:35.5Z", "Err", row->err);

		if (row->err)
			json_object_set_new(
				status, "ContainerStatus",
				json_pack("{s:i,s:s}", "ExitCode", 4, "ContainerID", "c7"));
		json_array_append_new(
			out, json_pack("{s:s,s:s,s:i,s:s,s:s,s:s,s:o,s:{s:{s:s,s:{s:s}}}}", "ID",
				       row->id, "ServiceID", row->service, "Slot", row->slot,
				       "NodeID", row->node, "CreatedAt", row->created,
				       "DesiredState", row->desired, "Status", status, "Spec",
				       "ContainerSpec", "Image", "bb:1@sha256:00", "Labels",
				       "com.docker.stack.namespace", "shop"));
	}
	return out;
}

static const char services[] = "[{'ID':'s1','Spec':{'Name':'shop_web'},'Endpoint':{'Ports':["
			       "{'Protocol':'tcp','TargetPort':80,'PublishedPort':8000}]}},"
			       "{'ID':'s2','Spec':{'Name':'shop_agent'}}]";
static const char nodes[] = "[{'ID':'n1','Description':{'Hostname':'one'}},"
			    "{'ID':'n2','Description':{'Hostname':'two'}}]";

static void test_tasks_are_the_newest_of_their_slots(void **state)
{
	static const struct {
		const char *id, *name, *status, *node;
	} rows[] = {
		{"t6", "shop_agent.n1", "Running 2 minutes ago", "one"},
		{"t7", "shop_agent.n2", "Failed 2 minutes ago: no", "two"},
		{"t2", "shop_web.1", "Starting 2 minutes ago", "two"},
		{"t3", "shop_web.2", "Running 2 minutes ago", "one"},
		{"t4", "shop_web.2", "Running 2 minutes ago", "one"},
	};
	struct instances list = {.arena = arena_new()};
	json_t *t = tasks_new(), *s = json(services), *n = json(nodes);
	int64_t now;

	(void)state;
	assert_true(time_parse("2026-11-22T04:32:40Z", &now, NULL));
	instances_add_tasks(&list, t, s, n, now);
	instances_sort(&list);
	assert_int_equal(list.count, sizeof rows / sizeof *rows);
	for (size_t i = 0; i < list.count; i++) {
		assert_string_equal(list.items[i].id, rows[i].id);
		assert_string_equal(list.items[i].name, rows[i].name);
		assert_string_equal(list.items[i].status, rows[i].status);
		assert_string_equal(list.items[i].node, rows[i].node);
		assert_string_equal(list.items[i].app, "shop");
		assert_string_equal(list.items[i].image, "bb:1");
	}
	assert_int_equal(list.items[1].exit_code, 4);
	assert_string_equal(list.items[1].container, "c7");
	assert_string_equal(list.items[0].container, "");
	assert_int_equal(list.items[0].since, now - 125);
	assert_int_equal(list.items[0].exit_code, -1);
	assert_string_equal(list.items[2].service, "web");
	assert_string_equal(list.items[2].label, "web.1");
	assert_string_equal(
		ports_text(list.arena, list.items[2].ports, list.items[2].port_count, 4),
		"8000->80/tcp");
	json_decref(t);
	json_decref(s);
	json_decref(n);
	arena_free(list.arena);
}

static void test_one_node_has_no_name_and_a_gone_service_its_id(void **state)
{
	struct instances list = {.arena = arena_new()};
	json_t *t = tasks_new(), *n = json("[{'ID':'n1','Description':{'Hostname':'one'}}]");

	(void)state;
	instances_add_tasks(&list, t, NULL, n, 0);
	assert_int_equal(list.count, 5);
	assert_null(list.items[0].node);
	assert_string_equal(list.items[0].name, "s1.1");
	json_decref(t);
	json_decref(n);
	arena_free(list.arena);
}

static void test_strange_answers_do_no_harm(void **state)
{
	static const char *const strange[] = {
		"[]",
		"{}",
		"null",
		"[null, 1, 'x', {}, []]",
		"[{'Labels':{'com.docker.compose.project':'a'},'Names':7,'Ports':{},'Status':1}]",
		"[{'ID':1,'Status':'x','Spec':[]},{'ServiceID':'s','Status':{'State':''}}]",
		"[{'ID':'t','Status':{'State':'new','Timestamp':'0001-01-01T00:00:00Z'}}]",
		"[{'Labels':{'com.docker.stack.namespace':'a','com.docker.swarm.service.name':'b'}}"
		"]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
		struct instances list = {.arena = arena_new()};
		json_t *value = json(strange[i]);

		instances_add_containers(&list, value, now_s);
		instances_add_tasks(&list, value, value, value, 1);
		instances_sort(&list);
		for (size_t j = 0; j < list.count; j++)
			assert_true(list.items[j].app && list.items[j].service &&
				    list.items[j].name && list.items[j].label && list.items[j].id &&
				    list.items[j].status && list.items[j].state &&
				    list.items[j].container && list.items[j].since == -1);
		json_decref(value);
		arena_free(list.arena);
	}
}

static void test_spans_are_said_as_docker_says_them(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = {
		{-5, "Less than a second"}, {1, "1 second"},	      {59, "59 seconds"},
		{60, "About a minute"},	    {119, "About a minute"},  {120, "2 minutes"},
		{3600, "About an hour"},    {47 * 3600, "47 hours"},  {48 * 3600, "2 days"},
		{20 * 86400, "2 weeks"},    {70 * 86400, "2 months"}, {800 * 86400LL, "2 years"},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(time_span(a, rows[i].seconds), rows[i].text);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_containers_are_known_by_their_labels),
		cmocka_unit_test(test_since_is_read_off_the_status),
		cmocka_unit_test(test_since_is_when_it_was_made_if_that_fits),
		cmocka_unit_test(test_ports_are_united_and_bounded),
		cmocka_unit_test(test_tasks_are_the_newest_of_their_slots),
		cmocka_unit_test(test_one_node_has_no_name_and_a_gone_service_its_id),
		cmocka_unit_test(test_strange_answers_do_no_harm),
		cmocka_unit_test(test_spans_are_said_as_docker_says_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
