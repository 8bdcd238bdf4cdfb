/*
 * Taking what is live in Caddy over into an app's kata-compose.yaml: the lines of its caddy: block
 * are written anew, and every other byte stays. Pure: bytes and structs in, bytes out.
 *
 * What came from variables keeps its source text wherever it still expands to what is live, and so
 * do dials that name a service; what is written anew has its dollars doubled where they would begin
 * a variable. No text that holds a secret of the environment is ever written out. The result is
 * read back with our own code and must be what is live, or there is none.
 */
#ifndef KATA_ADOPT_H
#define KATA_ADOPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "kata/app.h"
#include "kata/compose.h"
#include "kata/error.h"
#include "kata/memory.h"

struct adopt_input {
	const struct app_source *source; /* the app as it is on disk */
	const struct compose *compose;	 /* its services, which dials may name; or NULL */
	const json_t *live;		 /* the app's block as it is in Caddy */
	/* A copy of a block with addresses in place of its services' names, as far as they are
	 * known. NULL: no dial names any. */
	json_t *(*addresses_new)(void *arg, const json_t *block);
	/* Whether a text holds a secret that the app's environment does not know of, or NULL. */
	bool (*is_secret)(void *arg, const char *text);
	void *arg;
};

struct adopt {
	struct app before, after; /* the file decoded as it was, and as it will be */
	bool changed;		  /* false: the file says already what is live */
	bool had_block;		  /* false: the block is put at the end */
	bool names_kept;   /* dials kept names of services whose addresses are not known now */
	struct str text;   /* the whole file anew; empty when nothing changed */
	size_t start, len; /* the block in it */
};

/*
 * False: nothing can be taken over, and e says why: ERROR_NOT_FOUND (no file), ERROR_INVALID (the
 * file, or a form of it in which single lines cannot be replaced), ERROR_REFUSED (a secret, or what
 * would not read back the same). *out must be released either way. Texts live in the arena.
 */
bool adopt_make(struct adopt *out, struct arena *arena, const struct adopt_input *input,
		struct kata_error *e);
void adopt_release(struct adopt *adopt);

#endif
