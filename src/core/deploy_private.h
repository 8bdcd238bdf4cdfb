/*
 * Private to the deploy plans: building the graph, and finding things in the live state.
 */
#ifndef KATA_CORE_DEPLOY_PRIVATE_H
#define KATA_CORE_DEPLOY_PRIVATE_H

#include "kata/container.h"
#include "kata/deploy.h"
#include "kata/hash.h"
#include "kata/swarm.h"

/* Appends a step and returns its index; the step stays valid until the next one is added. */
int deploy_step(struct deploy *d, enum step_op op, const char *app, const char *target);
/* `step` runs after `on`; STEP_NONE is fine. */
void deploy_wait(struct deploy *d, int step, int on);
struct step *deploy_at(struct deploy *d, int step);

/* Elements of a list whose label has this value; text of a label, or NULL. */
const char *live_label(const json_t *item, const char *label);
/* Element of a list by "Name" (exactly), or NULL. Swarm objects keep it in Spec. */
const json_t *live_named(const json_t *list, const char *name);

/* Whether a network of the file is external; a problem when it is not there. */
bool deploy_external(struct deploy *d, const struct docker_live *live, const json_t *network);

/* Keys that this engine would drop in silence. */
void deploy_check_api(struct deploy *d, const struct compose *compose, int api);

/* "image web:latest changed" and the like need no escaping here: print.c makes texts safe. */
bool options_take(const struct deploy_options *options, const char *service);
bool options_upstream(const struct deploy_options *options, const char *service);

#endif
