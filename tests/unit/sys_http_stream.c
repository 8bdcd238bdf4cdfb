/* Transfers that stream, kept connections, cancelling, and many at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kata/http.h"
#include "kata/loop.h"
#include "talk_http.h"

struct client {
	struct talk talk;
	struct loop *loop;
	struct http *http;
	struct http_endpoint endpoint;
	struct kata_error e;
};

static void client_open(struct client *c, bool tcp, talk_fn *fn)
{
	*c = (struct client){.loop = loop_new()};
	talk_start(&c->talk, tcp, fn);
	c->http = http_new(c->loop);
	assert_true(http_endpoint_parse(&c->endpoint, c->talk.address, &c->e));
}

static void client_close(struct client *c)
{
	http_free(c->http);
	http_endpoint_release(&c->endpoint);
	loop_free(c->loop);
	talk_stop(&c->talk);
}

/* One request to its end. */
static bool ask(struct client *c, const char *method, const char *path, struct str *body)
{
	struct http_request request = {.endpoint = &c->endpoint,
				       .method = method,
				       .path = path,
				       .keep = true,
				       .timeout_ms = 3000};
	struct http_response response;

	bool ok = http_do(c->http, &request, &response, &c->e);
	if (ok && body) {
		str_clear(body);
		str_addn(body, response.body.p, response.body.len);
	}
	http_response_release(&response);
	return ok;
}

/* --- kept connections --- */

static bool serve_kept(struct talk_request *r)
{
	char body[64];

	if (strncmp(r->path, "/wait", 5) == 0)
		poll(NULL, 0, 30);
	if (strncmp(r->path, "/swallow", 8) == 0 && r->number > 1)
		return false;
	snprintf(body, sizeof body, "%d", r->number);
	talk_answer(r, 200, "", body);
	return strncmp(r->path, "/quit", 5) != 0;
}

static void test_keep(void **state)
{
	struct client c;
	struct str body = STR_INIT;

	(void)state;
	for (int tcp = 0; tcp < 2; tcp++) {
		client_open(&c, tcp, serve_kept);
		for (int i = 1; i <= 5; i++) {
			assert_true(ask(&c, "GET", "/", &body));
			assert_int_equal(body.p[0], '0' + i);
		}
		assert_int_equal(c.talk.counts->connections, 1);
		client_close(&c);
	}
	str_release(&body);
}

static void test_not_kept(void **state)
{
	struct client c;
	struct http_response response;

	(void)state;
	client_open(&c, false, serve_kept);
	struct http_request request = {.endpoint = &c.endpoint, .method = "GET", .path = "/"};
	assert_true(ask(&c, "GET", "/", NULL));
	for (int i = 0; i < 3; i++) {
		assert_true(http_do(c.http, &request, &response, &c.e));
		assert_string_equal(response.body.p, "1");
		http_response_release(&response);
	}
	assert_int_equal(c.talk.counts->connections, 4);
	client_close(&c);
}

/* The server closed the connection meanwhile: noticed, or found out by asking again. */
static void test_closed_meanwhile(void **state)
{
	struct client c;

	(void)state;
	client_open(&c, false, serve_kept);
	assert_true(ask(&c, "GET", "/quit", NULL));
	poll(NULL, 0, 30);
	assert_true(ask(&c, "GET", "/", NULL));
	assert_int_equal(c.talk.counts->connections, 2);
	/* Closed by the server only when the request is there. */
	if (!ask(&c, "GET", "/swallow", NULL))
		fail_msg("not sent again: %s", c.e.msg);
	assert_int_equal(c.talk.counts->connections, 3);
	client_close(&c);
}

/* What changes something is sent once, whatever becomes of kept connections. */
static void test_post_once(void **state)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH"};
	struct client c;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		client_open(&c, false, serve_kept);
		assert_true(ask(&c, "GET", "/", NULL));
		assert_true(ask(&c, methods[i], "/swallow", NULL));
		assert_int_equal(c.talk.counts->requests, 2);
		/* Its connection serves what follows. */
		assert_true(ask(&c, "GET", "/", NULL));
		assert_int_equal(c.talk.counts->connections, 2);
		client_close(&c);
	}
}

struct count {
	int done, ok, forgotten;
	enum error_code code;
	struct str got;
};

static void count_done(void *arg, bool ok, struct http_response *response, struct kata_error *e)
{
	struct count *count = arg;

	assert_int_equal(count->forgotten, 0);
	count->done++;
	count->ok += ok;
	count->code = ok ? ERROR_NONE : e->code;
	if (ok) {
		str_addn(&count->got, response->body.p, response->body.len);
		http_response_release(response);
	}
}

static void count_forget(void *arg)
{
	((struct count *)arg)->forgotten++;
}

/* Many requests: a bounded number of connections, each of them used. */
static void test_many(void **state)
{
	struct client c;
	struct count count = {.got = STR_INIT};

	(void)state;
	client_open(&c, false, serve_kept);
	struct http_request request = {
		.endpoint = &c.endpoint, .method = "GET", .path = "/wait", .keep = true};
	for (int i = 0; i < 200; i++)
		http_start(c.http, &request, count_done, &count);
	while (count.done < 200)
		assert_true(loop_turn(c.loop, 5000));
	assert_int_equal(count.ok, 200);
	assert_int_equal(c.talk.counts->connections, HTTP_AT_ONCE);
	assert_int_equal(c.talk.counts->most_live, HTTP_AT_ONCE);
	str_release(&count.got);
	client_close(&c);
}

/* --- streams --- */

static bool serve_stream(struct talk_request *r)
{
	if (strncmp(r->path, "/three", 6) == 0) {
		talk_say(r, "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n");
		for (int i = 0; i < 3; i++) {
			talk_chunk(r, "abc");
			poll(NULL, 0, 20);
		}
		return talk_say(r, "0\r\n\r\n");
	}
	if (strncmp(r->path, "/eof", 4) == 0) {
		talk_say(r, "HTTP/1.1 200 X\r\n\r\nuntil the end");
		return false;
	}
	if (strncmp(r->path, "/endless", 8) == 0) {
		talk_say(r, "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n");
		while (talk_chunk(r, "x"))
			poll(NULL, 0, 10);
		return false;
	}
	if (strncmp(r->path, "/silent", 7) == 0) {
		talk_say(r, "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n");
		pause();
	}
	if (strncmp(r->path, "/no", 3) == 0)
		return talk_answer(r, 404, "Api-Version: 1.47\r\n", "no such thing");
	return talk_answer(r, 200, "", "plain");
}

struct stream {
	struct client *c;
	struct count count;
	struct str data;
	size_t stop_at;		 /* length at which on_data says no */
	struct transfer *victim; /* cancelled from on_data */
	struct count *other;	 /* started from on_data */
};

static bool stream_data(void *arg, const char *bytes, size_t len)
{
	struct stream *s = arg;

	str_addn(&s->data, bytes, len);
	if (s->victim)
		http_cancel(s->victim);
	s->victim = NULL;
	if (s->other) {
		struct http_request request = {.endpoint = &s->c->endpoint,
					       .method = "GET",
					       .path = "/plain",
					       .keep = true};
		http_start(s->c->http, &request, count_done, s->other);
		s->other = NULL;
	}
	return !s->stop_at || s->data.len < s->stop_at;
}

static struct transfer *stream_start(struct stream *s, struct client *c, const char *path)
{
	struct http_request request = {.endpoint = &c->endpoint,
				       .method = "GET",
				       .path = path,
				       .keep = true,
				       .timeout_ms = 60000,
				       .on_data = stream_data,
				       .stream_arg = s,
				       .forget = count_forget};

	s->c = c;
	s->data = (struct str)STR_INIT;
	s->count.got = (struct str)STR_INIT;
	return http_start(c->http, &request, count_done, &s->count);
}

static void stream_end(struct stream *s)
{
	str_release(&s->data);
	str_release(&s->count.got);
}

static void run(struct client *c, const struct count *count)
{
	int64_t until = loop_now_ms() + 5000;

	while (!count->done && loop_now_ms() < until)
		assert_true(loop_turn(c->loop, 1000));
	assert_int_equal(count->done, 1);
}

static void test_stream(void **state)
{
	struct client c;
	struct stream s = {0}, eof = {0}, no = {0};

	(void)state;
	client_open(&c, false, serve_stream);
	stream_start(&s, &c, "/three");
	run(&c, &s.count);
	assert_true(s.count.ok);
	assert_string_equal(s.data.p, "abcabcabc");
	assert_int_equal(s.count.got.len, 0);
	assert_int_equal(s.count.forgotten, 1);
	stream_start(&eof, &c, "/eof");
	run(&c, &eof.count);
	assert_true(eof.count.ok);
	assert_string_equal(eof.data.p, "until the end");
	/* What a refusal says is for its message, not for the stream. */
	stream_start(&no, &c, "/no");
	run(&c, &no.count);
	assert_true(no.count.ok);
	assert_int_equal(no.data.len, 0);
	assert_string_equal(no.count.got.p, "no such thing");
	stream_end(&s);
	stream_end(&eof);
	stream_end(&no);
	client_close(&c);
}

static void test_stream_stopped(void **state)
{
	struct client c;
	struct stream s = {.stop_at = 3};

	(void)state;
	client_open(&c, false, serve_stream);
	stream_start(&s, &c, "/endless");
	run(&c, &s.count);
	assert_int_equal(s.count.code, ERROR_CANCELLED);
	/* The connection is not kept. */
	while (!c.talk.counts->ended)
		poll(NULL, 0, 5);
	stream_end(&s);
	client_close(&c);
}

/* Endless streams leave the others their turn, and can be cancelled, also from each other. */
static void test_cancel(void **state)
{
	struct client c;
	struct stream streams[HTTP_AT_ONCE + 4] = {0}, watch = {.stop_at = 2};
	struct count other = {.got = STR_INIT};
	const int count = sizeof streams / sizeof streams[0];

	(void)state;
	client_open(&c, false, serve_stream);
	struct transfer *first = stream_start(&streams[0], &c, "/silent");
	for (int i = 1; i < count; i++)
		stream_start(&streams[i], &c, "/silent");
	/* Those that may wait for ever do not stand in the way, either. */
	struct http_request silent = {.endpoint = &c.endpoint,
				      .method = "GET",
				      .path = "/silent",
				      .keep = true,
				      .timeout_ms = -1};
	for (int i = 0; i < count; i++)
		http_start(c.http, &silent, count_done, &streams[1].count);
	watch.victim = first;
	watch.other = &other;
	stream_start(&watch, &c, "/endless");
	run(&c, &watch.count);
	run(&c, &other);
	assert_string_equal(other.got.p, "plain");
	assert_int_equal(streams[1].count.forgotten, 0);
	client_close(&c);
	for (int i = 0; i < count; i++) {
		assert_int_equal(streams[i].count.done, 0);
		assert_int_equal(streams[i].count.forgotten, 1);
		stream_end(&streams[i]);
	}
	stream_end(&watch);
	str_release(&other.got);
}

/* Also of those that wait for their turn. */
static void test_cancel_waiting(void **state)
{
	struct client c;
	struct count count = {.got = STR_INIT};
	struct transfer *transfers[3 * HTTP_AT_ONCE];

	(void)state;
	client_open(&c, false, serve_kept);
	struct http_request request = {
		.endpoint = &c.endpoint, .method = "GET", .path = "/wait", .keep = true};
	for (int i = 0; i < 3 * HTTP_AT_ONCE; i++)
		transfers[i] = http_start(c.http, &request, count_done, &count);
	for (int i = HTTP_AT_ONCE / 2; i < 2 * HTTP_AT_ONCE; i++)
		http_cancel(transfers[i]);
	while (count.done < 3 * HTTP_AT_ONCE / 2)
		assert_true(loop_turn(c.loop, 5000));
	assert_int_equal(count.ok, 3 * HTTP_AT_ONCE / 2);
	str_release(&count.got);
	client_close(&c);
}

/* Cancelling those that run gives the others their turn. */
static void test_cancel_running(void **state)
{
	struct client c;
	struct count count = {.got = STR_INIT};
	struct transfer *transfers[HTTP_AT_ONCE];

	(void)state;
	client_open(&c, false, serve_stream);
	struct http_request request = {
		.endpoint = &c.endpoint, .method = "GET", .path = "/silent", .keep = true};
	for (int i = 0; i < HTTP_AT_ONCE; i++)
		transfers[i] = http_start(c.http, &request, count_done, &count);
	request.path = "/plain";
	http_start(c.http, &request, count_done, &count);
	loop_turn(c.loop, 50);
	for (int i = 0; i < HTTP_AT_ONCE; i++)
		http_cancel(transfers[i]);
	run(&c, &count);
	assert_string_equal(count.got.p, "plain");
	str_release(&count.got);
	client_close(&c);
}

/* A signal ends an endless stream. */
static void test_signal(void **state)
{
	struct client c;
	struct stream s = {0};

	(void)state;
	client_open(&c, false, serve_stream);
	signal(SIGTERM, SIG_DFL);
	loop_catch_signals(c.loop);
	stream_start(&s, &c, "/endless");
	while (!s.data.len)
		assert_true(loop_turn(c.loop, 1000));
	raise(SIGTERM);
	run(&c, &s.count);
	assert_int_equal(s.count.code, ERROR_CANCELLED);
	stream_end(&s);
	client_close(&c);
}

/* --- uploads --- */

/* Answers with the sum of the chunks' lengths, and the head. */
static bool serve_upload(struct talk_request *r)
{
	char line[64], bytes[65536];
	size_t used = 0, total = 0;

	if (strncmp(r->path, "/early", 6) == 0) {
		talk_answer(r, 400, "", "not that");
		return false;
	}
	for (;;) {
		if (read(r->fd, line + used, 1) != 1)
			return false;
		if (line[used++] != '\n')
			continue;
		size_t len = strtoul(line, NULL, 16), left = len + 2;
		while (left > 0) {
			ssize_t n = read(r->fd, bytes, left < sizeof bytes ? left : sizeof bytes);
			if (n <= 0)
				return false;
			left -= (size_t)n;
		}
		used = 0;
		total += len;
		if (len == 0)
			break;
	}
	snprintf(line, sizeof line, "%zu %d", total,
		 strstr(r->head, "\r\nTransfer-Encoding: chunked\r\n") &&
			 strstr(r->head, "\r\nContent-Type: application/x-tar\r\n") &&
			 strstr(r->head, "\r\nX-More: yes\r\n") &&
			 strstr(r->head, "\r\nHost: other\r\n") && !strcasestr(r->head, "expect:"));
	return talk_answer(r, 200, "", line);
}

struct upload {
	size_t left;
	size_t fail_at;
};

static ssize_t upload_source(void *arg, char *bytes, size_t room)
{
	struct upload *upload = arg;
	size_t n = room < upload->left ? room : upload->left;

	if (upload->fail_at && upload->left <= upload->fail_at)
		return -1;
	memset(bytes, 'u', n);
	upload->left -= n;
	return (ssize_t)n;
}

static bool upload(struct client *c, const char *path, struct upload *upload,
		   struct http_response *response)
{
	static const char *const headers[] = {"X-More: yes", "Host: other", NULL};
	struct http_request request = {.endpoint = &c->endpoint,
				       .method = "POST",
				       .path = path,
				       .keep = true,
				       .type = "application/x-tar",
				       .headers = headers,
				       .source = upload_source,
				       .stream_arg = upload};

	return http_do(c->http, &request, response, &c->e);
}

static void test_upload(void **state)
{
	struct client c;
	struct http_response response;

	(void)state;
	client_open(&c, false, serve_upload);
	assert_true(upload(&c, "/", &(struct upload){.left = 5000000}, &response));
	assert_string_equal(response.body.p, "5000000 1");
	http_response_release(&response);
	assert_true(upload(&c, "/", &(struct upload){0}, &response));
	assert_string_equal(response.body.p, "0 1");
	http_response_release(&response);
	assert_false(
		upload(&c, "/", &(struct upload){.left = 500000, .fail_at = 300000}, &response));
	assert_int_equal(c.e.code, ERROR_CANCELLED);
	/* The answer counts though the server does not read on. */
	assert_true(upload(&c, "/early", &(struct upload){.left = 50000000}, &response));
	assert_int_equal(response.status, 400);
	assert_string_equal(response.body.p, "not that");
	http_response_release(&response);
	client_close(&c);
}

/* --- what the layer above asks for --- */

static const char *again_path(void *arg, const struct http_response *response)
{
	(void)arg;
	if (response->status == 404)
		assert_string_equal(response->api_version.p, "1.47");
	return "/plain";
}

static void test_again(void **state)
{
	struct client c;
	struct count count = {.got = STR_INIT};

	(void)state;
	client_open(&c, false, serve_stream);
	struct http_request request = {.endpoint = &c.endpoint,
				       .method = "GET",
				       .path = "/no",
				       .keep = true,
				       .again = again_path,
				       .forget = count_forget};
	http_start(c.http, &request, count_done, &count);
	while (!count.forgotten)
		assert_true(loop_turn(c.loop, 3000));
	/* Only once, whatever again says. */
	assert_int_equal(count.ok, 1);
	assert_string_equal(count.got.p, "plain");
	assert_int_equal(c.talk.counts->requests, 2);
	str_release(&count.got);
	client_close(&c);
}

static void test_header_not_sendable(void **state)
{
	static const char *const headers[] = {"X: a\r\nY: b", NULL};
	struct client c;
	struct http_response response;

	(void)state;
	client_open(&c, false, serve_kept);
	struct http_request request = {
		.endpoint = &c.endpoint, .method = "GET", .path = "/", .headers = headers};
	assert_false(http_do(c.http, &request, &response, &c.e));
	assert_int_equal(c.e.code, ERROR_INVALID);
	/* Secrets of a query stay out of the place. */
	request.path = "/b?args=secret#";
	assert_false(http_do(c.http, &request, &response, &c.e));
	assert_non_null(strstr(c.e.where, "/b"));
	assert_null(strstr(c.e.where, "secret"));
	client_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_not_kept),
		cmocka_unit_test(test_closed_meanwhile),
		cmocka_unit_test(test_post_once),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_stream_stopped),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_cancel_waiting),
		cmocka_unit_test(test_cancel_running),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_upload),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_header_not_sendable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
