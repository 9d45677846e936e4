"""`redact:` of a suite: what is taken out of records before anything is made of them.

redact: {what: [email, phone, card, iban, ip], patterns: {ticket: "T-[0-9]{6}"}}
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from evalkit.suite.schema.parts import Name, Part, Several, Text

Kind = Literal["email", "phone", "card", "iban", "ip"]


class RedactEntry(Part):
    """What is replaced by its name, [EMAIL], in every text of every record, before prompts are made."""

    what: Several[Kind] = ()
    """email, phone, card (with its check digit), iban (with its checksum), ip."""
    patterns: Annotated[dict[Name, Text], Field(max_length=50)] = Field(default_factory=dict)
    """Further ones by name: regular expressions as RE2 reads them."""
