"""The door between evalkit and what a checkpoint makes: tokens, texts and numbers, of whatever kind they are.

    with usable(spec): read_checkpoint(spec)           # SuiteError: the folder cannot be used
    with answerable(spec): await score(request)        # Rejected for the one request

Files from anywhere can give an empty list of tokens, None, a name that nobody has, or another kind of thing than they
should. What is known of that is said where it is read; whatever is not, ends here as a sentence, and never as a
defect of evalkit that takes a run along.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from evalkit.adapters.base import ModelSpec
from evalkit.errors import Rejected, RequestError, ServerError, SuiteError, UserError, place_of
from evalkit.foreign import kept_running, raised_by, words_of


@contextmanager
def usable(spec: ModelSpec) -> Iterator[None]:
    """While a folder is read and loaded. Raises a UserError for whatever goes wrong."""
    place = f"models.{spec.name}.model"
    try:
        with kept_running():
            yield
    except RequestError as error:  # its tokenizer, of a text of its own files
        raise SuiteError(f"{place}: {spec.model} cannot be used: {error}") from error
    except Exception as error:
        if isinstance(error, UserError) and raised_by(error) is error:
            raise
        raise SuiteError(f"{place}: {spec.model} cannot be used: {_said(error)}") from error


@contextmanager
def answerable(spec: ModelSpec) -> Iterator[None]:
    """While one request is answered. Raises a RequestError for whatever goes wrong."""
    try:
        yield
    except RequestError:
        raise
    except (OSError, MemoryError) as error:  # of this machine
        raise ServerError(f"models.{spec.name}: {spec.model} could not be asked: {_said(error)}") from error
    except Exception as error:
        raise Rejected(
            f"models.{spec.name}: {spec.model} cannot be asked this: {_said(error)}. Its tokenizer, template or "
            "weights make of it what the engine does not take."
        ) from error


def _said(error: BaseException) -> str:
    return f"{words_of(error, 400)} ({place_of(raised_by(error))})"
