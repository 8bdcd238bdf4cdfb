/*
 * Caddy's entity tags: the path of a read and a hash of the bytes that it answered. Up to 2.7 the
 * hash is FNV-1a with 32 bits, from 2.8 XXH64; which one is seen by computing both. Source:
 * caddy.go (changeConfig, makeEtag).
 */
#include "tag.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "kata/memory.h"
#include "kata/text.h"

/* How Caddy prints the hash of these bytes. */
static void hash_text(enum caddy_hash hash, const char *bytes, size_t len, struct str *out)
{
	if (hash == CADDY_HASH_FNV1A32)
		str_addf(out, "%08x", (unsigned)fnv1a32(bytes, len));
	else
		str_addf(out, "%016llx", (unsigned long long)XXH64(bytes, len, 0));
}

bool caddy_tag(enum caddy_hash hash, const char *path, const char *bytes, size_t len,
	       struct str *out)
{
	struct str body = STR_INIT;

	if (hash == CADDY_HASH_UNKNOWN)
		return false;
	/* Caddy hashes what its JSON encoder wrote, and that ends every value with a newline. */
	str_addn(&body, bytes, len);
	str_addc(&body, '\n');
	str_addf(out, "\"%s ", path);
	hash_text(hash, body.p, body.len, out);
	str_addc(out, '"');
	str_release(&body);
	return true;
}

enum caddy_hash tag_hash_find(const char *hash, const struct str *body)
{
	static const enum caddy_hash kinds[] = {CADDY_HASH_FNV1A32, CADDY_HASH_XXH64};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct str text = STR_INIT;

		hash_text(kinds[i], body->p, body->len, &text);
		bool same = strcmp(text.p, hash) == 0;
		str_release(&text);
		if (same)
			return kinds[i];
	}
	return CADDY_HASH_UNKNOWN;
}

static bool is_hex(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!memchr("0123456789abcdef", p[i], 16))
			return false;
	return len > 0;
}

static char *copy(const char *p, size_t len)
{
	struct str s = STR_INIT;

	str_addn(&s, p, len);
	return str_detach(&s);
}

bool tag_split(const char *tag, size_t len, char **path, char **hash)
{
	if (len < 2 || tag[0] != '"' || tag[len - 1] != '"')
		return false;
	tag++;
	len -= 2;
	const char *blank = memchr(tag, ' ', len);
	size_t path_len = blank ? (size_t)(blank - tag) : 0;
	if (path_len == 0 || memchr(tag, '"', len) || memchr(tag, '\0', len) ||
	    !is_hex(blank + 1, len - path_len - 1))
		return false;
	*path = copy(tag, path_len);
	*hash = copy(blank + 1, len - path_len - 1);
	return true;
}
