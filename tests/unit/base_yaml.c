/* The YAML tree: shape, places, anchors, merge keys, limits, lookups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "kata/yaml.h"

struct fixture {
	struct arena *arena;
	struct problems problems;
};

static int setup(void **state)
{
	static struct fixture f;

	f.arena = arena_new();
	problems_init(&f.problems, f.arena);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	arena_free(((struct fixture *)*state)->arena);
	return 0;
}

static const struct yaml_node *parse(struct fixture *f, const char *text)
{
	problems_init(&f->problems, f->arena);
	return yaml_parse(f->arena, text, strlen(text), "app.yaml", &f->problems);
}

static const struct yaml_node *must_parse(struct fixture *f, const char *text)
{
	const struct yaml_node *root = parse(f, text);

	assert_int_equal(f->problems.count, 0);
	assert_non_null(root);
	return root;
}

static void assert_problem(const struct fixture *f, unsigned line, unsigned column,
			   const char *part)
{
	for (size_t i = 0; i < f->problems.count; i++) {
		const struct problem *p = &f->problems.items[i];

		if (p->place.line == line && p->place.column == column && strstr(p->msg, part)) {
			assert_int_equal(p->severity, SEVERITY_ERROR);
			return;
		}
	}
	for (size_t i = 0; i < f->problems.count; i++)
		print_error("have %u:%u %s\n", f->problems.items[i].place.line,
			    f->problems.items[i].place.column, f->problems.items[i].msg);
	fail_msg("no problem at %u:%u with \"%s\"", line, column, part);
}

static void assert_text(const struct yaml_node *node, const char *text)
{
	assert_non_null(node);
	assert_int_equal(node->kind, YAML_SCALAR);
	assert_string_equal(node->text, text);
	assert_int_equal(node->len, strlen(text));
}

static void reads_a_tree(void **state)
{
	const struct yaml_node *root = must_parse(
		*state,
		"# note\na: 1\nb:\n  - x\n  - \"y\\n\"\n  - {c: 'd'}\ne: |\n  two\n  lines\n");
	const struct yaml_node *b = yaml_get(root, "b");

	assert_int_equal(root->kind, YAML_MAPPING);
	assert_int_equal(root->count, 3);
	assert_text(root->pairs[0].key, "a");
	assert_text(yaml_get(root, "a"), "1");
	assert_true(yaml_get(root, "a")->plain);
	assert_int_equal(b->kind, YAML_SEQUENCE);
	assert_int_equal(b->count, 3);
	assert_text(b->items[1], "y\n");
	assert_false(b->items[1]->plain);
	assert_text(yaml_get(b->items[2], "c"), "d");
	assert_text(yaml_get(root, "e"), "two\nlines\n");
	assert_false(yaml_get(root, "e")->plain);
	assert_null(yaml_get(root, "none"));
	assert_null(yaml_get(NULL, "a"));
	assert_null(yaml_get(b, "a"));
	assert_int_equal(b->items[2]->line, 6);
	assert_int_equal(b->items[2]->column, 5);
	assert_int_equal(yaml_get_key(root, "e")->line, 7);
	assert_null(yaml_get_key(root, "f"));
	struct place place = yaml_place(b->items[1], "app.yaml");
	assert_int_equal(place.line, 5);
	assert_int_equal(place.column, 5);
	assert_string_equal(place.file, "app.yaml");
	assert_int_equal(yaml_place(NULL, "f").line, 0);
}

static void columns_count_characters(void **state)
{
	const struct yaml_node *root =
		must_parse(*state, "\xef\xbb\xbf\xc3\xa9: {\xe6\x97\xa5: x}\r\nb: c\r\n");

	assert_int_equal(root->line, 1);
	assert_int_equal(root->column, 1);
	assert_int_equal(root->pairs[0].value->pairs[0].value->column, 8);
	assert_text(yaml_get(root, "b"), "c");
	assert_int_equal(yaml_get(root, "b")->line, 2);
}

static void nothing_is_no_problem(void **state)
{
	struct fixture *f = *state;
	static const char *const empty[] = {"",	     "\n",	     "# only a comment\n",
					    "---\n", "\xef\xbb\xbf", "---\n...\n"};

	for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
		assert_null(parse(f, empty[i]));
		assert_int_equal(f->problems.count, 0);
	}
	assert_null(yaml_parse(f->arena, NULL, 0, "f", &f->problems));
	assert_int_equal(f->problems.count, 0);
	assert_non_null(parse(f, "\"\""));
	assert_non_null(parse(f, "~"));
}

static void repeated_keys_are_named(void **state)
{
	struct fixture *f = *state;
	struct str many = STR_INIT;

	assert_non_null(parse(f, "a: 1\nb: 2\n'a': 3\nb: 4\n"));
	assert_int_equal(f->problems.errors, 2);
	assert_problem(f, 3, 1, "\"a\" is given twice, first in line 1");
	assert_problem(f, 4, 1, "\"b\" is given twice, first in line 2");
	for (int i = 0; i < 500; i++)
		str_addf(&many, "key%d: x\n", i % 450);
	assert_non_null(parse(f, many.p));
	assert_int_equal(f->problems.errors, 50);
	assert_problem(f, 451, 1, "\"key0\" is given twice, first in line 1");
	assert_problem(f, 500, 1, "\"key49\" is given twice, first in line 50");
	str_release(&many);
}

static void keys_must_be_texts(void **state)
{
	struct fixture *f = *state;

	parse(f, "a: {{ NAME }}\n");
	assert_problem(f, 1, 5, "a key must be a text, not a map");
	assert_non_null(strstr(f->problems.items[0].hint, "{{"));
	parse(f, "? [a]\n: b\n");
	assert_problem(f, 1, 3, "a key must be a text, not a list");
	parse(f, "a: 1\n? \n: b\n");
	assert_problem(f, 2, 2, "a key is missing");
	assert_text(yaml_get(must_parse(f, "\"\": b\n"), ""), "b");
}

static void aliases_share_their_node(void **state)
{
	struct fixture *f = *state;
	const struct yaml_node *root =
		must_parse(f, "a: &x {k: v}\nb: *x\nc: &x 2\nd: *x\n*x : e\n");

	assert_ptr_equal(yaml_get(root, "a"), yaml_get(root, "b"));
	assert_text(yaml_get(root, "d"), "2");
	assert_text(yaml_get(root, "2"), "e");
	parse(f, "a: *nope\nb: &y [*y]\n");
	assert_problem(f, 1, 4, "*nope has no anchor");
	assert_problem(f, 2, 8, "*y stands inside what it names");
	parse(f, "a: &x {k: &x 1, l: *x}\nb: *x\n");
	assert_int_equal(f->problems.count, 0);
}

static void merge_keys(void **state)
{
	struct fixture *f = *state;
	const struct yaml_node *root = must_parse(f, "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\n"
						     "one: {<<: *a, y: own}\n"
						     "two: {<<: [*a, *b], w: 5}\n"
						     "three: {<<: {q: 1}, \"<<\": text}\n"
						     "four: {<<: []}\n");
	const struct yaml_node *one = yaml_get(root, "one"), *two = yaml_get(root, "two");

	assert_int_equal(one->count, 2);
	assert_text(yaml_get(one, "x"), "1");
	assert_text(yaml_get(one, "y"), "own");
	assert_int_equal(two->count, 4);
	assert_text(two->pairs[0].key, "w");
	assert_text(yaml_get(two, "y"), "2");
	assert_text(yaml_get(two, "z"), "4");
	assert_text(yaml_get(yaml_get(root, "three"), "<<"), "text");
	assert_text(yaml_get(yaml_get(root, "three"), "q"), "1");
	assert_int_equal(yaml_get(root, "four")->count, 0);
	parse(f, "a: {<<: 1}\nb: {<<: [x]}\nc: {<<: {}, <<: {}}\n");
	assert_int_equal(f->problems.errors, 3);
	assert_problem(f, 1, 9, "<< needs a map");
	assert_problem(f, 2, 9, "<< needs a map");
	assert_problem(f, 3, 13, "<< is given twice");
}

/* More pairs than are compared one by one. */
static void merge_keys_in_large_maps(void **state)
{
	struct fixture *f = *state;
	struct str text = STR_INIT;

	str_add(&text, "a: &a\n");
	for (int i = 0; i < 40; i++)
		str_addf(&text, "  k%d: base\n", i);
	str_add(&text, "b:\n  <<: *a\n");
	for (int i = 30; i < 50; i++)
		str_addf(&text, "  k%d: own\n", i);
	const struct yaml_node *b = yaml_get(must_parse(f, text.p), "b");
	assert_int_equal(b->count, 50);
	assert_text(b->pairs[0].key, "k30");
	assert_text(yaml_get(b, "k30"), "own");
	assert_text(yaml_get(b, "k29"), "base");
	str_release(&text);
}

static void alias_bombs_are_refused(void **state)
{
	struct fixture *f = *state;
	struct str text = STR_INIT;

	str_add(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 10; i++) {
		str_addf(&text, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			str_addf(&text, "%s*a%d", j ? ", " : "", i - 1);
		str_add(&text, "]\n");
	}
	assert_null(parse(f, text.p));
	assert_int_equal(f->problems.count, 1);
	assert_non_null(strstr(f->problems.items[0].msg, "100000"));
	assert_int_equal(f->problems.items[0].place.line, 5);
	str_release(&text);
}

static void depth_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct str text = STR_INIT;

	for (int i = 0; i < 100; i++)
		str_addc(&text, '[');
	for (int i = 0; i < 100; i++)
		str_addc(&text, ']');
	must_parse(f, text.p);
	str_clear(&text);
	for (int i = 0; i < 101; i++)
		str_addc(&text, '[');
	assert_null(parse(f, text.p));
	assert_problem(f, 1, 101, "nested too deeply");
	str_clear(&text);
	str_add(&text, "- &a0 [x]\n");
	for (int i = 1; i < 200; i++)
		str_addf(&text, "- &a%d [*a%d]\n", i, i - 1);
	assert_null(parse(f, text.p));
	assert_problem(f, 100, 9, "nested too deeply");
	/* The name means the inner text from there on, also behind the outer map. */
	str_clear(&text);
	str_add(&text, "a: &x {k: &x 1}\nb: ");
	for (int i = 0; i < 99; i++)
		str_addc(&text, '[');
	str_add(&text, "*x");
	for (int i = 0; i < 99; i++)
		str_addc(&text, ']');
	must_parse(f, text.p);
	str_release(&text);
}

static void sizes_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct str text = STR_INIT;

	for (int i = 0; i < 99999; i++)
		str_add(&text, "- x\n");
	must_parse(f, text.p);
	str_add(&text, "- x\n");
	assert_null(parse(f, text.p));
	assert_problem(f, 100000, 3, "too large");
	str_clear(&text);
	for (int i = 0; i < 1001; i++)
		str_addf(&text, "- &a%d x\n", i);
	assert_null(parse(f, text.p));
	assert_problem(f, 1001, 3, "anchors");
	str_clear(&text);
	str_addf(&text, "a: \"%*s\"", 1024 * 1024, "");
	assert_null(parse(f, text.p));
	assert_problem(f, 0, 0, "1 MiB");
	str_release(&text);
}

static void documents_and_bytes(void **state)
{
	struct fixture *f = *state;
	static const char nul[] = "a: b\nc: \0d\n";

	parse(f, "a: 1\n---\nb: 2\n");
	assert_problem(f, 2, 1, "second document");
	must_parse(f, "---\na: 1\n...\n");
	assert_null(parse(f, "a: b\n\xc3\xa9: \xff\n"));
	assert_problem(f, 2, 4, "not UTF-8 (0xFF)");
	problems_init(&f->problems, f->arena);
	assert_null(yaml_parse(f->arena, nul, sizeof nul - 1, "f", &f->problems));
	assert_problem(f, 2, 4, "NUL");
	problems_init(&f->problems, f->arena);
	assert_null(yaml_parse(f->arena,
			       "\xff\xfe"
			       "a\0:\0",
			       6, "f", &f->problems));
	assert_problem(f, 1, 1, "UTF-16");
	problems_init(&f->problems, f->arena);
	assert_null(yaml_parse(f->arena, "a\0:\0 \0", 6, "f", &f->problems));
	assert_problem(f, 1, 1, "UTF-16");
	parse(f, "a: \"x\\0y\"\n");
	assert_problem(f, 1, 4, "NUL character");
}

static void tags_are_kept(void **state)
{
	const struct yaml_node *root =
		must_parse(*state, "a: !!str 5\nb: !reset null\nc: ! x\nd: 1\n");

	assert_string_equal(yaml_get(root, "a")->tag, "tag:yaml.org,2002:str");
	assert_string_equal(yaml_get(root, "b")->tag, "!reset");
	assert_string_equal(yaml_get(root, "c")->tag, "!");
	assert_null(yaml_get(root, "d")->tag);
}

static void finds_paths(void **state)
{
	const struct yaml_node *root = must_parse(
		*state,
		"caddy:\n  routes:\n    - handle: [{handler: x}, {a/b: {c: deep}}]\n      ab: 1\n");
	const struct yaml_node *route = yaml_get(yaml_get(root, "caddy"), "routes")->items[0];

	assert_ptr_equal(yaml_find(root, ""), root);
	assert_ptr_equal(yaml_find(root, "caddy/routes/0"), route);
	assert_text(yaml_find(root, "caddy/routes/0/handle/0/handler"), "x");
	assert_text(yaml_find(root, "caddy/routes/0/handle/1/a/b/c"), "deep");
	assert_ptr_equal(yaml_find(root, "caddy/routes/0/match/3"), route);
	assert_ptr_equal(yaml_find(root, "caddy/routes/0/a"), route);
	assert_ptr_equal(yaml_find(root, "caddy/routes/0/handle/2"), yaml_get(route, "handle"));
	assert_ptr_equal(yaml_find(root, "caddy/routes/0/handle/0x"), yaml_get(route, "handle"));
	assert_ptr_equal(yaml_find(root, "caddy/routes/99999999999999999999"),
			 yaml_get(yaml_get(root, "caddy"), "routes"));
	assert_null(yaml_find(NULL, "a"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(reads_a_tree),
		TEST(columns_count_characters),
		TEST(nothing_is_no_problem),
		TEST(repeated_keys_are_named),
		TEST(keys_must_be_texts),
		TEST(aliases_share_their_node),
		TEST(merge_keys),
		TEST(merge_keys_in_large_maps),
		TEST(alias_bombs_are_refused),
		TEST(depth_is_bounded),
		TEST(sizes_are_bounded),
		TEST(documents_and_bytes),
		TEST(tags_are_kept),
		TEST(finds_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
