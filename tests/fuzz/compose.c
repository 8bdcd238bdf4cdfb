/*
 * Fuzz target: the Compose model. The input is kata-compose.yaml, then, after lines "=FILE=", bytes
 * that every other file read has. Whatever they are, problems have words; a model that is said to
 * be fine has names for all that its services use, ranks above those of their dependencies, and
 * decodes the same twice. The bytes are also taken for single values.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kata/compose.h"
#include "kata/json.h"

#define SEPARATOR "\n=FILE=\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

struct other {
	const char *bytes; /* NULL: no such file */
	size_t len;
};

static void read_other(void *arg, const char *path, struct app_file *out)
{
	const struct other *other = arg;

	check(path[0] == '/' && !strstr(path, "/../") && !strstr(path, "//"));
	out->bytes = other->bytes;
	out->len = other->len;
}

static void check_problems(const struct problems *list)
{
	check(list->count <= PROBLEMS_MAX);
	for (size_t i = 0; i < list->count; i++)
		check(list->items[i].msg && *list->items[i].msg && list->items[i].place.file);
}

/* Keys of an object are members of another. */
static void check_within(const json_t *object, const json_t *all)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
		check(json_object_get(all, key));
}

static void check_service(const struct compose *compose, const struct compose_service *service)
{
	const json_t *spec = service->spec, *needs = json_object_get(spec, "depends_on");
	const char *name;
	json_t *item;
	size_t i;

	check(spec == json_object_get(json_object_get(compose->root, "services"), service->name));
	check(json_is_object(json_object_get(spec, "environment")));
	check(json_object_get(spec, "image") || json_object_get(spec, "build"));
	check(!json_object_get(spec, "extends") && !json_object_get(spec, "profiles"));
	check_within(json_object_get(spec, "networks"), json_object_get(compose->root, "networks"));
	json_object_foreach((json_t *)needs, name, item) {
		const struct compose_service *other = compose_service_find(compose, name);

		check(other && other->rank < service->rank);
	}
	json_array_foreach(json_object_get(spec, "volumes"), i, item)
		check(json_member_text(item, "type") && json_member_text(item, "target")[0] == '/');
	json_array_foreach(json_object_get(spec, "ports"), i, item)
		check(json_integer_value(json_object_get(item, "target")) > 0 &&
		      json_member_text(item, "mode") && json_member_text(item, "protocol"));
}

static void check_model(const struct compose *compose, const struct app *app, struct arena *arena)
{
	for (size_t i = 0; i < compose->service_count; i++)
		check_service(compose, &compose->services[i]);
	for (int swarm = 0; swarm < 2; swarm++) {
		struct problems problems;

		problems_init(&problems, arena);
		compose_check_mode(compose, app, swarm, &problems);
		check_problems(&problems);
	}
}

static void check_values(struct arena *arena, const char *text)
{
	int64_t value, again;
	const char *why;
	json_t *words = compose_words_new(text, &why);

	check(words ? !why : why && *why);
	json_decref(words);
	if (compose_duration(text, &value))
		check(value >= 0 && compose_duration(compose_duration_text(arena, value), &again) &&
		      again == value);
	if (compose_bytes(text, &value))
		check(value >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const char *yaml = arena_strndup(arena, (const char *)data, size);
	const char *cut = strstr(yaml, SEPARATOR);
	struct other other = {.bytes = cut ? cut + strlen(SEPARATOR) : NULL};
	struct app_source source = {
		.name = "blog",
		.root = "/srv",
		.stack = {.path = "kata-compose.yaml",
			  .bytes = yaml,
			  .len = cut ? (size_t)(cut - yaml) : size},
	};
	const char *profiles[] = {"dev"};
	struct app app;
	struct compose_input input = {.app = &app,
				      .root = "/srv",
				      .read = read_other,
				      .read_arg = &other,
				      .profiles = profiles,
				      .profile_count = 1};
	struct compose first, second;
	struct problems problems, again;

	other.len = cut ? size - source.stack.len - strlen(SEPARATOR) : 0;
	app_decode(&app, arena, &source);
	problems_init(&problems, arena);
	problems_init(&again, arena);
	bool ok = compose_decode(&first, arena, &input, &problems);
	check_problems(&problems);
	check(ok == (problems.errors == 0));
	if (ok && app.state == APP_VALID)
		check_model(&first, &app, arena);
	check(compose_decode(&second, arena, &input, &again) == ok);
	check(json_equal(first.root, second.root) && again.count == problems.count);
	compose_release(&second);
	compose_release(&first);
	app_release(&app);
	if (size < 200)
		check_values(arena, yaml);
	arena_free(arena);
	return 0;
}
