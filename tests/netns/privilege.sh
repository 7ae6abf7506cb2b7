#!/bin/bash
# Who may do what: `apply` says what it lacks and what works without it,
# `--dry-run` and a bad policy change nothing.
. "$(dirname "$0")/../lib/sallyport.sh"
need_command setpriv
firewall_lab

# An ordinary user needs to reach the program: the build may lie in a home that
# is closed to it.
chmod 711 "$TEST_TMP"
mkdir -m 755 "$TEST_TMP/bin"
cp "$SALLYPORT" "$TEST_TMP/bin/sallyport"
mkdir "$TEST_TMP/nobody" && chown 65534:65534 "$TEST_TMP/nobody"

policy <<END

[service ssh]
from = 10.0.0.0/8, fd00::/8, @office

[service https]
name = $NAME

[service bulk]
port = 9000-9100
tls = none
rate = 10/minute burst 5

[addresses office]
elements = 198.51.100.0/24, 2001:db8:77::/48
END
chmod 644 "$POLICY"
refused=(setpriv --reuid=65534 --regid=65534 --clear-groups "$TEST_TMP/bin/sallyport" apply
	--state "$TEST_TMP/nobody/state" --run "$TEST_TMP/nobody/run" --no-verify "$POLICY")
check_exit 3 "apply as an ordinary user" in_host server "${refused[@]}"
check_match "says which capability it lacks" 'CAP_NET_ADMIN' "$errors"
check_match "and what works without it" 'check --kernel|diff' "$errors"
check_equal "nothing is in the kernel" "" "$(ruleset)"
# As root without the capability: the kernel says no, not a look at the uid.
check_exit 3 "apply as root without CAP_NET_ADMIN" in_host server \
	setpriv --bounding-set=-net_admin "$SALLYPORT" apply \
	--state "$STATE" --run "$RUN" --no-verify "$POLICY"
check_match "says so too" 'CAP_NET_ADMIN' "$errors"
check_equal "nothing is in the kernel still" "" "$(ruleset)"

# --dry-run: shows, asks the kernel, changes nothing.
check_exit 0 "apply --dry-run" sp apply --dry-run --no-verify "$POLICY"
check_match "shows what it would do" 'ssh|tcp-22' "$output"
check_equal "nothing is in the kernel" "" "$(ruleset)"
check_equal "nothing is in the state directory" "" "$(find "$STATE" -mindepth 1 -type f | grep active)"
apply
before=$(shape)
printf '\n[service http]\n' >>"$POLICY"
check_exit 0 "apply --dry-run over a ruleset" sp apply --dry-run --no-verify "$POLICY"
check_equal "leaves it as it was" "$before" "$(shape)"

# A bad policy changes nothing either.
printf '\n[service http]\nport = 99999\n' >>"$POLICY"
check_exit 2 "apply of a bad policy" sp apply --no-verify "$POLICY"
check_match "names file, line and column" "^$POLICY:[0-9]+:[0-9]+: error: " "$errors"
check_equal "leaves the ruleset as it was" "$before" "$(shape)"
check_exit 2 "an unknown option" sp apply --no-such-option "$POLICY"
check_exit 2 "a missing policy file" sp apply "$TEST_TMP/nowhere.ini"

# As its unit runs the enforcer: not root, one ambient capability, and capset() refused
# by the system call filter. The prober seals itself all the same.
need_command strace
certificates good
chmod -R a+rX "$PKI"
cp "$(dirname "$SALLYPORT")/../prober/sallyport-prober" "$TEST_TMP/bin/"
policy <<END

[service https]
name = $NAME
ca = $PKI/root.pem
END
chmod 644 "$POLICY"
web web good "$S4:443"
check_exit 0 "verify as the unit would" in_host server env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" \
	setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all,+net_admin \
	--inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin \
	strace -f -qq -o "$TEST_TMP/nobody/sealing" -e trace=capset -e inject=capset:error=EPERM \
	env SALLYPORT_PROBER="$TEST_TMP/bin/sallyport-prober" \
	"$TEST_TMP/bin/sallyport" verify --state "$TEST_TMP/nobody/state" --run "$TEST_TMP/nobody/run" "$POLICY"
check_match "the port is proven" '443/tcp +https +pass' "$output"
finish
