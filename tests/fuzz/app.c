/*
 * Fuzz target: an app from the bytes of its files. The input is kata-compose.yaml, then, after a
 * line "=ENV=", the ENV file; the same bytes are also taken for a server in JSON and for a
 * refusal. Whatever they are, problems have words and places, an app with an error has no
 * block, a block is JSON and checks the same twice, and a secret is never spoken.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kata/app.h"
#include "kata/json.h"
#include "kata/validate.h"

#define SEPARATOR "\n=ENV=\n"
#define SECRET	  "Zx9Sesame"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_problems(const struct problems *list, bool hush)
{
	size_t errors = 0;

	check(list->count <= PROBLEMS_MAX);
	for (size_t i = 0; i < list->count; i++) {
		const struct problem *p = &list->items[i];

		check(p->msg && *p->msg);
		check(!hush || !strstr(p->msg, SECRET));
		check(!hush || !p->hint || !strstr(p->hint, SECRET));
		errors += p->severity == SEVERITY_ERROR;
	}
	check(list->more ? list->errors >= errors : list->errors == errors);
}

static void check_block(const struct app *app, struct arena *arena)
{
	struct str text = STR_INIT;
	struct problems again;
	struct kata_error e;

	json_canonical(&text, app->caddy);
	json_t *back = json_parse_new(text.p, text.len, &e);
	check(back && json_same(back, app->caddy));
	check(!json_object_get(back, "https"));
	problems_init(&again, arena);
	validate_caddy(back, NULL, "fuzz", app->server != NULL, &again);
	check(again.errors == 0 && json_same(back, app->caddy));
	json_decref(back);
	str_release(&text);
}

static void check_app(const struct app *app, struct arena *arena, bool hush)
{
	check_problems(&app->problems, hush);
	check((app->state == APP_INVALID) == (app->problems.errors > 0));
	check(!app->caddy || (app->state == APP_VALID && app->wants_caddy));
	if (app->caddy)
		check_block(app, arena);
	for (size_t i = 0; i < app->secret_count; i++)
		check(app_caddy_place(app, app->secret_paths[i]).line > 0);
	for (size_t i = 0; i < app->problems.count; i++)
		if (app->problems.items[i].path)
			check(app_caddy_place(app, app->problems.items[i].path).line > 0);
}

static void check_server_json(const char *bytes, size_t len, struct arena *arena)
{
	struct problems problems;
	struct kata_error e;
	json_t *server = json_parse_new(bytes, len, &e);

	if (!server)
		return;
	problems_init(&problems, arena);
	validate_caddy(server, NULL, "fuzz", false, &problems);
	check_problems(&problems, false);
	json_decref(server);
}

/* The secret stands nowhere but right behind a '=' of the ENV part. */
static bool is_secret(const char *text, const char *env)
{
	for (const char *p = text; (p = strstr(p, SECRET)); p++)
		if (!env || p <= env || p[-1] != '=')
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const char *yaml = arena_strndup(arena, (const char *)data, size);
	const char *cut = strstr(yaml, SEPARATOR);
	size_t yaml_len = cut ? (size_t)(cut - yaml) : size;
	struct app_source source = {
		.name = "blog",
		.root = "/srv",
		.stack = {.path = "kata-compose.yaml", .bytes = yaml, .len = yaml_len},
		.env = {.path = "ENV", .bytes = cut ? cut + strlen(SEPARATOR) : NULL},
	};
	bool hush = is_secret(yaml, source.env.bytes);
	struct app app;

	if (cut)
		source.env.len = size - yaml_len - strlen(SEPARATOR);
	app_decode(&app, arena, &source);
	check_app(&app, arena, hush);
	app_release(&app);
	check_server_json(yaml, size, arena);
	validate_refusal_hint(yaml);
	arena_free(arena);
	return 0;
}
