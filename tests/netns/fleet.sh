#!/bin/bash
# examples/ansible, by ansible-playbook over ssh, on five hosts: three that get what
# their policy says, one whose certificate has expired, one whose new policy shuts ssh.
# Each host has its own network and its own root, where the role installs what
# `cmake --install` makes.
. "$(dirname "$0")/../lib/fleet.sh"
need_sallyport
net_begin
need_command /usr/sbin/sshd cmake systemd-tmpfiles
build=${SP_BUILD:-$SP_ROOT/build/sanitize}
hosts=(web1 web2 web3 stale lost)
inside=10.77.0.1 outside=203.0.113.7

# --- the hosts ---------------------------------------------------------------

fleet_begin ctl
mkdir -p "$TEST_TMP/installed"
DESTDIR=$TEST_TMP/installed cmake --install "$build" --strip >/dev/null ||
	abort "cmake --install failed"
tar -C "$TEST_TMP/installed" --owner=root --group=root -czf "$fleet/sallyport.tar.gz" usr ||
	abort "cannot pack the installation"
certificates good expired
cat >"$fleet/sshd_config" <<-'END'
	HostKey /etc/fleet/host
	PidFile none
	UsePAM no
	PasswordAuthentication no
	Subsystem sftp internal-sftp
	PermitRootLogin prohibit-password
END

# A root of its own over this machine's: what a host changes is gone with its mounts.
cat >"$fleet/machine" <<-'END'
	set -e
	fleet=$1 layers=$2 certificate=$3 installed=$4
	mount -t tmpfs -o mode=755 none "$layers"
	mkdir "$layers/upper" "$layers/work" "$layers/root"
	mount -t overlay -o "lowerdir=/,upperdir=$layers/upper,workdir=$layers/work" none "$layers/root"
	cd "$layers/root"
	for folder in proc sys dev; do mount --rbind "/$folder" "$folder"; done
	mount -t tmpfs -o mode=1777 none tmp
	mount -t tmpfs -o mode=755 none run
	mount -t tmpfs -o mode=700 none root
	rm -rf etc/sallyport var/lib/sallyport
	mkdir -p run/sshd etc/fleet root/.ssh
	cp "$fleet/sshd_config" "$fleet/keys/host" etc/fleet
	cp "$certificate" etc/fleet/root.pem
	cp "$fleet/keys/login.pub" root/.ssh/authorized_keys
	if [ "$installed" = yes ]; then
		tar -xzf "$fleet/sallyport.tar.gz" -C .
		chroot . systemd-sysusers sallyport.conf
		chroot . systemd-tmpfiles --create sallyport.conf
	fi
	exec chroot . /usr/sbin/sshd -D -e -f /etc/fleet/sshd_config
END

# machine NAME NUMBER LEAF INSTALLED
machine() {
	local name=$1 address=10.77.0.$((10 + $2))
	host "$name"
	link ctl "to-$name" "$name" eth0
	addresses "$name" eth0 "$address/32"
	ip -n "$net_prefix$name" route add default dev eth0 &&
		ip -n "${net_prefix}ctl" route add "$address/32" dev "to-$name" src $inside ||
		abort "cannot route $name"
	mkdir "$TEST_TMP/root-$name"
	server_start "sshd-$name" "$name" bash "$fleet/machine" "$fleet" "$TEST_TMP/root-$name" \
		"$PKI/root.pem" "$4"
	web_on "$name" "nginx-$name" "$3" "$address:443"
	answer "$name" tcp/9100
	fleet_host "$name" "$address"
}
host ctl
addresses ctl lo $inside/32 $outside/32
machine web1 1 good no
machine web2 2 good yes
machine web3 3 good yes
machine stale 4 expired yes
machine lost 5 good yes
for name in "${hosts[@]}"; do
	wait_for_port "$name" tcp 22
done

# --- the controller ----------------------------------------------------------

standard() { # LINE-OF-[policy]...
	cat <<-END
		[policy]
		version = 1
		$*
		[service metrics]
		port = 9100
		tls = none
		from = 10.77.0.0/24
		[service https]
		name = $NAME
		ca = /etc/fleet/root.pem
	END
}
{
	standard
	printf '[service debug]\nport = 9101\ntls = none\n'
} >"$fleet/lost.ini"
{
	standard lockdown = ssh
	printf '[service ssh]\nfrom = 10.77.0.0/24\n'
} >"$fleet/standard.ini"
{
	printf '\n[all:vars]\nansible_user=root\nansible_python_interpreter=/usr/bin/python3\n'
	printf 'sallyport_install=archive\nsallyport_archive=%s\n' "$fleet/sallyport.tar.gz"
	printf 'sallyport_confirm_seconds=20\n'
} >>"$fleet/inventory.ini"
echo "sallyport_policy_file: $fleet/standard.ini" >"$fleet/group_vars/all.yml"
fleet_collection

# One host had a policy before.
check_exit 0 "a policy before the fleet's" eval \
	'on lost "cat >/etc/sallyport/policy.ini && sallyport apply" <"$fleet/standard.ini"'
packets_reach ctl <<END
connects tcp $inside -> 10.77.0.15:22
open tcp $inside -> 10.77.0.15:9100
shut tcp $outside -> 10.77.0.15:22,9100
END
cat >"$fleet/host_vars/lost.yml" <<<"sallyport_policy_file: $fleet/lost.ini"

# --- check mode --------------------------------------------------------------

playbook --check --diff
expect_status 0 "check mode"
check_match "it shows what was" '^-9101/tcp \(debug\) from anywhere: drop$' "$said"
check_match "and what would open" '^\+9101/tcp \(debug\) from anywhere: accept$' "$said"
check_match "and the proof that it takes" \
	'^\+443/tcp \(https\) from anywhere: accept while verified, else drop$' "$said"
check_match "and what would stay shut" '^443/tcp stays shut: certificate expired' "$said"
check_match "the table has it" '^lost +would change .* opens 1, closes 1' "$table"
check_match "what is not installed yet cannot say more" '^web1 +would change .* not installed' "$table"
for name in web1 web2 stale; do
	check_equal "$name has no ruleset" "" "$(in_host "$name" nft list ruleset)"
done
check_exit 1 "web1 has no program" on web1 test -e /usr/bin/sallyport
check_equal "web2 has no policy, nor anything else new" "profiles.d services.d " \
	"$(on web2 ls -A /etc/sallyport | tr '\n' ' ')"
packets_reach ctl <<END
open tcp $outside -> 10.77.0.12:9100
connects tcp $outside -> 10.77.0.14:443
connects tcp $inside -> 10.77.0.15:22
END

# --- applied -----------------------------------------------------------------

playbook
expect_status 2 "applied, and one host needs somebody"
check_match "who that is" 'lost: undone' "$said"
for name in web1 web2 web3; do
	check_match "$name is as its policy says" "^$name +confirmed +3 of 3\$" "$table"
done
check_match "the expired certificate is in the table" \
	'^stale +confirmed +2 of 3 +443/tcp https is shut: certificate expired' "$table"
check_match "and the host that could not be reached" \
	'^lost +undone +3 of 3 +the new policy let no new connection in' "$table"
check_match "three are good" '^3 of 5 hosts' "$table"
check_match "the same in Markdown" '^\| lost \| undone \| 3 of 3 \| the new policy' \
	"$(cat "$TEST_TMP/report/fleet.md")"
check_no_match "nothing is wider than 80" '^.{81,}' "$table"
check "the evidence is kept" test -s "$TEST_TMP/report/stale.verify.json"
check_equal "the policy is in its place" "$(<"$fleet/standard.ini")" \
	"$(on web1 cat /etc/sallyport/policy.ini)"
check_equal "the one that was undone is not" "$(<"$fleet/standard.ini")" \
	"$(on lost cat /etc/sallyport/policy.ini)"
check_equal "it is beside it" "$(<"$fleet/lost.ini")" \
	"$(on lost cat /etc/sallyport/policy.ini.undone)"
as_applied() {
	packets_reach ctl <<-END
		connects tcp $inside -> 10.77.0.11:22,443 10.77.0.12:22,443 10.77.0.13:22,443
		connects tcp $outside -> 10.77.0.11:443 10.77.0.12:443 10.77.0.13:443 10.77.0.15:443
		open tcp $inside -> 10.77.0.11:9100 10.77.0.12:9100 10.77.0.13:9100 10.77.0.14:9100
		shut tcp $outside -> 10.77.0.11:22,9100 10.77.0.12:22,9100 10.77.0.13:22,9100
		connects tcp $inside -> 10.77.0.14:22
		shut tcp $inside -> 10.77.0.14:443
		shut tcp $outside -> 10.77.0.14:443,22,9100
		connects tcp $inside -> 10.77.0.15:22
		open tcp $inside -> 10.77.0.15:9100
		shut tcp $outside -> 10.77.0.15:22,9100,9101
	END
}
as_applied

# --- once more ---------------------------------------------------------------

rm "$fleet/host_vars/lost.yml"
# Without what moves by itself, as `shape` does for one host.
shapes() {
	local name
	for name in "${hosts[@]}"; do
		in_host "$name" nft -a list ruleset
	done | sed -E 's/ expires [0-9a-z]+//g; s/packets [0-9]+ bytes [0-9]+//
		/elements = \{ tcp timeout 30s \}/d'
}
before=$(shapes)
playbook
expect_status 0 "again"
check_equal "every host is unchanged" 5 "$(grep -cE '^(web[123]|stale|lost) .* changed=0 ' <<<"$said")"
check_equal "and says so" 5 "$(grep -cE '^[a-z0-9]+ +unchanged' <<<"$table")"
check_equal "not a handle differs" "$before" "$(shapes)"
as_applied

# --- what fails, and how it is said ------------------------------------------

# module HOST ARGUMENTS: one task, without the role.
module() {
	run controller ansible "$1" -m sallyport.fleet.sallyport_policy -a "$2"
	said=$output$errors
}
on web1 "cat >/etc/sallyport/other.ini" <"$fleet/lost.ini"
module web1 policy=/etc/sallyport/other.ini
check_equal "what would shut us out is refused where nothing would undo it" 2 "$status"
check_match "in sallyport's words" 'not applied: .*lets no new connection of yours in' "$said"
module web1 state=confirmed
check_equal "a confirmation that nothing waits for fails" 2 "$status"
check_match "and says why" 'nothing waits to be confirmed' "$said"

sed 's/^port = 9100/prot = 9100/' "$fleet/standard.ini" >"$fleet/wrong.ini"
echo "sallyport_policy_file: $fleet/wrong.ini" >"$fleet/host_vars/web1.yml"
check_exit 0 "web2 is locked down" on web2 sallyport lockdown
for pid in $(ip netns pids "${net_prefix}web3"); do
	[[ $(<"/proc/$pid/comm") != sshd ]] || kill "$pid"
done
playbook --limit web1,web2,web3,localhost
expect_status 2 "each needs somebody"
check_match "a wrong policy" "^web1 +failed +3 of 3 +the policy is wrong:" "$table"
check_match "names the line and what would be right" \
	"policy.ini:5:1: error: .service. has no key .prot.: did you mean .port" "$(tr -s ' \n' ' ' <<<"$table")"
check_match "a lockdown is left alone" "^web2 +failed .*somebody locked this host down" "$table"
check_match "a host that is not there is told" "^web3 +unreachable +-" "$table"
check_no_match "others were no part of it" "^(stale|lost)" "$table"
check_match "the lockdown holds" '"locked_down": true' "$(on web2 sallyport status --format json)"
check_equal "nothing was left lying about" "other.ini policy.ini profiles.d services.d " \
	"$(on web1 ls -A /etc/sallyport | tr '\n' ' ')"
finish
