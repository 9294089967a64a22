"""locate: one row a row, in order, and a sentence where there is no ground."""

from __future__ import annotations

import csv
import json

import pytest

COLUMNS = ["image", "x_px", "y_px", "lat_deg", "lon_deg", "alt_m", "r90_m", "why"]


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_keeps_its_order_and_every_row(qly, flight, tmp_path):
    names = sorted(p.name for p in flight.flight.iterdir())
    here = flight.root / "测 试.csv"
    asked = [
        (f"flight/{names[0]}", "1", "2"), ("flight/没有.JPG", "1", "2"), (f"flight/{names[1]}", "abc", "2"),
        (f"flight/{names[1]}", "nan", "2"), ("", "1", "2"), (f"flight/{names[1]}", "１", "2"),
        (str(flight.flight / names[2]), " 3.5 ", "4"), (f"flight/{names[0]}", "1e8", "2"), ("flight", "1", "1"),
        (f"flight/{names[0]}", "399.5", "299.5"),
    ]  # fmt: skip
    text = "note,image,x_px,y_px\r\n" + "".join(f'=x,"{i}",{x},{y}\r\n' for i, x, y in asked)
    here.write_bytes(text.encode("utf-8-sig"))
    out = tmp_path / "OUT.csv"
    assert qly("locate", "--pixels", here, "-o", out).code == 0
    rows = rows_of(out)
    assert list(rows[0]) == COLUMNS
    assert [r["image"] for r in rows] == [i for i, _, _ in asked]
    assert [bool(r["why"]) for r in rows] == [False, True, True, True, True, True, False, True, True, False]
    for row in rows:
        assert all((row[k] == "") == bool(row["why"]) for k in COLUMNS[3:7])
    assert len(rows[0]["lat_deg"].split(".")[1]) == len(rows[0]["lon_deg"].split(".")[1]) == 8


def test_a_pixel_gives_json_with_the_same_keys(qly, photo):
    ended = qly("locate", photo, "--pixel", "100,100", "--pixel", "-5,1")
    found, lost = map(json.loads, ended.out.splitlines())
    assert ended.code == 0
    assert list(found) == list(lost) == COLUMNS
    assert -180 <= found["lon_deg"] < 180 and not found["why"]
    assert lost["lat_deg"] is None and "outside the picture" in lost["why"]


def test_both_ways_say_the_same(qly, photo, tmp_path):
    table, out = photo.parent.parent / "same.csv", tmp_path / "o.csv"
    table.write_text(f"image,x_px,y_px\nflight/{photo.name},10,20\n", encoding="utf-8")
    one = json.loads(qly("locate", photo, "--pixel", "10,20").out)
    assert qly("locate", "--pixels", table, "-o", out).code == 0
    assert float(rows_of(out)[0]["lat_deg"]) == one["lat_deg"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"image;x_px;y_px\n", "there is no image"),
        (b"image,x_px,y_px\n", "no pixels in it"),
        (b"", "columns"),
        (b"image,x_px,y_px,image\n", "twice"),
        ("image,x_px,y_px\n照.JPG,1,1\n".encode("gbk"), "not UTF-8"),
        (b"image,x_px,y_px\na\0b.JPG,1,1\n", "zero byte"),
        (b"image,x_px,y_px\n" + b"a" * 200_000 + b",1,1\n", "not CSV"),
        (b'image,x_px,y_px\n"open,1,1\n', "not CSV"),
        (b"image,x_px,y_px\ngone.JPG,1,1\n", "no pixel could be located"),
    ],
)
def test_a_table_that_is_none_is_one_sentence(qly, tmp_path, content, says):
    table = tmp_path / "p.csv"
    table.write_bytes(content)
    assert says in qly("locate", "--pixels", table, "-o", tmp_path / "o.csv").sentence()


def test_places_that_cannot_be_written_or_read(qly, photo, tmp_path):
    assert "gone.csv" in qly("locate", "--pixels", tmp_path / "gone.csv", "-o", tmp_path / "o.csv").sentence()
    told = qly("locate", photo, "--pixel", "1,1", "-o", tmp_path / "gone" / "o.csv").sentence()
    assert "cannot be written" in told
    before = photo.read_bytes()
    assert "input" in qly("locate", photo, "--pixel", "1,1", "-o", photo).sentence()
    assert photo.read_bytes() == before


def test_a_photo_that_cannot_be_located_is_1(qly, tmp_path):
    ended = qly("locate", tmp_path / "gone.JPG", "--pixel", "1,1")
    assert ended.code == 1 and json.loads(ended.out)["why"] in ended.err
