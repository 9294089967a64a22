"""An option of `train` that would be passed over in silence is refused in one sentence."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.cli.together import check_whole


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--resume --threads 2", "leave out --threads"),
        ("--resume --hours 1 --epochs 100 --seed 1", "leave out --epochs, --seed"),
        ("--resume --data a", "leave out --data"),
        ("--from a --repeat 1", "leave out --repeat"),
        ("--from a --data b --fold 1/2 --scenes c", "leave out --data, --fold, --scenes"),
        ("--data a --against b", "leave out --against"),
        ("--photos a --repeat 2", "leave out --repeat"),
        ("--from a --gentle", "leave out --gentle"),
        ("--photos a --gentle", "leave out --gentle"),
        ("", "give pictures with --data"),
        ("--held-out a", "give pictures with --data"),
    ],
)
def test_options_that_do_not_go_together_are_named(options: str, told: str) -> None:
    done = CliRunner().invoke(app, ["train", "-o", "run", *options.split()], terminal_width=200)
    assert done.exit_code == 2
    assert told in done.output.replace("\n", " ")


@pytest.mark.parametrize(
    "options", ["--resume --hours 1", "--from a --tiles 9 --photos b", "--data a --fold 1/2 --scenes b", "--photos a"]
)
def test_options_that_go_together_pass(options: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def woken() -> None:
        raise SystemExit(77)  # all options were looked at

    monkeypatch.setattr("pipeline.learn.train.woken", woken)
    assert CliRunner().invoke(app, ["train", "-o", "run", *options.split()]).exit_code == 77


def test_a_data_set_that_is_given_whole_is_not_made_otherwise() -> None:
    check_whole("set", {"--data", "--output", "--epochs"})
    with pytest.raises(Exception, match="set is a data set with lists of its own: leave out --repeat, --tiles"):
        check_whole("set", {"--data", "--repeat", "--tiles"})
