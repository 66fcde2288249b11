/** The two builds: the commit and the working tree. */
export const SIDES = ['baseline', 'candidate'] as const;

export type Side = (typeof SIDES)[number];

/** One value per build. */
export type PerSide<Value> = Readonly<Record<Side, Value>>;

/** Figures of one round; null if the system does not report them. */
export interface Round {
  /** CPU per event or page. */
  readonly serverMicros: number | null;
  readonly mongodMicros: number | null;
  readonly p50Ms: number | null;
  /** Share of time in which the server was runnable but another process used its core. */
  readonly waited: number | null;
}

/** One round of each build, directly after each other. */
export type Pair = PerSide<Round>;

/** A figure of the working tree divided by the commit's. Null if there is no figure. */
export interface Comparison {
  /** Median and quartiles of the pairs' ratios. */
  readonly ratio: number | null;
  readonly quartiles: Range;
  /** The lowest and the highest median of a launch. */
  readonly launches: Range;
}

export type Range = readonly [low: number | null, high: number | null];

/** Runs `work` for one build and then for the other. The order alternates by turn, so that drift favours neither. */
export async function forEachSide<Value>(
  turn: number,
  work: (side: Side) => Promise<Value>,
): Promise<PerSide<Value>> {
  if (turn % 2 === 0) {
    const baseline = await work('baseline');
    return { baseline, candidate: await work('candidate') };
  }
  const candidate = await work('candidate');
  return { baseline: await work('baseline'), candidate };
}

/** Distributes the pairs of rounds evenly over the launches. If there are fewer pairs than launches, returns fewer launches. */
export function pairsPerLaunch(rounds: number, launches: number): readonly number[] {
  const count = Math.min(rounds, launches);
  return Array.from({ length: count }, (_, launch) => Math.floor((rounds + launch) / count));
}

/**
 * Compares a figure over the pairs of all launches. The ratio is computed within each pair, where the machine's
 * condition is the same; the median ignores disturbances of single rounds.
 */
export function compare(launches: readonly (readonly Pair[])[], figure: keyof Round): Comparison {
  const ratios = launches.map((pairs) => pairs.flatMap((pair) => ratioWithin(pair, figure)));
  const all = ratios.flat();
  const medians = ratios.map(median).filter((value) => value !== null);
  return {
    ratio: median(all),
    quartiles: [quantile(all, 0.25), quantile(all, 0.75)],
    launches: [quantile(medians, 0), quantile(medians, 1)],
  };
}

/** Median of a figure over all rounds of the given builds. */
export function medianOf(
  launches: readonly (readonly Pair[])[],
  figure: keyof Round,
  sides: readonly Side[],
): number | null {
  const rounds = launches.flat().flatMap((pair) => sides.map((side) => pair[side]));
  return median(rounds.map((round) => round[figure]).filter((value) => value !== null));
}

export function median(numbers: readonly number[]): number | null {
  return quantile(numbers, 0.5);
}

/** The quantile of `share`, from 0 to 1, with linear interpolation; null if there are no numbers. */
export function quantile(numbers: readonly number[], share: number): number | null {
  const sorted = [...numbers].sort((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]];
  if (below === undefined || above === undefined) return null;
  return below + (above - below) * (position - Math.floor(position));
}

/**
 * The confidence that the range of the launches' medians contains the true median: the probability that they do
 * not all fall on the same side of it, like tosses of a fair coin.
 */
export function confidenceOf(launches: number): number {
  return 1 - 2 ** (1 - launches);
}

/** One ratio; none if a figure is missing or the baseline's is 0. */
function ratioWithin({ baseline, candidate }: Pair, figure: keyof Round): number[] {
  const [before, after] = [baseline[figure], candidate[figure]];
  const ratio = before === null || after === null ? NaN : after / before;
  return Number.isFinite(ratio) ? [ratio] : [];
}
