/*
 * Every Caddy: its servers are read at an interval, and only a hash of them is kept, to tell that
 * they changed; every other time also what its proxies are doing. A Caddy that is away is asked
 * less often.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kata/caddy.h"
#include "kata/json.h"
#include "kata/memory.h"
#include "kata/text.h"
#include "ui/live_private.h"

#define UPSTREAMS_PATH "/reverse_proxy/upstreams"

enum { INTERVAL_MS = 1000, AWAY_MAX_MS = 5000, TIMEOUT_MS = 2000, MESSAGE_MAX = 300 };

struct caddy_watch {
	struct watched watched; /* first */
	struct http_endpoint endpoint;
	bool usable;
	int interval_ms;
	struct transfer *call; /* one at a time */
	uint64_t timer;
	bool again; /* asked for while a request was under way */
	unsigned rounds, failures;
	uint64_t hash;	   /* of the body that is coming in */
	char first;	   /* its first character that is no space; 0: none yet */
	char *tag;	   /* what the servers were when last seen, or NULL */
	json_t *upstreams; /* {"address": {"requests", "fails"}} of this Caddy */
};

static void ask(struct caddy_watch *watch);

static bool is_stopping(const struct caddy_watch *watch, const struct kata_error *e)
{
	return e->code == ERROR_CANCELLED && loop_stopped(watch->watched.live->loop);
}

static void ask_due(void *arg)
{
	struct caddy_watch *watch = arg;

	watch->timer = 0;
	ask(watch);
}

static void ask_in(struct caddy_watch *watch, int64_t ms)
{
	loop_timer_cancel(watch->watched.live->loop, watch->timer);
	watch->timer = loop_timer(watch->watched.live->loop, ms, ask_due, watch);
}

/* The next time: longer and longer while it is away. */
static void ask_later(struct caddy_watch *watch)
{
	int64_t ms = watch->interval_ms;

	for (unsigned i = 1; i < watch->failures && ms < AWAY_MAX_MS; i++)
		ms *= 2;
	if (watch->failures && ms > AWAY_MAX_MS && watch->interval_ms < AWAY_MAX_MS)
		ms = AWAY_MAX_MS;
	ask_in(watch, watch->again ? 0 : ms);
	watch->again = false;
}

static void tell(struct caddy_watch *watch)
{
	struct live *live = watch->watched.live;

	if (live->events.caddy)
		live->events.caddy(live->events.arg);
}

/* Which of several is meant. */
static void log_add(struct caddy_watch *watch, const char *what, const char *why)
{
	struct live *live = watch->watched.live;
	bool many = live->caddy_count > 1;

	live_log_add(live, "caddy", NULL, "%s%s%s%s", many ? watch->endpoint.text : "",
		     many ? ": " : "", what, why);
}

/* --- requests in flight --- */

static void add_upstream(json_t *all, const char *address, double requests, double fails)
{
	json_t *entry = json_object_get(all, address);

	requests += json_number_value(json_object_get(entry, "requests"));
	fails += json_number_value(json_object_get(entry, "fails"));
	json_object_set_new(all, address,
			    json_pack("{s:I,s:I}", "requests", (json_int_t)requests, "fails",
				      (json_int_t)fails));
}

/* Puts those of all Caddys together; says so when they differ from before. */
static void merge_upstreams(struct live *live)
{
	json_t *all = json_object(), *entry;
	const char *address;

	for (size_t i = 0; i < live->caddy_count; i++)
		json_object_foreach(live->caddys[i].upstreams, address, entry)
			add_upstream(all, address,
				     json_number_value(json_object_get(entry, "requests")),
				     json_number_value(json_object_get(entry, "fails")));
	bool same = json_equal(all, live->upstreams);
	json_decref(live->upstreams);
	live->upstreams = all;
	if (!same)
		live_tell_numbers(live);
}

static void take_upstreams(struct caddy_watch *watch, const struct http_response *response)
{
	struct kata_error ignored;
	json_t *list = json_parse_new(response->body.p, response->body.len, &ignored), *entry;
	size_t i;

	json_object_clear(watch->upstreams);
	json_array_foreach(list, i, entry) {
		const char *address = json_member_text(entry, "address");

		if (address)
			add_upstream(watch->upstreams, address,
				     json_number_value(json_object_get(entry, "num_requests")),
				     json_number_value(json_object_get(entry, "fails")));
	}
	json_decref(list);
}

/* Numbers only: whether Caddy is there is told by its servers. */
static void upstreams_done(void *arg, bool ok, struct http_response *response, struct kata_error *e)
{
	struct caddy_watch *watch = arg;

	watch->call = NULL;
	if (!ok && is_stopping(watch, e))
		return;
	watched_answered(&watch->watched);
	if (ok && response->status == 200)
		take_upstreams(watch, response);
	if (ok)
		http_response_release(response);
	ask_later(watch);
	merge_upstreams(watch->watched.live);
}

/* --- the servers --- */

/* The body is looked at as it comes, and not kept. */
static bool on_data(void *arg, const char *bytes, size_t len)
{
	struct caddy_watch *watch = arg;

	watch->hash = fnv1a64(bytes, len, watch->hash);
	for (size_t i = 0; i < len && !watch->first; i++)
		if (!strchr(" \t\r\n", bytes[i]))
			watch->first = bytes[i];
	return true;
}

static bool not_caddy(struct kata_error *e)
{
	error_set(e, ERROR_PROTOCOL, "this is not Caddy's admin API");
	error_hint(e, "check CADDY_ADMIN: it must be the address of Caddy's admin API");
	return false;
}

/* An answer that is no success. True: Caddy says that it has no servers yet. */
static bool accept_refusal(const struct http_response *response, struct kata_error *e)
{
	struct kata_error ignored;
	json_t *body = json_parse_new(response->body.p, response->body.len, &ignored);
	const char *message = json_member_text(body, "error");
	bool none = false;

	if (!message)
		not_caddy(e);
	else if (response->status == 404 || strstr(message, "invalid traversal path"))
		none = true;
	else
		error_set(e, response->status == 403 ? ERROR_DENIED : ERROR_REFUSED,
			  "Caddy's admin API refuses: %.*s", MESSAGE_MAX, message);
	e->http = response->status;
	json_decref(body);
	return none;
}

/* What the servers are, as a text to compare; NULL: e. */
static char *tag_new(struct caddy_watch *watch, const struct http_response *response,
		     struct kata_error *e)
{
	struct str tag = STR_INIT;

	if (response->status / 100 != 2) {
		if (!accept_refusal(response, e))
			return NULL;
		str_add(&tag, "none");
	} else if ((watch->first != '{' && watch->first != 'n') ||
		   !strncasecmp(response->type.p, "text/html", 9)) {
		not_caddy(e);
		return NULL;
	} else if (response->etag.len) {
		str_addn(&tag, response->etag.p, response->etag.len);
	} else {
		str_addf(&tag, "%016llx", (unsigned long long)watch->hash);
	}
	return str_detach(&tag);
}

static void now_down(struct caddy_watch *watch, const struct kata_error *e)
{
	bool news;

	watch->failures++;
	watch->rounds = 0;
	json_object_clear(watch->upstreams);
	ask_later(watch);
	news = watched_down(&watch->watched, e);
	merge_upstreams(watch->watched.live);
	if (!news)
		return;
	log_add(watch, "does not answer: ", e->msg);
	tell(watch);
}

static void ask_upstreams(struct caddy_watch *watch)
{
	watched_asked(&watch->watched);
	watch->call = http_start(watch->watched.live->http,
				 &(struct http_request){.endpoint = &watch->endpoint,
							.method = "GET",
							.path = UPSTREAMS_PATH,
							.timeout_ms = TIMEOUT_MS},
				 upstreams_done, watch);
}

static void now_up(struct caddy_watch *watch, char *tag_take)
{
	bool was_known = watch->watched.peer.known;
	bool changed = watch->tag && strcmp(watch->tag, tag_take) != 0;
	bool news = watched_up(&watch->watched);

	free(watch->tag);
	watch->tag = tag_take;
	watch->failures = 0;
	if (!watch->again && watch->rounds++ % 2 == 0)
		ask_upstreams(watch);
	else
		ask_later(watch);
	if (news && was_known)
		log_add(watch, "answers again", "");
	if (changed)
		log_add(watch, "the config changed", "");
	if (news || changed)
		tell(watch);
}

static void servers_done(void *arg, bool ok, struct http_response *response, struct kata_error *e)
{
	struct caddy_watch *watch = arg;
	struct kata_error why = {0};
	char *tag = NULL;

	watch->call = NULL;
	if (!ok && is_stopping(watch, e))
		return;
	watched_answered(&watch->watched);
	if (ok)
		tag = tag_new(watch, response, &why);
	else
		why = *e;
	if (ok)
		http_response_release(response);
	if (tag)
		now_up(watch, tag);
	else
		now_down(watch, &why);
}

static void ask(struct caddy_watch *watch)
{
	watch->hash = FNV64_INIT;
	watch->first = '\0';
	watched_asked(&watch->watched);
	watch->call = http_start(watch->watched.live->http,
				 &(struct http_request){.endpoint = &watch->endpoint,
							.method = "GET",
							.path = CADDY_SERVERS_PATH,
							.timeout_ms = TIMEOUT_MS,
							.on_data = on_data,
							.stream_arg = watch},
				 servers_done, watch);
}

/* --- from outside --- */

/* An address that is none: nothing will change that. */
static void unusable_due(void *arg)
{
	struct caddy_watch *watch = arg;

	watch->timer = 0;
	tell(watch);
}

static void watch_init(struct caddy_watch *watch, struct live *live, const char *endpoint,
		       int interval_ms)
{
	struct live_peer *peer = &watch->watched.peer;

	watch->watched.live = live;
	watch->interval_ms = interval_ms ? interval_ms : INTERVAL_MS;
	watch->upstreams = json_object();
	peer->endpoint = xstrdup(endpoint);
	watch->usable = http_endpoint_parse(&watch->endpoint, endpoint, &peer->error);
	if (!live->http)
		return;
	peer->known = !watch->usable;
	watch->timer = loop_timer(live->loop, 0, watch->usable ? ask_due : unusable_due, watch);
}

void caddy_watch_start(struct live *live, const struct live_options *options)
{
	json_t *endpoint;
	size_t i;

	live->caddy_count = json_array_size(options->caddy);
	live->caddys = xcalloc(live->caddy_count ? live->caddy_count : 1, sizeof *live->caddys);
	json_array_foreach((json_t *)options->caddy, i, endpoint) {
		const char *text = json_string_value(endpoint);

		watch_init(&live->caddys[i], live, text ? text : "", options->interval_ms);
	}
}

void caddy_watch_stop(struct live *live)
{
	for (size_t i = 0; i < live->caddy_count; i++) {
		struct caddy_watch *watch = &live->caddys[i];

		if (watch->call)
			http_cancel(watch->call);
		loop_timer_cancel(live->loop, watch->timer);
		loop_timer_cancel(live->loop, watch->watched.slow_timer);
		http_endpoint_release(&watch->endpoint);
		json_decref(watch->upstreams);
		free((char *)watch->watched.peer.endpoint);
		free(watch->tag);
	}
	free(live->caddys);
}

const struct live_peer *live_caddy(const struct live *live, size_t i)
{
	return &live->caddys[i].watched.peer;
}

void live_caddy_soon(struct live *live)
{
	for (size_t i = 0; live->http && i < live->caddy_count; i++) {
		struct caddy_watch *watch = &live->caddys[i];

		if (watch->call)
			watch->again = true;
		else if (watch->usable)
			ask_in(watch, 0);
	}
}
