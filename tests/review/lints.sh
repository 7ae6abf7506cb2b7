#!/bin/bash
# Each lint: a policy that triggers it, one that does not, and its silence.
. "$(dirname "$0")/../lib/test.sh"
need_sallyport
cd "$TEST_TMP" || abort "no $TEST_TMP"
seen=
lint() {
	{ printf '[policy]\nversion = 1\n' && cat; } >policy.ini
	run "$SALLYPORT" check policy.ini
}
# triggers ID LINE WHAT <POLICY
triggers() {
	seen="$seen $1"
	lint
	check_equal "$3: still good" 0 "$status"
	check_match "$3: [$1]" "^policy\.ini:$2:[0-9]+: warning: .*\[$1\]$" "$errors"
	check_exit 1 "$3: --strict" "$SALLYPORT" check --strict policy.ini
}
# quiet ID WHAT <POLICY
quiet() {
	lint
	check_equal "$2: good" 0 "$status"
	check_no_match "$2: no [$1]" "\[$1\]" "$errors"
}

triggers shadowed 7 "a limit behind an open door" <<'END'
[service a]
port = 5001
tls = none

[service b]
port = 5001
tls = none
from = 10.0.0.0/8
rate = 3/minute
END
triggers shadowed 15 "a reject behind two blocks" <<'END'
[service a]
port = 5001
tls = none
action = block
from = 10.0.0.0/9

[service b]
port = 5001
tls = none
action = block
from = 10.128.0.0/9

[service c]
port = 5001
tls = none
action = reject
from = 10.0.0.0/8
END
quiet shadowed "a reject that goes further" <<'END'
[service a]
port = 5001
tls = none
action = block
from = 10.0.0.0/9

[service c]
port = 5001
tls = none
action = reject
from = 10.0.0.0/8
END

triggers shadowed-in-part 3 "a block across an allow's border" <<'END'
[service a]
port = 5001
tls = none
from = 10.0.0.0/8

[service b]
port = 5001
tls = none
action = block
from = 9.0.0.0 - 10.0.0.255
END
quiet shadowed-in-part "an exception" <<'END'
[service a]
port = 5001
tls = none
from = 10.0.0.0/8

[service b]
port = 5001
tls = none
action = block
from = 10.0.0.0/24
END
quiet shadowed-in-part "silenced" <<'END'
[service a]
port = 5001
tls = none
from = 10.0.0.0/8
allow_lint = shadowed-in-part

[service b]
port = 5001
tls = none
action = block
from = 9.0.0.0 - 10.0.0.255
END

triggers redundant 13 "what two others allow together" <<'END'
[service a]
port = 5001
tls = none
from = 10.0.0.0/9

[service b]
port = 5001
tls = none
from = 10.128.0.0/9

[service c]
port = 5001
tls = none
from = 10.0.0.0/8
END
triggers redundant 3 "the first, covered by the second" <<'END'
[service a]
port = 5001
tls = none
from = 10.0.0.0/9

[service b]
port = 5001-5002
tls = none
from = 10.0.0.0/8
END
quiet redundant "of two alike, not both" <<'END'
[service a]
port = 5001
tls = none

[service b]
port = 5002
tls = none
END
quiet redundant "a second name on the port" <<'END'
[service a]
use = https
name = a.example

[service b]
use = https
name = b.example
END

triggers subset-source 4 "a prefix in a prefix" <<'END'
[service ssh]
from = 10.0.0.0/8, 10.1.0.0/16
END
triggers subset-source 7 "a literal in a set" <<'END'
[addresses office]
elements = 10.0.0.0/8

[service ssh]
from = @office, 10.1.0.0/16
END
quiet subset-source "neighbours" <<'END'
[service ssh]
from = 10.0.0.0/16, 10.1.0.0/16
END

triggers empty-addresses 3 "nobody in it" <<'END'
[addresses office]
elements = none

[service ssh]
from = @office, 10.0.0.0/8
END
quiet empty-addresses "somebody in it" <<'END'
[addresses office]
elements = 10.0.0.1

[service ssh]
from = @office
END

triggers unused-addresses 3 "named by nobody" <<'END'
[addresses office]
elements = 10.0.0.1

[service ssh]
END
quiet unused-addresses "a block list" <<'END'
[addresses bad]
elements = 10.0.0.1
action = block

[service ssh]
END
quiet unused-addresses "silenced" <<'END'
[addresses office]
elements = 10.0.0.1
allow_lint = unused-addresses

[service ssh]
END

triggers overlapping-addresses 11 "two sets of one from" <<'END'
[addresses one]
elements = 10.0.0.0/24

[addresses two]
elements = 10.0.0.128/25, 10.0.1.0/24

[service ssh]
from = @one,
	@two
END
triggers overlapping-addresses 11 "a block list across a set's border" <<'END'
[addresses one]
elements = 10.0.0.0/24

[addresses bad]
elements = 10.0.0.128/25, 10.0.1.0/24
action = block

[service ssh]
from = @one
END
quiet overlapping-addresses "a block list inside a set" <<'END'
[addresses one]
elements = 10.0.0.0/24

[addresses bad]
elements = 10.0.0.128/25
action = block

[service ssh]
from = @one
END

triggers plain-from-any 3 "telnet for everybody" <<'END'
[service telnet]
END
triggers plain-from-any 3 "mail without TLS for everybody" <<'END'
[service imap]
tls = none
END
quiet plain-from-any "telnet for somebody" <<'END'
[service telnet]
from = 10.0.0.0/8
END

triggers plain-for-tls 4 "the catalogue has TLS" <<'END'
[service imap]
tls = none
from = 10.0.0.0/8
END
quiet plain-for-tls "the catalogue has none" <<'END'
[service ssh]
END

triggers plain-on-tls-port 5 "443 in the clear" <<'END'
[service web]
port = 443
tls = none
END
quiet plain-on-tls-port "8080 in the clear" <<'END'
[service web]
port = 8080
tls = none
END
quiet plain-on-tls-port "a port that has both" <<'END'
[service prometheus]
END

triggers tls-on-plain-port 5 "TLS on 22" <<'END'
[service web]
port = 22
tls = required
name = none
END
quiet tls-on-plain-port "silenced" <<'END'
[service web]
port = 22
tls = required
name = none
allow_lint = tls-on-plain-port
END

# All of them are explained, and all of them were seen here.
check_exit 0 "--explain all" "$SALLYPORT" check --explain all
check_equal "every lint was triggered" "$(awk '{ print $1 }' <<<"$output" | sort)" "$(tr ' ' '\n' <<<"$seen" | sed '/^$/d' | sort -u)"
for id in $(awk '{ print $1 }' <<<"$output"); do
	check_exit 0 "--explain $id" "$SALLYPORT" check --explain "$id"
	check_match "says how to silence it" "allow_lint = $id" "$output"
done
check_exit 2 "--explain nothing" "$SALLYPORT" check --explain nothing
finish
