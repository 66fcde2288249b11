import { isJsonObject, type JsonObject, type JsonValue } from '../src/core/struct/json';
import type { Colour } from './colours';
import { NO_BREAK_SPACE } from './text-layout';

/** A line of a conversation. */
export interface Line {
  /** The speaker or the kind of event; empty if the line continues the one before. */
  readonly label: string;
  readonly colour: Colour;
  readonly text: string;
  /** Details, after the text. */
  readonly note?: string;
}

/** Words with a lower confidence are listed. */
const LOW_CONFIDENCE = 0.6;

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
    { label: 'key', colour: 'blue', text: textOf(digit, '?'), ...noteOf([milliseconds(durationMs)]) },
  ],
  metrics: (payload) => [{ label: 'metrics', colour: 'dim', text: figures(payload) }],
};

/** The lines for an event in a conversation. For an unknown type, the text is the payload. */
export function describeEvent(type: string, payload: JsonObject): Line[] {
  const describe = Object.hasOwn(DESCRIPTIONS, type) ? DESCRIPTIONS[type] : undefined;
  if (describe !== undefined) return describe(payload);
  return [{ label: type.replaceAll('_', ' '), colour: 'yellow', text: without(payload, ['atMs']) }];
}

function speech(payload: JsonObject, defaultSpeaker: string): Line[] {
  const speaker = textOf(payload.speaker, defaultSpeaker);
  const colour = SPEAKERS[speaker] ?? 'bold';
  const spoken = textOf(payload.text, '(nothing)');
  const text = payload.isFinal === false ? `${spoken} …` : spoken;
  const { confidence, correctedText } = payload;
  const note = noteOf([
    payload.isFinal === false ? 'not final' : '',
    typeof payload.durationMs === 'number' ? `${(payload.durationMs / 1000).toFixed(1)} s` : '',
    typeof confidence === 'number' ? `${Math.round(confidence * 100)}%` : '',
    uncertainWords(payload.words),
  ]);
  const lines: Line[] = [{ label: speaker, colour, text, ...note }];
  if (typeof correctedText === 'string' && correctedText !== payload.text)
    lines.push({ label: '', colour: 'dim', text: `corrected: ${correctedText}` });
  return [...lines, ...annotationLines(payload.annotations)];
}

function uncertainWords(words: JsonValue | undefined): string {
  if (!Array.isArray(words)) return '';
  const uncertain = words
    .filter(isJsonObject)
    .filter(({ confidence }) => typeof confidence === 'number' && confidence < LOW_CONFIDENCE)
    .map(({ word, confidence }) => `“${textOf(word, '?')}” ${Math.round(Number(confidence) * 100)}%`);
  return uncertain.length === 0 ? '' : `unsure of ${uncertain.join(', ')}`;
}

function bargeIn({ speaker, by, heardMs, unheard }: JsonObject): Line {
  const how = by === 'dtmf' ? 'presses a key' : 'speaks';
  const after = typeof heardMs === 'number' ? ` after ${(heardMs / 1000).toFixed(1)} s` : '';
  const lost = typeof unheard === 'string' ? `; not heard: “${unheard}”` : '';
  return {
    label: 'barge-in',
    colour: 'yellow',
    text: `the ${textOf(speaker, 'caller')} ${how}${after}${lost}`,
  };
}

function toolResult({ name, ok, result, error, durationMs }: JsonObject): Line {
  const outcome = ok === false ? `failed: ${pairs(error)}` : pairs(result);
  return {
    label: '',
    colour: ok === false ? 'red' : 'magenta',
    text: `→ ${textOf(name, '?')}: ${outcome}`,
    ...noteOf([milliseconds(durationMs)]),
  };
}

/** Tool calls inside an utterance: the tool's name, then its request or response as JSON in a string. */
function annotationLines(annotations: JsonValue | undefined): Line[] {
  if (!Array.isArray(annotations)) return [];
  let tool = '?';
  return annotations.filter(isJsonObject).flatMap(({ name, value }) => {
    switch (name) {
      case 'api_call':
      case 'api_response':
        tool = textOf(value, '?');
        return [];
      case 'request':
        return [toolLine('tool', `${tool}(${pairs(parseIfText(value))})`)];
      case 'response':
        return [toolLine('', `→ ${pairs(parseIfText(value))}`)];
      default:
        return [{ label: '', colour: 'dim', text: `${textOf(name, '?')}: ${compact(value ?? null)}` }];
    }
  });
}

function toolLine(label: string, text: string): Line {
  return { label, colour: 'magenta', text };
}

/** Parses JSON in a string. Any other value is returned unchanged. */
function parseIfText(value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as JsonValue;
  } catch {
    return value;
  }
}

/** Formats `llmFirstTokenMs: 298` as `llm first token 298 ms`. */
function figures(payload: JsonObject): string {
  return Object.entries(payload)
    .filter(([key]) => key !== 'atMs')
    .map(([key, value]) => {
      const [, name = key, unit = ''] = /^(.+?)(Ms|Percent)?$/.exec(key) ?? [];
      const words = name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
      const shown = typeof value === 'string' ? value : compact(value);
      return `${words} ${shown}${UNITS[unit] ?? ''}`.replaceAll(' ', NO_BREAK_SPACE);
    })
    .join(', ');
}

function without(payload: JsonObject, keys: readonly string[]): string {
  return pairs(Object.fromEntries(Object.entries(payload).filter(([key]) => !keys.includes(key))));
}

/** Formats an object's entries without braces, and any other value like `compact`. */
function pairs(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  if (!isJsonObject(value)) return compact(value);
  return Object.entries(value)
    .map(([key, entry]) => `${key}:${NO_BREAK_SPACE}${compact(entry)}`)
    .join(', ');
}

/** Readable JSON: keys without quotes, and spaces where a line may break. */
function compact(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(compact).join(', ')}]`;
  if (isJsonObject(value)) return `{${pairs(value)}}`;
  return JSON.stringify(value);
}

function milliseconds(value: JsonValue | undefined): string {
  return typeof value === 'number' ? `${value} ms` : '';
}

function textOf(value: JsonValue | undefined, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback;
}

function noteOf(parts: readonly string[]): { note?: string } {
  const note = parts
    .filter((part) => part !== '')
    .map((part) => part.replaceAll(' ', NO_BREAK_SPACE))
    .join(', ');
  return note === '' ? {} : { note: `(${note})` };
}
