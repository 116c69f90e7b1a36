// shuffleblock info: what this machine offers.

import { DATASET_NAMES } from '../data/index.node.js';
import type { AdapterChoice } from '../device/index.js';
import { MODEL_NAMES } from '../models/index.js';
import { METHOD_NAMES } from '../train/index.js';
import { openCommandDevice } from './options.js';
import { packageVersion } from './version.js';

export async function infoCommand({ adapter, json }: { adapter: AdapterChoice; json?: boolean }): Promise<void> {
  const device = await openCommandDevice(adapter);
  try {
    if (json) {
      console.log(JSON.stringify({ version: packageVersion(), node: process.version, ...device.info }, null, 2));
      return;
    }
    console.log(
      `version    shuffleblock ${packageVersion()}, Node ${process.version}, ${process.platform} ${process.arch}`,
    );
    console.log(device.report());
    console.log(`models     ${MODEL_NAMES.join(', ')}`);
    console.log(`data sets  ${DATASET_NAMES.join(', ')}`);
    console.log(`methods    ${METHOD_NAMES.join(', ')}`);
  } finally {
    device.destroy();
  }
}
