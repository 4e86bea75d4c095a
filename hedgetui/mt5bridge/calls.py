"""Which functions of a terminal may be called, and with what.

The same checks run on both sides: before a question is written, so that a bad one provably never
left, and before it reaches the terminal, so that an authenticated client can do no more than this
list. A path to a program, a password and a pending order are not on it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from hedgetui.mt5bridge.errors import CallRefused

MAX_CALLS: Final = 64
"""Calls in one round trip."""
MAX_BARS: Final = 10_000
COMMENT_UNITS: Final = 29
"""UTF-16 units a comment may have."""
REQUEST_MARK: Final = "request"
"""First item of a trade request as it travels: the mark, then its pairs."""

_SYMBOL = re.compile(r"[A-Za-z0-9._#+&!@-]{1,32}")
_ACTIONS = frozenset({1, 6, 8, 10})
_TIMEFRAMES = frozenset(
    {1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30}
    | {0x4000 + hours for hours in (1, 2, 3, 4, 6, 8, 12, 24)}
    | {0x8001, 0xC001}
)
_FAR = 1 << 62

Check = Callable[[object], str]
"""Says what is wrong with an argument; empty when nothing is."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a terminal's function; a trade request is a `dict` among the arguments."""

    name: str
    args: tuple[object, ...] = ()
    keywords: Mapping[str, object] = field(default_factory=dict)


def symbol(value: object) -> str:
    """Say what is wrong with a symbol's name."""
    if type(value) is not str or not _SYMBOL.fullmatch(value):
        return "not a symbol's name"
    return ""


def _whole(low: int, high: int) -> Check:
    def check(value: object) -> str:
        if type(value) is not int or not low <= value <= high:
            return f"not a whole number from {low} to {high}"
        return ""

    return check


def _one_of(allowed: frozenset[int]) -> Check:
    def check(value: object) -> str:
        return "" if type(value) is int and value in allowed else "not one of the known numbers"

    return check


def _real(value: object) -> str:
    return "" if type(value) is float and math.isfinite(value) else "not a finite real number"


def _flag(value: object) -> str:
    return "" if type(value) is bool else "not a yes or no"


def _comment(value: object) -> str:
    if type(value) is not str or not (value == "" or value.isprintable()):
        return "not printable text"
    if len(value.encode("utf-16-le", "surrogatepass")) // 2 > COMMENT_UNITS:
        return f"longer than {COMMENT_UNITS} characters"
    return ""


_ID = _whole(0, _FAR)
_KIND = _whole(0, 16)
_REQUEST_KEYS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "action": _one_of(_ACTIONS),
        "magic": _whole(0, (1 << 63) - 1),
        "order": _ID,
        "symbol": symbol,
        "volume": _real,
        "price": _real,
        "stoplimit": _real,
        "sl": _real,
        "tp": _real,
        "deviation": _whole(0, 1_000_000),
        "type": _KIND,
        "type_filling": _KIND,
        "type_time": _KIND,
        "expiration": _whole(0, 1 << 40),
        "comment": _comment,
        "position": _ID,
        "position_by": _ID,
    }
)


def _request(value: object) -> str:
    if type(value) is not dict:
        return "not a plain mapping"
    if "action" not in value:
        return "a request without an action"
    for key, one in value.items():
        check = _REQUEST_KEYS.get(key) if type(key) is str else None
        if check is None:
            return "a request with an unknown key"
        if wrong := check(one):
            return f"its {key}: {wrong}"
    return ""


@dataclass(frozen=True, slots=True)
class _Signature:
    positional: tuple[Check, ...] = ()
    optional: int = 0
    """How many of the last positional ones may be left out."""
    keywords: Mapping[str, Check] = field(default_factory=dict)


_TIME = _whole(0, 1 << 40)
_HISTORY = _Signature((_TIME, _TIME), 2, {"position": _ID, "ticket": _ID})
_OPEN = _Signature(keywords={"symbol": symbol, "ticket": _ID})

_SIGNATURES: Final[Mapping[str, _Signature]] = MappingProxyType(
    {
        "initialize": _Signature(keywords={"timeout": _whole(0, 65_000)}),
        "shutdown": _Signature(),
        "version": _Signature(),
        "last_error": _Signature(),
        "account_info": _Signature(),
        "terminal_info": _Signature(),
        "symbol_info": _Signature((symbol,)),
        "symbol_info_tick": _Signature((symbol,)),
        "symbol_select": _Signature((symbol, _flag), 1),
        "positions_get": _OPEN,
        "orders_get": _OPEN,
        "history_deals_get": _HISTORY,
        "history_orders_get": _HISTORY,
        "copy_rates_from_pos": _Signature(
            (symbol, _one_of(_TIMEFRAMES), _whole(0, 1_000_000), _whole(1, MAX_BARS))
        ),
        "order_calc_margin": _Signature((_one_of(frozenset({0, 1})), symbol, _real, _real)),
        "order_check": _Signature((_request,)),
        "order_send": _Signature((_request,)),
    }
)
FUNCTIONS: Final = frozenset(_SIGNATURES)
"""Every function that may be called."""
SENDING: Final = "order_send"
"""The one function that trades; it goes alone, never among other calls."""


def check(call: Call) -> None:
    """Let a call pass that is on the list with arguments as they must be.

    Raises:
        CallRefused: it is not, or they are not.
    """
    signature = _SIGNATURES.get(call.name) if type(call.name) is str else None
    if signature is None:
        raise CallRefused("this function of the terminal may not be called")
    given, most = len(call.args), len(signature.positional)
    if not most - signature.optional <= given <= most:
        raise CallRefused(f"{call.name}: {given} arguments")
    for place, (test, value) in enumerate(zip(signature.positional, call.args, strict=False)):
        if wrong := test(value):
            raise CallRefused(f"{call.name}: argument {place + 1} is {wrong}")
    for key, value in call.keywords.items():
        keyword = signature.keywords.get(key) if type(key) is str else None
        if keyword is None:
            raise CallRefused(f"{call.name}: an unknown argument")
        if wrong := keyword(value):
            raise CallRefused(f"{call.name}: {key} is {wrong}")


def check_all(calls: tuple[Call, ...]) -> None:
    """Let the calls of one round trip pass.

    Raises:
        CallRefused: one may not be made, there are too many, or one of several would trade.
    """
    if not 1 <= len(calls) <= MAX_CALLS:
        raise CallRefused(f"{len(calls)} calls in one question")
    for call in calls:
        check(call)
    if len(calls) > 1 and any(call.name == SENDING for call in calls):
        raise CallRefused("an order goes alone")


def pack(call: Call) -> tuple[object, ...]:
    """Return a call as it travels: tuples of plain values."""
    return (
        call.name,
        tuple(_packed(value) for value in call.args),
        tuple((key, _packed(value)) for key, value in call.keywords.items()),
    )


def unpack(raw: object) -> Call:
    """Read a call that has travelled; `check` it before use.

    Raises:
        CallRefused: it is not a packed call.
    """
    if type(raw) is not tuple or len(raw) != 3:
        raise CallRefused("not a call")
    name, args, keywords = raw
    if type(name) is not str or type(args) is not tuple:
        raise CallRefused("not a call")
    return Call(
        name,
        tuple(_unpacked(value) for value in args),
        {key: _unpacked(value) for key, value in _pairs(keywords)},
    )


def _packed(value: object) -> object:
    return (REQUEST_MARK, tuple(value.items())) if type(value) is dict else value


def _unpacked(value: object) -> object:
    if type(value) is not tuple:
        return value
    if len(value) != 2 or value[0] != REQUEST_MARK:
        raise CallRefused("an argument that is neither a value nor a request")
    return dict(_pairs(value[1]))


def _pairs(raw: object) -> tuple[tuple[str, object], ...]:
    if type(raw) is not tuple:
        raise CallRefused("not a list of named values")
    for pair in raw:
        if type(pair) is not tuple or len(pair) != 2 or type(pair[0]) is not str:
            raise CallRefused("not a named value")
    if len({pair[0] for pair in raw}) != len(raw):
        raise CallRefused("a name given twice")
    return raw
