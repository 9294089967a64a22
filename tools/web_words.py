"""Write web/src/words.ts from the catalogue in pipeline/words: the web page says the same words as everything else."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.words import CLASSES, PROBLEMS, SUBJECTS

TARGET = Path(__file__).resolve().parents[1] / "web" / "src" / "words.ts"
HEAD = "// Written by tools/web_words.py from pipeline/words; change it there.\n"
SUBJECTS_SHOWN = ("survey", "web", "web_map", "web_photo")


def table(name: str, words: dict[str, tuple[str, str]]) -> str:
    lines = (f"  {json.dumps(key)}: {json.dumps(both, ensure_ascii=False)},\n" for key, both in words.items())
    return f"export const {name} = {{\n{''.join(lines)}}} as const;\n"


def source() -> str:
    """The text of words.ts."""
    shown = {key: both for subject in SUBJECTS_SHOWN for key, both in SUBJECTS[subject].items()}
    tables = [table("WORDS", shown), table("CLASSES", CLASSES), table("PROBLEMS", PROBLEMS)]
    return "\n".join([HEAD, *tables, "export type Word = keyof typeof WORDS;\n"])


def main() -> None:
    TARGET.write_text(source(), "utf-8", newline="\n")
    print(f"{TARGET.relative_to(Path.cwd()) if TARGET.is_relative_to(Path.cwd()) else TARGET}: written")


if __name__ == "__main__":
    main()
