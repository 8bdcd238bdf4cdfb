/*
 * Private to the commands that look at containers or enter them: what runs of the apps, found by
 * labels: containers of Compose mode and tasks of Swarm mode, as one list.
 */
#ifndef KATA_CMD_INSTANCES_H
#define KATA_CMD_INSTANCES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd.h"

/* --- when.c: points in time and spans --- */

/* RFC 3339 to seconds since 1970, nanoseconds in *ns (may be NULL). */
bool time_parse(const char *text, int64_t *seconds, long *ns);
/* "2 minutes", "About an hour": as docker says it. */
const char *time_span(struct arena *a, int64_t seconds);
/* The span in "Up 2 minutes (healthy)" or "Exited (137) 3 days ago", rounded down or to the nearest
 * to its unit, both in seconds. False: there is none. */
bool time_span_read(const char *status, int64_t *seconds, int64_t *unit);
/* --since to what the engine takes ("seconds.nanoseconds"): a duration before `now`, RFC 3339, or
 * unix seconds. NULL for anything else. */
const char *time_since(struct arena *a, const char *text, int64_t now);

/* --- fetch.c: several GETs in flight at once --- */

struct fetch {
	const char *path;
	json_t *value; /* the answer, or NULL; fetch_release() drops it */
	struct kata_error error;
	bool done, ok;
	size_t *left;
};
void fetch_all(struct cmd *cmd, struct fetch *items, size_t count);
void fetch_release(struct fetch *items, size_t count);
/* The engine is no manager of a Swarm: its services and tasks are nobody's business. */
bool fetch_no_swarm(const struct fetch *fetch);
/* Says what failed, and fails the run; true when it was fine. */
bool fetch_check(struct cmd *cmd, const struct fetch *fetch);

/* --- instances.c (pure) --- */

struct port {
	const char *host_ip, *protocol; /* host_ip may be "" */
	unsigned published, target;	/* published 0: only inside */
};

struct instance {
	const char *app, *service;
	const char *name;   /* "blog-web-1", "blog_web.1" */
	const char *label;  /* in front of its log lines: "web-1", "web.1" */
	const char *id;	    /* of the container or the task */
	const char *folder; /* of the Compose project, else NULL */
	const char *state;  /* the engine's word: "running", "exited", "failed" ... */
	const char *status; /* for people: "Up 2 minutes (healthy)" */
	const char *health; /* "healthy", "unhealthy", "starting" or NULL */
	const char *image;
	const char *node;    /* its name when there are several nodes, else NULL */
	const char *node_id; /* of a task */
	const char *service_id;
	struct port *ports;
	size_t port_count;
	const char *container; /* its id, of a task as well; "" when there is none */
	int64_t since;	       /* unix seconds of its start, or of its end; -1: unknown */
	int exit_code;	       /* -1: unknown, or none yet */
	unsigned number;
	bool swarm, running;
};

struct instances {
	struct arena *arena;
	struct instance *items;
	size_t count, cap;
};

/* From GET /containers/json: those of Compose projects but one-offs, and task containers of stacks.
 * Texts are borrowed from the JSON. now: seconds. */
void instances_add_containers(struct instances *list, const json_t *containers, int64_t now);
/* How many of an app's services run: one-offs are none of the wanted ones. */
int containers_running(const json_t *containers, const char *app);
/* From GET /tasks, /services, /nodes (the latter two may be NULL): the newest of each slot, and
 * others that still run. */
void instances_add_tasks(struct instances *list, const json_t *tasks, const json_t *services,
			 const json_t *nodes, int64_t now);
/* By app, service, number, name. */
void instances_sort(struct instances *list);
/* "127.0.0.1:8080->80/tcp, 443/tcp"; at most `most`, then how many more. "" for none. */
const char *ports_text(struct arena *a, const struct port *ports, size_t count, size_t most);
json_t *ports_json_new(const struct port *ports, size_t count);
/* From a service's Endpoint.Ports (or Spec's), or a container's Ports; several addresses of the
 * same kind become one. */
size_t ports_read(struct arena *a, const json_t *array, struct port **out);
/* Sorts them, and drops what is there twice; returns how many are left. */
size_t ports_unite(struct port *ports, size_t count);
/* An image without the digest a service pinned, and sha256:... cut short. */
const char *image_text(struct arena *a, const char *image);

/* --- found.c: what the engine has of some apps --- */

/* Whether an instance is of this KATA_ROOT's app: its folder says so. A stack has none. */
bool instance_is_ours(const struct cmd *cmd, const struct instance *instance);
/* Paths of the lists: of one app, or with NULL of all. In the arena. */
const char *path_containers(struct cmd *cmd, const char *label, const char *app);
const char *path_tasks(struct cmd *cmd, const char *app);
const char *path_services(struct cmd *cmd, const char *app);

/* A table: cells row by row, titles first. Outside text is made safe. styles: of rows, or NULL. */
void say_table(struct cmd *cmd, const char **cells, size_t rows, size_t columns,
	       const enum style *styles);

#endif
