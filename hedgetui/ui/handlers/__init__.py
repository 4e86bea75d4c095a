"""What the keys do, one module per kind of action.

The registry in `actions.py` names a handler's method; the app looks it up and calls it. Handlers
keep the app class small and make every verb testable without a key press.
"""
