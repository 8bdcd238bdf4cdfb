/* The Engine API client against a server that plays every engine: versions, answers, addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "kata/docker.h"
#include "kata/json.h"
#include "kata/loop.h"
#include "talk_http.h"

struct client {
	struct talk talk;
	struct loop *loop;
	struct http *http;
	struct docker docker;
	struct kata_error e;
};

static void client_open(struct client *c, talk_fn *fn)
{
	*c = (struct client){.loop = loop_new()};
	talk_start(&c->talk, false, fn);
	c->http = http_new(c->loop);
	assert_true(docker_init(&c->docker, c->http, c->talk.address, NULL, NULL, &c->e));
}

static void client_close(struct client *c)
{
	docker_release(&c->docker);
	http_free(c->http);
	loop_free(c->loop);
	talk_stop(&c->talk);
}

#define JSON "Content-Type: application/json\r\n"

static bool is(const struct talk_request *r, const char *path)
{
	return strncmp(r->path, path, strlen(path)) == 0 && r->path[strlen(path)] == ' ';
}

/* --- versions --- */

/* An engine that speaks 1.`low` to 1.`high`, and says so as Docker does. */
static bool speak(struct talk_request *r, int low, int high, bool header)
{
	char line[64] = "", text[200];
	int asked = 0;

	if (header)
		snprintf(line, sizeof line, "Api-Version: 1.%d\r\n" JSON, high);
	if (is(r, "/_ping"))
		return talk_say(r, "HTTP/1.1 200 OK\r\n%sContent-Length: 2\r\n\r\n", line);
	if (sscanf(r->path, "/v1.%d/", &asked) != 1 || strstr(r->path, "_ping"))
		return false;
	if (asked < low)
		snprintf(text, sizeof text,
			 "client version 1.%d is too old. Minimum supported API version is 1.%d, "
			 "please upgrade your client to a newer version\n",
			 asked, low);
	else
		snprintf(text, sizeof text,
			 "{\"message\":\"client version 1.%d is too new. Maximum supported API "
			 "version is 1.%d\"}\n",
			 asked, high);
	if (asked < low || asked > high)
		return talk_answer(r, 400, line, text);
	snprintf(text, sizeof text, "{\"asked\":%d,\"len\":%zu}", asked, r->body_len);
	return talk_answer(r, 200, header ? line : JSON, text);
}

static bool speak_41(struct talk_request *r)
{
	return speak(r, 12, 41, true);
}

static bool speak_45(struct talk_request *r)
{
	return speak(r, 24, 45, true);
}

static bool speak_60(struct talk_request *r)
{
	return speak(r, 44, 60, true);
}

static bool speak_silent(struct talk_request *r)
{
	return speak(r, 44, 60, false);
}

static bool speak_old(struct talk_request *r)
{
	return speak(r, 12, 40, true);
}

static bool speak_future(struct talk_request *r)
{
	return speak(r, 55, 60, true);
}

static int asked(struct client *c, const char *method, json_t *body)
{
	struct docker_request request = {.method = method, .path = "/info?x=1", .body = body};
	json_t *value = NULL;
	int version = 0;

	if (docker_do(&c->docker, &request, &value, &c->e))
		version = (int)json_integer_value(json_object_get(value, "asked"));
	json_decref(value);
	return version;
}

static const struct engine {
	talk_fn *fn;
	int first, then, requests; /* for the first */
} engines[] = {
	{speak_41, 41, 41, 1},	   {speak_45, 41, 45, 1},
	{speak_60, 51, 51, 2},	   /* too new for 1.41: told so, and asked again */
	{speak_silent, 44, 44, 2}, /* a proxy took the header away */
	{speak_old, 0, 0, 1},	   {speak_future, 0, 0, 1},
};

static void test_versions(void **state)
{
	json_t *body = json_pack("{s:s}", "a", "b");

	(void)state;
	for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
		struct client c;

		client_open(&c, engines[i].fn);
		assert_int_equal(c.docker.api, 0);
		assert_int_equal(asked(&c, "POST", body), engines[i].first);
		assert_int_equal(c.talk.counts->requests, engines[i].requests);
		assert_int_equal(asked(&c, "GET", NULL), engines[i].then);
		if (engines[i].then)
			assert_int_equal(c.docker.api, engines[i].then);
		else
			assert_true(c.e.code == ERROR_REFUSED && c.e.hint[0]);
		client_close(&c);
	}
	json_decref(body);
}

/* The ping has no version, and its answer is no JSON. */
static void test_ping(void **state)
{
	struct client c;
	json_t *value;

	(void)state;
	client_open(&c, speak_45);
	struct docker_request request = {.method = "HEAD", .path = "/_ping"};
	assert_true(docker_do(&c.docker, &request, &value, &c.e));
	assert_int_equal(c.docker.api, 45);
	client_close(&c);
}

/* --- answers --- */

static bool serve(struct talk_request *r)
{
	if (is(r, "/v1.41/ping"))
		return talk_answer(r, 200, "", "OK");
	if (is(r, "/v1.41/garbled"))
		return talk_answer(r, 200, JSON, "{\"a\":");
	if (is(r, "/v1.41/html"))
		return talk_answer(r, 200, "Content-Type: text/html\r\n", "<html>welcome");
	if (is(r, "/v1.41/none"))
		return talk_say(r, "HTTP/1.1 204 No Content\r\n\r\n");
	if (is(r, "/v1.41/same"))
		return talk_say(r, "HTTP/1.1 304 Not Modified\r\n\r\n");
	if (is(r, "/v1.41/gone"))
		return talk_answer(r, 404, JSON, "{\"message\":\"No such container: x\"}");
	if (is(r, "/v1.41/nopage"))
		return talk_answer(r, 404, JSON, "{\"message\":\"page not found\"}");
	if (is(r, "/v1.41/elsewhere"))
		return talk_answer(r, 404, "", "<html>404 not found");
	if (is(r, "/v1.41/taken"))
		return talk_answer(r, 409, JSON, "{\"message\":\"Conflict.\\n\"}");
	if (is(r, "/v1.41/stale"))
		return talk_answer(r, 500, JSON,
				   "{\"message\":\"rpc error: code = Unknown desc = update out of "
				   "sequence\"}");
	if (is(r, "/v1.41/empty"))
		return talk_answer(r, 500, "", "");
	if (is(r, "/v1.41/echo") && strstr(r->head, "\r\nHost: localhost\r\n") &&
	    strstr(r->head, "\r\nX-Registry-Auth: c2VjcmV0\r\n") &&
	    strstr(r->head, "\r\nContent-Type: application/json\r\n"))
		return talk_answer(r, 201, JSON, r->body);
	return talk_answer(r, 200, JSON "Api-Version: 1.41\r\n", "{\"a\":[1]}\n");
}

static const struct answer {
	const char *path;
	enum error_code code; /* ERROR_NONE: ok */
	int http;
	const char *msg; /* or the JSON, NULL: none */
} answers[] = {
	{"/x", ERROR_NONE, 200, "{\"a\":[1]}"},
	{"/none", ERROR_NONE, 204, NULL},
	{"/same", ERROR_NONE, 304, NULL},
	{"/ping", ERROR_PROTOCOL, 0, "an answer that is no JSON"},
	{"/html", ERROR_PROTOCOL, 0, "an answer that is no JSON"},
	{"/garbled", ERROR_PROTOCOL, 0, ""},
	{"/gone", ERROR_NOT_FOUND, 404, "No such container: x"},
	{"/nopage", ERROR_PROTOCOL, 404, "page not found"},
	{"/elsewhere", ERROR_PROTOCOL, 404, "the engine refused it (404) without a reason"},
	{"/taken", ERROR_CONFLICT, 409, "Conflict."},
	{"/stale", ERROR_CONFLICT, 500, "update out of sequence"},
	{"/empty", ERROR_REFUSED, 500, "the engine refused it (500) without a reason"},
};

struct seen {
	bool over, ok;
	struct docker_answer answer;
	char *json;
	struct kata_error e;
};

static void see(void *arg, bool ok, const struct docker_answer *answer, struct kata_error *e)
{
	struct seen *seen = arg;

	seen->over = true;
	seen->ok = ok;
	if (ok) {
		seen->answer = *answer;
		seen->json = answer->value ? json_dumps(answer->value, JSON_COMPACT) : NULL;
	} else {
		seen->e = *e;
	}
}

static void test_answers(void **state)
{
	struct client c;

	(void)state;
	client_open(&c, serve);
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		const struct answer *want = &answers[i];
		struct docker_request request = {.method = "GET", .path = want->path};
		struct seen seen = {0};

		docker_start(&c.docker, &request, see, &seen);
		assert_false(seen.over);
		http_wait(c.http, &seen.over);
		if (seen.ok != !want->code || (!seen.ok && seen.e.code != want->code))
			fail_msg("%s: %s", want->path, seen.ok ? "accepted" : seen.e.msg);
		assert_int_equal(seen.ok ? seen.answer.status : seen.e.http, want->http);
		if (!seen.ok && want->msg[0])
			assert_string_equal(seen.e.msg, want->msg);
		if (!seen.ok) {
			assert_non_null(strstr(seen.e.where, "GET unix//tmp/kata-talk-"));
			assert_non_null(strstr(seen.e.where, want->path));
		} else if (want->msg) {
			assert_string_equal(seen.json, want->msg);
		} else {
			assert_null(seen.json);
		}
		free(seen.json);
	}
	client_close(&c);
}

static void test_request(void **state)
{
	struct client c;
	json_t *body = json_pack("{s:{}, s:[s]}", "a", "Env", "B=\xc3\xa9"), *value;
	struct docker_request request = {
		.method = "POST", .path = "/echo", .body = body, .auth = "c2VjcmV0"};

	(void)state;
	client_open(&c, serve);
	assert_true(docker_do(&c.docker, &request, &value, &c.e));
	assert_true(json_same(value, body));
	json_decref(value);
	/* Of an object that is empty, too; without auth no header. */
	value = json_object();
	request.body = value;
	json_t *back = NULL;
	assert_true(docker_do(&c.docker, &request, &back, &c.e));
	assert_true(json_same(back, value));
	json_decref(back);
	request.auth = "";
	assert_true(docker_do(&c.docker, &request, &back, &c.e));
	assert_non_null(json_object_get(back, "a"));
	json_decref(back);
	json_decref(value);
	json_decref(body);
	client_close(&c);
}

/* Cancelled and freed in flight: nobody is called, nothing leaks (a sanitizer sees). */
static void test_cancelled(void **state)
{
	struct client c;
	struct seen seen = {0};
	struct docker_request request = {.method = "GET", .path = "/x"};

	(void)state;
	client_open(&c, serve);
	struct transfer *first = docker_start(&c.docker, &request, see, &seen);
	docker_start(&c.docker, &request, see, &seen);
	http_cancel(first);
	client_close(&c);
	assert_false(seen.over);
}

static void test_no_engine(void **state)
{
	struct loop *loop = loop_new();
	struct http *http = http_new(loop);
	struct docker docker;
	struct kata_error e;
	json_t *value;

	(void)state;
	assert_true(docker_init(&docker, http, NULL, "unix:///nonexistent/d.sock", NULL, &e));
	assert_false(docker_get(&docker, "/info", &value, &e));
	assert_int_equal(e.code, ERROR_UNAVAILABLE);
	assert_string_equal(e.hint,
			    "is the Docker engine running there? DOCKER_HOST names this address");
	assert_string_equal(e.where, "GET unix//nonexistent/d.sock:/v1.41/info");
	docker_release(&docker);
	http_free(http);
	loop_free(loop);
}

static void test_denied(void **state)
{
	struct client c;
	char path[128];
	int status;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: needs root to become somebody else\n");
		skip();
	}
	client_open(&c, serve);
	snprintf(path, sizeof path, "%s/s", c.talk.dir);
	assert_int_equal(chmod(c.talk.dir, 0755) | chmod(path, 0660), 0);
	pid_t child = fork();
	if (child == 0) {
		json_t *value;

		if (setgid(65534) || setuid(65534))
			_exit(9);
		bool ok = docker_get(&c.docker, "/info", &value, &c.e);
		_exit(ok							     ? 1
		      : c.e.code == ERROR_DENIED && strstr(c.e.hint, "docker group") ? 0
										     : 2);
	}
	waitpid(child, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 0);
	client_close(&c);
}

/* --- addresses --- */

static const struct address {
	const char *host, *env;
	const char *base, *socket; /* base NULL: refused, with `hint` in its hint */
	const char *hint;
} addresses[] = {
	{NULL, NULL, "http://localhost", "/var/run/docker.sock", NULL},
	{NULL, "", "http://localhost", "/var/run/docker.sock", NULL},
	{NULL, "unix:///run/a.sock", "http://localhost", "/run/a.sock", NULL},
	{"unix:///run/b.sock", "unix:///run/a.sock", "http://localhost", "/run/b.sock", NULL},
	{"tcp://10.0.0.1:2375", NULL, "http://10.0.0.1:2375", NULL, NULL},
	{"tcp://[::1]:2375/", NULL, "http://[::1]:2375", NULL, NULL},
	{"http://h:80", NULL, "http://h:80", NULL, NULL},
	{"https://h:80", NULL, "https://h:80", NULL, NULL},
	{NULL, "ssh://me@h", NULL, NULL, "ssh -N -L"},
	{NULL, "npipe:////./pipe/docker_engine", NULL, NULL, "unix:///"},
	{NULL, "fd://", NULL, NULL, "unix:///"},
	{NULL, "/var/run/docker.sock", NULL, NULL, "unix:///path"},
	{NULL, "tcp://h", NULL, NULL, "tcp://host:2376"},
	{NULL, "tcp://h:0", NULL, NULL, "tcp://host:2376"},
	{NULL, "unix://relative", NULL, NULL, "unix:///path"},
	{NULL, "quic://h:1", NULL, NULL, "unix:///path"},
	{"tcp://h:1/path", NULL, NULL, NULL, "tcp://host:2376"},
};

static void test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
		const struct address *a = &addresses[i];
		const char *given = a->host ? a->host : a->env;
		struct docker docker;
		struct kata_error e = {0};

		bool ok = docker_init(&docker, NULL, a->host, a->env, NULL, &e);
		if (ok != (a->base != NULL))
			fail_msg("%s: %s", given, ok ? "accepted" : e.msg);
		if (!ok) {
			assert_int_equal(e.code, ERROR_INVALID);
			assert_non_null(strstr(e.msg, a->host ? "--docker" : "DOCKER_HOST"));
			assert_non_null(strstr(e.msg, given));
			assert_non_null(strstr(e.hint, a->hint));
			continue;
		}
		assert_string_equal(docker.endpoint.base, a->base);
		if (a->socket)
			assert_string_equal(docker.endpoint.socket, a->socket);
		else
			assert_null(docker.endpoint.socket);
		docker_release(&docker);
	}
}

static void touch(const char *dir, const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
}

static void test_tls(void **state)
{
	static const char *const names[] = {"ca.pem", "cert.pem", "key.pem"};
	char dir[] = "/tmp/kata-tls-XXXXXX", path[128];
	struct docker docker;
	struct kata_error e;

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < 3; i++) {
		assert_false(docker_init(&docker, NULL, "tcp://h:2376", NULL, dir, &e));
		assert_int_equal(e.code, ERROR_NOT_FOUND);
		assert_non_null(strstr(e.msg, names[i]));
		assert_non_null(strstr(e.hint, "DOCKER_CERT_PATH"));
		touch(dir, names[i]);
	}
	assert_true(docker_init(&docker, NULL, "tcp://h:2376", NULL, dir, &e));
	assert_string_equal(docker.endpoint.base, "https://h:2376");
	assert_string_equal(docker.endpoint.text, "tcp://h:2376");
	snprintf(path, sizeof path, "%s/key.pem", dir);
	assert_string_equal(docker.endpoint.key, path);
	docker_release(&docker);
	/* A socket needs none of it. */
	assert_true(docker_init(&docker, NULL, NULL, "unix:///run/x", "/nonexistent", &e));
	assert_null(docker.endpoint.ca);
	docker_release(&docker);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

/* --- texts --- */

static void test_texts(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	assert_string_equal(
		docker_path(a, "/images/%s/json?t=%d&n=%u%%", "h:5/a b\xc3\xa9?#", -3, 7u),
		"/images/h%3A5%2Fa%20b%C3%A9%3F%23/json?t=-3&n=7%");
	assert_string_equal(docker_filters(a, "label", "a=b", "name", "x", "label", "c", NULL),
			    "%7B%22label%22%3A%5B%22a%3Db%22%2C%22c%22%5D%2C%22name%22%3A%5B%22x"
			    "%22%5D%7D");
	/* What is no UTF-8 is asked for as something that nothing has, and never left out. */
	assert_string_equal(docker_filters(a, "name", "\xff", NULL),
			    "%7B%22name%22%3A%5B%22%5C%5CxFF%22%5D%7D");
	arena_free(a);
}

static void test_container_name(void **state)
{
	static const char *const cases[][2] = {
		{"{\"Names\":[\"/web\"]}", "web"},
		{"{\"Names\":[\"/proxy/web\",\"/web-1\",\"/a/b\"],\"Id\":\"1\"}", "web-1"},
		{"{\"Names\":[\"/proxy/web\"],\"Id\":\"abc\"}", "abc"},
		{"{\"Names\":null,\"Id\":\"abc\"}", "abc"},
		{"{\"Name\":\"/inspected\",\"Id\":\"abc\"}", "inspected"},
		{"{\"Names\":[3,\"/\",\"\"]}", ""},
		{"[]", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		json_t *container = json_loads(cases[i][0], 0, NULL);

		assert_string_equal(docker_container_name(container), cases[i][1]);
		json_decref(container);
	}
}

/* --- tunnels --- */

static bool serve_tunnel(struct talk_request *r)
{
	if (strncmp(r->path, "/v1.41/", 7) == 0)
		return talk_answer(r, 400, "",
				   "client version 1.41 is too old. Minimum supported API version "
				   "is 1.44, please upgrade");
	if (is(r, "/v1.44/exec/gone/start"))
		return talk_answer(r, 404, JSON, "{\"message\":\"No such exec instance: gone\"}");
	talk_say(r, "HTTP/1.1 101 UPGRADED\r\n\r\nhi");
	return false;
}

static void test_tunnel(void **state)
{
	struct client c;
	json_t *body = json_object();
	struct docker_request request = {
		.method = "POST", .path = "/exec/e/start", .body = body, .timeout_ms = 2000};
	char bytes[8] = "";

	(void)state;
	client_open(&c, serve_tunnel);
	struct http_tunnel *tunnel = docker_tunnel_open(&c.docker, &request, &c.e);
	assert_non_null(tunnel);
	assert_int_equal(c.docker.api, 44);
	assert_int_equal(http_tunnel_read(tunnel, bytes, sizeof bytes), 2);
	http_tunnel_close(tunnel);
	request.path = "/exec/gone/start";
	assert_null(docker_tunnel_open(&c.docker, &request, &c.e));
	assert_int_equal(c.e.code, ERROR_NOT_FOUND);
	assert_string_equal(c.e.msg, "No such exec instance: gone");
	assert_non_null(strstr(c.e.where, ":/v1.44/exec/gone/start"));
	json_decref(body);
	client_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),  cmocka_unit_test(test_ping),
		cmocka_unit_test(test_answers),	  cmocka_unit_test(test_request),
		cmocka_unit_test(test_cancelled), cmocka_unit_test(test_no_engine),
		cmocka_unit_test(test_denied),	  cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_tls),	  cmocka_unit_test(test_texts),
		cmocka_unit_test(test_tunnel),	  cmocka_unit_test(test_container_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
