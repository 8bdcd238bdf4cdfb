/*
 * The Compose model: services, networks, volumes, secrets and configs of one app, decoded into one
 * canonical JSON object. Pure; other files (env_file, extends, secrets) come through a callback.
 * The rules are those of the Compose specification (compose-spec/compose-go); what differs is said
 * here. One dialect for both modes.
 *
 * Canonical form: what `docker compose config --format json` prints, but for
 *  - durations are integers in nanoseconds, sizes integers in bytes, file modes integers;
 *  - `environment`, `labels`, `sysctls`, `args`, `annotations`, `driver_opts`, `options`,
 *    `storage_opt` are objects with text values; an environment value may be null (take the
 *    variable away);
 *  - `command`, `entrypoint`, hook commands are arrays of words; absent: the image's own;
 *  - ports: one object per mapping {target: int, published: "text" or absent, host_ip, protocol,
 *    mode, name, app_protocol}; container ranges are expanded; a host range for one container
 *    port stays a range;
 *  - volumes: {type, source, target, read_only, bind{}, volume{}, tmpfs{}, image{}}; sources of
 *    binds are absolute; a short bind has bind.create_host_path true; `consistency` is dropped;
 *  - networks of a service: object name -> object (never null); absent with network_mode;
 *    {"default": {}} when the file says nothing;
 *  - depends_on: name -> {condition, restart, required}, with the implied ones (links,
 *    volumes_from, service: modes) added;
 *  - extra_hosts: array of "host=ip", dns/dns_search/tmpfs/env lists always arrays, expose:
 *    array of "8000/tcp", ulimits: name -> {soft, hard} (one number: both);
 *  - secrets and configs of a service: [{source, target, uid, gid, mode}], only what was given,
 *    target always;
 *  - healthcheck: {test: [..], interval, timeout, start_period, start_interval, retries};
 *    `disable` is test ["NONE"];
 *  - build: {context (absolute), dockerfile, dockerfile_inline, args, target, ...};
 *  - env_file and label_file are read and gone; extends and profiles are resolved and gone;
 *  - top-level objects: networks, volumes, secrets, configs: key -> object with `name` (the
 *    engine's name: "<app>_<key>", or as given) and `external: true` when so; only those in use
 *    are kept; secrets and configs have one of file (absolute), content;
 *    `environment: NAME` has become content.
 */
#ifndef KATA_COMPOSE_H
#define KATA_COMPOSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kata/app.h"
#include "kata/env.h"
#include "kata/memory.h"
#include "kata/problem.h"

enum compose_order { ORDER_AUTO, ORDER_START_FIRST, ORDER_STOP_FIRST }; /* x-kata-order */

struct compose_service {
	const char *name;
	json_t *spec;	/* borrowed, lives in the project */
	struct env env; /* spec's environment by layers; a variable of a runtime is in spec only */
	struct place place;
	const char *runtime; /* a Kata runtime: its image and mounts are in spec already; or NULL */
	enum compose_order order;
	int64_t ready_ms;	/* x-kata-ready: how long it must run without a restart (2000) */
	int64_t ready_limit_ms; /* ... and how long it may take to become so (60000) */
	int replicas;		/* scale, deploy.replicas or the standing wish; 1 */
	size_t rank;		/* 0: depends on nobody; else more than all it depends on */
};

struct compose {
	const char *project;		  /* the app's name */
	const char *folder;		  /* absolute; what relative paths are relative to */
	json_t *root;			  /* {"services": .., "networks": .., ...}; owned */
	struct compose_service *services; /* sorted by rank, then name */
	size_t service_count;
	const char **disabled; /* services of the file that no active profile asks for */
	size_t disabled_count;
};

/* Reads a file for the model: path is absolute. Fills out->bytes (which must live as long as the
 * arena given to compose_decode) or out->error; neither: no such file. */
typedef void compose_read(void *arg, const char *path, struct app_file *out);

/* A Kata runtime, from share/runtimes or $KATA_ROOT/.kata/runtimes (runtime.h). */
struct runtime;

struct compose_input {
	const struct app *app; /* decoded; its environment resolved */
	const char *root;      /* KATA_ROOT, absolute */
	compose_read *read;
	void *read_arg;
	/* Whether `name` is a Kata runtime, and its recipe; NULL: none are known. */
	const struct runtime *(*runtime)(void *arg, const char *name);
	void *runtime_arg;
	/* Standing wishes (config/<app>/STATE): replicas of a service, or -1. */
	int (*replicas)(void *arg, const char *service);
	void *replicas_arg;
	const char *const *profiles; /* active ones; x-kata-profiles of the file are added */
	size_t profile_count;
};

/*
 * Decodes app->root's services and top-level objects. Problems (file, line, column, hint) for all
 * that is wrong, at once: unknown keys (with the nearest), wrong types, what the table refuses,
 * references to nothing, cycles. Variables are expanded against the app's environment; unset ones
 * are a warning and empty. The app's merged environment reaches every service below its own.
 * False when an error was added; *out must be released either way. A file without services gives
 * no service and is fine.
 */
bool compose_decode(struct compose *out, struct arena *arena, const struct compose_input *input,
		    struct problems *problems);
void compose_release(struct compose *compose);

const struct compose_service *compose_service_find(const struct compose *compose, const char *name);

/* --- the table of keys: help, decoding and tests are made from it --- */

enum compose_support {
	COMPOSE_YES,	/* does what the specification says */
	COMPOSE_IGNORE, /* accepted, has no effect here; a warning says so unless it never has one
			 */
	COMPOSE_REFUSE, /* an error names it */
};

struct compose_key {
	const char *path; /* "services.*.ports", "services.*.deploy.replicas", "networks.*.ipam" */
	enum compose_support compose, swarm;
	const char *note; /* what to do instead, or what is different; or NULL */
};

/* Every key of the Compose specification; NULL past the end. */
const struct compose_key *compose_key_row(size_t i);
/* Adds what `swarm` (else Compose mode) refuses or ignores of the keys this app really uses. */
void compose_check_mode(const struct compose *compose, const struct app *app, bool swarm,
			struct problems *problems);

/* --- parsers of single values (also used by options: --since, x-kata-ready) --- */

/* "1h5m30s20ms" to nanoseconds; units ns us ms s m h d w; "0". False for anything else. */
bool compose_duration(const char *text, int64_t *ns);
/* "1.5g" to bytes, powers of 1024. */
bool compose_bytes(const char *text, int64_t *bytes);
/* Shell-like words without a shell: NULL and *why for unbalanced quotes. New reference. */
json_t *compose_words_new(const char *text, const char **why);
/* Duration as Compose writes it: "1m30s", "500ms". */
const char *compose_duration_text(struct arena *a, int64_t ns);

/* --- the generated .docker-compose.yaml --- */

/* What the engine really calls things in Swarm mode, where content gets a hash in its name. */
struct compose_names {
	/* Engine name of a secret or config ("secrets"/"configs", key), or NULL: that of the model.
	 */
	const char *(*object)(void *arg, const char *kind, const char *key);
	/* File that holds the content of one without file:, absolute. */
	const char *(*content_file)(void *arg, const char *kind, const char *key);
	void *arg;
};

/* YAML valid for `docker compose` or, when swarm, for `docker stack deploy`; same input, same
 * bytes; every $ doubled; no key of ours. Texts are quoted so that any YAML reader sees text. */
void compose_yaml(struct str *out, const struct compose *compose, bool swarm,
		  const struct compose_names *names);

/* extends: base under over, by the specification's merge rules (reference 1.6). New reference. */
json_t *compose_merge_new(const json_t *base, const json_t *over);

#endif
