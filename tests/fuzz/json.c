/*
 * Fuzz target: JSON. What is read prints to canonical text that reads back the same, and the
 * scanner finds every member and element of it in the undecoded bytes. On bytes that are no
 * JSON the scanner may answer anything, but stays inside them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kata/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_span(struct json_span whole, struct json_span part, const json_t *value)
{
	struct kata_error e;

	check(part.p >= whole.p && part.p + part.len <= whole.p + whole.len);
	json_t *read = json_parse_new(part.p, part.len, &e);
	check(read && json_same(read, value));
	json_decref(read);
}

static void check_object(struct json_span span, json_t *object)
{
	struct json_cursor cursor = {NULL, 0};
	struct json_span a, b;
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		check(json_span_member(span, key, &a));
		check(json_span_member_from(span, &cursor, key, &b));
		check(a.p == b.p && a.len == b.len);
		check_span(span, a, value);
	}
}

static void check_array(struct json_span span, const json_t *array)
{
	struct json_cursor cursor = {NULL, 0};
	struct json_span a, b;
	size_t count = json_array_size(array);

	for (size_t i = 0; i < count && i < 50; i++) {
		check(json_span_element(span, i, &a));
		check(json_span_element_from(span, &cursor, i, &b));
		check(a.p == b.p && a.len == b.len);
		check_span(span, a, json_array_get(array, i));
	}
	check(!json_span_element(span, count, &a));
}

static void check_text(const json_t *value, void (*print)(struct str *, const json_t *))
{
	struct str once = STR_INIT, twice = STR_INIT;
	struct kata_error e;

	print(&once, value);
	json_t *back = json_parse_new(once.p, once.len, &e);
	check(back && json_same(back, value));
	print(&twice, back);
	check(once.len == twice.len && !memcmp(once.p, twice.p, once.len));
	json_decref(back);
	str_release(&once);
	str_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_span span = {(const char *)data, size}, part;
	struct json_cursor cursor = {NULL, 0};
	struct kata_error e;

	if (json_span_member(span, "a", &part))
		check(part.p >= span.p && part.p + part.len <= span.p + span.len);
	if (json_span_element(span, 1, &part))
		check(part.p >= span.p && part.p + part.len <= span.p + span.len);
	json_span_member_from(span, &cursor, "\xc3\xa9", &part);
	json_span_member_from(span, &cursor, "a", &part);
	json_t *value = json_parse_new(span.p, span.len, &e);
	if (!value)
		return 0;
	if (json_is_object(value))
		check_object(span, value);
	if (json_is_array(value))
		check_array(span, value);
	check_text(value, json_canonical);
	check_text(value, json_pretty);
	json_decref(value);
	return 0;
}
