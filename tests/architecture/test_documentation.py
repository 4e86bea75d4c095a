"""The pages tell the truth: what they name exists, and what exists is named."""

from __future__ import annotations

import importlib
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

import hedgetui
from hedgetui.config.reference import settings_markdown
from hedgetui.console.pages import safety_markdown

ROOT = Path(__file__).resolve().parents[2]
PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)*(?:/|\.(?:py|md|toml|lock|tcss|csv|json))(?![\w/])")
CODE = re.compile(r"```[a-z]*\n(?P<block>.*?)```|`(?P<inline>[^`\n]+)`", re.DOTALL)
COMMAND = re.compile(r"^\s*(?:\$ )?hedgetui\b(?P<rest>[^\n|#]*)", re.MULTILINE)
# Spelled in pieces, so that this file does not contain what it looks for.
FORBIDDEN = re.compile(
    "|".join(
        [
            r"py" + r"pi\.org",
            r"python" + r"hosted\.org",
            r"registry\.npm" + r"js",
            r"(?<![\w.])/(?:wo" + r"rk|fa" + r"rm|ro" + r"ot|opt/py" + r"pi)/",
            r"(?<![\w.])/(?:ho" + r"me|Us" + r"ers)/\w",
            r"/tm" + r"p/(?:ve" + r"nv|h)/",
        ],
    ),
)


@cache
def repository() -> tuple[str, ...]:
    """Every file of the repository, tracked or about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(name for name in listed.stdout.splitlines() if (ROOT / name).is_file())


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def code_in(page: str) -> list[str]:
    return [match["block"] or match["inline"] for match in CODE.finditer(page)]


def missing_paths(page: str, files: tuple[str, ...]) -> list[str]:
    """Paths named in code spans that are not the end of any file's or folder's path."""
    known = "\n".join(f"/{name}" for name in files) + "\n"
    named = {path for code in code_in(page) for path in PATH.findall(code)}
    return sorted(
        path
        for path in named
        if not (f"/{path}" in known if path.endswith("/") else f"/{path}\n" in known)
    )


def commands_in(page: str) -> set[tuple[str, ...]]:
    """The sub-command words of every `hedgetui ...` in a page's code spans."""
    found = set()
    for code in code_in(page):
        for match in COMMAND.finditer(code):
            words: list[str] = []
            for word in match["rest"].split():
                if not re.fullmatch(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", word):
                    break
                words.append(word)
            found.add(tuple(words))
    return found


def exit_code(arguments: list[str]) -> int:
    """What the command line answers."""
    main = importlib.import_module("hedgetui.cli").main
    try:
        return int(main(arguments) or 0)
    except SystemExit as done:
        return int(done.code or 0)


def test_the_architecture_page_is_short_and_names_only_what_exists():
    page = text("ARCHITECTURE.md")
    assert len(page.splitlines()) <= 200
    assert missing_paths(page, repository()) == []


def test_the_architecture_page_misses_no_package():
    page = text("ARCHITECTURE.md")
    folders = {
        parent.relative_to(ROOT)
        for path in (ROOT / "hedgetui").rglob("*.py")
        for parent in [path.parent]
    }
    assert Path("hedgetui") in folders
    missed = [str(folder) for folder in folders if not re.search(rf"\b{folder.name}\b", page)]
    assert sorted(missed) == []


def test_the_checks_of_this_file_see_what_is_wrong():
    page = (
        "`hedgetui/gone.py` and `domain/`\n```sh\n$ hedgetui vega size 47 --json\nhedgetui\n```\n"
    )
    assert missing_paths(page, ("hedgetui/domain/errors.py",)) == ["hedgetui/gone.py"]
    assert commands_in(page) == {("vega", "size"), ()}
    assert FORBIDDEN.search("see /ro" + "ot/x")
    assert FORBIDDEN.search("https://py" + "pi.org/simple")
    assert not FORBIDDEN.search("tests/wo" + "rk/x and src/ro" + "ot/y and ~/ho" + "me")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_command_of_a_page_exists(page: str, capsys: pytest.CaptureFixture[str]):
    commands = commands_in(text(page))
    answers = {words: exit_code([*words, "--help"]) for words in commands}
    capsys.readouterr()
    assert {words: code for words, code in answers.items() if code != 0} == {}


def test_the_readme_shows_commands_and_a_wrong_one_is_refused(capsys: pytest.CaptureFixture[str]):
    assert commands_in(text("README.md"))
    assert exit_code(["no-such-command", "--help"]) == 2
    capsys.readouterr()


def test_every_make_target_of_a_page_exists():
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md"):
        named = re.findall(r"make ([a-z-]+)", "\n".join(code_in(text(page))))
        assert named, page
        assert set(named) <= targets, page


def test_the_settings_page_is_what_the_program_generates():
    assert text("docs/config.md") == settings_markdown(), "run: make docs"


def test_the_keys_page_is_what_the_program_generates():
    actions = importlib.import_module("hedgetui.ui.actions")
    assert text("docs/keys.md") == actions.keys_markdown(), "run: make docs"


def test_no_file_names_a_package_index_or_a_machine():
    found = []
    for name in repository():
        raw = (ROOT / name).read_bytes()
        if b"\0" not in raw and (match := FORBIDDEN.search(raw.decode("utf-8", "replace"))):
            found.append(f"{name}: {match[0]}")
    assert found == []


def test_every_module_says_why_it_exists():
    silent = [
        name
        for name in repository()
        if name.startswith("hedgetui/") and name.endswith(".py")
        if not text(name).lstrip().startswith('"""')
    ]
    assert silent == []


def test_the_changelog_has_this_version_and_says_how_trading_changed():
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    assert version == hedgetui.__version__
    entry = re.search(
        rf"^## \[{re.escape(version)}\].*?(?=^## |\Z)",
        text("CHANGELOG.md"),
        re.MULTILINE | re.DOTALL,
    )
    assert entry, f"no entry for {version}"
    assert re.search(r"^### Trading behaviour\n+\S", entry[0], re.MULTILINE)


def test_the_safety_page_is_what_the_program_generates():
    assert text("docs/safety.md") == safety_markdown()
