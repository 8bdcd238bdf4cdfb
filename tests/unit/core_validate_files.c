/*
 * The checks of caddy: blocks on whole inputs: the examples of the first Kata documents, servers
 * that Caddy itself wrote, blocks that are too deep or wrong everywhere; and refusals.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>

#include <cmocka.h>

#include "kata/app.h"
#include "kata/json.h"
#include "kata/validate.h"

#define HASH "$2a$14$aT6IoN5q8jZf0kBpgXlyuOnAyFkg1k3x8ZpX0UjwbYJ0bWWlJmC3y"
static void decode(struct app *app, struct arena *arena, const char *yaml, size_t len)
{
	static const char env[] = "PORT=8000\nDOMAIN_NAME=example.com\nADMIN_USER=admin\n"
				  "ADMIN_PASS_HASH=" HASH "\n";
	struct app_source source = {
		.name = "blog",
		.root = "/srv",
		.stack = {.path = "kata-compose.yaml", .bytes = yaml, .len = len},
		.env = {.path = "ENV", .bytes = env, .len = sizeof env - 1},
	};

	app_decode(app, arena, &source);
}

static void print_problems(const char *yaml, const struct problems *problems)
{
	if (problems->count)
		print_message("%s\n", yaml);
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *p = &problems->items[i];

		print_message("  line %u: %s: %s: %s\n", p->place.line, severity_name(p->severity),
			      p->rule ? p->rule : "-", p->msg);
	}
}

/* A whole file; the caller frees it. */
static char *read_whole(const char *path, size_t *len)
{
	enum { SIZE = 1 << 16 };
	char *bytes = calloc(1, SIZE);
	FILE *file = fopen(path, "rb");

	if (!file)
		fail_msg("%s is not there: the tests run at the top of the repository", path);
	*len = fread(bytes, 1, SIZE - 1, file);
	fclose(file);
	return bytes;
}

static const struct seed_case {
	const char *file;
	enum app_state state;
	const char *rules; /* in source order */
} seeds[] = {
	{"readme-static", APP_VALID, ""},
	{"readme-proxy", APP_VALID, " upstream-is-listener"},
	{"readme-headers", APP_VALID, " upstream-is-listener"},
	{"readme-https", APP_VALID, ""},
	{"readme-redirect", APP_VALID, ""},
	{"readme-cached", APP_INVALID, " file-server-headers upstream-is-listener"},
	{"readme-api", APP_VALID, " upstream-is-listener"},
	{"readme-admin", APP_VALID, " upstream-is-listener"},
	{"readme-runtime", APP_VALID, ""},
	{"spec-minimal", APP_VALID, ""},
	{"spec-environment", APP_VALID, ""},
	{"spec-services", APP_VALID, ""},
	{"spec-caddy", APP_VALID, ""},
	{"spec-plain", APP_VALID, " ignored-key ignored-key ignored-key"},
	{"spec-flask", APP_VALID,
	 " ignored-key ignored-key ignored-key listen-missing https-block"},
	{"spec-microservices", APP_VALID, " ignored-key ignored-key listen-missing https-block"},
	{"spec-static", APP_INVALID,
	 " ignored-key ignored-key ignored-key listen-missing variable-unset file-server-match "
	 "file-server-headers file-server-try-files https-block"},
	{"spec-container", APP_VALID, " ignored-key ignored-key listen-missing https-block"},
};

static void test_seeds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
		struct arena *arena = arena_new();
		char path[128], rules[512] = "";
		struct app app;
		size_t len;

		snprintf(path, sizeof path, "tests/corpora/seeds/%s.yaml", seeds[i].file);
		char *bytes = read_whole(path, &len);
		decode(&app, arena, bytes, len);
		for (size_t k = 0, n = 0; k < app.problems.count; k++)
			n += (size_t)snprintf(rules + n, sizeof rules - n, " %s",
					      app.problems.items[k].rule);
		if (strcmp(rules, seeds[i].rules) != 0)
			print_message("%s:\n", path);
		assert_string_equal(rules, seeds[i].rules);
		assert_int_equal(app.state, seeds[i].state);
		assert_null(json_object_get(app.caddy, "https"));
		app_release(&app);
		arena_free(arena);
		free(bytes);
	}
}

static void validate(json_t *block, struct problems *problems)
{
	validate_caddy(block, NULL, "f", false, problems);
}

static void check_adapted(const char *path)
{
	struct arena *arena = arena_new();
	struct problems problems;
	struct kata_error e;
	size_t len;
	char *bytes = read_whole(path, &len);
	json_t *server = json_parse_new(bytes, len, &e), *copy = json_deep_copy(server);

	assert_non_null(server);
	problems_init(&problems, arena);
	validate(server, &problems);
	if (problems.errors)
		print_problems(path, &problems);
	assert_int_equal(problems.errors, 0);
	assert_true(!strstr(path, "every-field") || !problems.count);
	assert_true(json_same(server, copy));
	json_decref(server);
	json_decref(copy);
	free(bytes);
	arena_free(arena);
}

static void test_adapted_servers(void **state)
{
	DIR *dir = opendir("tests/corpora/caddy-servers");
	struct dirent *entry;
	int count = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char path[512];

		if (!strstr(entry->d_name, ".json"))
			continue;
		snprintf(path, sizeof path, "tests/corpora/caddy-servers/%s", entry->d_name);
		check_adapted(path);
		count++;
	}
	closedir(dir);
	assert_true(count >= 12);
}

static json_t *nested_new(size_t depth)
{
	json_t *value = json_array();

	for (size_t i = 0; i < depth; i++)
		value = i % 2 ? json_pack("[o]", value) : json_pack("{s:o}", "a", value);
	return json_pack("{s:o}", "routes", value);
}

static void test_depth(void **state)
{
	struct arena *arena = arena_new();
	struct problems problems;
	json_t *deep = nested_new(150), *flat = nested_new(50);

	(void)state;
	problems_init(&problems, arena);
	validate(deep, &problems);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0].rule, "depth");
	problems_init(&problems, arena);
	validate(flat, &problems);
	assert_string_equal(problems.items[0].rule, "unknown-field");
	problems_init(&problems, arena);
	validate(NULL, &problems);
	assert_string_equal(problems.items[0].rule, "server-type");
	json_decref(deep);
	json_decref(flat);
	arena_free(arena);
}

/* A block that is wrong everywhere: bounded, in reasonable time. */
static void test_many_problems(void **state)
{
	struct arena *arena = arena_new();
	struct problems problems;
	json_t *block = json_object(), *listen = json_array(), *hosts = json_array();
	char name[32];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof name, "field_%d", i);
		json_object_set_new(block, name, json_null());
		json_array_append_new(listen, json_string(":1"));
		json_array_append_new(hosts, json_string("a.com"));
	}
	json_object_set_new(block, "listen", listen);
	json_object_set_new(block, "routes", json_pack("[{s:[{s:o}]}]", "match", "host", hosts));
	problems_init(&problems, arena);
	validate(block, &problems);
	assert_int_equal(problems.count, PROBLEMS_MAX);
	assert_true(problems.more > 20000);
	json_decref(block);
	arena_free(arena);
}

/* What Caddy said, and a part of the hint. */
static const char *const refusals[][2] = {
	{"loading module 'respond': unknown module: http.handlers.respond", "static_response"},
	{"loading module 'handle': unknown module: http.handlers.handle", "subroute"},
	{"loading module 'invoke': unknown module: http.handlers.invoke", "2.7"},
	{"position 0: module name not specified with key 'handler' in map[body:x]",
	 "handler: NAME"},
	{"json: cannot unmarshal string into Go value of type map[string]interface {}", "{handler"},
	{"decoding module config: http.handlers.file_server: json: unknown field \"headers\"",
	 "handler of its own"},
	{"decoding module config: http.handlers.headers: json: unknown field \"set\"", "nest it"},
	{"decoding module config: http: json: unknown field \"https\"", "automatic_https"},
	{"decoding module config: http: json: unknown field \"tls\"", "tls_connection_policies"},
	{"decoding module config: http: json: unknown field \"apps\"", "apps.http.servers"},
	{"decoding module config: http: json: unknown field \"host\"", "match"},
	{"decoding module config: http: json: unknown field \"handlers\"", "handle"},
	{"decoding module config: http: json: unknown field \"trusted_proxies\"", "2.6.3"},
	{"decoding module config: http: json: unknown field \"named_routes\"", "2.7"},
	{"decoding module config: http: json: unknown field \"listen_protocols\"", "2.9"},
	{"json: cannot unmarshal string into Go struct field Server.servers.listen of type "
	 "[]string",
	 "listen: ["},
	{"cannot unmarshal object into Go struct field Route.servers.routes.match of type "
	 "caddyhttp.RawMatcherSets",
	 "match: [{"},
	{"json: cannot unmarshal string into Go value of type caddyhttp.MatchHost", "host: ["},
	{"module name 'hostname': unknown module: http.matchers.hostname", "host: ["},
	{"module name 'client_ip': unknown module: http.matchers.client_ip", "2.7"},
	{"module name 'geo': unknown module: http.matchers.geo", "plugin"},
	{"json: cannot unmarshal bool into Go struct field Server.servers.automatic_https of type "
	 "caddyhttp.AutoHTTPSConfig",
	 "disable: true"},
	{"cannot unmarshal array into Go struct field Server.servers.errors of type "
	 "caddyhttp.HTTPErrorConfig",
	 "errors: {"},
	{"cannot unmarshal array into Go struct field ServerLogConfig.servers.logs.logger_names of "
	 "type string",
	 "2.8"},
	{"time: invalid duration \"abc\"", "\"5s\""},
	{"decoding module config: http: time: missing unit in duration \"5\"", "\"5s\""},
	{"compiling matcher regexp (: error parsing regexp: missing closing ): `(`", "RE2"},
	{"base64-decoding password: illegal base64 data at input byte 4", "hash-password"},
	{"server x: listener address repeated: tcp/:443 (already claimed by server 'y')", "once"},
	{"listening on :80: listen tcp :80: bind: address already in use", "ss -ltnp"},
	{"listen tcp 1.2.3.4:80: bind: cannot assign requested address", "machine"},
	{"listen tcp :80: bind: permission denied", "1024"},
	{"invalid listener address ':http': invalid start port: strconv.ParseUint", "number"},
	{"address ::1:80: too many colons in address", "[::1]"},
	{"loading module 'https': unknown module: http.reverse_proxy.transport.https", "tls: {}"},
	{"unknown module: http.encoders.br", "zstd"},
	{"indexing config: /config/x: @id field must be a string or number", "@id"},
	{"cannot enable HTTP/2 or H2C without enabling HTTP/1.1; add h1", "h1"},
	{"host at index 0 is repeated at index 1: a.com", "once"},
	{"something that was never seen", NULL},
	{"", NULL},
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		const char *hint = validate_refusal_hint(refusals[i][0]);

		if (refusals[i][1] ? !hint || !strstr(hint, refusals[i][1]) : hint != NULL)
			fail_msg("%s: %s", refusals[i][0], hint ? hint : "no hint");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seeds),	 cmocka_unit_test(test_adapted_servers),
		cmocka_unit_test(test_depth),	 cmocka_unit_test(test_many_problems),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
