/*
 * A list to choose from: what is typed narrows it down, the chosen one can be looked at as it is
 * chosen.
 */
#include "ui/dialog.h"

#include <stdlib.h>
#include <string.h>

#include "ui/dialog_parts.h"
#include "ui/keys.h"

enum { BETWEEN = 2, NONE_W = 20 };

struct menu {
	json_t *items;
	size_t *shown, count; /* indexes of those that fit what is typed */
	size_t at, top;
	size_t chosen; /* index of the item that look() was told of */
	void (*look)(void *arg, const char *text);
	struct area list; /* at the last draw */
};

void menu_free(struct menu *menu)
{
	if (!menu)
		return;
	json_decref(menu->items);
	free(menu->shown);
	free(menu);
}

static const char *item_text(const struct menu *menu, size_t index, const char *member)
{
	const char *text =
		json_string_value(json_object_get(json_array_get(menu->items, index), member));

	return text ? text : "";
}

static const char *chosen_text(const struct menu *menu)
{
	return menu->count ? item_text(menu, menu->shown[menu->at], "text") : NULL;
}

/* --- narrowing --- */

/* Whether all the words are in an item's text or note. */
static bool fits(const struct menu *menu, size_t index, const char *words)
{
	struct str word = STR_INIT;
	bool all = true;

	while (*words && all) {
		size_t len = strcspn(words, " ");

		str_clear(&word);
		str_addn(&word, words, len);
		all = strcasestr(item_text(menu, index, "text"), word.p) ||
		      strcasestr(item_text(menu, index, "note"), word.p);
		words += len + (words[len] == ' ');
	}
	str_release(&word);
	return all;
}

/* Those that fit; the chosen one stays chosen, else it is the first. */
static void narrow(struct menu *menu, const char *words)
{
	size_t items = json_array_size(menu->items);

	menu->count = menu->at = 0;
	for (size_t i = 0; i < items; i++) {
		if (!fits(menu, i, words))
			continue;
		if (i == menu->chosen)
			menu->at = menu->count;
		menu->shown[menu->count++] = i;
	}
}

static void look(struct dialog *dialog)
{
	struct menu *menu = dialog->menu;

	if (!menu->count || menu->shown[menu->at] == menu->chosen)
		return;
	menu->chosen = menu->shown[menu->at];
	if (menu->look)
		menu->look(dialog->arg, chosen_text(menu));
}

/* --- events --- */

static size_t page_rows(const struct menu *menu)
{
	return menu->list.h > 1 ? (size_t)menu->list.h : 1;
}

static bool move_key(struct menu *menu, uint32_t key)
{
	size_t last = menu->count ? menu->count - 1 : 0, page = page_rows(menu);

	if (key == UI_KEY_UP || key == ('p' | UI_MOD_CTRL) || key == UI_KEY_BACKTAB)
		menu->at -= menu->at > 0;
	else if (key == UI_KEY_DOWN || key == ('n' | UI_MOD_CTRL) || key == UI_KEY_TAB)
		menu->at += menu->at < last;
	else if (key == UI_KEY_PAGEUP)
		menu->at -= page < menu->at ? page : menu->at;
	else if (key == UI_KEY_PAGEDOWN)
		menu->at += page < last - menu->at ? page : last - menu->at;
	else
		return false;
	return true;
}

static bool choose(struct dialog *dialog)
{
	const char *text = chosen_text(dialog->menu);

	return text && dialog_finish(dialog, true, text);
}

static bool mouse(struct dialog *dialog, const struct event *event)
{
	struct menu *menu = dialog->menu;
	size_t row = menu->top + (size_t)(event->y - menu->list.y);

	if (event->button == MOUSE_WHEEL_UP)
		move_key(menu, UI_KEY_UP);
	else if (event->button == MOUSE_WHEEL_DOWN)
		move_key(menu, UI_KEY_DOWN);
	if (event->button == MOUSE_LEFT && area_has(menu->list, event->y, event->x) &&
	    row < menu->count) {
		bool again = event->double_click || row == menu->at;

		menu->at = row;
		if (again)
			return choose(dialog);
	}
	look(dialog);
	return false;
}

static bool menu_event(struct dialog *dialog, const struct event *event)
{
	enum prompt_result result;

	if (event->kind == EVENT_MOUSE)
		return mouse(dialog, event);
	if (event->kind == EVENT_KEY && move_key(dialog->menu, event->key)) {
		look(dialog);
		return false;
	}
	result = dialog_type(dialog, event);
	if (result == PROMPT_LEFT)
		return dialog_finish(dialog, false, NULL);
	if (result == PROMPT_DONE)
		return choose(dialog);
	if (result == PROMPT_CHANGED) {
		narrow(dialog->menu, dialog->prompt.text.p);
		look(dialog);
	}
	return false;
}

/* --- drawing --- */

static int widest(const struct menu *menu, const char *member)
{
	int most = 0;

	for (size_t i = 0; i < json_array_size(menu->items); i++) {
		const char *text = item_text(menu, i, member);
		int columns = text_columns(text, strlen(text));

		most = columns > most ? columns : most;
	}
	return most;
}

static void draw_item(const struct menu *menu, struct area area, int y, size_t at, int text_w,
		      int key_w)
{
	size_t index = menu->shown[at];
	int note = text_w + BETWEEN, key = area.w - key_w;

	area_field(area, y, 0, text_w < area.w ? text_w : area.w, false, ROLE_dialog,
		   item_text(menu, index, "text"));
	if (key_w && key > text_w)
		area_field(area, y, key, key_w, true, ROLE_key, item_text(menu, index, "key"));
	else
		key = area.w + BETWEEN;
	if (key - BETWEEN > note)
		area_field(area, y, note, key - BETWEEN - note, false, ROLE_dim,
			   item_text(menu, index, "note"));
	if (at == menu->at)
		area_over(area, y, 0, area.w, ROLE_selected);
}

static void draw_items(struct menu *menu, struct area area, int text_w, int key_w)
{
	size_t rows = area.h > 0 ? (size_t)area.h : 1;

	menu->list = area;
	if (menu->top + rows > menu->count)
		menu->top = menu->count > rows ? menu->count - rows : 0;
	if (menu->at < menu->top)
		menu->top = menu->at;
	if (menu->at >= menu->top + rows)
		menu->top = menu->at - rows + 1;
	for (int y = 0; y < area.h && menu->top + (size_t)y < menu->count; y++)
		draw_item(menu, area, y, menu->top + (size_t)y, text_w, key_w);
	if (!menu->count)
		area_field(area, 0, 0, area.w, false, ROLE_dim, "nothing fits");
}

/* The frame is as large as all items need, so that it stays as it is while they get fewer. The
 * line that is typed in is there when there is more than one row. */
static void menu_draw(struct dialog *dialog, struct area area)
{
	struct menu *menu = dialog->menu;
	int text = widest(menu, "text"), note = widest(menu, "note"), key = widest(menu, "key");
	size_t items = json_array_size(menu->items);
	struct area inside;
	int typed;

	inside = dialog_frame(dialog, area, 1 + (items < 1000 ? (int)items : 1000),
			      text + (note ? BETWEEN + note : 0) + (key ? BETWEEN + key : 0));
	typed = inside.h > 1;
	if (typed)
		prompt_draw(&dialog->prompt, area_part(inside, 0, 0, 1, inside.w));
	draw_items(menu, area_part(inside, typed, 0, inside.h - typed, inside.w), text, key);
}

struct dialog *dialog_menu(const char *title, const json_t *items, const char *chosen,
			   void (*look_at)(void *arg, const char *text), dialog_done *done,
			   void *arg)
{
	static const struct dialog_kind kind = {menu_event, menu_draw};
	struct dialog *dialog = dialog_new(&kind, title, done, arg);
	struct menu *menu = xcalloc(1, sizeof *menu);
	size_t count = json_array_size(items);

	menu->items = json_deep_copy(items);
	menu->shown = xcalloc(count ? count : 1, sizeof *menu->shown);
	menu->look = look_at;
	dialog->menu = menu;
	for (size_t i = 0; chosen && i < count; i++)
		if (!strcmp(item_text(menu, i, "text"), chosen))
			menu->chosen = i;
	narrow(menu, "");
	prompt_init(&dialog->prompt, "> ", NULL);
	dialog->has_prompt = true;
	return dialog;
}
