"""Prints the numbers of csrc/xlogx.h: reciprocals, logarithms and the polynomial.

log2(x) for x = 2^e m, 1 <= m < 2: the first four bits of m choose one of 16 intervals with middle
c, then log2(m) = -log2(1/c) + log2(1 + r) with r = m (1/c) - 1, |r| < 0.0304, and log2(1 + r) =
r p(r). p interpolates log2(1 + r) / r at the zeros of a Chebyshev polynomial.

    python tools/make_log2_table.py
"""

from __future__ import annotations

from decimal import Decimal, getcontext

getcontext().prec = 60
INTERVALS, DEGREE = 16, 6
LN2 = Decimal(2).ln()


def log2(x: Decimal) -> Decimal:
    return x.ln() / LN2


def cos(x: Decimal) -> Decimal:
    """Taylor series."""
    term, total, n = Decimal(1), Decimal(0), 0
    while abs(term) > Decimal(10) ** -55:
        total += term
        n += 2
        term *= -x * x / (n * (n - 1))
    return total


def interpolate(xs: list[Decimal], ys: list[Decimal]) -> list[Decimal]:
    """Coefficients, lowest first, of the polynomial through the points (Newton's form)."""
    n = len(xs)
    table = list(ys)
    for j in range(1, n):
        for i in range(n - 1, j - 1, -1):
            table[i] = (table[i] - table[i - 1]) / (xs[i] - xs[i - j])
    poly = [table[-1]]
    for i in range(n - 2, -1, -1):  # poly * (x - xs[i]) + table[i]
        poly = [Decimal(0), *poly]
        for k in range(len(poly) - 1):
            poly[k] -= xs[i] * poly[k + 1]
        poly[0] += table[i]
    return poly


def rows(numbers: list[float], per_line: int = 2) -> str:
    text = [number.hex() for number in numbers]
    lines = [", ".join(text[i : i + per_line]) for i in range(0, len(text), per_line)]
    return "    " + ",\n    ".join(lines)


def main() -> None:
    pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
    inverse, logs, widest = [], [], Decimal(0)
    for i in range(INTERVALS):
        reciprocal = float(1 / (1 + (i + Decimal("0.5")) / INTERVALS))
        inverse.append(reciprocal)
        logs.append(float(-log2(Decimal(reciprocal))))
        for m in (1 + Decimal(i) / INTERVALS, 1 + Decimal(i + 1) / INTERVALS):
            widest = max(widest, abs(m * Decimal(reciprocal) - 1))
    nodes = [widest * cos(pi * (2 * k + 1) / (2 * (DEGREE + 1))) for k in range(DEGREE + 1)]
    # at r = 0 the quotient has its limit, 1 / ln 2
    values = [log2(1 + r) / r if abs(r) > Decimal(10) ** -20 else 1 / LN2 for r in nodes]
    poly = interpolate(nodes, values)
    print(f"|r| <= {widest:.6f}")
    print("inverse:\n" + rows(inverse))
    print("log:\n" + rows(logs))
    print("polynomial, lowest first:\n" + rows([float(c) for c in poly]))
    worst = max(
        abs(log2(1 + r) - r * sum(Decimal(float(c)) * r**k for k, c in enumerate(poly)))
        for r in (widest * Decimal(k) / 1000 for k in range(-1000, 1001) if k)
    )
    print(f"largest error of r p(r): {worst:.2e}")


if __name__ == "__main__":
    main()
