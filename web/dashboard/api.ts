// What the page asks of the dashboard's server (src/dashboard/messages.ts).

import type { ErrorReply, HistoryReply, HistorySize, LayersReply, RunsReply } from '../../src/dashboard/messages.js';

/** The server answered that it has no answer. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export const fetchRuns = (): Promise<RunsReply> => json('api/runs', {});

export const fetchHistory = (run: string, edition: number, size: HistorySize): Promise<HistoryReply> =>
  json('api/history', { run, edition, ...size });

export const fetchLayers = (run: string): Promise<LayersReply> => json('api/layers', { run });

/** A safetensors file. */
export async function fetchWeight(run: string, layer: string): Promise<Uint8Array> {
  const response = await get('api/weight', { run, layer });
  return new Uint8Array(await response.arrayBuffer());
}

type Query = Readonly<Record<string, string | number>>;

async function json<T>(path: string, query: Query): Promise<T> {
  return (await get(path, query)).json();
}

/** @throws Refused, or TypeError where nobody answers. */
async function get(path: string, query: Query): Promise<Response> {
  const entries = Object.entries(query).map(([name, value]) => [name, String(value)]);
  const response = await fetch(`${path}?${new URLSearchParams(entries)}`);
  if (response.ok) return response;
  const { error } = (await response.json().catch(() => ({ error: response.statusText }))) as ErrorReply;
  throw new Refused(response.status, error);
}
