/* Keys: names there and back, the table with its overrides, complaints, and the table that ships.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/keys.h"

static const char *const views[] = {"apps",   "servers", "containers", "tree", "diff",
				    "json",   "text",	 "logs",       "env",  "activity",
				    "events", "system",	 "deploys",    NULL};
/* Every action the product's table may name. */
static const char *const actions[] = {"quit",
				      "help",
				      "palette",
				      "filter",
				      "filter-lines",
				      "search",
				      "search-next",
				      "search-previous",
				      "mark",
				      "mark-all",
				      "apply",
				      "apply-all",
				      "deploy",
				      "restart",
				      "stop",
				      "start",
				      "mode",
				      "scale",
				      "remove",
				      "adopt",
				      "edit",
				      "shell",
				      "logs",
				      "copy",
				      "copy-command",
				      "tree",
				      "theme",
				      "mouse",
				      "errors",
				      "follow",
				      "wrap",
				      "redraw",
				      "refresh",
				      "suspend",
				      "tab-1",
				      "tab-2",
				      "tab-3",
				      "tab-4",
				      "tab-5",
				      "tab-6",
				      "tab-7",
				      "tab-8",
				      "tab-9",
				      "tab-next",
				      "tab-previous",
				      "zoom-in",
				      "zoom-out",
				      "sort-next",
				      "sort-previous",
				      "sort-reverse",
				      "up",
				      "down",
				      "left",
				      "right",
				      "top",
				      "bottom",
				      "page-up",
				      "page-down",
				      "half-up",
				      "half-down",
				      "next-pane",
				      "previous-pane",
				      "open",
				      "back",
				      "fold",
				      "fold-all",
				      "previous-instance",
				      "timestamps",
				      "save",
				      "cancel",
				      NULL};

struct fixture {
	struct arena *arena;
	struct problems problems;
	struct keymap map;
};

static int setup(void **state)
{
	static struct fixture f;

	f.arena = arena_new();
	problems_init(&f.problems, f.arena);
	keymap_init(&f.map);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	keymap_release(&f->map);
	arena_free(f->arena);
	return 0;
}

static void read_keys(struct fixture *f, const char *text, bool user)
{
	keymap_read(&f->map, user ? "user.conf" : "keys.conf", text, user, views, actions,
		    &f->problems);
}

static const char *action_of(struct fixture *f, const char *view, const char *key)
{
	const struct binding *b = keymap_find(&f->map, view, key_parse(key));

	return b ? b->action : "-";
}

static void names_are_keys(void **state)
{
	static const struct {
		const char *name;
		uint32_t key;
	} rows[] = {
		{"a", 'a'},
		{"A", 'A'},
		{"+", '+'},
		{":", ':'},
		{"é", 0xe9},
		{"😀", 0x1f600},
		{"hash", '#'},
		{"space", ' '},
		{"ctrl+a", 'a' | UI_MOD_CTRL},
		{"ctrl+h", 'h' | UI_MOD_CTRL},
		{"ctrl+space", ' ' | UI_MOD_CTRL},
		{"ctrl+\\", '\\' | UI_MOD_CTRL},
		{"alt+x", 'x' | UI_MOD_ALT},
		{"alt++", '+' | UI_MOD_ALT},
		{"alt+é", 0xe9 | UI_MOD_ALT},
		{"ctrl+alt+x", 'x' | UI_MOD_CTRL | UI_MOD_ALT},
		{"enter", UI_KEY_ENTER},
		{"esc", UI_KEY_ESC},
		{"tab", UI_KEY_TAB},
		{"shift+tab", UI_KEY_BACKTAB},
		{"alt+shift+tab", UI_KEY_BACKTAB | UI_MOD_ALT},
		{"alt+backspace", UI_KEY_BACKSPACE | UI_MOD_ALT},
		{"ctrl+alt+shift+pagedown",
		 UI_KEY_PAGEDOWN | UI_MOD_CTRL | UI_MOD_ALT | UI_MOD_SHIFT},
		{"pageup", UI_KEY_PAGEUP},
		{"f1", UI_KEY_F1},
		{"f12", UI_KEY_F12},
		{"shift+f5", (UI_KEY_F1 + 4) | UI_MOD_SHIFT},
	};
	char name[24];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(key_parse(rows[i].name), rows[i].key);
		key_name(rows[i].key, name, sizeof name);
		assert_string_equal(name, rows[i].name);
	}
}

static void other_spellings_of_the_same_key(void **state)
{
	(void)state;
	assert_int_equal(key_parse("#"), '#');
	assert_int_equal(key_parse("ctrl+A"), 'a' | UI_MOD_CTRL);
	assert_int_equal(key_parse("alt+ctrl+x"), key_parse("ctrl+alt+x"));
	assert_int_equal(key_parse("ctrl+@"), ' ' | UI_MOD_CTRL);
	/* What a terminal sends for these is another key. */
	assert_int_equal(key_parse("ctrl+i"), UI_KEY_TAB);
	assert_int_equal(key_parse("ctrl+m"), UI_KEY_ENTER);
	assert_int_equal(key_parse("ctrl+j"), UI_KEY_ENTER);
	assert_int_equal(key_parse("ctrl+["), UI_KEY_ESC);
}

static void what_is_no_key(void **state)
{
	static const char *const texts[] = {
		"",	 "ab",		"Enter",  "f0",		"f13",	   "f01",
		"ctrl+", "ctrl+ctrl+a", "ctrl+1", "ctrl+enter", "shift+a", "shift+enter",
		"\x01",	 " ",		"\x7f",	  "\xc2\x85",	"\xff",	   "\xc3",
		"alt+",	 "hyper+a",	"ctrl+é", "shift+",	"aé",	   "ctrl+shift+tab"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(key_parse(texts[i]), 0);
}

static void labels_are_short(void **state)
{
	static const struct {
		const char *key, *label, *ascii;
	} rows[] = {
		{"a", "a", "a"},
		{"hash", "#", "#"},
		{"é", "é", "é"},
		{"enter", "↵", "Enter"},
		{"up", "↑", "Up"},
		{"ctrl+a", "^A", "^A"},
		{"ctrl+\\", "^\\", "^\\"},
		{"ctrl+space", "C-Space", "C-Space"},
		{"alt+x", "M-x", "M-x"},
		{"ctrl+alt+x", "M-^X", "M-^X"},
		{"shift+tab", "S-Tab", "S-Tab"},
		{"ctrl+left", "C-←", "C-Left"},
		{"f10", "F10", "F10"},
		{"shift+f1", "S-F1", "S-F1"},
		{"pageup", "PgUp", "PgUp"},
	};
	char label[24];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		key_label(key_parse(rows[i].key), false, label, sizeof label);
		assert_string_equal(label, rows[i].label);
		key_label(key_parse(rows[i].key), true, label, sizeof label);
		assert_string_equal(label, rows[i].ascii);
	}
}

static void the_own_view_goes_first(void **state)
{
	struct fixture *f = *state;

	read_keys(f,
		  "\xef\xbb\xbf# keys\r\n\n  any\tx remove # take it away \r\n"
		  "any q quit\nactivity x cancel # stop the job\nlogs hash timestamps",
		  false);
	assert_int_equal(f->problems.count, 0);
	assert_int_equal(f->map.count, 4);
	assert_string_equal(action_of(f, "apps", "x"), "remove");
	assert_string_equal(action_of(f, "activity", "x"), "cancel");
	assert_string_equal(action_of(f, "activity", "q"), "quit");
	assert_string_equal(action_of(f, "logs", "#"), "timestamps");
	assert_string_equal(action_of(f, "apps", "#"), "-");
	assert_string_equal(f->map.bindings[0].help, "take it away");
	assert_string_equal(f->map.bindings[1].help, "");
	assert_false(f->map.bindings[0].user);
	/* Where x is something else, nothing removes. */
	assert_int_equal(keymap_of(&f->map, "apps", "remove")->key, 'x');
	assert_null(keymap_of(&f->map, "activity", "remove"));
	assert_null(keymap_of(&f->map, "apps", "cancel"));
	assert_string_equal(keymap_of(&f->map, "activity", "cancel")->view, "activity");
}

static void the_users_lines_replace(void **state)
{
	struct fixture *f = *state;

	read_keys(f, "any q quit # leave\nany n search-next # next\nlogs w wrap # long lines\n",
		  false);
	read_keys(f,
		  "any q none\nany ctrl+q quit\napps n none\nlogs w save # keep\nenv n wrap\n"
		  "logs n search-next",
		  true);
	assert_int_equal(f->problems.count, 0);
	assert_string_equal(action_of(f, "apps", "q"), "-");
	assert_string_equal(action_of(f, "apps", "ctrl+q"), "quit");
	assert_string_equal(action_of(f, "apps", "n"), "-");
	assert_string_equal(action_of(f, "diff", "n"), "search-next");
	assert_string_equal(action_of(f, "logs", "w"), "save");
	assert_string_equal(action_of(f, "env", "n"), "wrap");
	assert_null(keymap_of(&f->map, "apps", "search-next"));
	assert_int_equal(keymap_of(&f->map, "apps", "quit")->key, 'q' | UI_MOD_CTRL);
	/* The view's own comes before that of any, though it was read later. */
	assert_string_equal(keymap_of(&f->map, "logs", "search-next")->view, "logs");
	assert_string_equal(keymap_of(&f->map, "diff", "search-next")->view, "any");
	assert_string_equal(keymap_of(&f->map, "apps", "quit")->help, "");
	assert_string_equal(keymap_of(&f->map, "logs", "save")->help, "keep");
	assert_true(keymap_of(&f->map, "logs", "save")->user);
}

static void complaints_name_place_and_nearest(void **state)
{
	static const struct {
		const char *line, *msg, *hint;
		unsigned column;
	} rows[] = {
		{"aps q quit", "aps is no view", "did you mean apps?", 1},
		{"Any q quit", "Any is no view", "did you mean any?", 1},
		{"any pagup top", "pagup is no key that a terminal tells", "did you mean pageup?",
		 5},
		{"any ctrl+1 top", "ctrl+1 is no key that a terminal tells",
		 "keys are written like these: a, ctrl+a, alt+x, pageup, f5, hash", 5},
		{"any  q  quitt", "quitt is no action", "did you mean quit?", 9},
		{"any q xyzzyplugh", "xyzzyplugh is no action", NULL, 7},
		{"any q quit now", "now follows the action", "a comment begins with #", 12},
		{"any q # quit", "the action is missing",
		 "a line is: VIEW KEY ACTION # what it does; the key # is written hash", 7},
		{"any # quit", "the key is missing",
		 "a line is: VIEW KEY ACTION # what it does; the key # is written hash", 5},
		{"any", "the key is missing",
		 "a line is: VIEW KEY ACTION # what it does; the key # is written hash", 4},
		{"any \x1b[31m quit", "\\x1B[31m is no key that a terminal tells",
		 "keys are written like these: a, ctrl+a, alt+x, pageup, f5, hash", 5},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str text = STR_INIT;

		str_addf(&text, "any g top\n\n%s\nany G bottom\n", rows[i].line);
		problems_init(&f->problems, f->arena);
		read_keys(f, text.p, true);
		assert_int_equal(f->problems.count, 1);
		assert_string_equal(f->problems.items[0].msg, rows[i].msg);
		if (rows[i].hint)
			assert_string_equal(f->problems.items[0].hint, rows[i].hint);
		else
			assert_null(f->problems.items[0].hint);
		assert_string_equal(f->problems.items[0].place.file, "user.conf");
		assert_int_equal(f->problems.items[0].place.line, 3);
		assert_int_equal(f->problems.items[0].place.column, rows[i].column);
		/* The line does nothing, the others stay. */
		assert_int_equal(f->map.count, 2);
		str_release(&text);
	}
	problems_init(&f->problems, f->arena);
	read_keys(f, "nowhere nokey noaction", true);
	assert_int_equal(f->problems.count, 3);
}

static char *product_table(void)
{
	char *text = xcalloc(1, 1 << 16);
	FILE *file = fopen("share/keys.conf", "rb");

	assert_non_null(file);
	assert_in_range(fread(text, 1, (1 << 16) - 1, file), 1000, (1 << 16) - 2);
	fclose(file);
	return text;
}

/* Lines that bind: neither blank nor a comment. */
static size_t lines_of(const char *text)
{
	size_t count = 0;

	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n')
		count += *p != '#' && *p != '\n';
	return count;
}

static void the_table_that_ships(void **state)
{
	struct fixture *f = *state;
	char *text = product_table();
	char label[24];

	read_keys(f, text, false);
	for (size_t i = 0; i < f->problems.count; i++)
		print_error("%u: %s\n", f->problems.items[i].place.line, f->problems.items[i].msg);
	assert_int_equal(f->problems.count, 0);
	/* No key is bound twice in a view. */
	assert_int_equal(f->map.count, lines_of(text));
	for (size_t i = 0; i < f->map.count; i++) {
		const struct binding *b = &f->map.bindings[i];

		assert_true(*b->help);
		key_label(b->key, true, label, sizeof label);
		assert_true(*label);
	}
	for (size_t i = 0; actions[i]; i++) {
		bool bound = false;

		for (size_t v = 0; views[v]; v++)
			bound |= keymap_of(&f->map, views[v], actions[i]) != NULL;
		assert_true(bound);
	}
	for (size_t v = 0; views[v]; v++) {
		assert_string_equal(action_of(f, views[v], "q"), "quit");
		assert_string_equal(action_of(f, views[v], "esc"), "back");
		assert_string_equal(action_of(f, views[v], "?"), "help");
		assert_string_equal(action_of(f, views[v], ":"), "palette");
	}
	assert_string_equal(action_of(f, "apps", "/"), "filter");
	assert_string_equal(action_of(f, "diff", "/"), "search");
	assert_string_equal(action_of(f, "apps", "l"), "logs");
	assert_string_equal(action_of(f, "json", "l"), "right");
	assert_string_equal(action_of(f, "containers", "e"), "shell");
	assert_string_equal(action_of(f, "activity", "x"), "cancel");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_keys),
		cmocka_unit_test(other_spellings_of_the_same_key),
		cmocka_unit_test(what_is_no_key),
		cmocka_unit_test(labels_are_short),
		cmocka_unit_test_setup_teardown(the_own_view_goes_first, setup, teardown),
		cmocka_unit_test_setup_teardown(the_users_lines_replace, setup, teardown),
		cmocka_unit_test_setup_teardown(complaints_name_place_and_nearest, setup, teardown),
		cmocka_unit_test_setup_teardown(the_table_that_ships, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
