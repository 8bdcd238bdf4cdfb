/*
 * Swarm mode: names, and the bodies that create networks, secrets and configs (docker/cli
 * cli/compose/convert/compose.go); helpers to read the canonical model. Services are made in
 * swarm_spec.c.
 */
#include "kata/swarm.h"

#include <stdlib.h>
#include <string.h>

#include "kata/hash.h"
#include "kata/json.h"
#include "swarm_private.h"

enum { NAME_MAX_LEN = 64, NAME_HASH = 12 }; /* of secrets and configs: the engine's limit; ours */

/* --- the model --- */

const json_t *swarm_top(const struct compose *compose, const char *kind, const char *key)
{
	const json_t *all = json_object_member(compose->root, kind, JSON_OBJECT);

	return json_object_member(all, key, JSON_OBJECT);
}

bool swarm_is_external(const json_t *definition)
{
	return json_is_true(json_object_get(definition, "external"));
}

bool swarm_is_builtin_network(const char *name)
{
	return !strcmp(name, "host") || !strcmp(name, "bridge") || !strcmp(name, "none");
}

json_t *swarm_resource_name_new(const struct compose *compose, const char *kind, const char *key)
{
	const json_t *top = swarm_top(compose, kind, key);
	const char *name = json_member_text(top, "name");

	if (name)
		return json_string(name);
	if (swarm_is_external(top))
		return json_string(key);
	return json_sprintf("%s_%s", compose->project, key);
}

json_t *swarm_texts_map_new(const json_t *map)
{
	json_t *out = json_object(), *value;
	const char *key;

	json_object_foreach((json_t *)map, key, value)
		if (json_is_string(value))
			json_object_set(out, key, value);
		else if (json_is_null(value))
			json_object_set_new(out, key, json_string(""));
	if (json_object_size(out))
		return out;
	json_decref(out);
	return NULL;
}

json_t *swarm_texts_new(const json_t *list)
{
	json_t *out = json_array(), *value;
	size_t i;

	json_array_foreach(list, i, value)
		if (json_is_string(value))
			json_array_append(out, value);
	if (json_array_size(out))
		return out;
	json_decref(out);
	return NULL;
}

json_t *swarm_labels_new(const struct compose *compose, const json_t *own)
{
	json_t *labels = swarm_texts_map_new(own);

	if (!labels)
		labels = json_object();
	json_object_set_new(labels, LABEL_STACK, json_string(compose->project));
	return labels;
}

json_int_t swarm_number(const json_t *value, json_int_t none)
{
	const char *text = json_string_value(value);
	char *end;
	long long n;

	if (json_is_integer(value))
		return json_integer_value(value);
	if (!text)
		return none;
	n = strtoll(text, &end, 10);
	return end != text && !*end ? n : none;
}

/* --- bodies --- */

void swarm_set_take(json_t *to, const char *field, json_t *value)
{
	if (value)
		json_object_set_new(to, field, value);
}

void swarm_set_text(json_t *to, const char *field, const json_t *from, const char *key)
{
	const char *text = json_member_text(from, key);

	if (text && *text)
		json_object_set(to, field, json_object_get(from, key));
}

void swarm_set_int(json_t *to, const char *field, const json_t *from, const char *key)
{
	json_int_t n = swarm_number(json_object_get(from, key), 0);

	if (n)
		json_object_set_new(to, field, json_integer(n));
}

void swarm_set_true(json_t *to, const char *field, const json_t *from, const char *key)
{
	if (json_is_true(json_object_get(from, key)))
		json_object_set_new(to, field, json_true());
}

/* --- names --- */

const char *swarm_service_name(struct arena *a, const struct compose *compose,
			       const struct compose_service *service)
{
	return arena_printf(a, "%s_%s", compose->project, service->name);
}

const char *swarm_object_name(struct arena *a, const struct compose *compose, const char *kind,
			      const char *key, const char *content, size_t len)
{
	const char *scoped = arena_printf(a, "%s_%s", compose->project, key);
	const json_t *top = swarm_top(compose, kind, key);
	const char *given = json_member_text(top, "name");
	size_t room = NAME_MAX_LEN - NAME_HASH - 1, scoped_len = strlen(scoped);
	char hex[SHA256_HEX + 1];
	struct str text = STR_INIT;

	if (given && strcmp(given, scoped) != 0)
		return arena_strdup(a, given);
	if (swarm_is_external(top))
		return arena_strdup(a, given ? given : key);
	/* A name that has to be cut short is told apart by its hash. */
	if (scoped_len > room)
		str_addn(&text, scoped, scoped_len + 1);
	str_addn(&text, content, len);
	sha256_hex(text.p, text.len, hex);
	str_release(&text);
	return arena_printf(a, "%.*s_%.*s", (int)room, scoped, NAME_HASH, hex);
}

/* --- secrets and configs --- */

static json_t *driver_new(const json_t *from, const char *name_key, const char *options_key)
{
	json_t *driver;

	if (!json_member_text(from, name_key))
		return NULL;
	driver = json_object();
	swarm_set_text(driver, "Name", from, name_key);
	if (options_key)
		swarm_set_take(driver, "Options",
			       swarm_texts_map_new(json_object_get(from, options_key)));
	return driver;
}

json_t *swarm_object_body_new(const struct compose *compose, const char *kind, const char *key,
			      const char *name, const char *content, size_t len)
{
	const json_t *top = swarm_top(compose, kind, key);
	struct str data = STR_INIT;
	json_t *body;

	if (swarm_is_external(top))
		return NULL;
	base64_add(&data, content, len);
	body = json_object();
	json_object_set_new(body, "Name", json_string(name));
	json_object_set_new(body, "Labels",
			    swarm_labels_new(compose, json_object_get(top, "labels")));
	json_object_set_new(body, "Data", json_string(data.p));
	swarm_set_take(body, "Driver", driver_new(top, "driver", "driver_opts"));
	swarm_set_take(body, "Templating", driver_new(top, "template_driver", NULL));
	str_release(&data);
	return body;
}

/* --- networks --- */

/* driver, and subnets are what the stack format knows; the rest of ipam is ours. */
static json_t *ipam_new(const json_t *ipam)
{
	static const struct {
		const char *key, *field;
	} rows[] = {{"subnet", "Subnet"}, {"ip_range", "IPRange"}, {"gateway", "Gateway"}};
	json_t *out, *pools = json_array(), *pool, *config;
	size_t i, k;

	json_array_foreach(json_object_get(ipam, "config"), i, config) {
		pool = json_object();
		for (k = 0; k < sizeof(rows) / sizeof(*rows); k++)
			swarm_set_text(pool, rows[k].field, config, rows[k].key);
		swarm_set_take(pool, "AuxiliaryAddresses",
			       swarm_texts_map_new(json_object_get(config, "aux_addresses")));
		json_array_append_new(pools, pool);
	}
	out = json_object();
	swarm_set_text(out, "Driver", ipam, "driver");
	swarm_set_take(out, "Options", swarm_texts_map_new(json_object_get(ipam, "options")));
	if (json_array_size(pools))
		json_object_set(out, "Config", pools);
	json_decref(pools);
	if (json_object_size(out))
		return out;
	json_decref(out);
	return NULL;
}

json_t *swarm_network_body_new(const struct compose *compose, const char *key)
{
	const json_t *top = swarm_top(compose, "networks", key);
	json_t *body;

	if (swarm_is_external(top))
		return NULL;
	body = json_object();
	json_object_set_new(body, "Name", swarm_resource_name_new(compose, "networks", key));
	json_object_set_new(body, "CheckDuplicate", json_true()); /* wanted below API 1.44 */
	swarm_set_text(body, "Driver", top, "driver");
	if (!json_object_get(body, "Driver"))
		json_object_set_new(body, "Driver", json_string("overlay"));
	swarm_set_take(body, "Options", swarm_texts_map_new(json_object_get(top, "driver_opts")));
	swarm_set_true(body, "Internal", top, "internal");
	swarm_set_true(body, "Attachable", top, "attachable");
	swarm_set_true(body, "EnableIPv6", top, "enable_ipv6");
	swarm_set_take(body, "IPAM", ipam_new(json_object_get(top, "ipam")));
	json_object_set_new(body, "Labels",
			    swarm_labels_new(compose, json_object_get(top, "labels")));
	return body;
}

/* Whether all of `wanted` is in `live`, which may hold what the engine added. */
static bool is_within(const json_t *wanted, const json_t *live)
{
	json_t *value;
	const char *key;
	size_t i;

	if (json_is_object(wanted)) {
		json_object_foreach((json_t *)wanted, key, value)
			if (!is_within(value, json_object_get(live, key)))
				return false;
		return true;
	}
	if (!json_is_array(wanted))
		return live && json_same(wanted, live);
	json_array_foreach(wanted, i, value)
		if (!is_within(value, json_array_get(live, i)))
			return false;
	return json_array_size(live) == json_array_size(wanted);
}

/* What is compared of a network. What the engine chose itself (the file is silent) is fine. */
static const struct {
	const char *field, *words;
	bool flag; /* absent is false */
} network_rows[] = {
	{"Driver", "driver", false},	     {"Options", "driver_opts", false},
	{"Internal", "internal", true},	     {"Attachable", "attachable", true},
	{"EnableIPv6", "enable_ipv6", true}, {"IPAM", "ipam", false},
	{"Labels", "labels", false},
};

const char *swarm_network_differs(struct arena *a, const struct compose *compose, const char *key,
				  const json_t *live)
{
	json_t *wanted = swarm_network_body_new(compose, key);
	const char *what = NULL;

	for (size_t i = 0; wanted && !what && i < sizeof(network_rows) / sizeof(*network_rows);
	     i++) {
		const json_t *want = json_object_get(wanted, network_rows[i].field);
		const json_t *is = json_object_get(live, network_rows[i].field);

		if (network_rows[i].flag ? json_is_true(want) != json_is_true(is)
					 : want && !is_within(want, is))
			what = arena_strdup(a, network_rows[i].words);
	}
	json_decref(wanted);
	return what;
}

/* --- services --- */

bool swarm_must_replace(const json_t *wanted_spec, const json_t *live)
{
	const json_t *wanted = json_object_get(wanted_spec, "Mode");
	const json_t *is = json_object_get(json_object_get(live, "Spec"), "Mode");
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)wanted, key, value)
		if (!json_is_object(json_object_get(is, key)))
			return json_object_size(is) > 0;
	return false;
}
