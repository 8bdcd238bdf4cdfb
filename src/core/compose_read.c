/*
 * Walking the YAML of a Compose file by the table of keys: where we are, what is said about it,
 * variables in scalars, and mappings whose keys the table knows.
 */
#include "compose_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kata/text.h"

#include "env_internal.h"

/* --- Where we are, and what is wrong there --- */

size_t compose_enter(struct compose_reader *r, const char *name)
{
	enum { SHOWN = 60 }; /* bytes of a key: enough to know it by */
	size_t mark = r->path.len, len = strlen(name);

	if (mark)
		str_addc(&r->path, '.');
	if (len > SHOWN)
		for (len = SHOWN; len && (name[len] & 0xc0) == 0x80;)
			len--;
	str_addn(&r->path, name, len);
	return mark;
}

size_t compose_enter_index(struct compose_reader *r, size_t index)
{
	size_t mark = r->path.len;

	str_addf(&r->path, "[%zu]", index);
	return mark;
}

void compose_leave(struct compose_reader *r, size_t mark)
{
	if (mark == r->path.len)
		return;
	r->path.len = mark;
	r->path.p[mark] = '\0';
}

struct problem *compose_say(struct compose_reader *r, enum severity severity,
			    const struct yaml_node *node, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	struct problem *p = problems_add(r->problems, severity, yaml_place(node, r->file->shown),
					 "%s%s%s", r->path.p, r->path.len ? ": " : "", text);
	p->rule = "compose";
	return p;
}

bool compose_is_null(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && yaml_scalar_type(node) == YAML_NULL;
}

bool compose_is_tagged(const struct yaml_node *node, const char *tag)
{
	return node->tag && !strcmp(node->tag, tag);
}

json_t *compose_wrong(struct compose_reader *r, const struct yaml_node *node, const char *what)
{
	static const char *const is[] = {
		[YAML_SCALAR] = "text", [YAML_SEQUENCE] = "a list", [YAML_MAPPING] = "a mapping"};
	bool empty = compose_is_null(node);

	compose_say(r, SEVERITY_ERROR, node, "must be %s, not %s", what,
		    empty ? "empty" : is[node->kind]);
	return NULL;
}

/* --- Scalars --- */

bool compose_grow(struct compose_reader *r, const struct yaml_node *node, size_t len)
{
	if (r->growth + len <= COMPOSE_GROWTH_MAX) {
		r->growth += len;
		return true;
	}
	if (!r->grown)
		compose_say(r, SEVERITY_ERROR, node,
			    "the app is too large once its variables are replaced")
			->hint = "more than 32 MiB in all; is a variable's value too long?";
	r->grown = true;
	return false;
}

bool compose_text(struct compose_reader *r, const struct yaml_node *node, const char *what,
		  struct expand_result *out)
{
	if (node->kind != YAML_SCALAR) {
		compose_wrong(r, node, what);
		return false;
	}
	if (!env_expand(&r->input->app->env, node->text, node->len, EXPAND_MISSING_EMPTY,
			yaml_place(node, r->file->shown), r->problems, out))
		return false;
	return out->text == node->text || compose_grow(r, node, out->len);
}

const char *compose_shown(const struct expand_result *text)
{
	return text->secret ? "the value" : text->len ? text->text : "empty text";
}

json_t *compose_json_text_new(struct compose_reader *r, const struct yaml_node *node,
			      const char *text, size_t len)
{
	json_t *value = json_stringn(text, len);

	if (!value)
		compose_say(r, SEVERITY_ERROR, node,
			    "the text is not UTF-8 once its variables are replaced");
	return value;
}

json_t *compose_text_new(struct compose_reader *r, const struct yaml_node *node, const char *what)
{
	struct expand_result text;

	if (!compose_text(r, node, what, &text))
		return NULL;
	return compose_json_text_new(r, node, text.text, text.len);
}

/* --- Mappings --- */

const char *compose_entry_name(const struct compose_level *level, const struct compose_entry *entry)
{
	return entry->row.path + strlen(level->prefix);
}

const struct compose_entry *compose_entry_find(const struct compose_level *level, const char *name)
{
	size_t skip = strlen(level->prefix);

	for (size_t i = 0; i < level->count; i++) {
		const char *known = level->entries[i].row.path + skip;

		if (*known == *name && !strcmp(known, name))
			return &level->entries[i];
	}
	return NULL;
}

/* Accepted for the sake of old files only. */
static bool is_old(const struct compose_key *row)
{
	return row->compose == COMPOSE_IGNORE && row->swarm == COMPOSE_IGNORE && row->note;
}

static const char *nearest(const struct compose_level *level, const char *name)
{
	struct text_nearest near = {.word = name};

	for (size_t i = 0; i < level->count; i++)
		if (!is_old(&level->entries[i].row))
			text_nearest_offer(&near, compose_entry_name(level, &level->entries[i]));
	return near.name;
}

void compose_unknown(struct compose_reader *r, const struct yaml_node *key,
		     const struct compose_level *level)
{
	bool ours = !strncmp(key->text, "x-kata-", strlen("x-kata-"));
	const char *near;
	struct problem *p;

	if (!ours && !strncmp(key->text, "x-", 2))
		return;
	size_t mark = compose_enter(r, key->text);
	p = compose_say(r, ours ? SEVERITY_WARNING : SEVERITY_ERROR, key,
			"there is no such key here");
	compose_leave(r, mark);
	near = r->problems->count < PROBLEMS_MAX ? nearest(level, key->text) : NULL;
	p->rule = "compose-unknown-key";
	p->hint = near	 ? arena_printf(r->arena, "did you mean %s?", near)
		  : ours ? NULL
			 : "keys of your own begin with x-";
}

/* The value for a key of the table, or NULL. */
static json_t *entry_new(struct compose_reader *r, const struct yaml_pair *pair,
			 const struct compose_entry *entry)
{
	const struct compose_key *row = &entry->row;
	const struct yaml_node *value = pair->value;

	if (row->compose == COMPOSE_REFUSE && row->swarm == COMPOSE_REFUSE) {
		compose_say(r, SEVERITY_ERROR, pair->key, "is not supported")->hint = row->note;
		return NULL;
	}
	if (is_old(row))
		compose_say(r, SEVERITY_WARNING, pair->key, "is ignored")->hint = row->note;
	if (!entry->read || compose_is_tagged(value, "!reset"))
		return NULL;
	if (!compose_is_null(value))
		return entry->read(r, value, entry);
	if (entry->read == compose_read_command)
		return json_null();
	compose_say(r, SEVERITY_WARNING, pair->key, "is empty")->hint =
		"remove the key, or give it a value";
	return NULL;
}

json_t *compose_level_new(struct compose_reader *r, const struct yaml_node *node,
			  const struct compose_level *level)
{
	json_t *out;

	if (node->kind != YAML_MAPPING)
		return compose_wrong(r, node, "a mapping");
	out = json_object();
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_pair *pair = &node->pairs[i];
		const struct compose_entry *entry = compose_entry_find(level, pair->key->text);

		if (!entry) {
			compose_unknown(r, pair->key, level);
			continue;
		}
		size_t mark = compose_enter(r, pair->key->text);
		json_t *value = entry_new(r, pair, entry);

		compose_leave(r, mark);
		if (value)
			json_object_set_new_nocheck(out, compose_entry_name(level, entry), value);
	}
	return out;
}

/* --- Paths --- */

const char *compose_path_clean(struct arena *a, const char *path)
{
	size_t len = strlen(path), at = 0;
	char *out = arena_alloc(a, len + 2);

	while (*path) {
		size_t part = strcspn(path, "/");

		if (part == 2 && path[0] == '.' && path[1] == '.') {
			while (at && out[--at] != '/')
				;
		} else if (part && !(part == 1 && path[0] == '.')) {
			out[at++] = '/';
			memcpy(out + at, path, part);
			at += part;
		}
		path += part;
		path += *path == '/';
	}
	if (!at)
		out[at++] = '/';
	out[at] = '\0';
	return out;
}

const char *compose_path(struct compose_reader *r, const char *path)
{
	const char *root = NULL;

	if (*path == '~' && (!path[1] || path[1] == '/')) {
		root = r->input->root;
		path++;
	} else if (*path != '/') {
		root = r->file->folder;
	}
	if (root) {
		struct str whole = STR_INIT;

		str_add(&whole, root);
		str_addc(&whole, '/');
		str_add(&whole, path);
		path = compose_path_clean(r->arena, whole.p);
		str_release(&whole);
		return path;
	}
	return compose_path_clean(r->arena, path);
}
