// Training: methods, optimizer, the loop, evaluation, checkpoints. Browser-safe.

export { Adamw, type AdamwOptions } from './adamw.js';
export { alignColumns } from './align_columns.js';
export { type AutotuneOptions, autotune, type TunedOperation } from './autotune.js';
export { type BundleOptions, encodeBundle, isBundle, unpackBundle } from './bundle.js';
export {
  type Checkpoint,
  type CheckpointPosition,
  encodeCheckpoint,
  evaluatedState,
  isCheckpoint,
  type NetworkSize,
  parseCheckpoint,
  sealCheckpoint,
} from './checkpoint.js';
export { type ConfigDifference, configDifferences, parseConfig } from './config_file.js';
export { DivergenceError } from './divergence.js';
export { evaluate } from './evaluate.js';
export type { EpochEvent, MetricsLine, OverflowEvent, PauseEvent, StepEvent, TrainingEvent } from './events.js';
export { type Flops, type ImageSize, layerFlops, TRAINING_FACTOR, totalFlops } from './flops.js';
export { type LayerPlan, type LayerRule, type PlanConfig, planLayers } from './layer_plan.js';
export {
  constant,
  cosine,
  type LearningRate,
  type MultiStepOptions,
  multiStep,
  warmUp,
  warmUpOfOriginal,
} from './learning_rate.js';
export { LossScale, type LossScaleOptions, type Overflow } from './loss_scale.js';
export type { MemoryNeed } from './memory_need.js';
export {
  GROWTH_NAMES,
  type GrowthName,
  METHOD_NAMES,
  type Method,
  type MethodName,
  methodNamed,
} from './method.js';
export { Metrics, type Summary } from './metrics.js';
export { loadModel, type ModelFile, parseModelFile } from './model_file.js';
export {
  type CompleteSettings,
  completeSettings,
  type ModelSettings,
  parseSettings,
  settingsOf,
} from './model_settings.js';
export { onnxModel } from './onnx/onnx_model.js';
export type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './onnx/schema.js';
export type { Optimizer, WeightState } from './optimizer.js';
export { outputClasses } from './original.js';
export type { Position } from './position.js';
export { checkPrecision, PRECISIONS } from './precision.js';
export { type ImageFormat, largestOfRows, predict, predictPixels, softmaxOfRows } from './predict.js';
export {
  ADAMW_RECIPE,
  createOptimizer,
  LR_SCHEDULE_NAMES,
  type LrScheduleName,
  learningRateOf,
  OPTIMIZER_NAMES,
  type OptimizerName,
  rateAtBatch,
} from './recipe.js';
export { restoreTrainer } from './restore.js';
export { checkConfig, defaultConfig, type RunConfig } from './run_config.js';
export { asFloat32, type SafetensorsFile, type SafetensorsTensor, safetensor } from './safetensors.js';
export { parseSafetensors } from './safetensors_reader.js';
export { encodeSafetensors } from './safetensors_writer.js';
export { createTrainer, type InitialState } from './setup.js';
export { Sgd, type SgdOptions } from './sgd.js';
export { type LoadOptions, loadState, type NamedTensors, readDenseState, readState } from './state_dict.js';
export { chromeTrace, type PartProfile, type StepProfile } from './step_profile.js';
export { type StoredWeight, storedShapes, storedWeight, tensorsOfWeight } from './stored_weight.js';
export { formatSummary, type LayerSummary, layerSummaries, sparsityOf } from './summary.js';
export { tilingsDatabase } from './tilings_database.js';
export { encodeTilings, mergeTilings, parseTilings, type TilingsStore } from './tilings_file.js';
export { type TopologyEvent, type TopologyOptions, type TopologyState, TopologyUpdates } from './topology_updates.js';
export { type RunOptions, Trainer, type TrainerParts } from './trainer.js';
export type { StepTrial } from './training_step.js';
export { WeightAverage } from './weight_average.js';
