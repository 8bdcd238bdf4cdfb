/*
 * From settled sites to the servers Caddy shall hold: an own server per app, or tagged routes in
 * one shared server per address, or tagged routes in a foreign server. Conflicts have been resolved
 * before (resolve.c); the merge of server-wide fields is in merge.c. What does not change is
 * the live object itself, so that its bytes can be carried over.
 */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"

static void set_unless_empty(json_t *object, const char *key, json_t *array_take)
{
	if (json_array_size(array_take))
		json_object_set(object, key, array_take);
	json_decref(array_take);
}

/* --- shared servers --- */

static bool site_is_in(const struct site *site, const json_t *server)
{
	for (size_t i = 0; site->live && i < site->live->home_count; i++)
		if (site->live->homes[i].server == server)
			return true;
	return false;
}

/* Whose live parts stay in a shared server: those of its apps, and what an app with an own server
 * has there besides. */
static bool stays_shared(const struct site *site, const struct group *group)
{
	if (group)
		return group_has(group, site) || site->live->own;
	return !site->shared && site->live->own;
}

/* The three lists of a shared server that hold tagged parts. */
struct lists {
	struct parts routes, errors, policies;
};

/* group: NULL when no app is in the server any more. */
static void lists_init(struct lists *lists, const struct sites *sites, const json_t *live,
		       const struct group *group)
{
	parts_init(&lists->routes, sites, json_object_get(live, "routes"));
	parts_init(&lists->errors, sites,
		   json_object_get(json_object_get(live, "errors"), "routes"));
	parts_init(&lists->policies, sites, json_object_get(live, "tls_connection_policies"));
	parts_keep(&lists->routes, sites, group, stays_shared);
	parts_keep(&lists->errors, sites, group, stays_shared);
	parts_keep(&lists->policies, sites, group, stays_shared);
}

/* Error routes and policies; what is empty is left out. */
static void lists_set_rest(struct lists *lists, json_t *server)
{
	json_t *errors = parts_array_new(&lists->errors);

	if (json_array_size(errors))
		json_object_set_new(server, "errors", json_pack("{s:O}", "routes", errors));
	json_decref(errors);
	set_unless_empty(server, "tls_connection_policies", parts_array_new(&lists->policies));
}

/* The shared server of one address, for the sites that want it. */
static json_t *shared_server_new(struct sites *sites, const struct group *group)
{
	const char *slug = group->address->slug;
	const char *name = arena_printf(sites->plan->arena, "kata_%s", slug);
	json_t *live = json_object_get(sites->live.servers, name), *server = json_object();
	struct lists lists;

	lists_init(&lists, sites, live, group);
	for (size_t i = 0; i < group->count; i++) {
		const struct site *site = group->sites[i];

		if (site->intent == INTENT_KEEP && site_is_in(site, live))
			continue;
		parts_make_routes(&lists.routes, site, slug);
		parts_make_errors(&lists.errors, site, slug);
		parts_make_policies(&lists.policies, site, slug);
	}
	parts_complete_policies(&lists.policies, group, name);
	json_object_set_new(
		server, "@id",
		json_string(mark_text(sites->plan->arena, sites->options->owner, name, NULL, "")));
	json_object_set_new(server, "listen", json_pack("[s]", group->address->key));
	merge_fields(group, server);
	json_object_set_new(server, "routes", parts_array_new(&lists.routes));
	lists_set_rest(&lists, server);
	return server;
}

static void put_take(struct sites *sites, json_t *target, const char *key, json_t *server_take)
{
	json_t *live = json_object_get(sites->live.servers, key);

	json_object_set(target, key, live && json_same(live, server_take) ? live : server_take);
	json_decref(server_take);
}

/* Whether a live own server is what the block makes, without making it. */
static bool own_is_live(const json_t *live, const json_t *block, const char *id)
{
	const char *key, *mark = json_member_text(live, "@id");
	json_t *value;

	if (!mark || strcmp(mark, id) != 0 || json_object_size(live) != json_object_size(block) + 1)
		return false;
	json_object_foreach((json_t *)block, key, value) {
		const json_t *other = json_object_get(live, key);

		if (!other || !json_same(value, other))
			return false;
	}
	return true;
}

static void put_own(struct sites *sites, json_t *target, const struct site *site)
{
	const char *key = site->name, *id;
	json_t *server = json_object_get(sites->live.servers, key);

	if (site->intent == INTENT_KEEP && site->live->own) {
		json_object_set(target, site->live->own,
				json_object_get(sites->live.servers, site->live->own));
		return;
	}
	id = mark_text(sites->plan->arena, sites->options->owner, key, NULL, "");
	if (own_is_live(server, site->block, id)) {
		json_object_set(target, key, server);
		return;
	}
	server = json_copy(site->block);
	json_object_set_new(server, "@id", json_string(id));
	put_take(sites, target, key, server);
}

/* --- servers of others --- */

static bool stays_attached(const struct site *site, const struct group *group)
{
	(void)group;
	return site->live->attached;
}

/* The key goes when we were the only ones with routes there: an empty list is not what was. */
static void set_foreign_routes(json_t *server, json_t *routes_take)
{
	if (json_array_size(routes_take))
		json_object_set(server, "routes", routes_take);
	else if (json_array_size(json_object_get(server, "routes")))
		json_object_del(server, "routes");
	json_decref(routes_take);
}

/* Whether a list holds routes of ours that are not to stay as they are. */
static bool has_moving_parts(const struct sites *sites, const json_t *list)
{
	struct mark mark;
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item) {
		const struct site *site = NULL;

		if (mark_of(sites->plan->arena, sites->options->owner, item, &mark) && mark.place)
			site = sites_find(sites, mark.name);
		if (site && site->intent != INTENT_KEEP)
			return true;
	}
	return false;
}

/* The wrappers of all apps that want to be in a foreign server; false: none does. */
static bool make_guests(struct sites *sites, struct parts *routes, const char *key)
{
	struct str place = STR_INIT;
	bool any = false;

	address_escape(&place, key);
	for (size_t i = 0; i < sites->count; i++) {
		struct site *site = &sites->items[i];

		if (site->intent != INTENT_SET || !site->attach || strcmp(site->attach, key) != 0)
			continue;
		parts_make_routes(routes, site, arena_strdup(routes->arena, place.p));
		any = true;
	}
	str_release(&place);
	return any;
}

static void put_foreign(struct sites *sites, json_t *target, const char *key, json_t *server)
{
	json_t *live = json_object_get(server, "routes"), *copy;
	struct parts routes;

	parts_init(&routes, sites, live);
	parts_keep(&routes, sites, NULL, stays_attached);
	if (!make_guests(sites, &routes, key) && !has_moving_parts(sites, live)) {
		parts_drop(&routes);
		json_object_set(target, key, server);
		return;
	}
	copy = json_copy(server);
	set_foreign_routes(copy, parts_attached_new(&routes));
	put_take(sites, target, key, copy);
}

/* A shared server that no app is in any more goes, unless something in it must stay. */
static void put_leftover(struct sites *sites, json_t *target, const char *key, json_t *server)
{
	json_t *copy = json_copy(server), *routes;
	struct lists lists;

	lists_init(&lists, sites, server, NULL);
	routes = parts_array_new(&lists.routes);
	json_object_set(copy, "routes", routes);
	json_object_del(copy, "errors");
	json_object_del(copy, "tls_connection_policies");
	lists_set_rest(&lists, copy);
	if (json_array_size(routes) || json_object_get(copy, "errors") ||
	    json_object_get(copy, "tls_connection_policies"))
		put_take(sites, target, key, copy);
	else
		json_decref(copy);
	json_decref(routes);
}

/* What carries one of our marks and is in no list of this run: a shared server without apps, or a
 * second server of one app, which stays as long as the app is left alone. */
static void put_marked(struct sites *sites, json_t *target, const char *key, json_t *server)
{
	const struct site *site;
	struct mark mark;

	if (!mark_of_server(sites->plan->arena, sites->options->owner, server, &mark))
		return;
	site = sites_find(sites, mark.name);
	if (!strncmp(mark.name, "kata_", 5))
		put_leftover(sites, target, key, server);
	else if (site && site->intent == INTENT_KEEP && !site->shared)
		json_object_set(target, key, server);
}

json_t *compile_servers_new(struct sites *sites)
{
	json_t *target = json_object(), *server;
	struct group *groups;
	size_t count = groups_of_shared(sites, &groups), i;
	const char *key;

	for (i = 0; i < count; i++)
		put_take(sites, target,
			 arena_printf(sites->plan->arena, "kata_%s", groups[i].address->slug),
			 shared_server_new(sites, &groups[i]));
	for (i = 0; i < sites->count; i++) {
		const struct site *site = &sites->items[i];

		if ((site->intent == INTENT_SET || site->intent == INTENT_KEEP) && !site->shared &&
		    !site->attach)
			put_own(sites, target, site);
	}
	json_object_foreach((json_t *)sites->live.servers, key, server) {
		if (json_object_get(target, key))
			continue;
		if (live_is_foreign(&sites->live, key, server))
			put_foreign(sites, target, key, server);
		else
			put_marked(sites, target, key, server);
	}
	return target;
}
