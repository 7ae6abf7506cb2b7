#!/bin/bash
# Fifty hostile servers at once, beside healthy ones: every healthy port has its verdict
# while the hostile ones are still being waited for, and is asked no more than without
# them; once they are known for what they are, they are begun with behind all others.
# How much later it comes is measured in pairs of runs, with them and without,
# and told; the machine is shared, so it fails where no better pair is any good.
. "$(dirname "$0")/lab.sh"
/usr/bin/python3 -c 'import cryptography' 2>/dev/null || skip "python3-cryptography is not installed"
need_command nginx
firewall_lab
few_addresses
certificates good
hostile=50 healthy=25 pairs=3 # … of two addresses each
options=(--timeout 2 --port-timeout 4)
# Ports are asked in their order.
before=30001 behind=10001 # the healthy ones, of the hostile ones
for first in $before $behind; do
	server_start hostile_$first server /usr/bin/python3 -B "$SP_ROOT/tests/tls/hostile.py" \
		serve $first "$PKI/good.pem" "$PKI/good.key" $NAME $hostile
done
for ((i = 0; i < healthy; i++)); do
	nginx_row $((20001 + i)) good ""
done
nginx_start
for first in $before $behind; do
	wait_until 20 grep -q '^ready' "$TEST_TMP/hostile_$first.log" ||
		abort "$(tail -n 3 "$TEST_TMP/hostile_$first.log")"
done
wait_for_port server tcp $((20000 + healthy))

services() { # NAME FIRST COUNT
	local i
	for ((i = 0; i < $3; i++)); do row_policy "$1-$i" $(($2 + i)) ""; done
}
services healthy 20001 $healthy | policy && mv "$POLICY" "$TEST_TMP/alone.ini"
for order in before behind; do
	{
		services healthy 20001 $healthy
		services hostile ${!order} $hostile
	} | policy && mv "$POLICY" "$TEST_TMP/$order.ini"
done

# measure.py REPORT: healthy passes, their connections, when the last one and the median
# one ended; hostile passes, when the first of them ended, and how many were
# begun before the last healthy end, and before the last healthy beginning
cat >"$TEST_TMP/measure.py" <<'END'
import json, statistics, sys

healthy, hostile = [], []
for port in json.load(open(sys.argv[1]))["ports"]:
    for endpoint in port["endpoints"]:
        (healthy if 20000 < port["port"] < 30000 else hostile).append((endpoint["outcome"] == "pass", endpoint))
ends = [each["ended_ms"] for _, each in healthy]
print(
    sum(well for well, _ in healthy), sum(each["connections"] for _, each in healthy), max(ends),
    int(statistics.median(ends)), sum(well for well, _ in hostile),
    min([each["ended_ms"] for _, each in hostile], default=0),
    sum(each["began_ms"] < max(ends) for _, each in hostile),
    sum(each["began_ms"] < max(each["began_ms"] for _, each in healthy) for _, each in hostile),
)
END
# ask WHICH: leaves passes, connections, last, middle, opened, first, begun, ahead.
ask() {
	sp verify --format json "${options[@]}" "$TEST_TMP/$1.ini" >"$TEST_TMP/$1.json" 2>"$TEST_TMP/.errors"
	read -r passes connections last middle opened first begun ahead < <(/usr/bin/python3 "$TEST_TMP/measure.py" "$TEST_TMP/$1.json") ||
		abort "verify printed no JSON: $(<"$TEST_TMP/.errors")"
}

for order in before behind; do
	for ((pair = 1; pair <= pairs; pair++)); do
		ask alone
		alone=$last:$middle wanted=$connections
		((passes == 2 * healthy)) || fail "$((2 * healthy - passes)) healthy ones do not pass alone"
		ask $order
		echo "$alone:$last:$middle:$begun" >>"$TEST_TMP/$order.pairs"
	done
	check_equal "$order the hostile ones all healthy ones pass" $((2 * healthy)) "$passes"
	check_equal "and none of the hostile ones" 0 "$opened"
	check_equal "with as many connections" "$wanted" "$connections"
	check "their last verdict ($last ms) comes before the first hostile one's end ($first ms)" test "$last" -lt "$first"
done

# What apply found of them is remembered.
check_exit 0 "an apply, in the order of the ports" sp apply --quiet "${options[@]}" "$TEST_TMP/behind.ini"
for ((pair = 1; pair <= pairs; pair++)); do
	ask alone
	alone=$last:$middle
	ask behind
	check_equal "after it no hostile one is begun with before all healthy ones are" 0 "$ahead"
	echo "$alone:$last:$middle:$begun" >>"$TEST_TMP/known.pairs"
done
check_equal "and all of these pass" $((2 * healthy)) "$passes"

# told ORDER: of the pairs, how much later the last verdict and the median one came.
for order in before behind known; do
	/usr/bin/python3 - "$order" "$TEST_TMP/$order.pairs" <<'END'
import statistics, sys

rows = [list(map(int, line.split(":"))) for line in open(sys.argv[2])]
for what, alone, beside in (("last", 0, 2), ("median", 1, 3)):
    ratios = [row[beside] / max(row[alone], 1) for row in rows]
    print(
        f"{sys.argv[1]}{' to be hostile' if sys.argv[1] == 'known' else ' them'}: the {what} healthy verdict comes after {statistics.median(r[beside] for r in rows)} ms, "
        f"alone {statistics.median(r[alone] for r in rows)} ms; ratios {statistics.median(ratios):.2f}, "
        f"{min(ratios):.2f} to {max(ratios):.2f} (aim: below 1.10); {rows[-1][4]} hostile ones had been begun"
    )
END
done | tee "$TEST_TMP/told"
nm -D "$SALLYPORT" | grep -q __asan && finish
check_equal "behind healthy ones they delay the median verdict by less than 10 %, in one pair at least" "" \
	"$(awk '/^before them: the median/ { sub(/.*ratios [0-9.]+, /, ""); if ($1 >= 1.10) print }' "$TEST_TMP/told")"
finish
