/*
 * Who gets what when apps want the same thing on one Caddy: listener addresses, hosts,
 * server-wide options, names. The one that is live goes on, newcomers are refused; when none
 * is live, all are. Each loser gets a problem that names the other side; then everything is
 * looked at again, since what a loser keeps may stand in somebody else's way.
 */
#include "parts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kata/json.h"

struct problem *site_problem(struct sites *sites, const struct site *site, const char *path,
			     const char *fmt, ...)
{
	struct plan_caddy *plan = sites->plan;
	struct plan_problem *p;
	va_list ap;
	struct str msg = STR_INIT;

	plan->problems = arena_grow(plan->arena, plan->problems, plan->problem_count,
				    &plan->problem_cap, sizeof *plan->problems);
	p = &plan->problems[plan->problem_count++];
	*p = (struct plan_problem){.app = site->name};
	va_start(ap, fmt);
	str_vaddf(&msg, fmt, ap);
	va_end(ap);
	p->problem.severity = SEVERITY_ERROR;
	p->problem.path = path;
	p->problem.msg = arena_strndup(plan->arena, msg.p, msg.len);
	if (site->app)
		p->problem.place = app_caddy_place(site->app, path ? path : "");
	str_release(&msg);
	plan->errors++;
	return &p->problem;
}

void site_keep(struct site *site)
{
	struct live_app *live = site->live;

	if (live)
		live_decompile(live);
	site->attach = NULL;
	site->intent = live ? INTENT_KEEP : INTENT_NONE;
	site->block = live ? live->block : NULL;
	site->addresses = live ? live->addresses : NULL;
	site->address_count = live ? live->address_count : 0;
	site->hosts = live ? live->hosts : (struct hosts){0};
	if (live && live->attached && !live->own && !live->home_count)
		site->attach = live->attached;
}

void site_refuse(struct site *site)
{
	site->refused = true;
	site->stale = true;
	site_keep(site);
}

json_t *site_block_on(const struct site *site, const struct address *address)
{
	return site->intent == INTENT_KEEP ? live_block_on(site->live, address->key) : site->block;
}

/* --- deciding --- */

bool site_live_on(const struct site *site, const char *key)
{
	if (site->live)
		live_decompile(site->live);
	for (size_t i = 0; site->live && i < site->live->address_count; i++)
		if (!strcmp(site->live->addresses[i].key, key))
			return true;
	return false;
}

static struct site *contest_winner(const struct contest *c)
{
	struct site *winner = NULL;

	for (size_t i = 0; i < c->count; i++)
		if (c->sites[i]->intent == INTENT_KEEP)
			return c->sites[i];
	for (size_t i = 0; i < c->count; i++) {
		if (!c->holds[i])
			continue;
		if (winner)
			return NULL;
		winner = c->sites[i];
	}
	return winner;
}

static const char *site_where(struct arena *a, const struct site *site)
{
	return site->app && site->app->file
		       ? arena_printf(a, "%s (%s)", site->name, site->app->file)
		       : site->name;
}

bool contest_settle(struct sites *sites, const struct contest *c)
{
	struct arena *a = sites->plan->arena;
	struct site *winner = contest_winner(c);
	bool refused = false;

	for (size_t i = 0; i < c->count; i++)
		if (c->sites[i]->stale)
			return false; /* the next pass knows what it wants now */
	for (size_t i = 0; i < c->count; i++) {
		struct site *site = c->sites[i];
		const struct site *other = winner ? winner : c->sites[i ? 0 : 1];
		struct problem *p;

		if (site == winner || site->intent != INTENT_SET)
			continue;
		p = site_problem(sites, site, c->field,
				 winner ? "%s is held by %s, which is live"
					: "%s is wanted by %s too, and neither holds it now",
				 c->what, site_where(a, other));
		p->hint = c->hint;
		refused = true;
	}
	for (size_t i = 0; i < c->count; i++)
		if (c->sites[i] != winner && c->sites[i]->intent == INTENT_SET)
			site_refuse(c->sites[i]);
	return refused;
}

/* --- addresses against foreign servers and against each other --- */

struct foreign {
	const char *key;
	struct address *addresses;
	size_t count;
};

static size_t collect_foreign(struct sites *sites, struct foreign **out)
{
	struct arena *a = sites->plan->arena;
	size_t count = 0;
	const char *key;
	json_t *server;

	*out = arena_alloc(a, (json_object_size(sites->live.servers) + 1) * sizeof **out);
	json_object_foreach((json_t *)sites->live.servers, key, server) {
		struct foreign *f = &(*out)[count];

		if (!live_is_foreign(&sites->live, key, server))
			continue;
		f->key = key;
		addresses_of(a, json_object_get(server, "listen"), &f->addresses, &f->count);
		count++;
	}
	return count;
}

static const struct foreign *foreign_on(const struct foreign *all, size_t count,
					const struct address *address)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < all[i].count; j++)
			if (address_relate(&all[i].addresses[j], address) != ADDRESS_APART)
				return &all[i];
	return NULL;
}

/* What to do about a server of others on an address. Another owner's takes no guests. */
static const char *hint_foreign(const struct sites *sites, const char *key)
{
	if (mark_is_any(json_object_get(sites->live.servers, key)))
		return "listen elsewhere: it belongs to another owner, and two cannot share an "
		       "address";
	return arena_printf(sites->plan->arena,
			    "listen elsewhere, or put the app's routes into that server with "
			    "`x-kata-server: %s` (and only routes in caddy:)",
			    key);
}

static void refuse_foreign_address(struct sites *sites, struct site *site,
				   const struct foreign *all, size_t count)
{
	for (size_t i = 0; i < site->address_count; i++) {
		const struct foreign *f = foreign_on(all, count, &site->addresses[i]);
		struct problem *p;

		if (!f)
			continue;
		p = site_problem(sites, site, "listen",
				 "%s is taken by the server \"%s\", which kata-tui does not own",
				 site->addresses[i].text, f->key);
		p->hint = hint_foreign(sites, f->key);
		site_refuse(site);
		return;
	}
}

static void refuse_foreign_addresses(struct sites *sites)
{
	struct foreign *all;
	size_t count = collect_foreign(sites, &all);

	for (size_t i = 0; count && i < sites->count; i++)
		if (sites->items[i].intent == INTENT_SET && !sites->items[i].attach)
			refuse_foreign_address(sites, &sites->items[i], all, count);
}

/* Ranges that meet in part: the kernel would give one port to two servers. */
static bool refuse_overlap(struct sites *sites, const struct group *a, const struct group *b,
			   struct site *both[2])
{
	bool holds[2] = {site_live_on(both[0], a->address->key),
			 site_live_on(both[1], b->address->key)};
	struct contest c = {both,     holds,
			    2,	      NULL,
			    "listen", "port ranges may be equal or apart, not overlap in part"};

	c.what = arena_printf(sites->plan->arena, "a port of %s (with %s)", a->address->text,
			      b->address->text);
	return contest_settle(sites, &c);
}

static bool refuse_group_overlap(struct sites *sites, const struct group *a, const struct group *b)
{
	bool refused = false;

	for (size_t i = 0; i < a->count; i++) {
		for (size_t j = 0; j < b->count; j++) {
			struct site *both[2] = {a->sites[i], b->sites[j]};

			if (both[0] != both[1] && !both[0]->stale && !both[1]->stale)
				refused |= refuse_overlap(sites, a, b, both);
		}
	}
	return refused;
}

static bool refuse_overlaps(struct sites *sites, struct group *groups, size_t count)
{
	bool refused = false;

	for (size_t i = 0; i < count; i++) {
		if (groups[i].address->first == groups[i].address->last)
			continue;
		for (size_t j = 0; j < count; j++)
			if (i != j &&
			    address_relate(groups[i].address, groups[j].address) == ADDRESS_OVERLAP)
				refused |= refuse_group_overlap(sites, &groups[i], &groups[j]);
	}
	return refused;
}

/* --- hosts --- */

struct host_claim {
	const char *host; /* "" = any */
	struct site *site;
};

static int compare_host_claims(const void *a, const void *b)
{
	const struct host_claim *x = a, *y = b;
	int hosts = strcmp(x->host, y->host);

	return hosts ? hosts : strcmp(x->site->name, y->site->name);
}

static bool holds_host(const struct site *site, const char *place_key, const char *host)
{
	const struct live_app *live = site->live;

	if (!live)
		return false;
	live_decompile(site->live);
	if (site->attach ? !live->attached || strcmp(live->attached, site->attach) != 0
			 : !site_live_on(site, place_key))
		return false;
	return *host ? hosts_find(&live->hosts, host) != NULL : live->hosts.any;
}

static bool contest_hosts(struct sites *sites, const struct host_claim *claims, size_t count,
			  const char *place_key)
{
	struct arena *a = sites->plan->arena;
	struct contest c = {.count = count, .field = "routes"};

	c.sites = arena_alloc(a, count * sizeof *c.sites);
	c.holds = arena_alloc(a, count * sizeof *c.holds);
	for (size_t i = 0; i < count; i++) {
		c.sites[i] = claims[i].site;
		c.holds[i] = holds_host(claims[i].site, place_key, claims[i].host);
	}
	if (*claims->host && !strcmp(claims[0].host, claims[count - 1].host)) {
		c.what = arena_printf(a, "host %s on %s", claims->host, place_key);
		c.hint = "give each app its own hosts, or let them listen on different addresses";
	} else if (*claims->host) {
		c.what = arena_printf(a, "host %s on %s (it overlaps %s)", claims[0].host,
				      place_key, claims[count - 1].host);
		c.hint = "which of two overlapping wildcards wins is not defined; make one more "
			 "exact";
	} else {
		c.what = arena_printf(a, "every other host on %s", place_key);
		c.hint =
			"add a host matcher (match: [{host: [...]}]) to every route of all but one "
			"app on this address";
	}
	return contest_settle(sites, &c);
}

/* Wildcards of one rank whose patterns can match the same name. */
static bool contest_wildcards(struct sites *sites, const struct host_claim *claims, size_t count,
			      const char *place_key)
{
	bool refused = false;

	for (size_t i = 0; i < count; i++) {
		int rank = host_rank(claims[i].host);

		if (rank == HOST_EXACT || !*claims[i].host)
			continue;
		for (size_t j = i + 1; j < count; j++) {
			struct host_claim pair[2] = {claims[i], claims[j]};

			if (claims[j].site != claims[i].site && host_rank(claims[j].host) == rank &&
			    host_overlap(claims[i].host, claims[j].host))
				refused |= contest_hosts(sites, pair, 2, place_key);
		}
	}
	return refused;
}

static size_t collect_host_claims(struct sites *sites, const struct group *group,
				  struct host_claim **out)
{
	size_t count = 0, max = 0;

	for (size_t i = 0; i < group->count; i++)
		max += group->sites[i]->hosts.count + 1;
	*out = arena_alloc(sites->plan->arena, (max + 1) * sizeof **out);
	for (size_t i = 0; i < group->count; i++) {
		struct site *site = group->sites[i];

		for (size_t h = 0; h < site->hosts.count; h++)
			(*out)[count++] = (struct host_claim){site->hosts.items[h], site};
		if (site->hosts.any)
			(*out)[count++] = (struct host_claim){"", site};
	}
	qsort(*out, count, sizeof **out, compare_host_claims);
	return count;
}

static bool resolve_hosts(struct sites *sites, const struct group *group, const char *place_key)
{
	struct host_claim *claims;
	size_t count = collect_host_claims(sites, group, &claims), from = 0;
	bool refused = false;

	for (size_t i = 1; i <= count; i++) {
		if (i < count && !strcmp(claims[i].host, claims[from].host))
			continue;
		if (i - from > 1)
			refused |= contest_hosts(sites, claims + from, i - from, place_key);
		from = i;
	}
	return contest_wildcards(sites, claims, count, place_key) || refused;
}

/* --- all together --- */

static bool resolve_groups(struct sites *sites)
{
	struct group *groups;
	size_t count = groups_of_all(sites, &groups);
	bool refused = refuse_overlaps(sites, groups, count);

	for (size_t i = 0; i < count; i++) {
		if (groups[i].count < 2)
			continue;
		refused |= resolve_hosts(sites, &groups[i], groups[i].address->key);
		refused |= resolve_options(sites, &groups[i]);
	}
	return refused;
}

/* Apps attached to one foreign server, as a group. */
static bool resolve_attached(struct sites *sites, const char *key)
{
	struct group group = {NULL, NULL, 0};

	group.sites = arena_alloc(sites->plan->arena, (sites->count + 1) * sizeof *group.sites);
	for (size_t i = 0; i < sites->count; i++)
		if (sites->items[i].attach && !strcmp(sites->items[i].attach, key))
			group.sites[group.count++] = &sites->items[i];
	return group.count > 1 && resolve_hosts(sites, &group, key);
}

/* A host that a foreign route of the same server serves already is not taken from it. */
static void refuse_foreign_hosts(struct sites *sites, struct site *site)
{
	const json_t *server = json_object_get(sites->live.servers, site->attach);
	struct arena *a = sites->plan->arena;
	struct hosts theirs;
	json_t *foreign = json_array(), *route;
	const char *attach = site->attach;
	struct mark mark;
	size_t i;

	json_array_foreach(json_object_get(server, "routes"), i, route)
		if (!mark_of(a, sites->options->owner, route, &mark))
			json_array_append(foreign, route);
	hosts_of_routes(a, foreign, &theirs);
	json_decref(foreign);
	for (i = 0; i < site->hosts.count; i++) {
		if (!hosts_find(&theirs, site->hosts.items[i]))
			continue;
		site_problem(
			sites, site, "routes",
			"host %s is served by another route of the server \"%s\", which kata-tui "
			"does not own",
			site->hosts.items[i], attach)
			->hint = "use another host, or remove that route first";
		site_refuse(site);
		return;
	}
}

static bool resolve_pass(struct sites *sites)
{
	bool refused;

	for (size_t i = 0; i < sites->count; i++)
		sites->items[i].stale = false;
	refused = resolve_groups(sites);
	for (size_t i = 0; i < sites->count && !refused; i++)
		if (sites->items[i].attach)
			refused = resolve_attached(sites, sites->items[i].attach);
	if (refused)
		return true;
	share_addresses(sites);
	return refuse_names(sites);
}

void resolve_conflicts(struct sites *sites)
{
	refuse_foreign_addresses(sites);
	for (size_t i = 0; i < sites->count; i++)
		if (sites->items[i].intent == INTENT_SET && sites->items[i].attach)
			refuse_foreign_hosts(sites, &sites->items[i]);
	while (resolve_pass(sites))
		;
}
