/* What the server has, or an error that says what it lacks. */

/** The answer of the server for the file at `url`. */
export async function fetched(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response;
}

/** The bytes of a file that lies there deflated. */
export async function unpacked(url) {
  const { body } = await fetched(url);
  const stream = body.pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
