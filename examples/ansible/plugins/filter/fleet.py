# One table for the fleet, from what each host reported: text and Markdown.

DOCUMENTATION = r"""
name: fleet
short_description: One table from what each host reported
description: Returns C(text), C(markdown) and C(bad), the hosts that need somebody.
positional: _input
options:
  _input:
    description:
      For each host's name, C(sallyport_fleet) as the role C(host) leaves it.
    type: dict
    required: true
  time:
    description: When the table was made.
    type: str
    required: true
"""

import textwrap

# What became of the apply, as the role says it: does somebody have to look?
STATES = {
    "confirmed": False,
    "unchanged": False,
    "would change": False,
    "undone": True,
    "failed": True,
    "lost": True,
    "unreachable": True,
}
WIDTH = 80


def printable(text):
    """Hosts say it, a terminal shows it."""
    flat = " ".join(str(text).split())
    return "".join(c if c.isprintable() else "?" for c in flat)


def port_text(row):
    ports = ",".join(
        str(p["first"]) if p["first"] == p["last"] else "%d-%d" % (p["first"], p["last"])
        for p in row["ports"]
    )
    return "%s/%s" % (ports, row["protocol"])


def reasons(verify):
    """What verify said of each TLS port that did not pass."""
    return {
        "%d/%s" % (port["port"], port["protocol"]): port["reason"] or port["outcome"]
        for port in (verify or {}).get("ports", [])
        if port["outcome"] != "pass"
    }


def row_text(row, why):
    port = port_text(row)
    said = why.get(port) or row["text"] or row["title"]
    name = " " + row["services"] if row["services"] else ""
    shut = " is shut" if row["kernel"] == "shut" else ""
    return "%s%s%s: %s" % (port, name, shut, said)


def audit_lines(audit, verify):
    why = reasons(verify)
    found = [row_text(row, why) for row in audit["rows"] if not row["pass"]]
    found += [
        "not covered: %s %s: %s" % (item["family"], item["table"], item["title"])
        for item in audit["not_covered"]
        if not item["pass"]
    ]
    kernel = audit["kernel"]
    if not kernel["read"]:
        found.append("the kernel was not read")
    elif not kernel["loaded"]:
        found.append("nothing is in force: every port is open")
    elif kernel["differences"]:
        found.append("the kernel does not hold the policy")
    if audit["blocks_nothing"]:
        found.append("mode = audit: nothing is blocked")
    return found


def passing(audit):
    if not audit:
        return "-"
    return "%d of %d" % (sum(row["pass"] for row in audit["rows"]), len(audit["rows"]))


def host_row(report):
    """STATE, PORTS and what there is to say; is it as the policy wants it?"""
    audit = report.get("audit")
    said = (report.get("why") or "").splitlines()
    if audit:
        said += audit_lines(audit, report.get("verify"))
    elif not said and report["state"] != "unreachable":
        said.append("no audit")
    good = not STATES.get(report["state"], True) and bool(audit and audit["pass"])
    return report["state"], passing(audit), [printable(line) for line in said], good


def text_table(rows, head):
    columns = [("HOST", "POLICY", "PORTS")] + [row[:3] for row in rows]
    widths = [max(len(row[i]) for row in columns) for i in range(3)]
    form = "  ".join("%%-%ds" % width for width in widths)
    margin = sum(widths) + 2 * len(widths)
    out = [head, "", (form + "  %s") % ("HOST", "POLICY", "PORTS", "WHY")]
    for name, state, ports, said in rows:
        wrapped = []
        for line in said or [""]:
            wrapped += textwrap.wrap(
                line, max(WIDTH - margin, 30), subsequent_indent="  "
            ) or [""]
        out.append(form % (name, state, ports) + "  " + wrapped[0])
        out += [" " * margin + line for line in wrapped[1:]]
    return "\n".join(line.rstrip() for line in out) + "\n"


def cell(text):
    for special in "\\`*_|<>[]":
        text = text.replace(special, "\\" + special)
    return text


def markdown_table(rows, head):
    out = [head, "", "| host | policy | ports that pass | why |", "| --- | --- | --- | --- |"]
    for name, state, ports, said in rows:
        why = "<br>".join(cell(line) for line in said)
        out.append("| %s | %s | %s | %s |" % (cell(name), cell(state), ports, why))
    return "\n".join(out) + "\n"


def fleet(reports, time):
    rows, good, bad = [], 0, []
    for name, report in reports.items():
        state, ports, said, fine = host_row(report)
        rows.append((printable(name), state, ports, said))
        good += fine
        if STATES.get(state, True):
            bad.append("%s: %s" % (name, state))
    head = "%d of %d hosts are as their policies say, %s" % (good, len(rows), time)
    return dict(text=text_table(rows, head), markdown=markdown_table(rows, head), bad=bad)


class FilterModule:
    def filters(self):
        return {"fleet": fleet}
