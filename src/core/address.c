/*
 * Listener addresses in normal form.
 */
#include "kata/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kata/text.h"

/* Placeholders keep their case: Caddy fills them in before it looks at the rest. */
static const char *lower(struct arena *a, const char *text, size_t len)
{
	char *copy = arena_strndup(a, text, len);
	bool filled_in = strchr(copy, '{') != NULL;

	for (char *p = copy; *p && !filled_in; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

static bool is_tcp_or_udp(const char *network)
{
	static const char *const names[] = {"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(network, names[i]))
			return true;
	return false;
}

/* One spelling per interface: every form of "all" is "", localhost is what Go binds for it. */
static const char *normal_host(struct arena *a, const char *host)
{
	unsigned char raw[16];
	char shown[INET6_ADDRSTRLEN];

	if (!strcmp(host, "0.0.0.0") || !strcmp(host, "localhost"))
		return *host == '0' ? "" : "127.0.0.1";
	if (inet_pton(AF_INET6, host, raw) != 1)
		return host;
	inet_ntop(AF_INET6, raw, shown, sizeof shown);
	return strcmp(shown, "::") ? arena_strdup(a, shown) : "";
}

static bool parse_ports(struct arena *a, const char *text, struct address *out)
{
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : strlen(text);
	uint64_t first, last;

	if (!text_u64(arena_strndup(a, text, len), 0, 65535, &first))
		return false;
	last = first;
	if (dash && !text_u64(dash + 1, first, 65535, &last))
		return false;
	out->first = (unsigned)first;
	out->last = (unsigned)last;
	return true;
}

/* Splits "host:ports" (brackets around IPv6) into out; false when it is neither. */
static bool parse_host_port(struct arena *a, const char *text, struct address *out)
{
	const char *colon = strrchr(text, ':'), *end = colon;
	bool bracketed;
	size_t len;

	if (!colon || !parse_ports(a, colon + 1, out))
		return false;
	bracketed = *text == '[' && colon > text && colon[-1] == ']';
	if (bracketed) {
		text++;
		end--;
	}
	len = (size_t)(end - text);
	if (!bracketed && memchr(text, ':', len))
		return false;
	out->host = normal_host(a, lower(a, text, len));
	return true;
}

/* Colons end a name inside a mark, so they are escaped as well. */
void address_escape(struct str *s, const char *text)
{
	for (const char *p = text; *p; p++)
		if (isalnum((unsigned char)*p) || strchr(".-", *p))
			str_addc(s, *p);
		else
			str_addf(s, "+%02X", (unsigned char)*p);
}

/* key and slug of a network address with ports. */
static void name_ported(struct arena *a, struct address *out)
{
	bool tcp = !strcmp(out->network, "tcp"), v6 = strchr(out->host, ':') != NULL;
	struct str slug = STR_INIT;
	char ports[32];

	/* ":443", as most are written, is in normal form. */
	if (*out->text == ':' && out->text[1] != '0' && !strchr(out->text, '-')) {
		out->key = out->text;
		out->slug = out->text + 1;
		return;
	}
	if (out->first == out->last)
		snprintf(ports, sizeof ports, "%u", out->first);
	else
		snprintf(ports, sizeof ports, "%u-%u", out->first, out->last);
	out->key = arena_printf(a, "%s%s%s%s%s:%s", tcp ? "" : out->network, tcp ? "" : "/",
				v6 ? "[" : "", out->host, v6 ? "]" : "", ports);
	if (!tcp)
		str_addf(&slug, "%s_", out->network);
	address_escape(&slug, out->host);
	if (!tcp || *out->host)
		str_addc(&slug, '_');
	str_add(&slug, ports);
	out->slug = arena_strndup(a, slug.p, slug.len);
	str_release(&slug);
}

static void name_opaque(struct arena *a, struct address *out)
{
	struct str slug = STR_INIT;

	if (!strcmp(out->network, "tcp"))
		out->key = out->host;
	else
		out->key = arena_printf(a, "%s/%s", out->network, out->host);
	address_escape(&slug, out->network);
	str_addc(&slug, '_');
	address_escape(&slug, out->host);
	str_addc(&slug, '_');
	out->slug = arena_strndup(a, slug.p, slug.len);
	str_release(&slug);
}

void address_parse(struct arena *a, const char *text, struct address *out)
{
	const char *slash = strchr(text, '/'), *rest = slash ? slash + 1 : text;

	*out = (struct address){.text = text, .network = "tcp"};
	if (slash)
		out->network = lower(a, text, (size_t)(slash - text));
	if (is_tcp_or_udp(out->network) && parse_host_port(a, rest, out)) {
		name_ported(a, out);
	} else {
		out->host = rest;
		out->first = out->last = 0;
		name_opaque(a, out);
	}
}

enum address_relation address_relate(const struct address *a, const struct address *b)
{
	if (!strcmp(a->key, b->key))
		return ADDRESS_SAME;
	if (!a->last || !b->last || strcmp(a->network, b->network) || strcmp(a->host, b->host))
		return ADDRESS_APART;
	return a->first <= b->last && b->first <= a->last ? ADDRESS_OVERLAP : ADDRESS_APART;
}
