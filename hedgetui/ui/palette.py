"""The command palette: every action by name, from the same registry as the keys.

Choosing an order verb here does what its key does: it opens a preview and nothing more.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider

from hedgetui.ui.actions import ACTIONS, Action, keys_shown

if TYPE_CHECKING:
    from hedgetui.ui.app import HedgeApp

HIDDEN = frozenset({"app.command", "app.back"})


def _line(action: Action) -> str:
    return f"{action.title}: {action.help}"


class ActionProvider(Provider):
    """Offers every action that has a handler."""

    async def discover(self) -> Hits:
        """Yield all of them, in the registry's order."""
        for action in self._offered():
            yield DiscoveryHit(
                _line(action), self._run(action), text=_line(action), help=self._note(action)
            )

    async def search(self, query: str) -> Hits:
        """Yield what matches by title, words or id."""
        matcher = self.matcher(query)
        for action in self._offered():
            score = max(matcher.match(_line(action)), matcher.match(action.id))
            if score > 0:
                yield Hit(
                    score,
                    matcher.highlight(_line(action)),
                    self._run(action),
                    text=_line(action),
                    help=self._note(action),
                )

    def _offered(self) -> list[Action]:
        return [action for action in ACTIONS if action.method and action.id not in HIDDEN]

    def _run(self, action: Action) -> partial[None]:
        return partial(self._hedge_app.act, action.id)

    def _note(self, action: Action) -> str:
        return f"{keys_shown(action, self._hedge_app.keymap_in_use)}   {action.id}"

    @property
    def _hedge_app(self) -> HedgeApp:
        app: HedgeApp = self.app  # type: ignore[assignment]
        return app


def open_palette(app: HedgeApp) -> None:
    """Show the palette over the screen."""
    app.push_screen(CommandPalette(providers=[ActionProvider], placeholder="Command"))
