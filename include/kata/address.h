/*
 * Caddy's listener addresses, compared as the kernel sees them rather than as text: Caddy
 * accepts ":443" and "0.0.0.0:443" in two servers, and the traffic is then split at random.
 * Pure. Source: caddy.ParseNetworkAddress and observation (2.6.2).
 */
#ifndef KATA_ADDRESS_H
#define KATA_ADDRESS_H

#include <stdbool.h>

#include "kata/memory.h"

struct address {
	const char *text;     /* as written */
	const char *network;  /* "tcp", "tcp4", "unix", "fd" ..., lower case */
	const char *host;     /* lower case; "" = every interface; a path for unix sockets */
	unsigned first, last; /* ports; 0 where the network has none, or not a number */
	const char *key;      /* normalised text, fit for "listen"; equal keys are one listener */
	const char *slug;     /* injective form for names: "443", "127.0.0.1_8080" */
};

enum address_relation { ADDRESS_APART, ADDRESS_SAME, ADDRESS_OVERLAP };

/* Never fails: what is no address (placeholders) keeps its text as key. Texts are in the arena, or
 * parts of `text`, which must live as long. */
void address_parse(struct arena *a, const char *text, struct address *out);
/* SAME: one listener. OVERLAP: port ranges that meet in part. 127.0.0.1:p beside :p is APART. */
enum address_relation address_relate(const struct address *a, const struct address *b);

/* Appends text with everything but letters, digits, '.' and '-' as +XX: fit for a mark or a
 * server's name, and reversible. */
void address_escape(struct str *s, const char *text);

#endif
