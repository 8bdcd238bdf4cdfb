/*
 * Private to live*.c: one watcher per file, held together by struct live. Listeners are called from
 * the loop only, as the last thing a watcher does, never while one is made.
 */
#ifndef KATA_UI_LIVE_PRIVATE_H
#define KATA_UI_LIVE_PRIVATE_H

#include "kata/docker.h"
#include "kata/http.h"
#include "ui/live.h"

struct docker_watch;
struct stats_watch;
struct caddy_watch;
struct files_watch;
struct host_watch;

struct live {
	struct loop *loop;
	struct http *http; /* NULL: nothing is watched */
	struct live_events events;
	json_t *log;
	struct docker_watch *docker;
	struct stats_watch *stats;
	struct caddy_watch *caddys; /* one for each address */
	size_t caddy_count;
	json_t *upstreams; /* of all Caddys together */
	struct files_watch *files;
	struct host_watch *host;
	json_t *told; /* of a fake run */
};

/* --- live.c --- */

/* One more entry of the log, of this moment. app: or NULL. */
__attribute__((format(printf, 4, 5))) void live_log_add(struct live *live, const char *source,
							const char *app, const char *fmt, ...);
/* The same, at a time (seconds). */
void live_log_at(struct live *live, json_int_t time, const char *source, const char *app,
		 const char *text);
void live_tell_numbers(struct live *live);

/* A server that is asked now and then. */
struct watched {
	struct live *live;
	struct live_peer peer;
	uint64_t slow_timer;
};
void watched_asked(struct watched *watched);
/* It answered, or there is no more to wait for. */
void watched_answered(struct watched *watched);
/* Each says whether that is news: up where it was not, or the other way round. */
bool watched_up(struct watched *watched);
bool watched_down(struct watched *watched, const struct kata_error *e);

/* --- live_docker.c --- */

struct docker_watch *docker_watch_new(struct live *live, const struct live_options *options);
void docker_watch_free(struct docker_watch *watch);
const struct live_peer *docker_watch_peer(const struct docker_watch *watch);
/* To ask it something; NULL while it is not up. */
struct docker *docker_watch_engine(struct docker_watch *watch);
/* A request got no answer for long, or failed: is the engine still there? */
void docker_watch_check(struct docker_watch *watch);

/* --- live_stats.c --- */

struct stats_watch *stats_watch_new(struct live *live);
void stats_watch_free(struct stats_watch *watch);
/* The engine came or went. */
void stats_watch_pause(struct stats_watch *watch, bool paused);
void stats_watch_engine(struct stats_watch *watch, bool up);
void stats_watch_want(struct stats_watch *watch, const json_t *ids);
const json_t *stats_watch_shown(const struct stats_watch *watch);

/* --- live_caddy.c --- */

void caddy_watch_start(struct live *live, const struct live_options *options);
void caddy_watch_stop(struct live *live);

/* --- live_files.c --- */

struct files_watch *files_watch_new(struct live *live, const char *root);
void files_watch_free(struct files_watch *watch);

/* --- live_host.c --- */

struct host_watch *host_watch_new(const char *root);
void host_watch_free(struct host_watch *watch);
const json_t *host_watch_read(struct host_watch *watch);

#endif
