/*
 * What a target means: the changes by app, where each app stands, and the request.
 */
#include "plan_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kata/diff.h"
#include "kata/json.h"
#include "kata/text.h"

static const char servers_path[] = "/config/apps/http/servers";

/* --- whose is a path --- */

/* Where lists of tagged elements are in a server, and what their inside is in the app's block. */
static const struct {
	const char *list, *inside, *block;
} tagged_lists[] = {
	{"routes/", "handle/0/", ""},
	{"errors/routes/", "handle/0/", "errors/"},
	{"tls_connection_policies/", "", "tls_connection_policies/"},
};

static const json_t *list_of(const json_t *server, const char *list)
{
	if (!strncmp(list, "errors/", 7))
		return json_object_get(json_object_get(server, "errors"), "routes");
	return json_object_get(server,
			       !strncmp(list, "routes", 6) ? "routes" : "tls_connection_policies");
}

/* Where the n-th route that takes any host stands among all routes of the app, which another
 * wrapper of it holds. */
static uint64_t open_route_index(struct arena *a, const char *owner, const json_t *list,
				 const char *app, uint64_t n)
{
	uint64_t left = n;
	struct mark mark;
	json_t *item, *route;
	size_t i, j;

	json_array_foreach((json_t *)list, i, item) {
		if (!mark_of(a, owner, item, &mark) || strcmp(mark.name, app) != 0 ||
		    !strcmp(mark.part, "any"))
			continue;
		json_array_foreach(
			json_object_get(json_array_get(json_object_get(item, "handle"), 0),
					"routes"),
			j, route)
			if (hosts_route_is_open(route) && !left--)
				return j;
	}
	return n;
}

/* `inner`, a place inside a tagged element, as a place in the app's block; NULL: in its wrapping.
 */
static const char *place_in_block(struct arena *a, const char *owner, size_t which,
				  const json_t *list, const struct mark *mark, const char *inner)
{
	size_t wrapping = strlen(tagged_lists[which].inside), digits;
	uint64_t n;

	if (!wrapping)
		return arena_printf(a, "%s%zu%s%s", tagged_lists[which].block, mark_policy(a, mark),
				    *inner ? "/" : "", inner);
	if (strncmp(inner, tagged_lists[which].inside, wrapping) != 0)
		return NULL;
	inner += wrapping;
	if (strcmp(mark->part, "any") != 0 || strncmp(inner, "routes/", 7) != 0)
		return arena_printf(a, "%s%s", tagged_lists[which].block, inner);
	inner += 7;
	digits = strspn(inner, "0123456789");
	if (!text_u64(arena_strndup(a, inner, digits), 0, SIZE_MAX, &n))
		return "routes";
	n = open_route_index(a, owner, list, mark->name, n);
	return arena_printf(a, "routes/%zu%s", (size_t)n, inner + digits);
}

/* The app of the tagged element that `rest` (inside a server) is in; NULL: in none. */
static const char *tagged_app(struct arena *a, const char *owner, const json_t *server,
			      const char *rest, const char **block_path)
{
	for (size_t i = 0; i < sizeof tagged_lists / sizeof *tagged_lists; i++) {
		size_t len = strlen(tagged_lists[i].list), digits;
		const json_t *list = list_of(server, tagged_lists[i].list);
		struct mark mark;
		uint64_t index;

		if (strncmp(rest, tagged_lists[i].list, len) != 0)
			continue;
		rest += len;
		digits = strspn(rest, "0123456789");
		if (!text_u64(arena_strndup(a, rest, digits), 0, SIZE_MAX, &index) ||
		    !mark_of(a, owner, json_array_get(list, index), &mark) || !mark.place)
			return NULL;
		rest += digits;
		*block_path = place_in_block(a, owner, i, list, &mark, rest + (*rest == '/'));
		return mark.name;
	}
	return NULL;
}

const char *plan_app_at(struct arena *a, const json_t *servers, const char *owner, const char *path,
			const char **block_path)
{
	size_t len = strcspn(path, "/");
	const char *key = arena_strndup(a, path, len), *rest = path + len + (path[len] == '/');
	const json_t *server = json_object_get(servers, key);
	const char *ignored = NULL;
	struct mark mark;

	block_path = block_path ? block_path : &ignored;
	*block_path = NULL;
	if (mark_of_server(a, owner, server, &mark) && strncmp(mark.name, "kata_", 5)) {
		*block_path = arena_strdup(a, rest);
		return mark.name;
	}
	return server ? tagged_app(a, owner, server, rest, block_path) : NULL;
}

/* --- changes --- */

struct collect {
	struct sites *sites;
	const json_t *live;
};

static void collect_change(void *arg, const char *path, const json_t *before, const json_t *after)
{
	struct collect *c = arg;
	struct plan_caddy *plan = c->sites->plan;
	const char *block_path, *app;
	struct change *change;

	app = plan_app_at(plan->arena, after ? plan->target : c->live, c->sites->options->owner,
			  path, &block_path);
	plan->changes = arena_grow(plan->arena, plan->changes, plan->change_count,
				   &plan->change_cap, sizeof *plan->changes);
	change = &plan->changes[plan->change_count++];
	*change = (struct change){.op = !before	 ? CHANGE_ADD
					: !after ? CHANGE_REMOVE
						 : CHANGE_CHANGE,
				  .path = arena_strdup(plan->arena, path),
				  .block_path = block_path,
				  .before = before,
				  .after = after};
	change->app = app ? app : arena_strndup(plan->arena, path, strcspn(path, "/"));
}

void plan_make_changes(struct sites *sites, const json_t *live)
{
	struct collect c = {sites, live};

	diff_walk(live, sites->plan->target, collect_change, &c);
}

/* --- where each app stands --- */

static void index_one(struct arena *a, const char *owner, json_t *item, json_t *index)
{
	struct mark mark;
	json_t *own;

	if (!mark_of(a, owner, item, &mark))
		return;
	own = json_object_get(index, mark.name);
	if (!own) {
		own = json_object();
		json_object_set_new(index, mark.name, own);
	}
	json_object_set(own, json_member_text(item, "@id"), item);
}

/* Whether element i of a list is the very same, from either end, in the other one. */
static bool is_unmoved(const json_t *list, size_t i, const json_t *other)
{
	size_t count = json_array_size(list), others = json_array_size(other);
	const json_t *item = json_array_get(list, i);

	return json_array_get(other, i) == item ||
	       (others + i >= count && json_array_get(other, others + i - count) == item);
}

/* name -> { @id -> object } for everything that carries our marks and is not the same object in
 * the other servers. */
static json_t *mark_index_new(struct sites *sites, const json_t *servers, const json_t *others)
{
	const char *owner = sites->options->owner, *key;
	struct arena *a = sites->plan->arena;
	json_t *index = json_object(), *server, *item;
	size_t i, j;

	json_object_foreach((json_t *)servers, key, server) {
		const json_t *other = json_object_get(others, key);

		if (other == server)
			continue;
		index_one(a, owner, server, index);
		for (i = 0; i < sizeof tagged_lists / sizeof *tagged_lists; i++) {
			const json_t *list = list_of(server, tagged_lists[i].list);

			json_array_foreach((json_t *)list, j, item)
				if (!is_unmoved(list, j, list_of(other, tagged_lists[i].list)))
					index_one(a, owner, item, index);
		}
	}
	return index;
}

static bool index_same(const json_t *a, const json_t *b, const char *name)
{
	const json_t *x = json_object_get(a, name), *y = json_object_get(b, name);

	return x && y ? json_same(x, y) : x == y;
}

/* Whether a change is of one of a shared server's fields that apps have together, and may have come
 * from this block. */
static bool is_field_of(const struct change *change, const json_t *block)
{
	static const char *const lists[] = {"routes", "errors", "tls_connection_policies"};
	const char *field = strchr(change->path, '/');
	char name[64];

	if (strncmp(change->app, "kata_", 5) != 0 || !field)
		return false;
	field++;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (!strncmp(field, lists[i], strlen(lists[i])))
			return false;
	snprintf(name, sizeof name, "%.*s", (int)strcspn(field, "/"), field);
	return change->op != CHANGE_ADD || json_object_get(block, name);
}

/* Whether a shared server that the site is in changes in a field that is no app's alone. */
static bool shared_fields_change(const struct sites *sites, const struct site *site)
{
	const struct plan_caddy *plan = sites->plan;

	for (size_t i = 0; site->shared && i < plan->change_count; i++) {
		if (!is_field_of(&plan->changes[i], site->block))
			continue;
		for (size_t j = 0; j < site->address_count; j++)
			if (!strcmp(plan->changes[i].app + 5, site->addresses[j].slug))
				return true;
	}
	return false;
}

static enum app_status status_of(const struct sites *sites, const struct site *site,
				 const json_t *before, const json_t *after)
{
	if (site->refused)
		return APP_STATUS_REFUSED;
	switch (site->intent) {
	case INTENT_NONE:
		return APP_STATUS_NONE;
	case INTENT_KEEP:
		return APP_STATUS_KEPT;
	case INTENT_REMOVE:
		return APP_STATUS_LEFTOVER;
	case INTENT_SET:
		break;
	}
	if (!site->live)
		return APP_STATUS_MISSING;
	if (!sites->plan->change_count)
		return APP_STATUS_IN_SYNC;
	return index_same(before, after, site->name) && !shared_fields_change(sites, site)
		       ? APP_STATUS_IN_SYNC
		       : APP_STATUS_DRIFT;
}

static void make_view(struct sites *sites, const struct site *site, struct app_view *view)
{
	struct arena *a = sites->plan->arena;
	struct live_app *live = site->live;
	bool wanted = site->intent == INTENT_SET || !live;
	const struct hosts *hosts = &site->hosts;
	const struct address *addresses = site->addresses;
	size_t count = site->address_count;

	if (!wanted) {
		live_decompile(live);
		hosts = &live->hosts;
		addresses = live->addresses;
		count = live->address_count;
	}
	view->name = site->name;
	view->app = site->app;
	view->live = live != NULL;
	view->hosts = hosts->items;
	view->host_count = hosts->count;
	view->catch_all = hosts->any && (site->block || live);
	view->attached = site->attach;
	view->listen = arena_alloc(a, (count + 1) * sizeof *view->listen);
	for (size_t i = 0; i < count; i++)
		view->listen[view->listen_count++] = addresses[i].key;
	if (site->attach)
		view->server = site->attach;
	else if (site->shared && count)
		view->server = arena_printf(a, "kata_%s", addresses[0].slug);
	else if (live && site->intent != INTENT_SET)
		view->server = live->own	  ? live->own
			       : live->home_count ? live->homes[0].key
						  : live->attached;
	else if (site->intent == INTENT_SET)
		view->server = site->name;
}

void plan_make_views(struct sites *sites, const json_t *live)
{
	struct plan_caddy *plan = sites->plan;
	bool changes = plan->change_count > 0;
	json_t *before = changes ? mark_index_new(sites, live, plan->target) : NULL;
	json_t *after = changes ? mark_index_new(sites, plan->target, live) : NULL;

	plan->apps = arena_alloc(plan->arena, (sites->count + 1) * sizeof *plan->apps);
	plan->touched = arena_alloc(plan->arena, (sites->count + 1) * sizeof *plan->touched);
	for (size_t i = 0; i < sites->count; i++) {
		const struct site *site = &sites->items[i];
		struct app_view *view = &plan->apps[plan->app_count++];

		make_view(sites, site, view);
		view->status = status_of(sites, site, before, after);
		if (view->status == APP_STATUS_MISSING || view->status == APP_STATUS_DRIFT ||
		    view->status == APP_STATUS_LEFTOVER)
			plan->touched[plan->touched_count++] = site->name;
	}
	json_decref(before);
	json_decref(after);
}

/* --- the request --- */

/* The bytes at a path of the live text. */
static struct json_span span_at(struct arena *a, const json_t *value, struct json_span raw,
				const char *path)
{
	while (*path && raw.p) {
		size_t len = strcspn(path, "/");
		const char *key = arena_strndup(a, path, len);
		struct json_span next = {NULL, 0};
		uint64_t index;

		if (json_is_array(value) && text_u64(key, 0, SIZE_MAX, &index)) {
			if (!json_span_element(raw, index, &next))
				next.p = NULL;
			value = json_array_get(value, index);
		} else {
			if (!json_span_member(raw, key, &next))
				next.p = NULL;
			value = json_object_get(value, key);
		}
		raw = next;
		path += len + (path[len] == '/');
	}
	return raw;
}

/* A change inside one server that leaves its listeners depends on that server alone. */
static const char *guard_of(const struct plan_caddy *plan, const json_t *live, const char *path)
{
	const char *key = arena_strndup(plan->arena, path, strcspn(path, "/"));
	const json_t *before = json_object_get(live, key),
		     *after = json_object_get(plan->target, key);
	const json_t *old = json_object_get(before, "listen"),
		     *new = json_object_get(after, "listen");

	if (!*path || !before || !after || !old != !new || (old && !json_same(old, new)))
		return NULL;
	return key;
}

void plan_make_request(struct plan_caddy *plan, const struct plan_live *live)
{
	struct json_span raw = {live->raw, live->raw_len};
	struct diff_request request;

	diff_request(plan->arena, live->servers, plan->target, &request);
	if (!request.method)
		return;
	if (live->missing) {
		plan->request.method = live->no_parent ? "PUT" : "POST";
		plan->request.path = servers_path;
		json_canonical(&plan->request.body, plan->target);
		return;
	}
	plan->request.method = request.method;
	plan->request.path = arena_printf(plan->arena, "%s%s%s", servers_path,
					  *request.path ? "/" : "", request.path);
	plan->request.guard = guard_of(plan, live->servers, request.path);
	if (request.body) {
		raw = request.old ? span_at(plan->arena, live->servers, raw, request.path)
				  : (struct json_span){NULL, 0};
		diff_compose(&plan->request.body, request.body, request.old, raw);
	}
}

uint64_t plan_caddy_digest(const struct plan_caddy *plan, uint64_t seed)
{
	struct str s = STR_INIT;

	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *c = &plan->changes[i];

		str_addf(&s, "%d %s ", (int)c->op, c->path);
		if (c->before)
			json_canonical(&s, c->before);
		str_addc(&s, '\n');
		if (c->after)
			json_canonical(&s, c->after);
		str_addc(&s, '\n');
	}
	seed = fnv1a64(s.p, s.len, seed);
	str_release(&s);
	return seed;
}
