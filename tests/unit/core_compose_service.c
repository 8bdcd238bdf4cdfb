/*
 * Keys of a service in all the forms they may be written in, and the canonical form of each. What
 * is expected is what `docker compose config` prints, in the units of compose.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compose_decode.h"

#define TOP                                                                                        \
	"volumes: {v: }\nnetworks: {n: , m: }\nsecrets: {s: {file: ./s}}\n"                        \
	"configs: {c: {content: x}}\nenvironment: {TAG: '7', YES: 'true', NIL: ''}\n"

struct form {
	const char *yaml;     /* "key: value" of a service */
	const char *expected; /* canonical, with ' for " */
};

/* Each form alone in a service, beside services a and b. */
static void assert_forms(const struct form *forms, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char key[40], path[80];
		struct str yaml = STR_INIT;
		struct decoded d = {0};
		bool image = !strncmp(forms[i].yaml, "image:", 6);

		snprintf(key, sizeof key, "%.*s", (int)strcspn(forms[i].yaml, ":"), forms[i].yaml);
		snprintf(path, sizeof path, "services/web/%s", key);
		str_addf(&yaml,
			 TOP "services:\n  a: {image: x}\n  b: {image: x}\n  web:\n    %s\n"
			     "    %s\n",
			 image ? "tty: true" : "image: x", forms[i].yaml);
		decode(&d, yaml.p);
		if (!d.ok) {
			char *text = problems_text(&d.problems);

			fail_msg("%s\n%s", forms[i].yaml, text);
		}
		assert_model(&d, path, forms[i].expected);
		decoded_release(&d);
		str_release(&yaml);
	}
}

#define FORMS(...)                                                                                 \
	do {                                                                                       \
		static const struct form forms[] = {__VA_ARGS__};                                  \
		(void)state;                                                                       \
		assert_forms(forms, sizeof forms / sizeof *forms);                                 \
	} while (0)

#define P(TARGET, REST) "{'mode':'ingress','protocol':'tcp','target':" TARGET REST "}"

static void ports(void **state)
{
	FORMS({"ports: ['3000']", "[" P("3000", "") "]"}, {"ports: [3000]", "[" P("3000", "") "]"},
	      {"ports: ['3000-3001']", "[" P("3000", "") "," P("3001", "") "]"},
	      {"ports: ['8000:80']", "[" P("80", ",'published':'8000'") "]"},
	      {"ports: [8000:80]", "[" P("80", ",'published':'8000'") "]"},
	      {"ports: ['9090-9091:8080-8081']",
	       "[" P("8080", ",'published':'9090'") "," P("8081", ",'published':'9091'") "]"},
	      {"ports: ['8000-8010:80']", "[" P("80", ",'published':'8000-8010'") "]"},
	      {"ports: ['127.0.0.1:8001:81']",
	       "[" P("81", ",'published':'8001','host_ip':'127.0.0.1'") "]"},
	      {"ports: ['127.0.0.1::80']", "[" P("80", ",'host_ip':'127.0.0.1'") "]"},
	      {"ports: ['[::1]:80:80']", "[" P("80", ",'published':'80','host_ip':'::1'") "]"},
	      {"ports: [':80']", "[" P("80", "") "]"},
	      {"ports: ['0:80']", "[" P("80", ",'published':'0'") "]"},
	      {"ports: ['53:53/UDP']",
	       "[{'mode':'ingress','protocol':'udp','target':53,'published':'53'}]"},
	      {"ports: ['$TAG:8$TAG']", "[" P("87", ",'published':'7'") "]"},
	      {"ports: [{target: '80', published: 8080, host_ip: 1.2.3.4, mode: host, name: w, "
	       "app_protocol: http, protocol: udp}]",
	       "[{'target':80,'published':'8080','host_ip':'1.2.3.4','mode':'host','name':'w',"
	       "'app_protocol':'http','protocol':'udp'}]"},
	      {"ports: [{target: 80, published: 8000-8010}]",
	       "[" P("80", ",'published':'8000-8010'") "]"},
	      {"expose: ['80', 90, '100-101', 53/udp]",
	       "['80/tcp','90/tcp','100/tcp','101/tcp','53/udp']"});
}

#define BIND(SOURCE, TARGET, REST)                                                                 \
	"{'type':'bind','source':'" SOURCE "','target':'" TARGET                                   \
	"','bind':{'create_host_path':true" REST "}}"

static void mounts(void **state)
{
	FORMS({"volumes: [/a]", "[{'type':'volume','target':'/a','volume':{}}]"},
	      {"volumes: ['v:/x/../y']",
	       "[{'type':'volume','source':'v','target':'/y','volume':{}}]"},
	      {"volumes: ['v:/y:ro,nocopy']",
	       "[{'type':'volume','source':'v','target':'/y','read_only':true,"
	       "'volume':{'nocopy':true}}]"},
	      {"volumes: [./x:/y]", "[" BIND("/srv/app/blog/x", "/y", "") "]"},
	      {"volumes: [.:/y]", "[" BIND("/srv/app/blog", "/y", "") "]"},
	      {"volumes: [../other//x/.:/y]", "[" BIND("/srv/app/other/x", "/y", "") "]"},
	      {"volumes: ['~/x:/y']", "[" BIND("/srv/x", "/y", "") "]"},
	      {"volumes: ['/x:/y:rw,z,rslave,cached']",
	       "[" BIND("/x", "/y", ",'selinux':'z','propagation':'rslave'") "]"},
	      {"volumes: [{type: bind, source: x, target: /y}]",
	       "[" BIND("/srv/app/blog/x", "/y", "") "]"},
	      {"volumes: [{type: bind, source: /x, target: /y, read_only: yes, consistency: "
	       "cached, "
	       "bind: {create_host_path: false, propagation: shared, recursive: disabled}}]",
	       "[{'type':'bind','source':'/x','target':'/y','read_only':true,'bind':"
	       "{'create_host_path':false,'propagation':'shared','recursive':'disabled'}}]"},
	      {"volumes: [{type: volume, source: v, target: /y, volume: {subpath: q, labels: "
	       "[a=b]}}]",
	       "[{'type':'volume','source':'v','target':'/y','volume':{'subpath':'q','labels':"
	       "{'a':'b'}}}]"},
	      {"volumes: [{type: tmpfs, target: /y, tmpfs: {size: 10m, mode: 01777}}]",
	       "[{'type':'tmpfs','target':'/y','tmpfs':{'size':10485760,'mode':1023}}]"},
	      {"volumes: [{type: image, source: i, target: /y, image: {subpath: p}}]",
	       "[{'type':'image','source':'i','target':'/y','image':{'subpath':'p'}}]"},
	      {"tmpfs: /a:size=1m", "['/a:size=1m']"}, {"tmpfs: [/a, /b]", "['/a','/b']"});
}

static void lists_and_maps_of_texts(void **state)
{
	FORMS({"labels: {a: 1.10, b: true, c: , d: x}", "{'a':'1.10','b':'true','c':'','d':'x'}"},
	      {"labels: [a=1.10, b, c=, d=e=f]", "{'a':'1.10','b':'','c':'','d':'e=f'}"},
	      {"labels: {a: $TAG, b: 'x$${TAG}'}", "{'a':'7','b':'x${TAG}'}"},
	      {"sysctls: [net.x=1]", "{'net.x':'1'}"}, {"annotations: {a: 08}", "{'a':'08'}"},
	      {"storage_opt: {size: 1G}", "{'size':'1G'}"},
	      {"extra_hosts: [a:1.1.1.1, 'b=[::1]', 'c:::1', d=host-gateway]",
	       "['a=1.1.1.1','b=::1','c=::1','d=host-gateway']"},
	      {"extra_hosts: {a: 1.1.1.1, b: [2.2.2.2, '::1']}",
	       "['a=1.1.1.1','b=2.2.2.2','b=::1']"},
	      {"dns: 1.1.1.1", "['1.1.1.1']"}, {"dns_search: [a, b]", "['a','b']"},
	      {"cap_add: [NET_ADMIN]", "['NET_ADMIN']"}, {"group_add: [a, 5]", "['a','5']"},
	      {"logging: {driver: d, options: {a: 1, b: }}",
	       "{'driver':'d','options':{'a':'1','b':''}}"});
}

static void numbers_and_words(void **state)
{
	FORMS({"privileged: yes", "true"}, {"privileged: 'off'", "false"}, {"tty: TRUE", "true"},
	      {"init: $YES", "true"}, {"read_only: ${NOPE:-n}", "false"}, {"user: 1000", "'1000'"},
	      {"hostname: 1.10", "'1.10'"}, {"user: $NIL", "absent"}, {"restart: no", "'no'"},
	      {"restart: 'on-failure:3'", "'on-failure:3'"}, {"scale: '1'", "1"},
	      {"scale: 0x2", "2"}, {"pids_limit: -1", "-1"}, {"cpus: 0.5", "0.5"},
	      {"cpus: '1.5'", "1.5"}, {"mem_limit: 1.5g", "1610612736"},
	      {"mem_limit: 1024", "1024"}, {"memswap_limit: -1", "-1"},
	      {"shm_size: 64m", "67108864"}, {"stop_grace_period: 1m30s", "90000000000"},
	      {"stop_grace_period: 0", "0"}, {"pull_policy: every_12h", "'every_12h'"},
	      {"ulimits: {nofile: 5, nproc: {soft: 1, hard: '2'}}",
	       "{'nofile':{'soft':5,'hard':5},'nproc':{'soft':1,'hard':2}}"},
	      {"devices: [/dev/a, '/dev/b:/dev/c:r', vendor.com/class=name]",
	       "[{'source':'/dev/a','target':'/dev/a','permissions':'rwm'},{'source':'/dev/b',"
	       "'target':'/dev/c','permissions':'r'},{'source':'vendor.com/class=name',"
	       "'target':'vendor.com/class=name','permissions':'rwm'}]"},
	      {"devices: [{source: /dev/a, permissions: rw}]",
	       "[{'source':'/dev/a','target':'/dev/a','permissions':'rw'}]"},
	      {"gpus: all", "[{'count':-1}]"},
	      {"gpus: [{driver: nvidia, count: all, capabilities: [x]}]",
	       "[{'driver':'nvidia','count':-1,'capabilities':['x']}]"},
	      {"blkio_config: {weight: 5, device_read_bps: [{path: /dev/a, rate: 1m}]}",
	       "{'weight':5,'device_read_bps':[{'path':'/dev/a','rate':1048576}]}"});
}

static void commands_are_words(void **state)
{
	FORMS({"command: echo 'a b' \"c\"", "['echo','a b','c']"},
	      {"command: [sh, -c, 'echo $TAG $$TAG', 5]", "['sh','-c','echo 7 $TAG','5']"},
	      {"command: ''", "[]"}, {"command: []", "[]"}, {"command: ", "absent"},
	      {"command: a; b", "['a;','b']"}, {"entrypoint: /x -y", "['/x','-y']"},
	      {"entrypoint: ", "absent"},
	      {"post_start: [{command: a b, user: root, environment: [TAG, NOPE, A=1]}]",
	       "[{'command':['a','b'],'user':'root','environment':{'TAG':'7','NOPE':null,"
	       "'A':'1'}}]"});
}

static void health(void **state)
{
	FORMS({"healthcheck: {test: curl x, interval: 1m30s, retries: 3}",
	       "{'test':['CMD-SHELL','curl x'],'interval':90000000000,'retries':3}"},
	      {"healthcheck: {test: [CMD, a], timeout: 5s, start_period: 1s, start_interval: "
	       "500ms}",
	       "{'test':['CMD','a'],'timeout':5000000000,'start_period':1000000000,"
	       "'start_interval':500000000}"},
	      {"healthcheck: {disable: true, test: [CMD, a]}", "{'test':['NONE']}"},
	      {"healthcheck: {disable: false, interval: 1s}", "{'interval':1000000000}"},
	      {"healthcheck: {test: []}", "{}"});
}

#define DEP(CONDITION, REST) "{'condition':'" CONDITION "','required':true" REST "}"

static void dependencies_also_implied_ones(void **state)
{
	FORMS({"depends_on: [a, b]",
	       "{'a':" DEP("service_started", "") ",'b':" DEP("service_started", "") "}"},
	      {"depends_on: {a: {condition: service_healthy, restart: true, required: false}}",
	       "{'a':{'condition':'service_healthy','restart':true,'required':false}}"},
	      {"links: [a, 'b:x']", "['a','b:x']"});
	FORMS({"depends_on: {a: {condition: service_healthy}}\n    links: [a, 'b:x']",
	       "{'a':" DEP("service_healthy", "") ",'b':" DEP("service_started",
							      ",'restart':true") "}"},
	      {"depends_on: []\n    network_mode: service:a",
	       "{'a':" DEP("service_started", ",'restart':true") "}"},
	      {"depends_on: []\n    ipc: service:a\n    volumes_from: ['b:ro', container:q]",
	       "{'a':" DEP("service_started", ",'restart':true") ",'b':" DEP("service_started",
									     "") "}"},
	      {"depends_on: []", "absent"});
}

static void networks(void **state)
{
	FORMS({"networks: [n, m]", "{'n':{},'m':{}}"}, {"networks: []", "{'default':{}}"},
	      {"networks: {n: , m: {aliases: [x], ipv4_address: 10.0.0.5, priority: 5, "
	       "driver_opts: {a: 1}}}",
	       "{'n':{},'m':{'aliases':['x'],'ipv4_address':'10.0.0.5','priority':5,"
	       "'driver_opts':{'a':'1'}}}"},
	      {"networks:", "{'default':{}}"});
	FORMS({"network_mode: host", "'host'"});
}

static void secrets_and_configs(void **state)
{
	FORMS({"secrets: [s]", "[{'source':'s','target':'/run/secrets/s'}]"},
	      {"secrets: [{source: s, target: t, uid: '1', gid: 2, mode: 0440}]",
	       "[{'source':'s','target':'t','uid':'1','gid':'2','mode':288}]"},
	      {"configs: [c]", "[{'source':'c','target':'/c'}]"},
	      {"configs: [{source: c, target: /x, mode: '400'}]",
	       "[{'source':'c','target':'/x','mode':256}]"},
	      {"configs: [{source: c, mode: 0o444}]", "[{'source':'c','target':'/c','mode':292}]"});
}

static void builds(void **state)
{
	FORMS({"build: .", "{'context':'/srv/app/blog','dockerfile':'Dockerfile'}"},
	      {"build: ./x/../y", "{'context':'/srv/app/blog/y','dockerfile':'Dockerfile'}"},
	      {"build: https://x.example/a.git",
	       "{'context':'https://x.example/a.git','dockerfile':'Dockerfile'}"},
	      {"build: {dockerfile_inline: FROM x}",
	       "{'context':'/srv/app/blog','dockerfile_inline':'FROM x'}"},
	      {"build: {context: /c, dockerfile: D, args: [A=1, TAG, NOPE], target: t, labels: "
	       "[x=y], shm_size: 1m, no_cache: true, platforms: [linux/amd64], extra_hosts: "
	       "[h:1.1.1.1], ulimits: {nofile: 5}}",
	       "{'context':'/c','dockerfile':'D','args':{'A':'1','TAG':'7'},'target':'t','labels':"
	       "{'x':'y'},'shm_size':1048576,'no_cache':true,'platforms':['linux/amd64'],"
	       "'extra_hosts':['h=1.1.1.1'],'ulimits':{'nofile':{'soft':5,'hard':5}}}"});
}

static void deployments(void **state)
{
	FORMS({"deploy: {mode: replicated, replicas: '2', labels: [a=b], endpoint_mode: vip}",
	       "{'mode':'replicated','replicas':2,'labels':{'a':'b'},'endpoint_mode':'vip'}"},
	      {"deploy: {update_config: {parallelism: 1, delay: 10s, failure_action: rollback, "
	       "monitor: 5s, max_failure_ratio: 0.5, order: start-first}, rollback_config: "
	       "{parallelism: 2}}",
	       "{'update_config':{'parallelism':1,'delay':10000000000,'failure_action':'rollback',"
	       "'monitor':5000000000,'max_failure_ratio':0.5,'order':'start-first'},"
	       "'rollback_config':{'parallelism':2}}"},
	      {"deploy: {resources: {limits: {cpus: '0.5', memory: 1g, pids: 100}, reservations: "
	       "{cpus: 0.25, memory: 512M, generic_resources: [{discrete_resource_spec: {kind: g, "
	       "value: 2}}], devices: [{capabilities: [gpu], count: all}]}}}",
	       "{'resources':{'limits':{'cpus':0.5,'memory':1073741824,'pids':100},'reservations':"
	       "{'cpus':0.25,'memory':536870912,'generic_resources':[{'discrete_resource_spec':"
	       "{'kind':'g','value':2}}],'devices':[{'capabilities':['gpu'],'count':-1}]}}}"},
	      {"deploy: {restart_policy: {condition: on-failure, delay: 5s, max_attempts: 3, "
	       "window: 120s}, placement: {constraints: [node.role==manager], preferences: "
	       "[{spread: x}], max_replicas_per_node: 2}}",
	       "{'restart_policy':{'condition':'on-failure','delay':5000000000,'max_attempts':3,"
	       "'window':120000000000},'placement':{'constraints':['node.role==manager'],"
	       "'preferences':[{'spread':'x'}],'max_replicas_per_node':2}}"});
}

static void own_folders_need_no_volume(void **state)
{
	struct decoded d = {0};

	(void)state;
	decode(&d,
	       "services:\n  web:\n    image: x\n    volumes: ['app:/a', 'data:/d:ro', 'venv:/v', "
	       "{type: volume, source: config, target: /c}]\n");
	assert_true(d.ok);
	assert_model(&d, "services/web/volumes",
		     "[" BIND("/srv/app/blog", "/a",
			      "") ",{'type':'bind','source':'/srv/data/blog',"
				  "'target':'/"
				  "d','read_only':true,'bind':{'create_host_path':true}}," BIND(
					  "/srv/envs/blog/venv", "/v",
					  "") "," BIND("/srv/config/blog", "/c", "") "]");
	decoded_release(&d);
	/* With volumes of the file's own, they are names like others. */
	decode(&d, "services: {web: {image: x, volumes: ['data:/d']}}\nvolumes: {data: }\n");
	assert_model(&d, "services/web/volumes",
		     "[{'type':'volume','source':'data','target':'/d','volume':{}}]");
	decoded_release(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports),
		cmocka_unit_test(mounts),
		cmocka_unit_test(lists_and_maps_of_texts),
		cmocka_unit_test(numbers_and_words),
		cmocka_unit_test(commands_are_words),
		cmocka_unit_test(health),
		cmocka_unit_test(dependencies_also_implied_ones),
		cmocka_unit_test(networks),
		cmocka_unit_test(secrets_and_configs),
		cmocka_unit_test(builds),
		cmocka_unit_test(deployments),
		cmocka_unit_test(own_folders_need_no_volume),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
