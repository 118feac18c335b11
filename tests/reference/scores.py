"""Reference values for `src/statistics/scores.rs`, by another implementation.

Makes random forecasts from a fixed seed, scores them with the package `scoringrules` and writes
inputs and expected values as JSON; `tests/suite/scores.rs` compares the crate with them.

How to run it, from the root of the repository, with Python 3.10 or newer:

    python3 -m venv venv && . venv/bin/activate
    pip install numpy scoringrules properscoring
    python tests/reference/scores.py                                     # writes scores.json
    python tests/reference/scores.py --check tests/reference/scores.json

With `--check FILE` nothing is written: the expected values are worked out again from the inputs in
FILE, and the script ends with code 1, saying which, if one differs by more than 1e-9 (relative plus
absolute). `properscoring` is a second opinion on the CRPS and may be missing.

Two conventions of the crate are not those of `scoringrules`. The fair scores of a single member,
0 / 0 there, are the plain ones. PIT and bands are counted here: members below plus half of those
equal, over all; and NumPy's default quantiles.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np
import scoringrules

try:
    import properscoring
except ImportError:
    properscoring = None

SEED = 20251015
TOLERANCE = 1e-9
DEFAULT = Path(__file__).with_name("scores.json")

Case = dict[str, Any]


def differs(found: float, expected: float) -> bool:
    """Whether two numbers are further apart than the tolerance, or one is not a number."""
    return not abs(found - expected) <= TOLERANCE * (1.0 + abs(expected))


def check_second_opinion(name: str, score: float, other: float) -> None:
    """Ends the script if the other package disagrees."""
    if differs(score, other):
        sys.exit(f"{name}: scoringrules says {score!r}, properscoring {other!r}")


def univariate(inputs: Case) -> Case:
    """Scores of members that are numbers."""
    members, observed = np.array(inputs["members"]), inputs["observed"]

    def crps(estimator: str) -> float:
        return float(
            scoringrules.crps_ensemble(observed, members, estimator=estimator, backend="numpy")
        )

    plain = crps("nrg")
    if properscoring is not None:
        check_second_opinion("crps", plain, float(properscoring.crps_ensemble(observed, members)))
    below, equal = int(np.sum(members < observed)), int(np.sum(members == observed))
    tail = (1.0 - inputs["probability"]) / 2.0
    return {
        "crps": plain,
        "fair_crps": plain if len(members) == 1 else crps("fair"),
        "pit": (below + equal / 2.0) / len(members),
        "band": [float(end) for end in np.quantile(members, [tail, 1.0 - tail])],
    }


def normal(inputs: Case) -> Case:
    """Score of a normal distribution."""
    mean, sd, observed = inputs["mean"], inputs["sd"], inputs["observed"]
    score = float(scoringrules.crps_normal(observed, mean, sd, backend="numpy"))
    if properscoring is not None:
        other = float(properscoring.crps_gaussian(observed, mean, sd))
        check_second_opinion("crps_of_normal", score, other)
    return {"crps_of_normal": score}


def multivariate(inputs: Case) -> Case:
    """Scores of members that are vectors."""
    members, observed = np.array(inputs["members"]), np.array(inputs["observed"])

    def energy(estimator: str) -> float:
        return float(
            scoringrules.es_ensemble(observed, members, estimator=estimator, backend="numpy")
        )

    plain = energy("nrg")
    return {
        "energy_score": plain,
        "fair_energy_score": plain if len(members) == 1 else energy("fair"),
    }


def event(inputs: Case) -> Case:
    """Score of a probability."""
    happened, probability = int(inputs["happened"]), inputs["probability"]
    return {"brier": float(scoringrules.brier_score(happened, probability, backend="numpy"))}


EXPECTED = {
    "univariate": univariate,
    "normal": normal,
    "multivariate": multivariate,
    "event": event,
}


def rounded(values: Any) -> Any:
    """Numbers or arrays of them with six decimals, as plain Python numbers."""
    return np.round(values, 6).tolist()


def univariate_inputs(random: np.random.Generator) -> list[Case]:
    """Forty forecasts of 1 to 60 members: plain, with ties, with outliers, far from 0."""
    cases = []
    for index in range(40):
        n = [1, 2, 3, 60][index // 4] if index < 16 else int(random.integers(1, 61))
        level, spread = random.normal(0.0, 3.0), random.uniform(0.2, 5.0)
        members = random.normal(level, spread, n)
        observed = random.normal(level, spread)
        match index % 4:
            case 1:  # Many members equal, the observation equal to one of them.
                members = np.round(members)
                observed = members[random.integers(n)]
            case 2:  # Some members far out, and sometimes the observation.
                members = np.where(random.random(n) < 0.1, 1000.0 * members, members)
                observed = observed * (1000.0 if index % 8 == 2 else 1.0)
            case 3:  # Small spread on a large level.
                members, observed = members + 1e6, observed + 1e6
        cases.append(
            {
                "members": rounded(members),
                "observed": rounded(observed),
                "probability": [0.5, 0.8, 0.9, 0.95][random.integers(4)],
            }
        )
    return cases


def normal_inputs(random: np.random.Generator) -> list[Case]:
    """Ten normal distributions: at the mean, in the middle, far off."""
    cases = []
    for away in [0.0, 0.1, -0.5, 1.0, -1.5, 2.0, -3.0, 5.0, -8.0, 40.0]:
        mean, sd = rounded(random.normal(0.0, 10.0)), rounded(random.uniform(0.1, 8.0))
        cases.append({"mean": mean, "sd": sd, "observed": rounded(mean + away * sd)})
    return cases


def multivariate_inputs(random: np.random.Generator) -> list[Case]:
    """Twenty forecasts of 1 to 30 vectors: normal ones, and shares that add up to 1."""
    cases = []
    for index in range(20):
        n = [1, 2, 30][index // 2] if index < 6 else int(random.integers(1, 31))
        length = int(random.integers(1, 9))
        if index % 2 == 0:
            draws = random.normal(0.0, random.uniform(0.2, 5.0), (n + 1, length))
        else:
            draws = random.dirichlet(np.full(length, 2.0), n + 1)
        if index % 5 == 4:  # One member met exactly, another one twice.
            draws[-1], draws[0] = draws[n // 2], draws[n // 3]
        cases.append({"members": rounded(draws[:-1]), "observed": rounded(draws[-1])})
    return cases


def event_inputs(random: np.random.Generator) -> list[Case]:
    """Probabilities of events that happen and that do not, certain ones among them."""
    probabilities = [0.0, 1.0, *rounded(random.random(4))]
    return [
        {"probability": probability, "happened": happened}
        for probability in probabilities
        for happened in (True, False)
    ]


def made() -> Case:
    """The whole fixture."""
    random = np.random.default_rng(SEED)
    inputs = {
        "univariate": univariate_inputs(random),
        "normal": normal_inputs(random),
        "multivariate": multivariate_inputs(random),
        "event": event_inputs(random),
    }
    fixture: Case = {
        "made_with": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scoringrules": scoringrules.__version__,
            "properscoring": None if properscoring is None else properscoring.__version__,
        }
    }
    for kind, cases in inputs.items():
        fixture[kind] = [{"inputs": case, "expected": EXPECTED[kind](case)} for case in cases]
    return fixture


def written(fixture: Case) -> str:
    """JSON with a line for each case, so that a change shows where it is."""
    parts = []
    for key, value in fixture.items():
        if isinstance(value, list):
            lines = ",\n".join("    " + json.dumps(case, allow_nan=False) for case in value)
            parts.append(f'  "{key}": [\n{lines}\n  ]')
        else:
            parts.append(f'  "{key}": {json.dumps(value)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def flat(expected: Case) -> dict[str, float]:
    """Expected values by name, the ends of a band one by one."""
    found = {}
    for name, value in expected.items():
        if isinstance(value, list):
            found |= {f"{name}[{index}]": number for index, number in enumerate(value)}
        else:
            found[name] = value
    return found


def check(fixture: Case) -> list[str]:
    """What in the fixture is not what it should be."""
    wrong = []
    for kind, score in EXPECTED.items():
        cases = fixture.get(kind, [])
        if not cases:
            wrong.append(f"{kind}: no cases")
        for index, case in enumerate(cases):
            again, stored = flat(score(case["inputs"])), flat(case["expected"])
            if again.keys() != stored.keys():
                wrong.append(f"{kind}[{index}]: has {sorted(stored)}, not {sorted(again)}")
                continue
            for name, value in again.items():
                if not math.isfinite(value) or differs(stored[name], value):
                    wrong.append(f"{kind}[{index}].{name}: {stored[name]!r}, now {value!r}")
    return wrong


def main() -> None:
    """Writes the fixture, or checks one."""
    parser = argparse.ArgumentParser(description="Reference values for the scoring rules.")
    parser.add_argument("output", nargs="?", type=Path, default=DEFAULT, help="where to write")
    parser.add_argument("--check", type=Path, metavar="FILE", help="compare this fixture instead")
    arguments = parser.parse_args()
    if arguments.check is None:
        arguments.output.write_text(written(made()), encoding="utf-8")
        return
    fixture = json.loads(arguments.check.read_text(encoding="utf-8"))
    wrong = check(fixture)
    if wrong:
        sys.exit("\n".join(wrong))
    count = sum(len(flat(case["expected"])) for kind in EXPECTED for case in fixture[kind])
    print(f"{arguments.check}: {count} expected values as they should be")


if __name__ == "__main__":
    main()
