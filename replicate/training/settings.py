"""How trainings go, as a run's settings say it; without torch, which takes seconds to import."""

from typing import Annotated, Literal

from pydantic import Field

from replicate.fields import Count, Number, Part, Whole


class TrainingSettings(Part):
    """How many trainings, and how each goes."""

    rounds: Annotated[Count, Field(le=1000)] = 10  # independent trainings
    seed: Whole = 0
    steps: Count = 15_000  # updates of each training
    batch_size: Annotated[Count, Field(le=65_536)] = 32
    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: Annotated[Number, Field(gt=0)] = 5e-4
    lr_hold: Whole = 0  # updates before StepLR starts
    lr_step_size: Count = 5_000  # StepLR: the rate is multiplied by lr_gamma every so many updates
    lr_gamma: Annotated[Number, Field(gt=0, le=1)] = 0.1
    clip_norm: Annotated[Number, Field(gt=0)] | None = None  # of each training's whole gradient
    # Each training's last parameters, or those of its evaluation point with the lowest validation loss.
    keep: Literal["last", "best"] = "last"
    stop_exact_match: Annotated[Number, Field(gt=0, le=1)] | None = None  # end once every training has it
