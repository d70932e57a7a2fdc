"""How near an update can come to the speed of a large matrix product: its own products, done alone."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial

import torch
from cost import multiply, work
from timing import interleaved, seconds
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only
from training import LSTM, POST

from replicate.settings import RunConfig
from replicate.tasks import task_of
from replicate.training.loop import start, update

MODELS = {"post": POST, "lstm": LSTM}
PRODUCTS = {"mm", "bmm", "addmm", "addmm_", "baddbmm", "baddbmm_"}
ROUNDS = range(5)  # of ten, what one of two processes has


class Recorded(TorchDispatchMode):
    """Keeps the matrix products that are done meanwhile, with their operands."""

    def __init__(self):
        super().__init__()
        self.calls: list[partial] = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function.overloadpacket.__name__ in PRODUCTS:
            alone = tree_map_only(Tensor, Tensor.detach, (args, kwargs or {}))
            self.calls.append(partial(function, *alone[0], **alone[1]))
        return function(*args, **(kwargs or {}))

    @torch.no_grad()
    def repeat(self) -> None:
        for call in self.calls:
            call()


def shares(config: RunConfig, updates: int = 5) -> dict[str, float]:
    """The share of a large product's speed that the updates reach, and that their products alone reach.

    Both count the operations that are needed (`cost.work`). On one thread; runs in a worker process.
    """
    torch.set_num_threads(1)
    task, training = task_of(config.task), config.training
    state = start(config, ROUNDS)

    def advance() -> None:
        for _ in range(updates):
            batch = task.sample(state.generators, training.batch_size)
            update(state, batch, training.learning_rate, training.clip_norm)

    advance()
    with Recorded() as recorded:
        advance()
    times = interleaved(
        peak=lambda: 1 / multiply(),  # seconds of an operation
        whole=lambda: seconds(advance),
        products=lambda: seconds(recorded.repeat),
    )
    needed = times["peak"] * work(config) * len(ROUNDS) * updates  # seconds at the large product's speed
    return {name: needed / times[name] for name in ("whole", "products")}


def bench_products(pool: ProcessPoolExecutor) -> dict[str, float]:
    found = {name: pool.submit(shares, config).result() for name, config in MODELS.items()}
    print("The share of a large matrix product's speed, one thread: an update, and what it could at most be,")
    print("if all but the update's own matrix products took no time")
    for name, share in found.items():
        print(f"  {name:18} {share['whole']:4.0%} of at most {share['products']:4.0%}")
    print()
    return {f"{name}_products_share": share["products"] for name, share in found.items()}
