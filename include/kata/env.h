/*
 * An app's environment (DESIGN section 5): layers, later ones win, then expansion against the
 * merged result. Pure: bytes and structs in, structs out, in an arena.
 */
#ifndef KATA_ENV_H
#define KATA_ENV_H

#include <stdbool.h>
#include <stddef.h>

#include "kata/memory.h"
#include "kata/problem.h"
#include "kata/yaml.h"

enum env_layer {
	ENV_RUNTIME,  /* what a Kata runtime sets where nobody else does: only ever shown */
	ENV_BASE,     /* PUID, PGID, *_ROOT, BIND_ADDRESS */
	ENV_STACK,    /* top-level environment: */
	ENV_FILE,     /* config/<app>/ENV or .env; literal and secret */
	ENV_ENV_FILE, /* a service's env_file */
	ENV_SERVICE,  /* a service's environment: */
	ENV_LAYERS
};

struct env_value {
	const char *name;
	const char *raw; /* as written in that layer; NULL = a bare key (takes the layer below) */
	/* After expansion; equal to raw for literal layers. Set by env_resolve. An overridden value
	 * that nothing draws on stays as it was written. */
	const char *value;
	enum env_layer layer;
	bool literal; /* nothing in it is expanded */
	bool secret;  /* comes, in whole or part, from ENV_FILE: masked when shown; never PORT,
		       * BIND_ADDRESS and DOMAIN_NAME, which every route shows */
	struct place place;
	const struct env_value *below; /* the same name in the layer it overrides, or NULL */
};

struct env {
	struct arena *arena;	 /* borrowed */
	struct env_value *items; /* sorted by name after env_resolve */
	size_t count, cap;
	bool resolved; /* env_resolve was called, and nothing was added since */
};

void env_init(struct env *env, struct arena *arena);
/* The winning entry, or NULL. */
const struct env_value *env_get(const struct env *env, const char *name);
/* Adds or overrides one variable. raw may be NULL (bare key). Text is borrowed. */
void env_set(struct env *env, enum env_layer layer, const char *name, const char *raw, bool literal,
	     struct place place);
/* Adds all layers of another environment as they were written, to put more on top of them. Text
 * is borrowed. */
void env_add_env(struct env *env, const struct env *from);
/* A YAML environment: in map or list form into `layer`. Problems for other shapes, bad names, and
 * values that are maps or lists. A null value is a bare key. Plain scalars keep their text. */
void env_add_yaml(struct env *env, enum env_layer layer, const struct yaml_node *node,
		  const char *file, struct problems *problems);
/* An ENV or .env file's bytes: NAME=value lines, comments, `export `, single and double quotes
 * (also over several lines; \n \t \" \\ in double ones), blank lines, CRLF, BOM. Values are
 * literal, but for those of an env_file (ENV_ENV_FILE): Compose expands them, unless in single
 * quotes. Problems have the line. */
void env_add_file(struct env *env, enum env_layer layer, const char *bytes, size_t len,
		  const char *file, struct problems *problems);
/* Expands every value against the merged result (a value that names itself means the layer
 * below; a cycle is a problem). Must be called once, after all layers; sorts the list. */
void env_resolve(struct env *env, struct problems *problems);

const char *env_layer_name(enum env_layer layer); /* "base", "environment", "ENV", ... */

enum expand_missing {
	EXPAND_MISSING_ERROR, /* caddy: an unset variable is an error, "PORT is not set" */
	EXPAND_MISSING_EMPTY, /* services: a warning and the empty string, as Compose does */
};

struct expand_result {
	const char *text; /* in the arena; == input when nothing was expanded */
	size_t len;
	bool expanded; /* at least one variable was replaced */
	bool whole;    /* the input was one variable alone: a plain scalar is typed again */
	bool secret;   /* a secret value went into it */
};

/*
 * $NAME, ${NAME}, ${NAME:-x} ${NAME-x} ${NAME:?m} ${NAME?m} ${NAME:+x} ${NAME+x}, $$ = a dollar.
 * Nested expressions in the word part are expanded. Left alone: a dollar that begins no name
 * ("$2a$14$..", "$argon2id$..", "$ "), and Caddy's {placeholders}. Results are never scanned again.
 * A value that begins like a password hash ($2a$ $2b$ $2y$ $argon2id$ $argon2i$ $5$ $6$ $scrypt$)
 * is left whole. Problems: unset (by `missing`), ${NAME:?m} failing, a brace that never closes, bad
 * name, a text that grows by more than 128 KiB.
 * False when a problem of severity error was added (result is then the input).
 */
bool env_expand(const struct env *env, const char *text, size_t len, enum expand_missing missing,
		struct place place, struct problems *problems, struct expand_result *out);

#endif
