/*
 * The table of keys, and what each mode says about the keys an app uses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compose_decode.h"

/* What a mode says about one service "web" with these keys, without its places. */
static void assert_mode(const char *yaml, bool swarm, const char *expected)
{
	struct str text = STR_INIT, file = STR_INIT;
	struct decoded d = {0};
	struct problems said;

	str_addf(&file,
		 "services:\n  web: {image: x, %s}\n  db: {image: x}\n"
		 "networks: {n: }\nsecrets: {f: {file: ./f}, e: {external: true}, t: {file: ./f, "
		 "template_driver: golang, labels: [a=b]}}\nvolumes: {v: {driver_opts: {a: b}}}\n",
		 yaml);
	decode(&d, file.p);
	if (!d.ok)
		fail_msg("%s: %s", yaml, d.problems.items[0].msg);
	problems_init(&said, d.arena);
	compose_check_mode(&d.compose, &d.app, swarm, &said);
	problems_sort(&said);
	for (size_t i = 0; i < said.count; i++) {
		const struct problem *p = &said.items[i];

		assert_true(p->place.line > 0 && p->place.file);
		str_addf(&text, "%s %s\n", severity_name(p->severity), p->msg);
	}
	if (strcmp(text.p, expected) != 0)
		fail_msg("%s\n%s---not\n%s", yaml, text.p, expected);
	str_release(&text);
	str_release(&file);
	decoded_release(&d);
}

static void swarm_refuses_what_it_cannot_do(void **state)
{
	static const char *const keys[][2] = {
		{"privileged: true", "privileged"},
		{"devices: [/dev/a]", "devices"},
		{"network_mode: service:db", "network_mode"},
		{"network_mode: container:x", "network_mode"},
		{"ports: ['1.2.3.4:80:80']", "ports[0].host_ip"},
		{"ports: [81, '127.0.0.1:80:80']", "ports[1].host_ip"},
		{"volumes_from: [container:x]", "volumes_from"},
		{"runtime: runsc", "runtime"},
		{"gpus: all", "gpus"},
		{"cpuset: '0'", "cpuset"},
		{"external_links: [x]", "external_links"},
		{"post_start: [{command: a}]", "post_start"},
		{"deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}",
		 "deploy.resources.reservations.devices"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		char expected[200];
		bool implied = !strcmp(keys[i][0], "network_mode: service:db");

		snprintf(expected, sizeof expected,
			 "%serror services.web.%s: Swarm cannot do this\n",
			 implied ? "note services.web.depends_on: has no effect in Swarm\n" : "",
			 keys[i][1]);
		assert_mode(keys[i][0], true, expected);
		assert_mode(keys[i][0], false, "");
	}
}

static void swarm_ignores_aloud(void **state)
{
	static const char *const keys[][3] = {
		{"container_name: abc", "container_name", "warning"},
		{"depends_on: [db]", "depends_on", "note"},
		{"expose: [80]", "expose", "note"},
		{"ipc: host", "ipc", "warning"},
		{"networks: {n: {ipv4_address: 10.0.0.1}}", "networks.n.ipv4_address", "warning"},
		{"volumes: ['./a:/b:z']", "volumes[0].bind.selinux", "warning"},
		{"mac_address: 02:42:ac:11:65:43", "mac_address", "warning"},
		{"pull_policy: always", "pull_policy", "note"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		char expected[200];

		snprintf(expected, sizeof expected, "%s services.web.%s: has no effect in Swarm\n",
			 keys[i][2], keys[i][1]);
		assert_mode(keys[i][0], true, expected);
		assert_mode(keys[i][0], false, "");
	}
	assert_mode("security_opt: [no-new-privileges=true]", true,
		    "warning services.web.security_opt: an older Swarm does without it\n");
	assert_mode("security_opt: [no-new-privileges=true]", false, "");
}

static void compose_mode_has_no_swarm(void **state)
{
	static const char *const keys[][2] = {
		{"deploy: {mode: global}", "deploy.mode"},
		{"deploy: {labels: [a=b]}", "deploy.labels"},
		{"deploy: {placement: {constraints: [a==b]}}", "deploy.placement"},
		{"deploy: {update_config: {order: start-first}}", "deploy.update_config"},
		{"deploy: {resources: {reservations: {cpus: 1}}}",
		 "deploy.resources.reservations.cpus"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		char expected[200];

		snprintf(expected, sizeof expected,
			 "warning services.web.%s: has an effect in Swarm only\n", keys[i][1]);
		assert_mode(keys[i][0], false, expected);
		assert_mode(keys[i][0], true, "");
	}
	assert_mode("secrets: [e]", false, "error secrets.e.external: only Swarm can do this\n");
	assert_mode("secrets: [e]", true, "");
	assert_mode("secrets: [t]", false,
		    "error secrets.t.template_driver: only Swarm can do this\n");
	assert_mode("secrets: [{source: f, mode: 0400}]", false,
		    "warning services.web.secrets[0]: uid, gid and mode have an effect in Swarm "
		    "only\n");
	assert_mode("secrets: [{source: f, mode: 0400}]", true, "");
}

static void what_says_nothing_is_no_use(void **state)
{
	static const char *const keys[] = {
		"privileged: false",
		"devices: []",
		"network_mode: host",
		"network_mode: none",
		"ports: ['0.0.0.0:80:80', '[::]:81:81', 82, '83:83']",
		"deploy: {mode: replicated, replicas: 2}",
		"attach: false, develop: {watch: []}",
		"volumes: ['./a:/b', 'v:/v', {type: bind, source: /x, target: /y, consistency: "
		"cached}]",
		"shm_size: 1m, tmpfs: /x, cpus: 1, mem_limit: 1g, x-kata-order: stop-first",
	};

	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		assert_mode(keys[i], true, "");
		assert_mode(keys[i], false, "");
	}
}

static void swarm_rules_over_several_keys(void **state)
{
	(void)state;
	assert_mode("deploy: {mode: global, replicas: 2}", true,
		    "error services.web.deploy: a global service has no replicas\n");
	assert_mode("deploy: {mode: replicated-job, update_config: {order: start-first}}", true,
		    "error services.web.deploy: a job has no update_config\n");
	assert_mode(
		"deploy: {endpoint_mode: dnsrr}, ports: ['80:80']", true,
		"error services.web.deploy: endpoint_mode: dnsrr cannot publish ingress ports\n");
	assert_mode("deploy: {endpoint_mode: dnsrr}, ports: [{target: 80, mode: host}]", true, "");
	assert_mode("extra_hosts: [h=host-gateway]", true,
		    "error services.web.extra_hosts: Swarm does not know host-gateway\n");
	assert_mode("extra_hosts: [h=host-gateway]", false, "");
}

static void swarm_names_are_host_names(void **state)
{
	static const char yaml[] =
		"services:\n  a.b: {image: x}\n  c_: {image: x}\n  ok-1_x: {image: x}\n"
		"  n2345678901234567890123456789012345678901234567890123456789: "
		"{image: x}\n";
	struct decoded d = {0};
	struct problems said;

	(void)state;
	decode(&d, yaml);
	assert_true(d.ok);
	problems_init(&said, d.arena);
	compose_check_mode(&d.compose, &d.app, false, &said);
	assert_int_equal(said.count, 0);
	compose_check_mode(&d.compose, &d.app, true, &said);
	problems_sort(&said);
	assert_int_equal(said.count, 3);
	assert_int_equal(said.items[0].place.line, 2);
	assert_int_equal(said.items[1].place.line, 3);
	assert_int_equal(said.items[2].place.line, 5);
	assert_string_equal(said.items[0].msg, "services.a.b: this name is not possible in Swarm");
	decoded_release(&d);
}

static void places_are_those_of_the_keys(void **state)
{
	struct decoded d = {0};
	struct problems said;

	(void)state;
	decode(&d, "services:\n"
		   "  web:\n"
		   "    image: x\n"
		   "    deploy:\n"
		   "      resources:\n"
		   "        reservations:\n"
		   "          cpus: 1\n"
		   "    volumes:\n"
		   "      - ./a:/a\n"
		   "      - type: bind\n"
		   "        source: /x\n"
		   "        target: /y\n"
		   "        bind: {selinux: z}\n");
	problems_init(&said, d.arena);
	compose_check_mode(&d.compose, &d.app, false, &said);
	assert_int_equal(said.count, 1);
	assert_int_equal(said.items[0].place.line, 7);
	assert_int_equal(said.items[0].place.column, 11);
	compose_check_mode(&d.compose, &d.app, true, &said);
	assert_int_equal(said.count, 2);
	assert_int_equal(said.items[1].place.line, 13);
	assert_int_equal(said.items[1].place.column, 16);
	decoded_release(&d);
}

/* --- The table --- */

static const struct compose_key *row_of(const char *path)
{
	const struct compose_key *row;

	for (size_t i = 0; (row = compose_key_row(i)); i++)
		if (!strcmp(row->path, path))
			return row;
	return NULL;
}

static void every_key_stands_once(void **state)
{
	json_t *seen = json_object();
	const struct compose_key *row;
	size_t i;

	(void)state;
	for (i = 0; (row = compose_key_row(i)); i++) {
		if (json_object_get(seen, row->path))
			fail_msg("%s stands twice", row->path);
		json_object_set_new(seen, row->path, json_true());
		assert_true(row->compose <= COMPOSE_REFUSE && row->swarm <= COMPOSE_REFUSE);
		if ((row->compose == COMPOSE_REFUSE) && (row->swarm == COMPOSE_REFUSE) &&
		    !row->note)
			fail_msg("%s is refused without a word", row->path);
	}
	assert_true(i > 250);
	json_decref(seen);
}

/* A key below another one needs that one. */
static void every_key_has_its_parent(void **state)
{
	const struct compose_key *row;

	(void)state;
	for (size_t i = 0; (row = compose_key_row(i)); i++) {
		char parent[200];
		char *dot;

		snprintf(parent, sizeof parent, "%s", row->path);
		dot = strrchr(parent, '.');
		while (dot && (*dot = '\0', dot >= parent + 2) && !strcmp(dot - 2, ".*"))
			dot = dot - 2;
		if (dot)
			*dot = '\0';
		if (dot && !row_of(parent))
			fail_msg("%s has no row %s above it", row->path, parent);
	}
}

static void rows_say_what_is_promised(void **state)
{
	static const struct compose_key wanted[] = {
		{"services.*.image", COMPOSE_YES, COMPOSE_YES, NULL},
		{"services.*.privileged", COMPOSE_YES, COMPOSE_REFUSE, NULL},
		{"services.*.container_name", COMPOSE_YES, COMPOSE_IGNORE, NULL},
		{"services.*.deploy.replicas", COMPOSE_YES, COMPOSE_YES, NULL},
		{"services.*.deploy.placement.preferences.*.spread", COMPOSE_IGNORE, COMPOSE_YES,
		 NULL},
		{"services.*.provider", COMPOSE_REFUSE, COMPOSE_REFUSE, NULL},
		{"networks.*.ipam.config.*.subnet", COMPOSE_YES, COMPOSE_YES, NULL},
		{"secrets.*.external", COMPOSE_REFUSE, COMPOSE_YES, NULL},
		{"include", COMPOSE_YES, COMPOSE_YES, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		const struct compose_key *row = row_of(wanted[i].path);

		if (!row || row->compose != wanted[i].compose || row->swarm != wanted[i].swarm)
			fail_msg("%s", wanted[i].path);
	}
}

/* All keys of a service in the schema of the specification (docker compose 2.40.3). */
static const char *const specified[] = {
	"annotations attach blkio_config blkio_config.device_read_bps ",
	"blkio_config.device_read_bps.*.path blkio_config.device_read_bps.*.rate ",
	"blkio_config.device_read_iops blkio_config.device_read_iops.*.path ",
	"blkio_config.device_read_iops.*.rate blkio_config.device_write_bps ",
	"blkio_config.device_write_bps.*.path blkio_config.device_write_bps.*.rate ",
	"blkio_config.device_write_iops blkio_config.device_write_iops.*.path ",
	"blkio_config.device_write_iops.*.rate blkio_config.weight ",
	"blkio_config.weight_device blkio_config.weight_device.*.path ",
	"blkio_config.weight_device.*.weight build build.additional_contexts ",
	"build.args build.cache_from build.cache_to build.context build.dockerfile ",
	"build.dockerfile_inline build.entitlements build.extra_hosts build.isolation ",
	"build.labels build.network build.no_cache build.platforms build.privileged ",
	"build.provenance build.pull build.sbom build.secrets build.shm_size build.ssh ",
	"build.tags build.target build.ulimits build.ulimits.*.hard ",
	"build.ulimits.*.soft cap_add cap_drop cgroup cgroup_parent command configs ",
	"configs.*.gid configs.*.mode configs.*.source configs.*.target configs.*.uid ",
	"container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period ",
	"cpu_rt_runtime cpu_shares cpus cpuset credential_spec depends_on ",
	"depends_on.*.condition depends_on.*.required depends_on.*.restart deploy ",
	"deploy.endpoint_mode deploy.labels deploy.mode deploy.placement ",
	"deploy.placement.constraints deploy.placement.max_replicas_per_node ",
	"deploy.placement.preferences deploy.placement.preferences.*.spread ",
	"deploy.replicas deploy.resources deploy.resources.limits ",
	"deploy.resources.limits.cpus deploy.resources.limits.memory ",
	"deploy.resources.limits.pids deploy.resources.reservations ",
	"deploy.resources.reservations.cpus deploy.resources.reservations.devices ",
	"deploy.resources.reservations.devices.*.capabilities ",
	"deploy.resources.reservations.devices.*.count ",
	"deploy.resources.reservations.devices.*.device_ids ",
	"deploy.resources.reservations.devices.*.driver ",
	"deploy.resources.reservations.devices.*.options ",
	"deploy.resources.reservations.generic_resources ",
	"deploy.resources.reservations.generic_resources.*.discrete_resource_spec ",
	"deploy.resources.reservations.generic_resources.*.discrete_resource_spec.kind ",
	"deploy.resources.reservations.generic_resources.*.discrete_resource_spec.value ",
	"deploy.resources.reservations.memory deploy.restart_policy ",
	"deploy.restart_policy.condition deploy.restart_policy.delay ",
	"deploy.restart_policy.max_attempts deploy.restart_policy.window ",
	"deploy.rollback_config deploy.rollback_config.delay ",
	"deploy.rollback_config.failure_action ",
	"deploy.rollback_config.max_failure_ratio deploy.rollback_config.monitor ",
	"deploy.rollback_config.order deploy.rollback_config.parallelism ",
	"deploy.update_config deploy.update_config.delay ",
	"deploy.update_config.failure_action deploy.update_config.max_failure_ratio ",
	"deploy.update_config.monitor deploy.update_config.order ",
	"deploy.update_config.parallelism develop device_cgroup_rules devices ",
	"devices.*.permissions devices.*.source devices.*.target dns dns_opt ",
	"dns_search domainname entrypoint env_file env_file.*.format env_file.*.path ",
	"env_file.*.required environment expose extends extends.file extends.service ",
	"external_links extra_hosts gpus gpus.*.capabilities gpus.*.count ",
	"gpus.*.device_ids gpus.*.driver gpus.*.options group_add healthcheck ",
	"healthcheck.disable healthcheck.interval healthcheck.retries ",
	"healthcheck.start_interval healthcheck.start_period healthcheck.test ",
	"healthcheck.timeout hostname image init ipc isolation label_file labels links ",
	"logging logging.driver logging.options mac_address mem_limit mem_reservation ",
	"mem_swappiness memswap_limit models network_mode networks networks.*.aliases ",
	"networks.*.driver_opts networks.*.gw_priority networks.*.interface_name ",
	"networks.*.ipv4_address networks.*.ipv6_address networks.*.link_local_ips ",
	"networks.*.mac_address networks.*.priority oom_kill_disable oom_score_adj pid ",
	"pids_limit platform ports ports.*.app_protocol ports.*.host_ip ports.*.mode ",
	"ports.*.name ports.*.protocol ports.*.published ports.*.target post_start ",
	"post_start.*.command post_start.*.environment post_start.*.privileged ",
	"post_start.*.user post_start.*.working_dir pre_stop pre_stop.*.command ",
	"pre_stop.*.environment pre_stop.*.privileged pre_stop.*.user ",
	"pre_stop.*.working_dir privileged profiles provider pull_policy ",
	"pull_refresh_after read_only restart runtime scale secrets secrets.*.gid ",
	"secrets.*.mode secrets.*.source secrets.*.target secrets.*.uid security_opt ",
	"shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs ",
	"tty ulimits ulimits.*.hard ulimits.*.soft use_api_socket user userns_mode uts ",
	"volumes volumes.*.bind volumes.*.bind.create_host_path ",
	"volumes.*.bind.propagation volumes.*.bind.recursive volumes.*.bind.selinux ",
	"volumes.*.consistency volumes.*.image volumes.*.image.subpath ",
	"volumes.*.read_only volumes.*.source volumes.*.target volumes.*.tmpfs ",
	"volumes.*.tmpfs.mode volumes.*.tmpfs.size volumes.*.type volumes.*.volume ",
	"volumes.*.volume.labels volumes.*.volume.nocopy volumes.*.volume.subpath ",
	"volumes_from working_dir ",
};

static void the_specification_is_covered(void **state)
{
	char path[200];

	(void)state;
	for (size_t i = 0; i < sizeof specified / sizeof *specified; i++) {
		for (const char *p = specified[i]; *p; p += strcspn(p, " ") + 1) {
			snprintf(path, sizeof path, "services.*.%.*s", (int)strcspn(p, " "), p);
			if (!row_of(path))
				fail_msg("%s is missing", path);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(swarm_refuses_what_it_cannot_do),
		cmocka_unit_test(swarm_ignores_aloud),
		cmocka_unit_test(compose_mode_has_no_swarm),
		cmocka_unit_test(what_says_nothing_is_no_use),
		cmocka_unit_test(swarm_rules_over_several_keys),
		cmocka_unit_test(swarm_names_are_host_names),
		cmocka_unit_test(places_are_those_of_the_keys),
		cmocka_unit_test(every_key_stands_once),
		cmocka_unit_test(every_key_has_its_parent),
		cmocka_unit_test(rows_say_what_is_promised),
		cmocka_unit_test(the_specification_is_covered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
