#!/bin/bash
# apply asks whoever could not log in again, and only them.
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
policy <<END
[service ssh]
from = 10.0.0.0/8

[service http]
interface = eth1
END
# as SSH_CONNECTION COMMAND...: in the server, logged in like that.
as() {
	local connection=$1
	shift
	in_host server env SSH_CONNECTION="$connection" "$@" </dev/null
}
apply=("$SALLYPORT" apply --no-verify --state "$STATE" --run "$RUN" "$POLICY")
stranger="203.0.113.7 50000 $S4 22"
check_exit 2 "a stranger" as "$stranger" "${apply[@]}"
check_match "is told from where, and what to do" 'logged in from 203\.0\.113\.7 to port 22 .*--yes' "$(tr '\n' ' ' <<<"$errors")"
check_equal "nothing was applied" "" "$(ruleset)"
check_exit 2 "a stranger through sudo, which takes the variable away" \
	as "$stranger" bash -c '"$@"; exit $?' sh env -u SSH_CONNECTION "${apply[@]}"
check_exit 2 "from IPv6" as "2001:db8:bad::7 50000 $S6 22" "${apply[@]}"
check_exit 0 "--dry-run asks nobody" as "$stranger" "${apply[@]}" --dry-run
check_exit 0 "somebody of the office" as "10.1.2.3 50000 $S4 22" "${apply[@]}"
check_exit 0 "by the right interface" as "203.0.113.7 50000 $T4 80" "${apply[@]}"
check_exit 2 "by the wrong one" as "203.0.113.7 50000 $S4 80" "${apply[@]}"
check_exit 0 "--yes" as "$stranger" "${apply[@]}" --yes
check_exit 0 "nonsense in the variable" as "'; x" "${apply[@]}"
# A login to another network namespace is not cut off here.
check_exit 0 "logged in elsewhere" env SSH_CONNECTION="$stranger" bash -c '"$@"; exit $?' sh \
	ip netns exec "${net_prefix}server" "${apply[@]}"

# On a terminal it asks.
ask() {
	in_host server env SSH_CONNECTION="$stranger" /usr/bin/python3 - "$1" "${apply[@]}" <<'END'
import os, pty, sys
answer, *command = sys.argv[1:]
child, terminal = pty.fork()
if child == 0:
    os.execv(command[0], command)
said = b""
while b"[y/N]" not in said:
    said += os.read(terminal, 4096)
os.write(terminal, answer.encode() + b"\n")
try:
    while os.read(terminal, 4096):
        pass
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
END
}
check_exit 2 "no" ask n
check_exit 2 "nothing" ask ""
check_exit 0 "yes" ask y
finish
