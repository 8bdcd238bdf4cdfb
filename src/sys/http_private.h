/*
 * Between the files of HTTP: http.c (transfers on the loop), http_request.c (what is sent),
 * http_answer.c (what arrives), http_tunnel.c, and http_error.c (what a failed transfer means).
 */
#ifndef KATA_SYS_HTTP_PRIVATE_H
#define KATA_SYS_HTTP_PRIVATE_H

#include <curl/curl.h>
#include <stdint.h>

#include "kata/error.h"
#include "kata/http.h"

struct transfer {
	struct http *http;
	struct transfer *prev, *next;
	CURL *easy;
	struct curl_slist *headers;
	http_done *done;
	const char *(*again)(void *arg, const struct http_response *response);
	void (*forget)(void *arg);
	void *arg;
	bool (*on_data)(void *arg, const char *bytes, size_t len);
	ssize_t (*source)(void *arg, char *bytes, size_t room);
	void *stream_arg;
	struct http_response response;
	char *at, *where, *base;
	bool local;	/* over a unix socket */
	bool brief;	/* one of the HTTP_AT_ONCE that may run together */
	bool waiting;	/* not yet given to libcurl */
	bool doomed;	/* there when the signal to stop came */
	bool cancelled; /* inside a callback of libcurl, which must not be freed there */
	bool ended;	/* by on_data or source */
	char detail[CURL_ERROR_SIZE];
	size_t header_bytes;
	bool headers_over;   /* the blank line was seen: what follows are trailers */
	int fd;		     /* of the unix socket, to ask who is at the other end */
	uint64_t fail_timer; /* delivers `failed` from the loop when the start itself failed */
	struct kata_error failed;
};

/* An option that this libcurl does not know, or no memory: both are beyond the caller. */
#define HTTP_SET(easy, option, value)                                                              \
	do {                                                                                       \
		CURLcode set_ = curl_easy_setopt(easy, option, value);                             \
		if (set_ != CURLE_OK)                                                              \
			BUG("%s: %s", #option, curl_easy_strerror(set_));                          \
	} while (0)

/* --- http_request.c --- */

bool http_sendable(const struct http_request *request);
/* "GET unix//run/x.sock:/path", without the query: it may hold what is nobody's business. */
char *http_where(const struct http_request *request);
/* What holds for every connection: nothing of the environment, no cleverness, the endpoint's TLS.
 * fd gets each socket opened, detail (CURL_ERROR_SIZE) libcurl's own sentence. */
void http_set_connection(CURL *easy, const struct http_endpoint *endpoint, int *fd, char *detail);
/* Method, URL, headers, body, time limits, reuse; t->headers is made. */
void http_set_request(CURL *easy, struct transfer *t, const struct http_request *request);
void http_set_url(CURL *easy, const char *base, const char *path);
/* Whether `headers` has a line with this name. */
bool http_names_header(const struct http_request *request, const char *name);
/* Time limits in ms; 0 from http_limit_ms: none. */
long http_limit_ms(const struct http_request *request);
long http_connect_ms(const struct http_request *request);

/* --- http_answer.c --- */

/* Sends what arrives into t. */
void http_set_answer(CURL *easy, struct transfer *t);

/* --- http_error.c --- */

/* How a transfer ended, as libcurl tells it. */
struct http_end {
	CURLcode code;
	int sys;	    /* errno of the connection attempt, or 0 */
	const char *detail; /* libcurl's own sentence, perhaps empty */
	const char *at;	    /* the endpoint as the user wrote it */
};

/* Fills code, msg, hint and sys. `where` is the caller's. */
void http_error_fill(const struct http_end *end, struct kata_error *e);

#endif
