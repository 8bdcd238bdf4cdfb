/*
 * ContainerSpec of one Swarm service: process, environment, health, secrets, limits of the
 * container (docker/cli cli/compose/convert/service.go). Mounts and privileges are in
 * swarm_mounts.c.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kata/json.h"
#include "swarm_private.h"

static int compare_text(const void *a, const void *b)
{
	return strcmp(json_string_value(*(json_t *const *)a),
		      json_string_value(*(json_t *const *)b));
}

/* Sorts an array of texts; returns it. */
static json_t *sorted(json_t *texts)
{
	size_t n = json_array_size(texts), i;
	json_t **items = xcalloc(n + 1, sizeof(*items)), *out = json_array();

	for (i = 0; i < n; i++)
		items[i] = json_array_get(texts, i);
	qsort(items, n, sizeof(*items), compare_text);
	for (i = 0; i < n; i++)
		json_array_append(out, items[i]);
	free(items);
	json_decref(texts);
	return out;
}

static json_t *env_new(const json_t *environment)
{
	json_t *list = json_array(), *value;
	const char *name;

	json_object_foreach((json_t *)environment, name, value)
		if (json_is_string(value))
			json_array_append_new(
				list, json_sprintf("%s=%s", name, json_string_value(value)));
		else if (json_is_null(value))
			json_array_append_new(list, json_string(name));
	return sorted(list);
}

/* "host=ip" to "ip host" */
static json_t *hosts_new(const json_t *extra_hosts)
{
	json_t *out = json_array(), *entry;
	size_t i;

	json_array_foreach(extra_hosts, i, entry) {
		const char *host = json_string_value(entry);
		const char *ip = host ? strpbrk(host, "=:") : NULL;
		size_t len = ip ? strlen(ip + 1) : 0;

		if (!ip)
			continue;
		if (len > 2 && ip[1] == '[' && ip[len] == ']')
			json_array_append_new(out, json_sprintf("%.*s %.*s", (int)len - 2, ip + 2,
								(int)(ip - host), host));
		else
			json_array_append_new(
				out, json_sprintf("%s %.*s", ip + 1, (int)(ip - host), host));
	}
	return out;
}

/* Upper case, with CAP_; ALL is alone. A set: name -> true. */
static json_t *caps_set_new(const json_t *list)
{
	json_t *set = json_object(), *item;
	struct str name = STR_INIT;
	size_t i;

	json_array_foreach(list, i, item) {
		const char *p = json_string_value(item);

		str_clear(&name);
		if (p && strcasecmp(p, "ALL") != 0 && strncasecmp(p, "CAP_", 4) != 0)
			str_add(&name, "CAP_");
		for (; p && *p; p++)
			str_addc(&name, (char)toupper((unsigned char)*p));
		if (name.len)
			json_object_set_new(set, name.p, json_true());
	}
	str_release(&name);
	if (json_object_get(set, "ALL")) {
		json_object_clear(set);
		json_object_set_new(set, "ALL", json_true());
	}
	return set;
}

static json_t *caps_new(const json_t *set, const json_t *but)
{
	json_t *out = json_array(), *value;
	const char *name;

	json_object_foreach((json_t *)set, name, value)
		if (!json_object_get(but, name))
			json_array_append_new(out, json_string(name));
	return sorted(out);
}

static void set_list_take(json_t *to, const char *field, json_t *list)
{
	if (json_array_size(list))
		json_object_set(to, field, list);
	json_decref(list);
}

static void set_caps(json_t *to, const json_t *service)
{
	json_t *add = caps_set_new(json_object_get(service, "cap_add"));
	json_t *drop = caps_set_new(json_object_get(service, "cap_drop"));

	set_list_take(to, "CapabilityAdd", caps_new(add, NULL));
	set_list_take(to, "CapabilityDrop", caps_new(drop, add));
	json_decref(add);
	json_decref(drop);
}

static json_t *ulimits_new(const json_t *ulimits)
{
	json_t *names = json_array(), *out = json_array(), *value, *one;
	const char *name;
	size_t i;

	json_object_foreach((json_t *)ulimits, name, value)
		json_array_append_new(names, json_string(name));
	names = sorted(names);
	json_array_foreach(names, i, value) {
		const json_t *limit = json_object_get(ulimits, json_string_value(value));

		one = json_object();
		json_object_set(one, "Name", value);
		json_object_set_new(one, "Hard",
				    json_integer(swarm_number(json_object_get(limit, "hard"), 0)));
		json_object_set_new(one, "Soft",
				    json_integer(swarm_number(json_object_get(limit, "soft"), 0)));
		json_array_append_new(out, one);
	}
	json_decref(names);
	return out;
}

static json_t *healthcheck_new(const json_t *health, int api)
{
	json_t *out;

	if (!json_object_size(health))
		return NULL;
	out = json_object();
	swarm_set_take(out, "Test", swarm_texts_new(json_object_get(health, "test")));
	swarm_set_int(out, "Interval", health, "interval");
	swarm_set_int(out, "Timeout", health, "timeout");
	swarm_set_int(out, "StartPeriod", health, "start_period");
	if (api >= SWARM_API_PRIVILEGES)
		swarm_set_int(out, "StartInterval", health, "start_interval");
	swarm_set_int(out, "Retries", health, "retries");
	return out;
}

static json_t *dns_new(const json_t *service)
{
	json_t *out = json_object();

	swarm_set_take(out, "Nameservers", swarm_texts_new(json_object_get(service, "dns")));
	swarm_set_take(out, "Search", swarm_texts_new(json_object_get(service, "dns_search")));
	swarm_set_take(out, "Options", swarm_texts_new(json_object_get(service, "dns_opt")));
	if (json_object_size(out))
		return out;
	json_decref(out);
	return NULL;
}

/* --- secrets and configs --- */

struct object_kind {
	const char *key, *name, *id; /* in the model; in the reference */
};
static const struct object_kind kind_secrets = {"secrets", "SecretName", "SecretID"};
static const struct object_kind kind_configs = {"configs", "ConfigName", "ConfigID"};

static json_t *object_file_new(const json_t *use)
{
	const char *target = json_member_text(use, "target");
	json_t *file = json_object();

	json_object_set_new(file, "Name",
			    json_string(target ? target : json_member_text(use, "source")));
	json_object_set_new(file, "UID", json_string("0"));
	json_object_set_new(file, "GID", json_string("0"));
	swarm_set_text(file, "UID", use, "uid");
	swarm_set_text(file, "GID", use, "gid");
	json_object_set_new(file, "Mode",
			    json_integer(swarm_number(json_object_get(use, "mode"), 0444)));
	return file;
}

/* Where an object of that name belongs among those sorted so far; later ones of a name follow. */
static size_t object_place(const json_t *list, const char *field, const char *name)
{
	size_t i = json_array_size(list);

	while (i && strcmp(json_member_text(json_array_get(list, i - 1), field), name) > 0)
		i--;
	return i;
}

static json_t *objects_new(const json_t *service, const struct object_kind *kind,
			   const struct swarm_facts *facts)
{
	json_t *out = json_array(), *use;
	size_t i;

	json_array_foreach(json_object_get(service, kind->key), i, use) {
		const char *key = json_member_text(use, "source");
		const char *name =
			key ? facts->object_name(facts->object_arg, kind->key, key) : NULL;
		const char *id;

		if (!name)
			continue;
		id = facts->object_id(facts->object_arg, kind->key, key);
		json_array_insert_new(out, object_place(out, kind->name, name),
				      json_pack("{s:o,s:s,s:s}", "File", object_file_new(use),
						kind->id, id ? id : "", kind->name, name));
	}
	return out;
}

/* --- putting the container together --- */

static const struct {
	const char *key, *field;
} container_texts[] = {{"hostname", "Hostname"},
		       {"working_dir", "Dir"},
		       {"user", "User"},
		       {"stop_signal", "StopSignal"},
		       {"isolation", "Isolation"}},
  container_flags[] = {{"tty", "TTY"}, {"stdin_open", "OpenStdin"}, {"read_only", "ReadOnly"}},
  container_lists[] = {{"entrypoint", "Command"}, {"command", "Args"}, {"group_add", "Groups"}};

static void set_container_rows(json_t *to, const json_t *service)
{
	size_t i;

	for (i = 0; i < sizeof(container_texts) / sizeof(*container_texts); i++)
		swarm_set_text(to, container_texts[i].field, service, container_texts[i].key);
	for (i = 0; i < sizeof(container_flags) / sizeof(*container_flags); i++)
		swarm_set_true(to, container_flags[i].field, service, container_flags[i].key);
	for (i = 0; i < sizeof(container_lists) / sizeof(*container_lists); i++)
		swarm_set_take(to, container_lists[i].field,
			       swarm_texts_new(json_object_get(service, container_lists[i].key)));
}

json_t *swarm_container_new(const struct compose *compose, const json_t *service,
			    const struct swarm_facts *facts)
{
	json_t *out = json_object(), *value;

	json_object_set_new(out, "Labels",
			    swarm_labels_new(compose, json_object_get(service, "labels")));
	set_container_rows(out, service);
	set_list_take(out, "Env", env_new(json_object_get(service, "environment")));
	json_object_set_new(out, "Privileges", swarm_privileges_new(service, facts->api));
	value = json_object_get(service, "init");
	if (json_is_boolean(value))
		json_object_set(out, "Init", value);
	swarm_set_take(out, "Mounts", swarm_mounts_new(compose, service, facts->api));
	value = json_object_get(service, "stop_grace_period");
	if (json_is_integer(value))
		json_object_set(out, "StopGracePeriod", value);
	swarm_set_take(out, "Healthcheck",
		       healthcheck_new(json_object_get(service, "healthcheck"), facts->api));
	set_list_take(out, "Hosts", hosts_new(json_object_get(service, "extra_hosts")));
	swarm_set_take(out, "DNSConfig", dns_new(service));
	set_list_take(out, "Secrets", objects_new(service, &kind_secrets, facts));
	set_list_take(out, "Configs", objects_new(service, &kind_configs, facts));
	swarm_set_take(out, "Sysctls", swarm_texts_map_new(json_object_get(service, "sysctls")));
	set_caps(out, service);
	set_list_take(out, "Ulimits", ulimits_new(json_object_get(service, "ulimits")));
	if (facts->api >= SWARM_API_OOM)
		swarm_set_int(out, "OomScoreAdj", service, "oom_score_adj");
	return out;
}
