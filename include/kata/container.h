/*
 * Compose mode as pure functions: from the canonical model to the bodies that `docker compose`
 * sends to the Engine (docker/compose pkg/compose/create.go; Engine API 1.41 up), and the question
 * whether a live container, network or volume already is what the file wants.
 */
#ifndef KATA_CONTAINER_H
#define KATA_CONTAINER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "kata/compose.h"
#include "kata/memory.h"

#define LABEL_PROJECT "com.docker.compose.project"
#define LABEL_SERVICE "com.docker.compose.service"
#define LABEL_NUMBER  "com.docker.compose.container-number"
#define LABEL_ONEOFF  "com.docker.compose.oneoff"
#define LABEL_HASH    "com.docker.compose.config-hash"
#define LABEL_IMAGE   "com.docker.compose.image"
#define LABEL_FOLDER  "com.docker.compose.project.working_dir"
#define LABEL_FILES   "com.docker.compose.project.config_files"
#define LABEL_NETWORK "com.docker.compose.network"
#define LABEL_VOLUME  "com.docker.compose.volume"
#define LABEL_VERSION "com.docker.compose.version"
#define LABEL_DEPENDS "com.docker.compose.depends_on"
#define LABEL_REPLACE "com.docker.compose.replace"
#define LABEL_SLUG    "com.docker.compose.slug"
/* Our hash of a network or volume. docker compose makes those anew (a volume: without its data)
 * whose LABEL_HASH is not its own; without that label it leaves them alone. */
#define LABEL_OWN_HASH "kata.config-hash"
/* What we say in LABEL_VERSION: a version of docker compose whose ways these are. */
#define COMPOSE_VERSION "2.40.3"

/* What is known about the engine and the image when the container is made. */
struct container_facts {
	int api;		/* minor API version spoken: 41 .. */
	const char *image_id;	/* "sha256:..." */
	const json_t *image;	/* GET /images/{ref}/json, or NULL */
	const char *name;	/* final name: container_name() */
	unsigned number;	/* from 1 */
	const json_t *replaces; /* inspect of the container it takes over from (anonymous volumes
				 * are carried on), or NULL */
	/* Id of another service's container, for service:x modes and volumes_from. */
	const char *(*service_id)(void *arg, const char *service);
	void *service_arg;
	const char *oneoff_slug; /* `run`: 64 hex; NULL: a normal container */
	/* Absolute path of the private file with the content of a secret or config. */
	const char *(*content_file)(void *arg, const char *kind, const char *key);
	void *content_arg;
};

/* "<project>-<service>-<n>" or container_name. In the arena. */
const char *container_name(struct arena *a, const struct compose *compose,
			   const struct compose_service *service, unsigned number);
/* Image of a service: image:, or "<project>-<service>" for one that is built. */
const char *container_image(struct arena *a, const struct compose *compose,
			    const struct compose_service *service);
/* Our config-hash: SHA-256 of the canonical spec without what does not make another container
 * (build, pull_policy, scale, deploy.replicas, depends_on, profiles, x-*), with what it refers
 * to: engine names of networks and volumes, content of secrets and configs (by content hash). Its
 * last 8 digits check the others: so it is told from the hash of another tool. */
void container_hash(const struct compose *compose, const struct compose_service *service,
		    char out[65]);

/* Body of POST /containers/create?name=. New reference. Endpoints that this API version cannot
 * take in create are left out: container_connects_new. */
json_t *container_body_new(const struct compose *compose, const struct compose_service *service,
			   const struct container_facts *facts);
/* [{"network": engine name, "body": {...}}] to POST to /networks/{n}/connect between create and
 * start; empty from API 1.44 on. New reference. */
json_t *container_connects_new(const struct compose *compose, const struct compose_service *service,
			       const struct container_facts *facts);

/*
 * Whether a live container is what the service wants, judged by inspect (for containers that
 * another tool made, whose hash cannot be recomputed): NULL when it is; else the first difference
 * as a short text for people ("environment LOG_LEVEL", "ports", "image"). Only what the file can
 * influence is compared; values the image or the engine fill in are not a difference.
 * Where nothing differs, but the container has a hash of ours and not this one: "configuration".
 * image: inspect of the image the container runs now and shall run. Text in the arena; a value of
 * an environment variable is never in it.
 */
const char *container_differs(struct arena *a, const struct compose *compose,
			      const struct compose_service *service,
			      const struct container_facts *facts, const json_t *inspect);

/* Bodies for POST /networks/create and /volumes/create of a top-level key, with all labels, and
 * the hash for LABEL_OWN_HASH. NULL for an external one. New reference. */
json_t *network_body_new(const struct compose *compose, const char *key, int api);
json_t *volume_body_new(const struct compose *compose, const char *key);
/* NULL: the live one (element of GET /networks, inspect of a volume) is as wanted; else what
 * differs. */
const char *network_differs(struct arena *a, const struct compose *compose, const char *key,
			    const json_t *live);
const char *volume_differs(struct arena *a, const struct compose *compose, const char *key,
			   const json_t *live);

#endif
