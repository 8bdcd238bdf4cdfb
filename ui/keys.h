/*
 * Keys: their names, and the table view + key -> action, read from share/keys.conf and then from
 * the user's ~/.config/kata-tui/keys.conf. Help, key bar and the man page are made from it.
 *
 *     view  key  action  # what a person reads ("" or no comment: the action's own help)
 *
 * view: one of the names below, or `any` (looked up after the own view). action `none` takes a key
 * away. Keys: a, A, ctrl+a, alt+x, space, enter, esc, tab, shift+tab, backspace, delete, insert,
 * up, down, left, right, home, end, pageup, pagedown, f1..f12, hash (#), and any other character
 * itself.
 */
#ifndef KATA_UI_KEYS_H
#define KATA_UI_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kata/memory.h"
#include "kata/problem.h"

/* A key press: a Unicode code point, or one of these; with modifiers. */
enum {
	KEY_BASE_ = 0x200000,
	UI_KEY_UP = KEY_BASE_,
	UI_KEY_DOWN,
	UI_KEY_LEFT,
	UI_KEY_RIGHT,
	UI_KEY_HOME,
	UI_KEY_END,
	UI_KEY_PAGEUP,
	UI_KEY_PAGEDOWN,
	UI_KEY_INSERT,
	UI_KEY_DELETE,
	UI_KEY_BACKSPACE,
	UI_KEY_ENTER,
	UI_KEY_ESC,
	UI_KEY_TAB,
	UI_KEY_BACKTAB,
	UI_KEY_F1,
	UI_KEY_F12 = UI_KEY_F1 + 11,
	UI_MOD_CTRL = 1 << 24,
	UI_MOD_ALT = 1 << 25,
	UI_MOD_SHIFT = 1 << 26,
};

/* "ctrl+a" to a key; 0 when it is none. Ctrl with a letter is that letter | UI_MOD_CTRL, but for
 * those that terminals send for other keys: ctrl+i is tab, ctrl+m and ctrl+j enter, ctrl+[ esc. */
uint32_t key_parse(const char *text);
/* Its name, in out (at least 24 bytes). (curses has a function of that name, too.) */
#define key_name kata_key_name
void key_name(uint32_t key, char *out, size_t size);
/* Short, for the key bar: "^A", "↵" (ascii: "Enter"). */
void key_label(uint32_t key, bool ascii, char *out, size_t size);

struct binding {
	const char *view, *action, *help; /* in the arena */
	uint32_t key;
	bool user; /* from the user's file */
};

struct keymap {
	struct arena *arena;
	struct binding *bindings;
	size_t count, cap;
};

void keymap_init(struct keymap *map);
void keymap_release(struct keymap *map);
/* Adds the lines of a file; later ones replace earlier ones of the same view and key. `actions`:
 * names that exist, ended by NULL; `views`: the same. Problems name file and line, with the nearest
 * name. */
void keymap_read(struct keymap *map, const char *file, const char *text, bool user,
		 const char *const *views, const char *const *actions, struct problems *problems);
/* The action for a key in a view, else in `any`; NULL, also where it is `none`. */
const struct binding *keymap_find(const struct keymap *map, const char *view, uint32_t key);
/* The first key that does this in a view, of its own or else of `any`; NULL. */
const struct binding *keymap_of(const struct keymap *map, const char *view, const char *action);

#endif
