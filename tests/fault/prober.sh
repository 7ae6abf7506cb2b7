#!/bin/bash
# Allocations of the prober that fail, each in turn (--all), or some: its own and
# OpenSSL's, in the parent and in a child. No crash; the same verdict as ever, or none and
# "out of memory"; and who has something to hide passes at no point.
. "$(dirname "$0")/lib.sh"
watched=$SALLYPORT
fault_lab
builds=("$SALLYPORT")
[[ $watched == "$SALLYPORT" ]] || builds+=("$watched")
every=1
[[ ${1:-} == --all ]] || every=151

certificates good revoked
host asked
ip -n "${net_prefix}asked" address add "$S4/32" dev lo

# asked_about NAME PORT KEY...: policy NAME.ini, once its server is there.
asked_about() {
	local name=$1 port=$2
	shift 2
	wait_for_port asked tcp "$port"
	printf '%s\n' '[policy]' 'version = 1' "[service $name]" "port = $port" "name = $NAME" \
		"ca = $PKI/root.pem" "$@" >"$TEST_TMP/$name.ini"
}

# starves WHO FORKS FIRST EXIT...: verify, where the prober (0) or its child (1) starves.
starves() {
	local name=$1 forks=$2 first=$3 exit=$4 last who=prober
	((forks == 0)) || who="prober's child"
	run ip netns exec "${net_prefix}asked" /usr/bin/python3 "$SP_ROOT/tests/fault/memory.py" \
		--first "$first" --every "$every" --prober "$prober" --forks "$forks" --exit "$exit" \
		"$name" "$SALLYPORT" verify "$TEST_TMP/$name.ini"
	grep '^FAIL' <<<"$output" | head -n 10
	last=$(tail -n 1 <<<"$output")
	if ((status == 0)); then
		pass "$who asked about \"$name\"$sanitizers: $last"
	else
		fail "$who asked about \"$name\"$sanitizers: $last $errors"
	fi
	last=${last#points }
	fault_points=$((fault_points + ${last%% *}))
}

for leaf in good revoked; do
	port=443
	[[ $leaf == good ]] || port=8443
	server_start "$leaf" asked openssl s_server -accept $port -quiet -no_tls1 -no_tls1_1 \
		-cert "$PKI/$leaf.crt" -cert_chain "$PKI/$leaf.pem" -key "$PKI/$leaf.key"
done
asked_about good 443 "tls = required"
# Two lists of one issuer, of which one revokes.
cat "$PKI/int.crl" "$PKI/int-good.crl" >"$PKI/lists.crl"
asked_about revoked 8443 "tls = required" "crl = $PKI/lists.crl"
# It runs what stood behind STARTTLS, which shows within TLS.
server_start vulnerable asked /usr/bin/python3 "$SP_ROOT/tests/tls/starttls.py" \
	replay "$PKI/good.pem" "$PKI/good.key" "25=$SP_ROOT/tests/tls/starttls/smtp:vulnerable"
asked_about vulnerable 25 "tls = starttls" "starttls = smtp"
for SALLYPORT in "${builds[@]}"; do
	# The sanitizers' takes five times as long.
	[[ $SALLYPORT == "${builds[0]}" ]] || every=$((every * 11))
	export SP_ALLOCATIONS=${SALLYPORT%/src/cli/sallyport}/tests/fault/libfault-allocations.so
	prober=${SALLYPORT%/cli/sallyport}/prober/sallyport-prober
	[[ -r $SP_ALLOCATIONS ]] || abort "there is no $SP_ALLOCATIONS"
	sanitizers=
	[[ $(nm -D "$SALLYPORT" 2>/dev/null) != *__asan_init* ]] || sanitizers=", with sanitizers"
	starves good 0 1 0
	starves good 1 1 0
	starves revoked 0 1 1
	starves revoked 1 1 1
	starves vulnerable 1 1 1
done
echo "$fault_points points in all"
finish
