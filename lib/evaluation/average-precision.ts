/**
 * Average precision of a ranking, sum over k of (R_k - R_(k-1)) P_k, where P_k and R_k are precision and recall of all
 * that score at least the k-th largest of the distinct scores: the definition of scikit-learn's
 * average_precision_score. No interpolation; equal scores count as one.
 *
 * @returns null where nothing is relevant
 */
export function averagePrecision(scores: readonly number[], relevant: readonly boolean[]): number | null {
  const all = relevant.filter(Boolean).length
  if (all === 0) return null
  const ranking = scores.map((score, i) => ({ score, relevant: relevant[i] === true }))
  ranking.sort((a, b) => b.score - a.score)
  let found = 0
  let foundBefore = 0
  let sum = 0
  ranking.forEach(({ score, relevant: isRelevant }, i) => {
    if (isRelevant) found++
    if (ranking[i + 1]?.score === score) return
    sum += ((found - foundBefore) / all) * (found / (i + 1))
    foundBefore = found
  })
  return sum
}
