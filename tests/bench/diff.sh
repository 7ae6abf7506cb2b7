#!/bin/bash
# diff of two policies: a thousand services of a thousand prefixes each, and one
# service of a million, different on both sides. Whole processes, best of three;
# with reading both, and what the comparison takes of it.
. "$(dirname "$0")/../lib/sallyport.sh"
build=${SP_RELEASE:-${SP_BUILD:-$SP_ROOT/build/release}}
SALLYPORT=$build/src/cli/sallyport
! nm --undefined-only "$SALLYPORT" 2>/dev/null | grep -q __asan_init ||
	skip "figures of a sanitizer's build say nothing: tests/run --release, or --long"
need_sallyport
need_command /usr/bin/python3
cd "$TEST_TMP" || abort "no $TEST_TMP"

/usr/bin/python3 - <<'END' || abort "no policies"
import random

def prefixes(rng, count):
    for i in range(count):
        if i % 4 == 3:
            yield f"2001:db8:{rng.getrandbits(16):x}:{rng.getrandbits(16):x}::/64"
        elif count < 100000:
            yield f"{rng.randint(1, 223)}.{rng.getrandbits(8)}.{rng.getrandbits(8)}.0/24"
        else:
            yield f"{rng.randint(1, 223)}.{rng.getrandbits(8)}.{rng.getrandbits(8)}.{rng.getrandbits(8)}"

def policy(path, seed, services, count, same_port=False, block=0):
    rng = random.Random(seed)
    with open(path, "w") as file:
        file.write("[policy]\nversion = 1\n")
        if block:
            file.write("\n[addresses bad]\naction = block\nelements = " + ",\n\t".join(prefixes(rng, block)) + "\n")
        for i in range(services):
            file.write(f"\n[addresses a{i}]\nelements = " + ",\n\t".join(prefixes(rng, count)) + "\n")
            file.write(f"\n[service s{i}]\nport = {7000 if same_port else 10000 + i}\ntls = none\nfrom = @a{i}\n")

for side in (1, 2):
    policy(f"many{side}.ini", side, 1000, 1000)
    policy(f"shared{side}.ini", side, 1000, 1000, same_port=True)
    policy(f"million{side}.ini", side, 1, 1000000)
    policy(f"blocked{side}.ini", 3, 1000, 20, block=1000000 if side == 1 else 1000001)
END

# figures COMMAND...: seconds and KiB of the fastest of three.
figures() {
	local i
	for i in 1 2 3; do
		"$build/tests/bench/measure" "$@" 2>/dev/null | tail -n 1
	done | sort -n | head -n 1
}
below() { awk "BEGIN { exit !($1 < $2) }"; }
# measure NAME WHAT MOST-SECONDS: of the comparison alone, reading left out.
measure() {
	local seconds peak one two alone
	read -r seconds peak _ <<<"$(figures "$SALLYPORT" diff --quiet "$1"1.ini "$1"2.ini)"
	# A question about one packet takes reading and compiling, and little else.
	read -r one _ <<<"$(figures "$SALLYPORT" explain --from 192.0.2.1 --port 1/tcp "$1"1.ini)"
	read -r two _ <<<"$(figures "$SALLYPORT" explain --from 192.0.2.1 --port 1/tcp "$1"2.ini)"
	alone=$(awk "BEGIN { printf \"%.2f\", $seconds - $one - $two }")
	# Seconds are told, not tested: the machine may be busy. Bytes are the same.
	echo "$2: $alone s and $((peak / 1024)) MB; with reading both policies $(printf %.2f "$seconds") s (aim: $3)"
	check "$2 below 500 MB ($((peak / 1024)))" below "$((peak / 1024))" 500
}
measure many "1,000 services of 1,000 prefixes" 1
measure shared "1,000 services of 1,000 prefixes on one port" 1
measure million "a million prefixes in one service" 5
measure blocked "1,000 services behind block lists of a million" 5

# Policies of many services, as a whole process sees them.
read -r seconds peak _ <<<"$(figures "$SALLYPORT" check --quiet many1.ini)"
echo "check of 1,000 services of 1,000 prefixes: $seconds s and $((peak / 1024)) MB"
read -r seconds peak _ <<<"$(figures "$SALLYPORT" check --quiet million1.ini)"
echo "check of a million prefixes: $seconds s and $((peak / 1024)) MB (aim: 0.6 s)"
finish
