"""A desk that stands still: the same snapshot for ever, and a list of what was asked of it.

Pictures need a desk without time and without chance. This one answers every command by a table of
outcomes, keeps the commands in order, and can be moved by hand from one snapshot to another.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from hedgetui.domain import commands as cmd
from hedgetui.domain.units import Timestamp
from hedgetui.ports.desk import (
    BookView,
    CandidateView,
    Check,
    DeskSettings,
    DeskSnapshot,
    HealthView,
    OrderView,
    Outcome,
    PayoffView,
    Preview,
    StatusView,
    StrangleView,
    Update,
)
from hedgetui.ports.journal import LogRecord, Sample

NOW = Timestamp(1_763_566_867.0)
"""2025-11-19 09:41:07 in Chicago."""

STATUS = StatusView(
    mode="SIM", account="DU-SIM-01", link="ready", link_reason="", latency_ms=12.0, now=NOW,
    session="RTH", venue_reason="", armed=False, auto=False, enabled=True, latches=(),
    unknown_orders=0, working_orders=0, net_pnl=136.4,
)  # fmt: skip

BOOK = BookView(
    option_delta=-31.0, share_delta=-310.0, gamma=0.42, vega=90.7, theta=-21.1, hedge_contracts=4,
    hedge_working=0, net_delta=-11.0, target=0.0, band=10.0, theory_band=None, preset="balanced",
    level="red", order="BUY 2 MES", blocked="", greeks_age_s=0.4, estimated=False,
    hedge_month="MES 202512", hedge_bid=6031.25, hedge_ask=6031.5, hedge_age_s=0.2,
    index_level=6031.4, last_hedge_at=Timestamp(NOW - 665),
    ladder="SELL 1 @ 6072.25 · BUY 1 @ 5998.50",
    proof="+1 pt: options -31.00, hedge +20.00, net -11.00",
)  # fmt: skip


def strangle(
    trade_id: str,
    label: str,
    put: float,
    call: float,
    delta: float | None,
    hedge: int,
    **more: object,
) -> StrangleView:
    """Return a strangle with sensible figures."""
    net = None if delta is None else delta + 5.0 * hedge
    row = StrangleView(
        trade_id=trade_id, label=label, state="OPEN", quantity=1, dte=35, cost=410.0, pnl=-38.2,
        pnl_options=-30.0, pnl_hedge=-7.2, fees=1.0, option_delta=delta,
        share_delta=None if delta is None else delta * 10, net_delta=net, hedge_contracts=hedge,
        gamma=0.14, vega=22.4, theta=-5.9, iv=0.142, put_strike=put, call_strike=call,
        greeks_age_s=0.4, estimated=False,
    )  # fmt: skip
    return replace(row, **more)  # type: ignore[arg-type]


STRANGLES = (
    strangle("T1", "XSP 530P/540C 19Dec", 530, 540, 24.6, -5, quantity=2, dte=28, cost=900.0,
             pnl=162.0, vega=38.1, theta=-11.2),
    strangle("T2", "XSP 525P/545C 26Dec", 525, 545, -31.0, 4),
    strangle("T3", "XSP 520P/550C 16Jan", 520, 550, 4.1, 0, dte=56, cost=388.0, pnl=12.0, vega=30.2,
             theta=-4.0, estimated=True),
)  # fmt: skip


def candidate(number: int, put: float, call: float, rank: float | None) -> CandidateView:
    """Return a scanner row with sensible figures."""
    return CandidateView(
        number=number, label=f"XSP {put:g}P/{call:g}C 19Dec", expiry="2025-12-19", dte=30,
        iv_rank=rank, iv_label="Low" if rank is not None else "", put_strike=put, put_iv=0.162,
        put_delta=-0.28, call_strike=call, call_iv=0.131, call_delta=0.27, width_pct=2.6,
        cost=435.0 - 10 * number, vega=39.0, theta=-8.4, vega_per_theta=4.64,
        break_even_low=put - 4.3, break_even_high=call + 4.3, entry_delta=-0.4, spread_pct=3.1,
    )  # fmt: skip


CANDIDATES = (
    candidate(1, 528, 542, 12.0),
    candidate(2, 525, 545, 14.0),
    candidate(3, 520, 550, None),
)

CHECKS = (
    Check("connected", ok=True, detail="ready, 12 ms"),
    Check("MES data live", ok=True, detail="6031.25, 0.2 s"),
    Check("strategy enabled", ok=True, detail=""),
    Check("chain with fresh deltas", ok=False, detail="no chain yet: press c"),
    Check("direction", ok=True, detail="SELL MES for +Δ, BUY for -Δ"),
    Check("TWS open to verify", ok=True, detail="simulator"),
    Check("small first trade", ok=True, detail="1 lot"),
)

ALL_WELL = tuple(replace(check, ok=True) for check in CHECKS)


def payoff() -> PayoffView:
    """Return a strangle-shaped payoff."""
    levels = tuple(5600.0 + 10 * step for step in range(81))
    at_expiry = tuple(max(5800 - x, 0, x - 6200) * 10 - 900.0 for x in levels)
    now = tuple(((x - 6000) / 40) ** 2 * 45 - 250 for x in levels)
    hedged = tuple(y - 5 * (x - 6031) for x, y in zip(levels, now, strict=True))
    return PayoffView(levels, at_expiry, now, hedged, (5800.0, 6200.0), (5710.0, 6290.0))


def samples() -> tuple[Sample, ...]:
    """Return a morning of profit and loss."""
    return tuple(
        Sample(Timestamp(NOW - 3600 + 60 * step), 6000.0 + step, -30.0, -11.0,
               (step % 17) * 9.0 - 60 + 3 * step)
        for step in range(61)
    )  # fmt: skip


LOG = (
    LogRecord(Timestamp(NOW - 669), "ok", "✅ Subscribed to MES futures 202512", "", 1),
    LogRecord(Timestamp(NOW - 667), "info", "📊 Calculated hedge: SELL 5 MES",
              "inputs: options +24.6\nrule: nearest, ties toward zero\n24.6 / 5 = 4.92, 5", 2),
    LogRecord(Timestamp(NOW - 666), "info", "🛡 Hedge order #123: SELL 5 MES", "", 3),
    LogRecord(Timestamp(NOW - 665), "ok", "✅ Hedge order placed: SELL 5 MES", "", 4),
    LogRecord(Timestamp(NOW - 1), "warn",
              "⚠ Delta threshold breached: net -11.0 $/pt (±10)", "", 5),
)  # fmt: skip

ORDER = OrderView(
    number=124, at=NOW, text="BUY 2 MES 202512 MKT", state="WORKING", filled=0, quantity=2,
    purpose="hedge", client_key="HT-1-000124", reason="",
)  # fmt: skip

ORDERS = (
    replace(ORDER, number=121, at=Timestamp(NOW - 667), text="BUY 2 XSP 20251219 530P LMT 2.10",
            state="FILLED", filled=2, purpose="entry", client_key="HT-1-000121"),
    replace(ORDER, number=122, at=Timestamp(NOW - 667), text="BUY 2 XSP 20251219 540C LMT 2.40",
            state="FILLED", filled=2, purpose="entry", client_key="HT-1-000122"),
    replace(ORDER, number=123, at=Timestamp(NOW - 666), text="SELL 5 MES 202512 MKT",
            state="FILLED", filled=5, quantity=5, client_key="HT-1-000123"),
)  # fmt: skip

HEALTH = HealthView(
    link="ready", link_reason="synchronised", link_since=Timestamp(NOW - 7_300),
    client="ib_insync 0.9.86",
    peer="127.0.0.1:7497", server="176", client_id=77, environment="PAPER", account="DU1234567",
    session=1, connected_at=Timestamp(NOW - 7_302), last_message_age_s=0.4, latency_ms=12.0,
    latencies_ms=tuple(9.0 + (step * 7) % 5 + (20.0 if step == 31 else 0.0) for step in range(40)),
    clock_skew_s=0.004, data_type="live", lines_used=14, lines_budget=100, sent_last_second=3,
    farms=(("usfuture", True), ("usopt", True)), synced_at=Timestamp(NOW - 9), journal_facts=1_204,
    loop_lag_ms=6.0,
)  # fmt: skip
"""A link to TWS on paper, all well."""

FULL = DeskSnapshot(
    status=STATUS, book=BOOK, strangles=STRANGLES, candidates=CANDIDATES,
    scanned_at=Timestamp(NOW - 100), orders=ORDERS, preflight=ALL_WELL, payoff=payoff(),
    samples=samples(), health=HEALTH,
)  # fmt: skip

EMPTY = DeskSnapshot(
    status=replace(STATUS, net_pnl=None),
    book=replace(BOOK, option_delta=None, net_delta=None, hedge_contracts=0, level="unknown",
                 order="", ladder="", proof="", greeks_age_s=None, last_hedge_at=None,
                 blocked="no position"),
    strangles=(), candidates=(), scanned_at=None, orders=(), preflight=CHECKS,
    payoff=PayoffView(), samples=(),
)  # fmt: skip

DEGRADED = replace(
    FULL,
    status=replace(STATUS, mode="PAPER", account="DU1234567", link="degraded", unknown_orders=1,
                   link_reason="data farm usfuture is broken"),
    orders=(replace(ORDER, state="UNKNOWN", at=Timestamp(NOW - 42)), *ORDERS),
    health=replace(
        HEALTH, link="degraded", link_since=Timestamp(NOW - 12), link_reason="",
        reasons=("data farm usfuture is broken", "MES 202512 stands still"),
        farms=(("usfuture", False), ("usopt", True)), clock_skew_s=-1.2, unknown_orders=1,
        hints=("the API is read-only: untick Read-Only API in TWS, Global Configuration, API",),
        missing=(("#124", "a second complete look in a new session"),),
    ),
)  # fmt: skip
"""A paper account whose quotes stand still, with one order in doubt."""

DOWN = replace(
    FULL,
    status=replace(STATUS, mode="LIVE", account="U1234821", link="down",
                   link_reason="socket closed"),
    health=replace(
        HEALTH, link="down", link_since=Timestamp(NOW - 65), link_reason="socket closed",
        next_try_at=Timestamp(NOW + 8), environment="LIVE", account="U1234821", session=3,
        reconnects=2, last_message_age_s=66.0, synced_at=Timestamp(NOW - 90),
        differences=("MES 202512: journal +4, broker +6",),
        workers_down=("hedger: ValueError: no month (turn, line 75)",),
    ),
)  # fmt: skip
"""A live account without a link, a difference and a dead worker."""

HEDGE = Preview(
    preview_id="p-1", kind="hedge", title="HEDGE NOW: BUY 2 MES 202512 @ MKT",
    lines=(
        ("Δ now", "-31.0 options +20.0 hedge (+4 MES) = -11.0 $/pt"),
        ("Δ after", "-31.0 options +30.0 hedge (+6 MES) = -1.0 $/pt"),
        ("maths", "nearest(11.0 / 5 = 2.20) = BUY 2"),
        ("cost", "≈ $0.50 fees + 1 tick ($2.50)"),
        ("proof", "+1 pt: options -31.00, hedge +30.00, net -1.00"),
    ),
    checks=(
        Check("armed", ok=True, detail=""),
        Check("market open", ok=True, detail="RTH"),
        Check("quote age", ok=True, detail="0.2 s"),
        Check("nothing in flight", ok=True, detail=""),
        Check("unit guard", ok=True, detail="$60,314 against $66,000"),
    ),
    orders=("BUY 2 MES 202512 MKT",), sendable=True, expires_at=Timestamp(NOW + 30),
)  # fmt: skip

FLATTEN = replace(
    HEDGE, preview_id="p-9", kind="flatten", title="FLATTEN: 3 strangles, +4 MES",
    orders=("SELL 4 MES 202512 MKT",), ask_typed="FLATTEN",
)  # fmt: skip


class StillMailbox:
    """Gives the recent log once, then what the test pushes."""

    def __init__(self, first: Update) -> None:
        self._queue: asyncio.Queue[Update | None] = asyncio.Queue()
        self._queue.put_nowait(first)
        self.closed = False

    def push(self, update: Update | None) -> None:
        """Deliver an update, or None for the end of the desk."""
        self._queue.put_nowait(update)

    async def __aiter__(self) -> AsyncIterator[Update]:
        while (update := await self._queue.get()) is not None:
            yield update

    def close(self) -> None:
        """Remember that the reader left."""
        self.closed = True


class StillDesk:
    """Stands still on one snapshot and keeps every command."""

    def __init__(self, snapshot: DeskSnapshot = FULL, log: tuple[LogRecord, ...] = LOG) -> None:
        self.present = snapshot
        self.log = log
        self.commands: list[cmd.Command] = []
        self.answers: dict[type, Outcome] = {}
        self.gate: asyncio.Event | None = None
        self.mailboxes: list[StillMailbox] = []

    @property
    def settings(self) -> DeskSettings:
        """Four presets, first trade of one lot."""
        presets = (("conservative", 5.0, True), ("balanced", 10.0, True), ("learning", 15.0, False),
                   ("aggressive", 20.0, False))  # fmt: skip
        return DeskSettings("sim", presets, 1)

    async def dispatch(self, command: cmd.Command, by: str = "you") -> Outcome:
        """Keep the command; answer from the table, or with a preview or a plain yes."""
        del by
        self.commands.append(command)
        if self.gate is not None:
            await self.gate.wait()
        found = self.answers.get(type(command))
        if found is not None:
            return found
        match command:
            case cmd.PreviewFlatten():
                return Outcome(ok=True, code="preview", message="", preview=FLATTEN)
            case (
                cmd.PreviewHedge()
                | cmd.PreviewEntry()
                | cmd.PreviewClose()
                | cmd.PreviewDefence()
                | cmd.PreviewTail()
                | cmd.PreviewAdjust()
                | cmd.PreviewTailRoll()
            ):
                return Outcome(ok=True, code="preview", message="", preview=HEDGE)
        return Outcome(ok=True, code="done", message="")

    def subscribe(self) -> StillMailbox:
        """Open a mailbox that begins with the log."""
        self.mailboxes.append(StillMailbox(Update(log=self.log, facts=1)))
        return self.mailboxes[-1]

    def snapshot(self) -> DeskSnapshot:
        """Return the one snapshot."""
        return self.present

    def explain(self, seq: int) -> str:
        """Return the why of a log line."""
        return next((record.why for record in self.log if record.seq == seq), "")

    def move(self, snapshot: DeskSnapshot, *log: LogRecord) -> None:
        """Go to another snapshot and tell the subscribers."""
        self.present = snapshot
        for mailbox in self.mailboxes:
            mailbox.push(Update(log=log, facts=1))

    def sent(self) -> list[cmd.Confirm]:
        """Return the confirmations: what would have reached a broker."""
        return [one for one in self.commands if isinstance(one, cmd.Confirm)]
