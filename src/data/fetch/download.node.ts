// A file from the web to the disk, by HTTP. What a broken connection or a killed process has left is gone on with (Range, RFC 9110
// section 14). The bytes are taken as they are sent: no content encoding is undone, as `fetch` would do to files that end in .gz.

import { open, stat } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { InputError } from '../../device/index.js';
import { attempt } from '../files.node.js';

export interface DownloadOptions {
  /** Of the whole file, in bytes. */
  readonly sizeBytes: number;
  /** Told how many bytes of the file are there. */
  readonly onBytes?: (present: number) => void;
  /** Silence after which a connection is taken for broken. Default: 30 s. */
  readonly stallMs?: number;
  /** Pause before the second attempt; doubled from one to the next. Default: 1 s. */
  readonly retryMs?: number;
}

const STALL_MS = 30_000;
const RETRY_MS = 1000;
/** Attempts in a row that bring nothing. */
const MOST_FAILURES = 4;
const MOST_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];
/** Too slow, too many, or something of the server's own. */
const isBusy = (status: number) => status === 408 || status === 429 || status >= 500;

/** The file cannot be had from there; it may be from elsewhere. */
export class UnavailableError extends InputError {
  override name = 'UnavailableError';
}

/** The connection broke, or the server is busy: worth another attempt. */
class BrokenConnection extends Error {}

/** Nobody answered: worth another attempt only where somebody has answered before. */
class Unanswered extends BrokenConnection {}

/**
 * Brings the file at `url` to `path`, behind the bytes of it that are there already. What has been received stays there in any case.
 * @throws UnavailableError if nobody answers, or something else than that file.
 * @throws InputError if the disk is full or cannot be written.
 */
export async function download(url: URL, path: string, options: DownloadOptions): Promise<void> {
  const { sizeBytes, retryMs = RETRY_MS } = options;
  let hasReceived = false;
  let failures = 0;
  // A server that sends no parts begins anew each time: it gains only what goes beyond all attempts before.
  let most = 0;
  for (let present = await sizeOf(path); present !== sizeBytes; present = await sizeOf(path)) {
    if (present < sizeBytes) most = Math.max(most, present);
    try {
      await receive(url, path, present < sizeBytes ? present : 0, options);
    } catch (error) {
      if (!(error instanceof BrokenConnection)) throw error;
      const hasGained = (await sizeOf(path)) > most;
      hasReceived ||= hasGained;
      failures = hasGained ? 1 : failures + 1;
      if (failures === MOST_FAILURES || (error instanceof Unanswered && !hasReceived)) {
        throw unavailable(url, error.message + (failures > 1 ? `, ${failures} times in a row` : ''));
      }
      await sleep(retryMs * 2 ** (failures - 1));
    }
  }
}

/** One attempt: asks for what lies behind the bytes that are present, and appends it. */
async function receive(url: URL, path: string, present: number, options: DownloadOptions): Promise<void> {
  const response = await request(url, present, options.stallMs ?? STALL_MS);
  const start = startOf(response);
  try {
    if (start === present || start === 0) return await save(response, start, url, path, options);
  } finally {
    response.destroy();
  }
  // A part that nobody asked for.
  return receive(url, path, 0, options);
}

async function save(
  response: http.IncomingMessage,
  start: number,
  url: URL,
  path: string,
  { sizeBytes, onBytes = () => {} }: DownloadOptions,
): Promise<void> {
  const announced = start + Number(response.headers['content-length'] ?? sizeBytes - start);
  if (announced !== sizeBytes) throw unavailable(url, `a file of ${announced} bytes instead of ${sizeBytes}`);
  const expectation = `expected to write ${sizeBytes} bytes to ${path}`;
  const file = await attempt(open(path, start === 0 ? 'w' : 'a'), expectation);
  try {
    let received = start;
    for await (const chunk of chunksOf(response)) {
      received += chunk.length;
      if (received > sizeBytes) throw unavailable(url, `a file of more than ${sizeBytes} bytes`);
      await attempt(file.writeFile(chunk), expectation);
      onBytes(received);
    }
    if (received < sizeBytes) throw new BrokenConnection(`${received} of ${sizeBytes} bytes`);
  } finally {
    await file.close();
  }
}

/** Where the answer's bytes belong in the file: at its start where a server does not send parts. */
function startOf({ statusCode, headers }: http.IncomingMessage): number {
  return statusCode === 206 ? Number(/^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1] ?? -1) : 0;
}

async function* chunksOf(response: http.IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) yield chunk;
  } catch (error) {
    throw new BrokenConnection((error as Error).message);
  }
}

/** The answer with the bytes from `start` on, after redirections. */
async function request(url: URL, start: number, stallMs: number): Promise<http.IncomingMessage> {
  let place = url;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const response = await ask(place, start, stallMs);
    const { statusCode: status = 0, statusMessage = '', headers } = response;
    if (status === 200 || (status === 206 && start > 0)) return response;
    response.destroy();
    const answer = `the answer ${status} ${statusMessage}`.trimEnd();
    if (isBusy(status)) throw new BrokenConnection(answer);
    if (!REDIRECTS.includes(status) || headers.location === undefined) throw unavailable(url, answer);
    place = parseUrl(headers.location, place);
  }
  throw unavailable(url, `more than ${MOST_REDIRECTS} redirections`);
}

/** The head of the answer; its body is yet to be read. */
function ask(url: URL, start: number, stallMs: number): Promise<http.IncomingMessage> {
  const headers = { 'user-agent': 'shuffleblock', ...(start > 0 ? { range: `bytes=${start}-` } : {}) };
  const { get } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    let answer: http.IncomingMessage | undefined;
    const asking = get(url, { headers, timeout: stallMs }, (response) => {
      answer = response;
      resolve(response);
    });
    asking.on('timeout', () => (answer ?? asking).destroy(new Error(`no byte for ${stallMs / 1000} s`)));
    asking.on('error', (error) => reject(new Unanswered(reasonOf(error))));
  });
}

/** A host with several addresses fails with an error for each, and without a message of its own. */
function reasonOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(({ message }) => message).join(', ') : error.message;
}

function unavailable(url: URL, got: string): UnavailableError {
  return new UnavailableError(`expected to fetch ${describeUrl(url)}, got ${got}`);
}

/** @throws UnavailableError unless it is the address of something on the web. */
export function parseUrl(text: string, base?: URL): URL {
  let url: URL | undefined;
  try {
    url = new URL(text, base);
  } catch {
    // Told below.
  }
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new UnavailableError(`expected an address that begins with http:// or https://, got '${text}'`);
}

/** Without what may be secret: user, password, query. */
export function describeUrl({ origin, pathname }: URL): string {
  return origin + pathname;
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
