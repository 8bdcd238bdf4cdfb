/* libarchive is loaded when a build context needs it. This program is not linked with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../../src/docker/context.h"
#include "../../src/docker/libarchive.h"
#include "kata/file.h"
#include "kata/memory.h"

static char folder[64];
static struct kata_error e;

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/kata-libarchive-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return file_remove_tree(folder, "/tmp", &e) ? 0 : -1;
}

static bool is_loaded(void)
{
	void *library = dlopen(LIBARCHIVE_FILE, RTLD_NOW | RTLD_NOLOAD);

	if (library)
		dlclose(library);
	return library != NULL;
}

static void assert_refused(const char *why)
{
	assert_int_equal(e.code, ERROR_UNAVAILABLE);
	if (!strstr(e.msg, "libarchive") || !strstr(e.msg, why))
		fail_msg("%s", e.msg);
	assert_non_null(strstr(e.hint, "libarchive13"));
}

static void what_is_not_there_is_named(void **state)
{
	struct libarchive library;

	(void)state;
	assert_false(libarchive_load("libkata-none.so.1", &library, &e));
	assert_refused("libkata-none.so.1");
}

static void a_library_without_the_functions_is_told(void **state)
{
	struct libarchive library;

	(void)state;
	assert_false(libarchive_load("libc.so.6", &library, &e));
	assert_refused("archive_entry_clear");
}

static void open_files_at_most(rlim_t max)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void contexts_load_it(void **state)
{
	struct build_context *context;
	struct str tar = STR_INIT;
	struct rlimit before;
	char bytes[512];
	ssize_t n;

	(void)state;
	assert_false(is_loaded());
	/* Where it cannot be loaded, the context says so. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	open_files_at_most(0);
	context = build_context_new(folder, NULL, "FROM scratch\n", &e);
	open_files_at_most(before.rlim_cur);
	assert_null(context);
	assert_refused(LIBARCHIVE_FILE);
	assert_false(is_loaded());

	context = build_context_new(folder, NULL, "FROM scratch\n", &e);
	if (!context)
		fail_msg("%s", e.msg);
	assert_true(is_loaded());
	while ((n = build_context_read(context, bytes, sizeof bytes)) > 0)
		str_addn(&tar, bytes, (size_t)n);
	assert_int_equal(n, 0);
	assert_true(tar.len > 1024 && !memcmp(tar.p + 257, "ustar", 5));
	assert_non_null(memmem(tar.p, tar.len, "FROM scratch\n", 13));
	str_release(&tar);
	build_context_free(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_there_is_named),
		cmocka_unit_test(a_library_without_the_functions_is_told),
		cmocka_unit_test(contexts_load_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
