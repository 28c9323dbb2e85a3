/**
 * Clip accuracies on UCF101's test split 1 after 16 epochs: the last points of the curves of the paper's Fig. 2, read
 * off the picture (+-0.003); its text gives no numbers.
 */
export const paperAccuracies: Readonly<Record<string, number>> = {
  'depth-1': 0.386,
  'depth-3': 0.438,
  'depth-5': 0.423,
  'depth-7': 0.417,
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: an accuracy, not log10(e)
  increasing: 0.434,
  decreasing: 0.429,
}

/** Fig. 2's two charts. */
export const paperCharts: Readonly<Record<'homogeneous' | 'varying', readonly string[]>> = {
  homogeneous: ['depth-1', 'depth-3', 'depth-5', 'depth-7'],
  varying: ['depth-3', 'increasing', 'decreasing'],
}
