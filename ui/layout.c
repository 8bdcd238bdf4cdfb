/*
 * The picture: header, three lists side by side (or the tree), the detail with its tabs, the
 * notice, the key bar. Called once per turn at most, and only when something changed.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kata/json.h"
#include "ui/ui.h"

enum { WIDE = 160, HEADER = 1, BAR = 1 };

static const struct {
	const char *title, *view, *empty;
} places[] = {
	[PLACE_APPS] = {"Apps", "apps", "no apps yet"},
	[PLACE_SERVERS] = {"Caddy servers", "servers", "Caddy has no servers"},
	[PLACE_CONTAINERS] = {"Containers", "containers", "no containers"},
	[PLACE_TREE] = {"Apps, services, containers", "tree", "no apps yet"},
};

const char *ui_view(const struct ui *ui)
{
	return ui->place == PLACE_DETAIL ? ui->tabs[ui->tab].kind->view : places[ui->place].view;
}

/* --- header --- */

enum { PEERS_MAX = 16, ROOMY = 110 };

static const char *age_text(struct ui *ui, int64_t since)
{
	int64_t seconds = ui->screen->fake ? 0 : (loop_now_ms() - since) / 1000;

	if (seconds < 120)
		return arena_printf(ui->frame, "%ds", (int)seconds);
	return seconds < 7200 ? arena_printf(ui->frame, "%dm", (int)(seconds / 60))
			      : arena_printf(ui->frame, "%dh", (int)(seconds / 3600));
}

/* One server of the header: what it is, and why it is not there. */
struct peer {
	const char *name, *fact;
	enum role role;
	enum glyph glyph;
	bool cut; /* its text may be shortened */
};

static struct peer peer_of(struct ui *ui, const char *name, const struct live_peer *live,
			   const char *fact)
{
	struct peer peer = {name, fact, ROLE_good, GLYPH_ON, false};
	/* In front: it is short, and reasons are cut. */
	const char *age = live->good_ms ? arena_printf(ui->frame,
						       "seen %s ago: ", age_text(ui, live->good_ms))
					: "";

	if (live->known && !live->up) {
		peer = (struct peer){name, NULL, ROLE_bad, GLYPH_BAD, true};
		peer.fact = arena_printf(ui->frame, "%s%s", age, live->error.msg);
	} else if (live->slow) {
		peer = (struct peer){name, NULL, ROLE_busy, GLYPH_HALF, true};
		peer.fact = arena_printf(ui->frame, "%sno answer", age);
	} else if (!live->known) {
		peer = (struct peer){name, "", ROLE_busy, GLYPH_HALF, false};
	}
	return peer;
}

static const char *docker_fact(struct ui *ui)
{
	const json_t *docker = json_object_get(ui->facts.fact[FACT_STATUS].value, "docker");
	const char *version = json_member_text(docker, "version");
	bool swarm = json_is_true(json_object_get(docker, "swarm_manager"));

	if (!version)
		return "";
	/* Without what a distribution adds: 20.10.24+dfsg1. */
	return arena_printf(ui->frame, "%.*s%s", (int)strcspn(version, "+~-"), version,
			    swarm ? " swarm" : "");
}

static const char *caddy_fact(struct ui *ui, size_t i, bool roomy)
{
	const json_t *all = json_object_get(ui->facts.fact[FACT_STATUS].value, "caddy");
	const char *version = json_member_text(json_array_get(all, i), "version");

	version = version ? version : "";
	if (!roomy && live_caddy_count(ui->live) == 1)
		return version;
	return arena_printf(ui->frame, "%s%s%.40s", version, *version ? " " : "",
			    live_caddy(ui->live, i)->endpoint);
}

static size_t find_peers(struct ui *ui, struct peer *peers, bool roomy)
{
	size_t count = 0;

	for (size_t i = 0; i < live_caddy_count(ui->live) && count < PEERS_MAX - 1; i++)
		peers[count++] =
			peer_of(ui, "caddy", live_caddy(ui->live, i), caddy_fact(ui, i, roomy));
	peers[count++] = peer_of(ui, "docker", live_docker(ui->live), docker_fact(ui));
	return count;
}

/* Reasons share the room that is left. */
static void draw_peers(struct ui *ui, struct area area, int x)
{
	struct peer peers[PEERS_MAX];
	size_t count = find_peers(ui, peers, area.w >= ROOMY), cut = 0;
	int left = area.w - x, facts = 0;

	for (size_t i = 0; i < count; i++) {
		left -= (int)strlen(peers[i].name) + 5;
		if (!peers[i].cut)
			facts += text_columns(peers[i].fact, strlen(peers[i].fact));
		cut += peers[i].cut;
	}
	/* Half a version is a wrong one. */
	for (size_t i = 0; facts > left && i < count; i++)
		if (!peers[i].cut)
			peers[i].fact = "";
	left -= facts > left ? 0 : facts;
	for (size_t i = 0; i < count; i++) {
		const struct peer *peer = &peers[i];
		int width = text_columns(peer->fact, strlen(peer->fact));
		int room = cut && left > 0 ? left / (int)cut : 0;

		x += area_printf(area, 0, x, ROLE_header, "  %s ", peer->name);
		x += area_text(area, 0, x, peer->role, glyph(&ui->cells, peer->glyph)) + 1;
		if (peer->cut && width > room)
			width = room > 4 ? room : 4;
		area_field(area, 0, x, width, false, peer->cut ? peer->role : ROLE_header,
			   peer->fact);
		x += width;
	}
}

static int count_state(const struct ui *ui, const char *state)
{
	const json_t *rows = ui->lists[PLACE_APPS].rows;
	json_t *row;
	size_t i;
	int count = 0;

	json_array_foreach((json_t *)rows, i, row) {
		const char *is = json_member_text(row, "state");

		count += is && !strcmp(is, state);
	}
	return count;
}

/* "12 apps  2 drift  1 error", at the right; returns the columns that are left of it. */
static int draw_counts(struct ui *ui, struct area area)
{
	int drift = count_state(ui, "drift"), bad = count_state(ui, "bad"), x;
	int apps = (int)json_array_size(ui->lists[PLACE_APPS].rows);
	const char *text = arena_printf(ui->frame, " %d app%s  %d drift  %d error%s ", apps,
					apps == 1 ? "" : "s", drift, bad, bad == 1 ? "" : "s");

	x = area.w - text_columns(text, strlen(text));
	if (!ui->facts.fact[FACT_APPS].value || x < 0)
		return area.w;
	area = area_part(area, 0, x, 1, area.w - x);
	x = area_printf(area, 0, 0, ROLE_header, " %d app%s", apps, apps == 1 ? "" : "s");
	x += area_printf(area, 0, x, drift ? ROLE_drift : ROLE_header, "  %d drift", drift);
	area_printf(area, 0, x, bad ? ROLE_bad : ROLE_header, "  %d error%s ", bad,
		    bad == 1 ? "" : "s");
	return area.x;
}

static bool is_away(const struct live_peer *peer)
{
	return peer->slow || (peer->known && !peer->up);
}

static bool somebody_is_away(const struct ui *ui)
{
	bool away = is_away(live_docker(ui->live));

	for (size_t i = 0; i < live_caddy_count(ui->live) && !away; i++)
		away = is_away(live_caddy(ui->live, i));
	return away;
}

static void draw_header(struct ui *ui, struct area area)
{
	char host[64] = "";
	int x, end;

	area_fill(area, ROLE_header);
	/* Where there is not much room, why somebody is away comes first. */
	end = area.w < ROOMY && somebody_is_away(ui) ? area.w : draw_counts(ui, area);
	area = area_part(area, 0, 0, 1, end);
	x = area_text(area, 0, 0, ROLE_header_name, "kata-tui");
	if (!ui->screen->fake && gethostname(host, sizeof host - 1) == 0 && area.w >= ROOMY)
		x += area_printf(area, 0, x, ROLE_header, " %s", host);
	if (ui->read_only)
		x += area_text(area, 0, x, ROLE_drift, " read-only");
	draw_peers(ui, area, x);
}

/* --- lists --- */

static const char *list_empty(const struct ui *ui, enum ui_place place)
{
	static const enum fact_kind source[] = {[PLACE_APPS] = FACT_APPS,
						[PLACE_SERVERS] = FACT_STATUS,
						[PLACE_CONTAINERS] = FACT_PS,
						[PLACE_TREE] = FACT_APPS};
	const struct fact *fact = &ui->facts.fact[source[place]];

	if (ui->lists[place].filter)
		return "nothing fits the filter";
	if (!fact->value && place == PLACE_CONTAINERS && !live_docker(ui->live)->up &&
	    live_docker(ui->live)->known)
		return "not known: Docker does not answer";
	if (!fact->value)
		return fact->failed ? fact->error.msg : "reading ...";
	return places[place].empty;
}

static void draw_list(struct ui *ui, enum ui_place place, struct area area)
{
	struct list *list = &ui->lists[place];
	bool focus = ui->place == place;
	struct str title = STR_INIT;
	struct area inside;

	str_addf(&title, "%s", places[place].title);
	if (list->filter)
		str_addf(&title, " /%s", list->filter);
	if (json_object_size(list->marks))
		str_addf(&title, " (%zu marked)", json_object_size(list->marks));
	area_box(area, focus ? ROLE_border_focus : ROLE_border,
		 focus ? ROLE_title_focus : ROLE_title, title.p);
	str_release(&title);
	inside = area_inside(area);
	ui->seen[place].area = inside;
	list_draw(list, inside, focus, list_empty(ui, place));
}

/* Whether CPU or memory have room. */
static bool shows_numbers(const struct ui *ui, const struct list *list)
{
	for (size_t i = 0; i < list->column_count && !ui->zoomed; i++)
		if (!list->lost[i] && (!strcmp(list->columns[i].name, "cpu") ||
				       !strcmp(list->columns[i].name, "memory")))
			return true;
	return false;
}

/* The numbers of those containers are asked for that can be seen. */
static void want_stats(struct ui *ui)
{
	const struct list *list = &ui->lists[ui->tree ? PLACE_TREE : PLACE_CONTAINERS];
	json_t *ids = json_array();

	for (size_t i = list->top; i < list->shown_count && i < list->top + (size_t)list->height;
	     i++) {
		const json_t *row = json_array_get(list->rows, list->shown[i]);
		const char *own = json_member_text(row, "container");
		const char *id = own ? own : json_member_text(row, "id");
		const char *word = json_member_text(row, "word");

		if (id && word && !strcmp(word, "running"))
			json_array_append_new(ids, json_string(id));
	}
	live_pause_stats(ui->live, !shows_numbers(ui, list));
	if (!ui->wanted || !json_equal(ids, ui->wanted))
		live_want_stats(ui->live, ids);
	json_decref(ui->wanted);
	ui->wanted = ids;
}

static void draw_lists(struct ui *ui, struct area area)
{
	static const int shares[] = {
		[PLACE_APPS] = 32, [PLACE_SERVERS] = 34, [PLACE_CONTAINERS] = 34};
	int x = 0;

	if (ui->tree) {
		draw_list(ui, PLACE_TREE, area);
		return;
	}
	for (int i = 0; i < PLACE_TREE; i++) {
		int w = i == PLACE_CONTAINERS ? area.w - x : area.w * shares[i] / 100;

		draw_list(ui, (enum ui_place)i, area_part(area, 0, x, area.h, w));
		x += w;
	}
}

/* --- detail --- */

enum { SIZES = 3, ABOUT_WIDTH = 14 };

/* From long to short; of the first size they are in the table of tabs. */
static const char *const short_titles[SIZES][TAB_COUNT] = {
	{NULL},
	{"Diff", "JSON", "Stack", "Docker", "Logs", "Env", "Act", "Evt", "Sys"},
	{"Diff", "JSON", "Stk", "Dkr", "Log", "Env", "Act", "Evt", "Sys"},
};

static const char *tab_title(int size, int tab)
{
	return size ? short_titles[size][tab] : tab_table[tab].title;
}

/* The longest titles that leave room for what the tab is about. */
static int titles_fit(int width)
{
	for (int size = 0; size < SIZES; size++) {
		int sum = 0;

		for (int i = 0; i < TAB_COUNT; i++)
			sum += (int)strlen(tab_title(size, i)) + 3;
		if (sum + ABOUT_WIDTH <= width)
			return size;
	}
	return SIZES - 1;
}

static void draw_tabs(struct ui *ui, struct area area)
{
	int size = titles_fit(area.w), x = 1;

	ui->tab_row = area.y;
	for (int i = 0; i < TAB_COUNT; i++) {
		const char *title = tab_title(size, i);
		enum role role = (int)ui->tab == i ? ROLE_tab_open : ROLE_tab;
		int from = x;

		x += area_text(area, 0, x, role, " ");
		x += area_text(area, 0, x, role, title);
		x += area_text(area, 0, x, role, " ");
		ui->tab_at[i].x = area.x + from;
		ui->tab_at[i].w = x - from;
		if (i < TAB_COUNT - 1)
			x += area_text(area, 0, x, ROLE_border, ui->cells.ascii ? "|" : "│");
	}
}

/* What the detail is about, at the right end of the tabs. */
static void draw_about(struct ui *ui, struct area area)
{
	const struct tab *tab = &ui->tabs[ui->tab];
	const char *server = ui->subject.server ? strrchr(ui->subject.server, '/') : NULL;
	int room =
		area.w - 1 - (ui->tab_at[TAB_COUNT - 1].x + ui->tab_at[TAB_COUNT - 1].w - area.x);
	struct str text = STR_INIT;
	int width;

	if (tab->kind->per_app && (ui->subject.app || server))
		str_addf(&text, " %s", ui->subject.app ? ui->subject.app : server + 1);
	if (ui->tab == TAB_LOGS && ui->subject.service)
		str_addf(&text, "/%s", ui->subject.service);
	if (tab->loading)
		str_add(&text, " reading");
	if (tab->pane.hidden)
		str_addf(&text, " &%s: %llu hidden", tab->pane.filter ? tab->pane.filter : "",
			 (unsigned long long)tab->pane.hidden);
	if (tab->left_out)
		str_addf(&text, " %llu not shown", (unsigned long long)tab->left_out);
	if (tab->pane.lost)
		str_addf(&text, " %llu gone", (unsigned long long)tab->pane.lost);
	str_add(&text, text.len ? " " : "");
	width = text_columns(text.p, text.len);
	width = width < room ? width : room;
	if (width > 2)
		area_field(area, 0, area.w - 1 - width, width, false, ROLE_title, text.p);
	str_release(&text);
}

static const char *detail_empty(const struct ui *ui, const struct tab *tab)
{
	if (ui->tab == TAB_LOGS && is_away(live_docker(ui->live)))
		return "not known: Docker does not answer";
	return tab->loading ? "reading ..." : tab->empty;
}

static void draw_detail(struct ui *ui, struct area area)
{
	bool focus = ui->place == PLACE_DETAIL;
	struct tab *tab = &ui->tabs[ui->tab];
	struct area inside = area_inside(area);

	area_box(area, focus ? ROLE_border_focus : ROLE_border, ROLE_title, NULL);
	draw_tabs(ui, area);
	draw_about(ui, area);
	ui->seen[PLACE_DETAIL].area = inside;
	tab->pane.empty = detail_empty(ui, tab);
	pane_draw(&tab->pane, inside, focus);
}

/* --- key bar --- */

/* Actions whose keys are worth a place, most wanted first. */
static const char *const bar_lists[] = {"open", "apply",  "deploy",  "mode", "restart", "stop",
					"logs", "filter", "palette", "help", "quit",	NULL};
static const char *const bar_detail[] = {"back", "search", "search-next", "copy",
					 "wrap", "fold",   "tab-next",	  "palette",
					 "help", "quit",   NULL};
static const char *const bar_logs[] = {
	"back", "search", "filter-lines", "follow", "timestamps", "wrap", "previous-instance",
	"save", "help",	  "quit",	  NULL};
static const char *const bar_activity[] = {"back", "cancel", "search", "copy",
					   "help", "quit",   NULL};

static const char *const *bar_of(const struct ui *ui)
{
	if (ui->place != PLACE_DETAIL)
		return bar_lists;
	return ui->tab == TAB_LOGS ? bar_logs : ui->tab == TAB_ACTIVITY ? bar_activity : bar_detail;
}

/* Whether it would do something now. */
static bool is_useful(const struct ui *ui, const struct action *action)
{
	return action && !(ui->read_only && action->flags & ACTION_CHANGES) &&
	       (ui->subject.app || !(action->flags & ACTION_APPS));
}

/* At the right: errors that nobody has looked at yet. Returns the columns that are left of it. */
static int draw_unseen(struct ui *ui, struct area area)
{
	const struct binding *binding = keymap_of(&ui->keys, ui_view(ui), "errors");
	const char *text;
	char label[32];
	int x;

	if (!ui->seen_errors || !binding)
		return area.w;
	key_label(binding->key, ui->cells.ascii, label, sizeof label);
	text = arena_printf(ui->frame, "%s %u error%s", label, ui->seen_errors,
			    ui->seen_errors == 1 ? "" : "s");
	x = area.w - text_columns(text, strlen(text)) - 1;
	area_text(area, 0, x, ROLE_bad, text);
	return x;
}

/* Where the last word of the name does not say it. */
static const char *bar_word(const char *action)
{
	static const struct {
		const char *action, *word;
	} words[] = {
		{"filter-lines", "filter"},
		{"previous-instance", "previous"},
		{"tab-next", "tab"},
		{"timestamps", "times"},
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(words[i].action, action))
			return words[i].word;
	return strchr(action, '-') ? strrchr(action, '-') + 1 : action;
}

static void draw_bar(struct ui *ui, struct area area)
{
	enum { HELP_WIDTH = 8 };
	const char *const *bar = bar_of(ui);
	int x = 0;

	area.w = draw_unseen(ui, area);
	for (size_t i = 0; bar[i]; i++) {
		const struct binding *binding = keymap_of(&ui->keys, ui_view(ui), bar[i]);
		const char *word = bar_word(bar[i]);
		int width, kept = strcmp(bar[i], "help") != 0 ? HELP_WIDTH : 0;
		char label[32];

		if (!binding || !is_useful(ui, action_find(bar[i])))
			continue;
		key_label(binding->key, ui->cells.ascii, label, sizeof label);
		width = text_columns(label, strlen(label)) + (int)strlen(word) + 1;
		/* How to see all of them comes before any of them; after it, what fits. */
		if (x + width + (strcmp(bar[i], "quit") != 0 ? kept : 0) > area.w)
			continue;
		x += area_text(area, 0, x, ROLE_key, label) + 1;
		x += area_text(area, 0, x, ROLE_key_text, word) + 2;
	}
}

/* The last row: what is typed, what was said, or the keys. */
static void draw_last(struct ui *ui, struct area area)
{
	struct area row = area_part(area, area.h - 1, 0, 1, area.w);

	if (ui->input)
		prompt_draw(&ui->prompt, area_part(area, area.h > 12 ? area.h - 12 : 0, 0,
						   area.h > 12 ? 12 : area.h, area.w));
	else if (ui->notice)
		area_field(row, 0, 0, row.w, false, ui->notice_role, ui->notice);
	else
		draw_bar(ui, row);
}

/* --- all of it --- */

bool ui_is_small(const struct ui *ui)
{
	return ui->cells.w < MIN_WIDTH || ui->cells.h < MIN_HEIGHT;
}

/* What has the keys is drawn all the same: nobody is to answer what cannot be seen. */
static void draw_small(struct ui *ui, struct area area)
{
	area_printf(area, area.h / 2, 0, ROLE_drift, "too small: %dx%d, needs %dx%d", area.w,
		    area.h, MIN_WIDTH, MIN_HEIGHT);
	if (area.h > 2)
		area_text(area, area.h / 2 + 1, 0, ROLE_dim, "q quits");
	if (ui->dialog)
		dialog_draw(ui->dialog, area);
	else if (ui->input)
		draw_last(ui, area);
}

/* How many rows the lists get. */
static int list_rows(const struct ui *ui, int height)
{
	if (ui->zoomed)
		return 0;
	return height <= 24 ? height / 2 - 1 : height * 2 / 5;
}

void ui_draw(struct ui *ui)
{
	struct area all = cells_area(&ui->cells);
	int middle = all.h - HEADER - BAR, lists = list_rows(ui, all.h);

	arena_free(ui->frame);
	ui->frame = arena_new();
	cells_clear(&ui->cells);
	for (int i = 0; i <= PLACE_DETAIL; i++)
		ui->seen[i].area.h = 0;
	ui->tab_row = -1;
	if (ui_is_small(ui)) {
		draw_small(ui, all);
		return;
	}
	draw_header(ui, area_part(all, 0, 0, HEADER, all.w));
	if (lists)
		draw_lists(ui, area_part(all, HEADER, 0, lists, all.w));
	want_stats(ui);
	draw_detail(ui, area_part(all, HEADER + lists, 0, middle - lists, all.w));
	draw_last(ui, all);
	if (ui->dialog)
		dialog_draw(ui->dialog, area_part(all, HEADER, 0, middle, all.w));
}
