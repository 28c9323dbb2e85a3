import { TrainingPace } from '../../lib/cli/training-pace'
import type { StepEvent } from '../../lib/training/events'
import { stepEvent } from './fake-binding'

const step = (number: number, changes: Partial<StepEvent> = {}) =>
  ({ ...stepEvent(number), stepsInEpoch: 10, ...changes }) as StepEvent

test('the time left follows from the steps and the time so far, also where steps are missing', () => {
  const pace = new TrainingPace()
  pace.add(step(1), 100)
  expect(pace.secondsLeft).toBeUndefined()
  pace.add(step(5), 108) // 2 s a step; 5 of this epoch and 20 of two more to go
  expect(pace.secondsLeft).toBe(50)
})

test('a limit of steps ends it earlier', () => {
  const pace = new TrainingPace(8)
  pace.add(step(1), 0)
  pace.add(step(5), 8)
  expect(pace.secondsLeft).toBe(6)
})

test('speed and waiting are means that follow', () => {
  const pace = new TrainingPace()
  pace.add(step(1, { clipsPerSecond: 10, dataWait: 0 }), 0)
  pace.add(step(2, { clipsPerSecond: 20, dataWait: 1 }), 1)
  expect(pace.clipsPerSecond).toBeCloseTo(11)
  expect(pace.dataWait).toBeCloseTo(0.1)
})
