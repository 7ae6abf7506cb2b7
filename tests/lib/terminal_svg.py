#!/usr/bin/python3
"""What a terminal of 80 columns shows, as a picture: terminal_svg.py < OUTPUT > SVG

Knows line ends, carriage returns and the colours that sallyport uses (SGR); other escape sequences are
left out. The text stays text, so that it can be read, searched and compared."""

import re
import sys
from xml.sax.saxutils import escape

COLUMNS, WIDTH, HEIGHT, MARGIN = 80, 8.4, 19, 14
INK, PAPER = "#d8dee9", "#20242c"
COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff", "35": "#d2a8ff", "36": "#76e3ea"}


def style_of(codes):
    words = []
    for code in codes:
        if code == "1":
            words.append('font-weight="bold"')
        elif code == "2":
            words.append('opacity="0.6"')
        elif code in COLOURS:
            words.append(f'fill="{COLOURS[code]}"')
    return " ".join(words)


def spans(line, codes):
    """The line's pieces and their styles; `codes` goes on into the next line."""
    column = 0
    for piece in re.split(r"(\x1b\[[0-9;?]*[A-Za-z])", line):
        sequence = re.fullmatch(r"\x1b\[([0-9;]*)m", piece)
        if sequence:
            for code in (sequence[1] or "0").split(";"):
                codes[:] = [] if code in ("", "0") else [*codes, code]
        elif piece and not piece.startswith("\x1b"):
            yield column, piece, style_of(codes)
            column += len(piece)


def main():
    # Behind a carriage return a line is written anew: of a progress line nothing stays.
    text = sys.stdin.buffer.read().decode()
    lines = [line.rstrip("\r").split("\r")[-1] for line in text.rstrip("\r\n").split("\n")]
    width, height = COLUMNS * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
          f'height="{height:g}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>')
    codes = []
    for number, line in enumerate(lines):
        y = MARGIN + number * HEIGHT + 14
        print(f'<text xml:space="preserve" x="{MARGIN}" y="{y}" fill="{INK}">', end="")
        for column, piece, style in spans(line, codes):
            x = MARGIN + column * WIDTH
            length = f'textLength="{len(piece) * WIDTH:g}"' if piece.strip() else ""
            print(f'<tspan x="{x:g}" {length} {style}>{escape(piece)}</tspan>', end="")
        print("</text>")
    print("</svg>")


main()
