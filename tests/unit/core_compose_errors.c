/*
 * What is wrong with the services of an app: all of it at once, each with its place, its path and
 * what to do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compose_decode.h"

struct fault {
	const char *yaml;     /* keys of a service "web" in line 2; the flow of a mapping */
	const char *expected; /* one problem without its place and path's beginning */
};

/* Each row alone gives exactly this problem, in line 2, below services.web. */
static void assert_faults(const struct fault *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct str yaml = STR_INIT;
		struct decoded d = {0};
		char *text, *found;

		str_addf(&yaml,
			 "services:\n  web: {%s}\n  db: {image: x}\n"
			 "  off: {image: x, profiles: [p], healthcheck: {disable: true}}\n"
			 "  sick: {image: x, healthcheck: {test: [NONE]}}\n"
			 "networks: {front: }\nvolumes: {vol: }\nsecrets: {token: {file: x}}\n"
			 "configs: {conf: {file: x}}\n",
			 rows[i].yaml);
		decode(&d, yaml.p);
		text = problems_text(&d.problems);
		found = strstr(text, "services.web");
		if (d.problems.count != 1 || d.problems.items[0].place.line != 2 || !found ||
		    strncmp(found + strlen("services.web"), rows[i].expected,
			    strlen(rows[i].expected)) != 0 ||
		    strlen(found) != strlen("services.web") + strlen(rows[i].expected) + 1)
			fail_msg("%s\n%s---not\nservices.web%s", rows[i].yaml, text,
				 rows[i].expected);
		assert_true(d.ok == (d.problems.errors == 0));
		free(text);
		decoded_release(&d);
		str_release(&yaml);
	}
}

#define I "image: x, "

static const struct fault unknown_keys_rows[] = {
	{I "enviroment: {A: 1}",
	 ".enviroment: there is no such key here (did you mean environment?)"},
	{I "zzz: 1", ".zzz: there is no such key here (keys of your own begin with x-)"},
	{I "deploy: {resources: {limits: {memroy: 1g}}}",
	 ".deploy.resources.limits.memroy: there is no such key here (did you mean "
	 "memory?)"},
	{I "ports: [{target: 1, publish: 2}]",
	 ".ports[0].publish: there is no such key here (did you mean published?)"},
	{I "networks: {front: {alias: [a]}}",
	 ".networks.front.alias: there is no such key here (did you mean aliases?)"},
	{I "x-kata-redy: 5s",
	 ".x-kata-redy: there is no such key here (did you mean x-kata-ready?)"},
	{I "provider: {type: x}",
	 ".provider: is not supported (providers are plugins of docker compose)"},
	{I "build: {ssh: [default]}",
	 ".build.ssh: is not supported (it needs BuildKit, which the engine's build API "
	 "does not have)"}};

static void unknown_keys(void **state)
{
	(void)state;
	assert_faults(unknown_keys_rows, sizeof unknown_keys_rows / sizeof *unknown_keys_rows);
}

static const struct fault wrong_types_rows[] = {
	{"image: [x]", ".image: must be text, not a list"},
	{"image: ''", ": needs image:, build: or runtime:"},
	{I "command: {a: b}", ".command: must be text or a list of words, not a mapping"},
	{I "command: [[a]]", ".command[0]: must be text, not a list"},
	{I "ports: 80", ".ports: must be a list, not text"},
	{I "ports: {a: b}", ".ports: must be a list, not a mapping"},
	{I "volumes: /x", ".volumes: must be a list, not text"},
	{I "labels: x", ".labels: must be a mapping or a list, not text"},
	{I "labels: {a: [x]}", ".labels.a: must be text, not a list"},
	{I "labels: ['=x']", ".labels[0]: has no name (write NAME=value)"},
	{I "healthcheck: x", ".healthcheck: must be a mapping, not text"},
	{I "deploy: [x]", ".deploy: must be a mapping, not a list"},
	{I "depends_on: db", ".depends_on: must be a list or a mapping, not text"},
	{I "networks: front", ".networks: must be a list or a mapping, not text"},
	{I "secrets: token", ".secrets: must be a list, not text"},
	{I "devices: /dev/a", ".devices: must be a list, not text"},
	{I "ulimits: 5", ".ulimits: must be a mapping, not text"},
	{I "gpus: none", ".gpus: must be all or a list, not text"},
	{I "dns: {a: b}", ".dns: must be a list, not a mapping"},
	{I "cap_add: X", ".cap_add: must be a list, not text"},
	{I "cap_add: [null]", ".cap_add[0]: must be text, not empty"},
	{I "extra_hosts: x", ".extra_hosts: must be a mapping or a list, not text"},
	{I "build: [x]", ".build: must be a mapping, not a list"},
	{I "logging: {options: [a]}", ".logging.options: must be a mapping, not a list"},
	{I "env_file: {path: x}", ".env_file: must be a path or a list, not a mapping"},
	{I "env_file: [{format: raw}]", ".env_file[0]: needs path:"},
	{I "x-kata-ready: [1]", ".x-kata-ready: must be a mapping, not a list"},
	{I "extends: [a]", ".extends: must be a mapping, not a list"}};

static void wrong_types(void **state)
{
	(void)state;
	assert_faults(wrong_types_rows, sizeof wrong_types_rows / sizeof *wrong_types_rows);
}

static const struct fault wrong_values_rows[] = {
	{I "privileged: maybe", ".privileged: must be true or false, not maybe"},
	{I "privileged: 1", ".privileged: must be true or false, not 1"},
	{I "scale: many", ".scale: must be a whole number, not many"},
	{I "scale: -1", ".scale: -1 is out of range: 0 to 2147483647"},
	{I "scale: 1.5", ".scale: must be a whole number, not 1.5"},
	{I "cpus: lots", ".cpus: must be a number, not lots"},
	{I "mem_limit: 10x",
	 ".mem_limit: 10x is not a size (write 512m, 1.5g, or a number of bytes)"},
	{I "mem_limit: ''",
	 ".mem_limit: empty text is not a size (write 512m, 1.5g, or a number of bytes)"},
	{I "stop_grace_period: 10",
	 ".stop_grace_period: 10 is not a duration (a unit is missing: 10s)"},
	{I "stop_grace_period: 10 s",
	 ".stop_grace_period: 10 s is not a duration (write 30s, 1m30s or 500ms)"},
	{I "healthcheck: {interval: 1us}", ".healthcheck: interval: must be at least 1ms"},
	{I "healthcheck: {test: [curl]}", ".healthcheck.test: begins with curl (a test in "
					  "list form begins with CMD, CMD-SHELL or NONE)"},
	{I "healthcheck: {retries: x}", ".healthcheck.retries: must be a whole number, not x"},
	{I "restart: sometimes", ".restart: sometimes is no restart policy (it is no, "
				 "always, unless-stopped, on-failure or on-failure:3)"},
	{I "restart: 'on-failure:x'",
	 ".restart: on-failure:x is no restart policy (it is no, always, unless-stopped, "
	 "on-failure or on-failure:3)"},
	{I "pull_policy: often", ".pull_policy: often is no pull policy (it is always, "
				 "missing, never, build, daily, weekly or every_12h)"},
	{I "deploy: {mode: local}", ".deploy.mode: local is not known here (it is "
				    "replicated, global, replicated-job or global-job)"},
	{I "deploy: {update_config: {order: first}}",
	 ".deploy.update_config.order: first is not known here (it is start-first or "
	 "stop-first)"},
	{I "depends_on: {db: {condition: ready}}",
	 ".depends_on.db.condition: ready is not known here (it is service_started, "
	 "service_healthy or service_completed_successfully)"},
	{I "depends_on: {db: {required: true}}",
	 ".depends_on.db: needs condition: (it is service_started, service_healthy or "
	 "service_completed_successfully)"},
	{I "container_name: '-x'",
	 ".container_name: -x cannot be a container's name (two or more letters, digits, _ "
	 ". and -; it begins with a letter or digit)"},
	{I "container_name: x",
	 ".container_name: x cannot be a container's name (two or more letters, digits, _ . "
	 "and -; it begins with a letter or digit)"},
	{I "ulimits: {nofile: {soft: 1}}", ".ulimits.nofile: needs soft: and hard:"},
	{I "ulimits: {nofile: x}", ".ulimits.nofile: must be a whole number, not x"},
	{I "devices: ['a:b:c:d']",
	 ".devices[0]: a:b:c:d is not a device (write /dev/host:/dev/container:rwm)"},
	{I "devices: [{target: /x}]", ".devices[0]: needs source:"},
	{I "oom_score_adj: 2000", ".oom_score_adj: 2000 is out of range: -1000 to 1000"},
	{I "secrets: [{source: token, mode: '9'}]",
	 ".secrets[0].mode: 9 is not a file mode (write 0440)"},
	{I "secrets: [{source: token, mode: 440}]",
	 ".secrets[0].mode: 440 is a decimal number: the mode is 0670 (write 0440)"},
	{I "secrets: [{target: x}]", ".secrets[0]: needs source:"},
	{I "extra_hosts: [a]",
	 ".extra_hosts: must be a host and its address (write \"host=192.0.2.1\")"},
	{I "extra_hosts: ['=1.1.1.1']",
	 ".extra_hosts: must be a host and its address (write \"host=192.0.2.1\")"},
	{I "cgroup: other", ".cgroup: other is not known here (it is host or private)"},
	{I "build: {dockerfile: a, dockerfile_inline: b}",
	 ".build: has both dockerfile: and dockerfile_inline:"},
	{I "build: {platforms: [a, b]}", ".build.platforms: more than one needs BuildKit "
					 "(build for one platform: [linux/amd64])"},
	{I "post_start: [{user: x}]", ".post_start: each needs command:"},
	{I "x-kata-order: first",
	 ".x-kata-order: first is not known here (it is start-first or stop-first)"},
	{I "x-kata-ready: soon",
	 ".x-kata-ready: soon is not a duration (write 30s, 1m30s or 500ms)"},
	{I "command: echo 'a",
	 ".command: holds a ' that is never closed (write the command as a list of words)"},
	{I "command: a && b",
	 ".command: no shell runs this command: '&' is passed on as it stands (write [sh, "
	 "-c, \"...\"] for a shell; docker compose would cut the command off here. Quote it "
	 "where it is meant as text)"},
	{I "entrypoint: a > b",
	 ".entrypoint: no shell runs this command: '>' is passed on as it stands (write "
	 "[sh, -c, \"...\"] for a shell; docker compose would cut the command off here. "
	 "Quote it where it is meant as text)"},
	{I "env_file: none.env", ".env_file: /srv/app/blog/none.env does not exist (make "
				 "the file, or write {path: ..., required: false})"}};

static void wrong_values(void **state)
{
	(void)state;
	assert_faults(wrong_values_rows, sizeof wrong_values_rows / sizeof *wrong_values_rows);
}

static const struct fault wrong_ports_rows[] = {
	{I "ports: ['80:']",
	 ".ports[0]: 80: is no port: the container's port must be a number from 1 to 65535, "
	 "or a range (write \"8080:80\", \"127.0.0.1:8080:80\" or \"53:53/udp\")"},
	{I "ports: ['99999:80']",
	 ".ports[0]: 99999:80 is no port: the port of the host must be a number up to "
	 "65535, or a range (write \"8080:80\", \"127.0.0.1:8080:80\" or \"53:53/udp\")"},
	{I "ports: ['80:99999']",
	 ".ports[0]: 80:99999 is no port: the container's port must be a number from 1 to "
	 "65535, or a range (write \"8080:80\", \"127.0.0.1:8080:80\" or \"53:53/udp\")"},
	{I "ports: ['80/foo']",
	 ".ports[0]: 80/foo is no port: the protocol must be tcp, udp or sctp (write "
	 "\"8080:80\", \"127.0.0.1:8080:80\" or \"53:53/udp\")"},
	{I "ports: ['localhost:80:80']",
	 ".ports[0]: localhost:80:80 is no port: the address before the ports is no IP "
	 "address (write \"8080:80\", \"127.0.0.1:8080:80\" or \"53:53/udp\")"},
	{I "ports: ['1.2.3.4:80']",
	 ".ports[0]: 1.2.3.4:80 is no port: the port of the host must be a number up to "
	 "65535, or a range (write \"8080:80\", \"127.0.0.1:8080:80\" or \"53:53/udp\")"},
	{I "ports: ['::1:80:80']",
	 ".ports[0]: ::1:80:80 is no port: an IPv6 address stands in brackets (write "
	 "\"8080:80\", \"127.0.0.1:8080:80\" or \"53:53/udp\")"},
	{I "ports: ['1-2:3-5']",
	 ".ports[0]: 1-2:3-5 is no port: the two ranges have different lengths (write "
	 "\"8080:80\", \"127.0.0.1:8080:80\" or \"53:53/udp\")"},
	{I "ports: ['70-60']",
	 ".ports[0]: 70-60 is no port: the container's port must be a number from 1 to "
	 "65535, or a range (write \"8080:80\", \"127.0.0.1:8080:80\" or \"53:53/udp\")"},
	{I "ports: ['']",
	 ".ports[0]: empty text is no port: the container's port must be a number from 1 to "
	 "65535, or a range (write \"8080:80\", \"127.0.0.1:8080:80\" or \"53:53/udp\")"},
	{I "ports: ['0']",
	 ".ports[0]: 0 is no port: the container's port must be a number from 1 to 65535, "
	 "or a range (write \"8080:80\", \"127.0.0.1:8080:80\" or \"53:53/udp\")"},
	{I "ports: [a]",
	 ".ports[0]: a is no port: the container's port must be a number from 1 to 65535, "
	 "or a range (write \"8080:80\", \"127.0.0.1:8080:80\" or \"53:53/udp\")"},
	{I "ports: ['80:80:']",
	 ".ports[0]: 80:80: is no port: the container's port must be a number from 1 to "
	 "65535, or a range (write \"8080:80\", \"127.0.0.1:8080:80\" or \"53:53/udp\")"},
	{I "ports: [-1]",
	 ".ports[0]: -1 is no port: the container's port must be a number from 1 to 65535, "
	 "or a range (write \"8080:80\", \"127.0.0.1:8080:80\" or \"53:53/udp\")"},
	{I "ports: [{published: 80}]", ".ports[0]: needs target:, the container's port"},
	{I "ports: [{target: 0}]", ".ports[0].target: 0 is out of range: 1 to 65535"},
	{I "ports: [{target: 80, published: x}]",
	 ".ports[0]: published: \"x\" is no port or range"},
	{I "ports: [{target: 80, protocol: x}]", ".ports[0]: protocol: x is not tcp, udp or sctp"},
	{I "ports: [{target: 80, host_ip: x}]", ".ports[0]: host_ip: x is no IP address"},
	{I "ports: [{target: 80, mode: x}]",
	 ".ports[0].mode: x is not known here (it is ingress or host)"},
	{I "ports: [1-20000, 5]", ".ports[1]: more than 20000 ports in one app "
				  "(network_mode: host needs no mappings)"},
	{I "expose: ['80:80']",
	 ".expose: 80:80 is no port (write 8000, \"8000-8010\" or \"53/udp\")"},
	{I "expose: [x]", ".expose: x is no port (write 8000, \"8000-8010\" or \"53/udp\")"}};

static void wrong_ports(void **state)
{
	(void)state;
	assert_faults(wrong_ports_rows, sizeof wrong_ports_rows / sizeof *wrong_ports_rows);
}

static const struct fault wrong_mounts_rows[] = {
	{I "volumes: ['a/b:/c']", ".volumes[0]: a/b is neither a path nor a volume's name "
				  "(write ./a/b for a folder)"},
	{I "volumes: [':/a']",
	 ".volumes[0]: :/a is no mount (write ./folder:/path, volume:/path or "
	 "./folder:/path:ro; the path in the container is absolute)"},
	{I "volumes: ['a:']", ".volumes[0]: a: is no mount (write ./folder:/path, volume:/path or "
			      "./folder:/path:ro; the path in the container is absolute)"},
	{I "volumes: ['']",
	 ".volumes[0]: empty text is no mount (write ./folder:/path, volume:/path or "
	 "./folder:/path:ro; the path in the container is absolute)"},
	{I "volumes: [data]",
	 ".volumes[0]: data is no mount (write ./folder:/path, volume:/path or "
	 "./folder:/path:ro; the path in the container is absolute)"},
	{I "volumes: ['/a:b']",
	 ".volumes[0]: /a:b is no mount (write ./folder:/path, volume:/path or "
	 "./folder:/path:ro; the path in the container is absolute)"},
	{I "volumes: ['/a:/b:ro:rw']",
	 ".volumes[0]: /a:/b:ro:rw is no mount (write ./folder:/path, volume:/path or "
	 "./folder:/path:ro; the path in the container is absolute)"},
	{I "volumes: [{target: /x}]", ".volumes[0]: needs type: bind, volume or tmpfs"},
	{I "volumes: [{type: npipe, target: /x}]",
	 ".volumes[0].type: npipe is not known here (it is bind, volume, tmpfs or image)"},
	{I "volumes: [{type: bind, target: /x}]", ".volumes[0]: needs source:"},
	{I "volumes: [{type: volume}]", ".volumes[0]: needs target:, an absolute path"},
	{I "volumes: [{type: volume, target: x}]", ".volumes[0]: needs target:, an absolute path"},
	{I "volumes: [{type: tmpfs, source: a, target: /x}]",
	 ".volumes[0]: a tmpfs has no source:"},
	{I "volumes: [{type: bind, source: /a, target: /x, bind: {propagation: x}}]",
	 ".volumes[0].bind.propagation: x is not known here (it is rprivate, private, "
	 "rshared, shared, rslave or slave)"}};

static void wrong_mounts(void **state)
{
	(void)state;
	assert_faults(wrong_mounts_rows, sizeof wrong_mounts_rows / sizeof *wrong_mounts_rows);
}

static const struct fault what_does_not_fit_rows[] = {
	{"tty: true", ": needs image:, build: or runtime:"},
	{"runtime: pyton", ".runtime: pyton is no Kata runtime (share/runtimes has "
			   "those there are; or give the service image: or build:)"},
	{I "network_mode: host, networks: [front]", ".network_mode: cannot stand beside networks:"},
	{I "networks: [frnt]", ".networks: there is no network frnt (did you mean front?)"},
	{I "networks: [zzz]",
	 ".networks: there is no network zzz (add it under networks: at the top level)"},
	{I "volumes: ['vlo:/x']", ".volumes: there is no volume vlo (did you mean vol?)"},
	{I "volumes: ['data/x:/x']", ".volumes[0]: data/x is neither a path nor a volume's "
				     "name (write ./data/x for a folder)"},
	{I "volumes: ['zzz:/x']", ".volumes: there is no volume zzz (add it under volumes: "
				  "at the top level; a folder is ./zzz)"},
	{I "secrets: [tokn]", ".secrets: there is no secret tokn (did you mean token?)"},
	{I "configs: [zzz]",
	 ".configs: there is no config zzz (add it under configs: at the top level)"},
	{I "volumes: ['vol:/x', './a:/x/']", ".volumes: two mounts on /x"},
	{I "volumes: ['vol:/x'], tmpfs: /x:size=1m", ".tmpfs: two mounts on /x"},
	{I "scale: 2, container_name: abc", ".container_name: 2 containers cannot have one name"},
	{I "scale: 2, deploy: {replicas: 3}",
	 ".scale: differs from the value under deploy: (keep one of the two)"},
	{I "cpus: 1, deploy: {resources: {limits: {cpus: 2}}}",
	 ".cpus: differs from the value under deploy: (keep one of the two)"},
	{I "mem_limit: 1g, deploy: {resources: {limits: {memory: 2g}}}",
	 ".mem_limit: differs from the value under deploy: (keep one of the two)"},
	{I "pids_limit: 1, deploy: {resources: {limits: {pids: 2}}}",
	 ".pids_limit: differs from the value under deploy: (keep one of the two)"},
	{I "mem_reservation: 1g, deploy: {resources: {reservations: {memory: 2g}}}",
	 ".mem_reservation: differs from the value under deploy: (keep one of the two)"},
	{I "depends_on: [bd]", ".depends_on: there is no service bd (did you mean db?)"},
	{I "depends_on: [zzz]", ".depends_on: there is no service zzz"},
	{I "depends_on: [off]",
	 ".depends_on: service off is disabled: none of its profiles is active (add one to "
	 "x-kata-profiles:, or write required: false)"},
	{I "depends_on: [web]",
	 ".depends_on: services that depend on each other in a circle: web -> web"},
	{I "depends_on: {sick: {condition: service_healthy}}",
	 ".depends_on: waits for sick to be healthy, but its health check is disabled"},
	{I "links: [zzz]", ".links: there is no service zzz"},
	{I "network_mode: service:zzz", ".network_mode: there is no service zzz"},
	{I "volumes_from: [zzz]", ".volumes_from: there is no service zzz"}};

static void what_does_not_fit(void **state)
{
	(void)state;
	assert_faults(what_does_not_fit_rows,
		      sizeof what_does_not_fit_rows / sizeof *what_does_not_fit_rows);
}

static void a_service_always_has_something_to_run(void **state)
{
	static const char *const rows[] = {
		"build: $U", "build: ''",	 "build:",     "extends:",   "image: !reset x",
		"image: ~",  "build: !reset {}", "build: [x]", "image: [x]", "extends: ''"};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct decoded d = {0};
		char yaml[100];

		snprintf(yaml, sizeof yaml, "services:\n  web:\n    %s\n", rows[i]);
		decode(&d, yaml);
		if (d.problems.errors != 1)
			fail_msg("%s: %zu errors", rows[i], d.problems.errors);
		decoded_release(&d);
	}
}

static void secrets_are_not_spoken(void **state)
{
	static const char *const keys[] = {"scale",	     "mem_limit", "restart",
					   "privileged",     "cpus",	  "stop_grace_period",
					   "container_name", "cgroup",	  "pull_policy",
					   "oom_score_adj"};

	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct decoded d = {.env = "S=/7Sesame!\n"};
		char yaml[200], *text;

		snprintf(yaml, sizeof yaml, "services: {web: {image: x, %s: $S}}\n", keys[i]);
		decode(&d, yaml);
		text = problems_text(&d.problems);
		assert_false(d.ok);
		assert_null(strstr(text, "Sesame"));
		free(text);
		decoded_release(&d);
	}
}

static void everything_is_found_at_once(void **state)
{
	struct decoded d = {0};

	(void)state;
	decode(&d, "services:\n"
		   "  web:\n"
		   "    image: x\n"
		   "    prots: ['80:80']\n"
		   "    mem_limit: 10x\n"
		   "    depends_on: [a]\n"
		   "  a: {image: x, depends_on: [b], container_name: same}\n"
		   "  b: {image: x, depends_on: [c], container_name: same}\n"
		   "  c: {image: x, depends_on: [a]}\n"
		   "  d e: {image: x}\n"
		   "networks: {n: {foo: 1}, m: [x], e: {external: true, driver: y}}\n"
		   "volumes: {v: {external: true, driver: y}}\n"
		   "secrets: {a: , b: {file: x, environment: Y}}\n"
		   "configs: [x]\n");
	assert_problems(
		&d,
		"4:5 error: services.web.prots: there is no such key here (did you mean ports?)\n"
		"5:16 error: services.web.mem_limit: 10x is not a size (write 512m, 1.5g, or a "
		"number of bytes)\n"
		"7:17 error: services.a.depends_on: services that depend on each other in a "
		"circle: "
		"a -> b -> c -> a\n"
		"8:34 error: services.b.container_name: service a has the same name\n"
		"10:3 error: services.d e: cannot be a service's name (letters, digits, . _ and "
		"-)\n"
		"11:16 error: networks.n.foo: there is no such key here (keys of your own begin "
		"with "
		"x-)\n"
		"11:28 error: networks.m: must be a mapping, not a list\n"
		"11:36 warning: networks.e: is external and has other keys (only name: stands "
		"beside "
		"external:)\n"
		"12:14 error: volumes.v: is external and has other keys (only name: stands beside "
		"external:)\n"
		"13:11 error: secrets.a: is empty (give it one of file:, environment: and "
		"external:)\n"
		"13:16 error: secrets.b: has more than one source (give it one of file:, "
		"environment: and external:)\n"
		"14:10 error: configs: must be a mapping, not a list\n");
	decoded_release(&d);
}

static void secrets_from_nowhere(void **state)
{
	struct decoded d = {0};

	(void)state;
	decode(&d, "services: {web: {image: x, secrets: [a]}}\n"
		   "secrets: {a: {environment: NOPE}, unused: {environment: NOPE}}\n");
	assert_problems(&d, "2:28 error: secrets.a: NOPE is not set (set it in environment: or in "
			    "the app's ENV file)\n");
	decoded_release(&d);
}

/* Copies made by extends count: a short file cannot take all memory. */
static void growth_is_bounded(void **state)
{
	struct str yaml = STR_INIT;
	struct decoded d = {0};

	(void)state;
	str_add(&yaml, "services:\n  s0: {image: x, cap_add: [");
	for (int i = 0; i < 20000; i++)
		str_addf(&yaml, "c%d,", i);
	str_add(&yaml, "]}\n");
	for (int i = 1; i < 200; i++)
		str_addf(&yaml, "  s%d: {extends: s0}\n", i);
	decode(&d, yaml.p);
	assert_false(d.ok);
	assert_int_equal(d.problems.errors, 1);
	assert_non_null(strstr(d.problems.items[0].msg, "too large"));
	decoded_release(&d);
	str_release(&yaml);
}

static void long_lists_do_not_merge_for_ever(void **state)
{
	struct decoded d = {0};

	(void)state;
	decode(&d, "services:\n"
		   "  a: {image: x, ports: ['10000-19999:10000-19999/udp']}\n"
		   "  b: {extends: a, ports: [1-9000]}\n"
		   "  c: {extends: a, tty: true}\n");
	assert_problems(&d, "3:7 error: services.b.extends: the lists to be merged are too long\n");
	assert_int_equal(json_array_size(json_at(d.compose.root, "services/c/ports")), 10000);
	decoded_release(&d);
}

static void chains_are_bounded(void **state)
{
	struct str yaml = STR_INIT;
	struct decoded d = {0};

	(void)state;
	str_add(&yaml, "services:\n  s100: {image: x}\n");
	for (int i = 100; i < 160; i++)
		str_addf(&yaml, "  s%d: {extends: s%d}\n", i + 1, i);
	decode(&d, yaml.p);
	assert_true(d.ok);
	decoded_release(&d);
	str_clear(&yaml);
	str_add(&yaml, "services:\n  s200: {image: x}\n");
	for (int i = 200; i > 140; i--)
		str_addf(&yaml, "  s%d: {extends: s%d}\n", i - 1, i);
	decode(&d, yaml.p);
	assert_false(d.ok);
	assert_non_null(strstr(d.problems.items[0].msg, "more than 50 services extend"));
	decoded_release(&d);
	str_release(&yaml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_keys),
		cmocka_unit_test(wrong_types),
		cmocka_unit_test(wrong_values),
		cmocka_unit_test(wrong_ports),
		cmocka_unit_test(wrong_mounts),
		cmocka_unit_test(what_does_not_fit),
		cmocka_unit_test(a_service_always_has_something_to_run),
		cmocka_unit_test(secrets_are_not_spoken),
		cmocka_unit_test(everything_is_found_at_once),
		cmocka_unit_test(secrets_from_nowhere),
		cmocka_unit_test(growth_is_bounded),
		cmocka_unit_test(long_lists_do_not_merge_for_ever),
		cmocka_unit_test(chains_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
