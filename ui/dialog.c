/*
 * Dialogs that say something and want an answer: questions, names and texts to be typed, texts to
 * read. What is said scrolls when it is long; what will be lost and the answer are always seen.
 */
#include "ui/dialog.h"

#include <stdlib.h>
#include <string.h>

#include "ui/dialog_parts.h"
#include "ui/keys.h"

enum { WHEEL = 3, MARGIN = 2, LEAST_W = 24, MANY = 2000 };

/* --- what all have --- */

struct dialog *dialog_new(const struct dialog_kind *kind, const char *title, dialog_done *done,
			  void *arg)
{
	struct dialog *dialog = xcalloc(1, sizeof *dialog);

	dialog->kind = kind;
	dialog->title = xstrdup(title ? title : "");
	dialog->done = done;
	dialog->arg = arg;
	pane_init(&dialog->text, 0);
	pane_init(&dialog->danger, 0);
	dialog->text.wrap = dialog->danger.wrap = true;
	return dialog;
}

void dialog_free(struct dialog *dialog)
{
	if (!dialog)
		return;
	pane_release(&dialog->text);
	pane_release(&dialog->danger);
	if (dialog->has_prompt)
		prompt_release(&dialog->prompt);
	menu_free(dialog->menu);
	free(dialog->title);
	free(dialog->hint);
	free(dialog->name);
	free(dialog);
}

bool dialog_finish(struct dialog *dialog, bool ok, const char *text)
{
	dialog_done *done = dialog->done;
	void *arg = dialog->arg;
	char *copy = text ? xstrdup(text) : NULL;

	dialog_free(dialog);
	if (done)
		done(arg, ok, copy);
	free(copy);
	return true;
}

bool dialog_event(struct dialog *dialog, const struct event *event)
{
	return dialog->kind->event(dialog, event);
}

void dialog_draw(struct dialog *dialog, struct area area)
{
	if (area.h > 0 && area.w > 0)
		dialog->kind->draw(dialog, area);
}

bool area_has(struct area area, int y, int x)
{
	return y >= area.y && y < area.y + area.h && x >= area.x && x < area.x + area.w;
}

/* Lines of a frame and a blank at each side, where there is room for them. */
static int frame_h(struct area area)
{
	return area.h > 4 ? 2 : 0;
}

static int frame_w(struct area area)
{
	return area.w > 12 && area.h > 4 ? 4 : 0;
}

int dialog_room(struct area area)
{
	int margin = area.w > 60 ? 2 * MARGIN : 0;

	return area.w - margin - frame_w(area);
}

struct area dialog_frame(const struct dialog *dialog, struct area area, int h, int w)
{
	int title = text_columns(dialog->title, strlen(dialog->title)), room = dialog_room(area);
	struct area box;

	w = w > title ? w : title;
	w = w > LEAST_W ? w : LEAST_W;
	w = (w > room ? room : w) + frame_w(area);
	h = h > area.h - frame_h(area) ? area.h : h + frame_h(area);
	box = area_part(area, (area.h - h) / 2, (area.w - w) / 2, h, w);
	area_fill(box, ROLE_dialog);
	if (!frame_w(area) || !frame_h(area))
		return box;
	area_box(box, ROLE_border_focus, ROLE_dialog_title, dialog->title);
	return area_part(box, 1, 2, box.h - 2, box.w - 4);
}

static void say(struct pane *pane, enum role role, const json_t *lines)
{
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		const char *text = json_string_value(line);

		if (text && *text)
			pane_add_text(pane, role, text);
		else
			pane_add(pane, role, "", 0);
	}
}

static void warn(struct dialog *dialog, const char *danger)
{
	dialog->is_danger = danger != NULL;
	if (danger)
		pane_add_text(&dialog->danger, ROLE_danger, danger);
}

enum prompt_result dialog_type(struct dialog *dialog, const struct event *event)
{
	bool back = event->kind == EVENT_KEY &&
		    (event->key == UI_KEY_BACKSPACE || event->key == ('h' | UI_MOD_CTRL));

	if (back && !dialog->prompt.text.len)
		return PROMPT_GOES_ON;
	return prompt_event(&dialog->prompt, event);
}

/* --- scrolling --- */

/* Keys that scroll whatever is said: by rows, or by half pages. */
static const struct {
	uint32_t key;
	int rows, pages;
	bool typed; /* also where text is typed */
} scrolls[] = {
	{UI_KEY_UP, -1, 0, true},
	{UI_KEY_DOWN, 1, 0, true},
	{UI_KEY_PAGEUP, 0, -2, true},
	{UI_KEY_PAGEDOWN, 0, 2, true},
	{'k', -1, 0, false},
	{'j', 1, 0, false},
	{'b', 0, -2, false},
	{' ', 0, 2, false},
	{'u' | UI_MOD_CTRL, 0, -1, false},
	{'d' | UI_MOD_CTRL, 0, 1, false},
	{'b' | UI_MOD_CTRL, 0, -2, false},
	{'f' | UI_MOD_CTRL, 0, 2, false},
};

static bool scroll_mouse(struct pane *pane, const struct event *event)
{
	if (event->kind != EVENT_MOUSE)
		return false;
	if (event->button == MOUSE_WHEEL_UP)
		pane_scroll(pane, -WHEEL);
	else if (event->button == MOUSE_WHEEL_DOWN)
		pane_scroll(pane, WHEEL);
	return event->button == MOUSE_WHEEL_UP || event->button == MOUSE_WHEEL_DOWN;
}

static bool scroll_event(struct pane *pane, const struct event *event, bool typed)
{
	if (event->kind != EVENT_KEY)
		return scroll_mouse(pane, event);
	for (size_t i = 0; i < sizeof scrolls / sizeof scrolls[0]; i++) {
		if (scrolls[i].key != event->key || (typed && !scrolls[i].typed))
			continue;
		if (scrolls[i].pages)
			pane_page(pane, scrolls[i].pages);
		else
			pane_scroll(pane, scrolls[i].rows);
		return true;
	}
	return false;
}

/* What is said, and what will be lost when it is too long as well. */
static bool scroll_form(struct dialog *dialog, const struct event *event, bool typed)
{
	bool text = scroll_event(&dialog->text, event, typed);

	return scroll_event(&dialog->danger, event, typed) || text;
}

/* --- forms: what is said, what is lost, and below them an answer --- */

/* How the rows inside a frame are dealt out. */
struct form {
	int text, danger, answer;
	int gaps;
};

static struct form form_make(int text, int danger, int answer, int h)
{
	struct form form = {.answer = answer > h ? h : answer};
	int rest = h - form.answer;

	form.gaps = (text > 0) + (danger > 0);
	if (rest < text + danger + form.gaps && h < 10)
		form.gaps = 0;
	rest -= form.gaps;
	form.text = text > rest - danger ? rest - danger : text;
	if (form.text < rest / 2)
		form.text = text < rest / 2 ? text : rest / 2;
	form.danger = danger > rest - form.text ? rest - form.text : danger;
	return form;
}

static void draw_more(struct area area, int y)
{
	char text[48];

	snprintf(text, sizeof text, "%s %s scrolls", glyph(area.cells, GLYPH_UP),
		 glyph(area.cells, GLYPH_DOWN));
	area_field(area, y, 0, area.w, true, ROLE_dim, text);
}

/* Draws all but the answer; gives the rows of the answer. */
static struct area draw_form(struct dialog *dialog, struct area area, int answer, int answer_w)
{
	int room = dialog_room(area), text_h, text_w, danger_h, danger_w, y;
	struct area inside;
	struct form form;

	pane_measure(&dialog->text, area.cells, room, &text_h, &text_w);
	pane_measure(&dialog->danger, area.cells, room, &danger_h, &danger_w);
	int w = text_w > danger_w ? text_w : danger_w;
	inside = dialog_frame(dialog, area,
			      text_h + (text_h > 0) + danger_h + (danger_h > 0) + answer,
			      w > answer_w ? w : answer_w);
	form = form_make(text_h, danger_h, answer, inside.h);
	pane_draw(&dialog->text, area_part(inside, 0, 0, form.text, inside.w), false);
	y = form.text;
	if (form.text < text_h && form.gaps)
		draw_more(inside, y);
	y += form.gaps && text_h;
	pane_draw(&dialog->danger, area_part(inside, y, 0, form.danger, inside.w), false);
	return area_part(inside, inside.h - form.answer, 0, form.answer, inside.w);
}

/* --- questions --- */

static const char yes_text[] = "[ Yes ]", no_text[] = "[ No ]";

static bool is_leave(uint32_t key)
{
	return key == 'q' || key == UI_KEY_ESC || key == ('c' | UI_MOD_CTRL);
}

static bool is_no(uint32_t key)
{
	return key == 'n' || key == 'N' || is_leave(key);
}

static bool moves_button(uint32_t key)
{
	return key == UI_KEY_LEFT || key == UI_KEY_RIGHT || key == 'h' || key == 'l' ||
	       key == UI_KEY_TAB || key == UI_KEY_BACKTAB;
}

static bool confirm_click(struct dialog *dialog, const struct event *event)
{
	if (event->button != MOUSE_LEFT)
		return false;
	if (area_has(dialog->yes_at, event->y, event->x))
		return dialog_finish(dialog, true, NULL);
	if (area_has(dialog->no_at, event->y, event->x))
		return dialog_finish(dialog, false, NULL);
	return false;
}

static bool confirm_event(struct dialog *dialog, const struct event *event)
{
	if (scroll_form(dialog, event, false))
		return false;
	if (event->kind == EVENT_MOUSE)
		return confirm_click(dialog, event);
	if (event->kind != EVENT_KEY)
		return false;
	if (event->key == 'y' || event->key == 'Y')
		return dialog_finish(dialog, true, NULL);
	if (is_no(event->key))
		return dialog_finish(dialog, false, NULL);
	if (event->key == UI_KEY_ENTER)
		return dialog_finish(dialog, dialog->yes, NULL);
	if (event->key == UI_KEY_LEFT || event->key == UI_KEY_RIGHT)
		dialog->yes = event->key == UI_KEY_LEFT;
	else if (moves_button(event->key))
		dialog->yes = !dialog->yes;
	return false;
}

static struct area draw_button(struct area area, int x, const char *text, bool chosen,
			       enum role role)
{
	struct area at = area_part(area, 0, x, 1, text_columns(text, strlen(text)));

	area_text(at, 0, 0, role, text);
	if (chosen)
		area_over(at, 0, 0, at.w, ROLE_selected);
	return at;
}

static void confirm_draw(struct dialog *dialog, struct area area)
{
	int yes_w = (int)strlen(yes_text), no_w = (int)strlen(no_text), gap = 3, x;
	struct area row = draw_form(dialog, area, 1, yes_w + gap + no_w);

	if (row.w < yes_w + gap + no_w)
		gap = 1;
	x = row.w > yes_w + gap + no_w ? (row.w - yes_w - gap - no_w) / 2 : 0;
	dialog->yes_at = draw_button(row, x, yes_text, dialog->yes,
				     dialog->is_danger ? ROLE_danger : ROLE_dialog);
	dialog->no_at = draw_button(row, x + yes_w + gap, no_text, !dialog->yes, ROLE_dialog);
}

struct dialog *dialog_confirm(const char *title, const json_t *lines, const char *danger,
			      dialog_done *done, void *arg)
{
	static const struct dialog_kind kind = {confirm_event, confirm_draw};
	struct dialog *dialog = dialog_new(&kind, title, done, arg);

	say(&dialog->text, ROLE_dialog, lines);
	warn(dialog, danger);
	dialog->yes = !danger;
	return dialog;
}

/* --- what is typed --- */

static bool typed_is_right(const struct dialog *dialog)
{
	return !dialog->name || !strcmp(dialog->prompt.text.p, dialog->name);
}

static bool typed_event(struct dialog *dialog, const struct event *event)
{
	enum prompt_result result;

	if (scroll_form(dialog, event, true))
		return false;
	result = dialog_type(dialog, event);
	if (result == PROMPT_LEFT)
		return dialog_finish(dialog, false, NULL);
	if (result == PROMPT_DONE && typed_is_right(dialog))
		return dialog_finish(dialog, true, dialog->prompt.text.p);
	return false;
}

static void typed_draw(struct dialog *dialog, struct area area)
{
	struct area rows;
	int hint = text_columns(dialog->hint, strlen(dialog->hint));
	bool right = dialog->name && typed_is_right(dialog);

	rows = draw_form(dialog, area, 2, hint > 40 ? hint : 40);
	if (rows.h > 1)
		area_field(rows, 0, 0, rows.w, false, right ? ROLE_good : ROLE_dialog_title,
			   dialog->hint);
	prompt_draw(&dialog->prompt, area_part(rows, rows.h - 1, 0, 1, rows.w));
}

static const struct dialog_kind typed_kind = {typed_event, typed_draw};

struct dialog *dialog_name(const char *title, const json_t *lines, const char *danger,
			   const char *name, dialog_done *done, void *arg)
{
	struct dialog *dialog = dialog_new(&typed_kind, title, done, arg);
	struct str hint = STR_INIT;

	say(&dialog->text, ROLE_dialog, lines);
	warn(dialog, danger);
	str_addf(&hint, "Type %s to go on:", name);
	dialog->hint = str_detach(&hint);
	dialog->name = xstrdup(name);
	prompt_init(&dialog->prompt, "> ", NULL);
	dialog->has_prompt = true;
	return dialog;
}

struct dialog *dialog_input(const char *title, const char *label, const char *text,
			    dialog_done *done, void *arg)
{
	struct dialog *dialog = dialog_new(&typed_kind, title, done, arg);

	dialog->hint = xstrdup(label ? label : "");
	prompt_init(&dialog->prompt, "> ", text);
	dialog->has_prompt = true;
	return dialog;
}

/* --- texts to read --- */

static void search_begin(struct dialog *dialog)
{
	if (dialog->has_prompt)
		prompt_release(&dialog->prompt);
	prompt_init(&dialog->prompt, "/", NULL);
	dialog->has_prompt = dialog->searching = true;
}

static void search_event(struct dialog *dialog, const struct event *event)
{
	enum prompt_result result = dialog_type(dialog, event);

	if (result == PROMPT_CHANGED)
		pane_search(&dialog->text, dialog->prompt.text.p);
	if (result == PROMPT_LEFT)
		pane_search(&dialog->text, NULL);
	dialog->searching = result == PROMPT_CHANGED || result == PROMPT_GOES_ON;
}

static void read_key(struct dialog *dialog, uint32_t key)
{
	struct pane *pane = &dialog->text;

	if (key == '/')
		search_begin(dialog);
	else if (key == 'n' || key == 'N')
		pane_search_next(pane, key == 'N');
	else if (key == 'g' || key == UI_KEY_HOME)
		pane_to(pane, false);
	else if (key == 'G' || key == UI_KEY_END)
		pane_to(pane, true);
	else if (key == 'w')
		pane->wrap = !pane->wrap;
	else if (key == UI_KEY_LEFT || key == 'h')
		pane_sideways(pane, -8);
	else if (key == UI_KEY_RIGHT || key == 'l')
		pane_sideways(pane, 8);
}

static bool read_event(struct dialog *dialog, const struct event *event)
{
	if (dialog->searching && event->kind != EVENT_MOUSE) {
		search_event(dialog, event);
		return false;
	}
	if (scroll_event(&dialog->text, event, false) || event->kind != EVENT_KEY)
		return false;
	if (event->key == UI_KEY_ENTER || is_leave(event->key))
		return dialog_finish(dialog, event->key == UI_KEY_ENTER, NULL);
	read_key(dialog, event->key);
	return false;
}

/* Which line is the first, where there is room for it behind the hints. */
static void draw_position(struct area line, int x, const struct pane *pane, size_t lines)
{
	char text[64];
	int w = snprintf(text, sizeof text, " %zu of %zu ", pane->top + 1, lines);

	if (lines > (size_t)pane->height && x + w + 2 < line.w)
		area_text(line, 0, line.w - w - 1, ROLE_dim, text);
}

/* The keys, in the lower line of the frame. */
static void draw_hints(struct area line, const struct pane *pane, size_t lines)
{
	static const char *const hints[][2] = {{"/", "search"}, {"w", "wrap"}, {"esc", "close"}};
	int x = 1;

	for (size_t i = 0; i < sizeof hints / sizeof hints[0] && x + 14 < line.w; i++) {
		area_text(line, 0, x++, ROLE_border_focus, " ");
		x += area_text(line, 0, x, ROLE_key, hints[i][0]);
		area_text(line, 0, x++, ROLE_key_text, " ");
		x += area_text(line, 0, x, ROLE_key_text, hints[i][1]);
		area_text(line, 0, x, ROLE_border_focus, " ");
	}
	draw_position(line, x, pane, lines);
}

static void read_draw(struct dialog *dialog, struct area area)
{
	int h = area.h, w = area.w, room = dialog_room(area);
	size_t lines = pane_visible(&dialog->text);
	struct area inside;

	if (lines < MANY)
		pane_measure(&dialog->text, area.cells, room, &h, &w);
	inside = dialog_frame(dialog, area, h + dialog->searching, w > 44 ? w : 44);
	pane_draw(&dialog->text, area_part(inside, 0, 0, inside.h - dialog->searching, inside.w),
		  false);
	if (dialog->searching)
		prompt_draw(&dialog->prompt, area_part(inside, inside.h - 1, 0, 1, inside.w));
	if (frame_h(area) && frame_w(area))
		draw_hints((struct area){area.cells, inside.y + inside.h, inside.x - 1, 1,
					 inside.w + 2},
			   &dialog->text, lines);
}

struct dialog *dialog_text(const char *title, struct pane *pane_take, dialog_done *done, void *arg)
{
	static const struct dialog_kind kind = {read_event, read_draw};
	struct dialog *dialog = dialog_new(&kind, title, done, arg);

	dialog->text = *pane_take;
	pane_init(pane_take, pane_take->max_bytes);
	dialog->text.follow = false;
	return dialog;
}
