"""A hub under many callers in virtual time: real requests, real hub code, and a clock that only the hub's work moves.

Every request is worked on by the real app. What it takes of the processor of its thread is measured, and so much
later, on the clock of the stage, the answer is there; meanwhile the others wait, in the order of their coming. So
neither the callers' own work nor anything else on the machine is in the figures. The hub is played as one that does
one thing at a time: worse than threads are for who comes while something long is worked on.
"""

from __future__ import annotations

import heapq
import itertools
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hub.ingest.gate import Gate
from hub.ingest.quota import Busy
from hub.ingest.turns import Place
from node.sinkron.transport import Answer
from shared.sync.limits import limit

START_S = 1_790_000_000
_LOOK_S = 0.02
"""A request that waits looks so often whether it may begin, as at the real gate."""
_FIXED_S = 0.00014


@dataclass
class StageClock:
    """The clock of everybody on a stage."""

    passed_s: float = 0.0

    def now_s(self) -> int:
        return START_S + int(self.passed_s)

    def monotonic_s(self) -> float:
        return self.passed_s


class StageGate(Gate):
    """The gate of the app on a stage, which has let a request pass already, or refuses it as the real one would."""

    is_refusing = False

    @contextmanager
    def pass_through(self, key: str) -> Iterator[None]:
        if self.is_refusing:
            raise Busy(2)
        yield


@dataclass
class _Cost:
    seconds: float = 0.0


@dataclass
class Pace:
    """Measures processor time on a machine whose pace changes with what else it does: in units of a fixed work."""

    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=31))

    @contextmanager
    def measure(self) -> Iterator[_Cost]:
        """Give what a block takes, in seconds of a machine that does the fixed work in 0.14 ms."""
        began_s = time.thread_time()
        sum(number * number for number in range(4000))
        self._recent.append(time.thread_time() - began_s)
        cost = _Cost()
        began_s = time.thread_time()
        yield cost
        cost.seconds = (time.thread_time() - began_s) * _FIXED_S / statistics.median(self._recent)


@dataclass(eq=False)
class _Job:
    key: str
    size: int
    work: Callable[[], Answer]
    done: Callable[[Answer], None]
    end_s: float
    place: Place | None = None


@dataclass
class Stage:
    """Callers are threads of which one runs at a time; with ``has_turns`` off, everybody is worked on as he comes."""

    clock: StageClock = field(default_factory=StageClock)
    has_turns: bool = True
    price: Callable[[int], float] | None = None
    """What a request of so many bytes takes, in seconds, where that shall be the same each time it is played."""
    gate: StageGate = field(init=False)
    worked_s: dict[str, float] = field(default_factory=dict)
    """How long was worked for each key."""
    _pace: Pace = field(default_factory=Pace)
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _baton: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _ready: deque[_Job] = field(default_factory=deque)
    _waiting: list[_Job] = field(default_factory=list)
    _is_busy: bool = False
    _is_looking: bool = False
    _failure: BaseException | None = None

    def __post_init__(self) -> None:
        self.gate = StageGate(self.clock.monotonic_s, lambda: 0.0)

    def add_caller(self, act: Callable[[], None]) -> None:
        """Let a caller act from now on, in a thread of its own."""
        mine = threading.Semaphore(0)

        def live() -> None:
            mine.acquire()
            try:
                act()
            except BaseException as error:
                self._failure = error
            finally:
                self._baton.release()

        threading.Thread(target=live, daemon=True).start()
        self._plan(0.0, lambda: self._hand_over(mine))

    def sleep(self, seconds: float) -> None:
        """Let a caller do nothing for a while."""
        mine = threading.Semaphore(0)
        self._plan(seconds, lambda: self._hand_over(mine))
        self._baton.release()
        mine.acquire()

    def ask(self, key: str, size: int, work: Callable[[], Answer]) -> Answer:
        """Let a caller wait for the answer to a request of so many bytes, which ``work`` hands to the app."""
        mine = threading.Semaphore(0)
        found: list[Answer] = []

        def done(answer: Answer) -> None:
            found.append(answer)
            self._hand_over(mine)

        self._arrive(_Job(key, size, work, done, self.clock.passed_s + limit("turn_wait_s_max")))
        self._baton.release()
        mine.acquire()
        return found[0]

    def play(self, seconds: float) -> None:
        """Go on until so many seconds have passed; raises what a caller raised."""
        end_s = self.clock.passed_s + seconds
        while self._events and self._events[0][0] <= end_s:
            self.clock.passed_s, _, act = heapq.heappop(self._events)
            act()
            if self._failure is not None:
                raise self._failure
            self._let_begin()
        self.clock.passed_s = end_s

    def _plan(self, wait_s: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.clock.passed_s + wait_s, next(self._numbers), act))

    def _hand_over(self, caller: threading.Semaphore) -> None:
        caller.release()
        self._baton.acquire()

    def _arrive(self, job: _Job) -> None:
        if not self.has_turns:
            self._ready.append(job)
            return
        try:
            job.place = self.gate.turns.come(job.key, self.clock.passed_s)
        except Busy:
            self._ready.append(job)
        else:
            self._waiting.append(job)

    def _let_begin(self) -> None:
        turns, now_s = self.gate.turns, self.clock.passed_s
        for job in list(self._waiting):
            assert job.place is not None
            if turns.begin(job.place, now_s):
                self._waiting.remove(job)
                self._ready.append(job)
            elif now_s >= job.end_s:
                turns.give_up(job.place)
                self._waiting.remove(job)
                job.place = None
                self._ready.append(job)
        if self._waiting and not self._is_looking:
            self._is_looking = True
            self._plan(_LOOK_S, self._look)
        if self._ready and not self._is_busy:
            self._work_on(self._ready.popleft())

    def _look(self) -> None:
        """Time alone opens the way too: behind every event is looked who may begin."""
        self._is_looking = False

    def _work_on(self, job: _Job) -> None:
        self._is_busy = True
        self.gate.is_refusing = self.has_turns and job.place is None
        with self._pace.measure() as cost:
            answer = job.work()
        if self.price is not None:
            cost.seconds = self.price(job.size)

        self.worked_s[job.key] = self.worked_s.get(job.key, 0.0) + cost.seconds

        def finish() -> None:
            self._is_busy = False
            if job.place is not None:
                self.gate.turns.end(job.place, cost.seconds, self.clock.passed_s)
            job.done(answer)

        self._plan(cost.seconds, finish)
