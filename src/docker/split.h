/*
 * Splits a stream of JSON objects, cut into pieces anywhere, into its objects (split.c).
 */
#ifndef KATA_DOCKER_SPLIT_H
#define KATA_DOCKER_SPLIT_H

#include "kata/docker.h"

enum { DOCKER_OBJECT_MAX = 16 << 20 }; /* bytes */

struct docker_split {
	struct str begun; /* of an object that goes on in the next piece */
	size_t depth;
	bool in_string, escaped;
};
#define DOCKER_SPLIT_INIT                                                                          \
	{                                                                                          \
		.begun = STR_INIT                                                                  \
	}

/* False: ERROR_CANCELLED when event said so, ERROR_PROTOCOL for what are no objects. */
bool docker_split_add(struct docker_split *split, const char *bytes, size_t len,
		      docker_event *event, void *arg, struct kata_error *e);
/* At the end. False: in the middle of an object (ERROR_LOST). */
bool docker_split_end(struct docker_split *split, struct kata_error *e);

#endif
