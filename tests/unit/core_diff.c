/*
 * The difference of two JSON values: what is told of it, the one request that makes it by Caddy's
 * rules, and the text in which unchanged bytes are carried over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kata/diff.h"

#include "caddy_semantics.h"
#include "mutate.h"

static json_t *parse(const char *text)
{
	struct kata_error e;
	json_t *value = json_parse_new(text, strlen(text), &e);

	if (!value)
		fail_msg("%s: %s", text, e.msg);
	return value;
}

/* --- diff_walk --- */

static void note(void *arg, const char *path, const json_t *before, const json_t *after)
{
	struct str *out = arg;

	str_addf(out, "%s%c%s", out->len ? " " : "", !before ? '+' : !after ? '-' : '~', path);
}

static void assert_walk(const char *before, const char *after, const char *expected)
{
	json_t *a = parse(before), *b = parse(after);
	struct str out = STR_INIT;

	diff_walk(a, b, note, &out);
	if (strcmp(out.p, expected) != 0)
		fail_msg("%s -> %s: %s, not %s", before, after, out.p, expected);
	str_release(&out);
	json_decref(a);
	json_decref(b);
}

static void walk_names_each_difference(void **state)
{
	(void)state;
	assert_walk("{}", "{}", "");
	assert_walk("1", "1.0", "");
	assert_walk("1", "2", "~");
	assert_walk("{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":1,\"c\":3}}", "~a/c");
	assert_walk("{\"a\":1,\"b\":2}", "{\"b\":2,\"c\":3}", "-a +c");
	assert_walk("{\"a\":null}", "{}", "-a");
	assert_walk("{\"a\":{}}", "{\"a\":[]}", "~a");
	assert_walk("{\"a\":[]}", "{\"a\":null}", "~a");
	assert_walk("{\"a b/c\":1}", "{\"a b/c\":2}", "~a b/c");
}

static void walk_leaves_moved_elements_out(void **state)
{
	(void)state;
	assert_walk("[1,2,3]", "[0,1,2,3]", "+0");
	assert_walk("[1,2,3]", "[1,9,2,3]", "+1");
	assert_walk("[1,2,3]", "[1,2,3,4]", "+3");
	assert_walk("[1,2,3]", "[1,3]", "-1");
	assert_walk("[1,1,1]", "[1,1]", "-2");
	assert_walk("[1,2,3]", "[1,8,3]", "~1");
	assert_walk("[1,2,3,4]", "[7,2,3,8]", "~0 ~3");
	assert_walk("[]", "[1,2]", "+0 +1");
	assert_walk("[[1],[2]]", "[[1],[2,3]]", "+1/1");
}

static void walk_knows_tagged_elements(void **state)
{
	static const char abc[] = "[{\"@id\":\"a\",\"x\":1},{\"@id\":\"b\"},{\"@id\":\"c\"}]";

	(void)state;
	assert_walk(abc, "[{\"@id\":\"b\"},{\"@id\":\"c\",\"y\":1}]", "-0 +1/y");
	assert_walk(abc,
		    "[{\"@id\":\"0\"},{\"@id\":\"a\",\"x\":2},{\"@id\":\"b\"},{\"@id\":\"c\"}]",
		    "+0 ~1/x");
	/* Untagged ones keep their place among the tagged. */
	assert_walk("[{\"f\":1},{\"@id\":\"a\"}]",
		    "[{\"@id\":\"b\"},{\"f\":1},{\"@id\":\"a\",\"z\":0}]", "+0 +2/z");
	/* Another order cannot be told as additions and removals. */
	assert_walk("[{\"@id\":\"a\"},{\"@id\":\"b\"}]", "[{\"@id\":\"b\"},{\"@id\":\"a\"}]",
		    "~0/@id ~1/@id");
}

/* An old Caddy takes the same id twice: positions count then, and nothing foreign is named. */
static void walk_survives_repeated_tags(void **state)
{
	(void)state;
	assert_walk("[{\"@id\":\"f\",\"n\":1},{\"@id\":\"f\",\"n\":2},{\"@id\":\"a\",\"x\":1}]",
		    "[{\"@id\":\"f\",\"n\":1},{\"@id\":\"f\",\"n\":2},{\"@id\":\"a\",\"x\":2}]",
		    "~2/x");
	assert_walk("[{\"@id\":\"a\",\"n\":1},{\"@id\":\"b\"}]",
		    "[{\"@id\":\"a\",\"n\":1},{\"@id\":\"a\",\"n\":2}]", "~1/@id +1/n");
}

/* --- diff_request --- */

static void assert_request(const char *before, const char *after, const char *method,
			   const char *path, const char *body)
{
	struct arena *arena = arena_new();
	json_t *a = parse(before), *b = parse(after);
	struct diff_request r;
	struct str text = STR_INIT;

	diff_request(arena, a, b, &r);
	if (r.body)
		json_canonical(&text, r.body);
	if (!method != !r.method || (method && strcmp(method, r.method) != 0) ||
	    strcmp(path, r.path) != 0 || strcmp(body, text.p) != 0)
		fail_msg("%s -> %s: %s \"%s\" %s, not %s \"%s\" %s", before, after, r.method,
			 r.path, text.p, method, path, body);
	str_release(&text);
	json_decref(a);
	json_decref(b);
	arena_free(arena);
}

static void request_is_the_smallest(void **state)
{
	(void)state;
	assert_request("{\"a\":1}", "{\"a\":1.0}", NULL, "", "");
	assert_request("{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":1,\"c\":3}}", "PATCH", "a/c",
		       "3");
	assert_request("{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1,\"c\":{\"d\":2}}}", "PUT", "a/c",
		       "{\"d\":2}");
	assert_request("{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":1}}", "DELETE", "a/c", "");
	assert_request("{\"a\":{\"b\":1,\"c\":2},\"d\":1}", "{\"a\":{\"b\":2,\"c\":3},\"d\":1}",
		       "PATCH", "a", "{\"b\":2,\"c\":3}");
	assert_request("{\"a\":1,\"b\":1}", "{\"a\":2,\"b\":2}", "PATCH", "", "{\"a\":2,\"b\":2}");
	assert_request("{\"a\":1}", "{\"b\":1}", "PATCH", "", "{\"b\":1}");
	assert_request("{\"a\":{}}", "{\"a\":[]}", "PATCH", "a", "[]");
	assert_request("1", "2", "PATCH", "", "2");
}

static void request_in_arrays(void **state)
{
	(void)state;
	assert_request("{\"a\":[1,2,3]}", "{\"a\":[1,5,3]}", "PATCH", "a/1", "5");
	assert_request("{\"a\":[{\"x\":1},2]}", "{\"a\":[{\"x\":2},2]}", "PATCH", "a/0/x", "2");
	assert_request("{\"a\":[1,2,3]}", "{\"a\":[0,1,2,3]}", "PUT", "a/0", "0");
	assert_request("{\"a\":[1,2,3]}", "{\"a\":[1,9,2,3]}", "PUT", "a/1", "9");
	assert_request("{\"a\":[1,2,3]}", "{\"a\":[1,2,9,3]}", "PUT", "a/2", "9");
	/* Behind the last one, and in an empty one, an old Caddy takes only a POST to the array. */
	assert_request("{\"a\":[1,2,3]}", "{\"a\":[1,2,3,4]}", "POST", "a", "4");
	assert_request("{\"a\":[]}", "{\"a\":[4]}", "POST", "a", "4");
	assert_request("{\"a\":[1,2,3]}", "{\"a\":[1,3]}", "DELETE", "a/1", "");
	assert_request("{\"a\":[1,2,3]}", "{\"a\":[1,2]}", "DELETE", "a/2", "");
	assert_request("{\"a\":[1]}", "{\"a\":[]}", "DELETE", "a/0", "");
	assert_request("{\"a\":[1,2,3]}", "{\"a\":[3,1,2]}", "PATCH", "a", "[3,1,2]");
	assert_request("{\"a\":[1,2,3]}", "{\"a\":[1]}", "PATCH", "a", "[1]");
	assert_request("{\"a\":[1,1]}", "{\"a\":[1,1,1]}", "POST", "a", "1");
}

/* Caddy answers 200 to a change of an element of an array in an array, and does nothing. */
static void request_keeps_out_of_nested_arrays(void **state)
{
	(void)state;
	assert_request("{\"a\":[[1,2],[3]]}", "{\"a\":[[1,2,4],[3]]}", "PATCH", "a/0", "[1,2,4]");
	assert_request("{\"a\":[[1,2],[3]]}", "{\"a\":[[1],[3]]}", "PATCH", "a/0", "[1]");
	assert_request("{\"a\":[[1,2],[3]]}", "{\"a\":[[1,5],[3]]}", "PATCH", "a/0", "[1,5]");
	assert_request("{\"a\":[[{\"b\":1}]]}", "{\"a\":[[{\"b\":2}]]}", "PATCH", "a/0",
		       "[{\"b\":2}]");
	assert_request("{\"a\":[{\"b\":[1]}]}", "{\"a\":[{\"b\":[1,2]}]}", "POST", "a/0/b", "2");
}

static void request_leaves_what_has_no_address(void **state)
{
	(void)state;
	assert_request("{\"a\":{\"x/y\":1}}", "{\"a\":{\"x/y\":2}}", "PATCH", "a", "{\"x/y\":2}");
	assert_request("{\"a\":{\"x y\":{\"z\":1}}}", "{\"a\":{\"x y\":{\"z\":2}}}", "PATCH", "a",
		       "{\"x y\":{\"z\":2}}");
	assert_request("{\"a\":{\"@id\":\"x\"}}", "{\"a\":{\"@id\":\"y\"}}", "PATCH", "a",
		       "{\"@id\":\"y\"}");
	assert_request("{\"a\":{\"b\":1}}", "{\"a\":{\"@id\":\"y\",\"b\":1}}", "PATCH", "a",
		       "{\"@id\":\"y\",\"b\":1}");
	assert_request("{\"a\":{\"..\":1}}", "{\"a\":{\"..\":2}}", "PATCH", "a", "{\"..\":2}");
	assert_request("{\"a\":{\"...\":1}}", "{\"a\":{}}", "PATCH", "a", "{}");
	assert_request("{\"a\":{\"\":1}}", "{\"a\":{\"\":2}}", "PATCH", "a", "{\"\":2}");
	assert_request("{\"a\":{\"%41\":1}}", "{\"a\":{\"%41\":2}}", "PATCH", "a", "{\"%41\":2}");
	assert_request("{\"a\":{\"\xc3\xa9\":1}}", "{\"a\":{\"\xc3\xa9\":2}}", "PATCH", "a",
		       "{\"\xc3\xa9\":2}");
}

/* A body of null is one that Caddy takes for an empty one; from null there is a way. */
static void request_never_sends_null(void **state)
{
	(void)state;
	assert_request("{\"a\":{\"b\":1}}", "{\"a\":{\"b\":null}}", "PATCH", "a", "{\"b\":null}");
	assert_request("{\"a\":{}}", "{\"a\":{\"b\":null}}", "PATCH", "a", "{\"b\":null}");
	assert_request("{\"a\":[1]}", "{\"a\":[null]}", "PATCH", "a", "[null]");
	assert_request("{\"a\":[1]}", "{\"a\":[1,null]}", "PATCH", "a", "[1,null]");
	assert_request("{\"a\":{\"b\":null}}", "{\"a\":{\"b\":2}}", "PATCH", "a/b", "2");
	assert_request("{\"a\":{\"b\":null}}", "{\"a\":{}}", "DELETE", "a/b", "");
	assert_request("{\"a\":[null,1]}", "{\"a\":[1]}", "DELETE", "a/0", "");
}

static void keys_with_an_address(void **state)
{
	static const char *const good[] = {"a",	      "kata_443", "kata_127.0.0.1_8080",
					   "x:@+-_.", "0",	  ".a"};
	static const char *const bad[] = {"",	 ".",	"..",  "...", "@id", "a/b",
					  "a b", "a%b", "a?b", "a#b", "a\n", "\xc3\xa9"};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(diff_key_addressable(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (diff_key_addressable(bad[i]))
			fail_msg("\"%s\" has no address", bad[i]);
}

/* --- the property: the request, by Caddy's own rules, gives what was wanted --- */

static void check_pair(json_t *a, json_t *b)
{
	static const enum caddy_version versions[] = {CADDY_OLD, CADDY_NEW};

	for (size_t v = 0; v < 2; v++) {
		struct arena *arena = arena_new();
		json_t *config = json_pack("{s:O}", "servers", a);
		struct diff_request r;

		diff_request(arena, a, b, &r);
		assert_int_equal(!r.method, json_same(a, b));
		if (r.method) {
			const char *path = arena_printf(arena, "/config/servers%s%s",
							*r.path ? "/" : "", r.path);
			int code = caddy_request(versions[v], &config, r.method, path,
						 (json_t *)r.body);

			if (code != 200 || !json_same(json_object_get(config, "servers"), b)) {
				struct str text = STR_INIT;

				json_canonical(&text, a);
				str_add(&text, "\n-> ");
				json_canonical(&text, b);
				str_addf(&text, "\n%s %s: %d\n", r.method, path, code);
				json_canonical(&text, json_object_get(config, "servers"));
				fail_msg("%s", text.p);
			}
			assert_true(r.body == NULL || !json_is_null(r.body) || !*r.path);
		}
		json_decref(config);
		arena_free(arena);
	}
}

/* Every difference that is told is one, and without any the values are the same. */
static void check_told(void *arg, const char *path, const json_t *before, const json_t *after)
{
	assert_non_null(path);
	assert_true(before || after);
	assert_false(before && after && json_same(before, after));
	++*(size_t *)arg;
}

static void random_changes(void **state)
{
	struct mutate m = {.seed = 7};

	(void)state;
	for (size_t round = 0; round < 4000; round++) {
		json_t *a = mutate_any_new(&m, 4), *b = json_deep_copy(a);
		size_t told = 0;

		for (size_t n = 1 + mutate_below(&m, 3); n > 0; n--)
			b = mutate_take(&m, b);
		if (!json_is_object(a) && !json_is_array(a)) {
			a = json_pack("{s:o}", "v", a);
			b = json_pack("{s:o}", "v", b);
		}
		if (json_is_null(b)) {
			json_decref(b);
			b = json_object();
		}
		check_pair(a, b);
		check_pair(b, a);
		diff_walk(a, b, check_told, &told);
		assert_int_equal(told == 0, json_same(a, b));
		json_decref(a);
		json_decref(b);
	}
}

static void changes_of_real_servers(void **state)
{
	struct mutate m = {.seed = 11};
	json_t *servers = mutate_corpus_new();
	const char *key;
	json_t *server;

	(void)state;
	assert_true(json_object_size(servers) >= 10);
	json_object_foreach(servers, key, server) {
		for (size_t round = 0; round < 20; round++) {
			json_t *b = mutate_take(&m, json_deep_copy(server));

			if (round % 3 == 0)
				b = mutate_take(&m, b);
			if (json_is_object(b)) {
				check_pair(server, b);
				check_pair(b, server);
			}
			json_decref(b);
		}
	}
	json_decref(servers);
}

/* --- diff_compose --- */

static char *compose(const char *raw, const json_t *before, const json_t *after)
{
	struct str out = STR_INIT;

	diff_compose(&out, after, before, (struct json_span){raw, strlen(raw)});
	return str_detach(&out);
}

static void compose_keeps_bytes(void **state)
{
	static const char raw[] =
		"{ \"a\" : {\"n\":1e+21, \"s\":\"\\u003c\"},\"b\":[ 9007199254740992.0 , "
		"{\"x\" : 1},{\"y\":-0.0}],\"c\":{\"d\":{\"e\" :1E5},\"f\":2}}";
	json_t *before = parse(raw), *after = json_copy(before), *list, *c;
	char *text = compose(raw, before, before);

	(void)state;
	assert_string_equal(text, raw);
	free(text);
	/* The second element of b goes, one comes, f changes; all else is carried over. */
	list = json_copy(json_object_get(before, "b"));
	json_array_remove(list, 1);
	json_array_append_new(list, json_string("<new>"));
	json_object_set_new(after, "b", list);
	c = json_copy(json_object_get(before, "c"));
	json_object_set_new(c, "f", json_real(1.50));
	json_object_set_new(after, "c", c);
	text = compose(raw, before, after);
	assert_string_equal(text,
			    "{\"a\":{\"n\":1e+21, \"s\":\"\\u003c\"},\"b\":[9007199254740992.0,"
			    "{\"y\":-0.0},\"<new>\"],\"c\":{\"d\":{\"e\" :1E5},\"f\":1.5}}");
	free(text);
	json_decref(after);
	json_decref(before);
}

/* Elements that changed places keep their bytes, too. */
static void compose_finds_moved_elements(void **state)
{
	static const char raw[] = "[1.00,[2.00],{\"a\":3.00}]";
	json_t *before = parse(raw), *after = json_array();
	char *text;

	(void)state;
	for (size_t i = 3; i-- > 0;)
		json_array_append(after, json_array_get(before, i));
	text = compose(raw, before, after);
	assert_string_equal(text, "[{\"a\":3.00},[2.00],1.00]");
	free(text);
	json_decref(after);
	json_decref(before);
}

static double seconds_of_compose(size_t count)
{
	struct str raw = STR_INIT, out = STR_INIT;
	json_t *before, *after;
	clock_t start;

	str_addc(&raw, '{');
	for (size_t i = 0; i < count; i++)
		str_addf(&raw, "%s\"server%05zu\":{\"routes\":[%zu,{\"handle\":[1,2,3]}]}",
			 i ? "," : "", i, i);
	str_add(&raw, ",\"list\":[");
	for (size_t i = 0; i < count; i++)
		str_addf(&raw, "%s{\"a\":%zu}", i ? "," : "", i);
	str_add(&raw, "]}");
	before = parse(raw.p);
	after = json_copy(before);
	json_object_set_new(after, "list", json_copy(json_object_get(before, "list")));
	json_array_append_new(json_object_get(after, "list"), json_true());
	start = clock();
	diff_compose(&out, after, before, (struct json_span){raw.p, raw.len});
	assert_true(out.len > raw.len - 2);
	str_release(&out);
	str_release(&raw);
	json_decref(before);
	json_decref(after);
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* Sixteen times as much takes about that much longer, not its square. */
static void compose_is_linear(void **state)
{
	double few = seconds_of_compose(1000) + 0.001, many = seconds_of_compose(16000);

	(void)state;
	if (many > few * 80)
		fail_msg("1000: %.4f s, 16000: %.4f s", few, many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walk_names_each_difference),
		cmocka_unit_test(walk_leaves_moved_elements_out),
		cmocka_unit_test(walk_knows_tagged_elements),
		cmocka_unit_test(walk_survives_repeated_tags),
		cmocka_unit_test(request_is_the_smallest),
		cmocka_unit_test(request_in_arrays),
		cmocka_unit_test(request_keeps_out_of_nested_arrays),
		cmocka_unit_test(request_leaves_what_has_no_address),
		cmocka_unit_test(request_never_sends_null),
		cmocka_unit_test(keys_with_an_address),
		cmocka_unit_test(random_changes),
		cmocka_unit_test(changes_of_real_servers),
		cmocka_unit_test(compose_keeps_bytes),
		cmocka_unit_test(compose_finds_moved_elements),
		cmocka_unit_test(compose_is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
