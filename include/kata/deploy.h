/*
 * Deploys as pure functions: what an app wants (compose.h) and what the Docker engine runs become a
 * graph of steps, each with what it acts on, why, and what it waits for. No I/O, no clock. The same
 * graph is printed by --diff and executed by docker/deploy.h.
 *
 * A deploy is planned twice: images first (pull, build, prepare), then, when their ids are known,
 * containers or Swarm services. Where Caddy proxies to a service, the new container starts first,
 * the routes follow (STEP_ROUTES, done by the engine), and only then the old one goes.
 * What an interrupted deploy left is part of the live state: the next plan completes it.
 */
#ifndef KATA_DEPLOY_H
#define KATA_DEPLOY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kata/compose.h"
#include "kata/error.h"
#include "kata/memory.h"
#include "kata/problem.h"

/* One reading of the engine; all JSON as it came. Owned by whoever read it. */
struct docker_live {
	bool read; /* somebody asked */
	bool good; /* containers, networks and volumes are known; else error */
	struct kata_error error;
	int api;		       /* minor API version spoken */
	bool swarm;		       /* this node is a Swarm manager: services etc. are known */
	struct kata_error swarm_error; /* why not; ERROR_NONE: Swarm is simply not active */
	json_t *containers;	       /* those of Compose projects (or of one), stopped ones too */
	json_t *networks, *volumes;
	json_t *services, *stack_networks, *secrets, *configs;
	json_t *task_containers; /* of stacks, on this node; read where ports have mode: host */
	json_t *stack_volumes;	 /* only where they may have to go (world.wipe) */
	json_t *externals;	 /* external networks by name -> inspect; null: not there */
	json_t *images;		 /* reference -> inspect; null: not there */
	json_t *inspects;	 /* container id -> inspect, for those that need a closer look */
};

/* What an app's owner wished once and for all: config/<app>/STATE, app/<app>/.kata-mode. */
struct wishes {
	bool stopped; /* the whole app */
	const char **stopped_services;
	size_t stopped_count;
	struct wish_scale {
		const char *service;
		int replicas;
	} * scales;
	size_t scale_count;
	const char *mode; /* "compose", "swarm" or NULL */
};
/* Lines "stop", "stop SERVICE", "scale SERVICE N"; # comments. Bad lines are problems (warnings).
 */
void wishes_decode(struct wishes *out, struct arena *a, const char *bytes, size_t len,
		   const char *file, struct problems *problems);
void wishes_encode(struct str *out, const struct wishes *wishes);
bool wishes_stop(const struct wishes *wishes, const char *service);
void wishes_add_stop(struct wishes *wishes, struct arena *a, const char *service);
void wishes_set_scale(struct wishes *wishes, struct arena *a, const char *service, int replicas);

#define STEP_OPS(X)                                                                                \
	X(STEP_PULL, "pull", "pull image")                                                         \
	X(STEP_BUILD, "build", "build image")                                                      \
	X(STEP_PREPARE, "prepare", "prepare")                                                      \
	X(STEP_NETWORK_CREATE, "network-create", "create network")                                 \
	X(STEP_NETWORK_REMOVE, "network-remove", "remove network")                                 \
	X(STEP_VOLUME_CREATE, "volume-create", "create volume")                                    \
	X(STEP_VOLUME_REMOVE, "volume-remove", "remove volume")                                    \
	X(STEP_CREATE, "create", "create container")                                               \
	X(STEP_START, "start", "start container")                                                  \
	X(STEP_RESTART, "restart", "restart container")                                            \
	X(STEP_GATE, "wait", "wait for container")                                                 \
	X(STEP_ROUTES, "routes", "routes")                                                         \
	X(STEP_STOP, "stop", "stop container")                                                     \
	X(STEP_REMOVE, "remove", "remove container")                                               \
	X(STEP_RENAME, "rename", "rename container")                                               \
	X(STEP_OBJECT_CREATE, "object-create", "create")                                           \
	X(STEP_OBJECT_REMOVE, "object-remove", "remove")                                           \
	X(STEP_SERVICE_CREATE, "service-create", "create service")                                 \
	X(STEP_SERVICE_UPDATE, "service-update", "update service")                                 \
	X(STEP_SERVICE_REMOVE, "service-remove", "remove service")                                 \
	X(STEP_CONVERGE, "converge", "wait for service")                                           \
	X(STEP_ROLLBACK, "rollback", "roll back service")                                          \
	X(STEP_STACK_GONE, "stack-gone", "wait until the stack is gone")

enum step_op {
#define X(op, name, words) op,
	STEP_OPS(X)
#undef X
};

enum step_state {
	STEP_WAITING,
	STEP_RUNNING,
	STEP_DONE,
	STEP_FAILED,  /* error and details say why */
	STEP_BLOCKED, /* something it waits for failed */
	STEP_SKIPPED, /* a rescue that was not needed */
};

enum { STEP_NONE = -1 };

struct step {
	enum step_op op;
	const char *app;
	const struct compose *compose;	     /* NULL when the app's file is not known (down) */
	const struct compose_service *model; /* NULL for what no service of the file is */
	const char *service;		     /* its name, or NULL */
	const char *target;		     /* name: container, network, volume, image, service */
	const char *id;			     /* of the live thing, else NULL: the target names it */
	const char *key;		     /* of networks, volumes, secrets, configs */
	const char *kind;		     /* "secrets", "configs" */
	const char *new_name;		     /* rename: the new one; create: the final one */
	const char *why;		     /* for people, or NULL */
	unsigned number;		     /* of the container */
	const json_t *live; /* replaced container (inspect or list element), live service */
	bool quiet;	    /* not worth a line of its own */
	bool completed;	    /* gate: must end with 0 */
	bool healthy;	    /* gate: must have a health check, and pass it */
	bool force;	    /* service update: new tasks also where the spec stays the same */
	bool volumes;	    /* remove: anonymous volumes as well */
	int rescues;	    /* index of the step whose failure calls for this one, or STEP_NONE */
	size_t *waits;	    /* indexes of earlier steps */
	size_t wait_count, wait_cap;
	/* while it runs (docker/deploy.c) */
	enum step_state state;
	struct kata_error error;
	const char *details; /* several lines: last log lines, health output; or NULL */
};

struct deploy {
	struct arena *arena;
	struct step *steps;
	size_t count, cap;
	bool swarm;
	struct problems problems; /* what the live state makes impossible, or worth a warning */
	bool routes;		  /* there is a STEP_ROUTES */
};

enum deploy_verb {
	DEPLOY_UP,	/* as `docker compose up -d`: builds, runs one-shots again */
	DEPLOY_REPAIR,	/* --apply: what is missing or drifted; one-shots that ended well stay */
	DEPLOY_RESTART, /* all (named) containers anew, one at a time where that is possible */
};

struct deploy_options {
	enum deploy_verb verb;
	bool detach; /* wait for nothing that no other service waits for */
	bool pull;   /* pull even what is there */
	bool start;  /* start also one-shots that ended well */
	bool fresh;  /* recreate what is unchanged */
	bool routed; /* the app has routes: what goes, goes after them */
	const char *const
		*services; /* only these (and what they depend on is left alone); NULL: all */
	size_t service_count;
	const struct wishes *wishes; /* or NULL */
	/* Whether Caddy proxies to this service. */
	bool (*is_upstream)(void *arg, const char *service);
	void *upstream_arg;
	/* Whether a build is needed though the image is there (its context changed); whether the
	 * runtime's prepare steps have to run. */
	bool (*build_needed)(void *arg, const struct compose_service *service);
	bool (*prepare_needed)(void *arg, const struct compose_service *service);
	void *image_arg;
	/* Engine name of a secret or config in Swarm mode, and what to send natively. */
	const char *(*object_name)(void *arg, const char *kind, const char *key);
	void *object_arg;
};

void deploy_init(struct deploy *deploy, struct arena *arena);
void deploy_release(struct deploy *deploy);

/* Pulls, builds and preparations. */
void deploy_plan_images(struct deploy *deploy, const struct compose *compose,
			const struct docker_live *live, const struct deploy_options *options);
/* Compose mode. */
void deploy_plan_compose(struct deploy *deploy, const struct compose *compose,
			 const struct docker_live *live, const struct deploy_options *options);
/* Swarm mode. */
void deploy_plan_swarm(struct deploy *deploy, const struct compose *compose,
		       const struct docker_live *live, const struct deploy_options *options);
/* Whether Swarm is to start a service's new tasks first, where the file does not say: what Caddy
 * proxies to and what pins no port of the host. */
bool deploy_start_first(const struct compose_service *service, bool upstream);
/* Takes down what of the app lives in a mode: containers or services, networks, with `volumes`
 * also named and anonymous volumes. folder: a Compose project of another folder is not touched. */
void deploy_plan_down(struct deploy *deploy, const char *app, const char *folder, bool swarm,
		      bool volumes, const struct docker_live *live);
/* Stops what runs (all, or the named services), in reverse order of dependency. */
void deploy_plan_stop(struct deploy *deploy, const struct compose *compose, const char *folder,
		      bool swarm, const struct docker_live *live,
		      const struct deploy_options *options);

/* Whether it would change anything; waiting until something is ready does not. */
bool deploy_changes(const struct deploy *deploy);
/* Digest of what the steps say, mixed into a seed. */
uint64_t deploy_digest(const struct deploy *deploy, uint64_t seed);
const char *step_op_name(enum step_op op); /* "container-create", for JSON */
/* One line: "recreate container blog-web-1 (environment LOG_LEVEL)". In the arena. */
const char *step_text(struct arena *a, const struct step *step);

/* --- reading the live state --- */

struct live_container {
	const json_t *json; /* element of docker_live.containers */
	const char *id, *name, *service, *hash, *image, *state, *folder;
	unsigned number;
	bool running;  /* running, restarting or paused */
	int exit_code; /* -1: unknown */
	bool oneoff;
};
void live_container_read(const json_t *json, struct live_container *out);
/* Which modes the app has something in: containers of its own project, services of its stack. */
bool live_has_compose(const struct docker_live *live, const char *app, const char *folder);
bool live_has_stack(const struct docker_live *live, const char *app);
/* The Compose project of that name belongs to another folder: its path, else NULL. */
const char *live_foreign_project(const struct docker_live *live, const char *app,
				 const char *folder);
/* The containers a deploy would keep looking at: ids whose hash does not tell whether they are as
 * wanted. Appends to an array of texts. */
void live_unknown(const struct docker_live *live, const struct compose *compose, json_t *ids);

#endif
