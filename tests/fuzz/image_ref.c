/* Image references: any text is taken apart or refused, and the parts name the same image again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kata/docker.h"

static void same(const char *a, const char *b)
{
	if (a != b && (!a || !b || strcmp(a, b) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct image_ref ref, again;
	const char *sign;

	if (image_ref_parse(arena, arena_strndup(arena, (const char *)data, size), &ref)) {
		sign = ref.digest ? "@" : ":";
		const char *tail = ref.digest ? ref.digest : ref.tag;
		const char *full =
			arena_printf(arena, "%s/%s%s%s", ref.domain, ref.path, sign, tail);
		if (!image_ref_parse(arena, full, &again))
			abort();
		same(ref.domain, again.domain);
		same(ref.path, again.path);
		same(ref.tag, again.tag);
		same(ref.digest, again.digest);
		same(ref.name, again.name);
		if (!image_ref_parse(arena, arena_printf(arena, "%s%s%s", ref.name, sign, tail),
				     &again))
			abort();
		same(ref.domain, again.domain);
		same(ref.path, again.path);
	}
	arena_free(arena);
	return 0;
}
