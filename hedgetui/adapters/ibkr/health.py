"""What is known about the link now, for people."""

from __future__ import annotations

from hedgetui.adapters.ibkr.connection import IbkrConnection
from hedgetui.adapters.ibkr.conversation import Conversation
from hedgetui.adapters.ibkr.quiet import LIBRARY_LOG
from hedgetui.domain.units import Timestamp
from hedgetui.ports.broker import LinkHealth


def health_of(
    connection: IbkrConnection,
    talk: Conversation | None,
    *,
    client: str,
    connected_at: Timestamp | None,
    reconnects: int,
) -> LinkHealth:
    """Return the health of a session, or of its absence."""
    if talk is None:
        return LinkHealth(
            client=client,
            peer=connection.peer,
            client_id=connection.client_id,
            connected_at=connected_at,
            reconnects=reconnects,
        )
    session, lines = talk.session, talk.subscriptions.lines
    return LinkHealth(
        client=client,
        peer=connection.peer,
        server=f"protocol {session.server_version}" if session.life.alive else "",
        client_id=connection.client_id,
        connected_at=connected_at,
        last_message_at=session.last_message_at,
        latency=talk.heartbeat.latency,
        reconnects=reconnects,
        clock_skew=talk.heartbeat.skew,
        data_type=talk.watchlist.worst_type,
        lines_used=lines.used,
        lines_budget=lines.budget,
        queued=session.pacer.queued,
        sent_last_second=session.pacer.sent_last_second,
        farms=talk.servers.farms,
        reasons=talk.reasons.texts,
        hints=(*talk.notes.hints, *_counted(talk)),
    )


def _counted(talk: Conversation) -> tuple[str, ...]:
    session = talk.session
    unreadable = session.unreadable + LIBRARY_LOG.unreadable - session.library_unreadable
    counts = (
        (unreadable, "messages of the broker could not be read"),
        (talk.watchlist.dropped, "prices of a future were not believed"),
    )
    return tuple(f"{number} {words}" for number, words in counts if number)
