#!/bin/bash
# [expect]: what holds, what does not, and what is said then.
. "$(dirname "$0")/../lib/test.sh"
need_sallyport
cd "$TEST_TMP" || abort "no $TEST_TMP"
# holds|breaks WHAT <EXPECTATION
expectation() {
	{
		cat <<'END'
[policy]
version = 1

[addresses office]
elements = 10.0.0.0/8

[addresses bad]
elements = 192.0.2.0/24
action = block

[service ssh]
from = @office

[service https]
name = www.example.com

[service vpn]
use = wireguard
interface = eth0
to = 198.51.100.1

[expect it]
END
		cat
	} >policy.ini
}
holds() {
	expectation
	check_exit 0 "$1" "$SALLYPORT" check policy.ini
	check_match "... and is counted" '^1 expectation holds\.$' "$output"
}
breaks() {
	expectation
	check_exit 1 "$1" "$SALLYPORT" check policy.ini
	check_match "... and says why" "$2" "$errors"
	check_match "... at the section" '^policy\.ini:22:1: error: \[expect it\] wants' "$errors"
}
holds "allowed for all of a set" <<<$'from = @office\nport = 22/tcp\ndecision = allow'
breaks "not for one more" '0\.0\.0\.1 → 22/tcp is dropped|11\.0\.0\.[01] → 22/tcp is dropped by the default' <<<$'from = 10.0.0.0/7\nport = 22/tcp\ndecision = allow'
holds "blocked for strangers" <<<$'from = 203.0.113.0/24, 2001:db8::/32\nport = 22/tcp, 23/tcp, 22/udp\ndecision = block'
breaks "a port that is open" '443/tcp is accepted while verified by \[service https\]' <<<$'port = 443/tcp\ndecision = block'
breaks "a gate is shut without a proof" 'is dropped while not verified by the default; .*when = verified' <<<$'from = 203.0.113.1\nport = 443/tcp\ndecision = allow'
holds "and open with one" <<<$'from = 203.0.113.1\nport = 443/tcp\ndecision = allow\nwhen = verified'
holds "unverified: shut" <<<$'port = 443/tcp\ndecision = block\nwhen = unverified'
breaks "a block list" '192\.0\.2\.[01] → 443/tcp is dropped.* by \[addresses bad\]' <<<$'from = 192.0.2.0/24\nport = 443/tcp\ndecision = allow\nwhen = verified'
check_match "... and where it stands" '^policy\.ini:7:1: note: \[addresses bad\] decides that' "$errors"
holds "an interface and a local address" <<<$'from = 203.0.113.0/24\ninterface = eth0\nto = 198.51.100.1\nport = 51820/udp\ndecision = allow'
breaks "any interface" '51820/udp on [^ ]+ is dropped by the default' <<<$'from = 203.0.113.0/24\nto = 198.51.100.1\nport = 51820/udp\ndecision = allow'
breaks "another address" 'is dropped by the default' <<<$'from = 203.0.113.0/24\ninterface = eth0\nport = 51820/udp\ndecision = allow'
expectation <<<$'from = @office\nport = 22/tcp\ndecision = block'
check_exit 1 "as JSON" "$SALLYPORT" check --format json policy.ini
check_match "the packet" '"source": "10\.0\.0\.1"' "$output"
# What is expected is not what is enforced: the ruleset stays the same.
expectation <<<$'from = @office\nport = 22/tcp\ndecision = allow'
"$SALLYPORT" compile policy.ini >one.nft
sed -i '/^\[expect/,$d' policy.ini
"$SALLYPORT" compile policy.ini >two.nft
check_equal "expectations change no rule, not even the digest" "$(<two.nft)" "$(<one.nft)"
finish
