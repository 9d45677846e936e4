"""How a conversation becomes the text that a checkpoint was trained on: its own chat template.

    [user: Capital of France?]  ->  "<|bos|><|user|>Capital of France?<|end|><|assistant|>"

Templates are Jinja and come with the weights, from wherever those came: they run in Jinja's sandbox, as transformers
runs them, with the same helpers and nothing else. No sandbox bounds time and memory, so a template that evalkit does
not ship runs in a process of its own (`TemplateProcess`), which is ended when it takes longer than 5 s or 1 GiB.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from evalkit.adapters.ctranslate2.template_process import LONGEST, TemplateProcess
from evalkit.errors import Rejected
from evalkit.paths import Inside
from evalkit.records import Message

Render = Callable[[tuple[Message, ...]], str]
_FAULTS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RuntimeError, MemoryError)
"""What a template may run into beside Jinja's own errors; RuntimeError: recursion without end."""


def chat_template(folder: Inside, tokenizer_config: Mapping[str, object], *, ours: bool = False) -> Render | None:
    """The template of a checkpoint folder as a function, special tokens included; None where it has none.

    Looks at chat_template.jinja, then at `chat_template` of tokenizer_config.json (of several the one named `default`).
    `ours`: it comes with evalkit and runs in this process. Raises ValueError for a template that cannot be parsed, or
    that takes too long or too much memory for a conversation of one word.
    """
    source = _source(folder, tokenizer_config)
    if source is None:
        return None
    special = {name: _text(tokenizer_config.get(name)) for name in ("bos_token", "eos_token", "unk_token", "pad_token")}
    if ours:
        try:
            inner = compiled(source, special)
        except ValueError as error:
            raise ValueError(f"the chat template of {folder} cannot be read: {error}") from error
    else:
        inner = TemplateProcess(source, special, f"the chat template of {folder}").render

    def render(messages: tuple[Message, ...]) -> str:
        turns = [{"role": turn.role, "content": turn.text} for turn in messages]
        try:
            return inner(turns)
        except ValueError as error:
            raise Rejected(f"The model's chat template refuses this conversation: {error}") from error

    return render


def compiled(source: str, special: Mapping[str, str]) -> Callable[[list[dict[str, str]]], str]:
    """A template as a function of turns. It, and the function, raise ValueError with what is wrong."""
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise
    try:
        template = environment.from_string(source)
    except (TemplateError, *_FAULTS) as error:
        raise ValueError(str(error) or type(error).__name__) from error

    def render(turns: list[dict[str, str]]) -> str:
        try:
            text = template.render(messages=turns, add_generation_prompt=True, **special)
        except (TemplateError, *_FAULTS) as error:
            raise ValueError(str(error)[:500] or type(error).__name__) from error
        if len(text) > LONGEST:
            raise ValueError(f"it makes {len(text):,} characters of it; the limit is {LONGEST:,}")
        return text

    return render


def _source(folder: Inside, tokenizer_config: Mapping[str, object]) -> str | None:
    own_file = folder / "chat_template.jinja"
    if own_file.is_file():
        return own_file.text()
    stored = tokenizer_config.get("chat_template")
    if isinstance(stored, list):
        named = (one for one in stored if isinstance(one, Mapping) and one.get("name") == "default")
        stored = next(named, {}).get("template")
    return stored if isinstance(stored, str) else None


def _text(token: object) -> str:
    """A special token as text: it is stored as a string or as an object with its `content`."""
    if isinstance(token, Mapping):
        token = token.get("content")
    return token if isinstance(token, str) else ""


def _to_json(value: object, indent: int | None = None) -> str:
    """As transformers does it: Jinja's own filter escapes for HTML."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _raise(message: str) -> None:
    """Templates call this for conversations that they cannot write (roles that do not alternate, say)."""
    raise ValueError(message)
