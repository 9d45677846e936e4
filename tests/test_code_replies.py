# ruff: noqa: E501 - a reply is one text
"""Which lines of a reply are the program: fences of every form, usage blocks, sessions, prose around it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from evalkit.records import Outcome
from evalkit.scorers import code_worker
from tests.scoring import mark, sample

ITEM = sample(
    prompt='def triple(x):\n    """Three times x."""\n',
    test="def check(f):\n    assert f(2) == 6\n    assert f(-1) == -3",
    entry_point="triple",
)
GOOD = "def triple(x):\n    return 3 * x\n"
BAD = "def triple(x):\n    return x\n"

pytestmark = pytest.mark.skipif(code_worker.unsupported() is not None, reason="seccomp of Linux")


@pytest.fixture(autouse=True)
def _may_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(code_worker._permission, "allowed", True)
    yield


def indented(text: str, by: str) -> str:
    return "".join(by + line for line in text.splitlines(keepends=True))


RIGHT = {
    "usage in a second block": f"```python\n{GOOD}```\nUse it:\n```python\nprint(triple(4))\n```",
    "usage with an import": f"```python\n{GOOD}```\n```python\nfrom solution import triple\ntriple(3)\n```",
    "output as text": f"```python\n{GOOD}```\nOutput:\n```text\n6\n```",
    "a session after it": f"```python\n{GOOD}```\n```pycon\n>>> triple(2)\n6\n```",
    "tests after it": f"```python\n{GOOD}```\nTests:\n```python\nimport unittest\nclass T(unittest.TestCase):\n    pass\n```",
    "shell before it": f"```sh\npip install numpy\n```\n```python\n{GOOD}```",
    "tildes": f"~~~python\n{GOOD}~~~",
    "tildes without language": f"Here:\n~~~\n{GOOD}~~~\nDone.",
    "four backticks": f"````python\n{GOOD}````",
    "indented in a list": "1. The code:\n\n" + indented(f"```python\n{GOOD}```", "   ") + "\n2. Done.",
    "indented by a tab": indented(f"```python\n{GOOD}```", "\t"),
    "unclosed": f"Here it is:\n\n```python\n{GOOD}",
    "unclosed, only a body": "```python\n    return 3 * x\n",
    "carriage returns": f"```python\n{GOOD}```".replace("\n", "\r\n"),
    "carriage returns without a fence": GOOD.replace("\n", "\r\n"),
    "old Mac line ends": f"```python\n{GOOD}```".replace("\n", "\r"),
    "language with attributes": f"```python linenums=1 hl_lines='2'\n{GOOD}```",
    "attributes behind the language": f'```python {{.numberLines startFrom="3"}}\n{GOOD}```',
    "language in braces": f"```{{.python .numberLines}}\n{GOOD}```",
    "language with a colon": f"```python:triple.py\n{GOOD}```",
    "space before the language": f"``` python\n{GOOD}```",
    "upper case": f"```PYTHON\n{GOOD}```",
    "python with a version": f"```python3.11\n{GOOD}```",
    "blanks behind the fence": f"```python   \n{GOOD}```   \nDone.",
    "a closing fence alone": f"{GOOD}```\nThis multiplies.",
    "prose before, no fence": f"Here is the function:\n\n{GOOD}",
    "prose after, no fence": f"{GOOD}\nThis returns three times x.",
    "session defines it": "```python\n>>> def triple(x):\n...     return 3 * x\n...\n>>> triple(2)\n6\n```",
    "body with two spaces": "  y = 3 * x\n  return y",
    "body without indentation": "return 3 * x",
    "body of several lines without indentation": "y = 0\nfor _ in range(3):\n    y += x\nreturn y",
    "body by tabs": "\ty = 3 * x\n\treturn y",
    "an assignment": "```python\ntriple = lambda x: 3 * x\n```",
    "helper in a block before": "```python\ndef three():\n    return 3\n```\nand then\n```python\ndef triple(x):\n    return three() * x\n```",
    "second block improves the first": f"```python\n{BAD}```\nThat was wrong. Corrected:\n```python\n{GOOD}```",
    "async-looking name elsewhere": f"```python\ndef triple_all(xs):\n    return [triple(x) for x in xs]\n\n{GOOD}```",
    "fence in a docstring": '```python\ndef triple(x):\n    """Example:\n    ```\n    triple(2)\n    ```\n    """\n    return 3 * x\n```',
    "byte order mark": f"\ufeff```python\n{GOOD}```",
    "json beside it": f'```json\n{{"input": 2, "output": 6}}\n```\n```python\n{GOOD}```',
    "typed signature": "```python\nfrom __future__ import annotations\n\ndef triple(x: int | None) -> int | None:\n    return 3 * x\n```",
    "fences in the line": f"Here it is: ```python\n{GOOD.rstrip()}```",
    "fence behind a tag": f"<answer>```python\n{GOOD}```</answer>",
    "quoted block": "> ```python\n> def triple(x):\n>     return 3 * x\n> ```",
}
WRONG = {
    "a wrong function with usage": f"```python\n{BAD}```\n```python\nprint(triple(2))\n```",
    "the right one named otherwise": "```python\ndef thrice(x):\n    return 3 * x\n```",
    "corrected for the worse": f"```python\n{GOOD}```\nOn second thought:\n```python\n{BAD}```",
    "a comment only": "```python\n# return 3 * x\n```",
    "prose only": "Multiply x by three and return it.",
    "code in another language": "```javascript\nfunction triple(x) { return 3 * x; }\n```",
    "body that gives nothing": "    3 * x",
    "session that shows only a call": "```pycon\n>>> triple(2)\n6\n```",
}


@pytest.mark.long(but=8)
@pytest.mark.parametrize("reply", RIGHT.values(), ids=RIGHT)
def test_the_program_is_found(reply: str) -> None:
    score = mark("code", {}, ITEM, reply)
    assert score.outcome is Outcome.RIGHT, (score.reason, score.extracted)


@pytest.mark.parametrize("reply", WRONG.values(), ids=WRONG)
def test_a_wrong_program_stays_wrong(reply: str) -> None:
    assert mark("code", {}, ITEM, reply).outcome in {Outcome.WRONG, Outcome.UNPARSEABLE}
