/* Streams from an engine: the same bytes in one piece and cut anywhere give the same objects, the
 * same output, and the same end. The first byte says where to cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/docker/split.h"
#include "kata/json.h"

static bool see(void *arg, const json_t *object)
{
	struct str *seen = arg;

	json_canonical(seen, object);
	str_addc(seen, '\n');
	return true;
}

static bool put(void *arg, int stream, const char *bytes, size_t len)
{
	struct str *seen = arg;

	if ((stream != 1 && stream != 2) || len == 0)
		abort();
	/* Byte by byte, so that the cuts do not show. */
	for (size_t i = 0; i < len; i++) {
		str_addc(seen, (char)stream);
		str_addc(seen, bytes[i]);
	}
	return true;
}

static bool split(const char *bytes, size_t size, size_t piece, struct str *seen)
{
	struct docker_split split = DOCKER_SPLIT_INIT;
	struct kata_error e;
	bool ok = true;

	for (size_t at = 0; ok && at < size; at += piece)
		ok = docker_split_add(&split, bytes + at, size - at < piece ? size - at : piece,
				      see, seen, &e);
	return docker_split_end(&split, &e) && ok;
}

static bool demux(const char *bytes, size_t size, size_t piece, struct str *seen)
{
	struct docker_demux state = {0};
	bool ok = true;

	for (size_t at = 0; ok && at < size; at += piece)
		ok = docker_demux_add(&state, bytes + at, size - at < piece ? size - at : piece,
				      put, seen);
	return ok;
}

static void compare(const char *bytes, size_t size, size_t piece,
		    bool (*run)(const char *, size_t, size_t, struct str *))
{
	struct str whole = STR_INIT, cut = STR_INIT;

	if (run(bytes, size, size, &whole) != run(bytes, size, piece, &cut) ||
	    whole.len != cut.len || memcmp(whole.p, cut.p, whole.len) != 0)
		abort();
	str_release(&whole);
	str_release(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly this size, so that reading beyond it is seen. */
	char *bytes = malloc(size > 1 ? size - 1 : 1);

	if (size < 2 || !bytes) {
		free(bytes);
		return 0;
	}
	memcpy(bytes, data + 1, size - 1);
	compare(bytes, size - 1, data[0] % 32u + 1, split);
	compare(bytes, size - 1, data[0] % 32u + 1, demux);
	free(bytes);
	return 0;
}
