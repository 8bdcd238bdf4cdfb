/* The Admin API client against canned answers: statuses, shapes, tags, and what is not Caddy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_http.h"
#include "kata/caddy.h"
#include "kata/loop.h"

#define OLD                                                                                        \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTrailer: ETag\r\n"                   \
	"Transfer-Encoding: chunked\r\n\r\n"
#define EMPTY_OK	   "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define TEXT(status, body) "HTTP/1.1 " status "\r\nContent-Type: text/plain\r\n\r\n" body
#define JSON(status, body) "HTTP/1.1 " status "\r\nContent-Type: application/json\r\n\r\n" body
#define TAGGED(tag, body)                                                                          \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nEtag: " tag "\r\n\r\n" body
#define TRAVERSAL                                                                                  \
	JSON("400 Bad Request", "{\"error\":\"invalid traversal path at: config/apps\"}\n")

struct client {
	struct loop *loop;
	struct http *http;
	struct http_endpoint endpoint;
	struct fake_http fake;
	struct caddy_live live;
	struct kata_error e;
	int done;
};

static void client_open(struct client *c, const struct fake_answer *answers, size_t count)
{
	*c = (struct client){.loop = loop_new()};
	c->http = http_new(c->loop);
	fake_start(&c->fake, false, answers, count);
	assert_true(http_endpoint_parse(&c->endpoint, c->fake.address, &c->e));
	caddy_live_init(&c->live);
}

static void client_close(struct client *c, char *asked, size_t size)
{
	http_free(c->http);
	caddy_live_release(&c->live);
	http_endpoint_release(&c->endpoint);
	loop_free(c->loop);
	fake_stop(&c->fake, asked, size);
}

static void count_done(void *arg)
{
	++*(int *)arg;
}

/* Reads once from a server with these answers. */
static void read_from(struct client *c, const char *first, const char *second)
{
	struct fake_answer answers[] = {{.bytes = first}, {.bytes = second}};

	client_open(c, answers, 2);
	caddy_read(c->http, &c->endpoint, &c->live, count_done, &c->done);
	assert_int_equal(c->done, 0);
	while (!c->done)
		assert_true(loop_turn(c->loop, 5000));
	assert_int_equal(c->done, 1);
}

static void test_read_old(void **state)
{
	struct client c;

	(void)state;
	/* FNV-1a 32 of the body with its newline. */
	read_from(&c,
		  OLD "b\r\n{\"a\":{\"b\":1\r\n3\r\n}}\n\r\n0\r\n"
		      "Etag: \"/config/apps/http/servers 18788655\"\r\n\r\n",
		  NULL);
	assert_true(c.live.good);
	assert_false(c.live.missing);
	assert_true(c.live.old);
	assert_string_equal(c.live.guard_path, CADDY_SERVERS_PATH);
	assert_string_equal(c.live.guard_hash, "18788655");
	assert_string_equal(c.live.raw.p, "{\"a\":{\"b\":1}}\n");
	assert_int_equal(json_object_size(c.live.servers), 1);
	assert_int_equal(c.live.hash, CADDY_HASH_FNV1A32);
	assert_int_equal(c.live.peer, getpid());
	assert_true(c.live.same_network);
	client_close(&c, NULL, 0);
}

static void test_read_new_and_null(void **state)
{
	struct client c;

	(void)state;
	read_from(&c, TAGGED("\"/config/apps/http/servers 0e7c22ea\"", "null\n"), NULL);
	assert_true(c.live.good && c.live.missing && !c.live.old);
	assert_int_equal(c.live.hash, CADDY_HASH_FNV1A32);
	assert_int_equal(json_object_size(c.live.servers), 0);
	assert_string_equal(c.live.guard_path, CADDY_SERVERS_PATH);
	client_close(&c, NULL, 0);
	/* A hash that is neither kind: only this tag is known. */
	read_from(&c, TAGGED("\"/config/apps/http/servers 12345678\"", "{}\n"), NULL);
	assert_true(c.live.good && !c.live.missing);
	assert_int_equal(c.live.hash, CADDY_HASH_UNKNOWN);
	assert_string_equal(c.live.guard_hash, "12345678");
	client_close(&c, NULL, 0);
}

static void test_read_no_config(void **state)
{
	struct client c;
	char asked[4096];

	(void)state;
	read_from(&c, TRAVERSAL, TAGGED("\"/config/ 0e7c22ea\"", "null\n"));
	assert_true(c.live.good && c.live.missing);
	assert_string_equal(c.live.guard_path, "/config/");
	assert_string_equal(c.live.guard_hash, "0e7c22ea");
	assert_int_equal(c.live.raw.len, 0);
	assert_int_equal(json_object_size(c.live.servers), 0);
	client_close(&c, asked, sizeof asked);
	assert_non_null(strstr(asked, "GET " CADDY_SERVERS_PATH " HTTP/1.1"));
	assert_non_null(strstr(asked, "GET /config/ HTTP/1.1"));
}

/* An http app appears between the two reads: its servers must be seen, not only guarded. */
static void test_read_appears(void **state)
{
	struct client c;
	struct fake_answer answers[] = {
		{.bytes = TRAVERSAL},
		{.bytes = TAGGED("\"/config/ 12\"", "{\"apps\":{\"http\":{}}}\n")},
		{.bytes = TAGGED("\"/config/apps/http/servers 34\"", "{\"x\":{}}\n")}};

	(void)state;
	client_open(&c, answers, 3);
	caddy_read(c.http, &c.endpoint, &c.live, count_done, &c.done);
	while (!c.done)
		assert_true(loop_turn(c.loop, 5000));
	assert_true(c.live.good && !c.live.missing);
	assert_string_equal(c.live.guard_hash, "34");
	client_close(&c, NULL, 0);
}

static void test_read_never_settles(void **state)
{
	struct client c;
	struct fake_answer answers[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		answers[i] = (struct fake_answer){
			.bytes = i % 2 ? TAGGED("\"/config/ 12\"", "{\"apps\":{\"http\":{}}}\n")
				       : TRAVERSAL};
	client_open(&c, answers, 6);
	caddy_read(c.http, &c.endpoint, &c.live, count_done, &c.done);
	while (!c.done)
		assert_true(loop_turn(c.loop, 5000));
	assert_false(c.live.good);
	assert_int_equal(c.live.error.code, ERROR_CONFLICT);
	client_close(&c, NULL, 0);
}

#define GOOD_TAG "\"/config/apps/http/servers 12\""

static const struct {
	const char *bytes, *second;
	enum error_code code;
	const char *msg, *hint; /* parts of them */
} bad_reads[] = {
	{TEXT("200 OK", "hello"), NULL, ERROR_PROTOCOL, "not Caddy's admin API", "CADDY_ADMIN"},
	{TEXT("200 OK", " \n<!doctype html>"), NULL, ERROR_PROTOCOL, "not Caddy's admin API",
	 "CADDY_ADMIN"},
	{"HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=x\r\n\r\n{}", NULL, ERROR_PROTOCOL,
	 "not Caddy's admin API", "CADDY_ADMIN"},
	{TEXT("404 Not Found", "404 page not found"), NULL, ERROR_PROTOCOL, "not Caddy's",
	 "CADDY_"},
	{TEXT("302 Found", ""), NULL, ERROR_PROTOCOL, "not Caddy's", "CADDY_"},
	{JSON("404 Not Found", "{\"message\":\"page not found\"}"), NULL, ERROR_PROTOCOL,
	 "not Caddy's", "CADDY_"},
	{TAGGED(GOOD_TAG, "[]"), NULL, ERROR_PROTOCOL, "no object", "CADDY_ADMIN"},
	{TAGGED(GOOD_TAG, "1"), NULL, ERROR_PROTOCOL, "no object", "CADDY_ADMIN"},
	{TAGGED(GOOD_TAG, "{\"a\":"), NULL, ERROR_PROTOCOL, "no JSON", "CADDY_ADMIN"},
	{TAGGED(GOOD_TAG, ""), NULL, ERROR_PROTOCOL, "no JSON", "CADDY_ADMIN"},
	{JSON("200 OK", "{}"), NULL, ERROR_PROTOCOL, "no usable Etag", "proxy"},
	{TAGGED("W/" GOOD_TAG, "{}"), NULL, ERROR_PROTOCOL, "no usable Etag", "proxy"},
	{TAGGED("\"12345\"", "{}"), NULL, ERROR_PROTOCOL, "no usable Etag", "proxy"},
	{TAGGED("\"/a b c\"", "{}"), NULL, ERROR_PROTOCOL, "no usable Etag", "proxy"},
	{TAGGED("\"/a \"", "{}"), NULL, ERROR_PROTOCOL, "no usable Etag", "proxy"},
	{TAGGED("\" 12\"", "{}"), NULL, ERROR_PROTOCOL, "no usable Etag", "proxy"},
	{TAGGED("\"/a 1G\"", "{}"), NULL, ERROR_PROTOCOL, "no usable Etag", "proxy"},
	{JSON("403 Forbidden", "{\"error\":\"host not allowed: x\"}"), NULL, ERROR_DENIED,
	 "host not allowed: x", "origins"},
	{TEXT("401 Unauthorized", "<html>"), NULL, ERROR_DENIED, "does not let us in", "origins"},
	{JSON("500 Oops", "{\"error\":\"x \\u003c y\"}"), NULL, ERROR_REFUSED, "x < y", ""},
	{TEXT("502 Bad Gateway", "<html>no</html>"), NULL, ERROR_PROTOCOL, "not Caddy's", "CADDY_"},
	{TAGGED("\"/a\"b 12\"", "{}"), NULL, ERROR_PROTOCOL, "no usable Etag", "proxy"},
	{JSON("500 Oops", ""), NULL, ERROR_REFUSED, "status 500", ""},
	{TEXT("400 Bad Request", "Client sent an HTTP request to an HTTPS server.\n"), NULL,
	 ERROR_PROTOCOL, "https", ""},
	{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", NULL, ERROR_LOST, "", ""},
	{TRAVERSAL, NULL, ERROR_LOST, "", ""},
	{TRAVERSAL, TEXT("200 OK", "<"), ERROR_PROTOCOL, "not Caddy's", "CADDY_ADMIN"},
	{TRAVERSAL, JSON("200 OK", "null"), ERROR_PROTOCOL, "no usable Etag", "proxy"},
	{TRAVERSAL, JSON("403 Forbidden", "{\"error\":\"x\"}"), ERROR_DENIED, "x", "origins"},
};

static void test_bad_reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad_reads / sizeof bad_reads[0]; i++) {
		struct client c;

		read_from(&c, bad_reads[i].bytes, bad_reads[i].second);
		const struct kata_error *e = &c.live.error;
		if (c.live.good || e->code != bad_reads[i].code ||
		    !strstr(e->msg, bad_reads[i].msg) || !strstr(e->hint, bad_reads[i].hint))
			fail_msg("%s\n%d %s: %s (%s)", bad_reads[i].bytes, c.live.good,
				 error_name(e->code), e->msg, e->hint);
		assert_non_null(strstr(e->where, bad_reads[i].second ? "s:/config/" : "GET unix/"));
		assert_null(c.live.servers);
		assert_null(c.live.guard_path);
		client_close(&c, NULL, 0);
	}
}

/* The client dies in the middle of a read: nobody is called, nothing is lost. */
static void test_read_abandoned(void **state)
{
	struct client c;
	struct fake_answer answers[] = {{.bytes = TRAVERSAL}, {.hang = true}};

	(void)state;
	client_open(&c, answers, 2);
	caddy_read(c.http, &c.endpoint, &c.live, count_done, &c.done);
	for (int i = 0; i < 10; i++)
		loop_turn(c.loop, 20);
	client_close(&c, NULL, 0);
	assert_int_equal(c.done, 0);
}

static const struct {
	const char *answer;
	enum error_code code; /* ERROR_NONE: success */
	const char *msg;
} sends[] = {
	{EMPTY_OK, ERROR_NONE, ""},
	{"HTTP/1.1 204 No Content\r\n\r\n", ERROR_NONE, ""},
	{JSON("412 Precondition Failed", "{\"error\":\"If-Match header did not match\"}"),
	 ERROR_CONFLICT, "somebody else"},
	{TEXT("412 Precondition Failed", ""), ERROR_CONFLICT, "somebody else"},
	{JSON("500 x", "{\"error\":\"invalid traversal path at: config/a\"}"), ERROR_CONFLICT,
	 "config/a"},
	{JSON("500 x", "{\"error\":\"[/config/a/5] array index out of bounds: 5\"}"),
	 ERROR_CONFLICT, "out of bounds"},
	{JSON("500 x", "{\"error\":\"[/config/a] key does not exist: a\"}"), ERROR_CONFLICT,
	 "exist"},
	{JSON("409 x", "{\"error\":\"[/config/a] key already exists: a\"}"), ERROR_CONFLICT,
	 "exists"},
	{JSON("404 x", "{\"error\":\"unknown object ID 'x'\"}"), ERROR_CONFLICT, "unknown object"},
	{JSON("400 x", "{\"error\":\"malformed If-Match header; expect quoted string\"}"),
	 ERROR_CONFLICT, "If-Match"},
	{JSON("403 x", "{\"error\":\"host not allowed: y\"}"), ERROR_DENIED, "host not allowed: y"},
	/* the words of a conflict inside a refusal are no conflict */
	{JSON("500 x", "{\"error\":\"loading new config: x: key already exists: y\"}"),
	 ERROR_REFUSED, "loading new config: x: key already exists: y"},
	{JSON("400 x", "{\"error\":\"loading config: no\"}"), ERROR_REFUSED, "loading config: no"},
	{TEXT("500 x", "plain words"), ERROR_REFUSED, "plain words"},
	{TEXT("404 x", "404 page not found"), ERROR_PROTOCOL, "not Caddy's"},
	{TEXT("301 x", ""), ERROR_PROTOCOL, "not Caddy's"},
	{NULL, ERROR_LOST, ""},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", ERROR_LOST, ""},
};

static void test_sends(void **state)
{
	const struct caddy_write write = {.method = "PATCH",
					  .path = "/config/apps/http/servers/a",
					  .body = "{}",
					  .len = 2,
					  .if_match = "\"/config/ 12\""};

	(void)state;
	for (size_t i = 0; i < sizeof sends / sizeof sends[0]; i++) {
		struct client c;
		struct fake_answer answer = {.bytes = sends[i].answer};
		char asked[4096];

		client_open(&c, &answer, 1);
		bool ok = caddy_send(c.http, &c.endpoint, &write, &c.e);
		if (ok != (sends[i].code == ERROR_NONE) ||
		    (!ok && (c.e.code != sends[i].code || !strstr(c.e.msg, sends[i].msg))))
			fail_msg("%s\n%s: %s", sends[i].answer, ok ? "ok" : error_name(c.e.code),
				 c.e.msg);
		if (!ok) {
			assert_non_null(strstr(c.e.where, "PATCH unix//tmp/kata-fake-"));
			assert_non_null(strstr(c.e.where, "s:/config/apps/http/servers/a"));
		}
		client_close(&c, asked, sizeof asked);
		assert_non_null(strstr(asked, "If-Match: \"/config/ 12\"\r\n"));
	}
}

/* A long message is cut between characters. */
static void test_long_message(void **state)
{
	struct client c;
	struct str text = STR_INIT;
	const struct caddy_write write = {.method = "DELETE", .path = "/config/"};

	(void)state;
	str_add(&text, "HTTP/1.1 500 x\r\nContent-Type: text/plain\r\n\r\nx");
	for (int i = 0; i < 2000; i++)
		str_add(&text, "\xc3\xa9");
	struct fake_answer answer = {.bytes = text.p};
	client_open(&c, &answer, 1);
	assert_false(caddy_send(c.http, &c.endpoint, &write, &c.e));
	assert_int_equal(c.e.code, ERROR_REFUSED);
	assert_int_equal(strlen(c.e.msg), 899);
	client_close(&c, NULL, 0);
	str_release(&text);
}

/* Ends by a signal: what would hurt Caddy is our own fault. */
static void test_empty_body_is_bug(void **state)
{
	static const struct caddy_write writes[] = {
		{.method = "PATCH", .path = "/config/", .body = "", .len = 0},
		{.method = "PUT", .path = "/config/", .body = " null\n", .len = 6},
		{.method = "POST", .path = "/config/"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
		int status;
		pid_t child = fork();

		if (child == 0) {
			struct client c = {.loop = loop_new()};

			signal(SIGABRT, SIG_DFL);
			if (!freopen("/dev/null", "w", stderr) ||
			    !http_endpoint_parse(&c.endpoint, "localhost:1", &c.e))
				_exit(1);
			caddy_send(http_new(c.loop), &c.endpoint, &writes[i], &c.e);
			_exit(0);
		}
		waitpid(child, &status, 0);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

static void test_tag(void **state)
{
	struct str tag = STR_INIT;

	(void)state;
	assert_false(caddy_tag(CADDY_HASH_UNKNOWN, "/config/", "null", 4, &tag));
	assert_int_equal(tag.len, 0);
	assert_true(caddy_tag(CADDY_HASH_FNV1A32, "/config/apps", "null", 4, &tag));
	assert_string_equal(tag.p, "\"/config/apps 0e7c22ea\"");
	str_clear(&tag);
	assert_true(caddy_tag(CADDY_HASH_XXH64, "/config/", "null", 4, &tag));
	assert_string_equal(tag.p, "\"/config/ 396548453caeba50\"");
	str_release(&tag);
}

static void test_get(void **state)
{
	struct client c;
	struct http_response response;
	struct fake_answer answers[] = {{.bytes = JSON("200 OK", "[]\n")},
					{.bytes = TEXT("404 Not Found", "404 page not found")},
					{.bytes = NULL}};

	(void)state;
	client_open(&c, answers, 3);
	assert_true(caddy_get(c.http, &c.endpoint, "/reverse_proxy/upstreams", &response, &c.e));
	assert_string_equal(response.body.p, "[]\n");
	http_response_release(&response);
	assert_false(caddy_get(c.http, &c.endpoint, "/x", &response, &c.e));
	assert_int_equal(c.e.code, ERROR_NOT_FOUND);
	assert_false(caddy_get(c.http, &c.endpoint, "/x", &response, &c.e));
	assert_int_equal(c.e.code, ERROR_LOST);
	client_close(&c, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_old),
		cmocka_unit_test(test_read_new_and_null),
		cmocka_unit_test(test_read_no_config),
		cmocka_unit_test(test_read_appears),
		cmocka_unit_test(test_read_never_settles),
		cmocka_unit_test(test_bad_reads),
		cmocka_unit_test(test_read_abandoned),
		cmocka_unit_test(test_sends),
		cmocka_unit_test(test_long_message),
		cmocka_unit_test(test_empty_body_is_bug),
		cmocka_unit_test(test_tag),
		cmocka_unit_test(test_get),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
