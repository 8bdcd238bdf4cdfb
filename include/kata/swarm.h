/*
 * Swarm mode as pure functions: from the canonical model to what `docker stack deploy` sends
 * (docker/cli cli/compose/convert), and the question whether a live service, network, secret or
 * config already is what the file wants (what restarts tasks: reference 5.4).
 */
#ifndef KATA_SWARM_H
#define KATA_SWARM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "kata/compose.h"
#include "kata/memory.h"

#define LABEL_STACK	  "com.docker.stack.namespace"
#define LABEL_STACK_IMAGE "com.docker.stack.image"

struct swarm_facts {
	const json_t *live;	 /* element of GET /services, or NULL: to be created */
	const char *image;	 /* as written in the file (container_image()) */
	const char *pinned;	 /* "name:tag@sha256:..." when the registry told, else NULL */
	const json_t *platforms; /* [{Architecture, OS}] of the pinned image, or NULL */
	int api; /* minor API version spoken; 0: the oldest (41). What an older engine
		  * would silently lose is left out, so that it is no difference */
	/* Engine name and id of a secret or config; id NULL while it does not exist. */
	const char *(*object_name)(void *arg, const char *kind, const char *key);
	const char *(*object_id)(void *arg, const char *kind, const char *key);
	void *object_arg;
};

/* "<stack>_<service>". In the arena. */
const char *swarm_service_name(struct arena *a, const struct compose *compose,
			       const struct compose_service *service);
/* "<stack>_<key>_<first 12 hex of sha256(content)>"; the plain name for external ones. */
const char *swarm_object_name(struct arena *a, const struct compose *compose, const char *kind,
			      const char *key, const char *content, size_t len);

/* Complete ServiceSpec to POST, field by field what the docker CLI sends, sorted as it sorts. An
 * image that was pinned and did not change stays pinned, ForceUpdate is kept. New reference. */
json_t *swarm_spec_new(const struct compose *compose, const struct compose_service *service,
		       const struct swarm_facts *facts);
/* NULL when the live service already is as wanted (nothing must be sent), else the first
 * difference for people, without values of environment variables. network_name: id to name, from
 * the live lists. */
const char *swarm_differs(struct arena *a, const json_t *wanted_spec, const json_t *live,
			  const char *(*network_name)(void *arg, const char *id), void *arg);
/* True when a service must be deleted and made anew: another mode (501). */
bool swarm_must_replace(const json_t *wanted_spec, const json_t *live);

/* Bodies of POST /networks/create, /secrets/create, /configs/create; NULL for external ones. */
json_t *swarm_network_body_new(const struct compose *compose, const char *key);
json_t *swarm_object_body_new(const struct compose *compose, const char *kind, const char *key,
			      const char *name, const char *content, size_t len);
/* Overlay networks are never updated: NULL, or what differs from the file (a warning). */
const char *swarm_network_differs(struct arena *a, const struct compose *compose, const char *key,
				  const json_t *live);

/* What the engine says about a service's tasks, as one verdict. */
enum swarm_state {
	SWARM_WAITING,	 /* not there yet */
	SWARM_CONVERGED, /* as many tasks of the present spec run as wanted (jobs: have completed)
			  */
	SWARM_FAILING,	 /* tasks of the present spec fail; it may still recover */
	SWARM_FAILED,	 /* paused, rolled back: does not recover by itself */
};
struct swarm_progress {
	enum swarm_state state;
	int running, wanted;
	const char *message; /* of the update, or the newest failed task; in the arena, or NULL */
	const char *task;    /* id of the newest failed task, or NULL */
};
/* service: GET /services/{id}; tasks: GET /tasks of it, all or those with _up-to-date; started: RFC
 * 3339 time (engine's clock) of our own update, or NULL for none: older update states are ignored.
 * UpdatedAt as it was read before the update is right; read after it, it moves on with every step
 * of the update. A task that ended well where the restart policy lets it end counts as running; one
 * that failed and has no successor makes the service SWARM_FAILED. */
void swarm_progress_read(struct arena *a, const json_t *service, const json_t *tasks,
			 size_t node_count, const char *started, struct swarm_progress *out);

#endif
