/* Build contexts: what is in the tar and what is not, read back with libarchive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../src/docker/context.h"
#include "kata/file.h"

static char base[64];
static struct arena *arena;
static struct kata_error e;
static struct build_context *context;

static const char *at(const char *name)
{
	return arena_printf(arena, "%s/%s", base, name);
}

static void put(const char *name, const char *text)
{
	const char *path = at(name);

	for (char *slash = strchr(path + strlen(base) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	if (!file_write(path, text, strlen(text), 0644, NULL, &e))
		fail_msg("%s", e.msg);
}

static int setup(void **state)
{
	(void)state;
	snprintf(base, sizeof base, "/tmp/kata-context-XXXXXX");
	arena = arena_new();
	return mkdtemp(base) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	if (geteuid() != getuid()) {
		assert_int_equal(seteuid(getuid()), 0);
		/* Leak checkers look into the process, which the change of user forbade. */
		prctl(PR_SET_DUMPABLE, 1);
	}
	build_context_free(context);
	context = NULL;
	if (!file_remove_tree(base, "/tmp", &e))
		print_error("%s\n", e.msg);
	arena_free(arena);
	return 0;
}

static void open_context(const char *dockerfile, const char *text)
{
	build_context_free(context);
	context = build_context_new(at("c"), dockerfile, text, &e);
	if (!context)
		fail_msg("%s", e.msg);
}

/* The whole tar, in pieces of odd sizes. */
static bool read_tar(struct str *tar)
{
	static const size_t rooms[] = {1, 7, 512, 100, 65536, 3};
	char bytes[65536];
	ssize_t n;

	for (size_t i = 0; (n = build_context_read(context, bytes, rooms[i % 6])) > 0; i++)
		str_addn(tar, bytes, (size_t)n);
	return n == 0;
}

static void list_entry(struct archive *tar, struct archive_entry *entry, struct str *out)
{
	const char *target = archive_entry_symlink(entry);
	char text[4096];
	la_ssize_t n;

	str_addf(out, "%s %03o", archive_entry_pathname(entry), archive_entry_perm(entry));
	if (archive_entry_uid(entry) || archive_entry_gid(entry))
		str_add(out, " OWNED");
	if (target)
		str_addf(out, " -> %s", target);
	if (archive_entry_filetype(entry) == AE_IFREG) {
		str_add(out, " ");
		while ((n = archive_read_data(tar, text, sizeof text)) > 0)
			str_addn(out, text, (size_t)n);
	}
	str_add(out, "\n");
}

/* "name mode content" of each entry, a line each. */
static const char *listing(void)
{
	struct archive *tar = archive_read_new();
	struct str bytes = STR_INIT, out = STR_INIT;
	struct archive_entry *entry;
	int code;

	if (!read_tar(&bytes))
		fail_msg("%s", build_context_error(context)->msg);
	archive_read_support_format_tar(tar);
	assert_int_equal(archive_read_open_memory(tar, bytes.p, bytes.len), ARCHIVE_OK);
	while ((code = archive_read_next_header(tar, &entry)) == ARCHIVE_OK)
		list_entry(tar, entry, &out);
	assert_int_equal(code, ARCHIVE_EOF);
	archive_read_free(tar);
	const char *kept = arena_strdup(arena, out.p);
	str_release(&bytes);
	str_release(&out);
	return kept;
}

static void all_kinds_of_entries(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	put("c/Dockerfile", "FROM x");
	put("c/b/y", "");
	put("c/b/x", "1");
	put("c/b.txt", "2");
	put("c/b/.docker-compose.yaml", "SECRET=1");
	put("outside", "secret");
	if (geteuid() == 0)
		assert_int_equal(chown(at("c/b/x"), 1234, 1234), 0);
	chmod(at("c/b/x"), 0711);
	chmod(at("c/b"), 0700);
	assert_int_equal(mkdir(at("c/empty"), 0755), 0);
	assert_int_equal(symlink("../outside", at("c/link")), 0);
	assert_int_equal(symlink("..", at("c/up")), 0);
	assert_int_equal(mkfifo(at("c/fifo"), 0600), 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", at("c/socket"));
	assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof address), 0);
	close(s);
	open_context(NULL, NULL);
	assert_string_equal(build_context_dockerfile(context), "Dockerfile");
	assert_string_equal(listing(), "Dockerfile 644 FROM x\n"
				       "b/ 700\n"
				       "b/x 711 1\n"
				       "b/y 644 \n"
				       "b.txt 644 2\n"
				       "empty/ 755\n"
				       "fifo 600\n"
				       "link 777 -> ../outside\n"
				       "up 777 -> ..\n");
}

static void the_same_folder_gives_the_same_bytes(void **state)
{
	struct str one = STR_INIT, two = STR_INIT;

	(void)state;
	put("c/a/b/c", "1");
	put("c/d", "2");
	open_context(NULL, "FROM x");
	assert_true(read_tar(&one));
	open_context(NULL, "FROM x");
	assert_true(read_tar(&two));
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.p, two.p, one.len);
	str_release(&one);
	str_release(&two);
}

static void times_are_kept(void **state)
{
	struct timespec times[2] = {{.tv_sec = 1000000}, {.tv_sec = 1234567}};
	struct archive *tar = archive_read_new();
	struct archive_entry *entry;
	struct str bytes = STR_INIT;

	(void)state;
	put("c/Dockerfile", "FROM x");
	utimensat(AT_FDCWD, at("c/Dockerfile"), times, 0);
	open_context(NULL, NULL);
	assert_true(read_tar(&bytes));
	archive_read_support_format_tar(tar);
	archive_read_open_memory(tar, bytes.p, bytes.len);
	assert_int_equal(archive_read_next_header(tar, &entry), ARCHIVE_OK);
	assert_int_equal(archive_entry_mtime(entry), 1234567);
	archive_read_free(tar);
	str_release(&bytes);
}

static void large_files_and_long_names(void **state)
{
	size_t len = 300 * 1024 + 17;
	char *text = xcalloc(1, len + 1), name[200];
	struct str bytes = STR_INIT;

	(void)state;
	memset(text, 'x', len);
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	put(arena_printf(arena, "c/%s/%s", name, name), text);
	put("c/caf\xe9", "");
	open_context(NULL, "FROM x");
	const char *list = listing();
	const char *found = strstr(list, arena_printf(arena, "%s/%s 644 xxx", name, name));
	assert_non_null(found);
	assert_int_equal(strspn(strstr(found, " 644 ") + 5, "x"), len);
	assert_non_null(strstr(list, "caf\xe9 644 \n"));
	free(text);
	str_release(&bytes);
}

static void what_is_ignored_stays_here(void **state)
{
	(void)state;
	put("c/.dockerignore", "*\n!src\nsrc/*.o\n!deep/*/keep\n");
	put("c/Dockerfile", "FROM x");
	put("c/docker/Dockerfile", "FROM y");
	put("c/docker/other", "");
	put("c/src/a.c", "");
	put("c/src/a.o", "");
	put("c/deep/a/keep", "");
	put("c/deep/a/drop", "");
	put("c/deep/b/drop", "");
	assert_int_equal(mkdir(at("c/deep/c"), 0755), 0);
	assert_int_equal(symlink("x", at("c/deep/c/keep")), 0);
	put("c/other/x", "");
	open_context("docker/Dockerfile", NULL);
	assert_string_equal(build_context_dockerfile(context), "docker/Dockerfile");
	assert_string_equal(listing(), ".dockerignore 644 *\n!src\nsrc/*.o\n!deep/*/keep\n\n"
				       "deep/ 755\n"
				       "deep/a/ 755\n"
				       "deep/a/keep 644 \n"
				       "deep/c/ 755\n"
				       "deep/c/keep 777 -> x\n"
				       "docker/ 755\n"
				       "docker/Dockerfile 644 FROM y\n"
				       "src/ 755\n"
				       "src/a.c 644 \n");
}

static void the_dockerfile_may_have_its_own_rules(void **state)
{
	(void)state;
	put("c/.dockerignore", "a\n");
	put("c/x.Dockerfile", "FROM x");
	put("c/x.Dockerfile.dockerignore", "b\n");
	put("c/a", "");
	put("c/b", "");
	open_context("x.Dockerfile", NULL);
	assert_string_equal(listing(), ".dockerignore 644 a\n\n"
				       "a 644 \n"
				       "x.Dockerfile 644 FROM x\n"
				       "x.Dockerfile.dockerignore 644 b\n\n");
}

static void nonsense_in_the_rules_is_told(void **state)
{
	(void)state;
	put("c/.dockerignore", "a\n[\n");
	put("c/Dockerfile", "FROM x");
	context = build_context_new(at("c"), NULL, NULL, &e);
	assert_null(context);
	assert_int_equal(e.code, ERROR_INVALID);
	assert_non_null(strstr(e.where, "/c/.dockerignore:2"));
}

static void a_dockerfile_of_its_own_name(void **state)
{
	(void)state;
	put("c/a", "");
	open_context(NULL, "FROM inline");
	const char *name = build_context_dockerfile(context);
	assert_int_equal(strncmp(name, ".dockerfile.", 12), 0);
	assert_string_equal(listing(), arena_printf(arena,
						    ".dockerignore 644 .dockerignore\n%s\n\n"
						    "%s 644 FROM inline\na 644 \n",
						    name, name));
	/* The name is never one that is there already; rules that are there stay. */
	put(arena_printf(arena, "c/%s", name), "mine");
	put("c/.dockerignore", "a");
	name = arena_strdup(arena, name);
	open_context(NULL, "FROM inline");
	assert_string_not_equal(build_context_dockerfile(context), name);
	assert_string_equal(listing(),
			    arena_printf(arena,
					 ".dockerignore 644 a\n%sx\n\n%sx 644 FROM inline\n"
					 "%s 644 mine\n",
					 name, name, name));
}

static void a_dockerfile_outside(void **state)
{
	(void)state;
	put("c/a", "");
	put("Dockerfile", "FROM outside");
	open_context("../Dockerfile", NULL);
	const char *list = listing();
	assert_non_null(strstr(list, "644 FROM outside\n"));
	open_context(at("Dockerfile"), NULL);
	assert_string_equal(listing(), list);
	/* A link that leads out is the same; one that stays in is followed. */
	assert_int_equal(symlink("../Dockerfile", at("c/Dockerfile")), 0);
	open_context(NULL, NULL);
	assert_non_null(strstr(listing(), "644 FROM outside\n"));
	put("c/in", "FROM in");
	assert_int_equal(symlink("in", at("c/df")), 0);
	open_context("df", NULL);
	assert_string_equal(build_context_dockerfile(context), "in");
}

/* Rules that are a link are read; what they say is not put into the tar. */
static void rules_from_outside_stay_outside(void **state)
{
	(void)state;
	put("rules", "a\nsecret\n");
	put("c/a", "");
	assert_int_equal(symlink("../rules", at("c/.dockerignore")), 0);
	open_context(NULL, "FROM x");
	const char *list = listing();
	assert_null(strstr(list, "secret"));
	assert_null(strstr(list, "\na 644"));
}

static void what_is_missing_is_named(void **state)
{
	(void)state;
	assert_null(build_context_new(at("c"), NULL, NULL, &e));
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	assert_non_null(strstr(e.msg, at("c")));
	put("c/a", "");
	assert_null(build_context_new(at("c"), "Dockerfile.dev", NULL, &e));
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	assert_non_null(strstr(e.msg, "c/Dockerfile.dev"));
	assert_null(build_context_new(at("c/a"), NULL, "FROM x", &e));
	assert_int_equal(e.code, ERROR_INVALID);
}

static void unreadable(const char *name, bool folder)
{
	struct str bytes = STR_INIT;

	open_context(NULL, "FROM x");
	assert_int_equal(chmod(at(name), folder ? 0300 : 0200), 0);
	assert_false(read_tar(&bytes));
	const struct kata_error *why = build_context_error(context);
	assert_non_null(why);
	assert_int_equal(why->code, ERROR_DENIED);
	assert_non_null(strstr(why->msg, name));
	str_release(&bytes);
	put("c/.dockerignore", strrchr(name, '/') + 1);
	open_context(NULL, "FROM x");
	assert_null(strstr(listing(), "private "));
	assert_int_equal(chmod(at(name), 0755), 0);
	unlink(at("c/.dockerignore"));
}

static void what_cannot_be_read_is_named(void **state)
{
	(void)state;
	/* As somebody who may be refused. */
	if (geteuid() == 0) {
		assert_int_equal(chown(base, 65534, 65534), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	put("c/private", "x");
	unreadable("c/private", false);
	unlink(at("c/private"));
	put("c/hidden/private", "x");
	unreadable("c/hidden", true);
}

/* A file that shrinks under the reader must not give a tar that looks whole. */
static void a_file_that_shrinks_is_told(void **state)
{
	size_t len = 512 * 1024;
	char *text = xcalloc(1, len + 1), bytes[512];
	struct str tar = STR_INIT;

	(void)state;
	memset(text, 'x', len);
	put("c/a", text);
	free(text);
	open_context(NULL, "FROM x");
	for (int i = 0; i < 8; i++)
		assert_true(build_context_read(context, bytes, sizeof bytes) > 0);
	assert_int_equal(truncate(at("c/a"), 1000), 0);
	assert_false(read_tar(&tar));
	assert_non_null(strstr(build_context_error(context)->msg, "c/a became shorter"));
	str_release(&tar);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(all_kinds_of_entries),
		TEST(the_same_folder_gives_the_same_bytes),
		TEST(times_are_kept),
		TEST(large_files_and_long_names),
		TEST(what_is_ignored_stays_here),
		TEST(the_dockerfile_may_have_its_own_rules),
		TEST(nonsense_in_the_rules_is_told),
		TEST(a_dockerfile_of_its_own_name),
		TEST(a_dockerfile_outside),
		TEST(rules_from_outside_stay_outside),
		TEST(what_is_missing_is_named),
		TEST(what_cannot_be_read_is_named),
		TEST(a_file_that_shrinks_is_told),
	};

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
