"""Where settings come from, which source wins, and how every mistake is named."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.config import Loaded, load
from hedgetui.domain.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.toml"


def refusal(file: Path, text: str, environ: dict[str, str] | None = None) -> str:
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(config_file=file, environ=environ or {})
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_without_any_source_the_packaged_defaults_hold():
    loaded = load(environ={})
    settings = loaded.settings
    assert loaded.file is None
    assert loaded.origins == {}
    assert settings.connection is None
    assert (settings.general.profile, settings.ui.fps) == ("sim", 4)
    assert (settings.vega.preset, settings.vega.max_delta, settings.vega.auto) == (
        "balanced",
        10.0,
        True,
    )
    assert (settings.risk.max_order_contracts, settings.risk.max_net_contracts) == (5, 20)
    assert (settings.risk.orders_per_minute, settings.risk.orders_per_day) == (10, 60)
    assert (settings.risk.throttle_hedges, settings.risk.throttle_minutes) == (6, 10.0)
    assert settings.simulator.start == datetime(2025, 11, 19, 14, 31, tzinfo=UTC)


def test_the_default_fees_give_the_reference_cost_of_a_hedge():
    fees = load(environ={}).settings.simulator
    contracts, sides = 2, 2
    assert contracts * sides * fees.future_fee_per_side == 1.00
    assert fees.option_fee_per_side == 0.0


def test_flags_beat_environment_beats_file_beats_package(file: Path):
    file.write_text("[ui]\nfps = 5\nlog_rows = 7\nclock = false\n", "utf-8")
    environ = {"HEDGETUI_UI__FPS": "8", "HEDGETUI_UI__LOG_ROWS": "9"}
    loaded = load(config_file=file, environ=environ, flags={"ui.fps": 10})
    ui = loaded.settings.ui
    assert (ui.fps, ui.log_rows, ui.clock, ui.bell) == (10, 9, False, True)
    assert loaded.origins == {
        "ui.fps": "command line",
        "ui.log_rows": "HEDGETUI_UI__LOG_ROWS",
        "ui.clock": f"{file}:4",
    }


def test_the_file_is_the_flag_else_the_variable_else_the_xdg_one(tmp_path: Path):
    xdg = tmp_path / "cfg" / "hedgetui" / "config.toml"
    xdg.parent.mkdir(parents=True)
    named, flagged = tmp_path / "named.toml", tmp_path / "flagged.toml"
    for path, fps in ((xdg, 1), (named, 2), (flagged, 3)):
        path.write_text(f"[ui]\nfps = {fps}\n", "utf-8")
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "cfg")}
    assert load(environ=environ).settings.ui.fps == 1
    environ["HEDGETUI_CONFIG"] = str(named)
    assert load(environ=environ).settings.ui.fps == 2
    assert load(environ=environ, config_file=flagged).settings.ui.fps == 3


def test_the_current_folder_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "config.toml").write_text("[ui]\nfps = 29\n", "utf-8")
    (tmp_path / "hedgetui.toml").write_text("[ui]\nfps = 29\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert load(environ={"HOME": str(tmp_path / "home")}).settings.ui.fps == 4


@pytest.mark.parametrize(
    ("preset", "max_delta", "auto"),
    [
        ("conservative", 5.0, True),
        ("balanced", 10.0, True),
        ("learning", 15.0, False),
        ("aggressive", 20.0, False),
    ],
)
def test_a_preset_sets_band_and_auto(file: Path, preset: str, max_delta: float, auto: bool):
    file.write_text(f'[vega]\npreset = "{preset}"\n', "utf-8")
    vega = load(config_file=file, environ={}).settings.vega
    assert (vega.max_delta, vega.auto) == (max_delta, auto)


def test_a_value_beside_the_preset_wins_and_a_stronger_preset_beats_it(file: Path):
    file.write_text('[vega]\nmax_delta = 12.5\npreset = "aggressive"\nauto = true\n', "utf-8")
    vega = load(config_file=file, environ={}).settings.vega
    assert (vega.max_delta, vega.auto) == (12.5, True)
    stronger = {"HEDGETUI_VEGA__PRESET": "conservative"}
    assert load(config_file=file, environ=stronger).settings.vega.max_delta == 5.0


def test_a_profile_brings_its_connection_and_overrides_sections(file: Path):
    file.write_text(
        '[vega]\nauto = true\n[profile.paper]\nport = 4002\naccount = "DU7654321"\n'
        "[profile.paper.risk]\nmax_order_contracts = 2\n",
        "utf-8",
    )
    loaded = load(config_file=file, environ={}, flags={"general.profile": "paper"})
    connection = loaded.settings.connection
    assert connection is not None
    assert (connection.host, connection.port) == ("127.0.0.1", 4002)
    assert loaded.settings.risk.max_order_contracts == 2
    assert not loaded.settings.vega.auto, "automatic hedging has to be asked for per profile"
    assert loaded.paths.journal.name == "paper.db"
    assert load(config_file=file, environ={}).settings.risk.max_order_contracts == 5


def test_live_is_off_and_protected_until_asked(file: Path):
    file.write_text('[general]\nprofile = "live"\n', "utf-8")
    file.chmod(0o600)
    settings = load(config_file=file, environ={}).settings
    assert not settings.vega.enabled
    assert not settings.vega.auto
    assert settings.vega.order_type == "protected"
    assert settings.vega.entry_style == "combo"
    assert settings.connection is not None
    assert settings.connection.account == ""


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_live_refuses_a_file_others_can_touch(file: Path, mode: int):
    file.write_text("", "utf-8")
    file.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        load(config_file=file, environ={}, flags={"general.profile": "live"})
    assert load(config_file=file, environ={}).settings.general.profile == "sim"


@pytest.mark.parametrize(
    ("text", "line", "key", "nearest"),
    [
        ("[vega]\nmax_dleta = 3\n", 2, "vega.max_dleta", "vega.max_delta"),
        ("[vga]\nauto = true\n", 2, "vga.auto", "vega.auto"),
        ("[vga]\nauot = true\n", 2, "vga.auot", "vega.auto"),
        ("[risk]\n\nmax_cost = 2.0\n", 3, "risk.max_cost", "vega.max_cost"),
        ("fps = 3\n", 1, "fps", "ui.fps"),
        ("[profile.live]\nprt = 1\n", 2, "profile.live.prt", "profile.live.port"),
        ("[profile.liv]\nport = 1\n", 2, "profile.liv.port", "profile.live"),
        ("[profile.live.vega]\nrtio = 1.0\n", 2, "profile.live.vega.rtio", "vega.ratio"),
    ],
)
def test_an_unknown_key_names_file_key_and_nearest(
    file: Path,
    text: str,
    line: int,
    key: str,
    nearest: str,
):
    message = refusal(file, text)
    assert message.startswith(f"{file}:{line}: {key} = ")
    assert message.endswith(f"nearest valid key: {nearest}")


@pytest.mark.parametrize(
    ("assignment", "reason"),
    [
        ("max_delta = nan", "finite"),
        ("max_delta = inf", "finite"),
        ("max_delta = -inf", "finite"),
        ("max_delta = 0.0", "greater than 0"),
        ("max_delta = true", "valid number"),
        ('max_delta = "10"', "valid number"),
        ("chase_steps = 1.5", "valid integer"),
        ("ratio = 1.5", "less than or equal to 1"),
        ('band = "fxed"', "nearest: fixed"),
        ("dte_min = 61", "dte_min 61 is above dte_max 60"),
        ("delta_min = 0.4", "delta_min 0.4 is not below delta_max 0.4"),
    ],
)
def test_a_bad_value_names_line_key_value_and_reason(file: Path, assignment: str, reason: str):
    key, _, value = assignment.partition(" = ")
    message = refusal(file, f"[vega]\n{assignment}\n")
    shown = {"true": "True"}.get(value, value.replace('"', "'"))
    assert message.startswith(f"{file}:2: vega.{key} = {shown}: ")
    assert reason in message
    assert message.count("\n") == 0, "one mistake, one line"


@pytest.mark.parametrize("zone", ["America/Chicgo", "/etc/passwd", "../x", "\\u0000"])
def test_a_time_zone_has_to_exist(file: Path, zone: str):
    message = refusal(file, f'[ui]\ntime_zone = "{zone}"\n')
    assert "no such time zone; nearest: " in message
    if zone == "America/Chicgo":
        assert message.endswith("nearest: America/Chicago")


def test_limits_that_do_not_nest_are_refused(file: Path):
    message = refusal(file, "[risk]\nmax_order_contracts = 21\n")
    assert f"{file}:2: risk.max_order_contracts = 21" in message
    assert "max_order_contracts 21 is above max_net_contracts 20" in message


def test_every_problem_is_reported_at_once(file: Path):
    message = refusal(
        file,
        '[ui]\nfps = 0\nmouse = "of"\n[profile.live]\nport = 70000\n',
        {"HEDGETUI_UI__ICNS": "ascii"},
    )
    assert [line.split(" = ")[0] for line in message.splitlines()] == [
        f"{file}:2: ui.fps",
        f"{file}:3: ui.mouse",
        "HEDGETUI_UI__ICNS: ui.icns",
        f"{file}:5: profile.live.port",
    ]


def test_a_table_written_as_a_value_is_one_problem(file: Path):
    for text, key in (("vega = 3\n", "vega"), ("[profile.live]\nvega = 3\n", "profile.live.vega")):
        message = refusal(file, text)
        assert message.endswith(f"{key} = 3: must be a table, as in [{key}]")
        assert message.count("\n") == 0
    assert "no such profile table" in refusal(file, "profile = 3\n")


def test_a_syntax_error_names_its_line(file: Path):
    message = refusal(file, "[ui]\nfps = \n")
    assert message.startswith(f"{file}: ")
    assert "line 2" in message


def test_a_file_that_cannot_be_read_is_named(file: Path, tmp_path: Path):
    with pytest.raises(ConfigError, match=r"mine\.toml: No such file"):
        load(config_file=file, environ={})
    with pytest.raises(ConfigError, match="Is a directory"):
        load(config_file=tmp_path, environ={})
    file.write_bytes(b"[ui]\ntheme = '\xff'\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(config_file=file, environ={})


@pytest.mark.parametrize("key", ["password", "api_token", "SECRET", "passphrase"])
def test_a_key_that_asks_for_a_secret_is_refused_without_showing_it(file: Path, key: str):
    message = refusal(file, f'[profile.live]\n{key} = "canary-7f3a"\n')
    assert f"profile.live.{key} = •••" in message
    assert "canary-7f3a" not in message
    with pytest.raises(ConfigError) as caught:
        load(environ={f"HEDGETUI_STORE__{key.upper()}": "canary-7f3a"})
    assert "canary-7f3a" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_needs_no_permission(host: str):
    flags = {"profile.paper.host": host, "general.profile": "paper"}
    connection = load(environ={}, flags=flags).settings.connection
    assert connection is not None
    assert connection.host == host


@pytest.mark.parametrize(
    "host",
    ["10.0.0.1", "tws.example.com", "255.255.255.255", "127.0.0.1.example.com"],
)
def test_another_machine_needs_permission(file: Path, host: str):
    table = f'[profile.paper]\nhost = "{host}"\n'
    assert "SSH tunnel" in refusal(file, table)
    file.write_text(f"{table}allow_remote = true\n", "utf-8")
    assert load(config_file=file, environ={}).settings.general.profile == "sim"


def test_values_of_the_environment_are_toml_with_optional_quotes():
    environ = {
        "HEDGETUI_GENERAL__PROFILE": "paper",
        "HEDGETUI_UI__ASCII": "true",
        "HEDGETUI_VEGA__MAX_DELTA": "7",
        "HEDGETUI_STORE__DIRECTORY": "/srv/my desk",
        "HEDGETUI_SIMULATOR__SCENARIO": '"calm"',
        "HEDGETUI_PROFILE__PAPER__PORT": "4002",
        "HEDGETUI_UNRELATED": "ignored: no section",
    }
    settings = load(environ=environ).settings
    assert settings.ui.ascii
    assert settings.vega.max_delta == 7.0
    assert settings.store.directory == "/srv/my desk"
    assert settings.simulator.scenario == "calm"
    assert settings.connection is not None
    assert settings.connection.port == 4002


def test_action_ids_keep_their_dots(file: Path):
    file.write_text('[keys]\n"trade.hedge" = "f5"\nnav.prev = "p"\n', "utf-8")
    assert load(config_file=file, environ={}).settings.keys == {
        "trade.hedge": "f5",
        "nav.prev": "p",
    }


def test_settings_cannot_be_changed_after_the_check():
    settings = load(environ={}).settings
    with pytest.raises(ValueError, match="frozen"):
        settings.vega.max_delta = 1_000.0


@pytest.mark.parametrize("text", ["\\u001b[2J", "\\u202e", "\\u200b", "\\u0007"])
def test_text_that_steers_a_terminal_is_refused_and_not_echoed(file: Path, text: str):
    message = refusal(file, f'[simulator]\nscenario = "{text}"\n"{text}" = 1\n')
    assert all(line.isprintable() for line in message.splitlines())
    assert "cannot be shown" in message


def outcome(**sources: dict[str, str] | dict[str, object]) -> Loaded | str:
    """What loading gives: the settings, or the words of the refusal."""
    try:
        return load(**({"environ": {}} | sources))
    except ConfigError as error:
        return str(error)


@given(st.text(max_size=80))
def test_no_environment_value_crashes_the_loader(text: str):
    loaded = outcome(environ={"HEDGETUI_VEGA__MAX_DELTA": text, "HEDGETUI_UI__THEME": text})
    if isinstance(loaded, str):
        assert all(line.isprintable() for line in loaded.splitlines())
    else:
        assert 0 < loaded.settings.vega.max_delta <= 10_000
        assert loaded.settings.ui.theme.isprintable()


@given(st.floats(), st.sampled_from(["max_delta", "target", "ratio", "max_cost", "leg_grace_s"]))
def test_only_finite_numbers_in_range_get_in(number: float, key: str):
    loaded = outcome(flags={f"vega.{key}": number})
    if isinstance(loaded, str):
        assert f"command line: vega.{key} = " in loaded
    else:
        assert getattr(loaded.settings.vega, key) == number
        assert abs(number) < 1e13
