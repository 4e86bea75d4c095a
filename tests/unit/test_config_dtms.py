"""The defence's settings and a profile's MT5 link: defaults, ranges, order, and where keys live."""

from __future__ import annotations

from pathlib import Path

import pytest

from hedgetui.config import load
from hedgetui.domain.errors import ConfigError


def refusal(tmp_path: Path, text: str, profile: str = "sim") -> str:
    file = tmp_path / "mine.toml"
    file.write_text(text, "utf-8")
    file.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        load(config_file=file, environ={}, flags={"general.profile": profile})
    return str(caught.value)


@pytest.mark.parametrize(("profile", "automation"), [("sim", "auto"), ("paper", "alert")])
def test_only_the_simulator_acts_by_itself(profile: str, automation: str):
    settings = load(environ={}, flags={"general.profile": profile}).settings
    assert settings.dtms.automation == automation
    assert settings.dtms.profile == "guarded"
    assert (settings.mt5.backend if settings.mt5 else None) == (None if profile == "sim" else "off")


def test_lists_are_read_from_a_file_and_from_the_environment(tmp_path: Path):
    file = tmp_path / "mine.toml"
    file.write_text('[dtms]\nmagics = [0, 77]\nsymbols = ["XAUUSD", "BTC*"]\n', "utf-8")
    dtms = load(config_file=file, environ={}).settings.dtms
    assert (dtms.magics, dtms.symbols) == ((0, 77), ("XAUUSD", "BTC*"))
    dtms = load(environ={"HEDGETUI_DTMS__SYMBOLS": '["US500"]'}).settings.dtms
    assert dtms.symbols == ("US500",)


@pytest.mark.parametrize(
    ("assignment", "reason"),
    [
        ("l2_score = -2.0", "l1_score -2 is not above l2_score -2"),
        ("hedge_score = -3.5", "l2_score -4 is not above hedge_score -3.5"),
        ("calm_score = -2.5", "calm_score -2.5 is not above l1_score -2"),
        ("ease_score = -4.0", "ease_score -4 is not above l2_score -4"),
        ("unhedge_score = -2.5", "ease_score -2 is above unhedge_score -2.5"),
        ("hedge_u = -0.05", "l2_u -0.1 is not above hedge_u -0.05"),
        ("emergency_u = -0.2", "hedge_u -0.25 is not above emergency_u -0.2"),
        ("hourly_loss_pct = 3.0", "hourly_loss_pct 3 is above daily_loss_pct 2"),
        ("dwell_min = 90.0", "dwell_min 90 is above flat_after_min 75"),
        ("l1_score = -12.0", "greater than or equal to -11.5"),
        ("hedge_ratio = 0.0", "greater than 0"),
        ("partial_ratio = 1.0", "less than 1"),
        ("min_margin_level = 50.0", "greater than or equal to 100"),
        ("spread_limit = nan", "finite"),
        ('profile = "guarde"', "nearest: guarded"),
        ('hedge_base = "first"', "nearest: initial"),
        ("magics = [1, -2]", "greater than or equal to 0"),
        ("magics = 7", "valid tuple"),
        ('symbols = ["XAU USD"]', "no symbol or pattern, as EURUSD or BTC*"),
    ],
)
def test_a_bad_value_names_its_line_and_the_reason(tmp_path: Path, assignment: str, reason: str):
    message = refusal(tmp_path, f"[dtms]\n{assignment}\n")
    assert message.startswith(f"{tmp_path}/mine.toml:2: dtms.{assignment.partition(' = ')[0]} = ")
    assert reason in message
    assert message.count("\n") == 0, "one mistake, one line"


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("[dtms]\nhege_ratio = 0.4\n", "dtms.hedge_ratio"),
        ("[profile.live.dtms]\nautomatic = true\n", "dtms.automation"),
        ("[profile.paper.mt5]\nbackand = 1\n", "profile.paper.mt5.backend"),
        ("[mt5]\nlogin = 7\n", "profile.paper.mt5.login"),
    ],
)
def test_an_unknown_key_names_the_nearest(tmp_path: Path, text: str, nearest: str):
    assert refusal(tmp_path, text).endswith(f"nearest valid key: {nearest}")


def test_live_never_guesses_its_mt5_account(tmp_path: Path):
    text = '[profile.live.mt5]\nbackend = "bridge"\n'
    assert "live never guesses" in refusal(tmp_path, text), "checked while another profile runs"
    assert "live never guesses" in refusal(tmp_path, text, "live")
    file = tmp_path / "mine.toml"
    file.write_text(f"{text}login = 51774201\n", "utf-8")
    file.chmod(0o600)
    loaded = load(config_file=file, environ={}, flags={"general.profile": "live"})
    assert loaded.settings.mt5 is not None
    assert (loaded.settings.mt5.backend, loaded.settings.mt5.login) == ("bridge", 51774201)


@pytest.mark.parametrize("host", ["10.0.0.1", "winbox.example.com"])
def test_another_machine_needs_permission_and_a_plain_server_never_gets_it(
    tmp_path: Path, host: str
):
    table = f'[profile.paper.mt5]\nbackend = "bridge"\nhost = "{host}"\n'
    assert "SSH tunnel" in refusal(tmp_path, table)
    file = tmp_path / "mine.toml"
    file.write_text(f"{table}allow_remote = true\n", "utf-8")
    assert load(config_file=file, environ={}).settings.general.profile == "sim"
    classic = table.replace("bridge", "classic") + "allow_remote = true\n"
    assert "run any program there" in refusal(tmp_path, classic)


@pytest.mark.parametrize(
    "secret", ["7f3a" * 16, "canary-7f3a_canary-7f3a_canary-7f3a_canary12", "A7/+" * 10 + "abc="]
)
def test_a_key_written_in_place_of_its_file_is_refused_without_showing_it(
    tmp_path: Path, secret: str
):
    message = refusal(tmp_path, f'[profile.paper.mt5]\ntoken_file = "{secret}"\n')
    assert "profile.paper.mt5.token_file = •••: a secret is never a setting" in message
    assert secret not in message


@pytest.mark.parametrize("key", ["token", "password", "mt5_token"])
def test_the_bridge_takes_no_secret_from_the_file(tmp_path: Path, key: str):
    message = refusal(tmp_path, f'[profile.paper.mt5]\n{key} = "canary-7f3a"\n')
    assert "a secret is never a setting" in message
    assert "canary" not in message


def test_the_name_of_a_key_file_is_no_secret(tmp_path: Path):
    file = tmp_path / "mine.toml"
    name = "~/.local/state/hedgetui/mt5-bridge.token"
    file.write_text(f'[profile.paper.mt5]\ntoken_file = "{name}"\n', "utf-8")
    loaded = load(config_file=file, environ={}, flags={"general.profile": "paper"})
    assert loaded.settings.mt5 is not None
    assert loaded.settings.mt5.token_file == name


def test_bars_to_replay_need_a_symbol(tmp_path: Path):
    message = refusal(tmp_path, '[simulator]\nmt5_bars_csv = "btc.csv"\n')
    assert "mt5_bars_csv needs mt5_bars_symbol" in message
