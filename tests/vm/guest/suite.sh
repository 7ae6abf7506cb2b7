# shellcheck shell=bash
# The tests that /test/suite names, on this kernel: those of tests/netns, and "golden".
export SP_BUILD=/test/build SALLYPORT=/test/build/src/cli/sallyport
export GOLDEN_DECODE=$SP_BUILD/tests/golden/golden-decode
# What is waited for takes its time in emulation.
export SP_SLOW=${SP_SLOW:-8}
# Nothing of ours stands in the way of what the tests make, as where nothing is installed.
systemctl stop sallyport.service
rm -rf /etc/sallyport
# What Debian's installer, and vsftpd's package as it is set up, leave.
touch /etc/fstab
echo 'ftp:x:106:65534:ftp daemon:/srv/ftp:/usr/sbin/nologin' >>/etc/passwd
mkdir -p /srv/ftp
note "kernel $(uname -r), $(nft --version)"
# suite NAME COMMAND...: its last line counts its checks.
suite() {
	local name=$1 began=$EPOCHREALTIME code
	shift
	"$@" >/tmp/suite.out 2>&1 </dev/null
	code=$?
	took=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", b - a }')
	case $code in
	0) pass "$name: $(tail -n 1 /tmp/suite.out), $took" ;;
	77) fail "$name: skipped: $(grep "^SKIP" /tmp/suite.out)" ;;
	*)
		fail "$name: exit $code, $(tail -n 1 /tmp/suite.out), $took"
		grep -B3 -A5 -E '^(FAIL|ABORT)' /tmp/suite.out | head -n 30 | sed 's/^/     /'
		sed "s/^/$name: /" /tmp/suite.out >/dev/ttyS0
		;;
	esac
}
while read -r name; do
	case $name in
	# Two of seven edits: a list of 40,000 takes a minute each time.
	blocks) SP_EDITS="0 1" suite netns.blocks bash /test/tests/netns/blocks.sh ;;
	golden) suite golden /test/tests/golden/run ;;
	*) suite "netns.$name" bash "/test/tests/netns/$name.sh" ;;
	esac
done </test/suite
