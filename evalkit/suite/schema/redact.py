"""`redact:` of a suite: what is taken out of records before anything is made of them, and of rows before they are kept.

redact: {what: [email, phone, card, iban, ip], patterns: {ticket: "T-[0-9]{6}"}, where: [sending, storing]}
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from evalkit.suite.schema.parts import Name, Part, Several, Text

Kind = Literal["email", "phone", "card", "iban", "ip"]
Where = Literal["sending", "storing"]


class RedactEntry(Part):
    """What is replaced by its name, [EMAIL]: in records before prompts are made, in rows before they are stored."""

    what: Several[Kind] = ()
    """email, phone, card (with its check digit), iban (with its checksum), ip."""
    patterns: Annotated[dict[Name, Text], Field(max_length=50)] = Field(default_factory=dict)
    """Further ones by name: regular expressions as RE2 reads them."""
    where: Annotated[Several[Where], Field(min_length=1)] = ("sending",)
    """sending: in every text of every record, before prompts are made of it. storing: in what models and judges wrote,
    and in all else of a row, after it was marked and before anything keeps it."""
