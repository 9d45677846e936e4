#!/usr/bin/env bash
# Print the path of an interpreter of this version (3.12): on PATH, or one that pyenv or uv has; exit code 1 without one.
set -uo pipefail
version=$1
is_it() { [ "$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$version" ]; }
for candidate in "$(command -v "python$version")" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
	if [ -n "$candidate" ] && [ -x "$candidate" ] && is_it "$candidate"; then
		echo "$candidate"
		exit 0
	fi
done
uv python find --no-python-downloads "$version" 2>/dev/null
