/*
 * The engine: is it there, and what happens in it. A ping tells whether it answers, then the event
 * stream is opened, then a second ping tells that both work; only then is it up, and the listener
 * reads. The stream begins in the past, so what happens meanwhile is in it. While the stream is
 * open nothing more is asked. An engine that is away is tried again after a while, at once when
 * its socket appears.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "kata/json.h"
#include "kata/memory.h"
#include "ui/live_private.h"

enum {
	HUNG_MS = 3000,	    /* then it is down; the ping still waits */
	GIVE_UP_MS = 10000, /* for that long */
	STEADY_MS = 2000,   /* a stream that lived so long and ended is opened again at once */
	APPEARED_MS = 50,   /* from the socket's appearance to the next try */
	LEAST_MS = 1000,    /* from a failure to the next try */
	HISTORY_S = 3600,   /* the first stream begins so long ago, for the log */
	SHORT_ID = 12,
};
static const int retry_ms[] = {1000, 2000, 4000, 8000, 10000};
enum { RETRIES = sizeof retry_ms / sizeof retry_ms[0] };

/* What changes something that is shown. Chosen by the engine, so that health checks, which make
 * three events each, do not even wake us. */
static const char filters[] =
	"{\"type\":[\"container\",\"service\",\"network\",\"volume\",\"image\",\"node\","
	"\"secret\",\"config\"],"
	"\"event\":[\"create\",\"start\",\"restart\",\"stop\",\"die\",\"oom\",\"pause\","
	"\"unpause\",\"rename\",\"update\",\"destroy\",\"remove\",\"health_status\",\"connect\","
	"\"disconnect\",\"pull\",\"tag\",\"untag\",\"delete\",\"load\",\"import\"]}";

struct docker_watch {
	struct watched watched; /* first */
	struct docker docker;
	bool usable; /* docker is there */
	bool told;   /* what became of the present stream was told */
	struct transfer *ping;
	struct docker_stream *stream;
	uint64_t hung_timer, retry_timer;
	int64_t asked_ms, stream_ms; /* when the ping, the stream was started */
	int64_t since_ns;	     /* of the engine's clock: where the next stream begins */
	unsigned failures;	     /* in a row */
	json_t *health;		     /* id -> what the latest event of its health said */
	int folder;		     /* inotify of the socket's folder, or -1 */
};

static void ping_start(struct docker_watch *watch);
static void away(struct docker_watch *watch, const struct kata_error *e);

static bool is_stopping(const struct docker_watch *watch, const struct kata_error *e)
{
	return e->code == ERROR_CANCELLED && loop_stopped(watch->watched.live->loop);
}

/* --- what is told --- */

static void tell_state(struct docker_watch *watch)
{
	struct live *live = watch->watched.live;

	stats_watch_engine(live->stats, watch->watched.peer.up);
	if (live->events.docker_state)
		live->events.docker_state(live->events.arg);
}

static bool is_steady(const struct docker_watch *watch)
{
	return watch->watched.peer.up && loop_now_ms() - watch->stream_ms >= STEADY_MS;
}

static void now_down(struct docker_watch *watch, const struct kata_error *e)
{
	if (!watched_down(&watch->watched, e))
		return;
	watch->told = false;
	live_log_add(watch->watched.live, "docker", NULL, "the engine is away: %s", e->msg);
	tell_state(watch);
}

/* The stream is open and the engine answers. */
static void now_up(struct docker_watch *watch)
{
	bool was_known = watch->watched.peer.known;
	bool news = watched_up(&watch->watched);

	if (news && was_known)
		live_log_add(watch->watched.live, "docker", NULL, "the engine answers again");
	if (!news && watch->told)
		return;
	watch->told = true;
	tell_state(watch);
}

/* --- the socket's appearance --- */

static void try_again(void *arg)
{
	struct docker_watch *watch = arg;

	watch->retry_timer = 0;
	if (!watch->ping)
		ping_start(watch);
}

static void try_in(struct docker_watch *watch, int64_t ms)
{
	struct loop *loop = watch->watched.live->loop;

	loop_timer_cancel(loop, watch->retry_timer);
	watch->retry_timer = loop_timer(loop, ms, try_again, watch);
}

static void folder_stop(struct docker_watch *watch)
{
	if (watch->folder < 0)
		return;
	loop_fd(watch->watched.live->loop, watch->folder, 0, NULL, NULL);
	close(watch->folder);
	watch->folder = -1;
}

static void on_folder(void *arg, int fd, short revents)
{
	_Alignas(struct inotify_event) char bytes[4096];
	struct docker_watch *watch = arg;
	const char *slash = strrchr(watch->docker.endpoint.socket, '/');
	ssize_t n = read(fd, bytes, sizeof bytes);
	bool appeared = false;

	(void)revents;
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event = (const struct inotify_event *)(bytes + at);

		appeared |= event->len && !strcmp(event->name, slash + 1);
		at += (ssize_t)(sizeof *event + event->len);
	}
	if (n <= 0 && errno != EAGAIN && errno != EINTR)
		folder_stop(watch);
	if (!appeared || watch->ping)
		return;
	watch->failures = 0;
	try_in(watch, APPEARED_MS);
}

static void folder_start(struct docker_watch *watch)
{
	const char *path = watch->docker.endpoint.socket;
	const char *slash = path ? strrchr(path, '/') : NULL;
	struct str folder = STR_INIT;

	if (!slash || watch->folder >= 0)
		return;
	str_addn(&folder, path, slash == path ? 1 : (size_t)(slash - path));
	watch->folder = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->folder >= 0)
		loop_fd(watch->watched.live->loop, watch->folder, POLLIN, on_folder, watch);
	if (watch->folder >= 0 &&
	    inotify_add_watch(watch->folder, folder.p, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0)
		folder_stop(watch);
	str_release(&folder);
}

/* --- events --- */

static int64_t event_ns(const json_t *event)
{
	json_int_t ns = json_integer_value(json_object_get(event, "timeNano"));
	json_int_t s = json_integer_value(json_object_get(event, "time"));

	return ns ? ns + 1 : s < INT64_MAX / 1000000000 ? s * 1000000000 : 0;
}

/* What stands behind the action, by attribute. */
static const struct {
	const char *attribute, *action, *text;
} details[] = {
	{"exitCode", "die", ", exit code "},	     {"container", "connect", ", container "},
	{"container", "disconnect", ", container "}, {"oldName", "rename", ", was "},
	{"updatestate.new", "update", ", "},
};

static bool is_id(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static void log_event(struct docker_watch *watch, const json_t *event, const char *action)
{
	const json_t *actor = json_object_get(event, "Actor");
	const json_t *attributes = json_object_get(actor, "Attributes");
	const char *type = json_member_text(event, "Type"), *id = json_member_text(actor, "ID");
	const char *name = json_member_text(attributes, "name");
	const char *app = json_member_text(attributes, "com.docker.compose.project");
	struct str text = STR_INIT;

	if (!name || !*name)
		name = id ? id : "";
	if (!strncmp(name, "sha256:", 7))
		name += 7;
	if (!app)
		app = json_member_text(attributes, "com.docker.stack.namespace");
	str_addf(&text, "%s %.*s: %s", type ? type : "", is_id(name) ? SHORT_ID : 200, name,
		 action);
	for (size_t i = 0; i < sizeof details / sizeof details[0]; i++) {
		const char *value = json_member_text(attributes, details[i].attribute);

		if (value && !strcmp(action, details[i].action))
			str_addf(&text, "%s%.*s", details[i].text, is_id(value) ? SHORT_ID : 200,
				 value);
	}
	live_log_at(watch->watched.live, json_integer_value(json_object_get(event, "time")),
		    "docker", app, text.p);
	str_release(&text);
}

/* Newer engines tell every check's outcome, also when it is the same as before. */
static bool is_news(struct docker_watch *watch, const json_t *event, const char *action)
{
	const char *id = json_member_text(json_object_get(event, "Actor"), "ID");
	const char *before = id ? json_member_text(watch->health, id) : NULL;

	if (!strncmp(action, "exec_", 5))
		return false;
	if (!id)
		return true;
	if (!strncmp(action, "health_status", 13)) {
		if (before && !strcmp(before, action))
			return false;
		json_object_set_new(watch->health, id, json_string(action));
	} else if (!strcmp(action, "die") || !strcmp(action, "destroy")) {
		json_object_del(watch->health, id);
	}
	return true;
}

static bool on_event(void *arg, const json_t *event)
{
	struct docker_watch *watch = arg;
	struct live *live = watch->watched.live;
	const char *action = json_member_text(event, "Action");
	int64_t ns = event_ns(event);

	if (ns > watch->since_ns)
		watch->since_ns = ns;
	watch->watched.peer.good_ms = loop_now_ms();
	if (!action || !is_news(watch, event, action))
		return true;
	/* Each start and stop comes with its own. */
	if (strcmp(action, "connect") != 0 && strcmp(action, "disconnect") != 0)
		log_event(watch, event, action);
	/* What comes earlier is seen by the reading that follows the state. */
	if (watch->told && live->events.docker)
		live->events.docker(live->events.arg, event);
	return true;
}

static void stream_over(void *arg, bool ok, struct kata_error *e)
{
	struct docker_watch *watch = arg;
	struct kata_error why = {0};

	watch->stream = NULL;
	if (!ok && is_stopping(watch, e))
		return;
	if (ok)
		error_set(&why, ERROR_LOST, "%s ended its event stream",
			  watch->docker.endpoint.text);
	else
		why = *e;
	if (!is_steady(watch)) {
		away(watch, &why);
		return;
	}
	/* As long as it was open, all was well. It may be a proxy that ends what is idle: the next
	 * ping tells. */
	watch->watched.peer.good_ms = loop_now_ms();
	watch->failures = 0;
	if (!watch->ping)
		ping_start(watch);
}

static void subscribe(struct docker_watch *watch)
{
	struct arena *a = arena_new();
	char since[48];

	snprintf(since, sizeof since, "%lld.%09lld", (long long)(watch->since_ns / 1000000000),
		 (long long)(watch->since_ns % 1000000000));
	watch->told = false;
	watch->stream_ms = loop_now_ms();
	json_object_clear(watch->health);
	watch->stream = docker_stream_start(
		&watch->docker,
		&(struct docker_request){
			.method = "GET",
			.path = docker_path(a, "/events?since=%s&filters=%s", since, filters)},
		on_event, stream_over, watch);
	arena_free(a);
}

/* --- the ping --- */

static void ping_stop(struct docker_watch *watch)
{
	loop_timer_cancel(watch->watched.live->loop, watch->hung_timer);
	watch->hung_timer = 0;
	if (watch->ping)
		http_cancel(watch->ping);
	watch->ping = NULL;
}

/* Ends what is open, and tries again later. The time that the try took is part of the wait. */
static void away(struct docker_watch *watch, const struct kata_error *e)
{
	int64_t wait;

	if (is_steady(watch))
		watch->failures = 0;
	wait = retry_ms[watch->failures < RETRIES ? watch->failures : RETRIES - 1];
	wait -= loop_now_ms() - watch->asked_ms;
	ping_stop(watch);
	if (watch->stream)
		docker_stream_cancel(watch->stream);
	watch->stream = NULL;
	watch->failures++;
	if (wait < LEAST_MS)
		wait = LEAST_MS;
	folder_start(watch);
	/* It may have come between the failure and the watching. */
	if (e->sys == ENOENT && watch->folder >= 0 &&
	    access(watch->docker.endpoint.socket, F_OK) == 0)
		wait = APPEARED_MS;
	try_in(watch, wait);
	watched_answered(&watch->watched);
	now_down(watch, e);
}

static void ping_done(void *arg, bool ok, const struct docker_answer *answer, struct kata_error *e)
{
	struct docker_watch *watch = arg;

	(void)answer;
	watch->ping = NULL;
	ping_stop(watch);
	if (!ok && is_stopping(watch, e))
		return;
	if (!ok) {
		away(watch, e);
		return;
	}
	watched_answered(&watch->watched);
	watch->watched.peer.good_ms = loop_now_ms();
	if (watch->stream) {
		folder_stop(watch);
		now_up(watch);
		return;
	}
	subscribe(watch);
	ping_start(watch);
}

/* The ping goes on waiting, and so does the stream: an engine that wakes up is seen at once. */
static void hung_due(void *arg)
{
	struct docker_watch *watch = arg;
	struct kata_error e;

	watch->hung_timer = 0;
	if (is_steady(watch))
		watch->failures = 0;
	error_set(&e, ERROR_TIMEOUT, "no answer in time from %s", watch->docker.endpoint.text);
	error_hint(&e, "the engine takes connections but does not answer: is it overloaded, or "
		       "still starting?");
	now_down(watch, &e);
}

static void ping_start(struct docker_watch *watch)
{
	struct loop *loop = watch->watched.live->loop;

	loop_timer_cancel(loop, watch->retry_timer);
	watch->retry_timer = 0;
	watch->asked_ms = loop_now_ms();
	watch->hung_timer = loop_timer(loop, HUNG_MS, hung_due, watch);
	watched_asked(&watch->watched);
	watch->ping =
		docker_start(&watch->docker,
			     &(struct docker_request){
				     .method = "GET", .path = "/_ping", .timeout_ms = GIVE_UP_MS},
			     ping_done, watch);
}

/* --- from outside --- */

/* An address that is none: nothing will change that. */
static void unusable_due(void *arg)
{
	struct docker_watch *watch = arg;

	watch->retry_timer = 0;
	tell_state(watch);
}

struct docker_watch *docker_watch_new(struct live *live, const struct live_options *options)
{
	struct docker_watch *watch = xcalloc(1, sizeof *watch);
	struct live_peer *peer = &watch->watched.peer;

	watch->watched.live = live;
	watch->folder = -1;
	watch->health = json_object();
	watch->since_ns = ((int64_t)time(NULL) - HISTORY_S) * 1000000000;
	watch->usable = docker_init(&watch->docker, live->http, options->docker,
				    options->docker_env, options->cert_path, &peer->error);
	peer->endpoint = xstrdup(watch->usable	       ? watch->docker.endpoint.text
				 : options->docker     ? options->docker
				 : options->docker_env ? options->docker_env
						       : "");
	if (live->http && watch->usable) {
		try_in(watch, 0);
	} else if (live->http) {
		peer->known = true;
		watch->retry_timer = loop_timer(live->loop, 0, unusable_due, watch);
	}
	return watch;
}

void docker_watch_free(struct docker_watch *watch)
{
	if (!watch)
		return;
	struct loop *loop = watch->watched.live->loop;
	ping_stop(watch);
	if (watch->stream)
		docker_stream_cancel(watch->stream);
	folder_stop(watch);
	loop_timer_cancel(loop, watch->retry_timer);
	loop_timer_cancel(loop, watch->watched.slow_timer);
	if (watch->usable)
		docker_release(&watch->docker);
	json_decref(watch->health);
	free((char *)watch->watched.peer.endpoint);
	free(watch);
}

const struct live_peer *docker_watch_peer(const struct docker_watch *watch)
{
	return &watch->watched.peer;
}

struct docker *docker_watch_engine(struct docker_watch *watch)
{
	return watch->watched.peer.up && watch->usable && watch->docker.http ? &watch->docker
									     : NULL;
}

void docker_watch_check(struct docker_watch *watch)
{
	if (watch->stream && !watch->ping)
		ping_start(watch);
}
