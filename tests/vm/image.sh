#!/bin/bash
# A Debian 12 that boots in QEMU: packages unpacked, nothing configured but by
# systemd's own tools, sallyport installed by `cmake --install`.
#
#   image.sh DIRECTORY BUILD
#
# DIRECTORY gets vmlinuz and base.cpio (an initramfs that is the whole system);
# what was downloaded and unpacked stays there for the next time. BUILD is an
# optimised build of sallyport.
set -eu -o pipefail

directory=$1 build=$2
source=$(cd "$(dirname "$0")/../.." && pwd)
packages=(
	systemd systemd-sysv udev kmod iproute2 nftables netbase procps
	bash coreutils libc-bin util-linux mount grep sed mawk findutils diffutils hostname
	openssl python3 linux-image-cloud-amd64
	base-passwd base-files passwd
	libnftnl11 libmnl0 libssl3 libinih1 libjansson4 libseccomp2 libcap-ng0 libmd0
	# What the suite's own tests ask for.
	nginx-light libnss3-tools curl strace iputils-ping libcap2-bin iptables binutils
	bsdutils ncurses-base tar gzip vsftpd
	python3-jsonschema python3-prometheus-client
)
mkdir -p "$directory/debs"
cd "$directory"

closure() {
	apt-get install --simulate -qq --no-install-recommends \
		-o Dir::State::status=/dev/null "${packages[@]}" |
		sed -nE 's/^Inst ([^ ]+) \(([^ ]+) .*/\1=\2/p'
}

download() {
	local names
	# initramfs-tools and what sets packages up are for a machine that is
	# installed; this one is unpacked.
	mapfile -t names < <(grep -vE '^(initramfs-tools|initramfs-tools-core|klibc-utils|libklibc|usrmerge|debconf|gcc-12-base|dpkg|perl.*|lib.*-perl|adduser|linux-base)=' list)
	(cd debs && apt-get download -q -o APT::Sandbox::User=root "${names[@]}" >/dev/null)
}

unpack() {
	local deb link
	rm -rf root
	# One /usr, as on every Debian 12.
	mkdir -p root/usr/{bin,sbin,lib,lib64} root/{proc,sys,dev,run,tmp,root,etc}
	for link in bin sbin lib lib64; do ln -s usr/$link root/$link; done
	for deb in debs/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C root
	done
	cp root/boot/vmlinuz-* vmlinuz
	rm -rf root/boot root/usr/share/{doc,man,locale,info,bash-completion,zoneinfo,perl5} \
		root/usr/lib/x86_64-linux-gnu/{perl*,gconv}
	prune_modules
}

# What a firewall's test needs of the kernel's modules.
prune_modules() {
	local tree version kept=$directory/modules
	tree=$(echo root/usr/lib/modules/*)
	version=${tree##*/}
	rm -rf "$kept"
	mkdir -p "$kept"
	mv "$tree/kernel" "$kept/all"
	mkdir -p "$tree/kernel/drivers/net" "$tree/kernel/lib" "$tree/kernel/crypto"
	(cd "$kept/all" && cp -a --parents net/netfilter net/ipv4/netfilter net/ipv6/netfilter \
		net/ipv4/inet_diag.ko net/ipv4/tcp_diag.ko net/ipv4/udp_diag.ko \
		drivers/net/veth.ko drivers/net/dummy.ko drivers/net/virtio_net.ko \
		drivers/net/net_failover.ko net/core/failover.ko lib/libcrc32c.ko \
		crypto/crc32c_generic.ko "$OLDPWD/$tree/kernel/" 2>/dev/null || :)
	find "$kept/all" -name 'virtio*.ko' -o -name 'crc32c*.ko' -o -name 'nfnetlink*.ko' |
		while read -r module; do
			mkdir -p "$tree/kernel/$(dirname "${module#"$kept/all/"}")"
			cp -n "$module" "$tree/kernel/${module#"$kept/all/"}"
		done
	rm -rf "$kept"
	chroot root /sbin/depmod "$version"
}

configure() {
	cp root/usr/share/base-passwd/passwd.master root/etc/passwd
	cp root/usr/share/base-passwd/group.master root/etc/group
	# base-passwd gives root "*": nobody logs in here.
	: >root/etc/machine-id
	echo test >root/etc/hostname
	printf '127.0.0.1 localhost\n::1 localhost ip6-localhost\n' >root/etc/hosts
	ln -sf /usr/lib/systemd/systemd root/init
	ln -sf bash root/usr/bin/sh
	ln -sf mawk root/usr/bin/awk
	# Fewer things to wait for.
	local unit
	for unit in systemd-timesyncd systemd-logind systemd-update-utmp systemd-update-utmp-runlevel \
		systemd-random-seed systemd-journal-flush systemd-machine-id-commit systemd-pcrphase \
		systemd-pcrphase-sysinit systemd-user-sessions systemd-networkd-wait-online getty-static \
		modprobe@dm_mod modprobe@fuse modprobe@loop modprobe@drm; do
		ln -sf /dev/null "root/etc/systemd/system/$unit.service"
	done
	ln -sf /dev/null root/etc/systemd/system/getty.target
	ln -sf /usr/lib/systemd/system/multi-user.target root/etc/systemd/system/default.target
	/sbin/ldconfig -r root
}

install_sallyport() {
	DESTDIR=$directory/root cmake --install "$build" >/dev/null
	mkdir -p root/test
	cp -a "$source/tests" root/test/
	chroot root systemd-sysusers
	systemctl --root="$directory/root" -q enable sallyport-boot.service sallyport.service \
		systemd-networkd.service
	cp root/test/tests/vm/guest/*.service root/etc/systemd/system/
	cp root/test/tests/vm/guest/*.network root/etc/systemd/network/
	systemctl --root="$directory/root" -q enable test-trace.service test-run.service
}

closure >list.new || { echo "apt-get cannot list packages" >&2; exit 3; }
if ! cmp -s list.new list; then
	rm -rf debs list
	mkdir -p debs
	cp list.new list
	download || { rm -f list; echo "apt-get cannot download packages" >&2; exit 3; }
fi
key=$(cat list "$source/tests/vm/image.sh" | sha256sum)
if [[ $(cat pristine.key 2>/dev/null) != "$key" ]]; then
	rm -rf pristine pristine.key
	unpack
	configure
	mv root pristine
	echo "$key" >pristine.key
fi
rm -rf root
cp -a pristine root
install_sallyport
(cd root && find . -mindepth 1 -print0 | cpio -0 -o -H newc --quiet) >base.cpio
du -h base.cpio | cut -f1
