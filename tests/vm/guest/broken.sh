# shellcheck shell=bash
# The snapshot in force is invalid at boot, and so is the one before: only the
# floor. Then, with units alone, every other way to have no snapshot.
floor_came_first
check "the boot unit failed" wait_until 20 systemctl is-failed sallyport-boot.service
client_make
python3 /test/tests/lib/packets.py serve tcp/22 tcp/80 tcp/443 >/dev/null &
floor() {
	reachable "$1" 22
	shut "$1" 80
	shut "$1" 443
}
floor "invalid, both"
check "it is loud" eval 'journalctl -u sallyport-boot -q --no-pager | grep -q "only the floor is in force"'

whole=/test/state
# boot_with WHAT COMMAND: as after a reboot, with the state spoiled so.
boot_with() {
	echo "note $1"
	systemctl stop sallyport.service sallyport-boot.service
	systemctl reset-failed
	nft delete table inet sallyport 2>/dev/null
	umount $state 2>/dev/null
	rm -rf $state
	cp -a $whole $state
	rm -f /etc/sallyport/policy.ini
	eval "$2"
	systemctl start sallyport-boot.service 2>/dev/null
}
# The panic button works on all of it: shut, but for the way in.
lockdown() { # WHAT
	sallyport lockdown --quiet 2>/dev/null
	reachable "$1, locked down" 22
	shut "$1, locked down" 80
}
boot_with "invalid" "echo nonsense >$state/active/policy.ini"
check_equal "invalid: the unit failed" failed "$(systemctl is-active sallyport-boot.service)"
check "invalid: the previous policy is in force" eval 'ours | grep -q tcp-2222'
floor "invalid"
lockdown "invalid"
boot_with "unreadable" "chown root $state/active/policy.ini; chmod 0 $state/active/policy.ini"
check_equal "unreadable: the unit failed" failed "$(systemctl is-active sallyport-boot.service)"
check "unreadable: the previous policy is in force" eval 'ours | grep -q tcp-2222'
floor "unreadable"
lockdown "unreadable"
boot_with "unreadable, both" "chown root $state/active $state/previous; chmod 0 $state/active $state/previous"
check_equal "unreadable, both: the unit failed" failed "$(systemctl is-active sallyport-boot.service)"
floor "unreadable, both"
lockdown "unreadable, both"
boot_with "missing" "rm -rf $state/active $state/previous"
check_equal "missing: the unit failed" failed "$(systemctl is-active sallyport-boot.service)"
floor "missing"
lockdown "missing"
boot_with "no state" "rm -rf $state; cp /test/now.ini /etc/sallyport/policy.ini"
check_equal "no state, and a policy in /etc: the unit failed" failed "$(systemctl is-active sallyport-boot.service)"
floor "no state, and a policy in /etc"
lockdown "no state, and a policy in /etc"
boot_with "closed state" "chown root $state; chmod 0 $state"
check_equal "a state that cannot be looked at: the unit failed" failed "$(systemctl is-active sallyport-boot.service)"
shut "a state that cannot be looked at" 22
shut "a state that cannot be looked at" 80
lockdown "a state that cannot be looked at (by root, who can)"
boot_with "nothing at all" "rm -rf $state"
check "nothing was ever applied: the unit succeeded" systemctl is-active sallyport-boot.service
check_not "nothing was ever applied: no table" ours
reachable "nothing was ever applied" 80
boot_with "pending" "cp -a $state/active $state/pending; cp /test/more.ini $state/pending/policy.ini
	echo 1000000000 00000000-1111-2222-3333-444444444444 0 >$state/pending/deadline; chown -R sallyport: $state"
check "a reboot inside the window: the unit succeeded" systemctl is-active sallyport-boot.service
check_not "a reboot inside the window: nothing is left to confirm" sallyport confirm
floor "a reboot inside the window: the policy before it"
drop=/run/systemd/system/sallyport-boot.service.d
mkdir -p $drop
printf '[Service]\nReadOnlyPaths=/run/later\n' >$drop/later.conf
systemctl daemon-reload
(sleep 1 && mkdir /run/later) &
boot_with "cannot be set up at first" :
check "cannot be set up at first: it is tried again" wait_until 20 systemctl is-active sallyport-boot.service
shut "cannot be set up at first: then" 80
rm -r $drop
systemctl daemon-reload
boot_with "full disk" "mount -t tmpfs -o size=256k,mode=0750 full $state; cp -a $whole/. $state/
	chown sallyport: $state; cat /dev/zero >$state/filler 2>/dev/null"
check "full disk: the unit succeeded" systemctl is-active sallyport-boot.service
reachable "full disk" 22
shut "full disk" 80
check "full disk: the enforcer runs" systemctl start sallyport.service
check_not "full disk: apply says that it cannot keep it" sallyport apply --no-verify /test/more.ini
sleep 2
note "full disk: port 80 after that apply: $(reach 80 && echo open || echo shut)"
shut "full disk" 443
check "full disk: the enforcer runs on" systemctl is-active sallyport.service
check "full disk: lockdown" eval 'sallyport lockdown; ! reach 80 && reach 22'
