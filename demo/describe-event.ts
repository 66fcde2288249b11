import type { JsonObject, JsonValue } from '../src/core/struct/json';
import { isObject } from './call-file';
import type { Colour } from './colours';
import { TIED } from './text-layout';

/** A line of a conversation: who, and what they say or do. */
export interface Line {
  readonly who: string;
  readonly colour: Colour;
  readonly text: string;
  /** Beside the text, less important. */
  readonly note?: string;
}

/** Words that the recogniser is less sure of than this are named. */
const UNSURE = 0.6;

const SPEAKERS: Readonly<Record<string, Colour>> = {
  agent: 'cyan',
  assistant: 'cyan',
  caller: 'green',
  user: 'green',
};

const UNITS: Readonly<Record<string, string>> = { Ms: ' ms', Percent: ' %' };

type Describe = (payload: JsonObject) => Line[];

const DESCRIPTIONS: Readonly<Record<string, Describe>> = {
  agent_speech: (payload) => speech(payload, 'agent'),
  user_speech: (payload) => speech(payload, 'caller'),
  barge_in: (payload) => [bargeIn(payload)],
  tool_call: (payload) => [toolLine('tool', `${textOf(payload.name, '?')}(${pairs(payload.arguments)})`)],
  tool_result: (payload) => [toolResult(payload)],
  dtmf: ({ digit, durationMs }) => [
    { who: 'key', colour: 'blue', text: textOf(digit, '?'), ...noteOf([milliseconds(durationMs)]) },
  ],
  metrics: (payload) => [{ who: 'metrics', colour: 'dim', text: figures(payload) }],
};

/** How an event reads in a conversation; a type that is not known here shows its payload. */
export function describeEvent(type: string, payload: JsonObject): Line[] {
  const describe = Object.hasOwn(DESCRIPTIONS, type) ? DESCRIPTIONS[type] : undefined;
  if (describe !== undefined) return describe(payload);
  return [{ who: type.replaceAll('_', ' '), colour: 'yellow', text: without(payload, ['atMs']) }];
}

function speech(payload: JsonObject, otherwise: string): Line[] {
  const who = textOf(payload.speaker, otherwise);
  const colour = SPEAKERS[who] ?? 'bold';
  const said = textOf(payload.text, '(nothing)');
  const text = payload.isFinal === false ? `${said} …` : said;
  const { confidence, correctedText } = payload;
  const note = noteOf([
    payload.isFinal === false ? 'not final' : '',
    typeof payload.durationMs === 'number' ? `${(payload.durationMs / 1000).toFixed(1)} s` : '',
    typeof confidence === 'number' ? `${Math.round(confidence * 100)}%` : '',
    unsureWords(payload.words),
  ]);
  const lines: Line[] = [{ who, colour, text, ...note }];
  if (typeof correctedText === 'string' && correctedText !== payload.text)
    lines.push({ who: '', colour: 'dim', text: `corrected: ${correctedText}` });
  return [...lines, ...annotationLines(payload.annotations)];
}

function unsureWords(words: JsonValue | undefined): string {
  if (!Array.isArray(words)) return '';
  const unsure = words
    .filter(isObject)
    .filter(({ confidence }) => typeof confidence === 'number' && confidence < UNSURE)
    .map(({ word, confidence }) => `“${textOf(word, '?')}” ${Math.round(Number(confidence) * 100)}%`);
  return unsure.length === 0 ? '' : `unsure of ${unsure.join(', ')}`;
}

function bargeIn({ speaker, by, heardMs, unheard }: JsonObject): Line {
  const how = by === 'dtmf' ? 'presses a key' : 'speaks';
  const after = typeof heardMs === 'number' ? ` after ${(heardMs / 1000).toFixed(1)} s` : '';
  const lost = typeof unheard === 'string' ? `; not heard: “${unheard}”` : '';
  return {
    who: 'barge-in',
    colour: 'yellow',
    text: `the ${textOf(speaker, 'caller')} ${how}${after}${lost}`,
  };
}

function toolResult({ name, ok, result, error, durationMs }: JsonObject): Line {
  const came = ok === false ? `failed: ${pairs(error)}` : pairs(result);
  return {
    who: '',
    colour: ok === false ? 'red' : 'magenta',
    text: `→ ${textOf(name, '?')}: ${came}`,
    ...noteOf([milliseconds(durationMs)]),
  };
}

/** Calls of tools inside an utterance: each has a name, then what was asked or answered as JSON in a text. */
function annotationLines(annotations: JsonValue | undefined): Line[] {
  if (!Array.isArray(annotations)) return [];
  let tool = '?';
  return annotations.filter(isObject).flatMap(({ name, value }) => {
    switch (name) {
      case 'api_call':
      case 'api_response':
        tool = textOf(value, '?');
        return [];
      case 'request':
        return [toolLine('tool', `${tool}(${pairs(unpacked(value))})`)];
      case 'response':
        return [toolLine('', `→ ${pairs(unpacked(value))}`)];
      default:
        return [{ who: '', colour: 'dim', text: `${textOf(name, '?')}: ${compact(value ?? null)}` }];
    }
  });
}

function toolLine(who: string, text: string): Line {
  return { who, colour: 'magenta', text };
}

/** JSON in a text, unpacked; any other value as it is. */
function unpacked(value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as JsonValue;
  } catch {
    return value;
  }
}

/** `llmFirstTokenMs: 298` reads as `llm first token 298 ms`. */
function figures(payload: JsonObject): string {
  return Object.entries(payload)
    .filter(([key]) => key !== 'atMs')
    .map(([key, value]) => {
      const [, name = key, unit = ''] = /^(.+?)(Ms|Percent)?$/.exec(key) ?? [];
      const words = name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
      const shown = typeof value === 'string' ? value : compact(value);
      return `${words} ${shown}${UNITS[unit] ?? ''}`.replaceAll(' ', TIED);
    })
    .join(', ');
}

function without(payload: JsonObject, keys: readonly string[]): string {
  return pairs(Object.fromEntries(Object.entries(payload).filter(([key]) => !keys.includes(key))));
}

/** An object's entries without its braces; any other value as it is. */
function pairs(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  if (!isObject(value)) return compact(value);
  return Object.entries(value)
    .map(([key, entry]) => `${key}:${TIED}${compact(entry)}`)
    .join(', ');
}

/** JSON for reading: keys without quotes, a space where a line may break. */
function compact(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(compact).join(', ')}]`;
  if (isObject(value)) return `{${pairs(value)}}`;
  return JSON.stringify(value);
}

function milliseconds(value: JsonValue | undefined): string {
  return typeof value === 'number' ? `${value} ms` : '';
}

function textOf(value: JsonValue | undefined, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value : otherwise;
}

function noteOf(parts: readonly string[]): { note?: string } {
  const note = parts
    .filter((part) => part !== '')
    .map((part) => part.replaceAll(' ', TIED))
    .join(', ');
  return note === '' ? {} : { note: `(${note})` };
}
