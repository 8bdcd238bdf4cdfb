/*
 * The ServiceSpec of one service, field by field as docker/cli cli/compose/convert/service.go makes
 * it: what it leaves out is left out here, what it sends empty is sent empty, because Swarm
 * restarts tasks for either. Lists have its order.
 *
 * The stack format refuses, or reads and drops, some keys that the engine can do. Those are sent
 * here, and a `docker stack deploy` of the generated file lacks them:
 *
 *	dns_opt			ContainerSpec.DNSConfig.Options
 *	group_add		ContainerSpec.Groups
 *	oom_score_adj		ContainerSpec.OomScoreAdj (API 1.46)
 *	security_opt		ContainerSpec.Privileges: SELinuxContext; from API 1.44 on
 *				NoNewPrivileges, Seccomp, AppArmor
 *	platform		TaskTemplate.Placement.Platforms
 *	volumes: tmpfs.mode	TmpfsOptions.Mode; also mode= and, from API 1.46 on, other options
 *				of tmpfs:
 *	volumes: bind.recursive	BindOptions.NonRecursive, for "disabled"
 *	volumes: volume.labels	VolumeOptions.Labels
 *	networks: ipam, enable_ipv6	all but driver and config.subnet (swarm.c)
 *
 * restart: "no" is Condition "none", which the generated file says as deploy.restart_policy.
 */
#include "kata/swarm.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/text.h"
#include "swarm_private.h"

/* --- images --- */

/* Host part of an image reference, with its slash; 0 when it has none. */
static size_t image_domain(const char *image)
{
	size_t len = strcspn(image, "/");

	if (!image[len])
		return 0;
	if (memchr(image, '.', len) || memchr(image, ':', len) ||
	    (len == strlen("localhost") && !strncmp(image, "localhost", len)))
		return len + 1;
	for (size_t i = 0; i < len; i++)
		if (isupper((unsigned char)image[i]))
			return len + 1;
	return 0;
}

static bool image_is_id(const char *image)
{
	return strlen(image) == 64 && strspn(image, "0123456789abcdef") == 64;
}

/* As distribution/reference writes it: no docker.io/library/, with :latest when it says neither
 * tag nor digest. New reference. */
static json_t *image_name_new(const char *image)
{
	const char *hub[] = {"docker.io/", "index.docker.io/"};
	const char *path = image, *last;
	size_t i;

	if (!*image || image_is_id(image))
		return json_string(image);
	for (i = 0; i < sizeof(hub) / sizeof(*hub); i++)
		if (!strncmp(image, hub[i], strlen(hub[i])))
			path = image + strlen(hub[i]);
	if ((path != image || !image_domain(path)) && !strncmp(path, "library/", 8) &&
	    !strchr(path + 8, '/'))
		path += 8;
	last = strrchr(path, '/');
	if (strpbrk(last ? last : path, ":@"))
		return json_string(path);
	return json_sprintf("%s:latest", path);
}

static const json_t *live_spec(const struct swarm_facts *facts)
{
	return json_object_member(facts->live, "Spec", JSON_OBJECT);
}

static const json_t *live_task(const struct swarm_facts *facts)
{
	return json_object_member(live_spec(facts), "TaskTemplate", JSON_OBJECT);
}

/* The live service runs what this file means: its image stays as it was pinned then. */
static const char *live_image(const struct swarm_facts *facts)
{
	const json_t *labels = json_object_get(live_spec(facts), "Labels");
	const char *written = json_member_text(labels, LABEL_STACK_IMAGE);

	if (!written || !facts->image || strcmp(written, facts->image) != 0)
		return NULL;
	return json_member_text(json_object_get(live_task(facts), "ContainerSpec"), "Image");
}

static json_t *image_new(const struct swarm_facts *facts)
{
	const char *live = live_image(facts);

	if (facts->pinned)
		return json_string(facts->pinned);
	if (live)
		return json_string(live);
	return image_name_new(facts->image ? facts->image : "");
}

/* "linux/arm64/v8" */
static json_t *platform_new(const char *platform)
{
	size_t os = strcspn(platform, "/");
	const char *arch = platform[os] ? platform + os + 1 : "";
	size_t len = strcspn(arch, "/");
	json_t *out = json_object();

	/* The many kinds of arm do not match by name: the CLI leaves them open. */
	if (len && !(len == 3 && !strncmp(arch, "arm", 3)))
		json_object_set_new(out, "Architecture", json_stringn(arch, len));
	if (os)
		json_object_set_new(out, "OS", json_stringn(platform, os));
	return json_pack("[o]", out);
}

/* Those of the pinned image, and of the live service while it keeps its image. */
static json_t *platforms_new(const json_t *service, const struct swarm_facts *facts)
{
	const char *wish = json_member_text(service, "platform"), *live = live_image(facts);

	if (wish && *wish)
		return platform_new(wish);
	if (live && (!facts->pinned || !strcmp(live, facts->pinned)))
		return json_incref(json_object_get(json_object_get(live_task(facts), "Placement"),
						   "Platforms"));
	return facts->pinned ? json_incref((json_t *)facts->platforms) : NULL;
}

/* --- resources, placement, policies --- */

/* "0.5" and 0.5 to billionths; 0 when there is no such wish. */
static json_int_t nano_cpus(const json_t *cpus)
{
	const char *text = json_string_value(cpus);
	double n = text ? strtod(text, NULL) : json_number_value(cpus);

	return n > 0 && n < 1e6 ? (json_int_t)llround(n * 1e9) : 0;
}

struct resource {
	const char *key, *field, *twin; /* in deploy.resources; the engine's; on the service */
};

/* What deploy.resources.<side> and its older twins on the service say; NULL for nothing. */
static json_t *resources_side_new(const json_t *service, const json_t *side, const char *cpus_twin,
				  const struct resource *rows, size_t count)
{
	json_t *out = json_object(), *cpus = json_object_get(side, "cpus");
	json_int_t nano;

	if (!cpus && cpus_twin)
		cpus = json_object_get(service, cpus_twin);
	nano = nano_cpus(cpus);
	if (nano)
		json_object_set_new(out, "NanoCPUs", json_integer(nano));
	for (size_t i = 0; i < count; i++) {
		json_int_t amount = swarm_number(json_object_get(side, rows[i].key), 0);

		/* -1 is how the old keys say unlimited; here that is to say nothing. */
		if (!json_object_get(side, rows[i].key))
			amount = swarm_number(json_object_get(service, rows[i].twin), 0);
		if (amount > 0 || (amount && json_object_get(side, rows[i].key)))
			json_object_set_new(out, rows[i].field, json_integer(amount));
	}
	if (json_object_size(out))
		return out;
	json_decref(out);
	return NULL;
}

static json_t *generic_new(const json_t *list)
{
	json_t *out = json_array(), *item, *spec, *one;
	size_t i;

	json_array_foreach(list, i, item) {
		spec = json_object_get(item, "discrete_resource_spec");
		one = json_object();
		swarm_set_text(one, "Kind", spec, "kind");
		swarm_set_int(one, "Value", spec, "value");
		json_array_append_new(out, json_pack("{s:o}", "DiscreteResourceSpec", one));
	}
	return out;
}

static json_t *resources_new(const json_t *service, const json_t *deploy)
{
	static const struct resource limits[] = {{"memory", "MemoryBytes", "mem_limit"},
						 {"pids", "Pids", "pids_limit"}};
	static const struct resource reservations[] = {
		{"memory", "MemoryBytes", "mem_reservation"}};
	const json_t *wish = json_object_get(deploy, "resources");
	const json_t *reserve = json_object_get(wish, "reservations");
	json_t *generic = generic_new(json_object_get(reserve, "generic_resources"));
	json_t *out = json_object(), *side;

	swarm_set_take(
		out, "Limits",
		resources_side_new(service, json_object_get(wish, "limits"), "cpus", limits, 2));
	side = resources_side_new(service, reserve, NULL, reservations, 1);
	if (json_array_size(generic)) {
		if (!side)
			side = json_object();
		json_object_set(side, "GenericResources", generic);
	}
	swarm_set_take(out, "Reservations", side);
	json_decref(generic);
	return out;
}

static json_t *placement_new(const json_t *service, const json_t *deploy,
			     const struct swarm_facts *facts)
{
	const json_t *wish = json_object_get(deploy, "placement");
	json_t *out = json_object(), *preferences = json_array(), *item;
	size_t i;

	json_array_foreach(json_object_get(wish, "preferences"), i, item)
		if (json_member_text(item, "spread"))
			json_array_append_new(preferences,
					      json_pack("{s:{s:O}}", "Spread", "SpreadDescriptor",
							json_object_get(item, "spread")));
	swarm_set_take(out, "Constraints", swarm_texts_new(json_object_get(wish, "constraints")));
	if (json_array_size(preferences))
		json_object_set(out, "Preferences", preferences);
	json_decref(preferences);
	swarm_set_int(out, "MaxReplicas", wish, "max_replicas_per_node");
	swarm_set_take(out, "Platforms", platforms_new(service, facts));
	return out;
}

/* A pointer in Go: zero is said, too. */
static void set_number(json_t *to, const char *field, const json_t *from, const char *key)
{
	const json_t *value = json_object_get(from, key);

	if (json_is_integer(value))
		json_object_set_new(to, field, json_integer(json_integer_value(value)));
}

/* restart: in the words of deploy.restart_policy. */
static json_t *restart_new(const char *restart)
{
	static const struct {
		const char *word, *condition;
	} rows[] = {{"no", "none"},
		    {"always", "any"},
		    {"unless-stopped", "any"},
		    {"on-failure", "on-failure"}};
	size_t len = strcspn(restart, ":");
	uint64_t times = 0;
	json_t *out;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (strlen(rows[i].word) != len || strncmp(rows[i].word, restart, len) != 0)
			continue;
		out = json_pack("{s:s}", "Condition", rows[i].condition);
		if (restart[len] && text_u64(restart + len + 1, 1, INT32_MAX, &times))
			json_object_set_new(out, "MaxAttempts", json_integer((json_int_t)times));
		return out;
	}
	return NULL;
}

static json_t *restart_policy_new(const json_t *service, const json_t *deploy)
{
	const json_t *policy = json_object_member(deploy, "restart_policy", JSON_OBJECT);
	const char *restart = json_member_text(service, "restart");
	json_t *out;

	if (!policy)
		return restart ? restart_new(restart) : NULL;
	if (!json_object_size(policy))
		return NULL;
	out = json_object();
	swarm_set_text(out, "Condition", policy, "condition");
	set_number(out, "Delay", policy, "delay");
	set_number(out, "MaxAttempts", policy, "max_attempts");
	set_number(out, "Window", policy, "window");
	return out;
}

/* update_config or rollback_config; `order` when the file names none, or NULL. */
static json_t *update_new(const json_t *config, const char *order)
{
	const json_t *ratio = json_object_get(config, "max_failure_ratio");
	const char *wish = json_member_text(config, "order");
	json_t *out;

	if (!json_object_size(config) && !order)
		return NULL;
	out = json_object();
	json_object_set_new(out, "Parallelism",
			    json_integer(swarm_number(json_object_get(config, "parallelism"), 1)));
	swarm_set_int(out, "Delay", config, "delay");
	swarm_set_text(out, "FailureAction", config, "failure_action");
	swarm_set_int(out, "Monitor", config, "monitor");
	json_object_set_new(out, "MaxFailureRatio",
			    json_is_number(ratio) ? json_deep_copy(ratio) : json_integer(0));
	json_object_set_new(out, "Order", json_string(wish ? wish : order ? order : ""));
	return out;
}

/* --- networks and ports --- */

static json_t *attachment_new(const struct compose *compose, const char *service, const char *key,
			      const json_t *wish)
{
	json_t *name = swarm_resource_name_new(compose, "networks", key);
	json_t *out = json_object(), *aliases = swarm_texts_new(json_object_get(wish, "aliases"));

	if (!swarm_is_builtin_network(json_string_value(name))) {
		if (!aliases)
			aliases = json_array();
		json_array_append_new(aliases, json_string(service));
	}
	json_object_set_new(out, "Target", name);
	swarm_set_take(out, "Aliases", aliases);
	swarm_set_take(out, "DriverOpts",
		       swarm_texts_map_new(json_object_get(wish, "driver_opts")));
	return out;
}

static int compare_target(const void *a, const void *b)
{
	return strcmp(json_member_text(*(json_t *const *)a, "Target"),
		      json_member_text(*(json_t *const *)b, "Target"));
}

static json_t *networks_new(const struct compose *compose, const struct compose_service *service)
{
	const json_t *networks = json_object_get(service->spec, "networks");
	const char *mode = json_member_text(service->spec, "network_mode"), *key;
	json_t *out = json_array(), **items, *wish;
	size_t n = 0;

	if (mode && swarm_is_builtin_network(mode)) {
		json_array_append_new(out, json_pack("{s:s}", "Target", mode));
		return out;
	}
	items = xcalloc(json_object_size(networks) + 1, sizeof(*items));
	json_object_foreach((json_t *)networks, key, wish)
		items[n++] = attachment_new(compose, service->name, key, wish);
	if (!n)
		items[n++] = attachment_new(compose, service->name, "default", NULL);
	qsort(items, n, sizeof(*items), compare_target);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(out, items[i]);
	free(items);
	return out;
}

enum { PORT_MAX = 65535 };

/* "8000" or "8000-8010"; both 0 when there is none. */
static void published_range(const json_t *port, uint64_t *from, uint64_t *to)
{
	const char *text = json_member_text(port, "published"), *dash;
	char first[8] = "";

	*from = *to = 0;
	if (!text) {
		json_int_t n = swarm_number(json_object_get(port, "published"), 0);

		if (n > 0 && n <= PORT_MAX)
			*from = *to = (uint64_t)n;
		return;
	}
	dash = strchr(text, '-');
	if (dash && (size_t)(dash - text) < sizeof(first)) {
		memcpy(first, text, (size_t)(dash - text));
		if (!text_u64(first, 1, PORT_MAX, from) || !text_u64(dash + 1, *from, PORT_MAX, to))
			*from = *to = 0;
	} else if (text_u64(text, 0, PORT_MAX, from)) {
		*to = *from;
	}
}

static json_t *port_new(const json_t *port, uint64_t published)
{
	const char *protocol = json_member_text(port, "protocol");
	const char *mode = json_member_text(port, "mode");
	json_t *out = json_object();

	json_object_set_new(out, "Protocol", json_string(protocol ? protocol : "tcp"));
	swarm_set_int(out, "TargetPort", port, "target");
	if (published)
		json_object_set_new(out, "PublishedPort", json_integer((json_int_t)published));
	json_object_set_new(out, "PublishMode", json_string(mode ? mode : "ingress"));
	return out;
}

struct port {
	json_t *json;
	json_int_t published;
	size_t order; /* in the file */
};

struct ports {
	struct port *items;
	size_t count, cap;
	json_t *seen; /* a set, by what is sent */
};

/* By published port alone, as docker 28 does; newer CLIs go on with target, protocol and mode. */
static int compare_port(const void *a, const void *b)
{
	const struct port *x = a, *y = b;

	if (x->published != y->published)
		return x->published < y->published ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Two that differ in their host address alone are one here. Takes `json`. */
static void ports_add(struct ports *ports, json_t *json)
{
	struct str text = STR_INIT;
	struct port *port;

	json_canonical(&text, json);
	if (json_object_get(ports->seen, text.p)) {
		json_decref(json);
	} else {
		json_object_set_new(ports->seen, text.p, json_true());
		ports->items =
			xgrow(ports->items, ports->count, &ports->cap, sizeof(*ports->items));
		port = &ports->items[ports->count];
		port->json = json;
		port->published = json_integer_value(json_object_get(json, "PublishedPort"));
		port->order = ports->count++;
	}
	str_release(&text);
}

static json_t *ports_new(const json_t *list)
{
	struct ports ports = {NULL, 0, 0, json_object()};
	json_t *out = json_array(), *port;
	uint64_t from, to;
	size_t i;

	json_array_foreach(list, i, port) {
		published_range(port, &from, &to);
		for (uint64_t p = from; p <= to; p++)
			ports_add(&ports, port_new(port, p));
	}
	if (ports.count)
		qsort(ports.items, ports.count, sizeof(*ports.items), compare_port);
	for (i = 0; i < ports.count; i++)
		json_array_append_new(out, ports.items[i].json);
	json_decref(ports.seen);
	free(ports.items);
	return out;
}

static json_t *endpoint_new(const json_t *service, const json_t *deploy)
{
	json_t *out = json_object(), *ports = ports_new(json_object_get(service, "ports"));

	swarm_set_text(out, "Mode", deploy, "endpoint_mode");
	if (json_array_size(ports))
		json_object_set(out, "Ports", ports);
	json_decref(ports);
	return out;
}

/* --- the service --- */

static json_t *mode_new(const struct compose_service *service, const char *mode)
{
	int n = service->replicas > 0 ? service->replicas : 0;

	if (!strcmp(mode, "global"))
		return json_pack("{s:{}}", "Global");
	if (!strcmp(mode, "global-job"))
		return json_pack("{s:{}}", "GlobalJob");
	if (!strcmp(mode, "replicated-job"))
		return json_pack("{s:{s:i,s:i}}", "ReplicatedJob", "MaxConcurrent", n,
				 "TotalCompletions", n);
	return json_pack("{s:{s:i}}", "Replicated", "Replicas", n);
}

static json_t *task_new(const struct compose *compose, const struct compose_service *service,
			const json_t *deploy, const struct swarm_facts *facts)
{
	const json_t *logging = json_object_member(service->spec, "logging", JSON_OBJECT);
	json_t *task = json_object(), *driver, *container;

	container = swarm_container_new(compose, service->spec, facts);
	json_object_set_new(container, "Image", image_new(facts));
	json_object_set_new(task, "ContainerSpec", container);
	json_object_set_new(task, "Resources", resources_new(service->spec, deploy));
	swarm_set_take(task, "RestartPolicy", restart_policy_new(service->spec, deploy));
	json_object_set_new(task, "Placement", placement_new(service->spec, deploy, facts));
	json_object_set_new(task, "Networks", networks_new(compose, service));
	if (logging) {
		driver = json_object();
		swarm_set_text(driver, "Name", logging, "driver");
		swarm_set_take(driver, "Options",
			       swarm_texts_map_new(json_object_get(logging, "options")));
		json_object_set_new(task, "LogDriver", driver);
	}
	json_object_set_new(
		task, "ForceUpdate",
		json_integer(swarm_number(json_object_get(live_task(facts), "ForceUpdate"), 0)));
	return task;
}

/* Swarm leaves tasks alone as long as their placement is all that differs, and does then not look
 * at the ports; new ports take new tasks in any case. */
static void force_new_ports(json_t *spec, const struct swarm_facts *facts)
{
	const json_t *before = json_object_get(live_spec(facts), "EndpointSpec");
	json_t *task = json_object_get(spec, "TaskTemplate");

	if (!before || swarm_ports_equal(json_object_get(before, "Ports"),
					 json_at(spec, "EndpointSpec/Ports")))
		return;
	json_object_set_new(
		task, "ForceUpdate",
		json_integer(json_integer_value(json_object_get(task, "ForceUpdate")) + 1));
}

json_t *swarm_spec_new(const struct compose *compose, const struct compose_service *service,
		       const struct swarm_facts *facts)
{
	const json_t *deploy = json_object_get(service->spec, "deploy");
	const char *mode = json_member_text(deploy, "mode");
	bool job = mode && strstr(mode, "-job");
	json_t *spec = json_object(), *labels;

	labels = swarm_labels_new(compose, json_object_get(deploy, "labels"));
	json_object_set_new(labels, LABEL_STACK_IMAGE,
			    json_string(facts->image ? facts->image : ""));
	json_object_set_new(spec, "Name", json_sprintf("%s_%s", compose->project, service->name));
	json_object_set_new(spec, "Labels", labels);
	json_object_set_new(spec, "TaskTemplate", task_new(compose, service, deploy, facts));
	json_object_set_new(spec, "Mode", mode_new(service, mode ? mode : "replicated"));
	swarm_set_take(
		spec, "UpdateConfig",
		update_new(json_object_get(deploy, "update_config"),
			   service->order == ORDER_START_FIRST && !job ? "start-first" : NULL));
	swarm_set_take(spec, "RollbackConfig",
		       update_new(json_object_get(deploy, "rollback_config"), NULL));
	json_object_set_new(spec, "EndpointSpec", endpoint_new(service->spec, deploy));
	force_new_ports(spec, facts);
	return spec;
}
