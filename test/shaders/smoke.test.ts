// The whole way through a GPU, without the engine: an adapter, a device, one dispatch, its result.
import { expect, it } from 'vitest';
import { findAdapter } from '../../src/device/gpu_provider.js';

it('runs a compute shader on the adapter of this tier', async () => {
  const { adapter, description, release } = await findAdapter({ adapter: 'auto' });
  expect(description).not.toBe('');
  const device = await adapter.requestDevice();
  try {
    expect(
      await square(
        device,
        Uint32Array.from({ length: 100 }, (_, i) => i),
      ),
    ).toEqual(Uint32Array.from({ length: 100 }, (_, i) => i * i));
  } finally {
    device.destroy();
    release();
  }
});

async function square(device: GPUDevice, values: Uint32Array<ArrayBuffer>): Promise<Uint32Array> {
  const code = `
    @group(0) @binding(0) var<storage, read_write> values: array<u32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
      if (id.x < arrayLength(&values)) { values[id.x] = values[id.x] * values[id.x]; }
    }`;
  const module = device.createShaderModule({ code });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const buffer = device.createBuffer({ size: values.byteLength, usage: STORAGE | COPY_SRC | COPY_DST });
  const result = device.createBuffer({ size: values.byteLength, usage: COPY_DST | MAP_READ });
  device.queue.writeBuffer(buffer, 0, values);
  const layout = pipeline.getBindGroupLayout(0);
  const group = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer } }] });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(Math.ceil(values.length / 64));
  pass.end();
  encoder.copyBufferToBuffer(buffer, 0, result, 0, values.byteLength);
  device.queue.submit([encoder.finish()]);
  await result.mapAsync(GPUMapMode.READ);
  return new Uint32Array(result.getMappedRange().slice(0));
}
