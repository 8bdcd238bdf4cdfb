/*
 * What is mounted into a container: volumes of the service, its secrets and configs, and the
 * anonymous volumes of the container that it replaces. HostConfig.Binds are for what they can say,
 * since only they make a missing host folder; HostConfig.Mounts for the rest.
 */
#include "container_private.h"

#include <string.h>

#include "kata/hash.h"
#include "kata/json.h"

bool container_is_anonymous(const char *volume)
{
	return volume && strspn(volume, "0123456789abcdef") == SHA256_HEX && !volume[SHA256_HEX];
}

/* The replaced container's volume at this place that belongs to nobody else, or NULL. */
static const json_t *anonymous(const struct making *m, const char *target)
{
	json_t *mount;
	size_t i;

	json_array_foreach(json_object_get(m->facts->replaces, "Mounts"), i, mount) {
		const char *at = json_member_text(mount, "Destination"),
			   *type = json_member_text(mount, "Type"),
			   *name = json_member_text(mount, "Name");

		if (at && !strcmp(at, target) && type && !strcmp(type, "volume") &&
		    container_is_anonymous(name))
			return mount;
	}
	return NULL;
}

static json_t *mount_new(const char *type, const char *source, const char *target, bool read_only)
{
	json_t *mount = json_pack("{ss, ss}", "Type", type, "Target", target);

	if (mount && source)
		json_object_set_new(mount, "Source", json_string(source));
	if (mount && read_only)
		json_object_set_new(mount, "ReadOnly", json_true());
	return mount;
}

static json_t *carried_new(const json_t *old, const char *target)
{
	return mount_new("volume", json_member_text(old, "Name"), target,
			 json_is_false(json_object_get(old, "RW")));
}

/* --- options of the long form --- */

static json_t *bind_options_new(const struct making *m, const json_t *bind)
{
	const char *recursive = json_member_text(bind, "recursive");
	json_t *options = json_object();

	container_set_text(options, "Propagation", bind, "propagation");
	if (m->facts->api >= 42 && !json_is_false(json_object_get(bind, "create_host_path")))
		json_object_set_new(options, "CreateMountpoint", json_true());
	if (recursive && !strcmp(recursive, "disabled"))
		json_object_set_new(options, "NonRecursive", json_true());
	if (recursive && !strcmp(recursive, "writable"))
		json_object_set_new(options, "ReadOnlyNonRecursive", json_true());
	if (recursive && !strcmp(recursive, "readonly"))
		json_object_set_new(options, "ReadOnlyForceRecursive", json_true());
	return options;
}

static json_t *volume_options_new(const struct making *m, const json_t *volume)
{
	const json_t *labels = json_object_get(volume, "labels");
	json_t *options = json_object();

	if (json_is_true(json_object_get(volume, "nocopy")))
		json_object_set_new(options, "NoCopy", json_true());
	if (m->facts->api >= 45)
		container_set_text(options, "Subpath", volume, "subpath");
	if (json_object_size(labels))
		json_object_set_new(options, "Labels", json_deep_copy(labels));
	return options;
}

static json_t *tmpfs_options_new(const json_t *tmpfs)
{
	json_t *options = json_object();

	if (container_int(tmpfs, "size"))
		json_object_set_new(options, "SizeBytes",
				    json_integer(container_int(tmpfs, "size")));
	if (container_int(tmpfs, "mode"))
		json_object_set_new(options, "Mode", json_integer(container_int(tmpfs, "mode")));
	return options;
}

static json_t *image_options_new(const json_t *image)
{
	json_t *options = json_object();

	container_set_text(options, "Subpath", image, "subpath");
	return options;
}

static void set_options(const struct making *m, json_t *mount, const char *type,
			const json_t *volume)
{
	const json_t *own = json_object_get(volume, type);

	if (!json_is_object(own))
		return;
	if (!strcmp(type, "bind"))
		json_object_set_new(mount, "BindOptions", bind_options_new(m, own));
	else if (!strcmp(type, "volume"))
		json_object_set_new(mount, "VolumeOptions", volume_options_new(m, own));
	else if (!strcmp(type, "tmpfs"))
		json_object_set_new(mount, "TmpfsOptions", tmpfs_options_new(own));
	else if (!strcmp(type, "image"))
		json_object_set_new(mount, "ImageOptions", image_options_new(own));
}

/* --- one volume of the service --- */

/* Whether "source:target:options" says all there is to say. */
static bool is_plain(const json_t *volume, const char *type, const char *source, const char *target)
{
	const json_t *own = json_object_get(volume, type);

	if (!source || !*source || strchr(source, ':') || strchr(target, ':'))
		return false;
	if (!strcmp(type, "bind"))
		return !json_is_false(json_object_get(own, "create_host_path")) &&
		       !json_object_get(own, "propagation") && !json_object_get(own, "recursive");
	return !strcmp(type, "volume") && !json_object_size(json_object_get(own, "labels")) &&
	       !json_object_get(own, "subpath") && !json_is_true(json_object_get(own, "nocopy"));
}

static json_t *bind_string_new(const json_t *volume, const char *source, const char *target,
			       bool read_only)
{
	const char *selinux = json_member_text(json_object_get(volume, "bind"), "selinux");

	return json_sprintf("%s:%s:%s%s%s", source, target, read_only ? "ro" : "rw",
			    selinux && *selinux ? "," : "", selinux ? selinux : "");
}

/* Element of Binds (a text) or of Mounts (an object). */
static json_t *volume_new(const struct making *m, const json_t *volume, const char *target)
{
	const char *type = json_member_text(volume, "type"),
		   *source = json_member_text(volume, "source");
	bool read_only = json_is_true(json_object_get(volume, "read_only"));
	const json_t *old;
	json_t *mount;

	if (!type)
		return NULL;
	if (!strcmp(type, "volume") && (!source || !*source)) {
		old = anonymous(m, target);
		if (old)
			return carried_new(old, target);
		source = NULL;
	} else if (!strcmp(type, "volume")) {
		source = container_resource(m->compose, "volumes", source);
	}
	if (is_plain(volume, type, source, target))
		return bind_string_new(volume, source, target, read_only);
	mount = mount_new(type, source, target, read_only);
	if (mount)
		set_options(m, mount, type, volume);
	return mount;
}

/* --- secrets and configs --- */

/* The host's file; "" when it is not known, which the engine refuses. */
static const char *content_path(const struct making *m, const char *kind, const char *key)
{
	const json_t *object = json_object_get(json_object_get(m->compose->root, kind), key);
	const char *file = json_member_text(object, "file");

	if (!file && m->facts->content_file)
		file = m->facts->content_file(m->facts->content_arg, kind, key);
	return file ? file : "";
}

static void add_files(const struct making *m, json_t *mounts, const char *kind, const char *folder)
{
	struct str path = STR_INIT;
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(m->spec, kind), i, item) {
		const char *key = json_member_text(item, "source"),
			   *target = json_member_text(item, "target");

		if (!key)
			continue;
		target = target && *target ? target : key;
		str_clear(&path);
		str_addf(&path, "%s%s", *target == '/' ? "" : folder, target);
		if (!json_object_get(mounts, path.p))
			json_object_set_new(
				mounts, path.p,
				mount_new("bind", content_path(m, kind, key), path.p, true));
	}
	str_release(&path);
}

/* --- all --- */

/* Target -> element of Binds or Mounts. */
static json_t *all_new(const struct making *m)
{
	const json_t *image = json_object_get(m->facts->image, "Config");
	json_t *mounts = json_object(), *item;
	const char *target;
	size_t i;

	json_object_foreach(json_object_get(image, "Volumes"), target, item) {
		const json_t *old = anonymous(m, target);

		if (old)
			json_object_set_new(mounts, target, carried_new(old, target));
	}
	json_array_foreach(json_object_get(m->spec, "volumes"), i, item) {
		target = json_member_text(item, "target");
		if (target)
			json_object_set_new(mounts, target, volume_new(m, item, target));
	}
	add_files(m, mounts, "secrets", "/run/secrets/");
	add_files(m, mounts, "configs", "/");
	return mounts;
}

static json_t *those_new(const struct making *m, bool binds)
{
	json_t *all = all_new(m), *list = json_array(), *mount;
	const char *target;

	json_object_foreach(all, target, mount) {
		if (json_is_string(mount) == binds)
			json_array_append(list, mount);
	}
	json_decref(all);
	return container_unless_empty(list);
}

json_t *container_make_binds(const struct making *m)
{
	return those_new(m, true);
}

json_t *container_make_mounts(const struct making *m)
{
	return those_new(m, false);
}
