/* A payload: bytes that hold a header and arrays (mcviz/stepper/payload.py writes them). */

import { Numbers } from "./numbers.js";

const MAGIC = "mcviz/1\n";
const TYPES = {
  f8: Float64Array,
  f4: Float32Array,
  f2: Uint16Array,
  i4: Int32Array,
  i2: Int16Array,
  i1: Int8Array,
  u1: Uint8Array,
};

export function fail(message) {
  throw new Error(`payload: ${message}`);
}

/** The header of a payload, and its bytes. */
export function open(source) {
  let bytes =
    source instanceof Uint8Array
      ? source
      : ArrayBuffer.isView(source)
        ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
        : source instanceof ArrayBuffer
          ? new Uint8Array(source)
          : fail("expected bytes");
  if (bytes.byteOffset % 8) bytes = bytes.slice();
  const ascii = (a, b) => String.fromCharCode(...bytes.subarray(a, b));
  if (bytes.length < 16 || ascii(0, 8) !== MAGIC) fail("this is not a run packed by mcviz, or another version of it");
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(8, true));
  if (16 + length > bytes.length) fail("it is cut off in its header");
  let header;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(16, 16 + length)));
  } catch {
    fail("its header is damaged");
  }
  return { header, bytes };
}

/** The arrays of a payload by group and name. */
export function readArrays(header, bytes) {
  const groups = {};
  for (const [name, spec] of Object.entries(header.arrays)) {
    const type = TYPES[spec.type] ?? fail(`${name} has the unknown type ${spec.type}`);
    const count = spec.shape.reduce((a, b) => a * b, 1);
    const fits =
      Number.isInteger(spec.at) &&
      spec.at >= 16 &&
      spec.at % 8 === 0 &&
      Number.isInteger(count) &&
      spec.at + count * type.BYTES_PER_ELEMENT <= bytes.length;
    if (!fits) fail(`${name} is cut off`);
    const data = new type(bytes.buffer, bytes.byteOffset + spec.at, count);
    const dot = name.indexOf(".");
    const [group, member] = [name.slice(0, dot), name.slice(dot + 1)];
    const unit = header.runs?.[group]?.scales?.[member];
    (groups[group] ??= {})[member] = new Numbers(data, spec.type, spec.shape, unit);
  }
  return groups;
}
