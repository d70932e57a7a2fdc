"""What a refused setting is told."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from replicate.errors import SettingError
from replicate.fields import TaskSettings, by_kind, explain


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    steps: Annotated[int, Field(ge=1)] = 1
    device: Literal["cpu", "cuda"] = "cpu"

    @model_validator(mode="after")
    def fit(self):
        if self.device == "cuda" and self.steps == 13:
            raise ValueError("no 13 steps on cuda")
        return self


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be greater than or equal to 1, not 0"),
        ({"device": "gpu"}, "device must be 'cpu' or 'cuda', not 'gpu'"),
        ({"stepz": 2}, "unknown parameter 'stepz': did you mean 'steps'? The parameters are steps, device"),
        ({"steps": 13, "device": "cuda"}, "no 13 steps on cuda"),
        (
            {"steps": 0, "device": "gpu"},
            "steps must be greater than or equal to 1, not 0; device must be 'cpu' or 'cuda', not 'gpu'",
        ),
    ],
)
def test_a_model_s_refusal_is_explained_in_one_line(settings, message):
    with pytest.raises(ValidationError) as caught:
        Settings(**settings)
    assert explain(caught.value, list(Settings.model_fields)) == message


class First(TaskSettings):
    kind = "first"


class Second(TaskSettings):
    kind = "second-1.5"


class Copied(First):
    """Of which the author forgot to change the kind."""


class Nameless(TaskSettings):
    pass


class Odd(TaskSettings):
    kind = "odd"
    way: Path = Path("a")


class NoFolder(TaskSettings):
    kind = "mi/ne"


def test_settings_are_found_by_the_kind_that_each_has_alone():
    assert by_kind((First, Second)) == {"first": First, "second-1.5": Second}
    with pytest.raises(SettingError, match="First and Copied have one kind, 'first'"):
        by_kind((First, Second, Copied))
    with pytest.raises(SettingError, match="Nameless has no kind"):
        by_kind((First, Nameless))
    with pytest.raises(SettingError, match=r"Odd must have a text, .* as default of way"):
        by_kind((First, Odd))
    with pytest.warns(UserWarning, match="shadows an attribute"):

        class Shadowing(TaskSettings):
            kind = "shadowing"
            label: str = "mine"

    with pytest.raises(SettingError, match="Shadowing needs another name for label: settings have this one"):
        by_kind((First, Shadowing))
    with pytest.raises(SettingError, match=r"the kind of NoFolder must be letters.*, not 'mi/ne'"):
        by_kind((First, NoFolder))
