"""The defence of MT5 trades for other Python programs: three questions, answered with plain data.

    from hedgetui.dtms import get_action_history, get_system_status, get_trade_status

Each asks the running desk of a profile through its control socket, and reads the journal when none
runs; no broker is asked and nothing is changed. The documents are those `hedgetui dtms status`,
`trade` and `history` print with `--json`: times are ISO-8601 UTC texts, what is not known is None.
`source` says who answered, `desk` or `journal`; a journal knows no prices and no scores.

Every function takes the profile (`sim`, `paper`, `live`), a settings file and a journal as the
command line's `--profile`, `--config` and `--db` do, and raises a `HedgetuiError`
(`hedgetui.domain.errors`): `ConfigError` for settings that cannot be used, `StoreError` for a
journal that cannot be read, `BrokerUnreachable` for a desk that runs and does not answer.
"""

from __future__ import annotations

from argparse import Namespace
from os import PathLike, fspath
from typing import Any

from hedgetui.console import dtms_documents as documents
from hedgetui.console.dtms import actions, recorded, seen

__all__ = ["get_action_history", "get_system_status", "get_trade_status"]

Path = str | PathLike[str]


def get_system_status(
    profile: str | None = None, config: Path | None = None, db: Path | None = None
) -> dict[str, Any]:
    """Return how many trades are defended and where they stand.

    Keys: `active_trades`, `trades_by_state` (a count for each state), `monitoring` (whether a desk
    watches now), `last_cycle`, `next_check`, `frozen` (why nothing is decided, else empty),
    `rule_set`, `rails` (words), `unknown_actions`, `mt5` (link and account), `trades` (one short
    record each), `unwatched`, `source`.

    Raises:
        HedgetuiError: as the module says.
    """
    told = seen(_options(profile, config, db))
    return documents.status(told.view, told.source)


def get_trade_status(
    ticket: int,
    profile: str | None = None,
    config: Path | None = None,
    db: Path | None = None,
) -> dict[str, Any]:
    """Return one trade, by its ticket or its position's identifier; closed ones included.

    Keys: `ticket`, `symbol`, `side`, `state`, `current_score`, `components` (six numbers as the
    trade sees them; None without a score), `u` (result in R), `hedge_ticket`, `hedge`, `flat_at`,
    `recover_by`, `guards` (`rule`, `words`, `ok`), `automation`, `degraded`, `why`, `lane`
    and more.

    Raises:
        UsageError: no such trade was watched; the hint names the nearest.
        HedgetuiError: as the module says.
    """
    told = seen(_options(profile, config, db))
    return documents.trade(told.find(ticket), told.source)


def get_action_history(
    ticket: int | None = None,
    profile: str | None = None,
    config: Path | None = None,
    db: Path | None = None,
) -> list[dict[str, Any]]:
    """Return every action the defence planned, oldest first, or those of one trade.

    Keys of each: `action_id`, `ticket` (of the trade), `symbol`, `kind` (`open_hedge` …), `state`
    (`PLANNED`, `SENT`, `DONE`, `FAILED`, `UNKNOWN`), `result`, `retcode` (of the server; None
    without an answer), `request`, `planned_at`, `sent_at`, `ended_at`, `rule`, `why`, `by`
    and more.

    Raises:
        UsageError: no such trade was watched; the hint names the nearest.
        HedgetuiError: as the module says.
    """
    return actions(recorded(_options(profile, config, db)), ticket)


def _options(profile: str | None, config: Path | None, db: Path | None) -> Namespace:
    """Return what the command line would have made of the arguments."""
    given = {"profile": profile, "config": config, "db": db}
    return Namespace(
        **{
            name: value if name == "profile" else fspath(value)
            for name, value in given.items()
            if value is not None
        }
    )
