/*
 * System: the host's load, memory and disk, and what `status` says of Caddy and Docker; each part
 * stands for itself when another is down.
 */
#include <string.h>

#include "kata/json.h"
#include "ui/tabs.h"

enum { BAR = 30 };

static double number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

__attribute__((format(printf, 3, 4))) static struct line *add(struct pane *pane, enum role role,
							      const char *fmt, ...)
{
	struct str text = STR_INIT;
	struct line *line;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	line = pane_add(pane, role, text.p, text.len);
	str_release(&text);
	return line;
}

/* "memory  [||||||        ]  3.1 of 7.8 GiB" */
static void add_meter(struct pane *pane, const char *name, double part, const char *text)
{
	struct line *line = add(pane, ROLE_text, "%-8s [", name);
	enum role role = part > .9 ? ROLE_bad : part > .75 ? ROLE_drift : ROLE_good;
	int filled = part < 0 ? 0 : part > 1 ? BAR : (int)(part * BAR + .5);

	for (int i = 0; i < BAR; i++)
		pane_append(pane, line, i < filled ? role : ROLE_dim, i < filled ? "|" : ".", 1);
	pane_append(pane, line, ROLE_text, "]  ", 3);
	pane_append(pane, line, ROLE_text, text, strlen(text));
}

static void add_host(struct ui *ui, struct pane *pane)
{
	const json_t *host = live_host(ui->live), *load = json_object_get(host, "load");
	double memory = number(host, "memory"), memory_total = number(host, "memory_total");
	double disk = number(host, "disk"), disk_total = number(host, "disk_total");
	const double gib = 1 << 30;

	add(pane, ROLE_title, "Host");
	add_meter(pane, "cpu", number(host, "cpu") / 100,
		  arena_printf(ui->frame, "%.0f %%   load %.2f %.2f %.2f", number(host, "cpu"),
			       json_number_value(json_array_get(load, 0)),
			       json_number_value(json_array_get(load, 1)),
			       json_number_value(json_array_get(load, 2))));
	add_meter(pane, "memory", memory_total > 0 ? memory / memory_total : 0,
		  arena_printf(ui->frame, "%.1f of %.1f GiB", memory / gib, memory_total / gib));
	add_meter(pane, "disk", disk_total > 0 ? disk / disk_total : 0,
		  arena_printf(ui->frame, "%.1f of %.1f GiB", disk / gib, disk_total / gib));
}

/* Members that are texts, numbers or truth values, in this order. Whether it can be reached is what
 * the error says. */
static const struct {
	const char *name, *label, *before;
} members[] = {
	{"endpoint", "address", ""},
	{"version", "version", ""},
	{"api", "API", "1."},
	{"resume", "--resume", ""},
	{"containers", "containers", ""},
	{"running", "running", ""},
	{"swarm_manager", "Swarm manager", ""},
	{"services", "services", ""},
};

static void add_members(struct pane *pane, const json_t *object)
{
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		const json_t *value = json_object_get(object, members[i].name);
		struct line *line;
		struct str text = STR_INIT;

		if (json_is_string(value))
			str_addn(&text, json_string_value(value), json_string_length(value));
		else if (json_is_integer(value))
			str_addf(&text, "%s%lld", members[i].before,
				 (long long)json_integer_value(value));
		else if (json_is_boolean(value))
			str_add(&text, json_is_true(value) ? "yes" : "no");
		if (text.len) {
			line = add(pane, ROLE_json_key, "%-14s ", members[i].label);
			pane_append(pane, line, ROLE_text, text.p, text.len);
		}
		str_release(&text);
	}
}

static void add_error(struct pane *pane, const json_t *object)
{
	const json_t *error = json_object_get(object, "error");
	const char *message = json_member_text(error, "message");
	const char *hint = json_member_text(error, "hint");

	if (message)
		add(pane, ROLE_bad, "%s", message);
	if (hint)
		add(pane, ROLE_dim, "%s", hint);
}

static void add_notes(struct pane *pane, const json_t *object)
{
	json_t *note;
	size_t i;

	json_array_foreach(json_object_get(object, "notes"), i, note) {
		const char *text = json_is_string(note) ? json_string_value(note)
							: json_member_text(note, "message");

		if (text)
			add(pane, ROLE_drift, "%s", text);
	}
}

void system_load(struct ui *ui, struct tab *tab)
{
	const struct fact *fact = &ui->facts.fact[FACT_STATUS];
	const json_t *caddy = json_object_get(fact->value, "caddy");
	size_t top = tab->pane.top, cursor = tab->pane.cursor;
	json_t *member;
	size_t i;

	pane_clear(&tab->pane);
	if (live_host(ui->live))
		add_host(ui, &tab->pane);
	json_array_foreach((json_t *)caddy, i, member) {
		add(&tab->pane, ROLE_title, "Caddy");
		add_members(&tab->pane, member);
		add_error(&tab->pane, member);
		add_notes(&tab->pane, member);
	}
	if (fact->value) {
		add(&tab->pane, ROLE_title, "Docker");
		add_members(&tab->pane, json_object_get(fact->value, "docker"));
		add_error(&tab->pane, json_object_get(fact->value, "docker"));
	} else {
		add(&tab->pane, fact->failed ? ROLE_bad : ROLE_dim, "%s",
		    fact->failed ? fact->error.msg : "reading ...");
	}
	if (tab->loaded && top < pane_count(&tab->pane)) {
		tab->pane.top = top;
		tab->pane.cursor = cursor < pane_count(&tab->pane) ? cursor : 0;
	}
	tab->loaded = true;
	ui_dirty(ui);
}
