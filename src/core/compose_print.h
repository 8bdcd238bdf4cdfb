/*
 * Private to core: the generated .docker-compose.yaml in two steps. compose_yaml.c shapes the
 * canonical model for `docker compose`, compose_stack.c for `docker stack`, compose_print.c
 * turns either into text.
 */
#ifndef KATA_CORE_COMPOSE_PRINT_H
#define KATA_CORE_COMPOSE_PRINT_H

#include <jansson.h>
#include <stdbool.h>

#include "kata/compose.h"
#include "kata/memory.h"

/* What the shaping of one file needs. */
struct compose_shape {
	struct arena *arena; /* for texts on their way into JSON */
	const struct compose *compose;
	const struct compose_names *names; /* or NULL */
};

/* `key: value` with all below it as block YAML, keys sorted, texts that any YAML reader sees as
 * text, and every $ of a value doubled. */
void compose_print(struct str *out, const char *key, const json_t *value);

/* A service of the model as the stack loader wants it. New reference. */
json_t *stack_service_new(const struct compose_shape *shape, const struct compose_service *service);
/* A top-level object of the model ("networks", "volumes", "secrets", "configs"). New reference. */
json_t *stack_object_new(const struct compose_shape *shape, const char *kind, const char *key,
			 const json_t *object);
/* Adds networks that stand for a service's network_mode. */
void stack_networks_add(const struct compose_shape *shape, json_t *networks);

/* --- shared by both shapes; each changes nothing where the member is absent --- */

/* Nanoseconds become a text: "1m30s". */
void shape_duration(const struct compose_shape *shape, json_t *object, const char *key);
/* The same in what has the durations of a health check, of a `deploy` member. */
void shape_healthcheck(const struct compose_shape *shape, json_t *healthcheck);
void shape_deploy(const struct compose_shape *shape, json_t *deploy);
/* A number becomes a text: "0.5", "67108864". */
void shape_number_text(const struct compose_shape *shape, json_t *object, const char *key);
/* Content of a secret or config becomes the file that holds it. */
void shape_content(const struct compose_shape *shape, const char *kind, const char *key,
		   json_t *object);
/* Whether a member is our own and means nothing to another tool. */
bool shape_is_ours(const char *key);
/* Whether the model asks for a number of containers, which is service->replicas then. */
bool shape_has_replicas(const struct compose_service *service);

#endif
