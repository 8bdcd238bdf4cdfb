/*
 * Who stands in the way of a step that failed: the program or the container that has its port, the
 * containers that are still in its network. Asked afterwards, and only for the hint.
 */
#include "apply_private.h"
#include "work.h"

#include <stdlib.h>
#include <string.h>

#include "kata/container.h"
#include "kata/json.h"

/* --- ports --- */

/* The address the engine could not have: "127.0.0.1:80" of "Bind for 127.0.0.1:80 failed". */
static const char *address_in(struct arena *a, const char *message)
{
	static const char *const leads[] = {"Bind for ",	   "listen tcp4 ",
					    "listen tcp6 ",	   "listen tcp ",
					    "bind host port for ", "bind host port "};

	for (size_t i = 0; i < sizeof leads / sizeof *leads; i++) {
		const char *at = strstr(message, leads[i]);
		size_t host, digits;

		if (!at)
			continue;
		at += strlen(leads[i]);
		host = strcspn(at, *at == '[' ? "]" : ":") + (*at == '[');
		digits = at[host] == ':' ? strspn(at + host + 1, "0123456789") : 0;
		if (digits)
			return arena_strndup(a, at, host + 1 + digits);
	}
	return NULL;
}

static void name_container(struct world *world, struct kata_error *e, const char *port)
{
	struct arena *a = world->arena;
	const char *name, *project;
	struct kata_error unused;
	json_t *list = NULL, *first;

	if (!docker_get(&world->docker,
			arena_printf(a, "/containers/json?filters=%s",
				     docker_filters(a, "publish", port, NULL)),
			&list, &unused))
		return;
	first = json_array_get(list, 0);
	name = docker_container_name(first);
	project = json_member_text(json_object_get(first, "Labels"), LABEL_PROJECT);
	if (*name)
		error_hint(e,
			   "container %s%s%s%s publishes port %s: stop it, or publish another port",
			   name, project ? " (project " : "", project ? project : "",
			   project ? ")" : "", port);
	json_decref(list);
}

static void name_port_holder(struct world *world, struct kata_error *e)
{
	const char *address = address_in(world->arena, e->msg), *why;

	if (!address)
		return;
	if (strstr(e->msg, "already allocated"))
		name_container(world, e, strrchr(address, ':') + 1);
	else if (strstr(e->msg, "address already in use") && world->docker.endpoint.socket &&
		 !probe_address(address, world->arena, &why))
		error_hint(e, "%s: stop that, or publish another port", why);
}

/* --- networks --- */

static void name_guests(struct world *world, struct step *step)
{
	struct str names = STR_INIT;
	struct kata_error unused;
	json_t *network = NULL, *guest;
	const char *id;

	if (!docker_get(
		    &world->docker,
		    docker_path(world->arena, "/networks/%s", step->id ? step->id : step->target),
		    &network, &unused))
		return;
	json_object_foreach(json_object_get(network, "Containers"), id, guest) {
		const char *name = json_member_text(guest, "Name");

		str_addf(&names, "%s%s", names.len ? ", " : "", name ? name : id);
	}
	if (names.len)
		error_hint(&step->error, "still connected to it: %s; stop or disconnect that first",
			   names.p);
	str_release(&names);
	json_decref(network);
}

void work_name_holders(struct world *world, struct deploy *deploy)
{
	for (size_t i = 0; i < deploy->count; i++) {
		struct step *step = &deploy->steps[i];

		if (step->state != STEP_FAILED)
			continue;
		if (step->op == STEP_START || step->op == STEP_RESTART)
			name_port_holder(world, &step->error);
		else if (step->op == STEP_NETWORK_REMOVE &&
			 strstr(step->error.msg, "active endpoints"))
			name_guests(world, step);
	}
}
