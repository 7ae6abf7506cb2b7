#!/bin/bash
# diff POLICY: against the kernel, as packets; with TLS's demands where the snapshot
# is what the kernel holds.
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
policy <<END

[service ssh]
from = 10.0.0.0/8

[service https]
name = www.example.com
END
check_exit 1 "no table yet" sp diff "$POLICY"
check_match "everything passed until now" '^- \(default\) +22/tcp +closes +any but 10\.0\.0\.0/8' "$output"
check_match "and needs a proof from now on" '^! https +443/tcp +needs TLS from now on' "$output"
check_match "the table" '^\* table inet sallyport: there, was not there' "$output"
apply
check_exit 0 "none after the apply" sp diff "$POLICY"
lease tcp 443
check_exit 0 "a lease is no difference" sp diff "$POLICY"

sed -i 's|^from = .*|&, 203.0.113.0/24|; s/^name = .*/&, example.com/' "$POLICY"
check_exit 1 "a changed policy" sp diff "$POLICY"
check_match "what opens" '^~ ssh +22/tcp +opens +203\.0\.113\.0/24 +policy\.ini:4$' "$output"
check_match "what the snapshot knows of TLS" '^! https +443/tcp +TLS tightens: name = example\.com, www\.example\.com' "$output"
check_exit 1 "--fail-on opens" sp diff --fail-on opens "$POLICY"
check_exit 1 "rule by rule" sp diff --rules "$POLICY"
check_match "as the kernel would be told" '^\+ rule tcp-22 ip saddr' "$output"
packets_reach client <<END
shut tcp $B4 -> $S4:22
END

# A hand in the table: what it opened is what applying closes.
apply
in_host server nft add rule inet sallyport tcp-22 accept
check_exit 1 "a rule of somebody's" sp diff "$POLICY"
check_match "closes what it opened" '22/tcp +closes +any but 10\.0\.0\.0/8, 203\.0\.113\.0/24' "$output"

# Who may not read the kernel is told so.
chmod 755 "$TEST_TMP"
check_exit 3 "not as an ordinary user" in_host server setpriv --reuid=65534 --regid=65534 --clear-groups \
	"$SALLYPORT" diff --state "$STATE" --run "$RUN" "$POLICY"
finish
