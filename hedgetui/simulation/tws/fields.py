"""Reading a client's message field by field, and refusing what is not what it should be.

A message misread by one field can turn a question into a live order. So nothing here is lenient:
a field that does not hold what its place allows ends the reading, and nothing has happened yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from hedgetui.domain.errors import HedgetuiError
from hedgetui.simulation.tws.framing import unset

BAD_REQUEST = 321
UNREADABLE = 320
_LARGEST = 10_000_000
"""No price, strike or size is larger; products of those that pass stay exact."""
_LONGEST_NUMBER = 24
_LARGEST_INTEGER = 2**63


class BadMessage(HedgetuiError):  # noqa: N818 - it names the message, as the protocol does
    """A client's message cannot be read or asks for what is not offered; `code` goes back."""

    default_code = "bad_message"

    def __init__(self, message: str, number: int = UNREADABLE) -> None:
        super().__init__(message)
        self.number = number


@dataclass(frozen=True, slots=True)
class WireLeg:
    """One leg of a combination, as a client describes it."""

    con_id: int
    ratio: int
    action: str
    exchange: str


@dataclass(frozen=True, slots=True)
class WireContract:
    """A contract as a client describes it, which may be less than one contract."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    expiry: str = ""
    strike: Decimal | None = None
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""
    legs: tuple[WireLeg, ...] = ()


class Cursor:
    """Walks over the fields of one message."""

    def __init__(self, fields: Sequence[str], at: int = 0) -> None:
        """Stand before field `at`."""
        self._fields = fields
        self._at = at

    @property
    def fields(self) -> Sequence[str]:
        """The whole message."""
        return self._fields

    @property
    def left(self) -> int:
        """How many fields are unread."""
        return len(self._fields) - self._at

    def text(self, name: str) -> str:
        """Take a field as it is.

        Raises:
            BadMessage: the message ends before it.
        """
        if self._at >= len(self._fields):
            raise BadMessage(f"the message ends before {name}")
        value = self._fields[self._at]
        self._at += 1
        return value

    def integer(self, name: str, default: int = 0) -> int:
        """Take a whole number; an unset field is `default`.

        Raises:
            BadMessage: it is something else.
        """
        value = self.text(name)
        if value == "":
            return default
        try:
            result = int(value) if len(value) <= _LONGEST_NUMBER else _LARGEST_INTEGER
        except ValueError:
            raise BadMessage(f"{name} is not a whole number: {value!r}") from None
        if abs(result) >= _LARGEST_INTEGER:
            raise BadMessage(f"{name} is out of range: {value[:_LONGEST_NUMBER]!r}")
        return result

    def number(self, name: str) -> Decimal | None:
        """Take an exact number; an unset field is None.

        Raises:
            BadMessage: it is something else, or not finite.
        """
        value = self.text(name)
        if value == "" or (unset(value) and value.strip("-0.") != ""):
            return None
        try:
            result = Decimal(value)
        except InvalidOperation:
            raise BadMessage(f"{name} is not a number: {value!r}") from None
        if not result.is_finite() or abs(result) > _LARGEST or len(value) > _LONGEST_NUMBER:
            raise BadMessage(f"{name} is out of range: {value[:_LONGEST_NUMBER]!r}")
        return result

    def flag(self, name: str) -> bool:
        """Take a truth value; an unset field is false.

        Raises:
            BadMessage: it is neither 0 nor 1.
        """
        value = self.text(name)
        if value.lower() not in {"", "0", "1", "true", "false"}:
            raise BadMessage(f"{name} is neither 0 nor 1: {value!r}")
        return value.lower() in {"1", "true"}

    def default(self, name: str, *allowed: str) -> None:
        """Take a field that must be unset or one of `allowed`: what it asks for is not offered.

        Raises:
            BadMessage: it holds something else.
        """
        value = self.text(name)
        if not unset(value) and value not in allowed:
            raise BadMessage(f"{name} is not supported: {value!r}", BAD_REQUEST)

    def end(self) -> None:
        """Be at the end.

        Raises:
            BadMessage: fields are left over.
        """
        if self.left:
            raise BadMessage(f"{self.left} fields too many")

    def contract(self) -> WireContract:
        """Take the twelve fields of a contract.

        Raises:
            BadMessage: a number among them is none.
        """
        con_id = self.integer("conId")
        symbol, sec_type, expiry = self.text("symbol"), self.text("secType"), self.text("expiry")
        strike = self.number("strike")
        right, multiplier = self.text("right"), self.text("multiplier")
        exchange, primary = self.text("exchange"), self.text("primaryExchange")
        currency, local = self.text("currency"), self.text("localSymbol")
        return WireContract(
            con_id, symbol, sec_type, expiry, strike or None, right, multiplier, exchange,
            primary, currency, local, self.text("tradingClass"),
        )  # fmt: skip
