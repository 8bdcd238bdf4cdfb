/*
 * Private to the engine: what the apps want of Docker, and the files beside them.
 */
#ifndef KATA_ENGINE_MODELS_H
#define KATA_ENGINE_MODELS_H

#include "kata/engine.h"

/* Decodes the services of every app; problems land in the apps. */
void models_load(struct world *world);
void models_release(struct world *world);
/* Chooses the mode of each app and what lives of it, once Docker was read. */
void models_settle(struct world *world);

/* Whether a dial in the app's block names the service. */
bool model_is_upstream(const struct app_model *model, const char *service);
const struct runtime *model_runtime(const struct world *world, const char *name);
/* Engine name of a secret or config: with a hash of its content in Swarm mode. */
const char *model_object_name(struct world *world, const struct compose *compose, const char *kind,
			      const char *key);
bool model_content(const struct compose *compose, const char *kind, const char *key,
		   struct str *out, struct kata_error *e);
/* Private file with the content of one that has no file: of its own. */
const char *model_content_file(struct world *world, const struct compose *compose, const char *kind,
			       const char *key);
/* Writes .docker-compose.yaml and the private files, if they differ. */
bool model_write_files(struct world *world, struct app_model *model, struct kata_error *e);
/* .kata/<below>/<app> with what leads to it, 0700; app NULL: without that. */
bool model_make_folder(struct world *world, const char *below, const char *app,
		       struct kata_error *e);
/* Folders that services of a runtime mount, owned by the app's owner. */
bool model_make_mounts(struct world *world, struct app_model *model, struct kata_error *e);
/* What a deploy of nothing leaves. */
void model_remove_files(struct world *world, struct app_model *model);

/* Builds and preparations that went well are remembered below .kata/cache/<app>. */
json_t *model_build_new(struct world *world, const struct compose_service *service);
bool model_build_needed(struct world *world, const struct app_model *model,
			const struct compose_service *service);
void model_built(struct world *world, const struct app_model *model,
		 const struct compose_service *service, const char *image_id);
json_t *model_prepare_new(struct world *world, const struct app_model *model,
			  const struct compose_service *service);
/* Labels the services of a runtime with what they are prepared by. */
void model_label_prepared(struct world *world, struct app_model *model);
bool model_prepare_needed(struct world *world, const struct app_model *model,
			  const struct compose_service *service);
void model_prepared(struct world *world, const struct app_model *model,
		    const struct compose_service *service);

void containers_release(struct world *world);

/* Puts addresses for services' names into the blocks, before a plan for this member is made. */
void routes_resolve(struct world *world, struct member *member);

#endif
