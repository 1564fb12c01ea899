"""The rules of the house that can be read off the files: layers, sizes, stubs, documentation."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import fastembed

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "fastembed"
FOLDERS = ("csrc", "fastembed", "tests", "tools", "benchmarks", "docs", ".ci")
MODULES = sorted(PACKAGE.rglob("*.py"))
STUBS = sorted((PACKAGE / "_native").glob("*.pyx"))

# Imports go to a lower layer or stay within a package; docs/architecture.md draws it. The native
# container holds any arrays, so it stands below the formats of vectors; counts of words stand below
# the evaluation, which has measures of them.
LAYERS = {
    "_native": 0,
    "core": 1,
    "io.native": 2,
    "text": 3,
    "io": 4,
    "embed.counts": 4,
    "evaluate": 5,
    "embed": 6,
    "ngram": 6,
    "cluster": 6,
    "nn": 6,
    "nlm": 6,
    "compat": 7,
    "bench": 7,
    "cli": 8,
}


def sources() -> Iterator[Path]:
    """Every file of ours that a person writes."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".pyx", ".pxd", ".pyi", ".h", ".c", ".md", ".sh", ""}:
                generated = path.suffix == ".c" and path.parent.name == "_native"
                if path.is_file() and not generated and "__pycache__" not in path.parts:
                    yield path
    yield from sorted(ROOT.glob("*.md"))
    yield from (ROOT / "setup.py", ROOT / "pyproject.toml", ROOT / "Makefile", ROOT / "MANIFEST.in")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def layer_of(parts: Sequence[str]) -> str:
    """Name of the layer of a module, given what follows ``fastembed.``; "" for the top."""
    both = ".".join(parts[:2])
    if re.match(r"embed\.(cooccurrence|count|row_writer|word_document)", both):
        return "embed.counts"
    return both if both in LAYERS else parts[0] if parts and parts[0] in LAYERS else ""


def imports(path: Path) -> Iterator[str]:
    """Layers of fastembed that a module imports, at the top or inside a function.

    Not those under TYPE_CHECKING: they cost nothing and bind nothing at run time.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "fastembed" and layer_of(parts[1:]):
                yield layer_of(parts[1:])


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_imports_point_one_way(path):
    layer = layer_of(path.relative_to(PACKAGE).with_suffix("").parts)
    if not layer:
        # fastembed/__init__.py names everything, __main__.py calls the command line
        assert path.parent == PACKAGE
        return
    upward = {name for name in imports(path) if LAYERS[name] > LAYERS[layer]}
    assert not upward, f"{relative(path)} imports from above: {sorted(upward)}"


def test_every_package_has_a_layer():
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages <= set(LAYERS)


def test_files_are_short():
    long = {
        relative(path): count
        for path in sources()
        if (count := path.read_text(encoding="utf-8").count("\n")) > 500
    }
    assert not long


def test_no_path_of_one_machine():
    places = "|".join(["home", "root", "work", "Users", "tmp", "mnt"])
    pattern = re.compile(rf"(?<![\w.}}\"'/])/(?:{places})/\w")
    found = [
        f"{relative(path)}:{number}"
        for path in sources()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found


def test_no_generated_c_is_tracked():
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    products = re.compile(r"^(fastembed/.*\.(c|cpp|so|html)|build/.*|dist/.*|.*\.egg-info/.*)$")
    assert not [name for name in listed if products.match(name)]


@pytest.mark.parametrize("path", STUBS, ids=relative)
def test_extension_has_a_stub_for_every_public_function(path):
    stub = path.with_suffix(".pyi")
    assert stub.exists()
    public = re.compile(r"^(?:def|cpdef [\w ]*?|cdef class|class)\s+([a-z]\w*)", re.IGNORECASE)
    names = {
        match[1]
        for line in path.read_text(encoding="utf-8").splitlines()
        if (match := public.match(line))
    }
    stubbed = {
        node.name
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }
    assert {name for name in names if not name.startswith("_")} == stubbed


@pytest.mark.parametrize("path", STUBS, ids=relative)
def test_extension_is_thin(path):
    assert path.read_text(encoding="utf-8").count("\n") <= 200


def test_import_is_light():
    done = subprocess.run(
        [sys.executable, "-c", "import fastembed, json, sys; print(json.dumps(list(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    loaded = json.loads(done.stdout)
    assert not {"numpy", "scipy", "click", "tqdm"} & set(loaded)
    assert [name for name in loaded if name.startswith("fastembed")] == ["fastembed"]


@pytest.mark.parametrize(
    "code",
    [
        "import fastembed\n[getattr(fastembed, name) for name in fastembed.__all__]",
        "from fastembed.cli.main import cli\ncli(['lm', 'train', '--help'], standalone_mode=False)",
        "import fastembed\n"
        "fastembed.NgramLM(order=2, smoothing='additive', workers=1).fit([['a', 'b'], ['b']])",
    ],
    ids=["every public name", "lm train --help", "an n-gram model"],
)
def test_scipy_is_imported_where_it_is_used(code):
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport json, sys; print(json.dumps(list(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "fastembed.ngram.model" in loaded
    assert not {"scipy", "numpy.testing", "tqdm"} & loaded


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_module_says_what_it_is(path):
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert text is not None
    assert len(text) > 20


@pytest.mark.parametrize("name", [name for name in fastembed.__all__ if name != "__version__"])
def test_public_name_is_documented(name):
    value = getattr(fastembed, name)
    assert value.__doc__
    if isinstance(value, type) and not issubclass(value, Exception):
        assert "Examples" in value.__doc__
        assert ">>>" in value.__doc__
    elif not isinstance(value, type):
        for public in value.__all__:
            member = getattr(value, public)
            documented = "Examples" in (member.__doc__ or "")
            assert documented or isinstance(member, type) or not callable(member), public


@pytest.mark.parametrize("path", [p for p in MODULES if p.name != "files.py"], ids=relative)
def test_nothing_is_pickled_swallowed_or_written_past_the_one_writer(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(pickle|marshal|cPickle)\b\.|import pickle|allow_pickle=True", text)
    assert not re.search(r"os\.(replace|rename)\(", text)
    assert not re.search(r"except( Exception| BaseException)?:\s*\n?\s*pass\b", text)


def test_modules_can_each_be_imported_first():
    # an import cycle shows only from one end
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in MODULES
        if path.name not in {"__main__.py", "__init__.py"}
    ]
    for name in names:
        assert importlib.import_module(name)
