/* Caddy's refusal texts: any text is read without harm, and what comes out is part of the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kata/caddy.h"

static void check_part(const char *message, const char *part)
{
	if (part && !strstr(message, part))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const char *message = arena_strndup(arena, (const char *)data, size);
	struct caddy_refusal out;

	caddy_refusal_parse(message, arena, &out);
	check_part(message, out.server);
	check_part(message, out.server2);
	check_part(message, out.address);
	/* The one name that Caddy's text only describes. */
	if (out.field && strcmp(out.field, "listener_wrappers") != 0)
		check_part(message, out.field);
	if (strlen(out.path) >= sizeof out.path || (out.path[0] && !out.server))
		abort();
	arena_free(arena);
	return 0;
}
