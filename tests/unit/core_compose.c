/*
 * The Compose model of an app as a whole: environments, profiles, top-level
 * objects, runtimes, ranks; and real files, compared with what docker compose makes of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>

#include <cmocka.h>

#include "compose_decode.h"
#include "kata/runtime.h"

/* --- Environment --- */

/* The layers that a service's variable is set in, the one that counts first. */
static void assert_layers(const struct decoded *d, const char *service, const char *name,
			  const char *expected)
{
	const struct compose_service *s = compose_service_find(&d->compose, service);
	const struct env_value *found = env_get(&s->env, name);
	struct str text = STR_INIT;

	assert_non_null(found);
	assert_string_equal(found->value, variable(d, service, name));
	for (const struct env_value *v = found; v; v = v->below)
		str_addf(&text, "%s%s", v == found ? "" : " ", env_layer_name(v->layer));
	str_add(&text, found->secret ? " secret" : "");
	assert_string_equal(text.p, expected);
	str_release(&text);
}

static void environment_has_five_layers(void **state)
{
	static const struct case_file files[] = {
		{"/srv/app/blog/a.env",
		 "A=file\nB=\"file b\"\nC='$A'\n#x\nexport D=d # c\nBARE\nE\n"
		 "U=$A\nV=\"\\$A\"\n"},
		{"/srv/app/blog/b.env", "B=second\n"},
		{"/srv/app/blog/raw.env", "Q=\"q\" # c\r\n# x\n\nR=$A\n=bad\nS"},
		{NULL, NULL},
	};
	struct decoded d = {.files = files, .env = "E=env\nSECRET=s$cr\n"};

	(void)state;
	decode(&d, "environment: {A: top, T: \"${A}-${SECRET}\", E: lost}\n"
		   "services:\n"
		   "  web:\n"
		   "    image: x\n"
		   "    env_file: [a.env, ./b.env, {path: raw.env, format: raw},\n"
		   "      {path: nope.env, required: false}]\n"
		   "    environment:\n"
		   "      - F=$A/$E\n"
		   "      - T\n"
		   "      - NOBODY\n"
		   "      - EMPTY=\n"
		   "      - D=$D+\n"
		   "  other: {image: x, env_file: b.env, environment: {N: 1.10, M: , A: $A.}}\n");
	assert_string_equal(variable(&d, "web", "PUID"), "1000");
	assert_string_equal(variable(&d, "web", "APP_ROOT"), "/srv/app/blog");
	assert_string_equal(variable(&d, "web", "A"), "file");
	assert_string_equal(variable(&d, "web", "B"), "second");
	assert_string_equal(variable(&d, "web", "C"), "$A");
	assert_string_equal(variable(&d, "web", "U"), "file");
	assert_string_equal(variable(&d, "web", "V"), "$A");
	assert_string_equal(variable(&d, "web", "D"), "d+");
	assert_string_equal(variable(&d, "web", "E"), "env");
	assert_string_equal(variable(&d, "web", "F"), "file/env");
	assert_string_equal(variable(&d, "web", "T"), "file-s$cr");
	assert_string_equal(variable(&d, "web", "SECRET"), "s$cr");
	assert_string_equal(variable(&d, "web", "NOBODY"), "");
	assert_string_equal(variable(&d, "web", "BARE"), "(absent)");
	assert_string_equal(variable(&d, "web", "EMPTY"), "");
	assert_string_equal(variable(&d, "web", "Q"), "\"q\" # c");
	assert_string_equal(variable(&d, "web", "R"), "$A");
	assert_string_equal(variable(&d, "web", "S"), "(absent)");
	assert_layers(&d, "web", "PUID", "base");
	assert_layers(&d, "web", "A", "env_file environment");
	assert_layers(&d, "web", "T", "service environment secret");
	assert_layers(&d, "web", "E", "env_file ENV environment secret");
	assert_layers(&d, "web", "SECRET", "ENV secret");
	assert_layers(&d, "web", "D", "service env_file");
	assert_layers(&d, "other", "E", "ENV environment secret");
	assert_string_equal(variable(&d, "other", "A"), "top.");
	assert_string_equal(variable(&d, "other", "N"), "1.10");
	assert_string_equal(variable(&d, "other", "M"), "");
	assert_problems(&d, "13:55 note: 1.10 is kept as written; docker compose would read 1.1 "
			    "(put it in quotes)\n");
	decoded_release(&d);
}

static void what_is_wrong_above_is_said_once(void **state)
{
	struct decoded d = {0};

	(void)state;
	decode(&d, "environment: {A: $NOPE}\nservices: {a: {image: x}, b: {image: $ALSO}}\n");
	assert_int_equal(d.app.problems.count, 1);
	assert_problems(&d,
			"2:31 error: services.b.image: is empty once its variables are replaced\n"
			"2:38 warning: ALSO is not set and stands for an empty text (set it in "
			"environment: or in the app's ENV file)\n");
	decoded_release(&d);
}

static void label_files_lie_below_labels(void **state)
{
	static const struct case_file files[] = {{"/srv/app/blog/l", "a=1\nb=2\n"}, {NULL, NULL}};
	struct decoded d = {.files = files};

	(void)state;
	decode(&d, "services: {web: {image: x, label_file: l, labels: {b: 3}}}\n");
	assert_model(&d, "services/web/labels", "{'a':'1','b':'3'}");
	decoded_release(&d);
}

/* --- Profiles, replicas, Kata's keys --- */

static void profiles_choose_services(void **state)
{
	static const char yaml[] =
		"services:\n"
		"  a: {image: x}\n"
		"  b: {image: x, profiles: [one, two]}\n"
		"  c: {image: x, depends_on: {b: {condition: service_started, required: false}}}\n"
		"  d: {image: x, profiles: [three]}\n";
	const char *active[] = {"two", "*"};
	struct decoded d = {0};

	(void)state;
	decode(&d, yaml);
	assert_clean(&d);
	assert_int_equal(d.compose.service_count, 2);
	assert_model(&d, "services/c/depends_on", "absent");
	decoded_release(&d);
	d.input.profiles = active;
	d.input.profile_count = 1;
	decode(&d, yaml);
	assert_int_equal(d.compose.service_count, 3);
	assert_non_null(compose_service_find(&d.compose, "b"));
	assert_model(&d, "services/b/profiles", "absent");
	decoded_release(&d);
	d.input.profile_count = 2;
	decode(&d, yaml);
	assert_int_equal(d.compose.service_count, 4);
	decoded_release(&d);
	d.input.profile_count = 0;
	decode(&d, "x-kata-profiles: [$P]\nenvironment: {P: q}\n"
		   "services: {a: {image: x, profiles: [q]}, b: {image: x, profiles: [r]}}\n");
	assert_int_equal(d.compose.service_count, 1);
	assert_string_equal(d.compose.services[0].name, "a");
	decoded_release(&d);
}

static int wish(void *arg, const char *service)
{
	(void)arg;
	return !strcmp(service, "b") ? 0 : !strcmp(service, "c") ? 5 : -1;
}

static void replicas_come_from_wish_or_file(void **state)
{
	struct decoded d = {.input = {.replicas = wish}};

	(void)state;
	decode(&d, "services:\n"
		   "  a: {image: x, scale: 2}\n"
		   "  b: {image: x, scale: 2}\n"
		   "  c: {image: x}\n"
		   "  d: {image: x, deploy: {replicas: 3}}\n"
		   "  e: {image: x}\n");
	assert_clean(&d);
	assert_int_equal(compose_service_find(&d.compose, "a")->replicas, 2);
	assert_int_equal(compose_service_find(&d.compose, "b")->replicas, 0);
	assert_int_equal(compose_service_find(&d.compose, "c")->replicas, 5);
	assert_int_equal(compose_service_find(&d.compose, "d")->replicas, 3);
	assert_int_equal(compose_service_find(&d.compose, "e")->replicas, 1);
	decoded_release(&d);
}

static void own_keys_are_read_and_gone(void **state)
{
	struct decoded d = {0};
	const struct compose_service *s;

	(void)state;
	decode(&d,
	       "services:\n"
	       "  a: {image: x, x-kata-order: stop-first, x-kata-ready: 5s, x-mine: {a: 1}}\n"
	       "  b: {image: x, x-kata-ready: {after: 0, timeout: 2m}, x-kata-order: start-first}\n"
	       "  c: {image: x}\n");
	assert_clean(&d);
	s = compose_service_find(&d.compose, "a");
	assert_true(s->order == ORDER_STOP_FIRST && s->ready_ms == 5000);
	assert_int_equal(s->ready_limit_ms, 60000);
	assert_int_equal(s->place.line, 2);
	s = compose_service_find(&d.compose, "b");
	assert_true(s->order == ORDER_START_FIRST && s->ready_ms == 0);
	assert_int_equal(s->ready_limit_ms, 120000);
	s = compose_service_find(&d.compose, "c");
	assert_true(s->order == ORDER_AUTO && s->ready_ms == 2000);
	assert_null(compose_service_find(&d.compose, "nope"));
	assert_model(&d, "services/a/x-kata-order", "absent");
	assert_model(&d, "services/a/x-kata-ready", "absent");
	assert_model(&d, "services/a/x-mine", "absent");
	decoded_release(&d);
}

static const struct runtime *one_runtime(void *arg, const char *name)
{
	return !strcmp(name, "python") ? arg : NULL;
}

static void kata_runtimes_are_applied(void **state)
{
	struct runtime_mount mounts[] = {{"app", "/app"}, {"data", "/data"}, {"venv", "/venv"}};
	struct runtime python = {.name = "python",
				 .image = "kata/python",
				 .workdir = "/app",
				 .environment = json_object(),
				 .mounts = mounts,
				 .mount_count = 3};
	struct decoded d = {.input = {.runtime = one_runtime, .runtime_arg = &python}};

	(void)state;
	decode(&d, "services:\n"
		   "  web: {runtime: python, command: a b}\n"
		   "  other: {image: x, runtime: runsc}\n");
	assert_clean(&d);
	assert_model(&d, "services/web/image", "'kata/python'");
	assert_model(&d, "services/web/runtime", "absent");
	assert_model(&d, "services/web/working_dir", "'/app'");
	assert_string_equal(compose_service_find(&d.compose, "web")->runtime, "python");
	assert_string_equal(
		json_member_text(
			json_array_get(json_object_get(decoded_spec(&d, "web"), "volumes"), 0),
			"source"),
		"/srv/app/blog");
	assert_string_equal(
		json_member_text(
			json_array_get(json_object_get(decoded_spec(&d, "web"), "volumes"), 2),
			"source"),
		"/srv/envs/blog/venv");
	assert_model(&d, "services/other/runtime", "'runsc'");
	assert_null(compose_service_find(&d.compose, "other")->runtime);
	decoded_release(&d);
	/* Volumes of the file's own stand in for ours of that name. */
	decode(&d, "services: {web: {runtime: python}, db: {image: x, volumes: ['data:/d']}}\n"
		   "volumes: {data: , other: }\n");
	assert_clean(&d);
	assert_model(&d, "services/web/volumes/0/source", "'/srv/app/blog'");
	assert_model(&d, "services/web/volumes/1",
		     "{'type':'volume','source':'data','target':'/data','volume':{}}");
	assert_model(&d, "services/db/volumes/0/source", "'data'");
	decoded_release(&d);
	json_decref(python.environment);
}

/* --- Ranks --- */

static void services_stand_in_order_of_their_needs(void **state)
{
	static const char *const order[] = {"cache", "db", "api", "zero", "web", "last"};
	static const size_t ranks[] = {0, 0, 1, 1, 2, 3};
	struct decoded d = {0};

	(void)state;
	decode(&d, "services:\n"
		   "  last: {image: x, depends_on: [db, web]}\n"
		   "  web: {image: x, depends_on: [api, db]}\n"
		   "  zero: {image: x, links: [db]}\n"
		   "  api: {image: x, depends_on: [db, cache]}\n"
		   "  db: {image: x}\n"
		   "  cache: {image: x}\n");
	assert_clean(&d);
	assert_int_equal(d.compose.service_count, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(d.compose.services[i].name, order[i]);
		assert_int_equal(d.compose.services[i].rank, ranks[i]);
	}
	decoded_release(&d);
}

/* --- Top-level objects --- */

static void objects_in_use_are_named_and_kept(void **state)
{
	struct decoded d = {.env = "TOKEN=t0k\n"};

	(void)state;
	decode(&d,
	       "services:\n"
	       "  web:\n"
	       "    image: x\n"
	       "    networks: [n, other, old]\n"
	       "    volumes: ['v:/v', 'w:/w', 'l:/l']\n"
	       "    secrets: [f, e]\n"
	       "    configs: [c, x]\n"
	       "  db: {image: x, network_mode: none}\n"
	       "networks:\n"
	       "  n: {driver: bridge, driver_opts: {a: 1}, internal: yes, attachable: true,\n"
	       "    enable_ipv6: true, labels: [a=b], ipam: {driver: default, config:\n"
	       "      [{subnet: 10.0.0.0/8, gateway: 10.0.0.1, aux_addresses: {h: 10.0.0.9}}]}}\n"
	       "  other: {external: true, name: foo}\n"
	       "  old: {external: {name: bar}}\n"
	       "  unused:\n"
	       "volumes:\n"
	       "  v:\n"
	       "  w: {name: own-name, external: false}\n"
	       "  l: {driver: local, driver_opts: {type: none, o: bind, device: ./x}}\n"
	       "  unused:\n"
	       "secrets: {f: {file: ./s.txt}, e: {environment: TOKEN}, unused: {file: x}}\n"
	       "configs: {c: {content: 'a $$b ${TOKEN}'}, x: {external: true}}\n");
	assert_true(d.ok);
	assert_model(
		&d, "networks",
		"{'n':{'name':'blog_n','driver':'bridge','driver_opts':{'a':'1'},'internal':"
		"true,'attachable':true,'enable_ipv6':true,'labels':{'a':'b'},'ipam':{'driver':"
		"'default','config':[{'subnet':'10.0.0.0/8','gateway':'10.0.0.1',"
		"'aux_addresses':{'h':'10.0.0.9'}}]}},"
		"'other':{'name':'foo','external':true},'old':{'name':'bar','external':true}}");
	assert_model(
		&d, "volumes",
		"{'v':{'name':'blog_v'},'w':{'name':'own-name'},'l':{'name':'blog_l','driver':"
		"'local','driver_opts':{'type':'none','o':'bind','device':'/srv/app/blog/x'}}}");
	assert_model(&d, "secrets",
		     "{'f':{'name':'blog_f','file':'/srv/app/blog/s.txt'},"
		     "'e':{'name':'blog_e','content':'t0k'}}");
	assert_model(
		&d, "configs",
		"{'c':{'name':'blog_c','content':'a $b t0k'},'x':{'name':'x','external':true}}");
	assert_model(&d, "services/db/networks", "absent");
	decoded_release(&d);
}

static void no_services_are_fine(void **state)
{
	static const char *const rows[] = {"services: {}\n", "services:\n",
					   "caddy: {listen: [':1']}\n", "x-a: 1\n"};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct decoded d = {0};

		decode(&d, rows[i]);
		assert_clean(&d);
		assert_int_equal(d.compose.service_count, 0);
		assert_string_equal(d.compose.folder, "/srv/app/blog");
		assert_string_equal(d.compose.project, "blog");
		decoded_release(&d);
	}
}

static void old_files_still_load(void **state)
{
	struct decoded d = {0};

	(void)state;
	decode(&d, "app: {name: flask, runtime: python}\n"
		   "services:\n"
		   "  web: {command: gunicorn, instances: 3, healthcheck: {path: /x}}\n"
		   "  db: {image: x, type: static, root: ./dist, depends_on: [web]}\n"
		   "name: else\n");
	assert_true(d.ok);
	assert_int_equal(d.compose.service_count, 1);
	assert_model(&d, "services/db/depends_on", "absent");
	assert_problems(
		&d, "3:3 warning: services.web: has no image:, build: or runtime: and is left out "
		    "(write runtime: python here)\n"
		    "3:28 warning: services.web.instances: is ignored (write scale: or deploy: "
		    "{replicas: ...})\n"
		    "3:56 warning: services.web.healthcheck.path: is ignored (write a command: "
		    "test: [CMD, curl, -f, http://127.0.0.1:8000/health])\n"
		    "4:18 warning: services.db.type: is ignored (a key of an old design without a "
		    "meaning in Compose)\n"
		    "4:32 warning: services.db.root: is ignored (a key of an old design without a "
		    "meaning in Compose)\n"
		    "5:7 warning: name: is ignored (the app's folder names the project: blog)\n");
	decoded_release(&d);
}

/* --- Real files --- */

static char *read_file(const char *path)
{
	struct str text = STR_INIT;
	char part[4096];
	size_t len;
	FILE *f = fopen(path, "rb");

	if (!f)
		fail_msg("%s cannot be opened", path);
	while ((len = fread(part, 1, sizeof part, f)) > 0)
		str_addn(&text, part, len);
	fclose(f);
	return str_detach(&text);
}

/* The app's own variables reach every service; docker compose does not know them. */
static void drop_base(json_t *services, const json_t *expected)
{
	static const char *const base[] = {"PUID",	 "PGID",	"APP_ROOT",    "DATA_ROOT",
					   "ENV_ROOT",	 "LOG_ROOT",	"CONFIG_ROOT", "GIT_ROOT",
					   "CACHE_ROOT", "BIND_ADDRESS"};
	const char *name;
	json_t *spec;

	json_object_foreach(services, name, spec) {
		json_t *env = json_object_get(spec, "environment");
		const json_t *theirs =
			json_object_get(json_object_get(expected, name), "environment");

		json_object_del(env, "PLEX_MEDIA_PATH");
		for (size_t i = 0; i < sizeof base / sizeof *base; i++)
			if (!json_object_get(theirs, base[i]))
				json_object_del(env, base[i]);
		if (!json_object_size(env))
			json_object_del(spec, "environment");
	}
}

static void real_files_come_out_as_docker_compose_has_them(void **state)
{
	char *text = read_file("tests/corpora/compose-expected.json");
	struct kata_error e;
	json_t *all = json_parse_new(text, strlen(text), &e), *expected;
	const char *name;

	(void)state;
	assert_true(json_object_size(all) >= 19);
	json_object_foreach(all, name, expected) {
		struct decoded d = {.name = name, .env = "PLEX_MEDIA_PATH=/media/plex\n"};
		struct str ours = STR_INIT, theirs = STR_INIT;
		char path[200];

		snprintf(path, sizeof path, "tests/corpora/compose/%s.yaml", name);
		char *yaml = read_file(path);
		decode(&d, yaml);
		if (!d.ok) {
			char *why = problems_text(&d.problems);

			fail_msg("%s\n%s", name, why);
		}
		drop_base(json_object_get(d.compose.root, "services"),
			  json_object_get(expected, "services"));
		json_canonical(&ours, d.compose.root);
		json_canonical(&theirs, expected);
		assert_string_equal(ours.p, theirs.p);
		str_release(&ours);
		str_release(&theirs);
		decoded_release(&d);
		free(yaml);
	}
	json_decref(all);
	free(text);
}

static void thousands_of_services_are_quick_and_right(void **state)
{
	struct str yaml = STR_INIT;
	struct decoded d = {0};
	enum { COUNT = 2000 };

	(void)state;
	str_add(&yaml, "services:\n");
	for (int i = 0; i < COUNT; i++)
		str_addf(&yaml, "  s%d: {image: x, ports: ['%d:80'], depends_on: [s%d]}\n", i,
			 1000 + i, i + 1);
	str_addf(&yaml, "  s%d: {image: x}\n", COUNT);
	decode(&d, yaml.p);
	assert_clean(&d);
	assert_int_equal(d.compose.service_count, COUNT + 1);
	assert_int_equal(compose_service_find(&d.compose, "s0")->rank, COUNT);
	decoded_release(&d);
	str_release(&yaml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(environment_has_five_layers),
		cmocka_unit_test(what_is_wrong_above_is_said_once),
		cmocka_unit_test(label_files_lie_below_labels),
		cmocka_unit_test(profiles_choose_services),
		cmocka_unit_test(replicas_come_from_wish_or_file),
		cmocka_unit_test(own_keys_are_read_and_gone),
		cmocka_unit_test(kata_runtimes_are_applied),
		cmocka_unit_test(services_stand_in_order_of_their_needs),
		cmocka_unit_test(objects_in_use_are_named_and_kept),
		cmocka_unit_test(no_services_are_fine),
		cmocka_unit_test(old_files_still_load),
		cmocka_unit_test(real_files_come_out_as_docker_compose_has_them),
		cmocka_unit_test(thousands_of_services_are_quick_and_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
