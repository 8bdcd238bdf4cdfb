/*
 * Private to deploys in Compose mode: the planning of one app, and the steps of one container.
 */
#ifndef KATA_CORE_DEPLOY_COMPOSE_H
#define KATA_CORE_DEPLOY_COMPOSE_H

#include "deploy_private.h"

/* One service while it is planned. */
struct part {
	const struct compose_service *model;
	char hash[SHA256_HEX + 1];
	const char *image_id;	/* of the image as it is here, or NULL */
	const char *stop_first; /* why its containers cannot start beside the old ones, or NULL */
	bool replaced;
	int *ends; /* steps after which its containers of this run are up */
	size_t end_count, end_cap;
	int *starts;
	size_t start_count, start_cap;
};

struct up {
	struct deploy *d;
	const struct compose *compose;
	const struct docker_live *live;
	const struct deploy_options *options;
	struct live_container *all; /* of this project and folder */
	size_t count;
	struct part *parts; /* as compose->services */
	int *resources;	    /* networks and volumes to be made first */
	size_t resource_count, resource_cap;
	int routes;
};

/* Appends a step index to one of the lists. */
void up_list(struct up *u, int **list, size_t *count, size_t *cap, int step);
/* part: whose it is, or NULL. */
int up_step(struct up *u, enum step_op op, const struct part *part, const char *target);
/* The one step of the run in which Caddy learns the new addresses. */
int up_routes(struct up *u);
const json_t *up_inspect(const struct up *u, const struct live_container *c);
struct part *up_part(struct up *u, const char *name);
/* Why the service's containers cannot start beside the old ones, or NULL. */
const char *up_stop_first(const struct up *u, const struct compose_service *service);
/* Whether one lives in the other's namespaces or volumes. */
bool up_shares(const struct compose_service *service, const char *name);
/* Whether it lives in a namespace of a container that is not there any more. */
bool up_left_alone(const struct up *u, const struct part *part, const struct live_container *c);
/* Whether a service of the file waits for this one in that way. */
bool up_waited(const struct up *u, const char *name, const char *condition);
/* `step` (a start) waits for what depends_on asks. */
void up_wait(struct up *u, int step, const struct part *part);
int up_gate(struct up *u, struct part *part, const char *target, const char *id, int after);
/* Of a container that stays; STEP_NONE: there is none. */
int up_gate_kept(struct up *u, struct part *part);
/* Start and gate of what `made` (STEP_NONE: it is there) brought; returns the last step. */
int up_start(struct up *u, struct part *part, const char *target, const char *id, int made,
	     const char *why);
/* Stops (if need be) and removes one container; returns the removal. */
int up_remove(struct up *u, const struct live_container *c, const char *why, int after);
void up_rename(struct up *u, struct part *part, const char *from, const char *id, const char *to,
	       int after);
/* A new container in the place of an old one: beside it where that is possible. */
void up_replace(struct up *u, struct part *part, const struct live_container *old, unsigned number,
		const char *why);
void up_make(struct up *u, struct part *part, unsigned number, int after);

#endif
