#!/bin/bash
# Applying a policy of twenty services against `nft -f` of the same ruleset:
# whole processes, each from an empty namespace, by turns; medians of twenty.
. "$(dirname "$0")/../lib/sallyport.sh"
build=${SP_RELEASE:-${SP_BUILD:-$SP_ROOT/build/release}}
SALLYPORT=$build/src/cli/sallyport
[[ $(nm --undefined-only "$SALLYPORT" 2>/dev/null) != *__asan_init* ]] ||
	skip "figures of a sanitizer's build say nothing: tests/run --release, or --long"
firewall_lab

{
	for i in $(seq 1 14); do
		printf '\n[service plain%d]\nport = %d\ntls = none\nfrom = 10.%d.0.0/16, 192.168.%d.0/24, fd00:%d::/32\n' \
			"$i" $((2000 + i)) "$i" "$i" "$i"
	done
	for i in $(seq 1 5); do
		printf '\n[service web%d]\nuse = https\nport = %d\nname = www%d.example.com\n' "$i" $((8440 + i)) "$i"
	done
	printf '\n[service bulk]\nport = 9000-9099\nprotocol = tcp, udp\ntls = none\nrate = 100/minute burst 50\n'
} | policy
apply
ruleset >"$TEST_TMP/same.nft"
check_equal "twenty services" 20 "$(grep -c 'counter svc-' "$TEST_TMP/same.nft")"

in_host server /usr/bin/python3 - "$build/tests/bench/measure" "$TEST_TMP/same.nft" "$SALLYPORT" apply --quiet \
	--state "$STATE" --run "$RUN" --no-verify "$POLICY" >"$TEST_TMP/figures" <<'END' || abort "the measurement failed"
import statistics, subprocess, sys

measure, same, *ours = sys.argv[1:]
empty = ["nft", "delete", "table", "inet", "sallyport"]

def once(command):
    """Seconds of wall time and KiB of peak memory."""
    subprocess.run(empty, check=True)
    figures = subprocess.run([measure, *command], check=True, capture_output=True, text=True)
    seconds, peak, *_ = figures.stdout.split()
    return float(seconds), int(peak)

runs = {"ours": [], "nft": []}
for command in (ours, ["nft", "-f", same]):
    once(command)  # warms caches
for _ in range(20):
    runs["ours"].append(once(ours))
    runs["nft"].append(once(["nft", "-f", same]))
ours_time, nft_time = (statistics.median(t for t, _ in runs[name]) for name in ("ours", "nft"))
ours_peak, nft_peak = (max(m for _, m in runs[name]) for name in ("ours", "nft"))
print(f"{ours_time * 1e3:.2f} {nft_time * 1e3:.2f} {ours_time / nft_time:.2f} {ours_peak / 1024:.1f} {nft_peak / 1024:.1f}")
END
read -r ours nft ratio ours_peak nft_peak <"$TEST_TMP/figures"
echo "apply: $ours ms, $ours_peak MB; nft -f: $nft ms, $nft_peak MB; ratio $ratio"
# A ratio by the clock is reported, not tested: the machine may be busy. Bytes
# are the same on a busy one.
check "at most 10 MB at its peak ($ours_peak)" awk "BEGIN { exit !($ours_peak <= 10) }"
finish
