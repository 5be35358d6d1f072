"""Spectra, powers and dominant directions of square matrices.

For a symmetric M = V diag(lambda) V.T, M^k = V diag(lambda^k) V.T; with |lambda_1| >
|lambda_2| and v_1.x not 0, M^k x / ||M^k x|| tends to v_1 up to sign. A gradient that goes
back k linear steps is (M.T)^k g = M^k g, so the same holds for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any

CERTAIN = 0.5
"""Once a power's norm is below this, no later power exceeds the largest so far."""

FAR = 1e100
"""Powers are not followed past this norm."""

ON_CIRCLE = 1e-9
"""How near to 1 a modulus counts as 1."""


def eigenvalues(matrix: Array) -> Array:
    """The eigenvalues, largest modulus first; ties by real, then imaginary part."""
    found = np.linalg.eigvals(matrix).astype(complex)
    order = sorted(
        range(len(found)),
        key=lambda k: (-_rounded(float(abs(found[k]))), -found[k].real, -found[k].imag),
    )
    return found[order]


def _rounded(value: float) -> float:
    """The number with its last digits cut: both of a conjugate pair have one modulus."""
    return float(f"{value:.12e}")


def spectral_radius(matrix: Array) -> float:
    """The largest modulus of an eigenvalue."""
    return float(np.max(np.abs(np.linalg.eigvals(matrix)), initial=0.0))


def leading_singular_values(matrix: Array) -> tuple[float, float]:
    """The largest two singular values (0 for a second one that does not exist).

    From the eigenvalues of the smaller Gram matrix, several times faster than all
    singular values: the second is meaningful down to 1e-8 of the first.
    """
    scale = float(np.max(np.abs(matrix), initial=0.0))
    if scale == 0.0 or not math.isfinite(scale):
        return scale, 0.0
    part = matrix / scale
    gram = part @ part.T if part.shape[0] <= part.shape[1] else part.T @ part
    found = np.sqrt(np.maximum(np.linalg.eigvalsh(gram)[::-1], 0.0)) * scale
    return float(found[0]), float(found[1]) if len(found) > 1 else 0.0


def norm(matrix: Array) -> float:
    """The spectral norm, sigma_max."""
    return leading_singular_values(matrix)[0]


@dataclass(frozen=True)
class Powers:
    """The norms of M, M^2, …

    Attributes
    ----------
    norms : tuple of float
        ``norms[k - 1]`` is that of M^k.
    peak, at : float, int
        The largest of them and its k.
    certain : bool
        Whether no later power can exceed ``peak``: some power's norm is below 1/2, and
        ||M^(j + k)|| <= ||M^j|| ||M^k||.
    """

    norms: tuple[float, ...]
    peak: float
    at: int
    certain: bool


def powers(matrix: Array, count: int) -> Powers:
    """Follow the powers of a square matrix up to the ``count``-th, or to where all is known."""
    norms: list[float] = []
    power = np.asarray(matrix)
    while True:
        norms.append(norm(power))
        if len(norms) >= count or norms[-1] <= CERTAIN or not norms[-1] < FAR:
            break
        power = power @ matrix
    at = int(np.argmax(norms)) + 1
    return Powers(tuple(norms), norms[at - 1], at, norms[-1] <= CERTAIN)


@dataclass(frozen=True)
class Spectrum:
    """What the powers of a square matrix do.

    Attributes
    ----------
    eigenvalues : array of complex
        Largest modulus first.
    norm : float
        sigma_max.
    departure : float
        Henrici's departure from normality as a part of the Frobenius norm,
        sqrt(||M||_F^2 - sum |lambda|^2) / ||M||_F: 0 for a normal matrix, whose powers'
        norms are the powers of its radius.
    symmetric : bool
    powers : Powers
    dominant : Dominant or None
    """

    eigenvalues: Array
    norm: float
    departure: float
    symmetric: bool
    powers: Powers
    dominant: Dominant | None

    @property
    def radius(self) -> float:
        return float(abs(self.eigenvalues[0])) if len(self.eigenvalues) else 0.0

    @property
    def growing(self) -> int:
        """How many eigenvalues have a modulus above 1."""
        return int(np.sum(np.abs(self.eigenvalues) > 1 + ON_CIRCLE))

    @property
    def fate(self) -> str:
        return fate(self.radius)

    @property
    def transient(self) -> bool:
        """Whether powers grow first although no eigenvalue exceeds 1 in modulus."""
        return self.fate != "explodes" and self.powers.peak > 1.001


def fate(modulus: float) -> str:
    """What powers of a number of this modulus do; the sign does not matter."""
    if modulus > 1 + ON_CIRCLE:
        return "explodes"
    return "vanishes" if modulus < 1 - ON_CIRCLE else "keeps its size"


@dataclass(frozen=True)
class Dominant:
    """An eigenvalue that exceeds all others in modulus, and so is real.

    M^k x turns to ``right``, up to sign, and gradients, (M.T)^k g, to ``left``; the part
    across shrinks against the part along it by ``ratio`` a step in the long run (for a
    symmetric M, where both are v_1, in every step at least).
    """

    value: float
    ratio: float
    right: Array
    left: Array


def dominant(matrix: Array) -> Dominant | None:
    """The dominant eigenvalue and its directions, if there is one."""
    values, vectors = np.linalg.eig(matrix)
    order = np.argsort(-np.abs(values), kind="stable")
    first = values[order[0]]
    second = float(abs(values[order[1]])) if len(values) > 1 else 0.0
    modulus = float(abs(first))
    if modulus == 0.0 or second >= modulus * (1 - ON_CIRCLE):
        return None
    backward, covectors = np.linalg.eig(np.asarray(matrix).T)
    place = int(np.argmin(np.abs(backward - first)))
    right = unit(np.real(vectors[:, order[0]]))
    return Dominant(
        float(np.real(first)), second / modulus, right, unit(np.real(covectors[:, place]))
    )


def unit(vector: Array) -> Array:
    """The vector's direction: length 1, the entry of largest modulus positive."""
    length = float(np.linalg.norm(vector))
    if length == 0.0:
        return vector
    largest = vector[int(np.argmax(np.abs(vector)))]
    return vector / (length if largest > 0 else -length)


def spectrum(matrix: Array, count: int) -> Spectrum:
    """All of `Spectrum` for a square matrix, its powers followed up to ``count``."""
    matrix = np.asarray(matrix, dtype=float)
    values = eigenvalues(matrix)
    whole = float(np.sum(matrix**2))
    left = max(whole - float(np.sum(np.abs(values) ** 2)), 0.0)
    scale = float(np.max(np.abs(matrix), initial=0.0))
    symmetric = bool(np.max(np.abs(matrix - matrix.T), initial=0.0) <= 1e-12 * scale)
    return Spectrum(
        eigenvalues=values,
        norm=norm(matrix),
        # The difference of two squares of a symmetric matrix is nothing but rounding.
        departure=math.sqrt(left / whole) if whole and not symmetric else 0.0,
        symmetric=symmetric,
        powers=powers(matrix, count),
        dominant=dominant(matrix) if len(matrix) else None,
    )


# --- powers of a symmetric matrix ---------------------------------------------------


SMALLEST = 1e-15
"""Angles below this are rounding."""


@dataclass(frozen=True)
class Turn:
    """M^k and M^k x for one k.

    Attributes
    ----------
    power : int
    distance : float
        The largest relative distance of an eigenvalue of M^k from lambda_i^k.
    sine : float
        Of the angle between M^k x and the line of v_1; 0 is aligned.
    bound : float
        tan(angle of x) |lambda_2 / lambda_1|^k or 1, which the sine does not exceed.
    sign : int
        Of v_1.(M^k x): 1 or -1; it alternates where lambda_1 < 0 and v_1.x keeps its own.
    """

    power: int
    distance: float
    sine: float
    bound: float
    sign: int


def turns(matrix: Array, found: Dominant, powers: tuple[int, ...], seed: int) -> tuple[Turn, ...]:
    """The powers of a symmetric matrix, and a vector drawn at random under them.

    Everything is scaled by |lambda_1|, so that no power is too large for a float.
    """
    scaled = np.asarray(matrix, dtype=float) / abs(found.value)
    values = np.sort(np.real(eigenvalues(scaled)))
    start = np.random.default_rng(seed).normal(size=len(scaled))
    tangent = _across(start, found.right) / abs(float(found.right @ start))
    rows = []
    for k in powers:
        power = np.linalg.matrix_power(scaled, k)
        expected = np.sort(values**k)
        vector = power @ start
        rows.append(
            Turn(
                k,
                float(np.max(np.abs(np.sort(np.linalg.eigvalsh(power)) - expected))),
                _across(vector, found.right) / float(np.linalg.norm(vector)),
                min(1.0, tangent * found.ratio**k),
                int(math.copysign(1, float(found.right @ vector))),
            )
        )
    return tuple(rows)


def _across(vector: Array, direction: Array) -> float:
    """The length of the part of a vector that lies across a direction."""
    rest = vector - direction * float(direction @ vector)
    length = float(np.linalg.norm(rest))
    return length if length > SMALLEST * float(np.linalg.norm(vector)) else 0.0
