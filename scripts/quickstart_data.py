"""Write the quickstart's held-out items and the starter's tickets; the same bytes every time.

    python scripts/quickstart_data.py

Nothing here was trained on: `train_tiny.py` takes its exclusion keys from the same `tiny_tasks.held_out()`.
"""

from __future__ import annotations

import json
from pathlib import Path

import tiny_tasks

ROOT = Path(__file__).resolve().parent.parent
FILES = {
    "choice": ROOT / "suites/data/quickstart/choice.jsonl",
    "triage": ROOT / "suites/data/quickstart/triage.jsonl",
    "instructions": ROOT / "suites/data/quickstart/instructions.jsonl",
    "tickets": ROOT / "evalkit/starter/tickets.jsonl",
}


def main() -> None:
    for name, items in tiny_tasks.held_out().items():
        path = FILES[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items), encoding="utf-8")
        print(f"{len(items)} items in {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
