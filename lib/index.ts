/** The public API of torch-c3d. */
export { architectures } from './architectures'
export type { WindowPrediction } from './classification'
export { type ClipBatch, ClipLoader } from './clip-loader'
export { type ClipMean, clipMean } from './clip-mean'
export { type ComputeRate, type ComputeSpeed, computeSpeed } from './compute-speed'
export type {
  Architecture,
  ArchitectureData,
  ArchitectureInput,
  ArchitectureLayer,
  ArchitectureName,
  ArchitectureOptions,
} from './config/architectures'
export type { ClipCache } from './config/cache'
export type { ClipLabelOptions, FrameRange } from './config/clip-labels'
export type { ClipLoaderOptions } from './config/clip-loader'
export type { ClipMeanOptions } from './config/clip-mean'
export type { ComputeSpeedOptions } from './config/compute-speed'
export type {
  FoldOptions,
  GroupBy,
  IndexingProgress,
  OpenOptions,
  ReportOptions,
  SplitListsOptions,
  SplitOptions,
} from './config/dataset'
export type {
  BackwardRule,
  DeconvolveOptions,
  GradCamOptions,
  PictureOptions,
  TopActivationsOptions,
} from './config/explanation'
export type { ClassifyOptions, ExtractOptions, ExtractSetOptions, FeaturePooling } from './config/features'
export type { FramesOptions } from './config/frames'
export type { CrossValidationOptions, PcaOptions, SplitsOptions, SvmOptions } from './config/linear'
export type { MapOptions, MapProgress, SaveMapOptions } from './config/map'
export type { ComputeOptions, CreateOptions, LoadOptions, ModelConfig } from './config/model'
export type { MotionName, MotionOptions } from './config/motion'
export type { PackingProgress, PackOptions } from './config/pack'
export type { Precision } from './config/precision'
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
export type { SimilarityOptions, VideoPair } from './config/similarity'
export type { Match, StudyOptions } from './config/study'
export type { TrainerConfig, TrainerOptions } from './config/trainer'
export type { TrainingConfig } from './config/training'
export { type CrossValidation, crossValidate, evaluateSplits } from './cross-validation'
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
export type { Deconvolution } from './explanation/deconvolution'
export { saveDeconvolutions, saveFilters, saveGradCam } from './explanation/draw'
export type { FirstFilters } from './explanation/filters'
export type { GradCam, Volume } from './explanation/grad-cam'
export { type ActivatingClip, type FilterActivations, topActivations } from './explanation/top-activations'
export { type ExtractionSpeed, extractionSpeed, type Pace } from './extraction-speed'
export { extract } from './features'
export { type ClipActivations, readC3dFile, writeC3dFile } from './features/c3d-file'
export type { ClipFeatures, VideoFeatures } from './features/extract-video'
export { loadFeatures, saveFeatures } from './features/feature-file'
export { type FeatureRow, FeatureSet, type FeatureSetContents } from './features/feature-set'
export { labelClips, readFrameLabels } from './features/label-clips'
export { type Frames, frames } from './frames'
export type { ClipLabels, InputBatch, PixelBatch } from './input-batch'
export type { LinearEvaluation, Part, PartScore, ReducedEvaluation } from './linear/evaluate-parts'
export type { CostScore } from './linear/fit-svm'
export { type OfficialSplits, officialParts } from './linear/official-splits'
export { type FitReport, LinearSvm } from './linear-svm'
export { type FeatureMap, type MapPoint, mapFeatures } from './map/feature-map'
export { saveMap } from './map/map-file'
export { type ArchitectureSummary, C3D, type Gradients, type TensorInfo } from './model'
export { makeMotionVideos } from './motion/make-motion-videos'
export { C3DError, type C3DErrorCode } from './native/errors'
export { type Packing, packVideos } from './pack'
export { Pca } from './pca'
export { type ClipPrediction, type FusedPrediction, type Prediction, predict } from './prediction'
export { type MemoryUse, type Peaks, type RuntimeInfo, runtime } from './runtime'
export { evaluateSimilarity, type FoldSimilarity, readPairs, type Similarity } from './similarity'
export { distances } from './similarity/distances'
export { type StudyRun, study } from './study'
export type {
  NetSummary,
  PairSpread,
  Spread,
  StudyDoneEvent,
  StudyEpoch,
  StudyEvent,
  StudyMember,
  StudyMemberEvent,
  StudyOutcome,
  StudyOutcomeEvent,
  StudyResult,
  StudyTrainingEvent,
} from './study/events'
export type { MatchTarget, StudyNet } from './study/nets'
export type { StepBatch, StepResult, Trainer, TrainerState } from './trainer'
export { type TrainOptions, train } from './training'
export type { EventRun } from './training/event-run'
export type {
  CheckpointEvent,
  DoneEvent,
  EpochEvent,
  EvaluationEvent,
  MemoryEvent,
  ProgressEvent,
  Scores,
  StartEvent,
  StepEvent,
  TrainingEvent,
  TrainingResult,
  UnreadableEvent,
  WarningEvent,
} from './training/events'
export type { MemoryForecast } from './training/memory'
export type { TrainingRun } from './training/training-run'
