"""Good inputs of each parser that `parsers` changes, and the words that it puts between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PAYLOADS = Path(__file__).parents[1] / "payloads"
SUITE: dict[str, Any] = {
    "name": "s",
    "sensitivity": "internal",
    "redact": {"what": ["email"], "patterns": {"t": "T-[0-9]+"}, "where": ["sending", "storing"]},
    "models": {
        "m": {"adapter": "scripted", "replies": {"*": "B"}},
        "n": {
            "adapter": "openai-chat",
            "model": "x",
            "base_url": "http://127.0.0.1:9/v1",
            "settings": {"temperature": 0.0, "extra": {"top_k": 1}},
            "variants": {"warm": {"settings": {"temperature": 1.0}}},
        },
    },
    "judges": {"j": {"adapter": "scripted", "replies": {"*": "[[8]]"}}},
    "tasks": [
        {
            "name": "t",
            "data": {"path": "items.jsonl", "id": "id", "where": {"k": "a"}},
            "shots": {"path": "shots.jsonl", "n": 1, "seed": 0},
            "system": "Be brief.",
            "prompt": "{{ q }}\n{{ options }}",
            "choices": "{{ choices }}",
            "target": "{{ letters[answer] }}",
            "score": {"choice": {"mode": "generate"}},
            "slices": ["k"],
            "cluster": "k",
            "limit": {"n": 2, "seed": 1},
            "settings": {"max_output_tokens": 5},
        },
        {
            "name": "u",
            "data": "items.jsonl",
            "prompt": "{{ q }}",
            "score": {"judge": {"by": "j", "rubric": "judge_rating"}},
        },
        {
            "name": "v",
            "data": "items.jsonl",
            "prompt": "{{ q }}",
            "target": "{{ k }}",
            "turns": ["And?"],
            "score": "contains",
        },
    ],
    "run": {"in_flight": 2, "repeats": 1, "timeout_s": 5},
    "gate": {
        "baseline": "m",
        "candidates": ["n"],
        "rules": [
            {"quality": "all", "margin": 0.02},
            {"cost": "usd_per_1k_samples", "max_ratio": 0.8},
            {"latency": "total_p95", "max_ratio": 1.2},
            {"rate": "refused", "max_increase": 0.01},
        ],
    },
}
ITEMS = [{"id": f"i{n}", "q": f"Q {n}?", "choices": ["x", "y"], "answer": n % 2, "k": "ab"[n % 2]} for n in range(4)]
TEMPLATES = (
    "{{ q }} {% for c in choices %}{{ loop.index }}. {{ c | upper }}{% endfor %}",
    "{% if answer > 0 %}{{ row['k'] or '' }}{% else %}{{ choices | join(', ') }}{% endif %}",
    "{% set x = choices[answer] %}{{ x }} {{ q[0:3] }} {{ d.items }} {{ record.q | replace('Q', 'R') }}",
    "{{ q }}{% for k, v in d.items() %}{{ k }}{% endfor %} {{ '%05d' | format(answer) }} {{ choices | length }}",
)
JINJA = [
    *"{}%|()[].,'\"~-+*/<>=0 \n",
    "{{",
    "}}",
    "{%",
    "%}",
    "for",
    "in",
    "if",
    "endfor",
    "range(9)",
    "loop",
    "**",
    "x" * 99,
]
JINJA += [
    "|int",
    "|float",
    "|list",
    "|tojson",
    "|map('upper')",
    "[::-1]",
    "self",
    "namespace()",
    "{% raw %}",
    "#}",
    "{#",
    "9" * 30,
]
URLS = (
    *("http://127.0.0.1:8080/v1", "https://api.example.org/v1?a=b#c", "http://[::1]:9/", "https://a.b-c.example:443"),
    *("http://localhost", "https://user:word@example.org/", "http://0x7f.1/", "https://xn--e1afmkfd.example/%2e%2e/"),
)
MARKS = [
    *"/:@[]#?%\\. \t\n\x00",
    "\u2044",
    "\u3002",
    "\uff0f",
    "127.1",
    "2130706433",
    "::ffff:",
    "%25eth0",
    "..",
    "xn--",
    "\ud800",
]
EVENTS = (
    b'data: {"a": 1}\r\n\r\n: hm\nevent: error\ndata: {"m": "x"}\n\n'
    b'data: a\ndata: b\r\rerror: {"m": 2}\ndata: [DONE]\n\n'
)
