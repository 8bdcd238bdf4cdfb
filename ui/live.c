/*
 * The watchers together: making and ending them, the log of what happened, and what a server is
 * seen as (up, slow, down). What each of them watches is in live_*.c.
 */
#include "ui/live.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kata/json.h"
#include "kata/memory.h"
#include "kata/text.h"
#include "ui/live_private.h"

enum { SLOW_MS = 1000, LOG_MAX = 500, LOG_TEXT_MAX = 500 };

/* --- the log --- */

void live_log_at(struct live *live, json_int_t time, const char *source, const char *app,
		 const char *text)
{
	size_t len = strlen(text);
	json_t *entry = json_object();

	/* Cut between characters; what is no UTF-8 ends it, too. */
	len = utf8_check(text, len < LOG_TEXT_MAX ? len : LOG_TEXT_MAX);
	json_object_set_new(entry, "time", json_integer(time));
	json_object_set_new(entry, "source", json_string(source));
	json_object_set_new(entry, "text", json_stringn(text, len));
	if (app)
		json_object_set_new(entry, "app", json_string(app));
	json_array_append_new(live->log, entry);
	if (json_array_size(live->log) > LOG_MAX)
		json_array_remove(live->log, 0);
}

void live_log_add(struct live *live, const char *source, const char *app, const char *fmt, ...)
{
	struct str text = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	live_log_at(live, (json_int_t)time(NULL), source, app, text.p);
	str_release(&text);
}

void live_tell_numbers(struct live *live)
{
	if (live->events.numbers)
		live->events.numbers(live->events.arg);
}

/* --- a server --- */

static void slow_due(void *arg)
{
	struct watched *watched = arg;

	watched->slow_timer = 0;
	watched->peer.slow = true;
	live_tell_numbers(watched->live);
}

void watched_asked(struct watched *watched)
{
	struct loop *loop = watched->live->loop;

	loop_timer_cancel(loop, watched->slow_timer);
	watched->slow_timer = loop_timer(loop, SLOW_MS, slow_due, watched);
}

void watched_answered(struct watched *watched)
{
	bool was_slow = watched->peer.slow;

	loop_timer_cancel(watched->live->loop, watched->slow_timer);
	watched->slow_timer = 0;
	watched->peer.slow = false;
	if (was_slow)
		live_tell_numbers(watched->live);
}

bool watched_up(struct watched *watched)
{
	struct live_peer *peer = &watched->peer;
	bool news = !peer->known || !peer->up;

	peer->known = peer->up = true;
	peer->good_ms = loop_now_ms();
	peer->error = (struct kata_error){0};
	return news;
}

bool watched_down(struct watched *watched, const struct kata_error *e)
{
	struct live_peer *peer = &watched->peer;
	bool news = !peer->known || peer->up;
	bool other = strcmp(peer->error.msg, e->msg) != 0;

	peer->known = true;
	peer->up = false;
	peer->error = *e;
	if (!news && other)
		live_tell_numbers(watched->live);
	return news;
}

/* --- all together --- */

struct live *live_new(struct loop *loop, const struct live_options *options,
		      const struct live_events *events)
{
	struct live *live = xcalloc(1, sizeof *live);

	live->loop = loop;
	live->events = *events;
	live->log = json_array();
	live->upstreams = json_object();
	if (!options->no_events)
		live->http = http_new(loop);
	live->host = host_watch_new(options->root);
	live->stats = stats_watch_new(live);
	live->docker = docker_watch_new(live, options);
	caddy_watch_start(live, options);
	if (!options->no_events)
		live->files = files_watch_new(live, options->root);
	return live;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	stats_watch_free(live->stats);
	docker_watch_free(live->docker);
	caddy_watch_stop(live);
	files_watch_free(live->files);
	host_watch_free(live->host);
	http_free(live->http);
	json_decref(live->upstreams);
	json_decref(live->log);
	json_decref(live->told);
	free(live);
}

/* --- a fake run --- */

static void pretend_peer(const struct live_peer *peer, const json_t *said)
{
	struct live_peer *of_ours = (struct live_peer *)peer;
	const char *message = json_member_text(json_object_get(said, "error"), "message");

	if (!said)
		return;
	of_ours->known = true;
	of_ours->up = json_is_true(json_object_get(said, "reachable"));
	if (!of_ours->up)
		error_set(&of_ours->error, ERROR_UNAVAILABLE, "%s", message ? message : "");
}

void live_pretend(struct live *live, const json_t *status, const json_t *told)
{
	const json_t *caddy = json_object_get(status, "caddy");

	for (size_t i = 0; i < live->caddy_count; i++)
		pretend_peer(live_caddy(live, i), json_array_get(caddy, i));
	pretend_peer(live_docker(live), json_object_get(status, "docker"));
	if (!told)
		return;
	json_decref(live->told);
	live->told = json_deep_copy(told);
	json_array_extend(live->log, json_object_get(told, "log"));
}

const struct live_peer *live_docker(const struct live *live)
{
	return docker_watch_peer(live->docker);
}

size_t live_caddy_count(const struct live *live)
{
	return live->caddy_count;
}

void live_want_stats(struct live *live, const json_t *ids)
{
	stats_watch_want(live->stats, ids);
}

void live_pause_stats(struct live *live, bool paused)
{
	stats_watch_pause(live->stats, paused);
}

const json_t *live_stats(const struct live *live)
{
	return live->told ? json_object_get(live->told, "stats") : stats_watch_shown(live->stats);
}

const json_t *live_host(struct live *live)
{
	return live->told ? json_object_get(live->told, "host") : host_watch_read(live->host);
}

const json_t *live_upstreams(const struct live *live)
{
	return live->upstreams;
}

const json_t *live_log(const struct live *live)
{
	return live->log;
}
