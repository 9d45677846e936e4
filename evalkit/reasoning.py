"""Reasoning that a reply carries in its text, told from the answer. Pure; the one place that knows the forms.

    split("<think>A or B? A.</think>\n\nThe answer is B.")
      -> Split(answer="The answer is B.", reasoning="A or B? A.", unclosed=False, begins=27)
    split("The answer is A. But let me ch</think>B")     -> answer "B": the template wrote the opening tag
    split("<think>The answer is A. But let me ch")       -> answer "", unclosed: it was cut off while it reasoned
    split("Models write <think> before they answer.")    -> the whole text: a mention is no block

Providers and servers with a reasoning parser show reasoning in a field of its own; others leave it in the text. Forms:

    <think> <thinking> <thought> <reasoning> <scratchpad>   DeepSeek R1, Qwen3, GLM, MiniMax, Exaone, Nova; gpt-oss on
                                                            Bedrock writes <reasoning>, a block for each streamed piece
    <seed:think>, <longcat_think>                           Seed-OSS, LongCat
    [THINK] .. [/THINK]                                     Magistral
    ◁think▷ .. ◁/think▷                                     Kimi
    <|START_THINKING|> .. <|END_THINKING|>                  Cohere Command A
    <|begin_of_thought|> .. <|end_of_thought|>              Sky-T1, OpenThinker
    <|inner_prefix|> .. <|inner_suffix|>                    Apertus
    <|channel>thought .. <channel|>                         Gemma 4
    <|channel|>analysis<|message|> .. <|channel|>final ..   gpt-oss (harmony); also with its special tokens dropped
    Here is my thought process: .. Here is my response:     Granite 3.2
    <details type="reasoning"> .. </details>                Open WebUI, Z.ai

(Sources: the models' chat templates, and the reasoning parsers of vLLM, `vllm/reasoning/`, and SGLang,
`docs/advanced_features/separate_reasoning.md`.)

The answer is what a chat window that folds reasoning away would show. A block counts where it opens the reply, a line
or a sentence, or follows another block; a closing tag that nothing opened ends reasoning whose opening tag stood in
the prompt. Tags in code, in quotes, inside other tags, or talked about ("the <think> tag", "ends with </think>, then")
are text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache

from evalkit.frozen import dataclass
from evalkit.late import late


@dataclass(frozen=True, slots=True)
class Split:
    """A reply in its two parts."""

    answer: str
    """The reply without its reasoning: the text as it came where there is none, else stripped. May be empty."""
    reasoning: str | None = None
    """What stands in the blocks; None where the reply has none."""
    unclosed: bool = False
    """Whether the reasoning never ended and nothing was answered."""
    begins: int | None = None
    """Where in the reply the answer's first character stands; None where there is no answer."""


_NAMES = r"(?:[\w.-]{1,20}:|longcat_)?(?:think|thinking|thoughts?|reasoning|scratchpad)"
_TAG = late(
    rf"<[ \t]*+(?P<x>/?)[ \t]*+(?P<name>{_NAMES})(?:\s[^<>]{{0,200}}?)?(?P<empty>/?)>"
    r"|\[(?P<m>/?)THINK\]|◁(?P<k>/?)think▷|<\|(?:START|(?P<c>END))_THINKING\|>|<\|(?:begin|(?P<t>end))_of_thought\|>"
    r"|<\|inner_(?:prefix|(?P<s>suffix))\|>|(?P<g><\|channel>)(?:thought\b)?|(?P<h><channel\|>)"
    r"|(?P<d><details\s[^<>]{0,80}type=\"reasoning\"[^<>]{0,80}>)|(?P<e></details>)",
    re.IGNORECASE,
)
SIGNS = ("<", "[", "◁")
"""Every tag begins with one of these."""
_SIGN = late(r"[<\[◁]")
_FEW = 16
"""Characters for each such sign from which on it is quicker to look only there."""
_FAMILIES = {"m": "[", "k": "◁", "c": "c", "t": "t", "s": "s", "h": "g", "e": "d"}
"""Group of a closing tag -> the family that it closes."""
_OPENERS = (("[", "["), ("◁", "◁"), ("<|start", "c"), ("<|begin", "t"), ("<|inner", "s"), ("<|channel", "g"),
            ("<details", "d"))  # fmt: skip
_SAID = late(r"\S")
_START = late(
    r"[\s\ufeff\u200b]*+(?:(?:<s>|<\|im_start\|>|<\|assistant\|>|<\|begin_of_text\|>|<｜Assistant｜>"
    r"|<\|start_header_id\|>assistant<\|end_header_id\|>)(?:assistant\b)?[\s\ufeff\u200b]*+)*+"
)
_FENCE = late(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_QUOTES = dict(zip("\"'`“”‘«「『(*", "\"'`”“’»」』)*", strict=True))
_OPEN_TALK = late(
    r"[,;)?!:]|\.(?:\s|$)|'s\b|[ \t]+(?:(?:tags?|tokens?|elements?|blocks?|markers?)\b"
    r"|(?:and|or|to|then|\.\.\.|…) ?[<`\"]|[-–—=]+\s"
    r"|(?:is|are|was|marks?|opens?|starts?|begins?|means?|denotes?|holds?|contains?) (?:an?|the|not|used|where|when|how"
    r"|what|its?|that|reasoning|opened|closed|followed)\b)",
    re.IGNORECASE,
)
_CLOSE_TALK = late(r"[,;)?!:]|\.(?:\s|$)|'s\b|[ \t]+(?:tags?|tokens?|elements?|markers?)\b", re.IGNORECASE)
_LED_IN = late(
    r"\b(?:is|are|tags?|with|by|and|or|the|to|use|uses|using|token|after|before|until|then|called|named|writes?|"
    r"emits?|outputs?|via|like|between|without|no|missing)[ \t]+\Z",
    re.IGNORECASE,
)
_HARMONY = late(
    r"(?P<start><\|start\|>[^<|]{0,40}+)?<\|channel\|>\s*+(?P<name>\w{1,20}+)[^<]{0,100}+"
    r"(?:<\|constrain\|>[^<]{0,40}+)?<\|message\|>"
)
_HARMONY_CUT = late(r"(?P<name>analysis|commentary|final)<\|message\|>")
_HARMONY_CALL = late(r"to=functions\.\w")
_HARMONY_END = late(r"<\|(?:end|return|call|start|channel)\|>")
_GLUED = late(r"(?:assistant)?(?:analysis|commentary)(?=\S)")
_GRANITE = late(r"here(?: is|['’]s) my (thought process|response):", re.IGNORECASE)
_WRAPPED = late(
    r"<(?P<n>answer|response|output)>(?P<a>.*)</(?P=n)>\s*\Z|<\|begin_of_solution\|>(?P<b>.*?)(?:<\|end_of_solution\|>)?\s*\Z"
    r"|<\|START_RESPONSE\|>(?P<c>.*?)(?:<\|END_RESPONSE\|>)?\s*\Z|<\|begin_of_box\|>(?P<d>.*)<\|end_of_box\|>\s*\Z",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Tag:
    start: int
    end: int
    family: str
    closes: bool
    empty: bool = False


_LONGEST_KEPT = 100_000
"""Characters of a reply that is kept until the next is read."""


def split(text: str) -> Split:
    """The answer and the reasoning of a reply. Linear in its length; raises nothing.

    A reply is read five times on its way to its row: its times, its score and its tokens rest on the parts.
    """
    return _split_lately(text) if len(text) <= _LONGEST_KEPT else _split(text)


def _split(text: str) -> Split:
    start = _START.match(text)
    first = start.end() if start else 0
    if "<|message|>" in text and (found := _harmony(text, first)) is not None:
        return found
    if glued := _GLUED.match(text, first):
        final = text.find("assistantfinal", glued.end())
        if final >= 0:
            return _parted(text, [(final + len("assistantfinal"), len(text))], [(glued.end(), final)])
        if text[glued.end()].isupper():
            return Split("", text[glued.end() :], unclosed=True)
    if (granite := _GRANITE.match(text, first)) and granite[1].lower() == "thought process":
        for later in _GRANITE.finditer(text, granite.end()):
            if later[1].lower() == "response":
                return _parted(text, [(later.end(), len(text))], [(granite.end(), later.start())])
    tags = _tags(text)
    return _Walk(text, tags, first).split() if tags else Split(text, begins=_begins(text, [(0, len(text))]))


_split_lately = lru_cache(maxsize=2)(_split)


def answer_of(text: str | None) -> str:
    """The answer in a stored reply: what a scorer, a judge or the next turn of a conversation is shown."""
    return split(text).answer if text else ""


def names_tag(words: str) -> bool:
    """Whether a rule of a suite, like `{after: "</think>"}`, is about a tag of reasoning itself."""
    return _TAG.search(words.replace("\\", "")) is not None


def _found(text: str) -> Iterator[re.Match[str]]:
    """As `_TAG.finditer`, which looks at each of 16 million characters for .6 s: tags are looked for where one can
    begin, unless that is nearly everywhere."""
    n_signs = sum(map(text.count, SIGNS))
    if n_signs * _FEW > len(text):
        yield from _TAG.finditer(text)
        return
    end = 0
    for sign in _SIGN.finditer(text) if n_signs else ():
        if sign.start() >= end and (found := _TAG.match(text, sign.start())):
            end = found.end()
            yield found


def _tags(text: str) -> list[_Tag]:
    tags = []
    for found in _found(text):
        if name := found["name"]:
            tags.append(_Tag(found.start(), found.end(), "<" + name.lower(), bool(found["x"]), bool(found["empty"])))
            continue
        closed = next((family for group, family in _FAMILIES.items() if found[group]), None)
        said = found[0].lower()
        family = closed or next(family for prefix, family in _OPENERS if said.startswith(prefix))
        tags.append(_Tag(found.start(), found.end(), family, closed is not None))
    return tags


def _parted(text: str, kept: list[tuple[int, int]], thought: list[tuple[int, int]], *, unclosed: bool = False) -> Split:
    """The parts by their places; the wrapping that templates put around an answer behind reasoning is taken off."""
    answer = "".join(text[a:b] for a, b in kept)
    reasoning = "".join(text[a:b] for a, b in thought).strip()
    if wrapped := _WRAPPED.match(answer.strip()):
        inside = next(part for part in (wrapped["a"], wrapped["b"], wrapped["c"], wrapped["d"]) if part is not None)
        if not re.search(r"<(?:answer|response|output)>", inside, re.IGNORECASE):
            answer = inside
    answer = answer.strip()
    return Split(answer, reasoning, unclosed and not answer, _begins(text, kept) if answer else None)


def _begins(text: str, kept: list[tuple[int, int]]) -> int | None:
    for a, b in kept:
        if found := _SAID.search(text, a, b):
            return found.start()
    return None


def _harmony(text: str, first: int) -> Split | None:
    """gpt-oss's channels: the final one is the answer, and so are calls of functions with their heads; all else is not.

    None where the text is not in them."""
    heads = list(_HARMONY.finditer(text))
    cut = _HARMONY_CUT.match(text, first)
    if cut is None and not (heads and (heads[0].start() == first or heads[0]["start"])):
        return None
    if cut is not None:
        heads.insert(0, cut)
    kept: list[tuple[int, int]] = []
    thought = [(first, heads[0].start())]
    end = len(text)
    for n, head in enumerate(heads):
        until = heads[n + 1].start() if n + 1 < len(heads) else len(text)
        stop = _HARMONY_END.search(text, head.end(), until)
        end = stop.start() if stop else until
        if _HARMONY_CALL.search(head[0]):
            end = stop.end() if stop and stop[0] == "<|call|>" else end
            kept.append((head.start(), end))
        else:
            (kept if head["name"] == "final" else thought).append((head.end(), end))
    return _parted(text, kept, thought, unclosed=end == len(text))


class _Walk:
    """One pass over the tags of a text."""

    def __init__(self, text: str, tags: list[_Tag], first: int) -> None:
        self._text = text
        self._tags = tags
        self._first = first
        """Where the reply begins, behind white space and start tokens."""
        self._fences = [fence.start() for fence in _FENCE.finditer(text)]
        self._base = 0
        """The end of the last block: what stands before it is decided."""
        self._kept: list[tuple[int, int]] = []
        self._thought: list[tuple[int, int]] = []
        self._inner: dict[str, int] = {}
        """Tags that were opened inside the answer's own text, by family: their closing tags are text too."""

    def split(self) -> Split:
        n = 0
        closed = False
        while n < len(self._tags):
            tag = self._tags[n]
            n += 1
            if self._is_text(tag):
                continue
            if tag.closes:
                if self._inner.get(tag.family):
                    self._inner[tag.family] -= 1
                elif tag.family != "d" and not (closed and self._says(self._base, tag.start) and self._ends(tag)):
                    self._all_was_reasoning(tag)
            elif not self._opens(tag):
                self._inner[tag.family] = self._inner.get(tag.family, 0) + 1
            elif tag.empty:
                self._block(tag, tag)
            else:
                last = self._close_of(n)
                if last is None:
                    if tag.family == "d":
                        continue
                    self._keep(self._base, tag.start)
                    self._thought.append((tag.end, len(self._text)))
                    return _parted(self._text, self._kept, self._thought, unclosed=True)
                closed = True
                n = last + 1
                self._block(tag, self._tags[last])
        if not self._thought:
            return Split(self._text, begins=_begins(self._text, [(0, len(self._text))]))
        self._keep(self._base, len(self._text))
        return _parted(self._text, self._kept, self._thought)

    def _block(self, opened: _Tag, closed: _Tag) -> None:
        self._keep(self._base, opened.start)
        self._thought.append((opened.end, max(opened.end, closed.start)))
        self._base = closed.end

    def _keep(self, start: int, end: int) -> None:
        start = max(start, self._first)
        if start < end:
            self._kept.append((start, end))

    def _all_was_reasoning(self, closed: _Tag) -> None:
        """A closing tag that nothing opened: all text before it is reasoning."""
        if not self._says(self._first, closed.start) and not self._says(closed.end, len(self._text)):
            return  # nothing but the tag: that is what was said
        self._thought = [(self._first, closed.start)]
        self._kept.clear()
        self._inner.clear()
        self._base = closed.end

    def _opens(self, tag: _Tag) -> bool:
        """Whether a block can begin here: where the reply, a line or a sentence does, or behind another block."""
        before = self._text[max(self._base, self._first, tag.start - 80) : tag.start]
        line = before.rpartition("\n")[2]
        if not line.strip():
            return "\n" in before or tag.start - len(before) <= max(self._base, self._first)
        return line != line.rstrip() and line.rstrip()[-1] in ".!?:…。！？："

    def _close_of(self, n: int) -> int | None:
        """The number of the tag that closes the block opened before tag `n`.

        Nested blocks are counted. Where the count never ends (a tag was only mentioned), the last closing tag counts;
        where no closing tag has the opening one's name, the first of another name does.
        """
        family, depth, spare, other = self._tags[n - 1].family, 1, None, None
        for at in range(n, len(self._tags)):
            tag = self._tags[at]
            if tag.family != family:
                if other is None and tag.closes and tag.family[0] == family[0] == "<" and not self._strong(tag):
                    other = at
                continue
            if self._strong(tag):
                continue
            if not tag.closes:
                depth += not tag.empty
                continue
            spare = at
            if not self._weak(tag):
                depth -= 1
                if depth == 0:
                    return at
        return other if spare is None else spare

    def _is_text(self, tag: _Tag) -> bool:
        """Whether a tag outside any block is only mentioned, or part of code."""
        before = bisect_left(self._fences, tag.start) - bisect_left(self._fences, self._base)
        after = len(self._fences) - bisect_left(self._fences, tag.start)
        if before % 2 and after % 2:
            return True
        return self._strong(tag) or (tag.closes and self._weak(tag))

    def _strong(self, tag: _Tag) -> bool:
        """In quotes or in code on its line, or talked about."""
        text = self._text
        before, after = text[max(0, tag.start - 200) : tag.start], text[tag.end : tag.end + 200]
        if before and after and _QUOTES.get(before[-1]) == after[0]:
            return True
        if before.rpartition("\n")[2].count("`") % 2 and after.partition("\n")[0].count("`") % 2:
            return True
        return (_CLOSE_TALK if tag.closes else _OPEN_TALK).match(after) is not None

    def _weak(self, tag: _Tag) -> bool:
        """A closing tag in the midst of a sentence: it may be talked about."""
        before, after = self._text[max(0, tag.start - 40) : tag.start], self._text[tag.end : tag.end + 2]
        if _LED_IN.search(before):
            return True
        in_sentence = len(before) > 1 and before[-1] in " \t" and before[-2].isalnum()
        return in_sentence and len(after) == 2 and after[0] == " " and after[1].islower()

    def _says(self, start: int, end: int) -> bool:
        found = _SAID.search(self._text, start, end)
        return found is not None

    def _ends(self, tag: _Tag) -> bool:
        return not self._says(tag.end, len(self._text))
