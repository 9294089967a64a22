from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contest import store as module
from pipeline.contest.store import load, object_path, store, stored
from pipeline.errors import ContestError, OutputError


@given(data=st.binary(max_size=300))
def test_what_is_stored_loads(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("比 赛")
    name = store(folder, data)
    assert name == hashlib.sha256(data).hexdigest()
    assert load(folder, name) == data
    assert list(stored(folder)) == [name]


def test_storing_twice_keeps_the_first_file(tmp_path: Path) -> None:
    path = object_path(tmp_path, store(tmp_path, b"abc"))
    before = path.stat()
    store(tmp_path, b"abc")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_damaged_object_is_refused_and_mended_by_its_own_bytes(tmp_path: Path) -> None:
    name = store(tmp_path, b"abc")
    object_path(tmp_path, name).write_bytes(b"abd")
    with pytest.raises(ContestError, match="damaged"):
        load(tmp_path, name)
    store(tmp_path, b"abc")
    assert load(tmp_path, name) == b"abc"


def test_a_missing_object_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContestError, match="ab" * 32 + ": this object is missing"):
        load(tmp_path, "ab" * 32)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "AB" * 32, "ab" * 31, "ab" * 32 + "\n", "é" * 64])
def test_a_name_that_is_no_hash_never_becomes_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ContestError, match="64 hex digits"):
        load(tmp_path, name)


def test_an_object_larger_than_the_limit_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = store(tmp_path, b"abcdef")
    monkeypatch.setattr(module, "LARGEST_OBJECT", 4)
    with pytest.raises(ContestError, match="damaged"):
        load(tmp_path, name)


def test_strange_files_are_passed_over(tmp_path: Path) -> None:
    name = store(tmp_path, b"abc")
    (object_path(tmp_path, name).parent / ".aside").write_bytes(b"")
    (tmp_path / "objects" / "zz").mkdir()
    (tmp_path / "objects" / "zz" / name).write_bytes(b"")
    assert list(stored(tmp_path)) == [name]


def test_the_file_and_then_its_folders_are_on_the_disk_before_the_name_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr("os.fsync", lambda handle: order.append("file"))
    monkeypatch.setattr("os.replace", lambda old, new: (order.append("rename"), Path(old).rename(new)))
    monkeypatch.setattr(module, "sync_folder", lambda folder: order.append(folder.name))
    name = store(tmp_path, b"abc")
    assert order == ["file", "rename", name[:2], "objects", tmp_path.name]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_disk_that_forces_no_folders_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    force = os.fsync

    def refuse_folders(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        force(handle)

    monkeypatch.setattr("os.fsync", refuse_folders)
    assert load(tmp_path, store(tmp_path, b"abc")) == b"abc"


def test_a_folder_that_did_not_reach_the_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("os.fsync", fails)
    with pytest.raises(OutputError, match="Input/output error"):
        store(tmp_path, b"abc")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "objects").write_bytes(b"in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        store(tmp_path, b"abc")
