"""Errors as the OpenAI dialects write them, and the two flavours that differ.

{"error": {"message": "Rate limit reached", "type": "rate_limit_error", "param": null, "code": "rate_limit_exceeded"}}
"""

from evalkit.testing.fake_provider.behaviour import Behaviour
from evalkit.testing.fake_provider.dialects.local_servers import local_error
from evalkit.testing.fake_provider.wire import Json

_KINDS = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
}
_VLLM = {400: "BadRequestError", 401: "AuthenticationError", 404: "NotFoundError", 429: "TooManyRequestsError"}


def openai_error(status: int, message: str, behaviour: Behaviour, **details: str) -> Json:
    """An error body in the flavour's shape."""
    if (own := local_error(behaviour.flavour, status, message)) is not None:
        return own
    kind, code = _KINDS.get(status, ("invalid_request_error" if status < 500 else "server_error", None))
    param = details.get("param")
    if behaviour.flavour == "mistral":
        return {"object": "error", "message": message, "type": kind, "param": param, "code": str(status)}
    if behaviour.flavour == "vllm":
        kind = _VLLM.get(status, "InternalServerError")
        return {"error": {"message": message, "type": kind, "param": param, "code": status}}
    return {"error": {"message": message, "type": kind, "param": param, "code": details.get("code", code)}}
