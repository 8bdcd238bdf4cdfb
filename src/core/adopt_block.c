/*
 * A live block as YAML beside the block that the file had: a scalar that the old source still
 * expands to keeps that source, all others are written out, unless they hold a secret.
 */
#include <stdlib.h>
#include <string.h>

#include "adopt_private.h"
#include "block_path.h"
#include "kata/json.h"
#include "yaml_write.h"

/* Shorter secrets are masked nowhere: they would be found in words that have nothing to do with
 * them. Pairs of list elements beyond which positions alone tell what belongs together. */
enum { SECRET_MIN = 5, PAIRS_MAX = 4096 };

/* The same place in the file's block: its source, its value, and that with addresses. */
struct source {
	const struct yaml_node *node;
	const json_t *value, *resolved;
};

struct writer {
	struct block_write *how;
	struct str *out;
	struct kata_error *e;
	bool failed;
};

/* --- secrets --- */

static const char *shown_path(struct writer *w, const struct block_at *at)
{
	const char *path = block_path(w->how->arena, at);

	return path ? path : "caddy:";
}

static void refuse_secret(struct writer *w, const struct block_at *at, const char *name)
{
	const char *path = shown_path(w, at);

	w->failed = true;
	if (!name) {
		error_set(w->e, ERROR_REFUSED, "%s holds a secret, which is not written out", path);
		error_hint(w->e, "take it out of Caddy, or write the block by hand");
		return;
	}
	error_set(w->e, ERROR_REFUSED, "%s holds the value of %s, which is secret", path, name);
	error_hint(w->e, "put it there as ${%s} in kata-compose.yaml, then adopt again", name);
}

static void check_secret(struct writer *w, const struct block_at *at, const char *text)
{
	const struct env *env = &w->how->app->env;
	const struct adopt_input *input = w->how->input;

	for (size_t i = 0; i < env->count && !w->failed; i++) {
		const struct env_value *v = &env->items[i];

		if (v->secret && v->value && strlen(v->value) >= SECRET_MIN &&
		    strstr(text, v->value))
			refuse_secret(w, at, v->name);
	}
	if (!w->failed && input->is_secret && input->is_secret(input->arg, text))
		refuse_secret(w, at, NULL);
}

/* --- scalars --- */

/* Whether the file's reader takes the source for this text and no variable. */
static bool reads_as(struct writer *w, const char *source, size_t len, const char *text,
		     size_t text_len)
{
	struct expand_result result;
	struct problems problems;

	problems_init(&problems, w->how->arena);
	return env_expand(&w->how->app->env, source, len, EXPAND_MISSING_ERROR, (struct place){0},
			  &problems, &result) &&
	       !result.expanded && result.len == text_len && !memcmp(result.text, text, text_len);
}

/* A text whose dollars begin variables, or stand for themselves, as the source says. */
static void write_source(struct writer *w, const char *text, size_t len, size_t column)
{
	w->how->ends_open = yaml_is_literal(text, len) && text[len - 1] == '\n';
	if (yaml_is_literal(text, len))
		yaml_write_literal(w->out, text, len, column);
	else
		yaml_write_text(w->out, text, len);
}

/* A text of Caddy's: none of its dollars begins a variable. */
static void write_text(struct writer *w, const char *text, size_t len, size_t column)
{
	struct str doubled = STR_INIT;

	if (!memchr(text, '$', len) || reads_as(w, text, len, text, len)) {
		write_source(w, text, len, column);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		str_addc(&doubled, text[i]);
		if (text[i] == '$')
			str_addc(&doubled, '$');
	}
	write_source(w, doubled.p, doubled.len, column);
	str_release(&doubled);
}

/* The file's own text for a value, when it can stand in lines of ours. */
static bool write_kept(struct writer *w, const struct source *from, const json_t *live,
		       size_t column)
{
	const struct yaml_node *node = from->node;

	if (!node || node->kind != YAML_SCALAR || !from->value || !json_same(from->value, live))
		return false;
	if (node->plain && !node->tag && node->len && !memchr(node->text, '\n', node->len))
		str_addn(w->out, node->text, node->len);
	else if (json_is_string(live))
		write_source(w, node->text, node->len, column);
	else
		return false;
	return true;
}

static void write_number(struct writer *w, const struct block_at *at, const json_t *value)
{
	struct str text = STR_INIT;

	json_canonical(&text, value);
	check_secret(w, at, text.p);
	str_addn(w->out, text.p, text.len);
	str_release(&text);
}

/* column: of the lines of a text that takes several. */
static void write_scalar(struct writer *w, const struct block_at *at, const json_t *live,
			 const struct source *from, size_t column)
{
	w->how->ends_open = false;
	if (write_kept(w, from, live, column))
		return;
	switch (json_typeof(live)) {
	case JSON_STRING:
		check_secret(w, at, json_string_value(live));
		write_text(w, json_string_value(live), json_string_length(live), column);
		break;
	case JSON_INTEGER:
	case JSON_REAL:
		write_number(w, at, live);
		break;
	case JSON_TRUE:
		str_add(w->out, "true");
		break;
	case JSON_FALSE:
		str_add(w->out, "false");
		break;
	case JSON_OBJECT:
		str_add(w->out, "{}");
		break;
	case JSON_ARRAY:
		str_add(w->out, "[]");
		break;
	case JSON_NULL:
		str_add(w->out, "null");
		break;
	}
}

/* --- what belongs together --- */

static struct source source_member(const struct source *from, const char *key)
{
	return (struct source){yaml_get(from->node, key), json_object_get(from->value, key),
			       json_object_get(from->resolved, key)};
}

static struct source source_element(const struct source *from, size_t i)
{
	const struct yaml_node *node = from->node;
	bool has = node && node->kind == YAML_SEQUENCE && i < node->count;

	return (struct source){has ? node->items[i] : NULL, json_array_get(from->value, i),
			       json_array_get(from->resolved, i)};
}

/* How many scalars are the same in both. */
static size_t likeness(const json_t *a, const json_t *b)
{
	size_t sum = 0, i;
	const char *key;
	json_t *value;

	if (!a || !b || json_typeof(a) != json_typeof(b) ||
	    !(json_is_object(a) || json_is_array(a)))
		return json_same(a, b);
	json_object_foreach((json_t *)a, key, value)
		sum += likeness(value, json_object_get(b, key));
	json_array_foreach((json_t *)a, i, value)
		sum += likeness(value, json_array_get(b, i));
	return sum;
}

/* The element of the file's list that became element i: one that is the same, else the likest. */
static size_t element_of(struct writer *w, const struct source *from, const json_t *live, size_t i)
{
	const json_t *list = from->resolved, *item = json_array_get(live, i);
	size_t count = json_array_size(list), best = 0, found = i;

	if (names_fit(w->how->input, json_array_get(list, i), item) ||
	    count * json_array_size(live) > PAIRS_MAX)
		return i;
	for (size_t j = 0; j < count; j++) {
		size_t like;

		if (names_fit(w->how->input, json_array_get(list, j), item))
			return j;
		like = likeness(json_array_get(list, j), item);
		if (like > best || (like == best && best && j == i)) {
			best = like;
			found = j;
		}
	}
	return found;
}

/* --- lines --- */

static bool has_lines(const json_t *value)
{
	return json_object_size(value) || json_array_size(value);
}

static void write_lines(struct writer *w, const struct block_at *at, const json_t *live,
			const struct source *from, size_t column);

static void write_below(struct writer *w, const struct block_at *at, const json_t *live,
			const struct source *from, size_t column)
{
	if (!has_lines(live)) {
		str_addc(w->out, ' ');
		write_scalar(w, at, live, from, column);
		return;
	}
	str_addc(w->out, '\n');
	yaml_write_indent(w->out, column);
	write_lines(w, at, live, from, column);
}

/* Upstreams get their names back; what the file says of them is compared name by name then. */
static json_t *upstreams_new(struct writer *w, struct source *from, const json_t *live)
{
	json_t *named = names_upstreams_new(w->how->input, from->value, from->resolved, live);

	w->how->names_kept = w->how->names_kept ||
			     (names_any(w->how->input, from->resolved) && !json_same(named, live));
	from->resolved = from->value;
	return named;
}

static void write_member(struct writer *w, const struct block_at *up, const json_t *object,
			 const char *key, const struct source *around, size_t column)
{
	const struct block_at at = {.up = up, .key = key};
	const json_t *live = json_object_get(object, key);
	struct source from = source_member(around, key);
	json_t *named = NULL;

	if (!from.node)
		check_secret(w, up, key);
	if (!strcmp(key, "upstreams") && json_member_text(object, "handler") &&
	    json_array_size(live) && names_any(w->how->input, from.value))
		live = named = upstreams_new(w, &from, live);
	yaml_write_key(w->out, key, column);
	write_below(w, &at, live, &from, column + w->how->indent);
	json_decref(named);
}

static void write_elements(struct writer *w, const struct block_at *up, const json_t *live,
			   const struct source *around, size_t column)
{
	for (size_t i = 0; i < json_array_size(live) && !w->failed; i++) {
		const struct block_at at = {.up = up, .index = i};
		const json_t *item = json_array_get(live, i);
		struct source from = source_element(around, element_of(w, around, live, i));

		if (i) {
			str_addc(w->out, '\n');
			yaml_write_indent(w->out, column);
		}
		str_add(w->out, "- ");
		if (has_lines(item))
			write_lines(w, &at, item, &from, column + 2);
		else
			write_scalar(w, &at, item, &from, column + 2);
	}
}

/* The block's own keys begin as people write them; all others are in Caddy's order. */
static const char **keys_in_order(struct writer *w, const json_t *object, bool top)
{
	static const char *const first[] = {"listen", "routes"};
	size_t count = 0, ahead = top ? sizeof first / sizeof *first : 0;
	const char **keys = arena_alloc(w->how->arena, json_object_size(object) * sizeof *keys);
	const char *key;
	json_t *value;

	for (size_t i = 0; i < ahead; i++)
		if (json_object_get(object, first[i]))
			keys[count++] = first[i];
	json_object_foreach((json_t *)object, key, value) {
		bool is_ahead = false;

		for (size_t i = 0; i < ahead; i++)
			is_ahead = is_ahead || !strcmp(key, first[i]);
		if (!is_ahead)
			keys[count++] = key;
	}
	return keys;
}

/* A filled object or list; its first line has its indentation already. */
static void write_lines(struct writer *w, const struct block_at *at, const json_t *live,
			const struct source *from, size_t column)
{
	const char **keys;

	if (json_is_array(live)) {
		write_elements(w, at, live, from, column);
		return;
	}
	keys = keys_in_order(w, live, !at);
	for (size_t i = 0; i < json_object_size(live) && !w->failed; i++) {
		if (i) {
			str_addc(w->out, '\n');
			yaml_write_indent(w->out, column);
		}
		write_member(w, at, live, keys[i], from, column);
	}
}

bool block_write(struct block_write *how, struct str *out, struct kata_error *e)
{
	struct writer w = {.how = how, .out = out, .e = e};
	struct source from = {yaml_get(how->app->root, "caddy"), how->app->caddy, how->resolved};

	str_add(out, "caddy:");
	write_below(&w, NULL, how->input->live, &from, how->column + how->indent);
	return !w.failed;
}
