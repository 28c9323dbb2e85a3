/** The public API of torch-c3d. */
export { architectures } from './architectures'
export { type ClipBatch, ClipLoader } from './clip-loader'
export { type ClipMean, clipMean } from './clip-mean'
export type {
  Architecture,
  ArchitectureData,
  ArchitectureInput,
  ArchitectureLayer,
  ArchitectureName,
  ArchitectureOptions,
} from './config/architectures'
export type { ClipCache } from './config/cache'
export type { ClipLoaderOptions } from './config/clip-loader'
export type { ClipMeanOptions } from './config/clip-mean'
export type {
  FoldOptions,
  GroupBy,
  IndexingProgress,
  OpenOptions,
  ReportOptions,
  SplitListsOptions,
  SplitOptions,
} from './config/dataset'
export type { FramesOptions } from './config/frames'
export type { CreateOptions, LoadOptions, ModelConfig } from './config/model'
export type { MotionName, MotionOptions } from './config/motion'
export type { PackingProgress, PackOptions } from './config/pack'
export type { Preprocessing, PreprocessingOptions } from './config/preprocessing'
export { type Preset, type PresetName, presets } from './config/presets'
export type { RuntimeOptions } from './config/runtime'
export type { Clips } from './config/sampling'
export type {
  Aggregate,
  EvaluateOptions,
  FusedEvaluateOptions,
  FusedPredictOptions,
  PredictOptions,
  ScoringProgress,
} from './config/scoring'
export type { TrainingConfig } from './config/training'
export { VideoDataset } from './dataset'
export type { DatasetProblem } from './dataset/listing'
export type { Overlap } from './dataset/overlap'
export type { ClassReport, DatasetReport, Duplicates } from './dataset/report'
export type { VideoItem } from './dataset/video-item'
export { type Evaluation, evaluate, type FusedEvaluation } from './evaluation'
export { saveConfusion } from './evaluation/confusion-file'
export type { MultiLabelScores } from './evaluation/multi-label-metrics'
export { saveResults } from './evaluation/results-file'
export type { LabelProbability } from './evaluation/top-labels'
export type { ClassScore, VideoScores } from './evaluation/video-metrics'
export type { VideoResult } from './evaluation/video-result'
export { type Frames, frames } from './frames'
export { type ArchitectureSummary, C3D, type Gradients, type InputBatch, type TensorInfo } from './model'
export { makeMotionVideos } from './motion/make-motion-videos'
export { C3DError, type C3DErrorCode } from './native/errors'
export { type Packing, packVideos } from './pack'
export { type ClipPrediction, type FusedPrediction, type Prediction, predict } from './prediction'
export { type MemoryUse, type RuntimeInfo, runtime } from './runtime'
export { type TrainOptions, train } from './training'
export type {
  CheckpointEvent,
  DoneEvent,
  EpochEvent,
  EvaluationEvent,
  ProgressEvent,
  Scores,
  StepEvent,
  TrainingEvent,
  TrainingResult,
  UnreadableEvent,
  WarningEvent,
} from './training/events'
export type { TrainingRun } from './training/training-run'
