/*
 * HTTP on the event loop (libcurl's multi interface): TCP, unix sockets, TLS with client
 * certificates. All transfers of a client run at once; one connection each, never reused (Caddy
 * closes its admin connections on reload). No redirects, no proxies, no environment.
 */
#ifndef KATA_HTTP_H
#define KATA_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "kata/error.h"
#include "kata/memory.h"

/* Where a server is. Text forms: "localhost:2019", ":2019", "tcp/host:port", "http://host:port",
 * "https://host:port", "unix//run/caddy.sock", "unix:///run/caddy.sock". */
struct http_endpoint {
	char *text;	       /* as given, for messages; user:password@ refused */
	char *base;	       /* "http://localhost:2019" or "http://localhost" for sockets */
	char *socket;	       /* path of a unix socket, or NULL */
	char *cert, *key, *ca; /* PEM files for https, or NULL */
};

bool http_endpoint_parse(struct http_endpoint *out, const char *text, struct kata_error *e);
void http_endpoint_release(struct http_endpoint *endpoint);

struct http_request {
	const struct http_endpoint *endpoint; /* borrowed */
	const char *method;		      /* "GET" .. */
	const char *path;		      /* "/config/apps", percent-encoded already */
	const char *body;		      /* or NULL: no body at all */
	size_t body_len;
	const char *if_match; /* header value, or NULL */
	bool revalidate;      /* Cache-Control: must-revalidate */
	int timeout_ms;	      /* whole transfer; 0 = HTTP_TIMEOUT_READ_MS */
};

enum { HTTP_CONNECT_MS = 5000, HTTP_TIMEOUT_READ_MS = 30000, HTTP_TIMEOUT_WRITE_MS = 120000 };
enum { HTTP_BODY_MAX = 256 << 20 }; /* bytes; more is ERROR_PROTOCOL */

struct http_response {
	int status;
	struct str body;
	struct str etag;   /* value with its quotes; empty when none came */
	bool etag_trailer; /* it came after the body (Caddy before 2.8) */
	struct str type;   /* Content-Type */
	pid_t peer;	   /* process at the other end of a unix socket, else 0 */
	bool loopback;	   /* TCP to 127.0.0.0/8 or ::1 */
};

void http_response_init(struct http_response *response);
void http_response_release(struct http_response *response);

struct loop;
struct http;

/* libcurl is initialised at the first request. NULL is never returned. */
struct http *http_new(struct loop *loop);
/* Ends running transfers without calling anybody. Not from inside a done(): BUG(). */
void http_free(struct http *http);

/*
 * Starts a transfer; done() is called from the loop, once, with ok and either the response
 * (any status) or the error: ERROR_UNAVAILABLE (no connection: refused, no such socket, no such
 * host), ERROR_DENIED (socket without permission, untrusted certificate), ERROR_LOST (closed
 * before a full answer), ERROR_TIMEOUT, ERROR_PROTOCOL (not HTTP, too large), ERROR_INVALID (not
 * sendable), ERROR_CANCELLED (loop_stopped: all transfers end so). error.where is "METHOD URL".
 * The request's texts are copied, the body is borrowed until done(). The response (NULL when not
 * ok) lives as long as the call; what it holds is the callee's to release or to take over.
 */
typedef void http_done(void *arg, bool ok, struct http_response *response, struct kata_error *e);
void http_start(struct http *http, const struct http_request *request, http_done *done, void *arg);

/* One request driven to its end on the client's loop; *response is initialised here. Never from
 * inside a callback of the loop. */
bool http_do(struct http *http, const struct http_request *request, struct http_response *response,
	     struct kata_error *e);

#endif
