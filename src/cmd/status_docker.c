/*
 * status: the Docker engine, what runs there, and projects of ours that no app stands behind.
 */
#include "cmd.h"

#include <string.h>

#include "kata/container.h"
#include "kata/json.h"
#include "kata/text.h"

/* What status says about the engine. */
struct engine_facts {
	const char *version;
	size_t containers, running, services;
	struct texts left; /* projects in our app/ whose folder is gone */
};

/* Nobody said where Docker is, and no app needs it. */
static bool is_not_needed(const struct cmd *cmd)
{
	const struct world *world = cmd->world;

	if (world->docker.named_by || world->live.error.code != ERROR_UNAVAILABLE)
		return false;
	for (size_t i = 0; i < world->app_count; i++)
		if (world->models[i].compose.service_count || world->models[i].deployed)
			return false;
	return true;
}

static void add_left(struct cmd *cmd, struct engine_facts *facts, const char *project,
		     const char *folder)
{
	const char *ours = arena_printf(cmd->arena, "%s/app/%s", cmd->world->root, project);

	if (strcmp(ours, folder) != 0 || world_app(cmd->world, project))
		return;
	for (size_t i = 0; i < facts->left.count; i++)
		if (!strcmp(facts->left.items[i], project))
			return;
	texts_add(cmd->arena, &facts->left, project);
}

static void gather(struct cmd *cmd, struct engine_facts *facts)
{
	struct world *world = cmd->world;
	json_t *version = NULL, *item;
	struct kata_error e;
	const char *text;
	size_t i;

	*facts = (struct engine_facts){.version = "?",
				       .services = json_array_size(world->live.services)};
	if (*world->docker.version)
		facts->version = text_safe_copy(cmd->arena, world->docker.version);
	else if (docker_get(&world->docker, "/version", &version, &e) &&
		 (text = json_member_text(version, "Version")))
		facts->version = text_safe_copy(cmd->arena, text);
	json_decref(version);
	json_array_foreach(world->live.containers, i, item) {
		const char *project =
			json_member_text(json_object_get(item, "Labels"), LABEL_PROJECT);
		struct live_container c;

		live_container_read(item, &c);
		facts->containers++;
		facts->running += c.running;
		if (project)
			add_left(cmd, facts, text_safe_copy(cmd->arena, project), c.folder);
	}
}

json_t *docker_status_new(struct cmd *cmd)
{
	const struct docker_live *live = &cmd->world->live;
	json_t *out = json_pack("{s:s,s:b}", "endpoint", cmd->world->docker.endpoint.text,
				"reachable", live->good);
	struct engine_facts facts;
	json_t *left;

	if (!live->good) {
		json_object_set_new(out, "error", error_json_new(cmd, &live->error));
		if (!is_not_needed(cmd))
			cmd_fail(cmd, EXIT_TROUBLE);
		return out;
	}
	gather(cmd, &facts);
	left = json_array();
	for (size_t i = 0; i < facts.left.count; i++)
		json_array_append_new(left, json_string(facts.left.items[i]));
	json_object_set_new(out, "version", json_string(facts.version));
	json_object_set_new(out, "api", json_integer(live->api));
	json_object_set_new(out, "swarm_manager", json_boolean(live->swarm));
	json_object_set_new(out, "containers", json_integer((json_int_t)facts.containers));
	json_object_set_new(out, "running", json_integer((json_int_t)facts.running));
	json_object_set_new(out, "services", json_integer((json_int_t)facts.services));
	json_object_set_new(out, "left_behind", left);
	return out;
}

void print_docker_status(struct cmd *cmd)
{
	const struct docker_live *live = &cmd->world->live;
	const char *where = cmd->world->docker.endpoint.text;
	struct engine_facts facts;

	if (!live->good && is_not_needed(cmd)) {
		say_line(cmd, STYLE_DIM, "docker %s: not there, and no app needs it", where);
		return;
	}
	if (!live->good) {
		say_line(cmd, STYLE_ERROR, "docker %s: unreachable", where);
		say_error(cmd, &live->error);
		cmd_fail(cmd, EXIT_TROUBLE);
		return;
	}
	gather(cmd, &facts);
	say_line(
		cmd, STYLE_GOOD,
		"docker %s: version %s, API 1.%d, %s, %zu of %zu containers running, %zu service%s",
		where, facts.version, live->api, live->swarm ? "Swarm manager" : "no Swarm",
		facts.running, facts.containers, facts.services, facts.services == 1 ? "" : "s");
	for (size_t i = 0; i < facts.left.count; i++)
		say_line(cmd, STYLE_CHANGE,
			 "  note: project %s still has containers, and its folder is gone "
			 "(docker compose -p %s down)",
			 facts.left.items[i], facts.left.items[i]);
}
