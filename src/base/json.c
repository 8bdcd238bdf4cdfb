/*
 * Reading, comparing and printing JSON where jansson's own rules are not those that Caddy
 * needs. The scanner over undecoded bytes is in json_span.c.
 */
#include "kata/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kata/text.h"

static json_t *parse(const char *bytes, size_t len, size_t flags, json_error_t *why)
{
	flags |= JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES;
	return json_loadb(bytes, len, flags, why);
}

static _Thread_local struct arena *forever;

static void *forever_alloc(size_t size)
{
	if (!forever)
		forever = arena_new();
	return arena_alloc(forever, size);
}

static void forever_free(void *p)
{
	(void)p;
}

bool json_never_free(void)
{
	if (arena_is_checked())
		return false;
	json_set_alloc_funcs(forever_alloc, forever_free);
	return true;
}

json_t *json_parse_new(const char *bytes, size_t len, struct kata_error *e)
{
	json_error_t why;

	/* jansson overlooks such a byte behind a number. */
	if (len && memchr(bytes, '\0', len)) {
		error_set(e, ERROR_PROTOCOL, "not valid JSON: a NUL byte in the text");
		return NULL;
	}
	/* jansson wants a pointer even for no bytes. */
	const char *from = bytes ? bytes : "";
	json_t *value = parse(from, len, 0, &why);

	if (!value && json_error_code(&why) == json_error_numeric_overflow)
		value = parse(from, len, JSON_DECODE_INT_AS_REAL, &why);
	if (value)
		return value;
	error_set(e, ERROR_PROTOCOL, "not valid JSON: %s", why.text);
	if (why.line > 0)
		error_where(e, "%d:%d", why.line, why.column > 0 ? why.column : 1);
	return NULL;
}

static bool objects_same(const json_t *a, const json_t *b)
{
	json_t *left = (json_t *)a; /* iterating takes no const; nothing is changed */
	const char *key;
	json_t *value;

	if (json_object_size(a) != json_object_size(b))
		return false;
	json_object_foreach(left, key, value) {
		const json_t *other = json_object_get(b, key);

		if (!other || !json_same(value, other))
			return false;
	}
	return true;
}

static bool arrays_same(const json_t *a, const json_t *b)
{
	size_t count = json_array_size(a);

	if (count != json_array_size(b))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!json_same(json_array_get(a, i), json_array_get(b, i)))
			return false;
	return true;
}

static bool numbers_same(const json_t *a, const json_t *b)
{
	double x = json_number_value(a), y = json_number_value(b);

	return !(x < y) && !(x > y);
}

bool json_same(const json_t *a, const json_t *b)
{
	if (a == b)
		return true;
	if (!a || !b)
		return false;
	if (json_is_number(a) && json_is_number(b))
		return numbers_same(a, b);
	if (json_typeof(a) != json_typeof(b))
		return false;
	switch (json_typeof(a)) {
	case JSON_OBJECT:
		return objects_same(a, b);
	case JSON_ARRAY:
		return arrays_same(a, b);
	case JSON_STRING:
		return json_string_length(a) == json_string_length(b) &&
		       !memcmp(json_string_value(a), json_string_value(b), json_string_length(a));
	default:
		return true;
	}
}

/* How a value is printed: for machines, or for people. */
struct printer {
	struct str *out;
	bool pretty;
	unsigned depth;
};

static void print_value(struct printer *p, const json_t *value);

static void print_newline(struct printer *p)
{
	if (!p->pretty)
		return;
	str_addc(p->out, '\n');
	for (unsigned i = 0; i < p->depth; i++)
		str_addn(p->out, "  ", 2);
}

/* Beyond the BMP a \u escape is a surrogate pair (RFC 8259, section 7). */
static void print_escape(struct str *out, uint32_t cp)
{
	static const char shorts[][2] = {{'\n', 'n'}, {'\t', 't'}, {'\r', 'r'}, {'\b', 'b'},
					 {'\f', 'f'}, {'"', '"'},  {'\\', '\\'}};

	for (size_t i = 0; i < sizeof shorts / sizeof shorts[0]; i++) {
		if (cp == (unsigned char)shorts[i][0]) {
			str_addc(out, '\\');
			str_addc(out, shorts[i][1]);
			return;
		}
	}
	if (cp < 0x10000) {
		str_addf(out, "\\u%04x", (unsigned)cp);
		return;
	}
	cp -= 0x10000;
	str_addf(out, "\\u%04x\\u%04x", 0xd800U + (unsigned)(cp >> 10),
		 0xdc00U + (unsigned)(cp & 0x3ff));
}

static void print_string(struct printer *p, const char *text, size_t len)
{
	size_t start = 0, at = 0;

	str_addc(p->out, '"');
	while (at < len) {
		unsigned char c = (unsigned char)text[at];
		uint32_t cp = c;
		size_t size = 1;
		bool escape = c < 0x20 || c == '"' || c == '\\';

		if (p->pretty && c >= 0x7f) {
			escape = true;
			size = utf8_decode(text + at, len - at, &cp);
		}
		if (!escape) {
			at++;
			continue;
		}
		str_addn(p->out, text + start, at - start);
		print_escape(p->out, size ? cp : 0xfffd);
		at += size ? size : 1;
		start = at;
	}
	str_addn(p->out, text + start, len - start);
	str_addc(p->out, '"');
}

/* A real in the fewest digits that read back the same. The locale's decimal point, which may
 * take several bytes, becomes a dot. */
static void print_real(struct str *out, double value)
{
	char text[64];
	bool in_point = false;

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		double back = strtod(text, NULL);
		if (!(back < value) && !(back > value))
			break;
	}
	for (const char *c = text; *c; c++) {
		bool usual = (*c >= '0' && *c <= '9') || *c == '-' || *c == '+' || *c == 'e';

		if (usual)
			str_addc(out, *c);
		else if (!in_point)
			str_addc(out, '.');
		in_point = !usual;
	}
}

/* Numbers are IEEE doubles for Caddy, so integers are rounded as it would round them. */
static void print_number(struct str *out, const json_t *number)
{
	double value = json_number_value(number);

	if (value > -0x1p63 && value < 0x1p63 && value == (double)(long long)value)
		str_addf(out, "%lld", (long long)value);
	else
		print_real(out, value);
}

static void print_array(struct printer *p, const json_t *array)
{
	size_t count = json_array_size(array);

	str_addc(p->out, '[');
	p->depth++;
	for (size_t i = 0; i < count; i++) {
		if (i)
			str_addc(p->out, ',');
		print_newline(p);
		print_value(p, json_array_get(array, i));
	}
	p->depth--;
	if (count)
		print_newline(p);
	str_addc(p->out, ']');
}

struct member {
	const char *key;
	const json_t *value;
};

static int member_compare(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

/* The members in bytewise order of their keys, in `few` when they fit, else on the heap. */
static struct member *members_sorted(const json_t *object, struct member *few, size_t room)
{
	json_t *o = (json_t *)object; /* iterating takes no const; nothing is changed */
	size_t count = json_object_size(object), n = 0;
	struct member *list = count <= room ? few : xcalloc(count, sizeof *list);
	const char *key;
	json_t *value;

	json_object_foreach(o, key, value) {
		size_t at = n++;

		if (count > room || n > room) {
			list[at] = (struct member){key, value};
			continue;
		}
		/* Small objects: insertion sort is faster than a call of qsort. */
		for (; at > 0 && strcmp(list[at - 1].key, key) > 0; at--)
			list[at] = list[at - 1];
		list[at] = (struct member){key, value};
	}
	if (count > room)
		qsort(list, count, sizeof *list, member_compare);
	return list;
}

static void print_object(struct printer *p, const json_t *object)
{
	struct member few[16];
	size_t count = json_object_size(object);
	struct member *list = members_sorted(object, few, 16);

	str_addc(p->out, '{');
	p->depth++;
	for (size_t i = 0; i < count; i++) {
		if (i)
			str_addc(p->out, ',');
		print_newline(p);
		print_string(p, list[i].key, strlen(list[i].key));
		str_addn(p->out, ": ", p->pretty ? 2 : 1);
		print_value(p, list[i].value);
	}
	p->depth--;
	if (count)
		print_newline(p);
	str_addc(p->out, '}');
	if (list != few)
		free(list);
}

static void print_value(struct printer *p, const json_t *value)
{
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_OBJECT:
		print_object(p, value);
		break;
	case JSON_ARRAY:
		print_array(p, value);
		break;
	case JSON_STRING:
		print_string(p, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
	case JSON_REAL:
		print_number(p->out, value);
		break;
	case JSON_TRUE:
		str_add(p->out, "true");
		break;
	case JSON_FALSE:
		str_add(p->out, "false");
		break;
	case JSON_NULL:
		str_add(p->out, "null");
		break;
	}
}

void json_canonical(struct str *out, const json_t *value)
{
	struct printer p = {.out = out};

	print_value(&p, value);
}

void json_pretty(struct str *out, const json_t *value)
{
	struct printer p = {.out = out, .pretty = true};

	print_value(&p, value);
}

json_t *json_object_member(const json_t *o, const char *key, json_type type)
{
	json_t *value = json_object_get(o, key);

	return value && json_typeof(value) == type ? value : NULL;
}

json_t *json_at(const json_t *value, const char *path)
{
	json_t *at = (json_t *)value;

	while (at && *path) {
		size_t len = strcspn(path, "/");

		if (json_is_array(at) && strspn(path, "0123456789") != len)
			at = NULL;
		else if (json_is_array(at))
			at = json_array_get(at, (size_t)strtoul(path, NULL, 10));
		else
			at = json_object_getn(at, path, len);
		path += len + (path[len] == '/');
	}
	return at;
}

const char *json_member_text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}
