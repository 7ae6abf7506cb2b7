#!/bin/sh
# A small certificate authority for tests and examples.
#
#   pki.sh make DIR [LEAF...]   root, intermediate and the leaves named (default: all)
#   pki.sh nss DIR LEAF         DIR/LEAF.nssdb for NSS selfserv, nickname LEAF
#   pki.sh list                 names of the leaves
#
# SP_PKI_NAME is the host name of the good certificates (www.example.com),
# SP_PKI_IP what else they are valid for ("IP:10.0.0.1,IP:fd00::1"),
# SP_PKI_SECONDS for how many seconds `seconds` is valid from now on.
#
# DIR/root.pem           the trust anchor: `ca = DIR/root.pem`
# DIR/other-root.pem     an anchor that nobody configures
# DIR/LEAF.key           private key
# DIR/LEAF.crt           the leaf alone
# DIR/LEAF.pem           what a server sends: the leaf and its intermediate
# DIR/LEAF.full          key and LEAF.pem in one file
set -eu

name=${SP_PKI_NAME:-www.example.com}
ip=${SP_PKI_IP:-}
seconds=${SP_PKI_SECONDS:-60}

# leaf | issuer | key | digest | from, to in days from now, or with a unit | subjectAltName | extendedKeyUsage
table() {
	cat <<-EOT
	good|int|ec|sha256|-1|60|@|serverAuth
	good-rsa|int|rsa2048|sha256|-1|60|@|serverAuth
	short|int|ec|sha256|-1|1|@|serverAuth
	seconds|int|ec|sha256|-1|$seconds seconds|@|serverAuth
	expired|int|ec|sha256|-60|-2|@|serverAuth
	expired-rsa|int|rsa2048|sha256|-60|-2|@|serverAuth
	not-yet|int|ec|sha256|30|60|@|serverAuth
	wrong-name|int|ec|sha256|-1|60|DNS:other.example.net|serverAuth
	name-in-cn|int|ec|sha256|-1|60||serverAuth
	wildcard|int|ec|sha256|-1|60|DNS:*.example.com|serverAuth
	partial-wildcard|int|ec|sha256|-1|60|DNS:w*.example.com|serverAuth
	client-only|int|ec|sha256|-1|60|@|clientAuth
	unknown-root|other-root|ec|sha256|-1|60|@|serverAuth
	unknown-root-rsa|other-root|rsa2048|sha256|-1|60|@|serverAuth
	self-signed|self|ec|sha256|-1|60|@|serverAuth
	rsa1024|int|rsa1024|sha256|-1|60|@|serverAuth
	rsa3072|int|rsa3072|sha256|-1|60|@|serverAuth
	ec-p192|int|ec192|sha256|-1|60|@|serverAuth
	ec-p384|int|ec384|sha256|-1|60|@|serverAuth
	ec-p521|int|ec:secp521r1|sha256|-1|60|@|serverAuth
	ec-koblitz|int|ec:secp256k1|sha256|-1|60|@|serverAuth
	ec-brainpool|int|ec:brainpoolP256r1|sha256|-1|60|@|serverAuth
	ed25519|int|ed25519|sha256|-1|60|@|serverAuth
	ed448|int|ed448|sha256|-1|60|@|serverAuth
	by-ed25519|int-ed25519|ec|null|-1|60|@|serverAuth
	rsa-pss|int|pss2048|sha256|-1|60|@|serverAuth
	rsa2052|int|rsa2052|sha256|-1|60|@|serverAuth
	sha1|int|ec|sha1|-1|60|@|serverAuth
	md5|int-rsa|rsa2048|md5|-1|60|@|serverAuth
	no-intermediate|int|ec|sha256|-1|60|@|serverAuth
	expired-intermediate|old-int|ec|sha256|-1|60|@|serverAuth
	long-lived|int|ec|sha256|-1|900|@|serverAuth
	bidi|int|ec|sha256|-1|60|@|serverAuth
	client|int|ec|sha256|-1|60|DNS:client.example.com|clientAuth
	revoked|int|ec|sha256|-1|60|@|serverAuth
	stapled|int|ec|sha256|-1|60|@|serverAuth
	must-staple|int|ec|sha256|-1|60|@|serverAuth
	upper-case|int|ec|sha256|-1|60|DNS:WWW.EXAMPLE.COM|serverAuth
	unknown-extension|int|ec|sha256|-1|60|@|serverAuth
	constrained|constrained-int|ec|sha256|-1|60|@|serverAuth
	excluded|excluded-int|ec|sha256|-1|60|@|serverAuth
	too-deep|below-end-int|ec|sha256|-1|60|@|serverAuth
	by-a-leaf|no-ca|ec|sha256|-1|60|@|serverAuth
	by-no-signer|no-signer|ec|sha256|-1|60|@|serverAuth
	by-client-ca|client-int|ec|sha256|-1|60|@|serverAuth
	odd-order|int|ec|sha256|-1|60|@|serverAuth
	doubled|int|ec|sha256|-1|60|@|serverAuth
	with-root|int|ec|sha256|-1|60|@|serverAuth
	chain-200|int|ec|sha256|-1|60|@|serverAuth
	EOT
}

key() { # file kind
	[ -e "$1" ] && return
	case $2 in
	ec) openssl ecparam -genkey -name prime256v1 -noout -out "$1" ;;
	ec192) openssl ecparam -genkey -name prime192v1 -noout -out "$1" ;;
	ec384) openssl ecparam -genkey -name secp384r1 -noout -out "$1" ;;
	ec:*) openssl ecparam -genkey -name "${2#ec:}" -noout -out "$1" ;;
	ed*) openssl genpkey -algorithm "$2" -out "$1" ;;
	pss*)
		openssl genpkey -algorithm RSA-PSS -pkeyopt "rsa_keygen_bits:${2#pss}" -out "$1" 2>/dev/null
		;;
	rsa*) openssl genrsa -out "$1" "${2#rsa}" 2>/dev/null ;;
	esac
}

when() { # days from now, or another distance; as `openssl ca` wants it
	case $1 in
	*" "*) date -u -d "$1" +%Y%m%d%H%M%SZ ;;
	*) date -u -d "$1 days" +%Y%m%d%H%M%SZ ;;
	esac
}

# `openssl ca` is the one command of OpenSSL 3.0 that sets both dates freely.
# Each certificate gets a database of its own, so that order does not matter.
sign() { # out issuer|self key digest from to subject extensions-file [self-key]
	work=$(mktemp -d "$dir/.ca.XXXXXX")
	: >"$work/index.txt"
	openssl rand -hex 16 >"$work/serial"
	cat >"$work/ca.cnf" <<-EOC
	[ca]
	default_ca = d
	[d]
	database = $work/index.txt
	serial = $work/serial
	new_certs_dir = $work
	policy = p
	unique_subject = no
	string_mask = utf8only
	[p]
	commonName = optional
	organizationName = optional
	[req]
	distinguished_name = n
	prompt = no
	string_mask = utf8only
	[n]
	EOC
	openssl req -new -utf8 -config "$work/ca.cnf" -key "$3" -subj "$7" -out "$work/req.pem"
	if [ "$2" = self ]; then
		set -- "$@" -selfsign -keyfile "$3"
	else
		set -- "$@" -cert "$dir/$2.crt" -keyfile "$dir/$2.key"
	fi
	out=$1 digest=$4 from=$5 to=$6 extensions=$8
	shift 8
	openssl ca -batch -notext -utf8 -config "$work/ca.cnf" -md "$digest" \
		-startdate "$(when "$from")" -enddate "$(when "$to")" -preserveDN \
		-extfile "$extensions" -in "$work/req.pem" -out "$out" "$@" 2>"$work/log" || {
		cat "$work/log" >&2
		exit 1
	}
	rm -rf "$work"
}

# Its .pem is what a leaf's server sends of it: itself and what it stands on, but no
# root.
authority() { # name issuer key from to [extensions]
	[ -e "$dir/$1.pem" ] && return
	key "$dir/$1.key" "$3"
	{
		case ${6-} in
		*basicConstraints*) ;;
		*) echo 'basicConstraints = critical, CA:TRUE' ;;
		esac
		case ${6-} in
		*keyUsage*) ;;
		*) echo 'keyUsage = critical, keyCertSign, cRLSign' ;;
		esac
		echo 'subjectKeyIdentifier = hash'
		printf '%s\n' "${6-}"
	} >"$dir/.$1.ext"
	sign "$dir/$1.crt" "$2" "$dir/$1.key" sha256 "$4" "$5" "/O=sallyport test/CN=$1" "$dir/.$1.ext"
	case $2 in
	self | root) cp "$dir/$1.crt" "$dir/$1.pem" ;;
	*) cat "$dir/$1.crt" "$dir/$2.pem" >"$dir/$1.pem" ;;
	esac
	rm -f "$dir/.$1.ext"
}

leaf() { # name issuer key digest from to san eku
	[ -e "$dir/$1.pem" ] && return
	case $2 in self) ;; *) need "$2" ;; esac
	key "$dir/$1.key" "$3"
	san=$7 subject="/O=sallyport test/CN=$name"
	[ "$san" = @ ] && san=DNS:$name${ip:+,$ip}
	# RIGHT-TO-LEFT OVERRIDE, a terminal escape and a line break in one name.
	[ "$1" = bidi ] && subject="/O=$(printf 'evil \342\200\256gnp.exe \033[31mred\nline')/CN=$name"
	{
		echo 'basicConstraints = critical, CA:FALSE'
		echo 'subjectKeyIdentifier = hash'
		[ "$2" = self ] || echo 'authorityKeyIdentifier = keyid'
		echo 'keyUsage = critical, digitalSignature, keyEncipherment'
		echo "extendedKeyUsage = $8"
		[ -z "$san" ] || echo "subjectAltName = $san"
		case $1 in
		must-staple) echo 'tlsfeature = status_request' ;;
		unknown-extension) echo '1.3.6.1.4.1.32473.1 = critical, ASN1:NULL' ;;
		esac
	} >"$dir/.$1.ext"
	sign "$dir/$1.crt" "$2" "$dir/$1.key" "$4" "$5" "$6" "$subject" "$dir/.$1.ext"
	rm -f "$dir/.$1.ext"
	case $1:$2 in
	no-intermediate:* | *:self) cp "$dir/$1.crt" "$dir/$1.pem" ;;
	odd-order:*) cat "$dir/$1.crt" "$dir/root.crt" "$dir/int.crt" >"$dir/$1.pem" ;;
	doubled:*) cat "$dir/$1.crt" "$dir/int.crt" "$dir/int.crt" >"$dir/$1.pem" ;;
	with-root:*) cat "$dir/$1.crt" "$dir/int.crt" "$dir/root.crt" >"$dir/$1.pem" ;;
	chain-200:*)
		cat "$dir/$1.crt" >"$dir/$1.pem"
		for i in $(seq 200); do cat "$dir/int.crt"; done >>"$dir/$1.pem"
		;;
	*) cat "$dir/$1.crt" "$dir/$2.pem" >"$dir/$1.pem" ;;
	esac
	case $1 in
	revoked)
		crl int-good 30
		crl int 30 "$1"
		crl int-stale -1
		openssl crl -in "$dir/int.crl" -outform DER -out "$dir/int-der.crl"
		;;
	stapled | must-staple)
		staple "$1" good V 30
		staple "$1" revoked R 30
		;;
	esac
	cat "$dir/$1.key" "$dir/$1.pem" >"$dir/$1.full"
}

need() { # an authority, and what it stands on
	case $1 in
	root) authority root self ec -400 3650 ;;
	other-root) authority other-root self ec -400 3650 ;;
	int) need root && authority int root ec -200 1800 ;;
	int-ed25519) need root && authority int-ed25519 root ed25519 -200 1800 ;;
	int-rsa) need root && authority int-rsa root rsa2048 -200 1800 ;;
	constrained-int) need root && authority constrained-int root ec -200 1800 \
		'nameConstraints = critical, permitted;DNS:example.net' ;;
	excluded-int) need root && authority excluded-int root ec -200 1800 \
		'nameConstraints = critical, excluded;DNS:example.com' ;;
	end-int) need root && authority end-int root ec -200 1800 \
		'basicConstraints = critical, CA:TRUE, pathlen:0' ;;
	below-end-int) need end-int && authority below-end-int end-int ec -200 1800 ;;
	no-ca) need root && authority no-ca root ec -200 1800 \
		'basicConstraints = critical, CA:FALSE' ;;
	no-signer) need root && authority no-signer root ec -200 1800 \
		'keyUsage = critical, cRLSign' ;;
	client-int) need root && authority client-int root ec -200 1800 \
		'extendedKeyUsage = clientAuth' ;;
	old-int) need root && authority old-int root ec -300 -1 ;;
	esac
}

# A line of the database of `openssl ca` and `openssl ocsp`: V or R, and the leaf.
entry() { # status leaf
	serial=$(openssl x509 -noout -serial -in "$dir/$2.crt" | cut -d= -f2)
	revoked=
	[ "$1" = V ] || revoked=$(date -u -d '-1 hour' +%y%m%d%H%M%SZ)
	printf '%s\t%s\t%s\t%s\tunknown\t/CN=%s\n' "$1" "$(date -u -d '60 days' +%y%m%d%H%M%SZ)" \
		"$revoked" "$serial" "$2"
}

# DIR/NAME.crl by the intermediate, which ends after so many days, with what it revokes.
crl() { # name days [leaf]
	work=$(mktemp -d "$dir/.crl.XXXXXX")
	: >"$work/index.txt"
	[ $# -lt 3 ] || entry R "$3" >"$work/index.txt"
	printf '[ca]\ndefault_ca = d\n[d]\ndatabase = %s\ndefault_md = sha256\n' "$work/index.txt" >"$work/cnf"
	openssl ca -gencrl -config "$work/cnf" -cert "$dir/int.crt" -keyfile "$dir/int.key" \
		-crl_lastupdate "$(when -5)" -crl_nextupdate "$(when "$2")" -out "$dir/$1.crl" 2>/dev/null
	rm -rf "$work"
}

# DIR/LEAF-NAME.ocsp: a response of the intermediate.
staple() { # leaf name status days
	work=$(mktemp -d "$dir/.ocsp.XXXXXX")
	entry "$3" "$1" >"$work/index.txt"
	openssl ocsp -index "$work/index.txt" -CA "$dir/int.crt" -rsigner "$dir/int.crt" \
		-rkey "$dir/int.key" -issuer "$dir/int.crt" -cert "$dir/$1.crt" -ndays "$4" \
		-respout "$dir/$1-$2.ocsp" >/dev/null 2>&1
	rm -rf "$work"
}

# The 1024-bit group of RFC 2409 section 6.2 (Oakley 2): making one takes seconds.
dh1024() {
	cat <<-EOT
	-----BEGIN DH PARAMETERS-----
	MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
	Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
	/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
	-----END DH PARAMETERS-----
	EOT
}

make() {
	dir=$1
	shift
	mkdir -p "$dir"
	need root
	need int
	dh1024 >"$dir/dh1024.pem"
	cat "$dir/root.pem" "$dir/int.pem" >"$dir/root-int.pem"
	[ $# -gt 0 ] || set -- $(table | cut -d'|' -f1)
	for wanted in "$@"; do
		row=$(table | grep "^$wanted|") || {
			echo "pki.sh: no leaf is called $wanted; there are: $(table | cut -d'|' -f1 | tr '\n' ' ')" >&2
			exit 2
		}
		old=$IFS IFS='|'
		set -f
		set -- $row
		set +f
		IFS=$old
		leaf "$1" "$2" "$3" "$4" "$5" "$6" "${7-}" "${8-}"
	done
}

nss() {
	[ -d "$1/$2.nssdb" ] && return
	mkdir -p "$1/$2.nssdb"
	openssl pkcs12 -export -passout pass: -name "$2" -inkey "$1/$2.key" -in "$1/$2.pem" \
		-out "$1/$2.p12"
	certutil -N -d "sql:$1/$2.nssdb" --empty-password
	pk12util -i "$1/$2.p12" -d "sql:$1/$2.nssdb" -W '' >/dev/null
}

case ${1-} in
make) shift && make "$@" ;;
nss) nss "$2" "$3" ;;
list) table | cut -d'|' -f1 ;;
*)
	sed -n '2,19s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
