#!/usr/bin/python3
"""Draws the figures of a bench as SVG: a bar for each side's median, its minimum and
maximum as a line, on a logarithmic scale where sides lie far apart.

usage: plot.py FIGURES.json OUT.svg
"""

import json
import math
import statistics
import sys
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, BAR, GAP = 800, 250, 110, 16, 8
COLOURS = ("#1f6f8b", "#99a8b2", "#c9a227", "#8f5a5a", "#5a8f69", "#6b5a8f", "#8b6f1f", "#555555")


def scale(sides):
    """From a figure to a share of the width, and whether it is logarithmic."""
    figures = [value for values in sides.values() for value in values if value > 0]
    if not figures:
        return (lambda value: 0.0), False
    low, high = min(figures), max(figures)
    if high / low < 50:
        return (lambda value: max(value, 0) / high), False
    floor = math.log10(low) - 0.3
    span = math.log10(high) - floor
    return (lambda value: (math.log10(value) - floor) / span if value > 0 else 0.0), True


def figure(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def draw_row(row, top, out):
    sides = row["sides"]
    place, logarithmic = scale(sides)
    room = WIDTH - LEFT - RIGHT
    title = row["title"] + (" (logarithmic)" if logarithmic else "")
    out.append(f'<text x="0" y="{top + 12}" font-weight="bold">{escape(title)}</text>')
    top += 22
    for number, (name, values) in enumerate(sides.items()):
        middle = statistics.median(values)
        y = top + number * (BAR + GAP)
        colour = COLOURS[number % len(COLOURS)]
        low, high = LEFT + room * place(min(values)), LEFT + room * place(max(values))
        out.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(name)}</text>')
        out.append(f'<rect x="{LEFT}" y="{y}" width="{max(1, room * place(middle)):.1f}" height="{BAR}" fill="{colour}"/>')
        out.append(f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y + BAR / 2}" y2="{y + BAR / 2}" stroke="#222"/>')
        out.append(f'<text x="{WIDTH - RIGHT + 8}" y="{y + 12}">{figure(middle)} {escape(row["unit"])}</text>')
    top += len(sides) * (BAR + GAP)
    if row.get("aim"):
        out.append(f'<text x="{LEFT}" y="{top + 10}" fill="#666">aim: {escape(row["aim"])}</text>')
        top += 14
    return top + 18


def main():
    with open(sys.argv[1]) as file:
        figures = json.load(file)
    out = []
    machine = figures["machine"]
    height = 26
    for row in figures["rows"]:
        height = draw_row(row, height, out)
    with open(sys.argv[2], "w") as file:
        file.write(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="-8 0 {WIDTH + 16} {height}" font-family="sans-serif" font-size="12">\n'
            f'<rect x="-8" width="{WIDTH + 16}" height="{height}" fill="white"/>\n'
            f'<text x="0" y="14" fill="#666">{escape(figures["bench"])}: {escape(machine["processor"])}, '
            f'{machine["processors"]} processors, Linux {escape(machine["kernel"])}, {escape(str(machine["nft"]))}</text>\n'
        )
        file.write("\n".join(out) + "\n</svg>\n")


main()
