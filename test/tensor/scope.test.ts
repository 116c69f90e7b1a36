// Scopes: who disposes what, and the leak report.
import { afterEach, describe, expect, it } from 'vitest';
import { Parameter } from '../../src/autograd/index.js';
import { allOrNothing, keep, leakReport, liveTensors, scope, Tensor, traceTensors } from '../../src/tensor/index.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();
const make = (value = 0) => Tensor.from(device, [value], [1]);

describe('allOrNothing', () => {
  it('leaves nothing of what a body made before it threw, and all of what there was', () => {
    const outside = make();
    const before = liveTensors();
    const fails = () => {
      keep(make());
      new Parameter(make());
      throw new Error('half made');
    };
    expect(() => allOrNothing(fails)).toThrow('half made');
    expect(() => scope(() => allOrNothing(fails))).toThrow('half made');
    expect([liveTensors(), outside.isDisposed]).toEqual([before, false]);
    outside.dispose();
  });

  it('changes nothing where nothing is thrown', () => {
    const [made] = allOrNothing(() => [make()]);
    expect(made.isDisposed).toBe(false);
    made.dispose();
  });
});

describe('scope', () => {
  it('disposes what was made inside, except its result', async () => {
    const before = liveTensors();
    let inner: Tensor | undefined;
    const result = scope(() => {
      inner = make(1);
      return make(2);
    });
    expect([inner?.isDisposed, result.isDisposed, await result.item()]).toEqual([true, false, 2]);
    result.dispose();
    expect(liveTensors()).toBe(before);
  });

  it('lets tensors out in arrays and objects, nested or not', () => {
    const result = scope(() => {
      make();
      return { list: [make(), { deep: make() }], twice: make(), other: 'text', nothing: null };
    });
    const tensors = [result.list[0] as Tensor, (result.list[1] as { deep: Tensor }).deep, result.twice];
    expect(tensors.map((tensor) => tensor.isDisposed)).toEqual([false, false, false]);
    for (const tensor of tensors) tensor.dispose();
  });

  it('may return a structure that contains itself', () => {
    const result = scope(() => {
      const object: Record<string, unknown> = { tensor: make() };
      object.self = object;
      return object;
    });
    expect((result.tensor as Tensor).isDisposed).toBe(false);
    (result.tensor as Tensor).dispose();
  });

  it('passes results to the enclosing scope, which disposes them in its turn', () => {
    const before = device.memory().usedBytes;
    const seen: Tensor[] = [];
    const outer = scope(() => {
      const inner = scope(() => {
        seen.push(make());
        return make();
      });
      expect([seen[0].isDisposed, inner.isDisposed]).toEqual([true, false]);
      seen.push(inner);
      return make();
    });
    expect([seen[1].isDisposed, outer.isDisposed]).toEqual([true, false]);
    outer.dispose();
    expect(device.memory().usedBytes).toBe(before);
  });

  it('leaves alone what was made outside, also as a result', () => {
    const outside = make();
    expect(scope(() => outside)).toBe(outside);
    expect(outside.isDisposed).toBe(false);
    scope(() => void outside.view([1, 1]));
    expect(outside.isDisposed).toBe(false);
    outside.dispose();
  });

  it('keeps the buffer of a result that views a disposed tensor', async () => {
    const view = scope(() => make(5).view([1, 1]));
    expect(await view.item()).toBe(5);
    view.dispose();
  });

  it('disposes everything on an exception, in all scopes that it leaves', () => {
    const before = device.memory().usedBytes;
    const failure = new Error('stop');
    expect(() =>
      scope(() => {
        make();
        scope(() => {
          make();
          throw failure;
        });
      }),
    ).toThrow(failure);
    expect(device.memory().usedBytes).toBe(before);
    const after = scope(() => make()); // The stack of scopes is what it was: this one disposes nothing of its result.
    expect(after.isDisposed).toBe(false);
    after.dispose();
  });

  it('lets a readback start inside and end outside', async () => {
    const values = scope(() => make(3).read());
    expect(Array.from(await values)).toEqual([3]);
  });

  it('refuses an async function before running it', () => {
    let ran = false;
    expect(() =>
      scope(async () => {
        ran = true;
      }),
    ).toThrow('scope: expected a synchronous function');
    expect(ran).toBe(false);
  });

  it('disposes what is disposed inside only once', () => {
    const before = device.memory().usedBytes;
    scope(() => make().dispose());
    expect(device.memory().usedBytes).toBe(before);
  });

  it('uses the same memory for a thousand steps', () => {
    const step = () => scope(() => void [make(), make(), Tensor.zeros(device, [1000])]);
    step();
    const before = device.memory();
    for (let i = 0; i < 1000; i++) step();
    expect(device.memory()).toEqual(before);
  });
});

describe('keep', () => {
  it('takes a tensor out of every scope', () => {
    const kept = scope(() => {
      const tensor = scope(() => ({ hidden: new Map([['tensor', keep(make())]]) }));
      return tensor;
    });
    const tensor = kept.hidden.get('tensor')!;
    expect(tensor.isDisposed).toBe(false);
    tensor.dispose();
  });

  it('returns the tensor, also where no scope runs', () => {
    const tensor = make();
    expect(keep(tensor)).toBe(tensor);
    tensor.dispose();
  });
});

describe('leakReport', () => {
  afterEach(() => traceTensors(false));

  it('names the line that made a tensor, and how many it made', () => {
    traceTensors(true);
    const leaked = [1, 2].map(() => Tensor.zeros(device, [3, 5], 'u32'));
    const view = leaked[0].view([15]);
    const line = (pattern: RegExp) =>
      leakReport()
        .split('\n')
        .find((entry) => pattern.test(entry));
    expect(line(/u32 \[3,5\]/)).toMatch(/^2 x u32 \[3,5\] at .*scope\.test\.ts:\d+:\d+/);
    expect(line(/u32 \[15\]/)).toMatch(/^1 x u32 \[15\] at .*scope\.test\.ts:\d+:\d+/);
    for (const tensor of leaked) tensor.dispose();
    expect(() => leaked[0].buffer).toThrow(/was used after it was disposed \(made at .*scope\.test\.ts:\d+:\d+\)?\)/);
    view.dispose();
    expect(leakReport()).not.toMatch(/u32/);
  });

  it('says how to learn more where nothing was traced', () => {
    const leaked = Tensor.zeros(device, [2, 2], 'i32');
    expect(leakReport()).toContain('1 x i32 [2,2] (call traceTensors(true) first to see where)');
    leaked.dispose();
  });
});
