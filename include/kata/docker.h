/*
 * Engine API client (Docker 20.10 up, API 1.41 up): requests, streams, images, logs, exec. Speaks
 * min(our newest, the engine's) version from 1.41 on: the first request goes out as 1.41, the
 * Api-Version header of its answer says what the engine knows; an engine too new for 1.41 is
 * answered with its own minimum. One refusal table makes errors into hints.
 */
#ifndef KATA_DOCKER_H
#define KATA_DOCKER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "kata/error.h"
#include "kata/http.h"
#include "kata/memory.h"

enum { DOCKER_API_MIN = 41, DOCKER_API_MAX = 51 };

struct docker {
	struct http *http; /* borrowed */
	struct http_endpoint endpoint;
	const char *named_by; /* "--docker", "DOCKER_HOST" or NULL: the default socket */
	int api;	      /* minor version in use; 0 until an answer came */
	char version[48];     /* of the engine, as its answers say; or empty */
	json_t *config;	      /* ~/.docker/config.json once read, or NULL */
	bool config_read;
};

/* host: unix:///path, tcp://host:port, http(s)://host:port; NULL: the value of DOCKER_HOST as given
 * by the caller in `env`, else unix:///var/run/docker.sock. With DOCKER_TLS_VERIFY or
 * DOCKER_CERT_PATH given (cert_path), tcp is TLS with ca.pem, cert.pem, key.pem of that folder.
 * ssh:// is refused with a hint (ssh -L). */
bool docker_init(struct docker *docker, struct http *http, const char *host, const char *env,
		 const char *cert_path, struct kata_error *e);
void docker_release(struct docker *docker);

struct docker_request {
	const char *method;
	const char *path;   /* "/containers/json?all=1", without version; docker_path() makes it */
	const json_t *body; /* or NULL; "{}" is sent where the engine wants a body: json_object() */
	const char *auth;   /* X-Registry-Auth, or NULL */
	int timeout_ms;	    /* 0: 30 s for GET, 120 s else; -1: none */
};

/* Answer of a plain request; all borrowed by done(). value: the JSON, NULL when it was none. */
struct docker_answer {
	int status;
	json_t *value; /* json_incref to keep */
	const char *text;
	size_t len;
};

/*
 * ok: 2xx or 304. Else e: ERROR_NOT_FOUND (404), ERROR_CONFLICT (409; "update out of sequence"),
 * ERROR_REFUSED (other 4xx, 5xx), http.h's for connection troubles; msg is the engine's message
 * without "rpc error" prefixes, http the status, hint from the table: socket without permission
 * ("add the user to the docker group"), no engine there, API too old, not a swarm manager, port
 * taken, name in use, no such image, no space, network in use, ...
 */
typedef void docker_done(void *arg, bool ok, const struct docker_answer *answer,
			 struct kata_error *e);
struct transfer *docker_start(struct docker *docker, const struct docker_request *request,
			      docker_done *done, void *arg);
/* Driven to its end on the client's loop. *value may be NULL (not wanted); new reference. */
bool docker_do(struct docker *docker, const struct docker_request *request, json_t **value,
	       struct kata_error *e);
bool docker_get(struct docker *docker, const char *path, json_t **value, struct kata_error *e);

/* printf for paths; each %s is percent-encoded (also '/'), %d and %u as usual. In the arena. */
const char *docker_path(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* {"label":["k=v",..],...} from pairs key, value, ..., NULL; percent-encoded for ?filters=. */
const char *docker_filters(struct arena *a, ...) __attribute__((sentinel));
/* Name of a container from GET /containers/json or its inspect: the one without link aliases, no
 * slash. Its id when it has none; "" when it has nothing. Borrowed from the JSON. */
const char *docker_container_name(const json_t *container);

/* --- streams of JSON objects: pull, build, events --- */

/* One object at a time; false ends the stream (ERROR_CANCELLED). */
typedef bool docker_event(void *arg, const json_t *object);
/* done(): ok at the end of the stream; an errorDetail in it is an error of the table (mostly
 * ERROR_REFUSED) with its message. timeout_ms 0: none. */
struct docker_stream;
struct docker_stream *docker_stream_start(struct docker *docker,
					  const struct docker_request *request, docker_event *event,
					  void (*done)(void *arg, bool ok, struct kata_error *e),
					  void *arg);
/* Calls nobody. Never after done() was called. */
void docker_stream_cancel(struct docker_stream *stream);

/* --- images (image.c, auth.c, build.c) --- */

/* An image reference taken apart as the docker CLI does. All in the arena. */
struct image_ref {
	const char *domain; /* "docker.io", "localhost:5000" */
	const char *path;   /* "library/nginx" */
	const char *tag;    /* "latest" when neither tag nor digest was given; NULL with a digest */
	const char *digest; /* "sha256:..." or NULL */
	const char *name;   /* what the engine is asked for: "nginx", "localhost:5000/a/b" */
};
/* False for what is no reference. */
bool image_ref_parse(struct arena *a, const char *text, struct image_ref *out);
/* X-Registry-Auth for a registry from ~/.docker/config.json and its credential helpers (run
 * without a shell), "" when there is none. Lives in the arena; never in an error. config_home:
 * folder of config.json ($DOCKER_CONFIG, else ~/.docker), given by the caller. False: a helper
 * failed. */
bool docker_auth(struct docker *docker, struct arena *a, const char *config_home,
		 const char *domain, const char **header, struct kata_error *e);
/* X-Registry-Config for a build, which may pull from any registry: all of them together, "" when
 * there is none. A helper that fails is passed over. */
bool docker_auth_all(struct docker *docker, struct arena *a, const char *config_home,
		     const char **header, struct kata_error *e);

/* Starts a pull; events are the engine's progress objects. auth may be "". */
struct docker_stream *docker_pull_start(struct docker *docker, const char *image,
					const char *platform, const char *auth, docker_event *event,
					void (*done)(void *arg, bool ok, struct kata_error *e),
					void *arg);

enum { DOCKER_IMAGE_ID_MAX = 80 };

/*
 * A build by the classic builder from a canonical `build` object: the context (honouring
 * .dockerignore) goes out as a tar while it is read, never whole in memory. What the build's object
 * says (no_cache, pull, platforms, labels) and what stands here are put together; platform here
 * wins. Texts are copied. The steps' output comes as events {"stream": ...}. A file that cannot
 * be read ends the build with its path.
 */
struct docker_build {
	const json_t *build;
	const char *tag;	     /* name of the image, or NULL; build.tags come on top */
	const json_t *labels;	     /* object or NULL; on top of build.labels */
	const char *registry_config; /* X-Registry-Config, or "" */
	bool no_cache, pull;
	const char *platform; /* or NULL */
	char *image_id; /* NULL, or DOCKER_IMAGE_ID_MAX bytes: "sha256:..." at done(), or "" */
};
/* NULL: e says what is wrong with the context, the Dockerfile or the ignore file. */
struct docker_stream *docker_build_start(struct docker *docker, const struct docker_build *build,
					 docker_event *event,
					 void (*done)(void *arg, bool ok, struct kata_error *e),
					 void *arg, struct kata_error *e);

/* SHA-256 of all that a build's context would send, to tell whether anything changed. False: it
 * cannot be read. */
bool docker_context_hash(const json_t *build, char out[65], struct kata_error *e);

/* --- logs and exec (stream.c) --- */

/* Splits the multiplexed framing of logs, attach and exec (Tty false), at any chunk borders. */
struct docker_demux {
	unsigned char head[8];
	size_t head_len;
	uint32_t left; /* of the present frame */
};
typedef bool docker_output(void *arg, int stream, const char *bytes, size_t len); /* 1 out, 2 err */
bool docker_demux_add(struct docker_demux *demux, const char *bytes, size_t len, docker_output *out,
		      void *arg);

/* An attach or exec start (POST, with its body), taken over: read, write and close it with
 * http_tunnel_*. Blocking, as http_tunnel_open; NULL: e, with the hints of the table. */
struct http_tunnel *docker_tunnel_open(struct docker *docker, const struct docker_request *request,
				       struct kata_error *e);

/* GET logs of a container (or of a Swarm service/task, by path). tty: raw, all is stream 1. */
struct docker_logs;
struct docker_logs *docker_logs_start(struct docker *docker, const char *path, bool tty,
				      docker_output *out,
				      void (*done)(void *arg, bool ok, struct kata_error *e),
				      void *arg);
void docker_logs_cancel(struct docker_logs *logs);

#endif
