"""The style of the report's pages, and the script that sorts their tables."""

#: Colours come in two sets, for light and dark; all text on them has a contrast of 4.5:1 or more.
STYLE = """
:root { color-scheme: light dark; --ink: #1c1f24; --soft: #5a626d; --paper: #ffffff; --box: #f4f5f7; --line: #d7dbe0; --accent: #00609a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6ea; --soft: #a3abb6; --paper: #14161a; --box: #1e2127; --line: #363b44; --accent: #6cb8ee; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 2.5rem) 3rem; max-width: 76rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2.5rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--line); }
p { max-width: 46rem; margin: .75rem 0; }
.lead { color: var(--soft); font-size: 1.0625rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .75rem; margin: 1.25rem 0; }
.facts div { background: var(--box); border-radius: .5rem; padding: .625rem .875rem; }
.facts dt { color: var(--soft); font-size: .8125rem; line-height: 1.35; }
.facts dd { margin: .125rem 0 0; font-size: 1.1875rem; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.side { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 2rem; align-items: start; }
.side > * { min-width: 0; }
figure { margin: 1rem 0; overflow-x: auto; }
figure svg { display: block; width: 100%; height: auto; max-width: 46rem; }
figure svg.large { min-width: 34rem; }
figure svg * { stroke-linejoin: round; stroke-linecap: butt; }
figcaption { color: var(--soft); font-size: .875rem; line-height: 1.45; max-width: 46rem; margin-top: .375rem; }
.wide { overflow-x: auto; margin: 1rem 0; border: 1px solid var(--line); border-radius: .5rem; }
table { border-collapse: collapse; font-size: .875rem; line-height: 1.4; min-width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: .625rem .75rem; }
caption span { display: inline-block; position: sticky; left: .75rem; max-width: min(46rem, calc(100vw - 4rem)); }
th, td { padding: .375rem .75rem; text-align: left; white-space: nowrap; }
tbody td, tbody th { box-shadow: inset 0 1px var(--line); }
thead th { font-weight: 600; color: var(--soft); vertical-align: bottom; white-space: normal; min-width: 4.5rem; }
tbody th { font-weight: 500; position: sticky; left: 0; background: var(--paper);
  white-space: normal; overflow-wrap: anywhere; min-width: min(13rem, 30vw); max-width: min(24rem, 42vw); }
.number { text-align: right; }
td svg { display: block; color: var(--accent); }
.sortable thead th { cursor: pointer; }
.sortable thead th:hover, .sortable thead th:focus-visible { color: var(--accent); }
[aria-sort=ascending]::after { content: " \\2191"; }
[aria-sort=descending]::after { content: " \\2193"; }
footer { margin-top: 3rem; color: var(--soft); font-size: .8125rem; }
@media (max-width: 40rem) { body { font-size: 15px; } th, td { padding: .3125rem .5rem; } }
@media print { .wide { overflow: visible; } section { break-inside: auto; } figure, tr { break-inside: avoid; } }
"""

#: Sorts a table by the column whose heading is clicked, or chosen by the keyboard; numbers by data-value, and first downwards.
SCRIPT = """
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], headings = [...table.tHead.rows[0].cells];
  const value = cell => "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent;
  const compare = (a, b) => typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? 1 : -1;
  const sort = (heading, column) => {
    const first = heading.classList.contains("number") ? "descending" : "ascending";
    const second = first === "ascending" ? "descending" : "ascending";
    const order = heading.getAttribute("aria-sort") === first ? second : first;
    headings.forEach(other => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    body.append(...[...body.rows].sort((a, b) => sign * compare(value(a.cells[column]), value(b.cells[column]))));
  };
  headings.forEach((heading, column) => {
    heading.tabIndex = 0;
    heading.addEventListener("click", () => sort(heading, column));
    heading.addEventListener("keydown", event => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(heading, column); }
    });
  });
}
"""
