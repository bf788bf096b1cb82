/* Without a network the explorer is what it was with one: a file is kept as it came last, and given where none comes.
 *
 * The service worker of the explorer's page, and of no other.
 */

/** Where a file is kept: a page has one text, whatever its address asks for. */
function place(url) {
  return url.replace(/[?#].*$/, "").replace(/\/$/, "/index.html");
}

async function answer(request) {
  const kept = await caches.open("mcviz");
  try {
    const response = await fetch(request);
    if (response.ok) await kept.put(place(request.url), response.clone());
    return response;
  } catch (error) {
    const last = await kept.match(place(request.url));
    if (last) return last;
    throw error;
  }
}

addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && url.startsWith(location.origin)) event.respondWith(answer(event.request));
});
