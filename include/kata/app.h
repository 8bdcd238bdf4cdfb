/*
 * The app model: one kata-compose.yaml with its environment, decoded, expanded and
 * checked. Pure; what was read from disk comes in as bytes (struct app_source), so the same
 * code serves tests, fuzzers and the controller. Everything lives in the arena given, but
 * for `caddy` (jansson), which app_release drops.
 */
#ifndef KATA_APP_H
#define KATA_APP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "kata/env.h"
#include "kata/memory.h"
#include "kata/problem.h"
#include "kata/yaml.h"

enum app_state {
	APP_VALID,   /* decoded without an error; warnings are possible */
	APP_INVALID, /* problems say why; what is live stays */
	APP_NO_FILE, /* a folder without kata-compose.yaml; what is live stays */
};

/* Bytes of a file as found: absent and unreadable are different things. */
struct app_file {
	const char *path;  /* as shown in places */
	const char *bytes; /* NULL when absent or failed */
	size_t len;
	const char *error; /* why it could not be read, or NULL */
};

/* All that app_decode needs to know about one folder. */
struct app_source {
	const char *name;      /* the folder's name, unchecked */
	const char *root;      /* KATA_ROOT, absolute */
	unsigned uid, gid;     /* owner of the folder: PUID, PGID */
	const char *error;     /* why the folder itself cannot be used, or NULL */
	struct app_file stack; /* kata-compose.yaml */
	struct app_file env;   /* config/<app>/ENV, else .env; absent is fine */
};

struct app {
	const char *name;
	enum app_state state;
	const char *file;	      /* shown path of kata-compose.yaml */
	const struct yaml_node *root; /* the tree, or NULL */
	struct env env;		      /* base, environment:, ENV; resolved */
	json_t *caddy;		      /* expanded block, or NULL: none, or not valid */
	bool wants_caddy;	      /* the file has a caddy: key */
	const char *server;	      /* x-kata-server, expanded, or NULL */
	const char *mode;	      /* x-kata-mode, or NULL */
	bool hold; /* set by whoever plans: its routes stay as they are in this run */
	/* Paths inside the block ("routes/0/handle/0/password") whose text drew on a secret. */
	const char **secret_paths;
	size_t secret_count;
	struct problems problems;
};

/* [a-z0-9][a-z0-9_-]{0,62}, not beginning with kata_ . NULL when fine, else the reason (static). */
const char *app_name_problem(const char *name);

/*
 * Decodes into *app (whatever is wrong lands in app->problems and state; never fails).
 * Top-level keys: services, caddy, environment, networks, volumes, secrets, configs, include, name
 * and x-* are known (x-kata-server, x-kata-mode, x-kata-profiles are ours, other x-kata-* a
 * warning); the old ones
 * (version, build, app, instances, schedule, cloudflare ...) are ignored with one warning each;
 * anything else is an error with the nearest known name. The caddy block is expanded, turned into
 * JSON (strings for quoted scalars; plain scalars by the YAML 1.2 core schema; a plain scalar that
 * is one variable is typed by its value, never null), null list elements and @id refused, and
 * checked by validate_caddy().
 */
void app_decode(struct app *app, struct arena *arena, const struct app_source *source);
void app_release(struct app *app);
/* After problems were added by others (services): what app_decode does at its end. */
void app_settle(struct app *app);

/* Place in kata-compose.yaml of a path inside the caddy block; the deepest part that exists. */
struct place app_caddy_place(const struct app *app, const char *path);

#endif
