#!/bin/bash
# What verify and probe print: fit for a terminal whatever the peer put into its
# certificate, within 80 columns, as data that parses, with the right exit code.
. "$(dirname "$0")/lab.sh"
. "$SP_ROOT/tests/lib/sarif.sh"
firewall_lab
certificates good bidi expired

web evil bidi "$S4:443"
web old expired "$S4:444" "[$S6]:444"
web good good "$S4:445"
for port in 443 444 445 446; do
	printf '\n[service a-service-with-a-long-name-%d]\nport = %d\ntls = required\nname = %s\nca = %s\n' \
		$port $port $NAME "$PKI/root.pem"
done | policy

# Nothing but printable characters and line breaks, no bidirectional controls.
harmless() { # what
	check_equal "$1: nothing that a terminal obeys" "" \
		"$(LC_ALL=C grep -nP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80[\xaa-\xae\x8e\x8f]' "$TEST_TMP/.output")"
}
narrow() {
	check_equal "$1: within 80 columns" "" "$(grep -nE '^.{81,}$' "$TEST_TMP/.output")"
}

check_exit 1 "verify" sp verify "$POLICY"
harmless "verify"
narrow "verify"
check_match "a row per port" '^445/tcp +a-service.*' "$output"
check_match "the lease's end is told" 'lease until 20[0-9-]+ [0-9:]+ UTC' "$(tr -s ' \n' ' ' <<<"$output")"

probe() { sp probe --ca "$PKI/root.pem" "$@"; }
check_exit 0 "probe of a name full of tricks" probe --name $NAME "$S4:443"
harmless "probe"
narrow "probe"
check_match "the subject is shown" 'O=evil ' "$output"
check_exit 0 "the same as JSON" probe --name $NAME --format json "$S4:443"
harmless "probe as JSON"
check_exit 1 "verify as JSON" sp verify --format json "$POLICY"
harmless "verify as JSON"
check "it has a version, a verdict per port, findings with references" /usr/bin/python3 - "$TEST_TMP/.output" <<'END'
import json, sys
report = json.load(open(sys.argv[1]))
assert report["version"] == 1 and report["pass"] is False
ports = {port["port"]: port for port in report["ports"]}
assert [ports[p]["outcome"] for p in (443, 444, 445, 446)] == ["pass", "fail", "pass", "absent"]
assert ports[445]["lease"]["not_after"].endswith("Z") and len(ports[445]["lease"]["evidence"]) == 64
assert ports[444]["lease"] is None and len(ports[444]["endpoints"]) == 2
for endpoint in ports[444]["endpoints"]:
    assert [f["id"] for f in endpoint["findings"] if f["weight"] == "fail"] == ["certificate_expired"]
    assert endpoint["findings"][0]["reference"].startswith("RFC 5280")
    answers = {a["question"]: a["answer"] for a in endpoint["answers"]}
    assert {"tls13", "tls12", "tls11", "tls10", "sslv3", "sslv2"} < set(answers), answers
    assert answers["tls12"] == "yes" and answers["sslv3"] == "no", answers
    assert answers["tls12_forbidden_suites"] == "no" and answers["tls12_control"] == "yes", answers
    assert answers["fallback_scsv"] == "not asked", answers
    assert endpoint["certificates"][0]["days_left"] < 0
    # tls.md: at most 16 of each address, port and name.
    assert 10 <= endpoint["connections"] <= 16
END
schema() { /usr/bin/python3 "$SP_ROOT/tests/lib/schema.py" "$SP_ROOT/$1" "$TEST_TMP/.output"; }
check "verify's JSON is what its schema says" schema src/report/verify.schema.json
check_exit 1 "verify as SARIF" sp verify --format sarif "$POLICY"
harmless "verify as SARIF"
check_sarif "verify's SARIF is what the standard says" "$TEST_TMP/.output"
cp "$TEST_TMP/.output" "$TEST_TMP/verify.sarif"
if whole=$(sarif_schema); then
	sed 's/"level": "error"/"level": "grave"/' "$TEST_TMP/verify.sarif" >"$TEST_TMP/.output"
	check_not "and another level is not" /usr/bin/python3 "$SP_ROOT/tests/lib/schema.py" "$whole" "$TEST_TMP/.output" >/dev/null
	cp "$TEST_TMP/verify.sarif" "$TEST_TMP/.output"
fi
check "each finding stands on its service's line" /usr/bin/python3 - "$TEST_TMP/.output" "$POLICY" <<'END'
import json, sys, urllib.parse
lines = open(sys.argv[2]).read().splitlines()
seen = set()
for result in json.load(open(sys.argv[1]))["runs"][0]["results"]:
    place = result["locations"][0]["physicalLocation"]
    assert urllib.parse.urlparse(place["artifactLocation"]["uri"]).path == sys.argv[2], place
    line = lines[place["region"]["startLine"] - 1]
    assert line == f"[service {result['properties']['services'][0]}]", line
    seen.add((result["ruleId"], line[-4:-1]))
assert {("certificate_expired", "444"), ("verified", "445"), ("absent", "446")} <= seen, seen
END
check_exit 1 "verify as Markdown" sp verify --format markdown "$POLICY"
check_match "a row per port" '^[|] 445/tcp [|] .* pass [|]' "$output"
check_exit 2 "verify as nft" sp verify --format nft "$POLICY"

# --- probe -----------------------------------------------------------------
check_exit 1 "probe of an expired one, IPv6" probe --name $NAME "[$S6]:444"
check_match "says so" 'certificate expired on' "$output"
check_exit 0 "a probe's JSON" probe --name $NAME --format json "$S4:445"
check "is what the schema says" schema src/report/verify.schema.json
check_exit 0 "a probe's SARIF" probe --name $NAME --format sarif "$S4:445"
check_sarif "is what the standard says" "$TEST_TMP/.output"
check_exit 0 "a probe's Markdown" probe --name $NAME --format markdown "$S4:445"
check_exit 1 "a probe by another profile" probe --name $NAME --profile nist-800-52r2 --format json "$S4:444"
check_match "is judged by it" '"profile": "nist-800-52r2"' "$output"
check_exit 1 "an address wants a certificate for it" probe "$S4:445"
check_match "says so" 'not valid for 192.0.2.1' "$(tr -s ' \n' ' ' <<<"$output")"
check_exit 0 "--name none looks at the chain alone" probe --name none "$S4:445"
check_exit 1 "two names" probe --name $NAME --name other.example.com "$S4:445"
check_exit 1 "nobody there" probe --name none "$S4:1"
check_match "says so" 'Connection refused' "$output"
in_host server ip address add 127.0.0.1/8 dev lo 2>/dev/null
web here good 127.0.0.1:447
check_exit 0 "a name is resolved" probe --name $NAME localhost:447
check_match "to its address" '127.0.0.1:447: pass' "$output"
check_exit 3 "a name that there is not" probe no-such-host.invalid:443
check_match "says so" 'no-such-host.invalid' "$errors"
check_exit 1 "the system's trust store does not know it" sp probe --name $NAME "$S4:445"
for operand in "" ":" ":443" "host" "host:" "host:0" "host:65536" "host:44x" "::1:443" "[::1]" "[::1:443" \
	"[]:443" "b@d:443" "$(printf 'a%.0s' {1..300}):443"; do
	check_exit 2 "probe '${operand:0:20}'" probe "$operand"
done
check_exit 2 "a name that is none" probe --name 'ü.example' "$S4:445"
check_exit 2 "a profile that there is not" probe --profile none "$S4:445"
check_exit 2 "a dialect that there is not" probe --starttls gopher "$S4:445"
check_exit 2 "no operand" probe
check_exit 2 "verify with a profile that there is not" sp verify --profile none "$POLICY"
check_exit 2 "verify of no policy" sp verify "$TEST_TMP/nothing.ini"
printf '[service ssh]\n' | policy
check_exit 0 "a policy without TLS has nothing to verify" sp verify "$POLICY"
finish
