/** Parses a setting's text; throws an Error whose message states the rule. */
export type SettingParser<Value> = (text: string) => Value;

export const parseText: SettingParser<string> = (text) => text;

/** An empty text becomes undefined. */
function parseOptional<Value>(parse: SettingParser<Value>): SettingParser<Value | undefined> {
  return (text) => (text === '' ? undefined : parse(text));
}

export const parseOptionalText = parseOptional(parseText);

export function parseInteger(minimum: number, maximum: number): SettingParser<number> {
  return (text) => {
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= minimum && value <= maximum) return value;
    throw new Error(`must be a whole number from ${minimum} to ${maximum}`);
  };
}

/** A TCP port; 0 picks a free one. */
export const parsePort = parseInteger(0, 65_535);

/** A TCP port, or undefined where the text is empty. */
export const parseOptionalPort = parseOptional(parsePort);

export function parseChoice<Choice extends string>(choices: readonly Choice[]): SettingParser<Choice> {
  return (text) => {
    const choice = choices.find((known) => known === text);
    if (choice !== undefined) return choice;
    throw new Error(`must be one of ${choices.join(', ')}`);
  };
}

/** One of two words, such as `on` and `off`. */
export function parseBoolean(on: string, off: string): SettingParser<boolean> {
  const choice = parseChoice([on, off]);
  return (text) => choice(text) === on;
}

const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

/** A duration such as `250ms`, `10s`, `30m` or `12h`, in milliseconds. Node's timers last at most 24 days. */
export const parseDuration = parseAmount(
  MILLISECONDS,
  'a duration from 1ms to 20d, such as 250ms, 10s, 30m or 12h',
  1,
  20 * MILLISECONDS.d,
);

const parseLongDuration = parseAmount(
  MILLISECONDS,
  'a duration from 1s to 36500d, such as 12h or 90d',
  MILLISECONDS.s,
  36_500 * MILLISECONDS.d,
);

/** A duration of up to 100 years, in milliseconds; an empty text becomes undefined, which means forever. */
export const parseRetention = parseOptional(parseLongDuration);

/** A size such as `512B`, `64KiB`, `256MiB` or `1GiB`, in bytes. */
export const parseBytes = parseAmount(
  BYTES,
  'a size such as 64KiB, 256MiB or 1GiB',
  0,
  Number.MAX_SAFE_INTEGER,
);

function parseAmount(
  units: Readonly<Record<string, number>>,
  rule: string,
  minimum: number,
  maximum: number,
): SettingParser<number> {
  return (text) => {
    const match = /^([0-9]{1,9})([A-Za-z]+)$/.exec(text);
    const name = match?.[2] ?? '';
    const unit = Object.hasOwn(units, name) ? units[name] : undefined;
    const amount = unit === undefined ? NaN : Number(match?.[1]) * unit;
    if (amount >= minimum && amount <= maximum) return amount;
    throw new Error(`must be ${rule}`);
  };
}
