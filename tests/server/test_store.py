"""What is stored is whole, is there once, and survives a death at any moment."""

from __future__ import annotations

import errno
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from pipeline.server import checking, store
from pipeline.server.app import create_app
from pipeline.server.mending import mend
from pipeline.server.names import Refused, Taken, card_name, shown
from pipeline.server.store import blob_path, card_place, upload_path
from pipeline.server.tables import Blob, File
from tests.server.sending import JPEG, begin, card_path, declare, files_of, new_flight, send, settle, sha256, upload


class Killed(BaseException):
    """The process ends here."""


def restarted(app):
    """Another server over the same folder; what the old one had in memory is gone."""
    where = app.state.services.settings
    made = create_app(where)
    mend(where, made.state.services.database, made.state.uploads.checker)
    settle(made)
    return made


def stranded(where):
    """Files that nobody knows: (uploads, blobs, cards)."""
    return [sorted(p for p in folder.rglob("*") if p.is_file()) for folder in (where.uploads, where.blobs, where.cards)]


STEPS = ("keep", "link", "sync_folders", "_tell", "remove", "seal", "forget")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_killed_between_any_two_steps_of_storing(app, client, monkeypatch, step, after):
    flight, where = new_flight(client), app.state.services.settings
    [file] = declare(client, flight, {"DCIM/照片.jpg": JPEG})
    send(client, begin(client, file), JPEG)
    real = getattr(checking, step)

    def dying(*given):
        if after:
            real(*given)
        raise Killed

    with monkeypatch.context() as death:
        death.setattr(checking, step, dying)
        with pytest.raises(Killed):
            settle(app)
    second = restarted(app)
    with second.state.services.database.read() as db:
        row = db.scalars(select(File).where(File.flight_id == flight, File.state == "stored")).one()
        assert db.scalar(select(func.count()).select_from(Blob)) == 1
    assert (row.path, row.sha256) == ("DCIM/照片.jpg", sha256(JPEG))
    blob, card = blob_path(where, sha256(JPEG)), card_path(where, flight) / "DCIM/照片.jpg"
    assert blob.read_bytes() == card.read_bytes() == JPEG
    assert stranded(where) == [[], [blob], [card]]
    assert not blob.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    second.state.services.database.close()


def test_a_name_that_this_disk_cannot_hold_is_refused_and_the_others_are_stored(app, client, monkeypatch):
    flight = new_flight(client)
    files = {f"{name}.jpg": JPEG + name.encode() for name in ("a", "b", "c")}
    for file, data in zip(declare(client, flight, files), files.values(), strict=True):
        send(client, begin(client, file), data)
    real = checking.link

    def full_of_short_names(settings, digest, flight_id, path):
        if path == "b.jpg":
            raise OSError(errno.ENAMETOOLONG, "File name too long")
        real(settings, digest, flight_id, path)

    monkeypatch.setattr(checking, "link", full_of_short_names)
    settle(app)
    told = {path: (f["state"], f["reason"]) for path, f in files_of(client, flight).items()}
    assert told == {"a.jpg": ("stored", ""), "b.jpg": ("refused", "name_long"), "c.jpg": ("stored", "")}


def test_bytes_moved_where_there_are_no_links_come_back_to_be_checked(app, client, monkeypatch):
    """A rename instead of a link: after a death only the blob is there, and no row."""
    flight, where = new_flight(client), app.state.services.settings
    [file] = declare(client, flight, {"a.jpg": JPEG})
    send(client, begin(client, file), JPEG)

    def no_links(*_given):
        raise OSError(1, "no hard links here")

    monkeypatch.setattr(store.os, "link", no_links)

    def dying(*_given):
        raise Killed

    with monkeypatch.context() as death:
        death.setattr(checking, "sync_folders", dying)
        with pytest.raises(Killed):
            settle(app)
    assert not list(where.uploads.iterdir())
    second = restarted(app)
    with second.state.services.database.read() as db:
        stored = select(File.path).where(File.flight_id == flight, File.state == "stored")
        assert db.scalars(stored).all() == ["a.jpg"]
    card = card_path(where, flight) / "a.jpg"  # a copy, read-only too
    assert card.read_bytes() == JPEG
    assert card.stat().st_ino != blob_path(where, sha256(JPEG)).stat().st_ino
    assert not card.stat().st_mode & stat.S_IWUSR
    second.state.services.database.close()


def test_what_lies_about_without_a_row_is_cleared_away(app, client):
    where, flight = app.state.services.settings, new_flight(client)
    upload(app, client, flight, "a.jpg", JPEG)
    before = stranded(where)
    (where.uploads / ("0" * 32)).write_bytes(b"left")
    blob = blob_path(where, "f" * 64)
    blob.parent.mkdir()
    blob.write_bytes(b"left")
    (card_path(where, flight) / "left.jpg").write_bytes(b"left")
    restarted(app).state.services.database.close()
    assert stranded(where) == before


def test_a_name_that_was_taken_from_the_card_is_put_back(app, client):
    where, flight = app.state.services.settings, new_flight(client)
    upload(app, client, flight, "DCIM/a.jpg", JPEG)
    (card_path(where, flight) / "DCIM/a.jpg").unlink()
    restarted(app).state.services.database.close()
    assert (card_path(where, flight) / "DCIM/a.jpg").read_bytes() == JPEG


@pytest.mark.parametrize("harm", ["gone", "cut"])
def test_bytes_that_were_lost_have_to_be_sent_again_and_can_be(app, client, harm):
    where, flight = app.state.services.settings, new_flight(client)
    upload(app, client, flight, "a.jpg", JPEG)
    blob = blob_path(where, sha256(JPEG))
    blob.chmod(0o600)
    if harm == "gone":
        blob.unlink()
    else:
        os.truncate(blob, 10)
    second = restarted(app)
    [told] = declare(client, flight, {"a.jpg": JPEG})
    assert (told["state"], told["offset"]) == ("waiting", 0)
    assert upload(app, client, flight, "a.jpg", JPEG)["state"] == "stored"
    assert blob.read_bytes() == (card_path(where, flight) / "a.jpg").read_bytes() == JPEG
    second.state.services.database.close()


def test_a_death_between_declaring_what_is_here_and_linking_it(app, client):
    where, flight = app.state.services.settings, new_flight(client)
    upload(app, client, flight, "a.jpg", JPEG)
    database = app.state.services.database
    with database.write() as db:
        first = db.scalar(select(File))
        made = File(organisation_id=first.organisation_id, flight_id=flight, created_by=first.created_by, path="b.jpg")
        made.size, made.declared_sha256, made.sha256 = first.size, first.sha256, first.sha256
        db.add(made)
    restarted(app).state.services.database.close()
    assert files_of(client, flight)["b.jpg"]["state"] == "stored"
    assert (card_path(where, flight) / "b.jpg").read_bytes() == JPEG


def test_a_busy_database_or_a_full_disk_does_not_end_the_checking(app, client, monkeypatch):
    flight, told = new_flight(client), []
    [file] = declare(client, flight, {"a.jpg": JPEG})
    send(client, begin(client, file), JPEG)
    real = checking.settle

    def once_not(*given):
        told.append(1)
        if len(told) == 1:
            raise OSError(28, "No space left on device")
        real(*given)

    monkeypatch.setattr(checking, "settle", once_not)
    monkeypatch.setattr(checking, "PAUSE_S", 0.01)
    checker = app.state.uploads.checker
    monkeypatch.setattr(checking.log, "exception", lambda *_: None)
    checker.start()
    for _ in range(500):
        if files_of(client, flight)["a.jpg"]["state"] == "stored":
            break
    checker.close()
    assert files_of(client, flight)["a.jpg"]["state"] == "stored"


class TestNames:
    @given(st.text(max_size=60))
    def test_what_is_taken_stays_inside_and_is_taken_again_as_it_is(self, text):
        try:
            name = card_name(text)
        except Refused:
            return
        assert card_name(name) == name
        assert not any(part in ("", ".", "..") for part in name.split("/"))
        assert not set(name) & set('\\:*?"<>|\x00\n\r')

    @given(st.text())
    def test_what_is_shown_can_be_kept(self, text):
        kept = shown(text)
        kept.encode("utf-8")
        assert "\x00" not in kept and len(kept) <= 1_000

    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("../a.jpg", "name_bad"), ("a/../b.jpg", "name_bad"), ("/etc/passwd", "name_bad"), ("a//b.jpg", "name_bad"),
            ("C:/a.jpg", "name_bad"), ("C:a.jpg", "name_bad"), ("\\\\server\\share\\a.jpg", "name_bad"),
            ("..\\a.jpg", "name_bad"), ("a.jpg:hidden", "name_bad"), ("a\x00.jpg", "name_bad"), ("a\n.jpg", "name_bad"),
            ("<img src=x onerror=alert(1)>.jpg", "name_bad"), ("a\u202egpj.exe", "name_bad"), ("a.jpg ", "name_bad"),
            ("a.jpg.", "name_bad"), ("\ud800.jpg", "name_bad"), ("", "name_bad"), (".", "name_bad"), (" a", "name_bad"),
            ("CON", "name_reserved"), ("con.jpg", "name_reserved"), ("DCIM/nul.tar.jpg", "name_reserved"),
            ("COM1.jpg", "name_reserved"), ("lpt¹.jpg", "name_reserved"), ("aux .jpg", "name_reserved"),
            (".DS_Store", "name_hidden"), ("DCIM/._a.jpg", "name_hidden"), ("照" * 81 + ".jpg", "name_long"),
            ("a/" * 40 + "a.jpg", "name_long"),
        ],
    )  # fmt: skip
    def test_names_that_are_not_taken(self, name, code):
        with pytest.raises(Refused) as why:
            card_name(name)
        assert why.value.code == code

    @pytest.mark.parametrize(
        "name", ["照片/排污口 1.jpg", "100MEDIA/DJI_0001.JPG", "a;'--&(1).jpg", "=1+1.jpg", "CONSOLE.jpg"]
    )
    def test_names_that_are(self, name):
        assert card_name(name) == name

    def test_one_form_of_what_looks_the_same(self):
        assert card_name("e\u0301.jpg") == "é.jpg"

    def test_no_two_that_windows_cannot_tell_apart(self):
        taken = Taken(["DCIM/a.jpg", "x.jpg/b.jpg"])
        taken.check("DCIM/a.jpg")
        taken.check("dcim/b.jpg")
        for name, code in (("dcim/A.JPG", "name_case"), ("DCIM", "folder_taken"), ("x.JPG", "folder_taken"),
                           ("dcim/a.jpg/c.jpg", "folder_taken")):  # fmt: skip
            with pytest.raises(Refused) as why:
                taken.check(name)
            assert why.value.code == code

    def test_a_path_that_leaves_the_card_is_never_linked(self, settings):
        for path in ("../b.jpg", "/etc/passwd", "a/../../b.jpg"):
            with pytest.raises(ValueError, match="leaves the card"):
                card_place(settings, "0" * 16, path)


def test_uploads_are_named_by_their_id_alone(settings):
    assert upload_path(settings, "ab").parent == settings.uploads
