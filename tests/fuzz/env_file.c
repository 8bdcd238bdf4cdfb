/*
 * Fuzz target: ENV files. Every variable has a sound name and a text that is UTF-8, the values are
 * literal, and the resolved list is sorted without repeats.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kata/env.h"
#include "kata/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct problems problems;
	struct env env;

	problems_init(&problems, arena);
	env_init(&env, arena);
	env_add_file(&env, ENV_FILE, (const char *)data, size, "ENV", &problems);
	env_resolve(&env, &problems);
	for (size_t i = 0; i < env.count; i++) {
		const struct env_value *v = &env.items[i];

		check(v->name[0] && !strpbrk(v->name, "=: \t\r\n\"'$#"));
		check(v->literal && v->place.line > 0);
		check(v->secret || !strcmp(v->name, "PORT") || !strcmp(v->name, "DOMAIN_NAME") ||
		      !strcmp(v->name, "BIND_ADDRESS"));
		check(v->value && strcmp(v->value, v->raw ? v->raw : "") == 0);
		check(utf8_check(v->value, strlen(v->value)) == strlen(v->value));
		check(i == 0 || strcmp(env.items[i - 1].name, v->name) < 0);
		check(env_get(&env, v->name) == v);
	}
	arena_free(arena);
	return 0;
}
