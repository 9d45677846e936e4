"""The ticket sorter as a program: a line of JSON for each line of JSON.

echo '{"id": 1, "prompt": "My parcel is lost."}' | python examples/applications/worker.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from app import answered

for line in sys.stdin:
    asked = json.loads(line)
    said = answered(asked["prompt"], "v2", asked["record"].get("plan"))
    bill = said["bill"]
    reply = {
        "id": asked["id"],
        "text": said["answer"]["queue"],
        "usage": {"input": bill["in"], "output": bill["out"]},
        "cost_usd": bill["usd"],
        "served_model": said["app"],
        "trace_id": said["trace"],
    }
    print(json.dumps(reply), flush=True)
