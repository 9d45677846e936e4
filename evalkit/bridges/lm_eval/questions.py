"""One task of lm-eval, asked about item by item: the prompt it makes, what is weighed, and its marks of an answer.

    questions = Questions(task, shots=None)            # task: lm_eval.api.task.Task
    question = next(questions.walk())                  # Question(0, messages=(...), continuations=(" yes", " no"))
    questions.marks(0, [(-1.2, True), (-3.4, False)])  # {"acc,none": 1.0, "acc_norm,none": 1.0}

lm-eval runs a task for the whole of its items; here each item stands alone, so that it can be paired, priced and
resumed like any other sample. Prompts, few-shot examples (drawn with lm-eval's own seed, in its own order), filters and
metrics are lm-eval's code throughout.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import FunctionType
from typing import Any, TypeVar

from evalkit.bridges.lm_eval.samples import sample_digest, target_digest
from evalkit.errors import SuiteError
from evalkit.foreign import keeps_running
from evalkit.main_thread import where_signals_work
from evalkit.records import Message
from evalkit.suite.digests import digest

T = TypeVar("T")
FEWSHOT_SEED = 1234
"""lm-eval's default: the same examples before the same questions as in its own runs."""
_LIKELIHOOD = frozenset({"multiple_choice", "loglikelihood"})


@dataclass(frozen=True, slots=True)
class Question:
    """One item as it is asked."""

    doc_id: int
    """Its place in lm-eval's order."""
    messages: tuple[Message, ...]
    continuations: tuple[str, ...] = ()
    """What is weighed; empty where text is asked for."""
    contexts: tuple[str, ...] | None = None
    """The text before each continuation, where it differs (winogrande). None: the one message, for all."""


def _where_signals_work(kind: type[T]) -> type[T]:
    """Methods and properties of which each runs where the task's own code may set a signal (`evalkit.main_thread`)."""

    def placed(call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def one(self: Any, *given: Any) -> Any:
            return where_signals_work(lambda: call(self, *given), f"lm-eval's {vars(self).get('name', 'task')}")

        return one

    for name, value in list(vars(kind).items()):
        if isinstance(value, FunctionType) and not inspect.isgeneratorfunction(value):
            setattr(kind, name, placed(value))
        elif isinstance(value, property) and value.fget is not None:
            setattr(kind, name, property(placed(value.fget), doc=value.__doc__))
        elif isinstance(value, cached_property):
            value.func = placed(value.func)
    return kind


@keeps_running
@_where_signals_work
class Questions:
    """A task of lm-eval with everything that evalkit needs of it."""

    def __init__(self, task: Any, shots: int | None, system: str | None = None) -> None:
        """`system`: lm-eval's --system_instruction, which stands before the task's own description; None: none."""
        self.task = task
        self.system = system
        self.name = str(task.config.task)
        self.output_type = str(task.OUTPUT_TYPE)
        if shots is not None:
            task.set_config(key="num_fewshot", value=shots)
        self.shots = int(task.get_config("num_fewshot") or 0)
        if "acc_mutual_info" in task.aggregation():
            # It weighs the choices without any prompt too, which no server takes.
            for table in (task._metric_fn_list, task._aggregation_list, task._higher_is_better):
                table.pop("acc_mutual_info", None)

    @property
    def needs_likelihood(self) -> bool:
        """Whether continuations are weighed instead of text being asked for."""
        return self.output_type in _LIKELIHOOD

    @cached_property
    def docs(self) -> Any:
        """The items, in lm-eval's order."""
        return self.task.eval_docs

    @property
    def version(self) -> str:
        """The task's own version, as its authors count it."""
        return str(self.task.VERSION)

    @cached_property
    def config_digest(self) -> str:
        """Identity of the definition: templates, filters, metrics, source of its functions. Not where its data is."""
        config = self.task.config.to_dict(keep_callable=False)
        kept = {key: value for key, value in config.items() if key not in {"dataset_kwargs", "num_fewshot"}}
        kept["metadata"] = {k: v for k, v in (kept.get("metadata") or {}).items() if k != "config_source"}
        return digest("evalkit.lm_eval.config/1", _plain(kept))

    def refusals(self) -> list[str]:
        """Why this task cannot be asked, as half sentences; empty when it can."""
        found = []
        if self.output_type not in {*_LIKELIHOOD, "generate_until"}:
            found.append(f"is of the kind {self.output_type}, which weighs whole documents; evalkit weighs answers")
        if getattr(self.task, "MULTIMODAL", False):
            found.append("shows images or plays sound, which evalkit does not take over from lm-eval")
        if int(self.task.get_config("repeats") or 1) > 1:
            n = self.task.get_config("repeats")
            found.append(f"scores {n} answers to each item together; evalkit scores each (run.repeats asks again)")
        if not self.metrics():
            names = ", ".join(self.task.aggregation()) or "none"
            found.append(f"has no metric that is a mean over items and better when higher (its metrics: {names})")
        return found

    def metrics(self) -> list[str]:
        """Metrics that one item has a value of, as `acc,none` (metric and filter), the task's main one first."""
        higher = self.task.higher_is_better()
        names = [
            name
            for name, gather in self.task.aggregation().items()
            if getattr(gather, "__name__", "") in {"mean", "nanmean"} and higher.get(name, True)
        ]
        return [f"{name},{one.name}" for name in names for one in self.task._filters]

    def settings(self) -> dict[str, object]:
        """lm-eval's generation arguments as settings; {} for tasks that weigh."""
        if self.needs_likelihood:
            return {}
        given = dict(self.task.get_config("generation_kwargs") or {})
        found: dict[str, object] = {
            "max_output_tokens": int(given.get("max_gen_toks") or given.get("max_tokens") or 256)
        }
        if self.stops:
            found["stop"] = list(self.stops)
        sampled = bool(given.get("do_sample")) and float(given.get("temperature") or 0.0) > 0
        found["temperature"] = float(given["temperature"]) if sampled else 0.0
        if sampled and given.get("top_p") is not None:
            found["top_p"] = float(given["top_p"])
        return found

    @cached_property
    def stops(self) -> tuple[str, ...]:
        """Texts that end an answer."""
        until = (self.task.get_config("generation_kwargs") or {}).get("until") or []
        return tuple(text for text in ([until] if isinstance(until, str) else until) if text)

    def walk(self) -> Iterator[Question]:
        """Every item in lm-eval's order; few-shot examples are drawn anew from the same seed."""
        self.task.set_fewshot_seed(seed=FEWSHOT_SEED)
        for doc_id, doc in enumerate(self.docs):
            yield self._question(doc_id, doc)

    def identity(self, doc_id: int) -> str:
        """lm-eval's own hash of the item, so that rows pair with samples that lm-eval itself has written."""
        from lm_eval.utils import handle_non_serializable, hash_string

        doc = json.dumps(self.docs[doc_id], indent=2, default=handle_non_serializable, ensure_ascii=False)
        return sample_digest(self.name, hash_string(doc))

    def goal(self, doc_id: int) -> str:
        """Identity of what lm-eval takes for right."""
        return target_digest(self.task.doc_to_target(self.docs[doc_id]))

    def target(self, doc_id: int) -> str:
        """The right answer as text, for a person."""
        doc = self.docs[doc_id]
        target = self.task.doc_to_target(doc)
        if self.task.get_config("doc_to_choice") is not None:
            choices = self.task.doc_to_choice(doc)
            gold = self.task.doc_to_text(doc) if getattr(self.task, "multiple_input", 0) else target
            if isinstance(gold, int) and 0 <= gold < len(choices):
                return str(choices[gold])
        return str(target)

    def shows_itself(self, doc_id: int, messages: Sequence[Message]) -> bool:
        """Whether the item stands among its own few-shot examples: lm-eval may draw them from the items themselves."""
        if not self.shots:
            return False
        *before, last = messages
        if before:
            asked = " ".join(last.text.split())
            return any(turn.role == "user" and " ".join(turn.text.split()) == asked for turn in before)
        text = self.task.doc_to_text(self.docs[doc_id])
        return isinstance(text, str) and bool(text.strip()) and last.text.count(text.strip()) > 1

    def splits_target(self, doc_id: int) -> bool:
        """Whether lm-eval reads the text of the right answer, like "[1, 2]", as a list of right answers."""
        written = self.task.get_config("doc_to_target")
        if self.needs_likelihood or not isinstance(written, str) or written in self.docs[doc_id]:
            return False
        return isinstance(self.task.doc_to_target(self.docs[doc_id]), list)

    def marks(self, doc_id: int, results: Sequence[Any]) -> dict[str, object]:
        """Every metric of one item by `name,filter`. Raises whatever the task's own code raises."""
        from lm_eval.api.instance import Instance

        doc = self.docs[doc_id]
        kind: object = "loglikelihood" if self.needs_likelihood else "generate_until"
        instances = [
            Instance(kind, doc, (), number, metadata=(self.name, doc_id, 1), resps=[result])
            for number, result in enumerate(results)
        ]
        found: dict[str, object] = {}
        for one in self.task._filters:
            one.apply(instances)
            filtered = [instance.filtered_resps[one.name] for instance in instances]
            for metric, value in self.task.process_results(doc, filtered).items():
                found[f"{metric},{one.name}"] = value
            if not self.needs_likelihood:
                found[f"filtered,{one.name}"] = filtered[0]
        return found

    def _question(self, doc_id: int, doc: object) -> Question:
        prefix = self.task.doc_to_prefix(doc)
        if not self.needs_likelihood:
            found = self.task.fewshot_context(
                doc,
                num_fewshot=self.shots,
                system_instruction=self.system,
                apply_chat_template=True,
                fewshot_as_multiturn=True,
                chat_template=_as_messages,
                gen_prefix=prefix,
            )
            return Question(doc_id, _messages(found))
        context = self.task.fewshot_context(
            doc, num_fewshot=self.shots, system_instruction=self.system, gen_prefix=prefix
        )
        made = self.task.construct_requests(doc=doc, ctx=context, metadata=(self.name, doc_id, 1))
        pairs = [instance.args for instance in (made if isinstance(made, list) else [made])]
        contexts = tuple(str(pair[0]) for pair in pairs)
        continuations = tuple(str(pair[1]) for pair in pairs)
        shared = len(set(contexts)) == 1
        return Question(doc_id, (Message("user", contexts[0]),), continuations, None if shared else contexts)


def metric_named(questions: Questions, wanted: str | None) -> str:
    """The metric that is the score: the task's first, or the one named (`acc_norm`, `exact_match,strict-match`).

    Raises SuiteError with the names there are.
    """
    known = questions.metrics()
    if wanted is None:
        return known[0]
    for name in known:
        if wanted in {name, name.partition(",")[0]}:
            return name
    raise SuiteError(f"{questions.name} has no metric {wanted!r} for each item; there are: {', '.join(known)}")


def _as_messages(messages: list[dict[str, str]], add_generation_prompt: bool = True) -> list[dict[str, str]]:
    """What lm-eval takes for a chat template: the conversation stays one, and the model's own template is applied."""
    return messages


def _messages(found: Any) -> tuple[Message, ...]:
    """A conversation that ends with the user; the beginning of an answer (`gen_prefix`) goes to the question's end."""
    if isinstance(found, str):
        return (Message("user", found),)
    turns = [Message(turn["role"], turn["content"]) for turn in found]
    if len(turns) > 1 and turns[-1].role == "assistant":
        *turns, asked, begun = turns
        turns.append(Message("user", f"{asked.text}\n{begun.text}"))
    return tuple(turns)


def _plain(value: object) -> Any:
    """JSON of a definition's values: functions have become their source, all else that is not JSON its text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    return repr(value) if isinstance(value, float) else str(value)
