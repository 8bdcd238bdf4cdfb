/*
 * Server-wide fields of a shared server, merged from the blocks of the apps in it. By the time
 * this runs the blocks do not contradict each other.
 */
#include "parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kata/json.h"

/* Fields inside a server's objects that each app has for itself. */
static const struct {
	const char *member, *field;
} merged_members[] = {
	{"automatic_https", "disable"},
	{"automatic_https", "disable_certificates"},
	{"automatic_https", "disable_redirects"},
	{"automatic_https", "skip"},
	{"automatic_https", "skip_certificates"},
	{"logs", "default_logger_name"},
	{"logs", "logger_names"},
	{"logs", "skip_hosts"},
	{"logs", "skip_unmapped_hosts"},
};

bool member_field_is_merged(const char *member, const char *field)
{
	for (size_t i = 0; i < sizeof merged_members / sizeof *merged_members; i++)
		if (!strcmp(merged_members[i].member, member) &&
		    !strcmp(merged_members[i].field, field))
			return true;
	return false;
}

/* Whether a list of names in automatic_https holds this host. */
static bool list_has(const json_t *list, const char *host)
{
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item)
		if (json_is_string(item) && !strcasecmp(json_string_value(item), host))
			return true;
	return false;
}

static bool takes_port(const struct address *address, unsigned port)
{
	return address->first <= port && port <= address->last;
}

bool block_is_https(const json_t *block, const struct hosts *hosts, const struct address *address)
{
	const json_t *https = json_object_get(block, "automatic_https");
	const json_t *policies = json_object_member(block, "tls_connection_policies", JSON_ARRAY);

	if (takes_port(address, 80))
		return false;
	if (policies)
		return json_array_size(policies) > 0;
	if (json_is_true(json_object_get(https, "disable")))
		return false;
	if (takes_port(address, 443))
		return true;
	for (size_t i = 0; i < hosts->count; i++)
		if (!list_has(json_object_get(https, "skip"), hosts->items[i]))
			return true;
	return false;
}

static json_t *member_block(const struct group *group, size_t i)
{
	return site_block_on(group->sites[i], group->address);
}

/* Fields without an own rule: the first opinion is everyone's. */
static void merge_agreed(const struct group *group, json_t *server)
{
	for (size_t i = 0; i < group->count; i++) {
		const char *key;
		json_t *value;

		json_object_foreach(member_block(group, i), key, value)
			if (!server_field_is_merged(key) && !json_object_get(server, key))
				json_object_set(server, key, value);
	}
}

static void merge_named_routes(const struct group *group, json_t *server)
{
	json_t *all = json_object();

	for (size_t i = 0; i < group->count; i++)
		json_object_update_missing(all,
					   json_object_get(member_block(group, i), "named_routes"));
	if (json_object_size(all))
		json_object_set(server, "named_routes", all);
	json_decref(all);
}

static void list_add(json_t **list, const char *host)
{
	*list = *list ? *list : json_array();
	if (!list_has(*list, host))
		json_array_append_new(*list, json_string(host));
}

static void list_add_hosts(json_t **list, const struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++)
		list_add(list, hosts->items[i]);
}

/* One app's skip list counts for its own hosts only, as its routes are matched by them. */
static void list_add_own(json_t **list, const json_t *from, const struct site *site)
{
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)from, i, item) {
		const char *own = json_is_string(item)
					  ? hosts_find(&site->hosts, json_string_value(item))
					  : NULL;

		if (own)
			list_add(list, own);
	}
}

/* How a switch such as "disable" stands among the sites. */
struct votes {
	size_t yes, said;
};

static struct votes count_votes(const struct group *group, const char *field)
{
	struct votes votes = {0, 0};

	for (size_t i = 0; i < group->count; i++) {
		const json_t *value = json_object_get(
			json_object_get(member_block(group, i), "automatic_https"), field);

		votes.said += value != NULL;
		votes.yes += json_is_true(value);
	}
	return votes;
}

static void set_switch(json_t *object, const char *field, struct votes votes, bool on)
{
	if (on || votes.said)
		json_object_set_new(object, field, json_boolean(on));
}

/* skip and skip_certificates, with the hosts of apps whose switch the server as a whole
 * cannot have. */
static void merge_skips(const struct group *group, json_t *https, bool disable, bool certificates)
{
	json_t *skip = NULL, *skip_certificates = NULL;

	for (size_t i = 0; i < group->count; i++) {
		const struct site *site = group->sites[i];
		const json_t *own = json_object_get(member_block(group, i), "automatic_https");

		list_add_own(&skip, json_object_get(own, "skip"), site);
		list_add_own(&skip_certificates, json_object_get(own, "skip_certificates"), site);
		if (!disable && json_is_true(json_object_get(own, "disable")))
			list_add_hosts(&skip, &site->hosts);
		if (!certificates && json_is_true(json_object_get(own, "disable_certificates")))
			list_add_hosts(&skip_certificates, &site->hosts);
	}
	if (skip)
		json_object_set_new(https, "skip", skip);
	if (skip_certificates)
		json_object_set_new(https, "skip_certificates", skip_certificates);
}

static void merge_https(const struct group *group, json_t *server)
{
	struct votes disable = count_votes(group, "disable");
	struct votes certificates = count_votes(group, "disable_certificates");
	struct votes redirects = count_votes(group, "disable_redirects");
	json_t *https = json_object(), *value;
	bool any_https = false, present = false, off;
	const char *key;

	for (size_t i = 0; i < group->count; i++) {
		const struct site *site = group->sites[i];
		const json_t *block = member_block(group, i);
		json_t *own = json_object_get(block, "automatic_https");

		present = present || own;
		any_https = any_https || block_is_https(block, &site->hosts, group->address);
		json_object_foreach(own, key, value)
			if (!member_field_is_merged("automatic_https", key))
				json_object_set(https, key, value);
	}
	off = any_https ? disable.yes == group->count : disable.yes > 0;
	set_switch(https, "disable", disable, off);
	set_switch(https, "disable_certificates", certificates, certificates.yes == group->count);
	set_switch(https, "disable_redirects", redirects, redirects.yes > 0);
	merge_skips(group, https, off, certificates.yes == group->count);
	if (present)
		json_object_set(server, "automatic_https", https);
	json_decref(https);
}

/* An empty list of policies is not none: it turns TLS off, which all of the group want then. */
static void merge_policies(const struct group *group, json_t *server)
{
	for (size_t i = 0; i < group->count; i++) {
		json_t *own = json_object_get(member_block(group, i), "tls_connection_policies");

		if (json_is_array(own) && !json_array_size(own))
			json_object_set(server, "tls_connection_policies", own);
	}
}

/* --- logs --- */

static bool logs_agree(const struct group *group)
{
	const json_t *first = json_object_get(member_block(group, 0), "logs");

	for (size_t i = 1; i < group->count; i++) {
		const json_t *own = json_object_get(member_block(group, i), "logs");

		if (!first != !own || (first && !json_same(first, own)))
			return false;
	}
	return true;
}

static bool logs_all(const struct site *site, const json_t *own)
{
	return own && site->hosts.any && !json_is_true(json_object_get(own, "skip_unmapped_hosts"));
}

/* The loggers of one app by host: those it names, and the default for its other hosts. */
static void add_loggers(json_t *names, const struct site *site, const json_t *own)
{
	json_t *fallback = json_object_get(own, "default_logger_name"), *name;
	json_t *named = json_object();
	const char *key;

	json_object_foreach(json_object_get(own, "logger_names"), key, name) {
		const char *host = hosts_find_name(&site->hosts, key);

		if (!host)
			continue;
		if (strchr(key, ':'))
			host = key;
		json_object_set(names, host, name);
		json_object_set(named, host, name);
	}
	for (size_t h = 0; h < site->hosts.count; h++) {
		const char *host = site->hosts.items[h];

		if (!json_object_get(named, host) &&
		    !json_is_true(json_object_get(own, "skip_unmapped_hosts")))
			json_object_set_new(names, host,
					    fallback ? json_incref(fallback) : json_string(""));
	}
	json_decref(named);
}

/* Who is logged among apps that differ: each app's hosts by name, and all the rest only when the
 * app that takes any host wants it. */
static void merge_loggers(const struct group *group, json_t *logs)
{
	const json_t *rest = NULL;
	json_t *names = json_object(), *skip = NULL;

	for (size_t i = 0; i < group->count; i++) {
		const struct site *site = group->sites[i];
		const json_t *own = json_object_get(member_block(group, i), "logs");

		list_add_own(&skip, json_object_get(own, "skip_hosts"), site);
		if (own)
			add_loggers(names, site, own);
		if (logs_all(site, own))
			rest = own;
	}
	for (size_t i = 0; rest && i < group->count; i++)
		if (!json_object_get(member_block(group, i), "logs"))
			list_add_hosts(&skip, &group->sites[i]->hosts);
	json_object_del(logs, "default_logger_name");
	json_object_del(logs, "skip_hosts");
	json_object_del(logs, "skip_unmapped_hosts");
	json_object_set_new(logs, "logger_names", names);
	if (skip)
		json_object_set_new(logs, "skip_hosts", skip);
	if (!rest)
		json_object_set_new(logs, "skip_unmapped_hosts", json_true());
	else if (json_object_get(rest, "default_logger_name"))
		json_object_set(logs, "default_logger_name",
				json_object_get(rest, "default_logger_name"));
}

static void merge_logs(const struct group *group, json_t *server)
{
	json_t *logs;

	if (logs_agree(group)) {
		logs = json_object_get(member_block(group, 0), "logs");
		if (logs)
			json_object_set(server, "logs", logs);
		return;
	}
	logs = json_object();
	for (size_t i = 0; i < group->count; i++)
		json_object_update_missing(logs, json_object_get(member_block(group, i), "logs"));
	merge_loggers(group, logs);
	json_object_set_new(server, "logs", logs);
}

void merge_fields(const struct group *group, json_t *server)
{
	merge_agreed(group, server);
	merge_named_routes(group, server);
	merge_https(group, server);
	merge_policies(group, server);
	merge_logs(group, server);
}
