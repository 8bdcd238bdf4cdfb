/*
 * Mounts and privileges of a Swarm service (docker/cli cli/compose/convert/volume.go). The keys
 * tmpfs: and shm_size:, which the stack format cannot say, become tmpfs mounts.
 */
#include <stdlib.h>
#include <string.h>

#include "kata/hash.h"
#include "kata/json.h"
#include "swarm_private.h"

/* --- mounts --- */

static json_t *mount_new(const char *type, const char *target)
{
	json_t *mount = json_pack("{s:s}", "Type", type);

	json_object_set_new(mount, "Target", json_string(target));
	return mount;
}

/* The kinds of recursive: that concern read-only mounts are lost on their way through Swarm. */
static void set_bind(json_t *mount, const json_t *bind)
{
	const char *recursive = json_member_text(bind, "recursive");
	json_t *options = json_object();

	swarm_set_text(options, "Propagation", bind, "propagation");
	if (recursive && !strcmp(recursive, "disabled"))
		json_object_set_new(options, "NonRecursive", json_true());
	if (json_object_size(options))
		json_object_set(mount, "BindOptions", options);
	json_decref(options);
}

static json_t *volume_driver_new(const json_t *top)
{
	json_t *driver;

	if (!json_member_text(top, "driver") && !json_object_get(top, "driver_opts"))
		return NULL;
	driver = json_object();
	swarm_set_text(driver, "Name", top, "driver");
	swarm_set_take(driver, "Options", swarm_texts_map_new(json_object_get(top, "driver_opts")));
	return driver;
}

/* The node that runs the task makes the volume: all that defines it goes along. */
static void set_volume(const struct compose *compose, json_t *mount, const char *key,
		       const json_t *use, int api)
{
	const json_t *top = swarm_top(compose, "volumes", key);
	json_t *options = json_object(), *own;

	json_object_set_new(mount, "Source", swarm_resource_name_new(compose, "volumes", key));
	swarm_set_true(options, "NoCopy", use, "nocopy");
	if (api >= SWARM_API_SUBPATH)
		swarm_set_text(options, "Subpath", use, "subpath");
	if (!swarm_is_external(top)) {
		json_object_set_new(options, "Labels",
				    swarm_labels_new(compose, json_object_get(top, "labels")));
		own = swarm_texts_map_new(json_object_get(use, "labels"));
		json_object_update_missing(json_object_get(options, "Labels"), own);
		json_decref(own);
		swarm_set_take(options, "DriverConfig", volume_driver_new(top));
	}
	json_object_set_new(mount, "VolumeOptions", options);
}

static void set_tmpfs(json_t *mount, const json_t *tmpfs)
{
	json_t *options = json_object();

	swarm_set_int(options, "SizeBytes", tmpfs, "size");
	swarm_set_int(options, "Mode", tmpfs, "mode");
	if (json_object_size(options))
		json_object_set(mount, "TmpfsOptions", options);
	json_decref(options);
}

static json_t *volume_mount_new(const struct compose *compose, const json_t *use, int api)
{
	const char *type = json_member_text(use, "type"), *source = json_member_text(use, "source");
	const char *target = json_member_text(use, "target");
	json_t *mount = mount_new(type ? type : "volume", target ? target : "");
	const json_t *image = json_object_get(use, "image");

	type = json_member_text(mount, "Type");
	swarm_set_text(mount, "Source", use, "source");
	swarm_set_true(mount, "ReadOnly", use, "read_only");
	if (!strcmp(type, "bind"))
		set_bind(mount, json_object_get(use, "bind"));
	else if (!strcmp(type, "volume") && source && *source)
		set_volume(compose, mount, source, json_object_get(use, "volume"), api);
	else if (!strcmp(type, "tmpfs"))
		set_tmpfs(mount, json_object_get(use, "tmpfs"));
	else if (!strcmp(type, "image") && json_is_object(image)) {
		json_object_set_new(mount, "ImageOptions", json_object());
		swarm_set_text(json_object_get(mount, "ImageOptions"), "Subpath", image, "subpath");
	}
	return mount;
}

/* One option of "path:opts"; those with a field of their own there, the rest as pairs. */
static void set_tmpfs_option(json_t *mount, json_t *options, json_t *others, const char *text)
{
	size_t name = strcspn(text, "=");
	const char *value = text[name] ? text + name + 1 : NULL;
	int64_t size;
	char *end = NULL;
	long mode = value ? strtol(value, &end, 8) : 0;

	if (!strcmp(text, "ro"))
		json_object_set_new(mount, "ReadOnly", json_true());
	else if (!strncmp(text, "size=", 5) && compose_bytes(value, &size))
		json_object_set_new(options, "SizeBytes", json_integer(size));
	else if (!strncmp(text, "mode=", 5) && end && !*end && mode > 0 && mode <= 07777)
		json_object_set_new(options, "Mode", json_integer(mode));
	else if (value)
		json_array_append_new(others, json_pack("[s#,s]", text, (int)name, value));
	else if (*text && strcmp(text, "rw") != 0)
		json_array_append_new(others, json_pack("[s]", text));
}

static json_t *tmpfs_mount_new(const char *entry, int api)
{
	json_t *options = json_object(), *others = json_array(), *mount;
	char *text = xstrdup(entry), *next = strchr(text, ':'), *option;

	if (next)
		*next++ = '\0';
	mount = mount_new("tmpfs", text);
	while ((option = strsep(&next, ",")))
		set_tmpfs_option(mount, options, others, option);
	if (json_array_size(others) && api >= SWARM_API_OOM)
		json_object_set(options, "Options", others);
	if (json_object_size(options))
		json_object_set(mount, "TmpfsOptions", options);
	json_decref(options);
	json_decref(others);
	free(text);
	return mount;
}

static bool has_target(const json_t *mounts, const char *target)
{
	const json_t *mount;
	size_t i;

	json_array_foreach(mounts, i, mount)
		if (!strcmp(json_member_text(mount, "Target"), target))
			return true;
	return false;
}

json_t *swarm_mounts_new(const struct compose *compose, const json_t *service, int api)
{
	json_int_t shm = swarm_number(json_object_get(service, "shm_size"), 0);
	json_t *out = json_array(), *item;
	size_t i;

	json_array_foreach(json_object_get(service, "volumes"), i, item)
		json_array_append_new(out, volume_mount_new(compose, item, api));
	json_array_foreach(json_object_get(service, "tmpfs"), i, item)
		if (json_is_string(item))
			json_array_append_new(out, tmpfs_mount_new(json_string_value(item), api));
	if (shm > 0 && !has_target(out, "/dev/shm")) {
		item = mount_new("tmpfs", "/dev/shm");
		json_object_set_new(item, "TmpfsOptions",
				    json_pack("{s:I}", "SizeBytes", (json_int_t)shm));
		json_array_append_new(out, item);
	}
	if (json_array_size(out))
		return out;
	json_decref(out);
	return NULL;
}

/* --- privileges --- */

/* "label=disable", "label=user:USER" ... */
static void set_label(json_t *privileges, const char *value)
{
	static const char *const rows[][2] = {
		{"user", "User"}, {"role", "Role"}, {"type", "Type"}, {"level", "Level"}};
	json_t *context = json_object_get(privileges, "SELinuxContext");
	size_t len = strcspn(value, ":=");

	if (!json_is_object(context)) {
		context = json_object();
		json_object_set_new(privileges, "SELinuxContext", context);
	}
	if (!strcmp(value, "disable"))
		json_object_set_new(context, "Disable", json_true());
	for (size_t i = 0; value[len] && i < sizeof(rows) / sizeof(*rows); i++)
		if (strlen(rows[i][0]) == len && !strncmp(rows[i][0], value, len))
			json_object_set_new(context, rows[i][1], json_string(value + len + 1));
}

/* Value of a seccomp profile: unconfined, or the profile itself as JSON. */
static json_t *seccomp_new(const char *value)
{
	struct str text = STR_INIT;
	json_t *out;

	if (!strcmp(value, "unconfined"))
		return json_pack("{s:s}", "Mode", "unconfined");
	if (*value != '{')
		return NULL;
	base64_add(&text, value, strlen(value));
	out = json_pack("{s:s,s:s}", "Mode", "custom", "Profile", text.p);
	str_release(&text);
	return out;
}

/* "name", "name=value", "name:value" */
static void set_security(json_t *privileges, const char *option, int api)
{
	char *name = xstrdup(option), *value = strpbrk(name, "=:");
	bool modern = api >= SWARM_API_PRIVILEGES;

	if (value)
		*value++ = '\0';
	else
		value = name + strlen(name);
	if (!strcmp(name, "label"))
		set_label(privileges, value);
	else if (modern && !strcmp(name, "no-new-privileges") && strcmp(value, "false") != 0)
		json_object_set_new(privileges, "NoNewPrivileges", json_true());
	else if (modern && !strcmp(name, "apparmor") && !strcmp(value, "unconfined"))
		json_object_set_new(privileges, "AppArmor", json_pack("{s:s}", "Mode", "disabled"));
	else if (modern && !strcmp(name, "seccomp"))
		swarm_set_take(privileges, "Seccomp", seccomp_new(value));
	free(name);
}

json_t *swarm_privileges_new(const json_t *service, int api)
{
	json_t *out = json_pack("{s:n,s:n}", "CredentialSpec", "SELinuxContext"), *item;
	size_t i;

	json_array_foreach(json_object_get(service, "security_opt"), i, item)
		if (json_is_string(item))
			set_security(out, json_string_value(item), api);
	return out;
}
