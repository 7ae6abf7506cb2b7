# shellcheck shell=bash
# The software that people run, each started by hand in the lab's server with a
# configuration of the test's own: rows of lab.sh name these as they name nginx.
#
#   postfix LEAF [MAIN.CF-LINE;...]
#   debian_postfix LEAF [MAIN.CF-LINE;...] Debian's main.cf, the certificate changed
#   dovecot LEAF imap|pop3|lmtp|sieve [SETTING;...]
#   imaps LEAF [SETTING;...]         dovecot with TLS from the first byte on
#   apache LEAF [DIRECTIVE;...]      with Debian's ssl.conf as it comes
#   debian_nginx LEAF [DIRECTIVE;...] with what Debian's nginx.conf says of TLS
#   vsftpd LEAF [SETTING;...]
#   debian_vsftpd LEAF [SETTING;...] Debian's vsftpd.conf, with TLS switched on
#   slapd LEAF [SLAPD.CONF-LINE;...]
#   debian_slapd LEAF [ATTRIBUTE: VALUE;...] Debian's first cn=config, and a certificate
#   postgres LEAF [SETTING;...]
#   mariadb LEAF [SETTING;...]
#   xrdp LEAF [SETTING;...]
#   prosody LEAF c2s|s2s [SETTING;...]
#   innd LEAF [INN.CONF-LINE;...]
#
# LEAF `none`: without TLS, as the software comes.

# What has to be there for a row to run.
daemon_command() {
	case $1 in
	postgres) echo /usr/lib/postgresql/15/bin/postgres ;;
	mariadb) echo mariadbd ;;
	imaps) echo dovecot ;;
	apache) echo apache2 ;;
	debian_nginx) echo nginx ;;
	debian_*) echo "${1#debian_}" ;;
	innd) echo "$(inn_root)/usr/lib/news/bin/nnrpd" ;;
	*) echo "$1" ;;
	esac
}

# A directory that users other than root can look into, and the leaf's files, in
# it: $home/{cert,key,both}.pem.
daemon_home() { # port leaf user
	home=$TEST_TMP/daemon-$1
	chmod 755 "$TEST_TMP"
	mkdir -p "$home"
	if [[ $2 != none ]]; then
		cp "$PKI/$2.pem" "$home/cert.pem"
		cp "$PKI/$2.key" "$home/key.pem"
		cp "$PKI/$2.full" "$home/both.pem"
		chmod 600 "$home/key.pem" "$home/both.pem"
	fi
	[[ -z ${3-} ]] || chown -R "$3" "$home"
}

# Settings of a row, one on a line.
settings() { tr ';' '\n' <<<"$*" | sed 's/^ *//'; }

# What a postfix of the test's own needs beside its settings in $home/main.cf.
postfix_start() { # port
	mkdir -p "$home/queue" "$home/data" "$home/sasl"
	chown postfix "$home/data"
	printf 'pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\n' >"$home/sasl/smtpd.conf"
	cat >>"$home/main.cf" <<-END
		queue_directory = $home/queue
		data_directory = $home/data
		command_directory = /usr/sbin
		daemon_directory = /usr/lib/postfix/sbin
		myhostname = $NAME
		mydestination =
		local_recipient_maps =
		alias_maps =
		inet_interfaces = all
		inet_protocols = all
		cyrus_sasl_config_path = $home/sasl
		maillog_file = $home/mail.log
		maillog_file_prefixes = $home
		smtpd_peername_lookup = no
		smtpd_client_connection_count_limit = 0
	END
	cat >"$home/master.cf" <<-END
		$1 inet n - n - - smtpd
		postlog unix-dgram n - n - 1 postlogd
		anvil unix - - n - 1 anvil
		tlsmgr unix - - n 1000? 1 tlsmgr
		rewrite unix - - n - - trivial-rewrite
	END
	postfix -c "$home" set-permissions >"$home/log" 2>&1
	server_start "postfix_$1" server /usr/lib/postfix/sbin/master -c "$home" -d
}

serve_postfix() {
	local port=$1 leaf=$2 tls=may
	daemon_home "$port" "$leaf"
	[[ $leaf != none ]] || tls=none
	printf 'compatibility_level = 3.6\nsmtpd_tls_security_level = %s\n' "$tls" >"$home/main.cf"
	[[ $leaf == none ]] ||
		printf 'smtpd_tls_chain_files = %s, %s\n' "$home/key.pem" "$home/cert.pem" >>"$home/main.cf"
	settings "${@:3}" >>"$home/main.cf"
	postfix_start "$port"
}

# As the package's first configuration puts main.cf together.
serve_debian_postfix() {
	local port=$1 leaf=$2
	daemon_home "$port" "$leaf"
	cat /usr/share/postfix/main.cf.debian /usr/share/postfix/main.cf.tls |
		sed "s|/etc/ssl/certs/ssl-cert-snakeoil.pem|$home/cert.pem|
			s|/etc/ssl/private/ssl-cert-snakeoil.key|$home/key.pem|" >"$home/main.cf"
	settings "${@:3}" >>"$home/main.cf"
	postfix_start "$port"
}

serve_dovecot() {
	local port=$1 leaf=$2 protocol=$3 ssl=yes login=$3-login
	daemon_home "$port" "$leaf"
	[[ $leaf != none ]] || ssl=no
	case $protocol in
	sieve) login=managesieve-login ;;
	lmtp) login=lmtp ;;
	esac
	cat >"$home/dovecot.conf" <<-END
		base_dir = $home/run
		state_dir = $home/state
		log_path = $home/dovecot.log
		instance_name = test-$port
		protocols = $protocol
		ssl = $ssl
		ssl_cert = <$home/cert.pem
		ssl_key = <$home/key.pem
		ssl_min_protocol = TLSv1.2
		mail_location = maildir:$home/mail
		passdb {
		  driver = static
		  args = nopassword=y
		}
		userdb {
		  driver = static
		  args = uid=65534 gid=65534 home=$home
		}
		service stats {
		  unix_listener stats-writer {
		    mode = 0666
		  }
		}
		service $login {
		  inet_listener $protocol {
		    port = $port
		  }
		}
	END
	case $protocol in
	imap | pop3) printf 'service %s-login {\n inet_listener %ss {\n port = 0\n }\n}\n' "$protocol" "$protocol" >>"$home/dovecot.conf" ;;
	sieve) printf 'service managesieve-login {\n inet_listener sieve_deprecated {\n port = 0\n }\n}\n' >>"$home/dovecot.conf" ;;
	esac
	[[ $leaf != none ]] || sed -i '/^ssl_\(cert\|key\)/d' "$home/dovecot.conf"
	settings "${@:4}" >>"$home/dovecot.conf"
	server_start "dovecot_$port" server dovecot -F -c "$home/dovecot.conf"
}

serve_imaps() {
	local port=$1 leaf=$2
	daemon_home "$port" "$leaf"
	cat >"$home/dovecot.conf" <<-END
		base_dir = $home/run
		state_dir = $home/state
		log_path = $home/dovecot.log
		instance_name = test-$port
		protocols = imap
		!include /etc/dovecot/conf.d/10-ssl.conf
		ssl_cert = <$home/cert.pem
		ssl_key = <$home/key.pem
		service stats {
		  unix_listener stats-writer {
		    mode = 0666
		  }
		}
		service imap-login {
		  inet_listener imap {
		    port = 0
		  }
		  inet_listener imaps {
		    port = $port
		    ssl = yes
		  }
		}
	END
	settings "${@:3}" >>"$home/dovecot.conf"
	server_start "imaps_$port" server dovecot -F -c "$home/dovecot.conf"
}

serve_apache() {
	local port=$1 leaf=$2 modules=/usr/lib/apache2/modules
	daemon_home "$port" "$leaf"
	cat >"$home/apache.conf" <<-END
		Define APACHE_RUN_DIR $home
		ServerRoot $home
		ServerName $NAME
		PidFile $home/pid
		ErrorLog $home/error.log
		Listen $port
		LoadModule mpm_event_module $modules/mod_mpm_event.so
		LoadModule authz_core_module $modules/mod_authz_core.so
		LoadModule mime_module $modules/mod_mime.so
		LoadModule socache_shmcb_module $modules/mod_socache_shmcb.so
		LoadModule ssl_module $modules/mod_ssl.so
		TypesConfig /etc/mime.types
		Mutex file:$home default
		Include /etc/apache2/mods-available/ssl.conf
		SSLEngine on
		SSLCertificateFile $home/cert.pem
		SSLCertificateKeyFile $home/key.pem
	END
	settings "${@:3}" >>"$home/apache.conf"
	server_start "apache_$port" server apache2 -D FOREGROUND -f "$home/apache.conf"
}

# Debian's words on TLS, the rest the test's own.
serve_debian_nginx() {
	nginx_row "$1" "$2" "$(grep -hE '^[[:space:]]*ssl_' /etc/nginx/nginx.conf | sed 's/#.*//') ${*:3}"
}

serve_vsftpd() {
	local port=$1 leaf=$2 ssl=YES
	daemon_home "$port" "$leaf"
	[[ $leaf != none ]] || ssl=NO
	mkdir -p "$home/empty"
	cat >"$home/vsftpd.conf" <<-END
		listen_ipv6=YES
		listen_port=$port
		background=NO
		anonymous_enable=NO
		local_enable=YES
		secure_chroot_dir=$home/empty
		vsftpd_log_file=$home/vsftpd.log
		ssl_enable=$ssl
	END
	[[ $leaf == none ]] || printf 'rsa_cert_file=%s\nrsa_private_key_file=%s\n' "$home/cert.pem" "$home/key.pem" >>"$home/vsftpd.conf"
	settings "${@:3}" >>"$home/vsftpd.conf"
	server_start "vsftpd_$port" server vsftpd "$home/vsftpd.conf"
}

serve_debian_vsftpd() {
	local port=$1 leaf=$2
	daemon_home "$port" "$leaf"
	mkdir -p "$home/empty"
	sed "s|/etc/ssl/certs/ssl-cert-snakeoil.pem|$home/cert.pem|
		s|/etc/ssl/private/ssl-cert-snakeoil.key|$home/key.pem|
		s|^ssl_enable=NO|ssl_enable=YES|
		s|^secure_chroot_dir=.*|secure_chroot_dir=$home/empty|" /etc/vsftpd.conf >"$home/vsftpd.conf"
	printf 'listen_port=%s\nbackground=NO\nvsftpd_log_file=%s\n' "$port" "$home/vsftpd.log" >>"$home/vsftpd.conf"
	settings "${@:3}" >>"$home/vsftpd.conf"
	server_start "vsftpd_$port" server vsftpd "$home/vsftpd.conf"
}

serve_slapd() {
	local port=$1 leaf=$2 scheme=ldap
	[[ $port != 636 ]] || scheme=ldaps
	daemon_home "$port" "$leaf"
	mkdir -p "$home/db"
	cat >"$home/slapd.conf" <<-END
		include /etc/ldap/schema/core.schema
		pidfile $home/slapd.pid
		modulepath /usr/lib/ldap
		moduleload back_mdb
	END
	[[ $leaf == none ]] || printf 'TLSCertificateFile %s\nTLSCertificateKeyFile %s\n' "$home/cert.pem" "$home/key.pem" >>"$home/slapd.conf"
	settings "${@:3}" >>"$home/slapd.conf"
	printf '\ndatabase mdb\nsuffix dc=example,dc=com\ndirectory %s\n' "$home/db" >>"$home/slapd.conf"
	server_start "slapd_$port" server slapd -d 0 -h "$scheme://:$port/" -f "$home/slapd.conf"
}

serve_debian_slapd() {
	local port=$1 leaf=$2
	daemon_home "$port" "$leaf"
	mkdir -p "$home/db" "$home/config"
	{
		printf 'olcTLSCertificateFile: %s\nolcTLSCertificateKeyFile: %s\n' "$home/cert.pem" "$home/key.pem"
		settings "${@:3}"
	} | sed '/^$/d' >"$home/tls"
	sed -e "/^olcToolThreads/r $home/tls" -e "s|/var/run/slapd|$home|; s|/var/lib/ldap|$home/db|
		s|@SUFFIX@|dc=example,dc=com|; s|@PASSWORD@|secret|" \
		/usr/share/slapd/slapd.init.ldif >"$home/config.ldif"
	slapadd -n 0 -F "$home/config" -l "$home/config.ldif" >"$home/log" 2>&1 ||
		abort "slapadd: $(tail -n 2 "$home/log")"
	server_start "slapd_$port" server slapd -d 0 -h "ldap://:$port/" -F "$home/config"
}

serve_postgres() {
	local port=$1 leaf=$2 bin=/usr/lib/postgresql/15/bin
	daemon_home "$port" "$leaf" postgres
	setpriv --reuid postgres --regid postgres --clear-groups \
		"$bin/initdb" -D "$home/db" -N >"$home/log" 2>&1 ||
		abort "initdb: $(tail -n 2 "$home/log")"
	cat >>"$home/db/postgresql.conf" <<-END
		port = $port
		listen_addresses = '*'
		unix_socket_directories = '$home'
		fsync = off
		ssl_cert_file = '$home/cert.pem'
		ssl_key_file = '$home/key.pem'
	END
	[[ $leaf == none ]] || echo 'ssl = on' >>"$home/db/postgresql.conf"
	settings "${@:3}" >>"$home/db/postgresql.conf"
	server_start "postgres_$port" server setpriv --reuid postgres --regid postgres --clear-groups \
		"$bin/postgres" -D "$home/db"
}

serve_mariadb() {
	local port=$1 leaf=$2
	daemon_home "$port" "$leaf" nobody
	cat >"$home/my.cnf" <<-END
		[mariadbd]
		user = nobody
		datadir = $home/db
		socket = $home/socket
		pid-file = $home/pid
		port = $port
		bind-address = *
		innodb_buffer_pool_size = 8M
		innodb_log_file_size = 4M
		innodb_flush_method = nosync
		performance_schema = on
	END
	[[ $leaf == none ]] || printf 'ssl_cert = %s\nssl_key = %s\n' "$home/cert.pem" "$home/key.pem" >>"$home/my.cnf"
	settings "${@:3}" >>"$home/my.cnf"
	mariadb-install-db --defaults-file="$home/my.cnf" --user=nobody --datadir="$home/db" \
		--skip-test-db --auth-root-authentication-method=normal >"$home/log" 2>&1 ||
		abort "mariadb-install-db: $(tail -n 30 "$home/log")"
	# It counts the errors of hosts whose names it knows.
	printf '%s\n' '127.0.0.1 localhost' "$S4 server.example.com" "$S6 server.example.com" \
		"192.0.2.2 client.example.com" >"$home/hosts"
	# shellcheck disable=SC2016 # the inner shell's own
	server_start "mariadb_$port" server sh -c 'mount --bind "$1/hosts" /etc/hosts && exec mariadbd --defaults-file="$1/my.cnf"' \
		sh "$home"
	wait_until 20 grep -q 'ready for connections' "$TEST_TMP/mariadb_$port.log" ||
		abort "mariadbd: $(tail -n 3 "$TEST_TMP/mariadb_$port.log")"
}

serve_xrdp() {
	local port=$1 leaf=$2
	daemon_home "$port" "$leaf"
	# Another certificate would be a security layer `rdp` without TLS.
	{
		printf '[Globals]\nini_version=1\nfork=true\nport=tcp://:%d\ntcp_nodelay=true\n' "$port"
		printf 'crypt_level=high\nssl_protocols=TLSv1.2, TLSv1.3\nmax_bpp=32\n'
		printf 'runtime_user=root\n'
		if [[ $leaf == none ]]; then
			printf 'security_layer=rdp\n'
		else
			printf 'security_layer=tls\ncertificate=%s\nkey_file=%s\n' "$home/cert.pem" "$home/key.pem"
		fi
		settings "${@:3}"
		printf '[Logging]\nLogFile=%s\nLogLevel=DEBUG\n[Channels]\n[Xorg]\nname=Xorg\nlib=libxup.so\n' "$home/xrdp.log"
	} >"$home/xrdp.ini"
	server_start "xrdp_$port" server xrdp --nodaemon --config "$home/xrdp.ini"
}

serve_prosody() {
	local port=$1 leaf=$2 side=$3 other=s2s
	[[ $side == c2s ]] || other=c2s
	daemon_home "$port" "$leaf" prosody
	mkdir -p "$home/data"
	chown prosody "$home/data"
	cat >"$home/prosody.cfg.lua" <<-END
		data_path = "$home/data"
		pidfile = "$home/pid"
		log = { { levels = { min = "info" }, to = "file", filename = "$home/prosody.log" } }
		plugin_paths = {}
		modules_enabled = { "saslauth", "roster", "dialback", "disco"$([[ $leaf == none ]] || echo ', "tls"') }
		modules_disabled = { "$other" }
		${side}_ports = { $port }
		${other}_ports = {}
		http_ports = {}
		https_ports = {}
		interfaces = { "*", "::" }
		authentication = "internal_plain"
		$(settings "${@:4}")
		VirtualHost "$NAME"
	END
	[[ $leaf == none ]] ||
		printf '  ssl = { certificate = "%s", key = "%s" }\n' "$home/cert.pem" "$home/key.pem" >>"$home/prosody.cfg.lua"
	chown prosody "$home/prosody.cfg.lua"
	server_start "prosody_$port" server setpriv --reuid prosody --regid prosody --clear-groups \
		prosody --config "$home/prosody.cfg.lua" -F
}

# inn2 refuses to be installed on a host whose name is not fully qualified, and
# is only unpacked.
inn_root() { echo "${SP_BUILD:-$SP_ROOT/build}/unpacked/inn2"; }

inn_unpack() {
	local root deb
	root=$(inn_root)
	[[ ! -x $root/usr/lib/news/bin/nnrpd ]] || return 0
	deb=$(mktemp -d "$TEST_TMP/deb.XXXXXX")
	(cd "$deb" && apt-get -q download inn2) >"$deb/log" 2>&1 || return 1
	mkdir -p "$root.new" && dpkg -x "$deb"/inn2_*.deb "$root.new" && mv -T "$root.new" "$root"
}

# inn_run PROGRAM [OPTION...], as news; nnrpd in the lab's server.
inn_run() {
	local -a environment=(env INNCONF="$home/etc/inn.conf" LD_LIBRARY_PATH="$(inn_root)/usr/lib/news")
	local program
	program=$(inn_root)/usr/lib/news/bin/$1
	shift
	if [[ $program == */nnrpd ]]; then
		server_start "innd_${home##*-}" server "$BASH" -c 'mount --bind "$0" /etc/hosts && exec "$@"' \
			"$home/hosts" "${environment[@]}" "$program" "$@"
	else
		setpriv --reuid news --regid news --clear-groups "${environment[@]}" "$program" "$@"
	fi
}

serve_innd() {
	local port=$1 leaf=$2 root
	root=$(inn_root)
	daemon_home "$port" "$leaf" news
	mkdir -p "$home"/{etc,db,run,tmp,log,spool/articles,spool/overview,spool/incoming,spool/outgoing}
	cat >"$home/etc/inn.conf" <<-END
		mta: "/bin/true %s"
		organization: test
		ovmethod: tradindexed
		hismethod: hisv6
		pathhost: $NAME
		domain: example.com
		fqdn: $NAME
		pathnews: $root/usr/lib/news
		pathbin: $root/usr/lib/news/bin
		pathetc: $home/etc
		pathdb: $home/db
		pathrun: $home/run
		pathtmp: $home/tmp
		pathlog: $home/log
		pathspool: $home/spool
		runasuser: news
		runasgroup: news
		enableoverview: true
		nnrpdloadlimit: 0
	END
	[[ $leaf == none ]] ||
		printf 'tlscertfile: %s\ntlskeyfile: %s\n' "$home/cert.pem" "$home/key.pem" >>"$home/etc/inn.conf"
	settings "${@:3}" >>"$home/etc/inn.conf"
	printf 'auth "all" {\n auth: "ckpasswd -f %s"\n require_encryption: true\n}\naccess "all" {\n newsgroups: "*"\n}\n' "$home/passwd" >"$home/etc/readers.conf"
	: >"$home/db/active"
	: >"$home/db/newsgroups"
	printf 'method tradspool {\n newsgroups: *\n class: 0\n}\n' >"$home/etc/storage.conf"
	# nnrpd looks up both ends of a connection; nobody answers in the lab. (A mount
	# of `ip netns exec` is seen by what it starts alone.)
	printf "%s www.example.com $(uname -n)\n" 127.0.0.1 ::1 $S4 $S4b $S6 $S6b $T4 $T6 >"$home/hosts"
	chown -R news "$home"
	# nnrpd wants an overview that is there; whoever opens it for writing makes it.
	inn_run overchan </dev/null >"$home/log/overchan" 2>&1 || abort "overchan: $(<"$home/log/overchan")"
	inn_run nnrpd -D -f -p "$port"
}
