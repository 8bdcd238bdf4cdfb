/* What the files of Swarm mode share: reading the canonical model, building request bodies. */
#ifndef SWARM_PRIVATE_H
#define SWARM_PRIVATE_H

#include "kata/swarm.h"

/* Top-level definition of a network, volume, secret or config; NULL when there is none. */
const json_t *swarm_top(const struct compose *compose, const char *kind, const char *key);
bool swarm_is_external(const json_t *definition);
/* Networks of the engine itself: they know no aliases. */
bool swarm_is_builtin_network(const char *name);
/* The engine's name of a top-level network or volume. New reference. */
json_t *swarm_resource_name_new(const struct compose *compose, const char *kind, const char *key);
/* Own labels and the one that makes a thing part of the stack. New reference. */
json_t *swarm_labels_new(const struct compose *compose, const json_t *own);

/* A map of texts; null is the empty text. NULL when there is nothing in it. New reference. */
json_t *swarm_texts_map_new(const json_t *map);
/* The texts of a list; NULL when there are none. New reference. */
json_t *swarm_texts_new(const json_t *list);
/* A number of the model, also one written as text; `none` when it is neither. */
json_int_t swarm_number(const json_t *value, json_int_t none);

/* These leave out what Go's omitempty leaves out: nothing, the empty text, zero, false. */
void swarm_set_take(json_t *to, const char *field, json_t *value);
void swarm_set_text(json_t *to, const char *field, const json_t *from, const char *key);
void swarm_set_int(json_t *to, const char *field, const json_t *from, const char *key);
void swarm_set_true(json_t *to, const char *field, const json_t *from, const char *key);

/* ContainerSpec of a service, without its image. New reference. */
json_t *swarm_container_new(const struct compose *compose, const json_t *service,
			    const struct swarm_facts *facts);
/* ContainerSpec.Mounts of a service, or NULL for none. New reference. */
json_t *swarm_mounts_new(const struct compose *compose, const json_t *service, int api);
/* ContainerSpec.Privileges: what a service may do beyond or less than usual. New reference. */
json_t *swarm_privileges_new(const json_t *service, int api);

/* Whether two EndpointSpec.Ports, or none, mean the same. */
bool swarm_ports_equal(const json_t *a, const json_t *b);

/* API versions that brought something to services. */
enum {
	SWARM_API_PRIVILEGES = 44, /* NoNewPrivileges, Seccomp, AppArmor; StartInterval */
	SWARM_API_SUBPATH = 45,	   /* of volumes */
	SWARM_API_OOM = 46,	   /* OomScoreAdj; options of tmpfs mounts */
};

#endif
