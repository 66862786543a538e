"""From the microseconds of alternated batches to a figure and a verdict."""
import statistics
from dataclasses import dataclass


@dataclass
class Result:
    """What came of a case: a figure with quartiles, or why there is none."""
    case: object
    figure: float | None = None
    quartiles: tuple[float, float] | None = None
    signet: dict | None = None  # name, level, microseconds (median), gmacs
    peer: dict | None = None
    missing: str | None = None
    command: str = ""


def side(measured, macs):
    """One side of a comparison, its batches summed up."""
    microseconds = statistics.median(measured["microseconds"])
    return {"name": measured["name"], "level": measured["level"],
            "microseconds": microseconds,
            "gmacs": macs and macs / microseconds / 1e3}


def from_batches(case, measured):
    """The median over pairs of batches, so that a change of clock touches
    both sides of each, and the quartiles."""
    ours = measured["signet"]["microseconds"]
    theirs = measured["peer"]["microseconds"]
    # Both sides do the same work, but for passes.
    macs = None if case.figure == "passes" else measured["macs"]
    figure = {"us": lambda mine, other: mine - other,
              "passes": lambda mine, other: mine / other
              }.get(case.figure, lambda mine, other: other / mine)
    pairs = [figure(*pair) for pair in zip(ours, theirs, strict=True)]
    low, middle, high = statistics.quantiles(pairs, n=4, method="inclusive")
    return Result(case, middle, (low, high),
                  side(measured["signet"], macs),
                  side(measured["peer"], macs))


def verdict(case, figure):
    """"aim", "must" or "FAIL": the best goal reached; "-" without goals;
    "missing" without a figure."""
    if figure is None:
        return "missing"
    if case.must is None:
        return "-"
    sign = -1 if case.less_is_better else 1
    if sign * figure >= sign * case.aim:
        return "aim"
    return "must" if sign * figure >= sign * case.must else "FAIL"
