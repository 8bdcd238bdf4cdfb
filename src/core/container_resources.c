/*
 * Networks and volumes of Compose mode: the bodies that create them, and whether a live one is as
 * the file wants it. What docker compose made is judged by what it is; what we made also by its
 * hash, so that nothing an engine hides is missed.
 */
#include "container_private.h"

#include <string.h>

#include "kata/json.h"

enum {
	API_UNIQUE = 44, /* names of networks are unique by themselves */
	API_IPV4 = 48,	 /* EnableIPv4 */
};

static const json_t *definition(const struct compose *compose, const char *kind, const char *key)
{
	const json_t *found = json_object_get(json_object_get(compose->root, kind), key);

	return json_is_true(json_object_get(found, "external")) ? NULL : found;
}

/* The definition with its engine name, without what is for people. */
static void resource_hash(const struct compose *compose, const char *kind, const char *key,
			  char out[65])
{
	json_t *all = json_deep_copy(definition(compose, kind, key));
	const char *member;
	json_t *value;
	void *next;

	json_object_set_new(all, "name", json_string(container_resource(compose, kind, key)));
	json_object_foreach_safe(all, next, member, value)
	{
		if (!strncmp(member, "x-", 2))
			json_object_del(all, member);
	}
	container_digest(all, out);
	json_decref(all);
}

static json_t *labels_new(const struct compose *compose, const char *kind, const char *key,
			  const char *key_label)
{
	const json_t *own = json_object_get(definition(compose, kind, key), "labels");
	json_t *labels = json_is_object(own) ? json_deep_copy(own) : json_object();
	char hash[65];

	resource_hash(compose, kind, key, hash);
	json_object_set_new(labels, LABEL_PROJECT, json_string(compose->project));
	json_object_set_new(labels, key_label, json_string(key));
	json_object_set_new(labels, LABEL_OWN_HASH, json_string(hash));
	json_object_set_new(labels, LABEL_VERSION, json_string(COMPOSE_VERSION));
	return labels;
}

static void copy(json_t *to, const char *name, const json_t *from, const char *key)
{
	const json_t *value = json_object_get(from, key);

	if (value)
		json_object_set_new(to, name, json_deep_copy(value));
}

/* --- networks --- */

static json_t *pool_new(const json_t *pool)
{
	json_t *out = json_object();

	container_set_text(out, "Subnet", pool, "subnet");
	container_set_text(out, "IPRange", pool, "ip_range");
	container_set_text(out, "Gateway", pool, "gateway");
	copy(out, "AuxiliaryAddresses", pool, "aux_addresses");
	return out;
}

/* NULL when the file leaves all of it to the engine. */
static json_t *ipam_new(const json_t *ipam)
{
	json_t *out = json_object(), *pools = json_array(), *pool;
	size_t i;

	json_array_foreach(json_object_get(ipam, "config"), i, pool)
		json_array_append_new(pools, pool_new(pool));
	if (json_array_size(pools))
		json_object_set(out, "Config", pools);
	json_decref(pools);
	container_set_text(out, "Driver", ipam, "driver");
	if (json_object_size(json_object_get(ipam, "options")))
		copy(out, "Options", ipam, "options");
	return container_unless_empty(out);
}

json_t *network_body_new(const struct compose *compose, const char *key, int api)
{
	const json_t *network = definition(compose, "networks", key);
	const char *driver = json_member_text(network, "driver");
	json_t *body, *ipam;

	if (!network)
		return NULL;
	body = json_pack("{ss, ss}", "Name", container_resource(compose, "networks", key), "Driver",
			 driver ? driver : "");
	ipam = ipam_new(json_object_get(network, "ipam"));
	if (ipam)
		json_object_set_new(body, "IPAM", ipam);
	copy(body, "Options", network, "driver_opts");
	copy(body, "Internal", network, "internal");
	copy(body, "Attachable", network, "attachable");
	copy(body, "EnableIPv6", network, "enable_ipv6");
	if (api >= API_IPV4)
		copy(body, "EnableIPv4", network, "enable_ipv4");
	if (api < API_UNIQUE)
		json_object_set_new(body, "CheckDuplicate", json_true());
	json_object_set_new(body, "Labels", labels_new(compose, "networks", key, LABEL_NETWORK));
	return body;
}

/* Labels that no file gives. */
static bool is_tools_label(const char *key)
{
	return !strncmp(key, "com.docker.compose.", 19) || !strcmp(key, LABEL_OWN_HASH);
}

/* Labels of the file are there, and no others but those of the tools. */
static const char *label_differs(struct arena *a, const json_t *want, const json_t *live)
{
	json_t *value;
	const char *key;

	json_object_foreach((json_t *)want, key, value) {
		if (!is_tools_label(key) && !json_equal(value, json_object_get(live, key)))
			return arena_printf(a, "label %s", key);
	}
	json_object_foreach((json_t *)live, key, value) {
		if (!is_tools_label(key) && !json_object_get(want, key))
			return arena_printf(a, "label %s", key);
	}
	return NULL;
}

/* Every option that is asked for; engines and drivers add some of their own. */
static bool has_options(const json_t *want, const json_t *live)
{
	json_t *value;
	const char *key;

	json_object_foreach((json_t *)want, key, value) {
		if (!container_same(value, json_object_get(live, key)))
			return false;
	}
	return true;
}

static bool has_pool(const json_t *want, const json_t *live)
{
	for (size_t i = 0; i < json_array_size(live); i++)
		if (has_options(want, json_array_get(live, i)))
			return true;
	return false;
}

/* Each pool of the file; the engine adds one of IPv4 to those of IPv6. */
static bool has_pools(const json_t *want, const json_t *live)
{
	for (size_t i = 0; i < json_array_size(want); i++)
		if (!has_pool(json_array_get(want, i), live))
			return false;
	return true;
}

static bool same_driver(const char *want, const char *live, const char *usual)
{
	want = want && *want ? want : usual;
	return !strcmp(want, live && *live ? live : usual);
}

/* EnableIPv4 is true where it is not said; an engine that does not know it says nothing. */
static bool same_ipv4(const json_t *want, const json_t *live)
{
	return !live || json_is_false(want) == json_is_false(live);
}

static const char *network_value_differs(const json_t *want, const json_t *live)
{
	const json_t *ipam = json_object_get(want, "IPAM"), *real = json_object_get(live, "IPAM");
	static const struct {
		const char *name, *key;
	} flags[] = {{"Internal", "internal"},
		     {"Attachable", "attachable"},
		     {"EnableIPv6", "enable_ipv6"}};

	if (!same_driver(json_member_text(want, "Driver"), json_member_text(live, "Driver"),
			 "bridge"))
		return "driver";
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (!container_same(json_object_get(want, flags[i].name),
				    json_object_get(live, flags[i].name)))
			return flags[i].key;
	if (!same_ipv4(json_object_get(want, "EnableIPv4"), json_object_get(live, "EnableIPv4")))
		return "enable_ipv4";
	if (!has_options(json_object_get(want, "Options"), json_object_get(live, "Options")))
		return "driver_opts";
	if (!same_driver(json_member_text(ipam, "Driver"), json_member_text(real, "Driver"),
			 "default") ||
	    !has_options(json_object_get(ipam, "Options"), json_object_get(real, "Options")) ||
	    !has_pools(json_object_get(ipam, "Config"), json_object_get(real, "Config")))
		return "ipam";
	return NULL;
}

/* The rest of a verdict: what no field shows, if it is ours. */
static const char *hash_differs(const json_t *want, const json_t *live)
{
	const char *hash = json_member_text(json_object_get(want, "Labels"), LABEL_OWN_HASH),
		   *label = json_member_text(json_object_get(live, "Labels"), LABEL_OWN_HASH);

	return container_digest_differs(label, hash);
}

const char *network_differs(struct arena *a, const struct compose *compose, const char *key,
			    const json_t *live)
{
	json_t *want = network_body_new(compose, key, API_IPV4);
	const char *differs;

	if (!want)
		return NULL;
	differs = network_value_differs(want, live);
	if (!differs)
		differs = label_differs(a, json_object_get(want, "Labels"),
					json_object_get(live, "Labels"));
	if (!differs)
		differs = hash_differs(want, live);
	json_decref(want);
	return differs;
}

/* --- volumes --- */

json_t *volume_body_new(const struct compose *compose, const char *key)
{
	const json_t *volume = definition(compose, "volumes", key);
	json_t *body;

	if (!volume)
		return NULL;
	body = json_pack("{ss}", "Name", container_resource(compose, "volumes", key));
	container_set_text(body, "Driver", volume, "driver");
	copy(body, "DriverOpts", volume, "driver_opts");
	json_object_set_new(body, "Labels", labels_new(compose, "volumes", key, LABEL_VOLUME));
	return body;
}

const char *volume_differs(struct arena *a, const struct compose *compose, const char *key,
			   const json_t *live)
{
	json_t *want = volume_body_new(compose, key);
	const char *differs;

	if (!want)
		return NULL;
	if (!same_driver(json_member_text(want, "Driver"), json_member_text(live, "Driver"),
			 "local"))
		differs = "driver";
	else if (!container_same(json_object_get(want, "DriverOpts"),
				 json_object_get(live, "Options")))
		differs = "driver_opts";
	else
		differs = label_differs(a, json_object_get(want, "Labels"),
					json_object_get(live, "Labels"));
	if (!differs)
		differs = hash_differs(want, live);
	json_decref(want);
	return differs;
}
