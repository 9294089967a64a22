"""A contest as a folder: sealed targets, submissions with receipts, scores that can be replayed.

`events.jsonl` is the ledger and the only truth about what happened; all else is either an object that it names by its
hash, or derived from it. docs/contest.md tells the story, docs/decisions/0010-contest.md the choices.
"""
