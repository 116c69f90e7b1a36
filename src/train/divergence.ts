// What went wrong when a loss is not finite: the first parameter or layer output that is not. Parameters are frozen at the last good
// ones by then (see `guardLoss`), so the failing step can be done again and looked at.

import { noGrad } from '../autograd/index.js';
import { InputError } from '../device/index.js';
import { type Module, watchOutputs } from '../nn/index.js';
import { type ActivationType, scope, type Tensor } from '../tensor/index.js';
import type { EvaluatedOn } from './config/evaluated_on.js';
import type { Overflow } from './loss_scale.js';

/** Training ended because a loss, or every gradient of f16, was not finite. */
export class DivergenceError extends InputError {
  override name = 'DivergenceError';
  constructor(
    message: string,
    /** Whose loss was not finite; its update was not made. */
    readonly step: number,
  ) {
    super(message);
  }
}

interface JudgedStep {
  readonly step: number;
  readonly model: Module;
  readonly precision: ActivationType;
}

export interface FailedStep extends JudgedStep {
  /** The forward pass again, in as many parts as it had. */
  readonly forwards: readonly (() => Tensor)[];
  /** Of gradients, if that is what it failed by. */
  readonly overflow?: Overflow;
}

export interface FailedEvaluation extends JudgedStep {
  readonly images: EvaluatedOn;
}

export async function divergence({ step, model, precision, forwards, overflow }: FailedStep): Promise<DivergenceError> {
  const kept = `Parameters are kept as they were before this step. ${advice(precision)}`;
  if (overflow) {
    const { parameter, lossScale } = overflow;
    return new DivergenceError(
      `step ${step}: expected finite gradients at a loss scale of ${lossScale}, got NaN or infinity in that of ${parameter}. ${kept}`,
      step,
    );
  }
  let place = await badParameter(model, step);
  for (const forward of forwards) place ??= await badOutput(model, forward);
  return new DivergenceError(
    `step ${step}: expected a finite loss, got NaN or infinity; ${place ?? 'every output of a layer is finite'}. ` +
      kept,
    step,
  );
}

/**
 * A loss of an evaluation that is not finite says that the last update, which no training loss has judged yet, went too far. In f16 an evaluation
 * may overflow while the weights, which are f32, are sound: training goes on then.
 * @param step of the last update.
 * @throws DivergenceError
 */
export async function refuseEvaluation({ step, model, precision, images }: FailedEvaluation): Promise<void> {
  const place = await badParameter(model, step + 1);
  if (precision === 'f16' && place === undefined) return;
  const what = place ?? 'every parameter is finite';
  throw new DivergenceError(
    `step ${step}: expected a finite loss on the ${images} images after it, got NaN or infinity; ${what}. ${advice(precision)}`,
    step,
  );
}

async function badParameter(model: Module, step: number): Promise<string | undefined> {
  for (const [name, parameter] of model.parameters()) {
    if (await allFinite(parameter)) continue;
    return `parameter ${name} is not finite ${step === 0 ? 'from the start' : `since the update of step ${step - 1}`}`;
  }
  return undefined;
}

function advice(precision: ActivationType): string {
  return `Try a lower learning rate${precision === 'f16' ? ', or --precision f32' : ''}`;
}

/** Runs the model with every part's output watched. */
async function badOutput(model: Module, forward: () => Tensor): Promise<string | undefined> {
  const outputs = scope(() => noGrad(() => watchedForward(model, forward)));
  // All of them: a readback that is left pending fails when the device is destroyed.
  const verdicts = await Promise.all(outputs.map(([, finite]) => finite));
  const first = verdicts.indexOf(false);
  if (first < 0) return undefined;
  const [name] = outputs[first];
  return `the first output that is not finite is that of ${name === '' ? 'the model' : name}`;
}

/** Name and verdict for every part, in the order in which they finish. */
function watchedForward(model: Module, forward: () => Tensor): [string, Promise<boolean>][] {
  const outputs: [string, Promise<boolean>][] = [];
  const note = (name: string, output: Tensor) => outputs.push([name, allFinite(output)]);
  watchOutputs(model, note, forward);
  return outputs;
}

async function allFinite(tensor: Tensor): Promise<boolean> {
  return (await tensor.read()).every((value) => Number.isFinite(value));
}
