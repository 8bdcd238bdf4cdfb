/*
 * Addresses in a caddy: block, what Caddy binds (listen) and what it calls (dial): which
 * forms it takes, and which it takes although they can never work. Source:
 * caddy.ParseNetworkAddress, and what 2.6.2 and 2.11.4 did with each form.
 */
#include "validate_rules.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "kata/memory.h"
#include "kata/text.h"

enum { LISTENERS_MAX = 1000 }; /* compared with each other and with upstreams */

static bool word_in(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

/* --- Taking an address apart --- */

/* The network before the slash: lower case, without blanks around. */
static const char *network_of(struct arena *a, const char *text, size_t len)
{
	char *network;

	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	network = arena_strndup(a, text, len);
	for (char *p = network; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return network;
}

/* "80" or "80-90". */
static enum check ports_read(struct arena *a, const char *text, struct listener *out)
{
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : strlen(text);
	uint64_t first, last;

	if (!*text)
		return CHECK_LISTEN_RANDOM_PORT;
	if (!text_u64(arena_strndup(a, text, len), 0, UINT16_MAX, &first))
		return CHECK_LISTEN_PORT;
	last = first;
	if (dash && !text_u64(dash + 1, first, UINT16_MAX, &last))
		return CHECK_LISTEN_PORT;
	out->first = (unsigned)first;
	out->last = (unsigned)last;
	return last ? CHECK_COUNT : CHECK_LISTEN_RANDOM_PORT;
}

/* "[host]:port" */
static enum check bracketed_read(struct arena *a, const char *text, struct listener *out)
{
	const char *end = strchr(text, ']');

	if (!end || (end[1] && end[1] != ':'))
		return CHECK_LISTEN_FORM;
	out->host = arena_strndup(a, text + 1, (size_t)(end - text - 1));
	return end[1] ? ports_read(a, end + 2, out) : CHECK_LISTEN_RANDOM_PORT;
}

static enum check host_port_read(struct arena *a, const char *text, struct listener *out)
{
	const char *colon = strchr(text, ':');

	out->host = text;
	if (strpbrk(text, " \t\r\n"))
		return CHECK_LISTEN_FORM;
	if (*text == '[')
		return bracketed_read(a, text, out);
	if (!colon)
		return *text && !text[strspn(text, "0123456789")] ? CHECK_LISTEN_NO_PORT
								  : CHECK_LISTEN_RANDOM_PORT;
	if (strchr(colon + 1, ':'))
		return text[strspn(text, "0123456789abcdefABCDEF:.")] ? CHECK_LISTEN_FORM
								      : CHECK_LISTEN_IPV6;
	out->host = arena_strndup(a, text, (size_t)(colon - text));
	if (!strcmp(out->host, "*"))
		return CHECK_LISTEN_STAR;
	return ports_read(a, colon + 1, out);
}

/* Networks whose rest is not host and port, or that Caddy cannot serve on. */
static enum check network_check(const char *network)
{
	static const char *const urls[] = {
		"http:", "https:", "http", "https", "h2c:", "ws:", "wss:", "ftp:", NULL};
	static const char *const datagrams[] = {"udp", "udp4", "udp6", "unixgram", NULL};
	static const char *const opaque[] = {"unix", "unixpacket", "fd", "fdgram", NULL};

	if (word_in(network, urls))
		return CHECK_LISTEN_URL;
	if (word_in(network, datagrams))
		return CHECK_LISTEN_UDP;
	if (word_in(network, opaque) || strchr(network, '{'))
		return CHECK_COUNT;
	if (!*network || network[strspn(network, "abcdefghijklmnopqrstuvwxyz0123456789+_-")])
		return CHECK_LISTEN_FORM;
	return CHECK_LISTEN_NETWORK;
}

/* Fills out; its fault is what is wrong with the address as a listener's. */
static void address_read(struct arena *a, const char *text, struct listener *out)
{
	static const char *const ported[] = {"tcp", "tcp4", "tcp6", NULL};
	const char *slash = strchr(text, '/');

	*out = (struct listener){.network = "tcp", .host = text, .fault = CHECK_COUNT};
	if (slash) {
		out->network = network_of(a, text, (size_t)(slash - text));
		out->host = slash + 1;
	}
	if (!word_in(out->network, ported))
		out->fault = network_check(out->network);
	else if (!strchr(out->host, '{'))
		out->fault = host_port_read(a, out->host, out);
}

void listeners_read(struct walk *walk, const json_t *listen)
{
	struct arena *a = walk->problems->arena;
	size_t count = json_array_size(listen);

	walk->listener_count = count < LISTENERS_MAX ? count : LISTENERS_MAX;
	if (!count)
		return;
	walk->listeners = arena_alloc(a, walk->listener_count * sizeof *walk->listeners);
	for (size_t i = 0; i < walk->listener_count; i++) {
		const char *text = json_string_value(json_array_get(listen, i));

		if (text)
			address_read(a, text, &walk->listeners[i]);
	}
}

/* --- listen --- */

static bool is_everywhere(const char *host)
{
	return !*host || !strcmp(host, "0.0.0.0") || !strcmp(host, "::");
}

static bool is_loopback(const char *host)
{
	return !strcmp(host, "localhost") || !strcmp(host, "::1") || !strncmp(host, "127.", 4);
}

static bool same_socket_host(const char *a, const char *b)
{
	if (is_everywhere(a) || is_everywhere(b))
		return is_everywhere(a) && is_everywhere(b);
	return (!strcmp(a, "localhost") && is_loopback(b)) ||
	       (!strcmp(b, "localhost") && is_loopback(a)) || !strcmp(a, b);
}

/* How an address collides with an earlier one: repeated, twice the same socket, or not. */
static enum check listener_compare(const struct listener *a, const struct listener *b)
{
	if (!a->network || !b->network || strcmp(a->network, b->network) != 0)
		return CHECK_COUNT;
	if (a->first > b->last || b->first > a->last)
		return CHECK_COUNT;
	if (!strcmp(a->host, b->host))
		return CHECK_LISTEN_REPEATED;
	return a->last && same_socket_host(a->host, b->host) ? CHECK_LISTEN_TWICE : CHECK_COUNT;
}

static enum check listener_collides(const struct walk *walk, size_t i)
{
	enum check found = CHECK_COUNT;

	for (size_t j = 0; j < i && found != CHECK_LISTEN_REPEATED; j++) {
		enum check one = listener_compare(&walk->listeners[j], &walk->listeners[i]);

		if (one != CHECK_COUNT)
			found = one;
	}
	return found;
}

static void say_address(struct walk *walk, const struct block_at *at, enum check check,
			const char *text)
{
	walk_say(walk, at, check, "%s: %s", walk_quote(walk, at, text),
		 mistake_of_check(check)->row.what);
}

void check_listen(struct walk *walk, const struct block_at *at, const json_t *value)
{
	struct block_at here = {.up = at};

	for (; here.index < walk->listener_count; here.index++) {
		const char *text = json_string_value(json_array_get(value, here.index));
		enum check fault = walk->listeners[here.index].fault, collision;

		if (!text)
			continue;
		if (fault != CHECK_COUNT)
			say_address(walk, &here, fault, text);
		collision = listener_collides(walk, here.index);
		if (collision != CHECK_COUNT)
			say_address(walk, &here, collision, text);
	}
}

/* --- dial --- */

/* What a listener's fault means for an upstream. */
static enum check dial_fault(const struct listener *address)
{
	static const char *const networks[] = {"udp", "udp4", "udp6", "unixgram", "unix+h2c",
					       "tcp", "tcp4", "tcp6", NULL};

	switch (address->fault) {
	case CHECK_COUNT:
		return address->first == address->last ? CHECK_COUNT : CHECK_DIAL_PORT;
	case CHECK_LISTEN_UDP:
	case CHECK_LISTEN_NETWORK:
	case CHECK_LISTEN_URL:
		return word_in(address->network, networks) ? CHECK_COUNT : CHECK_DIAL_URL;
	case CHECK_LISTEN_NO_PORT:
	case CHECK_LISTEN_RANDOM_PORT:
		return CHECK_DIAL_NO_PORT;
	case CHECK_LISTEN_FORM:
		return word_in(address->network, networks) ? CHECK_DIAL_PORT : CHECK_DIAL_URL;
	default:
		return CHECK_DIAL_PORT;
	}
}

/* Whether a call to this address reaches one of the server's own listeners. */
static bool dials_itself(const struct walk *walk, const struct listener *dial)
{
	bool local = is_everywhere(dial->host) || is_loopback(dial->host);

	for (size_t i = 0; i < walk->listener_count; i++) {
		const struct listener *l = &walk->listeners[i];

		if (!l->network || !l->last || strncmp(l->network, "tcp", 3) != 0)
			continue;
		if (dial->first < l->first || dial->first > l->last)
			continue;
		if (same_socket_host(l->host, dial->host) || (is_everywhere(l->host) && local))
			return true;
	}
	return false;
}

void check_dial(struct walk *walk, const struct block_at *at, const json_t *value)
{
	const char *text = json_string_value(value);
	struct listener address;
	enum check fault;

	if (strchr(text, '{'))
		return;
	address_read(walk->problems->arena, text, &address);
	fault = dial_fault(&address);
	if (fault != CHECK_COUNT)
		say_address(walk, at, fault, text);
	else if (address.last && dials_itself(walk, &address))
		say_address(walk, at, CHECK_UPSTREAM_IS_LISTENER, text);
}

void check_upstream(struct walk *walk, const struct block_at *at, const json_t *object)
{
	const json_t *dial = json_object_get(object, "dial");

	if ((!dial || json_is_null(dial)) && !json_object_get(object, "lookup_srv"))
		walk_say(walk, at, CHECK_DIAL_NO_PORT, "an upstream without dial leads nowhere");
}
