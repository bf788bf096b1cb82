/* Keeps the explorer in this browser, for when there is no network. */

/** Keep this page, what it loaded, and `files`. Where a browser keeps nothing, nothing is kept. */
export async function keep(files) {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return;
  try {
    if (!serviceWorker.controller) {
      const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
      const ours = [...loaded, ...files].filter((url) => url.startsWith(location.origin));
      const kept = await caches.open("mcviz");
      await kept.addAll([new URL("index.html", location).href, ...new Set(ours)]);
      await serviceWorker.register("offline.js");
      await serviceWorker.ready;
    }
    document.documentElement.dataset.kept = "yes";
  } catch {
    // such as a private window, or a disk that is full
  }
}
