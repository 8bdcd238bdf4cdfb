/*
 * Published and exposed ports: the short form
 * [[ip:][host[-host]]:]container[-container][/protocol], the long one, and ranges.
 */
#include "compose_private.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "kata/text.h"

/* first..last; 0, 0: none given. */
struct span {
	unsigned first, last;
};

/* A short form taken apart. */
struct mapping {
	char ip[INET6_ADDRSTRLEN];
	struct span host, container;
	const char *protocol;
	bool given; /* a host port: 0 means any, too */
};

static bool span_parse(const char *text, size_t len, struct span *out)
{
	enum { LONGEST = sizeof "65535-65535" };
	char copy[LONGEST];
	uint64_t first, last;
	char *dash;

	if (!len || len >= sizeof copy)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	dash = strchr(copy, '-');
	if (dash)
		*dash++ = '\0';
	if (!text_u64(copy, 0, 65535, &first) || !text_u64(dash ? dash : copy, 0, 65535, &last) ||
	    last < first)
		return false;
	*out = (struct span){(unsigned)first, (unsigned)last};
	return true;
}

static size_t span_count(struct span s)
{
	return s.last - s.first + 1U;
}

/* Canonical name of a protocol, or NULL. */
static const char *protocol_name(const char *text, size_t len)
{
	static const char *const names[] = {"tcp", "udp", "sctp"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == len && !strncasecmp(names[i], text, len))
			return names[i];
	return NULL;
}

static bool is_address(const char *text)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* What stands before the host port: an IPv4 address, or an IPv6 one in brackets. */
static const char *address_parse(const char *text, size_t len, struct mapping *out)
{
	if (len > 1 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		return "an IPv6 address stands in brackets";
	}
	if (!len || len >= sizeof out->ip)
		return "the address before the ports is no IP address";
	memcpy(out->ip, text, len);
	out->ip[len] = '\0';
	return is_address(out->ip) ? NULL : "the address before the ports is no IP address";
}

/* Takes the short form apart; returns why it cannot be. */
static const char *mapping_parse(const char *text, struct mapping *out)
{
	const char *slash = strchr(text, '/'), *end = slash ? slash : text + strlen(text);
	const char *colon = memrchr(text, ':', (size_t)(end - text)), *before;
	const char *container = colon ? colon + 1 : text;

	*out = (struct mapping){.protocol = "tcp"};
	if (slash && !(out->protocol = protocol_name(slash + 1, strlen(slash + 1))))
		return "the protocol must be tcp, udp or sctp";
	if (!span_parse(container, (size_t)(end - container), &out->container) ||
	    !out->container.first)
		return "the container's port must be a number from 1 to 65535, or a range";
	if (!colon)
		return NULL;
	before = memrchr(text, ':', (size_t)(colon - text));
	const char *host = before ? before + 1 : text;
	out->given = colon > host;
	if (out->given && !span_parse(host, (size_t)(colon - host), &out->host))
		return "the port of the host must be a number up to 65535, or a range";
	return before ? address_parse(text, (size_t)(before - text), out) : NULL;
}

/* Counts mappings of COMPOSE_PORTS_MAX; false when there are too many. */
static bool count_ports(struct compose_reader *r, const struct yaml_node *node, size_t count)
{
	if (r->ports + count <= COMPOSE_PORTS_MAX) {
		r->ports += count;
		return true;
	}
	if (!r->crowded)
		compose_say(r, SEVERITY_ERROR, node, "more than %d ports in one app",
			    COMPOSE_PORTS_MAX)
			->hint = "network_mode: host needs no mappings";
	r->crowded = true;
	return false;
}

static json_t *port_new(const struct mapping *m, size_t i)
{
	json_t *port = json_pack("{ss, si, ss}", "mode", "ingress", "target",
				 (int)(m->container.first + i), "protocol", m->protocol);
	unsigned host = m->host.first + (unsigned)i;

	if (*m->ip)
		json_object_set_new_nocheck(port, "host_ip", json_string(m->ip));
	if (m->given && m->host.first != m->host.last && span_count(m->container) == 1)
		json_object_set_new_nocheck(port, "published",
					    json_sprintf("%u-%u", m->host.first, m->host.last));
	else if (m->given)
		json_object_set_new_nocheck(port, "published", json_sprintf("%u", host));
	return port;
}

static void add_short(struct compose_reader *r, json_t *out, const struct yaml_node *node)
{
	struct expand_result text;
	struct mapping m;
	const char *why;
	size_t count;

	if (!compose_text(r, node, "a port or a mapping", &text))
		return;
	why = mapping_parse(text.text, &m);
	count = why ? 0 : span_count(m.container);
	if (!why && m.given && count > 1 && span_count(m.host) != count)
		why = "the two ranges have different lengths";
	if (why) {
		compose_say(r, SEVERITY_ERROR, node, "%.60s is no port: %s", compose_shown(&text),
			    why)
			->hint = "write \"8080:80\", \"127.0.0.1:8080:80\" or \"53:53/udp\"";
		return;
	}
	if (!count_ports(r, node, count))
		return;
	for (size_t i = 0; i < count; i++)
		json_array_append_new(out, port_new(&m, i));
}

/* published: a number or a range, kept as text. */
static bool check_published(struct compose_reader *r, const struct yaml_node *node, json_t *port)
{
	const char *text = json_string_value(json_object_get(port, "published"));
	struct span span;

	if (!text || span_parse(text, strlen(text), &span))
		return true;
	compose_say(r, SEVERITY_ERROR, node, "published: \"%.60s\" is no port or range", text);
	return false;
}

static bool check_long(struct compose_reader *r, const struct yaml_node *node, json_t *port)
{
	const char *ip = json_string_value(json_object_get(port, "host_ip"));
	const char *protocol = json_string_value(json_object_get(port, "protocol"));
	const char *known = protocol ? protocol_name(protocol, strlen(protocol)) : "tcp";

	if (!json_object_get(port, "target")) {
		if (!yaml_get(node, "target"))
			compose_say(r, SEVERITY_ERROR, node, "needs target:, the container's port");
	} else if (ip && !is_address(ip)) {
		compose_say(r, SEVERITY_ERROR, node, "host_ip: %.60s is no IP address", ip);
	} else if (!known) {
		compose_say(r, SEVERITY_ERROR, node, "protocol: %.60s is not tcp, udp or sctp",
			    protocol);
	} else if (check_published(r, node, port)) {
		json_object_set_new_nocheck(port, "protocol", json_string(known));
		if (!json_object_get(port, "mode"))
			json_object_set_new_nocheck(port, "mode", json_string("ingress"));
		return count_ports(r, node, 1);
	}
	return false;
}

json_t *compose_read_ports(struct compose_reader *r, const struct yaml_node *node,
			   const struct compose_entry *entry)
{
	json_t *out;

	if (node->kind != YAML_SEQUENCE)
		return compose_wrong(r, node, "a list");
	out = json_array();
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *item = node->items[i];
		size_t mark = compose_enter_index(r, i);

		if (item->kind == YAML_MAPPING) {
			json_t *port = compose_level_new(r, item, entry->level);

			if (check_long(r, item, port))
				json_array_append(out, port);
			json_decref(port);
		} else {
			add_short(r, out, item);
		}
		compose_leave(r, mark);
	}
	return out;
}

json_t *compose_read_expose(struct compose_reader *r, const struct yaml_node *node,
			    const struct compose_entry *entry)
{
	json_t *out;

	(void)entry;
	if (node->kind != YAML_SEQUENCE)
		return compose_wrong(r, node, "a list");
	out = json_array();
	for (size_t i = 0; i < node->count; i++) {
		struct expand_result text;
		struct mapping m;

		if (!compose_text(r, node->items[i], "a port", &text))
			continue;
		if (strchr(text.text, ':') || mapping_parse(text.text, &m)) {
			compose_say(r, SEVERITY_ERROR, node->items[i], "%.60s is no port",
				    compose_shown(&text))
				->hint = "write 8000, \"8000-8010\" or \"53/udp\"";
			continue;
		}
		if (!count_ports(r, node, span_count(m.container)))
			break;
		for (unsigned port = m.container.first; port <= m.container.last; port++)
			json_array_append_new(out, json_sprintf("%u/%s", port, m.protocol));
	}
	return out;
}

/* --- What no mode minds --- */

bool compose_harmless_address(const json_t *value)
{
	const char *ip = json_string_value(value);

	return ip && (!strcmp(ip, "0.0.0.0") || !strcmp(ip, "::"));
}
