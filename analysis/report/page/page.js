"use strict";
(() => {
  const root = document.documentElement;
  const all = (query, from = document) => [...from.querySelectorAll(query)];

  // Conditions that are hidden are hidden everywhere.
  for (const box of all("[data-hides]")) {
    box.addEventListener("change", () => {
      for (const part of all(`[data-subject="${box.dataset.hides}"]`)) part.classList.toggle("off", !box.checked);
    });
  }

  // Tables: sorted by the column whose heading is chosen; rows without a value stay last.
  const value = (row, column) => {
    const cell = row.cells[column];
    const said = cell.dataset.v ?? cell.textContent.trim();
    const number = said === "" ? NaN : Number(said.replace(/,/g, "").replace(/^∞$|^inf$/, "Infinity").replace(/%$/, ""));
    return { said, number, absent: said === "·" || said === "" };
  };
  for (const heading of all("th [data-sort]")) {
    heading.addEventListener("click", () => {
      const table = heading.closest("table");
      const own = heading.closest("th");
      const column = Number(heading.dataset.sort);
      const down = own.getAttribute("aria-sort") === "ascending";
      for (const other of all("th[aria-sort]", table)) other.removeAttribute("aria-sort");
      own.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows].map((row) => [value(row, column), row]);
      rows.sort(([a], [b]) => {
        if (a.absent !== b.absent) return a.absent ? 1 : -1;
        const numbers = !Number.isNaN(a.number) && !Number.isNaN(b.number);
        const order = numbers ? a.number - b.number || 0 : a.said.localeCompare(b.said, root.lang, { numeric: true });
        return down ? -order : order;
      });
      table.tBodies[0].append(...rows.map(([, row]) => row));
    });
  }

  // Questions: searched, filtered and put in order.
  for (const form of all(".controls")) {
    const cards = form.nextElementSibling;
    const each = all(".card", cards);
    const texts = each.map((card) =>
      all("h3, .facts, .card > figure .label", card).map((part) => part.textContent.toLowerCase()).join("\n"));
    const [find, filter, order] = ["find", "filter", "order"].map((name) => form.querySelector(`[data-${name}]`));
    const told = form.querySelector("output");
    const show = () => {
      const words = find.value.toLowerCase().trim();
      let shown = 0;
      each.forEach((card, n) => {
        const marked = filter.value === "all" || card.dataset.marks.split(" ").includes(filter.value);
        card.hidden = !(marked && texts[n].includes(words));
        shown += card.hidden ? 0 : 1;
      });
      told.textContent = told.dataset.count.replace("{n}", shown).replace("{of}", each.length);
    };
    const arrange = () => {
      const by = (card) => card.dataset.sorts.split(" ").map(Number);
      const place = Number(order.value);
      cards.append(...[...each].sort((a, b) => (place ? by(b)[1] - by(a)[1] : 0) || by(a)[0] - by(b)[0]));
    };
    for (const event of ["input", "change"]) form.addEventListener(event, show);
    order.addEventListener("change", arrange);
    form.addEventListener("submit", (event) => event.preventDefault());
    show();
  }

  // Figures as files: a copy with its colours written out, since a file has no style sheet of the page.
  const KEPT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "font-size", "font-family"];
  const standalone = (svg) => {
    const copy = svg.cloneNode(true);
    const from = [svg, ...all("*", svg)];
    [copy, ...all("*", copy)].forEach((part, n) => {
      const style = getComputedStyle(from[n]);
      if (style.display === "none") part.setAttribute("display", "none");
      for (const name of KEPT) part.setAttribute(name, style.getPropertyValue(name));
      part.removeAttribute("class");
    });
    const [, , width, height] = svg.getAttribute("viewBox").split(" ");
    copy.setAttribute("width", width);
    copy.setAttribute("height", height);
    const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    paper.setAttribute("width", "100%");
    paper.setAttribute("height", "100%");
    paper.setAttribute("fill", getComputedStyle(document.body).backgroundColor);
    copy.prepend(paper);
    return { text: new XMLSerializer().serializeToString(copy), width: Number(width), height: Number(height) };
  };
  const keep = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name.replace(/[^\p{L}\p{N}_.-]+/gu, "_").slice(0, 120);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const png = (drawn, name) => {
    const image = new Image();
    image.addEventListener("load", () => {
      const canvas = document.createElement("canvas");
      canvas.width = drawn.width * 3;
      canvas.height = drawn.height * 3;
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => keep(blob, `${name}.png`), "image/png");
    });
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawn.text)}`;
  };
  const field = (said) => {
    const safe = /^[=+\-@\t\r]/.test(said) && Number.isNaN(Number(said.replace(/[,%]/g, ""))) ? `'${said}` : said;
    return `"${safe.replace(/"/g, '""')}"`;
  };
  for (const button of all("[data-save]")) {
    button.addEventListener("click", () => {
      if (button.dataset.save === "csv") {
        const table = button.closest("table");
        const rows = [...table.rows].map((row) => [...row.cells].map((cell) => field(cell.textContent.trim())).join(","));
        const name = table.caption.textContent.replace(/\s*CSV$/, "").trim();
        keep(new Blob(["\ufeff" + rows.join("\r\n")], { type: "text/csv" }), `${name}.csv`);
        return;
      }
      const figure = button.closest("figure");
      const drawn = standalone(figure.querySelector("svg"));
      if (button.dataset.save === "png") png(drawn, figure.dataset.name);
      else keep(new Blob([drawn.text], { type: "image/svg+xml" }), `${figure.dataset.name}.svg`);
    });
  }

  // Light and dark, printing, and folds that open for print.
  const actions = {
    theme: () => {
      const now = root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
      root.dataset.theme = now === "dark" ? "light" : "dark";
    },
    print: () => print(),
  };
  for (const button of all("[data-do]")) button.addEventListener("click", actions[button.dataset.do]);
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open])").filter((fold) => !fold.closest(".card")); // a card's stay as the reader left them
    for (const fold of opened) fold.open = true;
  });
  addEventListener("afterprint", () => opened.forEach((fold) => { fold.open = false; }));
  if (matchMedia("(max-width: 60rem)").matches) all(".menu").forEach((menu) => { menu.open = false; });
})();
