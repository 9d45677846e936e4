"""The cap of a run in dollars: nothing is sent that could pass it.

Before a request goes out its worst case is reserved (every prompt byte a token, the whole output limit used); when its
answer comes the reservation becomes the true price. A run therefore stops *before* the cap, never after it.
"""

from __future__ import annotations

from decimal import Decimal

ZERO = Decimal(0)


class Budget:
    """Dollars spent and reserved in one run. `cap` None means that there is no cap."""

    def __init__(self, cap: Decimal | None, spent: Decimal = ZERO) -> None:
        self.cap = cap
        self.spent = spent
        """Paid by this run so far, earlier sittings of a resumed run included."""
        self.reserved = ZERO

    def reserve(self, worst: Decimal | None) -> bool:
        """Set the worst case of one request aside; False when the cap could be passed, and then nothing is reserved.

        False is final only when nothing is in flight: an answer usually costs less than its worst case. A worst case
        of None (unknown) comes only where there is no cap: the plan refuses it otherwise.
        """
        if self.cap is None:
            return True
        if worst is None or self.spent + self.reserved + worst > self.cap:
            return False
        self.reserved += worst
        return True

    def settle(self, worst: Decimal | None, paid: Decimal | None) -> None:
        """Turn a reservation into what was really paid; an unknown payment counts as its worst case."""
        if self.cap is not None and worst is not None:
            self.reserved -= worst
        actual = paid if paid is not None else worst if self.cap is not None else None
        if actual is not None:
            self.spent += actual
