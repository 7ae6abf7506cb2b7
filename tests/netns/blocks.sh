#!/bin/bash
# Long lists as hash sets of blocks: edited at random, the kernel holds each time what the
# list says, by nft's own reading; and no packet slips through while blocks move from one
# set to another.
. "$(dirname "$0")/../lib/enforcer.sh"
# In an emulated machine each of them takes a minute.
read -ra edits <<<"${SP_EDITS:-0 1 2 3 4 5 6}"
enforcer_lab
C4=198.18.0.9 D4=198.18.5.12
addresses client eth0 $C4/32 $D4/32
answer server tcp/22

# The list, and what becomes of it: `edit N`. Blocks of 20, 24, 28 and 32 bits, and ranges.
cat >"$TEST_TMP/list.py" <<'END'
import ipaddress, random, sys
path, family, edit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = random.Random(edit * 10 + family)
address = ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
bits = 32 if family == 4 else 128
lengths = (20, 24, 28, 32) if family == 4 else (40, 48, 64, 128)
base = 2**24 * 20 if family == 4 else 0x2a00 << 112
span = 2**31 if family == 4 else 2**112
def prefix():
    length = rng.choices(lengths, (1, 40, 10, 49))[0]
    first = base + rng.randrange(span) >> bits - length << bits - length
    return f"{address(first)}/{length}"
def spread():
    first = base + rng.randrange(span)
    return f"{address(first)}-{address(first + rng.randrange(2, 40))}"
if edit == 0:
    lines = [prefix() for _ in range(40000)] + [spread() for _ in range(50)]
else:
    lines = open(path).read().split("\n")[:-1]
    for _ in range(20):
        lines.pop(rng.randrange(len(lines)))
    lines += [prefix() for _ in range(20)] + [spread() for _ in range(5)]
    # Neighbours, which join what stands there: blocks of another length, or a range.
    for line in rng.sample([line for line in lines if "/" in line], 20):
        network = ipaddress.ip_network(line)
        beside = int(network.network_address) ^ network.num_addresses
        lines.append(f"{address(beside)}/{network.prefixlen}")
    if edit == 4:
        lines += [prefix() for _ in range(30000)]
    if edit == 6:
        lines = rng.sample(lines, 30000)
open(path, "w").write("\n".join(lines) + "\n")
END
# The addresses of the list's sets as nft lists them, against the list's own.
cat >"$TEST_TMP/same.py" <<'END'
import ipaddress, json, sys
path, family = sys.argv[1], int(sys.argv[2])
bits = 32 if family == 4 else 128
def number(text):
    return int(ipaddress.ip_address(text))
def normal(ranges):
    done = []
    for first, last in sorted(ranges):
        if done and first <= done[-1][1] + 1:
            done[-1][1] = max(done[-1][1], last)
        else:
            done.append([first, last])
    return done
def of_line(line):
    if "-" in line:
        return tuple(number(end) for end in line.split("-"))
    network = ipaddress.ip_network(line)
    return int(network.network_address), int(network.broadcast_address)
def of_element(element, block):
    if block:
        first = number(element)
        return first, first + 2 ** (bits - block) - 1
    if isinstance(element, dict) and "prefix" in element:
        return of_line(f"{element['prefix']['addr']}/{element['prefix']['len']}")
    if isinstance(element, dict):
        return tuple(number(end) for end in element["range"])
    return number(element), number(element)
held, hashes, matched = [], 0, set()
for thing in json.load(sys.stdin)["nftables"]:
    if "set" not in thing or not thing["set"]["name"].startswith(f"addr-bad-{family}"):
        continue
    block = 0 if "interval" in thing["set"].get("flags", []) else int(thing["set"]["name"].rsplit("/", 1)[1])
    hashes += block != 0
    held += [of_element(element, block) for element in thing["set"].get("elem", [])]
wanted = normal(of_line(line) for line in open(path).read().split())
print(f"{hashes} hash sets, {len(held)} elements, {len(wanted)} intervals: {'the same' if normal(held) == wanted else 'different'}")
END
policy <<END
[addresses bad]
file = bad4.txt, bad6.txt
action = block
[service ssh]
tls = none
END
check_lists() {
	local family said
	for family in 4 6; do
		said=$(in_host server nft -j list sets inet |
			/usr/bin/python3 "$TEST_TMP/same.py" "$TEST_TMP/bad$family.txt" $family)
		check_match "$1, IPv$family: $said" '^[1-9][0-9]* hash sets.*the same$' "$said"
	done
}
for edit in "${edits[@]}"; do
	for family in 4 6; do
		/usr/bin/python3 "$TEST_TMP/list.py" "$TEST_TMP/bad$family.txt" $family $edit
	done
	check_exit 0 "edit $edit applied" sp apply --quiet --no-verify "$POLICY"
	check_lists "edit $edit"
done
run sp apply --no-verify "$POLICY"
check_match "what stands is known" '^Nothing to do' "$output"
# By another's hand: the sets are read again.
set=$(in_host server nft list sets inet | sed -nE 's,^.*set (addr-bad-4/[^ ]*/24) .*,\1,p' | head -n 1)
in_host server nft add element inet sallyport "$set" '{ 20.1.2.3 }'
check_exit 1 "a key that is no block's is somebody else's" sp diff "$POLICY"
check_exit 0 "and goes" sp apply --quiet --no-verify "$POLICY"
check_lists "after another's hand"

((${#edits[@]} > 2)) || finish
# Blocked by both lists, and each time by a block of another length.
cp "$TEST_TMP/bad4.txt" "$TEST_TMP/rest.txt"
{ cat "$TEST_TMP/rest.txt" && echo 198.18.0.9 && echo 198.18.4.0/23; } >"$TEST_TMP/one.txt"
{ cat "$TEST_TMP/rest.txt" && echo 198.18.0.0/24 && echo 198.18.5.12; } >"$TEST_TMP/two.txt"
cp "$TEST_TMP/one.txt" "$TEST_TMP/bad4.txt"
check_exit 0 "the first list" sp apply --quiet --no-verify "$POLICY"
export PATIENCE=0.95
timeline_start 2 <<END
neither-nine connect $C4 $S4:22
neither-twelve connect $D4 $S4:22
both connect $A4 $S4:22
END
failed=0
for ((i = 0; i < 40; i++)); do
	list=one
	((i % 2)) || list=two
	cp "$TEST_TMP/$list.txt" "$TEST_TMP/bad4.txt"
	sp apply --quiet --no-verify "$POLICY" >/dev/null 2>&1 || failed=$((failed + 1))
done
timeline_stop
tally() { awk -v name="$1" -v fate="$2" '$2 ~ "^" name && $3 == fate' "$TEST_TMP/timeline" | wc -l; }
echo "neither: $(tally neither shut) shut; both: $(tally both open) open"
check_equal "every list was committed" 0 "$failed"
check "connections were tried" test "$(tally neither shut)" -gt 500 -a "$(tally both open)" -gt 500
check_equal "none that both lists block got through" 0 $(($(tally neither open) + $(tally neither reset)))
check_equal "none that both allow was refused" 0 $(($(tally both shut) + $(tally both reset)))
finish
