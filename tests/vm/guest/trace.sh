#!/bin/bash
# Probes on the kernel functions that put a hook in place, take one away, and
# bring an interface up: one timeline, with who did it.
trace=/sys/kernel/tracing
modprobe nf_tables
{
	# struct nf_hook_ops: the family, and what kind of hook it is (1: nf_tables').
	# Before them are three pointers, and in later ones of the 6.1 series a list
	# head, or that and an RCU head.
	places='+24(%si):u16 +40(%si):u16 +56(%si):u16'
	echo "p:hook nf_register_net_hook $places"
	echo "p:unhook nf_unregister_net_hook $places"
	# struct net_device begins with its name.
	echo 'p:up __dev_open device=+0(%di):string'
} >$trace/kprobe_events
echo 1 >$trace/events/kprobes/enable
echo 1 >$trace/tracing_on
