"""The firewalls that people have, started in the network namespace that we are in, or
in that of a command before ours."""

import os
import shutil
import subprocess
import time

# ufw keeps its state in files of the host's: a mount namespace has its own.
UFW = """
mount --bind "$1/ufw" /etc/ufw && mount --bind "$1/default-ufw" /etc/default/ufw || exit
shift
for rule; do
	ufw $rule >/dev/null || exit
done
ufw --force enable >/dev/null && ufw --force disable >/dev/null || exit
began=$(date +%s.%N)
ufw --force enable >/dev/null || exit
echo "$began $(date +%s.%N)"
"""

BUS = """<busconfig><type>system</type><listen>unix:path={}/bus</listen>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
"""


def start_ufw(directory, rules, before=()):
    """Seconds that `ufw enable` takes; the rules stay."""
    shutil.rmtree(f"{directory}/ufw", ignore_errors=True)
    shutil.copytree("/etc/ufw", f"{directory}/ufw")
    shutil.copy("/etc/default/ufw", f"{directory}/default-ufw")
    done = subprocess.run(
        [*before, "unshare", "--mount", "bash", "-c", UFW, "ufw", directory, *rules],
        capture_output=True, text=True,
    )
    if done.returncode:
        raise RuntimeError(f"ufw: {done.stderr.strip()}")
    began, ended = map(float, done.stdout.split())
    return ended - began


def start_firewalld(directory, zone, before=(), stays=False):
    """Seconds from its start to the answer that it runs, on a bus of its own; it is ended
    then, and its rules stay when `stays`."""
    with open(f"{directory}/bus.conf", "w") as file:
        file.write(BUS.format(directory))
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={directory}/bus"}
    started = []
    try:
        started.append(subprocess.Popen(["dbus-daemon", f"--config-file={directory}/bus.conf", "--nofork", "--nopidfile"]))
        while not os.path.exists(f"{directory}/bus"):
            time.sleep(0.01)
        os.makedirs(f"{directory}/firewalld/zones", exist_ok=True)
        with open(f"{directory}/firewalld/zones/public.xml", "w") as file:
            file.write(f"<zone>{zone}</zone>")
        with open(f"{directory}/firewalld/firewalld.conf", "w") as file:
            file.write(f"DefaultZone=public\nFirewallBackend=nftables\nCleanupOnExit={'no' if stays else 'yes'}\n")
        began = time.monotonic()
        started.append(subprocess.Popen(
            [*before, "firewalld", "--nofork", "--nopid", f"--system-config={directory}/firewalld"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        while time.monotonic() < began + 60:
            state = subprocess.run(["firewall-cmd", "--state"], env=environment, capture_output=True, text=True)
            if state.stdout.strip() == "running":
                return time.monotonic() - began
        raise RuntimeError("firewalld did not start within a minute")
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()
        if os.path.exists(f"{directory}/bus"):
            os.unlink(f"{directory}/bus")
