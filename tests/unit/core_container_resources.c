/*
 * Judging live networks and volumes: those that docker compose made on real engines
 * (tests/corpora/containers) are as the file wants them, and every change of the file is seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "container_case.h"

typedef const char *resource_differs(struct arena *a, const struct compose *compose,
				     const char *key, const json_t *live);

static void check_resources(struct fixture *f, const char *kind, resource_differs *differs)
{
	json_t *project, *live;
	const char *key;

	EACH_PROJECT(f, project)
	{
		struct compose compose;

		model(&compose, project, json_object_get(project, "root"));
		json_object_foreach(json_object_get(project, kind), key, live) {
			const char *what = differs(f->arena, &compose, key, live);

			if (what)
				fail_msg("%s: %s %s: %s", files[e_], kind, key, what);
		}
		free(compose.services);
	}
}

static void test_resources(void **state)
{
	check_resources(*state, "networks", network_differs);
	check_resources(*state, "volumes", volume_differs);
}

static void test_resource_changes(void **state)
{
	static const struct {
		const char *project, *kind, *key, *path, *value, *differs;
	} changes[] = {
		{"nets", "networks", "x", "driver", "'macvlan'", "driver"},
		{"nets", "networks", "x", "internal", "true", "internal"},
		{"nets", "networks", "y", "internal", "-", "internal"},
		{"nets", "networks", "y", "attachable", "-", "attachable"},
		{"nets", "networks", "z", "enable_ipv6", "-", "enable_ipv6"},
		{"nets", "networks", "y", "driver_opts/com.docker.network.bridge.name", "'b'",
		 "driver_opts"},
		{"nets", "networks", "y", "ipam/config/0/gateway", "'172.30.77.2'", "ipam"},
		{"nets", "networks", "y", "ipam/config/0/aux_addresses/h", "'172.30.77.7'", "ipam"},
		{"nets", "networks", "x", "ipam/config", "[{'subnet': '10.9.0.0/24'}]", "ipam"},
		{"nets", "networks", "x", "ipam/driver", "'other'", "ipam"},
		{"nets", "networks", "x", "labels/n", "'o'", "label n"},
		{"nets", "networks", "x", "labels", "-", "label n"},
		{"nets", "networks", "x", "x-note", "1", NULL},
		{"nets", "networks", "y", "driver", "-", NULL},
		{"nets", "networks", "x", "driver", "'bridge'", NULL},
		{"nets2", "networks", "y", "enable_ipv4", "false", "enable_ipv4"},
		{"vols", "volumes", "data", "labels/l", "'2'", "label l"},
		{"vols", "volumes", "data", "driver", "'nfs'", "driver"},
		{"vols", "volumes", "big", "driver_opts/o", "'size=2m'", "driver_opts"},
		{"vols", "volumes", "big", "driver_opts", "-", "driver_opts"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		const json_t *project = find_project(f, 1, changes[i].project);
		const char *kind = changes[i].kind, *key = changes[i].key, *what;
		const json_t *live = json_object_get(json_object_get(project, kind), key);
		json_t *root = json_deep_copy(json_object_get(project, "root"));
		struct compose compose;

		change(json_object_get(json_object_get(root, kind), key), changes[i].path,
		       changes[i].value);
		model(&compose, project, root);
		what = (*kind == 'n' ? network_differs : volume_differs)(f->arena, &compose, key,
									 live);
		if (!what != !changes[i].differs || (what && strcmp(what, changes[i].differs) != 0))
			fail_msg("%s %s: %s", key, changes[i].path, what ? what : "(nothing)");
		free(compose.services);
		json_decref(root);
	}
}

/* Of ours, also what the engine has filled in. */
static void test_our_network(void **state)
{
	struct fixture *f = *state;
	const json_t *project = find_project(f, 0, "nets");
	json_t *root = json_deep_copy(json_object_get(project, "root")),
	       *live = json_deep_copy(json_object_get(json_object_get(project, "networks"), "y"));
	struct compose compose;
	json_t *body;

	model(&compose, project, root);
	body = network_body_new(&compose, "y", 41);
	json_object_set(live, "Labels", json_object_get(body, "Labels"));
	assert_null(network_differs(f->arena, &compose, "y", live));
	json_object_del(json_object_get(json_object_get(root, "networks"), "y"), "ipam");
	assert_string_equal(network_differs(f->arena, &compose, "y", live), "configuration");
	free(compose.services);
	json_decref(body);
	json_decref(live);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resources),
		cmocka_unit_test(test_resource_changes),
		cmocka_unit_test(test_our_network),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
