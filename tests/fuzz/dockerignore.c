/* .dockerignore: a first line is the path, the rest the patterns. Any bytes are taken or refused
 * with a place, and matching neither takes long nor depends on what was asked before. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kata/dockerignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const char *text = (const char *)data;
	const char *end = size ? memchr(text, '\n', size) : NULL;
	size_t len = end ? (size_t)(end - text) : size;
	const char *path = arena_strndup(arena, text, len);
	struct kata_error e = {0};
	struct dockerignore *ignore;

	text += len + (end != NULL);
	ignore = dockerignore_parse(arena, text, (size_t)((const char *)data + size - text), "f",
				    &e);
	if (!ignore && (e.code != ERROR_INVALID || !e.msg[0] || strncmp(e.where, "f:", 2) != 0))
		abort();
	if (ignore) {
		bool matched = dockerignore_match(ignore, path);

		dockerignore_may_hold(ignore, path);
		dockerignore_match(ignore, "some/other");
		if (dockerignore_match(ignore, path) != matched)
			abort();
		/* A parent that is out takes all with it, unless something is taken back. */
		char *slash = strrchr(path, '/');
		if (slash && slash != path &&
		    !memchr(text, '!', size - (size_t)(text - (const char *)data))) {
			const char *parent = arena_strndup(arena, path, (size_t)(slash - path));

			if (dockerignore_match(ignore, parent) && !matched)
				abort();
		}
		dockerignore_keep(ignore, path);
		if (dockerignore_match(ignore, path))
			abort();
	}
	arena_free(arena);
	return 0;
}
