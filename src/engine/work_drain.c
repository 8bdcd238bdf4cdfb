/*
 * Before containers go that the routes have left: the requests that Caddy still has there.
 */
#include "work.h"

#include <string.h>

#include "kata/json.h"

enum { DRAIN_MS = 2000, DRAIN_MAX_MS = 30000, DRAIN_POLL_MS = 100 };

static void addresses_of(struct world *world, const json_t *ids, json_t *out)
{
	size_t i, j;
	json_t *item, *id;

	json_array_foreach(world->live.containers, i, item) {
		const char *own = json_member_text(item, "Id");
		const char *key;
		json_t *network;

		json_array_foreach((json_t *)ids, j, id)
			if (own && !strcmp(own, json_string_value(id)))
				break;
		if (j >= json_array_size(ids))
			continue;
		json_object_foreach(
			json_object_get(json_object_get(item, "NetworkSettings"), "Networks"), key,
			network) {
			const char *ip = json_member_text(network, "IPAddress");

			if (ip && *ip)
				json_array_append_new(out, json_string_nocheck(ip));
		}
	}
}

/* Requests that a Caddy still has at these addresses. -1: it does not tell. */
static json_int_t requests_at(struct world *world, const struct member *member,
			      const json_t *addresses)
{
	struct http_response response;
	struct kata_error e;
	json_int_t sum = -1;
	json_t *list, *item;
	size_t i, j;
	json_t *ip;

	if (!caddy_get(world->http, &member->endpoint, "/reverse_proxy/upstreams", &response, &e))
		return -1;
	list = json_parse_new(response.body.p, response.body.len, &e);
	json_array_foreach(list, i, item) {
		const char *address = json_member_text(item, "address");

		json_array_foreach((json_t *)addresses, j, ip) {
			size_t len = json_string_length(ip);

			if (!address || strncmp(address, json_string_value(ip), len) != 0 ||
			    address[len] != ':')
				continue;
			sum = (sum < 0 ? 0 : sum) +
			      json_integer_value(json_object_get(item, "num_requests"));
		}
	}
	json_decref(list);
	http_response_release(&response);
	return sum;
}

/*
 * Waits until the old containers have answered what they had begun. Newer Caddys show requests to
 * upstreams that are not in the config any more; of the others nothing is known, and a set time has
 * to do.
 */
void work_drain(struct world *world, const json_t *ids)
{
	json_t *addresses = json_array();
	int64_t from = loop_now_ms();

	addresses_of(world, ids, addresses);
	while (json_array_size(addresses) && !loop_stopped(world->loop)) {
		int64_t waited = loop_now_ms() - from;
		json_int_t busy = -1;

		for (size_t i = 0; i < world->member_count; i++) {
			json_int_t here = requests_at(world, &world->members[i], addresses);

			busy = here > busy ? here : busy;
		}
		if (waited >= DRAIN_MAX_MS || (busy <= 0 && waited >= DRAIN_MS))
			break;
		loop_sleep(world->loop, DRAIN_POLL_MS);
	}
	json_decref(addresses);
}
