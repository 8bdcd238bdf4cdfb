/*
 * Caddy's entity tags, `"<path> <hash>"`: what client.c needs of tag.c. Making one is caddy_tag().
 */
#ifndef KATA_CADDY_TAG_H
#define KATA_CADDY_TAG_H

#include <stdbool.h>
#include <stddef.h>

#include "kata/caddy.h"

/* Takes a tag apart into heap strings that are yours; false (nothing made) for anything else: weak,
 * without quotes, other than two words, a hash that is not lower-case hexadecimal. */
bool tag_split(const char *tag, size_t len, char **path, char **hash);

/* The kind of hash that gives this text for these bytes, which include the final newline. */
enum caddy_hash tag_hash_find(const char *hash, const struct str *body);

#endif
