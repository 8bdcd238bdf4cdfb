/* What refusals name: messages as Caddy 2.6.2 and 2.11.4 print them, and hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kata/caddy.h"

#define APP	"loading new config: loading http app module: "
#define SRV	APP "provision http: server "
#define BAD	APP "http: invalid configuration: "
#define START	"loading new config: http app module: start: "
#define UNKNOWN "loading module 'zz': unknown module: http.handlers.zz"
#define SUB	"loading module 'subroute': provision http.handlers.subroute: "

static const struct {
	const char *message, *server, *path, *field, *address, *server2;
	bool start;
} rows[] = {
	/* decoding: the server is not named */
	{.message = APP "decoding module config: http: json: unknown field \"listn\"",
	 .path = "",
	 .field = "listn"},
	{.message = APP
	 "decoding module config: http: json: cannot unmarshal string into Go struct field "
	 "Server.servers.listen of type []string",
	 .path = "",
	 .field = "listen"},
	{.message = APP
	 "decoding module config: http: json: cannot unmarshal object into Go struct field "
	 "Route.servers.routes.match of type caddyhttp.RawMatcherSets",
	 .path = "",
	 .field = "match"},
	{.message = APP "decoding module config: http: time: invalid duration \"abc\"", .path = ""},
	{.message = APP "provision http: loading listener wrapper modules: position 0: " UNKNOWN,
	 .path = "",
	 .field = "listener_wrappers"},
	{.message = APP
	 "provision http: loading trusted proxies modules: loading module 'server x': no",
	 .path = ""},
	/* routes, handlers, matchers */
	{.message = SRV
	 "b: setting up route handlers: route 1: loading handler modules: position 1: " UNKNOWN,
	 .server = "b",
	 .path = "routes/1/handle/1"},
	{.message = SRV
	 "b: setting up route matchers: route 7: loading matcher modules: module name 'host': "
	 "decoding module config: http.matchers.host: json: cannot unmarshal string into Go "
	 "value of type caddyhttp.MatchHost",
	 .server = "b",
	 .path = "routes/7/match"},
	{.message = SRV
	 "b: setting up route handlers: route 0: loading handler modules: position 2: " SUB
	 "setting up subroutes: route 2: loading handler modules: position 0: " SUB
	 "setting up subroutes: route 0: loading matcher modules: module name 'zz': no",
	 .server = "b",
	 .path = "routes/0/handle/2/routes/2/handle/0/routes/0/match"},
	{.message = SRV
	 "b: setting up route handlers: route 0: loading handler modules: position 0: " SUB
	 "setting up error subroutes: route 3: loading handler modules: position 1: " UNKNOWN,
	 .server = "b",
	 .path = "routes/0/handle/0/errors/routes/3/handle/1"},
	{.message = SRV
	 "b: setting up route handlers: route 0: loading handler modules: position 0: loading "
	 "module 'file_server': decoding module config: http.handlers.file_server: json: "
	 "unknown field \"headers\"",
	 .server = "b",
	 .path = "routes/0/handle/0",
	 .field = "headers"},
	{.message = SRV
	 "b: setting up route handlers: route 0: loading handler modules: position 0: module "
	 "name not specified with key 'handler' in map[x:file_server]",
	 .server = "b",
	 .path = "routes/0/handle/0"},
	{.message = SRV
	 "b: setting up route handlers: route 0: loading handler modules: position 0: loading "
	 "module 'reverse_proxy': provision http.handlers.reverse_proxy: provisioning response "
	 "handler 1: route 4: loading handler modules: position 0: " UNKNOWN,
	 .server = "b",
	 .path = "routes/0/handle/0/handle_response/1/routes/4/handle/0"},
	{.message = SRV
	 "b: setting up route handlers: route 0: loading handler modules: position 0: loading "
	 "module 'reverse_proxy': provision http.handlers.reverse_proxy: loading transport: "
	 "loading module 'https': unknown module: http.reverse_proxy.transport.https",
	 .server = "b",
	 .path = "routes/0/handle/0"},
	/* error routes, 2.6.2 and newer */
	{.message = SRV
	 "b: setting up server error handling routes: route 2: loading handler modules: "
	 "position 0: " UNKNOWN,
	 .server = "b",
	 .path = "errors/routes/2/handle/0"},
	{.message = SRV
	 "b: setting up error handling routes: route 2: loading matcher modules: module name "
	 "'zz': unknown module: http.matchers.zz",
	 .server = "b",
	 .path = "errors/routes/2/match"},
	/* TLS */
	{.message = SRV
	 "b: setting up TLS connection policies: connection policy 1: building standard TLS "
	 "config: unsupported cipher suite: x",
	 .server = "b",
	 .path = "tls_connection_policies/1"},
	{.message = SRV
	 "b: setting up TLS connection policies: loading handshake matchers: module name 'host': "
	 "unknown module: tls.handshake_match.host",
	 .server = "b",
	 .path = "tls_connection_policies"},
	/* the server itself */
	{.message = SRV
	 "b: cannot enable HTTP/2 or H2C without enabling HTTP/1.1; add h1 to protocols",
	 .server = "b",
	 .path = ""},
	{.message = SRV "b: listener protocols count does not match address count: 0 != 1",
	 .server = "b",
	 .path = ""},
	{.message = BAD "server b: logger name must not have a port: a:1",
	 .server = "b",
	 .path = ""},
	{.message = SRV "b, listener 2: replacing: no", .server = "b", .path = "listen/2"},
	{.message = SRV
	 "a.B_c:1@x+y-z: setting up route handlers: route 0: loading handler modules: position "
	 "0: " UNKNOWN,
	 .server = "a.B_c:1@x+y-z",
	 .path = "routes/0/handle/0"},
	/* listeners */
	{.message = BAD
	 "server b: listener address repeated: tcp/:8001 (already claimed by server 'a')",
	 .server = "b",
	 .path = "",
	 .address = "tcp/:8001",
	 .server2 = "a"},
	{.message = BAD
	 "server b: listener address repeated: tcp/[::1]:80 (already claimed by server 'it's (')')",
	 .server = "b",
	 .path = "",
	 .address = "tcp/[::1]:80",
	 .server2 = "it's (')"},
	{.message = BAD
	 "invalid listener address ':http': invalid start port: strconv.ParseUint: parsing "
	 "\"http\": invalid syntax",
	 .path = "",
	 .address = ":http"},
	{.message = BAD
	 "invalid listener address '::1:80': address ::1:80: too many colons in address",
	 .path = "",
	 .address = "::1:80"},
	{.message = START "listening on :8443: listen tcp :8443: bind: address already in use",
	 .path = "",
	 .address = ":8443",
	 .start = true},
	{.message = START
	 "listening on [::1:80]:0: listen tcp [::1:80]:0: bind: cannot assign requested address",
	 .path = "",
	 .address = "[::1:80]:0",
	 .start = true},
	{.message = START "b: parsing listen address ':9x': bad port",
	 .server = "b",
	 .path = "",
	 .address = ":9x",
	 .start = true},
	{.message = START "finalizing automatic HTTPS: no", .path = "", .start = true},
	{.message = "loading config: " START "listening on :1: no",
	 .path = "",
	 .address = ":1",
	 .start = true},
	/* marks and paths */
	{.message = "indexing config: duplicate ID 'dup' found at /config/apps/http/servers/b and "
		    "/config/apps/http/servers/c/routes/0",
	 .server = "b",
	 .path = ""},
	{.message = "indexing config: /config/apps/http/servers/b/routes/0/handle/1: @id field "
		    "must be a string "
		    "or number",
	 .server = "b",
	 .path = "routes/0/handle/1"},
	{.message = "[/config/apps/http/servers/b] key already exists: b",
	 .server = "b",
	 .path = ""},
	{.message = "[/config/apps/http/servers/b/routes/5] array index out of bounds: 5",
	 .server = "b",
	 .path = "routes/5"},
	{.message = "[/config/apps/tls] key already exists: tls", .path = ""},
	/* names that cannot be told from the text around them */
	{.message = SRV "a: b: setting up route handlers: route 0: no", .path = ""},
	{.message = SRV
	 "nr: setting up named route 'b' handlers: loading handler modules: position 0: " UNKNOWN,
	 .path = ""},
	/* free text is never read as a place */
	{.message = SRV
	 "b: setting up route handlers: route 0: loading handler modules: position 0: loading "
	 "module 'x: setting up subroutes: route 9: y': unknown module: http.handlers.x",
	 .server = "b",
	 .path = "routes/0/handle/0"},
	{.message = SRV "b: setting up route handlers: position 3: no", .server = "b", .path = ""},
	{.message = SRV "b: setting up route handlers: route -1: loading matcher modules: no",
	 .server = "b",
	 .path = ""},
	{.message =
		 SRV "b: setting up route handlers: route 99999999999: loading matcher modules: no",
	 .server = "b",
	 .path = ""},
	{.message = SRV "b: setting up route handlers: route : route 1: no",
	 .server = "b",
	 .path = ""},
	{.message = SRV ": setting up route handlers: route 0: no", .path = ""},
	{.message = "loading new config: loading tls app module: server b: setting up route "
		    "handlers: route 0",
	 .path = ""},
	{.message = "", .path = ""},
	{.message = ": : : ", .path = ""},
	{.message = SRV, .path = ""},
	{.message = SRV "b", .path = ""},
	{.message = BAD "server b: listener address repeated: ", .server = "b", .path = ""},
	{.message = BAD "server b: listener address repeated: x (already claimed by server '",
	 .server = "b",
	 .path = "",
	 .address = "x"},
	{.message = APP "json: unknown field \"", .path = ""},
	{.message = APP "into Go struct field ", .path = ""},
	{.message = APP "into Go struct field . of type ", .path = ""},
	{.message = "indexing config: /config/apps/http/servers/", .path = ""},
};

static void check_text(const char *message, const char *what, const char *got, const char *want)
{
	if (!got != !want || (got && strcmp(got, want) != 0))
		fail_msg("%s\n%s is %s, not %s", message, what, got ? got : "NULL",
			 want ? want : "NULL");
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct arena *arena = arena_new();
		struct caddy_refusal out;

		caddy_refusal_parse(rows[i].message, arena, &out);
		check_text(rows[i].message, "server", out.server, rows[i].server);
		check_text(rows[i].message, "path", out.path, rows[i].path);
		check_text(rows[i].message, "field", out.field, rows[i].field);
		check_text(rows[i].message, "address", out.address, rows[i].address);
		check_text(rows[i].message, "server2", out.server2, rows[i].server2);
		if (out.start != rows[i].start)
			fail_msg("%s\nstart is %d", rows[i].message, out.start);
		arena_free(arena);
	}
}

/* A path that does not fit ends behind a number, and is true as far as it goes. */
static void check_deep(long first, long second)
{
	struct arena *arena = arena_new();
	struct str message = STR_INIT, whole = STR_INIT;
	struct caddy_refusal out;

	str_add(&message, SRV "b: setting up route handlers: ");
	for (int i = 0; i < 100; i++) {
		long n = i == 0 ? first : i == 1 ? second : i;

		str_addf(&message,
			 "route %ld: loading handler modules: position 1: " SUB
			 "setting up subroutes: ",
			 n);
		str_addf(&whole, "%sroutes/%ld/handle/1", i ? "/" : "", n);
	}
	caddy_refusal_parse(message.p, arena, &out);
	assert_string_equal(out.server, "b");
	size_t len = strlen(out.path);
	assert_true(len > 240 && len < sizeof out.path);
	assert_memory_equal(out.path, whole.p, len);
	assert_int_equal(whole.p[len], '/');
	assert_true(out.path[len - 1] >= '0' && out.path[len - 1] <= '9');
	str_release(&message);
	str_release(&whole);
	arena_free(arena);
}

static void test_deep(void **state)
{
	(void)state;
	/* Every possible rest of room at the end. */
	for (long n = 1; n < 1000000000; n *= 10) {
		check_deep(n, 1);
		check_deep(n, 100000000);
		check_deep(n, 12345);
	}
}

static void test_long_config_path(void **state)
{
	struct arena *arena = arena_new();
	struct str message = STR_INIT;
	struct caddy_refusal out;

	(void)state;
	str_add(&message, "indexing config: /config/apps/http/servers/b/");
	for (int i = 0; i < 100; i++)
		str_add(&message, "abcd/");
	caddy_refusal_parse(message.p, arena, &out);
	assert_int_equal(strlen(out.path), 254);
	str_release(&message);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_long_config_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
