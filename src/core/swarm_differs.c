/*
 * Whether a live service already is what the file wants. Both specs are brought into one form
 * first: what the engine fills in when it stores a spec is filled in or taken out on both sides,
 * what means nothing (the order of variables, an empty object) is made equal. The rest is compared
 * row by row; nothing in a live spec is overlooked.
 */
#include "kata/swarm.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "swarm_private.h"

/* --- paths --- */

enum { PATH_PART = 32 };

/* Member at "A/B/C". With `make`, objects on the way are made. *last gets the last name. */
static json_t *path_parent(json_t *root, const char *path, bool make, const char **last)
{
	char part[PATH_PART];
	size_t len;

	for (; (len = strcspn(path, "/")) && path[len]; path += len + 1) {
		json_t *next;

		memcpy(part, path, len);
		part[len] = '\0';
		next = json_object_get(root, part);
		if (make && !json_is_object(next)) {
			next = json_object();
			json_object_set_new(root, part, next);
		}
		root = next;
	}
	*last = path;
	return root;
}

static json_t *path_get(json_t *root, const char *path)
{
	const char *last;
	json_t *parent = path_parent(root, path, false, &last);

	return json_object_get(parent, last);
}

/* --- one form --- */

#define CONTAINER "TaskTemplate/ContainerSpec/"

/* What the engine takes for something that is not said. */
static const struct {
	const char *path, *text;
	json_int_t number; /* when there is no text */
} defaults[] = {
	{CONTAINER "StopGracePeriod", NULL, 10000000000},
	{CONTAINER "Isolation", "default", 0},
	{"TaskTemplate/Runtime", "container", 0},
	{"TaskTemplate/RestartPolicy/Condition", "any", 0},
	{"TaskTemplate/RestartPolicy/Delay", NULL, 5000000000},
	{"UpdateConfig/Parallelism", NULL, 1},
	{"UpdateConfig/FailureAction", "pause", 0},
	{"UpdateConfig/Monitor", NULL, 5000000000},
	{"UpdateConfig/Order", "stop-first", 0},
	{"RollbackConfig/Parallelism", NULL, 1},
	{"RollbackConfig/FailureAction", "pause", 0},
	{"RollbackConfig/Monitor", NULL, 5000000000},
	{"RollbackConfig/Order", "stop-first", 0},
	{"EndpointSpec/Mode", "vip", 0},
	{"Mode/Replicated/Replicas", NULL, 1},
	{"Mode/ReplicatedJob/MaxConcurrent", NULL, 1},
	{"Mode/ReplicatedJob/TotalCompletions", NULL, 1},
};

/* Lists whose order means nothing to the container. */
static const char *const unordered[] = {
	CONTAINER "Env",
	CONTAINER "Mounts",
	CONTAINER "Secrets",
	CONTAINER "Configs",
	CONTAINER "CapabilityAdd",
	CONTAINER "CapabilityDrop",
	CONTAINER "Ulimits",
	CONTAINER "Groups",
	"TaskTemplate/Networks",
	"TaskTemplate/Placement/Constraints",
	"TaskTemplate/Placement/Platforms",
	"EndpointSpec/Ports",
};

static bool is_nothing(const json_t *value)
{
	return !value || json_is_null(value) ||
	       (json_is_string(value) && !json_string_length(value));
}

static void set_default(json_t *object, const char *key, json_t *value)
{
	if (is_nothing(json_object_get(object, key)))
		json_object_set(object, key, value);
	json_decref(value);
}

/* A mode is an object, often empty: only those defaults of it count that are of its kind. */
static void set_defaults(json_t *spec)
{
	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++) {
		const char *last;
		bool mode = !strncmp(defaults[i].path, "Mode/", strlen("Mode/"));
		json_t *parent = path_parent(spec, defaults[i].path, !mode, &last);

		set_default(parent, last,
			    defaults[i].text ? json_string(defaults[i].text)
					     : json_integer(defaults[i].number));
	}
}

struct sorted {
	json_t *value;
	struct str text;
};

static int compare_sorted(const void *a, const void *b)
{
	return strcmp(((const struct sorted *)a)->text.p, ((const struct sorted *)b)->text.p);
}

static void sort_list(json_t *list)
{
	size_t n = json_array_size(list), i;
	struct sorted *items = xcalloc(n + 1, sizeof(*items));

	for (i = 0; i < n; i++) {
		items[i].value = json_incref(json_array_get(list, i));
		items[i].text = (struct str)STR_INIT;
		json_canonical(&items[i].text, items[i].value);
	}
	qsort(items, n, sizeof(*items), compare_sorted);
	for (i = 0; i < n; i++) {
		json_array_set_new(list, i, items[i].value);
		str_release(&items[i].text);
	}
	free(items);
}

typedef const char *network_name_fn(void *arg, const char *id);

static bool has_target(const json_t *networks, const char *target)
{
	json_t *item;
	size_t i;

	json_array_foreach(networks, i, item) {
		const char *other = json_member_text(item, "Target");

		if (other && !strcmp(other, target))
			return true;
	}
	return false;
}

/* Swarm has host and bridge networks of its own, which no list of networks shows: an id without a
 * name is the one that is wanted. */
static const char *builtin_name(const char *id, const json_t *networks, const json_t *wanted)
{
	json_t *item;
	size_t i;

	if (swarm_is_builtin_network(id) || has_target(wanted, id))
		return NULL;
	json_array_foreach(wanted, i, item) {
		const char *name = json_member_text(item, "Target");

		if (name && swarm_is_builtin_network(name) && !has_target(networks, name))
			return name;
	}
	return NULL;
}

static void normal_networks(json_t *networks, const json_t *wanted, network_name_fn *network_name,
			    void *arg)
{
	json_t *item;
	size_t i;

	json_array_foreach(networks, i, item) {
		const char *id = json_member_text(item, "Target");
		const char *name = id && network_name ? network_name(arg, id) : NULL;

		if (id && !name)
			name = builtin_name(id, networks, wanted);
		if (name)
			json_object_set_new(item, "Target", json_string(name));
		sort_list(json_object_get(item, "Aliases"));
	}
}

/* What a bind is without a word; the engine says it when another option is there. */
static void normal_mounts(json_t *mounts)
{
	json_t *item;
	size_t i;

	json_array_foreach(mounts, i, item) {
		json_t *options = json_object_get(item, "BindOptions");
		const char *propagation = json_member_text(options, "Propagation");

		if (propagation && !strcmp(propagation, "rprivate"))
			json_object_del(options, "Propagation");
	}
}

static void normal_ports(json_t *ports)
{
	json_t *item;
	size_t i;

	json_array_foreach(ports, i, item) {
		set_default(item, "Protocol", json_string("tcp"));
		set_default(item, "PublishMode", json_string("ingress"));
	}
}

/* Below the folder where the engine puts it anyhow, a target may be said with or without. */
static void normal_objects(json_t *objects, const char *folder)
{
	json_t *item;
	size_t i;

	json_array_foreach(objects, i, item) {
		json_t *file = json_object_get(item, "File");
		const char *name = json_member_text(file, "Name");
		size_t len = strlen(folder);

		if (name && !strncmp(name, folder, len) && name[len])
			json_object_set_new(file, "Name", json_string(name + len));
	}
}

/* Without a value, false, zero and empty are the same to Swarm; not so what a person named. */
static bool keeps_empty(const char *key)
{
	return !strcmp(key, "Labels") || !strcmp(key, "Options") || !strcmp(key, "Sysctls") ||
	       !strcmp(key, "DriverOpts");
}

static bool is_empty(const json_t *value)
{
	return is_nothing(value) || json_is_false(value) ||
	       (json_is_number(value) && json_number_value(value) == 0) ||
	       (json_is_object(value) && !json_object_size(value)) ||
	       (json_is_array(value) && !json_array_size(value));
}

static void prune(json_t *value)
{
	const char *key;
	json_t *member;
	void *next;
	size_t i;

	json_array_foreach(value, i, member)
		prune(member);
	json_object_foreach_safe(value, next, key, member)
	{
		if (!json_is_object(member) || !keeps_empty(key))
			prune(member);
		if (is_empty(member))
			json_object_del(value, key);
	}
}

/* The engine keeps a ratio as a 32-bit float. */
static void normal_ratio(json_t *config)
{
	const json_t *ratio = json_object_get(config, "MaxFailureRatio");

	if (json_is_number(ratio))
		json_object_set_new(config, "MaxFailureRatio",
				    json_real((double)(float)json_number_value(ratio)));
}

/* {"Global": {}} to {"Kind": "Global"}, so that an empty one is kept. */
static void normal_mode(json_t *spec)
{
	json_t *modes = json_object_get(spec, "Mode"), *mode, *out = json_object();
	const char *kind = json_object_iter_key(json_object_iter(modes));

	mode = kind ? json_object_get(modes, kind) : NULL;
	if (json_is_object(mode))
		json_object_update(out, mode);
	json_object_set_new(out, "Kind", json_string(kind ? kind : "Replicated"));
	json_object_set_new(spec, "Mode", out);
}

/* `wanted` may help to name things. */
static json_t *normal_new(const json_t *spec, json_t *wanted, network_name_fn *network_name,
			  void *arg)
{
	json_t *out = json_is_object(spec) ? json_deep_copy(spec) : json_object(), *container;

	set_defaults(out);
	container = path_get(out, "TaskTemplate/ContainerSpec");
	json_object_del(json_object_get(out, "TaskTemplate"), "ForceUpdate");
	if (json_is_false(json_object_get(container, "Init")))
		json_object_set_new(container, "Init", json_string("false"));
	normal_networks(path_get(out, "TaskTemplate/Networks"),
			path_get(wanted, "TaskTemplate/Networks"), network_name, arg);
	normal_mounts(json_object_get(container, "Mounts"));
	normal_ports(path_get(out, "EndpointSpec/Ports"));
	normal_objects(json_object_get(container, "Secrets"), "/run/secrets/");
	normal_objects(json_object_get(container, "Configs"), "/");
	normal_ratio(json_object_get(out, "UpdateConfig"));
	normal_ratio(json_object_get(out, "RollbackConfig"));
	normal_mode(out);
	prune(out);
	for (size_t i = 0; i < sizeof(unordered) / sizeof(*unordered); i++)
		sort_list(path_get(out, unordered[i]));
	return out;
}

static json_t *normal_ports_new(const json_t *ports)
{
	json_t *out = json_is_array(ports) ? json_deep_copy(ports) : json_array();

	normal_ports(out);
	prune(out);
	sort_list(out);
	return out;
}

bool swarm_ports_equal(const json_t *a, const json_t *b)
{
	json_t *one = normal_ports_new(a), *other = normal_ports_new(b);
	bool equal = json_equal(one, other);

	json_decref(one);
	json_decref(other);
	return equal;
}

/* An object that is to be made has no id yet: then its name decides. */
static void forget_ids(json_t *wanted, json_t *live, const char *path, const char *id)
{
	json_t *lists[] = {path_get(wanted, path), path_get(live, path)}, *item;
	bool known = true;
	size_t i, side;

	json_array_foreach(lists[0], i, item)
		known = known && json_object_get(item, id);
	for (side = 0; !known && side < 2; side++) {
		json_array_foreach(lists[side], i, item)
			json_object_del(item, id);
		sort_list(lists[side]);
	}
}

/* --- comparing --- */

enum detail {
	DETAIL_NONE,
	DETAIL_KEY,   /* of a map */
	DETAIL_NAME,  /* NAME of NAME=value */
	DETAIL_FIELD, /* of an object in a list: row.field */
};

static const struct row {
	const char *path, *words; /* the words are keys of a service in the file */
	enum detail detail;
	const char *field;
} rows[] = {
	{CONTAINER "Image", "image", DETAIL_NONE, NULL},
	{CONTAINER "Command", "entrypoint", DETAIL_NONE, NULL},
	{CONTAINER "Args", "command", DETAIL_NONE, NULL},
	{CONTAINER "Env", "environment", DETAIL_NAME, NULL},
	{CONTAINER "Mounts", "volumes", DETAIL_FIELD, "Target"},
	{CONTAINER "Secrets", "secrets", DETAIL_FIELD, "SecretName"},
	{CONTAINER "Configs", "configs", DETAIL_FIELD, "ConfigName"},
	{"EndpointSpec/Ports", "ports", DETAIL_NONE, NULL},
	{"TaskTemplate/Networks", "networks", DETAIL_FIELD, "Target"},
	{CONTAINER "Healthcheck", "healthcheck", DETAIL_NONE, NULL},
	{CONTAINER "Labels", "labels", DETAIL_KEY, NULL},
	{CONTAINER "Dir", "working_dir", DETAIL_NONE, NULL},
	{CONTAINER "User", "user", DETAIL_NONE, NULL},
	{CONTAINER "Groups", "group_add", DETAIL_NONE, NULL},
	{CONTAINER "Hostname", "hostname", DETAIL_NONE, NULL},
	{CONTAINER "Hosts", "extra_hosts", DETAIL_NONE, NULL},
	{CONTAINER "DNSConfig", "dns", DETAIL_NONE, NULL},
	{CONTAINER "StopGracePeriod", "stop_grace_period", DETAIL_NONE, NULL},
	{CONTAINER "StopSignal", "stop_signal", DETAIL_NONE, NULL},
	{CONTAINER "TTY", "tty", DETAIL_NONE, NULL},
	{CONTAINER "OpenStdin", "stdin_open", DETAIL_NONE, NULL},
	{CONTAINER "ReadOnly", "read_only", DETAIL_NONE, NULL},
	{CONTAINER "Init", "init", DETAIL_NONE, NULL},
	{CONTAINER "Isolation", "isolation", DETAIL_NONE, NULL},
	{CONTAINER "Sysctls", "sysctls", DETAIL_KEY, NULL},
	{CONTAINER "CapabilityAdd", "cap_add", DETAIL_NONE, NULL},
	{CONTAINER "CapabilityDrop", "cap_drop", DETAIL_NONE, NULL},
	{CONTAINER "Ulimits", "ulimits", DETAIL_FIELD, "Name"},
	{CONTAINER "OomScoreAdj", "oom_score_adj", DETAIL_NONE, NULL},
	{CONTAINER "Privileges", "security_opt", DETAIL_NONE, NULL},
	{"TaskTemplate/LogDriver", "logging", DETAIL_NONE, NULL},
	{"TaskTemplate/Resources", "deploy.resources", DETAIL_NONE, NULL},
	{"TaskTemplate/RestartPolicy", "restart", DETAIL_NONE, NULL},
	{"TaskTemplate/Placement", "deploy.placement", DETAIL_NONE, NULL},
	{"Mode/Kind", "deploy.mode", DETAIL_NONE, NULL},
	{"Mode/Replicas", "deploy.replicas", DETAIL_NONE, NULL},
	{"Mode", "deploy.mode", DETAIL_NONE, NULL},
	{"UpdateConfig", "deploy.update_config", DETAIL_NONE, NULL},
	{"RollbackConfig", "deploy.rollback_config", DETAIL_NONE, NULL},
	{"EndpointSpec/Mode", "deploy.endpoint_mode", DETAIL_NONE, NULL},
	{"Labels", "deploy.labels", DETAIL_KEY, NULL},
	{"Name", "name", DETAIL_NONE, NULL},
};

static bool same(const json_t *a, const json_t *b)
{
	return a && b ? json_same(a, b) : a == b;
}

/* First key in a that b has not, or not so. */
static const char *key_beyond(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)a, key, value)
		if (!same(value, json_object_get(b, key)))
			return key;
	return NULL;
}

static const json_t *item_beyond(const json_t *a, const json_t *b)
{
	json_t *item, *other;
	size_t i, k;

	json_array_foreach(a, i, item) {
		bool found = false;

		json_array_foreach(b, k, other)
			found = found || json_same(item, other);
		if (!found)
			return item;
	}
	return NULL;
}

static const char *detail(struct arena *a, const struct row *row, const json_t *want,
			  const json_t *is)
{
	const json_t *item;
	const char *text = NULL;

	if (row->detail == DETAIL_KEY) {
		text = key_beyond(want, is);
		text = text ? text : key_beyond(is, want);
	} else if (row->detail != DETAIL_NONE) {
		item = item_beyond(want, is);
		item = item ? item : item_beyond(is, want);
		text = row->detail == DETAIL_FIELD ? json_member_text(item, row->field)
						   : json_string_value(item);
	}
	if (text && row->detail == DETAIL_NAME)
		text = arena_strndup(a, text, strcspn(text, "="));
	return text;
}

/* What no row names: only somebody else can have set it. */
static const char *rest_differs(struct arena *a, json_t *wanted, json_t *live, const char *path)
{
	const char *key = key_beyond(wanted, live), *full;

	key = key ? key : key_beyond(live, wanted);
	if (!key)
		return NULL;
	full = *path ? arena_printf(a, "%s/%s", path, key) : arena_strdup(a, key);
	if (json_is_object(json_object_get(wanted, key)) &&
	    json_is_object(json_object_get(live, key)))
		return rest_differs(a, json_object_get(wanted, key), json_object_get(live, key),
				    full);
	return full;
}

static const char *first_difference(struct arena *a, json_t *wanted, json_t *live)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const json_t *want = path_get(wanted, rows[i].path);
		const json_t *is = path_get(live, rows[i].path);
		const char *more;

		if (same(want, is))
			continue;
		more = detail(a, &rows[i], want, is);
		return more ? arena_printf(a, "%s %s", rows[i].words, more)
			    : arena_strdup(a, rows[i].words);
	}
	return rest_differs(a, wanted, live, "");
}

const char *swarm_differs(struct arena *a, const json_t *wanted_spec, const json_t *live,
			  const char *(*network_name)(void *arg, const char *id), void *arg)
{
	json_t *wanted = normal_new(wanted_spec, NULL, network_name, arg);
	json_t *is = normal_new(json_object_get(live, "Spec"), wanted, network_name, arg);
	const char *difference;

	forget_ids(wanted, is, CONTAINER "Secrets", "SecretID");
	forget_ids(wanted, is, CONTAINER "Configs", "ConfigID");
	difference = first_difference(a, wanted, is);
	json_decref(wanted);
	json_decref(is);
	return difference;
}
