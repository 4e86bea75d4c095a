"""The side that holds the terminal: calls its functions and makes their results plain.

Only the standard library, because a plain rpyc server is given this module's text to run: there
is one encoding for every kind of server. A result of the terminal is a C structure that cannot
leave its process; here it becomes a tagged tuple:

- `("struct", fields, values)` for one structure,
- `("table", fields, rows)` for several of one kind,
- `("tuple", item, …)` for any other sequence,
- `("array", ((field, format), …), bytes, count)` for a structured array,

and everything else must be a number, text, yes, no or nothing. `last_error` is read in the same
call as the failure it explains, because the next call overwrites it.
"""

from __future__ import annotations

from typing import Any

OK, FAILED, REFUSED = "ok", "failed", "refused"


def encode(value: Any) -> Any:  # noqa: ANN401 - whatever the terminal returned
    """Return a terminal's result as plain values.

    Raises:
        TypeError: it holds something that cannot be carried.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if hasattr(value, "_asdict"):
        fields, row = _row(value)
        return ("struct", fields, row)
    if isinstance(value, (tuple, list)):
        return _sequence(value)
    dtype = getattr(value, "dtype", None)
    if dtype is not None and getattr(dtype, "names", None):
        form = tuple((str(name), str(kind)) for name, kind in dtype.descr)
        return ("array", form, value.tobytes(), len(value))
    if dtype is not None and getattr(value, "ndim", None) == 0:
        return encode(value.item())
    raise TypeError("a result of type " + type(value).__name__ + " cannot be carried")


def _sequence(items: Any) -> Any:  # noqa: ANN401 - the same
    if items and all(hasattr(one, "_asdict") for one in items):
        rows = [_row(one) for one in items]
        if all(fields == rows[0][0] for fields, _ in rows):
            return ("table", rows[0][0], tuple(row for _, row in rows))
    return ("tuple", *(encode(one) for one in items))


def _row(structure: Any) -> Any:  # noqa: ANN401 - the same
    named = structure._asdict()
    return tuple(str(name) for name in named), tuple(encode(one) for one in named.values())


def answer(api: Any, name: str, args: Any, keywords: Any) -> Any:  # noqa: ANN401 - the same
    """Call `api.<name>` and return `(kind, result, error)`; the caller has checked the call."""
    result = getattr(api, name)(*args, **keywords)
    if result is None or result is False:
        code, words = api.last_error()
        return (FAILED, encode(result), (int(code), str(words)))
    return (OK, encode(result), None)
