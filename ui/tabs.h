/*
 * Private to the tabs: what several of them share.
 */
#ifndef KATA_UI_TABS_H
#define KATA_UI_TABS_H

#include "ui/ui.h"

/* One line instead of the content. */
void tab_say(struct ui *ui, struct tab *tab, enum role role, const char *text);
/* What a command said instead of an answer. */
void tab_failed(struct ui *ui, struct tab *tab, const struct str *err, const struct kata_error *e);

#endif
