/*
 * What tells that something changed: the engine's event stream, Caddy's config hash at a modest
 * interval, inotify on the apps' folders; and numbers that live on their own: CPU and memory of the
 * containers on the screen, requests in flight at the upstreams, the host. Nothing here blocks, a
 * server that hangs is said to hang.
 */
#ifndef KATA_UI_LIVE_H
#define KATA_UI_LIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "kata/error.h"
#include "kata/loop.h"

struct live;

/* What happened, for whoever listens. */
struct live_events {
	void *arg;
	void (*docker)(void *arg, const json_t *event); /* one event of the engine (borrowed) */
	void (*docker_state)(void *arg); /* reachable or not, look at live_docker() */
	void (*caddy)(void *arg);	 /* config or reachability of a Caddy changed */
	void (*files)(void *arg,
		      const char *app); /* an app's files changed; NULL: the list of apps */
	void (*numbers)(void *arg);	/* stats, requests in flight or host changed */
};

struct live_options {
	const char *root;
	const char *docker, *docker_env, *cert_path; /* as world_set_docker */
	const json_t *caddy;			     /* array of endpoints */
	int interval_ms;			     /* of Caddy; 0: 1000 */
	bool no_events;				     /* a fake run: nothing is watched */
};

struct live *live_new(struct loop *loop, const struct live_options *options,
		      const struct live_events *events);
void live_free(struct live *live);
/* A fake run: what watchers would have said. status: an answer of that command, for who is there;
 * told: {"stats", "host", "log"} as the functions below give them. Either may be NULL; borrowed. */
void live_pretend(struct live *live, const json_t *status, const json_t *told);

struct live_peer {
	const char *endpoint;
	bool known; /* asked and answered (or failed) once */
	bool up;
	bool slow;	 /* asked more than a second ago, no answer yet */
	int64_t good_ms; /* of the last answer; 0: never */
	struct kata_error error;
};
const struct live_peer *live_docker(const struct live *live);
size_t live_caddy_count(const struct live *live);
const struct live_peer *live_caddy(const struct live *live, size_t i);
/* After an action of ours: Caddy is asked at once. */
void live_caddy_soon(struct live *live);

/* Containers (full ids) whose numbers are wanted: those on the screen. Asked one after the other,
 * one-shot, every few seconds (a few at once of an engine that takes a second for each, as 20.10
 * does); none while the list is empty. */
void live_want_stats(struct live *live, const json_t *ids);
/* Nobody sees the numbers: nothing is asked, what is known stays. */
void live_pause_stats(struct live *live, bool paused);
/* {id: {"cpu"?: percent, "memory": bytes}}; borrowed. Only what runs has an entry; the percentage
 * is there from the second reading on. */
const json_t *live_stats(const struct live *live);
/* {"cpu": percent, "load": [..], "memory": bytes, "memory_total", "disk", "disk_total", "uptime"}
 * read from /proc when asked; borrowed until the next call. */
const json_t *live_host(struct live *live);
/* {"address": {"requests": n, "fails": n}} of all Caddys together; borrowed. */
const json_t *live_upstreams(const struct live *live);
/* The last 500 events, oldest first: {"time", "source": docker|caddy|files, "text", "app"?}. Those
 * of Docker begin an hour before we came. */
const json_t *live_log(const struct live *live);

#endif
