"""The settings of hedge accounts, `[accounts]`: how tails are hedged, at three levels.

An exchange's table is over the instance's values, a key's over both; what a table leaves out is
taken from the wider level. What holds for a key is known only when the levels are laid over each
other, so a mode that would trade for ever is looked for there, and named where it was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from hedgetui.config.fields import Count, ListOf, SecondsOrNone, Section, Text
from hedgetui.domain.errors import DataError
from hedgetui.domain.tails.contracts import EXCHANGES, contract_key, terms
from hedgetui.domain.tails.model import Key, Mode
from hedgetui.domain.tails.rules import LEAST_PCT, MOST_PCT, MOST_TICKS, check_policy

ModeName = Literal["auto", "sell", "buy", "manual"]
Percent = Annotated[int, Field(ge=LEAST_PCT, le=MOST_PCT)]
Ticks = Annotated[int, Field(ge=0, le=MOST_TICKS)]


def _exchange(value: str) -> str:
    """Refuse an exchange whose futures are not known."""
    if value in EXCHANGES:
        return value
    nearest = get_close_matches(value.upper(), sorted(EXCHANGES), n=1, cutoff=0.0)[0]
    raise ValueError(f"no such exchange; nearest: {nearest}")


def _contract(value: str) -> str:
    """Return the desk's name of a contract, whatever the spelling."""
    if value[-1:].isdigit() and not value[-2:].isdigit():
        raise ValueError(f"{value!r} has one digit of its year: write ZCZ25 or 'ZC 202512'")
    try:
        return contract_key(value, datetime.now(UTC).date())
    except DataError as error:
        hint = f": {error.hint}" if error.hint else ""
        raise ValueError(f"{error.message}{hint}") from None


Exchange = Annotated[Text, AfterValidator(_exchange)]
Contract = Annotated[Text, Field(min_length=1, max_length=16), AfterValidator(_contract)]
AccountName = Annotated[Text, Field(pattern=r"^[^\s+:](.*[^\s])?$", max_length=40)]


class OverrideSettings(Section):
    """`[accounts.exchange.CBOT]`: values of one exchange; left out, the instance's own hold."""

    mode: ModeName | None = None
    threshold_pct: Percent | None = None
    ticks_into_market: Ticks | None = None


class KeySettings(OverrideSettings):
    """`[[accounts.keys]]`: values of one account in one contract month."""

    account: AccountName
    contract: Contract

    @property
    def key(self) -> Key:
        """What is hedged together."""
        return Key(self.account, self.contract)


class AccountsSettings(Section):
    """`[accounts]`: which tails are hedged by rule, and how."""

    enabled: bool
    mode: ModeName
    threshold_pct: Percent
    ticks_into_market: Ticks
    linking: Literal["direct", "fifo"]
    cooldown_s: SecondsOrNone
    look_back_days: Annotated[int, Field(ge=1, le=30)]
    max_order_lots: Count
    max_net_lots: Count
    orders_repeat: Count
    keys: ListOf[KeySettings]
    exchange: Mapping[Exchange, OverrideSettings] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _limits_nest(self) -> Self:
        """Refuse limits of which the wider one is the smaller: one of the two is a typo."""
        if self.max_order_lots > self.max_net_lots:
            raise ValueError(
                f"max_order_lots {self.max_order_lots} is above max_net_lots {self.max_net_lots}"
            )
        return self

    def by_hand(self) -> Self:
        """Return the same settings with every mode manual."""
        manual = {"mode": "manual"}
        return self.model_copy(
            update={
                **manual,
                "keys": tuple(one.model_copy(update=manual) for one in self.keys),
                "exchange": {
                    name: one.model_copy(update=manual) for name, one in self.exchange.items()
                },
            }
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """A value that does not go with the values of the levels above it."""

    path: tuple[str, ...]
    """Where it was written, below `accounts`."""
    reason: str


@dataclass(frozen=True, slots=True)
class _Level:
    path: tuple[str, ...]
    mode: ModeName | None
    threshold_pct: int | None


def findings(accounts: AccountsSettings) -> Iterator[Finding]:
    """Yield every level whose mode and threshold do not go together, and keys told twice."""
    instance = _Level((), accounts.mode, accounts.threshold_pct)
    exchanges = {name: _level(("exchange", name), one) for name, one in accounts.exchange.items()}
    yield from _judged("", instance)
    for name, exchange in exchanges.items():
        yield from _judged(name, exchange, instance)
    seen: set[Key] = set()
    for place, one in enumerate(accounts.keys):
        path = ("keys", str(place))
        if one.key in seen:
            yield Finding((*path, "contract"), f"{one.key} has a table already")
        seen.add(one.key)
        wider = exchanges.get(terms(one.contract).exchange)
        levels = [_level(path, one), *([] if wider is None else [wider]), instance]
        yield from _judged(str(one.key), *levels)


def _level(path: tuple[str, ...], one: OverrideSettings) -> _Level:
    return _Level(path, one.mode, one.threshold_pct)


def _judged(what: str, *levels: _Level) -> Iterator[Finding]:
    """Judge what holds under these levels, narrowest first; a wider fault is told once, there."""
    own = levels[0]
    if own.mode is None and own.threshold_pct is None:
        return
    mode = next(level.mode for level in levels if level.mode is not None)
    pct = next(level.threshold_pct for level in levels if level.threshold_pct is not None)
    if why := check_policy(Mode(mode), pct):
        field = "mode" if own.threshold_pct is None else "threshold_pct"
        yield Finding((*own.path, field), f"{what}: {why}" if what else why)
