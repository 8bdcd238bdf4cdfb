/*
 * Several reads of the engine, all in flight at once; and tables on the screen.
 */
#include "instances.h"

#include <string.h>

#include "kata/container.h"
#include "kata/swarm.h"
#include "kata/text.h"

static void fetched(void *arg, bool ok, const struct docker_answer *answer, struct kata_error *e)
{
	struct fetch *fetch = arg;

	fetch->done = true;
	fetch->ok = ok && answer->value;
	if (fetch->ok)
		fetch->value = json_incref(answer->value);
	else if (ok)
		error_set(&fetch->error, ERROR_PROTOCOL, "the engine's answer is no JSON");
	else
		fetch->error = *e;
	(*fetch->left)--;
}

void fetch_all(struct cmd *cmd, struct fetch *items, size_t count)
{
	size_t left = count;

	for (size_t i = 0; i < count; i++) {
		struct docker_request request = {.method = "GET", .path = items[i].path};

		items[i].left = &left;
		docker_start(&cmd->world->docker, &request, fetched, &items[i]);
	}
	while (left)
		loop_turn(cmd->world->loop, -1);
}

void fetch_release(struct fetch *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		json_decref(items[i].value);
		items[i].value = NULL;
	}
}

bool fetch_no_swarm(const struct fetch *fetch)
{
	return !fetch->ok && (fetch->error.http == 503 || fetch->error.http == 406);
}

bool fetch_check(struct cmd *cmd, const struct fetch *fetch)
{
	if (fetch->ok)
		return true;
	say_error(cmd, &fetch->error);
	cmd_fail(cmd, EXIT_TROUBLE);
	return false;
}

/* --- what is asked for --- */

static const char *label_is(struct cmd *cmd, const char *label, const char *app)
{
	return app ? arena_printf(cmd->arena, "%s=%s", label, app) : label;
}

const char *path_containers(struct cmd *cmd, const char *label, const char *app)
{
	return arena_printf(cmd->arena, "/containers/json?all=1&filters=%s",
			    docker_filters(cmd->arena, "label", label_is(cmd, label, app), NULL));
}

const char *path_tasks(struct cmd *cmd, const char *app)
{
	return arena_printf(
		cmd->arena, "/tasks?filters=%s",
		docker_filters(cmd->arena, "label", label_is(cmd, LABEL_STACK, app), NULL));
}

const char *path_services(struct cmd *cmd, const char *app)
{
	return arena_printf(
		cmd->arena, "/services?status=true&filters=%s",
		docker_filters(cmd->arena, "label", label_is(cmd, LABEL_STACK, app), NULL));
}

/* --- tables --- */

static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += (*text & 0xC0) != 0x80;
	return width;
}

void say_table(struct cmd *cmd, const char **cells, size_t rows, size_t columns,
	       const enum style *styles)
{
	size_t *widths = arena_alloc(cmd->arena, columns * sizeof *widths);
	struct str line = STR_INIT;

	for (size_t i = 0; i < rows * columns; i++) {
		cells[i] = text_safe_copy(cmd->arena, cells[i]);
		if (width_of(cells[i]) > widths[i % columns])
			widths[i % columns] = width_of(cells[i]);
	}
	for (size_t r = 0; r < rows; r++) {
		str_clear(&line);
		for (size_t c = 0; c < columns; c++) {
			const char *cell = cells[r * columns + c];
			size_t pad = c + 1 < columns ? widths[c] - width_of(cell) + 2 : 0;

			str_addf(&line, "%s%*s", cell, (int)pad, "");
		}
		while (line.len && line.p[line.len - 1] == ' ')
			line.p[--line.len] = '\0';
		say_line(cmd, !r ? STYLE_DIM : styles ? styles[r] : STYLE_PLAIN, "%s", line.p);
	}
	str_release(&line);
}
