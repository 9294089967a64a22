from __future__ import annotations

from typing import Any


def presses(card: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for frame in card.open().frames:
        found.setdefault(frame.exposure, set()).add(frame.id)
    return found


def shot(headers: Any, card: Any, name: str, second: int, **changes: str) -> None:
    tags = headers.camera | headers.gps(34.75, 113.62, 150) | {"DateTimeOriginal": f"2024:05:06 10:20:{second:02}"}
    card.photo(name, tags=tags, values=headers.dji(**changes))


def test_lenses_of_one_press_are_one_exposure(headers: Any, card: Any) -> None:
    for lens in "WZT":
        shot(headers, card, f"DJI_20240506102030_0001_{lens}.JPG", 30)
        shot(headers, card, f"DJI_2024050610203{1 if lens == 'T' else 2}_0002_{lens}.JPG", 32)
    assert sorted(len(ids) for ids in presses(card).values()) == [3, 3]
    assert {f.lens for f in card.open().frames} == {"W", "Z", "T"}


def test_the_same_number_in_another_folder_or_minute_is_another_press(headers: Any, card: Any) -> None:
    shot(headers, card, "a/DJI_0001_W.JPG", 1)
    shot(headers, card, "b/DJI_0001_Z.JPG", 1)
    shot(headers, card, "c/DJI_0001_W.JPG", 1)
    shot(headers, card, "c/DJI_0001_Z.JPG", 40)
    assert len(presses(card)) == 4


def test_a_lens_comes_once_in_a_press(headers: Any, card: Any) -> None:
    for second in (30, 31):
        for lens in "WZ":
            shot(headers, card, f"DJI_202405061020{second}_0001_{lens}.JPG", second)
    assert sorted(len(ids) for ids in presses(card).values()) == [2, 2]


def test_single_lens_photos_stand_alone(headers: Any, card: Any) -> None:
    for n in (1, 2, 3):
        shot(headers, card, f"DJI_000{n}.JPG", 1)
    found = presses(card)
    assert found == {i: {i} for i in ("DJI_0001.JPG", "DJI_0002.JPG", "DJI_0003.JPG")}
    assert {f.lens for f in card.open().frames} == {""}


def test_a_capture_id_decides(headers: Any, card: Any) -> None:
    shot(headers, card, "DJI_0001_W.JPG", 1, CaptureUUID="abc", ImageSource="WideCamera")
    shot(headers, card, "DJI_0002_T.JPG", 2, CaptureUUID="abc", ImageSource="InfraredCamera")
    shot(headers, card, "DJI_0003_T.JPG", 2, CaptureUUID="def")
    assert sorted(len(ids) for ids in presses(card).values()) == [1, 2]


def test_a_capture_id_joins_files_that_do_not_name_their_lens(headers: Any, card: Any) -> None:
    for n in range(6):  # a multispectral camera whose six files are numbered on
        shot(headers, card, f"DJI_001{n}.TIF", 1, CaptureUUID="abc")
    shot(headers, card, "DJI_0020.TIF", 30, CaptureUUID="abc")  # a camera that always writes the same
    assert sorted(len(ids) for ids in presses(card).values()) == [1, 6]


def test_multispectral_bands(headers: Any, card: Any) -> None:
    for band in ("D", "MS_G", "MS_R", "MS_RE", "MS_NIR"):
        shot(headers, card, f"DJI_20240506102030_0001_{band}.JPG", 30)
    assert len(presses(card)) == 1
