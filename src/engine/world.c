/*
 * The world: one reading of everything, made in one pass. The Caddys are asked first, and the
 * apps are read from disk while they answer.
 */
#include "apply_private.h"
#include "models.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kata/file.h"
#include "kata/text.h"

enum { STACK_MAX = 2 << 20, ENV_MAX = 1 << 20, OWNER_MAX = 64 };

/* --- owner --- */

static const char *owner_problem(const char *owner)
{
	size_t len = strlen(owner);

	if (!len || len > OWNER_MAX)
		return "must have 1 to 64 characters";
	if (strspn(owner, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") !=
	    len)
		return "may hold letters, digits, '.', '_' and '-' only";
	return NULL;
}

/* From host name and root, so that a lost .kata/owner comes out the same again. */
static const char *owner_default(struct arena *a, const char *root)
{
	char host[40] = "host", *p;
	char *real = realpath(root, NULL);
	const char *path = real ? real : root, *owner;

	gethostname(host, sizeof host - 1);
	host[sizeof host - 1] = '\0';
	for (p = host; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *p))
			*p = '-';
	owner = arena_printf(a, "%s-%08x", host, fnv1a32(path, strlen(path)));
	free(real);
	return owner;
}

static bool owner_load(struct world *world, const char *override, struct kata_error *e)
{
	const char *path = arena_printf(world->arena, "%s/.kata/owner", world->root), *problem;
	struct str text = STR_INIT;
	struct kata_error read;

	world->owner = override;
	if (!override && file_read(AT_FDCWD, path, 256, &text, &read)) {
		text.p[strcspn(text.p, "\r\n")] = '\0';
		world->owner = arena_strdup(world->arena, text.p);
	} else if (!override) {
		world->owner = owner_default(world->arena, world->root);
	}
	str_release(&text);
	problem = owner_problem(world->owner);
	if (!problem)
		return true;
	error_set(e, ERROR_INVALID, "the owner's name %s", problem);
	error_where(e, "%s", override ? "KATA_OWNER" : path);
	error_hint(e, "it marks what this KATA_ROOT owns in Caddy; changing it disowns that");
	return false;
}

bool world_keep_owner(struct world *world, struct kata_error *e)
{
	const char *folder = arena_printf(world->arena, "%s/.kata", world->root);
	const char *path = arena_printf(world->arena, "%s/owner", folder);
	const char *line = arena_printf(world->arena, "%s\n", world->owner);

	if (!access(path, F_OK))
		return true;
	if (!file_mkdir(folder, 0700, NULL, e))
		return false;
	return file_create(path, line, strlen(line), 0600, e) || e->code == ERROR_EXISTS;
}

/* --- life --- */

bool world_new(struct world **out, const char *root, const char *owner, struct kata_error *e)
{
	struct world *world = xcalloc(1, sizeof *world);
	struct stat st;

	*out = world;
	world->arena = arena_new();
	world->loop = loop_new();
	world->http = http_new(world->loop);
	world->root = arena_strdup(world->arena, root);
	if (stat(root, &st) || !S_ISDIR(st.st_mode)) {
		bool denied = errno == EACCES;

		error_set(e, denied ? ERROR_DENIED : ERROR_NOT_FOUND, "KATA_ROOT %s",
			  denied ? "cannot be entered" : "is no folder");
		error_where(e, "%s", root);
		if (!denied)
			error_hint(e, "`kata-tui setup --root %s` creates it", root);
		return false;
	}
	return owner_load(world, owner, e);
}

static void member_release(struct member *member)
{
	http_endpoint_release(&member->endpoint);
	caddy_live_release(&member->live);
	if (member->plan == &member->again)
		plan_caddy_release(&member->again);
	if (member->plan)
		plan_caddy_release(&member->report);
}

void world_free(struct world *world)
{
	if (!world)
		return;
	for (size_t i = 0; i < world->member_count; i++)
		member_release(&world->members[i]);
	models_release(world);
	containers_release(world);
	for (size_t i = 0; i < world->app_count; i++)
		app_release(&world->apps[i]);
	http_free(world->http);
	loop_free(world->loop);
	free(world->members);
	for (size_t i = 0; i < sizeof world->load_arenas / sizeof *world->load_arenas; i++)
		arena_free(world->load_arenas[i]);
	arena_free(world->arena);
	free(world);
}

bool world_add_member(struct world *world, const char *endpoint, struct kata_error *e)
{
	size_t cap = world->member_count;
	struct member *member;

	world->members = xgrow(world->members, world->member_count, &cap, sizeof *world->members);
	member = &world->members[world->member_count];
	*member = (struct member){0};
	caddy_live_init(&member->live);
	if (!http_endpoint_parse(&member->endpoint, endpoint, e)) {
		http_endpoint_release(&member->endpoint);
		return false;
	}
	world->member_count++;
	return true;
}

/* --- apps from disk --- */

static void read_into(struct arena *arena, int dirfd, const char *path, size_t max,
		      struct app_file *out)
{
	struct str text = STR_INIT;
	struct kata_error e;

	out->bytes = NULL;
	out->error = NULL;
	if (file_read(dirfd, path, max, &text, &e)) {
		out->bytes = arena_strndup(arena, text.p, text.len);
		out->len = text.len;
	} else if (e.code != ERROR_NOT_FOUND) {
		out->error = arena_strdup(arena, e.msg);
	}
	str_release(&text);
}

void world_read_file(struct world *world, const char *path, struct app_file *out)
{
	int fd = open(world->root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*out = (struct app_file){.path = path};
	read_into(world->arena, fd, path, ENV_MAX, out);
	if (fd >= 0)
		close(fd);
}

/*
 * Reading and decoding the apps, shared out among a few threads when they are many: each app is
 * decoded by itself (core is pure), into its own slot and the arena of the thread. The threads live
 * only inside read_apps; everything else is one thread.
 */
struct loader {
	struct world *world;
	int rootfd;
	bool config_known; /* which apps have a folder in config/: asked once for all */
	const char **config;
	size_t config_count;
	const char **names; /* sorted */
	size_t count;
	atomic_size_t next; /* first name that nobody has taken yet */
};

enum { LOAD_BATCH = 16, LOAD_THREADS = 3, LOAD_MANY = 64 };

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* ENV, else .env. */
static void read_env(const struct loader *l, struct arena *arena, const char *name,
		     struct app_file *out)
{
	static const char *const names[] = {"ENV", ".env"};

	if (l->config_known && (!l->config_count || !bsearch(&name, l->config, l->config_count,
							     sizeof *l->config, compare_names)))
		return;
	for (size_t i = 0; i < 2; i++) {
		out->path = arena_printf(arena, "config/%s/%s", name, names[i]);
		read_into(arena, l->rootfd, out->path, ENV_MAX, out);
		if (out->bytes || out->error)
			return;
	}
}

/* One reader: where its apps live, and room for the file at hand. */
struct load_thread {
	struct loader *loader;
	struct arena *arena;
	struct str text;
	pthread_t id;
	bool started;
};

/* kata-compose.yaml is only needed while it is decoded: nothing keeps pointing into it. */
static void read_stack(struct load_thread *t, struct app_file *out)
{
	struct kata_error e;

	str_clear(&t->text);
	if (file_read(t->loader->rootfd, out->path, STACK_MAX, &t->text, &e)) {
		out->bytes = t->text.p;
		out->len = t->text.len;
	} else if (e.code != ERROR_NOT_FOUND) {
		out->error = arena_strdup(t->arena, e.msg);
	}
}

/* Leaves the slot's name NULL for a plain file, which is no app. */
static void read_app(struct load_thread *t, const char *name, struct app *slot)
{
	const struct loader *l = t->loader;
	const char *folder = arena_printf(t->arena, "app/%s", name);
	struct app_source source = {.name = name, .root = l->world->root};
	struct stat st;

	source.stack.path = arena_printf(t->arena, "%s/kata-compose.yaml", folder);
	if (fstatat(l->rootfd, folder, &st, 0)) {
		source.error = errno == ENOENT ? "the link leads nowhere"
					       : arena_strdup(t->arena, strerror(errno));
	} else {
		if (!S_ISDIR(st.st_mode))
			return;
		source.uid = st.st_uid;
		source.gid = st.st_gid;
		read_stack(t, &source.stack);
		if (source.stack.bytes && !app_name_problem(name))
			read_env(l, t->arena, name, &source.env);
	}
	app_decode(slot, t->arena, &source);
}

/* Takes one batch of names; false when none is left. */
static bool read_batch(struct load_thread *t)
{
	struct loader *l = t->loader;
	size_t from = atomic_fetch_add(&l->next, LOAD_BATCH);

	for (size_t i = from; i < l->count && i < from + LOAD_BATCH; i++)
		read_app(t, l->names[i], &l->world->apps[i]);
	return from + LOAD_BATCH < l->count;
}

/* Steps back for Caddy, whose answer the rest of the run waits for. */
static void *load_thread_run(void *arg)
{
	setpriority(PRIO_PROCESS, (id_t)gettid(), 10);
	while (read_batch(arg))
		;
	return NULL;
}

static void read_all_apps(struct loader *l)
{
	struct load_thread threads[LOAD_THREADS] = {{0}};
	struct load_thread here = {.loader = l, .arena = l->world->arena, .text = STR_INIT};
	long cores = l->count < LOAD_MANY ? 1 : sysconf(_SC_NPROCESSORS_ONLN);

	json_object_seed(0); /* otherwise the first object of each thread would race for it */
	for (int i = 0; i < LOAD_THREADS && i + 1 < cores; i++) {
		threads[i] =
			(struct load_thread){.loader = l, .arena = arena_new(), .text = STR_INIT};
		threads[i].started =
			!pthread_create(&threads[i].id, NULL, load_thread_run, &threads[i]);
		l->world->load_arenas[i] = threads[i].arena;
	}
	/* Answers that come meanwhile are taken, so that no server waits for us. */
	while (read_batch(&here))
		loop_turn(l->world->loop, 0);
	str_release(&here.text);
	for (int i = 0; i < LOAD_THREADS; i++) {
		if (!threads[i].started)
			continue;
		pthread_join(threads[i].id, NULL);
		str_release(&threads[i].text);
	}
}

static bool is_no_app(const char *name)
{
	return *name == '.' || !strcmp(name, "lost+found");
}

static void read_apps(struct world *world)
{
	const char *path = arena_printf(world->arena, "%s/app", world->root), **names;
	const char *config = arena_printf(world->arena, "%s/config", world->root);
	struct loader l = {.world = world,
			   .rootfd = open(world->root, O_PATH | O_DIRECTORY | O_CLOEXEC)};
	struct kata_error e;
	size_t count = 0;

	l.config_known = file_list(config, world->arena, &l.config, &l.config_count, &e) ||
			 e.code == ERROR_NOT_FOUND;
	world->listed = file_list(path, world->arena, &names, &count, &world->list_error);
	if (!world->listed) {
		error_where(&world->list_error, "%s", path);
		error_hint(&world->list_error,
			   world->list_error.code == ERROR_NOT_FOUND
				   ? "`kata-tui setup` creates it"
				   : "nothing is removed while it cannot be read");
		count = 0;
	}
	l.names = arena_alloc(world->arena, (count + 1) * sizeof *l.names);
	for (size_t i = 0; i < count; i++)
		if (!is_no_app(names[i]))
			l.names[l.count++] = names[i];
	world->apps = arena_alloc(world->arena, (l.count + 1) * sizeof *world->apps);
	if (l.count)
		read_all_apps(&l);
	for (size_t i = 0; i < l.count; i++)
		if (world->apps[i].name)
			world->apps[world->app_count++] = world->apps[i];
	if (l.rootfd >= 0)
		close(l.rootfd);
}

struct app *world_app(const struct world *world, const char *name)
{
	size_t low = 0, high = world->app_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(name, world->apps[mid].name);

		if (!order)
			return &world->apps[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

/* --- all at once --- */

static void read_done(void *arg)
{
	--*(size_t *)arg;
}

bool member_read(struct world *world, struct member *member)
{
	int64_t until = loop_now_ms() + RESTART_MS;
	size_t waiting;

	for (;;) {
		caddy_live_release(&member->live);
		caddy_live_init(&member->live);
		waiting = 1;
		caddy_read(world->http, &member->endpoint, &member->live, read_done, &waiting);
		while (waiting && loop_turn(world->loop, -1))
			;
		if (member->live.good || member->live.error.code != ERROR_LOST ||
		    loop_now_ms() > until || loop_stopped(world->loop))
			return member->live.good;
		loop_sleep(world->loop, 20);
	}
}

/* Whether any app has, or had, containers. */
static bool wants_docker(const struct world *world)
{
	for (size_t i = 0; i < world->app_count; i++)
		if (world->models[i].compose.service_count || world->models[i].deployed)
			return true;
	return false;
}

void world_observe(struct world *world, unsigned what)
{
	unsigned always = OBSERVE_DOCKER_ALWAYS & ~(unsigned)OBSERVE_DOCKER;
	size_t waiting = 0;

	world->brief = what & OBSERVE_BRIEF;
	if (what & OBSERVE_CADDY) {
		waiting = world->member_count;
		for (size_t i = 0; i < world->member_count; i++)
			caddy_read(world->http, &world->members[i].endpoint,
				   &world->members[i].live, read_done, &waiting);
		loop_turn(world->loop, 0);
	}
	if (what & OBSERVE_APPS) {
		read_apps(world);
		models_load(world);
	}
	if (world->docker_set && (what & OBSERVE_DOCKER) &&
	    ((what & always) || wants_docker(world)))
		world_observe_docker(world);
	while (waiting && loop_turn(world->loop, -1))
		;
	/* A Caddy that reloads closes its connections; it answers in a moment. */
	for (size_t i = 0; (what & OBSERVE_CADDY) && i < world->member_count; i++)
		if (world->members[i].live.error.code == ERROR_LOST && !world->members[i].live.good)
			member_read(world, &world->members[i]);
}
