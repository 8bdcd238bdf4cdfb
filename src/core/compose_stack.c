/*
 * The canonical model as a file that `docker stack deploy` takes (docker/cli cli/compose/schema,
 * config_schema_v3.13.json: strict about keys and types). What Swarm can do under another key is
 * put there; what it cannot do is left out: compose_check_mode has told the person.
 */
#include <string.h>

#include "compose_print.h"
#include "kata/json.h"
#include "kata/error.h"
#include "kata/text.h"

/* Keys that mean the same to both tools. */
static const char *const SERVICE_KEYS[] = {
	"cap_add",	     "cap_drop",    "command",	  "configs",
	"credential_spec",   "dns",	    "dns_search", "entrypoint",
	"hostname",	     "image",	    "init",	  "environment",
	"isolation",	     "labels",	    "logging",	  "read_only",
	"oom_score_adj",     "secrets",	    "stdin_open", "stop_signal",
	"sysctls",	     "tty",	    "ulimits",	  "user",
	"stop_grace_period", "working_dir", NULL,
};
static const char *const HEALTH_KEYS[] = {"test",	  "interval",	    "timeout", "retries",
					  "start_period", "start_interval", NULL};
static const char *const DEPLOY_KEYS[] = {"mode", "endpoint_mode", "labels", NULL};
static const char *const UPDATE_KEYS[] = {
	"parallelism", "delay", "failure_action", "monitor", "order", "max_failure_ratio", NULL};
static const char *const RESTART_KEYS[] = {"condition", "delay", "max_attempts", "window", NULL};
static const char *const PLACEMENT_KEYS[] = {"constraints", "preferences", "max_replicas_per_node",
					     NULL};
static const char *const LIMIT_KEYS[] = {"cpus", "memory", "pids", NULL};
static const char *const RESERVATION_KEYS[] = {"cpus", "memory", "generic_resources", NULL};
static const char *const MOUNT_KEYS[] = {"type", "source", "target", "read_only", NULL};
static const char *const ENDPOINT_KEYS[] = {"aliases", "driver_opts", NULL};
static const char *const PORT_KEYS[] = {"target", "protocol", "mode", NULL};
static const char *const EXTERNAL_KEYS[] = {"external", "name", NULL};
static const char *const SUBNET_KEYS[] = {"subnet", NULL};

/* Top-level objects. */
static const struct object_kind {
	const char *kind;
	const char *keys[8];
} OBJECT_KINDS[] = {
	{"networks", {"name", "driver", "driver_opts", "internal", "attachable", "labels"}},
	{"volumes", {"name", "driver", "driver_opts", "labels"}},
	{"secrets",
	 {"name", "file", "content", "labels", "driver", "driver_opts", "template_driver"}},
	{"configs", {"name", "file", "content", "labels", "template_driver"}},
};

/* Old keys of a service, and where `deploy.resources` has the same. */
static const struct resource_key {
	const char *key, *group, *member;
} RESOURCE_KEYS[] = {
	{"cpus", "limits", "cpus"},
	{"mem_limit", "limits", "memory"},
	{"pids_limit", "limits", "pids"},
	{"mem_reservation", "reservations", "memory"},
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Adds copies of the members named; returns `to`. */
static json_t *copy_members(json_t *to, const json_t *from, const char *const *keys)
{
	for (; *keys; keys++) {
		const json_t *value = json_object_get(from, *keys);

		if (value)
			json_object_set_new(to, *keys, json_deep_copy(value));
	}
	return to;
}

static json_t *picked_new(const json_t *from, const char *const *keys)
{
	return copy_members(json_object(), from, keys);
}

/* Sets what holds something; takes the value. */
static void set_filled(json_t *object, const char *key, json_t *value)
{
	if (json_object_size(value) || json_array_size(value))
		json_object_set(object, key, value);
	json_decref(value);
}

/* --- image, hosts, restart --- */

static void set_image(const struct compose_shape *shape, const struct compose_service *service,
		      json_t *out)
{
	if (!json_object_get(out, "image"))
		json_object_set_new(
			out, "image",
			json_string(arena_printf(shape->arena, "%s-%s", shape->compose->project,
						 service->name)));
}

/* The loader cuts at the first colon and knows no "host=ip". */
static void set_hosts(const struct compose_shape *shape, const json_t *spec, json_t *out)
{
	json_t *hosts = json_array();
	const json_t *host;
	size_t i;

	json_array_foreach(json_object_get(spec, "extra_hosts"), i, host) {
		char *text = arena_strdup(shape->arena, json_string_value(host));
		char *equals = strchr(text, '=');

		if (equals)
			*equals = ':';
		json_array_append_new(hosts, json_string(text));
	}
	set_filled(out, "extra_hosts", hosts);
}

/* `restart` as deploy.restart_policy. The stack loader takes "no" for an absent key, which means
 * to restart always; said as a condition it does mean no. NULL: says nothing. */
static json_t *restart_policy_new(const char *restart)
{
	const char *count = restart ? strchr(restart, ':') : NULL;
	const char *condition;
	uint64_t attempts;
	json_t *policy;

	if (!restart || !*restart)
		return NULL;
	if (!strcmp(restart, "no"))
		condition = "none";
	else if (!strncmp(restart, "on-failure", strlen("on-failure")))
		condition = "on-failure";
	else
		condition = "any";
	policy = json_pack("{s:s}", "condition", condition);
	if (count && text_u64(count + 1, 1, INT32_MAX, &attempts))
		json_object_set_new(policy, "max_attempts", json_integer((json_int_t)attempts));
	return policy;
}

/* --- deploy --- */

static void set_resources(const json_t *spec, const json_t *deploy, json_t *out)
{
	const json_t *given = json_object_get(deploy, "resources");
	json_t *resources = json_object();

	json_object_set_new(resources, "limits",
			    picked_new(json_object_get(given, "limits"), LIMIT_KEYS));
	json_object_set_new(resources, "reservations",
			    picked_new(json_object_get(given, "reservations"), RESERVATION_KEYS));
	for (size_t i = 0; i < COUNT(RESOURCE_KEYS); i++) {
		const struct resource_key *row = &RESOURCE_KEYS[i];
		json_t *group = json_object_get(resources, row->group);
		json_t *value = json_object_get(spec, row->key);

		/* Zero and -1 mean no limit, as an absent key does. */
		if (!value || json_object_get(group, row->member) ||
		    (json_is_number(value) && json_number_value(value) <= 0))
			continue;
		json_object_set(group, row->member, value);
	}
	if (!json_object_size(json_object_get(resources, "limits")))
		json_object_del(resources, "limits");
	if (!json_object_size(json_object_get(resources, "reservations")))
		json_object_del(resources, "reservations");
	set_filled(out, "resources", resources);
}

static void set_update(const struct compose_service *service, const json_t *deploy, bool job,
		       json_t *out)
{
	json_t *update = picked_new(json_object_get(deploy, "update_config"), UPDATE_KEYS);

	if (service->order == ORDER_START_FIRST && !job && !json_object_get(update, "order"))
		json_object_set_new(update, "order", json_string("start-first"));
	set_filled(out, "update_config", update);
	set_filled(out, "rollback_config",
		   picked_new(json_object_get(deploy, "rollback_config"), UPDATE_KEYS));
}

static void set_deploy(const struct compose_shape *shape, const struct compose_service *service,
		       json_t *out)
{
	const json_t *spec = service->spec, *deploy = json_object_get(spec, "deploy");
	const char *mode = json_member_text(deploy, "mode");
	json_t *shaped = picked_new(deploy, DEPLOY_KEYS), *restart;
	bool global = mode && !strncmp(mode, "global", strlen("global"));
	bool job = mode && strstr(mode, "-job");

	if (shape_has_replicas(service) && !global)
		json_object_set_new(shaped, "replicas", json_integer(service->replicas));
	set_update(service, deploy, job, shaped);
	set_resources(spec, deploy, shaped);
	set_filled(shaped, "placement",
		   picked_new(json_object_get(deploy, "placement"), PLACEMENT_KEYS));
	restart = json_object_get(deploy, "restart_policy")
			  ? picked_new(json_object_get(deploy, "restart_policy"), RESTART_KEYS)
			  : restart_policy_new(json_member_text(spec, "restart"));
	set_filled(shaped, "restart_policy", restart);
	shape_deploy(shape, shaped);
	set_filled(out, "deploy", shaped);
}

/* --- ports --- */

static void ports_add(json_t *ports, json_t *port)
{
	json_t *other;
	size_t i;

	/* Without their addresses two ports can become one, which the schema refuses twice. */
	json_array_foreach(ports, i, other)
		if (json_equal(other, port)) {
			json_decref(port);
			return;
		}
	json_array_append_new(ports, port);
}

/* "8000", "8000-8010" (each a mapping of its own here), "" or "0" (the engine chooses). */
static void ports_add_published(json_t *ports, const json_t *port, const char *published)
{
	const char *dash = strchr(published, '-');
	uint64_t first = 0, last = 0;
	char number[8] = "";

	if (dash && (size_t)(dash - published) < sizeof(number))
		memcpy(number, published, (size_t)(dash - published));
	text_u64(dash ? number : published, 1, 65535, &first);
	last = first;
	if (dash)
		text_u64(dash + 1, first, 65535, &last);
	for (uint64_t at = first; at <= last; at++) {
		json_t *one = picked_new(port, PORT_KEYS);

		if (at)
			json_object_set_new(one, "published", json_integer((json_int_t)at));
		ports_add(ports, one);
	}
}

static void set_ports(const json_t *spec, json_t *out)
{
	json_t *ports = json_array();
	const json_t *port;
	size_t i;

	json_array_foreach(json_object_get(spec, "ports"), i, port) {
		const char *published = json_member_text(port, "published");

		ports_add_published(ports, port, published ? published : "");
	}
	set_filled(out, "ports", ports);
}

/* --- mounts --- */

static json_t *mount_new(const json_t *volume)
{
	static const char *const bind_keys[] = {"propagation", NULL};
	static const char *const volume_keys[] = {"nocopy", "subpath", NULL};
	static const char *const tmpfs_keys[] = {"size", NULL};
	json_t *mount = picked_new(volume, MOUNT_KEYS);

	set_filled(mount, "bind", picked_new(json_object_get(volume, "bind"), bind_keys));
	set_filled(mount, "volume", picked_new(json_object_get(volume, "volume"), volume_keys));
	set_filled(mount, "tmpfs", picked_new(json_object_get(volume, "tmpfs"), tmpfs_keys));
	return mount;
}

static json_t *tmpfs_mount_new(const char *target, int64_t size)
{
	json_t *mount = json_pack("{s:s, s:s}", "type", "tmpfs", "target", target);

	if (size > 0)
		json_object_set_new(mount, "tmpfs", json_pack("{s:I}", "size", (json_int_t)size));
	return mount;
}

/* "/run:size=64m,mode=755": of the options only the size has a place in a stack file. */
static json_t *tmpfs_text_mount_new(const struct compose_shape *shape, const char *text)
{
	size_t target = strcspn(text, ":");
	int64_t size = 0;

	for (const char *option = text + target; *option; option += strcspn(option, ",")) {
		option++;
		if (!strncmp(option, "size=", 5) &&
		    !compose_bytes(
			    arena_strndup(shape->arena, option + 5, strcspn(option + 5, ",")),
			    &size))
			size = 0;
	}
	return tmpfs_mount_new(arena_strndup(shape->arena, text, target), size);
}

static bool has_mount(const json_t *mounts, const char *target)
{
	const json_t *mount;
	size_t i;

	json_array_foreach(mounts, i, mount) {
		const char *other = json_member_text(mount, "target");

		if (other && !strcmp(other, target))
			return true;
	}
	return false;
}

static void set_volumes(const struct compose_shape *shape, const json_t *spec, json_t *out)
{
	json_t *mounts = json_array(), *shm = json_object_get(spec, "shm_size");
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(spec, "volumes"), i, item)
		json_array_append_new(mounts, mount_new(item));
	json_array_foreach(json_object_get(spec, "tmpfs"), i, item)
		json_array_append_new(mounts, tmpfs_text_mount_new(shape, json_string_value(item)));
	if (json_integer_value(shm) > 0 && !has_mount(mounts, "/dev/shm"))
		json_array_append_new(mounts, tmpfs_mount_new("/dev/shm", json_integer_value(shm)));
	set_filled(out, "volumes", mounts);
}

/* --- networks --- */

static bool is_predefined(const char *mode)
{
	return mode && (!strcmp(mode, "host") || !strcmp(mode, "none") || !strcmp(mode, "bridge"));
}

/* The key under which the file has a network of the engine: a free one, or that of the model. */
static const char *predefined_key(const struct compose_shape *shape, const char *mode)
{
	const json_t *networks = json_object_get(shape->compose->root, "networks");
	const char *key = mode;

	for (;;) {
		const json_t *taken = json_object_get(networks, key);
		const char *name = json_member_text(taken, "name");

		if (!taken || (name && !strcmp(name, mode)))
			return key;
		key = arena_printf(shape->arena, "%s_", key);
	}
}

void stack_networks_add(const struct compose_shape *shape, json_t *networks)
{
	for (size_t i = 0; i < shape->compose->service_count; i++) {
		const char *mode =
			json_member_text(shape->compose->services[i].spec, "network_mode");

		if (is_predefined(mode))
			json_object_set_new(networks, predefined_key(shape, mode),
					    json_pack("{s:b, s:s}", "external", 1, "name", mode));
	}
}

static void set_networks(const struct compose_shape *shape, const json_t *spec, json_t *out)
{
	const char *mode = json_member_text(spec, "network_mode"), *key;
	json_t *networks = json_object(), *endpoint;

	if (is_predefined(mode))
		json_object_set_new(networks, predefined_key(shape, mode), json_object());
	json_object_foreach(json_object_get(spec, "networks"), key, endpoint)
		json_object_set_new(networks, key, picked_new(endpoint, ENDPOINT_KEYS));
	set_filled(out, "networks", networks);
}

json_t *stack_service_new(const struct compose_shape *shape, const struct compose_service *service)
{
	const json_t *spec = service->spec;
	json_t *out = picked_new(spec, SERVICE_KEYS);
	json_t *health = picked_new(json_object_get(spec, "healthcheck"), HEALTH_KEYS);

	set_image(shape, service, out);
	set_hosts(shape, spec, out);
	shape_duration(shape, out, "stop_grace_period");
	shape_healthcheck(shape, health);
	set_filled(out, "healthcheck", health);
	set_ports(spec, out);
	set_volumes(shape, spec, out);
	set_networks(shape, spec, out);
	set_deploy(shape, service, out);
	return out;
}

/* --- top-level objects --- */

static void set_ipam(const json_t *network, json_t *out)
{
	static const char *const driver_keys[] = {"driver", NULL};
	const json_t *ipam = json_object_get(network, "ipam"), *item;
	json_t *shaped = picked_new(ipam, driver_keys), *config = json_array();
	size_t i;

	json_array_foreach(json_object_get(ipam, "config"), i, item)
		if (json_object_get(item, "subnet"))
			json_array_append_new(config, picked_new(item, SUBNET_KEYS));
	set_filled(shaped, "config", config);
	set_filled(out, "ipam", shaped);
}

static const struct object_kind *object_kind(const char *kind)
{
	for (size_t i = 0; i < COUNT(OBJECT_KINDS); i++)
		if (!strcmp(OBJECT_KINDS[i].kind, kind))
			return &OBJECT_KINDS[i];
	BUG("no kind of object: %s", kind);
}

json_t *stack_object_new(const struct compose_shape *shape, const char *kind, const char *key,
			 const json_t *object)
{
	const struct compose_names *names = shape->names;
	const char *name;
	json_t *out;

	if (json_is_true(json_object_get(object, "external")))
		return picked_new(object, EXTERNAL_KEYS);
	out = picked_new(object, object_kind(kind)->keys);
	name = names && names->object ? names->object(names->arg, kind, key) : NULL;
	if (name)
		json_object_set_new(out, "name", json_string(name));
	shape_content(shape, kind, key, out);
	if (!strcmp(kind, "networks"))
		set_ipam(object, out);
	return out;
}
