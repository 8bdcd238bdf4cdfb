/*
 * What a container may use: the fields of HostConfig for capabilities, processor, memory, block
 * devices and devices. Where deploy.resources says the same as a key of the service, it wins.
 */
#include "container_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kata/json.h"

static const json_t *resources(const struct making *m, const char *which)
{
	const json_t *deploy = json_object_get(m->spec, "deploy");

	return json_object_get(json_object_get(deploy, "resources"), which);
}

/* A number that is left out when it is nothing. */
static json_t *unless_zero(json_int_t value)
{
	return value ? json_integer(value) : NULL;
}

static json_t *either(const struct making *m, const char *which, const char *name, const char *key)
{
	json_int_t value = container_int(resources(m, which), name);

	return unless_zero(value ? value : container_int(m->spec, key));
}

static double decimal(const json_t *value)
{
	double number = json_is_string(value) ? strtod(json_string_value(value), NULL)
					      : json_number_value(value);

	return number > -1e6 && number < 1e6 ? number : 0;
}

/* In single precision, as docker compose computes it, so that both come to the same number. */
json_t *container_make_cpus(const struct making *m)
{
	float cpus = (float)decimal(json_object_get(resources(m, "limits"), "cpus"));

	if (cpus <= 0)
		cpus = (float)decimal(json_object_get(m->spec, "cpus"));
	return unless_zero((json_int_t)(cpus * 1e9F));
}

json_t *container_make_memory(const struct making *m)
{
	return either(m, "limits", "memory", "mem_limit");
}

json_t *container_make_reservation(const struct making *m)
{
	return either(m, "reservations", "memory", "mem_reservation");
}

json_t *container_make_pids(const struct making *m)
{
	return either(m, "limits", "pids", "pids_limit");
}

json_t *container_make_swappiness(const struct making *m)
{
	return unless_zero(container_int(m->spec, "mem_swappiness"));
}

json_t *container_make_cpu_percent(const struct making *m)
{
	return unless_zero((json_int_t)(decimal(json_object_get(m->spec, "cpu_percent")) * 100));
}

json_t *container_make_ulimits(const struct making *m)
{
	json_t *list = json_array(), *limit;
	const char *name;

	json_object_foreach(json_object_get(m->spec, "ulimits"), name, limit) {
		bool single = json_is_integer(limit);

		json_array_append_new(list, json_pack("{ss, sI, sI}", "Name", name, "Soft",
						      single ? json_integer_value(limit)
							     : container_int(limit, "soft"),
						      "Hard",
						      single ? json_integer_value(limit)
							     : container_int(limit, "hard")));
	}
	return container_unless_empty(list);
}

/* --- capabilities --- */

/* "net_admin" as "CAP_NET_ADMIN", in the order of the names; ALL swallows the rest (docker/cli
 * opts/capabilities.go). */
static json_t *caps_new(const json_t *list)
{
	json_t *caps = json_object(), *item;
	struct str name = STR_INIT;
	size_t i;

	json_array_foreach((json_t *)list, i, item) {
		const char *text = json_string_value(item);

		if (!text)
			continue;
		str_clear(&name);
		if (strncasecmp(text, "CAP_", 4) != 0 && strcasecmp(text, "ALL") != 0)
			str_add(&name, "CAP_");
		for (; *text; text++)
			str_addc(&name, (char)toupper((unsigned char)*text));
		json_object_set_new(caps, name.p, json_true());
	}
	if (json_object_get(caps, "ALL")) {
		json_object_clear(caps);
		json_object_set_new(caps, "ALL", json_true());
	}
	str_release(&name);
	return caps;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static json_t *names_without_new(json_t *caps, const json_t *without)
{
	const char **names = xcalloc(json_object_size(caps) + 1, sizeof *names), *name;
	json_t *list = json_array(), *unused;
	size_t count = 0;

	json_object_foreach(caps, name, unused)
		names[count++] = name;
	qsort(names, count, sizeof *names, by_name);
	for (size_t i = 0; i < count; i++)
		if (!json_object_get(without, names[i]))
			json_array_append_new(list, json_string(names[i]));
	free(names);
	return container_unless_empty(list);
}

json_t *container_make_cap_add(const struct making *m)
{
	json_t *add = caps_new(json_object_get(m->spec, "cap_add"));
	json_t *list = names_without_new(add, NULL);

	json_decref(add);
	return list;
}

/* What is also added is not dropped. */
json_t *container_make_cap_drop(const struct making *m)
{
	json_t *add = caps_new(json_object_get(m->spec, "cap_add")),
	       *drop = caps_new(json_object_get(m->spec, "cap_drop"));
	json_t *list = names_without_new(drop, add);

	json_decref(add);
	json_decref(drop);
	return list;
}

/* --- devices --- */

/* A device of the Container Device Interface, "vendor.com/class=name", and no path. */
static bool is_cdi(const json_t *device)
{
	const char *source = json_member_text(device, "source");

	return source && *source != '/' && strchr(source, '/') && strchr(source, '=');
}

json_t *container_make_devices(const struct making *m)
{
	json_t *list = json_array(), *item;
	size_t i;

	json_array_foreach(json_object_get(m->spec, "devices"), i, item) {
		json_t *device;

		if (is_cdi(item) || !json_is_object(item))
			continue;
		device = json_object();
		container_set_text(device, "PathOnHost", item, "source");
		container_set_text(device, "PathInContainer", item,
				   json_member_text(item, "target") ? "target" : "source");
		container_set_text(device, "CgroupPermissions", item, "permissions");
		if (!json_object_get(device, "CgroupPermissions"))
			json_object_set_new(device, "CgroupPermissions", json_string("rwm"));
		json_array_append_new(list, device);
	}
	return container_unless_empty(list);
}

/* All of them (-1) unless a number or ids are given. */
static json_int_t device_count(const json_t *request)
{
	const json_t *count = json_object_get(request, "count");
	const char *text = json_string_value(count);

	if (json_is_integer(count))
		return json_integer_value(count);
	if (text && strcmp(text, "all") != 0)
		return strtol(text, NULL, 10);
	return text || !json_array_size(json_object_get(request, "device_ids")) ? -1 : 0;
}

static json_t *request_new(const json_t *request, bool gpu)
{
	const json_t *ids = json_object_get(request, "device_ids"),
		     *options = json_object_get(request, "options");
	json_t *capabilities = json_deep_copy(json_object_get(request, "capabilities")),
	       *out = json_object();

	if (!json_is_array(capabilities)) {
		json_decref(capabilities);
		capabilities = json_array();
	}
	if (gpu)
		json_array_append_new(capabilities, json_string("gpu"));
	container_set_text(out, "Driver", request, "driver");
	json_object_set_new(out, "Count", json_integer(device_count(request)));
	if (json_is_array(ids))
		json_object_set_new(out, "DeviceIDs", json_deep_copy(ids));
	if (json_is_object(options))
		json_object_set_new(out, "Options", json_deep_copy(options));
	json_object_set_new(out, "Capabilities", json_pack("[o]", capabilities));
	return out;
}

json_t *container_make_device_requests(const struct making *m)
{
	json_t *list = json_array(), *cdi = json_array(), *item;
	size_t i;

	json_array_foreach(json_object_get(resources(m, "reservations"), "devices"), i, item)
		json_array_append_new(list, request_new(item, false));
	json_array_foreach(json_object_get(m->spec, "devices"), i, item) {
		if (is_cdi(item))
			json_array_append(cdi, json_object_get(item, "source"));
	}
	if (json_array_size(cdi))
		json_array_append_new(list,
				      json_pack("{ss, sO}", "Driver", "cdi", "DeviceIDs", cdi));
	json_array_foreach(json_object_get(m->spec, "gpus"), i, item)
		json_array_append_new(list, request_new(item, true));
	json_decref(cdi);
	return container_unless_empty(list);
}

/* --- block devices --- */

json_t *container_make_blkio_weight(const struct making *m)
{
	return unless_zero(container_int(json_object_get(m->spec, "blkio_config"), "weight"));
}

static json_t *throttles_new(const struct making *m, const char *key, const char *number,
			     const char *name)
{
	const json_t *blkio = json_object_get(m->spec, "blkio_config");
	json_t *list = json_array(), *item;
	size_t i;

	json_array_foreach(json_object_get(blkio, key), i, item) {
		json_t *throttle = json_object();

		container_set_text(throttle, "Path", item, "path");
		json_object_set_new(throttle, name, json_integer(container_int(item, number)));
		json_array_append_new(list, throttle);
	}
	return container_unless_empty(list);
}

json_t *container_make_blkio_weights(const struct making *m)
{
	return throttles_new(m, "weight_device", "weight", "Weight");
}

json_t *container_make_read_bps(const struct making *m)
{
	return throttles_new(m, "device_read_bps", "rate", "Rate");
}

json_t *container_make_write_bps(const struct making *m)
{
	return throttles_new(m, "device_write_bps", "rate", "Rate");
}

json_t *container_make_read_iops(const struct making *m)
{
	return throttles_new(m, "device_read_iops", "rate", "Rate");
}

json_t *container_make_write_iops(const struct making *m)
{
	return throttles_new(m, "device_write_iops", "rate", "Rate");
}
