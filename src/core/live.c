/*
 * What is ours in the live servers, read off the marks, and decompiled back to each
 * app's own block. Nothing here knows what is wanted.
 */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"

/* Fields that each app has for itself in a shared server; compile.c merges them one by one. */
static const char *const merged_fields[] = {
	"@id",	"automatic_https", "errors", "listen",
	"logs", "named_routes",	   "routes", "tls_connection_policies"};

bool server_field_is_merged(const char *field)
{
	for (size_t i = 0; i < sizeof merged_fields / sizeof *merged_fields; i++)
		if (!strcmp(field, merged_fields[i]))
			return true;
	return false;
}

void addresses_of(struct arena *a, const json_t *listen, struct address **out, size_t *count)
{
	size_t i;
	json_t *item;

	*count = 0;
	*out = arena_alloc(a, (json_array_size(listen) + 1) * sizeof **out);
	json_array_foreach((json_t *)listen, i, item)
		if (json_is_string(item))
			address_parse(a, json_string_value(item), &(*out)[(*count)++]);
}

struct live_app *live_find(const struct live *live, const char *name)
{
	const json_t *at = json_object_get(live->index, name);

	return at ? &live->apps[json_integer_value(at)] : NULL;
}

static struct live_app *live_need(struct live *live, const char *name)
{
	struct live_app *app = live_find(live, name);

	if (app)
		return app;
	live->apps =
		arena_grow(live->arena, live->apps, live->count, &live->cap, sizeof *live->apps);
	app = &live->apps[live->count];
	*app = (struct live_app){.name = name, .live = live};
	json_object_set_new(live->index, name, json_integer((json_int_t)live->count++));
	return app;
}

static bool is_shared_name(const char *name)
{
	return !strncmp(name, "kata_", 5);
}

bool live_is_foreign(const struct live *live, const char *key, const json_t *server)
{
	struct live_app *app;
	struct mark mark;

	if (mark_of_server(live->arena, live->owner, server, &mark))
		return false;
	app = live_find(live, key);
	return !app || !app->own || strcmp(app->own, key) != 0;
}

/* A server that is looked through for our parts. */
struct scan {
	const char *key;
	const json_t *server;
	bool foreign;
	struct address address; /* of the first listener */
};

/* The app's entry for one server, made when it is new. */
static struct live_home *home_need(struct live *live, const char *name, const struct scan *scan)
{
	struct live_app *app = live_need(live, name);
	struct live_home made = {
		.key = scan->key, .server = scan->server, .address = &scan->address};

	if (scan->foreign) {
		if (!app->foreign)
			app->foreign = arena_alloc(live->arena, sizeof *app->foreign);
		if (app->foreign->server != scan->server)
			*app->foreign = made;
		app->attached = scan->key;
		return app->foreign;
	}
	if (app->home_count && app->homes[app->home_count - 1].server == scan->server)
		return &app->homes[app->home_count - 1];
	if (!app->home_count) { /* mostly the only one */
		app->homes = arena_alloc(live->arena, sizeof *app->homes);
		app->home_cap = 1;
	}
	app->homes = arena_grow(live->arena, app->homes, app->home_count, &app->home_cap,
				sizeof *app->homes);
	app->homes[app->home_count] = made;
	return &app->homes[app->home_count++];
}

/* What a marked element of one of a server's lists is to its app's home. */
typedef void part_fn(struct live *live, struct live_home *home, const struct mark *mark,
		     json_t *item);

/* Of several the same one, wherever they stand: that with the least id. */
static const json_t *first_by_id(const json_t *a, const json_t *b)
{
	return !a || strcmp(json_member_text(b, "@id"), json_member_text(a, "@id")) < 0 ? b : a;
}

static void part_route(struct live *live, struct live_home *home, const struct mark *mark,
		       json_t *item)
{
	bool any = !strcmp(mark->part, "any"), other = home->wrapper && any != home->wrapper_any;

	(void)live;
	if (!other)
		home->wrapper = first_by_id(home->wrapper, item);
	else if (!any)
		home->wrapper = item;
	home->wrapper_any = any && !other;
}

static void part_error(struct live *live, struct live_home *home, const struct mark *mark,
		       json_t *item)
{
	(void)live;
	(void)mark;
	home->error = first_by_id(home->error, item);
}

/* As the app wrote it: the names that it was narrowed to are taken off. */
static json_t *policy_new(const json_t *item, const struct mark *mark)
{
	json_t *copy = json_copy((json_t *)item), *match = json_object_get(copy, "match");

	json_object_del(copy, "@id");
	if (!json_object_get(match, "sni") || strstr(mark->part, PART_NAMED))
		return copy;
	match = json_copy(match);
	json_object_del(match, "sni");
	if (json_object_size(match))
		json_object_set(copy, "match", match);
	else
		json_object_del(copy, "match");
	json_decref(match);
	return copy;
}

static void part_policy(struct live *live, struct live_home *home, const struct mark *mark,
			json_t *item)
{
	size_t index = mark_policy(live->arena, mark);

	if (!home->policies) {
		home->policies = json_array();
		json_array_append_new(live->pool, home->policies);
	}
	while (json_array_size(home->policies) <= index)
		json_array_append_new(home->policies, json_null());
	if (json_is_null(json_array_get(home->policies, index)))
		json_array_set_new(home->policies, index, policy_new(item, mark));
}

static void scan_list(struct live *live, const struct scan *scan, const json_t *list, part_fn *part)
{
	struct mark mark;
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item)
		if (mark_of(live->arena, live->owner, item, &mark) && mark.place)
			part(live, home_need(live, mark.name, scan), &mark, item);
}

/* In a server of others only routes can be ours: nothing else is ever put there. */
static void scan_server(struct live *live, const char *key, const json_t *server)
{
	struct scan *scan = arena_alloc(live->arena, sizeof *scan);
	const json_t *listen = json_object_get(server, "listen");
	const char *first = json_string_value(json_array_get(listen, 0));
	struct mark mark;

	*scan = (struct scan){.key = key, .server = server};
	scan->foreign = !mark_of_server(live->arena, live->owner, server, &mark);
	address_parse(live->arena, first ? first : "", &scan->address);
	scan_list(live, scan, json_object_get(server, "routes"), part_route);
	if (scan->foreign)
		return;
	scan_list(live, scan, json_object_get(json_object_get(server, "errors"), "routes"),
		  part_error);
	scan_list(live, scan, json_object_get(server, "tls_connection_policies"), part_policy);
}

static void scan_own(struct live *live, const char *name, const char *key)
{
	struct live_app *app = live_need(live, name);

	if (!app->own || !strcmp(key, name))
		app->own = key;
}

static int compare_homes(const void *a, const void *b)
{
	const struct live_home *x = a, *y = b;

	if (x->address->first != y->address->first)
		return x->address->first < y->address->first ? -1 : 1;
	return strcmp(x->key, y->key);
}

static const json_t *subroute_of(const json_t *wrapper)
{
	return json_array_get(json_object_get(wrapper, "handle"), 0);
}

/* Error routes kept inside a wrapper end in one that raises the error again: leave it out. */
static json_t *inner_errors_new(const json_t *subroute)
{
	json_t *routes = json_object_get(json_object_get(subroute, "errors"), "routes");
	json_t *copy;

	if (!routes)
		return NULL;
	copy = json_copy(routes);
	json_array_remove(copy, json_array_size(copy) - 1);
	return copy;
}

static void decompile_errors(const struct live_home *home, json_t *block)
{
	json_t *routes = NULL;

	if (home->error)
		routes = json_incref(json_object_get(subroute_of(home->error), "routes"));
	else if (home->wrapper)
		routes = inner_errors_new(subroute_of(home->wrapper));
	if (routes)
		json_object_set_new(block, "errors", json_pack("{s:o}", "routes", routes));
}

static json_t *only_hosts_new(const json_t *list, const struct hosts *hosts)
{
	json_t *out = json_array(), *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item)
		if (json_is_string(item) && hosts_find(hosts, json_string_value(item)))
			json_array_append(out, item);
	return out;
}

static void decompile_https(const json_t *server, const struct hosts *hosts, json_t *block)
{
	const json_t *live = json_object_get(server, "automatic_https");
	json_t *own, *value;
	const char *key;

	if (!json_is_object(live) || json_object_get(block, "automatic_https"))
		return;
	own = json_object();
	json_object_foreach((json_t *)live, key, value) {
		json_t *part;

		if (strcmp(key, "skip") != 0 && strcmp(key, "skip_certificates") != 0) {
			json_object_set(own, key, value);
			continue;
		}
		part = only_hosts_new(value, hosts);
		if (json_array_size(part))
			json_object_set(own, key, part);
		json_decref(part);
	}
	if (json_object_size(own))
		json_object_set(block, "automatic_https", own);
	json_decref(own);
}

static bool all_in(const struct hosts *hosts, const json_t *list)
{
	json_t *item;
	size_t i, found = 0;

	json_array_foreach((json_t *)list, i, item)
		found += json_is_string(item) && hosts_find(hosts, json_string_value(item));
	return hosts->count && found >= hosts->count;
}

/* logs: whole when the server logs everything, else the entries of the app's hosts. */
static void decompile_logs(const json_t *server, const struct hosts *hosts, json_t *block)
{
	json_t *live = json_object_get(server, "logs"), *skipped, *own, *mine, *value;
	bool listed = json_is_true(json_object_get(live, "skip_unmapped_hosts"));
	const char *key;

	skipped = json_object_get(live, "skip_hosts");
	if (!live || json_object_get(block, "logs") || (!hosts->any && all_in(hosts, skipped)))
		return;
	if (!listed && !skipped) {
		json_object_set(block, "logs", live);
		return;
	}
	own = json_copy(live);
	mine = json_object();
	json_object_foreach(json_object_get(live, "logger_names"), key, value)
		if (hosts_find_name(hosts, key))
			json_object_set(mine, key, value);
	if (json_object_get(live, "logger_names"))
		json_object_set(own, "logger_names", mine);
	skipped = only_hosts_new(skipped, hosts);
	if (json_array_size(skipped))
		json_object_set(own, "skip_hosts", skipped);
	else
		json_object_del(own, "skip_hosts");
	if (!listed || json_object_size(mine))
		json_object_set(block, "logs", own);
	json_decref(skipped);
	json_decref(own);
	json_decref(mine);
}

/* An empty list is everyone's: it turns TLS off. */
static void decompile_policies(const struct live_home *home, json_t *block)
{
	const json_t *live = json_object_get(home->server, "tls_connection_policies");
	json_t *own = json_array(), *policy;
	size_t i;

	json_array_foreach(home->policies, i, policy)
		if (!json_is_null(policy))
			json_array_append(own, policy);
	if ((home->policies || (json_is_array(live) && !json_array_size(live))) &&
	    !json_object_get(block, "tls_connection_policies"))
		json_object_set(block, "tls_connection_policies", own);
	json_decref(own);
}

/* Everything of a server that is no app's alone counts as each one's opinion. */
static void decompile_fields(struct live_app *app, const struct live_home *home, json_t *block)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)home->server, key, value)
		if ((!server_field_is_merged(key) || !strcmp(key, "named_routes")) &&
		    !json_object_get(block, key))
			json_object_set(block, key, value);
	decompile_policies(home, block);
	decompile_https(home->server, &app->hosts, block);
	decompile_logs(home->server, &app->hosts, block);
}

/* The live block of an app in shared servers, or attached to a foreign one. */
static json_t *decompile_tagged_new(struct live_app *app)
{
	const struct live_home *home = app->home_count ? &app->homes[0] : app->foreign;
	json_t *routes = json_object_get(subroute_of(home->wrapper), "routes"), *listen;
	json_t *block = json_object();

	if (routes)
		json_object_set(block, "routes", routes);
	hosts_of_routes(app->live->arena, routes, &app->hosts);
	if (!app->home_count)
		return block;
	listen = json_array();
	for (size_t i = 0; i < app->home_count; i++)
		json_array_append_new(listen, json_string(app->homes[i].address->text));
	json_object_set_new(block, "listen", listen);
	decompile_errors(home, block);
	for (size_t i = 0; i < app->home_count; i++)
		decompile_fields(app, &app->homes[i], block);
	return block;
}

void live_decompile(struct live_app *app)
{
	struct live *live = app->live;

	if (app->block)
		return;
	if (app->own) {
		app->block = json_copy(json_object_get(live->servers, app->own));
		json_object_del(app->block, "@id");
	} else {
		if (app->home_count > 1)
			qsort(app->homes, app->home_count, sizeof *app->homes, compare_homes);
		app->block = decompile_tagged_new(app);
	}
	json_array_append_new(live->pool, app->block);
	addresses_of(live->arena, json_object_get(app->block, "listen"), &app->addresses,
		     &app->address_count);
	hosts_of_routes(live->arena, json_object_get(app->block, "routes"), &app->hosts);
}

json_t *live_block_on(struct live_app *app, const char *key)
{
	live_decompile(app);
	for (size_t i = 0; i < app->home_count && !app->own; i++) {
		struct live_home *home = &app->homes[i];

		if (strcmp(home->address->key, key) != 0)
			continue;
		if (!home->block) {
			home->block = json_object();
			json_array_append_new(app->live->pool, home->block);
			decompile_fields(app, home, home->block);
		}
		return home->block;
	}
	return app->block;
}

void live_scan(struct live *live, struct arena *a, const json_t *servers, const char *owner,
	       json_t *pool)
{
	const char *key;
	struct mark mark;
	json_t *server;

	*live = (struct live){.arena = a,
			      .owner = owner,
			      .servers = servers,
			      .pool = pool,
			      .index = json_object()};
	json_object_foreach((json_t *)servers, key, server) {
		bool ours = mark_of_server(a, owner, server, &mark);

		if (ours && !is_shared_name(mark.name))
			scan_own(live, mark.name, key);
		else
			scan_server(live, key, server);
	}
}

void live_adopt(struct live *live, const char *name)
{
	struct live_app *app = live_need(live, name);

	app->own = name;
	app->unmarked = true;
}

void live_release(struct live *live)
{
	json_decref(live->index);
	*live = (struct live){0};
}
