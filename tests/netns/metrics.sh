#!/bin/bash
# `status --format prometheus`, read by Prometheus' own parser, against what is so.
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
answer server tcp/22 tcp/443 tcp/8443 tcp/9000-9001

policy <<END

[service ssh]
from = 10.0.0.0/8

[service https]
name = $NAME

[service shop]
port = 8443
tls = required
name = $NAME

[service bulk]
port = 9000-9001, 9100
protocol = tcp, udp
tls = none
END

# metrics: each sample on a line, "NAME LABEL=VALUE,… NUMBER"; types as "NAME type TYPE".
metrics() {
	sp status --format prometheus >"$TEST_TMP/status.prom" || return
	/usr/bin/python3 - "$TEST_TMP/status.prom" <<-'PYTHON'
		import sys
		from prometheus_client.parser import text_string_to_metric_families
		names = set()
		for family in text_string_to_metric_families(open(sys.argv[1]).read()):
		    assert family.documentation and family.type in ("gauge", "counter"), family
		    assert family.name not in names, family.name
		    names.add(family.name)
		    seen = set()
		    for sample in family.samples:
		        labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
		        assert labels not in seen, (sample.name, labels)
		        seen.add(labels)
		        print(sample.name, labels or "-", f"{sample.value:.15g}")
	PYTHON
}
is() { check_equal "$1 $2" "$3" "$(awk -v name="sallyport_$1" -v labels="${2:--}" '$1 == name && $2 == labels { print $3 }' <<<"$samples")"; }

samples=$(metrics)
is loaded "" 0
is in_force "" 0

apply
lease tcp 443 100s
packets_reach client <<END
open tcp $A4 -> $S4:22
shut tcp $B4 -> $S4:22,7777
open tcp $B4 -> $S4:443,9000,9001
shut tcp $B4 -> $S4:8443
END
samples=$(metrics)
sed 's/^/     /' <<<"$samples"
is loaded "" 1
is in_force "" 1
is locked_down "" 0
is audit "" 0
is drift_total "" 0
is port_open port=22,protocol=tcp,service=ssh 1
is port_open port=443,protocol=tcp,service=https 1
is port_open port=8443,protocol=tcp,service=shop 0
is port_open port=9000,protocol=udp,service=bulk 1
is port_open port=9100,protocol=tcp,service=bulk 1
is port_overridden port=8443,protocol=tcp,service=shop 0
is connections_total service=ssh 1
is connections_total service=https 1
is connections_total service=shop 0
is connections_total service=bulk 2
left=$(awk '$1 == "sallyport_lease_seconds" && $2 == "port=443,protocol=tcp,service=https" { print int($3) }' <<<"$samples")
check "some of the lease is left (${left:-none})" test "${left:-0}" -gt 60 -a "${left:-0}" -le 100
is lease_seconds port=8443,protocol=tcp,service=shop ""
check "what nothing allowed is counted" awk '$1 == "sallyport_blocked_packets_total" { exit !($3 >= 2) }' <<<"$samples"
now=$(date +%s)
check "when it was applied" awk -v now="$now" '$1 == "sallyport_applied_seconds" { exit !(now - $3 < 600 && $3 <= now + 1) }' <<<"$samples"

check_exit 0 "override" sp override shop --for 10m --reason "the certificate is on its way"
check_exit 0 "lockdown" sp lockdown
samples=$(metrics)
is locked_down "" 1
check_exit 0 "apply ends it" sp apply --no-verify "$POLICY"
check_exit 0 "override again" sp override shop --for 10m --reason "the certificate is on its way"
samples=$(metrics)
is locked_down "" 0
is port_overridden port=8443,protocol=tcp,service=shop 1
is port_open port=8443,protocol=tcp,service=shop 1
sed -i 's/^version = 1/&\nmode = audit/' "$POLICY"
apply
samples=$(metrics)
is audit "" 1
manual=$SP_ROOT/src/manual/sallyport.8
check_equal "the manual names each of them" "" "$(
	cut -d' ' -f1 <<<"$samples" | sort -u | while read -r name; do grep -qw "$name" "$manual" || echo "$name"; done
)"
finish
