// The thread of `openDashboardThread`.

import { parentPort, workerData } from 'node:worker_threads';
import { InputError } from '../device/index.js';
import { type OpenOptions, openDashboard, type ThreadMessage } from './open.node.js';

const tell = (message: ThreadMessage) => parentPort!.postMessage(message);

try {
  const { port } = await openDashboard(workerData as OpenOptions);
  tell({ port });
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  tell({ error: error.message });
}
