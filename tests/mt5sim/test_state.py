"""A broker does not forget its client's positions because it was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hedgetui.domain.errors import DataError, StoreError
from tests.mt5sim.bench import BUY, SELL, START, Bench

ROOT = Path(__file__).resolve().parents[2]
TRADER = """
import sys
from pathlib import Path
from hedgetui.domain.units import parse_utc
from hedgetui.simulation.mt5.terminal import Terminal
from hedgetui.simulation.mt5.worlds import venue_of, world
now = parse_utc("2025-11-19T14:31:00Z")
venue = venue_of(world("demo"), seed=7, start=now, state_path=Path(sys.argv[1]))
terminal = Terminal(venue, lambda: now)
terminal.initialize()
buy = {"action": 1, "symbol": "XAUUSD", "type": 0, "volume": 0.01}
while True:
    now += 60
    print(terminal.order_send(buy).order, flush=True)
"""


def test_a_killed_broker_comes_back_with_everything_it_had_answered(tmp_path):
    state = tmp_path / "mt5.json"
    with subprocess.Popen(
        [sys.executable, "-c", TRADER, str(state)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        told = [int(process.stdout.readline()) for _ in range(20)]
        process.send_signal(signal.SIGKILL)
        told += [int(line) for line in process.stdout if line.endswith("\n")]
    assert len(told) >= 20
    bench = Bench("demo", state=state)
    kept = {deal.position_id for deal in bench.terminal.history_deals_get(0, 2e9)}
    assert set(told) <= kept
    assert len(kept - set(told)) <= 6  # the deposit, the plan's four, one that nobody was told
    assert state.stat().st_mode & 0o777 == 0o600


def test_it_goes_on_as_if_it_had_never_stopped(tmp_path):
    def live(bench: Bench, *, restart: Path | None):
        for n in range(12):
            bench.wait(1_700)
            bench.deal("XAUUSD", BUY if n % 3 else SELL, 0.05, sl=0.0)
            if n == 4:
                bench.control.push("BTCUSD", -0.01, 600)
                bench.control.reopen(bench.positions("EURUSD")[0].ticket)
            if restart is not None and n % 4 == 3:
                now = bench.now
                bench = Bench("demo", state=restart)
                bench.now = now
        bench.wait(90_000)
        return (
            bench.positions(),
            bench.terminal.history_deals_get(0, 2e9),
            bench.terminal.account_info(),
        )

    whole = live(Bench("demo"), restart=None)
    state = tmp_path / "mt5.json"
    assert live(Bench("demo", state=state), restart=state) == whole


def test_stops_that_were_met_while_nobody_served_are_found_at_their_time(tmp_path):
    state = tmp_path / "mt5.json"
    bench = Bench("demo", state=state)
    bench.wait(1)
    expected = Bench("demo")
    expected.wait(200_000)
    again = Bench("demo", state=state, start=START + 150_000)  # the first start counts
    assert again.venue.start == START
    again.now = START + 200_000
    assert again.positions() == expected.positions()
    assert again.terminal.history_deals_get(0, 2e9) == expected.terminal.history_deals_get(0, 2e9)


def test_a_foreign_or_damaged_file_is_named(tmp_path):
    state = tmp_path / "mt5.json"
    Bench("demo", state=state).wait(1)
    with pytest.raises(StoreError, match="another market"):
        Bench("demo", state=state, seed=8)
    state.write_text(state.read_text()[:-20])
    with pytest.raises(DataError, match=r"mt5\.json"):
        Bench("demo", state=state)


def test_what_cannot_be_kept_is_not_told(tmp_path):
    folder = tmp_path / "state"
    bench = Bench(state=folder / "mt5.json")
    bench.deal("XAUUSD", BUY, 0.1)
    folder.rename(tmp_path / "moved")
    folder.write_text("in the way")
    with pytest.raises(StoreError, match=r"cannot write .*mt5\.json"):
        bench.deal("XAUUSD", BUY, 0.1)
