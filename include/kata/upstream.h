/*
 * Upstream dials that name a service of the same file ("web:8000"), and what stands for them in
 * Caddy. Pure.
 */
#ifndef KATA_UPSTREAM_H
#define KATA_UPSTREAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "kata/compose.h"
#include "kata/memory.h"

struct upstream {
	const char *service;
	unsigned port;
	const char *path; /* of its upstreams array in the block: "routes/0/handle/0/upstreams" */
};

/* Every dial in the block (at any depth of handlers) that is NAME:PORT with NAME a service of this
 * app. In the order of the block; texts in the arena. */
struct upstream *upstream_list(struct arena *a, const json_t *block, const struct compose *compose,
			       size_t *count);

/* Replaces in every upstreams array each object whose dial names a service by one object for each
 * address (its other fields copied), in the order given. addresses: [] when none is known, then the
 * object stays as it is. Returns how many objects had no address. */
size_t upstream_resolve(json_t *block, const struct compose *compose,
			/* new array of "ip:port" texts */
			json_t *(*addresses_new)(void *arg, const char *service, unsigned port),
			void *arg);

/* Addresses of one container from its element in GET /containers/json (or inspect): its published
 * port on loopback when it has one ("127.0.0.1:32768"), else its address in a network
 * ("172.18.0.2:8000"). NULL when there is none (not running). In the arena. */
const char *upstream_container_address(struct arena *a, const json_t *container, unsigned port);
/* Only its published port on loopback (a Swarm task's, with mode: host), or NULL. */
const char *upstream_published_address(struct arena *a, const json_t *container, unsigned port);
/* Of a Swarm service: its published port of that target port ("127.0.0.1:30000"), or NULL. */
const char *upstream_service_address(struct arena *a, const json_t *service, unsigned port);

#endif
