/*
 * What can be read over the screen: the keys, made from their table, and the errors so far.
 */
#include <string.h>
#include <time.h>

#include "kata/json.h"
#include "ui/ui.h"

enum { HELP_BYTES = 1 << 20, KEY_WIDTH = 14 };

static void closed(void *arg, bool ok, const char *text)
{
	(void)ok;
	(void)text;
	ui_dirty(arg);
}

static void add_binding(const struct ui *ui, struct pane *pane, const struct binding *binding)
{
	const struct action *action = action_find(binding->action);
	const char *help = binding->help && *binding->help ? binding->help
			   : action			   ? action->help
							   : "";
	struct line *line;
	char name[32];

	key_name(binding->key, name, sizeof name);
	line = pane_add(pane, ROLE_key, "  ", 2);
	pane_append(pane, line, ROLE_key, name, strlen(name));
	for (size_t i = strlen(name); i < KEY_WIDTH; i++)
		pane_append(pane, line, ROLE_text, " ", 1);
	pane_append(pane, line, ROLE_text, help, strlen(help));
	if (action && ui->read_only && action->flags & ACTION_CHANGES)
		pane_append(pane, line, ROLE_drift, "  (not with --read-only)", 24);
	if (binding->user)
		pane_append(pane, line, ROLE_dim, "  (yours)", 9);
}

static void add_view(const struct ui *ui, struct pane *pane, const char *view, const char *title)
{
	bool any = false;

	for (size_t i = 0; i < ui->keys.count; i++) {
		const struct binding *binding = &ui->keys.bindings[i];

		if (strcmp(binding->view, view) != 0 || !strcmp(binding->action, "none"))
			continue;
		if (!any)
			pane_add(pane, ROLE_title, title, strlen(title));
		any = true;
		add_binding(ui, pane, binding);
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
	pane.empty = "nothing went wrong so far";
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
