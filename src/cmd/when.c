/*
 * Points in time and spans, as people write and read them. Pure but for nothing: `now` is given.
 */
#include "instances.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kata/compose.h"
#include "kata/text.h"

/* Exactly `width` digits at *p, moved past; -1 for anything else. */
static int digits(const char **p, int width)
{
	int value = 0;

	for (int i = 0; i < width; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		value = value * 10 + (**p - '0');
	}
	return value;
}

static bool skip(const char **p, char c)
{
	return *(*p)++ == c;
}

static long fraction(const char **p)
{
	long ns = 0, unit = 100000000;

	if (**p != '.')
		return 0;
	for ((*p)++; **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
		ns += (**p - '0') * unit;
	return ns;
}

/* "Z" or "+02:00", in seconds. */
static bool zone(const char *p, int *offset)
{
	int sign = *p == '-' ? -1 : 1, hours, minutes;

	*offset = 0;
	if ((*p == 'Z' || *p == 'z') && !p[1])
		return true;
	if (*p != '+' && *p != '-')
		return false;
	p++;
	hours = digits(&p, 2);
	if (hours < 0 || !skip(&p, ':'))
		return false;
	minutes = digits(&p, 2);
	*offset = sign * (hours * 60 + minutes) * 60;
	return hours < 24 && minutes >= 0 && minutes < 60 && !*p;
}

bool time_parse(const char *text, int64_t *seconds, long *ns)
{
	struct tm tm = {.tm_year = digits(&text, 4) - 1900};
	bool ok = tm.tm_year >= -1900 && skip(&text, '-');
	long nanos;
	int offset;

	tm.tm_mon = ok ? digits(&text, 2) - 1 : -1;
	ok = tm.tm_mon >= 0 && tm.tm_mon < 12 && skip(&text, '-');
	tm.tm_mday = ok ? digits(&text, 2) : -1;
	ok = tm.tm_mday >= 1 && tm.tm_mday <= 31 && (*text == 'T' || *text == 't' || *text == ' ');
	if (!ok)
		return false;
	text++;
	tm.tm_hour = digits(&text, 2);
	ok = tm.tm_hour >= 0 && tm.tm_hour < 24 && skip(&text, ':');
	tm.tm_min = ok ? digits(&text, 2) : -1;
	ok = tm.tm_min >= 0 && tm.tm_min < 60 && skip(&text, ':');
	tm.tm_sec = ok ? digits(&text, 2) : -1;
	if (tm.tm_sec < 0 || tm.tm_sec > 60)
		return false;
	nanos = fraction(&text);
	if (!zone(text, &offset))
		return false;
	*seconds = (int64_t)timegm(&tm) - offset;
	if (ns)
		*ns = nanos;
	return true;
}

const char *time_span(struct arena *a, int64_t seconds)
{
	static const struct {
		int64_t below, unit; /* in seconds */
		const char *one;     /* instead of "1 units" */
		const char *units;
	} rows[] = {
		{60, 1, "1 second", "seconds"},
		{3600, 60, "About a minute", "minutes"},
		{48 * 3600, 3600, "About an hour", "hours"},
		{14 * 86400, 86400, "1 day", "days"},
		{60 * 86400, 7 * 86400, "1 week", "weeks"},
		{730 * 86400LL, 30 * 86400, "1 month", "months"},
		{INT64_MAX, 365 * 86400, "1 year", "years"},
	};
	size_t row = 0;

	if (seconds < 1)
		return "Less than a second";
	while (seconds >= rows[row].below)
		row++;
	if (seconds / rows[row].unit == 1)
		return rows[row].one;
	return arena_printf(a, "%lld %s", (long long)(seconds / rows[row].unit), rows[row].units);
}

bool time_span_read(const char *status, int64_t *seconds, int64_t *unit)
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = {{"second", 1},    {"minute", 60},	   {"hour", 3600},    {"day", 86400},
		     {"week", 604800}, {"month", 2592000}, {"year", 31536000}};
	const char *at = status + strcspn(status, " ");
	int64_t count;
	char *end;

	if (!strncmp(at, " (", 2) && strchr(at, ')'))
		at = strchr(at, ')') + 1;
	if (!strncmp(at, " Less than a ", 13)) {
		count = 0;
		at += 12;
	} else if (!strncmp(at, " About a", 8)) {
		count = 1;
		at += 8 + (at[8] == 'n');
	} else {
		count = strtol(at, &end, 10);
		if (end == at || count < 0 || count > 9999)
			return false;
		at = end;
	}
	for (size_t i = 0; *at == ' ' && i < sizeof units / sizeof *units; i++) {
		if (strncmp(at + 1, units[i].name, strlen(units[i].name)) != 0)
			continue;
		*unit = units[i].seconds;
		*seconds = count * *unit;
		return true;
	}
	return false;
}

/* "1700000000" or "1700000000.25", as the engine takes it. */
static bool is_unix(const char *text)
{
	size_t whole = strspn(text, "0123456789");
	size_t rest = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;

	return whole && whole <= 12 && rest <= 9 &&
	       (!text[whole] || (rest && !text[whole + 1 + rest]));
}

const char *time_since(struct arena *a, const char *text, int64_t now)
{
	int64_t seconds, span;
	long ns = 0;

	if (is_unix(text))
		return text;
	if (time_parse(text, &seconds, &ns) && seconds >= 0)
		return arena_printf(a, "%lld.%09ld", (long long)seconds, ns);
	if (!compose_duration(text, &span) || span < 0 || span / 1000000000 > now)
		return NULL;
	return arena_printf(a, "%lld", (long long)(now - span / 1000000000));
}
