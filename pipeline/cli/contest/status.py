"""`contest status`: the contest on one page, by its ledger: who, fields, clocks, lists, panels, results, appeals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pipeline.cli import show
from pipeline.cli.contest.ask import Folder, now_ms

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.plan import Leg
    from pipeline.contest.records import State

ROLES = {"judge": "裁判 judges", "surveyor": "测量人员 surveyors", "keyholder": "密钥保管人 key holders"}
SETS = {"proposed": "待两名裁判采用 proposed", "applied": "已被取代 replaced", "cancelled": "已撤销 cancelled"}
DECISIONS = {"upheld": "成立 upheld", "rejected": "驳回 rejected"}
HEADS = ("场地 field", "次序 order", "编号 id", "名称 name", "飞行 flight", "研判 analysis", "存储卡 cards",
         "提交 lists", "提示 warnings", "迟交 late")  # fmt: skip


def status(folder: Folder) -> None:
    """Where the contest stands: fields, every team's clocks and lists, panels, results, appeals, mirrors."""
    from pipeline.contest.folder import Contest
    from pipeline.contest.mirror import mirrors_of

    contest = Contest.open(folder)
    state = contest.state
    for line in _who(contest):
        show.say(line)
    for leg in state.plan.legs:
        _leg(state, leg)
    for line in (*_results(state), *_appeals(state)):
        show.say(line)
    show.say(f"镜像 mirrors: {', '.join(map(str, mirrors_of(folder))) or '无 none'}")
    show.say("已定稿 final" if state.final else "未定稿 not final")


def _who(contest: Contest) -> Iterator[str]:
    state = contest.state
    yield f"竞赛 contest: {state.name} ({state.id}), {len(contest.events)} events"
    roles = [official.role for official in state.officials.values()]
    there = "; ".join(f"{words} {roles.count(role)}" for role, words in ROLES.items())
    yield f"{there}; 参赛队 teams {len(state.teams)}; 队员 persons {len(state.persons)}"


def _leg(state: State, leg: Leg) -> None:
    if leg.kind == "drone":
        for field in leg.fields:
            show.say(f"{leg.id}/{field}: {_stage(state, leg.id, field)}")
        draw = state.draws.get(leg.id)
        if draw is None or draw.secret is None:
            show.say(f"{leg.id}: {'已承诺，未抽签 committed, not drawn' if draw else '未抽签 lots not drawn'}")
        else:
            rows = [_row(state, leg.id, n, entrant) for n, entrant in enumerate(draw.order, 1)]
            show.table(f"{leg.id}: {leg.title}", HEADS, rows)
    elif leg.kind == "panel":
        show.say(f"{leg.id}: {_panel(state, leg)}")
    else:
        entered = leg.id in state.marks
        show.say(f"{leg.id}: {'分数已录入 marks are in' if entered else '分数未录入 marks are not in'}")


def _stage(state: State, leg: str, field: str) -> str:
    stages = (("已公开 revealed", state.revealed), ("已关闭 closed", state.closed), ("已开放 open", state.opened),
              ("已封存 sealed", state.seals))  # fmt: skip
    return next((word for word, there in stages if (leg, field) in there), "未封存 not sealed")


def _row(state: State, leg: str, order: int, entrant: str) -> tuple[object, ...]:
    names = {t.id: t.name for t in state.teams.values()} | {p.id: p.name for p in state.persons.values()}
    last = state.last_submission(leg, entrant)
    clocks = (_clock(state, leg, entrant, which) for which in ("flight", "analysis"))
    sent = f"{state.counts.get((leg, entrant), 0)}/{state.plan.limits.submissions}"
    warned, late = (len(last.warnings), "迟 late" if last.late else "") if last else (0, "")
    return (state.assignment.get((leg, entrant), ""), order, entrant, names[entrant], *clocks,
            len(state.cards.get((leg, entrant), ())), sent, warned, late)  # fmt: skip


def _clock(state: State, leg: str, entrant: str, which: str) -> str:
    """What a clock shows now, and whether it runs."""
    from pipeline.contest.clocks import elapsed_ms, limit_ms

    ran, limit = elapsed_ms(state, leg, entrant, which, now_ms()), limit_ms(state, leg, which)
    if ran is None:
        return "未开始 not started"
    last = state.clocks[leg, entrant, which].acts[-1].act
    closed = (leg, state.assignment[leg, entrant]) in state.closed
    stands = "停 stopped" if last == "stop" or closed else "暂停 paused" if last == "pause" else "计时中 running"
    told = f"{shown(ran)} / {shown(limit)}" if limit is not None else shown(ran)
    return f"{told} {stands}{' 超时 over' if limit is not None and ran > limit else ''}"


def shown(ms: int) -> str:
    """A duration as hours, minutes and whole seconds begun."""
    return f"{ms // 3_600_000}:{ms // 60_000 % 60:02d}:{ms // 1_000 % 60:02d}"


def _panel(state: State, leg: Leg) -> str:
    panel = state.panels.get(leg.id)
    if panel is not None and panel.values:
        return "评分表已启封 sheets are open"
    there = len(panel.entries) if panel else 0
    return f"评分表 sheets: {there}/{(leg.judges or 0) * len(state.entrants(leg.id))}"


def _results(state: State) -> Iterator[str]:
    for each in state.sets:
        told = "现行 stands" if each == state.applied else SETS[each.state]
        yield f"成绩 results {each.number}: {told}{f' ({each.why})' if each.why else ''}"


def _appeals(state: State) -> Iterator[str]:
    for each in state.appeals:
        due = "" if each.deadline_ms is None else f"，答复期限 due {_when(each.deadline_ms, state.plan.tz)}"
        told = DECISIONS[each.decision] if each.decision else f"待裁定 open{due}"
        yield f"申诉 appeal {each.number} {each.entrant}{' 逾期 late' if each.late else ''}: {told}"


def _when(t_ms: int, tz: str) -> str:
    return datetime.fromtimestamp(t_ms / 1_000, UTC).astimezone(ZoneInfo(tz)).strftime("%Y-%m-%d %H:%M")
