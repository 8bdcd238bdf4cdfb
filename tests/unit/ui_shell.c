/*
 * The screen's shell: what an action is about (selection and marks of each list), and that the
 * answer to a question acts on what the question named, whatever is selected by then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kata/json.h"
#include "ui/ui.h"

static struct screen screen = {.fake = "/nowhere", .program = "kata-tui", .root = "/srv"};

/* --- a screen of its own --- */

static json_t *row(const char *key, const char *app, const char *service, const char *kind)
{
	return json_pack("{s:s,s:s,s:s,s:s?,s:s?,s:s?}", "name", key, "id", key, "key", key, "app",
			 app, "service", service, "kind", kind);
}

static void fill(struct ui *ui, enum ui_place place)
{
	json_t *rows = json_array();

	if (place == PLACE_APPS) {
		json_array_append_new(rows, row("blog", NULL, NULL, NULL));
		json_array_append_new(rows, row("shop", NULL, NULL, NULL));
		json_array_append_new(rows, row("wiki", NULL, NULL, NULL));
	} else if (place == PLACE_SERVERS) {
		json_array_append_new(rows, row("c/blog", "blog", NULL, NULL));
		json_array_append_new(rows, row("c/srv0", NULL, NULL, NULL));
	} else {
		if (place == PLACE_TREE)
			json_array_append_new(rows, row("shop", "shop", NULL, "app"));
		json_array_append_new(rows, row("b1", "blog", "db", "container"));
		json_array_append_new(rows, row("s1", "shop", "web", "container"));
		json_array_append_new(rows, row("s2", "shop", "web", "container"));
		json_array_append_new(rows, row("s3", "shop", "db", "container"));
	}
	list_set_take(&ui->lists[place], rows);
}

static int setup(void **state)
{
	static const struct live_events none;
	struct ui *ui = calloc(1, sizeof *ui);
	struct live_options live = {.root = "/srv", .no_events = true};

	ui->screen = &screen;
	ui->loop = loop_new();
	ui->arena = arena_new();
	ui->frame = arena_new();
	ui->errors = json_array();
	ui->shut = json_object();
	screen.options = json_array();
	live.caddy = screen.options;
	cells_init(&ui->cells);
	cells_resize(&ui->cells, 24, 80);
	keymap_init(&ui->keys);
	ui->jobs = jobs_new(ui->loop, screen.program, screen.options, screen.fake);
	jobs_watch(ui->jobs, ui_job_changed, ui);
	facts_init(&ui->facts, ui->jobs, ui->loop, ui_fact_changed, ui);
	ui->live = live_new(ui->loop, &live, &none);
	ui_lists_init(ui);
	ui_tabs_init(ui);
	for (int i = 0; i < LISTS; i++)
		fill(ui, (enum ui_place)i);
	ui_selected(ui);
	*state = ui;
	return 0;
}

static int teardown(void **state)
{
	struct ui *ui = *state;

	dialog_free(ui->dialog);
	ui_tabs_release(ui);
	facts_release(&ui->facts);
	live_free(ui->live);
	jobs_free(ui->jobs);
	for (int i = 0; i < LISTS; i++)
		list_release(&ui->lists[i]);
	keymap_release(&ui->keys);
	cells_release(&ui->cells);
	json_decref(ui->errors);
	json_decref(ui->shut);
	json_decref(ui->wanted);
	json_decref(ui->asked);
	json_decref((json_t *)screen.options);
	free(ui->notice);
	free(ui->subject.app);
	free(ui->subject.service);
	free(ui->subject.server);
	arena_free(ui->frame);
	arena_free(ui->arena);
	loop_free(ui->loop);
	free(ui);
	return 0;
}

/* --- helpers --- */

static void go(struct ui *ui, enum ui_place place, const char *key)
{
	ui->tree = place == PLACE_TREE;
	ui->place = place;
	if (place < PLACE_TREE)
		ui->list_place = place;
	assert_true(list_select(&ui->lists[place], key));
	ui_selected(ui);
}

static void mark(struct ui *ui, const char *key)
{
	json_object_set_new(ui_list(ui)->marks, key, json_true());
}

static void press(struct ui *ui, uint32_t key)
{
	struct event event = {.kind = EVENT_KEY, .key = key};

	ui_event(ui, &event);
}

static void assert_targets(struct ui *ui, bool services, const char *expected)
{
	json_t *targets = ui_targets_new(ui, services);
	char *text = json_dumps(targets, JSON_COMPACT);

	assert_string_equal(text, expected);
	free(text);
	json_decref(targets);
}

/* The command lines that the open question is about. */
static void assert_asked(const struct ui *ui, const char *expected)
{
	json_t *lines = json_array(), *command;
	size_t i;
	char *text;

	assert_non_null(ui->dialog);
	json_array_foreach(ui->asked, i, command)
		json_array_append(lines, json_object_get(command, "args"));
	text = json_dumps(lines, JSON_COMPACT);
	assert_string_equal(text, expected);
	free(text);
	json_decref(lines);
}

static void assert_job(struct ui *ui, size_t index, const char *expected)
{
	char *text = json_dumps(jobs_at(ui->jobs, index)->args, JSON_COMPACT);

	assert_string_equal(text, expected);
	free(text);
}

/* --- what an action is about --- */

static void targets_of_the_selection(void **state)
{
	struct ui *ui = *state;

	go(ui, PLACE_APPS, "shop");
	assert_targets(ui, true, "{\"shop\":null}");
	go(ui, PLACE_CONTAINERS, "s2");
	assert_targets(ui, true, "{\"shop\":[\"web\"]}");
	assert_targets(ui, false, "{\"shop\":null}");
	go(ui, PLACE_TREE, "s3");
	assert_targets(ui, true, "{\"shop\":[\"db\"]}");
	go(ui, PLACE_TREE, "shop");
	assert_targets(ui, true, "{\"shop\":null}");
	go(ui, PLACE_SERVERS, "c/srv0");
	assert_targets(ui, false, "{}");
}

static void targets_of_marks(void **state)
{
	struct ui *ui = *state;

	go(ui, PLACE_APPS, "wiki");
	mark(ui, "blog");
	mark(ui, "shop");
	assert_targets(ui, true, "{\"blog\":null,\"shop\":null}");
	/* Those of a list count in it alone. */
	go(ui, PLACE_CONTAINERS, "b1");
	assert_targets(ui, true, "{\"blog\":[\"db\"]}");
	mark(ui, "s1");
	mark(ui, "s2");
	mark(ui, "s3");
	assert_targets(ui, true, "{\"shop\":[\"web\",\"db\"]}");
	/* All of an app is more than a service of it. */
	go(ui, PLACE_TREE, "b1");
	mark(ui, "shop");
	mark(ui, "s1");
	assert_targets(ui, true, "{\"shop\":null}");
}

/* --- commands --- */

static void one_command_for_each_app(void **state)
{
	struct ui *ui = *state;

	go(ui, PLACE_APPS, "wiki");
	mark(ui, "blog");
	mark(ui, "shop");
	ui_act(ui, "restart");
	assert_asked(ui, "[[\"restart\",\"blog\"],[\"restart\",\"shop\"]]");
	press(ui, 'n');
	assert_null(ui->asked);
	ui_act(ui, "adopt");
	assert_asked(ui, "[[\"adopt\",\"blog\"],[\"adopt\",\"shop\"]]");
	press(ui, 'n');
	ui_act(ui, "apply");
	assert_asked(ui, "[[\"--apply\",\"blog\",\"shop\"]]");
	press(ui, 'n');
	assert_int_equal(jobs_count(ui->jobs), 0);
}

static void service_of_a_tree_row(void **state)
{
	struct ui *ui = *state;

	go(ui, PLACE_TREE, "s3");
	ui_act(ui, "stop");
	assert_asked(ui, "[[\"stop\",\"shop\",\"db\"]]");
}

static void answer_acts_on_what_was_named(void **state)
{
	struct ui *ui = *state;

	go(ui, PLACE_CONTAINERS, "s3");
	ui_act(ui, "stop");
	list_set_take(&ui->lists[PLACE_CONTAINERS], json_array());
	ui_selected(ui);
	assert_null(ui->subject.app);
	press(ui, 'y');
	assert_job(ui, 0, "[\"stop\",\"shop\",\"db\"]");
}

static void scale_acts_on_what_was_named(void **state)
{
	struct ui *ui = *state;

	go(ui, PLACE_CONTAINERS, "s1");
	ui_act(ui, "scale");
	go(ui, PLACE_CONTAINERS, "b1");
	press(ui, '3');
	press(ui, UI_KEY_ENTER);
	assert_job(ui, 0, "[\"scale\",\"shop\",\"web=3\"]");
}

static void one_at_a_time(void **state)
{
	struct ui *ui = *state;

	go(ui, PLACE_APPS, "wiki");
	mark(ui, "blog");
	mark(ui, "shop");
	ui_act(ui, "remove");
	assert_null(ui->dialog);
	json_object_del(ui_list(ui)->marks, "shop");
	ui_act(ui, "remove");
	assert_asked(ui, "[[\"rm\",\"blog\",\"--force\"]]");
}

static void palette_knows_quotes(void **state)
{
	static const struct screen_command commands[] = {{.name = "run"}};
	struct ui *ui = *state;

	screen.commands = commands;
	screen.command_count = 1;
	palette_run(ui, " run shop  web sh -c \"echo 'a b'\" ''");
	assert_job(ui, 0, "[\"run\",\"shop\",\"web\",\"sh\",\"-c\",\"echo 'a b'\",\"\"]");
}

/* --- selection --- */

static void tree_keeps_the_app(void **state)
{
	struct ui *ui = *state;

	go(ui, PLACE_CONTAINERS, "s2");
	go(ui, PLACE_TREE, "b1");
	assert_string_equal(ui->subject.app, "blog");
	/* The lists follow, that which had the keys before as well. */
	assert_string_equal(list_selected_key(&ui->lists[PLACE_CONTAINERS]), "b1");
	assert_string_equal(list_selected_key(&ui->lists[PLACE_APPS]), "blog");
}

/* Nobody stops what cannot be seen. */
static void too_small_to_act(void **state)
{
	struct ui *ui = *state;
	struct problems problems;
	const char *const views[] = {"any", "apps", NULL}, *const actions[] = {"stop", "quit",
									       NULL};

	problems_init(&problems, ui->arena);
	keymap_read(&ui->keys, "keys", "any s stop\nany q quit\n", false, views, actions,
		    &problems);
	go(ui, PLACE_APPS, "shop");
	cells_resize(&ui->cells, 10, 40);
	press(ui, 's');
	assert_null(ui->dialog);
	press(ui, 'q');
	assert_true(ui->quit);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(targets_of_the_selection),
		TEST(targets_of_marks),
		TEST(one_command_for_each_app),
		TEST(service_of_a_tree_row),
		TEST(answer_acts_on_what_was_named),
		TEST(scale_acts_on_what_was_named),
		TEST(one_at_a_time),
		TEST(palette_knows_quotes),
		TEST(tree_keeps_the_app),
		TEST(too_small_to_act),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
