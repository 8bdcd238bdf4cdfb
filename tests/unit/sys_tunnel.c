/* Connections taken over: the upgrade, bytes both ways, half close, and every way to be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kata/http.h"
#include "kata/loop.h"
#include "talk_http.h"

#define UPGRADED "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"

static char long_text[70000];

static bool is(const struct talk_request *r, const char *path)
{
	return strncmp(r->path, path, strlen(path)) == 0 && r->path[strlen(path)] == ' ';
}

/* Gives back what comes, and "bye" after its end. */
static void echo(struct talk_request *r)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(r->fd, bytes, sizeof bytes)) > 0)
		talk_send(r->fd, bytes, (size_t)n);
	talk_say(r, "bye");
}

static bool asked_rightly(const struct talk_request *r)
{
	return strncmp(r->head, "POST /echo HTTP/1.1\r\n", 21) == 0 &&
	       strstr(r->head, "\r\nHost: localhost\r\n") &&
	       strstr(r->head, "\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n") &&
	       strstr(r->head, "\r\nContent-Type: application/json\r\n") &&
	       strstr(r->head, "\r\nContent-Length: 2\r\n") && strncmp(r->body, "{}", 2) == 0;
}

static bool serve(struct talk_request *r)
{
	if (is(r, "/echo")) {
		if (!asked_rightly(r))
			return talk_answer(r, 400, "", r->head) && false;
		/* The first bytes come together with the head, which comes in pieces. */
		talk_say(r, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 UPG");
		poll(NULL, 0, 20);
		talk_say(r, "RADED\r\nUpgrade: tcp\r\n\r\nearly");
		echo(r);
	} else if (is(r, "/old")) {
		talk_say(r, "HTTP/1.1 200 OK\r\n\r\nold");
	} else if (is(r, "/closed")) {
		talk_say(r, UPGRADED);
	} else if (is(r, "/flood")) {
		/* Reads nothing until it is asked to by the test's pause. */
		talk_say(r, UPGRADED);
		poll(NULL, 0, 200);
		echo(r);
	} else if (is(r, "/conflict")) {
		talk_answer(r, 409, "", "{\"message\":\"not running\"}");
		pause();
	} else if (is(r, "/chunked")) {
		talk_say(r, "HTTP/1.1 500 X\r\ntransfer-encoding: chunked\r\n\r\n"
			    "5\r\nfirst\r\n");
		poll(NULL, 0, 20);
		talk_say(r, "7\r\n second\r\n0\r\n\r\n");
		pause();
	} else if (is(r, "/bare")) {
		talk_say(r, "HTTP/1.1 503 X\r\n\r\nbusy");
	} else if (is(r, "/garbage")) {
		talk_say(r, "220 smtp\r\n\r\n");
	} else if (is(r, "/endless")) {
		while (talk_say(r, "HTTP/1.1 101 X: y"))
			continue;
	} else if (is(r, "/half")) {
		talk_say(r, "HTTP/1.1 101 UPG");
	} else if (is(r, "/hang")) {
		pause();
	} else if (is(r, "/long")) {
		talk_say(r, "HTTP/1.1 500 X\r\nContent-Length: 70000\r\n\r\n");
		talk_send(r->fd, long_text, sizeof long_text);
		pause();
	}
	return false;
}

struct tunnel_case {
	struct talk talk;
	struct http_endpoint endpoint;
	struct http_tunnel *tunnel;
	struct kata_error e;
};

static void case_open(struct tunnel_case *c, bool tcp)
{
	*c = (struct tunnel_case){0};
	memset(long_text, 'l', sizeof long_text);
	talk_start(&c->talk, tcp, serve);
	assert_true(http_endpoint_parse(&c->endpoint, c->talk.address, &c->e));
}

static void case_close(struct tunnel_case *c)
{
	http_tunnel_close(c->tunnel);
	http_endpoint_release(&c->endpoint);
	talk_stop(&c->talk);
}

static bool tunnel_open(struct tunnel_case *c, const char *path)
{
	static const char *const headers[] = {"Host: localhost", NULL};
	struct http_request request = {.endpoint = &c->endpoint,
				       .method = "POST",
				       .path = path,
				       .body = "{}",
				       .body_len = 2,
				       .headers = headers,
				       .timeout_ms = 2000};

	http_tunnel_close(c->tunnel);
	c->tunnel = http_tunnel_open(&request, &c->e);
	return c->tunnel != NULL;
}

/* Reads until `want` bytes are there or the end; the last read's value when it was no number. */
static ssize_t read_all(struct tunnel_case *c, struct str *out, size_t want)
{
	int64_t until = loop_now_ms() + 3000;
	char bytes[1000];
	ssize_t n = 0;

	str_clear(out);
	while (out->len < want && n >= 0 && loop_now_ms() < until) {
		struct pollfd fd = {.fd = http_tunnel_fd(c->tunnel), .events = POLLIN};

		n = http_tunnel_read(c->tunnel, bytes, sizeof bytes);
		if (n > 0)
			str_addn(out, bytes, (size_t)n);
		else if (n == 0)
			poll(&fd, 1, 100);
	}
	return n;
}

static void test_both_ways(void **state)
{
	struct tunnel_case c;
	struct str got = STR_INIT;

	(void)state;
	for (int tcp = 0; tcp < 2; tcp++) {
		case_open(&c, tcp);
		if (!tunnel_open(&c, "/echo"))
			fail_msg("%s", c.e.msg);
		read_all(&c, &got, 5);
		assert_string_equal(got.p, "early");
		/* Nothing there: at once. */
		assert_int_equal(http_tunnel_read(c.tunnel, got.p, 1), 0);
		assert_int_equal(http_tunnel_write(c.tunnel, "hello", 5), 5);
		read_all(&c, &got, 5);
		assert_string_equal(got.p, "hello");
		http_tunnel_half_close(c.tunnel);
		assert_int_equal(read_all(&c, &got, 99), -1);
		assert_string_equal(got.p, "bye");
		assert_int_equal(http_tunnel_read(c.tunnel, got.p, 1), -1);
		case_close(&c);
	}
	str_release(&got);
}

static void test_without_upgrade(void **state)
{
	struct tunnel_case c;
	struct str got = STR_INIT;

	(void)state;
	case_open(&c, false);
	assert_true(tunnel_open(&c, "/old"));
	assert_int_equal(read_all(&c, &got, 99), -1);
	assert_string_equal(got.p, "old");
	str_release(&got);
	case_close(&c);
}

/* A reader that is slow makes writes take less, and nothing is lost. */
static void test_flood(void **state)
{
	struct tunnel_case c;
	size_t sent = 0, refused = 0, back = 0;
	const size_t total = 4 << 20;
	char *bytes = calloc(1, 65536);

	(void)state;
	case_open(&c, false);
	assert_true(tunnel_open(&c, "/flood"));
	int64_t until = loop_now_ms() + 10000;
	while (back < total + 3 && loop_now_ms() < until) {
		struct pollfd fd = {.fd = http_tunnel_fd(c.tunnel), .events = POLLIN};
		size_t left = total - sent;
		ssize_t n =
			left ? http_tunnel_write(c.tunnel, bytes, left < 65536 ? left : 65536) : 0;

		assert_true(n >= 0);
		refused += left && n == 0;
		sent += (size_t)n;
		if (left && sent == total)
			http_tunnel_half_close(c.tunnel);
		ssize_t m = http_tunnel_read(c.tunnel, bytes, 65536);
		assert_true(m >= 0);
		back += (size_t)m;
		if (n == 0 && m == 0)
			poll(&fd, 1, 20);
	}
	assert_int_equal(back, total + 3);
	assert_true(refused > 0);
	free(bytes);
	case_close(&c);
}

static void test_closed(void **state)
{
	struct tunnel_case c;
	struct str got = STR_INIT;

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	case_open(&c, false);
	assert_true(tunnel_open(&c, "/closed"));
	while (!c.talk.counts->ended)
		poll(NULL, 0, 5);
	poll(NULL, 0, 20);
	assert_int_equal(read_all(&c, &got, 1), -1);
	assert_int_equal(http_tunnel_write(c.tunnel, "x", 1), -2);
	str_release(&got);
	case_close(&c);
}

static const struct refusal {
	const char *path;
	enum error_code code;
	int http;
	const char *msg; /* part of it */
} refusals[] = {
	{"/conflict", ERROR_REFUSED, 409, "{\"message\":\"not running\"}"},
	{"/chunked", ERROR_REFUSED, 500, "first second"},
	{"/bare", ERROR_REFUSED, 503, "busy"},
	{"/long", ERROR_REFUSED, 500, "llll"},
	{"/garbage", ERROR_PROTOCOL, 0, "not an HTTP server"},
	{"/endless", ERROR_PROTOCOL, 0, "not an HTTP server"},
	{"/half", ERROR_LOST, 0, "in the middle"},
	{"/nothing", ERROR_LOST, 0, "before an answer"},
	{"/hang", ERROR_TIMEOUT, 0, "no answer in time"},
	{"/a b", ERROR_INVALID, 0, "cannot be sent"},
};

static void test_refused(void **state)
{
	struct tunnel_case c;

	(void)state;
	case_open(&c, false);
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		int64_t before = loop_now_ms();

		if (tunnel_open(&c, refusals[i].path))
			fail_msg("%s: opened", refusals[i].path);
		if (c.e.code != refusals[i].code || c.e.http != refusals[i].http ||
		    !strstr(c.e.msg, refusals[i].msg) || !strstr(c.e.where, refusals[i].path))
			fail_msg("%s: %s (%s)", refusals[i].path, c.e.msg, c.e.where);
		/* A refusal is not waited for beyond its end. */
		assert_true(loop_now_ms() - before < (refusals[i].http ? 1500 : 5000));
	}
	case_close(&c);
}

static void test_nobody_there(void **state)
{
	struct tunnel_case c = {0};

	(void)state;
	assert_true(http_endpoint_parse(&c.endpoint, "unix:///nonexistent/s", &c.e));
	assert_false(tunnel_open(&c, "/echo"));
	assert_int_equal(c.e.code, ERROR_UNAVAILABLE);
	assert_string_equal(c.e.where, "POST unix//nonexistent/s:/echo");
	http_endpoint_release(&c.endpoint);
	http_tunnel_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways), cmocka_unit_test(test_without_upgrade),
		cmocka_unit_test(test_flood),	  cmocka_unit_test(test_closed),
		cmocka_unit_test(test_refused),	  cmocka_unit_test(test_nobody_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
