/* .dockerignore: the lines, single patterns (the table of moby/patternmatcher's own tests), their
 * order, and what is said of those that make no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "kata/dockerignore.h"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct dockerignore *parse(const char *text)
{
	struct kata_error e;
	struct dockerignore *ignore =
		dockerignore_parse(arena, text, strlen(text), ".dockerignore", &e);

	if (!ignore)
		fail_msg("%s: %s", e.where, e.msg);
	return ignore;
}

static bool match(const char *text, const char *path)
{
	return dockerignore_match(parse(text), path);
}

static const struct {
	const char *pattern, *path;
	bool matches;
} pattern_rows[] = {
	{"**", "file", true},
	{"**/", "file", true},
	{"**", "dir/file", true},
	{"**/**", "dir/file", true},
	{"dir/**", "dir/file", true},
	{"dir/**", "dir/dir2/file", true},
	{"dir/**", "dir", false},
	{"**/dir", "dir", true},
	{"**/dir", "dir/file", true},
	{"**/dir", "a/b/dir/c", true},
	{"**/dir", "a/subdir", false},
	{"**/dir2/*", "dir/dir2/file", true},
	{"**/dir2/**", "dir/dir2/dir3/file", true},
	{"**file", "file", true},
	{"**file", "dir/file", true},
	{"**file", "dir/afile", true},
	{"**file*", "dir/afile", false},
	{"**file*", "dir/file.txt", true},
	{"**/file*.txt*", "dir/dir/file.txt.gz", true},
	{"**/**/*.txt", "dir/dir/file.txt", true},
	{"**/**/*.txt2", "dir/dir/file.txt", false},
	{"**/*.txt", "file.txt", true},
	{"a**/*.txt", "a/file.txt", true},
	{"a**/*.txt", "a/dir/dir/file.txt", true},
	{"a**b", "a/x/b", true},
	{"a**b", "axxb", false},
	{"a/*.txt", "a/dir/file.txt", false},
	{"a/*.txt", "a/file.txt", true},
	{"a/*.txt**", "a/file.txt", true},
	{"a[b-d]e", "ae", false},
	{"a[b-d]e", "ace", true},
	{"a[b-d]e", "aae", false},
	{"a[^b-d]e", "aze", true},
	{"a[^b-d]e", "abe", false},
	{"[\\]a]", "]", true},
	{"[à-ü]", "é", true},
	{"[à-ü]", "z", false},
	{".*", ".foo", true},
	{".*", "foo", false},
	{"abc.def", "abcdef", false},
	{"abc.def", "abcZdef", false},
	{"abc?def", "abcZdef", true},
	{"abc?def", "abcédef", true},
	{"abc?def", "abc/def", false},
	{"abc?def", "abcdef", false},
	{"a\\*", "a*", true},
	{"a\\*", "ab", false},
	{"a\\\\", "a\\", true},
	{"abc/**", "abc/def/ghi", true},
	{"**/.foo", ".foo", true},
	{"**/.foo", "bar.foo", false},
	{"a.|)$(}+{bc", "a.|)$(}+{bc", true},
	{"*", "a/b/c", true},
	{"*/b", "a/b/c", true},
	{"*/b", "b", false},
	{"A", "a", false},
	{"a/b", "a", false},
	{"a/b", "a/bc", false},
	{"****", "x/y", true},
	{"*a*b*", "xxaxxbxx", true},
};

static void single_patterns(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof pattern_rows / sizeof pattern_rows[0]; i++)
		if (match(pattern_rows[i].pattern, pattern_rows[i].path) != pattern_rows[i].matches)
			fail_msg("%s and %s", pattern_rows[i].pattern, pattern_rows[i].path);
}

static void lines(void **state)
{
	(void)state;
	assert_true(match("\xef\xbb\xbf"
			  "a\n",
			  "a"));
	assert_true(match("a\r\nb\r\n", "a"));
	assert_true(match("\n\n  \t b \n", "b"));
	assert_true(match("a/\n", "a"));
	assert_true(match("/a\n", "a"));
	assert_true(match("./a\n", "a"));
	assert_true(match("x/../a//b/.\n", "a/b"));
	assert_true(match("/../a\n", "a"));
	assert_false(match("../a\n", "a"));
	assert_false(match("#a\n", "#a"));
	assert_true(match(" #a\n", "#a"));
	assert_true(match("a b\n", "a b"));
	assert_false(match(".\n/\n\n", "a"));
	assert_false(match("", "a"));
}

static void the_last_match_decides(void **state)
{
	const char *text = "*.md\n!README*.md\nREADME-secret.md\n";

	(void)state;
	assert_true(match(text, "a.md"));
	assert_false(match(text, "README-a.md"));
	assert_true(match(text, "README-secret.md"));
	assert_false(match("!a\n", "a"));
	assert_false(match("a\n! /a/ \n", "a"));
	assert_false(match("a\n!a\n", "a/b"));
	assert_true(match("*\n!a/b\n", "a"));
	assert_false(match("*\n!a/b\n", "a/b/c"));
}

static void some_files_are_kept(void **state)
{
	struct dockerignore *ignore = parse("**\n");

	(void)state;
	dockerignore_keep(ignore, "docker/[x]/File*");
	assert_false(dockerignore_match(ignore, "docker/[x]/File*"));
	assert_true(dockerignore_match(ignore, "docker/x/File1"));
	assert_true(dockerignore_may_hold(ignore, "docker"));
	assert_true(dockerignore_may_hold(ignore, "docker/[x]"));
	assert_false(dockerignore_may_hold(ignore, "dock"));
	assert_false(dockerignore_may_hold(ignore, "docker/x"));
}

static void folders_that_may_hold_something(void **state)
{
	struct dockerignore *ignore = parse("*\n!src/*/keep\n");

	(void)state;
	assert_true(dockerignore_may_hold(ignore, "src"));
	assert_true(dockerignore_may_hold(ignore, "src/a"));
	assert_false(dockerignore_may_hold(ignore, "sr"));
	assert_false(dockerignore_may_hold(ignore, "node_modules"));
	assert_true(dockerignore_may_hold(parse("*\n!**/keep\n"), "node_modules"));
	assert_false(dockerignore_may_hold(parse("*\nsrc/keep\n"), "src"));
	assert_false(dockerignore_may_hold(parse("*\n!src\n"), "src"));
}

static void nonsense_is_named(void **state)
{
	static const char *const rows[] = {"ok\n!\n", "ok\n[a",	  "ok\n[]\n",  "ok\n[]a]",
					   "ok\na\\", "ok\n[a-]", "ok\n[^]\n", "ok\n[\\"};
	struct kata_error e;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (dockerignore_parse(arena, rows[i], strlen(rows[i]), "x/.dockerignore", &e))
			fail_msg("%s is taken", rows[i]);
		assert_int_equal(e.code, ERROR_INVALID);
		assert_string_equal(e.where, "x/.dockerignore:2");
	}
}

static void no_pattern_takes_long(void **state)
{
	struct str pattern = STR_INIT, path = STR_INIT;
	clock_t start = clock();

	(void)state;
	for (int i = 0; i < 40; i++)
		str_add(&pattern, i % 2 ? "**/" : "*a*");
	str_add(&pattern, "b");
	for (int i = 0; i < 300; i++)
		str_add(&path, "aaaaaa/");
	str_add(&path, "a");
	assert_false(match(pattern.p, path.p));
	assert_true(clock() - start < CLOCKS_PER_SEC);
	str_release(&pattern);
	str_release(&path);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(single_patterns),
		TEST(lines),
		TEST(the_last_match_decides),
		TEST(some_files_are_kept),
		TEST(folders_that_may_hold_something),
		TEST(nonsense_is_named),
		TEST(no_pattern_takes_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
