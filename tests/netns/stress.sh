#!/bin/bash
# Netlink where it is tight: lists of every size around what one message holds, other
# writers in their own tables and in ours, dumps that they interrupt, and user
# namespaces, where the send buffer has a limit.
. "$(dirname "$0")/../lib/sallyport.sh"
need_command setpriv unshare
firewall_lab
answer server tcp/22

# prefixes COUNT >FILE: that many of each family, with gaps in between.
prefixes() {
	awk -v count="$1" 'BEGIN {
		for (i = 0; i < count; i++)
			printf "10.%d.%d.0/28\n2001:db8:%x::/48\n", i / 128, i % 128 * 2, i * 2
	}'
}
# The same of ranges of six addresses, four blocks each: they stay interval sets.
ranges() {
	awk -v count="$1" 'BEGIN {
		for (i = 0; i < count; i++) {
			printf "10.%d.%d.1-10.%d.%d.6\n", i / 128, i % 128 * 2, i / 128, i % 128 * 2
			printf "2001:db8:%x::1-2001:db8:%x::6\n", i * 2, i * 2
		}
	}'
}
policy <<END

[service ssh]
from = 192.0.2.0/24, 2001:db8:ffff::/48

[addresses blocked]
file = $TEST_TMP/blocked.txt
action = block
END

# --- sizes -----------------------------------------------------------------
# elements FAMILY: of the block list in that family, by nft's own reading.
elements() {
	in_host server nft -j list sets inet | /usr/bin/python3 -c '
import json, sys
sets = [each["set"] for each in json.load(sys.stdin)["nftables"] if "set" in each]
print(sum(len(each.get("elem", [])) for each in sets if each["name"].startswith("addr-blocked-" + sys.argv[1])))
' "$1"
}
# sizes WHAT COUNT...: lists that `WHAT` prints, each on its own.
sizes() {
	local what=$1 count
	wrong=() tried=0
	shift
	for count; do
		$what "$count" >"$TEST_TMP/blocked.txt"
		in_host server nft delete table inet sallyport 2>/dev/null
		tried=$((tried + 1))
		sp apply --no-verify --quiet "$POLICY" >"$TEST_TMP/size.log" 2>&1 || wrong+=("$count: $(<"$TEST_TMP/size.log")")
		[[ "$(elements 4) $(elements 6)" == "$count $count" ]] || wrong+=("$count: $(elements 4) and $(elements 6)")
		sp status --verify >"$TEST_TMP/size.log" 2>&1 || wrong+=("$count: status: $(<"$TEST_TMP/size.log")")
	done
	check_equal "lists of $tried sizes of $what, each whole" "" "${wrong[*]}"
}
# An interval takes 40 bytes (IPv4) or 64, a block 16 or 28. A message of ours ends near
# 60,000; 65,535 is what a nested attribute can say.
sizes ranges 1 2 {932..935} {1022..1025} {1492..1495} {1636..1640} 2300 2400 4605
sizes prefixes 1 2 31 32 {2132..2135} {2338..2342} {3732..3735} {4093..4097} 4605 8061
# One more and one less each time, from a list that stands.
wrong=() tried=0
for count in {4604..4590} {4591..4604}; do
	prefixes "$count" >"$TEST_TMP/blocked.txt"
	tried=$((tried + 1))
	sp apply --no-verify --quiet "$POLICY" >"$TEST_TMP/size.log" 2>&1 || wrong+=("$count: $(<"$TEST_TMP/size.log")")
done
check_equal "and $tried changes of one element" "" "${wrong[*]}"
check_equal "end with the last one" "4604 4604" "$(elements 4) $(elements 6)"

# --- other writers ---------------------------------------------------------
prefixes 500 >"$TEST_TMP/blocked.txt"
sp apply --no-verify --quiet "$POLICY"
theirs() {
	until [[ -e $TEST_TMP/enough ]]; do
		in_host server nft 'add table inet busy; add set inet busy s { type ipv4_addr; flags interval; }; add element inet busy s { 10.0.0.0/8 }'
		in_host server nft delete table inet busy
	done
}
ours() {
	until [[ -e $TEST_TMP/enough ]]; do
		in_host server nft add element inet sallyport verified '{ tcp . 4444 timeout 1h }'
		in_host server nft add rule inet sallyport tcp-22 counter
		in_host server nft delete element inet sallyport verified '{ tcp . 4444 }'
	done
}
theirs >/dev/null 2>&1 &
theirs=$!
server_pids+=($theirs)

# Whoever only reads is not told a mixture of before and after.
wrong=()
for _ in {1..25}; do
	sp status --verify >"$TEST_TMP/read.log" 2>&1 || wrong+=("status: $(<"$TEST_TMP/read.log")")
	sp diff "$POLICY" >"$TEST_TMP/read.log" 2>&1 || wrong+=("diff: $(<"$TEST_TMP/read.log")")
done
check_equal "fifty readings among foreign commits, all whole" "" "${wrong[*]}"

ours >/dev/null 2>&1 &
ours=$!
server_pids+=($ours)
wrong=()
for count in {501..525}; do
	prefixes "$count" >"$TEST_TMP/blocked.txt"
	sp apply --no-verify --quiet "$POLICY" >"$TEST_TMP/read.log" 2>&1 || wrong+=("$(<"$TEST_TMP/read.log")")
done
check_equal "25 applies among writers to our own table" "" "${wrong[*]}"
touch "$TEST_TMP/enough" # whom kill(1) takes away leaves an nft under way
wait $theirs $ours
in_host server nft delete table inet busy 2>/dev/null
check_exit 0 "the last one, alone" sp apply --no-verify "$POLICY"
check_exit 0 "leaves what the policy says" sp diff --rules "$POLICY"
check_equal "every element of it" "525 525" "$(elements 4) $(elements 6)"
check_no_match "and no rule of theirs" 'counter packets' "$(in_host server nft list chain inet sallyport tcp-22 |
	grep -v 'counter name')"

# --- user namespaces -------------------------------------------------------
# There nobody may have a larger send buffer than net.core.wmem_max.
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups env -C / HOME="$TEST_TMP" "$@"; }
if nobody unshare --user --net true 2>/dev/null; then
	chmod 711 "$TEST_TMP"
	mkdir -m 755 "$TEST_TMP/bin"
	mkdir "$TEST_TMP/userns" && chown 65534:65534 "$TEST_TMP/userns"
	cp "$SALLYPORT" "$TEST_TMP/bin/sallyport"
	# in_userns <LIST: applies it, and says how many are there.
	in_userns() {
		cat >"$TEST_TMP/blocked.txt"
		chmod 644 "$POLICY" "$TEST_TMP/blocked.txt"
		rm -rf "$TEST_TMP"/userns/*
		# shellcheck disable=SC2016
		nobody unshare --user --map-root-user --net "$BASH" -c '
			"$0" apply --no-verify --quiet --state "$1/state" --run "$1/run" "$2" || exit
			nft list sets inet | grep -oE "(10\.|2001:)[0-9a-f.:]+" | wc -l' \
			"$TEST_TMP/bin/sallyport" "$TEST_TMP/userns" "$POLICY"
	}
	check_exit 0 "in a user namespace, what fits the send buffer" in_userns < <(prefixes 500)
	check_equal "all of it" 1000 "$output"
	# The kernel doubles what is asked for; an address takes sixteen bytes at least.
	check_exit 3 "and what does not" in_userns < <(
		awk -v most="$(</proc/sys/net/core/wmem_max)" 'BEGIN {
			for (i = 0; i < most / 5; i++)
				printf "10.%d.%d.%d\n", i / 16384, i / 64 % 256, i % 64 * 4
		}'
	)
	check_match "says what the limit is" 'send buffer' "$errors"
	check_match "and how to have another" 'net.core.wmem_max' "$errors"
	check_no_match "and leaves no part of it" 'Applied' "$output"
else
	echo "no user namespaces for ordinary users here: that part is left out"
fi
finish
