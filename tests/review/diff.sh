#!/bin/bash
# diff OLD NEW: what is said of two policies, in every format, and exit codes.
. "$(dirname "$0")/../lib/test.sh"
. "$SP_ROOT/tests/lib/sarif.sh"
need_command /usr/bin/python3
need_sallyport
cd "$TEST_TMP" || abort "no $TEST_TMP"
write() {
	{ printf '[policy]\nversion = 1\n' && cat; } >"$1"
}
compare() { "$SALLYPORT" diff "$@" old.ini new.ini; }

# The specification's own example.
write old.ini <<'END'

[service https]
name = www.example.com
from = 10.0.0.0/8, fd00::/8

[service telnet]
from = 10.0.0.0/8

[service mail]
use = smtp
tls = none
allow_lint = plain-for-tls, plain-from-any
END
write new.ini <<'END'

[service https]
name = www.example.com

[service mail]
use = smtp
name = mail.example.com
END
check_exit 1 "differences" compare
check_equal "in the specification's words" "\
~ https          443/tcp  opens      any but 10.0.0.0/8, fd00::/8     new.ini:4
      e.g. 203.0.113.1 → 443/tcp: drop → accept while verified
! mail            25/tcp  needs TLS from now on (starttls)            new.ini:7
      e.g. 203.0.113.1 → 25/tcp: accept → accept while verified
- telnet          23/tcp  closes     10.0.0.0/8                       old.ini:8
      e.g. 10.0.0.1 → 23/tcp: accept → drop
Plan: 1 opens, 1 closes, 1 tightened. 4,278,190,080 IPv4 and
18,374,686,479,671,623,680 IPv6/64 sources gain 443/tcp." "$output"
check_equal "nothing on standard error" "" "$errors"
check_exit 1 "--fail-on opens: something opens" compare --fail-on opens
schema() {
	/usr/bin/python3 -c '
import json, sys
import jsonschema
jsonschema.Draft202012Validator(json.load(open(sys.argv[1]))).validate(json.load(open(sys.argv[2])))
' "$SP_ROOT/src/report/diff.schema.json" "$1"
}
compare --format json >out.json
check "JSON follows the schema" schema out.json
field() { /usr/bin/python3 -c 'import json, sys; d = json.load(open("out.json")); print(eval(sys.argv[1]))' "$1"; }
check_equal "exact sources" "['0.0.0.0-9.255.255.255', '11.0.0.0-255.255.255.255']" "$(field 'd["changes"][0]["sources"][:2]')"
check_equal "both lines" "4 4" "$(field '"%d %d" % tuple(c["decided_by"]["at"]["line"] for c in (d["changes"][0]["after"]["verified"], d["changes"][0]["after"]["verified"]))')"

# The other way round nothing opens but telnet, and mail needs no proof.
mv old.ini x && mv new.ini old.ini && mv x new.ini
check_exit 1 "the other way" compare
check_match "a new service" '^\+ telnet +23/tcp +opens +10\.0\.0\.0/8 +new\.ini:8$' "$output"
check_match "a proof that is asked for no longer" '^~ mail +25/tcp +opens without a proof of TLS from now on' "$output"
check_match "what closes" '^~ https +443/tcp +closes +any but 10\.0\.0\.0/8, fd00::/8' "$output"

# Demands on TLS, settings, rates, reject for drop.
write old.ini <<'END'
icmp = ping

[service https]
name = a.example
lease = 24h

[service ssh]
rate = 10/minute burst 5

[service ident]
action = block
END
write new.ini <<'END'
icmp = minimal
default = reject

[service https]
name = a.example, b.example
lease = 48h
profile = legacy
revoke = cut

[service ssh]
rate = 20/minute burst 5
log = yes

[service ident]
action = reject
END
sed -i '/^profile/d' new.ini
check_exit 1 "demands" compare
check_match "names" '^! https +443/tcp +TLS tightens: name = a\.example, b\.example, was$' "$output"
check_match "the lease" 'TLS loosens: lease = 2d, was 1d' "$output"
check_match "revoke" 'TLS tightens: revoke = cut, was drain' "$output"
check_match "a higher rate" '^~ ssh +22/tcp +loosens +any' "$output"
check_match "reject for drop" '^~ ident +113/tcp +changes +any' "$output"
check_match "icmp" '^\* icmp: minimal, was ping' "$output"
check_match "the default" '^\* default: reject, was drop' "$output"
check_match "logs" '^\* log of \[service ssh\]: yes, was no' "$output"
check_exit 0 "--fail-on opens: nothing opens" compare --fail-on opens
check_equal "every line fits 80 columns" "" "$(compare | LC_ALL=C.UTF-8 awk 'length($0) > 80')"
compare --format json >out.json
check "JSON follows the schema" schema out.json

# What no packet meets today: who stays in at boot and in a lockdown, and which
# addresses have to prove themselves too.
write old.ini <<'END'
lockdown = ssh, backdoor

[service ssh]
[service backdoor]
port = 2222
tls = none
[service https]
name = a.example
listen = 192.0.2.1, 192.0.2.7
END
sed 's/^lockdown = .*/lockdown = backdoor, ssh/; s/^listen = .*/listen = 192.0.2.7, 192.0.2.1/' old.ini >new.ini
check_exit 0 "another order is no difference" compare
sed '/^lockdown/d; /^listen/s/192.0.2.1, //' old.ini >new.ini
check_exit 1 "the way in goes" compare
check_match "lockdown" '^\* lockdown: none, was backdoor, ssh' "$output"
check_match "listen" '^! https +443/tcp +TLS changes: listen = 192\.0\.2\.7, was' "$output"
compare --format json >out.json
check "JSON follows the schema" schema out.json

# A profile that changes and keeps its name.
write old.ini <<'END'

[profile mine]
base = baseline

[service https]
name = a.example
profile = mine
END
sed 's/^base = .*/&\nmin_rsa_bits = 3072/' old.ini >new.ini
check_exit 1 "a profile's key" compare
check_match "is a change of demands" '^! https +443/tcp +TLS changes: profile = mine \(min_rsa_bits = 3072\),' "$output"
check_equal "and the only one" 1 "$(grep -c '^!' <<<"$output")"

# A list that goes on in a second line, where it changes.
suites="TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, ECDHE-RSA-AES128-GCM-SHA256, ECDHE-RSA-AES256-GCM-SHA384"
sed "s/^base = .*/&\nciphers = $suites/" old.ini >new.ini
sed "s/^base = .*/&\nciphers = $suites, ECDHE-RSA-AES256-SHA/" old.ini >newer.ini
check_exit 1 "a long list" "$SALLYPORT" diff --format json new.ini newer.ini
check_equal "what is new in it is told" 'profile True False' "$(/usr/bin/python3 -c '
import json, sys
for row in json.loads(sys.argv[1])["tls"]:
    print(row["key"], *("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA" in row[side] for side in ("after", "before")))
' "$output")"

# A file's name is nobody's way into a terminal or a comment.
hostile=$'a\n| x | **approved**\e[31m\u202e.ini'
cp new.ini "$hostile"
for format in text markdown; do
	check_exit 1 "a hostile name, $format" "$SALLYPORT" diff --format $format newer.ini "$hostile"
	check_match "is told" 'a\\+x0a' "$output"
	check_no_match "as it may be" $'\e|\u202e|^\\| x' "$output"
done
check_exit 0 "no difference" "$SALLYPORT" diff new.ini "$hostile"
check_no_match "is told" $'\e|\u202e|^\\| x' "$output"
check_exit 0 "nor in check" "$SALLYPORT" check "$hostile"
check_no_match "is it told" $'\e|\u202e|^\\| x' "$output"
check_exit 2 "nor of what is not there" "$SALLYPORT" check "x$hostile"
check_no_match "does an error" $'\e|\u202e|^\\| x' "$errors"

# Places: interfaces, local addresses, families.
write old.ini <<'END'

[service dns]
interface = eth*
END
write new.ini <<'END'

[service dns]
interface = eth0, wg*
to = 192.0.2.1
END
check_exit 1 "places" compare
check_match "opens on the new interface" '^~ dns +53/tcp +opens +0\.0\.0\.0/0 to 192\.0\.2\.1 on wg\*' "$output"
check_match "closes on the others" 'closes +0\.0\.0\.0/0 on eth\* but eth0' "$output"
check_match "closes for the other addresses" 'closes +0\.0\.0\.0/0 to 0\.0\.0\.0/0 but 192\.0\.2\.1 on' "$output"
check_match "closes for the other family" 'closes +::/0 on eth\* +' "$output"
compare --format json >out.json
check "JSON follows the schema" schema out.json

# Nothing.
check_exit 0 "no difference" "$SALLYPORT" diff new.ini new.ini
check_equal "says so" "No difference: new.ini and new.ini treat every packet alike." "$output"
check_exit 2 "a mistake in either" "$SALLYPORT" diff new.ini <(echo)
check_exit 2 "three policies" "$SALLYPORT" diff new.ini new.ini new.ini
check_exit 2 "a wrong --fail-on" compare --fail-on nothing

# Formats for review.
check_exit 1 "Markdown" compare --format markdown
check_match "a table" '^\| --- \| --- \|' "$output"
check_match "an asterisk that is none of Markdown's" 'on wg\\\*' "$output"
compare --format sarif >out.json
check_sarif "SARIF is what the standard says" out.json
check_equal "SARIF" "2.1.0 opens warning new.ini 4" "$(field '" ".join(map(str, (d["version"], d["runs"][0]["results"][0]["ruleId"], d["runs"][0]["results"][0]["level"], d["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], d["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"])))')"

# Whoever reads it: no root, no network, no state.
if ((EUID == 0)) && unshare -n true 2>/dev/null; then
	chmod 755 "$TEST_TMP"
	mkdir -m 755 bin && cp "$SALLYPORT" bin/sallyport || abort "no copy of the program"
	nobody() {
		unshare -n setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all \
			bin/sallyport "$@" --state /nowhere --run /nowhere
	}
	check_exit 1 "diff as nobody, offline" nobody diff old.ini new.ini
	check_exit 0 "check" nobody check new.ini
	check_exit 0 "compile" nobody compile new.ini
	check_match "prints all of it" '^table inet sallyport' "$output"
	check_exit 1 "explain" nobody explain --from 192.0.2.1 --port 9/tcp new.ini
fi
finish
