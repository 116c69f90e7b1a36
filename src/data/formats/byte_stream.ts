// The bytes of a file in a page, unpacked as they arrive: taken in pieces of any size, and never more than a bound of them, since a
// gzip file of a megabyte can hold a gigabyte of zeros.

import { InputError } from '../../device/index.js';

const GZIP_MAGIC = [0x1f, 0x8b];

export class ByteStream {
  private chunk: Uint8Array = new Uint8Array(0);
  private taken = 0;

  /** @param where the file's name, @param expected what it is taken for; both for messages. */
  private constructor(
    private readonly reader: ReadableStreamDefaultReader<Uint8Array>,
    private readonly where: string,
    private readonly expected: string,
    private readonly mostBytes: number,
  ) {}

  /**
   * Unpacks what is packed by gzip, as its first bytes tell: servers and browsers unpack some files of that name by themselves.
   * @param mostBytes that may be in the file, unpacked.
   */
  static async open(file: Blob, where: string, mostBytes: number): Promise<ByteStream> {
    const head = new Uint8Array(await readable(file.slice(0, GZIP_MAGIC.length).arrayBuffer(), where));
    const isPacked = GZIP_MAGIC.every((byte, i) => head[i] === byte);
    const contents: ReadableStream = file.stream();
    const stream: ReadableStream<Uint8Array> = isPacked
      ? contents.pipeThrough(new DecompressionStream('gzip'))
      : contents;
    return new ByteStream(stream.getReader(), where, isPacked ? 'a whole gzip file' : 'a readable file', mostBytes);
  }

  /** The next `count` bytes, or as many as there are. @throws InputError if the file is damaged, or the bound is exceeded. */
  async take(count: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    const size = await this.pass(count, (piece) => pieces.push(piece));
    if (pieces.length === 1) return pieces[0];
    const bytes = new Uint8Array(size);
    let place = 0;
    for (const piece of pieces) {
      bytes.set(piece, place);
      place += piece.length;
    }
    return bytes;
  }

  /** Leaves out `count` bytes, or as many as there are. @returns how many that were. */
  skip(count: number): Promise<number> {
    return this.pass(count, () => {});
  }

  /** Nothing more will be taken. */
  close(): void {
    // What is still to come is of no interest, damaged or not.
    this.reader.cancel().catch(() => {});
  }

  private async pass(count: number, use: (piece: Uint8Array) => void): Promise<number> {
    let passed = 0;
    while (passed < count) {
      if (this.chunk.length === 0 && !(await this.nextChunk())) break;
      const piece = this.chunk.subarray(0, count - passed);
      this.chunk = this.chunk.subarray(piece.length);
      passed += piece.length;
      use(piece);
    }
    return passed;
  }

  private async nextChunk(): Promise<boolean> {
    const { done, value } = await readable(this.reader.read(), this.where, this.expected);
    if (done) return false;
    this.chunk = value;
    this.taken += value.length;
    if (this.taken > this.mostBytes) {
      throw new InputError(`${this.where}: expected at most ${this.mostBytes} bytes, unpacked, got more`);
    }
    return true;
  }
}

/** The whole contents of a file. @throws InputError as `ByteStream.take`. */
export async function readBytes(file: Blob, where: string, mostBytes: number): Promise<Uint8Array> {
  const stream = await ByteStream.open(file, where, mostBytes);
  try {
    return await stream.take(Infinity);
  } finally {
    stream.close();
  }
}

async function readable<T>(work: Promise<T>, where: string, expected = 'a readable file'): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new InputError(`${where}: expected ${expected}, got: ${(error as Error).message}`);
  }
}
