"""The proofs, in the order in which they run."""

from . import fairness, kills, ondemand, reloads, soak

ALL = {
    "fairness": fairness.prove,
    "reloads": reloads.prove,
    "upgrades": reloads.prove_upgrades,
    "kills": kills.prove,
    "ondemand": ondemand.prove,
    "soak": soak.prove,
}
