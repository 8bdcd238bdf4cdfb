/*
 * Private to cmd/: the person's terminal while a program elsewhere uses it.
 */
#ifndef KATA_CMD_TERMINAL_H
#define KATA_CMD_TERMINAL_H

#include <stdbool.h>

#include "kata/error.h"

/* Every key goes to the program, none to us. What it was comes back with terminal_restore(), at
 * exit, and when a signal ends us. */
bool terminal_raw(int fd, struct kata_error *e);
/* Once more, after somebody else changed it (SIGCONT). */
void terminal_raw_again(void);
void terminal_restore(void);
/* False when it has no size. */
bool terminal_size(int fd, unsigned *rows, unsigned *columns);
/* A descriptor that is readable when the terminal's size changed or we go on after a stop; -1: none
 * to be had. terminal_event() empties it, and says whether we went on. */
int terminal_events(void);
bool terminal_event(int fd);

#endif
