"""From what is in the ledger to points, totals, places, appeals and the end.

Nothing that takes submissions imports this package.
"""
