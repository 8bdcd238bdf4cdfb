/*
 * How the table of keys is written. Private to compose_keys.c and compose_keys_top.c.
 */
#ifndef KATA_COMPOSE_KEYS_H
#define KATA_COMPOSE_KEYS_H

#include "compose_private.h"

/* path, Compose mode, Swarm mode, note or NULL, .read = ... */
#define ROW(PATH, COMPOSE, SWARM, NOTE, ...)                                                       \
	{                                                                                          \
		.row = {PATH, COMPOSE_##COMPOSE, COMPOSE_##SWARM, NOTE}, __VA_ARGS__               \
	}

#define LEVEL(NAME, PREFIX, NAMED)                                                                 \
	static const struct compose_level NAME##_level = {                                         \
		PREFIX, NAME##_entries, sizeof NAME##_entries / sizeof *NAME##_entries, NAMED}

/* All levels of compose_keys.c, then NULL. */
extern const struct compose_level *const compose_levels_service[];

#endif
