"""Which options of `train` go together: one that would be passed over in silence is refused."""

from __future__ import annotations

import typer

RESUMED = {"--resume", "--output", "--hours"}
OF_LABELLED = {"--fold", "--repeat", "--scenes"}
OF_REVIEWS = {"--rehearse", "--originals", "--against"}
NOT_OF_REVIEWS = {"--data", "--negatives", "--gentle", *OF_LABELLED}


def check_train(named: set[str]) -> None:
    """Raise BadParameter for options that do not go together, and where there is nothing to learn from."""
    if "--resume" in named:
        _refuse(named - RESUMED, "--resume", "goes on with what RUN was begun with")
        return
    if "--from" in named:
        _refuse(named & NOT_OF_REVIEWS, "--from", "learns from verdicts, and from --rehearse what not to forget")
        return
    _refuse(named & OF_REVIEWS, "--data, --photos", "learns from pictures, not from verdicts (--from)")
    if not named & {"--data", "--photos"}:
        raise typer.BadParameter("give pictures with --data, photos with --photos, or verdicts with --from")
    if "--base" not in named:
        _refuse(named & {"--gentle"}, "--gentle", "wants a --base that knows these classes")
    if "--data" not in named:
        _refuse(named & OF_LABELLED, "--photos", "has no labelled pictures (--data)")


def check_whole(data: str, named: set[str]) -> None:
    """Raise BadParameter for options that change how a data set is made, where a whole one is given."""
    _refuse(named & {*OF_LABELLED, "--tiles", "--test-tiles"}, "--data", f"{data} is a data set with lists of its own")


def _refuse(options: set[str], hint: str, why: str) -> None:
    if options:
        raise typer.BadParameter(f"{why}: leave out {', '.join(sorted(options))}", param_hint=hint)


def options_named(context: typer.Context) -> set[str]:
    """The options that this call names itself, in their long form."""
    told = {p.opts[-1]: context.get_parameter_source(p.name) for p in context.command.params if p.name is not None}
    return {option for option, source in told.items() if source is not None and source.name == "COMMANDLINE"}
