#!/bin/bash
# Somebody else changes our table: it is said who, and put back within a second.
# A lease that nobody proved does not stay; other tables are nobody's business.
. "$(dirname "$0")/../lib/enforcer.sh"
enforcer_lab
certificates good
answer server tcp/22 tcp/80 tcp/8443

{
	printf '\n[service ssh]\n\n[service http]\nfrom = 10.0.0.0/8\n'
	tls_service https 443
	# An echo server: it never proves itself.
	tls_service shop 8443
} | policy
web web good "$S4:443"
check_exit 0 "apply" sp apply "$POLICY"
enforcer_start
check "443 is open" wait_until 4 enforcer_said "^opened: https"

as_it_was() { [[ $(shape | sed -E 's/# handle [0-9]+//; s/timeout [0-9a-z]+//g') == "$wanted" ]]; }
wanted=$(shape | sed -E 's/# handle [0-9]+//; s/timeout [0-9a-z]+//g')

# put_back WHAT COMMAND...
put_back() {
	local what=$1 at
	shift
	at=$(now)
	in_host server "$@" || abort "$what: the command failed"
	check "$what: put back" wait_until 5 as_it_was
	within "$what: that took" "$(took "$at" "$(now)")" 0 1
	sleep 1
	packets_reach client <<-END
		open tcp $B4 -> $S4:22
		open tcp $A4 -> $S4:80
		shut tcp $B4 -> $S4:80
		connects tcp $B4 -> $S4:443
		shut tcp $B4 -> $S4:8443
	END
}

# drift WHAT COMMAND...: put back, and said by whom.
drift() {
	local said
	said=$(enforcer_count '^restored')
	put_back "$@"
	check_equal "$1: said once" $((said + 1)) "$(enforcer_count '^restored')"
	check_match "$1: by whom" "^drift: ${2##*/} \(pid [0-9]+\)" \
		"$(grep '^drift' "$TEST_TMP/watch.log" | tail -n 1)"
}
rule() { in_host server nft -a list chain inet sallyport "$1" | sed -nE "s/.*$2.*# handle ([0-9]+)/\1/p" | head -n 1; }
drift "nft flush ruleset" nft flush ruleset
drift "our table deleted" nft delete table inet sallyport
drift "a rule deleted" nft delete rule inet sallyport input handle "$(rule input 'lo')"
drift "a rule added" nft insert rule inet sallyport input tcp dport 8443 accept
drift "the policy of the hook changed" nft chain inet sallyport input '{ policy accept; }'
drift "a lease by hand" nft add element inet sallyport verified '{ tcp . 8443 }'
drift "a lease by hand, with a timeout" nft add element inet sallyport verified '{ tcp . 8443 timeout 1h }'
drift "the lease deleted" nft delete element inet sallyport verified '{ tcp . 443 }'
drift "the map emptied" nft flush map inet sallyport ports
drift "a chain emptied" nft flush chain inet sallyport input
enforcer_pid=$(enforcer_pid)
check_equal "the same enforcer all along" "$enforcer_pid" "$(pgrep -x sallyport --ns "$enforcer_pid" --nslist net | head -n 1)"

# Other tables, whoever owns them, are not ours, nor a reason to commit.
said=$(enforcer_count '^drift')
in_host server nft -f - <<-END
	table inet other {
		chain input { type filter hook input priority 10; policy accept; }
		set verified { type inet_proto . inet_service; }
	}
END
for i in {1..20}; do in_host server nft add element inet other verified "{ tcp . $i }"; done
before=$(shape)
sleep 1
check_equal "other tables are no drift" "$said" "$(enforcer_count '^drift')"
check_equal "and stay as they are" "$before" "$(shape)"

check "the enforcer ends as told" enforcer_stop
finish
