/*
 * An app from its folder's bytes: names, environment, top-level keys, the caddy: block as
 * expanded JSON.
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

/* All problems as "line:column severity rule", one a line. */
static char *summary(const struct fixture *f)
{
	struct str out = STR_INIT;

	for (size_t i = 0; i < f->app.problems.count; i++) {
		const struct problem *p = &f->app.problems.items[i];

		str_addf(&out, "%u:%u %s %s\n", p->place.line, p->place.column,
			 severity_name(p->severity), p->rule ? p->rule : "-");
	}
	return str_detach(&out);
}

static void assert_summary(const struct fixture *f, const char *expected)
{
	char *text = summary(f);

	assert_string_equal(text, expected);
	free(text);
}

static void assert_block(const struct fixture *f, const char *expected)
{
	struct str out = STR_INIT;

	assert_non_null(f->app.caddy);
	json_canonical(&out, f->app.caddy);
	assert_string_equal(out.p, expected);
	str_release(&out);
}

static void test_names(void **state)
{
	static const char *const good[] = {"a", "blog", "my-app_2", "0", "kata"};
	static const char *const bad[] = {"",	 "Blog", "-a",	     "_a",	 ".git", "a.b",
					  "a/b", "a b",	 "kata_443", "\xc3\xa4", "a\n"};
	char name[65];

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_null(app_name_problem(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_non_null(app_name_problem(bad[i]));
	memset(name, 'a', sizeof name);
	name[63] = '\0';
	assert_null(app_name_problem(name));
	name[63] = 'a';
	name[64] = '\0';
	assert_non_null(app_name_problem(name));
}

static void test_base_environment(void **state)
{
	static const char *const expected[][2] = {
		{"PUID", "1000"},
		{"PGID", "33"},
		{"APP_ROOT", "/srv/kata/app/blog"},
		{"DATA_ROOT", "/srv/kata/data/blog"},
		{"ENV_ROOT", "/srv/kata/envs/blog"},
		{"CONFIG_ROOT", "/srv/kata/config/blog"},
		{"GIT_ROOT", "/srv/kata/repos/blog"},
		{"LOG_ROOT", "/srv/kata/logs/blog"},
		{"CACHE_ROOT", "/srv/kata/.kata/cache/blog"},
		{"BIND_ADDRESS", "127.0.0.1"},
	};
	struct fixture f;

	(void)state;
	decode(&f, "services: {}\n", NULL);
	assert_int_equal(f.app.state, APP_VALID);
	assert_int_equal(f.app.env.count, sizeof expected / sizeof *expected);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
		assert_string_equal(env_get(&f.app.env, expected[i][0])->value, expected[i][1]);
	done(&f);
	setup(&f, "services: {}\n", NULL);
	f.source.root = "/";
	app_decode(&f.app, f.arena, &f.source);
	assert_string_equal(env_get(&f.app.env, "APP_ROOT")->value, "/app/blog");
	done(&f);
}

static void test_layers(void **state)
{
	struct fixture f;

	(void)state;
	decode(&f, "environment:\n  KEY: a\n  URL: http://a/$KEY\n  OPEN: $BIND_ADDRESS\n",
	       "KEY=sesame\n");
	assert_string_equal(env_get(&f.app.env, "URL")->value, "http://a/sesame");
	assert_true(env_get(&f.app.env, "URL")->secret);
	assert_false(env_get(&f.app.env, "OPEN")->secret);
	done(&f);
}

static void test_typed_scalars(void **state)
{
	struct fixture f;

	(void)state;
	decode(&f,
	       "environment: {N: 404, T: \"true\", E: \"\", Z: \"null\", Q: \"5\"}\n"
	       "caddy:\n"
	       "  listen: [\":80\"]\n"
	       "  routes:\n"
	       "  - handle:\n"
	       "    - handler: vars\n      a: 1\n      b: \"1\"\n      c: true\n"
	       "      d: 1.5\n      e: $N\n      f: \"$N\"\n      g: $T\n      h: $E\n"
	       "      i: $Z\n      j: x$N\n      k: $$N\n      l: 0x10\n"
	       "      m: !!str 5\n      n: ''\n      80: x\n      $N: y\n      o: ${N}\n"
	       "      p: ${U:-7}\n      q: \"{http.vars.x}\"\n      r: $2a$14$abc\n"
	       "      s: ~\n",
	       NULL);
	assert_summary(&f, "");
	assert_block(&f,
		     "{\"listen\":[\":80\"],\"routes\":[{\"handle\":[{\"$N\":\"y\",\"80\":\"x\","
		     "\"a\":1,\"b\":\"1\",\"c\":true,\"d\":1.5,\"e\":404,\"f\":\"404\",\"g\":true,"
		     "\"h\":\"\",\"handler\":\"vars\",\"i\":\"null\",\"j\":\"x404\",\"k\":\"$N\","
		     "\"l\":16,\"m\":\"5\",\"n\":\"\",\"o\":404,\"p\":7,"
		     "\"q\":\"{http.vars.x}\",\"r\":\"$2a$14$abc\",\"s\":null}]}]}");
	assert_int_equal(f.app.secret_count, 0);
	done(&f);
}

static void test_no_injection(void **state)
{
	struct fixture f;

	(void)state;
	decode(&f, "caddy:\n  listen: [\"$L\"]\n  routes: []\n", "L=':80\"], \"admin\": [\"'\n");
	assert_int_equal(f.app.state, APP_INVALID);
	done(&f);
	decode(&f,
	       "environment: {V: \"[1, 2]\", W: $V}\n"
	       "caddy: {listen: [\":80\"], routes: [{handle: [{handler: vars, a: $V, b: $W}]}]}\n",
	       NULL);
	assert_block(&f, "{\"listen\":[\":80\"],\"routes\":[{\"handle\":[{\"a\":\"[1, 2]\","
			 "\"b\":\"[1, 2]\",\"handler\":\"vars\"}]}]}");
	done(&f);
}

static void test_secret_paths(void **state)
{
	struct fixture f;

	(void)state;
	decode(&f,
	       "environment: {OPEN: \"1\", MIX: \"x$KEY\"}\n"
	       "caddy:\n  listen: [\":80\"]\n  routes:\n  - handle:\n"
	       "    - {handler: vars, a: $OPEN, b: \"k $KEY\", c: [x, $MIX]}\n",
	       "KEY=sesame\n");
	assert_int_equal(f.app.secret_count, 2);
	assert_string_equal(f.app.secret_paths[0], "routes/0/handle/0/b");
	assert_string_equal(f.app.secret_paths[1], "routes/0/handle/0/c/1");
	done(&f);
}

static void test_unset_variables(void **state)
{
	struct fixture f;
	const struct problem *p;

	(void)state;
	decode(&f,
	       "caddy:\n"
	       "  listen: [\":$PORT\"]\n"
	       "  routes:\n"
	       "  - terminal: $TERMINAL\n"
	       "    match: [{host: [$HOST, $HOST], path: [$P], path_regexp: {pattern: $R}}]\n"
	       "    handle:\n"
	       "    - handler: authentication\n"
	       "      providers: {http_basic: {accounts: [{username: u, password: $HASH}]}}\n"
	       "    - handler: $HANDLER\n"
	       "    - {handler: file_server, root: $HOST_APP_ROOT}\n",
	       NULL);
	assert_int_equal(f.app.state, APP_INVALID);
	assert_null(f.app.caddy);
	assert_true(f.app.wants_caddy);
	assert_summary(&f, "2:12 error variable-unset\n4:15 error variable-unset\n"
			   "5:21 error variable-unset\n5:28 error variable-unset\n"
			   "5:43 error variable-unset\n5:71 error variable-unset\n"
			   "8:67 error variable-unset\n9:16 error variable-unset\n"
			   "10:36 error variable-unset\n");
	p = nth(&f, 0);
	assert_string_equal(p->msg, "PORT is not set");
	assert_string_equal(p->place.file, FILE_SHOWN);
	assert_string_equal(p->path, "listen/0");
	assert_string_equal(p->hint,
			    "set PORT under environment: in this file, or in config/blog/ENV");
	p = nth(&f, 8);
	assert_string_equal(p->msg, "HOST_APP_ROOT is not set");
	assert_string_equal(p->hint, "did you mean APP_ROOT? Or set HOST_APP_ROOT under "
				     "environment: in this file, or in config/blog/ENV");
	done(&f);
}

static void test_similar_variables(void **state)
{
	struct fixture f;

	(void)state;
	decode(&f,
	       "environment: {WEB_PORT: 1, DOMAIN: a}\n"
	       "caddy: {listen: [\":80\"], routes: [{group: $PORT}, {group: $DOMIAN}, {group: "
	       "$QQ}]}\n",
	       NULL);
	assert_string_equal(nth(&f, 0)->hint, "did you mean WEB_PORT? Or set PORT under "
					      "environment: in this file, or in config/blog/ENV");
	assert_non_null(strstr(nth(&f, 1)->hint, "did you mean DOMAIN? Or set DOMIAN under"));
	assert_null(strstr(nth(&f, 2)->hint, "did you mean"));
	done(&f);
}

static void test_bad_variables(void **state)
{
	struct fixture f;

	(void)state;
	decode(&f, "caddy:\n  listen: [\":${PORT\", \":${PORT:?need it}\"]\n  routes: []\n", NULL);
	assert_summary(&f, "2:12 error variable\n2:23 error variable\n");
	done(&f);
	decode(&f, "environment: {A: $B, B: $A}\ncaddy: {listen: [\":80\"]}\n", NULL);
	assert_int_equal(f.app.state, APP_INVALID);
	done(&f);
}

/* A value of ENV may hold any byte; JSON and the terminal may not. */
static void test_bytes_from_env(void **state)
{
	struct fixture f;

	(void)state;
	decode(&f, "caddy: {listen: [\":80\"], routes: [{group: \"$X\"}]}\n", "X=\xff\xfe\n");
	assert_int_equal(f.app.state, APP_INVALID);
	done(&f);
}

static void test_top_level_keys(void **state)
{
	struct fixture f;

	(void)state;
	decode(&f,
	       "version: \"3\"\nbuild: {}\napp: {}\ninstances: 2\nschedule: []\ncloudflare: {}\n"
	       "services: {web: {image: x}}\nnetworks: {}\nvolumes: {}\nsecrets: {}\nconfigs: {}\n"
	       "name: other\nx-mine: 1\nx-kata-mode: swarm\n",
	       NULL);
	assert_int_equal(f.app.state, APP_VALID);
	assert_string_equal(f.app.mode, "swarm");
	assert_false(f.app.wants_caddy);
	assert_null(f.app.caddy);
	assert_summary(&f, "1:1 warning ignored-key\n2:1 warning ignored-key\n"
			   "3:1 warning ignored-key\n4:1 warning ignored-key\n"
			   "5:1 warning ignored-key\n6:1 warning ignored-key\n");
	done(&f);
	decode(&f, "cady: {}\nservces: {}\nfoo: 1\nx-kata-moed: x\n", NULL);
	assert_int_equal(f.app.state, APP_INVALID);
	assert_summary(&f, "1:1 error unknown-key\n2:1 error unknown-key\n3:1 error unknown-key\n"
			   "4:1 warning unknown-key\n");
	assert_string_equal(nth(&f, 0)->hint, "did you mean caddy:?");
	assert_string_equal(nth(&f, 1)->hint, "did you mean services:?");
	assert_string_equal(nth(&f, 2)->hint, "keys of your own begin with x-");
	assert_string_equal(nth(&f, 3)->hint, "did you mean x-kata-mode:?");
	done(&f);
}

static const struct shape_case {
	const char *yaml, *summary;
} shapes[] = {
	{"caddy:\n", "1:1 error caddy-empty\n"},
	{"caddy: null\nservices: {}\n", "1:1 error caddy-empty\n"},
	{"caddy: {}\n", "1:8 warning listen-missing\n"},
	{"services:\n", "1:1 warning services-empty\n"},
	{"services: web\n", "1:11 error services-type\n"},
	{"services: []\n", "1:11 error services-type\n"},
	{"services: {a: {}, b: null, c: [x]}\n",
	 "1:19 error service-type\n1:28 error service-type\n"},
	{"x-kata-mode: docker\n", "1:14 error x-kata-mode\n"},
	{"x-kata-mode: [swarm]\n", "1:14 error x-kata-mode\n"},
	{"x-kata-server: 5\n", "1:16 error x-kata-server\n"},
	{"x-kata-server: {a: b}\n", "1:16 error x-kata-server\n"},
	{"x-kata-server:\n", "1:15 error x-kata-server\n"},
	{"x-kata-server: \"\"\n", "1:16 error x-kata-server\n"},
	{"x-kata-server: srv0\n", "1:1 warning x-kata-server\n"},
	{"x-kata-server: $NONE\n", "1:16 error variable-unset\n"},
	{"- a\n", "1:1 error file-type\n"},
	{"text\n", "1:1 error file-type\n"},
	{"", "1:1 error -\n"},
	{"# nothing\n", "1:1 error -\n"},
};

static void test_shapes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		struct fixture f;
		char *text;

		decode(&f, shapes[i].yaml, NULL);
		text = summary(&f);
		if (strcmp(text, shapes[i].summary) != 0)
			fail_msg("%s: %s", shapes[i].yaml, text);
		assert_int_equal(f.app.state, strstr(text, "error") ? APP_INVALID : APP_VALID);
		free(text);
		done(&f);
	}
}

static void test_server(void **state)
{
	struct fixture f;

	(void)state;
	decode(&f, "x-kata-server: $S\nenvironment: {S: srv0}\ncaddy: {routes: []}\n", NULL);
	assert_int_equal(f.app.state, APP_VALID);
	assert_string_equal(f.app.server, "srv0");
	done(&f);
}

static void test_folders(void **state)
{
	struct fixture f;

	(void)state;
	decode(&f, NULL, NULL);
	assert_int_equal(f.app.state, APP_NO_FILE);
	assert_int_equal(f.app.problems.count, 0);
	done(&f);

	setup(&f, "services: {}\n", NULL);
	f.source.name = "kata_80";
	app_decode(&f.app, f.arena, &f.source);
	assert_int_equal(f.app.state, APP_INVALID);
	done(&f);

	setup(&f, NULL, NULL);
	f.source.error = "Permission denied";
	app_decode(&f.app, f.arena, &f.source);
	assert_int_equal(f.app.state, APP_INVALID);
	assert_non_null(strstr(nth(&f, 0)->msg, "Permission denied"));
	done(&f);

	setup(&f, NULL, NULL);
	f.source.stack.error = "Input/output error";
	app_decode(&f.app, f.arena, &f.source);
	assert_int_equal(f.app.state, APP_INVALID);
	done(&f);

	/* Without its secrets an app is not what it was: keep what is live. */
	setup(&f, "services: {}\n", NULL);
	f.source.env.error = "Permission denied";
	app_decode(&f.app, f.arena, &f.source);
	assert_int_equal(f.app.state, APP_INVALID);
	assert_string_equal(nth(&f, 0)->place.file, ENV_SHOWN);
	done(&f);
}

static void test_places(void **state)
{
	static const struct {
		const char *path;
		unsigned line, column;
	} places[] = {
		{"", 2, 1},
		{"listen", 3, 3},
		{"listen/0", 3, 12},
		{"listen/7", 3, 3},
		{"routes/0", 5, 5},
		{"routes/0/handle", 6, 5},
		{"routes/0/handle/0/handler", 7, 16},
		{"routes/0/handle/0/nothing/here", 7, 7},
		{"nothing", 3, 3},
		{"routes/x", 4, 3},
	};
	struct fixture f;

	(void)state;
	decode(&f,
	       "services: {}\ncaddy:\n  listen: [\":80\"]\n  routes:\n  - match: [{path: [/]}]\n"
	       "    handle:\n    - handler: static_response\n",
	       NULL);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct place place = app_caddy_place(&f.app, places[i].path);

		if (place.line != places[i].line || place.column != places[i].column)
			fail_msg("%s: %u:%u", places[i].path, place.line, place.column);
		assert_string_equal(place.file, FILE_SHOWN);
	}
	done(&f);
	decode(&f, "services: {}\n", NULL);
	assert_int_equal(app_caddy_place(&f.app, "routes/0").line, 0);
	done(&f);
	decode(&f, NULL, NULL);
	assert_int_equal(app_caddy_place(&f.app, "").line, 0);
	done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),		cmocka_unit_test(test_base_environment),
		cmocka_unit_test(test_layers),		cmocka_unit_test(test_typed_scalars),
		cmocka_unit_test(test_no_injection),	cmocka_unit_test(test_secret_paths),
		cmocka_unit_test(test_unset_variables), cmocka_unit_test(test_similar_variables),
		cmocka_unit_test(test_bad_variables),	cmocka_unit_test(test_bytes_from_env),
		cmocka_unit_test(test_top_level_keys),	cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_server),		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
