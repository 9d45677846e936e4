"use strict";
// Sorts a table by a click on a head, and filters rows by words. Reads and moves what the page already holds.
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  if (body.rows.length < 2) continue;
  heads.forEach((head, n) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const numeric = "numeric" in head.dataset;
      const first = numeric ? "descending" : "ascending";
      const way = head.getAttribute("aria-sort") === first ? (numeric ? "ascending" : "descending") : first;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", way);
      const sign = way === "ascending" ? 1 : -1;
      const key = (row) => numeric ? parseFloat(row.cells[n].dataset.number) : row.cells[n].textContent;
      const order = (a, b) => {
        const x = key(a), y = key(b);
        if (!numeric) return sign * x.localeCompare(y);
        if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);  // unknown comes last
        return sign * (x - y);
      };
      body.append(...[...body.rows].sort(order));
    });
  });
}
const filter = document.getElementById("filter");
if (filter) {
  filter.closest("p").hidden = false;
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/);
    const known = new Map();
    for (const row of document.querySelectorAll(".models tbody tr")) {
      const name = row.cells[0].textContent;
      const text = row.textContent.toLowerCase();
      const fits = words.every((word) => text.includes(word));
      if (!known.has(name)) known.set(name, fits);  // the leaderboard decides for the tables below it
      row.hidden = !known.get(name);
    }
  });
}
