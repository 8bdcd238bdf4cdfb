/*
 * What the terminal sends: keys, mouse, pastes. curses knows the keys that terminfo names; the
 * sequences that terminals share beyond it are read here, and those that nobody knows are taken
 * whole, so that their ends are not taken for keys. Reading never waits, but for the 25 ms in which
 * the rest of a sequence has to follow its ESC.
 */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "kata/loop.h"
#include "kata/text.h"
/* curses goes before keys.h: both have a key_name(). */
#include "ui/term_private.h"
#include "ui/keys.h"

enum {
	BYTE_ESC = 27,
	PASTE_MAX = 1 << 20,
	STALE_MS = 500, /* then the rest of what began will not come; of a paste: */
	PASTE_STALE_MS = 5000,
	DOUBLE_MS = 400,
	BURST_MAX = 1 << 16, /* bytes of a paste before others have their turn */
};

static const char paste_end[] = "\033[201~";

/* --- keys that curses names --- */

static const struct {
	int code;
	uint32_t key;
} codes[] = {
	{KEY_UP, UI_KEY_UP},
	{KEY_DOWN, UI_KEY_DOWN},
	{KEY_LEFT, UI_KEY_LEFT},
	{KEY_RIGHT, UI_KEY_RIGHT},
	{KEY_HOME, UI_KEY_HOME},
	{KEY_A1, UI_KEY_HOME},
	{KEY_FIND, UI_KEY_HOME},
	{KEY_END, UI_KEY_END},
	{KEY_C1, UI_KEY_END},
	{KEY_SELECT, UI_KEY_END},
	{KEY_PPAGE, UI_KEY_PAGEUP},
	{KEY_A3, UI_KEY_PAGEUP},
	{KEY_NPAGE, UI_KEY_PAGEDOWN},
	{KEY_C3, UI_KEY_PAGEDOWN},
	{KEY_IC, UI_KEY_INSERT},
	{KEY_DC, UI_KEY_DELETE},
	{KEY_BACKSPACE, UI_KEY_BACKSPACE},
	{KEY_ENTER, UI_KEY_ENTER},
	{KEY_BTAB, UI_KEY_BACKTAB},
	{KEY_SR, UI_KEY_UP | UI_MOD_SHIFT},
	{KEY_SF, UI_KEY_DOWN | UI_MOD_SHIFT},
	{KEY_SLEFT, UI_KEY_LEFT | UI_MOD_SHIFT},
	{KEY_SRIGHT, UI_KEY_RIGHT | UI_MOD_SHIFT},
	{KEY_SHOME, UI_KEY_HOME | UI_MOD_SHIFT},
	{KEY_SEND, UI_KEY_END | UI_MOD_SHIFT},
	{KEY_SPREVIOUS, UI_KEY_PAGEUP | UI_MOD_SHIFT},
	{KEY_SNEXT, UI_KEY_PAGEDOWN | UI_MOD_SHIFT},
	{KEY_SIC, UI_KEY_INSERT | UI_MOD_SHIFT},
	{KEY_SDC, UI_KEY_DELETE | UI_MOD_SHIFT},
};

/* Those beyond, by the names that terminfo gives them; a digit behind is the modifiers. */
static const struct {
	const char *name;
	uint32_t key;
} names[] = {
	{"kUP", UI_KEY_UP},	 {"kDN", UI_KEY_DOWN},
	{"kLFT", UI_KEY_LEFT},	 {"kRIT", UI_KEY_RIGHT},
	{"kHOM", UI_KEY_HOME},	 {"kEND", UI_KEY_END},
	{"kPRV", UI_KEY_PAGEUP}, {"kNXT", UI_KEY_PAGEDOWN},
	{"kIC", UI_KEY_INSERT},	 {"kDC", UI_KEY_DELETE},
	{"kpADD", '+'},		 {"kpSUB", '-'},
	{"kpMUL", '*'},		 {"kpDIV", '/'},
	{"kpDOT", '.'},		 {"kpCMA", ','},
	{"kpZRO", '0'},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A key with xterm's number of modifiers: 1 + shift 1, alt 2, ctrl 4. */
static uint32_t with_modifiers(uint32_t key, unsigned number)
{
	unsigned bits = number > 1 && number <= 16 ? number - 1 : 0;
	bool movable = (key >= UI_KEY_UP && key <= UI_KEY_DELETE) ||
		       (key >= UI_KEY_F1 && key <= UI_KEY_F12);

	if (bits & 2)
		key |= UI_MOD_ALT;
	if (bits & 1 && (key & ~(uint32_t)UI_MOD_ALT) == UI_KEY_TAB)
		key += UI_KEY_BACKTAB - UI_KEY_TAB;
	if (bits & 1 && movable)
		key |= UI_MOD_SHIFT;
	if (bits & 4 && movable)
		key |= UI_MOD_CTRL;
	return key;
}

static uint32_t named_key(const char *name)
{
	for (size_t i = 0; name && i < COUNT(names); i++) {
		size_t len = strlen(names[i].name);

		if (strncmp(name, names[i].name, len))
			continue;
		if (!name[len])
			return with_modifiers(names[i].key, i < 2 ? 2 : 1);
		if (name[len] >= '3' && name[len] <= '8' && !name[len + 1])
			return with_modifiers(names[i].key, (unsigned)(name[len] - '0'));
	}
	return 0;
}

/* Function keys beyond 12 are those with shift, then with ctrl, then with both, as xterm counts. */
static uint32_t function_key(int number)
{
	static const unsigned modifiers[] = {1, 2, 5, 6, 3};

	if (number < 1 || number > 60)
		return 0;
	return with_modifiers(UI_KEY_F1 + (uint32_t)(number - 1) % 12,
			      modifiers[(number - 1) / 12]);
}

static uint32_t code_key(int code)
{
	for (size_t i = 0; i < COUNT(codes); i++)
		if (codes[i].code == code)
			return codes[i].key;
	if (code >= KEY_F0 && code < KEY_F0 + 64)
		return function_key(code - KEY_F0);
	return code > KEY_MAX ? named_key(keyname(code)) : 0;
}

/* A byte that is no part of anything. */
static uint32_t byte_key(int byte)
{
	switch (byte) {
	case 0:
		return ' ' | UI_MOD_CTRL;
	case '\t':
		return UI_KEY_TAB;
	case '\n':
	case '\r':
		return UI_KEY_ENTER;
	case BYTE_ESC:
		return UI_KEY_ESC;
	case 127:
		return UI_KEY_BACKSPACE;
	}
	if (byte < 27)
		return (uint32_t)(byte - 1 + 'a') | UI_MOD_CTRL;
	return byte < ' ' ? (uint32_t)(byte + '@') | UI_MOD_CTRL : (uint32_t)byte;
}

/* --- sequences: ESC [ ... and ESC O ... --- */

/* The character that a number stands for, in the reports of modified keys (CSI u). */
static uint32_t reported_key(unsigned code, unsigned modifiers)
{
	uint32_t key = code < 128 ? byte_key((int)code) : code;

	if (code > 0x10ffff || (code >= 0x80 && code < 0xa0) || (code >= 0xd800 && code < 0xe000) ||
	    (code < ' ' && key & UI_MOD_CTRL))
		return 0;
	if (modifiers > 1 && (modifiers - 1) & 4 && key < 128) {
		if (key >= 'A' && key <= 'Z')
			key += 'a' - 'A';
		key = (key >= 'a' && key <= 'z') || key == ' ' ? byte_key((int)key & 31) : 0;
	}
	return key ? with_modifiers(key, modifiers) : 0;
}

static uint32_t tilde_key(const unsigned numbers[3])
{
	static const uint32_t editing[] = {
		0,	    UI_KEY_HOME,   UI_KEY_INSERT,   UI_KEY_DELETE,
		UI_KEY_END, UI_KEY_PAGEUP, UI_KEY_PAGEDOWN, UI_KEY_HOME,
		UI_KEY_END};
	static const uint8_t functions[] = {11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24};

	if (numbers[0] < COUNT(editing))
		return with_modifiers(editing[numbers[0]], numbers[1]);
	if (numbers[0] == 27)
		return reported_key(numbers[2], numbers[1]);
	for (unsigned i = 0; i < COUNT(functions); i++)
		if (functions[i] == numbers[0])
			return with_modifiers(UI_KEY_F1 + i, numbers[1]);
	return 0;
}

static uint32_t letter_key(char letter, unsigned modifiers, bool ss3)
{
	static const struct {
		char letter;
		uint32_t key;
	} rows[] = {
		{'A', UI_KEY_UP},     {'B', UI_KEY_DOWN},    {'C', UI_KEY_RIGHT},
		{'D', UI_KEY_LEFT},   {'H', UI_KEY_HOME},    {'F', UI_KEY_END},
		{'P', UI_KEY_F1},     {'Q', UI_KEY_F1 + 1},  {'R', UI_KEY_F1 + 2},
		{'S', UI_KEY_F1 + 3}, {'Z', UI_KEY_BACKTAB},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].letter == letter)
			return with_modifiers(rows[i].key, modifiers);
	if (ss3 && letter == 'M')
		return UI_KEY_ENTER;
	/* The keypad: j is *, y is 9. */
	return ss3 && letter >= 'j' && letter <= 'y' ? (uint32_t)(letter - 'j' + '*') : 0;
}

/* "1;5" of "ESC [ 1;5 A"; what is not there is 0. False: it is something else. */
static bool read_numbers(const char *p, const char *end, unsigned numbers[3])
{
	size_t count = 0;

	memset(numbers, 0, 3 * sizeof *numbers);
	for (; p < end; p++) {
		if (*p == ';' && count < 2)
			count++;
		else if (*p >= '0' && *p <= '9' && numbers[count] < 1000000)
			numbers[count] = numbers[count] * 10 + (unsigned)(*p - '0');
		else
			return false;
	}
	return true;
}

/* --- mouse --- */

/* bits: 0 1 2 the button, 32 moved, 64 wheel. */
static struct event mouse_event(struct term *term, unsigned bits, int y, int x)
{
	static const enum mouse_button buttons[] = {MOUSE_LEFT, MOUSE_MIDDLE, MOUSE_RIGHT};
	struct input *in = &term->input;
	struct event event = {.kind = EVENT_MOUSE, .y = y, .x = x};
	int64_t now = loop_now_ms();

	if (!term->mouse || bits >= 128 || bits & 32 || (bits & 3) == 3 || y < 0 || x < 0 ||
	    y >= term->h || x >= term->w || (bits & 64 && bits & 2))
		return (struct event){0};
	if (bits & 64) {
		event.button = bits & 1 ? MOUSE_WHEEL_DOWN : MOUSE_WHEEL_UP;
		return event;
	}
	event.button = buttons[bits & 3];
	if (event.button != MOUSE_LEFT)
		return event;
	event.double_click = in->click.ms && now - in->click.ms <= DOUBLE_MS && in->click.y == y &&
			     in->click.x == x;
	in->click.ms = event.double_click ? 0 : now;
	in->click.y = y;
	in->click.x = x;
	return event;
}

/* --- what is being read --- */

static struct event key_event(struct term *term, uint32_t key)
{
	uint32_t alt = term->input.alt;

	term->input.alt = 0;
	if (!key)
		return (struct event){0};
	return (struct event){.kind = EVENT_KEY, .key = key | alt};
}

static void begin(struct input *in, int state)
{
	in->state = state;
	in->len = in->matched = 0;
	str_clear(&in->paste);
}

/* All of a sequence is there. */
static struct event sequence_event(struct term *term, char last)
{
	struct input *in = &term->input;
	const char *p = in->bytes, *end = p + in->len;
	bool sgr = in->len > 0 && *p == '<';
	unsigned numbers[3];

	begin(in, INPUT_REST);
	if (end > in->bytes + sizeof in->bytes)
		return key_event(term, 0);
	/* Linux' console: ESC [ [ A. */
	if (end == p + 1 && *p == '[')
		return key_event(
			term, last >= 'A' && last <= 'E' ? UI_KEY_F1 + (uint32_t)(last - 'A') : 0);
	if (!read_numbers(p + sgr, end, numbers))
		return key_event(term, 0);
	if (sgr)
		return last == 'M' ? mouse_event(term, numbers[0], (int)numbers[2] - 1,
						 (int)numbers[1] - 1)
				   : key_event(term, 0);
	if (last == 'M' && !in->ss3)
		in->state = INPUT_MOUSE;
	else if (last == '~' && numbers[0] == 200)
		in->state = INPUT_PASTE;
	else if (last == '~')
		return key_event(term, tilde_key(numbers));
	else if (last == 'u' && !in->ss3)
		return key_event(term, reported_key(numbers[0], numbers[1]));
	else
		return key_event(
			term,
			letter_key(last, in->ss3 && numbers[0] ? numbers[0] : numbers[1], in->ss3));
	in->alt = 0;
	return (struct event){0};
}

static struct event take_code(struct term *term, int code);

static struct event take_sequence(struct term *term, int byte)
{
	struct input *in = &term->input;

	if (byte < ' ' || byte >= 127) {
		begin(in, INPUT_REST);
		in->alt = 0;
		return take_code(term, byte);
	}
	if (byte >= '@' && !(byte == '[' && in->len == 0 && !in->ss3))
		return sequence_event(term, (char)byte);
	if (in->len < sizeof in->bytes)
		in->bytes[in->len] = (char)byte;
	in->len++;
	return (struct event){0};
}

/* The mouse of terminals without SGR reports: three bytes. */
static struct event take_mouse(struct term *term, int byte)
{
	struct input *in = &term->input;

	in->bytes[in->len++] = (char)byte;
	if (in->len < 3)
		return (struct event){0};
	begin(in, INPUT_REST);
	return mouse_event(term, (unsigned)((uint8_t)in->bytes[0] - 32) & 0xff,
			   (uint8_t)in->bytes[2] - 33, (uint8_t)in->bytes[1] - 33);
}

static struct event take_utf8(struct term *term, int byte)
{
	struct input *in = &term->input;
	uint8_t first;
	uint32_t cp;

	if (in->len > 0 && (byte & 0xc0) != 0x80) {
		begin(in, INPUT_REST);
		in->alt = 0;
		return take_code(term, byte);
	}
	in->bytes[in->len++] = (char)byte;
	first = (uint8_t)in->bytes[0];
	if (in->len < (first >= 0xf0 ? 4u : first >= 0xe0 ? 3u : first >= 0xc0 ? 2u : 1u))
		return (struct event){0};
	if (utf8_decode(in->bytes, in->len, &cp) != in->len || cp < 0xa0)
		cp = 0;
	begin(in, INPUT_REST);
	return key_event(term, cp);
}

/* --- pastes --- */

static struct event paste_event(struct term *term)
{
	struct input *in = &term->input;
	struct event event = {.kind = EVENT_PASTE};
	size_t len = in->paste.len;

	/* What was cut is cut between characters. */
	if (len >= PASTE_MAX) {
		while (len > 0 && (in->paste.p[len - 1] & 0xc0) == 0x80)
			len--;
		len -= len > 0 && in->paste.p[len - 1] & 0x80;
	}
	in->paste.len = len;
	in->paste.p[len] = 0;
	event.text = xstrdup(in->paste.p);
	begin(in, INPUT_REST);
	str_release(&in->paste);
	return event;
}

/* Terminals send CR for a new line. */
static void paste_add(struct input *in, char c)
{
	if (c && in->paste.len < PASTE_MAX)
		str_addc(&in->paste, c == '\r' ? '\n' : c);
}

static struct event take_paste_byte(struct term *term, int byte)
{
	struct input *in = &term->input;

	if (byte != paste_end[in->matched]) {
		for (size_t i = 0; i < in->matched; i++)
			paste_add(in, paste_end[i]);
		in->matched = 0;
	}
	if (byte == paste_end[in->matched])
		in->matched++;
	else
		paste_add(in, (char)byte);
	if (paste_end[in->matched])
		return (struct event){0};
	return paste_event(term);
}

/* A paste may be long, and curses reads byte by byte: past it, as many at once as are part of the
 * paste in any case. */
static struct event take_paste(struct term *term, int byte)
{
	struct input *in = &term->input;
	struct pollfd ready = {.fd = fileno(term->in), .events = POLLIN};
	struct event event = take_paste_byte(term, byte);
	char bytes[sizeof paste_end];

	while (event.kind == EVENT_NONE && in->burst < BURST_MAX && poll(&ready, 1, 0) > 0) {
		ssize_t n = read(ready.fd, bytes, sizeof paste_end - 1 - in->matched);

		if (n <= 0)
			break;
		in->burst += (size_t)n;
		for (ssize_t i = 0; i < n; i++)
			event = take_paste_byte(term, (uint8_t)bytes[i]);
	}
	return event;
}

/* --- reading --- */

/* After an ESC: alone, before a key (alt), or at the begin of a sequence. */
static struct event take_escape(struct term *term)
{
	struct input *in = &term->input;
	bool twice = false;
	int code, next;

	while ((code = wgetch(term->keys)) == BYTE_ESC)
		twice = true;
	if (code == ERR) {
		in->queued = twice ? UI_KEY_ESC : 0;
		return key_event(term, UI_KEY_ESC);
	}
	/* ESC ESC [ A is alt+up in some terminals. */
	in->alt = twice ? UI_MOD_ALT : 0;
	if (code != '[' && code != 'O') {
		in->alt = UI_MOD_ALT;
		return take_code(term, code);
	}
	next = wgetch(term->bytes);
	if (next == ERR)
		return key_event(term, (uint32_t)code | UI_MOD_ALT);
	begin(in, INPUT_SEQUENCE);
	in->ss3 = code == 'O';
	return take_sequence(term, next);
}

/* What curses read: a byte, or its code for a key. */
static struct event take_code(struct term *term, int code)
{
	if (code == BYTE_ESC && !term->input.alt)
		return take_escape(term);
	if (code >= KEY_MIN)
		return key_event(term, code_key(code));
	if (code < 0x80)
		return key_event(term, byte_key(code));
	begin(&term->input, INPUT_UTF8);
	return take_utf8(term, code);
}

/* How each state goes on, and whether curses looks for keys meanwhile. */
static const struct {
	struct event (*take)(struct term *term, int byte);
	bool keys;
} states[INPUT_STATES] = {
	[INPUT_REST] = {take_code, true},    [INPUT_SEQUENCE] = {take_sequence, false},
	[INPUT_MOUSE] = {take_mouse, false}, [INPUT_UTF8] = {take_utf8, false},
	[INPUT_PASTE] = {take_paste, false},
};

/* Something began and did not end: what there is of a paste, nothing of all else. */
static struct event abandon(struct term *term)
{
	struct input *in = &term->input;

	if (in->state == INPUT_PASTE)
		return paste_event(term);
	begin(in, INPUT_REST);
	in->alt = 0;
	return (struct event){0};
}

static struct event waiting_event(struct term *term)
{
	struct input *in = &term->input;
	int64_t stale = in->state == INPUT_PASTE ? PASTE_STALE_MS : STALE_MS;
	struct event event = {0};

	if (in->resized)
		event.kind = EVENT_RESIZE;
	else if (in->queued)
		event = (struct event){.kind = EVENT_KEY, .key = in->queued};
	else if (in->state != INPUT_REST && in->read_ms && loop_now_ms() - in->read_ms > stale)
		event = abandon(term);
	if (in->resized)
		in->resized = false;
	else
		in->queued = 0;
	return event;
}

struct event term_event(struct term *term)
{
	struct input *in = &term->input;
	struct event event = waiting_event(term);

	in->burst = 0;
	while (event.kind == EVENT_NONE && !term->suspended && in->burst < BURST_MAX) {
		int code = wgetch(states[in->state].keys ? term->keys : term->bytes);

		if (code == ERR)
			break;
		if (code != KEY_RESIZE)
			event = states[in->state].take(term, code);
	}
	in->read_ms = loop_now_ms();
	return event;
}

void input_init(struct term *term)
{
	term->input.paste = (struct str)STR_INIT;
	term->keys = newpad(1, 1);
	term->bytes = newpad(1, 1);
	nodelay(term->keys, TRUE);
	nodelay(term->bytes, TRUE);
	keypad(term->keys, TRUE);
	/* Its reports are read here, where the terminal has any. */
	keyok(KEY_MOUSE, FALSE);
}

void input_release(struct term *term)
{
	if (term->keys)
		delwin(term->keys);
	if (term->bytes)
		delwin(term->bytes);
	if (term->input.paste.cap)
		str_release(&term->input.paste);
}
