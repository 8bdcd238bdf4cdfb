/*
 * What is wrong with an app, all at once: an ordered list, each entry with its place in a
 * file, a sentence and a hint. Lives in an arena. Adding never fails; the list is
 * bounded (PROBLEMS_MAX), and what lies beyond is counted.
 */
#ifndef KATA_PROBLEM_H
#define KATA_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#include "kata/memory.h"

enum severity {
	SEVERITY_NOTE,	  /* good to know; changes nothing */
	SEVERITY_WARNING, /* the app is used, but probably not as meant */
	SEVERITY_ERROR,	  /* the app is not used; what is live stays */
};

struct place {
	const char *file;      /* shown path, or NULL */
	unsigned line, column; /* from 1; 0 = unknown */
};

struct problem {
	enum severity severity;
	struct place place;
	const char *path; /* inside the caddy block, "routes/0/handle/1", or NULL */
	const char *rule; /* the row of the table that found it, e.g. "handler-respond", or NULL */
	const char *msg;
	const char *hint; /* or NULL */
};

enum { PROBLEMS_MAX = 200 };

struct problems {
	struct arena *arena; /* borrowed */
	struct problem *items;
	size_t count, cap;
	size_t more;   /* not kept beyond PROBLEMS_MAX */
	size_t errors; /* how many have SEVERITY_ERROR, kept or not */
};

void problems_init(struct problems *list, struct arena *arena);
/* Appends; returns the entry so that path, rule and hint can be set. All text is copied
 * or must live as long as the arena: msg is formatted into it. */
struct problem *problems_add(struct problems *list, enum severity severity, struct place place,
			     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* In source order (file, line, column), keeping the order of equals. */
void problems_sort(struct problems *list);
const char *severity_name(enum severity severity); /* "note", "warning", "error" */

#endif
