/*
 * Observe, plan, apply: the only code that reads a whole world and changes it.
 *
 *   world_new() .. world_observe() .. world_plan() .. (engine_apply()) .. world_free()
 *
 * A failed read stays a failure: nothing is removed, and nothing of that member is changed, on
 * the strength of it. Every write is guarded by what it was computed from; when that moved, the
 * member is read and planned again. Killed at any point, the next run completes what was begun.
 */
#ifndef KATA_ENGINE_H
#define KATA_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "kata/app.h"
#include "kata/caddy.h"
#include "kata/http.h"
#include "kata/loop.h"
#include "kata/plan.h"

enum { APPLY_RETRY_MS = 30000 }; /* how long somebody else may keep writing */

enum member_result {
	MEMBER_UNCHANGED, /* nothing to do */
	MEMBER_PLANNED,	  /* differences, nothing sent */
	MEMBER_APPLIED,
	MEMBER_FAILED, /* error says why */
};

/* One Caddy of the fleet. */
struct member {
	struct http_endpoint endpoint;
	struct caddy_live live;
	struct plan_caddy report; /* the plan as first made: what this run is about */
	struct plan_caddy again;  /* made anew, after a conflict or a refusal */
	struct plan_caddy *plan;  /* the latest of the two; NULL: not planned */
	enum member_result result;
	struct kata_error error; /* of the apply; the reading's is in live.error */
	unsigned writes, retries;
	struct plan_aside *asides;
	size_t aside_count, aside_cap;
};

struct world {
	struct arena *arena;
	struct arena *load_arenas[3]; /* of the threads that read apps, or NULL */
	const char *root;	      /* absolute */
	const char *owner;
	bool listed; /* app/ was listed completely; else list_error says why */
	struct kata_error list_error;
	struct app *apps; /* sorted by name, with their folder's problems */
	size_t app_count;
	struct member *members;
	size_t member_count;
	struct loop *loop;
	struct http *http;
};

/* root: absolute path. owner: override, or NULL: .kata/owner, else what it would hold. False: no
 * such root, or a bad owner. *out is set either way and is freed by world_free. */
bool world_new(struct world **out, const char *root, const char *owner, struct kata_error *e);
void world_free(struct world *world);
/* Adds a Caddy; false for a text that is no endpoint. */
bool world_add_member(struct world *world, const char *endpoint, struct kata_error *e);
/* Writes .kata/owner if absent, so that it stays when the host's name changes. */
bool world_keep_owner(struct world *world, struct kata_error *e);

/* What to read. */
enum { OBSERVE_APPS = 1, OBSERVE_CADDY = 2 };
/* Reads apps from disk and every member, all at once. Failures are in the world. Once per world. */
void world_observe(struct world *world, unsigned what);
struct app *world_app(const struct world *world, const char *name);
/* Reads an app's file (a config file, an env_file) below KATA_ROOT: "config/blog/ENV". */
void world_read_file(struct world *world, const char *path, struct app_file *out);

struct engine_options {
	const char **selected; /* NULL: all */
	size_t selected_count;
	const char **adopt;
	size_t adopt_count;
	bool allow_empty;
	const char *if_plan; /* digest, or NULL */
};

/* Plans every member that could be read. */
void world_plan(struct world *world, const struct engine_options *options);
/* Digest of all members' first plans as 16 hex digits. */
const char *world_digest(const struct world *world);
/* Applies every member's plan; results are in the members. False (and nothing sent): --if-plan
 * differs. */
bool world_apply(struct world *world, const struct engine_options *options, struct kata_error *e);

/* Whether an app was set aside on this member: refused by Caddy, or its address is taken. */
bool member_has_aside(const struct member *member, const char *app);

#endif
