/*
 * Caddy's Admin API, as kata-tui uses it: one guarded read of all HTTP servers, one guarded write.
 * Answers are turned into values and errors here; what they mean for apps is core's.
 * Source: shared facts about Caddy 2.6.2 to 2.11, each checked by tests against the real servers.
 */
#ifndef KATA_CADDY_H
#define KATA_CADDY_H

#include <jansson.h>
#include <stdbool.h>

#include "kata/error.h"
#include "kata/http.h"
#include "kata/memory.h"

#define CADDY_SERVERS_PATH "/config/apps/http/servers"

enum caddy_hash { CADDY_HASH_UNKNOWN, CADDY_HASH_FNV1A32, CADDY_HASH_XXH64 };

struct caddy_reading;

/* One observation of one Caddy. */
struct caddy_live {
	bool good; /* false: error says why, nothing else is set */
	struct kata_error error;
	json_t *servers;  /* object; empty when Caddy has none yet */
	struct str raw;	  /* the bytes of the answer, as Caddy sent them */
	bool missing;	  /* servers is absent or null in Caddy's config: write with PUT */
	char *guard_path; /* what the tag below covers: CADDY_SERVERS_PATH, or "/config/" */
	char *guard_hash;
	enum caddy_hash hash; /* how sub-tree hashes are made; unknown: only this tag is known */
	bool old;	      /* tag came in a trailer: Caddy before 2.8 */
	pid_t peer;	      /* Caddy's process for a unix socket, else 0 */
	bool same_network;    /* Caddy certainly shares our network namespace */
	struct caddy_reading *reading; /* private: the read under way */
};

void caddy_live_init(struct caddy_live *live);
void caddy_live_release(struct caddy_live *live);

/*
 * Starts reading into a fresh *live and calls done() from the loop; until then *live and the
 * endpoint are borrowed, and *live outlives the client. `null`, or no http app yet
 * (400 invalid traversal path), is good with no servers; then the tag is of /config/ as a whole.
 * HTML, bad JSON, other types: ERROR_PROTOCOL with a hint about the address.
 */
typedef void caddy_done(void *arg);
void caddy_read(struct http *http, const struct http_endpoint *endpoint, struct caddy_live *live,
		caddy_done *done, void *arg);

/* "path hash" in quotes for If-Match, from bytes of a sub-tree as Caddy printed them (without the
 * final newline). False when the hash is unknown. */
bool caddy_tag(enum caddy_hash hash, const char *path, const char *bytes, size_t len,
	       struct str *out);

struct caddy_write {
	const char *method; /* PATCH PUT POST DELETE */
	const char *path;   /* percent-encoding not needed: only safe characters */
	const char *body;   /* JSON text, or NULL for DELETE */
	size_t len;
	const char *if_match;
	bool revalidate; /* make Caddy load its config even when this changes nothing */
};

/*
 * Sends it. Errors: ERROR_CONFLICT (412, or a path that is gone: observe again), ERROR_REFUSED
 * (Caddy's message in msg, unwrapped from its JSON), ERROR_LOST and ERROR_TIMEOUT (outcome unknown:
 * observe again), and http.h's.
 * A body that is empty or null is BUG().
 */
bool caddy_send(struct http *http, const struct http_endpoint *endpoint,
		const struct caddy_write *write, struct kata_error *e);

/* What a refusal names, taken from its text; borrowed parts are copied into the arena. */
struct caddy_refusal {
	const char *server;  /* key in servers, or NULL */
	const char *server2; /* the other side of "listener address repeated", or NULL */
	const char *address; /* "tcp/:443" or as it stands in the text, or NULL */
	const char *field;   /* unknown or mistyped field, or NULL */
	char path[256];	     /* inside the server: "routes/1/handle/0/routes/2", as far as named */
	bool start;	     /* failed while starting: old versions leave listeners behind */
};
void caddy_refusal_parse(const char *message, struct arena *arena, struct caddy_refusal *out);

/* GET of any admin path as text, for status: version, upstreams. */
bool caddy_get(struct http *http, const struct http_endpoint *endpoint, const char *path,
	       struct http_response *response, struct kata_error *e);

#endif
