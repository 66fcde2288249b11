/** The two builds: a commit, and the working tree. */
export const SIDES = ['baseline', 'candidate'] as const;

export type Side = (typeof SIDES)[number];

/** Something of each build. */
export type Both<Thing> = Readonly<Record<Side, Thing>>;

/** What one round measured; null where the system does not tell. */
export interface Round {
  /** CPU for each event or page. */
  readonly serverMicros: number | null;
  readonly mongodMicros: number | null;
  readonly p50Ms: number | null;
  /** Share of the time for which the server had work, and another process its core. */
  readonly waited: number | null;
}

/** A round of each build, one right after the other. */
export type Pair = Both<Round>;

/** How a figure of the working tree compares with the commit's: over 1 it is higher. Null where there is no figure. */
export interface Comparison {
  /** The median of the pairs' ratios, and the quartiles around it. */
  readonly ratio: number | null;
  readonly quartiles: Range;
  /** The lowest and the highest of the launches' own medians. */
  readonly launches: Range;
}

export type Range = readonly [low: number | null, high: number | null];

/** Does something for one build and then for the other. Which goes first takes turns, so that a drift favours neither. */
export async function forBoth<Thing>(
  turn: number,
  work: (side: Side) => Promise<Thing>,
): Promise<Both<Thing>> {
  if (turn % 2 === 0) {
    const baseline = await work('baseline');
    return { baseline, candidate: await work('candidate') };
  }
  const candidate = await work('candidate');
  return { baseline: await work('baseline'), candidate };
}

/** How many pairs each launch measures, as even as can be. No launch is without a pair. */
export function roundsOfLaunches(rounds: number, launches: number): readonly number[] {
  const count = Math.min(rounds, launches);
  return Array.from({ length: count }, (_, launch) => Math.floor((rounds + launch) / count));
}

/**
 * Compares a figure over the pairs of each launch. Within a pair the machine is the same, so the
 * ratio is taken there, and the median leaves out what disturbed a single round.
 */
export function compare(launches: readonly (readonly Pair[])[], figure: keyof Round): Comparison {
  const ratios = launches.map((pairs) => pairs.flatMap((pair) => ratioWithin(pair, figure)));
  const all = ratios.flat();
  const medians = ratios.map((ofLaunch) => median(ofLaunch)).filter((one) => one !== null);
  return {
    ratio: median(all),
    quartiles: [quantile(all, 0.25), quantile(all, 0.75)],
    launches: [quantile(medians, 0), quantile(medians, 1)],
  };
}

/** The median of a figure over all rounds of these builds. */
export function medianOf(
  launches: readonly (readonly Pair[])[],
  figure: keyof Round,
  sides: readonly Side[],
): number | null {
  const rounds = launches.flat().flatMap((pair) => sides.map((side) => pair[side]));
  return median(rounds.map((round) => round[figure]).filter((one) => one !== null));
}

export function median(numbers: readonly number[]): number | null {
  return quantile(numbers, 0.5);
}

/** The number that this share of the numbers lies below, between its two neighbours in proportion; null of none. */
export function quantile(numbers: readonly number[], share: number): number | null {
  const sorted = [...numbers].sort((one, other) => one - other);
  const place = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (below === undefined || above === undefined) return null;
  return below + (above - below) * (place - Math.floor(place));
}

/**
 * How likely the range of so many launches holds the true median: all launches are on the same side of it only
 * as often as so many coins all fall alike.
 */
export function confidenceOf(launches: number): number {
  return 1 - 2 ** (1 - launches);
}

/** One ratio, or none where a figure is missing or the baseline's is nothing. */
function ratioWithin({ baseline, candidate }: Pair, figure: keyof Round): number[] {
  const [before, after] = [baseline[figure], candidate[figure]];
  const ratio = before === null || after === null ? NaN : after / before;
  return Number.isFinite(ratio) ? [ratio] : [];
}
