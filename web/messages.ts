// What the page and its worker say to each other. The worker owns GPU, data and training; the page asks, and shows what it is told.

import type { LayerEntry as LayerFacts } from '../src/dashboard/messages.js';
import type { EpochEvent, RunConfig, StepEvent, TopologyEvent } from '../src/train/index.js';

/** The run that the visitor set up, and beside it, if asked for, one with the same settings that prunes nothing. */
export type RunName = 'main' | 'twin';

export type Request =
  /** First. @param base the page's address. */
  | { readonly type: 'open'; readonly base: string }
  /**
   * A new run at step 0, in the place of the present one, to be looked at before it trains. A run that waits for its data goes on instead.
   * @param files the data set's; none for the digits of the page.
   */
  | { readonly type: 'prepare'; readonly config: RunConfig; readonly files: readonly File[] }
  | { readonly type: 'run' | 'pause' | 'step' }
  /** Forgets the run, here and in the browser's storage. */
  | { readonly type: 'discard' }
  /** Trains a twin too, or no longer. */
  | { readonly type: 'compare'; readonly isOn: boolean }
  /** From now on, pictures of this layer. */
  | { readonly type: 'watch'; readonly layer: string }
  /** @param image u8 [channels, height, width]; answered by a prediction. */
  | { readonly type: 'predict'; readonly image: Uint8Array }
  /** @param index taken modulo their number; answered by that image. */
  | { readonly type: 'test image'; readonly index: number }
  | { readonly type: 'export' }
  /** The run of a checkpoint, in the place of the present one. */
  | { readonly type: 'import'; readonly file: File }
  | { readonly type: 'hidden' };

/** A step line with what it costs. */
export interface StepLine extends StepEvent {
  /** Share of the images since the last such line that were told rightly, before the update that their batch made. */
  readonly accuracy: number;
  readonly imagesPerSecond: number;
}

/** A line of a run's history: as in metrics.jsonl, and a little more. */
export type Line = StepLine | TopologyEvent | EpochEvent;

export interface DeviceFacts {
  readonly description: string;
  readonly isSoftware: boolean;
  readonly features: readonly string[];
}

export type { LayerFacts };

export interface RunFacts {
  readonly config: RunConfig;
  readonly layers: readonly LayerFacts[];
  readonly images: ImageFacts;
}

export interface ImageFacts {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** By label. */
  readonly classNames: readonly string[];
  /** Trained on. */
  readonly trainCount: number;
  /** Evaluated after each epoch. */
  readonly testCount: number;
}

/** A layer's weight as a matrix. */
export interface Picture {
  readonly layer: string;
  readonly rows: number;
  readonly columns: number;
  /** [rows*columns], NaN where pruned. */
  readonly weights: Float32Array;
  /** Of a weight in blocks: its tables, see docs/format.md. */
  readonly blocks?: BlockPlaces;
}

export interface BlockPlaces {
  readonly blockSize: number;
  readonly groupRows: Uint32Array;
  readonly groupStart: Uint32Array;
  readonly blockColumns: Uint32Array;
}

export interface TestImage {
  readonly index: number;
  readonly label: number;
  /** u8 [channels, height, width]. */
  readonly image: Uint8Array;
}

/** What a visitor can do next follows from it. The page itself says `opening`, and `no worker` where that could not be loaded. */
export type Phase = 'opening' | 'no worker' | 'no device' | 'empty' | 'running' | 'paused' | 'finished';

export interface State {
  readonly phase: Phase;
  readonly step: number;
  /** 0 where there is no run. */
  readonly totalSteps: number;
}

export type Report =
  | { readonly type: 'device'; readonly device: DeviceFacts }
  | { readonly type: 'no device'; readonly reason: string }
  | ({ readonly type: 'state' } & State)
  /** A run is there, in the place of the former of that name; its lines so far follow. */
  | { readonly type: 'begin'; readonly run: RunName; readonly facts: RunFacts }
  | { readonly type: 'end'; readonly run: RunName }
  /** Floating-point operations of one image, forward, of weights that are not pruned; told once the run trains. */
  | { readonly type: 'flops'; readonly run: RunName; readonly flops: number }
  | { readonly type: 'lines'; readonly run: RunName; readonly lines: readonly Line[] }
  | { readonly type: 'picture'; readonly picture: Picture }
  /** @param logits [classes]. */
  | { readonly type: 'prediction'; readonly logits: Float32Array }
  | ({ readonly type: 'test image' } & TestImage)
  /** @param counts [classes, classes]: images that are evaluated, by label and by what the main run's network takes them for, after so many steps. */
  | { readonly type: 'confusion'; readonly step: number; readonly counts: Uint32Array }
  /** A run waits for files of this set. */
  | { readonly type: 'files wanted'; readonly dataSet: string }
  | { readonly type: 'exported'; readonly name: string; readonly bytes: Uint8Array }
  | { readonly type: 'notice'; readonly level: NoticeLevel; readonly text: string; readonly topic?: NoticeTopic };

export type NoticeLevel = 'note' | 'warning' | 'error';

/** `settings`: it is of no interest any more once a run could be made; `server`: once the dashboard's server answers. */
export type NoticeTopic = 'settings' | 'server';

/** Tells the page. */
export type Tell = (report: Report, transfer?: ArrayBufferLike[]) => void;
