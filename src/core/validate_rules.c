/*
 * The known mistakes: what people write in a caddy: block that Caddy refuses, that hurts
 * it, or that it takes and never does anything with. One row each. A new mistake that is
 * told by a field's or handler's name needs nothing but its row here.
 */
#include "validate_rules.h"

#include <string.h>

#define ERROR	SEVERITY_ERROR
#define WARNING SEVERITY_WARNING
#define ROW(rule_, severity_, what_, hint_)                                                        \
	.row = {.rule = rule_, .severity = severity_, .what = what_, .hint = hint_}
#define CODE(check_, ...)		 [check_] = {ROW(__VA_ARGS__)}
#define CODE_SAID(check_, refusal_, ...) [check_] = {.refusal = refusal_, ROW(__VA_ARGS__)}

/* Found by code. */
static const struct mistake checks[CHECK_COUNT] = {
	CODE(CHECK_SERVER_TYPE, "server-type", ERROR, "the block is not a server object",
	     "caddy: holds one server: listen:, routes: and so on"),
	CODE(CHECK_TYPE, "type", ERROR, "a field holds the wrong type of value", NULL),
	CODE(CHECK_UNKNOWN_FIELD, "unknown-field", WARNING, "Caddy does not know a field",
	     "Caddy decides; up to 2.11 it refuses fields that it does not know"),
	CODE(CHECK_FIELD_CASE, "field-case", ERROR, "a field's name is in the wrong case",
	     "write it in lower case"),
	CODE(CHECK_COMMENT, "comment-key", ERROR, "a key is meant as a comment",
	     "Caddy has no comment keys; use # in the YAML"),
	CODE(CHECK_UNKNOWN_HANDLER, "unknown-handler", WARNING, "Caddy does not know a handler",
	     "fine only if this Caddy was built with a plugin of that name"),
	CODE(CHECK_HANDLER_CASE, "handler-case", ERROR, "a handler's name is in the wrong case",
	     "names of handlers are in lower case"),
	CODE_SAID(CHECK_HANDLER_MISSING, "module name not specified with key 'handler'",
		  "handler-missing", ERROR, "an entry of handle names no handler",
		  "each entry needs handler: NAME, in lower case"),
	CODE_SAID(CHECK_UNKNOWN_MATCHER, "unknown module: http.matchers.", "unknown-matcher",
		  WARNING, "Caddy does not know a matcher",
		  "fine only if this Caddy is newer or was built with a plugin of that name"),
	CODE_SAID(CHECK_MODULE_KEY, "module name not specified with key", "module-key", ERROR,
		  "a module is not named", NULL),
	CODE(CHECK_NULL_ELEMENT, "null-element", ERROR, "an element of a list is empty (null)",
	     "remove the empty list entry: it can make Caddy fail all later changes"),
	CODE_SAID(CHECK_NULL_MEMBER, "module value cannot be null", "null-member", ERROR,
		  "a value is missing (null)", "give it a value, or remove the key"),
	CODE_SAID(CHECK_ID, "@id field must be", "id-inside", ERROR,
		  "@id belongs to kata-tui: it marks what it owns", "remove @id from the block"),
	CODE(CHECK_DEPTH, "depth", ERROR, "the block is nested too deeply",
	     "no more than 100 levels"),
	CODE(CHECK_HTTPS_BLOCK, "https-block", WARNING,
	     "https: is not a field of Caddy's; it is left out",
	     "Caddy makes HTTPS by itself for hosts in match; its settings are automatic_https "
	     "and tls_connection_policies"),
	CODE(CHECK_ATTACHED, "attached-field", ERROR,
	     "only routes: can be given with x-kata-server",
	     "the server it names has its own settings: remove the field, or x-kata-server"),
	CODE(CHECK_LISTEN_MISSING, "listen-missing", WARNING,
	     "listen: is missing, so Caddy serves nothing of this app",
	     "add for example listen: [\":443\"]"),
	CODE(CHECK_LISTEN_FORM, "listen-form", ERROR, "a listen address cannot be read",
	     "write \":443\", \"127.0.0.1:8080\", \"[::1]:8080\" or \"unix//path\""),
	CODE_SAID(CHECK_LISTEN_PORT, "invalid start port", "listen-port", ERROR,
		  "a listen address has a bad port",
		  "a port is a number from 0 to 65535, a range is \"8000-8010\""),
	CODE(CHECK_LISTEN_NO_PORT, "listen-bare-port", ERROR,
	     "Caddy takes a listen address without a colon as a host name",
	     "put a colon before the port: \":8080\""),
	CODE(CHECK_LISTEN_RANDOM_PORT, "listen-random-port", WARNING,
	     "a listen address without a port gets a random one",
	     "add the port: \"127.0.0.1:8080\""),
	CODE_SAID(CHECK_LISTEN_IPV6, "too many colons in address", "listen-ipv6", ERROR,
		  "an IPv6 listen address needs brackets", "write \"[::1]:8080\""),
	CODE_SAID(CHECK_LISTEN_UDP, "cannot handle HTTP/1 or HTTP/2", "listen-udp", ERROR,
		  "a server cannot listen on datagrams; Caddy 2.6 crashes on it",
		  "write the address without udp/: Caddy opens UDP for HTTP/3 by itself"),
	CODE_SAID(CHECK_LISTEN_URL, "unsupported network type: http", "listen-url", ERROR,
		  "a listen address is not a URL", "write only host and port: \":443\""),
	CODE_SAID(CHECK_LISTEN_NETWORK, "unsupported network type", "listen-network", WARNING,
		  "Caddy does not know the network of a listen address",
		  "the part before / is tcp, tcp4, tcp6 or unix"),
	CODE(CHECK_LISTEN_STAR, "listen-star", ERROR, "a listen address cannot have * as host",
	     "leave the host out to listen everywhere: \":8080\""),
	CODE_SAID(CHECK_LISTEN_REPEATED, "listener address repeated", "listen-repeated", ERROR,
		  "the same listen address is there twice", "name each address once"),
	CODE(CHECK_LISTEN_TWICE, "listen-overlap", WARNING,
	     "two listen addresses are the same socket", "name each address once"),
	CODE(CHECK_UPSTREAM_IS_LISTENER, "upstream-is-listener", WARNING,
	     "the upstream is the server's own listen address",
	     "Caddy would proxy to itself: let the app listen on another port than Caddy"),
	CODE(CHECK_UPSTREAMS_MISSING, "upstreams-missing", WARNING,
	     "reverse_proxy has no upstreams and would always answer 503",
	     "add upstreams: [{dial: \"127.0.0.1:8000\"}]"),
	CODE(CHECK_DIAL_URL, "dial-url", WARNING,
	     "dial is not a URL; Caddy would always answer 502",
	     "write only host and port; for HTTPS to the upstream add transport: "
	     "{protocol: http, tls: {}}"),
	CODE(CHECK_DIAL_NO_PORT, "dial-no-port", WARNING,
	     "dial has no port; Caddy would always answer 502", "write \"host:port\""),
	CODE(CHECK_DIAL_PORT, "dial-port", WARNING,
	     "dial needs exactly one port; Caddy would always answer 502",
	     "write \"host:port\", and one upstream for each port"),
	CODE(CHECK_TLS_WITHOUT_HOSTS, "tls-without-hosts", WARNING,
	     "tls_connection_policies without a host in any route: Caddy gets no certificate",
	     "add match: [{host: [\"example.com\"]}] to the routes"),
	CODE(CHECK_TLS_POLICIES_EMPTY, "tls-policies-empty", WARNING,
	     "an empty tls_connection_policies turns HTTPS off", "remove the key"),
	CODE(CHECK_TLS_VERSION, "tls-version", WARNING, "Caddy does not know a TLS version",
	     "use tls1.2 or tls1.3"),
	CODE(CHECK_PROTOCOL, "protocol", WARNING,
	     "Caddy takes an unknown protocol and then answers nobody", "use h1, h2, h2c and h3"),
	CODE_SAID(CHECK_PROTOCOL_ALONE, "cannot enable HTTP/2 or H2C without", "protocol-h1",
		  WARNING, "h2 and h2c without h1 are refused by older Caddys",
		  "add h1 to protocols"),
	CODE(CHECK_HOST_FORM, "host-form", WARNING, "a host matcher that can never match",
	     "a host is a name only, without scheme, port and path"),
	CODE_SAID(CHECK_HOST_REPEATED, "is repeated at index", "host-repeated", ERROR,
		  "a host is there twice in one matcher", "name each host once"),
	CODE(CHECK_PATH_SLASH, "path-slash", WARNING,
	     "a path matcher that can never match: paths begin with /", "write \"/name\""),
	CODE_SAID(CHECK_REGEXP, "error parsing regexp", "regexp", ERROR,
		  "a regular expression cannot be compiled",
		  "Caddy uses RE2 syntax, which has no look-around and no back-references"),
	CODE_SAID(CHECK_DURATION, "duration \"", "duration", ERROR, "a duration cannot be read",
		  "write \"5s\", \"1m30s\" or \"2h\"; a number alone is whole nanoseconds"),
	CODE(CHECK_HEADER_NAME, "header-place", ERROR, "a header's name is in the wrong place",
	     "nest it: response: {set: {X-Name: [\"value\"]}}"),
	CODE(CHECK_HEADERS_EMPTY, "headers-empty", ERROR,
	     "response without set, add, delete or replace does nothing, and crashes Caddy 2.6",
	     "remove response, or say what it shall do"),
	CODE_SAID(CHECK_TRANSPORT_HTTPS, "unknown module: http.reverse_proxy.transport.",
		  "transport-name", ERROR, "a transport's name is not its protocol",
		  "for HTTPS to the upstream write transport: {protocol: http, tls: {}}"),
	CODE(CHECK_RESOLVER_EMPTY, "resolver-empty", ERROR,
	     "resolver without addresses crashes Caddy",
	     "add addresses: [\"127.0.0.53\"], or remove resolver"),
	CODE(CHECK_EXPRESSION, "expression", ERROR,
	     "expression must be text, or an object with expr", "write expression: \"...\""),
	CODE_SAID(CHECK_ENCODING, "unknown module: http.encoders.", "encoding", WARNING,
		  "Caddy has no such encoding, unless by a plugin",
		  "use encodings: {zstd: {}, gzip: {}}"),
	CODE(CHECK_ROOT_RELATIVE, "root-relative", WARNING,
	     "a root that is relative means Caddy's working folder, not the app's",
	     "write \"$APP_ROOT/...\""),
	CODE(CHECK_ROOT_MISSING, "root-missing", WARNING,
	     "file_server without root serves Caddy's working folder", "add root: \"$APP_ROOT\""),
	CODE_SAID(CHECK_PASSWORD_PLAIN, "base64-decoding password", "password-plain", ERROR,
		  "a password must be given as a hash",
		  "make one with: caddy hash-password; it begins with $2a$"),
	CODE(CHECK_PASSWORD_HASH, "password-hash", WARNING,
	     "a password that is no bcrypt hash never lets anyone in",
	     "make one with: caddy hash-password; it begins with $2a$ and has 60 characters"),
	CODE(CHECK_PASSWORD_BASE64, "password-base64", SEVERITY_NOTE,
	     "the base64 form of a password hash is the old one",
	     "write the hash itself, $2a$..., as it is since Caddy 2.6"),
	CODE_SAID(CHECK_ACCOUNT, "username and password are required", "account", ERROR,
		  "an account needs username and password", "write {username: ..., password: ...}"),
};

#define BY_FIELD(shape_, names_, ...)                                                              \
	{                                                                                          \
		.at = AT_FIELD, .shape = shape_, .names = names_, ROW(__VA_ARGS__)                 \
	}
#define BY_TYPE(shape_, names_, refusal_, ...)                                                     \
	{                                                                                          \
		.at = AT_TYPE, .shape = shape_, .names = names_, .refusal = refusal_,              \
		ROW(__VA_ARGS__)                                                                   \
	}
#define BY_HANDLER(names_, ...)                                                                    \
	{                                                                                          \
		.at = AT_HANDLER, .names = names_, ROW(__VA_ARGS__)                                \
	}
#define BY_REFUSAL(refusal_, ...)                                                                  \
	{                                                                                          \
		.at = AT_REFUSAL, .refusal = refusal_, ROW(__VA_ARGS__)                            \
	}

/* Found by name. */
static const struct mistake names[] = {
	BY_FIELD("server", "apps admin logging storage http", "whole-config", ERROR,
		 "this is a whole Caddy config, not one server",
		 "give only the object that stands under apps.http.servers.NAME"),
	BY_FIELD("server", "servers", "servers-map", ERROR,
		 "servers: does not belong into the block, which is one server itself",
		 "give only the object that stands under servers.NAME"),
	BY_FIELD("server", "tls ssl cert certificates", "server-tls", ERROR,
		 "a server has no such field",
		 "HTTPS follows from listen and host; its settings are tls_connection_policies "
		 "and automatic_https"),
	BY_FIELD("server", "handle handler match handlers", "server-handle", ERROR,
		 "this belongs into a route", "write routes: [{match: [...], handle: [...]}]"),
	BY_FIELD("server", "host hosts hostname domain domains", "server-host", ERROR,
		 "this belongs into a route",
		 "write routes: [{match: [{host: [\"example.com\"]}], handle: [...]}]"),
	BY_FIELD("server", "port bind address", "server-port", ERROR, "a server has no such field",
		 "write listen: [\":8080\"]"),
	BY_FIELD("server", "log", "server-log", ERROR, "a server has no such field",
		 "write logs: {}"),
	BY_FIELD("route", "host hosts path paths method methods header expression", "route-match",
		 ERROR, "this belongs into the route's match",
		 "write match: [{host: [\"example.com\"]}], and so on"),
	BY_FIELD("route", "handlers handler", "route-handlers", ERROR,
		 "a route's handlers stand in a list under handle",
		 "write handle: [{handler: NAME}]"),
	BY_FIELD("route", "routes", "route-routes", ERROR, "a route cannot hold routes itself",
		 "write handle: [{handler: subroute, routes: [...]}]"),
	BY_FIELD("automatic_https", "disabled enable enabled off", "automatic-https-disable", ERROR,
		 "automatic_https has no such field", "write automatic_https: {disable: true}"),
	BY_FIELD("TLS match", "host hosts server_name", "tls-match", ERROR,
		 "TLS policies match on sni", "write match: {sni: [\"example.com\"]}"),
	BY_FIELD("matcher set", "hostname hosts hostnames domain domains", "matcher-host", ERROR,
		 "the matcher for host names is called host", "write host: [\"example.com\"]"),
	BY_FIELD("matcher set", "paths uri url path_prefix", "matcher-path", ERROR,
		 "the matcher for paths is called path", "write path: [\"/api/*\"]"),
	BY_FIELD("matcher set", "methods", "matcher-method", ERROR,
		 "the matcher for methods is called method", "write method: [\"GET\"]"),
	BY_FIELD("matcher set", "headers", "matcher-header", ERROR,
		 "the matcher for headers is called header", "write header: {X-Name: [\"value\"]}"),
	BY_FIELD("file_server", "headers", "file-server-headers", ERROR,
		 "file_server cannot set headers",
		 "put a handler of its own before it: {handler: headers, response: {set: "
		 "{X-Name: [\"value\"]}}}"),
	BY_FIELD("file_server", "match", "file-server-match", ERROR,
		 "a handler has no match; it belongs to the route",
		 "split it into two routes: [{match: [...], handle: [...]}, {handle: [...]}]"),
	BY_FIELD("file_server", "try_files", "file-server-try-files", ERROR,
		 "file_server has no try_files",
		 "split it into two routes; the first has match: [{file: {try_files: [\"...\"]}}] "
		 "and handle: [{handler: rewrite, uri: \"{http.matchers.file.relative}\"}]"),
	BY_FIELD("file_server", "index indexes index_files", "file-server-index", ERROR,
		 "file_server calls its index files index_names",
		 "write index_names: [\"index.html\"]"),
	BY_FIELD("static_response", "status code", "static-response-status", ERROR,
		 "the status stands in status_code", "write status_code: 404"),
	BY_FIELD("static_response", "content text response", "static-response-body", ERROR,
		 "the text stands in body", "write body: \"...\""),
	BY_FIELD("static_response", "header", "static-response-headers", ERROR,
		 "headers stand in headers", "write headers: {X-Name: [\"value\"]}"),
	BY_FIELD("headers", "set add delete replace", "headers-nest", ERROR,
		 "headers works on request or response", "nest it: response: {set: {...}}"),
	BY_FIELD("reverse_proxy", "to upstream dial", "upstream-to", ERROR,
		 "reverse_proxy takes its targets from upstreams",
		 "write upstreams: [{dial: \"127.0.0.1:8000\"}]"),
	BY_FIELD("upstream", "to host url address port", "upstream-dial", ERROR,
		 "an upstream is given by dial", "write {dial: \"127.0.0.1:8000\"}"),
	BY_FIELD("reverse_proxy", "header_up header_down", "proxy-headers", ERROR,
		 "this is Caddyfile, not JSON",
		 "write headers: {request: {set: {...}}, response: {set: {...}}}"),
	BY_FIELD("reverse_proxy", "lb_policy lb_retries lb_try_duration lb_try_interval",
		 "proxy-lb", ERROR, "this is Caddyfile, not JSON",
		 "write load_balancing: {selection_policy: {policy: random}}"),
	BY_FIELD("reverse_proxy",
		 "health_uri health_path health_port health_interval "
		 "health_timeout health_status health_body health_headers",
		 "proxy-health", ERROR, "this is Caddyfile, not JSON",
		 "write health_checks: {active: {uri: \"/health\", interval: \"10s\"}}"),
	BY_FIELD("encode", "gzip zstd br formats encoding", "encode-nest", ERROR,
		 "encode takes its formats from encodings",
		 "write encodings: {zstd: {}, gzip: {}}"),
	BY_FIELD("rewrite", "strip_prefix strip_suffix", "rewrite-strip", ERROR,
		 "rewrite calls it strip_path_prefix (and strip_path_suffix)",
		 "write strip_path_prefix: \"/api\""),
	BY_FIELD("rewrite", "path to", "rewrite-uri", ERROR, "rewrite takes its target from uri",
		 "write uri: \"/new\""),
	BY_FIELD("subroute", "handle match", "subroute-routes", ERROR, "a subroute holds routes",
		 "write routes: [{match: [...], handle: [...]}]"),
	BY_FIELD("authentication", "accounts users http_basic basic", "authentication-accounts",
		 ERROR, "accounts belong to a provider",
		 "write providers: {http_basic: {accounts: [{username: ..., password: ...}]}}"),
	BY_FIELD("http_basic", "users", "http-basic-users", ERROR, "http_basic calls them accounts",
		 "write accounts: [{username: ..., password: ...}]"),
	BY_FIELD("request_body", "max limit", "request-body-max", ERROR,
		 "request_body calls it max_size", "write max_size: 10485760 (in bytes)"),

	BY_TYPE("server", "listen", "servers.listen of type", "listen-list", ERROR,
		"listen must be a list", "write listen: [\":443\"]"),
	BY_TYPE("server", "automatic_https", "caddyhttp.AutoHTTPSConfig", "automatic-https-object",
		ERROR, "automatic_https must be an object",
		"write automatic_https: {disable: true} to turn it off"),
	BY_TYPE("server", "errors", "caddyhttp.HTTPErrorConfig", "errors-object", ERROR,
		"errors must be an object", "write errors: {routes: [...]}"),
	BY_TYPE("server", "logs", "caddyhttp.ServerLogConfig", "logs-object", ERROR,
		"logs must be an object", "write logs: {}"),
	BY_TYPE("server", "metrics", "caddyhttp.Metrics", "metrics-object", ERROR,
		"metrics must be an object", "write metrics: {}"),
	BY_TYPE("server", "max_header_bytes", "servers.max_header_bytes of type",
		"max-header-bytes", ERROR, "max_header_bytes must be a whole number",
		"write the number of bytes: 16384"),
	BY_TYPE("route", "match", "RawMatcherSets", "match-list", ERROR,
		"match must be a list of matcher sets", "write match: [{host: [\"example.com\"]}]"),
	BY_TYPE("matcher set", "host", "caddyhttp.MatchHost", "host-list", ERROR,
		"host must be a list", "write host: [\"example.com\"]"),
	BY_TYPE("matcher set", "path", "caddyhttp.MatchPath", "path-list", ERROR,
		"path must be a list", "write path: [\"/api/*\"]"),
	BY_TYPE("matcher set", "method", "caddyhttp.MatchMethod", "method-list", ERROR,
		"method must be a list", "write method: [\"GET\"]"),
	BY_TYPE("matcher set", "not", "value of type []caddy.ModuleMap", "not-list", ERROR,
		"not must be a list of matcher sets", "write not: [{path: [\"/api/*\"]}]"),
	BY_TYPE("TLS policy", "match", "policies.match of type caddy.ModuleMap", "tls-match-object",
		ERROR, "a TLS policy's match is one object, not a list",
		"write match: {sni: [\"example.com\"]}"),
	BY_TYPE("request header operations", "set add", "of type []string", "header-value-list",
		ERROR, "the values of a header must be a list", "write X-Name: [\"value\"]"),
	BY_TYPE("response header operations", "set add", NULL, "header-value-list", ERROR,
		"the values of a header must be a list", "write X-Name: [\"value\"]"),
	BY_TYPE("static_response", "headers", NULL, "header-value-list", ERROR,
		"the values of a header must be a list", "write X-Name: [\"value\"]"),
	BY_TYPE("reverse_proxy", "upstreams", "reverseproxy.Upstream", "upstream-object", ERROR,
		"upstreams must be a list of objects",
		"write upstreams: [{dial: \"127.0.0.1:8000\"}]"),
	BY_TYPE("reverse_proxy", "transport", NULL, "transport-object", ERROR,
		"transport must be an object", "write transport: {protocol: http}"),
	BY_TYPE("http transport", "tls", "reverseproxy.TLSConfig", "transport-tls", ERROR,
		"the transport's tls must be an object", "write tls: {}"),
	BY_TYPE("load_balancing", "selection_policy", "load balancing selection policy",
		"selection-policy", ERROR, "selection_policy must be an object",
		"write selection_policy: {policy: random}"),
	BY_TYPE("encode", "encodings", NULL, "encodings-object", ERROR,
		"encodings must be an object", "write encodings: {zstd: {}, gzip: {}}"),
	BY_TYPE("request_body", "max_size", "RequestBody.max_size", "request-body-number", ERROR,
		"max_size must be a whole number of bytes", "write max_size: 10485760"),

	BY_HANDLER("respond", "handler-respond", ERROR, "respond is Caddyfile, not JSON",
		   "use handler: static_response with body and status_code"),
	BY_HANDLER("route handle", "handler-route", ERROR,
		   "route and handle are Caddyfile, not JSON",
		   "use handler: subroute with routes: [...]"),
	BY_HANDLER("handle_path", "handler-handle-path", ERROR,
		   "handle_path is Caddyfile, not JSON",
		   "use handler: subroute with routes, the first with {handler: rewrite, "
		   "strip_path_prefix: \"/name\"}"),
	BY_HANDLER("proxy", "handler-proxy", ERROR, "the handler is called reverse_proxy",
		   "use handler: reverse_proxy with upstreams: [{dial: \"127.0.0.1:8000\"}]"),
	BY_HANDLER("redir redirect", "handler-redir", ERROR, "redirects are static responses",
		   "use handler: static_response with status_code: 308 and headers: "
		   "{Location: [\"https://...\"]}"),
	BY_HANDLER("basicauth basic_auth", "handler-basicauth", ERROR,
		   "the handler is called authentication",
		   "use handler: authentication with providers: {http_basic: {accounts: [...]}}"),
	BY_HANDLER("forward_auth", "handler-forward-auth", ERROR,
		   "forward_auth is Caddyfile, not JSON",
		   "use handler: reverse_proxy with rewrite and handle_response; caddy adapt shows "
		   "it"),
	BY_HANDLER("header request_header response_header", "handler-header", ERROR,
		   "the handler is called headers",
		   "use handler: headers with response: {set: {X-Name: [\"value\"]}}"),
	BY_HANDLER("gzip zstd compress", "handler-gzip", ERROR, "the handler is called encode",
		   "use handler: encode with encodings: {zstd: {}, gzip: {}}"),
	BY_HANDLER("root", "handler-root", ERROR, "root is not a handler",
		   "set root in file_server, or use handler: vars with root"),
	BY_HANDLER("log logs", "handler-log", ERROR, "log is not a handler",
		   "use logs: {} in the server"),
	BY_HANDLER("php_fastcgi php", "handler-php", ERROR, "php_fastcgi is Caddyfile, not JSON",
		   "use handler: reverse_proxy with transport: {protocol: fastcgi, split_path: "
		   "[\".php\"]}"),
	BY_HANDLER("try_files", "handler-try-files", ERROR, "try_files is Caddyfile, not JSON",
		   "use match: [{file: {try_files: [...]}}] and handler: rewrite with uri: "
		   "\"{http.matchers.file.relative}\""),
	BY_HANDLER("uri method strip_prefix", "handler-uri", ERROR, "the handler is called rewrite",
		   "use handler: rewrite with uri, method or strip_path_prefix"),
	BY_HANDLER("abort", "handler-abort", ERROR, "abort is Caddyfile, not JSON",
		   "use handler: static_response with abort: true"),
	BY_HANDLER("handle_errors", "handler-errors", ERROR, "handle_errors is Caddyfile, not JSON",
		   "use errors: {routes: [...]} in the server"),
	BY_HANDLER("bind", "handler-bind", ERROR, "bind is not a handler",
		   "use listen in the server"),
	BY_HANDLER("tls", "handler-tls", ERROR, "tls is not a handler",
		   "use tls_connection_policies in the server"),
	BY_HANDLER("import", "handler-import", ERROR, "import is Caddyfile, not JSON",
		   "write the handlers out"),
	BY_HANDLER("static static_files files fileserver file-server", "handler-static", ERROR,
		   "the handler is called file_server", "use handler: file_server with root"),
	BY_HANDLER("reverse-proxy reverseproxy", "handler-reverse-proxy", ERROR,
		   "the handler is called reverse_proxy", "use handler: reverse_proxy"),

	BY_REFUSAL("logger_names of type string", "logger-names", WARNING, "a list in logger_names",
		   "lists need Caddy 2.8 or newer; give one name as text"),
	BY_REFUSAL("into Go value of type map[string]interface", "module-object", ERROR,
		   "a module must be an object", "write {handler: NAME}, {policy: NAME} and so on"),
	BY_REFUSAL("address already in use", "address-in-use", ERROR,
		   "another program listens on the address",
		   "find it with ss -ltnp; choose another port or stop it"),
	BY_REFUSAL("cannot assign requested address", "address-foreign", ERROR,
		   "the address is not one of this machine",
		   "listen on \":PORT\", or on an address of this machine"),
	BY_REFUSAL("bind: permission denied", "address-denied", ERROR, "Caddy may not listen there",
		   "ports below 1024 need root or the capability CAP_NET_BIND_SERVICE"),
	BY_REFUSAL("no such host", "address-host", ERROR, "a host name cannot be resolved",
		   "listen needs \":PORT\" or an IP address of this machine"),
	BY_REFUSAL("evaluated placeholder", "placeholder-empty", ERROR,
		   "a placeholder is empty in Caddy's environment",
		   "set the variable for Caddy, or write $NAME to take it from the app"),
};

enum { NAMES = sizeof names / sizeof *names };

/* Whether a list of words separated by blanks has this one. */
static bool words_have(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = words; *p;) {
		size_t n = strcspn(p, " ");

		if (n == len && !memcmp(p, word, len))
			return true;
		p += n + strspn(p + n, " ");
	}
	return false;
}

const struct mistake *mistake_of_check(enum check check)
{
	return &checks[check];
}

const struct mistake *mistake_of_field(enum mistake_at at, const struct shape *shape,
				       const char *field)
{
	for (size_t i = 0; i < NAMES; i++)
		if (names[i].at == at && !strcmp(names[i].shape, shape->name) &&
		    words_have(names[i].names, field))
			return &names[i];
	return NULL;
}

const struct mistake *mistake_of_handler(const char *name)
{
	for (size_t i = 0; i < NAMES; i++)
		if (names[i].at == AT_HANDLER && words_have(names[i].names, name))
			return &names[i];
	return NULL;
}

const struct mistake_row *validate_row(size_t i)
{
	if (i < CHECK_COUNT)
		return &checks[i].row;
	return i - CHECK_COUNT < NAMES ? &names[i - CHECK_COUNT].row : NULL;
}

/* --- What Caddy says --- */

/* The word in `message` after `lead`, up to a quote, blank or the end; "" when lead is not there.
 */
static void word_after(const char *message, const char *lead, char *word, size_t size)
{
	const char *p = strstr(message, lead);
	size_t len = 0;

	if (p) {
		p += strlen(lead);
		len = strcspn(p, "\"'\\ ,;:\n");
	}
	if (len >= size)
		len = 0;
	if (len)
		memcpy(word, p, len);
	word[len] = '\0';
}

/* Rows for an unknown field of one structure; NULL: of those that are decoded with the server,
 * where Caddy does not say which. */
static const char *hint_of_field(const char *shape, const char *field)
{
	static const char *const fixed[] = {"server", "route", "automatic_https"};

	for (size_t i = 0; i < NAMES; i++) {
		const struct mistake *m = &names[i];
		bool fits = m->at == AT_FIELD && shape && !strcmp(m->shape, shape);

		for (size_t j = 0; m->at == AT_FIELD && !shape && j < 3; j++)
			fits = fits || !strcmp(m->shape, fixed[j]);
		if (fits && words_have(m->names, field))
			return m->row.hint;
	}
	if (!shape && !strcmp(field, "https"))
		return checks[CHECK_HTTPS_BLOCK].row.hint;
	return shape_since_hint(field);
}

/* The longest refusal text that is in the message: the most particular one. */
static const char *hint_of_text(const char *message)
{
	const char *hint = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < CHECK_COUNT + (size_t)NAMES; i++) {
		const struct mistake *m = i < CHECK_COUNT ? &checks[i] : &names[i - CHECK_COUNT];
		size_t len = m->refusal ? strlen(m->refusal) : 0;

		if (len > longest && m->row.hint && strstr(message, m->refusal)) {
			longest = len;
			hint = m->row.hint;
		}
	}
	return hint;
}

/* "unknown module" and "unknown field", by the name in them. */
static const char *hint_of_name(const char *message)
{
	char word[64], handler[64];
	const struct mistake *m;

	word_after(message, "unknown module: http.handlers.", word, sizeof word);
	m = mistake_of_handler(word);
	if (*word)
		return m ? m->row.hint : handler_since_hint(word);
	word_after(message, "unknown module: http.matchers.", word, sizeof word);
	if (*word)
		return hint_of_field("matcher set", word);
	word_after(message, "unknown field \"", word, sizeof word);
	if (!*word)
		return NULL;
	word_after(message, "config: http.handlers.", handler, sizeof handler);
	return hint_of_field(*handler ? handler : NULL, word);
}

const char *validate_refusal_hint(const char *message)
{
	const char *hint = hint_of_name(message);

	return hint ? hint : hint_of_text(message);
}
