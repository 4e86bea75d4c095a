"""Both ends prove that they hold the token before any other byte is read.

The server sends its mark and a nonce; the client a nonce of its own and a keyed hash over both;
the server its own hash. The token never travels, so a stranger on the port learns nothing, and a
recorded conversation opens no other one.
"""

from __future__ import annotations

import hmac
import secrets
import socket
from typing import Final

from hedgetui.mt5bridge.errors import LinkDown

MARK: Final = b"hedgetui-mt5-1\r\n"
NONCE_BYTES: Final = 32
_HASH = "sha256"
_HASH_BYTES = 32


def admit(sock: socket.socket, token: bytes) -> bool:
    """Return whether the client holds the token; the socket has a timeout.

    Raises:
        OSError: the client went away or was too slow.
        EOFError: the same, at an end of its stream.
    """
    mine = secrets.token_bytes(NONCE_BYTES)
    sock.sendall(MARK + mine)
    theirs = _exactly(sock, NONCE_BYTES)
    proof = _exactly(sock, _HASH_BYTES)
    if not hmac.compare_digest(proof, _proof(token, b"client", mine, theirs)):
        return False
    sock.sendall(_proof(token, b"server", mine, theirs))
    return True


def prove(sock: socket.socket, token: bytes, peer: str) -> None:
    """Prove to the server that we hold the token, and make it prove the same.

    Raises:
        LinkDown: it is no bridge, it refuses us, or it does not hold the token itself.
    """
    try:
        greeting = _exactly(sock, len(MARK) + NONCE_BYTES)
        if not greeting.startswith(MARK):
            raise LinkDown(f"what listens at {peer} is not a bridge", written=False)
        theirs, mine = greeting[len(MARK) :], secrets.token_bytes(NONCE_BYTES)
        sock.sendall(mine + _proof(token, b"client", theirs, mine))
        answer = _exactly(sock, _HASH_BYTES)
    except TimeoutError:
        raise LinkDown(
            f"no bridge answers at {peer}",
            hint="Something listens there, but it does not greet as `hedgetui mt5-bridge` does. "
            'A plain rpyc server needs backend = "classic".',
            written=False,
        ) from None
    except (OSError, EOFError):
        raise LinkDown(
            f"the bridge at {peer} refuses us",
            hint="The token file here must be a copy of the one beside the terminal.",
            written=False,
        ) from None
    if not hmac.compare_digest(answer, _proof(token, b"server", theirs, mine)):
        raise LinkDown(f"what listens at {peer} does not hold the token", written=False)


def _proof(token: bytes, who: bytes, server_nonce: bytes, client_nonce: bytes) -> bytes:
    return hmac.digest(token, MARK + who + server_nonce + client_nonce, _HASH)


def _exactly(sock: socket.socket, count: int) -> bytes:
    got = bytearray()
    while len(got) < count:
        piece = sock.recv(count - len(got))
        if not piece:
            raise EOFError("the connection ended during the handshake")
        got += piece
    return bytes(got)
