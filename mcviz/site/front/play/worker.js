/* Python, beside the page: loads it, tells how far it has come, and then answers one message after the other. */

import { files } from "./archive.js";

let python, player;

/** `fetch`, which tells how many bytes have come so far, and calls `lost` for a file that does not come whole: Pyodide
 * would wait for it forever. Files in `packed` lie beside their names, as `.gz`; those that the browser keeps
 * (`../kept.js`) it has as they are, and what it has compiled of them. */
function counting(fetched, packed, lost) {
  let loaded = 0;
  const through = (body, { writable, readable }) => {
    body.pipeTo(writable).catch(lost);
    return readable;
  };
  const counted = async (resource, options) => {
    const url = String(resource instanceof Request ? resource.url : resource);
    const name = url.slice(url.lastIndexOf("/") + 1);
    if (await globalThis.caches?.match(url)) {
      const kept = await fetched(url, options);
      if (kept.ok) return kept;
    }
    const zipped = packed.includes(name);
    const response = await fetched(zipped ? `${url}.gz` : url, options);
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    const count = new TransformStream({
      transform(chunk, out) {
        tell((loaded += chunk.byteLength));
        out.enqueue(chunk);
      },
    });
    const come = through(response.body, count);
    const body = zipped ? through(come, new DecompressionStream("gzip")) : come;
    const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
    return new Response(body, { headers: { "content-type": type } });
  };
  return async (...asked) => {
    try {
      return await counted(...asked);
    } catch (error) {
      lost(error);
      throw error;
    }
  };
}

const tell = (loaded) => postMessage({ kind: "progress", loaded });

/** Load Python from the folder at `base`, with its `library`, and put into it what the `archives` there hold. */
async function load({ base, packed, library, archives }) {
  const broken = new Promise((_, lost) => {
    globalThis.fetch = counting(fetch.bind(globalThis), packed, lost);
  });
  const coming = Promise.all(
    archives.map(async (name) => new Uint8Array(await (await fetch(base + name)).arrayBuffer())),
  );
  const modules = ["pyodide", "pyodide.asm"].map((name) => import(`${base}${name}.mjs`));
  const starting = modules[0].then(({ loadPyodide }) => loadPyodide({ indexURL: base, stdLibURL: base + library }));
  const [loaded, come] = await Promise.race([broken, Promise.all([starting, coming, ...modules])]);
  python = loaded;
  const packages = python.runPython("import site; site.getsitepackages()[0]");
  for (const archive of come) {
    for (const [name, content] of files(archive)) {
      const path = `${packages}/${name}`;
      python.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
      python.FS.writeFile(path, content, { canOwn: true });
    }
  }
  player = python.runPython("from mcviz.site import player; player");
  globalThis.python = python; // for whoever looks closer, in the console
  postMessage({ kind: "live" });
}

/** Give back a message's answer: what it says, and the bytes of a picture. */
function reply(id, answer) {
  const [text, proxy] = answer;
  const payload = proxy.toJs();
  for (const each of [proxy, answer]) each.destroy();
  postMessage({ kind: "answer", id, said: JSON.parse(text), payload }, [payload.buffer]);
  // what a picture need not wait for
  postMessage({ kind: "hashes", ...JSON.parse(player.hashes()) });
}

/** Whether Python has met a fault of its own: then it lets nobody take hold of it, whatever it said of the question. */
function ended() {
  try {
    return !python?.runPython;
  } catch {
    return true;
  }
}

addEventListener("message", async ({ data: { id, parts, shown, said, file } }) => {
  try {
    if (parts) await load(parts);
    else if (shown) player.prepare(JSON.stringify(shown));
    else if (file) reply(id, player.taken(python.toPy(file)));
    else reply(id, player.answer(JSON.stringify(said)));
  } catch (error) {
    postMessage({ kind: ended() ? "ended" : "failed", id, message: String(error?.message ?? error) });
  }
});
