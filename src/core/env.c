/*
 * The layers of an app's environment: collecting them, choosing the winners, and resolving
 * their values. How one text is expanded is env_expand.c's; ENV files are env_file.c's.
 */
#include "kata/env.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"

#include "env_internal.h"

enum {
	CHAIN_MAX = 100,	       /* variables that name each other in a row */
	RESOLVED_MAX = 8 * 1024 * 1024 /* bytes of all expanded values together */
};

const char *env_layer_name(enum env_layer layer)
{
	static const char *const names[ENV_LAYERS] = {
		[ENV_RUNTIME] = "runtime", [ENV_BASE] = "base",		[ENV_STACK] = "environment",
		[ENV_FILE] = "ENV",	   [ENV_ENV_FILE] = "env_file", [ENV_SERVICE] = "service",
	};

	return (size_t)layer < ENV_LAYERS ? names[layer] : "unknown";
}

enum { ENV_USUAL = 14 }; /* the base layer and a few more: most apps never grow beyond */

void env_init(struct env *env, struct arena *arena)
{
	*env = (struct env){.arena = arena, .cap = ENV_USUAL};
	env->items = arena_alloc(arena, ENV_USUAL * sizeof *env->items);
}

/* What every route shows anyway is no secret, wherever it is set. */
static bool is_public(const char *name)
{
	static const char *const names[] = {"PORT", "BIND_ADDRESS", "DOMAIN_NAME"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

void env_set(struct env *env, enum env_layer layer, const char *name, const char *raw, bool literal,
	     struct place place)
{
	env->items = arena_grow(env->arena, env->items, env->count, &env->cap, sizeof *env->items);
	env->items[env->count++] = (struct env_value){
		.name = name,
		.raw = raw,
		.layer = layer,
		.literal = literal,
		.secret = layer == ENV_FILE && !is_public(name),
		.place = place,
	};
	env->resolved = false;
}

void env_add_env(struct env *env, const struct env *from)
{
	for (size_t i = 0; i < from->count; i++)
		for (const struct env_value *v = &from->items[i]; v; v = v->below)
			env_set(env, v->layer, v->name, v->raw, v->literal, v->place);
}

struct env_value *env_find(const struct env *env, const char *name, size_t len)
{
	size_t low = 0, high = env->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strncmp(name, env->items[middle].name, len);

		if (!order && env->items[middle].name[len])
			order = -1;
		if (!order)
			return &env->items[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct env_value *env_get(const struct env *env, const char *name)
{
	const struct env_value *best = NULL;

	if (env->resolved)
		return env_find(env, name, strlen(name));
	for (size_t i = 0; i < env->count; i++) {
		const struct env_value *v = &env->items[i];

		if (!strcmp(v->name, name) && (!best || v->layer >= best->layer))
			best = v;
	}
	return best;
}

/* By name, then layer, then as added: within a name the last one wins. */
static int value_compare(const void *left, const void *right)
{
	const struct env_value *a = *(struct env_value *const *)left;
	const struct env_value *b = *(struct env_value *const *)right;
	int order = strcmp(a->name, b->name);

	if (order)
		return order;
	if (a->layer != b->layer)
		return a->layer < b->layer ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* The same name twice in one layer of one file is most likely a slip. */
static void warn_repeated(const struct env_value *first, const struct env_value *again,
			  struct problems *problems)
{
	const char *a = first->place.file, *b = again->place.file;

	if (a && b && !strcmp(a, b) && first->place.line)
		problems_add(problems, SEVERITY_WARNING, again->place,
			     "%s is set twice, first in line %u; the later one counts", again->name,
			     first->place.line);
}

/* Puts the winners in order of their names; what they override hangs below them. */
static void env_merge(struct env *env, struct problems *problems)
{
	struct env_value **order = xcalloc(env->count, sizeof(*order));
	struct env_value *winners = arena_alloc(env->arena, env->count * sizeof *winners);
	size_t count = 0;

	for (size_t i = 0; i < env->count; i++)
		order[i] = &env->items[i];
	qsort(order, env->count, sizeof(*order), value_compare);
	for (size_t i = 0; i < env->count; i++) {
		struct env_value *value = order[i], *below = i ? order[i - 1] : NULL;

		if (!below || strcmp(below->name, value->name) != 0) {
			winners[count++] = *value;
			continue;
		}
		if (below->layer == value->layer) {
			warn_repeated(below, value, problems);
			value->below = below->below;
		} else {
			value->below = below;
		}
		winners[count - 1] = *value;
	}
	free(order);
	env->items = winners;
	env->cap = env->count;
	env->count = count;
	env->resolved = true;
}

/* A value whose resolution is under way, and what asked for it. */
struct chain {
	struct env_value *value;
	const struct chain *up;
	unsigned depth;
};

struct resolver {
	struct env *env;
	struct problems *problems;
	const struct chain *chain; /* innermost first */
	size_t spent;		   /* bytes of expanded values so far */
	bool exhausted;		   /* ... are too many: nothing more is expanded */
};

static bool resolve_value(struct resolver *r, struct env_value *value);

static void add_step(struct str *text, const struct env_value *value)
{
	str_add(text, value->name);
	if (value->place.file && value->place.line)
		str_addf(text, " (%s:%u)", value->place.file, value->place.line);
}

/* Names the whole way round, from the value that was met again. */
static void cycle_problem(struct resolver *r, const struct env_value *again)
{
	const struct chain *steps[CHAIN_MAX];
	struct str text = STR_INIT;
	size_t count = 0;

	for (const struct chain *c = r->chain; c && count < CHAIN_MAX; c = c->up) {
		steps[count++] = c;
		if (c->value == again)
			break;
	}
	while (count-- > 0) {
		add_step(&text, steps[count]->value);
		str_add(&text, " -> ");
	}
	str_add(&text, again->name);
	problems_add(r->problems, SEVERITY_ERROR, again->place,
		     "variables that name each other in a circle: %s", text.p)
		->hint = "give one of them a value of its own";
	str_release(&text);
}

static bool chain_allows(struct resolver *r, const struct env_value *value)
{
	for (const struct chain *c = r->chain; c; c = c->up) {
		if (c->value == value) {
			cycle_problem(r, value);
			return false;
		}
	}
	if (!r->chain || r->chain->depth < CHAIN_MAX)
		return true;
	problems_add(r->problems, SEVERITY_ERROR, value->place,
		     "more than %d variables name each other in a row", CHAIN_MAX);
	return false;
}

/* A name inside a value: its own name means the layer below, any other the winner. */
static struct env_found lookup_resolving(void *arg, const char *name, size_t len)
{
	struct resolver *r = arg;
	struct env_value *found = env_find(r->env, name, len);
	const struct env_value *self = r->chain->value;

	if (found && !strcmp(found->name, self->name))
		found = (struct env_value *)self->below; /* ours: all values lie in our arena */
	if (!found)
		return (struct env_found){.set = false};
	if (!found->value && !resolve_value(r, found))
		return (struct env_found){.failed = true};
	return (struct env_found){.text = found->value, .set = true, .secret = found->secret};
}

/* A bare key takes the value of the layer below, with its secrecy. */
static void resolve_bare(struct resolver *r, struct env_value *value)
{
	struct env_value *below = (struct env_value *)value->below;

	value->value = "";
	if (!below)
		return;
	if (!below->value)
		resolve_value(r, below);
	value->value = below->value ? below->value : "";
	value->secret = value->secret || below->secret;
}

static void resolve_text(struct resolver *r, struct env_value *value, size_t len)
{
	struct expand_result result;
	struct env_expander how = {
		.env = r->env,
		.arena = r->env->arena,
		.lookup = lookup_resolving,
		.arg = r,
		.missing = EXPAND_MISSING_EMPTY,
		.place = value->place,
		.problems = r->problems,
	};

	if (r->exhausted) {
		value->value = value->raw;
		return;
	}
	env_expand_with(&how, value->raw, len, &result);
	value->value = result.text;
	value->secret = value->secret || result.secret;
	r->spent += result.text == value->raw ? 0 : result.len;
	if (r->spent <= RESOLVED_MAX)
		return;
	r->exhausted = true;
	problems_add(r->problems, SEVERITY_ERROR, value->place,
		     "the variables together grow beyond %d MiB", RESOLVED_MAX >> 20);
}

/* Sets value->value; false when it must not be used because of a problem just added. */
static bool resolve_value(struct resolver *r, struct env_value *value)
{
	const char *dollar = value->raw && !value->literal ? strchr(value->raw, '$') : NULL;

	if (value->raw && !dollar) {
		value->value = value->raw;
		return true;
	}
	if (!chain_allows(r, value))
		return false;
	struct chain link = {value, r->chain, r->chain ? r->chain->depth + 1 : 1};
	r->chain = &link;
	if (value->raw)
		resolve_text(r, value, strlen(value->raw));
	else
		resolve_bare(r, value);
	r->chain = link.up;
	return true;
}

/* Gives the values below a winner that nothing drew on the text they were written with. */
static void fill_overridden(const struct env_value *winner)
{
	struct env_value *below = (struct env_value *)winner->below; /* ours, in our arena */

	for (; below; below = (struct env_value *)below->below)
		if (!below->value)
			below->value = below->raw ? below->raw : "";
}

void env_resolve(struct env *env, struct problems *problems)
{
	struct resolver r = {.env = env, .problems = problems};

	env_merge(env, problems);
	for (size_t i = 0; i < env->count; i++)
		if (!env->items[i].value)
			resolve_value(&r, &env->items[i]);
	for (size_t i = 0; i < env->count; i++)
		fill_overridden(&env->items[i]);
}

/* What a variable may be called: whatever an engine takes, but nothing that is a slip. */
static const char *name_problem(const char *name, size_t len)
{
	if (!len)
		return "a variable without a name";
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c == '=')
			return "a variable's name with a '=' in it";
		if (c <= ' ' || c == 0x7f)
			return "a variable's name with a blank or control character in it";
	}
	return NULL;
}

static bool name_check(const char *name, size_t len, struct place place, struct problems *problems)
{
	const char *why = name_problem(name, len);

	if (!why)
		return true;
	problems_add(problems, SEVERITY_ERROR, place, "%s", why)->hint =
		"write NAME: value or - NAME=value";
	return false;
}

/* docker compose would print a number or truth value anew; the person's text stays. */
void env_note_kept_text(const struct yaml_node *node, struct place place, struct problems *problems)
{
	if (!node->plain || yaml_scalar_type(node) == YAML_TEXT || !node->len)
		return;
	if (strspn(node->text, "0123456789") == node->len && node->text[0] != '0')
		return;
	json_t *value = yaml_scalar_json_new(node->text, node->len);
	struct str read = STR_INIT;
	json_canonical(&read, value);
	json_decref(value);
	if (read.p[0] != '"' && strcmp(read.p, node->text) != 0)
		problems_add(problems, SEVERITY_NOTE, place,
			     "%s is kept as written; docker compose would read %s", node->text,
			     read.p)
			->hint = "put it in quotes";
	str_release(&read);
}

static void add_yaml_pair(struct env *env, enum env_layer layer, const struct yaml_pair *pair,
			  const char *file, struct problems *problems)
{
	const struct yaml_node *key = pair->key, *value = pair->value;
	struct place place = yaml_place(key, file);

	if (!name_check(key->text, key->len, place, problems))
		return;
	if (value->kind != YAML_SCALAR) {
		problems_add(problems, SEVERITY_ERROR, yaml_place(value, file),
			     "the value of %s must be a text, not a %s", key->text,
			     value->kind == YAML_MAPPING ? "map" : "list");
		return;
	}
	bool bare = yaml_scalar_type(value) == YAML_NULL;
	if (!bare)
		env_note_kept_text(value, yaml_place(value, file), problems);
	env_set(env, layer, key->text, bare ? NULL : value->text, false, place);
}

static void add_yaml_item(struct env *env, enum env_layer layer, const struct yaml_node *item,
			  const char *file, struct problems *problems)
{
	struct place place = yaml_place(item, file);

	if (item->kind != YAML_SCALAR) {
		problems_add(problems, SEVERITY_ERROR, place,
			     "an entry of the list must be NAME=value")
			->hint = "write - NAME=value, or NAME: value without the dash";
		return;
	}
	const char *equals = strchr(item->text, '=');
	size_t len = equals ? (size_t)(equals - item->text) : item->len;
	if (!name_check(item->text, len, place, problems))
		return;
	env_set(env, layer, arena_strndup(env->arena, item->text, len), equals ? equals + 1 : NULL,
		false, place);
}

void env_add_yaml(struct env *env, enum env_layer layer, const struct yaml_node *node,
		  const char *file, struct problems *problems)
{
	if (!node)
		return;
	if (node->kind == YAML_SCALAR) {
		if (yaml_scalar_type(node) != YAML_NULL)
			problems_add(problems, SEVERITY_ERROR, yaml_place(node, file),
				     "environment must be a map or a list")
				->hint = "write NAME: value, one on each line";
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		if (node->kind == YAML_MAPPING)
			add_yaml_pair(env, layer, &node->pairs[i], file, problems);
		else
			add_yaml_item(env, layer, node->items[i], file, problems);
	}
}
