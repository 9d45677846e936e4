#!/usr/bin/env bash
# Keep one comment with the gate's verdict on a pull request: change the one that is there, else write one.
# Wants REPOSITORY (owner/name), NUMBER (of the pull request), MARKDOWN (file) and GH_TOKEN for gh.
set -euo pipefail

if [[ ! -s "$MARKDOWN" ]]; then
  echo "::notice::evalkit made no verdict to comment; its own message is in the log above"
  exit 0
fi
marker="$(head -n 1 "$MARKDOWN")"
case "$marker" in
  "<!-- evalkit gate: "*) ;;
  *) echo "::error::$MARKDOWN is no verdict of evalkit" && exit 1 ;;
esac
export marker

# A pull request from a fork brings a token that may not write: the summary of the job holds the verdict all the same.
tell() { echo "::notice::the comment could not be written (a fork's token may not): the verdict is in the job's summary"; }

found="$(gh api --paginate "repos/$REPOSITORY/issues/$NUMBER/comments" \
  --jq '.[] | select(.user.type == "Bot" and (.body | startswith(env.marker))) | .id' | sed -n 1p)" || { tell; exit 0; }
if [[ -n "$found" ]]; then
  gh api --silent --method PATCH "repos/$REPOSITORY/issues/comments/$found" -F "body=@$MARKDOWN" || tell
else
  gh api --silent --method POST "repos/$REPOSITORY/issues/$NUMBER/comments" -F "body=@$MARKDOWN" || tell
fi
