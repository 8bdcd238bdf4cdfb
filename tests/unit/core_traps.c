/*
 * What is known to go wrong between a Compose file and the engine's containers, where no other test
 * has it: each with what happens to those who do not know. Swarm's own are in core_traps_swarm.c,
 * what only an engine shows in tests/integration/traps.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compose_decode.h"
#include "deploy_case.h"

/* --- loading --- */

/* The stack loader takes $TAG-alpine for ${TAG-alpine}: the image loses its -alpine. */
static void names_without_braces_take_no_operator(void **state)
{
	struct decoded d = {.env = "TAG=7\n"};
	struct str stack = STR_INIT;

	(void)state;
	decode(&d, "services:\n"
		   "  a: {image: app:$TAG-alpine, command: [$TAG?x, '$TAG:-y', $TAG+z]}\n");
	assert_clean(&d);
	assert_model(&d, "services/a/image", "'app:7-alpine'");
	assert_model(&d, "services/a/command", "['7?x','7:-y','7+z']");
	compose_yaml(&stack, &d.compose, true, NULL);
	assert_non_null(strstr(stack.p, "image: app:7-alpine\n"));
	str_release(&stack);
	decoded_release(&d);
}

/* The stack loader keeps the quotes and the dollars of an env_file: it must not read it. */
static void env_files_are_not_read_twice(void **state)
{
	static const struct case_file files[] = {{"/srv/app/blog/e", "A=1\nB=\"2\"\nC=${A}x\n"},
						 {NULL, NULL}};

	(void)state;
	for (int swarm = 0; swarm < 2; swarm++) {
		struct decoded d = {.files = files};
		struct str text = STR_INIT;

		decode(&d, "services: {a: {image: x, env_file: e}}\n");
		assert_clean(&d);
		compose_yaml(&text, &d.compose, swarm, NULL);
		assert_null(strstr(text.p, "env_file"));
		assert_non_null(strstr(text.p, "B: \"2\"\n"));
		assert_non_null(strstr(text.p, "C: \"1x\"\n"));
		str_release(&text);
		decoded_release(&d);
	}
}

/* Other readers make 1.1 of 1.10, 511 of 0777, 8 of 08, 1342 of 22:22, true of on. */
static void texts_stay_as_they_are_written(void **state)
{
	static const char *const words[] = {
		"1.10", "0777", "08", "1_000", "0x10",	     "1e3",
		".5",	"on",	"no", "y",     "22:22",	     "1:30:00",
		"0b11", "1.0",	"+1", "~x",    "2021-01-01", "0o17",
		"True", "012",	"-0", "1e999", ".inf",	     "12345678901234567890"};
	const size_t count = sizeof words / sizeof *words;
	struct str yaml = STR_INIT;
	struct decoded d = {0};
	char name[20];

	(void)state;
	str_add(&yaml, "services:\n  a:\n    image: x\n    environment:\n");
	for (size_t i = 0; i < count; i++)
		str_addf(&yaml, "      V%zu: %s\n", i, words[i]);
	decode(&d, yaml.p);
	assert_true(d.ok);
	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof name, "V%zu", i);
		assert_string_equal(variable(&d, "a", name), words[i]);
	}
	decoded_release(&d);
	str_release(&yaml);
}

/* "restart: no" is no boolean, and 22:22 no number; quoted ones are what they say. */
static void words_are_typed_by_their_keys(void **state)
{
	struct decoded d = {0};

	(void)state;
	decode(&d, "services:\n"
		   "  a:\n"
		   "    image: x\n"
		   "    restart: no\n"
		   "    ports: [22:22]\n"
		   "    privileged: \"true\"\n"
		   "    tty: no\n"
		   "    labels: {a: on, b: off}\n"
		   "    deploy: {replicas: \"2\", resources: {limits: {cpus: 0.5}}}\n");
	assert_clean(&d);
	assert_model(&d, "services/a/restart", "'no'");
	assert_model(&d, "services/a/ports/0/target", "22");
	assert_model(&d, "services/a/ports/0/published", "'22'");
	assert_model(&d, "services/a/privileged", "true");
	assert_model(&d, "services/a/tty", "false");
	assert_model(&d, "services/a/labels", "{'a':'on','b':'off'}");
	assert_model(&d, "services/a/deploy", "{'replicas':2,'resources':{'limits':{'cpus':0.5}}}");
	decoded_release(&d);
}

/* The stack loader makes networks and objects before it sees that one of them is not defined. */
static void missing_things_are_found_before_anything_is_made(void **state)
{
	struct decoded d = {0};

	(void)state;
	decode(&d,
	       "x-kata-mode: swarm\n"
	       "services:\n"
	       "  a: {image: x, networks: [n], volumes: ['v:/v'], secrets: [s], configs: [c]}\n");
	assert_false(d.ok);
	assert_int_equal(d.problems.errors, 4);
	decoded_release(&d);
}

/* --- containers --- */

static json_t *body_new(struct decoded *d, const char *service, unsigned number)
{
	const struct compose_service *model = compose_service_find(&d->compose, service);
	struct container_facts facts = {
		.api = 41,
		.image_id = "",
		.name = container_name(d->arena, &d->compose, model, number),
		.number = number};

	return container_body_new(&d->compose, model, &facts);
}

static void assert_body(const char *yaml, unsigned number, const char *path, const char *expected)
{
	struct decoded d = {0};
	json_t *body, *wanted = json_case_new(expected);
	struct str text = STR_INIT;

	decode(&d, yaml);
	assert_true(d.ok);
	body = body_new(&d, "a", number);
	json_canonical(&text, json_at(body, path));
	if (!json_same(json_at(body, path), wanted))
		fail_msg("%s\n%s is %s, not %s", yaml, path, text.p, expected);
	json_decref(body);
	json_decref(wanted);
	str_release(&text);
	decoded_release(&d);
}

/* The engine refuses a count with "always", and takes a count without a condition for "no". */
static void a_count_of_restarts_is_for_failures(void **state)
{
	(void)state;
	assert_body("services: {a: {image: x, deploy: {restart_policy: {condition: any,"
		    " max_attempts: 3}}}}\n",
		    1, "HostConfig/RestartPolicy", "{'Name':'always','MaximumRetryCount':0}");
	assert_body("services: {a: {image: x, deploy: {restart_policy: {max_attempts: 3}}}}\n", 1,
		    "HostConfig/RestartPolicy", "{'Name':'always','MaximumRetryCount':0}");
}

/* With a name of its own, and for every replica, a container is found by its service, too. */
static void every_container_is_found_by_its_service(void **state)
{
	(void)state;
	assert_body("services: {a: {image: x, container_name: own}}\n", 1,
		    "NetworkingConfig/EndpointsConfig/blog_default/Aliases", "['own','a']");
	assert_body("services: {a: {image: x, scale: 3}}\n", 3,
		    "NetworkingConfig/EndpointsConfig/blog_default/Aliases", "['blog-a-3','a']");
}

/* Unknown fields are dropped without a word: a service's NanoCPUs are a container's NanoCpus. */
static void a_container_spells_its_fields_so(void **state)
{
	(void)state;
	assert_body("services: {a: {image: x, cpus: 0.5, dns: [1.1.1.1]}}\n", 1, "HostConfig",
		    "{'NetworkMode':'blog_default','OomKillDisable':false,'NanoCpus':500000000,"
		    "'Dns':['1.1.1.1']}");
}

/* --- plans --- */

/* A live container of this file, with an id of 64 letters `id`. */
static json_t *live(struct deploy_case *c, const char *service, char id, const char *state)
{
	char text[65] = "", hash[65], name[80];
	json_t *item;

	memset(text, id, 64);
	snprintf(name, sizeof name, "/blog-%s-1", service);
	container_hash(&c->compose, compose_service_find(&c->compose, service), hash);
	item = json_pack("{s:s,s:[s],s:s,s:s,s:i,s:{s:s,s:s,s:s,s:s,s:s,s:s},s:{s:{}},s:{}}", "Id",
			 text, "Names", name, "State", state, "Status",
			 strcmp(state, "exited") ? "" : "Exited (1) now", "Created", 1, "Labels",
			 LABEL_PROJECT, "blog", LABEL_SERVICE, service, LABEL_NUMBER, "1",
			 LABEL_ONEOFF, "False", LABEL_HASH, hash, LABEL_FOLDER, FOLDER,
			 "NetworkSettings", "Networks", "HostConfig");
	if (!json_object_get(compose_service_find(&c->compose, service)->spec, "network_mode"))
		json_object_set_new(
			json_object_get(json_object_get(item, "NetworkSettings"), "Networks"),
			"blog_default", json_pack("{s:s}", "NetworkID", "net-1"));
	json_array_append_new(c->live.containers, item);
	return item;
}

static void network(struct deploy_case *c, const char *name, const char *id)
{
	json_t *body = network_body_new(&c->compose, "default", c->live.api);

	json_object_set_new(body, "Driver", json_string("bridge"));
	json_object_set_new(body, "Name", json_string(name));
	json_object_set_new(body, "Id", json_string(id));
	json_array_append_new(c->live.networks, body);
}

static const char *planned(struct deploy_case *c)
{
	c->deploy.count = 0;
	deploy_plan_compose(&c->deploy, &c->compose, &c->live, &c->options);
	return case_text(c);
}

/* A taken port is seen at the start: the container stays "created", and must not be made again. */
static void what_was_only_created_is_started(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services: {a: {image: x, ports: ['80:80']}}\n");
	network(&c, "blog_default", "net-1");
	live(&c, "a", 'a', "created");
	assert_string_equal(planned(&c), "0 start blog-a-1\n"
					 "1 wait blog-a-1 <0\n");
	case_close(&c);
}

/* Lists by name= match parts of names, and a path also the beginning of an id. */
static void names_are_compared_whole(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services: {a: {image: x}}\n");
	network(&c, "blog_default2", "n1");
	network(&c, "my_blog_default", "n2");
	network(&c, "blog", "n3");
	assert_string_equal(planned(&c), "0 network-create blog_default\n"
					 "1 create blog-a-1 <0\n"
					 "2 start blog-a-1 <1\n"
					 "3 wait blog-a-1 <2\n");
	case_close(&c);
	case_open(&c, "services: {a: {image: x, networks: [beef]}}\n"
		      "networks: {beef: {external: true}}\n");
	c.live.externals = json_pack("{s:{s:s,s:s}}", "beef", "Name", "else", "Id", "beef0123");
	planned(&c);
	assert_int_equal(c.deploy.problems.errors, 1);
	assert_non_null(strstr(c.deploy.problems.items[0].msg, "there is none of this name"));
	json_decref(c.live.externals);
	case_close(&c);
}

/* Creating a volume that is there succeeds, and changes nothing: it would look done. */
static void a_volume_that_is_there_is_not_made(void **state)
{
	struct deploy_case c;
	json_t *volume;

	(void)state;
	case_open(&c, "services: {a: {image: x, volumes: ['v:/v']}}\nvolumes: {v: {labels: "
		      "{a: '2'}}}\n");
	network(&c, "blog_default", "net-1");
	volume = volume_body_new(&c.compose, "v");
	json_object_set_new(json_object_get(volume, "Labels"), "a", json_string("1"));
	json_array_append_new(c.live.volumes, volume);
	assert_string_equal(planned(&c), "0 create blog-a-1\n"
					 "1 start blog-a-1 <0\n"
					 "2 wait blog-a-1 <1\n");
	assert_int_equal(c.deploy.problems.count, 1);
	assert_int_equal(c.deploy.problems.errors, 0);
	assert_non_null(strstr(c.deploy.problems.items[0].msg, "volume blog_v is not as the file"));
	case_close(&c);
}

/* The engine lets a network go that only stopped containers are in; they never start again. */
static void what_stopped_in_another_network_is_made_anew(void **state)
{
	static const char *const networks[] = {"net-2", NULL};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct deploy_case c;

		case_open(&c, "services: {a: {image: x}}\n");
		if (networks[i])
			network(&c, "blog_default", networks[i]);
		live(&c, "a", 'a', "exited");
		planned(&c);
		assert_int_equal(c.deploy.steps[networks[i] ? 0 : 1].op, STEP_CREATE);
		assert_string_equal(c.deploy.steps[networks[i] ? 0 : 1].why, "networks");
		case_close(&c);
	}
}

static const char *const sharing[] = {"network_mode", "ipc", "pid"};
static const char *const fields[] = {"NetworkMode", "IpcMode", "PidMode"};

static void open_sharing(struct deploy_case *c, size_t way)
{
	char yaml[200];

	snprintf(yaml, sizeof yaml, "services: {a: {image: x}, b: {image: x, %s: 'service:a'}}\n",
		 sharing[way]);
	case_open(c, yaml);
	network(c, "blog_default", "net-1");
}

/* What the engine shows of b: in the namespace of the container of this id. */
static void in_namespace(struct deploy_case *c, size_t way, json_t *b, char id)
{
	char text[65] = "";
	json_t *host = json_pack("{s:o}", fields[way], json_null());

	memset(text, id, 64);
	json_object_set_new(host, fields[way], json_sprintf("container:%s", text));
	if (way == 0)
		json_object_set_new(b, "HostConfig", host);
	else
		json_object_set_new(c->live.inspects, json_member_text(b, "Id"),
				    json_pack("{s:o,s:{}}", "HostConfig", host, "Config"));
}

static const struct step *step_of(const struct deploy_case *c, enum step_op op, const char *service)
{
	for (size_t i = 0; i < c->deploy.count; i++)
		if (c->deploy.steps[i].op == op && c->deploy.steps[i].service &&
		    !strcmp(c->deploy.steps[i].service, service))
			return &c->deploy.steps[i];
	return NULL;
}

/* A namespace is a container's, by its id: with another container it is another namespace. */
static void sharers_of_a_namespace_follow(void **state)
{
	(void)state;
	for (size_t way = 0; way < 3; way++) {
		struct deploy_case c;
		json_t *a, *b, *ids = json_array();

		open_sharing(&c, way);
		a = live(&c, "a", 'a', "running");
		b = live(&c, "b", 'b', "running");
		/* The hash says nothing about it: it must be looked at. */
		live_unknown(&c.live, &c.compose, ids);
		assert_int_equal(json_array_size(ids), way ? 1 : 0);
		json_decref(ids);
		in_namespace(&c, way, b, 'a');
		assert_string_equal(planned(&c), "");
		/* Its container is made anew. */
		json_object_set_new(json_object_get(a, "Labels"), LABEL_HASH, json_string("other"));
		planned(&c);
		assert_non_null(step_of(&c, STEP_CREATE, "a"));
		assert_non_null(step_of(&c, STEP_CREATE, "b"));
		assert_string_equal(step_of(&c, STEP_CREATE, "b")->why, "a was made anew");
		case_close(&c);
	}
}

static void sharers_of_a_lost_namespace_are_made_anew(void **state)
{
	(void)state;
	for (size_t way = 0; way < 3; way++) {
		struct deploy_case c;
		const struct step *a, *b;

		open_sharing(&c, way);
		in_namespace(&c, way, live(&c, "b", 'b', "running"), 'a');
		planned(&c);
		a = step_of(&c, STEP_START, "a");
		b = step_of(&c, STEP_CREATE, "b");
		assert_non_null(a);
		assert_non_null(b);
		assert_string_equal(b->why, "the container it shares is gone");
		/* Not before the new one runs, whose id it needs. */
		assert_true(b->wait_count && &c.deploy.steps[b->waits[b->wait_count - 1]] == a);
		case_close(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_without_braces_take_no_operator),
		cmocka_unit_test(env_files_are_not_read_twice),
		cmocka_unit_test(texts_stay_as_they_are_written),
		cmocka_unit_test(words_are_typed_by_their_keys),
		cmocka_unit_test(missing_things_are_found_before_anything_is_made),
		cmocka_unit_test(a_count_of_restarts_is_for_failures),
		cmocka_unit_test(every_container_is_found_by_its_service),
		cmocka_unit_test(a_container_spells_its_fields_so),
		cmocka_unit_test(what_was_only_created_is_started),
		cmocka_unit_test(names_are_compared_whole),
		cmocka_unit_test(a_volume_that_is_there_is_not_made),
		cmocka_unit_test(what_stopped_in_another_network_is_made_anew),
		cmocka_unit_test(sharers_of_a_namespace_follow),
		cmocka_unit_test(sharers_of_a_lost_namespace_are_made_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
