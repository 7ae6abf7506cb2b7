#!/bin/bash
# The role of examples/ansible as it is meant for servers: a Debian that boots with
# systemd, administered by ssh, gets the package, its policy, and units that run;
# then the power is cut, a new version comes, and away with it.
. "$(dirname "$0")/../lib/debian.sh"
. "$(dirname "$0")/../lib/fleet.sh"
((EUID == 0)) || skip "not root: no Debian can be made to install it on"
need_command dpkg-deb
debian_package
firewall_lab
certificates good
fleet_begin client

# --- the server --------------------------------------------------------------

root=$TEST_TMP/debian
debian_system "$root"
rm -f "$root"/etc/ssh/ssh_host_*
cp "$fleet/keys/host" "$root/etc/ssh/ssh_host_ed25519_key"
mkdir -p "$root/root/.ssh" "$root/etc/web"
cp "$fleet/keys/login.pub" "$root/root/.ssh/authorized_keys"
cp "$PKI"/good.{pem,key} "$PKI/root.pem" "$root/etc/web/"
cat >"$root/etc/systemd/system/web.service" <<-END
	[Service]
	ExecStart=openssl s_server -accept 443 -quiet -www -cert /etc/web/good.pem -cert_chain /etc/web/good.pem -key /etc/web/good.key
	[Install]
	WantedBy=multi-user.target
END
systemctl --root="$root" -q enable web.service || abort "no service of the web"
debian_boot server "$root"
check_equal "a Debian with systemd" running "$(debian_run server systemctl is-system-running)"
wait_for_port server tcp 443

# --- the controller ----------------------------------------------------------

cat >"$fleet/policy.ini" <<-END
	[policy]
	version = 1
	lockdown = ssh
	[service ssh]
	from = 192.0.2.0/24
	[service https]
	name = $NAME
	ca = /etc/web/root.pem
	lease = 1h
END
fleet_host web $S4
cat >"$fleet/group_vars/all.yml" <<-END
	ansible_user: root
	ansible_python_interpreter: /usr/bin/python3
	sallyport_policy_file: $fleet/policy.ini
	sallyport_install: package
	sallyport_package: $deb
END
fleet_collection

# unit NAME: does it run, and does it at boot?
unit() { debian_run server systemctl show -P ActiveState -P UnitFileState "$1" | paste -sd' '; }
enforcer() { debian_run server systemctl show -P MainPID sallyport.service; }
gate_is_open() { [[ $(in_host server nft list set inet sallyport verified) == *'tcp . 443 '* ]]; }
# On that Debian: the package's state and version.
package() { debian_run server dpkg-query -W -f '${db:Status-Status} ${Version}' sallyport 2>/dev/null; }
as_the_policy_says() {
	packets_reach client <<-END
		connects tcp $A4 -> $S4:443
		connects tcp 192.0.2.2 -> $S4:22
		shut tcp $A4 -> $S4:22,9100
	END
}

# --- looked at, installed, applied -------------------------------------------

playbook --check --diff
expect_status 0 "check mode"
check_match "what is not installed yet cannot say more" '^web +would change .* not installed' "$table"
check_equal "nothing was installed" "" "$(package)"
check_equal "no rule" "" "$(ruleset)"

playbook
expect_status 0 "installed and applied"
check_match "in the table" '^web +confirmed +2 of 2$' "$table"
version=$(dpkg-deb -f "$deb" Version)
check_equal "the package is there" "installed $version" "$(package)"
check_equal "the enforcer runs, and does at boot" "active enabled" "$(unit sallyport.service)"
check_match "so does the boot unit" 'enabled$' "$(unit sallyport-boot.service)"
check_equal "as the package's user" sallyport "$(debian_run server stat -c %U "/proc/$(enforcer)")"
as_the_policy_says

before=$(shape) main=$(enforcer)
playbook
expect_status 0 "again"
check_match "nothing changes" '^web .* changed=0 ' "$said"
check_match "unchanged" '^web +unchanged +2 of 2$' "$table"
check_equal "not a handle differs" "$before" "$(shape)"
check_equal "the enforcer goes on" "$main" "$(enforcer)"

# --- a reboot ----------------------------------------------------------------

debian_cut server
check_equal "the power is gone, and what the kernel held" "" "$(ruleset)"
debian_boot server "$root"
check_equal "it boots" running "$(debian_run server systemctl is-system-running)"
check_equal "the boot unit ran" "active enabled" "$(unit sallyport-boot.service)"
check_equal "the enforcer runs" "active enabled" "$(unit sallyport.service)"
check "https proves itself anew" wait_until 20 gate_is_open
as_the_policy_says

# --- a new version -----------------------------------------------------------

dpkg-deb -R "$deb" "$TEST_TMP/next" &&
	sed -i "s/^Version: .*/Version: $version+1/" "$TEST_TMP/next/DEBIAN/control" &&
	dpkg-deb --root-owner-group -b "$TEST_TMP/next" "$TEST_TMP/sallyport_next.deb" >/dev/null ||
	abort "no package of another version"
before=$(in_host server nft list chain inet sallyport input) main=$(enforcer)
playbook --check -e "sallyport_package=$TEST_TMP/sallyport_next.deb"
expect_status 0 "check mode again"
check_equal "nothing was installed" "installed $version" "$(package)"
playbook -e "sallyport_package=$TEST_TMP/sallyport_next.deb"
expect_status 0 "upgraded"
check_equal "the new version is there" "installed $version+1" "$(package)"
check_not "the enforcer is another process" test "$main" = "$(enforcer)"
check_equal "and runs" "active enabled" "$(unit sallyport.service)"
check_equal "no rule was touched" "$before" "$(in_host server nft list chain inet sallyport input)"
check "no lease was lost" gate_is_open

# --- away with it ------------------------------------------------------------

check_exit 0 "apt-get remove" debian_run server apt-get -q -y remove sallyport
check_match "says what stays" 'the ruleset stays in the kernel' "$output"
check_equal "and it does" "$before" "$(in_host server nft list chain inet sallyport input)"
check_match "nobody enforces it any more" '^inactive' "$(unit sallyport.service)"
check_equal "no unit failed" "" "$(debian_run server systemctl --failed --no-legend --plain)"
as_the_policy_says
finish
