// Width and height of a JPEG file, from the header of its first frame (ITU-T T.81, annex B). Asking the decoder for them would make it
// open every image twice: once to draw a random part, once to decode it.

const START_OF_IMAGE = 0xd8;
const EXIF_SEGMENT = 0xe1;
/** C4, C8 and CC lie among the frame headers and are none. */
const FRAME_HEADERS = [0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf];

/** Of the image as it is shown; undefined where only the decoder can tell: other formats, and files that may be turned (EXIF). */
export function jpegSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== START_OF_IMAGE) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // A segment: 0xff, what it is, its length in two bytes (which count themselves), its content.
  for (let at = 2; at + 9 <= bytes.length; at += 2 + view.getUint16(at + 2)) {
    const kind = bytes[at + 1];
    if (bytes[at] !== 0xff || kind === EXIF_SEGMENT) return undefined;
    if (!FRAME_HEADERS.includes(kind)) continue;
    const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
    return width > 0 && height > 0 ? { width, height } : undefined;
  }
  return undefined;
}
