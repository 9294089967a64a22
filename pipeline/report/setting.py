"""Setting a PDF with typst, in this process: a template of ours, and data that stays data.

What people and files say goes in as JSON and is never taken for markup. The template can read nothing but its data, its
pictures and the templates beside it. Data and drawings (SVG) stay in memory, since they may be secret; pictures of
pixels lie in a temporary folder meanwhile. The same input gives the same bytes where no font of the system had to help
out.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.errors import OutputError
from pipeline.report.sheet_font import FAMILY, FONTS
from pipeline.report.sheet_text import beyond_the_font, texts_in

MOST_STRANGE = 200  # characters beyond the bundled font that are looked for in the system's fonts
NOTHING: Mapping[str, bytes] = {}


def set_pdf(
    template: Path, data: Mapping[str, Any], when: datetime, pictures: Mapping[str, bytes] = NOTHING
) -> tuple[bytes, list[str]]:
    """(the PDF, warnings of one sentence each).

    template: a .typ file, which reads `json("data.json")` and may import the other .typ files of its folder; pictures:
    by the names under which the template asks for them; when: an aware time that the PDF carries, never the clock's.
    Raises OutputError when the template cannot be set with these data.
    """
    files = {path.name: path.read_bytes() for path in sorted(template.parent.glob("*.typ"))}
    files["main.typ"] = template.read_bytes()
    files["data.json"] = json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    strange = beyond_the_font(texts_in(data))
    with tempfile.TemporaryDirectory(prefix="sheets-") as root:
        for name, picture in pictures.items():
            if name.endswith(".svg"):
                files[name] = picture
            else:
                (Path(root) / name).write_bytes(picture)
        pdf = _compile(files, root, bool(strange), when)
    missing = [c for c in strange[:MOST_STRANGE] if not _displayable(c)]
    return pdf, [f"no font on this computer has: {' '.join(missing)}"] if missing else []


def _compile(files: Mapping[str, bytes], root: str, with_system_fonts: bool, when: datetime) -> bytes:
    import typst

    sources: Any = dict(files)  # which typst takes, though its type information does not say so
    try:
        pdf = typst.compile(sources, root=root, font_paths=_fonts(with_system_fonts), timestamp=int(when.timestamp()))
    except typst.TypstError as why:
        raise OutputError(f"the sheets cannot be set ({why.message})") from None
    return bytes(pdf)


def _displayable(char: str) -> bool:
    """Whether any font of this computer has the character: PDF/A refuses what would be an empty box."""
    import typst

    main = f'#set text(font: "{FAMILY}")\n#json("char.json")'.encode()
    sources: Any = {"main.typ": main, "char.json": json.dumps(char).encode()}
    try:
        typst.compile(sources, font_paths=_fonts(True), pdf_standards="a-2u")
    except typst.TypstError:
        return False
    return True


@lru_cache(maxsize=2)
def _fonts(of_the_system: bool) -> Any:
    """The bundled fonts, and where they do not suffice those of the system."""
    import typst

    return typst.Fonts(include_system_fonts=of_the_system, include_embedded_fonts=True, font_paths=[FONTS])
