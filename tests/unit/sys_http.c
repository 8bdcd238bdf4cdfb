/* Transfers against a server that misbehaves in every way. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "fake_http.h"
#include "kata/http.h"
#include "kata/loop.h"

/* A client with an endpoint, for one test. */
struct client {
	struct loop *loop;
	struct http *http;
	struct http_endpoint endpoint;
	struct http_response response;
	struct kata_error e;
};

static void client_open(struct client *c, const char *address)
{
	*c = (struct client){.loop = loop_new()};
	c->http = http_new(c->loop);
	http_response_init(&c->response);
	assert_true(http_endpoint_parse(&c->endpoint, address, &c->e));
}

static void client_close(struct client *c)
{
	http_response_release(&c->response);
	http_free(c->http);
	http_endpoint_release(&c->endpoint);
	loop_free(c->loop);
}

static bool client_get(struct client *c, int timeout_ms)
{
	struct http_request request = {
		.endpoint = &c->endpoint, .method = "GET", .path = "/x", .timeout_ms = timeout_ms};

	http_response_release(&c->response);
	return http_do(c->http, &request, &c->response, &c->e);
}

/* One GET of one canned answer. */
static bool fetch(struct client *c, struct fake_http *fake, struct fake_answer answer, int timeout)
{
	fake_start(fake, false, &answer, 1);
	client_open(c, fake->address);
	return client_get(c, timeout);
}

static void fetch_end(struct client *c, struct fake_http *fake)
{
	client_close(c);
	fake_stop(fake, NULL, 0);
}

static void test_answer(void **state)
{
	struct client c;
	struct fake_http fake;
	struct fake_answer answer = {
		.bytes = "HTTP/1.1 201 Created\r\nETAG:  \"/x 12\"  \r\nContent-Length: 5\r\n"
			 "content-type: application/json\r\n\r\nhe\0lo",
		.len = 98};

	(void)state;
	answer.len = strlen(answer.bytes) + 3;
	assert_true(fetch(&c, &fake, answer, 0));
	assert_int_equal(c.response.status, 201);
	assert_int_equal(c.response.body.len, 5);
	assert_memory_equal(c.response.body.p, "he\0lo", 5);
	assert_string_equal(c.response.etag.p, "\"/x 12\"");
	assert_string_equal(c.response.type.p, "application/json");
	assert_false(c.response.etag_trailer);
	/* The process that called listen(). */
	assert_int_equal(c.response.peer, getpid());
	assert_false(c.response.loopback);
	fetch_end(&c, &fake);
}

static void test_trailer(void **state)
{
	struct client c;
	struct fake_http fake;

	(void)state;
	assert_true(fetch(
		&c, &fake,
		(struct fake_answer){.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
					      "Trailer: ETag\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n"
					      "Etag: \"/x 34\"\r\n\r\n",
				     .pause_ms = 20},
		0));
	assert_string_equal(c.response.body.p, "abcde");
	assert_string_equal(c.response.etag.p, "\"/x 34\"");
	assert_true(c.response.etag_trailer);
	fetch_end(&c, &fake);
}

/* Also when there is no body at all before the trailer. */
static void test_trailer_without_body(void **state)
{
	struct client c;
	struct fake_http fake;

	(void)state;
	assert_true(
		fetch(&c, &fake,
		      (struct fake_answer){.bytes = "HTTP/1.1 100 Continue\r\n\r\n"
						    "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
						    "chunked\r\n\r\n0\r\nEtag: \"/x 5\"\r\n\r\n"},
		      0));
	assert_int_equal(c.response.status, 200);
	assert_true(c.response.etag_trailer);
	fetch_end(&c, &fake);
}

/* The header of a preliminary answer is not the answer's; control characters are no tag. */
static void test_tags_not_taken(void **state)
{
	struct client c;
	struct fake_http fake;

	(void)state;
	assert_true(
		fetch(&c, &fake,
		      (struct fake_answer){.bytes = "HTTP/1.1 103 Early Hints\r\nEtag: "
						    "\"early\"\r\n\r\nHTTP/1.1 200 OK\r\n"
						    "Etag: \"\x01\"\r\nContent-Length: 0\r\n\r\n"},
		      0));
	assert_string_equal(c.response.etag.p, "");
	fetch_end(&c, &fake);
}

static void test_no_redirect(void **state)
{
	struct client c;
	struct fake_http fake;

	(void)state;
	assert_true(fetch(&c, &fake,
			  (struct fake_answer){.bytes = "HTTP/1.1 301 Moved\r\nLocation: /y\r\n"
							"Content-Length: 0\r\n\r\n"},
			  0));
	assert_int_equal(c.response.status, 301);
	fetch_end(&c, &fake);
}

static const struct fault {
	const char *name;
	struct fake_answer answer;
	enum error_code code;
} faults[] = {
	{"closed before an answer", {.bytes = NULL}, ERROR_LOST},
	{"closed unread", {.deaf = true, .pause_ms = 50}, ERROR_LOST},
	{"half a header", {.bytes = "HTTP/1.1 200 OK\r\nContent-Le"}, ERROR_LOST},
	{"half a body", {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"}, ERROR_LOST},
	{"chunks without an end",
	 {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
	 ERROR_LOST},
	{"half a trailer",
	 {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nEta"},
	 ERROR_LOST},
	{"a chunk of no size",
	 {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n"},
	 ERROR_LOST},
	{"hangs", {.hang = true}, ERROR_TIMEOUT},
	{"hangs in the body",
	 {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", .hang = true},
	 ERROR_TIMEOUT},
	{"garbage", {.bytes = "\x16\x03\x01 nonsense\n\n\n"}, ERROR_PROTOCOL},
	{"says it is too large",
	 {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\nabc"},
	 ERROR_PROTOCOL},
	{"endless headers",
	 {.bytes = "HTTP/1.1 200 OK\r\nX: 567890 23456\r\n", .pause_ms = 1, .repeat = 10000},
	 ERROR_PROTOCOL},
};

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct client c;
		struct fake_http fake;

		bool ok = fetch(&c, &fake, faults[i].answer, 300);
		if (ok || c.e.code != faults[i].code)
			fail_msg("%s: %s", faults[i].name, ok ? "accepted" : c.e.msg);
		assert_true(c.e.msg[0]);
		assert_non_null(strstr(c.e.where, "GET unix//tmp/kata-fake-"));
		assert_non_null(strstr(c.e.where, "/s:/x"));
		assert_int_equal(c.response.body.len, 0);
		fetch_end(&c, &fake);
	}
}

static void test_huge_body(void **state)
{
	struct client c;
	struct fake_http fake;
	static char block[1 << 20];

	(void)state;
	memset(block, 'a', sizeof block);
	memcpy(block, "HTTP/1.1 200 OK\r\n\r\n", 19);
	/* Without a length: the bytes are counted as they come. */
	assert_false(fetch(&c, &fake,
			   (struct fake_answer){.bytes = block, .len = sizeof block, .repeat = 256},
			   0));
	assert_int_equal(c.e.code, ERROR_PROTOCOL);
	fetch_end(&c, &fake);
}

static bool get_from(const char *address, struct kata_error *e)
{
	struct client c;

	client_open(&c, address);
	bool ok = client_get(&c, 2000);
	*e = c.e;
	client_close(&c);
	return ok;
}

static void test_nobody_there(void **state)
{
	struct kata_error e;
	struct fake_http fake;
	struct fake_answer none = {.hang = true};
	char path[128];

	(void)state;
	assert_false(get_from("unix//nonexistent/caddy.sock", &e));
	assert_int_equal(e.code, ERROR_UNAVAILABLE);
	assert_string_equal(e.msg,
			    "nobody answers at unix//nonexistent/caddy.sock: no such socket");
	assert_int_equal(e.sys, ENOENT);
	assert_string_equal(e.where, "GET unix//nonexistent/caddy.sock:/x");

	/* A socket file whose server is gone, and a port that nobody has. */
	fake_start(&fake, false, &none, 1);
	kill(fake.pid, SIGKILL);
	waitpid(fake.pid, NULL, 0);
	fake.pid = fork();
	if (fake.pid == 0)
		_exit(0);
	assert_false(get_from(fake.address, &e));
	assert_int_equal(e.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(e.msg, "connection refused"));
	snprintf(path, sizeof path, "%s/s", fake.dir);
	assert_int_equal(chmod(path, 0), 0);
	fake_stop(&fake, NULL, 0);
	assert_false(get_from("localhost:1", &e));
	assert_int_equal(e.code, ERROR_UNAVAILABLE);
	assert_string_equal(e.msg, "nobody answers at localhost:1: connection refused");
	assert_string_equal(e.where, "GET http://localhost:1/x");
	assert_false(get_from("nonexistent.invalid:1", &e));
	assert_true(e.code == ERROR_UNAVAILABLE || e.code == ERROR_TIMEOUT);
}

static void test_permission(void **state)
{
	struct fake_http fake;
	struct fake_answer none = {.hang = true};
	char path[128];
	int status;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: needs root to become somebody else\n");
		skip();
	}
	fake_start(&fake, false, &none, 1);
	snprintf(path, sizeof path, "%s/s", fake.dir);
	assert_int_equal(chmod(fake.dir, 0755) | chmod(path, 0700), 0);
	pid_t child = fork();
	if (child == 0) {
		struct kata_error e;

		if (setgid(65534) || setuid(65534))
			_exit(9);
		_exit(get_from(fake.address, &e) ? 1 : e.code == ERROR_DENIED ? 0 : 2);
	}
	waitpid(child, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 0);
	fake_stop(&fake, NULL, 0);
}

#define EMPTY_OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

/* The bytes on the wire: over a socket, and over TCP. */
static void test_request(void **state)
{
	struct fake_answer answer = {.bytes = EMPTY_OK};

	(void)state;
	for (int tcp = 0; tcp < 2; tcp++) {
		struct client c;
		struct fake_http fake;
		char asked[4096], host[160];

		fake_start(&fake, tcp, &answer, 1);
		client_open(&c, fake.address);
		struct http_request request = {.endpoint = &c.endpoint,
					       .method = "PATCH",
					       .path = "/config/%20/../x?y",
					       .body = "{\"a\":1}",
					       .body_len = 7,
					       .if_match = "\"/config/ 12\"",
					       .revalidate = true};
		setenv("http_proxy", "http://127.0.0.1:1", 1);
		assert_true(http_do(c.http, &request, &c.response, &c.e));
		assert_int_equal(c.response.loopback, tcp);
		client_close(&c);
		fake_stop(&fake, asked, sizeof asked);
		assert_ptr_equal(strstr(asked, "PATCH /config/%20/../x?y HTTP/1.1\r\n"), asked);
		snprintf(host, sizeof host, tcp ? "\r\nHost: %s\r\n" : "\r\nHost:\r\n",
			 fake.address);
		assert_non_null(strstr(asked, host));
		assert_non_null(strstr(asked, "\r\nContent-Type: application/json\r\n"));
		assert_non_null(strstr(asked, "\r\nContent-Length: 7\r\n"));
		assert_non_null(strstr(asked, "\r\nIf-Match: \"/config/ 12\"\r\n"));
		assert_non_null(strstr(asked, "\r\nCache-Control: must-revalidate\r\n"));
		assert_non_null(strstr(asked, "\r\nConnection: close\r\n"));
		assert_null(strcasestr(asked, "expect:"));
		assert_null(strcasestr(asked, "accept-encoding:"));
		assert_null(strcasestr(asked, "origin:"));
		assert_non_null(strstr(asked, "\r\n\r\n{\"a\":1}"));
	}
}

/* A megabyte and more goes out at once, without asking first. */
static void test_large_request(void **state)
{
	struct client c;
	struct fake_http fake;
	struct fake_answer answer = {.bytes = EMPTY_OK};
	const size_t size = 3 << 20;
	char *body = calloc(1, size);
	char asked[4096];

	(void)state;
	memset(body, 'b', size);
	fake_start(&fake, false, &answer, 1);
	client_open(&c, fake.address);
	struct http_request request = {.endpoint = &c.endpoint,
				       .method = "PUT",
				       .path = "/",
				       .body = body,
				       .body_len = size};
	if (!http_do(c.http, &request, &c.response, &c.e))
		fail_msg("%s", c.e.msg);
	client_close(&c);
	fake_stop(&fake, asked, sizeof asked);
	assert_non_null(strstr(asked, "\r\nContent-Length: 3145728\r\n"));
	assert_null(strcasestr(asked, "expect:"));
	free(body);
}

static void test_not_sendable(void **state)
{
	static const char *const paths[] = {"", "x", "/a b", "/a\r\nX: y", "/a#b", "/\xc3\xa9"};
	struct client c;

	(void)state;
	client_open(&c, "localhost:1");
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		struct http_request request = {
			.endpoint = &c.endpoint, .method = "GET", .path = paths[i]};

		assert_false(http_do(c.http, &request, &c.response, &c.e));
		assert_int_equal(c.e.code, ERROR_INVALID);
	}
	struct http_request request = {
		.endpoint = &c.endpoint, .method = "GET", .path = "/", .if_match = "\"a\"\r\nX: y"};
	assert_false(http_do(c.http, &request, &c.response, &c.e));
	assert_int_equal(c.e.code, ERROR_INVALID);
	client_close(&c);
}

struct flight {
	int done, ok;
	enum error_code code;
	struct http *again; /* starts one more from done() */
	const struct http_request *request;
};

static void flight_done(void *arg, bool ok, struct http_response *response, struct kata_error *e)
{
	struct flight *flight = arg;

	flight->done++;
	flight->ok += ok;
	flight->code = ok ? ERROR_NONE : e->code;
	if (ok)
		http_response_release(response);
	if (flight->again)
		http_start(flight->again, flight->request, flight_done, flight);
	flight->again = NULL;
}

/* Several at once, one of them stuck; one starts another when it is done. */
static void test_together(void **state)
{
	struct client c, stuck;
	struct fake_http fake, hanging;
	struct fake_answer answers[] = {
		{.bytes = EMPTY_OK}, {.bytes = EMPTY_OK, .pause_ms = 10}, {.bytes = EMPTY_OK}};
	struct fake_answer hang = {.hang = true};
	struct flight flight = {0}, lost = {0};

	(void)state;
	fake_start(&fake, false, answers, 3);
	fake_start(&hanging, false, &hang, 1);
	client_open(&c, fake.address);
	client_open(&stuck, hanging.address);
	struct http_request request = {.endpoint = &c.endpoint, .method = "GET", .path = "/"};
	struct http_request never = {.endpoint = &stuck.endpoint, .method = "GET", .path = "/"};
	flight.again = c.http;
	flight.request = &request;
	http_start(c.http, &never, flight_done, &lost);
	http_start(c.http, &request, flight_done, &flight);
	http_start(c.http, &request, flight_done, &flight);
	assert_int_equal(flight.done, 0);
	while (flight.done < 3)
		assert_true(loop_turn(c.loop, 5000));
	assert_int_equal(flight.ok, 3);
	/* Freed in the middle of a transfer: nobody is called. */
	client_close(&c);
	assert_int_equal(lost.done, 0);
	client_close(&stuck);
	fake_stop(&fake, NULL, 0);
	fake_stop(&hanging, NULL, 0);
}

/* A signal ends what is under way, and what its callbacks start. */
static void test_cancelled(void **state)
{
	struct client c;
	struct fake_http fake;
	struct fake_answer hang = {.hang = true};
	struct flight flight = {0};

	(void)state;
	fake_start(&fake, false, &hang, 1);
	client_open(&c, fake.address);
	signal(SIGTERM, SIG_DFL);
	loop_catch_signals(c.loop);
	struct http_request request = {.endpoint = &c.endpoint, .method = "GET", .path = "/"};
	flight.again = c.http;
	flight.request = &request;
	http_start(c.http, &request, flight_done, &flight);
	loop_turn(c.loop, 50);
	pid_t child = fork();
	if (child == 0) {
		usleep(30000);
		_exit(kill(getppid(), SIGTERM));
	}
	int64_t before = loop_now_ms();
	assert_false(client_get(&c, 60000));
	assert_int_equal(c.e.code, ERROR_CANCELLED);
	assert_int_equal(flight.done, 1);
	while (flight.done < 2)
		assert_true(loop_turn(c.loop, 1000));
	assert_int_equal(flight.code, ERROR_CANCELLED);
	assert_true(loop_now_ms() - before < 20000);
	/* And nothing new is begun. */
	assert_false(client_get(&c, 60000));
	assert_int_equal(c.e.code, ERROR_CANCELLED);
	waitpid(child, NULL, 0);
	client_close(&c);
	fake_stop(&fake, NULL, 0);
}

/* Plain http answered where https was asked, and a CA file that is none. */
static void test_tls_faults(void **state)
{
	struct client c;
	struct fake_http fake;
	struct fake_answer answers[] = {{.bytes = "HTTP/1.0 400 Bad Request\r\n\r\n", .deaf = true},
					{.deaf = true}};
	char address[160];

	(void)state;
	fake_start(&fake, true, answers, 2);
	snprintf(address, sizeof address, "https://%s", fake.address);
	client_open(&c, address);
	assert_false(client_get(&c, 3000));
	assert_int_equal(c.e.code, ERROR_PROTOCOL);
	assert_non_null(strstr(c.e.msg, address));
	c.endpoint.ca = strdup("/dev/null");
	assert_false(client_get(&c, 3000));
	assert_int_equal(c.e.code, ERROR_INVALID);
	client_close(&c);
	fake_stop(&fake, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_trailer),
		cmocka_unit_test(test_trailer_without_body),
		cmocka_unit_test(test_tags_not_taken),
		cmocka_unit_test(test_no_redirect),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_huge_body),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_permission),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_large_request),
		cmocka_unit_test(test_not_sendable),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_cancelled),
		cmocka_unit_test(test_tls_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
