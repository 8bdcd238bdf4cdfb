/* Image references: how they are taken apart, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "kata/docker.h"

#define HEX32  "0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX32 HEX32

static void assert_text(const char *of, const char *is, const char *wanted)
{
	if (is == wanted)
		return;
	if (!is || !wanted || strcmp(is, wanted) != 0)
		fail_msg("%s: %s, not %s", of, is ? is : "(none)", wanted ? wanted : "(none)");
}

static void references(void **state)
{
	static const struct {
		const char *text, *domain, *path, *tag, *digest, *name;
	} rows[] = {
		{"nginx", "docker.io", "library/nginx", "latest", NULL, "nginx"},
		{"nginx:1.25-alpine_x", "docker.io", "library/nginx", "1.25-alpine_x", NULL,
		 "nginx"},
		{"a/b", "docker.io", "a/b", "latest", NULL, "a/b"},
		{"library/nginx", "docker.io", "library/nginx", "latest", NULL, "nginx"},
		{"library/a/b", "docker.io", "library/a/b", "latest", NULL, "library/a/b"},
		{"docker.io/nginx", "docker.io", "library/nginx", "latest", NULL, "nginx"},
		{"index.docker.io/nginx:1", "docker.io", "library/nginx", "1", NULL, "nginx"},
		/* Without docker.io in front it would be another registry's. */
		{"docker.io/a.b/c", "docker.io", "a.b/c", "latest", NULL, "docker.io/a.b/c"},
		{"docker.io/a/b:t", "docker.io", "a/b", "t", NULL, "a/b"},
		{"localhost/a", "localhost", "a", "latest", NULL, "localhost/a"},
		{"localhost:5000/a/b:t", "localhost:5000", "a/b", "t", NULL, "localhost:5000/a/b"},
		{"Registry/a", "Registry", "a", "latest", NULL, "Registry/a"},
		{"r.example/a", "r.example", "a", "latest", NULL, "r.example/a"},
		{"[::1]:5000/a:t", "[::1]:5000", "a", "t", NULL, "[::1]:5000/a"},
		{"host:5000", "docker.io", "library/host", "5000", NULL, "host"},
		{"nginx@" DIGEST, "docker.io", "library/nginx", NULL, DIGEST, "nginx"},
		{"r.example:1/a/b:t@" DIGEST, "r.example:1", "a/b", NULL, DIGEST,
		 "r.example:1/a/b"},
		{"a.b_c__d---e", "docker.io", "library/a.b_c__d---e", "latest", NULL,
		 "a.b_c__d---e"},
		{HEX32, "docker.io", "library/" HEX32, "latest", NULL, HEX32},
	};
	struct arena *a = arena_new();
	struct image_ref ref;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (!image_ref_parse(a, rows[i].text, &ref))
			fail_msg("%s is refused", rows[i].text);
		assert_text(rows[i].text, ref.domain, rows[i].domain);
		assert_text(rows[i].text, ref.path, rows[i].path);
		assert_text(rows[i].text, ref.tag, rows[i].tag);
		assert_text(rows[i].text, ref.digest, rows[i].digest);
		assert_text(rows[i].text, ref.name, rows[i].name);
	}
	arena_free(a);
}

static void what_is_none(void **state)
{
	static const char *const rows[] = {
		"",
		":t",
		"/a",
		"a/",
		"a//b",
		"a:",
		"a@",
		"a:b:c",
		"Nginx",
		"a/B",
		"-a",
		"a-",
		"a..b",
		"a___b",
		"a._b",
		"a b",
		"a:t t",
		"a:-t",
		"a@sha256:" HEX32,
		"a@sha256:" HEX32 HEX32 "0",
		"a@md5:" HEX32,
		"a@sha256:ABCDEF0123456789" HEX32 "0123456789abcdef",
		"a@" DIGEST "@" DIGEST,
		HEX32 HEX32,
		"-h.example/a",
		"h..example/a",
		"h.example:/a",
		"h.example:p/a",
		"[::1/a",
		"[]:1/a",
		"https://r.example/a",
		"r.example/",
		"a\n",
		"é",
	};
	struct arena *a = arena_new();
	struct image_ref ref;
	struct str text = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (image_ref_parse(a, rows[i], &ref))
			fail_msg("%s is taken", rows[i]);
	str_add(&text, "a:");
	for (int i = 0; i < 128; i++)
		str_add(&text, "t");
	assert_true(image_ref_parse(a, text.p, &ref));
	str_add(&text, "t");
	assert_false(image_ref_parse(a, text.p, &ref));
	str_clear(&text);
	for (int i = 0; i < 255 - (int)strlen("library/"); i++)
		str_add(&text, "n");
	assert_true(image_ref_parse(a, text.p, &ref));
	str_add(&text, "n");
	assert_false(image_ref_parse(a, text.p, &ref));
	str_release(&text);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references),
		cmocka_unit_test(what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
