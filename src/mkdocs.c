/*
 * A build tool: writes the man page and the shell completions from the command table, so that
 * they cannot differ from it. `make docs` runs it; `make check-docs` says when they are stale.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

/* Text for troff: leading dots and quotes, and backslashes and hyphens anywhere. */
static void man_text(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++)
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else
			putchar(*text);
}

static void man_option(const struct option_row *row)
{
	fputs(".TP\n.B ", stdout);
	if (row->letter)
		printf("\\-%c, ", row->letter);
	man_text(row->name);
	if (row->value)
		printf(" \\fI%s\\fR", row->value);
	putchar('\n');
	man_text(row->summary);
	fputs(".\n", stdout);
}

static void man_options(unsigned takes)
{
	for (size_t i = 0; i < option_count; i++)
		if (takes ? (option_table[i].takes & takes) != 0 : !option_table[i].takes)
			man_option(&option_table[i]);
}

static void man_commands(void)
{
	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = &command_table[i];

		fputs(".SS ", stdout);
		man_text(c->name);
		printf(" %s\n", c->args);
		man_text(c->summary);
		fputs(".\n", stdout);
		if (c->detail) {
			fputs(".PP\n", stdout);
			man_text(c->detail);
			putchar('\n');
		}
		if (c->takes)
			man_options(c->takes);
	}
}

static const char man_head[] =
	".TH KATA\\-TUI 1\n"
	".SH NAME\n"
	"kata\\-tui \\- apps in folders, their routes in Caddy\n"
	".SH SYNOPSIS\n"
	".B kata\\-tui\n"
	".RI [ COMMAND ]\n"
	".RI [ ARGUMENT ...]\n"
	".RI [ OPTION ...]\n"
	".SH DESCRIPTION\n"
	"An app is a folder\n"
	".I $KATA_ROOT/app/NAME\n"
	"with a\n"
	".IR kata\\-compose.yaml ,\n"
	"whose\n"
	".B caddy:\n"
	"block is one HTTP server object of Caddy's JSON config.\n"
	"kata\\-tui compares these blocks with what Caddy runs, through its admin API, and makes "
	"them\n"
	"agree with targeted, guarded requests. What it made carries its mark\n"
	"(\\(dq@id\\(dq: \\(dqkata:OWNER:APP\\(dq)\n"
	"in Caddy; everything else is never changed.\n"
	".PP\n"
	"Without a command, on a terminal, the screen opens.\n"
	".SH COMMANDS\n";

static const char man_tail[] =
	".SH THE APP'S FILE\n"
	".TP\n.B environment:\n"
	"variables, as a map or a list.\n"
	".TP\n.B caddy:\n"
	"the server object. $NAME, ${NAME}, ${NAME:\\-default}, ${NAME:?message} are replaced; $$ "
	"is a dollar;\n"
	"Caddy's {placeholders} and password hashes are left alone.\n"
	".TP\n.B x\\-kata\\-server:\n"
	"a server's name or listen address: the block then holds only\n"
	".BR routes ,\n"
	"which are put into that server, made by somebody else, and nothing else in it is "
	"touched.\n"
	".PP\n"
	"Two apps that listen on one address share a server: give each its own hosts.\n"
	".SH ENVIRONMENT OF AN APP\n"
	"Later layers win: base (PUID PGID APP_ROOT DATA_ROOT ENV_ROOT CONFIG_ROOT GIT_ROOT "
	"LOG_ROOT CACHE_ROOT\n"
	"BIND_ADDRESS), environment:, then\n"
	".I config/NAME/ENV\n"
	"or\n"
	".IR .env ,\n"
	"whose values are taken literally and shown masked.\n"
	".SH ENVIRONMENT\n"
	".TP\n.B KATA_ROOT\nwhere the apps are; else $HOME.\n"
	".TP\n.B CADDY_ADMIN\n"
	"Caddy's admin API: host:port, unix//path, http(s)://host:port; several, separated by "
	"commas, are a\n"
	"fleet. Default localhost:2019.\n"
	".TP\n.B KATA_OWNER\n"
	"the owner's name in marks; else the content of\n"
	".IR $KATA_ROOT/.kata/owner .\n"
	".TP\n.B NO_COLOR\nno colours.\n"
	".SH EXIT STATUS\n"
	"0: done, or nothing to do. 1: something failed, was blocked or is invalid; the rest was "
	"done. 2: wrong\n"
	"usage, or nothing could be loaded.\n"
	".B \\-\\-diff\n"
	"ends with 0 for no differences, 1 for differences, 2 for trouble.\n"
	".SH EXAMPLES\n"
	".nf\n"
	"kata\\-tui \\-\\-diff\n"
	"kata\\-tui \\-\\-apply blog\n"
	"*/5 * * * * kata\\-tui \\-\\-apply        # crontab: silent unless something changed\n"
	"kata\\-tui config:caddy blog | jq .routes\n"
	".fi\n";

static void man_compose(void)
{
	const struct compose_key *key;

	fputs(".SH COMPOSE KEYS\n"
	      "What becomes of each key of the Compose specification, in Compose mode and in Swarm "
	      "mode.\n"
	      "Ignored: accepted, without effect there. Refused: an error.\n",
	      stdout);
	for (size_t i = 0; (key = compose_key_row(i)); i++) {
		fputs(".TP\n.B ", stdout);
		man_text(key->path);
		printf("\nCompose: %s. Swarm: %s.", compose_support_name(key->compose),
		       compose_support_name(key->swarm));
		putchar('\n');
		if (key->note) {
			man_text(key->note);
			fputs(".\n", stdout);
		}
	}
}

/* The keys of the screen, as share/keys.conf has them. */
static void man_keys(void)
{
	char line[256], view[32], key[32], action[32], help[200], last[32] = "";
	FILE *file = fopen("share/keys.conf", "r");

	if (!file)
		return;
	fputs(".SH KEYS\n"
	      "Of the screen; they can be changed in\n"
	      ".IR ~/.config/kata\\-tui/keys.conf .\n",
	      stdout);
	while (fgets(line, sizeof line, file)) {
		if (*line == '#' ||
		    sscanf(line, "%31s %31s %31s # %199[^\n]", view, key, action, help) != 4)
			continue;
		if (strcmp(view, last) != 0)
			printf(".SS %s\n", !strcmp(view, "any") ? "everywhere" : view);
		snprintf(last, sizeof last, "%s", view);
		fputs(".TP\n.B ", stdout);
		man_text(key);
		putchar('\n');
		man_text(help);
		fputs(".\n", stdout);
	}
	fclose(file);
}

static void print_man(void)
{
	fputs(man_head, stdout);
	man_commands();
	fputs(".SH OPTIONS OF EVERY COMMAND\n", stdout);
	man_options(0);
	man_compose();
	man_keys();
	fputs(man_tail, stdout);
}

static void print_bash(void)
{
	fputs("# bash completion for kata-tui and kata, made from the command table by `make "
	      "docs`\n"
	      "_kata_tui()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} root=${KATA_ROOT:-$HOME}\n"
	      "\tlocal commands='",
	      stdout);
	for (size_t i = 0; i < command_count; i++)
		printf("%s%s", i ? " " : "", command_table[i].name);
	fputs("'\n\tlocal options='", stdout);
	for (size_t i = 0; i < option_count; i++)
		printf("%s%s", i ? " " : "", option_table[i].name);
	fputs("'\n\tlocal words=\"$options\"\n"
	      "\t[ \"$COMP_CWORD\" = 1 ] && words=\"$commands\"\n"
	      "\t[ \"$COMP_CWORD\" -gt 1 ] && [[ $cur != -* ]] && words=$(ls -1 -- \"$root/app\" "
	      "2>/dev/null)\n"
	      "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	      "\t# a command's colon splits words: give back only what follows it\n"
	      "\t[[ $cur == *:* ]] && COMPREPLY=(\"${COMPREPLY[@]#\"${cur%\"${cur##*:}\"}\"}\")\n"
	      "}\ncomplete -F _kata_tui kata-tui kata\n",
	      stdout);
}

/* Single-quoted for zsh, with the characters _describe splits at escaped. */
static void zsh_text(const char *text)
{
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (*text == ':')
			fputs("\\:", stdout);
		else
			putchar(*text);
}

static void print_zsh(void)
{
	fputs("#compdef kata-tui kata\n# made from the command table by `make docs`\n"
	      "local -a commands options apps\ncommands=(\n",
	      stdout);
	for (size_t i = 0; i < command_count; i++) {
		fputs("\t'", stdout);
		zsh_text(command_table[i].name);
		putchar(':');
		zsh_text(command_table[i].summary);
		fputs("'\n", stdout);
	}
	fputs(")\noptions=(\n", stdout);
	for (size_t i = 0; i < option_count; i++) {
		fputs("\t'", stdout);
		zsh_text(option_table[i].name);
		putchar(':');
		zsh_text(option_table[i].summary);
		fputs("'\n", stdout);
	}
	fputs(")\napps=(${KATA_ROOT:-$HOME}/app/*(N:t))\n"
	      "if (( CURRENT == 2 )); then\n\t_describe command commands\n"
	      "elif [[ $PREFIX == -* ]]; then\n\t_describe option options\n"
	      "else\n\tcompadd -a apps\nfi\n",
	      stdout);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} kinds[] = {{"man", print_man}, {"bash", print_bash}, {"zsh", print_zsh}};

	for (size_t i = 0; argc == 2 && i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(argv[1], kinds[i].name)) {
			kinds[i].print();
			return fflush(stdout) ? 1 : 0;
		}
	fputs("usage: mkdocs man|bash|zsh\n", stderr);
	return 2;
}
