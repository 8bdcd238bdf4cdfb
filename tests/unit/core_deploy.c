/*
 * Plans of deploys in Compose mode: what is done, in which order, and what is left alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "deploy_case.h"

/* The image is here. */
static void case_image(struct deploy_case *c, const char *image)
{
	json_object_set_new(c->live.images, image, json_pack("{s:s}", "Id", "sha256:one"));
}

/* A live container as this file wants it; `name` NULL: its final name. Returns its element. */
static json_t *case_container(struct deploy_case *c, const char *service, unsigned number,
			      const char *name, const char *state, const char *status)
{
	const struct compose_service *model = compose_service_find(&c->compose, service);
	char hash[65] = "", id[80], digits[16], path[80];
	json_t *item;

	if (model)
		container_hash(&c->compose, model, hash);
	snprintf(id, sizeof id, "%zx%s", json_array_size(c->live.containers) + 0xa0,
		 "00000000000000");
	snprintf(digits, sizeof digits, "%u", number);
	snprintf(path, sizeof path, "/%s",
		 name ? name : arena_printf(c->arena, "blog-%s-%u", service, number));
	item = json_pack("{s:s,s:[s],s:s,s:s,s:i,s:{s:s,s:s,s:s,s:s,s:s,s:s,s:s},s:{s:{s:{s:s}}}}",
			 "Id", id, "Names", path, "State", state, "Status", status, "Created",
			 (int)json_array_size(c->live.containers), "Labels", LABEL_PROJECT, "blog",
			 LABEL_SERVICE, service, LABEL_NUMBER, digits, LABEL_ONEOFF, "False",
			 LABEL_HASH, hash, LABEL_IMAGE, "sha256:one", LABEL_FOLDER, FOLDER,
			 "NetworkSettings", "Networks", "blog_default", "IPAddress", "10.0.0.9");
	json_array_append_new(c->live.containers, item);
	return item;
}

static void case_label(json_t *container, const char *label, const char *value)
{
	json_object_set_new(json_object_get(container, "Labels"), label, json_string(value));
}

/* Networks (and volumes) of the app are there, as wanted. */
static void case_resources(struct deploy_case *c)
{
	const char *key;
	json_t *unused;

	json_object_foreach(json_object_get(c->compose.root, "networks"), key, unused) {
		json_t *body = network_body_new(&c->compose, key, c->live.api);

		json_object_set_new(body, "Driver", json_string("bridge"));
		json_array_append_new(c->live.networks, body);
	}
	json_object_foreach(json_object_get(c->compose.root, "volumes"), key, unused)
		json_array_append_new(c->live.volumes, volume_body_new(&c->compose, key));
}

static const char *case_compose(struct deploy_case *c)
{
	deploy_plan_compose(&c->deploy, &c->compose, &c->live, &c->options);
	return case_text(c);
}

static const char web[] = "services:\n"
			  "  web:\n"
			  "    image: one\n";

static void new_app_gets_everything(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services:\n  web: {image: one, volumes: ['data:/d'], scale: 2}\n"
		      "volumes: {data: {}}\n");
	case_image(&c, "one");
	assert_string_equal(case_compose(&c), "0 network-create blog_default\n"
					      "1 volume-create blog_data\n"
					      "2 create blog-web-1 <0,1\n"
					      "3 start blog-web-1 <2\n"
					      "4 wait blog-web-1 <3\n"
					      "5 create blog-web-2 <0,1\n"
					      "6 start blog-web-2 <5\n"
					      "7 wait blog-web-2 <6\n");
	case_close(&c);
}

static void unchanged_app_needs_nothing(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, web);
	case_image(&c, "one");
	case_resources(&c);
	case_container(&c, "web", 1, NULL, "running", "Up 3 hours");
	assert_string_equal(case_compose(&c), "");
	case_close(&c);
}

static void detached_deploy_waits_for_nothing(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, web);
	case_image(&c, "one");
	case_resources(&c);
	c.options.detach = true;
	assert_string_equal(case_compose(&c), "0 create blog-web-1\n"
					      "1 start blog-web-1 <0\n");
	case_close(&c);
}

/* The old container stops before the new one starts, and comes back when that one fails. */
static void changed_service_is_replaced_stop_first(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, web);
	case_image(&c, "one");
	case_resources(&c);
	case_label(case_container(&c, "web", 1, NULL, "running", "Up 3 hours"), LABEL_HASH,
		   "other");
	assert_string_equal(case_compose(&c), "0 create a00000000000_blog-web-1\n"
					      "1 stop blog-web-1 <0\n"
					      "2 start a00000000000_blog-web-1 <1\n"
					      "3 wait a00000000000_blog-web-1 <2\n"
					      "4 remove a00000000000_blog-web-1 !3\n"
					      "5 start blog-web-1 <4 !3\n"
					      "6 remove blog-web-1 <3\n"
					      "7 rename a00000000000_blog-web-1 <6\n");
	case_close(&c);
}

/* Caddy proxies to it: the new one first, then the routes, then the old one goes. */
static void upstream_is_replaced_start_first(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, web);
	case_image(&c, "one");
	case_resources(&c);
	c.upstream = "web";
	case_label(case_container(&c, "web", 1, NULL, "running", "Up 3 hours"), LABEL_HASH,
		   "other");
	assert_string_equal(case_compose(&c), "0 create a00000000000_blog-web-1\n"
					      "1 start a00000000000_blog-web-1 <0\n"
					      "2 wait a00000000000_blog-web-1 <1\n"
					      "3 remove a00000000000_blog-web-1 !2\n"
					      "4 routes routes <2\n"
					      "5 stop blog-web-1 <4\n"
					      "6 remove blog-web-1 <5\n"
					      "7 rename a00000000000_blog-web-1 <6\n");
	case_close(&c);
}

static void pinned_things_forbid_start_first(void **state)
{
	static const char *const yaml[][2] = {
		{"services: {web: {image: one, ports: ['8080:80']}}\n", "pins a host port"},
		{"services: {web: {image: one, container_name: www}}\n", "pins container_name"},
		{"services: {web: {image: one, network_mode: host}}\n", "network_mode"},
		{"services: {web: {image: one, x-kata-order: stop-first}}\n", "x-kata-order"},
		{"services: {web: {image: one}, b: {image: one, ipc: 'service:web'}}\n",
		 "shares its namespaces"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof yaml / sizeof *yaml; i++) {
		struct deploy_case c;

		case_open(&c, yaml[i][0]);
		case_image(&c, "one");
		case_resources(&c);
		c.upstream = "web";
		case_label(case_container(&c, "web", 1, i == 1 ? "www" : NULL, "running", "Up"),
			   LABEL_HASH, "other");
		case_compose(&c);
		assert_non_null(strstr(c.deploy.steps[0].why, yaml[i][1]));
		assert_int_equal(c.deploy.steps[1].op, STEP_STOP);
		case_close(&c);
	}
}

static void order_can_be_asked_for(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services: {web: {image: one, x-kata-order: start-first}}\n");
	case_image(&c, "one");
	case_resources(&c);
	case_label(case_container(&c, "web", 1, NULL, "running", "Up"), LABEL_HASH, "other");
	case_compose(&c);
	assert_int_equal(c.deploy.steps[1].op, STEP_START);
	case_close(&c);
}

static void new_image_makes_a_new_container(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, web);
	case_image(&c, "one");
	case_resources(&c);
	case_label(case_container(&c, "web", 1, NULL, "running", "Up"), LABEL_IMAGE, "sha256:old");
	case_compose(&c);
	assert_int_equal(c.deploy.steps[0].op, STEP_CREATE);
	assert_string_equal(c.deploy.steps[0].why, "image");
	case_close(&c);
}

static void starts_wait_for_dependencies(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services:\n"
		      "  web: {image: one, depends_on: {db: {condition: service_healthy}, "
		      "init: {condition: service_completed_successfully}}}\n"
		      "  db: {image: one, healthcheck: {test: 'true'}}\n"
		      "  init: {image: one}\n");
	case_image(&c, "one");
	case_resources(&c);
	assert_string_equal(case_compose(&c), "0 create blog-db-1\n"
					      "1 start blog-db-1 <0\n"
					      "2 wait blog-db-1 <1\n"
					      "3 create blog-init-1\n"
					      "4 start blog-init-1 <3\n"
					      "5 wait blog-init-1 <4\n"
					      "6 create blog-web-1\n"
					      "7 start blog-web-1 <6,2,5\n"
					      "8 wait blog-web-1 <7\n");
	assert_true(c.deploy.steps[2].healthy);
	assert_true(c.deploy.steps[5].completed);
	assert_false(c.deploy.steps[8].healthy);
	case_close(&c);
}

/* A dependency that runs unchanged is asked again, and nothing else. */
static void unchanged_dependency_is_only_asked(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services:\n"
		      "  web: {image: one, depends_on: {db: {condition: service_healthy}}}\n"
		      "  db: {image: one}\n");
	case_image(&c, "one");
	case_resources(&c);
	case_container(&c, "db", 1, NULL, "running", "Up (healthy)");
	assert_string_equal(case_compose(&c), "0 create blog-web-1\n"
					      "1 start blog-web-1 <0,2\n"
					      "2 wait blog-db-1\n"
					      "3 wait blog-web-1 <1\n");
	case_close(&c);
}

static void one_shot_that_ended_well(void **state)
{
	static const enum deploy_verb verbs[] = {DEPLOY_REPAIR, DEPLOY_UP};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct deploy_case c;

		case_open(&c, web);
		case_image(&c, "one");
		case_resources(&c);
		case_container(&c, "web", 1, NULL, "exited", "Exited (0) 2 hours ago");
		c.options.verb = verbs[i];
		assert_string_equal(case_compose(&c), i ? "0 start blog-web-1\n"
							  "1 wait blog-web-1 <0\n"
							: "");
		case_close(&c);
	}
}

static void what_died_is_started_again(void **state)
{
	static const char *const yaml[] = {"services: {web: {image: one}}\n",
					   "services: {web: {image: one, restart: always}}\n",
					   "services: {web: {image: one, ports: ['80']}}\n"};

	(void)state;
	for (size_t i = 0; i < sizeof yaml / sizeof *yaml; i++) {
		struct deploy_case c;

		case_open(&c, yaml[i]);
		case_image(&c, "one");
		case_resources(&c);
		case_container(&c, "web", 1, NULL, "exited",
			       i ? "Exited (0) now" : "Exited (137) now");
		c.options.verb = DEPLOY_REPAIR;
		assert_string_equal(case_compose(&c), "0 start blog-web-1\n"
						      "1 wait blog-web-1 <0\n");
		case_close(&c);
	}
}

/* A wish given by hand holds for every later run. */
static void stopped_things_stay_stopped(void **state)
{
	struct deploy_case c;
	const char *service = "web";

	(void)state;
	case_open(&c, "services: {web: {image: one}, db: {image: one}}\n");
	case_image(&c, "one");
	case_resources(&c);
	case_container(&c, "db", 1, NULL, "running", "Up");
	c.wishes.stopped_services = &service;
	c.wishes.stopped_count = 1;
	assert_string_equal(case_compose(&c), "");
	c.wishes.stopped_count = 0;
	c.wishes.stopped = true;
	assert_string_equal(case_compose(&c), "");
	case_close(&c);
}

/* Killed between starting the new container and moving the routes: the next run goes on there. */
static void interrupted_replacement_is_completed(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, web);
	case_image(&c, "one");
	case_resources(&c);
	c.upstream = "web";
	case_label(case_container(&c, "web", 1, NULL, "running", "Up 3 hours"), LABEL_HASH,
		   "other");
	case_container(&c, "web", 1, "a00000000000_blog-web-1", "running", "Up 1 second");
	assert_string_equal(case_compose(&c), "0 routes routes <3\n"
					      "1 stop blog-web-1 <0\n"
					      "2 remove blog-web-1 <1\n"
					      "3 wait a00000000000_blog-web-1\n"
					      "4 rename a00000000000_blog-web-1 <2\n");
	case_close(&c);
}

static void scaled_down_containers_leave_after_the_routes(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, web);
	case_image(&c, "one");
	case_resources(&c);
	c.upstream = "web";
	case_container(&c, "web", 1, NULL, "running", "Up");
	case_container(&c, "web", 2, NULL, "running", "Up");
	assert_string_equal(case_compose(&c), "0 routes routes\n"
					      "1 stop blog-web-2 <0\n"
					      "2 remove blog-web-2 <1\n");
	case_close(&c);
}

static void removed_service_goes_others_stay(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, web);
	case_image(&c, "one");
	case_resources(&c);
	case_container(&c, "web", 1, NULL, "running", "Up");
	case_container(&c, "gone", 1, NULL, "running", "Up");
	case_label(case_container(&c, "other", 1, NULL, "running", "Up"), LABEL_FOLDER, "/else");
	case_label(case_container(&c, "alien", 1, NULL, "running", "Up"), LABEL_PROJECT, "shop");
	case_label(case_container(&c, "once", 1, NULL, "running", "Up"), LABEL_ONEOFF, "True");
	assert_string_equal(case_compose(&c), "0 stop blog-gone-1\n"
					      "1 remove blog-gone-1 <0\n");
	case_close(&c);
}

/* Its profile was asked for by another call: that is no reason to take it away. */
static void service_of_another_profile_stays(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services: {web: {image: one}, tool: {image: one, profiles: [debug]}}\n");
	case_image(&c, "one");
	case_resources(&c);
	case_container(&c, "web", 1, NULL, "running", "Up");
	case_container(&c, "tool", 1, NULL, "running", "Up");
	assert_string_equal(case_compose(&c), "");
	case_close(&c);
}

static void restart_is_one_after_the_other(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services: {web: {image: one, scale: 2}}\n");
	case_image(&c, "one");
	case_resources(&c);
	case_container(&c, "web", 1, NULL, "running", "Up");
	case_container(&c, "web", 2, NULL, "running", "Up");
	c.options.verb = DEPLOY_RESTART;
	assert_string_equal(case_compose(&c), "0 restart blog-web-1\n"
					      "1 wait blog-web-1 <0\n"
					      "2 restart blog-web-2 <1\n"
					      "3 wait blog-web-2 <2\n");
	case_close(&c);
}

static void changed_network_is_made_anew(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, web);
	case_image(&c, "one");
	case_resources(&c);
	json_object_set_new(json_array_get(c.live.networks, 0), "Internal", json_true());
	case_label(json_array_get(c.live.networks, 0), LABEL_OWN_HASH, "other");
	case_container(&c, "web", 1, NULL, "running", "Up");
	assert_string_equal(case_compose(&c), "0 network-remove blog_default <2\n"
					      "1 stop blog-web-1\n"
					      "2 remove blog-web-1 <1\n"
					      "3 network-create blog_default <0\n"
					      "4 create blog-web-1 <3\n"
					      "5 start blog-web-1 <4\n"
					      "6 wait blog-web-1 <5\n");
	case_close(&c);
}

static void images_are_brought_first(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services:\n"
		      "  a: {image: here}\n"
		      "  b: {image: away}\n"
		      "  c: {image: away}\n"
		      "  d: {build: .}\n"
		      "  e: {image: nowhere, pull_policy: never}\n");
	case_image(&c, "here");
	deploy_plan_images(&c.deploy, &c.compose, &c.live, &c.options);
	assert_string_equal(case_text(&c), "0 pull away\n1 build blog-d\n");
	c.deploy.count = 0;
	c.options.pull = true;
	deploy_plan_images(&c.deploy, &c.compose, &c.live, &c.options);
	assert_string_equal(case_text(&c), "0 pull here\n1 pull away\n2 build blog-d\n");
	c.deploy.count = 0;
	c.options.verb = DEPLOY_REPAIR;
	deploy_plan_images(&c.deploy, &c.compose, &c.live, &c.options);
	assert_string_equal(case_text(&c), "0 pull away\n1 build blog-d\n");
	case_close(&c);
}

/* Dependants first; the networks when nothing is in them any more; volumes only when asked. */
static void down_goes_in_reverse(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services: {web: {image: one, volumes: ['data:/d']}}\nvolumes: {data: {}}\n");
	case_resources(&c);
	case_container(&c, "db", 1, NULL, "running", "Up");
	case_label(case_container(&c, "web", 1, NULL, "running", "Up"), LABEL_DEPENDS,
		   "db:service_started:false");
	deploy_plan_down(&c.deploy, "blog", FOLDER, false, false, &c.live);
	assert_string_equal(case_text(&c), "0 stop blog-db-1 <1\n"
					   "1 stop blog-web-1\n"
					   "2 remove blog-db-1 <0\n"
					   "3 remove blog-web-1 <1\n"
					   "4 network-remove blog_default <0,1,2,3\n");
	c.deploy.count = 0;
	deploy_plan_down(&c.deploy, "blog", FOLDER, false, true, &c.live);
	assert_int_equal(c.deploy.steps[5].op, STEP_VOLUME_REMOVE);
	assert_true(c.deploy.steps[2].volumes);
	c.deploy.count = 0;
	deploy_plan_down(&c.deploy, "blog", "/else", false, true, &c.live);
	assert_string_equal(case_text(&c), "");
	case_close(&c);
}

/* What a digest is for: another plan has another one. */
static void digests_tell_plans_apart(void **state)
{
	struct deploy_case a, b;
	uint64_t one;

	(void)state;
	case_open(&a, web);
	case_image(&a, "one");
	case_compose(&a);
	one = deploy_digest(&a.deploy, 1);
	assert_int_equal(one, deploy_digest(&a.deploy, 1));
	case_open(&b, "services: {app: {image: one}}\n");
	case_image(&b, "one");
	case_compose(&b);
	assert_int_not_equal(one, deploy_digest(&b.deploy, 1));
	case_close(&a);
	case_close(&b);
}

/* What an engine would drop without a word is said; other data is never mounted instead. */
static void older_engines_are_told_apart(void **state)
{
	static const char yaml[] =
		"services:\n"
		"  web: {image: one, healthcheck: {test: 'true', start_interval: 1s}}\n"
		"  db: {image: one, volumes: [{type: volume, source: data, target: /d,"
		" volume: {subpath: a}}]}\n"
		"volumes: {data: {}}\n";
	struct deploy_case c;

	(void)state;
	case_open(&c, yaml);
	case_image(&c, "one");
	case_compose(&c);
	assert_int_equal(c.deploy.problems.count, 2);
	assert_int_equal(c.deploy.problems.errors, 1);
	assert_non_null(strstr(c.deploy.problems.items[0].msg, "volumes/[]/volume/subpath"));
	assert_int_equal(c.deploy.problems.items[0].place.line, 3);
	c.live.api = 45;
	deploy_init(&c.deploy, c.arena);
	case_compose(&c);
	assert_int_equal(c.deploy.problems.count, 0);
	case_close(&c);
}

static void external_networks_must_be_there(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services: {web: {image: one, networks: [out]}}\n"
		      "networks: {out: {external: true}}\n");
	case_image(&c, "one");
	c.live.externals = json_pack("{s:n}", "out");
	case_compose(&c);
	assert_int_equal(c.deploy.problems.errors, 1);
	json_object_set_new(c.live.externals, "out", json_object());
	deploy_init(&c.deploy, c.arena);
	assert_string_equal(case_compose(&c), "0 create blog-web-1\n"
					      "1 start blog-web-1 <0\n"
					      "2 wait blog-web-1 <1\n");
	assert_int_equal(c.deploy.problems.count, 0);
	json_decref(c.live.externals);
	case_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_app_gets_everything),
		cmocka_unit_test(unchanged_app_needs_nothing),
		cmocka_unit_test(detached_deploy_waits_for_nothing),
		cmocka_unit_test(changed_service_is_replaced_stop_first),
		cmocka_unit_test(upstream_is_replaced_start_first),
		cmocka_unit_test(pinned_things_forbid_start_first),
		cmocka_unit_test(order_can_be_asked_for),
		cmocka_unit_test(new_image_makes_a_new_container),
		cmocka_unit_test(starts_wait_for_dependencies),
		cmocka_unit_test(unchanged_dependency_is_only_asked),
		cmocka_unit_test(one_shot_that_ended_well),
		cmocka_unit_test(what_died_is_started_again),
		cmocka_unit_test(stopped_things_stay_stopped),
		cmocka_unit_test(interrupted_replacement_is_completed),
		cmocka_unit_test(scaled_down_containers_leave_after_the_routes),
		cmocka_unit_test(removed_service_goes_others_stay),
		cmocka_unit_test(service_of_another_profile_stays),
		cmocka_unit_test(restart_is_one_after_the_other),
		cmocka_unit_test(changed_network_is_made_anew),
		cmocka_unit_test(images_are_brought_first),
		cmocka_unit_test(down_goes_in_reverse),
		cmocka_unit_test(digests_tell_plans_apart),
		cmocka_unit_test(older_engines_are_told_apart),
		cmocka_unit_test(external_networks_must_be_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
