"""Table 3 and an alignment, with sentences of our own: the text's sentences are not ours to show."""

import pandas as pd
from torch import nn

from replicate.decoding import beam
from replicate.models.layers import pick_rounds
from replicate.runs.folder import Run
from replicate.studies.claims.lengths import alignment_table
from replicate.tasks.pairs import until_eos
from replicate.tasks.translation.tokens import SPECIAL

WIDTH = 12  # of the beam, the paper's widest
SENTENCES = {  # in the text's style, from short to long, and how we would translate them
    "Click the table.": "Cliquez sur le tableau.",
    "To print the report, choose File - Print.": "Pour imprimer le rapport, choisissez Fichier - Imprimer.",
    "If the cell is empty, the function returns zero.": "Si la cellule est vide, la fonction renvoie zéro.",
    "The selected text is replaced by the contents of the clipboard.": (
        "Le texte sélectionné est remplacé par le contenu du presse-papiers."
    ),
    "Select the chart that you want to change, and then press the Enter key.": (
        "Sélectionnez le diagramme que vous voulez modifier, puis appuyez sur la touche Entrée."
    ),
    "You can define a new style for the current paragraph, but the color of the selected characters is not "
    "changed.": (
        "Vous pouvez définir un nouveau style pour le paragraphe actif, mais la couleur des caractères "
        "sélectionnés n'est pas modifiée."
    ),
}
ALIGNED = "The selected text is replaced by the contents of the clipboard."


def examples_table(lstm: Run, attention: Run) -> pd.DataFrame:
    """One row a sentence: our own translation, and the answers of the first training of each run."""
    rows = []
    models = {name: pick_rounds([run.load_model()], [0]) for name, run in _named(lstm, attention)}
    for source, target in SENTENCES.items():
        row = {"source": source, "target": target}
        rows.append(row | {name: _answer(models[name], run, source) for name, run in _named(lstm, attention)})
    return pd.DataFrame(rows)


def _named(lstm: Run, attention: Run) -> list[tuple[str, Run]]:
    return [("lstm", lstm), ("attention", attention)]


def _answer(model: nn.Module, run: Run, text: str) -> str:
    batch = run.task.example(run.task.source.encode(text))
    found = beam(model, batch.source, batch.source_length, run.task.max_target_length, WIDTH)
    return run.task.target.decode(until_eos(found.tokens[0, 0, 0].tolist(), run.task.target.eos))


def alignment(run: Run) -> pd.DataFrame:
    """`alignment_table` of a sentence, its tokens as words."""
    task = run.task
    table = alignment_table(run, task.source.encode(ALIGNED))
    names = {token: name.strip("</>").upper() for token, name in enumerate(SPECIAL)}  # S is EOS

    def named(vocabulary, token: int) -> str:
        return "EOS" if token == vocabulary.eos else names.get(token) or vocabulary.decode([token])

    return table.assign(
        answer=[named(task.target, token) for token in table.answer],
        source=[named(task.source, token) for token in table.source],
    )
