/* Watching the apps' files and the machine; and a screen of records, where nothing is watched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "kata/file.h"
#include "kata/json.h"
#include "kata/memory.h"
#include "ui/live.h"

static char root[32];
static struct loop *loop;
static struct live *live;
static struct str seen;

static void on_files(void *arg, const char *app)
{
	(void)arg;
	str_addf(&seen, "<%s>", app ? app : "*");
}

static void on_other(void *arg)
{
	(void)arg;
	str_add(&seen, "<other>");
}

/* Its engine and Caddy are no addresses: they tell once, and stay silent. */
static const struct live_events events = {.files = on_files};

static void turn_for(int64_t ms)
{
	int64_t until = loop_now_ms() + ms, left;

	while ((left = until - loop_now_ms()) > 0)
		loop_turn(loop, left);
}

/* What was told since the last time. */
static const char *told(void)
{
	static char copy[256];

	str_clear(&seen);
	turn_for(180);
	snprintf(copy, sizeof copy, "%s", seen.p);
	return copy;
}

/* Good until the call after the next. */
static const char *at(const char *path)
{
	static char both[2][256];
	static int turn;
	char *full = both[turn = !turn];

	snprintf(full, sizeof both[0], "%s/%s", root, path);
	return full;
}

static void make(const char *path)
{
	assert_int_equal(mkdir(at(path), 0755), 0);
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(at(path), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void watch_root(void)
{
	struct live_options options = {.root = root, .docker = "ssh://no"};

	live = live_new(loop, &options, &events);
	assert_int_equal(seen.len, 0);
}

static int setup(void **state)
{
	(void)state;
	snprintf(root, sizeof root, "/tmp/kata-live-XXXXXX");
	if (!mkdtemp(root))
		return 1;
	loop = loop_new();
	seen = (struct str)STR_INIT;
	return 0;
}

static int teardown(void **state)
{
	struct kata_error e;

	(void)state;
	live_free(live);
	live = NULL;
	assert_false(loop_turn(loop, 0));
	loop_free(loop);
	str_release(&seen);
	assert_true(file_remove_tree(root, "/tmp", &e));
	return 0;
}

static void two_apps(void)
{
	make("app");
	make("config");
	make("app/shop");
	make("app/blog");
	make("app/shop/static");
	make("config/shop");
	watch_root();
	assert_string_equal(told(), "");
}

static void test_files(void **state)
{
	(void)state;
	two_apps();
	put("app/shop/kata-compose.yaml", "a: 1\n");
	put("app/shop/kata-compose.yaml", "a: 2\n");
	assert_string_equal(told(), "<shop>");
	put("config/shop/ENV", "A=1\n");
	assert_string_equal(told(), "<shop>");
	put("config/shop/.kata-mode", "swarm\n");
	put("app/blog/compose.override.yml", "");
	assert_string_equal(told(), "<blog><shop>");
	assert_int_equal(chmod(at("app/shop/kata-compose.yaml"), 0), 0);
	assert_string_equal(told(), "<shop>");
	assert_int_equal(rename(at("app/shop/kata-compose.yaml"), at("app/shop/.away")), 0);
	assert_string_equal(told(), "<shop>");
	assert_int_equal(symlink("elsewhere", at("app/shop/kata-compose.yaml")), 0);
	assert_string_equal(told(), "<shop>");
	assert_int_equal(unlink(at("config/shop/ENV")), 0);
	assert_string_equal(told(), "<shop>");
	const json_t *log = live_log(live);
	const json_t *entry = json_array_get(log, json_array_size(log) - 1);
	assert_string_equal(json_member_text(entry, "source"), "files");
	assert_string_equal(json_member_text(entry, "app"), "shop");
	assert_string_equal(json_member_text(entry, "text"), "files of shop changed");
}

static void test_files_that_do_not_matter(void **state)
{
	(void)state;
	two_apps();
	put("app/shop/static/kata-compose.yaml", "");
	put("app/shop/.kata-compose.yaml.swp", "");
	put("app/shop/.docker-compose.yaml", "");
	put("app/shop/kata-compose.yaml~", "");
	put("app/shop/access.log", "");
	put("app/shop/data.sqlite3-journal", "");
	put("app/README", "");
	put("elsewhere", "");
	make("app/shop/cache");
	make("app/.hidden");
	assert_string_equal(told(), "");
	/* Perhaps an env_file: told, but not all the time. */
	put("app/shop/production", "A=1");
	assert_string_equal(told(), "<shop>");
	put("app/shop/production", "A=2");
	put("app/blog/production", "A=2");
	assert_string_equal(told(), "<blog>");
	put("app/shop/kata-compose.yaml", "");
	assert_string_equal(told(), "<shop>");
	put("app/shop/production", "A=3");
	str_clear(&seen);
	turn_for(4500);
	assert_string_equal(seen.p, "");
	turn_for(500);
	assert_string_equal(seen.p, "<shop>");
}

static void test_folders(void **state)
{
	(void)state;
	two_apps();
	make("app/wiki");
	put("app/wiki/kata-compose.yaml", "");
	assert_string_equal(told(), "<*>");
	put("app/wiki/kata-compose.yaml", "a");
	assert_string_equal(told(), "<wiki>");
	/* Settings that come later. */
	make("config/wiki");
	put("config/wiki/ENV", "");
	assert_string_equal(told(), "<wiki>");
	put("config/wiki/ENV", "A=1");
	assert_string_equal(told(), "<wiki>");
	/* Another folder under the name. */
	assert_int_equal(rename(at("app/wiki"), at("app/.old")), 0);
	make("app/wiki");
	assert_string_equal(told(), "<wiki>");
	put("app/.old/kata-compose.yaml", "b");
	assert_string_equal(told(), "");
	put("app/wiki/kata-compose.yaml", "b");
	assert_string_equal(told(), "<wiki>");
	unlink(at("app/wiki/kata-compose.yaml"));
	rmdir(at("app/wiki"));
	assert_string_equal(told(), "<*>");
	/* One folder under two names. */
	assert_int_equal(symlink("shop", at("app/twin")), 0);
	assert_string_equal(told(), "<*>");
	put("app/shop/kata-compose.yaml", "c");
	assert_string_equal(told(), "<shop><twin>");
	unlink(at("app/twin"));
	assert_string_equal(told(), "<*>");
	put("app/shop/kata-compose.yaml", "d");
	assert_string_equal(told(), "<shop>");
}

static void test_parents(void **state)
{
	(void)state;
	watch_root();
	assert_string_equal(told(), "");
	make("app");
	make("app/shop");
	assert_string_equal(told(), "<*>");
	put("app/shop/kata-compose.yaml", "");
	assert_string_equal(told(), "<shop>");
	make("config");
	make("config/shop");
	assert_string_equal(told(), "<*>");
	put("config/shop/ENV", "");
	assert_string_equal(told(), "<shop>");
	assert_int_equal(rename(at("app"), at("gone")), 0);
	assert_string_equal(told(), "<*>");
	put("gone/shop/kata-compose.yaml", "");
	assert_string_equal(told(), "");
	assert_int_equal(rename(at("gone"), at("app")), 0);
	assert_string_equal(told(), "<*>");
	put("app/shop/kata-compose.yaml", "");
	assert_string_equal(told(), "<shop>");
}

static void test_many(void **state)
{
	char path[64];

	(void)state;
	make("app");
	make("config");
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof path, "app/a%d", i);
		make(path);
	}
	int64_t began = loop_now_ms();
	watch_root();
	assert_in_range(loop_now_ms() - began, 0, 500);
	put("app/a567/kata-compose.yaml", "");
	assert_string_equal(told(), "<a567>");
	/* As one change. */
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof path, "app/a%d/kata-compose.yaml", i);
		put(path, "x");
	}
	const char *text = told();
	assert_true(!strcmp(text, "<*>") || !strcmp(text, "<*><*>"));
}

/* No descriptor is left for inotify: the kernel's own limit is the whole machine's. */
static void test_without_inotify(void **state)
{
	struct rlimit limit, none;
	int fd;

	(void)state;
	make("app");
	make("config");
	make("config/shop");
	make("app/shop");
	put("app/shop/kata-compose.yaml", "");
	fd = dup(0);
	close(fd);
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = (rlim_t)fd;
	setrlimit(RLIMIT_NOFILE, &none);
	watch_root();
	setrlimit(RLIMIT_NOFILE, &limit);
	const json_t *entry = json_array_get(live_log(live), 0);
	assert_non_null(strstr(json_member_text(entry, "text"), "looked at every 2 s"));
	turn_for(2200);
	str_clear(&seen);
	put("config/shop/ENV", "A=1\n");
	turn_for(2200);
	assert_string_equal(seen.p, "<shop>");
	make("app/blog");
	turn_for(2200);
	assert_string_equal(seen.p, "<shop><*>");
	put("app/blog/kata-compose.yaml", "");
	turn_for(2200);
	assert_string_equal(seen.p, "<shop><*><blog>");
}

static void test_host(void **state)
{
	(void)state;
	watch_root();
	const json_t *host = live_host(live);
	double cpu = json_number_value(json_object_get(host, "cpu"));
	assert_true(cpu >= 0 && cpu <= 100);
	assert_int_equal(json_array_size(json_object_get(host, "load")), 3);
	for (size_t i = 0; i < 2; i++) {
		const char *name = i ? "disk" : "memory",
			   *total = i ? "disk_total" : "memory_total";
		json_int_t used = json_integer_value(json_object_get(host, name));

		assert_true(used > 0);
		assert_true(json_integer_value(json_object_get(host, total)) >= used);
	}
	assert_true(json_integer_value(json_object_get(host, "uptime")) > 0);
	/* Asked again at once it is the same reading. */
	assert_ptr_equal(live_host(live), host);
}

static void test_no_events(void **state)
{
	struct live_events all = {.files = on_files,
				  .docker_state = on_other,
				  .caddy = on_other,
				  .numbers = on_other};
	struct live_options options = {
		.root = root, .docker = "unix:///nowhere/sock", .no_events = true};
	json_t *ids = json_pack("[s]", "x");
	json_t *status = json_pack("{s:[{s:b}],s:{s:b,s:{s:s}}}", "caddy", "reachable", 1, "docker",
				   "reachable", 0, "error", "message", "gone");
	json_t *told = json_pack("{s:{s:{}},s:[{s:s}]}", "stats", "x", "log", "text", "hello");

	(void)state;
	make("app");
	options.caddy = json_pack("[s,s]", "localhost:2019", "unix//nowhere/caddy");
	live = live_new(loop, &options, &all);
	live_want_stats(live, ids);
	live_caddy_soon(live);
	put("app/x", "");
	assert_false(loop_turn(loop, 0));
	assert_int_equal(seen.len, 0);
	assert_false(live_docker(live)->known);
	assert_string_equal(live_docker(live)->endpoint, "unix:///nowhere/sock");
	assert_int_equal(live_caddy_count(live), 2);
	assert_false(live_caddy(live, 1)->known);
	assert_string_equal(live_caddy(live, 1)->endpoint, "unix//nowhere/caddy");
	assert_int_equal(json_array_size(live_log(live)), 0);
	assert_int_equal(json_object_size(live_stats(live)), 0);
	assert_int_equal(json_object_size(live_upstreams(live)), 0);
	live_pretend(live, status, told);
	assert_true(live_docker(live)->known && !live_docker(live)->up);
	assert_string_equal(live_docker(live)->error.msg, "gone");
	assert_true(live_caddy(live, 0)->up && !live_caddy(live, 1)->known);
	assert_int_equal(json_array_size(live_log(live)), 1);
	assert_int_equal(json_object_size(live_stats(live)), 1);
	assert_null(live_host(live));
	json_decref(status);
	json_decref(told);
	json_decref(ids);
	json_decref((json_t *)options.caddy);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_files),   TEST(test_files_that_do_not_matter),
		TEST(test_folders), TEST(test_parents),
		TEST(test_many),    TEST(test_without_inotify),
		TEST(test_host),    TEST(test_no_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
