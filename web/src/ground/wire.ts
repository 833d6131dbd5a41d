// The one decoder of the lab's binary payloads ("BRL1"); see src/bridle/lab/wire.py for the encoder.

export interface Numbers {
  readonly data: Float64Array | Float32Array | Int32Array;
  readonly shape: readonly number[];
}

export type Value = string | number | boolean | null | Numbers | readonly Value[] | { readonly [name: string]: Value };
export type Payload = { readonly [name: string]: Value };

export class WireError extends Error {}

const SIZE: { readonly [dtype: string]: number } = { f8: 8, f4: 4, i4: 4 };

export function decode(bytes: Uint8Array): Payload {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const view = new DataView(aligned.buffer, aligned.byteOffset, aligned.byteLength);
  if (aligned.byteLength < 8 || view.getUint32(0, false) !== 0x42524c31) throw new WireError("These bytes are no lesson.");
  const length = view.getUint32(4, true);
  const start = 8 + length;
  if (start > aligned.byteLength) throw new WireError("The lesson ends in its header.");
  const header: unknown = JSON.parse(new TextDecoder().decode(aligned.subarray(8, start)));
  return revive(header, aligned, start) as Payload;
}

function revive(value: unknown, bytes: Uint8Array, start: number): Value {
  if (Array.isArray(value)) return value.map((v) => revive(v, bytes, start));
  if (value === null || typeof value !== "object") return value as Value;
  const fields = value as { [name: string]: unknown };
  if ("$" in fields) return numbers(fields["$"], bytes, start);
  return Object.fromEntries(Object.entries(fields).map(([name, v]) => [name, revive(v, bytes, start)]));
}

function numbers(description: unknown, bytes: Uint8Array, start: number): Numbers {
  const [dtype, shape, offset] = description as [string, number[], number];
  const count = shape.reduce((a, b) => a * b, 1);
  const size = SIZE[dtype];
  if (size === undefined) throw new WireError(`Unknown numbers: ${dtype}.`);
  if (start + offset + count * size > bytes.byteLength) throw new WireError("The lesson ends in its numbers.");
  const at = bytes.byteOffset + start + offset;
  const buffer = bytes.buffer as ArrayBuffer;
  if (dtype === "f8") return { data: new Float64Array(buffer, at, count), shape };
  if (dtype === "f4") return { data: new Float32Array(buffer, at, count), shape };
  return { data: new Int32Array(buffer, at, count), shape };
}

// What a payload holds, read by name and checked: a missing or strange field is an error that names it.

export function vector(payload: Payload, name: string): Float64Array {
  const value = payload[name] as Numbers | undefined;
  if (!value || typeof value !== "object" || !("data" in value)) throw new WireError(`The lesson has no numbers "${name}".`);
  return value.data instanceof Float64Array ? value.data : Float64Array.from(value.data);
}

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

export function matrix(payload: Payload, name: string): Matrix {
  const data = vector(payload, name);
  const shape = (payload[name] as Numbers).shape;
  if (shape.length !== 2) throw new WireError(`"${name}" is no table of numbers.`);
  return { rows: shape[0], columns: shape[1], data };
}

export function row(m: Matrix, k: number): Float64Array {
  return m.data.subarray(k * m.columns, (k + 1) * m.columns);
}

export function column(m: Matrix, j: number): Float64Array {
  return Float64Array.from({ length: m.rows }, (_, k) => m.data[k * m.columns + j]);
}

export function scalar(payload: Payload, name: string): number {
  const value = payload[name];
  if (typeof value !== "number") throw new WireError(`The lesson has no number "${name}".`);
  return value;
}

export function maybe(payload: Payload, name: string): number | null {
  const value = payload[name];
  return typeof value === "number" ? value : null;
}

export function text(payload: Payload, name: string): string {
  const value = payload[name];
  if (Array.isArray(value)) return value.join("\n");
  return typeof value === "string" ? value : "";
}

export function strings(payload: Payload, name: string): readonly string[] {
  const value = payload[name];
  return Array.isArray(value) ? value.map(String) : [];
}
