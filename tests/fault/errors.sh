#!/bin/bash
# System calls that fail with ENOMEM, EINTR, EIO, ENOSPC, ENOBUFS and EPERM, each
# in turn (--all), or some: nothing is half applied, no port is opened unverified,
# success is only said of what is done, and what failed is said.
. "$(dirname "$0")/lib.sh"
fault_lab
[[ $(nm -D "$SALLYPORT" 2>/dev/null) != *__asan_init* ]] ||
	skip "the sanitizers' own start does not outlive errors; an optimised build is needed (SP_RELEASE)"
if [[ ${1:-} == --all ]]; then
	faults errors apply
	faults errors boot
	faults_told
	for scenario in apply-verified rollback undo confirm reboot lockdown; do
		faults errors $scenario --every 2
		((${#fault_jobs[@]} % 2)) || faults_told
	done
	for ((part = 0; part < 8; part++)); do
		faults errors watch --first $part --every 24
	done
else
	faults errors apply --first 2 --every 40
	faults errors boot --first 5 --every 40
	faults_told
	faults errors undo --first 8 --every 50
	faults errors watch --first 40 --every 500 --errors ENOBUFS,EINTR
fi
faults_told
echo "$fault_points points in all"
finish
