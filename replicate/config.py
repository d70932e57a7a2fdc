"""What a run is: one frozen record of every setting that can change its numbers, and its presets."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _not_a_bool(value):
    # pydantic reads True as the number 1; a person who typed it meant something else.
    if isinstance(value, bool):
        raise ValueError("a number is wanted here, not True or False")
    return value


Count = Annotated[int, BeforeValidator(_not_a_bool), Field(ge=1)]
Number = Annotated[float, BeforeValidator(_not_a_bool), Field(allow_inf_nan=False)]


class RunConfig(BaseModel):
    """The settings of a run. The defaults are the post's; how fast or where it runs is not part of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Task (the post, section 3)
    max_length: Annotated[Count, Field(le=60)] = 15
    vocab_size: Annotated[Count, Field(ge=5, le=10_000)] = 101
    reverse: bool = False  # reverses the source alone
    # The post's text draws 1..vocab_size-2; the author's notebook drew 1..vocab_size-1, where the largest
    # value shares its id with EOS.
    values: Literal["text", "notebook"] = "text"
    skew: Annotated[Number, Field(ge=0)] = 0.0  # 0: uniform; else the k-th commonest has weight k ** -skew
    source_eos: bool = False  # end the source with EOS, after any reversal (the paper, Fig. 1)

    # Model
    model: Literal["post", "rnn", "lstm", "attention"] = "post"
    layers: Annotated[Count, Field(le=16)] = 1  # of the LSTM; the others have one
    feed_previous: bool  # give the decoder the token before; None or not given: all models but the post's
    embedding_size: Annotated[Count, Field(le=4096)] = 32
    hidden_size: Annotated[Count, Field(ge=2, le=4096)] = 128
    init_bound: Annotated[Number, Field(gt=0)] | None = None  # U(-bound, bound); None: PyTorch's own

    # Training
    rounds: Annotated[Count, Field(le=1000)] = 10  # independent trainings
    seed: Annotated[int, BeforeValidator(_not_a_bool), Field(ge=0)] = 0
    steps: Count = 15_000  # updates of each training
    batch_size: Annotated[Count, Field(le=65_536)] = 32
    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: Annotated[Number, Field(gt=0)] = 5e-4
    lr_hold: Annotated[int, BeforeValidator(_not_a_bool), Field(ge=0)] = 0  # updates before StepLR starts
    lr_step_size: Count = 5_000  # StepLR: the rate is multiplied by lr_gamma every so many updates
    lr_gamma: Annotated[Number, Field(gt=0, le=1)] = 0.1
    clip_norm: Annotated[Number, Field(gt=0)] | None = None  # of each round's whole gradient
    stop_exact_match: Annotated[Number, Field(gt=0, le=1)] | None = None  # end once every round has it

    # Evaluation
    evaluate_every: Count = 500  # updates between two points of the metric curves
    curve_samples: Count = 1_000  # fresh samples of each round at such a point
    evaluate_rounds: Count = 1  # fresh sets after training, each of evaluate_samples
    evaluate_samples: Count = 32_000

    @model_validator(mode="before")
    @classmethod
    def _as_the_models_source(cls, given: dict) -> dict:
        if isinstance(given, dict) and given.get("feed_previous") is None:
            return {**given, "feed_previous": given.get("model", "post") != "post"}
        return given

    @model_validator(mode="after")
    def _settings_agree(self) -> Self:
        if self.layers > 1 and self.model != "lstm":
            raise ValueError(f"layers must be 1 with model {self.model!r}; 'lstm' has layers")
        if self.model == "attention" and not self.feed_previous:
            raise ValueError("feed_previous must not be False with model 'attention'")
        if self.source_eos and self.values == "notebook":
            raise ValueError("source_eos needs values 'text'; the notebook's largest value shares EOS's id")
        return self


# What the author's notebook ran; a row of the published table sets max_length and reverse.
PUBLISHED = RunConfig(values="notebook")

# Small enough to train live in a report, large enough to visibly learn.
QUICK = RunConfig(
    max_length=5,
    vocab_size=31,
    rounds=4,
    steps=3_000,
    learning_rate=1e-3,
    evaluate_every=150,
    evaluate_samples=4_000,
)
