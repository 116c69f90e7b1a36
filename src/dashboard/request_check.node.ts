// Who may ask what. The dashboard has no password: what keeps other web pages out is that they cannot read its answers (no CORS headers), and
// cannot pretend to be it. A page whose name is made to point here (DNS rebinding) still sends its own name as Host.

import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';

/** Names of runs and layers are short. */
const MOST_URL_CHARACTERS = 2000;

export interface Refusal {
  readonly status: number;
  readonly error: string;
}

/**
 * Why a request is not answered; undefined if it is.
 * @param boundTo the address that the server listens on, as it was given.
 */
export function refusal({ method, headers, url = '' }: IncomingMessage, boundTo: string): Refusal | undefined {
  if (!isKnownHost(headers.host, boundTo)) {
    return { status: 403, error: `Host: expected ${boundTo} or another address of this machine, got another name` };
  }
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, error: `expected GET or HEAD, got ${method}` };
  if (url.length > MOST_URL_CHARACTERS) {
    return { status: 414, error: `expected a URL of at most ${MOST_URL_CHARACTERS} characters, got ${url.length}` };
  }
  return undefined;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Ports may differ: a tunnel has its own. An address in numbers cannot be rebound. */
function isKnownHost(header: string | undefined, boundTo: string): boolean {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/@]+))(?::\d{1,5})?$/i.exec(header ?? '') ?? [];
  const host = (bracketed ?? plain ?? '').toLowerCase();
  if (isLoopback(host)) return true;
  if (isLoopback(boundTo)) return false;
  return isIP(host) !== 0 || host === boundTo.toLowerCase() || host === hostname().toLowerCase();
}
