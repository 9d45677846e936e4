"""The line in front of a server that serves only so many requests at a time.

    line.turn(4, arrived)      # when the service of the next request begins
    line.leaves(finished)      # when it ends: known beforehand, since the answer's timing is

Times are seconds of one monotonic clock. First come, first served: a server with `slots` machines and a known service
time is the M/D/k queue when requests arrive at random.
"""

import heapq


class FakeQueue:
    """Ends of the services that occupy a slot."""

    def __init__(self) -> None:
        self._ends: list[float] = []

    def turn(self, slots: int, arrived: float) -> float:
        """When the request that arrived now begins to be served; it takes the slot that is free first."""
        while self._ends and self._ends[0] <= arrived:
            heapq.heappop(self._ends)
        begin = arrived
        while len(self._ends) >= slots:
            begin = heapq.heappop(self._ends)
        return begin

    def leaves(self, at: float) -> None:
        """The request whose turn it was is served until then."""
        heapq.heappush(self._ends, at)
