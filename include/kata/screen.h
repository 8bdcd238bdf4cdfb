/*
 * What the screen is told when it starts. The command line (cmd/) fills it, the screen (ui/) reads
 * it, and main.c brings the two together: neither knows the other.
 */
#ifndef KATA_SCREEN_H
#define KATA_SCREEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A row of the command table, for the palette. */
struct screen_command {
	const char *name, *args, *summary;
};

struct screen {
	const char *program; /* our own binary, for children */
	const char *version, *root;
	const char *share;  /* folder of keys.conf; themes are in ../themes or themes/ of it */
	const char *config; /* ~/.config/kata-tui, or NULL */
	const char *docker, *docker_env, *cert_path; /* as world_set_docker */
	json_t *caddy;				     /* endpoints: array of texts */
	json_t *options;			     /* that every child gets: array of texts */
	const struct screen_command *commands;
	size_t command_count;
	const char *theme; /* --theme, or NULL */
	const char *color; /* --color: "auto" (NULL), "never", "8", "16", "256", "true" */
	bool read_only, mouse, ascii, no_color;
	bool themes;	    /* no screen: lists the themes, or checks the one in `theme` */
	const char *script; /* --script: steps instead of a terminal, or NULL */
	const char *fake;   /* --fake: folder of recorded answers, or NULL */
};

/* Runs until the person leaves; the exit status. */
typedef int screen_fn(const struct screen *screen);

#endif
