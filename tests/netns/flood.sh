#!/bin/bash
# A flood of connections while one policy replaces another, again and again: none
# gets through that neither policy allows, none that both allow is refused.
# $1: reloads.
. "$(dirname "$0")/../lib/enforcer.sh"
reloads=${1:-100}
enforcer_lab
[[ -z ${SP_RELEASE:-} ]] || SALLYPORT=$SP_RELEASE/src/cli/sallyport
# In block lists of both policies, each its own; and in lists of sources of both.
C4=198.18.0.9 D4=10.1.2.4
addresses client eth0 $C4/32 $D4/32
answer server tcp/20-25 tcp/80 tcp/110 tcp/143 tcp/443 tcp/8443 tcp/9000-9010

# Both allow ssh, 443 (by its lease) and 9005; neither 23, 110, 8443; each its own.
policy <<END
[addresses spam]
elements = 198.18.0.0/16, 192.0.2.128/25
action = block
[service ssh]
from = 10.0.0.0/8, fd00::/8
[service imap]
from = 10.1.2.0/24, 10.3.0.0/16
tls = none
port = 143
[service https]
name = none
revoke = cut
[service shop]
use = https
port = 8443
name = none
[service bulk]
port = 9000-9005
tls = none
[service http]
END
cp "$POLICY" "$TEST_TMP/one.ini"
policy <<END
[addresses office]
elements = 10.1.0.0/16, fd00::5, 198.51.100.0/24
[addresses bad]
elements = 198.18.0.0/15
action = block
[service ssh]
from = @office
[service imap]
from = @office, 10.1.0.0/22, 10.5.0.0/16
tls = none
port = 143
[service secure]
use = https
name = none
[service bulk]
port = 9003-9010
tls = none
rate = 100000/second burst 100000
[service ftp-like]
port = 20-22
tls = none
from = 10.1.2.3
[service smtp]
name = none
END
cp "$POLICY" "$TEST_TMP/two.ini"
check_exit 0 "the first policy" sp apply --no-verify "$TEST_TMP/one.ini"
check_exit 0 "the second policy" sp apply --no-verify "$TEST_TMP/two.ini"
lease tcp 443

export PATIENCE=0.95
timeline_start $((5 * ${SP_SLOW:-1})) <<END
both-ssh connect $A4 $S4:22
fresh-ssh6 connect $A6 [$S6]:22
both-range6 connect $B6 [$S6]:9005
both-lease connect $B4 $S4:443
both-range connect $B4 $S4:9005
fresh-list connect $D4 $S4:143
neither-blocked connect $C4 $S4:9005
neither-telnet connect $A4 $S4:23
neither-source connect $B4 $S4:22
neither-pop connect $A6 [$S6]:110
neither-gate connect $B4 $S4:8443
one-http connect $A4 $S4:80
two-range connect $A4 $S4:9008
stays echo $A4 $S4:22
stays-lease echo $B4 $S4:443
END
failed=0
for ((i = 0; i < reloads; i++)); do
	policy=one
	((i % 2)) || policy=two
	in_host server "$SALLYPORT" apply --quiet --no-verify --state "$STATE" --run "$RUN" \
		"$TEST_TMP/$policy.ini" >/dev/null 2>&1 || failed=$((failed + 1))
done
sleep 1
timeline_stop
check_equal "every one of $reloads reloads was committed" 0 "$failed"
tally() { awk -v name="$1" -v fate="$2" '$2 ~ "^" name && $3 == fate' "$TEST_TMP/timeline" | wc -l; }
for kind in both fresh neither one two stays; do
	echo "$kind: $(tally $kind open) open, $(tally $kind shut) shut, $(tally $kind reset) reset"
done
# The first that are against the policies, and when after the first attempt of all.
awk 'NR == 1 { first = $1 }
	$2 ~ /^neither/ ? $3 == "open" : $2 ~ /^(both|fresh|stays)/ && $3 != "open" {
		printf "     %s was %s at %.3f s\n", $2, $3, $1 - first
	}' "$TEST_TMP/timeline" | head -n 20
check "thousands of connections were tried" test "$(wc -l <"$TEST_TMP/timeline")" -gt 1000
check_equal "none that both allow was refused" 0 $(($(tally both shut) + $(tally both reset)))
# Both allow this one, the second by an address set that its own reload makes (the first
# source has another rule beside).
check_equal "nor by a set that is made with its rule" 0 $(($(tally fresh shut) + $(tally fresh reset)))
check_equal "none that neither allows got through" 0 $(($(tally neither open) + $(tally neither reset)))
check_equal "no connection that stood was hurt" 0 "$(tally stays shut)"
check "what one of them allows was open and was shut, so both were in force" \
	test "$(tally one open)" -gt 0 -a "$(tally one shut)" -gt 0 -a "$(tally two open)" -gt 0 -a "$(tally two shut)" -gt 0
finish
