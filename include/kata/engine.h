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
#include <sys/types.h>

#include "kata/app.h"
#include "kata/caddy.h"
#include "kata/compose.h"
#include "kata/deploy.h"
#include "kata/docker.h"
#include "kata/http.h"
#include "kata/loop.h"
#include "kata/plan.h"
#include "kata/runtime.h"
#include "kata/upstream.h"

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

/* An app's containers: what it wants of Docker, and how. In the order of world.apps. */
struct app_model {
	struct app *app;
	struct compose compose; /* services; none when the app is not valid */
	struct wishes wishes;
	const char *folder; /* app/<app>, absolute */
	uid_t uid;	    /* its owner */
	gid_t gid;
	bool deployed; /* .docker-compose.yaml is there: it was deployed once */
	bool swarm;    /* the mode, once Docker was read */
	const char
		*mode_rule; /* what decided it: ".kata-mode", "x-kata-mode", "running", "default" */
	bool live_compose, live_swarm; /* has something there */
	json_t *block; /* the caddy block as in the file, when a dial in it names a service */
	struct upstream *upstreams;
	size_t upstream_count;
	struct deploy images, deploy; /* plans */
	bool planned;
	bool held;  /* this run changed its containers and failed: its routes stay as they are */
	bool waits; /* its routes wait: no address of a service that they name is known */
	struct deploy down; /* what the other mode left, taken down first */
	struct deploy back; /* steps that went back to the mode before */
	enum model_result {
		MODEL_NONE,    /* not in the run, or nothing to do */
		MODEL_PLANNED, /* steps, not run */
		MODEL_DONE,
		MODEL_FAILED, /* steps say which, or error */
		MODEL_LOCKED, /* left to the run that holds it; error says which */
	} result;
	struct kata_error error; /* not of a step: locked, Docker unreadable, a bad mode */
	int lock;
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
	struct app_model *models; /* of apps, same index */
	struct member *members;
	size_t member_count;
	struct docker docker;
	bool docker_set;   /* world_set_docker was called */
	bool wipe;	   /* volumes of stacks are read, too: they may have to go */
	const char *focus; /* the one app that the run is about: no other is read from Docker */
	struct docker_live live;
	json_t *readings;	  /* earlier ones: steps under way still point into them */
	struct runtime *runtimes; /* those asked for so far */
	size_t runtime_count, runtime_cap;
	bool keep_upstreams; /* dials that name services stay as they are */
	bool brief;	     /* OBSERVE_BRIEF */
	struct loop *loop;
	struct http *http;
};

/* root: absolute path. owner: override, or NULL: .kata/owner, else what it would hold. False: no
 * such root, or a bad owner. *out is set either way and is freed by world_free. */
bool world_new(struct world **out, const char *root, const char *owner, struct kata_error *e);
void world_free(struct world *world);
/* Adds a Caddy; false for a text that is no endpoint. */
bool world_add_member(struct world *world, const char *endpoint, struct kata_error *e);
/* Where Docker is: --docker, DOCKER_HOST, DOCKER_CERT_PATH (each may be NULL). False for what is no
 * address. */
bool world_set_docker(struct world *world, const char *host, const char *env, const char *cert_path,
		      struct kata_error *e);
/* Writes .kata/owner if absent, so that it stays when the host's name changes. */
bool world_keep_owner(struct world *world, struct kata_error *e);

/* What to read. Docker is read if an app of the run has services, or was deployed once;
 * OBSERVE_DOCKER_ALWAYS reads it in any case. */
enum {
	OBSERVE_APPS = 1,
	OBSERVE_CADDY = 2,
	OBSERVE_DOCKER = 4,
	OBSERVE_DOCKER_ALWAYS = 8 | OBSERVE_DOCKER,
	OBSERVE_BRIEF = 16, /* of Docker containers and services: to look, not to plan work */
};
/* Reads apps from disk and every member, all at once. Failures are in the world. Once per world. */
void world_observe(struct world *world, unsigned what);
/* Reads the engine again: containers, networks, volumes, services ... */
bool world_observe_docker(struct world *world);
struct app_model *world_model(const struct world *world, const char *name);
/* The .docker-compose.yaml that a deploy would write now. */
void model_yaml(struct world *world, const struct app_model *model, struct str *out);
/* Calls take() with the content of each secret of its services that can be read now. */
void model_secrets(const struct app_model *model, void (*take)(void *arg, const char *content),
		   void *arg);
struct app *world_app(const struct world *world, const char *name);
/* A copy of a block with addresses for the names of the app's services, as far as they are known.
 * New reference. */
json_t *model_addresses_new(struct world *world, struct app_model *model, const json_t *block);
/* All that app_decode needs of an app, read anew, for who will write its kata-compose.yaml; bytes
 * stay NULL when there is no such file. ERROR_REFUSED: the file is a link. */
bool world_read_source(struct world *world, const struct app *app, struct app_source *out,
		       struct kata_error *e);
/* Writes the app's kata-compose.yaml in place of what was read, with the file's mode and owner,
 * under the app's lock. ERROR_CONFLICT: it is another one by now; ERROR_EXISTS: another run holds
 * the app. */
bool world_write_stack(struct world *world, const struct app_source *was, const char *bytes,
		       size_t len, struct kata_error *e);
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

/* --- containers --- */

struct work {
	enum deploy_verb verb;
	bool stop;  /* stop instead of deploying */
	bool down;  /* take down: containers, services, networks */
	bool wipe;  /* ... and volumes */
	bool start; /* start also one-shots that ended well */
	bool detach, pull, fresh;
	bool wait;		     /* queue behind another run on the same app */
	bool skip_locked;	     /* an app that another run holds is no failure: MODEL_LOCKED */
	bool routes;		     /* make Caddy agree as well */
	const char *const *services; /* of the one app of the run; NULL: all */
	size_t service_count;
	/* A step began, ended, or said something (text). NULL: nobody listens. */
	void (*report)(void *arg, const struct step *step, const char *text);
	void (*progress)(void *arg, const struct step *step, const char *layer, json_int_t now,
			 json_int_t total);
	void *report_arg;
	const char *config_home; /* folder of docker's config.json, or NULL */
};

/* Plans containers of the selected apps, after world_observe. Results are in the models. */
void world_plan_work(struct world *world, const struct engine_options *options,
		     const struct work *work);
/* Does it: images, containers or services, then (work->routes) Caddy, then what leaves after the
 * routes. False (and nothing done): --if-plan differs. */
bool world_work(struct world *world, const struct engine_options *options, const struct work *work,
		struct kata_error *e);

/* Chooses the model's mode anew, after its wish was changed. */
void model_choose_mode(const struct world *world, struct app_model *model);
/* From now on the app wants no routes. */
void app_forget_routes(struct world *world, struct app *app);
/* Writes the wishes of a model to config/<app>/STATE and app/<app>/.kata-mode. */
bool model_wish(struct world *world, const struct app_model *model, struct kata_error *e);

#endif
