"""`adapter: vllm` with `serve:`: evalkit starts the server, asks it, and stops it.

    qwen: {adapter: vllm, model: Qwen/Qwen3.5-32B, serve: {tensor_parallel_size: 2, quantization: fp8}}

The server is started when the first answer is owed and lives until the model's turn is over. Asking is `openai_chat`'s;
here are only the server's life and the facts about it. One that dies in the middle is started again once.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

from evalkit.adapters.base import Endpoint, ModelSpec
from evalkit.adapters.dialects.openai_chat import OpenAIChat
from evalkit.adapters.http_wire import Wire
from evalkit.adapters.presets import load_preset
from evalkit.adapters.vllm.child import engine_facts, environment
from evalkit.adapters.vllm.flags import (
    SERVED,
    STARTUP_S,
    VllmServeOptions,
    arguments,
    contents_of_loras,
    lora_folders,
    served_loras,
)
from evalkit.adapters.vllm.installation import asked_precision, gpu_names, vllm_program, vllm_version
from evalkit.adapters.vllm.metrics import MetricsSampler
from evalkit.adapters.vllm.process import Launch, VllmProcess, free_port
from evalkit.adapters.vllm.weights import Weights, identify
from evalkit.errors import ConnectionFailed, SuiteError, Unfit
from evalkit.paths import Inside
from evalkit.records import Request, Response

STARTUP_DEFAULT_S = 1800.0


Options = VllmServeOptions


def make(spec: ModelSpec) -> ManagedVllm:
    """Checks everything that can be seen without starting anything. Raises SuiteError, MissingPackage, and UserError
    for an environment with what a checkout brought along."""
    where = f"models.{spec.name}"
    serve = dict(spec.serve or {})
    if spec.base_url is not None:
        raise SuiteError(f"{where}: base_url and serve stand beside each other; serve starts a server of its own.")
    flags = arguments(serve, f"{where}.serve", allow_code=spec.allow_code)
    folder = Path(spec.folder)
    weights = identify(spec.model, serve, folder, where)
    loras = lora_folders(spec, serve, folder)
    executable = vllm_program(where)
    environment("", from_hub=False)  # for what it refuses, before anything is started
    startup_s = cast("float", serve.get(STARTUP_S, STARTUP_DEFAULT_S))  # a number, as `arguments` found
    return ManagedVllm(spec, weights, flags, loras, executable, float(startup_s))


class ManagedVllm:
    """One model on a server of its own."""

    def __init__(
        self,
        spec: ModelSpec,
        weights: Weights,
        flags: list[str],
        loras: dict[str, Inside],
        executable: str,
        startup_s: float,
    ) -> None:
        self.spec = spec
        version = vllm_version(executable)
        key, port = secrets.token_urlsafe(32), free_port()
        adapters = contents_of_loras(loras, spec.name)
        command = [weights.source, "--host=127.0.0.1", f"--port={port}", f"--served-model-name={SERVED}"]
        command += ["--generation-config=vllm", *flags]
        if loras:
            command += ["--enable-lora", "--lora-modules", *(f"{name}={path.real}" for name, path in loras.items())]
        asked = "lora" if spec.options.get("lora") else SERVED
        inner = replace(spec, model=asked, base_url=f"http://127.0.0.1:{port}/v1", options={}, serve=None)
        preset = load_preset("vllm")
        headers = {"Authorization": f"Bearer {key}"}
        self._chat = OpenAIChat(inner, preset, Wire(inner, str(inner.base_url), headers, key, ("VLLM_API_KEY",)))
        from_hub = not Path(weights.source).is_absolute()
        self._launch = Launch(executable, command, port, key, spec.name, from_hub)
        self._startup_s = startup_s
        self._process: VllmProcess | None = None
        self._metrics: MetricsSampler | None = None
        self._tell: Callable[[str], None] = lambda text: None
        self._n_starts = 0
        self._lock = asyncio.Lock()
        self._gone: str | None = None
        """Why the server will not come back; None while it may."""
        parses = "--enable-auto-tool-choice" in flags and any(flag.startswith("--tool-call-parser=") for flag in flags)
        self.capabilities = replace(self._chat.capabilities, tools=parses)
        engine = f"vllm {version or 'of unknown version'}"
        told = " ".join([*flags, *(f"lora {name} {content}" for name, content in adapters.items())])
        self.endpoint = Endpoint(
            lane=f"vllm {spec.name}",
            place=f"weights {weights.identity} {engine} {asked} {told}".strip(),
            host="127.0.0.1",
            cacheable=weights.identity is not None and version is not None,
            weights=weights.identity,
            turn="managed servers",
            facts={
                "dialect": "openai_chat",
                "engine": engine,
                "weights": weights.identity or "unknown: a branch of the hub (pin serve: {revision: COMMIT})",
                **({"template": weights.template} if weights.template is not None else {}),
                "flags": " ".join(flags) or "none",
                **asked_precision(spec),
                **served_loras(adapters),
                "gpus": gpu_names() or "none",
            },
        )
        self.served: dict[str, object] = {}
        """What the server turned out to be: for run.json; empty until it has been started."""

    def __repr__(self) -> str:
        return f"ManagedVllm({self.spec.name!r}, {self.endpoint.place!r})"

    async def start(self, folder: Path, tell: Callable[[str], None]) -> None:
        """Start the server, its log in the run's folder. Raises Unfit with the reason."""
        self._tell = tell
        self._process = VllmProcess(self._launch, folder / f"server-{self.spec.name}.log")
        tell(f"{self.spec.name}: starting vllm serve on port {self._launch.port}")
        startup_s = await self._process.start(self._startup_s, tell)
        tell(f"{self.spec.name}: vllm serve is ready after {startup_s:.0f} s")
        self._n_starts = 1
        self.served = {"startup_s": round(startup_s, 3), "restarts": 0, **dict(self.endpoint.facts)}
        if resolved := engine_facts(self._process.log):
            self.served["resolved"] = resolved
        self._metrics = MetricsSampler(self._process.root)
        self._metrics.start()

    async def respond(self, request: Request) -> Response:
        """The answer to one request. A server that died is started again, once, for the engine to try again."""
        if self._lock.locked():
            async with self._lock:  # it is being started again: no attempt is wasted on it meanwhile
                pass
        if self._gone is not None:
            raise Unfit(self._gone)
        try:
            return await self._chat.respond(request)
        except ConnectionFailed:
            await asyncio.shield(asyncio.ensure_future(self._revive()))
            raise

    async def probe_likelihood(self) -> str | None:
        """As `OpenAIChat.probe_likelihood`."""
        return await self._chat.probe_likelihood()

    async def probe_tools(self) -> str | None:
        """As `OpenAIChat.probe_tools`."""
        return await self._chat.probe_tools()

    async def probe_images(self) -> str | None:
        """As `OpenAIChat.probe_images`."""
        return await self._chat.probe_images()

    async def stop(self) -> None:
        """End the server: the model's turn is over."""
        if self._metrics is not None:
            await self._metrics.stop()
            self.served |= {"metrics": self._metrics.facts}
            self._metrics = None
        if self._process is not None:
            await self._process.stop()

    async def aclose(self) -> None:
        """Close connections, and the server if it still runs."""
        await self._chat.aclose()
        await self.stop()

    async def _revive(self) -> None:
        """Return when the server answers again. Raises Unfit when it has died for the second time."""
        async with self._lock:
            process = self._process
            if process is None:
                raise Unfit(f"models.{self.spec.name}: its server has not been started.")
            if self._gone is not None:
                raise Unfit(self._gone)
            if await process.recovers():
                return  # a hiccup, or a sibling was first
            why = process.ending()
            if self._n_starts > 1:
                self._gone = f"models.{self.spec.name}: vllm serve died twice: {why}. Its log: {process.log}"
                raise Unfit(self._gone)
            self._n_starts += 1
            self._tell(f"{self.spec.name}: vllm serve died ({why}); starting it again, once")
            try:
                await process.stop()
                await process.start(self._startup_s, self._tell)
            except Unfit as error:
                self._gone = str(error)
                raise
            self.served |= {"restarts": self._n_starts - 1}
