// Training: methods, optimizer, the loop, evaluation, checkpoints. Browser-safe.

export { type ConfigDifference, configDifferences, parseConfig } from './config/config_file.js';
export { type EvaluatedOn, evaluatedOn } from './config/evaluated_on.js';
export { type LayerPlan, type LayerRule, type PlanConfig, planLayers } from './config/layer_plan.js';
export {
  GROWTH_NAMES,
  type GrowthName,
  METHOD_NAMES,
  type Method,
  type MethodName,
  methodNamed,
} from './config/method.js';
export {
  type CompleteSettings,
  completeSettings,
  type ModelSettings,
  parseSettings,
  settingsOf,
} from './config/model_settings.js';
export { outputClasses } from './config/original.js';
export {
  ADAMW_RECIPE,
  createOptimizer,
  LR_SCHEDULE_NAMES,
  type LrScheduleName,
  learningRateOf,
  OPTIMIZER_NAMES,
  type OptimizerName,
  rateAtBatch,
} from './config/recipe.js';
export { checkConfig, defaultConfig, type RunConfig } from './config/run_config.js';
export { DivergenceError } from './divergence.js';
export { evaluate } from './evaluate.js';
export type { EpochEvent, MetricsLine, OverflowEvent, PauseEvent, StepEvent, TrainingEvent } from './events.js';
export { type BundleOptions, encodeBundle, isBundle, unpackBundle } from './files/bundle.js';
export {
  type Checkpoint,
  type CheckpointPosition,
  encodeCheckpoint,
  evaluatedState,
  isCheckpoint,
  type NetworkSize,
  parseCheckpoint,
  sealCheckpoint,
} from './files/checkpoint.js';
export { loadModel, type ModelFile, parseModelFile } from './files/model_file.js';
export { onnxModel } from './files/onnx/onnx_model.js';
export type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './files/onnx/schema.js';
export { restoreTrainer } from './files/restore.js';
export { asFloat32, type SafetensorsFile, type SafetensorsTensor, safetensor } from './files/safetensors.js';
export { parseSafetensors } from './files/safetensors_reader.js';
export { encodeSafetensors } from './files/safetensors_writer.js';
export { type LoadOptions, loadState, type NamedTensors, readDenseState, readState } from './files/state_dict.js';
export { type StoredWeight, storedShapes, storedWeight, tensorsOfWeight } from './files/stored_weight.js';
export { type Flops, type ImageSize, layerFlops, TRAINING_FACTOR, totalFlops } from './flops.js';
export { LossScale, type LossScaleOptions, type Overflow } from './loss_scale.js';
export type { MemoryNeed } from './memory_need.js';
export { Metrics, type Summary } from './metrics.js';
export { Adamw, type AdamwOptions } from './optim/adamw.js';
export {
  constant,
  cosine,
  type LearningRate,
  type MultiStepOptions,
  multiStep,
  warmUp,
  warmUpOfOriginal,
} from './optim/learning_rate.js';
export type { Optimizer, WeightState } from './optim/optimizer.js';
export { Sgd, type SgdOptions } from './optim/sgd.js';
export { WeightAverage } from './optim/weight_average.js';
export type { Position } from './position.js';
export { checkPrecision, PRECISIONS } from './precision.js';
export { type ImageFormat, largestOfRows, predict, predictPixels, softmaxOfRows } from './predict.js';
export { createTrainer, type InitialState } from './setup.js';
export { chromeTrace, type PartProfile, type StepProfile } from './step_profile.js';
export { formatSummary, type LayerSummary, layerSummaries, sparsityOf } from './summary.js';
export { alignColumns } from './topology/align_columns.js';
export {
  type TopologyEvent,
  type TopologyOptions,
  type TopologyState,
  TopologyUpdates,
} from './topology/topology_updates.js';
export { type RunOptions, Trainer, type TrainerParts } from './trainer.js';
export type { StepTrial } from './training_step.js';
export { type AutotuneOptions, autotune, type TunedOperation } from './tuning/autotune.js';
export { tilingsDatabase } from './tuning/tilings_database.js';
export { encodeTilings, mergeTilings, parseTilings, type TilingsStore } from './tuning/tilings_file.js';
