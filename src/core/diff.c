/*
 * Structural difference of JSON values, the one request that makes it, and the text of a
 * value whose unchanged parts keep their original bytes. What differs is decided by json_same;
 * what Caddy can do with a path is known here and nowhere else.
 */
#include "kata/diff.h"

#include <stdio.h>
#include <string.h>

bool diff_key_addressable(const char *key)
{
	size_t len = strlen(key);

	if (!len || !strcmp(key, ".") || !strcmp(key, "..") || !strcmp(key, "...") ||
	    !strcmp(key, "@id"))
		return false;
	return strspn(key,
		      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:@+-") ==
	       len;
}

/* How many elements are equal at the front and, beyond those, at the back. */
static void array_ends(const json_t *a, const json_t *b, size_t *front, size_t *back)
{
	size_t na = json_array_size(a), nb = json_array_size(b), n = na < nb ? na : nb;

	*front = *back = 0;
	while (*front < n && json_same(json_array_get(a, *front), json_array_get(b, *front)))
		++*front;
	while (*back < n - *front &&
	       json_same(json_array_get(a, na - 1 - *back), json_array_get(b, nb - 1 - *back)))
		++*back;
}

struct walk {
	struct str path;
	diff_fn *fn;
	void *arg;
};

static void walk_any(struct walk *w, const json_t *a, const json_t *b);

static size_t path_push(struct str *path, const char *segment)
{
	size_t was = path->len;

	if (was)
		str_addc(path, '/');
	str_add(path, segment);
	return was;
}

static void path_cut(struct str *path, size_t len)
{
	if (path->len > len) {
		path->len = len;
		path->p[len] = '\0';
	}
}

static void walk_member(struct walk *w, const char *segment, const json_t *a, const json_t *b)
{
	size_t was = path_push(&w->path, segment);

	if (a && b)
		walk_any(w, a, b);
	else
		w->fn(w->arg, w->path.p, a, b);
	path_cut(&w->path, was);
}

static void walk_index(struct walk *w, size_t i, const json_t *a, const json_t *b)
{
	char segment[24];

	snprintf(segment, sizeof segment, "%zu", i);
	walk_member(w, segment, a, b);
}

static void walk_object(struct walk *w, const json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)a, key, value)
		walk_member(w, key, value, json_object_get(b, key));
	json_object_foreach((json_t *)b, key, value)
		if (!json_object_get(a, key))
			walk_member(w, key, NULL, value);
}

static const char *element_id(const json_t *array, size_t i)
{
	return json_member_text(json_array_get(array, i), "@id");
}

/* id -> position of every tagged element; NULL when no element has a tag, or two have the same. */
static json_t *index_ids_new(const json_t *array)
{
	json_t *map = json_object();
	size_t tags = 0;

	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *id = element_id(array, i);

		if (!id)
			continue;
		json_object_set_new(map, id, json_integer((json_int_t)i));
		tags++;
	}
	if (tags && json_object_size(map) == tags)
		return map;
	json_decref(map);
	return NULL;
}

/* Arrays of tagged elements: matched by tag, so that a move of the others is no change. False
 * when they cannot be told that way (untagged ones differ, or the order of what stays does). */
static bool walk_tagged(struct walk *w, const json_t *a, const json_t *b)
{
	json_t *ia = index_ids_new(a), *ib = index_ids_new(b);
	size_t na = json_array_size(a), nb = json_array_size(b), i = 0, j = 0;
	bool fits = ia && ib;

	/* First pass: both sides must be the same sequence once additions and removals are left
	 * out. */
	while (fits && (i < na || j < nb)) {
		const char *ida = i < na ? element_id(a, i) : NULL;
		const char *idb = j < nb ? element_id(b, j) : NULL;

		if (ida && !json_object_get(ib, ida))
			i++;
		else if (idb && !json_object_get(ia, idb))
			j++;
		else if (i < na && j < nb &&
			 (ida ? idb && !strcmp(ida, idb)
			      : !idb && json_same(json_array_get(a, i), json_array_get(b, j))))
			i++, j++;
		else
			fits = false;
	}
	for (i = 0; fits && i < na; i++)
		if (element_id(a, i) && !json_object_get(ib, element_id(a, i)))
			walk_index(w, i, json_array_get(a, i), NULL);
	for (j = 0; fits && j < nb; j++) {
		const char *id = element_id(b, j);
		const json_t *at = id ? json_object_get(ia, id) : NULL;

		if (id)
			walk_index(w, j,
				   at ? json_array_get(a, (size_t)json_integer_value(at)) : NULL,
				   json_array_get(b, j));
	}
	json_decref(ia);
	json_decref(ib);
	return fits;
}

static void walk_array(struct walk *w, const json_t *a, const json_t *b)
{
	size_t na = json_array_size(a), nb = json_array_size(b), front, back, i;
	size_t ma, mb;

	if (walk_tagged(w, a, b))
		return;
	array_ends(a, b, &front, &back);
	ma = na - front - back;
	mb = nb - front - back;
	for (i = 0; i < ma || i < mb; i++)
		walk_index(w, front + i, i < ma ? json_array_get(a, front + i) : NULL,
			   i < mb ? json_array_get(b, front + i) : NULL);
}

static void walk_any(struct walk *w, const json_t *a, const json_t *b)
{
	if (json_same(a, b))
		return;
	if (json_is_object(a) && json_is_object(b))
		walk_object(w, a, b);
	else if (json_is_array(a) && json_is_array(b))
		walk_array(w, a, b);
	else
		w->fn(w->arg, w->path.p, a, b);
}

void diff_walk(const json_t *before, const json_t *after, diff_fn *fn, void *arg)
{
	struct walk w = {STR_INIT, fn, arg};

	walk_any(&w, before, after);
	str_release(&w.path);
}

/*
 * One step down towards the smallest request: the only member in which the two differ. Caddy
 * changes an element by its position only in an array that is a member of an object; in an array
 * inside an array it says yes and does nothing, or appends to the outer one.
 */
struct step {
	char index[24];
	const char *key; /* segment, or NULL: differs in several places, or cannot be addressed */
	const json_t *before, *after;
	const char *method; /* set when the step ends in an insertion or removal */
};

/* Counts one difference; false as soon as there is a second. */
static bool step_take(struct step *s, const char *key, const json_t *before, const json_t *after)
{
	if (s->key)
		return false;
	s->key = key;
	s->before = before;
	s->after = after;
	return true;
}

static bool step_object(struct step *s, const json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)a, key, value) {
		const json_t *other = json_object_get(b, key);

		if ((!other || !json_same(value, other)) && !step_take(s, key, value, other))
			return false;
	}
	json_object_foreach((json_t *)b, key, value)
		if (!json_object_get(a, key) && !step_take(s, key, NULL, value))
			return false;
	if (!s->key || !diff_key_addressable(s->key) || json_is_null(s->after))
		return false;
	if (!s->before || !s->after)
		s->method = s->before ? "DELETE" : "PUT";
	return true;
}

static bool step_array(struct step *s, const json_t *a, const json_t *b)
{
	size_t na = json_array_size(a), nb = json_array_size(b), front, back;

	array_ends(a, b, &front, &back);
	snprintf(s->index, sizeof s->index, "%zu", front);
	if (na == nb && front + back + 1 == na) {
		step_take(s, s->index, json_array_get(a, front), json_array_get(b, front));
	} else if (nb == na + 1 && front + back == na) {
		step_take(s, s->index, NULL, json_array_get(b, front));
		/* At the end older Caddys can only append, and that is addressed by the array. */
		s->method = front == na ? "POST" : "PUT";
	} else if (na == nb + 1 && front + back == nb) {
		step_take(s, s->index, json_array_get(a, front), NULL);
		s->method = "DELETE";
	} else {
		return false;
	}
	return !json_is_null(s->after);
}

void diff_request(struct arena *arena, const json_t *before, const json_t *after,
		  struct diff_request *out)
{
	struct str path = STR_INIT;
	bool in_array = false;

	*out = (struct diff_request){.method = NULL, .path = ""};
	if (json_same(before, after))
		return;
	*out = (struct diff_request){"PATCH", "", after, before};
	while (!strcmp(out->method, "PATCH")) {
		struct step s = {.key = NULL};
		bool down = false;

		if (json_is_object(before) && json_is_object(after))
			down = step_object(&s, before, after);
		else if (json_is_array(before) && json_is_array(after) && !in_array)
			down = step_array(&s, before, after);
		if (!down)
			break;
		in_array = json_is_array(before);
		if (!s.method || strcmp(s.method, "POST") != 0)
			path_push(&path, s.key);
		out->method = s.method ? s.method : "PATCH";
		out->body = after = s.after;
		out->old = before = s.before;
	}
	out->path = arena_strndup(arena, path.p, path.len);
	str_release(&path);
}

static void compose_object(struct str *out, const json_t *after, const json_t *before,
			   struct json_span raw)
{
	const char *key, *separator = "{";
	struct json_cursor cursor = {NULL, 0};
	json_t *value;

	json_object_foreach((json_t *)after, key, value) {
		const json_t *old = json_object_get(before, key);
		struct json_span span = {NULL, 0};
		json_t *name = json_string(key);

		if (old && !json_span_member_from(raw, &cursor, key, &span))
			old = NULL;
		str_add(out, separator);
		json_canonical(out, name);
		str_addc(out, ':');
		diff_compose(out, value, old, span);
		json_decref(name);
		separator = ",";
	}
	str_add(out, *separator == '{' ? "{}" : "}");
}

/* Where the very same element stands in the old array, looked for from `from` on and around. */
static bool find_element(const json_t *before, const json_t *value, size_t from, size_t *at)
{
	size_t count = json_array_size(before);

	for (size_t i = 0; i < count; i++) {
		*at = from + i < count ? from + i : from + i - count;
		if (json_array_get(before, *at) == value)
			return true;
	}
	return false;
}

static void compose_array(struct str *out, const json_t *after, const json_t *before,
			  struct json_span raw)
{
	struct json_cursor cursor = {NULL, 0};
	size_t n = json_array_size(after), from = 0, at;

	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_array_get(after, i);
		struct json_span span;

		str_addc(out, i ? ',' : '[');
		if (find_element(before, value, from, &at) &&
		    json_span_element_from(raw, &cursor, at, &span)) {
			str_addn(out, span.p, span.len);
			from = at + 1;
		} else {
			diff_compose(out, value, NULL, (struct json_span){NULL, 0});
		}
	}
	str_add(out, n ? "]" : "[]");
}

void diff_compose(struct str *out, const json_t *after, const json_t *before, struct json_span raw)
{
	if (after == before && raw.p)
		str_addn(out, raw.p, raw.len);
	else if (raw.p && json_is_object(after) && json_is_object(before))
		compose_object(out, after, before, raw);
	else if (raw.p && json_is_array(after) && json_is_array(before))
		compose_array(out, after, before, raw);
	else
		json_canonical(out, after);
}
