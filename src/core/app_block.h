/*
 * Private to app.c and app_block.c: a caddy: block from YAML to expanded JSON.
 */
#ifndef KATA_CORE_APP_BLOCK_H
#define KATA_CORE_APP_BLOCK_H

#include <jansson.h>
#include <stdbool.h>

#include "kata/app.h"

/*
 * The JSON of a YAML node of the block, its variables replaced from app->env. Problems go to
 * app->problems; secret_paths are collected. New reference, never NULL.
 */
json_t *app_block_json_new(struct app *app, const struct yaml_node *node, const char *env_file);

/* Expands one text of the file as in the block; what is wrong becomes a problem. */
const char *app_block_text(struct app *app, const struct yaml_node *scalar, const char *env_file);

#endif
