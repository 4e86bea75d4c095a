"""`[balance]`: what is shipped is what the program means, and a mistake is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest

from hedgetui.bootstrap.translation import balance_settings, engine_settings
from hedgetui.config import BalanceSettings, SimulatorSettings, load
from hedgetui.domain.balance.limits import TicketLimits
from hedgetui.domain.balance.regime import Regime
from hedgetui.domain.errors import ConfigError
from hedgetui.domain.stress.regimes import REGIMES
from hedgetui.engine.balance import settings as engine
from hedgetui.simulation.portfolios import PORTFOLIOS

if TYPE_CHECKING:
    from pathlib import Path


def refusal(tmp_path: Path, text: str) -> str:
    file = tmp_path / "mine.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(config_file=file, environ={})
    return str(caught.value)


PAPER = {"HEDGETUI_GENERAL__PROFILE": "paper"}


def test_the_packaged_values_are_the_programs_own():
    settings = load(environ=PAPER).settings
    assert balance_settings(settings) == engine.BalanceSettings()
    assert engine_settings(settings).limits.tickets == TicketLimits()


def test_names_are_those_of_the_program():
    def choices(model: type, key: str) -> set[str]:
        return set(get_args(model.model_fields[key].annotation))

    assert choices(BalanceSettings, "regime") == {"measured", *(one.lower() for one in Regime)}
    assert choices(BalanceSettings, "stress_regime") == set(REGIMES)
    assert choices(SimulatorSettings, "portfolio") == set(PORTFOLIOS)


def test_every_value_reaches_the_desk(tmp_path: Path):
    file = tmp_path / "mine.toml"
    file.write_text(
        '[balance]\nbudget = 750.5\nregime = "Goldilocks"\nstress_regime = "risk_off"\n'
        'max_shares = 7\n[balance.betas]\nNVDA = 1.8\n"BRK.B" = 0.9\n',
        "utf-8",
    )
    environ = {**PAPER, "HEDGETUI_BALANCE__BETAS__TLT": "-0.2"}
    settings = load(config_file=file, environ=environ).settings
    made = balance_settings(settings)
    assert made is not None
    assert (str(made.budget), made.regime, made.stress_regime) == (
        "750.5", Regime.GOLDILOCKS, "RISK_OFF",
    )  # fmt: skip
    assert made.betas == {"NVDA": 1.8, "BRK.B": 0.9, "TLT": -0.2}
    assert engine_settings(settings).limits.tickets.max_shares == 7


def test_the_simulator_has_betas_for_what_its_mt5_account_trades():
    made = balance_settings(load(environ={}).settings)
    assert made is not None
    assert set(made.betas) == {"EURUSD", "XAUUSD", "BTCUSD"}


def test_a_portfolio_that_is_switched_off_has_no_settings():
    settings = load(environ={"HEDGETUI_BALANCE__ENABLED": "false"}).settings
    assert balance_settings(settings) is None


def test_a_desk_for_a_moment_reads_the_portfolio_only_when_it_is_asked():
    loaded = load(environ={})
    assert not loaded.momentary().settings.balance.enabled
    assert loaded.momentary(portfolio=True).settings.balance.enabled


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[balance]\nbudgt = 5\n", "unknown key; nearest valid key: balance.budget"),
        ('[balance]\nregime = "goldilox"\n', "nearest: goldilocks"),
        ('[balance]\nstress_regime = "risk"\n', "nearest: RISK_OFF"),
        ("[balance]\nmax_order_notional = 2e5\n", "is above max_day_notional 100000"),
        ("[balance.betas]\nnvda = 1.8\n", "nearest: NVDA"),
        ("[balance.betas]\nNVDA = 99\n", ":2: balance.betas.NVDA = 99"),
        ("[balance]\nbudget = -1\n", "balance.budget"),
        ('[regime]\nname = "goldilocks"\n', "nearest valid key: balance.regime"),
        ('[simulator]\nportfolio = "shrt"\n', "nearest: short"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_the_nearest_way(tmp_path: Path, text: str, said: str):
    assert said in refusal(tmp_path, text)
