"""The paper's Table 1 and its perplexities, beside ours, as far as they are trained."""

import numpy as np
import pandas as pd

from replicate.runs.folder import Run
from replicate.studies.bootstrap import Sample, bootstrap
from replicate.studies.convergence import validation_fall, whole_history
from replicate.studies.judging import open_arms, study_verdicts
from replicate.studies.measuring import folder, read_measurement
from replicate.studies.registration import registered, registrations
from replicate.studies.translation.sentences import SCORES

STUDY = "translation"
# BLEU on the test set by direction, models and width of the beam (the paper, Table 1).
PAPER_BLEU = {
    ("forward", 1, 12): 26.17,
    ("reversed", 1, 12): 30.59,
    ("reversed", 5, 1): 33.00,
    ("reversed", 2, 12): 33.27,
    ("reversed", 5, 2): 34.50,
    ("reversed", 5, 12): 34.81,
}
PAPER_PERPLEXITY = {"forward": 5.8, "reversed": 4.7}  # the paper, section 3.3

LENGTHS = [(1, 5), (6, 8), (9, 11), (12, 14), (15, 20)]  # words of a source
RARITIES = {1: "commonest", 2: "middle", 3: "rarest"}  # thirds of the sentences
GROUP_DRAWS = 1_000  # of the intervals of a figure, which decide nothing


def sentence_table(name: str, study: str = STUDY) -> pd.DataFrame:
    """The rows of every arm that is measured, with its direction and the `unit`, a training or ensemble.

    An arm is called by its direction, and by its block where there are two.

    Raises:
        RunError: a table was changed, or belongs to another training.
    """
    tables = []
    for arm in registered(study).arms:
        if (folder(study) / f"{name}-{arm}.csv").exists():
            direction, _, block = arm.partition("-")
            table = read_measurement(study, f"{name}-{arm}").assign(direction=direction)
            tables.append(table.assign(unit=block + table["round"].astype(str)))
    nothing = pd.DataFrame(columns=["direction", "models", "width", "unit"])
    return pd.concat(tables, ignore_index=True) if tables else nothing


def bleu_table() -> pd.DataFrame:
    """One row a direction, number of models and width: mean BLEU, how many there are, and the paper's."""
    bleu = bleu_by_training().groupby(["direction", "models", "width"]).bleu
    spread = (bleu.max() - bleu.min()).where(bleu.count() > 1)
    table = pd.DataFrame({"bleu": bleu.mean(), "range": spread, "n": bleu.count()})
    return table.assign(paper=[PAPER_BLEU.get(key, np.nan) for key in table.index])


def bleu_by_training(study: str = STUDY) -> pd.DataFrame:
    """One row a training, or ensemble, and width of the beam: `direction`, `models`, `width`, `bleu`."""
    rows = [
        [*key, bleu]
        for key, table in sentence_table("answers", study).groupby(["direction", "models", "width"])
        for bleu in scores_by_unit(table, "bleu")
    ]
    return pd.DataFrame(rows, columns=["direction", "models", "width", "bleu"])


def bleu_by_group(study: str = STUDY) -> pd.DataFrame:
    """BLEU of single models with a beam of 12, by the words of the source and by how rare they are.

    Both are of whole words, as the base reads them, so that a group has the same sentences in every study.
    One row a direction and group: `by` (length, rarity), `group`, its `place` in their order, the number of
    `sentences`, and the mean over trainings with its 95% interval over trainings and sentences.
    """
    rows = []
    single = sentence_table("answers", study).query("models == 1 and width == 12")
    words = sentence_table("answers", STUDY).drop_duplicates("sentence").set_index("sentence")
    single = single.assign(**{name: single.sentence.map(words[name]) for name in ("length", "rarity")})
    for direction, table in single.groupby("direction"):
        groups = {("length", f"{a} to {b}"): table.length.between(a, b) for a, b in LENGTHS}
        groups |= {("rarity", name): table.rarity == third for third, name in RARITIES.items()}
        for (by, name), chosen in groups.items():
            found = bootstrap([Sample(1, direction, table[chosen])], *SCORES["bleu"], GROUP_DRAWS)
            row = {"direction": direction, "by": by, "group": name}
            row["place"] = sum(other["by"] == by and other["direction"] == direction for other in rows)
            row["sentences"] = table[chosen].sentence.nunique()
            rows.append(row | {key: found[key] for key in ("estimate", "low", "high")})
    return pd.DataFrame(rows)


def nats_by_training(study: str = STUDY) -> pd.DataFrame:
    """One row a training: `direction`, and `nats`, the loss a token."""
    tables = sentence_table("nats", study).groupby("direction")
    rows = [[direction, nats] for direction, table in tables for nats in scores_by_unit(table, "nats")]
    return pd.DataFrame(rows, columns=["direction", "nats"])


def perplexity_table() -> pd.DataFrame:
    """One row a direction: nats a token and perplexity of single models, how many, and the paper's."""
    rows = {}
    for direction, found in nats_by_training().groupby("direction").nats:
        nats, paper = found.mean(), PAPER_PERPLEXITY[direction]
        rows[direction] = [nats, np.exp(nats), len(found), np.log(paper), paper]
    columns = ["nats", "perplexity", "n", "paper's nats", "paper's perplexity"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def whole_text_table() -> pd.DataFrame:
    """One row a direction: BLEU of whole text by sacrebleu over trainings, and its signature."""
    by_direction = sentence_table("text").groupby("direction")
    table = by_direction.bleu.agg(["mean", "min", "max", "count"])
    return table.assign(beam=by_direction.width.first(), signature=by_direction.signature.first())


def verdicts_by_study() -> dict[str, pd.Series]:
    """The verdicts of every registered study of translation."""
    studies = [study for study in registrations() if study.startswith(STUDY)]
    return {study: study_verdicts(study).verdict for study in studies}


def convergence_table(study: str = STUDY) -> pd.DataFrame:
    """One row a trained arm: its trainings, their lowest validation loss, and how much that still fell.

    `fell` is the share by which that loss fell over the last tenth of the updates (`validation_fall`);
    `clipped` the share of the updates whose gradient had a norm above the limit, and was scaled down to it;
    of an arm without a limit, above 1. Trainings that diverged are left out.
    """
    arms = open_arms(registered(study)).items()
    return pd.DataFrame.from_dict({arm: _convergence(run) for arm, run in arms}, orient="index")


def _convergence(run: Run) -> dict[str, float]:
    history = whole_history(run)
    return {
        "trainings": history["round"].nunique(),
        "validation nats": history.groupby("round").nats.min().mean(),
        "fell": validation_fall(run),
        "clipped": history.large_share.mean(),
    }


def others_table() -> pd.DataFrame:
    """BLEU on the test split of what is no neural model, with its 95% interval over sentences.

    Retrieval, the phrase-based system, and the best that rescoring its lists could reach.
    """
    return pd.DataFrame.from_dict(
        {name: _interval([sample]) for name, sample in _others().items()}, orient="index"
    )


def beside_others() -> pd.DataFrame:
    """By how much LSTMs with a beam of 12 are above retrieval and the phrase-based system, in BLEU.

    One row a direction, number of models and rival, with the 95% interval over trainings and sentences.
    """
    rows, others = [], _others()
    wide = sentence_table("answers").query("width == 12")
    for (direction, models), table in wide.groupby(["direction", "models"]):
        own = Sample(1, direction, table)
        for name in ("retrieval", "phrase-based system"):
            found = _interval([own, others[name]._replace(weight=-1)])
            rows.append({"direction": direction, "models": models, "above": name, **found})
    columns = ["direction", "models", "above", "bleu", "low", "high"]
    return pd.DataFrame(rows, columns=columns).set_index(columns[:3])


def _others() -> dict[str, Sample]:
    """What is known of the sentences without a neural model, by name."""
    names = {"rival": "phrase-based system", "oracle": "oracle of its lists"}
    stages = read_measurement("translation-rival", "rival").groupby("stage", sort=False)
    tables = {"retrieval": read_measurement(STUDY, "retrieval")}
    tables |= {names[stage]: table for stage, table in stages}
    return {name: Sample(1, name, table.assign(unit=name)) for name, table in tables.items()}


def _interval(samples: list[Sample]) -> dict[str, float]:
    found = bootstrap(samples, *SCORES["bleu"])
    return {"bleu": found["estimate"], "low": found["low"], "high": found["high"]}


def scores_by_unit(table: pd.DataFrame, column: str) -> list[float]:
    """The score of each training, or ensemble."""
    columns, score = SCORES[column]
    units = table.groupby("unit")
    means = units[columns].mean().assign(samples=units.size())
    return [score(row) for row in means.to_dict("records")]
