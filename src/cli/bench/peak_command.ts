// shuffleblock bench peak: what the adapter can do at most, which other benchmarks give shares of.

import type { Command } from 'commander';
import type { AdapterChoice } from '../../device/index.js';
import { addAdapterOption, openCommandDevice } from '../options.js';
import { addJsonOption, checkJsonPath, saveJson } from './json_rows.js';
import { describePeaks, measurePeaks, peakRows } from './peak.js';

export function addPeakCommand(bench: Command): void {
  const command = bench
    .command('peak')
    .description('What the adapter can do at most, measured: bytes copied and multiply-adds done in a second.');
  addAdapterOption(addJsonOption(command)).action(peakCommand);
}

async function peakCommand({ json, adapter }: { json?: string; adapter: AdapterChoice }): Promise<void> {
  checkJsonPath(json);
  const device = await openCommandDevice(adapter);
  try {
    console.log(device.report());
    const peaks = await measurePeaks(device);
    console.log(describePeaks(peaks));
    await saveJson(json, peakRows(peaks, device.info.description));
    if (json !== undefined) console.log(`saved ${json}`);
  } finally {
    device.destroy();
  }
}
