/* Files: reading, atomic writing, creating, folders, removing trees; links, FIFOs, mounts. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "kata/file.h"

static struct kata_error e;

/* Every test has a folder of its own, and runs inside it. */
static int enter(void **state)
{
	char dir[] = "/tmp/kata-file-XXXXXX";

	(void)state;
	umask(0027);
	return mkdtemp(dir) && chdir(dir) == 0 && mkdir("trash", 0700) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	char trash[] = "/tmp/kata-trash-XXXXXX";
	char *dir = getcwd(NULL, 0);

	(void)state;
	/* What the test removed has left nothing behind. */
	bool ok = rmdir("trash") == 0 || errno == ENOENT;
	ok = chdir("/") == 0 && mkdtemp(trash) && file_remove_tree(dir, trash, &e) && ok;
	ok = rmdir(trash) == 0 && ok;
	free(dir);
	return ok ? 0 : -1;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void check_holds(const char *path, const char *text)
{
	struct str s = STR_INIT;

	if (!file_read(AT_FDCWD, path, 1 << 20, &s, &e))
		fail_msg("%s", e.msg);
	assert_string_equal(s.p, text);
	str_release(&s);
}

static void check_read_fails(const char *path, size_t max, enum error_code code)
{
	struct str s = STR_INIT;

	str_add(&s, "before");
	assert_false(file_read(AT_FDCWD, path, max, &s, &e));
	assert_int_equal(e.code, code);
	assert_non_null(strstr(e.msg, path));
	assert_string_equal(s.p, "before");
	str_release(&s);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void test_read(void **state)
{
	struct str s = STR_INIT;

	(void)state;
	put("a", "hello");
	str_add(&s, "x ");
	assert_true(file_read(AT_FDCWD, "a", 5, &s, &e));
	assert_string_equal(s.p, "x hello");
	str_release(&s);
	check_read_fails("a", 4, ERROR_INVALID);
	check_read_fails("nothing", 9, ERROR_NOT_FOUND);
	check_read_fails("a/b", 9, ERROR_NOT_FOUND);
	check_read_fails("trash", 9, ERROR_INVALID);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	check_read_fails("dangling", 9, ERROR_INVALID);
	assert_int_equal(symlink("round", "round"), 0);
	check_read_fails("round", 9, ERROR_INVALID);
	assert_int_equal(symlink("a", "good"), 0);
	check_holds("good", "hello");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	check_read_fails("fifo", 9, ERROR_INVALID);
	check_read_fails("/dev/zero", 9, ERROR_INVALID);
	put("empty", "");
	check_holds("empty", "");
	int dir = open("trash", O_RDONLY | O_DIRECTORY);
	put("trash/in", "deep");
	assert_true(file_read(dir, "in", 9, &s, &e));
	assert_string_equal(s.p, "deep");
	str_release(&s);
	close(dir);
	unlink("trash/in");
}

/* Runs fn as nobody, who owns the folder; its result is the child's exit code. */
static int as_nobody(int (*fn)(void))
{
	int status;

	if (geteuid() != 0) {
		print_message("skipped: needs root to become somebody else\n");
		skip();
	}
	assert_int_equal(chown(".", 65534, 65534), 0);
	assert_int_equal(chown("trash", 65534, 65534), 0);
	pid_t child = fork();
	if (child == 0)
		_exit(setgid(65534) || setuid(65534) ? 99 : fn());
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

static int read_denied(void)
{
	struct str s = STR_INIT;

	return !file_read(AT_FDCWD, "secret", 9, &s, &e) && e.code == ERROR_DENIED ? 0 : 1;
}

static void test_read_denied(void **state)
{
	(void)state;
	put("secret", "x");
	assert_int_equal(chmod("secret", 0600), 0);
	assert_int_equal(as_nobody(read_denied), 0);
}

static void test_write(void **state)
{
	bool changed;
	struct stat before, after;

	(void)state;
	assert_true(file_write("a", "one", 3, 0600, &changed, &e));
	assert_true(changed);
	check_holds("a", "one");
	assert_int_equal(mode_of("a"), 0600);
	stat("a", &before);
	assert_true(file_write("a", "one", 3, 0600, &changed, &e));
	assert_false(changed);
	stat("a", &after);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_true(file_write("./a", "two", 3, 0664, &changed, &e));
	assert_true(changed);
	check_holds("a", "two");
	assert_int_equal(mode_of("a"), 0664);
	/* The same bytes in a file that is too open: it is closed to others. */
	assert_true(file_write("a", "two", 3, 0600, &changed, &e));
	assert_false(changed);
	assert_int_equal(mode_of("a"), 0600);
	assert_true(file_write("a", "", 0, 0600, NULL, &e));
	check_holds("a", "");
	assert_false(file_write("nowhere/a", "x", 1, 0600, &changed, &e));
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	assert_false(changed);
	assert_false(file_write("trash", "x", 1, 0600, NULL, &e));
	assert_false(file_write("", "x", 1, 0600, NULL, &e));
	assert_false(file_write("trash/", "x", 1, 0600, NULL, &e));
	assert_false(file_write("..", "x", 1, 0600, NULL, &e));
}

/* A link in the place of the file is replaced, not followed. */
static void test_write_over_link(void **state)
{
	bool changed;

	(void)state;
	put("victim", "same");
	assert_int_equal(symlink("victim", "a"), 0);
	assert_true(file_write("a", "same", 4, 0600, &changed, &e));
	assert_true(changed);
	assert_int_equal(mode_of("victim"), 0640);
	assert_true(file_write("a", "other", 5, 0600, &changed, &e));
	check_holds("victim", "same");
	check_holds("a", "other");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_true(file_write("fifo", "x", 1, 0600, &changed, &e));
	check_holds("fifo", "x");
}

/* No temporary file stays behind, whatever happens. */
static void test_no_litter(void **state)
{
	struct arena *arena = arena_new();
	const char **names;
	size_t count;

	(void)state;
	assert_true(file_write("a", "x", 1, 0600, NULL, &e));
	assert_false(file_write("trash", "x", 1, 0600, NULL, &e));
	assert_true(file_create("b", "x", 1, 0600, &e));
	assert_false(file_create("b", "y", 1, 0600, &e));
	assert_true(file_list(".", arena, &names, &count, &e));
	assert_int_equal(count, 3);
	assert_string_equal(names[0], "a");
	assert_string_equal(names[1], "b");
	assert_string_equal(names[2], "trash");
	arena_free(arena);
}

static void test_create(void **state)
{
	(void)state;
	assert_true(file_create("a", "mine", 4, 0640, &e));
	assert_int_equal(mode_of("a"), 0640);
	assert_false(file_create("a", "yours", 5, 0600, &e));
	assert_int_equal(e.code, ERROR_EXISTS);
	check_holds("a", "mine");
	assert_int_equal(symlink("nowhere", "link"), 0);
	assert_false(file_create("link", "x", 1, 0600, &e));
	assert_int_equal(e.code, ERROR_EXISTS);
	assert_false(exists("nowhere"));
}

/* Of many that create the same file at once exactly one wins, and its bytes are whole. */
static void test_create_race(void **state)
{
	int wins = 0, status;

	(void)state;
	for (int i = 0; i < 8; i++) {
		if (fork() == 0)
			_exit(file_create("a", "0123456789", 10, 0600, &e) ? 1 : 0);
	}
	while (wait(&status) > 0)
		wins += WEXITSTATUS(status);
	assert_int_equal(wins, 1);
	check_holds("a", "0123456789");
}

static void test_mkdir(void **state)
{
	bool created;

	(void)state;
	assert_true(file_mkdir("d", 0775, &created, &e));
	assert_true(created);
	assert_int_equal(mode_of("d"), 0775);
	assert_true(file_mkdir("d", 0700, &created, &e));
	assert_false(created);
	assert_int_equal(mode_of("d"), 0775);
	assert_int_equal(symlink("d", "l"), 0);
	assert_true(file_mkdir("l", 0700, &created, &e));
	put("f", "");
	assert_false(file_mkdir("f", 0700, &created, &e));
	assert_int_equal(e.code, ERROR_EXISTS);
	assert_false(file_mkdir("x/y", 0700, NULL, &e));
	assert_int_equal(e.code, ERROR_NOT_FOUND);
}

/* What root makes in somebody's folder is his. */
static void test_owner(void **state)
{
	static const char *const made[] = {"d/file", "d/new", "d/dir"};
	struct stat st;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		skip();
	}
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(chown("d", 1234, 2345), 0);
	assert_true(file_write("d/file", "x", 1, 0600, NULL, &e));
	assert_true(file_create("d/new", "x", 1, 0600, &e));
	assert_true(file_mkdir("d/dir", 0700, NULL, &e));
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(lstat(made[i], &st), 0);
		assert_int_equal(st.st_uid, 1234);
		assert_int_equal(st.st_gid, 2345);
	}
}

static void test_list(void **state)
{
	struct arena *arena = arena_new();
	const char **names;
	size_t count;

	(void)state;
	assert_true(file_list("trash", arena, &names, &count, &e));
	assert_int_equal(count, 0);
	put("b", ""), put("B", ""), put(".a", ""), put("\xc3\xa9", ""), put("a b", "");
	assert_true(file_list(".", arena, &names, &count, &e));
	static const char *const want[] = {".a", "B", "a b", "b", "trash", "\xc3\xa9"};
	assert_int_equal(count, 6);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(names[i], want[i]);
	assert_false(file_list("nowhere", arena, &names, &count, &e));
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	assert_false(file_list("b", arena, &names, &count, &e));
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_false(file_list("fifo", arena, &names, &count, &e));
	arena_free(arena);
}

static void test_remove_simple(void **state)
{
	(void)state;
	put("f", "x"), put("victim", "x");
	assert_int_equal(symlink("victim", "l"), 0);
	assert_int_equal(symlink("trash", "ld"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_true(file_remove_tree("f", "trash", &e));
	assert_true(file_remove_tree("l", "trash", &e));
	assert_true(file_remove_tree("ld", "trash", &e));
	assert_true(file_remove_tree("fifo", "trash", &e));
	assert_true(file_remove_tree("nothing", "trash", &e));
	assert_true(file_remove_tree("nothing/at/all", "trash", &e));
	assert_false(exists("f") || exists("l") || exists("ld") || exists("fifo"));
	assert_true(exists("victim") && exists("trash"));
	assert_false(file_remove_tree(".", "trash", &e));
	assert_false(file_remove_tree("trash/..", "trash", &e));
	assert_false(file_remove_tree("/", "trash", &e));
	assert_false(file_remove_tree("", "trash", &e));
	assert_int_equal(mkdir("d", 0700), 0);
	assert_false(file_remove_tree("d", "no-trash", &e));
	assert_true(exists("d"));
	/* The trash inside of what goes: refused, and nothing moved. */
	assert_int_equal(mkdir("d/trash", 0700), 0);
	assert_false(file_remove_tree("d", "d/trash", &e));
	assert_true(exists("d/trash"));
}

static void test_remove_tree(void **state)
{
	(void)state;
	put("victim", "kept");
	assert_int_equal(mkdir("outside", 0700), 0);
	put("outside/kept", "kept");
	assert_int_equal(mkdir("d", 0700) | mkdir("d/a", 0700) | mkdir("d/a/b", 0700), 0);
	assert_int_equal(mkdir("d/0", 0700) | mkdir("d/a/1", 0700), 0);
	put("d/f", "x"), put("d/a/b/f", "x"), put("d/a/b/0", "x"), put("d/0/f", "x");
	assert_int_equal(symlink("../victim", "d/l") | symlink("../../outside", "d/a/l"), 0);
	assert_int_equal(symlink("/", "d/a/b/root"), 0);
	assert_int_equal(link("victim", "d/hard"), 0);
	assert_true(file_remove_tree("d//", "trash", &e));
	assert_false(exists("d"));
	check_holds("victim", "kept");
	check_holds("outside/kept", "kept");
}

/* Deeper than any path may be long, and than there are descriptors. */
static void test_remove_deep(void **state)
{
	int top = open(".", O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(chdir("d"), 0);
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(mkdir("sub", 0700), 0);
		assert_int_equal(chdir("sub"), 0);
	}
	assert_int_equal(fchdir(top), 0);
	close(top);
	assert_true(file_remove_tree("d", "trash", &e));
	assert_false(exists("d"));
}

static void test_remove_wide(void **state)
{
	char name[64];

	(void)state;
	assert_int_equal(mkdir("d", 0700), 0);
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof name, "d/%d", i);
		if (i % 2)
			assert_int_equal(mkdir(name, 0700), 0);
		else
			put(name, "x");
	}
	assert_true(file_remove_tree("d", "trash", &e));
	assert_false(exists("d"));
}

static int remove_read_only(void)
{
	if (mkdir("d", 0700) || mkdir("d/a", 0700) || mkdir("d/a/b", 0700))
		return 1;
	put("d/a/f", "x"), put("d/a/b/f", "x");
	/* Without x nothing in it can be removed, without w it cannot be moved. */
	if (mkdir("d/c", 0700))
		return 2;
	put("d/c/f", "x");
	if (chmod("d/c", 0600) || chmod("d/a/b", 0555) || chmod("d/a", 0555) || chmod("d", 0555))
		return 2;
	if (!file_remove_tree("d", "trash", &e)) {
		fprintf(stderr, "%s\n", e.msg);
		return 3;
	}
	return exists("d") ? 4 : 0;
}

/* Folders without write permission, as package managers leave them. */
static void test_remove_read_only(void **state)
{
	(void)state;
	assert_int_equal(as_nobody(remove_read_only), 0);
}

static int remove_foreign(void)
{
	if (file_remove_tree("d", "trash", &e))
		return 1;
	return e.code == ERROR_DENIED && e.msg[0] ? 0 : 2;
}

static void test_remove_foreign(void **state)
{
	(void)state;
	assert_int_equal(mkdir("d", 0755) | mkdir("d/a", 0755), 0);
	put("d/a/f", "x");
	if (geteuid() == 0)
		assert_int_equal(chmod(".", 0755), 0);
	assert_int_equal(as_nobody(remove_foreign), 0);
	assert_true(exists("d/a/f"));
}

/* Runs with mounts of its own; 77: cannot have them. */
static int remove_mounted(void)
{
	if (unshare(CLONE_NEWNS) || mount("none", "/", "", MS_REC | MS_PRIVATE, NULL))
		return 77;
	if (mkdir("d", 0700) || mkdir("d/sub", 0700) || mkdir("d/sub/m\\ t", 0700))
		return 1;
	put("d/first", "x");
	if (mount("none", "d/sub/m\\ t", "tmpfs", 0, NULL))
		return 77;
	put("d/sub/m\\ t/kept", "x");
	if (file_remove_tree("d", "trash", &e) || !strstr(e.msg, "m\\ t"))
		return 2;
	if (!exists("d/sub/m\\ t/kept") || !exists("d/first"))
		return 3;
	if (umount("d/sub/m\\ t"))
		return 4;
	/* A bind mount has the same device number. */
	if (mkdir("data", 0700))
		return 5;
	put("data/kept", "x");
	if (mount("data", "d/sub/m\\ t", "", MS_BIND, NULL))
		return 77;
	if (file_remove_tree("d", "trash", &e) || !exists("data/kept") || !exists("d/first"))
		return 6;
	if (file_remove_tree("d/sub/m\\ t", "trash", &e) || !exists("data/kept"))
		return 7;
	if (umount("d/sub/m\\ t") || !file_remove_tree("d", "trash", &e))
		return 8;
	return 0;
}

static void test_remove_mounted(void **state)
{
	int status;

	(void)state;
	pid_t child = fork();
	if (child == 0)
		_exit(remove_mounted());
	waitpid(child, &status, 0);
	if (WEXITSTATUS(status) == 77) {
		print_message("skipped: needs root to mount\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_trash_elsewhere(void **state)
{
	struct stat here, there;

	(void)state;
	if (stat(".", &here) || stat("/dev/shm", &there) || here.st_dev == there.st_dev) {
		print_message("skipped: needs a second file system\n");
		skip();
	}
	assert_int_equal(mkdir("d", 0700), 0);
	assert_false(file_remove_tree("d", "/dev/shm", &e));
	assert_true(exists("d"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)
	const struct CMUnitTest tests[] = {
		TEST(test_read),
		TEST(test_read_denied),
		TEST(test_write),
		TEST(test_write_over_link),
		TEST(test_no_litter),
		TEST(test_create),
		TEST(test_create_race),
		TEST(test_mkdir),
		TEST(test_owner),
		TEST(test_list),
		TEST(test_remove_simple),
		TEST(test_remove_tree),
		TEST(test_remove_deep),
		TEST(test_remove_wide),
		TEST(test_remove_read_only),
		TEST(test_remove_foreign),
		TEST(test_remove_mounted),
		TEST(test_trash_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
