/* Entity tags: any text is taken apart without harm, and what is taken apart can be put together.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/caddy/tag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str tag = STR_INIT, again = STR_INIT;
	char *path = NULL, *hash = NULL;

	str_addn(&tag, (const char *)data, size);
	if (tag_split(tag.p, tag.len, &path, &hash)) {
		str_addf(&again, "\"%s %s\"", path, hash);
		if (again.len != tag.len || memcmp(again.p, tag.p, tag.len) != 0)
			abort();
		/* The bytes stand for a body too. */
		str_clear(&again);
		enum caddy_hash kind = tag_hash_find(hash, &tag);
		if (caddy_tag(kind, path, tag.p, tag.len, &again) != (kind != CADDY_HASH_UNKNOWN))
			abort();
		free(path);
		free(hash);
	} else if (path || hash) {
		abort();
	}
	str_release(&tag);
	str_release(&again);
	return 0;
}
