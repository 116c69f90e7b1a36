// How long each of a list of commands takes on the GPU: every dispatch in a pass of its own, between two timestamps.

import type { BoundCommand } from './command_stream.js';

export interface Timing {
  /** Milliseconds from the start of the first dispatch. */
  readonly startMs: number;
  readonly ms: number;
}

/** WebGPU's limit of a query set, two for each dispatch. */
const MOST_DISPATCHES = 2048;
const QUERY_USAGE = 0x200 | 0x4; // QUERY_RESOLVE | COPY_SRC
const READBACK_USAGE = 0x1 | 0x8; // MAP_READ | COPY_DST

/**
 * Runs the commands, with all earlier work submitted.
 * @param wait for what is asked of the GPU.
 * @returns the time of each dispatch, in their order; copies and fills are run, not timed.
 */
export async function timeCommands(
  gpu: GPUDevice,
  commands: readonly BoundCommand[],
  wait: <T>(ask: () => Promise<T>) => Promise<T>,
): Promise<Timing[]> {
  const stamps: bigint[] = [];
  for (let start = 0; start < commands.length; start += MOST_DISPATCHES) {
    stamps.push(...(await stampsOf(gpu, commands.slice(start, start + MOST_DISPATCHES), wait)));
  }
  const timings: Timing[] = [];
  for (let i = 0; i < stamps.length; i += 2) {
    timings.push({ startMs: Number(stamps[i] - stamps[0]) / 1e6, ms: Number(stamps[i + 1] - stamps[i]) / 1e6 });
  }
  return timings;
}

/** Nanoseconds before and after each dispatch. */
async function stampsOf(
  gpu: GPUDevice,
  commands: readonly BoundCommand[],
  wait: <T>(ask: () => Promise<T>) => Promise<T>,
): Promise<bigint[]> {
  const count = 2 * commands.filter(({ type }) => type === 'dispatch').length;
  // There may be copies and fills alone; no set, and no mapped buffer, is empty.
  const size = Math.max(count, 1);
  const querySet = gpu.createQuerySet({ type: 'timestamp', count: size });
  const resolved = gpu.createBuffer({ size: 8 * size, usage: QUERY_USAGE });
  const readable = gpu.createBuffer({ size: 8 * size, usage: READBACK_USAGE });
  const encoder = gpu.createCommandEncoder();
  let next = 0;
  for (const command of commands) {
    if (command.type === 'copy') {
      encoder.copyBufferToBuffer(command.source, 0, command.target, 0, command.sizeBytes);
    } else if (command.type === 'clear') {
      encoder.clearBuffer(command.target, 0, command.sizeBytes);
    } else {
      const timestampWrites = { querySet, beginningOfPassWriteIndex: next++, endOfPassWriteIndex: next++ };
      const pass = encoder.beginComputePass({ timestampWrites });
      pass.setPipeline(command.pipeline);
      pass.setBindGroup(0, command.bindGroup);
      pass.dispatchWorkgroups(...command.grid);
      pass.end();
    }
  }
  if (count > 0) encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, readable, 0, 8 * size);
  gpu.queue.submit([encoder.finish()]);
  await wait(() => readable.mapAsync(GPUMapMode.READ));
  const stamps = [...new BigUint64Array(readable.getMappedRange(), 0, count)];
  for (const resource of [querySet, resolved, readable]) resource.destroy();
  return stamps;
}
