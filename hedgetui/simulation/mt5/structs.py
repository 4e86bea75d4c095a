"""The result types of the MetaTrader5 module: names, fields and order as the vendor has them.

Only the field lists matter to a client; these are named tuples, the vendor's are C structures.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

_structure: Any = namedtuple  # noqa: PYI024 - read by field name, like the vendor's structures

AccountInfo = _structure(
    "AccountInfo",
    "login trade_mode leverage limit_orders margin_so_mode trade_allowed trade_expert margin_mode "
    "currency_digits fifo_close balance credit profit equity margin margin_free margin_level "
    "margin_so_call margin_so_so margin_initial margin_maintenance assets liabilities "
    "commission_blocked name server currency company",
)
TerminalInfo = _structure(
    "TerminalInfo",
    "community_account community_connection connected dlls_allowed trade_allowed "
    "tradeapi_disabled email_enabled ftp_enabled notifications_enabled mqid build maxbars "
    "codepage ping_last community_balance retransmission company name language path data_path "
    "commondata_path",
)
Tick = _structure("Tick", "time bid ask last volume time_msc flags volume_real")
TradePosition = _structure(
    "TradePosition",
    "ticket time time_msc time_update time_update_msc type magic identifier reason volume "
    "price_open sl tp price_current swap profit symbol comment external_id",
)
TradeOrder = _structure(
    "TradeOrder",
    "ticket time_setup time_setup_msc time_done time_done_msc time_expiration type type_time "
    "type_filling state magic position_id position_by_id reason volume_initial volume_current "
    "price_open sl tp price_current price_stoplimit symbol comment external_id",
)
TradeDeal = _structure(
    "TradeDeal",
    "ticket order time time_msc type entry magic position_id reason volume price commission "
    "swap profit fee symbol comment external_id",
)
TradeRequest = _structure(
    "TradeRequest",
    "action magic order symbol volume price stoplimit sl tp deviation type type_filling "
    "type_time expiration comment position position_by",
)
OrderSendResult = _structure(
    "OrderSendResult",
    "retcode deal order volume price bid ask comment request_id retcode_external request",
)
OrderCheckResult = _structure(
    "OrderCheckResult",
    "retcode balance equity profit margin margin_free margin_level comment request",
)
_SYMBOL_TEXTS = (
    "basis category currency_base currency_profit currency_margin bank description exchange "
    "formula isin name page path"
)
SYMBOL_FIELDS = (
    "custom chart_mode select visible session_deals session_buy_orders session_sell_orders volume "
    "volumehigh volumelow time digits spread spread_float ticks_bookdepth trade_calc_mode "
    "trade_mode start_time expiration_time trade_stops_level trade_freeze_level trade_exemode "
    "swap_mode swap_rollover3days margin_hedged_use_leg expiration_mode filling_mode order_mode "
    "order_gtc_mode option_mode option_right bid bidhigh bidlow ask askhigh asklow last lasthigh "
    "lastlow volume_real volumehigh_real volumelow_real option_strike point trade_tick_value "
    "trade_tick_value_profit trade_tick_value_loss trade_tick_size trade_contract_size "
    "trade_accrued_interest trade_face_value trade_liquidity_rate volume_min volume_max "
    "volume_step volume_limit swap_long swap_short margin_initial margin_maintenance "
    "session_volume session_turnover session_interest session_buy_orders_volume "
    "session_sell_orders_volume session_open session_close session_aw "
    "session_price_settlement session_price_limit_min session_price_limit_max margin_hedged "
    "price_change price_volatility price_theoretical price_greeks_delta price_greeks_theta "
    "price_greeks_gamma price_greeks_vega price_greeks_rho price_greeks_omega price_sensitivity "
    + _SYMBOL_TEXTS
).split()
SymbolInfo = _structure("SymbolInfo", SYMBOL_FIELDS)
_FLAGS = frozenset({"custom", "select", "visible", "spread_float", "margin_hedged_use_leg"})
_WHOLE = frozenset(SYMBOL_FIELDS[: SYMBOL_FIELDS.index("bid")]) - _FLAGS


def symbol_info(**known: object) -> Any:  # noqa: ANN401 - the vendor's type
    """Return a `SymbolInfo`; fields that are not given are empty of their type."""
    values = [known.pop(field, _empty(field)) for field in SYMBOL_FIELDS]
    if known:
        raise TypeError(f"a symbol has no {min(known)!r}")
    return SymbolInfo(*values)


def _empty(field: str) -> object:
    if field in _FLAGS:
        return False
    if field in _SYMBOL_TEXTS.split():
        return ""
    return 0 if field in _WHOLE else 0.0
