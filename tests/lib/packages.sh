# shellcheck shell=bash
# The Debian 12 packages that building, testing and showing sallyport take, and
# how they get onto a machine; whether a build directory is ours to build in.
# This is the only list: tests/run and examples/quickstart both read it.

packages_build=(
	gcc libc6-dev cmake ninja-build pkg-config
	libnftnl-dev libmnl-dev libssl-dev libinih-dev libjansson-dev
	libseccomp-dev libcap-ng-dev libmd-dev
)
# What a real host and its servers need: namespaces, names of protocols for nft,
# certificates, a web server, and the one server in Debian that still speaks
# SSLv3 (NSS's selfserv).
packages_show=(
	iproute2 nftables netbase procps python3 openssl curl nginx-light libnss3-tools
)
packages_test=(
	"${packages_show[@]}"
	ca-certificates libcmocka-dev strace gnutls-bin libcap2-bin iputils-ping git
	python3-jsonschema python3-yaml python3-cryptography python3-prometheus-client
	mandoc zsh fish
)
packages_coverage=(lcov)
packages_fuzz=(clang-14 libclang-rt-14-dev)
# The servers that speak each STARTTLS protocol, web servers and others in every TLS
# library, libraries that still have what is broken, clients, and the scanners that
# tests/bench compares with, for the long suite. (inn2 is only unpacked, by the test:
# its installation fails on a host whose name is not fully qualified.)
packages_long=(
	postfix libsasl2-modules dovecot-imapd dovecot-pop3d dovecot-lmtpd dovecot-managesieved
	vsftpd slapd postgresql-15 mariadb-server-core mariadb-client-core xrdp prosody
	apache2 libmbedtls-dev android-libboringssl-dev openjdk-17-jdk-headless
	lighttpd lighttpd-mod-openssl lighttpd-mod-gnutls lighttpd-mod-mbedtls
	lighttpd-mod-nss lighttpd-mod-wolfssl haproxy stunnel4 caddy botan
	erlang-base erlang-ssl mosquitto
	sslscan nmap openssh-server openssh-client ansible-core ldap-utils
	qemu-system-x86 cpio valgrind ufw firewalld
	debootstrap lintian dpkg-dev binutils clang-tidy cppcheck
	inn2-inews libcanlock3 libperl5.36 libpython3.11
)

# Prints those of the named packages that are not installed, one on a line.
packages_missing() {
	local package
	for package; do
		# shellcheck disable=SC2016 # dpkg-query's own variable
		[[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) == ii* ]] ||
			printf '%s\n' "$package"
	done
}

as_root() {
	if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# build_is_ours DIRECTORY: can we build there? Not after somebody else did, root
# with sudo for example.
build_is_ours() {
	[[ -e $1 ]] || return 0
	[[ -z $(find "$1" -maxdepth 2 ! -writable -print -quit 2>/dev/null) ]] && return 0
	echo "$1 was built by somebody else (with sudo?): build with sudo again, or remove it" >&2
	return 1
}

# Installs what is missing of the named packages. No daemon among them starts,
# neither now nor at the next boot, and a policy-rc.d that was there is put back.
packages_install() {
	local missing
	mapfile -t missing < <(packages_missing "$@")
	((${#missing[@]})) || return 0
	if ! command -v apt-get >/dev/null; then
		echo "this machine has no apt-get (Debian 12 is what this is made for);" \
			"install what corresponds to: ${missing[*]}" >&2
		return 1
	fi
	if ((EUID != 0)) && ! command -v sudo >/dev/null; then
		echo "missing packages, and neither root nor sudo to install them. As root, run:" >&2
		echo "  apt-get install ${missing[*]}" >&2
		return 1
	fi
	echo "Installing ${#missing[@]} packages from Debian, and what they need:" >&2
	fold -s -w 76 <<<"${missing[*]}" | sed 's/^/  /' >&2
	as_root bash -s -- "${missing[@]}" <<-'ROOT'
		set -u
		guard=/usr/sbin/policy-rc.d
		kept=$guard.before-sallyport
		restore() {
			if [ -e "$kept" ]; then mv -f "$kept" "$guard"; else rm -f "$guard"; fi
		}
		# A file left over from a run that was killed is the original.
		if [ -e "$guard" ] && [ ! -e "$kept" ]; then cp -p "$guard" "$kept"; fi
		# policy-rc.d forbids starting, not enabling: what came in just now must
		# not come up at the next boot either, though a part of it failed.
		disable() {
			comm -13 <(printf '%s\n' "$before") <(installed) | while read -r package _; do
				dpkg -L "$package" 2>/dev/null | grep -E '^(/usr)?/lib/systemd/system/[^/]+\.(service|socket|timer|path)$' |
				while read -r unit; do
					unit=${unit##*/}
					if deb-systemd-helper --quiet was-enabled "$unit" 2>/dev/null; then
						deb-systemd-helper disable "$unit" >/dev/null 2>&1
					fi
				done
				dpkg -L "$package" 2>/dev/null | sed -n 's|^/etc/init.d/||p' |
				while read -r script; do
					update-rc.d "$script" disable >/dev/null 2>&1
				done
			done
		}
		installed() { dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' | sort; }
		before=$(installed)
		trap 'disable; restore' EXIT
		trap 'exit 130' INT TERM HUP
		# 101: "action forbidden by policy", invoke-rc.d(8).
		printf '#!/bin/sh\nexit 101\n' >"$guard.new"
		chmod 755 "$guard.new" && mv -f "$guard.new" "$guard" || exit 1

		export DEBIAN_FRONTEND=noninteractive
		get() { apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" </dev/null; }
		log=$(mktemp) || exit 1
		if ! { get update && get install --no-install-recommends "$@"; } >"$log" 2>&1; then
			tail -n 20 "$log" >&2
			echo "apt-get could not install: $*" >&2
			exit 1
		fi
		rm -f "$log"
		exit 0
	ROOT
}
