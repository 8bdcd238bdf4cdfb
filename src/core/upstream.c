/*
 * Upstream dials that name a service of the same file, and where its containers can be reached
 * from this host.
 */
#include "kata/upstream.h"

#include <arpa/inet.h>
#include <string.h>

#include "block_path.h"
#include "kata/json.h"
#include "kata/text.h"

enum { PORT_MAX = 65535 };

/* --- dials --- */

struct dial {
	const struct compose_service *service;
	unsigned port;
};

/* NAME:PORT with NAME a service of this app. */
static bool dial_read(const struct compose *compose, const json_t *upstream, struct dial *out)
{
	const char *dial = json_member_text(upstream, "dial");
	const char *colon = dial ? strrchr(dial, ':') : NULL;
	uint64_t port;

	if (!colon || !text_u64(colon + 1, 1, PORT_MAX, &port))
		return false;
	for (size_t i = 0; i < compose->service_count; i++) {
		const struct compose_service *service = &compose->services[i];

		if (strlen(service->name) == (size_t)(colon - dial) &&
		    !strncmp(service->name, dial, (size_t)(colon - dial))) {
			*out = (struct dial){service, (unsigned)port};
			return true;
		}
	}
	return false;
}

/* Calls fn for the upstreams of every handler, in the order of the block. */
typedef void upstreams_fn(void *arg, const struct block_at *at, json_t *upstreams);

static void walk(json_t *node, const struct block_at *at, upstreams_fn *fn, void *arg)
{
	bool handler = json_member_text(node, "handler") != NULL;
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach(node, key, value) {
		const struct block_at below = {.up = at, .key = key};

		if (handler && !strcmp(key, "upstreams") && json_is_array(value))
			fn(arg, &below, value);
		else
			walk(value, &below, fn, arg);
	}
	json_array_foreach(node, i, value) {
		const struct block_at below = {.up = at, .index = i};

		walk(value, &below, fn, arg);
	}
}

struct listing {
	struct arena *arena;
	const struct compose *compose;
	struct upstream *items;
	size_t count, cap;
};

static void list_upstreams(void *arg, const struct block_at *at, json_t *upstreams)
{
	struct listing *l = arg;
	struct dial dial;
	json_t *upstream;
	size_t i;

	json_array_foreach(upstreams, i, upstream) {
		if (!dial_read(l->compose, upstream, &dial))
			continue;
		l->items = arena_grow(l->arena, l->items, l->count, &l->cap, sizeof(*l->items));
		l->items[l->count++] =
			(struct upstream){.service = arena_strdup(l->arena, dial.service->name),
					  .port = dial.port,
					  .path = block_path(l->arena, at)};
	}
}

struct upstream *upstream_list(struct arena *a, const json_t *block, const struct compose *compose,
			       size_t *count)
{
	struct listing listing = {.arena = a, .compose = compose};

	walk((json_t *)block, NULL, list_upstreams, &listing);
	*count = listing.count;
	return listing.items;
}

struct resolving {
	const struct compose *compose;
	json_t *(*addresses_new)(void *arg, const char *service, unsigned port);
	void *arg;
	size_t missing;
};

static json_t *with_dial_new(const json_t *upstream, json_t *address)
{
	json_t *copy = json_deep_copy(upstream);

	json_object_set(copy, "dial", address);
	return copy;
}

static void resolve_upstreams(void *arg, const struct block_at *at, json_t *upstreams)
{
	struct resolving *r = arg;
	json_t *out = json_array(), *upstream, *address;
	struct dial dial;
	size_t i, k;

	(void)at;
	json_array_foreach(upstreams, i, upstream) {
		json_t *addresses = NULL;

		if (dial_read(r->compose, upstream, &dial)) {
			addresses = r->addresses_new(r->arg, dial.service->name, dial.port);
			r->missing += !json_array_size(addresses);
		}
		json_array_foreach(addresses, k, address)
			json_array_append_new(out, with_dial_new(upstream, address));
		if (!json_array_size(addresses))
			json_array_append(out, upstream);
		json_decref(addresses);
	}
	json_array_clear(upstreams);
	json_array_extend(upstreams, out);
	json_decref(out);
}

size_t upstream_resolve(json_t *block, const struct compose *compose,
			json_t *(*addresses_new)(void *arg, const char *service, unsigned port),
			void *arg)
{
	struct resolving resolving = {compose, addresses_new, arg, 0};

	walk(block, NULL, resolve_upstreams, &resolving);
	return resolving.missing;
}

/* --- addresses --- */

/* A port of this host. */
struct published {
	const char *host; /* "127.0.0.1", "[::1]", or NULL: none yet */
	bool ipv6;
	json_int_t port;
};

/* Where a port that is bound to `ip` answers on loopback; NULL: not there. */
static const char *loopback_of(struct arena *a, const char *ip)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (!ip || !*ip || !strcmp(ip, "0.0.0.0"))
		return "127.0.0.1";
	if (inet_pton(AF_INET, ip, address) == 1)
		return address[0] == 127 ? arena_strdup(a, ip) : NULL;
	return !strcmp(ip, "::") || !strcmp(ip, "::1") ? "[::1]" : NULL;
}

/* Keeps the better one whatever their order: IPv4, then the lower port. */
static void published_offer(struct arena *a, struct published *best, const char *ip,
			    json_int_t port)
{
	const char *host = loopback_of(a, ip);
	bool ipv6 = host && *host == '[';

	if (!host || port < 1 || port > PORT_MAX)
		return;
	if (best->host && (ipv6 > best->ipv6 || (ipv6 == best->ipv6 && port >= best->port)))
		return;
	*best = (struct published){host, ipv6, port};
}

static const char *published_text(struct arena *a, const struct published *p)
{
	if (!p->host)
		return NULL;
	return arena_printf(a, "%s:%" JSON_INTEGER_FORMAT, p->host, p->port);
}

static json_int_t member_int(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool is_tcp(const json_t *port, const char *key)
{
	const char *protocol = json_member_text(port, key);

	return protocol && !strcmp(protocol, "tcp");
}

/* "Ports" of the list, NetworkSettings.Ports of inspect. */
static const char *published_address(struct arena *a, const json_t *container, unsigned port)
{
	const json_t *settings = json_object_get(container, "NetworkSettings"), *item;
	const json_t *bindings = json_object_get(json_object_get(settings, "Ports"),
						 arena_printf(a, "%u/tcp", port));
	struct published best = {0};
	size_t i;

	json_array_foreach(json_object_get(container, "Ports"), i, item)
		if (member_int(item, "PrivatePort") == port && is_tcp(item, "Type"))
			published_offer(a, &best, json_member_text(item, "IP"),
					member_int(item, "PublicPort"));
	json_array_foreach(bindings, i, item) {
		const char *text = json_member_text(item, "HostPort");
		uint64_t number = 0;

		if (text && text_u64(text, 1, PORT_MAX, &number))
			published_offer(a, &best, json_member_text(item, "HostIp"),
					(json_int_t)number);
	}
	return published_text(a, &best);
}

static bool is_filled(const char *text)
{
	return text && *text;
}

/*
 * Whether network `a` is rather to be used than `b`: one with a gateway is a bridge of this host;
 * one without may be an overlay, which cannot be reached from the host. Then by name.
 */
static bool network_is_better(const json_t *a, const char *name_a, const json_t *b,
			      const char *name_b)
{
	bool gateway_a = is_filled(json_member_text(a, "Gateway"));
	bool gateway_b = is_filled(json_member_text(b, "Gateway"));

	if (!b || gateway_a != gateway_b)
		return !b || gateway_a;
	return strcmp(name_a, name_b) < 0;
}

static const char *network_address(struct arena *a, const json_t *container, unsigned port)
{
	const json_t *networks =
		json_object_get(json_object_get(container, "NetworkSettings"), "Networks");
	const char *name, *best_name = "", *ip;
	const json_t *best = NULL;
	json_t *network;

	json_object_foreach((json_t *)networks, name, network) {
		bool any = is_filled(json_member_text(network, "IPAddress")) ||
			   is_filled(json_member_text(network, "GlobalIPv6Address"));

		if (any && strcmp(name, "ingress") != 0 &&
		    network_is_better(network, name, best, best_name)) {
			best = network;
			best_name = name;
		}
	}
	if (!best)
		return NULL;
	ip = json_member_text(best, "IPAddress");
	if (is_filled(ip))
		return arena_printf(a, "%s:%u", ip, port);
	return arena_printf(a, "[%s]:%u", json_member_text(best, "GlobalIPv6Address"), port);
}

/* "State" is a word in the list, an object in inspect. */
static bool is_running(const json_t *container)
{
	const json_t *state = json_object_get(container, "State");
	const char *word = json_is_string(state) ? json_string_value(state)
						 : json_member_text(state, "Status");

	return word && !strcmp(word, "running");
}

const char *upstream_container_address(struct arena *a, const json_t *container, unsigned port)
{
	const char *mode =
		json_member_text(json_object_get(container, "HostConfig"), "NetworkMode");
	const char *address;

	if (!is_running(container))
		return NULL;
	if (mode && !strcmp(mode, "host"))
		return arena_printf(a, "127.0.0.1:%u", port);
	address = published_address(a, container, port);
	return address ? address : network_address(a, container, port);
}

const char *upstream_published_address(struct arena *a, const json_t *container, unsigned port)
{
	return is_running(container) ? published_address(a, container, port) : NULL;
}

const char *upstream_service_address(struct arena *a, const json_t *service, unsigned port)
{
	const json_t *item;
	struct published best = {0};
	size_t i;

	json_array_foreach(json_object_get(json_object_get(service, "Endpoint"), "Ports"), i, item)
		if (member_int(item, "TargetPort") == port && is_tcp(item, "Protocol"))
			published_offer(a, &best, "127.0.0.1", member_int(item, "PublishedPort"));
	return published_text(a, &best);
}
