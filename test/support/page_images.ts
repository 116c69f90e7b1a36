// Image files made by the browser itself, for tests that run in it.

export type Colour = readonly [red: number, green: number, blue: number];

/** The little that is used of the browser's interfaces, which Node's types lack. */
interface Context {
  fillStyle: string;
  fillRect(left: number, top: number, width: number, height: number): void;
}
declare const OffscreenCanvas: new (
  width: number,
  height: number,
) => {
  getContext(kind: '2d'): Context;
  convertToBlob(options: { type: string; quality: number }): Promise<Blob>;
};

/** A rectangle of one colour; transparent without. */
export type Patch = readonly [left: number, top: number, width: number, height: number, colour: Colour];

/** The bytes of an image of these patches, which is otherwise transparent (black in JPEG). */
export async function imageBytes(
  width: number,
  height: number,
  kind: string,
  ...patches: Patch[]
): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  for (const [left, top, patchWidth, patchHeight, colour] of patches) {
    context.fillStyle = `rgb(${colour.join(' ')})`;
    context.fillRect(left, top, patchWidth, patchHeight);
  }
  const blob = await canvas.convertToBlob({ type: `image/${kind}`, quality: 1 });
  if (blob.type !== `image/${kind}`) throw new Error(`expected a browser that writes ${kind}, got ${blob.type}`);
  return new Uint8Array(await blob.arrayBuffer());
}

/** A JPEG file with an EXIF segment that says how it is turned (1 to 8). */
export function withOrientation(jpeg: Uint8Array, orientation: number): Uint8Array {
  const exif = [0x45, 0x78, 0x69, 0x66, 0, 0]; // "Exif"
  const header = [0x49, 0x49, 42, 0, 8, 0, 0, 0]; // Little-endian TIFF, whose directory is at byte 8
  const entry = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]; // tag 0x0112, one u16
  const content = [...exif, ...header, 1, 0, ...entry, 0, 0, 0, 0];
  const marker = [0xff, 0xe1, 0, content.length + 2];
  return Uint8Array.from([...jpeg.subarray(0, 2), ...marker, ...content, ...jpeg.subarray(2)]);
}
