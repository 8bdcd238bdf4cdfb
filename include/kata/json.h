/*
 * What jansson leaves open: reading with Caddy's rules, comparing as Caddy stores,
 * and finding the exact bytes of a part of a document. json_t is used directly where
 * JSON is the subject. Functions ending in _new return a reference that is yours.
 */
#ifndef KATA_JSON_H
#define KATA_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "kata/error.h"
#include "kata/memory.h"

/*
 * For a program that does one thing and ends: from now on jansson's values come from arenas, one
 * per thread, and are never given back, which is a third cheaper. Nothing happens under a
 * sanitizer, so that leaks are seen. Returns whether it happened: then freeing at the end is in
 * vain, too.
 */
bool json_never_free(void);

/* Any JSON value from bytes; NUL inside strings is kept, duplicate keys are refused.
 * Integers outside 64 bits are read as doubles, as Caddy does. NULL: ERROR_PROTOCOL in e. */
json_t *json_parse_new(const char *bytes, size_t len, struct kata_error *e);

/*
 * Equal as Caddy stores them: objects as maps, numbers as IEEE doubles (1 = 1.0 = 1e0,
 * -0 = 0), strings by their decoded bytes; null, [], {}, "" and absent all differ.
 */
bool json_same(const json_t *a, const json_t *b);

/* Compact text with sorted keys and integers without a fraction, so that equal values (json_same)
 * give equal bytes. */
void json_canonical(struct str *out, const json_t *value);
/* Text for people, indented by 2, keys sorted, everything beyond ASCII escaped. */
void json_pretty(struct str *out, const json_t *value);

/* Member of an object when it has that type, else NULL (also when o is NULL). Borrowed. */
json_t *json_object_member(const json_t *o, const char *key, json_type type);
/* The value at a path of keys and indexes, "routes/0/handle"; NULL where it leads nowhere. Keys
 * that hold a slash cannot be named. Borrowed. */
json_t *json_at(const json_t *value, const char *path);
/* The string member's text, else NULL. Borrowed. */
const char *json_member_text(const json_t *o, const char *key);

/*
 * The bytes of one member of an object in a JSON text that json_parse_new has accepted,
 * found without decoding: bytes that are copied on are never re-printed.
 */
struct json_span {
	const char *p;
	size_t len;
};
/* False when `object` is no object or has no such member. `key` is the decoded name. */
bool json_span_member(struct json_span object, const char *key, struct json_span *out);
/* Element i of an array, in the same way. */
bool json_span_element(struct json_span array, size_t i, struct json_span *out);

/* Where the last search in one object or array ended; starts as {0}. Searches that go through
 * it in the order of the text cost one walk together. */
struct json_cursor {
	const char *p; /* behind the value found last, or NULL */
	size_t index;  /* of the element at p */
};
bool json_span_member_from(struct json_span object, struct json_cursor *cursor, const char *key,
			   struct json_span *out);
bool json_span_element_from(struct json_span array, struct json_cursor *cursor, size_t i,
			    struct json_span *out);

#endif
