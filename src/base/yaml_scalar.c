/*
 * Looking into a YAML tree: the type of a scalar by the core schema of YAML 1.2 (chapter
 * 10.3.2), its JSON value, and members by name or path.
 */
#include "kata/yaml.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/text.h"

static bool is_one_of(const char *text, size_t len, const char *const *words)
{
	for (; *words; words++)
		if (strlen(*words) == len && !memcmp(*words, text, len))
			return true;
	return false;
}

static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const trues[] = {"true", "True", "TRUE", NULL};
static const char *const falses[] = {"false", "False", "FALSE", NULL};
static const char *const infinites[] = {".inf", ".Inf", ".INF", NULL};
static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};

/* How many bytes from p on are in the set. */
static size_t span_of(const char *p, const char *end, const char *set)
{
	const char *start = p;

	while (p < end && *p && strchr(set, *p))
		p++;
	return (size_t)(p - start);
}

#define DIGITS "0123456789"

static size_t sign_length(const char *p, const char *end)
{
	return p < end && (*p == '-' || *p == '+');
}

/* The base of an integer (8, 10, 16), or 0 when the text is none. */
static int integer_base(const char *p, const char *end)
{
	p += sign_length(p, end);
	if (p == end)
		return 0;
	if (end - p > 2 && p[0] == '0' && p[1] == 'o')
		return p + 2 + span_of(p + 2, end, "01234567") == end ? 8 : 0;
	if (end - p > 2 && p[0] == '0' && p[1] == 'x')
		return p + 2 + span_of(p + 2, end, DIGITS "abcdefABCDEF") == end ? 16 : 0;
	return p + span_of(p, end, DIGITS) == end ? 10 : 0;
}

static bool is_real(const char *p, const char *end)
{
	p += sign_length(p, end);
	size_t whole = span_of(p, end, DIGITS), fraction = 0;
	p += whole;
	if (p < end && *p == '.') {
		fraction = span_of(++p, end, DIGITS);
		p += fraction;
	}
	if (!whole && !fraction)
		return false;
	if (p == end)
		return true;
	if (*p != 'e' && *p != 'E')
		return false;
	p++;
	p += sign_length(p, end);
	size_t exponent = span_of(p, end, DIGITS);
	return exponent && p + exponent == end;
}

/* The type of a plain text. The first byte settles nearly all of them. */
static enum yaml_type plain_type(const char *text, size_t len)
{
	const char *end = text + len;

	if (len && !strchr("~nNtTfF+-." DIGITS, text[0]))
		return YAML_TEXT;
	if (is_one_of(text, len, nulls))
		return YAML_NULL;
	if (is_one_of(text, len, trues) || is_one_of(text, len, falses))
		return YAML_BOOL;
	if (integer_base(text, end))
		return YAML_INT;
	size_t sign = sign_length(text, end);
	if (is_real(text, end) || is_one_of(text + sign, len - sign, infinites) ||
	    is_one_of(text, len, nans))
		return YAML_FLOAT;
	return YAML_TEXT;
}

enum yaml_type yaml_scalar_type(const struct yaml_node *scalar)
{
	static const char prefix[] = "tag:yaml.org,2002:";
	static const struct {
		const char *name;
		enum yaml_type type;
	} tags[] = {
		{"null", YAML_NULL}, {"bool", YAML_BOOL}, {"int", YAML_INT}, {"float", YAML_FLOAT}};
	const char *tag = scalar->tag;

	if (!tag)
		return scalar->plain ? plain_type(scalar->text, scalar->len) : YAML_TEXT;
	if (strncmp(tag, prefix, sizeof prefix - 1) != 0) {
		/* "!" alone means text; a tag of somebody's own says nothing about the type. */
		return scalar->plain && strcmp(tag, "!") != 0
			       ? plain_type(scalar->text, scalar->len)
			       : YAML_TEXT;
	}
	enum yaml_type type = plain_type(scalar->text, scalar->len);
	for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
		if (strcmp(tag + sizeof prefix - 1, tags[i].name) != 0)
			continue;
		bool widened = tags[i].type == YAML_FLOAT && type == YAML_INT;
		return type == tags[i].type || widened ? tags[i].type : YAML_TEXT;
	}
	return YAML_TEXT;
}

static json_t *text_json(const char *text, size_t len)
{
	json_t *value = json_stringn(text, len);

	if (value)
		return value;
	/* Not UTF-8, so no JSON: keep what can be kept. */
	struct str safe = STR_INIT;
	text_safe(&safe, text, len);
	value = json_stringn(safe.p, safe.len);
	str_release(&safe);
	return value;
}

/* Hexadecimal and octal, which JSON does not have. */
static json_t *based_json(const char *text, size_t len, int base)
{
	bool negative = text[0] == '-';
	size_t at = sign_length(text, text + len) + 2;
	uint64_t limit = (uint64_t)INT64_MAX, value = 0;
	double real = 0;
	bool fits = true;

	for (; at < len; at++) {
		char c = text[at];
		unsigned digit = c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;

		real = real * base + digit;
		fits = fits && value <= (limit - digit) / (unsigned)base;
		value = fits ? value * (unsigned)base + digit : value;
	}
	if (!fits)
		return json_real(negative ? -real : real);
	return json_integer(negative ? -(json_int_t)value : (json_int_t)value);
}

/* Decimal numbers are put into JSON's stricter form and read by the JSON parser, which is
 * right in every locale: no plus, no leading zeros, digits on both sides of the point. */
static json_t *decimal_json(const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	struct str number = STR_INIT;
	struct kata_error e;

	if (*p == '-')
		str_addc(&number, '-');
	p += sign_length(p, end);
	size_t whole = span_of(p, end, DIGITS);
	size_t zeros = span_of(p, p + whole, "0");
	str_addn(&number, zeros == whole ? "0" : p + zeros, zeros == whole ? 1 : whole - zeros);
	p += whole;
	if (p < end && *p == '.') {
		size_t fraction = span_of(p + 1, end, DIGITS);

		str_addn(&number, p, fraction ? fraction + 1 : 0);
		p += fraction + 1;
	}
	str_addn(&number, p, (size_t)(end - p));
	json_t *value = json_parse_new(number.p, number.len, &e);
	str_release(&number);
	return value;
}

json_t *yaml_scalar_json_new(const char *text, size_t len)
{
	json_t *value = NULL;
	int base;

	switch (plain_type(text, len)) {
	case YAML_NULL:
		return json_null();
	case YAML_BOOL:
		return json_boolean(is_one_of(text, len, trues));
	case YAML_INT:
		base = integer_base(text, text + len);
		value = base == 10 ? decimal_json(text, len) : based_json(text, len, base);
		break;
	case YAML_FLOAT:
		if (is_real(text, text + len))
			value = decimal_json(text, len);
		break;
	case YAML_TEXT:
		break;
	}
	/* Out of a double's range, infinite or not a number: there is no JSON for it. */
	return value ? value : text_json(text, len);
}

static const struct yaml_pair *find_pair(const struct yaml_node *map, const char *key)
{
	size_t len = strlen(key);

	if (!map || map->kind != YAML_MAPPING)
		return NULL;
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_node *name = map->pairs[i].key;

		if (name->len == len && !memcmp(name->text, key, len))
			return &map->pairs[i];
	}
	return NULL;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	const struct yaml_pair *pair = find_pair(map, key);

	return pair ? pair->value : NULL;
}

const struct yaml_node *yaml_get_key(const struct yaml_node *map, const char *key)
{
	const struct yaml_pair *pair = find_pair(map, key);

	return pair ? pair->key : NULL;
}

/* The length of the path's first part when it is this key (which may hold slashes), else 0. */
static bool begins_with_key(const char *path, const struct yaml_node *key)
{
	if (strncmp(path, key->text, key->len) != 0)
		return false;
	return path[key->len] == '/' || path[key->len] == '\0';
}

/* The child that the path's first part names; *path moves behind that part. */
static const struct yaml_node *find_child(const struct yaml_node *node, const char **path)
{
	if (node->kind == YAML_MAPPING) {
		for (size_t i = 0; i < node->count; i++) {
			if (!begins_with_key(*path, node->pairs[i].key))
				continue;
			*path += node->pairs[i].key->len;
			return node->pairs[i].value;
		}
		return NULL;
	}
	size_t digits = strspn(*path, DIGITS), index = 0;
	if (node->kind != YAML_SEQUENCE || !digits || digits > 9 ||
	    ((*path)[digits] && (*path)[digits] != '/'))
		return NULL;
	for (size_t i = 0; i < digits; i++)
		index = index * 10 + (size_t)((*path)[i] - '0');
	*path += digits;
	return index < node->count ? node->items[index] : NULL;
}

const struct yaml_node *yaml_find(const struct yaml_node *node, const char *path)
{
	while (node && *path) {
		const struct yaml_node *child = find_child(node, &path);

		if (!child)
			break;
		node = child;
		path += *path == '/';
	}
	return node;
}

struct place yaml_place(const struct yaml_node *node, const char *file)
{
	return (struct place){file, node ? node->line : 0, node ? node->column : 0};
}
