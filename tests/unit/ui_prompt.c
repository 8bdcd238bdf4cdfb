/* The input line: every key of its table, history, completion, pastes, and what is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "ui/keys.h"
#include "ui/prompt.h"

#define SIZE(array) (sizeof(array) / sizeof(array)[0])
#define CTRL(c)	    ((c) | UI_MOD_CTRL)
#define ALT(c)	    ((c) | UI_MOD_ALT)

static enum prompt_result press(struct prompt *prompt, uint32_t key)
{
	struct event event = {.kind = EVENT_KEY, .key = key};

	return prompt_event(prompt, &event);
}

/* The text with a bar where the cursor is. */
static void assert_line(const struct prompt *prompt, const char *expected)
{
	struct str out = STR_INIT;

	str_addn(&out, prompt->text.p, prompt->cursor);
	str_addc(&out, '|');
	str_add(&out, prompt->text.p + prompt->cursor);
	assert_string_equal(out.p, expected);
	str_release(&out);
}

/* A bar where the cursor is. */
static const struct {
	const char *before;
	uint32_t key;
	const char *after;
	enum prompt_result result;
} keys[] = {
	{"ab|c", UI_KEY_LEFT, "a|bc", PROMPT_GOES_ON},
	{"|abc", UI_KEY_LEFT, "|abc", PROMPT_GOES_ON},
	{"ab|c", CTRL('b'), "a|bc", PROMPT_GOES_ON},
	{"ab|c", UI_KEY_RIGHT, "abc|", PROMPT_GOES_ON},
	{"abc|", CTRL('f'), "abc|", PROMPT_GOES_ON},
	{"ab|c", UI_KEY_HOME, "|abc", PROMPT_GOES_ON},
	{"ab|c", CTRL('a'), "|abc", PROMPT_GOES_ON},
	{"ab|c", UI_KEY_END, "abc|", PROMPT_GOES_ON},
	{"ab|c", CTRL('e'), "abc|", PROMPT_GOES_ON},
	{"ab|c", UI_KEY_DELETE, "ab|", PROMPT_CHANGED},
	{"|abc", CTRL('d'), "|bc", PROMPT_CHANGED},
	{"abc|", CTRL('d'), "abc|", PROMPT_GOES_ON},
	{"|", CTRL('d'), "|", PROMPT_GOES_ON},
	{"ab|c", UI_KEY_BACKSPACE, "a|c", PROMPT_CHANGED},
	{"ab|c", CTRL('h'), "a|c", PROMPT_CHANGED},
	{"|abc", UI_KEY_BACKSPACE, "|abc", PROMPT_GOES_ON},
	{"|", UI_KEY_BACKSPACE, "|", PROMPT_LEFT},
	{"a|bc", CTRL('k'), "a|", PROMPT_CHANGED},
	{"a|bc", CTRL('u'), "|bc", PROMPT_CHANGED},
	{"a b/c  |d", CTRL('w'), "a |d", PROMPT_CHANGED},
	{"one two-three|", ALT('b'), "one two-|three", PROMPT_GOES_ON},
	{"one| two-three", ALT('f'), "one two|-three", PROMPT_GOES_ON},
	{"one| two-three", ALT('d'), "one|-three", PROMPT_CHANGED},
	{"one two-|three", ALT(UI_KEY_BACKSPACE), "one |three", PROMPT_CHANGED},
	{"ab|", 'c', "abc|", PROMPT_CHANGED},
	{"ab|", 'C' | UI_MOD_SHIFT, "abC|", PROMPT_CHANGED},
	{"a|b", 0xe9, "a\xc3\xa9|b", PROMPT_CHANGED},
	{"a|b", 0x65e5, "a\xe6\x97\xa5|b", PROMPT_CHANGED},
	{"a|b", 0x1f600, "a\xf0\x9f\x98\x80|b", PROMPT_CHANGED},
	{"a|b", 0xd800, "a|b", PROMPT_GOES_ON},
	{"a|b", 0x9b, "a|b", PROMPT_GOES_ON},
	{"a|b", 0x1b, "a|b", PROMPT_GOES_ON},
	{"a|b", ALT('x'), "a|b", PROMPT_GOES_ON},
	{"a|b", UI_KEY_F1, "a|b", PROMPT_GOES_ON},
	{"a|b", UI_KEY_TAB, "a|b", PROMPT_GOES_ON},
	{"a|b", UI_KEY_UP, "a|b", PROMPT_GOES_ON},
	{"a|b", UI_KEY_ENTER, "a|b", PROMPT_DONE},
	{"a|b", UI_KEY_ESC, "a|b", PROMPT_LEFT},
	{"a|b", CTRL('c'), "a|b", PROMPT_LEFT},
	/* Characters of several bytes, and what combines with them, move whole. */
	{"a\xe6\x97\xa5|b", UI_KEY_LEFT,
	 "a|\xe6\x97\xa5"
	 "b",
	 PROMPT_GOES_ON},
	{"e\xcc\x81\xcc\xa3|b", UI_KEY_LEFT,
	 "|e\xcc\x81\xcc\xa3"
	 "b",
	 PROMPT_GOES_ON},
	{"|e\xcc\x81"
	 "b",
	 UI_KEY_RIGHT, "e\xcc\x81|b", PROMPT_GOES_ON},
	{"ae\xcc\x81|b", UI_KEY_BACKSPACE, "a|b", PROMPT_CHANGED},
	{"a|\xf0\x9f\x98\x80"
	 "b",
	 UI_KEY_DELETE, "a|b", PROMPT_CHANGED},
	{"x \xc3\xa9t\xc3\xa9|", ALT('b'), "x |\xc3\xa9t\xc3\xa9", PROMPT_GOES_ON},
};

static void keys_do_as_in_readline(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZE(keys); i++) {
		const char *bar = strchr(keys[i].before, '|');
		struct prompt prompt;

		prompt_init(&prompt, ":", NULL);
		str_addn(&prompt.text, keys[i].before, (size_t)(bar - keys[i].before));
		prompt.cursor = prompt.text.len;
		str_add(&prompt.text, bar + 1);
		assert_int_equal(press(&prompt, keys[i].key), keys[i].result);
		assert_line(&prompt, keys[i].after);
		prompt_release(&prompt);
	}
}

static void what_was_cut_comes_back(void **state)
{
	struct prompt prompt;

	(void)state;
	prompt_init(&prompt, "/", "one two");
	assert_line(&prompt, "one two|");
	assert_int_equal(press(&prompt, CTRL('y')), PROMPT_GOES_ON);
	press(&prompt, CTRL('w'));
	press(&prompt, CTRL('a'));
	press(&prompt, CTRL('y'));
	assert_line(&prompt, "two|one ");
	press(&prompt, CTRL('u'));
	press(&prompt, CTRL('e'));
	press(&prompt, CTRL('y'));
	assert_line(&prompt, "one two|");
	prompt_release(&prompt);
}

static void pastes_are_one_line(void **state)
{
	struct prompt prompt;
	struct event event = {.kind = EVENT_PASTE};
	char text[] = "a\r\nb\tc\x1b[31m\xc2\x9b\xff\n\n";
	char nothing[] = "\n";

	(void)state;
	prompt_init(&prompt, "/", "<>");
	press(&prompt, UI_KEY_LEFT);
	event.text = text;
	assert_int_equal(prompt_event(&prompt, &event), PROMPT_CHANGED);
	assert_line(&prompt, "<a b c[31m|>");
	event.text = nothing;
	assert_int_equal(prompt_event(&prompt, &event), PROMPT_GOES_ON);
	prompt_release(&prompt);
}

static void history_is_walked(void **state)
{
	struct prompt prompt;
	json_t *history = json_array();

	(void)state;
	history_add(history, "one", 3);
	history_add(history, "two", 3);
	history_add(history, "two", 3);
	history_add(history, "", 3);
	assert_int_equal(json_array_size(history), 2);
	history_add(history, "one", 3);
	history_add(history, "three", 3);
	assert_int_equal(json_array_size(history), 3);
	assert_string_equal(json_string_value(json_array_get(history, 0)), "two");

	prompt_init(&prompt, ":", "mine");
	prompt.history = history;
	assert_int_equal(press(&prompt, UI_KEY_DOWN), PROMPT_GOES_ON);
	assert_int_equal(press(&prompt, UI_KEY_UP), PROMPT_CHANGED);
	assert_line(&prompt, "three|");
	press(&prompt, CTRL('p'));
	press(&prompt, CTRL('p'));
	assert_line(&prompt, "two|");
	assert_int_equal(press(&prompt, CTRL('p')), PROMPT_GOES_ON);
	press(&prompt, CTRL('n'));
	assert_line(&prompt, "one|");
	press(&prompt, UI_KEY_DOWN);
	press(&prompt, UI_KEY_DOWN);
	assert_line(&prompt, "mine|");
	prompt_release(&prompt);
	json_decref(history);
}

/* --- completion --- */

static json_t *complete(void *arg, const char *line, size_t index, const char *word)
{
	static const char *const names[] = {"shop", "shop-\xc3\xa9", "shop-\xc3\xa8", "blog"};
	json_t *offers = json_array();

	(void)line;
	*(size_t *)arg = index;
	for (size_t i = 0; i < SIZE(names); i++)
		if (!strncmp(names[i], word, strlen(word)))
			json_array_append_new(offers, json_string(names[i]));
	return offers;
}

static void tab_completes(void **state)
{
	struct prompt prompt;
	size_t index = 9;

	(void)state;
	prompt_init(&prompt, ":", "logs  b");
	prompt.complete = complete;
	prompt.complete_arg = &index;
	assert_int_equal(press(&prompt, UI_KEY_TAB), PROMPT_CHANGED);
	assert_line(&prompt, "logs  blog |");
	assert_int_equal(index, 1);
	assert_null(prompt.offers);
	press(&prompt, 'x');
	assert_int_equal(press(&prompt, UI_KEY_TAB), PROMPT_GOES_ON);
	assert_int_equal(index, 2);
	press(&prompt, UI_KEY_BACKSPACE);
	press(&prompt, 's');
	/* What all have in common, then one after the other. */
	assert_int_equal(press(&prompt, UI_KEY_TAB), PROMPT_CHANGED);
	assert_line(&prompt, "logs  blog shop|");
	assert_int_equal(json_array_size(prompt.offers), 3);
	press(&prompt, UI_KEY_TAB);
	assert_line(&prompt, "logs  blog shop|");
	press(&prompt, UI_KEY_TAB);
	assert_line(&prompt, "logs  blog shop-\xc3\xa9|");
	press(&prompt, UI_KEY_TAB);
	press(&prompt, UI_KEY_TAB);
	assert_line(&prompt, "logs  blog shop|");
	press(&prompt, UI_KEY_BACKTAB);
	assert_line(&prompt, "logs  blog shop-\xc3\xa8|");
	press(&prompt, UI_KEY_LEFT);
	assert_null(prompt.offers);
	/* Never half a character. */
	press(&prompt, CTRL('u'));
	press(&prompt, CTRL('k'));
	for (const char *c = "shop-"; *c; c++)
		press(&prompt, (uint32_t)*c);
	press(&prompt, UI_KEY_TAB);
	assert_int_equal(index, 0);
	assert_line(&prompt, "shop-\xc3\xa9|");
	press(&prompt, UI_KEY_BACKTAB);
	assert_line(&prompt, "shop-\xc3\xa8|");
	prompt_release(&prompt);
}

/* --- drawing --- */

static void it_is_drawn(void **state)
{
	struct prompt prompt;
	struct cells cells;
	struct str out = STR_INIT;
	size_t index;

	(void)state;
	cells_init(&cells);
	cells_resize(&cells, 4, 12);
	prompt_init(&prompt, ":", "up s");
	prompt.complete = complete;
	prompt.complete_arg = &index;
	press(&prompt, UI_KEY_TAB);
	press(&prompt, UI_KEY_BACKTAB);
	prompt_draw(&prompt, cells_area(&cells));
	cells_dump(&cells, &out);
	assert_string_equal(out.p, "    shop\n    shop-\xc3\xa9\n    shop-\xc3\xa8\n"
				   ":up shop-\xc3\xa8\n");
	assert_int_equal(cells.at[2 * 12 + 4].over, ROLE_selected);
	assert_int_equal(cells.cursor_y, 3);
	assert_int_equal(cells.cursor_x, 10);
	/* A long line shows the part with the cursor; nothing in it reaches the terminal raw. */
	press(&prompt, CTRL('u'));
	str_clear(&prompt.text);
	str_add(&prompt.text, "\x1b[m\xe6\x97\xa5"
			      "0123456789");
	prompt.cursor = prompt.text.len;
	cells_clear(&cells);
	prompt_draw(&prompt, cells_area(&cells));
	str_clear(&out);
	cells_dump(&cells, &out);
	assert_string_equal(out.p, "\n\n\n:0123456789\n");
	assert_int_equal(cells.cursor_x, 11);
	press(&prompt, CTRL('a'));
	cells_clear(&cells);
	prompt_draw(&prompt, cells_area(&cells));
	str_clear(&out);
	cells_dump(&cells, &out);
	assert_string_equal(out.p, "\n\n\n:\\x1B[m\xe6\x97\xa5"
				   "012\n");
	assert_int_equal(cells.cursor_x, 1);
	press(&prompt, UI_KEY_TAB);
	for (int i = 0; i < 25; i++) {
		cells_resize(&cells, 1 + i / 5, 1 + i % 5);
		prompt_draw(&prompt, cells_area(&cells));
		prompt_draw(&prompt, area_part(cells_area(&cells), 1, 1, 9, 9));
	}
	str_release(&out);
	prompt_release(&prompt);
	cells_release(&cells);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_do_as_in_readline), cmocka_unit_test(what_was_cut_comes_back),
		cmocka_unit_test(pastes_are_one_line),	  cmocka_unit_test(history_is_walked),
		cmocka_unit_test(tab_completes),	  cmocka_unit_test(it_is_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
