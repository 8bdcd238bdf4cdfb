/*
 * Plans of deploys in Swarm mode, and of taking down and stopping what runs there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "deploy_case.h"
#include "kata/swarm.h"

static const char *no_name(void *arg, const char *kind, const char *key)
{
	(void)arg;
	(void)kind;
	(void)key;
	return NULL;
}

/* A live service as this file wants it. */
static json_t *case_service(struct deploy_case *c, const char *name)
{
	const struct compose_service *model = compose_service_find(&c->compose, name);
	struct swarm_facts facts = {.image = "one", .object_name = no_name, .object_id = no_name};
	json_t *spec, *item;

	if (model)
		spec = swarm_spec_new(&c->compose, model, &facts);
	else
		spec = json_pack("{s:s,s:{s:s},s:{s:{s:i}}}", "Name",
				 arena_printf(c->arena, "blog_%s", name), "Labels", LABEL_STACK,
				 "blog", "Mode", "Replicated", "Replicas", 1);
	item = json_pack("{s:s,s:{s:i},s:o}", "ID", arena_printf(c->arena, "id-%s", name),
			 "Version", "Index", 7, "Spec", spec);
	json_array_append_new(c->live.services, item);
	return item;
}

static void case_stack_network(struct deploy_case *c)
{
	json_t *body = swarm_network_body_new(&c->compose, "default");

	json_object_set_new(body, "Id", json_string("net1"));
	json_array_append_new(c->live.stack_networks, body);
}

static const char *case_swarm(struct deploy_case *c)
{
	deploy_plan_swarm(&c->deploy, &c->compose, &c->live, &c->options);
	return case_text(c);
}

static void new_stack_gets_everything(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services:\n"
		      "  web: {image: one, configs: [key], depends_on: [db]}\n"
		      "  db: {image: one}\n"
		      "configs: {key: {content: x}}\n");
	assert_string_equal(case_swarm(&c), "0 network-create blog_default\n"
					    "1 object-create blog_key\n"
					    "2 service-create blog_db <0,1\n"
					    "3 converge blog_db <2\n"
					    "4 service-create blog_web <0,1,3\n"
					    "5 converge blog_web <4\n");
	assert_true(c.deploy.swarm);
	case_close(&c);
}

static void unchanged_stack_needs_nothing(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services: {web: {image: one}}\n");
	case_stack_network(&c);
	case_service(&c, "web");
	assert_string_equal(case_swarm(&c), "");
	case_close(&c);
}

/* A changed service is updated alone, and goes back when it does not converge. */
static void changed_service_is_updated(void **state)
{
	struct deploy_case c;
	json_t *spec;

	(void)state;
	case_open(&c, "services: {web: {image: one}, db: {image: one}}\n");
	case_stack_network(&c);
	case_service(&c, "db");
	spec = json_object_get(case_service(&c, "web"), "Spec");
	json_object_set_new(json_object_get(json_object_get(spec, "TaskTemplate"), "ContainerSpec"),
			    "User", json_string("other"));
	assert_string_equal(case_swarm(&c), "0 service-update blog_web\n"
					    "1 converge blog_web <0\n"
					    "2 rollback blog_web !1\n");
	case_close(&c);
}

/* Another mode is another service. */
static void changed_mode_makes_the_service_anew(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services: {web: {image: one, deploy: {mode: global}}}\n");
	case_stack_network(&c);
	json_object_set_new(json_object_get(case_service(&c, "web"), "Spec"), "Mode",
			    json_pack("{s:{s:i}}", "Replicated", "Replicas", 1));
	assert_string_equal(case_swarm(&c), "0 service-remove blog_web\n"
					    "1 service-create blog_web <0\n"
					    "2 converge blog_web <1\n");
	case_close(&c);
}

static void what_is_not_in_the_file_goes_last(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services: {web: {image: one}}\n");
	case_stack_network(&c);
	c.upstream = "web";
	c.options.routed = true;
	case_service(&c, "gone");
	json_array_append_new(c.live.secrets,
			      json_pack("{s:s,s:{s:s,s:{s:s}}}", "ID", "s1", "Spec", "Name",
					"blog_old_1", "Labels", LABEL_STACK, "blog"));
	json_array_append_new(c.live.secrets,
			      json_pack("{s:s,s:{s:s,s:{s:s}}}", "ID", "s2", "Spec", "Name",
					"shop_key", "Labels", LABEL_STACK, "shop"));
	assert_string_equal(case_swarm(&c), "0 service-create blog_web\n"
					    "1 converge blog_web <0\n"
					    "2 routes routes <1\n"
					    "3 service-remove blog_gone <1,2\n"
					    "4 object-remove blog_old_1 <1,2\n");
	case_close(&c);
}

static void stopped_stack_is_left_alone(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services: {web: {image: one}}\n");
	c.wishes.stopped = true;
	assert_string_equal(case_swarm(&c), "");
	case_close(&c);
}

static void restart_updates_every_service(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services: {web: {image: one}}\n");
	case_stack_network(&c);
	case_service(&c, "web");
	c.options.verb = DEPLOY_RESTART;
	c.options.detach = true;
	assert_string_equal(case_swarm(&c), "0 service-update blog_web\n");
	assert_string_equal(c.deploy.steps[0].why, "restart");
	case_close(&c);
}

/* What made it stop may be over: nobody else tells Swarm to go on. */
static void paused_update_goes_on(void **state)
{
	struct deploy_case c;
	json_t *live;

	(void)state;
	case_open(&c, "services: {web: {image: one}}\n");
	case_stack_network(&c);
	live = case_service(&c, "web");
	assert_string_equal(case_swarm(&c), "");
	json_object_set_new(live, "UpdateStatus", json_pack("{s:s}", "State", "completed"));
	assert_string_equal(case_swarm(&c), "");
	json_object_set_new(live, "UpdateStatus", json_pack("{s:s}", "State", "paused"));
	assert_non_null(strstr(case_swarm(&c), "0 service-update blog_web\n"));
	assert_string_equal(c.deploy.steps[0].why, "its last update was paused");
	case_close(&c);
}

static void stop_takes_the_tasks_away(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services: {web: {image: one}, all: {image: one, deploy: {mode: global}}}\n");
	case_service(&c, "web");
	case_service(&c, "all");
	deploy_plan_stop(&c.deploy, &c.compose, FOLDER, true, &c.live, &c.options);
	assert_string_equal(case_text(&c), "0 service-remove blog_all\n"
					   "1 service-update blog_web\n");
	assert_int_equal(c.deploy.steps[1].model->replicas, 0);
	case_close(&c);
}

/* Services first, what they held after them, and only then is the stack gone. */
static void down_waits_until_all_is_gone(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services: {web: {image: one}}\n");
	case_stack_network(&c);
	case_service(&c, "web");
	deploy_plan_down(&c.deploy, "blog", FOLDER, true, false, &c.live);
	assert_string_equal(case_text(&c), "0 service-remove blog_web\n"
					   "1 network-remove blog_default <0\n"
					   "2 stack-gone blog <0,1\n");
	case_close(&c);
}

static void update_order_follows_the_routes(void **state)
{
	struct deploy_case c;

	(void)state;
	case_open(&c, "services:\n"
		      "  a: {image: one, ports: ['80']}\n"
		      "  b: {image: one, ports: [{target: 80, mode: host}]}\n"
		      "  c: {image: one, x-kata-order: stop-first}\n"
		      "  d: {image: one, x-kata-order: start-first}\n");
	assert_true(deploy_start_first(compose_service_find(&c.compose, "a"), true));
	assert_false(deploy_start_first(compose_service_find(&c.compose, "a"), false));
	assert_false(deploy_start_first(compose_service_find(&c.compose, "b"), true));
	assert_false(deploy_start_first(compose_service_find(&c.compose, "c"), true));
	assert_true(deploy_start_first(compose_service_find(&c.compose, "d"), false));
	case_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_stack_gets_everything),
		cmocka_unit_test(unchanged_stack_needs_nothing),
		cmocka_unit_test(changed_service_is_updated),
		cmocka_unit_test(changed_mode_makes_the_service_anew),
		cmocka_unit_test(what_is_not_in_the_file_goes_last),
		cmocka_unit_test(stopped_stack_is_left_alone),
		cmocka_unit_test(restart_updates_every_service),
		cmocka_unit_test(paused_update_goes_on),
		cmocka_unit_test(stop_takes_the_tasks_away),
		cmocka_unit_test(down_waits_until_all_is_gone),
		cmocka_unit_test(update_order_follows_the_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
