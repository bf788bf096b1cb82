/* Keeps the site in the browser: the explorer at once, other pages when they are seen. Pages come from the server, which
 * is asked whether they are still the same, and from here where it cannot be reached. What is lasting never changes under
 * its name, and comes from here always: Python, and the explorer's scripts. The explorer is of one build: its files change
 * here all together.
 *
 * What is kept stands before this in the file that is served: `pages` and `python`, and `packed`, which of them lie there
 * as `.gz`. They are kept unpacked, so that a browser can keep beside them what it compiled. Another build has others, and
 * so is another file, by which browsers know that there is something new. */

const NAME = "mcviz";
const { pages, python, packed, registration, clients } = globalThis;
const here = (name) => new URL(name, registration.scope).href;
const ours = new Set(pages.map(here));
/** Not what the browser kept by itself, for as long as it guessed: that may be of another build. */
const FRESH = { cache: "no-cache" };
const LASTING = ["python/", "play/scripts/"].map(here);
const lasting = (url) => LASTING.some((place) => url.startsWith(place));

async function bringPython(cache, name) {
  if (await cache.match(here(name))) return;
  const zipped = packed.includes(name);
  const { body } = await brought(zipped ? `${name}.gz` : name);
  const type =
    { wasm: "application/wasm", mjs: "text/javascript" }[name.split(".").at(-1)] ?? "application/octet-stream";
  const unpacked = zipped ? body.pipeThrough(new DecompressionStream("gzip")) : body;
  await cache.put(here(name), new Response(unpacked, { headers: { "content-type": type } }));
}

async function brought(name, how = {}) {
  const response = await fetch(here(name), how);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response;
}

async function install() {
  const cache = await caches.open(NAME);
  for (const name of python) await bringPython(cache, name);
  const come = await Promise.all(pages.map((name) => brought(name, FRESH)));
  await Promise.all(come.map((response, i) => cache.put(here(pages[i]), response)));
  await globalThis.skipWaiting();
}

async function activate() {
  const cache = await caches.open(NAME);
  const needed = new Set([...python, ...pages].map(here));
  const outdated = (await cache.keys()).filter(({ url }) => lasting(url) && !needed.has(url));
  await Promise.all([clients.claim(), ...outdated.map((each) => cache.delete(each))]);
}

async function answer(event) {
  const cache = await caches.open(NAME);
  const [address] = event.request.url.split(/[?#]/); // what is chosen on a page stands behind it
  const url = address.endsWith("/") ? `${address}index.html` : address;
  const kept = () => cache.match(url);
  if (lasting(url)) return (await kept()) ?? fetch(event.request);
  try {
    const response = await fetch(event.request, FRESH);
    // where there is no room, it is not kept
    if (response.status === 200 && !ours.has(url)) event.waitUntil(cache.put(url, response.clone()).catch(() => {}));
    return response;
  } catch (error) {
    return (await kept()) ?? Promise.reject(error);
  }
}

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(activate()));
addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && url.startsWith(registration.scope)) event.respondWith(answer(event));
});
