"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const words = JSON.parse(byId("words").textContent);

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

  // A symbol that is all of a table's cell tells what it is by keyboard, too.
  const told = () => {
    for (const place of all("td:first-child .math")) {
      if (place.querySelector("[data-sign]")) place.tabIndex = 0;
    }
  };

  // What is wider than the page scrolls, by keyboard too.
  const reachable = () => {
    for (const place of all(".member, .left, .table")) {
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
    byId("close").textContent = foldable().some((part) => part.open) ? words.close : words.open;
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
    const sign = at.closest("[data-sign]") || (event.type === "focusin" && at.matches("td .math") && at.querySelector("[data-sign]"));
    const about = at.closest("[data-tag]");
    if (sign) tell([sign.dataset.sign], sign);
    else if (event.type === "focusin" && at.matches(".tag")) {
      const seen = all("[data-sign]", about).map((place) => place.dataset.sign);
      tell([...new Set(seen)], at);
    } else if (!at.closest("#card")) hush();
    light(about && about.dataset.tag, at);
  };
  for (const kind of ["pointerover", "focusin", "click"]) document.addEventListener(kind, look);
  // By keyboard: from the number of an equation along its symbols, and back by Escape.
  const along = (at, by) => {
    const whole = at.closest(".equality");
    const seen = whole ? all("[data-sign]", whole) : [];
    if (!seen.length) return false;
    const next = seen[at.matches(".tag") && by < 0 ? seen.length - 1 : seen.indexOf(at) + by];
    for (const place of seen) place.tabIndex = -1;
    (next || whole.querySelector(".tag") || seen[0]).focus();
    return true;
  };
  document.addEventListener("keydown", (event) => {
    const at = document.activeElement;
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by && at.matches(".tag, [data-sign]") && along(at, by)) event.preventDefault();
    if (event.key !== "Escape") return;
    const number = at.matches("[data-sign]") && at.closest(".equality")?.querySelector(".tag");
    if (number) number.focus();
    hush();
  });
  addEventListener("scroll", hush, { passive: true });

  // --- light and dark ---------------------------------------------------------------------
  const theme = (name) => {
    root.dataset.theme = name;
    byId("theme").textContent = name === "dark" ? words.light : words.dark;
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
  // Of the versions with the wish that was made last the one that is most like what is shown.
  const nearest = (wish, moved) => {
    const versions = Object.keys(unpacked.variants).map((key) => key.split(";"));
    const like = (version) => version.reduce(
      (sum, value, place) => sum + (value === wish[place]) * (place === moved ? 99 : place ? 1 : 9), 0);
    return versions.reduce((best, version) => (like(version) > like(best) ? version : best));
  };
  // What no version of this form has can't be chosen.
  const offer = (form) => {
    const versions = Object.keys(unpacked.variants).map((key) => key.split(";"));
    switches.slice(1).forEach((list, before) => {
      const has = new Set(versions.filter((each) => each[0] === form).map((each) => each[before + 1]));
      for (const option of list.options) option.disabled = !has.has(option.value);
      list.disabled = has.size < 2;
    });
  };
  const choose = async (key, moved) => {
    if (!switches.length) return;
    unpacked ||= await unpack();
    const found = nearest(key, moved);
    switches.forEach((list, place) => { list.value = found[place]; });
    offer(found[0]);
    const numbers = unpacked.variants[found.join(";")];
    document.querySelector("main").innerHTML = numbers.map((n) => unpacked.pieces[n]).join("\n");
    show();
  };
  switches.forEach((list, moved) => {
    list.addEventListener("change", async () => {
      await choose(switches.map((each) => each.value), moved);
      remember(location.hash.slice(1).split(";")[0]);
    });
  });

  const show = () => {
    all("main .math, header .math").filter((place) => !place.querySelector(".katex")).forEach(set);
    contents();
    told();
    reachable();
    for (const part of foldable()) part.addEventListener("toggle", tellClosing);
  };
  show();
  addEventListener("resize", reachable);
  follow();
})();
