/*
 * What Caddy does with a request to a /config path, on a jansson document: the walk and the verbs
 * of its admin.go, with the peculiarities of old (2.6) and new (2.11) versions, as observed on
 * both. Keeps no reload and judges no config: any JSON goes.
 */
#ifndef KATA_TEST_CADDY_SEMANTICS_H
#define KATA_TEST_CADDY_SEMANTICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/memory.h"

enum caddy_version { CADDY_OLD, CADDY_NEW };

struct caddy_call {
	enum caddy_version version;
	const char *method;
	json_t *body; /* borrowed; NULL for none, which Caddy takes for null */
	char *parts[256];
	size_t count;
	bool expand; /* the path ended in "..." */
};

static inline bool caddy_is(const struct caddy_call *call, const char *method)
{
	return !strcmp(call->method, method);
}

static inline int caddy_error(const struct caddy_call *call, int code)
{
	return call->version == CADDY_OLD ? 500 : code;
}

/* Go's Atoi; a new Caddy wants the digits as it would print them. -1: none. */
static inline long caddy_index(const struct caddy_call *call, const char *text)
{
	bool sign = *text == '+' || *text == '-';
	const char *digits = text + sign;

	if (!*digits || digits[strspn(digits, "0123456789")] || strlen(digits) > 9 || *text == '-')
		return -1;
	if (call->version == CADDY_NEW && (sign || (*digits == '0' && digits[1])))
		return -1;
	return strtol(digits, NULL, 10);
}

/* The body goes behind the last element. */
static inline int caddy_append(const struct caddy_call *call, json_t *array)
{
	if (!call->expand)
		json_array_append_new(array, json_deep_copy(call->body));
	else if (json_is_array(call->body))
		json_array_extend(array, call->body);
	else
		return 500;
	return 200;
}

/* The last part is an element of this array. */
static inline int caddy_element(const struct caddy_call *call, json_t *array)
{
	long size = (long)json_array_size(array), i;
	long end = call->version == CADDY_NEW && caddy_is(call, "PUT") ? size + 1 : size;

	if (caddy_is(call, "POST"))
		return caddy_append(call, array);
	i = caddy_index(call, call->parts[call->count - 1]);
	if (i < 0 || i >= end)
		return caddy_error(call, 404);
	if (caddy_is(call, "PUT"))
		json_array_insert_new(array, (size_t)i, json_deep_copy(call->body));
	else if (caddy_is(call, "PATCH"))
		json_array_set_new(array, (size_t)i, json_deep_copy(call->body));
	else
		json_array_remove(array, (size_t)i);
	return 200;
}

/* The last part is a member of this object. */
static inline int caddy_member(const struct caddy_call *call, json_t *object, const char *key)
{
	json_t *old = json_object_get(object, key);

	if (caddy_is(call, "POST") && json_is_array(old))
		return caddy_append(call, old);
	if (caddy_is(call, "PUT") && old)
		return caddy_error(call, 409);
	if (caddy_is(call, "PATCH") && !old)
		return caddy_error(call, 404);
	if (!caddy_is(call, "DELETE"))
		json_object_set_new(object, key, json_deep_copy(call->body));
	else if (json_object_del(object, key) && call->version == CADDY_NEW)
		return 404;
	return 200;
}

static inline int caddy_walk(const struct caddy_call *call, json_t *at)
{
	for (size_t i = 0; i < call->count; i++) {
		const char *part = call->parts[i];
		json_t *next;

		if (json_is_array(at)) {
			long n = caddy_index(call, part);

			if (n < 0 || n >= (long)json_array_size(at))
				return caddy_error(call, 404);
			at = json_array_get(at, (size_t)n);
			continue; /* as the last part it is found, and nothing is done to it */
		}
		if (!json_is_object(at))
			return caddy_error(call, 404);
		next = json_object_get(at, part);
		if (json_is_array(next) && i + 2 == call->count)
			return caddy_element(call, next);
		if (i + 1 == call->count)
			return caddy_member(call, at, part);
		if ((!next || json_is_null(next)) && caddy_is(call, "PUT")) {
			json_object_set_new(at, part, json_object());
			next = json_object_get(at, part);
		}
		at = next;
	}
	return 200;
}

/*
 * Makes the change on *config, which is what stands at /config/. The path is a whole one; the
 * answer is the status code. On anything but 200 *config is as it was.
 */
static inline int caddy_request(enum caddy_version version, json_t **config, const char *method,
				const char *path, json_t *body)
{
	struct caddy_call call = {.version = version, .method = method};
	json_t *root = json_pack("{s:o}", "config", json_deep_copy(*config)), *now;
	char *copy = xstrdup(path), *rest = NULL;
	int code = 500;

	call.body = body ? json_incref(body) : json_null();
	for (char *p = strtok_r(copy, "/", &rest); p && call.count < 256;
	     p = strtok_r(NULL, "/", &rest))
		call.parts[call.count++] = p;
	if (call.count && !strcmp(call.parts[call.count - 1], "...")) {
		call.expand = caddy_is(&call, "POST");
		call.count--;
	}
	if (call.count && !strcmp(call.parts[0], "config"))
		code = caddy_walk(&call, root);
	now = json_object_get(root, "config");
	if (code == 200 && now) {
		json_decref(*config);
		*config = json_incref(now);
	}
	free(copy);
	json_decref(call.body);
	json_decref(root);
	return code;
}

/* Text as Caddy prints it: sorted keys, and < > & escaped. */
static inline void caddy_print(struct str *out, const json_t *value)
{
	struct str plain = STR_INIT;

	json_canonical(&plain, value);
	for (size_t i = 0; i < plain.len; i++)
		if (memchr("<>&", plain.p[i], 3))
			str_addf(out, "\\u%04x", (unsigned)plain.p[i]);
		else
			str_addc(out, plain.p[i]);
	str_addc(out, '\n');
	str_release(&plain);
}

#endif
