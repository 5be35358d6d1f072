"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);

  // --- formulas ---------------------------------------------------------------------------
  const settings = { throwOnError: false, strict: false, output: "htmlAndMathml" };
  const set = (place) => katex.render(place.textContent, place, settings);

  // What is wider than the page scrolls, by keyboard too.
  const reachable = () => {
    for (const place of all(".member, .left")) {
      if (place.scrollWidth > place.clientWidth + 1) place.tabIndex = 0;
      else place.removeAttribute("tabindex");
    }
  };

  // --- contents ---------------------------------------------------------------------------
  const contents = () => {
    const list = document.createElement("ul");
    all("main > details").forEach((part, number) => {
      part.id ||= `part-${number + 1}`;
      const link = document.createElement("a");
      link.href = `#${part.id}`;
      link.textContent = part.querySelector("h2").textContent;
      list.appendChild(document.createElement("li")).append(link);
    });
    byId("contents").replaceChildren(list);
  };

  // --- folding ----------------------------------------------------------------------------
  const foldable = () => all("details");
  const tellClosing = () => {
    byId("close").textContent = foldable().some((part) => part.open) ? "Close all" : "Open all";
  };
  byId("close").addEventListener("click", () => {
    const open = !foldable().some((part) => part.open);
    for (const part of foldable()) part.open = open;
    tellClosing();
  });
  byId("fold").addEventListener("click", (event) => {
    const folded = root.classList.toggle("folded");
    event.currentTarget.setAttribute("aria-pressed", String(folded));
    reachable();
  });
  // A link leads to what may stand in a part that is closed.
  const follow = () => {
    const aim = byId(decodeURIComponent(location.hash.slice(1)));
    if (!aim) return;
    for (let part = aim.closest("details"); part; part = part.parentElement.closest("details")) {
      part.open = true;
    }
    aim.scrollIntoView({ block: aim.matches("details") ? "start" : "center" });
  };
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", () => { for (const part of foldable()) part.open = true; });
  byId("print").addEventListener("click", () => print());

  // --- light and dark ---------------------------------------------------------------------
  const theme = (name) => {
    root.dataset.theme = name;
    byId("theme").textContent = name === "dark" ? "Light" : "Dark";
  };
  const wishes = matchMedia("(prefers-color-scheme: dark)");
  theme(wishes.matches ? "dark" : "light");
  wishes.addEventListener("change", () => theme(wishes.matches ? "dark" : "light"));
  byId("theme").addEventListener("click", () => {
    theme(root.dataset.theme === "dark" ? "light" : "dark");
  });

  all(".math").forEach(set);
  contents();
  reachable();
  addEventListener("resize", reachable);
  for (const part of foldable()) part.addEventListener("toggle", tellClosing);
  follow();
})();
