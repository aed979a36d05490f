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
for (const sides of document.querySelectorAll(".sides")) {
  const told = sides.nextElementSibling;
  for (const group of sides.querySelectorAll(".boxes")) {
    const boxes = [...group.querySelectorAll(".box")];
    // One stop of the Tab key for each zone; the arrow keys go on from there.
    boxes.forEach((box, k) => box.setAttribute("tabindex", k ? "-1" : "0"));
    const tell = (event) => {
      const box = event.target.closest(".box");
      if (box && told) told.textContent = box.querySelector("title").textContent;
    };
    for (const kind of ["pointerover", "focusin", "click"]) group.addEventListener(kind, tell);
    group.addEventListener("keydown", (event) => {
      const at = boxes.indexOf(event.target.closest(".box"));
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const next = { Home: 0, End: boxes.length - 1 }[event.key] ?? (step && at + step);
      if (at < 0 || next === undefined || !boxes[next]) return;
      event.preventDefault();
      boxes[at].setAttribute("tabindex", "-1");
      boxes[next].setAttribute("tabindex", "0");
      boxes[next].focus();
    });
  }
}
// A link to a plan opens what is folded there.
const unfold = () => {
  const target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
  target?.querySelector("details")?.setAttribute("open", "");
};
addEventListener("hashchange", unfold);
unfold();
