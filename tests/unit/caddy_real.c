/*
 * The Admin API client against real Caddys: the one of KATA_TEST_CADDY (default: caddy in PATH),
 * and the one of KATA_CADDY_NEWEST when it is set. What cannot run is skipped aloud.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "caddy_private.h"
#include "kata/caddy.h"
#include "kata/json.h"
#include "kata/loop.h"

#define S CADDY_SERVERS_PATH

struct bench {
	const char *binary;
	struct caddy_private caddy;
	struct loop *loop;
	struct http *http;
	struct http_endpoint endpoint;
	struct caddy_live live;
	struct kata_error e;
};

static bool own_network; /* this process and its Caddys */

static const char *binary_of(const char *variable, const char *otherwise)
{
	const char *value = getenv(variable);

	return value && *value ? value : otherwise;
}

static void bench_open(struct bench *b, const char *variable, const char *otherwise,
		       const char *apps, bool apart)
{
	*b = (struct bench){.binary = binary_of(variable, otherwise)};
	caddy_live_init(&b->live);
	if (!b->binary) {
		print_message("skipped: %s is not set\n", variable);
		skip();
	}
	if (!caddy_private_start(&b->caddy, b->binary, apps, apart)) {
		caddy_private_stop(&b->caddy);
		print_message("skipped: %s does not start\n", b->binary);
		skip();
	}
	b->loop = loop_new();
	b->http = http_new(b->loop);
	assert_true(http_endpoint_parse(&b->endpoint, b->caddy.address, &b->e));
}

static void bench_close(struct bench *b)
{
	caddy_live_release(&b->live);
	http_free(b->http);
	http_endpoint_release(&b->endpoint);
	loop_free(b->loop);
	caddy_private_stop(&b->caddy);
}

static void set_true(void *arg)
{
	*(bool *)arg = true;
}

/* A new Caddy that is still ending its old admin server breaks off some connections: try again. */
enum { TRIES = 50, PAUSE_MS = 20 };

static bool bench_read(struct bench *b)
{
	for (int i = 0; i < TRIES; i++) {
		bool over = false;

		caddy_live_release(&b->live);
		caddy_read(b->http, &b->endpoint, &b->live, set_true, &over);
		while (!over)
			assert_true(loop_turn(b->loop, -1));
		if (b->live.good || b->live.error.code != ERROR_LOST)
			break;
		loop_sleep(b->loop, PAUSE_MS);
	}
	return b->live.good;
}

static bool bench_send(struct bench *b, const char *method, const char *path, const char *body,
		       const char *tag)
{
	struct caddy_write write = {.method = method,
				    .path = path,
				    .body = body,
				    .len = body ? strlen(body) : 0,
				    .if_match = tag};

	for (int i = 0; i < TRIES; i++) {
		b->e = (struct kata_error){0};
		if (caddy_send(b->http, &b->endpoint, &write, &b->e))
			return true;
		if (b->e.code != ERROR_LOST)
			break;
		loop_sleep(b->loop, PAUSE_MS);
	}
	return false;
}

static char *guard_of(const struct bench *b)
{
	struct str tag = STR_INIT;

	str_addf(&tag, "\"%s %s\"", b->live.guard_path, b->live.guard_hash);
	return str_detach(&tag);
}

/* From nothing: found missing, made under the guard of the whole, and only once. */
static void check_create(struct bench *b)
{
	assert_true(bench_read(b));
	assert_true(b->live.missing);
	assert_string_equal(b->live.guard_path, "/config/");
	assert_int_not_equal(b->live.hash, CADDY_HASH_UNKNOWN);
	assert_int_equal(b->live.hash == CADDY_HASH_FNV1A32, b->live.old);
	assert_int_equal(b->live.peer, b->caddy.pid);
	assert_true(b->live.same_network);
	char *tag = guard_of(b);
	assert_false(bench_send(b, "PUT", S, "{\"a\":{},\"b\":{\"x<&\":1}}", tag));
	assert_int_equal(b->e.code, ERROR_REFUSED);
	assert_non_null(strstr(b->e.msg, "unknown field \"x<&\""));
	if (!bench_send(b, "PUT", S, "{\"a\":{\"listen\":[\":18001\"]},\"b\":{}}", tag))
		fail_msg("%s", b->e.msg);
	assert_false(bench_send(b, "PUT", S, "{}", tag));
	assert_int_equal(b->e.code, ERROR_CONFLICT);
	free(tag);
	assert_true(bench_read(b));
	assert_false(b->live.missing);
	assert_string_equal(b->live.guard_path, S);
	assert_int_equal(json_object_size(b->live.servers), 2);
}

/* The tag of one server, made from its bytes in the answer, guards that server. */
static void check_own_tag(struct bench *b)
{
	struct json_span all = {b->live.raw.p, b->live.raw.len}, one;
	struct str tag = STR_INIT;

	assert_true(json_span_member(all, "a", &one));
	assert_true(caddy_tag(b->live.hash, S "/a", one.p, one.len, &tag));
	if (!bench_send(b, "PATCH", S "/a/listen", "[\":18002\"]", tag.p))
		fail_msg("%s", b->e.msg);
	assert_false(bench_send(b, "PATCH", S "/a/listen", "[\":18003\"]", tag.p));
	assert_int_equal(b->e.code, ERROR_CONFLICT);
	assert_int_equal(b->e.http, 412);
	str_release(&tag);
}

static void check_conflicts(struct bench *b)
{
	assert_false(bench_send(b, "PUT", S "/a", "{}", NULL));
	assert_int_equal(b->e.code, ERROR_CONFLICT);
	assert_false(bench_send(b, "PATCH", S "/nothing", "{}", NULL));
	assert_int_equal(b->e.code, ERROR_CONFLICT);
	assert_false(bench_send(b, "PATCH", S "/nothing/at/all", "{}", NULL));
	assert_int_equal(b->e.code, ERROR_CONFLICT);
	assert_false(bench_send(b, "PATCH", S "/a", "{}", "\"/config/nowhere/x 12\""));
	assert_int_equal(b->e.code, ERROR_CONFLICT);
	assert_false(bench_send(b, "PATCH", S "/a/listen/7", "\":1\"", NULL));
	assert_int_equal(b->e.code, ERROR_CONFLICT);
	assert_true(bench_send(b, "DELETE", S "/b", NULL, NULL));
}

static const struct refused {
	const char *body, *server, *path, *field, *address, *server2;
	bool start;
} refused[] = {
	{.body = "{\"listn\":[]}", .field = "listn"},
	{.body = "{\"listen\":\":1\"}", .field = "listen"},
	{.body = "{\"routes\":[{},{\"match\":[{\"hostname\":[]}]}]}",
	 .server = "b",
	 .path = "routes/1/match"},
	{.body = "{\"routes\":[{\"handle\":[{\"handler\":\"vars\"},{\"handler\":\"respond\"}]}]}",
	 .server = "b",
	 .path = "routes/0/handle/1"},
	{.body = "{\"routes\":[{\"handle\":[{\"handler\":\"subroute\",\"routes\":[{},{\"handle\":[{"
		 "\"handler\":\"file_server\",\"headers\":1}]}]}]}]}",
	 .server = "b",
	 .path = "routes/0/handle/0/routes/1/handle/0",
	 .field = "headers"},
	{.body = "{\"errors\":{\"routes\":[{\"handle\":[{\"handler\":\"x\"}]}]}}",
	 .server = "b",
	 .path = "errors/routes/0/handle/0"},
	{.body = "{\"tls_connection_policies\":[{},{\"cipher_suites\":[\"x\"]}]}",
	 .server = "b",
	 .path = "tls_connection_policies/1"},
	{.body = "{\"listen\":[\"tcp/:18002\"]}",
	 .server = "?",
	 .address = "tcp/:18002",
	 .server2 = "?"},
	{.body = "{\"listen\":[\":http\"]}", .address = ":http"},
	{.body = "{\"listen\":[\"unix//nonexistent/x\"]}",
	 .address = "unix//nonexistent/x",
	 .start = true},
};

static bool same_text(const char *got, const char *want)
{
	/* Which of two servers is which is left to chance. */
	if (want && strcmp(want, "?") == 0)
		return got && (strcmp(got, "a") == 0 || strcmp(got, "b") == 0);
	return got && want ? strcmp(got, want) == 0 : got == want;
}

static void check_refusals(struct bench *b)
{
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		const struct refused *row = &refused[i];
		struct arena *arena = arena_new();
		struct caddy_refusal out;

		assert_false(bench_send(b, "PUT", S "/b", row->body, NULL));
		assert_int_equal(b->e.code, ERROR_REFUSED);
		caddy_refusal_parse(b->e.msg, arena, &out);
		if (!same_text(out.server, row->server) || !same_text(out.field, row->field) ||
		    !same_text(out.address, row->address) ||
		    !same_text(out.server2, row->server2) ||
		    strcmp(out.path, row->path ? row->path : "") != 0 || out.start != row->start)
			fail_msg("%s\n%s\nserver %s path %s field %s address %s server2 %s",
				 row->body, b->e.msg, out.server, out.path, out.field, out.address,
				 out.server2);
		arena_free(arena);
	}
}

/* Over TCP the Host is checked by Caddy; a list of origins that leaves us out is said as such. */
static void check_tcp(struct bench *b)
{
	http_endpoint_release(&b->endpoint);
	assert_true(http_endpoint_parse(&b->endpoint, b->caddy.address, &b->e));
	if (!bench_send(b, "PATCH", "/config/admin", "{\"listen\":\"localhost:18019\"}", NULL))
		fail_msg("%s", b->e.msg);
	http_endpoint_release(&b->endpoint);
	assert_true(http_endpoint_parse(&b->endpoint, ":18019", &b->e));
	if (!bench_read(b))
		fail_msg("%s", b->live.error.msg);
	assert_int_equal(b->live.peer, 0);
	assert_true(b->live.same_network);
	assert_true(bench_send(b, "PATCH", "/config/admin",
			       "{\"listen\":\"localhost:18019\",\"origins\":[\"nowhere\"]}", NULL));
	assert_false(bench_read(b));
	assert_int_equal(b->live.error.code, ERROR_DENIED);
	assert_non_null(strstr(b->live.error.hint, "origins"));
}

static void check_all(const char *variable, const char *otherwise)
{
	struct bench b;

	bench_open(&b, variable, otherwise, "", false);
	check_create(&b);
	check_own_tag(&b);
	check_conflicts(&b);
	check_refusals(&b);
	check_tcp(&b);
	bench_close(&b);
}

/* An http app without servers: null, guarded by the tag of the absent key. */
static void check_null(const char *variable, const char *otherwise)
{
	struct bench b;

	bench_open(&b, variable, otherwise, "\"http\":{\"http_port\":18080}", false);
	assert_true(bench_read(&b));
	assert_true(b.live.missing);
	assert_string_equal(b.live.guard_path, S);
	char *tag = guard_of(&b);
	if (!bench_send(&b, "PUT", S, "{}", tag))
		fail_msg("%s", b.e.msg);
	assert_false(bench_send(&b, "PUT", S, "{}", tag));
	assert_int_equal(b.e.code, ERROR_CONFLICT);
	free(tag);
	bench_close(&b);
}

/* A Caddy in another network namespace is told apart, though its socket is reached. */
static void check_apart(const char *variable, const char *otherwise)
{
	struct bench b;

	if (!own_network) {
		print_message("skipped: needs root for network namespaces\n");
		skip();
	}
	bench_open(&b, variable, otherwise, "", true);
	assert_true(bench_read(&b));
	assert_int_equal(b.live.peer, b.caddy.pid);
	assert_false(b.live.same_network);
	bench_close(&b);
}

static void test_all(void **state)
{
	(void)state;
	check_all("KATA_TEST_CADDY", "caddy");
}

static void test_null(void **state)
{
	(void)state;
	check_null("KATA_TEST_CADDY", "caddy");
}

static void test_apart(void **state)
{
	(void)state;
	check_apart("KATA_TEST_CADDY", "caddy");
}

static void test_all_new(void **state)
{
	(void)state;
	check_all("KATA_TEST_CADDY_NEW", NULL);
}

static void test_null_new(void **state)
{
	(void)state;
	check_null("KATA_TEST_CADDY_NEW", NULL);
}

static void test_apart_new(void **state)
{
	(void)state;
	check_apart("KATA_TEST_CADDY_NEW", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),	 cmocka_unit_test(test_null),
		cmocka_unit_test(test_apart),	 cmocka_unit_test(test_all_new),
		cmocka_unit_test(test_null_new), cmocka_unit_test(test_apart_new),
	};

	if (!binary_of("KATA_TEST_CADDY_NEW", NULL))
		setenv("KATA_TEST_CADDY_NEW", binary_of("KATA_CADDY_NEWEST", ""), 1);
	own_network = caddy_private_unshare();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
