/*
 * Fuzz target: taking a live block over into a file. The input is kata-compose.yaml, a line
 * "=LIVE=", the live block as JSON and, after a line "=ENV=", the ENV file. Whatever they are: a
 * text that comes out reads back as what is live, keeps every byte around its block, and spells no
 * secret that the file did not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kata/adopt.h"
#include "kata/json.h"
#include "kata/upstream.h"

#define LIVE   "\n=LIVE=\n"
#define ENV    "\n=ENV=\n"
#define SECRET "Zx9Sesame"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct compose_service services[] = {{.name = "web"}};
static const struct compose compose = {.project = "blog", .services = services, .service_count = 1};

static void check(bool ok)
{
	if (!ok)
		abort();
}

static json_t *find_new(void *arg, const char *service, unsigned port)
{
	(void)arg;
	(void)service;
	return port == 1 ? json_pack("[s,s]", "10.0.0.1:1", "10.0.0.2:1")
			 : json_pack("[s]", "10.0.0.1:80");
}

static json_t *addresses_new(void *arg, const json_t *block)
{
	json_t *copy = json_deep_copy(block);

	upstream_resolve(copy, &compose, find_new, arg);
	return copy;
}

/* All before the block is the file's beginning, all behind it the file's end, but for line ends and
 * blanks that a block without lines of its own needs. */
static void check_bytes(const struct adopt *adopt, const struct app_file *file)
{
	const char *behind = adopt->text.p + adopt->start + adopt->len;
	size_t after = adopt->text.len - adopt->start - adopt->len;
	size_t before = adopt->start < file->len ? adopt->start : file->len;

	check(!strncmp(adopt->text.p + adopt->start, "caddy:", 6));
	check(!memcmp(adopt->text.p, file->bytes, before));
	for (size_t i = before; i < adopt->start; i++)
		check(strchr(" \r\n", adopt->text.p[i]) != NULL);
	if (after <= 2 && strspn(behind, "\r\n") == after)
		return;
	check(after <= file->len && !memcmp(behind, file->bytes + file->len - after, after));
}

/* The one word that is no part of any syntax, when the environment says that it is secret. */
static bool is_secret(const struct env *env)
{
	for (size_t i = 0; i < env->count; i++)
		if (env->items[i].secret && !strcmp(env->items[i].value, SECRET))
			return true;
	return false;
}

static void check_text(const struct adopt *adopt, const struct adopt_input *input,
		       struct arena *arena)
{
	struct app_source source = *input->source;
	struct app app;
	json_t *resolved;

	source.stack.bytes = adopt->text.p;
	source.stack.len = adopt->text.len;
	app_decode(&app, arena, &source);
	check(app.state == APP_VALID);
	resolved = addresses_new(NULL, app.caddy);
	check(json_same(resolved, input->live));
	json_decref(resolved);
	app_release(&app);
	check_bytes(adopt, &input->source->stack);
	check(!is_secret(&adopt->before.env) || !strstr(adopt->text.p, SECRET) ||
	      strstr(input->source->stack.bytes, SECRET));
}

/* What comes before the mark; *text moves behind it. NULL: there is no mark. */
static const char *cut(struct arena *arena, const char **text, const char *mark)
{
	const char *at = strstr(*text, mark), *part;

	if (!at)
		return NULL;
	part = arena_strndup(arena, *text, (size_t)(at - *text));
	*text = at + strlen(mark);
	return part;
}

static void run(struct arena *arena, const char *rest)
{
	const char *file = cut(arena, &rest, LIVE), *live = cut(arena, &rest, ENV);
	struct app_source source = {.name = "blog", .root = "/srv"};
	struct adopt_input input = {
		.source = &source, .compose = &compose, .addresses_new = addresses_new};
	struct adopt adopt;
	struct kata_error e;
	json_t *value;

	if (!file)
		return;
	if (live)
		source.env = (struct app_file){.path = "ENV", .bytes = rest, .len = strlen(rest)};
	live = live ? live : rest;
	source.stack = (struct app_file){.path = "f", .bytes = file, .len = strlen(file)};
	value = json_parse_new(live, strlen(live), &e);
	input.live = value;
	e = (struct kata_error){0};
	if (json_is_object(value)) {
		if (!adopt_make(&adopt, arena, &input, &e))
			check(*e.msg && *e.where && e.code != ERROR_NONE);
		else if (adopt.changed)
			check_text(&adopt, &input, arena);
		adopt_release(&adopt);
	}
	json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();

	run(arena, arena_strndup(arena, (const char *)data, size));
	arena_free(arena);
	return 0;
}
