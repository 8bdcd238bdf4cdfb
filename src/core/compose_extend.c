/*
 * Services from YAML, each with what it extends merged under it.
 */
#include "compose_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kata/json.h"

/* --- Places --- */

/* Where one link of a chain has "deploy/replicas", or NULL. */
static const struct yaml_node *key_node(const struct yaml_node *node, const char *key)
{
	char part[64];

	while (node) {
		size_t len = strcspn(key, "/");

		if (len >= sizeof part)
			return NULL;
		memcpy(part, key, len);
		part[len] = '\0';
		if (!key[len])
			return yaml_get_key(node, part);
		node = yaml_get(node, part);
		key += len + 1;
	}
	return NULL;
}

struct place compose_draft_place(const struct compose_draft *draft, const char *key)
{
	for (const struct compose_draft *d = draft; key && d; d = d->base) {
		const struct yaml_node *found = key_node(d->node, key);

		if (found)
			return yaml_place(found, d->from->file.shown);
	}
	return yaml_place(draft->key, draft->from->file.shown);
}

struct problem *compose_blame(struct compose_work *w, enum severity severity,
			      const struct compose_draft *draft, const char *key, const char *fmt,
			      ...)
{
	struct str path = STR_INIT;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	for (const char *p = key ? key : ""; *p; p++)
		str_addc(&path, *p == '/' ? '.' : *p);
	struct problem *p =
		problems_add(w->r.problems, severity, compose_draft_place(draft, key),
			     "services.%.60s%s%s: %s", draft->name, key ? "." : "", path.p, text);
	p->rule = "compose";
	str_release(&path);
	return p;
}

void compose_draft_chain(const struct compose_draft *draft, const struct compose_draft **chain,
			 size_t *count)
{
	size_t n = 0;

	for (const struct compose_draft *d = draft; d && n < COMPOSE_CHAIN_MAX; d = d->base)
		n++;
	*count = n;
	for (const struct compose_draft *d = draft; n; d = d->base)
		chain[--n] = d;
}

/* --- extends --- */

/* Takes away what the upper service marks with !reset or !override. */
static void drop_tagged(json_t *base, const struct yaml_node *over)
{
	for (size_t i = 0; i < over->count; i++) {
		const char *key = over->pairs[i].key->text;
		const struct yaml_node *value = over->pairs[i].value;
		json_t *below = json_object_get(base, key);

		if (compose_is_tagged(value, "!reset") || compose_is_tagged(value, "!override"))
			json_object_del(base, key);
		else if (json_is_object(below) && value->kind == YAML_MAPPING)
			drop_tagged(below, value);
	}
}

/* Roughly the bytes that a copy takes. */
static size_t weight(const json_t *value)
{
	size_t sum = 16 + json_string_length(value), i;
	const char *key;
	json_t *below;

	json_array_foreach((json_t *)value, i, below)
		sum += weight(below);
	json_object_foreach((json_t *)value, key, below)
		sum += weight(below);
	return sum;
}

/* How many pairs of list elements compose_merge_new compares. */
static size_t merge_cost(const json_t *base, const json_t *over)
{
	size_t both = json_array_size(base) + json_array_size(over), sum = 0;
	const char *key;
	json_t *below;

	if (json_is_array(base) && json_is_array(over))
		return both * both;
	json_object_foreach((json_t *)base, key, below)
		sum += merge_cost(below, json_object_get(over, key));
	return sum;
}

/* Whether a merge stays within what one app may cost; else says so. */
static bool afford(struct compose_work *w, const struct compose_draft *draft,
		   const struct compose_draft *base, const struct yaml_node *extends)
{
	size_t cost = merge_cost(base->spec, draft->spec);

	if (!compose_grow(&w->r, extends, weight(base->spec)))
		return false;
	if (w->r.merged + cost <= COMPOSE_MERGE_MAX) {
		w->r.merged += cost;
		return true;
	}
	compose_blame(w, SEVERITY_ERROR, draft, "extends", "the lists to be merged are too long");
	return false;
}

/* The service that `extends` names, or NULL with a problem; the reader is at that key. */
static struct compose_draft *base_find(struct compose_work *w, const struct compose_draft *draft,
				       const struct yaml_node *extends)
{
	const struct compose_entry *entry = compose_entry_find(&compose_level_service, "extends");
	const struct compose_loaded *file = draft->from;
	struct compose_draft *base = NULL;
	json_t *both;
	const char *name, *path;

	if (extends->kind == YAML_SCALAR) {
		json_t *service = compose_text_new(&w->r, extends, "a service's name");

		both = service ? json_pack("{so}", "service", service) : NULL;
	} else {
		both = compose_level_new(&w->r, extends, entry->level);
	}
	name = json_member_text(both, "service");
	path = json_member_text(both, "file");
	if (both && !name)
		compose_say(&w->r, SEVERITY_ERROR, extends, "needs service:");
	if (name && path)
		file = compose_load(w, arena_strdup(w->r.arena, path), extends);
	if (name && file && !(base = compose_draft_in(file, name)))
		compose_blame(w, SEVERITY_ERROR, draft, "extends",
			      "there is no service %.60s in %s", name, path ? path : "this file");
	json_decref(both);
	return base;
}

static void draft_read(struct compose_work *w, struct compose_draft *draft, size_t depth);

/* Puts the base under the draft's own spec. */
static void extend(struct compose_work *w, struct compose_draft *draft,
		   const struct yaml_node *extends, size_t depth)
{
	json_t *below, *merged;
	struct compose_draft *base;

	compose_go(w, &draft->from->file, "services", draft->name);
	compose_enter(&w->r, "extends");
	base = base_find(w, draft, extends);
	if (!base)
		return;
	if (base->state == DRAFT_BUSY) {
		compose_blame(w, SEVERITY_ERROR, draft, "extends",
			      "services that extend each other in a circle");
		return;
	}
	if (depth >= COMPOSE_CHAIN_MAX) {
		compose_blame(w, SEVERITY_ERROR, draft, "extends",
			      "more than %d services extend each other in a row",
			      COMPOSE_CHAIN_MAX);
		return;
	}
	draft_read(w, base, depth + 1);
	compose_go(w, &draft->from->file, "services", draft->name);
	if (!afford(w, draft, base, extends))
		return;
	draft->base = base;
	below = json_deep_copy(base->spec);
	drop_tagged(below, draft->node);
	merged = compose_merge_new(below, draft->spec);
	json_decref(below);
	json_decref(draft->spec);
	draft->spec = merged;
}

/* An element that a merge key or an alias shares is a problem of each service that has it. */
static void draft_read(struct compose_work *w, struct compose_draft *draft, size_t depth)
{
	const struct yaml_node *extends = yaml_get(draft->node, "extends");

	if (draft->state == DRAFT_DONE)
		return;
	draft->state = DRAFT_BUSY;
	compose_go(w, &draft->from->file, "services", draft->name);
	draft->spec = compose_level_new(&w->r, draft->node, &compose_level_service);
	if (extends && !compose_is_null(extends))
		extend(w, draft, extends, depth);
	draft->state = DRAFT_DONE;
}

void compose_extend(struct compose_work *w)
{
	for (size_t i = 0; i < w->draft_count; i++)
		draft_read(w, w->drafts[i], 1);
}
