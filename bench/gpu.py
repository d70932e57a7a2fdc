"""`make bench`, where there is a GPU: updates a second on it and on the CPU, by the number of trainings."""

import torch
from timing import CORES, REPEATS, seconds
from training import LSTM, POST

from replicate.settings import RunConfig
from replicate.studies.published.plan import reversal_runs
from replicate.tasks import task_of
from replicate.training.loop import start, update

TRAININGS = (10, 80, 800)
UPDATES = 20


def rate(config: RunConfig, trainings: int, device: str) -> float:
    """Updates a second, of all trainings together, in one process: the median of some repeats."""
    state, task = start(config, range(trainings), device), task_of(config.task)

    def advance() -> None:
        for _ in range(UPDATES):
            batch = task.sample(state.generators, config.training.batch_size)
            update(state, batch, config.training.learning_rate)
        if device == "cuda":
            torch.cuda.synchronize()

    advance()  # a warm-up
    return trainings * UPDATES / sorted(seconds(advance) for _ in range(REPEATS))[REPEATS // 2]


def main() -> None:
    if not torch.cuda.is_available():
        print("No GPU here: its rates are left out")
        return
    torch.set_num_threads(CORES)
    print(f"Updates a second of all trainings together: {torch.cuda.get_device_name()}, {CORES} CPU cores")
    for what, config in (("the post's model", POST), ("LSTM of 2 layers", LSTM)):
        for trainings in TRAININGS:
            on_gpu = rate(config, trainings, "cuda")
            on_cpu = rate(config, trainings, "cpu") if trainings < max(TRAININGS) else float("nan")
            print(f"  {what}, {trainings:4} trainings: {on_gpu:9.0f} on the GPU, {on_cpu:9.0f} on the CPU")
    study = next(iter(reversal_runs().values()))
    hours = study.training.rounds * study.training.steps / rate(study, study.training.rounds, "cuda") / 3600
    print(f"  an arm of the reversal study, {study.training.rounds} trainings: {hours:.2f} hours of training")


if __name__ == "__main__":
    main()
