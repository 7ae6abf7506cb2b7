#!/bin/bash
# `check --kernel`: the real kernel judges a policy for whoever asks, in
# namespaces of its own, and the host's ruleset is not touched.
. "$(dirname "$0")/../lib/sallyport.sh"
need_sallyport
need_command setpriv unshare

# An ordinary user needs to reach the program: the build may lie in a home that
# is closed to it.
nobody() {
	((EUID != 0)) || set -- setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	env -C / HOME="$TEST_TMP" "$@"
}
nobody unshare --user --net true 2>/dev/null ||
	skip "ordinary users cannot make user and network namespaces here"
chmod 711 "$TEST_TMP"
mkdir -m 755 "$TEST_TMP/bin"
cp "$SALLYPORT" "$TEST_TMP/bin/sallyport"

policy <<END

[service ssh]
from = 10.0.0.0/8, fd00::/8, @office

[service https]
name = $NAME
revoke = cut

[service bulk]
port = 9000-9100
protocol = tcp, udp
tls = none
rate = 10/minute burst 5

[service telnet]
action = reject
log = yes

[addresses office]
elements = 198.51.100.0/24, 2001:db8:77::/48

[addresses bad]
elements = 192.0.2.99
action = block
END
chmod 644 "$POLICY"
host_ruleset() { nft -a -s list ruleset 2>/dev/null; }
before=$(host_ruleset)
check_exit 0 "check as an ordinary user" nobody "$TEST_TMP/bin/sallyport" check "$POLICY"
check_exit 0 "check --kernel as an ordinary user" \
	nobody "$TEST_TMP/bin/sallyport" check --kernel "$POLICY"
check_exit 0 "check --kernel as whoever runs the tests" "$SALLYPORT" check --kernel "$POLICY"
check_equal "the host's own ruleset is as it was" "$before" "$(host_ruleset)"

# It asked the kernel: strace sees the batch, as an ordinary check sends none.
if command -v strace >/dev/null; then
	for option in "" --kernel; do
		# shellcheck disable=SC2086
		env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" strace -f -qq \
			-e trace=sendto,sendmsg,write -o "$TEST_TMP/trace" \
			"$SALLYPORT" check $option "$POLICY" >"$TEST_TMP/check.log" 2>&1
		sent=no
		[[ $(batches "$TEST_TMP/trace") == 0 ]] || sent=yes
		wanted=no
		[[ -z $option ]] || wanted=yes
		check_equal "check${option:+ $option} sends a batch: $wanted" $wanted $sent
	done
fi
policy <<END

[service ssh]
port = 99999
END
chmod 644 "$POLICY"
check_exit 2 "a bad policy does not get that far" \
	nobody "$TEST_TMP/bin/sallyport" check --kernel "$POLICY"
finish
