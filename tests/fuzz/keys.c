/*
 * Fuzz target: files of keys. Every binding names a view, an action and a key that is read back
 * from its name; no key is bound twice in a view; and what is asked is what was found. The bytes
 * are also read as the user's file over a small table.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ui/keys.h"

static const char *const views[] = {"apps", "logs", "activity", NULL};
static const char *const actions[] = {"quit", "remove", "cancel", "search-next", "tab-10", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_key(uint32_t key)
{
	char name[24], label[24];

	key_name(key, name, sizeof name);
	check(key && *name && key_parse(name) == key);
	for (int ascii = 0; ascii < 2; ascii++) {
		key_label(key, ascii, label, sizeof label);
		check(*label && !strpbrk(label, " \t\r\n\x1b"));
	}
}

static void check_map(const struct keymap *map)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct binding *b = &map->bindings[i];
		const struct binding *found = keymap_find(map, b->view, b->key);

		check_key(b->key);
		check(*b->view && *b->action && !strpbrk(b->help, "\n"));
		check(found == (strcmp(b->action, "none") ? b : NULL));
		check(!found || !strcmp(keymap_of(map, b->view, b->action)->view, b->view));
	}
}

static void check_problems(const struct problems *problems)
{
	check(problems->errors == 0);
	for (size_t i = 0; i < problems->count; i++)
		check(*problems->items[i].msg && !strpbrk(problems->items[i].msg, "\t\r\n\x1b") &&
		      problems->items[i].place.line && problems->items[i].place.column);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const char *text = arena_strndup(arena, (const char *)data, size);
	struct problems problems;
	struct keymap map;

	problems_init(&problems, arena);
	keymap_init(&map);
	keymap_read(&map, "keys.conf", "any q quit # leave\nlogs x none\nany x remove\n", false,
		    views, actions, &problems);
	check(problems.count == 0);
	keymap_read(&map, "user.conf", text, true, views, actions, &problems);
	check_map(&map);
	check_problems(&problems);
	keymap_release(&map);
	arena_free(arena);
	return 0;
}
