/*
 * What can be read over the screen: the keys, made from their table, and the errors so far.
 */
#include <string.h>
#include <time.h>

#include "kata/json.h"
#include "ui/ui.h"

enum { HELP_BYTES = 1 << 20, KEY_WIDTH = 17 };

static void closed(void *arg, bool ok, const char *text)
{
	(void)ok;
	(void)text;
	ui_dirty(arg);
}

static const char *help_of(const struct binding *binding)
{
	const struct action *action = action_find(binding->action);

	if (binding->help && *binding->help)
		return binding->help;
	return action ? action->help : "";
}

static bool same_line(const struct binding *a, const struct binding *b)
{
	return !strcmp(a->view, b->view) && !strcmp(a->action, b->action) && a->user == b->user;
}

/* All keys of an action, at its first one. */
static void add_names(const struct ui *ui, size_t first, struct str *out)
{
	for (size_t i = first; i < ui->keys.count; i++) {
		const struct binding *binding = &ui->keys.bindings[i];
		char name[32];

		if (!same_line(binding, &ui->keys.bindings[first]))
			continue;
		key_name(binding->key, name, sizeof name);
		/* Only a file of keys needs another name for it. */
		str_addf(out, "%s%s", out->len ? " " : "", binding->key == '#' ? "#" : name);
	}
}

static void add_binding(const struct ui *ui, struct pane *pane, size_t first)
{
	const struct binding *binding = &ui->keys.bindings[first];
	const struct action *action = action_find(binding->action);
	const char *help = help_of(binding);
	struct str names = STR_INIT;
	struct line *line;

	add_names(ui, first, &names);
	line = pane_add(pane, ROLE_key, "  ", 2);
	pane_append(pane, line, ROLE_key, names.p, names.len);
	for (size_t i = names.len; i < KEY_WIDTH || i == names.len; i++)
		pane_append(pane, line, ROLE_text, " ", 1);
	pane_append(pane, line, ROLE_text, help, strlen(help));
	if (action && ui->read_only && action->flags & ACTION_CHANGES)
		pane_append(pane, line, ROLE_drift, "  (not with --read-only)", 24);
	if (binding->user)
		pane_append(pane, line, ROLE_dim, "  (yours)", 9);
	str_release(&names);
}

static bool is_first(const struct ui *ui, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (same_line(&ui->keys.bindings[i], &ui->keys.bindings[at]))
			return false;
	return true;
}

static void add_view(const struct ui *ui, struct pane *pane, const char *view, const char *title)
{
	bool any = false;

	for (size_t i = 0; i < ui->keys.count; i++) {
		const struct binding *binding = &ui->keys.bindings[i];

		if (strcmp(binding->view, view) != 0 || !strcmp(binding->action, "none") ||
		    !is_first(ui, i))
			continue;
		if (!any)
			pane_add(pane, ROLE_title, title, strlen(title));
		any = true;
		add_binding(ui, pane, i);
	}
	if (any)
		pane_add(pane, ROLE_text, "", 0);
}

void ui_help(struct ui *ui)
{
	const char *view = ui_view(ui);
	struct pane pane;

	pane_init(&pane, HELP_BYTES);
	add_view(ui, &pane, view, arena_printf(ui->frame, "Here (%s)", view));
	add_view(ui, &pane, "any", "Everywhere");
	ui->dialog = dialog_text("Keys", &pane, closed, ui);
}

void ui_errors(struct ui *ui)
{
	struct pane pane;
	json_t *error;
	size_t i;

	pane_init(&pane, HELP_BYTES);
	if (!json_array_size(ui->errors))
		pane_add_text(&pane, ROLE_dim, "nothing went wrong so far");
	json_array_foreach(ui->errors, i, error) {
		time_t when = (time_t)json_integer_value(json_object_get(error, "time"));
		const char *text = json_member_text(error, "text");
		struct line *line;
		struct tm tm;
		char clock[32] = "";

		if (localtime_r(&when, &tm))
			strftime(clock, sizeof clock, "%H:%M:%S  ", &tm);
		line = pane_add(&pane, ROLE_comment, clock, strlen(clock));
		if (text)
			pane_append(&pane, line, ROLE_bad, text, strlen(text));
	}
	pane.wrap = true;
	ui->seen_errors = 0;
	ui->dialog = dialog_text("Errors", &pane, closed, ui);
}
