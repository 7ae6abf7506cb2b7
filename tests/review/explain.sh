#!/bin/bash
# explain: decision, line, element, advice; every case of an open question.
. "$(dirname "$0")/../lib/test.sh"
need_sallyport
cd "$TEST_TMP" || abort "no $TEST_TMP"
cat >policy.ini <<'END'
[policy]
version = 1

[addresses office]
elements = 10.0.0.0/16, 10.2.0.0/16, fd00::/48

[addresses bad]
elements = 10.0.66.0/24
action = block

[service ssh]
from = @office, 192.0.2.7

[service https]
name = www.example.com
interface = eth0

[service dns]
to = 198.51.100.1

[service ident]
action = reject
END
explain() {
	local from=$1 port=$2
	shift 2
	"$SALLYPORT" explain --state "$TEST_TMP/state" --from "$from" --port "$port" "$@" policy.ini
}
check_exit 0 "accepted" explain 10.2.3.4 22/tcp
check_match "the decision" '^10\.2\.3\.4 → 22/tcp: accept$' "$output"
check_match "the line, the element, its set" '\[service ssh\], policy\.ini:11: matches 10\.2\.0\.0/16 of' "$output"
check_exit 0 "a literal" explain 192.0.2.7 22/tcp
check_match "is the element" 'matches 192\.0\.2\.7$' "$output"
check_exit 1 "dropped" explain 203.0.113.9 22/tcp
check_match "by default, with advice" 'to let it in +add 203\.0\.113\.9 to the from of \[service ssh\] \(policy\.ini:11\)' "$output"
check_exit 1 "a block list" explain 10.0.66.6 22/tcp
check_match "decides first" 'matches +10\.0\.66\.0/24|\[addresses bad\], policy\.ini:7' "$output"
check_exit 1 "a rejecting service" explain 10.0.0.1 113/tcp
check_match "is named" '113/tcp: reject' "$output"
check_exit 1 "nobody's port" explain 10.0.0.1 8080/tcp
check_match "advice to write a service" 'no service allows 8080/tcp' "$output"

check_exit 0 "TLS" explain 203.0.113.9 443/tcp --interface eth0
check_match "while verified" '443/tcp on eth0: accept while verified|443/tcp: accept while verified' "$output"
check_match "what is asked for" 'TLS +required, profile baseline, valid for www\.example\.com' "$output"
check_match "what is not known" 'lease +not known here' "$output"
mkdir -p state/evidence
cat >state/evidence/tcp-443.json <<'END'
{"version": 1, "protocol": "tcp", "port": 443, "outcome": "fail", "reason": "certificate expired", "checked": 1700000000, "not_after": 0}
END
explain 203.0.113.9 443/tcp --interface eth0 >out
check_match "the evidence" 'fail' "$(tr '\n' ' ' <out | tr -s ' ')"

check_exit 1 "an open question" explain 203.0.113.9 443/tcp
check_match "lists its cases" '^It depends: 2 cases\.$' "$output"
check_match "with advice for one" 'add the interface to the interface of \[service https\]' "$output"
check_exit 0 "a local address" explain 203.0.113.9 53/udp --to 198.51.100.1
check_exit 1 "another" explain 203.0.113.9 53/udp --to 198.51.100.2
check_match "with its advice" 'add the destination to the to of \[service dns\]' "$output"
check_exit 0 "the loopback" explain 10.0.66.6 9999/tcp --interface lo
check_match "is always open" 'the loopback' "$output"
check_exit 1 "as JSON" explain 10.0.66.6 22/tcp --format json
check_match "the element in JSON" '"element": "10\.0\.66\.0/24"' "$output"

check_exit 2 "no question" "$SALLYPORT" explain policy.ini
check_exit 2 "a prefix is no packet" explain 10.0.0.0/8 22/tcp
check_exit 2 "a port without protocol" explain 10.0.0.1 22
check_exit 1 "nobody's UDP port" explain 10.0.0.1 8080/udp
check_match "advice that opens it" 'port = 8080 and protocol = udp$' "$(tr '\n' ' ' <<<"$output" | tr -s ' ' | sed 's/ $//')"
check_exit 2 "an address that no packet has" explain ::ffff:192.0.2.7 22/tcp
check_match "is not answered for, but called by its own" 'write 192\.0\.2\.7$' "$errors"
check_exit 2 "nor as a destination" explain 10.0.0.1 22/tcp --to ::ffff:192.0.2.7
check_exit 2 "a name that no interface has" explain 203.0.113.9 443/tcp --interface eth0123456789abcdef
check_exit 2 "two families" explain 10.0.0.1 22/tcp --to fd00::1
finish
