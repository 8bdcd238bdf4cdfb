/*
 * Fuzz target: recipes of runtimes. Whatever the bytes are, an accepted recipe keeps to its
 * folders, and a service put into the runtime has all that the recipe promises.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/runtime.h"
#include "kata/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static const char *folder(void *arg, const char *what)
{
	check(*what && !strchr(what, '/') && *what != '.');
	return arena_printf(arg, "/srv/%s", what);
}

static void check_path(const char *path)
{
	check(*path && *path != '/' && strcmp(path, "..") != 0 && strncmp(path, "../", 3) != 0);
	check(!strstr(path, "/../"));
}

static void check_recipe(const struct runtime *r)
{
	check(r->image && *r->image && json_is_object(r->environment));
	check(!r->workdir || *r->workdir == '/');
	check(!r->command || json_array_size(r->command));
	for (size_t i = 0; i < r->mount_count; i++)
		check(r->mounts[i].target[0] == '/' && r->mounts[i].target[1]);
	for (size_t i = 0; i < r->prepare_count; i++) {
		const struct runtime_prepare *step = &r->prepare[i];

		check(json_array_size(step->command));
		if (step->when)
			check_path(step->when);
		for (size_t k = 0; k < step->changed_count; k++)
			check_path(step->changed[k]);
	}
}

static void check_applied(const struct runtime *r, struct arena *arena)
{
	json_t *spec = json_pack("{s:s}", "runtime", "fuzz");

	runtime_apply(r, spec, folder, arena);
	check(!json_object_get(spec, "runtime"));
	check(!strcmp(json_member_text(spec, "image"), r->image));
	check(json_same(json_object_get(spec, "environment"), r->environment));
	check(json_array_size(json_object_get(spec, "volumes")) == r->mount_count);
	json_decref(spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct problems problems;
	struct runtime runtime;

	problems_init(&problems, arena);
	if (runtime_decode(&runtime, arena, "fuzz", "/r", (const char *)data, size, "recipe.yaml",
			   &problems)) {
		check_recipe(&runtime);
		check_applied(&runtime, arena);
	} else {
		check(problems.errors > 0);
	}
	runtime_release(&runtime);
	arena_free(arena);
	return 0;
}
