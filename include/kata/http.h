/*
 * HTTP on the event loop (libcurl's multi interface): TCP, unix sockets, TLS with client
 * certificates. All transfers of a client run at once; one connection each, never reused (Caddy
 * closes its admin connections on reload) unless `keep` asks for it. No redirects, no proxies, no
 * environment.
 */
#ifndef KATA_HTTP_H
#define KATA_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "kata/error.h"
#include "kata/memory.h"

/* Where a server is. Text forms: "localhost:2019", ":2019", "tcp/host:port", "tcp://host:port",
 * "http://host:port", "https://host:port", "unix//run/caddy.sock", "unix:///run/caddy.sock". */
struct http_endpoint {
	char *text;	       /* as given, for messages; user:password@ refused */
	char *base;	       /* "http://localhost:2019" or "http://localhost" for sockets */
	char *socket;	       /* path of a unix socket, or NULL */
	char *cert, *key, *ca; /* PEM files for https, or NULL */
};

bool http_endpoint_parse(struct http_endpoint *out, const char *text, struct kata_error *e);
void http_endpoint_release(struct http_endpoint *endpoint);

struct http_response;
struct http_request {
	const struct http_endpoint *endpoint; /* borrowed */
	const char *method;		      /* "GET" .. */
	const char *path;		      /* "/config/apps", percent-encoded already */
	const char *body;		      /* or NULL: no body at all */
	size_t body_len;
	const char *if_match; /* header value, or NULL */
	bool revalidate;      /* Cache-Control: must-revalidate */
	int timeout_ms; /* whole transfer; 0 = HTTP_TIMEOUT_READ_MS, -1 = as long as it takes */

	const char *type;	    /* Content-Type of the body; NULL: application/json */
	const char *const *headers; /* more lines "Name: value", NULL at the end; or NULL. A Host
				     * here replaces ours */
	/* The connection may serve later requests, and for GET and HEAD was perhaps opened for
	 * earlier ones: those alone are sent again when it proves closed (Docker: yes; Caddy: no).
	 * HTTP_AT_ONCE of these run together, the others wait for their turn, before their time
	 * begins; those with on_data, source or without a time limit are not counted. */
	bool keep;
	/* The body of a 2xx answer goes here as it arrives, and not into the response. False ends
	 * the transfer with ERROR_CANCELLED. */
	bool (*on_data)(void *arg, const char *bytes, size_t len);
	/* Instead of body: gives up to `room` bytes, 0 at the end, -1 to end the transfer with
	 * ERROR_CANCELLED. Sent chunked. */
	ssize_t (*source)(void *arg, char *bytes, size_t room);
	void *stream_arg; /* of both */
	/* For the layer above; both get done()'s arg. Asked once, when the whole answer is there:
	 * another path, to send the request there again, or NULL: the answer stands. */
	const char *(*again)(void *arg, const struct http_response *response);
	/* Called last, however the transfer ended: after done(), by http_cancel() and http_free().
	 */
	void (*forget)(void *arg);
};

enum { HTTP_CONNECT_MS = 5000, HTTP_TIMEOUT_READ_MS = 30000, HTTP_TIMEOUT_WRITE_MS = 120000 };
enum { HTTP_BODY_MAX = 256 << 20 }; /* bytes; more is ERROR_PROTOCOL */
enum { HTTP_AT_ONCE = 16 };

struct http_response {
	int status;
	struct str body;
	struct str etag;	/* value with its quotes; empty when none came */
	bool etag_trailer;	/* it came after the body (Caddy before 2.8) */
	struct str type;	/* Content-Type */
	struct str api_version; /* Api-Version, as Docker sends with every answer */
	struct str server;	/* Server */
	pid_t peer;		/* process at the other end of a new unix socket, else 0 */
	bool loopback;		/* TCP to 127.0.0.0/8 or ::1 */
};

void http_response_init(struct http_response *response);
void http_response_release(struct http_response *response);

struct loop;
struct http;

/* libcurl is initialised at the first request. NULL is never returned. */
struct http *http_new(struct loop *loop);
/* Ends running transfers without calling anybody. Not from inside a done(): BUG(). */
void http_free(struct http *http);
/* How long requests may take that set no time limit of their own; HTTP_TIMEOUT_READ_MS at first. */
void http_set_patience(struct http *http, int read_ms);

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
struct transfer;
/* The transfer stays valid until its done() is called. on_data, source and done() may start and
 * cancel others. */
struct transfer *http_start(struct http *http, const struct http_request *request, http_done *done,
			    void *arg);
/* Ends a transfer without calling anybody. Not from inside its own callbacks. */
void http_cancel(struct transfer *transfer);

/* Turns the client's loop until a callback has set *over. Never from inside a callback. */
void http_wait(struct http *http, const bool *over);
/* One request driven to its end on the client's loop; *response is initialised here. Never from
 * inside a callback of the loop. */
bool http_do(struct http *http, const struct http_request *request, struct http_response *response,
	     struct kata_error *e);

/*
 * A connection taken over: the request asks to be upgraded, and after the server's 101 (or 200)
 * bytes flow both ways until both sides are done (Docker's attach and exec). TLS as elsewhere.
 */
struct http_tunnel;

/* Connects, sends the request (method, path, body, type, headers are used) and reads up to the end
 * of the answer's head; blocking, at most timeout_ms. NULL: e says why; an answer other than 101
 * and 200 is ERROR_REFUSED with e->http and the body's beginning in msg. */
struct http_tunnel *http_tunnel_open(const struct http_request *request, struct kata_error *e);
void http_tunnel_close(struct http_tunnel *tunnel);
/* To watch with loop_fd. Bytes may be waiting without it being readable: read until 0 first. */
int http_tunnel_fd(const struct http_tunnel *tunnel);
/* Never blocks: bytes read, 0 when there are none now, -1 at the end, -2 on an error. */
ssize_t http_tunnel_read(struct http_tunnel *tunnel, char *bytes, size_t room);
/* Never blocks: bytes taken (perhaps 0), or -2 on an error. */
ssize_t http_tunnel_write(struct http_tunnel *tunnel, const char *bytes, size_t len);
/* Nothing more will be written; the other side sees the end of our bytes. */
void http_tunnel_half_close(struct http_tunnel *tunnel);

#endif
