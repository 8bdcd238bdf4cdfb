/*
 * Reading the live config without a plan: an app's own block, its tagged objects, what a server
 * is about, and what in it would break any write.
 */
#include "sites.h"

#include <string.h>

#include "kata/json.h"

json_t *plan_decompile_new(const json_t *servers, const char *owner, const char *app)
{
	struct arena *a = arena_new();
	json_t *pool = json_array(), *block = NULL;
	struct live live;
	struct live_app *found;

	live_scan(&live, a, servers, owner, pool);
	found = live_find(&live, app);
	if (found) {
		live_decompile(found);
		block = json_incref(found->block);
	}
	live_release(&live);
	json_decref(pool);
	arena_free(a);
	return block;
}

static void add_tagged(json_t *out, struct arena *a, const char *owner, const char *app,
		       const char *path, json_t *list)
{
	struct mark mark;
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (mark_of(a, owner, item, &mark) && mark.place && !strcmp(mark.name, app))
			json_object_set(out, arena_printf(a, "%s/%zu", path, i), item);
}

json_t *plan_tagged_new(const json_t *servers, const char *owner, const char *app)
{
	struct arena *a = arena_new();
	json_t *out = json_object(), *server;
	struct mark mark;
	const char *key;

	json_object_foreach((json_t *)servers, key, server) {
		if (mark_of_server(a, owner, server, &mark) && !strcmp(mark.name, app))
			json_object_set(out, key, server);
		add_tagged(out, a, owner, app, arena_printf(a, "%s/routes", key),
			   json_object_get(server, "routes"));
		add_tagged(out, a, owner, app, arena_printf(a, "%s/errors/routes", key),
			   json_object_get(json_object_get(server, "errors"), "routes"));
		add_tagged(out, a, owner, app, arena_printf(a, "%s/tls_connection_policies", key),
			   json_object_get(server, "tls_connection_policies"));
	}
	arena_free(a);
	return out;
}

/* --- what a server is about --- */

void plan_block_view(struct arena *a, const json_t *block, struct app_view *out)
{
	struct address *addresses;
	struct hosts hosts;

	*out = (struct app_view){0};
	addresses_of(a, json_object_get(block, "listen"), &addresses, &out->listen_count);
	out->listen = arena_alloc(a, (out->listen_count + 1) * sizeof *out->listen);
	for (size_t i = 0; i < out->listen_count; i++)
		out->listen[i] = addresses[i].key;
	hosts_of_routes(a, json_object_get(block, "routes"), &hosts);
	out->hosts = hosts.items;
	out->host_count = hosts.count;
	out->catch_all = block && hosts.any;
}

static void add_once(json_t *out, const char *text)
{
	const json_t *item;
	size_t i;

	json_array_foreach(out, i, item)
		if (!strcmp(json_string_value(item), text))
			return;
	json_array_append_new(out, json_string_nocheck(text));
}

static void add_part_apps(json_t *out, struct arena *a, const char *owner, const json_t *list)
{
	struct mark mark;
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item)
		if (mark_of(a, owner, item, &mark) && mark.place)
			add_once(out, mark.name);
}

json_t *plan_server_apps_new(const json_t *server, const char *owner, bool *ours)
{
	struct arena *a = arena_new();
	json_t *out = json_array();
	struct mark mark;

	*ours = mark_of_server(a, owner, server, &mark);
	if (*ours && strncmp(mark.name, "kata_", 5) != 0)
		add_once(out, mark.name);
	add_part_apps(out, a, owner, json_object_get(server, "routes"));
	add_part_apps(out, a, owner, json_object_get(json_object_get(server, "errors"), "routes"));
	add_part_apps(out, a, owner, json_object_get(server, "tls_connection_policies"));
	arena_free(a);
	return out;
}

static void add_dials(json_t *out, const json_t *value)
{
	const char *handler = json_member_text(value, "handler"), *key, *dial;
	json_t *item;
	size_t i;

	if (handler && !strcmp(handler, "reverse_proxy"))
		json_array_foreach(json_object_get(value, "upstreams"), i, item)
			if ((dial = json_member_text(item, "dial")))
				add_once(out, dial);
	json_object_foreach((json_t *)value, key, item)
		add_dials(out, item);
	json_array_foreach((json_t *)value, i, item)
		add_dials(out, item);
}

json_t *plan_dials_new(const json_t *server)
{
	json_t *out = json_array();

	add_dials(out, server);
	return out;
}

/* --- what would break any write --- */

/* Lists in which a null makes Caddy panic while it loads its config. */
static bool null_hurts(const char *key)
{
	return key && (!strcmp(key, "upstreams") || !strcmp(key, "tls_connection_policies"));
}

/* Where the search stands, from the inside out: a path is made only when something is found. */
struct poison_at {
	const struct poison_at *up;
	const char *key; /* or NULL: index */
	size_t index;
};

static const char *poison_path(struct arena *a, const struct poison_at *at)
{
	const char *above = at->up ? poison_path(a, at->up) : NULL;

	if (at->key)
		return above ? arena_printf(a, "%s/%s", above, at->key) : at->key;
	return arena_printf(a, "%s/%zu", above ? above : "", at->index);
}

static const char *poison_in(struct arena *a, const struct poison_at *at, const json_t *v)
{
	struct poison_at here = {.up = at};
	const char *found = NULL;
	json_t *item;

	if (json_is_object(v)) {
		json_object_foreach((json_t *)v, here.key, item) {
			if (!strcmp(here.key, "@id") && !json_is_string(item) &&
			    !json_is_number(item))
				return arena_printf(a, "%s is neither text nor a number",
						    poison_path(a, &here));
			found = poison_in(a, &here, item);
			if (found)
				return found;
		}
	} else if (json_is_array(v)) {
		json_array_foreach((json_t *)v, here.index, item) {
			if (json_is_null(item) && null_hurts(at->key))
				return arena_printf(a, "%s is null", poison_path(a, &here));
			found = poison_in(a, &here, item);
			if (found)
				return found;
		}
	}
	return NULL;
}

const char *plan_poison(struct arena *a, const json_t *servers)
{
	struct poison_at at = {.up = NULL};
	const char *found;
	json_t *server;

	json_object_foreach((json_t *)servers, at.key, server) {
		if (json_is_null(server))
			return arena_printf(a, "%s is null", at.key);
		if (!json_is_object(server))
			return arena_printf(a, "%s is no object", at.key);
		found = poison_in(a, &at, server);
		if (found)
			return found;
	}
	return NULL;
}
