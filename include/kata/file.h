/*
 * Files: reading whole, writing atomically, listing, removing trees. Everything close-on-exec.
 */
#ifndef KATA_FILE_H
#define KATA_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "kata/error.h"
#include "kata/memory.h"

/* Appends the file's bytes. Only regular files (no FIFOs, devices, folders: ERROR_INVALID);
 * ERROR_NOT_FOUND for no such file (a dangling link is ERROR_INVALID), ERROR_DENIED, ERROR_INVALID
 * for more than max bytes.
 * dirfd may be AT_FDCWD. */
bool file_read(int dirfd, const char *path, size_t max, struct str *out, struct kata_error *e);

/* Writes through a temporary file in the same folder (mode, fsync, rename), only when the content
 * differs. *changed (may be NULL) says whether it did. An unchanged file that is more open than
 * mode is narrowed to it. A link there is replaced, not followed. */
bool file_write(const char *path, const char *bytes, size_t len, mode_t mode, bool *changed,
		struct kata_error *e);
/* Creates only if absent, atomically (link); an existing file is ERROR_EXISTS. */
bool file_create(const char *path, const char *bytes, size_t len, mode_t mode,
		 struct kata_error *e);

/* Creates a folder; an existing folder is fine (*created false). What root makes, here and above,
 * takes the owner of its folder. */
bool file_mkdir(const char *path, mode_t mode, bool *created, struct kata_error *e);

/* Names in a folder, sorted bytewise, without . and .. ; in the arena. Fails whole or not. */
bool file_list(const char *path, struct arena *arena, const char ***names, size_t *count,
	       struct kata_error *e);

/* Removes a file, link or whole tree without following links or leaving the file system it is on.
 * Absent is fine. The tree is first renamed into `trash` (a folder on the same file system), so
 * that it vanishes at once and whole; what then cannot be removed is reported and stays there. With
 * something mounted in it nothing is touched (ERROR_INVALID). */
bool file_remove_tree(const char *path, const char *trash, struct kata_error *e);

#endif
