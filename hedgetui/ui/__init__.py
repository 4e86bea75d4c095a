"""The terminal screen: a front end that knows the desk's port and nothing behind it.

Keys become commands, snapshots become text. No widget here computes a hedge, judges a limit or
talks to a broker; whatever a dialog shows comes out of a `Preview` the desk has made.
"""
