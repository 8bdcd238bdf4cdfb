/*
 * .dockerignore: which paths of a build context stay at home. The rules are those of
 * github.com/moby/patternmatcher: one pattern a line, `#` in the first column begins a comment, `!`
 * takes back, the last pattern that matches decides, a pattern that matches a folder matches all
 * below it; `*`, `?` and `[a-z]` within one name, `**` across names. What differs: `\d` and
 * its like mean the letter, and `*` in a set is itself, as a person would expect.
 */
#ifndef KATA_DOCKERIGNORE_H
#define KATA_DOCKERIGNORE_H

#include <stdbool.h>
#include <stddef.h>

#include "kata/error.h"
#include "kata/memory.h"

struct dockerignore;

/* The patterns of a file's bytes (none: ""), in the arena. NULL: a pattern makes no sense
 * (ERROR_INVALID, where "file:line"). */
struct dockerignore *dockerignore_parse(struct arena *arena, const char *bytes, size_t len,
					const char *file, struct kata_error *e);
/* Takes one path back, whatever the patterns say. It is no pattern. */
void dockerignore_keep(struct dockerignore *ignore, const char *path);
/* Whether the path (relative to the context, "a/b", without "./") is left out. Takes time in
 * proportion to the lengths of path and patterns. */
bool dockerignore_match(struct dockerignore *ignore, const char *path);
/* Whether something below a folder that is left out may have been taken back. */
bool dockerignore_may_hold(const struct dockerignore *ignore, const char *folder);

#endif
