"""The settings of hedge accounts: three levels, and what may not stand at any of them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hedgetui.bootstrap.translation import engine_settings, tail_settings
from hedgetui.config import Loaded, load
from hedgetui.config.edit import as_tree, show
from hedgetui.domain.errors import ConfigError
from hedgetui.domain.tails.model import Key, Linking, Mode, Policy

CORN, WHEAT = Key("PSHAOTCHMS", "ZC 202512"), Key("PSHAOTCHMS", "ZW 202512")


def read(tmp_path: Path, text: str, profile: str = "sim", **environ: str) -> Loaded:
    file = tmp_path / "mine.toml"
    file.write_text(text, "utf-8")
    file.chmod(0o600)
    return load(config_file=file, environ=environ, flags={"general.profile": profile})


def refusal(tmp_path: Path, text: str, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, **environ)
    return str(caught.value)


def key(rest: str, account: str = "PSHAOTCHMS", contract: str = "ZCZ25") -> str:
    return f'[[accounts.keys]]\naccount = "{account}"\ncontract = "{contract}"\n{rest}\n'


@pytest.mark.parametrize(("profile", "mode"), [("sim", "auto"), ("paper", "manual")])
def test_only_the_simulator_hedges_tails_by_rule_unasked(profile: str, mode: str):
    accounts = load(environ={}, flags={"general.profile": profile}).settings.accounts
    assert (accounts.mode, accounts.threshold_pct, accounts.linking) == (mode, 51, "direct")


def test_each_level_is_laid_over_the_wider_one(tmp_path: Path):
    text = (
        '[accounts]\nmode = "sell"\nticks_into_market = 1\nlinking = "fifo"\ncooldown_s = 2.5\n'
        "[accounts.exchange.CBOT]\nthreshold_pct = 40\n" + key('mode = "auto"\nthreshold_pct = 60')
    )
    tails = tail_settings(read(tmp_path, text).settings)
    assert tails is not None
    assert tails.levels.policy(CORN) == Policy(Mode.AUTO, 60, 1)
    assert tails.levels.policy(WHEAT) == Policy(Mode.SELL, 40, 1)
    assert (tails.linking, tails.cooldown) == (Linking.FIFO, 2.5)


def test_the_limits_reach_the_gates(tmp_path: Path):
    text = "[accounts]\nmax_order_lots = 3\nmax_net_lots = 40\norders_repeat = 9\n"
    limits = engine_settings(read(tmp_path, text).settings).limits.tails
    assert (limits.max_order, limits.max_net, limits.repeats) == (3, 40, 9)
    assert tail_settings(read(tmp_path, "[accounts]\nenabled = false\n").settings) is None


@pytest.mark.parametrize("spelling", ["ZC 202512", "ZCZ25", "ZCEZ25", "zcz2025"])
def test_a_contract_is_read_as_the_trade_writes_it(tmp_path: Path, spelling: str):
    accounts = read(tmp_path, key("ticks_into_market = 2", contract=spelling)).settings.accounts
    assert [one.key for one in accounts.keys] == [CORN]


def test_sell_may_have_a_low_threshold(tmp_path: Path):
    accounts = read(tmp_path, key('mode = "sell"\nthreshold_pct = 30')).settings.accounts
    assert (accounts.keys[0].mode, accounts.keys[0].threshold_pct) == ("sell", 30)


@pytest.mark.parametrize("pct", [1, 30, 50])
@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[accounts]\nthreshold_pct = {}\n", ":2: accounts.threshold_pct"),
        (
            "[accounts.exchange.CBOT]\nthreshold_pct = {}\n",
            ":2: accounts.exchange.CBOT.threshold_pct",
        ),
        (key("mode = 'sell'", "OTHER") + key("threshold_pct = {}"),
         ":8: accounts.keys[1].threshold_pct"),
        (key("threshold_pct = {}\nmode = 'auto'"), ":4: accounts.keys[0].threshold_pct"),
    ],
)  # fmt: skip
def test_auto_that_would_turn_for_ever_is_refused_where_it_is_written(
    tmp_path: Path, text: str, where: str, pct: int
):
    message = refusal(tmp_path, text.format(pct))
    assert message.startswith(f"{tmp_path}/mine.toml{where} = {pct}: ")
    assert f"auto with a threshold of {pct} % would sell and buy back for ever" in message
    assert message.count("\n") == 0, "one mistake, one line"


def test_a_mode_that_makes_a_wider_threshold_impossible_is_named_itself(tmp_path: Path):
    text = '[accounts]\nmode = "buy"\nthreshold_pct = 30\n' + key('mode = "auto"')
    message = refusal(tmp_path, text)
    assert "mine.toml:7: accounts.keys[0].mode = 'auto': PSHAOTCHMS ZC 202512: auto with" in message


def test_another_profile_is_checked_too(tmp_path: Path):
    text = '[profile.live.accounts]\nmode = "auto"\nthreshold_pct = 50\n'
    assert "profile.live.accounts.threshold_pct = 50: auto with" in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[accounts]\nthreshold_pct = 101\n", "accounts.threshold_pct = 101: input should be less"),
        ("[accounts]\nthreshold_pct = 51.5\n", "accounts.threshold_pct = 51.5: input should be"),
        ("[accounts]\nmax_order_lots = 300\n", "max_order_lots 300 is above max_net_lots 200"),
        ("[accounts]\nlook_back_days = 31\n", "accounts.look_back_days = 31"),
        ('[accounts]\nmode = "automatic"\n', "nearest: auto"),
        ('[accounts.exchange.CBT]\nmode = "sell"\n', "no such exchange; nearest: CBOT"),
        ("[accounts.exchange.CBOT]\nticks = 1\n",
         "nearest valid key: accounts.exchange.CBOT.ticks_into_market"),
        (key("treshold_pct = 60"), ":4: accounts.keys[0].treshold_pct = 60: unknown key"),
        (key("treshold_pct = 60"), "nearest valid key: accounts.keys[0].threshold_pct"),
        (key("threshold_pct = 0"), ":4: accounts.keys[0].threshold_pct = 0: input should be"),
        (key("", contract="ZCX25"), ":3: accounts.keys[0].contract = 'ZCX25': unknown contract"),
        (key("", contract="ZCZ5"), "one digit of its year"),
        ('[[accounts.keys]]\ncontract = "ZCZ25"\n', ":1: accounts.keys[0] = {contract}: account"),
        (key("") + key("", contract="ZC 202512"),
         ":7: accounts.keys[1].contract = 'ZC 202512': PSHAOTCHMS ZC 202512 has a table already"),
        (key('password = "canary-7"'), "accounts.keys[0].password = •••: unknown key"),
    ],
)  # fmt: skip
def test_a_bad_value_names_its_line_its_key_and_the_reason(tmp_path: Path, text: str, reason: str):
    message = refusal(tmp_path, text)
    assert reason in message
    assert message.startswith(f"{tmp_path}/mine.toml:")
    assert message.count("\n") == 0, "one mistake, one line"
    assert "canary" not in message


def test_the_environment_reaches_every_level(tmp_path: Path):
    loaded = read(
        tmp_path, "[accounts.exchange.CBOT]\nthreshold_pct = 70\n",
        HEDGETUI_ACCOUNTS__EXCHANGE__CBOT__TICKS_INTO_MARKET="3",
        HEDGETUI_ACCOUNTS__KEYS='[{account = "PSHAOTCHMS", contract = "ZCZ25", mode = "manual"}]',
    )  # fmt: skip
    tails = tail_settings(loaded.settings)
    assert tails is not None
    assert tails.levels.policy(CORN) == Policy(Mode.MANUAL, 70, 3)
    message = refusal(tmp_path, "", HEDGETUI_ACCOUNTS__EXCHANGE__CBOT__THRESHOLD_PCT="20")
    assert message.startswith("HEDGETUI_ACCOUNTS__EXCHANGE__CBOT__THRESHOLD_PCT: ")


def test_what_is_shown_can_be_read_back(tmp_path: Path):
    text = "[accounts.exchange.CBOT]\nticks_into_market = 1\n" + key("threshold_pct = 60")
    loaded = read(tmp_path, text)
    shown = show(loaded)
    assert f"ticks_into_market = 1 # from {tmp_path}/mine.toml:2" in shown
    tables = tomllib.loads(shown)["accounts"]
    assert tables["exchange"] == {"CBOT": {"ticks_into_market": 1}}
    assert tables["keys"] == as_tree(loaded)["accounts"]["keys"]
    assert tables["keys"][0]["contract"] == "ZC 202512"


def test_a_desk_open_for_a_moment_hedges_nothing_by_rule(tmp_path: Path):
    loaded = read(tmp_path, key('mode = "auto"') + '[accounts.exchange.CBOT]\nmode = "sell"\n')
    assert not loaded.momentary().settings.accounts.enabled
    tails = tail_settings(loaded.momentary(tails=True).settings)
    assert tails is not None
    assert {tails.levels.policy(one).mode for one in (CORN, WHEAT)} == {Mode.MANUAL}
