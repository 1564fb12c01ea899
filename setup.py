"""Builds the extensions: plain C compiled once per instruction set, thin Cython around it.

Environment switches (all optional):

``FASTEMBED_OPENMP=0``      build without OpenMP (one thread; everything works)
``FASTEMBED_DEBUG=1``       -O1 -g, Cython bounds checks on
``FASTEMBED_SANITIZE=1``    the same with AddressSanitizer and UBSan
``FASTEMBED_WERROR=1``      C warnings are errors
``FASTEMBED_EXTENSIONS=0``  leave the extensions out; the Makefile builds them in place itself

A build that follows one with other switches starts afresh.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError, LinkError
from setuptools.modified import newer_group

ROOT = Path(__file__).parent
NATIVE = Path("fastembed/_native")


def switch(name: str) -> bool:
    return os.environ.get(name, "") not in ("", "0")


SANITIZE = switch("FASTEMBED_SANITIZE")
DEBUG = switch("FASTEMBED_DEBUG") or SANITIZE
OPENMP = os.environ.get("FASTEMBED_OPENMP", "1") != "0"
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

# Flags of each table of csrc/kernels.h, beside the common ones. Where the machine is not x86-64
# there is one table: NEON is arm64's baseline.
X86_64 = platform.machine().lower() in ("x86_64", "amd64")
ISA_FLAGS: dict[str, list[str]] = {"base": []}
if X86_64:
    ISA_FLAGS["v3"] = ["-march=x86-64-v3", "-mtune=generic"]
    # GCC and Clang prefer 256-bit vectors even where 512 are there; the kernels ask for 512.
    ISA_FLAGS["v4"] = ["-march=x86-64-v4", "-mtune=generic", "-mprefer-vector-width=512"]

# -ffp-contract=off: a fused multiply-add appears only where the source asks for one (vec.h), so
# the table decides the result, not the compiler's mood. -fno-math-errno and -fno-trapping-math
# change no value.
COMMON = [
    "-std=c11",
    "-D_DEFAULT_SOURCE",  # madvise
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=off",
    "-fopenmp-simd",
    "-fvisibility=hidden",
]
COMMON += ["-O1", "-g", "-fno-omit-frame-pointer"] if DEBUG else ["-O3"]
WARN = ["-Wall", "-Wextra"] + (["-Werror"] if switch("FASTEMBED_WERROR") else [])
SANITIZER = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"] if SANITIZE else []


def included(source: str) -> list[str]:
    """The files of csrc that a C or Cython file includes, directly or not."""
    found: dict[str, None] = {}
    waiting = [source]
    while waiting:
        text = (ROOT / waiting.pop()).read_text(encoding="utf-8")
        names = [
            f"csrc/{name}" for name in re.findall(r'(?:#include|extern from) "(\S+\.h)"', text)
        ]
        names += [f"{NATIVE}/{name}.pxd" for name in re.findall(r"_native\.(\w+) cimport", text)]
        waiting += [name for name in names if name not in found]
        found.update(dict.fromkeys(names))
    return sorted(found)


class BuildExt(build_ext):
    """build_ext that compiles the per-ISA tables and finds out what the compiler can do."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or CORES
        # Objects of another build would be taken for this one's: they differ in flags only.
        self.variant = f"debug={DEBUG} sanitize={SANITIZE} openmp={OPENMP}\n"
        stamp = Path(self.build_temp, "variant.txt")
        if not stamp.exists() or stamp.read_text() != self.variant:
            self.force = True

    def accepts(self, flags: list[str], *, link: bool = False) -> bool:
        """Whether the compiler (and linker) takes these flags."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text("int main(void) { return 0; }\n")
            try:
                objects = self.compiler.compile(
                    [str(source)], output_dir=folder, extra_postargs=flags
                )
                if link:
                    self.compiler.link_executable(
                        objects, "probe", output_dir=folder, extra_postargs=flags
                    )
            except (CompileError, LinkError):
                return False
        return True

    def build_extensions(self) -> None:
        openmp = ["-fopenmp"] if OPENMP and self.accepts(["-fopenmp"], link=True) else []
        if OPENMP and not openmp:
            print("the compiler takes no -fopenmp: building for one thread", file=sys.stderr)
        tables = {isa: flags for isa, flags in ISA_FLAGS.items() if self.accepts(flags)}
        have = [(f"FE_HAVE_{isa.upper()}", "1") for isa in tables if isa != "base"]
        # at -O1 GCC loses track of variables in the C that Cython writes for prange
        quiet = ["-Wno-maybe-uninitialized"]
        generated = quiet if DEBUG and self.accepts(quiet) else []
        for ext in self.extensions:
            ext.define_macros += [("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION"), *have]
            ext.extra_compile_args = COMMON + SANITIZER + openmp + generated
            ext.extra_link_args = SANITIZER + openmp
            if ext.name.endswith("._kernels"):
                ext.extra_objects = self.compile_tables(tables, have)
                ext.depends += ext.extra_objects
        super().build_extensions()
        Path(self.build_temp, "variant.txt").write_text(self.variant)

    def compile_tables(self, tables: dict[str, list[str]], have: list[tuple[str, str]]) -> list:
        """csrc/kernels*.c once per ISA, each into a folder of its own, and the dispatcher."""

        def compile_one(source: str, folder: str, macros: list, flags: list[str]) -> list[str]:
            output_dir = os.path.join(self.build_temp, folder)
            target = self.compiler.object_filenames([source], output_dir=output_dir)[0]
            depends = [source, *included(source)]
            if not self.force and not newer_group(depends, target):
                return [target]
            return self.compiler.compile(
                [source],
                output_dir=output_dir,
                macros=macros,
                include_dirs=["csrc"],
                extra_postargs=COMMON + WARN + SANITIZER + flags,
                depends=depends,
            )

        jobs = [
            (source, f"isa/{isa}", [("FE_ISA", isa), *have], flags)
            for isa, flags in tables.items()
            for source in ("csrc/kernels.c", "csrc/kernels_nn.c")
        ]
        jobs.append(("csrc/dispatch.c", "isa", have, []))
        with ThreadPoolExecutor(self.parallel) as pool:
            compiled = list(pool.map(lambda job: compile_one(*job), jobs))
        return [target for targets in compiled for target in targets]


def extensions() -> list[Extension]:
    """One extension per .pyx of fastembed/_native."""
    if os.environ.get("FASTEMBED_EXTENSIONS") == "0":
        return []
    return [
        Extension(
            f"fastembed._native.{path.stem}",
            [str(path.relative_to(ROOT))],
            include_dirs=["csrc", numpy.get_include()],
            depends=included(str(path.relative_to(ROOT))),
        )
        for path in sorted((ROOT / NATIVE).glob("*.pyx"))
    ]


setup(
    # the texts of data/ lie inside the package once it is installed
    packages=[*find_packages(include=["fastembed", "fastembed.*"]), "fastembed.data"],
    package_dir={"fastembed.data": "data"},
    ext_modules=cythonize(
        extensions(),
        compiler_directives={
            "language_level": "3",
            "boundscheck": DEBUG,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": DEBUG,
            "embedsignature": True,
        },
        # the C that Cython writes never stands beside the sources
        build_dir="build/cython-debug" if DEBUG else "build/cython",
    ),
    cmdclass={"build_ext": BuildExt},
)
