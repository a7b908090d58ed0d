"""ikpy's solver: a bounded trust-region least squares over its own forward kinematics."""

import functools
import time
import warnings

import numpy as np

from .chain import Chain, euler

NEAR = 1e-4  # of the chain's length: that is there
_EVALUATIONS = 10  # between two looks at the clock
_STEPS_RAD = (0.04, 0.1, 0.3, 1.0, *4 * [np.inf])  # that each look may turn a joint
_ORIGIN = np.zeros(3)
_AXES = ((2, (0, 0, 1)), (1, (0, 1, 0)), (0, (1, 0, 0)))  # Rz · Ry · Rx


def by_ikpy(chain: Chain, target: np.ndarray, seed: np.ndarray, budget_s: float) -> np.ndarray:
    """See `chain.Solver`. Looked for near the seed first, as ikpy would as soon take an answer far from it."""
    links, columns, active = _links(chain)
    until_s = time.thread_time() + budget_s
    near_m = NEAR * chain.lengths_m.sum()
    angles = chain.within(seed)
    least_m = np.linalg.norm(chain.reach(angles) - target)
    joints = np.zeros(len(links.links))

    def slope(turned):
        """(3, A) how the tip moves with the angles that may change; ikpy would try each of them."""
        now = joints[columns]
        now[active] = turned
        return chain.jacobian(_as_angles(now))[1][..., ::-1].reshape(3, -1)[:, active]

    for step_rad in _STEPS_RAD:
        if least_m < near_m or time.thread_time() > until_s:
            break
        joints[columns] = _in_order(angles)
        low = _in_order(np.maximum(chain.limits[..., 0], angles - step_rad))
        high = _in_order(np.minimum(chain.limits[..., 1], angles + step_rad))
        for column, least, most in zip(columns, low, high, strict=True):
            links.links[column].bounds = (least, max(most, least + 1e-6))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # seeds on a limit are moved inside, which is what is wanted
            found = links.inverse_kinematics(
                target,
                initial_position=joints,
                optimizer_budget=_EVALUATIONS,
                tol=1e-7,
                optimizer_kwargs={"jac": slope},
            )
        moved = _as_angles(found[columns])
        distance_m = np.linalg.norm(chain.reach(moved) - target)
        if distance_m < least_m:
            angles, least_m = moved, distance_m
    return chain.within(angles)


def _in_order(angles: np.ndarray) -> np.ndarray:
    """Angles (N, 3) as the links have them, z first."""
    return angles[:, ::-1].ravel()


def _as_angles(joints: np.ndarray) -> np.ndarray:
    return joints.reshape(-1, 3)[:, ::-1]


@functools.lru_cache(maxsize=16)
def _links(chain: Chain):
    """ikpy's chain, three hinges a bone, the places of their angles in it, and which of those may change."""
    from ikpy.chain import Chain as Links
    from ikpy.link import OriginLink, URDFLink

    links, active = [OriginLink()], [False]
    for row, (offset, limits, free) in enumerate(zip(chain.offsets, chain.limits, chain.free, strict=True)):
        for number, (axis, direction) in enumerate(_AXES):
            low, high = limits[axis]
            links.append(
                URDFLink(
                    name=f"{row}{'xyz'[axis]}",
                    origin_translation=offset[:3, 3] if number == 0 else _ORIGIN,
                    origin_orientation=_roll_pitch_yaw(offset[:3, :3]) if number == 0 else _ORIGIN,
                    rotation=direction,
                    bounds=(low, max(high, low + 1e-6)),
                    use_symbolic_matrix=True,
                )
            )
            active.append(bool(free[axis]) and high > low)
    links.append(
        URDFLink(
            name="tip",
            origin_translation=chain.tip,
            origin_orientation=_ORIGIN,
            joint_type="fixed",
            use_symbolic_matrix=True,
        )
    )
    active.append(False)
    columns = np.arange(1, 1 + 3 * len(chain))
    return Links(links, active_links_mask=active), columns, np.array(active)[columns]


def _roll_pitch_yaw(matrix: np.ndarray) -> np.ndarray:
    """(3,) of URDF: about x, then y, then z, all fixed."""
    return euler(matrix, np.zeros(3))
