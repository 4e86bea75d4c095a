"""What covers a short option, and how many short ones of an account nothing covers.

Only what can never be worth less than the option sold covers it: the same right on the same name,
no earlier to expire, at a strike no further away. Options on VIX follow the future of their own
day, so there only the same day covers. Beside them a hundred shares cover a call, and a hundred
shares short a put.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import VIX, Instrument, Kind, Right, is_security, parse_key, stock


def alike(key: str, sold: Instrument) -> bool:
    """Whether a key is an option of the same right on the same name."""
    other = _security(key)
    if other is None:
        return False
    return other.kind is Kind.OPTION and (other.symbol, other.right) == (sold.symbol, sold.right)


def covers(bought: Instrument, sold: Instrument) -> bool:
    """Whether one option is never worth less than another one that is alike."""
    if not (bought.expiry and sold.expiry and bought.strike and sold.strike):
        return False
    if bought.expiry < sold.expiry or (sold.symbol == VIX and bought.expiry != sold.expiry):
        return False
    nearer = bought.strike - sold.strike
    return nearer <= 0 if sold.right is Right.CALL else nearer >= 0


def uncovered(account: Mapping[str, int], symbol: str, right: Right) -> int:
    """Return how many short options on a name nothing in the account covers.

    Each short one, the last to expire first, takes the long one that covers the least besides it:
    nothing is then left over that could have covered another one.

    Args:
        account: contracts and shares by instrument key, signed.
        symbol: the name.
        right: of the options.
    """
    free: Counter[Instrument] = Counter()
    short: Counter[Instrument] = Counter()
    for key, count in account.items():
        named = key.partition(" ")[0] == symbol  # an account may hold thousands of other names
        what = _security(key) if named else None
        if what is None or what.right is not right:
            continue
        (free if count > 0 else short)[what] += abs(count)
    naked = 0
    for sold in sorted(short, key=lambda one: (one.expires_at, one.key), reverse=True):
        better = [one for one in free if covers(one, sold)]
        better.sort(key=lambda one: _reach(one, right))
        left = short[sold]
        for one in better:
            taken = min(left, free[one])
            free[one] -= taken
            left -= taken
        naked += left
    shares = account.get(stock(symbol).key, 0) * (1 if right is Right.CALL else -1)
    contract = int(next(iter(short)).multiplier) if short else 1
    return max(0, naked - max(0, shares) // contract)


def newly_uncovered(account: Mapping[str, int], key: str, signed: int) -> int:
    """Return how many short options more nothing covers once `signed` of `key` is traded."""
    what = parse_key(key)
    after = Counter(account)
    after[key] += signed
    rights = tuple(Right) if what.right is None else (what.right,)
    return max(
        uncovered(after, what.symbol, one) - uncovered(account, what.symbol, one) for one in rights
    )


def _reach(one: Instrument, right: Right) -> float:
    """Return an order of long options: what covers the fewest strikes comes first."""
    strike = float(one.strike or 0)
    return -strike if right is Right.CALL else strike


def _security(key: str) -> Instrument | None:
    try:
        return parse_key(key) if is_security(key) else None
    except DataError:
        return None
