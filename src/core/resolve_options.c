/*
 * Server-wide options that apps on one address must agree on: every field of a server that has
 * no merge rule (merge.c), HTTP or HTTPS, redirects, and named routes.
 */
#include "parts.h"

#include <string.h>

#include "kata/json.h"

/* A field's value as one block sees it; NULL: no opinion. Borrowed. */
typedef const json_t *opinion_fn(const json_t *block, const struct hosts *hosts,
				 const struct address *address, const char *field);

/* Client certificates switch strict_sni_host on; turned off beside them, any name would let a
 * client in. */
static const json_t *opinion_strict(const json_t *block)
{
	json_t *policy;
	size_t i;

	json_array_foreach(json_object_get(block, "tls_connection_policies"), i, policy)
		if (json_object_get(policy, "client_authentication"))
			return json_true();
	return NULL;
}

static const json_t *opinion_field(const json_t *block, const struct hosts *hosts,
				   const struct address *address, const char *field)
{
	const json_t *said = json_object_get(block, field);

	(void)hosts;
	(void)address;
	return said || strcmp(field, "strict_sni_host") != 0 ? said : opinion_strict(block);
}

static const json_t *opinion_named_route(const json_t *block, const struct hosts *hosts,
					 const struct address *address, const char *field)
{
	(void)hosts;
	(void)address;
	return json_object_get(json_object_get(block, "named_routes"), field);
}

static const json_t *opinion_scheme(const json_t *block, const struct hosts *hosts,
				    const struct address *address, const char *field)
{
	(void)field;
	return json_boolean(block_is_https(block, hosts, address));
}

static const json_t *opinion_redirects(const json_t *block, const struct hosts *hosts,
				       const struct address *address, const char *field)
{
	const json_t *https = json_object_get(block, "automatic_https");

	if (!block_is_https(block, hosts, address) ||
	    json_is_true(json_object_get(https, "disable")))
		return NULL;
	return json_boolean(json_is_true(json_object_get(https, field)));
}

static const json_t *opinion_https(const json_t *block, const struct hosts *hosts,
				   const struct address *address, const char *field)
{
	(void)hosts;
	(void)address;
	return json_object_get(json_object_get(block, "automatic_https"), field);
}

/* What is logged of a request: to leave a field out is an opinion, too, of an app with logs. */
static const json_t *opinion_logs(const json_t *block, const struct hosts *hosts,
				  const struct address *address, const char *field)
{
	const json_t *logs = json_object_get(block, "logs"), *said = json_object_get(logs, field);

	(void)hosts;
	(void)address;
	if (!logs)
		return NULL;
	return said ? said : json_false();
}

struct option {
	opinion_fn *opinion;
	const char *field;
	const char *path; /* for places and messages */
};

static const json_t *site_opinion(const struct site *site, const struct group *group,
				  const struct option *option)
{
	return option->opinion(site_block_on(site, group->address), &site->hosts, group->address,
			       option->field);
}

/* Who among the sites is live on the address with the very value it wants now. */
static bool holds_opinion(const struct site *site, const struct group *group,
			  const struct option *option)
{
	const json_t *live;

	if (!site_live_on(site, group->address->key))
		return false;
	live = option->opinion(live_block_on(site->live, group->address->key), &site->live->hosts,
			       group->address, option->field);
	return live && json_same(live, site_opinion(site, group, option));
}

/* The value that stands: of a kept site, of one that is live with it, or of the only live one. */
static const json_t *standing_opinion(const struct group *group, const struct option *option,
				      struct site **whose)
{
	struct site *lone = NULL;
	size_t live = 0;

	for (size_t i = 0; i < group->count; i++) {
		struct site *site = group->sites[i];

		*whose = site;
		if (!site_opinion(site, group, option))
			continue;
		if (site->intent == INTENT_KEEP || holds_opinion(site, group, option))
			return site_opinion(site, group, option);
		if (site_live_on(site, group->address->key)) {
			lone = site;
			live++;
		}
	}
	*whose = lone;
	return live == 1 ? site_opinion(lone, group, option) : NULL;
}

static bool resolve_option(struct sites *sites, const struct group *group,
			   const struct option *option)
{
	struct arena *a = sites->plan->arena;
	struct contest c = {.field = option->path};
	struct site *whose = NULL;
	const json_t *first = NULL, *stands;
	bool differ = false;

	for (size_t i = 0; i < group->count && !differ; i++) {
		const json_t *own = site_opinion(group->sites[i], group, option);

		differ = own && first && !json_same(own, first);
		first = first ? first : own;
	}
	if (!differ)
		return false;
	stands = standing_opinion(group, option, &whose);
	c.sites = arena_alloc(a, (group->count + 1) * sizeof *c.sites);
	c.holds = arena_alloc(a, (group->count + 1) * sizeof *c.holds);
	if (stands) {
		c.holds[c.count] = true;
		c.sites[c.count++] = whose;
	}
	for (size_t i = 0; i < group->count; i++) {
		const json_t *own = site_opinion(group->sites[i], group, option);

		if (own && (!stands || !json_same(own, stands)))
			c.sites[c.count++] = group->sites[i];
	}
	c.what = arena_printf(a, "another value of %s on %s", option->path, group->address->key);
	c.hint = "all apps that share an address share this field: make it equal, or listen "
		 "elsewhere";
	return contest_settle(sites, &c);
}

/* Every key that some block's object has, each once; keys with a merge rule of their own are left
 * out. member NULL: the block itself. */
static json_t *option_names_new(const struct group *group, const char *member)
{
	json_t *names = json_object(), *value;
	const char *key;

	for (size_t i = 0; i < group->count; i++) {
		json_t *block = site_block_on(group->sites[i], group->address);

		json_object_foreach(member ? json_object_get(block, member) : block, key, value)
			if (member ? !member_field_is_merged(member, key)
				   : !server_field_is_merged(key))
				json_object_set(names, key, json_null());
	}
	return names;
}

static bool resolve_named_options(struct sites *sites, const struct group *group,
				  const char *member, opinion_fn *opinion)
{
	json_t *names = option_names_new(group, member), *value;
	bool refused = false;
	const char *key;

	json_object_foreach(names, key, value) {
		struct option option = {opinion, arena_strdup(sites->plan->arena, key), NULL};

		option.path = member ? arena_printf(sites->plan->arena, "%s/%s", member, key)
				     : option.field;
		if (!refused)
			refused = resolve_option(sites, group, &option);
	}
	json_decref(names);
	return refused;
}

bool resolve_options(struct sites *sites, const struct group *group)
{
	static const struct option scheme = {opinion_scheme, "", "automatic_https/disable"};
	static const struct option redirects = {opinion_redirects, "disable_redirects",
						"automatic_https/disable_redirects"};

	return resolve_named_options(sites, group, NULL, opinion_field) ||
	       resolve_option(sites, group, &scheme) || resolve_option(sites, group, &redirects) ||
	       resolve_named_options(sites, group, "automatic_https", opinion_https) ||
	       resolve_named_options(sites, group, "logs", opinion_logs) ||
	       resolve_named_options(sites, group, "named_routes", opinion_named_route);
}
