// What the campaign takes from shuffleblock itself: flags are read and checked, folders locked and files written by the code of `train`.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PlanError } from './plan.mjs';

const MODULES = [
  ...[
    'cli/train/train_options',
    'cli/train/train_config',
    'cli/progress',
    'cli/bench/random_images',
    'train/index',
    'host/atomic_write.node',
  ],
  ...['data/index', 'device/index', 'host/folder_lock.node'],
];

/**
 * @param dist folder of the built package.
 * @throws PlanError if it was not built.
 */
export async function loadEngine(dist) {
  if (!existsSync(join(dist, 'cli/start.cjs'))) {
    throw new PlanError(`${dist}: expected the built package, got none; \`npm run build\` makes it`);
  }
  const load = (path) => import(pathToFileURL(resolve(dist, `${path}.js`)).href);
  await load('device/dawn/gpu_provider.node');
  const modules = await Promise.all(MODULES.map(load));
  return { program: resolve(dist, 'cli/start.cjs'), ...Object.assign({}, ...modules) };
}
