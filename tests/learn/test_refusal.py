"""The rule: what refuses new weights, what does not, and how a run that was refused is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ModelError
from pipeline.learn.refusal import FEWEST, LOSSES, beforehand, check_not_refused, not_asked, refusals
from pipeline.learn.tiles import CLASSES

ENOUGH = LOSSES[0][0]


def figures(old: float, new: float, low: float, high: float) -> dict[str, Any]:
    return {"old": old, "new": new, "difference": [low, high]}


def a_set(**changed: Any) -> dict[str, Any]:
    told = {"set": "s", "boxes": {"smoke": ENOUGH, "dust": 0}, "ap": {"smoke": figures(0.5, 0.6, 0, 0.2)},
            "mean_ap": figures(0.5, 0.6, 0.0, 0.2), "false_alarms_at_equal_recall": figures(9, 3, -8, -1)}  # fmt: skip
    return {**told, **changed}


def told(*sets: dict[str, Any], learned: int = 0, known: tuple[str, ...] = ("smoke",), **ap: Any) -> dict[str, Any]:
    """What `refusals` reads; `ap` is of classes over all sets."""
    boxes = {c: sum(s["boxes"].get(c, 0) for s in sets) for c in CLASSES}
    none = figures(0.5, 0.5, 0.0, 0.0)
    classes = {c: {"boxes": boxes[c], "learned": learned, "ap": ap.get(c, none)} for c in CLASSES}
    return {"sets": list(sets), "classes": classes, "not_asked": not_asked(known, boxes)}


WORSE = figures(0.5, 0.4, -0.2, -0.01)
NOISE = figures(0.5, 0.4, -0.2, 0.1)
GROSS = figures(0.9, 0.6, -0.6, 0.1)
RISEN = figures(10, 20, 2, 18)


@pytest.mark.parametrize(
    ("changed", "word"),
    [({}, None), ({"mean_ap": WORSE}, "mean AP falls"), ({"mean_ap": figures(0.5, 0.4, -0.2, 0.01)}, None),
     ({"ap": {"smoke": figures(0.5, 0.44, -0.2, 0.1)}}, "AP of smoke"),
     ({"ap": {"smoke": figures(0.5, 0.46, -0.2, 0.1)}}, None),
     ({"ap": {"smoke": figures(0.5, 0.46, -0.2, -0.1)}}, None),
     ({"ap": {"smoke": WORSE}, "boxes": {"smoke": ENOUGH - 1}}, "AP of smoke falls from 0.500 to 0.400 (19 boxes)"),
     ({"ap": {"smoke": NOISE}, "boxes": {"smoke": ENOUGH - 1}}, None),
     ({"ap": {"smoke": GROSS}, "boxes": {"smoke": FEWEST}}, "AP of smoke"),
     ({"false_alarms_at_equal_recall": RISEN}, "rise from 10 to 20"),
     ({"false_alarms_at_equal_recall": figures(10, 20, -1, 18)}, None),
     ({"false_alarms_at_equal_recall": figures(100, 105, 2, 8)}, None)],
)  # fmt: skip
def test_the_rule(changed: dict[str, Any], word: str | None) -> None:
    why = refusals(told(a_set(**changed)))
    assert (why == []) if word is None else (len(why) == 1 and word in why[0])


def test_under_the_fewest_boxes_nothing_shows_that_it_is_no_worse() -> None:
    few = a_set(boxes={"smoke": FEWEST - 1}, ap={"smoke": GROSS})
    assert ["nothing shows" in why for why in refusals(told(few, learned=FEWEST))] == [True]


def test_one_set_that_got_worse_is_enough() -> None:
    assert len(refusals(told(a_set(), a_set(mean_ap=WORSE)))) == 1


def test_a_class_of_few_boxes_in_each_set_is_asked_over_all_of_them() -> None:
    few = a_set(boxes={"smoke": FEWEST - 1, "dust": 60}, ap={"smoke": GROSS, "dust": figures(0.5, 0.6, 0, 0.2)})
    assert refusals(told(few, few)) == []
    (why,) = refusals(told(few, few, smoke=WORSE))
    assert why.startswith("all sets together: AP of smoke falls") and "(18 boxes)" in why
    assert refusals(told(few, few, smoke=NOISE)) == []
    assert len(refusals(told(few, few, few, smoke=NOISE))) == 1  # 27 boxes: 0.1 is too much, noise or not


def test_what_was_not_asked_about_may_be_forgotten_unless_it_is_learned_from() -> None:
    only = a_set(boxes={"smoke": 12})
    why = refusals(told(only, known=CLASSES))
    assert [w.split()[1] for w in why] == ["dust", "outfall", "marker"] and all("--rehearse DATA" in w for w in why)
    assert refusals(told(only, known=CLASSES, learned=FEWEST)) == []
    assert len(refusals(told(only, known=CLASSES, learned=FEWEST - 1))) == 3


@given(st.integers(0, 60), st.floats(0, 1), st.floats(0, 1), st.floats(0, 0.5), st.floats(0, 1))
def test_a_greater_loss_is_never_accepted_where_a_smaller_one_is_not(
    boxes: int, old: float, loss: float, width: float, more: float
) -> None:
    def refused(by: float) -> bool:
        pair = figures(old, old - by, -by - width, -by + width)
        return bool(refusals(told(a_set(boxes={"smoke": boxes, "dust": 60}, ap={"smoke": pair}), learned=FEWEST)))

    assert refused(loss + more) >= refused(loss)


def test_what_is_sure_to_be_refused_is_told_before() -> None:
    boxes = {c: 3 for c in CLASSES}
    assert beforehand(("smoke",), boxes, dict.fromkeys(CLASSES, FEWEST)) == []
    assert len(beforehand(("smoke",), boxes, dict.fromkeys(CLASSES, 0))) == 1
    assert len(beforehand((), dict.fromkeys(CLASSES, 0), dict.fromkeys(CLASSES, 0))) == 1


def test_refused_weights_are_not_exported(tmp_path: Path) -> None:
    check_not_refused(tmp_path)
    (tmp_path / "compare.json").write_text('{"accepted": true}')
    check_not_refused(tmp_path)
    (tmp_path / "compare.json").write_text('{"accepted": false}')
    with pytest.raises(ModelError, match="was refused"):
        check_not_refused(tmp_path)
    with pytest.raises(ModelError, match="was refused"):
        check_not_refused(tmp_path / "fit" / "weights" / "best.pt")


@pytest.mark.parametrize("words", ["{", "[" * 100_000, "\xff", ""])
def test_a_damaged_comparison_is_one_sentence(tmp_path: Path, words: str) -> None:
    (tmp_path / "compare.json").write_bytes(words.encode("latin-1"))
    with pytest.raises(ModelError, match=r"compare\.json: cannot be read"):
        check_not_refused(tmp_path / "fit" / "best.pt")


@pytest.mark.parametrize("words", ["[1]", "null", '"accepted"', '{"left": 1}'])
def test_somebody_else_s_compare_json_says_nothing(tmp_path: Path, words: str) -> None:
    (tmp_path / "compare.json").write_text(words)
    check_not_refused(tmp_path / "best.pt")
