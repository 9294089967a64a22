"""`qianliyan contest …`: sealed targets, submissions, judging."""

from __future__ import annotations

import typer

from pipeline.cli.contest import field, keep, prepare, results, targets
from pipeline.cli.contest.status import status

contest = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="A contest: sealed targets, receipts, scores that stand in an appeal.",
)

contest.command()(prepare.example)
contest.command()(prepare.new)
contest.command()(prepare.key)
contest.command()(prepare.official)
contest.command()(prepare.entrants)
contest.command("draw-commit")(prepare.draw_commit)
contest.command()(prepare.draw)
contest.add_typer(targets.targets, name="targets")
contest.command()(targets.seal)
contest.command("open")(field.open_)
contest.command()(field.clock)
contest.command("clock-void")(field.clock_void)
contest.command()(field.card)
contest.command()(field.form)
contest.command()(field.echo)
contest.command()(field.submit)
contest.command()(field.manual)
contest.command()(field.overrule)
contest.command()(field.marks)
contest.command()(field.panel)
contest.command("panel-void")(field.panel_void)
contest.command("panel-open")(field.panel_open)
contest.command()(field.close)
contest.command()(targets.reveal)
contest.command()(results.judge)
contest.command("results")(results.results)
contest.command()(results.sheets)
contest.command()(results.appeal)
contest.command()(results.decide)
contest.command()(results.rejudge)
contest.command()(results.finalise)
contest.command()(status)
contest.command()(keep.head)
contest.command()(keep.mirror)
contest.command()(keep.restore)
contest.command()(keep.verify)
contest.command()(keep.practice)
contest.command()(keep.rehearse)

__all__ = ["contest"]
