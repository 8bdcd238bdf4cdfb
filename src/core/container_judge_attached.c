/*
 * Whether a live container has the mounts of the file and is on its networks, by the right names
 * and addresses.
 */
#include "container_private.h"

#include <string.h>
#include <strings.h>

#include "kata/json.h"

/* --- mounts --- */

static void set_option(json_t *mount, const char *option, size_t len)
{
	static const char *const propagations[] = {"rprivate", "private", "rshared",
						   "shared",   "rslave",  "slave"};

	if (len == 2 && !strncmp(option, "ro", len))
		json_object_set_new(mount, "ReadOnly", json_true());
	else if (len == 6 && !strncmp(option, "nocopy", len))
		json_object_set_new(mount, "NoCopy", json_true());
	else if (len == 1 && (*option == 'z' || *option == 'Z'))
		json_object_set_new(mount, "Label", json_stringn(option, len));
	for (size_t i = 0; i < sizeof propagations / sizeof *propagations; i++)
		if (strlen(propagations[i]) == len && !strncmp(option, propagations[i], len))
			json_object_set_new(mount, "Propagation", json_string(propagations[i]));
}

/* "source:target:ro,z" as a mount. */
static void add_bind(json_t *mounts, const char *bind)
{
	size_t source = strcspn(bind, ":"), target;
	const char *at = bind + source + (bind[source] != '\0'), *options;
	json_t *name, *mount;

	target = strcspn(at, ":");
	options = at + target + (at[target] != '\0');
	name = json_stringn(at, target);
	mount = json_pack("{ss, so*, sb}", "Type", *bind == '/' ? "bind" : "volume", "Source",
			  json_stringn(bind, source), "Bind", 1);
	while (mount && *options) {
		size_t len = strcspn(options, ",");

		set_option(mount, options, len);
		options += len + (options[len] == ',');
	}
	if (name)
		json_object_set_new(mounts, json_string_value(name), mount);
	else
		json_decref(mount);
	json_decref(name);
}

/* One form for both of the API's: options beside the mount's other members. */
static void add_mount(json_t *mounts, const json_t *item)
{
	static const char *const groups[] = {"BindOptions", "VolumeOptions", "TmpfsOptions",
					     "ImageOptions"};
	const char *target = json_member_text(item, "Target");
	json_t *mount;

	if (!target)
		return;
	mount = json_deep_copy(item);
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
		json_object_update(mount, json_object_get(item, groups[i]));
		json_object_del(mount, groups[i]);
	}
	json_object_del(mount, "Target");
	/* Whether a missing folder is made says nothing about what is mounted. */
	json_object_del(mount, "CreateMountpoint");
	json_object_set_new(mounts, target, mount);
}

/* Target -> mount. */
static json_t *mounts_new(const json_t *host)
{
	json_t *mounts = json_object(), *item;
	size_t i;

	json_array_foreach(json_object_get(host, "Binds"), i, item)
		add_bind(mounts, container_text(item));
	json_array_foreach(json_object_get(host, "Mounts"), i, item)
		add_mount(mounts, item);
	return mounts;
}

/* A file whose path is not known may be any, and an anonymous volume any that was carried on. */
static bool any_source(const json_t *want, const json_t *live)
{
	const char *type = json_member_text(want, "Type"), *real = json_member_text(live, "Source");

	if (!container_blank(json_object_get(want, "Source")))
		return false;
	return !type || strcmp(type, "volume") != 0 || container_is_anonymous(real);
}

/* An SELinux label can only be written in Binds. */
static bool same_mount(json_t *want, json_t *live)
{
	bool both = json_object_get(want, "Bind") && json_object_get(live, "Bind");

	if (any_source(want, live)) {
		json_object_del(want, "Source");
		json_object_del(live, "Source");
	}
	if (!both) {
		json_object_del(want, "Label");
		json_object_del(live, "Label");
	}
	json_object_del(want, "Bind");
	json_object_del(live, "Bind");
	return container_same(want, live);
}

/* A volume that the image asks for and that an earlier container left to this one. */
static bool is_of_image(const struct judging *j, const char *target, const json_t *mount)
{
	const char *type = json_member_text(mount, "Type");

	return type && !strcmp(type, "volume") &&
	       container_is_anonymous(json_member_text(mount, "Source")) &&
	       (!j->image || json_object_get(json_object_get(j->image, "Volumes"), target));
}

static const char *mount_differs(const struct judging *j, json_t *want, json_t *live)
{
	const char *target;
	json_t *mount;

	json_object_foreach(want, target, mount) {
		json_t *real = json_object_get(live, target);

		if (!real || !same_mount(mount, real))
			return arena_printf(j->arena, "mount %s", target);
	}
	json_object_foreach(live, target, mount) {
		if (!json_object_get(want, target) && !is_of_image(j, target, mount))
			return arena_printf(j->arena, "mount %s", target);
	}
	return NULL;
}

const char *container_judge_mounts(const struct judging *j, const struct container_field *field,
				   const json_t *want, const json_t *live)
{
	json_t *wanted = mounts_new(json_object_get(j->body, "HostConfig")),
	       *real = mounts_new(json_object_get(j->inspect, "HostConfig"));
	const char *differs = mount_differs(j, wanted, real);

	(void)field;
	(void)want;
	(void)live;
	json_decref(wanted);
	json_decref(real);
	return differs;
}

/* --- networks --- */

static bool has_text(const json_t *list, const char *text)
{
	const json_t *item;

	for (size_t i = 0; i < json_array_size(list); i++) {
		item = json_array_get(list, i);
		if (json_is_string(item) && !strcmp(json_string_value(item), text))
			return true;
	}
	return false;
}

/* Older engines add the short id, and a name that the container gives itself. */
static bool same_aliases(const struct judging *j, const json_t *want, const json_t *live)
{
	const char *id = json_member_text(j->inspect, "Id"),
		   *host = json_member_text(json_object_get(j->inspect, "Config"), "Hostname");

	for (size_t i = 0; i < json_array_size(want); i++)
		if (!has_text(live, container_text(json_array_get(want, i))))
			return false;
	for (size_t i = 0; i < json_array_size(live); i++) {
		const char *alias = container_text(json_array_get(live, i));
		bool own = (id && strlen(alias) == 12 && !strncmp(id, alias, 12)) ||
			   (host && !strcmp(host, alias));

		if (!own && !has_text(want, alias))
			return false;
	}
	return true;
}

static bool same_address(const json_t *a, const json_t *b)
{
	return !strcasecmp(container_text(a), container_text(b));
}

/* What was asked for is in Config, for the main network; what an endpoint has is what the engine
 * made up otherwise, and nothing while it is not connected. */
static bool same_mac(const struct judging *j, const json_t *want, const json_t *live)
{
	const json_t *asked = json_object_get(json_object_get(j->inspect, "Config"), "MacAddress"),
		     *mac = json_object_get(want, "MacAddress"),
		     *real = json_object_get(live, "MacAddress");

	return !mac || container_blank(real) || same_address(mac, real) || same_address(mac, asked);
}

static const char *endpoint_differs(const struct judging *j, const json_t *want, const json_t *live)
{
	static const struct {
		const char *name, *key;
	} parts[] = {{"IPAMConfig", "address"},
		     {"DriverOpts", "driver_opts"},
		     {"GwPriority", "gw_priority"}};

	if (!same_aliases(j, json_object_get(want, "Aliases"), json_object_get(live, "Aliases")))
		return "aliases";
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (!container_same(json_object_get(want, parts[i].name),
				    json_object_get(live, parts[i].name)))
			return parts[i].key;
	if (!container_same_set(json_object_get(want, "Links"), json_object_get(live, "Links")))
		return "links";
	return same_mac(j, want, live) ? NULL : "mac_address";
}

/* A file may name an outside network by its id. */
static const json_t *find_endpoint(const json_t *live, const char *name)
{
	const json_t *found = json_object_get(live, name);
	const char *key;
	json_t *endpoint;

	if (found)
		return found;
	json_object_foreach((json_t *)live, key, endpoint) {
		const char *id = json_member_text(endpoint, "NetworkID");

		if (id && *id && !strcmp(id, name))
			return endpoint;
	}
	return NULL;
}

/* A network that is not in the file, but was in the one this container is from: unlike one that
 * somebody connected by hand, it knows the service's name. */
static const char *extra_network(const struct judging *j, const json_t *want, const json_t *live)
{
	const char *name, *wanted;
	json_t *endpoint, *unused;

	json_object_foreach((json_t *)live, name, endpoint) {
		bool found = false;

		json_object_foreach((json_t *)want, wanted, unused)
			found = found || find_endpoint(live, wanted) == endpoint;
		if (!found && has_text(json_object_get(endpoint, "Aliases"), j->m->service->name))
			return arena_printf(j->arena, "network %s", name);
	}
	return NULL;
}

/* Whether the address that somebody asked for is still wanted, by any of the endpoints. */
static bool wants_mac(const struct judging *j, const json_t *endpoints)
{
	const json_t *own = json_object_get(j->body, "MacAddress"),
		     *asked = json_object_get(json_object_get(j->inspect, "Config"), "MacAddress");
	const char *name;
	json_t *endpoint;

	if (own || container_blank(asked))
		return same_address(own, asked);
	json_object_foreach((json_t *)endpoints, name, endpoint) {
		if (same_address(json_object_get(endpoint, "MacAddress"), asked))
			return true;
	}
	return false;
}

const char *container_judge_networks(const struct judging *j)
{
	const json_t *live =
		json_object_get(json_object_get(j->inspect, "NetworkSettings"), "Networks");
	json_t *want = container_endpoints_new(j->m, true), *endpoint;
	const char *differs = NULL, *name;

	json_object_foreach(want, name, endpoint) {
		const json_t *real = find_endpoint(live, name);
		const char *part = real ? endpoint_differs(j, endpoint, real) : "";

		if (part) {
			differs = arena_printf(j->arena, "network %s%s%s", name, *part ? " " : "",
					       part);
			break;
		}
	}
	if (!differs)
		differs = extra_network(j, want, live);
	if (!differs && !wants_mac(j, want))
		differs = "mac_address";
	json_decref(want);
	return differs;
}
