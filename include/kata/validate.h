/*
 * The checks of a caddy: block that need no Caddy, all at once, from two tables: the fixed
 * structures of Caddy's HTTP app (field, JSON type, first version) and the known mistakes.
 * Pure. Source: caddyhttp (Server, Route, HTTPErrorConfig, ServerLogConfig, AutoHTTPSConfig,
 * caddytls.ConnectionPolicy), and what Caddy 2.6.2 to 2.11 answered to each mistake.
 */
#ifndef KATA_VALIDATE_H
#define KATA_VALIDATE_H

#include <jansson.h>

#include "kata/problem.h"
#include "kata/yaml.h"

/*
 * Adds to problems everything that is wrong in `block` (a server object, expanded). `node` is the
 * YAML the block came from (places; the block's paths exist in it as far as yaml_find can follow),
 * NULL for none. May remove from the block what only older Kata understood (https:), with a
 * warning. Errors are what no supported Caddy accepts, or what hurts Caddy (null elements, udp/
 * listeners,
 * @id); doubts are warnings, and Caddy decides. `attached`: the app uses x-kata-server, so only
 * `routes` is allowed and listen must be absent.
 */
void validate_caddy(json_t *block, const struct yaml_node *node, const char *file, bool attached,
		    struct problems *problems);

/*
 * The hint of the known-mistakes table for a refusal text of Caddy ("unknown module:
 * http.handlers.respond"), or NULL. Static text. */
const char *validate_refusal_hint(const char *message);

/* Rows, for documents and tests; NULL past the end. */
struct mistake_row {
	const char *rule; /* stable name */
	enum severity severity;
	const char *what; /* the mistake, in a few words */
	const char *hint;
};
const struct mistake_row *validate_row(size_t i);

#endif
