#!/usr/bin/env bash
# Make an environment of its own for each independent server of `make test-servers`. Never part of `uv sync`.
#
#     scripts/make_server_envs.sh [FOLDER]        # default: .servers; FOLDER/NAME is one server's environment
#
# A server whose packages cannot be had here gets FOLDER/NAME.reason instead, and its tests are skipped with that reason.
# A finished environment is left as it is. Together about 2 GB, most of it transformers with torch.
# torch comes from PyTorch's own CPU index, or from the folder that UV_FIND_LINKS or PIP_FIND_LINKS name.
set -uo pipefail

folder=${1:-.servers}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd / # this project's own pins are none of these servers'

# install NAME MARK COMMAND...: the mark is set last, so that an interrupted build is made again.
install() {
    local name=$1 mark=$folder/$1/made-$2
    shift 2
    [ -e "$mark" ] && return
    rm -rf "${folder:?}/$name" "$folder/$name.reason"
    if "$@" > "$folder/$name.log" 2>&1; then
        touch "$mark"
    else
        rm -rf "${folder:?}/$name"
        echo "its packages cannot be had here ($(grep . "$folder/$name.log" | tail -1 | sed 's/^ *//' | cut -c1-160))" > "$folder/$name.reason"
        echo "=== $name SKIPPED: $(cat "$folder/$name.reason"); nothing of it was tested ===" >&2
    fi
}

npm_package() { # NAME PACKAGE
    mkdir -p "$folder/$1" && npm install --prefix "$folder/$1" --ignore-scripts --no-audit --no-fund --save-exact "$2"
}

environment() { # NAME [option or package]...
    local name=$1
    shift
    uv venv --quiet --clear --python 3.11 "$folder/$name" &&
        uv pip install --quiet --python "$folder/$name/bin/python" "$@"
}

links=${UV_FIND_LINKS:-${PIP_FIND_LINKS:-}}
if [ -n "$links" ]; then
    torch=(--find-links "$links" --index-strategy unsafe-best-match torch==2.13.0+cpu)
else
    torch=(--torch-backend cpu torch==2.13.0)
fi

install aimock 1.43.0 npm_package aimock @copilotkit/aimock@1.43.0
install litellm 1.108.7 environment litellm 'litellm[proxy]==1.108.7'
install llama-cpp 2026.10.11549 environment llama-cpp --only-binary :all: xllamacpp==2026.10.11549 gguf==0.19.0 numpy
install transformers 5.24.0 environment transformers --only-binary :all: "${torch[@]}" 'transformers[serving]==5.24.0'
echo "=== ollama SKIPPED: no package of PyPI, npm or Debian ships its program; nothing of it was tested ===" >&2
