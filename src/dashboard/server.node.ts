// The dashboard's server: the page, and what it asks for (messages.ts). It reads, and changes nothing.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InputError } from '../device/index.js';
import { Checkpoints } from './checkpoints.node.js';
import type { ErrorReply, HistoryReply, HistorySize } from './messages.js';
import { MetricsFollower } from './metrics_follower.node.js';
import type { PageFiles } from './page_files.node.js';
import { refusal } from './request_check.node.js';
import type { RunsFolder } from './runs_folder.node.js';

export interface DashboardOptions {
  readonly runs: RunsFolder;
  readonly page: PageFiles;
  /** Address or name to listen on. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

export interface Dashboard {
  readonly port: number;
  close(): Promise<void>;
}

/** Nothing from elsewhere, no frames, and nobody else's page may use what is here. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
};

/** For one answer; a page that lacks more asks again. */
const READING_MS = 250;
/** Runs whose curves are kept in memory. */
const MOST_FOLLOWED = 32;
const MOST_CONNECTIONS = 64;
const PATIENCE_MS = 10_000;

/** Starts to listen. @throws InputError if the address or port cannot be had. */
export async function startServer({ runs, page, host, port }: DashboardOptions): Promise<Dashboard> {
  const answers = new Answers(runs, page);
  const server = createServer({ maxHeaderSize: 8192, headersTimeout: PATIENCE_MS, requestTimeout: PATIENCE_MS });
  server.maxConnections = MOST_CONNECTIONS;
  server.on('request', (request, response) => void answers.answer(request, response, host));
  await listen(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      answers.close();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new InputError(`${host}, port ${port}: expected an address to listen on, got ${error.message}`));
    });
    server.listen(port, host, () => resolve());
  });
}

class Answers {
  /** By run; those asked for last are at the end. */
  private readonly followers = new Map<string, MetricsFollower>();
  private readonly checkpoints: Checkpoints;

  constructor(
    private readonly runs: RunsFolder,
    private readonly page: PageFiles,
  ) {
    this.checkpoints = new Checkpoints((run) => runs.open(run, 'checkpoint-last.safetensors'));
  }

  async answer(request: IncomingMessage, response: ServerResponse, host: string): Promise<void> {
    const refused = refusal(request, host);
    if (refused) return send(response, refused.status, JSON.stringify({ error: refused.error }));
    try {
      const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
      await this.find(pathname, searchParams, response);
    } catch (error) {
      const isKnown = error instanceof InputError;
      // A file that changes while it is read is no reason to end a server, and its path no answer.
      const text = isKnown ? error.message : 'what was asked for could not be read';
      send(response, isKnown ? 422 : 500, JSON.stringify({ error: text } satisfies ErrorReply));
    }
  }

  close(): void {
    this.checkpoints.close();
    this.followers.clear();
  }

  private async find(path: string, query: URLSearchParams, response: ServerResponse): Promise<void> {
    const file = this.page.get(path);
    if (file) return send(response, 200, file.bytes, file.type);
    const run = query.get('run') ?? '';
    switch (path) {
      case '/api/runs':
        return sendJson(response, await this.runs.list());
      case '/api/history':
        return sendJson(response, await this.history(run, query));
      case '/api/layers':
        return sendJson(response, await this.checkpoints.layers(run));
      case '/api/weight': {
        const bytes = await this.checkpoints.weight(run, query.get('layer') ?? '');
        return bytes ? send(response, 200, bytes, 'application/octet-stream') : sendJson(response, undefined);
      }
      default:
        return sendJson(response, undefined);
    }
  }

  private async history(run: string, query: URLSearchParams): Promise<HistoryReply | undefined> {
    if (!(await this.runs.has(run))) {
      this.followers.delete(run);
      return undefined;
    }
    const follower = this.followers.get(run) ?? new MetricsFollower();
    this.followers.delete(run);
    this.followers.set(run, follower);
    if (this.followers.size > MOST_FOLLOWED) this.followers.delete(this.followers.keys().next().value!);
    const bytesLeft = await follower.advance(() => this.runs.open(run, 'metrics.jsonl'), READING_MS);
    const size: HistorySize = {
      steps: number(query, 'steps'),
      epochs: number(query, 'epochs'),
      updates: number(query, 'updates'),
    };
    return { ...follower.history.since(number(query, 'edition'), size), bytesLeft };
  }
}

/** 0 for anything else than a whole number. */
function number(query: URLSearchParams, name: string): number {
  const value = Number(query.get(name));
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function sendJson(response: ServerResponse, value: unknown): void {
  if (value === undefined) send(response, 404, JSON.stringify({ error: 'there is no such thing' }));
  else send(response, 200, JSON.stringify(value));
}

/** A HEAD request gets the headers alone: Node leaves the rest out. */
function send(
  response: ServerResponse,
  status: number,
  body: string | Uint8Array,
  type = 'application/json; charset=utf-8',
): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const allow = status === 405 ? { Allow: 'GET, HEAD' } : {};
  response.writeHead(status, { ...HEADERS, ...allow, 'Content-Type': type, 'Content-Length': bytes.byteLength });
  response.end(bytes);
}
