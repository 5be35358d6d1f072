"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const settings = { throwOnError: false, strict: false, output: "htmlAndMathml" };
  for (const place of all(".math")) katex.render(place.textContent, place, settings);
  const reachable = () => {
    for (const place of all(".equations")) {
      if (place.scrollWidth > place.clientWidth + 1) place.tabIndex = 0;
      else place.removeAttribute("tabindex");
    }
  };
  addEventListener("resize", reachable);

  // --- what is searched for ---------------------------------------------------------------
  const MOST = 40;
  const plain = (text) => text.toLowerCase().replace(/\s+/g, " ");
  const entries = SEARCH.map((entry) => ({ ...entry, text: plain(`${entry.says} ${entry.words}`) }));
  const pressed = () => all("[data-feature][aria-pressed=true]").map((b) => b.dataset.feature);
  const item = (entry) => {
    const line = document.createElement("li");
    const link = line.appendChild(document.createElement("a"));
    link.href = entry.at;
    link.textContent = entry.says;
    const about = line.appendChild(document.createElement("small"));
    about.textContent = ` ${entry.words}`;
    return line;
  };
  const look = () => {
    const words = plain(byId("query").value).split(" ").filter(Boolean);
    const hits = words.length ? entries.filter((e) => words.every((w) => e.text.includes(w))) : [];
    byId("found").replaceChildren(...hits.slice(0, MOST).map(item));
    const pages = new Set(hits.map((hit) => hit.at.split("#")[0]));
    const wanted = pressed();
    let shown = 0;
    for (const card of all(".card")) {
      const own = card.dataset.features.split("; ");
      const fits = wanted.every((feature) => own.includes(feature));
      card.hidden = !fits || (words.length > 0 && !pages.has(card.querySelector("a").getAttribute("href")));
      shown += card.hidden ? 0 : 1;
    }
    for (const family of all(".family")) family.hidden = !family.querySelector(".card:not([hidden])");
    const more = hits.length > MOST ? `, the first ${MOST} of them below` : "";
    const places = words.length ? `${hits.length} ${hits.length === 1 ? "place" : "places"} in ` : "";
    byId("told").textContent = words.length || wanted.length
      ? `${places}${shown} ${shown === 1 ? "model" : "models"}${more}` : "";
    reachable();
  };
  byId("query").addEventListener("input", look);
  byId("query").form.addEventListener("submit", (event) => event.preventDefault());
  for (const button of all("[data-feature]")) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      look();
    });
  }

  // --- light and dark ---------------------------------------------------------------------
  const theme = (name) => {
    document.documentElement.dataset.theme = name;
    byId("theme").textContent = name === "dark" ? "Light" : "Dark";
  };
  const wishes = matchMedia("(prefers-color-scheme: dark)");
  theme(wishes.matches ? "dark" : "light");
  wishes.addEventListener("change", () => theme(wishes.matches ? "dark" : "light"));
  byId("theme").addEventListener("click", () => {
    theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  });
  look();
})();
