"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const examples = JSON.parse(byId("examples").textContent);
  const text = byId("model");
  const example = byId("example");
  const frame = byId("page");
  const choices = [...document.querySelectorAll("#choices select")];

  // --- the state in the address -------------------------------------------------------------
  const remember = () => {
    const state = new URLSearchParams();
    if (examples[example.value] === text.value) state.set("model", example.value);
    else state.set("text", text.value);
    for (const list of choices) if (list.selectedIndex) state.set(list.name, list.value);
    history.replaceState(null, "", `#${state}`);
  };
  const recall = () => {
    const state = new URLSearchParams(location.hash.slice(1));
    const name = state.get("model");
    if (state.has("text")) {
      example.value = "";
      text.value = state.get("text");
    } else {
      example.value = name in examples ? name : Object.keys(examples)[0];
      text.value = examples[example.value];
    }
    for (const list of choices) {
      const told = state.get(list.name);
      const known = [...list.options].some((option) => option.value === told);
      list.value = known ? told : list.options[0].value;
    }
  };

  // --- asking -----------------------------------------------------------------------------
  const value = (name) => choices.find((list) => list.name === name).value;
  const request = (want) => ({
    want,
    model: text.value,
    form: value("form"),
    layout: value("layout"),
    notation: `${value("times")},${value("derivatives")}`,
    detail: value("detail"),
  });
  const tell = (words) => { byId("told").textContent = words; };
  const place = ({ line, column, width }) => {
    const start = text.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    text.focus();
    text.setSelectionRange(start + column, start + column + Math.max(1, width));
  };
  const complain = (errors) => {
    byId("errors").replaceChildren(...errors.map((error) => {
      const item = document.createElement("li");
      if (error.line) {
        const button = item.appendChild(document.createElement("button"));
        button.type = "button";
        button.textContent = `line ${error.line}`;
        button.addEventListener("click", () => place(error));
      }
      item.append(` ${error.message}`);
      if (error.line) {
        // The line, and what is meant underlined, as a terminal shows it.
        const shown = item.appendChild(document.createElement("pre"));
        shown.setAttribute("aria-hidden", "true");
        const line = text.value.split("\n")[error.line - 1] || "";
        const before = line.slice(0, error.column).replace(/[^\t]/g, " ");
        shown.textContent = `${line}\n${before}${"^".repeat(Math.max(1, error.width))}`;
      }
      return item;
    }));
    text.setAttribute("aria-invalid", String(errors.length > 0));
  };
  let shown = "";
  const show = (page) => {
    if (page === shown) return;
    shown = page;
    const top = frame.contentWindow ? frame.contentWindow.scrollY : 0;
    frame.onload = () => {
      frame.contentWindow.scrollTo(0, top);
      frame.dataset.shown = "yes";
    };
    frame.srcdoc = page;
  };
  let busy = false;
  let again = false;
  // While one answer is worked on only the newest question waits.
  const update = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    const begun = performance.now();
    try {
      const answer = await ask(request("page"));
      complain(answer.errors || []);
      if (answer.page) {
        show(answer.page);
        byId("shapes").textContent = answer.shapes;
      }
      const seconds = (performance.now() - begun) / 1000;
      tell(answer.page ? `derived in ${seconds.toFixed(2)} s` : "not derived: the page is that of the last model");
    } catch (error) {
      tell(error.message);
    }
    busy = false;
    if (again) {
      again = false;
      update();
    }
  };
  let timer = 0;
  const changed = () => {
    if (examples[example.value] !== text.value) example.value = "";
    remember();
    clearTimeout(timer);
    timer = setTimeout(update, 150);
  };

  // --- what a person does ------------------------------------------------------------------
  text.addEventListener("input", changed);
  for (const list of choices) list.addEventListener("change", changed);
  example.addEventListener("change", () => {
    if (example.value in examples) text.value = examples[example.value];
    changed();
  });
  byId("save").addEventListener("click", async () => {
    const format = byId("format");
    const answer = await ask(request(format.value)).catch(
      ({ message }) => ({ errors: [{ message, line: 0 }] }));
    if (answer.errors) {
      complain(answer.errors);
      return;
    }
    const link = document.createElement("a");
    const written = answer[format.value];
    const bytes = format.value === "pdf" && Uint8Array.from(atob(written), (c) => c.charCodeAt(0));
    link.href = URL.createObjectURL(new Blob([bytes || written]));
    link.download = `model${format.selectedOptions[0].dataset.suffix}`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
  const found = byId("found");
  const examine = async (want, more) => {
    found.hidden = false;
    found.textContent = "…";
    delete found.dataset.ok;
    const answer = await ask({ ...request(want), ...more }).catch(({ message }) => ({ told: message }));
    found.textContent = answer.told || answer.errors.map((error) => error.message).join("\n");
    found.dataset.ok = answer.ok;
  };
  if (found) {
    const formula = () => examine("verdict", { formula: byId("formula").value });
    byId("examine").addEventListener("click", formula);
    byId("formula").addEventListener("keydown", (event) => { if (event.key === "Enter") formula(); });
    byId("prove").addEventListener("click", () => examine("proof", {}));
  }
  addEventListener("hashchange", () => { recall(); update(); });

  const theme = () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  };
  theme();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme);
  recall();
  if (!found) tell("Python is being started in this page; the first derivation takes some seconds.");
  update();
})();
