import {
  compare,
  confidenceOf,
  forBoth,
  medianOf,
  type Pair,
  quantile,
  roundsOfLaunches,
} from '../../bench/paired-rounds';

/** Returns pairs with the server's CPU time of the baseline and of the candidate. */
function pairsOf(...micros: readonly (readonly [number | null, number | null])[]): Pair[] {
  const round = (serverMicros: number | null) => ({ serverMicros, mongodMicros: null, p50Ms: 1, waited: 0 });
  return micros.map(([baseline, candidate]) => ({
    baseline: round(baseline),
    candidate: round(candidate),
  }));
}

test.each([
  [[7], 0.5, 7],
  [[30, 10, 20], 0.5, 20],
  [[40, 10, 30, 20], 0.5, 25],
  [[10, 9, 100], 0.5, 10],
  [[5, 1, 2, 4, 3], 0.25, 2],
  [[5, 1, 2, 4, 3], 0.75, 4],
  [[4, 1, 2, 3], 0.25, 1.75],
  [[3, 1, 2], 0, 1],
  [[3, 1, 2], 1, 3],
])('of %j, the quantile %d is %d', (numbers, share, expected) => {
  expect(quantile(numbers, share)).toBe(expected);
});

test('an empty list has no median', () => {
  expect(quantile([], 0.5)).toBeNull();
});

test('the ratio is the candidate over the baseline, computed within each pair', () => {
  // The machine is ten times slower in the second pair. The medians of the builds alone are 20 and 22.
  const { ratio } = compare([pairsOf([10, 20], [100, 200], [20, 22])], 'serverMicros');
  expect(ratio).toBe(2);
});

test('the quartiles are of all pairs, the range of the launches is that of their medians', () => {
  const launches = [
    pairsOf([100, 100], [100, 110], [100, 500]),
    pairsOf([100, 90], [100, 80]),
    pairsOf([100, 120]),
  ];
  const { ratio, quartiles, launches: range } = compare(launches, 'serverMicros');
  expect(ratio).toBeCloseTo(1.05, 10);
  expect(quartiles[0]).toBeCloseTo(0.925, 10);
  expect(quartiles[1]).toBeCloseTo(1.175, 10);
  expect(range[0]).toBeCloseTo(0.85, 10);
  expect(range[1]).toBeCloseTo(1.2, 10);
});

test('pairs without a value are ignored, and so are launches without any', () => {
  const launches = [pairsOf([null, 10], [10, null], [0, 10]), pairsOf([10, 30])];
  expect(compare(launches, 'serverMicros')).toEqual({ ratio: 3, quartiles: [3, 3], launches: [3, 3] });
  expect(compare(launches, 'mongodMicros')).toEqual({
    ratio: null,
    quartiles: [null, null],
    launches: [null, null],
  });
});

test("a build's median is that of its rounds in all launches", () => {
  const launches = [pairsOf([1, 40], [3, 10]), pairsOf([2, 20])];
  expect(medianOf(launches, 'serverMicros', ['baseline'])).toBe(2);
  expect(medianOf(launches, 'serverMicros', ['candidate'])).toBe(20);
  expect(medianOf(launches, 'serverMicros', ['baseline', 'candidate'])).toBe(6.5);
});

test.each([
  [96, 6, [16, 16, 16, 16, 16, 16]],
  [8, 3, [2, 3, 3]],
  [2, 6, [1, 1]],
])('%d pairs are distributed over %d launches as %j', (rounds, launches, expected) => {
  expect(roundsOfLaunches(rounds, launches)).toEqual(expected);
});

test('the builds alternate in going first, and never run concurrently', async () => {
  const order: string[] = [];
  for (const turn of [0, 1, 2]) {
    const done = await forBoth(turn, async (side) => {
      order.push(side);
      await Promise.resolve();
      order.push('done');
      return side;
    });
    expect(done).toEqual({ baseline: 'baseline', candidate: 'candidate' });
  }
  const [baseline, candidate] = [
    ['baseline', 'done'],
    ['candidate', 'done'],
  ];
  expect(order).toEqual([baseline, candidate, candidate, baseline, baseline, candidate].flat());
});

test.each([
  [1, 0],
  [2, 0.5],
  [5, 0.9375],
])('the range of %d launches contains the median with a confidence of %d', (launches, expected) => {
  expect(confidenceOf(launches)).toBe(expected);
});
