/* Whether a live Swarm service is as wanted, judged on what real engines store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "kata/swarm.h"
#include "swarm_golden.h"

struct fixture {
	struct arena *arena;
	json_t *wanted, *live; /* web, as it was sent and as 28.5 shows it */
};

/* Ids of networks are "net-<name>" in the golden specs. */
static const char *network_name(void *arg, const char *id)
{
	(void)arg;
	return !strncmp(id, "net-", 4) ? id + 4 : NULL;
}

static json_t *live_new(const char *stored)
{
	return json_pack("{s:s,s:o}", "ID", "x", "Spec", golden_json(stored));
}

static int setup(void **state)
{
	static struct fixture f;

	f.arena = arena_new();
	f.wanted = golden_json(golden_sent_web);
	f.live = live_new(golden_stored_web);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	json_decref(f->wanted);
	json_decref(f->live);
	arena_free(f->arena);
	return 0;
}

static const char *differs(const struct fixture *f)
{
	return swarm_differs(f->arena, f->wanted, f->live, network_name, NULL);
}

static void use(struct fixture *f, const char *sent, const char *stored)
{
	json_decref(f->wanted);
	json_decref(f->live);
	f->wanted = golden_json(sent);
	f->live = live_new(stored);
}

#define CONTAINER "TaskTemplate/ContainerSpec/"

/* --- no difference --- */

static void test_stack_deploy_is_adopted(void **state)
{
	struct fixture *f = *state;

	assert_null(differs(f));
	use(f, golden_sent_job, golden_stored_job);
	assert_null(differs(f));
	use(f, golden_sent_all, golden_stored_all);
	assert_null(differs(f));
}

/* What an old engine dropped was not sent to it either (swarm_spec_new, api 41). */
static void test_old_engine(void **state)
{
	struct fixture *f = *state;

	use(f, golden_sent_web, golden_stored_web_20);
	golden_set(f->wanted, CONTAINER "Healthcheck/StartInterval", NULL);
	golden_set(f->wanted, CONTAINER "Mounts/2/VolumeOptions/Subpath", NULL);
	assert_null(differs(f));
}

static void test_same_meaning(void **state)
{
	static const char *const rows[][2] = {
		{CONTAINER "Sysctls", NULL},
		{CONTAINER "Env", "['EMPTY=','B=2','A=1=2','A_1=x']"},
		{CONTAINER "CapabilityAdd", "['CAP_SYS_ADMIN','CAP_NET_ADMIN']"},
		{CONTAINER "Isolation", NULL},
		{CONTAINER "Groups", "[]"},
		{CONTAINER "Privileges", NULL},
		{CONTAINER "Secrets/0/File/Name", "'other'"},
		{CONTAINER "Configs/0/File/Name", "'/c2'"},
		{CONTAINER "Mounts/0/BindOptions", "{'Propagation':'rprivate'}"},
		{CONTAINER "Mounts/4/VolumeOptions", NULL},
		{"TaskTemplate/Runtime", NULL},
		{"TaskTemplate/ForceUpdate", "7"},
		{"TaskTemplate/LogDriver/Options/max-size", "'1m'"},
		{"TaskTemplate/Placement/Constraints", "['node.labels.x!=y','node.role==manager']"},
		{"TaskTemplate/Networks/0/Target", "'a-special'"},
		{"TaskTemplate/Networks/2/Aliases", "['web','x','www']"},
		{"EndpointSpec/Mode", NULL},
		{"EndpointSpec/Ports/0/Protocol", NULL},
		{"EndpointSpec/Ports/0/PublishMode", NULL},
		{"UpdateConfig/MaxFailureRatio", "0.10000000149011612"},
		{"RollbackConfig/Order", NULL},
		{"RollbackConfig/Monitor", "5000000000"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *path = arena_printf(f->arena, "Spec/%s", rows[i][0]);
		const char *difference;

		use(f, golden_sent_web, golden_stored_web);
		golden_set(f->live, path, rows[i][1] ? golden_json(rows[i][1]) : NULL);
		if (!strcmp(rows[i][0], CONTAINER "Sysctls"))
			golden_set(f->wanted, rows[i][0], golden_json("{}"));
		difference = differs(f);
		if (difference)
			fail_msg("%s: %s", path, difference);
	}
}

/* Defaults, as they stand in a spec that was read with insertDefaults=true and sent back. */
static void test_defaults_said(void **state)
{
	struct fixture *f = *state;

	use(f, golden_sent_all, golden_stored_all);
	golden_set(f->wanted, "TaskTemplate/RestartPolicy", NULL);
	golden_set(f->live, "Spec/TaskTemplate/RestartPolicy",
		   golden_json("{'Condition':'any','Delay':5000000000,'MaxAttempts':0}"));
	golden_set(f->live, "Spec/TaskTemplate/ContainerSpec/StopGracePeriod",
		   json_integer(10000000000));
	golden_set(f->live, "Spec/TaskTemplate/ContainerSpec/DNSConfig", json_object());
	golden_set(f->live, "Spec/UpdateConfig",
		   golden_json("{'Parallelism':1,'FailureAction':'pause','Monitor':5000000000,"
			       "'MaxFailureRatio':0,'Order':'stop-first'}"));
	assert_null(differs(f));
}

static void test_order_of_ports_and_mounts(void **state)
{
	static const char *const lists[] = {"Spec/EndpointSpec/Ports",
					    "Spec/TaskTemplate/ContainerSpec/Mounts",
					    "Spec/TaskTemplate/ContainerSpec/Secrets"};
	struct fixture *f = *state;
	json_t *spec = json_object_get(f->live, "Spec");
	json_t *task = json_object_get(spec, "TaskTemplate");
	json_t *container = json_object_get(task, "ContainerSpec");
	json_t *all[] = {json_object_get(json_object_get(spec, "EndpointSpec"), "Ports"),
			 json_object_get(container, "Mounts"),
			 json_object_get(container, "Secrets")};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		json_t *first = json_incref(json_array_get(all[i], 0));

		assert_true(json_array_size(all[i]) > 1);
		json_array_remove(all[i], 0);
		json_array_append_new(all[i], first);
	}
	assert_null(differs(f));
}

/* --- differences --- */

static const struct mutation {
	const char *path, *value, *words;
} mutations[] = {
	{CONTAINER "Image", "'cc:latest'", "image"},
	{CONTAINER "Command", "['/bin/sh']", "entrypoint"},
	{CONTAINER "Args", "['','sleep 1000']", "command"},
	{CONTAINER "Args/1", "' '", "command"},
	{CONTAINER "Env/0", "'A=secret'", "environment A"},
	{CONTAINER "Env/3", NULL, "environment EMPTY"},
	{CONTAINER "Env/3", "'NEW=secret'", "environment EMPTY"},
	{CONTAINER "Mounts/0/Source", "'/elsewhere'", "volumes /b"},
	{CONTAINER "Mounts/0/ReadOnly", "true", "volumes /b"},
	{CONTAINER "Mounts/1/BindOptions", NULL, "volumes /b2"},
	{CONTAINER "Mounts/2/VolumeOptions/Labels/l", "''", "volumes /data"},
	{CONTAINER "Mounts/6/TmpfsOptions/SizeBytes", "1", "volumes /t"},
	{CONTAINER "Secrets/0/SecretName", "'st_s1_000000000000'", "secrets st_s1_2cf24dba5fb0"},
	{CONTAINER "Secrets/0/SecretID", "'id-other'", "secrets st_s1_2cf24dba5fb0"},
	{CONTAINER "Secrets/1/File/Mode", "256", "secrets st_zz_844ecc08164e"},
	{CONTAINER "Configs/1/File/Name", "'/etc/c3'", "configs st_c1_0c326c4f0279"},
	{CONTAINER "Configs/0", NULL, "configs given"},
	{"EndpointSpec/Ports/0/TargetPort", "100", "ports"},
	{"EndpointSpec/Ports/1/PublishMode", "'ingress'", "ports"},
	{"EndpointSpec/Ports/0", NULL, "ports"},
	{"TaskTemplate/Networks/0/Target", "'net-gone'", "networks a-special"},
	{"TaskTemplate/Networks/0/Target", "'unknown'", "networks a-special"},
	{"TaskTemplate/Networks/2/Aliases/0", "'w3'", "networks st_front"},
	{"TaskTemplate/Networks/0/DriverOpts/a", "''", "networks a-special"},
	{CONTAINER "Healthcheck/Test/1", "'false'", "healthcheck"},
	{CONTAINER "Healthcheck/Retries", NULL, "healthcheck"},
	{CONTAINER "Labels/empty", NULL, "labels empty"},
	{CONTAINER "Labels/new", "''", "labels new"},
	{CONTAINER "Dir", "'/'", "working_dir"},
	{CONTAINER "User", NULL, "user"},
	{CONTAINER "Groups", "['1']", "group_add"},
	{CONTAINER "Hostname", "'h'", "hostname"},
	{CONTAINER "Hosts", "['::1 b','127.0.0.1 foo','10.0.0.1 a']", "extra_hosts"},
	{CONTAINER "DNSConfig/Search", NULL, "dns"},
	{CONTAINER "StopGracePeriod", NULL, "stop_grace_period"},
	{CONTAINER "StopSignal", "'SIGKILL'", "stop_signal"},
	{CONTAINER "TTY", "false", "tty"},
	{CONTAINER "OpenStdin", NULL, "stdin_open"},
	{CONTAINER "ReadOnly", NULL, "read_only"},
	{CONTAINER "Init", NULL, "init"},
	{CONTAINER "Init", "true", "init"},
	{CONTAINER "Isolation", "'hyperv'", "isolation"},
	{CONTAINER "Sysctls/net.core.somaxconn", "''", "sysctls net.core.somaxconn"},
	{CONTAINER "CapabilityAdd/0", "'CAP_CHOWN'", "cap_add"},
	{CONTAINER "CapabilityDrop", NULL, "cap_drop"},
	{CONTAINER "Ulimits/1/Soft", "1", "ulimits nproc"},
	{CONTAINER "OomScoreAdj", "5", "oom_score_adj"},
	{CONTAINER "Privileges/NoNewPrivileges", "true", "security_opt"},
	{"TaskTemplate/LogDriver/Options/max-size", "'2m'", "logging"},
	{"TaskTemplate/Resources/Limits/Pids", "0", "deploy.resources"},
	{"TaskTemplate/RestartPolicy/Condition", "'any'", "restart"},
	{"TaskTemplate/RestartPolicy/Delay", "0", "restart"},
	{"TaskTemplate/Placement/Constraints/0", "'a==b'", "deploy.placement"},
	{"TaskTemplate/Placement/Platforms", "[{'OS':'linux'}]", "deploy.placement"},
	{"Mode", "{'Global':{}}", "deploy.mode"},
	{"Mode/Replicated/Replicas", NULL, "deploy.replicas"},
	{"Mode/Replicated/Replicas", "0", "deploy.replicas"},
	{"UpdateConfig/Order", NULL, "deploy.update_config"},
	{"UpdateConfig/MaxFailureRatio", "0.2", "deploy.update_config"},
	{"RollbackConfig/Parallelism", "1", "deploy.rollback_config"},
	{"EndpointSpec/Mode", "'dnsrr'", "deploy.endpoint_mode"},
	{"Labels/e", NULL, "deploy.labels e"},
	{"Labels/com.docker.stack.image", "'cc'", "deploy.labels com.docker.stack.image"},
	{"Name", "'other'", "name"},
	/* what no row knows */
	{CONTAINER "Future/Thing", "1", CONTAINER "Future"},
	{"TaskTemplate/Runtime", "'plugin'", "TaskTemplate/Runtime"},
};

static void test_mutations(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(mutations) / sizeof(*mutations); i++) {
		const struct mutation *m = &mutations[i];
		const char *path = arena_printf(f->arena, "Spec/%s", m->path), *difference;

		use(f, golden_sent_web, golden_stored_web);
		golden_set(f->live, path, m->value ? golden_json(m->value) : NULL);
		difference = differs(f);
		if (!difference || strcmp(difference, m->words) != 0)
			fail_msg("%s: %s, not %s", m->path, difference ? difference : "(none)",
				 m->words);
	}
}

/* The other way round: the file asks for more, or for something else. */
static void test_wanted_changes(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(mutations) / sizeof(*mutations); i++) {
		const struct mutation *m = &mutations[i];

		use(f, golden_sent_web, golden_stored_web);
		golden_set(f->wanted, m->path, m->value ? golden_json(m->value) : NULL);
		if (!differs(f))
			fail_msg("%s: no difference", m->path);
	}
}

static void test_no_value_of_a_variable(void **state)
{
	struct fixture *f = *state;

	golden_set(f->wanted, CONTAINER "Env/2", json_string("B=hunter2"));
	assert_string_equal(differs(f), "environment B");
	golden_set(f->wanted, CONTAINER "Env/2", json_string("UNSET"));
	assert_string_equal(differs(f), "environment UNSET");
}

/* A secret that is still to be made has no id: its name says whether it is another one. */
static void test_secret_without_id(void **state)
{
	struct fixture *f = *state;

	golden_set(f->wanted, CONTAINER "Secrets/0/SecretID", json_string(""));
	assert_null(differs(f));
	golden_set(f->wanted, CONTAINER "Secrets/0/SecretName", json_string("st_s1_111111111111"));
	assert_string_equal(differs(f), "secrets st_s1_111111111111");
}

static void test_network_of_the_engine(void **state)
{
	struct fixture *f = *state;

	use(f, golden_sent_job, golden_stored_job);
	golden_set(f->live, "Spec/TaskTemplate/Networks/0/Target", json_string("net-st_front"));
	assert_string_equal(differs(f), "networks host");
	golden_set(f->live, "Spec/TaskTemplate/Networks/0/Target", json_string("bridge"));
	assert_string_equal(differs(f), "networks host");
	golden_set(f->live, "Spec/TaskTemplate/Networks", NULL);
	assert_string_equal(differs(f), "networks host");
}

static void test_broken_live(void **state)
{
	struct fixture *f = *state;

	json_decref(f->live);
	f->live = json_object();
	assert_string_equal(differs(f), "image");
	golden_set(f->live, "Spec", json_array());
	assert_string_equal(differs(f), "image");
}

static void test_must_replace(void **state)
{
	struct fixture *f = *state;

	assert_false(swarm_must_replace(f->wanted, f->live));
	golden_set(f->wanted, "Mode/Replicated/Replicas", json_integer(9));
	assert_false(swarm_must_replace(f->wanted, f->live));
	golden_set(f->wanted, "Mode", golden_json("{'Global':{}}"));
	assert_true(swarm_must_replace(f->wanted, f->live));
	golden_set(f->wanted, "Mode", golden_json("{'ReplicatedJob':{}}"));
	assert_true(swarm_must_replace(f->wanted, f->live));
	use(f, golden_sent_all, golden_stored_all);
	assert_false(swarm_must_replace(f->wanted, f->live));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		T(test_stack_deploy_is_adopted),
		T(test_old_engine),
		T(test_same_meaning),
		T(test_defaults_said),
		T(test_order_of_ports_and_mounts),
		T(test_mutations),
		T(test_wanted_changes),
		T(test_no_value_of_a_variable),
		T(test_secret_without_id),
		T(test_network_of_the_engine),
		T(test_broken_live),
		T(test_must_replace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
