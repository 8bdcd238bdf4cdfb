/*
 * Removing a file, a link or a whole tree. A tree is moved out of the way first, whole, and then
 * emptied folder by folder: each subfolder is moved up into the same box beside its parent, so that
 * neither depth nor a name of the tree can hurt, no link is ever followed, and a mounted file
 * system is never entered (the kernel refuses to move a mount point).
 */
#include "kata/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kata/error.h"
#include "kata/memory.h"

enum { TRIES = 100, PASSES = 3, MOUNTS_MAX = 16 << 20, NUMBER_LEN = 24 };

/* The folder inside trash/ that one removal works in; its entries are named 0, 1, 2 .. */
struct box {
	int fd;
	char name[32];
	unsigned long long count;
	dev_t device;
	const char *path; /* what is being removed, for messages */
	struct kata_error *e;
	bool failed; /* e holds the first reason */
};

static void box_fail(struct box *box, const char *what)
{
	if (!box->failed)
		error_sys(box->e, "removing %s: %s", box->path, what);
	box->failed = true;
}

static void box_fail_mount(struct box *box, const char *name)
{
	if (!box->failed)
		error_set(box->e, ERROR_INVALID,
			  "removing %s: another file system is mounted at %s", box->path, name);
	box->failed = true;
}

static void number_name(char out[NUMBER_LEN], unsigned long long number)
{
	snprintf(out, NUMBER_LEN, "%llu", number);
}

/* A folder of ours without write permission can neither be moved nor emptied. */
static void folder_loosen(int dir, const char *name)
{
	struct stat st;

	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	/* Of somebody else's: the move says so. */
	if (fstat(fd, &st) == 0 && (st.st_mode & S_IRWXU) != S_IRWXU)
		(void)!fchmod(fd, S_IRWXU);
	close(fd);
}

/* Moves a folder into the box under the next number. */
static bool box_take(struct box *box, int dir, const char *name)
{
	char number[NUMBER_LEN];

	number_name(number, box->count);
	bool ok = renameat(dir, name, box->fd, number) == 0;
	if (!ok && errno == EACCES) {
		folder_loosen(dir, name);
		ok = renameat(dir, name, box->fd, number) == 0;
	}
	box->count += ok;
	return ok;
}

/* Removes an entry of an open folder; a subfolder is moved into the box instead. */
static void entry_remove(struct box *box, int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			box_fail(box, name);
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
			box_fail(box, name);
		return;
	}
	if (st.st_dev != box->device) {
		box_fail_mount(box, name);
		return;
	}
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || box_take(box, dir, name))
		return;
	if (errno == EBUSY || errno == EXDEV)
		box_fail_mount(box, name);
	else if (errno != ENOENT)
		box_fail(box, name);
}

static DIR *folder_open(struct box *box, const char *name)
{
	folder_loosen(box->fd, name);
	int fd = openat(box->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	DIR *dir = fdopendir(fd);
	if (!dir)
		close(fd);
	return dir;
}

static void folder_empty(struct box *box, const char *name)
{
	const struct dirent *entry;
	DIR *dir = folder_open(box, name);

	if (!dir) {
		box_fail(box, "a folder in it cannot be opened");
		return;
	}
	while (errno = 0, (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			entry_remove(box, dirfd(dir), entry->d_name);
	if (errno)
		box_fail(box, "a folder in it cannot be listed");
	closedir(dir);
}

/* Somebody may still be writing into it: tries a few times. */
static void folder_remove(struct box *box, const char *name)
{
	for (int pass = 0; pass < PASSES; pass++) {
		folder_empty(box, name);
		if (unlinkat(box->fd, name, AT_REMOVEDIR) == 0)
			return;
		if (box->failed || (errno != ENOTEMPTY && errno != EEXIST))
			break;
	}
	box_fail(box, "a folder in it cannot be removed");
}

static bool box_open(struct box *box, int trash)
{
	struct stat st;

	for (int i = 0; i < TRIES; i++) {
		unsigned long long number = 0;

		if (getrandom(&number, sizeof number, 0) < 0 && errno != EINTR)
			return false;
		snprintf(box->name, sizeof box->name, "removed-%016llx", number);
		if (mkdirat(trash, box->name, 0700) == 0)
			break;
		if (errno != EEXIST)
			return false;
	}
	box->fd = openat(trash, box->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (box->fd < 0 || fstat(box->fd, &st) < 0)
		return false;
	box->device = st.st_dev;
	return true;
}

/* Moves the tree into the box, then takes it apart. What fails stays in the box, and is reported.
 */
static void tree_remove(struct box *box, int parent, const char *name)
{
	char number[NUMBER_LEN];

	if (!box_take(box, parent, name)) {
		if (errno == ENOENT)
			return;
		box_fail(box, "it cannot be moved into the trash folder");
		return;
	}
	for (unsigned long long i = 0; i < box->count; i++) {
		number_name(number, i);
		folder_remove(box, number);
	}
}

static bool remove_folder(int parent, const char *name, const char *path, const char *trash,
			  struct kata_error *e)
{
	struct box box = {.fd = -1, .path = path, .e = e};

	int dir = open(trash, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_sys(e, "removing %s: the trash folder %s", path, trash);
	if (box_open(&box, dir))
		tree_remove(&box, parent, name);
	else
		box_fail(&box, "the trash folder cannot be used");
	if (box.fd >= 0)
		close(box.fd);
	if (box.name[0])
		unlinkat(dir, box.name, AT_REMOVEDIR);
	close(dir);
	return !box.failed;
}

/* Decodes the \ooo forms of a path in /proc/self/mountinfo, in place. */
static void unescape_mount(char *path)
{
	char *out = path;

	for (char *in = path; *in; out++) {
		if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3' && in[2] >= '0' && in[2] <= '7' &&
		    in[3] >= '0' && in[3] <= '7') {
			*out = (char)((in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0'));
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
}

/* The fifth field of a mountinfo line, decoded in place; NULL when there is none. */
static char *mount_point(char *line)
{
	char *field = line;

	for (int i = 0; i < 4 && field; i++) {
		field = strchr(field, ' ');
		if (field)
			field++;
	}
	if (!field)
		return NULL;
	field[strcspn(field, " ")] = '\0';
	unescape_mount(field);
	return field;
}

/* False when something is mounted on or below the folder: then nothing is touched. Bind mounts of
 * the same file system count too. */
static bool nothing_mounted(const char *path, struct kata_error *e)
{
	struct str table = STR_INIT;
	struct kata_error ignored;
	char *real = realpath(path, NULL);
	size_t len = real ? strlen(real) : 0;
	bool ok = true;

	if (real && file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTS_MAX, &table, &ignored)) {
		for (char *line = table.p, *next; *line && ok; line = next) {
			next = line + strcspn(line, "\n");
			if (*next)
				*next++ = '\0';
			const char *at = mount_point(line);
			if (at && strncmp(at, real, len) == 0 && (at[len] == '/' || !at[len]))
				ok = error_set(e, ERROR_INVALID,
					       "removing %s: something is mounted at %s", path, at);
		}
	}
	str_release(&table);
	free(real);
	return ok;
}

/* Opens the folder that holds the last component; *name is that component in `copy`. */
static int open_parent(char *copy, char **name)
{
	size_t len = strlen(copy);

	while (len > 1 && copy[len - 1] == '/')
		copy[--len] = '\0';
	char *slash = strrchr(copy, '/');
	*name = slash ? slash + 1 : copy;
	if (!**name || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0) {
		errno = EINVAL;
		return -1;
	}
	if (!slash)
		return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (slash == copy)
		return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*slash = '\0';
	return open(copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool file_remove_tree(const char *path, const char *trash, struct kata_error *e)
{
	char *copy = xstrdup(path), *name;
	struct stat st;
	bool ok = false;

	int parent = open_parent(copy, &name);
	if (parent < 0 && errno == ENOENT)
		ok = true;
	else if (parent < 0)
		error_sys(e, "removing %s", path);
	else if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		ok = errno == ENOENT || error_sys(e, "removing %s", path);
	else if (S_ISDIR(st.st_mode))
		ok = nothing_mounted(path, e) && remove_folder(parent, name, path, trash, e);
	else
		ok = unlinkat(parent, name, 0) == 0 || errno == ENOENT ||
		     error_sys(e, "removing %s", path);
	if (parent >= 0)
		close(parent);
	free(copy);
	return ok;
}
