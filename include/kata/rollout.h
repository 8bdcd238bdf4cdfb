/*
 * Executes the graphs of deploy.h on one engine: every step whose predecessors are done runs, all
 * of them at once where the graphs allow. What it learns (image ids, containers made) goes into the
 * reading it was given. Steps are idempotent: what is already so counts as done.
 */
#ifndef KATA_ROLLOUT_H
#define KATA_ROLLOUT_H

#include <jansson.h>
#include <stdbool.h>

#include "kata/deploy.h"
#include "kata/docker.h"
#include "kata/loop.h"
#include "kata/memory.h"

struct rollout;

/* What the rollout must be told from outside. */
struct rollout_host {
	void *arg;
	/* A step began, ended, or said something on the way (text: one line of a pull, a build, a
	 * preparation; else NULL: look at step->state). */
	void (*report)(void *arg, const struct step *step, const char *text);
	/* A layer of a pull or push: `now` of `total` bytes. */
	void (*progress)(void *arg, const struct step *step, const char *layer, json_int_t now,
			 json_int_t total);
	/* Canonical `build` object of a service that is built (new reference). */
	json_t *(*build_new)(void *arg, const struct step *step);
	/* What happened well: the engine keeps stamps of it. */
	void (*built)(void *arg, const struct step *step, const char *image_id);
	/* Commands of a preparation: array of arrays of words (new reference). */
	json_t *(*prepare_new)(void *arg, const struct step *step);
	void (*prepared)(void *arg, const struct step *step);
	/* Content of a secret or config. */
	bool (*content)(void *arg, const struct step *step, struct str *out, struct kata_error *e);
	const char *(*content_file)(void *arg, const struct compose *compose, const char *kind,
				    const char *key);
	const char *(*object_name)(void *arg, const struct compose *compose, const char *kind,
				   const char *key);
	const char *config_home; /* folder of docker's config.json, or NULL */
};

struct rollout *rollout_new(struct docker *docker, struct loop *loop, struct docker_live *live,
			    const struct rollout_host *host);
void rollout_free(struct rollout *rollout);
/* The graph must live until rollout_free. */
void rollout_add(struct rollout *rollout, struct deploy *deploy);
/*
 * Runs until nothing can run any more: all is done, failed or blocked, or only STEP_ROUTES and what
 * follows them is left. At a signal to stop nothing new begins, and what runs is abandoned.
 */
void rollout_run(struct rollout *rollout);
/* Ends the STEP_ROUTES of a graph: the routes are right (ok), or they are not (and why; NULL: they
 * stay because of what failed elsewhere in the graph). */
void rollout_routes(struct deploy *deploy, bool ok, const struct kata_error *e);
/* Whether a STEP_ROUTES waits to be ended: all before it is done. */
bool deploy_awaits_routes(const struct deploy *deploy);
/* Every step is over. */
bool deploy_finished(const struct deploy *deploy);
/* A step failed, or was blocked by one that did. */
bool deploy_failed(const struct deploy *deploy);

#endif
