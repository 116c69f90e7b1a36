// What the page uses of memory: heaps of its tab and of its worker after garbage was collected, buffers of the engine on the GPU, and what
// the processes of the browser hold.

import { existsSync, readFileSync } from 'node:fs';

/** Megabytes that grow by less than this share are noise: of an allocator, or of how far a run had come when it was paused. */
export const MOST_GROWTH = { tab: 0.1, worker: 0.1, GPU: 0.02, 'renderer RSS': 0.15, 'GPU process RSS': 0.15 };

/** Call before the page is opened: notes what its worker says with each step line. */
export async function noteGpuMemory(page) {
  await page.addInitScript(() => {
    const { Worker } = window;
    window.Worker = class extends Worker {
      constructor(...parameters) {
        super(...parameters);
        this.addEventListener('message', ({ data }) => {
          if (data.type === 'lines' && data.lines.at(-1)?.memoryBytes) window.gpuBytes = data.lines.at(-1).memoryBytes;
        });
      }
    };
  });
}

/** @returns a function that measures: megabytes by the names of `MOST_GROWTH`. RSS is 0 where there is no /proc. */
export async function memoryMeter(browser, page) {
  const system = await browser.newBrowserCDPSession();
  const tab = await page.context().newCDPSession(page);
  const worker = await workerSession(tab);
  return async () => {
    const { processInfo } = await system.send('SystemInfo.getProcessInfo');
    const rss = (type) => Math.max(0, ...processInfo.filter((one) => one.type === type).map(({ id }) => rssBytes(id)));
    const bytes = {
      tab: await heapBytes((method) => tab.send(method)),
      worker: await heapBytes(worker),
      GPU: await page.evaluate(() => window.gpuBytes),
      'renderer RSS': rss('renderer'),
      'GPU process RSS': rss('GPU'),
    };
    return Object.fromEntries(Object.entries(bytes).map(([name, value]) => [name, Number((value / 1e6).toFixed(2))]));
  };
}

/** Objects, what the browser holds for them, and array buffers. */
async function heapBytes(send) {
  await send('HeapProfiler.collectGarbage');
  const { usedSize, embedderHeapUsedSize, backingStorageSize } = await send('Runtime.getHeapUsage');
  return usedSize + embedderHeapUsedSize + backingStorageSize;
}

/** Sends to the page's worker: playwright has sessions for tabs only, through which those of their workers are reached. */
async function workerSession(tab) {
  const answers = new Map();
  let number = 0;
  tab.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result, error } = JSON.parse(message);
    answers.get(id)?.(error ? Promise.reject(new Error(error.message)) : result);
    answers.delete(id);
  });
  const attached = new Promise((resolve) => tab.once('Target.attachedToTarget', resolve));
  await tab.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  const { sessionId } = await attached;
  return (method) => {
    const id = ++number;
    const answer = new Promise((resolve) => answers.set(id, resolve));
    tab.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) });
    return answer;
  };
}

function rssBytes(pid) {
  const path = `/proc/${pid}/status`;
  return existsSync(path) ? 1024 * Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(path, 'utf8'))[1]) : 0;
}
