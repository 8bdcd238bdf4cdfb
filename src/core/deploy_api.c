/*
 * What an older engine would drop without a word: unknown fields are no error to it. Each is said,
 * and what would change where data goes is refused.
 */
#include "deploy_private.h"

#include <string.h>

#include "kata/json.h"

/* A key of a service: "a/b" is a member; "a/[]/b" one of every element or member of a. */
static const struct newer_key {
	const char *path;
	int api; /* first minor version that knows it */
	enum severity severity;
} newer_keys[] = {
	{"annotations", 43, SEVERITY_WARNING},
	{"healthcheck/start_interval", 44, SEVERITY_WARNING},
	{"networks/[]/gw_priority", 48, SEVERITY_WARNING},
	{"networks/[]/interface_name", 49, SEVERITY_WARNING},
	{"volumes/[]/volume/subpath", 45, SEVERITY_ERROR},
	{"volumes/[]/image", 48, SEVERITY_ERROR},
};

static bool uses(const json_t *value, const char *path)
{
	size_t len = strcspn(path, "/");
	const char *rest = path + len + (path[len] == '/');
	const char *key;
	json_t *item;
	size_t i;

	if (!value)
		return false;
	if (!*path)
		return true;
	if (strncmp(path, "[]", len) != 0)
		return uses(json_object_getn(value, path, len), rest);
	json_array_foreach((json_t *)value, i, item)
		if (uses(item, rest))
			return true;
	json_object_foreach((json_t *)value, key, item)
		if (uses(item, rest))
			return true;
	return false;
}

void deploy_check_api(struct deploy *d, const struct compose *compose, int api)
{
	for (size_t i = 0; i < compose->service_count; i++) {
		const struct compose_service *service = &compose->services[i];

		for (size_t k = 0; k < sizeof newer_keys / sizeof *newer_keys; k++) {
			const struct newer_key *row = &newer_keys[k];

			if (api >= row->api || !uses(service->spec, row->path))
				continue;
			problems_add(&d->problems, row->severity, service->place,
				     "services.%s: this engine does not know %s (its API is "
				     "1.%d, this needs 1.%d)",
				     service->name, row->path, api, row->api)
				->hint = row->severity == SEVERITY_ERROR
						 ? "without it, other data would be mounted"
						 : "it has no effect until the engine is newer";
		}
	}
}
