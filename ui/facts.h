/*
 * What is known: the latest answer of each of our reading commands, how old it is, and why there is
 * no newer one. Read again when something says that it may have changed (live.h), never on a timer
 * of its own. An answer that failed leaves the last good one standing, with its age.
 */
#ifndef KATA_UI_FACTS_H
#define KATA_UI_FACTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "kata/error.h"
#include "kata/memory.h"
#include "ui/jobs.h"

enum fact_kind {
	FACT_APPS,   /* ls --json */
	FACT_PLAN,   /* --diff --json */
	FACT_STATUS, /* status --json */
	FACT_PS,     /* ps --json */
	FACT_COUNT,
};

struct fact {
	json_t *value;	 /* the last good answer, or NULL; owned */
	struct str text; /* the same as it was said */
	int status;	 /* that it came with */
	int64_t good_ms; /* when it came; 0: never */
	bool failed;	 /* the latest try gave no answer; error says why */
	bool reading, again;
	int64_t began_ms; /* of the try under way */
	struct kata_error error;
	unsigned generation; /* counts good answers that were others, and failures */
	struct facts *of;
	int64_t poked_ms;  /* the first poke that no reading has followed yet; 0: none */
	int64_t rest_ms;   /* not read again before */
	unsigned failures; /* in a row */
};

struct facts {
	struct jobs *jobs;
	struct loop *loop;
	struct fact fact[FACT_COUNT];
	uint64_t timers[FACT_COUNT];
	struct reader *readers[FACT_COUNT];
	void (*changed)(void *arg, enum fact_kind kind);
	void *arg;
};

enum { FACT_SOON_MS = 80, FACT_LATEST_MS = 400, FACT_TIMEOUT_MS = 20000 };

void facts_init(struct facts *facts, struct jobs *jobs, struct loop *loop,
		void (*changed)(void *arg, enum fact_kind kind), void *arg);
void facts_release(struct facts *facts);
/* Reads these (bits 1 << FACT_...) soon: pokes within FACT_SOON_MS are one reading; one that comes
 * during a reading makes another follow. After a failure it is tried again by itself: after 1, 2,
 * 4, 8, then every 10 s. */
void facts_poke(struct facts *facts, unsigned kinds);

/* What was read of these cannot be right any more, since a server went away: no row made of it is
 * good until it is read again. */
void facts_doubt(struct facts *facts, unsigned kinds, const struct kata_error *e);

/* --- rows for the lists, made of the facts (pure; new arrays) --- */

/* Apps: {"name", "state": good|busy|drift|bad|off|foreign|unknown, "why"?, "mode", "mode_rule",
 * "add", "change", "remove" (numbers of pending changes, containers and routes together),
 * "running", "wanted" (null: unknown), "hosts" (text), "listen" (text), "problems" (number),
 * "job"? (word of a running job)} */
json_t *rows_apps_new(const struct facts *facts, struct jobs *jobs);
/* Caddy servers: {"id": "endpoint/name", "endpoint", "server", "app" (null: foreign), "apps"
 * (array: all whose routes are in it), "state", "listen", "hosts", "routes", "requests", "health",
 * "drift" (number of pending changes)} ; a Caddy that does not answer is one row with state bad. */
json_t *rows_servers_new(const struct facts *facts);
/* Containers and tasks: ps's members, plus "state" as above, "word" (engine's state), "uptime" or
 * "exited 137", "cpu" (percent, number or null), "memory" (bytes or null), "ports" (text), "key"
 * (unique). stats: {id: {"cpu", "memory"}}, may be NULL. */
json_t *rows_containers_new(const struct facts *facts, const json_t *stats, int64_t now_s);
/* The tree: apps, below them services, below them containers; "depth", "kind": app|service|
 * container, "key". shut: object of keys that are closed. */
json_t *rows_tree_new(const json_t *apps, const json_t *containers, const json_t *shut);
/* Changes of an app in the plan, for the Diff tab: appended as lines. app NULL: all. */
struct pane;
void facts_diff(const struct facts *facts, const char *app, struct pane *pane);

#endif
