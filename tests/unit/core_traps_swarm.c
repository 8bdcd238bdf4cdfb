/*
 * What is known to go wrong between a Compose file and Swarm, where no other test has it: each with
 * what happens to those who do not know.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compose_decode.h"
#include "deploy_case.h"
#include "kata/swarm.h"

static const char *name_of(void *arg, const char *kind, const char *key)
{
	(void)arg;
	(void)kind;
	return key;
}

static json_t *spec_new(const struct compose *compose, const json_t *live)
{
	struct swarm_facts facts = {.image = "x",
				    .api = 51,
				    .live = live,
				    .object_name = name_of,
				    .object_id = name_of};

	return swarm_spec_new(compose, compose_service_find(compose, "a"), &facts);
}

static json_t *spec_of(const char *yaml, const json_t *live)
{
	struct decoded d = {0};
	json_t *spec;

	decode(&d, yaml);
	if (!d.ok)
		fail_msg("%s: %s", yaml, d.problems.items[0].msg);
	spec = spec_new(&d.compose, live);
	decoded_release(&d);
	return spec;
}

#define TOP "secrets: {s: {file: x}, t: {file: x}}\nnetworks: {n: , m: }\n"

/* Another order of variables, ports, networks or secrets is another task to Swarm. */
static void the_order_of_the_file_does_not_matter(void **state)
{
	json_t *one = spec_of("services: {a: {image: x, environment: {B: 1, A: 2, a: 3, A_B: 4},"
			      " ports: ['80:80', '443:443', '53:53/udp'], networks: [n, m],"
			      " secrets: [s, t], cap_add: [KILL, CHOWN],"
			      " ulimits: {nproc: 5, nofile: 6}, labels: {x: 1, w: 2}}}\n" TOP,
			      NULL);
	json_t *other = spec_of("services: {a: {image: x, environment: [A_B=4, a=3, A=2, B=1],"
				" ports: ['53:53/udp', '443:443', '80:80'], networks: [m, n],"
				" secrets: [t, s], cap_add: [CHOWN, KILL],"
				" ulimits: {nofile: 6, nproc: 5}, labels: {w: 2, x: 1}}}\n" TOP,
				NULL);
	char *texts[] = {json_dumps(one, 0), json_dumps(other, 0)};

	(void)state;
	assert_non_null(strstr(texts[0], "A_B=4"));
	assert_true(json_equal(one, other));
	free(texts[0]);
	free(texts[1]);
	json_decref(one);
	json_decref(other);
}

/* A change of placement that leaves the tasks hides one of the ports that comes after it. */
static void new_ports_make_new_tasks(void **state)
{
	static const struct {
		const char *keys;
		int force;
	} rows[] = {
		{"ports: ['80:80', '443:443']", 7},
		{"ports: ['443:443', '80:80']", 7},
		{"ports: [{target: 80, published: 80, protocol: tcp}, '443:443']", 7},
		{"ports: ['80:80', '443:443'], user: '5', deploy: {replicas: 3}", 7},
		{"ports: ['80:80']", 8},
		{"ports: ['80:80', '443:443', '53:53']", 8},
		{"ports: ['80:80', '444:443']", 8},
		{"ports: ['80:80', {target: 443, published: 443, mode: host}]", 8},
		{"user: '5'", 8},
	};
	json_t *live = json_pack(
		"{s:o}", "Spec",
		spec_of("services: {a: {image: x, ports: ['80:80', '443:443']}}\n", NULL));

	(void)state;
	json_object_set_new(json_at(live, "Spec/TaskTemplate"), "ForceUpdate", json_integer(7));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char yaml[200];
		json_t *spec;

		snprintf(yaml, sizeof yaml, "services: {a: {image: x, %s}}\n", rows[i].keys);
		spec = spec_of(yaml, live);
		if (json_integer_value(json_at(spec, "TaskTemplate/ForceUpdate")) != rows[i].force)
			fail_msg("%s: not %d", rows[i].keys, rows[i].force);
		json_decref(spec);
	}
	/* What another tool left unsaid, and without any ports before and now. */
	json_object_del(json_at(live, "Spec/EndpointSpec/Ports/0"), "Protocol");
	json_object_del(json_at(live, "Spec/EndpointSpec/Ports/0"), "PublishMode");
	json_t *spec = spec_of("services: {a: {image: x, ports: ['80:80', '443:443']}}\n", live);
	assert_int_equal(json_integer_value(json_at(spec, "TaskTemplate/ForceUpdate")), 7);
	json_decref(spec);
	json_object_del(json_at(live, "Spec/EndpointSpec"), "Ports");
	spec = spec_of("services: {a: {image: x, user: '5'}}\n", live);
	assert_int_equal(json_integer_value(json_at(spec, "TaskTemplate/ForceUpdate")), 7);
	json_decref(spec);
	json_decref(live);
}

/* The command of a container is its Cmd, that of a service its Args. */
static void a_command_is_no_entrypoint(void **state)
{
	json_t *spec = spec_of("services: {a: {image: x, entrypoint: [e], command: [c],"
			       " stop_grace_period: 1w, extra_hosts: ['h:1.2.3.4'],"
			       " deploy: {resources: {limits: {cpus: 0.5}}}}}\n",
			       NULL);
	json_t *task = json_at(spec, "TaskTemplate/ContainerSpec");

	(void)state;
	assert_string_equal(json_string_value(json_at(task, "Command/0")), "e");
	assert_string_equal(json_string_value(json_at(task, "Args/0")), "c");
	assert_null(json_at(task, "Cmd"));
	assert_null(json_at(task, "Entrypoint"));
	assert_true(json_integer_value(json_at(task, "StopGracePeriod")) ==
		    INT64_C(604800) * 1000000000);
	assert_string_equal(json_string_value(json_at(task, "Hosts/0")), "1.2.3.4 h");
	assert_int_equal(
		json_integer_value(json_at(spec, "TaskTemplate/Resources/Limits/NanoCPUs")),
		500000000);
	json_decref(spec);
}

/* What an older Swarm drops, and what it drops always: that is said before. */
static void nothing_is_lost_in_silence(void **state)
{
	static const char *const keys[] = {"oom_score_adj: 5",
					   "networks: {default: {ipv4_address: 10.0.0.1}}",
					   "volumes: ['./a:/b:z']", "ports: ['127.0.0.1:80:80']",
					   "security_opt: [no-new-privileges=true]"};

	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct decoded d = {0};
		struct problems said;
		char yaml[200];

		snprintf(yaml, sizeof yaml, "services: {a: {image: x, %s}}\n", keys[i]);
		decode(&d, yaml);
		assert_true(d.ok);
		problems_init(&said, d.arena);
		compose_check_mode(&d.compose, &d.app, true, &said);
		if (said.count != 1)
			fail_msg("%s: %zu said", keys[i], said.count);
		decoded_release(&d);
	}
}

/* Networks of a stack are never updated: the file would look as if it held. */
static void a_network_of_a_stack_that_differs_is_said(void **state)
{
	struct deploy_case c;
	json_t *body;

	(void)state;
	case_open(&c, "services: {a: {image: x}}\nnetworks: {default: {internal: true}}\n");
	body = swarm_network_body_new(&c.compose, "default");
	json_object_set_new(body, "Id", json_string("n1"));
	json_object_set_new(body, "Internal", json_false());
	json_array_append_new(c.live.stack_networks, body);
	c.options.detach = true;
	deploy_plan_swarm(&c.deploy, &c.compose, &c.live, &c.options);
	assert_string_equal(case_text(&c), "0 service-create blog_a\n");
	assert_int_equal(c.deploy.problems.count, 1);
	assert_non_null(
		strstr(c.deploy.problems.items[0].msg, "network blog_default is not as the file"));
	case_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_of_the_file_does_not_matter),
		cmocka_unit_test(new_ports_make_new_tasks),
		cmocka_unit_test(a_command_is_no_entrypoint),
		cmocka_unit_test(nothing_is_lost_in_silence),
		cmocka_unit_test(a_network_of_a_stack_that_differs_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
