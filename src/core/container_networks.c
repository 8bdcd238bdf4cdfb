/*
 * What networks a container is on, under which names and addresses. The engine takes one endpoint
 * in the create call before API 1.44; the others are connected before the start.
 */
#include "container_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kata/json.h"

enum {
	API_ENDPOINTS = 44, /* several endpoints, each with its MAC address, in the create call */
	API_GATEWAY = 48,   /* GwPriority */
};

struct attachment {
	const char *key, *name; /* in the file, in the engine */
	const json_t *config;
	json_int_t priority;
};

/* Highest priority first, then by key; the first is the container's main network. */
static int by_priority(const void *a, const void *b)
{
	const struct attachment *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? 1 : -1;
	return strcmp(x->key, y->key);
}

/* Heap array; NULL when the service has no network of its own. */
static struct attachment *attachments_new(const struct making *m, size_t *count)
{
	json_t *networks = json_object_get(m->spec, "networks"), *config;
	struct attachment *list;
	const char *key;

	*count = 0;
	if (!json_object_size(networks) || json_member_text(m->spec, "network_mode"))
		return NULL;
	list = xcalloc(json_object_size(networks), sizeof *list);
	json_object_foreach(networks, key, config)
		list[(*count)++] =
			(struct attachment){key, container_resource(m->compose, "networks", key),
					    config, container_int(config, "priority")};
	qsort(list, *count, sizeof *list, by_priority);
	return list;
}

json_t *container_make_network_mode(const struct making *m)
{
	const char *mode = json_member_text(m->spec, "network_mode");
	struct attachment *list;
	json_t *name;
	size_t count;

	if (mode)
		return container_mode_new(m, mode);
	list = attachments_new(m, &count);
	name = json_string(count ? list[0].name : "none");
	free(list);
	return name;
}

static const char *mac_of(const struct making *m, const struct attachment *at, bool first)
{
	const char *mac = at ? json_member_text(at->config, "mac_address") : NULL;

	return mac || !first ? mac : json_member_text(m->spec, "mac_address");
}

/* Engines before 1.44 know one address for the whole container. */
json_t *container_make_mac(const struct making *m)
{
	struct attachment *list;
	const char *mac;
	size_t count;

	if (m->facts->api >= API_ENDPOINTS)
		return NULL;
	list = attachments_new(m, &count);
	mac = mac_of(m, count ? &list[0] : NULL, true);
	free(list);
	return mac && *mac ? json_string(mac) : NULL;
}

/* --- one endpoint --- */

/* The engine's own networks resolve no names, and refuse to start a container that brings some. */
static bool is_predefined(const char *network)
{
	return !strcmp(network, "bridge") || !strcmp(network, "host") || !strcmp(network, "none");
}

static json_t *aliases_new(const struct making *m, const json_t *config)
{
	json_t *aliases = json_array(), *alias;
	size_t i;

	json_array_append_new(aliases, json_string(m->facts->name ? m->facts->name : ""));
	if (m->facts->oneoff_slug)
		return aliases;
	json_array_append_new(aliases, json_string(m->service->name));
	json_array_foreach(json_object_get(config, "aliases"), i, alias) {
		if (json_is_string(alias))
			json_array_append(aliases, alias);
	}
	return aliases;
}

static json_t *addresses_new(const json_t *config)
{
	const json_t *local = json_object_get(config, "link_local_ips");
	json_t *ipam = json_object();

	container_set_text(ipam, "IPv4Address", config, "ipv4_address");
	container_set_text(ipam, "IPv6Address", config, "ipv6_address");
	if (json_array_size(local))
		json_object_set_new(ipam, "LinkLocalIPs", json_deep_copy(local));
	return ipam;
}

static json_t *options_new(const json_t *config)
{
	const json_t *own = json_object_get(config, "driver_opts");
	const char *name = json_member_text(config, "interface_name");
	json_t *options = json_is_object(own) ? json_deep_copy(own) : json_object();

	if (name && *name)
		json_object_set_new(options, "com.docker.network.endpoint.ifname",
				    json_string(name));
	return container_unless_empty(options);
}

static json_t *endpoint_new(const struct making *m, const struct attachment *at, bool first)
{
	json_t *endpoint = json_object(), *options = options_new(at->config),
	       *links = container_make_links(m);
	const char *mac = mac_of(m, at, first);
	json_int_t gateway = container_int(at->config, "gw_priority");

	if (!is_predefined(at->name))
		json_object_set_new(endpoint, "Aliases", aliases_new(m, at->config));
	json_object_set_new(endpoint, "IPAMConfig", addresses_new(at->config));
	if (links)
		json_object_set_new(endpoint, "Links", links);
	if (options)
		json_object_set_new(endpoint, "DriverOpts", options);
	if (mac && *mac && m->facts->api >= API_ENDPOINTS)
		json_object_set_new(endpoint, "MacAddress", json_string(mac));
	if (gateway && m->facts->api >= API_GATEWAY)
		json_object_set_new(endpoint, "GwPriority", json_integer(gateway));
	return endpoint;
}

json_t *container_endpoints_new(const struct making *m, bool all)
{
	json_t *endpoints = json_object();
	size_t count;
	struct attachment *list = attachments_new(m, &count);

	if (!all && m->facts->api < API_ENDPOINTS && count > 1)
		count = 1;
	for (size_t i = 0; i < count; i++)
		json_object_set_new(endpoints, list[i].name, endpoint_new(m, &list[i], i == 0));
	free(list);
	return endpoints;
}

json_t *container_connects_new(const struct compose *compose, const struct compose_service *service,
			       const struct container_facts *facts)
{
	struct making m = {compose, service, facts, service->spec};
	json_t *connects = json_array();
	size_t count;
	struct attachment *list = attachments_new(&m, &count);

	for (size_t i = 1; facts->api < API_ENDPOINTS && i < count; i++)
		json_array_append_new(connects,
				      json_pack("{ss, so}", "network", list[i].name, "body",
						json_pack("{so}", "EndpointConfig",
							  endpoint_new(&m, &list[i], false))));
	free(list);
	return connects;
}
