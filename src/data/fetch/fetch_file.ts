// A file of a data set from the network, for pages.

import { InputError } from '../../device/index.js';

export interface FetchFileOptions {
  /** Told how many bytes have arrived, of how many; the latter is unknown where the server packs what it sends. */
  readonly onProgress?: (receivedBytes: number, totalBytes?: number) => void;
  /** Ends the download: `fetchFile` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Default: 1 GiB. */
  readonly mostBytes?: number;
}

/**
 * Fetches a file, named by the last part of its address. A page reaches other servers than its own only where these allow it (CORS).
 * @throws InputError if there is none, it does not arrive whole, or it is larger than allowed.
 */
export async function fetchFile(address: string | URL, options: FetchFileOptions = {}): Promise<File> {
  const { onProgress = () => {}, signal, mostBytes = 2 ** 30 } = options;
  try {
    const response = await fetch(address, { signal });
    if (!response.ok || !response.body) {
      throw new InputError(`${address}: expected a file, got HTTP ${response.status} ${response.statusText}`.trim());
    }
    const totalBytes = announcedBytes(response.headers);
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let receivedBytes = 0;
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      receivedBytes += value.length;
      if (receivedBytes > mostBytes) {
        reader.cancel().catch(() => {});
        throw new InputError(`${address}: expected a file of at most ${mostBytes} bytes, got more`);
      }
      chunks.push(value);
      onProgress(receivedBytes, totalBytes);
    }
    return new File(chunks, fileName(new URL(address, response.url)));
  } catch (error) {
    if (error instanceof InputError || signal?.aborted) throw error;
    throw new InputError(`${address}: expected a file, got: ${(error as Error).message}`);
  }
}

function announcedBytes(headers: Headers): number | undefined {
  const length = Number(headers.get('content-length') ?? Number.NaN);
  return headers.has('content-encoding') || !Number.isSafeInteger(length) ? undefined : length;
}

function fileName({ pathname }: URL): string {
  return decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1));
}
