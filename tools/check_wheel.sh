#!/usr/bin/env bash
# Build the wheel, install it into an empty environment, and plan a trip outside the checkout.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$root"
.venv/bin/python -m hatchling build -t wheel -d "$work/dist"
if command -v uv >/dev/null; then
  uv venv -q --python .venv/bin/python "$work/env"
  uv pip install -q -p "$work/env" --compile-bytecode --require-hashes -r requirements.txt
  uv pip install -q -p "$work/env" --no-deps "$work"/dist/*.whl
else
  .venv/bin/python -m venv "$work/env"
  "$work/env/bin/pip" install -q --require-hashes -r requirements.txt
  "$work/env/bin/pip" install -q --no-deps "$work"/dist/*.whl
fi

cd "$work"
export LASTMILE_DATA_DIR="$work/data"
"$work/env/bin/lastmile" plan Kamppi Haltia --modes walk
"$work/env/bin/lastmile" simulate baseline --replications 2 --json >/dev/null
"$work/env/bin/lastmile" data status
echo "the wheel works outside the checkout"
