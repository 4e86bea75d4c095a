"""The app: it holds the desk's port, hands keys to handlers and snapshots to the shell.

Everything it does goes one of two ways: a key names an action of the registry, whose handler
sends a command to the desk; a message of the bridge brings a snapshot, which the shell shows.
Waiting for the desk happens in workers that cannot end the program, one at a time for each verb.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import Monochrome, NoColor
from textual.worker import Worker, WorkerState

from hedgetui.domain.text import safe
from hedgetui.ports.desk import DeskPort, DeskSnapshot, Outcome
from hedgetui.ui import theme as themes
from hedgetui.ui.actions import ACTIONS, BY_ID
from hedgetui.ui.alerts import Bell, worth_a_bell
from hedgetui.ui.bridge import Bridge
from hedgetui.ui.crash import crash_line
from hedgetui.ui.dialogs.base import Dialog
from hedgetui.ui.glyphs import icon_set
from hedgetui.ui.handlers.accounts import TailKeys
from hedgetui.ui.handlers.balance import BalanceKeys
from hedgetui.ui.handlers.dtms import DefenceKeys
from hedgetui.ui.handlers.picks import Picks
from hedgetui.ui.handlers.stress import StressKeys
from hedgetui.ui.handlers.tables import TableKeys
from hedgetui.ui.handlers.take import TakeKeys
from hedgetui.ui.handlers.trade import TradeKeys
from hedgetui.ui.handlers.view import TabKeys, ViewKeys
from hedgetui.ui.hangup import LOOK_S, watched
from hedgetui.ui.keymap import read_keymap
from hedgetui.ui.messages import BridgeEnded, DeskMoved
from hedgetui.ui.notices import Notices
from hedgetui.ui.screens.shell import Shell
from hedgetui.ui.screens.status_text import Look
from hedgetui.ui.screens.tabs import TABS, tab_of
from hedgetui.ui.settings import UiSettings
from hedgetui.ui.terminal_diff import CellDiffApp

if TYPE_CHECKING:
    from hedgetui.ports.journal import LogRecord

Answer = TypeVar("Answer")

_LOG = logging.getLogger(__name__)
NOTE_S = 5.0


class HedgeApp(CellDiffApp[None], App[None], inherit_bindings=False):
    """The terminal console."""

    TITLE = "hedgetui"
    CSS_PATH = Path(__file__).with_name("styles") / "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            ",".join(action.keys), f"act('{action.id}')", action.title, show=False, id=action.id
        )
        for action in ACTIONS
        if action.method
    ]

    def __init__(
        self, desk: DeskPort, settings: UiSettings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare the screen of `desk`; `clock` times dialogs and the kill key, in seconds."""
        super().__init__()
        self.desk, self.settings, self.clock = desk, settings, clock
        self.animation_level = "none"
        self.look = Look(icon_set(settings.icons), settings.time_zone)
        self.keymap_in_use, self._problems = read_keymap(settings.keys)
        self.set_keymap(self.keymap_in_use)
        self.bridge = Bridge(desk, self.post_message, settings.fps)
        self.trade, self.view, self.take = TradeKeys(self), ViewKeys(self), TakeKeys(self)
        self.dtms, self.tails = DefenceKeys(self), TailKeys(self)
        self.balance, self.stress = BalanceKeys(self), StressKeys(self)
        self.tables, self.picks, self.tabs = TableKeys(self), Picks(self), TabKeys(self)
        self.notices = Notices(self._show_alarms)
        self.shell = Shell(
            self.look,
            log_rows=settings.log_rows,
            show_clock=settings.clock,
            keymap=self.keymap_in_use,
            notices=self.notices,
        )
        self.snapshot: DeskSnapshot | None = None
        self.paused = False
        self.previous_key = ""
        self._key = ""
        self._held: list[LogRecord] = []
        self._flights: set[str] = set()
        self._bell = Bell(allowed=settings.bell)
        self._use_themes(settings)

    def _use_themes(self, settings: UiSettings) -> None:
        """Register the theme files and choose one; a bad file is one notification."""
        usable, problems = themes.read_themes(settings.themes)
        for one in usable:
            self.register_theme(one)
        names = list(self.available_themes)
        chosen, problem = themes.choose(settings.theme, names, self.console.color_system)
        self.theme = chosen
        if self.no_color:
            without = themes.WithoutColours(lambda: self.native_ansi_color)
            self._filters = [
                without if isinstance(one, Monochrome | NoColor) else one for one in self._filters
            ]
        self.theme_names = [one.name for one in usable] or [themes.DEFAULT]
        self.theme_names += ["ansi-dark", "ansi-light"]
        self._problems += (*problems, *((problem,) if problem else ()))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Supply our colours, and the two Textual forgets, for every theme."""
        return themes.variable_defaults(self.current_theme)

    def get_default_screen(self) -> Shell:
        """Show the shell."""
        return self.shell

    def on_mount(self) -> None:
        """Start to read the desk; say what of the settings could not be used."""
        self.run_worker(self._watch_desk(), name="bridge", group="bridge", exit_on_error=False)
        self.set_interval(LOOK_S, watched(self, self._driver))
        for problem in self._problems:
            self.note(problem, warn=True)

    async def _watch_desk(self) -> None:
        """Read the desk until it ends, and say so on the screen."""
        why = "the desk has stopped"
        try:
            await self.bridge.run()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the screen must say it is blind
            why = f"{type(error).__name__}: {error}"
        self.post_message(BridgeEnded(why))

    def first_look(self) -> None:
        """Fill the shell before its first paint."""
        self.on_desk_moved(self.bridge.look())

    def on_desk_moved(self, message: DeskMoved) -> None:
        """Show a new state; while paused only alarms and dialogs take notice."""
        before, self.snapshot = self.snapshot, message.snapshot
        if worth_a_bell(before, message.snapshot, message.log) and self._bell.may_ring(
            self.clock()
        ):
            self.bell()
        for screen in self.screen_stack:
            if isinstance(screen, Dialog):
                screen.desk_moved(message.snapshot)
        if self.paused:
            self._held.extend(message.log)
            self._show_alarms()
        else:
            self.shell.show(message.snapshot, message.log)

    def _show_alarms(self) -> None:
        self.shell.show_alarms(self.snapshot)

    def on_bridge_ended(self, message: BridgeEnded) -> None:
        """Say in red that the picture is no longer true."""
        self.notices.put(Notices.ALARM, f"SCREEN OUT OF DATE: {safe(message.why, 80)}")

    def action_act(self, action_id: str) -> None:
        """Run an action of the registry; the only action a binding names."""
        self.act(action_id)

    def act(self, action_id: str) -> None:
        """Run an action by its id; unknown ids and widget actions do nothing."""
        action = BY_ID.get(action_id)
        if action is None or not action.method:
            return
        if not action.holds_on(self.shell.screen_name, {name for _, _, name in TABS}):
            key, title = tab_of(action.scope)
            self.note(f"{action.title} belongs to the {title} screen: {key} shows it")
            return
        handler, _, method = action.method.partition(".")
        getattr(getattr(self, handler), method)()

    def is_key(self, action_id: str, key: str) -> bool:
        """Tell whether a key is bound to an action right now."""
        chosen = self.keymap_in_use.get(action_id)
        return key in (chosen.split(",") if chosen else BY_ID[action_id].keys)

    def key_seen(self, key: str) -> None:
        """Remember the last two keys."""
        self.previous_key, self._key = self._key, key

    def fly(self, name: str, work: Coroutine[Any, Any, object]) -> None:
        """Run `work` in a worker unless one of that name is still running."""
        if name in self._flights:
            work.close()
            return
        self._flights.add(name)
        self.run_worker(self._fly(name, work), name=name, group="desk", exit_on_error=False)

    async def _fly(self, name: str, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        finally:
            self._flights.discard(name)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Turn a failed worker into a red notification: nothing may fail in silence."""
        if event.state is WorkerState.ERROR:
            error = event.worker.error
            self.note(f"{event.worker.name} failed: {type(error).__name__}: {error}", warn=True)
            if _LOG.hasHandlers():
                _LOG.error("worker %s failed", event.worker.name, exc_info=error)

    async def ask(self, dialog: Dialog[Answer]) -> Answer | None:
        """Show a dialog and wait for its answer; from a worker only."""
        return await self.push_screen_wait(dialog)

    def drop_dialogs(self) -> None:
        """Cancel every open dialog."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, Dialog):
                screen.cancel()

    def tell(self, outcome: Outcome) -> None:
        """Show the desk's answer in one line."""
        text = f"{outcome.message}  ({outcome.hint})" if outcome.hint else outcome.message
        if text:
            self.note(text, warn=not outcome.ok)

    def note(self, text: str, *, warn: bool = False) -> None:
        """Show a passing notification; never markup."""
        severity: Literal["information", "warning"] = "warning" if warn else "information"
        plain = self.look.icons.plain(safe(text))
        self.notify(plain, severity=severity, timeout=NOTE_S, markup=False)

    def loud(self, text: str) -> None:
        """Ring and keep a line in the banner until it is acknowledged."""
        if self._bell.may_ring(self.clock(), always=True):
            self.bell()
        self.notices.put("loud", text)

    def set_paused(self, *, on: bool) -> None:
        """Freeze the picture, or show everything that happened meanwhile."""
        self.paused = on
        held, self._held = self._held, []
        if on:
            self.notices.put("paused", "PAUSED: the picture stands still, the desk does not; p")
            return
        self.notices.drop("paused")
        if self.snapshot is not None:
            self.shell.show(self.snapshot, held)

    def use_icons(self, name: str) -> None:
        """Switch every sign on the screen to another alphabet."""
        self.look = replace(self.look, icons=icon_set(name))
        self.shell.use_look(self.look)
        self.note(f"icons {name}")

    def _fatal_error(self) -> None:
        """End without Textual's traceback: it prints locals, and those hold account numbers."""
        self.bell()
        error = self._exception
        if _LOG.hasHandlers():
            _LOG.critical("screen failed", exc_info=error)
        from rich.text import Text  # noqa: PLC0415 - only when all is lost

        self.panic(Text(crash_line(error)))
