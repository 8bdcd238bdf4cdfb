/*
 * libarchive, loaded at its first use: it brings a dozen libraries along (XML, ICU, compression),
 * which every start would have to load for the one job that is rare, a build. Private to docker/.
 */
#ifndef KATA_DOCKER_LIBARCHIVE_H
#define KATA_DOCKER_LIBARCHIVE_H

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>

#include "kata/error.h"

#define LIBARCHIVE_FUNCTIONS(X)                                                                    \
	X(archive_entry_clear)                                                                     \
	X(archive_entry_copy_pathname)                                                             \
	X(archive_entry_copy_stat)                                                                 \
	X(archive_entry_copy_symlink)                                                              \
	X(archive_entry_free)                                                                      \
	X(archive_entry_new)                                                                       \
	X(archive_entry_set_gid)                                                                   \
	X(archive_entry_set_size)                                                                  \
	X(archive_entry_set_uid)                                                                   \
	X(archive_write_close)                                                                     \
	X(archive_write_data)                                                                      \
	X(archive_write_finish_entry)                                                              \
	X(archive_write_free)                                                                      \
	X(archive_write_header)                                                                    \
	X(archive_write_new)                                                                       \
	X(archive_write_open)                                                                      \
	X(archive_write_set_bytes_per_block)                                                       \
	X(archive_write_set_format_gnutar)

/* The functions that are used, under their own names. */
struct libarchive {
#define X(name) __typeof__(&(name)) name;
	LIBARCHIVE_FUNCTIONS(X)
#undef X
};

#define LIBARCHIVE_FILE "libarchive.so.13" /* its soname since 3.0 */

/* Loads the library of that name, for as long as the process lives. False: e says what is missing.
 */
bool libarchive_load(const char *file, struct libarchive *out, struct kata_error *e);
/* The library, loaded when this is called first. NULL: e says why it cannot be. */
const struct libarchive *libarchive_get(struct kata_error *e);

#endif
