"""Frozen records to JSON and back, driven by their type hints.

The journal, the control socket and `--json` output share this one spelling: decimals and dates as
text, enums by value, tuples as lists. Reading is strict, so a journal written by another version
fails with the name of the field and not with a wrong number.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from hedgetui.domain.errors import DataError

_T = TypeVar("_T")

_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})
"""Exact types that are their own JSON; most values of a fact, so they are asked first."""


def to_plain(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Return `value` as JSON-ready plain data.

    Raises:
        DataError: a type or a number (an infinite decimal) that has no spelling here.
    """
    if type(value) in _AS_THEY_ARE:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {name: to_plain(getattr(value, name)) for name in _field_names(type(value))}
    match value:
        case Enum():
            return value.value
        case Decimal() if value.is_finite():
            return str(value)
        case date():
            return value.isoformat()
        case Mapping():
            return {str(key): to_plain(item) for key, item in value.items()}
        case tuple() | list() | frozenset():
            return [to_plain(item) for item in value]
        case str() | int() | float():
            return value
    message = f"{type(value).__name__} has no JSON spelling"
    raise DataError(message)


@lru_cache(maxsize=256)
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind))


def canonical(value: object) -> str:
    """Return the one JSON text of `value`: sorted keys, no spaces, ASCII; what hashes cover."""
    return json.dumps(
        to_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def from_plain(kind: type[_T], data: object, where: str = "") -> _T:
    """Build a `kind` from plain data.

    Raises:
        DataError: a field is missing, unknown or of another type; the message names it.
    """
    return _read(kind, data, where or getattr(kind, "__name__", str(kind)))  # type: ignore[no-any-return]


@lru_cache(maxsize=256)
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _fail(where: str, expected: str, data: object) -> DataError:
    return DataError(f"{where}: expected {expected}, found {data!r:.60}")


def _read(kind: Any, data: object, where: str) -> Any:  # noqa: ANN401
    kind = getattr(kind, "__supertype__", kind)
    while hasattr(kind, "__supertype__"):
        kind = kind.__supertype__
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        return _read_optional(kind, data, where)
    if origin is tuple:
        if not isinstance(data, list):
            raise _fail(where, "a list", data)
        return _read_tuple(get_args(kind), data, where)
    if origin in {dict, Mapping}:
        if not isinstance(data, dict):
            raise _fail(where, "an object", data)
        item = get_args(kind)[1]
        return {str(key): _read(item, entry, f"{where}.{key}") for key, entry in data.items()}
    if is_dataclass(kind):
        return _read_record(kind, data, where)
    return _read_scalar(kind, data, where)


def _read_tuple(kinds: tuple[Any, ...], data: list[object], where: str) -> tuple[Any, ...]:
    """Read `tuple[X, ...]` item by item, `tuple[X, Y]` place by place."""
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(data)
    if len(kinds) != len(data):
        raise _fail(where, f"{len(kinds)} items", data)
    return tuple(
        _read(kind, entry, f"{where}[{i}]")
        for i, (kind, entry) in enumerate(zip(kinds, data, strict=True))
    )


def _read_optional(kind: Any, data: object, where: str) -> Any:  # noqa: ANN401
    choices = [choice for choice in get_args(kind) if choice is not type(None)]
    if data is None:
        return None
    if len(choices) != 1:
        raise _fail(where, "one optional type", data)
    return _read(choices[0], data, where)


def _read_record(kind: Any, data: object, where: str) -> Any:  # noqa: ANN401
    if not isinstance(data, dict):
        raise _fail(where, "an object", data)
    hints = _hints(kind)
    unknown = set(data) - set(hints)
    if unknown:
        raise _fail(where, f"no field {min(unknown)!r}", data)
    values = {name: _read(hints[name], entry, f"{where}.{name}") for name, entry in data.items()}
    try:
        return kind(**values)
    except TypeError as error:
        message = f"{where}: {error}"
        raise DataError(message) from error


_ACCEPTED: dict[Any, tuple[type, ...]] = {
    int: (int,), float: (int, float), str: (str,), bool: (bool,), Decimal: (str,), date: (str,),
}  # fmt: skip


def _read_scalar(kind: Any, data: object, where: str) -> Any:  # noqa: ANN401
    try:
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind(data)
        accepted = _ACCEPTED[kind]
        if not isinstance(data, accepted) or (isinstance(data, bool) and kind is not bool):
            raise _fail(where, kind.__name__, data)
        if kind is Decimal and not Decimal(str(data)).is_finite():
            raise _fail(where, "a finite number", data)
        return date.fromisoformat(str(data)) if kind is date else kind(data)
    except (ValueError, ArithmeticError, KeyError) as error:
        raise _fail(where, getattr(kind, "__name__", str(kind)), data) from error
