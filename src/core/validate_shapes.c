/*
 * The fixed structures of Caddy's HTTP app, as tables: which fields each has, what they
 * hold, and which Caddy brought them. Source: caddyhttp, caddytls.ConnectionPolicy and
 * the standard handlers, Caddy 2.6.2 to 2.11.4 and what was merged after it.
 */
#include "validate_rules.h"

#include <string.h>
#include <strings.h>

#include "kata/text.h"

#define FIELD(name_, kind_)                                                                        \
	{                                                                                          \
		.name = name_, .kind = kind_                                                       \
	}
#define OF(name_, kind_, shape_)                                                                   \
	{                                                                                          \
		.name = name_, .kind = kind_, .shape = &shape_                                     \
	}
#define NEW(name_, kind_, since_)                                                                  \
	{                                                                                          \
		.name = name_, .kind = kind_, .since = since_                                      \
	}
#define MODULE(name_, key_)                                                                        \
	{                                                                                          \
		.name = name_, .kind = KIND_MODULE, .key = key_                                    \
	}
#define END                                                                                        \
	{                                                                                          \
		.name = NULL                                                                       \
	}
#define FIELDS(...) ((const struct field[]){__VA_ARGS__, END})

static const struct shape shape_route, shape_errors, shape_matchers;

static const struct shape shape_regexp = {
	.name = "regexp matcher",
	.fields = FIELDS(FIELD("name", KIND_TEXT), FIELD("pattern", KIND_REGEXP)),
};

static const struct shape shape_ranges = {
	.name = "address matcher",
	.fields = FIELDS(FIELD("ranges", KIND_TEXTS), FIELD("forwarded", KIND_BOOL)),
};

static const struct shape shape_file_matcher = {
	.name = "file matcher",
	.fields = FIELDS(FIELD("fs", KIND_TEXT), FIELD("file_system", KIND_OBJECT),
			 FIELD("root", KIND_ROOT), FIELD("try_files", KIND_TEXTS),
			 FIELD("try_policy", KIND_TEXT), FIELD("split_path", KIND_TEXTS)),
};

static const struct shape shape_matchers = {
	.name = "matcher set",
	.modules = true,
	.fields = FIELDS(
		FIELD("host", KIND_HOSTS), FIELD("path", KIND_PATHS), FIELD("method", KIND_TEXTS),
		FIELD("expression", KIND_EXPRESSION), OF("file", KIND_OBJECT, shape_file_matcher),
		FIELD("header", KIND_HEADERS), OF("header_regexp", KIND_MAP, shape_regexp),
		OF("not", KIND_LIST, shape_matchers), OF("path_regexp", KIND_OBJECT, shape_regexp),
		FIELD("protocol", KIND_TEXT), FIELD("query", KIND_HEADERS),
		OF("remote_ip", KIND_OBJECT, shape_ranges), FIELD("vars", KIND_HEADERS),
		OF("vars_regexp", KIND_MAP, shape_regexp),
		{.name = "client_ip", .kind = KIND_OBJECT, .shape = &shape_ranges, .since = "2.7"},
		NEW("tls", KIND_OBJECT, "2.9")),
};

static const struct shape shape_route = {
	.name = "route",
	.fields = FIELDS(FIELD("group", KIND_TEXT), OF("match", KIND_LIST, shape_matchers),
			 FIELD("handle", KIND_HANDLERS), FIELD("terminal", KIND_BOOL)),
};

static const struct shape shape_errors = {
	.name = "errors",
	.fields = FIELDS(OF("routes", KIND_LIST, shape_route)),
};

static const struct shape shape_logs = {
	.name = "logs",
	.fields =
		FIELDS(FIELD("default_logger_name", KIND_TEXT), FIELD("logger_names", KIND_OBJECT),
		       FIELD("skip_hosts", KIND_TEXTS), FIELD("skip_unmapped_hosts", KIND_BOOL),
		       FIELD("should_log_credentials", KIND_BOOL), NEW("trace", KIND_BOOL, "2.8")),
};

static const struct shape shape_automatic_https = {
	.name = "automatic_https",
	.fields = FIELDS(FIELD("disable", KIND_BOOL), FIELD("disable_redirects", KIND_BOOL),
			 FIELD("disable_certificates", KIND_BOOL), FIELD("skip", KIND_TEXTS),
			 FIELD("skip_certificates", KIND_TEXTS),
			 FIELD("ignore_loaded_certificates", KIND_BOOL),
			 NEW("prefer_wildcard", KIND_BOOL, "2.9")),
};

static const struct shape shape_client_authentication = {
	.name = "client_authentication",
	.fields = FIELDS(FIELD("trusted_ca_certs", KIND_TEXTS),
			 FIELD("trusted_ca_certs_pem_files", KIND_TEXTS),
			 FIELD("trusted_leaf_certs", KIND_TEXTS), FIELD("mode", KIND_TEXT),
			 FIELD("verifiers", KIND_ANY), NEW("ca", KIND_ANY, "2.8")),
};

static const struct shape shape_handshake = {
	.name = "TLS match",
	.modules = true,
	.fields = FIELDS(FIELD("sni", KIND_TEXTS), OF("remote_ip", KIND_OBJECT, shape_ranges),
			 NEW("local_ip", KIND_OBJECT, "2.8"), NEW("sni_regexp", KIND_OBJECT, "2.9"),
			 NEW("alpn", KIND_TEXTS, "2.9")),
};

static const struct shape shape_policy = {
	.name = "TLS policy",
	.fields = FIELDS(OF("match", KIND_OBJECT, shape_handshake),
			 FIELD("certificate_selection", KIND_OBJECT),
			 FIELD("cipher_suites", KIND_TEXTS), FIELD("curves", KIND_TEXTS),
			 FIELD("alpn", KIND_TEXTS), FIELD("protocol_min", KIND_TLS_VERSION),
			 FIELD("protocol_max", KIND_TLS_VERSION),
			 OF("client_authentication", KIND_OBJECT, shape_client_authentication),
			 FIELD("default_sni", KIND_TEXT), FIELD("insecure_secrets_log", KIND_TEXT),
			 NEW("fallback_sni", KIND_TEXT, "2.7"), NEW("drop", KIND_BOOL, "2.8"),
			 NEW("handshake_context", KIND_OBJECT, "2.9")),
};

const struct shape shape_server = {
	.name = "server",
	.check = check_server,
	.fields = FIELDS(
		FIELD("listen", KIND_LISTEN), FIELD("listener_wrappers", KIND_LIST),
		FIELD("read_timeout", KIND_DURATION), FIELD("read_header_timeout", KIND_DURATION),
		FIELD("write_timeout", KIND_DURATION), FIELD("idle_timeout", KIND_DURATION),
		FIELD("keepalive_interval", KIND_DURATION), FIELD("max_header_bytes", KIND_INTEGER),
		OF("routes", KIND_LIST, shape_route), OF("errors", KIND_OBJECT, shape_errors),
		OF("tls_connection_policies", KIND_LIST, shape_policy),
		OF("automatic_https", KIND_OBJECT, shape_automatic_https),
		FIELD("strict_sni_host", KIND_BOOL), OF("logs", KIND_OBJECT, shape_logs),
		FIELD("protocols", KIND_PROTOCOLS), FIELD("metrics", KIND_OBJECT),
		{.name = "trusted_proxies", .kind = KIND_MODULE, .key = "source", .since = "2.6.3"},
		{.name = "named_routes", .kind = KIND_MAP, .shape = &shape_route, .since = "2.7"},
		NEW("client_ip_headers", KIND_TEXTS, "2.7"),
		NEW("enable_full_duplex", KIND_BOOL, "2.7"),
		NEW("trusted_proxies_strict", KIND_INTEGER, "2.8"),
		NEW("listen_protocols", KIND_TEXT_LISTS, "2.9"),
		NEW("packet_conn_wrappers", KIND_LIST, "2.11"),
		NEW("keepalive_idle", KIND_DURATION, "2.11"),
		NEW("keepalive_count", KIND_INTEGER, "2.11"),
		NEW("trusted_proxies_unix", KIND_BOOL, "2.11"),
		NEW("allow_0rtt", KIND_BOOL, "2.11"),
		NEW("read_idle_timeout", KIND_DURATION, "2.12"),
		NEW("read_min_rate", KIND_INTEGER, "2.12"),
		NEW("write_idle_timeout", KIND_DURATION, "2.12"),
		NEW("write_min_rate", KIND_INTEGER, "2.12"),
		NEW("max_write_chunk", KIND_INTEGER, "2.12"),
		NEW("expected_underscore_headers", KIND_TEXTS, "2.12"),
		NEW("expected_dot_headers", KIND_TEXTS, "2.12")),
};

/* --- Handlers --- */

static const struct shape shape_subroute = {
	.name = "subroute",
	.handler = true,
	.fields = FIELDS(FIELD("handler", KIND_ANY), OF("routes", KIND_LIST, shape_route),
			 OF("errors", KIND_OBJECT, shape_errors)),
};

static const struct shape shape_file_server = {
	.name = "file_server",
	.handler = true,
	.check = check_file_server,
	.fields = FIELDS(
		FIELD("handler", KIND_ANY), FIELD("root", KIND_ROOT), FIELD("hide", KIND_TEXTS),
		FIELD("index_names", KIND_TEXTS), FIELD("browse", KIND_OBJECT),
		FIELD("canonical_uris", KIND_BOOL), FIELD("status_code", KIND_ANY),
		FIELD("pass_thru", KIND_BOOL), FIELD("precompressed", KIND_OBJECT),
		FIELD("precompressed_order", KIND_TEXTS), FIELD("file_system", KIND_ANY),
		NEW("fs", KIND_TEXT, "2.8"), NEW("etag_file_extensions", KIND_TEXTS, "2.8")),
};

static const struct shape shape_static_response = {
	.name = "static_response",
	.handler = true,
	.fields = FIELDS(FIELD("handler", KIND_ANY), FIELD("status_code", KIND_ANY),
			 FIELD("headers", KIND_HEADERS), FIELD("body", KIND_TEXT),
			 FIELD("close", KIND_BOOL), FIELD("abort", KIND_BOOL)),
};

static const struct shape shape_replacement = {
	.name = "header replacement",
	.fields = FIELDS(FIELD("search", KIND_TEXT), FIELD("search_regexp", KIND_REGEXP),
			 FIELD("replace", KIND_TEXT)),
};

#define HEADER_OPS                                                                                 \
	FIELD("add", KIND_HEADERS), FIELD("set", KIND_HEADERS), FIELD("delete", KIND_TEXTS),       \
		OF("replace", KIND_LIST_MAP, shape_replacement)

static const struct shape shape_request_headers = {
	.name = "request header operations",
	.header_like = true,
	.fields = FIELDS(HEADER_OPS),
};

static const struct shape shape_response_headers = {
	.name = "response header operations",
	.header_like = true,
	.check = check_response_headers,
	.fields = FIELDS(HEADER_OPS, FIELD("require", KIND_OBJECT), FIELD("deferred", KIND_BOOL)),
};

static const struct shape shape_headers = {
	.name = "headers",
	.handler = true,
	.header_like = true,
	.fields = FIELDS(FIELD("handler", KIND_ANY),
			 OF("request", KIND_OBJECT, shape_request_headers),
			 OF("response", KIND_OBJECT, shape_response_headers)),
};

static const struct shape shape_encode = {
	.name = "encode",
	.handler = true,
	.check = check_encode,
	.fields = FIELDS(FIELD("handler", KIND_ANY), FIELD("encodings", KIND_OBJECT),
			 FIELD("prefer", KIND_TEXTS), FIELD("minimum_length", KIND_INTEGER),
			 FIELD("match", KIND_OBJECT)),
};

static const struct shape shape_path_rewrite = {
	.name = "path_regexp entry",
	.fields = FIELDS(FIELD("find", KIND_REGEXP), FIELD("replace", KIND_TEXT)),
};

static const struct shape shape_rewrite = {
	.name = "rewrite",
	.handler = true,
	.fields = FIELDS(FIELD("handler", KIND_ANY), FIELD("method", KIND_TEXT),
			 FIELD("uri", KIND_TEXT), FIELD("strip_path_prefix", KIND_TEXT),
			 FIELD("strip_path_suffix", KIND_TEXT), FIELD("uri_substring", KIND_ANY),
			 OF("path_regexp", KIND_LIST, shape_path_rewrite),
			 NEW("query", KIND_OBJECT, "2.8")),
};

static const struct shape shape_upstream = {
	.name = "upstream",
	.example = "write {dial: \"host:port\"}",
	.check = check_upstream,
	.fields = FIELDS(FIELD("dial", KIND_DIAL), FIELD("max_requests", KIND_INTEGER),
			 FIELD("lookup_srv", KIND_TEXT)),
};

static const struct shape shape_load_balancing = {
	.name = "load_balancing",
	.fields = FIELDS(MODULE("selection_policy", "policy"), FIELD("retries", KIND_INTEGER),
			 FIELD("try_duration", KIND_DURATION), FIELD("try_interval", KIND_DURATION),
			 OF("retry_match", KIND_LIST, shape_matchers)),
};

static const struct shape shape_active = {
	.name = "active health check",
	.fields = FIELDS(FIELD("path", KIND_TEXT), FIELD("uri", KIND_TEXT),
			 FIELD("port", KIND_INTEGER), FIELD("headers", KIND_HEADERS),
			 FIELD("interval", KIND_DURATION), FIELD("timeout", KIND_DURATION),
			 FIELD("max_size", KIND_INTEGER), FIELD("expect_status", KIND_INTEGER),
			 FIELD("expect_body", KIND_TEXT), NEW("follow_redirects", KIND_BOOL, "2.8"),
			 NEW("passes", KIND_INTEGER, "2.8"), NEW("fails", KIND_INTEGER, "2.8"),
			 NEW("upstream", KIND_TEXT, "2.9"), NEW("method", KIND_TEXT, "2.9"),
			 NEW("body", KIND_TEXT, "2.9")),
};

static const struct shape shape_passive = {
	.name = "passive health check",
	.fields = FIELDS(FIELD("fail_duration", KIND_DURATION), FIELD("max_fails", KIND_INTEGER),
			 FIELD("unhealthy_request_count", KIND_INTEGER),
			 FIELD("unhealthy_status", KIND_INTEGERS),
			 FIELD("unhealthy_latency", KIND_DURATION)),
};

static const struct shape shape_health_checks = {
	.name = "health_checks",
	.fields = FIELDS(OF("active", KIND_OBJECT, shape_active),
			 OF("passive", KIND_OBJECT, shape_passive)),
};

static const struct shape shape_response_handler = {
	.name = "handle_response entry",
	.fields = FIELDS(FIELD("match", KIND_OBJECT), FIELD("status_code", KIND_ANY),
			 OF("routes", KIND_LIST, shape_route)),
};

const struct shape shape_transport_http = {
	.name = "http transport",
	.fields = FIELDS(
		FIELD("protocol", KIND_ANY), FIELD("resolver", KIND_OBJECT),
		FIELD("tls", KIND_OBJECT), FIELD("keep_alive", KIND_OBJECT),
		FIELD("compression", KIND_BOOL), FIELD("max_conns_per_host", KIND_INTEGER),
		FIELD("dial_timeout", KIND_DURATION), FIELD("dial_fallback_delay", KIND_DURATION),
		FIELD("response_header_timeout", KIND_DURATION),
		FIELD("expect_continue_timeout", KIND_DURATION),
		FIELD("max_response_header_size", KIND_INTEGER),
		FIELD("write_buffer_size", KIND_INTEGER), FIELD("read_buffer_size", KIND_INTEGER),
		FIELD("versions", KIND_TEXTS), FIELD("read_timeout", KIND_DURATION),
		FIELD("write_timeout", KIND_DURATION), NEW("proxy_protocol", KIND_TEXT, "2.7"),
		NEW("forward_proxy_url", KIND_TEXT, "2.8"), NEW("local_address", KIND_TEXT, "2.9"),
		NEW("network_proxy", KIND_OBJECT, "2.10")),
};

static const struct shape shape_reverse_proxy = {
	.name = "reverse_proxy",
	.handler = true,
	.check = check_reverse_proxy,
	.fields = FIELDS(
		FIELD("handler", KIND_ANY), MODULE("transport", "protocol"),
		MODULE("circuit_breaker", "type"),
		OF("load_balancing", KIND_OBJECT, shape_load_balancing),
		OF("health_checks", KIND_OBJECT, shape_health_checks),
		OF("upstreams", KIND_LIST, shape_upstream), FIELD("flush_interval", KIND_DURATION),
		OF("headers", KIND_OBJECT, shape_headers), FIELD("buffer_requests", KIND_BOOL),
		FIELD("buffer_responses", KIND_BOOL), FIELD("max_buffer_size", KIND_INTEGER),
		OF("handle_response", KIND_LIST, shape_response_handler),
		MODULE("dynamic_upstreams", "source"), FIELD("trusted_proxies", KIND_TEXTS),
		OF("rewrite", KIND_OBJECT, shape_rewrite),
		NEW("request_buffers", KIND_INTEGER, "2.6.4"),
		NEW("response_buffers", KIND_INTEGER, "2.6.4"),
		NEW("stream_timeout", KIND_DURATION, "2.7"),
		NEW("stream_close_delay", KIND_DURATION, "2.7"),
		NEW("verbose_logs", KIND_BOOL, "2.7.5"),
		NEW("stream_buffer_size", KIND_INTEGER, "2.11.3")),
};

static const struct shape shape_account = {
	.name = "account",
	.fields = FIELDS(FIELD("username", KIND_TEXT), FIELD("password", KIND_TEXT),
			 FIELD("salt", KIND_TEXT)),
};

const struct shape shape_http_basic = {
	.name = "http_basic",
	.check = check_http_basic,
	.fields = FIELDS(MODULE("hash", "algorithm"), OF("accounts", KIND_LIST, shape_account),
			 FIELD("realm", KIND_TEXT), FIELD("hash_cache", KIND_OBJECT)),
};

static const struct shape shape_authentication = {
	.name = "authentication",
	.handler = true,
	.check = check_authentication,
	.fields = FIELDS(FIELD("handler", KIND_ANY), FIELD("providers", KIND_OBJECT)),
};

static const struct shape shape_error = {
	.name = "error",
	.handler = true,
	.fields = FIELDS(FIELD("handler", KIND_ANY), FIELD("error", KIND_TEXT),
			 FIELD("status_code", KIND_ANY)),
};

static const struct shape shape_request_body = {
	.name = "request_body",
	.handler = true,
	.fields = FIELDS(FIELD("handler", KIND_ANY), FIELD("max_size", KIND_INTEGER),
			 NEW("read_timeout", KIND_DURATION, "2.8"),
			 NEW("write_timeout", KIND_DURATION, "2.8"), NEW("set", KIND_TEXT, "2.10")),
};

static const struct shape shape_intercept = {
	.name = "intercept",
	.handler = true,
	.fields = FIELDS(FIELD("handler", KIND_ANY),
			 OF("handle_response", KIND_LIST, shape_response_handler)),
};

#define KNOWN(name_)                                                                               \
	{                                                                                          \
		.name = name_                                                                      \
	}
#define SHAPED(name_, shape_)                                                                      \
	{                                                                                          \
		.name = name_, .shape = &shape_                                                    \
	}
#define ADDED(name_, since_)                                                                       \
	{                                                                                          \
		.name = name_, .since = since_                                                     \
	}

/* Often used ones first. */
static const struct handler handlers[] = {
	SHAPED("reverse_proxy", shape_reverse_proxy),
	SHAPED("subroute", shape_subroute),
	SHAPED("file_server", shape_file_server),
	SHAPED("static_response", shape_static_response),
	SHAPED("headers", shape_headers),
	SHAPED("encode", shape_encode),
	SHAPED("rewrite", shape_rewrite),
	KNOWN("vars"),
	SHAPED("authentication", shape_authentication),
	SHAPED("error", shape_error),
	SHAPED("request_body", shape_request_body),
	KNOWN("acme_server"),
	KNOWN("copy_response"),
	KNOWN("copy_response_headers"),
	KNOWN("map"),
	KNOWN("metrics"),
	KNOWN("push"),
	KNOWN("templates"),
	KNOWN("tracing"),
	ADDED("invoke", "2.7"),
	{.name = "intercept", .shape = &shape_intercept, .since = "2.8"},
	ADDED("log_append", "2.8"),
};

enum { HANDLERS = sizeof handlers / sizeof *handlers };

const struct handler *handler_find(const char *name)
{
	for (size_t i = 0; i < HANDLERS; i++)
		if (!strcmp(handlers[i].name, name))
			return &handlers[i];
	return NULL;
}

const struct field *shape_field(const struct shape *shape, const char *name)
{
	for (const struct field *f = shape->fields; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

const char *shape_nearest(const struct shape *shape, const char *name, bool *case_only)
{
	struct text_nearest near = {.word = name};

	for (const struct field *f = shape->fields; f->name; f++)
		text_nearest_offer(&near, f->name);
	*case_only = near.name && !near.distance;
	return near.name;
}

const char *handler_nearest(const char *name, bool *case_only)
{
	struct text_nearest near = {.word = name};

	for (size_t i = 0; i < HANDLERS; i++)
		text_nearest_offer(&near, handlers[i].name);
	*case_only = near.name && !near.distance;
	return near.name;
}

/* Hints must be static text, so there is one per version. */
static const char *since_hint(const char *since)
{
	static const struct {
		const char *since, *hint;
	} hints[] = {
		{"2.6.3", "it needs Caddy 2.6.3 or newer"},
		{"2.6.4", "it needs Caddy 2.6.4 or newer"},
		{"2.7", "it needs Caddy 2.7 or newer"},
		{"2.7.5", "it needs Caddy 2.7.5 or newer"},
		{"2.8", "it needs Caddy 2.8 or newer"},
		{"2.9", "it needs Caddy 2.9 or newer"},
		{"2.10", "it needs Caddy 2.10 or newer"},
		{"2.11", "it needs Caddy 2.11 or newer"},
		{"2.11.3", "it needs Caddy 2.11.3 or newer"},
		{"2.12", "it needs a Caddy newer than 2.11"},
	};

	for (size_t i = 0; since && i < sizeof hints / sizeof *hints; i++)
		if (!strcmp(hints[i].since, since))
			return hints[i].hint;
	return NULL;
}

const char *shape_since_hint(const char *field)
{
	static const struct shape *const shapes[] = {
		&shape_server,	       &shape_logs,	   &shape_automatic_https,
		&shape_policy,	       &shape_matchers,	   &shape_reverse_proxy,
		&shape_rewrite,	       &shape_file_server, &shape_request_body,
		&shape_transport_http, &shape_active,	   &shape_client_authentication,
	};

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		const struct field *f = shape_field(shapes[i], field);

		if (f && f->since)
			return since_hint(f->since);
	}
	return NULL;
}

const char *handler_since_hint(const char *name)
{
	const struct handler *h = handler_find(name);

	return h ? since_hint(h->since) : NULL;
}
