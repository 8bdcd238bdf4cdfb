/*
 * Private to the validate files: the tables (fixed structures, known mistakes) and the walk
 * that applies them. validate.c walks; validate_shapes.c and validate_rules.c hold the two
 * tables; validate_checks.c and validate_listen.c look into single values.
 */
#ifndef KATA_CORE_VALIDATE_RULES_H
#define KATA_CORE_VALIDATE_RULES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "block_path.h"
#include "kata/problem.h"
#include "kata/validate.h"
#include "kata/yaml.h"

/* --- Fixed structures (validate_shapes.c) --- */

/* What a field may hold; see the table in validate.c. null is no value to Caddy, and fits all
 * but modules. */
enum kind {
	KIND_ANY,
	KIND_BOOL,
	KIND_TEXT,
	KIND_INTEGER,
	KIND_DURATION,	 /* "5s", or whole nanoseconds */
	KIND_EXPRESSION, /* text or object */
	KIND_TEXTS,
	KIND_INTEGERS,
	KIND_TEXT_LISTS, /* list of lists of text */
	KIND_HEADERS,	 /* object whose members are lists of text */
	KIND_OBJECT,	 /* of field.shape; any object without one */
	KIND_LIST,	 /* of such objects */
	KIND_MAP,	 /* object whose members are such objects */
	KIND_LIST_MAP,	 /* object whose members are lists of such objects */
	KIND_MODULE,	 /* object that names its module in member field.key */
	KIND_HANDLERS,
	KIND_REGEXP, /* text and lists of it with rules of their own from here on */
	KIND_DIAL,
	KIND_ROOT,
	KIND_LISTEN,
	KIND_HOSTS,
	KIND_PATHS,
	KIND_PROTOCOLS,
	KIND_TLS_VERSION,
	KIND_COUNT
};

struct shape;

struct field {
	const char *name;
	enum kind kind;
	const struct shape *shape;
	const char *since; /* first Caddy that knows it; NULL: 2.6.2 does */
	const char *key;   /* KIND_MODULE */
};

struct walk;

struct shape {
	const char *name;    /* as in "of a route"; a handler's name for handlers */
	const char *example; /* how one is written, or NULL */
	bool handler;
	bool modules;		    /* members are modules: no null, names by exact case */
	bool header_like;	    /* people put header names straight into it */
	const struct field *fields; /* ends with a NULL name */
	/* What goes beyond the fields' types, or NULL. */
	void (*check)(struct walk *walk, const struct block_at *at, const json_t *object);
};

extern const struct shape shape_server, shape_transport_http, shape_http_basic;

struct handler {
	const char *name;
	const struct shape *shape; /* NULL: not looked into */
	const char *since;
};

/* NULL when no Caddy up to the newest known one has it. */
const struct handler *handler_find(const char *name);
const struct field *shape_field(const struct shape *shape, const char *name);
/* The known name that differs only in case, else one that is nearly the same; or NULL. */
const char *shape_nearest(const struct shape *shape, const char *name, bool *case_only);
const char *handler_nearest(const char *name, bool *case_only);
/* "needs Caddy 2.8 or newer" for what a field or handler of that name needs, or NULL. */
const char *shape_since_hint(const char *field);
const char *handler_since_hint(const char *name);

/* --- Known mistakes (validate_rules.c) --- */

/* Rows that code finds; all others are found by their names. */
enum check {
	CHECK_SERVER_TYPE,
	CHECK_TYPE,
	CHECK_UNKNOWN_FIELD,
	CHECK_FIELD_CASE,
	CHECK_COMMENT,
	CHECK_UNKNOWN_HANDLER,
	CHECK_HANDLER_CASE,
	CHECK_HANDLER_MISSING,
	CHECK_UNKNOWN_MATCHER,
	CHECK_MODULE_KEY,
	CHECK_NULL_ELEMENT,
	CHECK_NULL_MEMBER,
	CHECK_ID,
	CHECK_DEPTH,
	CHECK_HTTPS_BLOCK,
	CHECK_ATTACHED,
	CHECK_LISTEN_MISSING,
	CHECK_LISTEN_FORM,
	CHECK_LISTEN_PORT,
	CHECK_LISTEN_NO_PORT,
	CHECK_LISTEN_RANDOM_PORT,
	CHECK_LISTEN_IPV6,
	CHECK_LISTEN_UDP,
	CHECK_LISTEN_URL,
	CHECK_LISTEN_NETWORK,
	CHECK_LISTEN_STAR,
	CHECK_LISTEN_REPEATED,
	CHECK_LISTEN_TWICE,
	CHECK_UPSTREAM_IS_LISTENER,
	CHECK_UPSTREAMS_MISSING,
	CHECK_DIAL_URL,
	CHECK_DIAL_NO_PORT,
	CHECK_DIAL_PORT,
	CHECK_TLS_WITHOUT_HOSTS,
	CHECK_TLS_POLICIES_EMPTY,
	CHECK_TLS_VERSION,
	CHECK_PROTOCOL,
	CHECK_PROTOCOL_ALONE,
	CHECK_HOST_FORM,
	CHECK_HOST_REPEATED,
	CHECK_PATH_SLASH,
	CHECK_REGEXP,
	CHECK_DURATION,
	CHECK_HEADER_NAME,
	CHECK_HEADERS_EMPTY,
	CHECK_TRANSPORT_HTTPS,
	CHECK_RESOLVER_EMPTY,
	CHECK_EXPRESSION,
	CHECK_ENCODING,
	CHECK_ROOT_RELATIVE,
	CHECK_ROOT_MISSING,
	CHECK_PASSWORD_PLAIN,
	CHECK_PASSWORD_HASH,
	CHECK_PASSWORD_BASE64,
	CHECK_ACCOUNT,
	CHECK_COUNT
};

enum mistake_at {
	AT_CODE,    /* a check above */
	AT_FIELD,   /* a field that its structure does not have */
	AT_TYPE,    /* a field with a value of the wrong type */
	AT_HANDLER, /* a handler's name */
	AT_REFUSAL, /* seen only in what Caddy says */
};

struct mistake {
	struct mistake_row row;
	enum mistake_at at;
	const char *shape;   /* AT_FIELD, AT_TYPE: name of the structure, or NULL: every one */
	const char *names;   /* fields or handlers, separated by blanks */
	const char *refusal; /* part of Caddy's message, beyond what the names give; or NULL */
};

const struct mistake *mistake_of_check(enum check check);
const struct mistake *mistake_of_field(enum mistake_at at, const struct shape *shape,
				       const char *field);
const struct mistake *mistake_of_handler(const char *name);

/* --- The walk (validate.c) --- */

/* An address of listen, taken apart as Caddy does. */
struct listener {
	const char *network;  /* lower case; NULL: could not be read */
	const char *host;     /* without brackets; the whole rest where there are no ports */
	unsigned first, last; /* ports; 0 and 0 when there are none */
	enum check fault;     /* CHECK_COUNT: none */
};

struct walk {
	const struct yaml_node *node; /* or NULL */
	const char *file;
	struct problems *problems;
	bool has_root; /* a vars handler sets root somewhere */
	struct listener *listeners;
	size_t listener_count;
};

/* Adds a problem of a row at a position, in the row's own words. */
struct problem *walk_report(struct walk *walk, const struct block_at *at,
			    const struct mistake *mistake);
/* The same for a check, in words that fit the case. */
struct problem *walk_say(struct walk *walk, const struct block_at *at, enum check check,
			 const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A value's text in quotes and cut, as the person wrote it (so nothing that was
 * expanded shows). In the arena of the problems. */
const char *walk_quote(struct walk *walk, const struct block_at *at, const char *text);
void walk_shape(struct walk *walk, const struct block_at *at, const json_t *value,
		const struct shape *shape);

/* --- Single values (validate_checks.c, validate_listen.c) --- */

/* Reads the listen addresses into walk->listeners, as far as they can be read. */
void listeners_read(struct walk *walk, const json_t *listen);

typedef void value_check(struct walk *walk, const struct block_at *at, const json_t *value);

value_check check_listen, check_dial;
value_check check_hosts, check_paths, check_regexp, check_duration, check_protocols,
	check_tls_version, check_root, check_expression;
value_check check_server, check_reverse_proxy, check_file_server, check_encode, check_http_basic,
	check_authentication, check_response_headers, check_upstream;

#endif
