/*
 * Private to ui/: see crash.c.
 */
#ifndef KATA_UI_CRASH_H
#define KATA_UI_CRASH_H

/* Signals that mean a fault of ours put the terminal back, and write root/.kata/crash-report
 * (0600). */
void crash_prepare(const char *root);
/* While curses has the screen, standard error is a file in memory ... */
void errors_aside(void);
/* ... which is shown when that is over. */
void errors_back(void);

#endif
