#!/usr/bin/python
# Apply a sallyport policy, or confirm what was applied. Nothing is decided here:
# what changes is what `sallyport diff` and `sallyport apply --dry-run` say.

DOCUMENTATION = r"""
module: sallyport_policy
short_description: Apply a sallyport firewall policy, or confirm one
description:
  - C(state=applied) compares the policy with the kernel (C(sallyport diff)) and with
    the leases that its TLS ports would get (C(sallyport apply --dry-run)); where
    something differs, it applies.
  - With O(confirm), the host undoes the apply by itself after that time, unless a second
    task with C(state=confirmed) reaches it. Until then the policy is beside O(policy), as
    C(policy.ini.unconfirmed). The confirmation puts it in place; one that comes too late
    makes it C(policy.ini.undone).
  - A TLS port whose proof fails stays shut; that is no failure, see C(gates).
options:
  state:
    description: What shall hold.
    choices: [applied, confirmed]
    default: applied
    type: str
  policy:
    description:
      - The policy's file on the host. Files that it names are looked up beside it, and
        must be there already.
    type: path
    default: /etc/sallyport/policy.ini
  content:
    description: The policy's text. Without it, what O(policy) holds is applied.
    type: str
  confirm:
    description: Undo the apply after this time (C(60s), C(5m)) unless confirmed.
    type: str
  end_lockdown:
    description: Apply although somebody locked the host down, which ends it.
    type: bool
    default: false
  executable:
    description: The program, a name or a path.
    type: str
    default: sallyport
attributes:
  check_mode:
    support: full
    description: Asks the TLS services as well; changes nothing.
  diff_mode:
    support: full
    description: The policy's text, and which packets are let in or shut out.
"""

EXAMPLES = r"""
- name: Apply, undone in a minute unless confirmed
  sallyport.fleet.sallyport_policy:
    content: "{{ lookup('file', 'web.ini') }}"
    confirm: 60s
  register: applied

- name: The next task has a connection of its own
  ansible.builtin.meta: reset_connection

- name: Confirm
  sallyport.fleet.sallyport_policy:
    state: confirmed
  when: applied.unconfirmed
"""

RETURN = r"""
unconfirmed:
  description: It is undone by itself unless C(state=confirmed) comes in time.
  type: bool
undone:
  description: With C(state=confirmed), nothing waited for it any more.
  type: bool
gates:
  description: TLS ports, what each answered, and until when it is open (0, it is shut).
  type: list
difference:
  description: What C(sallyport diff --format json) said.
  type: dict
msg:
  description: The difference in one line, and the ports that stay shut.
  type: str
"""

import json
import os
import tempfile

from ansible.module_utils.basic import AnsibleModule

# sallyport(8), EXIT STATUS
DONE, NO, USAGE, SYSTEM = 0, 1, 2, 3
# Of `summary` in src/report/diff.schema.json, what a reader must see first.
EFFECTS = ["opens", "loosens", "tightens", "closes", "changes", "settings"]


class Host:
    """sallyport on this host."""

    def __init__(self, module):
        self.module = module
        name = module.params["executable"]
        self.program = name if "/" in name else module.get_bin_path(name)
        if self.program and not os.access(self.program, os.X_OK):
            self.program = None

    def run(self, what, arguments, fine, seen_as=None):
        """Runs a command; fails the task unless its exit status is one of `fine`."""
        status, out, err = self.module.run_command([self.program] + arguments)
        if status not in fine:
            said = (err + out).strip() or "exit status %d" % status
            if seen_as:
                said = said.replace(*seen_as)
            self.module.fail_json(msg="%s: %s" % (what, said), rc=status)
        return status, out

    def ask(self, what, arguments, fine, seen_as=None):
        """The same, for what answers in JSON."""
        status, out = self.run(what, arguments + ["--format", "json"], fine, seen_as)
        try:
            return json.loads(out)
        except ValueError:
            self.module.fail_json(msg="%s: no JSON came from %s" % (what, self.program))


# --- what a difference says, a line for each thing ---------------------------


def ports_text(change):
    ports = ",".join(
        str(p["first"]) if p["first"] == p["last"] else "%d-%d" % (p["first"], p["last"])
        for p in change["ports"]
    )
    return ports + "/" + change["protocol"] if "protocol" in change else ports


def decision_text(decision):
    limits = [
        "%s up to %d new connections in %d s, then " % (l["fate"], l["connections"], l["seconds"])
        for l in decision["limits"]
    ]
    return "".join(limits) + decision["fate"]


def decisions_text(decisions):
    verified = decision_text(decisions["verified"])
    unverified = decision_text(decisions["unverified"])
    if verified == unverified:
        return verified
    return "%s while verified, else %s" % (verified, unverified)


def place_text(change):
    sources = change["sources"]
    text = "anywhere" if set(sources) == {"0.0.0.0/0", "::/0"} else ", ".join(sources)
    if change["destinations"]:
        text += " to " + ", ".join(change["destinations"])
    interfaces = change["interfaces"]
    if interfaces["names"]:
        text += " on " + ", ".join(interfaces["names"])
    if interfaces["except"]:
        text += " not on " + ", ".join(interfaces["except"])
    return text


def sides(difference):
    """Lines of what was, and lines of what comes."""
    before, after = [], []
    for change in difference["changes"]:
        about = " (%s)" % change["about"] if change["about"] else ""
        head = "%s%s from %s: " % (ports_text(change), about, place_text(change))
        before.append(head + decisions_text(change["before"]))
        after.append(head + decisions_text(change["after"]))
    for demand in difference["tls"]:
        head = "%s (%s) %s = " % (ports_text(demand), demand["service"], demand["key"])
        before.append(head + demand["before"])
        after.append(head + demand["after"])
    for setting in difference["settings"]:
        head = setting["key"] + ": "
        if setting["service"]:
            head = "%s (%s)" % (head, setting["service"])
        before.append(head + setting["before"])
        after.append(head + setting["after"])
    for drifted in difference["drifted"]:
        before.append("%(kind)s %(name)s: not as the last apply left it" % drifted)
    return before, after


def is_shut(gate):
    return not gate["lease_ends"]


def gates_text(gates):
    return [
        "%d/%s stays shut: %s" % (g["port"], g["protocol"], g["reason"] or g["outcome"])
        for g in gates
        if is_shut(g)
    ]


def summary(difference, gates):
    """The difference in one line, what opens first, as diff counts."""
    counts = difference["summary"]
    named = ["%s %d" % (name, counts[name]) for name in EFFECTS if counts[name]]
    return "; ".join([", ".join(named) or "lets in the same packets"] + gates_text(gates))


def lines(items):
    return "".join(item + "\n" for item in items)


def differences(path, old, new, difference, gates):
    """What --diff shows: the text, then the packets."""
    shown = []
    if old != new:
        shown.append(
            dict(before_header=path, after_header=path, before=old, after=new)
        )
    before, after = sides(difference)
    if before or after:
        shown.append(
            dict(
                before_header="packets, in the kernel",
                after_header="packets, by the policy",
                before=lines(before),
                after=lines(after),
            )
        )
    if gates_text(gates):
        shown.append(dict(prepared=lines(gates_text(gates))))
    return shown


# --- states ------------------------------------------------------------------


def read(path):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def unconfirmed_path(path):
    return path + ".unconfirmed"


def write_candidate(module, path, text):
    """The new text, beside the old so that what it names is found. In check mode
    where there is no such directory yet, elsewhere. Returns its path."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        if not module.check_mode:
            module.fail_json(msg="there is no %s: is sallyport installed?" % folder)
        folder = module.tmpdir
    handle, candidate = tempfile.mkstemp(prefix=".policy-", suffix=".ini", dir=folder)
    with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(candidate, 0o640)
    os.chown(candidate, -1, os.stat(folder).st_gid)
    return candidate


def refuse_lockdown(module, host):
    status = host.ask("cannot see what is in force", ["status"], [DONE, NO])
    if status["locked_down"] and not module.params["end_lockdown"]:
        module.fail_json(
            msg="somebody locked this host down (sallyport lockdown); an apply would end "
            "that: end_lockdown: true if it shall"
        )


def compare(module, host, candidate, seen_as):
    """The checks that need nobody's leave, then what would change."""
    host.run("the policy is wrong", ["check", candidate], [DONE], seen_as)
    return host.ask(
        "cannot compare the policy with the kernel", ["diff", candidate], [DONE, NO], seen_as
    )


def commit(module, host, candidate):
    """Applies, and puts the text where it belongs: what waits to be confirmed beside
    the policy, what stands into its place. Returns what became of the gates."""
    path, how = module.params["policy"], ["apply"]
    if module.params["confirm"]:
        os.replace(candidate, unconfirmed_path(path))
        candidate = unconfirmed_path(path)
        module.add_cleanup_file(candidate)
        # It is undone unless it lets us in again: no need to be asked that.
        how += ["--yes", "--confirm", module.params["confirm"]]
    gates = host.ask("not applied", how + [candidate], [DONE], (candidate, path))["gates"]
    if module.params["confirm"]:
        module.cleanup_files.remove(candidate)
    else:
        os.replace(candidate, path)
    return gates


def apply_candidate(module, host, candidate, old, new):
    path = module.params["policy"]
    seen_as = (candidate, path)
    difference = compare(module, host, candidate, seen_as)
    differs = old != new or not difference["same"]
    trial = {"changes": 0, "gates": []}
    if module.check_mode or not differs:
        trial = host.ask(
            "would not be applied", ["apply", "--dry-run", candidate], [DONE], seen_as
        )
    changed = differs or trial["changes"] > 0
    result = dict(changed=changed, unconfirmed=False, difference=difference, gates=trial["gates"])
    if changed and not module.check_mode:
        result["gates"] = commit(module, host, candidate)
        result["unconfirmed"] = bool(module.params["confirm"])
    result["msg"] = summary(difference, result["gates"])
    result["diff"] = differences(path, old, new, difference, result["gates"])
    return result


def applied(module, host):
    path = module.params["policy"]
    old = read(path)
    new = module.params["content"]
    if new is None:
        new = old
        if not os.path.exists(path):
            module.fail_json(msg="there is no %s, and no content was given" % path)
    if not new.endswith("\n"):
        new += "\n"  # lookup('file') takes it away
    if not host.program:
        if not module.check_mode:
            module.fail_json(msg="%s is not installed" % module.params["executable"])
        return dict(
            changed=True,
            unconfirmed=False,
            gates=[],
            msg="not installed yet: what it would let in cannot be said",
            diff=[dict(before_header=path, after_header=path, before=old, after=new)],
        )
    refuse_lockdown(module, host)
    candidate = write_candidate(module, path, new)
    module.add_cleanup_file(candidate)
    return apply_candidate(module, host, candidate, old, new)


def confirmed(module, host):
    path = module.params["policy"]
    if not host.program:
        module.fail_json(msg="%s is not installed" % module.params["executable"])
    status = host.ask("cannot see what is in force", ["status"], [DONE, NO])
    if module.check_mode:
        return dict(changed=status["undone_in_ms"] > 0, undone=False)
    code, _ = host.run("not confirmed", ["confirm"], [DONE, NO])
    waited = unconfirmed_path(path)
    if os.path.exists(waited):
        os.replace(waited, path if code == DONE else path + ".undone")
    if code == NO:
        module.fail_json(
            msg="nothing waits to be confirmed: the apply was undone before this "
            "connection came",
            undone=True,
        )
    return dict(changed=True, undone=False)


def main():
    module = AnsibleModule(
        argument_spec=dict(
            state=dict(type="str", choices=["applied", "confirmed"], default="applied"),
            policy=dict(type="path", default="/etc/sallyport/policy.ini"),
            content=dict(type="str"),
            confirm=dict(type="str"),
            end_lockdown=dict(type="bool", default=False),
            executable=dict(type="str", default="sallyport"),
        ),
        supports_check_mode=True,
    )
    states = dict(applied=applied, confirmed=confirmed)
    module.exit_json(**states[module.params["state"]](module, Host(module)))


if __name__ == "__main__":
    main()
