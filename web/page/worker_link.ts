// The worker that trains, as the page knows it; and what is told in its place where it cannot be had.

import type { Report, Request } from '../messages.js';

const NOT_LOADED =
  'The part of this page that trains could not be loaded. Reload the page; if that does not help, see whether an extension or the server holds back some of its files.';

/**
 * @param hear called with each report.
 * @returns sends requests.
 */
export function startWorker(hear: (report: Report) => void): (request: Request) => void {
  const worker = new Worker(new URL('../worker/worker.ts', import.meta.url), { type: 'module' });
  let isLoaded = false;
  worker.addEventListener('message', ({ data }: MessageEvent<Report>) => {
    isLoaded = true;
    hear(data);
  });
  // A script that was not loaded gives no reason: its event has no message.
  worker.addEventListener('error', ({ message = '' }) => {
    const text = isLoaded ? `Training failed: ${message}. Reload the page to go on from the last copy.` : NOT_LOADED;
    hear({ type: 'notice', level: 'error', text });
    if (!isLoaded) hear({ type: 'state', phase: 'no worker', step: 0, totalSteps: 0 });
  });
  return (request) => worker.postMessage(request);
}
