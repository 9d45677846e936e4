"""An application of one's own behind HTTP: the suite says how it is asked and where its reply says what.

    POST {base_url} {"question": "Where is it?", "limit": 300}       by `request`, a mapping whose texts are templates
    {"data": {"text": "Paris"}, "usage": {"in": 9, "out": 1}}        read by `answer: data.text`, `usage: {...}`

The address is `base_url`, whole. Headers get their values from variables of the environment alone (`header_env`), each
of which the person allows by its name and its host. The options stand in `application_options`, the body in
`application_body`, the reading in `application_reply`; docs/applications.md shows them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

from evalkit.adapters.application_body import BodyTemplate, text_bytes, texts_in
from evalkit.adapters.application_options import KINDS, HttpOptions, path_of
from evalkit.adapters.application_reply import ApplicationAnswer, Places
from evalkit.adapters.base import BodyRefusal, Capabilities, ModelSpec
from evalkit.adapters.dialect import ApiDialect, DialectAdapter, merged
from evalkit.adapters.http_errors import OwnErrors, Where
from evalkit.adapters.http_wire import ApplicationHttp, Wire
from evalkit.adapters.options import read_options
from evalkit.adapters.own_headers import own_headers
from evalkit.adapters.presets import SETTINGS
from evalkit.adapters.reading import ReplyReading
from evalkit.errors import RequestError, Unsupported
from evalkit.records import Request, Response

Options = HttpOptions

_REQUIRED = {
    "request": 'the body of a request, like {question: "{{ prompt }}"}',
    "answer": "where the reply has the answer, like data.text",
}
_OWN_ERROR = 500
"""The status of what broke within; gateways say 502, 503 and 504."""
_NOT_ASKED = frozenset({401, 403, 404, 405, 408, 411, 413, 415, 425, 429})
"""Statuses below 500 of a request that no model has seen."""
_MODEL = re.compile(r"[\w.:/@+-]{1,100}")
"""A name that is sent: never a prompt."""


def make(spec: ModelSpec) -> HttpApplication:
    """An adapter for one application. Raises SuiteError with every complaint, MissingKey."""
    place = f"models.{spec.name}"
    options = read_options(HttpOptions, spec, _entry_complaints(spec, place))
    body = BodyTemplate(options.request or {}, f"{place}.request")
    own = own_headers(spec, options.header_env, str(spec.base_url))
    errors = options.errors
    wire = Wire(
        spec,
        str(spec.base_url),
        own.headers,
        own.secrets[0] if own.secrets else None,
        own.variables,
        more_keys=own.secrets[1:],
        application=ApplicationHttp(
            options.method or "POST",
            OwnErrors(
                path_of(errors.message) if errors is not None else None,
                {status: KINDS[kind] for status, kind in errors.statuses.items()} if errors is not None else {},
            ),
        ),
    )
    return HttpApplication(spec, Application(spec, options, body), wire)


def _entry_complaints(spec: ModelSpec, place: str) -> Iterator[str]:
    for option, what in _REQUIRED.items():
        if spec.options.get(option) is None:
            yield f"{place}.{option}: is required, and missing: {what}"
    if spec.base_url is None:
        yield f'{place}.base_url: is required, and missing: the whole address, like "https://bot.example.com/chat"'
    elif "?" in spec.base_url:
        yield f"{place}.base_url: leave out what follows the ?, and write it as query: {{name: value}}"
    if spec.model and not _MODEL.fullmatch(spec.model):
        yield f"{place}.model: is a name or a version of at most 100 letters, digits and .:/@+- (or leave it out)"


class HttpApplication(DialectAdapter):
    """One application. `record_fields` are those of the record that its body reads."""

    def __init__(self, spec: ModelSpec, dialect: Application, wire: Wire) -> None:
        super().__init__(spec, dialect, wire)
        self._application = dialect
        self.record_fields = dialect.template.record
        # An application changes behind its address without a word: only a version that the suite names may be kept.
        self.endpoint = replace(self.endpoint, cacheable=spec.weights is not None, weights=spec.weights)

    async def respond(self, request: Request) -> Response:
        """As any dialect's. What the application says of an error of its own (500, 422) may be about what its model had
        answered, however quickly it says so and whatever the suite calls it."""
        try:
            return await super().respond(request)
        except RequestError as error:  # whatever the suite calls it
            status = error.status or 0
            error.begun = error.begun or status == _OWN_ERROR or (400 <= status < 500 and status not in _NOT_ASKED)
            raise

    def check_request(self, request: Request) -> None:
        """Raises Unsupported where the body cannot be made for this request."""
        self.dialect.body(request)

    def hold_bodies(self, refusal: BodyRefusal) -> None:
        self._application.refusal = refusal

    def n_bytes(self, request: Request) -> int:
        """Bytes of the body: its templates may repeat what they are given."""
        return text_bytes(self.dialect.body(request))


class Application(ApiDialect):
    """What one application is asked."""

    name = "http"
    title = "an application"

    def __init__(self, spec: ModelSpec, options: HttpOptions, template: BodyTemplate) -> None:
        self.template = template
        self.own_fields = frozenset(options.request or {})  # type: ignore[misc]  # of this application
        self.path = f"?{urlencode({key: _word(one) for key, one in options.query.items()})}" if options.query else ""
        self._model = spec.model
        self._places = Places(options)
        self.refusal: BodyRefusal | None = None
        """Why a body may not be sent. None: nobody asks."""
        sent = {setting: setting in template.settings for setting in SETTINGS}
        self.capabilities = Capabilities(
            **sent,
            streaming=options.events is not None,
            usage=options.usage is not None,
            output_limit="max_output_tokens" in template.settings,
            record=bool(template.record),
        )

    def body(self, request: Request) -> dict[str, object]:
        if not request.messages:  # nothing is asked yet
            return {}
        body = self.template.filled(request, self._model)
        if self.refusal is not None:
            asked = [request.prompt or "", *(one.text for one in request.messages), *texts_in(dict(request.record))]
            if (why := self.refusal(body, asked)) is not None:
                raise Unsupported(why, sent=False)
        return merged(body, request.settings.extra)

    def reading(self, request: Request, where: Where, path: str) -> ReplyReading:
        return ApplicationAnswer(self._places, where, path)


def _word(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


__all__ = ["HttpApplication", "Options", "make"]
