"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);

  // --- formulas ---------------------------------------------------------------------------
  const signs = JSON.parse(byId("signs").textContent);
  const literally = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const cores = [...new Set(signs.map((sign) => sign.core))].sort((a, b) => b.length - a.length);
  const letter = (core) => literally(core) + (/[A-Za-z]$/.test(core) && core.length > 1 ? "(?![A-Za-z])" : "");
  const token = new RegExp(
    `(${cores.map(letter).join("|")})(_\\{(?:[^{}]|\\{[^{}]*\\})*\\}|_[^{])?` +
      "|\\\\(?:text|math[a-z]+|operatorname|boldsymbol|begin|end)\\{(?:[^{}]|\\{[^{}]*\\})*\\}" +
      "|\\\\(?:[A-Za-z]+|.)",
    "g");
  const upTo = (text) => text.slice(1).replace(/^\{|\}$/g, "");
  // The symbol of which that letter and that subscript are: of several the one that says most.
  const owner = (core, below) => {
    const fits = signs.filter((sign) => {
      const own = sign.subscripts.join(",");
      return sign.core === core && (own === "" || below === own || below.startsWith(`${own},`));
    });
    return fits.sort((a, b) => b.subscripts.length - a.subscripts.length)[0];
  };
  const marked = (tex) => tex.replace(token, (all, core, below) => {
    const sign = core && owner(core, upTo(below || ""));
    return sign ? `{\\htmlData{sign=${signs.indexOf(sign)}}{${core}}}${below || ""}` : all;
  });
  const settings = {
    throwOnError: false, strict: false, output: "htmlAndMathml",
    trust: (context) => context.command === "\\htmlData",
  };
  const set = (place) => katex.render(marked(place.textContent), place, settings);

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
    all(":is(main, #more) > details").forEach((part, number) => {
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
  const follow = async () => {
    const [place, ...key] = decodeURIComponent(location.hash.slice(1)).split(";");
    if (key.length && key.join(";") !== chosen()) await choose(key);
    remember(place);
    const aim = byId(place);
    if (!aim) return;
    for (let part = aim.closest("details"); part; part = part.parentElement.closest("details")) {
      part.open = true;
    }
    light(aim.dataset.tag);
    aim.scrollIntoView({ block: aim.matches("details") ? "start" : "center" });
  };
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", () => { for (const part of foldable()) part.open = true; });
  byId("print").addEventListener("click", () => print());

  // --- what a symbol is, and the code of an equation ----------------------------------------
  const card = byId("card");
  const tell = (numbers, place) => {
    card.innerHTML = numbers.map((number) => `<p>${signs[number].says}</p>`).join("");
    all(".math", card).forEach((formula) => katex.render(formula.textContent, formula, settings));
    card.hidden = false;
    const { left, bottom, top } = place.getBoundingClientRect();
    const room = innerHeight - bottom > card.offsetHeight + 12;
    card.style.left = `${Math.max(8, Math.min(left, innerWidth - card.offsetWidth - 8))}px`;
    card.style.top = `${Math.max(8, room ? bottom + 8 : top - card.offsetHeight - 8)}px`;
  };
  const hush = () => { card.hidden = true; };
  const light = (tag, within) => {
    for (const place of all(".lit")) place.classList.remove("lit");
    if (!tag) return;
    // The graph's boxes lead to the steps of the form that was asked for.
    const own = chosen().split(";")[0] === first.split(";")[0];
    for (const place of all(`[data-tag="${tag}"]`)) {
      if (own || !place.closest(".graph")) place.classList.add("lit");
    }
    const pane = document.querySelector(".code pre");
    const line = pane && pane.querySelector(".lit");
    if (line && !pane.contains(within)) pane.scrollTop = line.offsetTop - pane.clientHeight / 3;
  };
  const look = (event) => {
    const at = event.target;
    const sign = at.closest("[data-sign]");
    const about = at.closest("[data-tag]");
    if (sign) tell([sign.dataset.sign], sign);
    else if (event.type === "focusin" && at.matches(".tag")) {
      const seen = all("[data-sign]", about).map((place) => place.dataset.sign);
      tell([...new Set(seen)], at);
    } else if (!at.closest("#card")) hush();
    light(about && about.dataset.tag, at);
  };
  for (const kind of ["pointerover", "focusin", "click"]) document.addEventListener(kind, look);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hush(); });
  addEventListener("scroll", hush, { passive: true });

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

  // --- other notations, layouts, forms -----------------------------------------------------
  const switches = all("#switches select");
  const chosen = () => switches.map((list) => list.value).join(";");
  const first = chosen();
  const remember = (place) => {
    const kept = chosen() === first ? place : `${place};${chosen()}`;
    if (`#${kept}` !== location.hash && (kept || location.hash)) history.replaceState(null, "", `#${kept}`);
  };
  let unpacked = null;
  const unpack = async () => {
    const bytes = Uint8Array.from(atob(byId("variants").textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  };
  // What is told in one style alone goes back to it.
  const choose = async (key) => {
    unpacked ||= await unpack();
    const found = unpacked.variants[key.join(";")] ? key : [key[0], ...first.split(";").slice(1)];
    const numbers = unpacked.variants[found.join(";")];
    if (!numbers) return;
    switches.forEach((list, place) => {
      list.value = found[place];
      list.disabled = place > 0 && found[0] !== first.split(";")[0];
    });
    document.querySelector("main").innerHTML = numbers.map((n) => unpacked.pieces[n]).join("\n");
    show();
  };
  for (const list of switches) {
    list.addEventListener("change", async () => {
      await choose(switches.map((each) => each.value));
      remember(location.hash.slice(1).split(";")[0]);
    });
  }

  const show = () => {
    all("main .math, header .math").filter((place) => !place.querySelector(".katex")).forEach(set);
    contents();
    reachable();
    for (const part of foldable()) part.addEventListener("toggle", tellClosing);
  };
  show();
  addEventListener("resize", reachable);
  follow();
})();
