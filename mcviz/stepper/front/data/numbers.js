/* Arrays of a payload: stored narrowly, read as numbers. */

const UNDEFINED = -128;

let halves = null;

/** The value of a float16 by its bits. */
function half(bits) {
  if (!halves) {
    halves = new Float32Array(65536);
    for (let b = 0; b < 65536; b++) {
      const exponent = (b >> 10) & 31;
      const fraction = b & 1023;
      const size =
        exponent === 0
          ? fraction * 2 ** -24
          : exponent === 31
            ? fraction
              ? NaN
              : Infinity
            : (1 + fraction / 1024) * 2 ** (exponent - 15);
      halves[b] = b >> 15 ? -size : size;
    }
  }
  return halves[bits];
}

/** An array of the payload, read as numbers whatever it is stored as. */
export class Numbers {
  constructor(data, type, shape, unit) {
    this.data = data;
    this.type = type;
    this.shape = shape;
    this.unit = unit;
    this.digits = { f2: 3, i1: 2 }[type] ?? 7;
    this.largest = new Map();
  }

  at(i) {
    const x = this.data[i];
    if (this.type === "f2") return half(x);
    if (this.type === "i1") return x === UNDEFINED ? NaN : x * this.unit;
    return x;
  }

  /** The largest finite absolute value among `count` numbers from `start` in every `stride`: a scale to draw with. */
  extent(start = 0, count = this.data.length, stride = this.data.length) {
    const key = `${start},${count},${stride}`;
    if (!this.largest.has(key)) {
      const { data, type } = this;
      // in units, where there are some: a picture looks at millions of numbers
      const bound = type === "i1" ? -UNDEFINED : Infinity;
      let most = 0;
      for (let a = start; a < data.length; a += stride) {
        for (let i = a; i < a + count; i++) {
          const x = Math.abs(type === "f2" ? half(data[i]) : data[i]);
          if (x > most && x < bound) most = x;
        }
      }
      this.largest.set(key, (type === "i1" ? most * this.unit : most) || 1);
    }
    return this.largest.get(key);
  }
}
