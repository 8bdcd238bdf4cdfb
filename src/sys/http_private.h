/*
 * Between http.c, which moves the bytes, and http_error.c, which says what a failed transfer means.
 */
#ifndef KATA_SYS_HTTP_PRIVATE_H
#define KATA_SYS_HTTP_PRIVATE_H

#include <curl/curl.h>

#include "kata/error.h"

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
