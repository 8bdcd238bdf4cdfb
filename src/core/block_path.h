/*
 * Where one stands inside a caddy: block while walking it: a chain of frames on the stack,
 * turned into a path or a place only when there is something to say.
 */
#ifndef KATA_CORE_BLOCK_PATH_H
#define KATA_CORE_BLOCK_PATH_H

#include <stddef.h>

#include "kata/memory.h"
#include "kata/problem.h"
#include "kata/yaml.h"

/* Rules that begin so are about a scalar whose value is not known for that reason. */
#define RULE_VARIABLE "variable"

/* One step down; NULL stands for the block itself. */
struct block_at {
	const struct block_at *up;
	const char *key; /* member of an object, or NULL: element `index` of a list */
	size_t index;
};

/* "routes/0/handle", or NULL for the block itself. In the arena. */
const char *block_path(struct arena *arena, const struct block_at *at);
/* The YAML node there, or the deepest that exists. NULL when node is NULL. */
const struct yaml_node *block_node(const struct yaml_node *node, const struct block_at *at);
/* The place there: of a scalar or list element itself, of the key for everything else. */
struct place block_place(const struct yaml_node *node, const char *file, const struct block_at *at);

/* The same for a path in text. */
struct place block_place_of_path(const struct yaml_node *node, const char *file, const char *path);

#endif
