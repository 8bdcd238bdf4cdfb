/*
 * The walk through a caddy: block: every object against its structure, every field
 * against its type, and what is wrong anywhere (null elements, @id). What single values
 * must look like is in validate_checks.c and validate_listen.c, the tables in the other
 * validate files.
 */
#include "kata/validate.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/memory.h"
#include "kata/text.h"
#include "validate_rules.h"

enum {
	DEPTH_MAX = 100, /* as deep as YAML may be */
	QUOTE_MAX = 60,	 /* bytes of a value in a message */
};

/* --- Reporting --- */

/* A scalar whose variable is not set has its error; what its stand-in looks like means nothing. */
static bool is_unset_variable(const struct problems *problems, struct place place)
{
	for (size_t i = 0; place.line && i < problems->count; i++) {
		const struct problem *p = &problems->items[i];

		if (p->place.line == place.line && p->place.column == place.column && p->rule &&
		    !strncmp(p->rule, RULE_VARIABLE, strlen(RULE_VARIABLE)))
			return true;
	}
	return false;
}

/* Places and paths only for problems that are kept. */
static struct problem *report(struct walk *walk, const struct block_at *at,
			      const struct mistake *mistake, const char *msg)
{
	bool kept = walk->problems->count < PROBLEMS_MAX;
	struct place place = {.file = walk->file};
	struct problem *p;

	if (kept)
		place = block_place(walk->node, walk->file, at);
	if (kept && is_unset_variable(walk->problems, place))
		return arena_alloc(walk->problems->arena, sizeof *p);
	p = problems_add(walk->problems, mistake->row.severity, place, "%s", msg);
	p->path = kept ? block_path(walk->problems->arena, at) : NULL;
	p->rule = mistake->row.rule;
	p->hint = mistake->row.hint;
	return p;
}

struct problem *walk_report(struct walk *walk, const struct block_at *at,
			    const struct mistake *mistake)
{
	return report(walk, at, mistake, mistake->row.what);
}

struct problem *walk_say(struct walk *walk, const struct block_at *at, enum check check,
			 const char *fmt, ...)
{
	struct str msg = STR_INIT;
	struct problem *p;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&msg, fmt, ap);
	va_end(ap);
	p = report(walk, at, mistake_of_check(check), msg.p);
	str_release(&msg);
	return p;
}

const char *walk_quote(struct walk *walk, const struct block_at *at, const char *text)
{
	const struct yaml_node *node = NULL;
	size_t len, cut = 0;

	if (walk->problems->count >= PROBLEMS_MAX)
		return "...";
	node = block_node(walk->node, at);
	if (node && node->kind == YAML_SCALAR)
		text = node->text;
	len = strlen(text);
	while (cut < len && cut < QUOTE_MAX) {
		size_t step = utf8_decode(text + cut, len - cut, NULL);

		cut += step ? step : 1;
	}
	return arena_printf(walk->problems->arena, "\"%.*s%s\"", (int)cut, text,
			    cut < len ? "..." : "");
}

/* --- Types --- */

static const char *type_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "text";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	default:
		return "null";
	}
}

static bool is_any(const json_t *value)
{
	(void)value;
	return true;
}

static bool is_bool(const json_t *value)
{
	return json_is_boolean(value);
}

static bool is_text(const json_t *value)
{
	return json_is_string(value);
}

/* 5 and 5.0, but nothing that does not fit 64 bits. */
static bool is_whole(const json_t *value)
{
	double d = json_real_value(value);

	if (json_is_integer(value))
		return true;
	return json_is_real(value) && d == floor(d) && fabs(d) < 9223372036854775808.0;
}

static bool is_duration(const json_t *value)
{
	return json_is_string(value) || json_is_number(value);
}

static bool is_object(const json_t *value)
{
	return json_is_object(value);
}

static bool is_list(const json_t *value)
{
	return json_is_array(value);
}

static bool is_text_list(const json_t *value)
{
	size_t i;
	json_t *element;

	json_array_foreach((json_t *)value, i, element)
		if (!json_is_null(element) && !json_is_string(element))
			return false;
	return json_is_array(value);
}

/* What a kind of field holds, and how to say so. */
static const struct kind_row {
	const char *expect; /* in a message: "must be ..." */
	const char *hint;
	bool (*fits)(const json_t *);
	bool (*each)(const json_t *); /* every element or member of it, unless null; or NULL */
	const char *each_expect;
	value_check *check; /* after the type, or NULL */
} kinds[KIND_COUNT] = {
#define ROW(kind_, expect_, hint_, fits_)                                                          \
	[kind_] = {.expect = expect_, .hint = hint_, .fits = fits_}
#define CHECKED(kind_, expect_, hint_, fits_, check_)                                              \
	[kind_] = {.expect = expect_, .hint = hint_, .fits = fits_, .check = check_}
#define LIST_OF(kind_, each_, each_expect_, hint_, check_)                                         \
	[kind_] = {.expect = "a list",                                                             \
		   .hint = hint_,                                                                  \
		   .fits = is_list,                                                                \
		   .each = each_,                                                                  \
		   .each_expect = each_expect_,                                                    \
		   .check = check_}
	ROW(KIND_ANY, "a value", NULL, is_any),
	ROW(KIND_BOOL, "true or false", "write true or false, without quotes", is_bool),
	ROW(KIND_TEXT, "text", "put it in quotes", is_text),
	ROW(KIND_INTEGER, "a whole number", "write a whole number, without quotes", is_whole),
	ROW(KIND_OBJECT, "an object", "write it as {name: value}", is_object),
	ROW(KIND_LIST, "a list", "write it as a list: [{...}]", is_list),
	ROW(KIND_MAP, "an object", "write it as {NAME: {...}}", is_object),
	ROW(KIND_LIST_MAP, "an object", "write it as {NAME: [{...}]}", is_object),
	ROW(KIND_MODULE, "an object", NULL, is_object),
	ROW(KIND_HANDLERS, "a list", "write it as a list: [{handler: NAME}]", is_list),
	CHECKED(KIND_DURATION, "a duration", "write for example \"5s\"", is_duration,
		check_duration),
	CHECKED(KIND_EXPRESSION, "text", "put it in quotes", is_any, check_expression),
	CHECKED(KIND_REGEXP, "text", "put it in quotes", is_text, check_regexp),
	CHECKED(KIND_DIAL, "text", "write \"host:port\", in quotes", is_text, check_dial),
	CHECKED(KIND_ROOT, "text", "put it in quotes", is_text, check_root),
	CHECKED(KIND_TLS_VERSION, "text", "use tls1.2 or tls1.3", is_text, check_tls_version),
	LIST_OF(KIND_TEXTS, is_text, "text", "write it as a list: [\"...\"]", NULL),
	LIST_OF(KIND_INTEGERS, is_whole, "a whole number", "write it as a list: [500]", NULL),
	LIST_OF(KIND_TEXT_LISTS, is_text_list, "a list of text", "write [[\"h1\"]]", NULL),
	LIST_OF(KIND_LISTEN, is_text, "text", "write it as a list: [\":443\"]", check_listen),
	LIST_OF(KIND_HOSTS, is_text, "text", "write it as a list: [\"a.com\"]", check_hosts),
	LIST_OF(KIND_PATHS, is_text, "text", "write it as a list: [\"/api/*\"]", check_paths),
	LIST_OF(KIND_PROTOCOLS, is_text, "text", "write it as a list: [h1, h2]", check_protocols),
	[KIND_HEADERS] = {"an object", "write {NAME: [\"value\"]}", is_object, is_text_list,
			  "a list of text", NULL},
#undef ROW
#undef CHECKED
#undef LIST_OF
};

static void report_type(struct walk *walk, const struct block_at *at, const json_t *value,
			const struct shape *shape, const struct field *field)
{
	const struct mistake *known = mistake_of_field(AT_TYPE, shape, field->name);

	if (known)
		walk_report(walk, at, known);
	else
		walk_say(walk, at, CHECK_TYPE, "%s must be %s, not %s", field->name,
			 kinds[field->kind].expect, type_name(value))
			->hint = kinds[field->kind].hint;
}

/* An element of a list, or member of a map, of one kind of value. */
static bool each_fits(struct walk *walk, const struct block_at *at, const json_t *value,
		      const struct shape *shape, const struct field *field)
{
	const struct kind_row *kind = &kinds[field->kind];

	if (json_is_null(value) || kind->each(value))
		return true;
	/* A map's known mistake is about its members, a list's about the list. */
	if (at->key && mistake_of_field(AT_TYPE, shape, field->name))
		report_type(walk, at, value, shape, field);
	else
		walk_say(walk, at, CHECK_TYPE, "each of %s must be %s, not %s", field->name,
			 kind->each_expect, type_name(value))
			->hint = kind->hint;
	return false;
}

/* True when a field holds what it shall; else all that is wrong in it was said. */
static bool kind_fits(struct walk *walk, const struct block_at *at, const json_t *value,
		      const struct shape *shape, const struct field *field)
{
	struct block_at here = {.up = at};
	const struct kind_row *kind = &kinds[field->kind];
	bool good = true;
	json_t *each;

	if (!kind->fits(value)) {
		report_type(walk, at, value, shape, field);
		return false;
	}
	if (!kind->each)
		return true;
	json_array_foreach((json_t *)value, here.index, each)
		good = each_fits(walk, &here, each, shape, field) && good;
	json_object_foreach((json_t *)value, here.key, each)
		good = each_fits(walk, &here, each, shape, field) && good;
	return good;
}

/* --- Structures --- */

static void report_not_object(struct walk *walk, const struct block_at *at, const json_t *value,
			      const char *name, const char *example)
{
	walk_say(walk, at, CHECK_TYPE, "each %s must be an object, not %s", name, type_name(value))
		->hint = example ? example : "write {name: value}";
}

static void walk_list(struct walk *walk, const struct block_at *at, const json_t *list,
		      const struct shape *shape)
{
	struct block_at here = {.up = at};
	json_t *element;

	json_array_foreach((json_t *)list, here.index, element) {
		if (json_is_object(element))
			walk_shape(walk, &here, element, shape);
		else if (!json_is_null(element))
			report_not_object(walk, &here, element, shape->name, shape->example);
	}
}

/* null crashes Caddy here: the members become pointers that it follows. */
static void walk_map(struct walk *walk, const struct block_at *at, const json_t *map,
		     const struct shape *shape)
{
	struct block_at here = {.up = at};
	json_t *member;

	json_object_foreach((json_t *)map, here.key, member) {
		if (json_is_object(member))
			walk_shape(walk, &here, member, shape);
		else if (json_is_null(member))
			walk_report(walk, &here, mistake_of_check(CHECK_NULL_MEMBER));
		else
			report_not_object(walk, &here, member, shape->name, shape->example);
	}
}

static void walk_list_map(struct walk *walk, const struct block_at *at, const json_t *map,
			  const struct shape *shape)
{
	struct block_at here = {.up = at};
	json_t *member;

	json_object_foreach((json_t *)map, here.key, member) {
		if (json_is_array(member))
			walk_list(walk, &here, member, shape);
		else if (!json_is_null(member))
			walk_say(walk, &here, CHECK_TYPE, "%.60s must be a list, not %s", here.key,
				 type_name(member))
				->hint = "write it as a list: [{...}]";
	}
}

static void report_handler(struct walk *walk, const struct block_at *at, const char *name)
{
	const struct mistake *known = mistake_of_handler(name);
	const char *quoted = walk_quote(walk, at, name), *near;
	struct problem *p;
	bool case_only;

	if (known) {
		walk_report(walk, at, known);
		return;
	}
	near = handler_nearest(name, &case_only);
	p = walk_say(walk, at, case_only ? CHECK_HANDLER_CASE : CHECK_UNKNOWN_HANDLER,
		     "Caddy has no handler %s", quoted);
	if (near)
		p->hint = arena_printf(walk->problems->arena, "did you mean %s?", near);
}

static void walk_handler(struct walk *walk, const struct block_at *at, const json_t *entry)
{
	struct block_at here = {.up = at, .key = "handler"};
	const char *name = json_member_text(entry, "handler");
	const struct handler *handler;

	if (!name || !*name) {
		walk_report(walk, at, mistake_of_check(CHECK_HANDLER_MISSING));
		return;
	}
	handler = handler_find(name);
	if (!handler)
		report_handler(walk, &here, name);
	else if (handler->shape)
		walk_shape(walk, at, entry, handler->shape);
}

static void walk_handlers(struct walk *walk, const struct block_at *at, const json_t *list)
{
	struct block_at here = {.up = at};
	json_t *entry;

	json_array_foreach((json_t *)list, here.index, entry) {
		if (json_is_object(entry))
			walk_handler(walk, &here, entry);
		else if (!json_is_null(entry))
			report_not_object(walk, &here, entry, "handler",
					  "write {handler: file_server}");
	}
}

static void walk_module(struct walk *walk, const struct block_at *at, const json_t *value,
			const struct field *field)
{
	const char *name = json_member_text(value, field->key);

	if (!name || !*name)
		walk_say(walk, at, CHECK_MODULE_KEY, "%s does not say which: %s is missing",
			 field->name, field->key)
			->hint = arena_printf(walk->problems->arena, "write %s: {%s: NAME}",
					      field->name, field->key);
}

static bool is_comment(const char *name)
{
	return *name == '_' || *name == '#' || *name == '$' || !strncmp(name, "//", 2) ||
	       !strcmp(name, "comment");
}

/* "X-Frame-Options" or "Server", where people forget a level. */
static bool is_header_name(const char *name)
{
	return (*name >= 'A' && *name <= 'Z') || strchr(name, '-');
}

/* What kind of unknown name it is. */
static enum check unknown_check(const struct shape *shape, const char *name, bool case_only)
{
	if (case_only)
		return CHECK_FIELD_CASE;
	if (shape->modules)
		return CHECK_UNKNOWN_MATCHER;
	if (is_comment(name))
		return CHECK_COMMENT;
	return shape->header_like && is_header_name(name) ? CHECK_HEADER_NAME : CHECK_UNKNOWN_FIELD;
}

static void report_unknown(struct walk *walk, const struct block_at *at, const struct shape *shape)
{
	const char *quoted, *near = NULL;
	struct problem *p;
	bool case_only = false;
	enum check check;

	if (walk->problems->count < PROBLEMS_MAX)
		near = shape_nearest(shape, at->key, &case_only);
	check = unknown_check(shape, at->key, case_only);
	/* A key is never expanded, so it can be shown as it is. */
	quoted = walk_quote(&(struct walk){.problems = walk->problems}, NULL, at->key);
	p = walk_say(walk, at, check,
		     case_only ? "%s is in the wrong case (%s)" : "Caddy does not know %s (%s)",
		     quoted, shape->name);
	if (near && check != CHECK_COMMENT && check != CHECK_HEADER_NAME)
		p->hint = arena_printf(walk->problems->arena, "did you mean %s?", near);
}

static void walk_value(struct walk *walk, const struct block_at *at, const json_t *value,
		       const struct field *field)
{
	if (kinds[field->kind].check)
		kinds[field->kind].check(walk, at, value);
	else if (field->kind == KIND_HANDLERS)
		walk_handlers(walk, at, value);
	else if (field->kind == KIND_MODULE)
		walk_module(walk, at, value, field);
	else if (field->shape && field->kind == KIND_LIST)
		walk_list(walk, at, value, field->shape);
	else if (field->shape && field->kind == KIND_MAP)
		walk_map(walk, at, value, field->shape);
	else if (field->shape && field->kind == KIND_LIST_MAP)
		walk_list_map(walk, at, value, field->shape);
	else if (field->shape)
		walk_shape(walk, at, value, field->shape);
}

static void walk_field(struct walk *walk, const struct block_at *at, const json_t *value,
		       const struct shape *shape)
{
	const struct field *field = shape_field(shape, at->key);
	const struct mistake *known;

	if (!strcmp(at->key, "@id"))
		return; /* reported by walk_anywhere */
	if (field && json_is_null(value)) {
		if (shape->modules || field->kind == KIND_MODULE)
			walk_report(walk, at, mistake_of_check(CHECK_NULL_MEMBER));
	} else if (field) {
		if (kind_fits(walk, at, value, shape, field))
			walk_value(walk, at, value, field);
	} else if ((known = mistake_of_field(AT_FIELD, shape, at->key))) {
		walk_report(walk, at, known);
	} else {
		report_unknown(walk, at, shape);
	}
}

void walk_shape(struct walk *walk, const struct block_at *at, const json_t *value,
		const struct shape *shape)
{
	struct block_at here = {.up = at};
	json_t *member;

	json_object_foreach((json_t *)value, here.key, member)
		walk_field(walk, &here, member, shape);
	if (shape->check)
		shape->check(walk, at, value);
}

/* --- What is wrong in any structure --- */

static bool walk_anywhere(struct walk *walk, const struct block_at *at, const json_t *value,
			  unsigned depth);

static bool walk_elements(struct walk *walk, const struct block_at *at, const json_t *list,
			  unsigned depth)
{
	struct block_at here = {.up = at};
	json_t *element;

	json_array_foreach((json_t *)list, here.index, element) {
		if (json_is_null(element))
			walk_report(walk, &here, mistake_of_check(CHECK_NULL_ELEMENT));
		else if (!walk_anywhere(walk, &here, element, depth + 1))
			return false;
	}
	return true;
}

static bool walk_members(struct walk *walk, const struct block_at *at, const json_t *object,
			 unsigned depth)
{
	struct block_at here = {.up = at};
	const char *handler = json_member_text(object, "handler");
	json_t *member;

	if (handler && !strcmp(handler, "vars") && json_object_get(object, "root"))
		walk->has_root = true;
	json_object_foreach((json_t *)object, here.key, member) {
		if (!strcmp(here.key, "@id"))
			walk_report(walk, &here, mistake_of_check(CHECK_ID));
		if (!walk_anywhere(walk, &here, member, depth + 1))
			return false;
	}
	return true;
}

/* False when the block is too deep to be looked at. */
static bool walk_anywhere(struct walk *walk, const struct block_at *at, const json_t *value,
			  unsigned depth)
{
	if (depth > DEPTH_MAX) {
		walk_report(walk, NULL, mistake_of_check(CHECK_DEPTH));
		return false;
	}
	if (json_is_array(value))
		return walk_elements(walk, at, value, depth);
	if (json_is_object(value))
		return walk_members(walk, at, value, depth);
	return true;
}

static void drop_https(struct walk *walk, json_t *block)
{
	struct block_at here = {.key = "https"};

	if (!json_object_get(block, "https"))
		return;
	walk_report(walk, &here, mistake_of_check(CHECK_HTTPS_BLOCK));
	json_object_del(block, "https");
}

/* Reports what an attached app may not have; its routes are checked as any. */
static void check_attached(struct walk *walk, const json_t *block)
{
	struct block_at here = {0};
	json_t *member;

	json_object_foreach((json_t *)block, here.key, member) {
		(void)member;
		if (strcmp(here.key, "routes") != 0 && strcmp(here.key, "@id") != 0)
			walk_report(walk, &here, mistake_of_check(CHECK_ATTACHED));
	}
}

static void check_apart(struct walk *walk, const json_t *block)
{
	struct block_at listen = {.key = "listen"};
	const json_t *value = json_object_get(block, "listen");

	if (!value || json_is_null(value) || (json_is_array(value) && !json_array_size(value)))
		walk_report(walk, value ? &listen : NULL, mistake_of_check(CHECK_LISTEN_MISSING));
}

void validate_caddy(json_t *block, const struct yaml_node *node, const char *file, bool attached,
		    struct problems *problems)
{
	struct walk walk = {.node = node, .file = file, .problems = problems};

	if (!json_is_object(block)) {
		walk_report(&walk, NULL, mistake_of_check(CHECK_SERVER_TYPE));
		return;
	}
	drop_https(&walk, block);
	if (!walk_anywhere(&walk, NULL, block, 0))
		return;
	listeners_read(&walk, json_object_get(block, "listen"));
	walk_shape(&walk, NULL, block, &shape_server);
	if (attached)
		check_attached(&walk, block);
	else
		check_apart(&walk, block);
}
