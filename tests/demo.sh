#!/bin/sh
# The demonstration behind `make demo`: the examples, a private Caddy, a private Docker engine, and
# kata-tui between them. Everything is started here and ended here; no service of the machine is
# touched. Needs no root but for the engine; root gives all of it a network of its own.
set -eu
cd "$(dirname "$0")/.."
root=
[ "$(id -u)" != 0 ] || root=yes
inside=${1:-} # that network
if [ "$root" ] && [ ! "$inside" ] && unshare --net true 2>/dev/null; then
	exec unshare --net sh tests/demo.sh inside
fi
[ ! "$inside" ] || PYTHONPATH=tests/lib python3 -B -c 'import netns; netns.loopback_up()'
work=$(mktemp -d /tmp/kata-demo.XXXXXX)
pids=
finish() {
	trap - EXIT
	for pid in $pids; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

bold=
normal=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m')
	normal=$(printf '\033[0m')
fi
title() { printf '\n%s%s%s\n' "$bold" "$1" "$normal"; }

# Shows a command and what it prints, indented; an exit code other than 0 is shown too.
run() {
	printf '\n  $ %s\n' "$*"
	code=0
	"$@" >"$work/out" 2>&1 || code=$?
	sed 's/^/  /; s/^\(.\{140\}\).*/\1.../' "$work/out"
	[ $code = 0 ] || printf '  (exit %s)\n' $code
}
# The same for a line of shell.
sh_run() {
	printf '\n  $ %s\n' "$1"
	sh -c "$1" 2>&1 | sed 's/^/  /'
}
ready() { # WHAT COMMAND...: waits until the command works
	what=$1
	shift
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || { echo "demo: $what did not start" >&2; exit 1; }
		sleep 0.05
	done
}

# Free ports, and the examples with these in place of their usual ones.
set -- $(python3 -c '
import socket
socks = [socket.create_server(("127.0.0.1", 0)) for _ in range(6)]
print(*(s.getsockname()[1] for s in socks))')
cp -r share/examples "$work/root"
port() { sed -i "s/^  $2: .*/  $2: $3/" "$work/root/app/$1/kata-compose.yaml"; }
port static PORT "$1"
port proxy PORT "$2"
port proxy BACKEND_PORT "$3"
port alpha PORT "$4"
port beta PORT "$4"
port mistake PORT "$5"
port shop PORT "$6"
mv "$work/root/app/shop" "$work/shop" # its turn comes later
export KATA_ROOT="$work/root" CADDY_ADMIN="unix/$work/admin.sock" KATA_OWNER=demo

mkdir "$work/home" "$work/bin"
ln -s "$PWD/kata-tui" "$work/bin/kata-tui"
PATH=$work/bin:$PATH
echo "{\"admin\": {\"listen\": \"$CADDY_ADMIN\", \"config\": {\"persist\": false}}}" >"$work/caddy.json"
HOME=$work/home XDG_DATA_HOME=$work/home XDG_CONFIG_HOME=$work/home \
	caddy run --config "$work/caddy.json" >"$work/caddy.log" 2>&1 &
pids="$pids $!"
python3 "$work/root/app/proxy/backend.py" "$3" 2>"$work/backend.log" &
pids="$pids $!"
if [ "$root" ] && [ ! "$inside" ]; then
	echo 'no network of its own can be made for it here' >"$work/engine.log"
	engine=
else
	python3 -B tests/lib/demo_engine.py "$work/engine" >"$work/engine.log" 2>&1 &
	engine=$!
	pids="$pids $engine"
fi
ready Caddy curl -sf --unix-socket "$work/admin.sock" -H 'Host;' http://localhost/config/
ready 'the backend' curl -sf "http://127.0.0.1:$3/"

title "Five apps in a folder, and a Caddy of its own ($(caddy version | cut -d' ' -f1)) that serves nothing yet"
printf '\n  export KATA_ROOT=%s CADDY_ADMIN=%s\n' "$KATA_ROOT" "$CADDY_ADMIN"
if [ -d /run/systemd/system ] && systemctl -q is-active caddy 2>/dev/null; then
	printf '  (caddy.service of this machine runs as well; it is left alone)\n'
fi
run kata-tui ls

title 'What would change? One app has a mistake: it is named, with its line and what to do'
run kata-tui --diff

title 'Make it so: the mistake stays out, the rest goes live'
run kata-tui --apply

title 'What Caddy answers now'
run curl -sS "http://127.0.0.1:$1/"
run curl -sS "http://127.0.0.1:$2/"
run curl -sS "http://alpha.localhost:$4/"
run curl -sS "http://beta.localhost:$4/"

title 'Take the mistake away, change one word: one small request'
run rm -r "$KATA_ROOT/app/mistake"
run sed -i s/Hello/Greetings/ "$KATA_ROOT/app/alpha/kata-compose.yaml"
run kata-tui --apply
run curl -sS "http://alpha.localhost:$4/"

title 'Once more: nothing is left to do, so nothing is sent and nothing said'
run kata-tui --apply
run kata-tui ls

# --- containers

engine_ready() { [ -e "$work/engine" ] || ! kill -0 "$engine"; }
ready 'the Docker engine' engine_ready
if [ -e "$work/engine" ]; then
	DOCKER_HOST=$(cat "$work/engine")
	export DOCKER_HOST
	app=$KATA_ROOT/app/shop/kata-compose.yaml url=http://127.0.0.1:$6/
	mv "$work/shop" "$KATA_ROOT/app/shop"

	title 'Containers: an app of two services, and a Docker engine of its own that runs nothing yet'
	run sed -n '/^services/,$p' "$app"
	run kata-tui deploy shop
	run curl -sS "$url" "${url}time"

	title 'Change it: the new one starts beside the old one, takes over when it answers, the old one goes'
	run sed -i 's/GREETING: Hello/GREETING: Welcome/' "$app"
	run kata-tui --diff shop
	run kata-tui deploy shop
	run curl -sS "$url"

	title 'Three of them, and Caddy knows'
	run kata-tui scale shop web=3
	run kata-tui ps
	run kata-tui logs shop web

	title 'A version that crashes: it says why, and the old one goes on serving'
	cp "$app" "$work/good.yaml"
	run sed -i 's/exec httpd.*/echo "no such shop"; exit 3/' "$app"
	run kata-tui deploy shop
	cp "$work/good.yaml" "$app"
	run curl -sS "$url"

	title 'From Compose to a Swarm, where Caddy reaches what is published'
	if command -v docker >/dev/null; then
		sh_run 'docker swarm init --advertise-addr 127.0.0.1 | head -1'
		run sed -i 's/^  web:/&\n    ports: [{target: 8000, mode: host}]/' "$app"
		run kata-tui mode shop swarm
		run curl -sS "$url"
	fi
	run kata-tui ls

	title 'Away with it: routes, containers, networks, folders, and its data as well'
	run kata-tui rm --force --wipe shop
	run kata-tui ps
else
	title "Containers are not shown: $(tail -n 1 "$work/engine.log")"
fi

title 'Go on by hand'
cat <<END

  cp -r share/examples ~/kata          # or your own apps: ~/kata/app/NAME/kata-compose.yaml
  caddy start                          # unless a Caddy runs already; its admin API is localhost:2019
  ./kata-tui --root ~/kata --diff      # then --apply; ./kata-tui help shows the rest

END
