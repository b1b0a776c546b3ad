#!/bin/sh
# demo.sh UKC - examples/homepage in a temporary directory: configured, built, running, fetched; as a process, then as a machine.
set -eu

ukc=$1
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/ukc-demo-XXXXXX")
server=

finish() {
	if [ -n "$server" ]; then
		kill "$server" 2>/dev/null || true
		wait "$server" 2>/dev/null || true
	fi
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step() {
	printf '$ %s\n' "$*"
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

cp -R "$root/examples/homepage" "$work/homepage"
cd "$work/homepage"
rm -rf build

printf 'A web site as one manifest, ukc.lua:\n\n'
sed 's/^/    /' ukc.lua
printf '\n'
step 'ukc configure --target posix'
"$ukc" configure --target posix
step 'ukc build'
"$ukc" build

# fetch WHAT PORT: until WHAT serves the page that lies in the folder.
fetch() {
	url=http://127.0.0.1:$2/
	tries=0
	until curl --silent --fail --noproxy '*' --max-time 5 --output "$work/page" "$url"; do
		tries=$((tries + 1))
		if [ "$tries" -ge 100 ] || ! kill -0 "$server" 2>/dev/null; then
			cat "$work/run.log" >&2
			printf 'demo: %s does not answer at %s\n' "$1" "$url" >&2
			exit 3
		fi
		sleep 0.1
	done
	if ! cmp -s "$work/page" htdocs/index.html; then
		printf 'demo: the page of %s differs from htdocs/index.html\n' "$1" >&2
		exit 3
	fi
}

port=$(free_port)
step "ukc run -- --port=$port &"
"$ukc" run -- "--port=$port" >"$work/run.log" 2>&1 &
server=$!
fetch 'the process' "$port"
step "curl $url"
cat "$work/page"
printf '\n'
kill "$server"
wait "$server" || true
server=

if command -v qemu-system-x86_64 >/dev/null; then
	printf 'The same manifest as a machine that boots by itself, in QEMU:\n\n'
	step 'ukc configure --target kvm'
	"$ukc" configure --target kvm
	step 'ukc build'
	# a line for each file is much: the C library is compiled the first time
	"$ukc" build >"$work/build.log" 2>&1 || {
		status=$?
		cat "$work/build.log" >&2
		exit "$status"
	}
	tail -n 1 "$work/build.log"
	port=$(free_port)
	step "ukc run -p $port:8080 &"
	"$ukc" run -p "$port:8080" >"$work/run.log" 2>&1 &
	server=$!
	fetch 'the machine' "$port"
	step "curl $url | grep title"
	grep '<title>' "$work/page"
	kill "$server" # presses the power button
	if ! wait "$server"; then
		cat "$work/run.log" >&2
		printf 'demo: the machine did not end as it should\n' >&2
		exit 3
	fi
	server=
	printf '\n'
else
	printf 'qemu-system-x86_64 is not installed: the same manifest for --target kvm, which boots by itself, is not shown.\n\n'
fi

cat <<EOF
Those pages came from an appliance that ukc compiled just now. What to try next:

    export PATH="$root/build:\$PATH"
    ukc init site && cd site               # a project of your own: ukc.lua, site.c, htdocs/
    ukc configure --target posix           # evaluates the manifest, checks every C type
    ukc build && ukc run                   # serves http://127.0.0.1:8080/
    ukc configure --target kvm && ukc run -p 8080:8080   # the same as a machine, in QEMU
    ukc graph                              # what could be part of it
    ukc plan                               # what is, and every key's value
    ukc explain http                       # why this, and what was rejected
EOF
