// Where a training step gets its batches from: images that live on the GPU, or images that are decoded as training goes.

import type { Device } from '../device/index.js';
import { type DType, type Shape, sameShape, Tensor } from '../tensor/index.js';
import type { AnySplit, DatasetInfo } from './dataset.js';
import { ResidentImages } from './resident_images.js';

export interface ImageBatch {
  /** f32 [C,H,W,N], normalised. */
  readonly images: Tensor;
  /** u32 [N]. */
  readonly labels: Tensor;
}

/** What a batch is made from, on the GPU. */
export interface UploadedBatch {
  /** Images. */
  readonly size: number;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

export interface ImageSource {
  readonly count: number;
  /** By image, damaged ones too. */
  readonly labels: ArrayLike<number>;
  readonly dataset: DatasetInfo;
  /** Images of the epoch so far that could not be decoded and were left out. */
  readonly skipped: number;
  /** Milliseconds of the epoch so far in which `ready` waited for images that were not decoded yet. */
  readonly waitedMs: number;
  /**
   * @param samples of an epoch, or of anything: see `epochSamples`.
   * @param cropSeed of the random parts that a set with `resizedCrop` shows; without it, images are shown as in evaluation.
   */
  startEpoch(samples: Uint32Array, cropSeed?: number): void;
  /**
   * Resolves when these samples of the epoch can be asked for, and lets go of those before `first`.
   * @throws InputError if an image cannot be decoded and is not to be skipped.
   */
  ready(first: number, size: number): Promise<void>;
  /**
   * Uploads what these samples, or part of those that are ready, are made from; damaged images are left out.
   * @param into an earlier batch, to be overwritten and returned if it has the size.
   */
  upload(first: number, size: number, into?: UploadedBatch): UploadedBatch;
  /** The images, computed from nothing but what was uploaded and what is always on the GPU. Tensors belong to the running scope. */
  assemble(batch: UploadedBatch): ImageBatch;
  dispose(): void;
}

/** These samples, or part of those that are ready; damaged images are left out. Tensors belong to the running scope. */
export function takeBatch(source: ImageSource, first: number, size: number): ImageBatch {
  const uploaded = source.upload(first, size);
  const batch = source.assemble(uploaded);
  freeBatch(uploaded);
  return batch;
}

export function freeBatch({ tensors }: UploadedBatch): void {
  for (const tensor of Object.values(tensors)) tensor.dispose();
}

/** A tensor of these values: `into`, overwritten, if it has the shape. */
export function upload(
  device: Device,
  values: ArrayLike<number>,
  shape: Shape,
  dtype: DType,
  into: Tensor | undefined,
): Tensor {
  return into && sameShape(into.shape, shape) ? into.write(values) : Tensor.from(device, values, shape, dtype);
}

/** @param batchSize of most requests. */
export function openImages(device: Device, split: AnySplit, dataset: DatasetInfo, batchSize: number): ImageSource {
  return 'images' in split ? new ResidentImages(device, split, dataset) : split.open(device, dataset, batchSize);
}
