/*
 * Reading the facts: when each of our reading commands is run, and what counts as its answer.
 */
#include "ui/facts.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/memory.h"

/* Between two readings is a rest so many times as long as the first one took, up to PAUSE_MAX_MS:
 * what changes all the time must not keep a processor busy. */
enum { PAUSE_TIMES = 3, PAUSE_MAX_MS = 3000, RETRY_FIRST_MS = 1000, RETRY_MAX_MS = 10000 };

/* The commands. `trouble`: the highest exit status that still comes with a whole answer; what could
 * not be read is then said inside it. ps has no place for that: half a list is no answer. */
static const struct {
	const char *command, *member; /* that the answer must have, or NULL */
	json_type type;
	int trouble;
} sources[FACT_COUNT] = {
	[FACT_APPS] = {"ls", "apps", JSON_OBJECT, 1},
	[FACT_PLAN] = {"--diff", "containers", JSON_OBJECT, 2},
	[FACT_STATUS] = {"status", "caddy", JSON_OBJECT, 2},
	[FACT_PS] = {"ps", NULL, JSON_ARRAY, 0},
};

void facts_init(struct facts *facts, struct jobs *jobs, struct loop *loop,
		void (*changed)(void *arg, enum fact_kind kind), void *arg)
{
	*facts = (struct facts){.jobs = jobs, .loop = loop, .changed = changed, .arg = arg};
	for (int i = 0; i < FACT_COUNT; i++)
		facts->fact[i] = (struct fact){.of = facts, .text = STR_INIT};
}

void facts_release(struct facts *facts)
{
	for (int i = 0; i < FACT_COUNT; i++) {
		if (facts->readers[i])
			reader_cancel(facts->readers[i]);
		if (facts->timers[i])
			loop_timer_cancel(facts->loop, facts->timers[i]);
		json_decref(facts->fact[i].value);
		str_release(&facts->fact[i].text);
	}
	*facts = (struct facts){0};
}

/* --- the answer --- */

/* "kata-tui: GET ...: nobody answers\nhint: ...": the first error that was said, and its hint. */
static void error_from(struct kata_error *e, const char *command, int status, const struct str *err)
{
	static const char name[] = "kata-tui: ", hint[] = "hint: ";
	const char *line = err->p, *next;
	size_t len = strcspn(line, "\n");

	if (!len) {
		error_set(e, ERROR_PROTOCOL, "`kata-tui %s` gave no answer", command);
		error_hint(e, status > 128 ? "a signal ended it: %d" : "its exit code was %d",
			   status > 128 ? status - 128 : status);
		return;
	}
	if (!strncmp(line, name, sizeof name - 1)) {
		line += sizeof name - 1;
		len -= sizeof name - 1;
	}
	error_set(e, ERROR_UNAVAILABLE, "%.*s", (int)(len < 1000 ? len : 1000), line);
	next = line + len + (line[len] == '\n');
	if (!strncmp(next, hint, sizeof hint - 1)) {
		next += sizeof hint - 1;
		error_hint(e, "%.*s", (int)strcspn(next, "\n"), next);
	}
}

/* The answer, or NULL with the reason in *error. */
static json_t *answer_new(enum fact_kind kind, int status, const struct str *out,
			  const struct str *err, const struct kata_error *e,
			  struct kata_error *error)
{
	struct kata_error parse;
	json_t *value;

	if (status < 0) {
		*error = *e;
		return NULL;
	}
	value = json_parse_new(out->p, out->len, &parse);
	if (value && status <= sources[kind].trouble && json_typeof(value) == sources[kind].type &&
	    (!sources[kind].member || json_object_member(value, sources[kind].member, JSON_ARRAY)))
		return value;
	json_decref(value);
	error_from(error, sources[kind].command, status, err);
	return NULL;
}

/* --- when --- */

static void read_now(void *arg);

/* Sets the one timer of a fact anew. */
static void schedule(struct fact *fact, int64_t ms)
{
	struct facts *facts = fact->of;
	uint64_t *timer = &facts->timers[fact - facts->fact];

	loop_timer_cancel(facts->loop, *timer);
	*timer = loop_timer(facts->loop, ms > 0 ? ms : 0, read_now, fact);
}

/* Each poke waits for others to come, but never longer than FACT_LATEST_MS after the first. */
static void poke(struct fact *fact)
{
	int64_t now = loop_now_ms(), due = now + FACT_SOON_MS;

	if (fact->reading) {
		fact->again = true;
		return;
	}
	if (!fact->poked_ms)
		fact->poked_ms = now;
	if (due > fact->poked_ms + FACT_LATEST_MS)
		due = fact->poked_ms + FACT_LATEST_MS;
	if (due < fact->rest_ms)
		due = fact->rest_ms;
	schedule(fact, due - now);
}

static int64_t retry_ms(unsigned failures)
{
	int64_t ms = failures < 5 ? RETRY_FIRST_MS << (failures - 1) : RETRY_MAX_MS;

	return ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
}

/* The same words as before: most readings end so, and parsing and showing a big answer takes long.
 */
static bool is_same(const struct fact *fact, int status, const struct str *out)
{
	return fact->value && !fact->failed && status == fact->status &&
	       out->len == fact->text.len && !memcmp(out->p, fact->text.p, out->len);
}

/* Takes a reading over: its answer, or why there is none. */
static void take(struct fact *fact, int status, const struct str *out, const struct str *err,
		 const struct kata_error *e)
{
	enum fact_kind kind = (enum fact_kind)(fact - fact->of->fact);
	json_t *value = answer_new(kind, status, out, err, e, &fact->error);

	fact->failed = !value;
	fact->failures = value ? 0 : fact->failures + 1;
	fact->generation++;
	if (!value)
		return;
	json_decref(fact->value);
	fact->value = value;
	fact->status = status;
	str_clear(&fact->text);
	str_addn(&fact->text, out->p, out->len);
}

static void was_read(void *arg, int status, const struct str *out, const struct str *err,
		     const struct kata_error *e)
{
	struct fact *fact = arg;
	struct facts *facts = fact->of;
	enum fact_kind kind = (enum fact_kind)(fact - facts->fact);
	int64_t now = loop_now_ms(), rest = (now - fact->began_ms) * PAUSE_TIMES;
	bool again = fact->again, same = is_same(fact, status, out);

	facts->readers[kind] = NULL;
	fact->reading = fact->again = false;
	fact->rest_ms = now + (rest < PAUSE_MAX_MS ? rest : PAUSE_MAX_MS);
	if (!same)
		take(fact, status, out, err, e);
	if (!fact->failed)
		fact->good_ms = now;
	if (again)
		poke(fact);
	else if (fact->failed)
		schedule(fact, retry_ms(fact->failures));
	if (!same)
		facts->changed(facts->arg, kind);
}

static void read_now(void *arg)
{
	struct fact *fact = arg;
	struct facts *facts = fact->of;
	enum fact_kind kind = (enum fact_kind)(fact - facts->fact);
	json_t *args = json_pack("[s,s]", sources[kind].command, "--json");

	facts->timers[kind] = 0;
	fact->poked_ms = 0;
	fact->reading = true;
	fact->began_ms = loop_now_ms();
	facts->readers[kind] = reader_start(facts->jobs, args, FACT_TIMEOUT_MS, was_read, fact);
	json_decref(args);
}

void facts_poke(struct facts *facts, unsigned kinds)
{
	for (int i = 0; i < FACT_COUNT; i++)
		if (kinds & 1U << i)
			poke(&facts->fact[i]);
}

void facts_doubt(struct facts *facts, unsigned kinds, const struct kata_error *e)
{
	for (int i = 0; i < FACT_COUNT; i++) {
		struct fact *fact = &facts->fact[i];

		if (!(kinds & 1U << i) || !fact->value || fact->failed)
			continue;
		fact->failed = true;
		fact->error = *e;
		facts->changed(facts->arg, (enum fact_kind)i);
	}
}
