/*
 * Services from several places: extends, in one file and others, and include.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compose_decode.h"

static const struct case_file others[] = {
	{"/srv/app/blog/sub/base.yaml", "services:\n"
					"  base:\n"
					"    image: i\n"
					"    command: [a]\n"
					"    env_file: e.env\n"
					"    environment: {A: base, B: base}\n"
					"    volumes: ['./d:/d', 'v:/v']\n"
					"    ports: ['80:80']\n"
					"    build: ./ctx\n"
					"    cap_add: [A]\n"},
	{"/srv/app/blog/sub/e.env", "E=1\nA=file\n"},
	{"/srv/app/blog/sub/inc.yaml",
	 "name: other\n"
	 "services:\n"
	 "  inc: {image: y, volumes: ['./z:/z', 'iv:/iv'], build: {target: t}}\n"
	 "volumes: {iv: , shared: {driver: d}}\n"
	 "include: [../kata-compose.yaml, inc.yaml]\n"},
	{"/srv/app/blog/sub/e.yaml", "services: {e: {build: {target: t}}}\n"},
	{"/srv/app/blog/sub/broken.yaml", "services: {a: {image: x, foo: 1}}\nbar: 1\n"},
	{"/srv/app/blog/secret.yaml", NULL},
	{NULL, NULL},
};

static void extends_lays_one_service_over_another(void **state)
{
	struct decoded d = {.files = others};

	(void)state;
	decode(&d, "volumes: {v: }\n"
		   "services:\n"
		   "  web:\n"
		   "    extends: {file: sub/base.yaml, service: base}\n"
		   "    env_file: sub/e.env\n"
		   "    environment: [B=over]\n"
		   "    command:\n"
		   "    volumes: ['./x:/d:ro']\n"
		   "    ports: ['80:80', '81:81']\n"
		   "    cap_add: [A, B]\n"
		   "  r:\n"
		   "    extends: web\n"
		   "    ports: !reset []\n"
		   "    environment: !override {Z: z}\n"
		   "    env_file: !reset [nope.env]\n"
		   "    volumes: !override ['/only:/only']\n"
		   "    build: {context: !reset null}\n"
		   "    image: !reset null\n");
	assert_clean(&d);
	assert_model(&d, "services/web/image", "'i'");
	assert_model(&d, "services/web/command", "absent");
	assert_model(&d, "services/web/extends", "absent");
	assert_model(&d, "services/web/cap_add", "['A','B']");
	assert_model(&d, "services/web/build/context", "'/srv/app/blog/sub/ctx'");
	assert_model(&d, "services/web/volumes",
		     "[{'type':'bind','source':'/srv/app/blog/x','target':'/d','read_only':true,"
		     "'bind':{'create_host_path':true}},"
		     "{'type':'volume','source':'v','target':'/v','volume':{}}]");
	assert_int_equal(json_array_size(json_at(d.compose.root, "services/web/ports")), 2);
	assert_string_equal(variable(&d, "web", "A"), "base");
	assert_string_equal(variable(&d, "web", "B"), "over");
	assert_string_equal(variable(&d, "web", "E"), "1");
	assert_string_equal(variable(&d, "r", "Z"), "z");
	assert_string_equal(variable(&d, "r", "A"), "(absent)");
	assert_string_equal(variable(&d, "r", "E"), "(absent)");
	assert_model(&d, "services/r/ports", "absent");
	assert_model(&d, "services/r/image", "absent");
	assert_model(&d, "services/r/build/context", "'/srv/app/blog'");
	assert_int_equal(json_array_size(json_at(d.compose.root, "services/r/volumes")), 1);
	decoded_release(&d);
}

static void extends_that_cannot_be(void **state)
{
	struct decoded d = {.files = others};

	(void)state;
	decode(&d, "services:\n"
		   "  a: {extends: b, image: x}\n"
		   "  b: {extends: c, image: x}\n"
		   "  c: {extends: a, image: x}\n"
		   "  d: {extends: nope, image: x}\n"
		   "  e: {extends: {file: none.yaml, service: x}, image: x}\n"
		   "  f: {extends: {file: secret.yaml, service: x}, image: x}\n"
		   "  g: {extends: {file: sub/base.yaml}, image: x}\n"
		   "  h: {extends: {file: sub/broken.yaml, service: a}}\n");
	assert_problems(
		&d, "1:26 error: services.a.foo: there is no such key here (keys of your own begin "
		    "with x-)\n"
		    "4:7 error: services.c.extends: services that extend each other in a circle\n"
		    "5:7 error: services.d.extends: there is no service nope in this file\n"
		    "6:16 error: services.e.extends: /srv/app/blog/none.yaml does not exist\n"
		    "7:16 error: services.f.extends: /srv/app/blog/secret.yaml cannot be read: "
		    "Permission denied\n"
		    "8:16 error: services.g.extends: needs service:\n");
	assert_false(d.ok);
	decoded_release(&d);
}

static void include_adds_another_files_services(void **state)
{
	struct decoded d = {.files = others};

	(void)state;
	decode(&d, "include: [sub/inc.yaml]\n"
		   "services: {web: {image: x, depends_on: [inc], volumes: ['shared:/s']}}\n");
	assert_clean(&d);
	assert_int_equal(d.compose.service_count, 2);
	assert_model(&d, "services/inc/volumes",
		     "[{'type':'bind','source':'/srv/app/blog/sub/z','target':'/z','bind':"
		     "{'create_host_path':true}},"
		     "{'type':'volume','source':'iv','target':'/iv','volume':{}}]");
	assert_model(&d, "services/inc/build/context", "'/srv/app/blog/sub'");
	assert_model(&d, "volumes",
		     "{'iv':{'name':'blog_iv'},'shared':{'name':'blog_shared','driver':'d'}}");
	decoded_release(&d);
	decode(&d, "include: [{path: sub/e.yaml, project_directory: .}]\n"
		   "services: {web: {image: x}}\n");
	assert_clean(&d);
	assert_model(&d, "services/e/build/context", "'/srv/app/blog'");
	decoded_release(&d);
}

static void includes_that_cannot_be(void **state)
{
	struct decoded d = {.files = others};

	(void)state;
	decode(&d, "include:\n"
		   "  - sub/inc.yaml\n"
		   "  - sub/broken.yaml\n"
		   "  - {path: [a, b], env_file: x}\n"
		   "  - none.yaml\n"
		   "services: {inc: {image: x}, web: {image: x}}\n"
		   "volumes: {shared: {driver: e}}\n");
	assert_problems(
		&d,
		"1:26 error: services.a.foo: there is no such key here (keys of your own begin "
		"with x-)\n"
		"2:1 error: bar: there is no such key here (keys of your own begin with x-)\n"
		"3:3 error: services.inc: is also in kata-compose.yaml: two files define it\n"
		"4:17 error: volumes.shared: two files define it differently\n"
		"4:5 error: include[2]: needs one path: (several files that override each other "
		"cannot be included)\n"
		"4:20 error: include[2].env_file: is not supported (one app has one environment: "
		"put the variables into environment: or ENV)\n"
		"5:5 error: include[3]: /srv/app/blog/none.yaml does not exist\n");
	decoded_release(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extends_lays_one_service_over_another),
		cmocka_unit_test(extends_that_cannot_be),
		cmocka_unit_test(include_adds_another_files_services),
		cmocka_unit_test(includes_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
