/*
 * Keys: names and labels of key presses, and the table view + key -> action.
 */
#include "ui/keys.h"

#include <stdio.h>
#include <string.h>

#include "kata/text.h"

#define NO_ACTION "none"
#define ANY_VIEW  "any"

/* --- names of keys --- */

struct special {
	uint32_t key;
	const char *name, *ascii, *label; /* label: NULL for the same as ascii */
};

static const struct special specials[] = {
	{UI_KEY_UP, "up", "Up", "↑"},
	{UI_KEY_DOWN, "down", "Down", "↓"},
	{UI_KEY_LEFT, "left", "Left", "←"},
	{UI_KEY_RIGHT, "right", "Right", "→"},
	{UI_KEY_HOME, "home", "Home", NULL},
	{UI_KEY_END, "end", "End", NULL},
	{UI_KEY_PAGEUP, "pageup", "PgUp", NULL},
	{UI_KEY_PAGEDOWN, "pagedown", "PgDn", NULL},
	{UI_KEY_INSERT, "insert", "Ins", NULL},
	{UI_KEY_DELETE, "delete", "Del", NULL},
	{UI_KEY_BACKSPACE, "backspace", "Bksp", NULL},
	{UI_KEY_ENTER, "enter", "Enter", "↵"},
	{UI_KEY_ESC, "esc", "Esc", NULL},
	{UI_KEY_TAB, "tab", "Tab", NULL},
	{UI_KEY_BACKTAB, "shift+tab", "S-Tab", NULL},
	{' ', "space", "Space", NULL},
	{'#', "hash", "#", NULL},
};

static const struct modifier {
	uint32_t bit;
	const char *name, *label;
} modifiers[] = {
	{UI_MOD_CTRL, "ctrl+", "C-"},
	{UI_MOD_ALT, "alt+", "M-"},
	{UI_MOD_SHIFT, "shift+", "S-"},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { MODS = UI_MOD_CTRL | UI_MOD_ALT | UI_MOD_SHIFT };

static bool is_function(uint32_t key)
{
	return key >= UI_KEY_F1 && key <= UI_KEY_F12;
}

/* The keys of which terminals tell Ctrl and Shift apart. */
static bool takes_modifiers(uint32_t key)
{
	return (key >= UI_KEY_UP && key <= UI_KEY_DELETE) || is_function(key);
}

static const struct special *special_of(uint32_t key)
{
	for (size_t i = 0; i < COUNT(specials); i++)
		if (specials[i].key == key)
			return &specials[i];
	return NULL;
}

/* A character or a named key, without modifiers. */
static uint32_t parse_plain(const char *text)
{
	size_t len = strlen(text);
	uint64_t number;
	uint32_t cp;

	for (size_t i = 0; i < COUNT(specials); i++)
		if (!strcmp(specials[i].name, text))
			return specials[i].key;
	if (*text == 'f' && len > 1 && text[1] != '0' && text_u64(text + 1, 1, 12, &number))
		return UI_KEY_F1 + (uint32_t)number - 1;
	if (!len || utf8_decode(text, len, &cp) != len || cp <= ' ' || (cp >= 0x7f && cp < 0xa0))
		return 0;
	return cp;
}

/* With Ctrl a terminal sends a byte below 32: few characters have one, and some of those bytes are
 * other keys. */
static uint32_t with_ctrl(uint32_t key)
{
	if (key >= 'A' && key <= 'Z')
		key += 'a' - 'A';
	if (key == 'i')
		return UI_KEY_TAB;
	if (key == 'm' || key == 'j')
		return UI_KEY_ENTER;
	if (key == '[')
		return UI_KEY_ESC;
	if (key == '@')
		key = ' ';
	if ((key >= 'a' && key <= 'z') || (key < 0x80 && strchr(" \\]^_", (int)key)) ||
	    takes_modifiers(key))
		return key | UI_MOD_CTRL;
	return 0;
}

uint32_t key_parse(const char *text)
{
	uint32_t mods = 0, key;

	for (size_t i = 0; i < COUNT(modifiers);) {
		size_t len = strlen(modifiers[i].name);

		if (strncmp(text, modifiers[i].name, len) || !text[len]) {
			i++;
			continue;
		}
		if (mods & modifiers[i].bit)
			return 0;
		mods |= modifiers[i].bit;
		text += len;
		i = 0;
	}
	key = parse_plain(text);
	if (key == UI_KEY_TAB && mods & UI_MOD_SHIFT && !(mods & UI_MOD_CTRL)) {
		key = UI_KEY_BACKTAB;
		mods &= ~(uint32_t)UI_MOD_SHIFT;
	}
	if (!key || (mods & UI_MOD_SHIFT && !takes_modifiers(key)))
		return 0;
	if (mods & UI_MOD_CTRL)
		key = with_ctrl(key);
	return key ? key | (mods & (UI_MOD_ALT | UI_MOD_SHIFT)) : 0;
}

static void encode(uint32_t cp, char out[5])
{
	int len = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};

	memset(out, 0, 5);
	for (int i = len - 1; i > 0; i--, cp >>= 6)
		out[i] = (char)(0x80 | (cp & 0x3f));
	out[0] = (char)(cp | leads[len]);
}

void key_name(uint32_t key, char *out, size_t size)
{
	const struct special *special = special_of(key & ~(uint32_t)MODS);
	char text[5] = "", mods[24] = "";

	for (size_t i = 0, len = 0; i < COUNT(modifiers); i++)
		if (key & modifiers[i].bit)
			len += (size_t)snprintf(mods + len, sizeof mods - len, "%s",
						modifiers[i].name);
	key &= ~(uint32_t)MODS;
	if (is_function(key))
		snprintf(out, size, "%sf%u", mods, key - UI_KEY_F1 + 1);
	else if (special)
		snprintf(out, size, "%s%s", mods, special->name);
	else if (encode(key, text), key && key < KEY_BASE_)
		snprintf(out, size, "%s%s", mods, text);
	else
		snprintf(out, size, "%s", "");
}

void key_label(uint32_t key, bool ascii, char *out, size_t size)
{
	uint32_t plain = key & ~(uint32_t)MODS;
	const struct special *special = special_of(plain);
	char text[24] = "", mods[12] = "";

	if (is_function(plain))
		snprintf(text, sizeof text, "F%u", plain - UI_KEY_F1 + 1);
	else if (special)
		snprintf(text, sizeof text, "%s",
			 ascii || !special->label ? special->ascii : special->label);
	else if (plain && plain < KEY_BASE_)
		encode(plain, text);
	if (key & UI_MOD_CTRL && plain < 0x80 && plain != ' ') {
		snprintf(out, size, "%s^%c", key & UI_MOD_ALT ? "M-" : "",
			 plain >= 'a' && plain <= 'z' ? (int)plain - ('a' - 'A') : (int)plain);
		return;
	}
	for (size_t i = 0, len = 0; i < COUNT(modifiers); i++)
		if (key & modifiers[i].bit)
			len += (size_t)snprintf(mods + len, sizeof mods - len, "%s",
						modifiers[i].label);
	snprintf(out, size, "%s%s", mods, text);
}

/* --- the table --- */

void keymap_init(struct keymap *map)
{
	*map = (struct keymap){.arena = arena_new()};
}

void keymap_release(struct keymap *map)
{
	arena_free(map->arena);
	*map = (struct keymap){0};
}

static struct binding *binding_at(const struct keymap *map, const char *view, uint32_t key)
{
	for (size_t i = 0; i < map->count; i++)
		if (map->bindings[i].key == key && !strcmp(map->bindings[i].view, view))
			return &map->bindings[i];
	return NULL;
}

static void keymap_set(struct keymap *map, const struct binding *new)
{
	struct binding *binding = binding_at(map, new->view, new->key);

	if (!binding) {
		map->bindings = arena_grow(map->arena, map->bindings, map->count, &map->cap,
					   sizeof *map->bindings);
		binding = &map->bindings[map->count++];
	}
	*binding = *new;
}

/* --- reading --- */

struct reader {
	struct keymap *map;
	const char *file;
	const char *const *views, *const *actions;
	struct problems *problems;
	const char *line; /* where it begins, for columns */
	unsigned number;
};

struct word {
	const char *at;
	char *text; /* "": there is none */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word of a line; "" at its end and where a comment begins. */
static struct word next_word(struct reader *r, const char **at, const char *end)
{
	const char *p = *at, *from;

	while (p < end && is_blank(*p))
		p++;
	from = p;
	while (p < end && *from != '#' && !is_blank(*p))
		p++;
	*at = p;
	return (struct word){from, arena_strndup(r->map->arena, from, (size_t)(p - from))};
}

/* "WORD WHAT", at the word. */
static struct problem *complain(struct reader *r, struct word word, const char *what)
{
	struct place place = {r->file, r->number, (unsigned)(word.at - r->line) + 1};
	const char *safe = text_safe_copy(r->map->arena, word.text);

	return problems_add(r->problems, SEVERITY_WARNING, place, "%s%s%s", safe, *safe ? " " : "",
			    what);
}

static const char *meant(struct reader *r, const struct text_nearest *nearest)
{
	return nearest->name ? arena_printf(r->problems->arena, "did you mean %s?", nearest->name)
			     : NULL;
}

/* The name as the list has it, or NULL after a complaint. `extra` is a name as well. */
static const char *known(struct reader *r, struct word word, const char *extra,
			 const char *const *names, const char *what)
{
	struct text_nearest nearest = {.word = word.text};

	if (!strcmp(word.text, extra))
		return extra;
	text_nearest_offer(&nearest, extra);
	for (; *names; names++) {
		if (!strcmp(word.text, *names))
			return word.text;
		text_nearest_offer(&nearest, *names);
	}
	complain(r, word, what)->hint = meant(r, &nearest);
	return NULL;
}

static uint32_t known_key(struct reader *r, struct word word)
{
	struct text_nearest nearest = {.word = word.text};
	uint32_t key = key_parse(word.text);

	if (key)
		return key;
	for (size_t i = 0; i < COUNT(specials); i++)
		text_nearest_offer(&nearest, specials[i].name);
	struct problem *problem = complain(r, word, "is no key that a terminal tells");
	problem->hint = nearest.name
				? meant(r, &nearest)
				: "keys are written like these: a, ctrl+a, alt+x, pageup, f5, hash";
	return 0;
}

/* The comment at the end of a line; false when there is something else. */
static bool read_help(struct reader *r, const char *p, const char *end, const char **help)
{
	while (p < end && is_blank(*p))
		p++;
	*help = "";
	if (p == end)
		return true;
	if (*p != '#') {
		complain(r, next_word(r, &p, end), "follows the action")->hint =
			"a comment begins with #";
		return false;
	}
	for (p++; p < end && is_blank(*p);)
		p++;
	while (end > p && is_blank(end[-1]))
		end--;
	*help = arena_strndup(r->map->arena, p, (size_t)(end - p));
	return true;
}

static void read_line(struct reader *r, const char *end, bool user)
{
	const char *p = r->line;
	struct word view = next_word(r, &p, end), key, action;
	struct binding new = {.user = user};

	if (!*view.text)
		return;
	key = next_word(r, &p, end);
	action = next_word(r, &p, end);
	if (!*action.text) {
		complain(r, *key.text ? action : key,
			 *key.text ? "the action is missing" : "the key is missing")
			->hint = "a line is: VIEW KEY ACTION # what it does; the key # is "
				 "written hash";
		return;
	}
	new.view = known(r, view, ANY_VIEW, r->views, "is no view");
	new.key = known_key(r, key);
	new.action = known(r, action, NO_ACTION, r->actions, "is no action");
	if (!read_help(r, p, end, &new.help) || !new.view || !new.key || !new.action)
		return;
	keymap_set(r->map, &new);
}

void keymap_read(struct keymap *map, const char *file, const char *text, bool user,
		 const char *const *views, const char *const *actions, struct problems *problems)
{
	struct reader r = {map, file, views, actions, problems, text, 0};

	if (!strncmp(text, "\xef\xbb\xbf", 3))
		r.line += 3;
	while (*r.line) {
		const char *next = r.line + strcspn(r.line, "\n"), *end = next;

		r.number++;
		if (end > r.line && end[-1] == '\r')
			end--;
		read_line(&r, end, user);
		r.line = *next ? next + 1 : next;
	}
}

/* --- asking --- */

const struct binding *keymap_find(const struct keymap *map, const char *view, uint32_t key)
{
	const struct binding *binding = binding_at(map, view, key);

	if (!binding)
		binding = binding_at(map, ANY_VIEW, key);
	return binding && strcmp(binding->action, NO_ACTION) ? binding : NULL;
}

const struct binding *keymap_of(const struct keymap *map, const char *view, const char *action)
{
	const struct binding *any = NULL;

	for (size_t i = 0; i < map->count; i++) {
		const struct binding *b = &map->bindings[i];

		/* What the view itself says about the key hides what is said for any. */
		if (strcmp(b->action, action) || keymap_find(map, view, b->key) != b)
			continue;
		if (!strcmp(b->view, view))
			return b;
		any = any ? any : b;
	}
	return any;
}
