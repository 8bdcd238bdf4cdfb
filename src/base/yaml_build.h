/*
 * What the files of the YAML reader share while a tree is built. Private to base.
 * yaml.c drives libyaml and builds nodes, yaml_map.c finishes mappings (duplicates, merge
 * keys), yaml_error.c puts syntax errors into words, yaml_scalar.c knows types.
 */
#ifndef KATA_YAML_BUILD_H
#define KATA_YAML_BUILD_H

#include <yaml.h>

#include "kata/memory.h"
#include "kata/problem.h"
#include "kata/yaml.h"

enum {
	YAML_BYTES_MAX = 1024 * 1024,
	YAML_DEPTH_MAX = 100,
	YAML_NODES_MAX = 100000,
	YAML_ANCHORS_MAX = 1000,
	YAML_NO_ANCHOR = -1,
};

/* A collection that is still open. */
struct yaml_frame {
	struct yaml_node *node;
	size_t start;	     /* its first child in the stack of children */
	size_t nodes_before; /* nodes counted before it began */
	unsigned height;     /* levels below it so far, aliases followed */
	int anchor;	     /* index in anchors, or YAML_NO_ANCHOR */
};

struct yaml_anchor {
	const char *name;
	const struct yaml_node *node;
	size_t nodes; /* how many an alias of it stands for */
	unsigned height;
	bool open;
};

struct yaml_build {
	struct arena *arena;
	struct problems *problems;
	const char *file;
	const char *bytes; /* behind the byte order mark */
	size_t len;

	struct yaml_frame frames[YAML_DEPTH_MAX];
	unsigned depth;
	const struct yaml_node **children; /* of all open collections, innermost last */
	size_t child_count, child_cap;
	struct yaml_pair *pairs; /* scratch of the mapping being finished */
	size_t pair_count, pair_cap;
	struct yaml_anchor *anchors;
	size_t anchor_count, anchor_cap;

	const struct yaml_node *root;
	size_t nodes;
	unsigned documents;
	bool stopped; /* no more is read: a limit, or a second document */
	bool failed;  /* there is no tree to hand out */
};

/* Adds an error at a node, or at a line and column; both count from 1. */
struct problem *yaml_problem_at(struct yaml_build *b, unsigned line, unsigned column,
				const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Gives the mapping its pairs: `children` are key, value, key, value, ... */
void yaml_mapping_finish(struct yaml_build *b, struct yaml_node *mapping,
			 const struct yaml_node *const *children, size_t count);

/* Says what libyaml could not read, and how it is usually put right. */
void yaml_syntax_problem(struct yaml_build *b, const yaml_parser_t *parser);
/* Refuses bytes that are no UTF-8 text: NUL, UTF-16, broken sequences. False: problem added. */
bool yaml_bytes_check(struct yaml_build *b);

#endif
