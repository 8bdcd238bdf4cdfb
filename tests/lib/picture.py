"""A picture of the screen for documents: what a script dumped, as SVG in the colours of a theme.

    picture.py THEME <DUMP >PICTURE.svg      (DUMP: the output of a script with `dump x`, `roles x`)
"""
import html
import re
import sys
from itertools import groupby
from pathlib import Path

NAMES = ("black red green yellow blue magenta cyan white bright-black bright-red bright-green "
         "bright-yellow bright-blue bright-magenta bright-cyan bright-white").split()
VALUES = ("#1d1f21 #cc6666 #b5bd68 #f0c674 #81a2be #b294bb #8abeb7 #c5c8c6 #7b818a #e06c75 #c3e88d "
          "#ffcb6b #82aaff #c792ea #89ddff #ffffff").split()
BACK, FORE = "#16181d", "#d0d3d8"  # of a terminal that the theme leaves as it is
CW, CH, PAD, SIZE = 8.4, 17, 12, 14  # of a cell; around all of them; of the letters
LINES = {"─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu"}
FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"


def color(word):
    if word in NAMES:
        return VALUES[NAMES.index(word)]
    if not word.isdigit():
        return word if word.startswith("#") else None
    n = int(word)
    if n < 16:
        return VALUES[n]
    if n > 231:
        return "#" + f"{8 + (n - 232) * 10:02x}" * 3
    n -= 16
    return "#" + "".join(f"{(v and 55 + v * 40):02x}" for v in (n // 36, n // 6 % 6, n % 6))


def theme(path):
    """{role: (foreground, background, bold)}"""
    looks = {}
    for line in Path(path).read_text().splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        on = words.index("on") if "on" in words else len(words)
        looks[words[0]] = (next((c for c in map(color, words[1:on]) if c), None),
                           color(words[on + 1]) if on + 1 < len(words) else None, "bold" in words)
    return looks


def read_plane(lines, height):
    """Rows of letters, then what they mean."""
    rows, names = [lines.pop(0) for _ in range(height)], {}
    while lines and lines[0][1:2] == " " and lines[0][2:].replace("_", "").isalnum():
        letter, name = lines.pop(0).split(" ", 1)
        names[letter] = name
    return rows, names


def look_of(looks, name, over):
    fore, back, bold = looks.get(name, (None, None, False))
    over_fore, over_back, over_bold = looks.get(over, (None, None, False))
    if over and name == "text" and over_fore:
        fore = over_fore
    return fore or FORE, over_back or back, bold or over_bold


def lines_of(text, x, top):
    """Frames as lines: fonts leave gaps between them. The path of those in a text."""
    path, mid = "", top + CH / 2
    for at, char in enumerate(text):
        left, ways = PAD + (x + at) * CW, LINES.get(char, "")
        if "l" in ways or "r" in ways:
            begin, end = left + (0 if "l" in ways else CW / 2), left + (CW if "r" in ways else CW / 2)
            path += f"M{begin:.1f} {mid}H{end:.1f}"
        if "u" in ways or "d" in ways:
            begin, end = (top if "u" in ways else mid), (top + CH if "d" in ways else mid)
            path += f"M{left + CW / 2:.1f} {begin}V{end}"
    return re.sub(r"H([\d.]+)M\1 [\d.]+(?=H)", "", path)


def draw_row(out, looks, y, cells):
    """cells: (character, role, role over it)."""
    x, top = 0, PAD + y * CH
    for back, run in groupby(cells, lambda c: look_of(looks, *c[1:])[1]):
        width = len(list(run))
        if back:
            out.append(f'<rect x="{PAD + x * CW:.1f}" y="{top}" width="{width * CW:.1f}" '
                       f'height="{CH}" fill="{back}"/>')
        x += width
    x = 0
    for look, run in groupby(cells, lambda c: look_of(looks, *c[1:])):
        text, (fore, _, bold) = "".join(c[0] for c in run), look
        if path := lines_of(text, x, top):
            out.append(f'<path d="{path}" stroke="{fore}"/>')
            text = "".join(" " if c in LINES else c for c in text)
        weight = ' font-weight="bold"' if bold else ""
        # Each where it belongs, whatever a viewer does to blanks and whatever font it has.
        for words in re.finditer(r"\S+(?: \S+)*", text):
            out.append(f'<text x="{PAD + (x + words.start()) * CW:.1f}" y="{top + 13}" '
                       f'fill="{fore}" textLength="{len(words[0]) * CW:.1f}"{weight}>'
                       f'{html.escape(words[0], quote=False)}</text>')
        x += len(text)


def main():
    looks = theme(sys.argv[1])
    text, _, roles = sys.stdin.read().partition("== roles ")
    rows, lines = text.split("\n")[1:-1], roles.split("\n")[1:]
    plane, names = read_plane(lines, len(rows))
    over, over_names = read_plane(lines, len(rows)) if len(lines) > len(rows) else ([], {})
    width, height = len(plane[0]) * CW + 2 * PAD, len(rows) * CH + 2 * PAD
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
           f'width="{width:.0f}" height="{height}" font-family="{FONTS}" font-size="{SIZE}">',
           f'<rect width="100%" height="100%" rx="8" fill="{BACK}"/>']
    for y, row in enumerate(rows):
        draw_row(out, looks, y, [
            (char, names.get(plane[y][x], "text"), over_names.get(over[y][x] if over else "."))
            for x, char in enumerate(row.ljust(len(plane[y])))])
    print("\n".join([*out, "</svg>"]))


if __name__ == "__main__":
    main()
