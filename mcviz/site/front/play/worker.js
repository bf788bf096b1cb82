/* Python, beside the page: loads it, tells how far it has come, and then answers one message after the other. */

let python, player;

/** `fetch`, which tells how many bytes have come so far. Files in `packed` lie beside their names, as `.gz`. */
function counting(fetched, packed, tell) {
  let loaded = 0;
  return async (resource, options) => {
    const url = String(resource instanceof Request ? resource.url : resource);
    const name = url.slice(url.lastIndexOf("/") + 1);
    const zipped = packed.includes(name);
    const response = await fetched(zipped ? `${url}.gz` : url, options);
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    const count = new TransformStream({
      transform(chunk, out) {
        tell((loaded += chunk.byteLength));
        out.enqueue(chunk);
      },
    });
    const counted = response.body.pipeThrough(count);
    const body = zipped ? counted.pipeThrough(new DecompressionStream("gzip")) : counted;
    const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
    return new Response(body, { headers: { "content-type": type } });
  };
}

/** Load Python from the folder at `base`, and what the `archives` there hold into it. */
async function load({ base, packed, archives }) {
  globalThis.fetch = counting(fetch.bind(globalThis), packed, (loaded) => postMessage({ kind: "progress", loaded }));
  const coming = Promise.all(archives.map(async (name) => (await fetch(base + name)).arrayBuffer()));
  const loading = import(`${base}pyodide.mjs`).then(({ loadPyodide }) => loadPyodide({ indexURL: base }));
  const [loaded, come] = await Promise.all([loading, coming]);
  python = loaded;
  const extractDir = python.runPython("import site; site.getsitepackages()[0]");
  for (const archive of come) python.unpackArchive(archive, "zip", { extractDir });
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
}

addEventListener("message", async ({ data: { id, parts, said, file } }) => {
  try {
    if (parts) await load(parts);
    else if (file) reply(id, player.taken(python.toPy(file)));
    else reply(id, player.answer(JSON.stringify(said)));
  } catch (error) {
    postMessage({ kind: "failed", id, message: String(error?.message ?? error) });
  }
});
