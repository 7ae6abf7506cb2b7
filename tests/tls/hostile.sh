#!/bin/bash
# hostile.py's servers, every one of them, asked by the real prober: none passes, each
# has its end by the port's deadline and 100 ms, and nothing that any of them says
# reaches a terminal. hostile-many.sh asks what fifty at once do to healthy ones.
. "$(dirname "$0")/lab.sh"
/usr/bin/python3 -c 'import cryptography' 2>/dev/null || skip "python3-cryptography is not installed"
firewall_lab
few_addresses
certificates good
options=(--timeout 1 --port-timeout 2)
deadline=2000 # ms: the port's
hostile() { /usr/bin/python3 -B "$SP_ROOT/tests/tls/hostile.py" "$@"; }
server_start hostile server /usr/bin/python3 -B "$SP_ROOT/tests/tls/hostile.py" \
	serve $first_port "$PKI/good.pem" "$PKI/good.key" $NAME
wait_until 20 grep -q '^ready' "$TEST_TMP/hostile.log" || abort "$(tail -n 3 "$TEST_TMP/hostile.log")"

# port | name | verdict | dialect
hostile list | awk -v port=$first_port '{ print port++, $0 }' >"$TEST_TMP/table"
declare -A ports dialects
while read -r port name _ dialect; do
	ports[$name]=$port dialects[$name]=$dialect
done <"$TEST_TMP/table"
behaviours=$(grep -cvE ' (control-[0-9]+ inconclusive|[^ ]+ pass) ' "$TEST_TMP/table")
check "at least forty behaviours ($behaviours)" test "$behaviours" -ge 40

# policy_of <NAMES
policy_of() {
	local name lines
	while read -r name; do
		lines=
		[[ ${dialects[$name]} == - ]] || lines="starttls = ${dialects[$name]}"
		row_policy "$name" "${ports[$name]}" "$lines"
	done | policy
}

# judge.py TABLE REPORT DEADLINE: a line for each, and how late the last one ended. "again"
# is who may not be to blame: late, or silent where something was to be said, which a
# machine that others use too may be the reason for. A pass has no excuse.
cat >"$TEST_TMP/judge.py" <<'END'
import json, sys

table = {int(words[0]): words[1:3] for words in map(str.split, open(sys.argv[1]))}
deadline = int(sys.argv[3])
behind = {}
for port in json.load(open(sys.argv[2]))["ports"]:
    name, wanted = table[port["port"]]
    (endpoint,) = port["endpoints"]
    behind[name] = endpoint["ended_ms"] - endpoint["began_ms"] - deadline
    opened = port["outcome"] == "pass" or port["lease"] is not None
    if port["outcome"] in wanted.split("/") and opened == (wanted == "pass"):
        print("ok", name, port["outcome"], port["reason"])
    else:
        print("FAIL" if opened else "again", name, f"not {wanted}:", port["outcome"], port["reason"])
# Who says nothing ends at the very deadline: as late as that is this machine itself.
silent = max([each for name, each in behind.items() if name.startswith("control")] + [0])
last = max(behind, key=behind.get)
print(f"the last end, of {len(behind)}: {behind[last]} ms after its deadline, {last}; who says nothing: {silent} ms")
for name, late in behind.items():
    if late > 100 + silent:
        print("again", name, f"{late} ms after its deadline")
END
# ask: verify, each verdict checked; $again has the names of those to ask once more.
again=()
ask() {
	local line
	again=()
	run sp verify --format json "${options[@]}" "$POLICY"
	check_equal "verify exits 1" 1 "$status"
	/usr/bin/python3 "$TEST_TMP/judge.py" "$TEST_TMP/table" "$TEST_TMP/.output" $deadline \
		>"$TEST_TMP/judged" || abort "verify printed no such JSON: $errors"
	while IFS= read -r line; do
		case $line in
		"ok "*) pass "${line#ok }" ;;
		"FAIL "*) fail "${line#FAIL }" ;;
		"again "*)
			line=${line#again }
			again+=("${line%% *}")
			;;
		esac
	done <"$TEST_TMP/judged"
	grep -E '^(the last|again)' "$TEST_TMP/judged"
}

cut -d' ' -f2 "$TEST_TMP/table" | policy_of
ask
check_equal "every row has a verdict" "$(wc -l <"$TEST_TMP/table")" \
	"$(awk '/^(ok|FAIL|again)/ { print $2 }' "$TEST_TMP/judged" | sort -u | wc -l)"
cp "$TEST_TMP/.output" "$TEST_TMP/json"
cp "$POLICY" "$TEST_TMP/all.ini"
# What has a reason of its own is so every time.
for try in 2 3; do
	((${#again[@]})) || break
	printf '%s\n' control-0 "${again[@]}" control-1 control-2 | sort -u | policy_of
	ask
done
check_equal "each has its verdict, and its end by its deadline and 100 ms" "" "${again[*]}"

# --- --intrusive -------------------------------------------------------------
intruded=(drip-server-hello warnings-flood hello-request-flood data-flood warnings-in-flight
	hello-requests-slowly silence-mid-certificate)
behind() { # NAME: ms
	/usr/bin/python3 -c 'import json, sys
(endpoint,) = json.load(open(sys.argv[1]))["ports"][0]["endpoints"]
print(endpoint["ended_ms"] - endpoint["began_ms"] - int(sys.argv[2]))' "$TEST_TMP/$1.intrusive" $deadline
}
# intrude NAME...: at once; $again has the late ones.
intrude() {
	local name probes=() silent took
	for name in silence "$@"; do
		in_host server timeout 60 "$SALLYPORT" probe --quiet --intrusive --format json --name $NAME \
			--ca "$PKI/root.pem" "${options[@]}" "$S4:${ports[$name]}" >"$TEST_TMP/$name.intrusive" 2>/dev/null &
		probes+=($!)
	done
	wait "${probes[@]}"
	again=()
	silent=$(behind silence) || abort "no report of an intrusive probe"
	for name; do
		took=$(behind "$name") || took=99999
		echo "$name, asked intrusively: $took ms after its deadline; who says nothing: $silent ms"
		((took <= 100 + (silent > 0 ? silent : 0))) || again+=("$name")
	done
}
intrude "${intruded[@]}"
for try in 2 3; do
	((${#again[@]})) || break
	intrude "${again[@]}"
done
check_equal "asked intrusively each has its end by its deadline and 100 ms" "" "${again[*]}"

# --- what is opened ----------------------------------------------------------
# Every port that takes a connection from outside.
reached() {
	in_host client /usr/bin/python3 - "$S4" $first_port "$(wc -l <"$TEST_TMP/table")" <<'END'
import asyncio, sys

address, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

async def knock(port):
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), 3)
        writer.close()
        return port
    except ConnectionResetError:
        return port  # taken, and then reset
    except (OSError, TimeoutError):
        return None

async def main():
    print(*filter(None, await asyncio.gather(*map(knock, range(first, first + count)))))

asyncio.run(main())
END
}
check_equal "before, every one of them is open" "$(cut -d' ' -f1 "$TEST_TMP/table" | paste -sd' ')" "$(reached)"
good="${ports[good-12]} ${ports[good-13]}"
for try in 1 2 3; do # a good one may be late on a busy machine
	check_exit 0 "apply" sp apply "${options[@]}" "$TEST_TMP/all.ini"
	open=$(reached)
	check_equal "nobody hostile is open" "" "$(tr ' ' '\n' <<<"$open" | grep -vxF "${good// /$'\n'}")"
	[[ $open != "$good" ]] || break
done
check_equal "the two that do nothing wrong are" "$good" "$open"

# --- what reaches a terminal -------------------------------------------------
mv "$TEST_TMP/json" "$TEST_TMP/told.json"
for format in text markdown sarif; do
	sp verify --format $format "${options[@]}" "$TEST_TMP/all.ini" >"$TEST_TMP/told.$format" 2>&1
	check_equal "verify --format $format exits 1" 1 $?
done
while read -r port name _ dialect; do
	[[ $name =~ ^(escapes|bidi|invalid|dates|names?-|tls13-plain-text|greeting-flood|garbage) ]] || continue
	more=()
	[[ $dialect == - ]] || more=(--starttls "$dialect")
	sp probe --name $NAME --ca "$PKI/root.pem" "${options[@]}" "${more[@]}" "$S4:$port" \
		>"$TEST_TMP/told.probe-$name" 2>&1
	check_equal "probe of $name exits 1" 1 $?
done <"$TEST_TMP/table"
/usr/bin/python3 - "$TEST_TMP"/told.* >"$TEST_TMP/obeyed" <<'END'
import sys, unicodedata

for path in sys.argv[1:]:
    name = path.rpartition("told.")[2]
    text = open(path, "rb").read().decode(errors="surrogateescape")
    # Controls, format characters, separators of lines and paragraphs, no UTF-8 at all.
    found = {f"U+{ord(c):04X}" for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs")}
    if found or not text:
        print(name, *sorted(found))
END
check_equal "no byte that a terminal obeys, in $(find "$TEST_TMP" -name 'told.*' | wc -l) reports" "" "$(<"$TEST_TMP/obeyed")"
# The names were told, and not left out.
check_match "escapes are told as text" '\\x1b\]0;owned\\x07\\x1b\[2J' "$(<"$TEST_TMP/told.text")"
check_match "of a certificate too" 'x1b|\\1B' "$(<"$TEST_TMP/told.probe-escapes-in-subject")"
check_match "and bidirectional controls" 'xe2\\x80\\xae' "$(<"$TEST_TMP/told.probe-bidi-in-subject")"
finish
