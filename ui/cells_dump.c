/*
 * The picture as text, for tests and for pictures in documents.
 */
#include <string.h>

#include "kata/memory.h"
#include "ui/cells.h"

static const struct cell *row_of(const struct cells *cells, int y)
{
	return &cells->at[(size_t)y * (size_t)cells->w];
}

void cells_dump(const struct cells *cells, struct str *out)
{
	for (int y = 0; y < cells->h; y++) {
		const struct cell *row = row_of(cells, y);
		int end = cells->w;

		while (end > 0 && !strcmp(row[end - 1].text, " "))
			end--;
		for (int x = 0; x < end; x++)
			str_addn(out, row[x].text, row[x].len);
		str_addc(out, '\n');
	}
}

/* Letters of roles in a picture, for good: pictures that are kept must not change because there is
 * one more role. A digit and the like for a program's colours. */
static const char letters[] = {
	[ROLE_text] = '.',	   [ROLE_dim] = 'a',	     [ROLE_title] = 'b',
	[ROLE_title_focus] = 'c',  [ROLE_border] = 'd',	     [ROLE_border_focus] = 'e',
	[ROLE_header] = 'f',	   [ROLE_header_name] = 'g', [ROLE_column] = 'h',
	[ROLE_key] = 'i',	   [ROLE_key_text] = 'j',    [ROLE_good] = 'k',
	[ROLE_busy] = 'l',	   [ROLE_drift] = 'm',	     [ROLE_bad] = 'n',
	[ROLE_off] = 'o',	   [ROLE_add] = 'p',	     [ROLE_change] = 'q',
	[ROLE_remove] = 'r',	   [ROLE_json_key] = 's',    [ROLE_json_text] = 't',
	[ROLE_json_number] = 'u',  [ROLE_json_word] = 'v',   [ROLE_comment] = 'w',
	[ROLE_match] = 'x',	   [ROLE_prompt] = 'y',	     [ROLE_dialog] = 'z',
	[ROLE_dialog_title] = 'A', [ROLE_danger] = 'B',	     [ROLE_tab] = 'C',
	[ROLE_tab_open] = 'D',	   [ROLE_selected] = 'E',    [ROLE_selected_other] = 'F',
	[ROLE_related] = 'G',	   [ROLE_marked] = 'H',	     [ROLE_service0] = 'I',
	[ROLE_service1] = 'J',	   [ROLE_service2] = 'K',    [ROLE_service3] = 'L',
	[ROLE_service4] = 'M',	   [ROLE_service5] = 'N',
};
static const char ansi_letters[] = "0123456789+=<>^~";

_Static_assert(sizeof letters == ROLE_COUNT, "a letter for each role");
_Static_assert(ROLE_END - ROLE_ANSI < sizeof ansi_letters, "and each colour");

static char role_letter(int role)
{
	return role < ROLE_COUNT ? letters[role] : ansi_letters[role - ROLE_ANSI];
}

static void dump_legend(struct str *out, const bool *seen)
{
	for (int role = ROLE_text + 1; role < ROLE_END; role++)
		if (role < ROLE_COUNT && seen[role])
			str_addf(out, "%c %s\n", role_letter(role), role_names[role]);
		else if (seen[role])
			str_addf(out, "%c colour %d\n", role_letter(role), role - ROLE_ANSI);
}

void cells_dump_roles(const struct cells *cells, struct str *out)
{
	bool seen[ROLE_END] = {0}, over[ROLE_END] = {0}, any = false;

	for (int y = 0; y < cells->h; y++) {
		const struct cell *row = row_of(cells, y);

		for (int x = 0; x < cells->w; x++) {
			str_addc(out, role_letter(row[x].role));
			seen[row[x].role] = true;
			over[row[x].over] = true;
			any = any || row[x].over != ROLE_text;
		}
		str_addc(out, '\n');
	}
	dump_legend(out, seen);
	for (int y = 0; any && y < cells->h; y++) {
		const struct cell *row = row_of(cells, y);

		for (int x = 0; x < cells->w; x++)
			str_addc(out, role_letter(row[x].over));
		str_addc(out, '\n');
	}
	dump_legend(out, over);
}
