// The browser's own storage of one run, so that it outlives a reload.

import type { RunName } from '../messages.js';
import type { KeptRun } from './run.js';

/** A run as it is stored, with its twin. */
export interface Kept {
  readonly version: typeof VERSION;
  /** Of `datasetInfo`. Data that came from files are not stored. */
  readonly dataSet: string;
  /** Number of images in it for training, where that is known: the digits of the page and all of MNIST have one name. */
  readonly trainCount?: number;
  readonly runs: Readonly<Partial<Record<RunName, KeptRun>>>;
}

export const VERSION = 1;
const DATABASE = 'shuffleblock';
const STORE = 'runs';
const KEY = 'current';

/** @returns undefined where there is none, or only one of another version of the page. */
export async function loadKept(): Promise<Kept | undefined> {
  const kept = await inStore('readonly', (store) => store.get(KEY) as IDBRequest<Kept | undefined>);
  return kept?.version === VERSION ? kept : undefined;
}

/** @throws DOMException of the name QuotaExceededError where the storage is full. */
export async function storeKept(kept: Kept): Promise<void> {
  await inStore('readwrite', (store) => store.put(kept, KEY));
}

export async function deleteKept(): Promise<void> {
  await inStore('readwrite', (store) => store.delete(KEY));
}

/** Resolves when what was asked for is on the disk, not merely accepted. */
async function inStore<T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await openDatabase();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = ask(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error ?? request.error);
      transaction.onabort = () => reject(transaction.error ?? request.error);
    });
  } finally {
    database.close();
  }
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
