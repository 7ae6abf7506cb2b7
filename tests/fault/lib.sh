# shellcheck shell=bash
# Faults, put into commands that run in namespaces of their own, side by side.
. "$(dirname "${BASH_SOURCE[0]}")/../lib/sallyport.sh"

# The optimised build where there is one: it makes a third of the system calls.
fault_lab() {
	need_command strace
	need_sallyport
	net_begin
	[[ -z ${SP_RELEASE:-} ]] || SALLYPORT=$SP_RELEASE/src/cli/sallyport
	certificates good
	fault_jobs=() fault_points=0 fault_count=0
}

# fault_policies DIRECTORY: what is old there and what is new.
fault_policies() {
	cat >"$1/old.ini" <<-END
		[policy]
		version = 1
		[service ssh]
		from = 10.0.0.0/8
		[service https]
		name = $NAME
		ca = $PKI/root.pem
		revoke = cut
		[service shop]
		use = https
		port = 8443
		name = $NAME
		ca = $PKI/root.pem
	END
	cat >"$1/watch.ini" <<-END
		[policy]
		version = 1
		[service https]
		name = $NAME
		ca = $PKI/root.pem
		lease = 2s
		[service shop]
		use = https
		port = 8443
		name = $NAME
		ca = $PKI/root.pem
	END
	cat >"$1/new.ini" <<-END
		[policy]
		version = 1
		[service ssh]
		from = 10.0.0.0/8, fd00::/8, @office
		[addresses office]
		elements = 198.51.100.0/24, 203.0.113.0/24$(printf ', 192.0.2.%d' {1..63..2})
		[service https]
		name = $NAME
		ca = $PKI/root.pem
		[service http]
		rate = 10/minute burst 5
	END
}

# faults KIND SCENARIO [OPTION...]: starts faults.py in a namespace of its own.
faults() {
	local name=f$((fault_count++)) kind=$1 scenario=$2
	local work=$TEST_TMP/$name
	mkdir -p "$work/run" "$work/elsewhere"
	fault_policies "$work"
	host "$name"
	if [[ $scenario == @(apply-verified|watch) ]]; then
		ip -n "$net_prefix$name" address add $S4/32 dev lo
		server_start "web-$name" "$name" openssl s_server -accept 443 -quiet \
			-cert "$PKI/good.crt" -cert_chain "$PKI/good.pem" -key "$PKI/good.key"
		wait_for_port "$name" tcp 443
		answer "$name" tcp/8443
	fi
	SALLYPORT=$SALLYPORT WORK=$work server_start "faults-$name" "$name" \
		/usr/bin/python3 "$SP_ROOT/tests/fault/faults.py" "$@"
	fault_jobs+=("$kind $scenario $name ${sanitizers:-}")
}

# Waits for all that were started, and says what each found.
faults_told() {
	local job kind scenario name with pid points
	for job in "${fault_jobs[@]}"; do
		read -r kind scenario name with <<<"$job"
		pid=pid_faults_$name
		wait "${!pid}"
		grep '^FAIL' "$TEST_TMP/faults-$name.log" | head -n 10
		points=$(sed -nE 's/^points ([0-9]+) .*/\1/p' "$TEST_TMP/faults-$name.log")
		fault_points=$((fault_points + ${points:-0}))
		if [[ -n $points ]] && ! grep -q '^FAIL' "$TEST_TMP/faults-$name.log"; then
			pass "$kind $scenario$with: $(tail -n 1 "$TEST_TMP/faults-$name.log")"
		else
			fail "$kind $scenario$with: $(tail -n 1 "$TEST_TMP/faults-$name.log")"
		fi
	done
	fault_jobs=()
}
