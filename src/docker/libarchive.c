/*
 * Loading libarchive. What it is used for is in context.c.
 */
#include "libarchive.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	size_t offset;
} functions[] = {
#define X(name) {#name, offsetof(struct libarchive, name)},
	LIBARCHIVE_FUNCTIONS(X)
#undef X
};

/* dlerror() names the file, or the function that is not in it. */
static bool refuse(struct kata_error *e)
{
	const char *why = dlerror();

	error_set(e, ERROR_UNAVAILABLE, "cannot load libarchive, which packs a build's context: %s",
		  why ? why : "no reason was told");
	error_hint(e, "install libarchive 3 (Debian, Ubuntu: apt-get install libarchive13)");
	return false;
}

bool libarchive_load(const char *file, struct libarchive *out, struct kata_error *e)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return refuse(e);
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
		void *function = dlsym(library, functions[i].name);

		if (!function) {
			refuse(e);
			dlclose(library);
			return false;
		}
		/* ISO C knows no cast from an object's address to a function's; POSIX does. */
		memcpy((char *)out + functions[i].offset, &function, sizeof function);
	}
	return true;
}

const struct libarchive *libarchive_get(struct kata_error *e)
{
	static struct libarchive library;
	static bool loaded;

	loaded = loaded || libarchive_load(LIBARCHIVE_FILE, &library, e);
	return loaded ? &library : NULL;
}
