"""Sessions, kept on the server: the cookie holds 256 random bits, the table their hash.

Ids are never logged. The time of the last use is kept in memory and written along with other writing:
a GET never writes, and pages stay readable while a long import holds the write lock.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from hashlib import sha256

from flask import Response, request

from shared.clock import Clock, Randomness
from shared.store.connection import Database
from shared.web import queries
from shared.web.queries import SessionRow

IDLE_S = 30 * 60
ABSOLUTE_S = 12 * 3600
PROOF_S = 600
"""How long a password or code that was typed counts for what wants a proof (ASVS 7.5.1)."""
_PER_ACCOUNT_MAX = 10
_TOUCH_AFTER_S = 60


@dataclass(frozen=True)
class User:
    """Who is logged in: the account as it stands now, and the session through which."""

    no: int
    name: str
    role: str
    petugas: str
    session: int
    proved_s: int
    area: str = ""
    has_code: bool = False


class Sessions:
    """Opens, finds and ends sessions. ``idle_s`` and ``absolute_s`` may only shorten the defaults."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        random: Randomness,
        cookie_suffix: str,
        idle_s: int = IDLE_S,
        absolute_s: int = ABSOLUTE_S,
    ) -> None:
        self._database = database
        self._clock = clock
        self._random = random
        self._suffix = cookie_suffix
        self._idle_s = min(idle_s, IDLE_S)
        self._absolute_s = min(absolute_s, ABSOLUTE_S)
        self._seen: dict[int, int] = {}

    def start(
        self, conn: sqlite3.Connection, account: int, address: str, agent: str, old_token: str | None = None
    ) -> str:
        """Open a session under a new id and return the token for the cookie; the old id is dead."""
        now_s = self._clock.now_s()
        # First of all: a number that becomes free may be given to the new session.
        for no, seen_s in list(self._seen.items()):
            queries.touch_session(conn, no, seen_s)
        self._seen.clear()
        if old_token:
            queries.end_session_by_hash(conn, _hash(old_token))
        token = self._random(32).hex()
        queries.add_session(conn, _hash(token), account, now_s, address[:64], agent[:160])
        queries.end_old_sessions(
            conn, account, now_s - self._idle_s, now_s - self._absolute_s, _PER_ACCOUNT_MAX
        )
        return token

    def find(self, token: str | None, may_write: bool = False) -> User | None:
        """Tell whose session a token is; None when it is unknown, ended, expired or of a stopped account.

        ``may_write``: the request changes something anyway, so its time may be stored.
        """
        if not token:
            return None
        with self._database.read() as conn:
            row = queries.find_session(conn, _hash(token))
        if row is None or self._is_expired(row):
            return None
        now_s = self._clock.now_s()
        if may_write and now_s - row.seen_s >= _TOUCH_AFTER_S:
            with self._database.write() as conn:
                queries.touch_session(conn, row.no, now_s)
            self._seen.pop(row.no, None)
        else:
            self._seen[row.no] = now_s
        return User(row.account, row.name, row.role, row.petugas, row.no, row.proved_s, row.area, bool(row.has_code))

    def end(self, conn: sqlite3.Connection, token: str) -> None:
        """End the session of a token."""
        queries.end_session_by_hash(conn, _hash(token))

    def end_one(self, conn: sqlite3.Connection, no: int) -> None:
        """End a session by its number, as an admin or its owner does from the list."""
        queries.end_session(conn, no)

    def end_all(self, conn: sqlite3.Connection, account: int, keep: int | None = None) -> None:
        """End the sessions of an account, all or all but one."""
        queries.end_sessions(conn, account, keep)

    def list_open(self, conn: sqlite3.Connection, account: int | None = None) -> list[SessionRow]:
        """List the sessions that still hold, of one account or of all."""
        return [row for row in queries.list_sessions(conn, account) if not self._is_expired(row)]

    def prove(self, conn: sqlite3.Connection, user: User) -> None:
        """Note that the password or the code was typed again in this session."""
        queries.prove_session(conn, user.session, self._clock.now_s())

    def is_proved(self, user: User, within_s: int = PROOF_S) -> bool:
        """Tell whether the password or code was typed lately; asked before exports and changes of keys."""
        return 0 <= self._clock.now_s() - user.proved_s <= within_s

    def cookie_name(self, secure: bool) -> str:
        """Name the cookie: browsers hold ``__Host-`` to https; plain HTTP in an office has another name.

        The suffix keeps two installations on one machine apart, since cookies do not know ports.
        """
        return f"{'__Host-' if secure else ''}sipande_{self._suffix}"

    def read_cookie(self) -> str | None:
        """Read the token that came with the current request."""
        return request.cookies.get(self.cookie_name(request.is_secure))

    def write_cookie(self, response: Response, token: str) -> None:
        """Hand a token to the browser, until it is closed."""
        secure = request.is_secure
        response.set_cookie(
            self.cookie_name(secure), token, path="/", secure=secure, httponly=True, samesite="Strict"
        )

    def remove_cookie(self, response: Response) -> None:
        """Take the token out of the browser."""
        secure = request.is_secure
        response.delete_cookie(
            self.cookie_name(secure), path="/", secure=secure, httponly=True, samesite="Strict"
        )

    def _is_expired(self, row: SessionRow) -> bool:
        # A time to come means that the clock was set back: then nobody knows how old the session is.
        now_s = self._clock.now_s()
        return not (
            -_TOUCH_AFTER_S <= now_s - max(row.seen_s, self._seen.get(row.no, 0)) <= self._idle_s
            and -_TOUCH_AFTER_S <= now_s - row.created_s <= self._absolute_s
        )


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()
