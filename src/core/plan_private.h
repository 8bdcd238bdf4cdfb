/*
 * Private to plan*.c: what follows once the target is known.
 */
#ifndef KATA_CORE_PLAN_PRIVATE_H
#define KATA_CORE_PLAN_PRIVATE_H

#include "sites.h"

/* Fills plan->changes from live servers and plan->target. */
void plan_make_changes(struct sites *sites, const json_t *live);
/* Fills plan->apps and plan->touched; needs the changes. */
void plan_make_views(struct sites *sites, const json_t *live);
/* Fills plan->request. */
void plan_make_request(struct plan_caddy *plan, const struct plan_live *live);

#endif
