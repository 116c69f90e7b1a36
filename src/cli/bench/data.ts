// `bench data`: how fast batches come about. Small images through the streaming loader, image files through it against sharp alone, and
// the batch of a set that lives on the GPU against a whole training step.

import { type AnyDataset, CIFAR10, epochSamples, type ImageSplit, openImages } from '../../data/index.js';
import type { Device } from '../../device/index.js';
import { openJpegFiles } from './jpeg_files.js';
import { epochThroughLoader, residentBatch, streamFromMemory } from './loader_tasks.js';
import { randomDataset } from './random_images.js';
import { StepTraining } from './step_training.js';
import { stepVariants } from './step_variants.js';
import { inTurns, type Measurement, median, spread } from './timing.js';

/** A row of `--json`. */
export interface DataRow {
  readonly engine: 'shuffleblock' | 'sharp';
  readonly adapter: string;
  /** What is done; `cifar` are images of its shape. */
  readonly task: 'cifar-streamed' | 'jpeg-training' | 'jpeg-evaluation' | 'cifar-resident';
  /** Of the result; height and width are equal. */
  readonly imageSize: number;
  readonly batchSize: number;
  /** Images decoded at the same time; 0 where none is decoded. */
  readonly threads: number;
  /** Of one batch; median of all rounds. */
  readonly ms: number;
  /** Half the range between the quartiles. */
  readonly spreadMs: number;
  readonly imagesPerSecond: number;
  /** Of `cifar-resident`: the network whose step it is compared with, and the milliseconds of that. */
  readonly model?: string;
  readonly stepMs?: number;
}

export interface BenchDataOptions {
  /** A folder with `train/CLASS/*.jpg`, and its images, decoded `threads` at a time; image files are left out without it. */
  readonly files?: { readonly dir: string; readonly dataset: AnyDataset; readonly threads: number };
  /** Images of CIFAR's shape. */
  readonly images: number;
  /** Whose step the resident batch is compared with. */
  readonly model: string;
  readonly batchSize: number;
  /** For all of it; everything gets at least three rounds. */
  readonly seconds: number;
  readonly report?: (note: string) => void;
  readonly onRows?: (rows: readonly DataRow[]) => Promise<void>;
}

/** How sparse the network is whose step the resident batch is compared with; a dense step takes longer. */
const STEP = { methods: ['ssb'], sparsities: [0.9] } as const;

/** @throws InputError if an image that is read is damaged. */
export async function benchData(device: Device, options: BenchDataOptions): Promise<void> {
  const { files, onRows = async () => {} } = options;
  const tasks = [benchStreamed, ...(files === undefined ? [] : [benchJpegs]), benchResident];
  const end = performance.now() + options.seconds * 1000;
  for (const [done, task] of tasks.entries()) {
    const now = performance.now();
    await onRows(await task(device, options, now + (end - now) / (tasks.length - done)));
    device.trim();
  }
}

async function benchStreamed(device: Device, options: BenchDataOptions, deadline: number): Promise<DataRow[]> {
  const { images: count, batchSize, report = () => {} } = options;
  const source = streamFromMemory(device, randomImages(count), CIFAR10, batchSize);
  const { augmentation } = CIFAR10;
  const drawEpoch = () => ({ samples: epochSamples({ count, epoch: 0, seed: 0, shuffle: true, augmentation }) });
  const epoch = epochThroughLoader(device, source, batchSize, drawEpoch);
  // The JIT compiles in the first one.
  await epoch();
  const onRound = (round: number) => report(`CIFAR, streamed: round ${round}`);
  const [samples] = await inTurns([epoch], { deadline, onRound });
  source.dispose();
  return [row(device, { task: 'cifar-streamed', imageSize: CIFAR10.height, batchSize, threads: 0 }, samples, count)];
}

async function benchJpegs(device: Device, options: BenchDataOptions, deadline: number): Promise<DataRow[]> {
  const { batchSize, report = () => {} } = options;
  const { dir, dataset, threads } = options.files!;
  report('image files: sizes');
  const files = await openJpegFiles(device, { dir, dataset, threads, batchSize });
  const rows: DataRow[] = [];
  for (const task of ['jpeg-training', 'jpeg-evaluation'] as const) {
    const measurements = task === 'jpeg-training' ? files.training : files.evaluation;
    const onRound = (round: number) => report(`${task}: round ${round}`);
    const now = performance.now();
    const own = task === 'jpeg-training' ? now + (deadline - now) / 2 : deadline;
    const [loader, sharp] = await inTurns([measurements.loader, measurements.sharpAlone], { deadline: own, onRound });
    const shared = { task, imageSize: dataset.height, batchSize, threads };
    rows.push(row(device, shared, loader, files.count), {
      ...row(device, shared, sharp, files.count),
      engine: 'sharp',
    });
  }
  files.dispose();
  return rows;
}

async function benchResident(device: Device, options: BenchDataOptions, deadline: number): Promise<DataRow[]> {
  const { images, model, batchSize, report = () => {} } = options;
  report(`${model}: first steps`);
  const [variant] = stepVariants(model, { ...STEP, batchSize, dataSet: CIFAR10.name });
  const training = await StepTraining.begin(device, variant, { steps: 1, record: true });
  const source = openImages(device, randomImages(images), CIFAR10, batchSize);
  try {
    await training.warmUp();
    const batch = await residentBatch(device, source, batchSize);
    const [step]: Measurement[] = training.measurements;
    const onRound = (round: number) => report(`CIFAR, resident, and ${model}: round ${round}`);
    const [samples, steps] = await inTurns([batch, step], { deadline, onRound });
    const shared = { task: 'cifar-resident', imageSize: CIFAR10.height, batchSize, threads: 0 } as const;
    return [{ ...row(device, shared, samples, batchSize), model, stepMs: median(steps) }];
  } finally {
    source.dispose();
    training.dispose();
  }
}

function randomImages(count: number): ImageSplit {
  return randomDataset(CIFAR10, count, count).test as ImageSplit;
}

/** @param samples milliseconds that `images` images took. */
function row(
  { info }: Device,
  what: Pick<DataRow, 'task' | 'imageSize' | 'batchSize' | 'threads'>,
  samples: readonly number[],
  images: number,
): DataRow {
  const batches = images / what.batchSize;
  const ms = median(samples) / batches;
  return {
    ...{ engine: 'shuffleblock', adapter: info.description, ...what, ms, spreadMs: spread(samples) / batches },
    imagesPerSecond: (1000 * what.batchSize) / ms,
  };
}
