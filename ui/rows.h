/*
 * Private to the rows: what several of them read out of the commands' answers. Pure.
 */
#ifndef KATA_UI_ROWS_H
#define KATA_UI_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "kata/memory.h"
#include "ui/facts.h"

/* What a step or a change of the plan does; SIGN_NONE: nothing that anybody asked for (waiting, a
 * container that makes place for the new one). */
enum sign { SIGN_NONE, SIGN_ADD, SIGN_CHANGE, SIGN_REMOVE };

/* Of a change of Caddy's config: "add", "change", "remove". */
enum sign change_sign(const json_t *change);
/* The servers' path in front of it cut off: "blog/routes/0". Borrowed. */
const char *change_path(const json_t *change);
/* Names of the apps that a change is about: its own, or those whose routes are in a shared server.
 * by_server: from apps_by_server_new(). New object {name: true}. */
json_t *change_apps_new(const json_t *change, const char *owner, const json_t *by_server);
/* {server: [app, ...]} from the answer of ls. */
json_t *apps_by_server_new(const json_t *ls);
/* What stands behind the owner in an @id, "kata:OWNER:blog@..." is "blog"; NULL: not of this owner.
 * The length goes to *len. Borrowed. */
const char *id_name(const char *id, const char *owner, size_t *len);

enum sign step_sign(const json_t *step);
/* An error that says that somebody could not be asked: nothing is known, so nothing is wrong. */
bool error_is_unread(const json_t *error);

/* State of a container of ps: "good", "bad" ... stopped: its app is, by wish; what a stop ended
 * with says nothing then. */
const char *container_state(const json_t *ps, bool stopped);
/* Brings CPU, memory and age of a container's row up to date; whether they differ from before. */
bool row_refresh(json_t *row, const json_t *stats, int64_t now_s);
/* "up", "unhealthy", "exited 137". */
void container_add_word(struct str *out, const json_t *ps);

/* Text of a member, else "". */
const char *row_text(const json_t *row, const char *member);
json_int_t row_number(const json_t *row, const char *member);
/* "a, b" of an array of texts. New text. */
json_t *joined_new(const json_t *texts);
/* Worse states hide better ones when many become one. */
int state_badness(const char *state);

#endif
