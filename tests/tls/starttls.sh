#!/bin/bash
# STARTTLS in every dialect, from doubles that say what real servers said
# (starttls/, written by starttls-record.sh), as it was and spoilt.
. "$(dirname "$0")/lab.sh"
firewall_lab
recordings=$SP_ROOT/tests/tls/starttls
# One address is enough here: addresses have tests of their own.
for address in $S4b/24 $S6b/64 $S6/64; do
	ip -n "${net_prefix}server" address del $address dev eth0
done
ip -n "${net_prefix}server" link set eth1 down

declare -A replays=()
serve_replay() { replays[$2]+="$1=$recordings/$3 "; }
rows_start() {
	local leaf
	for leaf in "${!replays[@]}"; do
		# shellcheck disable=SC2086 # words are meant
		server_start "replay_$leaf" server /usr/bin/python3 "$SP_ROOT/tests/tls/starttls.py" \
			replay "$PKI/$leaf.pem" "$PKI/$leaf.key" ${replays[$leaf]}
	done
}

# row DIALECT RECORDING VARIANT OUTCOME REASON [LEAF]
row() { echo "$2-$3 | $4 | $5 | starttls = $1 | replay ${6-good} $2:$3"; }

# answers DIALECT: how many there are until TLS begins.
answers() {
	awk '/^>/ { said = 1 } /^</ { count += said; said = 0 } /^= tls/ { print count; exit }' "$recordings/$1"
}

table() {
	local dialect last step profile
	for dialect in smtp lmtp imap pop3 ftp ldap rdp postgresql mysql xmpp-client xmpp-server sieve nntp; do
		row $dialect $dialect good pass '^TLS 1.2, TLS 1.3; certificate valid'
		row $dialect $dialect.none good fail '^[dr][oe][a-z]+ [a-zA-Z ]*TLS'
		row $dialect $dialect drip pass '^TLS 1.2, TLS 1.3; certificate valid'
		row $dialect $dialect inject fail '^says more before TLS begins'
		row $dialect $dialect garbage inconclusive '^no TLS: '
		row $dialect $dialect long inconclusive '^no TLS: '
		row $dialect $dialect endless inconclusive '^no TLS: '
		last=$(answers $dialect)
		for ((step = 0; step < last; step++)); do
			row $dialect $dialect close$step inconclusive '^no TLS: closed the connection before the upgrade'
			row $dialect $dialect half$step inconclusive '^no TLS: closed the connection before the upgrade'
		done
		[[ ! -e $recordings/$dialect.passwords ]] ||
			row $dialect $dialect.passwords good fail '^takes passwords before TLS: '
		[[ $dialect == mysql ]] ||
			row $dialect $dialect refuse fail '^[dr][oe][a-z]+ [a-zA-Z ]*TLS'
	done
	for dialect in smtp lmtp imap pop3 ftp sieve nntp ldap postgresql mysql; do
		row $dialect $dialect later inconclusive '^no TLS: the upgrade is refused for now'
	done
	for dialect in smtp lmtp imap pop3 ftp sieve nntp; do
		row $dialect $dialect vulnerable fail '^ran a command that stood behind it within TLS'
	done
	row postgresql postgresql vulnerable fail '^ran a message that stood behind it within TLS'
	# Profiles that forbid something of each kind leave no question out that a verdict
	# needs; what the double's own TLS has against them is another matter.
	for profile in mozilla-intermediate mozilla-old nist-800-52r2 bsi-tr-02102-2; do
		for dialect in smtp ldap; do
			echo "$dialect-$profile | fail | . && no unanswered | starttls = $dialect; profile = $profile | replay good $dialect:good"
		done
	done
	for dialect in smtp imap ldap rdp; do
		row $dialect $dialect good fail '^certificate expired' expired | sed 's/^/expired-/'
	done
}
rows < <(table)
# Sixty at once, a byte at a time, on a machine that does other things too.
rows_check --timeout 8 --port-timeout 20
check "what is warned of is asked of every good one, in sixteen connections" /usr/bin/python3 - "$TEST_TMP/.output" <<'END'
import json, sys
for port in json.load(open(sys.argv[1]))["ports"]:
    for endpoint in port["endpoints"]:
        asked = {a["question"]: a["answer"] for a in endpoint["answers"]}
        most = 16 if port["profile"] == "baseline" else 18
        assert endpoint["connections"] <= most, (port["services"], endpoint["connections"])
        if port["outcome"] == "pass":
            assert asked["tls12_weak_suites"] in ("yes", "no"), (port["services"], asked)
            assert asked.get("plaintext_auth") in (None, "no"), port["services"]
            assert asked.get("starttls_injection") in (None, "no"), port["services"]
END
check "the JSON is what its schema says" /usr/bin/python3 "$SP_ROOT/tests/lib/schema.py" \
	"$SP_ROOT/src/report/verify.schema.json" "$TEST_TMP/.output"
check_equal "the doubles heard nothing that the recordings do not know" "" \
	"$(grep -h 'unknown words' "$TEST_TMP"/replay_*.log | sort | uniq -c | head)"

# Limits: what never ends is left before the connection's deadline is.
check_match "a session without an end is cut by its size" 'before the upgrade: said more than any session may' \
	"$(grep -E "$(printf '%s\n' "${row_names[@]}" | grep -n -- '-endless' | cut -d: -f1 | while read -r n; do echo "^$((first_port + n - 1)) "; done | paste -sd'|')" "$TEST_TMP/rows")"
check_match "a line without an end by its own" 'before the upgrade: a line beyond any length' "$(<"$TEST_TMP/rows")"
finish
