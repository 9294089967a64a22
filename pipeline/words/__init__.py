"""Words that people read, in Chinese and English: one catalogue, so that a term is said the same way everywhere.

Each module holds one subject as key → (中文, English). `PROBLEMS` has keys of its own, the codes of errors.
"""

from __future__ import annotations

from typing import Literal

from pipeline.words import contest, scores, sheets, survey, web, web_map, web_photo
from pipeline.words.problems import PROBLEMS
from pipeline.words.scores import JOINTS
from pipeline.words.survey import CLASSES

__all__ = ["CLASSES", "PROBLEMS", "SUBJECTS", "WORDS", "Lang", "both", "class_word", "joint", "word"]

Lang = Literal["zh", "en"]

SUBJECTS: dict[str, dict[str, tuple[str, str]]] = {
    module.__name__.rpartition(".")[2]: module.WORDS
    for module in (survey, web, web_map, web_photo, sheets, contest, scores)
}
WORDS: dict[str, tuple[str, str]] = {key: words for subject in SUBJECTS.values() for key, words in subject.items()}


def word(key: str, lang: Lang) -> str:
    """The word in "zh" or "en"; raises KeyError for a key that is not in the catalogue."""
    return WORDS[key][0 if lang == "zh" else 1]


def joint(key: str, lang: Lang) -> str:
    """What stands between words or behind them, in "zh" or "en", blanks included."""
    return JOINTS[key][0 if lang == "zh" else 1]


def both(key: str) -> str:
    """Chinese first, English beside it."""
    return " ".join(dict.fromkeys(WORDS[key]))


def class_word(label: str, lang: Lang) -> str:
    """A class in words; of an unknown path its nearest known parent, else the path itself."""
    path = label
    while path:
        if path in CLASSES:
            return CLASSES[path][0 if lang == "zh" else 1]
        path = path.rpartition("/")[0]
    return label
