/*
 * Private to core's routing files: marks, hosts, what is live, and what each app shall be.
 * The way of the data: live.c reads marks off the live servers; resolve.c settles which app
 * gets what (groups.c: who meets on which address); compile.c builds servers from that, out of the
 * pieces of parts.c and merge.c; plan.c ties them together.
 */
#ifndef KATA_CORE_SITES_H
#define KATA_CORE_SITES_H

#include "kata/address.h"
#include "kata/plan.h"

/* --- mark.c: the "@id" of what is ours: kata:<owner>:<name>[@<place>[:<part>]] --- */

struct mark {
	const char *name;  /* app, or kata_... for a shared server */
	const char *place; /* address slug or foreign server, or NULL: the server itself */
	const char
		*part; /* "", "w2", "any", "err", "err-w2", "tls", "tls1", "tls1-w2", "tls-sni" */
};

/* True when id carries this owner's mark; texts go to the arena. */
bool mark_parse(struct arena *a, const char *owner, const char *id, struct mark *out);
/* The mark in an object's "@id"; false for what is not an object or not ours. */
bool mark_of(struct arena *a, const char *owner, const json_t *object, struct mark *out);
/* The same for a server; the mark of a part does not make one ours. */
bool mark_of_server(struct arena *a, const char *owner, const json_t *server, struct mark *out);
/* part may be "" and place NULL. */
const char *mark_text(struct arena *a, const char *owner, const char *name, const char *place,
		      const char *part);
/* Which of its app's TLS policies a part "tls", "tls1" or "tls2-w1" is. */
enum { MARK_POLICIES_MAX = 1000 };
size_t mark_policy(struct arena *a, const struct mark *mark);
/* Marked by any kata-tui, ours or another owner's. */
bool mark_is_any(const json_t *object);

/* --- hosts.c: which hosts a list of routes answers for --- */

struct hosts {
	const char **items; /* lower case, sorted, unique */
	size_t count;
	bool any; /* some route can match a request for any other host */
};

void hosts_of_routes(struct arena *a, const json_t *routes, struct hosts *out);
/* The host as it stands in the list, whatever its case; NULL when it is not there. */
const char *hosts_find(const struct hosts *hosts, const char *host);
/* The same for a name that may carry a port. */
const char *hosts_find_name(const struct hosts *hosts, const char *name);
/* Whether one route can match without naming a host. */
bool hosts_route_is_open(const json_t *route);
/* HOST_EXACT for a plain name; else how many labels are literal ("*.a.com": 2). */
enum { HOST_EXACT = 1000 };
int host_rank(const char *host);
/* Two patterns that can match one name. */
bool host_overlap(const char *a, const char *b);

/* --- live.c: what carries our marks in the live config --- */

/* A shared or foreign server that holds routes of an app, and the app's marked parts there. */
struct live_home {
	const char *key;
	const json_t *server;
	const struct address *address; /* of the first listener */
	const json_t *wrapper;	       /* around its routes */
	bool wrapper_any;	       /* ... the one for any host, as there is no other */
	const json_t *error;	       /* around its error routes, or NULL */
	json_t *policies; /* its TLS policies, null where one is lost, or NULL; in the pool */
	json_t *block;	  /* made by live_block_on */
};

struct live_app {
	const char *name;
	struct live *live;	 /* borrowed */
	const char *own;	 /* key of its own server, or NULL; of several the namesake */
	bool unmarked;		 /* own has no mark (yet) */
	struct live_home *homes; /* shared servers, by port */
	size_t home_count, home_cap;
	const char *attached;	   /* foreign server that holds its routes, or NULL */
	struct live_home *foreign; /* ... and its parts there */
	/* Set by live_decompile, which is work only some apps need: */
	json_t *block; /* borrowed from the pool */
	struct address *addresses;
	size_t address_count;
	struct hosts hosts;
};

struct live {
	struct arena *arena;
	const char *owner;
	const json_t *servers;
	json_t *pool; /* keeps decompiled values */
	struct live_app *apps;
	size_t count, cap;
	json_t *index; /* name -> integer */
};

/* live must stay where it is until live_release; live_adopt only before pointers to apps are kept.
 */
void live_scan(struct live *live, struct arena *a, const json_t *servers, const char *owner,
	       json_t *pool);
void live_release(struct live *live);
struct live_app *live_find(const struct live *live, const char *name);
/* Whether a server is foreign: not ours, neither own nor shared. */
bool live_is_foreign(const struct live *live, const char *key, const json_t *server);
/* Counts the unmarked server of an app's name as its own. */
void live_adopt(struct live *live, const char *name);
/* Makes the app's block, addresses and hosts, once. */
void live_decompile(struct live_app *app);
/* The app's block, or of an app in several shared servers what is merged in the one on an address
 * and as it is there. Borrowed. */
json_t *live_block_on(struct live_app *app, const char *key);

/* Fields of a server that belong to one app or are merged; all others must agree. */
bool server_field_is_merged(const char *field);
/* The same for a field of an object in it, such as automatic_https (merge.c). */
bool member_field_is_merged(const char *member, const char *field);
/* Addresses in a listen array, parsed. */
void addresses_of(struct arena *a, const json_t *listen, struct address **out, size_t *count);

/* --- resolve.c and compile.c --- */

enum intent {
	INTENT_NONE,   /* nothing wanted, nothing live, or refused with nothing live */
	INTENT_SET,    /* as the file says */
	INTENT_KEEP,   /* as it is live */
	INTENT_REMOVE, /* live, shall go */
};

struct site {
	const char *name;
	const struct app *app; /* or NULL: only live */
	struct live_app *live; /* or NULL */
	enum intent intent;
	bool refused;
	bool stale;    /* refused in this pass of resolve_conflicts */
	json_t *block; /* what it shall be: desired or decompiled; borrowed */
	struct address *addresses;
	size_t address_count;
	struct hosts hosts;
	bool shared;	    /* lives in shared servers */
	const char *attach; /* key of the foreign server its routes go into, or NULL */
};

struct sites {
	struct plan_caddy *plan;
	const struct plan_options *options;
	struct live live;
	struct site *items; /* sorted by name */
	size_t count;
};

/* By name, or NULL. */
struct site *sites_find(const struct sites *sites, const char *name);
/* Settles every conflict: losers become KEEP (if live) or NONE, each with a problem. Then
 * sets site->shared. */
void resolve_conflicts(struct sites *sites);
/* A problem of an app about its block's `path`; returns it for hint and rule. */
struct problem *site_problem(struct sites *sites, const struct site *site, const char *path,
			     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Takes a site out of the run: what is live stays. */
void site_refuse(struct site *site);
/* Becomes what is live now. */
void site_keep(struct site *site);

/* What it shall be as far as an address is concerned: of an app that is left alone, what is there.
 */
json_t *site_block_on(const struct site *site, const struct address *address);
/* True: on this address, alone, the block makes Caddy speak TLS. */
bool block_is_https(const json_t *block, const struct hosts *hosts, const struct address *address);
/* The servers as they shall be. New reference. */
json_t *compile_servers_new(struct sites *sites);

#endif
