#!/bin/bash
# Ranges of ports are one map of (protocol, ports): hundreds are read back whole, what a
# hand does there is undone, other ranges are another map, and those that versions before
# had go without a packet lost.
. "$(dirname "$0")/../lib/enforcer.sh"
enforcer_lab
answer server tcp/22 tcp/9000-9010

# One of another name for other ranges.
map_name() { in_host server nft list maps inet | sed -nE 's/.*map (ranges-[0-9a-f]{8}) .*/\1/p'; }
elements() {
	in_host server nft -j list map inet sallyport "$(map_name)" | /usr/bin/python3 -c '
import json, sys
print(sum(len(t["map"].get("elem", [])) for t in json.load(sys.stdin)["nftables"] if "map" in t))'
}

# --- many: more than one message of a dump ---------------------------------------

/usr/bin/python3 - >"$POLICY" <<'END'
print("[policy]\nversion = 1\n\n[service many]\ntls = none\nprotocol = tcp, udp\nport = ", end="")
print(",\n\t".join(f"{port}-{port + 1}" for port in range(10000, 16000, 4)))
END
apply
check_equal "1,500 ranges of two protocols are in the kernel" 3000 "$(elements)"
run sp apply --no-verify "$POLICY"
check_match "and are read back as they are" '^Nothing to do' "$output"

# --- a hand in it ------------------------------------------------------------------

policy <<END
[service ssh]
[service bulk]
port = 9000-9005
protocol = tcp, udp
tls = none
END
apply
# The kernel lists a map of ranges in the order in which they came.
held() { in_host server nft list map inet sallyport "$(map_name)" | grep -o '[a-z0-9-]* \. .* jump [a-z0-9-]*' | sort; }
before=$(held)
for hand in "delete element inet sallyport $(map_name) { tcp . 9000-9005 }" \
	"add element inet sallyport $(map_name) { tcp . 9007-9008 : jump tcp-9000-9005 }" \
	"add element inet sallyport $(map_name) { 6-17 . 9100 : jump tcp-9000-9005 }"; do
	in_host server nft "$hand" || abort "nft refuses: $hand"
	check_exit 1 "diff sees: $hand" sp diff "$POLICY"
	apply
	check_equal "it is undone" "$before" "$(held)"
done

# --- a change: another map, and the one that packets are looked up in is not touched -----

before=$(map_name)
sed -i 's/^\[service ssh\]/&\nfrom = 10.0.0.0\/8, fd00::\/8/' "$POLICY"
apply
check_equal "the same ranges are the same map" "$before" "$(map_name)"
sed 's/9000-9005/9003-9010/' "$POLICY" >"$TEST_TMP/changed.ini"
run sp diff --rules "$TEST_TMP/changed.ini"
check_match "other ranges are a new one" '^\+ map ranges-' "$output"
check_match "the old one goes" "^- set $before" "$output"
check_equal "and gets nothing before" 0 "$(grep -c "^+ element $before" <<<"$output")"

# --- what versions before had ------------------------------------------------------

# The same policy with a map for each protocol.
old_layout() {
	"$SALLYPORT" compile "$1" | /usr/bin/python3 -c '
import re, sys
text = sys.stdin.read()
elements = re.search(r"map ranges-\w+ \{.*?elements = \{ (.*?) \}", text, re.S)[1].split(", ")
maps = rules = ""
for protocol in "tcp", "udp":
    held = [e.split(" . ")[1] for e in elements if e.startswith(protocol + " . ")]
    if held:
        maps += "\tmap %s-ranges {\n\t\ttype inet_service : verdict; flags interval;\n" % protocol
        maps += "\t\telements = { %s }\n\t}\n" % ", ".join(held)
        rules += "\t\t%s dport vmap @%s-ranges\n" % (protocol, protocol)
text = re.sub(r"\tmap ranges-\w+ \{.*?\n\t\}\n", lambda _: maps, text, flags=re.S)
text = re.sub(r"\t\tmeta l4proto \. th dport vmap @ranges-\w+\n", lambda _: rules, text)
print("table inet sallyport { }\ndelete table inet sallyport\n" + text)'
}
maps() { in_host server nft list maps inet | sed -nE 's/.*map ([a-z-]*ranges[0-9a-f-]*) .*/\1/p' | xargs; }

cp "$POLICY" "$TEST_TMP/old.ini"
policy <<END
[service ssh]
[service bulk]
port = 9003-9010
protocol = tcp, udp
tls = none
END
export PATIENCE=0.95
lost=0 tried=0
for ((i = 0; i < 6; i++)); do
	old_layout "$TEST_TMP/old.ini" >"$TEST_TMP/old.nft"
	in_host server nft -f "$TEST_TMP/old.nft" || abort "nft does not load the old layout"
	((i)) || {
		check_equal "the maps of before" "tcp-ranges udp-ranges" "$(maps)"
		run sp diff "$TEST_TMP/old.ini"
		check_equal "lead packets where the new one does" 0 "$(grep -c "^~" <<<"$output")"
	}
	timeline_start $((5 * ${SP_SLOW:-1})) <<-END
		range connect $A4 $S4:9005
		range6 connect $A6 [$S6]:9004
		ssh connect $B4 $S4:22
	END
	next=$POLICY
	((i % 2)) || next=$TEST_TMP/old.ini
	check_exit 0 "an apply over them" sp apply --quiet --no-verify "$next"
	timeline_stop
	lost=$((lost + $(awk '$3 != "open"' "$TEST_TMP/timeline" | wc -l)))
	tried=$((tried + $(wc -l <"$TEST_TMP/timeline")))
	check_match "leaves one map" '^ranges-[0-9a-f]{8}$' "$(maps)"
	check_exit 0 "and no difference" sp diff "$next"
done
check "connections were tried meanwhile ($tried)" test "$tried" -gt 100
check_equal "none was refused" 0 "$lost"
finish
