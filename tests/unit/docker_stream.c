/* Streams: objects and frames cut anywhere, failures inside them, logs, uploads, cancelling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../src/docker/docker_private.h"
#include "../../src/docker/split.h"
#include "kata/loop.h"
#include "talk_http.h"

/* --- the splitter --- */

struct seen {
	struct str text; /* objects, each with a | */
	int stop_after;	 /* says no at this one; 0: never */
	int count;
};

static bool see(void *arg, const json_t *object)
{
	struct seen *seen = arg;
	char *text = json_dumps(object, JSON_COMPACT);

	str_addf(&seen->text, "%s|", text);
	free(text);
	return ++seen->count != seen->stop_after;
}

static const char objects[] =
	" {\"a\":\"}{\\\"\\\\\"}\r\n{\"b\":{\"c\":[{},{\"d\":\"\xc3\xa9\"}]}}{}\n\t{\"e\":1} \r\n";
static const char objects_seen[] = "{\"a\":\"}{\\\"\\\\\"}|{\"b\":{\"c\":[{},{\"d\":\"\xc3\xa9\"}]}"
				   "}|{}|{\"e\":1}|";

static void test_split_anywhere(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < sizeof objects; piece++) {
		struct docker_split split = DOCKER_SPLIT_INIT;
		struct seen seen = {.text = STR_INIT};
		struct kata_error e;

		for (size_t at = 0; at < sizeof objects - 1; at += piece) {
			size_t left = sizeof objects - 1 - at;

			assert_true(docker_split_add(&split, objects + at,
						     left < piece ? left : piece, see, &seen, &e));
		}
		assert_string_equal(seen.text.p, objects_seen);
		assert_true(docker_split_end(&split, &e));
		str_release(&seen.text);
	}
}

static enum error_code split_text(const char *text, size_t len, int stop_after)
{
	struct docker_split split = DOCKER_SPLIT_INIT;
	struct seen seen = {.text = STR_INIT, .stop_after = stop_after};
	struct kata_error e = {0};

	bool ok = docker_split_add(&split, text, len, see, &seen, &e);
	ok = ok && docker_split_end(&split, &e);
	if (ok)
		e.code = ERROR_NONE;
	else
		assert_true(e.msg[0]);
	struct kata_error ignored;
	docker_split_end(&split, &ignored);
	str_release(&seen.text);
	return e.code;
}

static void test_split_faults(void **state)
{
	char *huge = malloc(DOCKER_OBJECT_MAX + 8);

	(void)state;
	assert_int_equal(split_text("", 0, 0), ERROR_NONE);
	assert_int_equal(split_text("{}{}", 4, 2), ERROR_CANCELLED);
	assert_int_equal(split_text("{}{", 3, 0), ERROR_LOST);
	assert_int_equal(split_text("{}x", 3, 0), ERROR_PROTOCOL);
	assert_int_equal(split_text("{}\0", 3, 0), ERROR_PROTOCOL);
	assert_int_equal(split_text("[]", 2, 0), ERROR_PROTOCOL);
	assert_int_equal(split_text("}", 1, 0), ERROR_PROTOCOL);
	assert_int_equal(split_text("{\"a\":}", 6, 0), ERROR_PROTOCOL);
	memset(huge, 'a', DOCKER_OBJECT_MAX + 8);
	memcpy(huge, "{\"", 2);
	assert_int_equal(split_text(huge, DOCKER_OBJECT_MAX, 0), ERROR_LOST);
	assert_int_equal(split_text(huge, DOCKER_OBJECT_MAX + 8, 0), ERROR_PROTOCOL);
	free(huge);
}

/* --- the frames --- */

struct output {
	struct str text[3];
	size_t stop_at;
};

static bool put(void *arg, int stream, const char *bytes, size_t len)
{
	struct output *output = arg;

	assert_true(stream == 1 || stream == 2);
	str_addn(&output->text[stream], bytes, len);
	return !output->stop_at || output->text[1].len < output->stop_at;
}

static void output_init(struct output *output)
{
	*output = (struct output){.text = {STR_INIT, STR_INIT, STR_INIT}};
}

static void output_release(struct output *output)
{
	for (int i = 0; i < 3; i++)
		str_release(&output->text[i]);
}

/* 0 is input echoed, 3 the engine's own error; a frame may be empty. */
static const char frames[] = "\1\0\0\0\0\0\0\3out\2\0\0\0\0\0\0\5error\1\0\0\0\0\0\0\0"
			     "\0\0\0\0\0\0\0\2in\1\0\0\0\0\0\0\1\n\3\0\0\0\0\0\0\4 own";

static void test_demux_anywhere(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < sizeof frames; piece++) {
		struct docker_demux demux = {0};
		struct output output;

		output_init(&output);
		for (size_t at = 0; at < sizeof frames - 1; at += piece) {
			size_t left = sizeof frames - 1 - at;

			assert_true(docker_demux_add(&demux, frames + at,
						     left < piece ? left : piece, put, &output));
		}
		assert_string_equal(output.text[1].p, "outin\n");
		assert_string_equal(output.text[2].p, "error own");
		output_release(&output);
	}
}

static void test_demux_faults(void **state)
{
	static const char long_frame[] = "\1\0\0\0\xff\0\0\1xyz";
	static const char *const bad[] = {"\4\0\0\0", "\1\1\0\0", "\1\0\1\0", "\1\0\0\1", "text"};
	struct docker_demux demux = {0};
	struct output output;

	(void)state;
	output_init(&output);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		demux = (struct docker_demux){0};
		assert_false(docker_demux_add(&demux, bad[i], 4, put, &output));
	}
	demux = (struct docker_demux){0};
	assert_true(docker_demux_add(&demux, long_frame, sizeof long_frame - 1, put, &output));
	assert_int_equal(demux.left, 0xff000001 - 3);
	assert_string_equal(output.text[1].p, "xyz");
	output.stop_at = 1;
	assert_false(docker_demux_add(&demux, "a", 1, put, &output));
	output_release(&output);
}

/* --- against a server --- */

#define STREAM "HTTP/1.1 200 X\r\nApi-Version: 1.41\r\nTransfer-Encoding: chunked\r\n\r\n"

static bool is(const struct talk_request *r, const char *path)
{
	return strncmp(r->path, path, strlen(path)) == 0 && r->path[strlen(path)] == ' ';
}

static bool serve_upload(struct talk_request *r)
{
	char bytes[256] = "";
	size_t len = 0;

	if (!strstr(r->head, "\r\nContent-Type: application/x-tar\r\n") ||
	    !strstr(r->head, "\r\nX-Registry-Config: e30=\r\n"))
		return talk_answer(r, 400, "", "{\"message\":\"headers\"}");
	/* To its end: what is left unread when we close would break off the answer. */
	while (!strstr(bytes, "\r\n0\r\n\r\n")) {
		ssize_t n = read(r->fd, bytes + len, sizeof bytes - 1 - len);

		if (n <= 0)
			return false;
		len += (size_t)n;
		bytes[len] = '\0';
	}
	talk_say(r, STREAM);
	talk_chunk(r, strstr(bytes, "tartar") ? "{\"got\":1}" : "{\"got\":0}");
	return talk_say(r, "0\r\n\r\n") && false;
}

static bool serve(struct talk_request *r)
{
	if (is(r, "/v1.41/pull")) {
		talk_say(r, STREAM);
		talk_chunk(r, "{\"status\":\"a\"}\r\n{\"sta");
		poll(NULL, 0, 20);
		talk_chunk(r, "tus\":\"b\"}\r\n");
		return talk_say(r, "0\r\n\r\n");
	}
	if (is(r, "/v1.41/fails")) {
		talk_say(r, STREAM);
		talk_chunk(r,
			   "{\"status\":\"a\"}{\"errorDetail\":{\"message\":\"manifest unknown\"}"
			   ",\"error\":\"manifest unknown\"}{\"status\":\"z\"}");
		return false; /* and without an end */
	}
	if (is(r, "/v1.41/fails-old")) {
		talk_say(r, STREAM);
		talk_chunk(r, "{\"error\":\"no space left on device\"}");
		return talk_say(r, "0\r\n\r\n");
	}
	if (is(r, "/v1.41/cut")) {
		talk_say(r, "HTTP/1.1 200 X\r\n\r\n{\"a\":1}{\"b\"");
		return false;
	}
	if (is(r, "/v1.41/broken")) {
		talk_say(r, STREAM);
		talk_chunk(r, "{\"a\":1}");
		return false;
	}
	if (is(r, "/v1.41/events")) {
		talk_say(r, STREAM);
		while (talk_chunk(r, "{\"n\":1}{\"n\":2}\n"))
			poll(NULL, 0, 10);
		return false;
	}
	if (is(r, "/v1.41/build"))
		return serve_upload(r);
	if (is(r, "/v1.41/logs") || is(r, "/v1.41/raw")) {
		talk_say(r, "HTTP/1.1 200 X\r\n\r\n");
		talk_send(r->fd, frames, 12);
		poll(NULL, 0, 20);
		talk_send(r->fd, frames + 12, sizeof frames - 1 - 12);
		return false;
	}
	if (is(r, "/v1.44/new"))
		return talk_answer(r, 200, "", "{\"new\":1}");
	if (is(r, "/v1.41/new"))
		return talk_answer(r, 400, "",
				   "client version 1.41 is too old. Minimum supported "
				   "API version is 1.44, please");
	return talk_answer(r, 404, "", "{\"message\":\"No such container: x\"}");
}

struct client {
	struct talk talk;
	struct loop *loop;
	struct http *http;
	struct docker docker;
	struct kata_error e;
	struct seen seen; /* first in arg: see() takes it */
	struct output output;
	int done, ok, released;
};

static void client_open(struct client *c)
{
	*c = (struct client){.loop = loop_new(), .seen = {.text = STR_INIT}};
	output_init(&c->output);
	talk_start(&c->talk, false, serve);
	c->http = http_new(c->loop);
	assert_true(docker_init(&c->docker, c->http, c->talk.address, NULL, NULL, &c->e));
}

static void client_close(struct client *c)
{
	docker_release(&c->docker);
	http_free(c->http);
	loop_free(c->loop);
	talk_stop(&c->talk);
	str_release(&c->seen.text);
	output_release(&c->output);
}

static bool client_see(void *arg, const json_t *object)
{
	return see(&((struct client *)arg)->seen, object);
}

static bool client_put(void *arg, int stream, const char *bytes, size_t len)
{
	return put(&((struct client *)arg)->output, stream, bytes, len);
}

static void client_done(void *arg, bool ok, struct kata_error *e)
{
	struct client *c = arg;

	assert_int_equal(c->released, 0);
	c->done++;
	c->ok = ok;
	if (!ok)
		c->e = *e;
}

static void client_run(struct client *c)
{
	int64_t until = loop_now_ms() + 5000;

	while (!c->done && loop_now_ms() < until)
		assert_true(loop_turn(c->loop, 1000));
	assert_int_equal(c->done, 1);
	c->done = 0;
}

static const struct stream_case {
	const char *path;
	int stop_after;
	enum error_code code; /* ERROR_NONE: ok */
	const char *seen, *msg;
} streams[] = {
	{"/pull", 0, ERROR_NONE, "{\"status\":\"a\"}|{\"status\":\"b\"}|", ""},
	{"/new", 0, ERROR_NONE, "{\"new\":1}|", ""},
	{"/fails", 0, ERROR_NOT_FOUND, "{\"status\":\"a\"}|{\"status\":\"z\"}|",
	 "manifest unknown"},
	/* The event says no after the failure: that stays the reason. */
	{"/fails", 2, ERROR_NOT_FOUND, "{\"status\":\"a\"}|{\"status\":\"z\"}|", "manifest"},
	{"/fails-old", 0, ERROR_REFUSED, "", "no space left on device"},
	{"/cut", 0, ERROR_LOST, "{\"a\":1}|", "in the middle of an object"},
	{"/broken", 0, ERROR_LOST, "{\"a\":1}|", "in the middle of an answer"},
	{"/events", 3, ERROR_CANCELLED, "{\"n\":1}|{\"n\":2}|{\"n\":1}|", ""},
	{"/nosuch", 0, ERROR_NOT_FOUND, "", "No such container: x"},
};

static void test_streams(void **state)
{
	struct client c;

	(void)state;
	for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
		const struct stream_case *want = &streams[i];
		struct docker_request request = {.method = "POST", .path = want->path};

		client_open(&c);
		c.seen.stop_after = want->stop_after;
		docker_stream_start(&c.docker, &request, client_see, client_done, &c);
		client_run(&c);
		if (c.ok != !want->code || (!c.ok && c.e.code != want->code))
			fail_msg("%s: %s", want->path, c.ok ? "accepted" : c.e.msg);
		assert_string_equal(c.seen.text.p, want->seen);
		if (!c.ok) {
			assert_non_null(strstr(c.e.msg, want->msg));
			assert_non_null(strstr(c.e.where, want->path));
		}
		client_close(&c);
	}
}

static void test_cancel(void **state)
{
	struct docker_request request = {.method = "GET", .path = "/events"};
	struct client c;

	(void)state;
	client_open(&c);
	struct docker_stream *stream =
		docker_stream_start(&c.docker, &request, client_see, client_done, &c);
	docker_stream_start(&c.docker, &request, client_see, client_done, &c);
	struct docker_logs *logs =
		docker_logs_start(&c.docker, "/events", true, client_put, client_done, &c);
	while (c.seen.count < 8 || c.output.text[1].len < 20)
		assert_true(loop_turn(c.loop, 1000));
	docker_stream_cancel(stream);
	docker_logs_cancel(logs);
	while (c.talk.counts->ended < 2)
		assert_true(loop_turn(c.loop, 1000));
	assert_int_equal(c.done, 0);
	client_close(&c);
}

struct cancelling {
	struct client *c;
	struct docker_stream *self;
};

static bool cancel_self(void *arg, const json_t *object)
{
	struct cancelling *cancelling = arg;

	see(&cancelling->c->seen, object);
	docker_stream_cancel(cancelling->self);
	return true;
}

static void never_done(void *arg, bool ok, struct kata_error *e)
{
	(void)arg;
	(void)ok;
	fail_msg("called: %s", e->msg);
}

/* From its own event, which the second object of the same piece follows. */
static void test_cancel_itself(void **state)
{
	struct docker_request request = {.method = "GET", .path = "/events"};
	struct cancelling cancelling;
	struct client c;

	(void)state;
	client_open(&c);
	cancelling.c = &c;
	cancelling.self =
		docker_stream_start(&c.docker, &request, cancel_self, never_done, &cancelling);
	while (!c.talk.counts->ended)
		loop_turn(c.loop, 50);
	assert_int_equal(c.seen.count, 1);
	client_close(&c);
}

/* --- logs --- */

static void test_logs(void **state)
{
	struct client c;

	(void)state;
	client_open(&c);
	docker_logs_start(&c.docker, "/logs", false, client_put, client_done, &c);
	client_run(&c);
	assert_true(c.ok);
	assert_string_equal(c.output.text[1].p, "outin\n");
	assert_string_equal(c.output.text[2].p, "error own");
	client_close(&c);
	client_open(&c);
	docker_logs_start(&c.docker, "/raw", true, client_put, client_done, &c);
	client_run(&c);
	assert_true(c.ok);
	assert_int_equal(c.output.text[1].len, sizeof frames - 1);
	client_close(&c);
	client_open(&c);
	c.output.stop_at = 1;
	docker_logs_start(&c.docker, "/logs", false, client_put, client_done, &c);
	client_run(&c);
	assert_true(!c.ok && c.e.code == ERROR_CANCELLED);
	docker_logs_start(&c.docker, "/pull", false, client_put, client_done, &c);
	client_run(&c);
	assert_true(!c.ok && c.e.code == ERROR_PROTOCOL);
	docker_logs_start(&c.docker, "/nosuch", false, client_put, client_done, &c);
	client_run(&c);
	assert_true(!c.ok && c.e.code == ERROR_NOT_FOUND);
	client_close(&c);
}

/* --- uploads --- */

static ssize_t give(void *arg, char *bytes, size_t room)
{
	struct client *c = arg;

	if (c->seen.stop_after < 0)
		return -1;
	if (c->seen.stop_after++ || room < 6)
		return 0;
	memcpy(bytes, "tartar", 6);
	return 6;
}

static void released(void *arg)
{
	((struct client *)arg)->released++;
}

static void test_upload(void **state)
{
	struct docker_request request = {.method = "POST", .path = "/build"};
	struct docker_upload upload = {.type = "application/x-tar",
				       .header = "X-Registry-Config: e30=",
				       .source = give,
				       .release = released};
	struct client c;

	(void)state;
	client_open(&c);
	upload.arg = &c;
	docker_stream_upload(&c.docker, &request, &upload, client_see, client_done, &c);
	client_run(&c);
	assert_true(c.ok);
	assert_string_equal(c.seen.text.p, "{\"got\":1}|");
	assert_int_equal(c.released, 1);
	/* A version that is refused cannot be tried again: the body is gone. */
	c.released = c.seen.stop_after = 0;
	request.path = "/new";
	docker_stream_upload(&c.docker, &request, &upload, client_see, client_done, &c);
	client_run(&c);
	assert_true(!c.ok && c.e.http == 400);
	assert_int_equal(c.released, 1);
	c.released = 0;
	c.seen.stop_after = -1;
	docker_stream_upload(&c.docker, &request, &upload, client_see, client_done, &c);
	client_run(&c);
	assert_true(!c.ok && c.e.code == ERROR_CANCELLED);
	c.released = 0;
	docker_stream_cancel(
		docker_stream_upload(&c.docker, &request, &upload, client_see, client_done, &c));
	assert_int_equal(c.released, 1);
	client_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split_anywhere), cmocka_unit_test(test_split_faults),
		cmocka_unit_test(test_demux_anywhere), cmocka_unit_test(test_demux_faults),
		cmocka_unit_test(test_streams),	       cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_cancel_itself),  cmocka_unit_test(test_logs),
		cmocka_unit_test(test_upload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
