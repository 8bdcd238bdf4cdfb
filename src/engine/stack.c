/*
 * An app's kata-compose.yaml, read to be written anew. It is the person's own file: only the one
 * that was read is replaced, and it keeps its mode and its owner.
 */
#include "models.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kata/file.h"
#include "kata/lock.h"

enum { STACK_MAX = 2 << 20 };

static const char *absolute(struct world *world, const char *path)
{
	return arena_printf(world->arena, "%s/%s", world->root, path);
}

/* What is no file of its own must not become one. */
static bool check_plain(const char *path, struct stat *st, struct kata_error *e)
{
	if (lstat(path, st))
		return error_sys(e, "it cannot be read");
	if (!S_ISLNK(st->st_mode))
		return true;
	error_set(e, ERROR_REFUSED, "it is a link, which is not written through");
	error_hint(e, "put a plain file here, or change what the link leads to by hand");
	return false;
}

static bool read_stack(struct world *world, struct app_file *file, struct stat *st,
		       struct kata_error *e)
{
	const char *path = absolute(world, file->path);
	struct str text = STR_INIT;
	bool ok = check_plain(path, st, e) && file_read(AT_FDCWD, path, STACK_MAX, &text, e);

	if (ok) {
		file->bytes = arena_strndup(world->arena, text.p, text.len);
		file->len = text.len;
	} else {
		error_where(e, "%s", file->path);
	}
	str_release(&text);
	return ok;
}

/* ENV, else .env. */
static void read_env(struct world *world, const char *app, struct app_file *out)
{
	static const char *const names[] = {"ENV", ".env"};

	for (size_t i = 0; i < 2; i++) {
		world_read_file(world, arena_printf(world->arena, "config/%s/%s", app, names[i]),
				out);
		if (out->bytes || out->error)
			return;
	}
}

bool world_read_source(struct world *world, const struct app *app, struct app_source *out,
		       struct kata_error *e)
{
	const char *folder = arena_printf(world->arena, "app/%s", app->name);
	struct stat st;

	*out = (struct app_source){.name = app->name, .root = world->root};
	out->stack.path = arena_printf(world->arena, "%s/kata-compose.yaml", folder);
	if (stat(absolute(world, folder), &st)) {
		error_sys(e, "it cannot be read");
		error_where(e, "%s", folder);
		return false;
	}
	out->uid = st.st_uid;
	out->gid = st.st_gid;
	read_env(world, app->name, &out->env);
	return read_stack(world, &out->stack, &st, e) || e->code == ERROR_NOT_FOUND;
}

/* As root whoever had it gets it back; anybody else could not give it back. */
static bool keep_owner(const char *path, const struct stat *was, struct kata_error *e)
{
	struct stat now;

	if (lstat(path, &now) || (now.st_uid == was->st_uid && now.st_gid == was->st_gid) ||
	    !lchown(path, was->st_uid, was->st_gid))
		return true;
	return error_sys(e, "it is written, but its owner and group could not be kept");
}

static bool replace(struct world *world, const struct app_source *was, const char *bytes,
		    size_t len, struct kata_error *e)
{
	const char *path = absolute(world, was->stack.path);
	struct app_file now = {.path = was->stack.path};
	struct stat st;

	if (!read_stack(world, &now, &st, e))
		return false;
	if (now.len != was->stack.len || memcmp(now.bytes, was->stack.bytes, now.len) != 0) {
		error_set(e, ERROR_CONFLICT, "somebody else has changed it meanwhile");
		error_hint(e, "nothing was written; run it again");
	} else if (geteuid() != 0 && st.st_uid != geteuid()) {
		error_set(e, ERROR_DENIED, "it belongs to another user, who would lose it");
		error_hint(e, "run it as that user, or as root");
	} else if (file_write(path, bytes, len, st.st_mode & 07777, NULL, e) &&
		   keep_owner(path, &st, e)) {
		return true;
	}
	error_where(e, "%s", was->stack.path);
	return false;
}

bool world_write_stack(struct world *world, const struct app_source *was, const char *bytes,
		       size_t len, struct kata_error *e)
{
	const char *lock = arena_printf(world->arena, "%s/.kata/locks/%s", world->root, was->name);
	int fd = -1;
	bool ok;

	if (!model_make_folder(world, "locks", NULL, e))
		return false;
	if (!lock_take(lock, "kata-tui", world->loop, 0, &fd, e)) {
		if (e->code == ERROR_EXISTS)
			error_hint(e, "nothing was written; run it again when the other is done");
		return false;
	}
	ok = replace(world, was, bytes, len, e);
	lock_release(fd);
	return ok;
}
