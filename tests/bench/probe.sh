#!/bin/bash
# probe against what one would use otherwise, on the same nginx in one run: whole
# processes, best of several. Then verdicts of a warm prober against a bare loop that
# makes the same handshakes and hellos. Ratios are told, not asserted: the machine is
# shared. Connections are, counted by the kernel.
. "$(dirname "$0")/../lib/sallyport.sh"
build=${SP_RELEASE:-${SP_BUILD:-$SP_ROOT/build/release}}
SALLYPORT=$build/src/cli/sallyport
! nm --undefined-only "$SALLYPORT" 2>/dev/null | grep -q __asan_init ||
	skip "figures of a sanitizer's build say nothing: tests/run --release, or --long"
need_sallyport
lab
certificates good-rsa
web web good-rsa "$S4:443"

# In the server's namespace: both ends on this machine, as in the design's table.
in_host server nft -f - <<-END
	table inet count {
		counter opened { }
		chain input {
			type filter hook input priority 0;
			tcp dport 443 tcp flags syn / syn,ack counter name opened
		}
	}
END
opened() { in_host server nft list counter inet count opened | sed -nE 's/.*packets ([0-9]+).*/\1/p'; }
# timed TIMES COMMAND...: milliseconds of the fastest.
timed() {
	local times=$1 i
	shift
	for ((i = 0; i < times; i++)); do
		in_host server "$build/tests/bench/measure" "$@" </dev/null 2>/dev/null | tail -n 1
	done | sort -n | head -n 1 | awk '{ printf "%.1f", $1 * 1000 }'
}
below() { awk "BEGIN { exit !($1 < $2) }"; }
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }
# told WHAT MILLISECONDS CONNECTIONS
told() { printf '%-46s %9s ms %5s connections\n' "$@"; }
# tool WHAT TIMES COMMAND...: leaves `took`.
tool() {
	local what=$1 times=$2 before
	shift 2
	before=$(opened)
	took=$(timed "$times" "$@")
	told "$what" "$took" $((($(opened) - before) / times))
}

probe=("$SALLYPORT" probe --ca "$PKI/root.pem" --name "$NAME" "$S4:443")
check_exit 0 "probe passes" in_host server "${probe[@]}"
before=$(opened)
in_host server "${probe[@]}" >"$TEST_TMP/probe"
count=$(($(opened) - before))
check "at most 16 connections of the address, port and name ($count)" test "$count" -le 16
check "and at least ten" test "$count" -ge 10

tool "one verified openssl s_client" 15 openssl s_client -connect "$S4:443" -servername $NAME \
	-CAfile "$PKI/root.pem" -verify_return_error -verify_hostname $NAME
client=$took
tool "sallyport probe, with a CA file" 15 "${probe[@]}"
ours=$took
tool "sallyport probe, with the system's store" 3 "$SALLYPORT" probe --name $NAME "$S4:443"
echo "probe is $(ratio "$ours" "$client") times one s_client (aim: at most 2.5)"
if command -v sslscan >/dev/null; then
	tool "sslscan" 3 sslscan --no-colour --sni-name=$NAME "$S4:443"
	echo "sslscan takes $(ratio "$took" "$ours") times as long as probe (aim: at least 15)"
else
	echo "not run: sslscan is not installed"
fi
if command -v nmap >/dev/null; then
	tool "nmap ssl-enum-ciphers, ssl-cert, sslv2" 2 nmap -n -Pn -p 443 --script ssl-enum-ciphers,ssl-cert,sslv2 "$S4"
	echo "nmap takes $(ratio "$took" "$ours") times as long"
else
	echo "not run: nmap is not installed"
fi
verdicts() { # warm|many|bare COUNT: the fastest of three, in microseconds
	local i
	for i in 1 2 3; do
		in_host server "$build/tests/bench/verdicts" "$1" "$build/src/prober/sallyport-prober" \
			"$PKI/root.pem" "$S4" 443 $NAME "$2"
	done | sort -n | head -n 1
}
read -r bare bare_connections <<<"$(verdicts bare 100)"
read -r warm warm_connections <<<"$(verdicts warm 100)"
read -r many _ <<<"$(verdicts many 200)"
check_equal "the bare loop makes the same connections" "${warm_connections:-none}" "${bare_connections:-nothing}"
echo "a verdict: $warm us in a warm prober, $bare us by a bare loop: $(ratio "$warm" "$bare") times (aim: at most 1.5)"
echo "200 endpoints at once: $many us each, $(awk "BEGIN { printf \"%d\", 100 * $bare / $many }") % of the bare loop's rate (aim: at least 80)"
if command -v testssl >/dev/null; then
	# It asks s_client to connect to "invalid." for each curve: no such name has to be
	# said at once, not by a resolver that nobody reaches from here.
	echo "nameserver 127.0.0.1" >"$TEST_TMP/resolv.conf"
	cd "$TEST_TMP" || exit
	took=$(timed 1 unshare --mount sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' \
		"$TEST_TMP/resolv.conf" timeout 60 testssl --quiet --warnings off --color 0 \
		--nodns none -p "$S4:443")
	if below "$took" 60000; then
		echo "testssl.sh -p ($took ms) takes $(ratio "$took" "$ours") times as long as probe"
	else
		echo "not measured: testssl.sh -p did not end within 60 s"
	fi
else
	echo "not run: testssl is not installed"
fi
finish
