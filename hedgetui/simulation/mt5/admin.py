"""The MT5 broker's faults as lines of text, see `hedgetui/simulation/tws/admin.py`."""

from __future__ import annotations

from hedgetui.simulation.mt5.control import Mt5Control
from hedgetui.simulation.tws.admin import Deed, Reader, obey_with, share, truth

_SYMBOL = (("symbol", str),)
DEEDS: dict[str, Deed] = {
    "refuse_next": Deed((("retcode", int), ("times", int), ("kind", str), ("symbol", str)), 3),
    "lose_next": Deed((("lost", str), ("how", str), ("times", int), ("kind", str)), 4),
    "disconnect": Deed(),
    "reconnect": Deed(),
    "freeze_ticks": Deed(_SYMBOL, 1),
    "thaw_ticks": Deed(),
    "halt": Deed(_SYMBOL, 1),
    "reopen_market": Deed(),
    "widen": Deed((("symbol", str), ("factor", float))),
    "rewrite_comments": Deed((("policy", str),)),
    "push": Deed((("symbol", str), ("log_return", float), ("seconds", float)), 1),
    "reopen": Deed((("ticket", int),)),
    "hand_open": Deed(
        (("symbol", str), ("side", str), ("volume", str), ("sl", float), ("tp", float)), 2
    ),
    "hand_close": Deed((("ticket", int), ("volume", str)), 1),
    "hand_stop": Deed((("ticket", int), ("sl", float), ("tp", float)), 2),
    "trade_mode": Deed((("symbol", str), ("mode", int))),
    "levels": Deed((("symbol", str), ("stops", int), ("freeze", int)), 1),
    "fillings": Deed((("symbol", str), ("mask", int))),
    "volume_limit": Deed((("symbol", str), ("lots", str))),
    "rules": Deed((("fifo", truth), ("no_hedge", truth)), 1),
}
SWITCHES: dict[str, Reader] = {
    "autotrading": truth,
    "api_disabled": truth,
    "trade_allowed": truth,
    "expert_allowed": truth,
    "link": truth,
    "login_refused": truth,
    "swap_reopen": truth,
    "positions_fail": int,
    "deals_fail": int,
    "rates_fail": int,
    "slippage": int,
    "history_lag_s": float,
    "placed_s": float,
    "clock_offset_s": float,
    "partial_share": share,
}


def obey(control: Mt5Control, line: str) -> None:
    """Carry out one line of text.

    Raises:
        HedgetuiError: there is no such command, its arguments are wrong, or it cannot be done.
    """
    obey_with(control, line, DEEDS, SWITCHES)
