// A web server on this machine that serves one file, in the ways of good and bad servers.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export interface FileServer {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  /** What was asked for: `GET /path`, with the range if there was one. */
  readonly requests: string[];
  /** How the next requests are answered, one each; the last one answers all that follow. */
  answers: Answer[];
  close(): Promise<void>;
}

export async function serveFiles(...answers: Answer[]): Promise<FileServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const { range } = request.headers;
    requests.push(`GET ${request.url}${range === undefined ? '' : ` ${range}`}`);
    const [answer] = served.answers;
    if (served.answers.length > 1) served.answers.shift();
    answer(response, request);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const served: FileServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return served;
}

/** The address of a port where nobody listens. */
export async function closedPort(): Promise<string> {
  const server = await serveFiles(() => {});
  await server.close();
  return server.url;
}

/** The bytes that a request asks for, with the head that belongs to them. */
function parted(
  bytes: Uint8Array,
  { headers }: IncomingMessage,
): [number, Record<string, string | number>, Uint8Array] {
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  if (start === 0) return [200, { 'content-length': bytes.length }, bytes];
  const part = bytes.subarray(start);
  const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
  return [206, { 'content-length': part.length, 'content-range': range }, part];
}

/** A good server. */
export function file(bytes: Uint8Array): Answer {
  return (response, request) => {
    const [status, head, part] = parted(bytes, request);
    response.writeHead(status, head).end(part);
  };
}

/** A good server whose connection breaks after so many bytes. */
export function broken(bytes: Uint8Array, after: number): Answer {
  return (response, request) => {
    const [status, head, part] = parted(bytes, request);
    response.writeHead(status, head).write(part.subarray(0, after), () => setTimeout(() => response.destroy(), 20));
  };
}

/** A server that falls silent after so many bytes. */
export function stalled(bytes: Uint8Array, after: number): Answer {
  return (response, request) => {
    const [status, head, part] = parted(bytes, request);
    response.writeHead(status, head).write(part.subarray(0, after));
  };
}

/** A server that knows no parts of files. */
export function whole(bytes: Uint8Array): Answer {
  return (response) => void response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
}

export function status(code: number, head: Record<string, string> = {}): Answer {
  return (response) => void response.writeHead(code, head).end('<html>');
}
