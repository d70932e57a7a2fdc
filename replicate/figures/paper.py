"""Figures of the paper's walk-through: encoder and decoder, unrolled."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replicate.figures.style import COLOURS, subplots

ENCODER, DECODER = COLOURS["plain"], COLOURS["highlight"]
ABSENT = COLOURS["reverse"]  # what the paper's network reads and the post's does not
HALF = 0.27  # half the side of a cell
TOKEN = 0.88  # how far above or below its cell a token stands


def unrolled() -> Figure:
    """The paper's Fig. 1 above the post's network, step under step; both write W X Y Z EOS."""
    figure, (above, below) = subplots(2, height=5.2)
    answer = ["W", "X", "Y", "Z", "EOS"]
    _draw_network(above, source=["A", "B", "C", "EOS"], first_output=3, answer=answer, fed_back=True)
    _draw_network(below, source=["A", "B", "C"], first_output=3, answer=answer, fed_back=False)
    above.set_title("The paper: EOS ends the source, and each written token is read at the next step")
    below.set_title("The post: no EOS in the source, and the decoder reads nothing")
    return figure


def _draw_network(
    axes: Axes, *, source: list[str], first_output: int, answer: list[str], fed_back: bool
) -> None:
    steps = first_output + len(answer)
    for t in range(steps):
        _draw_cell(axes, t, ENCODER if t < len(source) else DECODER)
        if t > 0:
            _arrow(axes, (t - 1 + HALF, 0), (t - HALF, 0))
    for t, token in enumerate(source):
        _draw_input(axes, t, token, ABSENT if token == "EOS" else "black")
    for t, token in enumerate(answer, start=first_output):
        _arrow(axes, (t, HALF), (t, TOKEN - 0.16))
        axes.text(t, TOKEN, token, ha="center", va="center")
        if fed_back and t + 1 < steps:
            _draw_input(axes, t + 1, token, ABSENT)
            _draw_feedback(axes, t)
    axes.text(len(source) - 0.57, 0.1, "$v$", ha="center", fontsize=12)
    _draw_span(axes, 0, len(source) - 1, "encoder", ENCODER)
    _draw_span(axes, len(source), steps - 1, "decoder", DECODER)
    axes.text(-0.45, TOKEN, "writes", ha="right", va="center", color=COLOURS["loss"], fontsize=9)
    axes.text(-0.45, -TOKEN, "reads", ha="right", va="center", color=COLOURS["loss"], fontsize=9)
    for t in range(len(source), steps):
        if not fed_back:
            axes.text(
                t, -TOKEN, "nothing", ha="center", va="center", color=ABSENT, style="italic", fontsize=9
            )
    axes.set(xlim=(-1.1, steps - 0.5), ylim=(-1.65, 1.1), aspect="equal")
    axes.axis("off")


def _draw_cell(axes: Axes, t: int, colour: str) -> None:
    square = [t - HALF, t + HALF, t + HALF, t - HALF], [-HALF, -HALF, HALF, HALF]
    axes.fill(*square, facecolor=colour, edgecolor="black", linewidth=0.8)


def _draw_span(axes: Axes, first: int, last: int, label: str, colour: str) -> None:
    axes.plot([first - HALF, last + HALF], [-1.2, -1.2], color=colour, linewidth=4, solid_capstyle="butt")
    axes.text((first + last) / 2, -1.32, label, ha="center", va="top", fontsize=9)


def _draw_input(axes: Axes, t: int, token: str, colour: str) -> None:
    _arrow(axes, (t, -TOKEN + 0.16), (t, -HALF), colour)
    axes.text(t, -TOKEN, token, ha="center", va="center", color=colour)


def _draw_feedback(axes: Axes, t: int) -> None:
    """From the token written at step t down to where step t + 1 reads it."""
    down = t + 0.6
    axes.plot([t + 0.16, down, down], [TOKEN, TOKEN, -TOKEN], color=ABSENT, linestyle="--", zorder=0)
    _arrow(axes, (down, -TOKEN), (t + 0.86, -TOKEN), ABSENT)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str = "black") -> None:
    axes.annotate(
        "",
        end,
        start,
        arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1, "shrinkA": 0, "shrinkB": 0},
    )
