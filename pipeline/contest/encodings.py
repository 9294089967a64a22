"""The text of tables as spreadsheet programs and survey controllers write them."""

from __future__ import annotations


def table_text(data: bytes) -> str | None:
    """UTF-8, GBK (GB 18030), or UTF-16 with its byte order mark; None for what is none of them."""
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    return None
