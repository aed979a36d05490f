"""An answer as a picture: the cluster before and after, instances by zone, what starts, stops and moves in colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from solver.domain.answer import Answer
from solver.domain.counts import Bools, Counts, Ints
from solver.report.changes import Changes, emptied
from solver.report.files import check_picture, write_whole
from solver.report.headline import headline, plural, printable, zone_of, zones
from solver.report.rendering import FAINT, rendered

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
MOVED = "#27272a"
STOPPED = "#b3261e"
CLOSED = "#dde1e7"
EMPTY = "#f5f6f8"
EDGE = "#c3c9d2"

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
    return rendered(lambda: _figure(_Scene(answer)), kind)


@dataclass(frozen=True, eq=False)
class _Layer:
    """Tasks of one colour: ``height`` ``float[I, R]``, as parts of the capacity; ``present`` ``bool[I]``, however little."""

    height: Numbers
    present: Bools
    colour: str


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
    def changes(self) -> Changes:
        """What the plan does."""
        return Changes.of(self.answer)

    @cached_property
    def used(self) -> Numbers:
        """``float[I, R]``: used before, and by what neither stops nor moves away."""
        cluster = self.answer.problem.cluster
        used = (cluster.capacity - cluster.free)[:, self.resources]
        whole = np.clip(used / np.maximum(cluster.capacity[:, self.resources], 1), 0, 1)
        going = sum((layer.height for layer in self.before), np.zeros_like(whole))
        rest: Numbers = np.maximum(whole - going, 0)
        return rest

    @cached_property
    def coloured(self) -> list[int]:
        """The groups that get a colour of their own: the first in the order of the request that start tasks."""
        starting = np.flatnonzero(self.answer.problem.wanted).tolist()
        return starting if len(starting) <= len(COLOURS) + 1 else starting[: len(COLOURS)]

    def colour(self, layer: int) -> str:
        """The colour of a group of ``coloured``, or after them of all others."""
        return COLOURS[layer] if layer < len(COLOURS) else OTHER

    @cached_property
    def before(self) -> list[_Layer]:
        """What stands in the picture before, on top of what stays: tasks that stop, tasks that move away."""
        changes = self.changes
        parts = ((changes.stopped, STOPPED), (changes.moved_away, MOVED))
        return [self._layer(tasks, colour) for tasks, colour in parts if len(tasks)]

    @cached_property
    def after(self) -> list[_Layer]:
        """What stands in the picture after, on top of what stays: new tasks by group, then those that moved in."""
        new, layers = self.changes.new, {g: layer for layer, g in enumerate(self.coloured)}
        of_cell = np.array([layers.get(g, len(layers)) for g in new.group.tolist()], np.int64)
        shape = (new.groups, new.instances)
        found = []
        for layer in range(len(layers) + 1):
            mine = of_cell == layer
            cells = Counts.of(shape, new.group[mine], new.instance[mine], new.count[mine])
            found.append(self._layer(cells, self.colour(layer)))
        moved = self.changes.moved_in
        return [*found, self._layer(moved, MOVED)] if len(moved) else found

    def layers(self, *, after: bool) -> list[_Layer]:
        """What stands on top of what stays."""
        return self.after if after else self.before

    def _layer(self, tasks: Counts, colour: str) -> _Layer:
        capacity = np.maximum(self.answer.problem.cluster.capacity[:, self.resources], 1)
        load = tasks.load(self.answer.problem.demand)[:, self.resources]
        return _Layer(load / capacity, tasks.per_instance() > 0, colour)

    def whole(self, *, after: bool) -> Numbers:
        """``float[I, R]``: what is used in one of the two pictures."""
        whole: Numbers = sum((layer.height for layer in self.layers(after=after)), self.used)
        return whole

    @cached_property
    def zones(self) -> tuple[str, ...]:
        """The zones; a single nameless one where there are none, or too many to tell apart."""
        found = zones(self.answer)
        return found if len(found) <= MOST_ZONES and found != ("no zone",) else ("",)

    @cached_property
    def members(self) -> list[Ints]:
        """The instances of each zone, those that take tasks first, then the fullest first."""
        zone = zone_of(self.answer) if len(self.zones) > 1 else np.zeros(len(self.used), np.int64)
        fullest = -self.whole(after=False).max(axis=1, initial=0)
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
    for side, name in enumerate(("before", f"after, {_after(scene)}")):
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


def _after(scene: _Scene) -> str:
    """What the second picture has that the first has not."""
    new, moved = (int(tasks.totals().sum()) for tasks in (scene.changes.new, scene.changes.moved_in))
    empty = emptied(scene.answer)
    said = [f"{new:,} new {plural('task', new)}"] if new or not moved else []
    said += [f"{moved:,} moved"] if moved else []
    said += [f"{empty:,} {plural('instance', empty)} emptied"] if empty else []
    return "with " + ", ".join(said)


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
    wanted, placed = scene.answer.problem.wanted, scene.changes.new.totals()
    shown = [
        Patch(color=scene.colour(layer), label=f"{placed[g]:,} of {wanted[g]:,}  {_short(group.name)}")
        for layer, g in enumerate(scene.coloured)
        for group in [scene.answer.problem.groups[g]]
    ]
    rest = np.setdiff1d(np.flatnonzero(wanted), scene.coloured)
    if len(rest):
        label = f"{placed[rest].sum():,} of {wanted[rest].sum():,}  {len(rest):,} more groups"
        shown.append(Patch(color=OTHER, label=label))
    stopped, moved = (int(tasks.totals().sum()) for tasks in (scene.changes.stopped, scene.changes.moved_in))
    shown += [Patch(color=MOVED, label=f"{moved:,}  moved")] if moved else []
    shown += [Patch(color=STOPPED, label=f"{stopped:,}  stopped")] if stopped else []
    shown.append(Patch(color=RUNNING, label="used before" if not (moved or stopped) else "stays"))
    if scene.closed.any():
        hatch = "/////" if scene.boxes else None
        face = EMPTY if scene.boxes else CLOSED
        shown.append(Patch(facecolor=face, edgecolor=EDGE, hatch=hatch, label="takes no new tasks"))
    return shown


def _zone(axes: Axes, scene: _Scene, z: int, *, after: bool) -> None:
    members = scene.members[z]
    axes.set_axis_off()
    use = scene.whole(after=after)[members]
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
        base += scene.used[members, r] * high
        layers = scene.layers(after=after)
        heights = _drawn(layers, members, r, most=1 - scene.used[members, r])
        # Bars that do not fit even as thin as may be stand before the grey one.
        base -= np.maximum(base + heights.sum(axis=0) * high - y - high, 0)
        for layer, height in zip(layers, heights * high, strict=True):
            _bar(axes, left, base, width, height, layer.colour)
            base += height
    closed = scene.closed[members]
    axes.add_collection(PolyCollection(list(frame[~closed]), facecolors="none", edgecolors=EDGE, linewidths=0.8))
    hatched = PolyCollection(list(frame[closed]), facecolors="none", edgecolors=EDGE, linewidths=0.8, hatch="/////")
    axes.add_collection(hatched)
    axes.set_xlim(-0.02, scene.per_row - BOX_GAP + 0.02)
    axes.set_ylim(-0.03, rows - BOX_GAP + 0.03)


def _drawn(layers: Sequence[_Layer], members: Ints, r: int, most: Numbers) -> Numbers:
    """How high the layers are drawn, ``float[L, I]``, as parts of a box of which ``most`` is free for them.

    Each one that is present is seen: at least ``LEAST`` high, for which the higher ones give way, each by the same part of
    what it has above that. Where all are at that height and still too many, they are thinner.
    """
    if not layers:
        return np.zeros((0, len(members)))
    present = np.array([layer.present[members] for layer in layers])
    wanted = np.where(present, np.maximum([layer.height[members, r] for layer in layers], LEAST), 0)
    least = np.where(present, LEAST, 0)
    spare = (wanted - least).sum(axis=0)
    over = np.maximum(wanted.sum(axis=0) - most, 0)
    heights = least + (wanted - least) * (1 - np.minimum(over / np.where(spare > 0, spare, 1), 1))
    shown: Numbers = heights / np.maximum(heights.sum(axis=0), 1)
    return shown


def _bar(axes: Axes, x: Numbers, y: Numbers, width: float, height: Numbers, colour: str) -> None:
    some = height > 0
    if some.any():
        shapes = list(_rectangles(x[some], y[some], width, height[some]))
        axes.add_collection(PolyCollection(shapes, facecolors=colour, edgecolors="white", linewidths=0.35))


def _profile(axes: Axes, scene: _Scene, members: Ints, after: bool) -> None:
    """One column an instance, or the mean of neighbours; the fuller resource of each instance."""
    whole = scene.whole(after=True)[members]
    fuller = whole.argmax(axis=1) if whole.shape[1] else np.zeros(len(members), np.int64)
    rows = np.arange(len(members))
    used = scene.used[members][rows, fuller] if whole.shape[1] else np.zeros(len(members))
    closed = scene.closed[members]
    series = [(used * ~closed, RUNNING), (used * closed, CLOSED)]
    for layer in scene.layers(after=after) if whole.shape[1] else ():
        series.append((layer.height[members][rows, fuller], layer.colour))
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
