/* Names, images and the hash of a service, and the bodies of networks and volumes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "kata/container.h"

#include "compose_case.h"

static const char model[] =
	"{'services': {"
	"'web': {'image': 'bb', 'environment': {'A': '1', 'B': '2'}, 'networks': {'front': {}},"
	" 'volumes': [{'type': 'volume', 'source': 'data', 'target': '/d'}],"
	" 'secrets': [{'source': 'text', 'target': '/run/secrets/text'}],"
	" 'configs': [{'source': 'conf', 'target': '/conf'}],"
	" 'deploy': {'replicas': 2, 'resources': {'limits': {'pids': 5}}}},"
	"'own': {'container_name': 'my', 'build': {'context': '/x'}}},"
	"'networks': {'front': {'name': 'app_front'}, 'out': {'name': 'o', 'external': true},"
	" 'full': {'name': 'given', 'driver': 'macvlan', 'driver_opts': {'a': 'b'}, 'internal': "
	"true,"
	"  'attachable': true, 'enable_ipv6': true, 'enable_ipv4': false, 'labels': {'l': 'm'},"
	"  'ipam': {'driver': 'default', 'options': {'o': 'p'}, 'config': [{'subnet': "
	"'10.0.0.0/24',"
	"  'ip_range': '10.0.0.0/25', 'gateway': '10.0.0.1', 'aux_addresses': {'h': "
	"'10.0.0.9'}}]}}},"
	"'volumes': {'data': {'name': 'app_data'}, 'out': {'name': 'o', 'external': true},"
	" 'full': {'name': 'given', 'driver': 'nfs', 'driver_opts': {'a': 'b'}, 'labels': "
	"{'l': 'm'}}},"
	"'secrets': {'text': {'content': 'hunter2'}},"
	"'configs': {'conf': {'file': '/srv/conf'}}}";

static void assert_json(const json_t *have, const char *want)
{
	json_t *expected = json_case_new(want);
	char *text;

	if (!json_equal(have, expected)) {
		text = json_dumps(have, JSON_ENCODE_ANY | JSON_SORT_KEYS);
		fail_msg("%s\nis not\n%s", text ? text : "(nothing)", want);
	}
	json_decref(expected);
}

static void test_names(void **state)
{
	struct arena *a = arena_new();
	const struct compose_service *web, *own;
	struct compose compose;

	(void)state;
	compose_case(&compose, json_case_new(model));
	web = compose_service_find(&compose, "web");
	own = compose_service_find(&compose, "own");
	assert_string_equal(container_name(a, &compose, web, 1), "app-web-1");
	assert_string_equal(container_name(a, &compose, web, 12), "app-web-12");
	assert_string_equal(container_name(a, &compose, own, 1), "my");
	assert_string_equal(container_image(a, &compose, web), "bb");
	assert_string_equal(container_image(a, &compose, own), "app-own");
	compose_case_release(&compose);
	arena_free(a);
}

/* --- the hash --- */

/* The model with one value changed: path is "services/web/user", value JSON or "-" for none. */
static json_t *changed_new(const char *path, const char *value)
{
	json_t *root = json_case_new(model), *at = root;
	char *copy = strdup(path), *rest = copy, *part = strsep(&rest, "/");

	while (rest) {
		json_t *next = json_object_get(at, part);

		if (!next) {
			next = json_object();
			json_object_set_new(at, part, next);
		}
		at = next;
		part = strsep(&rest, "/");
	}
	if (!strcmp(value, "-"))
		json_object_del(at, part);
	else
		json_object_set_new(at, part, json_case_new(value));
	free(copy);
	return root;
}

static void hash_of(json_t *root, char out[65])
{
	struct compose compose;

	compose_case(&compose, root);
	container_hash(&compose, compose_service_find(&compose, "web"), out);
	compose_case_release(&compose);
}

static void test_hash(void **state)
{
	static const struct {
		const char *path, *value;
		bool same;
	} changes[] = {
		{"services/web/build", "{'context': '/y'}", true},
		{"services/web/pull_policy", "'always'", true},
		{"services/web/scale", "4", true},
		{"services/web/deploy/replicas", "9", true},
		{"services/web/deploy/update_config", "{'order': 'start-first'}", true},
		{"services/web/deploy/placement", "{}", true},
		{"services/web/deploy/labels", "{'a': 'b'}", true},
		{"services/web/deploy/x-a", "1", true},
		{"services/web/depends_on", "{'own': {}}", true},
		{"services/web/profiles", "['a']", true},
		{"services/web/attach", "false", true},
		{"services/web/develop", "{}", true},
		{"services/web/x-anything", "1", true},
		{"services/web/environment", "{'B': '2', 'A': '1'}", true},
		{"services/own/image", "'other'", true},
		{"networks/full/internal", "false", true},
		{"volumes/full/name", "'z'", true},
		{"services/web/image", "'bb:2'", false},
		{"services/web/environment/A", "'2'", false},
		{"services/web/environment/A", "null", false},
		{"services/web/user", "'0'", false},
		{"services/web/labels", "{'a': 'b'}", false},
		{"services/web/post_start", "[{'command': ['x']}]", false},
		{"services/web/deploy/resources/limits/pids", "6", false},
		{"services/web/deploy/restart_policy", "{}", false},
		{"networks/front/name", "'other'", false},
		{"volumes/data/name", "'other'", false},
		{"secrets/text/content", "'hunter3'", false},
		{"configs/conf/file", "'/srv/other'", false},
	};
	char base[65], hash[65];

	(void)state;
	hash_of(json_case_new(model), base);
	assert_int_equal(64, strspn(base, "0123456789abcdef"));
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		hash_of(changed_new(changes[i].path, changes[i].value), hash);
		if (!strcmp(base, hash) != changes[i].same)
			fail_msg("%s: %s", changes[i].path, changes[i].same ? "another" : "same");
	}
}

/* A deploy: with nothing left in it is like none. */
static void test_hash_of_empty_deploy(void **state)
{
	char none[65], empty[65];

	(void)state;
	hash_of(changed_new("services/web/deploy", "-"), none);
	hash_of(changed_new("services/web/deploy", "{'replicas': 3}"), empty);
	assert_string_equal(none, empty);
}

/* Hashes stand on live containers: one that changes with our version would restart them all. */
static void test_hash_is_stable(void **state)
{
	char hash[65];

	(void)state;
	hash_of(json_case_new("{'services': {'web': {'image': 'bb', 'networks': {'default': {}}}},"
			      "'networks': {'default': {'name': 'app_default'}}}"),
		hash);
	assert_string_equal(hash,
			    "186d6854299d0153eb3e12d25f4d6a4e7bb870d38a2779bbdbce6de1b54973ca");
}

/* --- networks and volumes --- */

static void without_hash(json_t *body)
{
	json_t *labels = json_object_get(body, "Labels");

	assert_int_equal(64, strlen(json_member_text(labels, LABEL_OWN_HASH)));
	json_object_del(labels, LABEL_OWN_HASH);
}

#define FULL                                                                                       \
	"'Name': 'given', 'Driver': 'macvlan', 'Options': {'a': 'b'}, 'Internal': true,"           \
	"'Attachable': true, 'EnableIPv6': true, 'IPAM': {'Driver': 'default', 'Options':"         \
	"{'o': 'p'}, 'Config': [{'Subnet': '10.0.0.0/24', 'IPRange': '10.0.0.0/25', 'Gateway':"    \
	"'10.0.0.1', 'AuxiliaryAddresses': {'h': '10.0.0.9'}}]}, 'Labels': {'l': 'm',"             \
	"'com.docker.compose.network': 'full', 'com.docker.compose.project': 'app',"               \
	"'com.docker.compose.version': '2.40.3'}"

static void test_network_bodies(void **state)
{
	static const struct {
		const char *key, *want;
		int api;
	} cases[] = {
		{"front",
		 "{'Name': 'app_front', 'Driver': '', 'CheckDuplicate': true, 'Labels': {"
		 "'com.docker.compose.network': 'front', 'com.docker.compose.project': 'app',"
		 "'com.docker.compose.version': '2.40.3'}}",
		 43},
		{"full", "{'CheckDuplicate': true, " FULL "}", 41},
		{"full", "{" FULL "}", 44},
		{"full", "{'EnableIPv4': false, " FULL "}", 48},
	};
	struct compose compose;

	(void)state;
	compose_case(&compose, json_case_new(model));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *body = network_body_new(&compose, cases[i].key, cases[i].api);

		without_hash(body);
		assert_json(body, cases[i].want);
		json_decref(body);
	}
	assert_null(network_body_new(&compose, "out", 41));
	assert_null(network_body_new(&compose, "nowhere", 41));
	compose_case_release(&compose);
}

static void test_volume_bodies(void **state)
{
	struct compose compose;
	json_t *body;

	(void)state;
	compose_case(&compose, json_case_new(model));
	body = volume_body_new(&compose, "data");
	without_hash(body);
	assert_json(body, "{'Name': 'app_data', 'Labels': {'com.docker.compose.volume': 'data',"
			  "'com.docker.compose.project': 'app', 'com.docker.compose.version':"
			  "'2.40.3'}}");
	json_decref(body);
	body = volume_body_new(&compose, "full");
	without_hash(body);
	assert_json(body, "{'Name': 'given', 'Driver': 'nfs', 'DriverOpts': {'a': 'b'}, 'Labels':"
			  "{'l': 'm', 'com.docker.compose.volume': 'full',"
			  "'com.docker.compose.project': 'app', 'com.docker.compose.version':"
			  "'2.40.3'}}");
	json_decref(body);
	assert_null(volume_body_new(&compose, "out"));
	assert_null(volume_body_new(&compose, "nowhere"));
	compose_case_release(&compose);
}

static void network_hash(json_t *root, char out[65])
{
	struct compose compose;
	json_t *body;

	compose_case(&compose, root);
	body = network_body_new(&compose, "full", 41);
	memcpy(out, json_member_text(json_object_get(body, "Labels"), LABEL_OWN_HASH), 65);
	json_decref(body);
	compose_case_release(&compose);
}

static void test_network_hash(void **state)
{
	char base[65], other[65];

	(void)state;
	network_hash(json_case_new(model), base);
	network_hash(changed_new("networks/full/x-note", "1"), other);
	assert_string_equal(base, other);
	network_hash(changed_new("networks/full/ipam/driver", "'x'"), other);
	assert_string_not_equal(base, other);
	network_hash(changed_new("networks/full/name", "'x'"), other);
	assert_string_not_equal(base, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_hash_of_empty_deploy),
		cmocka_unit_test(test_hash_is_stable),
		cmocka_unit_test(test_network_bodies),
		cmocka_unit_test(test_volume_bodies),
		cmocka_unit_test(test_network_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
