"""The plan: the example reads, and what contradicts itself or has no source is refused."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pipeline.contest.marks import marks_of
from pipeline.contest.people import entrants_of
from pipeline.contest.plan import EXAMPLE, plan_of, read_plan
from pipeline.contest.plans import copy_example
from pipeline.contest.rulebooks import contest_rules, read_rule_books, stored_rules
from pipeline.errors import ContestError, OutputError, PipelineError
from pipeline.score.rules import PROFILES, profiles, read_rules

TEXT = EXAMPLE.read_text("utf-8")
RULES = EXAMPLE.with_name("drone-rules.toml").read_text("utf-8")


def changed(old: str, new: str, text: str = TEXT) -> bytes:
    assert old in text
    return text.replace(old, new, 1).encode()


def test_the_example_is_a_whole_contest() -> None:
    plan = read_plan(EXAMPLE)
    assert [(leg.id, leg.kind, leg.weight) for leg in plan.legs] == [
        ("drone", "drone", 50),
        ("theory", "marks", 30),
        ("casefile", "panel", 20),
    ]
    assert plan.leg("drone").fields == ("A", "B")
    assert sum(item.max for item in plan.leg("casefile").items) == 100
    assert all("示例" in sentence for sentence in plan.sources.values())
    rules = contest_rules(read_rule_books(plan, EXAMPLE.parent)["drone"], "drone-rules.toml")
    assert rules.evidence and rules.notice == "示例规则，非官方评分标准"


def test_the_example_fits_the_schema(schema: Callable[[str], Draft202012Validator]) -> None:
    schema("contest").validate(json.loads(json.dumps(tomllib.loads(TEXT))))


@pytest.mark.parametrize(
    ("old", "new"),
    [("weight = 50", "weight = 0"), ("weight = 50", "wieght = 50"), ('"team"', '"person"'), ("judges = 5", "jury = 5"),
     ('kind = "marks"', 'kind = "drone"'), ("[tables]", "[tabels]"), ("points_u = -20000000", "points_u = 0")],
)  # fmt: skip
def test_the_schema_refuses_what_the_reader_refuses(
    old: str, new: str, schema: Callable[[str], Draft202012Validator]
) -> None:
    data = changed(old, new)
    assert not schema("contest").is_valid(json.loads(json.dumps(tomllib.loads(data.decode()))))
    with pytest.raises(ContestError):
        plan_of(data)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('limits = "示例', '# = "示例', "limits.submissions has no sentence in [source]"),
        ('"leg.drone" = ', '"leg.drone.weight" = ', "leg.drone.entrants has no sentence"),
        ('tables = "', 'tabels = "', "[source] names 'tabels', which is no rule"),
        ('"leg.drone" = "', '"leg" = "', "[source] names 'leg', which is no rule"),
        ("weight = 50", "weight = 0", "weight must be a whole number from 1 to 10000"),
        ("weight = 50", "weight = 50.0", "weight must be a whole number"),
        ("weight = 50", "weight = true", "weight must be a whole number"),
        ("weight = 50", "wieght = 50", "weight must be a whole number"),
        ("flight_ms = 1800000", "flight_s = 1800", "there is no rule called 'flight_s'"),
        ("max = 100", "max = 100\nfields = ['A']", "there is no rule called 'fields'"),
        ('id = "theory"', 'id = "Drone"', "an id is given twice"),
        ('id = "theory"', 'id = "../x"', "must be 1 to 32 letters and digits"),
        ('id = "theory"', 'id = "con"', "must be 1 to 32 letters and digits"),
        ('fields = ["A", "B"]', 'fields = ["A", "a"]', "an id is given twice"),
        ('fields = ["A", "B"]', "fields = []", "fields must be a list of 1 to 50"),
        ('team_from = "mean" ', 'team_from = "worst" ', "team_from must be one of mean, best"),
        ('entrants = "person"', 'entrants = "team"', "there is no rule called 'team_from'"),
        ("judges = 5", "judges = 2", "judges must be 3 or more"),
        ('leg = "drone"\npoints_u = -2', 'leg = "flight"\npoints_u = -2', "there is no leg 'flight'"),
        ("points_u = -20000000", "points_u = 0", "the rule would change nothing"),
        ("points_u = -20000000", "points_u = -200000000", "points_u must be a whole number"),
        ("west = 113.50", "west = 114.50", "west must be below east"),
        ("west = 113.50", "west = nan", "west must be a number of degrees"),
        ('tz = "Asia/Shanghai"', 'tz = "../../etc/passwd"', "is no time zone"),
        ('tz = "Asia/Shanghai"', 'tz = "Asia/Peking"', "is no time zone"),
        ('name = "示例省', 'name = "\\u0000', "not printable"),
        ("schema_version = 1", "schema_version = 2", "schema_version must be a whole number from 1 to 1"),
        ("[tables]", "[tabels]", "'tabels'"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_one_sentence(old: str, new: str, sentence: str) -> None:
    with pytest.raises(ContestError) as why:
        plan_of(changed(old, new), "my.toml")
    assert sentence in str(why.value)
    assert str(why.value).startswith("my.toml: ") and "\n" not in str(why.value)


def test_a_table_for_persons_needs_points_for_persons() -> None:
    text = TEXT.replace("for_persons = true", "for_persons = false").replace('entrants = "person"\nteam_from = "mean"',
                                                                           'entrants = "team"')  # fmt: skip
    with pytest.raises(ContestError, match="no leg gives points to persons"):
        plan_of(text.encode())


def test_a_source_may_stand_for_a_table_or_for_one_rule() -> None:
    rules = ("entrants", "weight", "max", "team_from")
    each = "\n".join(f'"leg.theory.{r}" = "规程第 {n} 条"' for n, r in enumerate(rules, 1))
    plan = plan_of(re.sub(r'"leg.theory" = .*', each, TEXT).encode())
    assert plan.sources["leg.theory.max"] == "规程第 3 条"
    nested = "[source.leg.theory]\n" + "\n".join(f'{r} = "规程"' for r in rules)
    plan = plan_of((re.sub(r'"leg.theory" = .*', "", TEXT) + nested).encode())
    assert plan.sources["leg.theory.max"] == "规程"


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a = ", b"", b"[" * 100_000, b"source." + b"a." * 5000 + b"a=1"])
def test_what_is_no_plan_is_refused(data: bytes) -> None:
    with pytest.raises(ContestError, match=r"^x\.toml"):
        plan_of(data, "x.toml")


@given(st.data())
def test_no_change_of_the_example_ends_in_a_traceback(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(TEXT) - 1))
    text = TEXT[:at] + data.draw(st.text(max_size=4)) + TEXT[at + data.draw(st.integers(0, 30)) :]
    try:
        plan_of(text.encode("utf-8", "surrogatepass"))
    except ContestError as why:
        assert "\n" not in str(why)


def test_too_large_a_plan_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    (tmp_path / "big.toml").write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(ContestError, match="larger than 1 MiB"):
        read_plan(tmp_path / "big.toml")
    with pytest.raises(ContestError, match="cannot be read"):
        read_plan(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("evidence = true ", "# ", "must say evidence = true or evidence = false"),
        ('radius_mm = "', '# radius_mm = "', "radius_mm differs from drill-example and has no sentence"),
        ('radius_mm = "示例：假设竞赛规程规定定位误差 25 m 以内有效"', 'radius_mm = " "', "radius_mm differs"),
        ('evidence = "', '# evidence = "', "evidence differs from drill-example and has no sentence"),
        ('name = "provincial-example"', 'name = "drill-example"', "is not the profile 'drill-example' any more"),
        ("radius_mm = 25000", "radius_mm = 0", "radius_mm must be a whole number"),
    ],
)
def test_a_contest_refuses_rules_without_evidence_or_source(old: str, new: str, sentence: str) -> None:
    with pytest.raises(PipelineError) as why:
        contest_rules(changed(old, new, RULES), "rules.toml")
    assert sentence in str(why.value) and str(why.value).startswith("rules.toml: ")


@pytest.mark.parametrize("name", profiles())
def test_a_profile_does_and_says_evidence(name: str) -> None:
    data = (PROFILES / f"{name}.toml").read_bytes()
    assert contest_rules(data, name) == read_rules(name) and not read_rules(name).evidence
    with pytest.raises(ContestError, match="must say evidence"):
        contest_rules(data.replace(b"\nevidence = false", b"\n"), name)


@given(st.data())
def test_no_change_of_the_rules_ends_in_a_traceback(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(RULES) - 1))
    text = RULES[:at] + data.draw(st.text(max_size=4)) + RULES[at + data.draw(st.integers(0, 30)) :]
    try:
        contest_rules(text.encode("utf-8", "surrogatepass"), "rules.toml")
    except PipelineError as why:
        assert "\n" not in str(why)


def test_a_contest_outlives_a_change_of_the_profiles() -> None:
    data = (PROFILES / "drill-example.toml").read_bytes().replace(b"radius_mm = 30000", b"radius_mm = 20000")
    with pytest.raises(ContestError, match="is not the profile"):
        contest_rules(data, "drill-example")
    assert stored_rules(data, "the rules of leg drone").radius_mm == 20_000


def test_the_example_is_copied_and_never_over_a_file(tmp_path: Path) -> None:
    copied = copy_example(tmp_path / "方案 plan")
    assert [p.name for p in copied] == ["contest.toml", "drone-rules.toml", "entrants.csv", "theory.csv"]
    plan = read_plan(copied[0])
    assert read_rule_books(plan, copied[0].parent).keys() == {"drone"}
    teams, persons = entrants_of(copied[2].read_bytes(), "entrants.csv")
    assert (len(teams), len(persons)) == (3, 6)
    assert marks_of(copied[3].read_bytes(), "theory.csv", plan.leg("theory"), persons).keys() == persons.keys()
    with pytest.raises(OutputError, match="there already"):
        copy_example(tmp_path / "方案 plan")


def test_rules_lie_beside_the_plan(tmp_path: Path) -> None:
    plan = plan_of(TEXT.encode())
    with pytest.raises(ContestError, match=r"drone-rules\.toml: cannot be read"):
        read_rule_books(plan, tmp_path)
    (tmp_path / "drone-rules.toml").write_text(RULES, "utf-8")
    assert read_rule_books(plan, tmp_path) == {"drone": RULES.encode()}
