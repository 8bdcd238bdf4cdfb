/*
 * Private to work*.c: one run over the containers of some apps.
 */
#ifndef KATA_ENGINE_WORK_H
#define KATA_ENGINE_WORK_H

#include "models.h"

/* Plans one model: what the other mode left, images, and containers as far as they can be told. */
void work_plan_model(struct world *world, struct app_model *model, const struct work *work);
bool work_is_selected(const struct engine_options *options, const char *app);
/* Something to do, or to say. */
bool work_has_steps(const struct app_model *model);

/* Waits until containers (their ids) have answered what Caddy had begun with them. */
void work_drain(struct world *world, const json_t *ids);
/* Puts names to what stood in the way of the steps that failed: who has the port, who is still in
 * the network. */
void work_name_holders(struct world *world, struct deploy *deploy);

/* Apply.c: reads the members again when `read`, and plans them anew. */
void world_plan_again(struct world *world, const struct engine_options *options, bool read);

#endif
