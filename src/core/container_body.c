/*
 * The body of POST /containers/create: it is made field by field from the table, and here are the
 * fields that are more than a copy of a key.
 */
#include "container_private.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"

/* --- Config --- */

/* "NAME=value"; a bare NAME takes the image's variable away. */
json_t *container_make_env(const struct making *m)
{
	json_t *list = json_array(), *value;
	const char *name;

	json_object_foreach(json_object_get(m->spec, "environment"), name, value) {
		if (json_is_string(value))
			json_array_append_new(
				list, json_sprintf("%s=%s", name, json_string_value(value)));
		else
			json_array_append_new(list, json_string(name));
	}
	return container_unless_empty(list);
}

static json_t *port_name_new(const json_t *port)
{
	const char *protocol = json_member_text(port, "protocol");

	return json_sprintf("%" JSON_INTEGER_FORMAT "/%s", container_int(port, "target"),
			    protocol && *protocol ? protocol : "tcp");
}

void container_ports_each(const char *text, void (*fn)(void *arg, const char *port), void *arg)
{
	char *end;
	unsigned long first = strtoul(text, &end, 10), last = first;
	struct str port = STR_INIT;

	if (*end == '-')
		last = strtoul(end + 1, &end, 10);
	if (end != text && first <= 65535 && last <= 65535) {
		for (; first <= last; first++) {
			str_clear(&port);
			str_addf(&port, "%lu%s", first, *end ? end : "/tcp");
			fn(arg, port.p);
		}
	}
	str_release(&port);
}

static void expose(void *arg, const char *port)
{
	json_object_set_new(arg, port, json_object());
}

json_t *container_make_exposed(const struct making *m)
{
	json_t *exposed = json_object(), *item, *name;
	size_t i;

	json_array_foreach(json_object_get(m->spec, "ports"), i, item) {
		name = port_name_new(item);
		expose(exposed, json_string_value(name));
		json_decref(name);
	}
	json_array_foreach(json_object_get(m->spec, "expose"), i, item) {
		if (json_is_string(item))
			container_ports_each(json_string_value(item), expose, exposed);
	}
	return container_unless_empty(exposed);
}

json_t *container_make_health(const struct making *m)
{
	static const struct {
		const char *key, *name;
		int since;
	} times[] = {{"interval", "Interval", 0},
		     {"timeout", "Timeout", 0},
		     {"start_period", "StartPeriod", 0},
		     {"start_interval", "StartInterval", 44},
		     {"retries", "Retries", 0}};
	const json_t *check = json_object_get(m->spec, "healthcheck"),
		     *test = json_object_get(check, "test");
	json_t *health = json_object();

	if (json_is_array(test))
		json_object_set_new(health, "Test", json_deep_copy(test));
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		const json_t *value = json_object_get(check, times[i].key);

		if (json_is_integer(value) && m->facts->api >= times[i].since)
			json_object_set_new(health, times[i].name, json_deep_copy(value));
	}
	return container_unless_empty(health);
}

/* Whole seconds, but at least one unless the file says none: 0 would kill at once. */
json_t *container_make_stop_timeout(const struct making *m)
{
	const json_t *period = json_object_get(m->spec, "stop_grace_period");
	json_int_t ns = json_integer_value(period), seconds = ns / 1000000000;

	if (!json_is_integer(period))
		return NULL;
	return json_integer(ns > 0 && !seconds ? 1 : seconds);
}

json_t *container_make_true(const struct making *m)
{
	(void)m;
	return json_true();
}

/* Only `run` attaches to what its container reads. */
json_t *container_make_stdin(const struct making *m)
{
	if (!m->facts->oneoff_slug || !json_is_true(json_object_get(m->spec, "stdin_open")))
		return NULL;
	return json_true();
}

/* --- HostConfig --- */

/* Not for `run`: the service's own container has them. */
json_t *container_make_published(const struct making *m)
{
	json_t *bindings, *port;
	size_t i;

	if (m->facts->oneoff_slug)
		return NULL;
	bindings = json_object();
	json_array_foreach(json_object_get(m->spec, "ports"), i, port) {
		json_t *name = port_name_new(port), *binding = json_object();
		json_t *list = json_object_get(bindings, json_string_value(name));

		if (!list) {
			list = json_array();
			json_object_set_new(bindings, json_string_value(name), list);
		}
		container_set_text(binding, "HostIp", port, "host_ip");
		container_set_text(binding, "HostPort", port, "published");
		json_array_append_new(list, binding);
		json_decref(name);
	}
	return container_unless_empty(bindings);
}

/* Where each word of the file leads; "any" of deploy is the engine's "always". */
static const char *restart_name(const char *word)
{
	if (!strcmp(word, "any"))
		return "always";
	return !strcmp(word, "none") ? "no" : word;
}

static json_t *restart_new(const char *word, size_t len, json_int_t count)
{
	json_t *name = json_stringn(word, len), *policy;
	const char *mapped;

	if (!name)
		return NULL;
	mapped = restart_name(json_string_value(name));
	policy = json_pack("{ss, sI}", "Name", mapped, "MaximumRetryCount",
			   strcmp(mapped, "on-failure") != 0 ? (json_int_t)0 : count);
	json_decref(name);
	return policy;
}

/* deploy.restart_policy wins; without a condition it means any (Compose Deploy Specification). */
json_t *container_make_restart(const struct making *m)
{
	const json_t *policy =
		json_object_get(json_object_get(m->spec, "deploy"), "restart_policy");
	const char *restart = json_member_text(m->spec, "restart"), *condition;
	size_t len;

	if (m->facts->oneoff_slug)
		return NULL;
	if (json_is_object(policy)) {
		condition = json_member_text(policy, "condition");
		condition = condition && *condition ? condition : "any";
		return restart_new(condition, strlen(condition),
				   container_int(policy, "max_attempts"));
	}
	if (!restart || !*restart)
		return NULL;
	len = strcspn(restart, ":");
	return restart_new(restart, len, restart[len] ? strtol(restart + len + 1, NULL, 10) : 0);
}

/* "host=ip" becomes "host:ip", without brackets around the address. */
json_t *container_make_hosts(const struct making *m)
{
	json_t *list = json_array(), *item;
	size_t i;

	json_array_foreach(json_object_get(m->spec, "extra_hosts"), i, item) {
		const char *text = json_string_value(item), *ip;
		size_t host, len;

		if (!text)
			continue;
		host = strcspn(text, "=");
		if (!text[host])
			host = strcspn(text, ":");
		ip = text + host + (text[host] != '\0');
		len = strlen(ip);
		if (len > 2 && *ip == '[' && ip[len - 1] == ']') {
			ip++;
			len -= 2;
		}
		json_array_append_new(list,
				      json_sprintf("%.*s:%.*s", (int)host, text, (int)len, ip));
	}
	return container_unless_empty(list);
}

static bool is_unmasked(const json_t *option)
{
	const char *text = json_string_value(option);

	return text &&
	       (!strcmp(text, "systempaths=unconfined") || !strcmp(text, "systempaths:unconfined"));
}

json_t *container_make_security(const struct making *m)
{
	json_t *list = json_array(), *option;
	size_t i;

	json_array_foreach(json_object_get(m->spec, "security_opt"), i, option) {
		if (json_is_string(option) && !is_unmasked(option))
			json_array_append(list, option);
	}
	return container_unless_empty(list);
}

json_t *container_make_masked(const struct making *m)
{
	json_t *option;
	size_t i;

	json_array_foreach(json_object_get(m->spec, "security_opt"), i, option) {
		if (is_unmasked(option))
			return json_array();
	}
	return NULL;
}

json_t *container_make_log(const struct making *m)
{
	const json_t *logging = json_object_get(m->spec, "logging"),
		     *options = json_object_get(logging, "options");
	json_t *log = json_object();

	container_set_text(log, "Type", logging, "driver");
	if (json_object_size(options))
		json_object_set_new(log, "Config", json_deep_copy(options));
	return container_unless_empty(log);
}

json_t *container_make_tmpfs(const struct making *m)
{
	json_t *all = json_object(), *item;
	size_t i;

	json_array_foreach(json_object_get(m->spec, "tmpfs"), i, item) {
		const char *text = json_string_value(item);
		size_t len = text ? strcspn(text, ":") : 0;
		json_t *target = text ? json_stringn(text, len) : NULL;

		if (target)
			json_object_set_new(all, json_string_value(target),
					    json_string(text[len] ? text + len + 1 : ""));
		json_decref(target);
	}
	return container_unless_empty(all);
}

/* Always said: engines differ in what an absent one means in an inspect. */
json_t *container_make_oom_kill(const struct making *m)
{
	return json_boolean(json_is_true(json_object_get(m->spec, "oom_kill_disable")));
}

/* --- other containers --- */

static const char *service_id(const struct making *m, const char *service)
{
	return m->facts->service_id ? m->facts->service_id(m->facts->service_arg, service) : NULL;
}

json_t *container_mode_new(const struct making *m, const char *mode)
{
	const char *id = NULL;

	if (!mode || !*mode)
		return NULL;
	if (!strncmp(mode, "service:", 8))
		id = service_id(m, mode + 8);
	return id ? json_sprintf("container:%s", id) : json_string(mode);
}

json_t *container_make_pid(const struct making *m)
{
	return container_mode_new(m, json_member_text(m->spec, "pid"));
}

json_t *container_make_ipc(const struct making *m)
{
	return container_mode_new(m, json_member_text(m->spec, "ipc"));
}

/* "service[:ro]" or "container:name[:ro]". */
json_t *container_make_volumes_from(const struct making *m)
{
	json_t *list = json_array(), *item;
	size_t i;

	json_array_foreach(json_object_get(m->spec, "volumes_from"), i, item) {
		const char *text = json_string_value(item), *id = NULL;
		size_t len = text ? strcspn(text, ":") : 0;
		json_t *service;

		if (!text)
			continue;
		if (!strncmp(text, "container:", 10)) {
			json_array_append_new(list, json_string(text + 10));
			continue;
		}
		service = json_stringn(text, len);
		id = service_id(m, json_string_value(service));
		json_array_append_new(
			list,
			json_sprintf("%s%s", id ? id : json_string_value(service), text + len));
		json_decref(service);
	}
	return container_unless_empty(list);
}

static void link_to(const struct making *m, json_t *list, const struct compose_service *to,
		    const char *alias)
{
	struct str name = STR_INIT;

	for (int i = 1; i <= to->replicas; i++) {
		str_clear(&name);
		container_name_add(&name, m->compose, to, (unsigned)i);
		json_array_append_new(list, json_sprintf("%s:%s", name.p, alias));
		json_array_append_new(list,
				      json_sprintf("%s:%s-%u", name.p, to->name, m->facts->number));
		json_array_append_new(list, json_sprintf("%s:%s-%s-%u", name.p, m->compose->project,
							 to->name, m->facts->number));
	}
	str_release(&name);
}

/* "service[:alias]": each container of the service under three names, as ever. */
json_t *container_make_links(const struct making *m)
{
	json_t *list = json_array(), *item;
	size_t i;

	json_array_foreach(json_object_get(m->spec, "links"), i, item) {
		const char *text = json_string_value(item);
		size_t len = text ? strcspn(text, ":") : 0;
		json_t *name = text ? json_stringn(text, len) : NULL;
		const struct compose_service *to =
			name ? compose_service_find(m->compose, json_string_value(name)) : NULL;

		if (to)
			link_to(m, list, to, text[len] ? text + len + 1 : to->name);
		json_decref(name);
	}
	json_array_foreach(json_object_get(m->spec, "external_links"), i, item) {
		const char *text = json_string_value(item);

		if (text)
			json_array_append_new(list, strchr(text, ':')
							    ? json_string(text)
							    : json_sprintf("%s:%s", text, text));
	}
	return container_unless_empty(list);
}

/* --- the body --- */

static bool is_type(const json_t *value, enum field_type type)
{
	switch (type) {
	case FIELD_TEXT:
		return json_string_length(value) > 0;
	case FIELD_BOOL:
		return json_is_boolean(value);
	case FIELD_NUMBER:
		return json_is_integer(value);
	case FIELD_LIST:
		return json_is_array(value);
	case FIELD_MAP:
		return json_is_object(value);
	}
	return false;
}

static json_t *field_new(const struct making *m, const struct container_field *field)
{
	const json_t *value = json_object_get(m->spec, field->key);

	if (m->facts->api < field->since)
		return NULL;
	if (field->make)
		return field->make(m);
	return is_type(value, field->type) ? json_deep_copy(value) : NULL;
}

json_t *container_body_new(const struct compose *compose, const struct compose_service *service,
			   const struct container_facts *facts)
{
	struct making m = {compose, service, facts, service->spec};
	json_t *body = json_object(), *host = json_object();
	const struct container_field *field;

	for (size_t i = 0; (field = container_field_row(i)); i++) {
		json_t *value = field_new(&m, field);

		if (value)
			json_object_set_new(field->host ? host : body, field->name, value);
	}
	json_object_set_new(body, "HostConfig", host);
	json_object_set_new(
		body, "NetworkingConfig",
		json_pack("{so}", "EndpointsConfig", container_endpoints_new(&m, false)));
	return body;
}
