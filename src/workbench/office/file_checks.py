"""What only a file itself shows of its readability: its lines, the look of its cells, last year's.

Beside `readability`, which looks at the cells of one sheet.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np

from analysis.intake import workbook
from analysis.intake.headings import normalise
from analysis.intake.sheet import Sheet, address
from analysis.intake.tables import TOTAL
from workbench.office.readability import NOTE, Breach, Table


def line_breaches(text: str, separator: str) -> Iterator[Breach]:
    """Records of a CSV file that are broken over lines, and unquoted commas.

    A record has as many values as the header of its table, which ends at a blank line.

    >>> list(line_breaches("項目,内容\\n所在地,東京都,港区\\n", ","))
    [('quoting', 'C2', '港区')]
    """
    width = 0
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))  # a cell may be that long
    for row, values in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator)):
        for column, value in enumerate(values):
            if "\n" in value or "\r" in value:
                yield "records", address(row, column), value
        if not any(values):
            width = 0
        elif not width:
            width = len(values) if len(values) > 1 else 0
        elif len(values) > width and any(values[width:]):
            yield "quoting", address(row, width), values[width]
        elif len(values) < width and not NOTE.match(values[0]):
            yield "records", address(row, 0), values[0]


Look = tuple[str, ...]  # of a cell: its font's weight, slant, lines and colour, and its fill


def looks(content: bytes) -> dict[str, dict[tuple[int, int], Look]]:
    """Sheet name -> the look of each of its cells that does not look plain."""
    parts = workbook.unpack(content, "")
    found: dict[str, dict[tuple[int, int], Look]] = {}
    with suppress(expat.ExpatError, ElementTree.ParseError, ValueError, IndexError):
        # calamine reads what no parser of XML takes; then nothing is known of how cells look
        styles = _styles(workbook.part(parts, "xl/styles.xml"))
        for name, path in workbook.sheet_parts(parts).items() if styles else ():
            cells = workbook.tags(workbook.part(parts, path), {"c"})
            found[name] = {
                place: styles[cell["s"]]
                for _, cell in cells
                if cell.get("s") in styles and (place := workbook.place_of(cell.get("r", "")))
            }
    return found


def _styles(xml: bytes) -> dict[str, Look]:
    """Style number -> its look, where that is not the one of the first style."""
    if not xml:
        return {}
    root = ElementTree.fromstring(xml)
    fonts = [
        tuple(
            f"{part.tag.rpartition('}')[2]} {sorted(part.attrib.items())}"
            for name in ("b", "i", "u", "strike", "color")
            for part in font.iterfind(f"{{*}}{name}")
        )
        for font in root.iterfind("{*}fonts/{*}font")
    ]
    fills = [
        tuple(str(sorted(color.attrib.items())) for color in fill.iterfind(".//{*}fgColor"))
        if fill.find("{*}patternFill[@patternType='none']") is None
        else ()
        for fill in root.iterfind("{*}fills/{*}fill")
    ]
    own = [
        fonts[int(xf.get("fontId", 0))] + fills[int(xf.get("fillId", 0))]
        for xf in root.iterfind("{*}cellXfs/{*}xf")
    ]
    return {str(number): look for number, look in enumerate(own) if look != own[0]}


def look_breaches(table: Table, looks: Mapping[tuple[int, int], Look]) -> Iterator[Breach]:
    """Data cells of a column that look otherwise than the rest of it, bands of rows excepted."""
    if not looks or table.blank:
        return
    rows = [
        row
        for row in (np.flatnonzero(table.filled[table.start :].any(axis=1)) + table.start).tolist()
        if not any(TOTAL.match(normalise(text)) for text in table.grid[row, :3])
    ]
    columns = np.flatnonzero(table.filled[table.start :].any(axis=0)).tolist()
    seen = {c: {r: looks.get((r, c), ()) for r in rows if table.filled[r, c]} for c in columns}
    alternate = [{looks.get((r, c), ()) for r in rows[i::2] for c in columns} for i in (0, 1)]
    if all(len(own) == 1 for own in alternate):
        return  # bands that help the eye
    for column, own in seen.items():
        usual = Counter(own.values()).most_common(1)[0][0] if own else ()
        for row, look in own.items():
            if look != usual:
                yield "looks", address(row, column), table.grid[row, column]


def layout_breaches(table: Table, earlier: Sheet) -> Iterator[Breach]:
    """Headings that the earlier file does not have, and those of it that are gone."""
    now, before = ({head for head in t.heads if head} for t in (table, Table(earlier)))
    for column, head in enumerate(table.heads):
        if head and head not in before:
            yield "layout", address(max(table.start - 1, 0), column), head
    yield from (("layout", "", head) for head in sorted(before - now))
