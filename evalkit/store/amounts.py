"""What counts as an amount in a file: a number that has an end, and of US dollars a text such as "0.0000031".

is_usd("1e300000000")        # False: no sum could hold it
"""

from __future__ import annotations

from decimal import Decimal

MOST_FIGURE = 1e300
"""Beyond all seconds, and beyond the further figures of a scorer: sums of them stay numbers."""
MOST_DIGITS = 1_000
"""Of an amount, before and after its point: a sum of longer ones is none."""


def is_usd(value: object) -> bool:
    """Whether this is written as an amount that can be counted with: finite, not below 0, of a bounded length."""
    try:
        amount = Decimal(value) if type(value) is str and len(value) <= MOST_DIGITS else Decimal("NaN")
        return amount.is_finite() and amount >= 0 and abs(amount.adjusted()) <= MOST_DIGITS
    except ArithmeticError:
        return False
