/* Kata runtimes: recipes, the ones that ship, and services put into them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "compose_case.h"
#include "kata/runtime.h"

struct fixture {
	struct arena *arena;
	struct problems problems;
	struct runtime runtime;
};

static int setup(void **state)
{
	static struct fixture f;

	f.arena = arena_new();
	problems_init(&f.problems, f.arena);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	arena_free(((struct fixture *)*state)->arena);
	return 0;
}

static bool decode(struct fixture *f, const char *text)
{
	f->problems.count = f->problems.errors = 0;
	char name[] = "test";
	bool ok = runtime_decode(&f->runtime, f->arena, name, "/r/test", text, strlen(text),
				 "recipe.yaml", &f->problems);

	memset(name, 'x', sizeof name - 1);
	assert_string_equal(f->runtime.name, "test");
	return ok;
}

static void assert_json(const json_t *value, const char *expected)
{
	json_t *wanted = json_case_new(expected);
	struct str text = STR_INIT;

	if (value)
		json_canonical(&text, value);
	if (!value || !json_same(value, wanted))
		fail_msg("is %s\n  not %s", text.p, expected);
	json_decref(wanted);
	str_release(&text);
}

/* --- recipes --- */

static void a_recipe_is_read_as_written(void **state)
{
	struct fixture *f = *state;
	const struct runtime *r = &f->runtime;

	assert_true(decode(f, "image: kata/test\n"
			      "default_command: sh -c 'a b'\n"
			      "workdir: /app\n"
			      "mounts: {app: /app, venv: /venv}\n"
			      "environment: {V: 1.10, E: ~}\n"
			      "port: 8000\n"
			      "prepare:\n"
			      "  - command: [a, 1.0]\n"
			      "  - when: sub/x.txt\n"
			      "    changed: [x, sub/..y]\n"
			      "    command: b\n"
			      "  - {changed: z, command: c}\n"));
	assert_int_equal(f->problems.count, 0);
	assert_string_equal(r->name, "test");
	assert_string_equal(r->folder, "/r/test");
	assert_string_equal(r->image, "kata/test");
	assert_string_equal(r->workdir, "/app");
	assert_json(r->command, "['sh','-c','a b']");
	assert_json(r->environment, "{'V':'1.10','E':''}");
	assert_int_equal(r->mount_count, 2);
	assert_string_equal(r->mounts[0].what, "app");
	assert_string_equal(r->mounts[1].what, "venv");
	assert_string_equal(r->mounts[1].target, "/venv");
	assert_int_equal(r->prepare_count, 3);
	assert_null(r->prepare[0].when);
	assert_int_equal(r->prepare[0].changed_count, 0);
	assert_json(r->prepare[0].command, "['a','1.0']");
	assert_string_equal(r->prepare[1].when, "sub/x.txt");
	assert_int_equal(r->prepare[1].changed_count, 2);
	assert_string_equal(r->prepare[1].changed[1], "sub/..y");
	assert_int_equal(r->prepare[2].changed_count, 1);
	runtime_release(&f->runtime);
	assert_null(r->environment);
}

static void an_image_is_enough(void **state)
{
	struct fixture *f = *state;

	assert_true(decode(f, "image: x"));
	assert_null(f->runtime.command);
	assert_null(f->runtime.workdir);
	assert_json(f->runtime.environment, "{}");
	assert_int_equal(f->runtime.mount_count + f->runtime.prepare_count, 0);
	runtime_release(&f->runtime);
}

static void assert_refused(struct fixture *f, const char *text, const char *message, unsigned line)
{
	assert_false(decode(f, text));
	for (size_t i = 0; i < f->problems.count; i++) {
		const struct problem *p = &f->problems.items[i];

		if (strstr(p->msg, message) && p->place.line == line) {
			runtime_release(&f->runtime);
			return;
		}
		print_error("have %u: %s\n", p->place.line, p->msg);
	}
	fail_msg("%s: no \"%s\" in line %u", text, message, line);
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
	static const struct {
		const char *text, *message;
		unsigned line;
	} rows[] = {
		{"", "must be a mapping", 1},
		{"- a", "must be a mapping", 1},
		{"image: [", "a value is missing", 2},
		{"workdir: /a", "image: is missing", 1},
		{"image:", "image: must be a text", 1},
		{"image: {a: b}", "image: must be a text", 1},
		{"image: a\nmount: {}", "mount: is not a key", 2},
		{"image: a\nworkdir: app", "workdir: must be an absolute path", 2},
		{"image: a\nworkdir: /", "workdir: must be an absolute path", 2},
		{"image: a\nport: 70000", "port: must be a number", 2},
		{"image: a\ndefault_command: \"a 'b\"", "default_command: ", 2},
		{"image: a\ndefault_command:", "default_command: must be a list", 2},
		{"image: a\ndefault_command: {a: b}", "default_command: must be a list", 2},
		{"image: a\ndefault_command: []", "default_command: must be a list", 2},
		{"image: a\ndefault_command: [[a]]", "every word must be a text", 2},
		{"image: a\nmounts: [/app]", "mounts: must be a mapping", 2},
		{"image: a\nmounts: {app: x}", "mounts: must be an absolute path", 2},
		{"image: a\nmounts:\n  ../x: /x", "mounts: a mount is named", 3},
		{"image: a\nmounts:\n  .: /x", "mounts: a mount is named", 3},
		{"image: a\nmounts:\n  a: /x\n  b: /x", "the same target", 4},
		{"image: a\nenvironment: [A=1]", "environment: must be a mapping", 2},
		{"image: a\nenvironment:\n  A: [1]", "every value must be a text", 3},
		{"image: a\nenvironment:\n  A=B: 1", "no name of a variable", 3},
		{"image: a\nprepare: {command: a}", "prepare: must be a list", 2},
		{"image: a\nprepare:\n  - a", "prepare: must be a mapping", 3},
		{"image: a\nprepare:\n  - when: a", "a step needs a command", 3},
		{"image: a\nprepare:\n  - comand: a", "comand: is not a key", 3},
		{"image: a\nprepare:\n  - {command: a, when: /etc/passwd}", "inside the app", 3},
		{"image: a\nprepare:\n  - {command: a, when: a/../../b}", "inside the app", 3},
		{"image: a\nprepare:\n  - {command: a, changed: [..]}", "inside the app", 3},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_refused(*state, rows[i].text, rows[i].message, rows[i].line);
}

static void all_problems_come_at_once_with_the_nearest_key(void **state)
{
	struct fixture *f = *state;

	assert_false(decode(f, "imag: a\nworkdir: x\nprepare: a\n"));
	assert_int_equal(f->problems.errors, 4);
	assert_string_equal(f->problems.items[0].hint, "perhaps image?");
	runtime_release(&f->runtime);
}

/* --- those that ship --- */

static void load(struct fixture *f, const char *name)
{
	static char text[65536];
	char path[200];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "share/runtimes/%s/Dockerfile", name);
	if (access(path, R_OK) != 0)
		fail_msg("%s is not there", path);
	snprintf(path, sizeof(path), "share/runtimes/%s/recipe.yaml", name);
	file = fopen(path, "rb");
	if (!file)
		fail_msg("%s is not there", path);
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	f->problems.count = f->problems.errors = 0;
	if (!runtime_decode(&f->runtime, f->arena, name, path, text, len, path, &f->problems))
		fail_msg("%s: %s", path, f->problems.items[0].msg);
}

static void the_shipped_runtimes_are_sound(void **state)
{
	static const struct {
		const char *name, *mounts; /* K15 */
		bool prepares;		   /* K14 */
	} rows[] = {
		{"python", "app config data venv ", true},
		{"nodejs", "app config data venv ", true},
		{"php", "app config data cache ", true},
		{"bun", "app config data cache ", true},
		{"static", "app data ", false},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct str mounts = STR_INIT;
		char image[100];

		load(f, rows[i].name);
		assert_int_equal(f->problems.count, 0);
		snprintf(image, sizeof(image), "kata/%s", rows[i].name);
		assert_string_equal(f->runtime.image, image);
		assert_string_equal(f->runtime.workdir, "/app");
		for (size_t m = 0; m < f->runtime.mount_count; m++) {
			str_addf(&mounts, "%s ", f->runtime.mounts[m].what);
			assert_string_equal(f->runtime.mounts[m].target + 1,
					    f->runtime.mounts[m].what);
		}
		assert_string_equal(mounts.p, rows[i].mounts);
		assert_int_equal(f->runtime.prepare_count > 0, rows[i].prepares);
		/* A step that decides by nothing would run at every deploy. */
		for (size_t p = 0; p < f->runtime.prepare_count; p++)
			assert_true(f->runtime.prepare[p].changed_count > 0);
		str_release(&mounts);
		runtime_release(&f->runtime);
	}
}

/* --- services --- */

static const char *folder(void *arg, const char *what)
{
	struct arena *arena = arg;

	return strcmp(what, "own") != 0 ? arena_printf(arena, "/srv/%s", what) : NULL;
}

#define MOUNTS                                                                                     \
	"'volumes':[{'type':'bind','source':'/srv/app','target':'/app',"                           \
	"'bind':{'create_host_path':true}},{'type':'bind','source':'/srv/data',"                   \
	"'target':'/data','bind':{'create_host_path':true}}]"

static const char recipe[] = "image: kata/test\n"
			     "default_command: [run, it]\n"
			     "workdir: /app\n"
			     "mounts: {app: /app, data: /data}\n"
			     "environment: {HOME: /tmp, PATH: /venv/bin}\n";

static void assert_applied(struct fixture *f, const char *spec, const char *expected)
{
	json_t *service = json_case_new(spec);

	assert_true(decode(f, recipe));
	runtime_apply(&f->runtime, service, folder, f->arena);
	runtime_release(&f->runtime);
	assert_json(service, expected);
	json_decref(service);
}

static void a_service_gets_what_its_runtime_has(void **state)
{
	assert_applied(*state, "{'runtime':'test','networks':{'default':{}}}",
		       "{'image':'kata/test','command':['run','it'],'working_dir':'/app',"
		       "'environment':{'HOME':'/tmp','PATH':'/venv/bin'},"
		       "'networks':{'default':{}}," MOUNTS "}");
}

static void an_image_of_its_own_takes_no_runtime(void **state)
{
	assert_applied(*state,
		       "{'runtime':'test','image':'own','environment':{'PUID':'1','PGID':'1'}}",
		       "{'image':'own','environment':{'PUID':'1','PGID':'1'}}");
	assert_applied(*state, "{'runtime':'test','build':{'context':'/b'}}",
		       "{'build':{'context':'/b'}}");
}

static void what_the_service_says_wins(void **state)
{
	assert_applied(*state,
		       "{'runtime':'test','command':['mine'],'working_dir':'/w',"
		       "'user':'7','environment':{'PUID':'1','PGID':'1','PATH':'/bin',"
		       "'HOME':null},'volumes':[{'type':'volume','source':'v','target':'/data'}],"
		       "'tmpfs':['/app:size=1m']}",
		       "{'image':'kata/test','command':['mine'],'working_dir':'/w','user':'7',"
		       "'environment':{'PUID':'1','PGID':'1','PATH':'/bin','HOME':null},"
		       "'volumes':[{'type':'volume','source':'v','target':'/data'}],"
		       "'tmpfs':['/app:size=1m']}");
	assert_applied(
		*state, "{'entrypoint':['e'],'environment':{'PUID':'x','PGID':'5'}}",
		"{'image':'kata/test','entrypoint':['e'],'working_dir':'/app',"
		"'environment':{'HOME':'/tmp','PATH':'/venv/bin','PUID':'x','PGID':'5'}," MOUNTS
		"}");
	assert_applied(*state, "{'command':[]}",
		       "{'image':'kata/test','command':[],'working_dir':'/app',"
		       "'environment':{'HOME':'/tmp','PATH':'/venv/bin'}," MOUNTS "}");
	/* Only the whole path is taken, not one that begins like it. */
	assert_applied(*state, "{'tmpfs':['/app2'],'volumes':[{'target':'/data'}]}",
		       "{'image':'kata/test','command':['run','it'],'working_dir':'/app',"
		       "'environment':{'HOME':'/tmp','PATH':'/venv/bin'},'tmpfs':['/app2'],"
		       "'volumes':[{'target':'/data'},{'type':'bind','source':'/srv/app',"
		       "'target':'/app','bind':{'create_host_path':true}}]}");
}

static void it_runs_as_the_owner_of_the_app(void **state)
{
	assert_applied(*state, "{'environment':{'PUID':'1000','PGID':'100'}}",
		       "{'image':'kata/test','command':['run','it'],'working_dir':'/app',"
		       "'user':'1000:100','environment':{'HOME':'/tmp','PATH':'/venv/bin',"
		       "'PUID':'1000','PGID':'100'}," MOUNTS "}");
}

static void a_volume_of_the_file_is_mounted_in_its_place(void **state)
{
	struct fixture *f = *state;
	json_t *service = json_object();

	assert_true(decode(f, "image: a\nmounts: {own: /app}\n"));
	runtime_apply(&f->runtime, service, folder, f->arena);
	runtime_release(&f->runtime);
	assert_json(json_object_get(service, "volumes"),
		    "[{'type':'volume','source':'own','target':'/app','volume':{}}]");
	json_decref(service);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_recipe_is_read_as_written, setup, teardown),
		cmocka_unit_test_setup_teardown(an_image_is_enough, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_wrong_is_said_with_its_line, setup,
						teardown),
		cmocka_unit_test_setup_teardown(all_problems_come_at_once_with_the_nearest_key,
						setup, teardown),
		cmocka_unit_test_setup_teardown(the_shipped_runtimes_are_sound, setup, teardown),
		cmocka_unit_test_setup_teardown(a_service_gets_what_its_runtime_has, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_image_of_its_own_takes_no_runtime, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_the_service_says_wins, setup, teardown),
		cmocka_unit_test_setup_teardown(it_runs_as_the_owner_of_the_app, setup, teardown),
		cmocka_unit_test_setup_teardown(a_volume_of_the_file_is_mounted_in_its_place, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
