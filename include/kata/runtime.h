/*
 * Kata runtimes: `runtime: python` and its like. A runtime is a folder of data,
 * share/runtimes/<name>/ or $KATA_ROOT/.kata/runtimes/<name>/ (which wins): a Dockerfile, and
 * recipe.yaml:
 *
 *     image: kata/python             the image built from this folder's Dockerfile when missing
 *     default_command: [..]          when the service has none (or a text)
 *     workdir: /app
 *     mounts: {app: /app, config: /config, data: /data, venv: /venv}
 *                                    app config data: the app's folders; others: envs/<app>/<name>
 *     environment: {VIRTUAL_ENV: /venv, PATH: ...}
 *     prepare:                       run in the image with the same mounts, before the service
 *       - when: requirements.txt     only if this file is in the app folder
 *         changed: [requirements.txt]  and only if one of these changed since it last went well
 *         command: [..]
 *     port: 8000                     documentation: where the default command listens
 *
 * Pure: the folder's bytes come in.
 */
#ifndef KATA_RUNTIME_H
#define KATA_RUNTIME_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "kata/memory.h"
#include "kata/problem.h"

struct runtime_prepare {
	const char *when;     /* file in the app folder, or NULL: always */
	const char **changed; /* files whose content decides */
	size_t changed_count;
	json_t *command; /* array of words */
};

struct runtime_mount {
	const char *what;   /* "app", "config", "data", "venv", "cache" */
	const char *target; /* in the container */
};

struct runtime {
	const char *name, *folder; /* absolute */
	const char *image;
	json_t *command; /* array, or NULL */
	const char *workdir;
	json_t *environment; /* object of texts, may be empty */
	struct runtime_mount *mounts;
	size_t mount_count;
	struct runtime_prepare *prepare;
	size_t prepare_count;
};

/* Decodes recipe.yaml; false when a problem of severity error was added. JSON values are owned:
 * runtime_release. */
bool runtime_decode(struct runtime *out, struct arena *arena, const char *name, const char *folder,
		    const char *bytes, size_t len, const char *file, struct problems *problems);
void runtime_release(struct runtime *runtime);

/* Changes a service's canonical spec into one that runs in the runtime: image, command (unless it
 * has an entrypoint), working_dir, environment below its own, user (PUID:PGID of its environment,
 * unless it says user:), mounts where the target is free (rows S02, S03), removes `runtime`. A
 * service with image: or build: of its own only loses `runtime` (row K12). folder gives the host
 * folder of a mount's `what`, absolute: it must exist before the container does, or the engine
 * makes it, for root; NULL: the file has a volume of that name, which is mounted. */
void runtime_apply(const struct runtime *runtime, json_t *spec,
		   const char *(*folder)(void *arg, const char *what), void *arg);

#endif
