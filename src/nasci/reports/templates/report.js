// What the report can do beyond showing: sort, slide, copy, switch between light and dark.
"use strict";

// Tables: a click on a column's name sorts by it, the next one turns the order.
function valueOf(row, column) {
  const cell = row.cells[column];
  if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
  const text = cell.textContent.trim();
  const number = Number(text);
  return text !== "" && !Number.isNaN(number) ? number : text.toLowerCase();
}

function compare(a, b) {
  const numbers = [a, b].map((value) => typeof value === "number");
  if (numbers[0] && numbers[1]) {
    // what is not a number stands last in both orders
    if (Number.isNaN(a) || Number.isNaN(b)) return null;
    return a - b;
  }
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

function sortBy(table, column, ascending) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [valueOf(row, column), row]);
  rows.sort(([a], [b]) => {
    const order = compare(a, b);
    if (order === null) return Number.isNaN(a) - Number.isNaN(b);
    return ascending ? order : -order;
  });
  body.append(...rows.map(([, row]) => row));
}

for (const table of document.querySelectorAll("main table:not(.heat)")) {
  if (!table.tHead || !table.tBodies.length) continue;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const ascending = head.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      sortBy(table, column, ascending);
    });
  });
}

// Architecture weights: the slider shows another evaluation, Play shows all in turn.
function shown(value) {
  if (value < 0) return "?";
  return value >= 995 ? (value / 1000).toFixed(1) : (value / 1000).toFixed(2).slice(1);
}

function setUp(block) {
  const data = JSON.parse(block.querySelector("script").textContent);
  const slider = block.querySelector("input");
  const output = block.querySelector("output");
  const play = block.querySelector(".play");
  const cells = {};
  for (const table of block.querySelectorAll("table.heat")) {
    const kind = table.dataset.cell;
    cells[kind] = [...(cells[kind] ?? []), ...table.querySelectorAll("td")];
  }

  function show(number) {
    for (const [kind, tds] of Object.entries(cells)) {
      data.cells[kind][number - 1].forEach((value, place) => {
        const depth = Math.min(1, Math.max(0, value) / 1000) ** 0.7;
        tds[place].textContent = shown(value);
        tds[place].style.setProperty("--a", depth.toFixed(2));
        tds[place].classList.toggle("strong", depth > 0.6);
      });
    }
    const clock = data.clocks[number - 1];
    const at = clock < 0 ? "" : `, at ${clock} % of the clock`;
    output.textContent = `${number} of ${data.clocks.length}${at}`;
  }

  let timer = null;
  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  }
  slider.addEventListener("input", () => {
    stop();
    show(Number(slider.value));
  });
  function go(number) {
    slider.value = number;
    show(number);
    if (slider.value === slider.max) stop();
  }
  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    play.textContent = "Stop";
    const pause = Math.max(60, 4000 / data.clocks.length);
    timer = setInterval(() => go(Number(slider.value) + 1), pause);
    if (slider.value === slider.max) go(1);
  });
  show(Number(slider.value));
  block.querySelector(".slider").hidden = data.clocks.length < 2;
}

document.querySelectorAll(".alphas").forEach(setUp);

// Copy: through the selection where a page from a file may not write the clipboard.
async function copy(button) {
  const code = button.closest(".code").querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    getSelection().selectAllChildren(code);
    document.execCommand("copy");
    getSelection().removeAllRanges();
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

for (const button of document.querySelectorAll(".copy")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}

// Light or dark: as the system has it, until the reader says otherwise.
const theme = document.querySelector(".theme");
theme.hidden = false;
theme.addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
