"""How the drone flies between exposures: through all of them, as smoothly as a heavy thing can.

Positions are cubic Hermite curves through take-off, exposures and landing; a turn between strips is one such curve
with the strips' velocities at its ends. What the gimbal holds and what the instruments err by change from one
exposure's value to the next with no rate at either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.sim import noise
from pipeline.sim.space import Floats, angles_deg, level_R_cam
from pipeline.sim.truth import Truth

LEAD_S = 4.0  # straight flight before the first and after the last exposure
TRANSIT_MPS = 8.0
CLIMB_MPS = 3.0
HASTE_S = 8.0  # to speed up and to turn between take-off and the first strip
GROUND_S = 15.0
G_MPS2 = 9.81
MAX_BANK_DEG = 25.0


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """Knots: two on the ground, one above it, one leading in, the exposures, and the same backwards."""

    t_s: Floats  # (K,) since the first exposure
    world_m: Floats  # (K, 3) true positions
    velocity_mps: Floats  # (K, 3)
    angles_deg: Floats  # (K, 3) yaw (unwrapped), pitch, roll as the gimbal says
    turn_deg: Floats  # (K, 3) errors of yaw, pitch, roll
    error_m: Floats  # (K, 3) east, north, up, to be added to the true position

    def position(self, t_s: Floats) -> Floats:
        """(N, 3) true world positions."""
        i, u, span = self._between(t_s)
        u, span = u[:, None], span[:, None]
        a, b = self.world_m[i], self.world_m[i + 1]
        out: Floats = (
            (2 * u**3 - 3 * u**2 + 1) * a + (3 * u**2 - 2 * u**3) * b
            + span * ((u**3 - 2 * u**2 + u) * self.velocity_mps[i] + (u**3 - u**2) * self.velocity_mps[i + 1])
        )  # fmt: skip
        return out

    def velocity(self, t_s: Floats) -> Floats:
        """(N, 3) m/s, the derivative of `position`."""
        i, u, span = self._between(t_s)
        u, span = u[:, None], span[:, None]
        step = (self.world_m[i + 1] - self.world_m[i]) / span
        out: Floats = (
            6 * (u - u**2) * step + (3 * u**2 - 4 * u + 1) * self.velocity_mps[i]
            + (3 * u**2 - 2 * u) * self.velocity_mps[i + 1]
        )  # fmt: skip
        return out

    def held(self, knots: Floats, t_s: Floats) -> Floats:
        """(N, 3) of what rests at the knots, (K, 3), and goes smoothly from one to the next."""
        i, u, _ = self._between(t_s)
        ease = (3 * u**2 - 2 * u**3)[:, None]
        out: Floats = knots[i] + (knots[i + 1] - knots[i]) * ease
        return out

    def _between(self, t_s: Floats) -> tuple[NDArray[np.intp], Floats, Floats]:
        """Index of the knot before, share of the way to the next, and seconds between the two."""
        t = np.clip(t_s, self.t_s[0], self.t_s[-1])
        i = np.clip(np.searchsorted(self.t_s, t, "right") - 1, 0, len(self.t_s) - 2)
        span = self.t_s[i + 1] - self.t_s[i]
        return i, (t - self.t_s[i]) / span, span


def fly_through(truth: Truth) -> Trajectory:
    """The flight from take-off to landing, through every exposure's true pose."""
    t = (np.array(truth.plan.t_ns) - truth.plan.t_ns[0]) / 1e9
    speed = _velocities(truth, t)
    home = truth.terrain.drop(truth.plan.takeoff_en_m[None])[0]
    away_t, away_m = _leave(truth, home, truth.world_m[0] - LEAD_S * speed[0])
    back_t, back_m = _leave(truth, home, truth.world_m[-1] + LEAD_S * speed[-1])
    still = np.zeros((3, 3))
    errors = noise.draw(truth.config)
    angles = truth.plan.angles_deg.copy()
    angles[:, 0] = np.unwrap(angles[:, 0], period=360.0)
    turns = np.column_stack([errors.yaw_deg, errors.pitch_deg, errors.roll_deg])
    return Trajectory(
        np.concatenate([-away_t[::-1] - LEAD_S, t, t[-1] + LEAD_S + back_t]),
        np.concatenate([away_m[::-1], truth.world_m, back_m]),
        np.concatenate([still, speed[:1], speed, speed[-1:], still]),
        *(np.pad(rows, ((4, 4), (0, 0)), mode="edge") for rows in (angles, turns, errors.position_m)),
    )


def _velocities(truth: Truth, t_s: Floats) -> Floats:
    """(M, 3) at the exposures: differences within a strip, as the strip was meant where it has one photo."""
    out = np.zeros_like(truth.world_m)
    for strip in np.unique(truth.plan.strip):
        rows = np.flatnonzero(truth.plan.strip == strip)
        if len(rows) > 1:
            out[rows] = np.gradient(truth.world_m[rows], t_s[rows], axis=0)
        else:
            out[rows, :2] = TRANSIT_MPS * truth.plan.place(np.array([-1.0 if strip % 2 else 1.0]), np.zeros(1))
    return out


def _leave(truth: Truth, home_m: Floats, lead_m: Floats) -> tuple[Floats, Floats]:
    """Seconds after, and places of, the end of the straight flight, above home, and home twice."""
    above = home_m + np.array([0.0, 0.0, truth.config.height_m])
    transit_s = HASTE_S + float(np.linalg.norm(above - lead_m)) / TRANSIT_MPS
    climb_s = max(3.0, truth.config.height_m / CLIMB_MPS)
    after = np.cumsum([0.0, transit_s, climb_s, GROUND_S])
    return after, np.array([lead_m, above, home_m, home_m])


def leaning_deg(flown: Trajectory, t_s: Floats) -> Floats:
    """(N, 3) yaw, pitch, roll of the airframe: it leans into what speeds it up, the gimbal does not."""
    half_s = 0.3
    speed, pull = flown.velocity(t_s), (flown.velocity(t_s + half_s) - flown.velocity(t_s - half_s)) / (2 * half_s)
    yaw = flown.held(flown.angles_deg, t_s)[:, 0] + 1.5 * np.sin(0.7 * t_s + 1.0)
    a = np.radians(yaw)
    ahead = np.column_stack([np.sin(a), np.cos(a)])
    right = np.column_stack([np.cos(a), -np.sin(a)])
    along, aside, onward = ((v[:, :2] * w).sum(axis=1) for v, w in ((pull, ahead), (pull, right), (speed, ahead)))
    pitch = -np.degrees(np.arctan2(along, G_MPS2)) - 0.4 * onward
    roll = np.degrees(np.arctan2(aside, G_MPS2)) + 0.3 * np.sin(1.3 * t_s)
    return np.column_stack([yaw, *np.clip([pitch, roll], -MAX_BANK_DEG, MAX_BANK_DEG)])


def carrying_deg(flown: Trajectory, t_s: Floats) -> Floats:
    """(N, 3) yaw, pitch, roll of an airframe to which the camera is fixed, looking down, its image top to the nose."""
    looks = [level_R_cam(*angles) for angles in flown.held(flown.angles_deg, t_s)]
    # The airframe's right, down and nose are the camera's right, forward and up.
    out = np.array([angles_deg(np.column_stack([R[:, 0], R[:, 2], -R[:, 1]])) for R in looks])
    out[:, 0] = np.unwrap(out[:, 0], period=360.0)
    return out
