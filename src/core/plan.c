/*
 * The plan for one Caddy: what each app is to be (intents), the target, the changes, and the
 * one request. The parts of the work are in live.c, resolve.c and compile.c.
 */
#include "plan_private.h"

#include <stdlib.h>
#include <string.h>

#include "kata/diff.h"
#include "kata/json.h"
#include "kata/text.h"

void plan_caddy_init(struct plan_caddy *plan)
{
	*plan = (struct plan_caddy){.request.body = STR_INIT};
	plan->arena = arena_new();
	plan->pool = json_array();
}

void plan_caddy_release(struct plan_caddy *plan)
{
	json_decref(plan->target);
	json_decref(plan->pool);
	str_release(&plan->request.body);
	arena_free(plan->arena);
	*plan = (struct plan_caddy){.request.body = STR_INIT};
}

static bool name_in(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static bool is_selected(const struct plan_options *options, const char *name)
{
	return !options->selected ||
	       name_in((const char *const *)options->selected, options->selected_count, name);
}

/* --- adoption: servers without a mark that carry an app's name --- */

static bool wants_server(const struct app *app)
{
	return app->state == APP_VALID && app->caddy && !app->server;
}

static void adopt_unmarked(struct sites *sites, const struct app *apps, size_t count)
{
	const struct plan_options *options = sites->options;

	for (size_t i = 0; i < count; i++) {
		const json_t *server = json_object_get(sites->live.servers, apps[i].name);

		if (!server || !wants_server(&apps[i]) || mark_is_any(server) ||
		    !is_selected(options, apps[i].name))
			continue;
		if (json_same(server, apps[i].caddy) || name_in((const char *const *)options->adopt,
								options->adopt_count, apps[i].name))
			live_adopt(&sites->live, apps[i].name);
	}
}

/* A server of the app's name that is not ours: refused, with what would change that. */
static void refuse_taken_name(struct sites *sites, struct site *site)
{
	const json_t *server = json_object_get(sites->live.servers, site->name);
	struct problem *p;

	if (!server || site->attach || !live_is_foreign(&sites->live, site->name, server))
		return;
	if (mark_is_any(server)) {
		p = site_problem(sites, site, NULL,
				 "the server \"%s\" belongs to another owner (%s)", site->name,
				 json_member_text(server, "@id"));
		p->hint =
			"rename the app, remove it where it belongs, or set KATA_OWNER if this is "
			"the same installation";
	} else {
		p = site_problem(
			sites, site, NULL,
			"Caddy has a server \"%s\" that kata-tui did not make, and it differs "
			"from the caddy: block",
			site->name);
		p->hint = arena_printf(sites->plan->arena,
				       "--adopt %s replaces it; or rename the app's folder",
				       site->name);
	}
	site_refuse(site);
}

/* --- attaching --- */

/* The live server that x-kata-server names, by its key or by an address it listens on. */
static const char *find_server(struct sites *sites, const char *wanted)
{
	struct arena *a = sites->plan->arena;
	struct address address, *own;
	const char *key;
	json_t *server;
	size_t count;

	if (json_is_object(json_object_get(sites->live.servers, wanted)))
		return wanted;
	address_parse(a, wanted, &address);
	json_object_foreach((json_t *)sites->live.servers, key, server) {
		addresses_of(a, json_object_get(server, "listen"), &own, &count);
		for (size_t i = 0; i < count; i++)
			if (address_relate(&own[i], &address) == ADDRESS_SAME)
				return key;
	}
	return NULL;
}

/* Routes without a host would take over the whole server, unless their paths limit them. */
static bool is_limited(const json_t *routes)
{
	json_t *route, *set;
	size_t i, j;

	json_array_foreach((json_t *)routes, i, route) {
		if (!hosts_route_is_open(route))
			continue;
		if (!json_array_size(json_object_get(route, "match")))
			return false;
		json_array_foreach(json_object_get(route, "match"), j, set)
			if (!json_object_get(set, "host") && !json_object_get(set, "path"))
				return false;
	}
	return true;
}

static void attach_site(struct sites *sites, struct site *site)
{
	const char *wanted = site->app->server;
	const char *key = find_server(sites, wanted);
	const json_t *server = json_object_get(sites->live.servers, key ? key : "");
	struct problem *p;

	if (!key) {
		p = site_problem(sites, site, NULL,
				 "x-kata-server: no server \"%s\" is live, and none "
				 "listens there",
				 wanted);
		p->hint = "name a server or listen address that Caddy has now (see `kata-tui "
			  "status`)";
	} else if (!live_is_foreign(&sites->live, key, server) || mark_is_any(server)) {
		p = site_problem(sites, site, NULL,
				 "x-kata-server: the server \"%s\" is made by kata-tui itself",
				 key);
		p->hint = "leave x-kata-server out and give the block the same listen address; a "
			  "server of another owner takes no guests";
	} else if (site->hosts.any && !is_limited(json_object_get(site->block, "routes"))) {
		p = site_problem(sites, site, "routes",
				 "a route without host and path would take over the server \"%s\"",
				 key);
		p->hint = "give every route a host or a path matcher";
	} else {
		site->attach = key;
		return;
	}
	site_refuse(site);
}

/* --- intents --- */

static const struct plan_aside *find_aside(const struct plan_options *options, const char *name)
{
	for (size_t i = 0; i < options->aside_count; i++)
		if (!strcmp(options->aside[i].app, name))
			return &options->aside[i];
	return NULL;
}

static enum intent intent_of(const struct plan_options *options, const struct site *site)
{
	if (!is_selected(options, site->name))
		return INTENT_KEEP;
	if (!site->app)
		return options->complete ? INTENT_REMOVE : INTENT_KEEP;
	if (site->app->state != APP_VALID || site->app->hold)
		return INTENT_KEEP;
	return site->app->caddy ? INTENT_SET : INTENT_REMOVE;
}

static void set_aside(struct sites *sites, struct site *site, const struct plan_aside *aside)
{
	struct problem *p = site_problem(sites, site, NULL, "%s", aside->problem.msg);

	*p = aside->problem;
	site_refuse(site);
}

static void start_site(struct sites *sites, struct site *site)
{
	const struct plan_aside *aside = find_aside(sites->options, site->name);

	site->intent = intent_of(sites->options, site);
	if (site->intent == INTENT_REMOVE && !site->live)
		site->intent = INTENT_NONE;
	if (site->intent == INTENT_KEEP)
		site_keep(site);
	if (site->intent != INTENT_SET)
		return;
	site->block = site->app->caddy;
	addresses_of(sites->plan->arena, json_object_get(site->block, "listen"), &site->addresses,
		     &site->address_count);
	hosts_of_routes(sites->plan->arena, json_object_get(site->block, "routes"), &site->hosts);
	if (aside)
		set_aside(sites, site, aside);
	else if (site->app->server)
		attach_site(sites, site);
	if (site->intent == INTENT_SET)
		refuse_taken_name(sites, site);
}

static int compare_sites(const void *a, const void *b)
{
	return strcmp(((const struct site *)a)->name, ((const struct site *)b)->name);
}

struct site *sites_find(const struct sites *sites, const char *name)
{
	struct site wanted = {.name = name};

	if (!sites->count)
		return NULL;
	return bsearch(&wanted, sites->items, sites->count, sizeof *sites->items, compare_sites);
}

static void make_sites(struct sites *sites, const struct app *apps, size_t count)
{
	struct live *live = &sites->live;
	json_t *known = json_object();

	sites->items =
		arena_alloc(sites->plan->arena, (count + live->count + 1) * sizeof *sites->items);
	for (size_t i = 0; i < count; i++) {
		sites->items[sites->count++] = (struct site){.name = apps[i].name,
							     .app = &apps[i],
							     .live = live_find(live, apps[i].name)};
		json_object_set(known, apps[i].name, json_null());
	}
	for (size_t i = 0; i < live->count; i++)
		if (!json_object_get(known, live->apps[i].name))
			sites->items[sites->count++] =
				(struct site){.name = live->apps[i].name, .live = &live->apps[i]};
	json_decref(known);
	if (sites->count > 1)
		qsort(sites->items, sites->count, sizeof *sites->items, compare_sites);
	for (size_t i = 0; i < sites->count; i++)
		start_site(sites, &sites->items[i]);
}

/* No app at all while ours are live looks like an unmounted disk: nothing goes. */
static void guard_empty(struct sites *sites, size_t app_count)
{
	struct site nobody = {.name = NULL};
	size_t gone = 0;

	if (app_count || sites->options->allow_empty)
		return;
	for (size_t i = 0; i < sites->count; i++)
		if (sites->items[i].intent == INTENT_REMOVE) {
			site_keep(&sites->items[i]);
			gone++;
		}
	if (gone)
		site_problem(sites, &nobody, NULL,
			     "there is no app at all, but %zu of ours %s live: nothing is removed",
			     gone, gone == 1 ? "is" : "are")
			->hint = "is the disk mounted? --allow-empty removes them";
}

void plan_caddy_make(struct plan_caddy *plan, const struct plan_live *live, const struct app *apps,
		     size_t app_count, const struct plan_options *options)
{
	struct sites sites = {.plan = plan, .options = options};

	json_array_append(plan->pool, (json_t *)live->servers); /* changes point into it */
	live_scan(&sites.live, plan->arena, live->servers, options->owner, plan->pool);
	adopt_unmarked(&sites, apps, app_count);
	make_sites(&sites, apps, app_count);
	guard_empty(&sites, app_count);
	resolve_conflicts(&sites);
	plan->target = compile_servers_new(&sites);
	plan_make_changes(&sites, live->servers);
	plan_make_views(&sites, live->servers);
	plan_make_request(plan, live);
	live_release(&sites.live);
}
