/* Dialogs: which keys answer what, and what they look like from 80x24 down to nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/dialog.h"
#include "ui/keys.h"

#define SIZE(array) (sizeof(array) / sizeof(array)[0])

struct answer {
	int calls;
	bool ok;
	char text[64], looks[128];
};

static void done(void *arg, bool ok, const char *text)
{
	struct answer *answer = arg;

	answer->calls++;
	answer->ok = ok;
	snprintf(answer->text, sizeof answer->text, "%s", text ? text : "(null)");
}

static void look(void *arg, const char *text)
{
	struct answer *answer = arg;
	size_t len = strlen(answer->looks);

	snprintf(answer->looks + len, sizeof answer->looks - len, "%s ", text);
}

static bool press(struct dialog *dialog, uint32_t key)
{
	struct event event = {.kind = EVENT_KEY, .key = key};

	return dialog_event(dialog, &event);
}

static bool click(struct dialog *dialog, int y, int x)
{
	struct event event = {.kind = EVENT_MOUSE, .button = MOUSE_LEFT, .y = y, .x = x};

	return dialog_event(dialog, &event);
}

static void type(struct dialog *dialog, const char *text)
{
	for (; *text; text++)
		assert_false(press(dialog, (uint32_t)(unsigned char)*text));
}

static void assert_shows(struct dialog *dialog, int h, int w, const char *picture)
{
	struct cells cells;
	struct str out = STR_INIT;

	cells_init(&cells);
	cells_resize(&cells, h, w);
	dialog_draw(dialog, cells_area(&cells));
	cells_dump(&cells, &out);
	assert_string_equal(out.p, picture);
	str_release(&out);
	cells_release(&cells);
}

static struct dialog *confirm(const char *danger, struct answer *answer)
{
	json_t *lines = json_pack("[s,s]", "restart web", "restart db");
	struct dialog *dialog = dialog_confirm("Restart shop?", lines, danger, done, answer);

	*answer = (struct answer){0};
	json_decref(lines);
	return dialog;
}

static void questions_are_answered(void **state)
{
	static const struct {
		const char *danger;
		uint32_t before, key;
		bool over, ok;
	} rows[] = {
		{NULL, 0, 'y', true, true},
		{NULL, 0, 'n', true, false},
		{NULL, 0, 'q', true, false},
		{NULL, 0, UI_KEY_ESC, true, false},
		{NULL, 0, 'c' | UI_MOD_CTRL, true, false},
		{NULL, 0, UI_KEY_ENTER, true, true},
		{NULL, UI_KEY_RIGHT, UI_KEY_ENTER, true, false},
		{NULL, UI_KEY_LEFT, UI_KEY_ENTER, true, true},
		{NULL, UI_KEY_TAB, UI_KEY_ENTER, true, false},
		{NULL, 0, 'x', false, false},
		{NULL, 0, UI_KEY_DOWN, false, false},
		{"data", 0, UI_KEY_ENTER, true, false},
		{"data", UI_KEY_RIGHT, UI_KEY_ENTER, true, false},
		{"data", UI_KEY_LEFT, UI_KEY_ENTER, true, true},
		{"data", UI_KEY_BACKTAB, UI_KEY_ENTER, true, true},
		{"data", 0, 'y', true, true},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(rows); i++) {
		struct answer answer;
		struct dialog *dialog = confirm(rows[i].danger, &answer);

		if (rows[i].before)
			assert_false(press(dialog, rows[i].before));
		assert_int_equal(press(dialog, rows[i].key), rows[i].over);
		assert_int_equal(answer.calls, rows[i].over);
		if (!rows[i].over)
			dialog_free(dialog);
		else
			assert_string_equal(answer.text, "(null)");
		assert_int_equal(answer.ok, rows[i].ok);
	}
	dialog_free(NULL);
}

static void questions_are_drawn(void **state)
{
	struct answer answer;
	struct dialog *dialog = confirm("the volume shop_data", &answer);
	struct cells cells;

	(void)state;
	assert_shows(
		dialog, 12, 40,
		"\n\n      \xe2\x94\x8c Restart shop? \xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"
		"\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"
		"\xe2\x94\x80\xe2\x94\x80\xe2\x94\x90\n"
		"      \xe2\x94\x82 restart web              \xe2\x94\x82\n"
		"      \xe2\x94\x82 restart db               \xe2\x94\x82\n"
		"      \xe2\x94\x82                          \xe2\x94\x82\n"
		"      \xe2\x94\x82 the volume shop_data     \xe2\x94\x82\n"
		"      \xe2\x94\x82                          \xe2\x94\x82\n"
		"      \xe2\x94\x82     [ Yes ]   [ No ]     \xe2\x94\x82\n"
		"      \xe2\x94\x94\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"
		"\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"
		"\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"
		"\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"
		"\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x98\n\n\n");
	/* The chosen button is lit, what will be lost is marked, and buttons can be clicked. */
	cells_init(&cells);
	cells_resize(&cells, 12, 40);
	dialog_draw(dialog, cells_area(&cells));
	assert_int_equal(cells.at[8 * 40 + 14].over, ROLE_text);
	assert_int_equal(cells.at[8 * 40 + 24].over, ROLE_selected);
	assert_int_equal(cells.at[6 * 40 + 8].role, ROLE_danger);
	assert_false(click(dialog, 8, 21));
	assert_true(click(dialog, 8, 14));
	assert_true(answer.ok);
	dialog = confirm(NULL, &answer);
	dialog_draw(dialog, cells_area(&cells));
	assert_true(click(dialog, 7, 24));
	assert_false(answer.ok);
	cells_release(&cells);
}

/* Many lines scroll; what will be lost and the answer stay. */
static void long_questions_scroll(void **state)
{
	json_t *lines = json_array();
	struct cells cells;
	struct str out = STR_INIT;

	(void)state;
	for (int i = 0; i < 50; i++)
		json_array_append_new(lines, json_sprintf("step %d", i));
	struct dialog *dialog = dialog_confirm("Apply", lines, "all of it", done, NULL);
	cells_init(&cells);
	cells_resize(&cells, 24, 80);
	for (int i = 0; i < 2; i++) {
		str_clear(&out);
		dialog_draw(dialog, cells_area(&cells));
		cells_dump(&cells, &out);
		assert_non_null(strstr(out.p, "all of it"));
		assert_non_null(strstr(out.p, "[ Yes ]"));
		assert_non_null(strstr(out.p, "scrolls"));
		assert_int_equal(strstr(out.p, "step 0 ") != NULL, i == 0);
		assert_int_equal(strstr(out.p, "step 49") != NULL, i == 1);
		for (int page = 0; page < 9; page++)
			press(dialog, UI_KEY_PAGEDOWN);
	}
	press(dialog, UI_KEY_UP);
	str_clear(&out);
	dialog_draw(dialog, cells_area(&cells));
	cells_dump(&cells, &out);
	assert_null(strstr(out.p, "step 49"));
	assert_non_null(strstr(out.p, "step 48"));
	str_release(&out);
	cells_release(&cells);
	dialog_free(dialog);
	json_decref(lines);
}

static void names_have_to_be_typed(void **state)
{
	struct answer answer = {0};
	struct dialog *dialog = dialog_name("Remove", NULL, "its data", "shop", done, &answer);

	(void)state;
	assert_false(press(dialog, UI_KEY_BACKSPACE));
	type(dialog, "sho");
	assert_false(press(dialog, UI_KEY_ENTER));
	type(dialog, "q");
	assert_false(press(dialog, UI_KEY_ENTER));
	assert_int_equal(answer.calls, 0);
	press(dialog, UI_KEY_BACKSPACE);
	type(dialog, "p");
	assert_shows(dialog, 4, 30, "its data\n\nType shop to go on:\n> shop\n");
	assert_true(press(dialog, UI_KEY_ENTER));
	assert_true(answer.ok);
	assert_string_equal(answer.text, "shop");
	dialog = dialog_name("Remove", NULL, NULL, "shop", done, &answer);
	type(dialog, "shop");
	assert_true(press(dialog, UI_KEY_ESC));
	assert_false(answer.ok);
}

static void texts_are_typed(void **state)
{
	struct answer answer = {0};
	struct dialog *dialog = dialog_input("Scale", "How many?", "3", done, &answer);
	struct event paste = {.kind = EVENT_PASTE, .text = (char[]){'7', '\n', 0}};

	(void)state;
	assert_false(dialog_event(dialog, &paste));
	assert_true(press(dialog, UI_KEY_ENTER));
	assert_true(answer.ok);
	assert_string_equal(answer.text, "37");
	dialog = dialog_input("Scale", "How many?", NULL, done, &answer);
	assert_true(press(dialog, 'c' | UI_MOD_CTRL));
	assert_false(answer.ok);
	assert_int_equal(answer.calls, 2);
}

static struct dialog *menu(struct answer *answer, const char *chosen)
{
	json_t *items =
		json_pack("[{s:s,s:s,s:s},{s:s,s:s},{s:s}]", "text", "dark", "note", "the usual",
			  "key", "d", "text", "light", "note", "for the Day", "text", "mono");
	struct dialog *dialog = dialog_menu("Themes", items, chosen, look, done, answer);

	*answer = (struct answer){0};
	json_decref(items);
	return dialog;
}

static void menus_narrow(void **state)
{
	struct answer answer;
	struct dialog *dialog = menu(&answer, "light");

	(void)state;
	assert_string_equal(answer.looks, "");
	press(dialog, UI_KEY_DOWN);
	press(dialog, UI_KEY_DOWN);
	press(dialog, UI_KEY_UP);
	assert_string_equal(answer.looks, "mono light ");
	type(dialog, "d");
	assert_shows(dialog, 4, 24, "> d\ndark   the usual       d\nlight  for the Day\n\n");
	assert_string_equal(answer.looks, "mono light ");
	type(dialog, "a us");
	assert_string_equal(answer.looks, "mono light dark ");
	type(dialog, "x");
	assert_shows(dialog, 2, 24, "> da usx\nnothing fits\n");
	assert_false(press(dialog, UI_KEY_ENTER));
	press(dialog, UI_KEY_BACKSPACE);
	assert_true(press(dialog, UI_KEY_ENTER));
	assert_true(answer.ok);
	assert_string_equal(answer.text, "dark");
	assert_int_equal(answer.calls, 1);

	dialog = menu(&answer, NULL);
	assert_false(press(dialog, UI_KEY_BACKSPACE));
	press(dialog, UI_KEY_PAGEDOWN);
	press(dialog, UI_KEY_PAGEDOWN);
	press(dialog, UI_KEY_PAGEDOWN);
	press(dialog, UI_KEY_DOWN);
	/* Only rows are left: the one that is chosen. */
	assert_shows(dialog, 1, 24, "mono\n");
	assert_true(press(dialog, UI_KEY_ESC));
	assert_false(answer.ok);
	assert_string_equal(answer.text, "(null)");
}

static void menus_take_the_mouse(void **state)
{
	struct answer answer;
	struct dialog *dialog = menu(&answer, NULL);
	struct cells cells;

	(void)state;
	cells_init(&cells);
	cells_resize(&cells, 4, 24);
	dialog_draw(dialog, cells_area(&cells));
	assert_int_equal(cells.at[24].over, ROLE_selected);
	assert_false(click(dialog, 2, 3));
	assert_string_equal(answer.looks, "light ");
	assert_false(click(dialog, 0, 3));
	assert_true(click(dialog, 2, 3));
	assert_string_equal(answer.text, "light");
	cells_release(&cells);
}

static struct dialog *reader(struct answer *answer)
{
	struct pane pane;

	*answer = (struct answer){0};
	pane_init(&pane, 0);
	for (int i = 0; i < 40; i++) {
		char text[32];

		snprintf(text, sizeof text, "line %d", i);
		pane_add(&pane, ROLE_text, text, strlen(text));
	}
	struct dialog *dialog = dialog_text("Help", &pane, done, answer);
	assert_int_equal(pane_count(&pane), 0);
	pane_release(&pane);
	return dialog;
}

static void texts_are_read(void **state)
{
	struct answer answer;
	struct dialog *dialog = reader(&answer);

	(void)state;
	assert_shows(dialog, 3, 30, "line 0\nline 1\nline 2\n");
	press(dialog, 'j');
	assert_shows(dialog, 3, 30, "line 1\nline 2\nline 3\n");
	press(dialog, ' ');
	assert_shows(dialog, 3, 30, "line 4\nline 5\nline 6\n");
	press(dialog, 'G');
	assert_shows(dialog, 3, 30, "line 37\nline 38\nline 39\n");
	press(dialog, 'k');
	assert_shows(dialog, 3, 30, "line 36\nline 37\nline 38\n");
	press(dialog, 'g');
	/* While something is looked for, q and enter are text and its end. */
	press(dialog, '/');
	type(dialog, "q");
	press(dialog, UI_KEY_BACKSPACE);
	type(dialog, "e 2");
	assert_shows(dialog, 4, 30, "line 0\nline 1\nline 2\n/e 2\n");
	assert_false(press(dialog, UI_KEY_ENTER));
	press(dialog, 'n');
	assert_shows(dialog, 3, 30, "line 18\nline 19\nline 20\n");
	press(dialog, 'N');
	press(dialog, '/');
	assert_false(press(dialog, UI_KEY_ESC));
	assert_true(press(dialog, 'q'));
	assert_false(answer.ok);
	assert_true(press(reader(&answer), UI_KEY_ENTER));
	assert_true(answer.ok);
	assert_true(press(reader(&answer), UI_KEY_ESC));
	assert_int_equal(answer.calls, 1);
}

/* Nothing is drawn beyond the area, whatever its size, and what is in it is never too large. */
static void any_size_will_do(void **state)
{
	struct answer answer;
	struct cells cells;
	json_t *lines = json_pack("[s,s]", "\xe6\x97\xa5\xe6\x9c\xac\x1b[31m a long line of text",
				  "another");

	(void)state;
	cells_init(&cells);
	for (int kind = 0; kind < 5; kind++) {
		struct dialog *dialog =
			kind == 0   ? dialog_confirm("T", lines, "lost\nlost", done, NULL)
			: kind == 1 ? dialog_name("T", lines, "lost", "name", done, NULL)
			: kind == 2 ? dialog_input("Title", "Label", "text", done, NULL)
			: kind == 3 ? menu(&answer, "mono")
				    : reader(&answer);

		for (int i = 0; i < 14 * 30; i++) {
			cells_resize(&cells, 3 + i / 30, 3 + i % 30);
			dialog_draw(dialog,
				    area_part(cells_area(&cells), 1, 1, cells.h - 2, cells.w - 2));
			for (int x = 0; x < cells.w; x++)
				assert_string_equal(cells.at[x].text, " ");
			for (int y = 0; y < cells.h; y++)
				assert_string_equal(cells.at[y * cells.w + cells.w - 1].text, " ");
			press(dialog, i % 2 ? UI_KEY_DOWN : UI_KEY_PAGEDOWN);
		}
		dialog_draw(dialog, area_part(cells_area(&cells), 0, 0, 0, 5));
		dialog_free(dialog);
	}
	cells_release(&cells);
	json_decref(lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions_are_answered), cmocka_unit_test(questions_are_drawn),
		cmocka_unit_test(long_questions_scroll),  cmocka_unit_test(names_have_to_be_typed),
		cmocka_unit_test(texts_are_typed),	  cmocka_unit_test(menus_narrow),
		cmocka_unit_test(menus_take_the_mouse),	  cmocka_unit_test(texts_are_read),
		cmocka_unit_test(any_size_will_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
