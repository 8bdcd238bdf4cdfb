/*
 * Which sites meet on one address, and from that, which live in shared servers: whoever shares an
 * address does so with all its addresses.
 */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"

struct claim {
	const struct address *address;
	struct site *site;
};

static int compare_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int keys = strcmp(x->address->key, y->address->key);

	return keys ? keys : strcmp(x->site->name, y->site->name);
}

static size_t collect_claims(struct sites *sites, bool only_shared, struct claim **out)
{
	struct arena *a = sites->plan->arena;
	size_t count = 0, max = 0;

	for (size_t i = 0; i < sites->count; i++)
		max += sites->items[i].address_count;
	*out = arena_alloc(a, (max + 1) * sizeof **out);
	for (size_t i = 0; i < sites->count; i++) {
		struct site *site = &sites->items[i];

		if ((site->intent != INTENT_SET && site->intent != INTENT_KEEP) || site->attach ||
		    (only_shared && !site->shared))
			continue;
		for (size_t j = 0; j < site->address_count; j++)
			(*out)[count++] = (struct claim){&site->addresses[j], site};
	}
	if (count > 1)
		qsort(*out, count, sizeof **out, compare_claims);
	return count;
}

static size_t make_groups(struct sites *sites, bool only_shared, struct group **out)
{
	struct arena *a = sites->plan->arena;
	struct claim *claims;
	size_t count = collect_claims(sites, only_shared, &claims), groups = 0;
	struct site **members = arena_alloc(a, (count + 1) * sizeof *members);

	*out = arena_alloc(a, (count + 1) * sizeof **out);
	for (size_t i = 0; i < count; i++) {
		struct group *g = groups ? &(*out)[groups - 1] : NULL;

		members[i] = claims[i].site;
		if (!g || strcmp(g->address->key, claims[i].address->key) != 0)
			(*out)[groups++] = (struct group){claims[i].address, &members[i], 1};
		else if (g->sites[g->count - 1] != claims[i].site)
			g->sites[g->count++] = claims[i].site;
		else /* one app names an address twice: close the gap */
			members[i] = NULL;
	}
	return groups;
}

size_t groups_of_all(struct sites *sites, struct group **out)
{
	return make_groups(sites, false, out);
}

size_t groups_of_shared(struct sites *sites, struct group **out)
{
	return make_groups(sites, true, out);
}

static int compare_to_name(const void *name, const void *site)
{
	return strcmp(name, (*(struct site *const *)site)->name);
}

bool group_has(const struct group *group, const struct site *site)
{
	return bsearch(site->name, group->sites, group->count, sizeof *group->sites,
		       compare_to_name) != NULL;
}

/* --- who lives in shared servers --- */

static const char *shared_name(const struct sites *sites, const struct group *group)
{
	return arena_printf(sites->plan->arena, "kata_%s", group->address->slug);
}

/* What is not ours, or of an app that is left alone and has an own server besides. */
static bool cannot_move(const struct sites *sites, const json_t *item)
{
	const struct site *site;
	struct mark mark;

	if (!mark_of(sites->plan->arena, sites->options->owner, item, &mark))
		return true;
	site = sites_find(sites, mark.name);
	return site && site->intent == INTENT_KEEP && site->live->own;
}

/* Whether the shared server of this address has to stay, even for one app. */
static bool has_fixed_parts(const struct sites *sites, const struct group *group)
{
	const json_t *server = json_object_get(sites->live.servers, shared_name(sites, group));
	const json_t *lists[] = {json_object_get(server, "routes"),
				 json_object_get(json_object_get(server, "errors"), "routes"),
				 json_object_get(server, "tls_connection_policies")};
	struct mark mark;
	json_t *item;
	size_t i;

	if (!mark_of_server(sites->plan->arena, sites->options->owner, server, &mark))
		return false;
	for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
		json_array_foreach((json_t *)lists[l], i, item)
			if (cannot_move(sites, item))
				return true;
	return false;
}

/* Where nobody is part of this run, all stay where they are. */
static void share_group(const struct sites *sites, const struct group *group)
{
	bool share = group->count > 1 || has_fixed_parts(sites, group), moves = false;

	for (size_t i = 0; i < group->count; i++)
		moves = moves || group->sites[i]->intent == INTENT_SET;
	for (size_t i = 0; share && i < group->count; i++)
		if (moves || !group->sites[i]->live->own)
			group->sites[i]->shared = true;
}

/* Whether a server stands under this name that is not ours, or that an app which is left alone has
 * under the name of another. */
static bool name_is_held(const struct sites *sites, const char *name)
{
	const json_t *server = json_object_get(sites->live.servers, name);
	const struct site *site = NULL;
	struct mark mark;

	if (!server || live_is_foreign(&sites->live, name, server))
		return server != NULL;
	if (mark_of_server(sites->plan->arena, sites->options->owner, server, &mark))
		site = sites_find(sites, mark.name);
	return site && strcmp(site->name, name) != 0 && site->intent == INTENT_KEEP;
}

void share_addresses(struct sites *sites)
{
	struct group *groups;
	size_t count = groups_of_all(sites, &groups);

	for (size_t i = 0; i < sites->count; i++) {
		struct site *site = &sites->items[i];

		/* Its own server would take the name of another. */
		site->shared = site->intent == INTENT_KEEP && !site->live->own && !site->attach &&
			       name_is_held(sites, site->name);
	}
	for (size_t i = 0; i < count; i++)
		share_group(sites, &groups[i]);
}

static bool refuse_name(struct sites *sites, const struct group *group, const char *name)
{
	bool refused = false;

	for (size_t i = 0; i < group->count; i++) {
		struct site *site = group->sites[i];

		if (site->intent != INTENT_SET)
			continue;
		site_problem(sites, site, "listen",
			     "%s is wanted by several apps, but the name of a shared server they "
			     "need, \"%s\", is taken by another server",
			     group->address->text, name)
			->hint = "rename or remove that server";
		site_refuse(site);
		refused = true;
	}
	return refused;
}

/* Everybody who made the apps of this group move to shared servers. */
static bool refuse_partners(struct sites *sites, const struct group *group, const char *name)
{
	struct group *groups;
	size_t count = groups_of_all(sites, &groups);
	bool refused = false;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; groups[i].count > 1 && j < group->count; j++)
			if (group_has(&groups[i], group->sites[j]))
				refused |= refuse_name(sites, &groups[i], name);
	return refused;
}

static bool refuse_own_names(struct sites *sites)
{
	bool refused = false;

	for (size_t i = 0; i < sites->count; i++) {
		struct site *site = &sites->items[i];

		if (site->intent != INTENT_SET || site->shared || site->attach ||
		    !name_is_held(sites, site->name))
			continue;
		site_problem(
			sites, site, NULL,
			"the server \"%s\" is marked as another app's, which this run leaves alone",
			site->name)
			->hint = "apply that app too, or remove that server";
		site_refuse(site);
		refused = true;
	}
	return refused;
}

bool refuse_names(struct sites *sites)
{
	struct group *groups;
	size_t count = groups_of_shared(sites, &groups);

	if (refuse_own_names(sites))
		return true;
	for (size_t i = 0; i < count; i++) {
		const char *name = shared_name(sites, &groups[i]);

		if (name_is_held(sites, name) && (refuse_name(sites, &groups[i], name) ||
						  refuse_partners(sites, &groups[i], name)))
			return true;
	}
	return false;
}
