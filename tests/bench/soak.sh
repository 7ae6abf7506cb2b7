#!/bin/bash
# The enforcer under load for $1 seconds (SP_SOAK_SECONDS, 60): 50 services proven every second,
# servers coming, going and changing for worse meanwhile. Its memory and its
# descriptors do not grow, no lease of a healthy service lapses, nothing is open
# without a lease. An hour, its result
# kept: tests/bench/run soak
# The first 45 seconds are not counted for memory: each kind of thing that happens
# has to have happened a few times before the heap is as large as it needs to be.
. "$(dirname "$0")/../lib/enforcer.sh"
duration=${1:-${SP_SOAK_SECONDS:-60}}
enforcer_lab
[[ -z ${SP_RELEASE:-} ]] || SALLYPORT=$SP_RELEASE/src/cli/sallyport
[[ $(nm -D "$SALLYPORT" 2>/dev/null) != *__asan_init* ]] ||
	skip "the sanitizers' build is too slow for 50 proofs a second (SP_RELEASE)"
certificates good

for port in {10001..10050}; do
	tls_service "web-$port" "$port" 'lease = 10s' 'recheck = 1s'
done | policy
check_exit 0 "apply" sp apply --no-verify "$POLICY"

listen() { # ports: what nginx listens on there
	local port
	for port; do echo "$S4:$port"; done
}
mapfile -t steady < <(listen {10001..10030})
mapfile -t coming < <(listen {10031..10040})
mapfile -t changing < <(listen {10041..10050})
web steady good "${steady[@]}"
timeline_start 250 < <(for port in {10001..10050}; do echo "$port connect $A4 $S4:$port"; done)
enforcer_start
main=$(enforcer_pid)

# What leases there are, a few times a second; memory in KiB and descriptors.
watch_leases() {
	while [[ -e /proc/$main ]]; do
		echo "$EPOCHREALTIME $(in_host server nft list set inet sallyport verified | grep -oE 'tcp \. [0-9]+' | cut -c7- | tr '\n' ' ')"
		sleep 0.2
	done >"$TEST_TMP/leases"
}
watch_size() {
	while [[ -e /proc/$main ]]; do
		echo "$SECONDS $(awk '/^VmRSS/ { print $2 }' "/proc/$main/status") $(find "/proc/$main/fd" -mindepth 1 | wc -l)"
		sleep 0.5
	done >"$TEST_TMP/size" 2>/dev/null
}
watch_leases &
server_pids+=($!)
watch_size &
server_pids+=($!)

check "all that listen have leases" wait_until 15 eval '(($(in_host server nft list set inet sallyport verified | grep -oE "tcp \. [0-9]+" | wc -l) >= 30))'
warm=$(now)
warmed=$((SECONDS + 45))
end=$((warmed + duration)) rounds=0
while ((SECONDS < end)); do
	web coming good "${coming[@]}"
	web changing good "${changing[@]}"
	sleep 2.5
	server_stop coming
	server_stop changing
	# The same ports, and no TLS.
	answer server tcp/10041-10050
	sleep 2.5
	kill "${server_pids[-1]}"
	wait "${server_pids[-1]}" 2>/dev/null
	unset 'server_pids[-1]'
	rounds=$((rounds + 1))
done
cooled=$(now)
check "the enforcer is alive after $rounds rounds" test -e "/proc/$main"
timeline_stop
check "the enforcer ends as told" enforcer_stop
/usr/bin/python3 - "$TEST_TMP" "$warm" "$cooled" "$warmed" >"$TEST_TMP/verdict" <<'END'
import bisect, statistics, sys

scratch, warm, cooled = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
polls = [line.split() for line in open(f"{scratch}/leases")]
times = [float(poll[0]) for poll in polls]
held = [set(poll[1:]) for poll in polls]
lapsed = [
    (time, port)
    for time, leases in zip(times, held)
    if warm <= time <= cooled
    for port in map(str, range(10001, 10031))
    if port not in leases
]
attempts = opened = 0
without = []
for line in open(f"{scratch}/timeline"):
    began, port, fate = line.split()
    began = float(began)
    attempts += 1
    if fate != "open" or not times[0] < began < times[-1]:
        continue
    opened += 1
    # A lease may have come or gone between two looks at them.
    near = range(max(0, bisect.bisect(times, began) - 2), min(len(times), bisect.bisect(times, began) + 3))
    if not any(port in held[i] for i in near):
        without.append((began, port))
size = [list(map(int, line.split())) for line in open(f"{scratch}/size") if len(line.split()) == 3]
size = [row for row in size if row[0] >= int(sys.argv[4])]
quarter = max(1, len(size) // 4)
early, late = size[:quarter], size[-quarter:]
rss = [statistics.median(row[1] for row in part) for part in (early, late)]
# Rounds that are under way have some; what is left between them would be lost ones.
fds = [min(row[2] for row in part) for part in (early, late)]
print(f"looked {len(polls)} times at the leases; {attempts} connections tried, {opened} open")
steps = [size[len(size) * i // 8][1] for i in range(8)] + [size[-1][1]]
print("RSS at each eighth of the time, once warm, KiB:", *steps)
print(f"RSS {rss[0]} KiB, later {rss[1]} KiB; descriptors {fds[0]}, later {fds[1]} at least")
for words, good in (
    ("no lease of a healthy service lapsed", not lapsed),
    ("nothing was open without a lease", not without and opened > 0),
    ("memory does not grow", rss[1] <= rss[0] * 1.05 + 256),
    ("descriptors do not grow", fds[1] <= fds[0] + 2),
):
    print("ok  " if good else "FAIL", words)
print(f"lapsed: {len(lapsed)} {lapsed[:3]} without: {len(without)} {without[:3]}")
END
while read -r word rest; do
	case $word in
	ok) pass "$rest" ;;
	FAIL) fail "$rest" ;;
	*) echo "$word $rest" ;;
	esac
done <"$TEST_TMP/verdict"
echo "renewals: $(enforcer_count '^renewed'), openings: $(enforcer_count '^opened'), withdrawn: $(enforcer_count '^withdrawn'), trouble: $(enforcer_count '^trouble')"
finish
