/*
 * The checks of caddy: blocks: each row of the known mistakes by a file that makes it and no
 * other, what must pass without a word, and how problems speak.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kata/app.h"
#include "kata/json.h"
#include "kata/validate.h"

#define HASH	      "$2a$14$aT6IoN5q8jZf0kBpgXlyuOnAyFkg1k3x8ZpX0UjwbYJ0bWWlJmC3y"
#define SERVER(field) "caddy:\n  listen: [\":8080\"]\n  " field "\n" /* field: line 3 */
#define HANDLER(handler)                                                                           \
	"caddy:\n  listen: [\":8080\"]\n  routes:\n  - handle:\n    - " handler "\n" /* line 5 */
#define MATCH(matcher)                                                                             \
	"caddy:\n  listen: [\":8080\"]\n  routes:\n  - match:\n    - " matcher "\n" /* line 5 */
#define LISTEN(list) "caddy:\n  listen: " list "\n  routes: []\n"		    /* line 2 */
#define DIAL(dial)                                                                                 \
	HANDLER("handler: reverse_proxy\n      upstreams: [{dial: \"" dial "\"}]") /* line 6 */
#define ACCOUNT(account)                                                                           \
	HANDLER("handler: authentication\n      providers: {http_basic: {accounts: [{" account     \
		"}]}}")
#define TLS(policies)                                                                              \
	"caddy:\n  listen: [\":443\"]\n  routes: [{match: [{host: [a.com]}]}]\n"                   \
	"  tls_connection_policies: " policies "\n" /* line 4 */
#define DURATION(value) SERVER("read_timeout: " value)
#define REGEXP(pattern) MATCH("path_regexp: {pattern: '" pattern "'}")

enum { N = SEVERITY_NOTE, W = SEVERITY_WARNING, E = SEVERITY_ERROR };

/* A file, and the one problem that it must show. */
static const struct mistake_case {
	const char *rule;
	int severity;
	unsigned line;
	const char *yaml;
} mistakes[] = {
	{"server-type", E, 1, "caddy: [1]\n"},
	{"server-type", E, 1, "caddy: \"text\"\n"},
	{"type", E, 3, SERVER("strict_sni_host: \"true\"")},
	{"type", E, 3, SERVER("routes: {}")},
	{"type", E, 3, SERVER("routes: [text]")},
	{"type", E, 3, SERVER("protocols: h1")},
	{"type", E, 3, SERVER("idle_timeout: true")},
	{"type", E, 3, SERVER("named_routes: {a: []}")},
	{"type", E, 2, LISTEN("[8080]")},
	{"type", E, 5, MATCH("header: {A: b}")},
	{"unknown-field", W, 6, HANDLER("handler: headers\n      foo: 1")},
	{"null-element", E, 2, LISTEN("[~, \":80\"]")},
	{"type", E, 3, SERVER("routes: [{terminal: 1}]")},
	{"type", E, 3, SERVER("routes: [{group: 5}]")},
	{"type", E, 5, HANDLER("file_server")},
	{"type", E, 6, HANDLER("handler: file_server\n      hide: x\n      root: /x")},
	{"type", E, 6, HANDLER("handler: encode\n      encodings: {gzip: true}")},
	{"type", E, 5, MATCH("remote_ip: [10.0.0.0/8]")},
	{"type", E, 6, ACCOUNT("username: u, password: 5")},
	{"unknown-field", W, 3, SERVER("rotues: []")},
	{"unknown-field", W, 3, SERVER("something_new: 1")},
	{"field-case", E, 3, SERVER("Routes: []")},
	{"field-case", E, 1 + 1, "caddy:\n  LISTEN: [\":1\"]\n  listen: [\":8080\"]\n"},
	{"field-case", E, 5, MATCH("Host: [a.com]")},
	{"comment-key", E, 3, SERVER("_comment: text")},
	{"comment-key", E, 3, SERVER("\"//\": text")},
	{"unknown-handler", W, 5, HANDLER("handler: rate_limit")},
	{"handler-case", E, 5, HANDLER("handler: File_Server")},
	{"handler-missing", E, 5, HANDLER("body: x")},
	{"handler-missing", E, 5, HANDLER("handler: 1")},
	{"unknown-matcher", W, 5, MATCH("geoip: {}")},
	{"module-key", E, 6,
	 HANDLER("handler: reverse_proxy\n      transport: {tls: {}}\n"
		 "      upstreams: [{dial: \"a:1\"}]")},
	{"null-element", E, 3,
	 SERVER("tls_connection_policies: [null]\n  routes: [{match: "
		"[{host: [a.com]}]}]")},
	{"null-element", E, 3, SERVER("routes: [~]")},
	{"null-element", E, 7, HANDLER("handler: reverse_proxy\n      upstreams:\n      -")},
	{"null-element", E, 6, HANDLER("handler: rewrite\n      path_regexp: [null]")},
	{"null-member", E, 5, MATCH("header_regexp: {X-A: null}")},
	{"null-member", E, 5, MATCH("host:")},
	{"null-member", E, 3, SERVER("named_routes: {a: null}")},
	{"null-member", E, 6, HANDLER("handler: encode\n      encodings: {gzip: }")},
	{"id-inside", E, 3, SERVER("\"@id\": x")},
	{"id-inside", E, 5, HANDLER("{handler: vars, deep: [{\"@id\": 1}]}")},
	{"https-block", W, 3, SERVER("https: {enabled: true}")},
	{"attached-field", E, 3,
	 "x-kata-server: srv0\ncaddy:\n  listen: [\":443\"]\n  routes: []\n"},
	{"listen-missing", W, 2, "caddy:\n  routes: []\n"},
	{"listen-missing", W, 2, LISTEN("[]")},
	{"listen-form", E, 2, LISTEN("[\"no such host:80\"]")},
	{"listen-form", E, 2, LISTEN("[\":80/path\"]")},
	{"listen-form", E, 2, LISTEN("[\"[::1:80\"]")},
	{"listen-port", E, 2, LISTEN("[\":99999\"]")},
	{"listen-port", E, 2, LISTEN("[\":http\"]")},
	{"listen-port", E, 2, LISTEN("[\":90-80\"]")},
	{"listen-port", E, 2, LISTEN("[\":-1\"]")},
	{"listen-bare-port", E, 2, LISTEN("[\"8080\"]")},
	{"listen-random-port", W, 2, LISTEN("[\"127.0.0.1\"]")},
	{"listen-random-port", W, 2, LISTEN("[\":0\"]")},
	{"listen-random-port", W, 2, LISTEN("[\"\"]")},
	{"listen-ipv6", E, 2, LISTEN("[\"::1:8080\"]")},
	{"listen-udp", E, 2, LISTEN("[\"udp/:8080\"]")},
	{"listen-url", E, 2, LISTEN("[\"http://localhost:8080\"]")},
	{"listen-network", W, 2, LISTEN("[\"tailscale/:80\"]")},
	{"listen-star", E, 2, LISTEN("[\"*:8080\"]")},
	{"listen-repeated", E, 2, LISTEN("[\":8080\", \"tcp/:08080\"]")},
	{"listen-repeated", E, 2, LISTEN("[\":8080-8090\", \":8085\"]")},
	{"listen-overlap", W, 2, LISTEN("[\":8080\", \"0.0.0.0:8080\"]")},
	{"listen-overlap", W, 2, LISTEN("[\"localhost:80\", \"127.0.0.1:80\"]")},
	{"listen-overlap", W, 2, LISTEN("[\"127.0.0.1:80\", \"localhost:80\"]")},
	{"upstream-is-listener", W, 6, DIAL("127.0.0.1:8080")},
	{"upstream-is-listener", W, 6, DIAL(":8080")},
	{"upstream-is-listener", W, 6, DIAL("[::1]:8080")},
	{"upstreams-missing", W, 5, HANDLER("handler: reverse_proxy")},
	{"dial-url", W, 6, DIAL("http://a:1")},
	{"dial-url", W, 6, DIAL("a:1/path")},
	{"dial-no-port", W, 6, DIAL("a")},
	{"dial-no-port", W, 6, HANDLER("handler: reverse_proxy\n      upstreams: [{}]")},
	{"dial-port", W, 6, DIAL("a:1-3")},
	{"dial-port", W, 6, DIAL("a:99999")},
	{"dial-port", W, 6, DIAL("::1:80")},
	{"tls-without-hosts", W, 3, SERVER("tls_connection_policies: [{}]")},
	{"tls-policies-empty", W, 3, SERVER("tls_connection_policies: []")},
	{"tls-version", W, 4, TLS("[{protocol_min: tls1.4}]")},
	{"protocol", W, 3, SERVER("protocols: [h1, http]")},
	{"protocol", W, 3, SERVER("protocols: [h3, http]")},
	{"protocol-h1", W, 3, SERVER("protocols: [h2]")},
	{"host-form", W, 5, MATCH("host: [\"https://a.com\"]")},
	{"host-form", W, 5, MATCH("host: [\"a.com:443\"]")},
	{"host-repeated", E, 5, MATCH("host: [a.com, b.com, A.com]")},
	{"path-slash", W, 5, MATCH("path: [\"api/*\"]")},
	{"regexp", E, 5, REGEXP("(a")},
	{"regexp", E, 5, REGEXP("a)")},
	{"regexp", E, 5, REGEXP("[a")},
	{"regexp", E, 5, REGEXP("[]")},
	{"regexp", E, 5, REGEXP("[a\\]")},
	{"regexp", E, 6,
	 HANDLER("handler: headers\n      response: {replace: {A: [{search_regexp: \"(\"}]}}")},
	{"type", E, 6, HANDLER("handler: headers\n      response: {replace: {A: {search: x}}}")},
	{"header-place", E, 6, HANDLER("handler: headers\n      Server: [b]")},
	{"header-place", E, 6, HANDLER("handler: headers\n      x-a: [b]")},
	{"type", E, 3, SERVER("listen_protocols: [h1]")},
	{"type", E, 3, SERVER("write_min_rate: 1e19")},
	{"regexp", E, 5, REGEXP("*.php")},
	{"regexp", E, 5, REGEXP("^(?!/x)")},
	{"regexp", E, 5, REGEXP("(a)\\1")},
	{"regexp", E, 5, REGEXP("a\\")},
	{"duration", E, 3, DURATION("abc")},
	{"duration", E, 3, DURATION("\"5\"")},
	{"duration", E, 3, DURATION("5.5")},
	{"duration", E, 3, DURATION("\"5 s\"")},
	{"duration", E, 3, DURATION("\"\"")},
	{"duration", E, 3, DURATION("1w")},
	{"header-place", E, 6, HANDLER("handler: headers\n      X-A: [b]")},
	{"header-place", E, 6, HANDLER("handler: headers\n      response: {X-A: [b], set: {}}")},
	{"headers-empty", E, 6, HANDLER("handler: headers\n      response: {}")},
	{"transport-name", E, 6,
	 HANDLER("handler: reverse_proxy\n      transport: {protocol: https}\n"
		 "      upstreams: [{dial: \"a:1\"}]")},
	{"resolver-empty", E, 6,
	 HANDLER("handler: reverse_proxy\n      transport: {protocol: http, "
		 "resolver: {}}\n      upstreams: [{dial: \"a:1\"}]")},
	{"expression", E, 5, MATCH("expression: 5")},
	{"expression", E, 5, MATCH("expression: {name: x}")},
	{"encoding", W, 6, HANDLER("handler: encode\n      encodings: {br: {}}")},
	{"root-relative", W, 6, HANDLER("handler: file_server\n      root: ./dist")},
	{"root-missing", W, 5, HANDLER("handler: file_server")},
	{"password-plain", E, 6, ACCOUNT("username: u, password: hunter2")},
	{"password-hash", W, 6, ACCOUNT("username: u, password: $$junk!")},
	{"password-hash", W, 6, ACCOUNT("username: u, password: abcd")},
	{"password-hash", W, 6, ACCOUNT("username: u, password: \"YWJj\\nZA==\"")},
	{"password-hash", W, 6,
	 ACCOUNT("username: u, password: "
		 "$$2z$$14$$aT6IoN5q8jZf0kBpgXlyuOnAyFkg1k3x8ZpX0UjwbYJ0bWWlJmC3y")},
	{"password-hash", W, 6,
	 ACCOUNT("username: u, password: "
		 "$$2a_14$$aT6IoN5q8jZf0kBpgXlyuOnAyFkg1k3x8ZpX0UjwbYJ0bWWlJmC3y")},
	{"password-plain", E, 6, ACCOUNT("username: u, password: \"YWJjZA=\"")},
	{"type", E, 6,
	 HANDLER("handler: authentication\n      providers: {http_basic: {accounts: [x]}}")},
	{"password-base64", N, 6, ACCOUNT("username: u, password: JDJhJDE0JGFUNklvTjVxOGpaZjBr")},
	{"account", E, 6, ACCOUNT("username: u")},

	{"whole-config", E, 3, SERVER("apps: {http: {}}")},
	{"whole-config", E, 3, SERVER("admin: {}")},
	{"whole-config", E, 3, SERVER("http: {}")},
	{"servers-map", E, 3, SERVER("servers: {}")},
	{"server-tls", E, 3, SERVER("tls: {}")},
	{"server-handle", E, 3, SERVER("handle: []")},
	{"server-host", E, 3, SERVER("host: [a.com]")},
	{"server-port", E, 3, SERVER("port: 80")},
	{"server-log", E, 3, SERVER("log: {}")},
	{"route-match", E, 3, SERVER("routes: [{host: [a.com]}]")},
	{"route-handlers", E, 3, SERVER("routes: [{handlers: []}]")},
	{"route-routes", E, 3, SERVER("routes: [{routes: []}]")},
	{"automatic-https-disable", E, 3, SERVER("automatic_https: {disabled: true}")},
	{"tls-match", E, 4, TLS("[{match: {host: [a.com]}}]")},
	{"matcher-host", E, 5, MATCH("hostname: [a.com]")},
	{"matcher-path", E, 5, MATCH("paths: [/]")},
	{"matcher-method", E, 5, MATCH("methods: [GET]")},
	{"matcher-header", E, 5, MATCH("headers: {A: [b]}")},
	{"file-server-headers", E, 6,
	 HANDLER("handler: file_server\n      headers: {}\n      root: /x")},
	{"file-server-match", E, 6,
	 HANDLER("handler: file_server\n      match: []\n      root: /x")},
	{"file-server-try-files", E, 6,
	 HANDLER("handler: file_server\n      try_files: []\n      root: /x")},
	{"file-server-index", E, 6,
	 HANDLER("handler: file_server\n      index: []\n      root: /x")},
	{"static-response-status", E, 6, HANDLER("handler: static_response\n      status: 404")},
	{"static-response-body", E, 6, HANDLER("handler: static_response\n      text: x")},
	{"static-response-headers", E, 6, HANDLER("handler: static_response\n      header: {}")},
	{"headers-nest", E, 6, HANDLER("handler: headers\n      set: {}")},
	{"upstream-to", E, 6,
	 HANDLER("handler: reverse_proxy\n      to: a:1\n"
		 "      upstreams: [{dial: \"a:1\"}]")},
	{"upstream-dial", E, 6,
	 HANDLER("handler: reverse_proxy\n"
		 "      upstreams: [{dial: \"a:1\", host: a}]")},
	{"proxy-headers", E, 6,
	 HANDLER("handler: reverse_proxy\n      header_up: {}\n"
		 "      upstreams: [{dial: \"a:1\"}]")},
	{"proxy-lb", E, 6,
	 HANDLER("handler: reverse_proxy\n      lb_policy: random\n"
		 "      upstreams: [{dial: \"a:1\"}]")},
	{"proxy-health", E, 6,
	 HANDLER("handler: reverse_proxy\n      health_uri: /x\n"
		 "      upstreams: [{dial: \"a:1\"}]")},
	{"encode-nest", E, 6, HANDLER("handler: encode\n      gzip: {}")},
	{"rewrite-strip", E, 6, HANDLER("handler: rewrite\n      strip_prefix: /x")},
	{"rewrite-uri", E, 6, HANDLER("handler: rewrite\n      to: /x")},
	{"subroute-routes", E, 6, HANDLER("handler: subroute\n      handle: []")},
	{"authentication-accounts", E, 6, HANDLER("handler: authentication\n      accounts: []")},
	{"http-basic-users", E, 6,
	 HANDLER("handler: authentication\n      providers: {http_basic: {users: []}}")},
	{"request-body-max", E, 6, HANDLER("handler: request_body\n      max: 5")},
	{"listen-list", E, 2, LISTEN("\":8080\"")},
	{"automatic-https-object", E, 3, SERVER("automatic_https: false")},
	{"errors-object", E, 3, SERVER("errors: []")},
	{"logs-object", E, 3, SERVER("logs: true")},
	{"metrics-object", E, 3, SERVER("metrics: true")},
	{"max-header-bytes", E, 3, SERVER("max_header_bytes: 1k")},
	{"match-list", E, 3, SERVER("routes: [{match: {host: [a.com]}}]")},
	{"host-list", E, 5, MATCH("host: a.com")},
	{"path-list", E, 5, MATCH("path: /x")},
	{"method-list", E, 5, MATCH("method: GET")},
	{"not-list", E, 5, MATCH("not: {path: [/x]}")},
	{"tls-match-object", E, 4, TLS("[{match: [{sni: [a.com]}]}]")},
	{"header-value-list", E, 7,
	 HANDLER("handler: headers\n      response: {set: {\n        X-A: b}}")},
	{"header-value-list", E, 6, HANDLER("handler: headers\n      request: {add: {X-A: b}}")},
	{"header-value-list", E, 6, HANDLER("handler: static_response\n      headers: {X-A: b}")},
	{"upstream-object", E, 6, HANDLER("handler: reverse_proxy\n      upstreams: a:1")},
	{"transport-object", E, 6,
	 HANDLER("handler: reverse_proxy\n      transport: http\n"
		 "      upstreams: [{dial: \"a:1\"}]")},
	{"transport-tls", E, 6,
	 HANDLER("handler: reverse_proxy\n      transport: {protocol: http, tls: "
		 "true}\n      upstreams: [{dial: \"a:1\"}]")},
	{"selection-policy", E, 6,
	 HANDLER("handler: reverse_proxy\n      load_balancing: "
		 "{selection_policy: random}\n"
		 "      upstreams: [{dial: \"a:1\"}]")},
	{"encodings-object", E, 6, HANDLER("handler: encode\n      encodings: [gzip]")},
	{"request-body-number", E, 6, HANDLER("handler: request_body\n      max_size: 10MB")},
	{"handler-respond", E, 5, HANDLER("handler: respond")},
	{"handler-route", E, 5, HANDLER("handler: route")},
	{"handler-handle-path", E, 5, HANDLER("handler: handle_path")},
	{"handler-proxy", E, 5, HANDLER("handler: proxy")},
	{"handler-redir", E, 5, HANDLER("handler: redir")},
	{"handler-basicauth", E, 5, HANDLER("handler: basic_auth")},
	{"handler-forward-auth", E, 5, HANDLER("handler: forward_auth")},
	{"handler-header", E, 5, HANDLER("handler: header")},
	{"handler-gzip", E, 5, HANDLER("handler: gzip")},
	{"handler-root", E, 5, HANDLER("handler: root")},
	{"handler-log", E, 5, HANDLER("handler: log")},
	{"handler-php", E, 5, HANDLER("handler: php_fastcgi")},
	{"handler-try-files", E, 5, HANDLER("handler: try_files")},
	{"handler-uri", E, 5, HANDLER("handler: uri")},
	{"handler-abort", E, 5, HANDLER("handler: abort")},
	{"handler-errors", E, 5, HANDLER("handler: handle_errors")},
	{"handler-bind", E, 5, HANDLER("handler: bind")},
	{"handler-tls", E, 5, HANDLER("handler: tls")},
	{"handler-import", E, 5, HANDLER("handler: import")},
	{"handler-static", E, 5, HANDLER("handler: fileserver")},
	{"handler-reverse-proxy", E, 5, HANDLER("handler: reverse-proxy")},
	{"yaml-yes-no", N, 5, HANDLER("{handler: static_response, body: yes}")},
};

/* Rows that only Caddy's own words, or no YAML at all, can lead to. */
static const char *const not_by_yaml[] = {
	"depth",	   "logger-names",   "module-object", "address-in-use",
	"address-foreign", "address-denied", "address-host",  "placeholder-empty",
};

/* What must pass without a word. */
static const char *const fine[] = {
	LISTEN("[\":443\", \"127.0.0.1:80\", \"[::1]:80\", \"tcp4/:81\", \"unix//run/x\", "
	       "\"fd/3\"]"),
	LISTEN("[\"{env.HOST}:80\", \":{env.PORT}\", \":8000-8010\", \" tcp/:9\"]"),
	DIAL("web:8000"),
	DIAL("{env.HOST}"),
	DIAL("unix//run/x.sock"),
	DIAL("10.0.0.1:8080"),
	DIAL("tcp/a:1"),
	DURATION("1m30s"),
	DURATION("\"1.5h\""),
	DURATION("1d2h"),
	DURATION("\"-.5\xc2\xb5s\""),
	DURATION("5000000000"),
	DURATION("1e3"),
	DURATION("\"0\""),
	DURATION("null"),
	REGEXP("^/(a|b)[]a(]$"),
	REGEXP("[[:alpha:](]\\Q(\\E[^]]"),
	REGEXP("(?i)(?P<n>x)\\("),
	REGEXP("[a\\]b]"),
	MATCH("host: [\"*.a.com\", \"{env.HOST}\", \"[::1]\", \"::1\"]"),
	MATCH("path: [/, \"*.php\", \"/a/*\", \"{env.P}\"]"),
	MATCH("{header: {A: null, B: [c]}, not: [{path: [/x]}], expression: {expr: \"true\"}}"),
	SERVER("named_routes: {a: {handle: [{handler: invoke, name: b}]}}"),
	SERVER("logs: {logger_names: {a.com: [b]}}"),
	SERVER("errors: {routes: [{handle: [{handler: error, status_code: 500}]}]}"),
	SERVER("max_header_bytes: 1.0"),
	SERVER("automatic_https:"),
	HANDLER("handler: static_response\n      status_code: \"404\""),
	HANDLER("handler: vars\n      root: /x\n    - handler: file_server"),
	HANDLER("handler: file_server\n      root: \"{http.vars.root}\""),
	HANDLER("handler: reverse_proxy\n      dynamic_upstreams: {source: a, name: x}"),
	ACCOUNT("username: u, password: " HASH),
	HANDLER("handler: authentication\n      providers: {http_basic: {hash: {algorithm: "
		"argon2id}, "
		"accounts: [{username: u, password: \"$argon2id$v=19$x\"}]}}"),
	"x-kata-server: srv0\ncaddy:\n  routes: []\n",
};

static void decode(struct app *app, struct arena *arena, const char *yaml, size_t len)
{
	static const char env[] = "PORT=8000\nDOMAIN_NAME=example.com\nADMIN_USER=admin\n"
				  "ADMIN_PASS_HASH=" HASH "\n";
	struct app_source source = {
		.name = "blog",
		.root = "/srv",
		.stack = {.path = "kata-compose.yaml", .bytes = yaml, .len = len},
		.env = {.path = "ENV", .bytes = env, .len = sizeof env - 1},
	};

	app_decode(app, arena, &source);
}

static bool is_case(const struct app *app, const struct mistake_case *c)
{
	const struct problem *p = app->problems.items;

	return app->problems.count == 1 && p->rule && !strcmp(p->rule, c->rule) &&
	       (int)p->severity == c->severity && p->place.line == c->line && p->hint && *p->msg;
}

static void print_problems(const char *yaml, const struct problems *problems)
{
	if (problems->count)
		print_message("%s\n", yaml);
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *p = &problems->items[i];

		print_message("  line %u: %s: %s: %s\n", p->place.line, severity_name(p->severity),
			      p->rule ? p->rule : "-", p->msg);
	}
}

static void test_each_mistake(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		const struct mistake_case *c = &mistakes[i];
		struct arena *arena = arena_new();
		struct app app;

		decode(&app, arena, c->yaml, strlen(c->yaml));
		if (!is_case(&app, c)) {
			print_problems(c->yaml, &app.problems);
			print_message("expected %s in line %u\n", c->rule, c->line);
			failed++;
		}
		assert_int_equal(app.state, c->severity == E ? APP_INVALID : APP_VALID);
		assert_true(!app.caddy == (c->severity == E));
		app_release(&app);
		arena_free(arena);
	}
	assert_int_equal(failed, 0);
}

static void test_fine(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
		struct arena *arena = arena_new();
		struct app app;

		decode(&app, arena, fine[i], strlen(fine[i]));
		print_problems(fine[i], &app.problems);
		assert_int_equal(app.problems.count, 0);
		assert_non_null(app.caddy);
		app_release(&app);
		arena_free(arena);
	}
}

static bool is_tested(const char *rule)
{
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
		if (!strcmp(mistakes[i].rule, rule))
			return true;
	for (size_t i = 0; i < sizeof not_by_yaml / sizeof *not_by_yaml; i++)
		if (!strcmp(not_by_yaml[i], rule))
			return true;
	return false;
}

static void test_rows(void **state)
{
	const struct mistake_row *row;
	size_t count = 0;

	(void)state;
	for (; (row = validate_row(count)); count++) {
		assert_non_null(row->rule);
		assert_non_null(row->what);
		if (!is_tested(row->rule))
			fail_msg("no test makes the mistake %s", row->rule);
	}
	assert_true(count > 100);
	assert_null(validate_row(count + 1));
	assert_null(validate_row(SIZE_MAX));
}

/* The text of the first problem of a file. */
static const char *first_message(const char *yaml, struct arena *arena)
{
	struct app app;

	decode(&app, arena, yaml, strlen(yaml));
	app_release(&app);
	assert_true(app.problems.count > 0);
	return app.problems.items[0].msg;
}

static void test_quotes(void **state)
{
	struct arena *arena = arena_new();
	const char *msg;

	(void)state;
	/* As written, not as expanded. */
	msg = first_message(LISTEN("[\"$DOMAIN_NAME:x\"]"), arena);
	assert_non_null(strstr(msg, "\"$DOMAIN_NAME:x\""));
	assert_null(strstr(msg, "example.com"));
	/* Cut between characters. */
	msg = first_message(LISTEN("[\"*:"
				   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				   "\xc3\xa4 bbbbbbbbbbb\"]"),
			    arena);
	assert_non_null(strstr(msg, "\xc3\xa4...\""));
	/* Passwords are never shown, well formed or not. */
	msg = first_message(ACCOUNT("username: u, password: hunter2"), arena);
	assert_null(strstr(msg, "hunter2"));
	msg = first_message(ACCOUNT("username: u, password: [hunter2]"), arena);
	assert_null(strstr(msg, "hunter2"));
	arena_free(arena);
}

/* The hint of the first problem of a file. */
static const char *first_hint(const char *yaml, struct arena *arena)
{
	struct app app;

	decode(&app, arena, yaml, strlen(yaml));
	app_release(&app);
	assert_true(app.problems.count > 0);
	return app.problems.items[0].hint;
}

static void test_nearest(void **state)
{
	static const char *const hints[][2] = {
		{SERVER("rotues: []"), "did you mean routes?"},
		{SERVER("ROUTES: []"), "did you mean routes?"},
		{HANDLER("handler: revers_proxy"), "did you mean reverse_proxy?"},
		{HANDLER("handler: Encode"), "did you mean encode?"},
		{MATCH("hots: []"), "did you mean host?"},
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
		assert_string_equal(first_hint(hints[i][0], arena), hints[i][1]);
	assert_null(strstr(first_hint(SERVER("xyz: 1"), arena), "did you mean"));
	arena_free(arena);
}

static void test_paths(void **state)
{
	struct arena *arena = arena_new();
	struct app app;
	const char *yaml = DIAL("http://a:1");

	(void)state;
	decode(&app, arena, yaml, strlen(yaml));
	assert_string_equal(app.problems.items[0].path, "routes/0/handle/0/upstreams/0/dial");
	assert_string_equal(app.problems.items[0].place.file, "kata-compose.yaml");
	assert_int_equal(app.problems.items[0].place.column, 26);
	app_release(&app);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_mistake), cmocka_unit_test(test_fine),
		cmocka_unit_test(test_rows),	     cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_paths),	     cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
