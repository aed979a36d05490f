"""Whose turn it is, and who waits in vain: the queue under a clock that a test moves."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from solver.errors import Overloaded
from solver.service.queue import RETRY_LEAST, FairQueue, Turn


@dataclass
class Desk:
    """A queue and its workers, and how long each call really takes."""

    queue: FairQueue = field(init=False)
    now: float = 0.0
    workers: int = 1
    places: int = 100
    room: int = 10**9
    share: float = 1.0
    served: list[tuple[str, float, float]] = field(default_factory=list)
    """Caller, arrival and beginning of each call that has begun."""
    takes: dict[Turn, float] = field(default_factory=dict)
    arrived: dict[Turn, float] = field(default_factory=dict)
    running: dict[Turn, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.queue = FairQueue(self.workers, self.places, self.room, self.share, lambda: self.now)

    def call(
        self,
        caller: str,
        takes: float,
        *,
        size: int = 0,
        allowed: float = 100.0,
        waits: float = 1e6,
        dated: bool = False,
    ) -> Turn:
        """A call comes."""
        turn = Turn(caller, "place", size, allowed, self.now + waits, dated)
        self.takes[turn], self.arrived[turn] = takes, self.now
        self.queue.enter(turn, at_once=len(self.running) < self.workers)
        self.hand_out()
        return turn

    def hand_out(self) -> None:
        while len(self.running) < self.workers:
            turn = self.queue.next()
            if turn is None:
                return
            self.running[turn] = self.now + self.takes[turn]
            self.served.append((turn.caller, self.arrived[turn], self.now))

    def until(self, moment: float) -> None:
        """Time goes on."""
        while self.running and min(self.running.values()) <= moment:
            turn = min(self.running, key=self.running.__getitem__)
            self.now = self.running.pop(turn)
            self.queue.ended(turn)
            self.hand_out()
        self.now = moment

    def waits_of(self, caller: str) -> list[float]:
        """Seconds that the calls of a caller have waited."""
        return [began - arrived for who, arrived, began in self.served if who == caller]


def test_a_callers_calls_are_in_order() -> None:
    """Whatever they take."""
    desk = Desk()
    turns = [desk.call("a", takes) for takes in (5, 9, 1, 4)]
    desk.until(100)
    assert [desk.arrived[turn] for turn in turns] == [0, 0, 0, 0]
    assert [began for _, _, began in desk.served] == [0, 5, 14, 15]


def test_another_callers_small_call_waits_for_one_running_call() -> None:
    """A caller with 50 calls of 10 s delays another's call by what is left of the one that runs."""
    desk = Desk()
    for _ in range(50):
        desk.call("flood", 10)
    desk.until(3)
    desk.call("small", 0.01)
    desk.until(20)
    assert desk.waits_of("small") == [7]


def test_a_small_caller_keeps_its_turn_while_it_has_had_less() -> None:
    """One call after the other, each as soon as the last has its answer: none waits for more than one running call."""
    desk = Desk()
    for _ in range(50):
        desk.call("flood", 10)
    for _ in range(20):
        desk.call("small", 0.01)
        desk.until(desk.now + 11)
    assert len(desk.waits_of("small")) == 20
    assert max(desk.waits_of("small")) <= 10


def test_callers_who_always_wait_get_equal_time() -> None:
    """Calls of 4 s and calls of 1 s: each caller gets half of the time, within one call."""
    desk = Desk(places=1000)
    for _ in range(200):
        desk.call("long", 4)
        desk.call("short", 1)
    desk.until(200)
    shares = {
        who: sum(length for caller, _, _ in desk.served if caller == who) for who, length in (("long", 4), ("short", 1))
    }
    assert abs(shares["long"] - shares["short"]) <= 5


def test_nobody_saves_up_turns() -> None:
    """A caller who was silent for long gets no more than its part when it comes back."""
    desk = Desk(places=1000)
    for _ in range(100):
        desk.call("steady", 1)
    desk.until(50)
    for _ in range(20):
        desk.call("late", 1)
    desk.until(70)
    after = [caller for caller, _, began in desk.served if began >= 50]
    assert abs(after.count("late") - after.count("steady")) <= 2


def test_ever_new_callers_do_not_starve_one_who_has_had_much() -> None:
    """A caller who has had 10 s is served again although a caller who has had nothing comes all the time."""
    desk = Desk()
    desk.call("much", 10)
    desk.call("much", 1)
    for k in range(400):
        desk.call(f"new-{k}", 0.1)
        desk.until(desk.now + (10 if k == 0 else 0.1))
    (_, second) = desk.waits_of("much")
    assert second <= 10 + 2 * 10 + 1


@pytest.mark.parametrize("seed", range(20))
def test_every_call_is_served(seed: int) -> None:
    """Random callers, lengths and moments on several workers: every call begins, once, and none long after its turn."""
    chance = random.Random(seed)
    desk = Desk(workers=chance.randint(1, 3), places=1000)
    work = 0.0
    for _ in range(300):
        takes = chance.choice((0.01, 0.1, 1.0, 8.0))
        work += takes
        desk.call(f"c{chance.randint(0, 5)}", takes)
        desk.until(desk.now + chance.expovariate(1.0))
    desk.until(desk.now + work)
    assert len(desk.served) == 300
    assert len(desk.queue) == desk.queue.size == 0


def test_no_worker_idles_while_a_call_waits() -> None:
    """Two workers, calls of one second: four calls take two seconds."""
    desk = Desk(workers=2)
    for _ in range(4):
        desk.call("a", 1)
    desk.until(5)
    assert [began for _, _, began in desk.served] == [0, 0, 1, 1]


def test_so_many_calls_wait_and_no_more() -> None:
    """One call beyond the places is refused, and says when to come back."""
    desk = Desk(places=2)
    for _ in range(3):
        desk.call("a", 10)
    with pytest.raises(Overloaded, match="2 calls wait") as refused:
        desk.call("b", 1)
    assert desk.queue.refused == {"calls": 1}
    assert refused.value.retry_seconds >= RETRY_LEAST


def test_so_many_bytes_wait_and_no_more() -> None:
    """The bytes of what waits are bounded together; what runs does not count."""
    desk = Desk(room=100)
    desk.call("a", 10, size=1000)
    desk.call("a", 10, size=60)
    desk.call("b", 10, size=40)
    with pytest.raises(Overloaded, match="100 bytes wait"):
        desk.call("c", 1, size=1)
    desk.until(10)
    desk.call("c", 1, size=1)


def test_one_caller_takes_its_share_of_the_places() -> None:
    """Half of ten places: the sixth waiting call of a caller is refused, another caller's is not."""
    desk = Desk(places=10, share=0.5)
    for _ in range(6):
        desk.call("flood", 10)
    with pytest.raises(Overloaded, match="5 calls of this caller"):
        desk.call("flood", 10)
    for _ in range(5):
        desk.call("other", 1)
    assert desk.queue.refused == {"share": 1}


def test_one_caller_takes_its_share_of_the_bytes() -> None:
    """Half of the bytes, but one call in any case."""
    desk = Desk(room=100, share=0.5)
    desk.call("a", 10)
    desk.call("a", 10, size=80)
    with pytest.raises(Overloaded, match="of this caller"):
        desk.call("a", 10, size=1)


def test_a_call_that_would_wait_in_vain_is_refused_at_once() -> None:
    """Once calls are known to take 10 s, one that can wait 5 s is refused, and told when it would have been taken."""
    desk = Desk()
    desk.call("a", 10)
    desk.until(10)
    desk.call("a", 10)
    with pytest.raises(Overloaded, match="10.0 s of work") as refused:
        desk.call("a", 10, waits=5)
    assert refused.value.retry_seconds == pytest.approx(5)
    assert desk.queue.refused == {"work": 1}
    desk.until(16)
    desk.call("a", 10, waits=5)


def test_calls_that_differ_leave_less_room_to_wait() -> None:
    """Calls of 1 s and 3 s by turns, of which one runs: one that must begin in 3 s is refused, since that may take longer; one
    that can wait for a late end, or has no deadline, is not."""
    desk = Desk()
    for k in range(30):
        desk.call("a", 1 + 2 * (k % 2))
        desk.until(desk.now + 3)
    desk.call("a", 2)
    with pytest.raises(Overloaded, match="it can wait less"):
        desk.call("a", 2, waits=6, dated=True)  # Half of it is kept for a first plan.
    desk.call("a", 2, waits=3)
    desk.call("a", 2, waits=20, dated=True)


def test_a_call_that_was_told_to_stop_is_about_to_end() -> None:
    """However long calls like it take: one that can wait a moment is let in."""
    desk = Desk()
    for k in range(10):
        desk.call("a", 5 + 5 * (k % 2))
        desk.until(desk.now + 10)
    runs = desk.call("a", 10)
    desk.until(desk.now + 1)
    with pytest.raises(Overloaded):
        desk.call("a", 1, waits=0.5)
    desk.queue.stopping(runs)
    desk.call("a", 1, waits=0.5)


def test_nothing_is_refused_for_work_that_nobody_knows() -> None:
    """Before any call has ended, time limits alone refuse nothing: most searches end long before theirs."""
    desk = Desk()
    for _ in range(5):
        desk.call("a", 0.01, allowed=60, waits=1)
    desk.until(1)
    assert len(desk.served) == 5


def test_a_time_limit_bounds_what_is_expected() -> None:
    """A caller whose calls took 10 s and who now asks for 1 s is expected to take 1 s."""
    desk = Desk()
    desk.call("a", 10)
    desk.until(10)
    desk.call("a", 1, allowed=1)
    desk.call("a", 1, allowed=1, waits=1.5)
    desk.until(13)
    assert desk.waits_of("a") == [0, 0, 1]


def test_the_work_of_others_is_not_in_front() -> None:
    """A caller who has had nothing comes before the flood, so the flood's work refuses it nothing."""
    desk = Desk()
    desk.call("flood", 10)
    desk.until(10)
    for _ in range(20):
        desk.call("flood", 10)
    desk.until(18)
    desk.call("small", 0.01, waits=3)
    with pytest.raises(Overloaded):
        desk.call("flood", 10, waits=3)
    desk.until(21)
    assert desk.waits_of("small") == [2]


def test_a_call_that_leaves_costs_nothing() -> None:
    """Neither a place nor a turn."""
    desk = Desk(places=2)
    desk.call("a", 1)
    gone, stays = desk.call("a", 1), desk.call("b", 1)
    desk.queue.leave(gone)
    desk.queue.leave(gone)
    assert len(desk.queue) == 1
    desk.call("a", 1)
    desk.until(10)
    assert desk.served[1][0] == stays.caller
    assert len(desk.served) == 3


def test_what_waits_can_be_given_up() -> None:
    """All at once, when the server ends."""
    desk = Desk()
    turns = [desk.call(caller, 1) for caller in "aab"]
    assert set(desk.queue.clear()) == set(turns[1:])
    assert len(desk.queue) == 0


def test_callers_are_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many come, so many are remembered; those who wait are among them."""
    monkeypatch.setattr("solver.service.queue.MOST_CALLERS", 50)
    desk = Desk(places=10)
    desk.call("first", 1000)
    desk.call("waits", 1)
    for k in range(500):
        with pytest.raises(Overloaded):
            desk.call(f"c{k}", 1, waits=-1)
    assert len(desk.queue._known) <= 50
    desk.until(2000)
    assert [caller for caller, _, _ in desk.served] == ["first", "waits"]


def test_a_call_must_begin_in_time_for_a_first_plan() -> None:
    """Calls that needed 2 s for a plan: one that must be answered in 3 s, and would begin in 2, is refused."""
    desk = Desk()
    for _ in range(20):
        desk.call("a", 2)
        desk.until(desk.now + 2)
    desk.call("a", 2)
    with pytest.raises(Overloaded, match="it can wait less"):
        desk.call("b", 2, waits=3, dated=True)
    desk.call("b", 2, waits=3, dated=False)


def test_a_call_that_waits_until_it_is_too_late_does_not_begin() -> None:
    """The moment when it has waited in vain comes earlier by what a first plan takes, not by the whole search."""
    desk = Desk()
    desk.call("a", 5)
    desk.until(5)
    early = desk.call("a", 5, waits=100, dated=True)
    assert early.latest < 5 + 100 - 5
    assert desk.call("a", 5, waits=12, dated=True).latest == 5 + 12 / 2  # Half of its time at most.
    desk = Desk()
    for _ in range(30):
        turn = desk.call("a", 5)
        desk.now += 5
        del desk.running[turn]
        desk.queue.ended(turn, first=0.5)
    early = desk.call("a", 5, waits=100, dated=True)
    assert early.latest == pytest.approx(desk.now + 100 - 0.5, abs=0.05)
