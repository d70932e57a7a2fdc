"""The rules of `results/rules.md` that every study shares: from an effect and its p to a verdict."""

METRIC = "published_geo_mean"  # the metric that decides
LEVEL = 0.05
MARGIN = 0.05  # a difference that would not matter


def claim_verdict(effect: float, p: float, level: float = LEVEL) -> str:
    """*Supported*: positive, and the corrected p below the level; *contradicted*: negative, and below."""
    if p >= level:
        return "not shown"
    return "supported" if effect > 0 else "contradicted"


def row_verdict(p: float, within_margin: bool) -> str:
    """What the p of a prediction interval, and the 90% interval of the difference, say of a published row."""
    if p < LEVEL:
        return "not reproduced"
    return "reproduced" if within_margin else "consistent"


def within_margin(low: float, high: float, margin: float = MARGIN) -> bool:
    """Whether a difference with this 90% interval is known to be small."""
    return -margin < low and high < margin
