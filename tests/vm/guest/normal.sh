# shellcheck shell=bash
# A valid snapshot, and nftables.service beside it.
note "kernel $(uname -r), $(systemctl --version | head -n 1)"
check "the boot unit succeeded" systemctl is-active sallyport-boot.service
check_equal "at the first try" 0 "$(systemctl show -P NRestarts sallyport-boot.service)"
check "the enforcer runs" wait_until 30 systemctl is-active sallyport.service
check "nftables.service ran" systemctl is-active nftables.service
floor_came_first
check_equal "no unit failed" "" "$(systemctl --failed --no-legend --plain)"
check_equal "no cycle was broken" "" "$(journalctl -b -q --no-pager | grep -i 'ordering cycle')"
main=$(systemctl show -P MainPID sallyport.service)
check_equal "the enforcer is the user sallyport" sallyport "$(stat -c %U "/proc/$main")"
check_equal "with CAP_NET_ADMIN alone" 0000000000001000 "$(sed -nE 's/^CapEff:\s+//p' "/proc/$main/status")"
check "nftables.service's own table is there" nft list table inet theirs

client_make
python3 /test/tests/lib/packets.py serve tcp/22 tcp/80 >/dev/null &
reachable boot 22
shut boot 80
shut boot 443
began=$EPOCHREALTIME
systemd-run -q --unit=web openssl s_server -accept 443 -quiet -cert /test/pki/good.crt \
	-cert_chain /test/pki/good.pem -key /test/pki/good.key
check "443 opens as its service proves itself" wait_until 60 has_lease 443
note "443 had its lease $(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }') s after its service was started (emulated)"
reachable open 443

# Units come and go; nothing that was open closes, nothing opens.
before=$(shape)
unhooked=$(timeline | grep -c ' unhook')
for verb in 'restart sallyport-boot' 'stop sallyport-boot' 'start sallyport-boot' \
	'restart sallyport' 'stop sallyport' 'start sallyport' 'reload sallyport'; do
	# shellcheck disable=SC2086
	check "systemctl $verb" systemctl $verb.service
	check_equal "$verb: the ruleset is as before" "$before" "$(shape)"
done
check_equal "no hook was taken away meanwhile" "$unhooked" "$(timeline | grep -c ' unhook')"
reachable restarts 443
shut restarts 80
main=$(systemctl show -P MainPID sallyport.service)
kill -KILL "$main"
check "systemd starts a killed enforcer again" wait_until 20 \
	eval '[[ $(systemctl show -P MainPID sallyport.service) != @(0|'"$main"') ]] && systemctl is-active sallyport'
check_equal "the ruleset is as before" "$before" "$(shape)"

# root applies, the enforcer (another user) follows; then somebody flushes.
check "apply by root" sallyport apply --no-verify /test/more.ini
check "the enforcer follows" wait_until 20 eval 'journalctl -u sallyport -q --no-pager | grep -q "follows a new policy"'
reachable apply 80
check_equal "what root wrote belongs to the enforcer" "" "$(find $state /run/sallyport ! -user sallyport)"
check "restart of nftables.service" systemctl restart nftables.service
check "what it flushed is put back" wait_until 20 eval 'sallyport status | grep -q "^In force"'
check "with its lease, proven anew" wait_until 20 has_lease 443
check "by the enforcer, who says so" wait_until 10 eval 'journalctl -u sallyport -q --no-pager | grep -q "drift: nft"'
shut flushed 25
check "lockdown" sallyport lockdown
reachable lockdown 22
shut lockdown 443
shut lockdown 80
check "apply ends it" sallyport apply --no-verify /test/more.ini
reachable again 80
