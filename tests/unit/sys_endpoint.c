/* Addresses of servers: what is read, what is refused, and that no password is repeated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kata/http.h"

static const struct {
	const char *text, *base, *socket; /* base NULL: refused */
} addresses[] = {
	{"localhost:2019", "http://localhost:2019", NULL},
	{":2019", "http://localhost:2019", NULL},
	{"tcp/caddy.example:80", "http://caddy.example:80", NULL},
	{"tcp://docker.example:2375", "http://docker.example:2375", NULL},
	{"http://127.0.0.1:2019", "http://127.0.0.1:2019", NULL},
	{"http://127.0.0.1:2019/", "http://127.0.0.1:2019", NULL},
	{"https://caddy:2021", "https://caddy:2021", NULL},
	{"[::1]:2019", "http://[::1]:2019", NULL},
	{"https://[fe80::1]:65535", "https://[fe80::1]:65535", NULL},
	{"localhost:00080", "http://localhost:80", NULL},
	{"unix//run/caddy.sock", "http://localhost", "/run/caddy.sock"},
	{"unix:///run/caddy.sock", "http://localhost", "/run/caddy.sock"},
	{"unix//run/caddy.sock|0660", "http://localhost", "/run/caddy.sock"},
	{"unix//run/c@ddy|x", "http://localhost", "/run/c@ddy|x"},
	{"", NULL, NULL},
	{"localhost", NULL, NULL},
	{"2019", NULL, NULL},
	{"localhost:", NULL, NULL},
	{"localhost:0", NULL, NULL},
	{"localhost:65536", NULL, NULL},
	{"localhost:20x9", NULL, NULL},
	{"localhost:-1", NULL, NULL},
	{"::1:2019", NULL, NULL},
	{"[::1]", NULL, NULL},
	{"[::1:2019", NULL, NULL},
	{"[]:2019", NULL, NULL},
	{"[::1]x:2019", NULL, NULL},
	{"[fe80::1%eth0]:2019", NULL, NULL},
	{"http://localhost:2019/config", NULL, NULL},
	{"http://localhost:2019//", NULL, NULL},
	{"localhost:2019/", NULL, NULL},
	{"http://localhost", NULL, NULL},
	{"ftp://localhost:21", NULL, NULL},
	{"unix/run/caddy.sock", NULL, NULL},
	{"unix/", NULL, NULL},
	{"unix//", NULL, NULL},
	{"unix//|0660", NULL, NULL},
	{"local host:2019", NULL, NULL},
	{"localhost:2019\r\nX: y", NULL, NULL},
	{"lo\\calhost:2019", NULL, NULL},
	{"caf\xc3\xa9:2019", NULL, NULL},
};

static void test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
		struct http_endpoint endpoint;
		struct kata_error e = {0};
		bool ok = http_endpoint_parse(&endpoint, addresses[i].text, &e);

		if (ok != (addresses[i].base != NULL))
			fail_msg("%s: %s", addresses[i].text, ok ? "accepted" : e.msg);
		if (!ok) {
			assert_int_equal(e.code, ERROR_INVALID);
			assert_true(e.msg[0] && e.hint[0]);
			assert_null(endpoint.text);
			continue;
		}
		assert_string_equal(endpoint.text, addresses[i].text);
		assert_string_equal(endpoint.base, addresses[i].base);
		if (addresses[i].socket)
			assert_string_equal(endpoint.socket, addresses[i].socket);
		else
			assert_null(endpoint.socket);
		http_endpoint_release(&endpoint);
	}
}

static void test_password_not_repeated(void **state)
{
	struct http_endpoint endpoint;
	struct kata_error e = {0};

	(void)state;
	assert_false(http_endpoint_parse(&endpoint, "http://me:secret@host:1", &e));
	assert_null(strstr(e.msg, "secret"));
	assert_null(strstr(e.hint, "secret"));
}

static void test_address_lengths(void **state)
{
	struct http_endpoint endpoint;
	struct kata_error e = {0};
	char text[600];

	(void)state;
	memset(text, 'a', sizeof text);
	memcpy(text, "unix//", 6);
	text[5 + 107] = '\0';
	assert_true(http_endpoint_parse(&endpoint, text, &e));
	http_endpoint_release(&endpoint);
	text[5 + 107] = 'a';
	text[5 + 108] = '\0';
	assert_false(http_endpoint_parse(&endpoint, text, &e));
	memset(text, 'a', sizeof text);
	memcpy(text + 253, ":80", 4);
	assert_true(http_endpoint_parse(&endpoint, text, &e));
	http_endpoint_release(&endpoint);
	memcpy(text + 253, "a:80", 5);
	assert_false(http_endpoint_parse(&endpoint, text, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_password_not_repeated),
		cmocka_unit_test(test_address_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
