/*
 * From a position inside a caddy: block to its path, YAML node and place.
 */
#include "block_path.h"

#include <stdint.h>
#include <string.h>

#include "kata/text.h"

/* How far a position could be followed into the YAML. */
struct block_spot {
	const struct yaml_node *key;   /* of the last step, when that was into a mapping */
	const struct yaml_node *value; /* deepest node found */
	bool lost;		       /* a step was not there: value is where it was missed */
};

static void path_add(struct str *out, const struct block_at *at)
{
	if (at->up) {
		path_add(out, at->up);
		str_addc(out, '/');
	}
	if (at->key)
		str_add(out, at->key);
	else
		str_addf(out, "%zu", at->index);
}

const char *block_path(struct arena *arena, const struct block_at *at)
{
	struct str text = STR_INIT;
	const char *path;

	if (!at)
		return NULL;
	path_add(&text, at);
	path = arena_strndup(arena, text.p, text.len);
	str_release(&text);
	return path;
}

static void spot_member(struct block_spot *spot, const char *key)
{
	const struct yaml_node *value = yaml_get(spot->value, key);

	spot->lost = !value;
	if (spot->lost)
		return;
	spot->key = yaml_get_key(spot->value, key);
	spot->value = value;
}

static void spot_element(struct block_spot *spot, size_t index)
{
	spot->lost = spot->value->kind != YAML_SEQUENCE || index >= spot->value->count;
	if (spot->lost)
		return;
	spot->key = NULL;
	spot->value = spot->value->items[index];
}

static void spot_find(struct block_spot *spot, const struct block_at *at)
{
	if (!at)
		return;
	spot_find(spot, at->up);
	if (spot->lost)
		return;
	if (at->key)
		spot_member(spot, at->key);
	else
		spot_element(spot, at->index);
}

const struct yaml_node *block_node(const struct yaml_node *node, const struct block_at *at)
{
	struct block_spot spot = {.value = node};

	if (node)
		spot_find(&spot, at);
	return spot.value;
}

static struct place spot_place(const struct block_spot *spot, const char *file)
{
	const struct yaml_node *value = spot->value;

	if (spot->key && (value->kind != YAML_SCALAR || !value->len))
		value = spot->key;
	return yaml_place(value, file);
}

struct place block_place(const struct yaml_node *node, const char *file, const struct block_at *at)
{
	struct block_spot spot = {.value = node};

	if (!node)
		return (struct place){.file = file};
	spot_find(&spot, at);
	return spot_place(&spot, file);
}

/* One step by the text of a path: an index where the YAML has a list. */
static void spot_step(struct block_spot *spot, const char *step)
{
	uint64_t index;

	if (spot->value->kind != YAML_SEQUENCE)
		spot_member(spot, step);
	else if (text_u64(step, 0, SIZE_MAX, &index))
		spot_element(spot, (size_t)index);
	else
		spot->lost = true;
}

struct place block_place_of_path(const struct yaml_node *node, const char *file, const char *path)
{
	struct block_spot spot = {.value = node};
	struct str step = STR_INIT;

	if (!node)
		return (struct place){.file = file};
	while (*path && !spot.lost) {
		size_t len = strcspn(path, "/");

		str_clear(&step);
		str_addn(&step, path, len);
		if (len)
			spot_step(&spot, step.p);
		path += len + (path[len] == '/');
	}
	str_release(&step);
	return spot_place(&spot, file);
}
