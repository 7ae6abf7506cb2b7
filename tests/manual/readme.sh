#!/bin/bash
# What the README says to type is run as it stands there, in its order, on a host of
# its own: the commands of its blocks, and those within its text.
. "$(dirname "$0")/../lib/sallyport.sh"
need_sallyport
net_begin
host server
certificates good
answer server tcp/22
ip -n "${net_prefix}server" address add $S4/32 dev lo
web shop good "$S4:443"
# The policy that it shows is the quickstart's, shipped in policies/.
sed -n '/^```ini$/,/^```$/p' "$SP_ROOT/README.md" | sed '/^```/d' >"$TEST_TMP/shown.ini"
check_exit 0 "check of the policy that it shows" "$SALLYPORT" check --strict "$TEST_TMP/shown.ini"
check_equal "it is shipped" "$(sed '/^;/d' "$SP_ROOT/policies/quickstart.ini" | sed '/./,$!d')" "$(<"$TEST_TMP/shown.ini")"
# A directory of the system that this test has for itself.
cat >"$TEST_TMP/run" <<-END
	mount -t tmpfs none /var/lib
	mount -t tmpfs none /run
	mount -t tmpfs none /etc/sallyport 2>/dev/null
	mkdir -p /var/lib/sallyport /run/sallyport
	cd "$TEST_TMP" || exit
	sudo() { "\$@"; }
	sallyport() {
		"$SALLYPORT" "\$@" >&2
		echo "\$? \$*"
	}
END
# discover's output is the next one's policy; a live view goes on until it is ended.
/usr/bin/python3 - "$SP_ROOT/README.md" >>"$TEST_TMP/run" <<'END'
import re, sys
text = open(sys.argv[1]).read()
for line in re.search(r"## Five minutes(.*?)\n## ", text, re.S)[1].splitlines():
    for command in re.findall(r"^(?:sudo )?sallyport [^#]*", line) or re.findall(r"`((?:sudo )?sallyport [^`]*)`", line):
        words = command.strip()
        if ">" in words:
            arguments, file = words.split("sallyport", 1)[1].split(">")
            print(f'"$PROGRAM"{arguments}>{file.strip()}; echo "$? {arguments.strip()}"')
        elif "--watch" in words:
            print(f'timeout 3 "$PROGRAM"{words.split("sallyport", 1)[1]} >&2; echo "$? live"')
        else:
            print(words)
END
run env PROGRAM="$SALLYPORT" ip netns exec "${net_prefix}server" timeout 100 unshare -m "$BASH" "$TEST_TMP/run"
sed 's/^/     /' <<<"$output"
# The exit code of each: a difference is 1, and so is what an auditor finds; what was
# discovered names no authority of ours, so its TLS is not proven.
check_equal "each does what it says, in this order" "0 discover
0 check
1 verify
1 diff
0 apply
0 confirm
124 live
1 explain
1 audit
0 lockdown" "$(sed -E 's/^([0-9]+ [a-z]+).*/\1/' <<<"$output")"
check_no_match "none is a wrong usage" 'usage:|unrecognized' "$errors"
finish
