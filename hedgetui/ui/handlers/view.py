"""The verbs that only change what is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hedgetui.ui.glyphs import ICON_SETS
from hedgetui.ui.screens.tabs import neighbour

if TYPE_CHECKING:
    from hedgetui.ui.app import HedgeApp


class TabKeys:
    """The screens of one app, each by its name."""

    def __init__(self, app: HedgeApp) -> None:
        self._app = app

    def vega(self) -> None:
        """Show the Vega screen."""
        self._app.shell.show_screen("vega")

    def dtms(self) -> None:
        """Show the DTMS screen."""
        self._app.shell.show_screen("dtms")

    def balance(self) -> None:
        """Show the Balance screen."""
        self._app.shell.show_screen("balance")

    def accounts(self) -> None:
        """Show the Accounts screen."""
        self._app.shell.show_screen("accounts")

    def stress(self) -> None:
        """Show the Stress screen."""
        self._app.shell.show_screen("stress")

    def health(self) -> None:
        """Show the Health screen."""
        self._app.shell.show_screen("health")

    def following(self) -> None:
        """Show the next screen."""
        self._app.shell.show_screen(neighbour(self._app.shell.screen_name, 1))

    def previous(self) -> None:
        """Show the screen before."""
        self._app.shell.show_screen(neighbour(self._app.shell.screen_name, -1))


class ViewKeys:
    """View verbs of one app."""

    def __init__(self, app: HedgeApp) -> None:
        self._app = app

    def next_pane(self) -> None:
        """Focus the next pane."""
        self._app.shell.focus_next_pane(1)

    def previous_pane(self) -> None:
        """Focus the pane before."""
        self._app.shell.focus_next_pane(-1)

    def zoom(self) -> None:
        """Give the focused pane the whole screen, or take it back."""
        self._app.shell.zoom()

    def chart(self) -> None:
        """Show the next chart, or the next view of a stress test."""
        if self._app.stress.here:
            self._app.stress.next_view()
        else:
            self._app.shell.vega.next_chart()

    def log_size(self) -> None:
        """Cycle the log through hidden, 2 rows, its usual size, full."""
        self._app.shell.next_log_size()

    def log_follow(self) -> None:
        """Let the log follow new lines, or hold it still."""
        self._app.shell.log_dock.toggle_follow()

    def why(self) -> None:
        """Show inputs, rule and numbers behind the selected log line."""
        from hedgetui.ui.dialogs.explain import why_card  # noqa: PLC0415 - off the first paint

        record = self._app.shell.log_pane.chosen
        if record is None:
            self._app.note("there is no log line yet")
            return
        why = record.why or self._app.desk.explain(record.seq)
        if why:
            self._app.push_screen(why_card(record.text, why))
        else:
            self._app.note("nothing is recorded behind this line; Tab to the log, choose another")

    def pause(self) -> None:
        """Freeze the picture while data goes on, or let it run again."""
        self._app.set_paused(on=not self._app.paused)

    def theme(self) -> None:
        """Switch to the next theme."""
        names = self._app.theme_names
        at = names.index(self._app.theme) if self._app.theme in names else -1
        self._app.theme = names[(at + 1) % len(names)]
        self._app.note(f"theme {self._app.theme}")

    def icons(self) -> None:
        """Switch to the next alphabet of signs."""
        names = list(ICON_SETS)
        now = names.index(self._app.look.icons.name)
        self._app.use_icons(names[(now + 1) % len(names)])

    def redraw(self) -> None:
        """Repaint everything, after garbage on the terminal."""
        self._app.action_redraw()

    def palette(self) -> None:
        """Open the command palette."""
        from hedgetui.ui.palette import open_palette  # noqa: PLC0415 - off the first paint

        open_palette(self._app)

    def help(self) -> None:
        """Open the help overlay."""
        from hedgetui.ui.dialogs.help import HelpDialog  # noqa: PLC0415 - off the first paint

        self._app.push_screen(HelpDialog(self._app.snapshot))

    def back(self) -> None:
        """Undo the nearest view state; at the root, ask whether to quit."""
        if not self._app.shell.step_back() and not self._app.notices.drop("loud"):
            self.leave()

    def quit(self) -> None:
        """Copy selected text, or ask whether to quit."""
        selected = self._app.screen.get_selected_text()
        if selected:
            self._app.take.copy(selected, "selection")
        else:
            self.leave()

    def leave(self) -> None:
        """Ask whether to quit."""
        self._app.fly("quit", self._leave())

    async def _leave(self) -> None:
        from hedgetui.ui.dialogs.confirm_quit import quit_dialog  # noqa: PLC0415 - off first paint

        if await self._app.ask(quit_dialog(self._app.snapshot)):
            self._app.exit()
