/*
 * Input that means harm: what is no YAML, what is too large, what is not text. Each must end in
 * an error, soon.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kata/app.h"
#include "kata/json.h"

#define FILE_SHOWN "app/blog/kata-compose.yaml"
#define ENV_SHOWN  "config/blog/ENV"

struct fixture {
	struct arena *arena;
	struct app_source source;
	struct app app;
};

static void setup(struct fixture *f, const char *yaml, const char *env)
{
	f->arena = arena_new();
	f->source = (struct app_source){
		.name = "blog",
		.root = "/srv/kata/",
		.uid = 1000,
		.gid = 33,
		.stack = {.path = FILE_SHOWN, .bytes = yaml, .len = yaml ? strlen(yaml) : 0},
		.env = {.path = ENV_SHOWN, .bytes = env, .len = env ? strlen(env) : 0},
	};
}

static void decode(struct fixture *f, const char *yaml, const char *env)
{
	setup(f, yaml, env);
	app_decode(&f->app, f->arena, &f->source);
}

static void done(struct fixture *f)
{
	app_release(&f->app);
	arena_free(f->arena);
}

static const struct problem *nth(const struct fixture *f, size_t i)
{
	if (i >= f->app.problems.count)
		fail_msg("only %zu problems", f->app.problems.count);
	return &f->app.problems.items[i];
}

/* Input that must end in an error with a place, never in a crash or a long wait. */
static const char *const hostile[] = {
	"caddy: [\n",
	"caddy: {a: b\n",
	"a: b: c\n",
	"caddy:\n\tlisten: []\n",
	"caddy: {listen: []}\ncaddy: {}\n",
	"caddy: {listen: [\":80\"], listen: [\":81\"]}\n",
	"caddy: \"\xff\xfe\"\n",
	"caddy: \"\xed\xa0\x80\"\n",
	"caddy: \"a\\0b\"\n",
	"? [a, b]\n: c\n",
	"a: *nothing\n",
	"a: &a [*a]\n",
	"--- {}\n--- {}\n",
	"%YAML 9.9\n---\na: b\n",
	"services: {a: &x {b: *x}}\n",
	"\x01\x02\x03",
	"caddy: !!binary |\n  AAAA\nother: [",
};

static void test_hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		struct fixture f;

		decode(&f, hostile[i], NULL);
		if (f.app.state != APP_INVALID)
			fail_msg("accepted: %s", hostile[i]);
		assert_null(f.app.caddy);
		assert_true(nth(&f, 0)->place.line > 0);
		done(&f);
	}
}

static void test_windows_file(void **state)
{
	struct fixture f;

	(void)state;
	decode(&f,
	       "\xef\xbb\xbf"
	       "caddy:\r\n  listen: [\":$PORT\"]\r\n  routes: []\r\n",
	       "\xef\xbb\xbfPORT=80\r\n");
	assert_int_equal(f.app.state, APP_VALID);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(f.app.caddy, "listen"), 0)),
		":80");
	done(&f);
}

static void test_nul_byte(void **state)
{
	static const char yaml[] = "caddy:\n  listen: [\"\0:80\"]\n";
	struct fixture f;

	(void)state;
	setup(&f, yaml, NULL);
	f.source.stack.len = sizeof yaml - 1;
	app_decode(&f.app, f.arena, &f.source);
	assert_int_equal(f.app.state, APP_INVALID);
	done(&f);
}

static void test_alias_bomb(void **state)
{
	struct str yaml = STR_INIT;
	struct fixture f;

	(void)state;
	str_add(&yaml, "x-0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n");
	for (int i = 1; i < 12; i++) {
		str_addf(&yaml, "x-%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			str_addf(&yaml, "%s*a%d", k ? ", " : "", i - 1);
		str_add(&yaml, "]\n");
	}
	str_add(&yaml, "caddy: {listen: *a11}\n");
	decode(&f, yaml.p, NULL);
	assert_int_equal(f.app.state, APP_INVALID);
	done(&f);
	str_release(&yaml);
}

static void test_large_files(void **state)
{
	enum { SIZE = 10 << 20 };
	char *bytes = malloc(SIZE + 1);
	struct str yaml = STR_INIT;
	struct fixture f;

	(void)state;
	memset(bytes, 'a', SIZE);
	bytes[SIZE] = '\0';
	decode(&f, bytes, NULL);
	assert_int_equal(f.app.state, APP_INVALID);
	done(&f);
	free(bytes);
	str_add(&yaml, "caddy:\n  listen: [\":80\"]\n  zero: &z\n");
	for (int i = 0; i < 40000; i++)
		str_addf(&yaml, "    k%d: $V%d\n", i, i);
	decode(&f, yaml.p, NULL);
	assert_int_equal(f.app.state, APP_INVALID);
	assert_int_equal(f.app.problems.count, PROBLEMS_MAX);
	done(&f);
	str_release(&yaml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile),	    cmocka_unit_test(test_windows_file),
		cmocka_unit_test(test_nul_byte),    cmocka_unit_test(test_alias_bomb),
		cmocka_unit_test(test_large_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
