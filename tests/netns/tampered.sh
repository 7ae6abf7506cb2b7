#!/bin/bash
# Somebody else's hand in our table: whatever nft can do to it, the next apply
# sees it and puts it right, in one batch.
. "$(dirname "$0")/../lib/sallyport.sh"
. "$SP_ROOT/tests/lib/sarif.sh"
firewall_lab
answer server tcp/22 tcp/443 tcp/8080
policy <<END
[service ssh]
from = 10.0.0.0/8, fd00::/8

[service https]
name = $NAME
END
apply
# The table, whatever the order in which its objects were made.
objects() {
	shape | sed 's/ # handle [0-9]*//; s/^}$//' |
		/usr/bin/python3 -c 'import sys; print("\n\n".join(sorted(
			part.strip("\n") for part in sys.stdin.read().split("\n\n"))))'
}
ours=$(objects)

# tampered WHAT NFT-COMMANDS...: seen by diff, undone by apply, and nothing left.
tampered() {
	local what=$1
	shift
	in_host server nft "$@" || abort "nft refuses to tamper: $*"
	check_exit 1 "$what: diff sees it" sp diff "$POLICY"
	check_no_match "$what: and does not call it alike" 'alike' "$output"
	check_exit 1 "$what: diff lists it" sp diff --rules "$POLICY"
	check_exit 0 "$what: apply undoes it" sp apply --no-verify "$POLICY"
	check_equal "$what: the table is ours again" "$ours" "$(objects)"
}
# rule_of CHAIN PATTERN: the handle of that rule.
rule_of() { in_host server nft -a list chain inet sallyport "$1" | sed -n "s/.*$2.*# handle //p"; }

# A dormant table holds every rule and filters nothing.
in_host server nft 'add table inet sallyport { flags dormant; }'
packets_reach client <<END
open  tcp  $B4 -> $S4:22,443
END
check_match "dormant: status says so" 'not protected' "$(sp status)"
tampered "dormant" 'add table inet sallyport { flags dormant; }'
packets_reach client <<END
shut  tcp  $B4 -> $S4:22,443
open  tcp  $A4 -> $S4:22
END

# An element that matches whatever no other does: no key to delete it by.
tampered "a port for everything else" 'add element inet sallyport ports { * : accept }'
tampered "a lease for everything" 'add element inet sallyport verified { * timeout 1h }'
tampered "a cut of everything" 'add element inet sallyport cut { * }'
packets_reach client <<END
shut  tcp  $B4 -> $S4:22,443,8080
open  tcp  $A4 -> $S4:22
END
tampered "goto for jump" 'delete element inet sallyport ports { tcp . 22 }
	add element inet sallyport ports { tcp . 22 : goto tcp-22 }'
tampered "accept for jump" 'delete element inet sallyport ports { tcp . 22 }
	add element inet sallyport ports { tcp . 22 : accept }'

# A set of our name and another kind: the leases in it are nobody's.
tampered "leases that never end" "flush chain inet sallyport input
	flush chain inet sallyport tcp-443
	delete set inet sallyport verified
	add set inet sallyport verified { type inet_proto . inet_service; }
	add element inet sallyport verified { tcp . 443 }"

tampered "a hook in the place of a chain that a map jumps to" "flush chain inet sallyport input
	delete map inet sallyport ports
	flush chain inet sallyport tcp-22
	delete chain inet sallyport tcp-22
	add chain inet sallyport tcp-22 { type filter hook forward priority 0; }"

# The rules of an unnamed chain go with the rule that jumps there, and only so.
tampered "a chain in braces" 'add rule inet sallyport input tcp dport 22 jump { accept; }'
# Sets within rules: the same keys with another verdict, or another kind of set.
tampered "an anonymous map that goes on where ours drops" \
	"replace rule inet sallyport input handle $(rule_of input 'ct state vmap') \
	ct state vmap { invalid : continue, established : accept, related : accept }"
tampered "an anonymous map that queues where ours accepts" \
	"replace rule inet sallyport input handle $(rule_of input 'ct state vmap') \
	ct state vmap { invalid : drop, established : accept, related : jump icmp-in }"
# A rule in the words that ours use too.
tampered "a port let in" 'insert rule inet sallyport input tcp dport 8080 accept'
# What is known and what is not: nobody weighs what somebody else wrote.
in_host server nft 'insert rule inet sallyport input meta length > 1400 tcp dport 8080 accept'
check_exit 1 "a rule that none of ours is: diff" sp diff "$POLICY"
said=$(tr '\n' ' ' <<<"$output")
check_match "is not certain" '^\* rules of somebody else: 0, was 1 .*Plan: 1 setting\. Not certain: .* not what the last apply left \(chain input\)' "$said"
check_match "says what is not known" "what somebody else's let in or shut out is not known" "$said"
check_equal "in eighty columns" "" "$(grep -E '.{81}' <<<"$output")"
check_exit 1 "--fail-on opens does not trust it" sp diff --fail-on opens "$POLICY"
schema() { /usr/bin/python3 "$SP_ROOT/tests/lib/schema.py" "$SP_ROOT/$1" "$TEST_TMP/.output"; }
check_exit 1 "as JSON" sp diff --format json "$POLICY"
check "which its schema allows" schema src/report/diff.schema.json
check_equal "says so" "False drifted [{'kind': 'chain', 'name': 'input'}]" "$(/usr/bin/python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
print(d["same"], d["old_is"], d["drifted"])' "$TEST_TMP/.output")"
check_exit 1 "as Markdown" sp diff --format markdown "$POLICY"
check_match "says so" 'Not certain: ' "$output"
check_exit 1 "as SARIF" sp diff --format sarif "$POLICY"
check_sarif "which is SARIF" "$TEST_TMP/.output"
check_match "says so" '"ruleId": "not_certain"' "$output"
# The same where nobody remembers what was applied.
mv "$STATE" "$STATE.away"
check_exit 1 "without a snapshot" sp diff "$POLICY"
check_match "is not certain" 'Not certain: what the last apply left cannot be read' "$(tr '\n' ' ' <<<"$output")"
in_host server nft delete rule inet sallyport input handle "$(rule_of input 'meta length')"
check_exit 0 "without a snapshot, but what the policy comes to" sp diff "$POLICY"
check_match "is certain" 'treat every packet alike' "$output"
in_host server nft delete element inet sallyport ports '{ tcp . 22 }'
check_exit 1 "without a snapshot, and another" sp diff "$POLICY"
check_match "opens what was taken out" '22/tcp +opens' "$output"
check_match "and is not certain" 'Not certain' "$output"
mv "$STATE.away" "$STATE"
check_exit 0 "apply" sp apply --no-verify "$POLICY"
# An object of its own, and rules that treat every packet as ours do.
in_host server nft 'add set inet sallyport mine { type ipv4_addr; elements = { 10.9.9.9 }; }'
check_exit 1 "a set of somebody's" sp diff "$POLICY"
check_match "ours treat every packet as the policy does" "own rules in it were compared and treat every packet as the policy does" "$(tr '\n' ' ' <<<"$output")"
check_exit 0 "apply" sp apply --no-verify "$POLICY"

# Break-glass and grace end by themselves; what does not is neither.
for set in "overridden { tcp . 443 }" "grace { tcp }"; do
	in_host server nft add element inet sallyport "$set"
	check_exit 0 "without an end, $set: apply" sp apply --no-verify "$POLICY"
	check_equal "without an end, $set: gone" "$ours" "$(objects)"
done
check_exit 0 "override" sp override https --for 1h --reason test
check_exit 0 "apply" sp apply --no-verify "$POLICY"
packets_reach client <<END
open  tcp  $B4 -> $S4:443
END
finish
