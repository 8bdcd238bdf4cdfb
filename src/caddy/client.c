/*
 * The Admin API client: one guarded read of all HTTP servers and one guarded write. Bytes and
 * statuses become values and errors here; tags are made and taken apart in tag.c, texts that refuse
 * a config in refusal.c.
 */
#include "kata/caddy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "kata/error.h"
#include "kata/json.h"
#include "kata/memory.h"
#include "tag.h"

#define ROOT_PATH "/config/"

enum { MESSAGE_MAX = 900, READ_TRIES = 3 };

struct caddy_reading {
	struct http *http;
	const struct http_endpoint *endpoint;
	struct caddy_live *live;
	caddy_done *done;
	void *arg;
	int tries;
};

void caddy_live_init(struct caddy_live *live)
{
	*live = (struct caddy_live){.raw = STR_INIT};
}

void caddy_live_release(struct caddy_live *live)
{
	json_decref(live->servers);
	str_release(&live->raw);
	free(live->guard_path);
	free(live->guard_hash);
	free(live->reading);
	caddy_live_init(live);
}

/* --- what an answer means --- */

static const char address_hint[] = "check CADDY_ADMIN: it must be the address of Caddy's admin API";

static void set_where(struct kata_error *e, const struct http_endpoint *endpoint,
		      const char *method, const char *path)
{
	if (endpoint->socket)
		error_where(e, "%s unix/%s:%s", method, endpoint->socket, path);
	else
		error_where(e, "%s %s%s", method, endpoint->base, path);
}

static bool not_caddy(struct kata_error *e)
{
	error_set(e, ERROR_PROTOCOL, "this is not Caddy's admin API");
	error_hint(e, "%s", address_hint);
	return false;
}

static bool is_html(const struct http_response *response)
{
	const char *p = response->body.p;

	return strncasecmp(response->type.p, "text/html", 9) == 0 || p[strspn(p, " \t\r\n")] == '<';
}

/* Caddy's own message: the "error" member of its JSON. NULL when the body is something else. */
static char *message_of(const struct http_response *response)
{
	struct kata_error ignored;
	json_t *body = json_parse_new(response->body.p, response->body.len, &ignored);
	const char *text = json_member_text(body, "error");
	char *copy = text ? xstrdup(text) : NULL;

	json_decref(body);
	return copy;
}

/* Bytes of text that fit into an error, cut between characters. */
static int message_len(const char *text)
{
	size_t len = strlen(text);

	if (len > MESSAGE_MAX)
		for (len = MESSAGE_MAX; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
			len--;
	return (int)len;
}

/* Messages that say the path is not there (any more), is there already, or that the tag's path is
 * gone: somebody was faster. They are at the beginning, or behind the path in brackets. */
static const char *const conflict_texts[] = {
	"invalid traversal path", "array index out of bounds", "invalid array index",
	"key does not exist",	  "key already exists",	       "unknown object ID",
	"malformed If-Match",	  "If-Match header",	       "final element is not an array",
};

static bool is_conflict(const char *message)
{
	const char *end = message[0] == '[' ? strstr(message, "] ") : NULL;

	if (end)
		message = end + 2;
	for (size_t i = 0; i < sizeof conflict_texts / sizeof conflict_texts[0]; i++)
		if (strncmp(message, conflict_texts[i], strlen(conflict_texts[i])) == 0)
			return true;
	return false;
}

static bool fail_denied(const char *message, struct kata_error *e)
{
	error_set(e, ERROR_DENIED, "Caddy's admin API does not let us in%s%.*s",
		  message[0] ? ": " : "", message_len(message), message);
	error_hint(e, "see \"origins\" and \"enforce_origin\" in Caddy's admin settings: the Host "
		      "of the request must be one that they allow");
	return false;
}

/* Any answer that is no success, as an error without a place. Always false. */
static bool fail_status(const struct http_response *response, struct kata_error *e)
{
	char *message = message_of(response);
	const char *text = message ? message : is_html(response) ? "" : response->body.p;
	int status = response->status;

	if (status == 401 || status == 403)
		fail_denied(text, e);
	else if (status == 412)
		error_set(e, ERROR_CONFLICT, "somebody else changed Caddy's config meanwhile");
	else if (!message && (is_html(response) || status < 400 || status == 404 || status == 405))
		not_caddy(e);
	else if (!message && status == 400 && strstr(text, "HTTP request to an HTTPS server"))
		error_set(e, ERROR_PROTOCOL, "this address speaks https, not http");
	else if (message && is_conflict(message))
		error_set(e, ERROR_CONFLICT, "Caddy's config is not what it was: %.*s",
			  message_len(text), text);
	else
		error_set(e, ERROR_REFUSED, "%.*s", message_len(text), text);
	if (!e->msg[0])
		error_set(e, ERROR_REFUSED, "status %d, without a reason", status);
	e->http = status;
	free(message);
	return false;
}

/* --- reading --- */

static void read_start(struct caddy_reading *reading, const char *path, http_done *done)
{
	http_start(reading->http,
		   &(struct http_request){
			   .endpoint = reading->endpoint, .method = "GET", .path = path},
		   done, reading);
}

/* Ends the read; error set or all in place. */
static void read_end(struct caddy_reading *reading, bool good)
{
	struct caddy_live *live = reading->live;
	caddy_done *done = reading->done;
	void *arg = reading->arg;

	if (!good) {
		struct kata_error e = live->error;
		live->reading = NULL;
		caddy_live_release(live);
		live->error = e;
	}
	live->good = good;
	live->reading = NULL;
	free(reading);
	done(arg);
}

static void read_fail(struct caddy_reading *reading, const char *path)
{
	set_where(&reading->live->error, reading->endpoint, "GET", path);
	read_end(reading, false);
}

static bool take_tag(struct caddy_live *live, const struct http_response *response)
{
	if (!tag_split(response->etag.p, response->etag.len, &live->guard_path,
		       &live->guard_hash)) {
		error_set(&live->error, ERROR_PROTOCOL, "Caddy's answer carries no usable Etag");
		error_hint(&live->error,
			   "connect to Caddy itself: a proxy in between drops or changes it");
		return false;
	}
	live->hash = tag_hash_find(live->guard_hash, &response->body);
	live->old = response->etag_trailer;
	return true;
}

/* True when both processes certainly see the same interfaces and ports. */
static bool shares_network(const struct http_response *response)
{
	char ours[64], theirs[64];
	struct str path = STR_INIT;

	if (response->peer <= 0)
		return response->loopback;
	str_addf(&path, "/proc/%ld/ns/net", (long)response->peer);
	ssize_t n = readlink(path.p, theirs, sizeof theirs);
	ssize_t m = readlink("/proc/self/ns/net", ours, sizeof ours);
	str_release(&path);
	return n > 0 && n == m && memcmp(ours, theirs, (size_t)n) == 0;
}

/* Parses an answer with status 200; NULL: error is set. */
static json_t *parse_body(const struct http_response *response, struct kata_error *e)
{
	if (is_html(response)) {
		not_caddy(e);
		return NULL;
	}
	json_t *body = json_parse_new(response->body.p, response->body.len, e);
	if (!body) {
		e->code = ERROR_PROTOCOL;
		error_wrap(e, "this is not Caddy's admin API, its answer is no JSON");
		error_hint(e, "%s", address_hint);
	}
	return body;
}

static bool take_servers(struct caddy_live *live, struct http_response *response)
{
	json_t *body = parse_body(response, &live->error);

	if (!body)
		return false;
	if (json_is_object(body) || json_is_null(body)) {
		live->missing = json_is_null(body);
		live->servers = live->missing ? json_object() : json_incref(body);
	} else {
		error_set(&live->error, ERROR_PROTOCOL, "Caddy's servers are no object");
		error_hint(&live->error, "%s", address_hint);
	}
	json_decref(body);
	if (!live->servers || !take_tag(live, response))
		return false;
	live->peer = response->peer;
	live->same_network = shares_network(response);
	str_release(&live->raw);
	live->raw = response->body;
	response->body = (struct str)STR_INIT;
	return true;
}

/* False when the whole config does have an http app by now. */
static bool take_root(struct caddy_live *live, const struct http_response *response, bool *again)
{
	json_t *body = parse_body(response, &live->error);

	if (!body)
		return false;
	json_t *apps = json_object_get(body, "apps");
	*again = json_is_object(json_object_get(apps, "http"));
	json_decref(body);
	if (*again) {
		error_set(&live->error, ERROR_CONFLICT, "Caddy's config changes all the time");
		return false;
	}
	live->missing = true;
	live->servers = json_object();
	live->peer = response->peer;
	live->same_network = shares_network(response);
	return take_tag(live, response);
}

static void servers_done(void *arg, bool ok, struct http_response *response, struct kata_error *e);

static void root_done(void *arg, bool ok, struct http_response *response, struct kata_error *e)
{
	struct caddy_reading *reading = arg;
	struct caddy_live *live = reading->live;
	bool again = false, good = false;

	if (!ok) {
		live->error = *e;
		read_end(reading, false);
		return;
	}
	if (response->status == 200)
		good = take_root(live, response, &again);
	else
		fail_status(response, &live->error);
	http_response_release(response);
	/* The tag would cover servers that were not seen. */
	if (again && ++reading->tries < READ_TRIES)
		read_start(reading, CADDY_SERVERS_PATH, servers_done);
	else if (good)
		read_end(reading, true);
	else
		read_fail(reading, ROOT_PATH);
}

/* No config at all, or none for the http app. */
static bool is_absent(const struct http_response *response)
{
	char *message = response->status == 400 ? message_of(response) : NULL;
	bool absent = message && strncmp(message, "invalid traversal path", 22) == 0;

	free(message);
	return absent;
}

static void servers_done(void *arg, bool ok, struct http_response *response, struct kata_error *e)
{
	struct caddy_reading *reading = arg;
	struct caddy_live *live = reading->live;
	bool good = false;

	if (!ok) {
		live->error = *e;
		read_end(reading, false);
		return;
	}
	bool absent = is_absent(response);
	if (response->status == 200)
		good = take_servers(live, response);
	else if (!absent)
		fail_status(response, &live->error);
	http_response_release(response);
	if (absent)
		read_start(reading, ROOT_PATH, root_done);
	else if (good)
		read_end(reading, true);
	else
		read_fail(reading, CADDY_SERVERS_PATH);
}

void caddy_read(struct http *http, const struct http_endpoint *endpoint, struct caddy_live *live,
		caddy_done *done, void *arg)
{
	struct caddy_reading *reading = xcalloc(1, sizeof *reading);

	*reading = (struct caddy_reading){
		.http = http, .endpoint = endpoint, .live = live, .done = done, .arg = arg};
	/* Kept there so that it is freed with it when the client dies in the middle. */
	live->reading = reading;
	read_start(reading, CADDY_SERVERS_PATH, servers_done);
}

/* --- writing --- */

/* Both hurt old and new Caddys: a write of nothing stores null. */
static void check_body(const struct caddy_write *write)
{
	const char *p = write->body;
	size_t len = write->len;

	if (!p) {
		if (strcmp(write->method, "DELETE") != 0)
			BUG("%s %s without a body", write->method, write->path);
		return;
	}
	while (len > 0 && strchr(" \t\r\n", *p))
		p++, len--;
	while (len > 0 && strchr(" \t\r\n", p[len - 1]))
		len--;
	if (len == 0 || (len == 4 && memcmp(p, "null", 4) == 0))
		BUG("%s %s with an empty body", write->method, write->path);
}

bool caddy_send(struct http *http, const struct http_endpoint *endpoint,
		const struct caddy_write *write, struct kata_error *e)
{
	struct http_request request = {
		.endpoint = endpoint,
		.method = write->method,
		.path = write->path,
		.body = write->body,
		.body_len = write->len,
		.if_match = write->if_match,
		.revalidate = write->revalidate,
		.timeout_ms = HTTP_TIMEOUT_WRITE_MS,
	};
	struct http_response response;

	check_body(write);
	if (!http_do(http, &request, &response, e))
		return false;
	bool ok = response.status >= 200 && response.status < 300;
	if (!ok) {
		fail_status(&response, e);
		set_where(e, endpoint, write->method, write->path);
	}
	http_response_release(&response);
	return ok;
}

bool caddy_get(struct http *http, const struct http_endpoint *endpoint, const char *path,
	       struct http_response *response, struct kata_error *e)
{
	struct http_request request = {.endpoint = endpoint, .method = "GET", .path = path};

	if (!http_do(http, &request, response, e))
		return false;
	if (response->status == 200)
		return true;
	fail_status(response, e);
	if (response->status == 404 && e->code != ERROR_CONFLICT)
		e->code = ERROR_NOT_FOUND;
	set_where(e, endpoint, "GET", path);
	http_response_release(response);
	return false;
}
