"""Score sheets and result tables of a whole contest: all that people must find on them, and nothing that runs."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import load_workbook

from pipeline.contest.folder import Contest, changing
from pipeline.contest.judging.rejudge import cancel_set, propose
from pipeline.contest.maps.svg import drawing
from pipeline.contest.sheets.book import Book, open_book
from pipeline.contest.sheets.html import html_of
from pipeline.contest.sheets.numbers import moment_of
from pipeline.contest.sheets.page import (
    Page,
    banner,
    card,
    cards,
    facts,
    figure,
    heading,
    masthead,
    note,
    signatures,
    steps,
    table,
)
from pipeline.contest.sheets.pdf import pdf_of
from pipeline.contest.sheets.places import held_told, place_told, sure_told
from pipeline.contest.sheets.table_sheet import shown_totals, table_csv, table_page, write_tables
from pipeline.contest.sheets.team_sheet import team_page, write_score_sheets
from pipeline.errors import ContestError
from pipeline.report.sheet_text import GAP
from pipeline.types import points_text
from tests.contest.making import PASSPHRASE, START_MS, Officials
from tests.contest.sheets.day import NASTY
from tests.report.pdf_text import pages_of

NOTICE = "示例规则，非官方评分标准"
WHEN = moment_of(START_MS)
VOID = {"meta", "br", "rect", "circle", "line", "path"}


class Reader(HTMLParser):
    """Tags in order, what is said, and whether every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.links: list[str] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [f"{k}={v}" for k, v in attrs if k in ("src", "href", "srcset", "action") or k.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.said.append(data)


def read(data: bytes) -> Reader:
    reader = Reader()
    reader.feed(data.decode())
    assert reader.open == [] and reader.links == [] and "script" not in reader.tags
    return reader


def squeezed(text: str) -> str:
    return "".join(text.replace(GAP, "").split())


def said_on(page: Page) -> tuple[str, str]:
    """What the PDF and the HTML say, without spaces."""
    pdf = squeezed("".join(pages_of(pdf_of(page, WHEN))))
    return pdf, squeezed("".join(read(html_of(page)).said))


def row_of(book: Book, entrant: str, group: str = "teams") -> Any:
    return next(r for r in book.results[group] if r["entrant"] == entrant)


def test_a_sheet_says_all_that_was_asked(book: Book) -> None:
    entry = book.results["legs"]["drone"]["entrants"]["T02"]
    row, score = row_of(book, "T02"), entry["score"]
    wanted = ["开封队", "开封市生态环境局", "王五、赵六", "示例省生态环境厅", points_text(row["total_u"]), NOTICE]
    wanted += [f"第{row['place']}名", "把握", "飞出划定空域", "10:42越过北侧边界", "裁判乙、裁判甲", "-5.00"]
    wanted += [entry["sha256"], "15:02（限时30:00）", "暂停：民航飞机过境", "40:01（限时60:00）", "去掉；偏离较大"]
    wanted += [score["rules_digest"], score["targets_digest"], score["hits_digest"], book.event.head, "第1版"]
    wanted += ["不足20对，不可靠", "T²检验", "精确率", "召回率", "90%区间", "GOSPA", "未列出本队本次飞行的原始照片"]
    wanted += [p["hit"] for p in score["pairs"]] + score["missed"] + score["extra"] + score["ignored"]
    for said in said_on(team_page(book, row, "zh")):
        assert [w for w in wanted if squeezed(w) not in said] == []


def test_every_chain_of_steps_ends_at_the_results(book: Book) -> None:
    state, legs = book.state, book.results["legs"]
    for row in book.results["teams"]:
        page = team_page(book, row, "en")
        total, *chains = [b["rows"] for b in page.blocks if b["kind"] == "steps"]
        shares = next(b for b in page.blocks if b["kind"] == "table")["rows"]
        assert Fraction(total[0][1]) == Fraction(row["total_u"], 10**6)
        assert 0 <= Fraction(total[0][1]) - sum(Fraction(r[-1]) for r in shares) < Fraction(len(shares), 10**6)
        ends = [Fraction(chain[-1][1]) for chain in chains]
        assert ends == [Fraction(row["legs"][leg], 10**6) for leg in ("theory", "casefile", "drone")]
        panel, drone = (legs[leg]["entrants"][row["entrant"]] for leg in ("casefile", "drone"))
        assert Fraction(chains[1][0][1]) == Fraction(panel["before_manual_u"], 10**6)
        assert Fraction(chains[2][3][1].rstrip("…")) == Fraction(drone["before_manual_u"], 10**6)
        assert len(state.plan.legs) == len(chains)


def test_a_late_list_is_marked_and_a_person_has_a_sheet(book: Book, played: Contest, out: Path) -> None:
    late = said_on(team_page(book, row_of(book, "T03"), "zh"))
    assert all("迟交（超出时限）" in said for said in late)
    assert "迟交" not in said_on(team_page(book, row_of(book, "T01"), "zh"))[0]
    names = {path.name for path in write_score_sheets(played, 1, out, "en")}
    whose = [f"team-{team}" for team in book.state.teams] + [f"person-{person}" for person in book.state.persons]
    assert names == {f"{who}-en.{suffix}" for suffix in ("pdf", "html") for who in whose}
    person = read((out / "person-P021-en.html").read_bytes())
    said = squeezed("".join(person.said))
    assert "王五" in said and squeezed("The points of team 开封队; their reasons stand on its sheet.") in said
    assert person.tags.count("svg") == 0


def test_a_clock_that_was_taken_back_stays_as_the_list_was_timed(book: Book) -> None:
    cleared = replace(book, state=replace(book.state, clocks={}))
    said = said_on(team_page(cleared, row_of(book, "T01"), "zh"))[0]
    assert "40:01" in said and said_on(team_page(book, row_of(book, "T01"), "zh"))[0].count("40:01") == 1


def test_english_says_the_same_numbers(book: Book) -> None:
    row = row_of(book, "T01")
    chinese, english = (" ".join(read(html_of(team_page(book, row, lang))).said) for lang in ("zh", "en"))
    numbers = [re.findall(r"\d+\.\d{3,}", said) for said in (chinese, english)]
    assert sorted(numbers[0]) == sorted(numbers[1]) and len(numbers[0]) > 40
    assert "Target by target" in english and "逐个目标" not in english


def test_a_proposed_rejudge_says_so_and_what_it_voids(played: Contest) -> None:
    again = open_book(played, 2)
    row = row_of(again, "T01")
    for said in said_on(team_page(again, row, "zh")):
        assert "第2版（待两人签字采用）" in said and squeezed("申诉 1 成立：目标 03 被车辆遮挡") in said
        assert "作废目标：无人机排查与定位，场地" in said and "上一版成绩第1版：" in said
        assert "位于已作废目标的门限内" in said and "目标19个" in said
    with pytest.raises(ContestError, match="there is no result set 3; there are 2"):
        open_book(played, 3)


def test_new_rules_are_named_on_the_sheets_of_the_set(played: Contest, officials: Officials, tmp_path: Path) -> None:
    shutil.copytree(played.folder, tmp_path / "c")
    rules = tmp_path / "own.toml"
    said = '[source]\nevidence = "规程"\nradius_mm = "规程"'
    rules.write_text(f'name = "adopted"\nversion = 7\nevidence = true\nradius_mm = 20000\n{said}', "utf-8")
    with changing(tmp_path / "c") as contest:
        desk, now_ms = contest.desk(PASSPHRASE), contest.events[-1].t_ms
        cancel_set(contest, 2, officials.two, desk, now_ms)
        propose(contest, "采用正式规则", desk, now_ms, rules={"drone": rules})
    book = open_book(contest, 3)
    for text in said_on(team_page(book, row_of(book, "T01"), "zh")):
        assert "adoptedv7" in text and book.results["rules"]["drone"] in text and "不小于20m" in text
        assert "更换评分规则：无人机排查与定位" in text and NOTICE not in text
    assert "已撤销" in said_on(team_page(open_book(contest, 2), row_of(book, "T01"), "zh"))[1]


def test_a_sheet_is_of_its_set_and_not_of_today(played: Contest, book: Book) -> None:
    """Evidence that was overruled after the first results stands on the second set's sheet only."""
    again = open_book(played, 2)
    first, second = (said_on(team_page(b, row_of(b, "T01"), "zh")) for b in (book, again))
    assert all("认定无效" in said and "复查：截图与原片不符" in said for said in second)
    assert not any("认定无效" in said for said in first)


def test_the_same_ledger_gives_the_same_bytes(
    played: Contest, out: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = [*write_score_sheets(played, 1, out), *write_tables(played, 1, out)]
    monkeypatch.setenv("TZ", "America/New_York")
    again = Contest.open(played.folder)
    second = [*write_score_sheets(again, 1, tmp_path / "b"), *write_tables(again, 1, tmp_path / "b")]
    assert [p.name for p in first] == [p.name for p in second]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_tables(book: Book, played: Contest, out: Path) -> None:
    write_tables(played, 1, out)
    data = (out / "teams.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [r["entrant"] for r in rows] == [r["entrant"] for r in book.results["teams"]]
    assert [round(float(r["total"]) * 1e6) for r in rows] == [r["total_u"] for r in book.results["teams"]]
    assert list(rows[0])[5:8] == ["drone", "theory", "casefile"]  # in the plan's order
    assert len(list(csv.reader(io.StringIO((out / "persons.csv").read_text("utf-8-sig"))))) == 7
    for said in said_on(table_page(book, "zh")):
        assert "团体成绩" in said and "个人成绩" in said and NOTICE in said and "1000次" in said
        assert "裁判长（签字）" in said and book.event.head in said
        assert all(r["name"] in said and points_text(r["total_u"]) in said for r in book.results["teams"])


def test_a_shared_place_is_marked_and_a_team_without_points_has_none(book: Book) -> None:
    first, second, third = book.results["teams"]
    rows = [{**first, "shared": True}, {**second, "place": 1, "shared": True, "total_u": first["total_u"]},
            {**third, "place": None, "total_u": None, "place_held_ppm": None}]  # fmt: skip
    shared = replace(book, results={**book.results, "teams": rows})
    for said in said_on(table_page(shared, "zh")):
        assert said.count("1（并列）") == 2 and "—开封队" in said
    (line,) = [each for each in table_csv(shared, "teams").decode("utf-8-sig").splitlines() if "T02" in each]
    assert line.startswith(",no,T02") and "nan" not in line.lower()


def test_the_notice_stands_only_where_the_rules_carry_it(book: Book) -> None:
    adopted = replace(book, rules={leg: replace(rules, notice="") for leg, rules in book.rules.items()})
    for said in (*said_on(team_page(adopted, row_of(book, "T01"), "zh")), *said_on(table_page(adopted, "en"))):
        assert NOTICE not in said


def test_names_of_strangers_stay_text(nasty: Contest, out: Path) -> None:
    paths = [*write_score_sheets(nasty, 1, out), *write_tables(nasty, 1, out)]
    for path in paths:
        if path.suffix == ".html":
            read(path.read_bytes())
    assert squeezed(NASTY) in squeezed("".join(pages_of((out / "team-T01-zh.pdf").read_bytes())))
    assert squeezed(NASTY) in squeezed("".join(read((out / "team-T01-zh.html").read_bytes()).said))
    rows = list(csv.reader(io.StringIO((out / "teams.csv").read_text("utf-8-sig"))))
    assert [c for row in rows for c in row if c.startswith("=")] == [] and any(
        "'" + NASTY[:9] in c for row in rows for c in row
    )
    book = load_workbook(out / "results-zh.xlsx")
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    assert {c.data_type for c in cells} <= {"s", "n"} and any(str(c.value).startswith("'=HYPER") for c in cells)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


@given(TEXTS, TEXTS)
@example("<svg onload=x>", "</p></li><script>&amp;\"'")
@example("</title></style><script>\u202e", "<img src=x>")
def test_any_text_is_text_in_html(one: str, other: str) -> None:
    page = Page("en", one, other, (one, other))
    page.blocks += [heading(one), note(other), steps([[one, other]]), facts([[one, other]])]
    page.blocks.append(table([one], [[other]], "l", {0: 1}, one))
    page.blocks += [banner(one, [other], one, other, one, other), masthead([one]), signatures([other])]
    drawn = page.draw(drawing(9, 9, one, []))
    page.blocks += [figure(drawn, other), cards([card(drawn, one, other, True, one, [other])])]
    assert not set(html_of(page).decode()) & set("\u202a\u202e\u2066\u200f\x00\x1b\ufeff")
    assert set(read(html_of(page)).tags) <= {
        "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "ol", "li", "span", "b", "dl", "dt",
        "dd", "div", "section", "svg", "figure", "figcaption", "h4", "ul", "table", "thead", "tbody", "tr", "th",
        "td", "footer",
    }  # fmt: skip


def test_html_asks_nobody_for_anything(book: Book) -> None:
    data = html_of(team_page(book, row_of(book, "T01"), "zh")).decode()
    assert "default-src 'none'" in data and 'lang="zh-CN"' in data
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", data) and "url(" not in data and "@import" not in data


def test_totals_that_look_alike_show_all_their_digits() -> None:
    assert shown_totals([50_001_000, 50_000_999, 40_000_000, None], "en") == ["50.001", "50.000999", "40.00", "none"]
    assert shown_totals([50_001_000, 50_001_000], "zh") == ["50.00", "50.00"]


def test_places_in_words() -> None:
    row = {"place": 2, "shared": True, "place_held_ppm": 874_000, "place_low": 1, "place_high": 3}
    assert place_told(row, "zh") == "并列第 2 名" and place_told({"place": None}, "zh") == "未参加排名"
    assert sure_told(row, "zh") == "名次把握 87%；九成可能在第 1 至第 3 名之间"
    assert sure_told({**row, "place_low": 2, "place_high": 2}, "en") == "This place is 87% sure"
    assert sure_told({**row, "place_held_ppm": None}, "zh") == ""
    assert [held_told(p, "zh") for p in (1_000_000, 995_000, 994_999, 5_000, 4_999)] == [
        "99% 以上", "99% 以上", "99%", "1%", "不足 1%",
    ]  # fmt: skip
