"use strict";
// Sorts and filters the scenarios, and says what a box of a map holds. Without it the page shows all the same.
for (const table of document.querySelectorAll("#rows")) {
  const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
  const form = document.querySelector(".filter"), words = document.getElementById("words");
  const kinds = document.getElementById("kinds"), shown = document.getElementById("shown");
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.number === undefined ? cell.textContent.trim() : Number(cell.dataset.number);
  };
  // Numbers before texts, cells that say nothing last, whichever the direction.
  const compare = (a, b, sign) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return sign * (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true }));
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
      const place = new Map(rows.map((row, k) => [row, k]));
      const ordered = [...rows].sort((a, b) => compare(value(a, column), value(b, column), sign) || place.get(a) - place.get(b));
      body.append(...ordered);
    });
  });
  const filter = () => {
    const wanted = words.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows) {
      const fits = row.textContent.toLowerCase().includes(wanted) && (!kinds.value || row.dataset.kind === kinds.value);
      row.hidden = !fits;
      count += fits ? 1 : 0;
    }
    shown.textContent = `${count} of ${rows.length} rows`;
  };
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  words.addEventListener("input", filter);
  kinds.addEventListener("change", filter);
  filter();
}
for (const group of document.querySelectorAll(".boxes, .choices")) {
  const told = group.closest(".chart")?.querySelector(".told") ?? group.closest(".sides")?.nextElementSibling;
  const boxes = [...group.querySelectorAll(".box, .choice")];
  // One stop of the Tab key for each zone; the arrow keys go on from there.
  boxes.forEach((box, k) => box.setAttribute("tabindex", k ? "-1" : "0"));
  const tell = (event) => {
    const box = event.target.closest(".box, .choice");
    if (box && told) told.textContent = box.querySelector("title").textContent;
  };
  for (const kind of ["pointerover", "focusin", "click"]) group.addEventListener(kind, tell);
  group.addEventListener("keydown", (event) => {
    const at = boxes.indexOf(event.target.closest(".box, .choice"));
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const next = { Home: 0, End: boxes.length - 1 }[event.key] ?? (step && at + step);
    if (at < 0 || next === undefined || !boxes[next]) return;
    event.preventDefault();
    boxes[at].setAttribute("tabindex", "-1");
    boxes[next].setAttribute("tabindex", "0");
    boxes[next].focus();
  });
}
// A timeline says what there was in a minute: where somebody points, or where the arrow keys lead.
for (const plot of document.querySelectorAll(".timeline")) {
  const first = Number(plot.dataset.first), last = Number(plot.dataset.last), here = plot.querySelector(".here");
  const lines = [...plot.querySelectorAll(".series")].map((line) => [line.dataset.name, JSON.parse(line.dataset.steps)]);
  const told = plot.parentElement.querySelector(".at");
  const [left, right] = [40, 352];
  const clock = (minute) => `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, "0")}`;
  let at = first;
  const tell = (minute) => {
    at = Math.min(Math.max(Math.round(minute), first), last);
    const amounts = lines.map(([name, steps]) => `${name} ${steps.findLast((step) => step[0] <= at)?.[1] ?? "nothing"}`);
    told.textContent = `${clock(at)}: ${amounts.join(", ")}`;
    const x = left + ((at - first) / Math.max(last - first, 1)) * (right - left);
    for (const name of ["x1", "x2"]) here.setAttribute(name, x);
    here.setAttribute("visibility", "visible");
  };
  const point = (event) => {
    const box = plot.getBoundingClientRect(), x = ((event.clientX - box.left) / box.width) * 360;
    tell(first + ((x - left) / (right - left)) * (last - first));
  };
  for (const kind of ["pointermove", "click"]) plot.addEventListener(kind, point);
  plot.addEventListener("focus", () => tell(at));
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, PageUp: 60, PageDown: -60 }[event.key];
    const next = { Home: first, End: last }[event.key] ?? (step && at + step);
    if (next === undefined) return;
    event.preventDefault();
    tell(next);
  });
}
// A link to a plan opens what is folded there.
const unfold = () => {
  const target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
  target?.querySelector("details")?.setAttribute("open", "");
};
addEventListener("hashchange", unfold);
unfold();
