/*
 * The structural difference of two JSON values, and the smallest request that turns the one into
 * the other by the rules of Caddy's /config paths. Pure.
 *
 * Paths are joined by '/', array positions are decimal. Only keys of [A-Za-z0-9_.:@+-] can be
 * addressed in Caddy (a percent-encoded slash splits a path, blanks break If-Match); a change below
 * any other key, of an "@id", or to null is made one level higher.
 */
#ifndef KATA_DIFF_H
#define KATA_DIFF_H

#include <jansson.h>
#include <stdbool.h>

#include "kata/json.h"
#include "kata/memory.h"

/* Called for each difference, in path order; before/after NULL for added/removed. */
typedef void diff_fn(void *arg, const char *path, const json_t *before, const json_t *after);
/* Elements that only moved because of one insertion or removal are not reported. */
void diff_walk(const json_t *before, const json_t *after, diff_fn *fn, void *arg);

struct diff_request {
	const char *method; /* PATCH, PUT, POST, DELETE; NULL: equal */
	const char *path;   /* relative, "" = the value itself; in the arena */
	const json_t *body; /* borrowed from after; NULL for DELETE */
	const json_t *old;  /* what stood there, or NULL */
};
/* One request that makes all of it. */
void diff_request(struct arena *a, const json_t *before, const json_t *after,
		  struct diff_request *out);

/* Whether Caddy can address this key as a path segment. */
bool diff_key_addressable(const char *key);

/*
 * JSON text of `after`, where every part that is the very same object as in `before` (same
 * pointer) is copied from the bytes `raw` that `before` was read from.
 */
void diff_compose(struct str *out, const json_t *after, const json_t *before, struct json_span raw);

#endif
