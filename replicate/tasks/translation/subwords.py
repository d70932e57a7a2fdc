"""A vocabulary of pieces of words: byte-pair encoding by sentencepiece, which is an extra of this library."""

import io
import re
from collections.abc import Iterable, Sequence

from replicate.tasks.batch import PAD
from replicate.tasks.translation.corpus import CorpusError
from replicate.tasks.translation.tokens import BOS, EOS, SPECIAL, UNK, normalised


class Subwords:
    """`size` pieces, learnt from some sentences; rare words are spelt in several.

    One text and one version of sentencepiece always give the same pieces.

    Raises:
        CorpusError: the sentences have too few, or too many, different pieces for the size.
    """

    bos, eos, unknown = BOS, EOS, UNK

    def __init__(self, texts: Iterable[str], size: int):
        import sentencepiece  # an extra

        model = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(texts),
                model_writer=model,
                model_type="bpe",
                vocab_size=size,
                character_coverage=1.0,
                normalization_rule_name="identity",  # the text is normalised already
                pad_id=PAD,
                bos_id=BOS,
                eos_id=EOS,
                unk_id=UNK,
                # With a blank no text spells them: sentencepiece has another sign for the blanks of a text.
                **{f"{name}_piece": f" {name} " for name in ("pad", "bos", "eos", "unk")},
                num_threads=1,
                minloglevel=2,
            )
        except (RuntimeError, ValueError) as error:
            raise CorpusError(f"subwords {size} does not suit this text: {_reason(str(error))}") from error
        self._pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
        self.size = self._pieces.get_piece_size()

    def encode(self, text: str) -> list[int]:
        """The ids of a text's pieces; UNK for a letter that no training sentence has."""
        text = normalised(text)
        blank = [UNK] if text else []  # of a text that is nothing but sentencepiece's sign of a blank
        return self._pieces.encode(text) or blank

    def decode(self, tokens: Sequence[int], unknown: str = SPECIAL[UNK]) -> str:
        """The text of some ids; special ones stand there by their names, UNK by the one given."""
        named = dict(enumerate(SPECIAL)) | {UNK: unknown}
        pieces = [named.get(token) or self._pieces.id_to_piece(token) for token in tokens]
        return "".join(pieces).replace("\u2581", " ").strip()  # sentencepiece's mark of a word's beginning


def _reason(said: str) -> str:
    """What sentencepiece says, without its advice on options that are not ours."""
    if letters := re.search(r"required_chars\. \d+ vs (\d+)", said):
        return f"it needs {letters[1]}, one a letter, and more"
    return said.rpartition("] ")[2] or "it is too small"
