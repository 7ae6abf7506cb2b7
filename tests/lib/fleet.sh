# shellcheck shell=bash
# examples/ansible in use: a controller on a host of the lab, by ssh to others.
. "$(dirname "${BASH_SOURCE[0]}")/sallyport.sh"

fleet=$TEST_TMP/fleet

# fleet_begin CONTROLLER: keys, and what Ansible reads there. Machines are added to
# $fleet/inventory.ini, group_vars and host_vars beside it.
fleet_begin() {
	need_command ansible-playbook ansible-galaxy ssh ssh-keygen
	fleet_controller=$1
	mkdir -p "$fleet"/{keys,host_vars,group_vars} "$TEST_TMP/home"
	ssh-keygen -q -t ed25519 -N '' -f "$fleet/keys/login" &&
		ssh-keygen -q -t ed25519 -N '' -f "$fleet/keys/host" || abort "cannot make keys"
	cat >"$fleet/ansible.cfg" <<-END
		[defaults]
		inventory = $fleet/inventory.ini
		collections_path = $fleet/collections
		forks = 5
		timeout = 3
		private_key_file = $fleet/keys/login
		home = $TEST_TMP/home
		local_tmp = $TEST_TMP/home/tmp
		nocows = true
		[ssh_connection]
		pipelining = true
		ssh_args = -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=$fleet/known_hosts
		control_path_dir = $TEST_TMP/cp
	END
}

# fleet_host NAME ADDRESS: into the inventory, its key known.
fleet_host() {
	printf '%s ansible_host=%s\n' "$1" "$2" >>"$fleet/inventory.ini"
	printf '%s %s\n' "$2" "$(<"$fleet/keys/host.pub")" >>"$fleet/known_hosts"
}

# on HOST COMMAND...: by ssh, from the controller.
on() {
	local address
	address=$(sed -n "s/^$1 ansible_host=//p" "$fleet/inventory.ini")
	shift
	in_host "$fleet_controller" ssh -q -i "$fleet/keys/login" -o UserKnownHostsFile="$fleet/known_hosts" \
		-o ConnectTimeout=5 "root@$address" "$@"
}

controller() {
	in_host "$fleet_controller" env HOME="$TEST_TMP/home" ANSIBLE_CONFIG="$fleet/ansible.cfg" timeout 200 "$@"
}
playbook() {
	local began=$SECONDS
	rm -rf "$TEST_TMP/report"
	run controller ansible-playbook sallyport.fleet.fleet \
		-e "sallyport_fleet_folder=$TEST_TMP/report" "$@"
	echo "     ($((SECONDS - began)) s)"
	said=$(printf '%s\n' "$output" "$errors")
	table=$(cat "$TEST_TMP/report/fleet.txt")
	echo "$table"
}
expect_status() { # CODE WHAT
	check_equal "$2: exit $1" "$1" "$status"
	((status == $1)) || printf '%s\n' "$said" | tail -n 80
}

# The collection, as somebody gets it.
fleet_collection() {
	check_exit 0 "the collection is one" \
		controller ansible-galaxy collection build "$SP_ROOT/examples/ansible" --output-path "$fleet"
	check_exit 0 "it installs" controller ansible-galaxy collection install \
		"$fleet"/sallyport-fleet-*.tar.gz -p "$fleet/collections"
}
