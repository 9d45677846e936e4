"""A made log of a support assistant, as OpenTelemetry writes it: three templates, two languages, failures."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

SORTING = "You sort messages of customers into billing, delivery, return or other. Answer with the one word."
REPLYING = "You are a support assistant of Example Ltd. Be brief and kind."
EXTRACTING = "Extract the order as JSON with the fields order, item and days."
ASKED = {
    "delivery": "My {item} has not arrived, order {order}. I have been waiting for {days} days now and nobody answers.",
    "return": "I want to send back the {item} of order {order}, since it is broken at one corner. Who pays {days} kg?",
    "billing": "Why was I charged twice for the {item}? Order {order}, {days} days ago. Please look into my account.",
    "other": "Does the {item} of order {order} come in blue? I would order {days} of them for our new office.",
}
GERMAN = (
    "Mein Paket ist nicht da, Bestellung {order}. Ich warte seit {days} Tagen auf den {item} und niemand antwortet mir."
)
ITEMS = ("lamp", "chair", "desk", "shelf", "sofa", "kettle", "mirror", "carpet", "blanket", "pillow")
CANARIES = ("ada.lovelace@mail.example", "+49 30 1234567", "4111 1111 1111 1111", "Grace Hopper", "203.0.113.77")


def pair(key: str, value: str | int | float) -> dict[str, Any]:
    """An attribute as OTLP's JSON has it."""
    kind = "stringValue" if isinstance(value, str) else "intValue" if isinstance(value, int) else "doubleValue"
    return {"key": key, "value": {kind: str(value) if kind == "intValue" else value}}


def line_of(attributes: dict[str, str | int | float], n: int, began: float, took: float, *, failed: bool) -> str:
    """One request of an exporter with the one span."""
    span = {
        "traceId": f"{n:032x}",
        "spanId": f"{n + 1:016x}",
        "name": "chat gpt-4o",
        "startTimeUnixNano": str(int(began * 1e9)),
        "endTimeUnixNano": str(int((began + took) * 1e9)),
        "attributes": [pair(key, value) for key, value in attributes.items()],
        "status": {"code": 2, "message": "Rate limit reached"} if failed else {},
    }
    scope = {"scope": {"name": "opentelemetry.instrumentation.genai.openai"}, "spans": [span]}
    return json.dumps({"resourceSpans": [{"scopeSpans": [scope]}]}) + "\n"


def write_log(path: Path, n: int, seed: int = 7, systems: tuple[str, ...] = (SORTING, REPLYING, EXTRACTING)) -> Path:
    """A log of `n` calls; one in fifty failed, and a few hold personal data."""
    rng = random.Random(seed)
    began = 1_790_000_000.0
    lines = []
    kinds = [one for one in ((SORTING, 0.4, 6), (REPLYING, 1.2, 3), (EXTRACTING, 0.6, 1)) if one[0] in systems]
    for k in range(n):
        system, share, _ = rng.choices(kinds, [often for *_, often in kinds])[0]
        right, asked = rng.choice(list(ASKED.items()))
        if rng.random() < 0.2:
            right, asked = "delivery", GERMAN
        item, days = rng.choice(ITEMS), rng.randint(2, 9)
        order = str(rng.randrange(10_000, 10_000 + max(40, n // 4)))
        user = asked.format(item=item, order=order, days=days)
        if k % 40 == 3:
            user += f" I am {CANARIES[3]}: {CANARIES[0]}, {CANARIES[1]}, card {CANARIES[2]}, from {CANARIES[4]}."
        if system == SORTING:
            answer = right
        elif system == REPLYING:
            answer = (
                f"We are sorry about the {item}. Order {order} is being looked at; you hear from us in {days} days."
            )
        else:
            answer = json.dumps({"order": order, "item": item, "days": days})
        began += rng.expovariate(0.2)
        failed = rng.random() < 0.02
        said: dict[str, str | int | float] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.request.max_tokens": 300,
            "gen_ai.request.temperature": 0.0,
            "user.id": rng.choice(["shop-a", "shop-a", "shop-a", "shop-b"]),
            "gen_ai.input.messages": json.dumps(
                [{"role": "system", "content": system}, {"role": "user", "content": user}]
            ),
        }
        if failed:
            said["error.type"] = "openai.RateLimitError"
        else:
            said |= {
                "gen_ai.response.model": "gpt-4o-2024-08-06",
                "gen_ai.usage.input_tokens": len(user) // 4 + 25,
                "gen_ai.usage.output_tokens": max(1, len(answer) // 4),
                "gen_ai.output.messages": json.dumps(
                    [{"role": "assistant", "content": answer, "finish_reason": "stop"}]
                ),
            }
        lines.append(line_of(said, k, began, rng.lognormvariate(0, 0.4) * share, failed=failed))
    path.write_text("".join(lines), encoding="utf-8")
    return path
