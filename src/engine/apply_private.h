/*
 * Private to apply.c and blame.c: one run against one Caddy.
 */
#ifndef KATA_ENGINE_APPLY_PRIVATE_H
#define KATA_ENGINE_APPLY_PRIVATE_H

#include "kata/engine.h"

struct apply {
	struct world *world;
	struct member *member;
	const struct engine_options *options;
	int64_t since; /* first conflict, ms; 0 = none */
	bool lost;     /* the last write got no answer: it may be stored */
};

enum blame {
	BLAME_APP,     /* an app was set aside: plan again */
	BLAME_NOBODY,  /* no app of this run can be the cause; member->error says so */
	BLAME_UNKNOWN, /* the text names nobody */
};

enum { RESTART_MS = 3000 }; /* how long a reloading or restarting Caddy is waited for */

/* Reads one member afresh; a connection that closes early is tried again for a moment. */
bool member_read(struct world *world, struct member *member);
/* Finds the app that Caddy's refusal (member->error) is about and sets it aside. */
enum blame blame_refusal(struct apply *run);
/* Whether an address could be listened on now: tries to bind it. False: *why says by whom it is
 * taken, in the arena. What cannot be told (no permission, a name) counts as free. */
bool probe_address(const char *address, struct arena *a, const char **why);
/* Sets aside the apps of the plan whose new addresses are taken. True when there were any. */
bool probe_plan(struct apply *run);

#endif
