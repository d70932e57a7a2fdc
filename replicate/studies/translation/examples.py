"""Sentences of our own, for the text's are not ours to show: Table 3, and where attention looks."""

import pandas as pd

from replicate.evaluation.explorer import Explorer
from replicate.models.layers import pick_rounds
from replicate.runs.folder import Run
from replicate.studies.claims.search import CANDIDATES, best_of_beam
from replicate.tasks.pairs import until_eos

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
ALIGNED = "The selected text is replaced by the contents of the clipboard."  # one whose French reorders


def examples_table(run: Run) -> pd.DataFrame:
    """One row a sentence: our own translation, and the answer of the run's first training."""
    task, model = run.task, pick_rounds([run.load_model()], [0])
    answer = best_of_beam(model, task.max_target_length, CANDIDATES)
    rows = []
    for source, target in SENTENCES.items():
        tokens = answer(task.example(task.source.encode(source)))[0, 0].tolist()
        said = task.target.decode(until_eos(tokens, task.target.eos))
        rows.append({"source": source, "target": target, "answer": said})
    return pd.DataFrame(rows)


def alignment_of_example(run: Run) -> pd.DataFrame:
    """Where the first training's attention looks as it translates one sentence, in words."""
    explorer = Explorer(run)
    return explorer.alignment(explorer.read(ALIGNED))
