"""Under whose name the open weights of the catalogue are published: a licence is of the maker's weights alone.

is_the_makers("openai/gpt-oss-120b", known)       # True
is_the_makers("somebody/gpt-oss-120b", known)     # False: weights of that name, of somebody else
"""

from __future__ import annotations

from evalkit.catalogue.facts import Known

_MAKERS = {
    "GPT-OSS": ("openai",),
    "DeepSeek": ("deepseek-ai", "deepseek"),
    "Mistral": ("mistralai", "mistral"),
    "Llama": ("meta-llama", "meta"),
    "Qwen": ("qwen",),
    "GLM": ("zai-org", "z-ai", "zai", "thudm"),
    "Gemma": ("google",),
    "Phi": ("microsoft",),
    "OLMo": ("allenai",),
    "Grok": ("xai-org", "xai", "x-ai"),
}
"""Family -> names of its maker, as the hub and hosted APIs write them before the model's own."""
_HOSTS = ("accounts/fireworks/models",)
"""What hosted APIs write before a model's name, whoever made it."""


def is_the_makers(asked: str, known: Known) -> bool:
    """Whether the id that was asked for names the maker's own version: by the whole id, or behind the maker's name.

    A folder, or another account of the hub, may hold anything under that last name.
    """
    wanted = asked.strip().lower()
    if wanted in {name.lower() for name in (known.model, *known.names)}:
        return True
    before, slash, _ = wanted.rpartition("/")
    return bool(slash) and before in (*_MAKERS.get(known.family or "", ()), *_HOSTS)
