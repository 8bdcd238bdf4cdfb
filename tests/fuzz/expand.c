/*
 * Fuzz target: layers and expansion. The first lines of the input are variables (NAME=value, a
 * leading '!' makes one literal), what follows an empty line is expanded with them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kata/env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* Adds one line as a variable; the number of the line chooses its layer. */
static void add_line(struct env *env, const char *line, size_t len, unsigned number)
{
	bool literal = len && *line == '!';
	char *copy = arena_strndup(env->arena, line + literal, len - literal);
	char *equals = strchr(copy, '=');

	if (equals)
		*equals = '\0';
	env_set(env, (enum env_layer)(number % ENV_LAYERS), copy, equals ? equals + 1 : NULL,
		literal, (struct place){"fuzz", number + 1, 1});
}

static void check_result(const char *text, size_t len, const struct expand_result *out, bool ok)
{
	check(out->text && (ok || out->text == text));
	check(!out->whole || out->expanded);
	check(out->len <= len + (128 << 10));
	check(memchr(text, '$', len) || (out->text == text && !out->expanded));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;
	struct arena *arena = arena_new();
	struct problems problems;
	struct expand_result out;
	struct env env, again;
	unsigned number = 0;

	problems_init(&problems, arena);
	env_init(&env, arena);
	while (p < end && *p != '\n') {
		const char *stop = memchr(p, '\n', (size_t)(end - p));

		stop = stop ? stop : end;
		add_line(&env, p, (size_t)(stop - p), number++);
		p = stop < end ? stop + 1 : end;
	}
	p += p < end;
	env_resolve(&env, &problems);
	for (size_t i = 0; i < env.count; i++)
		for (const struct env_value *v = &env.items[i]; v; v = v->below)
			check(v->value != NULL);
	size_t len = (size_t)(end - p), before = problems.errors;
	char *text = arena_strndup(arena, p, len);
	bool ok = env_expand(&env, text, len, EXPAND_MISSING_ERROR, (struct place){"fuzz", 1, 1},
			     &problems, &out);
	check(ok == (problems.errors == before));
	check_result(text, len, &out, ok);
	ok = env_expand(&env, text, len, EXPAND_MISSING_EMPTY, (struct place){"fuzz", 1, 1},
			&problems, &out);
	check_result(text, len, &out, ok);
	env_init(&again, arena);
	env_add_env(&again, &env);
	env_resolve(&again, &problems);
	check(again.count == env.count);
	for (size_t i = 0; i < env.count; i++)
		check(!strcmp(again.items[i].value, env.items[i].value) &&
		      again.items[i].secret == env.items[i].secret);
	arena_free(arena);
	return 0;
}
