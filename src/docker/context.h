/*
 * A build context on its way to the engine: a folder as a tar, made while it is sent. Private to
 * docker/.
 */
#ifndef KATA_DOCKER_CONTEXT_H
#define KATA_DOCKER_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "kata/error.h"

struct build_context;

/*
 * Reads the Dockerfile's place and the ignore file (<Dockerfile>.dockerignore, else .dockerignore
 * of the folder). dockerfile: relative to the folder or absolute; NULL: "Dockerfile". inline_text:
 * the Dockerfile itself, instead; or NULL. NULL: e says why.
 */
struct build_context *build_context_new(const char *folder, const char *dockerfile,
					const char *inline_text, struct kata_error *e);
void build_context_free(void *context); /* NULL is fine */

/* The Dockerfile's name in the tar: its path in the folder, or one that nothing there has. */
const char *build_context_dockerfile(const struct build_context *context);

/*
 * The next bytes of the tar, as http.h's source: names sorted, owned by root, links as links,
 * sockets left out. -1: build_context_error() says which file could not be read.
 */
ssize_t build_context_read(void *context, char *bytes, size_t room);
/* NULL when all went well so far. */
const struct kata_error *build_context_error(const struct build_context *context);

#endif
