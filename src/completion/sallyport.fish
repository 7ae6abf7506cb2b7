# fish completion for sallyport(8). tests/completion holds it against the program.

function __sallyport_no_command
    test (count (commandline -opc)) -eq 1
end

function __sallyport_command
    set -l words (commandline -opc)
    set -q words[2]; and contains -- $words[2] $argv
end

function __sallyport_policies
    set -l word (commandline -ct)
    for path in $word*.ini $word*/
        echo $path
    end
end

# Services of the policy that is in force by default, for who may read it.
function __sallyport_services
    sed -nE 's/^\[service ([A-Za-z0-9_.-]+)\].*/\1/p' /etc/sallyport/policy.ini 2>/dev/null
end

complete -c sallyport -f
complete -c sallyport -n __sallyport_no_command -l version -d 'which one this is'
complete -c sallyport -l help -d 'this text'
complete -c sallyport -n __sallyport_no_command -a check -d 'Check a policy: syntax, names, contradictions'
complete -c sallyport -n __sallyport_no_command -a compile -d 'Print the ruleset that a policy compiles to'
complete -c sallyport -n __sallyport_no_command -a diff -d 'Show which packets a change lets in or shuts out'
complete -c sallyport -n __sallyport_no_command -a explain -d 'Say what happens to one packet, and why'
complete -c sallyport -n __sallyport_no_command -a verify -d 'Ask every TLS service what it serves, and judge it'
complete -c sallyport -n __sallyport_no_command -a probe -d 'The same for one endpoint, anywhere, without a policy'
complete -c sallyport -n __sallyport_no_command -a apply -d 'Verify, compile, commit'
complete -c sallyport -n __sallyport_no_command -a confirm -d 'Keep an apply made with --confirm'
complete -c sallyport -n __sallyport_no_command -a rollback -d 'Undo the last apply'
complete -c sallyport -n __sallyport_no_command -a lockdown -d 'Only the floor: what `lockdown` in the policy names'
complete -c sallyport -n __sallyport_no_command -a override -d 'Break-glass: open a gate without proof, for a while'
complete -c sallyport -n __sallyport_no_command -a recheck -d 'Prove services of the active snapshot again, now'
complete -c sallyport -n __sallyport_no_command -a watch -d 'Enforce the active snapshot from now on'
complete -c sallyport -n __sallyport_no_command -a status -d 'Show what is open, for whom, why and until when'
complete -c sallyport -n __sallyport_no_command -a audit -d 'Is there a rule for every open port, and each port fit?'
complete -c sallyport -n __sallyport_no_command -a discover -d 'Write a policy that describes what listens here'

complete -c sallyport -n 'not __sallyport_no_command' -l state -xa '(__fish_complete_directories)' -d 'snapshots and evidence (/var/lib/sallyport)'
complete -c sallyport -n 'not __sallyport_no_command' -l run -xa '(__fish_complete_directories)' -d 'lock and what is running (/run/sallyport)'
complete -c sallyport -n 'not __sallyport_no_command' -l config -xa '(__fish_complete_directories)' -d 'services.d and profiles.d (/etc/sallyport)'
complete -c sallyport -n '__sallyport_command check explain apply' -l format -xa 'text json' -d 'how results are printed'
complete -c sallyport -n '__sallyport_command check apply' -l strict -d 'exit 1 for warnings or shut gates too'
complete -c sallyport -n '__sallyport_command check' -l kernel -d 'load into a throw-away network namespace too'
complete -c sallyport -n '__sallyport_command check' -l print -d 'print the policy in canonical form'
complete -c sallyport -n '__sallyport_command check' -l explain -xa 'all shadowed shadowed-in-part redundant subset-source empty-addresses unused-addresses overlapping-addresses plain-from-any plain-for-tls plain-on-tls-port tls-on-plain-port' -d 'explain one lint, or list all'
complete -c sallyport -n 'not __sallyport_no_command' -l quiet -d 'results and errors only'
complete -c sallyport -n '__sallyport_command compile' -l format -xa 'nft json netlink' -d 'how results are printed'
complete -c sallyport -n '__sallyport_command diff verify probe audit' -l format -xa 'text json markdown sarif' -d 'how results are printed'
complete -c sallyport -n '__sallyport_command diff' -l fail-on -xa 'any opens' -d 'exit 1 for any difference or only for what opens (any)'
complete -c sallyport -n '__sallyport_command diff' -l rules -d 'what the kernel would be sent, rule by rule'
complete -c sallyport -n '__sallyport_command explain' -l from -x -d 'the packet\'s source'
complete -c sallyport -n '__sallyport_command explain' -l to -x -d 'the local address that it is sent to (any)'
complete -c sallyport -n '__sallyport_command explain' -l port -x -d 'with its protocol, 443/tcp'
complete -c sallyport -n '__sallyport_command explain' -l interface -xa '(__fish_print_interfaces)' -d 'by which it comes in (any but lo)'
complete -c sallyport -n '__sallyport_command verify probe' -l profile -xa 'baseline bsi-tr-02102-2 mozilla-intermediate mozilla-modern mozilla-old nist-800-52r2 pci-dss-4' -d 'judge by this TLS profile'
complete -c sallyport -n '__sallyport_command verify probe apply recheck watch audit discover' -l timeout -x -d 'for one connection (5)'
complete -c sallyport -n '__sallyport_command verify probe apply recheck watch audit discover' -l port-timeout -x -d 'for all connections to one port (30)'
complete -c sallyport -n '__sallyport_command probe' -l name -x -d 'a host name the certificate must have; repeatable'
complete -c sallyport -n '__sallyport_command probe' -l starttls -xa 'smtp lmtp imap pop3 ftp ldap rdp postgresql mysql xmpp-client xmpp-server sieve nntp' -d 'upgrade a plain session first'
complete -c sallyport -n '__sallyport_command probe' -l intrusive -d 'ask too what may disturb the server (probe alone)'
complete -c sallyport -n '__sallyport_command probe discover' -l ca -rF -d 'trust these authorities instead of the system\'s'
complete -c sallyport -n '__sallyport_command apply' -l dry-run -d 'let the kernel check everything, change nothing'
complete -c sallyport -n '__sallyport_command apply' -l no-verify -d 'ask no server; gates keep the leases they have'
complete -c sallyport -n '__sallyport_command apply confirm rollback lockdown override recheck watch' -l lock-wait -x -d 'for another sallyport to finish (60)'
complete -c sallyport -n '__sallyport_command apply' -l confirm -xa '60s 5m 1h' -d 'undo it after TIME (60s, 5m) unless confirmed'
complete -c sallyport -n '__sallyport_command apply' -l wait -d 'wait until it is confirmed (0) or undone (4)'
complete -c sallyport -n '__sallyport_command apply' -l boot -d 'floor first, then the active snapshot; ask no server'
complete -c sallyport -n '__sallyport_command apply rollback' -l yes -d 'do not ask'
complete -c sallyport -n '__sallyport_command rollback' -l to-open -d 'remove the whole ruleset: nothing is blocked'
complete -c sallyport -n '__sallyport_command override' -l for -xa '60s 5m 1h' -d 'how long: 30m, 1h'
complete -c sallyport -n '__sallyport_command override' -l reason -x -d 'why; logged and shown'
complete -c sallyport -n '__sallyport_command override' -l end -d 'end it now'
complete -c sallyport -n '__sallyport_command status' -l format -xa 'text json prometheus' -d 'how results are printed'
complete -c sallyport -n '__sallyport_command status' -l watch -d 'show it again every 2 seconds'
complete -c sallyport -n '__sallyport_command status' -l verify -d 'read every element, take none from memory'

complete -c sallyport -n '__sallyport_command check compile diff explain verify apply watch audit' -a '(__sallyport_policies)'
complete -c sallyport -n '__sallyport_command override recheck' -a '(__sallyport_services)'
complete -c sallyport -n '__sallyport_command probe' -a '(__fish_print_hostnames)'
