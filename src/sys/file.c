/*
 * Files: reading whole, writing atomically, making and listing folders. Removing trees is in
 * file_remove.c. Everything is close-on-exec, nothing waits on a FIFO, and what is written never
 * goes through a link in the last component.
 */
#include "kata/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kata/error.h"
#include "kata/memory.h"

enum { READ_SMALL = 8 << 10, TRIES = 100 };

/* --- reading --- */

struct file_want {
	const char *path;
	size_t size; /* as the file says; 0: it does not know */
	size_t max;
};

/* A link that leads nowhere is there, yet cannot be read. */
static bool refuse_open(int dirfd, const char *path, struct kata_error *e)
{
	int number = errno;
	struct stat st;

	if (number == ELOOP)
		return error_set(e, ERROR_INVALID, "%s is a link that leads to itself", path);
	if (number == ENXIO || number == ENODEV)
		return error_set(e, ERROR_INVALID, "%s is no regular file", path);
	if (number == ENOENT && fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return error_set(e, ERROR_INVALID, "%s is a link to nothing", path);
	errno = number;
	return error_sys(e, "cannot read %s", path);
}

/* Reads to the end. A file that says its size is read with one call, since each costs as much as a
 * small file's content; others (/proc) until nothing comes. */
static bool read_all(int fd, const struct file_want *want, struct str *out, struct kata_error *e)
{
	char small[READ_SMALL], *buffer = small;
	size_t room = want->size ? want->size + 1 : sizeof small, got = 0;
	bool ok = false;

	if (room > sizeof small)
		buffer = xmalloc(room);
	while (!ok) {
		ssize_t n = read(fd, buffer, room);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			error_sys(e, "cannot read %s", want->path);
			break;
		}
		if ((size_t)n > want->max - got) {
			error_set(e, ERROR_INVALID, "%s is larger than %zu bytes", want->path,
				  want->max);
			break;
		}
		str_addn(out, buffer, (size_t)n);
		got += (size_t)n;
		ok = !n || (want->size && (size_t)n < room);
	}
	if (buffer != small)
		free(buffer);
	return ok;
}

bool file_read(int dirfd, const char *path, size_t max, struct str *out, struct kata_error *e)
{
	struct stat st;
	bool ok = false;
	size_t start = out->len;

	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return refuse_open(dirfd, path, e);
	if (fstat(fd, &st) < 0) {
		error_sys(e, "cannot read %s", path);
	} else if (!S_ISREG(st.st_mode)) {
		error_set(e, ERROR_INVALID, "%s is no regular file", path);
	} else if ((uint64_t)st.st_size > max) {
		error_set(e, ERROR_INVALID, "%s is larger than %zu bytes", path, max);
	} else {
		struct file_want want = {path, (size_t)st.st_size, max};

		ok = read_all(fd, &want, out, e);
	}
	close(fd);
	if (!ok && out->len > start)
		out->p[out->len = start] = '\0';
	return ok;
}

/* --- writing --- */

/* A place to write to: the open folder and the name in it. */
struct place {
	int dir;
	char *folder;
	const char *name; /* inside path */
	struct stat st;	  /* of the folder */
};

static void place_close(struct place *place)
{
	if (place->dir >= 0)
		close(place->dir);
	free(place->folder);
}

static bool place_open(struct place *place, const char *path, struct kata_error *e)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	*place = (struct place){.dir = -1, .name = slash ? slash + 1 : path};
	if (!place->name[0] || strcmp(place->name, ".") == 0 || strcmp(place->name, "..") == 0)
		return error_set(e, ERROR_INVALID, "\"%s\" names no file", path);
	if (slash) {
		place->folder = xmalloc(len + 2);
		memcpy(place->folder, path, len ? len : 1);
		place->folder[len ? len : 1] = '\0';
	} else {
		place->folder = xstrdup(".");
	}
	place->dir = open(place->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->dir >= 0 && fstat(place->dir, &place->st) == 0)
		return true;
	error_sys(e, "cannot write %s", path);
	place_close(place);
	return false;
}

/* What root makes belongs to the owner of the folder it is in. */
static int give_to_owner(int fd, const struct stat *folder)
{
	if (geteuid() != 0 || (folder->st_uid == 0 && folder->st_gid == getegid()))
		return 0;
	return fchown(fd, folder->st_uid, folder->st_gid);
}

static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

/* Opens a new hidden file beside the target; its name goes into `name`. */
static int temp_open(const struct place *place, char name[32])
{
	for (int i = 0; i < TRIES; i++) {
		unsigned long long number = 0;

		if (getrandom(&number, sizeof number, 0) < 0 && errno != EINTR)
			return -1;
		snprintf(name, 32, ".kata-%016llx", number);
		int fd = openat(place->dir, name,
				O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

/* Writes a complete temporary file, on disk when this returns true; else there is none. */
static bool temp_write(const struct place *place, const char *bytes, size_t len, mode_t mode,
		       char name[32])
{
	int fd = temp_open(place, name);

	if (fd < 0)
		return false;
	bool ok = give_to_owner(fd, &place->st) == 0 && write_all(fd, bytes, len) &&
		  fchmod(fd, mode) == 0 && fsync(fd) == 0;
	int number = errno;
	if (close(fd) < 0 && ok) {
		number = errno;
		ok = false;
	}
	if (!ok)
		unlinkat(place->dir, name, 0);
	errno = number;
	return ok;
}

/* True when the regular file there holds exactly these bytes; then too open a mode is narrowed. */
static bool same_content(const struct place *place, const char *bytes, size_t len, mode_t mode)
{
	struct file_want want = {place->name, len, len};
	struct str held = STR_INIT;
	struct kata_error ignored;
	struct stat st;

	int fd = openat(place->dir, place->name,
			O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return false;
	bool same = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size == len &&
		    read_all(fd, &want, &held, &ignored) && held.len == len &&
		    memcmp(held.p, bytes, len) == 0;
	if (same && (st.st_mode & 07777 & ~mode))
		same = fchmod(fd, mode) == 0;
	str_release(&held);
	close(fd);
	return same;
}

bool file_write(const char *path, const char *bytes, size_t len, mode_t mode, bool *changed,
		struct kata_error *e)
{
	struct place place;
	char temp[32];
	bool ok = true;

	if (changed)
		*changed = false;
	if (!place_open(&place, path, e))
		return false;
	if (!same_content(&place, bytes, len, mode)) {
		ok = temp_write(&place, bytes, len, mode, temp);
		if (ok && renameat(place.dir, temp, place.dir, place.name) < 0) {
			int number = errno;

			unlinkat(place.dir, temp, 0);
			errno = number;
			ok = false;
		}
		if (!ok)
			error_sys(e, "cannot write %s", path);
		else if (changed)
			*changed = true;
		/* The new name is safe against a power cut as far as the file system allows. */
		if (ok)
			fsync(place.dir);
	}
	place_close(&place);
	return ok;
}

bool file_create(const char *path, const char *bytes, size_t len, mode_t mode, struct kata_error *e)
{
	struct place place;
	char temp[32];

	if (!place_open(&place, path, e))
		return false;
	bool ok = temp_write(&place, bytes, len, mode, temp);
	if (ok) {
		ok = linkat(place.dir, temp, place.dir, place.name, 0) == 0;
		int number = errno;
		unlinkat(place.dir, temp, 0);
		errno = number;
	}
	if (ok)
		fsync(place.dir);
	else if (errno == EEXIST)
		error_set(e, ERROR_EXISTS, "%s exists already", path);
	else
		error_sys(e, "cannot create %s", path);
	place_close(&place);
	return ok;
}

/* --- folders --- */

/* Owner and mode of a folder just made; nothing else may have taken its place. */
static bool dress_folder(const struct place *place, mode_t mode)
{
	int fd = openat(place->dir, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return false;
	bool ok = give_to_owner(fd, &place->st) == 0 && fchmod(fd, mode) == 0;
	int number = errno;
	close(fd);
	errno = number;
	return ok;
}

bool file_mkdir(const char *path, mode_t mode, bool *created, struct kata_error *e)
{
	struct place place;
	struct stat st;
	bool ok;

	if (created)
		*created = false;
	if (!place_open(&place, path, e))
		return false;
	if (mkdirat(place.dir, place.name, 0700) == 0) {
		ok = dress_folder(&place, mode);
		if (!ok)
			error_sys(e, "cannot create %s", path);
		else if (created)
			*created = true;
	} else if (errno == EEXIST) {
		ok = fstatat(place.dir, place.name, &st, 0) == 0 && S_ISDIR(st.st_mode);
		if (!ok)
			error_set(e, ERROR_EXISTS, "%s exists and is no folder", path);
	} else {
		ok = error_sys(e, "cannot create %s", path);
	}
	place_close(&place);
	return ok;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Reads all names; errno is 0 at the end, or says why it stopped. */
static void read_names(DIR *dir, struct arena *arena, const char ***names, size_t *count)
{
	const struct dirent *entry;
	size_t cap = 0;

	while (errno = 0, (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		*names = arena_grow(arena, *names, *count, &cap, sizeof **names);
		(*names)[(*count)++] = arena_strdup(arena, entry->d_name);
	}
}

bool file_list(const char *path, struct arena *arena, const char ***names, size_t *count,
	       struct kata_error *e)
{
	const char **found = NULL;
	size_t n = 0;

	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return error_sys(e, "cannot list %s", path);
	DIR *dir = fdopendir(fd);
	if (!dir) {
		error_sys(e, "cannot list %s", path);
		close(fd);
		return false;
	}
	read_names(dir, arena, &found, &n);
	bool ok = errno == 0;
	if (!ok)
		error_sys(e, "cannot list %s", path);
	closedir(dir);
	if (!ok)
		return false;
	if (n > 1)
		qsort(found, n, sizeof *found, compare_names);
	*names = found;
	*count = n;
	return true;
}
