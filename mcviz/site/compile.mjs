/* Compiles what the explorer imports, by Pyodide: node compile.mjs PYODIDE compiled.py LIBRARY ARCHIVE… */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [folder, source, library, ...archives] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(join(folder, "pyodide.mjs")).href);
const python = await loadPyodide({ indexURL: folder });
const read = (path) => new Uint8Array(readFileSync(path));
const [standard, packages] = python.runPython(`
import os, site
os.path.dirname(os.__file__), site.getsitepackages()[0]
`);
for (const archive of archives) python.unpackArchive(read(archive), "zip", { extractDir: packages });
python.runPython(readFileSync(source, "utf8"));
const used = python.runPython(`
import sys
from mcviz.site import player
for run in ("topics-grm", "text"):
    player.answer('{"parameters": {"run": "%s"}, "changes": {}}' % run)
{str(getattr(module, "__file__", "")) for module in list(sys.modules.values())}
`);
const compiled = python.globals.get("compiled");
for (const [path, place] of [[library, standard], ...archives.map((each) => [each, packages])]) {
  writeFileSync(path, compiled(python.toPy(read(path)), place, used).toJs());
}
process.exit(0); // Pyodide keeps Node.js awake
