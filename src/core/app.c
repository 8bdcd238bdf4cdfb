/*
 * An app from its folder's bytes: the name, the environment, the top level of
 * kata-compose.yaml. The caddy: block is app_block.c's, what is wrong with it validate.c's.
 */
#include "kata/app.h"

#include <string.h>

#include "app_block.h"
#include "block_path.h"
#include "kata/text.h"
#include "kata/validate.h"

enum { NAME_MAX_LEN = 63 };

const char *app_name_problem(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t len = strlen(name);

	if (!len)
		return "the name is empty";
	if (len > NAME_MAX_LEN)
		return "the name is longer than 63 characters";
	if (!strchr(letters, *name))
		return "the name must begin with a small letter or a digit";
	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != len)
		return "the name may hold only small letters, digits, _ and -";
	if (!strncmp(name, "kata_", 5))
		return "names that begin with kata_ are kata-tui's own";
	return NULL;
}

/* --- The top level of the file --- */

/* One app being decoded. */
struct decode {
	struct app *app;
	struct arena *arena;
	const struct app_source *source;
};

typedef void key_decode(struct decode *d, const struct yaml_pair *pair);

static key_decode decode_caddy, decode_services, decode_server, decode_mode, decode_ignored;

/* The known top-level keys. environment: is read before all others. */
static const struct top_key {
	const char *name;
	key_decode *decode; /* NULL: nothing to do here */
} top_keys[] = {
	{"caddy", decode_caddy},
	{"services", decode_services},
	{"environment", NULL},
	{"networks", NULL},
	{"volumes", NULL},
	{"secrets", NULL},
	{"configs", NULL},
	{"name", NULL},
	{"include", NULL},
	{"x-kata-profiles", NULL},
	{"x-kata-server", decode_server},
	{"x-kata-mode", decode_mode},
	{"version", decode_ignored},
	{"build", decode_ignored},
	{"app", decode_ignored},
	{"instances", decode_ignored},
	{"scaling", decode_ignored},
	{"scale", decode_ignored},
	{"schedule", decode_ignored},
	{"schedules", decode_ignored},
	{"cron", decode_ignored},
	{"tasks", decode_ignored},
	{"cloudflare", decode_ignored},
};

enum { TOP_KEYS = sizeof top_keys / sizeof *top_keys };

static struct problem *say(struct decode *d, enum severity severity, const struct yaml_node *node,
			   const char *rule, const char *msg)
{
	struct problem *p = problems_add(&d->app->problems, severity,
					 yaml_place(node, d->app->file), "%s", msg);

	p->rule = rule;
	return p;
}

static void decode_caddy(struct decode *d, const struct yaml_pair *pair)
{
	struct app *app = d->app;
	const struct yaml_node *block = pair->value;

	app->wants_caddy = true;
	if (block->kind == YAML_SCALAR && yaml_scalar_type(block) == YAML_NULL) {
		say(d, SEVERITY_ERROR, pair->key, "caddy-empty", "caddy: is empty")->hint =
			"remove the key, or give it a server object: listen:, routes:";
		return;
	}
	app->caddy = app_block_json_new(app, block, d->source->env.path);
}

static void decode_services(struct decode *d, const struct yaml_pair *pair)
{
	const struct yaml_node *services = pair->value;

	if (services->kind == YAML_SCALAR && yaml_scalar_type(services) == YAML_NULL) {
		say(d, SEVERITY_WARNING, pair->key, "services-empty", "services: is empty")->hint =
			"remove the key, or add a service";
		return;
	}
	if (services->kind != YAML_MAPPING) {
		say(d, SEVERITY_ERROR, services, "services-type",
		    "services: must be a mapping of services")
			->hint = "write services: {web: {image: ...}}";
		return;
	}
	for (size_t i = 0; i < services->count; i++)
		if (services->pairs[i].value->kind != YAML_MAPPING)
			say(d, SEVERITY_ERROR, services->pairs[i].key, "service-type",
			    "a service must be a mapping")
				->hint = "write NAME: {image: ...}";
}

static void decode_server(struct decode *d, const struct yaml_pair *pair)
{
	const struct yaml_node *value = pair->value;
	const char *text;

	if (value->kind != YAML_SCALAR || !value->len || yaml_scalar_type(value) != YAML_TEXT) {
		say(d, SEVERITY_ERROR, value, "x-kata-server", "x-kata-server must be a text")
			->hint = "write the key of a server in Caddy's config, for example srv0";
		return;
	}
	text = app_block_text(d->app, value, d->source->env.path);
	if (text && !*text)
		say(d, SEVERITY_ERROR, value, "x-kata-server", "x-kata-server is empty");
	else
		d->app->server = text;
}

static void decode_mode(struct decode *d, const struct yaml_pair *pair)
{
	const struct yaml_node *value = pair->value;

	if (value->kind == YAML_SCALAR &&
	    (!strcmp(value->text, "compose") || !strcmp(value->text, "swarm")))
		d->app->mode = value->text;
	else
		say(d, SEVERITY_ERROR, value, "x-kata-mode", "x-kata-mode is compose or swarm")
			->hint = "remove the key to let kata-tui choose";
}

static void decode_ignored(struct decode *d, const struct yaml_pair *pair)
{
	problems_add(&d->app->problems, SEVERITY_WARNING, yaml_place(pair->key, d->app->file),
		     "%s: is ignored", pair->key->text)
		->rule = "ignored-key";
}

/* The known key most like this one, or NULL. */
static const char *nearest_key(const char *name)
{
	struct text_nearest near = {.word = name};

	for (size_t i = 0; i < TOP_KEYS; i++)
		if (top_keys[i].decode != decode_ignored)
			text_nearest_offer(&near, top_keys[i].name);
	return near.name;
}

static void decode_unknown(struct decode *d, const struct yaml_node *key)
{
	bool ours = !strncmp(key->text, "x-kata-", 7);
	bool kept = d->app->problems.count < PROBLEMS_MAX;
	const char *near = kept ? nearest_key(key->text) : NULL;
	struct problem *p;

	if (!ours && !strncmp(key->text, "x-", 2))
		return;
	p = problems_add(&d->app->problems, ours ? SEVERITY_WARNING : SEVERITY_ERROR,
			 yaml_place(key, d->app->file), "%.60s: is not a key of this file",
			 key->text);
	p->rule = "unknown-key";
	if (near)
		p->hint = arena_printf(d->arena, "did you mean %s:?", near);
	else if (!ours)
		p->hint = "keys of your own begin with x-";
}

static void decode_key(struct decode *d, const struct yaml_pair *pair)
{
	for (size_t i = 0; i < TOP_KEYS; i++) {
		if (strcmp(top_keys[i].name, pair->key->text) != 0)
			continue;
		if (top_keys[i].decode)
			top_keys[i].decode(d, pair);
		return;
	}
	decode_unknown(d, pair->key);
}

/* --- The environment --- */

/* root/middle/name */
static const char *join(struct arena *a, const char *root, const char *middle, const char *name)
{
	size_t r = strlen(root), m = strlen(middle), n = strlen(name);
	char *path = arena_alloc(a, r + m + n + 3), *p = path;

	while (r > 1 && root[r - 1] == '/')
		r--;
	if (r == 1 && *root == '/')
		r = 0;
	memcpy(p, root, r);
	p += r;
	*p++ = '/';
	memcpy(p, middle, m);
	p += m;
	*p++ = '/';
	memcpy(p, name, n);
	return path;
}

static void add_base(struct decode *d)
{
	static const char *const folders[][2] = {
		{"APP_ROOT", "app"},	       {"DATA_ROOT", "data"}, {"ENV_ROOT", "envs"},
		{"CONFIG_ROOT", "config"},     {"GIT_ROOT", "repos"}, {"LOG_ROOT", "logs"},
		{"CACHE_ROOT", ".kata/cache"},
	};
	const struct app_source *s = d->source;
	struct env *env = &d->app->env;
	struct place nowhere = {0};

	env_set(env, ENV_BASE, "PUID", arena_printf(d->arena, "%u", s->uid), true, nowhere);
	env_set(env, ENV_BASE, "PGID", arena_printf(d->arena, "%u", s->gid), true, nowhere);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		env_set(env, ENV_BASE, folders[i][0],
			join(d->arena, s->root, folders[i][1], s->name), true, nowhere);
	env_set(env, ENV_BASE, "BIND_ADDRESS", "127.0.0.1", true, nowhere);
}

static void read_environment(struct decode *d)
{
	const struct app_file *file = &d->source->env;
	struct app *app = d->app;

	add_base(d);
	env_add_yaml(&app->env, ENV_STACK, yaml_get(app->root, "environment"), app->file,
		     &app->problems);
	if (file->error)
		problems_add(&app->problems, SEVERITY_ERROR, (struct place){.file = file->path},
			     "cannot be read: %s", file->error);
	else if (file->bytes)
		env_add_file(&app->env, ENV_FILE, file->bytes, file->len, file->path,
			     &app->problems);
	env_resolve(&app->env, &app->problems);
}

/* --- All together --- */

static void refuse(struct decode *d, const char *rule, const char *why, const char *hint)
{
	struct problem *p = problems_add(&d->app->problems, SEVERITY_ERROR,
					 (struct place){.file = d->app->file}, "%s", why);

	p->rule = rule;
	p->hint = hint;
}

/* Whether there is a file to decode at all; if not, says why. */
static bool has_file(struct decode *d)
{
	const struct app_source *s = d->source;
	const char *why = app_name_problem(s->name);

	if (why)
		refuse(d, "app-name",
		       arena_printf(d->arena, "this folder cannot be an app: %s", why),
		       "rename the folder, or move it out of app/");
	else if (s->error)
		refuse(d, "app-folder", s->error,
		       "mend or remove it; what is live stays until then");
	else if (s->stack.error)
		refuse(d, "app-file", arena_printf(d->arena, "cannot be read: %s", s->stack.error),
		       "it must be a plain file of at most 2 MiB that this user may read");
	else if (!s->stack.bytes)
		d->app->state = APP_NO_FILE;
	else
		return true;
	return false;
}

static bool parse_file(struct decode *d)
{
	const struct app_file *file = &d->source->stack;
	struct app *app = d->app;

	app->root = yaml_parse(d->arena, file->bytes, file->len, app->file, &app->problems);
	if (!app->root && !app->problems.errors)
		problems_add(&app->problems, SEVERITY_ERROR, (struct place){app->file, 1, 1},
			     "the file is empty")
			->hint = "to take an app down, remove its folder";
	else if (app->root && app->root->kind != YAML_MAPPING)
		say(d, SEVERITY_ERROR, app->root, "file-type",
		    "the file must be a mapping, not a list or text")
			->hint = "it begins with services:, caddy: or environment:";
	return app->root && app->root->kind == YAML_MAPPING;
}

static void check_block(struct decode *d)
{
	struct app *app = d->app;

	if (app->server && !app->wants_caddy)
		say(d, SEVERITY_WARNING, yaml_get_key(app->root, "x-kata-server"), "x-kata-server",
		    "x-kata-server has no effect without caddy:");
	if (app->caddy)
		validate_caddy(app->caddy, yaml_get(app->root, "caddy"), app->file,
			       app->server != NULL, &app->problems);
}

static void decode_file(struct decode *d)
{
	struct app *app = d->app;

	if (!parse_file(d))
		return;
	read_environment(d);
	for (size_t i = 0; i < app->root->count; i++)
		decode_key(d, &app->root->pairs[i]);
	check_block(d);
}

void app_decode(struct app *app, struct arena *arena, const struct app_source *source)
{
	struct decode d = {.app = app, .arena = arena, .source = source};

	*app = (struct app){.name = source->name, .file = source->stack.path};
	problems_init(&app->problems, arena);
	env_init(&app->env, arena);
	if (has_file(&d))
		decode_file(&d);
	app_settle(app);
}

void app_settle(struct app *app)
{
	problems_sort(&app->problems);
	if (!app->problems.errors)
		return;
	app->state = APP_INVALID;
	json_decref(app->caddy);
	app->caddy = NULL;
}

void app_release(struct app *app)
{
	json_decref(app->caddy);
	app->caddy = NULL;
}

struct place app_caddy_place(const struct app *app, const char *path)
{
	const struct yaml_node *key = yaml_get_key(app->root, "caddy");

	if (key && !*path)
		return yaml_place(key, app->file);
	return block_place_of_path(yaml_get(app->root, "caddy"), app->file, path);
}
