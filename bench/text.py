"""Translation: tokens a second of the study's model in this library, beside torch.nn.LSTM written plainly."""

from concurrent.futures import ProcessPoolExecutor

from timing import interleaved
from training import library_rate, torch_rate

from replicate.files import PROJECT
from replicate.randomness import make_generator
from replicate.settings import RunConfig
from replicate.studies.registration import registered
from replicate.tasks import task_of

UPDATES = 10


def study_config() -> RunConfig:
    """One training of the study's base on its text, or on the grammar where the text is not there."""
    config = registered("translation").runs["translation-reversed-a"].changed(rounds=1)
    if (PROJECT / config.task.pairs).exists():
        return config
    print(f"Without {config.task.pairs}: the grammar has few words, so that the readout costs little")
    return config.changed(pairs="", pairs_sha256="", group_column=None)


def tokens_of_an_update(config: RunConfig, batches: int = 50) -> float:
    """Tokens that are read and written, EOS among them, in a batch on average."""
    task, generators = task_of(config.task), [make_generator(0, 0, "bench")]
    drawn = (task.sample(generators, config.training.batch_size) for _ in range(batches))
    return sum(int(batch.source_length.sum() + batch.target_length.sum()) for batch in drawn) / batches


def bench_text(pool: ProcessPoolExecutor) -> dict[str, float]:
    """One training at one thread each, in turn."""
    config = study_config()
    tokens = tokens_of_an_update(config)
    rates = interleaved(
        library=lambda: library_rate(pool, config, UPDATES),
        plain=lambda: torch_rate(config, 1, UPDATES),
    )
    ratio = rates["library"] / rates["plain"]
    print(
        f"Translation, LSTM of {config.model.hidden_size} cells, one training on one thread: tokens a second"
    )
    print(f"  torch.nn.LSTM {rates['plain'] * tokens:9.0f}")
    print(f"  library       {rates['library'] * tokens:9.0f}   {ratio:.2f}x\n")
    return {"translation_training": ratio}
