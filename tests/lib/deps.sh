#!/bin/sh
# deps.sh GROUP...: makes sure that what the groups need is there; silent when it is. As root on a
# machine with apt-get it installs exactly what is missing; else it prints the one command that
# does, and exits 2. Groups: build, demo, test, fuzz, lint, valgrind.
set -eu
PATH=$PATH:/usr/sbin:/sbin
missing=

need() { # PACKAGE COMMAND...: the package is missing when the command fails
	package=$1
	shift
	"$@" >/dev/null 2>&1 || missing="$missing $package"
}
program() { need "$2" command -v "$1"; }
library() { need "$2" pkg-config --exists "$1"; }
header() { need "$2" sh -c "echo '#include <$1>' | cc -E -x c -"; }

for group in "$@"; do
	case $group in
	build)
		program cc gcc
		header stdlib.h libc6-dev
		program pkg-config pkg-config
		library libcurl libcurl4-openssl-dev
		library jansson libjansson-dev
		library yaml-0.1 libyaml-dev
		library libxxhash libxxhash-dev
		library libcrypto libssl-dev
		library libarchive libarchive-dev
		library ncursesw libncurses-dev
		;;
	demo)
		program caddy caddy
		program python3 python3
		program curl curl
		# Its Docker half wants root.
		[ "$(id -u)" = 0 ] || continue
		program dockerd docker.io
		program docker docker.io
		program ip iproute2
		program iptables iptables
		need busybox-static sh -c '[ -x /bin/busybox ] && ! ldd /bin/busybox'
		;;
	test)
		program caddy caddy
		program python3 python3
		program curl curl
		library cmocka libcmocka-dev
		program dockerd docker.io
		program docker docker.io
		program docker-registry docker-registry
		program debootstrap debootstrap
		program ip iproute2
		program iptables iptables
		program tmux tmux
		need busybox-static sh -c '[ -x /bin/busybox ] && ! ldd /bin/busybox'
		;;
	fuzz)
		program clang clang
		need libclang-rt-14-dev sh -c 'ls "$(clang -print-runtime-dir)"/libclang_rt.fuzzer*'
		;;
	lint)
		program clang-format clang-format
		program clang-tidy clang-tidy
		program cppcheck cppcheck
		program python3 python3
		;;
	valgrind) program valgrind valgrind ;;
	*)
		echo "deps.sh: no group $group" >&2
		exit 2
		;;
	esac
done

# shellcheck disable=SC2086 # a list of words
set -- $missing
[ $# -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "Something is missing. Install it with:" >&2
	echo "  sudo apt-get install -y --no-install-recommends $*" >&2
	exit 2
fi

# A server installed for tests alone must not start serving on this machine: while we install, tell
# the packages' scripts to start nothing, by the system's own means, unless somebody did already.
policy=/usr/sbin/policy-rc.d
servers=$(printf '%s\n' "$@" | sed -n 's/^\(caddy\|docker-registry\)$/\1/p; s/^docker.io$/docker/p')
if [ -n "$servers" ]; then
	if [ ! -e $policy ]; then
		trap 'rm -f $policy' EXIT
		trap 'exit 1' HUP INT TERM
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
	fi
	[ ! -d /run/systemd/system ] ||
		echo "  note  installed, not started; would start at the next boot:" \
			"systemctl disable" $servers
fi

echo "  apt   installing $*"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
install() { apt-get install -y -q --no-install-recommends "$@" >"$log" 2>&1 </dev/null; }
if ! install "$@"; then
	# A machine that has never listed its packages, or not for long.
	if ! { apt-get update -q >"$log" 2>&1 && install "$@"; }; then
		cat "$log" >&2
		rm -f "$log"
		echo "deps.sh: could not install: $*" >&2
		exit 2
	fi
fi
rm -f "$log"
