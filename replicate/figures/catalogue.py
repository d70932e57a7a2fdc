"""Every figure of the report, by name: the notebook that draws it, and what is to be seen.

`show` takes a figure's caption from here; `replicate figures` lists them. A new figure is a line below.
"""

from typing import NamedTuple


class Entry(NamedTuple):
    """Where a figure is drawn, and its caption."""

    notebook: str  # without .ipynb
    caption: str


CATALOGUE = {
    "explore-answer": Entry("00_explore", "The most probable tokens at each step of two models' answers."),
    "explore-state": Entry("00_explore", "Each model's encoder state after each token it reads."),
    "paper-unrolled": Entry(
        "01_paper",
        "The paper's model unrolled over a source and its target, and what the post made of it.",
    ),
    "task-lengths": Entry("02_task", "How often sources and targets have each length."),
    "task-ceiling": Entry("02_task", "The best score that the published protocol allows, by max_length."),
    "loss-curve": Entry("03_train", "Training loss over the updates: every training and their mean."),
    "metric-curves": Entry(
        "03_train", "The metrics on fresh samples over the updates: every training and their mean."
    ),
    "scores-by-length": Entry("04_evaluate", "Scores by the length of the source and of the target."),
    "accuracy-by-position": Entry("04_evaluate", "The share of targets answered correctly at each position."),
    "published-and-reproduced": Entry(
        "05_published", "Each published row beside ten trainings of ours; every small dot is a training."
    ),
    "reversal-study": Entry(
        "05_published",
        "Reversal at max_length 15: every training of the study, and the means with their 95% intervals.",
    ),
    "plateau": Entry(
        "05_published", "The share of trainings at max_length 15 that have not left their plateau."
    ),
    "accuracy-by-direction": Entry(
        "05_published", "Accuracy by target position, forward and reversed, at max_length 15."
    ),
    "ladder": Entry(
        "06_why",
        "Every training of each rung, by the published protocol and by exact match; a bar marks the mean.",
    ),
    "ladder-plateau": Entry(
        "06_why", "The share of trainings that have not left their plateau, rung by rung."
    ),
    "schedule-norms": Entry(
        "06_why", "Norms of gradients, and trainings off the plateau, with and without cuts and clipping."
    ),
    "ladder-by-position": Entry(
        "06_why", "Accuracy by target position, forward and reversed, on the first rung and the LSTM's."
    ),
    "claims-forest": Entry(
        "07_claims", "Every claim's effect with its 95% interval, beside the paper's size."
    ),
    "claims-reversal": Entry(
        "07_claims", "Loss of forward and reversed sources, with one layer and with three."
    ),
    "claims-reversal-gains": Entry(
        "07_claims", "What reversal gains by source length and by place in the target, with 95% intervals."
    ),
    "claims-depth": Entry("07_claims", "Loss by the number of layers."),
    "claims-depth-again": Entry(
        "07_claims", "Loss by the number of layers, and at equal numbers of parameters."
    ),
    "claims-search": Entry(
        "07_claims", "Exact match of one model and of ensembles, with narrow and wide beams."
    ),
    "claims-length": Entry("07_claims", "Score by source length, up to twice the longest in training."),
    "claims-rare": Entry("07_claims", "Accuracy of each prime by how common it is."),
    "claims-state": Entry(
        "07_claims", "Encoder states of sources with the same three primes, in two dimensions."
    ),
    "claims-alignment": Entry("07_claims", "Where the attention looks for each token of an answer."),
    "translation-table-1": Entry(
        "08_translation", "BLEU by direction, number of models and width of the beam, here and in the paper."
    ),
    "translation-attention": Entry(
        "08_translation", "BLEU by the length of the source, forward, reversed and with attention."
    ),
    "translation-alignment": Entry(
        "08_translation", "Where the attention looks for each word of a translation."
    ),
    "translation-forest": Entry(
        "08_translation", "Claims that are tested on text, beside the tests of them on primes."
    ),
    "translation-groups": Entry(
        "08_translation", "BLEU by the length of the source, and by how rare its words are."
    ),
    "translation-phrases": Entry(
        "08_translation", "Encoder states of phrases that differ in order or voice, in two dimensions."
    ),
}
