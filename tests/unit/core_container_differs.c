/*
 * Judging live containers: those that docker compose made on real engines
 * (tests/corpora/containers) are as the file wants them, and every change of the file is seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "container_case.h"

static const char *id_of(void *ids, const char *service)
{
	return json_string_value(json_object_get(ids, service));
}

static struct container_facts facts_of(struct fixture *f, const struct compose *compose,
				       const struct compose_service *service, const json_t *project,
				       const json_t *container)
{
	const json_t *image = json_object_get(container, "image");

	return (struct container_facts){
		.api = (int)json_integer_value(json_object_get(project, "api")),
		.image_id = json_member_text(image, "Id"),
		.image = image,
		.name = container_name(f->arena, compose, service, 1),
		.number = 1,
		.service_id = id_of,
		.service_arg = json_object_get(project, "ids"),
	};
}

/* The verdict on a recorded container, with another file if root is not NULL. */
static const char *verdict(struct fixture *f, const json_t *project, const json_t *container,
			   json_t *root)
{
	const char *name = json_member_text(container, "service"), *differs;
	const struct compose_service *service;
	struct container_facts facts;
	struct compose compose;

	model(&compose, project, root ? root : json_object_get(project, "root"));
	service = compose_service_find(&compose, name);
	assert_non_null(service);
	facts = facts_of(f, &compose, service, project, container);
	differs = container_differs(f->arena, &compose, service, &facts,
				    json_object_get(container, "inspect"));
	free(compose.services);
	return differs;
}

static void test_made_by_docker_compose(void **state)
{
	struct fixture *f = *state;
	json_t *project, *container;
	size_t i, count = 0;

	EACH_PROJECT(f, project)
	{
		json_array_foreach(json_object_get(project, "containers"), i, container) {
			const char *differs = verdict(f, project, container, NULL);

			if (differs)
				fail_msg("%s: %s: %s", files[e_],
					 json_member_text(container, "service"), differs);
			count++;
		}
	}
	assert_true(count > 50);
}

/* Without ids and files of others, as a plan knows them: still nothing. */
static void test_few_facts(void **state)
{
	struct fixture *f = *state;
	json_t *project, *container;
	size_t i;

	EACH_PROJECT(f, project)
	{
		struct compose compose;

		model(&compose, project, json_object_get(project, "root"));
		json_array_foreach(json_object_get(project, "containers"), i, container) {
			const struct compose_service *service = compose_service_find(
				&compose, json_member_text(container, "service"));
			struct container_facts facts =
				facts_of(f, &compose, service, project, container);
			const char *differs;

			facts.service_id = NULL;
			facts.image = NULL;
			facts.image_id = "";
			differs = container_differs(f->arena, &compose, service, &facts,
						    json_object_get(container, "inspect"));
			if (differs)
				fail_msg("%s: %s: %s", files[e_], service->name, differs);
		}
		free(compose.services);
	}
}

static const json_t *find_container(const json_t *project, const char *service)
{
	json_t *container;
	size_t i;

	json_array_foreach(json_object_get(project, "containers"), i, container) {
		if (!strcmp(json_member_text(container, "service"), service))
			return container;
	}
	return NULL;
}

#define OLD 1
#define NEW 2
#define ALL (OLD | NEW)

/* What changes in the file of a recorded container, and what is then said of it. */
static const struct mutation {
	const char *project, *service, *path, *value, *differs;
	int engines;
} mutations[] = {
	{"basic", "plain", "image", "'other'", "image", ALL},
	{"basic", "plain", "entrypoint", "['sh']", "entrypoint", ALL},
	{"basic", "plain", "command", "['sh']", "command", ALL},
	{"basic", "words", "command/1", "'1001'", "command", ALL},
	{"basic", "words", "command", "-", "command", ALL},
	{"basic", "ent", "entrypoint", "-", "entrypoint", ALL},
	{"basic", "ent", "command", "['x']", "command", ALL},
	{"basic", "entempty", "entrypoint", "['sleep']", "entrypoint", ALL},
	{"basic", "entempty", "command", "-", "command", ALL},
	{"image", "b", "entrypoint", "[]", "entrypoint", ALL},
	{"image", "d", "entrypoint", "-", "entrypoint", ALL},
	{"image", "c", "command", "-", "command", ALL},
	{"basic", "words", "environment/A", "'2'", "environment A", ALL},
	{"basic", "words", "environment/A", "-", "environment A", ALL},
	{"basic", "words", "environment/NEW", "''", "environment NEW", ALL},
	{"basic", "words", "environment/BARE", "''", "environment BARE", ALL},
	{"basic", "words", "environment/EMPTY", "null", "environment EMPTY", ALL},
	{"image", "b", "environment/X", "-", "environment X", ALL},
	{"image", "b", "environment/X", "'1'", "environment X", ALL},
	{"image", "b", "environment/Y", "-", "environment Y", ALL},
	{"image", "c", "environment", "{'X': null}", "environment X", ALL},
	{"basic", "words", "labels/a", "'c'", "label a", ALL},
	{"basic", "words", "labels/c.d", "-", "label c.d", ALL},
	{"basic", "words", "labels/new", "''", "label new", ALL},
	{"image", "b", "labels/both", "-", "label both", ALL},
	{"image", "c", "labels", "{'img': '2'}", "label img", ALL},
	{"basic", "words", "hostname", "-", "hostname", ALL},
	{"basic", "plain", "hostname", "'x'", "hostname", ALL},
	{"basic", "words", "domainname", "'ex.net'", "domainname", ALL},
	{"basic", "words", "user", "'1'", "user", ALL},
	{"image", "b", "user", "-", "user", ALL},
	{"image", "b", "working_dir", "-", "working_dir", ALL},
	{"image", "c", "stop_signal", "-", "stop_signal", ALL},
	{"basic", "words", "tty", "false", "tty", ALL},
	{"basic", "words", "stdin_open", "-", "stdin_open", ALL},
	{"basic", "plain", "tty", "true", "tty", ALL},
	{"basic", "words", "init", "-", "init", ALL},
	{"basic", "entempty", "init", "-", "init", ALL},
	{"basic", "plain", "init", "false", "init", ALL},
	{"basic", "words", "stop_grace_period", "3000000000", "stop_grace_period", ALL},
	{"basic", "plain", "stop_grace_period", "-", "stop_grace_period", ALL},
	{"basic", "words", "healthcheck/retries", "3", "healthcheck", ALL},
	{"basic", "words", "healthcheck", "-", "healthcheck", ALL},
	{"image", "b", "healthcheck", "-", "healthcheck", ALL},
	{"image", "b", "healthcheck/retries", "5", "healthcheck", ALL},
	{"image", "c", "healthcheck", "-", "healthcheck", ALL},
	{"basic", "words", "expose/9", "'7/tcp'", "expose", ALL},
	{"basic", "words", "expose", "-", "expose", ALL},
	{"image", "b", "expose", "-", "expose", ALL},
	{"basic", "words", "ports/1/host_ip", "-", "ports", ALL},
	{"basic", "words", "ports/1/published", "'1'", "ports", ALL},
	{"basic", "words", "ports/2/published", "'38490'", "ports", ALL},
	{"basic", "words", "ports/0/published", "'1'", "ports", ALL},
	{"basic", "words", "ports/9", "{'target': 80, 'published': '5', 'protocol': 'tcp'}",
	 "ports", ALL},
	{"basic", "words", "restart", "'on-failure:4'", "restart", ALL},
	{"basic", "words", "restart", "-", "restart", ALL},
	{"basic", "ent", "restart", "'unless-stopped'", "restart", ALL},
	{"basic", "plain", "restart", "'always'", "restart", ALL},
	{"limits", "dep", "deploy/restart_policy/condition", "'any'", "restart", ALL},
	{"limits", "depnone", "deploy", "-", "restart", ALL},
	{"basic", "words", "read_only", "-", "read_only", ALL},
	{"basic", "words", "cap_add/0", "-", "cap_add", ALL},
	{"basic", "words", "cap_drop/5", "'KILL'", "cap_drop", ALL},
	{"basic", "words", "security_opt/0", "-", "security_opt", ALL},
	{"basic", "words", "security_opt/9", "'systempaths=unconfined'", "security_opt", ALL},
	{"limits", "ns2", "security_opt", "-", "security_opt", ALL},
	{"basic", "words", "shm_size", "1048576", "shm_size", ALL},
	{"basic", "words", "sysctls", "-", "sysctls", ALL},
	{"basic", "words", "ulimits/nproc/soft", "101", "ulimits", ALL},
	{"basic", "words", "ulimits/nofile", "-", "ulimits", ALL},
	{"basic", "words", "dns/0", "'9.9.9.9'", "dns", ALL},
	{"basic", "words", "dns_search/0", "-", "dns_search", ALL},
	{"basic", "words", "dns_opt/0", "'ndots:3'", "dns_opt", ALL},
	{"basic", "words", "extra_hosts/1", "'six=::2'", "extra_hosts", ALL},
	{"basic", "words", "group_add", "-", "group_add", ALL},
	{"basic", "words", "logging/options/max-size", "'2m'", "logging", ALL},
	{"basic", "words", "logging/driver", "'local'", "logging", ALL},
	{"basic", "words", "tmpfs/1", "-", "tmpfs", ALL},
	{"basic", "words", "tmpfs/0", "'/run:size=2m'", "tmpfs", ALL},
	{"basic", "words", "oom_score_adj", "-", "oom_score_adj", ALL},
	{"basic", "words", "annotations/x", "'z'", "annotations", NEW},
	{"basic", "plain", "cgroup_parent", "'x'", "cgroup_parent", ALL},
	{"basic", "plain", "storage_opt", "{'size': '1G'}", "storage_opt", ALL},
	{"limits", "ns", "pid", "-", "pid", ALL},
	{"limits", "ns", "ipc", "-", "ipc", ALL},
	{"limits", "ns2", "ipc", "'private'", "ipc", ALL},
	{"limits", "ns3", "ipc", "'service:mem'", "ipc", ALL},
	{"limits", "ns3", "pid", "'service:gone'", "pid", ALL},
	{"limits", "ns3", "network_mode", "'service:mem'", "network_mode", ALL},
	{"limits", "ns", "uts", "-", "uts", ALL},
	{"limits", "ns", "cgroup", "'private'", "cgroup", ALL},
	{"limits", "ns", "userns_mode", "-", "userns_mode", ALL},
	{"limits", "ns2", "runtime", "'crun'", "runtime", ALL},
	{"limits", "priv", "privileged", "-", "privileged", ALL},
	{"limits", "nshost", "network_mode", "'none'", "network_mode", ALL},
	{"limits", "nsnone", "network_mode", "'bridge'", "network_mode", ALL},
	{"limits", "cpu2", "cpus", "0.5", "cpus", ALL},
	{"limits", "cpu2", "cpu_shares", "5", "cpu_shares", ALL},
	{"limits", "cpu2", "cpu_quota", "25001", "cpu_quota", ALL},
	{"limits", "cpu2", "cpuset", "'1'", "cpuset", ALL},
	{"limits", "cpu2", "cpu_period", "50001", "cpu_period", ALL},
	{"limits", "cpu2", "cpu_rt_period", "5", "cpu_rt_period", ALL},
	{"limits", "cpu2", "cpu_rt_runtime", "5", "cpu_rt_runtime", ALL},
	{"limits", "cpu2", "cpu_count", "5", "cpu_count", ALL},
	{"limits", "ns2", "isolation", "'hyperv'", "isolation", ALL},
	{"limits", "nshost", "hostname", "'x'", "hostname", ALL},
	{"limits", "mem", "mem_limit", "67108865", "mem_limit", ALL},
	{"limits", "mem", "mem_limit", "-", "mem_limit", ALL},
	{"limits", "mem", "mem_reservation", "-", "mem_reservation", ALL},
	{"limits", "mem", "pids_limit", "51", "pids_limit", ALL},
	{"limits", "mem", "mem_swappiness", "11", "mem_swappiness", ALL},
	{"limits", "mem", "oom_kill_disable", "-", "oom_kill_disable", ALL},
	{"limits", "swap", "memswap_limit", "134217729", "memswap_limit", ALL},
	{"limits", "swap", "pids_limit", "5", "pids_limit", ALL},
	{"limits", "dep", "deploy/resources/limits/cpus", "0.8", "cpus", ALL},
	{"limits", "dep", "deploy/resources/limits/pids", "-", "pids_limit", ALL},
	{"limits", "dep", "deploy/resources/reservations/memory", "1", "mem_reservation", ALL},
	{"limits", "dep", "gpus", "[{'count': -1}]", "gpus", ALL},
	{"limits", "dev", "devices/0/permissions", "'rwm'", "devices", ALL},
	{"limits", "dev", "devices/1", "-", "devices", ALL},
	{"limits", "dev", "device_cgroup_rules", "-", "device_cgroup_rules", ALL},
	{"basic", "plain", "blkio_config", "{'device_read_bps': [{'path': '/x', 'rate': 5}]}",
	 "blkio_config", ALL},
	{"vols", "v", "volumes/0/read_only", "-", "mount /x", ALL},
	{"vols", "v", "volumes/0/source", "'/else'", "mount /x", ALL},
	{"vols", "v", "volumes/0", "-", "mount /x", ALL},
	{"vols", "v", "volumes/1/bind/selinux", "'Z'", "mount /xz", ALL},
	{"vols", "v", "volumes/2/source", "'other'", "mount /d", ALL},
	{"vols", "v", "volumes/2/source", "-", "mount /d", ALL},
	{"vols", "v", "volumes/4", "-", "mount /anon", ALL},
	{"vols", "v", "volumes/5/bind/propagation", "'slave'", "mount /y", ALL},
	{"vols", "v", "volumes/8/bind/recursive", "-", "mount /y4", ALL},
	{"vols", "v", "volumes/9/tmpfs/size", "5", "mount /t", ALL},
	{"vols", "v", "volumes/9/tmpfs/mode", "5", "mount /t", ALL},
	{"vols", "v", "volumes/11/volume/nocopy", "-", "mount /d2", ALL},
	{"vols", "v", "volumes/99", "{'type': 'tmpfs', 'target': '/new'}", "mount /new", ALL},
	{"vols", "v", "secrets/1", "-", "mount /run/secrets/other", ALL},
	{"vols", "v", "configs/1/target", "'/etc/d'", "mount /etc/d", ALL},
	{"vols", "w", "volumes_from", "-", "volumes_from", ALL},
	{"vols", "w", "volumes_from/0", "'v'", "volumes_from", ALL},
	{"vols", "w", "volumes/0/source", "'data'", "mount /big", ALL},
	{"image", "c", "volumes", "-", "mount /vol", ALL},
	{"nets", "a", "networks/z", "-", "network out-znet", ALL},
	{"nets", "b", "networks/z", "{}", "network out-znet", ALL},
	{"nets", "a", "networks/x/aliases/1", "-", "network nets_x aliases", ALL},
	{"nets", "b", "networks/x/aliases", "['q']", "network nets_x aliases", ALL},
	{"nets", "a", "networks/y/ipv4_address", "-", "network nets_y address", ALL},
	{"nets", "f", "networks/y/link_local_ips", "-", "network nets_y address", ALL},
	{"nets", "f", "networks/y/driver_opts/foo", "'x'", "network nets_y driver_opts", ALL},
	{"nets", "a", "networks/z/priority", "9", "networks", ALL},
	{"nets", "a", "mac_address", "-", "mac_address", ALL},
	{"nets", "a", "mac_address", "'02:42:ac:11:00:08'", "mac_address", OLD},
	{"nets", "a", "mac_address", "'02:42:ac:11:00:08'", "network nets_x mac_address", NEW},
	{"nets", "b", "mac_address", "'02:42:ac:11:00:08'", "mac_address", OLD},
	{"nets", "b", "mac_address", "'02:42:ac:11:00:08'", "network nets_x mac_address", NEW},
	{"nets", "a", "links/0", "'b:cc'", "network nets_x links", ALL},
	{"nets", "br", "external_links", "-", "links", ALL},
	{"nets2", "a", "networks/x/gw_priority", "4", "network nets2_x gw_priority", NEW},
	{"nets2", "a", "networks/y/interface_name", "'foo1'", "network nets2_y driver_opts", NEW},
	{"nets2", "a", "healthcheck/start_interval", "-", "healthcheck", NEW},
};

static void check_mutation(struct fixture *f, const struct mutation *m, size_t engine)
{
	const json_t *project = find_project(f, engine, m->project),
		     *container = find_container(project, m->service);
	json_t *root = json_deep_copy(json_object_get(project, "root"));
	const char *differs;

	if (!container)
		fail_msg("%s has no %s/%s", files[engine], m->project, m->service);
	change(json_object_get(json_object_get(root, "services"), m->service), m->path, m->value);
	differs = verdict(f, project, container, root);
	if (strcmp(differs ? differs : "(nothing)", m->differs ? m->differs : "(nothing)") != 0)
		fail_msg("%s: %s %s to %s: \"%s\"", files[engine], m->service, m->path, m->value,
			 differs ? differs : "(nothing)");
	json_decref(root);
}

static void test_every_change(void **state)
{
	for (size_t i = 0; i < sizeof mutations / sizeof *mutations; i++)
		for (size_t engine = 0; engine < ENGINES; engine++)
			if (mutations[i].engines & (1 << engine))
				check_mutation(*state, &mutations[i], engine);
}

/* Changes that make no other container, or that an inspect cannot show. */
static void test_no_change(void **state)
{
	static const struct mutation same[] = {
		{"basic", "words", "cap_add/0", "'cap_net_admin'", NULL, ALL},
		{"basic", "words", "depends_on", "{'plain': {}}", NULL, ALL},
		{"basic", "words", "build", "{'context': '/'}", NULL, ALL},
		{"basic", "words", "logging", "-", NULL, ALL},
		{"basic", "words", "shm_size", "-", NULL, ALL},
		{"basic", "plain", "restart", "'no'", NULL, ALL},
		{"basic", "plain", "cgroup", "''", NULL, ALL},
		{"limits", "swap", "pids_limit", "-", NULL, ALL},
		{"limits", "swap", "memswap_limit", "-", NULL, ALL},
		{"limits", "dep", "deploy/mode", "'replicated'", NULL, ALL},
		{"vols", "v", "volumes/0/bind/create_host_path", "false", NULL, ALL},
		{"nets", "a", "networks/x/priority", "50", NULL, ALL},
		{"basic", "words", "annotations", "-", NULL, OLD},
		{"basic", "entempty", "entrypoint", "['']", NULL, ALL},
	};

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		for (size_t engine = 0; engine < ENGINES; engine++)
			if (same[i].engines & (1 << engine))
				check_mutation(*state, &same[i], engine);
}

/* Changes of the live container, beside the file. */
static void test_live_changes(void **state)
{
	static const struct {
		const char *path, *value, *differs;
	} changes[] = {
		{"Image", "'sha256:1'", NULL}, /* the label still says what it was made from */
		{"NetworkSettings/Networks/by_hand", "{'Aliases': ['x']}", NULL},
		{"NetworkSettings/Networks/by_hand", "{'Aliases': null}", NULL},
		{"NetworkSettings/Networks/older", "{'Aliases': ['words']}", "network older"},
		{"NetworkSettings/Networks/basic_default", "-", "network basic_default"},
		{"HostConfig/Ulimits", "null", "ulimits"},
		{"HostConfig/MaskedPaths", "[]", "security_opt"},
		{"HostConfig/SecurityOpt/9", "'label=disable'", "security_opt"},
		{"HostConfig/ReadonlyPaths", "[]", "security_opt"},
		{"Config/Env", "null", "environment PATH"},
		{"HostConfig", "-", "networks"},
		{"Config", "-", "image"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		const json_t *project = find_project(f, 1, "basic");
		json_t *container = json_deep_copy(find_container(project, "words"));
		const char *differs;

		change(json_object_get(container, "inspect"), changes[i].path, changes[i].value);
		differs = verdict(f, project, container, NULL);
		if (!differs != !changes[i].differs ||
		    (differs && strcmp(differs, changes[i].differs) != 0))
			fail_msg("%s: %s", changes[i].path, differs ? differs : "(nothing)");
		json_decref(container);
	}
}

/* A tag that moved: neither the label nor what runs is the image of now. */
static void test_image_moved(void **state)
{
	struct fixture *f = *state;
	const json_t *project = find_project(f, 0, "basic");
	json_t *container = json_deep_copy(find_container(project, "plain"));

	change(container, "image/Id", "'sha256:2'");
	assert_string_equal(verdict(f, project, container, NULL), "image");
	json_decref(container);
}

/* Other versions of docker compose wrote in Binds what this one writes in Mounts. */
static void test_forms_of_mounts(void **state)
{
	static const struct {
		const char *bind, *differs;
	} forms[] = {
		{"'/srv/app/dir:/y:rw,private'", NULL},
		{"'/srv/app/dir:/y:private'", NULL},
		{"'/srv/app/dir:/y:z,private'", NULL},
		{"'/srv/app/dir:/y'", "mount /y"},
		{"'/srv/app/dir:/y:rw,slave'", "mount /y"},
		{"'vols_data:/d2:rw,nocopy'", NULL},
		{"'vols_data:/d2:rw'", "mount /d2"},
		{"'vols_data:/d2:ro,nocopy'", "mount /d2"},
		{"'other:/d2:nocopy'", "mount /d2"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		const json_t *project = find_project(f, 0, "vols");
		json_t *container = json_deep_copy(find_container(project, "v"));
		json_t *host = json_object_get(json_object_get(container, "inspect"), "HostConfig");
		const char *target = strstr(forms[i].bind, "/y") ? "/y" : "/d2", *differs;
		size_t k;
		json_t *mount;

		json_array_append_new(json_object_get(host, "Binds"), json_case_new(forms[i].bind));
		json_array_foreach(json_object_get(host, "Mounts"), k, mount) {
			if (!strcmp(json_member_text(mount, "Target"), target))
				json_array_remove(json_object_get(host, "Mounts"), k--);
		}
		differs = verdict(f, project, container, NULL);
		if (strcmp(differs ? differs : "", forms[i].differs ? forms[i].differs : "") != 0)
			fail_msg("%s: %s", forms[i].bind, differs ? differs : "(nothing)");
		json_decref(container);
	}
}

/* An anonymous volume may have been carried on, a secret's private file may lie anywhere. */
static void test_unsaid_sources(void **state)
{
	static const struct {
		const char *target, *source, *differs;
	} cases[] = {
		{"/anon", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", NULL},
		{"/anon", "vols_data", "mount /anon"},
		{"/run/secrets/s1", "/elsewhere", NULL},
		{"/c1", "/elsewhere", "mount /c1"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const json_t *project = find_project(f, 0, "vols");
		json_t *root = json_deep_copy(json_object_get(project, "root")),
		       *container = json_deep_copy(find_container(project, "v")), *mount;
		json_t *host = json_object_get(json_object_get(container, "inspect"), "HostConfig");
		const char *differs;
		size_t k;

		json_array_foreach(json_object_get(host, "Mounts"), k, mount) {
			const char *target = json_member_text(mount, "Target");

			if (!strcmp(target, cases[i].target))
				json_object_set_new(mount, "Source", json_string(cases[i].source));
		}
		change(root, "secrets/s1", "{'content': 'x'}");
		differs = verdict(f, project, container, root);
		if (strcmp(differs ? differs : "", cases[i].differs ? cases[i].differs : "") != 0)
			fail_msg("%s: %s", cases[i].target, differs ? differs : "(nothing)");
		json_decref(container);
		json_decref(root);
	}
}

/* A password is never in the text. */
static void test_no_values(void **state)
{
	struct fixture *f = *state;
	const json_t *project = find_project(f, 0, "basic");
	json_t *root = json_deep_copy(json_object_get(project, "root"));

	change(json_object_get(json_object_get(root, "services"), "plain"), "environment",
	       "{'PASSWORD': 'hunter2'}");
	assert_string_equal(verdict(f, project, find_container(project, "plain"), root),
			    "environment PASSWORD");
	json_decref(root);
}

/* What we made is also judged by its hash: what no inspect shows is seen there. */
static void test_our_hash(void **state)
{
	struct fixture *f = *state;
	const json_t *project = find_project(f, 0, "basic");
	json_t *root = json_deep_copy(json_object_get(project, "root")),
	       *container = json_deep_copy(find_container(project, "words"));
	json_t *labels = json_object_get(
		json_object_get(json_object_get(container, "inspect"), "Config"), "Labels");
	struct compose compose;
	char hash[65];

	model(&compose, project, root);
	container_hash(&compose, compose_service_find(&compose, "words"), hash);
	json_object_set_new(labels, LABEL_HASH, json_string(hash));
	assert_null(verdict(f, project, container, root));
	change(json_object_get(json_object_get(root, "services"), "words"), "logging", "-");
	assert_string_equal(verdict(f, project, container, root), "configuration");
	free(compose.services);
	json_decref(container);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_by_docker_compose),
		cmocka_unit_test(test_few_facts),
		cmocka_unit_test(test_every_change),
		cmocka_unit_test(test_no_change),
		cmocka_unit_test(test_live_changes),
		cmocka_unit_test(test_image_moved),
		cmocka_unit_test(test_forms_of_mounts),
		cmocka_unit_test(test_unsaid_sources),
		cmocka_unit_test(test_no_values),
		cmocka_unit_test(test_our_hash),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
