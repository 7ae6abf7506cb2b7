#!/bin/bash
# A hundred applies that nobody confirms, each undone: whatever becomes of the
# command, its terminal, its guardian and the enforcer; and a reboot inside the
# window comes up with the policy before. Ten hosts side by side.
. "$(dirname "$0")/../lib/sallyport.sh"
need_sallyport
net_begin
fates=(
	"nothing"
	"terminal-dropped"
	"hangup"
	"command-killed"
	"enforcer-killed"
	"terminal-dropped,enforcer-killed"
	"command-killed,enforcer"
	"command-killed,guardian-killed,enforcer"
	"terminal-dropped,hangup,command-killed,enforcer-killed"
	"reboot"
)
rounds=${1:-100}
hosts=10
for ((i = 0; i < hosts; i++)); do
	work=$TEST_TMP/h$i
	mkdir -p "$work/run" "$work/state"
	printf '[policy]\nversion = 1\n[service ssh]\nfrom = 10.0.0.0/8\n[service https]\nname = %s\n' "$NAME" \
		>"$work/old.ini"
	{ cat "$work/old.ini" && printf '[service http]\n'; } >"$work/new.ini"
	host h$i
	# Each begins with another fate.
	SALLYPORT=$SALLYPORT WORK=$work server_start rollbacks$i h$i /usr/bin/python3 \
		"$SP_ROOT/tests/netns/rollbacks.py" $((rounds / hosts)) \
		"${fates[@]:i}" "${fates[@]:0:i}"
done
for ((i = 0; i < hosts; i++)); do
	pid=pid_rollbacks$i
	wait "${!pid}"
	cat "$TEST_TMP/rollbacks$i.log"
done >"$TEST_TMP/all"
grep -v '^ok' "$TEST_TMP/all" | head -n 20
for fate in "${fates[@]}"; do
	awk -v fate="$fate" '$1 == "ok" && $2 == fate { n++; if ($3 > most) most = $3 }
		END { printf "     %-55s %3d undone, the last after %.2f s\n", fate, n, most }' "$TEST_TMP/all"
done
check_equal "rollbacks that happened, of $((rounds / hosts * hosts))" $((rounds / hosts * hosts)) \
	"$(grep -c '^ok' "$TEST_TMP/all")"
finish
