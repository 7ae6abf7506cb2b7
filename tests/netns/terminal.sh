#!/bin/bash
# What a new user sees on a terminal of 80 columns: every command's screens fit, colour
# and arrows come where they can be shown, --quiet keeps the results and drops the rest,
# and what went wrong comes with what to do next.
. "$(dirname "$0")/../lib/sallyport.sh"
need_command script
firewall_lab
certificates good expired
web good good "$S4:443"
web expired expired "$S4:8443"
answer server tcp/22 tcp/6443
policy <<END

[service ssh]

[service https]
name = $NAME
ca = $PKI/root.pem

[service shop]
use = https
port = 8443
name = $NAME
ca = $PKI/root.pem
END
sed 's/^port = 8443/port = 8444/; s/^.service ssh.$/&\nfrom = 10.0.0.0\/8/' "$POLICY" >"$TEST_TMP/new.ini"
sed 's/^name/nmae/' "$POLICY" >"$TEST_TMP/wrong.ini"

# Both streams at once, as a terminal has them; leaves output and status.
screen() { # COMMAND [OPTION...] [OPERAND...]
	local command=$1
	shift
	printf -v line '%q ' "$SALLYPORT" "$command" --state "$STATE" --run "$RUN" "$@"
	run in_host server script -qec "$line" /dev/null
	output=${output//$'\r'/}
}
joined() { tr -s ' \n' ' ' <<<"$output"; }
# A word that is longer than the screen cannot be broken: paths here. What answers a
# question ends its line, which a terminal would have echoed.
fits() { # COMMAND...
	screen "$@"
	check_equal "$*: eighty columns" "" "$(sed 's/\x1b\[[0-9;]*[mK]//g; s|\[y/N\] |&\n|' <<<"$output" |
		grep -E '.{81,}' | grep -vE '^[^ ]{60,}')"
}
cd "$TEST_TMP" || abort "no $TEST_TMP"
fits check policy.ini
fits check wrong.ini
fits check
check_match "who has no policy is told how to begin" 'sallyport discover. writes one' "$output"
fits diff policy.ini
fits apply --dry-run policy.ini
fits status
check_match "nothing is loaded: how to begin" 'sallyport discover' "$output"
fits override shop --for 1h --reason why
check_match "nothing was applied: what comes first" 'sallyport apply POLICY' "$output"
fits recheck shop
check_match "there too" 'sallyport apply POLICY' "$output"
fits check --nonsense
check_match "a wrong option names the program" '^sallyport check: ' "$output"
fits rollback
check_match "nothing to go back to: what there is" 'rollback --to-open' "$(joined)"
fits apply policy.ini
fits status
fits diff policy.ini new.ini
fits diff --rules new.ini
fits verify policy.ini
fits audit policy.ini
line="setpriv --reuid=65534 --clear-groups --bounding-set=-all --inh-caps=-all"
nobody_sees() { # COMMAND...: as a user who is nobody; leaves errors
	run in_host server $line "$SALLYPORT" "$@" --state "$TEST_TMP/nowhere" --run /run/sallyport.not
}
chmod 755 "$TEST_TMP" && chmod 644 policy.ini || abort "cannot open the policy to all"
nobody_sees apply --no-verify policy.ini
check_equal "without privilege: exit 3" 3 "$status"
check_match "who may" 'run as root' "$errors"
fits discover
fits explain policy.ini --from 10.1.2.3 --port 8443/tcp
fits probe "$S4:8443" --name $NAME
fits check --explain all
fits verify --profile basline policy.ini
check_match "which profile was meant" 'did you mean "baseline"' "$(joined)"
fits verify --profile strict policy.ini
check_match "or which there are" 'there are .*baseline, .*pci-dss-4' "$(joined)"
fits probe --starttls smpt "$S4:22"
check_match "which dialect was meant" 'did you mean "smtp"' "$(joined)"
fits probe --intrusive "$S4:1"
fits diff --rules --format sarif policy.ini
fits explain policy.ini --from 10.1.2.3 --port 443/tcp
check_match "time left as people say it" 'a lease stands in the kernel, 23h 59m left' "$(joined)"
fits rollback --to-open <<<n
check_match "no is no" 'nothing was changed' "$output"
sed '/^.service ssh.$/d' policy.ini >"$TEST_TMP/out.ini"
SSH_CONNECTION="$A4 50000 $S4 22" fits apply --no-verify out.ini <<<n
check_match "who would be shut out is asked" "you are logged in from $A4 to port 22" "$(joined)"
check_match "and told what else there is" 'nothing was changed; --yes applies it, --confirm 60s' "$(joined)"
fits override shop --for 1h --reason 'the auditor asks, and asks again, for a reason that fills a line'
fits status
check_match "an override in the table" 'OVERRIDDEN, 59m' "$output"
fits override shop --end
fits override nosuch --for 1h --reason why
check_match "which services there are" 'it has https, shop' "$(joined)"
fits recheck nosuch
check_match "there too" 'it has https, shop' "$(joined)"
fits apply --confirm 60s new.ini
check_match "how to keep it" 'sallyport confirm' "$output"
fits status
fits confirm
fits confirm
check_match "nothing to confirm: where to look" 'sallyport status' "$output"
{
	sed 's/^.service shop.$/[service a-long-name-that-somebody-has-written]/' policy.ini
	printf '\n[service ranges]\nport = 1000, 3000-3100, 40000-41000, 50000, 50002\ntls = none\n'
	printf 'from = 2001:db8:1234:5678::/64, 2001:db8:1234:5679::/64, 2001:db8:1:2:3:4:5:6/128\n'
} >long.ini
fits diff long.ini
fits apply long.ini
fits status
fits verify long.ini
fits audit long.ini
fits override a-long-name-that-somebody-has-written --for 1h --reason why
fits status
fits lockdown
fits status
screen apply --yes --no-verify policy.ini

check_exit 0 "help COMMAND" "$SALLYPORT" help apply
check_equal "is COMMAND --help" "$("$SALLYPORT" apply --help)" "$output"
# A slip of the finger, in a command, an option, a lint's name: which one was meant.
slip() { # WRITTEN MEANT: words of a command line
	check_exit 2 "$1" "$SALLYPORT" $1
	check_match "did you mean $2?" "did you mean '?\"?$2'?\"?\\?" "$errors"
}
slip aply apply
slip chekc check
slip stat status
slip hepl help
slip --verion --version
slip "help aply" apply
slip "apply --dryrun" --dry-run
slip "status --formt=json" --format
slip "check --explain redundent" redundant
no_slip() { # WRITTEN: nothing is near, or getopt has named what is
	check_exit 2 "$1" "$SALLYPORT" $1
	check_no_match "no guess at what was meant" 'did you mean' "$errors"
	check_match "but where to look" '^try: sallyport .*--help$' "$errors"
}
no_slip xyz
no_slip "check --nonsense"
no_slip "apply --conf"
no_slip "status --quiet=3"
check_no_match "no blank at a line's end" ' $' "$("$SALLYPORT" confirm --help)"

# Colour: a terminal's alone, and not against NO_COLOR or on a dumb one.
unset NO_COLOR
TERM=xterm screen status
check_match "colour on a terminal" $'\e\\[3' "$output"
NO_COLOR=1 TERM=xterm screen status
check_no_match "none with NO_COLOR" $'\e\\[' "$output"
TERM=dumb screen status
check_no_match "none on a dumb one" $'\e\\[' "$output"
run sp status
check_no_match "none in a file" $'\e' "$output"
export NO_COLOR=1

# Bytes beyond ASCII: where the locale has them, and in what is UTF-8 by definition.
ascii() { # COMMAND...
	LC_ALL=C run sp "$@"
	check_no_match "$*: ASCII in the C locale" '[^ -~	]' "$(LC_ALL=C tr -d '\n' <<<"$output")"
}
ascii diff policy.ini new.ini
check_match "arrows are made of what there is" 'drop -> accept' "$output"
ascii explain policy.ini --from 10.1.2.3 --port 443/tcp
ascii verify policy.ini
ascii audit policy.ini
ascii status
LC_ALL=C.UTF-8 run sp diff policy.ini new.ini
check_match "and arrows elsewhere" 'drop → accept' "$output"
LC_ALL=C run sp diff --format markdown policy.ini new.ini
check_match "Markdown is UTF-8" ' → ' "$output"

# --quiet
silent() { # CODE COMMAND...
	local wanted=$1
	shift
	check_exit "$wanted" "$* --quiet" sp "$@" --quiet
	check_equal "says nothing" "" "$output$errors"
}
result() { # CODE PATTERN COMMAND...
	local wanted=$1 pattern=$2
	shift 2
	check_exit "$wanted" "$* --quiet" sp "$@" --quiet
	check_match "prints its result" "$pattern" "$output"
	check_equal "and nothing beside it" "" "$errors"
}
silent 0 check policy.ini
silent 0 apply policy.ini
silent 0 apply --confirm 60s new.ini
silent 0 confirm
silent 0 rollback
silent 1 recheck shop
silent 0 override shop --for 1h --reason why
silent 0 override shop --end
silent 0 diff policy.ini policy.ini
result 1 '^~ shop ' diff policy.ini new.ini
result 0 'chain tcp-443' compile policy.ini
result 1 '8443/tcp.*fail' verify policy.ini
result 1 'fail' audit policy.ini
result 0 'https ' status
result 0 'accept' explain policy.ini --from 10.1.2.3 --port 22/tcp
result 1 'certificate expired' probe "$S4:8443" --name $NAME --ca "$PKI/root.pem"
result 0 '^\[service https\]' discover
silent 0 lockdown
check_exit 2 "an error is no noise" sp check wrong.ini --quiet
check_match "it is told" 'did you mean "name"' "$errors"
finish
