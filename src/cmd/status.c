/*
 * status: each Caddy with its servers, and what on this host or in this version makes it worse.
 */
#include "cmd.h"

#include <fcntl.h>
#include <string.h>

#include "kata/file.h"
#include "kata/json.h"
#include "kata/text.h"

/* What is found out about one Caddy. */
struct facts {
	size_t servers, ours, foreign;
	bool resume_known, resume;
	const char *migrate; /* net.ipv4.tcp_migrate_req, or NULL */
	json_t *upstreams;   /* array, or NULL */
	struct texts notes;
};

static void note(struct cmd *cmd, struct facts *facts, const char *text)
{
	struct texts *t = &facts->notes;

	t->items = arena_grow(cmd->arena, t->items, t->count, &t->cap, sizeof *t->items);
	t->items[t->count++] = text;
}

static json_t *get_json_new(struct cmd *cmd, const struct member *member, const char *path)
{
	struct http_response response;
	struct kata_error e;
	json_t *value = NULL;

	http_response_init(&response);
	if (caddy_get(cmd->world->http, &member->endpoint, path, &response, &e) &&
	    response.status == 200)
		value = json_parse_new(response.body.p, response.body.len, &e);
	http_response_release(&response);
	return value;
}

/* Started with --resume, Caddy restores what was applied; otherwise a restart loses it. */
static void find_resume(struct cmd *cmd, const struct member *member, struct facts *facts)
{
	json_t *vars = get_json_new(cmd, member, "/debug/vars"), *word;
	json_t *line = json_object_member(vars, "cmdline", JSON_ARRAY);
	size_t i;

	facts->resume_known = line != NULL;
	json_array_foreach(line, i, word)
		if (json_is_string(word) && (!strcmp(json_string_value(word), "--resume") ||
					     !strcmp(json_string_value(word), "-resume")))
			facts->resume = true;
	json_decref(vars);
	if (facts->resume_known && !facts->resume)
		note(cmd, facts,
		     "Caddy runs without --resume: a restart loses all routes until the next "
		     "--apply "
		     "(run caddy-api.service, or apply from cron)");
}

static void find_migrate(struct cmd *cmd, const struct member *member, struct facts *facts)
{
	struct str text = STR_INIT;
	struct kata_error e;

	if (member->live.same_network &&
	    file_read(AT_FDCWD, "/proc/sys/net/ipv4/tcp_migrate_req", 16, &text, &e)) {
		facts->migrate = arena_strndup(cmd->arena, text.p, strcspn(text.p, "\n"));
		if (!strcmp(facts->migrate, "0"))
			note(cmd, facts,
			     "net.ipv4.tcp_migrate_req is 0: connections queued while Caddy "
			     "reloads are "
			     "reset (`sysctl net.ipv4.tcp_migrate_req=1` keeps them)");
	}
	str_release(&text);
}

static void gather(struct cmd *cmd, const struct member *member, struct facts *facts)
{
	const char *prefix = arena_printf(cmd->arena, "kata:%s:", cmd->world->owner);
	const char *key, *poison;
	json_t *server;

	*facts = (struct facts){.servers = json_object_size(member->live.servers)};
	json_object_foreach(member->live.servers, key, server) {
		const char *id = json_member_text(server, "@id");

		if (id && !strncmp(id, prefix, strlen(prefix)))
			facts->ours++;
	}
	facts->foreign = facts->servers - facts->ours;
	facts->upstreams = get_json_new(cmd, member, "/reverse_proxy/upstreams");
	find_resume(cmd, member, facts);
	find_migrate(cmd, member, facts);
	if (member->live.old)
		note(cmd, facts,
		     "this Caddy is older than 2.8: when a listener cannot be opened it leaves "
		     "others "
		     "behind until it restarts, and a reload closes idle connections");
	poison = plan_poison(cmd->arena, member->live.servers);
	if (poison)
		note(cmd, facts,
		     arena_printf(cmd->arena, "its config cannot be loaded again: %s", poison));
}

static const char *version_of(const struct member *member)
{
	if (member->live.old)
		return "2.6 or 2.7";
	return member->live.hash == CADDY_HASH_XXH64 ? "2.8 or newer" : "unknown";
}

static json_t *server_json_new(struct cmd *cmd, const char *key, const json_t *server)
{
	const char *id = json_member_text(server, "@id");
	json_t *listen = json_object_get(server, "listen"), *hosts = json_array(), *apps, *app;
	struct app_view view;
	bool ours;

	plan_block_view(cmd->arena, server, &view);
	for (size_t i = 0; i < view.host_count; i++)
		json_array_append_new(hosts, json_string_nocheck(view.hosts[i]));
	apps = plan_server_apps_new(server, cmd->world->owner, &ours);
	app = ours ? json_array_get(apps, 0) : NULL;
	return json_pack("{s:s,s:s?,s:O?,s:o,s:O?,s:o,s:o,s:I}", "name", key, "id",
			 id ? text_safe_copy(cmd->arena, id) : NULL, "app", app, "apps", apps,
			 "listen", listen, "hosts", hosts, "upstreams", plan_dials_new(server),
			 "routes", (json_int_t)json_array_size(json_object_get(server, "routes")));
}

static json_t *servers_json_new(struct cmd *cmd, const struct member *member)
{
	json_t *out = json_array(), *server;
	const char *key;

	json_object_foreach(member->live.servers, key, server)
		json_array_append_new(out, server_json_new(cmd, key, server));
	return out;
}

static json_t *status_json_new(struct cmd *cmd, const struct member *member)
{
	json_t *notes = json_array(), *out = json_object();
	struct facts facts;

	json_object_set_new(out, "endpoint", json_string_nocheck(member->endpoint.text));
	json_object_set_new(out, "reachable", json_boolean(member->live.good));
	if (!member->live.good) {
		json_object_set_new(out, "error", error_json_new(cmd, &member->live.error));
		json_decref(notes);
		return out;
	}
	gather(cmd, member, &facts);
	for (size_t i = 0; i < facts.notes.count; i++)
		json_array_append_new(notes, json_string_nocheck(facts.notes.items[i]));
	json_object_set_new(out, "error", json_null());
	json_object_set_new(out, "version", json_string(version_of(member)));
	json_object_set_new(out, "resume",
			    facts.resume_known ? json_boolean(facts.resume) : json_null());
	json_object_set_new(out, "tcp_migrate_req",
			    facts.migrate ? json_string(facts.migrate) : json_null());
	json_object_set_new(out, "servers", servers_json_new(cmd, member));
	json_object_set_new(out, "upstreams", facts.upstreams ? facts.upstreams : json_array());
	json_object_set_new(out, "notes", notes);
	return out;
}

static void print_servers(struct cmd *cmd, const struct member *member)
{
	const char *key;
	json_t *server, *item;
	size_t i;

	json_object_foreach(member->live.servers, key, server) {
		const char *id = json_member_text(server, "@id");
		struct str listen = STR_INIT;

		json_array_foreach(json_object_get(server, "listen"), i, item)
			str_addf(&listen, "%s%s", i ? "," : "",
				 json_is_string(item) ? json_string_value(item) : "?");
		say_line(cmd, id && !strncmp(id, "kata:", 5) ? STYLE_PLAIN : STYLE_DIM,
			 "  %-20s %-24s %4zu route%s  %s", key, listen.p,
			 json_array_size(json_object_get(server, "routes")),
			 json_array_size(json_object_get(server, "routes")) == 1 ? " " : "s",
			 id ? id : "(foreign)");
		str_release(&listen);
	}
}

static void print_status(struct cmd *cmd, const struct member *member)
{
	json_t *upstream;
	struct facts facts;
	size_t i;

	if (!member->live.good) {
		say_line(cmd, STYLE_ERROR, "caddy %s: unreachable", member->endpoint.text);
		return;
	}
	gather(cmd, member, &facts);
	say_line(cmd, STYLE_GOOD, "caddy %s: version %s, %zu server%s (%zu ours, %zu foreign)",
		 member->endpoint.text, version_of(member), facts.servers,
		 facts.servers == 1 ? "" : "s", facts.ours, facts.foreign);
	print_servers(cmd, member);
	json_array_foreach(facts.upstreams, i, upstream) {
		const char *address = json_member_text(upstream, "address");

		say_line(cmd, STYLE_PLAIN, "  upstream %-20s %lld in flight, %lld failed",
			 address ? address : "?",
			 (long long)json_integer_value(json_object_get(upstream, "num_requests")),
			 (long long)json_integer_value(json_object_get(upstream, "fails")));
	}
	for (i = 0; i < facts.notes.count; i++)
		say_line(cmd, STYLE_CHANGE, "  note: %s", facts.notes.items[i]);
	json_decref(facts.upstreams);
}

static void count_apps(struct cmd *cmd, size_t *by_status)
{
	for (size_t i = 0; i < cmd->world->member_count; i++) {
		const struct plan_caddy *plan = cmd->world->members[i].plan;

		for (size_t j = 0; plan && j < plan->app_count; j++)
			by_status[plan->apps[j].status]++;
	}
}

void run_status(struct cmd *cmd)
{
	size_t counts[APP_STATUS_REFUSED + 1] = {0};
	struct engine_options options;
	json_t *members = json_array(), *apps = json_object();

	engine_options_from(cmd, &options);
	world_observe(cmd->world,
		      OBSERVE_APPS | OBSERVE_CADDY | OBSERVE_DOCKER_ALWAYS | OBSERVE_BRIEF);
	world_plan(cmd->world, &options);
	count_apps(cmd, counts);
	for (size_t i = 0; i < cmd->world->member_count; i++) {
		const struct member *member = &cmd->world->members[i];

		if (cmd->options.json)
			json_array_append_new(members, status_json_new(cmd, member));
		else
			print_status(cmd, member);
		if (member->live.good)
			continue;
		say_error(cmd, &member->live.error);
		cmd_fail(cmd, EXIT_TROUBLE);
	}
	if (!cmd->options.json)
		print_docker_status(cmd);
	for (int s = 0; s <= APP_STATUS_REFUSED; s++) {
		json_object_set_new(apps, app_status_name((enum app_status)s),
				    json_integer((json_int_t)counts[s]));
		if (!cmd->options.json && counts[s])
			say_line(cmd, STYLE_PLAIN, "apps %s: %zu",
				 app_status_name((enum app_status)s), counts[s]);
	}
	if (cmd->options.json)
		say_json_take(cmd, json_pack("{s:s,s:s,s:O,s:o,s:O}", "root", cmd->world->root,
					     "owner", cmd->world->owner, "caddy", members, "docker",
					     docker_status_new(cmd), "apps", apps));
	json_decref(members);
	json_decref(apps);
	if (!cmd->world->listed) {
		say_error(cmd, &cmd->world->list_error);
		cmd_fail(cmd, EXIT_USAGE);
	}
}
