/*
 * Fuzz target: containers of any model, judged against any inspect. The input is one JSON object
 * {"root": the model, "image": .., "replaces": .., "inspect": .., "live": ..}, of any shape. What
 * would be made, read back as it was sent, is what the file wants.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kata/container.h"
#include "kata/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static const char *known(void *arg, const char *name)
{
	(void)arg;
	return *name == 'a' ? "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			    : NULL;
}

static const char *content(void *arg, const char *kind, const char *key)
{
	(void)kind;
	return known(arg, key);
}

static void model(struct compose *out, json_t *root)
{
	json_t *services = json_object_get(root, "services"), *spec;
	const char *name;

	*out = (struct compose){.project = "p", .folder = "/f", .root = root};
	out->services = xcalloc(json_object_size(services) + 1, sizeof *out->services);
	json_object_foreach(services, name, spec)
		out->services[out->service_count++] =
			(struct compose_service){.name = name, .spec = spec, .replicas = 2};
}

/* An engine that keeps what it is told. */
static json_t *echo_new(const json_t *body)
{
	const json_t *networks =
		json_object_get(json_object_get(body, "NetworkingConfig"), "EndpointsConfig");

	return json_pack("{sO, sO, s{sO}}", "Config", body, "HostConfig",
			 json_object_get(body, "HostConfig"), "NetworkSettings", "Networks",
			 networks);
}

static void container(struct arena *a, const struct compose *compose,
		      const struct compose_service *service, const json_t *input, int api)
{
	struct container_facts facts = {.api = api,
					.image = json_object_get(input, "image"),
					.name = container_name(a, compose, service, 1),
					.number = 1,
					.service_id = known,
					.content_file = content};
	json_t *body, *echo;
	char hash[65];

	container_hash(compose, service, hash);
	check(strlen(hash) == 64 && *container_image(a, compose, service));
	body = container_body_new(compose, service, &facts);
	check(json_is_object(body));
	echo = echo_new(body);
	facts.image = NULL;
	check(api < 44 || !container_differs(a, compose, service, &facts, echo));
	json_decref(echo);
	json_decref(body);
	facts.image = json_object_get(input, "image");
	facts.image_id = json_member_text(facts.image, "Id");
	container_differs(a, compose, service, &facts, json_object_get(input, "inspect"));
	facts.replaces = json_object_get(input, "replaces");
	json_decref(container_body_new(compose, service, &facts));
	json_decref(container_connects_new(compose, service, &facts));
	facts.oneoff_slug = "s";
	facts.service_id = NULL;
	facts.content_file = NULL;
	json_decref(container_body_new(compose, service, &facts));
}

static void resources(struct arena *a, const struct compose *compose, const json_t *live, int api)
{
	const char *key;
	json_t *unused;

	json_object_foreach(json_object_get(compose->root, "networks"), key, unused) {
		json_decref(network_body_new(compose, key, api));
		network_differs(a, compose, key, live);
	}
	json_object_foreach(json_object_get(compose->root, "volumes"), key, unused) {
		json_decref(volume_body_new(compose, key));
		volume_differs(a, compose, key, live);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kata_error e;
	json_t *input = json_parse_new((const char *)data, size, &e);
	struct arena *a = arena_new();
	struct compose compose;

	model(&compose, json_object_get(input, "root"));
	for (int api = 41; api <= 51; api += 10) {
		for (size_t i = 0; i < compose.service_count; i++)
			container(a, &compose, &compose.services[i], input, api);
		resources(a, &compose, json_object_get(input, "live"), api);
	}
	free(compose.services);
	arena_free(a);
	json_decref(input);
	return 0;
}
