/*
 * What the files of the environment share. Private to core.
 * env.c holds layers and resolves them, env_file.c reads ENV files, env_expand.c replaces
 * variables in one text.
 */
#ifndef KATA_ENV_INTERNAL_H
#define KATA_ENV_INTERNAL_H

#include "kata/env.h"

/* A text grows by no more than this; Linux takes no longer one in an environment. */
enum { ENV_GROWTH_MAX = 128 * 1024 };

/* The answer to "what is NAME?". */
struct env_found {
	const char *text;
	bool set;
	bool secret;
	bool failed; /* a problem was added: the value cannot be known */
};

typedef struct env_found env_lookup(void *arg, const char *name, size_t len);

/* How one text is expanded. */
struct env_expander {
	const struct env *env; /* names to suggest for one that is not set */
	struct arena *arena;
	env_lookup *lookup;
	void *arg; /* for lookup */
	enum expand_missing missing;
	struct place place;
	struct problems *problems;
};

bool env_expand_with(const struct env_expander *how, const char *text, size_t len,
		     struct expand_result *out);

/* The entry of a resolved environment whose name is these bytes, or NULL. */
struct env_value *env_find(const struct env *env, const char *name, size_t len);

/* Says that a plain scalar keeps its text where docker compose would print a number anew. */
void env_note_kept_text(const struct yaml_node *node, struct place place,
			struct problems *problems);

#endif
