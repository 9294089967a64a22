"""Whole millimetres (or micrometres) where double precision could go either way.

Sines and square roots of two machines (or of two vector units of one) may differ in their last bit. That moves a
length by nanometres, and once in some ten thousand lengths the rounding with it. Lengths that close to half a
millimetre are computed again here with forty digits, which are the same everywhere. The ellipsoid's formula is
Vincenty's (1975): its own error is nanometres at the distances at which hits match.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context, Decimal, localcontext

import numpy as np

from pipeline.score.canonical import Floats, Ints, half_up_array

UNSURE_M = 2e-8
Way = tuple[Floats, Floats, Floats]  # latitude of one end, of the other, longitude between; degrees
_CONTEXT = Context(prec=40)
_PI = Decimal("3.14159265358979323846264338327950288419716939937511")
_TINY = Decimal("1e-38")
_STEPS = 30  # of Vincenty's iteration; nearly antipodal points do not converge, and nobody matches there
A_M, F = Decimal(6_378_137), 1 / Decimal("298.257222101")  # GRS 80
SPHERE_M = Decimal(6_371_000)


def whole(metres: Floats, part: int, way: Way, sphere: bool, per_metre: int = 1000) -> Ints:
    """Metres in whole units, (N,), rounded half up.

    `part` says what `metres` holds of each way: 0 the length, 1 how far it leads to the east, 2 to the north.
    """
    length = metres * per_metre
    rounded = half_up_array(length)
    unsure = np.flatnonzero(np.abs(length - np.floor(length) - 0.5) < UNSURE_M * per_metre)
    if not len(unsure):
        return rounded
    places, same = np.unique(np.stack([column[unsure] for column in way]), axis=1, return_inverse=True)
    for k, (one, other, turn) in enumerate(places.T.tolist()):
        found = forty_digits(one, other, turn, sphere)
        if found is not None:
            rounded[unsure[same == k]] = _half_up(found[part] * per_metre)
    return rounded


def _half_up(value: Decimal) -> int:
    return int((value + Decimal("0.5")).to_integral_value(ROUND_FLOOR))


def forty_digits(
    lat1_deg: float, lat2_deg: float, dlon_deg: float, sphere: bool
) -> tuple[Decimal, Decimal, Decimal] | None:
    """(length, east, north) in metres from (lat1, 0) to (lat2, dlon); None where the iteration does not settle."""
    with localcontext(_CONTEXT):
        turn = _PI / 180
        one, other, dlon = (Decimal(v) * turn for v in (lat1_deg, lat2_deg, dlon_deg))
        return _on_sphere(one, other, dlon) if sphere else _on_ellipsoid(one, other, dlon)


def _on_sphere(one: Decimal, other: Decimal, dlon: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    east, north, along = _direction(_sin(one), _cos(one), _sin(other), _cos(other), dlon)
    return _parts(SPHERE_M * _angle((east * east + north * north).sqrt(), along), east, north)


def _on_ellipsoid(one: Decimal, other: Decimal, dlon: Decimal) -> tuple[Decimal, Decimal, Decimal] | None:
    (s1, c1), (s2, c2) = _reduced(one), _reduced(other)
    turned = dlon
    for _ in range(_STEPS):
        east, north, along = _direction(s1, c1, s2, c2, turned)
        sine = (east * east + north * north).sqrt()
        if not sine:
            return Decimal(0), Decimal(0), Decimal(0)
        slant = c1 * c2 * _sin(turned) / sine
        flat = 1 - slant * slant
        middle = along - 2 * s1 * s2 / flat if flat > _TINY else Decimal(0)
        angle, before = _angle(sine, along), turned
        turned = dlon + _lag(slant, flat, angle, sine, along, middle)
        if abs(turned - before) < _TINY:
            return _parts(_length(flat, angle, sine, along, middle), east, north)
    return None


def _direction(s1: Decimal, c1: Decimal, s2: Decimal, c2: Decimal, dlon: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """The unit vector to the other point, as seen from the one: east, north, and along the first's own."""
    cosine = _cos(dlon)
    return c2 * _sin(dlon), c1 * s2 - s1 * c2 * cosine, s1 * s2 + c1 * c2 * cosine


def _parts(length: Decimal, east: Decimal, north: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    norm = (east * east + north * north).sqrt()
    return (length, length * east / norm, length * north / norm) if norm else (length, Decimal(0), Decimal(0))


def _reduced(latitude: Decimal) -> tuple[Decimal, Decimal]:
    sine, cosine = (1 - F) * _sin(latitude), _cos(latitude)
    norm = (sine * sine + cosine * cosine).sqrt()
    return sine / norm, cosine / norm


def _lag(slant: Decimal, flat: Decimal, angle: Decimal, sine: Decimal, along: Decimal, middle: Decimal) -> Decimal:
    c = F / 16 * flat * (4 + F * (4 - 3 * flat))
    return (1 - c) * F * slant * (angle + c * sine * (middle + c * along * (2 * middle * middle - 1)))


def _length(flat: Decimal, angle: Decimal, sine: Decimal, along: Decimal, middle: Decimal) -> Decimal:
    b_m = A_M * (1 - F)
    u2 = flat * (A_M * A_M - b_m * b_m) / (b_m * b_m)
    a = 1 + u2 / 16384 * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)))
    b = u2 / 1024 * (256 + u2 * (-128 + u2 * (74 - 47 * u2)))
    inner = along * (2 * middle * middle - 1) - b / 6 * middle * (4 * sine * sine - 3) * (4 * middle * middle - 3)
    return b_m * a * (angle - b * sine * (middle + b / 4 * inner))


def _arctan(x: Decimal) -> Decimal:
    halvings = 0
    while abs(x) > Decimal("0.01"):
        x, halvings = x / (1 + (1 + x * x).sqrt()), halvings + 1
    term, total, n = x, x, 1
    while abs(term) > _TINY * Decimal("1e-4"):
        term, n = -term * x * x, n + 2
        total += term / n
    return total * Decimal(2) ** halvings


def _angle(sine: Decimal, cosine: Decimal) -> Decimal:
    """The angle from 0 to pi of a sine that is not negative."""
    if sine <= abs(cosine):
        return _arctan(sine / cosine) + (_PI if cosine < 0 else 0)
    return _PI / 2 - _arctan(cosine / sine)


def _sin(x: Decimal) -> Decimal:
    term, total, n = x, x, 1
    while abs(term) > _TINY * Decimal("1e-4"):
        term = -term * x * x / ((n + 1) * (n + 2))
        total, n = total + term, n + 2
    return total


def _cos(x: Decimal) -> Decimal:
    return 1 - 2 * _sin(x / 2) ** 2
