/*
 * Finishing a mapping of the YAML reader: keys must be texts, no key stands twice, and merge
 * keys (<<) are resolved.
 */
#include <stdlib.h>
#include <string.h>

#include "yaml_build.h"

/* Up to this many pairs, comparing each with each beats sorting. */
enum { FEW_PAIRS = 16 };

static bool key_equal(const struct yaml_node *a, const struct yaml_node *b)
{
	return a->len == b->len && !memcmp(a->text, b->text, a->len);
}

static bool is_merge_key(const struct yaml_node *key)
{
	return key->plain && key->len == 2 && !memcmp(key->text, "<<", 2);
}

static void pair_push(struct yaml_build *b, const struct yaml_node *key,
		      const struct yaml_node *value)
{
	b->pairs = xgrow(b->pairs, b->pair_count, &b->pair_cap, sizeof *b->pairs);
	b->pairs[b->pair_count++] = (struct yaml_pair){key, value};
}

static bool key_check(struct yaml_build *b, const struct yaml_node *key)
{
	struct problem *p;

	if (key->kind != YAML_SCALAR) {
		p = yaml_problem_at(b, key->line, key->column, "a key must be a text, not a %s",
				    key->kind == YAML_MAPPING ? "map" : "list");
		p->hint = key->kind == YAML_MAPPING
				  ? "put a text that begins with { (such as {{ .. }}) in quotes"
				  : "put a text that begins with [ in quotes";
		return false;
	}
	if (key->plain && !key->len) {
		yaml_problem_at(b, key->line, key->column, "a key is missing before ':'")->hint =
			"write `name: value`, or put the text in quotes";
		return false;
	}
	return true;
}

static void merge_map(struct yaml_build *b, const struct yaml_node *map)
{
	for (size_t i = 0; i < map->count; i++)
		pair_push(b, map->pairs[i].key, map->pairs[i].value);
}

/* Appends what a merge key brings; earlier maps of a list win over later ones. */
static void merge_value(struct yaml_build *b, const struct yaml_node *value)
{
	bool fits = value->kind != YAML_SCALAR;

	if (value->kind == YAML_MAPPING)
		merge_map(b, value);
	for (size_t i = 0; value->kind == YAML_SEQUENCE && i < value->count; i++) {
		if (value->items[i]->kind == YAML_MAPPING)
			merge_map(b, value->items[i]);
		else
			fits = false;
	}
	if (!fits)
		yaml_problem_at(b, value->line, value->column,
				"the merge key << needs a map, or a list of maps")
			->hint = "write <<: *name, with &name at the map to take over";
}

/* Pair i has the key of an earlier pair: it goes, and is a mistake unless it was merged. */
static void pair_drop(struct yaml_build *b, size_t i, const struct yaml_node *first, size_t own)
{
	const struct yaml_node *key = b->pairs[i].key;

	if (i < own)
		yaml_problem_at(b, key->line, key->column,
				"the key \"%s\" is given twice, first in line %u", key->text,
				first->line)
			->hint = "keep one of them; the second would win without a word";
	b->pairs[i].value = NULL;
}

static void drop_repeated_few(struct yaml_build *b, size_t own)
{
	for (size_t i = 1; i < b->pair_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (b->pairs[j].value && key_equal(b->pairs[i].key, b->pairs[j].key)) {
				pair_drop(b, i, b->pairs[j].key, own);
				break;
			}
		}
	}
}

struct ranked_key {
	const struct yaml_node *key;
	size_t rank; /* its pair: the lower one wins */
};

static int ranked_compare(const void *left, const void *right)
{
	const struct ranked_key *a = left, *b = right;
	size_t shorter = a->key->len < b->key->len ? a->key->len : b->key->len;
	int order = memcmp(a->key->text, b->key->text, shorter);

	if (order)
		return order;
	if (a->key->len != b->key->len)
		return a->key->len < b->key->len ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

/* Sorting instead of hashing: no choice of keys makes this slow. */
static void drop_repeated_many(struct yaml_build *b, size_t own)
{
	size_t count = b->pair_count;
	struct ranked_key *keys = xcalloc(count, sizeof *keys);
	size_t first = 0;

	for (size_t i = 0; i < count; i++)
		keys[i] = (struct ranked_key){b->pairs[i].key, i};
	qsort(keys, count, sizeof *keys, ranked_compare);
	for (size_t i = 1; i < count; i++) {
		if (key_equal(keys[i].key, keys[first].key))
			pair_drop(b, keys[i].rank, keys[first].key, own);
		else
			first = i;
	}
	free(keys);
}

static void pairs_store(struct yaml_build *b, struct yaml_node *mapping)
{
	mapping->pairs = arena_alloc(b->arena, b->pair_count * sizeof *mapping->pairs);
	for (size_t i = 0; i < b->pair_count; i++)
		if (b->pairs[i].value)
			mapping->pairs[mapping->count++] = b->pairs[i];
}

void yaml_mapping_finish(struct yaml_build *b, struct yaml_node *mapping,
			 const struct yaml_node *const *children, size_t count)
{
	const struct yaml_node *merge = NULL, *merge_key = NULL;

	b->pair_count = 0;
	for (size_t i = 0; i + 1 < count; i += 2) {
		const struct yaml_node *key = children[i], *value = children[i + 1];

		if (!key_check(b, key))
			continue;
		if (!is_merge_key(key)) {
			pair_push(b, key, value);
		} else if (!merge) {
			merge_key = key;
			merge = value;
		} else {
			yaml_problem_at(b, key->line, key->column,
					"the merge key << is given twice, first in line %u",
					merge_key->line)
				->hint = "merge several maps with <<: [*one, *two]";
		}
	}
	size_t own = b->pair_count;
	if (merge)
		merge_value(b, merge);
	if (b->pair_count <= FEW_PAIRS)
		drop_repeated_few(b, own);
	else
		drop_repeated_many(b, own);
	pairs_store(b, mapping);
}
