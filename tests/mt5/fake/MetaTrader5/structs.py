"""Result types as the MetaTrader5 wheel makes them: C structures without a module.

Named tuples would prove less: these cannot be pickled and are made by the interpreter's own
`PyStructSequence_NewType`, as in the wheel.
"""

from __future__ import annotations

import ctypes
import warnings
from typing import Any

FIELDS = {
    "AccountInfo": "login trade_mode leverage limit_orders margin_so_mode trade_allowed "
    "trade_expert margin_mode currency_digits fifo_close balance credit profit equity margin "
    "margin_free margin_level margin_so_call margin_so_so margin_initial margin_maintenance assets "
    "liabilities commission_blocked name server currency company",
    "TerminalInfo": "community_account community_connection connected dlls_allowed trade_allowed "
    "tradeapi_disabled email_enabled ftp_enabled notifications_enabled mqid build maxbars codepage "
    "ping_last community_balance retransmission company name language path data_path "
    "commondata_path",
    "SymbolInfo": "select visible digits spread trade_stops_level trade_freeze_level trade_exemode "
    "trade_mode filling_mode order_mode bid ask point trade_tick_value trade_tick_size "
    "trade_contract_size volume_min volume_max volume_step volume_limit margin_hedged "
    "currency_profit name path",
    "Tick": "time bid ask last volume time_msc flags volume_real",
    "TradePosition": "ticket time time_msc time_update time_update_msc type magic identifier "
    "reason volume price_open sl tp price_current swap profit symbol comment external_id",
    "TradeOrder": "ticket time_setup time_setup_msc type state magic position_id position_by_id "
    "volume_initial volume_current price_open sl tp symbol comment external_id",
    "TradeDeal": "ticket order time time_msc type entry magic position_id reason volume price "
    "commission swap profit fee symbol comment external_id",
    "TradeRequest": "action magic order symbol volume price stoplimit sl tp deviation type "
    "type_filling type_time expiration comment position position_by",
    "OrderSendResult": "retcode deal order volume price bid ask comment request_id "
    "retcode_external request",
    "OrderCheckResult": "retcode balance equity profit margin margin_free margin_level comment "
    "request",
}


class _Field(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("doc", ctypes.c_char_p))


class _Description(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("doc", ctypes.c_char_p),
        ("fields", ctypes.POINTER(_Field)),
        ("count", ctypes.c_int),
    )


_kept: list[Any] = []


def _new(name: str) -> Any:
    fields = FIELDS[name].split()
    array = (_Field * (len(fields) + 1))()
    for place, field in enumerate(fields):
        array[place].name, array[place].doc = field.encode(), b""
    description = _Description(name.encode(), b"", array, len(fields))
    _kept.append((array, description))
    make = ctypes.pythonapi.PyStructSequence_NewType
    make.restype, make.argtypes = ctypes.py_object, (ctypes.POINTER(_Description),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = make(ctypes.byref(description))
    made._asdict = lambda self: dict(zip(fields, self, strict=True))
    made.__module__ = "builtins"
    return made


TYPES = {name: _new(name) for name in FIELDS}

_TEXT = frozenset(
    {
        "name", "server", "currency", "company", "language", "path", "data_path",
        "commondata_path", "symbol", "comment", "external_id", "currency_profit",
    }
)  # fmt: skip


def make(kind: str, **known: object) -> Any:
    """Return a structure; what is not given is 0 or empty text."""
    fields = FIELDS[kind].split()
    assert set(known) <= set(fields), set(known) - set(fields)
    return TYPES[kind]([known.get(name, "" if name in _TEXT else 0) for name in fields])
