"""The files of a profile, the first settings file, and what is shown of it."""

from __future__ import annotations

import stat
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest
import tomlkit

from hedgetui.config import Paths, load, narrow_umask, packaged
from hedgetui.config.edit import as_tree, init, redacted, show, template
from hedgetui.config.model import PROFILE_TABLES, SECTIONS, ConnectionSettings
from hedgetui.config.paths import locate, user_config
from hedgetui.config.reference import settings_markdown
from hedgetui.domain.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from pathlib import Path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_each_profile_has_files_of_its_own(tmp_path: Path):
    environ = {"XDG_STATE_HOME": str(tmp_path / "s"), "XDG_RUNTIME_DIR": str(tmp_path / "r")}
    paths = locate("paper", environ)
    assert paths == Paths("paper", tmp_path / "s/hedgetui", tmp_path / "r/hedgetui")
    assert paths.journal == tmp_path / "s/hedgetui/paper.db"
    assert paths.log == tmp_path / "s/hedgetui/paper-log.db"
    assert paths.exchange == tmp_path / "s/hedgetui/paper-exchange.jsonl"
    assert paths.lock == tmp_path / "s/hedgetui/paper.lock"
    assert paths.socket == tmp_path / "r/hedgetui/paper.sock"
    other = locate("live", environ)
    names = ("journal", "log", "exchange", "lock", "socket")
    assert not {getattr(paths, n) for n in names} & {getattr(other, n) for n in names}


def test_xdg_has_defaults_and_ignores_relative_folders(tmp_path: Path):
    environ = {"HOME": str(tmp_path), "XDG_STATE_HOME": "relative", "XDG_CONFIG_HOME": ""}
    paths = locate("sim", environ)
    assert paths.state == tmp_path / ".local/state/hedgetui"
    assert paths.runtime == paths.state / "run"
    assert user_config(environ) == tmp_path / ".config/hedgetui/config.toml"


def test_the_journal_can_live_elsewhere(tmp_path: Path):
    flags = {"store.directory": str(tmp_path / "desk")}
    assert load(environ={}, flags=flags).paths.journal == tmp_path / "desk/sim.db"


def test_folders_are_made_private_and_narrowed_when_they_are_not(tmp_path: Path):
    paths = Paths("sim", tmp_path / "a/b", tmp_path / "c")
    paths.runtime.mkdir(mode=0o755)
    paths.prepare()
    assert (mode(paths.state), mode(paths.runtime)) == (0o700, 0o700)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(StoreError, match="cannot use") as caught:
        Paths("sim", tmp_path / "file/state", tmp_path).prepare()
    assert "store.directory" in caught.value.hint


def test_a_narrow_umask_makes_every_file_private(tmp_path: Path):
    program = (
        "import pathlib, sys; from hedgetui.config import narrow_umask; narrow_umask(); "
        "pathlib.Path(sys.argv[1]).touch()"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path / "x.db"], check=True)
    assert mode(tmp_path / "x.db") == 0o600
    assert callable(narrow_umask)


def test_what_is_packaged_is_found():
    assert packaged("config.toml").is_file()
    assert len(list(packaged("themes").glob("*.toml"))) == 4


def test_the_template_changes_nothing_and_explains_everything(tmp_path: Path):
    file = tmp_path / "fresh/config.toml"
    init(file)
    assert mode(file) == 0o600
    assert load(config_file=file, environ={}).settings == load(environ={}).settings
    assert load(config_file=file, environ={}).origins == {}
    uncommented = packaged("config.toml").read_text("utf-8")
    assert file.read_text("utf-8").count("\n") == uncommented.count("\n")


def test_any_value_of_the_template_can_be_put_in_force():
    restored = [
        line.removeprefix("# ") if " = " in line and line.startswith("# ") else line
        for line in template().splitlines()
    ]
    kept = [line for line in restored if not line.startswith('"')]
    shipped = tomllib.loads(packaged("config.toml").read_text("utf-8"))
    assert tomllib.loads("\n".join(kept)) == shipped


def test_a_settings_file_is_never_overwritten(tmp_path: Path):
    file = tmp_path / "config.toml"
    file.write_text("[ui]\nfps = 9\n", "utf-8")
    with pytest.raises(ConfigError, match="stays as it is"):
        init(file)
    assert file.read_text("utf-8") == "[ui]\nfps = 9\n"
    link = tmp_path / "link.toml"
    link.symlink_to(tmp_path / "elsewhere.toml")
    with pytest.raises(ConfigError):
        init(link)
    assert not (tmp_path / "elsewhere.toml").exists()
    with pytest.raises(ConfigError, match=r"config\.toml exists"):
        init(file / "config.toml")


def test_show_is_the_settings_in_force_with_their_sources():
    environ = {
        "HEDGETUI_UI__FPS": "9",
        "HEDGETUI_PROFILE__PAPER__ACCOUNT": "DU7654321",
        "HEDGETUI_PROFILE__PAPER__MT5__LOGIN": "51774201",
    }
    flags = {"general.profile": "paper", "keys.trade": "f5"}
    shown = show(load(environ=environ, flags=flags))
    values = tomlkit.parse(shown).unwrap()
    assert "fps = 9 # from HEDGETUI_UI__FPS" in shown
    assert values["keys"] == {"trade": "f5"}
    assert values["vega"]["auto"] is False, "the profile's own value"
    assert values["profile"] == {
        "paper": {
            "host": "127.0.0.1",
            "port": 7497,
            "client_id": 17,
            "account": "DU•••4321",
            "allow_remote": False,
            "market_data_lines": 100,
            "heartbeat_s": 5.0,
            "connect_timeout_s": 10.0,
            "mt5": {
                "backend": "off",
                "host": "127.0.0.1",
                "port": 18812,
                "token_file": "",
                "terminal": "",
                "login": "•••4201",
                "allow_remote": False,
                "read_timeout_s": 5.0,
                "send_timeout_s": 15.0,
            },
        },
    }
    assert 'login = "•••4201" # from HEDGETUI_PROFILE__PAPER__MT5__LOGIN' in shown
    assert "7654321" not in shown
    assert "51774201" not in shown
    assert "# The band, in Δ$" in shown, "comments stay"


def test_show_of_the_simulator_has_no_connection():
    loaded = load(environ={})
    values = tomlkit.parse(show(loaded)).unwrap()
    assert "profile" not in values
    assert not {"connection", "mt5"} & set(as_tree(loaded))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("U7654321", "U•••4321"),
        ("DU12345678", "DU•••5678"),
        ("/srv/U7654321/x", "/srv/U•••4321/x"),
        ("12345678", "•••5678"),
        ("4002", "4002"),
        ("calm", "calm"),
        (7_654_321, 7_654_321),
    ],
)
def test_account_numbers_are_masked(text: object, shown: object):
    assert redacted(text) == shown


def test_the_packaged_file_names_every_key_of_every_model_with_a_comment():
    text = packaged("config.toml").read_text("utf-8")
    shipped = tomllib.loads(text)
    for name, model in SECTIONS.items():
        assert set(shipped[name]) == set(model.model_fields)
    for profile in ("paper", "live"):
        table = shipped["profile"][profile]
        own = set(table) - set(SECTIONS) - set(PROFILE_TABLES)
        assert own == set(ConnectionSettings.model_fields)
        for name, model in PROFILE_TABLES.items():
            assert set(table[name]) == set(model.model_fields)


def test_the_reference_explains_every_key():
    page = settings_markdown()
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) > 70
    assert all(len(row) == 4 and len(row[3]) > 5 for row in rows)
    assert "| `max_delta` | `10.0` | number above 0 to 10,000 |" in page
    assert "`[profile.live.vega]`" in page
