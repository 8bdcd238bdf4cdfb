/*
 * Splits a stream of JSON objects into its objects. Only braces and strings are followed here;
 * whether what lies between them is JSON is jansson's to say.
 */
#include "split.h"

#include <string.h>

#include "kata/json.h"

/* How many bytes of these belong to the object under way; *whole when it ends with them. */
static size_t object_len(struct docker_split *split, const char *bytes, size_t len, bool *whole)
{
	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];

		if (split->escaped)
			split->escaped = false;
		else if (split->in_string && c == '\\')
			split->escaped = true;
		else if (c == '"')
			split->in_string = !split->in_string;
		else if (!split->in_string && c == '{')
			split->depth++;
		else if (!split->in_string && c == '}' && --split->depth == 0) {
			*whole = true;
			return i + 1;
		}
	}
	*whole = false;
	return len;
}

static bool take_object(const char *bytes, size_t len, docker_event *event, void *arg,
			struct kata_error *e)
{
	json_t *object = json_parse_new(bytes, len, e);

	if (!object)
		return false;
	bool goes_on = event(arg, object);
	json_decref(object);
	return goes_on || error_set(e, ERROR_CANCELLED, "ended before its end");
}

bool docker_split_add(struct docker_split *split, const char *bytes, size_t len,
		      docker_event *event, void *arg, struct kata_error *e)
{
	while (len > 0) {
		bool whole, ok = true;

		if (split->depth == 0 && strchr(" \t\r\n", bytes[0]) && bytes[0]) {
			bytes++, len--;
			continue;
		}
		if (split->depth == 0 && bytes[0] != '{')
			return error_set(e, ERROR_PROTOCOL, "not a stream of JSON objects");
		size_t n = object_len(split, bytes, len, &whole);
		if (split->begun.len + n > DOCKER_OBJECT_MAX)
			return error_set(e, ERROR_PROTOCOL, "an object that is too large");
		if (whole && !split->begun.len) {
			ok = take_object(bytes, n, event, arg, e);
		} else {
			str_addn(&split->begun, bytes, n);
			if (whole)
				ok = take_object(split->begun.p, split->begun.len, event, arg, e);
			if (whole)
				str_clear(&split->begun);
		}
		if (!ok)
			return false;
		bytes += n, len -= n;
	}
	return true;
}

bool docker_split_end(struct docker_split *split, struct kata_error *e)
{
	bool between = split->depth == 0;

	str_release(&split->begun);
	*split = (struct docker_split)DOCKER_SPLIT_INIT;
	return between || error_set(e, ERROR_LOST, "the stream ended in the middle of an object");
}
