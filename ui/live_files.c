/*
 * The apps' files: inotify on KATA_ROOT/app, on each app's folder there and on its folder in
 * config/. What happens within a moment is told at once. Whatever happens to the folders
 * themselves makes a new scan, which puts the watches where they belong. Where the kernel has no
 * watches left, the files that matter most are looked at every two seconds instead.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kata/memory.h"
#include "kata/text.h"
#include "ui/live_private.h"

enum {
	SETTLE_MS = 100, /* what comes within is one change */
	BUSY_MS = 5000,	 /* least time between two news of files that only may matter */
	LOOK_MS = 2000,	 /* without inotify */
	READS_MAX = 64,	 /* in one turn of the loop */
	SINGLY_MAX = 16, /* more apps at once are told as the whole list */
	READ_BYTES = 16384,
};

static const uint32_t file_mask = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
				  IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR;
static const uint32_t list_mask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
				  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
static const uint32_t root_mask = IN_CREATE | IN_MOVED_TO | IN_ONLYDIR;

/* An app's folders: its own and that of its settings. */
enum { FOLDERS = 2 };
static const char *const parents[FOLDERS] = {"app", "config"};

struct folder {
	char *app;
	int wd[FOLDERS];  /* -1: not there */
	bool dirty, busy; /* something changed that matters, that may matter */
	int64_t busy_ms;  /* when the latter was told; 0: never */
	uint64_t print;	  /* of its files; without inotify */
};

struct files_watch {
	struct live *live;
	char *root;
	int fd; /* inotify; -1: none, files are looked at */
	int wd_root, wd_parent[FOLDERS];
	struct folder *folders; /* sorted by app */
	size_t count;
	bool rescan, list_changed;
	uint64_t timer, look_timer;
	int64_t due_ms; /* of timer */
};

/* --- names --- */

static const char *const names_that_matter[] = {
	"kata-compose.yaml", "compose*.yaml", "compose*.yml", "ENV*", ".env*", "*.env",
	".kata-mode",	     "STATE",
};
/* Any other file may be one that a service names (env_file), but not what programs write all the
 * time. */
static const char *const names_of_programs[] = {
	".*",	  "*~",	   "#*#",   "*.log", "*.pid", "*.sock",	   "*.tmp",	"*.swp",
	"*.lock", "*.pyc", "*.db*", "*-wal", "*-shm", "*-journal", "*.sqlite*",
};

static bool is_among(const char *name, const char *const *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fnmatch(patterns[i], name, 0) == 0)
			return true;
	return false;
}

#define IS_AMONG(name, table) is_among(name, table, sizeof(table) / sizeof(table)[0])

/* --- telling --- */

static void flush_due(void *arg);

static void flush_in(struct files_watch *watch, int64_t ms)
{
	struct loop *loop = watch->live->loop;
	int64_t due = loop_now_ms() + ms;

	if (watch->timer && watch->due_ms <= due)
		return;
	loop_timer_cancel(loop, watch->timer);
	watch->timer = loop_timer(loop, ms, flush_due, watch);
	watch->due_ms = due;
}

static void tell(struct files_watch *watch, const char *app)
{
	const struct live_events *events = &watch->live->events;

	if (app)
		live_log_add(watch->live, "files", app, "files of %s changed", app);
	else
		live_log_add(watch->live, "files", NULL, "the list of apps changed");
	if (events->files)
		events->files(events->arg, app);
}

/* Whether it is to be told now; a busy one perhaps later. */
static bool is_ripe(struct files_watch *watch, struct folder *folder)
{
	int64_t now = loop_now_ms();
	int64_t left = folder->busy_ms ? folder->busy_ms + BUSY_MS - now : 0;

	if (!folder->dirty && folder->busy && left > 0) {
		flush_in(watch, left);
		return false;
	}
	return folder->dirty || folder->busy;
}

static void settle(struct folder *folder)
{
	if (folder->busy)
		folder->busy_ms = loop_now_ms();
	folder->dirty = folder->busy = false;
}

static void tell_list(struct files_watch *watch)
{
	watch->list_changed = false;
	for (size_t i = 0; i < watch->count; i++)
		settle(&watch->folders[i]);
	tell(watch, NULL);
}

static void tell_changed(struct files_watch *watch)
{
	size_t ripe = 0;

	for (size_t i = 0; i < watch->count; i++)
		ripe += is_ripe(watch, &watch->folders[i]);
	if (watch->list_changed || ripe > SINGLY_MAX) {
		tell_list(watch);
		return;
	}
	for (size_t i = 0; ripe && i < watch->count; i++) {
		if (!is_ripe(watch, &watch->folders[i]))
			continue;
		settle(&watch->folders[i]);
		tell(watch, watch->folders[i].app);
	}
}

/* --- the list of apps --- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int by_app(const void *a, const void *b)
{
	return strcmp(((const struct folder *)a)->app, ((const struct folder *)b)->app);
}

static struct folder *folder_find(const struct files_watch *watch, const char *app)
{
	struct folder key = {.app = (char *)app};

	return watch->count ? bsearch(&key, watch->folders, watch->count, sizeof key, by_app)
			    : NULL;
}

static char *path_new(const struct files_watch *watch, const char *parent, const char *app,
		      const char *name)
{
	struct str path = STR_INIT;

	str_addf(&path, "%s/%s", watch->root, parent);
	if (app)
		str_addf(&path, "/%s", app);
	if (name)
		str_addf(&path, "/%s", name);
	return str_detach(&path);
}

/* Folders of app/, and links there, which may lead to one; sorted. */
static char **list_apps(const struct files_watch *watch, size_t *count)
{
	char *path = path_new(watch, parents[0], NULL, NULL), **names = NULL;
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;
	size_t cap = 0;

	*count = 0;
	while (dir && (entry = readdir(dir))) {
		bool fits = entry->d_type == DT_DIR || entry->d_type == DT_LNK;

		if (entry->d_name[0] == '.')
			continue;
		if (entry->d_type == DT_UNKNOWN &&
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			fits = S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode);
		if (!fits)
			continue;
		names = xgrow(names, *count, &cap, sizeof *names);
		names[(*count)++] = xstrdup(entry->d_name);
	}
	if (dir)
		closedir(dir);
	free(path);
	if (*count)
		qsort(names, *count, sizeof *names, by_name);
	return names;
}

/* Makes the folders those of `names`, which are taken; what is known of those that stay is kept. */
static void folders_set(struct files_watch *watch, char **names_take, size_t count)
{
	struct folder *folders = xcalloc(count ? count : 1, sizeof *folders);
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct folder *old = folder_find(watch, names_take[i]);

		folders[i] = (struct folder){.wd = {-1, -1}};
		if (old) {
			folders[i] = *old;
			free(old->app);
			/* Still there for the search, by the same name. */
			old->app = names_take[i];
			kept++;
		}
		folders[i].app = names_take[i];
	}
	watch->list_changed |= kept != count || kept != watch->count;
	for (size_t i = 0; i < watch->count; i++) {
		struct folder key = {.app = watch->folders[i].app};

		if (!count || !bsearch(&key, folders, count, sizeof key, by_app))
			free(watch->folders[i].app);
	}
	free(watch->folders);
	free(names_take);
	watch->folders = folders;
	watch->count = count;
}

/* --- without inotify --- */

static const char *const looked_at[][2] = {
	{"app", "kata-compose.yaml"}, {"config", "ENV"},	{"config", ".env"},
	{"config", "STATE"},	      {"config", ".kata-mode"},
};

static uint64_t print_of(const struct files_watch *watch, const char *app)
{
	uint64_t print = FNV64_INIT;

	for (size_t i = 0; i < sizeof looked_at / sizeof looked_at[0]; i++) {
		char *path = path_new(watch, looked_at[i][0], app, looked_at[i][1]);
		uint64_t facts[6] = {i};
		struct stat st;

		if (stat(path, &st) == 0) {
			facts[1] = (uint64_t)st.st_ino;
			facts[2] = (uint64_t)st.st_size;
			facts[3] = (uint64_t)st.st_mtim.tv_sec;
			facts[4] = (uint64_t)st.st_mtim.tv_nsec;
			facts[5] = st.st_mode;
		}
		print = fnv1a64((const char *)facts, sizeof facts, print);
		free(path);
	}
	return print;
}

static void look(struct files_watch *watch)
{
	size_t count;
	char **names = list_apps(watch, &count);

	folders_set(watch, names, count);
	for (size_t i = 0; i < watch->count; i++) {
		struct folder *folder = &watch->folders[i];
		uint64_t print = print_of(watch, folder->app);

		/* A new one is told with the list. */
		folder->dirty |= folder->print && folder->print != print;
		folder->print = print;
	}
}

static void look_due(void *arg)
{
	struct files_watch *watch = arg;

	watch->look_timer = loop_timer(watch->live->loop, LOOK_MS, look_due, watch);
	look(watch);
	tell_changed(watch);
}

/* From now on. */
static void look_start(struct files_watch *watch, const char *why)
{
	if (watch->fd >= 0) {
		loop_fd(watch->live->loop, watch->fd, 0, NULL, NULL);
		close(watch->fd);
		watch->fd = -1;
	}
	live_log_add(watch->live, "files", NULL,
		     "%s: files are looked at every %d s instead, and only the main ones", why,
		     LOOK_MS / 1000);
	watch->look_timer = loop_timer(watch->live->loop, LOOK_MS, look_due, watch);
	look(watch);
}

/* --- the watches --- */

/* False: the kernel has none left. *wd: -1 where there is no folder to watch. */
static bool watch_add(struct files_watch *watch, const char *path, uint32_t mask, int *wd)
{
	*wd = inotify_add_watch(watch->fd, path, mask);
	return *wd >= 0 || (errno != ENOSPC && errno != ENOMEM);
}

static bool watch_path(struct files_watch *watch, size_t which, const char *app, int *wd)
{
	char *path = path_new(watch, parents[which], app, NULL);
	bool ok = watch_add(watch, path, app ? file_mask : list_mask, wd);

	free(path);
	return ok;
}

static int compare_wd(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

/* All watches of folders that there are, sorted. */
static int *wds_new(const struct files_watch *watch, size_t *count)
{
	int *wds = xcalloc(watch->count * FOLDERS + 1, sizeof *wds);

	*count = 0;
	for (size_t i = 0; i < watch->count; i++)
		for (size_t n = 0; n < FOLDERS; n++)
			if (watch->folders[i].wd[n] >= 0)
				wds[(*count)++] = watch->folders[i].wd[n];
	qsort(wds, *count, sizeof *wds, compare_wd);
	return wds;
}

static void watches_drop(struct files_watch *watch, const int *old, size_t count)
{
	size_t new_count;
	int *new = wds_new(watch, &new_count);

	for (size_t i = 0; i < count; i++)
		if (!bsearch(&old[i], new, new_count, sizeof *new, compare_wd))
			inotify_rm_watch(watch->fd, old[i]);
	free(new);
}

/* True when both are there. *ok: false once no watch is left. */
static bool watch_both(struct files_watch *watch, bool *ok)
{
	for (size_t n = 0; n < FOLDERS; n++)
		*ok = *ok && watch_path(watch, n, NULL, &watch->wd_parent[n]);
	return watch->wd_parent[0] >= 0 && watch->wd_parent[1] >= 0;
}

/* Watches for the parents; for the root while one is missing. */
static bool watch_parents(struct files_watch *watch)
{
	bool ok = true, both = watch_both(watch, &ok);

	if (!both) {
		ok = ok && watch_add(watch, watch->root, root_mask, &watch->wd_root);
		both = watch_both(watch, &ok);
	}
	if (both && watch->wd_root >= 0) {
		inotify_rm_watch(watch->fd, watch->wd_root);
		watch->wd_root = -1;
	}
	return ok;
}

/* Finds the apps and puts every watch where it belongs: one that is there already stays. The
 * watches come first, the list after them, so that nothing falls between. */
static void scan(struct files_watch *watch)
{
	bool ok = watch_parents(watch);
	size_t count, old_count;
	int *old = wds_new(watch, &old_count);
	char **names = list_apps(watch, &count);

	watch->rescan = false;
	folders_set(watch, names, count);
	for (size_t i = 0; ok && i < watch->count; i++)
		for (size_t n = 0; ok && n < FOLDERS; n++)
			ok = watch_path(watch, n, watch->folders[i].app, &watch->folders[i].wd[n]);
	if (ok)
		watches_drop(watch, old, old_count);
	else
		look_start(watch, "no inotify watches are left (fs.inotify.max_user_watches)");
	free(old);
}

static void flush_due(void *arg)
{
	struct files_watch *watch = arg;

	watch->timer = 0;
	if (watch->rescan && watch->fd >= 0)
		scan(watch);
	tell_changed(watch);
}

/* --- what inotify says --- */

/* In app/ or config/, or the two themselves. */
static void on_parent(struct files_watch *watch, const struct inotify_event *event)
{
	struct folder *folder = event->len ? folder_find(watch, event->name) : NULL;

	if (event->len && event->name[0] == '.')
		return;
	watch->rescan = true;
	if (folder)
		folder->dirty = true;
	flush_in(watch, SETTLE_MS);
}

static void on_root(struct files_watch *watch, const struct inotify_event *event)
{
	for (size_t n = 0; n < FOLDERS; n++) {
		if (!event->len || strcmp(event->name, parents[n]) != 0)
			continue;
		watch->rescan = watch->list_changed = true;
		flush_in(watch, SETTLE_MS);
	}
}

static void on_file(struct files_watch *watch, struct folder *folder, int *wd,
		    const struct inotify_event *event)
{
	if (event->mask & IN_IGNORED) {
		*wd = -1;
		watch->rescan = true;
	} else if (event->len && (event->mask & IN_ISDIR)) {
		return;
	} else if (!event->len || IS_AMONG(event->name, names_that_matter)) {
		folder->dirty = true;
	} else if (!IS_AMONG(event->name, names_of_programs)) {
		folder->busy = true;
	} else {
		return;
	}
	flush_in(watch, SETTLE_MS);
}

static void on_change(struct files_watch *watch, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW) {
		watch->rescan = watch->list_changed = true;
		flush_in(watch, SETTLE_MS);
		return;
	}
	if (event->wd == watch->wd_root)
		on_root(watch, event);
	for (size_t n = 0; n < FOLDERS; n++)
		if (event->wd == watch->wd_parent[n])
			on_parent(watch, event);
	/* Links may make one folder that of several apps. */
	for (size_t i = 0; i < watch->count; i++)
		for (size_t n = 0; n < FOLDERS; n++)
			if (event->wd == watch->folders[i].wd[n])
				on_file(watch, &watch->folders[i], &watch->folders[i].wd[n], event);
}

static void on_inotify(void *arg, int fd, short revents)
{
	_Alignas(struct inotify_event) char bytes[READ_BYTES];
	struct files_watch *watch = arg;
	ssize_t n;

	(void)revents;
	for (int reads = 0; reads < READS_MAX && (n = read(fd, bytes, sizeof bytes)) > 0; reads++) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *event =
				(const struct inotify_event *)(bytes + at);

			on_change(watch, event);
			at += (ssize_t)(sizeof *event + event->len);
		}
	}
}

/* --- from outside --- */

struct files_watch *files_watch_new(struct live *live, const char *root)
{
	struct files_watch *watch = xcalloc(1, sizeof *watch);

	watch->live = live;
	watch->root = xstrdup(root);
	watch->wd_root = -1;
	for (size_t n = 0; n < FOLDERS; n++)
		watch->wd_parent[n] = -1;
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd >= 0) {
		loop_fd(live->loop, watch->fd, POLLIN, on_inotify, watch);
		scan(watch);
	} else {
		look_start(watch, "no inotify is left (fs.inotify.max_user_instances)");
	}
	watch->list_changed = false;
	return watch;
}

void files_watch_free(struct files_watch *watch)
{
	if (!watch)
		return;
	loop_timer_cancel(watch->live->loop, watch->timer);
	loop_timer_cancel(watch->live->loop, watch->look_timer);
	if (watch->fd >= 0) {
		loop_fd(watch->live->loop, watch->fd, 0, NULL, NULL);
		close(watch->fd);
	}
	for (size_t i = 0; i < watch->count; i++)
		free(watch->folders[i].app);
	free(watch->folders);
	free(watch->root);
	free(watch);
}
