"""How a reply ends: the one place where refusals, truncation and empty replies are told from right and wrong.

`score_response` is what the engine calls for every response. In this order, the first that applies:

0. Reasoning that stands in the text (`<think>` and its like, see `evalkit.reasoning`) is taken off: all that follows,
   scorers and judges included, sees the answer alone. A task with `reasoning: keep` is scored by the text as it came.
1. A likelihood scorer scores the log-likelihoods; nothing was said, so nothing can be refused or cut. A judge's verdict
   is scored as it is: what a judge fails to say is nobody's 0. A list of scorers (`several`) gets the reply as it
   came: each of them reads it by these rules.
2. The provider says that the model refused or that its filter stopped it: `refused`.
3. The reply is empty (calls of functions count, where the scorer reads them): `truncated` when the output limit was
   reached (reasoning used it up) or the reasoning in the text never ends, else `unparseable`. An agent whose calls were
   carried out may end without a word: it is scored by what it did.
4. The scorer scores the reply. A full score stands.
5. The output limit was reached, and the scorer read no answer or judges replies as a whole: `truncated`. An answer that
   was read out of a cut reply stands, right or wrong.
6. The reply refuses in its first sentences (`evalkit.scorers.refusal_words`), and the scorer read no answer (or
judges short replies as a whole): `refused`.
7. Otherwise the scorer's own score.

Refused, truncated and unparseable replies score 0.0 and keep their outcome; with the option `refusal: right` a refusal
scores 1.0 and keeps its outcome too. A score that is absent (`errored`) is never turned into a number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from functools import partial

from evalkit.adapters.awaiting import in_own_task, is_from_inside
from evalkit.errors import EvalkitError
from evalkit.reasoning import Split, split
from evalkit.records import Outcome, Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.scores import contradiction, unparseable, unscored

SHORT_REPLY = 600
"""Characters. A longer reply that opens with an apology and then does the work is not a refusal."""


_NO_REPLY_S_FAULT: tuple[type[Exception], ...] = (AssertionError, EvalkitError, ImportError, OSError, RuntimeError)
"""What evalkit's own scorers raise for what is no reply's fault: a package or a process that is not there. But for
`RecursionError`, which is a RuntimeError too."""


_loaded = False
"""Whether no reply has to wait for the words of refusal."""


def prepare(scorers: Collection[str]) -> None:
    """Load the words that replies are read by for the scorers of these names (0.05 s of processor time for choices,
    0.2 s for others). Then no reply waits for them; safe in a thread.

    Hardly a reply to a choice is read for words of refusal: they are loaded by the first that is (`score_at_once`).
    """
    if "choice" in scorers:
        from evalkit.scorers.choice_set import says_unknown

        says_unknown("")
    if set(scorers) - {"choice"}:
        _load_refusals()


def _load_refusals() -> None:
    global _loaded  # noqa: PLW0603 - once for the whole process, as an import
    from evalkit.scorers.refusal_languages import compile_all

    compile_all()
    import evalkit.scorers.refusal_words  # noqa: F401

    _loaded = True


def score_response(sample: Sample, response: Response, scorer: Scorer) -> Score:
    """The score of one response, by the order above. Raises nothing for what a model wrote: a reply on which a scorer
    breaks has no score, and the run goes on."""
    try:
        response, score = _before(response, scorer)
        return _after(_scored(scorer, sample, response), response, scorer) if score is None else score
    except Exception as error:  # noqa: BLE001  # recorded as a row without a score, or raised again
        return _broken(scorer, error)


class _WordsMissing(Exception):
    """A reply has to be read for words of refusal, and they are not loaded yet: `finish` does both."""

    def __init__(self, finish: Callable[[], Score]) -> None:
        super().__init__("the words of refusal are not loaded yet")
        self.finish = finish


async def score_at_once(
    sample: Sample, response: Response, scorer: Scorer, in_thread: Callable[[Callable[[], Score]], Awaitable[Score]]
) -> Score:
    """As `score_response`, in an event loop: words of refusal that are not loaded yet are loaded by `in_thread`."""
    try:
        response, score = _before(response, scorer)
        return _after(_scored(scorer, sample, response), response, scorer, wait=False) if score is None else score
    except _WordsMissing as missing:
        finish = missing.finish
    except Exception as error:  # noqa: BLE001  # recorded as a row without a score, or raised again
        return _broken(scorer, error)
    return await in_thread(finish)


async def score_awaited_response(sample: Sample, response: Response, scorer: Scorer) -> Score:
    """As `score_response`, for a scorer that is awaited."""
    assert scorer.awaited is not None
    try:
        response, score = _before(response, scorer)
        if score is not None:
            return score
        call = scorer.awaited(sample, response)
        return _after(await (in_own_task(call) if scorer.plugin is not None else call), response, scorer)
    except Exception as error:  # noqa: BLE001  # recorded as a row without a score, or raised again
        return _broken(scorer, error)
    except asyncio.CancelledError as error:
        if scorer.plugin is None or not is_from_inside():
            raise
        return _broken(scorer, RuntimeError(repr(error)))


def _broken(scorer: Scorer, error: Exception) -> Score:
    """No score for this reply. Raises the error again where evalkit's own scorer met what no reply can cause."""
    if scorer.plugin is not None:
        from evalkit.foreign import raised_by

        kind = type(raised_by(error)).__name__
        return unscored(f"the scorer {scorer.name} of {scorer.plugin} broke on this reply ({kind}): tell its authors")
    if isinstance(error, _NO_REPLY_S_FAULT) and not isinstance(error, RecursionError):
        raise error
    return unscored(f"the scorer {scorer.name} broke on this reply ({type(error).__name__}): please report it")


def _before(response: Response, scorer: Scorer) -> tuple[Response, Score | None]:
    """Rules 0 to 3: the answer as the scorer sees it, and its score where the scorer is not asked."""
    if scorer.needs == "likelihood" or scorer.several:
        return response, None
    parted = Split(response.text) if scorer.keeps_reasoning else split(response.text)
    if parted.reasoning is not None:
        response = replace(response, text=parted.answer)
    if scorer.judges:
        return response, None
    if response.stop_reason in ("refusal", "content_filter"):
        said = response.refusal or f"the provider ended the reply with {response.stop_reason}"
        return response, _refused(scorer, said)
    if not response.text.strip() and not (scorer.reads_calls and (response.calls or _acted(response, parted))):
        return response, _nothing_said(response, parted)
    return response, None


def _acted(response: Response, parted: Split) -> bool:
    """Whether an agent had calls carried out and then came to an end by itself, whatever it said there."""
    if response.stop_reason == "length" or parted.unclosed:
        return False
    return any(step.results for step in response.steps or ())


def _scored(scorer: Scorer, sample: Sample, response: Response) -> Score:
    """What the scorer says. Code of a package does not end the run."""
    if scorer.plugin is None:
        return scorer.score(sample, response)
    from evalkit.foreign import kept_running

    with kept_running():
        return scorer.score(sample, response)


def _after(score: Score, response: Response, scorer: Scorer, *, wait: bool = True) -> Score:
    """Rules 4 to 7, of what the scorer says."""
    if scorer.plugin is not None and (wrong := contradiction(score)) is not None:
        return unscored(f"the scorer {scorer.name} of {scorer.plugin} gave a score with {wrong}")
    if scorer.needs == "likelihood" or scorer.judges or scorer.several or score.value is None or score.value >= 1.0:
        return score
    return _score_lesser(score, response, scorer, wait=wait)


def _nothing_said(response: Response, parted: Split) -> Score:
    """Rule 3: why there is no answer."""
    if response.stop_reason == "length":
        return _truncated("cut off in its reasoning" if parted.unclosed else "cut off before any text")
    if parted.unclosed:
        return _truncated("the reply ends within its reasoning")
    if response.calls:
        return unparseable("a function is called and nothing is said")
    return unparseable("only reasoning came, and no answer after it" if parted.reasoning else "the reply is empty")


def _score_lesser(score: Score, response: Response, scorer: Scorer, *, wait: bool) -> Score:
    """Rules 5 to 7: why a reply did not get a full score."""
    unread = score.outcome is Outcome.UNPARSEABLE
    if response.stop_reason == "length" and (unread or scorer.whole):
        return replace(_truncated(f"cut off; {score.reason}" if score.reason else "cut off"), parts=score.parts)
    short = len(response.text) <= SHORT_REPLY
    if unread or (scorer.whole and short):
        if not (_loaded or wait):
            raise _WordsMissing(partial(_score_refusal, score, response, scorer))
        from evalkit.scorers.refusal_words import is_refusal  # slow to load: `prepare`

        if is_refusal(response.text):
            return _refused(scorer, "the reply opens with words of refusal")
    return score


def _score_refusal(score: Score, response: Response, scorer: Scorer) -> Score:
    """The same for a reply that is read for words of refusal, loading them."""
    try:
        _load_refusals()
        return _score_lesser(score, response, scorer, wait=True)
    except Exception as error:  # noqa: BLE001  # recorded as a row without a score, or raised again
        return _broken(scorer, error)


def _refused(scorer: Scorer, reason: str) -> Score:
    wanted = scorer.options is not None and scorer.options.get("refusal") == "right"
    return Score(1.0 if wanted else 0.0, Outcome.REFUSED, None, reason)


def _truncated(reason: str) -> Score:
    return Score(0.0, Outcome.TRUNCATED, None, reason)
