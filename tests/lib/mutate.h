/*
 * Random JSON and random changes of JSON, from a seed, so that a failing test fails again; and the
 * real servers of tests/corpora.
 */
#ifndef KATA_TEST_MUTATE_H
#define KATA_TEST_MUTATE_H

#include <dirent.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/memory.h"

struct mutate {
	uint64_t seed;
};

/* 0 to n - 1; splitmix64. */
static inline size_t mutate_below(struct mutate *m, size_t n)
{
	uint64_t z = (m->seed += 0x9e3779b97f4a7c15U);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return (size_t)((z ^ (z >> 31)) % n);
}

/* A key; now and then one that Caddy cannot address. */
static inline const char *mutate_key(struct mutate *m)
{
	static const char *const keys[] = {"a",	   "b",	     "routes", "match",	   "0",	  "x:@+-_.",
					   "kata", "handle", "a/b",    "a b",	   "@id", "",
					   "..",   "...",    "%41",    "\xc3\xa9", "list"};

	return keys[mutate_below(m, mutate_below(m, 3) ? 8 : sizeof keys / sizeof *keys)];
}

static inline json_t *mutate_any_new(struct mutate *m, size_t depth);

static inline json_t *mutate_leaf_new(struct mutate *m)
{
	switch (mutate_below(m, 7)) {
	case 0:
		return json_null();
	case 1:
		return json_boolean(mutate_below(m, 2));
	case 2:
		return json_integer((json_int_t)mutate_below(m, 5));
	case 3:
		return json_real((double)mutate_below(m, 9) / 4);
	case 4:
		return json_object();
	case 5:
		return json_array();
	default:
		return json_string(mutate_key(m));
	}
}

static inline json_t *mutate_any_new(struct mutate *m, size_t depth)
{
	size_t kind = mutate_below(m, 3), count = mutate_below(m, 5);
	json_t *value;

	if (!depth || !kind)
		return mutate_leaf_new(m);
	value = kind == 1 ? json_object() : json_array();
	while (count--)
		if (kind == 1)
			json_object_set_new(value, mutate_key(m), mutate_any_new(m, depth - 1));
		else
			json_array_append_new(value, mutate_any_new(m, depth - 1));
	return value;
}

/* One change somewhere in an array: an element more, less, another, or deeper down. */
static inline json_t *mutate_take(struct mutate *m, json_t *value_take);

static inline void mutate_array(struct mutate *m, json_t *array)
{
	size_t count = json_array_size(array), i = mutate_below(m, count + 1);

	if (i == count || !mutate_below(m, 4))
		json_array_insert_new(array, i, mutate_any_new(m, 2));
	else if (!mutate_below(m, 4))
		json_array_remove(array, i);
	else
		json_array_set_new(array, i,
				   mutate_take(m, json_deep_copy(json_array_get(array, i))));
}

static inline void mutate_object(struct mutate *m, json_t *object)
{
	size_t count = json_object_size(object), i = mutate_below(m, count + 1);
	void *at = json_object_iter(object);
	const char *key = NULL;
	char copy[64];

	for (; at && i > 0; i--)
		at = json_object_iter_next(object, at);
	key = at ? json_object_iter_key(at) : NULL;
	snprintf(copy, sizeof copy, "%s", key ? key : mutate_key(m));
	if (!key || !mutate_below(m, 6) || strlen(copy) > 60)
		json_object_set_new(object, mutate_key(m), mutate_any_new(m, 2));
	else if (!mutate_below(m, 5))
		json_object_del(object, copy);
	else
		json_object_set_new(object, copy,
				    mutate_take(m, json_deep_copy(json_object_get(object, copy))));
}

static inline json_t *mutate_take(struct mutate *m, json_t *value_take)
{
	if (!mutate_below(m, 12) || (!json_is_object(value_take) && !json_is_array(value_take))) {
		json_decref(value_take);
		return mutate_any_new(m, 2);
	}
	if (json_is_object(value_take))
		mutate_object(m, value_take);
	else
		mutate_array(m, value_take);
	return value_take;
}

/* File name -> server object, of all in KATA_CORPUS, else of tests/corpora/caddy-servers. */
static inline json_t *mutate_corpus_new(void)
{
	const char *folder = getenv("KATA_CORPUS");
	json_t *all = json_object();
	struct dirent *entry;
	DIR *dir;

	folder = folder ? folder : "tests/corpora/caddy-servers";
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		char path[1024];
		json_t *server;

		if (!strstr(entry->d_name, ".json"))
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		server = json_load_file(path, 0, NULL);
		if (server)
			json_object_set_new(all, entry->d_name, server);
	}
	if (dir)
		closedir(dir);
	return all;
}

#endif
