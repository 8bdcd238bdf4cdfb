/*
 * Within docker/: what a plain request (docker.c) and a stream (stream.c) have in common, how an
 * upload is streamed (for build.c), and the table of refusals (refusal.c).
 */
#ifndef KATA_DOCKER_PRIVATE_H
#define KATA_DOCKER_PRIVATE_H

#include "kata/docker.h"

/* A request on its way; lives until http's forget(). */
struct docker_call {
	struct docker *docker;
	char *method, *path;  /* without version */
	char *versioned;      /* as it is sent */
	char *auth;	      /* header line, or NULL */
	int minor;	      /* of the version it was sent with; 0: none */
	bool has_body, final; /* final: cannot be sent again, its body is gone */
	struct str body;
};

void docker_call_init(struct docker_call *call, struct docker *docker,
		      const struct docker_request *request);
void docker_call_release(struct docker_call *call);
enum { DOCKER_HEADERS = 4 }; /* room for lines, with the NULL */
/* One more line, unless it is NULL. */
void docker_add_header(const char **headers, const char *line);
/* The request's connection, path, body and headers. */
void docker_call_fill(const struct docker_call *call, const struct docker_request *request,
		      struct http_request *out, const char *headers[DOCKER_HEADERS]);
/* For http_request.again: the path with a version that the engine speaks. */
const char *docker_call_again(struct docker_call *call, const struct http_response *response);
/* Notes the engine's version. False: e says what was refused. */
bool docker_call_accepted(const struct docker_call *call, const struct http_response *response,
			  struct kata_error *e);

/* Puts "METHOD URL" into the error. */
void docker_call_where(const struct docker_call *call, struct kata_error *e);

/* --- an upload whose answer is a stream of objects --- */

struct docker_upload {
	const char *type;   /* Content-Type */
	const char *header; /* one more line "Name: value", or NULL */
	ssize_t (*source)(void *arg, char *bytes, size_t room); /* as in http.h */
	void (*release)(void *arg); /* called last, however the stream ended; or NULL */
	void *arg;
};
/* As docker_stream_start, with a body that cannot be sent twice: the engine's version must be known
 * (any earlier answer), or an engine too new for 1.41 refuses it. Texts of upload are copied. */
struct docker_stream *docker_stream_upload(struct docker *docker,
					   const struct docker_request *request,
					   const struct docker_upload *upload, docker_event *event,
					   void (*done)(void *arg, bool ok, struct kata_error *e),
					   void *arg);

/* --- refusal.c --- */

/* Fills code, msg, http and hint from a status (0 inside a stream) and the engine's message. */
void docker_refuse(struct kata_error *e, int status, const char *message);
/* Puts Docker's hints into an error of the connection. */
void docker_explain(const struct docker *docker, struct kata_error *e);

#endif
