/* A zip whose files are stored as they are, which Python's own reader would take its time over. */

/** The files in `zip`: the name and the bytes of each. */
export function* files(zip) {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const [short, long] = [(at) => view.getUint16(at, true), (at) => view.getUint32(at, true)];
  const end = zip.length - 22;
  let entry = long(end + 16);
  for (let left = short(end + 10); left > 0; left -= 1) {
    const [size, named, header] = [long(entry + 24), short(entry + 28), long(entry + 42)];
    const content = header + 30 + short(header + 26) + short(header + 28);
    yield [new TextDecoder().decode(zip.subarray(entry + 46, entry + 46 + named)), zip.slice(content, content + size)];
    entry += 46 + named + short(entry + 30) + short(entry + 32);
  }
}
