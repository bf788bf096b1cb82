/* A picture that was stored when the site was built. */

/** What the page knows of the run called `name`, and the bytes of its picture. */
export async function stored(name) {
  const [about, payload] = await Promise.all([
    fetch(`first/${name}.json`).then((response) => response.json()),
    fetch(`first/${name}.z`).then((response) => unpacked(response.body)),
  ]);
  return { about, payload };
}

async function unpacked(stream) {
  return new Uint8Array(await new Response(stream.pipeThrough(new DecompressionStream("deflate"))).arrayBuffer());
}
