# bash completion for kata-tui and kata, made from the command table by `make docs`
_kata_tui()
{
	local cur=${COMP_WORDS[COMP_CWORD]} root=${KATA_ROOT:-$HOME}
	local commands='--apply --diff adopt config:caddy config:docker config:env config:stack deploy docker docker:services help logs ls mode ps restart rm run scale setup start status stop theme ui validate version'
	local options='--root --caddy --docker --timeout --json --quiet --verbose --no-color --dry-run --if-plan --adopt --allow-empty --reveal --raw --server --service --force --wipe --detach --pull --force-recreate --wait --upstreams --follow --tail --since --timestamps --previous --theme --color --mouse --ascii --read-only --script --fake'
	local words="$options"
	[ "$COMP_CWORD" = 1 ] && words="$commands"
	[ "$COMP_CWORD" -gt 1 ] && [[ $cur != -* ]] && words=$(ls -1 -- "$root/app" 2>/dev/null)
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	# a command's colon splits words: give back only what follows it
	[[ $cur == *:* ]] && COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
}
complete -F _kata_tui kata-tui kata
