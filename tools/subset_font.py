"""Make the hit sheet's font: Noto Sans CJK SC cut down to the characters of `pipeline.report.sheet_font`.

    pip install fonttools; apt-get install fonts-noto-cjk; python tools/subset_font.py [FOLDER WITH NotoSansCJK-*.ttc]

The result is committed; nothing of this is needed to run the program. It is renamed, so that it never hides or is
hidden by the whole font, and its licence (SIL OFL 1.1) lies beside it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.report.sheet_font import FAMILY, FONTS, wanted

SOURCE = Path("/usr/share/fonts/opentype/noto")
SIMPLIFIED = 2  # the collection's third font draws characters as they are written in mainland China
FEATURES = ["kern", "mark", "mkmk", "ccmp", "liga"]
NAMED = {1: FAMILY, 4: FAMILY, 16: FAMILY}


def options() -> subset.Options:
    chosen = subset.Options()
    chosen.layout_features = FEATURES
    chosen.hinting = False
    chosen.desubroutinize = False
    chosen.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    chosen.name_languages = [0x409]
    chosen.notdef_outline = True
    chosen.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "DSIG"]
    return chosen


def rename(font: TTFont, weight: str) -> None:
    """Give the family its own name, also inside the outlines' table."""
    plain = f"{FAMILY.replace(' ', '')}-{weight}"
    texts = {1: FAMILY, 2: weight, 3: f"{plain}; from Noto Sans CJK SC", 4: f"{FAMILY} {weight}", 6: plain}
    for number, text in texts.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    outlines = font["CFF "].cff
    outlines.fontNames = [plain]
    outlines.topDictIndex[0].FullName, outlines.topDictIndex[0].FamilyName = texts[4], FAMILY


def cut(source: Path, weight: str) -> frozenset[str]:
    """Write one weight; the characters that it has."""
    font = TTFont(source / f"NotoSansCJK-{weight}.ttc", fontNumber=SIMPLIFIED, recalcTimestamp=False)
    cutter = subset.Subsetter(options())
    cutter.populate(unicodes=[ord(c) for c in wanted()])
    cutter.subset(font)
    rename(font, weight)
    target = FONTS / f"QianliyanSans-{weight}.otf"
    font.save(target)
    print(f"{target.name}: {len(font.getBestCmap())} characters, {target.stat().st_size / 1e6:.2f} MB")
    return frozenset(map(chr, font.getBestCmap()))


def main() -> None:
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE
    has = [cut(source, weight) for weight in ("Regular", "Bold")]
    both = sorted(frozenset.intersection(*has))
    (FONTS / "characters.txt").write_text("".join(both), "utf-8", newline="")
    print("not in the source:", " ".join(sorted(wanted() - set(both))) or "nothing")


if __name__ == "__main__":
    main()
