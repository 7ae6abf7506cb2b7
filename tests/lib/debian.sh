# shellcheck shell=bash
# The Debian package, a fresh Debian to install it on, and one that boots: systemd
# as process 1 in namespaces of its own, on a host of the lab.
. "$(dirname "${BASH_SOURCE[0]}")/sallyport.sh"
SP_BUILD=${SP_BUILD:-$SP_ROOT/build/sanitize}

# debian_package: makes it of this tree, what was built before included; its path is
# in `deb`.
debian_package() {
	local packing=$SP_BUILD/packing
	need_command cmake cpack dpkg-deb dpkg-shlibdeps
	exec 7>"$SP_BUILD/packing.lock"
	flock 7
	rm -f "$packing"/sallyport_*.deb
	(
		# As the README has it, but for the folder.
		cd "$SP_ROOT" && env -u DEBEMAIL cmake --preset package -B "$packing" &&
			cmake --build "$packing" -j 2 && (cd "$packing" && cpack)
	) >"$TEST_TMP/packing.log" 2>&1 7>&- || abort "no package: $(tail -n 5 "$TEST_TMP/packing.log")"
	deb=$(echo "$packing"/sallyport_*_*.deb)
	check "a package named as Debian names them" test -f "$deb"
	cp "$deb" "$TEST_TMP/" && deb=$TEST_TMP/${deb##*/}
	exec 7>&-
}

# What a package declares, systemd's own programs for systemd where either will do.
debian_depends() {
	dpkg-deb -f "$1" Depends | tr ',' '\n' |
		sed -E 's/^ *systemd \| //; s/^ *//; s/ .*//' | sort -u
}

# debian_kept NAME WORDS ROOT MAKE...: the root file system that MAKE puts into ROOT,
# kept in this build directory for the next time that NAME and WORDS are the same.
debian_kept() {
	local cache root=$3
	cache=$SP_BUILD/$1-$(sha256sum <<<"$2" | cut -c 1-12).tar
	shift 3
	mkdir -p "$root"
	if [[ ! -s $cache ]]; then
		"$@" || exit
		tar -C "$root" --exclude './var/cache/apt/*' --exclude './var/lib/apt/lists/*' \
			-cf "$cache.$$" . && mv "$cache.$$" "$cache"
	else
		tar -C "$root" -xpf "$cache" || abort "cannot unpack $cache"
	fi
	# Users of that Debian have to get there.
	chmod 755 "$TEST_TMP"
}

# debian_root ROOT: a fresh Debian with what the package declares, and nothing else.
# Fetching it takes a minute and a half.
debian_root() {
	local depends
	need_command debootstrap
	((EUID == 0)) || skip "not root: no Debian can be made"
	depends=$(debian_depends "$deb" | paste -sd,)
	debian_kept debian "$depends" "$1" debian_fetch "$1" "$depends"
}

debian_fetch() { # ROOT PACKAGES
	local mirror
	read -r mirror < <(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' |
		sed -n 's/^bookworm main //p')
	debootstrap --variant=minbase --include="$2" bookworm "$1" "$mirror" >"$TEST_TMP/debootstrap.log" 2>&1 ||
		skip "no Debian can be fetched here: $(tail -n 1 "$TEST_TMP/debootstrap.log" | sed "s|$mirror|the mirror|")"
}

# debian_system ROOT: the same as a machine that is administered from afar: systemd,
# ssh, what Ansible needs, and something to serve.
debian_packages=(systemd-sysv openssh-server python3-apt openssl)
debian_system() {
	debian_kept debian-system "$(debian_depends "$deb") ${debian_packages[*]}" "$1" debian_extend "$1"
}

debian_extend() { # ROOT
	local root=$1 names
	debian_root "$root"
	mapfile -t names < <(apt-get install --simulate -qq --no-install-recommends \
		-o Dir::State::status="$root/var/lib/dpkg/status" "${debian_packages[@]}" 2>/dev/null |
		sed -nE 's/^Inst ([^ ]+) \(([^ ]+) .*/\1=\2/p')
	mkdir "$root/packages"
	((${#names[@]})) &&
		(cd "$root/packages" && apt-get download -q -o APT::Sandbox::User=root "${names[@]}") \
			>"$TEST_TMP/download.log" 2>&1 || skip "apt-get cannot download packages"
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	# shellcheck disable=SC2016 # expanded there
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
		sh -c 'apt-get install -q -y --no-install-recommends /packages/*.deb' \
		>"$TEST_TMP/extend.log" 2>&1 || abort "cannot install: $(tail -n 3 "$TEST_TMP/extend.log")"
	rm -rf "$root/packages" "$root/usr/sbin/policy-rc.d"
}

# --- one that boots ----------------------------------------------------------

# debian_boot HOST ROOT: its systemd, in namespaces and a control group of its own, on
# that host's network; returns when it has booted.
debian_boot() {
	local where=$1 root=$2
	need_command unshare nsenter
	at_exit debian_end "$where"
	server_start "init-$where" "$where" unshare -m --propagation private "$BASH" \
		"$SP_ROOT/tests/lib/debian-boot" "$root" "$net_prefix$where"
	wait_until 30 debian_is_up "$where" || {
		tail -n 20 "$TEST_TMP/init-$where.log"
		[[ ! -s $TEST_TMP/init-$where.skip ]] || skip "$(<"$TEST_TMP/init-$where.skip")"
		abort "systemd does not come up on $where"
	}
}

# Process 1 of that host, by its number here.
debian_init() {
	local pid=pid_init_${1//-/_}
	pgrep -P "${!pid}"
}

debian_is_up() {
	local state
	state=$(debian_run "$1" systemctl is-system-running 2>/dev/null)
	[[ $state == @(running|degraded) ]]
}

# debian_run HOST COMMAND...
debian_run() {
	local init
	init=$(debian_init "$1") || return
	shift
	nsenter -t "$init" -a env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TERM=dumb "$@"
}

# debian_cut HOST: the power is gone, from one moment to the next. What the kernel
# held is gone with it.
debian_cut() {
	local init pid=pid_init_${1//-/_}
	init=$(debian_init "$1") && kill -KILL "$init"
	wait "${!pid}" 2>/dev/null
	in_host "$1" nft flush ruleset
}

debian_end() {
	local init
	if init=$(debian_init "$1"); then
		kill -KILL "$init"
		server_stop "init-$1"
	fi
	# shellcheck disable=SC2016 # expanded there
	unshare -m --propagation private "$BASH" -c '
		mount -t cgroup2 none "$0" && [ ! -d "$0/$1" ] || find "$0/$1" -depth -type d -exec rmdir {} +
	' "$TEST_TMP" "$net_prefix$1"
}
