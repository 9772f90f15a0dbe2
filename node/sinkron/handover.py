"""One log, handed over run by run: the next run is built while the hub works on the last."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from node.services import NodeServices
from node.sinkron.link import Link
from node.sinkron.refusal import Refused
from node.sinkron.transport import Answer
from shared.store.changes import Log, reach_of, signed_size
from shared.store.lines import Line
from shared.store.runs import RunSizer, build_fitting_run, encode_root, sign_size


class InlineExecutor(Executor):
    """Runs at once in the calling thread; for the simulator and small sessions."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


def hand_over(
    services: NodeServices,
    log: Log,
    start: int,
    *,
    link: Link,
    sizer: RunSizer,
    receiver: bytes,
    send: Callable[[bytes], Future[Answer]],
    keep: Callable[[Log, Answer | None], None],
    line: Line | None = None,
) -> None:
    """Send one log from ``start`` on to whom has the seal key ``receiver``; ``keep`` gets each answer.

    ``line`` is for a second history of it that is kept here. Raises what ``send`` and ``keep`` raise. A fork of
    somebody else's log is raised at the end: the hub keeps the second history run by run; ``keep`` gets None then.
    """
    end_max = reach_of(log) if line is None else line.size
    if log.own and line is None:
        services.anchor.raise_to(log.id, log.size, encode_root(log.root()))
    in_flight: Future[Answer] | None = None
    fork: Refused | None = None
    try:
        while start < end_max or in_flight is not None:
            run = None
            if start < end_max:
                end = min(end_max, start + sizer.count(link.run_bytes))
                run, end = build_next(services, log, start, end, link.codec, receiver, line)
                sizer.learn(end - start, len(run))
            answer = _wait(in_flight, may_fork=line is not None or not log.own)
            in_flight = None if run is None else send(run)
            if run is not None:
                start = end
            if isinstance(answer, Refused):
                fork = answer
                keep(log, None)
            elif answer is not None:
                # The receipt is checked and stored while the hub works on the next run already.
                keep(log, answer)
    finally:
        if in_flight is not None:
            in_flight.exception()  # nothing else may use the connection before it has come back
    if fork is not None:
        raise fork


def _wait(in_flight: Future[Answer] | None, may_fork: bool) -> Answer | Refused | None:
    try:
        return None if in_flight is None else in_flight.result()
    except Refused as error:
        if error.code != "fork" or not may_fork:
            raise
        return error


def build_next(
    services: NodeServices, log: Log, start: int, end: int, codec: str, receiver: bytes, line: Line | None = None
) -> tuple[bytes, int]:
    """Build the run from ``start`` towards ``end``; also tell where it ends: large changes are fewer in a run."""
    def note_for(end: int) -> tuple[bytes, int]:
        if line is not None:
            return line.note
        if log.own:
            return sign_size(conn, log, end, services.signer(log)), end
        assert log.checkpoint is not None
        return log.checkpoint, signed_size(log)

    with services.database.read() as conn:
        return build_fitting_run(
            conn, log, start, end, note_for=note_for, codec=codec, receiver=receiver, line=line
        )
