#!/bin/sh
# demo.sh UKC - examples/homepage in a temporary directory: configured, built, running, fetched.
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

port=$(free_port)
step "ukc run -- --port=$port &"
"$ukc" run -- "--port=$port" >"$work/run.log" 2>&1 &
server=$!

url=http://127.0.0.1:$port/
tries=0
until curl --silent --fail --noproxy '*' --max-time 5 --output "$work/page" "$url"; do
	tries=$((tries + 1))
	if [ "$tries" -ge 100 ] || ! kill -0 "$server" 2>/dev/null; then
		cat "$work/run.log" >&2
		printf 'demo: nothing answers at %s\n' "$url" >&2
		exit 3
	fi
	sleep 0.1
done
step "curl $url"
cat "$work/page"
printf '\n'
if ! cmp -s "$work/page" htdocs/index.html; then
	printf 'demo: the page differs from htdocs/index.html\n' >&2
	exit 3
fi

cat <<EOF
That page came from an appliance that ukc compiled just now. What to try next:

    export PATH="$root/build:\$PATH"
    ukc init site && cd site               # a project of your own: ukc.lua, site.c, htdocs/
    ukc configure --target posix           # evaluates the manifest, checks every C type
    ukc build && ukc run                   # serves http://127.0.0.1:8080/
    ukc graph                              # what could be part of it
    ukc plan                               # what is, and every key's value
    ukc explain http                       # why this, and what was rejected
EOF
