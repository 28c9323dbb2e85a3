#pragma once

#include "core/training/training_events.h"

namespace c3d {

// The fields of what is measured by their public names, once for JavaScript and for metrics.jsonl:
// `visit(name, value)`, where the value is a text, a number, MultiLabelScores or an optional<Scores>.

template <typename Visit>
void visitFields(const MultiLabelScores& scores, Visit&& visit) {
  visit("meanAveragePrecision", scores.meanAveragePrecision);
  visit("microF1", scores.microF1);
  visit("macroF1", scores.macroF1);
  visit("hammingLoss", scores.hammingLoss);
  visit("subsetAccuracy", scores.subsetAccuracy);
}

template <typename Visit>
void visitFields(const Scores& scores, Visit&& visit) {
  visit("loss", scores.loss);
  visit("clipTop1", scores.clipTop1);
  visit("clipTop5", scores.clipTop5);
  visit("videoTop1", scores.videoTop1);
  visit("videoTop5", scores.videoTop5);
  visit("clips", scores.clips);
  visit("videos", scores.videos);
  if (scores.multiLabel) visit("multiLabel", *scores.multiLabel);
}

template <typename Visit>
void visitFields(const EvaluationEvent& event, Visit&& visit) {
  visit("type", "evaluation");
  visit("epoch", event.epoch);
  visit("seconds", event.seconds);
  visitFields(event.scores, visit);
}

template <typename Visit>
void visitFields(const EpochEvent& event, Visit&& visit) {
  visit("type", "epoch");
  visit("epoch", event.epoch);
  visit("epochs", event.epochs);
  visit("loss", event.loss);
  visit("accuracy", event.accuracy);
  visit("learningRate", event.learningRate);
  visit("clips", event.clips);
  visit("seconds", event.seconds);
  visit("clipsPerSecond", event.clipsPerSecond);
  visit("dataWait", event.dataWait);
  visit("validation", event.validation);
}

}  // namespace c3d
