"""The judge's truth: surveyed, signed by two, sealed before the first take-off, revealed after the close.

Nothing that takes submissions imports this package.
"""
