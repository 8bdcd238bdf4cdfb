/*
 * Private to compile.c, parts.c, merge.c, groups.c and resolve*.c: the tagged pieces of a shared
 * server, and the sites that meet on one address.
 */
#ifndef KATA_CORE_PARTS_H
#define KATA_CORE_PARTS_H

#include "sites.h"

/* Order inside a shared list: exact hosts, wildcards by literal labels, then what takes any. */
enum { PART_EXACT = 0, PART_WILDCARD = 1000, PART_ANY = 2000 };

struct part {
	json_t *value; /* owned until the list is made */
	int order;
	const char *name; /* app, for a stable order */
	size_t serial;
};

struct parts {
	struct arena *arena;
	const char *owner;
	const json_t *live; /* the list as it is now, or NULL */
	json_t *index;	    /* "@id" -> element of live; made when first needed */
	struct part *items;
	size_t count, cap;
};

/* The sites that want one address, sorted by name. */
struct group {
	const struct address *address;
	struct site **sites;
	size_t count;
};

/* Ends the mark of a TLS policy that names its servers itself, so is not narrowed by us. */
#define PART_NAMED "-sni"

/* live: the list these parts are for, as it is in Caddy; NULL for none. Ends with parts_array_new,
 * parts_attached_new or parts_drop. */
void parts_init(struct parts *parts, const struct sites *sites, const json_t *live);
void parts_drop(struct parts *parts);
/* The wrappers around a site's routes, and around its error routes, and its TLS policies narrowed
 * to its hosts; marked name@place. */
void parts_make_routes(struct parts *parts, const struct site *site, const char *place);
void parts_make_errors(struct parts *parts, const struct site *site, const char *place);
void parts_make_policies(struct parts *parts, const struct site *site, const char *place);
/* What stands between and behind all policies when there are any: without a default the other apps
 * of the group would lose TLS. */
void parts_complete_policies(struct parts *policies, const struct group *group, const char *server);
/* The tagged elements of the live list whose apps have KEEP and stay in this group, as they are. */
void parts_keep(struct parts *parts, const struct sites *sites, const struct group *group,
		bool (*stays)(const struct site *site, const struct group *group));
/* Sorted parts with the foreign elements of the live list left in front of those of ours they are
 * in front of, or at the beginning or end, where they are there. */
json_t *parts_array_new(struct parts *parts);
/* The foreign elements of the live list, and each part before the first that could take its
 * requests. */
json_t *parts_attached_new(struct parts *parts);

/* Every address that sites with SET or KEEP want, with those sites; sorted by address. */
size_t groups_of_all(struct sites *sites, struct group **out);
/* Only the addresses of sites that live in shared servers. */
size_t groups_of_shared(struct sites *sites, struct group **out);
bool group_has(const struct group *group, const struct site *site);

/* Sets site->shared of all: whoever shares an address, and who cannot leave. */
void share_addresses(struct sites *sites);
/* Refuses those whose own or shared server would have a name that is taken. True when anybody was
 * refused. */
bool refuse_names(struct sites *sites);

/* One thing that several sites want; holds[i]: site i is live with exactly it. */
struct contest {
	struct site **sites;
	bool *holds;
	size_t count;
	const char *what;  /* "host a.example on :443" */
	const char *field; /* path of the field in the block */
	const char *hint;
};

/* Refuses all but the winner, if there is one. True when anybody was refused. */
bool contest_settle(struct sites *sites, const struct contest *c);
/* Whether the site's app is live on an address now. */
bool site_live_on(const struct site *site, const char *key);
/* True when somebody was refused over a server-wide option of this group. */
bool resolve_options(struct sites *sites, const struct group *group);

/* Puts the server-wide fields that a group's blocks agree on into `server`. */
void merge_fields(const struct group *group, json_t *server);

#endif
