"use strict";
// Who answers: Python in this browser. `ask` gives the promise of an answer to a request.
(() => {
  const SERVED =
    "A page opened from a file may not run Python; a web server on this machine is enough: " +
    "python3 -m http.server, in the folder of the site.";
  const SECONDS = 60;
  const waiting = new Map();
  let worker = null;
  let count = 0;
  const end = (reason) => {
    if (worker) worker.terminate();
    for (const { reject } of waiting.values()) reject(new Error(reason));
    waiting.clear();
    worker = null;
  };
  const start = () => {
    worker = new Worker("python/worker.mjs", { type: "module" });
    worker.onmessage = ({ data: { number, answer, failure } }) => {
      const { resolve, reject } = waiting.get(number);
      waiting.delete(number);
      if (failure) reject(new Error(failure));
      else resolve(answer);
    };
    worker.onerror = (event) => end(event.message || "Python could not be started");
  };
  window.ask = (request) => new Promise((resolve, reject) => {
    if (location.protocol === "file:") {
      reject(new Error(SERVED));
      return;
    }
    if (!worker) start();
    count += 1;
    const number = count;
    waiting.set(number, { resolve, reject });
    setTimeout(() => {
      if (waiting.has(number)) end(`no answer within ${SECONDS} s: it was given up`);
    }, 1000 * SECONDS);
    worker.postMessage({ number, request });
  });
})();
