/*
 * The terminal UI: the screen of DESIGN section 9.
 *
 * It shows what our own reading commands answer, and starts the public commands as children: it
 * never blocks on a server, and does nothing that a command line could not.
 */
#ifndef KATA_UI_H
#define KATA_UI_H

#include "kata/screen.h"

screen_fn ui_run;

#endif
