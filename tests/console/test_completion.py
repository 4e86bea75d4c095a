"""Shell completion: made from the parser, so that it knows every verb and option."""

from __future__ import annotations

import subprocess

import pytest

from hedgetui.cli import parser
from hedgetui.console.completion import walk


def test_every_place_is_known():
    places = {place.path: {word.text for word in place.words} for place in walk(parser())}
    assert {"", "/vega", "/vega/size", "/journal/export", "/completion"} <= set(places)
    assert {"vega", "run", "--json", "--version"} <= places[""]
    assert {"--hedge", "--working", "--band"} <= places["/vega/size"]
    assert {"bash", "zsh", "fish"} <= places["/completion"]
    assert all(word.help for place in walk(parser()) for word in place.words)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_names_every_verb(hedgetui, shell):
    script = hedgetui("completion", shell).out
    for place in walk(parser()):
        assert place.path in script
        for word in place.words:
            assert word.text.lstrip("-") in script
    assert "whipsaw" in script


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ve"], {"vega"}),
        (["vega", "s"], {"size", "scan", "study"}),
        (["--json", "vega", "size", "--h"], {"--help", "--hedge"}),
        (["--profile", ""], {"sim", "paper", "live"}),
        (["demo", "--scenario", "tr"], {"trend", "trader"}),
        (["completion", "f"], {"fish"}),
        (["run", "--for", ""], set()),
    ],
)
def test_bash_completes(hedgetui, tmp_path, words, expected):
    script = tmp_path / "completion.bash"
    script.write_text(hedgetui("completion", "bash").out)
    line = " ".join(f"'{word}'" for word in ["hedgetui", *words])
    program = (
        f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; _hedgetui;"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert {word for word in done.stdout.split() if word} == expected


def test_bash_completes_files(hedgetui, tmp_path):
    script = tmp_path / "completion.bash"
    script.write_text(hedgetui("completion", "bash").out)
    program = (
        f"source {script}; COMP_WORDS=(hedgetui --db {tmp_path}/comp); COMP_CWORD=2; _hedgetui;"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(script)]
