/*
 * The command table: everything a person, a key, a script or cron can do is one row here.
 * Help, man page and completion are made from it (help.c).
 */
#ifndef KATA_CMD_H
#define KATA_CMD_H

#include "kata/screen.h"

/* Runs the program: parses argv, runs the command, prints, and returns the exit status
 * (0 done, 1 something failed or was invalid, 2 usage or nothing could be loaded). screen: what
 * `kata-tui` alone opens on a terminal; NULL: built without it. */
int cmd_main(int argc, char **argv, screen_fn *screen);

#endif
