/*
 * Listener addresses: which spellings are one listener, which meet in part, and names for them
 * that no two share.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "kata/address.h"

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

static void assert_parsed(const char *text, const char *key, const char *slug, unsigned first,
			  unsigned last)
{
	struct address a;

	address_parse(arena, text, &a);
	assert_string_equal(a.text, text);
	if (strcmp(a.key, key) != 0 || strcmp(a.slug, slug) != 0 || a.first != first ||
	    a.last != last)
		fail_msg("\"%s\" is %s, %s, %u to %u", text, a.key, a.slug, a.first, a.last);
}

static void normal_forms(void **state)
{
	(void)state;
	assert_parsed(":443", ":443", "443", 443, 443);
	assert_parsed("0.0.0.0:443", ":443", "443", 443, 443);
	assert_parsed("[::]:443", ":443", "443", 443, 443);
	assert_parsed("[]:443", ":443", "443", 443, 443);
	assert_parsed("[0:0::0]:443", ":443", "443", 443, 443);
	assert_parsed("tcp/:443", ":443", "443", 443, 443);
	assert_parsed("TCP/:0443", ":443", "443", 443, 443);
	assert_parsed("127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1_8080", 8080, 8080);
	assert_parsed("LocalHost:8080", "127.0.0.1:8080", "127.0.0.1_8080", 8080, 8080);
	assert_parsed("[::1]:80", "[::1]:80", "+3A+3A1_80", 80, 80);
	assert_parsed("[0:0:0:0:0:0:0:1]:80", "[::1]:80", "+3A+3A1_80", 80, 80);
	assert_parsed("[FE80::1%eth0]:80", "[fe80::1%eth0]:80", "fe80+3A+3A1+25eth0_80", 80, 80);
	assert_parsed("Example.COM:80", "example.com:80", "example.com_80", 80, 80);
	assert_parsed("tcp4/:80", "tcp4/:80", "tcp4__80", 80, 80);
	assert_parsed("tcp4/0.0.0.0:80", "tcp4/:80", "tcp4__80", 80, 80);
	assert_parsed("udp/:80", "udp/:80", "udp__80", 80, 80);
	assert_parsed(":8000-8010", ":8000-8010", "8000-8010", 8000, 8010);
	assert_parsed(":8000-8000", ":8000", "8000", 8000, 8000);
	assert_parsed(":0", ":0", "0", 0, 0);
	assert_parsed(":65535", ":65535", "65535", 65535, 65535);
}

/* What is no host and port keeps its text, in a name of its own. */
static void opaque_forms(void **state)
{
	(void)state;
	assert_parsed("unix//run/App.sock", "unix//run/App.sock", "unix_+2Frun+2FApp.sock_", 0, 0);
	assert_parsed("UNIX//run/a", "unix//run/a", "unix_+2Frun+2Fa_", 0, 0);
	assert_parsed("fd/3", "fd/3", "fd_3_", 0, 0);
	assert_parsed("8080", "8080", "tcp_8080_", 0, 0);
	assert_parsed("", "", "tcp__", 0, 0);
	assert_parsed(":65536", ":65536", "tcp_+3A65536_", 0, 0);
	assert_parsed(":90-80", ":90-80", "tcp_+3A90-80_", 0, 0);
	assert_parsed(":+80", ":+80", "tcp_+3A+2B80_", 0, 0);
	assert_parsed(":80-", ":80-", "tcp_+3A80-_", 0, 0);
	assert_parsed(":", ":", "tcp_+3A_", 0, 0);
	assert_parsed(":http", ":http", "tcp_+3Ahttp_", 0, 0);
	assert_parsed("::1:80", "::1:80", "tcp_+3A+3A1+3A80_", 0, 0);
	assert_parsed("http://a:80", "http://a:80", "http+3A_+2Fa+3A80_", 0, 0);
}

/* Caddy fills placeholders in before it looks: the name of a variable keeps its case. */
static void placeholders_stay(void **state)
{
	(void)state;
	assert_parsed("{env.Listen}", "{env.Listen}", "tcp_+7Benv.Listen+7D_", 0, 0);
	assert_parsed("{env.Host}:80", "{env.Host}:80", "+7Benv.Host+7D_80", 80, 80);
	assert_parsed("{env.Net}/:80", "{env.Net}/:80", "+7Benv.Net+7D_+3A80_", 0, 0);
}

static enum address_relation relate(const char *x, const char *y)
{
	struct address a, b;
	enum address_relation one, other;

	address_parse(arena, x, &a);
	address_parse(arena, y, &b);
	one = address_relate(&a, &b);
	other = address_relate(&b, &a);
	assert_int_equal(one, other);
	return one;
}

static void relations(void **state)
{
	static const struct {
		const char *a, *b;
		enum address_relation relation;
	} rows[] = {
		{":80", "0.0.0.0:80", ADDRESS_SAME},
		{":80", "tcp/[::]:080", ADDRESS_SAME},
		{"localhost:80", "127.0.0.1:80", ADDRESS_SAME},
		{"unix//a", "unix//a", ADDRESS_SAME},
		{":80-90", ":080-90", ADDRESS_SAME},
		{":80", "127.0.0.1:80", ADDRESS_APART},
		{":80", "[::1]:80", ADDRESS_APART},
		{":80", "tcp4/:80", ADDRESS_APART},
		{":80", "udp/:80", ADDRESS_APART},
		{":80", ":81", ADDRESS_APART},
		{"unix//a", "unix//A", ADDRESS_APART},
		{"unix//a", "unix//b", ADDRESS_APART},
		{":80-90", ":90", ADDRESS_OVERLAP},
		{":80-90", ":80", ADDRESS_OVERLAP},
		{":80-90", ":85-95", ADDRESS_OVERLAP},
		{":80-90", ":91-95", ADDRESS_APART},
		{":80-90", "127.0.0.1:85", ADDRESS_APART},
		{"127.0.0.1:80-90", "localhost:85", ADDRESS_OVERLAP},
		{":0", ":0-5", ADDRESS_APART},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (relate(rows[i].a, rows[i].b) != rows[i].relation)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
}

/* Other addresses, other names; and a name can stand in a mark and in a path of Caddy's API. */
static void names_are_injective(void **state)
{
	static const char *const texts[] = {
		":80",	       ":80-90",      "127.0.0.1:80",
		"[::1]:80",    "tcp4/:80",    "tcp6/:80",
		"udp/:80",     "udp:80",      "tcp:80",
		"tcp4:80",     "udp/x:80",    "udp_x:80",
		"x_80:1",      "unix//a",     "unix//A",
		"unix//a_b",   "unix//a/b",   "unix_a/b",
		"unix/a_b",    "80",	      "",
		"tcp",	       "a:b/c",	      "a/b:c",
		"{env.A}/:80", "{env.a}/:80", "{env.A}:80",
		"fd/3",	       "fdgram/3",    "a@b:80",
		"a b:80",      "a+2Fb:80",    "a/b:80",
		"\xc3\xa9:80", ":0",
	};
	struct address a, b;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		address_parse(arena, texts[i], &a);
		if (a.slug[strspn(a.slug, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					  "0123456789_.+-")])
			fail_msg("%s: %s", texts[i], a.slug);
		for (size_t j = 0; j < i; j++) {
			address_parse(arena, texts[j], &b);
			if (!strcmp(a.slug, b.slug) || !strcmp(a.key, b.key))
				fail_msg("%s and %s: %s", texts[i], texts[j], a.slug);
		}
	}
}

/* A key is an address again, and the same one. */
static void keys_are_stable(void **state)
{
	static const char *const texts[] = {"0.0.0.0:443",   "TCP/[::]:1", "[::1]:80",
					    "tcp6/[::]:5-6", "unix//Run",  "{env.A}:80",
					    "localhost:0",   "fd/3"};
	struct address a, b;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		address_parse(arena, texts[i], &a);
		address_parse(arena, a.key, &b);
		assert_string_equal(a.key, b.key);
		assert_string_equal(a.slug, b.slug);
	}
}

static void escaping(void **state)
{
	struct str s = STR_INIT;

	(void)state;
	address_escape(&s, "aZ09.-_:@/+ \n\xff");
	assert_string_equal(s.p, "aZ09.-+5F+3A+40+2F+2B+20+0A+FF");
	str_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_forms),
		cmocka_unit_test(opaque_forms),
		cmocka_unit_test(placeholders_stay),
		cmocka_unit_test(relations),
		cmocka_unit_test(names_are_injective),
		cmocka_unit_test(keys_are_stable),
		cmocka_unit_test(escaping),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
