/**
 * Area under the receiver operating characteristic: how often a positive scores above a negative, ties counting half.
 * null where there are no positives or no negatives.
 */
export function areaUnderRoc(scores: readonly number[], positive: readonly boolean[]): number | null {
  const order = scores.map((_, i) => i).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0))
  let rankSum = 0
  for (let from = 0; from < order.length; ) {
    let to = from + 1
    while (to < order.length && scores[order[to] as number] === scores[order[from] as number]) to++
    const rank = (from + 1 + to) / 2 // mean of the ranks from + 1 … to
    rankSum += rank * order.slice(from, to).filter((i) => positive[i]).length
    from = to
  }
  const positives = positive.filter(Boolean).length
  const negatives = positive.length - positives
  if (positives === 0 || negatives === 0) return null
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
}
