"""Models: pictures to learn from, training, measuring, exporting.

Nothing here wakes torch or ultralytics (the extra `train`) before it trains or exports.
"""
