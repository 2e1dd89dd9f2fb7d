"use strict";
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const one = (id) => document.getElementById(id);
  const cards = all(".change");
  if (cards.length === 0) return;
  const bar = document.querySelector(".filters");
  const search = one("search");
  const selects = all("select[data-facet]");
  const boxes = all("a.box");
  const edges = all(".edge");
  const about = new Map(cards.map((card) => [card, {
    nodes: card.dataset.nodes.split(" "),
    text: (card.dataset.nodes.split(" ").map((node) => node + "/" + card.dataset.local).join(" ")
      + " " + card.textContent).toLowerCase(),
  }]));
  const total = cards.reduce((sum, card) => sum + about.get(card).nodes.length, 0);

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = Object.fromEntries(selects.map((select) => [select.dataset.facet, select.value]));
    let shown = 0;
    for (const card of cards) {
      const { nodes, text } = about.get(card);
      const fits = (!wanted.node || nodes.includes(wanted.node))
        && ["kind", "action", "impact", "cause"].every((facet) => !wanted[facet] || card.dataset[facet] === wanted[facet])
        && words.every((word) => text.includes(word));
      card.hidden = !fits;
      if (fits) shown += wanted.node ? nodes.filter((node) => node === wanted.node).length : nodes.length;
    }
    one("shown").textContent = shown + " of " + total + (total === 1 ? " change" : " changes");
    one("none").hidden = shown > 0;
    for (const box of boxes) box.classList.toggle("dim", one(box.dataset.card).hidden);
  }

  function reset() {
    search.value = "";
    for (const select of selects) select.value = "";
    filter();
  }

  function label() {
    const open = cards.some((card) => card.open);
    one("toggle").textContent = open ? "Fold all" : "Unfold all";
    one("toggle").dataset.open = String(open);
  }

  function show(id) {
    const card = id && one(id);
    if (!card || !about.has(card)) return;
    if (card.hidden) reset();
    card.open = true;
    card.scrollIntoView({ block: "start" });
    card.querySelector("summary").focus({ preventScroll: true });
  }

  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { search.value = ""; filter(); }
  });
  for (const select of selects) select.addEventListener("change", filter);
  one("reset").addEventListener("click", () => { reset(); search.focus(); });
  one("toggle").addEventListener("click", () => {
    const open = one("toggle").dataset.open !== "true";
    for (const card of cards) card.open = open;
    label();
  });
  for (const card of cards) card.addEventListener("toggle", label);
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof Element && event.target.matches("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest('a[href^="#c"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    // The browser would put the focus on nothing after it has scrolled.
    event.preventDefault();
    history.pushState(null, "", link.getAttribute("href"));
    show(link.getAttribute("href").slice(1));
  });
  window.addEventListener("popstate", () => show(location.hash.slice(1)));
  const light = (box, on) => {
    for (const edge of edges) {
      if (edge.dataset.from === box.dataset.box || edge.dataset.to === box.dataset.box) edge.classList.toggle("lit", on);
    }
  };
  for (const box of all(".box")) {
    for (const name of ["mouseenter", "focus"]) box.addEventListener(name, () => light(box, true));
    for (const name of ["mouseleave", "blur"]) box.addEventListener(name, () => light(box, false));
  }
  bar.hidden = false;
  // A browser may have kept what was chosen before the page was loaded again.
  filter();
  show(location.hash.slice(1));
})();
