/*
 * Finding a part of a JSON text without decoding it, so that it can be copied on byte for
 * byte. Made for text that json_parse_new has accepted; on any other bytes the answer may be
 * wrong, but nothing outside the span is ever read.
 */
#include "kata/json.h"

#include <stdint.h>
#include <string.h>

struct scan {
	const char *p, *end;
};

static void skip_space(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r'))
		s->p++;
}

/* The next byte that is no space, or -1 at the end. */
static int peek(struct scan *s)
{
	skip_space(s);
	return s->p < s->end ? (unsigned char)*s->p : -1;
}

static bool take(struct scan *s, char c)
{
	if (peek(s) != (unsigned char)c)
		return false;
	s->p++;
	return true;
}

/* Steps over a string that begins here; *inner is what lies between the quotes. */
static bool skip_string(struct scan *s, struct json_span *inner)
{
	if (!take(s, '"'))
		return false;
	const char *start = s->p;
	while (s->p < s->end && *s->p != '"') {
		if (*s->p == '\\' && s->end - s->p > 1)
			s->p++;
		s->p++;
	}
	*inner = (struct json_span){start, (size_t)(s->p - start)};
	return take(s, '"');
}

/* Steps over a number, true, false or null. */
static bool skip_word(struct scan *s)
{
	const char *start = s->p;

	while (s->p < s->end && *s->p && !strchr(",]} \n\t\r:\"[{", *s->p))
		s->p++;
	return s->p > start;
}

/* Steps over any value: brackets are counted, not recursed into. */
static bool skip_value(struct scan *s)
{
	struct json_span ignored;
	size_t depth = 0;

	do {
		int c = peek(s);

		if (c < 0)
			return false;
		if (c == '"') {
			if (!skip_string(s, &ignored))
				return false;
		} else if (c == '{' || c == '[') {
			depth++;
			s->p++;
		} else if (c == '}' || c == ']') {
			if (!depth)
				return false;
			depth--;
			s->p++;
		} else if (depth && (c == ',' || c == ':')) {
			s->p++;
		} else if (!skip_word(s)) {
			return false;
		}
	} while (depth);
	return true;
}

/* Four hex digits at p, or -1. */
static int32_t hex4(const char *p, const char *end)
{
	int32_t value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdefABCDEF";
		const char *at = p[i] ? strchr(digits, p[i]) : NULL;

		if (!at)
			return -1;
		int32_t digit = (int32_t)(at - digits);
		value = value << 4 | (digit > 15 ? digit - 6 : digit);
	}
	return value;
}

/* The UTF-8 bytes of a code point (at most 0x10ffff); their number. */
static size_t encode(uint32_t cp, char out[4])
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	size_t size = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	for (size_t i = size; i-- > 1; cp >>= 6)
		out[i] = (char)(0x80 | (cp & 0x3f));
	out[0] = (char)((0xf00 >> size & 0xff) | cp);
	return size;
}

/* Decodes \uXXXX, and the second half of a surrogate pair. *p is behind the 'u'. */
static size_t decode_unicode(const char **p, const char *end, char out[4])
{
	int32_t high = hex4(*p, end);

	if (high < 0)
		return 0;
	*p += 4;
	if (high < 0xd800 || high > 0xdbff)
		return encode((uint32_t)high, out);
	if (end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u')
		return 0;
	int32_t low = hex4(*p + 2, end);
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	*p += 6;
	return encode(0x10000U + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00), out);
}

/* Decodes one character of a string's inside; bytes written to out, 0 for a bad escape. */
static size_t decode_next(const char **p, const char *end, char out[4])
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";

	if (**p != '\\') {
		out[0] = *(*p)++;
		return 1;
	}
	if (end - *p < 2)
		return 0;
	char c = (*p)[1];
	*p += 2;
	if (c == 'u')
		return decode_unicode(p, end, out);
	const char *at = c ? strchr(names, c) : NULL;
	if (!at)
		return 0;
	out[0] = values[at - names];
	return 1;
}

static bool key_equals(struct json_span inner, const char *key)
{
	const char *p = inner.p, *end = inner.p + inner.len;
	size_t left = strlen(key);

	while (p < end) {
		char bytes[4];
		size_t size = decode_next(&p, end, bytes);

		if (!size || size > left || memcmp(bytes, key, size) != 0)
			return false;
		key += size;
		left -= size;
	}
	return !left;
}

/* Steps over the value that begins here and stores its bytes without space around them. */
static bool take_value(struct scan *s, struct json_span *out)
{
	skip_space(s);
	const char *start = s->p;
	if (!skip_value(s))
		return false;
	*out = (struct json_span){start, (size_t)(s->p - start)};
	return true;
}

/* Looks at members from s on, up to `stop`. */
static bool find_member(struct scan *s, const char *stop, const char *key, struct json_span *out)
{
	struct json_span name, value;

	do {
		if (s->p >= stop || !skip_string(s, &name) || !take(s, ':') ||
		    !take_value(s, &value))
			return false;
		if (key_equals(name, key)) {
			*out = value;
			return true;
		}
	} while (take(s, ','));
	return false;
}

bool json_span_member_from(struct json_span object, struct json_cursor *cursor, const char *key,
			   struct json_span *out)
{
	if (!object.len)
		return false;
	const char *end = object.p + object.len;
	struct scan s = {cursor->p, end};
	if (cursor->p && take(&s, ',') && find_member(&s, end, key, out)) {
		cursor->p = s.p;
		return true;
	}
	s.p = object.p;
	if (!take(&s, '{') || !find_member(&s, cursor->p ? cursor->p : end, key, out))
		return false;
	cursor->p = s.p;
	return true;
}

bool json_span_element_from(struct json_span array, struct json_cursor *cursor, size_t i,
			    struct json_span *out)
{
	struct json_span value;

	if (!array.len)
		return false;
	struct scan s = {cursor->p, array.p + array.len};
	if (!cursor->p || i < cursor->index) {
		s.p = array.p;
		cursor->index = 0;
		if (!take(&s, '[') || peek(&s) == ']')
			return false;
	} else if (!take(&s, ',')) {
		return false;
	}
	do {
		if (!take_value(&s, &value))
			return false;
		cursor->p = s.p;
		if (cursor->index++ == i) {
			*out = value;
			return true;
		}
	} while (take(&s, ','));
	return false;
}

bool json_span_member(struct json_span object, const char *key, struct json_span *out)
{
	struct json_cursor cursor = {NULL, 0};

	return json_span_member_from(object, &cursor, key, out);
}

bool json_span_element(struct json_span array, size_t i, struct json_span *out)
{
	struct json_cursor cursor = {NULL, 0};

	return json_span_element_from(array, &cursor, i, out);
}
