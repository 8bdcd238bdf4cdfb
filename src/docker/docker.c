/*
 * Plain requests to the Engine API: where the engine is, which version is spoken, one answer each.
 */
#include "kata/docker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "docker_private.h"
#include "kata/json.h"
#include "kata/text.h"

#define NOT_DOCKER   "is a Docker engine at this address?"
#define DEFAULT_HOST "unix:///var/run/docker.sock"

/* --- where the engine is --- */

/* Prefixes of addresses that are not, or not quite, ours. */
static const struct {
	const char *prefix, *why, *hint;
} strange_hosts[] = {
	{"ssh://", "ssh is not spoken here",
	 "forward the socket: ssh -N -L /tmp/docker.sock:/var/run/docker.sock HOST, then use "
	 "unix:///tmp/docker.sock"},
	{"npipe://", "named pipes are Windows'", "use unix:///path/to/docker.sock"},
	{"fd://", "that is an address to listen at", "use unix:///var/run/docker.sock"},
	{"/", "the unix:// is missing", "write it before the path: unix:///path/to/docker.sock"},
};

static bool refuse_host(const struct docker *docker, const char *host, struct kata_error *e)
{
	for (size_t i = 0; i < sizeof strange_hosts / sizeof strange_hosts[0]; i++) {
		const char *prefix = strange_hosts[i].prefix;

		if (strncmp(host, prefix, strlen(prefix)) != 0)
			continue;
		error_set(e, ERROR_INVALID, "%s is \"%s\": %s", docker->named_by, host,
			  strange_hosts[i].why);
		error_hint(e, "%s", strange_hosts[i].hint);
		return true;
	}
	return false;
}

/* The file of the folder, or NULL with e set. */
static char *tls_file(const char *folder, const char *name, struct kata_error *e)
{
	struct str path = STR_INIT;

	str_addf(&path, "%s/%s", folder, name);
	if (access(path.p, R_OK) == 0)
		return str_detach(&path);
	error_sys(e, "%s", path.p);
	e->code = e->sys == EACCES ? ERROR_DENIED : ERROR_NOT_FOUND;
	error_hint(e, "TLS wants ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH (else ~/.docker)"
		      ", readable by this user");
	str_release(&path);
	return NULL;
}

static bool read_tls(struct http_endpoint *endpoint, const char *folder, struct kata_error *e)
{
	return (endpoint->ca = tls_file(folder, "ca.pem", e)) &&
	       (endpoint->cert = tls_file(folder, "cert.pem", e)) &&
	       (endpoint->key = tls_file(folder, "key.pem", e));
}

/* tcp:// is http:// or https://. */
static bool parse_host(struct docker *docker, const char *host, bool tls, struct kata_error *e)
{
	struct http_endpoint *endpoint = &docker->endpoint;
	struct str url = STR_INIT;

	if (!http_endpoint_parse(endpoint, host, e)) {
		error_wrap(e, "%s", docker->named_by);
		error_hint(e, "write unix:///path/to/docker.sock, tcp://host:2375 or, with TLS, "
			      "tcp://host:2376");
		return false;
	}
	if (tls && strncmp(host, "tcp://", 6) == 0) {
		str_addf(&url, "https%s", endpoint->base + strlen("http"));
		free(endpoint->base);
		endpoint->base = str_detach(&url);
	}
	return true;
}

bool docker_init(struct docker *docker, struct http *http, const char *host, const char *env,
		 const char *cert_path, struct kata_error *e)
{
	const char *address = DEFAULT_HOST;

	*docker = (struct docker){.http = http};
	if (host)
		docker->named_by = "--docker", address = host;
	else if (env && env[0])
		docker->named_by = "DOCKER_HOST", address = env;
	if (refuse_host(docker, address, e) || !parse_host(docker, address, cert_path != NULL, e))
		return false;
	if (strncmp(docker->endpoint.base, "https://", 8) != 0 || !cert_path)
		return true;
	if (read_tls(&docker->endpoint, cert_path, e))
		return true;
	docker_release(docker);
	return false;
}

void docker_release(struct docker *docker)
{
	http_endpoint_release(&docker->endpoint);
	json_decref(docker->config);
	*docker = (struct docker){0};
}

/* --- the version --- */

/* The minor number of "1.NN" at the start of text, or 0. */
static int minor_of(const char *text)
{
	char digits[4] = "";
	uint64_t minor;

	if (strncmp(text, "1.", 2) != 0)
		return 0;
	size_t len = strspn(text + 2, "0123456789");
	if (len == 0 || len >= sizeof digits)
		return 0;
	memcpy(digits, text + 2, len);
	return text_u64(digits, 1, 999, &minor) ? (int)minor : 0;
}

static int minor_in_use(int theirs)
{
	return theirs > DOCKER_API_MAX	 ? DOCKER_API_MAX
	       : theirs < DOCKER_API_MIN ? DOCKER_API_MIN
					 : theirs;
}

static void note_version(struct docker *docker, const struct http_response *response)
{
	int theirs = minor_of(response->api_version.p);

	if (theirs)
		docker->api = minor_in_use(theirs);
	/* "Docker/20.10.24 (linux)"; to ask for it makes the engine start programs. */
	if (!*docker->version && !strncmp(response->server.p, "Docker/", 7))
		snprintf(docker->version, sizeof docker->version, "%.*s",
			 (int)strcspn(response->server.p + 7, " "), response->server.p + 7);
}

/* The ping belongs to no version. */
static void add_version(struct docker_call *call)
{
	struct str path = STR_INIT;

	call->minor = minor_in_use(call->docker->api);
	if (strncmp(call->path, "/_ping", 6) == 0)
		call->minor = 0;
	else
		str_addf(&path, "/v1.%d", call->minor);
	str_add(&path, call->path);
	free(call->versioned);
	call->versioned = str_detach(&path);
}

/* The version that a refusal names: "... supported API version is 1.44". */
static int minor_named(const struct http_response *response)
{
	static const char text[] = "supported API version is ";
	const char *at = strstr(response->body.p, text);

	if (response->status != 400 || !at || !strstr(response->body.p, "client version "))
		return 0;
	return minor_of(at + sizeof text - 1);
}

const char *docker_call_again(struct docker_call *call, const struct http_response *response)
{
	int named = minor_named(response), before = call->minor;

	note_version(call->docker, response);
	if (!named || call->final || named > DOCKER_API_MAX)
		return NULL;
	if (!response->api_version.len)
		call->docker->api = minor_in_use(named);
	add_version(call);
	return call->minor == before ? NULL : call->versioned;
}

/* --- what plain requests and streams share --- */

static int add_bytes(const char *bytes, size_t len, void *arg)
{
	str_addn(arg, bytes, len);
	return 0;
}

void docker_call_init(struct docker_call *call, struct docker *docker,
		      const struct docker_request *request)
{
	*call = (struct docker_call){.docker = docker,
				     .method = xstrdup(request->method),
				     .path = xstrdup(request->path),
				     .has_body = request->body != NULL,
				     .body = STR_INIT};
	struct str auth = STR_INIT;
	if (request->auth && request->auth[0]) {
		str_addf(&auth, "X-Registry-Auth: %s", request->auth);
		call->auth = str_detach(&auth);
	}
	if (request->body && json_dump_callback(request->body, add_bytes, &call->body,
						JSON_COMPACT | JSON_ENCODE_ANY) != 0)
		BUG("a body that is no JSON for %s", request->path);
	add_version(call);
}

void docker_call_release(struct docker_call *call)
{
	free(call->method);
	free(call->path);
	free(call->versioned);
	free(call->auth);
	str_release(&call->body);
}

void docker_add_header(const char **headers, const char *line)
{
	while (*headers)
		headers++;
	headers[0] = line;
	if (line)
		headers[1] = NULL;
}

void docker_call_fill(const struct docker_call *call, const struct docker_request *request,
		      struct http_request *out, const char *headers[DOCKER_HEADERS])
{
	bool reads = strcmp(call->method, "GET") == 0 || strcmp(call->method, "HEAD") == 0;

	headers[0] = NULL;
	/* An empty Host, as http.h sends it to sockets, is not liked by proxies before an engine.
	 */
	if (call->docker->endpoint.socket)
		docker_add_header(headers, "Host: localhost");
	docker_add_header(headers, call->auth);
	*out = (struct http_request){
		.endpoint = &call->docker->endpoint,
		.method = call->method,
		.path = call->versioned,
		.body = call->has_body ? call->body.p : NULL,
		.body_len = call->body.len,
		.timeout_ms = request->timeout_ms ? request->timeout_ms
			      : reads		  ? 0
						  : HTTP_TIMEOUT_WRITE_MS,
		.headers = headers,
		.keep = true,
	};
}

/* What the engine says, in an object or as text. False for text, as of a server that is none. */
static bool add_message(struct str *out, const struct http_response *response)
{
	struct kata_error ignored;
	json_t *body = json_parse_new(response->body.p, response->body.len, &ignored);
	const char *message = json_member_text(body, "message");

	bool said = message != NULL;

	if (said)
		str_add(out, message);
	else if (response->body.p[0] != '<') /* a page for people */
		str_add(out, response->body.p);
	json_decref(body);
	return said && strcmp(out->p, "page not found") != 0;
}

void docker_call_where(const struct docker_call *call, struct kata_error *e)
{
	const struct http_endpoint *endpoint = &call->docker->endpoint;

	error_where(e, "%s %s%s%s%.*s", call->method, endpoint->socket ? "unix/" : endpoint->base,
		    endpoint->socket ? endpoint->socket : "", endpoint->socket ? ":" : "",
		    (int)strcspn(call->versioned, "?"), call->versioned);
}

bool docker_call_accepted(const struct docker_call *call, const struct http_response *response,
			  struct kata_error *e)
{
	struct str message = STR_INIT;

	note_version(call->docker, response);
	if (response->status / 100 == 2 || response->status == 304)
		return true;
	bool said = add_message(&message, response);
	docker_refuse(e, response->status, message.p);
	/* "There is no such page" must not pass for "there is no such container". */
	if (response->status == 404 && !said) {
		e->code = ERROR_PROTOCOL;
		error_hint(e, NOT_DOCKER);
	}
	docker_call_where(call, e);
	str_release(&message);
	return false;
}

/* --- plain requests --- */

struct plain {
	struct docker_call call;
	docker_done *done;
	void *arg;
};

/* False: it should be JSON, and is not. What is read from an engine is JSON but for the ping. */
static bool read_value(const struct docker_call *call, const struct http_response *response,
		       json_t **value, struct kata_error *e)
{
	static const char json[] = "application/json";

	*value = NULL;
	if (strncasecmp(response->type.p, json, sizeof json - 1) == 0 && response->body.len) {
		*value = json_parse_new(response->body.p, response->body.len, e);
	} else if (strcmp(call->method, "GET") == 0 && call->minor && response->status == 200) {
		error_set(e, ERROR_PROTOCOL, "an answer that is no JSON");
		error_hint(e, NOT_DOCKER);
	} else {
		return true;
	}
	return *value != NULL;
}

static void plain_done(void *arg, bool ok, struct http_response *response, struct kata_error *e)
{
	struct plain *plain = arg;
	struct docker_answer answer = {0};

	if (!ok) {
		docker_explain(plain->call.docker, e);
		plain->done(plain->arg, false, NULL, e);
		return;
	}
	ok = docker_call_accepted(&plain->call, response, e);
	if (ok && !read_value(&plain->call, response, &answer.value, e)) {
		docker_call_where(&plain->call, e);
		ok = false;
	}
	answer.status = response->status;
	answer.text = response->body.p;
	answer.len = response->body.len;
	plain->done(plain->arg, ok, ok ? &answer : NULL, e);
	json_decref(answer.value);
	http_response_release(response);
}

static const char *plain_again(void *arg, const struct http_response *response)
{
	struct plain *plain = arg;

	return docker_call_again(&plain->call, response);
}

static void plain_forget(void *arg)
{
	struct plain *plain = arg;

	docker_call_release(&plain->call);
	free(plain);
}

struct transfer *docker_start(struct docker *docker, const struct docker_request *request,
			      docker_done *done, void *arg)
{
	struct plain *plain = xcalloc(1, sizeof *plain);
	struct http_request http;
	const char *headers[DOCKER_HEADERS];

	plain->done = done;
	plain->arg = arg;
	docker_call_init(&plain->call, docker, request);
	docker_call_fill(&plain->call, request, &http, headers);
	http.again = plain_again;
	http.forget = plain_forget;
	return http_start(docker->http, &http, plain_done, plain);
}

struct wanted {
	json_t **value;
	struct kata_error *e;
	bool over, ok;
};

static void wanted_done(void *arg, bool ok, const struct docker_answer *answer,
			struct kata_error *e)
{
	struct wanted *wanted = arg;

	wanted->over = true;
	wanted->ok = ok;
	if (!ok)
		*wanted->e = *e;
	else if (wanted->value)
		*wanted->value = json_incref(answer->value);
}

bool docker_do(struct docker *docker, const struct docker_request *request, json_t **value,
	       struct kata_error *e)
{
	struct wanted wanted = {.value = value, .e = e};

	if (value)
		*value = NULL;
	docker_start(docker, request, wanted_done, &wanted);
	http_wait(docker->http, &wanted.over);
	return wanted.ok;
}

bool docker_get(struct docker *docker, const char *path, json_t **value, struct kata_error *e)
{
	return docker_do(docker, &(struct docker_request){.method = "GET", .path = path}, value, e);
}

/* --- a connection taken over --- */

/* http.h puts the beginning of the answer's body into msg. */
static bool explain_tunnel(struct docker_call *call, struct kata_error *e)
{
	struct http_response response;
	bool again;

	http_response_init(&response);
	response.status = e->http;
	str_add(&response.body, e->msg);
	again = e->http && docker_call_again(call, &response);
	if (!e->http)
		docker_explain(call->docker, e);
	else if (!again)
		docker_call_accepted(call, &response, e);
	http_response_release(&response);
	return again;
}

struct http_tunnel *docker_tunnel_open(struct docker *docker, const struct docker_request *request,
				       struct kata_error *e)
{
	const char *headers[DOCKER_HEADERS];
	struct http_request http;
	struct docker_call call;
	struct http_tunnel *tunnel;

	docker_call_init(&call, docker, request);
	docker_call_fill(&call, request, &http, headers);
	tunnel = http_tunnel_open(&http, e);
	if (!tunnel && explain_tunnel(&call, e)) {
		http.path = call.versioned;
		tunnel = http_tunnel_open(&http, e);
		if (!tunnel) {
			call.final = true;
			explain_tunnel(&call, e);
		}
	}
	docker_call_release(&call);
	return tunnel;
}
