"""Taking hit lists and cards at the desk: read strictly, warned of mistakes, written into the ledger, receipted.

Nothing here can open the targets: no module of this package imports `pipeline.contest.truth`,
`pipeline.contest.judging`, `pipeline.score.targets` or `pipeline.score.verdict`, and a test proves it. Warnings compare
hits with the public area and with the drone's own photos, never with targets.
"""
