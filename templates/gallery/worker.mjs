// Python in a thread of its own, as WebAssembly; what it answers is what `symbptt` answers.
import { loadPyodide } from "./pyodide/pyodide.mjs";

const FOLDER = "/symbptt";
const here = (name) => new URL(name, import.meta.url).href;

const fetched = async (name) => {
  const found = await fetch(here(name));
  if (!found.ok) throw new Error(`${name} is not there (status ${found.status})`);
  return found.arrayBuffer();
};

const started = (async () => {
  const packed = fetched("./symbptt.zip");
  const pyodide = await loadPyodide({ indexURL: here("./pyodide/") });
  pyodide.unpackArchive(await packed, "zip", { extractDir: FOLDER });
  return pyodide.runPython(`
    import json, sys
    sys.path.insert(0, "${FOLDER}")
    sys.dont_write_bytecode = True
    from symbptt.gallery.answering import answer
    lambda text: json.dumps(answer(json.loads(text)))
  `);
})();

self.onmessage = async ({ data: { number, request } }) => {
  try {
    const answer = await started;
    self.postMessage({ number, answer: JSON.parse(answer(JSON.stringify(request))) });
  } catch (error) {
    self.postMessage({ number, failure: String(error) });
  }
};
