// The worker's entry: requests of the page go to one session, which trains between them.

import type { Request, Tell } from '../messages.js';
import { Session } from './session.js';

/** Of DedicatedWorkerGlobalScope, which the DOM's types do not know. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  readonly postMessage: Tell;
}

const scope = self as unknown as WorkerScope;
const session = new Session((report, transfer) => scope.postMessage(report, transfer));
scope.onmessage = ({ data }) => session.receive(data);
session.work();
