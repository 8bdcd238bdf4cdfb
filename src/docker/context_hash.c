/*
 * Whether a build's context changed since it was last built: the hash of all that would be sent.
 */
#include "context.h"

#include <stdlib.h>

#include "kata/docker.h"
#include "kata/hash.h"
#include "kata/json.h"

enum { PIECE = 64 << 10 };

bool docker_context_hash(const json_t *build, char out[SHA256_HEX + 1], struct kata_error *e)
{
	const char *folder = json_member_text(build, "context");
	struct build_context *context;
	struct sha256 *sum;
	char *piece;
	ssize_t n;

	/* What lies elsewhere is the engine's to fetch and compare. */
	if (!folder || *folder != '/')
		return error_set(e, ERROR_INVALID, "the context is no folder of this host");
	context = build_context_new(folder, json_member_text(build, "dockerfile"),
				    json_member_text(build, "dockerfile_inline"), e);
	if (!context)
		return false;
	sum = sha256_begin();
	piece = xmalloc(PIECE);
	while ((n = build_context_read(context, piece, PIECE)) > 0)
		sha256_add(sum, piece, (size_t)n);
	sha256_end(sum, out);
	free(piece);
	if (n < 0 && build_context_error(context))
		*e = *build_context_error(context);
	build_context_free(context);
	return n == 0;
}
