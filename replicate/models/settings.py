"""What each model can be told; without torch, which takes seconds to import."""

from typing import Annotated, Any, Literal

from pydantic import Field

from replicate.fields import Count, ModelSettings, Truth


class PostSettings(ModelSettings):
    """The post's decoder is fed nothing; fed, it gets an xh of its own."""

    kind = "post"
    feed_previous: Truth = False  # give the decoder the token before

    def build(self, task: Any, rounds: int) -> Any:
        from replicate.models.post import build_post

        return build_post(self, task, rounds)


class RNNSettings(ModelSettings):
    kind = "rnn"
    feed_previous: Truth = True  # give the decoder the token before

    def build(self, task: Any, rounds: int) -> Any:
        from replicate.models.rnn import build_rnn

        return build_rnn(self, task, rounds)


class LSTMSettings(ModelSettings):
    kind = "lstm"
    layers: Annotated[Count, Field(le=16)] = 1
    feed_previous: Truth = True  # give the decoder the token before

    def build(self, task: Any, rounds: int) -> Any:
        from replicate.models.lstm import build_lstm

        return build_lstm(self, task, rounds)


class AttentionSettings(ModelSettings):
    kind = "attention"
    feed_previous: Literal[True] = True  # its decoder is always given the token before

    def build(self, task: Any, rounds: int) -> Any:
        from replicate.models.attention import build_attention

        return build_attention(self, task, rounds)
