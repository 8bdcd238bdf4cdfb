/*
 * Private to adopt*.c: blocks whose dials may name services, and how a block becomes YAML.
 */
#ifndef KATA_CORE_ADOPT_PRIVATE_H
#define KATA_CORE_ADOPT_PRIVATE_H

#include "kata/adopt.h"

/* --- adopt_names.c --- */

/* A copy of a block with addresses for its services' names, as far as known. New reference. */
json_t *names_resolve_new(const struct adopt_input *input, const json_t *block);
/* Whether dials in an upstreams array name services. */
bool names_any(const struct adopt_input *input, const json_t *upstreams);
/* Whether a part of a resolved block is what is live. Upstreams that still name services fit any:
 * their addresses are not known. */
bool names_fit(const struct adopt_input *input, const json_t *part, const json_t *live);
/*
 * Live upstreams with names where they are what the file's dials resolve to. resolved: those of the
 * file with addresses; with some unknown, the file's own are the answer. New reference.
 */
json_t *names_upstreams_new(const struct adopt_input *input, const json_t *upstreams,
			    const json_t *resolved, const json_t *live);

/* --- adopt_block.c --- */

struct block_write {
	struct arena *arena;
	const struct adopt_input *input;
	const struct app *app;	/* as it was: its environment, its block */
	const json_t *resolved; /* that block with addresses, or NULL */
	size_t column, indent;	/* of the key; of what is below a key */
	bool names_kept;	/* out: as in struct adopt */
	bool ends_open;		/* out: the last text needs the end of its line */
};

/* "caddy:" and what is live below it; lines end in \n, but for the last one. False: something must
 * not be written. */
bool block_write(struct block_write *how, struct str *out, struct kata_error *e);

#endif
