"""Answers of chat servers: usage, finishes, parts, framing. Variants by a further reader, written before they were run.

(case, what is sent, its type, (text, stop reason, tokens in, out, cached, reasoning, stated cost) or classes of error);
"*" is anything, a tuple holds alternatives.
"""
# ruff: noqa: E501 - an exchange stands on one line
# fmt: off

from __future__ import annotations

import json
from typing import Any

from evalkit.errors import RequestError
from tests.test_exchange_batch import BILL, END, ask, sse

ES, AJ = "text/event-stream", "application/json"
S = "*"


def j(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def full(content: Any = "Lyon", usage: Any = BILL, finish: str = "stop", msg: dict[str, Any] | None = None) -> bytes:
    message = {"role": "assistant", "content": content, **(msg or {})}
    choices = [{"index": 0, "message": message, "finish_reason": finish}]
    return j({"id": "c", "model": "m-1", "choices": choices, "usage": usage})


def ch(delta: dict[str, Any], finish: str | None = None, **beside: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **beside}


def U(**usage: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [], "usage": usage}


T, F = ch({"content": "Lyon"}), ch({}, "stop")
ANSWERS: list[tuple[str, bytes, str, Any]] = [
 ("usage only total",sse(T,F,U(total_tokens=25)),ES,("Lyon","stop",None,None,S,S,S)),
 ("usage input_tokens names",sse(T,F,U(input_tokens=20,output_tokens=5)),ES,("Lyon","stop",20,5,S,S,S)),
 ("usage camel",sse(T,F,{"id":"c","choices":[],"usage":{"promptTokens":20,"completionTokens":5}}),ES,("Lyon","stop",(20,None),(5,None),S,S,S)),
 ("usage floats",sse(T,F,U(prompt_tokens=20.0,completion_tokens=5.0)),ES,("Lyon","stop",(20,None),(5,None),S,S,S)),
 ("usage grows, last wins",sse(ch({"content":"Ly"},usage={"prompt_tokens":20,"completion_tokens":1}),ch({"content":"on"},usage={"prompt_tokens":20,"completion_tokens":2}),ch({},"stop",usage={"prompt_tokens":20,"completion_tokens":3})),ES,("Lyon","stop",20,3,S,S,S)),
 ("usage then null",sse(T,F,U(**BILL),{"id":"c","choices":[],"usage":None}),ES,("Lyon","stop",20,5,S,S,S)),
 ("usage before finish",sse(T,U(**BILL),F),ES,("Lyon","stop",20,5,S,S,S)),
 ("cached 0 detail",sse(T,F,U(prompt_tokens=20,completion_tokens=5,prompt_tokens_details={"cached_tokens":0})),ES,("Lyon","stop",20,5,(0,None),S,S)),
 ("cached gt prompt",sse(T,F,U(prompt_tokens=20,completion_tokens=5,prompt_tokens_details={"cached_tokens":50})),ES,("Lyon","stop",(20,None),5,(None,50,20),S,S)),
 ("deepseek hits",sse(T,F,U(prompt_tokens=20,completion_tokens=5,prompt_cache_hit_tokens=8,prompt_cache_miss_tokens=12)),ES,("Lyon","stop",20,5,8,S,S)),
 ("moonshot cached top",sse(T,F,U(prompt_tokens=20,completion_tokens=5,cached_tokens=8)),ES,("Lyon","stop",20,5,8,S,S)),
 ("reasoning details",sse(T,F,U(prompt_tokens=20,completion_tokens=50,completion_tokens_details={"reasoning_tokens":44})),ES,("Lyon","stop",20,50,S,44,S)),
 ("reasoning_tokens top",sse(T,F,U(prompt_tokens=20,completion_tokens=50,reasoning_tokens=44)),ES,("Lyon","stop",20,50,S,(44,None),S)),
 ("xai reasoning beside",sse(T,F,U(prompt_tokens=20,completion_tokens=5,total_tokens=69,completion_tokens_details={"reasoning_tokens":44})),ES,("Lyon","stop",20,49,S,44,S)),
 ("zeros with text",sse(T,F,U(prompt_tokens=0,completion_tokens=0,total_tokens=0)),ES,("Lyon","stop",None,None,S,S,S)),
 ("zero completion with text",sse(T,F,U(prompt_tokens=20,completion_tokens=0,total_tokens=20)),ES,("Lyon","stop",20,None,S,S,S)),
 ("zero prompt only",sse(T,F,U(prompt_tokens=0,completion_tokens=5,total_tokens=5)),ES,("Lyon","stop",None,5,S,S,S)),
 ("minus one",sse(T,F,U(prompt_tokens=-1,completion_tokens=-1,total_tokens=-2)),ES,("Lyon","stop",None,None,S,S,S)),
 ("total contradicts",sse(T,F,U(prompt_tokens=20,completion_tokens=5,total_tokens=999)),ES,("Lyon","stop",20,(5,None,979),S,S,S)),
 ("or cost",full(usage={**BILL,"cost":0.00123}),AJ,("Lyon","stop",20,5,S,S,S)),
 ("finish null with DONE",sse(T)+b"data: [DONE]\n\n",ES,("Lyon",("stop","other"),None,None,S,S,S)),
 ("finish eos",sse(T,ch({},"eos"),END),ES,("Lyon",("stop","other"),S,S,S,S,S)),
 ("finish stop_sequence",sse(T,ch({},"stop_sequence"),END),ES,("Lyon",("stop","other"),S,S,S,S,S)),
 ("finish max_tokens",sse(T,ch({},"max_tokens"),END),ES,("Lyon","length",S,S,S,S,S)),
 ("finish LENGTH",sse(T,ch({},"LENGTH"),END),ES,("Lyon","length",S,S,S,S,S)),
 ("finish model_length",sse(T,ch({},"model_length"),END),ES,("Lyon","length",S,S,S,S,S)),
 ("finish insufficient_system_resource",sse(T,ch({},"insufficient_system_resource"),END),ES,"ServerError|Overloaded|BadReply|ConnectionFailed"),
 ("finish sensitive (zai)",sse(T,ch({},"sensitive"),END),ES,("Lyon","content_filter",S,S,S,S,S)),
 ("finish network_error (zai)",sse(T,ch({},"network_error"),END),ES,"ServerError|Overloaded|BadReply|ConnectionFailed"),
 ("finish content_filter text",sse(T,ch({},"content_filter"),END),ES,("Lyon","content_filter",S,S,S,S,S)),
 ("finish error",sse(T,ch({},"error")),ES,"ServerError|BadReply"),
 ("refusal field",full(content=None,msg={"refusal":"I can't help with that."}),AJ,(S,"refusal",20,5,S,S,S)),
 ("refusal stream",sse(ch({"refusal":"I can't "}),ch({"refusal":"help."}),F,END),ES,(S,"refusal",S,S,S,S,S)),
 ("refusal empty string",full(msg={"refusal":""}),AJ,("Lyon","stop",20,5,S,S,S)),
 ("content parts",full(content=[{"type":"text","text":"Ly"},{"type":"text","text":"on"}]),AJ,("Lyon","stop",20,5,S,S,S)),
 ("content parts thinking (mistral)",full(content=[{"type":"thinking","thinking":[{"type":"text","text":"Paris?"}]},{"type":"text","text":"Lyon"}]),AJ,("Lyon","stop",20,5,S,S,S)),
 ("content parts delta",sse(ch({"content":[{"type":"text","text":"Lyon"}]}),F,END),ES,("Lyon","stop",20,5,S,S,S)),
 ("two choices",j({"choices":[{"index":1,"message":{"content":"Paris"},"finish_reason":"stop"},{"index":0,"message":{"content":"Lyon"},"finish_reason":"stop"}],"usage":BILL}),AJ,("Lyon","stop",20,5,S,S,S)),
 ("choice index 1 in stream",sse({"choices":[{"index":1,"delta":{"content":"Paris"}}]},T,F,END),ES,("Lyon","stop",20,5,S,S,S)),
 ("index missing",sse({"choices":[{"delta":{"content":"Lyon"},"finish_reason":"stop"}]},END),ES,("Lyon","stop",20,5,S,S,S)),
 ("empty choices body",j({"id":"c","choices":[],"usage":BILL}),AJ,"BadReply|ServerError"),
 ("bare string body",j("Lyon"),AJ,"BadReply"),
 ("list body",j([{"choices":[]}]),AJ,"BadReply"),
 ("latin-1 body",'{"choices":[{"index":0,"message":{"content":"Orléans"},"finish_reason":"stop"}]}'.encode("latin-1"),AJ,"BadReply"),
 ("utf16 body",'{"choices":[{"index":0,"message":{"content":"Lyon"},"finish_reason":"stop"}]}'.encode("utf-16"),AJ,"BadReply"),
 ("two JSONs",full()+b"\n"+full(content="Paris"),AJ,"BadReply"),
 ("trailing newline/nul",full()+b"\n\n",AJ,("Lyon","stop",20,5,S,S,S)),
 ("jsonp",b")]}',\n"+full(),AJ,"BadReply"),
 ("sse no space",sse(T,F,END).replace(b"data: ",b"data:"),ES,("Lyon","stop",20,5,S,S,S)),
 ("sse event names",b"".join(b"event: message\nid: 1\nretry: 5\n"+sse(x,done=False) for x in (T,F,END)),ES,("Lyon","stop",20,5,S,S,S)),
 ("sse leading blank lines",b"\n\n\n"+sse(T,F,END),ES,("Lyon","stop",20,5,S,S,S)),
 ("sse comment keepalive",b": ping\n\n"+sse(T,done=False)+b": ping\n\n"+sse(F,END),ES,("Lyon","stop",20,5,S,S,S)),
 ("sse last without blank line",sse(T,F,done=False)+b'data: '+j(END),ES,("Lyon","stop",20,5,S,S,S)),
 ("sse DATA upper",sse(T,F,END).replace(b"data:",b"DATA:"),ES,"BadReply|ConnectionFailed|ServerError"),
 ("sse u2028",sse(ch({"content":"Ly\u2028on"}),F,END),ES,("Ly\u2028on","stop",20,5,S,S,S)),
 ("error event with message only",b"event: error\n"+b'data: {"message":"upstream timeout"}\n\n',ES,"ServerError|BadReply"),
 ("error event plain",b"event: error\ndata: rate limit exceeded\n\n",ES,"RateLimited|ServerError|BadReply"),
 ("error after finish",sse(T,F,END,{"error":{"message":"late","code":500}}),ES,("Lyon","stop",20,5,S,S,S)),
 ("cut before finish",sse(T,done=False),ES,"ConnectionFailed|BadReply|ServerError"),
 ("only ping",b": ping\n\n",ES,"ConnectionFailed|BadReply|ServerError"),
 ("html 200",b"<html><title>Login</title></html>","text/html","BadReply|Rejected"),
 ("gateway error 200 {error:string}",j({"error":"upstream connect error"}),AJ,"ServerError|BadReply|Overloaded"),
 ("success false",j({"success":False,"code":500,"msg":"busy, try later"}),AJ,"ServerError|BadReply|Overloaded"),
 ("detail 200",j({"detail":"Not authenticated"}),AJ,"KeyRefused|BadReply|Rejected"),
 ("think split",sse(ch({"content":"<th"}),ch({"content":"ink>Paris?</thi"}),ch({"content":"nk>\n\nLyon"}),F,END),ES,("<think>Paris?</think>\n\nLyon","stop",20,5,S,S,S)),
 ("reasoning field name",sse(ch({"reasoning":"Paris?"}),T,F,END),ES,("Lyon","stop",20,5,S,S,S)),
 ("thinking field name",sse(ch({"thinking":"Paris?"}),T,F,END),ES,("Lyon","stop",20,5,S,S,S)),
 ("reasoning_text field",sse(ch({"reasoning_text":"Paris?"}),T,F,END),ES,("Lyon","stop",20,5,S,S,S)),
 ("content null chunks",sse(ch({"role":"assistant","content":None}),T,ch({"content":None}),F,END),ES,("Lyon","stop",20,5,S,S,S)),
 ("only reasoning",sse(ch({"reasoning_content":"Paris?"}),ch({},"length"),END),ES,("","length",20,5,S,S,S)),
]

# fmt: on


async def test_what_a_chat_server_answers() -> None:
    otherwise = []
    for case, raw, kind, expected in ANSWERS:
        try:
            answer = await ask(raw, kind=kind)
            bill = answer.usage
            counts = (None,) * 5 if bill is None else (
                bill.input, bill.output, bill.cache_read, bill.reasoning, bill.provider_cost_usd
            )  # fmt: skip
            found: Any = (answer.text, answer.stop_reason, *counts)
        except RequestError as error:
            found = type(error).__name__
        if isinstance(expected, str):
            fits = found in expected.split("|")
        else:
            fits = not isinstance(found, str) and all(
                want in (S, one) or (isinstance(want, tuple) and one in want)
                for want, one in zip(expected, found, strict=True)
            )
        if not fits:
            otherwise.append(f"{case}: {found}, not {expected}")
    assert not otherwise, "\n".join(otherwise)
