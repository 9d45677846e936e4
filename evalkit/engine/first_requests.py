"""Can an application be asked what a task asks? Its first request is made and not sent, so that what never works is
known before anything is paid for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evalkit.adapters.base import ChecksRequests, ReadsRecord
from evalkit.engine.asking import request_of
from evalkit.engine.work import PlannedModel, PlannedTask, item_for
from evalkit.errors import Unsupported
from evalkit.suite.tasks import ResolvedTask


def unaskable(tasks: Iterable[PlannedTask], own: Iterable[ResolvedTask], models: Iterable[PlannedModel]) -> list[str]:
    """A sentence for each model that a task's first sample cannot be sent to. `own`: the same tasks in the suite."""
    asked = [model for model in models if isinstance(model.adapter, ChecksRequests)]
    written = {task.name: task for task in own}
    return [said for task in tasks for model in asked for said in _of(task, written[task.name], model)]


def _of(task: PlannedTask, written: ResolvedTask, model: PlannedModel) -> Iterator[str]:
    adapter = model.adapter
    lacking = sorted(adapter.record_fields - frozenset(task.sent)) if isinstance(adapter, ReadsRecord) else []
    for name in lacking:
        yield (
            f"{written.at}: models.{model.name}.request reads record.{name}, which the task does not send; write "
            f"send: [{', '.join([*task.sent, name])}] in the task"
        )
    first = task.stream.head[:1] if task.stream is not None else next(iter(task.samples()), None)
    for sample in first if isinstance(first, tuple) else (first,):
        if lacking or sample is None or not isinstance(adapter, ChecksRequests):
            return
        try:
            adapter.check_request(request_of(item_for(task, sample, model, 0)))
        except Unsupported as error:
            yield f"{error} ({written.at}, sample {sample.id})"


def unread(task: PlannedTask, models: Iterable[PlannedModel]) -> Iterator[str]:
    """A note where a task sends fields that some model does not take."""
    deaf = [model.name for model in models if task.sent and not model.adapter.capabilities.record]
    if deaf:
        yield f"{task.name}: {', '.join(deaf)} does not take {', '.join(task.sent)} of the record; asked without"
