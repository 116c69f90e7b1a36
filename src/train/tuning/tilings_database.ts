// Measured tilings in a browser: in its IndexedDB, by adapter.

import { InputError } from '../../device/index.js';
import { encodeTilings, parseTilings, type TilingsStore } from './tilings_file.js';

const DATABASE = 'shuffleblock-tilings';
const STORE = 'tilings';

/** What is used of IndexedDB, whose own types would bring all of a page's into Node's. */
interface Request<T> {
  readonly result: T;
  readonly error: Error | null;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}
interface Store {
  get(key: string): Request<unknown>;
  put(value: string, key: string): Request<unknown>;
}
interface Database {
  createObjectStore(name: string): unknown;
  transaction(name: string, mode: 'readonly' | 'readwrite'): { objectStore(name: string): Store };
  close(): void;
}
interface Factory {
  open(name: string, version: number): Request<Database> & { onupgradeneeded: (() => void) | null };
}

/** For pages and workers. Its calls reject where the browser keeps nothing, as in some private windows. */
export function tilingsDatabase(): TilingsStore {
  return {
    async load(adapter) {
      const text = await inStore('readonly', (store) => store.get(adapter));
      return typeof text === 'string' ? parseTilings(text, `tilings of ${adapter}`) : [];
    },
    async save(adapter, operations) {
      await inStore('readwrite', (store) => store.put(encodeTilings(adapter, operations), adapter));
    },
  };
}

async function inStore<T>(mode: 'readonly' | 'readwrite', ask: (store: Store) => Request<T>): Promise<T> {
  const { indexedDB } = globalThis as { indexedDB?: Factory };
  if (!indexedDB) throw new InputError('tilingsDatabase: expected a browser with IndexedDB, got none');
  const open = indexedDB.open(DATABASE, 1);
  open.onupgradeneeded = () => open.result.createObjectStore(STORE);
  const database = await settled(open);
  try {
    return await settled(ask(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

function settled<T>(request: Request<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
