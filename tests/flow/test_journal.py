"""The journal: what is written comes back; a cut line is dropped; another run's journal is refused."""

from __future__ import annotations

import pytest

from pipeline.errors import OutputError
from pipeline.flow.journal import Journal
from pipeline.types import Detection, Looked, Skipped

SEEN = Looked(
    "照片/DJI_0001.JPG", "ab" * 32, 12.5, (Detection("照片/DJI_0001.JPG", "marker", 0.1 + 0.2, (0, 1, 2, 3), (1, 2)),)
)
BAD = Skipped("DJI_0002.JPG", "DJI_0002.JPG: the file is empty")


def journal_path(tmp_path):
    (tmp_path / "run.partial" / "work").mkdir(parents=True)
    return tmp_path / "run.partial" / "work" / "looked.jsonl"


def test_entries_come_back_equal(tmp_path):
    path = journal_path(tmp_path)
    with Journal(path, "k") as journal:
        journal.add(SEEN)
        journal.add(BAD)
    with Journal(path, "k") as again:
        assert again.done == {SEEN.frame_id: SEEN, BAD.frame_id: BAD}


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_line_cut_by_a_crash_is_dropped_and_written_anew(tmp_path, cut):
    path = journal_path(tmp_path)
    with Journal(path, "k") as journal:
        journal.add(SEEN)
        journal.add(BAD)
    path.write_bytes(path.read_bytes()[:-cut])
    with Journal(path, "k") as again:
        assert again.done == {SEEN.frame_id: SEEN}
        again.add(BAD)
    with Journal(path, "k") as whole:
        assert whole.done == {SEEN.frame_id: SEEN, BAD.frame_id: BAD}


def test_another_runs_journal_is_refused(tmp_path):
    path = journal_path(tmp_path)
    Journal(path, "k").close()
    with pytest.raises(OutputError, match=r"run\.partial: was started with other options"):
        Journal(path, "other")
