"""The simulated MT5 broker from the settings, and the defence's settings from the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from hedgetui.bootstrap.translation import defence_settings
from hedgetui.config import SimulatorSettings, load
from hedgetui.console.mt5_venue import venue_of_settings
from hedgetui.domain.dtms.bars import Timeframe
from hedgetui.domain.dtms.model import Rules, RuleSet
from hedgetui.domain.errors import ConfigError, DataError
from hedgetui.domain.mt5.records import MarginMode
from hedgetui.domain.units import Timestamp
from hedgetui.engine.dtms.parts import DefenceSettings
from hedgetui.simulation.mt5.venue import Venue

BARS = "".join(
    f"2025-11-19T{10 + n // 12:02d}:{n % 12 * 5:02d}:00,100.0,101.0,99.5,100.5,40\n"
    for n in range(120)
)


def opened(settings: SimulatorSettings, scenario: str, path: Path | None = None) -> Venue:
    start = Timestamp(settings.start.timestamp())
    return venue_of_settings(settings, scenario, path, start=start)


def simulator(**keys: object) -> SimulatorSettings:
    return load(environ={}, flags={f"simulator.{k}": v for k, v in keys.items()}).settings.simulator


def test_a_scenario_plays_its_namesake_or_an_account_without_positions():
    assert opened(simulator(), "demo").world.name == "demo"
    assert opened(simulator(), "calm").world.name == "quiet"


def test_the_account_is_of_the_kind_that_was_asked_for():
    venue = opened(simulator(mt5_account="netting"), "quiet")
    assert venue.world.account.mode is MarginMode.NETTING


def test_a_kept_account_goes_on_in_its_own_market(tmp_path: Path):
    path = tmp_path / "sim-mt5.json"
    first = opened(simulator(seed=5), "demo", path)
    first.advance(first.start + 60)
    assert len(first.ledger.holdings) == 4
    again = opened(simulator(seed=9), "calm", path)
    assert again.world.name == "demo"
    assert sorted(again.ledger.holdings) == sorted(first.ledger.holdings)


def test_a_file_that_is_no_account_is_refused_and_not_replaced(tmp_path: Path):
    path = tmp_path / "sim-mt5.json"
    path.write_text("[]", "utf-8")
    with pytest.raises(DataError, match="not a simulated MT5 account"):
        opened(simulator(), "demo", path)
    assert path.read_text("utf-8") == "[]"


def test_recorded_bars_are_played(tmp_path: Path):
    file = tmp_path / "btc.csv"
    file.write_text(f"time,open,high,low,close,tick_volume\n{BARS}", "utf-8")
    keys = {"mt5_bars_csv": str(file), "mt5_bars_symbol": "BTCUSD"}
    venue = opened(simulator(**keys), "quiet")
    assert venue.world.recordings["BTCUSD"].timeframe is Timeframe.M5
    assert set(venue.world.recordings) == {"BTCUSD"}
    with pytest.raises(DataError, match="lists no 'BTCUSDX'"):
        opened(simulator(**keys | {"mt5_bars_symbol": "BTCUSDX"}), "quiet")
    zoned = simulator(**keys, mt5_bars_tz="+10:00")
    with pytest.raises(DataError, match="do not cover 2025-11-19T14:31:00"):
        opened(zoned, "quiet")


# --- the defence's own values ------------------------------------------------------------------


def test_the_packaged_settings_are_the_rules_of_the_design():
    made = defence_settings(load(environ={}).settings)
    assert made == DefenceSettings(profile="sim")
    assert made.rules == Rules()


def test_every_rule_can_be_set():
    flags = {
        "dtms.profile": "reference", "dtms.hedge_base": "initial", "dtms.flat_after_min": 60.0,
        "dtms.daily_loss_pct": 3.0, "dtms.confirm": 3, "dtms.re_add": True, "dtms.magics": [0, 7],
    }  # fmt: skip
    made = defence_settings(load(environ={}, flags=flags).settings)
    rules = made.rules
    assert (rules.rule_set, rules.hedge_of_initial, rules.flat_after) == (
        RuleSet.REFERENCE, True, 3_600.0,
    )  # fmt: skip
    assert (rules.daily_loss, rules.confirm, rules.re_add) == (0.03, 3, True)
    assert made.magics == {0, 7}


def test_a_calendar_that_was_asked_for_has_to_be_there(tmp_path: Path):
    file = tmp_path / "news.csv"
    settings = load(environ={}, flags={"dtms.news_csv": str(file)}).settings
    with pytest.raises(ConfigError, match=r"dtms\.news_csv: cannot read .*news\.csv"):
        defence_settings(settings)
    file.write_text("time,currency,title\n2025-11-19T19:00,USD,FOMC minutes\n", "utf-8")
    (event,) = defence_settings(settings).news
    assert (event.currency, event.title, event.at) == ("USD", "FOMC minutes", 1_763_578_800.0)
    file.write_text("time,currency,title\nsoon,USD,FOMC\n", "utf-8")
    with pytest.raises(DataError, match="line 2"):
        defence_settings(settings)


def test_the_account_to_defend_is_the_profiles():
    flags = {"general.profile": "paper", "profile.paper.mt5.login": 51774201}
    made = defence_settings(load(environ={}, flags=flags).settings)
    assert (made.profile, made.expected_login, made.automation.value) == (
        "paper", 51774201, "alert",
    )  # fmt: skip
