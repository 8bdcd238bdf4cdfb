/*
 * Text from outside (names, YAML, Caddy's messages) is hostile. This is the one place
 * that makes it fit for a terminal, checks UTF-8, and parses numbers.
 */
#ifndef KATA_TEXT_H
#define KATA_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kata/memory.h"

/*
 * Appends `text` so that it cannot move a cursor, set a colour or reorder a line:
 * C0, DEL, C1, line and paragraph separators, bidirectional controls and bytes that are no
 * UTF-8 are shown as \n, \t, \xNN or \u{NNNN}. A backslash stays as it is.
 */
void text_safe(struct str *out, const char *text, size_t len);
/* The same for a C string, kept in the arena. */
const char *text_safe_copy(struct arena *a, const char *text);

/* Length in bytes of the valid UTF-8 sequence at p (1 to 4), or 0. Rejects overlong forms
 * and surrogates (RFC 3629). Stores the code point when cp is not NULL. */
size_t utf8_decode(const char *p, size_t len, uint32_t *cp);
/* Offset of the first byte that is not UTF-8, or len when all is well. */
size_t utf8_check(const char *p, size_t len);

/* Decimal digits only, no sign, min..max; false (out untouched) for anything else. */
bool text_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/* FNV-1a, 32 bit (Caddy's ETag hash up to 2.7) and 64 bit. */
uint32_t fnv1a32(const char *p, size_t len);
uint64_t fnv1a64(const char *p, size_t len, uint64_t seed);
#define FNV64_INIT 0xcbf29ce484222325ULL

/*
 * The name most like a mistyped word, for "did you mean". Begin with {.word = word}, offer every
 * candidate, then read `name`: the nearest one (of equals the first), or NULL when none is near.
 * Near: it differs in the case of letters only, or by a few bytes added, lost, changed or swapped
 * with the next one: one for names of 2 to 4 bytes, two for up to 7, three for longer ones. The
 * word itself is never meant.
 */
struct text_nearest {
	const char *word, *name;
	unsigned distance; /* of name; 0: only the case of letters differs */
};
void text_nearest_offer(struct text_nearest *nearest, const char *name);

#endif
