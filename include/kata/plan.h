/*
 * Routing as pure functions: what one Caddy holds now and what the apps want become one plan:
 * the changes, and the single guarded request that makes them. No I/O, no clock.
 *
 * Desired blocks are compiled (an own server, or tagged routes in a shared one when two apps
 * want one address), live config is decompiled back to each app's block. What carries our owner's
 * mark in "@id" is ours; everything else is foreign and its bytes are carried over unread.
 *
 * Life: plan_caddy_init() .. plan_caddy_make() .. plan_caddy_release(). Texts live in the plan's
 * arena; JSON values in the plan, too. The apps must outlive the plan; the live JSON is kept alive
 * by it, and its raw bytes are needed only while it is made.
 */
#ifndef KATA_PLAN_H
#define KATA_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kata/app.h"
#include "kata/memory.h"
#include "kata/problem.h"

/* One reading of /config/apps/http/servers; all borrowed. */
struct plan_live {
	const json_t *servers; /* object */
	const char *raw;       /* the bytes it was read from */
	size_t raw_len;
	bool missing;	/* Caddy has no such object yet */
	bool no_parent; /* ... nor apps.http: PUT creates all of it */
};

/* An app that this run must leave alone, and why (a refusal, a taken port). */
struct plan_aside {
	const char *app;
	struct problem problem;
};

struct plan_options {
	const char *owner;
	const char **selected; /* names; NULL: every app */
	size_t selected_count;
	const char **adopt; /* apps whose unmarked server may be replaced */
	size_t adopt_count;
	bool allow_empty; /* no app at all may remove everything */
	bool complete;	  /* the listing of app/ is complete: absence is known absence */
	const struct plan_aside *aside;
	size_t aside_count;
};

enum change_op { CHANGE_ADD, CHANGE_CHANGE, CHANGE_REMOVE };

struct change {
	enum change_op op;
	const char *app;	/* whose it is, or the shared server's name for its own fields */
	const char *path;	/* below servers: "blog/routes/0/handle/0" */
	const char *block_path; /* the same place inside the app's block, or NULL */
	const json_t *before;	/* NULL for an addition */
	const json_t *after;	/* NULL for a removal */
};

/* Where an app stands on this Caddy. */
enum app_status {
	APP_STATUS_NONE, /* wants nothing, has nothing */
	APP_STATUS_IN_SYNC,
	APP_STATUS_DRIFT,    /* live differs from the file */
	APP_STATUS_MISSING,  /* wanted and not live */
	APP_STATUS_LEFTOVER, /* live and not wanted */
	APP_STATUS_KEPT,     /* live; the file says nothing valid, so it stays */
	APP_STATUS_REFUSED,  /* wanted and not possible; problems say why */
};

struct app_view {
	const char *name;
	const struct app *app; /* or NULL: only live */
	enum app_status status;
	bool live;
	const char *server;  /* name of the server it is (or will be) in, first one */
	const char **listen; /* normalised addresses */
	size_t listen_count;
	const char **hosts;
	size_t host_count;
	bool catch_all;	      /* has routes for any host */
	const char *attached; /* foreign server, or NULL */
};

struct plan_problem {
	const char *app; /* or NULL: concerns all */
	struct problem problem;
};

struct plan_request {
	const char *method; /* NULL: nothing to send */
	const char *path;   /* whole: "/config/apps/http/servers/..." */
	struct str body;    /* empty for DELETE */
	const char *guard;  /* server whose state the change depends on, or NULL: all servers */
};

struct plan_caddy {
	struct arena *arena;
	json_t *target; /* servers as they shall be */
	json_t *pool;	/* keeps alive what views and changes point to */
	struct change *changes;
	size_t change_count, change_cap;
	struct plan_problem *problems;
	size_t problem_count, problem_cap, errors;
	struct app_view *apps; /* sorted by name */
	size_t app_count;
	struct plan_request request;
	const char **touched; /* names of the apps that this plan changes, sorted */
	size_t touched_count;
};

void plan_caddy_init(struct plan_caddy *plan);
void plan_caddy_release(struct plan_caddy *plan);
/* apps: sorted by name. Never fails: what cannot be done is in problems, and the rest planned. */
void plan_caddy_make(struct plan_caddy *plan, const struct plan_live *live, const struct app *apps,
		     size_t app_count, const struct plan_options *options);
/* Mixes the changes (not the foreign parts, not the guards) into a digest. */
uint64_t plan_caddy_digest(const struct plan_caddy *plan, uint64_t seed);

/* The app's part of the live config as its block, wherever it lives; NULL when it has none. */
json_t *plan_decompile_new(const json_t *servers, const char *owner, const char *app);
/* The tagged objects themselves: {"<path below servers>": object}. Empty when there is none. */
json_t *plan_tagged_new(const json_t *servers, const char *owner, const char *app);

/* Where a block (an app's, or a whole server) listens and which hosts its routes name, as the
 * view's listen, hosts and catch_all. NULL: nothing. */
void plan_block_view(struct arena *a, const json_t *block, struct app_view *out);
/* Names of the apps that have a part in a live server, in the order of their parts; *ours: whether
 * the server itself is. New array. */
json_t *plan_server_apps_new(const json_t *server, const char *owner, bool *ours);
/* Addresses that its reverse proxies dial, wherever they stand, each once. New array. */
json_t *plan_dials_new(const json_t *server);

/* The app whose @id stands at, or nearest above, a path below servers; NULL: none of ours.
 * The rest of the path inside the app's block goes to *block_path when not NULL. */
const char *plan_app_at(struct arena *a, const json_t *servers, const char *owner, const char *path,
			const char **block_path);

/* One line on what in the live config would break any write (5.4 of the facts: null servers, ...),
 * or NULL. In the arena. */
const char *plan_poison(struct arena *a, const json_t *servers);

#endif
