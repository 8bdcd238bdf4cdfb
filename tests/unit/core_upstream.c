/* Dials that name a service, and where its containers answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "compose_case.h"
#include "kata/upstream.h"

static struct compose_service services[] = {{.name = "api"}, {.name = "db.1"}, {.name = "web"}};
static const struct compose compose = {.project = "app", .services = services, .service_count = 3};

static const char block[] =
	"{'listen':[':80'],'routes':[{'handle':[{'handler':'encode'},{'handler':'subroute',"
	"'routes':[{'handle':[{'handler':'reverse_proxy','upstreams':[{'dial':'web:8000',"
	"'max_requests':5},{'dial':'127.0.0.1:9000'},{'dial':'db.1:1'}],"
	"'handle_response':[{'routes':[{'handle':[{'handler':'reverse_proxy',"
	"'upstreams':[{'dial':'api:3000'}]}]}]}]}]}]}]}],"
	"'errors':{'routes':[{'handle':[{'handler':'reverse_proxy',"
	"'upstreams':[{'dial':'web:8001'}]}]}]}}";

/* --- listing --- */

static void assert_list(const char *text, const char *expected)
{
	struct arena *arena = arena_new();
	json_t *value = json_case_new(text);
	struct str out = STR_INIT;
	size_t count;
	struct upstream *list = upstream_list(arena, value, &compose, &count);

	for (size_t i = 0; i < count; i++)
		str_addf(&out, "%s%s %u %s", i ? ", " : "", list[i].service, list[i].port,
			 list[i].path);
	assert_string_equal(out.p, expected);
	str_release(&out);
	json_decref(value);
	arena_free(arena);
}

static void dials_are_found_at_any_depth(void **state)
{
	(void)state;
	assert_list(block,
		    "web 8000 routes/0/handle/1/routes/0/handle/0/upstreams, "
		    "db.1 1 routes/0/handle/1/routes/0/handle/0/upstreams, "
		    "api 3000 routes/0/handle/1/routes/0/handle/0/handle_response/0/routes/0/"
		    "handle/0/upstreams, "
		    "web 8001 errors/routes/0/handle/0/upstreams");
}

static void only_a_service_and_a_port_are_taken(void **state)
{
	static const char *const others[] = {
		"web",	    "web:",	"web:0",    "web:65536", "web:80-81",	 "web:{port}",
		"Web:80",   "webx:80",	"we:80",    ":80",	 "unix//web:80", "tcp/web:80",
		"x.web:80", "web:http", "[web]:80", "web:80:80", " web:80",
	};
	char text[300];
	(void)state;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		snprintf(text, sizeof(text),
			 "{'handler':'reverse_proxy','upstreams':[{'dial':'%s'}]}", others[i]);
		assert_list(text, "");
	}
	assert_list("{'handler':'reverse_proxy','upstreams':[{'dial':'web:1'},{'dial':'web:65535'},"
		    "{},{'dial':5},5]}",
		    "web 1 upstreams, web 65535 upstreams");
	/* Not what only looks like it. */
	assert_list("{'handler':'vars','vars':{'upstreams':[{'dial':'web:80'}]}}", "");
	assert_list("{'handler':'x','upstreams':{'dial':'web:80'}}", "");
	assert_list("{'upstreams':[{'dial':'web:80'}]}", "");
}

/* --- resolving --- */

/* "web" has two, "api" one, others none; 8001 is nobody's. */
static json_t *addresses_new(void *arg, const char *service, unsigned port)
{
	char text[32];
	json_t *out;

	++*(int *)arg;
	if (port == 8001)
		return NULL;
	out = json_array();
	snprintf(text, sizeof(text), "10.0.0.1:%u", port);
	if (!strcmp(service, "web") || !strcmp(service, "api"))
		json_array_append_new(out, json_string(text));
	if (!strcmp(service, "web"))
		json_array_append_new(out, json_string("127.0.0.1:32768"));
	return out;
}

static void dials_become_addresses(void **state)
{
	json_t *value = json_case_new(block);
	json_t *wanted = json_case_new(
		"{'listen':[':80'],'routes':[{'handle':[{'handler':'encode'},{'handler':'subroute',"
		"'routes':[{'handle':[{'handler':'reverse_proxy','upstreams':["
		"{'dial':'10.0.0.1:8000','max_requests':5},"
		"{'dial':'127.0.0.1:32768','max_requests':5},{'dial':'127.0.0.1:9000'},"
		"{'dial':'db.1:1'}],"
		"'handle_response':[{'routes':[{'handle':[{'handler':'reverse_proxy',"
		"'upstreams':[{'dial':'10.0.0.1:3000'}]}]}]}]}]}]}]}],"
		"'errors':{'routes':[{'handle':[{'handler':'reverse_proxy',"
		"'upstreams':[{'dial':'web:8001'}]}]}]}}");
	int calls = 0;
	(void)state;

	assert_int_equal(upstream_resolve(value, &compose, addresses_new, &calls), 2);
	assert_int_equal(calls, 4);
	assert_true(json_equal(value, wanted));
	/* What is resolved names no service any more. */
	assert_int_equal(upstream_resolve(value, &compose, addresses_new, &calls), 2);
	assert_true(json_equal(value, wanted));
	json_decref(value);
	json_decref(wanted);
}

/* --- addresses --- */

static void assert_container(const char *text, unsigned port, const char *expected)
{
	struct arena *arena = arena_new();
	json_t *value = json_case_new(text);
	const char *address = upstream_container_address(arena, value, port);

	if (!address != !expected || (address && strcmp(address, expected) != 0))
		fail_msg("%s %u is %s, not %s", text, port, address ? address : "(none)",
			 expected ? expected : "(none)");
	json_decref(value);
	arena_free(arena);
}

/* As the engine's list and inspect have it. */
#define LISTED                                                                                     \
	"{'State':'running','HostConfig':{'NetworkMode':'app_default'},'Ports':["                  \
	"{'IP':'::','PrivatePort':8000,'PublicPort':32768,'Type':'tcp'},"                          \
	"{'IP':'0.0.0.0','PrivatePort':8000,'PublicPort':32768,'Type':'tcp'},"                     \
	"{'IP':'127.0.0.1','PrivatePort':8001,'PublicPort':32772,'Type':'tcp'},"                   \
	"{'IP':'127.0.0.1','PrivatePort':8001,'PublicPort':32771,'Type':'tcp'},"                   \
	"{'IP':'0.0.0.0','PrivatePort':8002,'PublicPort':32773,'Type':'udp'},"                     \
	"{'IP':'192.0.2.1','PrivatePort':8003,'PublicPort':32774,'Type':'tcp'},"                   \
	"{'IP':'::','PrivatePort':8004,'PublicPort':32775,'Type':'tcp'},"                          \
	"{'IP':'127.0.0.9','PrivatePort':8005,'PublicPort':32776,'Type':'tcp'},"                   \
	"{'PrivatePort':8006,'Type':'tcp'}],"                                                      \
	"'NetworkSettings':{'Networks':{'app_default':{'Gateway':'172.18.0.1',"                    \
	"'IPAddress':'172.18.0.2','GlobalIPv6Address':''}}}}"

#define INSPECTED                                                                                  \
	"{'State':{'Status':'running'},'HostConfig':{'NetworkMode':'app_default'},"                \
	"'NetworkSettings':{'Ports':{'8000/tcp':[{'HostIp':'0.0.0.0','HostPort':'32768'},"         \
	"{'HostIp':'::','HostPort':'32767'}],'8001/tcp':[{'HostIp':'','HostPort':'8'}],"           \
	"'8002/udp':[{'HostIp':'0.0.0.0','HostPort':'32773'}],'8006/tcp':null},"                   \
	"'Networks':{'app_default':{'Gateway':'172.18.0.1','IPAddress':'172.18.0.2'}}}}"

static void a_published_port_is_dialled_on_loopback(void **state)
{
	(void)state;
	assert_container(LISTED, 8000, "127.0.0.1:32768");
	assert_container(LISTED, 8001, "127.0.0.1:32771");
	assert_container(LISTED, 8002, "172.18.0.2:8002");
	assert_container(LISTED, 8003, "172.18.0.2:8003");
	assert_container(LISTED, 8004, "[::1]:32775");
	assert_container(LISTED, 8005, "127.0.0.9:32776");
	assert_container(LISTED, 8006, "172.18.0.2:8006");
	assert_container(LISTED, 9, "172.18.0.2:9");
	assert_container(INSPECTED, 8000, "127.0.0.1:32768");
	assert_container(INSPECTED, 8001, "127.0.0.1:8");
	assert_container(INSPECTED, 8002, "172.18.0.2:8002");
	assert_container(INSPECTED, 8006, "172.18.0.2:8006");
}

static void else_its_address_in_a_bridge(void **state)
{
	(void)state;
	/* Overlays have no gateway of this host; ingress is never for dialling. */
	assert_container("{'State':'running','NetworkSettings':{'Networks':{"
			 "'a':{'Gateway':'','IPAddress':'10.0.1.2'},"
			 "'ingress':{'Gateway':'10.0.0.1','IPAddress':'10.0.0.2'},"
			 "'z':{'Gateway':'172.19.0.1','IPAddress':'172.19.0.2'},"
			 "'y':{'Gateway':'172.20.0.1','IPAddress':'172.20.0.2'}}}}",
			 80, "172.20.0.2:80");
	assert_container("{'State':'running','NetworkSettings':{'Networks':{"
			 "'internal':{'Gateway':'','IPAddress':'172.19.0.2'}}}}",
			 80, "172.19.0.2:80");
	assert_container("{'State':'running','NetworkSettings':{'Networks':{"
			 "'six':{'Gateway':'','IPAddress':'','GlobalIPv6Address':'fd00::2'}}}}",
			 80, "[fd00::2]:80");
	assert_container("{'State':'running','HostConfig':{'NetworkMode':'host'},"
			 "'NetworkSettings':{'Networks':{'host':{'IPAddress':''}}}}",
			 80, "127.0.0.1:80");
	assert_container("{'State':'running','HostConfig':{'NetworkMode':'none'},"
			 "'NetworkSettings':{'Networks':{'none':{'IPAddress':''}}}}",
			 80, NULL);
	assert_container("{'State':'running'}", 80, NULL);
}

static void what_does_not_run_has_no_address(void **state)
{
	static const char *const states[] = {"'exited'", "'created'",		"'restarting'",
					     "'paused'", "{'Status':'exited'}", "{}",
					     "null"};
	char text[400];
	(void)state;

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		snprintf(text, sizeof(text),
			 "{'State':%s,'HostConfig':{'NetworkMode':'host'},'Ports':["
			 "{'IP':'0.0.0.0','PrivatePort':80,'PublicPort':80,'Type':'tcp'}]}",
			 states[i]);
		assert_container(text, 80, NULL);
	}
	assert_container("{}", 80, NULL);
	assert_container("null", 80, NULL);
}

static void assert_swarm(const char *text, unsigned port, const char *expected)
{
	struct arena *arena = arena_new();
	json_t *value = json_case_new(text);
	const char *address = upstream_service_address(arena, value, port);

	if (expected)
		assert_string_equal(address ? address : "(none)", expected);
	else
		assert_null(address);
	json_decref(value);
	arena_free(arena);
}

static void a_service_answers_on_its_published_port(void **state)
{
	static const char service[] =
		"{'Spec':{},'Endpoint':{'Spec':{'Mode':'vip'},'Ports':["
		"{'Protocol':'udp','TargetPort':80,'PublishedPort':29999,'PublishMode':'ingress'},"
		"{'Protocol':'tcp','TargetPort':80,'PublishedPort':30001,'PublishMode':'ingress'},"
		"{'Protocol':'tcp','TargetPort':80,'PublishedPort':30000,'PublishMode':'ingress'},"
		"{'Protocol':'tcp','TargetPort':81,'PublishMode':'host'}]}}";
	(void)state;

	assert_swarm(service, 80, "127.0.0.1:30000");
	assert_swarm(service, 81, NULL);
	assert_swarm(service, 82, NULL);
	assert_swarm("{}", 80, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dials_are_found_at_any_depth),
		cmocka_unit_test(only_a_service_and_a_port_are_taken),
		cmocka_unit_test(dials_become_addresses),
		cmocka_unit_test(a_published_port_is_dialled_on_loopback),
		cmocka_unit_test(else_its_address_in_a_bridge),
		cmocka_unit_test(what_does_not_run_has_no_address),
		cmocka_unit_test(a_service_answers_on_its_published_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
