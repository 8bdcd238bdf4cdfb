/*
 * Dials that name services, beside the addresses that stand for them in Caddy.
 */
#include <string.h>

#include "adopt_private.h"
#include "kata/json.h"
#include "kata/upstream.h"

json_t *names_resolve_new(const struct adopt_input *input, const json_t *block)
{
	return input->addresses_new ? input->addresses_new(input->arg, block)
				    : json_incref((json_t *)block);
}

/* A block with nothing but these upstreams. */
static json_t *block_around_new(const json_t *upstreams)
{
	return json_pack("{s:s,s:O}", "handler", "reverse_proxy", "upstreams", upstreams);
}

bool names_any(const struct adopt_input *input, const json_t *upstreams)
{
	struct arena *a;
	json_t *block;
	size_t count = 0;

	if (!input->addresses_new || !input->compose || !json_is_array(upstreams))
		return false;
	a = arena_new();
	block = block_around_new(upstreams);
	upstream_list(a, block, input->compose, &count);
	json_decref(block);
	arena_free(a);
	return count;
}

static bool objects_fit(const struct adopt_input *input, const json_t *part, const json_t *live)
{
	bool handler = json_member_text(part, "handler") != NULL;
	const char *key;
	json_t *value;

	if (json_object_size(part) != json_object_size(live))
		return false;
	json_object_foreach((json_t *)part, key, value) {
		const json_t *other = json_object_get(live, key);
		bool open = handler && !strcmp(key, "upstreams") && names_any(input, value);

		if (open ? !json_array_size(other) : !names_fit(input, value, other))
			return false;
	}
	return true;
}

bool names_fit(const struct adopt_input *input, const json_t *part, const json_t *live)
{
	if (!part || !live)
		return false;
	if (!input->addresses_new)
		return json_same(part, live);
	if (json_is_object(part) && json_is_object(live))
		return objects_fit(input, part, live);
	if (!json_is_array(part) || !json_is_array(live))
		return json_same(part, live);
	if (json_array_size(part) != json_array_size(live))
		return false;
	for (size_t i = 0; i < json_array_size(part); i++)
		if (!names_fit(input, json_array_get(part, i), json_array_get(live, i)))
			return false;
	return true;
}

static bool begins_at(const json_t *array, size_t at, const json_t *part)
{
	for (size_t i = 0; i < json_array_size(part); i++)
		if (!json_same(json_array_get(array, at + i), json_array_get(part, i)))
			return false;
	return json_array_size(part);
}

/* Puts an upstream of the file where all that it resolves to stands together. */
static void put_name(const struct adopt_input *input, json_t *upstreams, json_t *upstream)
{
	json_t *one = json_pack("[O]", upstream), *block = block_around_new(one);
	json_t *resolved = names_resolve_new(input, block);
	const json_t *addresses = json_object_get(resolved, "upstreams");
	size_t count = json_array_size(addresses);

	for (size_t at = 0; at + count <= json_array_size(upstreams); at++) {
		if (!begins_at(upstreams, at, addresses))
			continue;
		json_array_set(upstreams, at, upstream);
		for (size_t i = 1; i < count; i++)
			json_array_remove(upstreams, at + 1);
		break;
	}
	json_decref(resolved);
	json_decref(block);
	json_decref(one);
}

json_t *names_upstreams_new(const struct adopt_input *input, const json_t *upstreams,
			    const json_t *resolved, const json_t *live)
{
	json_t *out, *upstream;
	size_t i;

	if (names_any(input, resolved))
		return json_incref((json_t *)upstreams);
	out = json_copy((json_t *)live);
	json_array_foreach((json_t *)upstreams, i, upstream)
		put_name(input, out, upstream);
	return out;
}
