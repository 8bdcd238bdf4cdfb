/*
 * Single values and objects of a caddy: block beyond their types: names that never match,
 * patterns and durations that cannot be read, passwords that are none, and what is missing.
 * Source: the rules of each module, and what Caddy 2.6.2 and 2.11.4 answered.
 */
#include "validate_rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kata/json.h"
#include "kata/memory.h"

static bool is_absent(const json_t *value)
{
	return !value || json_is_null(value);
}

static void say_quoted(struct walk *walk, const struct block_at *at, enum check check,
		       const char *text)
{
	walk_say(walk, at, check, "%s: %s", walk_quote(walk, at, text),
		 mistake_of_check(check)->row.what);
}

/* --- Matchers --- */

/* A scheme, path or port, which a Host header does not have. Placeholders and IPv6 are fine. */
static bool host_never_matches(const char *host)
{
	const char *colon = strchr(host, ':');

	if (strchr(host, '{'))
		return false;
	if (strpbrk(host, "/ \t"))
		return true;
	return colon && colon[1] && !colon[1 + strspn(colon + 1, "0123456789")] && *host != '[';
}

struct host_entry {
	const char *text;
	size_t index;
};

static int host_compare(const void *a, const void *b)
{
	const struct host_entry *x = a, *y = b;
	int order = strcasecmp(x->text, y->text);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

static void check_host_repeats(struct walk *walk, const struct block_at *at, const json_t *list)
{
	size_t count = 0, i;
	struct host_entry *entries;
	json_t *host;

	if (json_array_size(list) < 2)
		return;
	entries = xcalloc(json_array_size(list), sizeof *entries);
	json_array_foreach((json_t *)list, i, host)
		if (json_is_string(host))
			entries[count++] = (struct host_entry){json_string_value(host), i};
	qsort(entries, count, sizeof *entries, host_compare);
	for (i = 1; i < count; i++) {
		struct block_at here = {.up = at, .index = entries[i].index};

		if (!strcasecmp(entries[i - 1].text, entries[i].text))
			say_quoted(walk, &here, CHECK_HOST_REPEATED, entries[i].text);
	}
	free(entries);
}

void check_hosts(struct walk *walk, const struct block_at *at, const json_t *value)
{
	struct block_at here = {.up = at};
	json_t *host;

	json_array_foreach((json_t *)value, here.index, host)
		if (json_is_string(host) && host_never_matches(json_string_value(host)))
			say_quoted(walk, &here, CHECK_HOST_FORM, json_string_value(host));
	check_host_repeats(walk, at, value);
}

void check_paths(struct walk *walk, const struct block_at *at, const json_t *value)
{
	struct block_at here = {.up = at};
	json_t *path;

	json_array_foreach((json_t *)value, here.index, path) {
		const char *text = json_string_value(path);

		if (text && *text && !strchr("/*{", *text))
			say_quoted(walk, &here, CHECK_PATH_SLASH, text);
	}
}

void check_expression(struct walk *walk, const struct block_at *at, const json_t *value)
{
	if (!json_is_string(value) && !json_member_text(value, "expr"))
		walk_report(walk, at, mistake_of_check(CHECK_EXPRESSION));
}

/* --- Regular expressions: only what RE2 is certain to refuse --- */

/* After a '[': past its end, or NULL when there is none. */
static const char *regexp_class_end(const char *p)
{
	p += *p == '^';
	p += *p == ']';
	for (; *p && *p != ']'; p++) {
		const char *end = !strncmp(p, "[:", 2) ? strstr(p, ":]") : NULL;

		if (*p == '\\' && !*++p)
			return NULL;
		if (end)
			p = end + 1;
	}
	return *p ? p + 1 : NULL;
}

/* After a backslash: past what it stands before, or NULL. */
static const char *regexp_escape_end(const char *p)
{
	const char *end;

	if (!*p || (*p >= '1' && *p <= '9'))
		return NULL;
	if (*p != 'Q')
		return p + 1;
	end = strstr(p, "\\E");
	return end ? end + 2 : p + strlen(p);
}

/* A '(' that looks around. */
static bool regexp_looks_around(const char *p)
{
	return !strncmp(p, "?=", 2) || !strncmp(p, "?!", 2) || !strncmp(p, "?<=", 3) ||
	       !strncmp(p, "?<!", 3);
}

static bool regexp_is_bad(const char *p)
{
	size_t open = 0;

	if (*p && strchr("*+?", *p))
		return true;
	while (p && *p) {
		char c = *p++;

		if (c == '\\')
			p = regexp_escape_end(p);
		else if (c == '[')
			p = regexp_class_end(p);
		else if (c == '(' && (regexp_looks_around(p) || *p == '*' || *p == '+'))
			return true;
		else if (c == '(')
			open++;
		else if (c == ')' && !open--)
			return true;
	}
	return !p || open;
}

void check_regexp(struct walk *walk, const struct block_at *at, const json_t *value)
{
	const char *text = json_string_value(value);

	/* Outside matchers a placeholder may still change the pattern. */
	if (!strchr(text, '{') && regexp_is_bad(text))
		say_quoted(walk, at, CHECK_REGEXP, text);
}

/* --- Durations, protocols, versions --- */

/* Past a number and its unit, or NULL. */
static const char *duration_part_end(const char *p)
{
	static const char *const units[] = {"ns", "us", "\xc2\xb5s", "\xce\xbcs", "ms",
					    "s",  "m",	"h",	     "d"};
	size_t whole = strspn(p, "0123456789"), fraction = 0;

	p += whole;
	if (*p == '.') {
		fraction = strspn(p + 1, "0123456789");
		p += 1 + fraction;
	}
	for (size_t i = 0; whole + fraction && i < sizeof units / sizeof *units; i++)
		if (!strncmp(p, units[i], strlen(units[i])))
			return p + strlen(units[i]);
	return NULL;
}

static bool duration_is_good(const char *p)
{
	p += *p == '-' || *p == '+';
	if (!strcmp(p, "0"))
		return true;
	if (!*p)
		return false;
	while (p && *p)
		p = duration_part_end(p);
	return p;
}

void check_duration(struct walk *walk, const struct block_at *at, const json_t *value)
{
	const char *text = json_string_value(value);
	double d = json_real_value(value);

	if (text ? !duration_is_good(text) : json_is_real(value) && d != floor(d))
		walk_say(walk, at, CHECK_DURATION, "%s: %s",
			 text ? walk_quote(walk, at, text) : "a fraction of a nanosecond",
			 mistake_of_check(CHECK_DURATION)->row.what);
}

void check_protocols(struct walk *walk, const struct block_at *at, const json_t *value)
{
	struct block_at here = {.up = at};
	bool h1 = false, h2 = false;
	json_t *protocol;

	json_array_foreach((json_t *)value, here.index, protocol) {
		const char *text = json_string_value(protocol);

		if (!text)
			continue;
		h1 = h1 || !strcmp(text, "h1");
		h2 = h2 || !strcmp(text, "h2") || !strcmp(text, "h2c");
		if (strcmp(text, "h1") && strcmp(text, "h2") && strcmp(text, "h2c") &&
		    strcmp(text, "h3"))
			say_quoted(walk, &here, CHECK_PROTOCOL, text);
	}
	if (h2 && !h1)
		walk_report(walk, at, mistake_of_check(CHECK_PROTOCOL_ALONE));
}

void check_tls_version(struct walk *walk, const struct block_at *at, const json_t *value)
{
	const char *text = json_string_value(value);

	if (strcmp(text, "tls1.2") != 0 && strcmp(text, "tls1.3") != 0)
		say_quoted(walk, at, CHECK_TLS_VERSION, text);
}

/* --- The server --- */

/* Certificates come from host matchers of top-level routes only. */
static bool routes_name_hosts(const json_t *routes)
{
	size_t i, j;
	json_t *route, *set;

	json_array_foreach((json_t *)routes, i, route)
		json_array_foreach(json_object_get(route, "match"), j, set)
			if (json_array_size(json_object_get(set, "host")))
				return true;
	return false;
}

void check_server(struct walk *walk, const struct block_at *at, const json_t *object)
{
	struct block_at here = {.up = at, .key = "tls_connection_policies"};
	const json_t *policies = json_object_get(object, here.key);

	if (!json_is_array(policies))
		return;
	if (!json_array_size(policies))
		walk_report(walk, &here, mistake_of_check(CHECK_TLS_POLICIES_EMPTY));
	else if (!routes_name_hosts(json_object_get(object, "routes")))
		walk_report(walk, &here, mistake_of_check(CHECK_TLS_WITHOUT_HOSTS));
}

/* --- Handlers --- */

void check_root(struct walk *walk, const struct block_at *at, const json_t *value)
{
	const char *text = json_string_value(value);

	if (*text && *text != '/' && *text != '{')
		say_quoted(walk, at, CHECK_ROOT_RELATIVE, text);
}

void check_file_server(struct walk *walk, const struct block_at *at, const json_t *object)
{
	if (is_absent(json_object_get(object, "root")) && !walk->has_root)
		walk_report(walk, at, mistake_of_check(CHECK_ROOT_MISSING));
}

void check_encode(struct walk *walk, const struct block_at *at, const json_t *object)
{
	struct block_at up = {.up = at, .key = "encodings"}, here = {.up = &up};
	json_t *encodings = json_object_member(object, up.key, JSON_OBJECT), *value;

	json_object_foreach(encodings, here.key, value) {
		bool known = !strcmp(here.key, "gzip") || !strcmp(here.key, "zstd");

		if (!known)
			walk_report(walk, &here, mistake_of_check(CHECK_ENCODING));
		else if (json_is_null(value))
			walk_report(walk, &here, mistake_of_check(CHECK_NULL_MEMBER));
		else if (!json_is_object(value))
			walk_say(walk, &here, CHECK_TYPE, "%s must be an object", here.key)->hint =
				"write {zstd: {}, gzip: {}}";
	}
}

void check_response_headers(struct walk *walk, const struct block_at *at, const json_t *object)
{
	static const char *const names[] = {"add", "set", "delete", "replace"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (json_object_get(object, names[i]))
			return;
	walk_report(walk, at, mistake_of_check(CHECK_HEADERS_EMPTY));
}

static void check_transport(struct walk *walk, const struct block_at *at, const json_t *transport)
{
	static const char *const protocols[] = {"https", "h2c", "h2", "http2", "tls"};
	struct block_at name = {.up = at, .key = "protocol"}, here = {.up = at, .key = "resolver"};
	const char *protocol = json_member_text(transport, "protocol");
	const json_t *resolver = json_object_member(transport, "resolver", JSON_OBJECT);

	for (size_t i = 0; protocol && i < sizeof protocols / sizeof *protocols; i++)
		if (!strcmp(protocol, protocols[i]))
			say_quoted(walk, &name, CHECK_TRANSPORT_HTTPS, protocol);
	if (!protocol || strcmp(protocol, "http") != 0)
		return;
	walk_shape(walk, at, transport, &shape_transport_http);
	if (resolver && !json_array_size(json_object_get(resolver, "addresses")))
		walk_report(walk, &here, mistake_of_check(CHECK_RESOLVER_EMPTY));
}

void check_reverse_proxy(struct walk *walk, const struct block_at *at, const json_t *object)
{
	struct block_at here = {.up = at, .key = "transport"};
	const json_t *upstreams = json_object_get(object, "upstreams");
	const json_t *transport = json_object_member(object, here.key, JSON_OBJECT);
	bool none =
		is_absent(upstreams) || (json_is_array(upstreams) && !json_array_size(upstreams));

	if (none && is_absent(json_object_get(object, "dynamic_upstreams")))
		walk_report(walk, at, mistake_of_check(CHECK_UPSTREAMS_MISSING));
	if (transport)
		check_transport(walk, &here, transport);
}

/* --- Accounts. No message here may quote a password --- */

/* As Go's base64.StdEncoding reads it: padded, line ends skipped. */
static bool is_base64(const char *text)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t digits = 0, pads = 0;

	for (; *text; text++) {
		if (*text == '\r' || *text == '\n')
			continue;
		if (*text == '=')
			pads++;
		else if (pads || !strchr(alphabet, *text))
			return false;
		else
			digits++;
	}
	return pads <= 2 && (digits + pads) % 4 == 0;
}

static bool is_bcrypt(const char *text)
{
	return !strncmp(text, "$2", 2) && text[2] && strchr("abxy", text[2]) && text[3] == '$' &&
	       strlen(text) == 60;
}

static void check_password(struct walk *walk, const struct block_at *at, const char *text,
			   bool bcrypt)
{
	bool old = !strncmp(text, "JDJ", 3); /* base64 of "$2" */

	if (*text != '$' && !is_base64(text))
		walk_report(walk, at, mistake_of_check(CHECK_PASSWORD_PLAIN));
	else if (bcrypt && *text != '$' && old)
		walk_report(walk, at, mistake_of_check(CHECK_PASSWORD_BASE64));
	else if (bcrypt && !is_bcrypt(text))
		walk_report(walk, at, mistake_of_check(CHECK_PASSWORD_HASH));
}

/* Absent or empty; what is no text at all was reported as that. */
static bool lacks_text(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return is_absent(value) || (json_is_string(value) && !json_string_length(value));
}

void check_http_basic(struct walk *walk, const struct block_at *at, const json_t *object)
{
	struct block_at list = {.up = at, .key = "accounts"}, here = {.up = &list},
			password = {.up = &here, .key = "password"};
	const char *algorithm = json_member_text(json_object_get(object, "hash"), "algorithm");
	bool bcrypt = !algorithm || !strcmp(algorithm, "bcrypt");
	json_t *account;

	json_array_foreach(json_object_member(object, "accounts", JSON_ARRAY), here.index,
			   account) {
		const char *hash = json_member_text(account, password.key);

		if (!json_is_object(account))
			continue;
		if (lacks_text(account, "username") || lacks_text(account, password.key))
			walk_report(walk, &here, mistake_of_check(CHECK_ACCOUNT));
		else if (hash)
			check_password(walk, &password, hash, bcrypt);
	}
}

void check_authentication(struct walk *walk, const struct block_at *at, const json_t *object)
{
	struct block_at up = {.up = at, .key = "providers"},
			here = {.up = &up, .key = "http_basic"};
	const json_t *basic = json_object_get(json_object_get(object, up.key), here.key);

	if (json_is_object(basic))
		walk_shape(walk, &here, basic, &shape_http_basic);
	else if (json_is_null(basic))
		walk_report(walk, &here, mistake_of_check(CHECK_NULL_MEMBER));
	else if (basic)
		walk_say(walk, &here, CHECK_TYPE, "http_basic must be an object");
}
