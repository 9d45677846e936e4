"""The person's words about a suite, for as long as one call lasts: data folders, policy, sensitivity, what is allowed.

    with words({"data_roots": ["data"], "allow_env": ["MODEL_SERVER"]}):
        plan = plan_suite(suite, options)

What they allow holds in this call and what it starts, and in no other run of the process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from evalkit.api.options import listed
from evalkit.paths import named_roots
from evalkit.suite.policy import named_policy
from evalkit.suite.sensitivity import demanded
from evalkit.trust import ALLOWED_ENV, CALLOUTS, HTTP_HOSTS

_LISTS = {"allow_http_host": HTTP_HOSTS, "allow_env": ALLOWED_ENV, "allow_callout": CALLOUTS}


@contextmanager
def words(given: Mapping[str, Any]) -> Iterator[None]:
    """Everything in here is done under these words. Raises UserError for a level or a file that cannot be used."""
    with ExitStack() as stack:
        if given.get("data_roots"):
            stack.enter_context(named_roots([Path(one) for one in listed("data_roots", given["data_roots"])]))
        if given.get("policy"):
            stack.enter_context(named_policy(Path(given["policy"])))
        if given.get("sensitivity"):
            stack.enter_context(demanded(str(given["sensitivity"])))
        for name, word in _LISTS.items():
            if given.get(name):
                stack.enter_context(word.given(listed(name, given[name])))
        if given.get("allow_code_execution"):
            from evalkit.scorers import code_worker

            stack.enter_context(code_worker.allowed_here())
        yield
