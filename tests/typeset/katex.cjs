// Renders every formula of a list in JSON, with errors on, and prints those that fail.
const katex = require(process.argv[2]);
let given = "";
process.stdin.on("data", (part) => (given += part));
process.stdin.on("end", () => {
  for (const tex of JSON.parse(given)) {
    try {
      katex.renderToString(tex, { throwOnError: true, strict: false, trust: true });
    } catch (error) {
      console.log(`${tex}: ${error.message}`);
    }
  }
});
