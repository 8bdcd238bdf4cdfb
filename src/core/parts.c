/*
 * The tagged pieces that apps have in servers they do not own alone: a route around their routes,
 * one around their error routes, their TLS policies. Made from a block or kept as they are live,
 * put in order, and merged with what others have in the same list.
 */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"

enum { RANKS_MAX = 65 }; /* host_rank of a pattern is 0 to 64 */

void parts_init(struct parts *parts, const struct sites *sites, const json_t *live)
{
	*parts = (struct parts){
		.arena = sites->plan->arena, .owner = sites->options->owner, .live = live};
}

/* The live element of that mark, or NULL. */
static json_t *parts_live(struct parts *parts, const char *id)
{
	json_t *item;
	size_t i;

	if (!parts->index) {
		parts->index = json_object();
		json_array_foreach((json_t *)parts->live, i, item)
			if (json_member_text(item, "@id"))
				json_object_set(parts->index, json_member_text(item, "@id"), item);
	}
	return json_object_get(parts->index, id);
}

static void parts_add(struct parts *parts, int order, const char *name, json_t *value_take)
{
	parts->items = arena_grow(parts->arena, parts->items, parts->count, &parts->cap,
				  sizeof *parts->items);
	parts->items[parts->count] = (struct part){value_take, order, name, parts->count};
	parts->count++;
}

void parts_drop(struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		json_decref(parts->items[i].value);
	parts->count = 0;
	json_decref(parts->index);
	parts->index = NULL;
}

/* --- order --- */

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int names;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	names = strcmp(x->name, y->name);
	if (names)
		return names;
	return x->serial < y->serial ? -1 : 1;
}

static int order_of_rank(int rank)
{
	return rank == HOST_EXACT ? PART_EXACT : PART_WILDCARD - rank;
}

/* By the least specific name that a route (host) or a policy (sni) is matched by. */
static int order_of(const json_t *item)
{
	const json_t *match = json_object_get(item, "match"), *names;
	json_t *name;
	size_t i;
	int order;

	if (json_is_array(match))
		names = json_object_get(json_array_get(match, 0), "host");
	else
		names = json_object_get(match, "sni");
	order = json_array_size(names) ? PART_EXACT : PART_ANY;
	json_array_foreach((json_t *)names, i, name) {
		int own = json_is_string(name) ? order_of_rank(host_rank(json_string_value(name)))
					       : PART_EXACT;

		order = own > order ? own : order;
	}
	return order;
}

/* --- hosts by rank --- */

static json_t *hosts_json_new(const struct hosts *hosts, int rank)
{
	json_t *list = json_array();

	for (size_t i = 0; i < hosts->count; i++)
		if (host_rank(hosts->items[i]) == rank)
			json_array_append_new(list, json_string(hosts->items[i]));
	return list;
}

/* The ranks present, each once, most literal first. */
static size_t ranks_of(const struct hosts *hosts, int *ranks)
{
	bool exact = false, seen[RANKS_MAX] = {false};
	size_t count = 0;

	for (size_t i = 0; i < hosts->count; i++) {
		int rank = host_rank(hosts->items[i]);

		if (rank == HOST_EXACT)
			exact = true;
		else
			seen[rank] = true;
	}
	if (exact)
		ranks[count++] = HOST_EXACT;
	for (int rank = RANKS_MAX - 1; rank >= 0; rank--)
		if (seen[rank])
			ranks[count++] = rank;
	return count;
}

static const char *rank_part(struct arena *a, const char *prefix, int rank)
{
	if (rank == HOST_EXACT)
		return prefix;
	return arena_printf(a, "%s%sw%d", prefix, *prefix ? "-" : "", rank);
}

/* --- routes and error routes --- */

/* One top-level route around an app's own routes. match_take may be NULL: any request. */
static json_t *wrapper_new(const char *id, json_t *match_take, json_t *routes, json_t *errors_take)
{
	json_t *subroute = json_object(), *wrapper = json_object(), *handle = json_array();

	json_object_set_new(subroute, "handler", json_string("subroute"));
	if (routes)
		json_object_set(subroute, "routes", routes);
	if (errors_take)
		json_object_set_new(subroute, "errors", errors_take);
	json_array_append_new(handle, subroute);
	json_object_set_new(wrapper, "@id", json_string(id));
	if (match_take) {
		json_t *match = json_array();

		json_array_append_new(match, match_take);
		json_object_set_new(wrapper, "match", match);
	}
	json_object_set_new(wrapper, "handle", handle);
	json_object_set_new(wrapper, "terminal", json_true());
	return wrapper;
}

static json_t *open_routes_new(json_t *routes)
{
	json_t *open = json_array(), *route;
	size_t i;

	json_array_foreach(routes, i, route)
		if (hosts_route_is_open(route))
			json_array_append(open, route);
	return open;
}

/* Error routes for a wrapper without hosts: an error none of them takes is raised again. */
static json_t *inner_errors_new(const json_t *block)
{
	json_t *routes = json_object_get(json_object_get(block, "errors"), "routes"), *copy;

	if (!json_array_size(routes))
		return NULL;
	copy = json_copy(routes);
	json_array_append_new(copy, json_pack("{s:[{s:s,s:s}]}", "handle", "handler", "error",
					      "status_code", "{http.error.status_code}"));
	return json_pack("{s:o}", "routes", copy);
}

/* An attached app without hosts is limited to its paths. */
static json_t *path_match_new(json_t *routes)
{
	json_t *paths = json_array(), *route, *set, *path;
	size_t i, j, k;

	json_array_foreach(routes, i, route)
		json_array_foreach(json_object_get(route, "match"), j, set)
			json_array_foreach(json_object_get(set, "path"), k, path)
				json_array_append(paths, path);
	return json_pack("{s:o}", "path", paths);
}

/* Whether a list of texts is the hosts of one rank, in order. */
static bool hosts_are(const json_t *list, const struct hosts *hosts, int rank)
{
	size_t at = 0;

	for (size_t i = 0; i < hosts->count; i++) {
		const char *there;

		if (host_rank(hosts->items[i]) != rank)
			continue;
		there = json_string_value(json_array_get(list, at++));
		if (!there || strcmp(there, hosts->items[i]) != 0)
			return false;
	}
	return at == json_array_size(list);
}

/* Whether a live wrapper is what wrapper_new would make: most are, and then none is made. */
static bool wrapper_is(const json_t *old, const struct hosts *hosts, int rank, const json_t *routes)
{
	const json_t *match = json_object_get(old, "match"),
		     *handle = json_object_get(old, "handle");
	const json_t *set = json_array_get(match, 0), *subroute = json_array_get(handle, 0);
	const json_t *inner = json_object_get(subroute, "routes");
	const char *handler = json_member_text(subroute, "handler");

	return json_object_size(old) == 4 && json_is_true(json_object_get(old, "terminal")) &&
	       json_array_size(match) == 1 && json_object_size(set) == 1 &&
	       hosts_are(json_object_get(set, "host"), hosts, rank) &&
	       json_array_size(handle) == 1 && handler && !strcmp(handler, "subroute") &&
	       json_object_size(subroute) == (routes ? 2 : 1) && !inner == !routes &&
	       (!routes || json_same(inner, routes));
}

/* The same routes once for each rank of the site's hosts. */
static void make_wrappers(struct parts *parts, const struct site *site, const char *place,
			  const char *prefix, json_t *routes)
{
	int ranks[RANKS_MAX + 1];
	size_t count = ranks_of(&site->hosts, ranks);

	for (size_t i = 0; i < count; i++) {
		const char *id = mark_text(parts->arena, parts->owner, site->name, place,
					   rank_part(parts->arena, prefix, ranks[i]));
		json_t *wrapper = parts_live(parts, id);

		if (wrapper_is(wrapper, &site->hosts, ranks[i], routes))
			json_incref(wrapper);
		else
			wrapper = wrapper_new(
				id,
				json_pack("{s:o}", "host", hosts_json_new(&site->hosts, ranks[i])),
				routes, NULL);
		parts_add(parts, order_of_rank(ranks[i]), site->name, wrapper);
	}
}

void parts_make_routes(struct parts *parts, const struct site *site, const char *place)
{
	json_t *routes = json_object_get(site->block, "routes");
	const char *id;

	make_wrappers(parts, site, place, "", routes);
	if (!site->hosts.any)
		return;
	id = mark_text(parts->arena, parts->owner, site->name, place, "any");
	routes = routes ? open_routes_new(routes) : NULL;
	parts_add(parts, PART_ANY, site->name,
		  wrapper_new(id, site->attach ? path_match_new(routes) : NULL, routes,
			      inner_errors_new(site->block)));
	json_decref(routes);
}

void parts_make_errors(struct parts *parts, const struct site *site, const char *place)
{
	json_t *routes = json_object_get(json_object_get(site->block, "errors"), "routes");

	if (routes)
		make_wrappers(parts, site, place, "err", routes);
}

/* --- TLS policies --- */

static void add_policy(struct parts *parts, const char *name, const char *id, json_t *policy_take)
{
	json_object_set_new(policy_take, "@id", json_string(id));
	parts_add(parts, order_of(policy_take), name, policy_take);
}

/* A policy for the names of one rank only. policy may be NULL: Caddy's defaults. */
static json_t *narrowed_new(const json_t *policy, const struct hosts *hosts, int rank)
{
	json_t *copy = policy ? json_copy((json_t *)policy) : json_object();
	json_t *match = json_object_get(copy, "match");

	match = match ? json_copy(match) : json_object();
	json_object_set_new(match, "sni", hosts_json_new(hosts, rank));
	json_object_set_new(copy, "match", match);
	return copy;
}

void parts_make_policies(struct parts *parts, const struct site *site, const char *place)
{
	struct arena *a = parts->arena;
	int ranks[RANKS_MAX + 1];
	size_t count = ranks_of(&site->hosts, ranks), i;
	json_t *policy;

	json_array_foreach(json_object_get(site->block, "tls_connection_policies"), i, policy) {
		const char *part = i ? arena_printf(a, "tls%zu", i) : "tls";
		bool named = json_object_get(json_object_get(policy, "match"), "sni") != NULL;

		if (named)
			part = arena_printf(a, "%s" PART_NAMED, part);
		if (named || site->hosts.any)
			add_policy(parts, site->name,
				   mark_text(a, parts->owner, site->name, place, part),
				   json_copy(policy));
		for (size_t r = 0; r < count && !named && !site->hosts.any; r++)
			add_policy(parts, site->name,
				   mark_text(a, parts->owner, site->name, place,
					     rank_part(a, part, ranks[r])),
				   narrowed_new(policy, &site->hosts, ranks[r]));
	}
}

static bool has_wide_policy(const struct parts *policies)
{
	for (size_t i = 0; i < policies->count; i++)
		if (policies->items[i].order != PART_EXACT)
			return true;
	return false;
}

/* Where an app's policy takes more than its exact hosts, the hosts of apps without policies get
 * one that comes first. */
static void add_plain_policies(struct parts *policies, const struct group *group,
			       const char *server)
{
	struct arena *a = policies->arena;
	struct hosts plain = {0};
	int ranks[RANKS_MAX + 1];
	size_t cap = 0, count;

	for (size_t i = 0; i < group->count; i++) {
		const struct site *site = group->sites[i];

		if (json_array_size(json_object_get(site_block_on(site, group->address),
						    "tls_connection_policies")))
			continue;
		for (size_t h = 0; h < site->hosts.count; h++) {
			plain.items =
				arena_grow(a, plain.items, plain.count, &cap, sizeof *plain.items);
			plain.items[plain.count++] = site->hosts.items[h];
		}
	}
	count = ranks_of(&plain, ranks);
	for (size_t i = 0; i < count; i++)
		add_policy(policies, server,
			   mark_text(a, policies->owner, server, NULL,
				     rank_part(a, "tls-plain", ranks[i])),
			   narrowed_new(NULL, &plain, ranks[i]));
}

void parts_complete_policies(struct parts *policies, const struct group *group, const char *server)
{
	bool any = false;

	if (!policies->count)
		return;
	if (has_wide_policy(policies))
		add_plain_policies(policies, group, server);
	for (size_t i = 0; i < policies->count; i++)
		any = any || policies->items[i].order == PART_ANY;
	if (!any)
		add_policy(policies, server,
			   mark_text(policies->arena, policies->owner, server, NULL, "tls"),
			   json_object());
}

/* --- what is live --- */

void parts_keep(struct parts *parts, const struct sites *sites, const struct group *group,
		bool (*stays)(const struct site *site, const struct group *group))
{
	struct mark mark;
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)parts->live, i, item) {
		const struct site *site = NULL;

		if (mark_of(parts->arena, parts->owner, item, &mark) && mark.place)
			site = sites_find(sites, mark.name);
		if (site && site->intent == INTENT_KEEP && stays(site, group))
			parts_add(parts, order_of(item), site->name, json_incref(item));
	}
}

/* The tagged object itself when it is live already and equal, else the new one. */
static json_t *settle_take(struct parts *parts, json_t *made_take)
{
	json_t *old = parts_live(parts, json_member_text(made_take, "@id"));

	if (!old || old == made_take || !json_same(old, made_take))
		return made_take;
	json_decref(made_take);
	return json_incref(old);
}

/* Appends the foreign elements of a live list from *next up to `end`. */
static void add_foreign(const struct parts *parts, json_t *out, const json_t *live, size_t *next,
			size_t end)
{
	struct mark mark;

	for (; *next < end; ++*next) {
		json_t *item = json_array_get(live, *next);

		if (!mark_of(parts->arena, parts->owner, item, &mark))
			json_array_append(out, item);
	}
}

/* Position in the live list; its size when it is not there. */
static size_t live_position(const json_t *positions, const json_t *item, const json_t *live)
{
	const json_t *at = json_object_get(positions, json_member_text(item, "@id"));

	return at ? (size_t)json_integer_value(at) : json_array_size(live);
}

json_t *parts_array_new(struct parts *parts)
{
	json_t *out = json_array(), *positions = json_object(), *item;
	const json_t *live = parts->live;
	size_t count = json_array_size(live), next = 0, first = count, i;
	struct mark mark;

	json_array_foreach((json_t *)live, i, item) {
		if (!mark_of(parts->arena, parts->owner, item, &mark))
			continue;
		first = first < i ? first : i;
		json_object_set_new(positions, json_member_text(item, "@id"),
				    json_integer((json_int_t)i));
	}
	if (first < count)
		add_foreign(parts, out, live, &next, first);
	if (parts->count > 1)
		qsort(parts->items, parts->count, sizeof *parts->items, compare_parts);
	for (i = 0; i < parts->count; i++) {
		size_t at = live_position(positions, parts->items[i].value, live);

		if (at < count && at > next)
			add_foreign(parts, out, live, &next, at);
		json_array_append_new(out, settle_take(parts, parts->items[i].value));
	}
	add_foreign(parts, out, live, &next, count);
	json_decref(positions);
	parts->count = 0;
	parts_drop(parts);
	return out;
}

/* Whether a foreign route can match what a wrapper of ours matches, and is no closer match. */
static bool may_match(const json_t *foreign, const json_t *wrapper)
{
	const json_t *mine =
		json_object_get(json_array_get(json_object_get(wrapper, "match"), 0), "host");
	const char *host, *own;
	json_t *set, *theirs, *ours;
	size_t i, j, k;

	if (hosts_route_is_open(foreign))
		return true;
	json_array_foreach(json_object_get(foreign, "match"), i, set) {
		json_array_foreach(json_object_get(set, "host"), j, theirs) {
			json_array_foreach((json_t *)mine, k, ours) {
				host = json_string_value(theirs);
				own = json_string_value(ours);
				if (host && own && host_rank(host) <= host_rank(own) &&
				    host_overlap(host, own))
					return true;
			}
		}
	}
	return false;
}

json_t *parts_attached_new(struct parts *parts)
{
	json_t *out = json_array(), *item;
	size_t next = 0, i;
	struct mark mark;

	if (parts->count > 1)
		qsort(parts->items, parts->count, sizeof *parts->items, compare_parts);
	json_array_foreach((json_t *)parts->live, i, item) {
		if (mark_of(parts->arena, parts->owner, item, &mark))
			continue;
		for (size_t j = next; j < parts->count; j++)
			if (may_match(item, parts->items[j].value))
				while (next <= j)
					json_array_append_new(
						out,
						settle_take(parts, parts->items[next++].value));
		json_array_append(out, item);
	}
	for (; next < parts->count; next++)
		json_array_append_new(out, settle_take(parts, parts->items[next].value));
	parts->count = 0;
	parts_drop(parts);
	return out;
}
