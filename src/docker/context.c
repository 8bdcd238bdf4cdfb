/*
 * The tar of a build context. A walk in sorted order over open folders (so that nothing outside is
 * reached, even when a folder is swapped for a link meanwhile) feeds libarchive one entry, or one
 * piece of a file, at a time.
 *
 * A Dockerfile that is not in the context, or outside it, goes along under a name of its own, and a
 * .dockerignore that names it, so that the engine takes it out again, as the docker CLI does it.
 */
#include "context.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kata/dockerignore.h"
#include "kata/file.h"
#include "kata/hash.h"
#include "kata/memory.h"
#include "libarchive.h"

enum { RULES_MAX = 1 << 20, DOCKERFILE_MAX = 4 << 20, DEPTH_MAX = 200, CHUNK = 64 << 10 };

static const char ignore_name[] = ".dockerignore";

/* An open folder of the walk. */
struct level {
	int fd;
	char **names; /* sorted */
	size_t count, next;
	size_t path_len; /* of its own path, in build_context.path */
	bool sent;	 /* its entry is in the tar */
	struct stat st;
};

struct build_context {
	struct arena *arena;
	char *folder; /* real path */
	const char *dockerfile;
	struct dockerignore *ignore;
	const char *extra; /* the Dockerfile's text when it has a name of its own, else NULL */
	size_t extra_len;

	const struct libarchive *lib;
	struct archive *tar; /* with entry: from the first byte on */
	struct archive_entry *entry;
	struct str out; /* made and not yet given on, from out_at */
	size_t out_at;
	struct level levels[DEPTH_MAX];
	size_t depth;
	struct str path; /* of the entry at hand, relative to the folder */
	int file;	 /* being sent, or -1 */
	int64_t left;	 /* of it */
	bool begun, ended, failed;
	struct kata_error e;
};

/* --- before the first byte --- */

/* The part of a real path below the folder, or NULL. */
static const char *below(const char *folder, const char *path)
{
	size_t len = strlen(folder);

	if (strcmp(folder, "/") == 0)
		return path + 1;
	return strncmp(path, folder, len) == 0 && path[len] == '/' ? path + len + 1 : NULL;
}

static bool folder_find(struct build_context *c, const char *folder, struct kata_error *e)
{
	struct stat st;

	c->folder = realpath(folder, NULL);
	if (!c->folder || stat(c->folder, &st) < 0) {
		error_sys(e, "cannot read the build context %s", folder);
		return false;
	}
	if (!S_ISDIR(st.st_mode))
		return error_set(e, ERROR_INVALID, "the build context %s is no folder", folder);
	return true;
}

/* A name that nothing in the folder has, the same for the same text, so that the engine's cache
 * is of use. */
static const char *extra_name(const struct build_context *c)
{
	char hex[SHA256_HEX + 1];
	struct str path = STR_INIT;
	struct stat st;

	sha256_hex(c->extra, c->extra_len, hex);
	str_addf(&path, "%s/.dockerfile.%.20s", c->folder, hex);
	while (lstat(path.p, &st) == 0)
		str_addc(&path, 'x');
	const char *name = arena_strdup(c->arena, strrchr(path.p, '/') + 1);
	str_release(&path);
	return name;
}

static void extra_set(struct build_context *c, const char *text, size_t len)
{
	c->extra = arena_strndup(c->arena, text, len);
	c->extra_len = len;
	c->dockerfile = extra_name(c);
}

/* Finds the Dockerfile at `path`: in the folder, or outside. */
static bool dockerfile_find(struct build_context *c, const char *path, struct kata_error *e)
{
	char *real = realpath(path, NULL);
	struct str text = STR_INIT;
	bool ok = true;

	if (!real) {
		error_sys(e, "there is no Dockerfile %s", path);
		error_hint(e, "build.dockerfile is relative to the build context");
		return false;
	}
	const char *name = below(c->folder, real);
	if (name) {
		c->dockerfile = arena_strdup(c->arena, name);
	} else {
		ok = file_read(AT_FDCWD, real, DOCKERFILE_MAX, &text, e);
		if (ok)
			extra_set(c, text.p, text.len);
	}
	free(real);
	str_release(&text);
	return ok;
}

/* Reads the rules at `path`; *found: there are some. */
static bool rules_read(struct build_context *c, const char *path, bool *found, struct kata_error *e)
{
	struct str bytes = STR_INIT;
	bool ok = file_read(AT_FDCWD, path, RULES_MAX, &bytes, e);

	*found = ok;
	if (ok) {
		c->ignore = dockerignore_parse(c->arena, bytes.p, bytes.len, path, e);
		ok = c->ignore != NULL;
	} else if (e->code == ERROR_NOT_FOUND) {
		ok = true;
	}
	str_release(&bytes);
	return ok;
}

/* The Dockerfile's own rules, else the folder's, else none. */
static bool rules_find(struct build_context *c, const char *dockerfile, struct kata_error *e)
{
	const char *path = arena_printf(c->arena, "%s/%s", c->folder, ignore_name);
	bool found = false;

	if (dockerfile &&
	    !rules_read(c, arena_printf(c->arena, "%s%s", dockerfile, ignore_name), &found, e))
		return false;
	if (!found && !rules_read(c, path, &found, e))
		return false;
	if (!found)
		c->ignore = dockerignore_parse(c->arena, "", 0, path, e);
	dockerignore_keep(c->ignore, ignore_name);
	dockerignore_keep(c->ignore, c->dockerfile);
	return true;
}

struct build_context *build_context_new(const char *folder, const char *dockerfile,
					const char *inline_text, struct kata_error *e)
{
	struct build_context *c = xcalloc(1, sizeof *c);
	const char *path = NULL;

	c->arena = arena_new();
	c->out = c->path = (struct str)STR_INIT;
	c->file = -1;
	c->lib = libarchive_get(e);
	bool ok = c->lib && folder_find(c, folder, e);
	if (ok && inline_text) {
		extra_set(c, inline_text, strlen(inline_text));
	} else if (ok) {
		if (!dockerfile)
			dockerfile = "Dockerfile";
		path = dockerfile[0] == '/'
			       ? dockerfile
			       : arena_printf(c->arena, "%s/%s", c->folder, dockerfile);
		ok = dockerfile_find(c, path, e);
	}
	if (ok && rules_find(c, path, e))
		return c;
	build_context_free(c);
	return NULL;
}

const char *build_context_dockerfile(const struct build_context *context)
{
	return context->dockerfile;
}

const struct kata_error *build_context_error(const struct build_context *context)
{
	return context->failed ? &context->e : NULL;
}

static void level_close(struct build_context *c)
{
	struct level *level = &c->levels[--c->depth];

	for (size_t i = 0; i < level->count; i++)
		free(level->names[i]);
	free(level->names);
	close(level->fd);
}

void build_context_free(void *context)
{
	struct build_context *c = context;

	if (!c)
		return;
	while (c->depth)
		level_close(c);
	if (c->file >= 0)
		close(c->file);
	if (c->lib) {
		c->lib->archive_entry_free(c->entry);
		c->lib->archive_write_free(c->tar);
	}
	str_release(&c->out);
	str_release(&c->path);
	free(c->folder);
	arena_free(c->arena);
	free(c);
}

/* --- what goes wrong on the way --- */

/* From errno, about the entry at hand. */
static bool fail_sys(struct build_context *c)
{
	error_sys(&c->e, "cannot read %s/%s", c->folder, c->path.p);
	error_hint(&c->e, "what the build does not need can be named in .dockerignore");
	return false;
}

static bool fail(struct build_context *c, const char *why)
{
	return error_set(&c->e, ERROR_INVALID, "%s/%s %s", c->folder, c->path.p, why);
}

/* It was there when the folder was listed, and is gone, or something else, now. */
static bool is_gone(void)
{
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
}

/* --- entries --- */

static la_ssize_t tar_write(struct archive *tar, void *arg, const void *bytes, size_t len)
{
	struct build_context *c = arg;

	(void)tar;
	str_addn(&c->out, bytes, len);
	return (la_ssize_t)len;
}

/* The format that GNU tar writes: names of any length and bytes. */
static void tar_open(struct build_context *c)
{
	c->tar = c->lib->archive_write_new();
	c->entry = c->lib->archive_entry_new();
	if (!c->tar || !c->entry || c->lib->archive_write_set_format_gnutar(c->tar) != ARCHIVE_OK ||
	    c->lib->archive_write_set_bytes_per_block(c->tar, 0) != ARCHIVE_OK ||
	    c->lib->archive_write_open(c->tar, c, NULL, tar_write, NULL) != ARCHIVE_OK)
		BUG("libarchive writes no tar");
}

static bool entry_send(struct build_context *c, const char *path, const struct stat *st,
		       const char *target)
{
	struct archive_entry *entry = c->lib->archive_entry_clear(c->entry);

	c->lib->archive_entry_copy_stat(entry, st);
	c->lib->archive_entry_copy_pathname(entry, path);
	c->lib->archive_entry_set_uid(entry, 0);
	c->lib->archive_entry_set_gid(entry, 0);
	if (target)
		c->lib->archive_entry_copy_symlink(entry, target);
	if (!S_ISREG(st->st_mode))
		c->lib->archive_entry_set_size(entry, 0);
	if (c->lib->archive_write_header(c->tar, entry) >= ARCHIVE_WARN)
		return true;
	return fail(c, "does not fit into a tar");
}

static bool data_send(struct build_context *c, const char *bytes, size_t len)
{
	if (c->lib->archive_write_data(c->tar, bytes, len) == (la_ssize_t)len)
		return true;
	return fail(c, "does not fit into a tar");
}

/* A file that is not read from the folder. */
static bool text_send(struct build_context *c, const char *name, struct stat st,
		      const struct str *text)
{
	st.st_size = (off_t)text->len;
	return entry_send(c, name, &st, NULL) && data_send(c, text->p, text->len) &&
	       c->lib->archive_write_finish_entry(c->tar) >= ARCHIVE_WARN;
}

/* The Dockerfile under its own name, and the .dockerignore that takes both out again. Where the
 * folder has one, its lines come first. */
static bool extra_send(struct build_context *c)
{
	const char *path = arena_printf(c->arena, "%s/%s", c->folder, ignore_name);
	struct stat plain = {.st_mode = S_IFREG | 0644, .st_nlink = 1}, st;
	struct str text = STR_INIT;
	bool ok = true;

	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		ok = file_read(AT_FDCWD, path, RULES_MAX, &text, &c->e);
	} else {
		st = plain;
		str_add(&text, ignore_name);
	}
	str_addf(&text, "\n%s\n", c->dockerfile);
	ok = ok && text_send(c, ignore_name, st, &text);
	str_clear(&text);
	str_addn(&text, c->extra, c->extra_len);
	ok = ok && text_send(c, c->dockerfile, plain, &text);
	str_release(&text);
	return ok;
}

/* Folders come before what is in them; one that is itself left out, only if something in it is
 * not. */
static bool folders_send(struct build_context *c)
{
	for (size_t i = 1; i < c->depth; i++) {
		struct level *level = &c->levels[i];

		if (level->sent)
			continue;
		if (!entry_send(c, arena_strndup(c->arena, c->path.p, level->path_len), &level->st,
				NULL))
			return false;
		level->sent = true;
	}
	return true;
}

static bool link_send(struct build_context *c, int fd, const char *name, const struct stat *st)
{
	char target[PATH_MAX + 1];
	ssize_t n = readlinkat(fd, name, target, PATH_MAX);

	if (n < 0)
		return is_gone() || errno == EINVAL || fail_sys(c);
	target[n] = '\0';
	return folders_send(c) && entry_send(c, c->path.p, st, target);
}

static bool file_end(struct build_context *c)
{
	close(c->file);
	c->file = -1;
	return c->lib->archive_write_finish_entry(c->tar) >= ARCHIVE_WARN ||
	       fail(c, "does not fit into a tar");
}

static bool file_begin(struct build_context *c, int fd, const char *name)
{
	struct stat st;

	c->file = openat(fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (c->file < 0)
		return is_gone() || fail_sys(c);
	if (fstat(c->file, &st) < 0)
		return fail_sys(c);
	if (!S_ISREG(st.st_mode))
		return fail(c, "changed while it was read");
	c->left = st.st_size;
	return folders_send(c) && entry_send(c, c->path.p, &st, NULL) && (c->left || file_end(c));
}

static bool file_step(struct build_context *c)
{
	char bytes[CHUNK];
	ssize_t n = read(c->file, bytes, c->left < CHUNK ? (size_t)c->left : CHUNK);

	if (n < 0)
		return errno == EINTR || fail_sys(c);
	if (n == 0)
		return fail(c, "became shorter while it was read");
	c->left -= n;
	return data_send(c, bytes, (size_t)n) && (c->left || file_end(c));
}

/* --- the walk --- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool level_list(struct level *level)
{
	int copy = fcntl(level->fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	size_t cap = 0;

	if (!dir) {
		if (copy >= 0)
			close(copy);
		return false;
	}
	while (errno = 0, (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		level->names = xgrow(level->names, level->count, &cap, sizeof *level->names);
		level->names[level->count++] = xstrdup(entry->d_name);
	}
	int number = errno;
	closedir(dir);
	errno = number;
	if (level->count)
		qsort(level->names, level->count, sizeof *level->names, by_name);
	return number == 0;
}

/* Opens the folder at c->path; wanted: it is not left out itself. */
static bool level_enter(struct build_context *c, int at, const char *name, bool wanted)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return is_gone() || (!wanted && errno == EACCES) || fail_sys(c);
	if (c->depth == DEPTH_MAX) {
		close(fd);
		return fail(c, "is too deep");
	}
	struct level *level = &c->levels[c->depth++];
	*level = (struct level){.fd = fd, .path_len = c->path.len, .sent = c->depth == 1};
	if (fstat(fd, &level->st) < 0 || !level_list(level))
		return fail_sys(c);
	return !wanted || folders_send(c);
}

/* What we write beside kata-compose.yaml holds the values of every variable: no image may get it.
 */
static bool is_generated(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !strcmp(slash ? slash + 1 : path, ".docker-compose.yaml");
}

static bool entry_visit(struct build_context *c, int fd, const char *name)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return is_gone() || fail_sys(c);
	bool wanted = !is_generated(c->path.p) && !dockerignore_match(c->ignore, c->path.p);
	if (S_ISDIR(st.st_mode)) {
		if (wanted || dockerignore_may_hold(c->ignore, c->path.p))
			return level_enter(c, fd, name, wanted);
		return true;
	}
	if (!wanted || S_ISSOCK(st.st_mode))
		return true;
	/* That one has gone out already. */
	if (c->extra && strcmp(c->path.p, ignore_name) == 0)
		return true;
	if (S_ISREG(st.st_mode))
		return file_begin(c, fd, name);
	if (S_ISLNK(st.st_mode))
		return link_send(c, fd, name, &st);
	return folders_send(c) && entry_send(c, c->path.p, &st, NULL);
}

static bool walk_step(struct build_context *c)
{
	struct level *level = &c->levels[c->depth - 1];

	if (level->next == level->count) {
		level_close(c);
		if (c->depth)
			return true;
		c->ended = true;
		return c->lib->archive_write_close(c->tar) == ARCHIVE_OK || fail(c, "has no tar");
	}
	const char *name = level->names[level->next++];
	c->path.len = level->path_len;
	if (c->path.len)
		str_addc(&c->path, '/');
	str_add(&c->path, name);
	return entry_visit(c, level->fd, name);
}

static bool begin(struct build_context *c)
{
	c->begun = true;
	tar_open(c);
	return level_enter(c, AT_FDCWD, c->folder, true) && (!c->extra || extra_send(c));
}

ssize_t build_context_read(void *context, char *bytes, size_t room)
{
	struct build_context *c = context;

	while (c->out_at == c->out.len && !c->ended && !c->failed) {
		c->out_at = 0;
		str_clear(&c->out);
		c->failed = !(!c->begun ? begin(c) : c->file >= 0 ? file_step(c) : walk_step(c));
	}
	if (c->failed)
		return -1;
	size_t n = c->out.len - c->out_at;
	n = n < room ? n : room;
	memcpy(bytes, c->out.p + c->out_at, n);
	c->out_at += n;
	return (ssize_t)n;
}
