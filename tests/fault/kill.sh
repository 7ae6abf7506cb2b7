#!/bin/bash
# SIGKILL at system calls of whatever changes the ruleset: at every single one
# with --all, at some without. The kernel holds the old ruleset or the new one,
# with exactly the leases that belong to it, and the next run converges.
. "$(dirname "$0")/lib.sh"
fault_lab
if [[ ${1:-} == --all ]]; then
	for scenario in apply apply-verified rollback undo confirm boot reboot lockdown; do
		faults kill $scenario
		((${#fault_jobs[@]} % 2)) || faults_told
	done
	# Waiting for leases to be renewed takes time, not processors.
	for ((part = 0; part < 8; part++)); do faults kill watch --first $part --every 8; done
else
	faults kill apply --first 4 --every 17
	faults kill rollback --first 7 --every 25
	faults_told
	faults kill undo --first 3 --every 25
	faults kill boot --first 5 --every 17
	faults_told
	faults kill watch --first 9 --every 220
	faults kill watch --first 99 --every 220
fi
faults_told
echo "$fault_points points in all"
finish
