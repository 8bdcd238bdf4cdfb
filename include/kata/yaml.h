/*
 * YAML as a tree with places: bytes in, nodes out, in an arena. Decoded by libyaml's
 * event parser; no I/O. The first document only; a second one is a problem.
 *
 * Limits (each a problem with its place, never a crash): 1 MiB of text, depth 100, 100 000 nodes
 * after aliases are followed (so an alias bomb is refused), no NUL bytes, valid UTF-8, no duplicate
 * keys, scalar keys only, no cyclic aliases. A UTF-8 BOM and Windows line ends are fine.
 * Merge keys (<<) are resolved here as YAML 1.1 says: keys of the map itself win.
 * Aliases share the node they name.
 */
#ifndef KATA_YAML_H
#define KATA_YAML_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "kata/memory.h"
#include "kata/problem.h"

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_pair;

struct yaml_node {
	enum yaml_kind kind;
	bool plain;			/* scalar without quotes: its text decides its type */
	unsigned line, column;		/* from 1 */
	const char *tag;		/* explicit "!!str" etc. as its full URI, or NULL */
	const char *text;		/* scalar: ends in NUL, may hold no NUL inside */
	size_t len;			/* bytes of text */
	size_t count;			/* items or pairs */
	const struct yaml_node **items; /* sequence */
	struct yaml_pair *pairs;	/* mapping, in source order */
};

struct yaml_pair {
	const struct yaml_node *key;
	const struct yaml_node *value;
};

/* NULL when the text cannot be read at all (problems has the reason) or is empty
 * (problems unchanged). A tree that comes with problems of severity error must not be used
 * for anything but more checks. `file` is what places show; borrowed. */
const struct yaml_node *yaml_parse(struct arena *arena, const char *bytes, size_t len,
				   const char *file, struct problems *problems);

/* Member of a mapping, or NULL (also when map is NULL or no mapping). */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* Key node of a member, for its place; or NULL. */
const struct yaml_node *yaml_get_key(const struct yaml_node *map, const char *key);
/* Follows "routes/0/handle" as far as it goes; returns the deepest node found (never NULL
 * unless node is). */
const struct yaml_node *yaml_find(const struct yaml_node *node, const char *path);
struct place yaml_place(const struct yaml_node *node, const char *file);

/* Where a member of the top level stands in a text, for who changes the text there. */
struct yaml_span {
	bool block;	   /* the top level is a mapping in block style: each member on its lines */
	bool found;	   /* the key is written there (not merged into it) */
	size_t start, end; /* bytes: of the key's first, and behind the value's last */
	unsigned column;   /* of the top level's keys, from 0 */
	unsigned indent;   /* of the value's own keys below its key; 0: not on lines of their own */
};
/* For a text that yaml_parse has read; all false for one that libyaml refuses. Comments and blank
 * lines behind the value are no part of it. */
void yaml_member_span(const char *bytes, size_t len, const char *key, struct yaml_span *out);

enum yaml_type { YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT, YAML_TEXT };
/* The YAML 1.2 core schema's type of a scalar; quoted scalars are YAML_TEXT, tags win. */
enum yaml_type yaml_scalar_type(const struct yaml_node *scalar);
/* The JSON value of a plain scalar's text by the same rules (null, true, 12, 0x1f, 1e3, text).
 * Infinite and not-a-number have no JSON: returned as text. New reference. */
json_t *yaml_scalar_json_new(const char *text, size_t len);

#endif
