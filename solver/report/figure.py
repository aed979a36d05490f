"""An answer as a picture: the cluster before and after, instances by zone, new tasks in colour."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from warnings import catch_warnings, filterwarnings

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from solver.domain.answer import Answer
from solver.domain.counts import Bools, Counts, Ints
from solver.report.files import check_picture, write_whole
from solver.report.headline import headline, plural, printable, zone_of, zones

MOST_BOXES = 240
"""With more instances, each zone is one profile instead of a box an instance."""
MOST_COLUMNS = 400
MOST_ZONES = 8
MOST_LABEL = 36
LEGEND_LETTERS = 150
WIDTH = 11.0
BOX_GAP = 0.16
LEAST = 0.045
"""A new task is drawn at least so high, as a part of its box: it shall be seen."""

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7a5cc4", "#c8b400", "#3b8f8c")
OTHER = "#5b6472"
RUNNING = "#b3bbc7"
CLOSED = "#dde1e7"
EMPTY = "#f5f6f8"
EDGE = "#c3c9d2"
INK = "#1f2733"
FAINT = "#6b7482"

Numbers = NDArray[np.float64]


def draw(answer: Answer, path: Path | str) -> None:
    """Write the picture of an answer, whole or not at all.

    Parameters
    ----------
    path
        The file; its name ends in ``.svg`` or ``.png``.

    Raises
    ------
    InvalidRequest
        If the name ends in something else than ``.svg`` or ``.png``.
    OSError
        If the file cannot be written.
    """
    path = Path(path)
    check_picture("figure", path)
    write_whole(path, picture(answer, path.suffix.lower()[1:]))


def picture(answer: Answer, kind: str) -> bytes:
    """The picture as the bytes of an ``svg`` or a ``png``."""
    metadata: dict[str, str | None] = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    out = io.BytesIO()
    # The same answer gives the same bytes wherever the same matplotlib draws it. A name is never set as a formula.
    style = rc_context(
        {
            "svg.hashsalt": "placement-solver",
            "svg.fonttype": "path",
            "font.family": "DejaVu Sans",
            "font.size": 9.0,
            "text.color": INK,
            "text.parse_math": False,
            "hatch.linewidth": 0.6,
            "path.simplify": False,
        }
    )
    with style, catch_warnings():
        # A letter that the font lacks is drawn as a box; that is no news for whoever waits for the answer.
        filterwarnings("ignore", message="Glyph .* missing")
        _figure(_Scene(answer)).savefig(out, format=kind, dpi=150, facecolor="white", metadata=metadata)
    return out.getvalue()


@dataclass(frozen=True, eq=False)
class _Scene:
    """What there is to draw, as fractions of each instance's capacity."""

    answer: Answer

    @cached_property
    def resources(self) -> list[int]:
        """The resources to draw: cpu and memory where there are such, else the first two."""
        names = self.answer.problem.cluster.resources
        return [names.index(name) for name in ("cpu", "memory") if name in names] or list(range(min(len(names), 2)))

    @cached_property
    def used(self) -> Numbers:
        """``float[I, R]``: used before."""
        cluster = self.answer.problem.cluster
        used = (cluster.capacity - cluster.free)[:, self.resources]
        return np.clip(used / np.maximum(cluster.capacity[:, self.resources], 1), 0, 1)

    @cached_property
    def coloured(self) -> list[int]:
        """The groups that get a colour of their own: the first in the order of the request that start tasks."""
        starting = np.flatnonzero(self.answer.problem.wanted).tolist()
        return starting if len(starting) <= len(COLOURS) + 1 else starting[: len(COLOURS)]

    def colour(self, layer: int) -> str:
        """The colour of a layer: a group of ``coloured``, or after them all others."""
        return COLOURS[layer] if layer < len(COLOURS) else OTHER

    @cached_property
    def layers(self) -> Numbers:
        """``float[L, I, R]``: what the new tasks of each coloured group take, and after them those of all others."""
        problem = self.answer.problem
        capacity = np.maximum(problem.cluster.capacity[:, self.resources], 1)
        started = self.answer.started
        layers = np.zeros((len(self.coloured) + 1, problem.cluster.size, len(self.resources)))
        for layer in range(len(layers)):
            mine = self._layer_of_cell == layer
            cells = (started.group[mine], started.instance[mine], started.count[mine])
            load = Counts.of((started.groups, started.instances), *cells).load(problem.demand)
            layers[layer] = load[:, self.resources] / capacity
        return layers

    @cached_property
    def present(self) -> Bools:
        """``bool[L, I]``: whether a layer has new tasks there, however little they take."""
        present = np.zeros(self.layers.shape[:2], np.bool_)
        present[self._layer_of_cell, self.answer.started.instance] = True
        return present

    @cached_property
    def _layer_of_cell(self) -> Ints:
        layers = {g: layer for layer, g in enumerate(self.coloured)}
        return np.array([layers.get(g, len(layers)) for g in self.answer.started.group.tolist()], np.int64)

    @cached_property
    def zones(self) -> tuple[str, ...]:
        """The zones; a single nameless one where there are none, or too many to tell apart."""
        found = zones(self.answer)
        return found if len(found) <= MOST_ZONES and found != ("no zone",) else ("",)

    @cached_property
    def members(self) -> list[Ints]:
        """The instances of each zone, those that take tasks first, then the fullest first."""
        zone = zone_of(self.answer) if len(self.zones) > 1 else np.zeros(len(self.used), np.int64)
        fullest = -self.used.max(axis=1, initial=0)
        order = np.lexsort((np.arange(len(zone)), fullest, self.closed))
        return [order[zone[order] == z] for z in range(len(self.zones))]

    @cached_property
    def closed(self) -> Bools:
        """``bool[I]``: takes no new tasks."""
        return ~self.answer.problem.open_to_change

    @property
    def boxes(self) -> bool:
        """Whether each instance is a box."""
        return len(self.used) <= MOST_BOXES

    @cached_property
    def per_row(self) -> int:
        """Boxes in a row."""
        largest = max((len(members) for members in self.members), default=1)
        rows = max(1, round(largest / 13)) if largest <= 60 else max(1, round((largest / 5) ** 0.5))
        return max(-(-largest // rows), 4)

    def heights(self) -> list[float]:
        """Inches that each zone takes in a panel, its title among them."""
        if not self.boxes:
            return [1.35] * len(self.zones)
        box = min(0.62, 1.25 * 0.47 * WIDTH / self.per_row)
        return [0.36 + box * max(-(-len(members) // self.per_row), 1) for members in self.members]


def _figure(scene: _Scene) -> Figure:
    heights = scene.heights()
    shown = _legend(scene)
    longest = max(len(str(patch.get_label())) for patch in shown)
    rows = -(-len(shown) // max(LEGEND_LETTERS // (longest + 6), 1))
    columns = -(-len(shown) // rows)
    top, bottom = 1.0, 0.42 + 0.2 * rows
    height = top + sum(heights) + bottom
    figure = Figure(figsize=(WIDTH, height))
    figure.text(0.025, 1 - 0.2 / height, _title(scene.answer), fontsize=13, fontweight="bold", va="top")
    figure.text(0.025, 1 - 0.46 / height, _subtitle(scene), fontsize=9, color=FAINT, va="top")
    new = int(scene.answer.placed().sum())
    for side, name in enumerate(("before", f"after, with {new:,} new {plural('task', new)}")):
        left, y = 0.025 + 0.49 * side, height - top
        figure.text(left, (y + 0.06) / height, name, fontsize=11, fontweight="bold", va="bottom")
        for z, inches in enumerate(heights):
            y -= inches
            axes = figure.add_axes((left, y / height, 0.46, (inches - 0.3) / height))
            _zone(axes, scene, z, after=side == 1)
    figure.legend(
        handles=shown, loc="lower left", bbox_to_anchor=(0.018, 0.06 / height), ncols=columns, frameon=False,
        fontsize=9, handlelength=1.2, handleheight=1.0, columnspacing=1.8,
    )  # fmt: skip
    return figure


def _title(answer: Answer) -> str:
    said = headline(answer)
    return said[0].upper() + said[1:]


def _subtitle(scene: _Scene) -> str:
    cluster = scene.answer.problem.cluster
    names = [cluster.resources[r] for r in scene.resources]
    said = f"{cluster.size:,} {plural('instance', cluster.size)}" + (
        f" of {_short(cluster.name)}" if cluster.name else ""
    )
    if not scene.boxes:
        each = max(-(-max(len(m) for m in scene.members) // MOST_COLUMNS), 1)
        column = "an instance" if each == 1 else f"the mean of {each} instances"
        return f"{said}; a column is {column}, filled by the fuller of {' and '.join(names)}"
    halves = f", left {names[0]}, right {names[1]}" if len(names) == 2 else f" by {names[0]}" if names else ""
    return f"{said}; a box is an instance, filled as far as it is used{halves}"


def _short(name: str) -> str:
    name = printable(name)
    return name if len(name) <= MOST_LABEL else name[: MOST_LABEL - 1] + "…"


def _legend(scene: _Scene) -> list[Patch]:
    wanted, placed = scene.answer.problem.wanted, scene.answer.placed()
    shown = [
        Patch(color=scene.colour(layer), label=f"{placed[g]:,} of {wanted[g]:,}  {_short(group.name)}")
        for layer, g in enumerate(scene.coloured)
        for group in [scene.answer.problem.groups[g]]
    ]
    rest = np.setdiff1d(np.flatnonzero(wanted), scene.coloured)
    if len(rest):
        label = f"{placed[rest].sum():,} of {wanted[rest].sum():,}  {len(rest):,} more groups"
        shown.append(Patch(color=OTHER, label=label))
    shown.append(Patch(color=RUNNING, label="used before"))
    if scene.closed.any():
        hatch = "/////" if scene.boxes else None
        face = EMPTY if scene.boxes else CLOSED
        shown.append(Patch(facecolor=face, edgecolor=EDGE, hatch=hatch, label="takes no new tasks"))
    return shown


def _zone(axes: Axes, scene: _Scene, z: int, *, after: bool) -> None:
    members = scene.members[z]
    axes.set_axis_off()
    use = scene.used[members] + (scene.layers[:, members].sum(axis=0) if after else 0)
    weight = scene.answer.problem.cluster.capacity[members][:, scene.resources]
    share = (use * weight).sum(axis=0) / np.maximum(weight.sum(axis=0), 1)
    names = [scene.answer.problem.cluster.resources[r] for r in scene.resources]
    said = ", ".join(f"{name} {part:.0%}" for name, part in zip(names, share, strict=True))
    count = f"{len(members):,} {plural('instance', len(members))}"
    title = f"{_short(scene.zones[z])}  ·  {count}" if scene.zones[z] else count
    axes.text(0, 1.03, title, transform=axes.transAxes, fontsize=9, va="bottom")
    axes.text(1, 1.03, said, transform=axes.transAxes, fontsize=9, color=FAINT, va="bottom", ha="right")
    if scene.boxes:
        _boxes(axes, scene, members, after)
    else:
        _profile(axes, scene, members, after)


def _rectangles(x: Numbers, y: Numbers, width: float, height: Numbers) -> Numbers:
    """``float[N, 4, 2]``: corners of rectangles from their lower left ones."""
    right, top = x + width, y + height
    return np.stack([np.stack(corner, axis=-1) for corner in ((x, y), (right, y), (right, top), (x, top))], axis=1)


def _boxes(axes: Axes, scene: _Scene, members: Ints, after: bool) -> None:
    """A box an instance; inside, a bar a resource."""
    at = np.arange(len(members))
    rows = max(-(-len(members) // scene.per_row), 1)
    x, y = (at % scene.per_row).astype(float), (rows - 1 - at // scene.per_row).astype(float)
    size, high = 1 - BOX_GAP, 1 - BOX_GAP
    frame = _rectangles(x, y, size, np.full(len(x), high))
    axes.add_collection(PolyCollection(list(frame), facecolors=EMPTY, edgecolors="none"))
    inner = 0.05
    bars = max(len(scene.resources), 1)
    width = (size - inner * (bars + 1)) / bars
    for r in range(len(scene.resources)):
        left, base = x + inner + r * (width + inner), y.copy()
        _bar(axes, left, base, width, scene.used[members, r] * high, RUNNING)
        if after:
            base += scene.used[members, r] * high
            heights = np.where(scene.present[:, members], np.maximum(scene.layers[:, members, r], LEAST), 0) * high
            # What is drawn thicker than it is may not leave the box.
            base -= np.maximum(base + heights.sum(axis=0) - y - high, 0)
            for layer, height in enumerate(heights):
                _bar(axes, left, base, width, height, scene.colour(layer))
                base += height
    closed = scene.closed[members]
    axes.add_collection(PolyCollection(list(frame[~closed]), facecolors="none", edgecolors=EDGE, linewidths=0.8))
    hatched = PolyCollection(list(frame[closed]), facecolors="none", edgecolors=EDGE, linewidths=0.8, hatch="/////")
    axes.add_collection(hatched)
    axes.set_xlim(-0.02, scene.per_row - BOX_GAP + 0.02)
    axes.set_ylim(-0.03, rows - BOX_GAP + 0.03)


def _bar(axes: Axes, x: Numbers, y: Numbers, width: float, height: Numbers, colour: str) -> None:
    some = height > 0
    if some.any():
        shapes = list(_rectangles(x[some], y[some], width, height[some]))
        axes.add_collection(PolyCollection(shapes, facecolors=colour, edgecolors="white", linewidths=0.35))


def _profile(axes: Axes, scene: _Scene, members: Ints, after: bool) -> None:
    """One column an instance, or the mean of neighbours; the fuller resource of each instance."""
    whole = scene.used[members] + scene.layers[:, members].sum(axis=0)
    fuller = whole.argmax(axis=1) if whole.shape[1] else np.zeros(len(members), np.int64)
    rows = np.arange(len(members))
    used = scene.used[members][rows, fuller] if whole.shape[1] else np.zeros(len(members))
    closed = scene.closed[members]
    series = [(used * ~closed, RUNNING), (used * closed, CLOSED)]
    for layer in range(len(scene.layers) if after and whole.shape[1] else 0):
        series.append((scene.layers[layer, members][rows, fuller], scene.colour(layer)))
    largest = max(len(zone) for zone in scene.members)
    each = max(-(-largest // MOST_COLUMNS), 1)
    edges = np.append(np.arange(0, len(members), each), len(members))
    base = np.zeros(max(len(edges) - 1, 0))
    axes.fill_between([0, len(members)], 0, 1, facecolor=EMPTY, edgecolor=EDGE, linewidth=0.6)
    for values, colour in series:
        if values.any():
            height = np.add.reduceat(values, edges[:-1]) / np.diff(edges)
            _step(axes, edges, base, base + height, colour)
            base = base + height
    axes.set_xlim(-0.002 * largest, largest * 1.002)
    axes.set_ylim(-0.01, 1.01)


def _step(axes: Axes, edges: Ints, low: Numbers, high: Numbers, colour: str) -> None:
    """The area between two step functions."""
    ends = (np.append(low, low[-1:]), np.append(high, high[-1:]))
    axes.fill_between(edges.astype(float), *ends, step="post", facecolor=colour, edgecolor="none", linewidth=0)
